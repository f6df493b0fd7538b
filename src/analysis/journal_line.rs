//! Lines of the journal without their texts: only what columns keep is parsed, all else is skipped.

use std::borrow::Cow;

use serde::Deserialize;

use crate::domain::fault::FaultKind;
use crate::domain::message::{Finish, Usage};
use crate::domain::score::Unscored;

use super::flips::DetailsLine;
use super::record::RecordError;

/// Reads a line.
pub(crate) fn read<'a, T: Deserialize<'a>>(event: &str, json: &'a str) -> Result<T, RecordError> {
    serde_json::from_str(json).map_err(|error| RecordError::Unreadable {
        event: event.to_owned(),
        message: error.to_string(),
    })
}

#[derive(Deserialize)]
pub(crate) struct FinishedLine<'a> {
    pub(crate) ordinal: u64,
    #[serde(borrow)]
    pub(crate) outcome: OutcomeLine<'a>,
    pub(crate) attempts: Vec<serde::de::IgnoredAny>,
    #[serde(borrow)]
    pub(crate) transcript: TranscriptLine<'a>,
    #[serde(default)]
    pub(crate) reused: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(crate) struct OutcomeLine<'a> {
    pub(crate) state: StateWord,
    #[serde(default, borrow)]
    pub(crate) kind: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(crate) fault: Option<FaultLine>,
}

/// States as numbers: what stands in the low bits of a state byte.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateWord {
    Answered = 1,
    Failed = 2,
    Errored = 3,
    Stopped = 4,
}

#[derive(Deserialize)]
pub(crate) struct FaultLine {
    pub(crate) kind: FaultKind,
}

#[derive(Deserialize)]
pub(crate) struct TranscriptLine<'a> {
    #[serde(default)]
    pub(crate) finish: Option<Finish>,
    #[serde(default)]
    pub(crate) usage: Option<Usage>,
    #[serde(default)]
    pub(crate) cost_usd: Option<f64>,
    #[serde(default)]
    pub(crate) timing: TimingLine,
    #[serde(default)]
    pub(crate) replayed: bool,
    #[serde(default, borrow)]
    pub(crate) model_returned: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(default)]
pub(crate) struct TimingLine {
    pub(crate) first_token_ms: Option<f64>,
    pub(crate) total_ms: f64,
    pub(crate) waited_ms: f64,
}

#[derive(Deserialize)]
pub(crate) struct ScoredLine<'a> {
    pub(crate) ordinal: u64,
    #[serde(borrow)]
    pub(crate) scores: Vec<ScoreLine<'a>>,
    #[serde(default)]
    pub(crate) reused: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(crate) struct ScoreLine<'a> {
    #[serde(borrow)]
    pub(crate) scorer: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) value: ValueLine<'a>,
    #[serde(default)]
    pub(crate) asked: Option<AskedLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ValueLine<'a> {
    Pass(bool),
    Number(f64),
    #[serde(borrow)]
    Label(Cow<'a, str>),
    Unscored(Unscored),
    NotApplicable,
}

#[derive(Deserialize)]
pub(crate) struct AskedLine {
    #[serde(default)]
    pub(crate) usage: Usage,
    #[serde(default)]
    pub(crate) cost_usd: Option<f64>,
    #[serde(default)]
    pub(crate) attempts: u32,
    #[serde(default)]
    pub(crate) details: Option<DetailsLine>,
}
