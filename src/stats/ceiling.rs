//! How well people agree with people: what no judge can be asked to exceed.

use super::bootstrap::Statistic;
use super::closeness::{ccc, ccc_derivatives, lin_ccc};
use super::confusion::Confusion;
use super::estimate::{Confidence, Estimate, Size};
use super::kappa::{Weights, cohen_kappa, kappa_and_derivatives, kappa_of};
use super::linearised::linearised;
use super::ratings::Ratings;
use super::sample::Units;
use super::undefined::Undefined;

/// Fewest items of two annotators and more that a ceiling is shown for.
pub const MIN_CEILING_ITEMS: usize = 30;

/// One annotator held against the others, and the judge against the same others on the same items.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// Column of the annotator.
    pub annotator: usize,
    /// Items on which the others have a majority (or a mean) and annotator and judge a value.
    pub items: usize,
    /// Agreement of the annotator with the others.
    pub person: Estimate,
    /// Agreement of the judge with the others.
    pub judge: Estimate,
}

/// Agreement of people with people beside that of the judge with the same references.
#[derive(Clone, Debug, PartialEq)]
pub struct Ceiling {
    /// Annotators for whom both figures exist.
    pub annotators: Vec<LeftOut>,
    /// Mean over annotators: the ceiling.
    pub people: Estimate,
    /// Mean over annotators of the judge's agreement with the same references.
    pub judge: Estimate,
    /// Judge less people: how far below its ceiling the judge is.
    pub distance: Estimate,
    /// Items with at least two annotators and the judge.
    pub items: usize,
}

/// Most frequent label; `None` for a tie at the top or no label.
#[must_use]
pub fn majority(labels: impl IntoIterator<Item = u32>) -> Option<u32> {
    let mut labels: Vec<u32> = labels.into_iter().collect();
    labels.sort_unstable();
    let mut best = (0, None);
    for run in labels.chunk_by(|a, b| a == b) {
        if run.len() > best.0 {
            best = (run.len(), Some(run[0]));
        } else if run.len() == best.0 {
            best.1 = None;
        }
    }
    best.1
}

/// One annotator's items: their places, what the annotator and the judge said, and what the others did.
struct Set<T> {
    annotator: usize,
    items: Vec<usize>,
    person: Vec<T>,
    judge: Vec<T>,
    reference: Vec<T>,
}

impl<T> Set<T> {
    const fn empty(annotator: usize) -> Self {
        Self {
            annotator,
            items: Vec::new(),
            person: Vec::new(),
            judge: Vec::new(),
            reference: Vec::new(),
        }
    }

    fn push(&mut self, item: usize, person: T, judge: T, reference: T) {
        self.items.push(item);
        self.person.push(person);
        self.judge.push(judge);
        self.reference.push(reference);
    }

    /// Both figures, unless one has no value.
    fn against(
        self,
        figure: impl Fn(&[T], &[T]) -> Result<(Estimate, Vec<f64>), Undefined>,
    ) -> Option<Added> {
        let (person, by_person) = figure(&self.person, &self.reference).ok()?;
        let (judge, by_judge) = figure(&self.judge, &self.reference).ok()?;
        Some(Added {
            one: LeftOut {
                annotator: self.annotator,
                items: self.items.len(),
                person,
                judge,
            },
            places: self.items,
            person: by_person,
            judge: by_judge,
        })
    }
}

/// Rows of cells by annotator, each with the judge's value: every annotator's set, `joined` making one reference of the
/// others' values, and the number of items with two annotators and the judge.
fn sets<T: Copy>(
    cells: &[Option<T>],
    annotators: usize,
    judge: &[Option<T>],
    joined: impl Fn(&mut dyn Iterator<Item = T>) -> Option<T>,
) -> (Vec<Set<T>>, usize) {
    let mut sets: Vec<Set<T>> = (0..annotators).map(Set::empty).collect();
    let mut items = 0;
    for (item, (row, verdict)) in cells.chunks(annotators).zip(judge).enumerate() {
        let Some(verdict) = *verdict else { continue };
        items += usize::from(row.iter().flatten().count() >= 2);
        for (set, own) in sets.iter_mut().zip(row) {
            let left_out = set.annotator;
            let mut others = row
                .iter()
                .enumerate()
                .filter(|(place, _)| *place != left_out)
                .filter_map(|(_, value)| *value);
            if let (Some(own), Some(reference)) = (*own, joined(&mut others)) {
                set.push(item, own, verdict, reference);
            }
        }
    }
    (sets, items)
}

/// An annotator's two figures, and what each item of the set adds to either.
struct Added {
    one: LeftOut,
    places: Vec<usize>,
    person: Vec<f64>,
    judge: Vec<f64>,
}

/// Averages over the annotators. An item adds to the figures of all who labelled it, so what it adds is summed up before
/// anything is squared.
fn summed(
    found: Vec<Added>,
    rows: usize,
    items: usize,
    confidence: Confidence,
) -> Result<Ceiling, Undefined> {
    if found.is_empty() {
        return Err(Undefined::NoCases);
    }
    let annotators = found.len() as f64;
    // Derivative by item of the people's and the judge's mean; `None` where no set holds the item.
    let mut by_item: Vec<Option<[f64; 2]>> = vec![None; rows];
    for added in &found {
        let n = added.places.len() as f64;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
        let (person, judge) = (mean(&added.person), mean(&added.judge));
        let values = added.person.iter().zip(&added.judge);
        for (&place, (p, j)) in added.places.iter().zip(values) {
            let sum = by_item[place].get_or_insert([0.0; 2]);
            sum[0] += (p - person) / n / annotators;
            sum[1] += (j - judge) / n / annotators;
        }
    }
    let used: Vec<[f64; 2]> = by_item.into_iter().flatten().collect();
    let size = Size {
        cases: used.len(),
        trials: found.iter().map(|added| added.places.len()).sum(),
        units: used.len(),
    };
    let mean = |of: fn(&LeftOut) -> f64| found.iter().map(|a| of(&a.one)).sum::<f64>() / annotators;
    let (people, judge) = (mean(|one| one.person.point), mean(|one| one.judge.point));
    let estimate = |point: f64, of: fn(&[f64; 2]) -> f64, lowest: f64| {
        let n = used.len() as f64;
        let parts: Vec<(f64, u64)> = used.iter().map(|sums| (n * of(sums), 1)).collect();
        linearised(point, &parts, lowest, confidence, size)
    };
    Ok(Ceiling {
        people: estimate(people, |sums| sums[0], -1.0),
        judge: estimate(judge, |sums| sums[1], -1.0),
        distance: estimate(judge - people, |sums| sums[1] - sums[0], -2.0),
        annotators: found.into_iter().map(|added| added.one).collect(),
        items,
    })
}

fn majorities(
    ratings: &Ratings<'_>,
    judge: &[Option<u32>],
) -> Result<(Vec<Set<u32>>, usize), Undefined> {
    if judge.len() != ratings.items() {
        return Err(Undefined::Mismatched);
    }
    let classes = ratings.classes();
    if judge.iter().flatten().any(|&v| v as usize >= classes) {
        return Err(Undefined::OutOfRange);
    }
    Ok(sets(
        ratings.cells(),
        ratings.annotators(),
        judge,
        |others| majority(others),
    ))
}

/// Each annotator's kappa with the majority of the others, averaged, and the judge's with those same majorities on the
/// same items (a fair comparison: the same references, the same number of items).
///
/// Ties among the others are dropped. An annotator whose table has no kappa (one class only) is left out. Shown from
/// [`MIN_CEILING_ITEMS`] items on; an agreement above the ceiling is no better judge. Each annotator's kappas have their
/// asymptotic interval, the averages and their distance Student's from what each item adds to all of them together
/// (delta method). Assumes independent items; with clusters take [`CeilingStatistic`] to [`super::bca`].
///
/// # Errors
/// [`Undefined::Mismatched`] for a judge that is not parallel to the items; [`Undefined::OutOfRange`] for a verdict that
/// is no class; [`Undefined::NoCases`] where no annotator has a figure.
pub fn ceiling(
    ratings: &Ratings<'_>,
    judge: &[Option<u32>],
    weights: Weights,
    confidence: Confidence,
) -> Result<Ceiling, Undefined> {
    let q = ratings.classes();
    let (sets, items) = majorities(ratings, judge)?;
    let figure = |one: &[u32], reference: &[u32]| -> Result<(Estimate, Vec<f64>), Undefined> {
        let table = Confusion::of(reference, one, q)?;
        let (_, by_cell) = kappa_and_derivatives(&table, weights)?;
        let pairs = reference.iter().zip(one);
        let each = pairs.map(|(r, o)| by_cell[*r as usize * q + *o as usize]);
        Ok((cohen_kappa(&table, weights, confidence)?, each.collect()))
    };
    let found = sets.into_iter().filter_map(|set| set.against(figure));
    summed(found.collect(), judge.len(), items, confidence)
}

/// Which figure of a [`Ceiling`] is resampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CeilingSide {
    /// The ceiling itself.
    People,
    /// The judge against the same references.
    Judge,
    /// Judge less people: how far below its ceiling the judge is.
    Distance,
}

/// [`ceiling`]'s points as a statistic over top units, for [`super::bca`]: items are drawn with all their labels. The
/// majorities are found once; a resample costs the labels.
pub struct CeilingStatistic {
    /// For each annotator the unit and the two cells of every item, reference by annotator and reference by judge.
    sets: Vec<[Vec<u32>; 3]>,
    classes: usize,
    weights: Weights,
    size: Size,
    side: CeilingSide,
}

impl CeilingStatistic {
    /// `units` holds the top unit of every item.
    ///
    /// # Errors
    /// As [`ceiling`]; [`Undefined::Mismatched`] for units that are not parallel to the items.
    pub fn new(
        ratings: Ratings<'_>,
        judge: &[Option<u32>],
        weights: Weights,
        units: &Units,
        side: CeilingSide,
    ) -> Result<Self, Undefined> {
        let (sets, _) = majorities(&ratings, judge)?;
        if units.of_cases().len() != judge.len() {
            return Err(Undefined::Mismatched);
        }
        let classes = ratings.classes();
        let mut used = vec![false; judge.len()];
        let sets: Vec<[Vec<u32>; 3]> = sets
            .into_iter()
            .map(|set| {
                set.items.iter().for_each(|&item| used[item] = true);
                let cells = |side: &[u32]| {
                    let pairs = set.reference.iter().zip(side);
                    pairs.map(|(r, o)| r * classes as u32 + o).collect()
                };
                let unit = set.items.iter().map(|&item| units.of_cases()[item]);
                [unit.collect(), cells(&set.person), cells(&set.judge)]
            })
            .collect();
        let statistic = Self {
            size: Size {
                cases: used.iter().filter(|&&used| used).count(),
                trials: sets.iter().map(|set| set[0].len()).sum(),
                units: units.count(),
            },
            sets,
            classes,
            weights,
            side,
        };
        statistic.point().ok_or(Undefined::NoCases)?;
        Ok(statistic)
    }
}

impl Statistic for CeilingStatistic {
    fn size(&self) -> Size {
        self.size
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let (mut people, mut judges, mut annotators) = (0.0, 0.0, 0.0);
        for [units, person, judge] in &self.sets {
            let kappa = |cells: &[u32]| {
                let times = units.iter().map(|&unit| weights[unit as usize]);
                kappa_of(
                    &Confusion::weighted(self.classes, cells, times),
                    self.weights,
                )
            };
            if let (Some(person), Some(judge)) = (kappa(person), kappa(judge)) {
                people += person;
                judges += judge;
                annotators += 1.0;
            }
        }
        let sum = match self.side {
            CeilingSide::People => people,
            CeilingSide::Judge => judges,
            CeilingSide::Distance => judges - people,
        };
        (annotators > 0.0).then(|| sum / annotators)
    }
}

/// As [`ceiling`] for numbers: Lin's concordance of each annotator with the mean of the others, and of the judge with
/// those same means. `cells` holds one row an item, one column an annotator.
///
/// # Errors
/// As [`ceiling`]; [`Undefined::NotFinite`].
pub fn ceiling_of_numbers(
    cells: &[Option<f64>],
    annotators: usize,
    judge: &[Option<f64>],
    confidence: Confidence,
) -> Result<Ceiling, Undefined> {
    if annotators == 0 || cells.len() != judge.len() * annotators {
        return Err(Undefined::Mismatched);
    }
    if cells.iter().chain(judge).flatten().any(|v| !v.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    let (sets, items) = sets(cells, annotators, judge, |others| {
        let (sum, n) = others.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
        (n > 0.0).then(|| sum / n)
    });
    let figure = |one: &[f64], reference: &[f64]| -> Result<(Estimate, Vec<f64>), Undefined> {
        let by_item = ccc_derivatives(reference, one, ccc(reference, one)?);
        Ok((lin_ccc(reference, one, confidence)?, by_item))
    };
    let found = sets.into_iter().filter_map(|set| set.against(figure));
    summed(found.collect(), judge.len(), items, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Plan, Seed, bca};

    const CONF: Confidence = Confidence::NINETY_FIVE;

    #[test]
    fn a_tie_has_no_majority() {
        assert_eq!(majority([1, 2, 2]), Some(2));
        assert_eq!(majority([1, 2]), None);
        assert_eq!(majority([3, 1, 2]), None);
        assert_eq!(majority([]), None);
    }

    #[test]
    fn people_who_agree_set_a_ceiling_of_one() {
        let labels = [0, 1, 0, 1, 1];
        let cells: Vec<Option<u32>> = labels.iter().flat_map(|&l| [Some(l); 3]).collect();
        let ratings = Ratings::new(&cells, 3, 2).unwrap();
        let judge = [Some(0), Some(1), Some(0), Some(0), None];
        let found = ceiling(&ratings, &judge, Weights::Identity, CONF).unwrap();
        assert_eq!(
            (found.people.point, found.items, found.annotators.len()),
            (1.0, 4, 3)
        );
        assert_eq!(found.annotators[0].items, 4);
        assert!((found.judge.point - 0.5).abs() < 1e-12);
        assert_eq!(found.people.interval, Err(Undefined::NoVariation));
    }

    #[test]
    fn a_ceiling_has_an_interval_over_items() {
        let said = |item: u32, annotator: u32| {
            (item % 2 + u32::from((item * 7 + annotator * 3).is_multiple_of(5))) % 2
        };
        let cells: Vec<Option<u32>> = (0..60)
            .flat_map(|i| (0..3).map(move |a| Some(said(i, a))))
            .collect();
        let judge: Vec<Option<u32>> = (0..60).map(|i| Some(said(i, 4))).collect();
        let ratings = Ratings::new(&cells, 3, 2).unwrap();
        let whole = ceiling(&ratings, &judge, Weights::Identity, CONF).unwrap();
        let plan = Plan {
            resamples: 1_000,
            ..Plan::new(Seed::derive(1, &[]))
        };
        for (side, plain) in [
            (CeilingSide::People, &whole.people),
            (CeilingSide::Judge, &whole.judge),
            (CeilingSide::Distance, &whole.distance),
        ] {
            let weights = Weights::Identity;
            let units = Units::singles(60);
            let statistic = CeilingStatistic::new(ratings, &judge, weights, &units, side).unwrap();
            let drawn = bca(&statistic, &plan, CONF).unwrap();
            assert!((drawn.point - plain.point).abs() < 1e-14);
            assert_eq!((drawn.n, drawn.trials), (plain.n, plain.trials));
            for found in [plain, &drawn] {
                let (low, high) = found.interval.unwrap().ends().unwrap();
                assert!(low < found.point && found.point < high);
            }
            let ratio = drawn.std_error.unwrap() / plain.std_error.unwrap();
            assert!((ratio - 1.0).abs() < 0.1, "{side:?}: {ratio}");
        }
        let short = CeilingStatistic::new(
            ratings,
            &judge,
            Weights::Identity,
            &Units::singles(59),
            CeilingSide::Judge,
        );
        assert_eq!(short.err(), Some(Undefined::Mismatched));
    }

    #[test]
    fn one_annotator_sets_no_ceiling() {
        let cells = [Some(0), Some(1)];
        let ratings = Ratings::new(&cells, 1, 2).unwrap();
        let judge = [Some(0), Some(1)];
        assert_eq!(
            ceiling(&ratings, &judge, Weights::Identity, CONF).err(),
            Some(Undefined::NoCases)
        );
        assert_eq!(
            ceiling(&ratings, &judge[..1], Weights::Identity, CONF).err(),
            Some(Undefined::Mismatched)
        );
    }

    #[test]
    fn numbers_are_held_against_the_mean_of_the_others() {
        let cells: Vec<Option<f64>> = (0..10)
            .flat_map(|i| [Some(f64::from(i)), Some(f64::from(i)), None])
            .collect();
        let judge: Vec<Option<f64>> = (0..10).map(|i| Some(f64::from(i) + 3.0)).collect();
        let found = ceiling_of_numbers(&cells, 3, &judge, CONF).unwrap();
        assert_eq!(
            (found.people.point, found.annotators.len(), found.items),
            (1.0, 2, 10)
        );
        assert!(found.judge.point < 0.8 && found.distance.high().unwrap() < 0.0);
    }
}
