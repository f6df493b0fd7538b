//! What leads a page: the finding, what to know before any number, the gates, how the process ended, what to do next.

use serde_json::json;

use crate::analysis::findings::{Findings, GateOutcome};
use crate::report::Frame;
use crate::report::content;
use crate::report::html::template::{Html, fill};

/// The page's title and its first lines.
pub(super) fn head(findings: &Findings) -> (String, Html) {
    let mut facts = content::headline(findings);
    let suite = facts.remove(0);
    facts.extend((!findings.run.started.is_empty()).then(|| findings.run.started.clone()));
    let mut sentences: Vec<String> = content::verdicts(findings)
        .iter()
        .map(|verdict| content::sentence(verdict.primary))
        .collect();
    if sentences.is_empty() {
        let primary = content::label(&findings.design.primary);
        sentences.push(format!("{primary}: {}", content::summary(findings)));
    }
    let alarms = content::alarms(findings);
    let alarms = alarms
        .iter()
        .map(|(word, text)| json!({"word": word, "text": text}));
    let values = json!({
        "suite": suite,
        "facts": facts.join(" · "),
        "findings": sentences,
        "success": findings.design.success.as_deref().unwrap_or(""),
        "alarms": alarms.collect::<Vec<_>>(),
        "changed": findings.differences,
    });
    let head = fill(include_str!("../../../../reports/run/head.html"), values);
    (format!("{suite} · {}", findings.run.id), head)
}

/// The gates, the exit and the next steps.
pub(super) fn gates(findings: &Findings, frame: &Frame) -> Html {
    let gates = findings.gates.iter().map(|gate| {
        let tone = match gate.outcome {
            GateOutcome::Passed => "good",
            GateOutcome::Failed => "bad",
            GateOutcome::Undecided => "warn",
        };
        json!({
            "word": content::outcome_word(gate.outcome),
            "tone": tone,
            "rule": gate.gate,
            "target": gate.target,
            "why": gate.why,
        })
    });
    let exit = frame.exit.as_ref();
    let next = frame.next.iter();
    let values = json!({
        "gates": gates.collect::<Vec<_>>(),
        "several": findings.targets.len() > 1,
        "exit": exit.map_or(String::new(), |(code, why)| format!("exit {code}: {why}")),
        "next": next
            .map(|step| json!({"command": step.command, "why": step.why}))
            .collect::<Vec<_>>(),
    });
    fill(include_str!("../../../../reports/run/gates.html"), values)
}
