//! BFCL: recorded calls of three models, held against the published lists of failures.

use std::collections::BTreeMap;

use evenhand::score::benchmark::bfcl::{Accepted, Category, Convention, Language, Row, Version};
use evenhand::score::benchmark::{Marking, Outcome};
use serde::Deserialize;
use serde_json::Value;

use crate::tally::{Tally, json, lines};

#[derive(Deserialize)]
struct Answer {
    id: String,
    ground_truth: Accepted,
}

#[derive(Deserialize)]
struct Question {
    id: String,
    #[serde(flatten)]
    row: Row,
}

#[derive(Deserialize)]
struct Output {
    result: Value,
}

#[derive(Deserialize)]
struct Model {
    categories: BTreeMap<String, Failures>,
}

#[derive(Deserialize)]
struct Failures {
    correct: usize,
    failures: BTreeMap<String, String>,
    #[serde(default)]
    left_out: Vec<usize>,
}

/// The questions of a file with what each accepts.
fn rows(questions: &str, answers: Option<&str>) -> Option<Vec<Row>> {
    let questions: Vec<Question> = lines(questions)?;
    let answers: Vec<Answer> = answers.map_or_else(|| Some(Vec::new()), lines)?;
    let mut answers: BTreeMap<String, Accepted> = answers
        .into_iter()
        .map(|answer| (answer.id, answer.ground_truth))
        .collect();
    Some(
        questions
            .into_iter()
            .map(|question| Row {
                ground_truth: answers.remove(&question.id).unwrap_or_default(),
                ..question.row
            })
            .collect(),
    )
}

/// The text that the rule reads: JSON for calls, and a plain reply as it is.
fn text(result: &Value) -> String {
    match result {
        Value::String(reply) => reply.clone(),
        calls => calls.to_string(),
    }
}

/// Nothing where the output is right, else the leaderboard's name of what is wrong.
fn wrong(by: Convention, row: &Row, output: &Output) -> Option<String> {
    let verdict = by.verdict(row, &text(&output.result));
    match verdict.outcome {
        Outcome::Pass(true) => None,
        Outcome::Pass(false) => verdict.detail,
        other => Some(format!("{other:?}")),
    }
}

#[test]
fn failures_of_three_models_in_seven_categories_of_the_first_release() {
    let Some(expected) = json::<BTreeMap<String, Model>>("bfcl/2024-08-11/expected.json") else {
        return;
    };
    for (model, expected) in &expected {
        for (name, expected) in &expected.categories {
            let (category, language) = match name.as_str() {
                "simple" => (Category::Simple, Language::Python),
                "multiple_function" => (Category::Multiple, Language::Python),
                "parallel_function" => (Category::Parallel, Language::Python),
                "parallel_multiple_function" => (Category::ParallelMultiple, Language::Python),
                "relevance" => (Category::Relevance, Language::Python),
                "java" => (Category::Simple, Language::Java),
                "javascript" => (Category::Simple, Language::JavaScript),
                other => panic!("no category {other}"),
            };
            let by = Convention {
                version: Version::First,
                category,
                language,
                dots_as_underscores: true,
            };
            let answers = format!("bfcl/2024-08-11/possible_answer/{name}.jsonl");
            let rows = rows(
                &format!("bfcl/2024-08-11/questions/{name}.jsonl"),
                (category != Category::Relevance).then_some(&answers),
            )
            .expect("the folder is there");
            let outputs: Vec<Output> = lines(&format!(
                "bfcl/2024-08-11/result/{model}/{name}_result.jsonl"
            ))
            .expect("the folder is there");
            assert_eq!(rows.len(), outputs.len());
            let mut tally = Tally::new(format!("bfcl 2024-08-11 {name} {model}"));
            let mut right = 0;
            for (place, (row, output)) in rows.iter().zip(&outputs).enumerate() {
                let ours = wrong(by, row, output);
                right += usize::from(ours.is_none());
                let official = expected.failures.get(&place.to_string()).cloned();
                tally.item(place.to_string(), &ours, &official);
            }
            tally.finish(rows.len());
            assert_eq!(right, expected.correct);
        }
    }
}

#[test]
fn failures_of_three_models_in_four_categories_of_version_4() {
    type Expected = BTreeMap<String, BTreeMap<String, Failures>>;
    let Some(expected) = json::<Expected>("bfcl/v4/expected_2024-08-11_results.json") else {
        return;
    };
    for (model, expected) in &expected {
        for (name, expected) in expected {
            let (category, recorded) = match name.as_str() {
                "simple_python" => (Category::Simple, "simple"),
                "multiple" => (Category::Multiple, "multiple_function"),
                "parallel" => (Category::Parallel, "parallel_function"),
                "parallel_multiple" => (Category::ParallelMultiple, "parallel_multiple_function"),
                other => panic!("no category {other}"),
            };
            let by = Convention {
                version: Version::Fourth,
                category,
                language: Language::Python,
                dots_as_underscores: true,
            };
            let file = format!("BFCL_v4_{name}.json");
            let rows = rows(
                &format!("bfcl/v4/{file}"),
                Some(&format!("bfcl/v4/possible_answer/{file}")),
            )
            .expect("the folder is there");
            let outputs: Vec<Output> = lines(&format!(
                "bfcl/2024-08-11/result/{model}/{recorded}_result.jsonl"
            ))
            .expect("the folder is there");
            let mut tally = Tally::new(format!("bfcl v4 {name} {model}"));
            let mut right = 0;
            for (place, (row, output)) in rows.iter().zip(&outputs).enumerate() {
                // Questions that were changed since: the recorded output answers another one.
                if expected.left_out.contains(&place) {
                    continue;
                }
                let ours = wrong(by, row, output);
                right += usize::from(ours.is_none());
                let official = expected.failures.get(&format!("{name}_{place}")).cloned();
                tally.item(place.to_string(), &ours, &official);
            }
            tally.finish(rows.len() - expected.left_out.len());
            assert_eq!(right, expected.correct);
        }
    }
}
