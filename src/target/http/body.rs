//! The body of a request: a tree whose texts are templates, a text that is one, or the line of the `command` protocol.

use serde_json::{Map, Value as Json, json};

use crate::domain::decode::{Problems, Shape, Templated};
use crate::domain::port::Request;
use crate::domain::template::{Scope, Template};
use crate::domain::tree::{Node, Value};

use super::super::protocol;

/// What is sent.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// Nothing.
    None,
    /// What a `command` agent would read.
    Line,
    /// A text of any kind.
    Text(Box<Template>),
    /// JSON.
    Tree(Tree),
}

/// JSON whose texts are templates. A text that is one expression alone (`"{{ messages }}"`) becomes that value with its own type.
#[derive(Debug, Clone)]
pub(super) enum Tree {
    Fixed(Json),
    Said(Box<Template>),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// How a body is written in the suite.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyShape;

impl Shape for BodyShape {
    type Output = Body;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Body> {
        match &node.value {
            Value::Scalar { .. } if node.is_null() => Some(Body::None),
            Value::Scalar { .. } => Templated
                .read(node, problems)
                .map(|template| Body::Text(Box::new(template))),
            _ => tree(node, problems).map(Body::Tree),
        }
    }
    fn schema(&self) -> Json {
        json!({"type": ["object", "array", "string", "null"]})
    }
}

fn tree(node: &Node, problems: &mut Problems) -> Option<Tree> {
    match &node.value {
        Value::Scalar { text, .. } => match node.to_json() {
            Json::String(_) if text.contains('{') => Templated
                .read(node, problems)
                .map(|template| Tree::Said(Box::new(template))),
            json => Some(Tree::Fixed(json)),
        },
        Value::Sequence(items) => {
            let read: Vec<_> = items.iter().map(|item| tree(item, problems)).collect();
            read.into_iter().collect::<Option<_>>().map(Tree::List)
        }
        Value::Mapping(entries) => {
            let mut map: Vec<(String, Option<Tree>)> = Vec::new();
            for (key, item) in entries {
                if map.iter().any(|(name, _)| *name == key.name) {
                    problems.note(key.span, format!("`{}` is given twice; keep one", key.name));
                }
                map.push((key.name.clone(), tree(item, problems)));
            }
            map.into_iter()
                .map(|(name, item)| Some((name, item?)))
                .collect::<Option<_>>()
                .map(Tree::Map)
        }
    }
}

/// A body for one request: what is sent, and what of it decides the answer.
pub(super) struct Filled {
    pub(super) sent: Vec<u8>,
    pub(super) content: Json,
}

impl Body {
    /// The templates in it.
    pub(super) fn templates(&self) -> Vec<&Template> {
        let mut found = Vec::new();
        match self {
            Self::None | Self::Line => {}
            Self::Text(template) => found.push(&**template),
            Self::Tree(tree) => tree.collect(&mut found),
        }
        found
    }

    /// The body for a request and its scope.
    pub(super) fn fill(&self, request: &Request, scope: &Scope) -> Result<Filled, String> {
        Ok(match self {
            Self::None => Filled {
                sent: Vec::new(),
                content: Json::Null,
            },
            Self::Line => Filled {
                sent: protocol::line(request).to_string().into_bytes(),
                content: protocol::said(request),
            },
            Self::Text(template) => {
                let text = template.render(scope).map_err(|error| error.to_string())?;
                Filled {
                    sent: text.clone().into_bytes(),
                    content: Json::String(text),
                }
            }
            Self::Tree(tree) => {
                let json = tree.fill(scope)?;
                Filled {
                    sent: json.to_string().into_bytes(),
                    content: json,
                }
            }
        })
    }
}

impl Tree {
    fn collect<'a>(&'a self, found: &mut Vec<&'a Template>) {
        match self {
            Self::Fixed(_) => {}
            Self::Said(template) => found.push(template),
            Self::List(items) => items.iter().for_each(|item| item.collect(found)),
            Self::Map(entries) => entries.iter().for_each(|(_, item)| item.collect(found)),
        }
    }

    fn fill(&self, scope: &Scope) -> Result<Json, String> {
        Ok(match self {
            Self::Fixed(json) => json.clone(),
            Self::Said(template) => template.value(scope).map_err(|error| error.to_string())?,
            Self::List(items) => Json::Array(
                items
                    .iter()
                    .map(|item| item.fill(scope))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Map(entries) => {
                let mut map = Map::new();
                for (name, item) in entries {
                    map.insert(name.clone(), item.fill(scope)?);
                }
                Json::Object(map)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::Case;
    use std::sync::Arc;

    #[test]
    fn texts_are_templates_and_all_else_stays_as_it_is() {
        let written = json!({
            "q": "Q: {{ input }}", "raw": "{{ input }}", "n": 3, "on": true, "none": null,
            "list": ["{{ tags }}", "{{ metadata.k }}", "plain"],
        });
        let mut problems = Problems::new("s");
        let tree = tree(&Node::from_json(&written), &mut problems).unwrap();
        let mut case = Case::new("c", "say \"{{ id }}\"");
        case.tags.push("x".into());
        case.metadata.insert("k".into(), json!(1.5));
        assert_eq!(
            tree.fill(&Scope::of(&Arc::new(case))).unwrap(),
            json!({
                "q": "Q: say \"{{ id }}\"", "raw": "say \"{{ id }}\"", "n": 3, "on": true, "none": null,
                "list": [["x"], 1.5, "plain"],
            })
        );
        assert_eq!(Body::Tree(tree).templates().len(), 4);
        assert_eq!(problems.count(), 0);
    }

    #[test]
    fn a_faulty_template_is_told_wherever_it_stands() {
        let mut problems = Problems::new("s");
        let node = Node::from_json(&json!({"a": [{"b": "{{ open"}]}));
        assert!(BodyShape.read(&node, &mut problems).is_none());
        assert_eq!(problems.count(), 1);
    }
}
