//! RULER: long texts with something to be found.

use serde_json::json;

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "ruler",
    summary: "long texts with words that must be found",
    cases: "as many as its program was told to make",
    licence: "Apache-2.0 (its program; from memory)",
    metric: "share found",
    file: "index, input, outputs (a list), as .jsonl",
    prompt: "INPUT",
    verified: None,
    keys: &["index"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let wanted = row.texts("outputs")?;
    if wanted.is_empty() {
        return Err("`outputs` is empty: nothing must be found".to_owned());
    }
    Ok(Asked {
        id: row.plain("index")?,
        prompt: row.text("input")?.to_owned(),
        expected: Some(json!(wanted)),
        tags: row
            .plain("depth")?
            .map(|depth| format!("depth {depth}/10"))
            .into_iter()
            .collect(),
        ..Asked::default()
    })
}
