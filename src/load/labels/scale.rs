//! Which scale labels and verdicts are on, and the numbers that their values are on it.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::calibration::{Scale, TIE};
use crate::domain::decode::unknown;
use crate::domain::label::{Label, Preference, Said};

use super::rows::{Found, at};
use super::sheet::Join;

/// The most classes: beyond that a column holds texts, not classes.
const MOST_CLASSES: usize = 50;

/// The column in which values of a scale stand.
fn column(scale: &Scale) -> &'static str {
    match scale {
        Scale::PassFail => "pass",
        Scale::Classes(_) => "class",
        Scale::Preference => "preference",
        Scale::Grades { .. } | Scale::Number => "rating",
    }
}

/// The judge's scale, or that of the labels' column; all values stand in that column.
pub(super) fn scale(join: &Join<'_>, labels: &[&Label], found: &mut Found) -> Option<Scale> {
    let first = labels
        .iter()
        .find_map(|label| Some((label.line, label.said.as_ref()?.column())));
    let (wanted, why) = match (join.scale, first) {
        (Some(scale), _) => (
            column(scale),
            format!("the judge's scale is {}", scale.name()),
        ),
        (None, Some((line, column))) => (column, format!("line {line} has a `{column}`")),
        (None, None) => {
            found.note(at(
                join.file,
                0,
                "there is no label; label some outputs first",
            ));
            return None;
        }
    };
    let other = labels.iter().find_map(|label| {
        let column = label.said.as_ref()?.column();
        (column != wanted).then_some((label.line, column))
    });
    if let Some((line, column)) = other {
        let message = format!(
            "this row has a `{column}`, {why}; put what is said in different ways into different files"
        );
        found.note(at(join.file, line, message));
    }
    let other = join.verdicts.values().find_map(|verdict| {
        let column = verdict.said.as_ref()?.column();
        (column != wanted).then_some((verdict.line, column))
    });
    if let Some((line, column)) = other {
        let message = format!(
            "this verdict is a `{column}`, people's labels are a `{wanted}`; judge what people judged"
        );
        found.note(at(join.verdicts_file, line, message));
    }
    if !found.is_empty() {
        return None;
    }
    Some(match (join.scale, wanted) {
        (Some(scale), _) => scale.clone(),
        (None, "pass") => Scale::PassFail,
        (None, "preference") => Scale::Preference,
        (None, "rating") => Scale::Number,
        (None, _) => Scale::Classes(classes(join, labels, found)?),
    })
}

/// The classes that occur.
fn classes(join: &Join<'_>, labels: &[&Label], found: &mut Found) -> Option<Vec<String>> {
    let of_labels = labels
        .iter()
        .map(|label| (join.file, label.line, &label.said));
    let of_verdicts = join
        .verdicts
        .values()
        .map(|verdict| (join.verdicts_file, verdict.line, &verdict.said));
    let mut spelled: BTreeMap<String, &str> = BTreeMap::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for (file, line, said) in of_labels.chain(of_verdicts) {
        let Some(Said::Class(class)) = said else {
            continue;
        };
        let first = *spelled.entry(class.to_lowercase()).or_insert(class);
        if first != class && told.insert(class) {
            let message =
                format!("the class `{class}` is written `{first}` elsewhere; spell it one way");
            found.note(at(file, line, message));
        }
    }
    if spelled.len() > MOST_CLASSES {
        let message = format!(
            "there are {} different classes, at most {MOST_CLASSES} can be compared: are these texts?",
            spelled.len()
        );
        found.note(at(join.file, 0, message));
    }
    let mut names: Vec<String> = spelled.into_values().map(str::to_owned).collect();
    names.sort_unstable();
    found.is_empty().then_some(names)
}

/// A value as a number of the scale, or why it is none.
pub(super) fn value(scale: &Scale, said: &Said) -> Result<f64, String> {
    match (scale, said) {
        (Scale::PassFail, Said::Pass(pass)) => Ok(f64::from(u8::from(*pass))),
        (Scale::Preference, Said::Preference(preference)) => Ok(match preference {
            Preference::A => 0.0,
            Preference::B => 1.0,
            Preference::Tie => TIE as f64,
        }),
        (Scale::Classes(names), Said::Class(class)) => {
            let place = names.iter().position(|name| name == class);
            place.map(|place| place as f64).ok_or_else(|| {
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                unknown("class", class, &known)
            })
        }
        (Scale::Number, Said::Rating(rating)) => Ok(*rating),
        (Scale::Grades { low, high }, Said::Rating(rating)) => {
            let fits = (*low as f64..=*high as f64).contains(rating);
            fits.then_some(*rating)
                .ok_or_else(|| format!("`rating`: {rating} is off the scale {low}..{high}"))
        }
        (scale, said) => Err(format!(
            "a `{}` is no value of {}",
            said.column(),
            scale.name()
        )),
    }
}
