//! Is it no worse than allowed, is it the same: decisions against a margin named beforehand.

use super::distribution::t_sf;
use super::estimate::{Interval, Test, TestMethod};
use super::undefined::Undefined;

/// How a bar against a drop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonInferiority {
    /// The drop is shown to be smaller than the margin.
    Passed,
    /// A real drop, whose best estimate is at or beyond the margin.
    Failed,
    /// The data cannot tell.
    Undecided,
}

/// Non-inferiority of the candidate by `margin` > 0, from the two-sided 90 % interval [L, U] of candidate - baseline,
/// whose ends are one-sided 95 % bounds (Piaggio et al. 2012).
///
/// Passed: L > -margin. Failed: d <= -margin and U < 0. Else undecided, also where an end that decides is open or the
/// interval undefined.
#[must_use]
pub fn non_inferiority(
    point: f64,
    interval: Result<Interval, Undefined>,
    margin: f64,
) -> NonInferiority {
    let Ok(interval) = interval else {
        return NonInferiority::Undecided;
    };
    if interval.low.is_some_and(|low| low > -margin) {
        NonInferiority::Passed
    } else if point <= -margin && interval.high.is_some_and(|high| high < 0.0) {
        NonInferiority::Failed
    } else {
        NonInferiority::Undecided
    }
}

/// Whether the whole interval lies strictly inside (-margin, margin). With a two-sided 90 % interval this is the test of
/// equivalence by two one-sided tests at 5 % (Schuirmann 1987). An open end lies nowhere inside.
#[must_use]
pub fn equivalent(interval: Result<Interval, Undefined>, margin: f64) -> bool {
    interval
        .ok()
        .and_then(Interval::ends)
        .is_some_and(|(low, high)| low > -margin && high < margin)
}

/// The p-value of two one-sided t tests for equivalence within `margin`: the larger of both (Schuirmann 1987).
///
/// `std_error` and `df` are those of the difference. Assumes a difference that is nearly normal.
///
/// # Errors
/// [`Undefined::NoVariation`] for a standard error of 0; [`Undefined::OutOfRange`] for a margin or df not above 0.
pub fn tost(point: f64, std_error: f64, df: f64, margin: f64) -> Result<Test, Undefined> {
    if !(point.is_finite() && std_error.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    if margin <= 0.0 || df <= 0.0 || margin.is_nan() || df.is_nan() {
        return Err(Undefined::OutOfRange);
    }
    if std_error <= 0.0 {
        return Err(Undefined::NoVariation);
    }
    let nearer = (margin - point.abs()) / std_error;
    Ok(Test::new(TestMethod::Tost, t_sf(nearer, df))
        .with_statistic(nearer)
        .with_df(df))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Confidence, PairedTable, Sample, paired_t};

    #[test]
    fn worked_example_non_inferiority() {
        for ([both, gained, lost, neither], point, end) in [
            ([170, 6, 3, 21], 0.015, NonInferiority::Passed),
            ([166, 5, 9, 20], -0.02, NonInferiority::Undecided),
            ([150, 6, 26, 18], -0.10, NonInferiority::Failed),
        ] {
            let table = PairedTable {
                both,
                gained,
                lost,
                neither,
            };
            let estimate = table.difference(Confidence::NINETY).unwrap();
            assert!((estimate.point - point).abs() < 1e-15);
            assert_eq!(
                non_inferiority(estimate.point, estimate.interval, 0.03),
                end
            );
        }
    }

    #[test]
    fn a_drop_within_the_margin_never_fails() {
        let real = Ok(Interval::new(-0.05, -0.01));
        assert_eq!(
            non_inferiority(-0.029, real, 0.03),
            NonInferiority::Undecided
        );
        assert_eq!(non_inferiority(-0.03, real, 0.03), NonInferiority::Failed);
    }

    #[test]
    fn what_is_undefined_is_undecided() {
        let undefined = Err(Undefined::NoVariation);
        assert_eq!(
            non_inferiority(0.5, undefined, 0.03),
            NonInferiority::Undecided
        );
        assert!(!equivalent(undefined, 0.03));
        let open = Ok(Interval {
            low: None,
            high: Some(0.01),
        });
        assert_eq!(non_inferiority(0.0, open, 0.03), NonInferiority::Undecided);
        assert!(!equivalent(open, 0.03));
    }

    #[test]
    fn two_one_sided_tests_agree_with_the_ninety_percent_interval() {
        let d: Vec<f64> = (0..60).map(|i| f64::from(i % 5) - 1.9).collect();
        let found = paired_t(&Sample::new(&d), Confidence::NINETY, None)
            .unwrap()
            .estimate;
        let (low, high) = found.interval.unwrap().ends().unwrap();
        let reach = low.abs().max(high.abs());
        for (margin, same) in [(reach + 1e-9, true), (reach - 1e-9, false)] {
            assert_eq!(equivalent(found.interval, margin), same);
            let p = tost(found.point, found.std_error.unwrap(), 59.0, margin)
                .unwrap()
                .p;
            assert_eq!(p < 0.05, same);
        }
    }

    #[test]
    fn equivalence_without_a_spread_or_margin_is_undefined() {
        assert_eq!(tost(0.0, 0.0, 5.0, 0.1), Err(Undefined::NoVariation));
        assert_eq!(tost(0.0, 0.1, 5.0, 0.0), Err(Undefined::OutOfRange));
    }
}
