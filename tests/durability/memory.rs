//! Memory does not grow with the texts of a run.

use std::fmt::Write;

use super::binary::Bench;

/// The most memory, in KiB, of a run of so many trials of 2 KiB, and of each verb that reads it afterwards.
fn peaks(trials: usize) -> Vec<(&'static str, u64)> {
    let bench = Bench::new(
        "version: 1\nsuite: many\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: one, kind: scripted, accuracy: 0.8, latency_ms: 5}\n  - {id: two, kind: scripted, accuracy: 0.8, latency_ms: 5}\n\
         scorers:\n  - {id: same, kind: exact}\ngates:\n  - {metric: success_rate, min: 0.5}\nlimits: {concurrency: 64}\n",
    );
    let mut cases = String::new();
    let text = "word ".repeat(200);
    for index in 0..trials / 2 {
        writeln!(
            cases,
            "{{\"id\":\"c{index}\",\"input\":\"{text}{index}\",\"expected\":\"{text}{index}\"}}"
        )
        .expect("a text grows");
    }
    bench.write("cases.jsonl", &cases);
    drop(cases);
    let verbs: [(&str, &[&str]); 4] = [
        ("run", &["run", "suite.yaml", "-q"]),
        ("resume", &["run", "suite.yaml", "-q", "--resume"]),
        ("report", &["report", "latest"]),
        ("compare", &["compare", "latest"]),
    ];
    verbs
        .into_iter()
        .map(|(verb, arguments)| {
            let (ended, peak) = bench.start(arguments).end_with_peak();
            ended.expect(0);
            (verb, peak)
        })
        .collect()
}

/// A program that was built for testing takes far longer over its statistics, and the same memory.
const FEW_AND_MANY: (usize, usize) = match cfg!(debug_assertions) {
    true => (2_000, 10_000),
    false => (20_000, 100_000),
};

#[test]
#[ignore = "takes minutes: many trials, written and read four times; with --release there are ten times as many"]
fn memory_is_bounded_for_many_trials_and_does_not_grow_with_their_texts() {
    let (few, many) = FEW_AND_MANY;
    let more = (many - few) as u64;
    let (few, many) = (peaks(few), peaks(many));
    println!("few: {few:?} KiB; many: {many:?} KiB");
    for ((verb, few), (_, many)) in few.iter().zip(&many) {
        assert!(*many < 200 << 10, "{verb}: {many} KiB");
        // The columns take 64 bytes a trial, the statistics some more while they work; its texts would take four times as much.
        let each = (many.saturating_sub(*few) << 10) / more;
        assert!(
            each < 512,
            "{verb}: {each} bytes for each further trial ({few} KiB and {many} KiB)"
        );
    }
}
