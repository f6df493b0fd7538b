//! HumanEval: functions to be completed, checked by executing them.

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "humaneval",
    summary: "functions of Python to be completed, executed with their tests (--allow-exec)",
    cases: "164",
    licence: "MIT",
    metric: "pass@1",
    file: "task_id, prompt, entry_point, test, as .jsonl",
    prompt: "Complete this function of Python.\n\nPROMPT\n\nReply with the whole function in one fenced block of Python code.",
    verified: Some("410 samples of 82 tasks with the official verdicts: executed, and as recorded"),
    keys: &["task_id"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let prompt = row.text("prompt")?;
    row.text("entry_point")?;
    row.text("test")?;
    Ok(Asked {
        id: row.plain("task_id")?,
        prompt: BENCHMARK.prompt.replacen("PROMPT", prompt.trim_end(), 1),
        ..Asked::default()
    })
}
