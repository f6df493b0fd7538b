//! `score`: changed scorers on the transcripts of an earlier run, into a new run that names its parent.
//!
//! Everything about the trials (targets, repeats, seed, deadline) is the parent's; everything about how they are judged (scorers,
//! success, gates, baseline, quarantine) is the suite's. No target is called, nor even built: its program, file or key need not be
//! there. What errored in the parent has errored here, and what was never done there is not done here either.
//!
//! The suite's cases are taken where they ask the same question, so that a wrong `expected` or a missing check is mended without a
//! call. A case that asks another question now is scored as it was asked, and said so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::JobError;
use super::begin::{Draft, Receiver, make};
use super::held;
use super::programs;
use super::reading::open_run;
use super::run::{CassetteChoice, Prepared, cassette, unset_variables};
use super::same::Parts;
use super::suite::{KINDS, Selection, open_suite, secrets};
use super::takeover::{Earlier, Rule, TakeOver};
use super::wiring::Calls;
use crate::domain::case::Case;
use crate::domain::decode::Problem;
use crate::domain::port::Clock;
use crate::domain::suite::CassetteMode;
use crate::load::dataset::{PlanError, Selected, plan_cases};
use crate::load::suite::{Loaded, from_resolved};
use crate::store::run::{RunDir, SUITE, judge_file};

/// What is to be scored, and by what.
#[derive(Debug, Clone)]
pub struct Rescore {
    /// The run whose transcripts are scored.
    pub run: String,
    /// The suite that says how; `None`: the run's own, whose missing scores are asked for again.
    pub suite: Option<PathBuf>,
    /// A profile of the suite, and calls under way at once; the rest of it does not apply.
    pub selection: Selection,
    /// Recorded replies of judges.
    pub cassette: CassetteChoice,
    /// Where runs are kept.
    pub runs_dir: PathBuf,
    /// Further certificates to trust.
    pub ca_bundle: Option<PathBuf>,
    /// Refuse scorers that are programs.
    pub no_exec: bool,
    /// Execute code that models wrote, where a scorer needs it.
    pub allow_exec: bool,
}

/// Finds everything that can be wrong, and makes the new run. Calls nothing.
pub fn rescore(order: &Rescore, clock: &dyn Clock) -> Result<Prepared, JobError> {
    let run = open_run(&order.run, &order.runs_dir)?;
    let mut notes = Vec::new();
    let (loaded, mended) = match &order.suite {
        Some(path) => {
            let loaded = open_suite(path, &order.selection, &order.runs_dir)?;
            held::check(&loaded)?;
            let mended = mended(&loaded, &run, &mut notes)?;
            (judging(loaded, &run)?, mended)
        }
        None => (own(&run, &order.selection)?, BTreeMap::new()),
    };
    let cassette = cassette(&order.cassette, &loaded);
    let mut sandbox = None;
    if !matches!(cassette, Some((CassetteMode::Replay, _))) {
        if order.no_exec {
            programs::refuse(&loaded, Calls::JudgesOnly)?;
        }
        unset_variables(&loaded, Calls::JudgesOnly)?;
        sandbox = programs::walls(&loaded.suite, order.allow_exec)?;
        notes.extend(programs::notes(
            &loaded.suite,
            Calls::JudgesOnly,
            &order.runs_dir,
        ));
        notes.extend(sandbox.iter().flat_map(programs::said_of));
    }
    let secrets = secrets(&loaded.suite);
    let parent = run.manifest().clone();
    let mut draft = Draft::new(parent.flags, parent.partial);
    draft.parent = Some(parent.id);
    draft.only = parent.only;
    draft.rescored = true;
    draft.executed = sandbox.as_ref().map(programs::note_of);
    draft.copies = Some(run.path().to_owned());
    draft.take_over = Some(Box::new(TakeOver::new(
        Earlier::read(run.clone())?,
        &loaded.suite,
        &parent.files,
        Rule::AsTheyAre,
    )));
    draft.targets = Some((parent.targets, parent.files));
    draft.notes = notes;
    let digest = parent.dataset.digest;
    let place = (order.runs_dir.as_path(), clock.unix_ms());
    let mut prepared = make(draft, loaded, place, &cassette, secrets, &mut |_, take| {
        let mut selected = Selected::of_digest(digest);
        hand_on(&run, &mended, &mut selected, take)?;
        selected.total = parent.dataset.total;
        Ok(selected)
    })?;
    prepared.no_exec = order.no_exec;
    prepared.sandbox = sandbox;
    Ok(prepared.ready(cassette, order.ca_bundle.clone()))
}

/// Hands on the cases of a run, mended ones in their places.
fn hand_on(
    run: &RunDir,
    mended: &BTreeMap<String, Case>,
    selected: &mut Selected,
    take: Receiver<'_>,
) -> Result<(), JobError> {
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    for case in run.cases().map_err(|error| store(&error))? {
        let case = case.map_err(|error| store(&error))?;
        let case = mended.get(&case.id).cloned().unwrap_or(case);
        selected.add(&case);
        take(case).map_err(|error| store(&error))?;
    }
    Ok(())
}

/// The suite's cases that ask what they asked then and are otherwise changed. Only these are held: there are as many as were edited.
fn mended(
    loaded: &Loaded,
    run: &RunDir,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<String, Case>, JobError> {
    let earlier = super::takeover::roster(run)?;
    let (mut mended, mut others) = (BTreeMap::new(), 0_u64);
    let mut look = |case: Case| {
        if let Some(known) = earlier.get(&case) {
            let now = Parts::of(&case);
            if !now.asks_as(known.parts) {
                others += 1;
            } else if !now.same(known.parts).whole() {
                mended.insert(case.id.clone(), case);
            }
        }
        Ok(())
    };
    let file = loaded.path.display().to_string();
    plan_cases(&loaded.suite, &file, &loaded.folder, &mut look).map_err(|error| match error {
        PlanError::Faulty(problems) => JobError::faulty(problems),
        PlanError::Receiver(error) => JobError::Store(error.to_string()),
    })?;
    if !mended.is_empty() {
        let count = mended.len();
        notes.push(format!(
            "{count} cases are scored by what the dataset says of them now"
        ));
    }
    if others > 0 {
        notes.push(format!(
            "{others} cases ask something else now: they are scored as they were asked; `run --reuse` asks them anew"
        ));
    }
    Ok(mended)
}

/// A suite's way to judge, over a run's trials.
fn judging(loaded: Loaded, run: &RunDir) -> Result<Loaded, JobError> {
    let judges: BTreeMap<String, String> = loaded
        .suite
        .scorers
        .iter()
        .flat_map(|scorer| scorer.judges())
        .map(|judge| (judge.named.clone(), judge.text.clone()))
        .collect();
    let mut resolved = loaded.resolved;
    take_trials(&mut resolved, &run.manifest().suite);
    let suite = from_resolved(&resolved, &|named| judges.get(named).cloned(), &KINDS)
        .map_err(|problems| of_suite(&loaded.path, problems))?;
    Ok(Loaded {
        suite,
        resolved,
        ..loaded
    })
}

/// Problems of a suite that was put together say its file, not where: the two halves are sound by themselves.
fn of_suite(path: &Path, problems: Vec<Problem>) -> JobError {
    let path = path.display().to_string();
    let named = problems.into_iter().map(|problem| Problem {
        file: path.clone(),
        message: format!("with the targets of the run: {}", problem.message),
        ..problem
    });
    JobError::Invalid(named.collect())
}

/// Puts what decides the trials of a run in the place of a suite's own.
fn take_trials(resolved: &mut Json, parent: &Json) {
    let Json::Object(map) = resolved else {
        return;
    };
    for key in ["targets", "repeats", "seed"] {
        match parent.get(key) {
            Some(value) => map.insert(key.to_owned(), value.clone()),
            None => map.remove(key),
        };
    }
    let deadline = parent.pointer("/limits/deadline");
    let limits = map.entry("limits").or_insert_with(|| json!({}));
    if let Json::Object(limits) = limits {
        match deadline {
            Some(deadline) => limits.insert("deadline".to_owned(), deadline.clone()),
            None => limits.remove("deadline"),
        };
    }
}

/// The run's own suite, as it keeps it.
fn own(run: &RunDir, selection: &Selection) -> Result<Loaded, JobError> {
    if selection.profile.is_some() {
        return Err(JobError::Usage(
            "--profile is of a suite's file: name it with --suite".to_owned(),
        ));
    }
    let mut resolved = run.manifest().suite.clone();
    if let (Json::Object(map), Some(concurrency)) = (&mut resolved, selection.concurrency) {
        let limits = map.entry("limits").or_insert_with(|| json!({}));
        limits["concurrency"] = json!(concurrency);
    }
    let path = run.path().join(SUITE);
    let judges = |named: &str| std::fs::read_to_string(run.path().join(judge_file(named))).ok();
    let suite =
        from_resolved(&resolved, &judges, &KINDS).map_err(|problems| of_suite(&path, problems))?;
    let text = run
        .suite_text()
        .map_err(|error| JobError::Store(error.to_string()))?;
    Ok(Loaded {
        suite,
        resolved,
        text: text.unwrap_or_default(),
        path,
        folder: PathBuf::from(&run.manifest().folder),
        inlined: Vec::new(),
        warnings: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trials_are_the_parents_and_the_rest_is_the_suites() {
        let mut suite = json!({
            "targets": [{"id": "edited"}], "repeats": 3, "gates": [1],
            "limits": {"deadline": "1s", "concurrency": 4}
        });
        let parent = json!({"targets": [{"id": "then"}], "seed": 7, "gates": [2]});
        take_trials(&mut suite, &parent);
        assert_eq!(
            suite,
            json!({
                "targets": [{"id": "then"}], "seed": 7, "gates": [1], "limits": {"concurrency": 4}
            })
        );
        let parent = json!({"targets": [], "limits": {"deadline": "9s", "concurrency": 64}});
        take_trials(&mut suite, &parent);
        assert_eq!(suite["limits"], json!({"deadline": "9s", "concurrency": 4}));
    }
}
