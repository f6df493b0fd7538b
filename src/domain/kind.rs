//! Tables of kinds: of targets, scorers, reports. To add a kind: one file and one row.

use serde_json::{Value as Json, json};

use super::decode::{Decode, describe, unknown};

/// One row: a kind's name, what it is for, an example of its options, and its decoder.
#[derive(Debug)]
pub struct Kind<T: 'static> {
    /// The word in `kind:`.
    pub name: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// Its options as a YAML flow map, as a user would write them.
    pub example: &'static str,
    /// Reads its own options (not `id`, `kind` and what all kinds share).
    pub decode: Decode<T>,
}

/// The row of `name`, or a message with a suggestion.
pub fn find<T>(
    table: &'static [Kind<T>],
    what: &str,
    name: &str,
) -> Result<&'static Kind<T>, String> {
    table.iter().find(|row| row.name == name).ok_or_else(|| {
        let known: Vec<&str> = table.iter().map(|row| row.name).collect();
        unknown(what, name, &known)
    })
}

/// The JSON Schema of each row's own options, with `kind` fixed to its name.
#[must_use]
pub fn schemas<T>(table: &'static [Kind<T>]) -> Vec<Json> {
    table
        .iter()
        .map(|row| {
            let mut schema = describe(row.decode);
            schema["properties"]["kind"] = json!({"const": row.name, "description": row.summary});
            schema
        })
        .collect()
}
