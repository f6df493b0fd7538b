//! How far a judge's numbers lie from people's: bias, error, limits, and Lin's concordance.

use super::bootstrap::Statistic;
use super::estimate::{Interval, Size};
use super::resampled::{Sums, unit_rows};
use super::sample::Units;
use super::undefined::Undefined;

/// Distances between two series of numbers for the same items.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Closeness {
    /// Items.
    pub n: usize,
    /// Mean of judge - human: the shift that a correlation cannot see.
    pub bias: f64,
    /// Mean of |judge - human|.
    pub mean_absolute_error: f64,
    /// Root of the mean squared difference.
    pub root_mean_square_error: f64,
    /// Between which 95 % of the differences are expected to lie; undefined for one item.
    pub limits: Result<Interval, Undefined>,
}

/// Bias, errors and the limits of agreement bias +- 1.96 sd (Bland and Altman 1986, with their 1.96; sd with ddof 1).
///
/// The limits assume differences that are nearly normal; they are no interval of the bias (for that take
/// [`super::paired_t`]). One item: no limits.
///
/// # Errors
/// [`Undefined::NoCases`], [`Undefined::NotFinite`], [`Undefined::Mismatched`].
pub fn closeness(human: &[f64], judge: &[f64]) -> Result<Closeness, Undefined> {
    if human.len() != judge.len() {
        return Err(Undefined::Mismatched);
    }
    if human.is_empty() {
        return Err(Undefined::NoCases);
    }
    let n = human.len() as f64;
    let differences = || human.iter().zip(judge).map(|(h, j)| j - h);
    let bias = differences().sum::<f64>() / n;
    if !bias.is_finite() {
        return Err(Undefined::NotFinite);
    }
    let spread = differences().map(|d| (d - bias).powi(2)).sum::<f64>();
    let limits = if human.len() < 2 {
        Err(Undefined::OneCase)
    } else {
        let half = 1.96 * (spread / (n - 1.0)).sqrt();
        Ok(Interval::new(bias - half, bias + half))
    };
    Ok(Closeness {
        n: human.len(),
        bias,
        mean_absolute_error: differences().map(f64::abs).sum::<f64>() / n,
        root_mean_square_error: (differences().map(|d| d * d).sum::<f64>() / n).sqrt(),
        limits,
    })
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
/// # Errors
/// [`Undefined::NoVariation`] where both sides are constant and equal; [`Undefined::NoCases`],
/// [`Undefined::NotFinite`], [`Undefined::Mismatched`].
pub fn lin_ccc(human: &[f64], judge: &[f64]) -> Result<f64, Undefined> {
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

    #[test]
    fn a_shift_lowers_concordance_and_shows_as_bias() {
        let (human, judge) = ([1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0]);
        let found = closeness(&human, &judge).unwrap();
        assert_eq!(
            (
                found.bias,
                found.mean_absolute_error,
                found.root_mean_square_error
            ),
            (1.0, 1.0, 1.0)
        );
        // Population variances 1.25 each: 2.5 / (2.5 + 1).
        assert!((lin_ccc(&human, &judge).unwrap() - 2.5 / 3.5).abs() < 1e-15);
        assert_eq!(lin_ccc(&human, &human), Ok(1.0));
    }

    #[test]
    fn constant_and_equal_sides_have_no_concordance() {
        assert_eq!(lin_ccc(&[0.1; 5], &[0.1; 5]), Err(Undefined::NoVariation));
        assert_eq!(lin_ccc(&[0.1; 5], &[0.4; 5]), Ok(0.0));
        assert_eq!(lin_ccc(&[], &[]), Err(Undefined::NoCases));
    }

    #[test]
    fn one_item_has_an_error_but_no_limits() {
        let one = closeness(&[1.0], &[3.0]).unwrap();
        assert_eq!((one.bias, one.limits), (2.0, Err(Undefined::OneCase)));
        assert_eq!(closeness(&[1.0], &[]).err(), Some(Undefined::Mismatched));
        assert_eq!(
            closeness(&[f64::NAN], &[1.0]).err(),
            Some(Undefined::NotFinite)
        );
    }
}
