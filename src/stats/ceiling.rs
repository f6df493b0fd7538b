//! How well people agree with people: what no judge can be asked to exceed.

use super::bootstrap::Statistic;
use super::closeness::lin_ccc;
use super::confusion::Confusion;
use super::estimate::{Confidence, Size};
use super::kappa::{Weights, cohen_kappa};
use super::ratings::Ratings;
use super::sample::Units;
use super::undefined::Undefined;

/// Fewest items of two annotators and more that a ceiling is shown for.
pub const MIN_CEILING_ITEMS: usize = 30;

/// One annotator held against the others, and the judge against the same others on the same items.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeftOut {
    /// Column of the annotator.
    pub annotator: usize,
    /// Items on which the others have a majority (or a mean) and annotator and judge a value.
    pub items: usize,
    /// Agreement of the annotator with the others.
    pub person: f64,
    /// Agreement of the judge with the others.
    pub judge: f64,
}

/// Agreement of people with people beside that of the judge with the same references.
#[derive(Clone, Debug, PartialEq)]
pub struct Ceiling {
    /// Annotators for whom both figures exist.
    pub annotators: Vec<LeftOut>,
    /// Mean over annotators: the ceiling.
    pub people: f64,
    /// Mean over annotators of the judge's agreement with the same references.
    pub judge: f64,
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

fn summed(annotators: Vec<LeftOut>, items: usize) -> Result<Ceiling, Undefined> {
    if annotators.is_empty() {
        return Err(Undefined::NoCases);
    }
    let n = annotators.len() as f64;
    Ok(Ceiling {
        people: annotators.iter().map(|a| a.person).sum::<f64>() / n,
        judge: annotators.iter().map(|a| a.judge).sum::<f64>() / n,
        annotators,
        items,
    })
}

/// Each annotator's kappa with the majority of the others, averaged, and the judge's with those same majorities on the
/// same items (a fair comparison: the same references, the same number of items).
///
/// Ties among the others are dropped. An annotator whose table has no kappa (one class only) is left out. Shown from
/// [`MIN_CEILING_ITEMS`] items on; an agreement above the ceiling is no better judge.
///
/// # Errors
/// [`Undefined::Mismatched`] for a judge that is not parallel to the items; [`Undefined::OutOfRange`] for a verdict that
/// is no class; [`Undefined::NoCases`] where no annotator has a figure.
pub fn ceiling(
    ratings: &Ratings<'_>,
    judge: &[Option<u32>],
    weights: Weights,
) -> Result<Ceiling, Undefined> {
    if judge.len() != ratings.items() {
        return Err(Undefined::Mismatched);
    }
    let kappa = |one: &[u32], reference: &[u32]| -> Result<f64, Undefined> {
        let table = Confusion::of(reference, one, ratings.classes())?;
        cohen_kappa(&table, weights, Confidence::NINETY_FIVE).map(|k| k.point)
    };
    let mut found = Vec::new();
    for annotator in 0..ratings.annotators() {
        let (mut person, mut machine, mut reference) = (Vec::new(), Vec::new(), Vec::new());
        for (item, verdict) in judge.iter().enumerate() {
            let row = ratings.item(item);
            let others = row
                .iter()
                .enumerate()
                .filter(|(place, _)| *place != annotator)
                .filter_map(|(_, v)| *v);
            if let (Some(own), Some(verdict), Some(majority)) =
                (row[annotator], *verdict, majority(others))
            {
                person.push(own);
                machine.push(verdict);
                reference.push(majority);
            }
        }
        match (kappa(&person, &reference), kappa(&machine, &reference)) {
            (Ok(p), Ok(j)) => found.push(LeftOut {
                annotator,
                items: person.len(),
                person: p,
                judge: j,
            }),
            (Err(Undefined::OutOfRange), _) | (_, Err(Undefined::OutOfRange)) => {
                return Err(Undefined::OutOfRange);
            }
            _ => {}
        }
    }
    let items = (0..ratings.items())
        .filter(|&item| judge[item].is_some() && ratings.item(item).iter().flatten().count() >= 2)
        .count();
    summed(found, items)
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

/// [`ceiling`] as a statistic over top units, for [`super::Draws`]: items are drawn with all their labels.
pub struct CeilingStatistic<'a> {
    ratings: Ratings<'a>,
    judge: &'a [Option<u32>],
    weights: Weights,
    units: Units,
    side: CeilingSide,
}

impl<'a> CeilingStatistic<'a> {
    /// `units` holds the top unit of every item.
    ///
    /// # Errors
    /// As [`ceiling`]; [`Undefined::Mismatched`] for units that are not parallel to the items.
    pub fn new(
        ratings: Ratings<'a>,
        judge: &'a [Option<u32>],
        weights: Weights,
        units: Units,
        side: CeilingSide,
    ) -> Result<Self, Undefined> {
        ceiling(&ratings, judge, weights)?;
        if units.of_cases().len() != judge.len() {
            return Err(Undefined::Mismatched);
        }
        Ok(Self {
            ratings,
            judge,
            weights,
            units,
            side,
        })
    }
}

impl Statistic for CeilingStatistic<'_> {
    fn size(&self) -> Size {
        Size {
            cases: self.judge.len(),
            trials: self.ratings.labels(),
            units: self.units.count(),
        }
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let (mut cells, mut judge) = (Vec::new(), Vec::new());
        for (item, &unit) in self.units.of_cases().iter().enumerate() {
            for _ in 0..weights[unit as usize] {
                cells.extend_from_slice(self.ratings.item(item));
                judge.push(self.judge[item]);
            }
        }
        let drawn = Ratings::new(&cells, self.ratings.annotators(), self.ratings.classes()).ok()?;
        let found = ceiling(&drawn, &judge, self.weights).ok()?;
        Some(match self.side {
            CeilingSide::People => found.people,
            CeilingSide::Judge => found.judge,
            CeilingSide::Distance => found.judge - found.people,
        })
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
) -> Result<Ceiling, Undefined> {
    if annotators == 0 || cells.len() != judge.len() * annotators {
        return Err(Undefined::Mismatched);
    }
    if cells.iter().chain(judge).flatten().any(|v| !v.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    let rows = || cells.chunks(annotators).zip(judge);
    let mut found = Vec::new();
    for annotator in 0..annotators {
        let (mut person, mut machine, mut reference) = (Vec::new(), Vec::new(), Vec::new());
        for (row, verdict) in rows() {
            let others: Vec<f64> = row
                .iter()
                .enumerate()
                .filter(|(place, _)| *place != annotator)
                .filter_map(|(_, v)| *v)
                .collect();
            if let (Some(own), Some(verdict), false) = (row[annotator], *verdict, others.is_empty())
            {
                person.push(own);
                machine.push(verdict);
                reference.push(others.iter().sum::<f64>() / others.len() as f64);
            }
        }
        if let (Ok(p), Ok(j)) = (lin_ccc(&reference, &person), lin_ccc(&reference, &machine)) {
            found.push(LeftOut {
                annotator,
                items: person.len(),
                person: p,
                judge: j,
            });
        }
    }
    let items = rows()
        .filter(|(row, verdict)| verdict.is_some() && row.iter().flatten().count() >= 2)
        .count();
    summed(found, items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Draws, Plan, Seed};

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
        let found = ceiling(&ratings, &judge, Weights::Identity).unwrap();
        assert_eq!(
            (found.people, found.items, found.annotators.len()),
            (1.0, 4, 3)
        );
        assert_eq!(found.annotators[0].items, 4);
        assert!((found.judge - 0.5).abs() < 1e-12);
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
        let whole = ceiling(&ratings, &judge, Weights::Identity).unwrap();
        let plan = Plan {
            resamples: 1_000,
            ..Plan::new(Seed::derive(1, &[]))
        };
        for (side, point) in [
            (CeilingSide::People, whole.people),
            (CeilingSide::Judge, whole.judge),
            (CeilingSide::Distance, whole.judge - whole.people),
        ] {
            let statistic =
                CeilingStatistic::new(ratings, &judge, Weights::Identity, Units::singles(60), side)
                    .unwrap();
            let found = Draws::of(&statistic, &plan)
                .unwrap()
                .percentile(Confidence::NINETY_FIVE);
            assert_eq!(found.point, point);
            let (low, high) = found.interval.unwrap().ends().unwrap();
            assert!(low < point && point < high);
        }
        let short = CeilingStatistic::new(
            ratings,
            &judge,
            Weights::Identity,
            Units::singles(59),
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
            ceiling(&ratings, &judge, Weights::Identity).err(),
            Some(Undefined::NoCases)
        );
        assert_eq!(
            ceiling(&ratings, &judge[..1], Weights::Identity).err(),
            Some(Undefined::Mismatched)
        );
    }

    #[test]
    fn numbers_are_held_against_the_mean_of_the_others() {
        let cells: Vec<Option<f64>> = (0..10)
            .flat_map(|i| [Some(f64::from(i)), Some(f64::from(i)), None])
            .collect();
        let judge: Vec<Option<f64>> = (0..10).map(|i| Some(f64::from(i) + 3.0)).collect();
        let found = ceiling_of_numbers(&cells, 3, &judge).unwrap();
        assert_eq!(
            (found.people, found.annotators.len(), found.items),
            (1.0, 2, 10)
        );
        assert!(found.judge < 0.8);
    }
}
