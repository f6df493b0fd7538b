//! A run read back from the disk: the only way in which its results become known.

use std::path::Path;

use super::JobError;
use super::held;
use super::suite::KINDS;
use crate::analysis::record::{Record, Shape};
use crate::domain::suite::Suite;
use crate::load::suite::from_resolved;
use crate::store::entries::Entry;
use crate::store::run::{RunDir, judge_file};
use crate::store::runs::{RunsError, find};

/// A run read back.
#[derive(Debug)]
pub struct Reading {
    /// Its directory.
    pub run: RunDir,
    /// The suite as it was run.
    pub suite: Suite,
    /// Its columns.
    pub record: Record,
    /// Lines of its journal that are damaged: their trials count as not done.
    pub bad_lines: u64,
}

/// The run of an address: a path, `latest`, `latest~1`, the beginning of its name.
pub fn open_run(address: &str, runs_dir: &Path) -> Result<RunDir, JobError> {
    find(runs_dir, address).map_err(|error| match error {
        // No such run is a wrong argument; a run that cannot be opened is a damaged one.
        RunsError::None { .. }
        | RunsError::Unknown { .. }
        | RunsError::Ambiguous { .. }
        | RunsError::TooFarBack { .. } => JobError::Usage(error.to_string()),
        RunsError::Read { .. } | RunsError::Run(_) => JobError::Store(error.to_string()),
    })
}

/// Reads a run back.
pub fn read_run(run: RunDir) -> Result<Reading, JobError> {
    let (mut reading, _) = read_with_offsets(run, false)?;
    held::attach(&mut reading)?;
    Ok(reading)
}

/// The same, with where each trial's last line begins, by ordinal.
pub(crate) fn read_with_offsets(
    run: RunDir,
    wanted: bool,
) -> Result<(Reading, Vec<u64>), JobError> {
    let suite = suite_of(&run)?;
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let extent = run.manifest().extent;
    let mut record =
        Record::new(Shape::of(&suite, extent.cases).at(&suite, run.manifest().created_ms));
    for case in run.cases().map_err(|error| store(&error))? {
        record.add_case(&case.map_err(|error| store(&error))?);
    }
    let mut offsets = Vec::new();
    if wanted {
        offsets = vec![0; usize::try_from(extent.trials()).unwrap_or(0)];
    }
    let mut bad_lines = 0;
    let mut entries = run.entries().map_err(|error| store(&error))?;
    while let Some(entry) = entries.next_entry().map_err(|error| store(&error))? {
        match entry {
            Entry::Event { offset, name, json } => {
                if record.apply(name, json).is_err() {
                    // Its sum is right and its content is not: written by something else. Like a damaged line, its trial is redone.
                    bad_lines += 1;
                } else if wanted
                    && name == "trial_finished"
                    && let Some(slot) =
                        ordinal_of(json).and_then(|ordinal| offsets.get_mut(ordinal))
                {
                    *slot = offset;
                }
            }
            Entry::Bad { .. } => bad_lines += 1,
            Entry::Torn { .. } => {}
        }
    }
    let reading = Reading {
        run,
        suite,
        record,
        bad_lines,
    };
    Ok((reading, offsets))
}

/// The suite that a run was made with.
pub(crate) fn suite_of(run: &RunDir) -> Result<Suite, JobError> {
    let judges = |named: &str| std::fs::read_to_string(run.path().join(judge_file(named))).ok();
    from_resolved(&run.manifest().suite, &judges, &KINDS).map_err(|problems| {
        let first = problems
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        let path = run.path().display();
        JobError::Store(format!(
            "{path}: its suite cannot be read by this version: {first}"
        ))
    })
}

fn ordinal_of(json: &str) -> Option<usize> {
    #[derive(serde::Deserialize)]
    struct Head {
        ordinal: u64,
    }
    let head: Head = serde_json::from_str(json).ok()?;
    usize::try_from(head.ordinal).ok()
}
