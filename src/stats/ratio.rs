//! The ratio of two means, such as the cost of a success.

use super::estimate::{Confidence, Estimate, Interval, Method};
use super::sample::Sample;
use super::undefined::Undefined;

/// R = sum of the numerators / sum of the denominators, with Fieller's interval (Fieller 1954).
///
/// With the means a, b, their covariances Vaa, Vab, Vbb (CR1 over top units) and t = t((1 + conf)/2, G - 1):
/// f0 = a^2 - t^2 Vaa, f1 = ab - t^2 Vab, f2 = b^2 - t^2 Vbb, ends (f1 -+ sqrt(f1^2 - f0 f2)) / f2. Assumes means that
/// are nearly normal. `std_error` is the delta method's.
///
/// f2 <= 0: the denominator is not shown to differ from zero and the interval is undefined, "too few successes"; a
/// denominator of zero leaves the ratio itself undefined. Both series without variation: interval undefined. `numerator`
/// carries trials and groups; `denominator` is parallel to it.
///
/// # Errors
/// [`Undefined::TooFewSuccesses`] for a denominator of zero, [`Undefined::Mismatched`], and those of
/// [`Sample::moments`].
pub fn fieller(
    numerator: &Sample<'_>,
    denominator: &[f64],
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    if denominator.len() != numerator.values().len() {
        return Err(Undefined::Mismatched);
    }
    let top = numerator.moments()?;
    let bottom = match numerator.groups() {
        Some(groups) => Sample::new(denominator).with_groups(groups).moments()?,
        None => Sample::new(denominator).moments()?,
    };
    let (a, b) = (top.mean, bottom.mean);
    if b == 0.0 {
        return Err(Undefined::TooFewSuccesses);
    }
    let ratio = a / b;
    if !ratio.is_finite() {
        return Err(Undefined::TooFewSuccesses);
    }
    let (Some(se_a), Some(se_b)) = (top.cr1(), bottom.cr1()) else {
        return Ok(top.estimate(ratio, Err(Undefined::OneCase), confidence, Method::Fieller));
    };
    let units = numerator.units()?;
    let u = units.sums(numerator.values().iter().map(|y| y - a));
    let v = units.sums(denominator.iter().map(|y| y - b));
    let g = units.count() as f64;
    let n = top.size.cases as f64;
    let product: f64 = u.iter().zip(&v).map(|(u, v)| u * v).sum();
    let (vaa, vbb) = (se_a * se_a, se_b * se_b);
    let vab = if vaa == 0.0 || vbb == 0.0 {
        0.0
    } else {
        g / (g - 1.0) * product / (n * n)
    };
    let interval = top.enough_units().and_then(|()| {
        if vaa == 0.0 && vbb == 0.0 {
            return Err(Undefined::NoVariation);
        }
        let square = top.t(confidence).powi(2);
        let (f0, f1, f2) = (
            a * a - square * vaa,
            a * b - square * vab,
            b * b - square * vbb,
        );
        if f2 <= 0.0 {
            return Err(Undefined::TooFewSuccesses);
        }
        let root = (f1 * f1 - f0 * f2).max(0.0).sqrt();
        let (low, high) = ((f1 - root) / f2, (f1 + root) / f2);
        if !(low.is_finite() && high.is_finite()) {
            return Err(Undefined::TooFewSuccesses);
        }
        Ok(Interval::new(low.min(ratio), high.max(ratio)))
    });
    let se = (vaa - 2.0 * ratio * vab + ratio * ratio * vbb)
        .max(0.0)
        .sqrt()
        / b.abs();
    Ok(top
        .estimate(ratio, interval, confidence, Method::Fieller)
        .with_std_error(se))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: [f64; 8] = [0.020, 0.030, 0.025, 0.040, 0.010, 0.025, 0.020, 0.030];

    fn shows(estimate: &Estimate, point: f64, low: f64, high: f64) {
        assert!((estimate.point - point).abs() < 5e-7);
        assert!((estimate.low().unwrap() - low).abs() < 5e-7);
        assert!((estimate.high().unwrap() - high).abs() < 5e-7);
    }

    #[test]
    fn worked_example_cost_per_success() {
        let success = [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0];
        let all = fieller(&Sample::new(&COSTS), &success, Confidence::NINETY_FIVE).unwrap();
        shows(&all, 0.028_571, 0.018_122, 0.046_382);
        let success = [1.0, 1.0, 0.0, 1.0, 1.0, 0.0];
        let six = fieller(&Sample::new(&COSTS[..6]), &success, Confidence::NINETY_FIVE).unwrap();
        shows(&six, 0.037_500, 0.016_709, 0.204_393);
    }

    #[test]
    fn without_a_success_there_is_no_ratio() {
        let none = fieller(&Sample::new(&COSTS), &[0.0; 8], Confidence::NINETY_FIVE);
        assert_eq!(none, Err(Undefined::TooFewSuccesses));
    }

    #[test]
    fn with_few_successes_the_interval_is_undefined() {
        let one = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let estimate = fieller(&Sample::new(&COSTS), &one, Confidence::NINETY_FIVE).unwrap();
        assert!((estimate.point - 0.2).abs() < 1e-12);
        assert_eq!(estimate.interval, Err(Undefined::TooFewSuccesses));
    }

    #[test]
    fn a_ratio_without_variation_or_of_one_case_is_a_point() {
        let fixed = fieller(&Sample::new(&[0.5; 6]), &[1.0; 6], Confidence::NINETY_FIVE).unwrap();
        assert_eq!(
            (fixed.point, fixed.interval),
            (0.5, Err(Undefined::NoVariation))
        );
        let one = fieller(&Sample::new(&[0.5]), &[1.0], Confidence::NINETY_FIVE).unwrap();
        assert_eq!((one.point, one.interval), (0.5, Err(Undefined::OneCase)));
    }

    #[test]
    fn repeats_in_fewer_than_five_clusters_leave_a_point() {
        let groups = [0, 0, 1, 1, 2, 2, 3, 3];
        let sample = Sample::new(&COSTS).with_groups(&groups);
        let estimate = fieller(
            &sample,
            &[1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0],
            Confidence::NINETY,
        )
        .unwrap();
        assert_eq!(
            estimate.interval,
            Err(Undefined::FewUnits { have: 4, need: 5 })
        );
    }
}
