//! Agents that flood, linger, wait for input or look for a terminal, and many of them: none holds the run, none is left.

use std::cell::Cell;
use std::path::Path;

use serde_json::json;

use super::binary::{Bench, Running};
use super::{cases, left_by};

/// A suite whose agent is this shell script, with further lines.
fn agent(script: &str, more: &str) -> Bench {
    let bench = Bench::new(&format!(
        "version: 1\nsuite: agents\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: command, command: [sh, agent.sh]}}\n\
         scorers:\n  - {{id: says, kind: contains, any: [word]}}\n{more}"
    ));
    bench.write("agent.sh", script);
    bench
}

/// The figures of the one target.
fn target(bench: &Bench) -> serde_json::Value {
    bench.report()["targets"][0].clone()
}

#[test]
fn floods_on_both_outputs_end_at_the_cap_in_little_memory() {
    // The first floods its output and never ends, the second its errors, a gibibyte of them, and answers then.
    let bench = agent(
        "read -r line\ncase $line in *c000*) exec cat /dev/zero ;; *c001*) head -c 1073741824 /dev/zero >&2 ;; esac\necho '{\"output\":\"word\"}'\n",
        "limits: {timeout: 100s, concurrency: 2}\n",
    );
    bench.write("cases.jsonl", &cases(3));
    let running = bench.start(&["run", "suite.yaml"]);
    let id = running.id();
    let (ended, peak) = running.end_with_peak();
    let ended = ended.expect(0);
    let target = target(&bench);
    assert_eq!(
        target["agent_failures"],
        json!({"garbled": 1}),
        "{}",
        ended.stderr
    );
    assert_eq!(target["metrics"]["says"]["passed"], 2);
    assert!(ended.stderr.contains("output_cap"), "{}", ended.stderr);
    println!("{} MiB", peak >> 10);
    assert!(peak < 150 << 10, "{peak} KiB");
    assert_eq!(left_by(id), Vec::<String>::new());
}

#[test]
fn a_thousand_short_agents_leave_no_process_no_file_and_no_descriptor() {
    const AGENTS: usize = 1_000;
    let mut bench = agent(
        "read -r line\ncase $line in *5\\\",*) sleep 300 & ;; *7\\\",*) setsid sleep 300 & ;; esac\necho '{\"output\":\"word\"}'\n",
        "limits: {concurrency: 50}\n",
    );
    bench.write("cases.jsonl", &cases(AGENTS));
    std::fs::create_dir(bench.at("tmp")).expect("a folder can be made");
    let folder = bench.at("tmp").display().to_string();
    bench.set("TMPDIR", &folder);
    let mut running = bench.start(&["run", "suite.yaml"]);
    let id = running.id();
    let most = Cell::new(0);
    running.until(|| {
        let open = std::fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count);
        most.set(open.max(most.get()));
        false
    });
    running.end().expect(0);
    assert_eq!(target(&bench)["completed"], AGENTS);
    assert_eq!(target(&bench)["agent_failures"], json!({}));
    println!("{} files open at most", most.get());
    // Six for each agent that is being started, and some of its own: a leak of one an agent would be a thousand.
    assert!(most.get() < 50 * 6 + 100, "{} files", most.get());
    assert_eq!(left_by(id), Vec::<String>::new());
    let left: Vec<_> = std::fs::read_dir(Path::new(&folder))
        .expect("the folder is there")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_agent_that_wants_more_input_gets_the_end_of_it() {
    let bench = agent(
        "read -r line\nread -r another && exit 3\nrest=$(cat)\necho \"{\\\"output\\\":\\\"word$rest\\\"}\"\n",
        "",
    );
    bench.write("cases.jsonl", &cases(2));
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    assert_eq!(target(&bench)["metrics"]["says"]["passed"], 2);
}

#[test]
fn an_agent_has_no_terminal_even_where_the_run_has_one() {
    let bench = agent(
        "read -r line\nif (read -r answer < /dev/tty) 2> /dev/null; then echo '{\"output\":\"a terminal\"}'; else echo '{\"output\":\"word\"}'; fi\n",
        "limits: {timeout: 20s}\n",
    );
    bench.write("cases.jsonl", &cases(2));
    let command = format!(
        "'{}' run suite.yaml > said.txt 2>&1",
        super::binary::EVENHAND
    );
    let probe = bench
        .command("script", &["-qec", "test -t 0", "/dev/null"])
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        println!("skipped: `script` makes no terminal here");
        return;
    }
    Running::new(bench.command("script", &["-qec", &command, "/dev/null"]))
        .end()
        .expect(0);
    assert_eq!(target(&bench)["agent_failures"], json!({}));
    assert_eq!(
        target(&bench)["metrics"]["says"]["passed"],
        2,
        "it saw no terminal and did not wait for one"
    );
}

#[test]
fn what_an_agent_started_ends_with_its_time_out_and_its_crash() {
    for (script, failure) in [
        (
            "read -r line\nsleep 300 &\nsetsid sleep 300 &\n(setsid sh -c 'sleep 300 & sleep 300' &)\nsleep 300\n",
            "timed_out",
        ),
        (
            "read -r line\nsleep 300 &\nsetsid sleep 300 &\nexit 3\n",
            "crashed",
        ),
    ] {
        let bench = agent(script, "limits: {timeout: 2s, concurrency: 4}\n");
        bench.write("cases.jsonl", &cases(4));
        let running = bench.start(&["run", "suite.yaml"]);
        let id = running.id();
        // Not one complete reply is no evaluation; that they failed is known all the same.
        running.end().expect(5);
        assert_eq!(target(&bench)["agent_failures"], json!({failure: 4}));
        assert_eq!(left_by(id), Vec::<String>::new(), "{failure}");
    }
}

#[test]
fn a_transcript_of_fifty_mebibytes_and_a_hundred_thousand_tool_calls_is_kept_and_read_again() {
    let text = "t".repeat(400);
    let step = format!(
        "{{\"kind\":\"tool_call\",\"name\":\"look\",\"arguments\":{{\"at\":1}},\"text\":\"{text}\"}}"
    );
    let bench = agent(
        &format!(
            "read -r line\ncase $line in *c001*) echo '{{\"output\":\"word\"}}'; exit ;; esac\n\
             printf '{{\"output\":\"word\",\"steps\":['\nyes '{step},' | head -n 99999\nprintf '{step}]}}'\n"
        ),
        "limits: {timeout: 110s, concurrency: 1}\n",
    );
    let suite = std::fs::read_to_string(bench.at("suite.yaml")).expect("the suite reads");
    bench.write(
        "suite.yaml",
        &suite.replace("agent.sh]", "agent.sh], output_cap: 100000000"),
    );
    bench.write("cases.jsonl", &cases(2));
    let mut peaks = Vec::new();
    for arguments in [
        &["run", "suite.yaml"][..],
        &["report", "latest"],
        &["show", "latest", "c000"],
    ] {
        let (ended, peak) = bench.start(arguments).end_with_peak();
        let ended = ended.expect(0);
        peaks.push((arguments[0], peak >> 10));
        // Only the verb that is asked for the case shows its hundred thousand calls, a line each.
        let most = if arguments[0] == "show" {
            8 << 20
        } else {
            64 << 10
        };
        assert!(
            ended.stdout.len() < most,
            "{arguments:?}: {} bytes",
            ended.stdout.len()
        );
    }
    println!("{peaks:?} MiB");
    assert_eq!(target(&bench)["metrics"]["says"]["passed"], 2);
    let size = std::fs::metadata(bench.journal())
        .expect("the journal is there")
        .len();
    assert!(size > 40 << 20, "{size} bytes");
    assert!(peaks.iter().all(|(_, peak)| *peak < 300), "{peaks:?} MiB");
}
