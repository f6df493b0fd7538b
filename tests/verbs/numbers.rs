//! The worked examples of the statistics, from answers in a file to numbers in the JSON report.

use serde_json::Value as Json;

use crate::cli::Desk;
use crate::suites::{Answers, case_id, cases, outputs, pair, recorded, single};

/// A number stands where the worked example says, to its six digits.
#[track_caller]
fn near(value: &Json, expected: f64) {
    let value = value.as_f64().expect("a number");
    assert!(
        (value - expected).abs() < 5.1e-7,
        "{value} is not {expected}"
    );
}

#[track_caller]
fn interval(estimate: &Json, expected: [f64; 2]) {
    near(&estimate["low"], expected[0]);
    near(&estimate["high"], expected[1]);
}

fn counts(of: &[usize], repeats: usize) -> Answers {
    of.iter()
        .map(|count| (0..repeats).map(|repeat| repeat < *count).collect())
        .collect()
}

#[test]
fn example_1_wilson() {
    for (right, of, ends) in [
        (17, 20, [0.639_581, 0.947_631]),
        (126, 150, [0.772_960, 0.890_060]),
        (20, 20, [0.838_875, 1.0]),
    ] {
        let desk = recorded(&[("prod", &single((0..of).map(|index| index < right)))], "");
        let (report, code) = desk.report(&["suite.yaml"]);
        let rate = &report["targets"][0]["metrics"]["success_rate"];
        assert_eq!((code, &rate["method"]), (0, &Json::from("wilson")));
        near(&rate["point"], right as f64 / of as f64);
        interval(rate, ends);
    }
}

#[test]
fn example_2_repeats_and_clusters() {
    let answers = counts(&[3, 3, 2, 3, 0, 1, 3, 2], 3);
    let desk = recorded(&[("prod", &answers)], "repeats: 3\n");
    let (report, _) = desk.report(&["suite.yaml"]);
    let rate = &report["targets"][0]["metrics"]["success_rate"];
    assert_eq!(rate["method"], "wilson-clustered");
    near(&rate["point"], 0.708_333);
    interval(rate, [0.374_253, 0.907_930]);

    let clusters = ["a", "a", "b", "b", "c", "c", "d", "e"];
    desk.write(
        "cases.jsonl",
        cases(8, |index| format!(", \"talk\": \"{}\"", clusters[index])),
    );
    let suite = desk
        .read("suite.yaml")
        .replace("cases.jsonl}", "cases.jsonl, cluster: talk}");
    desk.write("suite.yaml", suite);
    let (report, _) = desk.report(&["suite.yaml"]);
    let rate = &report["targets"][0]["metrics"]["success_rate"];
    interval(rate, [0.238_888, 0.949_473]);
    assert_eq!(
        (&rate["clusters"], &rate["flags"][0]),
        (&Json::from(5), &Json::from("few-clusters"))
    );

    let desk = recorded(&[("prod", &counts(&[3; 8], 3))], "repeats: 3\n");
    let (report, _) = desk.report(&["suite.yaml"]);
    interval(
        &report["targets"][0]["metrics"]["success_rate"],
        [0.588_605, 1.0],
    );
}

fn compared(kinds: [usize; 4], more: &str) -> (Json, i32) {
    let [prod, next] = pair(kinds[0], kinds[1], kinds[2], kinds[3]);
    recorded(&[("prod", &prod), ("next", &next)], more).report(&["suite.yaml"])
}

#[test]
fn example_3_interval_and_test_that_disagree_are_unclear() {
    let (report, code) = compared([24, 9, 2, 5], "");
    let comparison = &report["comparisons"][0];
    assert_eq!(code, 0);
    assert_eq!(
        (&comparison["metric"], &comparison["test"]),
        (&Json::from("success_rate"), &Json::from("mcnemar-exact"))
    );
    near(&comparison["difference"]["point"], 0.175);
    near(&comparison["p"], 0.065_430);
    interval(&comparison["difference"], [0.010_933, 0.329_917]);
    interval(&comparison["difference_90"], [0.037_528, 0.306_043]);
    assert_eq!(comparison["finding"], "unclear");
    let ids = |key: &str| comparison["flipped"][key].as_array().expect("ids").len();
    assert_eq!((ids("gained"), ids("lost")), (9, 2));
}

#[test]
fn example_4_and_5_non_inferiority_and_what_it_needs() {
    let gate = "gates:\n  - {metric: success_rate, against: baseline, max_drop: 0.03}\n";
    let (report, code) = compared([170, 6, 3, 21], gate);
    near(&report["comparisons"][0]["difference"]["point"], 0.015);
    interval(
        &report["comparisons"][0]["difference_90"],
        [-0.012_076, 0.043_163],
    );
    assert_eq!(
        (code, &report["gates"][0]["outcome"]),
        (0, &Json::from("passed"))
    );

    for (on_unclear, ends) in [("point", 0), ("fail", 6), ("pass", 0)] {
        let (report, code) = compared(
            [166, 5, 9, 20],
            &format!("{gate}on_unclear: {on_unclear}\n"),
        );
        let gate = &report["gates"][0];
        interval(
            &report["comparisons"][0]["difference_90"],
            [-0.053_517, 0.012_521],
        );
        assert_eq!(
            (code, &gate["outcome"], &gate["cause"]),
            (ends, &Json::from("undecided"), &Json::from("precision"))
        );
        assert_eq!(
            (&gate["effect"], &gate["needs_n"]),
            (&Json::from(ends), &Json::from(508))
        );
        assert_eq!(report["comparisons"][0]["needs_n"], 645);
    }

    let (report, code) = compared([150, 6, 26, 18], gate);
    let comparison = &report["comparisons"][0];
    interval(&comparison["difference_90"], [-0.147_038, -0.054_409]);
    interval(&comparison["difference"], [-0.156_432, -0.045_561]);
    near(&comparison["p"], 0.000_535);
    assert_eq!(
        (code, &report["gates"][0]["outcome"]),
        (100, &Json::from("failed"))
    );
    assert_eq!(comparison["finding"], "worse");
}

#[test]
fn example_6_all_of_three_tries() {
    let desk = recorded(
        &[("prod", &counts(&[5, 5, 4, 3, 0], 5))],
        "repeats: 5\ngates:\n  - {metric: pass^3, min: 0.4}\n",
    );
    let (report, code) = desk.report(&["suite.yaml"]);
    let figure = &report["targets"][0]["metrics"]["pass^3"];
    near(&figure["point"], 0.5);
    interval(figure, [0.117_083, 0.882_917]);
    assert_eq!(code, 0);
}

#[test]
fn example_8_cost_per_success() {
    let costs = [0.020, 0.030, 0.025, 0.040, 0.010, 0.025, 0.020, 0.030];
    for (right, point, ends) in [
        (
            vec![1, 1, 0, 1, 1, 1, 1, 1],
            0.028_571,
            [0.018_122, 0.046_382],
        ),
        (vec![1, 1, 0, 1, 1, 0], 0.037_500, [0.016_709, 0.204_393]),
    ] {
        let answers = single(right.iter().map(|one| *one == 1));
        let desk = recorded(&[("prod", &answers)], "");
        desk.write(
            "prod.jsonl",
            outputs(&answers, |index| {
                format!(", \"cost_usd\": {}", costs[index])
            }),
        );
        let (report, _) = desk.report(&["suite.yaml"]);
        let figure = &report["targets"][0]["metrics"]["cost_per_success"];
        near(&figure["point"], point);
        interval(figure, ends);
        assert_eq!(figure["method"], "fieller");
    }
}

#[test]
fn example_9_order_statistics() {
    for (of, p50, p95) in [
        (100, [40.0, 61.0], [90.0, 100.0]),
        (50, [18.0, 33.0], [44.0, f64::INFINITY]),
    ] {
        let answers = single((0..of).map(|_| true));
        let desk = recorded(&[("prod", &answers)], "");
        // The case of a rank takes as many milliseconds.
        desk.write(
            "prod.jsonl",
            outputs(&answers, |index| format!(", \"latency_ms\": {}", index + 1)),
        );
        let (report, _) = desk.report(&["suite.yaml"]);
        let metrics = &report["targets"][0]["metrics"];
        interval(&metrics["latency_p50_ms"], p50);
        near(&metrics["latency_p95_ms"]["low"], p95[0]);
        match p95[1].is_finite() {
            true => near(&metrics["latency_p95_ms"]["high"], p95[1]),
            false => assert_eq!(metrics["latency_p95_ms"]["high"], Json::Null),
        }
    }
}

#[test]
fn a_table_of_the_same_answers_says_the_same() {
    let [prod, next] = pair(24, 9, 2, 5);
    let mut table = "id,prod,next\n".to_owned();
    for (index, (one, other)) in prod.iter().zip(&next).enumerate() {
        table += &format!(
            "{},{},{}\n",
            case_id(index),
            u8::from(one[0]),
            u8::from(other[0])
        );
    }
    let desk = Desk::new(&[("scores.csv", &table)]);
    let said = desk.evenhand(&[
        "compare",
        "--table",
        "scores.csv",
        "--baseline",
        "prod",
        "--candidate",
        "next",
        "--format",
        "json",
    ]);
    let found: Json = serde_json::from_str(&said.ends(0).stdout).expect("JSON");
    near(&found["mcnemar_exact_p"], 0.065_430);
    interval(&found["newcombe_paired"], [0.010_933, 0.329_917]);
    assert_eq!(found["comparison"]["finding"], "unclear");
}
