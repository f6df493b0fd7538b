//! MBPP: functions to be written from a sentence, checked by executing assertions.

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "mbpp",
    summary: "functions of Python to be written from a sentence, executed with assertions (--allow-exec)",
    cases: "974 (500 in test), 427 (sanitized)",
    licence: "CC BY 4.0",
    metric: "pass@1",
    file: "task_id, text (or prompt), test_list, optionally test_setup_code or test_imports, as .jsonl or .json",
    prompt: "TEXT\n\nYour code must pass these tests:\n\nTESTS\n\nReply with the code in one fenced block of Python code.",
    verified: None,
    keys: &["task_id"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let text = row.text_of(&["text", "prompt"])?;
    let tests = row.texts("test_list")?;
    if tests.is_empty() {
        return Err("`test_list` is empty: nothing is asserted".to_owned());
    }
    Ok(Asked {
        id: row.plain("task_id")?,
        prompt: BENCHMARK
            .prompt
            .replacen("TESTS", &tests.join("\n"), 1)
            .replacen("TEXT", text.trim(), 1),
        ..Asked::default()
    })
}
