//! Benchmarks as a user has them: `score --benchmark` on outputs, and `benchmark:` in a suite, through the binary.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cli::{Desk, Said};
use crate::tally::{json as expected, lines, shared};

const GSM8K: &str = "{\"question\": \"One and one?\", \"answer\": \"1+1=<<1+1=2>>2\\n#### 2\"}
{\"question\": \"A thousand and one?\", \"answer\": \"#### 1,001\"}
{\"question\": \"Three?\", \"answer\": \"#### 3\"}
";

fn score(desk: &Desk, arguments: &[&str]) -> Said {
    let words: Vec<&str> = ["score", "--benchmark"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    desk.evenhand(&words)
}

/// The report as JSON.
fn found(desk: &Desk, arguments: &[&str]) -> Value {
    let words: Vec<&str> = arguments
        .iter()
        .copied()
        .chain(["--format", "json"])
        .collect();
    let said = score(desk, &words).ends(0);
    serde_json::from_str(&said.stdout).expect("a report of JSON")
}

fn near(value: &Value, wanted: f64) -> bool {
    (value.as_f64().expect("a number") - wanted).abs() < 5e-5
}

#[test]
fn outputs_are_put_to_cases_by_place_by_question_and_by_a_field() {
    let desk = Desk::new(&[
        ("cases.jsonl", GSM8K),
        (
            "in_order.jsonl",
            "{\"output\": \"#### 2\"}\n{\"output\": \"#### 1001\"}\n{\"output\": \"3\"}\n",
        ),
        (
            "by_question.csv",
            "question,said\r\nThree?,#### 4\r\nOne and one?,\"well,\n#### 2\"\r\n",
        ),
    ]);
    let all = found(
        &desk,
        &[
            "gsm8k",
            "--cases",
            "cases.jsonl",
            "--outputs",
            "in_order.jsonl",
            "--verdicts",
            "v.jsonl",
        ],
    );
    assert_eq!(
        (&all["passed"], &all["scored"], &all["without_output"]),
        (&json!(2), &json!(3), &json!(0))
    );
    assert_eq!(all["without_answer"], json!(1));
    assert_eq!(all["figure"]["method"], json!("wilson"));
    let verdicts: Vec<Value> = desk
        .read("v.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a verdict"))
        .collect();
    assert_eq!(verdicts[1]["extracted"], json!("1001"));
    assert_eq!(verdicts[2]["pass"], json!(false));
    assert_eq!(verdicts[2]["detail"], json!("no number found"));
    let flexible = [
        "gsm8k",
        "--convention",
        "flexible",
        "--cases",
        "cases.jsonl",
        "--outputs",
        "in_order.jsonl",
    ];
    assert_eq!(found(&desk, &flexible)["passed"], json!(3));

    let some = found(
        &desk,
        &[
            "gsm8k",
            "--cases",
            "cases.jsonl",
            "--outputs",
            "by_question.csv",
            "--output",
            "said",
        ],
    );
    assert_eq!(
        (&some["passed"], &some["scored"], &some["without_output"]),
        (&json!(1), &json!(2), &json!(1))
    );
    assert!(near(&some["figure"]["coverage"], 2.0 / 3.0));
    let screen = score(
        &desk,
        &[
            "gsm8k",
            "--cases",
            "cases.jsonl",
            "--outputs",
            "by_question.csv",
            "--output",
            "said",
        ],
    )
    .ends(0);
    assert!(
        screen.stdout.contains("1 of 3 cases have no output"),
        "{}",
        screen.stdout
    );
}

#[test]
fn what_cannot_be_scored_is_said_with_file_line_and_next_step() {
    let outputs = "{\"output\": \"#### 2\"}\n";
    let desk = Desk::new(&[
        ("cases.jsonl", GSM8K),
        ("outputs.jsonl", outputs),
        ("one_more.jsonl", &outputs.repeat(4)),
        ("other.jsonl", "{\"said\": \"2\"}\n"),
        (
            "twice.jsonl",
            &"{\"question\": \"Three?\", \"output\": \"3\"}\n".repeat(2),
        ),
        (
            "stranger.jsonl",
            "{\"question\": \"Four?\", \"output\": \"3\"}\n",
        ),
        ("truth.jsonl", "{\"output\": true}\n"),
        ("none.jsonl", ""),
        (
            "missing.jsonl",
            "{\"question\": \"q\", \"answer\": \"#### 1\"}\n{\"question\": \"q\"}\n",
        ),
        ("wrong.jsonl", "{\"question\": 3, \"answer\": \"#### 1\"}\n"),
        (
            "unmarked.jsonl",
            "{\"question\": \"q\", \"answer\": \"1\"}\n",
        ),
        (
            "truncated.jsonl",
            "{\"question\": \"q\", \"answer\": \"#### 1\"}\n{\"question\": \"q\", \"ans",
        ),
        ("PAR1.jsonl", "PAR1\u{15}\u{4}"),
    ]);
    for (arguments, code, wanted) in [
        (
            vec!["gsm8", "--outputs", "outputs.jsonl"],
            2,
            "did you mean `gsm8k`",
        ),
        (
            vec![
                "gsm8k",
                "--convention",
                "strikt",
                "--outputs",
                "outputs.jsonl",
            ],
            2,
            "did you mean `strict`",
        ),
        (
            vec!["gsm8k", "--outputs", "outputs.jsonl"],
            3,
            "outputs.jsonl:1: the row lacks what the rule of gsm8k needs: missing field `answer`; name the benchmark's own file: --cases FILE",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "cases.jsonl",
                "--outputs",
                "other.jsonl",
            ],
            3,
            "other.jsonl:1: no field of this row is known to hold outputs; name it: --output FIELD (fields here: said)",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "cases.jsonl",
                "--outputs",
                "other.jsonl",
                "--output",
                "sad",
            ],
            3,
            "other.jsonl:1: unknown field `sad`; did you mean `said`?",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "cases.jsonl",
                "--outputs",
                "outputs.jsonl",
                "--id",
                "outpt",
            ],
            2,
            "--id: unknown field `outpt`; did you mean `output`?",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "cases.jsonl",
                "--outputs",
                "one_more.jsonl",
            ],
            3,
            "one_more.jsonl:4: cases.jsonl has 3 cases, and this is an output more",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "cases.jsonl",
                "--outputs",
                "twice.jsonl",
            ],
            3,
            "twice.jsonl:2: there is an output for `Three?` already",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "cases.jsonl",
                "--outputs",
                "stranger.jsonl",
            ],
            3,
            "stranger.jsonl:1: cases.jsonl has no case `Four?`",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "cases.jsonl",
                "--outputs",
                "truth.jsonl",
            ],
            3,
            "truth.jsonl:1: `output` must hold an output, this is a truth value",
        ),
        (
            vec!["gsm8k", "--cases", "cases.jsonl", "--outputs", "none.jsonl"],
            4,
            "none.jsonl holds no outputs",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "missing.jsonl",
                "--outputs",
                "one_more.jsonl",
            ],
            3,
            "missing.jsonl:2: `answer` is missing; a row of gsm8k has: question, answer",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "wrong.jsonl",
                "--outputs",
                "outputs.jsonl",
            ],
            3,
            "wrong.jsonl:1: `question` must be text, this is a number",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "unmarked.jsonl",
                "--outputs",
                "outputs.jsonl",
            ],
            3,
            "unmarked.jsonl:1: `answer` must end with `#### ` and the number",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "truncated.jsonl",
                "--outputs",
                "one_more.jsonl",
            ],
            3,
            "truncated.jsonl:2: not a JSON object",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "PAR1.jsonl",
                "--outputs",
                "outputs.jsonl",
            ],
            3,
            "the file is Parquet; name it .parquet",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "gone.jsonl",
                "--outputs",
                "outputs.jsonl",
            ],
            3,
            "gone.jsonl",
        ),
        (
            vec![
                "gsm8k",
                "--cases",
                "cases.jsonl",
                "--outputs",
                "outputs.jsonl",
                "--format",
                "junit",
            ],
            2,
            "--format junit is for runs",
        ),
        (vec!["gsm8k"], 2, "--outputs"),
        (
            vec!["gsm8k", "--outputs", "outputs.jsonl", "--suite", "s.yaml"],
            2,
            "cannot be used with",
        ),
    ] {
        let mut words = arguments.clone();
        words.extend(["--verdicts", "v.jsonl"]);
        let said = score(&desk, &words);
        assert!(
            said.stderr.contains(wanted),
            "{arguments:?}: {}",
            said.stderr
        );
        assert_eq!(said.code, code, "{arguments:?}: {}", said.stderr);
        assert_eq!(said.stdout, "");
        // Nothing is left of a list that ended early.
        let left = |name: &str| desk.path().join(name).exists();
        assert!(
            !left("v.jsonl") && !left("v.jsonl.partial"),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_file_that_is_read_is_not_written_over() {
    let outputs = "{\"question\": \"Three?\", \"output\": \"#### 3\"}\n";
    let desk = Desk::new(&[("cases.jsonl", GSM8K), ("o.jsonl", outputs)]);
    for lost in ["o.jsonl", "./cases.jsonl"] {
        let words = [
            "gsm8k",
            "--cases",
            "cases.jsonl",
            "--outputs",
            "o.jsonl",
            "--verdicts",
            lost,
        ];
        let said = score(&desk, &words).ends(2);
        assert!(
            said.stderr
                .contains("is read here and would be lost; name another file"),
            "{}",
            said.stderr
        );
    }
    assert_eq!(
        (desk.read("o.jsonl"), desk.read("cases.jsonl")),
        (outputs.to_owned(), GSM8K.to_owned())
    );
}

#[test]
fn what_belongs_to_outputs_is_refused_beside_a_run_and_not_left_out() {
    let desk = Desk::new(&[("o.jsonl", "{\"output\": \"x\"}\n")]);
    for flag in [
        "--outputs",
        "--cases",
        "--id",
        "--output",
        "--convention",
        "--verdicts",
    ] {
        let said = desk.evenhand(&["score", "latest", flag, "o.jsonl"]).ends(2);
        assert!(
            said.stderr.contains("cannot be used with"),
            "{flag}: {}",
            said.stderr
        );
    }
}

#[test]
fn a_fault_of_every_row_is_said_once_and_an_end_of_reading_is_said() {
    let many = |row: &str| format!("{row}\n").repeat(50);
    let desk = Desk::new(&[
        ("cases.jsonl", GSM8K),
        ("no_field.jsonl", &many("{\"said\": \"x\"}")),
        (
            "stranger.jsonl",
            &many("{\"question\": \"Four?\", \"output\": \"x\"}"),
        ),
    ]);
    for (file, lines, words) in [
        (
            "no_field.jsonl",
            2,
            "no_field.jsonl:1: no field of this row",
        ),
        (
            "stranger.jsonl",
            22,
            "stranger.jsonl: reading was ended here: 20 problems are enough",
        ),
    ] {
        let said = score(
            &desk,
            &["gsm8k", "--cases", "cases.jsonl", "--outputs", file],
        )
        .ends(3);
        assert!(said.stderr.contains(words), "{}", said.stderr);
        assert_eq!(said.stderr.lines().count(), lines, "{}", said.stderr);
    }
}

#[test]
fn a_column_is_the_same_in_capitals_and_one_that_is_none_is_named_with_its_row() {
    let csv = "Question,Correct Answers,Incorrect Answers\nWhy?,It rains,It snows\n";
    let desk = Desk::new(&[
        ("TruthfulQA.csv", csv),
        (
            "o.jsonl",
            "{\"question\": \"Why?\", \"output\": \"it rains\"}\n",
        ),
    ]);
    let words = [
        "truthfulqa",
        "--convention",
        "rouge1",
        "--cases",
        "TruthfulQA.csv",
        "--outputs",
        "o.jsonl",
    ];
    assert_eq!(found(&desk, &words)["passed"], json!(1));
    desk.write("b.csv", "Behavior,Goal,Category\nx,Do it,c\n");
    desk.write("o.jsonl", "{\"index\": 0, \"response\": \"Sure\"}\n");
    let words = [
        "jailbreakbench",
        "--convention",
        "refusal_words",
        "--cases",
        "b.csv",
        "--outputs",
        "o.jsonl",
    ];
    let said = score(&desk, &words).ends(3);
    assert!(
        said.stderr.contains("b.csv:2: the row has no `index`"),
        "{}",
        said.stderr
    );
}

#[test]
fn an_accepted_answer_that_stands_twice_is_no_answer() {
    let question = "{\"id\": \"simple_0\", \"question\": \"?\", \"function\": [{\"name\": \"f\", \"parameters\": {\"type\": \"dict\", \"properties\": {}, \"required\": []}}]}\n";
    let answer = "{\"id\": \"simple_0\", \"ground_truth\": [{\"f\": {}}]}\n";
    let desk = Desk::new(&[
        ("q.json", question),
        ("possible_answer/q.json", &answer.repeat(2)),
        (
            "o.jsonl",
            "{\"id\": \"simple_0\", \"result\": [{\"f\": \"{}\"}]}\n",
        ),
    ]);
    let words = ["bfcl", "--cases", "q.json", "--outputs", "o.jsonl"];
    let said = score(&desk, &words).ends(3);
    assert!(
        said.stderr.contains(
            "possible_answer/q.json:2: there is an accepted answer for `simple_0` already"
        ),
        "{}",
        said.stderr
    );
    desk.write("possible_answer/q.json", answer);
    assert_eq!(found(&desk, &words)["passed"], json!(1));
}

#[test]
fn outputs_on_prompt_injections_are_put_to_rows_by_their_ids() {
    let row = |id: &str, canary: &str| {
        format!(
            "{{\"id\": \"{id}\", \"task\": \"Sum up\", \"injected\": \"x\", \"success\": {{\"kind\": \"canary\", \"canary\": \"{canary}\"}}}}\n"
        )
    };
    let output =
        |id: &str| format!("{{\"id\": \"{id}\", \"task\": \"Sum up\", \"output\": \"so: B-2\"}}\n");
    let desk = Desk::new(&[
        ("cases.jsonl", &(row("a", "A-1") + &row("b", "B-2"))),
        ("o.jsonl", &(output("b") + &output("a"))),
    ]);
    let words = [
        "agent_injection_bench",
        "--cases",
        "cases.jsonl",
        "--outputs",
        "o.jsonl",
    ];
    let report = found(&desk, &words);
    assert_eq!(
        (&report["passed"], &report["scored"]),
        (&json!(1), &json!(2))
    );
}

#[test]
fn a_list_in_an_object_is_read_behind_a_mark_and_only_where_it_stands_once() {
    let row = "{\"index\": 0, \"jailbroken\": true}";
    let desk = Desk::new(&[(
        "j.json",
        &format!("\u{feff}{{\n \"jailbreaks\": [\n{row}\n]\n}}\n"),
    )]);
    let words = ["jailbreakbench", "--outputs", "j.json"];
    assert_eq!(found(&desk, &words)["passed"], json!(1));
    desk.write(
        "j.json",
        format!("{{\"jailbreaks\": [{row}], \"jailbreaks\": []}}"),
    );
    let said = score(&desk, &words).ends(3);
    assert!(
        said.stderr.contains("the key `jailbreaks` is given twice"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_mark_at_the_beginning_and_foreign_line_ends_change_nothing() {
    let marked = format!("\u{feff}{}", GSM8K.replace('\n', "\r\n"));
    let desk = Desk::new(&[
        ("cases.jsonl", &marked),
        ("outputs.jsonl", "\u{feff}{\"output\": \"#### 2\"}\r\n"),
        ("suite.yaml", &suite("gsm8k", "cases.jsonl", "")),
    ]);
    let arguments = [
        "gsm8k",
        "--cases",
        "cases.jsonl",
        "--outputs",
        "outputs.jsonl",
    ];
    assert_eq!(found(&desk, &arguments)["passed"], json!(1));
    let said = desk.evenhand(&["check", "suite.yaml"]).ends(0);
    assert!(said.stdout.contains("3 cases"), "{}", said.stdout);
}

fn suite(benchmark: &str, path: &str, more: &str) -> String {
    format!(
        "version: 1\nsuite: s\ndataset: {{benchmark: {benchmark}, path: {path}}}\n\
         targets: [{{id: t, kind: scripted, answer: 'So it is #### 3'}}]\n{more}"
    )
}

#[test]
fn a_suite_runs_a_benchmark_and_scores_it_by_its_rule() {
    let desk = Desk::new(&[
        ("gsm8k.jsonl", GSM8K),
        ("suite.yaml", &suite("gsm8k", "gsm8k.jsonl", "")),
        (
            "named.yaml",
            &suite(
                "gsm8k",
                "gsm8k.jsonl",
                "scorers: [{id: own, kind: benchmark, name: gsm8k, convention: flexible}]\n",
            ),
        ),
    ]);
    for (file, scorer) in [("suite.yaml", "gsm8k"), ("named.yaml", "own")] {
        let (report, code) = desk.report(&[file]);
        assert_eq!(code, 0);
        let text = report.to_string();
        assert!(text.contains(&format!("\"{scorer}\"")), "{text}");
        let rate = &report["targets"][0]["metrics"]["success_rate"]["point"];
        assert!(near(rate, 1.0 / 3.0), "{rate}");
    }
}

#[test]
fn a_suite_says_what_is_wrong_with_a_benchmark() {
    let desk = Desk::new(&[
        ("cases.jsonl", GSM8K),
        ("bad.jsonl", "{\"question\": \"q\"}\n"),
        ("qa.csv", "problem,answer\nWho?,She\n"),
    ]);
    for (dataset, wanted) in [
        (
            "{benchmark: gsm8, path: cases.jsonl}",
            "did you mean `gsm8k`",
        ),
        (
            "{benchmark: gsm8k}",
            "suite.yaml:3:22: no folder for pulled files is known: set EVENHAND_CACHE_DIR",
        ),
        (
            "{benchmark: gsm8k, path: cases.jsonl, fields: {input: q}}",
            "remove `fields`",
        ),
        (
            "{benchmark: gsm8k, path: cases.jsonl, cases: []}",
            "remove `cases`",
        ),
        (
            "{benchmark: gsm8k, path: bad.jsonl}",
            "bad.jsonl:1: `answer` is missing",
        ),
        ("{benchmark: simpleqa, path: qa.csv}", "graded by a model"),
        ("{benchmark: gsm8k, path: cases.xls}", "known: .jsonl"),
    ] {
        let text = format!(
            "version: 1\nsuite: s\ndataset: {dataset}\ntargets: [{{id: t, kind: scripted}}]\n"
        );
        desk.write("suite.yaml", text);
        let said = desk.evenhand(&["check", "suite.yaml"]).ends(3);
        assert!(said.stderr.contains(wanted), "{dataset}: {}", said.stderr);
    }
}

#[test]
fn recorded_outputs_get_the_official_figures() {
    let Some(folder) = shared() else {
        return;
    };
    let desk = Desk::new(&[]);
    let file = |name: &str| folder.join(name).display().to_string();
    // GSM8K: four models, outputs by a pointer, put to the benchmark's file by the question's text.
    let gsm8k: Value = expected("gsm8k/expected_even.json").expect("the folder is there");
    let rows: Vec<Value> = lines("gsm8k/model_solutions_even.jsonl").expect("the folder is there");
    for (model, official) in gsm8k["models"].as_object().expect("models") {
        let outputs: Vec<String> = rows
            .iter()
            .map(|row| {
                let text = row[model]["solution"].as_str().expect("a text");
                json!({"question": row["question"], "output": text.replace("A: ", "#### ")})
                    .to_string()
            })
            .collect();
        desk.write("outputs.jsonl", outputs.join("\n"));
        let cases = file("gsm8k/test.jsonl");
        let all = found(
            &desk,
            &["gsm8k", "--cases", &cases, "--outputs", "outputs.jsonl"],
        );
        assert_eq!(all["passed"], official["official"], "{model}");
        assert_eq!(all["scored"], json!(660));
    }
    for (model, level, wanted) in [
        ("gemini-1.5-pro-002", "level_2", 0.7672),
        ("Mistral-7B-Instruct-v0.2", "level_1", 0.3652),
        ("Mistral-7B-Instruct-v0.2", "level_2", 0.3837),
    ] {
        let outputs = file(&format!("mmlu_pro/outputs_{model}.jsonl"));
        let all = found(
            &desk,
            &["mmlu_pro", "--convention", level, "--outputs", &outputs],
        );
        assert!(
            near(&all["figure"]["point"], wanted),
            "{model} {level}: {}",
            all["figure"]
        );
    }
    let mut official = BTreeMap::new();
    let bfcl: Value = expected("bfcl/2024-08-11/expected.json").expect("the folder is there");
    for (model, found) in bfcl.as_object().expect("models") {
        for (name, failures) in found["categories"].as_object().expect("categories") {
            official.insert((model.clone(), name.clone()), failures["correct"].clone());
        }
    }
    assert_eq!(official.len(), 21);
    for ((model, name), correct) in official {
        let cases = file(&format!("bfcl/2024-08-11/questions/{name}.jsonl"));
        let outputs = file(&format!(
            "bfcl/2024-08-11/result/{model}/{name}_result.jsonl"
        ));
        let all = found(
            &desk,
            &[
                "bfcl",
                "--convention",
                "2024_underscores",
                "--cases",
                &cases,
                "--outputs",
                &outputs,
            ],
        );
        assert_eq!(all["passed"], correct, "{model} {name}");
    }
}

#[test]
fn the_benchmarks_own_files_are_datasets() {
    let Some(folder) = shared() else {
        return;
    };
    for (benchmark, file, cases) in [
        ("gsm8k", "gsm8k/test.jsonl", 1_319),
        ("mmlu_pro", "mmlu_pro/questions.jsonl", 2_006),
        ("truthfulqa", "truthfulqa/mc_task.json", 790),
        ("ifeval", "ifeval/input_data.jsonl", 541),
        ("bfcl", "bfcl/v4/BFCL_v4_parallel_multiple.json", 200),
        ("bfcl", "bfcl/v4/BFCL_v4_irrelevance.json", 240),
        ("bfcl", "bfcl/2024-08-11/questions/javascript.jsonl", 50),
        ("halueval", "halueval/general_even.jsonl", 2_254),
        ("advbench", "advbench/harmful_behaviors.csv", 520),
        (
            "bastioncorpus",
            "prompt_injection/bastioncorpus_even.jsonl",
            91,
        ),
        (
            "agent_injection_bench",
            "prompt_injection/agent_injection_bench.jsonl",
            24,
        ),
    ] {
        let path = folder.join(file).display().to_string();
        let desk = Desk::new(&[("suite.yaml", &suite(benchmark, &path, ""))]);
        let said = desk.evenhand(&["check", "suite.yaml"]).ends(0);
        assert!(
            said.stdout.contains(&format!("{cases} cases")),
            "{file}: {}",
            said.stdout
        );
    }
}
