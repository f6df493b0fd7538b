//! The daily loop, with the whole program: what an edit costs in calls, by the log of the server that is called.

#[path = "../support/binary.rs"]
#[expect(dead_code, reason = "these tests let runs end by themselves")]
mod binary;
#[path = "../support/fault_server.rs"]
#[expect(dead_code, reason = "these tests read the log")]
mod fault_server;

mod golden;
mod only;
mod quarantine;
mod reuse;
mod score;

use std::collections::BTreeMap;
use std::path::Path;

use binary::Bench;
use fault_server::{Answer, FaultServer, Script};
use serde_json::Value as Json;

/// The judge's reply that grades everything 4.
const GRADED: &str = "Reasons.\n\n```verdict\n4\n```";

/// A server on which every model repeats what it is asked, and a judge that finds everything good.
fn server(script: Script) -> FaultServer {
    let judge = Answer {
        contains: "Grade it".into(),
        text: GRADED.into(),
        tokens: Vec::new(),
    };
    let mut script = script;
    script.answers.push(judge);
    FaultServer::start(script)
}

fn judge(question: &str) -> String {
    format!(
        "---\nname: mine\nversion: 1\nmode: pointwise\nverdict: text\nscale: 1..5\npass: \">= 4\"\ninputs: [input, output]\nquestion: \"{question}\"\n---\nGrade it.\n\n{{{{ input }}}}\n\n{{{{ output }}}}\n"
    )
}

/// Two targets and a judge, each with a model of its own to be told apart by; `more` are further lines.
fn suite(server: &FaultServer, next_prompt: &str, more: &str) -> String {
    let url = server.base_url();
    let target = |id: &str, prompt: &str| {
        format!(
            "  - {{id: {id}, kind: chat, base_url: \"{url}\", model: m-{id}, prompt: \"{prompt}\", price: {{input: 1, output: 1}}}}\n"
        )
    };
    format!(
        "version: 1\nsuite: daily\nseed: 7\ndataset: {{path: cases.jsonl}}\ntargets:\n{}{}\
         scorers:\n  - {{id: same, kind: exact}}\n\
         \x20 - {{id: good, kind: judge, judge: judge.md, model: {{kind: chat, base_url: \"{url}\", model: m-judge}}}}\n\
         limits: {{attempts: 1, concurrency: 1}}\nsuccess: [same]\nallow_uncalibrated: true\n{more}",
        target("prod", "{{ input }}"),
        target("next", next_prompt),
    )
}

/// Cases of which each wants to hear its own question.
fn cases(ids: &[&str]) -> String {
    ids.iter()
        .map(|id| format!("{{\"id\":\"{id}\",\"input\":\"say {id}\",\"expected\":\"say {id}\"}}\n"))
        .collect()
}

const SIX: &[&str] = &["c1", "c2", "c3", "c4", "c5", "c6"];

/// The two targets over six cases, run once.
fn run_once(script: Script) -> (Bench, FaultServer) {
    let server = server(script);
    let bench = Bench::new(&suite(&server, "{{ input }}", ""));
    bench.write("cases.jsonl", &cases(SIX));
    bench.write("judge.md", &judge("How good is it?"));
    bench.evenhand(&["run", "suite.yaml"]);
    (bench, server)
}

/// Calls since `since` requests had come, by model.
fn calls(server: &FaultServer, since: usize) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for request in server.log().into_iter().skip(since) {
        let model = request.body["model"].as_str().expect("a model").to_owned();
        *calls.entry(model).or_insert(0) += 1;
    }
    calls
}

fn counted(calls: &[(&str, usize)]) -> BTreeMap<String, usize> {
    calls
        .iter()
        .map(|(model, count)| ((*model).to_owned(), *count))
        .collect()
}

/// The latest run's directory.
fn latest(bench: &Bench) -> std::path::PathBuf {
    let mut runs = bench.runs();
    let created = |path: &std::path::PathBuf| {
        let manifest = json(&path.join("run.json"));
        manifest["created_ms"].as_u64().expect("a time")
    };
    runs.sort_by_key(created);
    runs.pop().expect("a run")
}

fn id(run: &Path) -> String {
    let name = run.file_name().expect("a name");
    name.to_str().expect("UTF-8").to_owned()
}

fn json(path: &Path) -> Json {
    let text = std::fs::read_to_string(path).expect("a file reads");
    serde_json::from_str(&text).expect("a file is JSON")
}

/// The JSON report that the latest run keeps.
fn report(bench: &Bench) -> Json {
    json(&latest(bench).join("reports/report.json"))
}
