//! An answer of a chat endpoint, whole or as an event stream, read into a [`Reply`].

use serde::Deserialize;
use serde_json::Value as Json;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::message::{Finish, TokenLogprob, ToolCall};
use crate::domain::port::{Answer, Reply};
use crate::wire::sse;

use super::super::{envelope, refusal, usage};

/// What an answer should be, in messages.
const WHAT: &str = "a chat completion";

/// A whole reply, or one chunk of a stream. What is not named here is skipped without being built.
#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    usage: Option<Json>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    error: Option<Json>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    #[serde(default)]
    message: Option<Said>,
    #[serde(default)]
    delta: Option<Said>,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    logprobs: Option<Logprobs>,
}

/// A message, or what a chunk adds to it.
#[derive(Deserialize, Default)]
struct Said {
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    reasoning_content: Option<Json>,
    #[serde(default)]
    reasoning: Option<Json>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<Tool>>,
}

impl Said {
    /// The reasoning under either of its names; some servers send both, with the same text.
    fn reasoning(&self) -> &str {
        [&self.reasoning_content, &self.reasoning]
            .into_iter()
            .find_map(|given| given.as_ref()?.as_str())
            .unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
}

impl Content {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().filter_map(|part| part.text).collect(),
        }
    }
}

#[derive(Deserialize)]
struct Tool {
    #[serde(default)]
    index: Option<usize>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<Json>,
}

#[derive(Deserialize)]
struct Logprobs {
    #[serde(default)]
    content: Option<Vec<Token>>,
}

#[derive(Deserialize)]
struct Token {
    token: String,
    logprob: f64,
    #[serde(default)]
    top_logprobs: Option<Vec<Alternative>>,
}

#[derive(Deserialize)]
struct Alternative {
    token: String,
    logprob: f64,
}

/// A reply as it grows.
#[derive(Default)]
struct Growing {
    /// Anything of a choice was there.
    begun: bool,
    text: String,
    reasoning: String,
    refusal: String,
    tools: Vec<(Option<String>, String, Arguments)>,
    finish: Option<Finish>,
    logprobs: Vec<TokenLogprob>,
    usage: Option<Json>,
    model: Option<String>,
}

/// A tool's arguments: text that comes in pieces, or JSON at once.
enum Arguments {
    Text(String),
    Json(Json),
}

/// Reads an answer; anything but a complete one is a fault.
pub(super) fn read(answer: &Answer) -> Result<Reply, Fault> {
    envelope::open(answer, |answer| {
        let growing = if answer.is_stream {
            from_stream(&answer.body)?
        } else {
            let mut growing = Growing::default();
            growing.take(envelope::json(&answer.body, WHAT)?)?;
            growing
        };
        growing.into_reply()
    })
}

/// Whether an answer is complete: such answers are recorded.
pub(super) fn accept(answer: &Answer) -> Result<(), Fault> {
    read(answer).map(drop)
}

/// Whether an event's data holds the first token: text, reasoning, a refusal or a tool call.
pub(super) fn is_token(data: &str) -> bool {
    serde_json::from_str::<Completion>(data).is_ok_and(|chunk| {
        chunk
            .choices
            .into_iter()
            .flatten()
            .filter_map(|choice| choice.delta)
            .any(|delta| {
                !delta.reasoning().is_empty()
                    || delta.refusal.is_some_and(|text| !text.is_empty())
                    || delta
                        .content
                        .is_some_and(|text| !text.into_text().is_empty())
                    || delta.tool_calls.is_some_and(|calls| !calls.is_empty())
            })
    })
}

fn from_stream(body: &[u8]) -> Result<Growing, Fault> {
    let mut growing = Growing::default();
    let mut done = false;
    let events = sse::events(body);
    let last = events.len().saturating_sub(1);
    for (index, event) in events.iter().enumerate() {
        if event.data.trim() == "[DONE]" {
            done = true;
            break;
        }
        match serde_json::from_str::<Completion>(&event.data) {
            Ok(chunk) => growing.take(chunk)?,
            Err(_) if event.name == "error" => {
                return Err(refusal::disguised(&Json::String(event.data.clone())));
            }
            Err(error) if index == last && error.is_eof() => break,
            Err(error) => return Err(envelope::garbled(WHAT, &error, &event.data)),
        }
    }
    // Some endpoints leave `[DONE]` out; a reason for ending says as much. Partial text is never taken for an answer.
    if done || growing.finish.is_some() {
        return Ok(growing);
    }
    Err(envelope::cut(body, events.len()))
}

impl Growing {
    fn take(&mut self, part: Completion) -> Result<(), Fault> {
        if let Some(error) = part.error.filter(|error| !error.is_null()) {
            return Err(refusal::disguised(&error));
        }
        self.model = part.model.or(self.model.take());
        self.usage = part
            .usage
            .filter(|usage| !usage.is_null())
            .or(self.usage.take());
        for choice in part.choices.into_iter().flatten() {
            if choice.index != 0 {
                continue;
            }
            self.begun = true;
            if let Some(said) = choice.message.or(choice.delta) {
                self.said(said);
            }
            if let Some(reason) = choice.finish_reason.as_deref() {
                self.finish = Some(finish(reason));
            }
            let tokens = choice.logprobs.and_then(|logprobs| logprobs.content);
            self.logprobs
                .extend(tokens.into_iter().flatten().map(|token| {
                    TokenLogprob {
                        token: token.token,
                        logprob: token.logprob,
                        top: token
                            .top_logprobs
                            .into_iter()
                            .flatten()
                            .map(|other| (other.token, other.logprob))
                            .collect(),
                    }
                }));
        }
        Ok(())
    }

    fn said(&mut self, said: Said) {
        self.reasoning.push_str(said.reasoning());
        if let Some(content) = said.content {
            self.text.push_str(&content.into_text());
        }
        self.refusal
            .push_str(said.refusal.as_deref().unwrap_or_default());
        for tool in said.tool_calls.into_iter().flatten() {
            self.tool(tool);
        }
    }

    /// A tool call, or a piece of one: pieces name the call by its index, or go on with the last one.
    fn tool(&mut self, tool: Tool) {
        let new = tool
            .index
            .map_or(tool.id.is_some() || self.tools.is_empty(), |index| {
                index >= self.tools.len()
            });
        if new {
            self.tools
                .push((None, String::new(), Arguments::Text(String::new())));
        }
        let place = tool
            .index
            .unwrap_or(usize::MAX)
            .min(self.tools.len().saturating_sub(1));
        let Some((id, name, arguments)) = self.tools.get_mut(place) else {
            return;
        };
        if tool.id.as_deref().is_some_and(|id| !id.is_empty()) {
            *id = tool.id;
        }
        let Some(function) = tool.function else {
            return;
        };
        name.push_str(function.name.as_deref().unwrap_or_default());
        match (function.arguments, arguments) {
            (Some(Json::String(piece)), Arguments::Text(text)) => text.push_str(&piece),
            (Some(Json::String(_)) | None | Some(Json::Null), _) => {}
            (Some(json), arguments) => *arguments = Arguments::Json(json),
        }
    }

    fn into_reply(self) -> Result<Reply, Fault> {
        if !self.begun {
            return Err(Fault::new(
                FaultKind::Garbled,
                "the reply has no `choices`: is this a chat completions endpoint?",
            ));
        }
        let (text, thought) = split_thought(self.text);
        let reasoning = [Some(self.reasoning), thought]
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .reduce(|all, part| all + "\n" + &part);
        let text = if text.is_empty() { self.refusal } else { text };
        let tool_calls = self
            .tools
            .into_iter()
            .map(|(id, name, arguments)| ToolCall {
                id,
                name,
                arguments: match arguments {
                    Arguments::Json(json) => json,
                    Arguments::Text(text) => {
                        serde_json::from_str(&text).unwrap_or(Json::String(text))
                    }
                },
            })
            .collect();
        Ok(Reply {
            text,
            reasoning,
            tool_calls,
            finish: self.finish.unwrap_or_default(),
            usage: self.usage.as_ref().and_then(usage::read),
            cost_usd: self
                .usage
                .as_ref()
                .and_then(|usage| usage::cost(&usage["cost"])),
            logprobs: self.logprobs,
            model: self.model,
            ..Reply::default()
        })
    }
}

fn finish(reason: &str) -> Finish {
    match reason {
        "stop" | "eos" | "end_turn" | "stop_sequence" => Finish::Stop,
        "length" | "max_tokens" => Finish::Length,
        "tool_calls" | "function_call" | "tool_use" => Finish::ToolCalls,
        "content_filter" => Finish::Blocked,
        _ => Finish::Other,
    }
}

/// Cuts the hidden reasoning off that some servers leave in the text: `<think>...</think>` at its beginning, or, where the model's
/// template already opened the block, all before a line that is `</think>` alone. Elsewhere the words are the answer's own.
fn split_thought(text: String) -> (String, Option<String>) {
    const OPEN: &str = "<think>";
    const CLOSE: &str = "</think>";
    let parts = if let Some(inner) = text.trim_start().strip_prefix(OPEN) {
        // Cut off while it was still thinking: there is no answer yet.
        Some(inner.split_once(CLOSE).unwrap_or((inner, "")))
    } else {
        let mut offset = 0;
        text.split_inclusive('\n').find_map(|line| {
            let start = offset;
            offset += line.len();
            (line.trim() == CLOSE && !text[..start].contains(OPEN))
                .then(|| (&text[..start], &text[offset..]))
        })
    };
    match parts {
        Some((thought, answer)) => (
            answer.trim_start().to_owned(),
            Some(thought.trim().to_owned()),
        ),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::Usage;
    use bytes::Bytes;
    use serde_json::json;

    fn whole(body: &str) -> Result<Reply, Fault> {
        read(&Answer {
            status: 200,
            body: Bytes::copy_from_slice(body.as_bytes()),
            ..Answer::default()
        })
    }

    fn stream(body: &str) -> Result<Reply, Fault> {
        read(&Answer {
            status: 200,
            body: Bytes::copy_from_slice(body.as_bytes()),
            is_stream: true,
            ..Answer::default()
        })
    }

    fn message(message: Json) -> Reply {
        whole(&json!({"choices": [{"message": message, "finish_reason": "stop"}]}).to_string())
            .unwrap()
    }

    #[test]
    fn a_whole_reply_is_read_with_all_it_tells() {
        let reply = whole(
            r#"{"id":"x","model":"m-2024","choices":[{"index":0,"message":{"role":"assistant","content":"42","reasoning_content":"hm"},
            "finish_reason":"length","logprobs":{"content":[{"token":"42","logprob":-0.1,"bytes":[52],"top_logprobs":[{"token":"42","logprob":-0.1},{"token":"7","logprob":-2.0}]}]}}],
            "usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3},"cost":0.002}}"#,
        )
        .unwrap();
        assert_eq!(
            (reply.text.as_str(), reply.reasoning.as_deref()),
            ("42", Some("hm"))
        );
        assert_eq!(reply.finish, Finish::Length);
        assert_eq!(
            reply.usage,
            Some(Usage {
                input: 10,
                cached: 4,
                output: 5,
                reasoning: 3
            })
        );
        assert_eq!(
            (reply.cost_usd, reply.model.as_deref()),
            (Some(0.002), Some("m-2024"))
        );
        assert_eq!(reply.logprobs[0].top[1], ("7".to_owned(), -2.0));
    }

    #[test]
    fn empty_null_and_refusing_replies_are_answers() {
        assert_eq!(message(json!({"content": null})).text, "");
        assert_eq!(message(json!({"content": ""})).text, "");
        assert_eq!(
            message(json!({"content": null, "refusal": "I will not"})).text,
            "I will not"
        );
        assert_eq!(
            message(
                json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]})
            )
            .text,
            "ab"
        );
    }

    #[test]
    fn reasoning_is_split_off_only_where_it_is_reasoning() {
        let split = |text: &str| {
            let reply = message(json!({"content": text}));
            (reply.text, reply.reasoning)
        };
        let owned = |text: &str, thought: &str| (text.to_owned(), Some(thought.to_owned()));
        assert_eq!(split("<think>\nhm\n</think>\n\n42"), owned("42", "hm"));
        assert_eq!(split("hm\n</think>\n\n42"), owned("42", "hm"));
        assert_eq!(split("<think>still at it"), owned("", "still at it"));
        let quoting = "The tags <think> and </think> mark it.";
        assert_eq!(split(quoting), (quoting.to_owned(), None));
    }

    #[test]
    fn tool_calls_keep_arguments_that_do_not_parse() {
        let reply = message(json!({"content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
            {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{oops"}},
        ]}));
        assert_eq!(reply.tool_calls[0].arguments, json!({"x": 1}));
        assert_eq!(reply.tool_calls[1].arguments, json!("{oops"));
        assert_eq!(reply.tool_calls[1].id.as_deref(), Some("b"));
    }

    const STREAM: &str = concat!(
        "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"4\"}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"2\"},\"finish_reason\":null}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n",
        "data: [DONE]\n\n",
    );

    #[test]
    fn a_stream_is_put_together() {
        let reply = stream(STREAM).unwrap();
        assert_eq!(reply.text, "42");
        assert_eq!(reply.usage.map(|usage| usage.total()), Some(5));
        assert_eq!(
            stream(&STREAM.replace("data: [DONE]\n\n", ""))
                .unwrap()
                .text,
            "42"
        );
        assert_eq!(stream(&STREAM.replace('\n', "\r\n")).unwrap(), reply);
    }

    #[test]
    fn a_stream_cut_anywhere_before_its_end_is_never_an_answer() {
        let end = STREAM.find("\"finish_reason\":\"stop\"").unwrap();
        for cut in 0..end {
            let fault = stream(&STREAM[..cut]).unwrap_err();
            assert!(fault.worth_retrying(), "{cut}: {fault}");
        }
    }

    #[test]
    fn a_streams_tool_call_is_joined_by_its_index() {
        let chunk = |json: Json| {
            format!(
                "data: {}\n\n",
                json!({"choices": [{"index": 0, "delta": {"tool_calls": [json]}}]})
            )
        };
        let body = [
            chunk(json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}})),
            chunk(json!({"index": 0, "function": {"arguments": "{\"x\""}})),
            chunk(json!({"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}})),
            chunk(json!({"index": 0, "function": {"arguments": ":1}"}})),
            "data: [DONE]\n\n".to_owned(),
        ]
        .concat();
        let reply = stream(&body).unwrap();
        assert_eq!(reply.tool_calls.len(), 2);
        assert_eq!(reply.tool_calls[0].arguments, json!({"x": 1}));
        assert_eq!(reply.tool_calls[1].name, "g");
    }

    #[test]
    fn what_is_no_answer_is_a_fault_of_its_kind() {
        let kind = |result: Result<Reply, Fault>| result.unwrap_err().kind;
        assert_eq!(kind(whole("<html>")), FaultKind::Garbled);
        assert_eq!(kind(whole("")), FaultKind::Garbled);
        assert_eq!(kind(whole("{\"choices\":[]}")), FaultKind::Garbled);
        assert_eq!(kind(whole("[1,2]")), FaultKind::Garbled);
        assert_eq!(kind(whole("{\"choices\":[{\"mess")), FaultKind::Unavailable);
        assert_eq!(
            kind(whole("{\"error\":{\"message\":\"overloaded\"}}")),
            FaultKind::Unavailable
        );
        assert_eq!(
            kind(stream("data: {\"error\":{\"code\":429}}\n\n")),
            FaultKind::RateLimited
        );
        assert_eq!(
            kind(stream("event: error\ndata: boom\n\n")),
            FaultKind::Unavailable
        );
        assert_eq!(kind(stream("hello")), FaultKind::Garbled);
        assert_eq!(
            kind(stream("data: {bad}\n\ndata: [DONE]\n\n")),
            FaultKind::Garbled
        );
    }

    #[test]
    fn the_first_token_is_the_first_that_says_something() {
        assert!(!is_token(
            "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}"
        ));
        assert!(is_token("{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}"));
        assert!(is_token(
            "{\"choices\":[{\"delta\":{\"reasoning_content\":\"a\"}}]}"
        ));
        assert!(!is_token("[DONE]"));
    }

    #[test]
    fn a_content_filters_status_is_a_blocked_answer() {
        let answer = Answer {
            status: 400,
            body: Bytes::from_static(br#"{"error":{"code":"content_filter","message":"m"}}"#),
            ..Answer::default()
        };
        assert_eq!(read(&answer).unwrap().finish, Finish::Blocked);
        assert!(accept(&answer).is_ok());
    }
}
