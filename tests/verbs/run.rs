//! `run`: what goes to which stream, and what is kept.

use crate::cli::Desk;
use crate::suites::{pair, recorded};

fn desk() -> Desk {
    let [prod, next] = pair(20, 4, 2, 4);
    recorded(
        &[("prod", &prod), ("next", &next)],
        "gates:\n  - {metric: success_rate, min: 0.5}\n",
    )
}

#[test]
fn the_result_is_on_stdout_and_the_talk_on_stderr() {
    let desk = desk();
    let said = desk.evenhand(&["run", "suite.yaml"]).ends(0);
    insta::assert_snapshot!("a_run", said.screen());
    let quiet = desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    assert_eq!(quiet.stderr, "");
    assert_eq!(
        crate::cli::frozen(&quiet.stdout),
        crate::cli::frozen(&said.stdout)
    );
}

#[test]
fn exactly_one_document_goes_to_stdout_and_files_get_the_rest() {
    let desk = desk();
    let said = desk
        .evenhand(&[
            "run",
            "suite.yaml",
            "-q",
            "--format",
            "json",
            "--report",
            "junit=junit.xml",
            "--report",
            "csv=rows.csv",
        ])
        .ends(0);
    let report: serde_json::Value = serde_json::from_str(&said.stdout).expect("one JSON document");
    assert_eq!(report["schema_version"], 1);
    assert_eq!(desk.read("rows.csv").lines().count(), 1 + 2 * 30);
    assert!(desk.read("junit.xml").starts_with("<?xml"));
    let two = desk
        .evenhand(&["run", "suite.yaml", "--format", "json", "--report", "csv=-"])
        .ends(2);
    assert_eq!(
        two.stderr,
        "error: only one report can go to stdout; give the others a file\n"
    );
}

#[test]
fn nothing_on_a_pipe_is_coloured_unless_it_is_asked_for() {
    let desk = desk();
    let escapes = |arguments: &[&str]| {
        let output = desk
            .command(arguments)
            .env_remove("NO_COLOR")
            .output()
            .expect("it starts");
        let said = crate::cli::Said::of(output).ends(0);
        (
            said.stdout.contains('\u{1b}'),
            said.stderr.contains('\u{1b}'),
        )
    };
    assert_eq!(escapes(&["run", "suite.yaml"]), (false, false));
    assert_eq!(
        escapes(&["run", "suite.yaml", "--color", "never"]),
        (false, false)
    );
    assert_eq!(
        escapes(&["--color", "always", "run", "suite.yaml"]),
        (true, false)
    );
}

#[test]
fn the_same_suite_and_seed_give_the_same_report() {
    let desk = Desk::new(&[]);
    desk.evenhand(&["init"]).ends(0);
    let without_run = |arguments: &[&str]| {
        let (mut report, _) = desk.report(arguments);
        report.as_object_mut().expect("an object").remove("run");
        report
    };
    let first = without_run(&["suite.yaml"]);
    assert_eq!(first, without_run(&["suite.yaml", "--concurrency", "1"]));
    assert_ne!(first, without_run(&["suite.yaml", "--seed", "2"]));
}

#[test]
fn a_part_of_a_suite_is_run_and_said_to_be_one() {
    let desk = desk();
    let said = desk
        .evenhand(&[
            "run",
            "suite.yaml",
            "-q",
            "--case",
            "c001",
            "--case",
            "c002",
            "--target",
            "next",
        ])
        .ends(0);
    assert!(
        said.stdout.contains("2 cases x 1 target"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout
            .contains("WARNING  only a part of the suite: --case c001 --case c002 --target next"),
        "{}",
        said.stdout
    );
}
