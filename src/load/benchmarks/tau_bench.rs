//! tau-bench: recorded trials of an agent that talks with a simulated user; only their result files are scored.

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "tau_bench",
    summary: "recorded trials of agents with tools and a simulated user; result files only",
    cases: "50 (airline), 115 (retail)",
    licence: "MIT",
    metric: "pass^1",
    file: "task_id, trial, reward, as .json (a result file)",
    prompt: "nothing: its own programs run the agent, and evenhand scores their result files (score --benchmark)",
    verified: Some("200 trials of 50 tasks with the published pass^1 to pass^4"),
    keys: &["task_id"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(_: &Native<'_>) -> Result<Asked, String> {
    Err(
        "tau-bench needs its own programs to run an agent; their result files are scored by `evenhand score --benchmark tau_bench --outputs FILE`, without --cases"
            .to_owned(),
    )
}
