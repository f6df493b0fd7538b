//! A long journal read by several threads: each checks and reads pieces of it, and what they found comes in the order of the file.
//!
//! The file is cut at fixed bytes. A piece holds the lines that begin in it, wherever they end, so that every line is read by exactly
//! one thread and a piece needs to know nothing of its neighbours. A thread is at most two pieces ahead: memory grows with the longest
//! line, never with the file.

use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};

use super::entries::Entry;
use super::journal::{JournalError, open_error};
use super::line::Lines;

/// Bytes between two cuts.
const PIECE: u64 = 256 << 10;
/// How much of it is read at once.
const BUFFER: usize = 32 << 10;

/// Reads a journal with up to so many threads. Every piece's entries are put into one `B` by `read`, and `take` is handed these one
/// after the other, in the order of the file. A journal that is not there yet is empty.
pub fn scan<B: Default + Send>(
    path: &Path,
    threads: NonZeroUsize,
    read: impl Fn(&mut B, Entry<'_>) + Sync,
    take: impl FnMut(B),
) -> Result<(), JournalError> {
    in_pieces(path, threads, PIECE, read, take)
}

fn in_pieces<B: Default + Send>(
    path: &Path,
    threads: NonZeroUsize,
    piece: u64,
    read: impl Fn(&mut B, Entry<'_>) + Sync,
    mut take: impl FnMut(B),
) -> Result<(), JournalError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(open_error(path, &error)),
    };
    let broken = |error: io::Error| JournalError::Read {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let length = file.metadata().map_err(broken)?.len();
    // A journal may grow while it is read: the last piece ends where the file does.
    let pieces = (length / piece).max(1);
    let readers = (threads.get() as u64).min(pieces);
    if readers == 1 {
        let mut lines = Lines::with_buffer(file, BUFFER);
        let mut more = true;
        while more {
            let mut found = B::default();
            let to = lines.offset() + piece;
            more = fill(&mut lines, to, &read, &mut found).map_err(broken)?;
            take(found);
        }
        return Ok(());
    }
    drop(file);
    let read = &read;
    std::thread::scope(|scope| {
        let inboxes: Vec<_> = (0..readers)
            .map(|first| {
                let (outbox, inbox) = sync_channel(1);
                scope.spawn(move || {
                    let result = every_nth(path, (first, readers, pieces), piece, read, &outbox);
                    if let Err(error) = result {
                        // Whoever waits for it may have gone after another's error.
                        let _ = outbox.send(Err(error));
                    }
                });
                inbox
            })
            .collect();
        let mut turns = inboxes.iter().cycle();
        for _ in 0..pieces {
            let found = turns.next().and_then(|inbox| inbox.recv().ok());
            let found = found.unwrap_or_else(|| Err(io::Error::other("its reader ended early")));
            take(found.map_err(broken)?);
        }
        Ok(())
    })
}

/// Reads the pieces `first`, `first + step` and so on.
fn every_nth<B: Default>(
    path: &Path,
    (first, step, pieces): (u64, u64, u64),
    piece: u64,
    read: &impl Fn(&mut B, Entry<'_>),
    outbox: &SyncSender<io::Result<B>>,
) -> io::Result<()> {
    let mut lines = Lines::with_buffer(File::open(path)?, BUFFER);
    let mut at = first;
    while at < pieces {
        let mut found = B::default();
        lines.jump(at * piece)?;
        let to = if at + 1 == pieces {
            u64::MAX
        } else {
            (at + 1) * piece
        };
        fill(&mut lines, to, read, &mut found)?;
        if outbox.send(Ok(found)).is_err() {
            // Nobody wants more.
            return Ok(());
        }
        at += step;
    }
    Ok(())
}

/// Reads the lines that begin before `to`. Answers whether there may be more.
fn fill<B>(
    lines: &mut Lines,
    to: u64,
    read: &impl Fn(&mut B, Entry<'_>),
    found: &mut B,
) -> io::Result<bool> {
    while lines.offset() < to {
        match lines.next_line()? {
            Some(line) => read(found, Entry::of(line)),
            None => return Ok(false),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::journal::tests::three;
    use crate::store::line;

    /// What a reader met: where, and which of the three.
    fn met(entry: Entry<'_>) -> (u64, &'static str, String) {
        match entry {
            Entry::Event { offset, json, .. } => (offset, "event", json.to_owned()),
            Entry::Bad { offset } => (offset, "bad", String::new()),
            Entry::Torn { offset } => (offset, "torn", String::new()),
        }
    }

    fn one_by_one(path: &Path) -> Vec<(u64, &'static str, String)> {
        let mut entries = crate::store::entries::read(path).unwrap();
        let mut all = Vec::new();
        while let Some(entry) = entries.next_entry().unwrap() {
            all.push(met(entry));
        }
        all
    }

    fn in_parallel(path: &Path, threads: usize, piece: u64) -> Vec<(u64, &'static str, String)> {
        let mut all = Vec::new();
        let threads = NonZeroUsize::new(threads).unwrap();
        in_pieces(
            path,
            threads,
            piece,
            |found: &mut Vec<_>, entry| found.push(met(entry)),
            |found| all.extend(found),
        )
        .unwrap();
        all
    }

    #[test]
    fn any_number_of_threads_meets_the_same_lines_in_the_same_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        let mut bytes = three(&path);
        let mut long = format!(r#"{{"event":"x","text":"{}"}}"#, "y".repeat(1_000)).into_bytes();
        line::seal(&mut long);
        bytes.extend_from_slice(&long);
        bytes.extend_from_slice(b"\n\nnot a line\n");
        bytes.extend_from_slice(&long);
        bytes.extend_from_slice(b"{\"event\":\"torn");
        std::fs::write(&path, &bytes).unwrap();
        let expected = one_by_one(&path);
        assert_eq!(expected.len(), 9);
        for piece in [1, 2, 7, 64, 100, 333, 1_000, bytes.len() as u64, 1 << 20] {
            for threads in [1, 2, 3, 8] {
                assert_eq!(in_parallel(&path, threads, piece), expected, "{piece}");
            }
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_read_as_it_is_line_by_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        let bytes = three(&path);
        for length in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let expected = one_by_one(&path);
            assert_eq!(in_parallel(&path, 2, 50), expected, "{length}");
        }
    }

    #[test]
    fn a_journal_that_is_not_there_has_no_lines_and_one_that_cannot_be_read_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let gone = directory.path().join("events.jsonl");
        assert_eq!(in_parallel(&gone, 2, 10), []);
        let two = NonZeroUsize::new(2).unwrap();
        let error = scan(directory.path(), two, |(), _| {}, |()| {}).unwrap_err();
        assert!(matches!(error, JournalError::Read { .. }), "{error:?}");
    }
}
