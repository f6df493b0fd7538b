//! A row of a dataset.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::digest::Digest;
use super::message::{Message, Role};

/// One row of a dataset. Serialised, it is a line of a run's `cases.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Stable and unique within the dataset.
    pub id: String,
    /// What the agent is asked.
    pub input: Input,
    /// The right answer: text, a list of accepted texts, or any JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Json>,
    /// The answers offered, for multiple choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// Documents that belong to the question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
    /// Rule scorers for this case alone, each as its options: together the pass/fail scorer `checks`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Json>,
    /// Slices that the case belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Cases that share it are not independent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Anything else that belongs to the case, kept and shown.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Json>,
    /// The row's other columns by their own names, for templates.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub columns: Map<String, Json>,
}

/// What the agent is asked: one text, or messages so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// One user message.
    Text(String),
    /// A conversation so far; its last user message is the question.
    Messages(Vec<Message>),
}

impl Input {
    /// The question as text: the whole input, or the last user message.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Messages(messages) => messages
                .iter()
                .rev()
                .find(|message| message.role == Role::User)
                .map_or("", |message| message.content.as_str()),
        }
    }

    /// The conversation so far as messages: a text is the user's first.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        match self {
            Self::Text(text) => vec![Message::new(Role::User, text)],
            Self::Messages(messages) => messages.clone(),
        }
    }
}

impl Case {
    /// A case with nothing but its id and a text input.
    #[must_use]
    pub fn new(id: impl Into<String>, input: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            input: Input::Text(input.into()),
            expected: None,
            choices: Vec::new(),
            context: Vec::new(),
            checks: Vec::new(),
            tags: Vec::new(),
            cluster: None,
            metadata: Map::new(),
            columns: Map::new(),
        }
    }

    /// The identity of the question and its answer: pairing across runs wants it equal.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_json(&json!([
            self.input,
            self.expected,
            self.choices,
            self.context
        ]))
    }

    /// The accepted answers as texts: numbers and truth values by their JSON spelling, a list by its items, an object as one JSON text.
    #[must_use]
    pub fn accepted(&self) -> Vec<String> {
        match &self.expected {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(items)) => items.iter().map(plain).collect(),
            Some(one) => vec![plain(one)],
        }
    }
}

/// A JSON value as the text a person would write.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_survives_its_line() {
        let line = r#"{"id":"a","input":[{"role":"user","content":"hi"}],"expected":["x",2],"tags":["t"],"columns":{"k":1}}"#;
        let case: Case = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&case).unwrap(), line);
        assert_eq!(case.input.text(), "hi");
        assert_eq!(case.accepted(), ["x", "2"]);
    }

    #[test]
    fn tags_do_not_change_the_question() {
        let one = Case::new("a", "q");
        let mut two = one.clone();
        two.tags.push("t".into());
        assert_eq!(one.digest(), two.digest());
    }
}
