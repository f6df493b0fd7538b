//! An answer of the Messages API, whole or as an event stream, read into a [`Reply`].

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::domain::fault::Fault;
use crate::domain::message::{Finish, ToolCall};
use crate::domain::port::{Answer, Reply};
use crate::wire::sse;

use super::super::{envelope, refusal, usage};

/// What an answer should be, in messages.
const WHAT: &str = "a message";

/// A whole message, or what a stream begins with.
#[derive(Deserialize)]
struct Said {
    /// There must be one: without it this is no message.
    content: Vec<Block>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Map<String, Json>,
    #[serde(default)]
    model: Option<String>,
}

/// A block of content. Kinds that are not known are skipped.
#[derive(Deserialize, Default)]
struct Block {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    thinking: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    input: Json,
    /// The arguments of a tool as they come in a stream.
    #[serde(skip)]
    pieces: String,
}

/// The body of an error.
#[derive(Deserialize)]
struct Body {
    #[serde(default, rename = "type")]
    kind: String,
}

/// An event of a stream.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Said,
    },
    ContentBlockStart {
        index: usize,
        content_block: Block,
    },
    ContentBlockDelta {
        index: usize,
        delta: Delta,
    },
    MessageDelta {
        delta: Ending,
        #[serde(default)]
        usage: Map<String, Json>,
    },
    MessageStop,
    Error {
        error: Json,
    },
    /// `ping`, the end of a block, and what will be invented.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Ending {
    #[serde(default)]
    stop_reason: Option<String>,
}

/// What an event adds to a block.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: String },
    #[serde(rename = "input_json_delta")]
    Input { partial_json: String },
    /// Signatures, citations.
    #[serde(other)]
    Other,
}

/// Reads an answer; anything but a complete one is a fault.
pub(super) fn read(answer: &Answer) -> Result<Reply, Fault> {
    envelope::open(answer, |answer| {
        if answer.is_stream {
            return from_stream(&answer.body)?.into_reply();
        }
        let body: Body = envelope::json(&answer.body, WHAT)?;
        if body.kind == "error" {
            let json: Json = envelope::json(&answer.body, WHAT)?;
            return Err(refusal::disguised(&json));
        }
        envelope::json::<Said>(&answer.body, WHAT)?.into_reply()
    })
}

/// Whether an answer is complete: such answers are recorded.
pub(super) fn accept(answer: &Answer) -> Result<(), Fault> {
    read(answer).map(drop)
}

/// Whether an event's data holds the first token: text, thinking or the arguments of a tool.
pub(super) fn is_token(data: &str) -> bool {
    match serde_json::from_str(data) {
        Ok(Event::ContentBlockDelta { delta, .. }) => match delta {
            Delta::Text { text } => !text.is_empty(),
            Delta::Thinking { thinking } => !thinking.is_empty(),
            Delta::Input { .. } => true,
            Delta::Other => false,
        },
        Ok(Event::ContentBlockStart { content_block, .. }) => content_block.kind == "tool_use",
        _ => false,
    }
}

fn from_stream(body: &[u8]) -> Result<Said, Fault> {
    let mut said = None;
    let events = sse::events(body);
    let last = events.len().saturating_sub(1);
    for (index, event) in events.iter().enumerate() {
        let read = match serde_json::from_str::<Event>(&event.data) {
            Ok(read) => read,
            Err(_) if event.name == "error" => {
                return Err(refusal::disguised(&Json::String(event.data.clone())));
            }
            Err(error) if index == last && error.is_eof() => break,
            Err(error) => return Err(envelope::garbled(WHAT, &error, &event.data)),
        };
        match (read, &mut said) {
            (Event::MessageStart { message }, said) => *said = Some(message),
            (Event::Error { error }, _) => return Err(refusal::disguised(&error)),
            (Event::MessageStop, Some(_)) => {
                return said.ok_or_else(|| envelope::cut(body, events.len()));
            }
            (read, Some(said)) => said.take(read),
            (_, None) => {}
        }
    }
    Err(envelope::cut(body, events.len()))
}

impl Said {
    fn take(&mut self, event: Event) {
        match event {
            Event::ContentBlockStart {
                index,
                content_block,
            } => {
                if let Some(block) = self.block(index) {
                    *block = content_block;
                }
            }
            Event::ContentBlockDelta { index, delta } => {
                let Some(block) = self.block(index) else {
                    return;
                };
                match delta {
                    Delta::Text { text } => block.text.push_str(&text),
                    Delta::Thinking { thinking } => block.thinking.push_str(&thinking),
                    Delta::Input { partial_json } => block.pieces.push_str(&partial_json),
                    Delta::Other => {}
                }
            }
            Event::MessageDelta { delta, usage } => {
                self.stop_reason = delta.stop_reason.or(self.stop_reason.take());
                // The counts are sums so far; what is not repeated stands as it was.
                let given = usage.into_iter().filter(|(_, count)| !count.is_null());
                self.usage.extend(given);
            }
            Event::MessageStart { .. }
            | Event::MessageStop
            | Event::Error { .. }
            | Event::Other => {}
        }
    }

    /// The block of an index: one of those there, or the next. An index from nowhere is skipped, and so never makes room.
    fn block(&mut self, index: usize) -> Option<&mut Block> {
        if index == self.content.len() {
            self.content.push(Block::default());
        }
        self.content.get_mut(index)
    }

    fn into_reply(self) -> Result<Reply, Fault> {
        let mut reply = Reply {
            finish: finish(self.stop_reason.as_deref()),
            usage: usage::read(&Json::Object(self.usage)),
            model: self.model,
            ..Reply::default()
        };
        let mut thought = String::new();
        for block in self.content {
            match block.kind.as_str() {
                "text" => reply.text.push_str(&block.text),
                "thinking" => {
                    if !thought.is_empty() {
                        thought.push('\n');
                    }
                    thought.push_str(&block.thinking);
                }
                "tool_use" => reply.tool_calls.push(block.into_call()),
                _ => {}
            }
        }
        reply.reasoning = (!thought.is_empty()).then_some(thought);
        Ok(reply)
    }
}

impl Block {
    fn into_call(self) -> ToolCall {
        let arguments = if self.pieces.is_empty() {
            self.input
        } else {
            serde_json::from_str(&self.pieces).unwrap_or(Json::String(self.pieces))
        };
        ToolCall {
            id: self.id,
            name: self.name,
            arguments,
        }
    }
}

fn finish(reason: Option<&str>) -> Finish {
    match reason {
        Some("end_turn" | "stop_sequence") | None => Finish::Stop,
        Some("max_tokens" | "model_context_window_exceeded") => Finish::Length,
        Some("tool_use") => Finish::ToolCalls,
        // The provider's own classifiers ended the reply; a model that declines in words ends its turn.
        Some("refusal") => Finish::Blocked,
        // `pause_turn`: the provider's own tools ran for too long; what was said so far is the answer.
        Some(_) => Finish::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fault::FaultKind;
    use crate::domain::message::Usage;
    use bytes::Bytes;
    use serde_json::json;

    fn of(body: &str, is_stream: bool) -> Result<Reply, Fault> {
        read(&Answer {
            status: 200,
            body: Bytes::copy_from_slice(body.as_bytes()),
            is_stream,
            ..Answer::default()
        })
    }

    fn whole(json: Json) -> Reply {
        of(&json.to_string(), false).unwrap()
    }

    fn said() -> Json {
        json!({
            "type": "message", "role": "assistant", "model": "m-2025", "stop_reason": "tool_use",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "I look "}, {"type": "text", "text": "it up."},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
            ],
            "usage": {"input_tokens": 10, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100, "output_tokens": 5},
        })
    }

    #[test]
    fn a_whole_message_is_read_with_all_it_tells() {
        let reply = whole(said());
        assert_eq!(
            (reply.text.as_str(), reply.reasoning.as_deref()),
            ("I look it up.", Some("hm"))
        );
        assert_eq!(reply.tool_calls[0].arguments, json!({"x": 1}));
        assert_eq!(
            (reply.finish, reply.model.as_deref()),
            (Finish::ToolCalls, Some("m-2025"))
        );
        assert_eq!(
            reply.usage,
            Some(Usage {
                input: 130,
                cached: 100,
                output: 5,
                reasoning: 0
            })
        );
    }

    fn stream() -> String {
        let events = [
            json!({"type": "message_start", "message": {"type": "message", "model": "m-2025", "content": [], "stop_reason": null,
                "usage": {"input_tokens": 10, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 100, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
            json!({"type": "ping"}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "I look "}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "it up."}}),
            json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "a", "name": "f", "input": {}}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ""}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"x\""}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ": 1}"}}),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 5, "input_tokens": null}}),
            json!({"type": "message_stop"}),
        ];
        events
            .iter()
            .map(|event| {
                let name = event["type"].as_str().unwrap();
                format!("event: {name}\ndata: {event}\n\n")
            })
            .collect()
    }

    #[test]
    fn a_stream_says_the_same() {
        let whole = whole(said());
        assert_eq!(of(&stream(), true).unwrap(), whole);
        assert_eq!(of(&stream().replace('\n', "\r\n"), true).unwrap(), whole);
    }

    #[test]
    fn a_stream_cut_anywhere_is_never_an_answer() {
        let stream = stream();
        let end = stream.rfind("data: ").unwrap();
        for cut in 0..end {
            let fault = of(&stream[..cut], true).unwrap_err();
            assert!(fault.worth_retrying(), "{cut}: {fault}");
        }
    }

    #[test]
    fn a_tool_without_arguments_and_one_with_bad_ones_are_told() {
        let stream = stream();
        let none = stream.replace("{\\\"x\\\"", "").replace(": 1}", "");
        assert_eq!(of(&none, true).unwrap().tool_calls[0].arguments, json!({}));
        let bad = stream.replace(": 1}", ": 1");
        let reply = of(&bad, true).unwrap();
        assert_eq!(reply.tool_calls[0].arguments, json!("{\"x\": 1"));
    }

    #[test]
    fn reasons_to_stop_keep_their_meaning() {
        for (reason, wanted) in [
            ("end_turn", Finish::Stop),
            ("stop_sequence", Finish::Stop),
            ("max_tokens", Finish::Length),
            ("model_context_window_exceeded", Finish::Length),
            ("tool_use", Finish::ToolCalls),
            ("refusal", Finish::Blocked),
            ("pause_turn", Finish::Other),
        ] {
            let reply = whole(json!({"type": "message", "content": [], "stop_reason": reason}));
            assert_eq!(
                (reply.finish, reply.text.as_str()),
                (wanted, ""),
                "{reason}"
            );
        }
    }

    #[test]
    fn what_is_no_answer_is_a_fault_of_its_kind() {
        let kind = |body: &str, stream| of(body, stream).unwrap_err().kind;
        assert_eq!(kind("<html>", false), FaultKind::Garbled);
        assert_eq!(kind("{\"choices\":[]}", false), FaultKind::Garbled);
        assert_eq!(kind("{\"type\":\"mess", false), FaultKind::Unavailable);
        let error = |word: &str| json!({"type": "error", "error": {"type": word, "message": "m"}});
        for (word, wanted) in [
            ("overloaded_error", FaultKind::Unavailable),
            ("rate_limit_error", FaultKind::RateLimited),
            ("authentication_error", FaultKind::Unauthorized),
            ("invalid_request_error", FaultKind::Rejected),
        ] {
            assert_eq!(kind(&error(word).to_string(), false), wanted, "{word}");
            let half: String = stream().split_inclusive("\n\n").take(4).collect();
            let broken = format!("{half}event: error\ndata: {}\n\n", error(word));
            assert_eq!(kind(&broken, true), wanted, "{word} in a stream");
        }
        assert_eq!(
            kind("event: error\ndata: boom\n\n", true),
            FaultKind::Unavailable
        );
        assert_eq!(kind("hello", true), FaultKind::Garbled);
        assert_eq!(
            kind("data: {bad}\n\ndata: {}\n\n", true),
            FaultKind::Garbled
        );
    }

    #[test]
    fn the_first_token_is_the_first_that_says_something() {
        let events = stream();
        let first = events
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .position(is_token);
        assert_eq!(first, Some(3));
    }
}
