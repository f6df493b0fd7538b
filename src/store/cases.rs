//! The cases of a run, `cases.jsonl`: the plan's order.
//!
//! It is complete and on the disk before the manifest appears, and the manifest holds its digest: a run, also when resumed, reads
//! its cases from here only, and a file that was changed in between is refused rather than believed.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::domain::case::Case;
use crate::domain::digest::Digest;
use crate::domain::secret::Secrets;

use super::{durable, line, mask};

/// The file's name in a run.
pub const FILE: &str = "cases.jsonl";

/// Why the cases of a run cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// The file cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A line is not a case.
    #[error("{path}:{line}: not a case: {reason}; the run is damaged: restore the file, or run the suite anew", path = path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is not the one that the run began with.
    #[error("{path} was changed after the run began: restore it, or run the suite anew", path = path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// There are not so many cases.
    #[error("case {index} of {cases} in {path} was asked for: the journal and the run do not belong together", path = path.display())]
    Beyond {
        /// The file.
        path: PathBuf,
        /// What was asked for, from 0.
        index: u64,
        /// How many there are.
        cases: u64,
    },
}

/// Writes the cases of a new run.
#[derive(Debug)]
pub(super) struct CasesWriter {
    path: PathBuf,
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    count: u64,
    masked: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CasesWritten {
    /// The digest of the file.
    pub(super) digest: Digest,
    /// How many cases there are.
    pub(super) count: u64,
    /// In how many of them the value of a secret stood.
    pub(super) masked: u64,
}

impl CasesWriter {
    pub(super) fn create(folder: &Path) -> Result<Self, CasesError> {
        let path = folder.join(FILE);
        let file = durable::private().write(true).create_new(true).open(&path);
        match file {
            Ok(file) => Ok(Self {
                path,
                file: BufWriter::with_capacity(256 << 10, file),
                hasher: blake3::Hasher::new(),
                count: 0,
                masked: 0,
            }),
            Err(source) => Err(CasesError::Write { path, source }),
        }
    }

    pub(super) fn add(&mut self, case: &Case, secrets: &Secrets) -> Result<(), CasesError> {
        let failed = |source| CasesError::Write {
            path: self.path.clone(),
            source,
        };
        let json = serde_json::to_string(case).map_err(|error| failed(error.into()))?;
        let text = mask::masked(&json, secrets);
        self.masked += u64::from(matches!(text, std::borrow::Cow::Owned(_)));
        let mut line = text.into_owned();
        line.push('\n');
        self.hasher.update(line.as_bytes());
        self.file.write_all(line.as_bytes()).map_err(failed)?;
        self.count += 1;
        Ok(())
    }

    /// Waits until all is on the disk.
    pub(super) fn finish(self) -> Result<CasesWritten, CasesError> {
        let path = self.path;
        self.file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .map_err(|source| CasesError::Write { path, source })?;
        Ok(CasesWritten {
            digest: Digest::from_hash(&self.hasher.finalize()),
            count: self.count,
            masked: self.masked,
        })
    }
}

/// The raw lines of `cases.jsonl`, held against its digest at the end.
#[derive(Debug)]
struct Rows {
    path: PathBuf,
    file: BufReader<File>,
    hasher: blake3::Hasher,
    digest: Digest,
    line: Vec<u8>,
    number: u64,
}

impl Rows {
    fn open(folder: &Path, digest: Digest) -> Result<Self, CasesError> {
        let path = folder.join(FILE);
        match File::open(&path) {
            Ok(file) => Ok(Self {
                path,
                file: BufReader::with_capacity(256 << 10, file),
                hasher: blake3::Hasher::new(),
                digest,
                line: Vec::new(),
                number: 0,
            }),
            Err(source) => Err(CasesError::Read { path, source }),
        }
    }

    /// Reads the next line; `false` at the end.
    fn advance(&mut self) -> Result<bool, CasesError> {
        self.line.clear();
        let read = (&mut self.file)
            .take(line::LONGEST as u64)
            .read_until(b'\n', &mut self.line)
            .map_err(|source| CasesError::Read {
                path: self.path.clone(),
                source,
            })?;
        if read == 0 {
            let whole = Digest::from_hash(&self.hasher.finalize()) == self.digest;
            return if whole {
                Ok(false)
            } else {
                Err(CasesError::Changed {
                    path: self.path.clone(),
                })
            };
        }
        self.hasher.update(&self.line);
        self.number += 1;
        Ok(true)
    }

    fn case(&self) -> Result<Case, CasesError> {
        parse(&self.line, &self.path, self.number)
    }
}

fn parse(bytes: &[u8], path: &Path, line: u64) -> Result<Case, CasesError> {
    serde_json::from_slice(bytes).map_err(|error| CasesError::Line {
        path: path.to_owned(),
        line,
        reason: error.to_string(),
    })
}

/// The cases of a run in the plan's order, one at a time. The last item is an error when the file is not the one the run began with.
#[derive(Debug)]
pub struct Cases {
    rows: Option<Rows>,
}

impl Cases {
    pub(super) fn open(folder: &Path, digest: Digest) -> Result<Self, CasesError> {
        Ok(Self {
            rows: Some(Rows::open(folder, digest)?),
        })
    }
}

impl Iterator for Cases {
    type Item = Result<Case, CasesError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.rows.as_mut()?;
        let item = match rows.advance() {
            Ok(true) => Some(rows.case()),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        };
        if !matches!(item, Some(Ok(_))) {
            self.rows = None;
        }
        item
    }
}

/// The cases of a run by their index, without holding them: 8 bytes a case.
#[derive(Debug)]
pub struct CaseIndex {
    path: PathBuf,
    file: File,
    offsets: Vec<u64>,
}

impl CaseIndex {
    pub(super) fn build(folder: &Path, digest: Digest) -> Result<Self, CasesError> {
        let mut rows = Rows::open(folder, digest)?;
        let mut offsets = Vec::new();
        let mut offset = 0;
        while rows.advance()? {
            offsets.push(offset);
            offset += rows.line.len() as u64;
        }
        Ok(Self {
            path: rows.path,
            file: rows.file.into_inner(),
            offsets,
        })
    }

    /// How many cases there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.offsets.len() as u64
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// The case of an index, read from the file.
    pub fn case_at(&mut self, index: u64) -> Result<Case, CasesError> {
        let offset = usize::try_from(index)
            .ok()
            .and_then(|index| self.offsets.get(index))
            .ok_or_else(|| CasesError::Beyond {
                path: self.path.clone(),
                index,
                cases: self.len(),
            })?;
        let mut line = Vec::new();
        self.file
            .seek(SeekFrom::Start(*offset))
            .and_then(|_| {
                BufReader::with_capacity(8 << 10, &mut self.file)
                    .take(line::LONGEST as u64)
                    .read_until(b'\n', &mut line)
            })
            .map_err(|source| CasesError::Read {
                path: self.path.clone(),
                source,
            })?;
        parse(&line, &self.path, index + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, cases: &[Case], secrets: &Secrets) -> CasesWritten {
        let mut writer = CasesWriter::create(folder).unwrap();
        for case in cases {
            writer.add(case, secrets).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn cases_are_read_back_in_order_and_by_index() {
        let folder = tempfile::tempdir().unwrap();
        let cases: Vec<Case> = (0..50)
            .map(|n| Case::new(format!("c{n}"), "größer? ".repeat(n)))
            .collect();
        let written = write(folder.path(), &cases, &Secrets::default());
        assert_eq!((written.count, written.masked), (50, 0));
        let read: Vec<Case> = Cases::open(folder.path(), written.digest)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(read, cases);
        let mut index = CaseIndex::build(folder.path(), written.digest).unwrap();
        assert_eq!(index.len(), 50);
        for at in [49, 0, 17] {
            assert_eq!(
                index.case_at(at).unwrap(),
                cases[usize::try_from(at).unwrap()]
            );
        }
        assert!(matches!(index.case_at(50), Err(CasesError::Beyond { .. })));
    }

    #[test]
    fn a_file_that_was_changed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let cases = [Case::new("a", "one"), Case::new("b", "two")];
        let written = write(folder.path(), &cases, &Secrets::default());
        let path = folder.path().join(FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("two", "2")).unwrap();
        let last = Cases::open(folder.path(), written.digest).unwrap().last();
        assert!(matches!(last, Some(Err(CasesError::Changed { .. }))));
        assert!(matches!(
            CaseIndex::build(folder.path(), written.digest),
            Err(CasesError::Changed { .. })
        ));
        std::fs::write(&path, "{\"id\":\"a\"}\n").unwrap();
        let error = Cases::open(folder.path(), written.digest)
            .unwrap()
            .next()
            .unwrap()
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("cases.jsonl:1: not a case: missing field `input`"),
            "{error}"
        );
    }

    #[test]
    fn secrets_in_cases_are_masked_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut secrets = Secrets::default();
        secrets.add("KEY", "canary-1");
        let cases = [Case::new("a", "what is canary-1?"), Case::new("b", "x")];
        let written = write(folder.path(), &cases, &secrets);
        assert_eq!(written.masked, 1);
        let first = Cases::open(folder.path(), written.digest).unwrap().next();
        assert_eq!(first.unwrap().unwrap().input.text(), "what is ${KEY}?");
    }
}
