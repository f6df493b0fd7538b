//! Agreement beyond chance of two annotators: Cohen's kappa, also weighted.

use super::bootstrap::Statistic;
use super::confusion::Confusion;
use super::distribution::normal_quantile;
use super::estimate::{Confidence, Estimate, Interval, Method, Scale, Size};
use super::sample::Units;
use super::undefined::Undefined;

/// How much agreement two classes are worth, over the *declared* scale: 1 for the same, 0 for its two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Only the same class agrees.
    Identity,
    /// 1 - |i - j| / (q - 1).
    Linear,
    /// 1 - (i - j)^2 / (q - 1)^2.
    Quadratic,
}

impl Weights {
    /// Weight of a pair of classes among `classes`.
    #[must_use]
    pub fn of(self, i: usize, j: usize, classes: usize) -> f64 {
        let step = i.abs_diff(j) as f64 / (classes.max(2) - 1) as f64;
        match self {
            Self::Identity => f64::from(u8::from(i == j)),
            Self::Linear => 1.0 - step,
            Self::Quadratic => 1.0 - step * step,
        }
    }
}

/// What kappa is made of: agreement seen, agreement by chance, and both of their spreads.
struct Parts {
    kappa: f64,
    variance: f64,
    null_variance: f64,
    /// Mean weight of each class of one side with the classes of the other.
    row: Vec<f64>,
    column: Vec<f64>,
    /// One less agreement by chance.
    left: f64,
}

fn shares(table: &Confusion, n: f64) -> (Vec<f64>, Vec<f64>) {
    let of = |totals: Vec<u64>| totals.into_iter().map(|t| t as f64 / n).collect();
    (of(table.human_totals()), of(table.judge_totals()))
}

fn parts(table: &Confusion, weights: Weights) -> Result<Parts, Undefined> {
    let n = table.checked()?;
    let q = table.classes();
    let (human, judge) = shares(table, n);
    // Both sides constant and equal: no chance left to correct for.
    if (0..q).any(|class| human[class] == 1.0 && judge[class] == 1.0) {
        return Err(Undefined::NoVariation);
    }
    let weight = |i, j| weights.of(i, j, q);
    let cells = || (0..q).flat_map(move |i| (0..q).map(move |j| (i, j)));
    let seen: f64 = cells()
        .map(|(i, j)| weight(i, j) * table.count(i, j) as f64 / n)
        .sum();
    let row: Vec<f64> = (0..q)
        .map(|i| (0..q).map(|j| weight(i, j) * judge[j]).sum())
        .collect();
    let column: Vec<f64> = (0..q)
        .map(|j| (0..q).map(|i| weight(i, j) * human[i]).sum())
        .collect();
    let chance: f64 = human
        .iter()
        .zip(&row)
        .map(|(share, weight)| share * weight)
        .sum();
    let left = 1.0 - chance;
    if left <= 0.0 {
        return Err(Undefined::NoVariation);
    }
    let kappa = ((seen - chance) / left).min(1.0);
    let spread = |share: &dyn Fn(usize, usize) -> f64, kappa: f64| -> f64 {
        let square: f64 = cells()
            .map(|(i, j)| {
                share(i, j) * (weight(i, j) - (row[i] + column[j]) * (1.0 - kappa)).powi(2)
            })
            .sum();
        let less = kappa - chance * (1.0 - kappa);
        ((square - less * less) / (left * left) / n).max(0.0)
    };
    Ok(Parts {
        kappa,
        variance: spread(&|i, j| table.count(i, j) as f64 / n, kappa),
        null_variance: spread(&|i, j| human[i] * judge[j], 0.0),
        row,
        column,
        left,
    })
}

/// Kappa itself, and its derivative by the share of each cell, row by row: the linearisation behind its variance.
pub(super) fn kappa_and_derivatives(
    table: &Confusion,
    weights: Weights,
) -> Result<(f64, Vec<f64>), Undefined> {
    let q = table.classes();
    let Parts {
        kappa,
        row,
        column,
        left,
        ..
    } = parts(table, weights)?;
    let cells = (0..q).flat_map(|i| (0..q).map(move |j| (i, j)));
    let by_cell =
        cells.map(|(i, j)| (weights.of(i, j, q) - (row[i] + column[j]) * (1.0 - kappa)) / left);
    Ok((kappa, by_cell.collect()))
}

/// Kappa itself.
pub(super) fn kappa_of(table: &Confusion, weights: Weights) -> Option<f64> {
    parts(table, weights).ok().map(|parts| parts.kappa)
}

/// Cohen's kappa, (po - pe)/(1 - pe) (Cohen 1960; weighted: Cohen 1968), with its asymptotic interval (Fleiss, Cohen
/// and Everitt 1969), cut to -1..1.
///
/// Weights run over the declared scale, so an unused level keeps its distance. Assumes independent items; with clusters
/// take [`kappa_statistic`] to the bootstrap. Unfair at skewed base rates: to be read beside [`super::gwet()`].
///
/// One side constant: kappa 0, no interval. Perfect agreement: 1, no interval, since its asymptotic error is 0 at any n.
///
/// # Errors
/// [`Undefined::NoCases`]; [`Undefined::NoVariation`] where both sides are constant and equal.
pub fn cohen_kappa(
    table: &Confusion,
    weights: Weights,
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    let parts = parts(table, weights)?;
    let se = parts.variance.sqrt();
    let scale = Scale::new(-1.0, 1.0).ok_or(Undefined::OutOfRange)?;
    // A variance of zero comes out of its subtraction as some 1e-17.
    let interval = if parts.variance > 1e-15 {
        let half = normal_quantile(confidence.upper()) * se;
        Ok(Interval::new(parts.kappa - half, parts.kappa + half).cut(scale))
    } else {
        Err(Undefined::NoVariation)
    };
    let size = Size::cases(usize::try_from(table.items()).unwrap_or(usize::MAX));
    Ok(
        Estimate::new(parts.kappa, interval, confidence, size, Method::Asymptotic)
            .with_std_error(se),
    )
}

/// Standard error of kappa if there were no agreement beyond chance (Fleiss, Cohen and Everitt 1969): for testing
/// kappa = 0, never for an interval.
///
/// # Errors
/// As [`cohen_kappa`].
pub fn kappa_null_std_error(table: &Confusion, weights: Weights) -> Result<f64, Undefined> {
    Ok(parts(table, weights)?.null_variance.sqrt())
}

/// Any figure of a [`Confusion`] as a statistic over top units, for [`super::bca`] where items are clustered:
/// `|table| table.mcc(confidence).ok().map(|mcc| mcc.point)`. A resample costs the items and one reading of the table.
pub struct TableStatistic<F> {
    cells: Vec<u32>,
    units: Units,
    classes: usize,
    figure: F,
}

impl<F> TableStatistic<F>
where
    F: Fn(&Confusion) -> Option<f64> + Sync,
{
    /// The figure of the items' table, items resampled by unit.
    ///
    /// # Errors
    /// As [`Confusion::of`], and [`Undefined::Mismatched`] for units that are not parallel to the items.
    pub fn new(
        human: &[u32],
        judge: &[u32],
        classes: usize,
        units: Units,
        figure: F,
    ) -> Result<Self, Undefined> {
        Confusion::of(human, judge, classes)?;
        if units.of_cases().len() != human.len() {
            return Err(Undefined::Mismatched);
        }
        // Labels are below `classes`, so a cell's number is below its square.
        let cells = human
            .iter()
            .zip(judge)
            .map(|(h, j)| h * classes as u32 + j)
            .collect();
        Ok(Self {
            cells,
            units,
            classes,
            figure,
        })
    }
}

impl<F> Statistic for TableStatistic<F>
where
    F: Fn(&Confusion) -> Option<f64> + Sync,
{
    fn size(&self) -> Size {
        Size {
            cases: self.cells.len(),
            trials: self.cells.len(),
            units: self.units.count(),
        }
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let times = self
            .units
            .of_cases()
            .iter()
            .map(|&unit| weights[unit as usize]);
        (self.figure)(&Confusion::weighted(self.classes, &self.cells, times))
    }

    /// One table, from which each unit's items are taken and put back: time grows with items plus units.
    fn leave_one_out(&self) -> Vec<Option<f64>> {
        let mut cells: Vec<(u32, u32)> = self
            .units
            .of_cases()
            .iter()
            .copied()
            .zip(self.cells.iter().copied())
            .collect();
        cells.sort_unstable();
        let all = self.cells.iter().map(|_| 1);
        let mut table = Confusion::weighted(self.classes, &self.cells, all);
        cells
            .chunk_by(|a, b| a.0 == b.0)
            .map(|unit| {
                unit.iter().for_each(|item| table.take(item.1));
                let value = (self.figure)(&table);
                unit.iter().for_each(|item| table.put(item.1));
                value
            })
            .collect()
    }
}

/// [`cohen_kappa`]'s point as a statistic over top units.
///
/// # Errors
/// As [`TableStatistic::new`].
pub fn kappa_statistic(
    human: &[u32],
    judge: &[u32],
    classes: usize,
    units: Units,
    weights: Weights,
) -> Result<impl Statistic + use<>, Undefined> {
    TableStatistic::new(human, judge, classes, units, move |table| {
        kappa_of(table, weights)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(human: &[u32], judge: &[u32], classes: usize) -> Confusion {
        Confusion::of(human, judge, classes).unwrap()
    }

    #[test]
    fn one_constant_side_is_kappa_zero_without_interval() {
        let found = cohen_kappa(
            &table(&[1, 0, 1, 0, 1], &[1; 5], 2),
            Weights::Identity,
            Confidence::NINETY,
        )
        .unwrap();
        assert!(found.point.abs() < 1e-15);
        assert_eq!(found.interval, Err(Undefined::NoVariation));
    }

    #[test]
    fn two_constant_sides_are_undefined_or_zero() {
        let same = cohen_kappa(
            &table(&[1; 4], &[1; 4], 2),
            Weights::Identity,
            Confidence::NINETY,
        );
        assert_eq!(same, Err(Undefined::NoVariation));
        let different = cohen_kappa(
            &table(&[1; 3], &[0; 3], 2),
            Weights::Identity,
            Confidence::NINETY,
        )
        .unwrap();
        assert_eq!(different.point, 0.0);
    }

    #[test]
    fn perfect_agreement_has_no_asymptotic_interval() {
        let perfect = table(&[0, 1, 2, 0], &[0, 1, 2, 0], 3);
        for weights in [Weights::Identity, Weights::Linear, Weights::Quadratic] {
            let found = cohen_kappa(&perfect, weights, Confidence::NINETY_FIVE).unwrap();
            assert_eq!(
                (found.point, found.interval),
                (1.0, Err(Undefined::NoVariation))
            );
        }
    }

    #[test]
    fn weights_run_over_the_declared_scale() {
        assert_eq!(Weights::Linear.of(0, 4, 5), 0.0);
        assert_eq!(Weights::Linear.of(1, 2, 5), 0.75);
        assert_eq!(Weights::Quadratic.of(1, 3, 5), 0.75);
        assert_eq!(Weights::Identity.of(1, 1, 5), 1.0);
    }

    #[test]
    fn a_statistic_without_weights_is_the_figure() {
        let (human, judge) = ([0, 1, 1, 0, 2, 2, 1], [0, 1, 2, 0, 2, 1, 1]);
        let statistic =
            kappa_statistic(&human, &judge, 3, Units::singles(7), Weights::Linear).unwrap();
        let plain = cohen_kappa(
            &table(&human, &judge, 3),
            Weights::Linear,
            Confidence::NINETY,
        )
        .unwrap();
        assert_eq!(statistic.point(), Some(plain.point));
        let groups = [4, 2, 4, 2, 2, 9, 9];
        let clustered =
            kappa_statistic(&human, &judge, 3, Units::of(&groups), Weights::Linear).unwrap();
        let each: Vec<Option<f64>> = [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
            .iter()
            .map(|weights| clustered.weighted(weights))
            .collect();
        assert_eq!(clustered.leave_one_out(), each);
        let short = kappa_statistic(&human, &judge, 3, Units::singles(6), Weights::Linear);
        assert_eq!(short.err(), Some(Undefined::Mismatched));
    }
}
