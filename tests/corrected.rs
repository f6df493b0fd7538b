//! Judges that were held against people: their state in every report and gate, and figures corrected by labels or by a certificate.

mod support {
    #[expect(dead_code, reason = "these tests let runs end by themselves")]
    pub(crate) mod binary;
}

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use support::binary::Bench;

/// How many cases there are.
const CASES: usize = 120;

const JUDGE: &str = "---\nname: tone\nversion: 1\nmode: pointwise\nverdict: text\nscale: pass/fail\ninputs: [input, output]\n---\nIs the tone right?\n\n{{ input }}\n\n{{ output }}\n";

/// What a target answers. The judge passes what says `fine`.
fn answer(target: &str, case: usize) -> String {
    let is_fine = match target {
        "prod" => case % 5 < 3,
        _ => case % 5 < 4,
    };
    format!(
        "{target} says {case}: {}",
        if is_fine { "fine" } else { "poor" }
    )
}

/// What people say of it: one in eight of the judge's passes is none, one in six of its fails is a pass.
fn label(target: &str, case: usize) -> bool {
    let judged = answer(target, case).ends_with("fine");
    match judged {
        true => case % 8 != 2,
        false => case % 6 == 4,
    }
}

/// A suite with one judge; `of_judge` are further keys of it, `more` further lines of the suite.
fn bench(of_judge: &str, more: &str) -> Bench {
    let bench = Bench::new(&suite(of_judge, more));
    bench.write("judge.md", JUDGE);
    let mut cases = String::new();
    let (mut prod, mut next) = (String::new(), String::new());
    for case in 0..CASES {
        cases += &format!("{{\"id\":\"c{case}\",\"input\":\"question {case}\"}}\n");
        for (target, file) in [("prod", &mut prod), ("next", &mut next)] {
            let line = json!({"case": format!("c{case}"), "output": answer(target, case)});
            *file += &format!("{line}\n");
        }
    }
    bench.write("cases.jsonl", &cases);
    bench.write("prod.jsonl", &prod);
    bench.write("next.jsonl", &next);
    bench
}

fn suite(of_judge: &str, more: &str) -> String {
    let verdict = |word: &str| format!("\"Reasons.\\n\\n```verdict\\n{word}\\n```\"");
    format!(
        "version: 1\nsuite: tones\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: prod, kind: recorded, path: prod.jsonl}}\n  - {{id: next, kind: recorded, path: next.jsonl}}\n\
         scorers:\n  - id: tone\n    kind: judge\n    judge: judge.md\n    model:\n      kind: scripted\n      answers: [{{contains: \"fine\", answer: {}}}]\n      answer: {}\n{of_judge}{more}",
        verdict("pass"),
        verdict("fail"),
    )
}

/// Labels of the first outputs of these targets, with their texts.
fn labels(targets: &[&str], count: usize) -> String {
    let mut text = "case,target,annotator,pass,output\n".to_owned();
    for case in 0..count {
        for target in targets {
            let (pass, output) = (label(target, case), answer(target, case));
            text += &format!("c{case},{target},ann,{pass},\"{output}\"\n");
        }
    }
    text
}

/// The identity of the judge that a run was judged by.
fn digest(run: &Path) -> String {
    let text = std::fs::read_to_string(run.join("run.json")).expect("a run has a manifest");
    let manifest: Json = serde_json::from_str(&text).expect("it is JSON");
    let digest = manifest["judges"][0]["digest"].as_str();
    digest.expect("the judge has an identity").to_owned()
}

/// A certificate as calibrating writes it.
fn certificate(digest: &str, conclusion: &str) -> String {
    json!({
        "format": 1, "judge": "tone",
        "entries": [{
            "digest": digest, "model": "m", "made": "2026-01-01T00:00:00Z", "evenhand": "0.1.0",
            "labels": {"file": "labels.csv", "digest": "d", "n": 120, "annotators": 1, "drawn": "unstated"},
            "split": "all", "look": 1, "scale": "pass/fail", "agreement": "cohen_kappa",
            "point": 0.7012, "low": 0.6234, "high": 0.7789, "conclusion": conclusion, "rule": "A",
            "counts": {"tp": 63, "fn": 7, "fp": 9, "tn": 41}
        }]
    })
    .to_string()
}

const GATE: &str = "gates:\n  - {metric: success_rate, min: 0.5}\n";

/// The report of a run, read by `report` from wherever the bench is.
fn told(bench: &Bench, run: &str) -> Json {
    let ended = bench
        .evenhand(&["report", run, "--format", "json"])
        .expect(0);
    serde_json::from_str(&ended.stdout).expect("the report is JSON")
}

fn state(report: &Json) -> (&str, &str) {
    let one = &report["judges"][0];
    let text = |key: &str| one[key].as_str().unwrap_or_default();
    (text("calibration"), text("method"))
}

#[test]
fn a_certificate_beside_the_suite_calibrates_and_one_byte_of_the_prompt_makes_it_stale() {
    let bench = bench("", GATE);
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(6)
        .printed("UNDECIDED")
        .printed("the judge is uncalibrated");
    assert_eq!(state(&bench.report()), ("uncalibrated", "none"));
    let digest = digest(&bench.run());
    bench.write("judge.calibration.json", &certificate(&digest, "usable"));

    // One calibrates after running: a report made now knows.
    let report = told(&bench, "latest");
    assert_eq!(state(&report), ("calibrated", "rogan-gladen"));
    assert_eq!(report["judges"][0]["conclusion"], "usable");
    let success = &report["targets"][1]["metrics"]["success_rate"];
    assert_eq!(success["calibration"], "calibrated");
    // theta = (p + TNR - 1)/(TPR + TNR - 1), by hand.
    let (p, tpr, tnr) = (0.8, 0.9, 0.82);
    let wanted = (p + tnr - 1.0) / (tpr + tnr - 1.0);
    let corrected = success["correction"]["estimate"]["point"].as_f64();
    assert!(
        (corrected.expect("a point") - wanted).abs() < 1e-12,
        "{success}"
    );
    assert_eq!(success["point"], 0.8, "the judge's own figure stays");

    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(0)
        .printed("PASSED")
        .printed("corrected by rogan-gladen (judge:")
        .printed("judge: calibrated")
        .printed("kappa 0.70 [0.62, 0.78], 120 labels")
        .printed("assumes the judge errs here as it did");

    bench.write("judge.md", &JUDGE.replace("right?", "right!"));
    let ended = bench.evenhand(&["run", "suite.yaml"]).expect(6);
    ended
        .printed("UNDECIDED")
        .printed("judge: stale")
        .printed("calibrated with another prompt or model");
    let stale = told(&bench, "latest");
    assert_eq!(state(&stale), ("stale", "none"));
    assert_eq!(stale["gates"][0]["cause"], "stale");
    // The run before is what it was: its judge had the other prompt.
    assert_eq!(state(&told(&bench, "latest~1")).0, "calibrated");
}

#[test]
fn allowing_uncalibrated_judges_never_lets_a_stale_or_a_bad_one_pass() {
    let bench = bench("", &format!("{GATE}allow_uncalibrated: true\n"));
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let own = digest(&bench.run());
    for (digest, conclusion, code, cause) in [
        (own.as_str(), "too_few_labels", 0, Json::Null),
        (own.as_str(), "not_shown_usable", 6, json!("not_usable")),
        (
            "00000000000000000000000000000000",
            "usable",
            6,
            json!("stale"),
        ),
    ] {
        bench.write("judge.calibration.json", &certificate(digest, conclusion));
        let ended = bench
            .evenhand(&["run", "suite.yaml", "--format", "json"])
            .expect(code);
        let report: Json = serde_json::from_str(&ended.stdout).expect("the report is JSON");
        assert_eq!(report["gates"][0]["cause"], cause, "{conclusion}");
    }
}

#[test]
fn labels_of_the_runs_outputs_correct_and_decide_whatever_the_judge() {
    let bench = bench("    labels: labels.csv\n", GATE);
    bench.write("labels.csv", &labels(&["prod", "next"], 60));
    // Neither certificate nor permission: people's labels of these very outputs are enough.
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(0)
        .printed("corrected by ppi++ (judge: 80.0 %)")
        .printed("ppi++, 60 labels")
        .printed("Corrected by 60 labelled pairs")
        .printed("said +20.0 points");
    let report = bench.report();
    assert_eq!(state(&report), ("uncalibrated", "ppi++"));
    let primary = &report["comparisons"][0];
    assert_eq!(primary["corrected"]["method"], "ppi++");
    assert_eq!(primary["p"], primary["corrected"]["p"]);
    let raw = primary["difference"]["point"]
        .as_f64()
        .expect("a difference");
    assert!((raw - 0.2).abs() < 1e-12);

    // With a certificate too: both are shown, the labels lead.
    let own = digest(&bench.run());
    bench.write("judge.calibration.json", &certificate(&own, "usable"));
    let report = told(&bench, "latest");
    assert_eq!(state(&report), ("calibrated", "ppi++"));
    let success = &report["targets"][0]["metrics"]["success_rate"]["correction"];
    assert_eq!(success["second"]["method"], "rogan-gladen");
    assert_eq!(
        report["comparisons"][0]["corrected"]["second"]["method"],
        "rogan-gladen"
    );
    // Labels gone, certificate there: the other route.
    bench.write("suite.yaml", &suite("", GATE));
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let primary = &told(&bench, "latest")["comparisons"][0];
    assert_eq!(primary["corrected"]["method"], "rogan-gladen");
    assert!(
        primary["sentence"]
            .as_str()
            .is_some_and(|said| said.contains("assumes the judge errs alike on both sides")),
        "{primary}"
    );
}

#[test]
fn two_runs_are_corrected_by_the_labels_of_both() {
    let bench = bench("    labels: labels.csv\n", "");
    bench.write("labels.csv", &labels(&["prod", "next"], 60));
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let whole = bench.report()["comparisons"][0].clone();
    for target in ["prod", "next"] {
        let runs = format!("{target}-runs");
        bench
            .evenhand(&["run", "suite.yaml", "--target", target, "--runs-dir", &runs])
            .expect(0);
    }
    let only = |target: &str| {
        let runs = std::fs::read_dir(bench.at(&format!("{target}-runs"))).expect("a folder");
        let mut runs = runs.map(|entry| entry.expect("an entry").path());
        let run = runs.find(|path| path.is_dir()).expect("a run");
        run.display().to_string()
    };
    let (old, new) = (only("prod"), only("next"));
    let ended = bench
        .evenhand(&["compare", &old, &new, "--format", "json"])
        .expect(0);
    let report: Json = serde_json::from_str(&ended.stdout).expect("the report is JSON");
    let across = &report["comparisons"][0];
    assert_eq!(across["corrected"], whole["corrected"]);
    assert_eq!(across["sentence"], whole["sentence"]);
}

#[test]
fn labels_of_another_text_are_counted_and_not_used() {
    let bench = bench("    labels: labels.csv\n", "");
    let all = labels(&["next"], 30);
    let mut text = String::new();
    for (at, line) in all.lines().enumerate() {
        match at {
            1..=4 => text += &format!("{}\n", line.replace(": ", ", as it was: ")),
            5 => text += &format!("{}\n", line.replacen("c4,", "elsewhere,", 1)),
            6 => {
                text += &format!(
                    "{}\n",
                    line.split_once(",\"").expect("cells").0.to_owned() + ","
                )
            }
            _ => text += &format!("{line}\n"),
        }
    }
    bench.write("labels.csv", &text);
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(0)
        .printed("labels.csv: 6 of 30 labelled outputs are not used for tone")
        .printed("4 of another text than this")
        .printed("1 of no output of this run, 1 without the text");
    let report = bench.report();
    assert_eq!(
        report["targets"][1]["metrics"]["tone"]["correction"]["labels"],
        24
    );
    let why = &report["targets"][0]["metrics"]["tone"]["correction"]["why"];
    assert!(
        why.as_str()
            .is_some_and(|why| why.starts_with("0 of this run's outputs are labelled")),
        "{why}"
    );
}

#[test]
fn outputs_that_are_labelled_after_the_run_are_scored_by_the_labels_without_a_call() {
    let bench = bench("", GATE);
    bench.evenhand(&["run", "suite.yaml"]).expect(6);
    let mut items = "item;annotator;pass;output\n".to_owned();
    for case in 0..60 {
        items += &format!(
            "c{case};ann;{};{}\n",
            label("next", case),
            answer("next", case)
        );
    }
    bench.write("labels.csv", &items);
    bench.write("suite.yaml", &suite("    labels: labels.csv\n", GATE));
    bench
        .evenhand(&["score", "latest", "--suite", "suite.yaml"])
        .expect(0)
        .printed("corrected by ppi++ (judge: 80.0 %)")
        .printed("ppi++, 60 labels");
}

#[test]
fn a_run_on_another_machine_brings_its_certificate_and_its_labels() {
    let here = bench("    labels: labels.csv\n", GATE);
    here.write("labels.csv", &labels(&["next"], 60));
    here.evenhand(&["run", "suite.yaml"]).expect(0);
    let own = digest(&here.run());
    here.write("judge.calibration.json", &certificate(&own, "usable"));
    here.evenhand(&["run", "suite.yaml"]).expect(0);
    let has = |run: &PathBuf| run.join("judges/judge.calibration.json").is_file();
    let run = here
        .runs()
        .into_iter()
        .find(has)
        .expect("a run that keeps the certificate");
    let there = Bench::new("");
    let report = told(&there, &run.display().to_string());
    assert_eq!(
        state(&report),
        ("calibrated", "rogan-gladen"),
        "prod has no labels"
    );
    assert_eq!(report["judges"][1]["method"], "ppi++");
}

#[test]
fn a_case_on_the_page_shows_what_people_said_and_why() {
    let bench = bench("    labels: labels.csv\n", GATE);
    let rows = labels(&["next"], 60);
    let with_reasons = rows.lines().enumerate().map(|(line, row)| match line {
        0 => format!("{row},critique\n"),
        line => format!("{row},\"reason <{line}>\"\n"),
    });
    bench.write("labels.csv", &with_reasons.collect::<String>());
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    bench
        .evenhand(&["report", "latest", "--report", "html=-"])
        .expect(0)
        .printed(r#""critiques":[{"label":"people wrote","text":"reason \u003c7\u003e"}]"#);
}

#[test]
fn every_kind_of_report_says_how_the_judge_stands() {
    let bench = bench("    labels: labels.csv\n", GATE);
    bench.write("labels.csv", &labels(&["prod", "next"], 60));
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let own = digest(&bench.run());
    for (digest, word) in [
        (own.as_str(), "calibrated"),
        ("00000000000000000000000000000000", "stale"),
    ] {
        bench.write("judge.calibration.json", &certificate(digest, "usable"));
        for (kind, also) in [
            ("terminal", "ppi++, 60 labels"),
            ("markdown", "ppi++, 60 labels"),
            ("github-summary", "ppi++, 60 labels"),
            ("openmetrics", "evenhand_metric_corrected{"),
            ("json", "\"method\": \"ppi++\""),
        ] {
            let report = format!("{kind}=-");
            let ended = bench
                .evenhand(&["report", "latest", "--report", &report])
                .expect(0);
            ended.printed(word).printed(also);
        }
        bench
            .evenhand(&["show", "latest", "c0"])
            .expect(0)
            .printed(&format!(", {word}"));
    }
}

#[test]
fn what_is_wrong_with_labels_and_certificates_is_said_before_anything_is_called() {
    let bench = bench("    labels: labels.csv\n", GATE);
    let checked = |words: &[&str]| {
        for verb in ["check", "run"] {
            let mut ended = bench.evenhand(&[verb, "suite.yaml"]).expect(3);
            for words in words {
                ended = ended.said(words);
            }
        }
        assert!(bench.runs().is_empty());
    };
    checked(&["suite.yaml:", "labels.csv: there is no such file"]);
    for (text, words) in [
        (
            "case,target,annotator,pass\n",
            vec!["labels.csv", "there are no rows"],
        ),
        (
            "case,target,annotator,rating\nc0,next,ann,4\n",
            vec![
                "labels.csv:2",
                "this row has a `rating`",
                "label with `pass`",
            ],
        ),
        (
            "case,target,annotator,pass,probability\nc0,next,ann,1,0.5\nc1,next,ann,1,\n",
            vec!["labels.csv:3", "everywhere or nowhere"],
        ),
        (
            "case,target,annotator,pass\nc0,next,ann,maybe\nc0,prod,,1\n",
            vec![
                "labels.csv:2",
                "unknown word `maybe`",
                "labels.csv:3",
                "`annotator` is empty",
            ],
        ),
    ] {
        bench.write("labels.csv", text);
        checked(&words);
    }
    bench.write("labels.csv", &labels(&["next"], 20));
    bench.evenhand(&["check", "suite.yaml"]).expect(0);
    bench.write("judge.calibration.json", "{\"format\": 1}");
    checked(&["judge.calibration.json", "missing field", "calibrate again"]);
}

#[test]
fn a_blessed_run_says_which_judge_it_rests_on() {
    let gate = "baseline: base.jsonl\ngates:\n  - {metric: tone, target: next, against: baseline, max_drop: 0.1}\n";
    let bench = bench("", gate);
    bench.evenhand(&["run", "suite.yaml"]).expect(6);
    let own = digest(&bench.run());
    bench.write("judge.calibration.json", &certificate(&own, "usable"));
    bench
        .evenhand(&["bless", "latest", "--target", "next", "--to", "base.jsonl"])
        .expect(0);
    let blessed = std::fs::read_to_string(bench.at("base.jsonl")).expect("a baseline");
    assert!(
        blessed
            .lines()
            .next()
            .is_some_and(|head| head.contains(&own)),
        "{blessed}"
    );
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(0)
        .printed("corrected by rogan-gladen");
    // A file of before says nothing of its judge: then nothing is corrected, and the gate is decided as before.
    let mut lines = blessed.lines();
    let mut head: Json =
        serde_json::from_str(lines.next().unwrap_or_default()).expect("its head is JSON");
    head.as_object_mut().expect("a map").remove("judges");
    let rest: Vec<&str> = lines.collect();
    bench.write("base.jsonl", &format!("{head}\n{}\n", rest.join("\n")));
    let ended = bench.evenhand(&["run", "suite.yaml", "--format", "json"]);
    let report: Json = serde_json::from_str(&ended.expect(0).stdout).expect("the report is JSON");
    let corrected = report["comparisons"]
        .as_array()
        .expect("comparisons")
        .iter();
    let why = corrected
        .filter(|one| one["metric"] == "tone")
        .map(|one| one["corrected"]["why"].clone());
    let why: Vec<Json> = why.collect();
    assert!(
        why[0]
            .as_str()
            .is_some_and(|why| why.contains("does not say which judge")),
        "{why:?}"
    );
}
