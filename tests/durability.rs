//! A run against all that can happen to it: kills, torn and damaged files, full disks, second processes, changed files, signals.

mod support {
    #[expect(dead_code, reason = "these tests name no variables")]
    pub(crate) mod binary;
    #[expect(
        dead_code,
        reason = "these tests count requests and need no more of the server"
    )]
    pub(crate) mod fault_server;
}

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use support::binary::{Bench, EVENHAND, Running};
use support::fault_server::{FaultServer, Mishap, Script};

/// Cases whose expected answer is their own input, save that every `wrong`th expects another.
fn cases(count: usize, wrong: usize) -> String {
    (0..count)
        .map(|index| {
            let expected = if wrong > 0 && index % wrong == 0 { "other".to_owned() } else { format!("word {index}") };
            format!("{{\"id\":\"c{index:03}\",\"input\":\"word {index}\",\"expected\":\"{expected}\",\"tags\":[\"t{}\"]}}\n", index % 3)
        })
        .collect()
}

/// A server that answers every prompt with itself after a while.
fn echo(latency: Duration) -> FaultServer {
    FaultServer::start(Script {
        shares: vec![(1.0, Mishap::Slow(latency))],
        ..Script::default()
    })
}

const SCORING: &str = "
scorers:
  - {id: same, kind: exact}
  - {id: short, kind: length, max_chars: 8}
gates:
  - {metric: success_rate, min: 0.5}
";

fn calling(server: &FaultServer, count: usize) -> Bench {
    let url = server.base_url();
    let bench = Bench::new(&format!(
        "version: 1\nsuite: endures\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: chat, base_url: \"{url}\", model: m}}\n{SCORING}limits: {{concurrency: 8}}\n"
    ));
    bench.write("cases.jsonl", &cases(count, 10));
    bench
}

fn requests(server: &FaultServer) -> u64 {
    server.counts().values().sum()
}

/// A sequence of numbers that is the same every time (a linear congruential generator, Knuth's MMIX constants).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The outcome lines that are whole, by the input of their case.
fn finished(bench: &Bench) -> BTreeSet<String> {
    let text = |line: &Json| line["transcript"]["output"].as_str().map(str::to_owned);
    bench
        .events("trial_finished")
        .iter()
        .filter_map(text)
        .collect()
}

#[test]
fn twenty_kills_repeat_no_journaled_trial_and_few_others() {
    const CASES: u64 = 500;
    const KILLS: u64 = 20;
    const SLOTS: u64 = 8;
    // A slot that needs so long for an answer has at most one that finished in the journal's last 10 ms.
    let server = echo(Duration::from_millis(40));
    let bench = calling(&server, usize::try_from(CASES).expect("a small number"));
    let mut draws = Seeded(20_261_122);
    let mut lost = Vec::new();
    // How often each prompt had been asked when its outcome was first seen in the journal.
    let mut journaled: BTreeMap<String, u64> = BTreeMap::new();
    for kill in 0..KILLS {
        let target = requests(&server) + 1 + draws.below(CASES / KILLS);
        let arguments: &[&str] = if kill == 0 {
            &["run", "suite.yaml"]
        } else {
            &["run", "suite.yaml", "--resume"]
        };
        let mut running = bench.start(arguments);
        assert!(
            running.until(|| requests(&server) >= target),
            "it ended before its kill"
        );
        running.kill().expect(128 + 9);
        let asked = server.counts();
        for prompt in finished(&bench) {
            let count = asked[&prompt];
            journaled.entry(prompt).or_insert(count);
        }
        lost.push(
            asked
                .keys()
                .filter(|prompt| !journaled.contains_key(*prompt))
                .count() as u64,
        );
    }
    let resumed = bench
        .evenhand(&["run", "suite.yaml", "--resume"])
        .expect(0)
        .said("going on with");
    let asked = server.counts();
    for (prompt, count) in &journaled {
        assert_eq!(
            asked[prompt], *count,
            "{prompt} was in the journal and was asked again"
        );
    }
    assert_eq!(asked.len() as u64, CASES);
    let repeats = requests(&server) - CASES;
    println!("{repeats} of {CASES} requests repeated over {KILLS} kills; lost at each: {lost:?}");
    // In flight: one a slot. Finished in the journal's last 10 ms: one a slot at most. On a busy machine a single kill may cost more.
    assert!(
        repeats <= KILLS * 2 * SLOTS,
        "{repeats} repeats, lost at each kill: {lost:?}"
    );

    let uninterrupted = calling(&server, usize::try_from(CASES).expect("a small number"));
    let whole = uninterrupted.evenhand(&["run", "suite.yaml"]).expect(0);
    assert_eq!(resumed.code(), whole.code());
    let counts = |bench: &Bench| {
        let target = bench.report()["targets"][0].clone();
        (
            target["trials"].clone(),
            target["completed"].clone(),
            target["errors"].clone(),
            target["stopped"].clone(),
            target["metrics"]["success_rate"].clone(),
        )
    };
    assert_eq!(counts(&bench), counts(&uninterrupted));
    assert_eq!(bench.report()["run"]["status"], "complete");
    assert_eq!(bench.report()["run"]["resumed"], true);
}

const SCRIPTED: &str = "version: 1
suite: endures
seed: 7
dataset: {path: cases.jsonl}
targets:
  - {id: prod, kind: scripted, accuracy: 0.8, sleep: true, latency_ms: {median: 20, spread: 0.5}, tokens: {input: 10, output: 5}, price: {input: 1, output: 2}}
  - {id: next, kind: scripted, accuracy: 0.85, sleep: true, latency_ms: {median: 20, spread: 0.5}, faults: {unavailable: 0.02}}
scorers:
  - {id: same, kind: exact}
  - id: opinion
    kind: judge
    judge: helpfulness
    model: {kind: scripted, sleep: true, latency_ms: 5, answers: [{contains: \"word 1\", answer: \"no idea\"}], answer: '{\"reasoning\": \"fine\", \"verdict\": 4}'}
success: [same]
gates:
  - {metric: success_rate, min: 0.5}
  - {metric: success_rate, against: baseline, max_drop: 0.1}
limits: {concurrency: 8, max_error_rate: 0.5}
allow_uncalibrated: true
";

/// The kept JSON report, byte for byte, without its `run` object.
fn report_without_run(bench: &Bench) -> String {
    let text = std::fs::read_to_string(bench.run().join("reports/report.json"))
        .expect("the run keeps a report");
    let begin = text.find("\n  \"run\": {").expect("a run object");
    let end = begin + text[begin..].find("\n  },").expect("its end");
    format!("{}{}", &text[..begin], &text[end..])
}

#[test]
fn a_run_killed_twenty_times_reports_what_an_uninterrupted_one_does() {
    let whole = Bench::new(SCRIPTED);
    whole.write("cases.jsonl", &cases(150, 7));
    let ended = whole.evenhand(&["run", "suite.yaml"]);
    let bench = Bench::new(SCRIPTED);
    bench.write("cases.jsonl", &cases(150, 7));
    let mut draws = Seeded(7);
    let mut resumed = bench.start(&["run", "suite.yaml"]);
    for kill in 0..20 {
        let size = || std::fs::metadata(bench.journal()).map_or(0, |file| file.len());
        if kill == 0 {
            // The folder has its name only once the run is whole.
            assert!(resumed.until(|| !bench.runs().is_empty()));
        }
        let target = size() + 1 + draws.below(12_000);
        assert!(
            resumed.until(|| size() >= target),
            "it ended before kill {kill}"
        );
        resumed.kill().expect(128 + 9);
        resumed = bench.start(&["run", "suite.yaml", "--resume"]);
    }
    assert_eq!(resumed.end().code(), ended.code(), "{}", ended.stdout);
    let (one, other) = (report_without_run(&bench), report_without_run(&whole));
    let differing: Vec<(&str, &str)> = one
        .lines()
        .zip(other.lines())
        .filter(|(one, other)| one != other)
        .collect();
    assert!(one == other, "{differing:#?}");
}

/// A small run with one unscored trial among its four, finished.
fn small() -> Bench {
    let bench = Bench::new(
        "version: 1\nsuite: small\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: scripted, latency_ms: 10, accuracy: 0.7}\n\
         scorers:\n  - {id: same, kind: exact}\ngates:\n  - {metric: success_rate, min: 0.1}\nlimits: {concurrency: 1}\n",
    );
    bench.write("cases.jsonl", &cases(4, 0));
    bench
}

/// A byte-for-byte copy of a bench's run in a bench of its own.
fn copied(bench: &Bench, journal: &[u8]) -> Bench {
    let copy = small();
    let run = bench.run();
    let to = copy
        .at("runs")
        .join(run.file_name().expect("a run has a name"));
    std::fs::create_dir_all(&to).expect("a folder can be made");
    for name in ["run.json", "cases.jsonl", "suite.yaml"] {
        std::fs::copy(run.join(name), to.join(name)).expect("a file can be copied");
    }
    std::fs::write(to.join("events.jsonl"), journal).expect("a file can be written");
    copy
}

/// Line ends in the bytes: where each line begins, and where the last one ends.
fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let ends = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends).collect()
}

#[test]
fn a_journal_torn_at_any_byte_of_its_last_record_goes_on() {
    let bench = small();
    let whole = bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let expected = report_without_run(&bench);
    let bytes = std::fs::read(bench.journal()).expect("the journal reads");
    let starts = line_starts(&bytes);
    // The last record of a trial: what follows (what was spent, the end of the run) is cut off whole.
    let text = String::from_utf8(bytes.clone()).expect("a journal is text");
    let last = text
        .lines()
        .collect::<Vec<_>>()
        .iter()
        .rposition(|line| line.starts_with("{\"event\":\"scored\""))
        .expect("a score");
    let (begin, end) = (starts[last], starts[last + 1]);
    assert!(whole.stdout.contains("exit 0"));
    for length in begin..end {
        let torn = copied(&bench, &bytes[..length]);
        let resumed = torn.evenhand(&["run", "suite.yaml", "--resume"]).expect(0);
        if length > begin && length < end - 1 {
            let words = format!("half a line ({} bytes at {begin})", length - begin);
            assert!(
                resumed.stderr.contains(&words),
                "{length}: {}",
                resumed.stderr
            );
        }
        assert_eq!(report_without_run(&torn), expected, "torn at byte {length}");
        let lines = std::fs::read_to_string(torn.journal()).expect("the journal reads");
        assert!(
            lines
                .lines()
                .all(|line| serde_json::from_str::<Json>(line).is_ok()),
            "torn at byte {length}"
        );
        // Its reply was there: only its score is made again.
        assert_eq!(
            torn.events("trial_finished").len(),
            4,
            "torn at byte {length}"
        );
    }
}

#[test]
fn a_flipped_byte_costs_its_trial_and_is_counted_and_said() {
    let bench = small();
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let expected = bench.report()["targets"].clone();
    let bytes = std::fs::read(bench.journal()).expect("the journal reads");
    let starts = line_starts(&bytes);
    let mut draws = Seeded(3);
    // In the second trial: its reply, its score, and the line end between them.
    for (line, offset) in [(3, None), (4, None), (3, Some(0)), (4, Some(0))] {
        let (begin, end) = (starts[line], starts[line + 1]);
        let at = match offset {
            None => {
                begin + usize::try_from(draws.below((end - begin) as u64)).expect("a small number")
            }
            Some(_) => end - 1,
        };
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x04;
        let copy = copied(&bench, &damaged);
        // Before it is taken up again, its report says what is missing.
        let shown = copy.evenhand(&["report", "latest", "--report", "json=-"]);
        assert!(
            shown.stdout.contains("damaged"),
            "{}\n{}",
            shown.stdout,
            shown.stderr
        );
        copy.evenhand(&["run", "suite.yaml", "--resume"])
            .expect(0)
            .said("damaged line");
        assert_eq!(copy.report()["targets"], expected, "byte {at}");
        let warnings = copy.report()["warnings"].to_string();
        assert!(warnings.contains("damaged line"), "{warnings}");
        let kept = std::fs::read(copy.journal()).expect("the journal reads");
        assert!(kept.starts_with(&damaged), "the journal only grows");
        copy.evenhand(&["run", "suite.yaml", "--resume"])
            .expect(0)
            .said("already complete");
    }
}

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

/// Whether a program can be had here; says so where not.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn can(bench: &Bench, program: &str, arguments: &[&str]) -> bool {
    let done = bench
        .command(program, arguments)
        .output()
        .is_ok_and(|output| output.status.success());
    if !done {
        println!(
            "skipped: `{program} {}` is not possible here",
            arguments.join(" ")
        );
    }
    done
}

#[test]
fn a_full_disk_stops_the_run_at_once_and_it_goes_on_when_there_is_room() {
    let server = echo(Duration::from_millis(5));
    let bench = calling(&server, 200);
    std::fs::create_dir(bench.at("runs")).expect("a folder can be made");
    if !can(
        &bench,
        "unshare",
        &[
            "-m",
            "mount",
            "-t",
            "tmpfs",
            "-o",
            "size=256k",
            "none",
            "runs",
        ],
    ) {
        return;
    }
    // The mount is gone with the last process of its own namespace.
    let script = format!(
        "mount -t tmpfs -o size=256k none runs || exit 90\n\
         head -c 150000 /dev/zero > runs/filler\n\
         '{EVENHAND}' run suite.yaml 2> full.err > full.out; echo $? > full.code\n\
         cp runs/*/events.jsonl kept.jsonl; rm runs/filler; touch room\n\
         while [ ! -e counted ]; do sleep 0.01; done\n\
         exec '{EVENHAND}' run suite.yaml --resume --report json=report.json\n"
    );
    let mut running = Running::new(bench.command("unshare", &["-m", "sh", "-c", &script]));
    assert!(running.until(|| bench.at("room").exists()));
    let read =
        |name: &str| std::fs::read_to_string(bench.at(name)).expect("a file that was written");
    let said = read("full.err");
    assert_eq!(read("full.code").trim(), "7", "{said}");
    for words in [
        "No space left on device",
        "are kept",
        "stopped at once",
        "run suite.yaml --resume=",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let kept = read("kept.jsonl")
        .lines()
        .filter(|line| line.starts_with("{\"event\":\"trial_finished\"") && line.ends_with('}'))
        .count() as u64;
    let asked = requests(&server);
    println!("{kept} trials kept of {asked} asked");
    assert!(kept > 20 && asked < 200, "{kept} kept, {asked} asked");
    assert!(
        asked <= kept + 2 * 8,
        "{kept} kept, {asked} asked: it went on without a journal"
    );
    bench.write("counted", "");
    running.end().expect(0).said("going on with");
    assert!(requests(&server) <= 200 + asked - kept);
    let report: Json = serde_json::from_str(&read("report.json")).expect("the report is JSON");
    assert_eq!(report["targets"][0]["completed"], 200);
}

#[test]
fn a_cassette_that_cannot_be_written_stops_the_run_before_more_is_paid_for() {
    let server = echo(Duration::from_millis(5));
    let bench = calling(&server, 200);
    std::fs::create_dir(bench.at("tapes")).expect("a folder can be made");
    if !can(
        &bench,
        "unshare",
        &[
            "-m", "mount", "-t", "tmpfs", "-o", "size=64k", "none", "tapes",
        ],
    ) {
        return;
    }
    let script = format!(
        "mount -t tmpfs -o size=64k none tapes || exit 90\n\
         '{EVENHAND}' run suite.yaml --record tapes/tape.jsonl 2> full.err > full.out; echo $? > full.code\n\
         mount -o remount,size=1m tapes || exit 91; : > room\n\
         while [ ! -e counted ]; do sleep 0.01; done\n\
         '{EVENHAND}' run suite.yaml --resume --record tapes/tape.jsonl; code=$?; cp tapes/tape.jsonl tape.jsonl; exit $code\n"
    );
    let mut running = Running::new(bench.command("unshare", &["-m", "sh", "-c", &script]));
    assert!(running.until(|| bench.at("room").exists()));
    let said = std::fs::read_to_string(bench.at("full.err")).expect("what was said");
    let code = std::fs::read_to_string(bench.at("full.code")).expect("a code");
    assert_eq!(code.trim(), "7", "{said}");
    for words in [
        "tape.jsonl",
        "No space left on device",
        "run suite.yaml --resume=",
    ] {
        assert!(said.contains(words), "`{words}` is not in: {said}");
    }
    let (kept, asked) = (bench.events("trial_finished"), requests(&server));
    assert!(
        kept.iter()
            .all(|line| line["outcome"]["state"] == "answered")
    );
    let kept = kept.len() as u64;
    println!("{kept} trials kept of {asked} asked");
    assert!(
        kept > 10 && asked <= kept + 2 * 8,
        "{kept} kept, {asked} asked"
    );
    bench.write("counted", "");
    running.end().expect(0);
    assert_eq!(bench.report()["targets"][0]["completed"], 200);
    // What was recorded in two parts replays whole.
    let asked = requests(&server);
    std::fs::remove_dir_all(bench.run()).expect("a run can be removed");
    bench
        .evenhand(&["run", "suite.yaml", "--replay", "tape.jsonl"])
        .expect(0);
    assert_eq!(requests(&server), asked);
}

#[test]
fn a_disk_that_cannot_confirm_stops_the_run_wherever_that_happens() {
    let suite = "version: 1\nsuite: syncs\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: scripted, sleep: true, latency_ms: 20}\n\
         scorers:\n  - {id: same, kind: exact}\nlimits: {concurrency: 1}\n";
    if !can(
        &Bench::new(suite),
        "strace",
        &[
            "-f",
            "-o",
            "/dev/null",
            "-e",
            "inject=fsync:error=EIO:when=9999",
            "true",
        ],
    ) {
        return;
    }
    // The journal is confirmed once a second and at its end: a run of two seconds meets both.
    for (call, count) in [("fsync", 10), ("fdatasync", 100)] {
        let mut failed = 0;
        for nth in 1..50 {
            let bench = Bench::new(suite);
            bench.write("cases.jsonl", &cases(count, 0));
            let inject = format!("inject={call}:error=EIO:when={nth}");
            let arguments = [
                "-f",
                "-o",
                "/dev/null",
                "-e",
                "signal=none",
                "-e",
                &inject,
                EVENHAND,
                "run",
                "suite.yaml",
            ];
            let ended = Running::new(bench.command("strace", &arguments)).end();
            if ended.code() == 0 {
                // No call was left to fail.
                break;
            }
            failed += 1;
            let ended = ended.expect(7).said("Input/output error");
            let Some(run) = bench.runs().first().cloned() else {
                bench.evenhand(&["run", "suite.yaml"]).expect(0);
                continue;
            };
            let done = bench.events("trial_finished").len();
            if call == "fdatasync" && nth == 1 {
                assert!(done < count, "{done} trials: it went on");
                ended.said("are kept").said("--resume=");
            }
            let id = run
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            bench
                .evenhand(&["run", "suite.yaml", &format!("--resume={id}")])
                .expect(0);
            assert_eq!(
                bench.report()["targets"][0]["completed"],
                count,
                "{call} {nth}"
            );
            assert_eq!(
                bench.events("trial_finished").len(),
                count,
                "{call} {nth}: what was in the journal is not done again"
            );
        }
        println!("{call}: {failed} places to fail");
        assert!((1..49).contains(&failed), "{call}: {failed} places to fail");
    }
}

/// Agents that say when they begin, and wait for the file `go`.
fn patient_agents() -> Bench {
    let bench = Bench::new(
        "version: 1\nsuite: signals\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: command, command: [sh, agent.sh]}\n\
         scorers:\n  - {id: same, kind: exact}\nlimits: {concurrency: 3}\n",
    );
    bench.write("agent.sh", "read -r line\n: > begun/$$\nwhile [ ! -e go ]; do sleep 0.02; done\necho '{\"output\":\"word\"}'\n");
    std::fs::create_dir(bench.at("begun")).expect("a folder can be made");
    bench.write("cases.jsonl", &cases(12, 0));
    bench
}

/// The process ids of the agents that have begun.
fn begun(bench: &Bench) -> Vec<String> {
    let entries = std::fs::read_dir(bench.at("begun")).expect("the folder is there");
    entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// The agents that still run: not ended, and not dead and waiting to be waited for.
fn alive(bench: &Bench) -> Vec<String> {
    let stat =
        |pid: &String| std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let is_alive = |pid: &String| stat(pid).contains("(sh)") && !stat(pid).contains("(sh) Z");
    begun(bench).into_iter().filter(is_alive).collect()
}

#[test]
fn a_first_signal_lets_what_is_under_way_end_and_says_how_to_go_on() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 143)] {
        let bench = patient_agents();
        let mut running = bench.start(&["run", "suite.yaml", "--report", "json=report.json"]);
        assert!(running.until(|| begun(&bench).len() == 3));
        running.signal(signal);
        running.until_said("nothing more is started");
        bench.write("go", "");
        let ended = running.end().expect(code);
        let id = bench
            .run()
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        ended
            .printed(&format!(
                "evenhand run suite.yaml --report json=report.json --resume={id}"
            ))
            .printed(&format!("exit {code}"));
        assert_eq!(
            begun(&bench).len(),
            3,
            "{signal}: nothing more was launched"
        );
        assert_eq!(alive(&bench), Vec::<String>::new());
        let report = bench.report();
        assert_eq!(report["run"]["status"], "interrupted");
        assert_eq!(
            (
                &report["targets"][0]["completed"],
                &report["targets"][0]["stopped"]
            ),
            (&3.into(), &9.into())
        );
        assert!(bench.at("report.json").exists());
        bench
            .evenhand(&["run", "suite.yaml", &format!("--resume={id}")])
            .expect(0);
        assert_eq!(begun(&bench).len(), 12, "{signal}: each was launched once");
        assert_eq!(bench.report()["run"]["status"], "complete");
    }
}

#[test]
fn a_second_signal_ends_the_run_and_its_agents_now() {
    let bench = patient_agents();
    let mut running = bench.start(&["run", "suite.yaml"]);
    assert!(running.until(|| begun(&bench).len() == 3));
    running.signal("INT");
    running.until_said("nothing more is started");
    running.signal("INT");
    running
        .end()
        .expect(130)
        .said("stopping now")
        .printed("--resume=");
    assert_eq!(alive(&bench), Vec::<String>::new());
    assert_eq!(
        (begun(&bench).len(), bench.events("trial_finished").len()),
        (3, 0)
    );
    assert_eq!(bench.report()["run"]["status"], "interrupted");
    bench.write("go", "");
    bench.evenhand(&["run", "suite.yaml", "--resume"]).expect(0);
    assert_eq!(bench.report()["targets"][0]["completed"], 12);
}

#[test]
fn agents_end_with_a_killed_harness() {
    let bench = patient_agents();
    let mut running = bench.start(&["run", "suite.yaml"]);
    assert!(running.until(|| begun(&bench).len() == 3));
    running.kill().expect(128 + 9);
    let end = Instant::now() + Duration::from_secs(30);
    while !alive(&bench).is_empty() {
        assert!(Instant::now() < end, "{:?} live on", alive(&bench));
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
