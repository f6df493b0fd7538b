//! LangSmith: feedback on runs.
//!
//! A field is a feedback's key. People's is what was given in the app (`feedback_source.type` is `app`); what models gave, and what
//! came through the interface (`api`: nothing says that a person gave it), is left out. A text or a truth in `value` goes before the
//! number in `score`. What is judged is the run, unless the source's metadata names an `item`, or a `case` and a `target`. The annotator
//! is the source's `user_name`, else its `user_id`: both are assumed to stand there.

use crate::domain::label::Label;

use super::Record;
use super::collect::{Collect, cluster, name, objects, text, texts};
use super::settle::Value;

pub(super) fn detect(record: &Record) -> bool {
    record.contains_key("feedback_source") && record.contains_key("key")
}

pub(super) fn read(record: &Record, collect: &mut Collect<'_>) {
    let source = objects(record, &["feedback_source"]);
    let kind = source
        .iter()
        .find_map(|source| source.get("type")?.as_str());
    if kind != Some("app") {
        collect.leave_out(format!(
            "feedback whose source is {}",
            kind.unwrap_or("unknown")
        ));
        return;
    }
    let value = ["value", "score"]
        .iter()
        .find_map(|key| Value::of(record.get(*key)?));
    let Some(value) = value else {
        collect.leave_out("feedback without a score or a value");
        return;
    };
    let Some(field) = name(record, "key") else {
        collect.problem("the feedback has no `key`");
        return;
    };
    let data: Vec<&Record> = source
        .iter()
        .flat_map(|source| objects(source, &["metadata"]))
        .collect();
    let subject = collect.output(&data, name(record, "run_id"));
    let by = ["user_name", "user_id"]
        .iter()
        .find_map(|key| source.iter().find_map(|source| name(source, key)));
    if let Some(label) = collect.label(subject, by) {
        let label = Label {
            critique: text(record.get("comment")),
            at: ["modified_at", "created_at"]
                .iter()
                .find_map(|key| text(record.get(*key))),
            texts: texts(&data),
            cluster: cluster(&data),
            ..label
        };
        collect.put(&field, value, label);
    }
}
