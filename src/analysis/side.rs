//! One side of one metric: what every case contributes, from a record or from a baseline file.
//!
//! All that is computed of a metric (its figure, a comparison, a gate) starts here, also on the fills that take every missing
//! trial as gone badly or well (STATISTICS 1).

use crate::domain::transcript::Failure;
use crate::score::success::Success;
use crate::stats::{
    PerCase, Size, Tries, Undefined, Units, pass_at_k_per_case, pass_hat_k_per_case,
};

use super::metric::{Metric, Of};
use super::record::{Found, Record, State};
use super::success::Rule;

/// What a record's trials are looked at with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) record: &'a Record,
    pub(crate) success: Option<&'a Rule>,
    /// Where latencies are censored, in milliseconds.
    pub(crate) deadline_ms: Option<f64>,
    /// Only trials that took no second attempt: the others count neither as scored nor as missing.
    pub(crate) first_try_only: bool,
    /// People's word stands in the place of the judges': what nobody labelled is missing.
    pub(crate) by_people: bool,
}

/// One case's part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tally {
    /// Index of the case; for a baseline file its line.
    pub(crate) case: u32,
    /// Trials planned, those left out to which the metric does not apply.
    pub(crate) planned: u32,
    /// Trials with a value.
    pub(crate) scored: u32,
    /// Missing trials that could only have gone badly.
    pub(crate) bad: u32,
    /// Sum of the values; of cost per success: the successes.
    pub(crate) sum: f64,
}

/// One side of one metric.
#[derive(Debug, Clone, Default)]
pub(crate) struct Side {
    /// Cases that the metric applies to, in order.
    pub(crate) cases: Vec<Tally>,
    /// Whether cases hang together in clusters.
    pub(crate) clustered: bool,
    /// Where they do: the cluster of each of `cases`, any number. Else empty.
    pub(crate) groups: Vec<u32>,
    /// For cost per success: the costs of each of `cases`. Else empty.
    pub(crate) costs: Vec<f64>,
    /// For percentiles: every scored trial's value, as many for each of `cases` as it has scored trials, in their order. Else empty.
    pub(crate) values: Vec<f64>,
    /// For percentiles: the value from which on a value only says "at least".
    pub(crate) censored_at: Option<f64>,
}

/// How missing trials are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    /// As gone badly.
    Worst,
    /// As gone well.
    Best,
}

/// Case values with what a sample needs.
pub(crate) struct CaseValues {
    pub(crate) values: Vec<f64>,
    pub(crate) groups: Option<Vec<u32>>,
    pub(crate) trials: usize,
    /// Index of each value's case in [`Side::cases`].
    pub(crate) kept: Vec<usize>,
}

/// One trial for one metric.
enum Cell {
    Value(f64),
    /// Cost per success: the success and its cost.
    Both(f64, f64),
    Censored(f64),
    Missing,
    MissingFailed,
    NotApplicable,
}

impl View<'_> {
    /// A target's side of a metric over some cases (`None`: all).
    pub(crate) fn side(&self, metric: &Metric, target: usize, cases: Option<&[u32]>) -> Side {
        let mut side = Side {
            clustered: self.record.clusters().is_some(),
            ..Side::default()
        };
        match cases {
            Some(cases) => {
                for &case in cases {
                    self.add(&mut side, metric, target, case);
                }
            }
            None => {
                side.cases.reserve_exact(self.record.cases());
                if metric.quantile().is_some() {
                    let repeats = self.record.shape().extent.repeats as usize;
                    side.values.reserve_exact(self.record.cases() * repeats);
                }
                for case in 0..self.record.cases() as u32 {
                    self.add(&mut side, metric, target, case);
                }
            }
        }
        side
    }

    fn add(&self, side: &mut Side, metric: &Metric, target: usize, case: u32) {
        let index = case as usize;
        if self.record.is_quarantined(index) {
            return;
        }
        let mut tally = Tally {
            case,
            planned: 0,
            scored: 0,
            bad: 0,
            sum: 0.0,
        };
        let mut costs = 0.0;
        for repeat in 0..self.record.shape().extent.repeats as usize {
            let at = self.record.at(index, repeat, target);
            if self.first_try_only && self.record.attempts(at) > 1 {
                continue;
            }
            let (value, cost) = match self.cell(metric, index, at) {
                Cell::NotApplicable => continue,
                Cell::Missing => {
                    tally.planned += 1;
                    continue;
                }
                Cell::MissingFailed => {
                    tally.planned += 1;
                    tally.bad += 1;
                    continue;
                }
                Cell::Value(value) => (value, 0.0),
                Cell::Both(value, cost) => (value, cost),
                Cell::Censored(value) => {
                    side.censored_at = Some(side.censored_at.map_or(value, |at| at.min(value)));
                    (value, 0.0)
                }
            };
            tally.planned += 1;
            tally.scored += 1;
            tally.sum += value;
            costs += cost;
            if metric.quantile().is_some() {
                side.values.push(value);
            }
        }
        if tally.planned > 0 {
            side.cases.push(tally);
            if let Some(clusters) = self.record.clusters() {
                side.groups.push(clusters[index]);
            }
            if metric.of == Of::CostPerSuccess {
                side.costs.push(costs);
            }
        }
    }

    /// A trial's value for a metric; `None`: it has none.
    pub(crate) fn value(&self, metric: &Metric, case: usize, at: usize) -> Option<f64> {
        match self.cell(metric, case, at) {
            Cell::Value(value) => Some(value),
            _ => None,
        }
    }

    fn cell(&self, metric: &Metric, case: usize, at: usize) -> Cell {
        let record = self.record;
        let verdict = |success: Option<&Rule>| {
            success.map_or(Success::NotDue, |rule| match self.by_people {
                true => rule.by_people(record, case, at),
                false => rule.of_trial(record, case, at),
            })
        };
        let known = |value: Option<f64>| match (record.state(at), value) {
            (State::Answered | State::Failed(_), Some(value)) => Cell::Value(value),
            (State::Failed(_), None) => Cell::NotApplicable,
            _ => Cell::Missing,
        };
        match metric.of {
            Of::Success | Of::PassHat(_) | Of::PassAt(_) => match verdict(self.success) {
                Success::Yes => Cell::Value(1.0),
                Success::No => Cell::Value(0.0),
                Success::Missing { fails_anyway: true } => Cell::MissingFailed,
                Success::Missing { .. } => Cell::Missing,
                Success::NotDue => Cell::NotApplicable,
            },
            Of::CostPerSuccess => match (verdict(self.success), known(record.cost(at))) {
                (Success::NotDue, _) | (_, Cell::NotApplicable) => Cell::NotApplicable,
                (Success::Yes, Cell::Value(cost)) => Cell::Both(1.0, cost),
                (Success::No, Cell::Value(cost)) => Cell::Both(0.0, cost),
                _ => Cell::Missing,
            },
            Of::Passes(scorer) => self.scored(case, at, scorer, |found| {
                let pass = record.passes(scorer, found, None)?;
                Some(f64::from(u8::from(pass)))
            }),
            Of::Keeps(scorer, comparison, bar) => self.scored(case, at, scorer, |found| {
                let keeps = record.passes(scorer, found, Some((comparison, bar)))?;
                Some(f64::from(u8::from(keeps)))
            }),
            Of::Class(scorer, class) => self.scored(case, at, scorer, |found| match found {
                Found::Label(label) => Some(f64::from(u8::from(label == class))),
                _ => None,
            }),
            Of::Value(scorer) => self.scored(case, at, scorer, |found| match found {
                Found::Number(value) => Some(value),
                _ => None,
            }),
            Of::Latency(_) => match record.state(at) {
                // It would have taken longer: all that is known is "at least the deadline".
                State::Failed(Failure::Deadline) => self
                    .deadline_ms
                    .or(record.latency(at))
                    .map_or(Cell::NotApplicable, Cell::Censored),
                _ => self.timed(at, record.latency(at)),
            },
            Of::FirstToken(_) => self.timed(at, record.first_token(at)),
            Of::Waited => self.timed(at, record.waited(at)),
            Of::Cost => known(record.cost(at)),
            Of::TokensIn => known(record.tokens(at).map(|(read, _)| f64::from(read))),
            Of::TokensOut => known(record.tokens(at).map(|(_, written)| f64::from(written))),
        }
    }

    /// Times are over answered trials.
    fn timed(&self, at: usize, time: Option<f64>) -> Cell {
        match (self.record.state(at), time) {
            (State::Answered, Some(time)) => Cell::Value(time),
            (State::Failed(_), _) => Cell::NotApplicable,
            _ => Cell::Missing,
        }
    }

    /// A scorer's cell: the agent's own failure fails every pass/fail rule and has no other score.
    fn scored(
        &self,
        case: usize,
        at: usize,
        scorer: usize,
        value: impl Fn(Found) -> Option<f64>,
    ) -> Cell {
        let known = &self.record.shape().scorers[scorer];
        match self.record.state(at) {
            _ if !self.record.applies(case, scorer) => Cell::NotApplicable,
            State::Unknown | State::Stopped | State::Errored(_) => Cell::Missing,
            State::Failed(_) if !known.fails_with_the_agent() => Cell::NotApplicable,
            State::Failed(_) => Cell::Value(0.0),
            State::Answered => match match self.by_people && known.judged {
                true => self.record.human(at, scorer),
                false => self.record.found(at, case, scorer),
            } {
                Found::NotApplicable => Cell::NotApplicable,
                Found::Nothing | Found::Unscored(_) => Cell::Missing,
                found => value(found).map_or(Cell::Missing, Cell::Value),
            },
        }
    }
}

impl Side {
    /// Trials planned.
    pub(crate) fn planned(&self) -> u64 {
        self.cases.iter().map(|case| u64::from(case.planned)).sum()
    }

    /// Trials with a value.
    pub(crate) fn scored(&self) -> u64 {
        self.cases.iter().map(|case| u64::from(case.scored)).sum()
    }

    /// Missing of planned; 0 where nothing was planned.
    pub(crate) fn missing_rate(&self) -> f64 {
        match self.planned() {
            0 => 0.0,
            planned => (planned - self.scored()) as f64 / planned as f64,
        }
    }

    /// Sum of the values: for a 0/1 metric the trials that passed.
    pub(crate) fn passed(&self) -> u64 {
        self.cases.iter().map(|case| case.sum).sum::<f64>() as u64
    }

    /// Only the cases at these indices into [`Side::cases`], which ascend.
    pub(crate) fn only(&self, kept: &[usize]) -> Self {
        let mut is_kept = vec![false; self.cases.len()];
        for &at in kept {
            is_kept[at] = true;
        }
        Self {
            cases: kept.iter().map(|&at| self.cases[at]).collect(),
            clustered: self.clustered,
            groups: of_these(&self.groups, kept),
            costs: of_these(&self.costs, kept),
            values: self
                .placed_values()
                .filter(|(case, _)| is_kept[*case])
                .map(|(_, value)| value)
                .collect(),
            censored_at: self.censored_at,
        }
    }

    /// The side with every missing trial taken as gone badly or well; `None` for a metric without a worst and a best value.
    /// Percentiles: a missing trial took forever, or is dropped.
    pub(crate) fn filled(&self, metric: &Metric, fill: Fill) -> Option<Self> {
        let mut filled = self.clone();
        if metric.quantile().is_some() {
            if fill == Fill::Worst {
                let mut values = std::mem::take(&mut filled.values).into_iter();
                for case in &mut filled.cases {
                    filled
                        .values
                        .extend(values.by_ref().take(case.scored as usize));
                    let missing = case.planned - case.scored;
                    filled.values.extend((0..missing).map(|_| f64::INFINITY));
                    case.scored = case.planned;
                }
            }
            return Some(filled);
        }
        let (low, high) = metric.scale?;
        let (bad, good) = if metric.more_is_better {
            (low, high)
        } else {
            (high, low)
        };
        for case in &mut filled.cases {
            let missing = case.planned - case.scored;
            let open = if fill == Fill::Worst { bad } else { good };
            case.sum += f64::from(missing - case.bad) * open + f64::from(case.bad) * bad;
            case.scored = case.planned;
            case.bad = 0;
        }
        Some(filled)
    }

    /// The value of every case with enough scored trials, for all metrics but percentiles.
    pub(crate) fn case_values(&self, metric: &Metric) -> Result<CaseValues, Undefined> {
        let tries = || -> Vec<Tries> {
            self.cases
                .iter()
                .map(|case| Tries {
                    trials: u64::from(case.scored),
                    successes: case.sum as u64,
                })
                .collect()
        };
        let PerCase {
            values,
            kept,
            trials,
        } = match metric.of {
            Of::PassHat(k) => pass_hat_k_per_case(&tries(), u64::from(k))?,
            Of::PassAt(k) => pass_at_k_per_case(&tries(), u64::from(k))?,
            _ => self.case_means(),
        };
        if values.is_empty() {
            return Err(Undefined::NoCases);
        }
        let groups = self.clustered.then(|| of_these(&self.groups, &kept));
        Ok(CaseValues {
            values,
            groups,
            trials,
            kept,
        })
    }

    fn case_means(&self) -> PerCase {
        let scored = self.cases.iter().enumerate().filter(|(_, c)| c.scored > 0);
        let mut found = PerCase {
            values: Vec::with_capacity(self.cases.len()),
            kept: Vec::with_capacity(self.cases.len()),
            trials: 0,
        };
        for (index, case) in scored {
            found.values.push(case.sum / f64::from(case.scored));
            found.kept.push(index);
            found.trials += case.scored as usize;
        }
        found
    }

    /// Mean costs of the kept cases, for cost per success.
    pub(crate) fn case_costs(&self, kept: &[usize]) -> Vec<f64> {
        kept.iter()
            .map(|&at| self.costs[at] / f64::from(self.cases[at].scored))
            .collect()
    }

    /// Percentiles: values with the top unit each stands in, and their sizes. Units are numbered over all of
    /// [`Side::cases`], so that two sides over the same cases number them alike.
    pub(crate) fn unit_values(&self) -> (Vec<f64>, Vec<u32>, Size) {
        let units = if self.clustered {
            Units::of(&self.groups)
        } else {
            Units::singles(self.cases.len())
        };
        let size = Size {
            cases: self.cases.iter().filter(|case| case.scored > 0).count(),
            trials: self.values.len(),
            units: units.count(),
        };
        let of = self
            .placed_values()
            .map(|(case, _)| units.of_cases()[case])
            .collect();
        (self.values.clone(), of, size)
    }

    /// The values of percentiles, each with the index into [`Side::cases`] of its case.
    fn placed_values(&self) -> impl Iterator<Item = (usize, f64)> {
        let places = self.cases.iter().enumerate();
        let places = places.flat_map(|(at, case)| (0..case.scored).map(move |_| at));
        places.zip(self.values.iter().copied())
    }

    /// Whether trials share a top unit.
    pub(crate) fn is_grouped(&self) -> bool {
        self.clustered || self.cases.iter().any(|case| case.scored > 1)
    }

    /// Independent top units among cases with a scored trial.
    pub(crate) fn units(&self) -> usize {
        if self.clustered {
            let scored = self.cases.iter().zip(&self.groups);
            let scored = scored.filter(|(case, _)| case.scored > 0);
            let groups: Vec<u32> = scored.map(|(_, group)| *group).collect();
            Units::of(&groups).count()
        } else {
            self.cases.iter().filter(|case| case.scored > 0).count()
        }
    }
}

/// What stands at these places of a series; nothing of an empty one.
fn of_these<T: Copy>(series: &[T], places: &[usize]) -> Vec<T> {
    if series.is_empty() {
        return Vec::new();
    }
    places.iter().map(|&at| series[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::metric::parse;

    fn tally(case: u32, planned: u32, scored: u32) -> Tally {
        Tally {
            case,
            planned,
            scored,
            bad: 0,
            sum: 0.0,
        }
    }

    #[test]
    fn values_stay_with_their_cases_when_missing_ones_are_filled_in_and_cases_left_out() {
        let metric = parse("latency_p50_ms", &[]).unwrap();
        let side = Side {
            cases: vec![tally(3, 2, 1), tally(5, 1, 0), tally(7, 2, 2)],
            values: vec![1.0, 5.0, 6.0],
            ..Side::default()
        };
        assert_eq!(side.unit_values().1, [0, 2, 2]);
        let worst = side.filled(&metric, Fill::Worst).unwrap();
        let forever = f64::INFINITY;
        assert_eq!(worst.values, [1.0, forever, forever, 5.0, 6.0]);
        assert_eq!(worst.unit_values().1, [0, 0, 1, 2, 2]);
        let last = worst.only(&[1, 2]);
        assert_eq!(last.values, [forever, 5.0, 6.0]);
        assert_eq!(last.unit_values().1, [0, 1, 1]);
    }
}
