//! One argument held against its type and its accepted values.

use super::value::{Kind, Value, standardised};
use super::{Language, Parameter, Wrong, java, javascript};

/// The type that a name stands for in the schemas of a language.
fn kind(language: Language, name: &str) -> Result<Kind, Wrong> {
    let unknown = || {
        Wrong::Row(format!(
            "a parameter has the type `{name}`, which {language:?} has not"
        ))
    };
    let known = match language {
        Language::Python => match name {
            "string" | "any" => Kind::Text,
            "integer" => Kind::Int,
            "float" => Kind::Float,
            "boolean" => Kind::Bool,
            "array" | "tuple" => Kind::List,
            "dict" => Kind::Dict,
            _ => return Err(unknown()),
        },
        Language::Java => match name {
            "byte" | "short" | "integer" | "long" => Kind::Int,
            "float" | "double" => Kind::Float,
            "boolean" => Kind::Bool,
            "char" | "String" | "any" => Kind::Text,
            "Array" | "ArrayList" => Kind::List,
            "HashMap" => Kind::Dict,
            _ => return Err(unknown()),
        },
        Language::JavaScript => match name {
            "String" | "any" => Kind::Text,
            "integer" | "Bigint" => Kind::Int,
            "float" => Kind::Float,
            "Boolean" => Kind::Bool,
            "dict" => Kind::Dict,
            "array" => Kind::List,
            _ => return Err(unknown()),
        },
    };
    Ok(known)
}

/// The value that an argument of a call stands for: texts of Java and JavaScript are read as literals.
fn read(
    language: Language,
    parameter: &Parameter,
    nested: Option<&str>,
    value: &Value,
) -> Result<Value, Wrong> {
    let literal = |error: &'static str| match value {
        Value::Text(text) => Ok(text.as_str()),
        _ => Err(Wrong::Error(error)),
    };
    match language {
        #[expect(clippy::cast_precision_loss, reason = "float() of Python")]
        Language::Python => Ok(match value {
            Value::Int(whole) if parameter.kind == "float" => Value::Float(*whole as f64),
            other => other.clone(),
        }),
        Language::Java => Ok(java::read(
            literal("type_error:java")?,
            &parameter.kind,
            nested,
        )),
        Language::JavaScript => Ok(javascript::read(
            literal("type_error:js")?,
            &parameter.kind,
            nested,
        )),
    }
}

/// Whether an argument of a call is accepted.
pub(super) fn check(
    language: Language,
    parameter: &Parameter,
    value: &Value,
    accepted: &[Value],
) -> Result<(), Wrong> {
    let wanted = kind(language, &parameter.kind)?;
    let holds_others = match language {
        Language::Python => ["array", "tuple"].contains(&parameter.kind.as_str()),
        Language::Java | Language::JavaScript => {
            ["Array", "ArrayList", "array"].contains(&parameter.kind.as_str())
        }
    };
    let nested = match (holds_others, &parameter.items) {
        (false, _) => None,
        (true, Some(items)) => Some(items.kind.as_str()),
        (true, None) => {
            return Err(Wrong::Row(format!(
                "a parameter of the type `{}` does not say what it holds",
                parameter.kind
            )));
        }
    };
    let nested_kind = nested.map(|name| kind(language, name)).transpose()?;
    let value = read(language, parameter, nested, value)?;
    let is_variable = check_type(&value, accepted, wanted, nested_kind)?;
    let found = match (&value, nested_kind) {
        _ if is_variable => accepted.contains(&value),
        (Value::Dict(_), _) => return check_dict(&value, accepted),
        (Value::List(items), Some(Kind::Dict)) => return check_dicts(items, accepted),
        (Value::Text(text), _) => return check_text(text, accepted),
        (Value::List(items), _) => return check_list(items, accepted),
        _ => accepted.contains(&value),
    };
    if found {
        Ok(())
    } else {
        Err("value_error:others".into())
    }
}

/// The type of the first accepted value that is no mark of an optional parameter.
fn accepted_kind(accepted: &[Value]) -> Option<Kind> {
    accepted
        .iter()
        .find(|value| !value.is_empty_text())
        .map(Value::kind)
}

/// Whether the type fits, and if so whether the value stands for a variable: then it has the type of the accepted values, not that of
/// the schema.
fn check_type(
    value: &Value,
    accepted: &[Value],
    wanted: Kind,
    nested: Option<Kind>,
) -> Result<bool, Wrong> {
    let stands_for = accepted_kind(accepted);
    if value.kind() == wanted {
        let is_variable = stands_for.is_some_and(|kind| kind != wanted);
        let (Some(nested), Value::List(items)) = (nested, value) else {
            return Ok(is_variable);
        };
        // Any accepted value that is no list lets every list pass.
        let fits = accepted.iter().any(|accepted| match accepted {
            Value::List(accepted) => items
                .iter()
                .all(|item| item.kind() == nested || Some(item.kind()) == accepted_kind(accepted)),
            _ => true,
        });
        if fits {
            return Ok(is_variable);
        }
        return Err(match stands_for == Some(Kind::List) {
            true => "type_error:nested",
            false => "type_error:simple",
        }
        .into());
    }
    if stands_for == Some(value.kind()) {
        return Ok(true);
    }
    Err("type_error:simple".into())
}

fn check_text(text: &str, accepted: &[Value]) -> Result<(), Wrong> {
    let text = standardised(text);
    let found = accepted.iter().any(
        |accepted| matches!(accepted, Value::Text(accepted) if standardised(accepted) == text),
    );
    if found {
        Ok(())
    } else {
        Err("value_error:string".into())
    }
}

fn check_list(items: &[Value], accepted: &[Value]) -> Result<(), Wrong> {
    let items: Vec<Value> = items.iter().map(Value::standardised).collect();
    let found = accepted.iter().any(|accepted| match accepted {
        Value::List(accepted) => {
            accepted.len() == items.len()
                && items
                    .iter()
                    .zip(accepted)
                    .all(|(item, accepted)| *item == accepted.standardised())
        }
        // To the leaderboard's program a text is a list of its letters.
        Value::Text(letters) => {
            letters.chars().count() == items.len()
                && items.iter().zip(letters.chars()).all(|(item, letter)| {
                    *item == Value::Text(standardised(letter.encode_utf8(&mut [0; 4])))
                })
        }
        _ => false,
    });
    if found {
        Ok(())
    } else {
        Err("value_error:list/tuple".into())
    }
}

/// A dictionary: each of its values is one of those accepted for its key, and each key is there unless it may be left out.
fn check_dict(value: &Value, accepted: &[Value]) -> Result<(), Wrong> {
    let Value::Dict(pairs) = value else {
        return Err("dict_checker:unclear".into());
    };
    let mut error = "dict_checker:unclear";
    for accepted in accepted.iter().filter(|accepted| !accepted.is_empty_text()) {
        let Value::Dict(wanted) = accepted else {
            continue;
        };
        let mut wrong = None;
        for (key, value) in pairs {
            let Some(values) = accepted.get(key) else {
                wrong = Some("value_error:dict_key");
                break;
            };
            if !one_of(&value.standardised(), values) {
                wrong = Some("value_error:dict_value");
                break;
            }
        }
        let missing = wanted
            .iter()
            .any(|(key, values)| value.get(key).is_none() && !may_be_left_out(values));
        if missing {
            wrong = Some("value_error:dict_key");
        }
        match wrong {
            None => return Ok(()),
            Some(name) => error = name,
        }
    }
    Err(error.into())
}

fn one_of(value: &Value, values: &Value) -> bool {
    match values {
        Value::List(values) => values
            .iter()
            .any(|accepted| accepted.standardised() == *value),
        _ => false,
    }
}

fn may_be_left_out(values: &Value) -> bool {
    match values {
        Value::List(values) => values.iter().any(Value::is_empty_text),
        // In Python the empty text is part of every text.
        Value::Text(_) => true,
        _ => false,
    }
}

/// A list of dictionaries, in the order of an accepted list.
fn check_dicts(items: &[Value], accepted: &[Value]) -> Result<(), Wrong> {
    let mut error = Wrong::Error("list_dict_checker:unclear");
    for accepted in accepted {
        let accepted = match accepted {
            Value::List(accepted) => accepted.as_slice(),
            _ => &[],
        };
        if items.len() != accepted.len() {
            error = Wrong::Error("value_error:list_dict_count");
            continue;
        }
        let wrong = items
            .iter()
            .zip(accepted)
            .find_map(|(item, accepted)| check_dict(item, std::slice::from_ref(accepted)).err());
        match wrong {
            None => return Ok(()),
            Some(wrong) => error = wrong,
        }
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(language: Language, parameter: &str, value: &str, accepted: &str) -> String {
        let parameter: Parameter = serde_json::from_str(parameter).unwrap();
        let value = Value::of(&serde_json::from_str(value).unwrap());
        let Value::List(accepted) = Value::of(&serde_json::from_str(accepted).unwrap()) else {
            panic!("a list");
        };
        match check(language, &parameter, &value, &accepted) {
            Ok(()) => "ok".to_owned(),
            Err(Wrong::Error(name)) => name.to_owned(),
            Err(Wrong::Row(why)) => why,
        }
    }

    #[test]
    fn types_and_values_of_python() {
        let floats = r#"{"type": "array", "items": {"type": "float"}}"#;
        let dicts = r#"{"type": "array", "items": {"type": "dict"}}"#;
        for (parameter, value, accepted, wanted) in [
            (r#"{"type": "integer"}"#, "1", "[true]", "ok"),
            (r#"{"type": "integer"}"#, "1.0", "[1]", "type_error:simple"),
            (r#"{"type": "integer"}"#, "\"n\"", "[\"n\"]", "ok"),
            (
                r#"{"type": "integer"}"#,
                "\"N\"",
                "[\"n\"]",
                "value_error:others",
            ),
            (
                r#"{"type": "string"}"#,
                "\"New York\"",
                "[\"\", \"new-york\"]",
                "ok",
            ),
            (floats, "[1, 2]", "[[1.0, 2.0]]", "type_error:nested"),
            (floats, "[1, 2]", "[\"\", [1.0, 2.0]]", "ok"),
            (
                r#"{"type": "dict"}"#,
                r#"{"a": "X"}"#,
                r#"[{"a": ["x"], "b": ["", 1]}]"#,
                "ok",
            ),
            (
                r#"{"type": "dict"}"#,
                r#"{"a": "y"}"#,
                r#"[{"a": ["x"]}]"#,
                "value_error:dict_value",
            ),
            (
                r#"{"type": "dict"}"#,
                r#"{"a": "x"}"#,
                r#"[{"a": ["x"], "b": [1]}]"#,
                "value_error:dict_key",
            ),
            (dicts, r#"[{"a": 1}]"#, r#"[[{"a": [1]}]]"#, "ok"),
            (
                dicts,
                r#"[{"a": 1}]"#,
                r#"[[{"a": [1]}, {"a": [2]}]]"#,
                "value_error:list_dict_count",
            ),
        ] {
            assert_eq!(
                found(Language::Python, parameter, value, accepted),
                wanted,
                "{value}"
            );
        }
        let unknown = found(Language::Python, r#"{"type": "Set"}"#, "1", "[1]");
        assert!(unknown.contains("`Set`"), "{unknown}");
    }

    #[test]
    fn arguments_of_java_and_javascript_are_texts() {
        let java = |parameter, value, accepted| found(Language::Java, parameter, value, accepted);
        assert_eq!(java(r#"{"type": "long"}"#, "\"5L\"", "[5]"), "ok");
        assert_eq!(
            java(r#"{"type": "long"}"#, "\"5\"", "[5]"),
            "type_error:simple"
        );
        assert_eq!(java(r#"{"type": "long"}"#, "5", "[5]"), "type_error:java");
        let js =
            |parameter, value, accepted| found(Language::JavaScript, parameter, value, accepted);
        assert_eq!(js(r#"{"type": "Boolean"}"#, "\"true\"", "[true]"), "ok");
        assert_eq!(
            js(r#"{"type": "Boolean"}"#, "true", "[true]"),
            "type_error:js"
        );
    }
}
