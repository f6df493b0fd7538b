//! All that happened in a trial, and how it ended.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::fault::{Fault, FaultKind};
use super::message::{Finish, Message, Role, ToolCall, Usage};

/// All that happened in a trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transcript {
    /// The case's id.
    pub case: String,
    /// The target's id.
    pub target: String,
    /// The repeat, from 0.
    pub repeat: u32,
    /// The variant; `original` is the case as written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// The conversations, each of turns, each of steps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<Session>,
    /// The agent's last answer: what scorers see as `output`.
    pub output: String,
    /// Hidden reasoning, kept apart and seen by no scorer unless asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Tools that the last answer asks for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Why the last answer ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// Tokens of the trial; `None` where the target reports none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// USD of the trial, failed attempts that were billed included; `None` where no price is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// How long it took.
    pub timing: Timing,
    /// The model as the endpoint named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_returned: Option<String>,
    /// The reply came from a cassette or a file: latency and cost are the recorded ones.
    #[serde(skip_serializing_if = "is_false")]
    pub replayed: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if wants a reference"
)]
fn is_false(truth: &bool) -> bool {
    !*truth
}

/// One conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its name within the case.
    pub id: String,
    /// Its turns.
    pub turns: Vec<Turn>,
}

/// One user message and all that followed from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What happened, in order.
    pub steps: Vec<Step>,
}

/// One thing that happened in a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// Who spoke, for a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The text of a message or a note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The tool's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The tool's arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Json>,
    /// The tool's result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Json>,
    /// Milliseconds from the trial's start to the step's.
    #[serde(skip_serializing_if = "is_zero")]
    pub started_ms: f64,
    /// How long it took in milliseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub took_ms: f64,
    /// Tokens of this step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why the message ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if wants a reference"
)]
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// The kinds of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Something said.
    #[default]
    Message,
    /// A tool asked for.
    ToolCall,
    /// What a tool answered.
    ToolResult,
    /// A remark of the agent or the harness.
    Note,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            kind: StepKind::Message,
            role: None,
            text: None,
            name: None,
            arguments: None,
            result: None,
            started_ms: 0.0,
            took_ms: 0.0,
            usage: None,
            finish: None,
        }
    }
}

impl Step {
    /// A message as a step.
    #[must_use]
    pub fn message(message: &Message) -> Self {
        Self {
            role: Some(message.role),
            text: Some(message.content.clone()),
            ..Self::default()
        }
    }
}

/// How long a call or a trial took, in milliseconds; of a trial: its last attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    /// Until the connection stood; `None` where one was reused or the protocol has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<f64>,
    /// Until the first byte of the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<f64>,
    /// Until the first token of a streamed reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<f64>,
    /// The agent's own time: no queue, no back-off.
    pub total_ms: f64,
    /// Queue, pauses of the endpoint and back-off before and between attempts.
    #[serde(skip_serializing_if = "is_zero")]
    pub waited_ms: f64,
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// A complete reply: right, wrong, empty or refusing.
    Answered,
    /// The agent's own failure: counts as success 0, is never retried.
    Failed {
        /// What it did.
        kind: Failure,
        /// In words.
        message: String,
    },
    /// A fault of harness or endpoint: never a score.
    Errored {
        /// The last attempt's fault.
        fault: Fault,
    },
    /// Never started, or ended by us.
    Stopped {
        /// By what: `interrupted`, `max_fail`, a limit's name.
        why: String,
    },
}

impl Outcome {
    /// The short word: `answered`, `failed`, `errored`, `stopped`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed { .. } => "failed",
            Self::Errored { .. } => "errored",
            Self::Stopped { .. } => "stopped",
        }
    }
}

/// The kinds of an agent's own failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// `limits.deadline` was over before the trial was.
    Deadline,
    /// A fault that counts as the agent's for this kind of target (`counts_as_failure`).
    Fault(FaultKind),
}

impl Failure {
    /// The word used in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Fault(kind) => kind.name(),
        }
    }

    /// Reads the word used in files.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "deadline" {
            return Some(Self::Deadline);
        }
        FaultKind::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| Self::Fault(*kind))
    }

    /// The words used on the screen.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Deadline => "past the deadline",
            Self::Fault(kind) => kind.words(),
        }
    }
}

impl Serialize for Failure {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Failure {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_name(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown agent failure `{name}`")))
    }
}

/// One try of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// What went wrong; `None` for the one that yielded the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// How long it took in milliseconds.
    pub took_ms: f64,
    /// How long was waited after it, in milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub waited_ms: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_is_a_transcript_too() {
        let short: Transcript = serde_json::from_str(r#"{"case": "c1", "output": "42"}"#).unwrap();
        assert_eq!((short.case.as_str(), short.output.as_str()), ("c1", "42"));
        assert_eq!(short.usage, None);
    }

    #[test]
    fn outcomes_survive_their_line() {
        for outcome in [
            Outcome::Answered,
            Outcome::Failed {
                kind: Failure::Fault(FaultKind::Crashed),
                message: "exit code 3".into(),
            },
            Outcome::Errored {
                fault: Fault::new(FaultKind::Unavailable, "reset"),
            },
            Outcome::Stopped {
                why: "interrupted".into(),
            },
        ] {
            let line = serde_json::to_string(&outcome).unwrap();
            assert_eq!(
                serde_json::from_str::<Outcome>(&line).unwrap(),
                outcome,
                "{line}"
            );
        }
    }
}
