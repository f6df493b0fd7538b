//! One case of a run in full.

use std::collections::BTreeMap;
use std::path::Path;

use super::JobError;
use super::held;
use super::reading::{open_run, suite_of};
use crate::domain::case::Case;
use crate::domain::decode::unknown;
use crate::domain::event::{Scored, TrialFinished};
use crate::domain::score::Score;
use crate::domain::suite::Suite;
use crate::score::success::Expression;
use crate::store::entries::Entry;

/// What is to be shown.
#[derive(Debug, Clone)]
pub struct Show {
    /// The run's address.
    pub run: String,
    /// The case's id.
    pub case: String,
    /// Only these targets; empty: all.
    pub targets: Vec<String>,
}

/// A case and its trials.
#[derive(Debug)]
pub struct Shown {
    /// The run's suite.
    pub suite: Suite,
    /// The case.
    pub case: Case,
    /// Its trials in the plan's order.
    pub trials: Vec<ShownTrial>,
    /// How each judge stands, by its scorer: `calibrated`, `stale`, `uncalibrated`.
    pub calibration: BTreeMap<String, String>,
}

/// One trial of the case.
#[derive(Debug)]
pub struct ShownTrial {
    /// The target's id.
    pub target: String,
    /// The repeat, from 0.
    pub repeat: u32,
    /// How it ended; `None`: it has not run.
    pub finished: Option<TrialFinished>,
    /// Its scores, in the order in which they came.
    pub scores: Vec<Score>,
    /// Whether it is a success; `None`: missing or not defined.
    pub success: Option<bool>,
}

/// Reads a case's trials from a run.
pub fn show(order: &Show, runs_dir: &Path) -> Result<Shown, JobError> {
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let run = open_run(&order.run, runs_dir)?;
    let suite = suite_of(&run)?;
    let known: Vec<&str> = suite
        .targets
        .iter()
        .map(|target| target.id.as_str())
        .collect();
    if let Some(id) = order
        .targets
        .iter()
        .find(|id| !known.contains(&id.as_str()))
    {
        return Err(JobError::Usage(unknown("target", id, &known)));
    }
    let mut found = None;
    let mut has_checks = false;
    let mut ids = Vec::new();
    for (index, case) in (0_u64..).zip(run.cases().map_err(|error| store(&error))?) {
        let case = case.map_err(|error| store(&error))?;
        has_checks |= !case.checks.is_empty();
        if case.id == order.case {
            found = Some((index, case));
        } else if found.is_none() {
            ids.push(case.id);
        }
    }
    let Some((index, case)) = found else {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        return Err(JobError::Usage(no_case(&order.case, &ids)));
    };
    let extent = run.manifest().extent;
    let (first, per_case) = (index * extent.per_case(), extent.per_case());
    let mut trials: Vec<ShownTrial> = (first..first + per_case)
        .filter_map(|ordinal| extent.at(ordinal))
        .map(|at| ShownTrial {
            target: known
                .get(at.target as usize)
                .map_or_else(String::new, |id| (*id).to_owned()),
            repeat: at.repeat,
            finished: None,
            scores: Vec::new(),
            success: None,
        })
        .collect();
    let mut entries = run.entries().map_err(|error| store(&error))?;
    while let Some(entry) = entries.next_entry().map_err(|error| store(&error))? {
        if let Entry::Event { name, json, .. } = entry {
            take_in(name, json, first, &mut trials);
        }
    }
    let success = Expression::of_suite(&suite, has_checks);
    for trial in &mut trials {
        trial.success = match (&trial.finished, &success) {
            (Some(finished), Some(success)) => {
                success.of_trial(&finished.outcome, &trial.scores).point()
            }
            _ => None,
        };
    }
    if !order.targets.is_empty() {
        trials.retain(|trial| order.targets.contains(&trial.target));
    }
    Ok(Shown {
        calibration: held::standings(&run, &suite)?,
        suite,
        case,
        trials,
    })
}

/// Takes a line in if it is about one of these trials; a later outcome replaces an earlier one with its scores.
pub(super) fn take_in(name: &str, json: &str, first: u64, trials: &mut [ShownTrial]) {
    #[derive(serde::Deserialize)]
    struct Head {
        ordinal: u64,
    }
    if name != "trial_finished" && name != "scored" {
        return;
    }
    let Ok(Head { ordinal }) = serde_json::from_str(json) else {
        return;
    };
    let at = ordinal
        .checked_sub(first)
        .and_then(|at| usize::try_from(at).ok());
    let Some(trial) = at.and_then(|at| trials.get_mut(at)) else {
        return;
    };
    if name == "trial_finished" {
        if let Ok(finished) = serde_json::from_str::<TrialFinished>(json) {
            trial.finished = Some(finished);
            trial.scores.clear();
        }
    } else if let Ok(scored) = serde_json::from_str::<Scored>(json) {
        for score in scored.scores {
            trial.scores.retain(|old| old.scorer != score.scorer);
            trial.scores.push(score);
        }
    }
}

/// The message for an id that is not there; with thousands of cases a list helps nobody.
fn no_case(id: &str, ids: &[&str]) -> String {
    let said = unknown("case", id, ids);
    if said.contains("did you mean") {
        said
    } else {
        format!("no case `{id}` among the {} of this run", ids.len())
    }
}
