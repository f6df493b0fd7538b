//! Argilla: records with fields and people's responses.
//!
//! A field is a question. Read are `responses` by question, each a list of `{value, user_id, status}`, and the older list of
//! `{user_id, status, values: {question: {value}}}`. Only submitted responses are labels; where a response has no status (not every
//! export writes it) it is assumed to be submitted. Suggestions are no labels. The answer of a user to a question called critique,
//! comment, reason or explanation is the critique of their other answers.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::domain::label::Label;

use super::Record;
use super::collect::{Collect, cluster, name, objects, text, texts};
use super::settle::Value;

/// Questions whose answers are critiques.
const CRITIQUES: &[&str] = &["critique", "comment", "reason", "explanation"];

/// One user's answer to a question.
struct Answer<'a> {
    question: &'a str,
    user: Option<String>,
    status: Option<&'a str>,
    value: Option<&'a Json>,
}

pub(super) fn detect(record: &Record) -> bool {
    record.get("fields").is_some_and(Json::is_object)
        && record
            .get("responses")
            .is_some_and(|responses| responses.is_object() || responses.is_array())
}

pub(super) fn read(record: &Record, collect: &mut Collect<'_>) {
    let data = objects(record, &["metadata", "fields"]);
    let own = ["external_id", "id"]
        .iter()
        .find_map(|key| name(record, key));
    let subject = collect.output(&data, own);
    let suggested = record
        .get("suggestions")
        .map_or(0, |suggestions| match suggestions {
            Json::Array(list) => list.len(),
            Json::Object(questions) => questions.values().filter(|value| !value.is_null()).count(),
            _ => 0,
        });
    for _ in 0..suggested {
        collect.leave_out("suggestion of a model");
    }
    let answers = answers(record);
    if answers.is_empty() {
        collect.leave_out("record without a response");
    }
    let mut critiques: BTreeMap<Option<&str>, String> = BTreeMap::new();
    for answer in &answers {
        if CRITIQUES.contains(&answer.question)
            && let Some(critique) = text(answer.value)
        {
            critiques.insert(answer.user.as_deref(), critique);
        }
    }
    for answer in &answers {
        match answer.status {
            None | Some("submitted") => {}
            Some(status) => {
                collect.leave_out(format!("response that is {status}"));
                continue;
            }
        }
        if CRITIQUES.contains(&answer.question) {
            continue;
        }
        let value = match answer.value {
            Some(Json::Array(list)) => match list.as_slice() {
                [one] => Value::of(one),
                _ => None,
            },
            value => value.and_then(Value::of),
        };
        let Some(value) = value else {
            collect.leave_out("response of several values, a ranking, or spans");
            continue;
        };
        let Some(label) = collect.label(subject.clone(), answer.user.clone()) else {
            continue;
        };
        let label = Label {
            critique: critiques.get(&answer.user.as_deref()).cloned(),
            texts: texts(&data),
            cluster: cluster(&data),
            ..label
        };
        collect.put(answer.question, value, label);
    }
}

fn answers(record: &Record) -> Vec<Answer<'_>> {
    let mut answers = Vec::new();
    match record.get("responses") {
        Some(Json::Object(questions)) => {
            for (question, list) in questions {
                for response in list
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Json::as_object)
                {
                    answers.push(Answer {
                        question,
                        user: name(response, "user_id"),
                        status: response.get("status").and_then(Json::as_str),
                        value: response.get("value"),
                    });
                }
            }
        }
        Some(Json::Array(list)) => {
            for response in list.iter().filter_map(Json::as_object) {
                for values in objects(response, &["values"]) {
                    for (question, value) in values {
                        answers.push(Answer {
                            question,
                            user: name(response, "user_id"),
                            status: response.get("status").and_then(Json::as_str),
                            value: value.get("value"),
                        });
                    }
                }
            }
        }
        _ => {}
    }
    answers
}
