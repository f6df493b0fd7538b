//! Has programs executed that the agent wrote, for scorers that need to know how they end.
//!
//! What it is asked is the scorer's `{"program","seconds"}`; what it answers is how the program ended. It starts nothing itself: walls and
//! the interpreter are found where calls go out. The same program has the same recorded end, so that a replay executes nothing.
//!
//! Programs take processor time and their time limit is of the wall clock: no more of them run at once than there are processors, whatever
//! the run's concurrency, or slow programs would fail that are right.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::domain::case::Case;
use crate::domain::decode::Fields;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::kind::Kind;
use crate::domain::message::Message;
use crate::domain::port::{
    Accept, Answer, Call, CallId, CodeCall, Exchange, Local, Parts, Reply, Request, Session,
    Target, TargetPlan, Transport,
};

use super::command::refused;

/// The row of its own table.
pub(super) const KIND: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "executor",
    summary: "executes what the agent wrote, behind walls",
    example: "{}",
    decode,
};

/// What is started.
const PROGRAM: &str = "python3";
/// The most memory of a program.
const MEMORY: u64 = 1 << 30;
/// The most bytes of one file that it writes.
const FILE: u64 = 16 << 20;

fn decode(_: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    Some(Arc::new(Plan {
        program: [PROGRAM.to_owned()],
    }))
}

#[derive(Debug)]
struct Plan {
    program: [String; 1],
}

impl TargetPlan for Plan {
    fn endpoint(&self) -> String {
        "executed code".to_owned()
    }

    fn program(&self) -> Option<&[String]> {
        Some(&self.program)
    }

    fn executes(&self) -> bool {
        true
    }

    fn build(&self, parts: &Parts) -> Result<Rc<dyn Target>, String> {
        Ok(Rc::new(Built {
            exchange: Rc::clone(&parts.exchange),
        }))
    }
}

struct Built {
    exchange: Rc<dyn Exchange>,
}

/// What is asked.
#[derive(Deserialize)]
struct Asked {
    program: String,
    seconds: f64,
}

/// How a program is executed, as a call.
///
/// # Errors
/// That the time is none.
pub fn call(id: CallId, program: String, seconds: f64, timeout: Duration) -> Result<Call, Fault> {
    let time = Duration::try_from_secs_f64(seconds).map_err(|error| {
        Fault::new(
            FaultKind::Internal,
            format!("a program's time is {seconds} s: {error}"),
        )
    })?;
    Ok(Call {
        id,
        kind: KIND.name,
        endpoint: PROGRAM.to_owned(),
        endpoint_filled: None,
        content: json!({"program": program, "seconds": seconds, "memory": MEMORY, "file": FILE}),
        transport: Transport::Code(Box::new(CodeCall {
            program,
            time,
            memory: MEMORY,
            file: FILE,
        })),
        timeout,
        accept: Accept::new(|answer| said(answer).map(drop)),
        refused,
    })
}

impl Target for Built {
    fn opening(&self, _: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        Err(Fault::new(FaultKind::Internal, "code is put no case"))
    }

    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        _: &'a mut Session,
    ) -> Local<'a, Result<Reply, Fault>> {
        Box::pin(async move {
            let text = request.messages.first().map(|message| &*message.content);
            let asked: Asked = serde_json::from_str(text.unwrap_or_default()).map_err(|error| {
                let message = format!("what is to be executed is no JSON: {error}");
                Fault::new(FaultKind::Internal, message)
            })?;
            let id = request.call.clone();
            let call = call(id, asked.program, asked.seconds, request.timeout)?;
            let answer = self.exchange.exchange(&call).await.map_err(settled)?;
            said(&answer).map(|text| Reply {
                text,
                timing: answer.timing,
                replayed: answer.replayed,
                ..Reply::default()
            })
        })
    }
}

/// A program that ended its runner would most likely end the next one too.
fn settled(mut fault: Fault) -> Fault {
    let own = matches!(
        fault.kind,
        FaultKind::Crashed | FaultKind::Garbled | FaultKind::TimedOut
    );
    if own {
        fault.retry.get_or_insert(false);
    }
    fault
}

/// What the runner said, if it is one JSON object with a verdict.
pub fn said(answer: &Answer) -> Result<String, Fault> {
    let text = std::str::from_utf8(&answer.body).unwrap_or_default();
    let is_one = serde_json::from_str::<serde_json::Value>(text).is_ok_and(|said| {
        said.get("verdict")
            .is_some_and(serde_json::Value::is_string)
    });
    match is_one {
        true => Ok(text.to_owned()),
        false => Err(settled(Fault::new(
            FaultKind::Garbled,
            format!(
                "what executes programs said no verdict: {:?}",
                text.chars().take(120).collect::<String>()
            ),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_verdict_is_one_object_and_nothing_else_is_recorded() {
        let of = |body: &'static str| {
            said(&Answer {
                body: Bytes::from_static(body.as_bytes()),
                ..Answer::default()
            })
        };
        assert!(of(r#"{"verdict": "passed"}"#).is_ok());
        for wrong in ["", "passed", "{}", r#"{"verdict": true}"#] {
            let fault = of(wrong).unwrap_err();
            assert_eq!(
                (fault.kind, fault.worth_retrying()),
                (FaultKind::Garbled, false),
                "{wrong}"
            );
        }
    }
}
