//! SimpleQA: a grader's reply read as A (correct), B (incorrect) or C (not attempted), and the figures over all of them (Wei et al. 2024,
//! "Measuring short-form factuality in large language models").
//!
//! The benchmark's own program takes the first capital A, B or C anywhere in the reply, so that `**C**orrect` is C and `INCORRECT` is C too,
//! and C where there is none. `strict` reads a reply that says one grade and nothing else, and leaves any other unscored.

use serde::Deserialize;

use super::{Marking, Verdict};

/// A grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// A.
    Correct,
    /// B.
    Incorrect,
    /// C.
    NotAttempted,
}

/// The rule looks at nothing in the row: the grader has seen question and gold.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Row {}

/// How the grader's reply is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// The first capital A, B or C anywhere; C where there is none.
    Official,
    /// The letter or the word of one grade, alone but for marks around it.
    Strict,
}

impl Convention {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("official", Self::Official), ("strict", Self::Strict)];
}

impl Grade {
    /// The letter of a grade.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Correct => 'A',
            Self::Incorrect => 'B',
            Self::NotAttempted => 'C',
        }
    }

    fn of(letter: char) -> Option<Self> {
        match letter {
            'A' => Some(Self::Correct),
            'B' => Some(Self::Incorrect),
            'C' => Some(Self::NotAttempted),
            _ => None,
        }
    }
}

impl Convention {
    /// The grade that a grader's reply gives; `None` where a strict reading finds none.
    #[must_use]
    pub fn grade(self, reply: &str) -> Option<Grade> {
        match self {
            Self::Official => Some(
                reply
                    .chars()
                    .find_map(Grade::of)
                    .unwrap_or(Grade::NotAttempted),
            ),
            Self::Strict => {
                let bare = reply.trim_matches(|letter: char| !letter.is_alphanumeric());
                let mut letters = bare.chars();
                match (letters.next().and_then(Grade::of), letters.next()) {
                    (Some(grade), None) => return Some(grade),
                    (Some(grade), Some(':' | ')' | '.')) => {
                        let word = letters.as_str().trim();
                        return (Self::word(word) == Some(grade)).then_some(grade);
                    }
                    _ => {}
                }
                Self::word(bare)
            }
        }
    }

    fn word(word: &str) -> Option<Grade> {
        match word.to_ascii_uppercase().replace([' ', '-'], "_").as_str() {
            "CORRECT" => Some(Grade::Correct),
            "INCORRECT" => Some(Grade::Incorrect),
            "NOT_ATTEMPTED" => Some(Grade::NotAttempted),
            _ => None,
        }
    }
}

impl Marking for Convention {
    type Row = Row;

    /// Here the output is the grader's reply, not the agent's.
    fn verdict(&self, _: &Row, reply: &str) -> Verdict {
        match self.grade(reply) {
            None => Verdict::unscored(
                "the grader's reply is none of CORRECT, INCORRECT and NOT_ATTEMPTED",
            ),
            Some(grade) => Verdict::pass(grade == Grade::Correct)
                .from_answer(Some(&grade.letter().to_string()))
                .because(match grade {
                    Grade::Correct => "correct",
                    Grade::Incorrect => "incorrect",
                    Grade::NotAttempted => "not attempted",
                }),
        }
    }
}

/// The figures of the benchmark over graded answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Share of correct answers.
    pub correct: f64,
    /// Share of incorrect ones.
    pub incorrect: f64,
    /// Share of answers that attempt none.
    pub not_attempted: f64,
    /// Correct among attempted; 0 where none was attempted, as in the benchmark's program.
    pub accuracy_given_attempted: f64,
    /// Harmonic mean of the two accuracies; 0 where both are 0, as in the benchmark's program.
    pub f_score: f64,
}

/// The figures; `None` without any answer.
#[must_use]
pub fn figures(grades: &[Grade]) -> Option<Figures> {
    if grades.is_empty() {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of answers")]
    let share =
        |grade| grades.iter().filter(|found| **found == grade).count() as f64 / grades.len() as f64;
    let ratio = |above: f64, below: f64| if below > 0.0 { above / below } else { 0.0 };
    let (correct, incorrect) = (share(Grade::Correct), share(Grade::Incorrect));
    let given = ratio(correct, correct + incorrect);
    Some(Figures {
        correct,
        incorrect,
        not_attempted: share(Grade::NotAttempted),
        accuracy_given_attempted: given,
        f_score: ratio(2.0 * given * correct, given + correct),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_official_reading_takes_the_first_capital_of_three() {
        use Grade::{Correct, Incorrect, NotAttempted};
        for (reply, official, strict) in [
            ("A", Correct, Some(Correct)),
            (" B.", Incorrect, Some(Incorrect)),
            ("**C**orrect", NotAttempted, None),
            ("CORRECT", NotAttempted, Some(Correct)),
            ("INCORRECT", NotAttempted, Some(Incorrect)),
            ("NOT_ATTEMPTED", Correct, Some(NotAttempted)),
            ("not attempted", NotAttempted, Some(NotAttempted)),
            ("A: CORRECT", Correct, Some(Correct)),
            ("A: INCORRECT", Correct, None),
            ("The grade is B", Incorrect, None),
            ("", NotAttempted, None),
        ] {
            assert_eq!(Convention::Official.grade(reply), Some(official), "{reply}");
            assert_eq!(Convention::Strict.grade(reply), strict, "{reply}");
        }
    }

    #[test]
    fn without_an_attempt_the_figures_are_nought_and_without_an_answer_there_are_none() {
        let figures_of = figures(&[Grade::NotAttempted]).unwrap();
        assert!(figures_of.accuracy_given_attempted.abs() < 1e-15);
        assert!(figures_of.f_score.abs() < 1e-15);
        assert_eq!(figures(&[]), None);
    }
}
