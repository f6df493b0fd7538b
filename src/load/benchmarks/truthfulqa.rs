//! TruthfulQA: questions that many people answer wrongly, with true and false answers to pick from by letter.

use serde_json::{Value as Json, json};

use super::shown::{letter, lettered, order};
use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "truthfulqa",
    summary: "questions that people answer wrongly, one true answer among false ones by letter",
    cases: "790 (January 2025; earlier releases had 817)",
    licence: "Apache-2.0",
    metric: "accuracy",
    file: "question, mc0_targets and/or mc1_targets (answer: 1 or 0), as .json or .jsonl (mc_task.json); for texts: Question, Correct Answers, Incorrect Answers (each joined by `; `), optionally Category, as .csv with a head",
    prompt: "QUESTION\n\nA) ANSWER\nB) ANSWER\n\nWhich answer is true? Reply with \"Answer: X\", where X is its letter.\n(the two answers of mc0, in an order that the question's text decides; a row without mc0_targets shows those of mc1: score it by that convention; a row of TruthfulQA.csv asks for a text: QUESTION alone)",
    verified: None,
    keys: &["question", "Question"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

/// A row of TruthfulQA.csv, which asks for a text.
fn text(row: &Native<'_>) -> Result<Asked, String> {
    let answers = row.text("Correct Answers")?.split(';').map(str::trim);
    let answers: Vec<&str> = answers.filter(|answer| !answer.is_empty()).collect();
    row.text("Incorrect Answers")?;
    Ok(Asked {
        prompt: row.text("Question")?.to_owned(),
        expected: Some(json!(answers)),
        tags: row.plain("Category")?.into_iter().collect(),
        ..Asked::default()
    })
}

fn read(row: &Native<'_>) -> Result<Asked, String> {
    if row.find("Correct Answers").is_some() {
        return text(row);
    }
    let question = row.text("question")?;
    let name = match row.find("mc0_targets") {
        Some(_) => "mc0_targets",
        None => "mc1_targets",
    };
    let Json::Object(targets) = row.value(name)? else {
        return Err(format!(
            "`{name}` must be an object of answers, each with 1 (true) or 0"
        ));
    };
    let truths: Vec<&String> = targets
        .iter()
        .filter(|(_, label)| label.as_u64() == Some(1))
        .map(|(text, _)| text)
        .collect();
    let [truth] = truths.as_slice() else {
        return Err(format!(
            "`{name}` must have one answer with 1, it has {}",
            truths.len()
        ));
    };
    if targets.len() > 26 {
        return Err(format!(
            "`{name}` has {} answers, and there are 26 letters",
            targets.len()
        ));
    }
    let answers: Vec<&String> = targets.keys().collect();
    // An order that was recorded with the row stands.
    let recorded = row.find("order").and_then(|places| {
        serde_json::from_value::<Vec<usize>>(places.clone())
            .ok()
            .filter(|places| places.iter().all(|place| *place < answers.len()))
    });
    let places = recorded.unwrap_or_else(|| order(question, answers.len()));
    let shown: Vec<String> = places.iter().map(|place| answers[*place].clone()).collect();
    let gold = shown.iter().position(|answer| answer == *truth);
    let listed = lettered(shown.iter().map(String::as_str), ")");
    Ok(Asked {
        prompt: format!(
            "{question}\n\n{listed}\n\nWhich answer is true? Reply with \"Answer: X\", where X is its letter."
        ),
        expected: Some(json!(gold.and_then(letter).map(String::from))),
        choices: shown,
        more: vec![("order", json!(places))],
        ..Asked::default()
    })
}
