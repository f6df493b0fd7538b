//! What an annotator is asked of an output, and how the answer is read.

use crate::domain::label::{Preference, Said};

/// What an annotator says of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Pass or fail.
    PassFail,
    /// A whole grade, both ends declared.
    Grades {
        /// The lowest.
        low: i64,
        /// The highest.
        high: i64,
    },
    /// One of these classes.
    Classes(Vec<Class>),
    /// Which of two outputs is better.
    Pair {
        /// Whether neither may be.
        ties: bool,
    },
}

/// A class with what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its name, as labels have it.
    pub name: String,
    /// What it means; may be empty.
    pub meaning: String,
}

/// An answer that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The key that gives it; `None`: there are more answers than keys.
    pub key: Option<char>,
    /// The word that gives it, and names it.
    pub word: String,
    /// What it means; may be empty.
    pub meaning: String,
}

/// The first of a pair as it is shown, whichever it is.
const FIRST: &str = "first";
/// The second.
const SECOND: &str = "second";
/// Neither.
const NEITHER: &str = "tie";

impl Question {
    /// The column of a labels file that takes the answers.
    #[must_use]
    pub fn column(&self) -> &'static str {
        match self {
            Self::PassFail => "pass",
            Self::Grades { .. } => "rating",
            Self::Classes(_) => "class",
            Self::Pair { .. } => "preference",
        }
    }

    /// The answers, in the order in which they are offered.
    #[must_use]
    pub fn choices(&self) -> Vec<Choice> {
        let choice = |key, word: &str, meaning: &str| Choice {
            key,
            word: word.to_owned(),
            meaning: meaning.to_owned(),
        };
        match self {
            Self::PassFail => vec![choice(Some('1'), "pass", ""), choice(Some('2'), "fail", "")],
            Self::Grades { low, high } => (*low..=*high)
                .map(|grade| choice(grade_key(grade, *low, *high), &grade.to_string(), ""))
                .collect(),
            Self::Classes(classes) => {
                let keys = class_keys(classes);
                let keyed = classes.iter().zip(keys);
                keyed
                    .map(|(class, key)| choice(key, &class.name, &class.meaning))
                    .collect()
            }
            Self::Pair { ties } => {
                let mut choices = vec![
                    choice(Some('a'), FIRST, "the first is better"),
                    choice(Some('b'), SECOND, "the second is better"),
                ];
                if *ties {
                    choices.push(choice(Some('='), NEITHER, "neither is better"));
                }
                choices
            }
        }
    }

    /// What a word or a key says; `first`: which output of a pair stood first. `None`: it is no answer to this.
    #[must_use]
    pub fn read(&self, answer: &str, first: Preference) -> Option<Said> {
        let answer = answer.trim();
        let choices = self.choices();
        let by_word = || choices.iter().find(|choice| choice.word == answer);
        let mut keys = answer.chars();
        let by_key = match (keys.next(), keys.next()) {
            (Some(key), None) => choices.iter().find(|choice| choice.key == Some(key)),
            _ => None,
        };
        let choice = by_word().or(by_key)?;
        Some(match self {
            Self::PassFail => Said::Pass(choice.word == "pass"),
            Self::Grades { .. } => Said::Rating(choice.word.parse().ok()?),
            Self::Classes(_) => Said::Class(choice.word.clone()),
            Self::Pair { .. } => Said::Preference(match choice.word.as_str() {
                FIRST => first,
                SECOND => other(first),
                _ => Preference::Tie,
            }),
        })
    }

    /// The word of an answer, as [`Question::choices`] has it; `None`: it answers another question.
    #[must_use]
    pub fn word(&self, said: &Said, first: Preference) -> Option<String> {
        let word = match (self, said) {
            (Self::PassFail, Said::Pass(true)) => "pass".to_owned(),
            (Self::PassFail, Said::Pass(false)) => "fail".to_owned(),
            (Self::Grades { .. }, Said::Rating(grade)) => grade.to_string(),
            (Self::Classes(_), Said::Class(class)) => class.clone(),
            (Self::Pair { .. }, Said::Preference(Preference::Tie)) => NEITHER.to_owned(),
            (Self::Pair { .. }, Said::Preference(side)) if *side == first => FIRST.to_owned(),
            (Self::Pair { .. }, Said::Preference(_)) => SECOND.to_owned(),
            _ => return None,
        };
        self.choices()
            .iter()
            .any(|choice| choice.word == word)
            .then_some(word)
    }
}

/// The other output of a pair.
fn other(side: Preference) -> Preference {
    match side {
        Preference::A => Preference::B,
        Preference::B => Preference::A,
        Preference::Tie => Preference::Tie,
    }
}

/// A grade's own digit, where all grades have one; 0 stands for 10 on a scale that has no 0.
fn grade_key(grade: i64, low: i64, high: i64) -> Option<char> {
    let has_digits = low >= 0 && (high <= 9 || (low >= 1 && high == 10));
    let digit = u32::try_from(grade % 10).ok()?;
    char::from_digit(digit, 10).filter(|_| has_digits)
}

/// 1 to 9, then 0, by their places; where classes are called by digits, these are the keys: one key has one meaning.
fn class_keys(classes: &[Class]) -> Vec<Option<char>> {
    let digit = |class: &Class| {
        let mut letters = class.name.chars();
        let only = letters.next().filter(|_| letters.next().is_none());
        only.filter(char::is_ascii_digit)
    };
    let by_name: Vec<Option<char>> = classes.iter().map(digit).collect();
    if by_name.iter().any(Option::is_some) {
        return by_name;
    }
    let by_place = "1234567890".chars().map(Some);
    by_place
        .chain(std::iter::repeat(None))
        .take(classes.len())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(count: usize) -> Question {
        let class = |at: usize| Class {
            name: format!("class {at}"),
            meaning: String::new(),
        };
        Question::Classes((0..count).map(class).collect())
    }

    #[test]
    fn every_answer_that_is_offered_is_read_by_word_and_by_key() {
        let questions = [
            Question::PassFail,
            Question::Grades { low: 1, high: 5 },
            Question::Grades { low: 1, high: 10 },
            Question::Grades { low: 0, high: 9 },
            Question::Grades { low: -2, high: 100 },
            classes(12),
            Question::Pair { ties: true },
            Question::Pair { ties: false },
        ];
        for question in questions {
            for first in [Preference::A, Preference::B] {
                for choice in question.choices() {
                    let said = question.read(&choice.word, first).unwrap();
                    assert_eq!(question.word(&said, first), Some(choice.word.clone()));
                    assert_eq!(said.column(), question.column());
                    if let Some(key) = choice.key {
                        assert_eq!(question.read(&key.to_string(), first), Some(said));
                    }
                }
                assert_eq!(question.read("", first), None);
                assert_eq!(question.read("what", first), None);
            }
        }
    }

    #[test]
    fn keys_are_digits_as_far_as_they_go() {
        let keys = |question: &Question| -> String {
            let choices = question.choices();
            choices.iter().filter_map(|choice| choice.key).collect()
        };
        assert_eq!(keys(&Question::Grades { low: 1, high: 10 }), "1234567890");
        assert_eq!(keys(&Question::Grades { low: 0, high: 100 }), "");
        assert_eq!(keys(&Question::Grades { low: -1, high: 1 }), "");
        assert_eq!(keys(&classes(12)), "1234567890");
        let named = |name: &str| Class {
            name: name.into(),
            meaning: String::new(),
        };
        let by_name = Question::Classes(["2", "other", "1"].map(named).into());
        assert_eq!(keys(&by_name), "21", "a digit is the class of that name");
        let said = by_name.read("1", Preference::A);
        assert_eq!(said, Some(Said::Class("1".into())));
    }

    #[test]
    fn a_side_is_that_of_the_pair_and_not_of_the_screen() {
        let pair = Question::Pair { ties: true };
        let read = |answer, first| pair.read(answer, first).unwrap();
        assert_eq!(read("a", Preference::B), Said::Preference(Preference::B));
        assert_eq!(read("b", Preference::B), Said::Preference(Preference::A));
        assert_eq!(read("=", Preference::B), Said::Preference(Preference::Tie));
        let strict = Question::Pair { ties: false };
        assert_eq!(strict.read("=", Preference::A), None);
        assert_eq!(
            strict.word(&Said::Preference(Preference::Tie), Preference::A),
            None
        );
    }
}
