//! Runs that are taken up again: by two at once, when nothing is left, when something has changed.

use std::time::Duration;

use super::binary::Bench;
use super::{calling, cases, echo, requests};

#[test]
fn a_second_process_on_a_run_ends_and_the_first_goes_on() {
    let server = echo(Duration::from_millis(40));
    let bench = calling(&server, 60);
    let mut first = bench.start(&["run", "suite.yaml"]);
    assert!(first.until(|| requests(&server) >= 8));
    bench
        .evenhand(&["run", "suite.yaml", "--resume"])
        .expect(7)
        .said("in use by another process");
    first.end().expect(0);
    assert_eq!(requests(&server), 60);
}

#[test]
fn a_complete_run_is_taken_up_without_a_call_and_ends_by_its_gates() {
    let server = echo(Duration::ZERO);
    let bench = calling(&server, 10);
    for (gate, code) in [("min: 0.5", 0), ("min: 0.95", 100)] {
        let suite = std::fs::read_to_string(bench.at("suite.yaml")).expect("the suite reads");
        bench.write("suite.yaml", &suite.replace("min: 0.5", gate));
        let first = bench.evenhand(&["run", "suite.yaml"]).expect(code);
        let before = requests(&server);
        let again = bench
            .evenhand(&[
                "run",
                "suite.yaml",
                "--resume",
                "--report",
                "csv=scores.csv",
            ])
            .expect(code)
            .said("already complete");
        assert_eq!(requests(&server), before);
        assert_eq!(again.stdout.lines().last(), first.stdout.lines().last());
        assert!(bench.at("scores.csv").exists());
        std::fs::remove_dir_all(bench.at("runs")).expect("runs can be removed");
    }
}

#[test]
fn what_changed_since_a_run_began_is_named_and_mixed_only_when_allowed() {
    let suite = "version: 1\nsuite: edits\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: scripted, latency_ms: 5, sleep: true, wrong: \"{{ input }}?\", accuracy: 0.5, answers: [{contains: nothing, answer: x}]}\n\
         scorers:\n  - {id: same, kind: exact}\n  - {id: opinion, kind: judge, judge: judge.md, model: {kind: scripted, answer: '<verdict>5</verdict>'}}\nsuccess: [same]\nlimits: {concurrency: 1}\n";
    let judge = "---\nname: mine\nversion: 1\nmode: pointwise\nverdict: text\nscale: 1..5\npass: \">= 4\"\ninputs: [input, output]\nquestion: \"How good is it?\"\n---\nGrade it.\n\n{{ input }}\n\n{{ output }}\n";
    let begun = || {
        let bench = Bench::new(suite);
        bench.write("cases.jsonl", &cases(200, 0));
        bench.write("judge.md", judge);
        let mut running = bench.start(&["run", "suite.yaml"]);
        assert!(
            running.until(|| !bench.runs().is_empty() && bench.events("trial_finished").len() > 3)
        );
        running.kill().expect(128 + 9);
        bench
    };
    let edits = [
        (
            "target `agent`",
            "suite.yaml",
            suite.replace("accuracy: 0.5", "accuracy: 0.6"),
        ),
        ("dataset", "cases.jsonl", cases(200, 5)),
        (
            "`opinion`",
            "judge.md",
            judge.replace("Grade it.", "Grade it strictly."),
        ),
    ];
    // Another version of the program may score otherwise.
    let bench = begun();
    let manifest = bench.run().join("run.json");
    let text = std::fs::read_to_string(&manifest).expect("the manifest reads");
    let version = format!("\"tool_version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version), "{text}");
    let older = text.replace(&version, "\"tool_version\": \"0.0.9\"");
    std::fs::write(&manifest, older).expect("the manifest can be written");
    bench
        .evenhand(&["run", "suite.yaml", "--resume"])
        .expect(3)
        .said("evenhand (0.0.9 then");
    for (named, file, text) in edits {
        let bench = begun();
        let before = std::fs::read(bench.journal()).expect("the journal reads");
        bench.write(file, &text);
        bench
            .evenhand(&["run", "suite.yaml", "--resume"])
            .expect(3)
            .said("changed since")
            .said(named)
            .said("--allow-drift");
        assert_eq!(
            std::fs::read(bench.journal()).expect("the journal reads"),
            before,
            "{named}: nothing was done"
        );
        bench
            .evenhand(&["run", "suite.yaml", "--resume", "--allow-drift"])
            .expect(0);
        let report = bench.report();
        assert!(
            report["warnings"].to_string().contains(named),
            "{named}: {}",
            report["warnings"]
        );
        assert_eq!(report["targets"][0]["completed"], 200, "{named}");
    }
}
