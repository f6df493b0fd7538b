//! SimpleQA: short questions of fact, graded by a model.

use serde_json::json;

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "simpleqa",
    summary: "short questions of fact; the rule reads a grader's reply (A, B or C)",
    cases: "4,326",
    licence: "MIT",
    metric: "correct",
    file: "problem, answer, optionally metadata, as .csv with a head or .jsonl",
    prompt: "PROBLEM",
    verified: None,
    keys: &["problem"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    Ok(Asked {
        prompt: row.text("problem")?.to_owned(),
        expected: Some(json!(row.plain("answer")?.ok_or("`answer` is missing")?)),
        ..Asked::default()
    })
}
