//! `check`, `init`, `list` and `schema`: what can be asked before anything runs.

use crate::cli::Desk;
use crate::suites::{pair, recorded};

#[test]
fn the_starter_suite_is_written_checked_and_run() {
    let desk = Desk::new(&[]);
    insta::assert_snapshot!("init", desk.evenhand(&["init"]).ends(0).screen());
    insta::assert_snapshot!(
        "check_the_starter",
        desk.evenhand(&["check", "suite.yaml"]).ends(0).screen()
    );
    assert!(desk.runs().is_empty(), "check writes nothing");
    desk.evenhand(&["run", "suite.yaml"]).ends(0);
    // A second time nothing is overwritten that was changed.
    desk.evenhand(&["init"]).ends(0);
    desk.write("cases.jsonl", "mine");
    let refused = desk.evenhand(&["init"]).ends(7);
    assert!(
        refused
            .stderr
            .contains("cases.jsonl is there already and differs"),
        "{}",
        refused.stderr
    );
    assert_eq!(desk.read("cases.jsonl"), "mine");
}

#[test]
fn what_would_be_called_is_said_and_what_it_can_cost() {
    let suite = "version: 1\nsuite: support\ndataset: {path: cases.jsonl}\nrepeats: 3\ntargets:\n\
        \x20 - {id: prod, kind: chat, base_url: 'http://127.0.0.1:9/v1', model: 'qwen3:8b', params: {max_tokens: 512}, price: {input: 0.15, output: 0.6}}\n\
        \x20 - {id: next, kind: command, command: [python3, agent.py]}\n\
        scorers:\n  - {id: right, kind: exact}\n  - id: helpful\n    kind: judge\n    judge: helpfulness\n    votes: 3\n\
        \x20   model: {kind: chat, base_url: 'http://127.0.0.1:9/v1', model: 'qwen3:8b'}\n\
        success: [right]\n\
        gates:\n  - {metric: success_rate, against: baseline, max_drop: 0.03}\n  - {metric: latency_p95_ms, max: 4s}\n";
    let cases = crate::suites::cases(160, |_| String::new());
    let desk = Desk::new(&[("suite.yaml", suite), ("cases.jsonl", &cases)]);
    insta::assert_snapshot!(
        "check_with_calls",
        desk.evenhand(&["check", "suite.yaml"]).ends(0).screen()
    );
    let bounded = suite.replace(
        "price: {input: 0.15, output: 0.6}}",
        "price: {input: 0.15, output: 0.6}, limits: {rpm: 500, tpm: 200000}}",
    ) + "limits: {budget_tokens: 500000, budget_calls: 9000, budget_time: 2h}\n";
    desk.write("bounded.yaml", bounded);
    insta::assert_snapshot!(
        "check_with_limits",
        desk.evenhand(&["check", "bounded.yaml"]).ends(0).screen()
    );
    let half = desk
        .evenhand(&[
            "check",
            "suite.yaml",
            "--limit",
            "80",
            "--target",
            "next",
            "--repeats",
            "1",
        ])
        .ends(0);
    assert!(
        half.stdout
            .starts_with("support is sound: 80 of 160 cases x 1 target, "),
        "{}",
        half.stdout
    );
}

#[test]
fn an_earlier_run_takes_the_place_of_assumptions() {
    let [prod, next] = pair(166, 5, 9, 20);
    let desk = recorded(&[("prod", &prod), ("next", &next)], "");
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    insta::assert_snapshot!(
        "check_with_a_pilot",
        desk.evenhand(&["check", "suite.yaml", "--pilot", "latest"])
            .ends(0)
            .screen()
    );
}

#[test]
fn what_there_is_is_listed() {
    let desk = Desk::new(&[]);
    for of in [
        "targets",
        "scorers",
        "judges",
        "reports",
        "metrics",
        "packs",
        "benchmarks",
    ] {
        let said = desk.evenhand(&["list", of]).ends(0);
        insta::assert_snapshot!(format!("list_{of}"), said.screen());
    }
    for of in ["suite", "case", "report"] {
        let said = desk.evenhand(&["schema", of]).ends(0);
        let schema: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
        assert_eq!(
            schema["$schema"], "https://json-schema.org/draft/2020-12/schema",
            "{of}"
        );
    }
}
