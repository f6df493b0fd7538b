//! The bundled quickstart, as a new user runs it: offline, from its recording, to exit code 0; and the README shows what it prints.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The binary in a folder of its own, at 100 columns, with an environment that holds nothing.
fn evenhand(folder: &Path, arguments: &[&str]) -> Output {
    run(
        Command::new(env!("CARGO_BIN_EXE_evenhand")),
        folder,
        arguments,
    )
}

fn run(mut command: Command, folder: &Path, arguments: &[&str]) -> Output {
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("what is printed is UTF-8")
}

/// What differs from run to run: the run's name, with its date.
fn without_names(screen: &str) -> String {
    let mut out = String::new();
    for line in screen.lines() {
        let mut line = line.to_owned();
        while let Some(at) = line.find("runs/20") {
            let end = line[at + 5..]
                .find('/')
                .map_or(line.len(), |slash| at + 5 + slash);
            line.replace_range(at..end, "runs/RUN");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn suite() -> String {
    root()
        .join("datasets/quickstart/suite.yaml")
        .display()
        .to_string()
}

#[test]
fn it_runs_whole_from_its_recording_and_passes_its_gates() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = evenhand(
        folder.path(),
        &[
            "run",
            &suite(),
            "--report",
            "json=r.json",
            "--report",
            "junit=r.xml",
            "--report",
            "csv=r.csv",
        ],
    );
    let screen = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{screen}\n{}",
        text(&output.stderr)
    );
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("r.json")).expect("a report"))
            .expect("it is JSON");
    for target in report["targets"].as_array().expect("targets") {
        assert_eq!(target["trials"], target["completed"], "{target}");
        assert_eq!(target["unscored"], 0, "{target}");
        assert_eq!(target["metrics"]["success_rate"]["coverage"], 1.0);
    }
    assert_eq!(report["comparisons"][0]["metric"], "success_rate");
    assert_eq!(report["judges"][0]["calibration"], "uncalibrated");
    assert!(screen.contains("uncalibrated"), "{screen}");
    let rows = std::fs::read_to_string(folder.path().join("r.csv"))
        .expect("rows")
        .lines()
        .count();
    assert_eq!(
        rows as u64,
        1 + 2 * report["design"]["cases"].as_u64().expect("cases")
    );
}

#[test]
fn its_name_is_enough_and_the_same_record_gives_the_same_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut reports = Vec::new();
    for name in ["a.json", "b.json"] {
        let output = evenhand(
            folder.path(),
            &["run", "quickstart", "--report", &format!("json={name}")],
        );
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let bytes = std::fs::read(folder.path().join(name)).expect("a report");
        let mut report: serde_json::Value = serde_json::from_slice(&bytes).expect("it is JSON");
        report.as_object_mut().expect("an object").remove("run");
        reports.push(report);
    }
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn it_needs_no_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let may = Command::new("unshare")
        .args(["-rn", "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !may {
        println!("skipped: no network namespace can be made here");
        return;
    }
    let mut command = Command::new("unshare");
    command.args(["-rn", env!("CARGO_BIN_EXE_evenhand")]);
    let output = run(command, folder.path(), &["run", &suite()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn the_readme_shows_what_it_prints() {
    let folder = tempfile::tempdir().expect("a folder");
    // As the README types it, from the folder above.
    let there = folder.path().join("datasets/quickstart");
    std::fs::create_dir_all(&there).expect("a folder");
    for entry in std::fs::read_dir(root().join("datasets/quickstart")).expect("the pack") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), there.join(entry.file_name())).expect("a copy");
    }
    let output = evenhand(folder.path(), &["run", "datasets/quickstart/suite.yaml"]);
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let screen = without_names(&text(&output.stdout));
    let block = screen.trim_end();
    assert!(
        without_names(&readme).contains(block),
        "the README does not show this:\n{block}"
    );
    let shown = readme
        .split("evenhand show latest ")
        .nth(1)
        .and_then(|rest| rest.lines().next())
        .expect("a case");
    let arguments: Vec<&str> = ["show", "latest"]
        .into_iter()
        .chain(shown.split(' '))
        .collect();
    let output = evenhand(folder.path(), &arguments);
    let screen = text(&output.stdout);
    assert!(
        readme.contains(screen.trim_end()),
        "the README does not show this:\n{screen}"
    );
}

#[test]
fn the_readme_shows_its_judge_held_against_the_answer_key_and_corrected() {
    let folder = tempfile::tempdir().expect("a folder");
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let type_in = |arguments: &str| {
        let command = format!("evenhand {arguments}");
        assert!(
            readme.contains(&command),
            "the README does not say {command}"
        );
        evenhand(folder.path(), &arguments.split(' ').collect::<Vec<_>>())
    };
    let shows = |block: &str| {
        assert!(
            readme.contains(block),
            "the README does not show this:\n{block}"
        );
    };
    type_in("init evals --pack quickstart");
    type_in("run evals/suite.yaml");
    let output = type_in("judge calibrate correctness --suite evals/suite.yaml --outputs latest");
    assert_eq!(output.status.code(), Some(100), "{}", text(&output.stderr));
    let screen = text(&output.stdout);
    shows(screen.trim_end());
    let said = screen.to_lowercase();
    assert!(!said.contains("human"), "no person labelled these answers");
    let report = text(&type_in("report latest").stdout);
    let lines: Vec<&str> = report.lines().collect();
    let at = |start: &str| {
        let at = lines.iter().position(|line| line.contains(start));
        at.unwrap_or_else(|| panic!("no line with {start}:\n{report}"))
    };
    let rows = at("agrees >= 0.5  ");
    shows(&lines[rows..rows + 2].join("\n"));
    let difference = at("agrees >= 0.5 +");
    shows(&lines[difference..difference + 2].join("\n"));
}
