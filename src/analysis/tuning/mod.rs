//! Whether another judge agrees better with people than the present one, without fooling anybody.
//!
//! Candidates are chosen on the dev part of the labels ([`choose`]); what they reach there is *optimistic*, since the best of several
//! always owes something to luck. The figure that counts is that of one look at the test part ([`hold_out`]). Labels that are too few
//! to be parted are cross-validated ([`cross_validate`]), and nothing is claimed. Everything here is a pure function of sheets and seed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::findings::Unit;
use super::format;

mod choice;
mod differing;
mod front;
mod held_out;
mod parts;
mod threshold;

pub use choice::{CrossValidated, Scored, choose, cross_validate, score};
pub use differing::{Differing, differing, said};
pub use front::{Slices, front, slices};
pub use held_out::{HeldOut, hold_out};
pub use parts::{Parts, classes, labelled};
pub use threshold::{at_threshold, threshold};

/// The version of the shape of [`Tuning`].
pub const SCHEMA_VERSION: u32 = 1;

/// What tuning comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The chosen judge is better on labels that chose nothing.
    Improved,
    /// It is not, as far as these labels can show.
    NotShownBetter,
    /// The labels are too few to be parted.
    TooFewLabels,
}

impl Outcome {
    /// The words of the screen.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Improved => "improved",
            Self::NotShownBetter => "not shown better",
            Self::TooFewLabels => "too few labels",
        }
    }

    /// The exit code that it leads to: tuning is no gate.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Improved | Self::NotShownBetter => 0,
            Self::TooFewLabels => 6,
        }
    }
}

/// What came of tuning a judge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tuning {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What it comes to.
    pub outcome: Outcome,
    /// The rule that decided, with its numbers.
    pub rule: String,
    /// The judge that is in use.
    pub present: String,
    /// The candidate that was chosen; the present judge where none agrees better.
    pub chosen: String,
    /// The scale: `pass/fail`, `1..5`, the classes.
    pub scale: String,
    /// Whether it holds numbers, so that `right` is less the mean absolute error.
    #[serde(skip)]
    pub is_number: bool,
    /// The name of the figure of agreement by which candidates are chosen.
    pub agreement: String,
    /// The seed of the split.
    pub seed: u64,
    /// The labels.
    pub labels: Labels,
    /// All that was tried, the present judge first.
    pub candidates: Vec<Tried>,
    /// The one look at the test part; `None` where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out: Option<HeldOut>,
    /// What the chosen judge lost between dev and test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// In place of a look at a test part, where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_validated: Option<CrossValidated>,
    /// What asking cost; `None` where nobody was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<Cost>,
    /// The new judge's file; `None` where none was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// How it differs from the present one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// What a reader must know before the numbers.
    pub warnings: Vec<String>,
    /// What to do next.
    pub advice: Vec<String>,
}

/// The labels that a tuning rests on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Labels {
    /// Items with at least one label.
    pub labelled: u64,
    /// The digest of the labels.
    pub digest: String,
    /// What people say, by part: `train`, `dev`, `test`; `all` where there are no parts.
    pub parts: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

/// Something that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tried {
    /// Its name.
    pub name: String,
    /// Where it comes from: `present`, `recorded`, `rewrite`, `examples`, `form`, `threshold`.
    pub origin: &'static str,
    /// Its identity, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How it did where candidates were chosen; `None`: it came to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dev: Option<Optimistic>,
    /// Why it came to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// A figure of the labels that chose: the best of several looks better there than it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Optimistic {
    /// Always true: no report may show this figure as the result.
    pub optimistic: bool,
    /// The figure.
    #[serde(flatten)]
    pub scored: Scored,
}

impl From<Scored> for Optimistic {
    fn from(scored: Scored) -> Self {
        Self {
            optimistic: true,
            scored,
        }
    }
}

/// Dev less test of the chosen judge: what choosing flattered it by, and chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gap {
    /// Of the figure of agreement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<f64>,
    /// Of the share of items on which it is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<f64>,
}

impl Gap {
    /// Between what was seen on dev and on test.
    #[must_use]
    pub fn between(dev: &Scored, test: &Scored) -> Self {
        let less = |dev: Option<f64>, test: Option<f64>| Some(dev? - test?);
        Self {
            agreement: less(dev.agreement, test.agreement),
            right: less(dev.right, test.right),
        }
    }
}

/// What asking cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Cost {
    /// Calls, those to the optimiser included.
    pub calls: u64,
    /// USD of the calls whose price is known.
    pub usd: f64,
}

/// The outcome of a look, with the rule in words.
#[must_use]
pub fn concluded(held_out: &HeldOut, is_number: bool) -> (Outcome, String) {
    let words = held_out.words(is_number);
    let what = if is_number {
        "nearer to people by"
    } else {
        "right more often by"
    };
    let error = format::p_value(held_out.alpha);
    let level = 100.0 * (1.0 - held_out.alpha);
    let interval = format!("{level:.2}");
    let interval = interval.trim_end_matches('0').trim_end_matches('.');
    match held_out.improved {
        true => (
            Outcome::Improved,
            format!(
                "on test, which chose nothing, it is {what} {words}: the {interval} % interval lies above 0 and p below {error}"
            ),
        ),
        false => (
            Outcome::NotShownBetter,
            format!(
                "on test, which chose nothing, it is {what} {words}: *improved* needs the {interval} % interval above 0 and p below {error}"
            ),
        ),
    }
}

/// A share or a mean error as a report shows it.
#[must_use]
pub fn right_words(right: f64, is_number: bool) -> String {
    match is_number {
        true => format!("mean error {:.2}", -right),
        false => format!("{:.1} % right", 100.0 * right),
    }
}

/// The unit of a difference of `right`.
fn unit(is_number: bool) -> Unit {
    if is_number { Unit::Score } else { Unit::Rate }
}
