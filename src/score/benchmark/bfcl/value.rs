//! Values as Python has them: whole numbers and floats apart, yet equal where they are the same number, and truth values equal to 1 and 0.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::super::python;

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    None,
    Bool,
    Int,
    Float,
    Text,
    List,
    Dict,
}

impl Value {
    /// The value of some JSON, whose nesting its parser has bounded. Whole numbers beyond 64 bits are floats.
    pub(super) fn of(json: &Json) -> Self {
        match json {
            Json::Null => Self::None,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(whole), _) => Self::Int(whole.into()),
                (None, Some(whole)) => Self::Int(whole.into()),
                (None, None) => Self::Float(number.as_f64().unwrap_or(f64::INFINITY)),
            },
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Json::Object(fields) => Self::Dict(
                fields
                    .iter()
                    .map(|(name, value)| (Self::Text(name.clone()), Self::of(value)))
                    .collect(),
            ),
        }
    }

    /// A dictionary of what is put under each key: the last value counts, at the place of the first.
    pub(super) fn dict(pairs: impl IntoIterator<Item = (String, Self)>) -> Self {
        let mut places = BTreeMap::new();
        let mut all: Vec<(Self, Self)> = Vec::new();
        for (key, value) in pairs {
            match places.get(&key) {
                Some(place) => {
                    let (_, old): &mut (Self, Self) = &mut all[*place];
                    *old = value;
                }
                None => {
                    places.insert(key.clone(), all.len());
                    all.push((Self::Text(key), value));
                }
            }
        }
        Self::Dict(all)
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::None => Kind::None,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float,
            Self::Text(_) => Kind::Text,
            Self::List(_) => Kind::List,
            Self::Dict(_) => Kind::Dict,
        }
    }

    pub(super) fn is_empty_text(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }

    /// A text without what the leaderboard passes over: spaces, `, . / - _ * ^`, capitals, the kind of quotation marks. Other values as
    /// they are, and what they hold too.
    pub(super) fn standardised(&self) -> Self {
        match self {
            Self::Text(text) => Self::Text(standardised(text)),
            other => other.clone(),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "Python compares a whole number with a float as numbers"
    )]
    fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(value) => Some(if *value { 1.0 } else { 0.0 }),
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// What a dictionary holds under a key.
    pub(super) fn get(&self, key: &Value) -> Option<&Value> {
        match self {
            Self::Dict(pairs) => pairs
                .iter()
                .find(|(found, _)| found == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Dict(a), Self::Dict(_)) => {
                let Self::Dict(b) = other else { return false };
                a.len() == b.len() && a.iter().all(|(key, value)| other.get(key) == Some(value))
            }
            (a, b) => match (a.number(), b.number()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }
}

/// A text as the leaderboard compares it.
pub(super) fn standardised(text: &str) -> String {
    let bare: String = text
        .chars()
        .filter(|letter| !" ,./-_*^".contains(*letter))
        .collect();
    bare.to_lowercase().replace('\'', "\"")
}

/// A value from a literal that does not say its type: a whole number, a float, else the text itself.
pub(super) fn number_or_text(text: &str) -> Value {
    match (whole(text), python::float(text)) {
        (Some(whole), _) => Value::Int(whole),
        (None, Some(float)) => Value::Float(float),
        (None, None) => Value::Text(text.to_owned()),
    }
}

/// `int(text)`: white space around it, one sign, one underscore between digits.
pub(super) fn whole(text: &str) -> Option<i128> {
    let text = python::strip(text);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let proper = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.ends_with(|last: char| last.is_ascii_digit())
        && !digits.contains("__")
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_');
    proper.then(|| text.replace('_', "").parse().ok()).flatten()
}

/// A text without its first and last letter.
pub(super) fn unquoted(text: &str) -> &str {
    let mut letters = text.chars();
    letters.next();
    letters.next_back();
    letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::of(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn values_are_equal_as_in_python() {
        for (a, b, wanted) in [
            ("1", "1.0", true),
            ("true", "1", true),
            ("false", "0.0", true),
            ("\"1\"", "1", false),
            ("null", "0", false),
            ("[1, true]", "[1.0, 1]", true),
            (r#"{"a": 1, "b": 2}"#, r#"{"b": 2.0, "a": true}"#, true),
            (r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#, false),
        ] {
            assert_eq!(value(a) == value(b), wanted, "{a} {b}");
        }
        assert_ne!(value("1").kind(), value("1.0").kind());
    }

    #[test]
    fn texts_are_compared_without_signs_and_capitals() {
        assert_eq!(standardised("April 1, 2024"), standardised("april-1/2024"));
        assert_eq!(standardised("it's"), "it\"s");
    }

    #[test]
    fn literals_without_a_type_are_numbers_where_they_can_be() {
        assert_eq!(number_or_text("12").kind(), Kind::Int);
        assert_eq!(number_or_text("1.5").kind(), Kind::Float);
        assert_eq!(number_or_text("12L").kind(), Kind::Text);
        assert_eq!(whole(" -1_000 "), Some(-1000));
        assert_eq!(unquoted("\""), "");
        assert_eq!(unquoted("'é'"), "é");
    }
}
