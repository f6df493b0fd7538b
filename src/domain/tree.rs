//! A configuration file as a tree in which every key and value knows where it stood.
//!
//! Scalars keep their own text and whether they were quoted, so that `no`, `012` and `1_000` stay text where text is wanted. The
//! YAML reader (floor `load`) builds the tree; [`super::decode`] turns it into typed options.

use serde_json::{Map, Number, Value as Json};

/// A place in a file: 1-based line and column; zero means "nowhere in a file" (a flag, a default, data).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value begins.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// A key and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where the key begins.
    pub span: Span,
    /// The key's text.
    pub name: String,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A scalar with its own text.
    Scalar {
        /// The text, with quotes and escapes resolved.
        text: String,
        /// Written without quotes: only then may it mean a number, a truth value or nothing.
        plain: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// A map in file order; duplicate keys are kept, so that they can be reported.
    Mapping(Vec<(Key, Node)>),
}

impl Node {
    /// A plain or quoted scalar without a place.
    #[must_use]
    pub fn scalar(text: impl Into<String>, plain: bool) -> Self {
        Self {
            span: Span::default(),
            value: Value::Scalar {
                text: text.into(),
                plain,
            },
        }
    }

    /// The same tree from JSON, without places: how data and stored suites enter the decoder.
    #[must_use]
    pub fn from_json(json: &Json) -> Self {
        let value = match json {
            Json::Null => return Self::scalar("null", true),
            Json::Bool(truth) => return Self::scalar(truth.to_string(), true),
            Json::Number(number) => return Self::scalar(number.to_string(), true),
            Json::String(text) => return Self::scalar(text.clone(), false),
            Json::Array(items) => Value::Sequence(items.iter().map(Self::from_json).collect()),
            Json::Object(map) => Value::Mapping(
                map.iter()
                    .map(|(name, item)| {
                        let key = Key {
                            span: Span::default(),
                            name: name.clone(),
                        };
                        (key, Self::from_json(item))
                    })
                    .collect(),
            ),
        };
        Self {
            span: Span::default(),
            value,
        }
    }

    /// The tree as JSON. Plain scalars become `null`, truth values or numbers only where JSON would read them so: `no`, `012` and
    /// `1_000` stay text. Of duplicate keys the last stands; the decoder has reported them by then.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Scalar { text, plain: false } => Json::String(text.clone()),
            Value::Scalar { text, plain: true } => plain_to_json(text),
            Value::Sequence(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Value::Mapping(entries) => {
                let mut map = Map::new();
                for (key, item) in entries {
                    map.insert(key.name.clone(), item.to_json());
                }
                Json::Object(map)
            }
        }
    }

    /// What the node is, in words for messages.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.value {
            Value::Scalar { text, plain: true } => match plain_to_json(text) {
                Json::Null => "nothing",
                Json::Bool(_) => "a truth value",
                Json::Number(_) => "a number",
                _ => "text",
            },
            Value::Scalar { .. } => "text",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a map",
        }
    }

    /// Whether the node is an empty plain scalar, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if plain_to_json(text).is_null())
    }

    /// The value of `name`, if this is a map that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Mapping(entries) => entries
                .iter()
                .find(|(key, _)| key.name == name)
                .map(|(_, node)| node),
            _ => None,
        }
    }

    /// Sets `name` in a map, in place of an earlier value or at the end; anything but a map is left alone.
    pub fn set(&mut self, name: &str, node: Node) {
        if let Value::Mapping(entries) = &mut self.value {
            match entries.iter_mut().find(|(key, _)| key.name == name) {
                Some((_, old)) => *old = node,
                None => entries.push((
                    Key {
                        span: node.span,
                        name: name.to_owned(),
                    },
                    node,
                )),
            }
        }
    }

    /// Lays `over` on top: maps merge key by key, everything else is replaced (how profiles apply).
    pub fn merge(&mut self, over: &Node) {
        match (&mut self.value, &over.value) {
            (Value::Mapping(_), Value::Mapping(entries)) => {
                for (key, item) in entries {
                    let mut merged = self.get(&key.name).cloned().unwrap_or_else(|| item.clone());
                    merged.merge(item);
                    self.set(&key.name, merged);
                }
            }
            _ => *self = over.clone(),
        }
    }
}

/// How JSON would read an unquoted scalar; text where it would not.
fn plain_to_json(text: &str) -> Json {
    match text {
        "" | "~" | "null" => Json::Null,
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        _ if is_json_number(text) => serde_json::from_str::<Number>(text)
            .map_or_else(|_| Json::String(text.to_owned()), Json::Number),
        _ => Json::String(text.to_owned()),
    }
}

fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_yaml_would_bend_stay_text() {
        for text in ["no", "012", "1_000", "0x10", "1e", "yes", "Null"] {
            assert_eq!(
                Node::scalar(text, true).to_json(),
                Json::String(text.into())
            );
        }
        assert_eq!(Node::scalar("12", true).to_json(), serde_json::json!(12));
        assert_eq!(Node::scalar("12", false).to_json(), serde_json::json!("12"));
    }

    #[test]
    fn a_profile_merges_maps_and_replaces_the_rest() {
        let mut base =
            Node::from_json(&serde_json::json!({"limits": {"a": 1, "b": 2}, "tags": [1, 2]}));
        base.merge(&Node::from_json(
            &serde_json::json!({"limits": {"b": 3}, "tags": [9], "new": true}),
        ));
        assert_eq!(
            base.to_json(),
            serde_json::json!({"limits": {"a": 1, "b": 3}, "tags": [9], "new": true})
        );
    }
}
