//! The journal against real processes: a writer that is killed at any moment, and one that is not alone.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use evenhand::domain::event::{Event, TrialFinished};
use evenhand::domain::plan::TrialId;
use evenhand::domain::secret::Secrets;
use evenhand::domain::transcript::{Outcome, Transcript};
use evenhand::store::entries::{self, Entry};
use evenhand::store::journal::{Journal, JournalError};

/// Where the child writes; set, this process is the child.
const CHILD: &str = "EVENHAND_TEST_JOURNAL";

fn finished(ordinal: u64) -> Event {
    Event::TrialFinished(Box::new(TrialFinished {
        ordinal,
        trial: TrialId {
            target: "a".into(),
            case: format!("c{ordinal}"),
            variant: "original".into(),
            repeat: 0,
        },
        outcome: Outcome::Answered,
        attempts: Vec::new(),
        transcript: Transcript {
            output: "größer ".repeat(50),
            ..Transcript::default()
        },
        reused: None,
    }))
}

/// Ordinals of the whole lines; a torn or bad line is a failure.
fn ordinals(path: &Path) -> Vec<u64> {
    let mut entries = entries::read(path).expect("the journal opens");
    let mut found = Vec::new();
    while let Some(entry) = entries.next_entry().expect("the journal reads") {
        let Entry::Event { json, .. } = entry else {
            panic!("{entry:?} behind {found:?}");
        };
        let trial: TrialFinished = serde_json::from_str(json).expect("a whole line is an event");
        found.push(trial.ordinal);
    }
    found
}

/// A writer that never ends by itself, and never outlives its test.
struct Writer(Child);

impl Writer {
    fn kill(&mut self) {
        self.0.kill().expect("the writer can be killed");
        self.0.wait().expect("the writer ends");
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts this test program again, as a writer.
fn start_writer(path: &Path) -> Writer {
    let program = std::env::current_exe().expect("this program has a path");
    let child = Command::new(program)
        .args(["--exact", "writes_until_it_is_killed", "--nocapture"])
        .env(CHILD, path)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("this program starts again");
    Writer(child)
}

#[test]
fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) else {
        return; // Not the child: nothing to be shown here.
    };
    let (mut journal, recovered) = Journal::resume(&path, Secrets::default()).unwrap();
    for ordinal in recovered.whole.. {
        journal.append(&finished(ordinal)).unwrap();
    }
}

#[test]
fn a_writer_killed_at_any_moment_loses_nothing_that_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let mut kept = 0;
    for round in 1..=8_u64 {
        let length = || std::fs::metadata(&path).map_or(0, |found| found.len());
        // Odd sizes, so that kills meet batches at odd places.
        let goal = length() + round * 20_011;
        let mut writer = start_writer(&path);
        let reached = loop {
            if length() > goal {
                break true;
            }
            if writer.0.try_wait().unwrap().is_some() {
                break false;
            }
            std::thread::yield_now();
        };
        assert!(reached, "the writer ended by itself");
        let busy = Journal::resume(&path, Secrets::default()).unwrap_err();
        assert!(matches!(busy, JournalError::InUse { .. }), "{busy}");
        writer.kill();
        // The lock died with its holder.
        let (mut journal, recovered) = Journal::resume(&path, Secrets::default()).unwrap();
        assert_eq!(recovered.bad, 0);
        assert!(recovered.whole > kept);
        journal.append(&finished(recovered.whole)).unwrap();
        journal.finish().unwrap();
        kept = recovered.whole + 1;
        assert_eq!(ordinals(&path), (0..kept).collect::<Vec<_>>());
    }
}
