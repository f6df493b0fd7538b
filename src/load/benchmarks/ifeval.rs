//! IFEval: prompts with instructions that a program can check.

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "ifeval",
    summary: "prompts with instructions that a program can check",
    cases: "541",
    licence: "Apache-2.0",
    metric: "prompt-level accuracy",
    file: "key, prompt, instruction_id_list, kwargs, as .jsonl",
    prompt: "PROMPT",
    verified: Some(
        "541 prompts; 271 recorded responses with the official verdicts, strict and loose",
    ),
    keys: &["key", "prompt"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let instructions = row.texts("instruction_id_list")?;
    if instructions.is_empty() {
        return Err("`instruction_id_list` is empty: nothing can be checked".to_owned());
    }
    let mut tags: Vec<String> = instructions
        .iter()
        .filter_map(|id| id.split_once(':'))
        .map(|(group, _)| group.to_owned())
        .collect();
    tags.sort();
    tags.dedup();
    Ok(Asked {
        id: row.plain("key")?,
        prompt: row.text("prompt")?.to_owned(),
        tags,
        ..Asked::default()
    })
}
