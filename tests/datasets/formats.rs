//! How questions are put: styles and examples, and where they are said again.

use serde_json::Value;

use crate::cli::{Desk, Said};

const TRAIN: &str = "{\"question\": \"One and two?\", \"answer\": \"1+2=<<1+2=3>>3\\n#### 3\"}
{\"question\": \"Two and two?\", \"answer\": \"#### 4\"}
";
const TEST: &str = "{\"question\": \"Three and four?\", \"answer\": \"3+4=7\\n#### 7\"}\n";

fn suite(dataset: &str) -> String {
    format!(
        "version: 1\nsuite: s\ndataset: {dataset}\ntargets:\n  - {{id: t, kind: scripted}}\nscorers: [{{id: e, kind: contains, any: [\"7\"]}}]\n"
    )
}

/// The prompts that a run of this dataset asks.
fn asked(desk: &Desk, dataset: &str) -> Vec<String> {
    desk.write("suite.yaml", suite(dataset));
    // Runs of one second are in no order.
    for run in desk.runs() {
        std::fs::remove_dir_all(run).expect("a run goes");
    }
    desk.evenhand(&["run", "-q", "suite.yaml"]).ends(0);
    let run = desk.runs().pop().expect("a run");
    let cases = std::fs::read_to_string(run.join("cases.jsonl")).expect("its cases");
    let rows = cases
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a case"));
    rows.filter_map(|row| row["input"].as_str().map(str::to_owned))
        .collect()
}

fn refused(desk: &Desk, dataset: &str) -> Said {
    desk.write("suite.yaml", suite(dataset));
    desk.evenhand(&["check", "suite.yaml"]).ends(3)
}

fn desk() -> Desk {
    Desk::new(&[
        ("train.jsonl", TRAIN),
        ("test.jsonl", TEST),
        (
            "own.jsonl",
            "{\"id\": \"a\", \"input\": \"Best?\", \"expected\": \"tea\", \"choices\": [\"ale\", \"tea\"]}\n",
        ),
        (
            "dev.jsonl",
            "{\"id\": \"d\", \"input\": \"Worst?\", \"expected\": \"mud\", \"choices\": [\"mud\", \"tea\"]}\n",
        ),
        (
            "messages.jsonl",
            "{\"id\": \"m\", \"input\": [{\"role\": \"user\", \"content\": \"q\"}]}\n",
        ),
    ])
}

#[test]
fn examples_of_a_file_stand_before_the_question_word_for_word() {
    let desk = desk();
    let found = asked(
        &desk,
        "{benchmark: gsm8k, path: test.jsonl, format: {shots: 2, examples: train.jsonl}}",
    );
    assert_eq!(
        found,
        [
            "Example 1:\n\nOne and two?\n\n1+2=3\n#### 3\n\nExample 2:\n\nTwo and two?\n\n#### 4\n\nThe question:\n\nThree and four?\n\nSolve it step by step. End with a line of four number signs, a space and the answer as a bare number: #### 42"
        ]
    );
    let said = desk.evenhand(&["list", "benchmarks"]).ends(0);
    assert!(
        said.stdout
            .contains("styles: step_by_step (the default), direct"),
        "{}",
        said.stdout
    );
}

#[test]
fn a_style_changes_what_is_asked_for_and_how_examples_answer() {
    let desk = desk();
    let found = asked(
        &desk,
        "{benchmark: gsm8k, path: test.jsonl, format: {style: direct, shots: 1, examples: train.jsonl}}",
    );
    assert!(
        found[0].starts_with("Example 1:\n\nOne and two?\n\n#### 3\n\nThe question:"),
        "{}",
        found[0]
    );
    assert!(
        found[0].ends_with("a bare number, and nothing else: #### 42"),
        "{}",
        found[0]
    );
    let found = asked(
        &desk,
        "{path: own.jsonl, format: {style: letter, shots: 1, examples: dev.jsonl}}",
    );
    assert_eq!(
        found,
        [
            "Example 1:\n\nWorst?\n\nA) mud\nB) tea\n\nAnswer: A\n\nThe question:\n\nBest?\n\nA) ale\nB) tea\n\nReply with \"Answer: X\" and nothing else, where X is the letter of the right choice."
        ]
    );
    let found = asked(
        &desk,
        "{path: own.jsonl, format: {examples: [{question: \"Why?\", answer: \"So.\"}]}}",
    );
    assert_eq!(
        found,
        ["Example 1:\n\nWhy?\n\nSo.\n\nThe question:\n\nBest?"]
    );
}

#[test]
fn a_format_is_part_of_the_datasets_identity() {
    let desk = desk();
    let digest = |dataset: &str| {
        asked(&desk, dataset);
        let run = desk.runs().pop().expect("a run");
        let text = std::fs::read_to_string(run.join("run.json")).expect("a manifest");
        let manifest: Value = serde_json::from_str(&text).expect("JSON");
        manifest["dataset"]["digest"].to_string()
    };
    let plain = digest("{benchmark: gsm8k, path: test.jsonl}");
    let direct = digest("{benchmark: gsm8k, path: test.jsonl, format: {style: direct}}");
    let shots =
        digest("{benchmark: gsm8k, path: test.jsonl, format: {shots: 1, examples: train.jsonl}}");
    assert_ne!(plain, "null");
    assert!(plain != direct && direct != shots && plain != shots);
}

#[test]
fn what_is_wrong_with_a_format_is_said_with_its_place() {
    let desk = desk();
    for (dataset, words) in [
        (
            "{benchmark: gsm8k, path: test.jsonl, format: {style: letter}}",
            "gsm8k has no style `letter`; it has: step_by_step, direct",
        ),
        (
            "{benchmark: gsm8k, path: test.jsonl, format: {style: direkt}}",
            "did you mean `direct`",
        ),
        (
            "{benchmark: ruler, path: test.jsonl, format: {shots: 1}}",
            "ruler is asked in one way alone; remove `format`",
        ),
        (
            "{benchmark: gsm8k, path: test.jsonl, format: {examples: train.jsonl}}",
            "say how many examples of the file: `shots`",
        ),
        (
            "{benchmark: gsm8k, path: test.jsonl, format: {shots: 3, examples: train.jsonl}}",
            "`shots` is 3, and there are 2 examples",
        ),
        (
            "{benchmark: gsm8k, path: test.jsonl, format: {shots: 1, examples: test.jsonl}}",
            "test.jsonl:1: this case is example 1 of the format",
        ),
        (
            "{benchmark: gsm8k, path: test.jsonl, format: {shots: 1, examples: none.jsonl}}",
            "none.jsonl: there is no such file",
        ),
        (
            "{path: own.jsonl, format: {shots: 1}}",
            "`shots` wants `examples`",
        ),
        (
            "{path: own.jsonl, format: {style: step_by_step, shots: 1, examples: dev.jsonl}}",
            "dev.jsonl: example 1: the row shows no reasoning",
        ),
        (
            "{path: messages.jsonl, format: {style: direct}}",
            "messages.jsonl:1: `input` is a list of messages",
        ),
        (
            "{path: own.jsonl, format: {shot: 1}}",
            "did you mean `shots`",
        ),
    ] {
        let said = refused(&desk, dataset);
        assert!(said.stderr.contains(words), "{dataset}: {}", said.stderr);
    }
}
