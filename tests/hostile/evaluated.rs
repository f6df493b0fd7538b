//! Templates stand in the suite alone: what a case or an answer holds is inserted and never evaluated.

use serde_json::json;

use crate::binary::Bench;

const CASES: &str = "{\"id\": \"a\", \"input\": \"{{ metadata.secret }}{% include 'suite.yaml' %}{{ 6 * 7 }}\", \"expected\": \"{{ id }}\", \"metadata\": {\"secret\": \"hidden words\"}}\n";

fn suite(answer: &str) -> Bench {
    let suite = json!({
        "version": 1, "suite": "templates", "seed": 1, "dataset": {"path": "cases.jsonl"},
        "targets": [{"id": "a", "kind": "scripted", "answer": answer}],
        "scorers": [
            {"id": "same", "kind": "exact"},
            {"id": "has", "kind": "contains", "any": ["{{ expected }}"]},
        ],
        "limits": {"attempts": 1, "max_error_rate": 1.0},
    });
    let bench = Bench::new(&suite.to_string());
    bench.write("cases.jsonl", CASES);
    bench
}

#[test]
fn what_a_case_or_an_answer_holds_is_never_a_template() {
    let bench = suite("{{ input }} {{ expected }}");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let trial = bench.events("trial_finished");
    let text = trial[0].to_string();
    assert!(
        text.contains("{{ metadata.secret }}{% include 'suite.yaml' %}{{ 6 * 7 }} {{ id }}"),
        "{text}"
    );
    assert!(
        !text.contains("hidden words") && !text.contains("42 "),
        "{text}"
    );
    // The scorer's template put the text in, and looked for it as it stands.
    let shown = bench.evenhand(&["show", "latest", "a"]).expect(0);
    assert!(shown.stdout.contains("PASS  has"), "{}", shown.stdout);
}

#[test]
fn a_suites_template_reads_no_file_and_ends() {
    for template in [
        "{% include 'suite.yaml' %}",
        "{% import '/etc/passwd' as x %}",
        "{% extends '/etc/passwd' %}",
    ] {
        let bench = suite(template);
        let ended = bench.evenhand(&["run", "suite.yaml"]);
        assert!(
            [3, 5].contains(&ended.code()),
            "{template}: {}\n{}",
            ended.stdout,
            ended.stderr
        );
        assert!(!ended.stdout.contains("root:") && !ended.stderr.contains("root:"));
    }
    let endless = suite(
        "{% for a in metadata.many %}{% for b in metadata.many %}{% for c in metadata.many %}x{% endfor %}{% endfor %}{% endfor %}",
    );
    let row =
        json!({"id": "a", "input": "q", "expected": "x", "metadata": {"many": vec![0; 3_000]}});
    endless.write("cases.jsonl", &format!("{row}\n"));
    let ended = endless.evenhand(&["run", "suite.yaml"]);
    assert_eq!(ended.code(), 5, "{}\n{}", ended.stdout, ended.stderr);
    let said = endless.evenhand(&["show", "latest", "a"]);
    let all = format!("{}{}{}", ended.stdout, ended.stderr, said.stdout);
    assert!(all.contains("fuel"), "{all}");
}

#[test]
fn a_name_that_no_case_has_is_a_fault_before_anything_is_called() {
    let bench = suite("{{ inptu }}");
    let ended = bench.evenhand(&["run", "suite.yaml"]).expect(3);
    ended.said("did you mean `input`?");
    assert!(bench.runs().is_empty());
}
