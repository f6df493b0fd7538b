//! Looking while the run goes on, with a promise that holds at every look.

use super::distribution::ln_gamma;
use super::estimate::{Confidence, Estimate, Interval, Method};
use super::sample::Sample;
use super::undefined::Undefined;

/// e-value at which a run may stop at error 0.05: 1/0.05 (Ville 1939).
pub const STOP_AT: f64 = 20.0;

/// Evidence against a fair coin in the discordant pairs so far: B(1 + k, 1 + n - k)/(B(1, 1) 0.5^n), the likelihood
/// ratio of all coins, each as likely (Robbins 1970; Ramdas et al. 2023).
///
/// A test by stopping once e >= 1/alpha keeps error alpha at however many looks. Assumes independent pairs taken in an
/// order fixed beforehand. No discordant pair: 1.
///
/// # Errors
/// [`Undefined::OutOfRange`] for more wins than pairs.
pub fn sign_e_value(wins: u64, discordant: u64) -> Result<f64, Undefined> {
    if wins > discordant {
        return Err(Undefined::OutOfRange);
    }
    let (n, k) = (discordant as f64, wins as f64);
    let ln =
        ln_gamma(k + 1.0) + ln_gamma(n - k + 1.0) - ln_gamma(n + 2.0) + n * std::f64::consts::LN_2;
    Ok(ln.exp().min(f64::MAX))
}

/// p-value that holds at every look: 1 over the largest e-value so far, at most 1.
#[must_use]
pub fn anytime_p(largest_e: f64) -> f64 {
    if largest_e > 1.0 {
        1.0 / largest_e
    } else {
        1.0
    }
}

/// rho that makes a confidence sequence tightest after `planned` units:
/// sqrt((-2 ln alpha + ln(-2 ln alpha) + 1)/planned) (Waudby-Smith et al. 2021).
///
/// # Errors
/// [`Undefined::NoCases`] for none planned; [`Undefined::OutOfRange`] for a level so low that the formula has no root.
pub fn tuned_rho(planned: usize, confidence: Confidence) -> Result<f64, Undefined> {
    if planned == 0 {
        return Err(Undefined::NoCases);
    }
    let twice = -2.0 * confidence.alpha().ln();
    let square = (twice + twice.ln() + 1.0) / planned as f64;
    if square > 0.0 {
        Ok(square.sqrt())
    } else {
        Err(Undefined::OutOfRange)
    }
}

/// Half-width of the asymptotic confidence sequence after n units of standard deviation `sd`:
/// sd sqrt(2 (n rho^2 + 1)/(n^2 rho^2) ln(sqrt(n rho^2 + 1)/alpha)).
fn half_width(n: f64, sd: f64, rho: f64, confidence: Confidence) -> f64 {
    let scaled = n * rho * rho + 1.0;
    sd * (2.0 * scaled / (n * n * rho * rho) * (scaled.sqrt() / confidence.alpha()).ln()).sqrt()
}

/// Asymptotic confidence sequence of a mean from its moments (Waudby-Smith et al. 2021, with Robbins' normal mixture):
/// all looks together miss the truth with probability alpha, once the mean of the first look is nearly normal.
///
/// # Errors
/// [`Undefined::NoCases`] for n = 0; [`Undefined::NoVariation`] for sd = 0; [`Undefined::OutOfRange`] for rho or sd not
/// above 0; [`Undefined::NotFinite`].
pub fn confidence_sequence_of(
    mean: f64,
    sd: f64,
    n: usize,
    rho: f64,
    confidence: Confidence,
) -> Result<Interval, Undefined> {
    if !(mean.is_finite() && sd.is_finite() && rho.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    if n == 0 {
        return Err(Undefined::NoCases);
    }
    if sd == 0.0 {
        return Err(Undefined::NoVariation);
    }
    if sd < 0.0 || rho <= 0.0 {
        return Err(Undefined::OutOfRange);
    }
    let half = half_width(n as f64, sd, rho, confidence);
    Ok(Interval::new(mean - half, mean + half))
}

/// Confidence sequence of the mean of a sample, one top unit at a time; its standard deviation per unit is sqrt(G) SE
/// with the CR1 standard error, `planned` the top units of the full plan.
///
/// No variation: no interval. With repeats or clusters fewer than [`super::MIN_UNITS`] top units leave it undefined.
///
/// # Errors
/// Those of [`Sample::moments`] and [`tuned_rho`].
pub fn confidence_sequence(
    sample: &Sample<'_>,
    planned: usize,
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    let moments = sample.moments()?;
    let rho = tuned_rho(planned, confidence)?;
    let units = moments.size.units;
    let interval = moments.enough_units().and_then(|()| {
        let se = moments.cr1().ok_or(Undefined::OneCase)?;
        confidence_sequence_of(
            moments.mean,
            se * (units as f64).sqrt(),
            units,
            rho,
            confidence,
        )
    });
    let estimate = moments.estimate(
        moments.mean,
        interval,
        confidence,
        Method::ConfidenceSequence,
    );
    Ok(match moments.cr1() {
        Some(se) => estimate.with_std_error(se),
        None => estimate,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_seen_is_no_evidence() {
        assert_eq!(
            sign_e_value(0, 0).map(|e| (e - 1.0).abs() < 1e-12),
            Ok(true)
        );
        assert_eq!(sign_e_value(2, 1), Err(Undefined::OutOfRange));
        assert_eq!((anytime_p(0.3), anytime_p(40.0)), (1.0, 0.025));
    }

    #[test]
    fn evidence_beyond_numbers_stays_a_number() {
        assert!(sign_e_value(5_000, 5_000).unwrap().is_finite());
    }

    #[test]
    fn a_sequence_is_wider_than_the_interval_of_one_look() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(i % 7)).collect();
        let sample = Sample::new(&values);
        let sequence = confidence_sequence(&sample, 200, Confidence::NINETY_FIVE).unwrap();
        let once = super::super::mean::mean(&sample, Confidence::NINETY_FIVE, None).unwrap();
        assert!(sequence.low() < once.low() && sequence.high() > once.high());
        assert_eq!(sequence.method.name(), "confidence-sequence");
    }

    #[test]
    fn a_sequence_without_variation_or_plan_is_undefined() {
        let flat = confidence_sequence(&Sample::new(&[0.5; 60]), 200, Confidence::NINETY).unwrap();
        assert_eq!(flat.interval, Err(Undefined::NoVariation));
        assert_eq!(
            confidence_sequence(&Sample::new(&[0.5]), 0, Confidence::NINETY),
            Err(Undefined::NoCases)
        );
        assert_eq!(
            confidence_sequence_of(0.0, 1.0, 0, 0.1, Confidence::NINETY),
            Err(Undefined::NoCases)
        );
    }
}
