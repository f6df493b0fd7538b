//! The file of a cassette: sealed JSON lines, one a recorded request with its reply.
//!
//! Every line stands for itself: `{"v":1,"key","ordinal","run","kind","endpoint","endpoint_digest"?,"repeat","vote","occurrence",
//! "request","response","sum"}`. So a cassette can be appended to by several runs, merged by putting files behind one another, and
//! looked at in a diff. In memory there is an index of keys (16 bytes) and offsets (8 bytes); texts are read when they are asked for.
//! Where two lines have one key, the one of the lowest ordinal answers, wherever it stands.
//!
//! Each line is one write, made before the reply is handed on: a kill loses no reply that anybody has seen. The disk is waited for by
//! a thread of its own, at most once a second and at the end. The first error ends the writing for good.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{durable, lock};
use crate::domain::digest::Digest;

use super::line::{self, Content, Lines};
use super::recording::{Head, Record, Recorded, Response, VERSION, Version};
use super::recover::recover;

/// How often, at most, the disk is waited for.
const SYNC: Duration = Duration::from_secs(1);

/// Why a cassette cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CassetteError {
    /// There is no such file to replay.
    #[error("there is no cassette {path}: record it first with `--record {path}`", path = path.display())]
    Missing {
        /// The cassette.
        path: PathBuf,
    },
    /// It cannot be opened or read.
    #[error("cannot read cassette {path}: {reason}", path = path.display())]
    Read {
        /// The cassette.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A line is not what was recorded.
    #[error("{path}:{line}: {reason}; restore the file, or take the line out and add its reply again with `--fill {path}`", path = path.display())]
    Damaged {
        /// The cassette.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A line is of a newer version.
    #[error("{path}:{line}: recorded by a newer evenhand (version {version} of the format, {VERSION} is read): update evenhand", path = path.display())]
    Newer {
        /// The cassette.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Its version.
        version: u32,
    },
    /// Recording would add to what other runs have recorded.
    #[error("cassette {path} holds replies of another run: name a new file, or add what is missing with `--fill {path}`", path = path.display())]
    Taken {
        /// The cassette.
        path: PathBuf,
    },
    /// Another process records into it.
    #[error("cassette {path} is in use by another process: wait until it ends, or name another file", path = path.display())]
    InUse {
        /// The cassette.
        path: PathBuf,
    },
    /// It cannot be written; nothing was written after that.
    #[error("cannot write cassette {path}: {reason}; the {lines} replies before it are kept: see to the disk, then resume the run", path = path.display())]
    Write {
        /// The cassette.
        path: PathBuf,
        /// The system's words.
        reason: String,
        /// Lines of this process that were written whole.
        lines: u64,
    },
}

/// How a tape is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access<'a> {
    /// To be read; it is not touched.
    Read,
    /// To be read and appended to.
    Append,
    /// To be begun, or gone on with by the run that began it.
    Begin {
        /// The run's id.
        run: &'a str,
    },
}

/// An open cassette file.
#[derive(Debug)]
pub(super) struct Tape {
    path: PathBuf,
    file: File,
    /// Only looked up, never walked: its order reaches nothing.
    index: HashMap<Digest, u64>,
    /// The digest of the filled endpoint by the endpoint as written; only looked up.
    endpoints: HashMap<String, Digest>,
    pen: Option<Pen>,
}

impl Tape {
    pub(super) fn open(path: &Path, access: Access<'_>) -> Result<Self, CassetteError> {
        let read_error = |error: io::Error| CassetteError::Read {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let mut file = if access == Access::Read {
            File::open(path).map_err(|error| {
                if error.kind() == io::ErrorKind::NotFound {
                    CassetteError::Missing {
                        path: path.to_owned(),
                    }
                } else {
                    read_error(error)
                }
            })?
        } else {
            let mut file = durable::private()
                .read(true)
                .append(true)
                .create(true)
                .open(path)
                .map_err(read_error)?;
            if !lock::lock(&file).map_err(read_error)? {
                return Err(CassetteError::InUse {
                    path: path.to_owned(),
                });
            }
            recover(&mut file).map_err(read_error)?;
            file
        };
        let mut tape = Self {
            path: path.to_owned(),
            file: file.try_clone().map_err(read_error)?,
            index: HashMap::new(),
            endpoints: HashMap::new(),
            pen: None,
        };
        io::Seek::rewind(&mut file).map_err(read_error)?;
        tape.survey(&mut Lines::new(&mut file), access)?;
        if access != Access::Read {
            tape.pen = Some(Pen::new(file, path)?);
        }
        Ok(tape)
    }

    /// Reads the whole file once: checks every line, keeps keys and offsets.
    fn survey(
        &mut self,
        lines: &mut Lines<&mut File>,
        access: Access<'_>,
    ) -> Result<(), CassetteError> {
        let mut ordinals: HashMap<Digest, u64> = HashMap::new();
        loop {
            let line = lines.next_line().map_err(|error| CassetteError::Read {
                path: self.path.clone(),
                reason: error.to_string(),
            })?;
            let Some(line) = line else {
                return Ok(());
            };
            let damaged = |reason: String| CassetteError::Damaged {
                path: self.path.clone(),
                line: line.number,
                reason,
            };
            let json = match line.content {
                Content::Whole(json) => json,
                Content::Bad => {
                    return Err(damaged("the line was edited or damaged".to_owned()));
                }
                // Its writer was killed, or is still writing: the request will be named as missing when it is asked for.
                Content::Torn => return Ok(()),
            };
            let version = serde_json::from_str::<Version>(json)
                .map_err(|_| damaged("not a line of a cassette".to_owned()))?;
            if version.v > VERSION {
                return Err(CassetteError::Newer {
                    path: self.path.clone(),
                    line: line.number,
                    version: version.v,
                });
            }
            let head: Head<'_> =
                serde_json::from_str(json).map_err(|error| damaged(error.to_string()))?;
            if let Access::Begin { run } = access
                && head.run != run
            {
                return Err(CassetteError::Taken {
                    path: self.path.clone(),
                });
            }
            let lowest = ordinals.entry(head.key).or_insert(u64::MAX);
            if head.ordinal < *lowest || !self.index.contains_key(&head.key) {
                *lowest = head.ordinal;
                self.index.insert(head.key, line.offset);
            }
            if let Some(digest) = head.endpoint_digest {
                self.endpoints
                    .entry(head.endpoint.into_owned())
                    .or_insert(digest);
            }
        }
    }

    /// Replies held.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// The digest of the filled endpoint that replies of this endpoint were recorded with.
    pub(super) fn endpoint_digest(&self, endpoint: &str) -> Option<Digest> {
        self.endpoints.get(endpoint).copied()
    }

    /// The reply recorded for a key.
    pub(super) fn play(&mut self, key: Digest) -> Option<Result<Response, CassetteError>> {
        let offset = *self.index.get(&key)?;
        let read = line::read_at(&mut self.file, offset);
        Some(match read {
            Err(error) => Err(CassetteError::Read {
                path: self.path.clone(),
                reason: error.to_string(),
            }),
            Ok(json) => json
                .and_then(|json| serde_json::from_str::<Recorded>(&json).ok())
                .filter(|recorded| recorded.key == key)
                .map(|recorded| recorded.response)
                .ok_or_else(|| CassetteError::Read {
                    path: self.path.clone(),
                    reason: format!("it was changed at byte {offset} while it was in use"),
                }),
        })
    }

    /// Appends a line. `line` is sealed.
    pub(super) fn append(&mut self, record: &Record<'_>) -> Result<(), CassetteError> {
        let Some(pen) = &mut self.pen else {
            return Err(CassetteError::Write {
                path: self.path.clone(),
                reason: "it is open for reading".to_owned(),
                lines: 0,
            });
        };
        let offset = pen.write(record)?;
        self.index.entry(record.key).or_insert(offset);
        if let Some(digest) = record.endpoint_digest {
            self.endpoints
                .entry(record.endpoint.to_owned())
                .or_insert(digest);
        }
        Ok(())
    }

    /// The first error of writing, if there was one.
    pub(super) fn failure(&self) -> Option<CassetteError> {
        self.pen.as_ref().and_then(Pen::failure)
    }

    /// Waits until all is on the disk and lets go of the writing end; lines written by this process.
    pub(super) fn finish(&mut self) -> Result<u64, CassetteError> {
        let written = self.pen.take().map_or(Ok(0), Pen::finish);
        // The reading end is the same open file: without this it would hold the lock until it is closed, too.
        let _ = self.file.unlock();
        written
    }
}

/// The writing end of a tape.
#[derive(Debug)]
struct Pen {
    path: PathBuf,
    file: File,
    end: u64,
    lines: u64,
    state: Arc<Syncing>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Syncing {
    is_dirty: AtomicBool,
    failure: Mutex<Option<String>>,
}

impl Syncing {
    fn fail(&self, reason: String) {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(reason);
    }

    fn sync(&self, file: &File) {
        if self.is_dirty.swap(false, Ordering::SeqCst)
            && let Err(error) = file.sync_data()
        {
            self.fail(error.to_string());
        }
    }
}

impl Pen {
    fn new(file: File, path: &Path) -> Result<Self, CassetteError> {
        let read_error = |error: io::Error| CassetteError::Read {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let end = file.metadata().map_err(read_error)?.len();
        let synced = file.try_clone().map_err(read_error)?;
        let state = Arc::new(Syncing::default());
        let (stop, stopped) = channel();
        let shared = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("cassette".to_owned())
            .spawn(move || sync_until(&synced, &stopped, &shared))
            .map_err(read_error)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            end,
            lines: 0,
            state,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Writes one line; where it begins.
    fn write(&mut self, record: &Record<'_>) -> Result<u64, CassetteError> {
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        let written = serde_json::to_vec(record)
            .map_err(io::Error::from)
            .and_then(|mut line| {
                line::seal(&mut line);
                if line.len() > line::LONGEST {
                    return Err(io::Error::other("a reply is longer than a line may be"));
                }
                self.file.write_all(&line)?;
                Ok(line.len() as u64)
            });
        match written {
            Ok(bytes) => {
                self.state.is_dirty.store(true, Ordering::SeqCst);
                self.lines += 1;
                let offset = self.end;
                self.end += bytes;
                Ok(offset)
            }
            Err(error) => {
                self.state.fail(error.to_string());
                Err(self.error(error.to_string()))
            }
        }
    }

    fn failure(&self) -> Option<CassetteError> {
        let failure = self.state.failure.lock();
        let failure = failure.unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().map(|reason| self.error(reason.clone()))
    }

    fn error(&self, reason: String) -> CassetteError {
        CassetteError::Write {
            path: self.path.clone(),
            reason,
            lines: self.lines,
        }
    }

    fn finish(mut self) -> Result<u64, CassetteError> {
        self.end();
        self.failure().map_or(Ok(self.lines), Err)
    }

    fn end(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            self.state.fail("its thread panicked".to_owned());
        }
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        self.end();
    }
}

fn sync_until(file: &File, stopped: &Receiver<()>, state: &Syncing) {
    while stopped.recv_timeout(SYNC) == Err(RecvTimeoutError::Timeout) {
        state.sync(file);
    }
    state.sync(file);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::to_raw_value;

    use crate::domain::transcript::Timing;

    fn response(text: &str) -> Response {
        Response {
            status: 200,
            stream: false,
            json: None,
            text: Some(text.to_owned()),
            timing: Timing::default(),
        }
    }

    fn add(tape: &mut Tape, key: &str, ordinal: u64, run: &str, text: &str) {
        tape.append(&Record {
            v: VERSION,
            key: Digest::of(key.as_bytes()),
            ordinal,
            run,
            kind: "chat",
            endpoint: "http://${HOST}/v1",
            endpoint_digest: Some(Digest::of(b"here")),
            repeat: 0,
            vote: 0,
            occurrence: 0,
            request: &to_raw_value("größer").unwrap(),
            response: response(text),
        })
        .unwrap();
    }

    fn text(tape: &mut Tape, key: &str) -> Option<String> {
        tape.play(Digest::of(key.as_bytes()))
            .map(|found| found.unwrap().text.unwrap())
    }

    #[test]
    fn the_lowest_ordinal_answers_wherever_it_stands() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tape.jsonl");
        let mut tape = Tape::open(&path, Access::Begin { run: "r" }).unwrap();
        add(&mut tape, "a", 7, "r", "seven");
        add(&mut tape, "a", 3, "r", "three");
        add(&mut tape, "a", 5, "r", "five");
        add(&mut tape, "b", 0, "r", "other");
        assert_eq!(tape.finish().unwrap(), 4);
        let mut tape = Tape::open(&path, Access::Read).unwrap();
        assert_eq!(tape.len(), 2);
        assert_eq!(text(&mut tape, "a").as_deref(), Some("three"));
        assert_eq!(text(&mut tape, "b").as_deref(), Some("other"));
        assert_eq!(text(&mut tape, "c"), None);
        assert_eq!(
            tape.endpoint_digest("http://${HOST}/v1"),
            Some(Digest::of(b"here"))
        );
    }

    #[test]
    fn recording_never_overwrites_what_another_run_recorded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tape.jsonl");
        let mut tape = Tape::open(&path, Access::Begin { run: "one" }).unwrap();
        add(&mut tape, "a", 0, "one", "x");
        let second = Tape::open(&path, Access::Append).unwrap_err();
        assert_eq!(second, CassetteError::InUse { path: path.clone() });
        tape.finish().unwrap();
        drop(tape);
        let error = Tape::open(&path, Access::Begin { run: "two" }).unwrap_err();
        assert_eq!(error, CassetteError::Taken { path: path.clone() });
        assert_eq!(
            Tape::open(&path, Access::Begin { run: "one" })
                .unwrap()
                .len(),
            1
        );
        assert_eq!(Tape::open(&path, Access::Append).unwrap().len(), 1);
        let missing = Tape::open(&path.with_extension("no"), Access::Read).unwrap_err();
        assert!(missing.to_string().contains("--record"), "{missing}");
    }

    #[test]
    fn a_torn_tail_is_cut_before_appending_and_ignored_when_reading() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tape.jsonl");
        let mut tape = Tape::open(&path, Access::Append).unwrap();
        add(&mut tape, "a", 0, "r", "one");
        tape.finish().unwrap();
        let first = std::fs::read(&path).unwrap().len();
        add_to(&path, "b");
        let bytes = std::fs::read(&path).unwrap();
        for length in first..bytes.len() - 1 {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let mut tape = Tape::open(&path, Access::Read).unwrap();
            assert_eq!(text(&mut tape, "a").as_deref(), Some("one"));
            assert_eq!(text(&mut tape, "b"), None);
            assert_eq!(std::fs::read(&path).unwrap().len(), length);
            add_to(&path, "c");
            let mut tape = Tape::open(&path, Access::Read).unwrap();
            assert_eq!(
                (tape.len(), text(&mut tape, "c")),
                (2, Some("later".to_owned()))
            );
        }
    }

    fn add_to(path: &Path, key: &str) {
        let mut tape = Tape::open(path, Access::Append).unwrap();
        add(&mut tape, key, 1, "r", "later");
        tape.finish().unwrap();
    }

    #[test]
    fn a_changed_line_is_refused_by_its_number() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tape.jsonl");
        let mut tape = Tape::open(&path, Access::Append).unwrap();
        add(&mut tape, "a", 0, "r", "one");
        add(&mut tape, "b", 1, "r", "two");
        tape.finish().unwrap();
        drop(tape);
        let good = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, good.replace("two", "2")).unwrap();
        for access in [Access::Read, Access::Append] {
            let error = Tape::open(&path, access).unwrap_err().to_string();
            assert!(
                error.contains("tape.jsonl:2: the line was edited or damaged"),
                "{error}"
            );
            assert!(error.contains("--fill"), "{error}");
        }
        let mut newer = br#"{"v":2,"all":"different"}"#.to_vec();
        line::seal(&mut newer);
        std::fs::write(&path, newer).unwrap();
        let error = Tape::open(&path, Access::Read).unwrap_err();
        assert!(matches!(
            error,
            CassetteError::Newer {
                line: 1,
                version: 2,
                ..
            }
        ));
    }

    #[test]
    fn a_full_disk_ends_the_recording() {
        let full = Path::new("/dev/full");
        let file = File::options().append(true).open(full).unwrap();
        let mut tape = Tape {
            path: full.to_owned(),
            file: file.try_clone().unwrap(),
            index: HashMap::new(),
            endpoints: HashMap::new(),
            pen: Some(Pen::new(file, full).unwrap()),
        };
        let request = to_raw_value("x").unwrap();
        let record = Record {
            v: VERSION,
            key: Digest::of(b"a"),
            ordinal: 0,
            run: "r",
            kind: "chat",
            endpoint: "e",
            endpoint_digest: None,
            repeat: 0,
            vote: 0,
            occurrence: 0,
            request: &request,
            response: response("x"),
        };
        let error = tape.append(&record).unwrap_err();
        assert!(
            matches!(error, CassetteError::Write { lines: 0, .. }),
            "{error:?}"
        );
        assert_eq!(tape.append(&record).unwrap_err(), error);
        assert_eq!(tape.failure(), Some(error.clone()));
        assert_eq!(tape.len(), 0);
        assert_eq!(tape.finish().unwrap_err(), error);
    }
}
