//! Prodigy: one line a decision.
//!
//! With `accept`, a list of choices, the field is `choice` and the one accepted choice its value (the text of an option is not used,
//! its id is). Without, the field is the task's `label`, else `answer`, and accept and reject are pass and fail. Ignored tasks are no
//! labels. What is judged is known by `item`, or `case` and `target`, in the task or its `meta`, else by `id`, else by `_input_hash`,
//! which tasks over the same input share. The annotator is `_annotator_id`, else `_session_id`, else the file's name. A `user_input`,
//! as a text field is called unless it has another name, is the critique.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::domain::label::Label;

use super::Record;
use super::collect::{Collect, cluster, name, objects, text, texts};
use super::settle::Value;

pub(super) fn detect(record: &Record) -> bool {
    let answer = record.get("answer").and_then(Json::as_str);
    matches!(answer, Some("accept" | "reject" | "ignore"))
}

pub(super) fn read(record: &Record, collect: &mut Collect<'_>) {
    let answer = record
        .get("answer")
        .and_then(Json::as_str)
        .unwrap_or_default();
    if answer == "ignore" {
        collect.leave_out("ignored task");
        return;
    }
    let choices = record.get("accept").and_then(Json::as_array);
    let (field, value) = match choices.map(Vec::as_slice) {
        None => {
            let field = name(record, "label").unwrap_or_else(|| "answer".to_owned());
            (field, Value::Bool(answer == "accept"))
        }
        Some(_) if answer == "reject" => {
            collect.leave_out("rejected task with choices");
            return;
        }
        Some([one]) => match Value::of(one) {
            Some(value) => ("choice".to_owned(), value),
            None => {
                collect.problem("the accepted choice is neither a text nor a number");
                return;
            }
        },
        Some([]) => {
            collect.leave_out("task without a choice");
            return;
        }
        Some(_) => {
            collect.leave_out("task with several choices at once");
            return;
        }
    };
    let mut data = vec![record];
    data.extend(objects(record, &["meta"]));
    let own = ["id", "_input_hash"]
        .iter()
        .find_map(|key| name(record, key));
    let subject = collect.output(&data, own);
    let by = name(record, "_annotator_id").or_else(|| name(record, "_session_id"));
    let by = by.or_else(|| collect.by_file());
    if let Some(label) = collect.label(subject, by) {
        let label = Label {
            critique: text(record.get("user_input")),
            at: record
                .get("_timestamp")
                .and_then(Json::as_i64)
                .and_then(time),
            texts: texts(&data),
            cluster: cluster(&data),
            ..label
        };
        collect.put(&field, value, label);
    }
}

fn time(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds)
        .ok()
        .map(|time| time.to_string())
}
