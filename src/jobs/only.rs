//! `--only`: the cases that failed, or could not be evaluated, in an earlier run, or have changed since.

use std::collections::BTreeSet;
use std::path::Path;

use super::JobError;
use super::begin::select;
use super::reading::{open_run, read_run};
use crate::analysis::findings::{ScoreCell, TrialRow};
use crate::analysis::rows::Rows;
use crate::domain::case::Case;
use crate::load::suite::Loaded;
use crate::store::manifest::OnlyNote;
use crate::store::run::RunDir;
use crate::store::runs;

/// Which cases are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Only {
    /// By what.
    pub which: Which,
    /// In which run; `None`: the suite's latest.
    pub run: Option<String>,
}

/// By what cases are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// A trial of one of the targets was no success.
    Failed,
    /// A trial of one of the targets could not be evaluated: it errored, is unscored or was never done.
    Errored,
    /// The case was not there, or was another one.
    Changed,
}

impl Which {
    /// Every choice with its word.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("failed", Self::Failed),
        ("errored", Self::Errored),
        ("changed", Self::Changed),
    ];

    fn word(self) -> &'static str {
        let known = Self::ALL.iter().find(|(_, which)| *which == self);
        known.map_or("", |(word, _)| word)
    }
}

/// Narrows a suite to these cases. Answers what a run's manifest says of it.
///
/// Cases in quarantine are none of those that failed: that they do is known. `changed` looks past runs of only a part of the suite:
/// what such a run left out has not changed because of that.
pub(crate) fn narrow(
    only: &Only,
    loaded: &mut Loaded,
    runs_dir: &Path,
    now_ms: u64,
) -> Result<OnlyNote, JobError> {
    let run = match only.run.as_deref() {
        Some(address) if address != "latest" => open_run(address, runs_dir)?,
        _ => earlier(loaded, runs_dir, only.which == Which::Changed)?,
    };
    let id = run.id().to_owned();
    let chosen = match only.which {
        Which::Changed => changed(loaded, &run)?,
        which => stood(loaded, run, which, now_ms)?,
    };
    if chosen.is_empty() {
        let what = match only.which {
            Which::Failed => "failed",
            Which::Errored => "errored or is unscored",
            Which::Changed => "has changed since",
        };
        let path = loaded.path.display();
        return Err(JobError::NothingToRun(format!(
            "{path}: no selected case {what} in {id}; nothing to run"
        )));
    }
    keep(loaded, chosen);
    Ok(OnlyNote {
        which: only.which.word().to_owned(),
        run: id,
    })
}

/// Narrows a suite to these of its selected cases.
pub(crate) fn keep(loaded: &mut Loaded, ids: BTreeSet<String>) {
    let select = &mut loaded.suite.dataset.select;
    select.ids = ids.into_iter().collect();
    // The limit has had its say: it decided which cases were looked at.
    select.limit = None;
}

/// The latest run of a suite; `whole`: of the whole suite, if there is one.
pub(crate) fn earlier(loaded: &Loaded, runs_dir: &Path, whole: bool) -> Result<RunDir, JobError> {
    let name = &loaded.suite.name;
    let store = |error: runs::RunsError| JobError::Store(error.to_string());
    let found = match whole {
        true => runs::latest_whole_of(runs_dir, name),
        false => runs::latest_of(runs_dir, name),
    };
    found.map_err(store)?.ok_or_else(|| {
        let dir = runs_dir.display();
        JobError::Usage(format!(
            "there is no earlier run of `{name}` in {dir}; run the suite once, or name a run"
        ))
    })
}

/// Selected cases that were not there, or were others.
fn changed(loaded: &Loaded, run: &RunDir) -> Result<BTreeSet<String>, JobError> {
    let then = super::takeover::roster(run)?;
    let mut chosen = BTreeSet::new();
    select(loaded, &mut |case: Case| {
        let parts = super::same::Parts::of(&case);
        let same = then
            .get(&case)
            .is_some_and(|known| parts.same(known.parts).whole());
        if !same {
            chosen.insert(case.id);
        }
        Ok(())
    })?;
    Ok(chosen)
}

/// Selected cases that stood so.
fn stood(
    loaded: &Loaded,
    run: RunDir,
    which: Which,
    now_ms: u64,
) -> Result<BTreeSet<String>, JobError> {
    let store = |error: crate::store::cases::CasesError| JobError::Store(error.to_string());
    let suite = &loaded.suite;
    let reading = read_run(run)?;
    let rows = Rows::new(&reading.suite, &reading.record);
    let is_meant = |row: &TrialRow| {
        suite.targets.iter().any(|target| target.id == row.target)
            && match which {
                Which::Failed => row.success == Some(false) || row.state == "failed",
                Which::Errored => could_not_be_evaluated(row),
                Which::Changed => false,
            }
    };
    let quarantined = |id: &str| {
        let mut entries = suite.quarantine.iter();
        entries.any(|one| one.case == id && one.holds(now_ms))
    };
    let mut stood = BTreeSet::new();
    for (index, case) in reading.run.cases().map_err(store)?.enumerate() {
        let id = case.map_err(store)?.id;
        if !quarantined(&id) && rows.of_case(index, &id).iter().any(is_meant) {
            stood.insert(id);
        }
    }
    let mut chosen = BTreeSet::new();
    select(loaded, &mut |case: Case| {
        if stood.contains(&case.id) {
            chosen.insert(case.id);
        }
        Ok(())
    })?;
    Ok(chosen)
}

fn could_not_be_evaluated(row: &TrialRow) -> bool {
    let mut scores = row.scores.iter().flatten();
    matches!(row.state, "errored" | "stopped")
        || scores.any(|score| matches!(score, ScoreCell::Unscored(_)))
}
