//! Gwet's coefficients AC1 and AC2, for two annotators and for many: steady where classes are skewed.

use super::bootstrap::Statistic;
use super::confusion::Confusion;
use super::estimate::{Confidence, Estimate, Size};
use super::kappa::Weights;
use super::linearised::linearised;
use super::ratings::Ratings;
use super::resampled::WideSums;
use super::sample::Units;
use super::undefined::Undefined;

/// Weight of every pair of classes, row by row, and what chance agreement is multiplied with, sum(W)/(q(q-1)).
struct Scale {
    table: Vec<f64>,
    classes: usize,
    factor: f64,
}

impl Scale {
    fn of(weights: Weights, classes: usize) -> Self {
        let table: Vec<f64> = (0..classes)
            .flat_map(|i| (0..classes).map(move |j| (i, j)))
            .map(|(i, j)| weights.of(i, j, classes))
            .collect();
        let factor = table.iter().sum::<f64>() / (classes * classes.saturating_sub(1)) as f64;
        Self {
            table,
            classes,
            factor,
        }
    }

    fn weight(&self, i: u32, j: u32) -> f64 {
        self.table[i as usize * self.classes + j as usize]
    }

    /// pe = sum(W)/(q(q-1)) sum pi (1 - pi), unless it leaves nothing to agree on beyond it.
    fn chance(&self, pi: &[f64]) -> Result<f64, Undefined> {
        let used = pi.iter().filter(|&&share| share > 0.0).count();
        if self.classes < 2 || used < 2 {
            return Err(Undefined::NoVariation);
        }
        let chance = self.factor * pi.iter().map(|p| p * (1.0 - p)).sum::<f64>();
        if chance < 1.0 {
            Ok(chance)
        } else {
            Err(Undefined::NoVariation)
        }
    }
}

/// (pa - pe)/(1 - pe).
fn beyond(seen: f64, chance: f64) -> f64 {
    (seen - chance) / (1.0 - chance)
}

/// Gwet's AC1 (identity weights; Gwet 2008) or AC2: (pa - pe)/(1 - pe) with
/// pe = sum(W)/(q(q-1)) sum pi_k (1 - pi_k), pi_k the mean share of class k over both sides, q the declared classes; with
/// Student's interval from Gwet's variance (2008, eq. 7; for an unlimited population of items), cut at 1.
///
/// Stable at skewed base rates, flattering with many or unused classes: shown next to kappa, never in its place. Assumes
/// independent items; with clusters take [`gwet_statistic`] to [`super::bca`]. Perfect agreement, or one item: a point
/// without interval. Fewer than 10 items: flagged.
///
/// # Errors
/// [`Undefined::NoCases`]; [`Undefined::NoVariation`] for fewer than two classes declared, or only one in use.
pub fn gwet(
    table: &Confusion,
    weights: Weights,
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    let n = table.checked()?;
    let q = table.classes();
    let scale = Scale::of(weights, q);
    let totals = table.human_totals().into_iter().zip(table.judge_totals());
    let pi: Vec<f64> = totals.map(|(h, j)| (h + j) as f64 / (2.0 * n)).collect();
    let cells = || (0..q as u32).flat_map(move |i| (0..q as u32).map(move |j| (i, j)));
    let count = |i: u32, j: u32| table.count(i as usize, j as usize);
    let seen: f64 = cells()
        .map(|(i, j)| scale.weight(i, j) * count(i, j) as f64 / n)
        .sum();
    let chance = scale.chance(&pi)?;
    let left = 1.0 - chance;
    let parts: Vec<(f64, u64)> = cells()
        .map(|(i, j)| {
            let by_chance = scale.factor * (1.0 - pi[i as usize] - pi[j as usize]);
            let by_item = scale.weight(i, j) / left - (1.0 - seen) / (left * left) * by_chance;
            (by_item, count(i, j))
        })
        .collect();
    let size = Size::cases(usize::try_from(table.items()).unwrap_or(usize::MAX));
    Ok(linearised(
        beyond(seen, chance),
        &parts,
        f64::NEG_INFINITY,
        confidence,
        size,
    ))
}

/// What an item adds: whether it has a label, whether it has two, its agreement, and its share of each class.
struct Items {
    scale: Scale,
    rows: Vec<f64>,
}

/// Sums before the shares of the classes.
const BEFORE: usize = 3;

impl Items {
    fn of(ratings: &Ratings<'_>, weights: Weights) -> Self {
        let scale = Scale::of(weights, ratings.classes());
        let width = BEFORE + ratings.classes();
        let mut rows = vec![0.0; ratings.items() * width];
        for (row, slots) in ratings.rows().zip(rows.chunks_mut(width)) {
            let labels = || row.iter().flatten().copied();
            let m = labels().count() as f64;
            if m == 0.0 {
                continue;
            }
            slots[0] = 1.0;
            for label in labels() {
                slots[BEFORE + label as usize] += 1.0 / m;
            }
            if m >= 2.0 {
                let all: f64 = labels()
                    .map(|a| labels().map(|b| scale.weight(a, b)).sum::<f64>())
                    .sum();
                slots[1] = 1.0;
                // Every label agrees with itself; those m pairs do not count.
                slots[2] = (all - m) / (m * (m - 1.0));
            }
        }
        Self { scale, rows }
    }

    fn width(&self) -> usize {
        BEFORE + self.scale.classes
    }

    fn totals(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.width()];
        for row in self.rows.chunks(self.width()) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
        sums
    }
}

/// Agreement seen, shares of the classes, and agreement by chance.
fn figures(scale: &Scale, sums: &[f64]) -> Result<(f64, Vec<f64>, f64), Undefined> {
    let (labelled, pairable, seen) = (sums[0], sums[1], sums[2]);
    if pairable == 0.0 {
        return Err(Undefined::NoCases);
    }
    let pi: Vec<f64> = sums[BEFORE..].iter().map(|sum| sum / labelled).collect();
    let chance = scale.chance(&pi)?;
    Ok((seen / pairable, pi, chance))
}

impl Ratings<'_> {
    /// Gwet's AC1 (identity weights) or AC2 for any number of annotators and gaps (Gwet 2008, 2014), as [`gwet`] of two.
    ///
    /// pa over items of two labels and more; the class shares over items of one label and more, each item weighing the
    /// same; q the declared classes. The interval comes from what each labelled item adds (delta method; without gaps
    /// Gwet's variance, 2014, ch. 5). n counts the labelled items.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without a pairable item; [`Undefined::NoVariation`] where only one class is in use.
    pub fn gwet(&self, weights: Weights, confidence: Confidence) -> Result<Estimate, Undefined> {
        let items = Items::of(self, weights);
        let sums = items.totals();
        let (seen, pi, chance) = figures(&items.scale, &sums)?;
        let (labelled, pairable, left) = (sums[0], sums[1], 1.0 - chance);
        let parts: Vec<(f64, u64)> = items
            .rows
            .chunks(items.width())
            .filter(|row| row[0] > 0.0)
            .map(|row| {
                let by_seen = labelled / pairable * (row[2] - row[1] * seen) / left;
                let shares = row[BEFORE..].iter().zip(&pi);
                let by_chance = items.scale.factor
                    * shares
                        .map(|(share, pi)| (1.0 - 2.0 * pi) * share)
                        .sum::<f64>();
                (by_seen - (1.0 - seen) / (left * left) * by_chance, 1)
            })
            .collect();
        let size = self.labelled_size(parts.len());
        Ok(linearised(
            beyond(seen, chance),
            &parts,
            f64::NEG_INFINITY,
            confidence,
            size,
        ))
    }

    fn labelled_size(&self, units: usize) -> Size {
        Size {
            cases: self
                .rows()
                .filter(|row| row.iter().any(Option::is_some))
                .count(),
            trials: self.labels(),
            units,
        }
    }
}

/// [`Ratings::gwet`]'s point as a statistic over top units. A resample costs units times classes, whatever the labels.
///
/// # Errors
/// [`Undefined::Mismatched`] for units that are not parallel to the items.
pub fn gwet_statistic(
    ratings: Ratings<'_>,
    weights: Weights,
    units: &Units,
) -> Result<impl Statistic + use<>, Undefined> {
    if units.of_cases().len() != ratings.items() {
        return Err(Undefined::Mismatched);
    }
    let items = Items::of(&ratings, weights);
    let (width, size) = (items.width(), ratings.labelled_size(units.count()));
    let Items { scale, rows } = items;
    Ok(WideSums::new(&rows, width, units, size, move |sums| {
        let (seen, _, chance) = figures(&scale, sums).ok()?;
        Some(beyond(seen, chance))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Plan, Seed, bca};

    const CONF: Confidence = Confidence::NINETY_FIVE;
    const ALL: [Weights; 3] = [Weights::Identity, Weights::Linear, Weights::Quadratic];

    fn filled(rows: &[[u32; 2]]) -> Vec<Option<u32>> {
        rows.iter().flatten().map(|&label| Some(label)).collect()
    }

    #[test]
    fn two_complete_annotators_are_as_their_table() {
        let cells = filled(&[[0, 0], [0, 1], [2, 2], [1, 2], [2, 0], [1, 1]]);
        let ratings = Ratings::new(&cells, 2, 4).unwrap();
        for weights in ALL {
            let table = gwet(&ratings.pair(0, 1).unwrap(), weights, CONF).unwrap();
            let many = ratings.gwet(weights, CONF).unwrap();
            assert!((many.point - table.point).abs() < 1e-14);
            let (a, b) = (many.std_error.unwrap(), table.std_error.unwrap());
            assert!((a - b).abs() < 1e-14, "{a} {b}");
            assert_eq!((many.n, many.trials, table.n), (6, 12, 6));
        }
    }

    #[test]
    fn one_class_or_no_pair_has_no_coefficient() {
        let alike = filled(&[[1, 1], [1, 1]]);
        let ratings = Ratings::new(&alike, 2, 2).unwrap();
        let none = Err(Undefined::NoVariation);
        assert_eq!(ratings.gwet(Weights::Identity, CONF), none);
        assert_eq!(
            gwet(&ratings.pair(0, 1).unwrap(), Weights::Identity, CONF),
            none
        );
        let alone = [Some(0), None, None, Some(1)];
        let ratings = Ratings::new(&alone, 2, 2).unwrap();
        assert_eq!(
            ratings.gwet(Weights::Identity, CONF),
            Err(Undefined::NoCases)
        );
        let statistic = gwet_statistic(ratings, Weights::Identity, &Units::singles(1));
        assert_eq!(statistic.err(), Some(Undefined::Mismatched));
    }

    #[test]
    fn perfect_agreement_has_a_point_and_no_interval() {
        let cells = filled(&[[0, 0], [1, 1], [2, 2], [0, 0]]);
        let ratings = Ratings::new(&cells, 2, 3).unwrap();
        for weights in ALL {
            let found = ratings.gwet(weights, CONF).unwrap();
            assert!((found.point - 1.0).abs() < 1e-15);
            assert_eq!(found.interval, Err(Undefined::NoVariation));
            let table = gwet(&ratings.pair(0, 1).unwrap(), weights, CONF).unwrap();
            assert_eq!(table.interval, Err(Undefined::NoVariation));
        }
    }

    #[test]
    fn with_gaps_the_error_is_that_of_the_jackknife_and_of_the_bootstrap() {
        let cells: Vec<Option<u32>> = (0..300_u32)
            .flat_map(|item| {
                (0..3).map(move |who| {
                    let noise = (item * 7 + who * 5) % 11;
                    (noise < 7).then_some((item % 3 + u32::from(noise < 3)) % 3)
                })
            })
            .collect();
        let ratings = Ratings::new(&cells, 3, 3).unwrap();
        for weights in ALL {
            let found = ratings.gwet(weights, CONF).unwrap();
            let statistic = gwet_statistic(ratings, weights, &Units::singles(300)).unwrap();
            let without: Vec<f64> = statistic.leave_one_out().into_iter().flatten().collect();
            let mean = without.iter().sum::<f64>() / 300.0;
            let squares: f64 = without.iter().map(|v| (v - mean).powi(2)).sum();
            let ratio = found.std_error.unwrap() / (squares * 299.0 / 300.0).sqrt();
            assert!((ratio - 1.0).abs() < 0.01, "{weights:?}: {ratio}");
            let plan = Plan {
                resamples: 2_000,
                ..Plan::new(Seed::derive(3, &["gwet"]))
            };
            let drawn = bca(&statistic, &plan, CONF).unwrap();
            assert!((drawn.point - found.point).abs() < 1e-14);
            let ratio = drawn.std_error.unwrap() / found.std_error.unwrap();
            assert!((ratio - 1.0).abs() < 0.1, "{weights:?}: {ratio}");
        }
    }
}
