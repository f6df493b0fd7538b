//! What is sent to a chat endpoint: the address and the body.

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::domain::message::{Message, Role, ToolCall};
use crate::domain::port::Request;
use crate::domain::secret::EnvText;
use crate::wire::{environment, is_loopback};

/// All that decides the answer.
pub(super) struct Asked<'a> {
    pub(super) model: &'a str,
    pub(super) params: &'a Map<String, Json>,
    pub(super) schema: Option<&'a Json>,
    pub(super) request: &'a Request,
}

/// All that decides the answer as one value: the body without the manner of delivery, so that a recorded reply serves both manners.
pub(super) fn content(asked: &Asked<'_>) -> Json {
    let request = asked.request;
    let mut content = Map::new();
    content.insert("model".into(), json!(asked.model));
    let messages: Vec<Json> = request.messages.iter().map(message).collect();
    content.insert("messages".into(), Json::Array(messages));
    if !request.tools.is_empty() {
        content.insert("tools".into(), Json::Array(request.tools.clone()));
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

/// The body: the content, and for a stream the wish for one, usage included.
pub(super) fn body(content: &Json, stream: bool) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Streamed<'a> {
        #[serde(flatten)]
        content: &'a Json,
        stream: bool,
        stream_options: Json,
    }
    if stream {
        serde_json::to_vec(&Streamed {
            content,
            stream,
            stream_options: json!({"include_usage": true}),
        })
    } else {
        serde_json::to_vec(content)
    }
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

/// Why nothing that holds a key may go to an address: plain http carries it in the clear, which is for this machine only.
pub(in crate::target) fn refuse_plain_http(base: &str, has_key: bool) -> Result<(), String> {
    let (scheme, host) = scheme_and_host(base)
        .ok_or_else(|| "an address begins with http:// or https:// and names a host".to_owned())?;
    if scheme == "http" && has_key && !is_loopback(&host) {
        return Err(format!(
            "a key would go to {host} over plain http; use https, or say `insecure: true`"
        ));
    }
    Ok(())
}

/// Whether a header's value comes from the environment.
pub(in crate::target) fn hold_a_variable(headers: &[(String, EnvText)]) -> bool {
    headers
        .iter()
        .any(|(_, value)| value.names().next().is_some())
}

/// The headers with their values, and the key as bearer token.
pub(in crate::target) fn headers(
    headers: &[(String, EnvText)],
    api_key: Option<&EnvText>,
) -> Vec<(String, SecretString)> {
    let mut filled: Vec<(String, SecretString)> = headers
        .iter()
        .map(|(name, value)| (name.clone(), environment::fill(value)))
        .collect();
    if let Some(key) = api_key {
        let value = format!("Bearer {}", environment::fill(key).expose_secret());
        filled.push(("authorization".to_owned(), value.into()));
    }
    filled
}

/// The address of chat completions under a base address; a query stays behind the path.
pub(super) fn completions(base: &str) -> String {
    under(base, "/chat/completions")
}

/// The address of a path under a base address, which may name it already; a query stays behind the path.
pub(in crate::target) fn under(base: &str, wanted: &str) -> String {
    let (path, query) = match base.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (base, String::new()),
    };
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(wanted).unwrap_or(path);
    format!("{path}{wanted}{query}")
}

/// Scheme and host of an address in lower case; `None` where it is no http address or names no host.
pub(in crate::target) fn scheme_and_host(address: &str) -> Option<(&'static str, String)> {
    let (scheme, rest) = address.split_once("://")?;
    let scheme = ["http", "https"]
        .into_iter()
        .find(|known| scheme.eq_ignore_ascii_case(known))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(ipv6) => ipv6.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| (scheme, host.to_ascii_lowercase()))
}

/// Whether a text can be the name of a header (RFC 9110, token).
pub(in crate::target) fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::Case;
    use crate::domain::port::CallId;
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
    }

    #[test]
    fn delivery_is_in_the_body_and_not_in_the_identity() {
        let content = asked(&request());
        let body: Json = serde_json::from_slice(&body(&content, true).unwrap()).unwrap();
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

    #[test]
    fn the_address_is_made_from_what_people_write() {
        for base in [
            "http://h/v1",
            "http://h/v1/",
            "http://h/v1/chat/completions",
        ] {
            assert_eq!(completions(base), "http://h/v1/chat/completions");
        }
        assert_eq!(
            completions("https://h/v1?api-version=2"),
            "https://h/v1/chat/completions?api-version=2"
        );
    }

    #[test]
    fn hosts_are_read_without_being_fooled() {
        let host = |address: &str| scheme_and_host(address).map(|(_, host)| host);
        assert_eq!(
            host("HTTP://User:pw@LocalHost:80/x").as_deref(),
            Some("localhost")
        );
        assert_eq!(
            host("http://127.0.0.1@evil.example/v1").as_deref(),
            Some("evil.example")
        );
        assert_eq!(host("http://[::1]:8/v1").as_deref(), Some("::1"));
        assert_eq!(
            host("http://evil.example\\@127.0.0.1/").as_deref(),
            Some("evil.example")
        );
        for wrong in ["localhost:80", "ftp://h/", "http://", "http:///v1"] {
            assert_eq!(host(wrong), None, "{wrong}");
        }
    }
}
