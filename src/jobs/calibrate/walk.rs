//! A run's journal from its first line to its last: answers and scores, each beside its case.

use std::sync::Arc;

use crate::domain::case::Case;
use crate::domain::event::{Scored, TrialFinished};
use crate::domain::label::Subject;
use crate::domain::plan::Coordinates;
use crate::domain::transcript::Outcome;
use crate::jobs::JobError;
use crate::store::entries::Entry;
use crate::store::run::RunDir;

/// What a walk meets.
pub(super) enum Step {
    /// A trial was answered.
    Answered(Box<TrialFinished>),
    /// Scores of a trial.
    Scored(Scored),
}

/// Where a step belongs.
pub(super) struct Place<'a> {
    /// The trial's ordinal.
    pub(super) ordinal: u64,
    /// Its case.
    pub(super) case: &'a Arc<Case>,
    /// Its output's name, as labels name it.
    pub(super) subject: Subject,
}

/// Walks through a run. What was tried again is met again: the last counts.
pub(super) fn walk(run: &RunDir, take: &mut dyn FnMut(Place<'_>, Step)) -> Result<(), JobError> {
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let mut cases = Vec::new();
    for case in run.cases().map_err(|error| store(&error))? {
        cases.push(Arc::new(case.map_err(|error| store(&error))?));
    }
    let manifest = run.manifest();
    let place = |ordinal: u64| -> Option<Place<'_>> {
        let at: Coordinates = manifest.extent.at(ordinal)?;
        let case = cases.get(usize::try_from(at.case).ok()?)?;
        let target = manifest.targets.get(at.target as usize)?;
        Some(Place {
            ordinal,
            case,
            subject: Subject::Trial {
                case: case.id.clone(),
                target: target.id.clone(),
                repeat: at.repeat,
            },
        })
    };
    let mut entries = run.entries().map_err(|error| store(&error))?;
    while let Some(entry) = entries.next_entry().map_err(|error| store(&error))? {
        let Entry::Event { name, json, .. } = entry else {
            continue;
        };
        // A line of another shape counts for nothing here, as it does when a run is reported.
        let step = match name {
            "trial_finished" => match serde_json::from_str::<Box<TrialFinished>>(json) {
                Ok(line) if line.outcome == Outcome::Answered => Step::Answered(line),
                _ => continue,
            },
            "scored" => match serde_json::from_str(json) {
                Ok(line) => Step::Scored(line),
                Err(_) => continue,
            },
            _ => continue,
        };
        let ordinal = match &step {
            Step::Answered(line) => line.ordinal,
            Step::Scored(line) => line.ordinal,
        };
        if let Some(place) = place(ordinal) {
            take(place, step);
        }
    }
    Ok(())
}
