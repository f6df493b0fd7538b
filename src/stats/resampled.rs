//! The figures that the bootstrap resamples: functions of sums, percentiles, and two sides of either.

use std::ops::Range;

use super::alike::{Beyond, Reduced, joined};
use super::bootstrap::Statistic;
use super::estimate::Size;
use super::quantile::{Place, place};
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
        let (sums, units) = weighted_sums(&self.rows, weights);
        (self.figure)(&sums, units)
    }

    /// Equal rows add the same.
    fn likeness(&self) -> Option<Vec<u64>> {
        let bits = |unit: &u32| self.rows[*unit as usize].map(f64::to_bits);
        let mut order: Vec<u32> = (0..self.rows.len() as u32).collect();
        order.sort_unstable_by_key(bits);
        let mut keys = vec![0; self.rows.len()];
        for (number, group) in order.chunk_by(|a, b| bits(a) == bits(b)).enumerate() {
            for unit in group {
                keys[*unit as usize] = number as u64;
            }
        }
        Some(keys)
    }

    fn reduced(&self, representatives: &[u32]) -> Option<Box<dyn Reduced + '_>> {
        let rows: Vec<[f64; K]> = representatives
            .iter()
            .map(|unit| self.rows[*unit as usize])
            .collect();
        Some(Box::new(ReducedSums {
            rows: InFours::of(&rows),
            figure: &self.figure,
        }))
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

/// [`Sums`] on one row of each kind.
struct ReducedSums<'a, const K: usize, F> {
    rows: InFours<K>,
    figure: &'a F,
}

/// Rows laid out four by four, column by column: a processor adds several numbers of a column at once.
struct InFours<const K: usize> {
    fours: Vec<[[f64; 4]; K]>,
    last: Vec<[f64; K]>,
}

impl<const K: usize> InFours<K> {
    fn of(rows: &[[f64; K]]) -> Self {
        let (fours, last) = rows.as_chunks::<4>();
        Self {
            fours: fours
                .iter()
                .map(|rows| std::array::from_fn(|column| rows.map(|row| row[column])))
                .collect(),
            last: last.to_vec(),
        }
    }

    /// As [`weighted_sums`], to the bit: every sum is added up in the same order. The weights' own sum must fit into 32 bits.
    fn weighted_sums(&self, weights: &[u32]) -> ([f64; K], f64) {
        let mut totals = Totals::new();
        let (fours, last) = weights.as_chunks::<4>();
        totals.add(&self.fours, fours);
        totals.end(&self.last, last)
    }

    /// The same for several resamples. Rows are taken a few at a time through all of them: there are too many to stay at hand from one
    /// resample to the next.
    fn weighted_sums_each(&self, resamples: &[Vec<u32>]) -> Vec<([f64; K], f64)> {
        let mut totals = vec![Totals::new(); resamples.len()];
        for (number, rows) in self.fours.chunks(TILE).enumerate() {
            for (totals, weights) in totals.iter_mut().zip(resamples) {
                let weights = weights.as_chunks::<4>().0;
                totals.add(rows, weights.get(number * TILE..).unwrap_or_default());
            }
        }
        let ends = totals.into_iter().zip(resamples);
        ends.map(|(totals, weights)| totals.end(&self.last, weights.as_chunks::<4>().1))
            .collect()
    }
}

/// Rows that are taken through several resamples together, in fours: few enough for a processor's nearest memory.
const TILE: usize = 128;

/// Sums as they grow: four a column side by side, since one alone would wait for every addition before the next.
#[derive(Clone)]
struct Totals<const K: usize> {
    lanes: [[f64; 4]; K],
    units: [u32; 4],
}

impl<const K: usize> Totals<K> {
    fn new() -> Self {
        Self {
            lanes: [[0.0; 4]; K],
            units: [0; 4],
        }
    }

    #[inline]
    fn add(&mut self, rows: &[[[f64; 4]; K]], weights: &[[u32; 4]]) {
        let Self {
            mut lanes,
            mut units,
        } = *self;
        for (rows, weights) in rows.iter().zip(weights) {
            for (units, weight) in units.iter_mut().zip(weights) {
                *units = units.wrapping_add(*weight);
            }
            // Processors turn signed numbers into floating ones several times as fast.
            let weights = weights.map(|weight| f64::from(weight.cast_signed()));
            for (lanes, column) in lanes.iter_mut().zip(rows) {
                for lane in 0..4 {
                    lanes[lane] += weights[lane] * column[lane];
                }
            }
        }
        *self = Self { lanes, units };
    }

    fn end(mut self, rows: &[[f64; K]], weights: &[u32]) -> ([f64; K], f64) {
        for (lane, (row, &weight)) in rows.iter().zip(weights).enumerate() {
            self.units[lane] = self.units[lane].wrapping_add(weight);
            for (lanes, value) in self.lanes.iter_mut().zip(row) {
                lanes[lane] += f64::from(weight.cast_signed()) * value;
            }
        }
        let units: u64 = self.units.map(u64::from).iter().sum();
        let sum = |[first, rest @ ..]: [f64; 4]| rest.iter().fold(first, |sum, part| sum + part);
        (self.lanes.map(sum), units as f64)
    }
}

impl<const K: usize, F> Reduced for ReducedSums<'_, K, F>
where
    F: Fn(&[f64; K], f64) -> Option<f64> + Sync,
{
    fn weighted(&self, weights: &[u32]) -> Result<Option<f64>, Beyond> {
        let (sums, units) = self.rows.weighted_sums(weights);
        Ok((self.figure)(&sums, units))
    }

    fn weighted_each(&self, resamples: &[Vec<u32>]) -> Vec<Result<Option<f64>, Beyond>> {
        let each = self.rows.weighted_sums_each(resamples).into_iter();
        each.map(|(sums, units)| Ok((self.figure)(&sums, units)))
            .collect()
    }
}

/// The column sums, row i taken `weights[i]` times, and the sum of the weights.
fn weighted_sums<const K: usize>(rows: &[[f64; K]], weights: &[u32]) -> ([f64; K], f64) {
    // Four sums side by side: one alone would wait for every addition before the next.
    let mut lanes = [[0.0; K]; 4];
    let (fours, last) = rows.as_chunks::<4>();
    let (weights_of_fours, weights_of_last) = weights.as_chunks::<4>();
    for (rows, weights) in fours.iter().zip(weights_of_fours) {
        for lane in 0..4 {
            add(&mut lanes[lane], &rows[lane], weights[lane]);
        }
    }
    for ((row, &weight), lane) in last.iter().zip(weights_of_last).zip(&mut lanes) {
        add(lane, row, weight);
    }
    let units: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    let [mut sums, rest @ ..] = lanes;
    for lane in rest {
        for (sum, part) in sums.iter_mut().zip(lane) {
            *sum += part;
        }
    }
    (sums, units as f64)
}

#[inline]
fn add<const K: usize>(sums: &mut [f64; K], row: &[f64; K], weight: u32) {
    // Processors turn signed numbers into floating ones several times as fast.
    let weight = f64::from(weight.cast_signed());
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += weight * value;
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
        let place = place(self.sorted.iter().map(count).sum(), self.q)?;
        walk(&self.sorted, 0, &place, weights).flatten()
    }

    /// Units without a value near the percentile count only by how many of their values lie below it.
    fn likeness(&self) -> Option<Vec<u64>> {
        let near = self.near();
        let mut keys = vec![0_u64; self.size.units];
        for (at, (_, unit)) in self.sorted.iter().enumerate() {
            let key = &mut keys[*unit as usize];
            if near.contains(&at) {
                *key |= TOLD_APART | u64::from(*unit);
            } else if *key & TOLD_APART == 0 {
                *key += if at < near.start { BELOW } else { 1 };
            }
        }
        for (unit, key) in keys.iter_mut().enumerate() {
            if *key & TOLD_APART != 0 {
                *key = TOLD_APART | unit as u64;
            }
        }
        Some(keys)
    }

    fn reduced(&self, representatives: &[u32]) -> Option<Box<dyn Reduced + '_>> {
        let near = self.near();
        let mut group_of = vec![NONE; self.size.units];
        for (group, unit) in representatives.iter().enumerate() {
            group_of[*unit as usize] = group as u32;
        }
        let mut reduced = ReducedPercentile {
            values: vec![(0, 0); representatives.len()],
            near: Vec::with_capacity(near.len()),
            q: self.q,
        };
        for (at, (value, unit)) in self.sorted.iter().enumerate() {
            let group = group_of[*unit as usize];
            if group == NONE {
                continue;
            }
            let (below, all) = &mut reduced.values[group as usize];
            *all += 1;
            *below += u32::from(at < near.start);
            if near.contains(&at) {
                reduced.near.push((*value, group));
            }
        }
        Some(Box::new(reduced))
    }
}

/// Stands for no group.
const NONE: u32 = u32::MAX;
/// Marks the key of a unit that is alike to no other.
const TOLD_APART: u64 = 1 << 63;
/// One value below, in a key.
const BELOW: u64 = 1 << 32;
/// How far from the percentile values are told apart, in standard deviations of the rank on which a resample's percentile falls. One
/// resample in some millions falls outside, and costs what all cost without this.
const REACH: f64 = 5.0;

impl Percentile {
    /// The values near the percentile: on one of them the percentile of nearly every resample falls.
    fn near(&self) -> Range<usize> {
        let len = self.sorted.len();
        let Some(place) = place(len, self.q) else {
            return 0..len;
        };
        // What each unit adds to "values up to the percentile, less q times all values".
        let mut excess = vec![0.0; self.size.units];
        let mut values = vec![0_u32; self.size.units];
        for (at, (_, unit)) in self.sorted.iter().enumerate() {
            let up_to = f64::from(u8::from(at <= place.below));
            excess[*unit as usize] += up_to - self.q;
            values[*unit as usize] += 1;
        }
        let spread = excess.iter().map(|x| x * x).sum::<f64>().sqrt();
        let most = values.into_iter().max().unwrap_or(1) as usize;
        let reach = (REACH * spread) as usize + 8 * most;
        place.below.saturating_sub(reach)..(place.above + reach + 1).min(len)
    }
}

/// A percentile of which only the values near it are looked at one by one.
struct ReducedPercentile {
    /// Of each group: values below the near ones, and all.
    values: Vec<(u32, u32)>,
    /// (value, group), ascending by value.
    near: Vec<(f64, u32)>,
    q: f64,
}

impl Reduced for ReducedPercentile {
    fn weighted(&self, weights: &[u32]) -> Result<Option<f64>, Beyond> {
        let (mut below, mut all) = (0, 0);
        for ((of_below, of_all), &weight) in self.values.iter().zip(weights) {
            below += u64::from(*of_below) * u64::from(weight);
            all += u64::from(*of_all) * u64::from(weight);
        }
        let Some(place) = place(all as usize, self.q) else {
            return Ok(None);
        };
        walk(&self.near, below as usize, &place, weights).ok_or(Beyond)
    }
}

/// Walks sorted values, each as often as its unit was drawn, to the two ranks that matter, with `passed` values below the first.
/// `None` where a rank is not among them; within, `None` where the percentile is not finite.
fn walk(
    sorted: &[(f64, u32)],
    mut passed: usize,
    place: &Place,
    weights: &[u32],
) -> Option<Option<f64>> {
    if passed > place.below {
        return None;
    }
    let mut below = None;
    for (value, unit) in sorted {
        passed += weights[*unit as usize] as usize;
        if passed <= place.below {
            continue;
        }
        let below = *below.get_or_insert(*value);
        if passed > place.above {
            let value = if place.weight > 0.0 {
                (*value - below).mul_add(place.weight, below)
            } else {
                below
            };
            return Some(value.is_finite().then_some(value));
        }
    }
    None
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
        self.contrast.of(baseline?, candidate?)
    }
}

impl Contrast {
    fn of(self, old: f64, new: f64) -> Option<f64> {
        match self {
            Self::Difference => Some(new - old),
            Self::RelativeChange => (old > 0.0).then(|| new / old - 1.0),
        }
    }
}

/// Two reduced statistics, over the same groups.
struct ReducedSides<'a> {
    baseline: Box<dyn Reduced + 'a>,
    candidate: Box<dyn Reduced + 'a>,
    contrast: Contrast,
}

impl ReducedSides<'_> {
    fn set(
        &self,
        old: Result<Option<f64>, Beyond>,
        new: Result<Option<f64>, Beyond>,
    ) -> Result<Option<f64>, Beyond> {
        let both = old?.zip(new?);
        Ok(both.and_then(|(old, new)| self.contrast.of(old, new)))
    }
}

impl Reduced for ReducedSides<'_> {
    fn weighted(&self, weights: &[u32]) -> Result<Option<f64>, Beyond> {
        self.set(
            self.baseline.weighted(weights),
            self.candidate.weighted(weights),
        )
    }

    fn weighted_each(&self, resamples: &[Vec<u32>]) -> Vec<Result<Option<f64>, Beyond>> {
        let old = self.baseline.weighted_each(resamples);
        let both = old.into_iter().zip(self.candidate.weighted_each(resamples));
        both.map(|(old, new)| self.set(old, new)).collect()
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

    /// Alike on both sides.
    fn likeness(&self) -> Option<Vec<u64>> {
        joined(&self.baseline.likeness()?, &self.candidate.likeness()?)
    }

    fn reduced(&self, representatives: &[u32]) -> Option<Box<dyn Reduced + '_>> {
        Some(Box::new(ReducedSides {
            baseline: self.baseline.reduced(representatives)?,
            candidate: self.candidate.reduced(representatives)?,
            contrast: self.contrast,
        }))
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
    fn sums_four_by_four_are_the_same_to_the_bit() {
        for units in [0, 1, 3, 4, 5, 1_003] {
            let rows: Vec<[f64; 2]> = (0..units)
                .map(|unit| [1.0 / f64::from(unit + 3), f64::from(unit % 7).sqrt()])
                .collect();
            let weights: Vec<u32> = (0..units).map(|unit| unit * 7 % 5).collect();
            let in_fours = InFours::of(&rows).weighted_sums(&weights);
            assert_eq!(in_fours, weighted_sums(&rows, &weights), "{units}");
            let others: Vec<u32> = (0..units).map(|unit| unit * 3 % 7).collect();
            let each = [weights, others];
            assert_eq!(
                InFours::of(&rows).weighted_sums_each(&each),
                each.map(|weights| weighted_sums(&rows, &weights)),
                "{units}"
            );
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

    /// A statistic whose units are never drawn together.
    struct OneByOne<S>(S);

    impl<S: Statistic> Statistic for OneByOne<S> {
        fn size(&self) -> Size {
            self.0.size()
        }
        fn weighted(&self, weights: &[u32]) -> Option<f64> {
            self.0.weighted(weights)
        }
    }

    #[test]
    fn drawing_units_together_gives_the_same_distribution() {
        // 1,200 units of up to three values on either side, some without any.
        let side = |salt: usize| {
            let (mut values, mut units) = (Vec::new(), Vec::new());
            for unit in 0..1_200_u32 {
                for repeat in 0..(unit as usize + salt) % 4 {
                    let mixed = (unit as usize * 7_919 + repeat * 104_729 + salt * 31) % 1_009;
                    values.push(mixed as f64 + f64::from(unit % 50));
                    units.push(unit);
                }
            }
            let size = Size {
                cases: 1_200,
                trials: values.len(),
                units: 1_200,
            };
            (values, units, size)
        };
        let percentile = |salt: usize, q: f64| {
            let (values, units, size) = side(salt);
            Percentile::new(&values, &units, size, q).unwrap()
        };
        let plan = Plan {
            resamples: 4_000,
            ..Plan::new(Seed::derive(1, &[]))
        };
        for q in [0.5, 0.95] {
            let both =
                || TwoSides::new(percentile(0, q), percentile(5, q), Contrast::Difference).unwrap();
            assert!(both().likeness().is_some());
            let together = Draws::of(&both(), &plan).unwrap();
            let alone = Draws::of(&OneByOne(both()), &plan).unwrap();
            assert_eq!(together.point(), alone.point());
            let together = together.percentile(Confidence::NINETY_FIVE);
            let alone = alone.percentile(Confidence::NINETY_FIVE);
            let (one, other) = (together.std_error.unwrap(), alone.std_error.unwrap());
            assert!((one / other - 1.0).abs() < 0.05, "{q}: {one} {other}");
            for (one, other) in [
                (together.low(), alone.low()),
                (together.high(), alone.high()),
            ] {
                let apart = (one.unwrap() - other.unwrap()).abs();
                assert!(
                    apart < 0.25 * alone.std_error.unwrap(),
                    "{q}: {one:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn a_resample_outside_the_stretch_told_apart_is_noticed() {
        let values: Vec<f64> = (0..2_000).map(f64::from).collect();
        let units: Vec<u32> = (0..2_000).collect();
        let median = Percentile::new(&values, &units, Size::cases(2_000), 0.5).unwrap();
        let keys = median.likeness().unwrap();
        assert_eq!(keys[0], keys[1]);
        assert_ne!(keys[999], keys[1_000]);
        assert_ne!(keys[0], keys[1_999]);
        let reduced = median.reduced(&[0, 999, 1_000, 1_999]).unwrap();
        assert_eq!(reduced.weighted(&[999, 1, 1, 999]), Ok(Some(999.5)));
        assert_eq!(reduced.weighted(&[1_500, 1, 1, 498]), Err(Beyond));
        assert_eq!(reduced.weighted(&[0, 0, 0, 0]), Ok(None));
    }

    #[test]
    fn equal_rows_are_drawn_together() {
        let rows: Vec<[f64; 2]> = (0..1_000)
            .map(|unit| [0.25, f64::from(u8::from(unit % 5 > 0))])
            .collect();
        let ratio = || {
            Sums::new(rows.clone(), Size::cases(1_000), |sums: &[f64; 2], _| {
                Some(sums[0] / sums[1])
            })
        };
        let plan = Plan::new(Seed::derive(1, &[]));
        let together = Draws::of(&ratio(), &plan)
            .unwrap()
            .percentile(Confidence::NINETY_FIVE);
        let alone = Draws::of(&OneByOne(ratio()), &plan)
            .unwrap()
            .percentile(Confidence::NINETY_FIVE);
        let (one, other) = (together.std_error.unwrap(), alone.std_error.unwrap());
        assert!((one / other - 1.0).abs() < 0.05, "{one} {other}");
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
