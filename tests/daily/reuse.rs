//! `run --reuse`: what is unchanged is taken over, and only the rest is called.

use super::binary::Bench;
use super::fault_server::{Mishap, Script};
use super::*;

#[test]
fn editing_one_prompt_calls_one_target() {
    let (bench, server) = run_once(Script::default());
    let first = latest(&bench);
    assert_eq!(
        calls(&server, 0),
        counted(&[("m-judge", 12), ("m-next", 6), ("m-prod", 6)])
    );
    let paid = report(&bench)["run"]["spent"]["usd"]
        .as_f64()
        .expect("money");
    bench.write("suite.yaml", &suite(&server, "{{ input }} now", ""));
    let ended = bench.evenhand(&["run", "suite.yaml", "--reuse"]).expect(0);
    // The judge sees new answers of `next`, and none of `prod`.
    assert_eq!(
        calls(&server, 24),
        counted(&[("m-judge", 6), ("m-next", 6)])
    );
    let from = id(&first);
    assert!(
        ended.stderr.contains(&format!(
            "6 of 12 trials are taken over from {from}; 6 are called"
        )),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stdout.contains("6 of 12 trials reused from"),
        "{}",
        ended.stdout
    );
    let report = report(&bench);
    let run = &report["run"];
    assert_eq!(run["parent"]["id"], from.as_str());
    assert_eq!(run["parent"]["reused_trials"], 6);
    assert_eq!(run["spent"]["calls"], 12);
    let spent = run["spent"]["usd"].as_f64().expect("money");
    assert!(spent > 0.0 && spent < paid, "{spent} of {paid}");
    assert_eq!(report["targets"][0]["reused"], 6);
    assert!(report["targets"][1].get("reused").is_none());
    // With its latency and cost of then.
    let before = json(&first.join("reports/report.json"));
    assert_eq!(
        report["targets"][0]["metrics"],
        before["targets"][0]["metrics"]
    );
    let listed = bench.evenhand(&["runs"]).expect(0).stdout;
    assert!(
        listed.contains(&format!("reuses {}", &from[..15])),
        "{listed}"
    );
    // What was taken over needs the earlier run no more, and is taken over in turn.
    std::fs::remove_dir_all(&first).expect("the first run is removed");
    bench.evenhand(&["run", "suite.yaml", "--reuse"]).expect(0);
    assert_eq!(server.log().len(), 36);
    let again = super::report(&bench);
    assert_eq!(again["run"]["parent"]["reused_trials"], 12);
    assert_eq!(again["run"]["spent"]["calls"], 0);
    for key in ["comparisons", "gates", "judges", "design"] {
        assert_eq!(again[key], report[key], "{key}");
    }
}

#[test]
fn a_changed_scorer_is_asked_alone_and_a_new_rule_calls_nobody() {
    let (bench, server) = run_once(Script::default());
    bench.write("judge.md", &judge("How helpful is it?"));
    bench.evenhand(&["run", "suite.yaml", "--reuse"]).expect(0);
    assert_eq!(calls(&server, 24), counted(&[("m-judge", 12)]));
    let with_rule = suite(&server, "{{ input }}", "").replace(
        "scorers:\n",
        "scorers:\n  - {id: short, kind: length, max_words: 1}\n",
    );
    bench.write("suite.yaml", &with_rule);
    bench.evenhand(&["run", "suite.yaml", "--reuse"]).expect(0);
    assert_eq!(server.log().len(), 36);
    let metrics = &report(&bench)["targets"][0]["metrics"];
    assert_eq!(
        (&metrics["short"]["point"], &metrics["same"]["point"]),
        (&0.0.into(), &1.0.into())
    );
    assert_eq!(metrics["good"]["point"], 4.0);
}

#[test]
fn an_edited_case_is_asked_again_and_a_tag_is_not_an_edit() {
    let (bench, server) = run_once(Script::default());
    let edited = cases(SIX)
        .replace(
            "\"input\":\"say c2\",\"expected\":\"say c2\"",
            "\"input\":\"tell c2\",\"expected\":\"tell c2\"",
        )
        .replace("{\"id\":\"c3\"", "{\"tags\":[\"new\"],\"id\":\"c3\"")
        .replace(
            "{\"id\":\"c4\",\"input\":\"say c4\",\"expected\":\"say c4\"}\n",
            "",
        );
    bench.write("cases.jsonl", &(edited + &cases(&["c7"])));
    bench.evenhand(&["run", "suite.yaml", "--reuse"]).expect(0);
    let asked: Vec<String> = server
        .log()
        .into_iter()
        .skip(24)
        .map(|one| one.prompt)
        .collect();
    assert!(
        asked
            .iter()
            .all(|prompt| prompt.contains("tell c2") || prompt.contains("say c7")),
        "{asked:?}"
    );
    assert_eq!(
        calls(&server, 24),
        counted(&[("m-judge", 4), ("m-next", 2), ("m-prod", 2)])
    );
    // A prompt that reads tags sees another case where a tag is new.
    bench.write("suite.yaml", &suite(&server, "{{ input }} {{ tags }}", ""));
    bench.evenhand(&["run", "suite.yaml", "--reuse"]).expect(0);
    let before = server.log().len();
    let more = bench
        .read_cases()
        .replace("{\"id\":\"c5\"", "{\"tags\":[\"new\"],\"id\":\"c5\"");
    bench.write("cases.jsonl", &more);
    bench.evenhand(&["run", "suite.yaml", "--reuse"]).expect(0);
    assert_eq!(
        calls(&server, before),
        counted(&[("m-judge", 1), ("m-next", 1)])
    );
}

trait Cases {
    fn read_cases(&self) -> String;
}

impl Cases for Bench {
    fn read_cases(&self) -> String {
        std::fs::read_to_string(self.at("cases.jsonl")).expect("the cases read")
    }
}

#[test]
fn what_errored_or_is_unscored_is_done_again_and_nothing_else() {
    // In the plan's order: c1 of prod errs, and so does the judge of c1 of next.
    let script = Script {
        first: vec![Some(Mishap::Status(500)), None, Some(Mishap::Status(500))],
        ..Script::default()
    };
    let (bench, server) = run_once(script);
    let report_of = |bench: &Bench| report(bench)["targets"].clone();
    let first = report_of(&bench);
    assert_eq!(first[0]["errors"]["unavailable"], 1, "{first}");
    assert_eq!(first[1]["unscored"], 1, "{first}");
    let before = server.log().len();
    bench.evenhand(&["run", "suite.yaml", "--reuse"]).expect(0);
    assert_eq!(
        calls(&server, before),
        counted(&[("m-judge", 2), ("m-prod", 1)])
    );
    let second = report_of(&bench);
    assert_eq!(second[0]["completed"], 6);
    assert_eq!(
        (&second[0]["reused"], &second[1]["reused"]),
        (&5.into(), &6.into())
    );
    assert_eq!(second[1]["unscored"], 0);
}

#[test]
fn a_run_of_a_part_is_passed_over_unless_it_is_named() {
    let (bench, server) = run_once(Script::default());
    let whole = id(&latest(&bench));
    bench
        .evenhand(&["run", "suite.yaml", "--limit", "1"])
        .expect(0);
    let before = server.log().len();
    bench
        .evenhand(&["run", "suite.yaml", "--reuse"])
        .expect(0)
        .said(&format!("12 of 12 trials are taken over from {whole}"));
    assert_eq!(server.log().len(), before);
    bench
        .evenhand(&["run", "suite.yaml", "--reuse=daily~1"])
        .expect(0)
        .said("2 of 12 trials are taken over");
    assert_eq!(server.log().len(), before + 20);
    // Without any earlier run everything is called, and said so; one that is named must be there.
    bench
        .evenhand(&["run", "suite.yaml", "--reuse", "--runs-dir", "elsewhere"])
        .expect(0)
        .said("nothing is taken over: there is no earlier run of `daily`");
    bench
        .evenhand(&["run", "suite.yaml", "--reuse=nothing"])
        .expect(2)
        .said("no run `nothing`");
    bench
        .evenhand(&["run", "suite.yaml", "--reuse", "--resume"])
        .expect(2);
}

#[test]
fn an_edited_program_is_another_target_and_failures_are_kept() {
    let agent = |answer: &str| {
        format!(
            "import json, sys\nrequest = json.loads(sys.stdin.readline())\nopen('asked', 'a').write(request['case'] + '\\n')\nif request['case'] == 'b': sys.exit(3)\nprint(json.dumps({{'output': '{answer}'}}))\n"
        )
    };
    let bench = Bench::new(
        "version: 1\nsuite: program\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: command, command: [python3, agent.py]}\n\
         scorers:\n  - {id: yes, kind: exact}\n",
    );
    bench.write(
        "cases.jsonl",
        "{\"id\":\"a\",\"input\":\"q\",\"expected\":\"x\"}\n{\"id\":\"b\",\"input\":\"q\",\"expected\":\"x\"}\n",
    );
    bench.write("agent.py", &agent("x"));
    let asked = || {
        let text = std::fs::read_to_string(bench.at("asked")).expect("the agent was asked");
        text.lines().count()
    };
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    assert_eq!(asked(), 2);
    bench.evenhand(&["run", "suite.yaml", "--reuse"]).expect(0);
    assert_eq!(asked(), 2, "the agent's own failure is a result");
    let kept = report(&bench);
    assert_eq!(kept["targets"][0]["agent_failures"]["crashed"], 1);
    assert_eq!(kept["targets"][0]["metrics"]["yes"]["point"], 0.5);
    bench.write("agent.py", &agent("y"));
    bench.evenhand(&["run", "suite.yaml", "--reuse"]).expect(0);
    assert_eq!(asked(), 4);
    assert_eq!(report(&bench)["targets"][0]["metrics"]["yes"]["point"], 0.0);
}

#[test]
fn a_model_that_changed_behind_its_name_is_said() {
    let (bench, server) = run_once(Script::default());
    // The journal of then, as if the endpoint had named another model; lines carry their sums, so they are sealed anew.
    let journal = latest(&bench).join("events.jsonl");
    let text = std::fs::read_to_string(&journal).expect("the journal reads");
    let lines = text.lines().map(|line| {
        let body = line.rsplit_once(",\"sum\":").expect("a sealed line").0;
        let body = body.replace(
            "\"model_returned\":\"m-next\"",
            "\"model_returned\":\"m-next-0613\"",
        );
        let sum = blake3::hash(body.as_bytes()).to_hex();
        format!("{body},\"sum\":\"{}\"}}\n", &sum.as_str()[..16])
    });
    std::fs::write(&journal, lines.collect::<String>()).expect("the journal writes");
    bench.write(
        "cases.jsonl",
        &cases(&["c1", "c2", "c3", "c4", "c5", "c6", "c7"]),
    );
    let ended = bench.evenhand(&["run", "suite.yaml", "--reuse"]).expect(0);
    assert_eq!(
        calls(&server, 24),
        counted(&[("m-judge", 2), ("m-next", 1), ("m-prod", 1)])
    );
    let words = ended
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        words.contains(
            "next answered as m-next-0613 in the trials taken over, as m-next in those of this run"
        ),
        "{words}"
    );
    assert!(!words.contains("prod answered as"), "{words}");
}
