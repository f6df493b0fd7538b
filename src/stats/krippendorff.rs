//! Krippendorff's alpha: any number of annotators, any gaps, classes or scales.

use super::bootstrap::Statistic;
use super::estimate::{Confidence, Estimate, Size};
use super::linearised::linearised;
use super::ranks::mid_rank_of_counts;
use super::ratings::Ratings;
use super::sample::Units;
use super::undefined::Undefined;

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

/// What alpha = 1 - (n - 1) within/between is made of.
struct Distances {
    /// Pairable labels of each class, and of all.
    counts: Vec<u64>,
    n: f64,
    /// Value of each class around the labels' mean; `None` for the nominal level.
    values: Option<Vec<f64>>,
    /// Sum over items of the distances of ordered pairs, each over labels of the item less 1.
    within: f64,
    /// Sum of the distances between any two labels, ordered.
    between: f64,
}

/// Labels of an item, sum and sum of squares of their values.
fn moments(row: &[Option<u32>], values: &[f64]) -> (f64, f64, f64) {
    let (mut m, mut sum, mut squares) = (0_u32, 0.0, 0.0);
    for &label in row.iter().flatten() {
        let x = values[label as usize];
        m += 1;
        sum += x;
        squares += x * x;
    }
    (f64::from(m), sum, squares)
}

/// Pairs of different labels of an item, ordered, over its labels less 1. `tally` is all zero before and after.
fn different(row: &[Option<u32>], m: usize, tally: &mut [u32]) -> f64 {
    // Ordered pairs of equal labels, counted as they come, are 2 x those seen before.
    let mut equal = 0_u32;
    for &label in row.iter().flatten() {
        equal += 2 * tally[label as usize];
        tally[label as usize] += 1;
    }
    for &label in row.iter().flatten() {
        tally[label as usize] = 0;
    }
    ((m * (m - 1)) as f64 - f64::from(equal)) / (m - 1) as f64
}

impl Distances {
    fn of(
        ratings: &Ratings<'_>,
        level: Level<'_>,
        weight: impl Fn(usize) -> u32,
    ) -> Result<Self, Undefined> {
        let classes = ratings.classes();
        let mut counts = vec![0_u64; classes];
        for (item, row) in ratings.rows().enumerate() {
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
            Level::Interval(values) if values.len() == classes => {
                if values.iter().any(|v| !v.is_finite()) {
                    return Err(Undefined::NotFinite);
                }
                Some(values.to_vec())
            }
            Level::Interval(_) => return Err(Undefined::Mismatched),
        };
        // Centred, so that the difference of squares keeps its digits.
        let over_labels = |of: &dyn Fn(f64) -> f64, values: &[f64]| -> f64 {
            let each = counts.iter().zip(values);
            each.map(|(&c, &v)| c as f64 * of(v)).sum()
        };
        let values = values.map(|values| {
            let centre = over_labels(&|v| v, &values) / n;
            values.iter().map(|v| v - centre).collect::<Vec<f64>>()
        });
        let mut within = 0.0;
        let mut tally = vec![0_u32; classes];
        for (item, row) in ratings.rows().enumerate() {
            let times = weight(item);
            let m = row.iter().flatten().count();
            if times > 0 && m >= 2 {
                within += f64::from(times)
                    * match &values {
                        None => different(row, m, &mut tally),
                        Some(values) => squared(row, values),
                    };
            }
        }
        let between = match &values {
            None => n * n - counts.iter().map(|&c| (c as f64).powi(2)).sum::<f64>(),
            Some(values) => 2.0 * n * over_labels(&|v| v * v, values),
        };
        if between <= 0.0 {
            return Err(Undefined::NoVariation);
        }
        Ok(Self {
            counts,
            n,
            values,
            within,
            between,
        })
    }

    /// Do = within / n, De = between / (n (n - 1)), both over ordered pairs.
    fn alpha(&self) -> f64 {
        1.0 - self.within * (self.n - 1.0) / self.between
    }

    /// Derivative of alpha by each pairable item's weight, times the number of such items.
    fn parts(&self, ratings: &Ratings<'_>, level: Level<'_>) -> Vec<(f64, u64)> {
        let (n, within, between) = (self.n, self.within, self.between);
        let by_within = -(n - 1.0) / between;
        let by_between = (n - 1.0) * within / (between * between);
        let ranks = match (level, &self.values) {
            (Level::Ordinal, Some(values)) => {
                self.by_rank(ratings, values, [by_within, by_between])
            }
            _ => vec![0.0; self.counts.len()],
        };
        let spread: f64 = self.values.as_ref().map_or(0.0, |values| {
            let each = self.counts.iter().zip(values);
            each.map(|(&c, v)| c as f64 * v * v).sum()
        });
        let items = ratings.pairable_items() as f64;
        let mut tally = vec![0_u32; self.counts.len()];
        ratings
            .rows()
            .filter_map(|row| {
                let labels = || row.iter().flatten().map(|&label| label as usize);
                let m = labels().count();
                if m < 2 {
                    return None;
                }
                let (own, pairs) = match &self.values {
                    None => {
                        let like: f64 = labels().map(|label| self.counts[label] as f64).sum();
                        let own = different(row, m, &mut tally);
                        (own, 2.0 * (n * m as f64 - like))
                    }
                    Some(values) => {
                        let (m, _, squares) = moments(row, values);
                        (squared(row, values), 2.0 * (m * spread + n * squares))
                    }
                };
                let moved: f64 = labels().map(|label| ranks[label]).sum();
                let by_labels = -within / between * m as f64;
                Some((
                    items * (by_labels + by_within * own + by_between * pairs + moved),
                    1,
                ))
            })
            .collect()
    }

    /// What one label more of each class does to ordinal alpha by moving the mid-ranks: by one of all classes above, by
    /// one half of its own.
    fn by_rank(&self, ratings: &Ratings<'_>, values: &[f64], by: [f64; 2]) -> Vec<f64> {
        let mut by_value: Vec<f64> = self
            .counts
            .iter()
            .zip(values)
            .map(|(&c, v)| by[1] * 4.0 * self.n * c as f64 * v)
            .collect();
        for row in ratings.rows() {
            let (m, sum, _) = moments(row, values);
            if m >= 2.0 {
                for &label in row.iter().flatten() {
                    let label = label as usize;
                    by_value[label] += by[0] * 4.0 * (m * values[label] - sum) / (m - 1.0);
                }
            }
        }
        let mut above = 0.0;
        for slot in by_value.iter_mut().rev() {
            let own = *slot;
            *slot = above + own / 2.0;
            above += own;
        }
        by_value
    }
}

/// Squared differences of an item's labels over ordered pairs, 2 (m sum x^2 - (sum x)^2), over m - 1.
fn squared(row: &[Option<u32>], values: &[f64]) -> f64 {
    let (m, sum, squares) = moments(row, values);
    2.0 * (m * squares - sum * sum) / (m - 1.0)
}

impl Ratings<'_> {
    /// Krippendorff's alpha, 1 - Do/De (Krippendorff 2011), over all pairable labels: any number of annotators, any gaps;
    /// with Student's interval from what each pairable item adds to it (delta method; Gwet 2014, ch. 6), n the pairable
    /// items.
    ///
    /// Do averages the distances within items, De those between any two labels. Ordinal distances are the squared
    /// differences of mid-ranks, interval ones of values, so no table of coincidences is needed and time grows with the
    /// labels alone. The ranks of ordinal distances move with the sample, which the interval allows for.
    ///
    /// Assumes independent items; with clusters take [`alpha_statistic`] to [`super::bca`]. Perfect agreement, or one
    /// pairable item: a point without interval. Fewer than 10 items: flagged.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without a pairable label; [`Undefined::NoVariation`] where all labels are alike;
    /// [`Undefined::Mismatched`] for values that are not one a class; [`Undefined::NotFinite`].
    pub fn alpha(&self, level: Level<'_>, confidence: Confidence) -> Result<Estimate, Undefined> {
        let distances = Distances::of(self, level, |_| 1)?;
        Ok(linearised(
            distances.alpha(),
            &distances.parts(self, level),
            f64::NEG_INFINITY,
            confidence,
            self.pairable_size(self.pairable_items()),
        ))
    }

    /// Pairable items and the labels on them, in so many units.
    pub(super) fn pairable_size(&self, units: usize) -> Size {
        let counts = self.rows().map(|row| row.iter().flatten().count());
        Size {
            cases: self.pairable_items(),
            trials: counts.filter(|&m| m >= 2).sum(),
            units,
        }
    }
}

/// [`Ratings::alpha`]'s point as a statistic over top units, items drawn with their unit. A resample costs a walk over
/// all labels, so 10,000 of them take time in proportion to the labels.
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
        self.ratings.pairable_size(self.units.count())
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let weight = |item: usize| weights[self.units.of_cases()[item] as usize];
        let distances = Distances::of(&self.ratings, self.level, weight).ok()?;
        Some(distances.alpha())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Plan, Seed, bca};

    const CONF: Confidence = Confidence::NINETY_FIVE;
    const LEVELS: [Level<'static>; 3] = [
        Level::Nominal,
        Level::Ordinal,
        Level::Interval(&[1.0, 2.0, 4.0, 4.5]),
    ];

    fn filled(rows: &[[u32; 2]]) -> Vec<Option<u32>> {
        rows.iter().flatten().map(|&label| Some(label)).collect()
    }

    /// Three annotators with gaps who mostly agree on a scale of four.
    fn many(items: u32) -> Vec<Option<u32>> {
        (0..items)
            .flat_map(|item| {
                (0..3).map(move |who| {
                    let noise = (item * 7 + who * 5) % 11;
                    let label = (item * 3 % 4 + u32::from(noise < 3)) % 4;
                    (noise != 9).then_some(label)
                })
            })
            .collect()
    }

    fn point(ratings: &Ratings<'_>, level: Level<'_>) -> f64 {
        ratings.alpha(level, CONF).unwrap().point
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
        let found = with.alpha(Level::Nominal, CONF).unwrap();
        assert_eq!(Ok(&found), less.alpha(Level::Nominal, CONF).as_ref());
        assert_eq!((found.n, found.trials, found.clusters), (3, 6, 3));
    }

    #[test]
    fn two_classes_have_one_alpha_at_every_level() {
        let cells = filled(&[[0, 0], [0, 1], [1, 1], [1, 1], [0, 0], [1, 0]]);
        let ratings = Ratings::new(&cells, 2, 2).unwrap();
        let nominal = ratings.alpha(Level::Nominal, CONF).unwrap();
        for level in [Level::Ordinal, Level::Interval(&[3.0, 7.0])] {
            let other = ratings.alpha(level, CONF).unwrap();
            assert!((other.point - nominal.point).abs() < 1e-14);
            let (a, b) = (other.std_error.unwrap(), nominal.std_error.unwrap());
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
    }

    #[test]
    fn what_items_add_is_what_leaving_them_out_takes_away() {
        let cells = many(400);
        let ratings = Ratings::new(&cells, 3, 4).unwrap();
        for level in LEVELS {
            let found = ratings.alpha(level, CONF).unwrap();
            let statistic = alpha_statistic(ratings, level, Units::singles(400)).unwrap();
            // The jackknife knows nothing of derivatives.
            let without: Vec<f64> = statistic.leave_one_out().into_iter().flatten().collect();
            let mean = without.iter().sum::<f64>() / 400.0;
            let squares: f64 = without.iter().map(|v| (v - mean).powi(2)).sum();
            let jackknife = (squares * 399.0 / 400.0).sqrt();
            let ratio = found.std_error.unwrap() / jackknife;
            assert!((ratio - 1.0).abs() < 0.01, "{level:?}: {ratio}");
        }
    }

    #[test]
    fn resampled_and_linearised_intervals_are_much_alike() {
        let cells = many(200);
        let ratings = Ratings::new(&cells, 3, 4).unwrap();
        let plan = Plan {
            resamples: 2_000,
            ..Plan::new(Seed::derive(3, &["alpha"]))
        };
        let statistic = alpha_statistic(ratings, Level::Ordinal, Units::singles(200)).unwrap();
        let drawn = bca(&statistic, &plan, CONF).unwrap();
        let found = ratings.alpha(Level::Ordinal, CONF).unwrap();
        assert_eq!((drawn.point, drawn.n), (found.point, found.n));
        let width = |e: &Estimate| e.high().unwrap() - e.low().unwrap();
        assert!((width(&drawn) / width(&found) - 1.0).abs() < 0.1);
    }

    #[test]
    fn perfect_agreement_has_a_point_and_no_interval() {
        let cells = filled(&[[0, 0], [1, 1], [2, 2], [0, 0]]);
        let ratings = Ratings::new(&cells, 2, 4).unwrap();
        for level in LEVELS {
            let found = ratings.alpha(level, CONF).unwrap();
            assert_eq!(
                (found.point, found.interval),
                (1.0, Err(Undefined::NoVariation))
            );
        }
    }

    #[test]
    fn labels_all_alike_or_alone_have_no_alpha() {
        let alike = filled(&[[1, 1], [1, 1]]);
        let ratings = Ratings::new(&alike, 2, 2).unwrap();
        assert_eq!(
            ratings.alpha(Level::Nominal, CONF),
            Err(Undefined::NoVariation)
        );
        let alone = [Some(0), None, None, Some(1)];
        let ratings = Ratings::new(&alone, 2, 2).unwrap();
        assert_eq!(ratings.alpha(Level::Ordinal, CONF), Err(Undefined::NoCases));
        assert_eq!(
            alpha_statistic(ratings, Level::Nominal, Units::singles(3)).err(),
            Some(Undefined::Mismatched)
        );
    }

    #[test]
    fn alpha_of_a_weighted_item_is_that_of_the_item_repeated() {
        let cells = filled(&[[0, 0], [0, 2], [2, 2], [1, 2], [2, 0]]);
        let ratings = Ratings::new(&cells, 2, 4).unwrap();
        let repeated = filled(&[[0, 2], [0, 2], [2, 2], [1, 2], [1, 2], [1, 2]]);
        let expected = Ratings::new(&repeated, 2, 4).unwrap();
        for level in LEVELS {
            let statistic = alpha_statistic(ratings, level, Units::singles(5)).unwrap();
            let got = statistic.weighted(&[0, 2, 1, 3, 0]).unwrap();
            assert!((got - point(&expected, level)).abs() < 1e-14);
        }
    }
}
