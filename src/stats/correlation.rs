//! Do two series of numbers rise together: Pearson, Spearman, Kendall, with p and interval.

use super::bootstrap::Statistic;
use super::distribution::{normal_quantile, normal_two_sided, t_two_sided};
use super::estimate::{Confidence, Estimate, Interval, Method, Size};
use super::ranks::mid_ranks;
use super::sample::Units;
use super::undefined::{Undefined, finite_pairs};

/// A correlation with its p-value for no association, where there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    /// The correlation with its interval.
    pub estimate: Estimate,
    /// Two-sided p-value of no association.
    pub p: Result<f64, Undefined>,
}

fn checked(x: &[f64], y: &[f64]) -> Result<(), Undefined> {
    finite_pairs(x, y)?;
    // Two points lie on a line whatever they are; one is no line at all.
    if x.len() < 3 {
        return Err(Undefined::FewUnits {
            have: x.len(),
            need: 3,
        });
    }
    Ok(())
}

/// Pearson's r itself.
pub(crate) fn r_of(x: &[f64], y: &[f64]) -> Result<f64, Undefined> {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        let (a, b) = (a - mx, b - my);
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    let flat = |squares: f64, mean: f64| squares.sqrt() <= 1e-14 * mean.abs() * n.sqrt();
    if flat(xx, mx) || flat(yy, my) {
        return Err(Undefined::NoVariation);
    }
    let r = xy / (xx.sqrt() * yy.sqrt());
    // A perfect line misses 1 by rounding alone.
    Ok(if r.abs() > 1.0 - 1e-14 { r.signum() } else { r })
}

/// Interval on Fisher's z scale with a given standard error.
fn fisher(r: f64, se: f64, confidence: Confidence) -> Result<Interval, Undefined> {
    if r.abs() >= 1.0 {
        // On the boundary the transform is infinite at any n.
        return Err(Undefined::NoVariation);
    }
    let half = normal_quantile(confidence.upper()) * se;
    Ok(Interval::new(
        (r.atanh() - half).tanh(),
        (r.atanh() + half).tanh(),
    ))
}

fn too_few(n: usize) -> Undefined {
    Undefined::FewUnits { have: n, need: 4 }
}

fn t_test(r: f64, n: usize) -> f64 {
    let df = n as f64 - 2.0;
    if r.abs() >= 1.0 {
        return 0.0;
    }
    t_two_sided(r * (df / ((1.0 - r) * (1.0 + r))).sqrt(), df)
}

/// Pearson's r with Fisher's z interval, SE 1/sqrt(n - 3) (Fisher 1921), and the t test with n - 2 degrees of freedom.
///
/// Assumes independent pairs, for the interval also normal ones; with clusters take [`pearson_statistic`] to the
/// bootstrap. Blind to a shift of either side. Three pairs, or r = -1 or 1: a point without interval.
///
/// # Errors
/// [`Undefined::NoVariation`] where a side is constant; [`Undefined::FewUnits`] for one or two pairs, whose r says
/// nothing; [`Undefined::NoCases`], [`Undefined::NotFinite`], [`Undefined::Mismatched`].
pub fn pearson(x: &[f64], y: &[f64], confidence: Confidence) -> Result<Correlation, Undefined> {
    checked(x, y)?;
    let r = r_of(x, y)?;
    let n = x.len();
    let interval = if n < 4 {
        Err(too_few(n))
    } else {
        fisher(r, 1.0 / (n as f64 - 3.0).sqrt(), confidence)
    };
    Ok(Correlation {
        estimate: Estimate::new(r, interval, confidence, Size::cases(n), Method::FisherZ),
        p: Ok(t_test(r, n)),
    })
}

/// Spearman's rho: Pearson's r of the mid-ranks, with the interval of Bonett and Wright (2000),
/// SE sqrt((1 + r^2/2)/(n - 3)) on the z scale, and the t test.
///
/// Assumptions and degenerate cases as [`pearson`].
///
/// # Errors
/// As [`pearson`].
pub fn spearman(x: &[f64], y: &[f64], confidence: Confidence) -> Result<Correlation, Undefined> {
    checked(x, y)?;
    let r = r_of(&mid_ranks(x).0, &mid_ranks(y).0)?;
    let n = x.len();
    let interval = if n < 4 {
        Err(too_few(n))
    } else {
        fisher(
            r,
            ((1.0 + r * r / 2.0) / (n as f64 - 3.0)).sqrt(),
            confidence,
        )
    };
    Ok(Correlation {
        estimate: Estimate::new(
            r,
            interval,
            confidence,
            Size::cases(n),
            Method::BonettWright,
        ),
        p: Ok(t_test(r, n)),
    })
}

/// Pairs tied, and what ties do to the variance of Kendall's score.
#[derive(Clone, Copy, Default)]
struct Ties {
    pairs: f64,
    threes: f64,
    spread: f64,
}

impl Ties {
    fn of(sizes: impl Iterator<Item = f64>) -> Self {
        sizes.fold(Self::default(), |mut ties, t| {
            ties.pairs += t * (t - 1.0) / 2.0;
            ties.threes += t * (t - 1.0) * (t - 2.0);
            ties.spread += t * (t - 1.0) * (2.0 * t + 5.0);
            ties
        })
    }
}

/// Sizes of the runs of equal neighbours.
fn runs<T>(sorted: &[T], equal: impl Fn(&T, &T) -> bool) -> Vec<f64> {
    sorted
        .chunk_by(|a, b| equal(a, b))
        .map(|run| run.len() as f64)
        .collect()
}

/// Exchanges that sorting by merging makes: the discordant pairs of a series whose partner is in order.
fn exchanges(values: &mut [f64], buffer: &mut [f64]) -> f64 {
    let n = values.len();
    if n < 2 {
        return 0.0;
    }
    let middle = n / 2;
    let mut count =
        exchanges(&mut values[..middle], buffer) + exchanges(&mut values[middle..], buffer);
    let (mut left, mut right) = (0, middle);
    for slot in &mut buffer[..n] {
        if right == n || (left < middle && values[left] <= values[right]) {
            *slot = values[left];
            left += 1;
        } else {
            *slot = values[right];
            right += 1;
            count += (middle - left) as f64;
        }
    }
    values.copy_from_slice(&buffer[..n]);
    count
}

/// Concordant less discordant pairs and the ties on either side (Knight 1966, n log n).
struct Score {
    difference: f64,
    pairs: f64,
    x: Ties,
    y: Ties,
}

fn score(x: &[f64], y: &[f64]) -> Score {
    let mut joined: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    joined.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let x_ties = Ties::of(runs(&joined, |a, b| a.0 == b.0).into_iter());
    let both = Ties::of(runs(&joined, |a, b| a == b).into_iter()).pairs;
    let mut ys: Vec<f64> = joined.iter().map(|pair| pair.1).collect();
    let mut buffer = vec![0.0; ys.len()];
    let discordant = exchanges(&mut ys, &mut buffer);
    let y_ties = Ties::of(runs(&ys, |a, b| a == b).into_iter());
    let n = x.len() as f64;
    let pairs = n * (n - 1.0) / 2.0;
    Score {
        difference: pairs - x_ties.pairs - y_ties.pairs + both - 2.0 * discordant,
        pairs,
        x: x_ties,
        y: y_ties,
    }
}

fn tau_of(score: &Score) -> Result<f64, Undefined> {
    let (x, y) = (score.pairs - score.x.pairs, score.pairs - score.y.pairs);
    if x <= 0.0 || y <= 0.0 {
        return Err(Undefined::NoVariation);
    }
    Ok((score.difference / (x.sqrt() * y.sqrt())).clamp(-1.0, 1.0))
}

/// Two-sided exact p of `discordant` of the n(n-1)/2 pairs, no ties: the distribution of inversions of a random order.
fn exact_p(n: usize, discordant: f64) -> f64 {
    let pairs = n * (n - 1) / 2;
    let fewer = discordant.min(pairs as f64 - discordant) as usize;
    if 2 * fewer == pairs {
        return 1.0;
    }
    // Share of orders of i items with so many inversions, i growing.
    let mut shares = vec![1.0_f64];
    for i in 2..=n {
        let mut next = vec![0.0; (shares.len() + i - 1).min(fewer + 1)];
        for (place, slot) in next.iter_mut().enumerate() {
            let first = place.saturating_sub(i - 1);
            let last = place.min(shares.len() - 1);
            if first <= last {
                *slot = shares[first..=last].iter().sum::<f64>() / i as f64;
            }
        }
        shares = next;
    }
    (2.0 * shares.iter().sum::<f64>()).min(1.0)
}

/// Kendall's tau-b with p: exact without ties to 33 pairs, else normal with tie correction (Kendall 1970).
///
/// No closed interval: take [`kendall_statistic`] to the bootstrap. Assumes independent pairs.
///
/// # Errors
/// As [`pearson`].
pub fn kendall(x: &[f64], y: &[f64], confidence: Confidence) -> Result<Correlation, Undefined> {
    checked(x, y)?;
    let score = score(x, y);
    let tau = tau_of(&score)?;
    let n = x.len();
    let untied = score.x.pairs == 0.0 && score.y.pairs == 0.0;
    let p = if untied && n <= 33 {
        exact_p(n, (score.pairs - score.difference) / 2.0)
    } else {
        let (count, m) = (n as f64, 2.0 * score.pairs);
        let variance = (m * (2.0 * count + 5.0) - score.x.spread - score.y.spread) / 18.0
            + 2.0 * score.x.pairs * score.y.pairs / m
            + score.x.threes * score.y.threes / (9.0 * m * (count - 2.0));
        normal_two_sided(score.difference / variance.sqrt())
    };
    let interval = Err(Undefined::NoClosedForm);
    Ok(Correlation {
        estimate: Estimate::new(tau, interval, confidence, Size::cases(n), Method::PointOnly),
        p: Ok(p),
    })
}

/// A correlation of pairs as a statistic over top units.
struct PairStatistic<'a, F> {
    x: &'a [f64],
    y: &'a [f64],
    units: Units,
    figure: F,
}

impl<F> Statistic for PairStatistic<'_, F>
where
    F: Fn(&[f64], &[f64]) -> Option<f64> + Sync,
{
    fn size(&self) -> Size {
        Size {
            cases: self.x.len(),
            trials: self.x.len(),
            units: self.units.count(),
        }
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let (mut x, mut y) = (
            Vec::with_capacity(self.x.len()),
            Vec::with_capacity(self.x.len()),
        );
        for (case, &unit) in self.units.of_cases().iter().enumerate() {
            for _ in 0..weights[unit as usize] {
                x.push(self.x[case]);
                y.push(self.y[case]);
            }
        }
        (self.figure)(&x, &y)
    }
}

fn statistic<'a, F>(
    x: &'a [f64],
    y: &'a [f64],
    units: Units,
    figure: F,
) -> Result<PairStatistic<'a, F>, Undefined> {
    checked(x, y)?;
    if units.of_cases().len() != x.len() {
        return Err(Undefined::Mismatched);
    }
    Ok(PairStatistic {
        x,
        y,
        units,
        figure,
    })
}

/// [`pearson`]'s r as a statistic over top units.
///
/// # Errors
/// As [`pearson`], and [`Undefined::Mismatched`] for units that are not parallel.
pub fn pearson_statistic<'a>(
    x: &'a [f64],
    y: &'a [f64],
    units: Units,
) -> Result<impl Statistic + use<'a>, Undefined> {
    statistic(x, y, units, |x: &[f64], y: &[f64]| r_of(x, y).ok())
}

/// [`spearman`]'s rho as a statistic over top units.
///
/// # Errors
/// As [`pearson_statistic`].
pub fn spearman_statistic<'a>(
    x: &'a [f64],
    y: &'a [f64],
    units: Units,
) -> Result<impl Statistic + use<'a>, Undefined> {
    statistic(x, y, units, |x: &[f64], y: &[f64]| {
        r_of(&mid_ranks(x).0, &mid_ranks(y).0).ok()
    })
}

/// [`kendall`]'s tau-b as a statistic over top units.
///
/// # Errors
/// As [`pearson_statistic`].
pub fn kendall_statistic<'a>(
    x: &'a [f64],
    y: &'a [f64],
    units: Units,
) -> Result<impl Statistic + use<'a>, Undefined> {
    statistic(x, y, units, |x: &[f64], y: &[f64]| {
        tau_of(&score(x, y)).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: Confidence = Confidence::NINETY_FIVE;

    #[test]
    fn a_constant_side_has_no_correlation() {
        let (flat, rising) = ([0.1; 5], [1.0, 2.0, 3.0, 4.0, 5.0]);
        for figure in [pearson, spearman, kendall] {
            assert_eq!(figure(&flat, &rising, CONF), Err(Undefined::NoVariation));
            assert_eq!(figure(&rising, &flat, CONF), Err(Undefined::NoVariation));
        }
    }

    #[test]
    fn two_pairs_say_nothing_and_three_have_no_interval() {
        for figure in [pearson, spearman, kendall] {
            assert_eq!(
                figure(&[1.0, 2.0], &[2.0, 1.0], CONF),
                Err(Undefined::FewUnits { have: 2, need: 3 })
            );
            let three = figure(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0], CONF).unwrap();
            assert!(three.estimate.interval.is_err());
        }
    }

    #[test]
    fn a_perfect_order_has_no_interval_but_an_exact_p() {
        let x = [1.0, 2.0, 3.0, 4.0];
        let found = kendall(&x, &x, CONF).unwrap();
        assert_eq!(found.estimate.point, 1.0);
        assert!((found.p.unwrap() - 2.0 / 24.0).abs() < 1e-15);
        assert_eq!(
            pearson(&x, &x, CONF).unwrap().estimate.interval,
            Err(Undefined::NoVariation)
        );
    }

    #[test]
    fn knights_count_equals_that_of_all_pairs() {
        let x: Vec<f64> = (0..60).map(|i| f64::from(i * 7 % 11)).collect();
        let y: Vec<f64> = (0..60).map(|i| f64::from(i * 5 % 13)).collect();
        let sign = |v: f64| {
            if v > 0.0 {
                1.0
            } else if v < 0.0 {
                -1.0
            } else {
                0.0
            }
        };
        let mut slow = 0.0;
        for i in 0..60 {
            for j in 0..i {
                slow += sign(x[i] - x[j]) * sign(y[i] - y[j]);
            }
        }
        assert_eq!(score(&x, &y).difference, slow);
    }

    #[test]
    fn statistics_of_unit_weights_are_the_figures() {
        let x: Vec<f64> = (0..20).map(|i| f64::from(i * 7 % 11)).collect();
        let y: Vec<f64> = (0..20).map(|i| f64::from(i * 5 % 13)).collect();
        let units = || Units::singles(20);
        let r = pearson(&x, &y, CONF).unwrap().estimate.point;
        assert_eq!(pearson_statistic(&x, &y, units()).unwrap().point(), Some(r));
        let rho = spearman(&x, &y, CONF).unwrap().estimate.point;
        assert_eq!(
            spearman_statistic(&x, &y, units()).unwrap().point(),
            Some(rho)
        );
        let tau = kendall(&x, &y, CONF).unwrap().estimate.point;
        assert_eq!(
            kendall_statistic(&x, &y, units()).unwrap().point(),
            Some(tau)
        );
    }
}
