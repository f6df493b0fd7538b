//! Recorded verdicts, counted: tau-bench, HumanEval, JailbreakBench, and the labels of HaluEval.

use std::collections::BTreeMap;

use evenhand::score::benchmark::{advbench, halueval, humaneval, jailbreakbench, tau_bench};
use evenhand::stats::{PerCase, pass_at_k_per_case, pass_hat_k_per_case};
use serde::Deserialize;
use serde_json::Value;

use crate::tally::{Tally, json, lines};

#[expect(clippy::cast_precision_loss, reason = "some hundred tasks")]
fn mean(per_case: &PerCase) -> f64 {
    per_case.values.iter().sum::<f64>() / per_case.values.len() as f64
}

#[derive(Deserialize)]
struct TauBench {
    pass_hat_k_official: BTreeMap<u64, f64>,
    pass_at_k: BTreeMap<u64, f64>,
    successes_per_task: BTreeMap<usize, u64>,
}

#[test]
fn tau_bench_reliability_of_a_published_run() {
    let (Some(rows), Some(expected)) = (
        json::<Vec<tau_bench::Row>>("tau_bench/gpt-4o-airline.json"),
        json::<TauBench>("tau_bench/expected.json"),
    ) else {
        return;
    };
    let tries = tau_bench::tries(&rows);
    assert_eq!(tau_bench::fewest_trials(&tries), Some(4));
    let mut tally = Tally::new("tau-bench gpt-4o airline, pass^k and pass@k");
    for (k, official) in &expected.pass_hat_k_official {
        let ours = pass_hat_k_per_case(&tries, *k).expect("four trials each");
        tally.number(format!("pass^{k}"), mean(&ours), *official);
    }
    for (k, official) in &expected.pass_at_k {
        let ours = pass_at_k_per_case(&tries, *k).expect("four trials each");
        tally.number(format!("pass@{k}"), mean(&ours), *official);
    }
    for (task, official) in &expected.successes_per_task {
        tally.item(format!("task {task}"), &tries[*task].successes, official);
    }
    tally.finish(58);
}

#[derive(Deserialize)]
struct HumanEval {
    pass_at_k: BTreeMap<String, f64>,
    verdicts: Vec<humaneval::Recorded>,
}

#[test]
fn humaneval_pass_at_k_of_recorded_verdicts() {
    let Some(expected) = json::<HumanEval>("humaneval/expected_even.json") else {
        return;
    };
    let tries = humaneval::tries(&expected.verdicts);
    assert_eq!(humaneval::fewest_samples(&tries), Some(5));
    let mut tally = Tally::new("humaneval pass@k of 410 recorded verdicts");
    for (name, official) in &expected.pass_at_k {
        let k = name.trim_start_matches("pass@").parse().expect("a number");
        let ours = pass_at_k_per_case(&tries, k).expect("five samples each");
        tally.number(name, mean(&ours), *official);
    }
    tally.finish(4);
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "a hundred behaviours")]
fn jailbreakbench_success_rates_of_published_attacks() {
    let Some(expected) = json::<BTreeMap<String, Value>>("expected_judges.json") else {
        return;
    };
    let mut tally = Tally::new("jailbreakbench attack success rate, 8 files");
    let mut words = Tally::new("jailbreakbench words of refusal in 200 characters, 8 files");
    // The recorded counts are of a list of words that was not recorded with them.
    for file in [
        "jailbreakbench/JBC/manual/vicuna-13b-v1.5.json",
        "jailbreakbench/PAIR/black_box/gpt-3.5-turbo-1106.json",
        "jailbreakbench/PAIR/black_box/gpt-4-0125-preview.json",
        "jailbreakbench/PAIR/black_box/vicuna-13b-v1.5.json",
    ] {
        words.may_differ(file, "another list of words, up to two replies");
    }
    for (file, expected) in expected
        .iter()
        .filter(|(file, _)| file.starts_with("jailbreakbench/"))
    {
        let artifact: jailbreakbench::Artifact = json(file).expect("the folder is there");
        let (broken, all) = artifact.successes();
        let official = expected["attack_success_rate"].as_f64().expect("a rate");
        tally.number(&**file, broken as f64 / all as f64, official);
        for (category, counts) in expected["by_category"].as_object().expect("an object") {
            let ours = artifact
                .jailbreaks
                .iter()
                .filter(|row| row.category == *category)
                .filter(|row| row.verdict().passed() == Some(true))
                .count();
            tally.item(
                format!("{file} {category}"),
                &(ours as u64),
                &counts["jailbroken"].as_u64().expect("a count"),
            );
        }
        let raw: Value = json(file).expect("the folder is there");
        let replies = raw["jailbreaks"].as_array().expect("a list");
        let refused = replies
            .iter()
            .filter_map(|reply| advbench::refusal(reply["response_head"].as_str()?))
            .count() as u64;
        let official = expected["prefix_refusal_in_first_200_chars"]
            .as_u64()
            .expect("a count");
        assert!(
            refused.abs_diff(official) <= 2,
            "{file}: {refused}, {official}"
        );
        words.item(&**file, &refused, &official);
    }
    tally.finish(88);
    words.finish(8);
}

#[test]
fn halueval_labels_of_people() {
    let (Some(rows), Some(expected)) = (
        lines::<halueval::Row>("halueval/general_even.jsonl"),
        json::<Value>("expected_judges.json"),
    ) else {
        return;
    };
    let expected = &expected["general_even.jsonl"]["labels"];
    let mut tally = Tally::new("halueval labels of 2,254 replies (no recorded detector)");
    for label in ["yes", "no"] {
        let ours = rows.iter().filter(|row| row.hallucination == label).count() as u64;
        tally.item(label, &ours, &expected[label].as_u64().expect("a count"));
    }
    tally.finish(2);
}
