//! One request of the suite: where it goes, with what, and what is taken from its reply.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value as Json, json};

use crate::domain::decode::{Fields, MapOf, OneOf};
use crate::domain::digest::Digest;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::{Accept, Call, HttpCall, Request, Transport};
use crate::domain::secret::EnvText;
use crate::domain::template::{Scope, Template};

use super::super::endpoint::{is_header_name, whence};
use super::super::refusal::{self, Advice};
use super::body::{Body, BodyShape};
use super::pointer::{Pointer, PointerShape};
use super::text::{Address, AddressShape, Mixed, MixedShape};

/// What to check where the agent refuses.
const ADVICE: Advice = Advice {
    key: "check `headers`",
    place: "check `url`",
    moved: "give `url` its final address",
};

const METHODS: &[(&str, &str)] = &[
    ("GET", "GET"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("PATCH", "PATCH"),
    ("DELETE", "DELETE"),
];

/// Headers whose value is a secret wherever it comes from: of them only a digest is kept.
const SECRET: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "api-key",
];

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    address: Address,
    method: &'static str,
    headers: Vec<(String, Mixed)>,
    body: Body,
    /// What is taken from its reply, by name.
    pub(super) capture: Vec<(String, Pointer)>,
}

impl Asking {
    /// Reads the keys of a request. `method` is the default; with `line`, a request of its own body says what a program would read.
    pub(super) fn read(fields: &mut Fields<'_>, method: &'static str, line: bool) -> Option<Self> {
        let address = fields.required(
            "url",
            "where the request goes; ${NAME}; templates in path and query, whose values are percent-encoded",
            AddressShape,
        );
        let given = fields.or(
            "method",
            "GET, POST, PUT, PATCH or DELETE; default POST, for `poll` GET",
            OneOf(METHODS),
            method,
        );
        let headers = fields.or(
            "headers",
            "headers; ${NAME} and templates",
            MapOf(MixedShape),
            Vec::new(),
        );
        for (name, _) in &headers {
            if !is_header_name(name) {
                fields.problem("headers", format!("`{name}` is not a header name"));
            }
        }
        let body = fields.optional(
            "body",
            "JSON whose texts are templates (a text that is one expression alone keeps its value's type), or a text that is a template; default of the agent's own request: the line of the command protocol",
            BodyShape,
        );
        let capture = fields.or(
            "capture",
            "names for values of the reply, by JSON pointer: later requests use them in templates",
            MapOf(PointerShape),
            Vec::new(),
        );
        let has_body = !matches!(given, "GET" | "DELETE");
        Some(Self {
            address: address?,
            method: given,
            headers,
            body: body.unwrap_or(if line && has_body {
                Body::Line
            } else {
                Body::None
            }),
            capture,
        })
    }

    /// The address as the suite has it.
    pub(super) fn place(&self) -> &str {
        self.address.text().written()
    }

    /// Every template in it.
    pub(super) fn templates(&self) -> Vec<&Template> {
        let headers = self.headers.iter().flat_map(|(_, value)| value.templates());
        let mut found: Vec<&Template> = self.address.text().templates().chain(headers).collect();
        found.extend(self.body.templates());
        found
    }

    /// The environment values in it.
    pub(super) fn environment(&self) -> impl Iterator<Item = &EnvText> {
        let headers = self.headers.iter().flat_map(|(_, value)| value.values());
        self.address.text().values().chain(headers)
    }

    /// Whether it may go where it goes with what it carries.
    pub(super) fn check(&self, insecure: bool) -> Result<(), String> {
        self.address.check(self.is_guarded(insecure))
    }

    fn is_guarded(&self, insecure: bool) -> bool {
        !insecure && self.environment().next().is_some()
    }

    /// What it takes from a reply.
    pub(super) fn take(&self, reply: &Json) -> Result<Vec<(String, Json)>, String> {
        self.capture
            .iter()
            .map(|(name, pointer)| {
                let value = pointer.find(reply);
                value
                    .map(|value| (name.clone(), value.clone()))
                    .map_err(|error| format!("`capture` of `{name}`: {error}"))
            })
            .collect()
    }

    /// The call for a request of the engine.
    pub(super) fn call(&self, about: About<'_>, accept: Accept) -> Result<Call, Fault> {
        let internal = |message: String| Fault::new(FaultKind::Internal, message);
        let scope = about.scope;
        let address = self
            .address
            .render(scope, self.is_guarded(about.insecure))
            .map_err(|error| internal(format!("`url`: {error}")))?;
        let mut headers: Vec<(String, SecretString)> = Vec::new();
        let mut shown = Map::new();
        for (name, value) in &self.headers {
            let value = value
                .render(scope)
                .map_err(|error| internal(format!("`headers`: {error}")))?;
            let is_secret = SECRET.iter().any(|known| name.eq_ignore_ascii_case(known));
            let kept = if is_secret {
                Digest::of(value.shown.as_bytes()).to_string()
            } else {
                value.shown
            };
            shown.insert(name.to_ascii_lowercase(), Json::String(kept));
            headers.push((name.clone(), value.sent));
        }
        let body = self
            .body
            .fill(about.request, scope)
            .map_err(|error| internal(format!("`body`: {error}")))?;
        let mut content = json!({
            "step": about.step,
            "method": self.method,
            "url": address.shown,
            "headers": shown,
            "body": body.content,
            "messages": about.request.messages,
        });
        if let Some(of) = about.of {
            content["of"] = of;
        }
        let mut id = about.request.call.clone();
        id.occurrence = about.occurrence;
        Ok(Call {
            id,
            kind: super::KIND.name,
            endpoint: self.place().to_owned(),
            endpoint_filled: self.address.filled(),
            content,
            transport: Transport::Http(Box::new(HttpCall {
                method: self.method,
                url: address.sent.expose_secret().into(),
                headers,
                body: body.sent.into(),
                first_token: None,
            })),
            timeout: about.left,
            accept,
            refused: |status, body| refusal::refused(status, body, &ADVICE),
        })
    }

    /// A fault with the variables that a refused key came from.
    pub(super) fn explain(&self, mut fault: Fault) -> Fault {
        if matches!(fault.status, Some(401 | 403)) {
            fault.message.push_str(&whence(self.environment()));
        }
        fault
    }
}

/// What a call is made for.
pub(super) struct About<'a> {
    pub(super) request: &'a Request,
    pub(super) scope: &'a Scope,
    /// `turn`, `setup 0`, `poll 3`: what sets equal requests of a trial apart.
    pub(super) step: String,
    /// For a conversation that the agent remembers: whose it is, so that no two trials share it.
    pub(super) of: Option<Json>,
    pub(super) occurrence: u32,
    pub(super) left: std::time::Duration,
    pub(super) insecure: bool,
}
