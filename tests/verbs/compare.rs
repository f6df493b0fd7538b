//! `compare`: two targets, two runs, a run and a baseline file, two columns of a table.

use crate::cli::Desk;
use crate::suites::{cases, outputs, pair, recorded, single};

#[test]
fn two_targets_of_a_run() {
    let [prod, next] = pair(150, 6, 26, 18);
    let desk = recorded(
        &[("prod", &prod), ("next", &next)],
        "gates:\n  - {metric: success_rate, against: baseline, max_drop: 0.03}\n",
    );
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(100);
    insta::assert_snapshot!(
        "two_targets",
        desk.evenhand(&["compare", "latest"]).ends(100).screen()
    );
    // The other way round the candidate is better; the gate is about the side that is not the baseline.
    let turned = desk
        .evenhand(&[
            "compare",
            "latest",
            "--baseline",
            "next",
            "--candidate",
            "prod",
        ])
        .ends(0);
    assert!(
        turned.stdout.contains("PROD is better than NEXT"),
        "{}",
        turned.stdout
    );
    for (arguments, said) in [
        (
            &["latest", "--candidate", "prod"][..],
            "baseline and candidate are the same target",
        ),
        (
            &["latest", "--candidate", "nxt"],
            "unknown target `nxt`; did you mean `next`?",
        ),
        (
            &["latest", "latest"],
            "has several targets; name one with --candidate: prod, next",
        ),
        (
            &["base.jsonl", "latest", "--candidate", "next"],
            "there is no baseline file of this name",
        ),
    ] {
        let failed = desk.evenhand(&[&["compare"], arguments].concat()).ends(2);
        assert!(
            failed.stderr.contains(said),
            "{arguments:?}: {}",
            failed.stderr
        );
    }
}

/// Two runs of one suite: before the second one case is changed, one is gone and two are new.
fn changed() -> Desk {
    let desk = recorded(
        &[("prod", &single((0..60).map(|index| index % 5 != 0)))],
        "",
    );
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    desk.call_latest("20261122-095841-support-7f3a");
    let text = cases(62, |_| String::new()).replace("question 7\"", "another question\"");
    let without: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("\"c009\""))
        .collect();
    desk.write("cases.jsonl", without.join("\n"));
    desk.write(
        "prod.jsonl",
        outputs(&single((0..62).map(|index| index % 6 != 0)), |_| {
            String::new()
        }),
    );
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    desk.call_latest("20991231-120000-support-e7fe");
    desk
}

#[test]
fn two_runs_are_paired_by_what_their_cases_say() {
    let desk = changed();
    let said = desk.evenhand(&["compare", "latest~1", "latest"]).ends(0);
    insta::assert_snapshot!("two_runs", said.stdout);
    let json = desk
        .evenhand(&["compare", "latest~1", "latest", "--format", "json"])
        .ends(0);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    let comparison = &report["comparisons"][0];
    assert_eq!(comparison["pairs"], 58);
    let left_out = &comparison["left_out"];
    assert_eq!(
        (
            &left_out["changed"],
            &left_out["only_baseline"],
            &left_out["only_candidate"]
        ),
        (&1.into(), &1.into(), &2.into())
    );
}

#[test]
fn a_run_and_a_baseline_file() {
    let desk = changed();
    desk.evenhand(&["bless", "20261122", "--to", "base.jsonl"])
        .ends(0);
    let said = desk.evenhand(&["compare", "base.jsonl", "latest"]).ends(0);
    insta::assert_snapshot!("a_run_and_a_file", said.screen());
}

const SCORES: &str = "case,prod,next,talk\na,1,1,x\nb,1,0,x\nc,0,1,y\nd,1,1,y\ne,0,1,z\nf,1,1,z\n";

#[test]
fn a_table_has_a_finding_and_no_gate() {
    let desk = Desk::new(&[("scores.csv", SCORES)]);
    let table = [
        "compare",
        "--table",
        "scores.csv",
        "--baseline",
        "prod",
        "--candidate",
    ];
    let said = |more: &[&str]| desk.evenhand(&[&table[..], more].concat());
    insta::assert_snapshot!("a_table", said(&["next"]).ends(0).screen());
    insta::assert_snapshot!(
        "a_table_in_clusters",
        said(&["next", "--cluster", "talk"]).ends(0).screen()
    );
    let wrong = said(&["nxt"]).ends(3);
    assert_eq!(
        wrong.stderr,
        "scores.csv:1: unknown column `nxt`; did you mean `next`?\nerror: 1 problem; nothing was called\n"
    );
    said(&["next", "--format", "csv"]).ends(2);
    desk.evenhand(&table[..3]).ends(2);
}
