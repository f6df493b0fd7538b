//! Two sides of the same cases, each pass or fail: McNemar's tests and Newcombe's interval.

use super::distribution::{
    binomial_cdf, binomial_pmf_half, binomial_two_sided_half, chi2_sf, normal_quantile,
};
use super::estimate::{Confidence, Estimate, Interval, Method, Size, Test, TestMethod};
use super::proportion::wilson_interval;
use super::undefined::Undefined;

/// Pairs counted by how both sides ended, one trial a side. Never for repeats or clusters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairedTable {
    /// Both sides passed.
    pub both: u64,
    /// Only the candidate passed.
    pub gained: u64,
    /// Only the baseline passed.
    pub lost: u64,
    /// Neither passed.
    pub neither: u64,
}

impl PairedTable {
    /// Counts pairs of 0/1 values.
    ///
    /// # Errors
    /// [`Undefined::Mismatched`] for sides of different length, [`Undefined::OutOfRange`] for a value that is neither 0
    /// nor 1.
    pub fn of(baseline: &[f64], candidate: &[f64]) -> Result<Self, Undefined> {
        if baseline.len() != candidate.len() {
            return Err(Undefined::Mismatched);
        }
        let mut table = Self::default();
        for (&old, &new) in baseline.iter().zip(candidate) {
            let cell = match (old, new) {
                (1.0, 1.0) => &mut table.both,
                (0.0, 1.0) => &mut table.gained,
                (1.0, 0.0) => &mut table.lost,
                (0.0, 0.0) => &mut table.neither,
                _ => return Err(Undefined::OutOfRange),
            };
            *cell += 1;
        }
        Ok(table)
    }

    /// Number of pairs.
    #[must_use]
    pub const fn pairs(&self) -> u64 {
        self.both + self.gained + self.lost + self.neither
    }

    /// The sides exchanged.
    #[must_use]
    pub const fn swapped(self) -> Self {
        Self {
            both: self.both,
            gained: self.lost,
            lost: self.gained,
            neither: self.neither,
        }
    }

    /// Variance of one pair's difference for planning: (gained + lost + 1)/(N + 2) - d^2, which never is zero for lack
    /// of flips. `None` without pairs.
    #[must_use]
    pub fn planning_variance(&self) -> Option<f64> {
        let n = self.pairs() as f64;
        let d = (self.gained as f64 - self.lost as f64) / n;
        (n > 0.0).then(|| (((self.gained + self.lost + 1) as f64) / (n + 2.0) - d * d).max(0.0))
    }

    /// Rate of the candidate less rate of the baseline with Newcombe's paired interval (Newcombe 1998, "Improved
    /// confidence intervals for the difference between binomial proportions based on paired data", method 10).
    ///
    /// Wilson intervals of both rates joined by the correlation phi of the table, with Newcombe's continuity
    /// correction; phi is 0 where a margin is empty. Assumes independent pairs. No discordant pair: a proper interval.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without pairs.
    pub fn difference(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        let n = self.pairs();
        if n == 0 {
            return Err(Undefined::NoCases);
        }
        let total = n as f64;
        let (both, gained, lost) = (self.both as f64, self.gained as f64, self.lost as f64);
        let (new, old) = ((both + gained) / total, (both + lost) / total);
        let z = normal_quantile(confidence.upper());
        let (new_low, new_high) = score_ends(new, total, z);
        let (old_low, old_high) = score_ends(old, total, z);
        let phi = self.phi();
        let d = (gained - lost) / total;
        let reach = |a: f64, b: f64| (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt();
        let low = d - reach(new - new_low, old_high - old);
        let high = d + reach(new_high - new, old - old_low);
        // Variance of the mean difference, as for any paired mean.
        let se = (((gained + lost) / total - d * d).max(0.0) / total).sqrt();
        let size = Size::cases(usize::try_from(n).unwrap_or(usize::MAX));
        Ok(Estimate::new(
            d,
            Ok(Interval::new(low, high)),
            confidence,
            size,
            Method::NewcombePaired,
        )
        .with_std_error(se))
    }

    /// Correlation of the two sides with Newcombe's continuity correction: n/2 is taken off a positive cross product,
    /// but not beyond zero.
    fn phi(&self) -> f64 {
        let (a, b, c, d) = (
            self.both as f64,
            self.gained as f64,
            self.lost as f64,
            self.neither as f64,
        );
        let margins = (a + b) * (c + d) * (a + c) * (b + d);
        if margins == 0.0 {
            return 0.0;
        }
        let cross = a * d - b * c;
        let corrected = if cross > 0.0 {
            (cross - self.pairs() as f64 / 2.0).max(0.0)
        } else {
            cross
        };
        corrected / margins.sqrt()
    }

    /// McNemar's exact test (McNemar 1947): the gained among the discordant pairs against a fair coin, twice the
    /// smaller tail. Assumes independent pairs. No discordant pair: p = 1.
    #[must_use]
    pub fn mcnemar_exact(&self) -> Test {
        let p = binomial_two_sided_half(self.gained, self.gained + self.lost);
        Test::new(TestMethod::McNemarExact, p).with_statistic(self.gained.min(self.lost) as f64)
    }

    /// McNemar's test with the mid-p value: the exact p less the probability of what was seen (Fagerland, Lydersen and
    /// Laake 2013). No discordant pair: p = 1.
    #[must_use]
    pub fn mcnemar_mid_p(&self) -> Test {
        let (smaller, n) = (self.gained.min(self.lost), self.gained + self.lost);
        let p = 2.0 * binomial_cdf(smaller as i64, n, 0.5) - binomial_pmf_half(smaller, n);
        Test::new(TestMethod::McNemarMidP, p).with_statistic(smaller as f64)
    }

    /// McNemar's chi-square test with Edwards' continuity correction: (|b - c| - 1)^2/(b + c), one degree of freedom;
    /// a difference below 1 counts as none. No discordant pair: p = 1.
    #[must_use]
    pub fn mcnemar_corrected(&self) -> Test {
        let discordant = self.gained + self.lost;
        if discordant == 0 {
            return Test::new(TestMethod::McNemarCorrected, 1.0)
                .with_statistic(0.0)
                .with_df(1.0);
        }
        let excess = self.gained.abs_diff(self.lost).saturating_sub(1) as f64;
        let statistic = excess * excess / discordant as f64;
        Test::new(TestMethod::McNemarCorrected, chi2_sf(statistic, 1.0))
            .with_statistic(statistic)
            .with_df(1.0)
    }
}

/// Wilson's ends of a rate.
fn score_ends(rate: f64, n: f64, z: f64) -> (f64, f64) {
    let interval = wilson_interval(rate, n, z);
    (interval.low.unwrap_or(0.0), interval.high.unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(both: u64, gained: u64, lost: u64, neither: u64) -> PairedTable {
        PairedTable {
            both,
            gained,
            lost,
            neither,
        }
    }

    fn shows(table: PairedTable, confidence: Confidence, low: f64, high: f64) {
        let estimate = table.difference(confidence).unwrap();
        assert!((estimate.low().unwrap() - low).abs() < 5e-7, "{estimate:?}");
        assert!(
            (estimate.high().unwrap() - high).abs() < 5e-7,
            "{estimate:?}"
        );
    }

    #[test]
    fn worked_example_mcnemar() {
        let example = table(24, 9, 2, 5);
        assert!((example.difference(Confidence::NINETY).unwrap().point - 0.175).abs() < 1e-15);
        assert!((example.mcnemar_exact().p - 0.065_430).abs() < 5e-7);
        shows(example, Confidence::NINETY_FIVE, 0.010_933, 0.329_917);
        shows(example, Confidence::NINETY, 0.037_528, 0.306_043);
    }

    #[test]
    fn worked_example_non_inferiority_intervals() {
        shows(
            table(170, 6, 3, 21),
            Confidence::NINETY,
            -0.012_076,
            0.043_163,
        );
        shows(
            table(166, 5, 9, 20),
            Confidence::NINETY,
            -0.053_517,
            0.012_521,
        );
        shows(
            table(150, 6, 26, 18),
            Confidence::NINETY,
            -0.147_038,
            -0.054_409,
        );
        shows(
            table(150, 6, 26, 18),
            Confidence::NINETY_FIVE,
            -0.156_432,
            -0.045_561,
        );
        assert!((table(150, 6, 26, 18).mcnemar_exact().p - 0.000_535).abs() < 5e-7);
    }

    #[test]
    fn the_published_example_of_fagerland_and_colleagues() {
        let estimate = table(1, 1, 7, 12)
            .difference(Confidence::NINETY_FIVE)
            .unwrap();
        assert!((estimate.low().unwrap() + 0.507).abs() < 5e-4);
        assert!((estimate.high().unwrap() + 0.026).abs() < 5e-4);
    }

    #[test]
    fn without_a_discordant_pair_p_is_one_and_the_interval_stands() {
        let same = table(10, 0, 0, 10);
        assert_eq!(same.mcnemar_exact().p, 1.0);
        assert_eq!(same.mcnemar_mid_p().p, 1.0);
        assert_eq!(same.mcnemar_corrected().p, 1.0);
        let estimate = same.difference(Confidence::NINETY).unwrap();
        assert!(estimate.low().unwrap() < 0.0 && estimate.high().unwrap() > 0.0);
        assert!(same.planning_variance().unwrap() > 0.0);
    }

    #[test]
    fn no_pairs_are_no_difference() {
        assert_eq!(
            table(0, 0, 0, 0).difference(Confidence::NINETY),
            Err(Undefined::NoCases)
        );
        assert_eq!(table(0, 0, 0, 0).planning_variance(), None);
    }

    #[test]
    fn pairs_are_counted_by_how_both_sides_ended() {
        let counted = PairedTable::of(&[1.0, 0.0, 1.0, 0.0, 0.0], &[1.0, 1.0, 0.0, 0.0, 1.0]);
        assert_eq!(counted, Ok(table(1, 2, 1, 1)));
        assert_eq!(PairedTable::of(&[0.5], &[1.0]), Err(Undefined::OutOfRange));
        assert_eq!(PairedTable::of(&[1.0], &[]), Err(Undefined::Mismatched));
    }
}
