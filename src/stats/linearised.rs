//! An interval from what each item adds to a figure: the delta method, for tables and for items alike.

use super::distribution::t_quantile;
use super::estimate::{Confidence, Estimate, Flag, Interval, Method, Size};
use super::undefined::Undefined;

/// Fewer items than this flag an interval that leans on many.
const FEW_ITEMS: f64 = 10.0;

/// The standard error that derivatives give, and the number of items behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    /// Standard error.
    pub(super) std_error: f64,
    /// Items.
    pub(super) items: f64,
}

/// Standard error of a smooth figure of n independent items (Hampel 1974; for agreement Gwet 2008): a part (g, c) says
/// that c items have the derivative g with respect to their share of all items; SE^2 = sum c (g - mean g)^2 / (n (n - 1)).
/// A common addend of all g changes nothing. What rounding alone leaves of equal derivatives is 0.
///
/// # Errors
/// [`Undefined::OneCase`] for fewer than two items.
pub(super) fn spread(parts: &[(f64, u64)]) -> Result<Spread, Undefined> {
    let items: u64 = parts.iter().map(|&(_, count)| count).sum();
    if items < 2 {
        return Err(Undefined::OneCase);
    }
    let n = items as f64;
    let mean = parts.iter().map(|&(g, c)| g * c as f64).sum::<f64>() / n;
    let (mut squares, mut largest) = (0.0, 0.0_f64);
    for &(g, count) in parts.iter().filter(|part| part.1 > 0) {
        squares += count as f64 * (g - mean).powi(2);
        largest = largest.max(g.abs());
    }
    // A derivative may be what is left of terms that cancel, as large as the figure's own scale, which is 1.
    let noise = 1e-13 * largest.max(1.0) * n.sqrt();
    let std_error = if squares.sqrt() > noise {
        (squares / (n * (n - 1.0))).sqrt()
    } else {
        0.0
    };
    Ok(Spread {
        std_error,
        items: n,
    })
}

/// point +- t((1 + conf)/2, n - 1) SE, cut to the figure's range, whose upper end is 1. No spread (perfect agreement
/// among other things): a point without interval, since the error would be 0 at any n. Under 10 items: flagged.
pub(super) fn linearised(
    point: f64,
    parts: &[(f64, u64)],
    lowest: f64,
    confidence: Confidence,
    size: Size,
) -> Estimate {
    let spread = spread(parts);
    let interval = spread.and_then(|spread| {
        if spread.std_error == 0.0 {
            return Err(Undefined::NoVariation);
        }
        let half = t_quantile(confidence.upper(), spread.items - 1.0) * spread.std_error;
        let (low, high) = (point - half, point + half);
        // The point itself may miss its range by rounding; the interval still has to hold it.
        Ok(Interval::new(
            low.max(lowest).min(point),
            high.min(1.0).max(point),
        ))
    });
    let estimate = Estimate::new(point, interval, confidence, size, Method::Linearised);
    match spread {
        Ok(spread) => estimate
            .with_std_error(spread.std_error)
            .flag_if(spread.items < FEW_ITEMS, Flag::FewCases),
        Err(_) => estimate.with_flag(Flag::FewCases),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Sample, mean};

    const CONF: Confidence = Confidence::NINETY_FIVE;

    #[test]
    fn the_derivatives_of_a_mean_are_its_values() {
        let values = [0.1, 0.4, 0.4, 0.9, 0.3, 0.4, 0.2, 0.6, 0.5, 0.5, 0.8];
        let plain = mean(&Sample::new(&values), CONF, None).unwrap();
        // A value that occurs three times is one part of three items.
        let parts: Vec<(f64, u64)> = [0.1, 0.9, 0.3, 0.2, 0.6, 0.8]
            .map(|v| (v, 1))
            .into_iter()
            .chain([(0.4, 3), (0.5, 2), (77.0, 0)])
            .collect();
        let found = linearised(plain.point, &parts, 0.0, CONF, Size::cases(11));
        let near = |a: Option<f64>, b: Option<f64>| (a.unwrap() - b.unwrap()).abs() < 1e-14;
        assert!(near(found.std_error, plain.std_error));
        assert!(near(found.low(), plain.low()) && near(found.high(), plain.high()));
        assert!(found.flags.is_empty());
    }

    #[test]
    fn equal_derivatives_and_single_items_give_no_interval() {
        let alike = linearised(
            1.0,
            &[(0.3, 5), (0.1 + 0.2, 6)],
            -1.0,
            CONF,
            Size::cases(11),
        );
        assert_eq!(alike.interval, Err(Undefined::NoVariation));
        let cancelled = linearised(0.6, &[(2.2e-16, 5), (0.0, 6)], -1.0, CONF, Size::cases(11));
        assert_eq!(cancelled.interval, Err(Undefined::NoVariation));
        let one = linearised(0.5, &[(0.3, 1)], -1.0, CONF, Size::cases(1));
        assert_eq!(
            (one.interval, one.flags),
            (Err(Undefined::OneCase), vec![Flag::FewCases])
        );
    }

    #[test]
    fn an_interval_is_cut_to_the_range_and_holds_its_point() {
        let found = linearised(0.95, &[(0.0, 5), (3.0, 6)], 0.9, CONF, Size::cases(11));
        assert_eq!((found.low(), found.high()), (Some(0.9), Some(1.0)));
    }
}
