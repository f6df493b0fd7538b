//! One scorer's value for one trial.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::message::Usage;

/// One scorer's value for one trial, with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The scorer's id.
    pub scorer: String,
    /// What it found.
    pub value: Value,
    /// Whether the value passes, for a numeric or label scorer that declares a pass rule; a [`Value::Pass`] says so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<bool>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For a scorer that asked a model: what was asked and said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// A scorer's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Pass or fail.
    Pass(bool),
    /// A finite number.
    Number(f64),
    /// One of some classes.
    Label(String),
    /// No value, though there should be one.
    Unscored(Unscored),
    /// No value, and none is due: `checks` on a case without any, a judged score of a trial without an answer.
    NotApplicable,
}

/// Why a scorer has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unscored {
    /// The verdict of a judge or a user's scorer could not be read, or is none of those declared.
    Unreadable,
    /// The judge refused.
    Refused,
    /// The judge, model or program could not be asked, or gave no answer in time: time-out, quota, endpoint down.
    Unavailable,
    /// Too few readable votes, or a tied majority.
    NoMajority,
    /// The scorer's own fault: an option that cannot be rendered for this case, a program that crashed.
    Broken,
}

impl Unscored {
    /// The words used on the screen.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Unreadable => "verdict unreadable",
            Self::Refused => "judge refused",
            Self::Unavailable => "unavailable",
            Self::NoMajority => "no majority of votes",
            Self::Broken => "scorer broken",
        }
    }
}

/// What a scorer asked of a model, and what came back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A judge's identity: digest of prompt, model and parameters. Empty for a scorer that is none.
    pub judge: String,
    /// The replies' texts, one a vote.
    pub replies: Vec<String>,
    /// Tokens of all votes.
    pub usage: Usage,
    /// USD of all votes, where the price is known.
    pub cost_usd: Option<f64>,
    /// Wall time of all votes in milliseconds.
    pub took_ms: f64,
    /// The model as the endpoint named it.
    pub model_returned: Option<String>,
    /// Attempts made, failed ones included.
    pub attempts: u32,
    /// Details that a judge kind keeps (spread of votes, log-probabilities).
    #[serde(skip_serializing_if = "Json::is_null")]
    pub details: Json,
}

impl Score {
    /// A score without a reason.
    #[must_use]
    pub fn new(scorer: impl Into<String>, value: Value) -> Self {
        Self {
            scorer: scorer.into(),
            value,
            pass: None,
            reason: None,
            asked: None,
        }
    }

    /// Pass or fail with a reason.
    #[must_use]
    pub fn pass(scorer: impl Into<String>, pass: bool, reason: impl Into<String>) -> Self {
        Self::new(scorer, Value::Pass(pass)).because(reason)
    }

    /// No value, though there should be one.
    #[must_use]
    pub fn unscored(scorer: impl Into<String>, why: Unscored, reason: impl Into<String>) -> Self {
        Self::new(scorer, Value::Unscored(why)).because(reason)
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Whether it passes; `None` where it has no pass rule or no value.
    #[must_use]
    pub fn passes(&self) -> Option<bool> {
        match &self.value {
            Value::Pass(pass) => Some(*pass),
            Value::Number(_) | Value::Label(_) => self.pass,
            Value::Unscored(_) | Value::NotApplicable => None,
        }
    }

    /// Whether a value is missing that should be there.
    #[must_use]
    pub fn is_unscored(&self) -> bool {
        matches!(self.value, Value::Unscored(_))
    }
}

/// What kind of value a scorer yields: known before it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Pass or fail.
    PassFail,
    /// A number.
    Number {
        /// The declared scale, lowest and highest value.
        scale: Option<(f64, f64)>,
        /// The rule by which a value passes, as written (`>= 0.5`), if one is declared.
        pass: Option<String>,
    },
    /// One of these classes.
    Label {
        /// The classes offered.
        classes: Vec<String>,
        /// Those that pass, if declared.
        pass: Vec<String>,
    },
}

impl Measure {
    /// Whether scores of this measure say pass or fail.
    #[must_use]
    pub fn decides(&self) -> bool {
        match self {
            Self::PassFail => true,
            Self::Number { pass, .. } => pass.is_some(),
            Self::Label { pass, .. } => !pass.is_empty(),
        }
    }
}
