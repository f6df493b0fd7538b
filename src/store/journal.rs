//! The journal of a run, `events.jsonl`: append-only, the only truth.
//!
//! One thread writes. It takes whatever has come in within a millisecond (or 64 KiB) as one batch, writes it at once, and waits for
//! the disk at most once a second and at the end: a kill loses at most the lines of the last milliseconds, a power cut those of the
//! last second. The file itself is locked while its writer lives, so that two processes can never write into one run and a dead
//! writer leaves no lock behind.
//!
//! The first error ends the writing for good: nothing may follow a line of which only half was written. A torn last line is cut off
//! when the run goes on. A bad line elsewhere stays where it is (the journal only grows), every reader passes over it and counts it,
//! and since its trial is not settled it is done again.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::domain::event::Event;
use crate::domain::port::Sink;
use crate::domain::secret::Secrets;

use super::recover::{Recovered, recover};
use super::tray::{Load, Taken, Tray};
use super::{durable, line, lock, mask};

/// How often, at most, the disk is waited for.
const SYNC: Duration = Duration::from_secs(1);
/// The room that is kept from one batch or event to the next, in bytes.
const LARGE: usize = 1 << 20;

/// Why a journal cannot be written or read. A plain value, so that the first error can be told as often as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// It cannot be opened.
    #[error("cannot open {path}: {reason}", path = path.display())]
    Open {
        /// The journal.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Another process writes it.
    #[error("{path} is in use by another process: wait until that run ends, or stop it", path = path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
    },
    /// Writing or waiting for the disk failed; nothing was written after that.
    #[error("cannot {what} {path}: {reason}; {safe} lines of this process are kept: see to the disk, then resume the run", path = path.display())]
    Write {
        /// `write` or `sync`.
        what: &'static str,
        /// The journal.
        path: PathBuf,
        /// The system's words.
        reason: String,
        /// Lines written by this process that are safe.
        safe: u64,
    },
    /// An event is longer than a line may be.
    #[error("an event of {bytes} bytes is longer than a line of {path} may be ({} bytes)", line::LONGEST, path = path.display())]
    TooLong {
        /// The journal.
        path: PathBuf,
        /// The event's size.
        bytes: usize,
    },
    /// It cannot be read.
    #[error("cannot read {path}: {reason}", path = path.display())]
    Read {
        /// The journal.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A line that was asked for is not whole.
    #[error("the line at byte {offset} of {path} is damaged: resume the run to do its trial again", path = path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Where the line begins.
        offset: u64,
    },
}

/// The journal, open for writing. Ending it with [`Journal::finish`] says whether all is safe; dropping it writes what is left, too.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    tray: Tray,
    /// Where an event is written out before it goes into the tray.
    object: Vec<u8>,
    writer: Option<JoinHandle<Written>>,
    failure: Failure,
}

/// What a journal's writer has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Lines.
    pub lines: u64,
    /// Bytes.
    pub bytes: u64,
}

#[derive(Debug, Clone, Default)]
struct Failure(Arc<Mutex<Option<JournalError>>>);

impl Failure {
    fn lock(&self) -> MutexGuard<'_, Option<JournalError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal {
    /// Begins a new journal.
    pub fn create(path: &Path, secrets: Secrets) -> Result<Self, JournalError> {
        let file = durable::private()
            .append(true)
            .create_new(true)
            .open(path)
            .map_err(|error| open_error(path, &error))?;
        take_lock(&file, path)?;
        Self::over(file, path, secrets)
    }

    /// Takes up a journal again: cuts a torn last line off and goes on behind the last whole one. Begins one that is not there.
    pub fn resume(path: &Path, secrets: Secrets) -> Result<(Self, Recovered), JournalError> {
        // Mending cuts off what is no line: never of a file that somebody only pointed at.
        if path.is_symlink() {
            let reason = "it is a link; a run is resumed in its own files only".to_owned();
            let path = path.to_owned();
            return Err(JournalError::Open { path, reason });
        }
        let mut file = durable::private()
            .append(true)
            .read(true)
            .create(true)
            .open(path)
            .map_err(|error| open_error(path, &error))?;
        take_lock(&file, path)?;
        let recovered = recover(&mut file).map_err(|error| JournalError::Write {
            what: "recover",
            path: path.to_owned(),
            reason: error.to_string(),
            safe: 0,
        })?;
        Ok((Self::over(file, path, secrets)?, recovered))
    }

    /// Writes into a file that is open and locked already.
    fn over(file: File, path: &Path, secrets: Secrets) -> Result<Self, JournalError> {
        let tray = Tray::default();
        let failure = Failure::default();
        let pen = Pen {
            file,
            secrets,
            batch: Vec::new(),
            ends: Vec::new(),
            written: Written::default(),
            synced: 0,
        };
        let (told, named, end) = (failure.clone(), path.to_owned(), Abandons(tray.clone()));
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write(pen, &end.0, &told, &named))
            .map_err(|error| open_error(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            tray,
            object: Vec::new(),
            writer: Some(writer),
            failure,
        })
    }

    /// Hands an event to the writer; an earlier write's error is told here.
    pub fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        if !event.is_journaled() {
            return Ok(());
        }
        self.object.clear();
        serde_json::to_writer(&mut self.object, event)
            .map_err(|error| self.broken("write", &error))?;
        // Masking may make a line longer; a sixteenth is more than any list of names needs.
        let bytes = self.object.len();
        if bytes > line::LONGEST - line::LONGEST / 16 {
            return Err(JournalError::TooLong {
                path: self.path.clone(),
                bytes,
            });
        }
        // An earlier write's error has made the writer leave.
        if !self.tray.put(&mut self.object) {
            return Err(self
                .failure()
                .unwrap_or_else(|| self.broken("write", &"its writer has ended")));
        }
        self.object.shrink_to(LARGE);
        Ok(())
    }

    /// The first error, if there was one: nothing was written after it.
    #[must_use]
    pub fn failure(&self) -> Option<JournalError> {
        self.failure.lock().clone()
    }

    /// Writes what is left, waits for the disk and lets go of the file.
    pub fn finish(mut self) -> Result<Written, JournalError> {
        self.end()
    }

    fn end(&mut self) -> Result<Written, JournalError> {
        self.tray.close();
        let written = match self.writer.take().map(JoinHandle::join) {
            None => Written::default(),
            Some(Ok(written)) => written,
            Some(Err(_)) => return Err(self.broken("write", &"its writer panicked")),
        };
        self.failure().map_or(Ok(written), Err)
    }

    fn broken(&self, what: &'static str, reason: &dyn std::fmt::Display) -> JournalError {
        JournalError::Write {
            what,
            path: self.path.clone(),
            reason: reason.to_string(),
            safe: 0,
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Whoever wants to know whether all is safe has called `finish`.
        let _ = self.end();
    }
}

impl Sink for Journal {
    fn take(&mut self, event: &Event) -> Result<(), String> {
        self.append(event).map_err(|error| error.to_string())
    }
}

/// The writer's side of a journal.
struct Pen {
    file: File,
    secrets: Secrets,
    batch: Vec<u8>,
    /// Where each line of the batch ends.
    ends: Vec<usize>,
    written: Written,
    /// Lines that the disk has confirmed.
    synced: u64,
}

/// Lets whoever puts lines in know that the writer has left, also by a panic.
struct Abandons(Tray);

impl Drop for Abandons {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Writes until nothing more comes or the first error.
fn write(mut pen: Pen, tray: &Tray, failure: &Failure, path: &Path) -> Written {
    let mut due: Option<Instant> = None;
    let mut load = Load::default();
    loop {
        let ended = tray.take(&mut load, due) == Taken::Last;
        pen.add_all(&mut load);
        load.clear();
        let fail = |what, error: &io::Error, safe| {
            *failure.lock() = Some(JournalError::Write {
                what,
                path: path.to_owned(),
                reason: error.to_string(),
                safe,
            });
        };
        if !pen.ends.is_empty() {
            due = due.or_else(|| Some(Instant::now() + SYNC));
            if let Err(error) = pen.flush() {
                fail("write", &error, pen.written.lines);
                return pen.written;
            }
        }
        if due.is_some_and(|due| ended || due <= Instant::now()) {
            due = None;
            if let Err(error) = pen.file.sync_data() {
                // What the disk has not confirmed may be lost, whatever it says the next time.
                fail("sync", &error, pen.synced);
                return pen.written;
            }
            pen.synced = pen.written.lines;
        }
        if ended {
            return pen.written;
        }
    }
}

impl Pen {
    /// Seals a load of objects; what is left of it is of no use.
    fn add_all(&mut self, load: &mut Load) {
        if self.batch.is_empty()
            && self.secrets.is_empty()
            && let Some(object) = load.only()
        {
            // Where it lies: a copy of a line of many megabytes would take its room once more.
            std::mem::swap(&mut self.batch, object);
            line::seal(&mut self.batch);
            self.ends.push(self.batch.len());
            return;
        }
        for object in load.objects() {
            self.add(object);
        }
    }

    fn add(&mut self, object: &[u8]) {
        if self.secrets.is_empty() {
            line::seal_into(&mut self.batch, object);
        } else {
            // serde_json writes UTF-8 only.
            let text = String::from_utf8_lossy(object);
            let text = mask::masked(&text, &self.secrets);
            line::seal_into(&mut self.batch, text.as_bytes());
        }
        self.ends.push(self.batch.len());
    }

    /// Writes the batch; after an error `written` counts the lines of it that are whole.
    fn flush(&mut self) -> io::Result<()> {
        let mut done = 0;
        let result = loop {
            match self.file.write(&self.batch[done..]) {
                Ok(0) if done < self.batch.len() => break Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => done += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
            if done == self.batch.len() {
                break Ok(());
            }
        };
        self.written.lines += self.ends.iter().filter(|end| **end <= done).count() as u64;
        self.written.bytes += done as u64;
        self.batch.clear();
        self.batch.shrink_to(LARGE);
        self.ends.clear();
        result
    }
}

fn take_lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match lock::lock(file) {
        Ok(true) => Ok(()),
        Ok(false) => Err(JournalError::InUse {
            path: path.to_owned(),
        }),
        Err(error) => Err(open_error(path, &error)),
    }
}

pub(super) fn open_error(path: &Path, error: &io::Error) -> JournalError {
    JournalError::Open {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::event::{
        AttemptFailed, Interrupted, LimitReached, RunStarted, TrialFinished, TrialStarted,
    };
    use crate::domain::fault::{Fault, FaultKind};
    use crate::domain::plan::TrialId;
    use crate::domain::transcript::{Outcome, Transcript};
    use crate::store::entries::tests::survey;
    use crate::store::entries::{Entry, read};

    /// A trial that was answered.
    pub(in crate::store) fn finished(ordinal: u64, output: &str) -> Event {
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
                output: output.into(),
                ..Transcript::default()
            },
            reused: None,
        }))
    }

    /// A journal of three trials with characters of several bytes.
    pub(in crate::store) fn three(path: &Path) -> Vec<u8> {
        let mut journal = Journal::create(path, Secrets::default()).unwrap();
        for (ordinal, output) in ["größer", "漢字 🦀", "plain"].into_iter().enumerate() {
            journal.append(&finished(ordinal as u64, output)).unwrap();
        }
        assert_eq!(journal.finish().unwrap().lines, 3);
        std::fs::read(path).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        let bytes = three(&path);
        assert_eq!(survey(&path), (vec![0, 1, 2], 0, 0));
        let text = String::from_utf8(bytes).unwrap();
        for line in text.lines() {
            assert!(
                line.starts_with(r#"{"event":"trial_finished","ordinal":"#),
                "{line}"
            );
            assert!(serde_json::from_str::<serde_json::Value>(line).unwrap()["sum"].is_string());
        }
    }

    #[test]
    fn events_that_are_not_facts_are_not_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        let mut journal = Journal::create(&path, Secrets::default()).unwrap();
        Sink::take(
            &mut journal,
            &Event::TrialStarted(TrialStarted { ordinal: 1 }),
        )
        .unwrap();
        assert_eq!(journal.finish().unwrap(), Written::default());
    }

    #[test]
    fn two_writers_cannot_have_one_journal() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        let first = Journal::create(&path, Secrets::default()).unwrap();
        let second = Journal::resume(&path, Secrets::default()).unwrap_err();
        assert_eq!(second, JournalError::InUse { path: path.clone() });
        assert!(second.to_string().contains("in use by another process"));
        first.finish().unwrap();
        Journal::resume(&path, Secrets::default()).unwrap();
    }

    #[test]
    fn a_full_disk_is_told_once_and_for_all() {
        let full = Path::new("/dev/full");
        let file = File::options().append(true).open(full).unwrap();
        let mut journal = Journal::over(file, full, Secrets::default()).unwrap();
        // The tray holds a thousand such lines: by then at least one write has failed.
        let error = (0..10_000)
            .find_map(|ordinal| journal.append(&finished(ordinal, &"x".repeat(1000))).err())
            .unwrap();
        let JournalError::Write { what, safe, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!((*what, *safe), ("write", 0));
        assert!(error.to_string().contains("/dev/full"), "{error}");
        assert_eq!(
            Sink::take(&mut journal, &finished(0, "")).unwrap_err(),
            error.to_string()
        );
        assert_eq!(journal.failure(), Some(error.clone()));
        assert_eq!(journal.finish().unwrap_err(), error);
    }

    #[test]
    fn a_disk_that_does_not_confirm_is_an_error_at_the_end() {
        // A device cannot be synced: writing succeeds, waiting for the disk fails.
        let null = Path::new("/dev/null");
        let file = File::options().append(true).open(null).unwrap();
        let mut journal = Journal::over(file, null, Secrets::default()).unwrap();
        journal.append(&finished(0, "x")).unwrap();
        let error = journal.finish().unwrap_err();
        assert!(
            matches!(
                error,
                JournalError::Write {
                    what: "sync",
                    safe: 0,
                    ..
                }
            ),
            "{error:?}"
        );
    }

    #[test]
    fn a_write_that_stops_halfway_counts_the_whole_lines_before_it() {
        // A pipe that nobody reads takes 64 KiB, then says that it would block.
        let (reader, writer) = std::io::pipe().unwrap();
        let file = File::from(std::os::fd::OwnedFd::from(writer));
        rustix::fs::fcntl_setfl(&file, rustix::fs::OFlags::NONBLOCK).unwrap();
        let mut pen = Pen {
            file,
            secrets: Secrets::default(),
            batch: Vec::new(),
            ends: Vec::new(),
            written: Written::default(),
            synced: 0,
        };
        for ordinal in 0..200 {
            pen.add(&serde_json::to_vec(&finished(ordinal, &"x".repeat(1000))).unwrap());
        }
        let ends = pen.ends.clone();
        assert_eq!(pen.flush().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let whole = ends.iter().filter(|end| **end as u64 <= pen.written.bytes);
        assert_eq!(pen.written.lines, whole.count() as u64);
        assert!(pen.written.lines > 0 && pen.written.lines < 200);
        drop(reader);
    }

    #[test]
    fn no_secret_reaches_the_file_in_any_form() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        let canary = "canary-7\"/key";
        let mut secrets = Secrets::default();
        secrets.add("KEY", canary);
        let mut journal = Journal::create(&path, secrets).unwrap();
        journal
            .append(&finished(0, &format!("I saw {canary}")))
            .unwrap();
        journal
            .append(&Event::AttemptFailed(AttemptFailed {
                ordinal: 1,
                trial: TrialId {
                    target: canary.into(),
                    case: "c".into(),
                    variant: "original".into(),
                    repeat: 0,
                },
                scorer: None,
                attempt: 1,
                fault: Fault::new(FaultKind::Rejected, format!("{{\"echo\": {canary:?}}}")),
                retry_in_ms: None,
            }))
            .unwrap();
        journal
            .append(&Event::LimitReached(LimitReached {
                limit: "budget_usd".into(),
                message: "https://host/?key=canary-7%22%2Fkey".into(),
            }))
            .unwrap();
        journal
            .append(&Event::Interrupted(Interrupted {
                signal: "INT".into(),
                at_ms: 1,
            }))
            .unwrap();
        assert_eq!(journal.finish().unwrap().lines, 4);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("canary"), "{text}");
        assert_eq!(text.matches("${KEY}").count(), 4);
        assert_eq!(
            text.lines()
                .filter(|line| line::check(line.as_bytes()).is_some())
                .count(),
            4
        );
    }

    #[test]
    fn a_dropped_journal_has_written_all_it_was_given() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        let mut journal = Journal::create(&path, Secrets::default()).unwrap();
        for ordinal in 0..1000 {
            journal.append(&finished(ordinal, "x")).unwrap();
        }
        drop(journal);
        assert_eq!(survey(&path).0.len(), 1000);
    }

    #[test]
    fn a_journal_that_is_not_there_yet_is_empty_and_can_be_taken_up() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        assert_eq!(read(&path).unwrap().next_entry().unwrap(), None);
        let (mut journal, recovered) = Journal::resume(&path, Secrets::default()).unwrap();
        assert_eq!(recovered, Recovered::default());
        journal
            .append(&Event::RunStarted(RunStarted {
                planned: 1,
                settled: 0,
                resumed: true,
                budget: Default::default(),
                drift: Vec::new(),
                at_ms: 5,
            }))
            .unwrap();
        journal.finish().unwrap();
        let mut entries = read(&path).unwrap();
        let Some(Entry::Event { name, offset, .. }) = entries.next_entry().unwrap() else {
            panic!("no event");
        };
        assert_eq!((name, offset), ("run_started", 0));
    }
}
