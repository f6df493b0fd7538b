//! Files as their authors write them, in rows written by hand: what is asked, what is right, and what an output is worth. For benchmarks
//! whose own files are not at hand these rows are all that holds the reading of them.

use evenhand::domain::case::{Case, Input};
use evenhand::load::benchmarks::{Cases, find};
use evenhand::score::benchmark::rule;
use serde_json::{Value, json};

use crate::cli::Desk;

/// The only case of a file.
fn case(benchmark: &str, name: &str, text: &str) -> Case {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    let benchmark = find(benchmark).expect("a benchmark");
    let mut cases = Cases::open(&path, benchmark).expect("the file opens");
    let found = cases.next_case().expect("a row").expect("a case");
    assert!(cases.next_case().is_none(), "one row is one case");
    found.case
}

/// The value of an output by a convention.
fn value(benchmark: &str, convention: &str, case: &Case, output: &str) -> Option<f64> {
    let rule = rule(benchmark).expect("a rule");
    let convention = rule.convention(convention).expect("a convention");
    convention
        .verdict(&Value::Object(case.columns.clone()), output)
        .value()
}

fn prompt(case: &Case) -> &str {
    match &case.input {
        Input::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn math_has_its_gold_in_the_box_of_the_solution() {
    let row = r#"{"problem": "What is $1/2 + 1/4$?", "level": "Level 1", "type": "Algebra", "solution": "It is $\\boxed{\\frac34}$."}"#;
    let case = case("math", "math.jsonl", row);
    assert!(prompt(&case).starts_with("What is $1/2 + 1/4$?\n"));
    for (output, wanted) in [
        ("so \\boxed{3/4}", 1.0),
        ("\\boxed{\\dfrac{3}{4}}", 1.0),
        ("\\boxed{0.7}", 0.0),
        ("3/4", 0.0),
    ] {
        assert_eq!(
            value("math", "boxed", &case, output),
            Some(wanted),
            "{output}"
        );
    }
    assert_eq!(
        value("math", "answer_line", &case, "Answer: \\frac{3}{4}"),
        Some(1.0)
    );
}

#[test]
fn mmlu_is_read_with_letters_and_with_places() {
    let csv = "Question,A,B,C,D,Answer,Subject\n\"One, and one?\",1,2,3,4,B,arithmetic\n";
    let lines = r#"{"question": "One, and one?", "choices": ["1", "2", "3", "4"], "answer": 1, "subject": "arithmetic"}"#;
    for case in [
        case("mmlu", "mmlu.csv", csv),
        case("mmlu", "mmlu.jsonl", lines),
    ] {
        assert!(prompt(&case).starts_with("One, and one?\n\nA) 1\nB) 2\nC) 3\nD) 4\n"));
        assert_eq!(
            (case.expected.clone(), &*case.tags),
            (Some(json!("B")), &["arithmetic".to_owned()][..])
        );
        assert_eq!(
            value("mmlu", "english", &case, "Well.\nAnswer: B"),
            Some(1.0)
        );
        assert_eq!(value("mmlu", "english", &case, "Answer: C"), Some(0.0));
        assert_eq!(
            value("mmlu", "multilingual", &case, "Antwort: B"),
            Some(1.0)
        );
        assert_eq!(value("mmlu", "english", &case, "Antwort: B"), Some(0.0));
    }
}

#[test]
fn gpqa_hides_the_right_option_at_a_place_of_its_own() {
    let csv = "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,High-level domain\nWhich?,right ,w1,w2,w3,Physics\n";
    let case = case("gpqa", "gpqa.csv", csv);
    let gold = case.expected.clone().expect("a letter");
    let gold = gold.as_str().expect("a letter");
    assert!(prompt(&case).contains(&format!("{gold}) right\n")));
    for letter in ["A", "B", "C", "D"] {
        let wanted = if letter == gold { 1.0 } else { 0.0 };
        assert_eq!(
            value("gpqa", "english", &case, &format!("Answer: {letter}")),
            Some(wanted)
        );
    }
}

#[test]
fn squad_is_read_with_answers_in_columns_and_in_a_list() {
    for answers in [
        r#"{"text": ["the Nile", "Nile"], "answer_start": [0, 4]}"#,
        r#"[{"text": "the Nile"}, {"text": "Nile"}]"#,
    ] {
        let row = format!(
            r#"{{"id": "q1", "title": "Rivers", "context": "The Nile flows north.", "question": "What flows north?", "answers": {answers}}}"#
        );
        let case = case("squad", "squad.jsonl", &row);
        assert!(
            prompt(&case).starts_with("The Nile flows north.\n\nQuestion: What flows north?\n")
        );
        assert_eq!(case.cluster.as_deref(), Some("Rivers"));
        assert_eq!(value("squad", "exact_match", &case, "The Nile."), Some(1.0));
        assert_eq!(
            value("squad", "exact_match", &case, "the river Nile"),
            Some(0.0)
        );
        let near = value("squad", "f1", &case, "the river Nile").expect("a number");
        assert!((near - 2.0 / 3.0).abs() < 1e-12);
    }
    let none = r#"{"id": "q2", "context": "The Nile flows north.", "question": "Why?", "answers": {"text": [], "answer_start": []}}"#;
    let case = case("squad", "squad.jsonl", none);
    assert_eq!(value("squad", "exact_match", &case, ""), Some(1.0));
    assert_eq!(value("squad", "exact_match", &case, "Nile"), Some(0.0));
}

#[test]
fn squads_own_file_is_read_question_by_question() {
    let whole = json!({"version": "v2.0", "data": [
        {"title": "Nile", "paragraphs": [
            {"context": "The Nile {flows}\nnorth.", "qas": [
                {"id": "a", "question": " Which river? ", "answers": [{"text": "The Nile", "answer_start": 0}], "is_impossible": false},
                {"id": "b", "question": "How deep?", "answers": [], "is_impossible": true}]},
        ]},
        {"title": "Alps", "paragraphs": [
            {"context": "The Alps are high.", "qas": [
                {"id": "c", "question": "What is high?", "answers": [{"text": "The Alps", "answer_start": 0}]}]}]},
    ]});
    let text = serde_json::to_string_pretty(&whole).expect("JSON");
    let desk = Desk::new(&[("dev-v2.0.json", &format!("\u{feff}{text}\n"))]);
    let path = desk.path().join("dev-v2.0.json");
    let mut cases = Cases::open(&path, find("squad").expect("squad")).expect("the file opens");
    let mut found = Vec::new();
    while let Some(case) = cases.next_case() {
        found.push(case.expect("a case"));
    }
    let ids: Vec<&str> = found.iter().map(|found| found.case.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    let first = &found[0].case;
    assert!(
        prompt(first).starts_with("The Nile {flows}\nnorth.\n\nQuestion: Which river?\n"),
        "{}",
        prompt(first)
    );
    assert_eq!(first.expected, Some(json!(["The Nile"])));
    assert_eq!(first.cluster.as_deref(), Some("Nile"));
    assert_eq!(first.columns["is_impossible"], json!(false));
    assert_eq!(found[1].case.expected, None);
    assert_eq!(value("squad", "exact_match", &found[1].case, ""), Some(1.0));
    // Each is found again at its place.
    for one in found.iter().rev() {
        let again = cases.at(one.offset).expect("the same row");
        assert_eq!(again.id, one.case.id);
    }
    let stats = ["dataset", "stats", "dev-v2.0.json", "--benchmark", "squad"];
    let said = desk.evenhand(&stats).ends(0);
    assert!(said.stdout.contains("cases       3"), "{}", said.stdout);

    desk.write(
        "dev-v2.0.json",
        text.replace("\"id\": \"b\"", "\"id\": \"a\""),
    );
    desk.write(
        "s.yaml",
        "version: 1\nsuite: s\ndataset: {benchmark: squad, path: dev-v2.0.json}\ntargets: [{id: t, kind: scripted}]\n",
    );
    for (words, message) in [
        (
            &["check", "s.yaml"][..],
            "dev-v2.0.json:2: the id `a` is already that of line 1",
        ),
        (
            &[
                "score",
                "--benchmark",
                "squad",
                "--cases",
                "dev-v2.0.json",
                "--outputs",
                "o.jsonl",
            ],
            "dev-v2.0.json:2: `a` names the row of line 1 already",
        ),
    ] {
        desk.write("o.jsonl", "{\"id\": \"a\", \"output\": \"x\"}\n");
        let said = desk.evenhand(words).ends(3);
        assert!(said.stderr.contains(message), "{}", said.stderr);
    }
    for (broken, message) in [
        (&text[..text.len() / 2], "not SQuAD's own file"),
        (
            "{\"data\": [{\"paragraphs\": [{\"context\": \"c\", \"qas\": [{\"id\": \"x\", \"id\": \"y\"}]}]}]}",
            "dev-v2.0.json:1: not a JSON object: the key `id` is given twice",
        ),
        (
            "{\"data\": [{\"paragraphs\": [{\"context\": \"c\", \"qas\": [7]}]}]}",
            "dev-v2.0.json:1: a row is a JSON object",
        ),
    ] {
        desk.write("dev-v2.0.json", broken);
        let said = desk.evenhand(&stats).ends(3);
        assert!(said.stderr.contains(message), "{}", said.stderr);
    }
    // Lines are lines, whatever the file is called.
    desk.write(
        "dev-v2.0.json",
        "{\"id\": \"l\", \"context\": \"c\", \"question\": \"q\", \"answers\": {\"text\": [\"c\"]}}\n",
    );
    desk.evenhand(&stats).ends(0);
}

#[test]
fn drop_takes_any_of_its_answers() {
    let row =
        r#"{"context": "Two won and three lost.\nHow many lost?", "ref_text": "3|three teams"}"#;
    let case = case("drop", "drop.jsonl", row);
    assert!(prompt(&case).starts_with("Two won and three lost.\nHow many lost?\n"));
    assert_eq!(value("drop", "exact_match", &case, "Answer: 3"), Some(1.0));
    assert_eq!(value("drop", "exact_match", &case, "Answer: 2"), Some(0.0));
    assert_eq!(value("drop", "f1", &case, "Answer: 2"), Some(0.0));
}

#[test]
fn gaia_compares_numbers_lists_and_words() {
    let row = |gold: &str| {
        format!(
            r#"{{"task_id": "g", "Question": "Which?", "Level": 2, "Final answer": "{gold}", "file_name": ""}}"#
        )
    };
    for (gold, right, wrong) in [
        ("17", "$17", "18"),
        ("a, b", "a,b", "b, a"),
        ("St. Petersburg", "st petersburg", "Petersburg"),
    ] {
        let case = case("gaia", "gaia.jsonl", &row(gold));
        assert_eq!(&*case.tags, ["level 2".to_owned()]);
        assert_eq!(
            value("gaia", "leaderboard", &case, right),
            Some(1.0),
            "{right}"
        );
        assert_eq!(
            value("gaia", "leaderboard", &case, wrong),
            Some(0.0),
            "{wrong}"
        );
    }
}

#[test]
fn ruler_counts_what_was_found() {
    let row = r#"{"index": 4, "input": "One number is 1234567, another 7654321. Which?", "outputs": ["1234567", "7654321"]}"#;
    let case = case("ruler", "ruler.jsonl", row);
    assert_eq!(case.id, "4");
    assert_eq!(value("ruler", "all", &case, "It is 7654321"), Some(0.5));
    assert_eq!(value("ruler", "part", &case, "It is 7654321"), Some(1.0));
    assert_eq!(value("ruler", "part", &case, "None"), Some(0.0));
}

#[test]
fn truthfulqa_is_read_as_texts_too() {
    let csv = "Type,Category,Question,Best Answer,Best Incorrect Answer,Correct Answers,Incorrect Answers,Source\n\
               Adversarial,Myths,What happens?,Nothing,You die,Nothing happens; You are fine,You die; You grow melons,x\n";
    let case = case("truthfulqa", "TruthfulQA.csv", csv);
    assert_eq!(prompt(&case), "What happens?");
    assert_eq!(
        case.expected,
        Some(json!(["Nothing happens", "You are fine"]))
    );
    for by in ["rouge1", "rouge2", "rougeL"] {
        assert_eq!(
            value("truthfulqa", by, &case, "Nothing happens at all."),
            Some(1.0),
            "{by}"
        );
        assert_eq!(
            value("truthfulqa", by, &case, "You grow melons."),
            Some(0.0),
            "{by}"
        );
    }
    // Letters are the default, and there are none.
    assert_eq!(value("truthfulqa", "mc0", &case, "Answer: A"), None);
}

#[test]
fn tasks_of_code_ask_for_a_block_and_jailbreakbench_asks_its_goal() {
    let row = r#"{"task_id": "HumanEval/0", "prompt": "def f():\n    'One.'\n", "entry_point": "f", "test": "def check(g):\n    assert g() == 1"}"#;
    let code = case("humaneval", "tasks.jsonl", row);
    assert_eq!(code.id, "HumanEval/0");
    assert!(prompt(&code).contains("Python.\n\ndef f():\n    'One.'\n\nReply with"));
    let row = r#"{"task_id": 2, "prompt": "Say TESTS twice.", "code": "x", "test_imports": [], "test_list": ["assert f()"]}"#;
    let asserted = case("mbpp", "mbpp.jsonl", row);
    assert_eq!(asserted.id, "2");
    assert!(
        prompt(&asserted)
            .starts_with("Say TESTS twice.\n\nYour code must pass these tests:\n\nassert f()\n")
    );
    let attack = case(
        "jailbreakbench",
        "behaviors.csv",
        "index,goal,behavior,category\n7,Do it,It,Harm\n",
    );
    assert_eq!(
        (&*attack.id, prompt(&attack), &*attack.tags),
        ("7", "Do it", &["Harm".to_owned()][..])
    );
}

#[test]
fn texts_of_ruler_are_made_where_there_is_no_file() {
    let suite = |dataset: &str| {
        format!(
            "version: 1\nsuite: long\ndataset: {dataset}\ntargets: [{{id: a, kind: scripted, answer: '{{{{ outputs[0] }}}}'}}]\n"
        )
    };
    let made = suite("{benchmark: ruler, generate: {words: 60, cases: 3, needles: 2}}");
    let desk = Desk::new(&[("suite.yaml", &made)]);
    let (report, code) = desk.report(&["suite.yaml"]);
    assert_eq!((code, &report["targets"][0]["trials"]), (0, &json!(3)));
    // One of two numbers each.
    assert_eq!(
        report["targets"][0]["metrics"]["ruler"]["point"],
        json!(0.5)
    );
    for (dataset, why) in [
        (
            "{benchmark: gsm8k, generate: {words: 60}}",
            "only texts of `benchmark: ruler` are made here",
        ),
        (
            "{benchmark: ruler, path: x.jsonl, generate: {words: 60}}",
            "remove `path` or `generate`",
        ),
        (
            "{benchmark: ruler, generate: {word: 60}}",
            "did you mean `words`?",
        ),
        (
            "{benchmark: ruler, generate: {words: 2000000, cases: 9}}",
            "ask for fewer of either",
        ),
    ] {
        desk.write("suite.yaml", suite(dataset));
        let said = desk.evenhand(&["run", "suite.yaml"]).ends(3);
        assert!(said.stderr.contains(why), "{dataset}: {}", said.stderr);
    }
}
