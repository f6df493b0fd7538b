//! Where a run came from, where it was made from another one; and the cases that it keeps apart.

use super::counted;
use crate::analysis::findings::{Findings, QuarantineFindings, RunFacts};

/// The length of an id's date and time, by which people know a run: `20261122-095841`.
const DATE_AND_TIME: usize = 15;

/// Where a run came from in a few words, for lists of runs; empty for one made from nothing but its suite.
#[must_use]
pub fn origin(run: &RunFacts) -> String {
    let Some(parent) = &run.parent else {
        return String::new();
    };
    let id = parent.id.get(..DATE_AND_TIME).unwrap_or(&parent.id);
    let only = match &parent.only {
        Some(only) => format!("only {only}, "),
        None => String::new(),
    };
    let how = match (parent.rescored, parent.reused_trials) {
        (true, _) => "scores of ",
        (false, 0) => "",
        (false, _) => "reuses ",
    };
    format!("{only}{how}{id}")
}

/// What a run took over from another, and what follows from that.
pub(super) fn taken(findings: &Findings) -> Option<(&'static str, String)> {
    let parent = findings.run.parent.as_ref()?;
    if parent.rescored {
        let scores = counted(parent.reused_scores, "score");
        let text = format!(
            "the transcripts of {}; {scores} taken over from there, no target called",
            parent.id
        );
        return Some(("scored", text));
    }
    if parent.reused_trials == 0 {
        return None;
    }
    let (some, others): (Vec<_>, Vec<_>) = findings.targets.iter().partition(|one| one.reused > 0);
    let some: Vec<&str> = some.iter().map(|one| one.id.as_str()).collect();
    let of_whom = match findings.targets.len() {
        1 => String::new(),
        _ => format!(" ({})", some.join(", ")),
    };
    let mut text = format!(
        "{} of {} trials reused from {}{of_whom}: latency and cost are those of then",
        parent.reused_trials, parent.trials, parent.id
    );
    if !others.is_empty() {
        text += "; what has changed at an endpoint since is part of the difference to a target called now";
    }
    Some(("reused", text))
}

/// A case in quarantine with what came of it: `c017 until 2027-01-31 (flaky tool): prod 1/3 passed, next 2/3 passed, 1 missing`.
pub(in crate::report) fn kept_apart(one: &QuarantineFindings) -> String {
    let results = one.results.iter().map(|result| {
        let missing = match result.missing {
            0 => String::new(),
            missing => format!(", {missing} missing"),
        };
        format!(
            "{} {}/{} passed{missing}",
            result.target, result.passed, result.trials
        )
    });
    let results: Vec<String> = results.collect();
    format!(
        "{} until {} ({}): {}",
        one.case,
        one.until,
        one.why,
        results.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::findings::ParentFacts;
    use crate::report::examples;

    fn from(change: impl FnOnce(&mut ParentFacts)) -> Findings {
        let mut findings = examples::support();
        let mut parent = ParentFacts {
            id: "20261121-101010-support-agent-1a2b".into(),
            trials: 960,
            ..ParentFacts::default()
        };
        change(&mut parent);
        findings.targets[0].reused = parent.reused_trials;
        findings.run.parent = Some(parent);
        findings
    }

    #[test]
    fn every_way_to_come_from_another_run_has_its_words() {
        let said = |findings: &Findings| {
            let taken = taken(findings).map(|(label, text)| format!("{label}: {text}"));
            (origin(&findings.run), taken.unwrap_or_default())
        };
        assert_eq!(said(&examples::support()), (String::new(), String::new()));
        let (list, note) = said(&from(|parent| parent.reused_trials = 480));
        assert_eq!(list, "reuses 20261121-101010");
        assert_eq!(
            note,
            "reused: 480 of 960 trials reused from 20261121-101010-support-agent-1a2b (prod): latency and cost are those of then; what has changed at an endpoint since is part of the difference to a target called now"
        );
        let (list, note) = said(&from(|parent| parent.only = Some("failed".into())));
        assert_eq!(
            (list.as_str(), note.as_str()),
            ("only failed, 20261121-101010", "")
        );
        let (list, note) = said(&from(|parent| {
            parent.rescored = true;
            parent.reused_scores = 7;
        }));
        assert_eq!(list, "scores of 20261121-101010");
        assert!(
            note.contains("7 scores taken over from there, no target called"),
            "{note}"
        );
    }
}
