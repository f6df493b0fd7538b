//! DROP: questions about a passage that want a number, a date or spans.

use serde_json::json;

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "drop",
    summary: "questions about a passage that want a number, a date or spans",
    cases: "9,536 (dev; 9,535 on the hub)",
    licence: "CC BY-SA 4.0",
    metric: "exact match or F1",
    file: "context (passage and question), ref_text (accepted answers joined by `|`), as .jsonl",
    prompt: "PASSAGE AND QUESTION\n\nThink step by step. The last line of your reply is \"Answer: \" and the answer.",
    verified: None,
    keys: &["id", "context"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let accepted: Vec<&str> = row
        .text("ref_text")?
        .split('|')
        .filter(|gold| !gold.trim().is_empty())
        .collect();
    Ok(Asked {
        id: row.plain("id")?,
        prompt: format!(
            "{}\n\nThink step by step. The last line of your reply is \"Answer: \" and the answer.",
            row.text("context")?.trim_end()
        ),
        expected: Some(json!(accepted)),
        ..Asked::default()
    })
}
