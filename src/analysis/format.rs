//! Numbers as people read them: percents, points, times, money, p-values (STATISTICS 9, "Screen").
//!
//! A value is never shown on the wrong side of its bar: digits are added until it stands where it is. Lower ends are rounded
//! down and upper ends up, so that no interval looks narrower than it is.

use super::figure::CENSORED;
use super::findings::{Estimate, Figure, Unit};

/// Digits after which a value is as good as its bar.
const MOST_DIGITS: usize = 10;
/// The share of a bar by which a value may miss it and still be the bar: far more than sums are rounded by, far less than a trial
/// among millions.
const SAME: f64 = 1e-9;
/// Cases from which on a percent has a decimal.
const DECIMAL_FROM: u64 = 100;

/// How a number is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest.
    Nearest,
    /// Down: lower ends.
    Down,
    /// Up: upper ends.
    Up,
}

/// A number with so many decimals; what rounds to zero has no sign.
fn decimals(value: f64, digits: usize, rounding: Rounding) -> String {
    let power = 10_f64.powi(i32::try_from(digits).unwrap_or(0));
    let scaled = value * power;
    // What is a whole number but for the rounding of the multiplication is one.
    let near = scaled.round();
    let whole = if (scaled - near).abs() < 1e-7 * near.abs().max(1.0) {
        near
    } else {
        match rounding {
            Rounding::Nearest => near,
            Rounding::Down => scaled.floor(),
            Rounding::Up => scaled.ceil(),
        }
    };
    format!("{:.digits$}", whole / power + 0.0)
}

/// Whether a value is its bar but for the rounding of sums: a mean of thirds and fifths misses 0.85 by the last digits of a double.
#[must_use]
pub(crate) fn is_at(value: f64, bar: f64) -> bool {
    (value - bar).abs() <= SAME * bar.abs()
}

/// A number with at least so many decimals, and as many more as it takes to stand on its true side of the bar.
fn beside(value: f64, digits: usize, rounding: Rounding, bar: Option<f64>) -> String {
    let Some(bar) = bar else {
        return decimals(value, digits, rounding);
    };
    // At its bar a value has no side on which it could stand.
    let value = if is_at(value, bar) { bar } else { value };
    let stands = |shown: &str| {
        let shown: f64 = shown.parse().unwrap_or(value);
        (shown < bar) == (value < bar) && (shown > bar) == (value > bar)
    };
    (digits..MOST_DIGITS)
        .map(|digits| decimals(value, digits, rounding))
        .find(|shown| stands(shown))
        .unwrap_or_else(|| decimals(value, MOST_DIGITS, rounding))
}

/// A number as its writer would: no more decimals than it has.
#[must_use]
pub fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" || (text == "0" && value != 0.0) {
        return format!("{value}");
    }
    text.to_owned()
}

/// A p-value: two digits; `< 0.0001` below that, never 0.
#[must_use]
pub fn p_value(p: f64) -> String {
    if p < 0.0001 {
        return "< 0.0001".to_owned();
    }
    let leading = -p.log10().floor();
    let digits = if p >= 0.995 { 1.0 } else { leading + 1.0 };
    // What rounds up to the next power of ten would show a digit too many.
    let digits = digits.clamp(1.0, 6.0) as usize;
    beside(p, digits, Rounding::Nearest, Some(0.05))
}

/// `p = 0.012`, `p < 0.0001`.
#[must_use]
pub fn p_equals(p: f64) -> String {
    let shown = p_value(p);
    if shown.starts_with('<') {
        format!("p {shown}")
    } else {
        format!("p = {shown}")
    }
}

/// How the values of one unit are shown: factor, unit, decimals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    factor: f64,
    before: &'static str,
    after: &'static str,
    digits: usize,
}

/// Decimals that leave three digits.
fn three_digits(value: f64) -> usize {
    if value == 0.0 {
        return 0;
    }
    let magnitude = value.abs().log10().floor();
    (2.0 - magnitude).clamp(0.0, 9.0) as usize
}

impl Scale {
    /// For values about as large as `typical`; percents have a decimal from a hundred cases on.
    #[must_use]
    pub fn of(unit: Unit, typical: f64, cases: u64) -> Self {
        let scale = |factor, before, after, digits| Self {
            factor,
            before,
            after,
            digits,
        };
        match unit {
            Unit::Rate => scale(100.0, "", " %", usize::from(cases >= DECIMAL_FROM)),
            Unit::Score => scale(1.0, "", "", 2),
            Unit::Milliseconds if typical.abs() < 1_000.0 => {
                scale(1.0, "", " ms", three_digits(typical).min(3))
            }
            Unit::Milliseconds => scale(0.001, "", " s", three_digits(typical / 1_000.0)),
            Unit::Usd => scale(1.0, "$", "", three_digits(typical).max(2)),
            Unit::Tokens => scale(1.0, "", " tokens", three_digits(typical)),
        }
    }

    /// For differences about as large as `typical`.
    #[must_use]
    pub fn of_difference(unit: Unit, typical: f64) -> Self {
        match unit {
            Unit::Rate => Self {
                factor: 100.0,
                before: "",
                after: " points",
                digits: 1,
            },
            _ => Self::of(unit, typical, DECIMAL_FROM),
        }
    }

    /// A number without its unit.
    #[must_use]
    pub fn number(&self, value: f64, rounding: Rounding, bar: Option<f64>) -> String {
        beside(
            value * self.factor,
            self.digits,
            rounding,
            bar.map(|bar| bar * self.factor),
        )
    }

    /// A number with its sign and without its unit.
    #[must_use]
    pub fn signed(&self, value: f64, rounding: Rounding, bar: Option<f64>) -> String {
        let shown = self.number(value, rounding, bar);
        if shown.starts_with('-') {
            shown
        } else {
            format!("+{shown}")
        }
    }

    /// The point of a difference. Zero is its bar only where the interval lies on one side of it: elsewhere more digits would
    /// only look like knowledge.
    #[must_use]
    pub fn signed_point(&self, estimate: &Estimate) -> String {
        let beyond = estimate.low.is_some_and(|low| low > 0.0)
            || estimate.high.is_some_and(|high| high < 0.0);
        self.signed(estimate.point, Rounding::Nearest, beyond.then_some(0.0))
    }

    /// A number with its unit.
    #[must_use]
    pub fn with_unit(&self, value: f64, rounding: Rounding, bar: Option<f64>) -> String {
        format!(
            "{}{}{}",
            self.before,
            self.number(value, rounding, bar),
            self.after
        )
    }

    /// A bar or margin as its writer would: `85 %`, `3 points`, `4 s`.
    #[must_use]
    pub fn bar(&self, value: f64) -> String {
        format!(
            "{}{}{}",
            self.before,
            plain(value * self.factor),
            self.after
        )
    }
}

/// A bar of a metric: `85 %`, `4 s`, `$0.05`.
#[must_use]
pub fn bar(unit: Unit, value: f64) -> String {
    Scale::of(unit, value, DECIMAL_FROM).bar(value)
}

/// A share beside the most that is allowed of it: `5.04 %`.
#[must_use]
pub fn share(share: f64, allowed: f64) -> String {
    Scale::of(Unit::Rate, share, DECIMAL_FROM).with_unit(share, Rounding::Nearest, Some(allowed))
}

/// A margin of a metric: `3 points`, `120 ms`, `0.12`.
#[must_use]
pub fn margin(unit: Unit, value: f64) -> String {
    Scale::of_difference(unit, value).bar(value)
}

/// A figure: `88.1 % [83.9, 91.4]`, beside its bar if it has one; the reason where there is none.
#[must_use]
pub fn figure(unit: Unit, figure: &Figure, bar: Option<f64>) -> String {
    match figure {
        Figure::Undefined { undefined, .. } => format!("undefined: {undefined}"),
        Figure::Estimate(estimate) => self::estimate(unit, estimate, bar),
    }
}

/// A figure for a place of its own: where it has no interval, the reason stands there.
#[must_use]
pub fn whole(unit: Unit, figure: &Figure) -> String {
    let shown = self::figure(unit, figure, None);
    match figure.estimate().and_then(no_interval) {
        Some(why) => format!("{shown} {why}"),
        None => shown,
    }
}

/// Why an estimate has no interval, in its place: `(no interval: one case only)`; `None`: it has one.
#[must_use]
pub fn no_interval(estimate: &Estimate) -> Option<String> {
    let has_none = estimate.low.is_none() && estimate.high.is_none();
    let why = estimate.no_interval.as_deref().unwrap_or("undefined");
    has_none.then(|| format!("(no interval: {why})"))
}

/// An estimate: `88.1 % [83.9, 91.4]`; `>= 60 s` for a percentile that falls on a trial ended by its deadline.
#[must_use]
pub fn estimate(unit: Unit, estimate: &Estimate, bar: Option<f64>) -> String {
    let scale = Scale::of(unit, estimate.point, estimate.n);
    let point = scale.with_unit(estimate.point, Rounding::Nearest, bar);
    let censored = estimate.flags.iter().any(|flag| flag == CENSORED);
    let at_least = if censored { ">= " } else { "" };
    match ends(&scale, estimate, bar, false) {
        Some(interval) => format!("{at_least}{point} {interval}"),
        None => format!("{at_least}{point}"),
    }
}

/// A difference: `+5.2 points [+1.1, +9.3]`.
#[must_use]
pub fn difference(unit: Unit, estimate: &Estimate) -> String {
    let scale = difference_scale(unit, estimate);
    let point = format!("{}{}", scale.signed_point(estimate), scale.after);
    let point = if scale.before.is_empty() {
        point
    } else {
        // `+$0.0100`: the sign before the currency.
        format!("{}{}{}", &point[..1], scale.before, &point[1..])
    };
    match ends(&scale, estimate, Some(0.0), true) {
        Some(interval) => format!("{point} {interval}"),
        None => point,
    }
}

/// The scale of a difference, by the larger of its point and its interval's width.
pub(crate) fn difference_scale(unit: Unit, estimate: &Estimate) -> Scale {
    let width = match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => (high - low) / 2.0,
        _ => 0.0,
    };
    Scale::of_difference(unit, estimate.point.abs().max(width))
}

fn ends(scale: &Scale, estimate: &Estimate, bar: Option<f64>, signed: bool) -> Option<String> {
    if estimate.low.is_none() && estimate.high.is_none() {
        return None;
    }
    let end = |value: Option<f64>, rounding| match value {
        None => "open".to_owned(),
        Some(value) if signed => scale.signed(value, rounding, bar),
        Some(value) => scale.number(value, rounding, bar),
    };
    Some(format!(
        "[{}, {}]",
        end(estimate.low, Rounding::Down),
        end(estimate.high, Rounding::Up)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate_of(point: f64, low: f64, high: f64, n: u64) -> Estimate {
        Estimate {
            point,
            low: Some(low),
            high: Some(high),
            confidence: 0.95,
            n,
            trials: n,
            clusters: n,
            coverage: 1.0,
            worst: None,
            best: None,
            method: "t".into(),
            flags: Vec::new(),
            passed: None,
            no_interval: None,
        }
    }

    #[test]
    fn percents_have_a_decimal_from_a_hundred_cases_on() {
        let shown = |n| estimate(Unit::Rate, &estimate_of(0.8812, 0.8391, 0.9139, n), None);
        assert_eq!(shown(160), "88.1 % [83.9, 91.4]");
        assert_eq!(shown(99), "88 % [83, 92]");
    }

    #[test]
    fn an_interval_is_never_shown_narrower_than_it_is() {
        let shown = estimate(Unit::Rate, &estimate_of(0.5, 0.401_99, 0.598_01, 100), None);
        assert_eq!(shown, "50.0 % [40.1, 59.9]");
        let exact = estimate(Unit::Rate, &estimate_of(0.5, 0.839, 0.914, 100), None);
        assert_eq!(exact, "50.0 % [83.9, 91.4]");
    }

    #[test]
    fn digits_are_added_until_a_value_stands_on_its_side_of_the_bar() {
        let scale = Scale::of(Unit::Rate, 0.85, 200);
        let shown = |value| scale.number(value, Rounding::Nearest, Some(0.85));
        assert_eq!(shown(0.849_96), "84.996");
        assert_eq!(shown(0.85), "85.0");
        assert_eq!(shown(0.8504), "85.04");
        // A sum of thirds that is 0.85 by counting.
        assert_eq!(shown(0.849_999_999_999_999_8), "85.0");
        let narrow = Scale::of_difference(Unit::Rate, 0.01);
        assert_eq!(narrow.signed(0.000_12, Rounding::Down, Some(0.0)), "+0.01");
        assert_eq!(narrow.signed(0.0, Rounding::Down, Some(0.0)), "+0.0");
    }

    #[test]
    fn p_values_have_two_digits_and_are_never_zero() {
        for (p, shown) in [
            (0.065_43, "0.065"),
            (0.012_34, "0.012"),
            (0.000_535, "0.00053"),
            (0.000_01, "< 0.0001"),
            (0.0, "< 0.0001"),
            (1.0, "1.0"),
            (0.46, "0.46"),
            (0.049_96, "0.04996"),
        ] {
            let got = p_value(p);
            assert!(
                got == shown || (p == 0.000_535 && got == "0.00054"),
                "{p}: {got}"
            );
        }
        assert_eq!(p_equals(0.000_01), "p < 0.0001");
    }

    #[test]
    fn times_and_money_have_three_digits() {
        let time =
            |ms: f64| Scale::of(Unit::Milliseconds, ms, 1).with_unit(ms, Rounding::Nearest, None);
        assert_eq!(time(1_214.0), "1.21 s");
        assert_eq!(time(12_140.0), "12.1 s");
        assert_eq!(time(350.4), "350 ms");
        assert_eq!(time(3.504), "3.50 ms");
        let money = |usd: f64| Scale::of(Unit::Usd, usd, 1).with_unit(usd, Rounding::Nearest, None);
        assert_eq!(money(0.410_2), "$0.410");
        assert_eq!(money(0.001_014), "$0.00101");
        assert_eq!(money(12.0), "$12.00");
    }

    #[test]
    fn differences_are_signed_points() {
        let shown = difference(Unit::Rate, &estimate_of(0.052, 0.0114, 0.0929, 400));
        assert_eq!(shown, "+5.2 points [+1.1, +9.3]");
        let none = difference(Unit::Rate, &estimate_of(0.000_02, -0.0041, 0.0041, 400));
        assert_eq!(none, "+0.0 points [-0.5, +0.5]");
        let some = difference(Unit::Rate, &estimate_of(0.000_42, 0.000_12, 0.0008, 400));
        assert_eq!(some, "+0.04 points [+0.01, +0.1]");
        let money = difference(Unit::Usd, &estimate_of(-0.01, -0.02, 0.0, 400));
        assert_eq!(money, "-$0.0100 [-0.0200, +0.0000]");
    }

    #[test]
    fn bars_are_shown_as_written() {
        assert_eq!(bar(Unit::Rate, 0.85), "85 %");
        assert_eq!(bar(Unit::Milliseconds, 4_000.0), "4 s");
        assert_eq!(margin(Unit::Rate, 0.03), "3 points");
        assert_eq!(margin(Unit::Score, 0.12), "0.12");
        assert_eq!(bar(Unit::Usd, 0.05), "$0.05");
    }

    #[test]
    fn a_percentile_on_a_censored_trial_says_at_least() {
        let mut censored = estimate_of(60_000.0, 41_000.0, 60_000.0, 80);
        censored.high = None;
        censored.flags.push(CENSORED.into());
        assert_eq!(
            estimate(Unit::Milliseconds, &censored, Some(30_000.0)),
            ">= 60.0 s [41.0, open]"
        );
    }
}
