//! Answers of real models: GSM8K and MMLU-Pro.

use std::collections::BTreeMap;

use evenhand::score::benchmark::{Marking, gsm8k, mmlu_pro};
use serde::Deserialize;

use crate::tally::{Tally, json, lines};

#[derive(Deserialize)]
struct Solutions {
    index: u64,
    ground_truth: String,
    #[serde(flatten)]
    models: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Gsm8k {
    models: BTreeMap<String, Gsm8kModel>,
}

#[derive(Deserialize)]
struct Gsm8kModel {
    official: usize,
    /// The label, the official extraction, the flexible one, then whether each of official, flexible and numeric is right.
    per_item: BTreeMap<String, (bool, String, String, bool, bool, bool)>,
}

#[test]
fn gsm8k_answers_of_four_models() {
    let (Some(solutions), Some(expected)) = (
        lines::<Solutions>("gsm8k/model_solutions_even.jsonl"),
        json::<Gsm8k>("gsm8k/expected_even.json"),
    ) else {
        return;
    };
    // The recorded texts mark an answer with `A: ` where the benchmark's own pattern has `#### `.
    let marked = |text: &str| text.replace("A: ", "#### ");
    for (model, expected) in &expected.models {
        let mut openai = Tally::new(format!("gsm8k openai {model}"));
        let mut extracted = Tally::new(format!("gsm8k openai, extracted {model}"));
        let mut strict = Tally::new(format!(
            "gsm8k strict {model} (against the verdicts of openai)"
        ));
        let mut flexible = Tally::new(format!("gsm8k flexible {model}"));
        let mut flexibly = Tally::new(format!("gsm8k flexible, extracted {model}"));
        let mut right = 0;
        for row in &solutions {
            let id = row.index.to_string();
            let (_, found, found_flexibly, ok, ok_flexibly, _) = &expected.per_item[&id];
            let output = row.models[model]["solution"].as_str().expect("a text");
            let gold = gsm8k::Row {
                answer: marked(&row.ground_truth),
            };
            let passed = |by: gsm8k::Convention, output: &str| {
                by.verdict(&gold, output).passed().expect("a verdict")
            };
            let invalid = || "[invalid]".to_owned();
            let output_marked = marked(output);
            let ours = passed(gsm8k::Convention::OpenAi, &output_marked);
            right += usize::from(ours);
            openai.item(&*id, &ours, ok);
            extracted.item(
                &*id,
                &gsm8k::Convention::OpenAi
                    .extract(&output_marked)
                    .unwrap_or_else(invalid),
                found,
            );
            strict.item(&*id, &passed(gsm8k::Convention::Strict, &output_marked), ok);
            flexible.item(
                &*id,
                &passed(gsm8k::Convention::Flexible, output),
                ok_flexibly,
            );
            flexibly.item(
                &*id,
                &gsm8k::Convention::Flexible
                    .extract(output)
                    .unwrap_or_else(invalid),
                found_flexibly,
            );
        }
        assert_eq!(right, expected.official, "{model}");
        for tally in [openai, extracted, strict, flexible, flexibly] {
            tally.finish(660);
        }
    }
}

#[derive(Deserialize)]
struct Letters {
    question_id: u64,
    answer: String,
    model_outputs: String,
}

#[derive(Deserialize)]
struct MmluPro {
    per_item: BTreeMap<String, [Option<String>; 3]>,
    accuracy_l1_none_is_wrong: f64,
    accuracy_l2_none_is_wrong: f64,
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "some thousand items")]
fn mmlu_pro_answers_of_two_models() {
    let Some(expected) = json::<BTreeMap<String, MmluPro>>("mmlu_pro/expected.json") else {
        return;
    };
    for (file, expected) in &expected {
        let rows: Vec<Letters> = lines(&format!("mmlu_pro/{file}")).expect("the folder is there");
        let name = file
            .trim_start_matches("outputs_")
            .trim_end_matches(".jsonl");
        for (level, by, accuracy) in [
            (
                0,
                mmlu_pro::Convention::Level1,
                expected.accuracy_l1_none_is_wrong,
            ),
            (
                1,
                mmlu_pro::Convention::Level2,
                expected.accuracy_l2_none_is_wrong,
            ),
        ] {
            let mut letters = Tally::new(format!("mmlu-pro level {} {name}", level + 1));
            let mut right = 0;
            for row in &rows {
                let id = row.question_id.to_string();
                let ours = by.extract(&row.model_outputs).map(String::from);
                letters.item(&*id, &ours, &expected.per_item[&id][level]);
                let gold = mmlu_pro::Row {
                    answer: row.answer.clone(),
                };
                right += usize::from(
                    by.verdict(&gold, &row.model_outputs)
                        .passed()
                        .expect("a verdict"),
                );
            }
            letters.number("accuracy", right as f64 / rows.len() as f64, accuracy);
            letters.finish(2_006);
        }
    }
}
