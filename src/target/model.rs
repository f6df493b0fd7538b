//! A model behind an API: what the suite says of it is the same for every API, and so is how a turn is put to it. An API has a
//! [`Dialect`] of its own: how the request is written, how the answer is read.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::domain::case::Case;
use crate::domain::decode::{Anything, Fields, MapOf, Text, Truth};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::message::Message;
use crate::domain::port::{
    Answer, Call, Exchange, Local, Parts, Reply, Request, Session, Target, TargetPlan,
};
use crate::domain::price::{self, Price};
use crate::domain::secret::EnvText;
use crate::domain::template::Template;

use super::endpoint::{Api, Endpoint, Written};
use super::prompt::Prompt;

/// All that decides an answer.
pub(super) struct Asked<'a> {
    pub(super) model: &'a str,
    pub(super) params: &'a Map<String, Json>,
    pub(super) schema: Option<&'a Json>,
    /// Tools of the target; the request may have more.
    pub(super) tools: &'a [Json],
    pub(super) request: &'a Request,
}

/// What is particular to an API.
#[derive(Debug)]
pub(super) struct Dialect {
    pub(super) api: Api,
    /// What its keys mean.
    pub(super) docs: Docs,
    /// Keys of the body that the target sets itself.
    pub(super) own: &'static [&'static str],
    /// Parameters that bound the tokens of a reply, the first that is there counts.
    pub(super) bounds: &'static [&'static str],
    pub(super) offers_logprobs: bool,
    /// All that decides the answer as one value: the body without the manner of delivery, so that a recorded reply serves both.
    pub(super) content: fn(&Asked<'_>) -> Result<Json, String>,
    /// Adds the wish for an event stream to a body.
    pub(super) streamed: fn(&mut Json),
    /// Reads an answer; anything but a complete one is a fault.
    pub(super) read: fn(&Answer) -> Result<Reply, Fault>,
}

/// What keys mean whose meaning is the API's.
#[derive(Debug)]
pub(super) struct Docs {
    pub(super) key: &'static str,
    pub(super) params: &'static str,
    pub(super) stream: &'static str,
    pub(super) schema: &'static str,
}

/// What the suite says about the target.
#[derive(Debug, Clone)]
pub(super) struct Model {
    dialect: &'static Dialect,
    endpoint: Endpoint,
    model: String,
    prompt: Prompt,
    pub(super) params: Map<String, Json>,
    stream: bool,
    schema: Option<Json>,
}

impl Model {
    /// Reads the keys that every model has. `base_url` was asked for by the kind, which knows whether it may lack.
    pub(super) fn read(
        fields: &mut Fields<'_>,
        dialect: &'static Dialect,
        base_url: Option<EnvText>,
    ) -> Option<Self> {
        let docs = &dialect.docs;
        let model = fields.required("model", "the model's name at the endpoint", Text);
        let endpoint = Endpoint::read(fields, base_url, docs.key);
        let prompt = Prompt::read(fields);
        let params: Map<String, Json> = fields
            .or("params", docs.params, MapOf(Anything), Vec::new())
            .into_iter()
            .collect();
        let stream = fields.or("stream", docs.stream, Truth, false);
        let schema = fields.optional("schema", docs.schema, Anything);
        for key in dialect.own.iter().filter(|key| params.contains_key(**key)) {
            fields.problem(
                "params",
                format!(
                    "`{key}` does not belong in `params`: it is made from the target's own keys"
                ),
            );
        }
        if let Some(schema) = &schema
            && !schema.is_object()
        {
            fields.problem("schema", "a JSON Schema is a map");
        }
        Some(Self {
            dialect,
            endpoint: endpoint?,
            model: model?,
            prompt,
            params,
            stream,
            schema,
        })
    }

    fn call(&self, request: &Request) -> Result<Call, Fault> {
        let internal = |message: String| Fault::new(FaultKind::Internal, message);
        let content = (self.dialect.content)(&Asked {
            model: &self.model,
            params: &self.params,
            schema: self.schema.as_ref(),
            tools: &self.prompt.tools,
            request,
        })
        .map_err(internal)?;
        let mut delivered = None;
        if self.stream {
            (self.dialect.streamed)(delivered.insert(content.clone()));
        }
        let body = serde_json::to_vec(delivered.as_ref().unwrap_or(&content))
            .map_err(|error| internal(format!("the request cannot be written: {error}")))?;
        let written = Written {
            content,
            body,
            stream: self.stream,
        };
        self.endpoint.call(&self.dialect.api, request, written)
    }
}

impl TargetPlan for Model {
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
        self.dialect.offers_logprobs
    }

    fn environment(&self) -> Vec<&EnvText> {
        self.endpoint.environment()
    }

    fn most_output_tokens(&self) -> Option<u64> {
        let bounds = self.dialect.bounds.iter();
        bounds
            .filter_map(|key| self.params.get(*key)?.as_u64())
            .next()
    }

    fn listed_price(&self) -> Option<Price> {
        price::listed(&self.endpoint.host()?, &self.model)
    }

    fn build(&self, parts: &Parts) -> Result<Rc<dyn Target>, String> {
        Ok(Rc::new(Built {
            model: self.clone(),
            exchange: Rc::clone(&parts.exchange),
        }))
    }
}

struct Built {
    model: Model,
    exchange: Rc<dyn Exchange>,
}

impl Target for Built {
    fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        self.model
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
            let call = self.model.call(request)?;
            let answer = self.exchange.exchange(&call).await;
            let answer = answer.map_err(|fault| self.model.endpoint.explain(fault))?;
            (self.model.dialect.read)(&answer)
        })
    }
}
