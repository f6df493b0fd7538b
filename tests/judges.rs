//! A judge that is asked about labelled outputs and held against people: its run, its certificate, the ledger of looks.

use serde_json::{Value as Json, json};

#[expect(dead_code, reason = "no screen is compared here")]
#[path = "support/cli.rs"]
mod cli;

use cli::{Desk, Said};

const JUDGE: &str = "---
name: tone
version: 1
mode: pointwise
verdict: text
scale: pass/fail
inputs: [input, output]
question: Is it polite?
---
Be fair.

{{ input }}

{{ output }}
";

/// A model that passes what says please.
const MODEL: &str = r#"{"kind":"scripted","model":"m","answer":"```verdict\nfail\n```","answers":[{"contains":"please","answer":"```verdict\npass\n```"},{"contains":"mumble","answer":"who knows"}]}"#;

/// Labels of outputs that stand in the rows: every other one is polite, and the first `wrong` of each kind are labelled otherwise.
fn labels(count: usize, wrong: usize) -> String {
    let mut text = "item,annotator,pass,input,output\n".to_owned();
    for at in 0..count {
        let polite = at % 2 == 0;
        let label = if polite == (at / 2 >= wrong) {
            "pass"
        } else {
            "fail"
        };
        let output = if polite { "Yes please" } else { "No way" };
        text += &format!("i{at},ann,{label},Ask {at},{output} {at}\n");
    }
    text
}

fn desk(count: usize, wrong: usize) -> Desk {
    Desk::new(&[("tone.md", JUDGE), ("labels.csv", &labels(count, wrong))])
}

fn calibrate(desk: &Desk, more: &[&str]) -> Said {
    let fixed = ["judge", "calibrate", "tone.md", "--labels", "labels.csv"];
    desk.evenhand(&[&fixed, more].concat())
}

fn by_model(desk: &Desk) -> Said {
    calibrate(desk, &["--model", MODEL, "--format", "json"])
}

fn json_of(said: &Said) -> Json {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

fn certificate(desk: &Desk) -> Json {
    let text = desk.read("tone.calibration.json");
    serde_json::from_str(&text).expect("a certificate is JSON")
}

fn looks(desk: &Desk) -> Vec<Json> {
    let text = desk.read("labels.csv.ledger.jsonl");
    let lines = text.lines().map(serde_json::from_str);
    lines
        .collect::<Result<_, _>>()
        .expect("a ledger is JSON lines")
}

#[test]
fn a_judge_that_agrees_gets_its_certificate_and_the_look_is_counted() {
    let desk = desk(80, 2);
    let said = by_model(&desk).ends(0);
    let found = json_of(&said);
    assert_eq!(found["conclusion"]["outcome"], "usable");
    assert_eq!(found["judge"]["name"], "tone");
    assert_eq!(found["judge"]["model"], "m");
    let kappa = found["cohen_kappa"]["point"].as_f64().expect("a number");
    assert!((kappa - 0.9).abs() < 1e-12);
    let certificate = certificate(&desk);
    let entry = &certificate["entries"][0];
    assert_eq!(entry["digest"], found["judge"]["digest"]);
    assert_eq!(
        entry["counts"],
        json!({"tp": 38, "fn": 2, "fp": 2, "tn": 38})
    );
    assert_eq!(
        (&entry["look"], &entry["split"]),
        (&json!(1), &json!("all"))
    );
    assert_eq!(entry["labels"]["digest"], found["labels"]["digest"]);
    let looks = looks(&desk);
    assert_eq!(looks.len(), 1);
    assert_eq!(looks[0]["digest"], entry["digest"]);
    assert_eq!(entry["ledger"], looks[0]["sum"]);
    // Nothing else was left beside the labels.
    let mut names: Vec<String> = std::fs::read_dir(desk.path())
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "labels.csv",
            "labels.csv.ledger.jsonl",
            "runs",
            "tone.calibration.json",
            "tone.md"
        ]
    );
}

#[test]
fn the_same_again_asks_nothing_and_is_no_look() {
    let desk = desk(60, 0);
    let first = by_model(&desk).ends(0);
    let again = by_model(&desk).ends(0);
    assert_eq!(first.stdout, again.stdout);
    assert!(
        again
            .stderr
            .contains("60 of 60 verdicts are known from earlier"),
        "{again:?}"
    );
    assert_eq!(looks(&desk).len(), 1);
    let fresh = calibrate(&desk, &["--model", MODEL, "--format", "json", "--fresh"]).ends(0);
    assert!(!fresh.stderr.contains("known from earlier"), "{fresh:?}");
    assert_eq!(fresh.stdout, first.stdout);
}

#[test]
fn more_labels_ask_about_the_new_ones_and_few_labels_take_nothing_from_later_looks() {
    let desk = desk(20, 0);
    let said = by_model(&desk).ends(6);
    assert_eq!(json_of(&said)["labels"]["look"], 1);
    desk.write("labels.csv", labels(80, 0));
    let said = by_model(&desk).ends(0);
    assert!(
        said.stderr
            .contains("20 of 80 verdicts are known from earlier"),
        "{said:?}"
    );
    assert_eq!(json_of(&said)["labels"]["look"], 1);
    assert_eq!(looks(&desk).len(), 2);
}

#[test]
fn a_prompt_that_was_mended_is_a_second_look_and_a_second_entry() {
    let desk = desk(80, 2);
    by_model(&desk).ends(0);
    let first = certificate(&desk)["entries"][0].clone();
    desk.write("tone.md", JUDGE.replace("Be fair.", "Be fair!"));
    let said = by_model(&desk).ends(0);
    let found = json_of(&said);
    assert_eq!(found["labels"]["look"], 2);
    assert!((found["alpha"].as_f64().expect("a number") - 0.1 / 6.0).abs() < 1e-12);
    let warnings = found["warnings"].to_string();
    assert!(warnings.contains("used 2 times"), "{warnings}");
    // Another model: a third identity; the others stay as they were.
    let other = MODEL.replace(r#""model":"m""#, r#""model":"n""#);
    calibrate(&desk, &["--model", &other]).ends(0);
    let entries = certificate(&desk)["entries"].clone();
    assert_eq!(entries.as_array().map(Vec::len), Some(3));
    assert_eq!(entries[0], first);
    assert_eq!(
        (&entries[1]["look"], &entries[2]["look"]),
        (&json!(2), &json!(3))
    );
}

/// What is done to a ledger's text; `None`: the file is deleted.
type Edit = fn(&str) -> Option<String>;

#[test]
fn a_ledger_that_was_edited_cut_or_deleted_is_noticed_and_said() {
    let edits: [(&str, Edit, &str); 3] = [
        (
            "edited",
            |text| Some(text.replacen("\"calibrate\"", "\"other\"", 1)),
            "line 1 was changed after it was written",
        ),
        (
            "cut",
            |text| text.lines().next().map(|line| format!("{line}\n")),
            "lacks 1 looks that the certificate knows of",
        ),
        (
            "deleted",
            |_| None,
            "lacks 2 looks that the certificate knows of",
        ),
    ];
    for (name, edit, said) in edits {
        let desk = desk(60, 0);
        by_model(&desk).ends(0);
        desk.write("tone.md", JUDGE.replace("Be fair.", "Be kind."));
        by_model(&desk).ends(0);
        let path = desk.path().join("labels.csv.ledger.jsonl");
        match edit(&desk.read("labels.csv.ledger.jsonl")) {
            Some(text) => std::fs::write(&path, text).expect("a file is written"),
            None => std::fs::remove_file(&path).expect("a file is removed"),
        }
        let found = json_of(&by_model(&desk));
        let warnings = found["warnings"].to_string();
        assert!(warnings.contains(said), "{name}: {warnings}");
    }
}

#[test]
fn what_was_tuned_on_these_labels_is_held_against_its_test_part_alone() {
    let desk = desk(120, 0);
    by_model(&desk).ends(0);
    // A line as tuning writes it: sealed, first in its chain.
    let mut look = looks(&desk).remove(0);
    look["tuned"] = json!(true);
    look["seed"] = json!(7);
    look["rows"] = json!("test");
    look.as_object_mut().expect("an object").remove("sum");
    let mut line = serde_json::to_vec(&look).expect("JSON");
    evenhand::store::line::seal(&mut line);
    std::fs::write(desk.path().join("labels.csv.ledger.jsonl"), line).expect("a file");
    let found = json_of(&by_model(&desk));
    let compared = found["labels"]["compared"].as_u64().expect("a count");
    assert!(
        (45..=75).contains(&compared),
        "about half of 120: {compared}"
    );
    let left_out = format!("the {} items of train and dev are left out", 120 - compared);
    assert!(
        found["warnings"].to_string().contains(&left_out),
        "{}",
        found["warnings"]
    );
    assert_eq!(certificate(&desk)["entries"][0]["split"], "test");
}

/// A suite that uses the judge, with this in `limits`.
fn suite(limits: &str) -> String {
    format!(
        "version: 1\nsuite: s\ndataset: {{path: cases.jsonl}}\ntargets: [{{id: bot, kind: scripted, answers: [{{case: [c0, c2, c4], answer: \"Yes please\"}}], answer: \"No way\"}}]\n\
         scorers: [{{id: polite, kind: judge, judge: tone.md, model: {MODEL}}}]\nlimits: {{{limits}}}\nallow_uncalibrated: true\n"
    )
}

fn cases(count: usize) -> String {
    (0..count)
        .map(|at| format!("{{\"id\":\"c{at}\",\"input\":\"Ask {at}\"}}\n"))
        .collect()
}

#[test]
fn a_budget_stops_it_and_the_same_command_asks_only_for_the_rest() {
    let desk = desk(60, 0);
    desk.write("cases.jsonl", cases(1));
    desk.write("suite.yaml", suite("budget_calls: 25, concurrency: 1"));
    let arguments = ["--suite", "suite.yaml", "--format", "json"];
    let said = calibrate(&desk, &arguments).ends(5);
    assert!(
        said.stderr
            .contains("35 of 60 labelled outputs have no verdict"),
        "{said:?}"
    );
    assert!(!desk.path().join("tone.calibration.json").exists());
    assert!(
        !desk.path().join("labels.csv.ledger.jsonl").exists(),
        "nobody looked"
    );
    desk.write("suite.yaml", suite(""));
    let said = calibrate(&desk, &arguments).ends(0);
    assert!(
        said.stderr
            .contains("25 of 60 verdicts are known from earlier"),
        "{said:?}"
    );
}

#[test]
fn labels_of_a_runs_outputs_take_texts_and_verdicts_from_it() {
    let mut text = "case,target,annotator,pass\n".to_owned();
    for at in 0..4 {
        text += &format!(
            "c{at},bot,ann,{}\n",
            if at % 2 == 0 { "pass" } else { "fail" }
        );
    }
    let desk = Desk::new(&[
        ("tone.md", JUDGE),
        ("labels.csv", &text),
        ("cases.jsonl", &cases(6)),
        ("suite.yaml", &suite("")),
    ]);
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    let arguments = [
        "--suite",
        "suite.yaml",
        "--outputs",
        "latest",
        "--format",
        "json",
    ];
    let said = calibrate(&desk, &arguments).ends(6);
    assert!(
        said.stderr
            .contains("4 of 4 verdicts are known from earlier"),
        "{said:?}"
    );
    let found = json_of(&said);
    assert_eq!(found["labels"]["labelled"], 4);
    assert_eq!(found["labels"]["judged_only"], 2);
    assert_eq!(
        found["confusion_rows_human_cols_judge"],
        json!([[2, 0], [0, 2]])
    );
    let targets = &certificate(&desk)["entries"][0]["targets"];
    assert_eq!(targets["bot"], json!({"tp": 2, "fn": 0, "fp": 0, "tn": 2}));
    // A calibration is no run of the suite: `latest` still means that one.
    let runs = desk.evenhand(&["runs"]).ends(0);
    assert!(!runs.stdout.contains("calibrate-"), "{runs:?}");
}

#[test]
fn outputs_from_a_file_and_inputs_from_the_suites_dataset() {
    let desk = Desk::new(&[
        ("tone.md", JUDGE),
        (
            "labels.csv",
            "item,annotator,pass\nc0,ann,pass\nc1,ann,fail\n",
        ),
        (
            "outputs.jsonl",
            "{\"case\":\"c0\",\"output\":\"please\"}\n{\"case\":\"c1\",\"output\":\"no\"}\n",
        ),
        ("cases.jsonl", &cases(2)),
        ("suite.yaml", &suite("")),
    ]);
    let arguments = [
        "--suite",
        "suite.yaml",
        "--outputs",
        "outputs.jsonl",
        "--format",
        "json",
    ];
    let found = json_of(&calibrate(&desk, &arguments).ends(6));
    assert_eq!(found["accuracy"]["point"], 1.0);
}

#[test]
fn verdicts_from_elsewhere_for_a_judge_that_is_named_are_certified_too() {
    let desk = desk(60, 0);
    let mut verdicts = "item,judge,pass\n".to_owned();
    for at in 0..60 {
        verdicts += &format!("i{at},tone,{}\n", if at % 2 == 0 { 1 } else { 0 });
    }
    desk.write("verdicts.csv", verdicts);
    let arguments = [
        "--model",
        MODEL,
        "--verdicts",
        "verdicts.csv",
        "--format",
        "json",
    ];
    let found = json_of(&calibrate(&desk, &arguments).ends(0));
    assert_eq!(
        certificate(&desk)["entries"][0]["digest"],
        found["judge"]["digest"]
    );
    assert!(!desk.path().join("runs").exists(), "nothing was called");
}

#[test]
fn a_verdict_that_cannot_be_read_is_counted_and_never_a_fail() {
    let desk = desk(60, 0);
    let text = labels(60, 0)
        .replace("No way 1\n", "mumble 1\n")
        .replace("No way 3\n", "mumble 3\n");
    desk.write("labels.csv", text);
    let found = json_of(&by_model(&desk).ends(0));
    assert_eq!(found["labels"]["unreadable"], 2);
    assert_eq!(found["labels"]["compared"], 58);
    assert_eq!(found["accuracy"]["point"], 1.0);
}

/// Labels file, flags, what is said on stderr, exit.
type Fault<'a> = (&'a str, &'a [&'a str], &'a str, i32);

#[test]
fn what_cannot_be_calibrated_is_said_before_anything_is_called() {
    let model: &[&str] = &["--model", MODEL];
    let faults: &[Fault<'_>] = &[
        (
            "item,annotator,pass\na,ann,pass\n",
            model,
            "labels.csv:2: `a`: the row has no `output` (or `output_a` and `output_b`); name the run or the file that holds it with --outputs",
            3,
        ),
        (
            "item,annotator,pass,output\na,ann,pass,x\n",
            model,
            "labels.csv:2: `a`: there is no input: put it into a column `input` of the labels file",
            3,
        ),
        (
            "item,annotator,rating,input,output\na,ann,3,q,x\n",
            model,
            "the labels have a `rating`, the judge answers with a `pass`",
            3,
        ),
        (
            "item,annotator,pass,input,output\n",
            model,
            "labels.csv: there are no rows",
            3,
        ),
        (
            "item,annotator,pass,input,output\na,ann,pass,q,x\n",
            &[],
            "--suite",
            2,
        ),
        (
            "item,annotator,pass,input,output\na,ann,pass,q,x\n",
            &["--model", "{"],
            "--model wants a model's options as JSON",
            2,
        ),
        (
            "item,annotator,pass,input,output\na,ann,pass,q,x\n",
            &["--model", r#"{"kind":"scriptd"}"#],
            "did you mean `scripted`?",
            2,
        ),
        (
            "item,annotator,pass,input,output\na,ann,pass,q,x\n",
            &[
                "--model",
                r#"{"kind":"chat","base_url":"${NOT_SET_ANYWHERE}","model":"m"}"#,
            ],
            "needs ${NOT_SET_ANYWHERE}, which is not set",
            3,
        ),
        (
            "item,annotator,pass,input,output\na,ann,pass,q,x\n",
            &["--model", MODEL, "--outputs", "latest"],
            "no runs",
            2,
        ),
    ];
    for (labels, more, said, code) in faults {
        let desk = Desk::new(&[("tone.md", JUDGE), ("labels.csv", labels)]);
        let told = calibrate(&desk, more).ends(*code);
        assert!(told.stderr.contains(said), "{said}\n{}", told.stderr);
        assert!(!desk.path().join("labels.csv.ledger.jsonl").exists());
    }
}

#[test]
fn a_suite_must_use_the_judge_once() {
    let desk = desk(2, 0);
    desk.write("cases.jsonl", cases(1));
    let one = suite("");
    let two = one.replace(
        "scorers: [",
        &format!("scorers: [{{id: rude, kind: judge, judge: tone.md, votes: 3, model: {MODEL}}}, "),
    );
    desk.write("suite.yaml", two);
    let told = calibrate(&desk, &["--suite", "suite.yaml"]).ends(2);
    assert!(
        told.stderr
            .contains("several scorers use `tone.md`; name one with --scorer: rude, polite"),
        "{told:?}"
    );
    let told = calibrate(&desk, &["--suite", "suite.yaml", "--scorer", "polite"]).ends(6);
    assert!(told.stdout.contains("TOO FEW LABELS"), "{told:?}");
    let told = desk
        .evenhand(&[
            "judge",
            "calibrate",
            "tine.md",
            "--labels",
            "labels.csv",
            "--suite",
            "suite.yaml",
        ])
        .ends(2);
    assert!(told.stderr.contains("did you mean `tone.md`?"), "{told:?}");
}

#[test]
fn a_judge_that_always_prefers_the_first_shown_is_caught_and_its_preferences_are_ties() {
    let mut labels = "item,annotator,preference,input,output_a,output_b\n".to_owned();
    for at in 0..60 {
        let better = if at % 2 == 0 { "a" } else { "b" };
        labels += &format!("i{at},ann,{better},Ask {at},One {at},Two {at}\n");
    }
    let desk = Desk::new(&[("labels.csv", &labels)]);
    let model = r#"{"kind":"scripted","answer":"{\"reasoning\": \"x\", \"verdict\": \"a\"}"}"#;
    let arguments = [
        "judge",
        "calibrate",
        "preference",
        "--labels",
        "labels.csv",
        "--model",
        model,
    ];
    let said = desk.evenhand(&arguments).ends(100);
    assert!(
        said.stdout
            .contains("the two orders of a pair agree on 0.0 % of the pairs, less than 70 %"),
        "{said:?}"
    );
    let found = json_of(
        &desk
            .evenhand(&[&arguments[..], &["--format", "json"]].concat())
            .ends(100),
    );
    assert_eq!(found["first_shown_preference_rate"]["point"], 1.0);
    assert_eq!(found["position_agreement_rate"]["point"], 0.0);
    assert_eq!(found["labels"]["unreadable"], 0);
    let table = &found["confusion_rows_human_cols_judge"];
    assert_eq!(
        *table,
        json!([[0, 0, 30], [0, 0, 30], [0, 0, 0]]),
        "all of its preferences are ties"
    );
}

#[test]
fn a_panel_is_held_against_people_as_the_one_judge_that_it_is() {
    let desk = desk(60, 0);
    desk.write("cases.jsonl", cases(1));
    let lenient = r#"{"kind":"scripted","model":"soft","answer":"```verdict\npass\n```"}"#;
    let panel = format!(
        "{{id: both, kind: judge, combine: any-fail, panel: [{{judge: tone.md, model: {MODEL}}}, {{judge: tone.md, model: {lenient}}}]}}"
    );
    let suite = suite("").replace("scorers: [", &format!("scorers: [{panel}, "));
    desk.write("suite.yaml", suite);
    let arguments = [
        "judge",
        "calibrate",
        "both",
        "--labels",
        "labels.csv",
        "--suite",
        "suite.yaml",
        "--format",
        "json",
    ];
    let found = json_of(&desk.evenhand(&arguments).ends(0));
    assert_eq!(found["judge"]["model"], "m + soft");
    assert_eq!(found["accuracy"]["point"], 1.0);
}

#[test]
fn one_byte_of_the_prompt_makes_it_stale_and_a_gate_on_it_undecided() {
    let mut labels = "case,target,annotator,pass,output\n".to_owned();
    for at in 0..60 {
        let (label, output) = if at % 2 == 0 {
            ("pass", "Yes please")
        } else {
            ("fail", "No way")
        };
        labels += &format!("c{at},bot,ann,{label},{output}\n");
    }
    let polite: Vec<String> = (0..60).step_by(2).map(|at| format!("c{at}")).collect();
    let suite = suite("").replace("c0, c2, c4", &polite.join(", ")).replace(
        "allow_uncalibrated: true\n",
        "gates: [{metric: polite, min: 0.2}]\n",
    );
    let desk = Desk::new(&[
        ("tone.md", JUDGE),
        ("labels.csv", &labels),
        ("cases.jsonl", &cases(60)),
        ("suite.yaml", &suite),
    ]);
    let run = |code| {
        desk.evenhand(&["run", "suite.yaml", "-q", "--format", "json"])
            .ends(code)
    };
    let state = |said: &Said| json_of(said)["judges"][0]["calibration"].clone();
    assert_eq!(state(&run(6)), "uncalibrated");
    let arguments = ["--suite", "suite.yaml", "--outputs", "latest"];
    calibrate(&desk, &arguments).ends(0);
    // The certificate speaks for the run that is there, and for those to come.
    let report = desk
        .evenhand(&["report", "latest", "--format", "json"])
        .ends(0);
    assert_eq!(state(&report), "calibrated");
    assert_eq!(state(&run(0)), "calibrated");
    desk.write("tone.md", JUDGE.replace("Be fair.", "Be fair!"));
    let said = run(6);
    assert_eq!(state(&said), "stale");
    assert_eq!(json_of(&said)["gates"][0]["cause"], "stale");
    calibrate(&desk, &arguments).ends(0);
    assert_eq!(
        certificate(&desk)["entries"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(state(&run(0)), "calibrated");
}

#[test]
fn the_labels_that_the_suites_scorer_names_are_the_default() {
    let desk = desk(60, 0);
    desk.write("cases.jsonl", cases(1));
    desk.write("suite.yaml", suite(""));
    let arguments = ["judge", "calibrate", "tone.md", "--suite", "suite.yaml"];
    let told = desk.evenhand(&arguments).ends(2);
    assert!(
        told.stderr.contains("name the labels with --labels"),
        "{told:?}"
    );
    let named = suite("").replace("judge: tone.md,", "judge: tone.md, labels: labels.csv,");
    desk.write("suite.yaml", named);
    let told = desk.evenhand(&arguments).ends(0);
    assert!(
        told.stdout.starts_with("tone · pass/fail · labels.csv"),
        "{told:?}"
    );
}

#[test]
fn a_flag_that_would_do_nothing_is_refused() {
    let desk = desk(2, 0);
    desk.write("verdicts.csv", "item,judge,pass\ni0,j,1\n");
    let named = [
        "judge",
        "calibrate",
        "tone.md",
        "--labels",
        "labels.csv",
        "--model",
        MODEL,
    ];
    for more in [
        ["--scale", "1..5"],
        ["--human", "ann"],
        ["--rows", "1..2"],
        ["--judge", "j"],
    ] {
        desk.evenhand(&[&named[..], &more].concat()).ends(2);
    }
    let recorded = [
        "judge",
        "calibrate",
        "--labels",
        "labels.csv",
        "--verdicts",
        "verdicts.csv",
    ];
    for more in [
        &["--live"][..],
        &["--no-exec"],
        &["--replay", "c.jsonl"],
        &["--fresh"],
    ] {
        desk.evenhand(&[&recorded[..], more].concat()).ends(2);
    }
    desk.evenhand(&recorded).ends(6);
}
