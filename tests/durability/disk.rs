//! Disks that are full or cannot confirm.

use std::time::Duration;

use serde_json::Value as Json;

use super::binary::{Bench, EVENHAND, Running};
use super::{calling, can, cases, echo, requests};

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
