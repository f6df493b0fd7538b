//! One recorded row, and the reply it stands for.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::message::Finish;
use crate::domain::port::Reply;
use crate::domain::transcript::{Failure, Outcome, StepKind, Transcript};

/// A row as recorded.
pub(super) struct Found {
    pub(super) outcome: Outcome,
    pub(super) transcript: Transcript,
}

impl Found {
    /// A row that is an answer.
    pub(super) fn answered(transcript: Transcript) -> Self {
        Self {
            outcome: Outcome::Answered,
            transcript,
        }
    }

    /// A JSON line: a transcript, the short form, or a journal's end of a trial.
    pub(super) fn from_line(line: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Finished {
            outcome: Outcome,
            transcript: Transcript,
        }
        #[derive(Deserialize)]
        struct More {
            #[serde(default)]
            event: Option<String>,
            #[serde(default, deserialize_with = "given")]
            output: Option<Output>,
            #[serde(default)]
            latency_ms: Option<f64>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Output {
            Text(#[expect(dead_code, reason = "only told apart here")] String),
            Null(()),
            Other(serde::de::IgnoredAny),
        }
        fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Output>, D::Error> {
            Output::deserialize(from).map(Some)
        }
        let wrong = |error: serde_json::Error| error.to_string();
        let more: More = serde_json::from_slice(line).map_err(wrong)?;
        if more.event.is_some() {
            let finished: Finished = serde_json::from_slice(line).map_err(wrong)?;
            return Ok(Self {
                outcome: finished.outcome,
                transcript: finished.transcript,
            });
        }
        let mut transcript: Transcript = match more.output {
            Some(Output::Text(_)) => serde_json::from_slice(line).map_err(wrong)?,
            // No text is an answer too: an empty one.
            Some(Output::Null(())) => {
                let mut row: Json = serde_json::from_slice(line).map_err(wrong)?;
                row["output"] = Json::String(String::new());
                Transcript::deserialize(row).map_err(wrong)?
            }
            Some(Output::Other(_)) => return Err("`output` is not text".to_owned()),
            None => return Err("there is no `output`".to_owned()),
        };
        amount("cost_usd", transcript.cost_usd)?;
        if let Some(latency) = amount("latency_ms", more.latency_ms)? {
            transcript.timing.total_ms = latency;
        }
        Ok(Self::answered(transcript))
    }

    /// The reply as it was, times and cost included; for a recorded failure of the agent that failure again; for a trial that never
    /// had an answer, no answer.
    pub(super) fn reply(self) -> Result<Reply, Fault> {
        let Self {
            outcome,
            transcript,
        } = self;
        let fault = |kind, message: String| {
            Err(Fault {
                retry: Some(false),
                ..Fault::new(kind, message)
            })
        };
        match outcome {
            Outcome::Answered => {}
            Outcome::Failed { kind, message } => {
                let kind = match kind {
                    Failure::Deadline => FaultKind::TimedOut,
                    Failure::Fault(kind) => kind,
                };
                return fault(kind, format!("as recorded: {message}"));
            }
            Outcome::Errored { fault: was } => {
                return fault(
                    FaultKind::CassetteMiss,
                    format!("not answered when it was recorded: {was}"),
                );
            }
            Outcome::Stopped { why } => {
                return fault(
                    FaultKind::CassetteMiss,
                    format!("stopped when it was recorded: {why}"),
                );
            }
        }
        let steps = transcript
            .sessions
            .into_iter()
            .flat_map(|session| session.turns)
            .flat_map(|turn| turn.steps)
            .filter(|step| step.kind != StepKind::Message)
            .collect();
        Ok(Reply {
            text: transcript.output,
            reasoning: transcript.reasoning,
            tool_calls: transcript.tool_calls,
            finish: transcript.finish.unwrap_or(Finish::Stop),
            usage: transcript.usage,
            cost_usd: transcript.cost_usd,
            timing: transcript.timing,
            model: transcript.model_returned,
            steps,
            replayed: true,
            ..Reply::default()
        })
    }
}

/// A finite number from 0 up.
pub(super) fn amount(name: &str, number: Option<f64>) -> Result<Option<f64>, String> {
    match number {
        Some(number) if !number.is_finite() || number < 0.0 => {
            Err(format!("`{name}` is no amount: {number}"))
        }
        fine => Ok(fine),
    }
}
