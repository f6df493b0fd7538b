//! Stopped and continued: what was answered meanwhile counts, nothing ran out of time that was not given any.

use std::time::{Duration, Instant};

use serde_json::json;

use super::binary::Bench;
use super::cases;
use super::fault_server::{FaultServer, Mishap, Script};

/// Stops the run once this holds, for longer than its time-out, and lets it go on; its figures.
fn stopped(bench: &Bench, begun: impl Fn() -> bool) -> serde_json::Value {
    let mut running = bench.start(&["run", "suite.yaml"]);
    assert!(running.until(begun));
    running.signal("STOP");
    let end = Instant::now() + Duration::from_secs(6);
    while Instant::now() < end {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    running.signal("CONT");
    running.end().expect(0);
    bench.report()["targets"][0].clone()
}

#[test]
fn a_model_that_answered_while_we_were_stopped_has_not_run_out_of_time() {
    let server = FaultServer::start(Script {
        shares: vec![(1.0, Mishap::Slow(Duration::from_millis(1_500)))],
        ..Script::default()
    });
    let url = server.base_url();
    let bench = Bench::new(&format!(
        "version: 1\nsuite: paused\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: chat, base_url: \"{url}\", model: m}}\n\
         scorers:\n  - {{id: says, kind: contains, any: [word]}}\nlimits: {{timeout: 4s, attempts: 1}}\n"
    ));
    bench.write("cases.jsonl", &cases(3));
    let target = stopped(&bench, || server.counts().len() == 3);
    assert_eq!(
        (&target["errors"], &target["completed"]),
        (&json!({}), &3.into())
    );
    let p50 = &target["metrics"]["latency_p50_ms"];
    assert!(
        p50["point"].as_f64().is_none_or(|ms| ms < 5_000.0),
        "no time that was not the agent's: {p50}"
    );
}

#[test]
fn an_agent_that_answered_while_we_were_stopped_has_not_failed() {
    let bench = Bench::new(
        "version: 1\nsuite: paused\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: command, command: [sh, agent.sh]}\n\
         scorers:\n  - {id: says, kind: contains, any: [word]}\nlimits: {timeout: 4s}\n",
    );
    bench.write(
        "agent.sh",
        "read -r line\n: > begun/$$\nsleep 1.5\necho '{\"output\":\"word\"}'\n",
    );
    std::fs::create_dir(bench.at("begun")).expect("a folder can be made");
    bench.write("cases.jsonl", &cases(3));
    let begun = || std::fs::read_dir(bench.at("begun")).map_or(0, Iterator::count) == 3;
    let target = stopped(&bench, begun);
    assert_eq!(
        (
            &target["agent_failures"],
            &target["metrics"]["says"]["passed"]
        ),
        (&json!({}), &3.into())
    );
}
