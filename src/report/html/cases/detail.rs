//! One case in full as JSON: what was asked, what every side answered, what every scorer said of it and why.
//!
//! Long texts are cut and say by how much, so that no case takes more room than a page has.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::format::plain;
use crate::analysis::held::HumanValue;
use crate::domain::message::{Message, Role};
use crate::domain::score::Score;
use crate::report::casebook::{Detail, Trial};
use crate::report::content::show_command;
use crate::report::content::trial::{
    REPLY, ending, facts, reason, role_word, texts, verdict, votes, who,
};
use crate::report::screen::Ink;

/// Characters of one text that are kept.
const MOST_OF_A_TEXT: usize = 8_000;

/// Characters of one case's texts that are kept.
const MOST_OF_A_CASE: usize = 60_000;

/// Characters of a text that are kept even where the case's room is used up: enough to see what it is.
const LEAST_OF_A_TEXT: usize = 80;

/// Texts of one trial that are kept.
const MOST_TEXTS: usize = 400;

/// What a case's page needs besides the case.
#[derive(Debug)]
pub(super) struct Around<'a> {
    /// How commands name the run.
    pub(super) run: &'a str,
    /// The state of each judge's calibration, by its scorer.
    pub(super) calibration: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Page {
    /// The command that shows all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    /// What is asked and expected.
    asked: Vec<Text>,
    /// For each side its trials.
    sides: Vec<Vec<Told>>,
}

#[derive(Serialize)]
struct Told {
    word: &'static str,
    tone: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    why: String,
    texts: Vec<Text>,
    /// Texts that are left out.
    #[serde(skip_serializing_if = "is_zero")]
    more: usize,
    scores: Vec<Scored>,
    facts: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
struct Scored {
    scorer: String,
    word: String,
    tone: &'static str,
    #[serde(skip_serializing_if = "Text::is_empty")]
    reason: Text,
    #[serde(skip_serializing_if = "String::is_empty")]
    who: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    said: Vec<Text>,
    #[serde(skip_serializing_if = "String::is_empty")]
    people: String,
    /// Why they say so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    critiques: Vec<Text>,
}

/// A text under its label.
#[derive(Serialize)]
struct Text {
    label: String,
    text: String,
    /// Characters that are left out.
    #[serde(skip_serializing_if = "is_zero")]
    more: usize,
    /// Whether it is the answer: what the sides are compared by.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reply: bool,
}

impl Text {
    fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if wants a reference"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The room that a case's texts have left.
struct Room(usize);

impl Room {
    fn text(&mut self, label: impl Into<String>, text: &str) -> Text {
        let most = MOST_OF_A_TEXT.min(self.0.max(LEAST_OF_A_TEXT));
        let end = text.char_indices().nth(most).map(|(at, _)| at);
        let kept = end.map_or(text, |end| &text[..end]);
        self.0 = self.0.saturating_sub(kept.len());
        Text {
            label: label.into(),
            text: kept.to_owned(),
            more: text[kept.len()..].chars().count(),
            reply: false,
        }
    }
}

/// A case as JSON.
pub(super) fn detail(found: &Detail, around: &Around<'_>) -> String {
    let case = &found.case;
    let mut room = Room(MOST_OF_A_CASE);
    let mut asked = Vec::new();
    let messages = case.input.messages();
    for message in &messages {
        let label = match (messages.len(), message.role) {
            (1, _) => "input",
            (_, Role::System) => "input, system",
            (_, Role::User) => "input, user",
            (_, Role::Assistant) => "input, assistant",
            (_, Role::Tool) => "input, tool",
        };
        asked.push(room.text(label, &message.content));
    }
    let mut add = |label: &str, texts: &[String]| {
        if !texts.is_empty() {
            asked.push(room.text(label, &texts.join("\n")));
        }
    };
    add("context", &case.context);
    add("choices", &case.choices);
    let accepted = case.accepted();
    let label = match accepted.len() {
        0 | 1 => "expected",
        _ => "expected, any of",
    };
    add(label, &accepted);
    let metadata = case.metadata.iter();
    let metadata: Vec<String> = metadata
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    add("metadata", &metadata);
    let mut sides = Vec::new();
    for trials in &found.trials {
        let trials = trials.iter();
        sides.push(
            trials
                .map(|one| told(found, one, around, &mut room))
                .collect(),
        );
    }
    let page = Page {
        command: show_command(around.run, &case.id, None).map(|one| one + " --full"),
        asked,
        sides,
    };
    serde_json::to_string(&page).expect("texts and numbers are JSON")
}

fn told(found: &Detail, trial: &Trial, around: &Around<'_>, room: &mut Room) -> Told {
    let (word, ink, why) = ending(trial.finished.as_ref(), trial.success, &trial.scores);
    let mut shown = Vec::new();
    let mut more = 0;
    if let Some(finished) = &trial.finished {
        let question = found.case.input.text();
        let messages = found.case.input.messages();
        let mut asked = messages.iter().peekable();
        for (label, text) in texts(&found.case, finished) {
            // What is asked stands above both sides already.
            let is_asked = |one: &&Message| label == role_word(one.role) && text == one.content;
            if asked.next_if(is_asked).is_some() || label.starts_with("input") && text == question {
                continue;
            }
            if shown.len() >= MOST_TEXTS && !label.starts_with(REPLY) {
                more += 1;
                continue;
            }
            let reply = label.starts_with(REPLY);
            shown.push(Text {
                reply,
                ..room.text(label, &text)
            });
        }
    }
    let why = room.text("", &why).text;
    let scores = trial
        .scores
        .iter()
        .map(|score| scored(score, trial, around, room));
    Told {
        word,
        tone: tone(ink),
        why,
        texts: shown,
        more,
        scores: scores.collect(),
        facts: trial.finished.as_ref().map(facts).unwrap_or_default(),
    }
}

fn scored(score: &Score, trial: &Trial, around: &Around<'_>, room: &mut Room) -> Scored {
    let (word, ink) = verdict(score);
    let state = around.calibration.get(score.scorer.as_str()).copied();
    let asked = score.asked.as_ref();
    let said = asked.map(|asked| {
        votes(asked)
            .map(|(label, text)| room.text(label, text))
            .collect()
    });
    let people = trial
        .people
        .iter()
        .find(|(scorer, _)| *scorer == score.scorer);
    let critiques = people.map(|(_, human)| {
        let critiques = human.critiques.iter();
        critiques
            .map(|text| room.text("people wrote", text))
            .collect()
    });
    let people = people.map(|(_, human)| match &human.value {
        HumanValue::Pass(true) => "PASS".to_owned(),
        HumanValue::Pass(false) => "FAIL".to_owned(),
        HumanValue::Rating(rating) => plain(*rating),
        HumanValue::Class(class) => class.clone(),
    });
    Scored {
        scorer: score.scorer.clone(),
        word,
        tone: tone(ink),
        said: said.unwrap_or_default(),
        reason: room.text("", &reason(score)),
        who: asked.map_or(String::new(), |asked| who(asked, state)),
        people: people.unwrap_or_default(),
        critiques: critiques.unwrap_or_default(),
    }
}

/// The class of a word's colour: the word itself says the same.
fn tone(ink: Ink) -> &'static str {
    match ink {
        Ink::Good => "good",
        Ink::Bad => "bad",
        Ink::Warn => "warn",
        Ink::Plain | Ink::Bold | Ink::Dim => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_says_by_how_much() {
        let mut room = Room(MOST_OF_A_CASE);
        let cut = room.text("reply", &"ä".repeat(MOST_OF_A_TEXT + 7));
        assert_eq!((cut.text.chars().count(), cut.more), (MOST_OF_A_TEXT, 7));
        let mut room = Room(3);
        let short = room.text("reply", &"x".repeat(LEAST_OF_A_TEXT + 1));
        assert_eq!((short.text.len(), short.more), (LEAST_OF_A_TEXT, 1));
        assert_eq!(room.text("reply", "").more, 0);
    }
}
