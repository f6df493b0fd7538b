//! `number`: the answer's first or last number is the expected one.
//!
//! Read as people write numbers: `1,234.5`, `1 234`, `1_000`, `1'000`, `-3`, `−3`, `+3`, `.5`, `6.02e23`, `1.2 x 10^3`; currency and
//! percent signs and markup around a number are no part of it, and neither is a multiplier such as `k`. A number glued to a letter before
//! it (`GPT4`, `H2O`) is a name; what has two decimal points (`1.2.3`) is a version or a date. `1/2` is two numbers. With
//! `decimal: comma`, point and comma change their parts.
//!
//! Two numbers are equal if they are the same number (`18`, `18.0` and `1.8e1` are); `tolerance` and `relative` widen that, the wider of
//! the two counts, and a difference of exactly that size is still within.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Found, Rule, Words, quoted, quoted_list, render, ruled};
use crate::domain::decode::{Fields, OneOf, OneOrMany, Real};
use crate::domain::kind::Kind;
use crate::domain::port::{Scorer, Seen};
use crate::domain::template::Template;

pub(super) const fn kind<W: Words>() -> Kind<Arc<dyn Scorer>> {
    Kind {
        name: "number",
        summary: "the answer's first or last number is the expected one",
        example: "{take: last, tolerance: 0.01}",
        decode: decode::<W>,
    }
}

#[derive(Debug)]
struct Number {
    take: Take,
    decimal: Decimal,
    expected: Option<Vec<Template>>,
    tolerance: f64,
    relative: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    First,
    Last,
}

/// Which sign stands before the decimals; the other one may part thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decimal {
    Point,
    Comma,
}

fn decode<W: Words>(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let take = fields.or(
        "take",
        "which number of the answer counts; default last",
        OneOf(&[("first", Take::First), ("last", Take::Last)]),
        Take::Last,
    );
    let expected = fields.optional(
        "expected",
        "the accepted number or numbers; default: the case's `expected`",
        OneOrMany(W::SHAPE),
    );
    let distance = || Real(0.0..=f64::MAX);
    let tolerance = fields.or(
        "tolerance",
        "how far the number may be off; default 0",
        distance(),
        0.0,
    );
    let relative = fields.or(
        "relative",
        "how far it may be off as a share of the expected number; default 0",
        distance(),
        0.0,
    );
    let decimal = fields.or(
        "decimal",
        "the sign before the decimals; default point",
        OneOf(&[("point", Decimal::Point), ("comma", Decimal::Comma)]),
        Decimal::Point,
    );
    for text in expected.iter().flatten() {
        if text.variables().is_empty() && read_wanted(text.source(), decimal, take).is_none() {
            fields.problem(
                "expected",
                format!("no number in {}", quoted(text.source())),
            );
        }
    }
    if expected.as_ref().is_some_and(Vec::is_empty) {
        fields.problem("expected", "no number is accepted here; name at least one");
    }
    ruled(Number {
        take,
        decimal,
        expected,
        tolerance,
        relative,
    })
}

impl Rule for Number {
    fn look(&self, seen: &Seen) -> Result<Found, String> {
        let wanted = self.wanted(seen)?;
        let output = &seen.transcript.output;
        let Some(given) = take(&read_all(output, self.decimal), self.take) else {
            return Ok(Found::new(
                false,
                format!("no number in {}", quoted(output)),
            ));
        };
        let met = wanted.iter().any(|(_, number)| self.close(&given, number));
        let texts: Vec<String> = wanted.into_iter().map(|(text, _)| text).collect();
        let reason = format!("is {}, wanted {}", given.text, quoted_list(&texts));
        Ok(Found::new(met, reason))
    }

    fn templates(&self) -> Vec<&Template> {
        self.expected.iter().flatten().collect()
    }

    fn needs_expected(&self) -> bool {
        self.expected.is_none()
    }
}

impl Number {
    /// The accepted numbers, each with the text it was read from.
    fn wanted(&self, seen: &Seen) -> Result<Vec<(String, Numeral)>, String> {
        let texts = match (&self.expected, &seen.case.expected) {
            (Some(templates), _) => templates
                .iter()
                .map(|template| render("expected", template, seen))
                .collect::<Result<Vec<_>, _>>()?,
            (None, Some(Json::Number(number))) => vec![number.to_string()],
            (None, _) => super::wanted(None, seen)?,
        };
        texts
            .into_iter()
            .map(|text| match read_wanted(&text, self.decimal, self.take) {
                Some(number) => Ok((text, number)),
                None => Err(format!("`expected` holds no number: {}", quoted(&text))),
            })
            .collect()
    }

    fn close(&self, given: &Numeral, wanted: &Numeral) -> bool {
        if self.tolerance == 0.0 && self.relative == 0.0 {
            return given.same(wanted);
        }
        let (a, b) = (given.value, wanted.value);
        let reach = self.tolerance.max(self.relative * b.abs());
        // Decimal fractions are not exact in binary: 1.1 is to be within 0.1 of 1.0.
        let slack = 4.0 * f64::EPSILON * a.abs().max(b.abs());
        (a - b).abs() <= reach + slack
    }
}

/// A number as it was written and what it is worth; always finite.
#[derive(Debug, Clone, PartialEq)]
struct Numeral {
    /// As JSON would spell it.
    text: String,
    value: f64,
}

impl Numeral {
    fn parse(plain: &str) -> Option<Self> {
        let value: f64 = plain.parse().ok()?;
        value.is_finite().then(|| Self {
            text: plain.to_owned(),
            value,
        })
    }

    /// Whole numbers by their digits, as a float would merge neighbours above 2^53; all else by value.
    #[expect(clippy::float_cmp, reason = "equality is what is asked for")]
    fn same(&self, other: &Self) -> bool {
        match (self.digits(), other.digits()) {
            (Some(a), Some(b)) => a == b,
            _ => self.value == other.value,
        }
    }

    /// The digits of a whole number without an exponent, with its minus.
    fn digits(&self) -> Option<(bool, &str)> {
        let minus = self.text.starts_with('-');
        let text = self.text.trim_start_matches(['-', '+']);
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let plain = whole.bytes().all(|b| b.is_ascii_digit()) && rest.bytes().all(|b| b == b'0');
        let whole = whole.trim_start_matches('0');
        plain.then_some((minus && !whole.is_empty(), whole))
    }
}

/// An expected number: a plain decimal as any program writes it, else the number in the text.
fn read_wanted(text: &str, decimal: Decimal, which: Take) -> Option<Numeral> {
    let plain = text.trim();
    let is_plain = plain
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    is_plain
        .then(|| Numeral::parse(plain))
        .flatten()
        .or_else(|| take(&read_all(text, decimal), which))
}

fn take(numbers: &[Numeral], which: Take) -> Option<Numeral> {
    match which {
        Take::First => numbers.first().cloned(),
        Take::Last => numbers.last().cloned(),
    }
}

/// All numbers of a text, in order.
fn read_all(text: &str, decimal: Decimal) -> Vec<Numeral> {
    // Full-width digits and signs are the ASCII ones to a reader.
    let chars: Vec<char> = text
        .chars()
        .map(|c| match u32::from(c) {
            code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
            _ => c,
        })
        .collect();
    let mut scanner = Scanner {
        chars: &chars,
        at: 0,
        decimal,
    };
    let mut numbers = Vec::new();
    while scanner.at < chars.len() {
        match scanner.number() {
            Some(plain) => numbers.extend(Numeral::parse(&plain)),
            None => scanner.at += 1,
        }
    }
    numbers
}

struct Scanner<'a> {
    chars: &'a [char],
    at: usize,
    decimal: Decimal,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn digit(&self, ahead: usize) -> bool {
        self.peek(ahead).is_some_and(|c| c.is_ascii_digit())
    }

    /// How many digits stand here.
    fn run(&self, ahead: usize) -> usize {
        (0..).take_while(|n| self.digit(ahead + n)).count()
    }

    fn before(&self, start: usize) -> Option<char> {
        start.checked_sub(1).map(|i| self.chars[i])
    }

    /// Reads the number that begins here, as a plain decimal; `Some` of something unparsable for digits that are no number. `None`
    /// leaves the place untouched.
    fn number(&mut self) -> Option<String> {
        let start = self.at;
        let point = match self.decimal {
            Decimal::Point => '.',
            Decimal::Comma => ',',
        };
        let led = self.digit(0) || (self.peek(0) == Some(point) && self.digit(1));
        if !led {
            return None;
        }
        let minus = self.is_negative(start);
        let is_name = self
            .before(start)
            .is_some_and(|c| c == '_' || c.is_lowercase() || c.is_uppercase());
        let mut plain = String::new();
        if minus {
            plain.push('-');
        }
        self.whole(&mut plain);
        let mut points = 0;
        while self.peek(0) == Some(point) && self.digit(1) {
            points += 1;
            self.at += 1;
            plain.push('.');
            self.digits(&mut plain);
        }
        let other = if point == '.' { ',' } else { '.' };
        // `1.234,5` in a text with decimal points: which part is which cannot be known.
        let is_mixed = points == 1 && self.peek(0) == Some(other) && self.digit(1) && {
            let run = self.run(1);
            run != 3 || self.peek(1 + run) == Some(other)
        };
        self.exponent(&mut plain);
        if is_name || points > 1 || is_mixed {
            plain.push_str(" is no number");
        }
        Some(plain)
    }

    /// Whether a minus belongs to the number at `start`: directly before it or before its currency sign, and not itself after a digit
    /// or letter (`10-5` is no minus five).
    fn is_negative(&self, start: usize) -> bool {
        let mut sign = start;
        if self.before(sign).is_some_and(is_currency) {
            sign -= 1;
        }
        matches!(self.before(sign), Some('-' | '\u{2212}' | '\u{fe63}'))
            && !self
                .before(sign - 1)
                .is_some_and(|c| c.is_alphanumeric() || matches!(c, ')' | '-'))
    }

    fn digits(&mut self, plain: &mut String) {
        while let Some(c) = self.peek(0).filter(char::is_ascii_digit) {
            plain.push(c);
            self.at += 1;
        }
    }

    /// The whole part, its thousands parted or not.
    fn whole(&mut self, plain: &mut String) {
        let first = self.run(0);
        self.digits(plain);
        if first == 0 {
            plain.push('0');
        }
        let Some(parting) = self.peek(0).filter(|c| self.parts_thousands(*c)) else {
            return;
        };
        if parting == '_' {
            while self.peek(0) == Some('_') && self.digit(1) {
                self.at += 1;
                self.digits(plain);
            }
            return;
        }
        if !(1..=3).contains(&first) {
            return;
        }
        // Groups of three; with commas also of two, the last one of three (1,00,000).
        let mut groups = Vec::new();
        let mut ahead = 0;
        while self.peek(ahead) == Some(parting) && self.digit(ahead + 1) {
            let run = self.run(ahead + 1);
            groups.push(run);
            ahead += 1 + run;
        }
        let parted = match groups.as_slice() {
            [] => 0,
            all if all.iter().all(|run| *run == 3) => all.len(),
            [inner @ .., 3] if parting == ',' && inner.iter().all(|run| *run == 2) && first < 3 => {
                groups.len()
            }
            _ => 0,
        };
        for _ in 0..parted {
            self.at += 1;
            self.digits(plain);
        }
    }

    fn parts_thousands(&self, c: char) -> bool {
        let other = match self.decimal {
            Decimal::Point => ',',
            Decimal::Comma => '.',
        };
        c == other
            || matches!(
                c,
                '_' | '\'' | '\u{2019}' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}'
            )
    }

    /// `e5`, or `x 10^5` with its common spellings.
    fn exponent(&mut self, plain: &mut String) {
        let mut ahead = 0;
        if matches!(self.peek(0), Some('e' | 'E')) {
            ahead = 1;
        } else {
            let skip = |ahead: &mut usize| {
                while self.peek(*ahead) == Some(' ') {
                    *ahead += 1;
                }
            };
            skip(&mut ahead);
            if !matches!(self.peek(ahead), Some('x' | '*' | '\u{d7}' | '\u{b7}')) {
                return;
            }
            ahead += 1;
            skip(&mut ahead);
            for wanted in ['1', '0', '^'] {
                if self.peek(ahead) != Some(wanted) {
                    return;
                }
                ahead += 1;
            }
            if self.peek(ahead) == Some('{') {
                ahead += 1;
            }
        }
        let mut power = String::from("e");
        if let Some(sign) = self
            .peek(ahead)
            .filter(|c| matches!(c, '+' | '-' | '\u{2212}'))
        {
            power.push(if sign == '+' { '+' } else { '-' });
            ahead += 1;
        }
        let run = self.run(ahead);
        let ends = !self
            .peek(ahead + run)
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        if run == 0 || !ends {
            return;
        }
        self.at += ahead;
        self.digits(&mut power);
        plain.push_str(&power);
    }
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '\u{a3}' | '\u{a5}' | '\u{20a0}'..='\u{20cf}')
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode as decoded, passes, value};
    use super::*;
    use crate::domain::score::{Unscored, Value};
    use proptest::prelude::*;
    use serde_json::json;

    fn numbers(text: &str) -> Vec<f64> {
        read_all(text, Decimal::Point)
            .iter()
            .map(|n| n.value)
            .collect()
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, wanted) in [
            ("1,234.5", 1234.5),
            ("1 234", 1234.0),
            ("12\u{a0}345\u{a0}678", 12_345_678.0),
            ("1_000", 1000.0),
            ("1'000'000", 1_000_000.0),
            ("1,00,000", 100_000.0),
            ("+3", 3.0),
            ("-3", -3.0),
            ("\u{2212}3.5", -3.5),
            ("-$5", -5.0),
            ("$-5", -5.0),
            ("$1,234.50.", 1234.5),
            ("18.", 18.0),
            (".5", 0.5),
            ("12 %", 12.0),
            ("50\\%", 50.0),
            ("**42**", 42.0),
            ("\\boxed{42}", 42.0),
            ("6.02e23", 6.02e23),
            ("1.2 x 10^3", 1200.0),
            ("1.2\u{d7}10^{-3}", 0.0012),
            ("5kg", 5.0),
            ("\u{7b54}\u{6848}\u{662f}42\u{3002}", 42.0),
            ("\u{ff14}\u{ff12}", 42.0),
            ("so 48 + 24 = 72\n#### 72", 72.0),
            ("20 - 5 = 15", 15.0),
            ("10-5", 5.0),
            ("007", 7.0),
        ] {
            assert_eq!(numbers(text).last().copied(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn names_versions_and_lists_are_not_mistaken() {
        assert!(numbers("GPT4 drinks H2O, v1.2.3 of x_1 on 12.05.2024").is_empty());
        assert!(numbers("1.234.567").is_empty());
        assert!(numbers("1.234,5").is_empty() || numbers("1.234,5") == [5.0]);
        assert_eq!(numbers("1, 2, 3"), [1.0, 2.0, 3.0]);
        assert_eq!(numbers("1,2,3"), [1.0, 2.0, 3.0]);
        assert_eq!(numbers("12,34"), [12.0, 34.0]);
        assert_eq!(numbers("2024 300"), [2024.0, 300.0]);
        assert_eq!(numbers("range 5-10"), [5.0, 10.0]);
        assert_eq!(numbers("1e999"), Vec::<f64>::new());
    }

    #[test]
    fn the_last_number_counts_unless_the_first_is_wanted() {
        let text = "3 apples and 4 pears make 7 pieces";
        assert!(passes("number", &json!({}), Some(json!(7)), text));
        assert!(passes(
            "number",
            &json!({"take": "first"}),
            Some(json!("3")),
            text
        ));
        assert!(!passes("number", &json!({}), Some(json!(3)), text));
        assert!(!passes("number", &json!({}), Some(json!(3)), "none"));
    }

    #[test]
    fn the_same_number_in_another_spelling_is_equal() {
        for (wanted, given) in [
            (json!(18), "18.00"),
            (json!("1,234"), "1234"),
            (json!(0), "-0.0"),
            (json!(1200), "1.2e3"),
            (json!("#### 72"), "72"),
            (json!(["seven: 7", 8]), "8"),
        ] {
            assert!(passes("number", &json!({}), Some(wanted), given), "{given}");
        }
        let big = Some(json!("9007199254740993"));
        assert!(!passes("number", &json!({}), big, "9007199254740992"));
    }

    #[test]
    fn a_difference_of_just_the_tolerance_is_within() {
        let one = Some(json!(1.0));
        assert!(passes(
            "number",
            &json!({"tolerance": 0.1}),
            one.clone(),
            "1.1"
        ));
        assert!(!passes(
            "number",
            &json!({"tolerance": 0.1}),
            one.clone(),
            "1.1001"
        ));
        assert!(passes(
            "number",
            &json!({"relative": 0.05}),
            Some(json!(200)),
            "190"
        ));
        assert!(!passes(
            "number",
            &json!({"relative": 0.05}),
            Some(json!(200)),
            "189"
        ));
        let wider = json!({"relative": 0.05, "tolerance": 20});
        assert!(passes("number", &wider, Some(json!(200)), "181"));
    }

    #[test]
    fn with_a_decimal_comma_the_signs_change_their_parts() {
        let comma = json!({"decimal": "comma"});
        assert!(passes("number", &comma, Some(json!(1234.5)), "1.234,5 km"));
        assert!(passes("number", &comma, Some(json!("3,14")), "3,14"));
        assert!(passes("number", &comma, Some(json!(2.75)), "2,750"));
    }

    #[test]
    fn an_expected_value_without_a_number_is_nobodys_fail() {
        assert_eq!(
            value("number", &json!({}), Some(json!("seven")), "7"),
            Value::Unscored(Unscored::Broken)
        );
        assert_eq!(
            value("number", &json!({}), None, "7"),
            Value::Unscored(Unscored::Broken)
        );
        assert!(decoded("number", &json!({"expected": "seven"})).is_err());
        assert!(decoded("number", &json!({"tolerance": -1})).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm_and_every_number_is_finite(text in any::<String>()) {
            for number in read_all(&text, Decimal::Comma) {
                prop_assert!(number.value.is_finite());
            }
            prop_assert!(numbers(&text).iter().all(|n| n.is_finite()));
        }

        #[test]
        fn a_number_is_found_again_in_any_sentence(n in -1e12..1e12_f64) {
            prop_assert_eq!(numbers(&format!("it is {n}!")), [n]);
        }
    }
}
