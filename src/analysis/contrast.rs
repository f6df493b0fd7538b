//! Two aligned sides of one metric set against each other: interval, test and all that a finding or a gate needs
//! (the table of STATISTICS 3).

use std::collections::BTreeMap;

use crate::stats::{
    self, Confidence, Draws, Estimate, Goal, Method, NeedsN, PairedTable, Percentile, Sample,
    Scale, Size, Statistic, Test, TwoSides, Undefined, Units, Zeros, differences, needs_n,
    paired_t, ratio_of_sums, sign_flip, sign_test, wilcoxon,
};

use super::figure::{Chance, sample_of};
use super::metric::{Metric, Of};
use super::side::{CaseValues, Fill, Side};

pub(crate) use crate::stats::Contrast as Kind;

/// Pairs from which on the mean of differences is taken as nearly normal.
const NORMAL_FROM: usize = 30;

/// A difference with its test.
#[derive(Debug, Clone)]
pub(crate) struct Contrast {
    /// Cases scored on both sides.
    pub(crate) pairs: u64,
    /// Scored trials behind them, of both sides.
    pub(crate) trials: u64,
    /// Scored and planned trials of both sides, pairs without a value included.
    pub(crate) scored: u64,
    pub(crate) planned: u64,
    /// Pairs that a side has no value for.
    pub(crate) missing_pairs: u64,
    pub(crate) at_95: Result<Estimate, Undefined>,
    pub(crate) at_90: Result<Estimate, Undefined>,
    pub(crate) test: Result<Test, Undefined>,
    /// Variance of one pair's difference, for planning.
    pub(crate) variance: Option<f64>,
    /// All differences are alike and not 0: the sign flip alone decides.
    pub(crate) constant: bool,
    /// The figure of either side over the pairs.
    pub(crate) baseline: Option<f64>,
    pub(crate) candidate: Option<f64>,
    /// Candidate cases whose value rose, and fell.
    pub(crate) risen: Vec<u64>,
    pub(crate) fallen: Vec<u64>,
    /// Tests that decide nothing.
    pub(crate) checks: BTreeMap<String, f64>,
}

/// Sets two aligned sides against each other.
pub(crate) fn contrast(
    metric: &Metric,
    baseline: &Side,
    candidate: &Side,
    kind: Kind,
    chance: &Chance,
    names: &[&str],
) -> Contrast {
    let need = metric.needs_repeats();
    let kept: Vec<usize> = (0..baseline.cases.len())
        .filter(|&at| baseline.cases[at].scored >= need && candidate.cases[at].scored >= need)
        .collect();
    let (old, new) = (baseline.only(&kept), candidate.only(&kept));
    let mut found = Contrast {
        pairs: kept.len() as u64,
        trials: old.scored() + new.scored(),
        scored: baseline.scored() + candidate.scored(),
        planned: baseline.planned() + candidate.planned(),
        missing_pairs: (baseline.cases.len() - kept.len()) as u64,
        at_95: Err(Undefined::NoCases),
        at_90: Err(Undefined::NoCases),
        test: Err(Undefined::NoCases),
        variance: None,
        constant: false,
        baseline: super::figure::point(metric, &old).ok(),
        candidate: super::figure::point(metric, &new).ok(),
        risen: Vec::new(),
        fallen: Vec::new(),
        checks: BTreeMap::new(),
    };
    if kept.is_empty() {
        return found;
    }
    let resampled = metric.quantile().is_some() || metric.of == Of::CostPerSuccess;
    if resampled || kind == Kind::RelativeChange {
        found.resample(metric, (&old, &new), kind, chance, names);
        return found;
    }
    match (old.case_values(metric), new.case_values(metric)) {
        (Ok(old_values), Ok(new_values)) => {
            found.pair(
                metric,
                (&old, &new),
                (&old_values, &new_values),
                chance,
                names,
            );
        }
        (Err(reason), _) | (_, Err(reason)) => found.undefined(reason),
    }
    found
}

impl Contrast {
    fn undefined(&mut self, reason: Undefined) {
        (self.at_95, self.at_90) = (Err(reason), Err(reason));
        self.test = Err(reason);
    }

    /// Percentiles and ratios: bootstrap over pairs, both sides together.
    fn resample(
        &mut self,
        metric: &Metric,
        (old, new): (&Side, &Side),
        kind: Kind,
        chance: &Chance,
        names: &[&str],
    ) {
        let plan = chance.plan(names);
        let drawn = match metric.quantile() {
            Some(q) => percentile(old, q).and_then(|old| {
                let new = percentile(new, q)?;
                TwoSides::new(old, new, kind).map(|both| (point(&both), Draws::of(&both, &plan)))
            }),
            None => sums(metric, old).and_then(|old| {
                let new = sums(metric, new)?;
                TwoSides::new(old, new, kind).map(|both| (point(&both), Draws::of(&both, &plan)))
            }),
        };
        match drawn {
            Err(reason) => self.undefined(reason),
            Ok((_, Ok(draws))) => {
                self.at_95 = Ok(draws.percentile(Confidence::NINETY_FIVE));
                self.at_90 = Ok(draws.percentile(Confidence::NINETY));
                self.test = Ok(draws.test());
                self.set_variance();
            }
            Ok((point, Err(reason))) => {
                let size = Size {
                    cases: old.cases.len(),
                    trials: old.values.len() + new.values.len(),
                    units: old.units(),
                };
                let bare = |confidence| {
                    let point = point.ok_or(reason)?;
                    let method = Method::Percentile;
                    Ok(Estimate::new(point, Err(reason), confidence, size, method))
                };
                self.at_95 = bare(Confidence::NINETY_FIVE);
                self.at_90 = bare(Confidence::NINETY);
                self.test = Err(reason);
            }
        }
    }

    /// Case by case: McNemar and Newcombe for single 0/1 trials, else the mean of the differences.
    fn pair(
        &mut self,
        metric: &Metric,
        (old, new): (&Side, &Side),
        (old_values, new_values): (&CaseValues, &CaseValues),
        chance: &Chance,
        names: &[&str],
    ) {
        let d = match differences(&old_values.values, &new_values.values) {
            Ok(d) => d,
            Err(reason) => return self.undefined(reason),
        };
        for (case, d) in new.cases.iter().zip(&d) {
            if *d > 0.0 {
                self.risen.push(u64::from(case.case));
            } else if *d < 0.0 {
                self.fallen.push(u64::from(case.case));
            }
        }
        for (name, test) in [
            ("wilcoxon_p", wilcoxon(&d, Zeros::LeftOut)),
            ("sign_test_p", sign_test(&d)),
        ] {
            if let Ok(test) = test {
                self.checks.insert(name.to_owned(), test.p);
            }
        }
        let single = !old.is_grouped() && !new.is_grouped();
        if metric.is_binary()
            && single
            && let Ok(table) = PairedTable::of(&old_values.values, &new_values.values)
        {
            self.at_95 = table.difference(Confidence::NINETY_FIVE);
            self.at_90 = table.difference(Confidence::NINETY);
            self.test = Ok(table.mcnemar_exact());
            self.variance = table.planning_variance();
            return;
        }
        let trials = old_values.trials.max(new_values.trials);
        let sample = sample_of(&d, trials, new_values.groups.as_deref());
        let scale = metric.scale.and_then(|(low, high)| Scale::new(low, high));
        self.mean(&sample, scale, &chance.stream(names));
    }

    fn mean(&mut self, sample: &Sample<'_>, scale: Option<Scale>, seed: &stats::Seed) {
        let at_95 = paired_t(sample, Confidence::NINETY_FIVE, scale);
        self.at_90 = paired_t(sample, Confidence::NINETY, scale).map(|found| found.estimate);
        match at_95 {
            Err(reason) => self.undefined(reason),
            Ok(found) => {
                let d = sample.values();
                self.constant = found.estimate.interval == Err(Undefined::NoVariation)
                    && d.iter().any(|d| *d != 0.0);
                let few = d.len() < NORMAL_FROM && sample.groups().is_none();
                let varies = d.iter().any(|d| *d != 0.0);
                self.test = if self.constant || (few && varies) {
                    sign_flip(sample, seed)
                } else {
                    found.test
                };
                self.at_95 = Ok(found.estimate);
                self.set_variance();
            }
        }
    }

    /// s^2 = N SE^2.
    fn set_variance(&mut self) {
        let se = self.at_95.as_ref().ok().and_then(|found| found.std_error);
        self.variance = se.map(|se| se * se * self.pairs as f64);
    }

    /// Pairs in all that a goal needs for a difference of `margin`; with `near` where no number can promise an answer.
    pub(crate) fn needs(&self, goal: Goal, margin: Option<f64>) -> Option<NeedsN> {
        let (variance, margin) = self.variance.zip(margin)?;
        needs_n(goal, variance, margin, self.pairs).ok()
    }
}

fn point(both: &impl Statistic) -> Option<f64> {
    both.point().filter(|point| point.is_finite())
}

fn percentile(side: &Side, q: f64) -> Result<Percentile, Undefined> {
    let (values, units, size) = side.unit_values();
    Percentile::new(&values, &units, size, q)
}

/// Sums over top units whose ratio is the figure: costs by successes, or values by cases.
fn sums(metric: &Metric, side: &Side) -> Result<impl Statistic + use<>, Undefined> {
    let cases = side.case_values(metric)?;
    let units = match &cases.groups {
        Some(groups) => Units::of(groups),
        None => Units::singles(cases.values.len()),
    };
    let size = Size {
        cases: cases.values.len(),
        trials: cases.trials,
        units: units.count(),
    };
    let (top, bottom) = if metric.of == Of::CostPerSuccess {
        (side.case_costs(&cases.kept), cases.values)
    } else {
        let ones = vec![1.0; cases.values.len()];
        (cases.values, ones)
    };
    ratio_of_sums(&units, &top, &bottom, size)
}

/// Candidate less baseline with every missing trial filled: worst takes the candidate's as gone badly and the baseline's as
/// gone well. Infinite where a percentile falls on a missing trial; `None` for a metric without bounds.
pub(crate) fn fill_difference(
    metric: &Metric,
    baseline: &Side,
    candidate: &Side,
    fill: Fill,
) -> Option<f64> {
    let (old, new) = filled(metric, baseline, candidate, fill)?;
    let point = |side: &Side| match super::figure::point(metric, side) {
        Ok(point) => Some(point),
        Err(Undefined::Unbounded) => Some(f64::INFINITY),
        Err(_) => None,
    };
    let difference = point(&new)? - point(&old)?;
    // Both on missing trials: nothing can be said.
    (!difference.is_nan()).then_some(difference)
}

/// Both sides filled against (worst) or for (best) the candidate.
pub(crate) fn filled(
    metric: &Metric,
    baseline: &Side,
    candidate: &Side,
    fill: Fill,
) -> Option<(Side, Side)> {
    let other = match fill {
        Fill::Worst => Fill::Best,
        Fill::Best => Fill::Worst,
    };
    Some((
        baseline.filled(metric, other)?,
        candidate.filled(metric, fill)?,
    ))
}
