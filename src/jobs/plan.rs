//! What is left to do of a run, in ordinal order, without holding it: the engine's source.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reading::Reading;
use crate::analysis::record::Settled;
use crate::domain::case::Case;
use crate::domain::plan::{Extent, ORIGINAL};
use crate::engine::{Item, Source, Todo};
use crate::store::cases::Cases;
use crate::store::run::RunDir;

/// What of a settled run is tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retry {
    /// Errored trials.
    pub errors: bool,
    /// Trials in which a scorer has no value.
    pub unscored: bool,
}

/// Which trials are settled, and which need only scores.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// A bit a trial; empty: none is settled.
    settled: Vec<u64>,
    /// Trials whose reply is there, by ordinal: where their line begins, and which scorers are to come.
    partial: BTreeMap<u64, (u64, Vec<String>)>,
    /// Settled trials.
    pub(crate) count: u64,
}

impl Left {
    /// What a run that was read back has left, and what is to be tried again.
    ///
    /// Where no target may be called, a trial that was never done is passed over, and counts as not settled all the same.
    pub(crate) fn of(
        reading: &Reading,
        offsets: &[u64],
        retry: Retry,
        calls_targets: bool,
    ) -> Self {
        let trials = reading.record.shape().extent.trials();
        let mut left = Self {
            settled: vec![0; usize::try_from(trials.div_ceil(64)).unwrap_or(0)],
            ..Self::default()
        };
        for ordinal in 0..trials {
            let offset = || {
                usize::try_from(ordinal)
                    .ok()
                    .and_then(|at| offsets.get(at))
                    .copied()
            };
            match reading.record.settled(ordinal) {
                Settled::Unsettled if !calls_targets => {
                    left.pass_over(ordinal);
                    continue;
                }
                Settled::Unsettled => continue,
                Settled::Errored if retry.errors => continue,
                Settled::Unscored(missing) if retry.unscored => {
                    left.partial
                        .insert(ordinal, (offset().unwrap_or(0), missing));
                    continue;
                }
                Settled::NeedsScores(missing) => {
                    left.partial
                        .insert(ordinal, (offset().unwrap_or(0), missing));
                    continue;
                }
                Settled::Settled | Settled::Errored | Settled::Unscored(_) => {}
            }
            left.count += 1;
            left.pass_over(ordinal);
        }
        left
    }

    fn pass_over(&mut self, ordinal: u64) {
        let at = usize::try_from(ordinal / 64).ok();
        if let Some(word) = at.and_then(|at| self.settled.get_mut(at)) {
            *word |= 1 << (ordinal % 64);
        }
    }

    fn is_settled(&self, ordinal: u64) -> bool {
        usize::try_from(ordinal / 64)
            .ok()
            .and_then(|at| self.settled.get(at))
            .is_some_and(|word| word >> (ordinal % 64) & 1 == 1)
    }
}

/// The trials of a run that are left to do.
pub(crate) struct Plan {
    run: RunDir,
    cases: Cases,
    extent: Extent,
    left: Left,
    next: u64,
    /// The case at hand and its index.
    case: Option<(u64, Arc<Case>)>,
    /// Cases read so far.
    read: u64,
}

impl Plan {
    pub(crate) fn new(run: RunDir, left: Left) -> Result<Self, crate::store::cases::CasesError> {
        Ok(Self {
            cases: run.cases()?,
            extent: run.manifest().extent,
            run,
            left,
            next: 0,
            case: None,
            read: 0,
        })
    }

    /// The case of an index; indices only grow.
    fn case(&mut self, index: u64) -> Result<Arc<Case>, String> {
        if let Some((at, case)) = &self.case
            && *at == index
        {
            return Ok(Arc::clone(case));
        }
        loop {
            let case = match self.cases.next() {
                Some(Ok(case)) => case,
                Some(Err(error)) => return Err(error.to_string()),
                None => {
                    return Err(format!(
                        "the run holds {} cases, the plan wants more",
                        self.read
                    ));
                }
            };
            self.read += 1;
            if self.read > index {
                let case = Arc::new(case);
                self.case = Some((index, Arc::clone(&case)));
                return Ok(case);
            }
        }
    }
}

impl Source for Plan {
    fn next(&mut self) -> Result<Option<Item>, String> {
        while self.left.is_settled(self.next) {
            self.next += 1;
        }
        let ordinal = self.next;
        let Some(at) = self.extent.at(ordinal) else {
            return Ok(None);
        };
        self.next += 1;
        let case = self.case(at.case)?;
        let todo = match self.left.partial.remove(&ordinal) {
            Some((offset, missing)) => {
                let line = self
                    .run
                    .trial_line(offset)
                    .map_err(|error| error.to_string())?;
                Todo::Scores {
                    outcome: line.outcome,
                    transcript: Arc::new(line.transcript),
                    missing,
                }
            }
            None => Todo::Whole,
        };
        Ok(Some(Item {
            ordinal,
            target: at.target as usize,
            repeat: at.repeat,
            variant: ORIGINAL.to_owned(),
            case,
            todo,
        }))
    }
}
