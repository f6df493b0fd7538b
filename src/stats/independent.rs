//! Two samples that share no cases.

use super::distribution::{ln_gamma, t_quantile, t_two_sided};
use super::estimate::{Confidence, Estimate, Flag, Interval, Method, Size, Test, TestMethod};
use super::paired::Difference;
use super::proportion::wilson;
use super::sample::Sample;
use super::undefined::Undefined;

/// Successes of one side among its trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Successes.
    pub successes: u64,
    /// Trials.
    pub n: u64,
}

/// Rate of the candidate less rate of the baseline with Newcombe's hybrid score interval (Newcombe 1998, "Interval
/// estimation for the difference between independent proportions", method 10), and Fisher's exact test.
///
/// The distances from each rate to its Wilson ends are joined by Pythagoras. Assumes independent trials on both sides.
///
/// # Errors
/// [`Undefined::NoCases`] where a side is empty; [`Undefined::OutOfRange`] for more successes than trials.
pub fn newcombe(
    baseline: Count,
    candidate: Count,
    confidence: Confidence,
) -> Result<Difference, Undefined> {
    let old = wilson(baseline.successes, baseline.n, confidence)?;
    let new = wilson(candidate.successes, candidate.n, confidence)?;
    let reach = |a: f64, b: f64| a.hypot(b);
    let distances = |side: &Estimate| {
        let interval = side.interval?;
        let (low, high) = interval.ends().ok_or(Undefined::NoCases)?;
        Ok((side.point - low, high - side.point))
    };
    let ((old_below, old_above), (new_below, new_above)) = (distances(&old)?, distances(&new)?);
    let d = new.point - old.point;
    let interval = Interval::new(
        d - reach(new_below, old_above),
        d + reach(new_above, old_below),
    );
    let n = usize::try_from(baseline.n + candidate.n).unwrap_or(usize::MAX);
    let se = reach(old.std_error.unwrap_or(0.0), new.std_error.unwrap_or(0.0));
    Ok(Difference {
        estimate: Estimate::new(
            d,
            Ok(interval),
            confidence,
            Size::cases(n),
            Method::Newcombe,
        )
        .with_std_error(se),
        test: fisher_exact([
            [candidate.successes, candidate.n - candidate.successes],
            [baseline.successes, baseline.n - baseline.successes],
        ]),
    })
}

/// Fisher's exact test of a 2 x 2 table, two-sided: the sum over all tables of the same margins that are no likelier
/// than the one seen (Fisher 1935). An empty margin: p = 1.
///
/// # Errors
/// [`Undefined::NoCases`] for an empty table.
pub fn fisher_exact(table: [[u64; 2]; 2]) -> Result<Test, Undefined> {
    let [[a, b], [c, d]] = table;
    let (row, column, n) = (a + b, a + c, a + b + c + d);
    if n == 0 {
        return Err(Undefined::NoCases);
    }
    let ln_choose = |n: u64, k: u64| {
        ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0)
    };
    let ln_probability =
        |a: u64| ln_choose(column, a) + ln_choose(n - column, row - a) - ln_choose(n, row);
    let seen = ln_probability(a);
    let (first, last) = ((row + column).saturating_sub(n), row.min(column));
    // Tables as likely as the one seen count; rounding of the logarithms must not part them.
    let p: f64 = (first..=last)
        .map(ln_probability)
        .filter(|&ln| ln <= seen + 1e-7)
        .map(f64::exp)
        .sum();
    Ok(Test::new(TestMethod::FisherExact, p))
}

/// Mean of the candidate less mean of the baseline with Welch's interval and test (Welch 1947).
///
/// SE^2 = SE_1^2 + SE_2^2, each CR1 over its own top units; df by Welch and Satterthwaite with G - 1 on each side.
/// Assumes independent top units and means that are nearly normal. A side of one case: a point. No variation on either
/// side: interval and test undefined.
///
/// # Errors
/// Those of [`Sample::moments`].
pub fn welch(
    baseline: &Sample<'_>,
    candidate: &Sample<'_>,
    confidence: Confidence,
) -> Result<Difference, Undefined> {
    let (old, new) = (baseline.moments()?, candidate.moments()?);
    let d = new.mean - old.mean;
    let size = Size {
        cases: old.size.cases + new.size.cases,
        trials: old.size.trials + new.size.trials,
        units: old.size.units + new.size.units,
    };
    let spread =
        old.enough_units()
            .and(new.enough_units())
            .and_then(|()| match (old.cr1(), new.cr1()) {
                (Some(old_se), Some(new_se)) if old_se + new_se > 0.0 => {
                    let (v1, v2) = (old_se * old_se, new_se * new_se);
                    let df = (v1 + v2).powi(2) / (v1 * v1 / old.df() + v2 * v2 / new.df());
                    Ok(((v1 + v2).sqrt(), df))
                }
                (Some(_), Some(_)) => Err(Undefined::NoVariation),
                _ => Err(Undefined::OneCase),
            });
    let interval = spread.map(|(se, df)| {
        let half = t_quantile(confidence.upper(), df) * se;
        Interval::new(d - half, d + half)
    });
    let test = spread.map(|(se, df)| {
        Test::new(TestMethod::Welch, t_two_sided(d / se, df))
            .with_statistic(d / se)
            .with_df(df)
    });
    let estimate = Estimate::new(d, interval, confidence, size, Method::Welch)
        .flag_if(old.few_clusters() || new.few_clusters(), Flag::FewClusters);
    Ok(Difference {
        estimate: match spread {
            Ok((se, _)) => estimate.with_std_error(se),
            Err(_) => estimate,
        },
        test,
    })
}

/// Standard error of the difference of two means as if the sides shared no cases: sqrt(SE_1^2 + SE_2^2).
///
/// Only to show what pairing gains. `None` where a side has a single top unit.
///
/// # Errors
/// Those of [`Sample::moments`].
pub fn unpaired_std_error(
    baseline: &Sample<'_>,
    candidate: &Sample<'_>,
) -> Result<Option<f64>, Undefined> {
    let (old, new) = (baseline.moments()?, candidate.moments()?);
    Ok(old.cr1().zip(new.cr1()).map(|(a, b)| a.hypot(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fisher_sums_the_tables_no_likelier_than_the_one_seen() {
        // Tea tasting: 3 of 4 right; margins of 4 give probabilities 1, 16, 36, 16, 1 of 70.
        let p = fisher_exact([[3, 1], [1, 3]]).unwrap().p;
        assert!((p - 34.0 / 70.0).abs() < 1e-12);
        assert!((fisher_exact([[4, 0], [0, 4]]).unwrap().p - 2.0 / 70.0).abs() < 1e-12);
        assert_eq!(fisher_exact([[0, 0], [3, 4]]).unwrap().p, 1.0);
        assert_eq!(fisher_exact([[0, 0], [0, 0]]), Err(Undefined::NoCases));
    }

    #[test]
    fn welch_with_equal_spreads_has_the_pooled_degrees_of_freedom() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0]);
        let found = welch(&Sample::new(&a), &Sample::new(&b), Confidence::NINETY_FIVE).unwrap();
        assert_eq!(found.estimate.point, 2.0);
        assert!((found.test.unwrap().df.unwrap() - 6.0).abs() < 1e-12);
        let se = found.estimate.std_error.unwrap();
        assert!((se - (2.0 * (5.0 / 3.0) / 4.0_f64).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn welch_without_variation_or_with_one_case_is_a_point() {
        let constant = welch(
            &Sample::new(&[1.0, 1.0]),
            &Sample::new(&[2.0, 2.0]),
            Confidence::NINETY,
        )
        .unwrap();
        assert_eq!(constant.estimate.interval, Err(Undefined::NoVariation));
        let one = welch(
            &Sample::new(&[1.0]),
            &Sample::new(&[2.0, 3.0]),
            Confidence::NINETY,
        )
        .unwrap();
        assert_eq!(one.test, Err(Undefined::OneCase));
    }

    #[test]
    fn a_side_without_cases_is_no_difference() {
        let (none, some) = (Count { successes: 0, n: 0 }, Count { successes: 1, n: 2 });
        assert_eq!(
            newcombe(none, some, Confidence::NINETY),
            Err(Undefined::NoCases)
        );
    }
}
