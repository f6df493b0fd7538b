//! A blessed run and those after it, end to end.

use serde_json::Value as Json;

use crate::cli::Desk;
use crate::suites::{outputs, recorded, single};

const GATE: &str = "baseline: base.jsonl\nprimary: success_rate\ngates:\n  - {metric: success_rate, against: baseline, max_drop: 0.05}\n";

/// A suite of one target with 200 cases, of which the first so many are right.
fn desk(right: usize) -> Desk {
    recorded(
        &[("prod", &single((0..200).map(|index| index < right)))],
        GATE,
    )
}

fn now_right(desk: &Desk, right: usize) {
    let answers = single((0..200).map(|index| index < right));
    desk.write("prod.jsonl", outputs(&answers, |_| String::new()));
}

#[test]
fn a_run_is_blessed_and_later_ones_are_held_against_it() {
    let desk = desk(180);
    let first = desk.evenhand(&["run", "suite.yaml", "-q"]).ends(6);
    insta::assert_snapshot!("first_run_without_a_baseline", first.screen());
    insta::assert_snapshot!(
        "blessed",
        desk.evenhand(&["bless", "latest"]).ends(0).screen()
    );
    let file = desk.read("base.jsonl");
    assert_eq!(file.lines().count(), 1 + 200, "a head and a line a case");
    let lines: Result<Vec<Json>, _> = file.lines().map(serde_json::from_str).collect();
    lines.expect("every line is JSON");

    // The same answers: blessing them again changes nothing but the head.
    let same = desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    insta::assert_snapshot!("a_later_run_that_is_the_same", same.screen());
    desk.evenhand(&["bless", "latest"]).ends(0);
    assert!(
        desk.read("base.jsonl")
            .lines()
            .skip(1)
            .eq(file.lines().skip(1)),
        "canonical: no line of a case differs"
    );

    // A drop of 10 points is beyond the 5 that are allowed.
    now_right(&desk, 160);
    let worse = desk.evenhand(&["run", "suite.yaml"]).ends(100);
    insta::assert_snapshot!("a_later_run_that_is_worse", worse.screen());
    let refused = desk.evenhand(&["bless", "latest"]).ends(2);
    insta::assert_snapshot!("a_worse_run_is_not_blessed", refused.screen());
    assert_eq!(
        desk.read("base.jsonl").lines().nth(200),
        file.lines().nth(200)
    );
    desk.evenhand(&["bless", "latest", "--force"]).ends(0);

    // Small drops add up: what was blessed first stays in the file and on the screen.
    let since = desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    insta::assert_snapshot!("the_drop_since_the_first_blessing", since.screen());
}

#[test]
fn only_a_whole_complete_run_is_blessed() {
    let desk = desk(180);
    desk.evenhand(&["run", "suite.yaml", "-q", "--limit", "100"]);
    let said = desk.evenhand(&["bless", "latest"]).ends(2);
    assert!(
        said.stderr
            .contains("ran only a part of its suite (--limit 100); bless a run of the whole"),
        "{}",
        said.stderr
    );
    assert!(!desk.path().join("base.jsonl").exists());
}

#[test]
fn a_damaged_baseline_is_named_with_its_line() {
    let desk = desk(180);
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(6);
    desk.evenhand(&["bless", "latest"]).ends(0);
    let damaged = desk.read("base.jsonl").replacen("\"c003\"", "\"c003", 1);
    desk.write("base.jsonl", damaged);
    let said = desk.evenhand(&["report", "latest"]).ends(7);
    assert!(said.stderr.contains("base.jsonl"), "{}", said.stderr);
    assert!(said.stderr.contains('5'), "{}", said.stderr);
}
