//! Functions of sums over top units: means, ratios, correlations, tables.

use crate::stats::alike::{Beyond, Reduced};
use crate::stats::bootstrap::Statistic;
use crate::stats::estimate::Size;
use crate::stats::sample::Units;
use crate::stats::undefined::Undefined;

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
pub(in crate::stats) struct WideSums<F> {
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
    pub(in crate::stats) fn new(
        items: &[f64],
        width: usize,
        units: &Units,
        size: Size,
        figure: F,
    ) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
