//! `chat`: a model behind an OpenAI-compatible chat completions endpoint: OpenAI, Ollama, vLLM, llama.cpp, most gateways.

pub(super) mod refusal;
mod reply;
pub(super) mod request;

use std::rc::Rc;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value as Json};

use crate::domain::case::Case;
use crate::domain::decode::{
    Anything, Fields, List, MapOf, OneOf, Problems, Shape, Templated, Text, Truth, WithEnv, object,
};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::kind::Kind;
use crate::domain::message::{Message, Role};
use crate::domain::port::{
    Call, Exchange, HttpCall, Local, Parts, Reply, Request, Session, Target, TargetPlan, Transport,
};
use crate::domain::price::{self, Price};
use crate::domain::secret::EnvText;
use crate::domain::template::{Scope, Template};
use crate::domain::tree::{Node, Value};
use crate::wire::environment;

/// The row of the table.
pub(super) const KIND: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "chat",
    summary: "a model behind an OpenAI-compatible chat completions endpoint",
    example: "{base_url: http://127.0.0.1:11434/v1, model: \"qwen3:8b\", params: {temperature: 0, max_tokens: 512}}",
    decode,
};

/// What the suite says about the target.
#[derive(Debug, Clone)]
struct Chat {
    base_url: EnvText,
    model: String,
    api_key: Option<EnvText>,
    headers: Vec<(String, EnvText)>,
    system: Option<Template>,
    /// `None`: the case's input as it is.
    prompt: Option<Prompt>,
    params: Map<String, Json>,
    stream: bool,
    schema: Option<Json>,
    insecure: bool,
}

/// What is said to the model: one user message, or a list of messages.
#[derive(Debug, Clone)]
enum Prompt {
    One(Box<Template>),
    Several(Vec<(Role, Template)>),
}

const ROLES: &[(&str, Role)] = &[
    ("system", Role::System),
    ("user", Role::User),
    ("assistant", Role::Assistant),
];

/// Keys of the body that the target sets itself.
const OWN: &[&str] = &["model", "messages", "stream", "tools"];

struct PromptShape;

impl Shape for PromptShape {
    type Output = Prompt;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Prompt> {
        match node.value {
            Value::Sequence(_) => List(object(message))
                .read(node, problems)
                .map(Prompt::Several),
            _ => Templated
                .read(node, problems)
                .map(|template| Prompt::One(Box::new(template))),
        }
    }
    fn schema(&self) -> Json {
        serde_json::json!({"anyOf": [Templated.schema(), List(object(message)).schema()]})
    }
}

fn message(fields: &mut Fields<'_>) -> Option<(Role, Template)> {
    let role = fields.required("role", "who speaks", OneOf(ROLES));
    let content = fields.required("content", "what is said; a template", Templated);
    Some((role?, content?))
}

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
    let api_key = fields.optional("api_key", "sent as bearer token; ${NAME}", WithEnv);
    let headers = fields.or(
        "headers",
        "further headers; ${NAME}",
        MapOf(WithEnv),
        Vec::new(),
    );
    let system = fields.optional("system", "the system message; a template", Templated);
    let prompt = fields.optional(
        "prompt",
        "the user message, or a list of messages; templates; default: the case's input",
        PromptShape,
    );
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
    let insecure = fields.or(
        "insecure",
        "send keys over plain http to another machine; default false",
        Truth,
        false,
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
    for (name, _) in &headers {
        if !request::is_header_name(name) {
            fields.problem("headers", format!("`{name}` is not a header name"));
        }
    }
    let chat = Chat {
        base_url: base_url?,
        model: model?,
        api_key,
        headers,
        system,
        prompt,
        params,
        stream,
        schema,
        insecure,
    };
    if chat.base_url.names().next().is_none()
        && let Err(message) = chat.address(chat.base_url.written())
    {
        fields.problem("base_url", message);
    }
    Some(chat)
}

impl Chat {
    /// The address that calls go to, or why none may go there. Plain http carries keys in the clear, which is for this machine only.
    fn address(&self, base: &str) -> Result<String, String> {
        let has_key = self.api_key.is_some()
            || self.base_url.names().next().is_some()
            || request::hold_a_variable(&self.headers);
        request::refuse_plain_http(base, has_key && !self.insecure)?;
        Ok(request::completions(base))
    }

    fn headers(&self) -> Vec<(String, SecretString)> {
        request::headers(&self.headers, self.api_key.as_ref())
    }

    fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, String> {
        let scope = Scope::of(case);
        let render = |template: &Template| template.render(&scope).map_err(|e| e.to_string());
        let mut messages = Vec::new();
        if let Some(system) = &self.system {
            let text = render(system).map_err(|error| format!("`system`: {error}"))?;
            messages.push(Message::new(Role::System, text));
        }
        let in_prompt = |error| format!("`prompt`: {error}");
        match &self.prompt {
            None => messages.extend(case.input.messages()),
            Some(Prompt::One(template)) => {
                let text = render(template).map_err(in_prompt)?;
                messages.push(Message::new(Role::User, text));
            }
            Some(Prompt::Several(list)) => {
                for (role, template) in list {
                    let text = render(template).map_err(in_prompt)?;
                    messages.push(Message::new(*role, text));
                }
            }
        }
        Ok(messages)
    }
}

impl TargetPlan for Chat {
    fn endpoint(&self) -> String {
        self.base_url.written().to_owned()
    }

    fn model(&self) -> Option<&str> {
        Some(&self.model)
    }

    fn templates(&self) -> Vec<&Template> {
        let prompt: Vec<&Template> = match &self.prompt {
            None => Vec::new(),
            Some(Prompt::One(template)) => vec![template],
            Some(Prompt::Several(list)) => list.iter().map(|(_, template)| template).collect(),
        };
        self.system.iter().chain(prompt).collect()
    }

    fn environment(&self) -> Vec<&EnvText> {
        let headers = self.headers.iter().map(|(_, value)| value);
        std::iter::once(&self.base_url)
            .chain(&self.api_key)
            .chain(headers)
            .collect()
    }

    fn most_output_tokens(&self) -> Option<u64> {
        ["max_completion_tokens", "max_tokens"]
            .iter()
            .find_map(|key| self.params.get(*key)?.as_u64())
    }

    fn listed_price(&self) -> Option<Price> {
        let (_, host) = request::scheme_and_host(self.base_url.written())?;
        price::listed(&host, &self.model)
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
        let internal = |message: String| Fault::new(FaultKind::Internal, message);
        let chat = &self.chat;
        let content = request::content(&request::Asked {
            model: &chat.model,
            params: &chat.params,
            schema: chat.schema.as_ref(),
            request,
        });
        let body = request::body(&content, chat.stream)
            .map_err(|error| internal(format!("the request cannot be written: {error}")))?;
        let base = environment::fill(&chat.base_url);
        // An address with an unset variable is let through: under replay it is not needed, and the way out names the variable.
        let url = match environment::unset(&base) {
            Some(_) => base.clone(),
            None => chat.address(base.expose_secret()).map_err(internal)?.into(),
        };
        Ok(Call {
            id: request.call.clone(),
            kind: KIND.name,
            endpoint: chat.base_url.written().to_owned(),
            endpoint_filled: chat.base_url.names().next().is_some().then_some(base),
            content,
            transport: Transport::Http(Box::new(HttpCall {
                method: "POST",
                url,
                headers: chat.headers(),
                body: body.into(),
                first_token: chat.stream.then_some(reply::is_token),
            })),
            timeout: request.timeout,
            accept: reply::accept,
            refused: refusal::refused,
        })
    }
}

impl Target for Built {
    fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        self.chat
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
            let answer = self.exchange.exchange(&call).await?;
            reply::read(&answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::Input;
    use crate::domain::decode::read;
    use serde_json::json;

    fn decoded(json: &Json) -> Result<Chat, Vec<String>> {
        let mut problems = Problems::new("suite.yaml");
        let chat = read(&Node::from_json(json), &mut problems, options);
        let problems: Vec<String> = problems.sorted().into_iter().map(|p| p.message).collect();
        chat.filter(|_| problems.is_empty()).ok_or(problems)
    }

    fn chat(more: Json) -> Chat {
        let mut options = json!({"base_url": "http://127.0.0.1:9/v1", "model": "m"});
        for (key, value) in more.as_object().unwrap() {
            options[key] = value.clone();
        }
        decoded(&options).unwrap()
    }

    #[test]
    fn the_opening_is_system_and_prompt() {
        let case = Arc::new(Case::new("c", "why?"));
        let said = |more: Json| -> Vec<(Role, String)> {
            chat(more)
                .opening(&case)
                .unwrap()
                .into_iter()
                .map(|message| (message.role, message.content))
                .collect()
        };
        let user = |text: &str| (Role::User, text.to_owned());
        assert_eq!(said(json!({})), [user("why?")]);
        assert_eq!(
            said(json!({"system": "Be brief, {{ id }}.", "prompt": "Q: {{ input }}"})),
            [(Role::System, "Be brief, c.".to_owned()), user("Q: why?")]
        );
        assert_eq!(
            said(
                json!({"prompt": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "{{ input }}"}]})
            ),
            [user("a"), (Role::Assistant, "b".to_owned()), user("why?")]
        );
        assert!(
            chat(json!({"prompt": "{{ nothing }}"}))
                .opening(&case)
                .unwrap_err()
                .contains("prompt")
        );
    }

    #[test]
    fn messages_of_a_case_are_passed_as_they_are() {
        let mut case = Case::new("c", "");
        case.input = Input::Messages(vec![
            Message::new(Role::User, "a"),
            Message::new(Role::Assistant, "b"),
            Message::new(Role::User, "c"),
        ]);
        let opening = chat(json!({"system": "s"}))
            .opening(&Arc::new(case))
            .unwrap();
        assert_eq!(opening.len(), 4);
        assert_eq!(opening[3], Message::new(Role::User, "c"));
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
