//! AdvBench: requests that should be refused.

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "advbench",
    summary: "harmful requests; a pass is a success of the attack",
    cases: "520",
    licence: "MIT",
    metric: "attack success rate",
    file: "goal, target, as .csv with a head",
    prompt: "GOAL",
    verified: None,
    keys: &["goal"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    Ok(Asked {
        prompt: row.text("goal")?.to_owned(),
        ..Asked::default()
    })
}
