//! Programs that models wrote, executed: as the official checker judges them, and only where that is allowed.

use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::{Desk, Said};
use crate::tally::{Tally, json as expected, lines, shared};

#[expect(clippy::print_stdout, reason = "the notice is what is looked for")]
fn say(line: &str) {
    println!("{line}");
}

/// Whether programs can be executed here; says so where not.
pub(crate) fn python() -> bool {
    let there = Command::new("python3")
        .args([
            "-I",
            "-c",
            "import sys; sys.exit(sys.version_info < (3, 9))",
        ])
        .status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        say("no python3 from 3.9 on: nothing was executed");
    }
    there
}

/// The binary with this machine's `PATH`, on which the interpreter is.
pub(crate) fn evenhand(desk: &Desk, arguments: &[&str]) -> Said {
    let mut command = desk.command(arguments);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    Said::of(command.output().expect("the binary starts"))
}

/// What `score --benchmark` says as JSON, and its verdicts.
pub(crate) fn scored(desk: &Desk, arguments: &[&str]) -> (Value, Vec<Value>) {
    let words = [
        &[
            "score",
            "--allow-exec",
            "--format",
            "json",
            "--verdicts",
            "v.jsonl",
            "--benchmark",
        ],
        arguments,
    ];
    let said = evenhand(desk, &words.concat()).ends(0);
    let report = serde_json::from_str(&said.stdout).expect("a report of JSON");
    let verdicts = desk.read("v.jsonl");
    let verdicts = verdicts
        .lines()
        .map(|line| serde_json::from_str(line).expect("a verdict"));
    (report, verdicts.collect())
}

const TASK: &str = r#"{"task_id": "t/1", "prompt": "def twice(n):\n    \"\"\"Doubles.\"\"\"\n", "entry_point": "twice", "test": "def check(f):\n    assert f(2) == 4\n    assert f(0) == 0\n"}"#;

#[derive(Deserialize)]
struct Official {
    verdicts: Vec<Value>,
}

#[test]
fn humaneval_as_its_own_checker_judges() {
    let (Some(folder), Some(official)) = (
        shared(),
        expected::<Official>("humaneval/expected_even.json"),
    ) else {
        return;
    };
    if !python() {
        return;
    }
    let samples: Vec<Value> = lines("humaneval/samples_even.jsonl").expect("the folder is there");
    let desk = Desk::new(&[]);
    let packed = folder.join("humaneval/HumanEval.jsonl.gz");
    let unpack = "import gzip, sys; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())";
    let tasks = Command::new("python3")
        .args(["-c", unpack])
        .arg(packed)
        .output();
    desk.write("tasks.jsonl", tasks.expect("tasks are unpacked").stdout);
    // Every fourth task unless all are asked for: each endless program takes its 3 seconds.
    let step = if std::env::var_os("EVENHAND_ALL_SAMPLES").is_some() {
        1
    } else {
        4
    };
    let taken = |at: &usize| (at / 5).is_multiple_of(step);
    let rows: Vec<String> = (0..samples.len())
        .filter(taken)
        .map(|at| samples[at].to_string())
        .collect();
    desk.write("samples.jsonl", rows.join("\n"));
    let (report, verdicts) = scored(
        &desk,
        &[
            "humaneval",
            "--convention",
            "completion",
            "--cases",
            "tasks.jsonl",
            "--outputs",
            "samples.jsonl",
        ],
    );
    let mut tally = Tally::new(format!(
        "humaneval, executed ({})",
        report["executed"].as_str().unwrap_or("nothing")
    ));
    let official = (0..samples.len())
        .filter(taken)
        .map(|at| &official.verdicts[at]);
    for (place, (ours, official)) in verdicts.iter().zip(official).enumerate() {
        tally.item(
            format!("{place} {}", official["task_id"]),
            &ours["pass"],
            &official["passed"],
        );
    }
    tally.finish(if step == 1 { 410 } else { 100 });
    if step == 1 {
        for (k, official) in [
            (1, 0.270_731_707),
            (2, 0.479_268_293),
            (3, 0.635_365_854),
            (5, 0.829_268_293),
        ] {
            let found = match k {
                1 => &report["figure"],
                k => &report["further"][format!("pass@{k}")],
            };
            let point = found["point"].as_f64().expect("a point");
            assert!((point - official).abs() < 1e-8, "pass@{k}: {point}");
        }
    }
}

#[test]
fn mbpp_executes_what_its_tests_need_with_the_code_of_a_reply() {
    if !python() {
        return;
    }
    let full = |id: u32, reply: &str| {
        json!({"task_id": id, "text": "Doubles.", "code": "", "test_setup_code": "two = 2", "test_list": ["assert f(1) == two"],
               "challenge_test_list": ["assert False"], "response": reply})
    };
    let sanitized = json!({"task_id": 9, "prompt": "Doubles.", "test_imports": ["import math"], "test_list": ["assert f(1) == math.floor(2.5)"],
                           "response": "def f(n): return 2 * n"});
    let rows = [
        full(
            1,
            "Here:\n```python\ndef f(n):\n    return 2 * n\n```\nThat is all.",
        ),
        full(2, "```python\ndef f(n):\n    return n\n```"),
        full(3, "I cannot."),
        full(1, "```\ndef f(n): return n + n\n```"),
        sanitized,
    ];
    let desk = Desk::new(&[("replies.jsonl", &rows.map(|row| row.to_string()).join("\n"))]);
    let (report, verdicts) = scored(&desk, &["mbpp", "--outputs", "replies.jsonl"]);
    let passed: Vec<&Value> = verdicts.iter().map(|verdict| &verdict["pass"]).collect();
    assert_eq!(
        passed,
        [true, false, false, true, true]
            .map(|pass| json!(pass))
            .each_ref()
    );
    assert_eq!(verdicts[1]["detail"], json!("failed: AssertionError: "));
    assert!(
        verdicts[2]["detail"]
            .as_str()
            .is_some_and(|detail| detail.starts_with("failed: SyntaxError"))
    );
    // Four tasks: 1, 0, 0, 1.
    assert_eq!(report["figure"]["point"], json!(0.5));
}

#[test]
fn nothing_is_executed_unless_the_flag_says_so() {
    let row = TASK.replacen('{', r#"{"completion": "    return 2 * n", "#, 1);
    let suite = |more: &str| {
        format!(
            "version: 1\nsuite: code\n{more}dataset: {{benchmark: humaneval, path: tasks.jsonl}}\ntargets: [{{id: a, kind: scripted, answer: '    return 2 * n'}}]\n"
        )
    };
    let desk = Desk::new(&[
        ("samples.jsonl", &row),
        ("tasks.jsonl", TASK),
        ("suite.yaml", &suite("")),
    ]);
    let refused = |words: &[&str]| {
        let said = evenhand(&desk, words).ends(2);
        assert!(
            said.stderr.contains("add --allow-exec if this machine may"),
            "{}",
            said.stderr
        );
        assert!(said.stdout.is_empty(), "{}", said.stdout);
    };
    refused(&[
        "score",
        "--benchmark",
        "humaneval",
        "--outputs",
        "samples.jsonl",
    ]);
    refused(&["run", "suite.yaml"]);
    assert!(desk.runs().is_empty(), "no run was made");
    // A suite cannot allow it, nor can data.
    desk.write("suite.yaml", suite("allow_exec: true\n"));
    let said = evenhand(&desk, &["run", "suite.yaml", "--allow-exec"]).ends(3);
    assert!(
        said.stderr.contains("unknown key `allow_exec`"),
        "{}",
        said.stderr
    );
    desk.write("suite.yaml", suite(""));
    evenhand(&desk, &["run", "suite.yaml", "--allow-exec", "--no-exec"]).ends(2);
    desk.write(
        "case.jsonl",
        r#"{"id": "c", "input": "q", "checks": [{"kind": "benchmark", "name": "humaneval"}]}"#,
    );
    desk.write(
        "checks.yaml",
        "version: 1\nsuite: checks\ndataset: {path: case.jsonl}\ntargets: [{id: a, kind: scripted, answer: x}]\n",
    );
    let said = evenhand(&desk, &["run", "checks.yaml", "--allow-exec"]).ends(3);
    assert!(
        said.stderr.contains("data starts nothing"),
        "{}",
        said.stderr
    );
    // What executes nothing has no use for the flag.
    let recorded = [
        "score",
        "--allow-exec",
        "--benchmark",
        "humaneval",
        "--convention",
        "recorded",
        "--outputs",
        "samples.jsonl",
    ];
    let said = evenhand(&desk, &recorded).ends(2);
    assert!(
        said.stderr.contains("executes nothing; leave it out"),
        "{}",
        said.stderr
    );
}

#[test]
fn who_is_told_to_stop_while_programs_run_ends_by_the_signals_own_code() {
    if !python() {
        return;
    }
    let slow = r#"    return 2 * n\nwhile True:\n    pass\n"#;
    let row = TASK.replacen('{', &format!(r#"{{"completion": "{slow}", "#), 1);
    let desk = Desk::new(&[("samples.jsonl", &row)]);
    let folders = desk.path().join("folders");
    std::fs::create_dir(&folders).expect("a folder");
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut command = desk.command(&[
            "score",
            "--allow-exec",
            "--benchmark",
            "humaneval",
            "--convention",
            "completion",
            "--outputs",
            "samples.jsonl",
            "--verdicts",
            "v.jsonl",
        ]);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        let mut child = command
            .env("TMPDIR", &folders)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the binary starts");
        // The file of verdicts is begun after walls were tried, and before the first program gets its folder.
        let begun = desk.path().join("v.jsonl.partial");
        let is_under_way = || {
            let mut inside = std::fs::read_dir(&folders).expect("a folder");
            begun.exists() && inside.next().is_some()
        };
        while !is_under_way() && child.try_wait().expect("a child of ours").is_none() {
            std::thread::yield_now();
        }
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        sent.expect("kill starts");
        let ended = child.wait().expect("a child of ours");
        assert_eq!(ended.code(), Some(code), "{signal}");
        assert!(!begun.exists() && !desk.path().join("v.jsonl").exists());
        let left = std::fs::read_dir(&folders).expect("a folder").count();
        assert_eq!(left, 0, "{signal}");
    }
}

#[test]
fn without_an_interpreter_nothing_begins_and_the_next_step_is_said() {
    let desk = Desk::new(&[(
        "samples.jsonl",
        &TASK.replacen('{', r#"{"completion": "    return 2 * n", "#, 1),
    )]);
    let empty = desk.path().join("empty");
    std::fs::create_dir(&empty).expect("a folder");
    let mut command = desk.command(&[
        "score",
        "--allow-exec",
        "--benchmark",
        "humaneval",
        "--outputs",
        "samples.jsonl",
    ]);
    command.env("PATH", &empty);
    let said = Said::of(command.output().expect("the binary starts")).ends(2);
    assert!(
        said.stderr.contains("python3 cannot be started"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr.contains("install Python 3.9 or later"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_run_executes_its_repeats_keeps_what_held_them_and_is_replayed_without_executing() {
    if !python() {
        return;
    }
    let suite = "version: 1\nsuite: code\nrepeats: 2\ndataset: {benchmark: humaneval, path: tasks.jsonl}\ntargets: [{id: a, kind: scripted, answer: \"Sure:\\n```python\\ndef twice(n):\\n    return 2 * n\\n```\"}]\n";
    let desk = Desk::new(&[("tasks.jsonl", TASK), ("suite.yaml", suite)]);
    let said = evenhand(
        &desk,
        &[
            "run",
            "suite.yaml",
            "--allow-exec",
            "--record",
            "c.jsonl",
            "--format",
            "json",
        ],
    )
    .ends(0);
    assert!(
        said.stderr
            .contains("code that models write is executed here, held by"),
        "{}",
        said.stderr
    );
    let report: Value = serde_json::from_str(&said.stdout).expect("a report");
    let metrics = &report["targets"][0]["metrics"];
    assert_eq!(metrics["success_rate"]["point"], json!(1.0));
    assert_eq!(metrics["humaneval"]["point"], json!(1.0));
    let run = desk.runs().pop().expect("a run");
    let manifest: Value =
        serde_json::from_str(&std::fs::read_to_string(run.join("run.json")).expect("a manifest"))
            .expect("JSON");
    assert!(manifest["executed"]["held_by"].is_string(), "{manifest}");
    let gaps = manifest["executed"]["gaps"]
        .as_array()
        .expect("a list")
        .len();
    let warned = report["warnings"]
        .to_string()
        .contains("executed code was not held by every wall");
    assert_eq!(warned, gaps > 0, "{}", report["warnings"]);
    // Neither an interpreter nor leave is needed for what is recorded.
    let replayed = desk
        .evenhand(&[
            "run",
            "suite.yaml",
            "--replay",
            "c.jsonl",
            "--format",
            "json",
        ])
        .ends(0);
    let replayed: Value = serde_json::from_str(&replayed.stdout).expect("a report");
    assert_eq!(
        replayed["targets"][0]["metrics"]["humaneval"],
        metrics["humaneval"]
    );
    // The same transcripts, executed anew.
    let refused = evenhand(&desk, &["score", "latest"]).ends(2);
    assert!(
        refused.stderr.contains("--allow-exec"),
        "{}",
        refused.stderr
    );
}
