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

#[test]
#[ignore = "takes a minute or more: a hundred thousand trials, written and read four times"]
fn memory_is_bounded_for_many_trials_and_does_not_grow_with_their_texts() {
    let (few, many) = (peaks(20_000), peaks(100_000));
    println!("20,000 trials: {few:?} KiB; 100,000: {many:?} KiB");
    for ((verb, few), (_, many)) in few.iter().zip(&many) {
        assert!(*many < 200 << 10, "{verb}: {many} KiB");
        // 64 bytes a trial, and as much again for what a busy allocator does not give back.
        assert!(
            many.saturating_sub(*few) < (80_000 * 128) >> 10,
            "{verb}: {few} KiB and {many} KiB"
        );
    }
}
