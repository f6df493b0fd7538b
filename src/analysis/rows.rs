//! Trials as rows, for the csv and junit reports: made case by case, so that a run of any size streams.

use std::num::NonZeroUsize;

use crate::domain::suite::Suite;

use super::bench::Bench;
use super::figure::Chance;
use super::findings::{RowHead, ScoreCell, TrialRow};
use super::record::{Found, Record, State};

/// A run's rows.
pub struct Rows<'a> {
    bench: Bench<'a>,
    /// Indices of the scorers that have a column.
    scorers: Vec<usize>,
}

impl<'a> Rows<'a> {
    /// The rows of a run.
    #[must_use]
    pub fn new(suite: &'a Suite, record: &'a Record) -> Self {
        let chance = Chance {
            seed: suite.seed,
            threads: NonZeroUsize::MIN,
        };
        let bench = Bench::new(suite, record, chance);
        let last = bench.scorers().len().saturating_sub(1);
        let scorers = (0..bench.scorers().len())
            .filter(|&at| at != last || record.has_checks())
            .collect();
        Self { bench, scorers }
    }

    /// The columns; from which file the cases came, whoever opened the run knows.
    #[must_use]
    pub fn head(&self) -> RowHead {
        RowHead {
            suite: self.bench.suite.name.clone(),
            scorers: self
                .scorers
                .iter()
                .map(|&at| self.bench.scorers()[at].id.clone())
                .collect(),
            file: None,
        }
    }

    /// The rows of the case with this index in the plan, in ordinal order; the caller reads its id from the run's cases.
    #[must_use]
    pub fn of_case(&self, case: usize, id: &str) -> Vec<TrialRow> {
        let shape = self.bench.record.shape();
        let mut rows = Vec::new();
        for repeat in 0..shape.extent.repeats {
            for target in 0..shape.targets.len() {
                let at = self.bench.record.at(case, repeat as usize, target);
                rows.push(self.row(case, id, (at, repeat, &shape.targets[target])));
            }
        }
        rows
    }

    fn row(&self, case: usize, id: &str, (at, repeat, target): (usize, u32, &str)) -> TrialRow {
        let record = self.bench.record;
        let (state, kind) = match record.state(at) {
            State::Answered => ("answered", None),
            State::Failed(kind) => ("failed", Some(kind.name())),
            State::Errored(kind) => ("errored", Some(kind.name())),
            State::Unknown | State::Stopped => ("stopped", None),
        };
        let success = self.bench.success.as_ref();
        let verdict = success.map(|success| success.of_trial(record, case, at));
        TrialRow {
            case: id.to_owned(),
            target: target.to_owned(),
            repeat,
            state,
            kind: kind.map(str::to_owned),
            success: verdict.and_then(|verdict| verdict.point()),
            scores: self
                .scorers
                .iter()
                .map(|&scorer| self.cell(case, at, scorer))
                .collect(),
            latency_ms: record.latency(at),
            cost_usd: record.cost(at),
            tokens: record
                .tokens(at)
                .map(|(read, written)| (u64::from(read), u64::from(written))),
            attempts: u32::from(record.attempts(at)),
        }
    }

    fn cell(&self, case: usize, at: usize, scorer: usize) -> Option<ScoreCell> {
        let record = self.bench.record;
        let known = &self.bench.scorers()[scorer];
        match record.state(at) {
            State::Failed(_) => {
                let fails = known.fails_with_the_agent() && record.applies(case, scorer);
                return fails.then_some(ScoreCell::Pass(false));
            }
            State::Answered => {}
            State::Unknown | State::Stopped | State::Errored(_) => return None,
        }
        match record.found(at, case, scorer) {
            Found::Nothing | Found::NotApplicable => None,
            Found::Unscored(why) => Some(ScoreCell::Unscored(why.words().to_owned())),
            Found::Pass(pass) => Some(ScoreCell::Pass(pass)),
            found @ Found::Number(value) => {
                Some(ScoreCell::Number(value, record.passes(scorer, found, None)))
            }
            Found::Label(class) => {
                let label = record.labels(scorer).get(usize::from(class))?;
                Some(ScoreCell::Label(label.clone()))
            }
        }
    }
}
