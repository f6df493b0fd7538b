//! `chat`: a model behind an OpenAI-compatible chat completions endpoint: OpenAI, Ollama, vLLM, llama.cpp, most gateways.

mod reply;
mod request;

use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

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
    name: "chat",
    summary: "a model behind an OpenAI-compatible chat completions endpoint",
    example: "{base_url: http://127.0.0.1:11434/v1, model: \"qwen3:8b\", params: {temperature: 0, max_tokens: 512}}",
    decode,
};

/// What is particular to this API.
const API: Api = Api {
    kind: KIND.name,
    path: |base| under(base, "/chat/completions"),
    key: |key| ("authorization", format!("Bearer {key}")),
    headers: &[],
    accept: reply::accept,
    refused: |status, body| refusal::refused(status, body, &refusal::MODEL),
    is_token: reply::is_token,
};

/// What the suite says about the target.
#[derive(Debug, Clone)]
struct Chat {
    endpoint: Endpoint,
    model: String,
    prompt: Prompt,
    params: Map<String, Json>,
    stream: bool,
    schema: Option<Json>,
}

/// Keys of the body that the target sets itself.
const OWN: &[&str] = &["model", "messages", "stream", "tools"];

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    Some(Arc::new(options(fields)?))
}

fn options(fields: &mut Fields<'_>) -> Option<Chat> {
    let base_url = fields.required(
        "base_url",
        "the address up to and without `/chat/completions`; ${NAME} for environment values",
        WithEnv,
    );
    let model = fields.required("model", "the model's name at the endpoint", Text);
    let endpoint = Endpoint::read(fields, base_url, "sent as bearer token; ${NAME}");
    let prompt = Prompt::read(fields);
    let params: Map<String, Json> = fields
        .or(
            "params",
            "put into the request as they are: temperature, max_tokens, seed ...",
            MapOf(Anything),
            Vec::new(),
        )
        .into_iter()
        .collect();
    let stream = fields.or(
        "stream",
        "ask for an event stream, which tells the time to the first token; default false, since some endpoints report no usage then",
        Truth,
        false,
    );
    let schema = fields.optional(
        "schema",
        "a JSON Schema that the reply must follow, sent as response_format",
        Anything,
    );
    for key in OWN.iter().filter(|key| params.contains_key(**key)) {
        fields.problem(
            "params",
            format!("`{key}` does not belong in `params`: it is made from the target's own keys"),
        );
    }
    if let Some(schema) = &schema
        && !schema.is_object()
    {
        fields.problem("schema", "a JSON Schema is a map");
    }
    Some(Chat {
        endpoint: endpoint?,
        model: model?,
        prompt,
        params,
        stream,
        schema,
    })
}

impl TargetPlan for Chat {
    fn endpoint(&self) -> String {
        self.endpoint.written().to_owned()
    }

    fn model(&self) -> Option<&str> {
        Some(&self.model)
    }

    fn templates(&self) -> Vec<&Template> {
        self.prompt.templates()
    }

    fn offers_logprobs(&self) -> bool {
        true
    }

    fn environment(&self) -> Vec<&EnvText> {
        self.endpoint.environment()
    }

    fn most_output_tokens(&self) -> Option<u64> {
        ["max_completion_tokens", "max_tokens"]
            .iter()
            .find_map(|key| self.params.get(*key)?.as_u64())
    }

    fn listed_price(&self) -> Option<Price> {
        price::listed(&self.endpoint.host()?, &self.model)
    }

    fn build(&self, parts: &Parts) -> Result<Rc<dyn Target>, String> {
        Ok(Rc::new(Built {
            chat: self.clone(),
            exchange: Rc::clone(&parts.exchange),
        }))
    }
}

struct Built {
    chat: Chat,
    exchange: Rc<dyn Exchange>,
}

impl Built {
    fn call(&self, request: &Request) -> Result<Call, Fault> {
        let chat = &self.chat;
        let content = request::content(&request::Asked {
            model: &chat.model,
            params: &chat.params,
            schema: chat.schema.as_ref(),
            tools: &chat.prompt.tools,
            request,
        });
        let body = request::body(&content, chat.stream).map_err(|error| {
            let message = format!("the request cannot be written: {error}");
            Fault::new(FaultKind::Internal, message)
        })?;
        let stream = chat.stream;
        let written = Written {
            content,
            body,
            stream,
        };
        chat.endpoint.call(&API, request, written)
    }
}

impl Target for Built {
    fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        self.chat
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
            let answer = answer.map_err(|fault| self.chat.endpoint.explain(fault))?;
            reply::read(&answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decode::{Problems, read};
    use crate::domain::tree::Node;
    use serde_json::json;

    fn decoded(json: &Json) -> Result<Chat, Vec<String>> {
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
