//! How often one system is preferred to another, as it is and with length held equal.

use std::cmp::Ordering;

use super::distribution::normal_quantile;
use super::estimate::{Confidence, Estimate, Flag, Interval, Method, Scale, Size};
use super::mean::mean;
use super::sample::Sample;
use super::undefined::Undefined;

/// Items near equal length below which a length-controlled rate is flagged as looking beyond what was seen.
pub const NEAR_EQUAL: usize = 20;
/// Length difference, in standard deviations, that counts as near equal.
const NEAR: f64 = 0.25;

/// A win rate and the choices that it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct WinRate {
    /// Mean preference: 1 for the candidate, 0 for the baseline, 1/2 or the stated share between.
    pub estimate: Estimate,
    /// Items above one half.
    pub wins: usize,
    /// Items below one half.
    pub losses: usize,
    /// Items at one half.
    pub ties: usize,
    /// (wins + ties/2)/n, with the same interval.
    pub discrete: Estimate,
}

/// Mean preference with Student's interval, ties half; preferences may be soft (a probability of the candidate).
///
/// # Errors
/// [`Undefined::OutOfRange`] for a preference outside 0..1, and those of [`Sample::moments`].
pub fn win_rate(preferences: &Sample<'_>, confidence: Confidence) -> Result<WinRate, Undefined> {
    let estimate = mean(preferences, confidence, Some(Scale::UNIT))?;
    let values = preferences.values();
    let wins = values.iter().filter(|&&v| v > 0.5).count();
    let losses = values.iter().filter(|&&v| v < 0.5).count();
    let ties = values.len() - wins - losses;
    let whole: Vec<f64> = values
        .iter()
        .map(|&v| match v.total_cmp(&0.5) {
            Ordering::Less => 0.0,
            Ordering::Equal => 0.5,
            Ordering::Greater => 1.0,
        })
        .collect();
    let sample = Sample::new(&whole).with_trials(preferences.trials());
    let sample = match preferences.groups() {
        Some(groups) => sample.with_groups(groups),
        None => sample,
    };
    Ok(WinRate {
        estimate,
        wins,
        losses,
        ties,
        discrete: mean(&sample, confidence, Some(Scale::UNIT))?,
    })
}

/// A logistic curve of one predictor: P = 1/(1 + exp(-(intercept + slope x))).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logistic {
    /// Log-odds at x = 0.
    pub intercept: f64,
    /// Change of log-odds with one unit of x.
    pub slope: f64,
    /// Standard error of the intercept, from the information matrix.
    pub intercept_std_error: f64,
}

impl Logistic {
    /// Maximum likelihood for outcomes between 0 and 1 (soft outcomes by the same score equations), by Newton's method.
    ///
    /// # Errors
    /// [`Undefined::NoFiniteStrength`] where the outcomes are separated by x, so that no finite curve exists;
    /// [`Undefined::NoVariation`] where x does not vary; [`Undefined::NoCases`], [`Undefined::NotFinite`],
    /// [`Undefined::Mismatched`], [`Undefined::OutOfRange`].
    pub fn fit(x: &[f64], outcome: &[f64]) -> Result<Self, Undefined> {
        if x.len() != outcome.len() {
            return Err(Undefined::Mismatched);
        }
        if x.is_empty() {
            return Err(Undefined::NoCases);
        }
        if x.iter().any(|v| !v.is_finite()) {
            return Err(Undefined::NotFinite);
        }
        if outcome.iter().any(|v| !(0.0..=1.0).contains(v)) {
            return Err(Undefined::OutOfRange);
        }
        if x.iter().all(|&v| v == x[0]) {
            return Err(Undefined::NoVariation);
        }
        let (mut intercept, mut slope) = (0.0_f64, 0.0_f64);
        for _ in 0..100 {
            let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for (&x, &y) in x.iter().zip(outcome) {
                let p = 1.0 / (1.0 + (-(intercept + slope * x)).exp());
                let (rest, weight) = (y - p, p * (1.0 - p));
                g0 += rest;
                g1 += rest * x;
                h00 += weight;
                h01 += weight * x;
                h11 += weight * x * x;
            }
            let determinant = h00 * h11 - h01 * h01;
            // A flat likelihood: the curve is running away to a step.
            if !(determinant.is_finite() && determinant > 1e-12 * h00 * h11) || h00 < 1e-9 {
                return Err(Undefined::NoFiniteStrength);
            }
            let (d0, d1) = (
                (h11 * g0 - h01 * g1) / determinant,
                (h00 * g1 - h01 * g0) / determinant,
            );
            let scale = 1.0_f64.min(4.0 / d0.abs().max(d1.abs()));
            intercept += scale * d0;
            slope += scale * d1;
            if d0.abs().max(d1.abs()) < 1e-12 * intercept.abs().max(slope.abs()).max(1.0) {
                return Ok(Self {
                    intercept,
                    slope,
                    intercept_std_error: (h11 / determinant).sqrt(),
                });
            }
        }
        Err(Undefined::NoFiniteStrength)
    }

    /// Probability at x.
    #[must_use]
    pub fn at(&self, x: f64) -> f64 {
        1.0 / (1.0 + (-self.slope.mul_add(x, self.intercept)).exp())
    }
}

/// A win rate read at equal length, and the curve that it is read from.
#[derive(Clone, Debug, PartialEq)]
pub struct LengthControlled {
    /// Win rate at equal length.
    pub estimate: Estimate,
    /// The fitted curve over tanh of the standardised length difference.
    pub curve: Logistic,
    /// Items whose lengths differ by less than a quarter of a standard deviation.
    pub near_equal: usize,
}

/// Win rate with length held equal: a logistic curve of preference on tanh((baseline length - candidate length)/sd),
/// sd with ddof 1, read at 0 (after Dubois et al. 2024, without their instruction term, regularisation and
/// cross-validation: not the same figure as theirs).
///
/// The interval is the curve's asymptotic one on the log-odds scale and assumes independent items. Where fewer than
/// [`NEAR_EQUAL`] items have nearly equal lengths it is flagged: it looks beyond the lengths that were seen.
///
/// # Errors
/// [`Undefined::NoVariation`] where all length differences are alike; [`Undefined::OneCase`]; and those of
/// [`Logistic::fit`].
pub fn length_controlled(
    preferences: &[f64],
    baseline_length: &[f64],
    candidate_length: &[f64],
    confidence: Confidence,
) -> Result<LengthControlled, Undefined> {
    let n = preferences.len();
    if baseline_length.len() != n || candidate_length.len() != n {
        return Err(Undefined::Mismatched);
    }
    let difference: Vec<f64> = baseline_length
        .iter()
        .zip(candidate_length)
        .map(|(b, c)| b - c)
        .collect();
    let moments = Sample::new(&difference).moments()?;
    let sd = moments.cr1().ok_or(Undefined::OneCase)? * (n as f64).sqrt();
    if sd == 0.0 {
        return Err(Undefined::NoVariation);
    }
    let x: Vec<f64> = difference.iter().map(|d| (d / sd).tanh()).collect();
    let curve = Logistic::fit(&x, preferences)?;
    let near_equal = difference.iter().filter(|d| d.abs() < NEAR * sd).count();
    let half = normal_quantile(confidence.upper()) * curve.intercept_std_error;
    let rate = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
    let interval = Interval::new(rate(curve.intercept - half), rate(curve.intercept + half));
    let estimate = Estimate::new(
        curve.at(0.0),
        Ok(interval),
        confidence,
        Size::cases(n),
        Method::Asymptotic,
    )
    .flag_if(near_equal < NEAR_EQUAL, Flag::Extrapolated);
    Ok(LengthControlled {
        estimate,
        curve,
        near_equal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_half_a_win() {
        let found = win_rate(
            &Sample::new(&[1.0, 0.5, 0.0, 1.0, 0.5]),
            Confidence::NINETY_FIVE,
        )
        .unwrap();
        assert_eq!((found.wins, found.losses, found.ties), (2, 1, 2));
        assert!(
            (found.discrete.point - 0.6).abs() < 1e-15
                && (found.estimate.point - 0.6).abs() < 1e-15
        );
    }

    #[test]
    fn two_groups_have_the_log_odds_of_their_rates() {
        let x = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        let y = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0];
        let curve = Logistic::fit(&x, &y).unwrap();
        assert!((curve.intercept + 3.0_f64.ln()).abs() < 1e-10);
        assert!((curve.slope - 2.0 * 3.0_f64.ln()).abs() < 1e-10);
        assert!((curve.at(1.0) - 0.75).abs() < 1e-10);
    }

    #[test]
    fn separated_outcomes_have_no_curve() {
        let refused = Logistic::fit(&[0.0, 1.0, 2.0, 3.0], &[0.0, 0.0, 1.0, 1.0]);
        assert_eq!(refused, Err(Undefined::NoFiniteStrength));
        assert_eq!(
            Logistic::fit(&[1.0, 1.0], &[0.0, 1.0]),
            Err(Undefined::NoVariation)
        );
        assert_eq!(
            Logistic::fit(&[1.0, 2.0], &[0.0, 1.5]),
            Err(Undefined::OutOfRange)
        );
    }

    #[test]
    fn lengths_never_seen_equal_are_flagged() {
        let n = 60;
        let baseline: Vec<f64> = (0..n).map(|i| 500.0 + f64::from(i % 7) * 150.0).collect();
        let candidate = vec![100.0; 60];
        let preference: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
        let found =
            length_controlled(&preference, &baseline, &candidate, Confidence::NINETY_FIVE).unwrap();
        assert_eq!(
            (found.near_equal, found.estimate.flags),
            (0, vec![Flag::Extrapolated])
        );
        let alike = length_controlled(&preference, &candidate, &candidate, Confidence::NINETY_FIVE);
        assert_eq!(alike.err(), Some(Undefined::NoVariation));
    }
}
