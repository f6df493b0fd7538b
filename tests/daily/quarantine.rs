//! Quarantine: shown apart until its day, and counted again after it.

use super::binary::Bench;
use super::*;

/// A suite in which `c2` and `c4` of five cases fail; `more` are further lines.
fn flaky(more: &str) -> Bench {
    let bench = Bench::new(&format!(
        "version: 1\nsuite: flaky\ndataset: {{path: cases.jsonl}}\nrepeats: 2\n\
         targets:\n  - {{id: a, kind: scripted, answer: \"{{{{ choice }}}}\"}}\n\
         scorers:\n  - {{id: right, kind: exact}}\nbaseline: base.jsonl\n{more}"
    ));
    let case = |id: &str, answer: &str| {
        format!(
            "{{\"id\":\"{id}\",\"input\":\"q {id}\",\"expected\":\"x\",\"choice\":\"{answer}\",\"tags\":[\"{answer}\"]}}\n"
        )
    };
    let all = [
        ("c1", "x"),
        ("c2", "y"),
        ("c3", "x"),
        ("c4", "z"),
        ("c5", "x"),
    ];
    bench.write(
        "cases.jsonl",
        &all.map(|(id, answer)| case(id, answer)).concat(),
    );
    bench
}

const GATES: &str = "gates:\n  - {metric: success_rate, min: 0.7}\n  - {metric: success_rate, min: 0.7, tags: [x]}\n";

#[test]
fn a_quarantined_case_is_shown_apart_and_counts_nowhere() {
    let bench = flaky(&format!(
        "{GATES}quarantine:\n  - {{case: c2, until: 2999-12-31, why: flaky tool}}\n"
    ));
    let ended = bench
        .evenhand(&[
            "run",
            "suite.yaml",
            "--report",
            "junit=j.xml",
            "--report",
            "csv=t.csv",
        ])
        .expect(0);
    let words = ended
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for said in [
        "4 cases x 1 target x 2 repeats",
        "without 1 case in quarantine",
        "apart c2 until 2999-12-31 (flaky tool): a 0/2 passed",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
    let report = report(&bench);
    let target = &report["targets"][0];
    assert_eq!(
        (&target["trials"], &target["stopped"]),
        (&8.into(), &0.into())
    );
    assert_eq!(target["metrics"]["success_rate"]["point"], 0.75);
    // All cases with its tag are in quarantine.
    assert!(target["slices"].get("y").is_none());
    assert_eq!(report["gates"][0]["quarantined"], 1);
    // A gate on other cases has none to be without.
    assert!(report["gates"][1].get("quarantined").is_none());
    assert_eq!(
        report["quarantine"],
        serde_json::json!([{
            "case": "c2", "until": "2999-12-31", "why": "flaky tool",
            "results": [{"target": "a", "trials": 2, "passed": 0, "failed": 2, "missing": 0}]
        }])
    );
    let markdown =
        std::fs::read_to_string(latest(&bench).join("reports/report.md")).expect("a comment");
    assert!(markdown.contains("apart: c2 until 2999"), "{markdown}");
    let junit = std::fs::read_to_string(bench.at("j.xml")).expect("a junit report");
    assert!(
        junit.contains("failures=\"1\"") && junit.contains("in quarantine; 0 of 2 repeats succeed"),
        "{junit}"
    );
    let csv = std::fs::read_to_string(bench.at("t.csv")).expect("a csv report");
    let apart = csv.lines().filter(|line| line.ends_with(",1")).count();
    assert_eq!((apart, csv.lines().count()), (2, 11), "{csv}");
    // A baseline does not hold it; a run in which it counts again has a case more.
    bench.evenhand(&["bless", "latest"]).expect(0);
    let baseline = std::fs::read_to_string(bench.at("base.jsonl")).expect("a baseline");
    assert!(
        baseline.contains("\"c1\"") && !baseline.contains("\"c2\""),
        "{baseline}"
    );
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let compared = &super::report(&bench)["comparisons"][0];
    assert_eq!(compared["pairs"], 4);
    assert_eq!(
        compared["left_out"],
        serde_json::json!({"quarantined": 1}),
        "{compared}"
    );
    // It is known to fail: there is no news in it.
    bench
        .evenhand(&["run", "suite.yaml", "--only", "failed"])
        .expect(0);
    assert_eq!(super::report(&bench)["design"]["cases"], 1);
}

#[test]
fn after_its_day_a_case_counts_again_with_a_warning() {
    let bench = flaky(&format!(
        "{GATES}quarantine:\n  - {{case: c2, until: 2001-01-31, why: flaky tool}}\n"
    ));
    let warning = "the quarantine of c2 ended on 2001-01-31: it counts again";
    let ended = bench.evenhand(&["run", "suite.yaml"]).expect(100);
    let words = ended
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(words.contains(warning), "{words}");
    assert_eq!(report(&bench)["targets"][0]["trials"], 10);
    assert!(report(&bench).get("quarantine").is_none());
    let checked = bench.evenhand(&["check", "suite.yaml"]).expect(0).stdout;
    let words = checked.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(warning), "{words}");
}

#[test]
fn check_names_cases_that_are_not_there() {
    let bench = flaky("quarantine:\n  - {case: c22, until: 2999-12-31, why: flaky tool}\n");
    bench
        .evenhand(&["check", "suite.yaml"])
        .expect(3)
        .said("suite.yaml:11:5: `quarantine`: unknown case `c22`; did you mean `c2`?");
    let bench = flaky("quarantine:\n  - {case: c2, until: 2999-12-31, why: flaky tool}\n");
    let checked = bench.evenhand(&["check", "suite.yaml"]).expect(0).stdout;
    assert!(
        checked.contains("5 cases, 1 of them in quarantine,"),
        "{checked}"
    );
    bench
        .evenhand(&["run", "suite.yaml", "--case", "c2"])
        .expect(4)
        .said("every selected case is in quarantine");
}
