//! Literals of Java, as the leaderboard reads them: what does not look like its type stays a text, which then fails the type check.

use std::sync::LazyLock;

use ::regex::Regex;

use super::super::python;
use super::value::{Value, number_or_text, unquoted, whole};

static WHOLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^-?\d+\n?$"));
static DECIMAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^-?\d+(\.\d+)?([eE][+-]?\d+)?\n?$"));
static AS_LIST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"new\s+ArrayList<\w*>\(Arrays\.asList\((.+?)\)\)"));
static ADDING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)new\s+ArrayList<\w*>\(\)\s*\{\{\s*(.+?)\s*\}\}"));
static ADD: LazyLock<Regex> = LazyLock::new(|| pattern(r"add\((.+?)\)"));
static EMPTY_LIST: LazyLock<Regex> = LazyLock::new(|| pattern(r"new\s+ArrayList<\w*>\(\)"));
static ARRAY: LazyLock<Regex> = LazyLock::new(|| pattern(r"new\s+\w+\[\]\s*\{(.*?)\}"));
static MAP: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)new\s+HashMap<.*?>\s*\(\)\s*\{\s*\{?\s*(.*?)\s*\}?\s*\}"));
static PUT: LazyLock<Regex> = LazyLock::new(|| pattern(r#"put\("(.*?)",\s*(.*?)\)"#));
static EMPTY_MAP: LazyLock<Regex> = LazyLock::new(|| pattern(r"new\s+HashMap<.*?>\s*\(\)"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant")
}

/// The number of a literal with a letter of its type behind it.
fn with_suffix<'a>(text: &'a str, suffix: [char; 2], shape: &Regex) -> Option<&'a str> {
    let number = text.strip_suffix(suffix)?;
    shape.is_match(number).then_some(number)
}

fn whole_or_text(number: Option<&str>, text: &str) -> Value {
    number
        .and_then(whole)
        .map_or_else(|| Value::Text(text.to_owned()), Value::Int)
}

fn float_or_text(number: Option<&str>, text: &str) -> Value {
    number
        .and_then(python::float)
        .map_or_else(|| Value::Text(text.to_owned()), Value::Float)
}

/// The value of a literal of a type; `nested` is the type of what a list holds.
pub(super) fn read(text: &str, kind: &str, nested: Option<&str>) -> Value {
    match kind {
        "byte" | "short" | "integer" => {
            whole_or_text(Some(text).filter(|text| WHOLE.is_match(text)), text)
        }
        "long" => whole_or_text(with_suffix(text, ['l', 'L'], &WHOLE), text),
        "float" => float_or_text(with_suffix(text, ['f', 'F'], &DECIMAL), text),
        "double" => float_or_text(Some(text).filter(|text| DECIMAL.is_match(text)), text),
        "boolean" => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            other => Value::Text(other.to_owned()),
        },
        "ArrayList" => list(text, nested),
        "Array" => array(text, nested),
        "HashMap" => map(text),
        _ => Value::Text(text.to_owned()),
    }
}

fn element(text: &str, nested: Option<&str>) -> Value {
    match nested {
        Some("char" | "String") => Value::Text(unquoted(text).to_owned()),
        Some(kind) => read(text, kind, None),
        None => untyped(text),
    }
}

fn list(text: &str, nested: Option<&str>) -> Value {
    if let Some(found) = AS_LIST.captures(text) {
        let elements = found[1].split(',');
        return Value::List(
            elements
                .map(|part| element(python::strip(part), nested))
                .collect(),
        );
    }
    if let Some(found) = ADDING.captures(text) {
        let elements = ADD.captures_iter(&found[1]);
        return Value::List(
            elements
                .map(|part| element(python::strip(&part[1]), nested))
                .collect(),
        );
    }
    if EMPTY_LIST.is_match(text) {
        return Value::List(Vec::new());
    }
    Value::Text(text.to_owned())
}

fn array(text: &str, nested: Option<&str>) -> Value {
    let Some(found) = ARRAY.captures(text) else {
        return Value::Text(text.to_owned());
    };
    let elements = found[1]
        .split(',')
        .map(python::strip)
        .filter(|part| !part.is_empty());
    // Unlike a list's, the texts of an array keep their quotation marks.
    Value::List(
        elements
            .map(|part| match nested {
                Some(kind) => read(part, kind, None),
                None => untyped(part),
            })
            .collect(),
    )
}

fn map(text: &str) -> Value {
    if let Some(found) = MAP.captures(text) {
        return Value::dict(
            PUT.captures_iter(&found[1])
                .map(|put| (put[1].to_owned(), untyped(python::strip(&put[2])))),
        );
    }
    if EMPTY_MAP.is_match(text) {
        return Value::Dict(Vec::new());
    }
    Value::Text(text.to_owned())
}

/// The value of a literal whose type is not said.
fn untyped(text: &str) -> Value {
    match text {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ if text.starts_with('"') && text.ends_with('"') => {
            return Value::Text(unquoted(text).to_owned());
        }
        _ => {}
    }
    if let Some(number) = with_suffix(text, ['l', 'L'], &WHOLE).and_then(whole) {
        return Value::Int(number);
    }
    if let Some(number) = with_suffix(text, ['f', 'F'], &DECIMAL).and_then(python::float) {
        return Value::Float(number);
    }
    number_or_text(text)
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
            ("12", "integer", None, "12"),
            ("1.5", "integer", None, "\"1.5\""),
            ("12L", "long", None, "12"),
            ("1.5f", "float", None, "1.5"),
            ("1.5", "float", None, "\"1.5\""),
            ("2e3", "double", None, "2000.0"),
            ("true", "boolean", None, "true"),
            ("new int[]{1, 2}", "Array", Some("integer"), "[1, 2]"),
            ("new Object[] {1, \"a\"}", "Array", None, "[1, \"a\"]"),
            (
                "new String[]{\"a\"}",
                "Array",
                Some("String"),
                "[\"\\\"a\\\"\"]",
            ),
            (
                "new ArrayList<String>(Arrays.asList(\"a\", \"b\"))",
                "ArrayList",
                Some("String"),
                "[\"a\", \"b\"]",
            ),
            (
                "new ArrayList<>() {{ add(1); add(2); }}",
                "ArrayList",
                Some("integer"),
                "[1, 2]",
            ),
            ("new ArrayList<>()", "ArrayList", None, "[]"),
            (
                "new HashMap<String, Object>() {{ put(\"k\", 5); put(\"b\", true); }}",
                "HashMap",
                None,
                r#"{"k": 5, "b": true}"#,
            ),
            ("new HashMap<>()", "HashMap", None, "{}"),
            ("{}", "HashMap", None, "\"{}\""),
        ] {
            let found = read(text, kind, nested);
            assert_eq!(found, json(wanted), "{text}");
            assert_eq!(found.kind(), json(wanted).kind(), "{text}");
        }
    }
}
