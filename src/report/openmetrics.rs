//! Figures in the OpenMetrics text format, as GitLab's metrics report and Prometheus read them.
//!
//! GitLab compares two branches series by series, by name and labels: nothing of a single run (its id, time or seed) is a label,
//! save where two runs are compared, whose sides have no other names.
//! What a judge said carries the state of its calibration (`judge="uncalibrated"`). A figure that is undefined is left out, as are
//! ends of intervals that do not exist; point, `_low` and `_high` are families of their own, so that no reader takes a bound for
//! the figure.

use std::io::{self, Write};

use super::{Material, content};
use crate::analysis::findings::{Comparison, Estimate, Figure, Findings, GateOutcome, Unit};
use crate::funnel::openmetrics_label;

/// The longest value of a label, in bytes before escapes; what is longer is cut and marked.
const MOST_LABEL: usize = 200;

/// A family of series: all of one name stand together, below its type and its help.
struct Family {
    name: &'static str,
    help: &'static str,
    series: Vec<(String, String)>,
}

impl Family {
    fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            series: Vec::new(),
        }
    }

    fn add(&mut self, labels: &[(&'static str, &str)], value: impl ToString) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", label(value)))
            .collect();
        let labels = labels.join(",");
        // Two series of one name and labels make a file invalid: the first one stands.
        if self.series.iter().all(|(known, _)| *known != labels) {
            self.series.push((labels, value.to_string()));
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.series.is_empty() {
            return Ok(());
        }
        let Self { name, help, series } = self;
        writeln!(out, "# TYPE {name} gauge")?;
        writeln!(out, "# HELP {name} {help}")?;
        for (labels, value) in series {
            writeln!(out, "{name}{{{labels}}} {value}")?;
        }
        Ok(())
    }
}

/// Point and interval as three families.
struct Figures([Family; 3]);

impl Figures {
    fn add(&mut self, labels: &[(&'static str, &str)], figure: &Figure) {
        let Some(estimate) = figure.estimate() else {
            return;
        };
        let Estimate {
            point, low, high, ..
        } = estimate;
        for (family, value) in self.0.iter_mut().zip([Some(*point), *low, *high]) {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                family.add(labels, value);
            }
        }
    }
}

pub(super) fn render(material: &mut Material<'_>, out: &mut dyn Write) -> io::Result<()> {
    let findings = material.findings;
    let mut families = figures(findings);
    families.extend(differences(findings));
    families.extend(counts(findings));
    if let Some((code, _)) = &material.frame.exit {
        let mut exit = Family::new("evenhand_exit_code", "How the process ended.");
        exit.add(&[("suite", &findings.run.suite)], code);
        families.push(exit);
    }
    for family in families {
        family.write(out)?;
    }
    out.write_all(b"# EOF\n")
}

/// Each target's metrics, of all its cases.
fn figures(findings: &Findings) -> Vec<Family> {
    let mut figures = Figures([
        Family::new("evenhand_metric", "A metric of a target."),
        Family::new("evenhand_metric_low", "The lower end of its interval."),
        Family::new("evenhand_metric_high", "The upper end of its interval."),
    ]);
    let mut corrected = Figures([
        Family::new(
            "evenhand_metric_corrected",
            "A judged metric of a target, corrected for the judge's error.",
        ),
        Family::new(
            "evenhand_metric_corrected_low",
            "The lower end of its interval.",
        ),
        Family::new(
            "evenhand_metric_corrected_high",
            "The upper end of its interval.",
        ),
    ]);
    for target in findings.targets.iter().filter(|one| !one.not_evaluated) {
        for (name, metric) in &target.metrics {
            let mut labels = vec![
                ("suite", findings.run.suite.as_str()),
                ("target", &target.id),
                ("metric", name),
                ("unit", unit(metric.unit)),
            ];
            labels.extend(metric.calibration.as_deref().map(|state| ("judge", state)));
            figures.add(&labels, &metric.figure);
            let correction = metric.correction.as_ref();
            if let Some((one, estimate)) =
                correction.and_then(|one| one.estimate.as_ref().map(|estimate| (one, estimate)))
            {
                labels.push(("method", &one.method));
                corrected.add(&labels, &Figure::Estimate(estimate.clone()));
            }
        }
    }
    let mut families: Vec<Family> = figures.0.into();
    families.extend(corrected.0);
    families
}

/// Each candidate against the baseline.
fn differences(findings: &Findings) -> Vec<Family> {
    let mut differences = Figures([
        Family::new("evenhand_difference", "Candidate minus baseline."),
        Family::new("evenhand_difference_low", "The lower end of its interval."),
        Family::new("evenhand_difference_high", "The upper end of its interval."),
    ]);
    let mut ends = Family::new(
        "evenhand_finding",
        "1 for how a comparison of the primary metric ended.",
    );
    let compared = |comparison: &&Comparison| comparison.tag.is_none();
    for comparison in findings.comparisons.iter().filter(compared) {
        let labels = [
            ("suite", findings.run.suite.as_str()),
            ("baseline", &comparison.baseline),
            ("candidate", &comparison.candidate),
            ("metric", &comparison.metric),
            ("unit", unit(comparison.unit)),
        ];
        differences.add(&labels, &comparison.difference);
        if comparison.role == "primary"
            && let Some(finding) = comparison.finding
        {
            let mut labels = labels.to_vec();
            labels[4] = ("finding", content::finding_word(finding));
            ends.add(&labels, 1);
        }
    }
    let mut families: Vec<Family> = differences.0.into();
    families.push(ends);
    families
}

/// How much there is: trials in each state, gates by outcome.
fn counts(findings: &Findings) -> [Family; 2] {
    let suite = findings.run.suite.as_str();
    let mut trials = Family::new("evenhand_trials", "Trials by state.");
    for target in &findings.targets {
        for (state, count) in [
            ("completed", target.completed),
            ("errored", target.errors.values().sum()),
            ("stopped", target.stopped),
            ("unscored", target.unscored),
        ] {
            let labels = [("suite", suite), ("target", &target.id), ("state", state)];
            trials.add(&labels, count);
        }
    }
    let mut gates = Family::new("evenhand_gates", "Gates by outcome.");
    for (outcome, word) in [
        (GateOutcome::Passed, "passed"),
        (GateOutcome::Failed, "failed"),
        (GateOutcome::Undecided, "undecided"),
    ] {
        let count = findings.gates.iter().filter(|gate| gate.outcome == outcome);
        gates.add(&[("suite", suite), ("outcome", word)], count.count());
    }
    [trials, gates]
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Rate => "rate",
        Unit::Score => "score",
        Unit::Milliseconds => "milliseconds",
        Unit::Usd => "usd",
        Unit::Tokens => "tokens",
    }
}

fn label(text: &str) -> String {
    let mut end = text.len().min(MOST_LABEL);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mark = if end < text.len() { "…" } else { "" };
    format!("{}{mark}", openmetrics_label(&text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Frame, examples};

    fn rendered(findings: &Findings, frame: &Frame) -> String {
        let (head, rows) = examples::rows();
        examples::rendered("openmetrics", findings, &head, &rows, frame)
    }

    #[test]
    fn figures_differences_and_counts_are_series() {
        insta::assert_snapshot!(rendered(&examples::support(), &examples::support_frame()));
    }

    #[test]
    fn what_is_undefined_is_left_out() {
        let mut findings = examples::not_evaluated();
        let written = rendered(&findings, &Frame::default());
        assert!(!written.contains("NaN") && !written.contains("evenhand_exit_code"));
        let gone = findings.targets.iter().find(|target| target.not_evaluated);
        let gone = gone.expect("a target without a reply").id.clone();
        let figure = format!("target=\"{gone}\",metric=");
        assert!(!written.contains(&figure), "{written}");
        findings.targets.clear();
        findings.comparisons.clear();
        let empty = rendered(&findings, &Frame::default());
        assert!(
            empty.starts_with("# TYPE evenhand_gates gauge\n") && empty.ends_with("# EOF\n"),
            "{empty}"
        );
    }

    #[test]
    fn no_series_stands_twice() {
        let mut findings = examples::support();
        let long = "x".repeat(MOST_LABEL);
        let twins = [format!("{long}a"), format!("{long}b")];
        for (target, id) in findings.targets.iter_mut().zip(twins) {
            target.id = id;
        }
        let written = rendered(&findings, &Frame::default());
        let mut series: Vec<&str> = written
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| Some(line.rsplit_once(' ')?.0))
            .collect();
        let all = series.len();
        series.sort_unstable();
        series.dedup();
        assert_eq!(series.len(), all, "{written}");
    }
}
