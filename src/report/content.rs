//! What a report for people says and in which words, whatever it is drawn on: the terminal and Markdown share it.
//!
//! Texts here may hold what a dataset or a model wrote: each sink sends them through its own funnel.

mod command;
mod figures;
mod notes;
mod objection;
mod origin;
pub(super) mod trial;
mod verdict;

pub use command::{shell_word, show_command};
pub(super) use figures::{
    Cell, Row, coverage, figures, judge_note, label, metric, resources, shared_count, slices,
};
pub(super) use notes::{kinds, notes};
pub(super) use objection::{objection, succeeded};
pub use origin::origin;
pub(super) use verdict::{
    Verdict, adjusted, finding_word, footing, judged, quiet, sentence, verdicts,
};

use verdict::finding_words;

use crate::analysis::findings::{Findings, GateOutcome, TargetFindings};

/// `1 case`, `2 cases`.
pub(super) fn counted(count: u64, one: &str) -> String {
    match (count, one.ends_with("us")) {
        (1, _) => format!("1 {one}"),
        (_, true) => format!("{count} {one}es"),
        _ => format!("{count} {one}s"),
    }
}

/// How often each name stands: `fail (74), pass (46)`. Names may be numbers themselves.
pub(super) fn counts<'a>(each: impl IntoIterator<Item = (&'a String, &'a u64)>) -> String {
    let each = each.into_iter();
    let each: Vec<String> = each
        .map(|(name, count)| format!("{name} ({count})"))
        .collect();
    each.join(", ")
}

/// Suite, extent, dataset and seed: the parts of the first line.
pub(super) fn headline(findings: &Findings) -> Vec<String> {
    let (run, design) = (&findings.run, &findings.design);
    let mut extent = counted(design.cases, "case");
    if let Some(clusters) = design.clusters {
        extent += &format!(" in {}", counted(clusters, "cluster"));
    }
    let targets = findings.targets.len() as u64;
    if targets > 0 {
        extent += &format!(" x {}", counted(targets, "target"));
    }
    if design.repeats > 1 {
        extent += &format!(" x {}", counted(design.repeats.into(), "repeat"));
    }
    let mut parts = vec![run.suite.clone(), extent];
    if let Some(digest) = run.digests.get("dataset") {
        parts.push(format!("dataset {}", short(digest)));
    }
    parts.push(format!("seed {}", run.seed));
    parts
}

/// The first digits of a digest, enough for the eye.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take(6).collect()
}

/// What stands before all numbers, each with its word: a run that is not whole, and warnings, gates that passed without proof
/// and targets that could not be evaluated among them.
pub(super) fn alarms(findings: &Findings) -> Vec<(&'static str, String)> {
    let mut alarms = Vec::new();
    let run_on = ["interrupted", "incomplete", "running"];
    let cut_short = run_on.iter().find(|word| **word == findings.run.status);
    if let Some(status) = cut_short {
        let planned: u64 = findings.targets.iter().map(|target| target.trials).sum();
        let stopped: u64 = findings.targets.iter().map(|target| target.stopped).sum();
        let done = planned.saturating_sub(stopped);
        let text = format!("{done} of {planned} trials are done; the figures rest on these alone");
        let word = match *status {
            "interrupted" => "INTERRUPTED",
            "running" => "RUNNING",
            _ => "INCOMPLETE",
        };
        alarms.push((word, text));
    }
    for warning in &findings.warnings {
        alarms.push(("WARNING", warning.clone()));
    }
    alarms
}

/// A gate's outcome as a word.
pub(super) fn outcome_word(outcome: GateOutcome) -> &'static str {
    match outcome {
        GateOutcome::Passed => "PASSED",
        GateOutcome::Failed => "FAILED",
        GateOutcome::Undecided => "UNDECIDED",
    }
}

/// A target's name over its figures; the baseline is marked.
pub(super) fn column(findings: &Findings, target: &TargetFindings) -> (String, &'static str) {
    let is_baseline = findings.design.baseline.as_deref() == Some(target.id.as_str());
    (
        target.id.clone(),
        if is_baseline { " (baseline)" } else { "" },
    )
}

/// A run in a few words, for lists of runs: the finding of each candidate, else the success of each target.
#[must_use]
pub fn summary(findings: &Findings) -> String {
    let verdicts = verdicts(findings);
    let parts: Vec<String> = if verdicts.is_empty() {
        let figure = |target: &TargetFindings| match metric(target, &findings.design.primary) {
            _ if target.not_evaluated => format!("{} not evaluated", target.id),
            Some(one) => {
                let cell = Cell::of(one.unit, &one.figure, findings.design.repeats);
                let judge = judge_note(findings, &findings.design.primary, one);
                let judge = judge.map_or(String::new(), |note| format!(", {note}"));
                format!("{} {} {}{judge}", target.id, cell.point, cell.interval)
            }
            None => format!("{}: no figure", target.id),
        };
        findings.targets.iter().map(figure).collect()
    } else {
        verdicts
            .iter()
            .map(|one| finding_words(one.primary))
            .collect()
    };
    parts.join(", ")
}
