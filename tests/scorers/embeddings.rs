//! Nearness by embeddings, against a server that errs on purpose.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::support::binary::Bench;
use crate::support::fault_server::{FaultServer, Mishap, Script, inputs};

/// So many cases that are answered with their own input, held against one text.
fn bench(server: &FaultServer, inputs: &[String], more: &str) -> Bench {
    let url = server.base_url();
    let bench = Bench::new(&format!(
        "version: 1\nsuite: near\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets: [{{id: agent, kind: scripted, answer: \"{{{{ input }}}}\"}}]\n\
         scorers:\n  - {{id: near, kind: cosine, model: {{kind: embeddings, base_url: \"{url}\", model: e, batch: 16, price: {{input: 1, output: 0}}}}}}\n{more}"
    ));
    let mut cases = String::new();
    for (number, input) in inputs.iter().enumerate() {
        let case = serde_json::json!({"id": format!("c{number}"), "input": input, "expected": "what is wanted"});
        cases += &format!("{case}\n");
    }
    bench.write("cases.jsonl", &cases);
    bench
}

fn texts(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("answer {number}"))
        .collect()
}

fn scores(bench: &Bench) -> BTreeMap<String, Json> {
    let mut scores = BTreeMap::new();
    for line in bench.events("scored") {
        let case = line["trial"]["case"].as_str().expect("an id").to_owned();
        scores.insert(case, line["scores"][0].clone());
    }
    scores
}

/// All texts that were sent, in all requests.
fn sent(server: &FaultServer) -> Vec<String> {
    server
        .log()
        .iter()
        .flat_map(|logged| inputs(&logged.body))
        .collect()
}

#[test]
fn texts_travel_together_each_once_and_tokens_are_divided_without_loss() {
    let server = FaultServer::start(Script::default());
    let mut cases = texts(60);
    // Some answers are the same.
    cases.extend(texts(20));
    let bench = bench(&server, &cases, "");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let sent = sent(&server);
    let distinct: BTreeSet<&String> = sent.iter().collect();
    assert_eq!(
        (sent.len(), distinct.len()),
        (61, 61),
        "each text goes out once"
    );
    let log = server.log();
    assert!(
        log.len() < 40,
        "{} requests for {} texts",
        log.len(),
        sent.len()
    );
    assert!(log.iter().all(|logged| inputs(&logged.body).len() <= 16));
    let scores = scores(&bench);
    assert_eq!(scores.len(), 80);
    assert!(
        scores
            .values()
            .all(|score| score["value"]["number"].is_f64()),
        "{scores:?}"
    );
    assert_eq!(scores["c0"]["value"], scores["c60"]["value"]);
    assert!(
        scores["c0"]["asked"]["replies"]
            .as_array()
            .is_none_or(Vec::is_empty),
        "no numbers of a vector are kept"
    );
    // Two words a text that goes out, three the wanted one.
    let tokens: usize = sent
        .iter()
        .map(|text| text.split_whitespace().count())
        .sum();
    let spent = bench.events("spent");
    let spent = spent.last().expect("what was spent is noted");
    assert_eq!(spent["tokens"]["input"], tokens, "{spent}");
    let usd = spent["usd"].as_f64().expect("a sum");
    #[expect(clippy::cast_precision_loss, reason = "a count of words")]
    let wanted = tokens as f64 / 1e6;
    assert!((usd - wanted).abs() < 1e-12, "{usd}");
}

#[test]
fn a_limited_request_is_tried_again_for_each_of_its_texts() {
    let server = FaultServer::start(Script {
        first: vec![Some(Mishap::Limited("0".into())), Some(Mishap::Garbage)],
        ..Script::default()
    });
    let bench = bench(&server, &texts(20), "");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    assert!(
        scores(&bench)
            .values()
            .all(|score| score["value"]["number"].is_f64())
    );
    assert!(!bench.events("attempt_failed").is_empty());
}

#[test]
fn a_text_that_the_endpoint_rejects_does_not_cost_the_others_theirs() {
    let server = FaultServer::start(Script {
        permanent: vec![("too long".into(), Mishap::Status(400))],
        ..Script::default()
    });
    let mut cases = texts(30);
    cases[11] = "far too long".into();
    let bench = bench(&server, &cases, "");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    for (case, score) in scores(&bench) {
        match case.as_str() {
            "c11" => {
                assert_eq!(score["value"]["unscored"], "unavailable", "{score}");
                // Its own text is asked for once, and the wanted one once.
                assert_eq!(score["asked"]["attempts"], 2, "{score}");
            }
            _ => assert!(score["value"]["number"].is_f64(), "{case}: {score}"),
        }
    }
}

#[test]
fn vectors_that_are_none_leave_their_trials_unscored() {
    let one = r#"{"data": [{"index": 0, "embedding": [1, 2]}, {"index": 1, "embedding": [1]}, {"index": 2, "embedding": [1]}]}"#;
    let server = FaultServer::start(Script {
        permanent: vec![("odd".into(), Mishap::Says(200, one.into()))],
        ..Script::default()
    });
    let cases = vec!["odd".to_owned(), "zero".to_owned(), String::new()];
    let more = "limits: {attempts: 1, concurrency: 1, max_error_rate: 1}\n";
    let bench = bench(&server, &cases, more);
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let scores = scores(&bench);
    for (case, words) in [
        ("c0", "1 texts went out and 3 vectors came back"),
        ("c1", "no direction"),
    ] {
        let score = &scores[case];
        assert_eq!(score["value"]["unscored"], "unreadable", "{score}");
        assert!(
            score["reason"].as_str().unwrap_or_default().contains(words),
            "{score}"
        );
    }
    // An empty answer is the agent's own doing.
    assert_eq!(scores["c2"]["value"]["number"], 0.0);
}

#[test]
fn a_replay_does_not_depend_on_who_travelled_with_whom() {
    let server = FaultServer::start(Script::default());
    let cases = texts(40);
    let recorded = bench(&server, &cases, "repeats: 2\n");
    recorded
        .evenhand(&["run", "suite.yaml", "--record", "tape.jsonl"])
        .expect(0);
    assert_eq!(
        sent(&server).len(),
        41,
        "repeats of a text share its vector"
    );
    let tape = std::fs::read_to_string(recorded.at("tape.jsonl")).expect("a cassette");
    assert_eq!(tape.lines().count(), 41, "a text has a line of its own");
    for concurrency in ["1", "64"] {
        let replayed = bench(&server, &cases, "repeats: 2\n");
        replayed.write("tape.jsonl", &tape);
        replayed
            .evenhand(&[
                "run",
                "suite.yaml",
                "--replay",
                "tape.jsonl",
                "--concurrency",
                concurrency,
            ])
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
    assert_eq!(sent(&server).len(), 41, "a replay asks nobody");
}

#[test]
fn check_says_what_would_be_asked_and_which_cases_lack_an_answer() {
    let server = FaultServer::start(Script::default());
    let bench = bench(&server, &texts(3), "");
    bench
        .evenhand(&["check", "suite.yaml"])
        .expect(0)
        .printed("scorer near")
        .printed("6 times");
    bench.write("cases.jsonl", "{\"id\": \"a\", \"input\": \"q\"}\n");
    bench
        .evenhand(&["check", "suite.yaml"])
        .expect(3)
        .said("the scorer `near` holds answers against `expected`, and no case has it");
    assert!(server.log().is_empty());
}
