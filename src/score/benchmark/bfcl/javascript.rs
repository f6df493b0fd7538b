//! Literals of JavaScript, as the leaderboard reads them: what does not look like its type stays a text, which then fails the type check.

use std::sync::LazyLock;

use ::regex::Regex;

use super::super::python;
use super::value::{Value, number_or_text, unquoted, whole};

static WHOLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^-?\d+\n?$"));
static DECIMAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^-?\d+(\.\d+)?\n?$"));
static ARRAYS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:\[\s*\[.*?\]\s*(?:,\s*\[.*?\]\s*)*\]|\bnew\s+Array\(\s*\[.*?\]\s*(?:,\s*\[.*?\]\s*)*\))",
    )
});
static INNER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[(.*?)\]"));
static ARRAY: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:\[(.*?)\]|\bnew\s+Array\((.*?)\))"));
static OBJECT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\{(.*?)\}"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant")
}

fn is_quoted(text: &str) -> bool {
    ['"', '\'']
        .iter()
        .any(|mark| text.starts_with(*mark) && text.ends_with(*mark))
}

/// The value of a literal of a type; `nested` is the type of what a list holds.
pub(super) fn read(text: &str, kind: &str, nested: Option<&str>) -> Value {
    let kept = || Value::Text(text.to_owned());
    match kind {
        "String" if is_quoted(text) => Value::Text(unquoted(text).to_owned()),
        "integer" if WHOLE.is_match(text) => whole(text).map_or_else(kept, Value::Int),
        "float" if DECIMAL.is_match(text) => python::float(text).map_or_else(kept, Value::Float),
        "Bigint" => text
            .strip_suffix('n')
            .filter(|digits| WHOLE.is_match(digits))
            .and_then(whole)
            .map_or_else(kept, Value::Int),
        "Boolean" if text == "true" => Value::Bool(true),
        "Boolean" if text == "false" => Value::Bool(false),
        "dict" => object(python::strip(text)),
        "array" => array(python::strip(text), nested),
        _ => kept(),
    }
}

fn array(text: &str, nested: Option<&str>) -> Value {
    if let Some(found) = ARRAYS.find(text) {
        let inner = INNER.captures_iter(found.as_str());
        return Value::List(
            inner
                .enumerate()
                .map(|(place, part)| {
                    let part = python::strip(part.get(1).map_or("", |part| part.as_str()));
                    // The first inner list is found with the bracket of the outer one.
                    let part = match place {
                        0 => part.strip_prefix('[').unwrap_or(part),
                        _ => part,
                    };
                    Value::List(part.split(',').map(untyped).collect())
                })
                .collect(),
        );
    }
    let Some(found) = ARRAY.captures(text) else {
        return Value::Text(text.to_owned());
    };
    let inner = found
        .get(1)
        .or(found.get(2))
        .map_or("", |part| part.as_str());
    let inner = python::strip(inner);
    if inner.is_empty() {
        return Value::List(Vec::new());
    }
    let parts = inner.split(',').map(python::strip);
    Value::List(
        parts
            .map(|part| match nested {
                Some(kind) => element(part, kind),
                None => untyped(part),
            })
            .collect(),
    )
}

/// An element of a list. A list within a list that is not seen as such is cut at its commas, so that this ends at once.
fn element(text: &str, kind: &str) -> Value {
    match kind {
        "array" => array_of_untyped(text),
        kind => read(text, kind, None),
    }
}

fn array_of_untyped(text: &str) -> Value {
    match ARRAY.captures(text) {
        None => Value::Text(text.to_owned()),
        Some(found) => {
            let inner = found
                .get(1)
                .or(found.get(2))
                .map_or("", |part| part.as_str());
            let parts = inner
                .split(',')
                .filter(|_| !python::strip(inner).is_empty());
            Value::List(parts.map(untyped).collect())
        }
    }
}

/// An object: its content up to the first closing brace, whatever that belongs to.
fn object(text: &str) -> Value {
    let Some(found) = OBJECT.captures(text) else {
        return Value::Text(text.to_owned());
    };
    let marks = ['\'', '"'];
    let mut pairs = Vec::new();
    let mut rest = found.get(1).map_or("", |content| content.as_str());
    while let Some((key, value, further)) = first_pair(rest) {
        rest = further;
        let key = python::strip(key).trim_matches(marks).to_owned();
        let value = python::strip(value);
        let value = match value.starts_with('[') && value.ends_with(']') {
            true => array(value, None),
            false => untyped(value.trim_matches(marks)),
        };
        pairs.push((key, value));
    }
    Value::dict(pairs)
}

/// The first key and value of an object's content, and what follows them. A comma ends a value only if a key follows it: a colon stands
/// before the next comma.
fn first_pair(content: &str) -> Option<(&str, &str, &str)> {
    let content = content.trim_start_matches(':');
    let (key, rest) = content.split_once(':')?;
    let mut ends = rest.match_indices(',').map(|(at, _)| at).peekable();
    while let Some(at) = ends.next() {
        let until = ends.peek().copied().unwrap_or(rest.len());
        if rest[at + 1..until].find(':').is_some_and(|colon| colon > 0) {
            let further = rest[at + 1..].trim_start_matches(python::is_space);
            return Some((key, &rest[..at], further));
        }
    }
    Some((key, rest, ""))
}

/// The value of a literal whose type is not said.
fn untyped(text: &str) -> Value {
    match python::strip(text) {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text if is_quoted(text) => Value::Text(unquoted(text).to_owned()),
        text => number_or_text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        Value::of(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn literals_are_read_by_their_type() {
        for (text, kind, nested, wanted) in [
            ("'a'", "String", None, "\"a\""),
            ("a", "String", None, "\"a\""),
            ("12", "integer", None, "12"),
            ("12n", "Bigint", None, "12"),
            ("1.5", "float", None, "1.5"),
            ("true", "Boolean", None, "true"),
            ("True", "Boolean", None, "\"True\""),
            ("[1, 'two', true]", "array", None, "[1, \"two\", true]"),
            ("new Array(1, 2)", "array", Some("integer"), "[1, 2]"),
            ("[]", "array", Some("String"), "[]"),
            ("[ [1, 2], [3] ]", "array", Some("array"), "[[1, 2], [3]]"),
            ("new Array([1], [2])", "array", None, "[[1], [2]]"),
            ("{'k': 1, b: 'x'}", "dict", None, r#"{"k": 1, "b": "x"}"#),
            (
                "{'u': 'http://x', \"v\": [1, 'b']}",
                "dict",
                None,
                r#"{"u": "http://x", "v": [1, "b"]}"#,
            ),
            (
                "{k: 'a, b', l: c}",
                "dict",
                None,
                r#"{"k": "a, b", "l": "c"}"#,
            ),
            ("{: , }", "dict", None, "{}"),
            ("no object", "dict", None, "\"no object\""),
            ("{}", "dict", None, "{}"),
        ] {
            let found = read(text, kind, nested);
            assert_eq!(found, json(wanted), "{text}");
            assert_eq!(found.kind(), json(wanted).kind(), "{text}");
        }
    }

    #[test]
    fn a_hostile_literal_takes_no_longer_than_its_length() {
        for unit in ["[", "[1],", "{a:", "a:1,", ","] {
            let text = unit.repeat(60_000 / unit.len());
            for (kind, text) in [
                ("array", format!("[{text}]")),
                ("dict", format!("{{{text}}}")),
            ] {
                assert!(
                    read(&text, kind, None).get(&Value::None).is_none(),
                    "{unit}"
                );
            }
        }
    }
}
