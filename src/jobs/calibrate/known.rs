//! Verdicts that a judge has given already, by what exactly it was asked: nobody pays for one twice.
//!
//! They come from earlier calibrations of the same identity (so that a calibration that was cut short goes on, and one with more labels
//! asks about the new ones only), and from the run whose outputs are labelled, where the judge took part in it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::walk::{Step, walk};
use crate::domain::digest::Digest;
use crate::domain::port::{Scorer, Seen};
use crate::domain::score::{Score, Unscored, Value};
use crate::jobs::JobError;
use crate::store::run::RunDir;
use crate::store::runs;

/// Most earlier calibrations that are looked through.
const MOST_RUNS: usize = 16;

/// A judge of one identity.
#[derive(Clone, Copy)]
pub(super) struct Identity<'a> {
    /// How it asks.
    pub(super) scorer: &'a dyn Scorer,
    /// Prompt, model and parameters.
    pub(super) digest: Digest,
}

/// Verdicts by what was asked, each with the run in which it was given.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<Digest, Vec<(Score, String)>>);

/// What exactly a judge is asked about an output.
pub(super) fn asked(scorer: &dyn Scorer, seen: &Seen) -> Result<Digest, String> {
    let questions = scorer.ask(seen)?;
    let texts: Vec<_> = questions
        .iter()
        .map(|question| json!([question.messages, question.vote]))
        .collect();
    Ok(Digest::of_json(&json!(texts)))
}

/// Whether a verdict was given: what could not be asked is asked again.
pub(super) fn is_given(score: &Score) -> bool {
    !matches!(
        score.value,
        Value::Unscored(Unscored::Unavailable | Unscored::Broken) | Value::NotApplicable
    )
}

impl Known {
    /// Takes in what a run knows and later ones did not.
    pub(super) fn add_run(&mut self, run: &RunDir, judge: Identity<'_>) -> Result<(), JobError> {
        let manifest = run.manifest();
        let named: Vec<&str> = manifest
            .scorers
            .iter()
            .filter(|scorer| scorer.digest == judge.digest)
            .map(|scorer| scorer.id.as_str())
            .collect();
        if named.is_empty() {
            return Ok(());
        }
        let mut prompts: BTreeMap<u64, Digest> = BTreeMap::new();
        let mut last: BTreeMap<u64, Score> = BTreeMap::new();
        walk(run, &mut |place, step| match step {
            Step::Answered(line) => {
                let seen = Seen {
                    case: place.case.clone(),
                    transcript: line.transcript.into(),
                };
                if let Ok(prompt) = asked(judge.scorer, &seen) {
                    prompts.insert(place.ordinal, prompt);
                }
            }
            Step::Scored(line) => {
                let score = line
                    .scores
                    .into_iter()
                    .find(|score| named.contains(&score.scorer.as_str()) && is_given(score));
                if let Some(score) = score {
                    last.insert(place.ordinal, score);
                }
            }
        })?;
        let mut found: BTreeMap<Digest, Vec<(Score, String)>> = BTreeMap::new();
        for (ordinal, score) in last {
            if let Some(prompt) = prompts.get(&ordinal) {
                let id = run.id().to_owned();
                found.entry(*prompt).or_default().push((score, id));
            }
        }
        for (prompt, verdicts) in found {
            self.0.entry(prompt).or_insert(verdicts);
        }
        Ok(())
    }

    /// Takes in what earlier calibrations know, the latest first.
    pub(super) fn add_calibrations(
        &mut self,
        runs_dir: &Path,
        judge: Identity<'_>,
    ) -> Result<(), JobError> {
        let listed = runs::list(runs_dir).map_err(|error| JobError::Store(error.to_string()))?;
        let of_judge = |run: &RunDir| {
            let mut scorers = run.manifest().scorers.iter();
            scorers.any(|scorer| scorer.digest == judge.digest)
        };
        let earlier = listed.into_iter().filter_map(|one| one.run.ok());
        for run in earlier.filter(of_judge).take(MOST_RUNS) {
            self.add_run(&run, judge)?;
        }
        Ok(())
    }

    /// The verdict about what is asked so, if one is left: outputs that read alike were asked about one by one.
    pub(super) fn take(&mut self, prompt: &Digest) -> Option<(Score, String)> {
        self.0.get_mut(prompt)?.pop()
    }
}
