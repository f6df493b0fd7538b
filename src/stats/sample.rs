//! Numbers grouped into cases and clusters, and the moments that every interval of a mean starts from.

use super::distribution::t_quantile;
use super::estimate::{Confidence, Estimate, Flag, Interval, Method, Size};
use super::undefined::Undefined;

/// Fewest top units at which repeated or clustered data get an interval.
pub const MIN_UNITS: usize = 5;
/// Top units below which a clustered interval is flagged.
pub const FEW_UNITS: usize = 20;

/// One value per case, borrowed, with what is known of repeats and clusters.
///
/// `values[i]` is the mean over the scored trials of case i (or a paired difference, or a trial's latency). `groups[i]`
/// is the cluster of case i, any number; without groups every case is its own top unit.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    values: &'a [f64],
    trials: usize,
    groups: Option<&'a [u32]>,
}

impl<'a> Sample<'a> {
    /// Cases of one trial each, not clustered.
    #[must_use]
    pub const fn new(values: &'a [f64]) -> Self {
        Self {
            values,
            trials: values.len(),
            groups: None,
        }
    }

    /// The same with the count of scored trials over all cases; more trials than cases makes it a sample with repeats.
    #[must_use]
    pub const fn with_trials(mut self, trials: usize) -> Self {
        self.trials = trials;
        self
    }

    /// The same with the cluster of every case.
    #[must_use]
    pub const fn with_groups(mut self, groups: &'a [u32]) -> Self {
        self.groups = Some(groups);
        self
    }

    /// The values.
    #[must_use]
    pub const fn values(&self) -> &'a [f64] {
        self.values
    }

    /// The clusters, where there are such.
    #[must_use]
    pub const fn groups(&self) -> Option<&'a [u32]> {
        self.groups
    }

    /// Scored trials over all cases.
    #[must_use]
    pub const fn trials(&self) -> usize {
        self.trials
    }

    /// Whether trials share a top unit: repeats or clusters.
    #[must_use]
    pub const fn is_grouped(&self) -> bool {
        self.groups.is_some() || self.trials > self.values.len()
    }

    /// Which top unit every case belongs to, numbered from 0 in order of first appearance.
    ///
    /// # Errors
    /// [`Undefined::Mismatched`] if the groups are not as many as the values.
    pub fn units(&self) -> Result<Units, Undefined> {
        match self.groups {
            None => Ok(Units::singles(self.values.len())),
            Some(groups) if groups.len() == self.values.len() => Ok(Units::of(groups)),
            Some(_) => Err(Undefined::Mismatched),
        }
    }

    /// Mean, spread and sizes.
    ///
    /// mean = (1/N) sum y_i; u_g = sum over the cases of unit g of (y_i - mean); SE = sqrt(G/(G-1) sum u_g^2) / N is
    /// the cluster-robust standard error with the small-sample factor (CR1: Liang and Zeger 1986; MacKinnon and White
    /// 1985), which without clusters is sd/sqrt(N). CR0 leaves the factor out (as Miller, "Adding Error Bars to Evals",
    /// 2024).
    ///
    /// # Errors
    /// [`Undefined::NoCases`], [`Undefined::NotFinite`], [`Undefined::Mismatched`].
    pub fn moments(&self) -> Result<Moments, Undefined> {
        let n = self.values.len();
        if n == 0 {
            return Err(Undefined::NoCases);
        }
        if self.trials < n || self.groups.is_some_and(|groups| groups.len() != n) {
            return Err(Undefined::Mismatched);
        }
        let (mut low, mut high, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        for &value in self.values {
            if !value.is_finite() {
                return Err(Undefined::NotFinite);
            }
            low = low.min(value);
            high = high.max(value);
            sum += value;
        }
        if !sum.is_finite() {
            return Err(Undefined::NotFinite);
        }
        let magnitude = low.abs().max(high.abs());
        // A mean of sums may leave its values' range by rounding; intervals must hold their point, so it may not.
        let mean = (sum / n as f64).clamp(low, high);
        let (units, squares) = match self.groups {
            None => (
                n,
                self.values.iter().map(|y| (y - mean).powi(2)).sum::<f64>(),
            ),
            Some(_) => {
                let units = self.units()?;
                let sums = units.sums(self.values.iter().map(|y| y - mean));
                (units.count(), sums.iter().map(|u| u * u).sum())
            }
        };
        if !squares.is_finite() {
            return Err(Undefined::NotFinite);
        }
        let mut cr0 = squares.sqrt() / n as f64;
        // What is left of values that differ by rounding alone is no spread.
        if high - low <= 1e-13 * magnitude || cr0 <= 1e-15 * magnitude {
            cr0 = 0.0;
        }
        Ok(Moments {
            size: Size {
                cases: n,
                trials: self.trials,
                units,
            },
            grouped: self.is_grouped(),
            mean,
            low,
            high,
            cr0,
        })
    }
}

/// Mean, spread and sizes of a [`Sample`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Cases, trials and top units.
    pub size: Size,
    /// Whether trials share a top unit.
    pub grouped: bool,
    /// Mean of the case values.
    pub mean: f64,
    /// Smallest case value.
    pub low: f64,
    /// Largest case value.
    pub high: f64,
    /// Standard error without small-sample factor.
    pub cr0: f64,
}

impl Moments {
    /// Standard error with the factor sqrt(G/(G-1)); `None` for a single top unit.
    #[must_use]
    pub fn cr1(&self) -> Option<f64> {
        let units = self.size.units as f64;
        (self.size.units > 1).then(|| self.cr0 * (units / (units - 1.0)).sqrt())
    }

    /// Degrees of freedom, G - 1.
    #[must_use]
    pub fn df(&self) -> f64 {
        self.size.units as f64 - 1.0
    }

    /// The quantile t((1 + conf)/2, G - 1).
    #[must_use]
    pub(crate) fn t(&self, confidence: Confidence) -> f64 {
        t_quantile(confidence.upper(), self.df())
    }

    /// Refuses an interval where repeats or clusters leave fewer than [`MIN_UNITS`] top units.
    pub(crate) fn enough_units(&self) -> Result<(), Undefined> {
        if self.grouped && self.size.units < MIN_UNITS {
            return Err(Undefined::FewUnits {
                have: self.size.units,
                need: MIN_UNITS,
            });
        }
        Ok(())
    }

    /// Whether the flag `few-clusters` is due.
    pub(crate) fn few_clusters(&self) -> bool {
        self.grouped && (MIN_UNITS..FEW_UNITS).contains(&self.size.units)
    }

    /// An estimate of these moments' size, flagged where clusters are few.
    pub(crate) fn estimate(
        &self,
        point: f64,
        interval: Result<Interval, Undefined>,
        confidence: Confidence,
        method: Method,
    ) -> Estimate {
        Estimate::new(point, interval, confidence, self.size, method)
            .flag_if(self.few_clusters(), Flag::FewClusters)
    }
}

/// The top unit of every case, numbered from 0 without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    of: Vec<u32>,
    count: usize,
}

impl Units {
    /// Every case its own unit. Cases beyond `u32::MAX` are beyond what a run can hold.
    #[must_use]
    pub fn singles(cases: usize) -> Self {
        Self {
            of: (0..cases).map(|case| case as u32).collect(),
            count: cases,
        }
    }

    /// Numbers arbitrary group ids from 0 in order of first appearance.
    #[must_use]
    pub fn of(groups: &[u32]) -> Self {
        let mut ids = groups.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut number = vec![u32::MAX; ids.len()];
        let mut count = 0_u32;
        let of = groups
            .iter()
            .map(|id| {
                let place = ids.partition_point(|other| other < id);
                if number[place] == u32::MAX {
                    number[place] = count;
                    count += 1;
                }
                number[place]
            })
            .collect();
        Self {
            of,
            count: ids.len(),
        }
    }

    /// How many top units there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The unit of every case, parallel to the cases.
    #[must_use]
    pub fn of_cases(&self) -> &[u32] {
        &self.of
    }

    /// Sum of a case-parallel series within each unit.
    #[must_use]
    pub fn sums(&self, values: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sums = vec![0.0; self.count];
        for (&unit, value) in self.of.iter().zip(values) {
            sums[unit as usize] += value;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_numbered_by_first_appearance() {
        let units = Units::of(&[70, 9, 70, 4_000_000_000, 9]);
        assert_eq!(units.of_cases(), [0, 1, 0, 2, 1]);
        assert_eq!(units.count(), 3);
        assert_eq!(
            units.sums([1.0, 2.0, 3.0, 4.0, 5.0].into_iter()),
            [4.0, 7.0, 4.0]
        );
    }

    #[test]
    fn clusters_of_one_leave_the_standard_error_unchanged() {
        let values = [0.2, 0.9, 0.4, 0.4, 0.1];
        let plain = Sample::new(&values).moments().unwrap();
        let single = Sample::new(&values)
            .with_groups(&[5, 4, 3, 2, 1])
            .moments()
            .unwrap();
        assert_eq!(plain.cr1(), single.cr1());
        let sd = (values.iter().map(|v| (v - 0.4_f64).powi(2)).sum::<f64>() / 4.0).sqrt();
        assert!((plain.cr1().unwrap() - sd / 5.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn values_alike_up_to_rounding_have_no_spread() {
        let values = [0.3 - 0.2, 0.4 - 0.3, 0.1];
        assert_ne!(values[0], values[1]);
        assert_eq!(Sample::new(&values).moments().unwrap().cr0, 0.0);
    }

    #[test]
    fn what_cannot_be_a_sample_says_why() {
        assert_eq!(Sample::new(&[]).moments(), Err(Undefined::NoCases));
        assert_eq!(
            Sample::new(&[1.0, f64::NAN]).moments(),
            Err(Undefined::NotFinite)
        );
        assert_eq!(
            Sample::new(&[f64::MAX, f64::MAX]).moments(),
            Err(Undefined::NotFinite)
        );
        assert_eq!(
            Sample::new(&[1e300, 0.0]).moments(),
            Err(Undefined::NotFinite),
            "its square is beyond all numbers"
        );
        let short = Sample::new(&[1.0, 2.0]).with_groups(&[1]);
        assert_eq!(short.moments(), Err(Undefined::Mismatched));
        assert_eq!(short.units(), Err(Undefined::Mismatched));
        assert_eq!(
            Sample::new(&[1.0, 2.0]).with_trials(1).moments(),
            Err(Undefined::Mismatched)
        );
    }
}
