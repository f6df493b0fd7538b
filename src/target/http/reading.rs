//! What is read out of an agent's reply, and when a job is done.

use serde_json::Value as Json;

use crate::domain::decode::{Anything, Fields, List, OneOf, Problems, Shape, object};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::message::{Finish, ToolCall, Usage};
use crate::domain::port::{Answer, Reply};
use crate::domain::tree::{Node, Value};

use super::super::protocol::Complaint;
use super::super::{envelope, usage};
use super::pointer::{Pointer, PointerShape};

/// What a reply should be, in messages.
const WHAT: &str = "JSON";

/// Characters of an agent's own words that a fault quotes.
const QUOTED: usize = 300;

/// Where in a reply things stand.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// `None`: the whole body is the answer, as text.
    answer: Option<Pointer>,
    tools: Option<Pointer>,
    usage: Option<Counts>,
    cost: Option<Pointer>,
    error: Option<Pointer>,
}

/// Where the tokens are counted.
#[derive(Debug, Clone)]
enum Counts {
    /// A map in any of the usual forms.
    Whole(Pointer),
    Parts(Box<Parts>),
}

#[derive(Debug, Clone)]
struct Parts {
    input: Pointer,
    output: Pointer,
    cached: Option<Pointer>,
    reasoning: Option<Pointer>,
}

struct CountsShape;

impl Shape for CountsShape {
    type Output = Counts;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Counts> {
        match node.value {
            Value::Mapping(_) => object(parts)
                .read(node, problems)
                .map(|parts| Counts::Parts(Box::new(parts))),
            _ => PointerShape.read(node, problems).map(Counts::Whole),
        }
    }
    fn schema(&self) -> Json {
        serde_json::json!({"anyOf": [PointerShape.schema(), object(parts).schema()]})
    }
}

fn parts(fields: &mut Fields<'_>) -> Option<Parts> {
    let input = fields.required("input", "tokens read, cached ones included", PointerShape);
    let output = fields.required("output", "tokens written", PointerShape);
    let cached = fields.optional("cached", "of those read, from a cache", PointerShape);
    let reasoning = fields.optional("reasoning", "of those written, hidden", PointerShape);
    Some(Parts {
        input: input?,
        output: output?,
        cached,
        reasoning,
    })
}

/// Whether a reply is JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
}

impl Reading {
    /// Reads the keys that say what a reply holds.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let form = fields.or(
            "reply",
            "json, or text: then the whole body is the answer; default json",
            OneOf(&[("json", Form::Json), ("text", Form::Text)]),
            Form::Json,
        );
        let answer = match form {
            Form::Json => fields.required(
                "answer",
                "where the answer stands in the reply: a JSON pointer such as /answer; not for `reply: text`",
                PointerShape,
            ),
            Form::Text => fields.optional("answer", "not for `reply: text`", PointerShape),
        };
        let tools = fields.optional(
            "tools",
            "where the tools that were called stand: a list, each with a name and arguments",
            PointerShape,
        );
        let usage = fields.optional(
            "usage",
            "where tokens are counted: a pointer to a map in any usual form, or a map of pointers `input`, `output`, `cached`, `reasoning`",
            CountsShape,
        );
        let cost = fields.optional("cost", "where USD stand", PointerShape);
        let error = fields.optional(
            "error",
            "where the agent says that it could not answer; absent, null, false or empty where it could",
            PointerShape,
        );
        let reading = Self {
            answer,
            tools,
            usage,
            cost,
            error,
        };
        if form == Form::Text {
            if reading.is_json() {
                fields.problem(
                    "reply",
                    "`reply: text` has no places to point at: take `answer`, `tools`, `usage`, `cost` and `error` out",
                );
            }
            return Some(reading);
        }
        reading.answer.is_some().then_some(reading)
    }

    /// Whether anything is looked for in JSON.
    pub(super) fn is_json(&self) -> bool {
        self.usage.is_some()
            || [&self.answer, &self.tools, &self.cost, &self.error]
                .iter()
                .any(|pointer| pointer.is_some())
    }

    /// The reply's JSON; a fault for a status that is none of success, for what is no JSON, and for an error that the agent reports.
    pub(super) fn open(&self, answer: &Answer) -> Result<Json, Fault> {
        if !(200..300).contains(&answer.status) {
            let message = format!("status {}", answer.status);
            return Err(Fault::new(FaultKind::Unavailable, message));
        }
        let json: Json = envelope::json(&answer.body, WHAT)?;
        match self.error.as_ref().and_then(|error| error.get(&json)) {
            Some(error) if says_something(error) => Err(complaint(error)),
            _ => Ok(json),
        }
    }

    /// The answer with all that it tells. Timing is the caller's.
    pub(super) fn reply(&self, answer: &Answer) -> Result<Reply, Fault> {
        let Some(place) = &self.answer else {
            if !(200..300).contains(&answer.status) {
                return self.open(answer).map(|_| Reply::default());
            }
            return Ok(Reply {
                text: String::from_utf8_lossy(&answer.body).into_owned(),
                ..Reply::default()
            });
        };
        let json = self.open(answer)?;
        let garbled = |message: String| Fault::new(FaultKind::Garbled, message);
        let text = match place
            .find(&json)
            .map_err(|error| garbled(format!("`answer`: {error}")))?
        {
            Json::String(text) => text.clone(),
            Json::Null => String::new(),
            other => other.to_string(),
        };
        let tool_calls = match self.tools.as_ref().and_then(|tools| tools.get(&json)) {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(calls)) => calls
                .iter()
                .map(|call| {
                    tool_call(call).ok_or_else(|| {
                        garbled(format!("a tool call without a name: {}", clip(call)))
                    })
                })
                .collect::<Result<_, _>>()?,
            Some(other) => {
                return Err(garbled(format!("`tools` is no list: {}", clip(other))));
            }
        };
        let cost_usd = match self.cost.as_ref().and_then(|cost| cost.get(&json)) {
            None | Some(Json::Null) => None,
            Some(cost) => Some(
                usage::cost(cost)
                    .ok_or_else(|| garbled(format!("`cost` is no amount: {}", clip(cost))))?,
            ),
        };
        Ok(Reply {
            text,
            finish: if tool_calls.is_empty() {
                Finish::Stop
            } else {
                Finish::ToolCalls
            },
            tool_calls,
            usage: self.usage.as_ref().and_then(|counts| counts.of(&json)),
            cost_usd,
            ..Reply::default()
        })
    }
}

impl Counts {
    fn of(&self, json: &Json) -> Option<Usage> {
        match self {
            Self::Whole(pointer) => usage::read(pointer.get(json)?),
            Self::Parts(parts) => {
                let count = |pointer: &Pointer| pointer.get(json).cloned().unwrap_or(Json::Null);
                let maybe = |pointer: &Option<Pointer>| pointer.as_ref().map_or(Json::Null, count);
                usage::read(&serde_json::json!({
                    "input": count(&parts.input),
                    "output": count(&parts.output),
                    "cached": maybe(&parts.cached),
                    "reasoning": maybe(&parts.reasoning),
                }))
            }
        }
    }
}

/// A tool that was called, in any of the usual forms.
fn tool_call(json: &Json) -> Option<ToolCall> {
    let text = |place: &str| json.pointer(place)?.as_str();
    let name = text("/name").or_else(|| text("/function/name"))?;
    let arguments = ["/arguments", "/function/arguments", "/input", "/args"]
        .iter()
        .find_map(|place| json.pointer(place))
        .cloned()
        .unwrap_or(Json::Null);
    let arguments = match arguments {
        Json::String(text) => serde_json::from_str(&text).unwrap_or(Json::String(text)),
        other => other,
    };
    Some(ToolCall {
        id: text("/id").map(str::to_owned),
        name: name.to_owned(),
        arguments,
    })
}

fn says_something(error: &Json) -> bool {
    match error {
        Json::Null | Json::Bool(false) => false,
        Json::String(text) => !text.is_empty(),
        Json::Array(list) => !list.is_empty(),
        Json::Object(map) => !map.is_empty(),
        _ => true,
    }
}

/// What the agent says of its error, as a fault.
fn complaint(error: &Json) -> Fault {
    let said = serde_json::from_value::<Complaint>(error.clone())
        .ok()
        .filter(|_| error.is_object());
    let mut complaint = said.unwrap_or_else(|| Complaint {
        kind: String::new(),
        message: String::new(),
        retry: None,
    });
    if complaint.message.is_empty() && complaint.kind.is_empty() {
        complaint.message = match error {
            Json::Bool(_) => String::new(),
            other => clip(other),
        };
    }
    complaint.message = complaint.message.chars().take(QUOTED).collect();
    complaint.into()
}

fn clip(json: &Json) -> String {
    let text = match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.chars().take(QUOTED).collect()
}

/// Whether something in a reply says so: it is there, or it is one of some values.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pointer: Pointer,
    values: Option<Vec<Json>>,
}

/// Reads a condition.
pub(super) fn condition(fields: &mut Fields<'_>) -> Option<Condition> {
    let pointer = fields.required("pointer", "where it stands", PointerShape);
    let equals = fields.optional("equals", "the value that it has then", Anything);
    let among = fields.optional("in", "the values of which it has one then", List(Anything));
    if equals.is_some() && among.is_some() {
        fields.problem(
            "in",
            "give `equals` or `in`, not both; neither: it is there",
        );
    }
    Some(Condition {
        pointer: pointer?,
        values: among.or(equals.map(|value| vec![value])),
    })
}

impl Condition {
    /// Whether it holds of a reply.
    pub(super) fn holds(&self, json: &Json) -> bool {
        match (self.pointer.get(json), &self.values) {
            (Some(found), Some(values)) => values.contains(found),
            (Some(found), None) => !found.is_null(),
            (None, _) => false,
        }
    }

    /// What stands there, for messages.
    pub(super) fn shown(&self, json: &Json) -> String {
        match self.pointer.find(json) {
            Ok(found) => format!("{} is `{}`", self.pointer, clip(found)),
            Err(nothing) => nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decode::read;
    use bytes::Bytes;
    use serde_json::json;

    fn reading(options: Json) -> Reading {
        let mut problems = Problems::new("s");
        let reading = read(&Node::from_json(&options), &mut problems, Reading::read);
        assert_eq!(problems.sorted(), []);
        reading.unwrap()
    }

    fn said(options: Json, body: &str) -> Result<Reply, Fault> {
        reading(options).reply(&Answer {
            status: 200,
            body: Bytes::copy_from_slice(body.as_bytes()),
            ..Answer::default()
        })
    }

    #[test]
    fn a_reply_is_read_with_all_it_tells() {
        let body = json!({"r": [{"t": "42"}], "calls": [
                {"name": "a", "arguments": {"x": 1}},
                {"id": "i", "function": {"name": "b", "arguments": "{\"y\":2}"}},
                {"type": "tool_use", "name": "c", "input": {}}],
            "u": {"prompt_tokens": 5, "completion_tokens": 2}, "c": 0.01, "in": 7, "out": 3, "error": null})
        .to_string();
        let all = json!({"answer": "/r/0/t", "tools": "/calls", "usage": "/u", "cost": "/c", "error": "/error"});
        let reply = said(all, &body).unwrap();
        assert_eq!((reply.text.as_str(), reply.cost_usd), ("42", Some(0.01)));
        assert_eq!(reply.usage.map(|usage| usage.total()), Some(7));
        let names: Vec<&str> = reply
            .tool_calls
            .iter()
            .map(|call| call.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(reply.tool_calls[1].arguments, json!({"y": 2}));
        let parts = json!({"answer": "/r", "usage": {"input": "/in", "output": "/out", "cached": "/nothing"}});
        let reply = said(parts, &body).unwrap();
        assert_eq!(reply.text, r#"[{"t":"42"}]"#);
        assert_eq!(reply.usage.map(|usage| usage.total()), Some(10));
    }

    #[test]
    fn an_empty_answer_is_an_answer_and_a_missing_one_names_the_pointer() {
        let at = || json!({"answer": "/a"});
        assert_eq!(said(at(), r#"{"a": null}"#).unwrap().text, "");
        let fault = said(at(), r#"{"b": 1, "c": 2}"#).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Garbled);
        assert_eq!(
            fault.message,
            "`answer`: there is nothing at `/a`: the reply has `b`, `c`"
        );
        assert_eq!(said(at(), "<html>").unwrap_err().kind, FaultKind::Garbled);
        assert_eq!(
            said(at(), r#"{"a": "#).unwrap_err().kind,
            FaultKind::Unavailable
        );
        assert_eq!(
            said(json!({"reply": "text"}), "{plain").unwrap().text,
            "{plain"
        );
    }

    #[test]
    fn an_error_that_the_agent_reports_is_a_fault_of_its_kind() {
        let at = |body: Json| {
            said(
                json!({"answer": "/a", "error": "/error"}),
                &body.to_string(),
            )
        };
        for nothing in [json!(null), json!(false), json!(""), json!({})] {
            assert!(at(json!({"a": "x", "error": nothing})).is_ok());
        }
        let fault =
            at(json!({"error": {"kind": "rate_limited", "message": "slow", "retry": false}}))
                .unwrap_err();
        assert_eq!(
            (fault.kind, fault.retry),
            (FaultKind::RateLimited, Some(false))
        );
        let fault = at(json!({"a": "x", "error": "out of tools"})).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Crashed);
        assert!(fault.message.contains("out of tools"), "{fault}");
        let fault = at(json!({"error": {"code": 7}})).unwrap_err();
        assert!(fault.message.contains("{\"code\":7}"), "{fault}");
    }

    #[test]
    fn conditions_hold_by_value_or_by_being_there() {
        let of = |options: Json| {
            read(
                &Node::from_json(&options),
                &mut Problems::new("s"),
                condition,
            )
            .unwrap()
        };
        let json = json!({"s": "done", "n": null, "i": 3});
        assert!(of(json!({"pointer": "/s", "equals": "done"})).holds(&json));
        assert!(of(json!({"pointer": "/i", "in": [1, 3]})).holds(&json));
        assert!(of(json!({"pointer": "/s"})).holds(&json));
        assert!(!of(json!({"pointer": "/n"})).holds(&json));
        assert!(!of(json!({"pointer": "/x", "equals": null})).holds(&json));
        assert_eq!(of(json!({"pointer": "/s"})).shown(&json), "`/s` is `done`");
    }

    #[test]
    fn a_text_has_no_places_to_point_at() {
        let mut problems = Problems::new("s");
        let node = Node::from_json(&json!({"reply": "text", "answer": "/a"}));
        read(&node, &mut problems, Reading::read);
        assert!(problems.sorted()[0].message.contains("reply: text"));
        let mut problems = Problems::new("s");
        read(&Node::from_json(&json!({})), &mut problems, Reading::read);
        assert!(problems.sorted()[0].message.contains("`answer` is missing"));
    }
}
