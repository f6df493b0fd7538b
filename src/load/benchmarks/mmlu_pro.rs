//! MMLU-Pro: questions of fourteen fields with up to ten options.

use serde_json::json;

use super::shown::{letter, lettered};
use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "mmlu_pro",
    summary: "questions of fourteen fields, one letter of up to ten",
    cases: "12,032 (test)",
    licence: "MIT (data card), Apache-2.0 (repository)",
    metric: "accuracy",
    file: "question_id, question, options (a list), answer (a letter), optionally category, as .jsonl or .json",
    prompt: "QUESTION\n\nA. OPTION\nB. OPTION ...\n\nThink step by step, then finish with \"the answer is (X)\", where X is the letter of the right option.",
    verified: Some(
        "2,006 rows of 4 fields; recorded outputs of 2 models with the official extraction",
    ),
    keys: &["question_id", "question"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let question = row.text("question")?;
    let options = row.texts("options")?;
    let answer = row.text("answer")?;
    let place = (0..options.len()).find(|place| {
        letter(*place).is_some_and(|shown| answer.trim() == shown.encode_utf8(&mut [0; 4]))
    });
    if options.len() > 10 {
        return Err(format!(
            "`options` has {} entries; there are at most ten, A to J",
            options.len()
        ));
    }
    let Some(place) = place else {
        return Err(format!(
            "`answer` is `{answer}`, which is the letter of none of the {} options",
            options.len()
        ));
    };
    let shown = lettered(options.iter().map(String::as_str), ".");
    let prompt = format!(
        "{question}\n\n{shown}\n\nThink step by step, then finish with \"the answer is (X)\", where X is the letter of the right option."
    );
    Ok(Asked {
        id: row.plain("question_id")?,
        prompt,
        expected: Some(json!(letter(place).map(String::from))),
        choices: options,
        tags: row.plain("category")?.into_iter().collect(),
        ..Asked::default()
    })
}
