//! Percentiles: the point, and the interval that the ranks of a sample give.

use super::distribution::binomial_cdf;
use super::estimate::{Confidence, Estimate, Interval, Method, Size};
use super::undefined::Undefined;

/// Where a percentile falls in a sorted sample: between two neighbours, at `weight` of the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Index (from 0) of the value at or below.
    pub below: usize,
    /// Index of the value at or above; equal to `below` where the percentile hits a value.
    pub above: usize,
    /// Share of the way from one to the other, 0 to 1.
    pub weight: f64,
}

/// Place of the q-quantile among `n` sorted values, type 7 of Hyndman and Fan (1996): h = (n - 1) q.
///
/// `None` for n = 0 or q outside 0..1.
#[must_use]
pub fn place(n: usize, q: f64) -> Option<Place> {
    if n == 0 || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let position = (n - 1) as f64 * q;
    let below = (position.floor() as usize).min(n - 1);
    let weight = position - below as f64;
    let above = if weight > 0.0 {
        (below + 1).min(n - 1)
    } else {
        below
    };
    Some(Place {
        below,
        above,
        weight,
    })
}

/// The q-quantile of values in ascending order, type 7. Infinite values may stand at the end (missing trials filled
/// in); a percentile that leans on one is [`Undefined::Unbounded`].
///
/// # Errors
/// [`Undefined::NoCases`], [`Undefined::OutOfRange`] for q outside 0..1, [`Undefined::Unbounded`].
pub fn quantile_of_sorted(sorted: &[f64], q: f64) -> Result<f64, Undefined> {
    if sorted.is_empty() {
        return Err(Undefined::NoCases);
    }
    let place = place(sorted.len(), q).ok_or(Undefined::OutOfRange)?;
    let (below, above) = (sorted[place.below], sorted[place.above]);
    if !below.is_finite() || !above.is_finite() {
        return Err(Undefined::Unbounded);
    }
    Ok((above - below)
        .mul_add(place.weight, below)
        .clamp(below, above))
}

/// Ranks (from 1) of the order statistics that bound the q-quantile of a continuous distribution.
///
/// lower = largest r with P(Bin(n, q) <= r - 1) <= alpha/2, upper = smallest r with P(Bin(n, q) >= r) <= alpha/2
/// (Conover, "Practical nonparametric statistics"). A rank that no value has leaves that end `None`.
#[must_use]
pub fn interval_ranks(n: usize, q: f64, confidence: Confidence) -> (Option<usize>, Option<usize>) {
    let tail = 1.0 - confidence.upper();
    let cdf = |k: i64| binomial_cdf(k, n as u64, q);
    // Largest r in 0..=n with the first condition; it holds for r = 0 and fails from some r on.
    let lower = last_that((0, n), |r| r == 0 || cdf(r as i64 - 1) <= tail);
    // Largest r in 0..=n for which the second condition still fails; the next one is the upper rank.
    let short = last_that((0, n), |r| r == 0 || 1.0 - cdf(r as i64 - 1) > tail);
    (
        (lower > 0).then_some(lower),
        (short < n).then_some(short + 1),
    )
}

/// Largest value of a range for which a condition holds that holds at its start and, once false, stays false.
fn last_that((mut low, mut high): (usize, usize), holds: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = high - (high - low) / 2;
        if holds(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// The q-quantile of independent values with its order-statistic interval.
///
/// Point: type 7. Interval: see [`interval_ranks`]; distribution-free, for independent values only (with repeats or
/// clusters use the percentile bootstrap over top units). At 95 %, p95 has an upper end from 72 values on and p99 from
/// 368. An end whose rank does not exist is open; both ends open: [`Undefined::TooFewValues`].
///
/// `values` need not be sorted; a vector that is given away is sorted where it lies. Infinite values (missing trials filled in) sort last; one that is reached leaves the
/// end open or the point undefined.
///
/// # Errors
/// [`Undefined::NoCases`], [`Undefined::NotFinite`] for NaN or negative infinity, and those of [`quantile_of_sorted`].
pub fn quantile(
    values: impl Into<Vec<f64>>,
    q: f64,
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    let mut sorted = values.into();
    if sorted.iter().any(|v| v.is_nan() || *v == f64::NEG_INFINITY) {
        return Err(Undefined::NotFinite);
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let point = quantile_of_sorted(&sorted, q)?;
    let (lower, upper) = interval_ranks(sorted.len(), q, confidence);
    let value = |rank: Option<usize>| rank.map(|r| sorted[r - 1]).filter(|v| v.is_finite());
    let interval = match (value(lower), value(upper)) {
        (None, None) => Err(Undefined::TooFewValues),
        (low, high) => Ok(Interval {
            low: low.map(|end| end.min(point)),
            high: high.map(|end| end.max(point)),
        }),
    };
    Ok(Estimate::new(
        point,
        interval,
        confidence,
        Size::cases(sorted.len()),
        Method::OrderStatistic,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_example_order_statistics() {
        let conf = Confidence::NINETY_FIVE;
        assert_eq!(interval_ranks(100, 0.5, conf), (Some(40), Some(61)));
        assert_eq!(interval_ranks(100, 0.95, conf), (Some(90), Some(100)));
        assert_eq!(interval_ranks(50, 0.95, conf), (Some(44), None));
    }

    #[test]
    fn an_upper_end_needs_72_values_for_p95_and_368_for_p99() {
        let conf = Confidence::NINETY_FIVE;
        for (n, q, has) in [
            (71, 0.95, false),
            (72, 0.95, true),
            (367, 0.99, false),
            (368, 0.99, true),
        ] {
            assert_eq!(interval_ranks(n, q, conf).1.is_some(), has, "n = {n}");
        }
    }

    #[test]
    fn the_point_lies_between_neighbours() {
        assert_eq!(quantile_of_sorted(&[1.0, 2.0, 4.0, 8.0], 0.5), Ok(3.0));
        assert_eq!(quantile_of_sorted(&[1.0, 2.0, 4.0], 0.5), Ok(2.0));
        assert_eq!(quantile_of_sorted(&[7.0], 0.99), Ok(7.0));
        assert_eq!(quantile_of_sorted(&[], 0.5), Err(Undefined::NoCases));
        assert_eq!(quantile_of_sorted(&[1.0], 1.5), Err(Undefined::OutOfRange));
    }

    #[test]
    fn a_percentile_on_a_missing_value_is_unbounded() {
        let filled = [1.0, 2.0, f64::INFINITY];
        assert_eq!(quantile_of_sorted(&filled, 0.9), Err(Undefined::Unbounded));
        assert_eq!(quantile_of_sorted(&filled, 0.5), Ok(2.0));
        let low_end = quantile([3.0, f64::NAN], 0.5, Confidence::NINETY_FIVE);
        assert_eq!(low_end, Err(Undefined::NotFinite));
    }

    #[test]
    fn too_few_values_for_either_end_leave_a_point() {
        let estimate = quantile([2.0, 1.0], 0.5, Confidence::NINETY_FIVE).unwrap();
        assert_eq!(
            (estimate.point, estimate.interval),
            (1.5, Err(Undefined::TooFewValues))
        );
    }
}
