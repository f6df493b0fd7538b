//! Judges of every mode in whole runs: classes, pairs in both orders, panels.

mod support {
    #[expect(dead_code, reason = "these tests let runs end by themselves")]
    pub(crate) mod binary;
}

use serde_json::Value as Json;
use support::binary::Bench;

/// A suite of six cases and one scorer, `judged`.
fn bench(scorer: &str, more: &str) -> Bench {
    let cases: String = (0..6)
        .map(|at| {
            format!("{{\"id\":\"c{at}\",\"input\":\"q{at}\",\"expected\":\"e{at}\",\"before\":\"b{at}\"}}\n")
        })
        .collect();
    let bench = Bench::new(&format!(
        "version: 1\nsuite: modes\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: scripted, answer: \"an answer\"}}\n\
         scorers:\n{scorer}\nallow_uncalibrated: true\n{more}"
    ));
    bench.write("cases.jsonl", &cases);
    bench
}

/// A model that answers these cases with one verdict and all others with another.
fn says(cases: &str, verdict: &str, others: &str) -> String {
    let reply = |verdict: &str| format!("'{{\"reasoning\": \"so\", \"verdict\": {verdict}}}'");
    format!(
        "{{kind: scripted, model: m, answers: [{{case: [{cases}], answer: {}}}], answer: {}}}",
        reply(verdict),
        reply(others)
    )
}

fn scores(bench: &Bench) -> Vec<Json> {
    let lines = bench.events("scored");
    lines.iter().map(|line| line["scores"][0].clone()).collect()
}

#[test]
fn a_classifier_reports_the_share_of_each_class_and_gates_one() {
    let model = says("c0, c1", "\"over-refusal\"", "\"answered\"");
    let bench = bench(
        &format!("  - {{id: judged, kind: judge, judge: refusal, model: {model}}}"),
        "gates:\n  - {metric: judged == over-refusal, max: 0.2}\n",
    );
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(100)
        .printed("judged == over-refusal")
        .printed("33 %");
    let metrics = &bench.report()["targets"][0]["metrics"];
    let point = |name: &str| metrics[name]["point"].as_f64().expect(name);
    assert!((point("judged") - 4.0 / 6.0).abs() < 1e-12);
    assert!((point("judged == over-refusal") - 2.0 / 6.0).abs() < 1e-12);
    assert_eq!(point("judged == under-refusal"), 0.0);
    assert_eq!(point("success_rate"), point("judged"));
}

#[test]
fn a_pairwise_judge_that_prefers_a_place_is_seen_through() {
    let model = says("c0, c1, c2", "\"a\"", "\"tie\"");
    let bench = bench(
        &format!(
            "  - {{id: judged, kind: judge, judge: preference, against: '{{{{ before }}}}', model: {model}}}"
        ),
        "",
    );
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(0)
        .printed("two orders disagree on 50 %")
        .printed("of 6 pairs");
    let scores = scores(&bench);
    assert_eq!(scores.len(), 6);
    for score in &scores {
        assert_eq!(
            score["value"]["number"], 0.5,
            "the place decided, or nothing did"
        );
        assert_eq!(score["asked"]["attempts"], 2);
    }
    let report = bench.report();
    let orders = &report["judges"][0]["orders"];
    assert_eq!(orders["pairs"], 6);
    assert_eq!(orders["flip_rate"]["point"], 0.5);
    assert_eq!(orders["flip_rate"]["n"], 6);
    assert_eq!(orders["first_shown"]["point"], 1.0);
    assert_eq!(report["run"]["spent"]["calls"], 6 + 12);
}

#[test]
fn a_panel_asks_every_member_its_own_model() {
    let (lenient, strict) = (says("c0", "\"fail\"", "\"pass\""), says("c0, c1", "2", "5"));
    let bench = bench(
        &format!(
            "  - id: judged\n    kind: judge\n    combine: any-fail\n    panel:\n\
             \x20     - {{judge: safety, model: {lenient}}}\n\
             \x20     - {{judge: helpfulness, votes: 3, model: {strict}}}"
        ),
        "",
    );
    let checked = bench.evenhand(&["check", "suite.yaml"]).expect(0);
    checked
        .printed("judge judged/1")
        .printed("judge judged/2")
        .printed("18 times");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let scores = scores(&bench);
    let passed = scores.iter().filter(|score| score["value"]["pass"] == true);
    assert_eq!(passed.count(), 4);
    let members = &scores[0]["asked"]["details"]["members"];
    assert_eq!(members[0]["judge"], "safety");
    assert_eq!(
        members[1]["asked"]["votes"].as_array().map(Vec::len),
        Some(3)
    );
    assert_eq!(scores[0]["asked"]["attempts"], 4);
    let report = bench.report();
    assert_eq!(report["judges"][0]["model"], "m + m");
    assert_eq!(report["run"]["spent"]["calls"], 6 + 6 * 4);
    // The run keeps both judges' files, and can be scored again from them.
    bench
        .evenhand(&["report", "latest"])
        .expect(0)
        .printed("judged");
}

#[test]
fn members_that_ask_the_same_are_voices_of_their_own() {
    let member = |verdict: &str| {
        let model = says("none", verdict, verdict);
        format!("{{judge: safety, model: {model}}}")
    };
    let panel = format!(
        "  - id: judged\n    kind: judge\n    combine: majority\n    panel: [{}, {}, {}]",
        member("\"pass\""),
        member("\"fail\""),
        member("\"pass\"")
    );
    let bench = bench(&panel, "");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    for score in scores(&bench) {
        assert_eq!(score["value"]["pass"], true, "two of three: {score}");
        let said = &score["asked"]["details"]["votes"];
        let grades: Vec<&Json> = (0..3).map(|at| &said[at]["grade"]).collect();
        assert_eq!(grades, [1.0, 0.0, 1.0]);
    }
}
