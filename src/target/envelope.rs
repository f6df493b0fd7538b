//! The envelope in which an endpoint answers: a status and a JSON body or an event stream. What it must be before anything is read.

use serde::de::DeserializeOwned;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::message::Finish;
use crate::domain::port::{Answer, Reply};

use super::refusal;

/// The most characters of an unreadable body that a fault quotes.
const QUOTED: usize = 120;

/// The fault of a body that is not `what`.
pub(super) fn garbled(what: &str, why: &dyn std::fmt::Display, text: &str) -> Fault {
    let beginning: String = text.chars().take(QUOTED).collect();
    Fault::new(
        FaultKind::Garbled,
        format!("not {what}: {why}; it begins `{beginning}`"),
    )
}

/// A whole JSON body as `T`. One that ends in the middle was cut on its way: the agent had said more.
pub(super) fn json<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_eof() && !body.is_empty() {
            Fault::new(FaultKind::Unavailable, "the reply ends in the middle")
        } else {
            garbled(what, &error, &String::from_utf8_lossy(body))
        }
    })
}

/// The fault of a stream that is over before the reply is: `events` were in it. Partial text is never taken for an answer.
pub(super) fn cut(body: &[u8], events: usize) -> Fault {
    if events == 0 && !body.trim_ascii().is_empty() {
        return Fault::new(
            FaultKind::Garbled,
            "an event stream was announced, but there is no event in it",
        );
    }
    Fault::new(
        FaultKind::Unavailable,
        "the stream ends before the reply does",
    )
}

/// A model's answer by its status: read where it went well, blocked where the content filter spoke, else the refusal.
pub(super) fn open(
    answer: &Answer,
    read: impl FnOnce(&Answer) -> Result<Reply, Fault>,
) -> Result<Reply, Fault> {
    let mut reply = if (200..300).contains(&answer.status) {
        read(answer)?
    } else if refusal::is_blocked(answer.status, &answer.body) {
        Reply {
            finish: Finish::Blocked,
            ..Reply::default()
        }
    } else {
        let body = String::from_utf8_lossy(&answer.body);
        return Err(refusal::refused(answer.status, &body, &refusal::MODEL));
    };
    reply.timing = answer.timing;
    reply.replayed = answer.replayed;
    Ok(reply)
}
