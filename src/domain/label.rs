//! People's judgements, and a judge's verdicts recorded elsewhere: one row of a labels file each.

use serde::{Deserialize, Serialize};

/// Which output a row is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A name of the labels file's own.
    Item(String),
    /// An output of a run.
    Trial {
        /// The case.
        case: String,
        /// The target.
        target: String,
        /// The repeat, from 0.
        repeat: u32,
    },
}

impl Subject {
    /// The subject as a report names it: `c017`, `c017/next`, `c017/next/2`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Item(item) => item.clone(),
            Self::Trial {
                case,
                target,
                repeat: 0,
            } => format!("{case}/{target}"),
            Self::Trial {
                case,
                target,
                repeat,
            } => format!("{case}/{target}/{repeat}"),
        }
    }
}

/// Which of two outputs is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// The first, `output_a`.
    A,
    /// The second, `output_b`.
    B,
    /// Neither.
    Tie,
}

/// What was said of an output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A grade or another finite number.
    Rating(f64),
    /// Pass or fail.
    Pass(bool),
    /// Which of two outputs is better.
    Preference(Preference),
    /// A class.
    Class(String),
}

impl Said {
    /// The column that holds it: `rating`, `pass`, `preference`, `class`.
    #[must_use]
    pub fn column(&self) -> &'static str {
        match self {
            Self::Rating(_) => "rating",
            Self::Pass(_) => "pass",
            Self::Preference(_) => "preference",
            Self::Class(_) => "class",
        }
    }
}

/// One annotator's judgement of one output, or a judge's recorded verdict of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The output.
    pub subject: Subject,
    /// The annotator, or the judge.
    pub by: String,
    /// What was said; `None`: a judge's verdict that could not be read (an annotator's row always says something).
    pub said: Option<Said>,
    /// Reasons in words.
    pub critique: Option<String>,
    /// The rubric that was followed.
    pub rubric_version: Option<String>,
    /// When, as written (RFC 3339).
    pub at: Option<String>,
    /// How long it took.
    pub seconds: Option<f64>,
    /// Which output of a pair stood first: `a`, `b`.
    pub side: Option<Preference>,
    /// With which probability the output was drawn for labelling, above 0 and at most 1.
    pub probability: Option<f64>,
    /// The row repeats an earlier one, to see whether the annotator agrees with themselves: it is no second label.
    pub repeat_of: Option<String>,
    /// The cluster, where the file has such a column.
    pub cluster: Option<String>,
    /// P(pass) as the judge stated it.
    pub stated: Option<f64>,
    /// Texts in the row.
    pub texts: Texts,
    /// The line of the file, from 1.
    pub line: u64,
}

impl Label {
    /// A row that only names an output: nobody has said anything of it yet.
    #[must_use]
    pub fn unsaid(subject: Subject) -> Self {
        Self {
            subject,
            by: String::new(),
            said: None,
            critique: None,
            rubric_version: None,
            at: None,
            seconds: None,
            side: None,
            probability: None,
            repeat_of: None,
            cluster: None,
            stated: None,
            texts: Texts::default(),
            line: 0,
        }
    }
}

/// Texts that a row brings along.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// What was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The documents that belong to the question: one text, or a JSON list of texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The first output of a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_a: Option<String>,
    /// The second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_b: Option<String>,
}

impl Texts {
    /// The first of these texts that says anything; else an empty one, where one is empty.
    #[must_use]
    pub fn first(of: &[&Self], text: fn(&Self) -> &Option<String>) -> Option<String> {
        let given = || of.iter().filter_map(|one| text(one).as_ref());
        let says = given().find(|text| !text.is_empty());
        says.or_else(|| given().next()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_named_as_briefly_as_it_can_be() {
        let trial = |repeat| Subject::Trial {
            case: "c1".into(),
            target: "next".into(),
            repeat,
        };
        assert_eq!(Subject::Item("x".into()).name(), "x");
        assert_eq!(trial(0).name(), "c1/next");
        assert_eq!(trial(2).name(), "c1/next/2");
    }
}
