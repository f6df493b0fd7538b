//! Were two sets of numbers drawn from one distribution?

use super::estimate::{Test, TestMethod};
use super::undefined::Undefined;

/// Two-sample Kolmogorov-Smirnov test: the largest distance of the two empirical distribution functions, with the
/// asymptotic p-value at sqrt(nm/(n + m)) + 0.12 + 0.11/sqrt(nm/(n + m)) times that distance (Stephens 1970).
///
/// Used to warn that the judge scores of labelled and unlabelled items differ. Ties make p too large, which warns less
/// and never falsely. Assumes independent numbers.
///
/// # Errors
/// [`Undefined::NoCases`] where a side is empty; [`Undefined::NotFinite`].
pub fn kolmogorov_smirnov(one: &[f64], other: &[f64]) -> Result<Test, Undefined> {
    if one.is_empty() || other.is_empty() {
        return Err(Undefined::NoCases);
    }
    if one.iter().chain(other).any(|v| !v.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    let sorted = |side: &[f64]| {
        let mut side = side.to_vec();
        side.sort_unstable_by(f64::total_cmp);
        side
    };
    let (a, b) = (sorted(one), sorted(other));
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut i, mut j, mut distance) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        while a.get(i).is_some_and(|&v| v <= at) {
            i += 1;
        }
        while b.get(j).is_some_and(|&v| v <= at) {
            j += 1;
        }
        distance = distance.max((i as f64 / n - j as f64 / m).abs());
    }
    let root = (n * m / (n + m)).sqrt();
    let p = kolmogorov_tail(distance * (root + 0.12 + 0.11 / root));
    Ok(Test::new(TestMethod::KolmogorovSmirnov, p).with_statistic(distance))
}

/// 2 sum (-1)^(k-1) exp(-2 k^2 x^2), which converges for x above 0.2 and is 1 to nine digits below.
fn kolmogorov_tail(x: f64) -> f64 {
    if x < 0.2 {
        return 1.0;
    }
    let mut sum = 0.0;
    let mut sign = 1.0;
    for k in 1..=100 {
        let term = (-2.0 * f64::from(k * k) * x * x).exp();
        sum += sign * term;
        sign = -sign;
        if term < 1e-17 {
            break;
        }
    }
    (2.0 * sum).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sets_do_not_differ_and_disjoint_ones_do() {
        let low: Vec<f64> = (0..40).map(f64::from).collect();
        let high: Vec<f64> = (100..140).map(f64::from).collect();
        assert_eq!(kolmogorov_smirnov(&low, &low).unwrap().p, 1.0);
        let apart = kolmogorov_smirnov(&low, &high).unwrap();
        assert_eq!(apart.statistic, Some(1.0));
        assert!(apart.p < 1e-12);
        assert_eq!(apart, kolmogorov_smirnov(&high, &low).unwrap());
    }

    #[test]
    fn ties_are_passed_together() {
        let test = kolmogorov_smirnov(&[1.0, 1.0, 2.0, 2.0], &[1.0, 2.0, 2.0, 2.0]).unwrap();
        assert_eq!(test.statistic, Some(0.25));
    }

    #[test]
    fn the_tail_has_its_tabled_values() {
        // Smirnov's table: 1.36 at 5 %, 1.63 at 1 %.
        assert!((kolmogorov_tail(1.358_1) - 0.05).abs() < 1e-4);
        assert!((kolmogorov_tail(1.627_6) - 0.01).abs() < 1e-4);
        assert_eq!(
            kolmogorov_smirnov(&[], &[1.0]).err(),
            Some(Undefined::NoCases)
        );
    }
}
