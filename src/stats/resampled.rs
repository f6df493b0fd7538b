//! The figures that the bootstrap resamples: functions of sums, percentiles, and two sides of either.

use super::bootstrap::Statistic;
use super::estimate::Size;
use super::quantile::place;
use super::sample::Units;
use super::undefined::Undefined;

/// A smooth function of K sums over top units, such as a mean, a ratio or a correlation.
///
/// The function sees the weighted column sums and the weighted number of units.
pub struct Sums<const K: usize, F> {
    rows: Vec<[f64; K]>,
    size: Size,
    figure: F,
}

impl<const K: usize, F> Sums<K, F>
where
    F: Fn(&[f64; K], f64) -> Option<f64> + Sync,
{
    /// One row a top unit: what the unit adds to each sum.
    #[must_use]
    pub fn new(rows: Vec<[f64; K]>, mut size: Size, figure: F) -> Self {
        size.units = rows.len();
        Self { rows, size, figure }
    }

    fn totals(&self) -> [f64; K] {
        let mut sums = [0.0; K];
        for row in &self.rows {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
        sums
    }
}

impl<const K: usize, F> Statistic for Sums<K, F>
where
    F: Fn(&[f64; K], f64) -> Option<f64> + Sync,
{
    fn size(&self) -> Size {
        self.size
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        // Four sums side by side: one alone would wait for every addition before the next.
        let mut lanes = [[0.0; K]; 4];
        let mut units = 0_u64;
        for (rows, weights) in self.rows.chunks(4).zip(weights.chunks(4)) {
            for ((row, &weight), lane) in rows.iter().zip(weights).zip(&mut lanes) {
                units += u64::from(weight);
                for (sum, value) in lane.iter_mut().zip(row) {
                    *sum += f64::from(weight) * value;
                }
            }
        }
        let [mut sums, rest @ ..] = lanes;
        for lane in rest {
            for (sum, part) in sums.iter_mut().zip(lane) {
                *sum += part;
            }
        }
        (self.figure)(&sums, units as f64)
    }

    fn leave_one_out(&self) -> Vec<Option<f64>> {
        let totals = self.totals();
        let units = self.rows.len() as f64 - 1.0;
        self.rows
            .iter()
            .map(|row| {
                let mut sums = totals;
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum -= value;
                }
                (self.figure)(&sums, units)
            })
            .collect()
    }
}

/// As [`Sums`] for as many sums as the data ask for, such as one a class. The function sees the weighted sums.
pub(super) struct WideSums<F> {
    /// Unit after unit, `width` numbers each.
    rows: Vec<f64>,
    width: usize,
    size: Size,
    figure: F,
}

impl<F> WideSums<F>
where
    F: Fn(&[f64]) -> Option<f64> + Sync,
{
    /// Adds up the items' rows, `width` numbers each, by unit. Items and units must be parallel.
    pub(super) fn new(items: &[f64], width: usize, units: &Units, size: Size, figure: F) -> Self {
        let mut rows = vec![0.0; units.count() * width];
        for (item, &unit) in items.chunks(width).zip(units.of_cases()) {
            let place = unit as usize * width;
            for (sum, value) in rows[place..place + width].iter_mut().zip(item) {
                *sum += value;
            }
        }
        Self {
            rows,
            width,
            size,
            figure,
        }
    }
}

impl<F> Statistic for WideSums<F>
where
    F: Fn(&[f64]) -> Option<f64> + Sync,
{
    fn size(&self) -> Size {
        self.size
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let mut sums = vec![0.0; self.width];
        for (row, &weight) in self.rows.chunks(self.width).zip(weights) {
            if weight > 0 {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += f64::from(weight) * value;
                }
            }
        }
        (self.figure)(&sums)
    }
}

/// Row of each top unit: the sums of K case-parallel series within it.
///
/// # Errors
/// [`Undefined::Mismatched`] for series that are not parallel to the units; [`Undefined::NotFinite`].
pub fn unit_rows<const K: usize>(
    units: &Units,
    series: [&[f64]; K],
) -> Result<Vec<[f64; K]>, Undefined> {
    let mut rows = vec![[0.0; K]; units.count()];
    for (column, values) in series.iter().enumerate() {
        if values.len() != units.of_cases().len() {
            return Err(Undefined::Mismatched);
        }
        for (&unit, &value) in units.of_cases().iter().zip(*values) {
            if !value.is_finite() {
                return Err(Undefined::NotFinite);
            }
            rows[unit as usize][column] += value;
        }
    }
    Ok(rows)
}

/// A ratio of two sums over top units: cost per success, a normalised gain, a weighted mean.
///
/// # Errors
/// As [`unit_rows`].
pub fn ratio_of_sums(
    units: &Units,
    numerator: &[f64],
    denominator: &[f64],
    size: Size,
) -> Result<impl Statistic + use<>, Undefined> {
    let rows = unit_rows(units, [numerator, denominator])?;
    Ok(Sums::new(rows, size, |sums: &[f64; 2], _| {
        (sums[1] != 0.0).then(|| sums[0] / sums[1])
    }))
}

/// A percentile (type 7) over values that stand in top units: trials in their cases, or cases in their clusters.
pub struct Percentile {
    /// (value, unit), ascending by value.
    sorted: Vec<(f64, u32)>,
    q: f64,
    size: Size,
}

impl Percentile {
    /// The q-quantile of `values`, value i standing in unit `units[i]`. Infinite values (missing trials filled in) may
    /// occur; a resample that leans on one has no value. Both sides of a comparison must number the same units alike.
    ///
    /// # Errors
    /// [`Undefined::NoCases`], [`Undefined::NotFinite`] for NaN, [`Undefined::Mismatched`] for units that are not
    /// parallel, [`Undefined::OutOfRange`] for a unit not below the count or q outside 0..1.
    pub fn new(values: &[f64], units: &[u32], size: Size, q: f64) -> Result<Self, Undefined> {
        if values.len() != units.len() {
            return Err(Undefined::Mismatched);
        }
        if values.is_empty() {
            return Err(Undefined::NoCases);
        }
        if values.iter().any(|v| v.is_nan()) {
            return Err(Undefined::NotFinite);
        }
        if !(0.0..=1.0).contains(&q) || units.iter().any(|&unit| unit as usize >= size.units) {
            return Err(Undefined::OutOfRange);
        }
        let mut sorted: Vec<(f64, u32)> =
            values.iter().copied().zip(units.iter().copied()).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self { sorted, q, size })
    }
}

impl Statistic for Percentile {
    fn size(&self) -> Size {
        self.size
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let count = |&(_, unit): &(f64, u32)| weights[unit as usize] as usize;
        let n: usize = self.sorted.iter().map(count).sum();
        let place = place(n, self.q)?;
        // Walk the sorted values, each as often as its unit was drawn, to the two ranks that matter.
        let mut passed = 0;
        let mut below = None;
        for entry in &self.sorted {
            passed += count(entry);
            if below.is_none() && passed > place.below {
                below = Some(entry.0);
            }
            if passed > place.above {
                let below = below?;
                let value = if place.weight > 0.0 {
                    (entry.0 - below).mul_add(place.weight, below)
                } else {
                    below
                };
                return value.is_finite().then_some(value);
            }
        }
        None
    }
}

/// How two sides are set against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrast {
    /// candidate - baseline.
    Difference,
    /// candidate / baseline - 1, zero where nothing changed; no value for a baseline that is not positive.
    RelativeChange,
}

/// Two statistics over the same top units, drawn together and set against each other.
pub struct TwoSides<A, B> {
    baseline: A,
    candidate: B,
    contrast: Contrast,
}

impl<A: Statistic, B: Statistic> TwoSides<A, B> {
    /// Sets the candidate against the baseline.
    ///
    /// # Errors
    /// [`Undefined::Mismatched`] for sides that do not stand on equally many units.
    pub fn new(baseline: A, candidate: B, contrast: Contrast) -> Result<Self, Undefined> {
        if baseline.size().units != candidate.size().units {
            return Err(Undefined::Mismatched);
        }
        Ok(Self {
            baseline,
            candidate,
            contrast,
        })
    }

    fn set(&self, baseline: Option<f64>, candidate: Option<f64>) -> Option<f64> {
        let (old, new) = (baseline?, candidate?);
        match self.contrast {
            Contrast::Difference => Some(new - old),
            Contrast::RelativeChange => (old > 0.0).then(|| new / old - 1.0),
        }
    }
}

impl<A: Statistic, B: Statistic> Statistic for TwoSides<A, B> {
    fn size(&self) -> Size {
        let (old, new) = (self.baseline.size(), self.candidate.size());
        Size {
            cases: old.cases.min(new.cases),
            trials: old.trials + new.trials,
            units: old.units,
        }
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        self.set(
            self.baseline.weighted(weights),
            self.candidate.weighted(weights),
        )
    }

    fn leave_one_out(&self) -> Vec<Option<f64>> {
        let pairs = self
            .baseline
            .leave_one_out()
            .into_iter()
            .zip(self.candidate.leave_one_out());
        pairs.map(|(old, new)| self.set(old, new)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bootstrap::{Draws, Plan};
    use crate::stats::random::Seed;
    use crate::stats::{Confidence, quantile_of_sorted};

    #[test]
    fn a_sum_without_a_unit_equals_a_weight_of_zero() {
        let rows = vec![[1.0, 2.0], [3.0, 5.0], [0.5, 1.0]];
        let ratio = Sums::new(rows, Size::cases(3), |s: &[f64; 2], _| Some(s[0] / s[1]));
        let quick = ratio.leave_one_out();
        for (unit, value) in quick.iter().enumerate() {
            let mut weights = [1, 1, 1];
            weights[unit] = 0;
            assert!((value.unwrap() - ratio.weighted(&weights).unwrap()).abs() < 1e-15);
        }
    }

    #[test]
    fn a_weighted_percentile_equals_that_of_the_repeated_values() {
        let values = [5.0, 1.0, 4.0, 2.0, 8.0];
        let units = [0, 1, 1, 2, 3];
        let size = Size {
            cases: 4,
            trials: 5,
            units: 4,
        };
        for q in [0.0, 0.3, 0.5, 0.9, 1.0] {
            let statistic = Percentile::new(&values, &units, size, q).unwrap();
            let mut repeated = vec![5.0, 5.0, 2.0, 8.0, 8.0, 8.0];
            repeated.sort_unstable_by(f64::total_cmp);
            let got = statistic.weighted(&[2, 0, 1, 3]).unwrap();
            assert!((got - quantile_of_sorted(&repeated, q).unwrap()).abs() < 1e-12);
        }
        let nothing = Percentile::new(&values, &units, size, 0.5).unwrap();
        assert_eq!(nothing.weighted(&[0, 0, 0, 0]), None);
    }

    #[test]
    fn a_percentile_on_a_filled_in_value_has_no_value() {
        let values = [1.0, f64::INFINITY];
        let size = Size::cases(2);
        let high = Percentile::new(&values, &[0, 1], size, 0.9).unwrap();
        assert_eq!(high.point(), None);
        assert_eq!(
            Percentile::new(&values, &[0, 2], size, 0.9).err(),
            Some(Undefined::OutOfRange)
        );
        assert_eq!(
            Percentile::new(&values, &[0], size, 0.9).err(),
            Some(Undefined::Mismatched)
        );
    }

    #[test]
    fn equal_sides_differ_by_nothing() {
        let values: Vec<f64> = (0..40).map(|i| f64::from(i % 13) + 1.0).collect();
        let units: Vec<u32> = (0..40).collect();
        let side = || Percentile::new(&values, &units, Size::cases(40), 0.5).unwrap();
        for contrast in [Contrast::Difference, Contrast::RelativeChange] {
            let both = TwoSides::new(side(), side(), contrast).unwrap();
            let draws = Draws::of(&both, &Plan::new(Seed::derive(1, &[]))).unwrap();
            assert_eq!((draws.point(), draws.test().p), (0.0, 1.0));
            assert_eq!(
                draws.percentile(Confidence::NINETY).interval,
                Err(Undefined::NoVariation)
            );
        }
    }

    #[test]
    fn swapping_the_sides_flips_the_sign() {
        let old: Vec<f64> = (0..40).map(|i| f64::from(i % 13)).collect();
        let new: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 17)).collect();
        let units = Units::singles(40);
        let one = vec![1.0; 40];
        let side = |values: &[f64]| ratio_of_sums(&units, values, &one, Size::cases(40)).unwrap();
        let plan = Plan::new(Seed::derive(1, &[]));
        let ahead = TwoSides::new(side(&old), side(&new), Contrast::Difference).unwrap();
        let behind = TwoSides::new(side(&new), side(&old), Contrast::Difference).unwrap();
        let (a, b) = (
            Draws::of(&ahead, &plan).unwrap(),
            Draws::of(&behind, &plan).unwrap(),
        );
        assert_eq!(a.point(), -b.point());
        assert_eq!(a.test().p, b.test().p);
        let (a, b) = (
            a.percentile(Confidence::NINETY_FIVE),
            b.percentile(Confidence::NINETY_FIVE),
        );
        assert!((a.low().unwrap() + b.high().unwrap()).abs() < 1e-12);
    }
}
