//! Where values lie on a line: ticks at round numbers, and places that are always numbers.

use crate::analysis::findings::Unit;
use crate::analysis::format::Scale;

/// Values beyond are not drawn: their differences would have no digits left.
const LARGEST: f64 = 1e15;
/// Ticks that are wanted, more or less.
const TICKS: f64 = 5.0;
/// Most ticks there are, whatever the rounding does.
const MOST_TICKS: usize = 12;
/// The share of a value by which a lone one gets room on either side.
const ROOM: f64 = 0.1;

/// Whether a value can be drawn.
pub(super) fn is_drawable(value: f64) -> bool {
    value.abs() <= LARGEST
}

/// The end of a value's range: pixels, in the units of the drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    /// Where the lowest value lies.
    pub(super) from: f64,
    /// Where the highest lies; smaller than `from` for an axis that points up.
    pub(super) to: f64,
}

/// A linear axis between two round numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
    span: Span,
}

/// A round number near `value` (which is positive): 1, 2, 2.5 or 5 times a power of ten, not smaller.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    let digit = steps.iter().find(|step| value <= *step * power * 1.000_001);
    digit.copied().unwrap_or(10.0) * power
}

impl Axis {
    /// An axis that holds all values that can be drawn, between round numbers and never beyond `limits`; `None` where there are none.
    pub(super) fn covering(
        values: impl IntoIterator<Item = f64>,
        limits: Option<(f64, f64)>,
        span: Span,
    ) -> Option<Self> {
        let mut values = values.into_iter().filter(|value| is_drawable(*value));
        let first = values.next()?;
        let (mut low, mut high) = values.fold((first, first), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        // What cannot be told apart in the digits of a number is one value.
        if high - low <= low.abs().max(high.abs()) * 1e-9 {
            let room = match low.abs().max(high.abs()) {
                0.0 => 1.0,
                size => size * ROOM,
            };
            (low, high) = (low - room, high + room);
            if let Some((least, most)) = limits {
                (low, high) = (low.max(least), high.min(most));
            }
            if high <= low {
                high = low + room;
            }
        }
        let step = round_up((high - low) / TICKS);
        let mut low = (low / step + 1e-9).floor() * step;
        let mut high = (high / step - 1e-9).ceil() * step;
        if let Some((least, most)) = limits.filter(|(least, most)| least < most) {
            low = low.max(least);
            high = high.min(most);
        }
        (high > low).then_some(Self {
            low,
            high,
            step,
            span,
        })
    }

    /// An axis with 0 in its middle that holds all these values.
    pub(super) fn around_zero(values: impl IntoIterator<Item = f64>, span: Span) -> Self {
        let values = values.into_iter().filter(|value| is_drawable(*value));
        let most = values.fold(0.0_f64, |most, value| most.max(value.abs()));
        // Below all digits is zero to the eye.
        let step = match most < 1e-300 {
            true => 1.0,
            false => round_up(most / 2.0),
        };
        let most = (most / step - 1e-9).ceil().max(1.0) * step;
        Self {
            low: -most,
            high: most,
            step,
            span,
        }
    }

    /// Where a value lies, those beyond the axis at its end; `None` for what is no number.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        if value.is_nan() {
            return None;
        }
        let share = (value.clamp(self.low, self.high) - self.low) / (self.high - self.low);
        Some(self.span.from + share * (self.span.to - self.span.from))
    }

    /// Where the axis begins and ends.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// The lowest value.
    pub(super) fn low(&self) -> f64 {
        self.low
    }

    /// The highest value.
    pub(super) fn high(&self) -> f64 {
        self.high
    }

    /// Round numbers on the axis, ascending.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let first = (self.low / self.step - 1e-6).ceil();
        (0..MOST_TICKS)
            .map(|at| (first + at as f64) * self.step + 0.0)
            .take_while(|tick| *tick <= self.high + self.step * 1e-6)
            .collect()
    }

    /// The ticks with their words, the unit at the last.
    pub(super) fn labels(&self, unit: Unit) -> Vec<(f64, String)> {
        let scale = Scale::of(unit, self.low.abs().max(self.high.abs()), 0);
        self.words(|tick| scale.bar(tick))
    }

    /// The same for differences: signed.
    pub(super) fn signed_labels(&self, unit: Unit) -> Vec<(f64, String)> {
        let scale = Scale::of_difference(unit, self.high.abs().max(self.low.abs()));
        self.words(|tick| {
            // The sign before a currency.
            let sign = match tick {
                tick if tick > 0.0 => "+",
                tick if tick < 0.0 => "-",
                _ => "",
            };
            format!("{sign}{}", scale.bar(tick.abs()))
        })
    }

    fn words(&self, of: impl Fn(f64) -> String) -> Vec<(f64, String)> {
        let ticks = self.ticks();
        let last = ticks.len().saturating_sub(1);
        let words = ticks.into_iter().enumerate().map(|(at, tick)| {
            let words = of(tick);
            // The unit once is enough.
            let number = words.split(' ').next().unwrap_or_default().to_owned();
            (tick, if at == last { words } else { number })
        });
        words.collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPAN: Span = Span {
        from: 0.0,
        to: 100.0,
    };
    const RATE: Option<(f64, f64)> = Some((0.0, 1.0));

    fn ticks(values: &[f64], limits: Option<(f64, f64)>) -> Vec<f64> {
        let axis = Axis::covering(values.iter().copied(), limits, SPAN).unwrap();
        let round = |tick: &f64| (tick * 1e9).round() / 1e9;
        axis.ticks().iter().map(round).collect()
    }

    #[test]
    fn ticks_are_round_numbers_around_the_values() {
        assert_eq!(
            ticks(&[0.839, 0.914], None),
            [0.82, 0.84, 0.86, 0.88, 0.9, 0.92]
        );
        assert_eq!(ticks(&[0.0, 5.2], None), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(ticks(&[-3.0, 12.0], None), [-5.0, 0.0, 5.0, 10.0, 15.0]);
        assert_eq!(
            ticks(&[41.0, 4_100.0], None),
            [0.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0]
        );
    }

    #[test]
    fn a_rate_never_goes_beyond_its_ends() {
        assert_eq!(ticks(&[0.03, 0.98], RATE), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(ticks(&[1.0], RATE).last(), Some(&1.0));
        assert_eq!(ticks(&[0.0], RATE), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
    }

    #[test]
    fn one_value_and_equal_values_get_room() {
        let axis = Axis::covering([5.0, 5.0], None, SPAN).unwrap();
        assert!(axis.low() < 5.0 && axis.high() > 5.0, "{axis:?}");
        assert_eq!(ticks(&[0.0], None), [-1.0, -0.5, 0.0, 0.5, 1.0]);
    }

    #[test]
    fn what_is_no_number_has_no_axis_and_no_place() {
        assert_eq!(
            Axis::covering([f64::NAN, f64::INFINITY, 1e300], None, SPAN),
            None
        );
        assert_eq!(Axis::covering([], None, SPAN), None);
        let axis = Axis::covering([0.0, 1.0], None, SPAN).unwrap();
        assert_eq!(axis.place(f64::NAN), None);
        assert_eq!(axis.place(f64::INFINITY), Some(100.0));
        assert_eq!(axis.place(0.5), Some(50.0));
    }

    #[test]
    fn differences_have_zero_in_the_middle() {
        let axis = Axis::around_zero([0.011, 0.093, -0.03], SPAN);
        assert_eq!(axis.place(0.0), Some(50.0));
        let words: Vec<String> = axis
            .signed_labels(Unit::Rate)
            .into_iter()
            .map(|one| one.1)
            .collect();
        assert_eq!(words, ["-10", "-5", "0", "+5", "+10 points"]);
        let costs = Axis::around_zero([0.001], SPAN).signed_labels(Unit::Usd);
        assert_eq!(costs[0].1, "-$0.001");
        assert_eq!(Axis::around_zero([], SPAN).ticks(), [-1.0, 0.0, 1.0]);
    }

    #[test]
    fn the_unit_stands_at_the_last_tick() {
        let words = |unit, values: [f64; 2]| -> Vec<String> {
            let axis = Axis::covering(values, None, SPAN).unwrap();
            axis.labels(unit).into_iter().map(|one| one.1).collect()
        };
        assert_eq!(words(Unit::Rate, [0.2, 0.8]), ["20", "40", "60", "80 %"]);
        assert_eq!(
            words(Unit::Milliseconds, [0.0, 5_200.0]),
            ["0", "2", "4", "6 s"]
        );
        assert_eq!(
            words(Unit::Usd, [0.0, 0.04]),
            ["$0", "$0.01", "$0.02", "$0.03", "$0.04"]
        );
    }

    proptest! {
        #[test]
        fn every_axis_holds_its_values_and_few_ticks(values in prop::collection::vec(any::<f64>(), 1..20)) {
            for limits in [None, RATE] {
                let Some(axis) = Axis::covering(values.iter().copied(), limits, SPAN) else { continue };
                prop_assert!(axis.low() < axis.high());
                prop_assert!(axis.ticks().len() <= MOST_TICKS);
                for value in values.iter().filter(|value| !value.is_nan()) {
                    let place = axis.place(*value).unwrap();
                    prop_assert!((0.0..=100.0).contains(&place), "{place}");
                }
            }
        }
    }
}
