//! SQuAD: a span of text, the same word for word or by its words (Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine
//! Comprehension of Text").
//!
//! Both texts are put into small letters and freed of ASCII punctuation, of the articles a, an and the, and of extra white space. The best of
//! the accepted texts counts. A question without an answer (version 2) accepts the empty text only.

use serde::Deserialize;

use super::{Marking, Verdict};
use crate::score::similarity::token_f1;

/// What a question accepts.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The answers that people gave; none where the text does not answer the question.
    pub answers: Answers,
}

/// The answers of a row, in the form of the file that is nested and in the form of the file that has columns.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Answers {
    /// `[{"text": ..}, ..]`.
    Nested(Vec<Answer>),
    /// `{"text": [..]}`.
    Columns {
        /// The texts.
        text: Vec<String>,
    },
}

/// An accepted answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    /// Its text.
    pub text: String,
}

impl Answers {
    fn texts(&self) -> Vec<&str> {
        match self {
            Self::Nested(answers) => answers.iter().map(|answer| answer.text.as_str()).collect(),
            Self::Columns { text } => text.iter().map(String::as_str).collect(),
        }
    }
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// The whole text.
    ExactMatch,
    /// The harmonic mean of precision and recall over words.
    F1,
}

impl Convention {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("exact_match", Self::ExactMatch), ("f1", Self::F1)];
}

/// A text as it is compared.
#[must_use]
pub fn normal_form(text: &str) -> String {
    token_f1::words(text).join(" ")
}

impl Marking for Convention {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        let mut texts = row.answers.texts();
        if texts.is_empty() {
            texts.push("");
        }
        let found = normal_form(output);
        let verdict = match self {
            Self::ExactMatch => {
                Verdict::pass(texts.into_iter().any(|gold| normal_form(gold) == found))
            }
            Self::F1 => {
                let alike = |gold| token_f1::f1(output, gold);
                match texts
                    .into_iter()
                    .map(alike)
                    .collect::<Result<Vec<f64>, _>>()
                {
                    Ok(all) => Verdict::number(all.into_iter().fold(0.0, f64::max)),
                    Err(why) => Verdict::unscored(why),
                }
            }
        };
        verdict.from_answer(Some(&found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_accepted_text_counts() {
        let row: Row =
            serde_json::from_str(r#"{"answers": [{"text": "the Alps"}, {"text": "Bern, Swiss"}]}"#)
                .unwrap();
        assert_eq!(
            Convention::ExactMatch.verdict(&row, "Alps!").passed(),
            Some(true)
        );
        assert_eq!(
            Convention::ExactMatch.verdict(&row, "an alp").passed(),
            Some(false)
        );
        assert_eq!(Convention::F1.verdict(&row, "in Bern").value(), Some(0.5));
    }

    #[test]
    fn a_question_without_an_answer_accepts_nothing_else() {
        let row: Row = serde_json::from_str(r#"{"answers": {"text": []}}"#).unwrap();
        assert_eq!(Convention::F1.verdict(&row, " the. ").value(), Some(1.0));
        assert_eq!(Convention::F1.verdict(&row, "Bern").value(), Some(0.0));
        assert_eq!(
            Convention::ExactMatch.verdict(&row, "").passed(),
            Some(true)
        );
    }
}
