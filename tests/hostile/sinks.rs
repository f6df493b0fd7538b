//! Every place where text leaves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use evenhand::funnel::csv_text;
use serde_json::Value as Json;

use crate::binary::{Bench, EVENHAND, Ended, Running};
use crate::corpus::{case_id, texts};
use crate::sources::{RUNS, SHARE, outside_with_program, scripted};
use crate::texts::{
    commands_no_runner, is_no_formula, is_openmetrics, is_xml, marks_nothing_up,
    steers_no_terminal, strings, variables,
};

/// All reports, by kind.
const KINDS: &[&str] = &[
    "terminal",
    "json",
    "csv",
    "junit",
    "markdown",
    "github-summary",
    "github-annotations",
    "github-output",
    "openmetrics",
    "html",
];

/// Runs the suite of the bench into a folder far down.
fn run(bench: &Bench, more: &[&str]) -> Ended {
    let ended =
        bench.evenhand(&[&["run", "suite.yaml", "-vvv", "--runs-dir", RUNS], more].concat());
    assert!(
        [0, 5, 6, 100].contains(&ended.code()),
        "{}\n{}",
        ended.stdout,
        ended.stderr
    );
    ended
}

/// The folder of the latest run.
fn latest(bench: &Bench) -> PathBuf {
    let entries = std::fs::read_dir(bench.at(RUNS)).expect("a folder of runs");
    let mut runs: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    runs.sort();
    runs.pop().expect("a run")
}

fn both(ended: &Ended) -> String {
    format!("{}\n{}", ended.stdout, ended.stderr)
}

/// What every verb prints, and every report, of a run of these cases.
fn looked_at(bench: &Bench, cases: &[String]) {
    let place = ["--runs-dir", RUNS];
    for verb in [
        &["check", "suite.yaml"][..],
        &["runs"],
        &["compare", "latest"],
    ] {
        let said = bench.evenhand(&[verb, &place].concat());
        steers_no_terminal(&both(&said));
    }
    for case in cases {
        let said =
            bench.evenhand(&[&["show", "latest"], &place[..], &["--full", "--", case]].concat());
        assert_eq!(said.code(), 0, "{case:?}: {}", said.stderr);
        steers_no_terminal(&both(&said));
    }
    let listed = bench.evenhand(&["list", "reports"]).stdout;
    let listed: BTreeSet<&str> = listed
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let to: Vec<String> = KINDS
        .iter()
        .flat_map(|kind| ["--report".to_owned(), format!("{kind}=report.{kind}")])
        .collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    bench
        .evenhand(&[&["report", "latest", "-q"], &place[..], &to].concat())
        .expect(0);
    for kind in KINDS {
        assert!(listed.contains(kind), "{kind} is in {listed:?}");
        let report = std::fs::read_to_string(bench.at(&format!("report.{kind}")));
        report_is_text(kind, &report.expect("a report is text"), cases);
    }
}

/// The report holds what it is about, and nothing that its reader would act on.
fn report_is_text(kind: &str, report: &str, cases: &[String]) {
    match kind {
        "terminal" => steers_no_terminal(report),
        "json" => {
            serde_json::from_str::<Json>(report).expect("JSON");
        }
        "csv" => {
            let mut table = csv::Reader::from_reader(report.as_bytes());
            let mut read = BTreeSet::new();
            for record in table.records() {
                let record = record.expect("CSV");
                record.iter().for_each(is_no_formula);
                read.insert(csv_text(&record[0]).to_owned());
            }
            assert_eq!(
                read,
                cases.iter().cloned().collect(),
                "every case is there as it is called"
            );
        }
        "junit" => {
            is_xml(report);
            let parsed = quick_junit::Report::deserialize_from_str(report).expect("JUnit");
            assert_eq!(parsed.tests % cases.len(), 0);
        }
        "markdown" | "github-summary" => {
            marks_nothing_up(report);
            assert!(report.len() < 1 << 20);
        }
        "github-annotations" => {
            for line in report.lines() {
                let ours = ["::error ", "::warning ", "::notice "];
                assert!(ours.iter().any(|kind| line.starts_with(kind)), "{line:?}");
                assert_eq!(line.matches("::").count().min(2), 2, "{line:?}");
            }
            assert!(report.lines().count() <= 33);
        }
        "github-output" => {
            let read = variables(report);
            let keys: BTreeSet<&str> = read.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(keys.len(), read.len(), "no key twice");
            assert!(
                keys.contains("exit_code") && !keys.contains("b"),
                "{keys:?}"
            );
        }
        "openmetrics" => is_openmetrics(report),
        "html" => is_page(report, cases),
        other => panic!("no rule for {other}"),
    }
}

/// A page whose only scripts are its own, with every case in its data as it is called.
fn is_page(report: &str, cases: &[String]) {
    let count = |of: &str| report.matches(of).count();
    assert_eq!((count("<script"), count("</script>")), (2, 2));
    for live in ["<img", "<!--", "-->", "<iframe", "javascript:alert(1)\""] {
        assert!(!report.contains(live), "{live}");
    }
    let (_, island) = report.split_once("id=\"data\">").expect("an island");
    let (island, _) = island.split_once("</script>").expect("its end");
    let data: Json = serde_json::from_str(island).expect("the island is JSON");
    let listed = data["index"]["cases"].as_array().expect("a list of cases");
    let listed: BTreeSet<&str> = listed.iter().filter_map(|one| one[0].as_str()).collect();
    assert_eq!(listed, cases.iter().map(String::as_str).collect());
}

/// The run keeps every text exactly, under names that every system takes.
fn kept_exactly(bench: &Bench, wanted: &[String]) {
    let mut found = BTreeSet::new();
    let folder = latest(bench);
    for file in ["events.jsonl", "cases.jsonl"] {
        let text = std::fs::read_to_string(folder.join(file)).expect("it is UTF-8");
        for line in text.lines() {
            let json: Json = serde_json::from_str(line).expect("a line is JSON");
            strings(&json, &mut found);
        }
    }
    for text in wanted {
        assert!(
            found.contains(text),
            "{:?} is kept",
            text.chars().take(60).collect::<String>()
        );
    }
    named_soberly(&bench.at(RUNS));
    assert!(!bench.at("escaped").exists() && !bench.at("deep/escaped").exists());
    let above = std::fs::read_dir(bench.at("deep"))
        .expect("a folder")
        .count();
    assert_eq!(above, 1, "nothing was written beside the runs");
}

fn named_soberly(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        assert!(
            name.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b)),
            "{name:?}"
        );
        assert!(name.len() <= 120, "{name}");
        if entry.path().is_dir() {
            named_soberly(&entry.path());
        }
    }
}

#[test]
fn names_questions_answers_and_judgements_stay_text_everywhere() {
    let texts = texts();
    for share in 0..texts.len() / SHARE {
        let bench = scripted(share);
        let mine: Vec<String> = texts[share * SHARE..][..SHARE].to_vec();
        let cases: Vec<String> = (share * SHARE..)
            .zip(&mine)
            .map(|(n, text)| case_id(n, text))
            .collect();
        let ended = run(&bench, &[]);
        steers_no_terminal(&both(&ended));
        looked_at(&bench, &cases);
        kept_exactly(&bench, &mine);
    }
}

#[test]
fn what_endpoints_and_programs_say_stays_text_everywhere() {
    let (bench, server) = outside_with_program();
    let texts = texts();
    let cases: Vec<String> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| case_id(n, text))
        .collect();
    let tape = "ta\u{1b}[2Jpe \u{202e}::error::<b>.jsonl";
    let ended = run(&bench, &["--record", tape, "--color", "always"]);
    steers_no_terminal(&both(&ended));
    assert!(bench.at(tape).is_file());
    assert_eq!(
        server.log().len(),
        2 * texts.len(),
        "each is asked for once"
    );
    looked_at(&bench, &cases);
    kept_exactly(&bench, &texts);
    // What is answered from the recording is what was answered then.
    let outputs = |folder: &Path| -> BTreeSet<String> {
        let text = std::fs::read_to_string(folder.join("events.jsonl")).expect("a journal");
        let mut found = BTreeSet::new();
        for line in text
            .lines()
            .filter(|line| line.contains("\"event\":\"trial_finished\""))
        {
            let json: Json = serde_json::from_str(line).expect("JSON");
            strings(&json["transcript"]["output"], &mut found);
        }
        found
    };
    let first = outputs(&latest(&bench));
    let again = run(&bench, &["--replay", tape, "--target", "said"]);
    steers_no_terminal(&both(&again));
    assert_eq!(
        server.log().len(),
        2 * texts.len(),
        "a replay calls nothing"
    );
    let replayed = outputs(&latest(&bench));
    assert!(
        replayed.len() >= texts.len() && replayed.is_subset(&first),
        "{}",
        replayed.len()
    );
}

#[test]
fn no_runner_is_commanded_by_what_is_printed_in_its_log() {
    let mut bench = scripted(2);
    bench.set("GITHUB_ACTIONS", "true");
    let place = ["--runs-dir", RUNS];
    let ours = |text: &str| -> String {
        let ours = |line: &&str| !line.starts_with("::") || !line.contains("title=evenhand");
        text.split_inclusive('\n').filter(ours).collect()
    };
    let ended = run(&bench, &[]);
    commands_no_runner(&ended.stdout);
    commands_no_runner(&ours(&ended.stderr));
    for kind in KINDS.iter().filter(|kind| **kind != "github-annotations") {
        let said = bench.evenhand(&[&["report", "latest", "--format", kind], &place[..]].concat());
        commands_no_runner(&said.stdout);
        commands_no_runner(&said.stderr);
    }
}

#[test]
fn a_terminal_is_steered_by_no_progress_line() {
    // A terminal of its own, where there is a tool that makes one.
    let bench = scripted(0);
    let shell = format!("'{EVENHAND}' run suite.yaml --runs-dir {RUNS} --color never");
    let mut command = bench.command("script", &["-qec", &shell, "screen.txt"]);
    command
        .env("TERM", "xterm")
        .env("COLUMNS", "80")
        .env("LINES", "24");
    let Ok(child) = command.stdin(std::process::Stdio::null()).spawn() else {
        println!("there is no `script` here to make a terminal");
        return;
    };
    drop(child.wait_with_output());
    let screen = std::fs::read(bench.at("screen.txt")).expect("what was on the screen");
    let screen = String::from_utf8_lossy(&screen).into_owned();
    // Ours: carriage returns, clearing a line, moving up over lines of ours, hiding and showing the cursor.
    let ours = regex::Regex::new(
        "\u{1b}\\[([0-9]*[ABKJG]|\\?25[lh]|[0-9;]*m)|\r|^Script[^\n]*|\nScript[^\n]*",
    )
    .expect("a pattern");
    let rest = ours.replace_all(&screen, "");
    steers_no_terminal(&rest);
    assert!(!rest.contains("\u{1b}[2J"), "{rest:?}");
    assert!(rest.contains("gone"), "the answers were on it: {rest}");
}

#[test]
fn half_a_character_is_refused_with_its_place() {
    // JSON can name half a character; no text can hold it.
    let bench = scripted(0);
    bench.write(
        "cases.jsonl",
        "{\"id\": \"a\", \"input\": \"q\", \"expected\": \"x\"}\n{\"id\": \"b\", \"input\": \"\\ud800\", \"expected\": \"x\"}\n",
    );
    let said = bench.evenhand(&["check", "suite.yaml"]).expect(3);
    assert!(said.stderr.contains("cases.jsonl:2"), "{}", said.stderr);
    Running::new(bench.command(EVENHAND, &["run", "suite.yaml"]))
        .end()
        .expect(3);
    assert!(bench.runs().is_empty());
}
