//! A user's own scorer: a program that does what it should, and what it should not.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::support::binary::Bench;

/// Does by the case's id what may go wrong. Starts with a file that says how often it was started.
const SCORER: &str = r#"read -r line
echo x >> started
case "$line" in
  '{"v":1,"case":{"id":'*) ;;
  *) echo "not the protocol: $line" >&2; exit 9 ;;
esac
case "$line" in
  *'"id":"fine"'*) echo '{"score": 0.75, "reason": "three of four"}' ;;
  *'"id":"crash"'*) echo 'no model file' >&2; exit 3 ;;
  *'"id":"killed"'*) kill -9 $$ ;;
  *'"id":"silent"'*) exit 0 ;;
  *'"id":"prose"'*) echo 'rather good' ;;
  *'"id":"flood"'*) head -c 300000 /dev/zero | tr '\0' 'x' ;;
  *'"id":"type"'*) echo '{"pass": true}' ;;
  *'"id":"two"'*) echo '{"score": 0.5, "label": "good"}' ;;
  *'"id":"range"'*) echo '{"score": 75}' ;;
  *'"id":"nan"'*) echo '{"score": NaN}' ;;
  *'"id":"error"'*) echo '{"error": "no dictionary for this language"}' ;;
  *'"id":"again"'*)
    if [ -e tried ]; then echo '{"score": 0.25}'; else touch tried; echo '{"error": {"kind": "unavailable", "message": "warming up"}}'; fi ;;
esac
"#;

const IDS: [&str; 12] = [
    "fine", "crash", "killed", "silent", "prose", "flood", "type", "two", "range", "nan", "error",
    "again",
];

fn bench(options: &str, more: &str, ids: &[&str]) -> Bench {
    let cases: Vec<String> = ids
        .iter()
        .map(|id| format!("{{id: {id}, input: q, expected: a}}"))
        .collect();
    let bench = Bench::new(&format!(
        "version: 1\nsuite: own\nseed: 7\ndataset: {{cases: [{}]}}\n\
         targets: [{{id: agent, kind: scripted}}]\n\
         scorers:\n  - {{id: own, kind: command, command: [sh, score.sh], {options}}}\n{more}",
        cases.join(", ")
    ));
    bench.write("score.sh", SCORER);
    bench
}

/// What the scorer found of each case, by id.
fn found(bench: &Bench) -> BTreeMap<String, Json> {
    let mut found = BTreeMap::new();
    for line in bench.events("scored") {
        let scores = line["scores"].as_array().expect("a list of scores");
        assert_eq!(
            scores.len(),
            1,
            "a program's score has a line of its own: {line}"
        );
        let case = line["trial"]["case"].as_str().expect("an id").to_owned();
        assert!(
            found.insert(case, scores[0].clone()).is_none(),
            "scored once: {line}"
        );
    }
    found
}

const NUMBER: &str = "measure: number, scale: 0..1";

#[test]
fn what_a_program_does_wrong_is_unscored_with_its_reason_and_never_a_score() {
    let bench = bench(NUMBER, "limits: {max_error_rate: 1}\n", &IDS);
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let found = found(&bench);
    assert_eq!(found.len(), IDS.len());
    assert_eq!(found["fine"]["value"]["number"], 0.75);
    assert_eq!(found["fine"]["reason"], "three of four");
    assert_eq!(found["again"]["value"]["number"], 0.25);
    for (id, cause, words) in [
        ("crash", "broken", "no model file"),
        ("killed", "broken", "signal 9"),
        ("silent", "broken", "without a reply"),
        ("error", "broken", "no dictionary for this language"),
        ("prose", "unreadable", "rather good"),
        ("flood", "unreadable", ""),
        ("type", "unreadable", "`pass`"),
        ("two", "unreadable", "one value is wanted"),
        ("range", "unreadable", "outside the declared 0..1"),
        ("nan", "unreadable", "NaN"),
    ] {
        let score = &found[id];
        assert_eq!(score["value"]["unscored"], cause, "{id}: {score}");
        let reason = score["reason"].as_str().unwrap_or_default();
        assert!(
            reason.contains(words) && !reason.is_empty(),
            "{id}: {reason}"
        );
        assert_eq!(score["asked"]["attempts"], 1, "{id} is not asked again");
    }
    assert_eq!(found["again"]["asked"]["attempts"], 2);
    let starts = std::fs::read_to_string(bench.at("started")).expect("it was started");
    assert_eq!(starts.lines().count(), IDS.len() + 1);
    let metric = &bench.report()["targets"][0]["metrics"]["own"];
    assert_eq!(
        (&metric["point"], &metric["n"]),
        (&0.5.into(), &2.into()),
        "{metric}"
    );
    // Each missing one filled with the ends of the declared scale.
    assert_eq!(
        (&metric["worst"], &metric["best"]),
        (&(1.0 / 12.0).into(), &(11.0 / 12.0).into())
    );
    assert!(
        bench.report()["judges"]
            .as_array()
            .is_none_or(Vec::is_empty),
        "it is no judge"
    );
}

#[test]
fn a_program_that_hangs_is_ended_with_all_it_started() {
    let bench = bench(
        NUMBER,
        "limits: {timeout: 2s, max_error_rate: 1}\n",
        &["hang"],
    );
    bench.write(
        "score.sh",
        "read -r line\nsleep 600 &\necho $! > child\nwait\n",
    );
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let score = &found(&bench)["hang"];
    assert_eq!(score["value"]["unscored"], "unavailable", "{score}");
    assert_eq!(score["asked"]["attempts"], 1);
    let child = std::fs::read_to_string(bench.at("child")).expect("it started a child");
    let stat = format!("/proc/{}/stat", child.trim());
    let runs = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while runs() {
        assert!(
            std::time::Instant::now() < end,
            "the scorer's child still runs"
        );
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
}

#[test]
fn workers_answer_line_after_line_and_are_told_nothing_else() {
    let ids: Vec<String> = (0..40).map(|number| format!("c{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let bench = bench("measure: pass, workers: 2", "", &ids);
    bench.write(
        "score.sh",
        "echo x >> started\nwhile read -r line; do\n  case \"$line\" in\n    *'\"case\":'*) echo '{\"pass\": true}' ;;\n    *) echo '{\"pass\": false}'; echo \"$line\" >> odd ;;\n  esac\ndone\n",
    );
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    assert!(
        found(&bench)
            .values()
            .all(|score| score["value"]["pass"] == true)
    );
    let starts = std::fs::read_to_string(bench.at("started")).expect("workers were started");
    assert!(starts.lines().count() <= 2, "{starts}");
    assert!(
        !bench.at("odd").exists(),
        "nothing but trials is told to a scorer"
    );
    assert_eq!(
        bench.report()["targets"][0]["metrics"]["success_rate"]["point"],
        1.0
    );
}

#[test]
fn a_failure_of_the_agent_fails_a_pass_fail_program_and_has_no_number() {
    for (options, value) in [("measure: pass", "pass"), (NUMBER, "not_applicable")] {
        let bench = bench(options, "", &["c"]);
        let text = std::fs::read_to_string(bench.at("suite.yaml")).expect("a suite");
        let failing = "{id: agent, kind: command, command: [sh, agent.sh]}";
        bench.write(
            "suite.yaml",
            &text.replace("{id: agent, kind: scripted}", failing),
        );
        bench.write("agent.sh", "exit 1\n");
        bench.evenhand(&["run", "suite.yaml"]).expect(5);
        let score = &found(&bench)["c"];
        match value {
            "pass" => assert_eq!(score["value"]["pass"], false, "{score}"),
            _ => assert_eq!(score["value"], value, "{score}"),
        }
        assert!(!bench.at("started").exists(), "the scorer is not asked");
    }
}

#[test]
fn a_replay_says_what_the_run_said_without_the_program() {
    let fresh = || {
        bench(
            NUMBER,
            "limits: {max_error_rate: 1}\n",
            &["fine", "range", "again"],
        )
    };
    let recorded = fresh();
    recorded
        .evenhand(&["run", "suite.yaml", "--record", "tape.jsonl"])
        .expect(0);
    let replayed = fresh();
    std::fs::copy(recorded.at("tape.jsonl"), replayed.at("tape.jsonl"))
        .expect("the cassette is copied");
    std::fs::remove_file(replayed.at("score.sh")).expect("the program is gone");
    replayed
        .evenhand(&["run", "suite.yaml", "--replay", "tape.jsonl"])
        .expect(0);
    let report = |bench: &Bench| {
        let mut report = bench.report();
        report
            .as_object_mut()
            .expect("a report is a map")
            .remove("run");
        report
    };
    assert_eq!(report(&recorded), report(&replayed));
}

#[test]
fn check_names_the_program_and_an_unset_variable_ends_a_run_before_it_begins() {
    let bench = bench("measure: pass, env: {TOKEN: \"${OWN_TOKEN}\"}", "", &["c"]);
    bench
        .evenhand(&["check", "suite.yaml"])
        .expect(0)
        .printed("scorer own")
        .printed("sh score.sh");
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(3)
        .said("`own` needs ${OWN_TOKEN}");
    assert!(!bench.at("started").exists());
}

#[test]
fn a_scorer_in_python_reads_the_transcript() {
    let python = std::process::Command::new("python3")
        .arg("--version")
        .output();
    if !python.is_ok_and(|said| said.status.success()) {
        eprintln!("skipped: there is no python3");
        return;
    }
    let bench = bench(
        "measure: label, labels: [short, long], pass: [short]",
        "",
        &["c"],
    );
    let text = std::fs::read_to_string(bench.at("suite.yaml")).expect("a suite");
    bench.write(
        "suite.yaml",
        &text.replace("[sh, score.sh]", "[python3, score.py]"),
    );
    bench.write(
        "score.py",
        "import json, sys\ntrial = json.loads(sys.stdin.readline())\nassert trial['transcript']['case'] == trial['case']['id']\nlabel = 'short' if trial['output'] == trial['case']['expected'] else 'long'\nprint(json.dumps({'label': label, 'reason': trial['output']}))\n",
    );
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let score = &found(&bench)["c"];
    assert_eq!(
        (&score["value"]["label"], &score["pass"]),
        (&"short".into(), &true.into()),
        "{score}"
    );
}
