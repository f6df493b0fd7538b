//! A run read back from the disk: the only way in which its results become known.

use std::path::Path;

use super::JobError;
use super::held;
use super::report::threads;
use super::suite::KINDS;
use crate::analysis::record::{Batch, Cases, Reader, Record, Shape};
use crate::domain::suite::Suite;
use crate::load::suite::from_resolved;
use crate::store::cases::CasesError;
use crate::store::entries::Entry;
use crate::store::run::{RunDir, judge_file};
use crate::store::runs::{RunsError, find};
use crate::store::scan::scan;

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
    let mut offsets = Vec::new();
    if wanted {
        offsets = vec![0; usize::try_from(extent.trials()).unwrap_or(0)];
    }
    let shape = record.shape().clone();
    let reader = Reader::of(&shape);
    let read = |part: &mut Part, entry: Entry<'_>| match entry {
        Entry::Event { offset, name, json } => match reader.read(&mut part.batch, name, json) {
            Ok(Some(ordinal)) if wanted => part.ends.push((ordinal, offset)),
            Ok(_) => {}
            // Its sum is right and its content is not: written by something else. Like a damaged line, its trial is redone.
            Err(_) => part.bad_lines += 1,
        },
        Entry::Bad { .. } => part.bad_lines += 1,
        Entry::Torn { .. } => {}
    };
    let mut bad_lines = 0;
    let cases = std::thread::scope(|scope| {
        // Cases and journal know nothing of each other: they are read side by side.
        let cases = scope.spawn(|| cases_of(&run, &shape));
        let scanned = scan(&run.journal_path(), threads(), read, |part| {
            bad_lines += part.bad_lines;
            record.take(part.batch);
            for (ordinal, offset) in part.ends {
                let at = usize::try_from(ordinal).ok();
                if let Some(slot) = at.and_then(|at| offsets.get_mut(at)) {
                    *slot = offset;
                }
            }
        });
        let cases = cases
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // What is wrong with the cases is told first, as it stands first in the run.
        let cases = cases.map_err(|error| store(&error))?;
        scanned.map_err(|error| store(&error))?;
        Ok::<_, JobError>(cases)
    })?;
    record.set_cases(cases);
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

/// What a record keeps of a run's cases.
fn cases_of(run: &RunDir, shape: &Shape) -> Result<Cases, CasesError> {
    let mut cases = Cases::for_many(shape.extent.cases);
    for case in run.cases()? {
        cases.add(&case?, &shape.quarantine);
    }
    Ok(cases)
}

/// What a thread has read of a part of the journal.
#[derive(Default)]
struct Part {
    batch: Batch,
    /// Where the lines of trials that ended begin, by ordinal.
    ends: Vec<(u64, u64)>,
    bad_lines: u64,
}
