//! Journals that were torn or damaged.

use serde_json::Value as Json;

use super::binary::Bench;
use super::{Seeded, cases, report_without_run};

/// A small run with one unscored trial among its four, finished.
fn small() -> Bench {
    let bench = Bench::new(
        "version: 1\nsuite: small\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: scripted, latency_ms: 10, accuracy: 0.7}\n\
         scorers:\n  - {id: same, kind: exact}\ngates:\n  - {metric: success_rate, min: 0.1}\nlimits: {concurrency: 1}\n",
    );
    bench.write("cases.jsonl", &cases(4, 0));
    bench
}

/// A byte-for-byte copy of a bench's run in a bench of its own.
fn copied(bench: &Bench, journal: &[u8]) -> Bench {
    let copy = small();
    let run = bench.run();
    let to = copy
        .at("runs")
        .join(run.file_name().expect("a run has a name"));
    std::fs::create_dir_all(&to).expect("a folder can be made");
    for name in ["run.json", "cases.jsonl", "suite.yaml"] {
        std::fs::copy(run.join(name), to.join(name)).expect("a file can be copied");
    }
    std::fs::write(to.join("events.jsonl"), journal).expect("a file can be written");
    copy
}

/// Line ends in the bytes: where each line begins, and where the last one ends.
fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let ends = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends).collect()
}

#[test]
fn a_journal_torn_at_any_byte_of_its_last_record_goes_on() {
    let bench = small();
    let whole = bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let expected = report_without_run(&bench);
    let bytes = std::fs::read(bench.journal()).expect("the journal reads");
    let starts = line_starts(&bytes);
    // The last record of a trial: what follows (what was spent, the end of the run) is cut off whole.
    let text = String::from_utf8(bytes.clone()).expect("a journal is text");
    let last = text
        .lines()
        .collect::<Vec<_>>()
        .iter()
        .rposition(|line| line.starts_with("{\"event\":\"scored\""))
        .expect("a score");
    let (begin, end) = (starts[last], starts[last + 1]);
    assert!(whole.stdout.contains("exit 0"));
    for length in begin..end {
        let torn = copied(&bench, &bytes[..length]);
        let resumed = torn.evenhand(&["run", "suite.yaml", "--resume"]).expect(0);
        if length > begin && length < end - 1 {
            let words = format!("half a line ({} bytes at {begin})", length - begin);
            assert!(
                resumed.stderr.contains(&words),
                "{length}: {}",
                resumed.stderr
            );
        }
        assert_eq!(report_without_run(&torn), expected, "torn at byte {length}");
        let lines = std::fs::read_to_string(torn.journal()).expect("the journal reads");
        assert!(
            lines
                .lines()
                .all(|line| serde_json::from_str::<Json>(line).is_ok()),
            "torn at byte {length}"
        );
        // Its reply was there: only its score is made again.
        assert_eq!(
            torn.events("trial_finished").len(),
            4,
            "torn at byte {length}"
        );
    }
}

#[test]
fn a_flipped_byte_costs_its_trial_and_is_counted_and_said() {
    let bench = small();
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let expected = bench.report()["targets"].clone();
    let bytes = std::fs::read(bench.journal()).expect("the journal reads");
    let starts = line_starts(&bytes);
    let mut draws = Seeded(3);
    // In the second trial: its reply, its score, and the line end between them.
    for (line, offset) in [(3, None), (4, None), (3, Some(0)), (4, Some(0))] {
        let (begin, end) = (starts[line], starts[line + 1]);
        let at = match offset {
            None => {
                begin + usize::try_from(draws.below((end - begin) as u64)).expect("a small number")
            }
            Some(_) => end - 1,
        };
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x04;
        let copy = copied(&bench, &damaged);
        // Before it is taken up again, its report says what is missing.
        let shown = copy.evenhand(&["report", "latest", "--report", "json=-"]);
        assert!(
            shown.stdout.contains("damaged"),
            "{}\n{}",
            shown.stdout,
            shown.stderr
        );
        copy.evenhand(&["run", "suite.yaml", "--resume"])
            .expect(0)
            .said("damaged line");
        assert_eq!(copy.report()["targets"], expected, "byte {at}");
        let warnings = copy.report()["warnings"].to_string();
        assert!(warnings.contains("damaged line"), "{warnings}");
        let kept = std::fs::read(copy.journal()).expect("the journal reads");
        assert!(kept.starts_with(&damaged), "the journal only grows");
        copy.evenhand(&["run", "suite.yaml", "--resume"])
            .expect(0)
            .said("already complete");
    }
}
