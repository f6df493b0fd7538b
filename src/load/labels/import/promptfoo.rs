//! promptfoo: the results of an evaluation, with what a person rated in its viewer.
//!
//! A person's rating is a component of the grading whose assertion has the type `human`; its `pass` is the label (field `human`), its
//! `comment`, else the grading's, the critique. Results name nobody: `--annotator` does. Who rates there sees the target's name and the
//! other verdicts, so these labels are not blind. Assumed: `testIdx` and `promptIdx` name a result (`3-1`), unless its variables or
//! its test's metadata name an `item`, or a `case` and a `target`; texts are `prompt.raw` and `response.output`.

use serde_json::Value as Json;

use crate::domain::label::Label;

use super::Record;
use super::collect::{Collect, cluster, name, objects, text, texts};
use super::settle::Value;

/// The field of a person's ratings.
const FIELD: &str = "human";

pub(super) fn detect(record: &Record) -> bool {
    record.contains_key("gradingResult")
}

pub(super) fn read(record: &Record, collect: &mut Collect<'_>) {
    let grading = objects(record, &["gradingResult"]);
    let components = grading
        .iter()
        .filter_map(|grading| grading.get("componentResults")?.as_array());
    let human: Vec<&Record> = components
        .flatten()
        .filter_map(Json::as_object)
        .filter(|component| {
            component
                .get("assertion")
                .and_then(|assertion| assertion.get("type"))
                == Some(&Json::from(FIELD))
        })
        .collect();
    let Some(rating) = human.last() else {
        collect.leave_out("result that no person rated");
        return;
    };
    let Some(pass) = rating.get("pass").and_then(Json::as_bool) else {
        collect.problem("a person's rating has no `pass`");
        return;
    };
    let mut data = objects(record, &["vars", "metadata"]);
    data.extend(
        objects(record, &["testCase"])
            .into_iter()
            .flat_map(|test| objects(test, &["vars", "metadata"])),
    );
    let place = || {
        let (test, prompt) = (name(record, "testIdx")?, name(record, "promptIdx")?);
        Some(format!("{test}-{prompt}"))
    };
    let own = place().or_else(|| name(record, "id"));
    let subject = collect.output(&data, own);
    if let Some(label) = collect.label(subject, None) {
        let inner =
            |keys: [&str; 2]| text(record.get(keys[0]).and_then(|value| value.get(keys[1])));
        let mut texts = texts(&data);
        texts.input = inner(["prompt", "raw"]).or(texts.input);
        texts.output = inner(["response", "output"]).or(texts.output);
        let comment = std::iter::once(rating)
            .chain(&grading)
            .find_map(|record| text(record.get("comment")));
        let label = Label {
            critique: comment,
            texts,
            cluster: cluster(&data),
            ..label
        };
        collect.put(FIELD, Value::Bool(pass), label);
    }
}
