//! Judges with their certificates: what they say, corrected beside raw, and what they are worth.

use super::table::{self, Column};
use crate::analysis::findings::{Figure, Findings, JudgeFindings, Unit};
use crate::report::content::{self, Cell, short};
use crate::report::html::template::Html;

/// The section's body; empty where no model judged. `notes` are the lines about judges.
pub(super) fn judges(findings: &Findings, notes: Vec<(&'static str, String)>) -> Html {
    let rows: Vec<Vec<String>> = findings
        .judges
        .iter()
        .map(|judge| row(findings, judge))
        .collect();
    let columns = [
        Column::words("judge"),
        Column::words("of"),
        Column::words("model"),
        Column::words("calibration"),
        Column::figures("said"),
        Column::figures("corrected"),
        Column::words("unscored"),
    ];
    let caption = "What each judge says of each target; what is not corrected is its opinion, and its own error is not in the interval.";
    let mut body = table::rows(caption, &columns, &rows, true)
        .as_str()
        .to_owned();
    let notes = notes.into_iter().map(|(label, text)| (label, text, false));
    body.push_str(table::entries(notes).as_str());
    Html::drawn(body)
}

fn row(findings: &Findings, judge: &JudgeFindings) -> Vec<String> {
    let metric = judge.metric.as_deref();
    let target = findings.targets.iter().find(|one| one.id == judge.target);
    let known = target.zip(metric);
    let known = known.and_then(|(target, name)| content::metric(target, name));
    let unit = known.map_or(Unit::Rate, |one| one.unit);
    let figure = |figure: &Figure| {
        let cell = Cell::of(unit, figure, findings.design.repeats);
        match cell.interval.as_str() {
            "" => cell.point,
            interval => format!("{} {interval}, {}", cell.point, cell.cases),
        }
    };
    let conclusion = match judge.conclusion.as_deref() {
        Some("usable") => ", usable",
        Some("too_few_labels") => ", too few labels",
        Some("not_shown_usable") => ", not shown usable",
        _ => "",
    };
    let certificate = judge.certificate.as_ref();
    let corrected = match (&judge.corrected, &judge.why) {
        (Some(estimate), _) => format!("{} ({})", figure(estimate), judge.method),
        (None, Some(_) | None) => "not corrected".to_owned(),
    };
    vec![
        metric.unwrap_or(&judge.scorer).to_owned(),
        judge.target.clone(),
        format!("{} ({})", judge.model, short(&judge.digest)),
        match certificate {
            None => format!("{}{conclusion}", judge.calibration),
            Some(one) => {
                let day = one.made.get(..10).unwrap_or(&one.made);
                let (words, rule) = (&one.words, &one.rule);
                format!("{}{conclusion}: {words} ({day}); {rule}", judge.calibration)
            }
        },
        figure(&judge.raw),
        corrected,
        match judge.unscored.is_empty() {
            true => "none".to_owned(),
            false => content::kinds(&judge.unscored, |_| None),
        },
    ]
}
