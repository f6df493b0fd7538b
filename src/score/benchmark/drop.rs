//! DROP: numbers, dates and spans out of a paragraph (Dua et al. 2019, "DROP: A Reading Comprehension Benchmark Requiring Discrete Reasoning
//! Over Paragraphs").
//!
//! As SQuAD, but texts are split at single spaces and hyphens first, numbers keep their point and are compared as numbers, words count once,
//! and an answer that misses the gold's numbers gets nothing. An output is one answer: where the gold is several spans, the best of
//! them is met and the others are not. The output's answer is what follows `Answer:`, else the whole output.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Marking, Verdict, letters, python};
use crate::score::similarity::token_f1::without_articles;

/// What a question accepts.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// Accepted answers, joined by `|`.
    pub ref_text: String,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// The whole answer.
    ExactMatch,
    /// Words, as a percentage by a hundredth: 0 to 1, to four decimals.
    F1,
}

impl Convention {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("exact_match", Self::ExactMatch), ("f1", Self::F1)];
}

/// An answer as it is compared.
#[must_use]
pub fn normal_form(text: &str) -> String {
    let parts = text.split([' ', '-']).map(|token| {
        let small = token.to_lowercase();
        let token = match python::float(&small) {
            Some(number) => python::float_text(number),
            None => {
                let bare: String = small
                    .chars()
                    .filter(|letter| !letter.is_ascii_punctuation())
                    .collect();
                python::float(&bare).map_or(bare, python::float_text)
            }
        };
        let bare = without_articles(&token);
        python::split(&bare).collect::<Vec<_>>().join(" ")
    });
    parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// F1 over the words of two answers in normal form, to two decimals of a percentage.
fn of_words(found: &str, gold: &str) -> f64 {
    let words = |text| python::split(text).collect::<BTreeSet<&str>>();
    let (found, gold) = (words(found), words(gold));
    let numbers: Vec<&&str> = gold
        .iter()
        .filter(|word| python::float(word).is_some())
        .collect();
    if !numbers.is_empty() && !numbers.iter().any(|number| found.contains(**number)) {
        return 0.0;
    }
    let both = found.intersection(&gold).count();
    #[expect(clippy::cast_precision_loss, reason = "counts of words of one text")]
    let share = |whole: usize| match whole {
        0 => 1.0,
        whole => both as f64 / whole as f64,
    };
    let (precision, recall) = (share(found.len()), share(gold.len()));
    if precision + recall == 0.0 {
        return 0.0;
    }
    let percent = 200.0 * precision * recall / (precision + recall);
    // To two decimals as they are written, which is how Python rounds.
    format!("{percent:.2}").parse().unwrap_or(percent)
}

/// Exact match, and F1 as a percentage, of one answer against one accepted text.
#[must_use]
pub fn compare(answer: &str, gold: &str) -> (bool, f64) {
    let (answer, gold) = (normal_form(answer), normal_form(gold));
    (answer == gold, of_words(&answer, &gold))
}

impl Marking for Convention {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        let answer = letters::answer_line(output).unwrap_or(output);
        let golds: Vec<(bool, f64)> = row
            .ref_text
            .split('|')
            .filter(|gold| !python::strip(gold).is_empty())
            .map(|gold| compare(answer, gold))
            .collect();
        if golds.is_empty() {
            return Verdict::unscored("the row's `ref_text` accepts nothing");
        }
        let verdict = match self {
            Self::ExactMatch => Verdict::pass(golds.iter().any(|(exact, _)| *exact)),
            Self::F1 => {
                let best = golds.iter().map(|(_, f1)| *f1).fold(0.0, f64::max);
                Verdict::number(best / 100.0)
            }
        };
        verdict.from_answer(Some(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked by hand from the published rules; there are no recorded outputs to compare with.
    #[test]
    fn answers_worked_by_hand() {
        for (answer, gold, exact, percent) in [
            ("30", "30.0", true, 100.0),
            ("$30", "30", true, 100.0),
            ("1,000", "1000", true, 100.0),
            ("thirty", "30", false, 0.0),
            ("30 yards", "30", false, 66.67),
            ("20 yards", "30 yards", false, 0.0),
            ("the Denver Broncos", "Broncos", false, 66.67),
            ("well-known man", "well known man", true, 100.0),
            ("a an the", "the", true, 100.0),
            ("red red dog", "red dog", false, 100.0),
        ] {
            assert_eq!(compare(answer, gold), (exact, percent), "{answer} / {gold}");
        }
    }

    #[test]
    fn the_answer_line_counts_before_the_whole_output() {
        let row: Row = serde_json::from_str(r#"{"ref_text": "12|twelve"}"#).unwrap();
        let output = "I count 11.\nAnswer: 12";
        assert_eq!(
            Convention::ExactMatch.verdict(&row, output).passed(),
            Some(true)
        );
        let half = Convention::F1.verdict(&row, "twelve men").value().unwrap();
        assert!((half - 0.6667).abs() < 1e-12, "{half}");
        let none: Row = serde_json::from_str(r#"{"ref_text": " | "}"#).unwrap();
        assert_eq!(Convention::F1.verdict(&none, "12").value(), None);
    }
}
