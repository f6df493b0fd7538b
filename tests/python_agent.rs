//! The agent that people copy, `examples/agent.py`, as a program and behind HTTP: a thousand cases each, some of which make it hang,
//! crash, flood, and leave children behind. Every state is as planned, and afterwards nothing of it runs.

mod support {
    #[expect(dead_code, reason = "these tests let runs end by themselves")]
    pub(crate) mod binary;
}

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use support::binary::Bench;

/// The agent as it stands in the repository.
const AGENT: &str = include_str!("../examples/agent.py");

/// The same agent, led astray by the first word of what it is asked.
const ASTRAY: &str = r#"
import json, os, signal, subprocess, sys, time
import agent

sane = agent.answer

def nap(**more):
    return subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, **more)

def answer(asked):
    word = asked["input"].split()[0]
    if word == "hang":
        time.sleep(600)
    if word == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if word == "crash":
        raise RuntimeError("crashed as planned")
    if word == "exit":
        os._exit(3)
    if word == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "garbage":
        return "no object"
    if word == "flood":
        return {"output": "x" * (1 << 20)}
    if word == "chatter":
        sys.stderr.write("words " * 100000)
    if word == "setsid":
        nap(start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if word == "daemon" and os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for known in range(3):
                os.dup2(null, known)
            os.execvp("sleep", ["sleep", "600"])
        os._exit(0)
    if word == "clinging":
        nap()
    if word == "sorry":
        return {"error": {"kind": "unavailable", "message": "no tools today", "retry": False}}
    return sane(asked)

agent.answer = answer
agent.main()
"#;

/// How a case is to end: its state, and the kind of failure or fault.
type Planned = (&'static str, &'static str);

const ANSWERED: Planned = ("answered", "");

/// What a program is led to, how often, and how that ends.
const PROGRAM: &[(&str, usize, Planned)] = &[
    ("hang", 3, ("failed", "timed_out")),
    ("deaf", 2, ("failed", "timed_out")),
    ("crash", 8, ("failed", "crashed")),
    ("exit", 4, ("failed", "crashed")),
    ("killed", 4, ("failed", "crashed")),
    ("garbage", 4, ("failed", "garbled")),
    ("flood", 4, ("failed", "garbled")),
    ("sorry", 4, ("errored", "unavailable")),
    ("chatter", 4, ANSWERED),
    ("setsid", 6, ANSWERED),
    ("daemon", 6, ANSWERED),
    ("clinging", 3, ANSWERED),
];

/// The same behind HTTP, where a crash is a connection that breaks, and only silence is the agent's own.
const SERVER: &[(&str, usize, Planned)] = &[
    ("hang", 5, ("failed", "timed_out")),
    ("crash", 8, ("errored", "unavailable")),
    ("garbage", 8, ("errored", "garbled")),
    ("sorry", 6, ("errored", "unavailable")),
    ("flood", 4, ANSWERED),
    ("chatter", 4, ANSWERED),
];

/// Why nothing, or less, was tested here.
#[expect(
    clippy::print_stdout,
    reason = "a test that has nothing to test says so"
)]
fn notice(why: &str) {
    println!("not tested: {why}");
}

/// The interpreter itself: a shim in its place would be started with each trial. `None`, with a notice, where there is none.
fn python() -> Option<String> {
    let asked = Command::new("python3")
        .args([
            "-c",
            "import sys; assert sys.version_info >= (3, 8); print(sys.executable)",
        ])
        .stderr(Stdio::null())
        .output();
    let path = asked
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|path| path.trim().to_owned());
    if path.is_none() {
        notice("there is no python3 here");
    }
    path
}

/// A bench with `count` cases, the first of them astray.
fn bench(target: &serde_json::Value, count: usize, plan: &[(&str, usize, Planned)]) -> Bench {
    let suite = json!({
        "version": 1,
        "suite": "agent",
        "dataset": {"path": "cases.jsonl"},
        "targets": [target],
        "scorers": [{"id": "right", "kind": "exact"}],
        "limits": {"concurrency": 16, "timeout": "12s", "attempts": 2, "max_error_rate": 0.2},
    });
    // JSON is YAML.
    let bench = Bench::new(&suite.to_string());
    bench.write("agent.py", AGENT);
    bench.write("astray.py", ASTRAY);
    let astray = plan
        .iter()
        .flat_map(|(word, times, _)| std::iter::repeat_n(*word, *times));
    let lines: String = astray
        .chain(std::iter::repeat("plain"))
        .take(count)
        .enumerate()
        .map(|(index, word)| {
            let case = json!({"id": format!("c{index}"), "input": format!("{word} {index}"), "expected": format!("{index} {word}")});
            format!("{case}\n")
        })
        .collect();
    bench.write("cases.jsonl", &lines);
    bench
}

/// Every trial ended as planned, and answered what it was asked.
fn all_as_planned(bench: &Bench, count: usize, plan: &[(&str, usize, Planned)]) {
    let planned: BTreeMap<&str, Planned> =
        plan.iter().map(|(word, _, end)| (*word, *end)).collect();
    let finished = bench.events("trial_finished");
    assert_eq!(finished.len(), count);
    for event in &finished {
        let outcome = &event["outcome"];
        let asked = event["transcript"]["sessions"][0]["turns"][0]["steps"][0]["text"]
            .as_str()
            .expect("the question is kept");
        let (word, index) = asked.split_once(' ').expect("two words");
        let (state, kind) = planned.get(word).copied().unwrap_or(ANSWERED);
        assert_eq!(outcome["state"], state, "{word}: {outcome}");
        match state {
            "failed" => assert_eq!(outcome["kind"], kind, "{word}: {outcome}"),
            "errored" => assert_eq!(outcome["fault"]["kind"], kind, "{word}: {outcome}"),
            _ if word == "flood" => {
                assert_eq!(
                    event["transcript"]["output"].as_str().map(str::len),
                    Some(1 << 20)
                );
            }
            _ => assert_eq!(event["transcript"]["output"], format!("{index} {word}")),
        }
    }
    let answered = finished
        .iter()
        .filter(|event| event["outcome"]["state"] == "answered")
        .count();
    assert!(answered > count / 4, "{answered} of {count}");
}

/// Processes that carry this in their environment and still run. One that was killed may take a while to die on a busy machine.
fn left(mark: &str) -> Vec<String> {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let found = running(mark);
        if found.is_empty() || Instant::now() > end {
            return found;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn running(mark: &str) -> Vec<String> {
    let Ok(all) = std::fs::read_dir("/proc") else {
        notice("there is no /proc here, where what was left behind could be seen");
        return Vec::new();
    };
    all.flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let read = |name: &str| std::fs::read(path.join(name)).unwrap_or_default();
            // A dead one that nobody has waited for has no environment any more.
            String::from_utf8_lossy(&read("environ")).contains(mark)
        })
        .map(|path| command_line(&path))
        .collect()
}

fn command_line(process: &Path) -> String {
    let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
    let words = String::from_utf8_lossy(&line).replace('\0', " ");
    format!("{} {words}", process.display())
}

fn mark(name: &str) -> String {
    format!("evenhand-python-agent-{name}-{}", std::process::id())
}

fn as_program(python: &str, name: &str, workers: Option<u32>, count: usize) {
    let mark = mark(name);
    let mut target = json!({
        "id": "agent", "kind": "command", "command": [python, "-S", "-E", "astray.py"],
        "env": {"MARK": mark}, "output_cap": 1 << 18,
    });
    if let Some(workers) = workers {
        target["workers"] = json!(workers);
    }
    let bench = bench(&target, count, PROGRAM);
    bench.evenhand(&["run", "suite.yaml", "-q"]).expect(0);
    all_as_planned(&bench, count, PROGRAM);
    assert_eq!(left(&mark), Vec::<String>::new());
}

#[test]
fn a_thousand_cases_through_workers_end_as_planned_and_leave_nothing() {
    if let Some(python) = python() {
        as_program(&python, "workers", Some(12), 1_000);
    }
}

#[test]
fn a_program_for_each_trial_ends_as_planned_and_leaves_nothing() {
    if let Some(python) = python() {
        as_program(&python, "alone", None, 100);
    }
}

/// The agent behind HTTP. It does not outlive its test.
struct Server {
    child: Child,
    port: String,
}

impl Server {
    fn start(python: &str, bench: &Bench, mark: &str) -> Self {
        let mut command = bench.command(python, &["-S", "-E", "astray.py", "0"]);
        // It logs every request; nobody reads that.
        command.env("MARK", mark).stderr(Stdio::null());
        let mut child = command.spawn().expect("the agent starts");
        let mut port = String::new();
        let stdout = child.stdout.as_mut().expect("its output is piped");
        BufReader::new(stdout)
            .read_line(&mut port)
            .expect("it tells its port");
        Self {
            child,
            port: port.trim().to_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_thousand_cases_through_http_end_as_planned_and_leave_nothing() {
    let Some(python) = python() else {
        return;
    };
    let mark = mark("http");
    let target = json!({
        "id": "agent", "kind": "http", "url": "${AGENT_URL}/ask",
        "answer": "/output", "usage": "/usage", "error": "/error",
    });
    let mut bench = bench(&target, 1_000, SERVER);
    let server = Server::start(&python, &bench, &mark);
    bench.set("AGENT_URL", &format!("http://127.0.0.1:{}", server.port));
    bench.evenhand(&["run", "suite.yaml", "-q"]).expect(0);
    all_as_planned(&bench, 1_000, SERVER);
    drop(server);
    assert_eq!(left(&mark), Vec::<String>::new());
}
