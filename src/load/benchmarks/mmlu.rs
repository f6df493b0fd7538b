//! MMLU: questions of 57 fields with four options.

use serde_json::{Value as Json, json};

use super::shown::{letter, lettered};
use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "mmlu",
    summary: "questions of 57 fields, one letter of four",
    cases: "14,042 (test)",
    licence: "MIT",
    metric: "accuracy",
    file: "Question, A, B, C, D, Answer (a letter), optionally Subject, as .csv with a head; or question, choices, answer (a letter or a place from 0), as .jsonl",
    prompt: "QUESTION\n\nA) OPTION\nB) OPTION\nC) OPTION\nD) OPTION\n\nThink step by step. The last line of your reply is \"Answer: X\", where X is one of A, B, C and D.",
    verified: None,
    keys: &["id", "Question", "question"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

/// What is asked about four options.
pub(super) fn asked(question: &str, options: &[String]) -> String {
    let shown = lettered(options.iter().map(String::as_str), ")");
    format!(
        "{question}\n\n{shown}\n\nThink step by step. The last line of your reply is \"Answer: X\", where X is one of A, B, C and D."
    )
}

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let question = row.text_of(&["Question", "question"])?;
    let options = match row.find("choices") {
        Some(_) => row.texts("choices")?,
        None => ["A", "B", "C", "D"]
            .iter()
            .map(|name| {
                row.plain(name)?
                    .ok_or_else(|| format!("the option `{name}` is missing or empty"))
            })
            .collect::<Result<_, _>>()?,
    };
    if options.len() != 4 {
        return Err(format!("`choices` has {} entries, not 4", options.len()));
    }
    let written = row.find("Answer").or_else(|| row.find("answer"));
    let place = match written {
        Some(Json::Number(place)) => place.as_u64().and_then(|place| usize::try_from(place).ok()),
        Some(Json::String(text)) => (0..4).find(|place| {
            letter(*place).is_some_and(|shown| text.trim() == shown.encode_utf8(&mut [0; 4]))
        }),
        _ => None,
    };
    let gold = place.filter(|place| *place < 4).and_then(letter);
    let Some(gold) = gold else {
        return Err(
            "`Answer` must be one of A, B, C and D (or `answer` a place from 0 to 3)".to_owned(),
        );
    };
    let tags = [row.plain("Subject")?, row.plain("subject")?];
    let gold = json!(gold.to_string());
    let name = if row.find("Answer").is_some() {
        "Answer"
    } else {
        "answer"
    };
    Ok(Asked {
        id: row.plain("id")?,
        prompt: asked(question, &options),
        expected: Some(gold.clone()),
        choices: options,
        tags: tags.into_iter().flatten().collect(),
        more: vec![(name, gold)],
        ..Asked::default()
    })
}
