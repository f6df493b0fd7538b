//! MMLU-Pro: one letter of ten, at two levels of leniency (Wang et al. 2024, "MMLU-Pro: A More Robust and Challenging Multi-Task Language
//! Understanding Benchmark").
//!
//! The benchmark's own program guesses at random where it finds no letter. That is no property of the answer: here such an answer is wrong,
//! and says why, so that their number can be reported.

use serde::Deserialize;

use super::{Marking, Verdict, python};

/// A row of the benchmark's file.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The letter of the right option, A to J.
    pub answer: String,
}

/// How hard the letter is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// The first letter after `answer is`.
    Level1,
    /// As level 1; else after `Answer:` (the last of the first line that has one); else the last letter that stands alone, be it the
    /// pronoun I.
    Level2,
}

impl Convention {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("level_1", Self::Level1), ("level_2", Self::Level2)];
}

fn is_option(byte: u8) -> bool {
    (b'A'..=b'J').contains(&byte)
}

fn letter_at(text: &str, at: usize) -> Option<char> {
    let byte = *text.as_bytes().get(at)?;
    is_option(byte).then(|| char::from(byte))
}

/// `answer is \(?([A-J])`, the first.
fn after_is(text: &str) -> Option<char> {
    const HEADING: &str = "answer is ";
    text.match_indices(HEADING).find_map(|(at, _)| {
        let rest = &text[at + HEADING.len()..];
        letter_at(rest.strip_prefix('(').unwrap_or(rest), 0)
    })
}

/// `.*[aA]nswer:\s*([A-J])`: the last of the first line that has one. The letter may stand on a later line.
fn after_colon(text: &str) -> Option<char> {
    const HEADING: &str = "nswer:";
    let mut found = None;
    let mut line = 0;
    for (at, _) in text.match_indices(HEADING) {
        if !text[..at].ends_with(['a', 'A']) {
            continue;
        }
        if text[line..at].contains('\n') && found.is_some() {
            break;
        }
        line = at;
        let rest = text[at + HEADING.len()..].trim_start_matches(python::is_space);
        found = letter_at(rest, 0).or(found);
    }
    found
}

/// The last letter A to J that no other letter, digit or underscore touches.
fn last_alone(text: &str) -> Option<char> {
    (0..text.len()).rev().find_map(|at| {
        let letter = letter_at(text, at)?;
        let touched = text[..at].chars().next_back().is_some_and(python::is_word)
            || text[at + 1..].chars().next().is_some_and(python::is_word);
        (!touched).then_some(letter)
    })
}

impl Convention {
    /// The letter in an output, as this convention finds it.
    #[must_use]
    pub fn extract(self, output: &str) -> Option<char> {
        match self {
            Self::Level1 => after_is(output),
            Self::Level2 => after_is(output)
                .or_else(|| after_colon(output))
                .or_else(|| last_alone(output)),
        }
    }
}

impl Marking for Convention {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        match self.extract(output) {
            None => Verdict::pass(false).because("no letter found"),
            Some(letter) => {
                let letter = letter.to_string();
                Verdict::pass(letter == row.answer).from_answer(Some(&letter))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_level_looks_further() {
        for (output, first, second) in [
            ("The answer is (D).", Some('D'), Some('D')),
            ("answer is  D", None, Some('D')),
            ("Answer: A\nAnswer: D", None, Some('A')),
            ("Answer: A or Answer: D", None, Some('D')),
            ("Answer: x\nAnswer:\n\n D", None, Some('D')),
            ("answer: none. Answer: B answer: q", None, Some('B')),
            ("I think B or C", None, Some('C')),
            ("We get I.", None, Some('I')),
            ("Kelvin é.Aé", None, None),
            ("B\u{93f}", None, Some('B')),
        ] {
            assert_eq!(Convention::Level1.extract(output), first, "{output}");
            assert_eq!(Convention::Level2.extract(output), second, "{output}");
        }
    }

    #[test]
    fn a_hostile_output_takes_no_longer_than_its_length() {
        for unit in ["answer is ", "answer:", "answer: \n", "AB ", "é"] {
            let output = unit.repeat(300_000 / unit.len());
            assert_eq!(Convention::Level2.extract(&output), None, "{unit}");
        }
    }
}
