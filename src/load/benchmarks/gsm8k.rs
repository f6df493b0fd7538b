//! GSM8K: word problems whose answer is a number.

use serde_json::json;

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "gsm8k",
    summary: "grade-school word problems, answered by a number",
    cases: "1,319 (test)",
    licence: "MIT",
    metric: "accuracy",
    file: "question, answer (ends `#### N`), as .jsonl",
    prompt: "QUESTION\n\nSolve it step by step. End with a line of four number signs, a space and the answer as a bare number: #### 42",
    verified: Some("1,319 rows; 660 x 4 recorded outputs with the official verdicts"),
    keys: &["question"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let question = row.text("question")?;
    let answer = row.text("answer")?;
    let Some((_, gold)) = answer.rsplit_once("#### ") else {
        return Err(
            "`answer` must end with `#### ` and the number, it has no such mark".to_owned(),
        );
    };
    Ok(Asked {
        prompt: BENCHMARK.prompt.replacen("QUESTION", question, 1),
        expected: Some(json!(gold.trim())),
        ..Asked::default()
    })
}
