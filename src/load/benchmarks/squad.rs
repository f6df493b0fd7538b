//! SQuAD: questions about a paragraph, answered by a span of it.

use serde_json::{Value as Json, json};

use super::{Asked, Benchmark, Native};
use crate::domain::digest::Digest;

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "squad",
    summary: "questions about a paragraph, answered by a span of it",
    cases: "10,570 (version 1.1, dev), 11,873 (version 2.0, dev)",
    licence: "CC BY-SA 4.0",
    metric: "exact match or F1",
    file: "id, context, question, answers ({\"text\": [..]} or [{\"text\": ..}]), optionally title, one question a row, as .jsonl",
    prompt: "PARAGRAPH\n\nQuestion: QUESTION\n\nAnswer with the shortest span of the paragraph that answers the question and nothing else. If the paragraph does not answer it, reply with nothing.",
    verified: None,
    keys: &["id"],
    list_of_outputs: None,
    answers_beside: false,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    if row.find("paragraphs").is_some() || row.find("data").is_some() {
        return Err(
            "this is the nested form of SQuAD; write one question a row: id, context, question, answers"
                .to_owned(),
        );
    }
    let accepted: Vec<Json> = match row.value("answers")? {
        Json::Array(answers) => answers
            .iter()
            .filter_map(|answer| answer.get("text").cloned())
            .collect(),
        Json::Object(columns) => match columns.get("text") {
            Some(Json::Array(texts)) => texts.clone(),
            _ => return Err("`answers` must have a list `text`".to_owned()),
        },
        _ => return Err("`answers` must be a list, or an object with a list `text`".to_owned()),
    };
    let paragraph = row.text("context")?;
    let text = Digest::of_json(&json!(paragraph)).to_string();
    Ok(Asked {
        cluster: Some(row.plain("title")?.unwrap_or_else(|| text[..12].to_owned())),
        id: row.plain("id")?,
        prompt: format!(
            "{}\n\nQuestion: {}\n\nAnswer with the shortest span of the paragraph that answers the question and nothing else. If the paragraph does not answer it, reply with nothing.",
            paragraph,
            row.text("question")?.trim()
        ),
        expected: (!accepted.is_empty()).then(|| json!(accepted)),
        ..Asked::default()
    })
}
