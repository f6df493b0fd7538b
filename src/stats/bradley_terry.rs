//! Strengths of several systems from pairwise preferences.

use super::bootstrap::Statistic;
use super::distribution::normal_quantile;
use super::estimate::{Confidence, Estimate, Interval, Method, Size};
use super::sample::Units;
use super::undefined::Undefined;

/// Elo points of one unit of log-strength.
pub const ELO: f64 = 400.0 / std::f64::consts::LN_10;
/// Elo of the average system.
pub const ELO_MEAN: f64 = 1000.0;

/// Fitted log-strengths, in the gauge where they sum to 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Strengths {
    /// Log-strength of each system: i beats j with odds exp(s_i - s_j). Normal interval from the information matrix in
    /// that gauge, n the comparisons of the system.
    pub log: Vec<Estimate>,
}

impl Strengths {
    /// The same on the Elo scale: 400/ln 10 points a unit, mean [`ELO_MEAN`].
    #[must_use]
    pub fn elo(&self) -> Vec<Estimate> {
        let scaled = |value: f64| ELO_MEAN + ELO * value;
        self.log
            .iter()
            .cloned()
            .map(|mut one| {
                one.point = scaled(one.point);
                one.std_error = one.std_error.map(|se| ELO * se);
                one.interval = one.interval.map(|ends| Interval {
                    low: ends.low.map(scaled),
                    high: ends.high.map(scaled),
                });
                one
            })
            .collect()
    }
}

/// Whether everyone can be reached from system 0 along wins, forwards or backwards.
fn reaches_all(systems: usize, beats: impl Fn(usize, usize) -> bool) -> bool {
    let mut reached = vec![false; systems];
    reached[0] = true;
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        for (next, reached) in reached.iter_mut().enumerate() {
            if !*reached && beats(at, next) {
                *reached = true;
                open.push(next);
            }
        }
    }
    reached.into_iter().all(|r| r)
}

/// Inverse of a symmetric positive definite matrix by Gauss-Jordan; `None` where it has none.
fn inverse(mut matrix: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let n = matrix.len();
    for (row, line) in matrix.iter_mut().enumerate() {
        line.extend((0..n).map(|column| f64::from(u8::from(column == row))));
    }
    for column in 0..n {
        let pivot = (column..n)
            .max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        matrix.swap(column, pivot);
        let divisor = matrix[column][column];
        if divisor.abs() < 1e-300 {
            return None;
        }
        for value in &mut matrix[column] {
            *value /= divisor;
        }
        let source = matrix[column].clone();
        for (row, line) in matrix.iter_mut().enumerate() {
            let factor = line[column];
            if row != column && factor != 0.0 {
                for (value, above) in line.iter_mut().zip(&source) {
                    *value -= factor * above;
                }
            }
        }
    }
    Some(matrix.into_iter().map(|line| line[n..].to_vec()).collect())
}

/// Information matrix plus 1/k everywhere, which fixes the gauge and leaves the rest of its inverse unchanged.
fn information(wins: &[Vec<f64>], log: &[f64]) -> Vec<Vec<f64>> {
    let k = wins.len();
    let mut matrix = vec![vec![1.0 / k as f64; k]; k];
    for i in 0..k {
        for j in 0..k {
            if i != j {
                let p = 1.0 / (1.0 + (log[j] - log[i]).exp());
                let weight = (wins[i][j] + wins[j][i]) * p * (1.0 - p);
                matrix[i][i] += weight;
                matrix[i][j] -= weight;
            }
        }
    }
    matrix
}

/// Maximum-likelihood strengths of Bradley and Terry (1952), by Newton's method in the gauge where they sum to 0.
///
/// `wins[i][j]`: how often i beat j; a tie is half a win to each. The likelihood depends on the counts alone, not on
/// their order (as online Elo does). The intervals assume independent comparisons; over items that were compared many
/// times take [`StrengthStatistic`] to the bootstrap.
///
/// # Errors
/// [`Undefined::NoFiniteStrength`] where the systems fall into two groups of which one never beat the other, so that no
/// finite strengths exist; [`Undefined::NoCases`] for fewer than two systems; [`Undefined::Mismatched`] unless square;
/// [`Undefined::OutOfRange`] for a negative count.
pub fn bradley_terry(wins: &[Vec<f64>], confidence: Confidence) -> Result<Strengths, Undefined> {
    let log = fitted(wins)?;
    let k = wins.len();
    let inverse = inverse(information(wins, &log)).ok_or(Undefined::NoFiniteStrength)?;
    let z = normal_quantile(confidence.upper());
    let log = (0..k)
        .map(|i| {
            // The fixed gauge adds 1/k to every entry of the inverse.
            let se = (inverse[i][i] - 1.0 / k as f64).max(0.0).sqrt();
            let interval = Interval::new(log[i] - z * se, log[i] + z * se);
            let comparisons: f64 = (0..k)
                .filter(|&j| j != i)
                .map(|j| wins[i][j] + wins[j][i])
                .sum();
            let size = Size::cases(comparisons.round() as usize);
            Estimate::new(log[i], Ok(interval), confidence, size, Method::Asymptotic)
                .with_std_error(se)
        })
        .collect();
    Ok(Strengths { log })
}

/// The log-strengths themselves.
fn fitted(wins: &[Vec<f64>]) -> Result<Vec<f64>, Undefined> {
    let k = wins.len();
    if k < 2 {
        return Err(Undefined::NoCases);
    }
    if wins.iter().any(|row| row.len() != k) {
        return Err(Undefined::Mismatched);
    }
    if wins.iter().flatten().any(|w| !(w.is_finite() && *w >= 0.0)) {
        return Err(Undefined::OutOfRange);
    }
    // Ford's condition (1957): a way from everyone to everyone along wins.
    if !reaches_all(k, |i, j| wins[i][j] > 0.0) || !reaches_all(k, |i, j| wins[j][i] > 0.0) {
        return Err(Undefined::NoFiniteStrength);
    }
    let mut log = vec![0.0_f64; k];
    for _ in 0..200 {
        let gradient: Vec<f64> = (0..k)
            .map(|i| {
                let one = |j: usize| {
                    let p = 1.0 / (1.0 + (log[j] - log[i]).exp());
                    wins[i][j] - (wins[i][j] + wins[j][i]) * p
                };
                (0..k).filter(|&j| j != i).map(one).sum()
            })
            .collect();
        let inverse = inverse(information(wins, &log)).ok_or(Undefined::NoFiniteStrength)?;
        let step: Vec<f64> = inverse
            .iter()
            .map(|row| row.iter().zip(&gradient).map(|(a, g)| a * g).sum())
            .collect();
        // Far from the top Newton overshoots; two units of log-odds at a time never do.
        let longest = step.iter().fold(0.0_f64, |most, s| most.max(s.abs()));
        let scale = if longest > 2.0 { 2.0 / longest } else { 1.0 };
        for (s, d) in log.iter_mut().zip(&step) {
            *s += scale * d;
        }
        let mean = log.iter().sum::<f64>() / k as f64;
        for s in &mut log {
            *s -= mean;
        }
        if longest < 1e-13 {
            break;
        }
    }
    Ok(log)
}

/// One comparison of an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// One system.
    pub first: u32,
    /// The other.
    pub second: u32,
    /// Share of the win that goes to the first: 1, 0, or 1/2 for a tie.
    pub to_first: f64,
}

/// Counts comparisons into the matrix that [`bradley_terry`] reads.
///
/// # Errors
/// [`Undefined::OutOfRange`] for a system that is not below `systems`, a system against itself, or a share outside 0..1.
pub fn wins_matrix(matches: &[Match], systems: usize) -> Result<Vec<Vec<f64>>, Undefined> {
    weighted_wins(matches, systems, |_| 1)
}

fn weighted_wins(
    matches: &[Match],
    systems: usize,
    times: impl Fn(usize) -> u32,
) -> Result<Vec<Vec<f64>>, Undefined> {
    let mut wins = vec![vec![0.0; systems]; systems];
    for (place, one) in matches.iter().enumerate() {
        let (i, j) = (one.first as usize, one.second as usize);
        if i >= systems || j >= systems || i == j || !(0.0..=1.0).contains(&one.to_first) {
            return Err(Undefined::OutOfRange);
        }
        let times = f64::from(times(place));
        wins[i][j] += times * one.to_first;
        wins[j][i] += times * (1.0 - one.to_first);
    }
    Ok(wins)
}

/// Log-strength of one system as a statistic over items, all comparisons of an item drawn together.
pub struct StrengthStatistic<'a> {
    matches: &'a [Match],
    units: Units,
    systems: usize,
    system: usize,
}

impl<'a> StrengthStatistic<'a> {
    /// `units` holds the item of each comparison.
    ///
    /// # Errors
    /// As [`wins_matrix`]; [`Undefined::Mismatched`] for units that are not parallel to the comparisons.
    pub fn new(
        matches: &'a [Match],
        units: Units,
        systems: usize,
        system: usize,
    ) -> Result<Self, Undefined> {
        wins_matrix(matches, systems)?;
        if units.of_cases().len() != matches.len() {
            return Err(Undefined::Mismatched);
        }
        if system >= systems {
            return Err(Undefined::OutOfRange);
        }
        Ok(Self {
            matches,
            units,
            systems,
            system,
        })
    }
}

impl Statistic for StrengthStatistic<'_> {
    fn size(&self) -> Size {
        Size {
            cases: self.units.count(),
            trials: self.matches.len(),
            units: self.units.count(),
        }
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let times = |place: usize| weights[self.units.of_cases()[place] as usize];
        let wins = weighted_wins(self.matches, self.systems, times).ok()?;
        fitted(&wins).ok().map(|log| log[self.system])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Draws, Plan, Seed};

    const CONF: Confidence = Confidence::NINETY_FIVE;

    #[test]
    fn two_systems_differ_by_the_log_odds_of_their_wins() {
        let found = bradley_terry(&[vec![0.0, 30.0], vec![10.0, 0.0]], CONF).unwrap();
        let (one, other) = (&found.log[0], &found.log[1]);
        assert_eq!((one.n, other.n), (40, 40));
        assert!((one.point - other.point - 3.0_f64.ln()).abs() < 1e-12);
        assert!((one.point + other.point).abs() < 1e-12);
        // Variance of the log-odds is 1/30 + 1/10, half of its root on each side.
        assert!((one.std_error.unwrap() - (1.0_f64 / 30.0 + 0.1).sqrt() / 2.0).abs() < 1e-12);
        assert!(
            (found.elo()[0].point - found.elo()[1].point - 400.0 * 3.0_f64.log10()).abs() < 1e-9
        );
    }

    #[test]
    fn a_system_that_never_loses_has_no_finite_strength() {
        let unbeaten = [
            vec![0.0, 5.0, 5.0],
            vec![0.0, 0.0, 5.0],
            vec![0.0, 5.0, 0.0],
        ];
        assert_eq!(
            bradley_terry(&unbeaten, CONF),
            Err(Undefined::NoFiniteStrength)
        );
        let apart = [
            vec![0.0, 1.0, 0.0, 0.0],
            vec![1.0, 0.0, 0.0, 0.0],
            vec![0.0, 0.0, 0.0, 1.0],
            vec![0.0, 0.0, 1.0, 0.0],
        ];
        assert_eq!(
            bradley_terry(&apart, CONF),
            Err(Undefined::NoFiniteStrength)
        );
    }

    #[test]
    fn what_is_no_table_of_wins_is_refused() {
        assert_eq!(bradley_terry(&[vec![0.0]], CONF), Err(Undefined::NoCases));
        assert_eq!(
            bradley_terry(&[vec![0.0, 1.0], vec![1.0]], CONF),
            Err(Undefined::Mismatched)
        );
        assert_eq!(
            bradley_terry(&[vec![0.0, -1.0], vec![1.0, 0.0]], CONF),
            Err(Undefined::OutOfRange)
        );
        let own = [Match {
            first: 1,
            second: 1,
            to_first: 1.0,
        }];
        assert_eq!(wins_matrix(&own, 2), Err(Undefined::OutOfRange));
    }

    #[test]
    fn a_tie_is_half_a_win_to_each() {
        let matches = [
            Match {
                first: 0,
                second: 1,
                to_first: 0.5,
            },
            Match {
                first: 1,
                second: 0,
                to_first: 1.0,
            },
        ];
        assert_eq!(
            wins_matrix(&matches, 2).unwrap(),
            [vec![0.0, 0.5], vec![1.5, 0.0]]
        );
        let statistic = StrengthStatistic::new(&matches, Units::singles(2), 2, 0).unwrap();
        assert!((statistic.point().unwrap() - (1.0_f64 / 3.0).ln() / 2.0).abs() < 1e-12);
    }

    #[test]
    fn strengths_over_items_have_an_interval_wider_where_items_repeat() {
        let one = |i: u32| Match {
            first: i % 3,
            second: (i + 1) % 3,
            to_first: f64::from(u8::from(i % 5 < 3)),
        };
        let matches: Vec<Match> = (0..120).map(one).collect();
        let plan = Plan {
            resamples: 2_000,
            ..Plan::new(Seed::derive(1, &[]))
        };
        let width = |items: u32| {
            let groups: Vec<u32> = (0..120).map(|i| i % items).collect();
            let statistic = StrengthStatistic::new(&matches, Units::of(&groups), 3, 0).unwrap();
            let found = Draws::of(&statistic, &plan)
                .unwrap()
                .percentile(Confidence::NINETY_FIVE);
            let (low, high) = found.interval.unwrap().ends().unwrap();
            assert!(low <= found.point && found.point <= high);
            high - low
        };
        let information = bradley_terry(&wins_matrix(&matches, 3).unwrap(), CONF).unwrap();
        let se = information.log[0].std_error.unwrap();
        assert!((width(120) / (2.0 * 1.96 * se) - 1.0).abs() < 0.2);
        // Twelve items of ten comparisons each, which end alike three times in five.
        assert!(width(15) > width(120));
    }
}
