//! What a new run takes over from an earlier one: the lines of its journal that would come out the same.
//!
//! A trial is taken over when its target (with the files it names) and what the target sees of its case are unchanged, and it was
//! answered, or failed by the agent's own doing: errors and what was never done are done now. Its scores are taken over one by one:
//! each whose scorer and whose view of the case are unchanged and that has a value. So a new scorer, an edited rubric or a judge that
//! was down costs that scorer's calls and nothing else; to drop a transcript because of one of its scorers would pay the agent again
//! for an answer that is already there, and (with temperature) for another answer, so that the edited scorer would not even be
//! compared on the same texts.
//!
//! Lines are copied, not referred to: the new run can be read when the earlier one is gone. Each names the run in which it came about.

use crate::domain::case::Case;
use crate::domain::event::{Event, Scored, TrialFinished};
use crate::domain::fault::FaultKind;
use crate::domain::plan::{Coordinates, Extent};
use crate::domain::score::{Score, Value};
use crate::domain::suite::{Limits, Suite};
use crate::domain::transcript::{Failure, Outcome, Transcript};
use crate::domain::units::millis;
use crate::score::{CHECKS, of_failure};
use crate::store::entries::Entry;
use crate::store::journal::{Journal, JournalError};
use crate::store::manifest::Named;
use crate::store::run::RunDir;

use super::JobError;
use super::reading::{Reading, read_with_offsets};
use super::same::{Known, Looks, Roster, Same, same_files};

/// An earlier run, read.
pub(crate) struct Earlier {
    pub(crate) reading: Reading,
    /// Where each trial's last line begins, by ordinal.
    offsets: Vec<u64>,
    roster: Roster,
}

impl Earlier {
    pub(crate) fn read(run: RunDir) -> Result<Self, JobError> {
        let roster = roster(&run)?;
        let (reading, offsets) = read_with_offsets(run, true)?;
        Ok(Self {
            reading,
            offsets,
            roster,
        })
    }

    /// The case of the same id, as it was then.
    pub(crate) fn case(&self, case: &Case) -> Option<Known> {
        self.roster.get(case)
    }

    fn extent(&self) -> Extent {
        self.reading.run.manifest().extent
    }
}

/// The cases of a run.
pub(crate) fn roster(run: &RunDir) -> Result<Roster, JobError> {
    let store = |error: crate::store::cases::CasesError| JobError::Store(error.to_string());
    let mut cases = Vec::new();
    for (index, case) in (0_u64..).zip(run.cases().map_err(store)?) {
        cases.push(Roster::entry(index, &case.map_err(store)?));
    }
    Ok(Roster::of(cases))
}

/// What stands in a new run's journal before anything is called.
pub(crate) trait Given {
    /// The next case of the new run's plan.
    fn case(&mut self, case: &Case);
    /// Writes it. `extent` is the new run's.
    fn write(&self, extent: Extent, journal: &mut Journal) -> Result<(), JournalError>;
    /// What the user should know of it: so many of the planned trials are there.
    fn note(&self, taken: u64, trials: u64) -> Option<String>;
}

/// Whose transcripts are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Those that would come out the same (`--reuse`).
    Unchanged,
    /// All, as they are, errors too: no target is called (`score`).
    AsTheyAre,
}

/// Where a trial's target stands in the new run.
#[derive(Debug, Clone, Copy)]
struct Place {
    target: u32,
    looks: Looks,
}

/// A case of the earlier run in the new one.
#[derive(Debug, Clone, Copy)]
struct Met {
    index: u64,
    same: Same,
    has_checks: bool,
}

/// What one new run takes over from an earlier one: made once, told every case of the plan, then written.
pub(crate) struct TakeOver {
    earlier: Earlier,
    rule: Rule,
    limits: Limits,
    /// By the earlier run's target.
    targets: Vec<Option<Place>>,
    /// The new run's scorers that can be taken over: id, and what each looks at.
    scorers: Vec<(String, Looks)>,
    /// Of every new scorer: its value where the agent has failed.
    failures: Vec<(String, Value)>,
    /// By the earlier run's case.
    cases: Vec<Option<Met>>,
    next: u64,
}

impl TakeOver {
    /// `files` are those that the new run's targets name.
    pub(crate) fn new(earlier: Earlier, suite: &Suite, files: &[Named], rule: Rule) -> Self {
        let manifest = earlier.reading.run.manifest();
        let unchanged = |list: &[Named], id: &str, digest| {
            list.iter().any(|one| one.id == id && one.digest == digest)
        };
        let place = |id: &str| {
            let at = suite.targets.iter().position(|target| target.id == id)?;
            let target = &suite.targets[at];
            let same_seed = manifest.seed == suite.seed || !target.plan.follows_seed();
            let same = unchanged(&manifest.targets, id, target.digest)
                && same_files(target, &manifest.files, files)
                && same_seed;
            (same || rule == Rule::AsTheyAre).then_some(Place {
                target: u32::try_from(at).unwrap_or(u32::MAX),
                looks: Looks::of(&target.plan.templates(), &[]),
            })
        };
        let scorers = suite
            .scorers
            .iter()
            .filter(|scorer| unchanged(&manifest.scorers, &scorer.id, scorer.digest))
            .map(|scorer| {
                let rules = &scorer.scorer;
                let looks = Looks::of(&rules.templates(), rules.more_names());
                (scorer.id.clone(), looks)
            });
        let failures = suite.scorers.iter().map(|scorer| {
            let value = of_failure(&scorer.scorer.measure(), scorer.model.is_some());
            (scorer.id.clone(), value)
        });
        Self {
            rule,
            limits: suite.limits.clone(),
            targets: manifest.targets.iter().map(|one| place(&one.id)).collect(),
            scorers: scorers.collect(),
            failures: failures.collect(),
            cases: vec![None; usize::try_from(manifest.extent.cases).unwrap_or(0)],
            next: 0,
            earlier,
        }
    }

    /// The earlier run's id.
    fn from(&self) -> &str {
        self.earlier.reading.run.id()
    }

    /// A trial in the new run, with what of its case is still the same; `None`: it has no place there, or its transcript is not taken.
    fn place(&self, ordinal: u64, extent: Extent) -> Option<(u64, Met)> {
        let at = self.earlier.extent().at(ordinal)?;
        let place = (*self.targets.get(at.target as usize)?)?;
        let met = (*self.cases.get(usize::try_from(at.case).ok()?)?)?;
        let fits = at.repeat < extent.repeats && at.variant < extent.variants;
        let same = self.rule == Rule::AsTheyAre || met.same.to(place.looks);
        let ordinal = extent.ordinal(Coordinates {
            case: met.index,
            target: place.target,
            ..at
        });
        (fits && same).then_some((ordinal, met))
    }

    fn takes(&self, outcome: &Outcome, transcript: &Transcript) -> bool {
        match (self.rule, outcome) {
            (_, Outcome::Stopped { .. }) => false,
            (Rule::AsTheyAre, _) => true,
            (Rule::Unchanged, Outcome::Errored { .. }) => false,
            (Rule::Unchanged, _) => fits_limits(
                outcome,
                transcript,
                &self.earlier.reading.suite.limits,
                &self.limits,
            ),
        }
    }

    /// Takes a trial over, if it may be; answers whether it is an answer, whose scores may be taken too.
    fn trial(
        &self,
        mut line: TrialFinished,
        extent: Extent,
        journal: &mut Journal,
    ) -> Result<bool, JournalError> {
        let Some((ordinal, met)) = self.place(line.ordinal, extent) else {
            return Ok(false);
        };
        if !self.takes(&line.outcome, &line.transcript) {
            return Ok(false);
        }
        let is_answer = line.outcome == Outcome::Answered;
        line.ordinal = ordinal;
        let from = line.reused.get_or_insert_with(|| self.from().to_owned());
        let failed = matches!(line.outcome, Outcome::Failed { .. }).then(|| Scored {
            ordinal,
            trial: line.trial.clone(),
            scores: self.scores_of_failure(met.has_checks),
            reused: Some(from.clone()),
        });
        journal.append(&Event::TrialFinished(Box::new(line)))?;
        if let Some(scored) = failed {
            journal.append(&Event::Scored(scored))?;
        }
        Ok(is_answer)
    }

    /// They follow from the failure itself, by the new run's scorers.
    fn scores_of_failure(&self, has_checks: bool) -> Vec<Score> {
        let checks = has_checks.then(|| (CHECKS.to_owned(), Value::Pass(false)));
        let all = checks.into_iter().chain(self.failures.iter().cloned());
        all.map(|(id, value)| Score::new(id, value).because("the agent gave no answer"))
            .collect()
    }

    fn scores(
        &self,
        mut line: Scored,
        extent: Extent,
        journal: &mut Journal,
    ) -> Result<(), JournalError> {
        let Some((ordinal, met)) = self.place(line.ordinal, extent) else {
            return Ok(());
        };
        line.scores.retain(|score| {
            let scorer = self.scorers.iter().find(|(id, _)| *id == score.scorer);
            let same = match scorer {
                Some((_, looks)) => met.same.to(*looks),
                None => score.scorer == CHECKS && met.same.core && met.same.checks,
            };
            same && !score.is_unscored()
        });
        if line.scores.is_empty() {
            return Ok(());
        }
        line.ordinal = ordinal;
        line.reused.get_or_insert_with(|| self.from().to_owned());
        journal.append(&Event::Scored(line))
    }
}

impl Given for TakeOver {
    fn case(&mut self, case: &Case) {
        let index = self.next;
        self.next += 1;
        let Some(known) = self.earlier.case(case) else {
            return;
        };
        let then = usize::try_from(known.index).ok();
        if let Some(slot) = then.and_then(|then| self.cases.get_mut(then)) {
            *slot = Some(Met {
                index,
                same: super::same::Parts::of(case).same(known.parts),
                has_checks: !case.checks.is_empty(),
            });
        }
    }

    fn write(&self, extent: Extent, journal: &mut Journal) -> Result<(), JournalError> {
        // The earlier run's trials whose answers were taken: their scores stand behind them.
        let trials = self.earlier.extent().trials();
        let mut answered = vec![false; usize::try_from(trials).unwrap_or(0)];
        let mut entries = self.earlier.reading.run.entries()?;
        while let Some(entry) = entries.next_entry()? {
            let Entry::Event { offset, name, json } = entry else {
                continue;
            };
            // What cannot be read was not taken in when the run was read either: its trial counts as not done.
            match name {
                "trial_finished" => {
                    let Ok(line) = serde_json::from_str::<TrialFinished>(json) else {
                        continue;
                    };
                    let at = usize::try_from(line.ordinal).unwrap_or(usize::MAX);
                    if self.earlier.offsets.get(at) == Some(&offset)
                        && let Some(slot) = answered.get_mut(at)
                    {
                        *slot = self.trial(line, extent, journal)?;
                    }
                }
                "scored" => {
                    let Ok(line) = serde_json::from_str::<Scored>(json) else {
                        continue;
                    };
                    let at = usize::try_from(line.ordinal).unwrap_or(usize::MAX);
                    if answered.get(at) == Some(&true) {
                        self.scores(line, extent, journal)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn note(&self, taken: u64, trials: u64) -> Option<String> {
        let rest = match (self.rule, trials - taken) {
            (_, 0) => String::new(),
            (Rule::AsTheyAre, rest) => format!("; {rest} were never done there and stay so"),
            (Rule::Unchanged, rest) => format!("; {rest} are called"),
        };
        let from = self.from();
        Some(format!(
            "{taken} of {trials} trials are taken over from {from}{rest}"
        ))
    }
}

/// Whether a time that an answer took is within limits. One that was not measured was within those of then.
fn within(took_ms: Option<f64>, limits: &Limits) -> bool {
    let deadline = limits.deadline.map_or(f64::INFINITY, millis);
    let most = millis(limits.timeout).min(deadline);
    took_ms.is_none_or(|took| took <= most)
}

/// Whether a trial would have ended so under other limits: an answer that came in time, or a failure that had nothing to do with time.
fn fits_limits(outcome: &Outcome, transcript: &Transcript, then: &Limits, now: &Limits) -> bool {
    let same = (then.timeout, then.deadline) == (now.timeout, now.deadline);
    match outcome {
        Outcome::Failed { kind, .. } => {
            let by_time = matches!(
                kind,
                Failure::Deadline | Failure::Fault(FaultKind::TimedOut)
            );
            same || !by_time
        }
        _ => {
            let total = transcript.timing.total_ms;
            same || within((total > 0.0).then_some(total), now)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_depends_on_limits_is_taken_over_only_where_they_allow_it() {
        let limits = |seconds| Limits {
            timeout: Duration::from_secs(seconds),
            ..Limits::default()
        };
        let mut transcript = Transcript::default();
        transcript.timing.total_ms = 5_000.0;
        let fits =
            |outcome: &Outcome, now| fits_limits(outcome, &transcript, &limits(10), &limits(now));
        assert!(fits(&Outcome::Answered, 10) && fits(&Outcome::Answered, 60));
        assert!(!fits(&Outcome::Answered, 4));
        let failed = |kind| Outcome::Failed {
            kind,
            message: String::new(),
        };
        let late = failed(Failure::Fault(FaultKind::TimedOut));
        assert!(fits(&late, 10) && !fits(&late, 60));
        assert!(fits(&failed(Failure::Fault(FaultKind::Crashed)), 60));
        assert!(!fits(&failed(Failure::Deadline), 60));
    }
}
