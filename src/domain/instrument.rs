//! A judge seen from outside, as an instrument to be held against people: what it is called, on which scale it and people speak, and
//! the bars that it must reach.

use super::suite::Comparison;
use super::usable::Usable;

/// A judge as whoever calibrates it must know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Instrument {
    /// Its name, as its file says.
    pub name: String,
    /// Its version, as its file says.
    pub version: String,
    /// What it and people say of an output.
    pub scale: LabelScale,
    /// The bars that its file sets; `None`: none, and [`Usable::default`] holds.
    pub usable: Option<Usable>,
}

/// What is said of an output, and which values of it pass.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelScale {
    /// Pass or fail: 1 or 0. A judge that is read by its probabilities says a number between.
    PassFail {
        /// Which numbers pass.
        pass: Rule,
    },
    /// Whole grades, both ends declared.
    Grades {
        /// The lowest.
        low: i64,
        /// The highest.
        high: i64,
        /// Which grades pass, where that is declared.
        pass: Option<Rule>,
    },
    /// One of these classes: a value is the class's place, from 0.
    Classes {
        /// Their names, in the file's order.
        names: Vec<String>,
        /// The places of those that pass; empty where none is declared.
        pass: Vec<usize>,
    },
    /// Which of two outputs is better: 1 for the one under test, 0 for the other, 0.5 for neither.
    Preference {
        /// Which values pass, where that is declared.
        pass: Option<Rule>,
    },
}

/// How the verdicts that a judge is offered may be listed otherwise than they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listing {
    /// The last first.
    Reversed,
    /// Each under the letter of another; of a pair's outputs each under the other's.
    Relettered,
}

/// A comparison with a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// How a value must stand to the bar.
    pub comparison: Comparison,
    /// The bar.
    pub bar: f64,
}

impl Rule {
    /// Whether a value keeps the rule.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        self.comparison.holds(value, self.bar)
    }
}

impl LabelScale {
    /// The lowest and the highest grade, where it has grades.
    #[must_use]
    pub fn grades(&self) -> Option<(i64, i64)> {
        match self {
            Self::Grades { low, high, .. } => Some((*low, *high)),
            Self::PassFail { .. } | Self::Classes { .. } | Self::Preference { .. } => None,
        }
    }

    /// Whether a value of this scale passes; `None` where nothing says which do, or where the value is none of the scale's.
    #[must_use]
    pub fn passes(&self, value: f64) -> Option<bool> {
        match self {
            _ if !value.is_finite() => None,
            Self::PassFail { pass } => Some(pass.holds(value)),
            Self::Grades { pass, .. } | Self::Preference { pass } => {
                pass.map(|rule| rule.holds(value))
            }
            Self::Classes { names, pass } => {
                let place = (0..names.len()).find(|place| is_at(*place, value))?;
                (!pass.is_empty()).then(|| pass.contains(&place))
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "a class's place is a small whole number, and anything else is no class"
)]
fn is_at(place: usize, value: f64) -> bool {
    place as f64 == value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scale_says_what_passes_on_it_and_nothing_where_nothing_is_declared() {
        let rule = |comparison, bar| Rule { comparison, bar };
        let at_least_four = LabelScale::Grades {
            low: 1,
            high: 5,
            pass: Some(rule(Comparison::AtLeast, 4.0)),
        };
        assert_eq!(at_least_four.passes(4.0), Some(true));
        assert_eq!(at_least_four.passes(3.9), Some(false));
        assert_eq!(at_least_four.passes(f64::NAN), None);
        let classes = |pass: &[usize]| LabelScale::Classes {
            names: vec!["kind".into(), "rude".into()],
            pass: pass.to_vec(),
        };
        assert_eq!(classes(&[0]).passes(0.0), Some(true));
        assert_eq!(classes(&[0]).passes(1.0), Some(false));
        assert_eq!(classes(&[0]).passes(2.0), None, "no class has this place");
        assert_eq!(classes(&[0]).passes(0.5), None);
        assert_eq!(classes(&[]).passes(0.0), None);
        assert_eq!(LabelScale::Preference { pass: None }.passes(1.0), None);
        let even = LabelScale::PassFail {
            pass: rule(Comparison::AtLeast, 0.5),
        };
        assert_eq!(
            (even.passes(0.4), even.passes(1.0)),
            (Some(false), Some(true))
        );
    }
}
