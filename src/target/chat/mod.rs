//! `chat`: a model behind an OpenAI-compatible chat completions endpoint: OpenAI, Ollama, vLLM, llama.cpp, most gateways.

mod reply;
mod request;

use std::sync::Arc;

use crate::domain::decode::{Fields, WithEnv};
use crate::domain::kind::Kind;
use crate::domain::port::TargetPlan;

use super::endpoint::{Api, under};
use super::model::{Dialect, Docs, Model};
use super::refusal;

/// The row of the table.
pub(super) const KIND: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "chat",
    summary: "a model behind an OpenAI-compatible chat completions endpoint",
    example: "{base_url: http://127.0.0.1:11434/v1, model: \"qwen3:8b\", params: {temperature: 0, max_tokens: 512}}",
    decode,
};

/// What is particular to this API.
static DIALECT: Dialect = Dialect {
    api: Api {
        kind: KIND.name,
        path: |base| under(base, "/chat/completions"),
        key: |key| ("authorization", format!("Bearer {key}")),
        headers: &[],
        accept: reply::accept,
        refused: |status, body| refusal::refused(status, body, &refusal::MODEL),
        is_token: reply::is_token,
    },
    docs: Docs {
        key: "sent as bearer token; ${NAME}",
        params: "put into the request as they are: temperature, max_tokens, seed ...",
        stream: "ask for an event stream, which tells the time to the first token; default false, since some endpoints report no usage then",
        schema: "a JSON Schema that the reply must follow, sent as response_format",
    },
    own: &["model", "messages", "stream", "tools"],
    bounds: &["max_completion_tokens", "max_tokens"],
    offers_logprobs: true,
    content: |asked| Ok(request::content(asked)),
    streamed: request::streamed,
    read: reply::read,
};

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    Some(Arc::new(options(fields)?))
}

fn options(fields: &mut Fields<'_>) -> Option<Model> {
    let base_url = fields.required(
        "base_url",
        "the address up to and without `/chat/completions`; ${NAME} for environment values",
        WithEnv,
    );
    Model::read(fields, &DIALECT, base_url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decode::{Problems, read};
    use crate::domain::tree::Node;
    use serde_json::{Value as Json, json};

    fn decoded(json: &Json) -> Result<Model, Vec<String>> {
        let mut problems = Problems::new("suite.yaml");
        let chat = read(&Node::from_json(json), &mut problems, options);
        let problems: Vec<String> = problems.sorted().into_iter().map(|p| p.message).collect();
        chat.filter(|_| problems.is_empty()).ok_or(problems)
    }

    #[test]
    fn keys_do_not_travel_in_the_clear() {
        let options = |url: &str| json!({"base_url": url, "model": "m", "api_key": "${KEY}"});
        assert!(decoded(&options("http://10.0.0.5/v1")).unwrap_err()[0].contains("insecure: true"));
        for url in [
            "https://api.example.com/v1",
            "http://localhost:1/v1",
            "http://[::1]:1/v1",
        ] {
            assert!(decoded(&options(url)).is_ok(), "{url}");
        }
        let mut open = options("http://10.0.0.5/v1");
        open["insecure"] = json!(true);
        assert!(decoded(&open).is_ok());
        assert!(decoded(&json!({"base_url": "http://10.0.0.5/v1", "model": "m"})).is_ok());
    }

    #[test]
    fn every_fault_of_the_options_is_named() {
        let problems = decoded(&json!({
            "base_url": "localhost:11434", "modle": "m", "params": {"model": "x"}, "schema": 3, "headers": {"a b": "c"},
        }))
        .unwrap_err();
        let all = problems.join("\n");
        for part in [
            "`model` is missing",
            "did you mean `model`",
            "`model` does not belong in `params`",
            "a JSON Schema is a map",
            "not a header name",
        ] {
            assert!(all.contains(part), "{part} in {all}");
        }
        assert!(
            decoded(&json!({"base_url": "localhost:1", "model": "m"})).unwrap_err()[0]
                .contains("http://")
        );
    }

    #[test]
    fn the_bound_on_tokens_and_the_list_price_are_known() {
        let plan = decoded(&json!({"base_url": "https://api.openai.com/v1", "model": "gpt-4o-mini", "params": {"max_tokens": 7}})).unwrap();
        assert_eq!(plan.most_output_tokens(), Some(7));
        assert!(plan.listed_price().is_some());
        assert_eq!(plan.endpoint(), "https://api.openai.com/v1");
    }
}
