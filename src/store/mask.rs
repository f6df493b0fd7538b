//! Keeps secrets out of JSON without breaking it.
//!
//! Masking the serialised text would be wrong: a secret of digits may stand in a number, one that is a plain word may be a key or
//! a state of the format. So the text is only searched; where something is found, the value is walked and its strings are masked,
//! save the few places where the format's own words stand.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use crate::domain::secret::Secrets;

/// Members whose value is a word of the format.
const WORDS: &[&str] = &[
    "event", "state", "kind", "role", "finish", "signal", "limit", "value", "unscored", "mode",
];

/// Members that hold anything a model, dataset or agent said: numbers in them may be a secret too.
const FREE: &[&str] = &[
    "arguments",
    "result",
    "details",
    "expected",
    "checks",
    "metadata",
    "columns",
];

/// The JSON text with every secret in its strings replaced by its variable's name; a text without any is handed back as it is.
#[must_use]
pub fn masked<'a>(json: &'a str, secrets: &Secrets) -> Cow<'a, str> {
    search(json, secrets, false)
}

/// The same for a JSON text in which nothing is a word of the format: what is said to a model and by it.
#[must_use]
pub fn masked_content<'a>(json: &'a str, secrets: &Secrets) -> Cow<'a, str> {
    search(json, secrets, true)
}

fn search<'a>(json: &'a str, secrets: &Secrets, free: bool) -> Cow<'a, str> {
    if matches!(secrets.mask(json), Cow::Borrowed(_)) {
        return Cow::Borrowed(json);
    }
    match serde_json::from_str::<Json>(json) {
        Ok(mut value) => {
            walk(&mut value, secrets, free);
            Cow::Owned(value.to_string())
        }
        // Not JSON after all: better broken than leaked.
        Err(_) => secrets.mask(json),
    }
}

fn walk(value: &mut Json, secrets: &Secrets, free: bool) {
    match value {
        Json::Null | Json::Bool(_) => {}
        Json::Number(number) => {
            if free && let Cow::Owned(text) = secrets.mask(&number.to_string()) {
                *value = Json::String(text);
            }
        }
        Json::String(text) => {
            if let Cow::Owned(masked) = secrets.mask(text) {
                *text = masked;
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| walk(item, secrets, free)),
        Json::Object(members) => {
            for (key, mut value) in std::mem::take(members) {
                let is_word = !free
                    && WORDS.contains(&key.as_str())
                    && value.as_str().is_some_and(is_plain_word);
                if !is_word {
                    walk(&mut value, secrets, free || FREE.contains(&key.as_str()));
                }
                put(members, key, value, secrets, free);
            }
        }
    }
}

/// Puts a member back; keys of the format are plain words and stay.
fn put(members: &mut Map<String, Json>, key: String, value: Json, secrets: &Secrets, free: bool) {
    let key = if !free && is_plain_word(&key) {
        key
    } else {
        secrets.mask(&key).into_owned()
    };
    members.insert(key, value);
}

fn is_plain_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(values: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        for (index, value) in values.iter().enumerate() {
            secrets.add(&format!("K{index}"), value);
        }
        secrets
    }

    #[test]
    fn a_text_without_secrets_is_not_touched() {
        let json = r#"{"event":"x", "n":1.50}"#;
        assert!(matches!(
            masked(json, &secrets(&["canary"])),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn secrets_go_and_the_format_stays() {
        let secrets = secrets(&["scored", "123456", "nabc\"def"]);
        let json = r#"{"event":"scored","at_ms":1234567,"scored":1,"text":"scored 123456 \nabc\"def","arguments":{"scored":123456}}"#;
        assert_eq!(
            masked(json, &secrets),
            r#"{"event":"scored","at_ms":1234567,"scored":1,"text":"${K0} ${K1} \nabc\"def","arguments":{"${K0}":"${K1}"}}"#
        );
        assert_eq!(
            masked_content(r#"{"kind":"scored","n":123456}"#, &secrets),
            r#"{"kind":"${K0}","n":"${K1}"}"#
        );
    }
}
