//! `dataset show|stats|convert`.

use serde_json::{Value, json};

use crate::cli::{Desk, Said};

const CASES: &str = r#"{"id": "a", "input": "What is it?", "expected": "tea", "tags": ["x", "y|z"], "metadata": {"k": [1]}, "city": "Bern"}
{"id": 7, "input": "what IS it", "tags": ["x"], "cluster": 3, "checks": [{"kind": "contains", "any": ["te,a"]}], "city": "a\nb, \"c\""}
"#;

fn dataset(desk: &Desk, arguments: &[&str]) -> Said {
    desk.evenhand(&[&["dataset"], arguments].concat())
}

fn narrow(said: &Said) {
    // An address is one piece, to be copied.
    for line in said
        .stdout
        .lines()
        .filter(|line| !line.contains("https://"))
    {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn a_file_is_shown_with_its_columns_and_first_rows() {
    let desk = Desk::new(&[
        ("cases.jsonl", CASES),
        (
            "hostile.csv",
            "input,\u{1b}[31mred\nq\u{7},\u{1b}]0;x\u{7}\n",
        ),
    ]);
    let said = dataset(&desk, &["show", "cases.jsonl", "--rows", "1"]).ends(0);
    narrow(&said);
    for words in [
        "rows        2",
        "id: texts and numbers",
        "expected: texts, in 1 rows",
        "checks: lists, in 1 rows",
        "metadata: {\"k\":[1]}",
    ] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    assert!(!said.stdout.contains("row 2"), "{}", said.stdout);
    let said = dataset(&desk, &["show", "cases.jsonl", "--format", "json"]).ends(0);
    let found: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(found["files"][0]["rows"], json!(2));
    assert_eq!(found["files"][0]["first"][1]["id"], json!(7));
    assert_eq!(found["benchmark"], Value::Null);
    let said = dataset(&desk, &["show", "hostile.csv"]).ends(0);
    assert!(
        !said.stdout.contains(['\u{1b}', '\u{7}']),
        "{:?}",
        said.stdout
    );
}

#[test]
fn a_benchmark_is_shown_with_its_place_licence_and_next_step() {
    let desk = Desk::new(&[]);
    for (name, wanted) in [
        (
            "gsm8k",
            vec![
                "MIT",
                "3730d312",
                "(pinned)",
                "evenhand dataset pull gsm8k",
                "#### 42",
            ],
        ),
        (
            "ifeval",
            vec!["unpinned: its digest is recorded on first use"],
        ),
        ("gaia", vec!["none is known: --from FILE|URL", "gated"]),
    ] {
        let said = dataset(&desk, &["show", name, "--cache-dir", "cache"]).ends(0);
        narrow(&said);
        for words in wanted {
            assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
        }
    }
    let said = dataset(&desk, &["show", "gsm8", "--cache-dir", "cache"]).ends(2);
    assert!(
        said.stderr.contains("did you mean `gsm8k`"),
        "{}",
        said.stderr
    );
}

#[test]
fn statistics_say_lengths_twins_and_what_is_missing() {
    let desk = Desk::new(&[
        ("cases.jsonl", CASES),
        ("qa.csv", "question,answer\nWho?,She\nWho?,He\n"),
        (
            "gsm.jsonl",
            "{\"question\": \"One?\", \"answer\": \"#### 1\"}\n",
        ),
        ("none.jsonl", "\n"),
    ]);
    let said = dataset(&desk, &["stats", "cases.jsonl"]).ends(0);
    narrow(&said);
    for words in [
        "cases       2",
        "10 to 11 characters, median 10.5",
        "about 5 in all inputs: an estimate",
        "0 inputs stand there before letter by letter, 1 but for case, punctuation and spaces",
        "clusters    1",
        "expected in 1",
        "tags        x 2, y|z 1",
        "columns     city 2",
    ] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    let csv = [
        "stats",
        "qa.csv",
        "--field",
        "input=question",
        "--field",
        "expected=answer",
        "--format",
        "json",
    ];
    let found: Value = serde_json::from_str(&dataset(&desk, &csv).ends(0).stdout).expect("JSON");
    assert_eq!(
        (&found["duplicates"], &found["expected"]["count"]),
        (&json!(1), &json!(2))
    );
    let said = dataset(&desk, &["stats", "gsm.jsonl", "--benchmark", "gsm8k"]).ends(0);
    assert!(said.stdout.contains("cases       1"), "{}", said.stdout);
    for (arguments, code, words) in [
        (
            vec!["stats", "qa.csv"],
            3,
            "qa.csv:1: there is no column `input`",
        ),
        (
            vec!["stats", "qa.csv", "--field", "inputs=question"],
            2,
            "did you mean `input`",
        ),
        (vec!["stats", "none.jsonl"], 4, "none.jsonl holds no cases"),
        (
            vec!["stats", "gsm8k", "--cache-dir", "c"],
            3,
            "pull them: evenhand dataset pull gsm8k",
        ),
        (
            vec!["stats", "x.jsonl", "--benchmark", "gsm8k"],
            2,
            "there is no file `x.jsonl`",
        ),
    ] {
        let said = dataset(&desk, &arguments).ends(code);
        assert!(
            said.stderr.contains(words),
            "{arguments:?}: {}",
            said.stderr
        );
    }
}

#[test]
fn a_file_goes_through_every_format_and_comes_back_as_the_same_cases() {
    let desk = Desk::new(&[("cases.jsonl", CASES)]);
    let steps = [
        ("cases.jsonl", "json", "cases.json"),
        ("cases.json", "csv", "cases.csv"),
        ("cases.csv", "jsonl", "again.jsonl"),
    ];
    for (from, to, out) in steps {
        let said = dataset(&desk, &["convert", from, "--to", to, "-o", out]).ends(0);
        assert!(said.stderr.contains("2 rows in"), "{}", said.stderr);
    }
    let cases = |name: &str| {
        let name = desk.path().join(name);
        let mut all = evenhand::load::dataset::look::FileCases::open(&name, None, &[])
            .expect("a file of cases");
        std::iter::from_fn(|| all.next_case())
            .map(|case| case.expect("a case"))
            .collect::<Vec<_>>()
    };
    let wanted = cases("cases.jsonl");
    assert_eq!(wanted.len(), 2);
    for name in ["cases.json", "cases.csv", "again.jsonl"] {
        assert_eq!(cases(name), wanted, "{name}");
    }
    let said = dataset(&desk, &["convert", "cases.json", "--to", "jsonl"]).ends(0);
    assert_eq!(said.stdout, CASES);
    let said = dataset(
        &desk,
        &["convert", "cases.json", "--to", "csv", "-o", "cases.csv"],
    )
    .ends(2);
    assert!(said.stderr.contains("--force"), "{}", said.stderr);
}

#[test]
fn numbers_of_any_length_and_the_order_of_keys_are_kept_and_ids_written_out() {
    let text = "{\"b\": 123456789012345678901234567890, \"a\": 1.10}\n";
    let desk = Desk::new(&[
        ("big.jsonl", text),
        ("no_ids.csv", "input,expected\nWho?,She\n"),
    ]);
    dataset(
        &desk,
        &["convert", "big.jsonl", "--to", "json", "-o", "big.json"],
    )
    .ends(0);
    assert_eq!(desk.read("big.json"), format!("[\n{}\n]\n", text.trim()));
    let said = dataset(&desk, &["convert", "no_ids.csv", "--to", "jsonl"]).ends(0);
    let row: Value = serde_json::from_str(&said.stdout).expect("a row");
    assert_eq!(row["id"].as_str().map(str::len), Some(12));
    assert_eq!(row["expected"], json!("She"));
}

#[test]
fn a_first_column_that_begins_with_a_mark_keeps_it_and_formulas_are_counted() {
    let rows = "{\"\u{feff}x\": \"=1+1\"}\n{\"\u{feff}x\": \"-5\"}\n{\"\u{feff}x\": \"- one\"}\n";
    let desk = Desk::new(&[("in.jsonl", rows)]);
    let words = ["convert", "in.jsonl", "--to", "csv", "-o", "out.csv"];
    let said = dataset(&desk, &words).ends(0);
    assert!(
        said.stderr.contains("2 cells begin like formulas"),
        "{}",
        said.stderr
    );
    let said = dataset(&desk, &["convert", "out.csv", "--to", "jsonl"]).ends(0);
    let again: Vec<Value> = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a row"))
        .collect();
    assert_eq!(again[0], json!({"\u{feff}x": "=1+1"}));
    assert!(!said.stderr.contains("formulas"), "{}", said.stderr);
}

#[test]
fn what_a_format_cannot_say_is_refused_with_its_place_and_nothing_is_left() {
    for (rows, words) in [
        (
            "{\"id\": \"a\", \"input\": \"q\", \"n\": 1}",
            "`n` is a number",
        ),
        (
            "{\"id\": \"a\", \"input\": \"q\", \"expected\": [\"a\"]}",
            "`expected` is a list",
        ),
        (
            "{\"id\": \"a\", \"input\": [{\"role\": \"user\", \"content\": \"q\"}]}",
            "`input` is a list",
        ),
        (
            "{\"id\": \"a\", \"input\": \"q\", \"expected\": \"\"}",
            "`expected` is an empty text",
        ),
        (
            "{\"x\": \"1\", \"y\": \"2\"}\n{\"x\": \"1\"}",
            "in.jsonl:2: `y` is missing here and there elsewhere",
        ),
        ("{\"x\": null}", "`x` is null"),
        (
            "{\"id\": \"a\", \"input\": \"q\", \"tags\": \"x|y\"}",
            "would make another case",
        ),
        ("{\"x\": 1", "not a JSON object"),
        (
            "{\"id\": \"a\", \"input\": \"q\\u0000\"}",
            "in.jsonl:1: `input` holds a NUL character",
        ),
        ("{\" \": \"x\"}", "in.jsonl:1: a key is empty"),
        (
            "{\"id\": \"a\", \"input\": \"q\"}\n{\"input\": \"r\"}",
            "in.jsonl:2: `id` is missing, and earlier rows have one",
        ),
        (
            "{\"input\": \"q\"}\n{\"id\": \"a\", \"input\": \"r\"}",
            "in.jsonl:2: this row has an `id`, and earlier rows have none",
        ),
    ] {
        let desk = Desk::new(&[("in.jsonl", rows)]);
        let said = dataset(
            &desk,
            &["convert", "in.jsonl", "--to", "csv", "-o", "out.csv"],
        )
        .ends(3);
        assert!(said.stderr.contains(words), "{rows}: {}", said.stderr);
        assert!(said.stderr.contains("in.jsonl:"), "{}", said.stderr);
        let left = std::fs::read_dir(desk.path()).expect("a folder").count();
        assert_eq!(left, 1, "{rows}");
    }
}
