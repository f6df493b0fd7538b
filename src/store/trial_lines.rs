//! The journal's lines about each trial, found again without holding them: for whoever looks at some trials in full.

use std::fs::File;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::entries::{Entry, event_name};
use super::journal::{JournalError, open_error};
use super::line;
use super::scan::scan;

/// Where the lines about trials begin: 16 bytes a line.
#[derive(Debug)]
pub struct TrialLines {
    path: PathBuf,
    file: File,
    /// Ordinal and offset, sorted.
    at: Vec<(u64, u64)>,
}

/// What of a line is read to file it.
#[derive(serde::Deserialize)]
struct Head {
    ordinal: u64,
}

impl TrialLines {
    /// Finds the outcomes and the scores of every trial of a journal.
    pub(super) fn of(path: &Path, threads: NonZeroUsize) -> Result<Self, JournalError> {
        let read = |found: &mut Vec<(u64, u64)>, entry: Entry<'_>| {
            if let Entry::Event { offset, name, json } = entry
                && matches!(name, "trial_finished" | "scored")
                && let Ok(Head { ordinal }) = serde_json::from_str(json)
            {
                found.push((ordinal, offset));
            }
        };
        let mut at = Vec::new();
        scan(path, threads, read, |found| at.extend(found))?;
        at.sort_unstable();
        let file = File::open(path).map_err(|error| open_error(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            at,
        })
    }

    /// Reads the lines about some trials, in the order in which they were written for each of them: the event's name and the line.
    ///
    /// # Errors
    /// [`JournalError`] when the journal can no longer be read, or a line is no longer what was written.
    pub fn read(
        &mut self,
        trials: Range<u64>,
        take: &mut dyn FnMut(&str, &str),
    ) -> Result<(), JournalError> {
        let first = self.at.partition_point(|(trial, _)| *trial < trials.start);
        let here = self.at[first..].iter();
        for (_, offset) in here.take_while(|(trial, _)| *trial < trials.end) {
            let read = line::read_at(&mut self.file, *offset);
            let read = read.map_err(|error| JournalError::Read {
                path: self.path.clone(),
                reason: error.to_string(),
            })?;
            let damaged = || JournalError::Damaged {
                path: self.path.clone(),
                offset: *offset,
            };
            let json = read.ok_or_else(damaged)?;
            take(event_name(&json).ok_or_else(damaged)?, &json);
        }
        Ok(())
    }
}
