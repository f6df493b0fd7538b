//! MATH: problems of competitions, answered by an expression.

use serde_json::json;

use super::{Asked, Benchmark, Native};
use crate::score::benchmark::math::last_boxed;

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "math",
    summary: "competition problems, answered by an expression of LaTeX",
    cases: "5,000 (test); 500 in MATH-500",
    licence: "MIT (repository)",
    metric: "accuracy",
    file: "problem, solution (with `\\boxed{}`), optionally level and type, as .jsonl",
    prompt: "PROBLEM\n\nSolve it step by step. Put the final answer, and nothing else, in \\boxed{}.",
    verified: None,
    keys: &["unique_id", "problem"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let problem = row.text("problem")?;
    let solution = row.text("solution")?;
    let Some(gold) = last_boxed(solution) else {
        return Err("`solution` has no `\\boxed{}` with the answer".to_owned());
    };
    let tags = [row.plain("type")?, row.plain("level")?];
    Ok(Asked {
        id: row.plain("unique_id")?,
        prompt: BENCHMARK.prompt.replacen("PROBLEM", problem, 1),
        expected: Some(json!(gold)),
        tags: tags.into_iter().flatten().collect(),
        ..Asked::default()
    })
}
