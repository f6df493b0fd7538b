//! The shapes of single values: text, numbers, durations, words, lists, maps. What a decoder asks for with each key.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::decode::{Decode, Problems, describe, read_with, unknown};
use super::template::Template;
use super::tree::{Node, Value};
use super::units;

/// How a value is read and described.
pub trait Shape {
    /// What reading yields.
    type Output;
    /// Reads the node, or notes what is wrong with it.
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Self::Output>;
    /// The JSON Schema of what is read.
    fn schema(&self) -> Json;
}

fn wrong<T>(node: &Node, problems: &mut Problems, wanted: &str) -> Option<T> {
    problems.note(
        node.span,
        format!("{wanted} is wanted here, this is {}", node.describe()),
    );
    None
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

/// Text: any scalar, by its own spelling (`no` and `012` stay what they are).
#[derive(Debug, Clone, Copy)]
pub struct Text;

impl Shape for Text {
    type Output = String;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<String> {
        match scalar(node) {
            Some(text) if !node.is_null() => Some(text.to_owned()),
            _ => wrong(node, problems, "text"),
        }
    }
    fn schema(&self) -> Json {
        json!({"type": ["string", "number", "boolean"]})
    }
}

/// Text in which variables of a case may be inserted.
#[derive(Debug, Clone, Copy)]
pub struct Templated;

impl Shape for Templated {
    type Output = Template;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Template> {
        let text = Text.read(node, problems)?;
        match Template::parse(&text, node.span) {
            Ok(template) => Some(template),
            Err(error) => {
                problems.note(node.span, format!("template: {error}"));
                None
            }
        }
    }
    fn schema(&self) -> Json {
        json!({"type": ["string", "number", "boolean"]})
    }
}

/// Text in which `${NAME}` stands for an environment variable's value, put in where a call goes out.
#[derive(Debug, Clone, Copy)]
pub struct WithEnv;

impl Shape for WithEnv {
    type Output = super::secret::EnvText;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Self::Output> {
        let text = Text.read(node, problems)?;
        match super::secret::EnvText::parse(&text) {
            Ok(parsed) => Some(parsed),
            Err(message) => {
                problems.note(node.span, message);
                None
            }
        }
    }
    fn schema(&self) -> Json {
        json!({"type": "string"})
    }
}

/// `true` or `false`, unquoted.
#[derive(Debug, Clone, Copy)]
pub struct Truth;

impl Shape for Truth {
    type Output = bool;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<bool> {
        match &node.value {
            Value::Scalar { text, plain: true } if text == "true" => Some(true),
            Value::Scalar { text, plain: true } if text == "false" => Some(false),
            _ => wrong(node, problems, "`true` or `false`"),
        }
    }
    fn schema(&self) -> Json {
        json!({"type": "boolean"})
    }
}

/// The value, if it is within its bounds.
fn within<T: PartialOrd + Display>(
    value: T,
    bounds: &RangeInclusive<T>,
    node: &Node,
    problems: &mut Problems,
) -> Option<T> {
    if bounds.contains(&value) {
        return Some(value);
    }
    let (low, high) = (bounds.start(), bounds.end());
    problems.note(
        node.span,
        format!("{value} is out of range: {low} to {high}"),
    );
    None
}

/// A whole number within bounds.
#[derive(Debug, Clone)]
pub struct Whole(pub RangeInclusive<u64>);

impl Shape for Whole {
    type Output = u64;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<u64> {
        match node.to_json().as_u64() {
            Some(value) => within(value, &self.0, node, problems),
            None => wrong(node, problems, "a whole number"),
        }
    }
    fn schema(&self) -> Json {
        json!({"type": "integer", "minimum": self.0.start(), "maximum": self.0.end()})
    }
}

/// A finite number within bounds.
#[derive(Debug, Clone)]
pub struct Real(pub RangeInclusive<f64>);

impl Real {
    /// Any finite number.
    #[must_use]
    pub fn any() -> Self {
        Self(f64::MIN..=f64::MAX)
    }
}

impl Shape for Real {
    type Output = f64;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<f64> {
        match node.to_json().as_f64() {
            Some(value) => within(value, &self.0, node, problems),
            None => wrong(node, problems, "a number"),
        }
    }
    fn schema(&self) -> Json {
        let mut schema = json!({"type": "number"});
        if *self.0.start() > f64::MIN {
            schema["minimum"] = json!(self.0.start());
        }
        if *self.0.end() < f64::MAX {
            schema["maximum"] = json!(self.0.end());
        }
        schema
    }
}

/// A duration with its unit: `250ms`, `60s`, `5m`, `2h`.
#[derive(Debug, Clone, Copy)]
pub struct Time;

impl Shape for Time {
    type Output = Duration;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Duration> {
        match scalar(node).and_then(units::duration) {
            Some(duration) => Some(duration),
            None => wrong(
                node,
                problems,
                "a duration with its unit (`250ms`, `60s`, `5m`)",
            ),
        }
    }
    fn schema(&self) -> Json {
        json!({"type": "string", "pattern": "^[0-9.]+ *(ms|s|m|min|h)$"})
    }
}

/// One of some words, each with its meaning.
#[derive(Debug, Clone, Copy)]
pub struct OneOf<T: 'static>(pub &'static [(&'static str, T)]);

impl<T: Clone> Shape for OneOf<T> {
    type Output = T;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<T> {
        let known: Vec<&str> = self.0.iter().map(|(word, _)| *word).collect();
        let Some(text) = scalar(node) else {
            return wrong(node, problems, &format!("one of {}", known.join(", ")));
        };
        match self.0.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Some(value.clone()),
            None => {
                problems.note(node.span, unknown("value", text, &known));
                None
            }
        }
    }
    fn schema(&self) -> Json {
        json!({"enum": self.0.iter().map(|(word, _)| *word).collect::<Vec<_>>()})
    }
}

/// Reads every item, also behind one that is wrong, so that all problems are found.
fn each<S: Shape>(items: &[Node], shape: &S, problems: &mut Problems) -> Option<Vec<S::Output>> {
    let read: Vec<_> = items
        .iter()
        .map(|item| shape.read(item, problems))
        .collect();
    read.into_iter().collect()
}

/// A list of one shape.
#[derive(Debug, Clone, Copy)]
pub struct List<S>(pub S);

impl<S: Shape> Shape for List<S> {
    type Output = Vec<S::Output>;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Self::Output> {
        match &node.value {
            Value::Sequence(items) => each(items, &self.0, problems),
            _ => wrong(node, problems, "a list"),
        }
    }
    fn schema(&self) -> Json {
        json!({"type": "array", "items": self.0.schema()})
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone, Copy)]
pub struct OneOrMany<S>(pub S);

impl<S: Shape> Shape for OneOrMany<S> {
    type Output = Vec<S::Output>;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Self::Output> {
        match &node.value {
            Value::Sequence(items) => each(items, &self.0, problems),
            _ => self.0.read(node, problems).map(|one| vec![one]),
        }
    }
    fn schema(&self) -> Json {
        let item = self.0.schema();
        json!({"anyOf": [item.clone(), {"type": "array", "items": item}]})
    }
}

/// A map from free names to one shape, in file order.
#[derive(Debug, Clone, Copy)]
pub struct MapOf<S>(pub S);

impl<S: Shape> Shape for MapOf<S> {
    type Output = Vec<(String, S::Output)>;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Self::Output> {
        let Value::Mapping(entries) = &node.value else {
            return wrong(node, problems, "a map");
        };
        let mut out: Vec<(String, S::Output)> = Vec::new();
        let mut whole = true;
        for (key, item) in entries {
            if out.iter().any(|(name, _)| *name == key.name) {
                problems.note(key.span, format!("`{}` is given twice; keep one", key.name));
            }
            match self.0.read(item, problems) {
                Some(value) => out.push((key.name.clone(), value)),
                None => whole = false,
            }
        }
        whole.then_some(out)
    }
    fn schema(&self) -> Json {
        json!({"type": "object", "additionalProperties": self.0.schema()})
    }
}

/// Any value at all, as JSON.
#[derive(Debug, Clone, Copy)]
pub struct Anything;

impl Shape for Anything {
    type Output = Json;
    fn read(&self, node: &Node, _: &mut Problems) -> Option<Json> {
        Some(node.to_json())
    }
    fn schema(&self) -> Json {
        json!({})
    }
}

/// A map with keys of its own.
#[derive(Debug)]
pub struct Object<T>(Decode<T>);

/// A map with keys of its own, read by `decode`.
#[must_use]
pub fn object<T>(decode: Decode<T>) -> Object<T> {
    Object(decode)
}

impl<T> Shape for Object<T> {
    type Output = T;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<T> {
        read_with(node, problems, &mut |fields| (self.0)(fields))
    }
    fn schema(&self) -> Json {
        describe(self.0)
    }
}
