//! The bootstrap over top units: percentile and BCa intervals, and a test over pairs.
//!
//! A resample is a weight for every top unit: how often it was drawn. Resample i takes its numbers from a stream of its
//! own, derived from the seed and i, so that one thread and many give the same bytes. Of many units, those that a statistic cannot
//! tell apart are drawn together (see `alike`), and of many that all differ the counts are drawn instead of the units.

use std::num::NonZeroUsize;

use super::alike::{self, Alike, Reduced};
use super::distribution::{normal_cdf, normal_quantile};
use super::estimate::{Confidence, Estimate, Flag, Interval, Method, Size, Test, TestMethod};
use super::quantile::quantile_of_sorted;
use super::random::{PoissonCounts, Seed};
use super::undefined::Undefined;

/// Resamples of every bootstrap that a report shows.
pub const RESAMPLES: u32 = 10_000;
/// Fewest top units that are resampled.
pub const MIN_RESAMPLED_UNITS: usize = 10;
/// Share of resamples without a value above which the interval is undefined.
const MOST_DROPPED: f64 = 0.05;

/// A figure that can be computed for any weighting of its top units by whole numbers.
pub trait Statistic: Sync {
    /// Cases, trials and top units behind it.
    fn size(&self) -> Size;

    /// The figure when unit u counts `weights[u]` times; `None` where it has no value.
    fn weighted(&self, weights: &[u32]) -> Option<f64>;

    /// The figure of the data themselves.
    fn point(&self) -> Option<f64> {
        self.weighted(&vec![1; self.size().units])
    }

    /// The figure without one unit, for every unit: what the acceleration is computed from.
    fn leave_one_out(&self) -> Vec<Option<f64>> {
        let units = self.size().units;
        let mut weights = vec![1; units];
        (0..units)
            .map(|unit| {
                weights[unit] = 0;
                let value = self.weighted(&weights);
                weights[unit] = 1;
                value
            })
            .collect()
    }

    /// A number for each unit; units with equal numbers may stand for one another. `None` where none may.
    fn likeness(&self) -> Option<Vec<u64>> {
        None
    }

    /// The figure on one unit of each group of units alike; `None` exactly where [`Statistic::likeness`] is.
    fn reduced(&self, representatives: &[u32]) -> Option<Box<dyn Reduced + '_>> {
        let _ = representatives;
        None
    }
}

/// How many resamples, from which seed, on how many threads. The threads change nothing but the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Resamples, [`RESAMPLES`] in reports.
    pub resamples: u32,
    /// Seed.
    pub seed: Seed,
    /// Threads.
    pub threads: NonZeroUsize,
}

impl Plan {
    /// [`RESAMPLES`] resamples from a seed, on one thread.
    #[must_use]
    pub const fn new(seed: Seed) -> Self {
        Self {
            resamples: RESAMPLES,
            seed,
            threads: NonZeroUsize::MIN,
        }
    }

    /// The same on so many threads.
    #[must_use]
    pub const fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }
}

/// The resampled values of a statistic, drawn once, from which intervals at any level and a test are read.
#[derive(Clone, Debug)]
pub struct Draws {
    point: f64,
    size: Size,
    /// Ascending.
    values: Vec<f64>,
    dropped: u32,
    resamples: u32,
}

impl Draws {
    /// Resamples the top units whole, with replacement (Efron 1979; the units whole as Davison and Hinkley 1997, 3.8).
    ///
    /// Undefined resamples are dropped and counted.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] or [`Undefined::NoVariation`] where the statistic itself has no value (the caller knows
    /// which to say better), [`Undefined::FewUnits`] for fewer than [`MIN_RESAMPLED_UNITS`],
    /// [`Undefined::Resamples`] where over 5 % have no value.
    pub fn of(statistic: &impl Statistic, plan: &Plan) -> Result<Self, Undefined> {
        let size = statistic.size();
        if size.units == 0 {
            return Err(Undefined::NoCases);
        }
        let point = statistic
            .point()
            .filter(|p| p.is_finite())
            .ok_or(Undefined::NoVariation)?;
        if size.units < MIN_RESAMPLED_UNITS {
            return Err(Undefined::FewUnits {
                have: size.units,
                need: MIN_RESAMPLED_UNITS,
            });
        }
        let (drawn, reduced) = drawn(statistic, size.units);
        let part = |first: u32, last: u32| -> Vec<f64> {
            if let (Drawn::Each(many), Some(reduced)) = (&drawn, &reduced) {
                return each(
                    statistic,
                    reduced.as_ref(),
                    many.as_ref(),
                    plan,
                    first..last,
                );
            }
            let mut weights = vec![0; size.units];
            let mut groups = match &drawn {
                Drawn::Together(alike) => vec![0; alike.representatives.len()],
                Drawn::Each(_) => Vec::new(),
            };
            (first..last)
                .filter_map(|index| {
                    let mut stream = plan.seed.stream(u64::from(index));
                    let counts = match &drawn {
                        Drawn::Together(alike) => {
                            alike.count_draws(&mut stream, &mut groups);
                            &groups
                        }
                        Drawn::Each(many) => {
                            match many {
                                Some(counts) => stream.count_many(counts, &mut weights),
                                None => stream.count_draws(&mut weights),
                            }
                            &weights
                        }
                    };
                    if let Some(reduced) = &reduced
                        && let Ok(value) = reduced.weighted(counts)
                    {
                        return value;
                    }
                    if let Drawn::Together(alike) = &drawn {
                        alike.spread(&mut stream, &groups, &mut weights);
                    }
                    statistic.weighted(&weights)
                })
                .filter(|value| value.is_finite())
                .collect()
        };
        let threads = u32::try_from(plan.threads.get())
            .unwrap_or(u32::MAX)
            .min(plan.resamples.max(1));
        let share = plan.resamples.div_ceil(threads);
        let mut values = if threads == 1 {
            part(0, plan.resamples)
        } else {
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..threads)
                    .map(|thread| {
                        let first = (thread * share).min(plan.resamples);
                        let last = (first + share).min(plan.resamples);
                        scope.spawn(move || part(first, last))
                    })
                    .collect();
                workers
                    .into_iter()
                    .flat_map(|worker| {
                        worker
                            .join()
                            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                    })
                    .collect()
            })
        };
        values.sort_unstable_by(f64::total_cmp);
        let dropped = plan.resamples - values.len() as u32;
        if values.is_empty() || f64::from(dropped) > MOST_DROPPED * f64::from(plan.resamples) {
            return Err(Undefined::Resamples {
                dropped,
                resamples: plan.resamples,
            });
        }
        Ok(Self {
            point,
            size,
            values,
            dropped,
            resamples: plan.resamples,
        })
    }

    /// The statistic of the data themselves.
    #[must_use]
    pub const fn point(&self) -> f64 {
        self.point
    }

    /// Resamples that had no value and were dropped.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Standard deviation of the resampled values.
    fn std_error(&self) -> f64 {
        let n = self.values.len() as f64;
        let mean = self.values.iter().sum::<f64>() / n;
        (self.values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt()
    }

    fn estimate(
        &self,
        interval: Result<(f64, f64), Undefined>,
        confidence: Confidence,
        method: Method,
    ) -> Estimate {
        let interval =
            interval.map(|(low, high)| Interval::new(low.min(self.point), high.max(self.point)));
        Estimate::new(self.point, interval, confidence, self.size, method)
            .with_std_error(self.std_error())
            .flag_if(self.dropped > 0, Flag::DroppedResamples)
    }

    /// Values at two probabilities, type 7.
    fn ends(&self, low: f64, high: f64) -> Result<(f64, f64), Undefined> {
        if self.values.first() == self.values.last() {
            return Err(Undefined::NoVariation);
        }
        Ok((
            quantile_of_sorted(&self.values, low)?,
            quantile_of_sorted(&self.values, high)?,
        ))
    }

    /// Percentile interval: the quantiles (1 -+ conf)/2 of the resampled values (Efron and Tibshirani 1993, ch. 13).
    /// All resamples alike: undefined.
    #[must_use]
    pub fn percentile(&self, confidence: Confidence) -> Estimate {
        let ends = self.ends(1.0 - confidence.upper(), confidence.upper());
        self.estimate(ends, confidence, Method::Percentile)
    }

    /// Bias-corrected and accelerated interval (Efron 1987), for the statistic that was drawn.
    ///
    /// z0 = z(share of resamples below the point, ties counted half); acceleration a = sum d^3 / (6 (sum d^2)^(3/2))
    /// with d the mean of the leave-one-unit-out values less each of them. The ends are the resampled values at
    /// Phi(z0 + (z0 + z)/(1 - a (z0 + z))). Where z0 or a has no value the percentile interval stands in, and the method
    /// says so. All resamples alike: undefined.
    #[must_use]
    pub fn bca(&self, statistic: &impl Statistic, confidence: Confidence) -> Estimate {
        let below = self.values.partition_point(|&v| v < self.point);
        let upto = self.values.partition_point(|&v| v <= self.point);
        let bias = normal_quantile((below + upto) as f64 / (2 * self.values.len()) as f64);
        let Some(acceleration) =
            acceleration(&statistic.leave_one_out()).filter(|_| bias.is_finite())
        else {
            return self.percentile(confidence);
        };
        let adjusted = |z: f64| {
            let shifted = bias + z;
            normal_cdf(bias + shifted / (1.0 - acceleration * shifted))
        };
        let z = normal_quantile(confidence.upper());
        if acceleration * (bias + z) >= 1.0 || acceleration * (bias - z) >= 1.0 {
            return self.percentile(confidence);
        }
        self.estimate(
            self.ends(adjusted(-z), adjusted(z)),
            confidence,
            Method::Bca,
        )
    }

    /// Two-sided test that the statistic, a difference over pairs, is zero:
    /// p = 2 min(1 + #(values <= 0), 1 + #(values >= 0)) / (B + 1), at most 1 (Davison and Hinkley 1997, 4.4). Never 0.
    #[must_use]
    pub fn test(&self) -> Test {
        let (below, upto) = (
            self.values.partition_point(|&v| v < 0.0),
            self.values.partition_point(|&v| v <= 0.0),
        );
        let fewer = upto.min(self.values.len() - below);
        let p = 2.0 * (1 + fewer) as f64 / (self.values.len() + 1) as f64;
        Test::new(TestMethod::Bootstrap, p).with_statistic(self.point)
    }

    /// Resamples asked for.
    #[must_use]
    pub const fn resamples(&self) -> u32 {
        self.resamples
    }
}

/// The statistic with its [`Draws::bca`] interval. Where the resamples give none, the point stands alone and the interval
/// says why: fewer than [`MIN_RESAMPLED_UNITS`] top units, or too many resamples without a value.
///
/// # Errors
/// As [`Draws::of`], where the statistic itself has no value.
pub fn bca(
    statistic: &impl Statistic,
    plan: &Plan,
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    let reason = match Draws::of(statistic, plan) {
        Ok(draws) => return Ok(draws.bca(statistic, confidence)),
        Err(reason) => reason,
    };
    let size = statistic.size();
    let point = if size.units == 0 {
        None
    } else {
        statistic.point().filter(|point| point.is_finite())
    };
    let point = point.ok_or(reason)?;
    Ok(Estimate::new(
        point,
        Err(reason),
        confidence,
        size,
        Method::Bca,
    ))
}

/// How units are drawn.
enum Drawn {
    /// Each for itself.
    Each(Option<PoissonCounts>),
    /// Those alike together.
    Together(Alike),
}

/// How the units of a statistic are drawn, and what it is computed by.
fn drawn<S: Statistic>(statistic: &S, units: usize) -> (Drawn, Option<Box<dyn Reduced + '_>>) {
    if units < alike::FROM {
        return (Drawn::Each(None), None);
    }
    match statistic.likeness() {
        Some(keys) => match Alike::of(&keys) {
            Some(alike) => {
                let reduced = statistic.reduced(&alike.representatives);
                (Drawn::Together(alike), reduced)
            }
            None => {
                let all: Vec<u32> = (0..units as u32).collect();
                let counts = PoissonCounts::for_units(units);
                (Drawn::Each(Some(counts)), statistic.reduced(&all))
            }
        },
        None => (Drawn::Each(Some(PoissonCounts::for_units(units))), None),
    }
}

/// Resamples that are drawn before their figures are computed together.
const AT_ONCE: usize = 8;

/// The values of these resamples, where units are told apart.
fn each(
    statistic: &impl Statistic,
    reduced: &dyn Reduced,
    many: Option<&PoissonCounts>,
    plan: &Plan,
    resamples: std::ops::Range<u32>,
) -> Vec<f64> {
    let mut values = Vec::with_capacity(resamples.len());
    let mut indices = resamples.map(u64::from);
    let mut held = vec![vec![0; statistic.size().units]; AT_ONCE];
    loop {
        let mut drawn = 0;
        for (weights, index) in held.iter_mut().zip(indices.by_ref().take(AT_ONCE)) {
            let mut stream = plan.seed.stream(index);
            match many {
                Some(counts) => stream.count_many(counts, weights),
                None => stream.count_draws(weights),
            }
            drawn += 1;
        }
        if drawn == 0 {
            return values;
        }
        let found = reduced.weighted_each(&held[..drawn]).into_iter();
        values.extend(
            found
                .zip(&held)
                .filter_map(|(value, weights)| {
                    value.unwrap_or_else(|_| statistic.weighted(weights))
                })
                .filter(|value| value.is_finite()),
        );
    }
}

/// Efron's acceleration from the leave-one-out values; `None` where one has no value or all are alike.
#[must_use]
pub fn acceleration(leave_one_out: &[Option<f64>]) -> Option<f64> {
    let values: Vec<f64> = leave_one_out.iter().copied().collect::<Option<_>>()?;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let (mut squares, mut cubes) = (0.0, 0.0);
    for value in &values {
        let d = mean - value;
        squares += d * d;
        cubes += d * d * d;
    }
    // What rounding alone leaves of equal values is no variation.
    let noise = 1e-14 * mean.abs() * (values.len() as f64).sqrt();
    (squares.sqrt() > noise)
        .then(|| cubes / (6.0 * squares.powf(1.5)))
        .filter(|a| a.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::resampled::Sums;

    fn mean_of(values: &[f64]) -> Sums<1, impl Fn(&[f64; 1], f64) -> Option<f64> + Sync> {
        let rows: Vec<[f64; 1]> = values.iter().map(|&v| [v]).collect();
        Sums::new(rows, Size::cases(values.len()), |sums: &[f64; 1], n| {
            Some(sums[0] / n)
        })
    }

    fn plan(names: &[&str]) -> Plan {
        Plan::new(Seed::derive(7, names))
    }

    fn skewed(n: u32) -> Vec<f64> {
        (0..n).map(|i| f64::from(i * i % 101)).collect()
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let values = skewed(57);
        let statistic = mean_of(&values);
        let one = Draws::of(&statistic, &plan(&[])).unwrap();
        for threads in [2, 3, 7] {
            let many = plan(&[]).with_threads(NonZeroUsize::new(threads).unwrap());
            assert_eq!(Draws::of(&statistic, &many).unwrap().values, one.values);
        }
    }

    #[test]
    fn both_intervals_hold_the_mean_and_agree_with_its_standard_error() {
        let values = skewed(100);
        let statistic = mean_of(&values);
        let draws = Draws::of(&statistic, &plan(&[])).unwrap();
        let expected = crate::stats::mean(
            &crate::stats::Sample::new(&values),
            Confidence::NINETY_FIVE,
            None,
        )
        .unwrap();
        for estimate in [
            draws.percentile(Confidence::NINETY_FIVE),
            draws.bca(&statistic, Confidence::NINETY_FIVE),
        ] {
            assert!(
                (estimate.low().unwrap() - expected.low().unwrap()).abs() < 1.0,
                "{estimate:?}"
            );
            assert!(
                (estimate.high().unwrap() - expected.high().unwrap()).abs() < 1.0,
                "{estimate:?}"
            );
        }
        assert_eq!(
            draws.bca(&statistic, Confidence::NINETY).method,
            Method::Bca
        );
    }

    #[test]
    fn fewer_than_ten_units_are_not_resampled() {
        let values = skewed(9);
        let refused = Draws::of(&mean_of(&values), &plan(&[])).map(|d| d.point());
        assert_eq!(refused, Err(Undefined::FewUnits { have: 9, need: 10 }));
        assert_eq!(
            Draws::of(&mean_of(&[]), &plan(&[])).map(|d| d.point()),
            Err(Undefined::NoCases)
        );
    }

    #[test]
    fn constant_values_have_no_bootstrap_interval() {
        let values = [0.5; 20];
        let statistic = mean_of(&values);
        let draws = Draws::of(&statistic, &plan(&[])).unwrap();
        assert_eq!(
            draws.percentile(Confidence::NINETY).interval,
            Err(Undefined::NoVariation)
        );
        assert_eq!(
            draws.bca(&statistic, Confidence::NINETY).interval,
            Err(Undefined::NoVariation)
        );
    }

    #[test]
    fn a_point_outlives_the_interval_that_nine_units_cannot_give() {
        let values: Vec<f64> = (0..9).map(f64::from).collect();
        let found = bca(&mean_of(&values), &plan(&[]), Confidence::NINETY_FIVE).unwrap();
        assert_eq!((found.point, found.n, found.clusters), (4.0, 9, 9));
        assert_eq!(
            found.interval,
            Err(Undefined::FewUnits {
                have: 9,
                need: MIN_RESAMPLED_UNITS
            })
        );
        let nothing = bca(&mean_of(&[]), &plan(&[]), Confidence::NINETY_FIVE);
        assert_eq!(nothing, Err(Undefined::NoCases));
        let more: Vec<f64> = (0..30).map(|i| f64::from(i % 7)).collect();
        assert_eq!(
            bca(&mean_of(&more), &plan(&[]), Confidence::NINETY).unwrap(),
            Draws::of(&mean_of(&more), &plan(&[]))
                .unwrap()
                .bca(&mean_of(&more), Confidence::NINETY)
        );
    }

    #[test]
    fn too_many_undefined_resamples_leave_no_interval_and_few_are_counted() {
        let ratio = |ones: usize, n: usize| {
            let rows: Vec<[f64; 1]> = (0..n).map(|i| [f64::from(u8::from(i < ones))]).collect();
            Sums::new(rows, Size::cases(n), |sums: &[f64; 1], n| {
                (sums[0] > 0.0).then(|| n / sums[0])
            })
        };
        // One success in 20 is absent from 36 % of the resamples, four from 1.2 %.
        assert!(matches!(
            Draws::of(&ratio(1, 20), &plan(&[])),
            Err(Undefined::Resamples { .. })
        ));
        let four = Draws::of(&ratio(4, 20), &plan(&[])).unwrap();
        assert!(four.dropped() > 0);
        assert_eq!(
            four.percentile(Confidence::NINETY).flags,
            [Flag::DroppedResamples]
        );
    }

    #[test]
    fn a_difference_far_from_zero_has_the_smallest_p_and_none_has_one() {
        let values: Vec<f64> = (0..50).map(|i| 5.0 + f64::from(i % 3)).collect();
        let p = Draws::of(&mean_of(&values), &plan(&[])).unwrap().test().p;
        assert_eq!(p, 2.0 / 10_001.0);
        let zeros = Draws::of(&mean_of(&[0.0; 50]), &plan(&[])).unwrap();
        assert_eq!(zeros.test().p, 1.0);
    }

    #[test]
    fn symmetric_values_have_no_acceleration_and_skewed_ones_do() {
        let symmetric: Vec<Option<f64>> = (-5..=5).map(|i| Some(f64::from(i))).collect();
        assert!(acceleration(&symmetric).unwrap().abs() < 1e-15);
        assert!(acceleration(&[Some(1.0), Some(1.0), Some(10.0)]).unwrap() < 0.0);
        assert_eq!(acceleration(&[Some(1.0), None]), None);
        assert_eq!(acceleration(&[Some(0.1); 7]), None);
    }
}
