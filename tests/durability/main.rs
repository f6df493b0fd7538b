//! A run against all that can happen to it: kills, torn and damaged files, full disks, power cuts, second processes, changed files.

#[path = "../support/binary.rs"]
#[expect(dead_code, reason = "these tests name no variables")]
mod binary;
#[path = "../support/fault_server.rs"]
#[expect(
    dead_code,
    reason = "these tests count requests and need no more of the server"
)]
mod fault_server;

mod cassettes;
mod disk;
mod journal;
mod kills;
mod memory;
mod power_cut;
mod resume;
mod sweeps;

use std::time::Duration;

use binary::Bench;
use fault_server::{FaultServer, Mishap, Script};

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
