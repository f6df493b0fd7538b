//! With what a case is put to a model: the system message, the prompt, and the tools that it may ask for.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::domain::case::Case;
use crate::domain::decode::{Fields, List, OneOf, Problems, Shape, Templated, object};
use crate::domain::message::{Message, Role};
use crate::domain::template::{Scope, Template};
use crate::domain::tree::{Node, Value};

/// What is said to the model besides the conversation.
#[derive(Debug, Clone)]
pub(super) struct Prompt {
    system: Option<Template>,
    /// `None`: the case's input as it is.
    said: Option<Said>,
    /// Schemas of tools, as chat completions have them.
    pub(super) tools: Vec<Json>,
}

/// One user message, or a list of messages.
#[derive(Debug, Clone)]
enum Said {
    One(Box<Template>),
    Several(Vec<(Role, Template)>),
}

const ROLES: &[(&str, Role)] = &[
    ("system", Role::System),
    ("user", Role::User),
    ("assistant", Role::Assistant),
];

struct SaidShape;

impl Shape for SaidShape {
    type Output = Said;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Said> {
        match node.value {
            Value::Sequence(_) => List(object(message))
                .read(node, problems)
                .map(Said::Several),
            _ => Templated
                .read(node, problems)
                .map(|template| Said::One(Box::new(template))),
        }
    }
    fn schema(&self) -> Json {
        json!({"anyOf": [Templated.schema(), List(object(message)).schema()]})
    }
}

fn message(fields: &mut Fields<'_>) -> Option<(Role, Template)> {
    let role = fields.required("role", "who speaks", OneOf(ROLES));
    let content = fields.required("content", "what is said; a template", Templated);
    Some((role?, content?))
}

/// The schema of a tool: `{type: function, function: {name, description, parameters}}`.
struct ToolShape;

impl Shape for ToolShape {
    type Output = Json;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Json> {
        let json = node.to_json();
        if json["type"] == "function" && json["function"]["name"].is_string() {
            return Some(json);
        }
        problems.note(
            node.span,
            "a tool is `{type: function, function: {name, description, parameters}}`",
        );
        None
    }
    fn schema(&self) -> Json {
        json!({
            "type": "object",
            "properties": {"type": {"const": "function"}, "function": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "description": {"type": "string"}, "parameters": {"type": "object"}},
                "required": ["name"],
            }},
            "required": ["type", "function"],
        })
    }
}

impl Prompt {
    /// Reads `system`, `prompt` and `tools`.
    pub(super) fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            system: fields.optional("system", "the system message; a template", Templated),
            said: fields.optional(
                "prompt",
                "the user message, or a list of messages; templates; default: the case's input",
                SaidShape,
            ),
            tools: fields.or(
                "tools",
                "tools offered, each as `{type: function, function: {name, description, parameters}}`; calls are recorded and scored, not carried out",
                List(ToolShape),
                Vec::new(),
            ),
        }
    }

    /// Every template in it.
    pub(super) fn templates(&self) -> Vec<&Template> {
        let said: Vec<&Template> = match &self.said {
            None => Vec::new(),
            Some(Said::One(template)) => vec![template],
            Some(Said::Several(list)) => list.iter().map(|(_, template)| template).collect(),
        };
        self.system.iter().chain(said).collect()
    }

    /// The messages with which a case is put.
    pub(super) fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, String> {
        let scope = Scope::of(case);
        let render = |template: &Template| template.render(&scope).map_err(|e| e.to_string());
        let mut messages = Vec::new();
        if let Some(system) = &self.system {
            let text = render(system).map_err(|error| format!("`system`: {error}"))?;
            messages.push(Message::new(Role::System, text));
        }
        let in_prompt = |error| format!("`prompt`: {error}");
        match &self.said {
            None => messages.extend(case.input.messages()),
            Some(Said::One(template)) => {
                let text = render(template).map_err(in_prompt)?;
                messages.push(Message::new(Role::User, text));
            }
            Some(Said::Several(list)) => {
                for (role, template) in list {
                    let text = render(template).map_err(in_prompt)?;
                    messages.push(Message::new(*role, text));
                }
            }
        }
        Ok(messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::Input;
    use crate::domain::decode::read;

    fn decode(fields: &mut Fields<'_>) -> Option<Prompt> {
        Some(Prompt::read(fields))
    }

    fn prompt(options: Json) -> Prompt {
        let mut problems = Problems::new("suite.yaml");
        let prompt = read(&Node::from_json(&options), &mut problems, decode);
        assert_eq!(problems.sorted(), []);
        prompt.unwrap()
    }

    #[test]
    fn the_opening_is_system_and_prompt() {
        let case = Arc::new(Case::new("c", "why?"));
        let said = |options: Json| -> Vec<(Role, String)> {
            prompt(options)
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
            prompt(json!({"prompt": "{{ nothing }}"}))
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
        let opening = prompt(json!({"system": "s"}))
            .opening(&Arc::new(case))
            .unwrap();
        assert_eq!(opening.len(), 4);
        assert_eq!(opening[3], Message::new(Role::User, "c"));
    }

    #[test]
    fn a_tool_without_a_name_is_refused() {
        let mut problems = Problems::new("suite.yaml");
        let node = Node::from_json(
            &json!({"tools": [{"type": "function", "function": {"name": "f"}}, {"name": "g"}]}),
        );
        read(&node, &mut problems, decode);
        assert_eq!(problems.count(), 1);
    }
}
