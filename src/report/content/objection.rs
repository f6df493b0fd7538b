//! Whether a single trial succeeded, and what kept it from it.

use super::counted;
use crate::analysis::findings::{ScoreCell, TrialRow};
use crate::domain::fault::FaultKind;
use crate::domain::transcript::Failure;

/// Whether a trial succeeded; nothing where that is missing. Where the suite defines no success, an answer with every score does.
pub(in crate::report) fn succeeded(row: &TrialRow, has_success: bool) -> Option<bool> {
    let unscored = || {
        let mut scores = row.scores.iter();
        scores.any(|score| matches!(score, Some(ScoreCell::Unscored(_))))
    };
    match (has_success, row.state) {
        (false, "answered") if !unscored() => Some(true),
        (false, "failed") => Some(false),
        _ => row.success,
    }
}

/// What kept a trial from succeeding, in words.
pub(in crate::report) fn objection(row: &TrialRow, scorers: &[String]) -> String {
    let kind = row.kind.as_deref().unwrap_or("");
    let words = || {
        let failure = Failure::from_name(kind).map(Failure::words);
        failure.or_else(|| {
            let mut all = FaultKind::ALL.iter();
            all.find(|(name, _)| *name == kind)
                .map(|(_, kind)| kind.words())
        })
    };
    match row.state {
        "failed" => format!("the agent failed: {}", words().unwrap_or(kind)),
        "errored" => {
            let attempts = counted(row.attempts.into(), "attempt");
            format!("{} after {attempts}", words().unwrap_or(kind))
        }
        "stopped" => "stopped before it was done".to_owned(),
        _ => objections(row, scorers),
    }
}

/// What scores say against a trial's success: those that fail or are unscored; where none does, every value without a rule of
/// its own.
fn objections(row: &TrialRow, scorers: &[String]) -> String {
    let said = |of: fn(&ScoreCell) -> Option<String>| {
        let scores = scorers.iter().zip(&row.scores);
        let parts = scores.filter_map(|(id, score)| Some(format!("{id} {}", of(score.as_ref()?)?)));
        parts.collect::<Vec<_>>().join(", ")
    };
    let plain = said(|score| match score {
        ScoreCell::Pass(false) => Some("fails".to_owned()),
        ScoreCell::Number(value, Some(false)) => Some(format!("fails with {value}")),
        ScoreCell::Unscored(why) => Some(format!("is unscored: {why}")),
        _ => None,
    });
    if !plain.is_empty() {
        return plain;
    }
    let values = said(|score| match score {
        ScoreCell::Number(value, None) => Some(format!("is {value}")),
        ScoreCell::Label(label) => Some(format!("is {label}")),
        _ => None,
    });
    match values.is_empty() {
        true => "no success".to_owned(),
        false => format!("no success: {values}"),
    }
}
