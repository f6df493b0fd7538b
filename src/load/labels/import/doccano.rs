//! doccano: one file an annotator, one line a text with its classes.
//!
//! The field is `label`; the annotator is the file's name without its ending, unless it is said. A text with several classes, or with
//! spans in place of classes, is left out. Assumed: the list is called `label` or `labels`, comments are a list of texts `Comments`.

use serde_json::Value as Json;

use crate::domain::label::Label;

use super::Record;
use super::collect::{Collect, cluster, name, objects, text, texts};
use super::settle::Value;

pub(super) fn detect(record: &Record) -> bool {
    let has_text = ["text", "data"]
        .iter()
        .any(|key| record.get(*key).is_some_and(Json::is_string));
    has_text && classes(record).is_some() && !record.contains_key("answer")
}

fn classes(record: &Record) -> Option<&Vec<Json>> {
    ["label", "labels"]
        .iter()
        .find_map(|key| record.get(*key)?.as_array())
}

pub(super) fn read(record: &Record, collect: &mut Collect<'_>) {
    let value = match classes(record).map(Vec::as_slice) {
        None | Some([]) => {
            collect.leave_out("text without a class");
            return;
        }
        Some([one]) => Value::of(one),
        Some(list) if list.iter().all(|one| Value::of(one).is_some()) => {
            collect.leave_out("text with several classes at once");
            return;
        }
        Some(_) => None,
    };
    let Some(value) = value else {
        collect.leave_out("text with spans");
        return;
    };
    let mut data = vec![record];
    data.extend(objects(record, &["metadata", "meta"]));
    let subject = collect.output(&data, name(record, "id"));
    let by = collect.by_file();
    if let Some(label) = collect.label(subject, by) {
        let mut texts = texts(&data);
        texts.output = texts.output.or_else(|| text(record.get("data")));
        let comments = record.get("Comments").and_then(Json::as_array);
        let comments: Vec<String> = comments
            .into_iter()
            .flatten()
            .filter_map(|comment| text(Some(comment)))
            .collect();
        let label = Label {
            critique: (!comments.is_empty()).then(|| comments.join("\n")),
            texts,
            cluster: cluster(&data),
            ..label
        };
        collect.put("label", value, label);
    }
}
