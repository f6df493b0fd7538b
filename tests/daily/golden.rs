//! Runs of every released format go on being read.

use super::binary::Bench;
use super::*;

/// What a run says, without what follows from where it lies.
fn told(bench: &Bench, run: &str) -> Json {
    let said = bench
        .evenhand(&["report", run, "--format", "json"])
        .expect(0)
        .stdout;
    let mut report: Json = serde_json::from_str(&said).expect("the report is JSON");
    report["run"]["directory"] = Json::Null;
    report
}

/// What a report of then holds that one of now does not: fields are only added.
fn lost(then: &Json, now: &Json, place: &str) -> Vec<String> {
    match (then, now) {
        (Json::Object(old), Json::Object(new)) => old
            .iter()
            .flat_map(|(key, value)| {
                let place = format!("{place}/{key}");
                lost(value, new.get(key).unwrap_or(&Json::Null), &place)
            })
            .collect(),
        (Json::Array(old), Json::Array(new)) if old.len() == new.len() => (0..old.len())
            .flat_map(|at| lost(&old[at], &new[at], &format!("{place}/{at}")))
            .collect(),
        _ if then == now => Vec::new(),
        _ => vec![format!("{place}: {then} then, {now} now")],
    }
}

#[test]
fn a_golden_run_of_format_1_0_reads_as_it_did() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let bench = Bench::new("");
    let run = fixtures.join("run-1.0");
    let address = run.to_str().expect("UTF-8");
    let report = told(&bench, address);
    let then = json(&fixtures.join("run-1.0.report.json"));
    assert_eq!(lost(&then, &report, ""), Vec::<String>::new());
    // Every state there is, and lines of every kind.
    let target = &report["targets"][1];
    assert_eq!(
        (&target["trials"], &target["completed"]),
        (&8.into(), &7.into())
    );
    assert!(report["run"]["parent"]["reused_trials"].as_u64() > Some(0));
    assert_eq!(report["quarantine"][0]["case"], "d");
    let shown = bench.evenhand(&["show", address, "a"]).expect(0).stdout;
    assert!(shown.contains("scripted"), "{shown}");
}
