//! JSON Schemas (draft 2020-12) of what users write, from the decoders that read it.

use serde_json::{Value as Json, json};

use super::dataset::row;
use super::suite::{self, Kinds};

/// The schema of a suite file.
#[must_use]
pub fn suite(kinds: &Kinds) -> Json {
    headed("evenhand suite", suite::schema(kinds))
}

/// The schema of a case: a line of JSONL, an element of a JSON array, an inline case.
#[must_use]
pub fn case() -> Json {
    headed("evenhand case", row::schema())
}

fn headed(title: &str, schema: Json) -> Json {
    let mut headed = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
    });
    if let (Json::Object(whole), Json::Object(part)) = (&mut headed, schema) {
        whole.extend(part);
    }
    headed
}
