//! Every exit code is reached as documented, and where several apply the most telling one wins.

use std::process::Stdio;

use crate::cli::{Desk, Said};
use crate::suites::{pair, recorded, single};

/// Two targets of which the second loses so many of 100 cases, and gates.
fn losing(lost: usize, more: &str) -> Desk {
    let [prod, next] = pair(90 - lost, 0, lost, 10);
    recorded(&[("prod", &prod), ("next", &next)], more)
}

/// A scripted target with these options.
fn scripted(options: &str, more: &str) -> Desk {
    let cases: String = (0..40)
        .map(|index| format!("{{\"id\": \"c{index}\", \"input\": \"q\", \"expected\": \"yes\"}}\n"))
        .collect();
    let suite = format!(
        "version: 1\nsuite: s\ndataset: {{path: cases.jsonl}}\ntargets:\n  - {{id: a, kind: scripted{options}}}\n\
         scorers:\n  - {{id: right, kind: exact}}\n{more}"
    );
    Desk::new(&[("cases.jsonl", &cases), ("suite.yaml", &suite)])
}

#[test]
fn zero_is_done_with_gates_passed() {
    let said = losing(0, "gates:\n  - {metric: success_rate, min: 0.5}\n")
        .evenhand(&["run", "suite.yaml"])
        .ends(0);
    assert!(
        said.stdout.ends_with("exit 0: all gates passed\n"),
        "{}",
        said.stdout
    );
}

#[test]
fn two_is_a_wrong_argument() {
    let desk = losing(0, "");
    for arguments in [
        &["run"][..],
        &["walk", "suite.yaml"],
        &["run", "suite.yaml", "--limit", "0"],
        &["run", "suite.yaml", "--repeats", "1001"],
        &["run", "suite.yaml", "--case", "c0001"],
        &["run", "suite.yaml", "--tag", "nope"],
        &["run", "suite.yaml", "--target", "nxt"],
        &["run", "suite.yaml", "--profile", "ci"],
        &["run", "suite.yaml", "--report", "jsn=x"],
        &["run", "suite.yaml", "--report", "json"],
        &[
            "run",
            "suite.yaml",
            "--report",
            "json=x",
            "--report",
            "csv=x",
        ],
        &["run", "suite.yaml", "--record", "a", "--replay", "b"],
        &["run", "suite"],
        &["run", "suite.yaml", "--resume"],
        &["show", "latest", "c001"],
        &["report", "latest"],
        &["compare"],
        &["compare", "a", "b"],
        &["bless", "latest"],
        &["list", "things"],
        &["init", "--pack", "quickstrt"],
    ] {
        let said = desk.evenhand(arguments);
        assert_eq!(said.code, 2, "{arguments:?}\n{}", said.stderr);
        assert_eq!(said.stdout, "", "{arguments:?}");
        assert!(said.stderr.contains("error: "), "{arguments:?}");
    }
    assert!(desk.runs().is_empty(), "nothing was run");
}

#[test]
fn three_is_a_faulty_file() {
    let desk = losing(0, "");
    desk.write("bad.yaml", "version: 1\nsuit: x\n");
    desk.write("empty.yaml", "");
    for suite in ["bad.yaml", "empty.yaml", "missing.yaml"] {
        for verb in ["run", "check"] {
            let said = desk.evenhand(&[verb, suite]).ends(3);
            assert!(
                said.stderr.contains("; nothing was called"),
                "{}",
                said.stderr
            );
        }
    }
    let table = [
        "compare",
        "--table",
        "missing.csv",
        "--baseline",
        "a",
        "--candidate",
        "b",
    ];
    desk.evenhand(&table).ends(3);
}

#[test]
fn four_is_nothing_to_run() {
    let desk = losing(0, "");
    desk.write("cases.jsonl", "");
    let said = desk.evenhand(&["run", "suite.yaml"]).ends(4);
    assert_eq!(
        said.stderr,
        "error: suite.yaml: the dataset has no cases; nothing to run\n"
    );
    desk.write(
        "cases.jsonl",
        "{\"id\": \"a\", \"input\": \"q\", \"expected\": \"yes\", \"tags\": [\"x\"]}\n\
         {\"id\": \"b\", \"input\": \"q\", \"expected\": \"yes\", \"tags\": [\"y\"]}\n",
    );
    desk.evenhand(&["run", "suite.yaml", "--case", "a", "--tag", "y"])
        .ends(4);
    desk.evenhand(&["check", "suite.yaml", "--case", "a", "--tag", "y"])
        .ends(4);
    assert!(desk.runs().is_empty(), "no run is left behind");
}

#[test]
fn five_is_what_could_not_be_evaluated() {
    let gate = "limits: {attempts: 1}\ngates:\n  - {metric: success_rate, min: 0.5}\n";
    // Not one complete reply: no rate is printed, and a bar of 0.5 is not missed but not judged.
    let said = scripted(", faults: {unavailable: 1}", gate)
        .evenhand(&["run", "suite.yaml"])
        .ends(5);
    assert!(
        said.stdout
            .ends_with("exit 5: could not evaluate: a gave not one complete reply\n"),
        "{}",
        said.stdout
    );
    assert!(!said.stdout.contains(" 0 %"), "{}", said.stdout);
    // More missing than is allowed.
    let said = scripted(", faults: {unavailable: 0.3}", gate)
        .evenhand(&["run", "suite.yaml"])
        .ends(5);
    assert!(
        said.stdout
            .contains("of the trials are missing, allowed 5 %"),
        "{}",
        said.stdout
    );
}

#[test]
fn six_is_undecided() {
    let wanted =
        "gates:\n  - {metric: success_rate, against: baseline, max_drop: 0.03}\non_unclear: fail\n";
    let said = losing(2, wanted).evenhand(&["run", "suite.yaml"]).ends(6);
    assert!(said.stdout.contains("UNDECIDED"), "{}", said.stdout);
    // A baseline file that is not there yet is no fault of the suite, and passes nothing.
    let first = "baseline: base.jsonl\ngates:\n  - {metric: success_rate, against: baseline, max_drop: 0.03}\n";
    let desk = recorded(&[("prod", &single((0..40).map(|_| true)))], first);
    let (report, code) = desk.report(&["suite.yaml"]);
    assert_eq!(
        (code, &report["gates"][0]["cause"]),
        (6, &"no_baseline".into())
    );
}

#[test]
fn seven_is_a_run_or_an_output_that_cannot_be_written_or_read() {
    let desk = losing(0, "");
    let said = desk
        .evenhand(&["run", "suite.yaml", "--report", "json=nowhere/x.json"])
        .ends(7);
    assert_eq!(
        said.stderr,
        "error: cannot write the json report to nowhere/x.json: there is no folder nowhere; make it first\n"
    );
    assert!(
        !desk.path().join("runs").exists(),
        "found before anything was called"
    );
    desk.write("runs", "a file where a folder is wanted");
    desk.evenhand(&["run", "suite.yaml"]).ends(7);
    std::fs::remove_file(desk.path().join("runs")).expect("it is there");
    desk.evenhand(&["run", "suite.yaml"]).ends(0);
    let manifest = desk.runs()[0].join("run.json");
    std::fs::write(manifest, "{}").expect("it is there");
    desk.evenhand(&["report", "latest"]).ends(7);
    desk.evenhand(&["show", "latest", "c001"]).ends(7);
    desk.evenhand(&["run", "suite.yaml", "--resume"]).ends(2);
}

#[test]
fn a_full_disk_behind_stdout_is_seven_and_a_closed_pipe_a_quiet_end() {
    let desk = losing(0, "");
    desk.evenhand(&["run", "suite.yaml"]).ends(0);
    for arguments in [
        &["report", "latest"][..],
        &["runs"],
        &["schema", "suite"],
        &["list", "metrics"],
    ] {
        if let Ok(full) = std::fs::File::options().write(true).open("/dev/full") {
            let output = desk
                .command(arguments)
                .stdout(full)
                .output()
                .expect("it starts");
            let said = Said::of(output).ends(7);
            assert!(
                said.stderr.starts_with("error: stdout: "),
                "{}",
                said.stderr
            );
        }
        let mut child = desk
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let said = Said::of(child.wait_with_output().expect("it ends")).ends(0);
        assert_eq!(said.stderr, "", "{arguments:?}");
    }
}

#[test]
fn one_hundred_is_a_failed_gate() {
    let said = losing(20, "gates:\n  - {metric: success_rate, min: 0.8}\n")
        .evenhand(&["run", "suite.yaml"])
        .ends(100);
    assert!(
        said.stdout
            .ends_with("exit 100: a gate failed: success_rate >= 80 % (next)\n"),
        "{}",
        said.stdout
    );
}

#[test]
fn what_could_not_be_evaluated_goes_before_a_failed_gate_and_that_before_an_undecided_one() {
    let gates = "gates:\n  - {metric: success_rate, min: 0.8}\n  - {metric: success_rate, against: baseline, max_drop: 0.21}\non_unclear: fail\n";
    // 20 lost of 100: the bar is missed, the drop undecided.
    let desk = losing(20, gates);
    let (report, code) = desk.report(&["suite.yaml"]);
    let effects: Vec<&serde_json::Value> = report["gates"]
        .as_array()
        .expect("gates")
        .iter()
        .map(|gate| &gate["effect"])
        .collect();
    assert_eq!((code, effects), (100, vec![&100.into(), &6.into()]));
    // The same with 10 of the candidate's outputs gone: too much is missing to say that anything failed.
    let outputs: Vec<String> = desk
        .read("next.jsonl")
        .lines()
        .skip(10)
        .map(|line| format!("{line}\n"))
        .collect();
    desk.write("next.jsonl", outputs.concat());
    desk.evenhand(&["run", "suite.yaml"]).ends(5);
}

#[test]
fn what_only_shows_never_ends_in_the_code_of_a_gate() {
    let desk = losing(20, "gates:\n  - {metric: success_rate, min: 0.8}\n");
    desk.evenhand(&["run", "suite.yaml"]).ends(100);
    for arguments in [
        &["report", "latest"][..],
        &["runs"],
        &["check", "suite.yaml"],
        &["show", "latest", "c070"],
    ] {
        desk.evenhand(arguments).ends(0);
    }
}

/// What wants a flag that may not be there is refused as well, and not left out.
#[test]
fn a_flag_that_would_be_left_out_is_wrong_usage() {
    let desk = Desk::new(&[]);
    for words in [
        "compare latest~1 latest --cluster topic",
        "judge audit tone --model {} --scorer s",
        "judge audit tone --model {} --profile p",
        "judge calibrate tone --model {} --labels l.csv --profile p",
        "judge calibrate tone --model {} --labels l.csv --scorer s",
        "judge calibrate --table t.csv --human a --judge j --verdicts v.csv",
        "judge calibrate --table t.csv --human a --judge j --suite s.yaml",
        "judge calibrate --table t.csv --human a --judge j --model {}",
        "annotate latest --judge tone --no-ties",
        "score latest --outputs o.jsonl",
        "score latest --verdicts v.jsonl",
    ] {
        let said = desk.evenhand(&words.split(' ').collect::<Vec<_>>()).ends(2);
        assert!(
            said.stderr.contains("cannot be used with"),
            "{words}: {}",
            said.stderr
        );
    }
}
