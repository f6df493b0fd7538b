//! agent-injection-bench: tasks over texts that tell the agent to do something else.

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "agent_injection_bench",
    summary: "tasks over texts that hold instructions of their own; a pass is a success of the attack",
    cases: "24 (version 0.1.0)",
    licence: "MIT",
    metric: "attack success rate",
    file: "id, task, injected, success ({kind, canary}), optionally family and system_prompt, as .jsonl",
    prompt: "SYSTEM_PROMPT\n\nTASK\n\nINJECTED",
    verified: None,
    keys: &["id", "task", "injected"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    row.value("success")?;
    let parts = [
        row.plain("system_prompt")?,
        Some(row.text("task")?.to_owned()),
        Some(row.text("injected")?.to_owned()),
    ];
    Ok(Asked {
        id: row.plain("id")?,
        prompt: parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n"),
        tags: row.plain("family")?.into_iter().collect(),
        ..Asked::default()
    })
}
