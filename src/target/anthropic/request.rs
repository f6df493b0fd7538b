//! What is sent to the Messages API.

use serde_json::{Map, Value as Json, json};

use crate::domain::message::{Message, Role, ToolCall};

use super::super::model::Asked;

/// All that decides the answer as one value: the body without the manner of delivery, so that a recorded reply serves both manners.
pub(super) fn content(asked: &Asked<'_>) -> Result<Json, String> {
    let request = asked.request;
    if request.logprobs.is_some() {
        return Err("the Messages API tells no log-probabilities".to_owned());
    }
    let mut content = Map::new();
    content.insert("model".into(), json!(asked.model));
    let system: Vec<&str> = request
        .messages
        .iter()
        .filter(|message| message.role == Role::System && !message.content.is_empty())
        .map(|message| message.content.as_str())
        .collect();
    if !system.is_empty() {
        content.insert("system".into(), json!(system.join("\n\n")));
    }
    content.insert("messages".into(), Json::Array(messages(&request.messages)));
    let tools: Vec<Json> = asked.tools.iter().chain(&request.tools).map(tool).collect();
    if !tools.is_empty() {
        content.insert("tools".into(), Json::Array(tools));
    }
    for (name, value) in asked.params.iter().chain(&request.params) {
        content.insert(name.clone(), value.clone());
    }
    let schema = request.format.as_ref().map(|(_, schema)| schema);
    if let Some(schema) = schema.or(asked.schema) {
        let mut config = content
            .remove("output_config")
            .filter(Json::is_object)
            .unwrap_or_else(|| json!({}));
        config["format"] = json!({"type": "json_schema", "schema": schema});
        content.insert("output_config".into(), config);
    }
    Ok(Json::Object(content))
}

/// The conversation without its system texts. Results of tools are the user's, and those that follow one another one message: the API
/// wants all of a turn together.
fn messages(all: &[Message]) -> Vec<Json> {
    let mut list: Vec<Json> = Vec::new();
    let mut in_results = false;
    for message in all.iter().filter(|message| message.role != Role::System) {
        let is_result = message.role == Role::Tool;
        if is_result {
            let result = json!({"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.content});
            match list.last_mut().filter(|_| in_results) {
                Some(Json::Object(last)) => {
                    if let Some(Json::Array(blocks)) = last.get_mut("content") {
                        blocks.push(result);
                    }
                }
                _ => list.push(json!({"role": "user", "content": [result]})),
            }
        } else {
            list.push(said(message));
        }
        in_results = is_result;
    }
    list
}

fn said(message: &Message) -> Json {
    let role = match message.role {
        Role::Assistant => "assistant",
        _ => "user",
    };
    if message.tool_calls.is_empty() {
        return json!({"role": role, "content": message.content});
    }
    // An empty block of text is refused.
    let text =
        (!message.content.is_empty()).then(|| json!({"type": "text", "text": message.content}));
    let blocks: Vec<Json> = text
        .into_iter()
        .chain(message.tool_calls.iter().map(tool_use))
        .collect();
    json!({"role": role, "content": blocks})
}

fn tool_use(call: &ToolCall) -> Json {
    // Arguments that were no JSON have no place of their own here.
    let input = match &call.arguments {
        Json::Object(_) => call.arguments.clone(),
        other => json!({"arguments": other}),
    };
    json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input})
}

/// The schema of a tool as this API has it; one that has its form already is passed on.
fn tool(tool: &Json) -> Json {
    let Some(function) = tool.get("function") else {
        return tool.clone();
    };
    let schema = function
        .get("parameters")
        .cloned()
        .unwrap_or_else(|| json!({"type": "object", "properties": {}}));
    let mut translated = json!({"name": function["name"], "input_schema": schema});
    for key in ["description", "strict"] {
        if let Some(value) = function.get(key) {
            translated[key] = value.clone();
        }
    }
    translated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::Case;
    use crate::domain::port::{CallId, Request};
    use std::sync::Arc;
    use std::time::Duration;

    fn request(messages: Vec<Message>) -> Request {
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
            messages,
            tools: Vec::new(),
            format: None,
            logprobs: None,
            params: Map::new(),
            timeout: Duration::from_secs(1),
        }
    }

    fn asked(request: &Request) -> Result<Json, String> {
        let params = json!({"max_tokens": 9, "output_config": {"effort": "low"}});
        content(&Asked {
            model: "m",
            params: params.as_object().unwrap(),
            schema: None,
            tools: &[
                json!({"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}),
            ],
            request,
        })
    }

    #[test]
    fn the_system_text_stands_apart_and_tools_are_translated() {
        let content = asked(&request(vec![
            Message::new(Role::System, "Be brief."),
            Message::new(Role::User, "q"),
        ]))
        .unwrap();
        assert_eq!(content["system"], "Be brief.");
        assert_eq!(
            content["messages"],
            json!([{"role": "user", "content": "q"}])
        );
        assert_eq!(
            content["tools"],
            json!([{"name": "f", "input_schema": {"type": "object"}, "description": "d"}])
        );
        assert_eq!(content["output_config"], json!({"effort": "low"}));
    }

    #[test]
    fn a_schema_joins_the_output_config_and_probabilities_are_refused() {
        let mut request = request(vec![Message::new(Role::User, "q")]);
        request.format = Some(("verdict".into(), json!({"type": "object"})));
        request.params.insert("max_tokens".into(), json!(5));
        let content = asked(&request).unwrap();
        assert_eq!(
            content["output_config"],
            json!({"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}})
        );
        assert_eq!(content["max_tokens"], 5);
        request.logprobs = Some(5);
        assert!(asked(&request).unwrap_err().contains("log-probabilities"));
    }

    #[test]
    fn tools_and_their_results_become_blocks() {
        let mut call = Message::new(Role::Assistant, "");
        for (id, arguments) in [("a", json!({"x": 1})), ("b", json!("{oops"))] {
            call.tool_calls.push(ToolCall {
                id: Some(id.into()),
                name: "f".into(),
                arguments,
            });
        }
        let result = |id: &str| Message {
            tool_call_id: Some(id.into()),
            ..Message::new(Role::Tool, "42")
        };
        let said = messages(&[
            Message::new(Role::User, "q"),
            call,
            result("a"),
            result("b"),
            Message::new(Role::User, "and?"),
        ]);
        assert_eq!(said.len(), 4);
        assert_eq!(said[1]["content"][0]["input"], json!({"x": 1}));
        assert_eq!(
            said[1]["content"][1]["input"],
            json!({"arguments": "{oops"})
        );
        assert_eq!(said[2]["role"], "user");
        assert_eq!(said[2]["content"][1]["tool_use_id"], "b");
        assert_eq!(said[3], json!({"role": "user", "content": "and?"}));
    }
}
