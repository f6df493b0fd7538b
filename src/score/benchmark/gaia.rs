//! GAIA: a number, a list or a few words (Mialon et al. 2023, "GAIA: a benchmark for General AI Assistants"), as its leaderboard scores.
//!
//! The gold decides the kind: what reads as a number is compared as one, after `$`, `%` and `,` are taken out of the answer; what has a comma or
//! a semicolon is a list, compared place by place (so a gold of `1,000` is a list of two); all else is compared in small letters without any
//! white space or ASCII punctuation.

use serde::Deserialize;

use super::{Marking, Verdict, python};

/// A row of the benchmark's file.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The gold answer.
    #[serde(alias = "Final answer")]
    pub final_answer: String,
}

/// The one convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gaia;

/// The answer as a number; what is none counts as infinite, as in the leaderboard's program.
fn number(answer: &str) -> f64 {
    python::float(&answer.replace(['$', '%', ','], "")).unwrap_or(f64::INFINITY)
}

fn words(text: &str, keep_punctuation: bool) -> String {
    let bare: String = text
        .chars()
        .filter(|letter| !python::is_space(*letter))
        .collect();
    bare.to_lowercase()
        .chars()
        .filter(|letter| keep_punctuation || !letter.is_ascii_punctuation())
        .collect()
}

/// Whether an answer is the gold one.
#[must_use]
#[expect(
    clippy::float_cmp,
    reason = "the leaderboard compares floats as they are"
)]
pub fn right(answer: &str, gold: &str) -> bool {
    if let Some(gold) = python::float(gold) {
        return number(answer) == gold;
    }
    if gold.contains([',', ';']) {
        let golds = gold.split([',', ';']);
        let answers = answer.split([',', ';']);
        return golds.clone().count() == answers.clone().count()
            && golds
                .zip(answers)
                .all(|(gold, answer)| match python::float(gold) {
                    Some(gold) => number(answer) == gold,
                    None => words(answer, true) == words(gold, true),
                });
    }
    words(answer, false) == words(gold, false)
}

impl Marking for Gaia {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        Verdict::pass(right(output, &row.final_answer)).from_answer(Some(output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gold_decides_the_kind() {
        for (answer, gold, wanted) in [
            ("$1,000.0", "1000", true),
            ("1000", "1,000", false),
            ("1; 000", "1,000", true),
            ("Sea  Gull!", "seagull", true),
            ("a, B", "a;b", true),
            ("a, B.", "a;b", false),
            ("no number", "inf", true),
            ("no number", "nan", false),
        ] {
            assert_eq!(right(answer, gold), wanted, "{answer} / {gold}");
        }
    }
}
