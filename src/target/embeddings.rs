//! `embeddings`: a model that turns texts into vectors, behind an OpenAI-compatible endpoint (`/embeddings`).
//!
//! A call is one text. Calls that are under way at the same time travel in one request of up to `batch` texts; a text that is under way or
//! was answered lately is not asked for again. Each text has a reply of its own: it is recorded by itself, so that a replay does not
//! depend on who travelled with whom, and the request's tokens are divided by the lengths of its texts, the sum kept. Repeat and vote are
//! no part of what identifies a text.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::domain::case::Case;
use crate::domain::decode::{Anything, Fields, MapOf, Text, Whole, WithEnv};
use crate::domain::digest::Digest;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::kind::Kind;
use crate::domain::message::{Message, Usage};
use crate::domain::port::{
    Answer, BatchedCall, Call, CallId, Exchange, Local, Parts, Reply, Request, Session, Target,
    TargetPlan, Transport,
};
use crate::domain::price::{self, Price};
use crate::domain::secret::EnvText;

use super::endpoint::{Api, Endpoint, Written, under};
use super::refusal;

/// The row of the table.
pub(super) const KIND: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "embeddings",
    summary: "a model behind an OpenAI-compatible embeddings endpoint",
    example: "{base_url: http://127.0.0.1:11434/v1, model: nomic-embed-text, batch: 32}",
    decode,
};

const PATH: &str = "/embeddings";

/// Keys of the body that are made from the model's own options, or that decide the form of the answer.
const OWN: &[&str] = &["model", "input", "encoding_format"];

/// How a text is asked for.
static API: Api = Api {
    kind: KIND.name,
    path: |base| under(base, PATH),
    key: |key| ("authorization", format!("Bearer {key}")),
    headers: &[],
    accept: |answer| read(answer).map(drop),
    refused: |status, body| refusal::refused(status, body, &refusal::MODEL),
    is_token: |_| false,
};

/// What the suite says about the model.
#[derive(Debug, Clone)]
struct Embeddings {
    endpoint: Endpoint,
    model: String,
    params: Map<String, Json>,
    batch: usize,
}

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    Some(Arc::new(options(fields)?))
}

fn options(fields: &mut Fields<'_>) -> Option<Embeddings> {
    let base_url = fields.required(
        "base_url",
        "the address up to and without `/embeddings`; ${NAME} for environment values",
        WithEnv,
    );
    let model = fields.required("model", "the model's name at the endpoint", Text);
    let endpoint = Endpoint::read(fields, base_url, "sent as bearer token; ${NAME}");
    let params: Map<String, Json> = fields
        .or(
            "params",
            "put into the request as they are: dimensions ...",
            MapOf(Anything),
            Vec::new(),
        )
        .into_iter()
        .collect();
    let batch = fields.or(
        "batch",
        "the most texts in one request; default 32",
        Whole(1..=2_048),
        32,
    );
    for key in OWN.iter().filter(|key| params.contains_key(**key)) {
        fields.problem(
            "params",
            format!("`{key}` does not belong in `params`: it is made from the model's own keys"),
        );
    }
    Some(Embeddings {
        endpoint: endpoint?,
        model: model?,
        params,
        batch: usize::try_from(batch).unwrap_or(1),
    })
}

impl Embeddings {
    /// What is asked for one text, or for several.
    fn content(&self, input: Json) -> Json {
        let mut content = Map::new();
        content.insert("model".into(), json!(self.model));
        content.insert("input".into(), input);
        content.extend(self.params.clone());
        Json::Object(content)
    }
}

impl TargetPlan for Embeddings {
    fn endpoint(&self) -> String {
        self.endpoint.written().to_owned()
    }

    fn model(&self) -> Option<&str> {
        Some(&self.model)
    }

    fn environment(&self) -> Vec<&EnvText> {
        self.endpoint.environment()
    }

    fn why_unbounded(&self) -> &'static str {
        "it costs what it reads, which is not counted beforehand"
    }

    fn listed_price(&self) -> Option<Price> {
        price::listed(&self.endpoint.host()?, &self.model)
    }

    fn build(&self, parts: &Parts) -> Result<Rc<dyn Target>, String> {
        Ok(Rc::new(Built {
            group: Digest::of_json(&json!([self.endpoint(), self.content(Json::Null)])),
            embeddings: self.clone(),
            exchange: Rc::clone(&parts.exchange),
        }))
    }
}

struct Built {
    embeddings: Embeddings,
    group: Digest,
    exchange: Rc<dyn Exchange>,
}

impl Built {
    fn call(&self, request: &Request) -> Result<Call, Fault> {
        let own = &self.embeddings;
        let text = request.messages.first().map(|message| &*message.content);
        let content = own.content(json!(text.unwrap_or_default()));
        let written = Written {
            body: content.to_string().into_bytes(),
            content,
            stream: false,
        };
        let mut call = own.endpoint.call(&API, request, written)?;
        // A text has one vector, whoever asks for it and however often.
        call.id = CallId {
            repeat: 0,
            vote: 0,
            occurrence: 0,
            ..call.id
        };
        if let Transport::Http(http) = call.transport {
            call.transport = Transport::Batched(Box::new(BatchedCall {
                http: *http,
                group: self.group,
                most: own.batch,
                join,
                split,
            }));
        }
        Ok(call)
    }
}

impl Target for Built {
    fn opening(&self, _: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        Err(Fault::new(
            FaultKind::Internal,
            "a model of embeddings answers no case",
        ))
    }

    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        _session: &'a mut Session,
    ) -> Local<'a, Result<Reply, Fault>> {
        Box::pin(async move {
            let call = self.call(request)?;
            let explain = |fault| self.embeddings.endpoint.explain(fault);
            read(&self.exchange.exchange(&call).await.map_err(explain)?)
        })
    }
}

/// One text's reply, in our own words: this is what a cassette keeps.
#[derive(Serialize, Deserialize)]
struct One {
    embedding: Vec<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// This text's share of the request's tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<u64>,
}

fn read(answer: &Answer) -> Result<Reply, Fault> {
    let one: One = serde_json::from_slice(&answer.body).map_err(|error| {
        let message = format!("a reply to one text cannot be read: {error}");
        Fault::new(FaultKind::Garbled, message)
    })?;
    check(&one.embedding)?;
    Ok(Reply {
        vector: one.embedding,
        usage: one.tokens.map(|input| Usage {
            input,
            ..Usage::default()
        }),
        model: one.model,
        timing: answer.timing,
        replayed: answer.replayed,
        ..Reply::default()
    })
}

fn check(vector: &[f32]) -> Result<(), Fault> {
    let why = match vector {
        [] => "an empty vector came back",
        vector if vector.iter().any(|number| !number.is_finite()) => {
            "a vector came back that holds what is no finite number"
        }
        _ => return Ok(()),
    };
    Err(Fault::new(FaultKind::Garbled, why))
}

/// The text that a body asks for.
#[derive(Deserialize)]
struct Asked {
    input: String,
}

fn texts(bodies: &[Bytes]) -> Result<Vec<String>, Fault> {
    let texts = bodies.iter().map(|body| serde_json::from_slice(body));
    let texts: Result<Vec<Asked>, _> = texts.collect();
    match texts {
        Ok(texts) => Ok(texts.into_iter().map(|asked| asked.input).collect()),
        Err(error) => Err(Fault::new(FaultKind::Internal, error.to_string())),
    }
}

fn join(bodies: &[Bytes]) -> Result<Bytes, Fault> {
    let internal = |error: serde_json::Error| Fault::new(FaultKind::Internal, error.to_string());
    let first = bodies.first().map_or(&b""[..], |body| body);
    let mut whole: Map<String, Json> = serde_json::from_slice(first).map_err(internal)?;
    whole.insert("input".into(), json!(texts(bodies)?));
    serde_json::to_vec(&whole)
        .map(Bytes::from)
        .map_err(internal)
}

/// What the endpoint answers.
#[derive(Deserialize)]
struct Many {
    data: Vec<Item>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    usage: Option<Used>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct Used {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
}

fn split(bodies: &[Bytes], answer: &Answer) -> Result<Vec<Bytes>, Fault> {
    let many: Many =
        serde_json::from_slice(&answer.body).map_err(|error| unreadable(answer, &error))?;
    let texts = texts(bodies)?;
    let garbled = |message: String| Fault::new(FaultKind::Garbled, message);
    if many.data.len() != texts.len() {
        return Err(garbled(format!(
            "{} texts went out and {} vectors came back",
            texts.len(),
            many.data.len()
        )));
    }
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; texts.len()];
    for (at, item) in many.data.into_iter().enumerate() {
        check(&item.embedding)?;
        let index = item.index.unwrap_or(at);
        match vectors.get_mut(index) {
            Some(place @ None) => *place = Some(item.embedding),
            _ => {
                return Err(garbled(format!(
                    "a vector came back for text {index}, which was asked for once or not at all"
                )));
            }
        }
    }
    let tokens = many
        .usage
        .and_then(|used| used.prompt_tokens.or(used.total_tokens));
    let shares = tokens.map(|tokens| shares(tokens, &texts));
    vectors
        .into_iter()
        .enumerate()
        .map(|(at, vector)| {
            let one = One {
                embedding: vector.unwrap_or_default(),
                model: many.model.clone(),
                tokens: shares.as_ref().map(|shares| shares[at]),
            };
            let body = serde_json::to_vec(&one).map(Bytes::from);
            body.map_err(|error| Fault::new(FaultKind::Internal, error.to_string()))
        })
        .collect()
}

/// An error with status 200, or no answer at all.
fn unreadable(answer: &Answer, error: &serde_json::Error) -> Fault {
    let said = serde_json::from_slice::<Json>(&answer.body).unwrap_or_default();
    if let Some(error) = said.get("error").filter(|error| !error.is_null()) {
        return refusal::disguised(error);
    }
    let body = String::from_utf8_lossy(&answer.body);
    let beginning: String = body.chars().take(120).collect();
    let message = format!("the reply holds no vectors ({error}): `{beginning}`");
    Fault::new(FaultKind::Garbled, message)
}

/// Divides a request's tokens among its texts by their lengths; the shares add up to the whole.
fn shares(tokens: u64, texts: &[String]) -> Vec<u64> {
    let weight = |text: &String| text.len() as u128 + 1;
    let whole: u128 = texts.iter().map(weight).sum();
    let mut before = 0;
    let mut given = 0;
    texts
        .iter()
        .map(|text| {
            before += weight(text);
            let due = u64::try_from(u128::from(tokens) * before / whole.max(1)).unwrap_or(tokens);
            let share = due - given;
            given = due;
            share
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decode::{Problems, read as read_options};
    use crate::domain::tree::Node;

    fn bodies(texts: &[&str]) -> Vec<Bytes> {
        let body = |text: &&str| json!({"model": "m", "input": text, "dimensions": 2}).to_string();
        texts
            .iter()
            .map(|text| body(text).into_bytes().into())
            .collect()
    }

    fn answer(body: &Json) -> Answer {
        Answer {
            status: 200,
            body: body.to_string().into_bytes().into(),
            ..Answer::default()
        }
    }

    fn one(body: &Bytes) -> Reply {
        read(&Answer {
            body: body.clone(),
            ..Answer::default()
        })
        .unwrap()
    }

    #[test]
    fn several_texts_travel_together_and_come_back_in_their_places() {
        let bodies = bodies(&["a", "bbb"]);
        let joined: Json = serde_json::from_slice(&join(&bodies).unwrap()).unwrap();
        assert_eq!(
            joined,
            json!({"model": "m", "input": ["a", "bbb"], "dimensions": 2})
        );
        let reply = answer(&json!({
            "data": [{"index": 1, "embedding": [0.1, 1]}, {"index": 0, "embedding": [1, 0]}],
            "model": "m-1", "usage": {"prompt_tokens": 7, "total_tokens": 7},
        }));
        let split = split(&bodies, &reply).unwrap();
        let (first, second) = (one(&split[0]), one(&split[1]));
        assert_eq!(
            (first.vector, second.vector),
            (vec![1.0, 0.0], vec![0.1, 1.0])
        );
        assert_eq!(first.model.as_deref(), Some("m-1"));
        let tokens = first.usage.unwrap().input + second.usage.unwrap().input;
        assert_eq!(tokens, 7);
    }

    #[test]
    fn tokens_are_divided_by_length_and_none_is_lost() {
        let texts: Vec<String> = ["aaaaaaaaa", "a", "aaa"].map(str::to_owned).to_vec();
        assert_eq!(shares(16, &texts), [10, 2, 4]);
        for tokens in [0, 1, 2, 999_983] {
            assert_eq!(shares(tokens, &texts).iter().sum::<u64>(), tokens);
        }
    }

    #[test]
    fn a_reply_that_does_not_fit_its_texts_is_none() {
        let split = |data: Json| split(&bodies(&["a", "b"]), &answer(&data)).unwrap_err();
        for (reply, why) in [
            (
                json!({"data": [{"embedding": [1]}]}),
                "2 texts went out and 1 vectors",
            ),
            (
                json!({"data": [{"embedding": [1]}, {"embedding": []}]}),
                "empty vector",
            ),
            (
                json!({"data": [{"embedding": [1]}, {"embedding": [1e300]}]}),
                "holds no vectors",
            ),
            (
                json!({"data": [{"index": 1, "embedding": [1]}, {"index": 1, "embedding": [2]}]}),
                "for text 1",
            ),
            (
                json!({"data": [{"index": 0, "embedding": [1]}, {"index": 2, "embedding": [2]}]}),
                "for text 2",
            ),
            (
                json!({"data": [{"embedding": [null]}, {"embedding": [2]}]}),
                "holds no vectors",
            ),
            (json!([1]), "holds no vectors"),
        ] {
            let fault = split(reply.clone());
            assert_eq!(fault.kind, FaultKind::Garbled, "{reply}");
            assert!(fault.message.contains(why), "{reply}: {}", fault.message);
        }
        let limited =
            split(json!({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}));
        assert_eq!(limited.kind, FaultKind::RateLimited);
    }

    #[test]
    fn every_fault_of_the_options_is_named() {
        let problems = |options: Json| -> Vec<String> {
            let mut problems = Problems::new("suite.yaml");
            read_options(&Node::from_json(&options), &mut problems, super::options);
            problems.sorted().into_iter().map(|p| p.message).collect()
        };
        assert!(problems(json!({"base_url": "http://127.0.0.1:1/v1", "model": "m", "params": {"dimensions": 2}})).is_empty());
        let all = problems(
            json!({"base_url": "http://10.0.0.5/v1", "model": "m", "api_key": "${K}", "batch": 0, "params": {"input": "x"}, "headers": {"a b": "c"}}),
        );
        assert_eq!(all.len(), 4, "{all:?}");
    }
}
