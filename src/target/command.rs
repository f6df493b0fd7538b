//! `command`: any agent as a program that speaks JSON.
//!
//! The program gets one line: `{"v":1,"trial","case","session","turn","input","messages","tools"}`, and answers one JSON value:
//! `{"output","tool_calls"?,"usage"?,"cost_usd"?,"steps"?}`, or `{"error":{"kind","message","retry"}}`. Everything else it has to say
//! belongs on stderr. Started for each trial, it then sees the end of its input and ends itself, with exit code 0. As one of several
//! `workers` it answers line after line; `{"v":1,"end_session":true}` and `{"v":1,"end_trial":true}` tell it that a conversation and
//! a trial are over, and are not answered. An answer may repeat the `trial` that it is for; one for another trial is refused, which
//! protects a worker that answers out of step.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::domain::case::Case;
use crate::domain::decode::{Fields, List, MapOf, Text, Whole, WithEnv};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::kind::Kind;
use crate::domain::message::{Finish, Message, ToolCall, Usage};
use crate::domain::port::{
    Accept, Answer, Call, Exchange, LineCall, Local, Parts, Program, Reply, Request, Session,
    Target, TargetPlan, Transport,
};
use crate::domain::secret::EnvText;
use crate::domain::transcript::Step;
use crate::wire::ALONE;

use super::protocol::{self, Complaint};

/// The row of the table.
pub(super) const KIND: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "command",
    summary: "any agent as a program: one JSON line in, one out",
    example: "{command: [python3, agent.py], workers: 4, env: {API_KEY: \"${API_KEY}\"}}",
    decode,
};

/// Sessions of all programs of this process; [`ALONE`] is none of them.
static SESSIONS: AtomicU64 = AtomicU64::new(ALONE + 1);

/// What the suite says about the target.
#[derive(Debug, Clone)]
struct Command {
    command: Vec<String>,
    workers: Option<u32>,
    environment: Vec<(String, EnvText)>,
    output_cap: u64,
}

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    Some(Arc::new(options(fields)?))
}

fn options(fields: &mut Fields<'_>) -> Option<Command> {
    let command = fields.required(
        "command",
        "the program and its arguments, as a list; started in the suite's folder",
        List(Text),
    );
    let workers = fields.optional(
        "workers",
        "keep up to this many programs that answer line after line; default: one program for each trial",
        Whole(1..=4_096),
    );
    let environment = fields.or(
        "env",
        "variables it gets besides the harmless ones of ours; ${NAME}",
        MapOf(WithEnv),
        Vec::new(),
    );
    let output_cap = fields.or(
        "output_cap",
        "the most bytes of one reply",
        Whole(1..=1 << 30),
        8 << 20,
    );
    if command
        .as_ref()
        .is_some_and(|command| command.first().is_none_or(String::is_empty))
    {
        fields.problem("command", "names no program");
    }
    for (name, _) in &environment {
        if name.is_empty() || name.contains(['=', '\0']) {
            fields.problem("env", format!("`{name}` is not a variable name"));
        }
    }
    Some(Command {
        command: command?,
        workers: workers.and_then(|workers| u32::try_from(workers).ok()),
        environment,
        output_cap,
    })
}

impl TargetPlan for Command {
    fn endpoint(&self) -> String {
        self.command.join(" ")
    }

    fn environment(&self) -> Vec<&EnvText> {
        self.environment.iter().map(|(_, value)| value).collect()
    }

    fn failures(&self) -> &'static [FaultKind] {
        &[FaultKind::TimedOut, FaultKind::Crashed, FaultKind::Garbled]
    }

    fn build(&self, parts: &Parts) -> Result<Rc<dyn Target>, String> {
        Ok(Rc::new(Built {
            endpoint: self.endpoint(),
            program: Arc::new(Program {
                command: self.command.clone(),
                folder: parts.folder.clone(),
                environment: self.environment.clone(),
                output_cap: self.output_cap,
                workers: self.workers,
            }),
            exchange: Rc::clone(&parts.exchange),
        }))
    }
}

struct Built {
    endpoint: String,
    program: Arc<Program>,
    exchange: Rc<dyn Exchange>,
}

impl Built {
    fn call(&self, request: &Request, session: u64) -> Call {
        let said = protocol::said(request);
        Call {
            id: request.call.clone(),
            kind: KIND.name,
            endpoint: self.endpoint.clone(),
            endpoint_filled: None,
            content: json!({"command": self.program.command, "said": said}),
            transport: Transport::Line(Box::new(LineCall {
                program: Arc::clone(&self.program),
                session,
                line: protocol::line(request).to_string().into_bytes().into(),
            })),
            timeout: request.timeout,
            accept: Accept::new(accept),
            refused,
        }
    }
}

impl Target for Built {
    fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        Ok(case.input.messages())
    }

    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        session: &'a mut Session,
    ) -> Local<'a, Result<Reply, Fault>> {
        Box::pin(async move {
            let number = if self.program.workers.is_none() {
                ALONE
            } else {
                let held = session
                    .held
                    .get_or_insert_with(|| Box::new(SESSIONS.fetch_add(1, Ordering::Relaxed)));
                held.downcast_ref::<u64>().copied().unwrap_or(ALONE)
            };
            let call = self.call(request, number);
            let answer = self.exchange.exchange(&call).await?;
            let line = parse(&answer)?;
            let wanted = protocol::trial(request);
            // A recorded answer belongs to this request by its key, whatever the target was called when it was recorded.
            if let Some(given) = line.trial.as_ref().filter(|_| !answer.replayed)
                && *given != wanted
            {
                return Err(Fault::new(
                    FaultKind::Garbled,
                    format!("the answer is for trial `{given}`, asked was `{wanted}`"),
                ));
            }
            line.reply(&answer)
        })
    }

    fn end<'a>(&'a self, session: Session) -> Local<'a, ()> {
        Box::pin(async move {
            let held = session.held.as_ref();
            if let Some(number) = held.and_then(|held| held.downcast_ref::<u64>()) {
                self.exchange.close(*number).await;
            }
        })
    }
}

/// What the program answers.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    trial: Option<String>,
    /// `Some(null)` is an empty answer, `None` is none.
    #[serde(default, deserialize_with = "given")]
    output: Option<Json>,
    #[serde(default)]
    tool_calls: Vec<ToolCall>,
    #[serde(default)]
    usage: Option<Counted>,
    #[serde(default)]
    cost_usd: Option<f64>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    error: Option<Complaint>,
}

/// A key that is there, whatever its value.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// Tokens: both numbers or none, since a forgotten one would count as 0.
#[derive(Deserialize)]
struct Counted {
    input: u64,
    output: u64,
    #[serde(default)]
    cached: u64,
    #[serde(default)]
    reasoning: u64,
}

fn garbled(answer: &Answer, why: &str) -> Fault {
    let beginning: String = String::from_utf8_lossy(&answer.body)
        .chars()
        .take(120)
        .collect();
    Fault::new(
        FaultKind::Garbled,
        format!("stdout is not the protocol's one JSON value ({why}): `{beginning}`"),
    )
}

fn parse(answer: &Answer) -> Result<Line, Fault> {
    serde_json::from_slice(&answer.body).map_err(|error| garbled(answer, &error.to_string()))
}

impl Line {
    fn reply(self, answer: &Answer) -> Result<Reply, Fault> {
        if let Some(complaint) = self.error {
            return Err(complaint.into());
        }
        let text = match self.output {
            Some(Json::String(text)) => text,
            Some(Json::Null) => String::new(),
            Some(other) => other.to_string(),
            None if !self.tool_calls.is_empty() => String::new(),
            None => return Err(garbled(answer, "no `output`, no `error`")),
        };
        if self
            .cost_usd
            .is_some_and(|cost| !cost.is_finite() || cost < 0.0)
        {
            return Err(garbled(answer, "`cost_usd` is no amount"));
        }
        let usage = self.usage.map(|counted| Usage {
            input: counted.input,
            cached: counted.cached.min(counted.input),
            output: counted.output,
            reasoning: counted.reasoning.min(counted.output),
        });
        Ok(Reply {
            text,
            finish: if self.tool_calls.is_empty() {
                Finish::Stop
            } else {
                Finish::ToolCalls
            },
            tool_calls: self.tool_calls,
            usage,
            cost_usd: self.cost_usd,
            steps: self.steps,
            timing: answer.timing,
            replayed: answer.replayed,
            ..Reply::default()
        })
    }
}

fn accept(answer: &Answer) -> Result<(), Fault> {
    parse(answer)?.reply(answer).map(drop)
}

/// Programs have no status.
fn refused(status: u16, body: &str) -> Fault {
    Fault::new(
        FaultKind::Internal,
        format!("status {status} from a program: {body}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decode::{Problems, read};
    use crate::domain::tree::Node;
    use bytes::Bytes;

    fn reply(body: &str) -> Result<Reply, Fault> {
        let answer = Answer {
            body: Bytes::copy_from_slice(body.as_bytes()),
            ..Answer::default()
        };
        parse(&answer)?.reply(&answer)
    }

    #[test]
    fn a_reply_is_read_with_all_it_tells() {
        let reply = reply(
            r#"{"output": "42", "usage": {"input": 5, "output": 2}, "cost_usd": 0.01, "tool_calls": [{"name": "f", "arguments": {}}],
            "steps": [{"kind": "tool_call", "name": "search", "took_ms": 3}], "later": true}"#,
        )
        .unwrap();
        assert_eq!((reply.text.as_str(), reply.cost_usd), ("42", Some(0.01)));
        assert_eq!(reply.usage.map(|usage| usage.total()), Some(7));
        assert_eq!((reply.steps.len(), reply.finish), (1, Finish::ToolCalls));
    }

    #[test]
    fn an_empty_answer_is_an_answer_and_a_missing_one_is_not() {
        assert_eq!(reply(r#"{"output": null}"#).unwrap().text, "");
        assert_eq!(reply(r#"{"output": {"a": 1}}"#).unwrap().text, r#"{"a":1}"#);
        for wrong in [
            "{}",
            "42",
            "hello",
            "",
            r#"{"output": "a"} {"output": "b"}"#,
            r#"{"output": "a", "usage": {"prompt_tokens": 3}}"#,
            r#"{"output": "a", "cost_usd": -1}"#,
        ] {
            assert_eq!(
                reply(wrong).unwrap_err().kind,
                FaultKind::Garbled,
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_error_says_its_kind_and_whether_to_try_again() {
        let fault =
            reply(r#"{"error": {"kind": "rate_limited", "message": "slow", "retry": true}}"#)
                .unwrap_err();
        assert_eq!(
            (fault.kind, fault.retry),
            (FaultKind::RateLimited, Some(true))
        );
        let fault = reply(r#"{"error": {"kind": "internal"}}"#).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Crashed);
        let fault = reply(r#"{"error": {"kind": "no_tools_left"}}"#).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Crashed);
        assert!(fault.message.contains("no_tools_left"));
    }

    #[test]
    fn a_program_must_be_named() {
        let mut problems = Problems::new("suite.yaml");
        let node = Node::from_json(&json!({"command": [], "workers": 0, "env": {"A=B": "c"}}));
        read(&node, &mut problems, options);
        let all: Vec<String> = problems.sorted().into_iter().map(|p| p.message).collect();
        assert_eq!(all.len(), 3, "{all:?}");
    }
}
