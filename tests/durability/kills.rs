//! Killed at any moment: nothing that was journaled is lost or paid for again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value as Json;

use super::binary::Bench;
use super::{SCRIPTED, Seeded, calling, cases, echo, report_without_run, requests};

/// The outcome lines that are whole, by the input of their case.
fn finished(bench: &Bench) -> BTreeSet<String> {
    let text = |line: &Json| line["transcript"]["output"].as_str().map(str::to_owned);
    bench
        .events("trial_finished")
        .iter()
        .filter_map(text)
        .collect()
}

#[test]
fn twenty_kills_repeat_no_journaled_trial_and_few_others() {
    const CASES: u64 = 500;
    const KILLS: u64 = 20;
    const SLOTS: u64 = 8;
    // A slot that needs so long for an answer has at most one that finished in the journal's last 10 ms.
    let server = echo(Duration::from_millis(40));
    let bench = calling(&server, usize::try_from(CASES).expect("a small number"));
    let mut draws = Seeded(20_261_122);
    let mut lost = Vec::new();
    // How often each prompt had been asked when its outcome was first seen in the journal.
    let mut journaled: BTreeMap<String, u64> = BTreeMap::new();
    for kill in 0..KILLS {
        let target = requests(&server) + 1 + draws.below(CASES / KILLS);
        let arguments: &[&str] = if kill == 0 {
            &["run", "suite.yaml"]
        } else {
            &["run", "suite.yaml", "--resume"]
        };
        let mut running = bench.start(arguments);
        assert!(
            running.until(|| requests(&server) >= target),
            "it ended before its kill"
        );
        running.kill().expect(128 + 9);
        let asked = server.counts();
        for prompt in finished(&bench) {
            let count = asked[&prompt];
            journaled.entry(prompt).or_insert(count);
        }
        lost.push(
            asked
                .keys()
                .filter(|prompt| !journaled.contains_key(*prompt))
                .count() as u64,
        );
    }
    let resumed = bench
        .evenhand(&["run", "suite.yaml", "--resume"])
        .expect(0)
        .said("going on with")
        .said("at most 8 calls that were under way may be paid for a second time");
    let asked = server.counts();
    for (prompt, count) in &journaled {
        assert_eq!(
            asked[prompt], *count,
            "{prompt} was in the journal and was asked again"
        );
    }
    assert_eq!(asked.len() as u64, CASES);
    let repeats = requests(&server) - CASES;
    println!("{repeats} of {CASES} requests repeated over {KILLS} kills; lost at each: {lost:?}");
    // In flight: one a slot. Finished in the journal's last 10 ms: one a slot at most. On a busy machine a single kill may cost more.
    assert!(
        repeats <= KILLS * 2 * SLOTS,
        "{repeats} repeats, lost at each kill: {lost:?}"
    );

    let uninterrupted = calling(&server, usize::try_from(CASES).expect("a small number"));
    let whole = uninterrupted.evenhand(&["run", "suite.yaml"]).expect(0);
    assert_eq!(resumed.code(), whole.code());
    let counts = |bench: &Bench| {
        let target = bench.report()["targets"][0].clone();
        (
            target["trials"].clone(),
            target["completed"].clone(),
            target["errors"].clone(),
            target["stopped"].clone(),
            target["metrics"]["success_rate"].clone(),
        )
    };
    assert_eq!(counts(&bench), counts(&uninterrupted));
    assert_eq!(bench.report()["run"]["status"], "complete");
    assert_eq!(bench.report()["run"]["resumed"], true);
}

#[test]
fn a_run_killed_twenty_times_reports_what_an_uninterrupted_one_does() {
    let whole = Bench::new(SCRIPTED);
    whole.write("cases.jsonl", &cases(150, 7));
    let ended = whole.evenhand(&["run", "suite.yaml"]);
    let bench = Bench::new(SCRIPTED);
    bench.write("cases.jsonl", &cases(150, 7));
    let mut draws = Seeded(7);
    let mut resumed = bench.start(&["run", "suite.yaml"]);
    for kill in 0..20 {
        let size = || std::fs::metadata(bench.journal()).map_or(0, |file| file.len());
        if kill == 0 {
            // The folder has its name only once the run is whole.
            assert!(resumed.until(|| !bench.runs().is_empty()));
        }
        let target = size() + 1 + draws.below(12_000);
        assert!(
            resumed.until(|| size() >= target),
            "it ended before kill {kill}"
        );
        resumed.kill().expect(128 + 9);
        resumed = bench.start(&["run", "suite.yaml", "--resume"]);
    }
    assert_eq!(resumed.end().code(), ended.code(), "{}", ended.stdout);
    let (one, other) = (report_without_run(&bench), report_without_run(&whole));
    let differing: Vec<(&str, &str)> = one
        .lines()
        .zip(other.lines())
        .filter(|(one, other)| one != other)
        .collect();
    assert!(one == other, "{differing:#?}");
}
