//! GPQA: questions of graduates with four options, whose order is drawn for each question.

use serde_json::json;

use super::shown::{letter, order};
use super::{Asked, Benchmark, Native, mmlu};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "gpqa",
    summary: "questions of graduates in physics, chemistry and biology, one letter of four",
    cases: "448 (main), 198 (diamond)",
    licence: "CC BY 4.0",
    metric: "accuracy",
    file: "Question, Correct Answer, Incorrect Answer 1, Incorrect Answer 2, Incorrect Answer 3, as .csv with a head",
    prompt: "as mmlu; the options in an order that the question's text decides",
    verified: None,
    keys: &["Record ID", "Question"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let question = row.text("Question")?;
    let given = [
        "Correct Answer",
        "Incorrect Answer 1",
        "Incorrect Answer 2",
        "Incorrect Answer 3",
    ]
    .iter()
    .map(|name| row.text(name).map(|text| text.trim().to_owned()))
    .collect::<Result<Vec<_>, _>>()?;
    let places = order(question, given.len());
    let shown: Vec<String> = places.iter().map(|place| given[*place].clone()).collect();
    let gold = places.iter().position(|place| *place == 0).and_then(letter);
    let gold = json!(gold.map(String::from));
    Ok(Asked {
        id: row.plain("Record ID")?,
        prompt: mmlu::asked(question, &shown),
        expected: Some(gold.clone()),
        choices: shown,
        tags: row.plain("High-level domain")?.into_iter().collect(),
        more: vec![("answer", gold)],
        ..Asked::default()
    })
}
