//! A metric's figure: its point and interval by its design (STATISTICS 2), with coverage, worst and best.

use std::num::NonZeroUsize;

use crate::stats::{
    self, Confidence, Draws, Method, Percentile, Plan, Sample, Scale, Seed, Undefined, fieller,
    mean, quantile, rate,
};

use super::findings::{Estimate, Figure};
use super::metric::{Metric, Of};
use super::side::{Fill, Side};

/// Percentiles that fall on a trial that its deadline ended.
pub const CENSORED: &str = "censored";
/// Fewer than ten cases of a tag.
pub const FEW_CASES: &str = "few-cases";

/// What chance derives from, and how many threads may share the work; they change nothing but the time.
#[derive(Debug, Clone, Copy)]
pub struct Chance {
    /// The run's seed.
    pub seed: u64,
    /// Threads for bootstraps.
    pub threads: NonZeroUsize,
}

impl Chance {
    /// The plan of a bootstrap of what these names name.
    pub(crate) fn plan(&self, names: &[&str]) -> Plan {
        Plan::new(self.stream(names)).with_threads(self.threads)
    }

    /// The seed of what these names name.
    pub(crate) fn stream(&self, names: &[&str]) -> Seed {
        Seed::derive(self.seed, names)
    }
}

/// A point on a fill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// The metric has no worst or best value.
    None,
    /// The point of the fill.
    At(f64),
    /// A percentile that falls on a missing trial.
    Infinite,
}

/// A metric's figure before it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) estimate: Result<stats::Estimate, Undefined>,
    /// The percentile falls on a trial that its deadline ended: the point says "at least".
    pub(crate) censored: bool,
    pub(crate) worst: Bound,
    pub(crate) best: Bound,
    pub(crate) planned: u64,
    pub(crate) scored: u64,
    pub(crate) cases: u64,
    pub(crate) passed: Option<u64>,
}

/// The estimate of one side.
pub(crate) fn estimate(
    metric: &Metric,
    side: &Side,
    confidence: Confidence,
    plan: &Plan,
) -> Result<stats::Estimate, Undefined> {
    if let Some(q) = metric.quantile() {
        return percentile(side, q, confidence, plan);
    }
    let cases = side.case_values(metric)?;
    let sample = sample_of(&cases.values, cases.trials, cases.groups.as_deref());
    match metric.of {
        Of::CostPerSuccess => {
            let costs = side.case_costs(&cases.kept);
            let costs = sample_of(&costs, cases.trials, cases.groups.as_deref());
            fieller(&costs, &cases.values, confidence)
        }
        _ if metric.unit == super::findings::Unit::Rate => rate(&sample, confidence),
        _ => {
            let scale = metric.scale.and_then(|(low, high)| Scale::new(low, high));
            mean(&sample, confidence, scale)
        }
    }
}

/// A sample with its design.
pub(crate) fn sample_of<'a>(
    values: &'a [f64],
    trials: usize,
    groups: Option<&'a [u32]>,
) -> Sample<'a> {
    let sample = Sample::new(values).with_trials(trials);
    match groups {
        Some(groups) => sample.with_groups(groups),
        None => sample,
    }
}

fn percentile(
    side: &Side,
    q: f64,
    confidence: Confidence,
    plan: &Plan,
) -> Result<stats::Estimate, Undefined> {
    if !side.is_grouped() {
        // Each value is a unit of its own: no other order or number of them is needed.
        return quantile(&*side.values, q, confidence);
    }
    let scored: Vec<usize> = (0..side.cases.len())
        .filter(|&at| side.cases[at].scored > 0)
        .collect();
    let (values, units, size) = side.only(&scored).unit_values();
    let mut point = stats::Estimate::new(
        {
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            stats::quantile_of_sorted(&sorted, q)?
        },
        Err(Undefined::NoCases),
        confidence,
        size,
        Method::Percentile,
    );
    let drawn =
        Percentile::new(&values, &units, size, q).and_then(|statistic| Draws::of(&statistic, plan));
    match drawn {
        Ok(draws) => Ok(draws.percentile(confidence)),
        Err(reason) => {
            point.interval = Err(reason);
            Ok(point)
        }
    }
}

/// The point of one side, without its interval.
pub(crate) fn point(metric: &Metric, side: &Side) -> Result<f64, Undefined> {
    if let Some(q) = metric.quantile() {
        let mut sorted = side.values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        return stats::quantile_of_sorted(&sorted, q);
    }
    let cases = side.case_values(metric)?;
    if metric.of == Of::CostPerSuccess {
        let costs: f64 = side.case_costs(&cases.kept).iter().sum();
        let successes: f64 = cases.values.iter().sum();
        if successes == 0.0 {
            return Err(Undefined::TooFewSuccesses);
        }
        return Ok(costs / successes);
    }
    Ok(Sample::new(&cases.values).moments()?.mean)
}

fn bound(metric: &Metric, side: &Side, fill: Fill) -> Bound {
    match side.filled(metric, fill) {
        None => Bound::None,
        Some(filled) => match point(metric, &filled) {
            Ok(point) => Bound::At(point),
            Err(Undefined::Unbounded) => Bound::Infinite,
            Err(_) => Bound::None,
        },
    }
}

/// A side's figure with all that travels with it.
pub(crate) fn measure(
    metric: &Metric,
    side: &Side,
    confidence: Confidence,
    plan: &Plan,
) -> Measured {
    let mut estimate = estimate(metric, side, confidence, plan);
    let mut censored = false;
    if let (Some(at), Ok(found)) = (side.censored_at, &mut estimate) {
        censored = found.point >= at || reaches(metric, side, at);
        // Beyond the deadline nothing is known: an end there is no end.
        if let Ok(interval) = &mut found.interval {
            interval.high = interval.high.filter(|high| *high < at);
        }
    }
    let (planned, scored) = (side.planned(), side.scored());
    let (worst, best) = if planned == scored {
        let same = match (&estimate, metric.scale, metric.quantile()) {
            (Ok(found), Some(_), _) | (Ok(found), _, Some(_)) => Bound::At(found.point),
            _ => Bound::None,
        };
        (same, same)
    } else {
        (
            bound(metric, side, Fill::Worst),
            bound(metric, side, Fill::Best),
        )
    };
    Measured {
        estimate,
        censored,
        worst,
        best,
        planned,
        scored,
        cases: side.cases.len() as u64,
        passed: metric.is_binary().then(|| side.passed()),
    }
}

/// Whether the percentile leans on a value from `at` on.
fn reaches(metric: &Metric, side: &Side, at: f64) -> bool {
    let mut open: Vec<f64> = side
        .values
        .iter()
        .map(|value| if *value >= at { f64::INFINITY } else { *value })
        .collect();
    open.sort_unstable_by(f64::total_cmp);
    let q = metric.quantile().unwrap_or(0.0);
    stats::quantile_of_sorted(&open, q) == Err(Undefined::Unbounded)
}

impl Measured {
    /// The figure as reports have it.
    pub(crate) fn figure(&self) -> Figure {
        let n = self.cases;
        match &self.estimate {
            Err(reason) => Figure::Undefined {
                undefined: reason.to_string(),
                n,
            },
            Ok(found) => {
                let mut figure = shown(found);
                figure.coverage = ratio(self.scored, self.planned);
                figure.worst = value(self.worst);
                figure.best = value(self.best);
                figure.passed = self.passed;
                if self.censored {
                    figure.flags.push(CENSORED.to_owned());
                }
                Figure::Estimate(figure)
            }
        }
    }
}

fn value(bound: Bound) -> Option<f64> {
    match bound {
        Bound::At(point) => Some(point),
        Bound::None | Bound::Infinite => None,
    }
}

/// Share of `part` in `whole`; 0 of nothing.
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// An estimate as reports have it, with full coverage.
pub(crate) fn shown(found: &stats::Estimate) -> Estimate {
    Estimate {
        point: found.point,
        low: found.low(),
        high: found.high(),
        confidence: found.confidence,
        n: found.n as u64,
        trials: found.trials as u64,
        clusters: found.clusters as u64,
        coverage: 1.0,
        worst: None,
        best: None,
        method: found.method.name().to_owned(),
        flags: found
            .flags
            .iter()
            .map(|flag| flag.name().to_owned())
            .collect(),
        passed: None,
        no_interval: found.interval.err().map(|reason| reason.to_string()),
    }
}
