//! Langfuse: scores, a list of them or the answer of its interface (`data`).
//!
//! A field is a score's name. Only scores whose source is `ANNOTATION` are people's. A `BOOLEAN` is pass or fail, a `CATEGORICAL` its
//! `stringValue`, a `NUMERIC` its `value`. What is judged is named by `item`, or `case` and `target`, in the score's `metadata`, else
//! by the observation, else by the trace, else by the session. A score without an author needs `--annotator`.

use serde_json::Value as Json;

use crate::domain::label::Label;

use super::Record;
use super::collect::{Collect, cluster, name, objects, text, texts};
use super::settle::Value;

pub(super) fn detect(record: &Record) -> bool {
    let source = record.get("source").and_then(Json::as_str);
    matches!(source, Some("ANNOTATION" | "API" | "EVAL"))
        && record.contains_key("name")
        && ["traceId", "dataType"]
            .iter()
            .any(|key| record.contains_key(*key))
}

pub(super) fn read(record: &Record, collect: &mut Collect<'_>) {
    match record.get("source").and_then(Json::as_str) {
        Some("ANNOTATION") => {}
        source => {
            collect.leave_out(format!(
                "score whose source is {}",
                source.unwrap_or("unknown")
            ));
            return;
        }
    }
    let number = record.get("value").and_then(Json::as_f64);
    let value = match record.get("dataType").and_then(Json::as_str) {
        Some("BOOLEAN") => match (number, record.get("value").and_then(Json::as_bool)) {
            (Some(0.0), _) => Some(Value::Bool(false)),
            (Some(1.0), _) => Some(Value::Bool(true)),
            (_, truth) => truth.map(Value::Bool),
        },
        Some("CATEGORICAL") => ["stringValue", "value"]
            .iter()
            .find_map(|key| name(record, key))
            .map(Value::Text),
        _ => number.map(Value::Number),
    };
    let (Some(field), Some(value)) = (name(record, "name"), value) else {
        collect.problem("the score has no `name`, or no value that fits its `dataType`");
        return;
    };
    let data = objects(record, &["metadata"]);
    let keys = ["observationId", "traceId", "sessionId"];
    let own = keys.iter().find_map(|key| name(record, key));
    let subject = collect.output(&data, own);
    if let Some(label) = collect.label(subject, name(record, "authorUserId")) {
        let label = Label {
            critique: text(record.get("comment")),
            at: ["timestamp", "updatedAt", "createdAt"]
                .iter()
                .find_map(|key| text(record.get(*key))),
            texts: texts(&data),
            cluster: cluster(&data),
            ..label
        };
        collect.put(&field, value, label);
    }
}
