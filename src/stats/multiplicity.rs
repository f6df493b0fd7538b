//! Many tests at once: p-values adjusted for how many there are, in the order given.

use super::undefined::Undefined;

/// Holm's step-down adjustment (Holm 1979): keeps the chance of any false finding in the family at its level, whatever
/// the tests' dependence. In ascending order p_(i) becomes the running maximum of (m - i + 1) p_(i), at most 1.
///
/// # Errors
/// [`Undefined::OutOfRange`] for a p outside 0..1. An empty family is an empty answer.
pub fn holm(p: &[f64]) -> Result<Vec<f64>, Undefined> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut running = 0.0_f64;
    for (place, &index) in order.iter().enumerate() {
        running = running.max((p.len() - place) as f64 * p[index]).min(1.0);
        adjusted[index] = running;
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg's adjustment (1995): keeps the expected share of false findings among all findings at its
/// level for independent or positively dependent tests. In descending order p_(i) becomes the running minimum of
/// m p_(i) / i.
///
/// # Errors
/// As [`holm`].
pub fn benjamini_hochberg(p: &[f64]) -> Result<Vec<f64>, Undefined> {
    false_discovery(p, 1.0)
}

/// Benjamini and Yekutieli's adjustment (2001): as [`benjamini_hochberg`], times 1 + 1/2 + ... + 1/m, valid under any
/// dependence.
///
/// # Errors
/// As [`holm`].
pub fn benjamini_yekutieli(p: &[f64]) -> Result<Vec<f64>, Undefined> {
    false_discovery(p, (1..=p.len()).map(|i| 1.0 / i as f64).sum())
}

fn false_discovery(p: &[f64], factor: f64) -> Result<Vec<f64>, Undefined> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut running = 1.0_f64;
    for (place, &index) in order.iter().enumerate().rev() {
        running = running.min(factor * p.len() as f64 * p[index] / (place + 1) as f64);
        adjusted[index] = running;
    }
    Ok(adjusted)
}

fn ascending(p: &[f64]) -> Result<Vec<usize>, Undefined> {
    if p.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return Err(Undefined::OutOfRange);
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_steps_down_and_never_falls() {
        let adjusted = holm(&[0.01, 0.04, 0.03]).unwrap();
        for (got, want) in adjusted.iter().zip([0.03, 0.06, 0.06]) {
            assert!((got - want).abs() < 1e-15);
        }
    }

    #[test]
    fn one_test_is_not_adjusted_and_none_is_none() {
        for adjust in [holm, benjamini_hochberg, benjamini_yekutieli] {
            assert_eq!(adjust(&[0.04]), Ok(vec![0.04]));
            assert_eq!(adjust(&[]), Ok(vec![]));
            assert_eq!(adjust(&[0.5, f64::NAN]), Err(Undefined::OutOfRange));
            assert_eq!(adjust(&[1.5]), Err(Undefined::OutOfRange));
        }
    }
}
