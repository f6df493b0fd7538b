//! A small run's rows, with every state a trial can end in; and any report of them.

use crate::analysis::findings::{Findings, RowHead, ScoreCell, TrialRow};
use crate::report::Frame;

/// Columns and rows of a small run with every state.
pub(in crate::report) fn rows() -> (RowHead, Vec<TrialRow>) {
    let head = RowHead {
        suite: "support-agent".into(),
        scorers: vec!["cites-policy".into(), "helpful".into(), "state".into()],
        file: Some("evals/cases.jsonl".into()),
    };
    let row = |case: &str, target: &str, repeat, state, success: Option<bool>| TrialRow {
        case: case.into(),
        target: target.into(),
        repeat,
        state,
        kind: None,
        success,
        scores: vec![
            Some(ScoreCell::Pass(success.unwrap_or(false))),
            Some(ScoreCell::Number(4.5, Some(true))),
            Some(ScoreCell::Label("calm".into())),
        ],
        latency_ms: Some(1_214.25),
        cost_usd: Some(0.000_91),
        tokens: Some((412, 96)),
        attempts: 1,
        quarantined: false,
    };
    let gone = |case: &str, target: &str, repeat, state, kind: Option<&str>| TrialRow {
        kind: kind.map(String::from),
        success: None,
        scores: vec![None, None, None],
        latency_ms: None,
        cost_usd: None,
        tokens: None,
        attempts: 5,
        ..row(case, target, repeat, state, None)
    };
    let mut crashed = gone("c002", "next", 0, "failed", Some("crashed"));
    crashed.success = Some(false);
    crashed.scores[0] = Some(ScoreCell::Pass(false));
    crashed.attempts = 1;
    let mut unread = row("c003", "next", 0, "answered", None);
    unread.scores[1] = Some(ScoreCell::Unscored("verdict unreadable".into()));
    unread.scores[0] = Some(ScoreCell::Pass(true));
    let rows = vec![
        row("c001", "prod", 0, "answered", Some(true)),
        row("c001", "next", 0, "answered", Some(true)),
        row("c001", "prod", 1, "answered", Some(true)),
        row("c001", "next", 1, "answered", Some(false)),
        row("c002", "prod", 0, "answered", Some(true)),
        crashed,
        row("c002", "prod", 1, "answered", Some(true)),
        gone("c002", "next", 1, "stopped", None),
        gone("c003", "prod", 0, "errored", Some("timed_out")),
        unread,
        row("c003", "prod", 1, "answered", Some(true)),
        row("c003", "next", 1, "answered", Some(true)),
        gone("c004", "prod", 0, "stopped", None),
        gone("c004", "next", 0, "stopped", None),
        gone("c004", "prod", 1, "stopped", None),
        row("c004", "next", 1, "answered", Some(true)),
    ];
    (head, rows)
}

/// A report of the kind of this name.
pub(in crate::report) fn rendered(
    name: &str,
    findings: &Findings,
    head: &RowHead,
    rows: &[TrialRow],
    frame: &Frame,
) -> String {
    rendered_with(name, (findings, head, rows, frame), &mut super::book())
}

/// The same with these cases.
pub(in crate::report) fn rendered_with(
    name: &str,
    (findings, head, rows, frame): (&Findings, &RowHead, &[TrialRow], &Frame),
    cases: &mut super::Book,
) -> String {
    let mut out = Vec::new();
    let material = crate::report::Material {
        findings,
        head,
        rows: &mut rows.iter().cloned(),
        cases,
        frame,
    };
    crate::report::kind(name)
        .expect("a kind of report")
        .render(material, &mut out)
        .expect("a vector takes all");
    String::from_utf8(out).expect("a report is text")
}
