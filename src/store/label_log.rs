//! The log of labels as they are given: `<labels>.log.jsonl` beside the labels file, one sealed line for each thing an annotator did.
//!
//! It is only ever appended to, and a line is on the disk before its label counts as saved. Several annotators write one log, each from a
//! process of their own: who writes holds the file's lock, and has read what the others wrote before. A line that a crash tore is cut
//! off by the next writer; one that was changed otherwise counts for nothing, and is counted.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::line::{Content, Lines, seal};
use super::{durable, lock};

/// How often the lock is tried for again: each try waits out another writer's instant.
const TRIES: u32 = 50;
/// How long is waited between the tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a log cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LabelLogError {
    /// The system says so.
    #[error("{path}: {source}; nothing more is taken until it can be written", path = path.display())]
    Io {
        /// The log.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// It is no longer the file that was opened, or no longer holds what was read of it.
    #[error("{path}: it was removed, replaced or cut short while it was in use; end this, see that the file is right, and start again", path = path.display())]
    Changed {
        /// The log.
        path: PathBuf,
    },
    /// Another process holds it and does not let go.
    #[error("{path}: another process holds it; end that one first", path = path.display())]
    Held {
        /// The log.
        path: PathBuf,
    },
}

/// A log that is being read and written.
#[derive(Debug)]
pub struct LabelLog {
    path: PathBuf,
    file: File,
    /// All before was read.
    read: u64,
    /// Lines that count for nothing.
    bad: u64,
}

/// The log, held against other writers until it is dropped.
#[derive(Debug)]
pub struct Held<'a> {
    log: &'a mut LabelLog,
}

/// Where the log of a labels file stands.
#[must_use]
pub fn path_of(labels: &Path) -> PathBuf {
    let mut name = labels.file_name().unwrap_or_default().to_os_string();
    name.push(".log.jsonl");
    labels.with_file_name(name)
}

impl LabelLog {
    /// Opens a log; one that is not there is made.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self, LabelLogError> {
        let fail = |source| LabelLogError::Io {
            path: path.to_owned(),
            source,
        };
        let is_new = !path.exists();
        let file = durable::private()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(fail)?;
        if is_new {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            // A line that is confirmed is lost with the file's own name.
            durable::sync_dir(folder.unwrap_or(Path::new("."))).map_err(fail)?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            read: 0,
            bad: 0,
        })
    }

    /// Lines that count for nothing, of those that were read.
    #[must_use]
    pub fn bad_lines(&self) -> u64 {
        self.bad
    }

    /// Holds the log against other writers, for the instant of a label.
    ///
    /// # Errors
    /// Another process does not let go of it within two seconds.
    /// The same where something else took the file away: what would be saved then is saved nowhere.
    pub fn hold(&mut self) -> Result<Held<'_>, LabelLogError> {
        for _ in 0..TRIES {
            if lock::lock(&self.file).map_err(|source| self.fail(source))? {
                let held = Held { log: self };
                return match held.log.is_itself() {
                    true => Ok(held),
                    false => Err(LabelLogError::Changed {
                        path: held.log.path.clone(),
                    }),
                };
            }
            std::thread::park_timeout(PAUSE);
        }
        Err(LabelLogError::Held {
            path: self.path.clone(),
        })
    }

    /// Whether the file of this name is the one that is open, with all that was read of it.
    fn is_itself(&self) -> bool {
        let (Ok(open), Ok(named)) = (self.file.metadata(), std::fs::metadata(&self.path)) else {
            return false;
        };
        is_same_file(&open, &named) && open.len() >= self.read
    }

    fn fail(&self, source: io::Error) -> LabelLogError {
        LabelLogError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

#[cfg(unix)]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// An open file cannot be taken away here.
#[cfg(not(unix))]
fn is_same_file(_: &Metadata, _: &Metadata) -> bool {
    true
}

impl Held<'_> {
    /// What was written since the last reading, by whomever; a torn end is cut off.
    ///
    /// # Errors
    /// It cannot be read, or its end cannot be cut off.
    pub fn news<T: DeserializeOwned>(&mut self) -> Result<Vec<T>, LabelLogError> {
        self.read().map_err(|source| self.log.fail(source))
    }

    fn read<T: DeserializeOwned>(&mut self) -> io::Result<Vec<T>> {
        let log = &mut *self.log;
        let mut reader = &log.file;
        reader.seek(SeekFrom::Start(log.read))?;
        let mut lines = Lines::new(reader);
        let mut found = Vec::new();
        let (mut whole, mut torn) = (0, false);
        while let Some(line) = lines.next_line()? {
            match line.content {
                Content::Whole(json) => match serde_json::from_str(json) {
                    Ok(one) => found.push(one),
                    Err(_) => log.bad += 1,
                },
                Content::Bad => log.bad += 1,
                Content::Torn => {
                    torn = true;
                    break;
                }
            }
            whole = line.offset + line.bytes;
        }
        log.read += whole;
        if torn {
            log.file.set_len(log.read)?;
            log.file.sync_all()?;
        } else {
            self.end_the_line()?;
        }
        Ok(found)
    }

    /// Gives the last line its end, where only that was torn off.
    fn end_the_line(&mut self) -> io::Result<()> {
        let log = &mut *self.log;
        if log.read == 0 {
            return Ok(());
        }
        let mut last = [0];
        let mut reader = &log.file;
        reader.seek(SeekFrom::Start(log.read - 1))?;
        reader.read_exact(&mut last)?;
        if last != *b"\n" {
            log.file.write_all(b"\n")?;
            log.file.sync_all()?;
            log.read += 1;
        }
        Ok(())
    }

    /// Appends a line, and waits until it is on the disk. All that others wrote must have been read.
    ///
    /// # Errors
    /// It cannot be written; what was written of it is taken back.
    pub fn append(&mut self, act: &impl Serialize) -> Result<(), LabelLogError> {
        let log = &mut *self.log;
        let mut bytes = match serde_json::to_vec(act) {
            Ok(bytes) => bytes,
            Err(error) => return Err(log.fail(io::Error::other(error))),
        };
        seal(&mut bytes);
        let written = log
            .file
            .write_all(&bytes)
            .and_then(|()| log.file.sync_all());
        if let Err(error) = written {
            // What cannot be taken back is torn, and cut off by whoever reads it next.
            let _ = log.file.set_len(log.read);
            return Err(log.fail(error));
        }
        log.read += bytes.len() as u64;
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Closing the file would let go of it as well.
        let _ = self.log.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
    struct Act {
        nth: u32,
    }

    fn append(log: &mut LabelLog, nth: u32) -> Vec<u32> {
        let mut held = log.hold().unwrap();
        let news = held.news::<Act>().unwrap();
        held.append(&Act { nth }).unwrap();
        news.iter().map(|act| act.nth).collect()
    }

    fn all(path: &Path) -> (Vec<u32>, u64) {
        let mut log = LabelLog::open(path).unwrap();
        let news = log.hold().unwrap().news::<Act>().unwrap();
        (news.iter().map(|act| act.nth).collect(), log.bad_lines())
    }

    #[test]
    fn two_writers_read_what_the_other_wrote_and_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(&folder.path().join("labels.csv"));
        assert!(path.ends_with("labels.csv.log.jsonl"));
        let mut one = LabelLog::open(&path).unwrap();
        let mut two = LabelLog::open(&path).unwrap();
        assert_eq!(append(&mut one, 1), [] as [u32; 0]);
        assert_eq!(append(&mut two, 2), [1]);
        assert_eq!(append(&mut two, 3), [] as [u32; 0]);
        assert_eq!(append(&mut one, 4), [2, 3]);
        assert_eq!(all(&path), (vec![1, 2, 3, 4], 0));
    }

    #[test]
    fn a_line_torn_at_any_byte_is_cut_off_and_the_next_is_intact() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.log.jsonl");
        let mut log = LabelLog::open(&path).unwrap();
        append(&mut log, 1);
        let first = std::fs::metadata(&path).unwrap().len();
        append(&mut log, 2);
        let bytes = std::fs::read(&path).unwrap();
        for end in first..=bytes.len() as u64 {
            let end = usize::try_from(end).unwrap();
            std::fs::write(&path, &bytes[..end]).unwrap();
            let mut log = LabelLog::open(&path).unwrap();
            append(&mut log, 3);
            // A line that lacks nothing but its end is there.
            let wanted = match end + 1 >= bytes.len() {
                true => vec![1, 2, 3],
                false => vec![1, 3],
            };
            assert_eq!(all(&path), (wanted, 0), "{end}");
        }
    }

    #[test]
    fn a_line_that_was_changed_counts_for_nothing_and_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.log.jsonl");
        let mut log = LabelLog::open(&path).unwrap();
        for nth in 1..=3 {
            append(&mut log, nth);
        }
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"nth\":2", "\"nth\":7")).unwrap();
        assert_eq!(all(&path), (vec![1, 3], 1));
    }

    #[test]
    fn a_log_that_is_cut_replaced_or_removed_takes_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.log.jsonl");
        let changes: [fn(&Path); 3] = [
            |path| std::fs::write(path, "").unwrap(),
            |path| {
                std::fs::copy(path, path.with_extension("copy")).unwrap();
                std::fs::rename(path.with_extension("copy"), path).unwrap();
            },
            |path| std::fs::remove_file(path).unwrap(),
        ];
        for change in changes {
            let mut log = LabelLog::open(&path).unwrap();
            append(&mut log, 1);
            change(&path);
            assert!(matches!(log.hold(), Err(LabelLogError::Changed { .. })));
            // The lock goes with the refusal.
            assert!(LabelLog::open(&path).unwrap().hold().is_ok());
        }
    }

    #[test]
    fn a_log_that_another_holds_is_waited_for_and_no_longer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.log.jsonl");
        let mut one = LabelLog::open(&path).unwrap();
        let mut two = LabelLog::open(&path).unwrap();
        let held = one.hold().unwrap();
        assert!(matches!(two.hold(), Err(LabelLogError::Held { .. })));
        drop(held);
        assert!(two.hold().is_ok());
    }
}
