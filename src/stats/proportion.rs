//! Intervals of one proportion: Wilson and its clustered form by default, four more by name.

use super::distribution::{beta_quantile, normal_quantile, t_quantile};
use super::estimate::{Confidence, Estimate, Interval, Method, Scale, Size};
use super::sample::Sample;
use super::undefined::Undefined;

/// Wilson's score interval with any quantile and any, also fractional, sample size.
pub(crate) fn wilson_interval(rate: f64, n: f64, quantile: f64) -> Interval {
    let square = quantile * quantile;
    let centre = (rate + square / (2.0 * n)) / (1.0 + square / n);
    let half = quantile / (1.0 + square / n)
        * (rate * (1.0 - rate) / n + square / (4.0 * n * n))
            .max(0.0)
            .sqrt();
    // At 0 and 1 the end is the rate itself; rounding must not push it past, nor let the point fall out.
    Interval::new(
        (centre - half).max(0.0).min(rate),
        (centre + half).min(1.0).max(rate),
    )
}

fn checked(successes: u64, n: u64) -> Result<f64, Undefined> {
    if n == 0 {
        Err(Undefined::NoCases)
    } else if successes > n {
        Err(Undefined::OutOfRange)
    } else {
        Ok(successes as f64 / n as f64)
    }
}

fn counted(
    rate: f64,
    n: u64,
    interval: Interval,
    confidence: Confidence,
    method: Method,
) -> Estimate {
    let size = Size::cases(usize::try_from(n).unwrap_or(usize::MAX));
    Estimate::new(
        rate,
        Ok(interval.cut(Scale::UNIT)),
        confidence,
        size,
        method,
    )
    .with_std_error((rate * (1.0 - rate) / n as f64).sqrt())
}

/// Wilson's score interval (Wilson 1927): the rates that a normal test would not reject.
///
/// centre = (p + z^2/2n)/(1 + z^2/n), half-width = z/(1 + z^2/n) sqrt(p(1-p)/n + z^2/4n^2). Assumes independent trials;
/// the default for rates of one trial a case (Brown, Cai and DasGupta 2001). All pass or all fail: never [1, 1].
///
/// # Errors
/// [`Undefined::NoCases`] for n = 0; [`Undefined::OutOfRange`] for more successes than trials.
pub fn wilson(successes: u64, n: u64, confidence: Confidence) -> Result<Estimate, Undefined> {
    let rate = checked(successes, n)?;
    let interval = wilson_interval(rate, n as f64, normal_quantile(confidence.upper()));
    Ok(counted(rate, n, interval, confidence, Method::Wilson))
}

/// Agresti and Coull's interval (1998): Wald's around Wilson's centre. Assumes independent trials.
///
/// # Errors
/// As [`wilson`].
pub fn agresti_coull(
    successes: u64,
    n: u64,
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    let rate = checked(successes, n)?;
    let z = normal_quantile(confidence.upper());
    let total = n as f64 + z * z;
    let centre = (successes as f64 + z * z / 2.0) / total;
    let half = z * (centre * (1.0 - centre) / total).sqrt();
    let interval = Interval::new(centre - half, centre + half);
    Ok(counted(rate, n, interval, confidence, Method::AgrestiCoull))
}

/// Jeffreys' interval: equal tails of Beta(k + 1/2, n - k + 1/2) (Brown, Cai and DasGupta 2001).
///
/// Plain equal tails also at k = 0 and k = n, so there, and only there, the point may lie outside. Assumes independent
/// trials.
///
/// # Errors
/// As [`wilson`].
pub fn jeffreys(successes: u64, n: u64, confidence: Confidence) -> Result<Estimate, Undefined> {
    let rate = checked(successes, n)?;
    let (a, b) = (successes as f64 + 0.5, (n - successes) as f64 + 0.5);
    let interval = Interval::new(
        beta_quantile(a, b, 1.0 - confidence.upper()),
        beta_quantile(a, b, confidence.upper()),
    );
    Ok(counted(rate, n, interval, confidence, Method::Jeffreys))
}

/// Clopper and Pearson's interval (1934): inverts two exact binomial tests; covers at least its level, often far more.
/// Assumes independent trials.
///
/// # Errors
/// As [`wilson`].
pub fn clopper_pearson(
    successes: u64,
    n: u64,
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    let rate = checked(successes, n)?;
    let (k, rest) = (successes as f64, (n - successes) as f64);
    let low = if successes == 0 {
        0.0
    } else {
        beta_quantile(k, rest + 1.0, 1.0 - confidence.upper())
    };
    let high = if successes == n {
        1.0
    } else {
        beta_quantile(k + 1.0, rest, confidence.upper())
    };
    Ok(counted(
        rate,
        n,
        Interval::new(low, high),
        confidence,
        Method::ClopperPearson,
    ))
}

/// Wilson's interval for case means between 0 and 1 with repeats or clusters.
///
/// n_eff = p(1-p)/SE^2 with the CR1 standard error, clamped to [1, scored trials]; where SE = 0, G at p = 0 or 1 and
/// else the scored trials. Then Wilson with n = n_eff and t((1 + conf)/2, G - 1) in place of z. The effective sample
/// size is Kish's (1965) read backwards; the t quantile follows Korn and Graubard (1998). Assumes independent top
/// units only.
///
/// All pass or all fail: a proper interval, by G. With repeats or clusters fewer than [`super::MIN_UNITS`] top units
/// leave the interval undefined, fewer than [`super::FEW_UNITS`] flag it; a single case has no t quantile.
///
/// # Errors
/// [`Undefined::OutOfRange`] for a value outside 0..1, and those of [`Sample::moments`].
pub fn wilson_clustered(
    sample: &Sample<'_>,
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    let moments = sample.moments()?;
    if moments.low < 0.0 || moments.high > 1.0 {
        return Err(Undefined::OutOfRange);
    }
    let rate = moments.mean;
    let interval = moments.enough_units().and_then(|()| {
        let se = moments.cr1().ok_or(Undefined::OneCase)?;
        let trials = moments.size.trials as f64;
        let effective = if se > 0.0 {
            (rate * (1.0 - rate) / (se * se)).clamp(1.0, trials)
        } else if rate == 0.0 || rate == 1.0 {
            moments.size.units as f64
        } else {
            trials
        };
        let t = t_quantile(confidence.upper(), moments.df());
        Ok(wilson_interval(rate, effective, t))
    });
    let estimate = moments.estimate(rate, interval, confidence, Method::WilsonClustered);
    Ok(match moments.cr1() {
        Some(se) => estimate.with_std_error(se),
        None => estimate,
    })
}

/// The interval that belongs to a rate's design: [`wilson`] for one 0/1 trial a case without clusters, else
/// [`wilson_clustered`].
///
/// # Errors
/// As [`wilson_clustered`].
pub fn rate(sample: &Sample<'_>, confidence: Confidence) -> Result<Estimate, Undefined> {
    let binary = sample
        .values()
        .iter()
        .all(|&value| value == 0.0 || value == 1.0);
    if sample.is_grouped() || !binary {
        return wilson_clustered(sample, confidence);
    }
    let successes = sample
        .values()
        .iter()
        .filter(|&&value| value == 1.0)
        .count();
    wilson(successes as u64, sample.values().len() as u64, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Flag;

    pub(crate) fn ends(estimate: &Estimate) -> (f64, f64) {
        estimate.interval.unwrap().ends().unwrap()
    }

    fn shows(estimate: &Estimate, low: f64, high: f64) {
        let (got_low, got_high) = ends(estimate);
        assert!((got_low - low).abs() < 5e-7, "low {got_low}, not {low}");
        assert!(
            (got_high - high).abs() < 5e-7,
            "high {got_high}, not {high}"
        );
    }

    const THIRDS: [f64; 8] = [1.0, 1.0, 2.0 / 3.0, 1.0, 0.0, 1.0 / 3.0, 1.0, 2.0 / 3.0];

    #[test]
    fn worked_example_wilson() {
        let conf = Confidence::NINETY_FIVE;
        shows(&wilson(17, 20, conf).unwrap(), 0.639_581, 0.947_631);
        shows(&wilson(126, 150, conf).unwrap(), 0.772_960, 0.890_060);
        shows(&wilson(20, 20, conf).unwrap(), 0.838_875, 1.0);
    }

    #[test]
    fn worked_example_repeats() {
        let estimate = rate(
            &Sample::new(&THIRDS).with_trials(24),
            Confidence::NINETY_FIVE,
        )
        .unwrap();
        assert_eq!(estimate.method, Method::WilsonClustered);
        assert!((estimate.point - 0.708_333).abs() < 5e-7);
        assert!((estimate.std_error.unwrap() - 0.132_699).abs() < 5e-7);
        shows(&estimate, 0.374_253, 0.907_930);
        assert_eq!((estimate.n, estimate.trials, estimate.clusters), (8, 24, 8));
    }

    #[test]
    fn worked_example_repeats_in_clusters() {
        let groups = [1, 1, 2, 2, 3, 3, 4, 5];
        let sample = Sample::new(&THIRDS).with_trials(24).with_groups(&groups);
        let estimate = rate(&sample, Confidence::NINETY_FIVE).unwrap();
        assert!((estimate.std_error.unwrap() - 0.180_234).abs() < 5e-7);
        shows(&estimate, 0.238_888, 0.949_473);
        assert_eq!(estimate.flags, [Flag::FewClusters]);
        assert_eq!(estimate.clusters, 5);
    }

    #[test]
    fn worked_example_all_repeats_pass() {
        let sample = Sample::new(&[1.0; 8]).with_trials(24);
        shows(
            &rate(&sample, Confidence::NINETY_FIVE).unwrap(),
            0.588_605,
            1.0,
        );
    }

    #[test]
    fn no_case_is_no_rate_and_one_case_is_wilson() {
        let conf = Confidence::NINETY_FIVE;
        assert_eq!(rate(&Sample::new(&[]), conf), Err(Undefined::NoCases));
        assert_eq!(wilson(0, 0, conf), Err(Undefined::NoCases));
        assert_eq!(wilson(2, 1, conf), Err(Undefined::OutOfRange));
        let one = rate(&Sample::new(&[1.0]), conf).unwrap();
        assert_eq!(one.method, Method::Wilson);
        shows(&one, 0.206_549, 1.0);
    }

    #[test]
    fn all_pass_is_never_certain() {
        for n in [1, 5, 1000] {
            let (low, high) = ends(&wilson(n, n, Confidence::NINETY_FIVE).unwrap());
            assert!(low < 1.0 && high == 1.0);
            let (low, high) = ends(&wilson(0, n, Confidence::NINETY_FIVE).unwrap());
            assert!(low == 0.0 && high > 0.0);
        }
    }

    #[test]
    fn fewer_than_five_top_units_leave_the_interval_open() {
        let values = [1.0, 0.5, 0.0, 1.0];
        let estimate = rate(
            &Sample::new(&values).with_trials(8),
            Confidence::NINETY_FIVE,
        )
        .unwrap();
        assert_eq!(estimate.point, 0.625);
        assert_eq!(
            estimate.interval,
            Err(Undefined::FewUnits { have: 4, need: 5 })
        );
    }

    #[test]
    fn a_standard_error_of_zero_between_the_ends_counts_the_trials() {
        let estimate = wilson_clustered(
            &Sample::new(&[0.5; 6]).with_trials(12),
            Confidence::NINETY_FIVE,
        )
        .unwrap();
        let t = t_quantile(0.975, 5.0);
        assert_eq!(estimate.interval, Ok(wilson_interval(0.5, 12.0, t)));
    }

    #[test]
    fn a_value_outside_the_unit_interval_is_no_rate() {
        let outside = Sample::new(&[0.5, 1.5]);
        assert_eq!(
            rate(&outside, Confidence::NINETY),
            Err(Undefined::OutOfRange)
        );
    }
}
