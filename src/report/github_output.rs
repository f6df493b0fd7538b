//! Outputs of a GitHub step: `key=value` lines for later steps, under names that do not change.
//!
//! | key | value |
//! | --- | --- |
//! | `exit_code` | how the process ends; empty where it only shows |
//! | `verdict` | `passed`, `failed`, `undecided`, `not_evaluated`, `interrupted`, `error`; empty where it only shows |
//! | `finding` | `better`, `worse`, `same`, `unclear`: the primary metric of the target below; empty without a comparison |
//! | `target` | what the figures below are of: the first candidate, else the first target |
//! | `success_rate`, `success_rate_low`, `success_rate_high` | its success and the interval, 0 to 1; empty where undefined |
//! | `difference`, `difference_low`, `difference_high` | of the primary metric, in its unit, corrected where a judge's could be; empty where undefined |
//! | `cases`, `trials`, `missing` | selected cases, planned trials, and how many of those errored or were stopped, of all targets |
//! | `gates_passed`, `gates_failed`, `gates_undecided` | how many |
//! | `run_id`, `run_dir` | the run and its directory |
//! | `report`, `reports` | the first report file, and all of them, one a line |
//!
//! An empty value is no figure; it never stands for 0.

use std::io::{self, Write};

use super::{Material, content};
use crate::analysis::findings::{Comparison, Figure, Findings, GateOutcome, TargetFindings};
use crate::funnel::ci_variable;

pub(super) fn render(material: &mut Material<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (findings, frame) = (material.findings, material.frame);
    let exit = frame.exit.as_ref().map(|(code, _)| *code);
    let primary = content::verdicts(findings).into_iter().next();
    let primary = primary.map(|verdict| verdict.primary);
    let target = subject(findings, primary);
    let success = target.and_then(|target| content::metric(target, "success_rate"));
    let success = ends(success.map(|metric| &metric.figure));
    let difference = ends(primary.map(Comparison::decisive));
    let of_targets = |count: fn(&TargetFindings) -> u64| {
        let all: u64 = findings.targets.iter().map(count).sum();
        all.to_string()
    };
    let gates = |outcome| {
        let gates = findings.gates.iter();
        gates
            .filter(|gate| gate.outcome == outcome)
            .count()
            .to_string()
    };
    let text = |text: Option<&str>| text.unwrap_or("").to_owned();
    let entries = [
        (
            "exit_code",
            exit.map_or(String::new(), |code| code.to_string()),
        ),
        ("verdict", text(exit.map(verdict_word))),
        (
            "finding",
            text(
                primary
                    .and_then(|one| one.finding)
                    .map(content::finding_word),
            ),
        ),
        ("target", text(target.map(|target| target.id.as_str()))),
        ("success_rate", number(success[0])),
        ("success_rate_low", number(success[1])),
        ("success_rate_high", number(success[2])),
        ("difference", number(difference[0])),
        ("difference_low", number(difference[1])),
        ("difference_high", number(difference[2])),
        ("cases", findings.design.cases.to_string()),
        ("trials", of_targets(|target| target.trials)),
        ("missing", of_targets(missing)),
        ("gates_passed", gates(GateOutcome::Passed)),
        ("gates_failed", gates(GateOutcome::Failed)),
        ("gates_undecided", gates(GateOutcome::Undecided)),
        ("run_id", findings.run.id.clone()),
        ("run_dir", findings.run.directory.clone()),
        ("report", text(frame.reports.first().map(String::as_str))),
        ("reports", frame.reports.join("\n")),
    ];
    for (key, value) in entries {
        out.write_all(ci_variable(key, &value).as_bytes())?;
    }
    Ok(())
}

/// The outputs of a process that ended before it had any findings.
#[must_use]
pub fn failed_output(code: u8) -> String {
    ci_variable("exit_code", &code.to_string()) + &ci_variable("verdict", verdict_word(code))
}

/// An exit code in a word.
fn verdict_word(code: u8) -> &'static str {
    match code {
        0 => "passed",
        100 => "failed",
        6 => "undecided",
        5 => "not_evaluated",
        130 | 143 => "interrupted",
        _ => "error",
    }
}

/// The target that the figures are of.
fn subject<'a>(findings: &'a Findings, primary: Option<&Comparison>) -> Option<&'a TargetFindings> {
    let named = |id: &str| findings.targets.iter().find(|target| target.id == id);
    primary
        .and_then(|comparison| named(&comparison.candidate))
        .or(findings.targets.first())
}

fn missing(target: &TargetFindings) -> u64 {
    target.stopped + target.errors.values().sum::<u64>()
}

/// Point and interval.
fn ends(figure: Option<&Figure>) -> [Option<f64>; 3] {
    figure
        .and_then(Figure::estimate)
        .map_or([None; 3], |estimate| {
            [Some(estimate.point), estimate.low, estimate.high]
        })
}

fn number(number: Option<f64>) -> String {
    number.map_or(String::new(), |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Frame, examples};

    fn rendered(findings: &Findings, frame: &Frame) -> String {
        let (head, rows) = examples::rows();
        examples::rendered("github-output", findings, &head, &rows, frame)
    }

    #[test]
    fn later_steps_read_figures_under_fixed_names() {
        let frame = Frame {
            reports: vec!["junit.xml".into(), "runs/r1/reports/report.json".into()],
            ..examples::support_frame()
        };
        insta::assert_snapshot!(rendered(&examples::support(), &frame));
    }

    #[test]
    fn what_is_undefined_is_empty_and_never_nought() {
        let written = rendered(&examples::not_evaluated(), &Frame::default());
        for key in ["exit_code", "verdict", "reports", "report"] {
            assert!(written.contains(&format!("{key}=\n")), "{key}: {written}");
        }
        let nothing = rendered(&examples::nothing_at_all(), &Frame::default());
        for key in ["finding", "success_rate", "success_rate_low", "difference"] {
            assert!(
                nothing.lines().any(|line| line == format!("{key}=")),
                "{key}: {nothing}"
            );
        }
        assert!(!written.contains("NaN") && !nothing.contains("NaN"));
    }

    #[test]
    fn every_exit_code_has_its_word() {
        let words = [0, 1, 2, 3, 4, 5, 6, 7, 100, 130, 143].map(verdict_word);
        assert_eq!(
            words,
            [
                "passed",
                "error",
                "error",
                "error",
                "error",
                "not_evaluated",
                "undecided",
                "error",
                "failed",
                "interrupted",
                "interrupted"
            ]
        );
        assert_eq!(failed_output(3), "exit_code=3\nverdict=error\n");
    }
}
