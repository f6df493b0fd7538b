//! Makes a run the baseline: writes the file that later runs are compared with.

use std::path::{Path, PathBuf};

use super::JobError;
use super::compare::chosen;
use super::reading::{open_run, read_run};
use super::report::{facts, threads, timestamp};
use crate::analysis::analyse::{Against, RunSide, compare};
use crate::analysis::baseline::{Baseline, Blessing, is_worse};
use crate::analysis::figure::Chance;
use crate::domain::suite::Baseline as BaselineSpec;
use crate::store::baseline;
use crate::store::run::Status;

/// What is to be blessed.
#[derive(Debug, Clone)]
pub struct Bless {
    /// The run's address.
    pub run: String,
    /// Its target; `None`: the only one.
    pub target: Option<String>,
    /// The file; `None`: the one that the suite's `baseline` names.
    pub to: Option<PathBuf>,
    /// Also when the run is worse than the file that is there.
    pub force: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blessed {
    /// The file.
    pub path: PathBuf,
    /// The run's id.
    pub run: String,
    /// The target.
    pub target: String,
    /// Cases in the file.
    pub cases: usize,
    /// Whether it replaces an older one.
    pub replaced: bool,
}

/// A file in the suite's folder, as one would type it.
fn beside(folder: &str, named: &str) -> PathBuf {
    match folder {
        "." => PathBuf::from(named),
        _ => PathBuf::from(folder).join(named),
    }
}

/// Writes the baseline file.
pub fn bless(order: &Bless, runs_dir: &Path) -> Result<Blessed, JobError> {
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let reading = read_run(open_run(&order.run, runs_dir)?)?;
    let id = reading.run.id().to_owned();
    let status = reading.run.status().map_err(|error| store(&error))?;
    if status != Status::Complete {
        return Err(JobError::Usage(format!(
            "{id} is {}; only a complete run can be blessed: resume it first",
            status.word()
        )));
    }
    if reading.run.manifest().partial {
        let flags = reading.run.manifest().flags.join(" ");
        return Err(JobError::Usage(format!(
            "{id} ran only a part of its suite ({flags}); bless a run of the whole"
        )));
    }
    let path = match (&order.to, &reading.suite.baseline) {
        (Some(path), _) => path.clone(),
        (None, BaselineSpec::File(named)) => beside(&reading.run.manifest().folder, named),
        (None, _) => {
            return Err(JobError::Usage(
                "the suite's `baseline` names no file; say where with --to FILE".to_owned(),
            ));
        }
    };
    let at = chosen(&reading, order.target.as_deref(), "--target")?;
    let target = reading.suite.targets[at].id.clone();
    let old: Option<Baseline> = match path.exists() {
        true => Some(
            baseline::read(&path, &path.display().to_string())
                .map_err(|error| store(&error))?
                .baseline,
        ),
        false => None,
    };
    if let Some(old) = &old
        && !order.force
    {
        let side = RunSide {
            suite: &reading.suite,
            record: &reading.record,
            target: at,
            name: &target,
        };
        let found = compare(Against::File(old), side, facts(&reading)?, threads());
        if is_worse(&found) {
            let said = found
                .comparisons
                .first()
                .map(|first| first.sentence.clone())
                .unwrap_or_default();
            return Err(JobError::Usage(format!(
                "{said} To bless it all the same: --force"
            )));
        }
    }
    let chance = Chance {
        seed: reading.suite.seed,
        threads: threads(),
    };
    let began = reading
        .record
        .life()
        .started_ms
        .unwrap_or(reading.run.manifest().created_ms);
    let began = timestamp(began);
    let date = began.get(..10).unwrap_or_default();
    let blessing = Blessing::new(
        &reading.suite,
        &reading.record,
        at,
        &id,
        chance,
        old.as_ref().map(|old| &old.head),
    );
    let mut cases = Vec::new();
    for (index, case) in reading
        .run
        .cases()
        .map_err(|error| store(&error))?
        .enumerate()
    {
        let case = case.map_err(|error| store(&error))?;
        // What counts nowhere is no baseline for what will count again.
        if !reading.record.is_quarantined(index) {
            cases.push(blessing.case(index, &case.id));
        }
    }
    let count = cases.len();
    baseline::write(&path, blessing.head(), date, cases).map_err(|error| store(&error))?;
    Ok(Blessed {
        path,
        run: id,
        target,
        cases: count,
        replaced: old.is_some(),
    })
}
