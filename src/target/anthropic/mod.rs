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

use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::domain::case::Case;
use crate::domain::decode::{Anything, Fields, MapOf, Text, Truth, WithEnv};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::kind::Kind;
use crate::domain::message::Message;
use crate::domain::port::{
    Call, Exchange, Local, Parts, Reply, Request, Session, Target, TargetPlan,
};
use crate::domain::price::{self, Price};
use crate::domain::secret::EnvText;
use crate::domain::template::Template;

use super::endpoint::{Api, Endpoint, Written, under};
use super::prompt::Prompt;
use super::refusal;

/// The row of the table.
pub(super) const KIND: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "anthropic",
    summary: "a model behind Anthropic's Messages API, or a gateway that speaks it",
    example: "{model: claude-sonnet-4-5, api_key: \"${ANTHROPIC_API_KEY}\", params: {max_tokens: 512}}",
    decode,
};

/// What is particular to this API.
const API: Api = Api {
    kind: KIND.name,
    path: |base| under(base, "/v1/messages"),
    key: |key| ("x-api-key", key.to_owned()),
    headers: &[("anthropic-version", "2023-06-01")],
    accept: reply::accept,
    refused: |status, body| refusal::refused(status, body, &refusal::MODEL),
    is_token: reply::is_token,
};

/// Where the API stands unless the suite says otherwise.
const PLACE: &str = "https://api.anthropic.com";

/// The most tokens of a reply unless the suite says otherwise: the API wants a number.
const MAX_TOKENS: u64 = 4_096;

/// Keys of the body that the target sets itself.
const OWN: &[&str] = &["model", "messages", "system", "stream", "tools"];

/// What the suite says about the target.
#[derive(Debug, Clone)]
struct Anthropic {
    endpoint: Endpoint,
    model: String,
    prompt: Prompt,
    params: Map<String, Json>,
    stream: bool,
    schema: Option<Json>,
}

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    Some(Arc::new(options(fields)?))
}

fn options(fields: &mut Fields<'_>) -> Option<Anthropic> {
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
    let model = fields.required("model", "the model's name at the endpoint", Text);
    let endpoint = Endpoint::read(fields, base_url, "sent as x-api-key; ${NAME}");
    let prompt = Prompt::read(fields);
    let mut params: Map<String, Json> = fields
        .or(
            "params",
            "put into the request as they are: max_tokens (default 4096), temperature, thinking ...",
            MapOf(Anything),
            Vec::new(),
        )
        .into_iter()
        .collect();
    let stream = fields.or(
        "stream",
        "ask for an event stream, which tells the time to the first token; default false",
        Truth,
        false,
    );
    let schema = fields.optional(
        "schema",
        "a JSON Schema that the reply must follow, sent as output_config.format",
        Anything,
    );
    for key in OWN.iter().filter(|key| params.contains_key(**key)) {
        fields.problem(
            "params",
            format!("`{key}` does not belong in `params`: it is made from the target's own keys"),
        );
    }
    let most = params
        .entry("max_tokens")
        .or_insert_with(|| json!(MAX_TOKENS));
    if most.as_u64().is_none_or(|most| most == 0) {
        fields.problem("params", "`max_tokens` is a whole number above 0");
    }
    if let Some(schema) = &schema
        && !schema.is_object()
    {
        fields.problem("schema", "a JSON Schema is a map");
    }
    Some(Anthropic {
        endpoint: endpoint?,
        model: model?,
        prompt,
        params,
        stream,
        schema,
    })
}

impl TargetPlan for Anthropic {
    fn endpoint(&self) -> String {
        self.endpoint.written().to_owned()
    }

    fn model(&self) -> Option<&str> {
        Some(&self.model)
    }

    fn templates(&self) -> Vec<&Template> {
        self.prompt.templates()
    }

    fn environment(&self) -> Vec<&EnvText> {
        self.endpoint.environment()
    }

    fn most_output_tokens(&self) -> Option<u64> {
        self.params.get("max_tokens")?.as_u64()
    }

    fn listed_price(&self) -> Option<Price> {
        price::listed(&self.endpoint.host()?, &self.model)
    }

    fn build(&self, parts: &Parts) -> Result<Rc<dyn Target>, String> {
        Ok(Rc::new(Built {
            plan: self.clone(),
            exchange: Rc::clone(&parts.exchange),
        }))
    }
}

struct Built {
    plan: Anthropic,
    exchange: Rc<dyn Exchange>,
}

impl Built {
    fn call(&self, request: &Request) -> Result<Call, Fault> {
        let plan = &self.plan;
        let internal = |message: String| Fault::new(FaultKind::Internal, message);
        let content = request::content(&request::Asked {
            model: &plan.model,
            params: &plan.params,
            schema: plan.schema.as_ref(),
            tools: &plan.prompt.tools,
            request,
        })
        .map_err(internal)?;
        let stream = plan.stream;
        let body = request::body(&content, stream)
            .map_err(|error| internal(format!("the request cannot be written: {error}")))?;
        let written = Written {
            content,
            body,
            stream,
        };
        plan.endpoint.call(&API, request, written)
    }
}

impl Target for Built {
    fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        self.plan
            .prompt
            .opening(case)
            .map_err(|message| Fault::new(FaultKind::Internal, message))
    }

    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        _session: &'a mut Session,
    ) -> Local<'a, Result<Reply, Fault>> {
        Box::pin(async move {
            let call = self.call(request)?;
            let answer = self.exchange.exchange(&call).await;
            let answer = answer.map_err(|fault| self.plan.endpoint.explain(fault))?;
            reply::read(&answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decode::{Problems, read};
    use crate::domain::tree::Node;

    fn decoded(json: &Json) -> Result<Anthropic, Vec<String>> {
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
            "base_url": "http://10.0.0.5", "api_key": "${KEY}", "schema": 3, "stop": 1,
            "params": {"max_tokens": 0, "system": "x"},
        }))
        .unwrap_err()
        .join("\n");
        for part in [
            "`model` is missing",
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
