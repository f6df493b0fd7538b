//! A target of the suite that is asked to rewrite a judge: its replies are journaled as a run's are, so that nobody pays for one twice.

use std::collections::BTreeMap;

use serde_json::json;

use super::judge::{pretty, read};
use super::variants::{Variants, spend_at_most};
use super::walk::{Step, walk};
use crate::domain::case::{Case, Input};
use crate::domain::decode::{Problem, unknown};
use crate::domain::digest::Digest;
use crate::domain::port::Clock;
use crate::domain::suite::{Budget, CassetteMode};
use crate::jobs::JobError;
use crate::jobs::begin::{Draft, make};
use crate::jobs::programs;
use crate::jobs::run::{Prepared, Ran, cassette, unset_variables};
use crate::jobs::suite::secrets;
use crate::jobs::wiring::Calls;
use crate::load::dataset::Selected;
use crate::load::suite::Loaded;
use crate::store::runs;

impl Variants {
    /// What a target replied to these prompts in earlier tunings, by their names; the latest reply counts. A prompt is the same where its
    /// name, which says when it was put, and its text are, and the target's digest is.
    pub(in crate::jobs) fn answered(
        &self,
        target: &str,
        prompts: &[(String, String)],
    ) -> Result<BTreeMap<String, String>, JobError> {
        let mut known = BTreeMap::new();
        if self.order.fresh {
            return Ok(known);
        }
        let asked = self.optimiser(target)?.suite.targets[0].digest;
        let listed = runs::list(&self.folder_of_runs());
        let listed = listed.map_err(|error| JobError::Store(error.to_string()))?;
        for run in listed.into_iter().filter_map(|one| one.run.ok()) {
            if known.len() == prompts.len() {
                break;
            }
            let targets = &run.manifest().targets;
            if !targets.iter().any(|target| target.digest == asked) {
                continue;
            }
            walk(&run, &mut |place, step| {
                let Step::Answered(line) = step else {
                    return;
                };
                let text = place.case.input.text();
                let mut same = prompts.iter();
                if same.any(|(name, prompt)| *name == place.case.id && prompt == text) {
                    let name = place.case.id.clone();
                    known.entry(name).or_insert(line.transcript.output);
                }
            })?;
        }
        Ok(known)
    }

    /// Makes the run that puts some prompts to a target of the suite.
    ///
    /// # Errors
    /// [`JobError::Usage`] where the suite has no such target.
    pub(in crate::jobs) fn put(
        &self,
        target: &str,
        prompts: &[(String, String)],
        budget: &Budget,
        clock: &dyn Clock,
    ) -> Result<Prepared, JobError> {
        let mut loaded = self.optimiser(target)?;
        spend_at_most(&mut loaded, budget);
        let cassette = cassette(&self.order.cassette, &self.desk.judge.loaded);
        let mut notes = Vec::new();
        if !matches!(cassette, Some((CassetteMode::Replay, _))) {
            if self.order.no_exec {
                programs::refuse(&loaded, Calls::Everybody)?;
            }
            unset_variables(&loaded, Calls::Everybody)?;
            notes = programs::notes(&loaded.suite, Calls::Everybody, &self.order.runs_dir);
        }
        let secrets = secrets(&loaded.suite);
        let mut draft = Draft::new(Vec::new(), false);
        draft.notes = notes;
        let folder = self.folder_of_runs();
        let place = (folder.as_path(), clock.unix_ms());
        let mut prepared = make(draft, loaded, place, &cassette, secrets, &mut |_, take| {
            let cases: Vec<Case> = prompts
                .iter()
                .map(|(id, prompt)| Case {
                    input: Input::Text(prompt.clone()),
                    ..Case::new(id, "")
                })
                .collect();
            let all: String = cases.iter().map(|case| case.digest().to_string()).collect();
            let mut selected = Selected::of_digest(Digest::of(all.as_bytes()));
            for case in cases {
                selected.add(&case);
                take(case).map_err(|error| JobError::Store(error.to_string()))?;
            }
            selected.total = selected.count;
            Ok(selected)
        })?;
        prepared.no_exec = self.order.no_exec;
        Ok(prepared.ready(cassette, self.order.ca_bundle.clone()))
    }

    /// What a target answered, by prompt.
    pub(in crate::jobs) fn answers(&self, ran: &Ran) -> Result<BTreeMap<String, String>, JobError> {
        let mut answers = BTreeMap::new();
        walk(&ran.run, &mut |place, step| {
            if let Step::Answered(line) = step {
                answers.insert(place.case.id.clone(), line.transcript.output);
            }
        })?;
        Ok(answers)
    }

    /// A suite in which only this target is called.
    pub(in crate::jobs) fn optimiser(&self, target: &str) -> Result<Loaded, JobError> {
        let user = self.desk.judge.user.as_ref().ok_or_else(|| {
            JobError::Usage(
                "--optimizer names a target of a suite; name the suite with --suite".to_owned(),
            )
        })?;
        let targets = user.suite.targets.iter();
        let known: Vec<&str> = targets.map(|target| target.id.as_str()).collect();
        let at = known.iter().position(|id| *id == target).ok_or_else(|| {
            JobError::Usage(format!(
                "--optimizer: {}",
                unknown("target", target, &known)
            ))
        })?;
        let wanted = user.resolved.pointer(&format!("/targets/{at}"));
        let mut own = json!({
            "version": 1,
            "suite": format!("tune-{}", self.name()),
            "dataset": {"path": "cases.jsonl"},
            "targets": [wanted.cloned().unwrap_or_default()],
            "scorers": [{"id": "answered", "kind": "length", "min_words": 1}],
        });
        for key in ["seed", "limits"] {
            if let Some(value) = user.resolved.get(key) {
                own[key] = value.clone();
            }
        }
        let file = user.path.display().to_string();
        let named = |problems: JobError| match problems {
            JobError::Invalid(problems) => JobError::Invalid(
                problems
                    .into_iter()
                    .map(|problem| Problem {
                        file: file.clone(),
                        ..problem
                    })
                    .collect(),
            ),
            other => other,
        };
        let suite = read(&own, &BTreeMap::new(), &file).map_err(named)?;
        Ok(Loaded {
            text: pretty(&own),
            suite,
            resolved: own,
            path: user.path.clone(),
            folder: user.folder.clone(),
            inlined: Vec::new(),
            warnings: Vec::new(),
        })
    }
}
