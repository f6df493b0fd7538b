//! Where a judge leans: what it says less what people say, by whose output it is, by what people say and by length.
//!
//! Exploration: many slices are looked at, nothing is adjusted and nothing is concluded.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::figure::shown;
use super::super::findings::{Figure, Unit};
use super::sheet::{Pairs, Scale, Sheet};
use crate::stats::{Confidence, Estimate, Sample, Undefined, mean, rate};

/// Most slices of a kind; those with the most items.
const MOST: usize = 12;
/// Items with a text from which on lengths are parted.
const FEWEST_LENGTHS: usize = 30;
/// Parts by length.
const PARTS: usize = 3;

/// What is measured in a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The mean of the judge's values less people's: of grades and numbers in theirs, of pass and fail as a share.
    JudgeMinusLabels,
    /// The share of equal values, where they have no order.
    SameVerdict,
}

/// One slice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shift {
    /// By what: `target`, `class`, `length`.
    pub by: &'static str,
    /// The slice.
    pub name: String,
    /// Its items.
    pub n: u64,
    /// What its figure is.
    pub measure: Measure,
    /// The unit of the figure.
    pub unit: Unit,
    /// The figure.
    pub figure: Figure,
}

/// The slices of a sheet; a kind of which there is only one is left out.
pub(super) fn shifts(sheet: &Sheet, pairs: &Pairs, confidence: Confidence) -> Vec<Shift> {
    let mut found = Vec::new();
    for (by, names) in [
        ("target", targets(sheet, pairs)),
        ("class", classes(sheet, pairs)),
        ("length", lengths(sheet, pairs)),
    ] {
        let mut slices: BTreeMap<&(usize, String), Vec<usize>> = BTreeMap::new();
        for (at, name) in names.iter().enumerate() {
            if let Some(name) = name {
                slices.entry(name).or_default().push(at);
            }
        }
        if slices.len() < 2 {
            continue;
        }
        let mut slices: Vec<_> = slices.into_iter().collect();
        if slices.len() > MOST {
            slices.sort_by_key(|(name, items)| (std::cmp::Reverse(items.len()), *name));
            slices.truncate(MOST);
            slices.sort();
        }
        for ((_, name), items) in slices {
            found.push(shift(sheet, pairs, confidence, (by, name), &items));
        }
    }
    found
}

fn shift(
    sheet: &Sheet,
    pairs: &Pairs,
    confidence: Confidence,
    (by, name): (&'static str, &str),
    items: &[usize],
) -> Shift {
    let (measure, unit) = match sheet.scale {
        Scale::PassFail => (Measure::JudgeMinusLabels, Unit::Rate),
        Scale::Grades { .. } | Scale::Number => (Measure::JudgeMinusLabels, Unit::Score),
        Scale::Classes(_) | Scale::Preference => (Measure::SameVerdict, Unit::Rate),
    };
    let values: Vec<f64> = items
        .iter()
        .map(|&at| match measure {
            Measure::JudgeMinusLabels => pairs.judge[at] - pairs.human[at],
            Measure::SameVerdict => f64::from(u8::from(pairs.judge[at] == pairs.human[at])),
        })
        .collect();
    let groups: Option<Vec<u32>> = pairs
        .groups
        .as_ref()
        .map(|groups| items.iter().map(|&at| groups[at]).collect());
    let sample = Sample::new(&values);
    let sample = match &groups {
        Some(groups) => sample.with_groups(groups),
        None => sample,
    };
    let estimate: Result<Estimate, Undefined> = match measure {
        Measure::JudgeMinusLabels => mean(&sample, confidence, None),
        Measure::SameVerdict => rate(&sample, confidence),
    };
    Shift {
        by,
        name: name.to_owned(),
        n: items.len() as u64,
        measure,
        unit,
        figure: match estimate {
            Ok(estimate) => Figure::Estimate(shown(&estimate)),
            Err(reason) => Figure::Undefined {
                undefined: reason.to_string(),
                n: items.len() as u64,
            },
        },
    }
}

/// A slice's place among its kind, and its name.
type Name = Option<(usize, String)>;

fn targets(sheet: &Sheet, pairs: &Pairs) -> Vec<Name> {
    let of = |&at: &usize| Some((0, sheet.items[at].target.clone()?));
    pairs.at.iter().map(of).collect()
}

/// What people say; means of several by the nearest grade, open numbers not at all.
fn classes(sheet: &Sheet, pairs: &Pairs) -> Vec<Name> {
    let of = |human: &f64| match sheet.scale {
        Scale::Number => None,
        Scale::Grades { low, .. } => {
            let grade = human.round();
            Some((
                (grade - low as f64).max(0.0) as usize,
                format!("labelled {grade}"),
            ))
        }
        _ => Some((
            *human as usize,
            format!("labelled {}", sheet.scale.words(*human)),
        )),
    };
    pairs.human.iter().map(of).collect()
}

/// The shortest, middle and longest third of the outputs; pairs have no length of their own.
fn lengths(sheet: &Sheet, pairs: &Pairs) -> Vec<Name> {
    let length = |at: usize| {
        let output = sheet.items[at].words.output.as_ref();
        output.map(|text| text.chars().count())
    };
    let all: Vec<Option<usize>> = pairs.at.iter().map(|&at| length(at)).collect();
    let mut sorted: Vec<usize> = all.iter().flatten().copied().collect();
    if sheet.scale == Scale::Preference || sorted.len() < FEWEST_LENGTHS {
        return vec![None; all.len()];
    }
    sorted.sort_unstable();
    // Equal lengths stay together.
    let bars: Vec<usize> = (1..PARTS)
        .map(|part| sorted[part * sorted.len() / PARTS])
        .collect();
    let name = |part: usize| match part {
        0 => format!("below {} characters", bars[0]),
        1 => format!("{} to {} characters", bars[0], bars[1].saturating_sub(1)),
        _ => format!("from {} characters on", bars[1]),
    };
    let part = |length: usize| bars.iter().filter(|bar| length >= **bar).count();
    all.into_iter()
        .map(|length| length.map(|length| (part(length), name(part(length)))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::sheet::{Item, Reference, Verdict};
    use super::*;

    fn sheet(scale: Scale) -> Sheet {
        let items = (0..60_usize).map(|at| {
            let human = (at % 2) as f64;
            // It passes all of the one target, and is right about the other.
            let judge = if at < 30 { 1.0 } else { human };
            let mut item = Item::new(at.to_string(), vec![Some(human)], Verdict::Read(judge));
            item.target = Some(if at < 30 { "own" } else { "other" }.to_owned());
            item.words.output = Some("x".repeat(at));
            item
        });
        Sheet {
            scale,
            of: Reference::Majority,
            annotators: vec!["ann".into()],
            items: items.collect(),
            positive: None,
        }
    }

    fn points(sheet: &Sheet) -> Vec<(&'static str, String, Option<f64>)> {
        shifts(sheet, &sheet.pairs(), Confidence::NINETY_FIVE)
            .into_iter()
            .map(|one| {
                let point = one.figure.estimate().map(|one| one.point);
                (one.by, one.name, point)
            })
            .collect()
    }

    #[test]
    fn a_judge_that_favours_a_target_is_seen_there() {
        let found = points(&sheet(Scale::PassFail));
        let of = |name: &str| found.iter().find(|one| one.1 == name).and_then(|one| one.2);
        assert_eq!((of("own"), of("other")), (Some(0.5), Some(0.0)));
        assert_eq!(
            (of("labelled fail"), of("labelled pass")),
            (Some(0.5), Some(0.0))
        );
        assert_eq!(of("below 20 characters"), Some(0.5));
        assert_eq!(of("from 40 characters on"), Some(0.0));
        assert_eq!(of("20 to 39 characters"), Some(0.25));
        assert_eq!(found.len(), 7);
    }

    #[test]
    fn classes_count_equal_verdicts_and_lone_slices_are_left_out() {
        let mut sheet = sheet(Scale::Classes(vec!["good".into(), "bad".into()]));
        for item in &mut sheet.items {
            item.target = Some("only".into());
            item.words.output = None;
        }
        let found = points(&sheet);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], ("class", "labelled good".into(), Some(0.5)));
    }
}
