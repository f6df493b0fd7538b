//! A journal, read back: one entry at a time, in memory that grows only with the longest line.
//!
//! Lines are checked without being parsed: whoever folds them parses those it wants.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::journal::{JournalError, open_error};
use super::line::{self, Content, Line, Lines};

/// What a reader of a journal meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    /// An event.
    Event {
        /// Where its line begins: the address to read it again.
        offset: u64,
        /// Its name: `trial_finished`.
        name: &'a str,
        /// Its line: a flat JSON object, `event` first, `sum` last.
        json: &'a str,
    },
    /// A line that is not what was written: to be counted, its trial done again.
    Bad {
        /// Where it begins.
        offset: u64,
    },
    /// A last line whose writer died within it, or is still writing.
    Torn {
        /// Where it begins.
        offset: u64,
    },
}

/// Reads a journal from its beginning, one line at a time.
#[derive(Debug)]
pub struct Entries {
    path: PathBuf,
    lines: Option<Lines>,
}

/// Reads a journal from its beginning; one that is not there yet is empty.
pub fn read(path: &Path) -> Result<Entries, JournalError> {
    let lines = match Lines::open(path) {
        Ok(lines) => Some(lines),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(open_error(path, &error)),
    };
    Ok(Entries {
        path: path.to_owned(),
        lines,
    })
}

impl Entries {
    /// The next entry; `None` at the end.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'_>>, JournalError> {
        let Some(lines) = &mut self.lines else {
            return Ok(None);
        };
        let line = lines.next_line().map_err(|error| JournalError::Read {
            path: self.path.clone(),
            reason: error.to_string(),
        })?;
        Ok(line.map(Entry::of))
    }
}

impl<'a> Entry<'a> {
    /// What a line says.
    pub(super) fn of(line: Line<'a>) -> Self {
        let offset = line.offset;
        match line.content {
            Content::Whole(json) => match event_name(json) {
                Some(name) => Self::Event { offset, name, json },
                None => Self::Bad { offset },
            },
            Content::Bad => Self::Bad { offset },
            Content::Torn => Self::Torn { offset },
        }
    }
}

/// The event's name, from a whole line.
pub(super) fn event_name(json: &str) -> Option<&str> {
    let (name, _) = json.strip_prefix(r#"{"event":""#)?.split_once('"')?;
    Some(name)
}

/// Reads the line at `offset` again.
pub fn line_at(path: &Path, offset: u64) -> Result<String, JournalError> {
    let mut file = File::open(path).map_err(|error| open_error(path, &error))?;
    line::read_at(&mut file, offset)
        .map_err(|error| JournalError::Read {
            path: path.to_owned(),
            reason: error.to_string(),
        })?
        .ok_or_else(|| JournalError::Damaged {
            path: path.to_owned(),
            offset,
        })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::event::TrialFinished;

    /// Ordinals of the whole lines, and how many are bad and torn.
    pub(in crate::store) fn survey(path: &Path) -> (Vec<u64>, u64, u64) {
        let (mut whole, mut bad, mut torn) = (Vec::new(), 0, 0);
        let mut entries = read(path).unwrap();
        while let Some(entry) = entries.next_entry().unwrap() {
            match entry {
                Entry::Event { name, json, offset } => {
                    assert_eq!(name, "trial_finished");
                    assert_eq!(line_at(path, offset).unwrap(), json);
                    let event: TrialFinished = serde_json::from_str(json).unwrap();
                    whole.push(event.ordinal);
                }
                Entry::Bad { .. } => bad += 1,
                Entry::Torn { .. } => torn += 1,
            }
        }
        (whole, bad, torn)
    }

    #[test]
    fn a_whole_line_that_is_no_event_is_a_bad_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        let mut bytes = br#"{"something":"else"}"#.to_vec();
        line::seal(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(survey(&path), (Vec::new(), 1, 0));
        assert!(matches!(
            line_at(&path, 3),
            Err(JournalError::Damaged { offset: 3, .. })
        ));
    }
}
