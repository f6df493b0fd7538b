//! GAIA: questions for assistants with tools.

use serde_json::json;

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "gaia",
    summary: "questions for assistants with tools, answered by a number, a list or a few words",
    cases: "165 (validation)",
    licence: "none named; gated: not to be shared outside of a gated or private place",
    metric: "accuracy",
    file: "task_id, Question, Final answer (or final_answer), optionally Level and file_name, as .jsonl",
    prompt: "QUESTION\n\nReply with the answer alone: a number without units and thousands separators, or as few words as possible, or a list parted by commas.",
    verified: None,
    keys: &["task_id", "Question"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    if row.plain("file_name")?.is_some() {
        return Err(
            "this question comes with a file (`file_name`), which cannot be shown; leave such rows out, and say so where you report the figure"
                .to_owned(),
        );
    }
    let gold = match row.plain("Final answer")? {
        Some(gold) => gold,
        None => row.text("final_answer")?.to_owned(),
    };
    Ok(Asked {
        id: row.plain("task_id")?,
        prompt: format!(
            "{}\n\nReply with the answer alone: a number without units and thousands separators, or as few words as possible, or a list parted by commas.",
            row.text_of(&["Question", "question"])?
        ),
        expected: Some(json!(gold)),
        tags: row
            .plain("Level")?
            .map(|level| format!("level {level}"))
            .into_iter()
            .collect(),
        ..Asked::default()
    })
}
