//! The words of a trial: what was asked and answered, how it ended, what a score says, how an attempt went, what it took.

use serde_json::Value as Json;

use super::{counted, short};
use crate::analysis::findings::Unit;
use crate::analysis::format::{Rounding, Scale, plain};
use crate::domain::case::Case;
use crate::domain::event::TrialFinished;
use crate::domain::message::{Finish, Role};
use crate::domain::score::{Asked, Score, Value};
use crate::domain::transcript::{Attempt, Outcome, Step, StepKind};
use crate::report::screen::Ink;

/// A wait shorter than this is the machine's own doing and not worth a word.
const WORTH_SAYING_MS: f64 = 1.0;

/// What was said in a trial, in order, each under its label: the messages, tools, reasoning and the reply.
pub(in crate::report) fn texts(case: &Case, finished: &TrialFinished) -> Vec<(String, String)> {
    let transcript = &finished.transcript;
    let steps: Vec<&Step> = transcript
        .sessions
        .iter()
        .flat_map(|session| &session.turns)
        .flat_map(|turn| &turn.steps)
        .collect();
    let mut texts = Vec::new();
    if steps.is_empty() {
        texts.push((
            "input (the transcript holds no prompt)".to_owned(),
            case.input.text().to_owned(),
        ));
    }
    // The last thing the agent said is the output, shown as the reply.
    let last = steps
        .iter()
        .rposition(|step| said(step) == Some(Role::Assistant));
    let last = last.filter(|at| steps[*at].text.as_deref() == Some(&transcript.output));
    let others = steps.iter().enumerate().filter(|(at, _)| Some(*at) != last);
    texts.extend(others.map(|(_, step)| of_step(step)));
    if let Some(reasoning) = &transcript.reasoning {
        texts.push((
            "reasoning (no scorer sees it)".to_owned(),
            reasoning.clone(),
        ));
    }
    let ended = match transcript.finish {
        Some(Finish::Length) => ", cut by the token limit",
        Some(Finish::Blocked) => ", cut or replaced by the provider's filter",
        _ => "",
    };
    if matches!(finished.outcome, Outcome::Answered) || !transcript.output.is_empty() {
        texts.push((format!("{REPLY}{ended}"), transcript.output.clone()));
    }
    let calls = transcript.tool_calls.iter();
    texts.extend(calls.map(|call| {
        let label = format!("asks for the tool {}", call.name);
        (label, call.arguments.to_string())
    }));
    texts
}

/// How the label of a reply begins.
pub(in crate::report) const REPLY: &str = "reply";

fn of_step(step: &Step) -> (String, String) {
    let name = step.name.as_deref().unwrap_or("");
    let text = step.text.clone().unwrap_or_default();
    match step.kind {
        StepKind::Message => (role_word(step.role.unwrap_or(Role::User)).to_owned(), text),
        StepKind::ToolCall => {
            let arguments = step.arguments.as_ref();
            let arguments = arguments.map_or(String::new(), Json::to_string);
            (format!("calls {name}"), arguments)
        }
        StepKind::ToolResult => {
            let result = step
                .result
                .as_ref()
                .map_or(String::new(), |result| match result {
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                });
            (format!("{name} answers"), result)
        }
        StepKind::Note => ("note".to_owned(), text),
    }
}

/// Why a score says what it says.
pub(in crate::report) fn reason(score: &Score) -> String {
    let reason = score.reason.as_deref().unwrap_or("");
    match &score.value {
        Value::Unscored(why) => format!("{}: {reason}", why.words()),
        Value::NotApplicable => "does not apply to this trial".to_owned(),
        _ => reason.to_owned(),
    }
}

/// Who was asked for a score, and what that took: `judge 4be19a, qwen3:8b, uncalibrated, 1.2 s`. `state` is that of the judge's
/// calibration.
pub(in crate::report) fn who(asked: &Asked, state: Option<&str>) -> String {
    let mut parts = Vec::new();
    let is_judge = !asked.judge.is_empty();
    if is_judge {
        parts.push(format!("judge {}", short(&asked.judge)));
    }
    parts.extend(asked.model_returned.clone());
    if is_judge {
        parts.push(state.unwrap_or("uncalibrated").to_owned());
    }
    parts.push(time(asked.took_ms));
    parts.extend(asked.cost_usd.map(money));
    if asked.attempts > 1 {
        parts.push(counted(asked.attempts.into(), "attempt"));
    }
    parts.join(", ")
}

/// What was said to a scorer that asked, each vote under its label.
pub(in crate::report) fn votes(asked: &Asked) -> impl Iterator<Item = (String, &str)> {
    let votes = asked.replies.len();
    asked.replies.iter().enumerate().map(move |(nth, reply)| {
        let label = match votes {
            1 => "said".to_owned(),
            votes => format!("vote {} of {votes}", nth + 1),
        };
        (label, reply.as_str())
    })
}

/// What a trial took, each under its label; a label stands once for all its lines.
pub(in crate::report) fn facts(finished: &TrialFinished) -> Vec<(&'static str, String)> {
    let transcript = &finished.transcript;
    let mut facts = Vec::new();
    let attempts = &finished.attempts;
    if attempts.iter().any(|attempt| attempt.fault.is_some()) {
        for (nth, attempt) in attempts.iter().enumerate() {
            let label = if nth == 0 { "attempts" } else { "" };
            facts.push((label, format!("{}. {}", nth + 1, told(attempt))));
        }
    }
    let timing = &transcript.timing;
    let mut parts = vec![time(timing.total_ms)];
    parts.extend(
        timing
            .first_token_ms
            .map(|ms| format!("first token after {}", time(ms))),
    );
    parts.extend(
        timing
            .first_byte_ms
            .map(|ms| format!("first byte after {}", time(ms))),
    );
    if timing.waited_ms >= WORTH_SAYING_MS {
        parts.push(format!("waited {}", time(timing.waited_ms)));
    }
    if let Some(run) = &finished.reused {
        facts.push(("reused", format!("from {run}: all of this is of then")));
    }
    let recorded = match transcript.replayed {
        true => " (as recorded)",
        false => "",
    };
    if timing.total_ms > 0.0 || timing.waited_ms >= WORTH_SAYING_MS {
        facts.push(("time", format!("{}{recorded}", parts.join(", "))));
    }
    if let Some(usage) = transcript.usage {
        let part = |count: u64, word: &str| match count {
            0 => String::new(),
            _ => format!(" ({count} {word})"),
        };
        let text = format!(
            "{} in{}, {} out{}",
            usage.input,
            part(usage.cached, "cached"),
            usage.output,
            part(usage.reasoning, "reasoning"),
        );
        facts.push(("tokens", text));
    }
    match transcript.cost_usd {
        Some(usd) => facts.push(("cost", format!("{}{recorded}", money(usd)))),
        None if transcript.usage.is_some() => facts.push(("cost", "no price is known".to_owned())),
        None => {}
    }
    if let Some(model) = &transcript.model_returned {
        facts.push(("model", model.clone()));
    }
    facts
}

/// How a trial ended, as a word, and why.
pub(in crate::report) fn ending(
    finished: Option<&TrialFinished>,
    success: Option<bool>,
    scores: &[Score],
) -> (&'static str, Ink, String) {
    let Some(finished) = finished else {
        return ("not run", Ink::Warn, String::new());
    };
    match &finished.outcome {
        Outcome::Failed { kind, message } => {
            let why = format!("the agent failed, {}: {message}", kind.words());
            ("FAILED", Ink::Bad, why)
        }
        Outcome::Errored { fault } => ("ERRORED", Ink::Warn, fault.to_string()),
        Outcome::Stopped { why } => ("STOPPED", Ink::Warn, why.clone()),
        Outcome::Answered => match success {
            Some(true) => ("SUCCESS", Ink::Good, String::new()),
            Some(false) => ("NO SUCCESS", Ink::Bad, String::new()),
            None if scores.iter().any(Score::is_unscored) => ("UNSCORED", Ink::Warn, String::new()),
            None => ("ANSWERED", Ink::Plain, String::new()),
        },
    }
}

/// A score's value as words.
pub(in crate::report) fn verdict(score: &Score) -> (String, Ink) {
    let passes = |pass: Option<bool>| match pass {
        Some(true) => ("PASS ", Ink::Good),
        Some(false) => ("FAIL ", Ink::Bad),
        None => ("", Ink::Plain),
    };
    match &score.value {
        Value::Pass(true) => ("PASS".to_owned(), Ink::Good),
        Value::Pass(false) => ("FAIL".to_owned(), Ink::Bad),
        Value::Number(number) => {
            let (word, ink) = passes(score.pass);
            (format!("{word}{}", plain(*number)), ink)
        }
        Value::Label(label) => {
            let (word, ink) = passes(score.pass);
            (format!("{word}{label}"), ink)
        }
        Value::Unscored(_) => ("UNSCORED".to_owned(), Ink::Warn),
        Value::NotApplicable => ("-".to_owned(), Ink::Dim),
    }
}

fn said(step: &Step) -> Option<Role> {
    match step.kind {
        StepKind::Message => step.role,
        _ => None,
    }
}

/// Who speaks, in a word.
pub(in crate::report) fn role_word(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

/// One attempt in a line.
fn told(attempt: &Attempt) -> String {
    let took = time(attempt.took_ms);
    let Some(fault) = &attempt.fault else {
        return format!("answered in {took}");
    };
    let status = fault
        .status
        .map_or(String::new(), |status| format!(" ({status})"));
    let waited = match attempt.waited_ms > 0.0 {
        true => format!(", then waited {}", time(attempt.waited_ms)),
        false => String::new(),
    };
    format!(
        "{}{status} after {took}{waited}: {}",
        fault.kind.words(),
        fault.message
    )
}

fn time(ms: f64) -> String {
    Scale::of(Unit::Milliseconds, ms, 0).with_unit(ms, Rounding::Nearest, None)
}

fn money(usd: f64) -> String {
    Scale::of(Unit::Usd, usd, 0).with_unit(usd, Rounding::Nearest, None)
}
