//! What is sent to a chat endpoint.

use serde_json::{Map, Value as Json, json};

use crate::domain::message::{Message, Role, ToolCall};

use super::super::model::Asked;

/// All that decides the answer as one value: the body without the manner of delivery, so that a recorded reply serves both manners.
pub(super) fn content(asked: &Asked<'_>) -> Json {
    let request = asked.request;
    let mut content = Map::new();
    content.insert("model".into(), json!(asked.model));
    let messages: Vec<Json> = request.messages.iter().map(message).collect();
    content.insert("messages".into(), Json::Array(messages));
    let tools: Vec<Json> = asked.tools.iter().chain(&request.tools).cloned().collect();
    if !tools.is_empty() {
        content.insert("tools".into(), Json::Array(tools));
    }
    for (name, value) in asked.params.iter().chain(&request.params) {
        content.insert(name.clone(), value.clone());
    }
    let format = request
        .format
        .as_ref()
        .map(|(name, schema)| (name.as_str(), schema))
        .or(asked.schema.map(|schema| ("answer", schema)));
    if let Some((name, schema)) = format {
        content.insert(
            "response_format".into(),
            json!({"type": "json_schema", "json_schema": {"name": name, "strict": true, "schema": schema}}),
        );
    }
    if let Some(count) = request.logprobs {
        content.insert("logprobs".into(), json!(true));
        content.insert("top_logprobs".into(), json!(count));
    }
    Json::Object(content)
}

/// Asks for an event stream, usage included.
pub(super) fn streamed(body: &mut Json) {
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
}

fn message(message: &Message) -> Json {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let mut json = json!({"role": role, "content": message.content});
    if !message.tool_calls.is_empty() {
        json["tool_calls"] = message.tool_calls.iter().map(tool_call).collect();
    }
    if let Some(id) = &message.tool_call_id {
        json["tool_call_id"] = json!(id);
    }
    json
}

fn tool_call(call: &ToolCall) -> Json {
    let arguments = match &call.arguments {
        Json::String(text) => text.clone(),
        json => json.to_string(),
    };
    json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::Case;
    use crate::domain::port::{CallId, Request};
    use std::sync::Arc;
    use std::time::Duration;

    fn request() -> Request {
        Request {
            call: CallId {
                ordinal: 0,
                target: "t".into(),
                repeat: 0,
                vote: 0,
                occurrence: 0,
                scorer: None,
            },
            case: Arc::new(Case::new("c", "q")),
            session: "s1".into(),
            turn: 0,
            messages: vec![Message::new(Role::User, "q")],
            tools: Vec::new(),
            format: None,
            logprobs: None,
            params: Map::new(),
            timeout: Duration::from_secs(1),
        }
    }

    fn asked(request: &Request) -> Json {
        let params = json!({"temperature": 0.5, "max_tokens": 9});
        content(&Asked {
            model: "m",
            params: params.as_object().unwrap(),
            schema: Some(&json!({"type": "object"})),
            tools: &[json!({"type": "function", "function": {"name": "f"}})],
            request,
        })
    }

    #[test]
    fn the_requests_own_wishes_win_over_the_targets() {
        let mut request = request();
        assert_eq!(
            asked(&request)["response_format"]["json_schema"]["name"],
            "answer"
        );
        request.params.insert("temperature".into(), json!(0));
        request.format = Some(("verdict".into(), json!({"type": "string"})));
        request.logprobs = Some(5);
        let content = asked(&request);
        assert_eq!(content["temperature"], 0);
        assert_eq!(content["max_tokens"], 9);
        assert_eq!(content["response_format"]["json_schema"]["name"], "verdict");
        assert_eq!(content["top_logprobs"], 5);
        assert_eq!(content["tools"][0]["function"]["name"], "f");
    }

    #[test]
    fn delivery_is_in_the_body_and_not_in_the_identity() {
        let content = asked(&request());
        let mut body = content.clone();
        streamed(&mut body);
        assert_eq!(body["stream_options"]["include_usage"], true);
        assert_eq!(body["messages"][0]["content"], "q");
        assert!(content.get("stream").is_none());
    }

    #[test]
    fn tool_calls_go_out_with_their_arguments_as_text() {
        let mut said = Message::new(Role::Assistant, "");
        said.tool_calls.push(ToolCall {
            id: Some("a".into()),
            name: "f".into(),
            arguments: json!({"x": 1}),
        });
        assert_eq!(
            message(&said)["tool_calls"][0]["function"]["arguments"],
            "{\"x\":1}"
        );
    }
}
