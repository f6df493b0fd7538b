//! What agents of any kind are told of a turn, and how they tell that they could not answer.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::message::Role;
use crate::domain::port::Request;

/// A turn as an agent is told of it: the line of the protocol.
pub(super) fn line(request: &Request) -> Json {
    let mut line = json!({"v": 1, "trial": trial(request)});
    if let (Json::Object(line), Json::Object(said)) = (&mut line, said(request)) {
        line.extend(said);
    }
    line
}

/// Of the line what decides the answer: not what the target is called.
pub(super) fn said(request: &Request) -> Json {
    json!({
        "case": request.case.id,
        "session": request.session,
        "turn": request.turn,
        "input": message(request),
        "messages": request.messages,
        "tools": request.tools,
    })
}

/// The new message of the user.
pub(super) fn message(request: &Request) -> &str {
    request
        .messages
        .iter()
        .rev()
        .find(|message| message.role == Role::User)
        .map_or("", |message| message.content.as_str())
}

/// The trial's name for the agent.
pub(super) fn trial(request: &Request) -> String {
    let id = &request.call;
    format!("{}/{}/{}", id.target, request.case.id, id.repeat)
}

/// An agent's own account of why it has no answer.
#[derive(Deserialize)]
pub(super) struct Complaint {
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    pub(super) retry: Option<bool>,
}

impl From<Complaint> for Fault {
    fn from(complaint: Complaint) -> Self {
        let message = match (complaint.kind.as_str(), complaint.message.as_str()) {
            ("", "") => "the agent reports an error".to_owned(),
            (kind, "") => format!("the agent reports an error: {kind}"),
            (_, message) => format!("the agent reports an error: {message}"),
        };
        Self {
            retry: complaint.retry,
            ..Self::new(kind_of(&complaint.kind), message)
        }
    }
}

/// The kind that the agent names by our words; in its own words it is a failure of its own. The harness's own faults are not its to
/// name.
fn kind_of(word: &str) -> FaultKind {
    FaultKind::ALL
        .iter()
        .filter(|(_, kind)| !matches!(kind, FaultKind::Internal | FaultKind::CassetteMiss))
        .find(|(name, _)| *name == word)
        .map_or(FaultKind::Crashed, |(_, kind)| *kind)
}
