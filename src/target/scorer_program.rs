//! A user's own scorer as a program: what is said to it, and what of its answer counts as one.
//!
//! The program gets one line, `{"v":1,"case":{...},"output":"...","transcript":{...}}`, and answers one JSON object with its verdict
//! (what it may say there is the scorer's to read), or `{"error":{"kind","message","retry"}}`. Started for each trial it then sees the
//! end of its input and ends itself, with exit code 0; as one of several `workers` it answers line after line. Every line stands for
//! itself: workers of a scorer are not told when a session ends.
//!
//! A crash, silence or garbage of the user's own program is not tried again: the same line would most likely end the same way. What it
//! reports as an error is tried again where the kind of error, or its `retry`, says that this may help.

use std::rc::Rc;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::domain::case::Case;
use crate::domain::decode::Fields;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::kind::Kind;
use crate::domain::message::Message;
use crate::domain::port::{
    Accept, Answer, Call, Exchange, LineCall, Local, Parts, Program, Reply, Request, Session,
    Target, TargetPlan, Transport,
};
use crate::domain::secret::EnvText;

use super::command::{Command, end, garbled, program, refused, session_of};
use super::protocol::Complaint;

/// How its options are read, from among those of the scorer.
pub(super) const KIND: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "command",
    summary: "a user's own scorer: one JSON line in, one out",
    example: "{command: [python3, score.py], workers: 4, env: {API_KEY: \"${API_KEY}\"}}",
    decode,
};

/// The most bytes of an answer where the suite says nothing: a verdict and its reason.
const OUTPUT_CAP: u64 = 64 << 10;

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    Some(Arc::new(Plan(program(fields, OUTPUT_CAP)?)))
}

#[derive(Debug)]
struct Plan(Command);

impl TargetPlan for Plan {
    fn endpoint(&self) -> String {
        self.0.line()
    }

    fn environment(&self) -> Vec<&EnvText> {
        self.0.variables()
    }

    fn files(&self) -> Vec<&str> {
        self.0.words()
    }

    fn program(&self) -> Option<&[String]> {
        Some(self.0.typed())
    }

    fn build(&self, parts: &Parts) -> Result<Rc<dyn Target>, String> {
        Ok(Rc::new(Built {
            endpoint: self.0.line(),
            program: self.0.program(parts, false),
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
    fn call(&self, request: &Request, session: u64) -> Result<Call, Fault> {
        let said = request.messages.first().map(|message| &*message.content);
        let said: Json = serde_json::from_str(said.unwrap_or_default()).map_err(|error| {
            let message = format!("what the scorer is to be told is no JSON: {error}");
            Fault::new(FaultKind::Internal, message)
        })?;
        let mut line = json!({"v": 1});
        if let (Json::Object(line), Json::Object(said)) = (&mut line, &said) {
            line.extend(said.clone());
        }
        Ok(Call {
            id: request.call.clone(),
            kind: KIND.name,
            endpoint: self.endpoint.clone(),
            endpoint_filled: None,
            content: json!({"command": self.program.command, "said": said}),
            transport: Transport::Line(Box::new(LineCall {
                program: Arc::clone(&self.program),
                session,
                line: line.to_string().into_bytes().into(),
            })),
            timeout: request.timeout,
            accept: Accept::new(accept),
            refused,
        })
    }
}

impl Target for Built {
    fn opening(&self, _: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        Err(Fault::new(FaultKind::Internal, "a scorer is put no case"))
    }

    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        session: &'a mut Session,
    ) -> Local<'a, Result<Reply, Fault>> {
        Box::pin(async move {
            let call = self.call(request, session_of(&self.program, session))?;
            let answer = self.exchange.exchange(&call).await.map_err(settled)?;
            verdict(&answer).map(|text| Reply {
                text,
                timing: answer.timing,
                replayed: answer.replayed,
                ..Reply::default()
            })
        })
    }

    fn end<'a>(&'a self, session: Session) -> Local<'a, ()> {
        Box::pin(end(&*self.exchange, session))
    }
}

/// A fault of the program's own doing: not to be tried again unless it says so itself.
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

/// An error as an object, or as words alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Words(String),
    Complaint(Complaint),
}

/// The answer's text, if it is one JSON object that reports no error.
fn verdict(answer: &Answer) -> Result<String, Fault> {
    let not_one = |why: &str| settled(garbled(answer, why));
    let object: serde_json::Map<String, Json> =
        serde_json::from_slice(&answer.body).map_err(|error| not_one(&error.to_string()))?;
    match object.get("error") {
        None | Some(Json::Null) => {}
        Some(error) => {
            return Err(settled(match serde_json::from_value(error.clone()) {
                Ok(Said::Complaint(complaint)) => complaint.fault("scorer"),
                Ok(Said::Words(words)) => Fault::new(
                    FaultKind::Crashed,
                    format!("the scorer reports an error: {words}"),
                ),
                Err(_) => not_one("`error` is neither text nor {\"kind\",\"message\",\"retry\"}"),
            }));
        }
    }
    let text = std::str::from_utf8(&answer.body).map_err(|error| not_one(&error.to_string()))?;
    Ok(text.trim().to_owned())
}

fn accept(answer: &Answer) -> Result<(), Fault> {
    verdict(answer).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn said(body: &str) -> Result<String, Fault> {
        verdict(&Answer {
            body: Bytes::copy_from_slice(body.as_bytes()),
            ..Answer::default()
        })
    }

    #[test]
    fn one_object_is_an_answer_and_nothing_else_is() {
        assert_eq!(said(" {\"pass\": true}\n").unwrap(), "{\"pass\": true}");
        for wrong in [
            "",
            "true",
            "[1]",
            "{\"score\": NaN}",
            "{} {}",
            "pass",
            "{\"error\": 3}",
        ] {
            let fault = said(wrong).unwrap_err();
            assert_eq!(
                (fault.kind, fault.worth_retrying()),
                (FaultKind::Garbled, false),
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_error_is_tried_again_where_that_may_help() {
        let fault = |body: &str| {
            let fault = said(body).unwrap_err();
            (fault.kind, fault.worth_retrying())
        };
        assert_eq!(
            fault(r#"{"error": "no grammar"}"#),
            (FaultKind::Crashed, false)
        );
        assert_eq!(
            fault(r#"{"error": {"message": "no grammar", "retry": true}}"#),
            (FaultKind::Crashed, true)
        );
        assert_eq!(
            fault(r#"{"error": {"kind": "rate_limited"}, "pass": true}"#),
            (FaultKind::RateLimited, true)
        );
        assert!(said(r#"{"error": null, "pass": true}"#).is_ok());
    }
}
