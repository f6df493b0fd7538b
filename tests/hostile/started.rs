//! What a suite starts is said before, and refused where that is asked for.

use serde_json::json;

use crate::binary::Bench;

fn suite(command: &[&str]) -> Bench {
    let suite = json!({
        "version": 1, "suite": "foreign", "seed": 1,
        "dataset": {"cases": [{"id": "a", "input": "q", "expected": "q"}]},
        "targets": [
            {"id": "agent", "kind": "command", "command": command},
            {"id": "calm", "kind": "scripted"},
        ],
        "scorers": [
            {"id": "same", "kind": "exact"},
            {"id": "opinion", "kind": "judge", "judge": "helpfulness", "model": {"kind": "command", "command": ["sh", "judge.sh"]}},
        ],
        "success": ["same"], "limits": {"attempts": 1, "max_error_rate": 1.0},
    });
    let bench = Bench::new(&suite.to_string());
    bench.write("agent.sh", "touch started; echo '{\"output\": \"q\"}'\n");
    bench.write("judge.sh", "touch started; echo '{\"output\": \"none\"}'\n");
    bench
}

#[test]
fn a_suite_that_starts_programs_can_be_refused() {
    let bench = suite(&["sh", "agent.sh", "it's", "\u{1b}[2J"]);
    for verb in ["run", "check"] {
        let refused = bench.evenhand(&[verb, "suite.yaml", "--no-exec"]).expect(3);
        for words in [
            "--no-exec: target agent would start sh agent.sh ",
            "scorer opinion would start sh judge.sh",
            "nothing was called",
        ] {
            assert!(refused.stderr.contains(words), "{verb}: {}", refused.stderr);
        }
        assert!(!refused.stderr.contains('\u{1b}'));
    }
    assert!(!bench.at("started").exists() && bench.runs().is_empty());
    // The target that starts none, without the judge that does: nothing to refuse.
    let calm = json!({
        "version": 1, "suite": "calm", "seed": 1, "dataset": {"cases": [{"id": "a", "input": "q", "expected": "q"}]},
        "targets": [{"id": "calm", "kind": "scripted"}], "scorers": [{"id": "same", "kind": "exact"}],
    });
    bench.write("calm.yaml", &calm.to_string());
    bench
        .evenhand(&["check", "calm.yaml", "--no-exec"])
        .expect(0);
    bench.evenhand(&["run", "calm.yaml", "--no-exec"]).expect(0);
}

#[test]
fn what_is_replayed_starts_nothing_and_is_not_refused() {
    let bench = suite(&["sh", "agent.sh"]);
    bench.evenhand(&["run", "suite.yaml", "--record", "tape.jsonl"]);
    assert!(bench.at("started").exists());
    std::fs::remove_file(bench.at("started")).expect("it was there");
    let ended = bench.evenhand(&["run", "suite.yaml", "--replay", "tape.jsonl", "--no-exec"]);
    assert_ne!(ended.code(), 3, "{}", ended.stderr);
    // What is missing would have to be called.
    for more in [["--fill", "tape.jsonl"], ["--record", "other.jsonl"]] {
        let arguments = [&["run", "suite.yaml", "--no-exec"][..], &more].concat();
        bench.evenhand(&arguments).expect(3);
    }
    assert!(!bench.at("started").exists());
}

#[test]
fn programs_are_named_before_their_first_start_and_when_they_change() {
    let bench = suite(&["sh", "agent.sh"]);
    let checked = bench.evenhand(&["check", "suite.yaml"]).expect(0);
    assert!(
        checked
            .stdout
            .contains("would start, with your rights and no sandbox")
            && checked.stdout.contains("target agent  sh agent.sh")
            && checked.stdout.contains("scorer opinion  sh judge.sh"),
        "{}",
        checked.stdout
    );
    assert!(!bench.at("started").exists());
    let said = |bench: &Bench| bench.evenhand(&["run", "suite.yaml"]).stderr;
    let first = said(&bench);
    for words in [
        "target agent is a program, started with your rights: sh agent.sh",
        "scorer opinion is a program, started with your rights: sh judge.sh",
    ] {
        assert!(first.contains(words), "{first}");
    }
    assert!(!said(&bench).contains("is a program"), "known by now");
    let text = std::fs::read_to_string(bench.at("suite.yaml")).expect("a suite");
    bench.write("suite.yaml", &text.replace("agent.sh", "./agent.sh"));
    let changed = said(&bench);
    assert!(changed.contains("target agent is a program"), "{changed}");
    assert!(
        !changed.contains("scorer opinion is a program"),
        "{changed}"
    );
}

#[test]
fn a_suite_is_found_where_it_is_named_and_nowhere_else() {
    let bench = suite(&["sh", "agent.sh"]);
    std::fs::create_dir(bench.at("below")).expect("a folder");
    for name in ["evenhand.yaml", ".evenhand.yaml", ".env", "below/.env"] {
        bench.write(name, "version: 1\n");
    }
    let mut command = bench.command(crate::binary::EVENHAND, &["run"]);
    let ended = crate::binary::Running::new({
        command.current_dir(bench.at("below"));
        command
    })
    .end()
    .expect(2);
    assert!(ended.stderr.contains("SUITE"), "{}", ended.stderr);
    let mut command = bench.command(crate::binary::EVENHAND, &["run", "suite.yaml"]);
    command.current_dir(bench.at("below"));
    crate::binary::Running::new(command).end().expect(3);
    assert!(!bench.at("started").exists() && !bench.at("below/runs").exists());
}
