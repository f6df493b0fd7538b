//! Label Studio: tasks with annotations (JSON), or one row an annotation (JSON_MIN).
//!
//! A field is a control (`from_name`). Read are `choices` with one choice, `rating`, `number` and `pairwise` (`left` is output a);
//! text areas are critiques. Predictions and cancelled annotations are no labels. Of JSON_MIN it is assumed that a single choice is a
//! text, several are `{"choices": [..]}`, a rating is a number or a list with one `{"rating": n}`; its rows do not tell controls from
//! data, so every key whose value is such a thing is offered as a field, but for those of texts and ids.

use serde_json::Value as Json;

use crate::domain::label::{Label, Preference};

use super::Record;
use super::collect::{
    Collect, DRAW_PROBABILITY, cluster, draw_probability, id, is_text, name, objects, side, text,
    texts,
};
use super::settle::Value;

/// What a row of JSON_MIN holds besides data and controls.
const MIN_KEYS: &[&str] = &[
    "id",
    "annotator",
    "annotation_id",
    "created_at",
    "updated_at",
    "lead_time",
    "item",
    "case",
    "target",
    "repeat",
    "cluster",
    DRAW_PROBABILITY,
];

/// What else it holds where the sides of pairs are mixed.
const PAIR_KEYS: &[&str] = &["first", "second", "side"];

pub(super) fn detect(record: &Record) -> bool {
    let is_task = record.get("annotations").is_some_and(Json::is_array)
        && record.get("data").is_some_and(Json::is_object);
    is_task || record.contains_key("annotation_id")
}

pub(super) fn read(record: &Record, collect: &mut Collect<'_>) {
    match record.get("annotations").and_then(Json::as_array) {
        Some(annotations) => task(record, annotations, collect),
        None => row(record, collect),
    }
}

fn task(record: &Record, annotations: &[Json], collect: &mut Collect<'_>) {
    let data = objects(record, &["data", "meta"]);
    let subject = collect.output(&data, name(record, "id"));
    let predictions = record.get("predictions").and_then(Json::as_array);
    for _ in predictions.into_iter().flatten() {
        collect.leave_out("prediction of a model");
    }
    if annotations.is_empty() {
        collect.leave_out("task without an annotation");
    }
    for annotation in annotations {
        let Some(annotation) = annotation.as_object() else {
            collect.problem("an annotation is no JSON object");
            continue;
        };
        if annotation.get("was_cancelled") == Some(&Json::Bool(true)) {
            collect.leave_out("cancelled annotation");
            continue;
        }
        let Some(mut label) =
            collect.label(subject.clone(), annotator(annotation.get("completed_by")))
        else {
            continue;
        };
        shown(&mut label, &data);
        timed(&mut label, annotation);
        results(annotation, &label, collect);
    }
}

fn results(annotation: &Record, label: &Label, collect: &mut Collect<'_>) {
    let list = annotation.get("result").and_then(Json::as_array);
    let results: Vec<&Record> = list
        .into_iter()
        .flatten()
        .filter_map(Json::as_object)
        .collect();
    if results.is_empty() {
        collect.leave_out("annotation without a result");
    }
    let kind = |result: &Record| text(result.get("type")).unwrap_or_default();
    let critiques: Vec<String> = results
        .iter()
        .filter(|result| kind(result) == "textarea")
        .filter_map(|result| result.get("value")?.get("text"))
        .flat_map(|value| match value {
            Json::Array(lines) => lines.iter().filter_map(|line| text(Some(line))).collect(),
            value => text(Some(value)).into_iter().collect::<Vec<_>>(),
        })
        .collect();
    let critique = (!critiques.is_empty()).then(|| critiques.join("\n"));
    for result in results {
        let (kind, field) = (kind(result), text(result.get("from_name")));
        let inner = |key: &str| result.get("value").and_then(|value| value.get(key));
        let value = match kind.as_str() {
            "textarea" => continue,
            "choices" => match inner("choices").and_then(Json::as_array).map(Vec::as_slice) {
                Some([one]) => chosen(one, label.side),
                Some([_, _, ..]) => {
                    collect.leave_out("annotation with several choices at once");
                    continue;
                }
                _ => None,
            },
            "rating" | "number" => inner(&kind).and_then(Value::of),
            "pairwise" => match inner("selected").and_then(Json::as_str) {
                Some("left") => Some(Value::Preference(Preference::A)),
                Some("right") => Some(Value::Preference(Preference::B)),
                _ => None,
            },
            other => {
                collect.leave_out(format!("result of the type `{other}`"));
                continue;
            }
        };
        let (Some(value), Some(field)) = (value, field) else {
            collect.problem(format!(
                "a result of the type `{kind}` has no value or no `from_name`"
            ));
            continue;
        };
        let label = Label {
            critique: critique.clone(),
            ..label.clone()
        };
        collect.put(&field, value, label);
    }
}

fn row(record: &Record, collect: &mut Collect<'_>) {
    let subject = collect.output(&[record], name(record, "id"));
    let Some(mut label) = collect.label(subject, annotator(record.get("annotator"))) else {
        return;
    };
    shown(&mut label, &[record]);
    timed(&mut label, record);
    let mut has_value = false;
    for (key, json) in record {
        let is_of_pair = label.side.is_some() && PAIR_KEYS.contains(&key.as_str());
        if MIN_KEYS.contains(&key.as_str()) || is_text(key) || is_of_pair {
            continue;
        }
        let value = match json {
            Json::Array(list) => match list.as_slice() {
                [one] => ["rating", "number"]
                    .iter()
                    .find_map(|key| Value::of(one.get(*key)?)),
                _ => None,
            },
            Json::Object(object) if object.contains_key("choices") => {
                collect.leave_out("annotation with several choices at once");
                None
            }
            json => chosen(json, label.side),
        };
        if let Some(value) = value {
            has_value = true;
            collect.put(key, value, label.clone());
        }
    }
    if !has_value {
        collect.leave_out("annotation without a result");
    }
}

/// What the data says of the output and of its draw.
fn shown(label: &mut Label, data: &[&Record]) {
    label.texts = texts(data);
    label.cluster = cluster(data);
    label.side = side(data);
    label.probability = draw_probability(data);
}

/// A choice; of a pair whose sides are mixed the output that it names.
fn chosen(json: &Json, first: Option<Preference>) -> Option<Value> {
    let value = Value::of(json)?;
    let (Some(first), Value::Text(word)) = (first, &value) else {
        return Some(value);
    };
    let is_a = first == Preference::A;
    Some(match (word.as_str(), is_a) {
        ("first", true) | ("second", false) => Value::Preference(Preference::A),
        ("first", false) | ("second", true) => Value::Preference(Preference::B),
        ("tie", _) => Value::Preference(Preference::Tie),
        _ => value,
    })
}

fn annotator(json: Option<&Json>) -> Option<String> {
    match json? {
        Json::Object(user) => name(user, "email").or_else(|| name(user, "id")),
        json => id(json),
    }
}

fn timed(label: &mut Label, record: &Record) {
    label.at = text(record.get("updated_at")).or_else(|| text(record.get("created_at")));
    label.seconds = record
        .get("lead_time")
        .and_then(Json::as_f64)
        .filter(|seconds| *seconds >= 0.0);
}
