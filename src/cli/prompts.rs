//! Labelling at prompts: plain lines in and out, so that it works over any connection and in any terminal.

use std::collections::BTreeMap;
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
            "c" => Self::Critique(String::new()),
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

/// What is at the prompt.
struct Prompt {
    /// Columns of the terminal.
    width: usize,
    /// A card that was taken back: it is asked again before all others.
    back: Option<View>,
    /// Reasons that were written and are not saved with an answer yet, each for its own card.
    reasons: BTreeMap<String, String>,
    /// The card that was shown last, and when.
    shown: Option<(String, Instant)>,
}

/// Asks until all is labelled, the annotator quits, or the input ends.
pub(super) fn go(
    session: &mut Session,
    mut input: impl BufRead,
    screen: &Screen,
) -> Result<(), JobError> {
    let mut prompt = Prompt {
        width: screen.width,
        back: None,
        reasons: BTreeMap::new(),
        shown: None,
    };
    loop {
        let next = || session.next(1).into_iter().next();
        let Some(card) = prompt.back.clone().or_else(next) else {
            print(screen, b"\nAll done.\n")?;
            return Ok(());
        };
        let is_shown = |(token, _): &(String, Instant)| *token == card.token;
        if !prompt.shown.as_ref().is_some_and(is_shown) {
            let reason = prompt.reasons.get(&card.token).map_or("", String::as_str);
            let text = page(session, &card, reason, screen.width);
            print(screen, text.as_bytes())?;
            prompt.shown = Some((card.token.clone(), Instant::now()));
        }
        print(screen, b"> ")?;
        let mut line = Vec::new();
        let read = input
            .read_until(b'\n', &mut line)
            .map_err(|error| JobError::Unexpected(format!("stdin: {error}")))?;
        if read == 0 {
            print(screen, b"\n")?;
            return Ok(());
        }
        let Ok(line) = String::from_utf8(line) else {
            screen.say("that line is not UTF-8 and was not taken; type it again");
            continue;
        };
        let choices = session.choices();
        let is_answer = |text: &str| {
            choices.iter().any(|choice| {
                choice.word == text || choice.key.is_some_and(|key| text == key.to_string())
            })
        };
        let line = Line::of(&line, is_answer);
        if line == Line::Quit {
            return Ok(());
        }
        match prompt.take(session, &card, line) {
            Ok(words) => print(screen, words.as_bytes())?,
            Err(error @ (SessionError::NoAnswer(_) | SessionError::LongCritique)) => {
                screen.say(&terminal(&error.to_string()));
            }
            Err(
                error @ (SessionError::UnknownCard
                | SessionError::OtherQuestion
                | SessionError::Log(_)
                | SessionError::Labels(_)),
            ) => {
                return Err(JobError::Store(error.to_string()));
            }
        }
    }
}

impl Prompt {
    /// Does what a line asks for, and says what is to be said of it.
    fn take(
        &mut self,
        session: &mut Session,
        card: &View,
        line: Line,
    ) -> Result<String, SessionError> {
        Ok(match line {
            Line::Nothing | Line::Quit => String::new(),
            Line::Rubric => rubric(session, self.width),
            Line::Critique(text) if text.is_empty() => {
                self.reasons.remove(&card.token);
                "no critique\n".to_owned()
            }
            Line::Critique(text) => {
                self.reasons.insert(card.token.clone(), text);
                "noted, for the answer that you give to this one\n".to_owned()
            }
            Line::Flag => {
                session.flag(&card.token, !card.flagged)?;
                if let Some(back) = &mut self.back {
                    back.flagged = !card.flagged;
                }
                match card.flagged {
                    true => "unflagged\n".to_owned(),
                    false => "flagged\n".to_owned(),
                }
            }
            Line::Skip => {
                session.skip(&card.token)?;
                self.back = None;
                String::new()
            }
            Line::Answer(answer) => {
                let seconds = self
                    .shown
                    .as_ref()
                    .map(|(_, since)| since.elapsed().as_secs_f64());
                let seconds = seconds.map(|seconds| (seconds * 1e3).round() / 1e3);
                let reason = self.reasons.get(&card.token).map_or("", String::as_str);
                session.answer(&card.token, &answer, reason, seconds)?;
                self.reasons.remove(&card.token);
                self.back = None;
                String::new()
            }
            Line::Undo => match session.undo()? {
                None => "there is nothing to undo\n".to_owned(),
                Some((view, previous)) => {
                    if !previous.critique.is_empty() {
                        self.reasons.insert(view.token.clone(), previous.critique);
                    }
                    self.shown = None;
                    self.back = Some(view);
                    let was = previous.word.unwrap_or_else(|| "skipped".to_owned());
                    format!("undone; it was: {}\n", terminal(&was))
                }
            },
        })
    }
}

/// The criteria, and what the answers mean.
fn rubric(session: &Session, width: usize) -> String {
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
    let lines = text.lines().map(|line| match line.trim().is_empty() {
        true => "\n".to_owned(),
        false => labelled("", line, width),
    });
    format!("\n{}\n", lines.collect::<String>())
}

/// A card, with the reason that was written for it and what may be typed.
fn page(session: &Session, card: &View, reason: &str, width: usize) -> String {
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
    if !reason.is_empty() {
        text += &labelled("your critique ", reason, width);
    }
    text.push('\n');
    text += &offered(session, width);
    text += "s skip · u undo · c TEXT critique · f flag · ? rubric · q quit\n";
    text
}

/// The question with its answers: on one line, or each on a line of its own.
fn offered(session: &Session, width: usize) -> String {
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
    let line = labelled(
        "",
        &format!("{}   {}", session.asks(), choices.join(" · ")),
        width,
    );
    let is_plain = choices
        .iter()
        .all(|choice| !choice.contains(char::is_whitespace));
    if is_plain || line.lines().count() < 2 {
        return line;
    }
    let each = choices.iter().map(|choice| labelled("  ", choice, width));
    labelled("", session.asks(), width) + &each.collect::<String>()
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
        assert_eq!(of("c\n"), Line::Critique(String::new()), "no longer");
        assert_eq!(of("?"), Line::Rubric);
        assert_eq!(
            of("7\n"),
            Line::Answer("7".into()),
            "refused by the session"
        );
    }
}
