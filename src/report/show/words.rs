//! The words of a trial: how it ended, what a score says, how an attempt went.

use super::Shown;
use crate::analysis::findings::Unit;
use crate::analysis::format::{Rounding, Scale, plain};
use crate::domain::message::Role;
use crate::domain::score::{Score, Value};
use crate::domain::transcript::{Attempt, Outcome, Step, StepKind};
use crate::report::screen::Ink;

/// Characters and lines of one text that are shown unless all of it is asked for.
const MOST_CHARACTERS: usize = 2_000;
const MOST_LINES: usize = 40;

/// How a trial ended, as a word, and why.
pub(super) fn ending(trial: &Shown<'_>) -> (&'static str, Ink, String) {
    let Some(finished) = trial.finished else {
        return ("not run", Ink::Warn, String::new());
    };
    match &finished.outcome {
        Outcome::Failed { kind, message } => {
            let why = format!("the agent failed, {}: {message}", kind.words());
            ("FAILED", Ink::Bad, why)
        }
        Outcome::Errored { fault } => ("ERRORED", Ink::Warn, fault.to_string()),
        Outcome::Stopped { why } => ("STOPPED", Ink::Warn, why.clone()),
        Outcome::Answered => match trial.success {
            Some(true) => ("SUCCESS", Ink::Good, String::new()),
            Some(false) => ("NO SUCCESS", Ink::Bad, String::new()),
            None if trial.scores.iter().any(Score::is_unscored) => {
                ("UNSCORED", Ink::Warn, String::new())
            }
            None => ("ANSWERED", Ink::Plain, String::new()),
        },
    }
}

/// A score's value as words.
pub(super) fn verdict(score: &Score) -> (String, Ink) {
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

pub(super) fn said(step: &Step) -> Option<Role> {
    match step.kind {
        StepKind::Message => step.role,
        _ => None,
    }
}

pub(super) fn role_word(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

/// One attempt in a line.
pub(super) fn told(attempt: &Attempt) -> String {
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

pub(super) fn time(ms: f64) -> String {
    Scale::of(Unit::Milliseconds, ms, 0).with_unit(ms, Rounding::Nearest, None)
}

pub(super) fn money(usd: f64) -> String {
    Scale::of(Unit::Usd, usd, 0).with_unit(usd, Rounding::Nearest, None)
}

/// The beginning of a text that is shown, and how many characters are not.
pub(super) fn cut(text: &str) -> (&str, usize) {
    let by_characters = text.char_indices().nth(MOST_CHARACTERS).map(|(at, _)| at);
    let by_lines = text
        .match_indices('\n')
        .nth(MOST_LINES - 1)
        .map(|(at, _)| at);
    let end = by_characters.into_iter().chain(by_lines).min();
    let shown = end.map_or(text, |end| &text[..end]);
    (shown, text[shown.len()..].trim_end().chars().count())
}
