//! The same five cases again and again, each time with one more system call that goes wrong or kills, until none is left that could.
//! The faults come from outside (`strace --inject`), so that the program under test is the one that users have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::Value as Json;

use super::binary::{Bench, EVENHAND, Ended, Running};
use super::fault_server::FaultServer;
use super::{calling, can, echo, requests};

/// More calls of one kind than a run of five cases makes.
const ENDLESS: u32 = 200;
const CASES: u64 = 5;
/// How long an answer takes: long against the journal's batches, so that each answer is written by itself, also on a busy machine.
const BETWEEN: Duration = Duration::from_millis(20);

/// Whether faults can be injected here; says so where not.
fn injects(bench: &Bench) -> bool {
    let probe = [
        "-f",
        "-o",
        "/dev/null",
        "-e",
        "inject=fsync:error=EIO:when=9999",
        "true",
    ];
    can(bench, "strace", &probe)
}

/// Runs evenhand with a fault planned: how it ended, and the calls that met the fault as strace wrote them down.
fn with_fault(bench: &Bench, fault: &str, arguments: &[&str]) -> (Ended, Vec<String>) {
    faulty(bench, &[], fault, arguments)
}

/// The same for calls about one file alone; it must be there.
fn with_fault_at(
    bench: &Bench,
    file: &Path,
    fault: &str,
    arguments: &[&str],
) -> (Ended, Vec<String>) {
    let file = file.to_str().expect("a path of this test");
    faulty(bench, &["-P", file], fault, arguments)
}

fn faulty(bench: &Bench, only: &[&str], fault: &str, arguments: &[&str]) -> (Ended, Vec<String>) {
    let inject = format!("inject={fault}");
    let call = fault.split(':').next().expect("a fault names its call");
    let traced = format!("trace={call}");
    let strace = [
        "-f",
        "-y",
        "-o",
        "strace.log",
        "-e",
        "signal=none",
        "-e",
        &traced,
        "-e",
        &inject,
        EVENHAND,
    ];
    let ended = Running::new(bench.command("strace", &[only, &strace, arguments].concat())).end();
    let log = std::fs::read_to_string(bench.at("strace.log")).expect("strace has written");
    let met = log.lines().filter(|line| line.ends_with("(INJECTED)"));
    (ended, met.map(str::to_owned).collect())
}

/// A suite of five cases that are asked one after the other.
fn five(server: &FaultServer) -> Bench {
    let bench = calling(server, usize::try_from(CASES).expect("a small number"));
    let suite = std::fs::read_to_string(bench.at("suite.yaml")).expect("the suite reads");
    bench.write(
        "suite.yaml",
        &suite.replace("concurrency: 8", "concurrency: 1"),
    );
    bench
}

/// What a call that met its fault was about: a file of the run, a stream, or something of the program's own.
fn place(call: &str) -> String {
    for file in [
        "events.jsonl",
        "run.json",
        "cases.jsonl",
        "suite.yaml",
        "report.json",
        "report.md",
        ".gitignore",
        "reports",
    ] {
        if call.contains(file) {
            return file.to_owned();
        }
    }
    let after = call.split_once('(').map_or("", |(_, after)| after);
    match after {
        _ if call.contains("eventfd") || call.contains("socket:") => "wake-up".to_owned(),
        _ if after.starts_with("1<") => "stdout".to_owned(),
        _ if after.starts_with("2<") => "stderr".to_owned(),
        _ if call.contains("/runs") || call.contains("\"runs") => "runs".to_owned(),
        _ => after.to_owned(),
    }
}

/// The one target of the kept report, without the times that were measured.
fn settled(bench: &Bench) -> Json {
    let target = &bench.report()["targets"][0];
    serde_json::json!([
        target["trials"],
        target["completed"],
        target["errors"],
        target["metrics"]["success_rate"]
    ])
}

/// Prompts whose answer is in the journal.
fn answered(bench: &Bench) -> BTreeSet<String> {
    let lines = bench.events("trial_finished");
    let answers = lines
        .iter()
        .filter(|line| line["outcome"]["state"] == "answered");
    answers
        .filter_map(|line| line["transcript"]["output"].as_str().map(str::to_owned))
        .collect()
}

/// Brings a run to its end, whatever state it is in: a run that there is goes on, and where there is none a new one begins.
fn completed(bench: &Bench, server: &FaultServer, what: &str) {
    let (before, asked) = (server.counts(), requests(server));
    let is_there = !bench.runs().is_empty();
    let (kept, arguments): (_, &[&str]) = match is_there {
        true => (answered(bench), &["run", "suite.yaml", "--retry", "errors"]),
        false => (BTreeSet::new(), &["run", "suite.yaml"]),
    };
    let ended = bench.evenhand(arguments);
    let said = format!("{what}\n{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(ended.code(), 0, "{said}");
    assert_eq!(bench.report()["run"]["status"], "complete", "{said}");
    let left = CASES - kept.len() as u64;
    assert_eq!(
        requests(server),
        asked + left,
        "only what has no answer is asked: {said}"
    );
    let now = server.counts();
    for prompt in &kept {
        assert_eq!(
            now[prompt], before[prompt],
            "`{prompt}` was asked again: {said}"
        );
    }
}

/// Plans a fault at the first, second ... call of this kind until a run ends without meeting it. Answers the places that met it.
fn sweep(
    call: &str,
    fault: &str,
    check: impl Fn(&Bench, &FaultServer, Ended, &str, &str),
) -> BTreeMap<String, u32> {
    let mut places: BTreeMap<String, u32> = BTreeMap::new();
    for nth in 1..ENDLESS {
        let server = echo(BETWEEN);
        let bench = five(&server);
        let what = format!("{call}:{fault}:when={nth}");
        let (ended, met) = with_fault(&bench, &what, &["run", "suite.yaml"]);
        if met.is_empty() && ended.code() == 0 {
            return places;
        }
        let place = met.first().map_or("killed".to_owned(), |call| place(call));
        *places.entry(place.clone()).or_default() += 1;
        check(&bench, &server, ended, &what, &place);
    }
    panic!("{call}: more than {ENDLESS} calls");
}

#[test]
fn whatever_call_fails_no_run_claims_to_be_done_and_every_run_can_be_completed() {
    let server = echo(Duration::ZERO);
    let probe = five(&server);
    if !injects(&probe) {
        return;
    }
    let reference = five(&server);
    reference.evenhand(&["run", "suite.yaml"]).expect(0);
    let expected = settled(&reference);
    let check = |bench: &Bench, server: &FaultServer, ended: Ended, what: &str, place: &str| {
        // Waking itself up is no matter of files: it cannot fail outside of this test.
        let code = ended.code();
        let said = format!(
            "{what} at {place}: exit {code}\n{}\n{}",
            ended.stdout, ended.stderr
        );
        if place != "wake-up" {
            // What is said on stderr is nobody's result.
            assert_eq!(code, if place == "stderr" { 0 } else { 7 }, "{said}");
            assert!(!ended.stderr.contains("panicked"), "{said}");
        }
        if code == 7 {
            let words = match what.contains("ENOSPC") {
                true => "No space left on device",
                false => "Input/output error",
            };
            assert!(ended.stderr.contains(words), "{said}");
        }
        if place == "events.jsonl" {
            for words in ["events.jsonl", "are kept", "stopped at once", "--resume="] {
                assert!(ended.stderr.contains(words), "`{words}`: {said}");
            }
        }
        let folders = std::fs::read_dir(bench.at("runs")).map_or(0, |entries| {
            entries
                .flatten()
                .filter(|entry| entry.path().is_dir())
                .count()
        });
        assert_eq!(
            folders,
            bench.runs().len(),
            "what is no run is not left behind: {said}"
        );
        completed(bench, server, &said);
        assert_eq!(settled(bench), expected, "{said}");
        let left: Vec<_> = std::fs::read_dir(bench.run())
            .expect("the run is there")
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(".tmp"))
            .collect();
        assert!(left.is_empty(), "{left:?}: {said}");
    };
    let mut met: BTreeSet<String> = BTreeSet::new();
    for (call, fault) in [
        ("write", "error=ENOSPC"),
        ("fsync", "error=EIO"),
        ("fdatasync", "error=EIO"),
        ("rename", "error=EIO"),
        ("mkdir", "error=ENOSPC"),
    ] {
        let places = sweep(call, fault, check);
        println!("{call}:{fault}: {places:?}");
        assert!(!places.is_empty(), "{call}: no run met the fault");
        met.extend(places.into_keys());
    }
    for place in [
        "cases.jsonl",
        "run.json",
        "events.jsonl",
        "report.json",
        "report.md",
        "stdout",
    ] {
        assert!(met.contains(place), "{place} is not among {met:?}");
    }
}

#[test]
fn killed_at_whatever_call_a_run_is_completed_without_paying_for_what_it_had() {
    let server = echo(Duration::ZERO);
    if !injects(&five(&server)) {
        return;
    }
    let check = |bench: &Bench, server: &FaultServer, ended: Ended, what: &str, _: &str| {
        assert_eq!(
            ended.code(),
            128 + 9,
            "{what}\n{}\n{}",
            ended.stdout,
            ended.stderr
        );
        let asked = requests(server);
        completed(bench, server, what);
        // One in flight and those that finished in the journal's last 10 ms: one, save where the machine is very busy.
        assert!(
            requests(server) <= CASES + 4,
            "{what}: {asked} asked before, {} in all",
            requests(server)
        );
        assert_eq!(settled(bench)[1], CASES, "{what}");
    };
    for call in ["write", "fsync", "fdatasync", "rename", "mkdir"] {
        let places = sweep(call, "signal=KILL", check);
        println!("{call}: {places:?}");
        assert!(
            places.values().sum::<u32>() >= 1,
            "{call}: nothing was killed"
        );
    }
}

#[test]
fn a_journal_that_fails_at_any_call_once_or_for_ever_stops_the_run_and_keeps_what_it_has() {
    let server = echo(BETWEEN);
    let bench = five(&server);
    if !injects(&bench) {
        return;
    }
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let expected = settled(&bench);
    // A file is found by its path only where that is known: the run is there already, with nothing done yet.
    let journal = bench.journal();
    let mut failed = BTreeMap::new();
    for (call, fault, code) in [
        ("write", "error=ENOSPC", 7),
        ("fdatasync", "error=EIO", 7),
        ("write", "signal=KILL", 137),
        ("fdatasync", "signal=KILL", 137),
    ] {
        for often in ["", "+"] {
            for nth in 1..ENDLESS {
                std::fs::write(&journal, "").expect("the journal can be emptied");
                let what = format!("{call}:{fault}:when={nth}{often}");
                let asked = requests(&server);
                let arguments = ["run", "suite.yaml", "--resume"];
                let (ended, met) = with_fault_at(&bench, &journal, &what, &arguments);
                if met.is_empty() && ended.code() == 0 {
                    break;
                }
                *failed.entry((call, fault)).or_insert(0) += 1;
                let done = bench.events("trial_finished").len() as u64;
                let asked = requests(&server) - asked;
                let ended = ended.expect(code);
                assert!(asked <= done + 4, "{what}: {done} kept, {asked} asked");
                if code == 7 {
                    for words in ["events.jsonl", "are kept", "stopped at once", "--resume="] {
                        assert!(ended.stderr.contains(words), "{what}: {}", ended.stderr);
                    }
                }
                completed(&bench, &server, &what);
                assert_eq!(settled(&bench), expected, "{what}");
            }
        }
    }
    println!("{failed:?}");
    assert!(failed.len() == 4, "{failed:?}");
}

#[test]
fn a_run_that_is_killed_at_each_further_write_gets_there_all_the_same() {
    let server = echo(BETWEEN);
    let bench = five(&server);
    if !injects(&bench) {
        return;
    }
    let mut kills = 0;
    for nth in 1..ENDLESS {
        let fault = format!("write:signal=KILL:when={nth}");
        let mut arguments = vec!["run", "suite.yaml"];
        if !bench.runs().is_empty() {
            arguments.push("--resume");
        }
        let (ended, _) = with_fault(&bench, &fault, &arguments);
        if ended.code() == 0 {
            break;
        }
        assert_eq!(
            ended.code(),
            128 + 9,
            "{fault}\n{}\n{}",
            ended.stdout,
            ended.stderr
        );
        kills += 1;
    }
    println!(
        "{kills} kills, {} requests for {CASES} cases",
        requests(&server)
    );
    assert!(kills > 5, "{kills} kills");
    assert_eq!(bench.report()["run"]["status"], "complete");
    assert_eq!(settled(&bench)[1], CASES);
}

#[test]
fn a_baseline_that_cannot_be_replaced_is_the_old_one_to_the_last_byte() {
    let bench = Bench::new(
        "version: 1\nsuite: blessed\nseed: 7\ndataset: {path: cases.jsonl}\nbaseline: base.jsonl\n\
         targets:\n  - {id: agent, kind: scripted, accuracy: 0.5, latency_ms: 1}\nscorers:\n  - {id: same, kind: exact}\n\
         gates:\n  - {metric: success_rate, against: baseline, max_drop: 0.9}\n",
    );
    bench.write("cases.jsonl", &super::cases(30, 0));
    if !injects(&bench) {
        return;
    }
    bench.evenhand(&["run", "suite.yaml"]).expect(6);
    bench.evenhand(&["bless", "latest"]).expect(0);
    let read = || std::fs::read_to_string(bench.at("base.jsonl")).expect("the baseline reads");
    let old = read();
    // Another seed, other answers: the new file differs from the old one.
    std::fs::remove_dir_all(bench.at("runs")).expect("runs can be removed");
    bench.evenhand(&["run", "suite.yaml", "--seed", "8"]);
    let mut failed = 0;
    for (call, fault) in [
        ("write", "error=ENOSPC"),
        ("fsync", "error=EIO"),
        ("rename", "error=EIO"),
        ("write", "signal=KILL"),
        ("fsync", "signal=KILL"),
        ("rename", "signal=KILL"),
    ] {
        for nth in 1..ENDLESS {
            bench.write("base.jsonl", &old);
            let what = format!("{call}:{fault}:when={nth}");
            let (ended, met) = with_fault(&bench, &what, &["bless", "latest", "--force"]);
            let now = read();
            if met.is_empty() && ended.code() == 0 {
                assert_ne!(now, old, "nothing failed, so it was replaced");
                break;
            }
            failed += 1;
            let whole = now == old || now.lines().count() == old.lines().count();
            assert!(whole, "{what}: {} of {} bytes", now.len(), old.len());
            let on_file = !met
                .first()
                .is_some_and(|call| matches!(place(call).as_str(), "stdout" | "stderr"));
            if on_file && !fault.contains("signal") {
                assert_eq!(
                    ended.code(),
                    7,
                    "{what}\n{}\n{}",
                    ended.stdout,
                    ended.stderr
                );
                // A folder that does not confirm may hold the new name already.
                assert!(now == old || call == "fsync", "{what}");
            }
            bench.evenhand(&["report", "latest"]);
        }
    }
    println!("{failed} places to fail");
    assert!(failed >= 6, "{failed}");
}
