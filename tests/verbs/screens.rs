//! Screens as they really are, from scripted and recorded targets.

use std::io::Read;
use std::process::Stdio;

use crate::cli::{Desk, Said, frozen};
use crate::suites::{pair, recorded};

/// A suite whose answers take a while, so that it can be stopped on its way.
fn slow(more: &str) -> Desk {
    let cases = crate::suites::cases(400, |_| String::new());
    let suite = format!(
        "version: 1\nsuite: slow\nseed: 1\ndataset: {{path: cases.jsonl}}\ntargets:\n\
         \x20 - {{id: a, kind: scripted, accuracy: 0.8, latency_ms: 50, sleep: true}}\n\
         scorers:\n  - {{id: right, kind: exact}}\nlimits: {{concurrency: 1}}\n{more}"
    );
    Desk::new(&[("cases.jsonl", &cases), ("suite.yaml", &suite)])
}

#[test]
fn a_failing_gate() {
    let [prod, next] = pair(150, 6, 26, 18);
    let gates = "gates:\n  - {metric: success_rate, min: 0.85}\n  - {metric: success_rate, against: baseline, max_drop: 0.03}\n";
    let said = recorded(&[("prod", &prod), ("next", &next)], gates)
        .evenhand(&["run", "suite.yaml", "-q"])
        .ends(100);
    insta::assert_snapshot!(said.screen());
}

#[test]
fn an_undecided_gate_with_what_it_needs() {
    let [prod, next] = pair(166, 5, 9, 20);
    let gates = "gates:\n  - {metric: success_rate, against: baseline, max_drop: 0.03}\n";
    let said = recorded(&[("prod", &prod), ("next", &next)], gates)
        .evenhand(&["run", "suite.yaml", "-q"])
        .ends(0);
    assert!(said.stdout.contains("about 508 cases"), "{}", said.stdout);
    insta::assert_snapshot!(said.screen());
}

#[test]
fn a_failing_case() {
    let [prod, next] = pair(4, 0, 2, 1);
    let desk = recorded(&[("prod", &prod), ("next", &next)], "");
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    insta::assert_snapshot!(desk.evenhand(&["show", "latest", "c005"]).ends(0).screen());
}

/// Sends a signal by the shell's own `kill`.
fn signal(name: &str, pid: u32) {
    let mut kill = std::process::Command::new("sh");
    let status = kill
        .args(["-c", &format!("kill -{name} {pid}")])
        .status()
        .expect("a shell");
    assert!(status.success());
}

#[test]
fn an_interrupted_run_says_how_to_go_on_and_that_command_ends_it() {
    let desk = slow("gates:\n  - {metric: success_rate, min: 0.5}\n");
    let mut child = desk
        .command(&["run", "suite.yaml", "--limit", "40"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // The first failing case on stderr: the run is under way, and far from its end.
    let mut stderr = child.stderr.take().expect("a pipe");
    let mut heard = vec![0; 4];
    stderr
        .read_exact(&mut heard)
        .expect("a first failure is told");
    signal("INT", child.id());
    stderr.read_to_end(&mut heard).expect("stderr ends");
    let mut said = Said::of(child.wait_with_output().expect("it ends")).ends(130);
    said.stderr = String::from_utf8(heard).expect("UTF-8");
    assert!(
        said.stderr.contains("stopping: nothing more is started"),
        "{}",
        said.stderr
    );
    // How far it came depends on the machine; what it says of it does not.
    let screen = frozen(&said.stdout);
    let told: Vec<String> = screen
        .lines()
        .filter(|line| {
            ["INTERRUPTED", "next", "exit", "  evenhand", "          ("]
                .iter()
                .any(|begin| line.starts_with(begin))
        })
        .map(|line| {
            regex::Regex::new(r"\b\d+ of 40")
                .expect("a pattern")
                .replace(line, "SOME of 40")
                .into_owned()
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));

    let command = said
        .stdout
        .lines()
        .find_map(|line| line.find("evenhand run ").map(|at| &line[at..]));
    let command = command
        .expect("a command to go on")
        .split("   (")
        .next()
        .expect("a command")
        .to_owned();
    let line = command.replacen("evenhand", env!("CARGO_BIN_EXE_evenhand"), 1);
    let mut shell = std::process::Command::new("sh");
    let output = shell
        .args(["-c", &line])
        .current_dir(desk.path())
        .env("NO_COLOR", "1")
        .output()
        .expect("a shell");
    let resumed = Said::of(output).ends(0);
    assert!(
        resumed.stderr.contains("of 40 trials are settled"),
        "{}",
        resumed.stderr
    );
    assert!(
        resumed.stdout.ends_with("exit 0: all gates passed\n"),
        "{}",
        resumed.stdout
    );

    // The resumed run says what an uninterrupted one says.
    let report = |address: &str| -> serde_json::Value {
        let said = desk
            .evenhand(&["report", address, "--format", "json"])
            .ends(0);
        let mut report: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
        report.as_object_mut().expect("an object").remove("run");
        report
    };
    let resumed = report("latest");
    desk.evenhand(&["run", "suite.yaml", "-q", "--limit", "40"])
        .ends(0);
    assert_eq!(resumed, report("latest"));
    // Once more: nothing is left to do, and the gates decide the exit as before.
    let again = desk
        .evenhand(&["run", "suite.yaml", "--resume", "--limit", "40"])
        .ends(0);
    assert!(
        again
            .stderr
            .contains("is already complete: nothing is called"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_run_is_not_gone_on_with_by_other_cases() {
    let desk = slow("");
    desk.evenhand(&["run", "suite.yaml", "-q", "--limit", "3"])
        .ends(0);
    let said = desk.evenhand(&["run", "suite.yaml", "--resume"]).ends(3);
    assert!(
        said.stderr.contains("(it was begun with --limit 3)"),
        "{}",
        said.stderr
    );
}

#[test]
fn failing_cases_are_told_as_they_come_and_no_more_than_twenty() {
    let [prod, next] = pair(0, 0, 15, 15);
    let said = recorded(&[("prod", &prod), ("next", &next)], "")
        .evenhand(&["run", "suite.yaml"])
        .ends(0);
    insta::assert_snapshot!(frozen(&said.stderr));
}
