//! How many cases, or how small a difference: what a plan can promise before anything is run.

use super::distribution::normal_quantile;
use super::estimate::Confidence;
use super::proportion::wilson_interval;
use super::undefined::Undefined;

/// The power that every plan here aims at.
pub const POWER: f64 = 0.8;
/// Share of flips that is taken to be chance, which repeats average away. An assumption, to be named where it is used.
pub const CHANCE_FLIPS: f64 = 0.5;
/// Correlation inside a cluster that a plan takes. An assumption, to be named where it is used.
pub const CLUSTER_CORRELATION: f64 = 0.2;
/// Variance between cases that a pilot of one target alone takes. An assumption, to be named where it is used.
pub const ASSUMED_BETWEEN: f64 = 0.05;
/// Fewest flips, all one way, that the exact McNemar test can call a difference at 5 %.
pub const MIN_FLIPS: f64 = 6.0;

/// What is to be shown, and how surely: the sum of two normal quantiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal(f64);

impl Goal {
    /// A difference by a two-sided test at `alpha` with power `power`: z(1 - alpha/2) + z(power).
    ///
    /// # Errors
    /// [`Undefined::OutOfRange`] unless both lie strictly between 0 and 1.
    pub fn two_sided(alpha: f64, power: f64) -> Result<Self, Undefined> {
        Self::of(alpha / 2.0, power)
    }

    /// A bar by a one-sided test at `alpha` with power `power`: z(1 - alpha) + z(power).
    ///
    /// # Errors
    /// As [`Goal::two_sided`].
    pub fn one_sided(alpha: f64, power: f64) -> Result<Self, Undefined> {
        Self::of(alpha, power)
    }

    fn of(tail: f64, power: f64) -> Result<Self, Undefined> {
        let inside = |p: f64| p > 0.0 && p < 1.0;
        if !inside(tail) || !inside(power) {
            return Err(Undefined::OutOfRange);
        }
        Ok(Self(normal_quantile(power) - normal_quantile(tail)))
    }

    /// A difference at 5 %, two-sided, with 80 % power; its square is 7.848880.
    #[must_use]
    pub fn difference() -> Self {
        Self(normal_quantile(POWER) + normal_quantile(0.975))
    }

    /// A `max_drop` gate that passes 4 times in 5 when nothing changed: one-sided 5 %; its square is 6.182557.
    #[must_use]
    pub fn gate() -> Self {
        Self(normal_quantile(POWER) + normal_quantile(0.95))
    }

    /// The sum of the two quantiles.
    #[must_use]
    pub const fn quantiles(self) -> f64 {
        self.0
    }
}

/// Pairs needed, unrounded: (z + z)^2 s^2 / m^2 with s^2 the variance of one pair's difference and m the difference to
/// show (Miller 2024). It targets a difference named beforehand, never the one observed, whose power is circular
/// (Hoenig and Heisey 2001).
///
/// # Errors
/// [`Undefined::OutOfRange`] for m not above 0 or a negative variance; [`Undefined::NotFinite`].
pub fn pairs_needed(goal: Goal, variance: f64, difference: f64) -> Result<f64, Undefined> {
    if !(variance.is_finite() && difference.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    if difference <= 0.0 || variance < 0.0 {
        return Err(Undefined::OutOfRange);
    }
    let pairs = goal.0 * goal.0 * variance / (difference * difference);
    if pairs.is_finite() {
        Ok(pairs)
    } else {
        Err(Undefined::NotFinite)
    }
}

/// Smallest difference that `n` pairs show: (z + z) sqrt(s^2 / n).
///
/// # Errors
/// [`Undefined::NoCases`] for n not above 0; [`Undefined::OutOfRange`] for a negative variance;
/// [`Undefined::NotFinite`].
pub fn smallest_difference(goal: Goal, variance: f64, n: f64) -> Result<f64, Undefined> {
    if !(variance.is_finite() && n.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    if n <= 0.0 {
        return Err(Undefined::NoCases);
    }
    if variance < 0.0 {
        return Err(Undefined::OutOfRange);
    }
    Ok(goal.0 * (variance / n).sqrt())
}

/// How many pairs a finding or gate that stayed open would need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedsN {
    /// So many pairs in all, of the same design.
    Pairs(u64),
    /// No more than there are already: near the threshold no number of cases can promise an answer.
    NearThreshold,
}

/// Pairs in all, rounded up, to show a true difference of `difference` with the goal's power, when there are `have`.
///
/// `variance` is s^2 = N SE^2, or [`super::PairedTable::planning_variance`] for 0/1 data.
///
/// # Errors
/// As [`pairs_needed`].
pub fn needs_n(goal: Goal, variance: f64, difference: f64, have: u64) -> Result<NeedsN, Undefined> {
    // Beyond 2^64 pairs the cast saturates, which is as good an answer as any.
    let pairs = pairs_needed(goal, variance, difference)?.ceil() as u64;
    Ok(if pairs <= have {
        NeedsN::NearThreshold
    } else {
        NeedsN::Pairs(pairs)
    })
}

/// A comparison of pass rates planned without any data, from the share of cases that flip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlipPlan {
    /// Cases.
    pub cases: f64,
    /// Repeats of each, at least 1.
    pub repeats: f64,
    /// Mean cases in a cluster; 1 without clusters.
    pub cluster_size: f64,
}

impl FlipPlan {
    /// Cases that clustering leaves: N / (1 + (mean cluster size - 1) x [`CLUSTER_CORRELATION`]) (Kish 1965).
    #[must_use]
    pub fn effective_cases(&self) -> f64 {
        self.cases / (1.0 + (self.cluster_size - 1.0).max(0.0) * CLUSTER_CORRELATION)
    }

    /// Flip share that repeats leave: psi (c + (1 - c)/r) with c = 1 - [`CHANCE_FLIPS`].
    #[must_use]
    pub fn flips_left(&self, flips: f64) -> f64 {
        flips * (1.0 - CHANCE_FLIPS + CHANCE_FLIPS / self.repeats.max(1.0))
    }

    /// Smallest difference seen with 80 % power when a share `flips` of the cases flips:
    /// sqrt(7.848880 psi_r / (N + 7.848880)), which solves d^2 = 7.848880 (psi_r - d^2)/N.
    ///
    /// `None`, "cannot be shown", where it exceeds psi_r, the largest difference that so many flips can make, or where
    /// fewer than [`MIN_FLIPS`] flips are to be expected.
    #[must_use]
    pub fn smallest_difference(&self, flips: f64) -> Option<f64> {
        let (left, n) = (self.flips_left(flips), self.effective_cases());
        let square = Goal::difference().0.powi(2);
        let smallest = (square * left / (n + square)).sqrt();
        (smallest <= left && n * left >= MIN_FLIPS).then_some(smallest)
    }

    /// Smallest `max_drop` that passes with 80 % when nothing changed: 2.486475 sqrt(psi_r / N). `None` without cases.
    #[must_use]
    pub fn smallest_margin(&self, flips: f64) -> Option<f64> {
        let n = self.effective_cases();
        (n > 0.0).then(|| Goal::gate().0 * (self.flips_left(flips) / n).sqrt())
    }

    /// Cases, with this plan's repeats and clusters, that a `max_drop` of `margin` needs.
    ///
    /// # Errors
    /// As [`pairs_needed`].
    pub fn cases_for_margin(&self, flips: f64, margin: f64) -> Result<u64, Undefined> {
        let inflation = 1.0 + (self.cluster_size - 1.0).max(0.0) * CLUSTER_CORRELATION;
        Ok((pairs_needed(Goal::gate(), self.flips_left(flips), margin)? * inflation).ceil() as u64)
    }

    /// Half the width of Wilson's 95 % interval around `rate` with as many cases. `None` without cases or for a rate
    /// outside 0..1.
    #[must_use]
    pub fn half_width(&self, rate: f64) -> Option<f64> {
        let n = self.effective_cases();
        if n <= 0.0 || !(0.0..=1.0).contains(&rate) {
            return None;
        }
        let z = normal_quantile(Confidence::NINETY_FIVE.upper());
        let (low, high) = wilson_interval(rate, n, z).ends()?;
        Some((high - low) / 2.0)
    }
}

/// The variance of one pair's difference, split into what cases and what repeats contribute (Miller 2024).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VarianceSplit {
    /// w^2, the variance between cases of their true differences.
    pub between: f64,
    /// vA, the mean variance of one trial of the baseline about its case's true rate.
    pub baseline: f64,
    /// vB, the same of the candidate.
    pub candidate: f64,
}

impl VarianceSplit {
    /// From a comparison with `repeats` trials a side: w^2 = max(0, s^2 - (vA + vB)/r).
    ///
    /// # Errors
    /// [`Undefined::OutOfRange`] for repeats below 1 or a negative variance.
    pub fn from_comparison(
        variance: f64,
        baseline: f64,
        candidate: f64,
        repeats: f64,
    ) -> Result<Self, Undefined> {
        if repeats < 1.0 || variance < 0.0 || baseline < 0.0 || candidate < 0.0 {
            return Err(Undefined::OutOfRange);
        }
        if !(variance.is_finite()
            && baseline.is_finite()
            && candidate.is_finite()
            && repeats.is_finite())
        {
            return Err(Undefined::NotFinite);
        }
        Ok(Self {
            between: (variance - (baseline + candidate) / repeats).max(0.0),
            baseline,
            candidate,
        })
    }

    /// From one target with repeats alone: the other side taken alike, w^2 taken as [`ASSUMED_BETWEEN`].
    #[must_use]
    pub const fn from_one_target(within: f64) -> Self {
        Self {
            between: ASSUMED_BETWEEN,
            baseline: within,
            candidate: within,
        }
    }

    /// Variance of one pair's difference with so many repeats: w^2 + vA/rA + vB/rB. Repeats below 1 count as 1.
    #[must_use]
    pub fn variance(&self, baseline_repeats: f64, candidate_repeats: f64) -> f64 {
        self.between
            + self.baseline / baseline_repeats.max(1.0)
            + self.candidate / candidate_repeats.max(1.0)
    }
}

/// v: the mean over cases of y_i (1 - y_i) r_i/(r_i - 1), the unbiased variance of one 0/1 trial within its case.
///
/// `cases` holds each case's rate and scored trials; cases of fewer than two trials say nothing and are left out.
///
/// # Errors
/// [`Undefined::NoCases`] if none has two trials; [`Undefined::OutOfRange`] for a rate outside 0..1.
pub fn within_case_variance(cases: &[(f64, u64)]) -> Result<f64, Undefined> {
    let mut sum = 0.0;
    let mut n = 0_u64;
    for &(rate, trials) in cases {
        if !(0.0..=1.0).contains(&rate) {
            return Err(Undefined::OutOfRange);
        }
        if trials >= 2 {
            sum += rate * (1.0 - rate) * trials as f64 / (trials - 1) as f64;
            n += 1;
        }
    }
    if n == 0 {
        Err(Undefined::NoCases)
    } else {
        Ok(sum / n as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::PairedTable;

    const PLAN: FlipPlan = FlipPlan {
        cases: 200.0,
        repeats: 1.0,
        cluster_size: 1.0,
    };

    #[test]
    fn the_constants_are_those_that_the_documents_print() {
        assert!((Goal::difference().quantiles().powi(2) - 7.848_880).abs() < 5e-7);
        assert!((Goal::gate().quantiles().powi(2) - 6.182_557).abs() < 5e-7);
        assert!((Goal::gate().quantiles() - 2.486_475).abs() < 5e-7);
        assert!((Goal::difference().quantiles() - 2.801_585).abs() < 5e-7);
    }

    #[test]
    fn worked_example_needs_n() {
        let table = PairedTable {
            both: 166,
            gained: 5,
            lost: 9,
            neither: 20,
        };
        let variance = table.planning_variance().unwrap();
        assert!((variance - 0.073_857).abs() < 5e-7);
        assert_eq!(
            needs_n(Goal::difference(), variance, 0.03, 200),
            Ok(NeedsN::Pairs(645))
        );
        assert_eq!(
            needs_n(Goal::gate(), variance, 0.03, 200),
            Ok(NeedsN::Pairs(508))
        );
        assert_eq!(
            needs_n(Goal::gate(), variance, 0.03, 508),
            Ok(NeedsN::NearThreshold)
        );
    }

    #[test]
    fn worked_example_power() {
        assert!((PLAN.smallest_difference(0.10).unwrap() - 0.061_451).abs() < 5e-7);
        assert!((PLAN.smallest_margin(0.10).unwrap() - 0.055_599).abs() < 5e-7);
        assert_eq!(PLAN.cases_for_margin(0.10, 0.03), Ok(687));
    }

    #[test]
    fn what_too_few_flips_cannot_show_is_not_promised() {
        let few = FlipPlan {
            cases: 50.0,
            ..PLAN
        };
        assert_eq!(few.smallest_difference(0.05), None);
        assert!(few.smallest_difference(0.30).is_some());
        let none = FlipPlan { cases: 0.0, ..PLAN };
        assert_eq!(
            (
                none.smallest_difference(0.3),
                none.smallest_margin(0.3),
                none.half_width(0.5)
            ),
            (None, None, None)
        );
    }

    #[test]
    fn repeats_halve_at_most_the_chance_flips_and_clusters_take_cases_away() {
        let repeated = FlipPlan {
            repeats: 4.0,
            ..PLAN
        };
        assert!((repeated.flips_left(0.10) - 0.0625).abs() < 1e-15);
        let clustered = FlipPlan {
            cluster_size: 6.0,
            ..PLAN
        };
        assert_eq!(clustered.effective_cases(), 100.0);
        assert_eq!(clustered.cases_for_margin(0.10, 0.03), Ok(1374));
        let wilson = PLAN.half_width(0.5).unwrap();
        assert!((wilson - 0.068_64).abs() < 5e-5, "{wilson}");
    }

    #[test]
    fn a_pilot_gives_the_variance_at_other_repeats() {
        let within = within_case_variance(&[(0.5, 2), (1.0, 2), (0.0, 1)]).unwrap();
        assert_eq!(within, 0.25);
        let split = VarianceSplit::from_comparison(0.30, within, within, 2.0).unwrap();
        assert!((split.between - 0.05).abs() < 1e-15);
        assert!((split.variance(2.0, 2.0) - 0.30).abs() < 1e-15);
        assert_eq!(
            VarianceSplit::from_comparison(0.1, 0.25, 0.25, 1.0)
                .unwrap()
                .between,
            0.0
        );
        assert_eq!(VarianceSplit::from_one_target(0.1).variance(1.0, 1.0), 0.25);
    }

    #[test]
    fn a_plan_for_nothing_is_refused() {
        assert_eq!(
            pairs_needed(Goal::gate(), 0.1, 0.0),
            Err(Undefined::OutOfRange)
        );
        assert_eq!(
            smallest_difference(Goal::gate(), 0.1, 0.0),
            Err(Undefined::NoCases)
        );
        assert_eq!(within_case_variance(&[(0.5, 1)]), Err(Undefined::NoCases));
        assert_eq!(Goal::two_sided(0.0, 0.8), Err(Undefined::OutOfRange));
        assert_eq!(
            VarianceSplit::from_comparison(0.1, 0.2, 0.2, 0.0),
            Err(Undefined::OutOfRange)
        );
    }
}
