//! `show`, `runs` and `report`: looking at what is there, without changing it.

use crate::cli::Desk;
use crate::suites::{pair, recorded};

fn desk() -> Desk {
    let [prod, next] = pair(3, 1, 1, 1);
    let desk = recorded(&[("prod", &prod), ("next", &next)], "");
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    desk
}

#[test]
fn a_case_is_shown_with_every_target_or_one() {
    let desk = desk();
    insta::assert_snapshot!(
        "a_case",
        desk.evenhand(&["show", "latest", "c004"]).ends(0).screen()
    );
    let one = desk
        .evenhand(&["show", "latest", "c004", "--target", "next"])
        .ends(0);
    assert!(
        one.stdout.contains("next: ") && !one.stdout.contains("prod: "),
        "{}",
        one.stdout
    );
    for (arguments, said) in [
        (
            &["latest", "c04"][..],
            "unknown case `c04`; did you mean `c004`?",
        ),
        (
            &["latest", "else"],
            "no case `else` among the 6 of this run",
        ),
        (
            &["latest", "c004", "--target", "nxt"],
            "unknown target `nxt`; did you mean `next`?",
        ),
        (&["latst", "c004"], "did you mean `latest`?"),
        (
            &["latest~3", "c004"],
            "goes back further than there are runs: 1",
        ),
    ] {
        let failed = desk.evenhand(&[&["show"], arguments].concat()).ends(2);
        assert!(
            failed.stderr.contains(said),
            "{arguments:?}: {}",
            failed.stderr
        );
    }
}

#[test]
fn every_case_id_is_found_by_the_command_that_the_screen_offers() {
    let ids = [
        "two words",
        "it's",
        "-dash",
        "$(touch pwned)",
        "~",
        "ünï",
        "a;b|c&d",
        "\"q\"",
        "--",
        "*",
    ];
    let cases: String = ids
        .iter()
        .map(|id| serde_json::json!({"id": id, "input": "q", "expected": "yes"}).to_string() + "\n")
        .collect();
    let suite = "version: 1\nsuite: s\ndataset: {path: cases.jsonl}\ntargets:\n  - {id: a, kind: scripted, accuracy: 0}\n  - {id: b, kind: scripted}\n\
                 scorers:\n  - {id: right, kind: exact}\n";
    let desk = Desk::new(&[("cases.jsonl", &cases), ("suite.yaml", suite)]);
    let said = desk
        .evenhand(&["run", "suite.yaml", "--runs-dir", "my runs"])
        .ends(0);
    let offered: Vec<&str> = said
        .stderr
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("evenhand show "))
        .collect();
    assert_eq!(offered.len(), ids.len(), "{}", said.stderr);
    for (line, id) in offered.iter().zip(ids) {
        let line = line.replacen("evenhand", env!("CARGO_BIN_EXE_evenhand"), 1);
        let mut shell = std::process::Command::new("sh");
        let output = shell
            .args(["-c", &line])
            .current_dir(desk.path())
            .output()
            .expect("a shell");
        let shown = crate::cli::Said::of(output).ends(0);
        assert!(
            shown.stdout.contains(&format!("case {id}")) && !shown.stdout.contains("b: "),
            "{line}\n{}",
            shown.stdout
        );
    }
    assert!(!desk.path().join("pwned").exists());
}

#[test]
fn runs_are_listed_and_none_are_said() {
    let desk = desk();
    insta::assert_snapshot!(
        "the_list_of_runs",
        desk.evenhand(&["runs"]).ends(0).screen()
    );
    let none = desk.evenhand(&["runs", "--runs-dir", "elsewhere"]).ends(0);
    assert_eq!(
        (none.stdout.as_str(), none.stderr.as_str()),
        ("", "no runs in elsewhere; make one: evenhand run SUITE\n")
    );
    let id = desk.runs()[0]
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name")
        .to_owned();
    desk.evenhand(&["report", &id]).ends(0);
    desk.evenhand(&["report", &id[..15]]).ends(0);
    desk.evenhand(&["report", &format!("runs/{id}")]).ends(0);
    desk.evenhand(&["report", "support"]).ends(0);
}

#[test]
fn the_same_record_gives_the_same_bytes_wherever_they_go() {
    let desk = desk();
    for kind in ["terminal", "markdown", "json", "csv", "junit"] {
        let asked = format!("{kind}=-");
        let once = desk
            .evenhand(&["report", "latest", "--report", &asked])
            .ends(0);
        let again = desk
            .evenhand(&["report", "latest", "--format", kind])
            .ends(0);
        desk.evenhand(&["report", "latest", "--report", &format!("{kind}=out"), "-q"])
            .ends(0);
        assert_eq!(once.stdout, again.stdout, "{kind}");
        assert_eq!(once.stdout, desk.read("out"), "{kind}");
        assert!(!once.stdout.is_empty() && once.stderr.is_empty(), "{kind}");
    }
    let kept = desk.runs()[0].join("reports/report.json");
    let kept = std::fs::read_to_string(kept).expect("every run keeps one");
    assert_eq!(
        kept,
        desk.evenhand(&["report", "latest", "--format", "json"])
            .stdout
    );
}
