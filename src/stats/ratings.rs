//! Any number of annotators, with gaps: Krippendorff's alpha, Gwet's coefficients, Fleiss' kappa.

use super::bootstrap::Statistic;
use super::confusion::Confusion;
use super::estimate::Size;
use super::kappa::{Weights, beyond_chance};
use super::ranks::mid_rank_of_counts;
use super::sample::Units;
use super::undefined::Undefined;

/// Labels of many annotators: one row an item, one cell an annotator, `None` where there is no label.
///
/// Labels are numbers from 0 in the order of the declared scale or class list.
#[derive(Clone, Copy, Debug)]
pub struct Ratings<'a> {
    cells: &'a [Option<u32>],
    annotators: usize,
    classes: usize,
}

/// Distance of two labels in [`Ratings::alpha`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level<'v> {
    /// Same or different.
    Nominal,
    /// The number of labels between them, by their frequencies.
    Ordinal,
    /// The squared difference of the values of the classes, in class order.
    Interval(&'v [f64]),
}

impl<'a> Ratings<'a> {
    /// Cells row by row.
    ///
    /// # Errors
    /// [`Undefined::Mismatched`] for cells that do not fill rows; [`Undefined::OutOfRange`] for a label that is not below
    /// `classes`.
    pub fn new(
        cells: &'a [Option<u32>],
        annotators: usize,
        classes: usize,
    ) -> Result<Self, Undefined> {
        if annotators == 0 || !cells.len().is_multiple_of(annotators) {
            return Err(Undefined::Mismatched);
        }
        if cells
            .iter()
            .flatten()
            .any(|&label| label as usize >= classes)
        {
            return Err(Undefined::OutOfRange);
        }
        Ok(Self {
            cells,
            annotators,
            classes,
        })
    }

    /// Rows.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.cells.len() / self.annotators
    }

    /// Columns.
    #[must_use]
    pub const fn annotators(&self) -> usize {
        self.annotators
    }

    /// Number of classes.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Labels of one item, annotator by annotator.
    ///
    /// # Panics
    /// Never for an item below [`Ratings::items`].
    #[must_use]
    pub fn item(&self, item: usize) -> &'a [Option<u32>] {
        &self.cells[item * self.annotators..(item + 1) * self.annotators]
    }

    /// Labels there are.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.cells.iter().flatten().count()
    }

    /// Items of at least two labels, the only ones that agreement can be seen on.
    #[must_use]
    pub fn pairable_items(&self) -> usize {
        self.rows()
            .filter(|row| row.iter().flatten().count() >= 2)
            .count()
    }

    /// Items that every annotator labelled.
    #[must_use]
    pub fn complete_items(&self) -> usize {
        self.rows()
            .filter(|row| row.iter().all(Option::is_some))
            .count()
    }

    fn rows(&self) -> std::slice::Chunks<'a, Option<u32>> {
        self.cells.chunks(self.annotators)
    }

    /// Table of two annotators over the items that both labelled.
    ///
    /// # Errors
    /// [`Undefined::OutOfRange`] for an annotator that does not exist.
    pub fn pair(&self, first: usize, second: usize) -> Result<Confusion, Undefined> {
        if first >= self.annotators || second >= self.annotators {
            return Err(Undefined::OutOfRange);
        }
        let (a, b): (Vec<u32>, Vec<u32>) = self
            .rows()
            .filter_map(|row| row[first].zip(row[second]))
            .unzip();
        Confusion::of(&a, &b, self.classes)
    }

    /// Krippendorff's alpha, 1 - Do/De (Krippendorff 2011), over all pairable labels: any number of annotators, any gaps.
    ///
    /// Do averages the distances within items, De those between any two labels. Ordinal distances are the squared
    /// differences of mid-ranks, interval ones of values, so no table of coincidences is needed and time grows with the
    /// labels alone. No closed interval: take [`alpha_statistic`] to the bootstrap.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without a pairable label; [`Undefined::NoVariation`] where all labels are alike;
    /// [`Undefined::Mismatched`] for values that are not one a class; [`Undefined::NotFinite`].
    pub fn alpha(&self, level: Level<'_>) -> Result<f64, Undefined> {
        self.alpha_weighted(level, |_| 1)
    }

    fn alpha_weighted(
        &self,
        level: Level<'_>,
        weight: impl Fn(usize) -> u32,
    ) -> Result<f64, Undefined> {
        let mut counts = vec![0_u64; self.classes];
        for (item, row) in self.rows().enumerate() {
            let times = u64::from(weight(item));
            if times > 0 && row.iter().flatten().count() >= 2 {
                for &label in row.iter().flatten() {
                    counts[label as usize] += times;
                }
            }
        }
        let n = counts.iter().sum::<u64>() as f64;
        if n == 0.0 {
            return Err(Undefined::NoCases);
        }
        if counts.iter().filter(|&&count| count > 0).count() < 2 {
            return Err(Undefined::NoVariation);
        }
        let values = match level {
            Level::Nominal => None,
            Level::Ordinal => Some(mid_rank_of_counts(&counts)),
            Level::Interval(values) if values.len() == self.classes => {
                if values.iter().any(|v| !v.is_finite()) {
                    return Err(Undefined::NotFinite);
                }
                Some(values.to_vec())
            }
            Level::Interval(_) => return Err(Undefined::Mismatched),
        };
        let (within, between) = match values {
            None => self.nominal_distances(&counts, n, weight),
            Some(values) => self.squared_distances(&values, &counts, n, weight),
        };
        if between <= 0.0 {
            return Err(Undefined::NoVariation);
        }
        // Do = within / n, De = between / (n (n - 1)), both over ordered pairs.
        Ok(1.0 - within * (n - 1.0) / between)
    }

    /// Sum over items of the pairs of different labels, each over m - 1; and the pairs of different labels overall.
    fn nominal_distances(
        &self,
        counts: &[u64],
        n: f64,
        weight: impl Fn(usize) -> u32,
    ) -> (f64, f64) {
        let mut within = 0.0;
        let mut tally = vec![0_u32; self.classes];
        for (item, row) in self.rows().enumerate() {
            let times = weight(item);
            let m = row.iter().flatten().count();
            if times == 0 || m < 2 {
                continue;
            }
            // Ordered pairs of equal labels, counted as they come, are 2 x those seen before.
            let mut equal = 0_u32;
            for &label in row.iter().flatten() {
                equal += 2 * tally[label as usize];
                tally[label as usize] += 1;
            }
            for &label in row.iter().flatten() {
                tally[label as usize] = 0;
            }
            let different = (m * (m - 1)) as f64 - f64::from(equal);
            within += f64::from(times) * different / (m - 1) as f64;
        }
        (
            within,
            n * n - counts.iter().map(|&c| (c as f64).powi(2)).sum::<f64>(),
        )
    }

    /// The same with squared differences: over ordered pairs these are 2 (m sum x^2 - (sum x)^2).
    fn squared_distances(
        &self,
        values: &[f64],
        counts: &[u64],
        n: f64,
        weight: impl Fn(usize) -> u32,
    ) -> (f64, f64) {
        // Centred, so that the difference of squares keeps its digits.
        let centre = counts
            .iter()
            .zip(values)
            .map(|(&c, v)| c as f64 * v)
            .sum::<f64>()
            / n;
        let mut within = 0.0;
        for (item, row) in self.rows().enumerate() {
            let times = weight(item);
            let (mut m, mut sum, mut squares) = (0_u32, 0.0, 0.0);
            for &label in row.iter().flatten() {
                let x = values[label as usize] - centre;
                m += 1;
                sum += x;
                squares += x * x;
            }
            if times > 0 && m >= 2 {
                let m = f64::from(m);
                within += f64::from(times) * 2.0 * (m * squares - sum * sum) / (m - 1.0);
            }
        }
        let spread: f64 = counts
            .iter()
            .zip(values)
            .map(|(&c, v)| c as f64 * (v - centre).powi(2))
            .sum();
        (within, 2.0 * n * spread)
    }

    /// Gwet's AC1 (identity weights) or AC2 for any number of annotators and gaps (Gwet 2008, 2014).
    ///
    /// pa over items of two labels and more; the class shares over items of one label and more, each item weighing the
    /// same; q the declared classes.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without a pairable item; [`Undefined::NoVariation`] where only one class is in use.
    pub fn gwet(&self, weights: Weights) -> Result<f64, Undefined> {
        let q = self.classes;
        let mut pi = vec![0.0; q];
        let (mut seen, mut pairable, mut labelled) = (0.0, 0.0, 0.0);
        let table: Vec<f64> = (0..q)
            .flat_map(|i| (0..q).map(move |j| (i, j)))
            .map(|(i, j)| weights.of(i, j, q))
            .collect();
        for row in self.rows() {
            let m = row.iter().flatten().count() as f64;
            if m == 0.0 {
                continue;
            }
            labelled += 1.0;
            for &label in row.iter().flatten() {
                pi[label as usize] += 1.0 / m;
            }
            if m >= 2.0 {
                pairable += 1.0;
                let all: f64 = row
                    .iter()
                    .flatten()
                    .flat_map(|&a| row.iter().flatten().map(move |&b| (a, b)))
                    .map(|(a, b)| table[a as usize * q + b as usize])
                    .sum();
                // Every label agrees with itself; those m pairs do not count.
                seen += (all - m) / (m * (m - 1.0));
            }
        }
        if pairable == 0.0 {
            return Err(Undefined::NoCases);
        }
        for share in &mut pi {
            *share /= labelled;
        }
        if pi.iter().filter(|&&share| share > 0.0).count() < 2 {
            return Err(Undefined::NoVariation);
        }
        beyond_chance(seen / pairable, &pi, weights)
    }

    /// Fleiss' kappa (Fleiss 1971) over the items that every annotator labelled: equal numbers of labels are what it is
    /// made for; with gaps take [`Ratings::alpha`].
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without a complete item; [`Undefined::OneCase`] for a single annotator;
    /// [`Undefined::NoVariation`] where all labels are alike.
    pub fn fleiss(&self) -> Result<f64, Undefined> {
        if self.annotators < 2 {
            return Err(Undefined::OneCase);
        }
        let m = self.annotators as f64;
        let mut counts = vec![0_u64; self.classes];
        let (mut seen, mut items) = (0.0, 0.0);
        let mut tally = vec![0_u64; self.classes];
        for row in self.rows().filter(|row| row.iter().all(Option::is_some)) {
            for &label in row.iter().flatten() {
                tally[label as usize] += 1;
            }
            let mut squares = 0.0;
            for &label in row.iter().flatten() {
                let times = std::mem::take(&mut tally[label as usize]);
                squares += (times * times) as f64;
                counts[label as usize] += times;
            }
            seen += (squares - m) / (m * (m - 1.0));
            items += 1.0;
        }
        if items == 0.0 {
            return Err(Undefined::NoCases);
        }
        if counts.iter().filter(|&&count| count > 0).count() < 2 {
            return Err(Undefined::NoVariation);
        }
        let total = items * m;
        let chance: f64 = counts.iter().map(|&c| (c as f64 / total).powi(2)).sum();
        Ok((seen / items - chance) / (1.0 - chance))
    }
}

/// [`Ratings::alpha`] as a statistic over top units, items drawn with their unit.
///
/// # Errors
/// [`Undefined::Mismatched`] for units that are not parallel to the items.
pub fn alpha_statistic<'a>(
    ratings: Ratings<'a>,
    level: Level<'a>,
    units: Units,
) -> Result<impl Statistic + use<'a>, Undefined> {
    if units.of_cases().len() != ratings.items() {
        return Err(Undefined::Mismatched);
    }
    Ok(AlphaStatistic {
        ratings,
        level,
        units,
    })
}

struct AlphaStatistic<'a> {
    ratings: Ratings<'a>,
    level: Level<'a>,
    units: Units,
}

impl Statistic for AlphaStatistic<'_> {
    fn size(&self) -> Size {
        Size {
            cases: self.ratings.pairable_items(),
            trials: self.ratings.labels(),
            units: self.units.count(),
        }
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let weight = |item: usize| weights[self.units.of_cases()[item] as usize];
        self.ratings.alpha_weighted(self.level, weight).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(rows: &[[u32; 2]]) -> Vec<Option<u32>> {
        rows.iter().flatten().map(|&label| Some(label)).collect()
    }

    #[test]
    fn single_labels_count_for_no_agreement() {
        let cells = [
            Some(0),
            Some(0),
            Some(1),
            None,
            Some(1),
            Some(1),
            Some(0),
            Some(1),
        ];
        let with = Ratings::new(&cells, 2, 2).unwrap();
        let without: Vec<_> = cells[..2].iter().chain(&cells[4..]).copied().collect();
        let less = Ratings::new(&without, 2, 2).unwrap();
        assert_eq!(with.alpha(Level::Nominal), less.alpha(Level::Nominal));
        assert_eq!(
            (
                with.items(),
                with.labels(),
                with.pairable_items(),
                with.complete_items()
            ),
            (4, 7, 3, 3)
        );
    }

    #[test]
    fn two_classes_have_one_alpha_at_every_level() {
        let cells = filled(&[[0, 0], [0, 1], [1, 1], [1, 1], [0, 0], [1, 0]]);
        let ratings = Ratings::new(&cells, 2, 2).unwrap();
        let nominal = ratings.alpha(Level::Nominal).unwrap();
        assert!((ratings.alpha(Level::Ordinal).unwrap() - nominal).abs() < 1e-14);
        assert!((ratings.alpha(Level::Interval(&[3.0, 7.0])).unwrap() - nominal).abs() < 1e-14);
    }

    #[test]
    fn labels_all_alike_have_no_agreement_beyond_chance() {
        let cells = filled(&[[1, 1], [1, 1]]);
        let ratings = Ratings::new(&cells, 2, 2).unwrap();
        assert_eq!(ratings.alpha(Level::Nominal), Err(Undefined::NoVariation));
        assert_eq!(ratings.gwet(Weights::Identity), Err(Undefined::NoVariation));
        assert_eq!(ratings.fleiss(), Err(Undefined::NoVariation));
    }

    #[test]
    fn nothing_pairable_is_no_figure() {
        let cells = [Some(0), None, None, Some(1)];
        let ratings = Ratings::new(&cells, 2, 2).unwrap();
        assert_eq!(ratings.alpha(Level::Ordinal), Err(Undefined::NoCases));
        assert_eq!(ratings.gwet(Weights::Identity), Err(Undefined::NoCases));
        assert_eq!(ratings.fleiss(), Err(Undefined::NoCases));
        assert_eq!(
            Ratings::new(&cells, 3, 2).err(),
            Some(Undefined::Mismatched)
        );
        assert_eq!(
            Ratings::new(&cells, 2, 1).err(),
            Some(Undefined::OutOfRange)
        );
    }

    #[test]
    fn gwet_of_two_complete_annotators_is_that_of_their_table() {
        let cells = filled(&[[0, 0], [0, 1], [2, 2], [1, 2], [2, 0], [1, 1]]);
        let ratings = Ratings::new(&cells, 2, 4).unwrap();
        for weights in [Weights::Identity, Weights::Linear, Weights::Quadratic] {
            let table = super::super::kappa::gwet(&ratings.pair(0, 1).unwrap(), weights).unwrap();
            assert!((ratings.gwet(weights).unwrap() - table).abs() < 1e-14);
        }
    }

    #[test]
    fn alpha_of_a_weighted_item_is_that_of_the_item_repeated() {
        let cells = filled(&[[0, 0], [0, 2], [2, 2], [1, 2], [2, 0]]);
        let ratings = Ratings::new(&cells, 2, 3).unwrap();
        let repeated = filled(&[[0, 2], [0, 2], [2, 2], [1, 2], [1, 2], [1, 2]]);
        let expected = Ratings::new(&repeated, 2, 3).unwrap();
        for level in [
            Level::Nominal,
            Level::Ordinal,
            Level::Interval(&[1.0, 2.0, 4.0]),
        ] {
            let statistic = alpha_statistic(ratings, level, Units::singles(5)).unwrap();
            let got = statistic.weighted(&[0, 2, 1, 3, 0]).unwrap();
            assert!((got - expected.alpha(level).unwrap()).abs() < 1e-14);
        }
    }
}
