//! The records of a foreign file: a JSON array, JSON lines, or an object around a list, each record with its line.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::domain::strict_json;
use crate::load::labels::rows::{Found, Lines, at};

use super::Record;

/// Where an object keeps its list of records.
const AROUND: &[&[&str]] = &[
    &["results", "results"],
    &["results"],
    &["data"],
    &["records"],
    &["items"],
];

/// The records, unread, with their lines.
pub(super) fn records<'a>(
    named: &str,
    text: &'a str,
    found: &mut Found,
) -> Vec<(u64, &'a RawValue)> {
    let raw = match text.trim_start().as_bytes().first() {
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(list) => list,
            Err(error) => {
                found.note(at(
                    named,
                    error.line() as u64,
                    format!("not a JSON array: {error}"),
                ));
                return Vec::new();
            }
        },
        Some(b'{') => match serde_json::from_str::<&RawValue>(text) {
            Ok(object) => AROUND
                .iter()
                .find_map(|path| inside(object, path))
                .unwrap_or_else(|| vec![object]),
            Err(error) => lines(named, text, &error, found),
        },
        _ => {
            found.note(at(
                named,
                1,
                "neither a JSON array nor an object begins here; export as JSON or JSONL",
            ));
            return Vec::new();
        }
    };
    let mut lines = Lines::of(text);
    raw.into_iter()
        .map(|raw| {
            let byte = raw.get().as_ptr().addr() - text.as_ptr().addr();
            (lines.line(byte as u64), raw)
        })
        .collect()
}

fn inside<'a>(object: &'a RawValue, path: &[&str]) -> Option<Vec<&'a RawValue>> {
    let (key, rest) = path.split_first()?;
    let keys: BTreeMap<String, &RawValue> = serde_json::from_str(object.get()).ok()?;
    let value = keys.get(*key)?;
    match rest {
        [] => serde_json::from_str(value.get()).ok(),
        _ => inside(value, rest),
    }
}

/// One value a line. Where the first line is none, the file was meant as one value: that error is told.
fn lines<'a>(
    named: &str,
    text: &'a str,
    error: &serde_json::Error,
    found: &mut Found,
) -> Vec<&'a RawValue> {
    let mut list = Vec::new();
    for (number, line) in (1_u64..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(line) {
            Ok(raw) => list.push(raw),
            Err(_) if list.is_empty() => {
                found.note(at(named, error.line() as u64, format!("not JSON: {error}")));
                return Vec::new();
            }
            Err(error) => found.note(at(named, number, format!("not a JSON value: {error}"))),
        }
    }
    list
}

/// A record read strictly: no key twice.
pub(super) fn record(raw: &RawValue) -> Result<Record, String> {
    match strict_json::parse(raw.get()) {
        Ok(serde_json::Value::Object(record)) => Ok(record),
        Ok(_) => Err("a record is a JSON object, this is none".to_owned()),
        Err(error) => Err(format!("not a record: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Result<Vec<(u64, String)>, Vec<String>> {
        let mut found = Found::default();
        let list = records("f", text, &mut found)
            .into_iter()
            .map(|(line, raw)| (line, raw.get().to_owned()))
            .collect();
        found
            .unless("f", list)
            .map_err(|all| all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn records_are_found_wherever_they_stand() {
        let one = |line| (line, r#"{"a":1}"#.to_owned());
        for (text, wanted) in [
            (r#"[{"a":1}]"#, vec![one(1)]),
            ("\n[\n{\"a\":1},\r\n\n {\"a\":1}\n]", vec![one(3), one(5)]),
            ("{\"a\":1}\n\n{\"a\":1}\n", vec![one(1), one(3)]),
            (r#"{"a":1}"#, vec![one(1)]),
            ("{\"meta\": {},\n\"data\": [\n{\"a\":1}]}", vec![one(3)]),
            (
                "{\"version\": 3, \"results\": {\"results\":\n [{\"a\":1}]}}",
                vec![one(2)],
            ),
            ("[]", vec![]),
        ] {
            assert_eq!(found(text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_named_by_its_line() {
        for (text, wanted) in [
            ("id,label\n", "f:1: neither a JSON array nor an object"),
            ("", "f:1: neither"),
            ("[{\"a\": 1},\n{]", "f:2: not a JSON array"),
            ("{\n\"a\": x}", "f:2: not JSON"),
            ("{\"a\":1}\n{\"a\"\n{\"a\":2}", "f:2: not a JSON value"),
        ] {
            let said = found(text).unwrap_err();
            assert!(said[0].starts_with(wanted), "{wanted}: {said:?}");
        }
    }

    #[test]
    fn a_record_is_an_object_with_each_key_once() {
        let of = |text: &str| record(&RawValue::from_string(text.to_owned()).unwrap());
        assert!(of(r#"{"a":1}"#).is_ok());
        assert!(of("[1]").unwrap_err().contains("a record is a JSON object"));
        assert!(of(r#"{"a":1,"a":2}"#).unwrap_err().contains("given twice"));
        let deep = format!(
            "{}{}",
            r#"{"a":"#.repeat(5_000),
            "1".to_owned() + &"}".repeat(5_000)
        );
        assert!(of(&deep).unwrap_err().contains("recursion limit"));
    }
}
