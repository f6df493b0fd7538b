//! The mean of a score, of tokens or of money, with Student's t.

use super::estimate::{Confidence, Estimate, Interval, Method, Scale};
use super::sample::{Moments, Sample};
use super::undefined::Undefined;

/// mean +- t SE around the moments of a sample, cut to a scale.
pub(crate) fn t_interval(
    moments: &Moments,
    se: Option<f64>,
    confidence: Confidence,
    scale: Option<Scale>,
) -> Result<Interval, Undefined> {
    moments.enough_units()?;
    let se = se.ok_or(Undefined::OneCase)?;
    if se == 0.0 {
        return Err(Undefined::NoVariation);
    }
    let half = moments.t(confidence) * se;
    let interval = Interval::new(moments.mean - half, moments.mean + half);
    Ok(scale.map_or(interval, |scale| interval.cut(scale)))
}

fn with_error(
    moments: &Moments,
    se: Option<f64>,
    confidence: Confidence,
    scale: Option<Scale>,
    method: Method,
) -> Estimate {
    let interval = t_interval(moments, se, confidence, scale);
    let estimate = moments.estimate(moments.mean, interval, confidence, method);
    match se {
        Some(se) => estimate.with_std_error(se),
        None => estimate,
    }
}

/// Mean +- t((1 + conf)/2, G - 1) SE with the cluster-robust CR1 standard error (see [`Sample::moments`]), cut to the
/// declared scale if there is one.
///
/// Assumes independent top units and a mean that is nearly normal. One case: a point without interval. No variation:
/// the same, because a spread of zero proves nothing. With repeats or clusters fewer than [`super::MIN_UNITS`] top
/// units leave the interval undefined.
///
/// # Errors
/// Those of [`Sample::moments`]; [`Undefined::OutOfRange`] for a value outside the declared scale.
pub fn mean(
    sample: &Sample<'_>,
    confidence: Confidence,
    scale: Option<Scale>,
) -> Result<Estimate, Undefined> {
    let moments = sample.moments()?;
    within(&moments, scale)?;
    Ok(with_error(
        &moments,
        moments.cr1(),
        confidence,
        scale,
        Method::T,
    ))
}

/// As [`mean`] with the CR0 standard error, which lacks the factor sqrt(G/(G-1)); for comparing with papers (Miller
/// 2024) and never a default, since it is too small where units are few.
///
/// # Errors
/// As [`mean`].
pub fn mean_cr0(
    sample: &Sample<'_>,
    confidence: Confidence,
    scale: Option<Scale>,
) -> Result<Estimate, Undefined> {
    let moments = sample.moments()?;
    within(&moments, scale)?;
    let se = moments.cr1().map(|_| moments.cr0);
    Ok(with_error(&moments, se, confidence, scale, Method::TCr0))
}

fn within(moments: &Moments, scale: Option<Scale>) -> Result<(), Undefined> {
    let outside =
        scale.is_some_and(|scale| moments.low < scale.low() || moments.high > scale.high());
    if outside {
        Err(Undefined::OutOfRange)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_cut_to_its_scale() {
        let values = [1.0, 1.0, 1.0, 5.0];
        let scale = Scale::new(1.0, 5.0);
        let free = mean(&Sample::new(&values), Confidence::NINETY_FIVE, None).unwrap();
        let cut = mean(&Sample::new(&values), Confidence::NINETY_FIVE, scale).unwrap();
        assert!(free.low().unwrap() < 1.0);
        assert_eq!(cut.low(), Some(1.0));
        assert!((cut.std_error.unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_case_is_a_point_without_interval() {
        let one = mean(&Sample::new(&[3.0]), Confidence::NINETY_FIVE, None).unwrap();
        assert_eq!((one.point, one.interval), (3.0, Err(Undefined::OneCase)));
        assert_eq!(
            mean(&Sample::new(&[]), Confidence::NINETY_FIVE, None),
            Err(Undefined::NoCases)
        );
    }

    #[test]
    fn a_constant_score_has_no_interval() {
        let constant = mean(&Sample::new(&[0.1; 7]), Confidence::NINETY_FIVE, None).unwrap();
        assert_eq!(
            (constant.point, constant.interval),
            (0.1, Err(Undefined::NoVariation))
        );
    }

    #[test]
    fn cr0_is_narrower_than_cr1_by_its_factor() {
        let values = [1.0, 2.0, 4.0, 8.0, 3.0, 5.0];
        let groups = [0, 0, 1, 2, 3, 4];
        let sample = Sample::new(&values).with_groups(&groups);
        let (cr1, cr0) = (
            mean(&sample, Confidence::NINETY_FIVE, None).unwrap(),
            mean_cr0(&sample, Confidence::NINETY_FIVE, None).unwrap(),
        );
        let factor = cr1.std_error.unwrap() / cr0.std_error.unwrap();
        assert!((factor - (5.0_f64 / 4.0).sqrt()).abs() < 1e-12);
        assert_eq!(cr0.method.name(), "t-cr0");
    }

    #[test]
    fn a_value_off_the_scale_is_refused() {
        let sample = Sample::new(&[0.0, 6.0]);
        assert_eq!(
            mean(&sample, Confidence::NINETY_FIVE, Scale::new(1.0, 5.0)),
            Err(Undefined::OutOfRange)
        );
    }
}
