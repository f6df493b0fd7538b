//! Paired differences of numbers: the t test and its interval.

use super::distribution::t_two_sided;
use super::estimate::{Confidence, Estimate, Interval, Method, Scale, Test, TestMethod};
use super::mean::t_interval;
use super::sample::{Moments, Sample};
use super::undefined::Undefined;

/// A difference with its interval and its test.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Candidate less baseline.
    pub estimate: Estimate,
    /// Two-sided test of no difference, or why there is none.
    pub test: Result<Test, Undefined>,
}

/// candidate - baseline, case by case; what differs by rounding alone is exactly zero.
///
/// # Errors
/// [`Undefined::Mismatched`] for sides of different length, [`Undefined::NotFinite`].
pub fn differences(baseline: &[f64], candidate: &[f64]) -> Result<Vec<f64>, Undefined> {
    if baseline.len() != candidate.len() {
        return Err(Undefined::Mismatched);
    }
    baseline
        .iter()
        .zip(candidate)
        .map(|(&old, &new)| {
            let d = new - old;
            if !d.is_finite() {
                Err(Undefined::NotFinite)
            } else if d.abs() <= 4.0 * f64::EPSILON * old.abs().max(new.abs()) {
                Ok(0.0)
            } else {
                Ok(d)
            }
        })
        .collect()
}

/// Mean of paired differences: d +- t((1 + conf)/2, G - 1) SE, and the t test, both with the CR1 standard error over
/// top units (see [`Sample::moments`]).
///
/// `differences` holds one d_i a pair with the trials and groups of the design; `scale` is the declared scale of the
/// *metric* (0..1 for rates), whose range bounds what an all-zero sample may hide. Assumes independent top units and a
/// mean that is nearly normal: for fewer than 30 unclustered pairs take p from [`super::sign_flip`].
///
/// All d_i = 0 with a scale: p = 1 and the interval +- range (1 - (alpha/2)^(1/G)), beyond which a rare difference would
/// have shown itself in G units; without a scale the interval is undefined and p = 1. A constant difference that is not
/// 0: interval and test undefined ("no variation"), the sign flip alone decides. One pair: a point. With repeats or
/// clusters fewer than [`super::MIN_UNITS`] top units leave interval and test undefined.
///
/// # Errors
/// Those of [`Sample::moments`].
pub fn paired_t(
    differences: &Sample<'_>,
    confidence: Confidence,
    scale: Option<Scale>,
) -> Result<Difference, Undefined> {
    let moments = differences.moments()?;
    if moments.low == 0.0 && moments.high == 0.0 {
        return Ok(no_difference(&moments, confidence, scale));
    }
    let se = moments.cr1();
    let interval = t_interval(&moments, se, confidence, None);
    let test = interval.map(|_| {
        let t = moments.mean / se.unwrap_or(f64::INFINITY);
        Test::new(TestMethod::PairedT, t_two_sided(t, moments.df()))
            .with_statistic(t)
            .with_df(moments.df())
    });
    let estimate = moments.estimate(moments.mean, interval, confidence, Method::PairedT);
    Ok(Difference {
        estimate: match se {
            Some(se) => estimate.with_std_error(se),
            None => estimate,
        },
        test,
    })
}

fn no_difference(moments: &Moments, confidence: Confidence, scale: Option<Scale>) -> Difference {
    let interval = moments.enough_units().and_then(|()| {
        let range = scale.ok_or(Undefined::NoVariation)?.range();
        let units = moments.size.units as f64;
        // 1 - (alpha/2)^(1/G), written so that a small result keeps its digits.
        let share = -((confidence.alpha() / 2.0).ln() / units).exp_m1();
        Ok(Interval::new(-range * share, range * share))
    });
    Difference {
        estimate: moments
            .estimate(0.0, interval, confidence, Method::ZeroDifferences)
            .with_std_error(0.0),
        test: Ok(Test::new(TestMethod::ZeroDifferences, 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Flag;

    #[test]
    fn all_zero_differences_are_bounded_by_the_scale() {
        let zeros = vec![0.0; 100];
        let sample = Sample::new(&zeros).with_trials(300);
        let found = paired_t(&sample, Confidence::NINETY, Some(Scale::UNIT)).unwrap();
        assert!((found.estimate.high().unwrap() - 0.029_513).abs() < 5e-7);
        assert!((found.estimate.low().unwrap() + 0.029_513).abs() < 5e-7);
        assert_eq!(found.test.unwrap().p, 1.0);
        let ten = paired_t(&sample, Confidence::NINETY, Scale::new(0.0, 10.0)).unwrap();
        assert!((ten.estimate.high().unwrap() - 0.295_13).abs() < 5e-6);
    }

    #[test]
    fn all_zero_differences_without_a_scale_have_no_interval() {
        let found = paired_t(&Sample::new(&[0.0; 40]), Confidence::NINETY_FIVE, None).unwrap();
        assert_eq!(found.estimate.interval, Err(Undefined::NoVariation));
        assert_eq!(found.test.unwrap().p, 1.0);
    }

    #[test]
    fn a_constant_difference_leaves_interval_and_t_test_undefined() {
        let found = paired_t(
            &Sample::new(&[0.25; 40]),
            Confidence::NINETY_FIVE,
            Some(Scale::UNIT),
        )
        .unwrap();
        assert_eq!(found.estimate.point, 0.25);
        assert_eq!(found.estimate.interval, Err(Undefined::NoVariation));
        assert_eq!(found.test, Err(Undefined::NoVariation));
    }

    #[test]
    fn one_pair_is_a_point() {
        let found = paired_t(&Sample::new(&[0.25]), Confidence::NINETY_FIVE, None).unwrap();
        assert_eq!(found.estimate.interval, Err(Undefined::OneCase));
        assert_eq!(found.test, Err(Undefined::OneCase));
    }

    #[test]
    fn few_clusters_are_flagged_and_fewer_than_five_refused() {
        let d = [0.1, 0.2, -0.1, 0.3, 0.0, 0.4];
        let groups = [0, 1, 2, 3, 4, 4];
        let five = paired_t(
            &Sample::new(&d).with_groups(&groups),
            Confidence::NINETY_FIVE,
            None,
        )
        .unwrap();
        assert_eq!(five.estimate.flags, [Flag::FewClusters]);
        assert!(five.test.is_ok());
        let groups = [0, 1, 2, 3, 3, 3];
        let four = paired_t(
            &Sample::new(&d).with_groups(&groups),
            Confidence::NINETY_FIVE,
            None,
        )
        .unwrap();
        assert_eq!(four.test, Err(Undefined::FewUnits { have: 4, need: 5 }));
    }

    #[test]
    fn rounding_is_no_difference() {
        let found = differences(&[0.1 + 0.2, 1.0], &[0.3, 1.5]).unwrap();
        assert_eq!(found, [0.0, 0.5]);
        assert_eq!(differences(&[1.0], &[]), Err(Undefined::Mismatched));
        assert_eq!(
            differences(&[1.0], &[f64::INFINITY]),
            Err(Undefined::NotFinite)
        );
    }
}
