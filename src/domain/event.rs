//! What happens in a run, as facts. The journal holds them; screens and reports only listen.

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::message::Usage;
use super::plan::TrialId;
use super::score::Score;
use super::suite::Budget;
use super::transcript::{Attempt, Outcome, Transcript};

/// One fact. Serialised, it is one flat JSON object with `event` first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins, or goes on.
    RunStarted(RunStarted),
    /// A trial was handed to a worker. Not journaled.
    TrialStarted(TrialStarted),
    /// How things stand, a few times a second. Not journaled.
    Tick(Tick),
    /// An attempt failed and another follows, or none.
    AttemptFailed(AttemptFailed),
    /// A trial has its outcome; its scores may still be to come.
    TrialFinished(Box<TrialFinished>),
    /// Scores of a trial: the rules in one line, each asked scorer in a line of its own.
    Scored(Scored),
    /// What has been spent so far; once a second.
    Spent(Spent),
    /// A limit stopped the run.
    LimitReached(LimitReached),
    /// The user stopped the run.
    Interrupted(Interrupted),
    /// Nothing more will happen in this run until it is resumed.
    RunFinished(RunFinished),
}

/// The run begins, or goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    /// Trials in the whole plan.
    pub planned: u64,
    /// Trials already settled.
    pub settled: u64,
    /// Whether this goes on where an earlier process stopped.
    pub resumed: bool,
    /// What it may spend.
    #[serde(default, skip_serializing_if = "Budget::is_none")]
    pub budget: Budget,
    /// What had changed since the run began, if it was resumed all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<String>,
    /// Milliseconds since 1970 (UTC).
    pub at_ms: u64,
}

/// A trial was handed to a worker.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialStarted {
    /// Its ordinal.
    pub ordinal: u64,
}

/// How things stand right now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Tick {
    /// Calls under way.
    pub in_flight: u32,
    /// Trials that wait because an endpoint asked to be left alone.
    pub waiting: u32,
    /// Seconds until the first of these goes on.
    pub next_s: f64,
    /// Calls that wait for their turn among the calls a minute that the suite allows.
    pub on_rpm: u32,
    /// Calls that wait for their turn among the tokens a minute that the suite allows.
    pub on_tpm: u32,
    /// Calls that wait until others have settled what they cost, because the budget has no room for both.
    pub on_budget: u32,
    /// Calls at once that are left at the endpoint spared most after its complaints; 0: none is spared.
    pub slowed_to: u32,
}

/// An attempt failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptFailed {
    /// The trial's ordinal.
    pub ordinal: u64,
    /// The trial.
    pub trial: TrialId,
    /// The scorer that asked; `None` for the target's own call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scorer: Option<String>,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// What went wrong.
    pub fault: Fault,
    /// When the next one follows; `None`: it was the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_in_ms: Option<f64>,
}

/// A trial has its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialFinished {
    /// Its ordinal.
    pub ordinal: u64,
    /// The trial.
    pub trial: TrialId,
    /// How it ended.
    pub outcome: Outcome,
    /// All attempts, the last one included.
    pub attempts: Vec<Attempt>,
    /// What happened.
    pub transcript: Transcript,
}

/// Scores of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The trial's ordinal.
    pub ordinal: u64,
    /// The trial.
    pub trial: TrialId,
    /// The scores.
    pub scores: Vec<Score>,
}

/// What has been spent so far, in this run as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spent {
    /// USD of all calls with a known price; targets and judges.
    pub usd: f64,
    /// Tokens of all calls.
    pub tokens: Usage,
    /// Calls made, failed attempts included, replayed ones not.
    pub calls: u64,
    /// What calls have reserved that have not said what they used: those under way, and those that ended without saying.
    #[serde(skip_serializing_if = "Reserved::is_none")]
    pub reserved: Reserved,
}

/// What calls may have used besides what is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reserved {
    /// USD.
    pub usd: f64,
    /// Tokens.
    pub tokens: u64,
    /// Calls under way.
    pub calls: u64,
}

impl Reserved {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A limit stopped the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitReached {
    /// Its key in the suite (`budget_usd`), or `max_fail`, or `breaker`.
    pub limit: String,
    /// In words, with the number.
    pub message: String,
}

/// The user stopped the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    /// The signal's name, `INT` or `TERM`.
    pub signal: String,
    /// Milliseconds since 1970 (UTC); 0 where it was not noted.
    #[serde(default)]
    pub at_ms: u64,
}

/// Nothing more will happen until the run is resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFinished {
    /// Trials settled, of all processes of this run.
    pub settled: u64,
    /// Trials stopped or never started.
    pub stopped: u64,
    /// Milliseconds since 1970 (UTC).
    pub at_ms: u64,
}

impl Event {
    /// The word that stands first in its line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted(_) => "run_started",
            Self::TrialStarted(_) => "trial_started",
            Self::Tick(_) => "tick",
            Self::AttemptFailed(_) => "attempt_failed",
            Self::TrialFinished(_) => "trial_finished",
            Self::Scored(_) => "scored",
            Self::Spent(_) => "spent",
            Self::LimitReached(_) => "limit_reached",
            Self::Interrupted(_) => "interrupted",
            Self::RunFinished(_) => "run_finished",
        }
    }

    /// Whether the journal keeps it.
    #[must_use]
    pub fn is_journaled(&self) -> bool {
        !matches!(self, Self::TrialStarted(_) | Self::Tick(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_flat_and_names_its_event_first() {
        let event = Event::Interrupted(Interrupted {
            signal: "INT".into(),
            at_ms: 9,
        });
        let line = serde_json::to_string(&event).unwrap();
        assert_eq!(line, r#"{"event":"interrupted","signal":"INT","at_ms":9}"#);
        assert!(line.contains(event.name()));
    }
}
