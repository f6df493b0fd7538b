//! Labelling at prompts: plain lines in and out, so that it works over any connection and in any terminal.

use std::io::BufRead;
use std::time::Instant;

use super::print;
use super::screen::Screen;
use crate::funnel::terminal;
use crate::jobs::{JobError, Session, SessionError, View};
use crate::report::labelled;

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Answer(String),
    Critique(String),
    Skip,
    Undo,
    Flag,
    Rubric,
    Quit,
    Nothing,
}

impl Line {
    /// What was typed. An answer goes before a key: a class may be called `u`.
    fn of(line: &str, is_answer: impl Fn(&str) -> bool) -> Self {
        let bare = line.trim_end_matches(['\n', '\r']);
        let text = bare.trim();
        match text {
            _ if is_answer(text) => Self::Answer(text.to_owned()),
            // A blank is the key that skips on the page; an empty line is a slip.
            "" if bare.is_empty() => Self::Nothing,
            "" | "s" => Self::Skip,
            "u" => Self::Undo,
            "f" => Self::Flag,
            "?" => Self::Rubric,
            "q" => Self::Quit,
            _ => match text.strip_prefix("c ") {
                Some(critique) => Self::Critique(critique.trim().to_owned()),
                None => Self::Answer(text.to_owned()),
            },
        }
    }
}

/// How an output's part is called.
fn name(text: &str) -> &str {
    match text {
        "input" => "request",
        "context" => "documents",
        "transcript" => "what was said and done",
        other => other,
    }
}

/// Asks until all is labelled, the annotator quits, or the input ends.
pub(super) fn go(
    session: &mut Session,
    mut input: impl BufRead,
    screen: &Screen,
) -> Result<(), JobError> {
    let mut critique = String::new();
    let mut shown: Option<(String, Instant)> = None;
    loop {
        let Some(card) = session.next(1).into_iter().next() else {
            print(screen, b"\nAll done.\n")?;
            return Ok(());
        };
        if shown.as_ref().is_none_or(|(token, _)| *token != card.token) {
            print(screen, page(session, &card, screen.width).as_bytes())?;
            shown = Some((card.token.clone(), Instant::now()));
        }
        print(screen, b"> ")?;
        let mut line = String::new();
        let read = input
            .read_line(&mut line)
            .map_err(|error| JobError::Unexpected(format!("stdin: {error}")))?;
        if read == 0 {
            print(screen, b"\n")?;
            return Ok(());
        }
        let choices = session.choices();
        let is_answer = |text: &str| {
            choices.iter().any(|choice| {
                choice.word == text || choice.key.is_some_and(|key| text == key.to_string())
            })
        };
        let done = match Line::of(&line, is_answer) {
            Line::Nothing => continue,
            Line::Quit => return Ok(()),
            Line::Rubric => {
                print(screen, rubric(session).as_bytes())?;
                continue;
            }
            Line::Critique(text) => {
                critique = text;
                print(screen, b"noted, for the answer that you give now\n")?;
                continue;
            }
            Line::Flag => {
                let words = if card.flagged {
                    "unflagged\n"
                } else {
                    "flagged\n"
                };
                let flagged = session.flag(&card.token, !card.flagged);
                flagged.map(|()| Some(words.to_owned()))
            }
            Line::Skip => session.skip(&card.token).map(|()| None),
            Line::Answer(answer) => {
                let seconds = shown
                    .as_ref()
                    .map(|(_, since)| since.elapsed().as_secs_f64());
                let seconds = seconds.map(|seconds| (seconds * 1e3).round() / 1e3);
                let answered = session.answer(&card.token, &answer, &critique, seconds);
                answered.map(|()| {
                    critique.clear();
                    None
                })
            }
            Line::Undo => session.undo().map(|undone| match undone {
                None => Some("there is nothing to undo\n".to_owned()),
                Some((_, previous)) => {
                    shown = None;
                    critique = previous.critique;
                    let was = previous.word.unwrap_or_else(|| "skipped".to_owned());
                    Some(format!("undone; it was: {}\n", terminal(&was)))
                }
            }),
        };
        match done {
            Ok(None) => {}
            Ok(Some(words)) => print(screen, words.as_bytes())?,
            Err(error @ (SessionError::NoAnswer(_) | SessionError::LongCritique)) => {
                screen.say(&terminal(&error.to_string()));
            }
            Err(
                error
                @ (SessionError::UnknownCard | SessionError::Log(_) | SessionError::Labels(_)),
            ) => {
                return Err(JobError::Store(error.to_string()));
            }
        }
    }
}

/// The criteria, and what the answers mean.
fn rubric(session: &Session) -> String {
    let mut text = match session.criteria() {
        "" => "There is no rubric: the question is all there is.".to_owned(),
        criteria => criteria.to_owned(),
    };
    let choices = session.choices();
    let meant = choices.iter().filter(|choice| !choice.meaning.is_empty());
    for (nth, choice) in meant.enumerate() {
        text += if nth == 0 { "\n\n" } else { "\n" };
        text += &format!("- {}: {}", choice.word, choice.meaning);
    }
    format!("\n{}\n\n", terminal(&text))
}

/// A card, with what may be typed.
fn page(session: &Session, card: &View, width: usize) -> String {
    let progress = session.progress();
    let rule = "-".repeat(width.min(100));
    let mut text = format!("\n{rule}\n{} of {} done", progress.done, progress.total);
    if progress.skipped > 0 {
        text += &format!(", {} skipped", progress.skipped);
    }
    text.push('\n');
    for (part, words) in &card.texts {
        let words = match words.is_empty() {
            true => "(empty)".into(),
            false => terminal(words),
        };
        text += &format!("\n[{}]\n{words}\n", name(part));
    }
    for (word, critique) in &card.voices {
        let critique = match critique.is_empty() {
            true => String::new(),
            false => format!(": {critique}"),
        };
        text += &labelled("somebody said ", &format!("{word}{critique}"), width);
    }
    let choices: Vec<String> = session
        .choices()
        .iter()
        .map(|choice| {
            let key = choice.key.map(|key| key.to_string());
            let key = key.filter(|key| *key != choice.word);
            key.map_or_else(
                || choice.word.clone(),
                |key| format!("{key} {}", choice.word),
            )
        })
        .collect();
    text.push('\n');
    text += &labelled(
        "",
        &format!("{}   {}", session.asks(), choices.join(" · ")),
        width,
    );
    text += "s skip · u undo · c TEXT critique · f flag · ? rubric · q quit\n";
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_answer_before_it_is_a_key() {
        let of = |line: &str| {
            Line::of(line, |text| {
                ["1", "pass", "u", "first choice"].contains(&text)
            })
        };
        assert_eq!(of("1\n"), Line::Answer("1".into()));
        assert_eq!(of("first choice\r\n"), Line::Answer("first choice".into()));
        assert_eq!(of("u\n"), Line::Answer("u".into()), "a class of this name");
        assert_eq!(of("s\n"), Line::Skip);
        assert_eq!(of(" \n"), Line::Skip);
        assert_eq!(of("\n"), Line::Nothing);
        assert_eq!(of("c  too long \n"), Line::Critique("too long".into()));
        assert_eq!(of("?"), Line::Rubric);
        assert_eq!(
            of("7\n"),
            Line::Answer("7".into()),
            "refused by the session"
        );
    }
}
