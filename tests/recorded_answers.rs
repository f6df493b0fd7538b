//! The rules against answers that real models gave and verdicts that the benchmarks' own scorers reached. The data is not part of this
//! package: where it is absent, the tests say so and pass.

use std::path::PathBuf;
use std::sync::Arc;

use evenhand::domain::case::Case;
use evenhand::domain::decode::{Problems, read_with};
use evenhand::domain::kind::find;
use evenhand::domain::port::{Scorer, Seen};
use evenhand::domain::score::Value;
use evenhand::domain::transcript::Transcript;
use evenhand::domain::tree::Node;
use evenhand::score::KINDS;
use serde_json::{Value as Json, json};

fn data(file: &str) -> Option<String> {
    let shared = std::env::var_os("EVENHAND_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")),
        PathBuf::from,
    );
    let path = shared.join("data/benchmarks").join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        #[expect(clippy::print_stderr, reason = "a test that did nothing says so")]
        {
            eprintln!("skipped: {} is not there", path.display());
        }
    }
    text
}

fn scorer(kind: &str, options: &Json) -> Arc<dyn Scorer> {
    let row = find(KINDS, "kind", kind).expect("a kind");
    let mut problems = Problems::new("test");
    let scorer = read_with(&Node::from_json(options), &mut problems, &mut |fields| {
        (row.decode)(fields)
    });
    assert_eq!(problems.sorted(), []);
    scorer.expect("a scorer without problems")
}

fn score(scorer: &dyn Scorer, case: Case, output: &str) -> (Value, String) {
    let seen = Seen {
        case: Arc::new(case),
        transcript: Arc::new(Transcript {
            output: output.into(),
            ..Transcript::default()
        }),
    };
    let score = scorer.score("s", &seen).expect("a rule");
    (score.value, score.reason.unwrap_or_default())
}

fn lines(text: &str) -> impl Iterator<Item = Json> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
}

#[test]
fn exact_with_all_its_options_is_the_exact_match_of_question_answering() {
    let Some(text) = data("scorer_cases/cases.json") else {
        return;
    };
    let all: Json = serde_json::from_str(&text).expect("JSON");
    let rule = scorer(
        "exact",
        &json!({"ignore_case": true, "ignore_space": true, "ignore_punctuation": true, "ignore_articles": true}),
    );
    let rows = all["squad_[prediction,target,exact_match,f1]"]
        .as_array()
        .expect("rows");
    assert!(rows.len() > 400);
    for row in rows {
        let mut case = Case::new("c", "q");
        case.expected = Some(row[1].clone());
        let (value, why) = score(&*rule, case, row[0].as_str().expect("text"));
        assert_eq!(value, Value::Pass(row[2] == true), "{row}: {why}");
    }
}

#[test]
fn the_last_number_is_the_answer_of_a_worked_solution() {
    let Some(text) = data("gsm8k/model_solutions_even.jsonl") else {
        return;
    };
    let rule = scorer("number", &json!({}));
    let (mut same, mut all) = (0, 0);
    for row in lines(&text) {
        for model in [
            "6b_finetuning",
            "6b_verification",
            "175b_finetuning",
            "175b_verification",
        ] {
            let mut case = Case::new("c", "q");
            case.expected = Some(row["ground_truth"].clone());
            let solution = row[model]["solution"].as_str().expect("text");
            let (value, _) = score(&*rule, case, solution);
            all += 1;
            same += u32::from(value == Value::Pass(row[model]["is_correct"] == true));
        }
    }
    assert!(all > 2_000);
    assert!(
        f64::from(same) >= 0.995 * f64::from(all),
        "{same} of {all} as the authors scored them"
    );
}

/// The items of a Python list of texts.
fn python_list(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut chars = text.trim().trim_start_matches('[').chars();
    while let Some(quote) = chars.by_ref().find(|c| matches!(c, '\'' | '"')) {
        let mut item = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\\' => item.extend(chars.next()),
                c if c == quote => break,
                c => item.push(c),
            }
        }
        items.push(item);
    }
    items
}

#[test]
fn a_letter_is_read_as_the_benchmark_reads_it_or_called_ambiguous() {
    let (Some(questions), Some(outputs), Some(expected)) = (
        data("mmlu_pro/questions.jsonl"),
        data("mmlu_pro/outputs_Mistral-7B-Instruct-v0.2.jsonl"),
        data("mmlu_pro/expected.json"),
    ) else {
        return;
    };
    let expected: Json = serde_json::from_str(&expected).expect("JSON");
    let official = &expected["outputs_Mistral-7B-Instruct-v0.2.jsonl"]["per_item"];
    let options: std::collections::BTreeMap<String, Vec<String>> = lines(&questions)
        .map(|row| {
            let options = match &row["options"] {
                Json::String(text) => python_list(text),
                list => serde_json::from_value(list.clone()).expect("texts"),
            };
            (row["question_id"].to_string(), options)
        })
        .collect();
    let rule = scorer("choice", &json!({}));
    let (mut same, mut all, mut ambiguous) = (0, 0, 0);
    for row in lines(&outputs) {
        let id = row["question_id"].to_string();
        let (Json::String(letter), Some(choices)) = (&official[&id][1], options.get(&id)) else {
            continue;
        };
        let mut case = Case::new("c", "q");
        case.choices.clone_from(choices);
        case.expected = Some(json!(letter));
        let (value, why) = score(&*rule, case, row["model_outputs"].as_str().expect("text"));
        all += 1;
        match value {
            Value::Pass(true) => same += 1,
            Value::Pass(false) if why.starts_with("ambiguous") => ambiguous += 1,
            _ => {}
        }
    }
    assert!(all > 1_900);
    // The benchmark takes the first of two letters ("the answer is (B) or (E)"), and a letter out of a word; here that is no choice.
    assert!(f64::from(same) >= 0.91 * f64::from(all), "{same} of {all}");
    assert!(
        f64::from(same + ambiguous) >= 0.98 * f64::from(all),
        "{same} + {ambiguous} of {all}"
    );
}
