//! How far a judge's numbers lie from people's: bias, error, limits, and Lin's concordance.

use super::bootstrap::Statistic;
use super::distribution::{normal_quantile, t_quantile};
use super::estimate::{Confidence, Estimate, Interval, Method, Size};
use super::linearised::spread;
use super::mean::mean;
use super::resampled::{Sums, unit_rows};
use super::sample::{Sample, Units};
use super::undefined::Undefined;

/// Distances between two series of numbers for the same items.
#[derive(Clone, Debug, PartialEq)]
pub struct Closeness {
    /// Items.
    pub n: usize,
    /// Mean of judge - human: the shift that a correlation cannot see.
    pub bias: Estimate,
    /// Mean of |judge - human|.
    pub mean_absolute_error: Estimate,
    /// Root of the mean squared difference.
    pub root_mean_square_error: Estimate,
    /// Below and above which 2.5 % of the differences each are expected to lie; undefined for one item.
    pub limits: Result<[Estimate; 2], Undefined>,
}

/// Bias, errors and the limits of agreement bias +- 1.96 sd (Bland and Altman 1986, with their 1.96; sd with ddof 1).
///
/// Bias and absolute error have Student's interval of a mean (CR1 where `groups` names the cluster of each item); the
/// root of the squared error has the root of that of the mean square. The limits assume differences that are nearly
/// normal, and their intervals, with SE^2 = sd^2 (1/n + 1.96^2/(2(n - 1))) (Bland and Altman 1999), also independent
/// items: with clusters they have none. One item, or no variation: points without intervals; one item: no limits.
///
/// # Errors
/// [`Undefined::NoCases`], [`Undefined::NotFinite`], [`Undefined::Mismatched`].
pub fn closeness(
    human: &[f64],
    judge: &[f64],
    groups: Option<&[u32]>,
    confidence: Confidence,
) -> Result<Closeness, Undefined> {
    if human.len() != judge.len() {
        return Err(Undefined::Mismatched);
    }
    let differences: Vec<f64> = human.iter().zip(judge).map(|(h, j)| j - h).collect();
    let average = |of: fn(f64) -> f64, lowest: Option<f64>| {
        let values: Vec<f64> = differences.iter().map(|&d| of(d)).collect();
        let sample = Sample::new(&values);
        let sample = groups.map_or(sample, |groups| sample.with_groups(groups));
        let mut found = mean(&sample, confidence, None)?;
        if let (Ok(interval), Some(lowest)) = (&mut found.interval, lowest) {
            interval.low = interval.low.map(|end| end.max(lowest));
        }
        Ok(found)
    };
    let bias = average(|d| d, None)?;
    let n = human.len();
    let limits = if n < 2 {
        Err(Undefined::OneCase)
    } else {
        Ok([-NORMAL, NORMAL].map(|z| limit(z, &differences, &bias, groups.is_some(), confidence)))
    };
    Ok(Closeness {
        n,
        mean_absolute_error: average(f64::abs, Some(0.0))?,
        root_mean_square_error: root(average(|d| d * d, Some(0.0))?),
        bias,
        limits,
    })
}

/// Bland and Altman's 1.96.
const NORMAL: f64 = 1.96;

/// bias + z sd.
fn limit(
    z: f64,
    differences: &[f64],
    bias: &Estimate,
    clustered: bool,
    confidence: Confidence,
) -> Estimate {
    let n = differences.len() as f64;
    let squares: f64 = differences.iter().map(|d| (d - bias.point).powi(2)).sum();
    let sd = (squares / (n - 1.0)).sqrt();
    let point = bias.point + z * sd;
    let se = sd * (1.0 / n + z * z / (2.0 * (n - 1.0))).sqrt();
    let interval = if clustered {
        Err(Undefined::NoClosedForm)
    } else if bias.std_error == Some(0.0) {
        Err(Undefined::NoVariation)
    } else {
        let half = t_quantile(confidence.upper(), n - 1.0) * se;
        Ok(Interval::new(point - half, point + half))
    };
    let size = Size {
        cases: bias.n,
        trials: bias.trials,
        units: bias.clusters,
    };
    let estimate = Estimate::new(point, interval, confidence, size, Method::T);
    if clustered {
        estimate
    } else {
        estimate.with_std_error(se)
    }
}

/// The root of a mean square and of its interval; the error by the delta method.
fn root(mut square: Estimate) -> Estimate {
    let root = square.point.sqrt();
    square.point = root;
    square.std_error = square
        .std_error
        .map(|se| if root > 0.0 { se / (2.0 * root) } else { 0.0 });
    square.interval = square.interval.map(|ends| Interval {
        low: ends.low.map(f64::sqrt),
        high: ends.high.map(f64::sqrt),
    });
    square
}

fn ccc_of(sums: &[f64; 5], n: f64) -> Option<f64> {
    let [x, y, xx, yy, xy] = sums.map(|sum| sum / n);
    let (sx, sy, sxy) = (xx - x * x, yy - y * y, xy - x * y);
    let below = sx + sy + (x - y).powi(2);
    // Nothing varies and nothing differs: no concordance to speak of.
    let noise = 1e-13 * (xx + yy);
    (below > noise).then(|| (2.0 * sxy / below).clamp(-1.0, 1.0))
}

/// Lin's concordance, 2 s_xy/(s_x^2 + s_y^2 + (mean difference)^2), variances over n (Lin 1989): a correlation that a
/// shift or a stretch lowers; quadratic weighted kappa for numbers without classes.
///
/// The interval is taken on Fisher's z scale, as Lin advises, with the error that the items' own products give (delta
/// method), so that nothing need be normal. Assumes independent items; with clusters take [`lin_ccc_statistic`] to
/// [`super::bca`]. Perfect concordance, fewer than four items, or no spread: a point without interval.
///
/// # Errors
/// [`Undefined::NoVariation`] where both sides are constant and equal; [`Undefined::NoCases`],
/// [`Undefined::NotFinite`], [`Undefined::Mismatched`].
pub fn lin_ccc(
    human: &[f64],
    judge: &[f64],
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    let point = ccc(human, judge)?;
    let parts: Vec<(f64, u64)> = ccc_derivatives(human, judge, point)
        .into_iter()
        .map(|by_item| (by_item, 1))
        .collect();
    let spread = spread(&parts);
    let interval = spread.and_then(|spread| {
        if human.len() < 4 {
            return Err(Undefined::FewUnits {
                have: human.len(),
                need: 4,
            });
        }
        let left = 1.0 - point * point;
        if spread.std_error == 0.0 || left <= 1e-14 {
            return Err(Undefined::NoVariation);
        }
        let half = normal_quantile(confidence.upper()) * spread.std_error / left;
        let (low, high) = ((point.atanh() - half).tanh(), (point.atanh() + half).tanh());
        Ok(Interval::new(low.min(point), high.max(point)))
    });
    let size = Size::cases(human.len());
    let estimate = Estimate::new(point, interval, confidence, size, Method::FisherZ);
    Ok(match spread {
        Ok(spread) => estimate.with_std_error(spread.std_error),
        Err(_) => estimate,
    })
}

/// Derivative of a concordance by each item's share of all items.
pub(super) fn ccc_derivatives(human: &[f64], judge: &[f64], point: f64) -> Vec<f64> {
    let n = human.len() as f64;
    let (mx, my) = (human.iter().sum::<f64>() / n, judge.iter().sum::<f64>() / n);
    let pairs = || human.iter().zip(judge);
    let shared = pairs().map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / n;
    let apart = pairs().map(|(x, y)| (x - y).powi(2)).sum::<f64>() / n;
    // The denominator is the mean squared difference and twice the covariance.
    let below = apart + 2.0 * shared;
    pairs()
        .map(|(x, y)| {
            let product = 2.0 * (x - mx) * (y - my);
            (product - point * ((x - y).powi(2) + product)) / below
        })
        .collect()
}

/// The concordance itself.
pub(super) fn ccc(human: &[f64], judge: &[f64]) -> Result<f64, Undefined> {
    let statistic = lin_ccc_statistic(human, judge, Units::singles(human.len()))?;
    if human.is_empty() {
        return Err(Undefined::NoCases);
    }
    statistic.point().ok_or(Undefined::NoVariation)
}

/// [`lin_ccc`] as a statistic over top units.
///
/// # Errors
/// [`Undefined::NotFinite`]; [`Undefined::Mismatched`] for series or units that are not parallel.
pub fn lin_ccc_statistic(
    human: &[f64],
    judge: &[f64],
    units: Units,
) -> Result<impl Statistic + use<>, Undefined> {
    if human.len() != judge.len() {
        return Err(Undefined::Mismatched);
    }
    // A shift of both sides changes nothing; around a common centre the sums of squares keep their digits.
    let n = human.len().max(1) as f64;
    let centre = human.iter().chain(judge).sum::<f64>() / (2.0 * n);
    let near = |side: &[f64]| side.iter().map(|v| v - centre).collect::<Vec<f64>>();
    let (x, y) = (near(human), near(judge));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f64>>();
    let one = vec![1.0; human.len()];
    let rows = unit_rows(
        &units,
        [
            &x,
            &y,
            &product(&x, &x),
            &product(&y, &y),
            &product(&x, &y),
            &one,
        ],
    )?;
    let size = Size {
        cases: human.len(),
        trials: human.len(),
        units: units.count(),
    };
    Ok(Sums::new(rows, size, |sums: &[f64; 6], _| {
        let [x, y, xx, yy, xy, n] = *sums;
        if n > 0.0 {
            ccc_of(&[x, y, xx, yy, xy], n)
        } else {
            None
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Plan, Seed, bca};

    const CONF: Confidence = Confidence::NINETY_FIVE;

    #[test]
    fn a_shift_lowers_concordance_and_shows_as_bias() {
        let (human, judge) = ([1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0]);
        let found = closeness(&human, &judge, None, CONF).unwrap();
        assert_eq!(
            (
                found.bias.point,
                found.mean_absolute_error.point,
                found.root_mean_square_error.point
            ),
            (1.0, 1.0, 1.0)
        );
        // The same difference on all items proves nothing about the next.
        for figure in [&found.bias, &found.limits.as_ref().unwrap()[0]] {
            assert_eq!(figure.interval, Err(Undefined::NoVariation));
        }
        // Population variances 1.25 each: 2.5 / (2.5 + 1).
        let ccc = lin_ccc(&human, &judge, CONF).unwrap();
        assert!((ccc.point - 2.5 / 3.5).abs() < 1e-15);
        let perfect = lin_ccc(&human, &human, CONF).unwrap();
        assert_eq!(
            (perfect.point, perfect.interval),
            (1.0, Err(Undefined::NoVariation))
        );
    }

    #[test]
    fn every_distance_has_its_interval() {
        let (human, judge) = many(60);
        let found = closeness(&human, &judge, None, CONF).unwrap();
        let [low, high] = found.limits.unwrap();
        let squares: Vec<f64> = human
            .iter()
            .zip(&judge)
            .map(|(h, j)| (j - h).powi(2))
            .collect();
        let square = mean(&Sample::new(&squares), CONF, None).unwrap();
        let root = &found.root_mean_square_error;
        assert!((root.point - square.point.sqrt()).abs() < 1e-15);
        assert!((root.high().unwrap() - square.high().unwrap().sqrt()).abs() < 1e-15);
        for figure in [&found.bias, &found.mean_absolute_error, root, &low, &high] {
            assert!(figure.low().unwrap() < figure.point && figure.point < figure.high().unwrap());
            assert_eq!((figure.n, figure.method), (60, Method::T));
        }
        // Limits are known less well than the bias: about 1.7 times.
        assert!(low.std_error.unwrap() > 1.6 * found.bias.std_error.unwrap());
        let groups: Vec<u32> = (0..60).map(|i| i / 3).collect();
        let clustered = closeness(&human, &judge, Some(&groups), CONF).unwrap();
        assert_eq!(clustered.bias.clusters, 20);
        assert_eq!(
            clustered.limits.unwrap()[1].interval,
            Err(Undefined::NoClosedForm)
        );
    }

    fn many(n: u32) -> (Vec<f64>, Vec<f64>) {
        (0..n)
            .map(|i| {
                let x = f64::from(i * 7 % 13);
                (x, x + f64::from(i * 11 % 7) - 2.0)
            })
            .unzip()
    }

    #[test]
    fn the_error_of_concordance_is_that_of_the_bootstrap() {
        let (human, judge) = many(400);
        let found = lin_ccc(&human, &judge, CONF).unwrap();
        let statistic = lin_ccc_statistic(&human, &judge, Units::singles(400)).unwrap();
        let plan = Plan {
            resamples: 2_000,
            ..Plan::new(Seed::derive(5, &["ccc"]))
        };
        let drawn = bca(&statistic, &plan, CONF).unwrap();
        let ratio = drawn.std_error.unwrap() / found.std_error.unwrap();
        assert!((ratio - 1.0).abs() < 0.08, "{ratio}");
    }

    #[test]
    fn constant_and_equal_sides_have_no_concordance() {
        let ccc = |x: &[f64], y: &[f64]| lin_ccc(x, y, CONF);
        assert_eq!(ccc(&[0.1; 5], &[0.1; 5]), Err(Undefined::NoVariation));
        let apart = ccc(&[0.1; 5], &[0.4; 5]).unwrap();
        assert_eq!(
            (apart.point, apart.interval),
            (0.0, Err(Undefined::NoVariation))
        );
        assert_eq!(ccc(&[], &[]), Err(Undefined::NoCases));
        let three = ccc(&[1.0, 2.0, 3.0], &[1.0, 3.0, 3.0]).unwrap();
        assert_eq!(
            three.interval,
            Err(Undefined::FewUnits { have: 3, need: 4 })
        );
    }

    #[test]
    fn one_item_has_an_error_but_no_limits() {
        let one = closeness(&[1.0], &[3.0], None, CONF).unwrap();
        assert_eq!((one.bias.point, one.limits), (2.0, Err(Undefined::OneCase)));
        assert_eq!(one.bias.interval, Err(Undefined::OneCase));
        assert_eq!(
            closeness(&[1.0], &[], None, CONF).err(),
            Some(Undefined::Mismatched)
        );
        assert_eq!(
            closeness(&[f64::NAN], &[1.0], None, CONF).err(),
            Some(Undefined::NotFinite)
        );
    }
}
