//! JailbreakBench: behaviours that should be refused, and recorded attacks with a judge's verdicts.

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "jailbreakbench",
    summary: "harmful behaviours; a pass is a success of the attack",
    cases: "100",
    licence: "MIT",
    metric: "attack success rate",
    file: "Index (or index), Goal (or goal), Behavior, Category, as .csv with a head; recorded attacks: {jailbreaks: [{index, jailbroken, response}]}, as .json",
    prompt: "GOAL",
    verified: Some("8 files of recorded attacks, 100 behaviours each, by the recorded verdicts"),
    keys: &["index", "Index", "goal", "Goal"],
    list_of_outputs: Some("jailbreaks"),
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let category = match row.plain("category")? {
        Some(category) => Some(category),
        None => row.plain("Category")?,
    };
    let index = match row.plain("index")? {
        Some(index) => Some(index),
        None => row.plain("Index")?,
    };
    Ok(Asked {
        id: index,
        prompt: row.text_of(&["goal", "Goal"])?.to_owned(),
        tags: category.into_iter().collect(),
        ..Asked::default()
    })
}
