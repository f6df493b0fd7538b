//! Recorded verdicts, counted as a user has them counted: tau-bench, HumanEval, JailbreakBench; and the labels of HaluEval.

use std::collections::BTreeMap;

use evenhand::score::benchmark::halueval;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::Desk;
use crate::tally::{Tally, json, lines, shared};

#[derive(Deserialize)]
struct TauBench {
    pass_hat_k_official: BTreeMap<u64, f64>,
    successes_per_task: BTreeMap<String, u64>,
}

/// What `score --benchmark` says as JSON, and its verdicts.
fn scored(desk: &Desk, arguments: &[&str]) -> (Value, Vec<Value>) {
    let words = [
        &[
            "score",
            "--format",
            "json",
            "--verdicts",
            "v.jsonl",
            "--benchmark",
        ],
        arguments,
    ];
    let said = desk.evenhand(&words.concat()).ends(0);
    let report = serde_json::from_str(&said.stdout).expect("a report of JSON");
    let verdicts = desk.read("v.jsonl");
    let verdicts = verdicts
        .lines()
        .map(|line| serde_json::from_str(line).expect("a verdict"));
    (report, verdicts.collect())
}

fn point(report: &Value, metric: &str) -> f64 {
    let figure = match metric {
        "pass^1" | "pass@1" | "attack success rate" => &report["figure"],
        other => &report["further"][other],
    };
    figure["point"].as_f64().expect("a point")
}

#[test]
fn tau_bench_reliability_of_a_published_run() {
    let (Some(file), Some(expected)) = (shared(), json::<TauBench>("tau_bench/expected.json"))
    else {
        return;
    };
    let desk = Desk::new(&[]);
    let file = file
        .join("tau_bench/gpt-4o-airline.json")
        .display()
        .to_string();
    let (report, verdicts) = scored(&desk, &["tau_bench", "--outputs", &file]);
    let mut tally = Tally::new("tau-bench gpt-4o airline, pass^k and successes");
    for (k, official) in &expected.pass_hat_k_official {
        let name = format!("pass^{k}");
        tally.number(&*name, point(&report, &name), *official);
    }
    let mut successes: BTreeMap<&str, u64> = BTreeMap::new();
    for verdict in &verdicts {
        let task = verdict["id"].as_str().expect("a name");
        *successes.entry(task).or_default() +=
            u64::from(verdict["pass"] == serde_json::json!(true));
    }
    for (task, official) in &expected.successes_per_task {
        tally.item(format!("task {task}"), &successes[task.as_str()], official);
    }
    tally.finish(54);
}

#[derive(Deserialize)]
struct HumanEval {
    pass_at_k: BTreeMap<String, f64>,
    verdicts: Vec<Value>,
}

#[test]
fn humaneval_pass_at_k_of_recorded_verdicts() {
    let Some(expected) = json::<HumanEval>("humaneval/expected_even.json") else {
        return;
    };
    let rows: Vec<String> = expected.verdicts.iter().map(Value::to_string).collect();
    let desk = Desk::new(&[("results.jsonl", &rows.join("\n"))]);
    let recorded = [
        "humaneval",
        "--convention",
        "recorded",
        "--outputs",
        "results.jsonl",
    ];
    let (report, _) = scored(&desk, &recorded);
    let mut tally = Tally::new("humaneval pass@k of 410 recorded verdicts");
    for (name, official) in &expected.pass_at_k {
        tally.number(&**name, point(&report, name), *official);
    }
    tally.finish(4);
}

#[test]
fn jailbreakbench_success_rates_of_published_attacks() {
    let Some(expected) = json::<BTreeMap<String, Value>>("expected_judges.json") else {
        return;
    };
    let mut tally = Tally::new("jailbreakbench attack success rate, 8 files");
    let mut words = Tally::new("jailbreakbench words of refusal in 200 characters, 8 files");
    let mut rules = Tally::new("jailbreakbench, words of refusal against the judge");
    // The recorded counts are of a list of words that was not recorded with them.
    for file in [
        "jailbreakbench/JBC/manual/vicuna-13b-v1.5.json",
        "jailbreakbench/PAIR/black_box/gpt-3.5-turbo-1106.json",
        "jailbreakbench/PAIR/black_box/gpt-4-0125-preview.json",
        "jailbreakbench/PAIR/black_box/vicuna-13b-v1.5.json",
    ] {
        words.may_differ(file, "another list of words, up to two replies");
    }
    let desk = Desk::new(&[]);
    let files = expected
        .iter()
        .filter(|(file, _)| file.starts_with("jailbreakbench/"));
    for (file, expected) in files {
        let path = shared()
            .expect("the folder is there")
            .join(file)
            .display()
            .to_string();
        let (report, judged) = scored(&desk, &["jailbreakbench", "--outputs", &path]);
        let official = expected["attack_success_rate"].as_f64().expect("a rate");
        tally.number(&**file, point(&report, "attack success rate"), official);
        for (category, counts) in expected["by_category"].as_object().expect("an object") {
            let found = &report["by_tag"][category];
            let share =
                found["point"].as_f64().expect("a share") * found["n"].as_f64().expect("a number");
            tally.number(
                format!("{file} {category}"),
                share,
                counts["jailbroken"].as_f64().expect("a count"),
            );
        }
        let raw: Value = json(file).expect("the folder is there");
        // What was not tried has no reply.
        let replies = raw["jailbreaks"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| {
                serde_json::json!({"index": row["index"], "response": row.get("response_head")})
                    .to_string()
            });
        desk.write("replies.jsonl", replies.collect::<Vec<_>>().join("\n"));
        let by_rule = [
            "jailbreakbench",
            "--convention",
            "refusal_words",
            "--outputs",
            "replies.jsonl",
        ];
        let (_, ruled) = scored(&desk, &by_rule);
        let says = |verdict: &Value, text: &str| {
            verdict["detail"]
                .as_str()
                .is_some_and(|detail| detail.starts_with(text))
        };
        let refused = ruled
            .iter()
            .filter(|verdict| says(verdict, "refused"))
            .count() as u64;
        let official = expected["prefix_refusal_in_first_200_chars"]
            .as_u64()
            .expect("a count");
        assert!(
            refused.abs_diff(official) <= 2,
            "{file}: {refused}, {official}"
        );
        words.item(&**file, &refused, &official);
        for (place, (judge, rule)) in judged.iter().zip(&ruled).enumerate() {
            let item = format!("{file} {place}");
            rules.may_differ(&*item, "");
            rules.item(item, &rule["pass"], &judge["pass"]);
        }
    }
    tally.finish(88);
    words.finish(8);
    rules
        .because("a list of words is no judge: it takes whatever is no refusal for a success")
        .finish(800);
}

#[test]
fn an_attack_that_was_not_submitted_counts_as_none_and_the_header_is_not_read() {
    let file = r#"{"parameters": {"total_number_of_jailbreaks": 3},
        "jailbreaks": [{"index": 0, "jailbroken": true}, {"index": 1, "jailbroken": null}, {"index": 2, "jailbroken": false}]}"#;
    let desk = Desk::new(&[("attacks.json", file)]);
    let (report, verdicts) = scored(&desk, &["jailbreakbench", "--outputs", "attacks.json"]);
    assert_eq!(
        (&report["passed"], &report["scored"]),
        (&serde_json::json!(1), &serde_json::json!(3))
    );
    assert_eq!(
        verdicts[1]["detail"],
        serde_json::json!("nothing was tried")
    );
    desk.write(
        "attacks.json",
        r#"{"jailbreaks": [{"index": 0, "jailbroken": true}, 7]}"#,
    );
    let said = desk.evenhand(&[
        "score",
        "--benchmark",
        "jailbreakbench",
        "--outputs",
        "attacks.json",
    ]);
    let said = said.ends(3);
    assert!(
        said.stderr.contains("row 2: an object is wanted"),
        "{}",
        said.stderr
    );
}

#[test]
fn attempts_are_averaged_over_cases_and_k_goes_as_far_as_every_case_does() {
    let rows = |rows: &[(&str, f64)]| -> String {
        let line = |(task, reward): &(&str, f64)| {
            serde_json::json!({"task_id": task, "reward": reward}).to_string()
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let uneven = rows(&[("a", 1.0), ("a", 1.0), ("a", 1.0), ("b", 0.0), ("b", 1.0)]);
    let desk = Desk::new(&[("r.jsonl", &uneven)]);
    let (report, _) = scored(&desk, &["tau_bench", "--outputs", "r.jsonl"]);
    // (1 + 1/2) / 2, not 4 of 5; pass^2: (1 + 0) / 2; pass^3 is only a's.
    assert!((point(&report, "pass^1") - 0.75).abs() < 1e-12);
    assert!((point(&report, "pass^2") - 0.5).abs() < 1e-12);
    assert!(report["further"].get("pass^3").is_none());
    desk.write(
        "r.jsonl",
        rows(&[("a", f64::from(1)), ("b", 0.5)]) + "\n{\"task_id\": \"c\", \"reward\": null}",
    );
    let (report, _) = scored(&desk, &["tau_bench", "--outputs", "r.jsonl"]);
    assert_eq!(
        (&report["scored"], &report["outputs"]),
        (&serde_json::json!(2), &serde_json::json!(3))
    );
}

#[test]
fn figures_of_attempts_stand_in_the_order_of_their_numbers() {
    let rows = "{\"task_id\": \"a\", \"reward\": 1.0}\n".repeat(10);
    let desk = Desk::new(&[("r.jsonl", &rows)]);
    let words = ["score", "--benchmark", "tau_bench", "--outputs", "r.jsonl"];
    let said = desk.evenhand(&words).ends(0);
    let names: Vec<&str> = said
        .stdout
        .lines()
        .filter_map(|line| line.split(": ").next())
        .filter(|name| name.starts_with("pass^"))
        .collect();
    assert_eq!(
        names,
        [
            "pass^1", "pass^2", "pass^3", "pass^4", "pass^5", "pass^8", "pass^10"
        ]
    );
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
