//! Recorded replies: given only where the very same request was answered, and shown for what they are.

use std::time::Duration;

use serde_json::json;

use super::binary::Bench;
use super::fault_server::{FaultServer, Mishap, Script};
use super::{cases, echo, requests};

const CASES: usize = 6;
const FILL: [&str; 4] = ["run", "suite.yaml", "--fill", "tape.jsonl"];

/// A suite whose one target is at this server; `more` are further options of it, `after` further lines of the suite.
fn asking(server: &FaultServer, more: &str, after: &str) -> String {
    let url = server.base_url();
    format!(
        "version: 1\nsuite: taped\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: chat, base_url: \"{url}\"{more}}}\n\
         scorers:\n  - {{id: same, kind: exact}}\n{after}"
    )
}

fn taped(suite: &str) -> Bench {
    let bench = Bench::new(suite);
    bench.write("cases.jsonl", &cases(CASES, 0));
    bench
}

#[test]
fn no_reply_is_given_to_another_model_prompt_parameter_endpoint_or_repeat() {
    let (server, other) = (echo(Duration::ZERO), echo(Duration::ZERO));
    let model = ", model: m, params: {temperature: 0}, system: \"Be brief.\"";
    let bench = taped(&asking(&server, model, ""));
    let asked = || requests(&server) + requests(&other);
    bench.evenhand(&FILL).expect(0);
    assert_eq!(asked(), CASES as u64);
    bench.evenhand(&FILL).expect(0);
    assert_eq!(
        asked(),
        CASES as u64,
        "the same requests are answered from the cassette"
    );
    let changes = [
        (
            "model",
            asking(&server, &model.replace("model: m", "model: n"), ""),
        ),
        (
            "temperature",
            asking(
                &server,
                &model.replace("temperature: 0", "temperature: 1"),
                "",
            ),
        ),
        (
            "another parameter",
            asking(
                &server,
                &model.replace("temperature: 0", "temperature: 0, top_p: 0.5"),
                "",
            ),
        ),
        (
            "system",
            asking(&server, &model.replace("brief", "long"), ""),
        ),
        (
            "prompt",
            asking(
                &server,
                &format!("{model}, prompt: \"{{{{ input }}}}?\""),
                "",
            ),
        ),
        ("endpoint", asking(&other, model, "")),
    ];
    let mut expected = CASES as u64;
    for (what, suite) in changes {
        bench.write("suite.yaml", &suite);
        let ended = bench.evenhand(&FILL);
        expected += CASES as u64;
        assert_eq!(
            asked(),
            expected,
            "{what} was changed: {}\n{}",
            ended.stdout,
            ended.stderr
        );
        bench.evenhand(&FILL);
        assert_eq!(asked(), expected, "{what}: what was filled is there");
    }
    // Repeats are draws of their own: the first is there, the others are not.
    bench.write("suite.yaml", &asking(&server, model, "repeats: 3\n"));
    bench.evenhand(&FILL).expect(0);
    assert_eq!(asked(), expected + 2 * CASES as u64);
    let prompts = server.counts();
    assert_eq!(
        prompts.len(),
        2 * CASES,
        "as written, and with a question mark"
    );
}

#[test]
fn what_was_no_answer_is_asked_again_and_what_was_one_is_not() {
    let says = |content: serde_json::Value, finish: &str| {
        let message = json!({"role": "assistant", "content": content});
        Some(Mishap::Says(200, json!({"model": "m", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}).to_string()))
    };
    let none = [
        ("an error with status 200", Some(Mishap::ErrorBody)),
        ("a reply that is cut", Some(Mishap::Truncated)),
        ("no JSON", Some(Mishap::Garbage)),
        ("a rate limit", Some(Mishap::Limited("600".into()))),
        ("a refused request", Some(Mishap::Status(400))),
        ("a broken server", Some(Mishap::Status(500))),
        ("a reset", Some(Mishap::ResetInside)),
    ];
    for (what, mishap) in none {
        for stream in [false, true] {
            let server = FaultServer::start(Script {
                first: vec![mishap.clone()],
                ..Script::default()
            });
            let more = format!(", model: m, stream: {stream}");
            let bench = taped(&asking(
                &server,
                &more,
                "limits: {concurrency: 1, attempts: 1, max_error_rate: 0.5}\n",
            ));
            bench.evenhand(&FILL).expect(0);
            assert_eq!(
                bench.report()["targets"][0]["completed"],
                CASES - 1,
                "{what}"
            );
            std::fs::remove_dir_all(bench.at("runs")).expect("runs can be removed");
            bench.evenhand(&FILL).expect(0);
            assert_eq!(
                requests(&server),
                CASES as u64 + 1,
                "{what}, stream {stream}: only the one is asked again"
            );
            assert_eq!(bench.report()["targets"][0]["completed"], CASES, "{what}");
        }
    }
    // An answer that is empty, cut by its own token limit or refused by the provider is an answer: it is what the agent said.
    let answers = [
        ("empty", says(json!(""), "stop")),
        ("none at all", says(json!(null), "stop")),
        ("cut by the token limit", says(json!("word"), "length")),
        ("filtered", says(json!(""), "content_filter")),
    ];
    for (what, mishap) in answers {
        let server = FaultServer::start(Script {
            first: vec![mishap],
            ..Script::default()
        });
        let bench = taped(&asking(
            &server,
            ", model: m",
            "limits: {concurrency: 1, attempts: 1}\n",
        ));
        bench.evenhand(&FILL).expect(0);
        let first = bench.report()["targets"][0]["metrics"]["same"].clone();
        std::fs::remove_dir_all(bench.at("runs")).expect("runs can be removed");
        bench.evenhand(&FILL).expect(0);
        assert_eq!(requests(&server), CASES as u64, "{what}");
        assert_eq!(
            bench.report()["targets"][0]["metrics"]["same"],
            first,
            "{what}"
        );
    }
}

#[test]
fn a_replayed_run_shows_the_recorded_times_and_costs_says_so_and_costs_nothing() {
    let server = echo(Duration::from_millis(30));
    let more = ", model: m, price: {input: 1000, output: 2000}";
    let bench = taped(&asking(&server, more, ""));
    bench
        .evenhand(&["run", "suite.yaml", "--record", "tape.jsonl"])
        .expect(0);
    let live = bench.report();
    assert_eq!(live["run"]["spent"]["calls"], CASES);
    assert!(
        live["run"]["spent"]["usd"].as_f64() > Some(0.0),
        "{}",
        live["run"]
    );
    std::fs::remove_dir_all(bench.at("runs")).expect("runs can be removed");
    drop(server);
    let ended = bench
        .evenhand(&["run", "suite.yaml", "--replay", "tape.jsonl"])
        .expect(0);
    let replayed = bench.report();
    let metrics = |report: &serde_json::Value| report["targets"][0]["metrics"].clone();
    for metric in [
        "latency_p50_ms",
        "latency_mean_ms",
        "cost_usd",
        "tokens_in",
        "tokens_out",
        "success_rate",
    ] {
        assert!(
            metrics(&live)[metric]["point"].is_number(),
            "{metric}: {}",
            metrics(&live)
        );
        assert_eq!(
            metrics(&live)[metric],
            metrics(&replayed)[metric],
            "{metric}"
        );
    }
    assert_eq!(
        (
            &replayed["run"]["spent"]["calls"],
            &replayed["run"]["spent"]["usd"]
        ),
        (&json!(0), &json!(0.0))
    );
    ended.printed("latency and cost are the recorded ones");
}
