//! Readers of files: each gets a file with the bytes, in a folder of its own.

use std::path::{Path, PathBuf};

use evenhand::domain::secret::Secrets;
use evenhand::jobs::{Selection, open_suite};
use evenhand::load::benchmarks::{BENCHMARKS, Cases, Outputs, Wanted};
use evenhand::load::dataset::plan_cases;
use evenhand::load::labels;
use evenhand::load::suite::Loaded;
use evenhand::store::{
    baseline as kept, cassette::Cassette, certificate as paper, entries, journal::Journal,
    ledger as looks,
};

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder can be made");
}

/// A path in this thread's folder.
pub(crate) fn at(name: &str) -> PathBuf {
    FOLDER.with(|folder| folder.path().join(name))
}

fn with_file(name: &str, data: &[u8], read: impl FnOnce(&Path)) {
    let path = at(name);
    std::fs::write(&path, data).expect("a file can be written");
    read(&path);
}

/// A suite of ours, opened.
pub(crate) fn suite(name: &str, text: &str) -> Loaded {
    let path = at(name);
    std::fs::write(&path, text).expect("a file can be written");
    open_suite(&path, &Selection::default(), &at("runs")).unwrap_or_else(|error| panic!("{error}"))
}

/// A journal is mended at its end and read; mended once it needs no mending.
pub fn journal(data: &[u8]) {
    with_file("events.jsonl", data, |path| {
        let mended =
            Journal::resume(path, Secrets::default()).map(|(journal, _)| drop(journal.finish()));
        if mended.is_err() {
            return;
        }
        let before = std::fs::read(path).expect("it reads");
        let (journal, recovered) =
            Journal::resume(path, Secrets::default()).unwrap_or_else(|error| panic!("{error}"));
        assert!(recovered.cut.is_none(), "cut twice");
        drop(journal.finish());
        assert!(std::fs::read(path).expect("it reads").starts_with(&before));
        if let Ok(mut entries) = entries::read(path) {
            while let Ok(Some(_)) = entries.next_entry() {}
        }
    });
}

/// A baseline file, also with its checksums made good: what is inside is reached too.
pub fn baseline(data: &[u8]) {
    drop(kept::from_bytes(data, "baseline.jsonl"));
    let mut sealed = Vec::new();
    for line in data.split(|byte| *byte == b'\n') {
        if line.len() > 2 && line.starts_with(b"{") && line.ends_with(b"}") {
            let mut line = line.to_vec();
            evenhand::store::line::seal(&mut line);
            sealed.extend_from_slice(&line);
        }
    }
    drop(kept::from_bytes(&sealed, "baseline.jsonl"));
}

/// A recording that is replayed.
pub fn cassette(data: &[u8]) {
    with_file("tape.jsonl", data, |path| {
        drop(Cassette::replay(path, Secrets::default()))
    });
}

fn dataset(ending: &str, data: &[u8]) {
    let name = format!("cases.{ending}");
    thread_local! {
        static SUITES: std::cell::RefCell<std::collections::BTreeMap<String, Loaded>> = std::cell::RefCell::default();
    }
    with_file(&name, data, |_| {
        SUITES.with_borrow_mut(|suites| {
            let loaded = suites.entry(name.clone()).or_insert_with(|| {
                suite(
                    &format!("{ending}.yaml"),
                    &format!("version: 1\nsuite: s\ndataset: {{path: {name}}}\ntargets:\n  - {{id: a, kind: scripted}}\nscorers:\n  - {{id: r, kind: exact}}\n"),
                )
            });
            let mut count = 0;
            let planned = plan_cases(&loaded.suite, "suite.yaml", &loaded.folder, &mut |case| {
                assert!(!case.id.is_empty() && !case.id.contains(char::is_control), "{:?}", case.id);
                count += 1;
                Ok(())
            });
            if let Ok(selected) = planned {
                assert_eq!(selected.count, count);
            }
        });
    });
}

/// Cases as JSON lines.
pub fn dataset_jsonl(data: &[u8]) {
    dataset("jsonl", data);
}

/// Cases as CSV.
pub fn dataset_csv(data: &[u8]) {
    dataset("csv", data);
}

/// Cases as one JSON array.
pub fn dataset_json(data: &[u8]) {
    dataset("json", data);
}

/// Outputs that are there already.
pub fn recorded(data: &[u8]) {
    let text = "version: 1\nsuite: s\ndataset: {cases: [{id: a, input: q}]}\ntargets:\n  - {id: a, kind: recorded, path: outputs.jsonl}\nscorers:\n  - {id: r, kind: exact}\n";
    with_file("outputs.jsonl", data, |_| {
        let loaded = suite("recorded.yaml", text);
        crate::replies::put(&loaded, evenhand::domain::port::Answer::default());
    });
}

/// A suite file, from its bytes to what it declares.
pub fn suite_yaml(data: &[u8]) {
    with_file("suite.yaml", data, |path| {
        if let Err(error) = open_suite(path, &Selection::default(), &at("runs")) {
            assert!(!error.to_string().is_empty());
        }
    });
}

/// What people said: a labels file, and the same bytes as recorded verdicts. The first byte tells what it is called.
pub fn labels_file(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let ending = ["csv", "jsonl", "json", "tsv"][usize::from(first % 4)];
    let grades = (first & 4 != 0).then_some((1, 5));
    with_file(&format!("labels.{ending}"), data, |path| {
        if let Ok(read) = labels::file::read(path, grades) {
            // The digest is of what they say.
            assert_eq!(labels::digest(&read), labels::digest(&read.clone()));
        }
        drop(labels::verdicts::read(path, grades));
    });
}

/// The looks at labels; none is lost by adding one.
pub fn ledger(data: &[u8]) {
    with_file("labels.csv.ledger.jsonl", data, |path| {
        let Ok(ledger) = looks::read(path) else {
            return;
        };
        let Some(look) = ledger.looks.last() else {
            return;
        };
        if looks::append(path, &ledger, look).is_ok() {
            let longer = looks::read(path).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(longer.looks.len(), ledger.looks.len() + 1);
        }
    });
}

/// What a calibration leaves: read, written and read again it is the same.
pub fn certificate(data: &[u8]) {
    with_file("judge.calibration.json", data, |path| {
        if let Ok(Some(read)) = paper::read(path) {
            paper::write(path, &read).unwrap_or_else(|error| panic!("{error}"));
            let again = paper::read(path).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(again, Some(read));
        }
    });
}

/// The questions and the recorded outputs of a benchmark; the first byte tells which, the second how the file is written.
pub fn benchmark_rows(data: &[u8]) {
    let [which, form, data @ ..] = data else {
        return;
    };
    let benchmark = &BENCHMARKS[usize::from(*which) % BENCHMARKS.len()];
    let ending = ["jsonl", "csv", "json"][usize::from(form % 3)];
    with_file(&format!("rows.{ending}"), data, |path| {
        if let Ok(mut cases) = Cases::open(path, benchmark) {
            while let Some(case) = cases.next_case() {
                if case.is_err() {
                    break;
                }
            }
        }
        let wanted = Wanted {
            field: None,
            list: benchmark.list_of_outputs,
            verdicts: form & 4 != 0,
        };
        if let Ok(mut outputs) = Outputs::open(path, wanted) {
            while let Some(row) = outputs.next_row() {
                if row.is_err() {
                    break;
                }
            }
        }
    });
}
