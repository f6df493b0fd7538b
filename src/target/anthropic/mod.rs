//! `anthropic`: a model behind the Messages API.
//!
//! What differs from chat completions: the system text stands apart, `max_tokens` must be given (4,096 unless the suite says
//! otherwise), contents are blocks, input tokens do not hold the cached ones, and there are no log-probabilities.
//!
//! A reply that must follow a schema is asked for by `output_config.format`: the endpoint then generates nothing else, the text is the
//! JSON itself, streams as text and goes together with thinking. A forced tool would do on older models, but the API refuses it beside
//! thinking, and its arguments are held to the schema only in strict mode.

mod reply;
mod request;

use std::sync::Arc;

use serde_json::json;

use crate::domain::decode::{Fields, WithEnv};
use crate::domain::kind::Kind;
use crate::domain::port::TargetPlan;
use crate::domain::secret::EnvText;

use super::endpoint::{Api, under};
use super::model::{Dialect, Docs, Model};
use super::refusal;

/// The row of the table.
pub(super) const KIND: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "anthropic",
    summary: "a model behind Anthropic's Messages API, or a gateway that speaks it",
    example: "{model: claude-sonnet-4-5, api_key: \"${ANTHROPIC_API_KEY}\", params: {max_tokens: 512}}",
    decode,
};

/// What is particular to this API.
static DIALECT: Dialect = Dialect {
    api: Api {
        kind: KIND.name,
        path: |base| under(base, "/v1/messages"),
        key: |key| ("x-api-key", key.to_owned()),
        headers: &[("anthropic-version", "2023-06-01")],
        accept: reply::accept,
        refused: |status, body| refusal::refused(status, body, &refusal::MODEL),
        is_token: reply::is_token,
    },
    docs: Docs {
        key: "sent as x-api-key; ${NAME}",
        params: "put into the request as they are: max_tokens (default 4096), temperature, thinking ...",
        stream: "ask for an event stream, which tells the time to the first token; default false",
        schema: "a JSON Schema that the reply must follow, sent as output_config.format",
    },
    own: &["model", "messages", "system", "stream", "tools"],
    bounds: &["max_tokens"],
    offers_logprobs: false,
    content: request::content,
    streamed: |body| body["stream"] = json!(true),
    read: reply::read,
};

/// Where the API stands unless the suite says otherwise.
const PLACE: &str = "https://api.anthropic.com";

/// The most tokens of a reply unless the suite says otherwise: the API wants a number.
const MAX_TOKENS: u64 = 4_096;

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    Some(Arc::new(options(fields)?))
}

fn options(fields: &mut Fields<'_>) -> Option<Model> {
    let written = fields
        .node()
        .is_some_and(|node| node.get("base_url").is_some());
    let base_url = fields.optional(
        "base_url",
        "the address up to and without `/v1/messages`; default https://api.anthropic.com; ${NAME} for environment values",
        WithEnv,
    );
    let base_url = if written {
        base_url
    } else {
        EnvText::parse(PLACE).ok()
    };
    let mut model = Model::read(fields, &DIALECT, base_url)?;
    let most = model
        .params
        .entry("max_tokens")
        .or_insert_with(|| json!(MAX_TOKENS));
    if most.as_u64().is_none_or(|most| most == 0) {
        fields.problem("params", "`max_tokens` is a whole number above 0");
    }
    Some(model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decode::{Problems, read};
    use crate::domain::tree::Node;
    use serde_json::Value as Json;

    fn decoded(json: &Json) -> Result<Model, Vec<String>> {
        let mut problems = Problems::new("suite.yaml");
        let plan = read(&Node::from_json(json), &mut problems, options);
        let problems: Vec<String> = problems.sorted().into_iter().map(|p| p.message).collect();
        plan.filter(|_| problems.is_empty()).ok_or(problems)
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let plan = decoded(&json!({"model": "claude-sonnet-4-5", "api_key": "${KEY}"})).unwrap();
        assert_eq!(plan.endpoint(), "https://api.anthropic.com");
        assert_eq!(plan.most_output_tokens(), Some(4_096));
        assert_eq!(plan.listed_price().map(|price| price.output), Some(15.0));
        assert!(!plan.offers_logprobs());
        let elsewhere = json!({"base_url": "http://127.0.0.1:1", "model": "claude-sonnet-4-5", "params": {"max_tokens": 7}});
        let plan = decoded(&elsewhere).unwrap();
        assert_eq!(
            (plan.most_output_tokens(), plan.listed_price()),
            (Some(7), None)
        );
    }

    #[test]
    fn every_fault_of_the_options_is_named() {
        let all = decoded(&json!({
            "base_url": "http://10.0.0.5", "model": "m", "api_key": "${KEY}", "schema": 3, "stop": 1,
            "params": {"max_tokens": 0, "system": "x"},
        }))
        .unwrap_err()
        .join("\n");
        for part in [
            "insecure: true",
            "a JSON Schema is a map",
            "unknown key `stop`",
            "`max_tokens` is a whole number above 0",
            "`system` does not belong in `params`",
        ] {
            assert!(all.contains(part), "{part} in {all}");
        }
    }
}
