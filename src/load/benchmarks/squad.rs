//! SQuAD: questions about a paragraph, answered by a span of it.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::{Asked, Benchmark, Native};
use crate::domain::digest::Digest;

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "squad",
    summary: "questions about a paragraph, answered by a span of it",
    cases: "10,570 (version 1.1, dev), 11,873 (version 2.0, dev)",
    licence: "CC BY-SA 4.0",
    metric: "exact match or F1",
    file: "id, context, question, answers ({\"text\": [..]} or [{\"text\": ..}]), optionally title, one question a row, as .jsonl; or the authors' own .json ({data: [{title, paragraphs: [{context, qas}]}]})",
    prompt: "PARAGRAPH\n\nQuestion: QUESTION\n\nAnswer with the shortest span of the paragraph that answers the question and nothing else. If the paragraph does not answer it, reply with nothing.",
    verified: None,
    keys: &["id"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: Some(unfold),
    read,
};

/// The authors' own file.
#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    data: Vec<Article<'a>>,
}

#[derive(Deserialize)]
struct Article<'a> {
    #[serde(default)]
    title: Option<String>,
    #[serde(borrow)]
    paragraphs: Vec<Paragraph<'a>>,
}

#[derive(Deserialize)]
struct Paragraph<'a> {
    context: String,
    #[serde(borrow)]
    qas: Vec<&'a RawValue>,
}

/// Each question with the title and the paragraph that it stands below, its own fields as they are written.
fn unfold(text: &str, take: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<bool, String> {
    let whole: Whole<'_> = match serde_json::from_str(text) {
        Ok(whole) => whole,
        // Questions may stand in lines of a file that is called .json.
        Err(_) if !text.contains("\"paragraphs\"") => return Ok(false),
        Err(error) => {
            return Err(format!(
                "not SQuAD's own file ({{data: [{{title, paragraphs: [{{context, qas}}]}}]}}): {error}"
            ));
        }
    };
    for Article { title, paragraphs } in whole.data {
        for Paragraph { context, qas } in paragraphs {
            let above = match &title {
                Some(title) => json!({"title": title, "context": context}),
                None => json!({"context": context}),
            };
            let above = above.to_string();
            for question in qas {
                // What is no object, or gives a key twice, is refused with its row like any other.
                let row = match question.get().trim().strip_prefix('{') {
                    Some(fields) => format!("{},{fields}", &above[..above.len() - 1]),
                    None => question.get().to_owned(),
                };
                take(&row)?;
            }
        }
    }
    Ok(true)
}

fn read(row: &Native<'_>) -> Result<Asked, String> {
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
