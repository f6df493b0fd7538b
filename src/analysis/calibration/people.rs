//! How far people agree with one another, and whether the judge holds its own among them.

use serde::Serialize;

use crate::domain::usable::Usable;
use crate::stats::{
    Alignment, Ceiling, CeilingSide, CeilingStatistic, Level, MIN_CEILING_ITEMS, Ratings,
    Undefined, Units, Weights, alt_test, bca, ceiling, ceiling_of_numbers,
};

use super::super::figure::{Chance, shown};
use super::super::findings::Figure;
use super::agreement::{Agreement, Levels};
use super::book::Book;
use super::sheet::{Scale, Sheet, Verdict, place};

/// False discoveries allowed among the annotators of the alternative annotator test.
const Q: f64 = 0.05;

/// People held against people.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PeopleFacts {
    /// Items with at least two annotators and a verdict.
    pub items: usize,
    /// Each annotator against the others, and the judge against the same others.
    pub annotators: Vec<OneAgainstOthers>,
    /// Share of annotators against whom the judge holds its own; `None` where too few items have two annotators.
    pub winning_rate: Option<f64>,
    /// Mean share of items on which the judge is at least as close to the others as the annotator.
    pub advantage_probability: Option<f64>,
}

/// One annotator held against the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OneAgainstOthers {
    /// Their name.
    pub annotator: String,
    /// Items compared.
    pub n: usize,
    /// The annotator's agreement with the others, in the figure that decides.
    pub person: Figure,
    /// The judge's with the same others.
    pub judge: Figure,
}

/// What people reach; `None` with one annotator, or too few items that two labelled.
pub(super) fn people(
    sheet: &Sheet,
    kind: Agreement,
    rule: &Usable,
    levels: Levels,
    chance: &Chance,
    book: &mut Book,
) -> Option<PeopleFacts> {
    let annotators = sheet.annotators.len();
    let shared = sheet
        .items
        .iter()
        .filter(|item| item.labels.iter().flatten().count() >= 2)
        .count();
    if annotators < 2 || shared == 0 {
        return None;
    }
    let coding = coding(sheet);
    let cells: Vec<Option<u32>> = match coding {
        Some((low, classes)) => sheet
            .items
            .iter()
            .flat_map(|item| {
                item.labels
                    .iter()
                    .map(move |label| place((*label)?, low, classes))
            })
            .collect(),
        None => Vec::new(),
    };
    if let Some((low, classes)) = coding
        && let Ok(ratings) = Ratings::new(&cells, annotators, classes)
    {
        among(sheet, ratings, low, classes, levels, chance, book);
    }
    if shared < MIN_CEILING_ITEMS {
        return None;
    }
    let mut facts = PeopleFacts {
        items: shared,
        ..PeopleFacts::default()
    };
    if let Some(found) = reached(sheet, &cells, coding, kind, levels, chance, book) {
        facts.items = found.items;
        facts.annotators = found
            .annotators
            .iter()
            .map(|one| OneAgainstOthers {
                annotator: sheet.annotators[one.annotator].clone(),
                n: one.items,
                person: Figure::Estimate(shown(&one.person)),
                judge: Figure::Estimate(shown(&one.judge)),
            })
            .collect();
    }
    let alignment = match sheet.scale {
        Scale::Grades { .. } | Scale::Number => Alignment::Near,
        _ => Alignment::Same,
    };
    let labels: Vec<Option<f64>> = sheet
        .items
        .iter()
        .flat_map(|item| item.labels.iter().copied())
        .collect();
    let judge: Vec<Option<f64>> = sheet.items.iter().map(|item| read(item.verdict)).collect();
    let epsilon = rule.ceiling.epsilon;
    if let Ok(found) = alt_test(
        &labels,
        annotators,
        &judge,
        alignment,
        epsilon,
        Q,
        levels.shown,
    ) && found.items >= MIN_CEILING_ITEMS
    {
        facts.winning_rate = Some(found.winning_rate);
        facts.advantage_probability = Some(found.advantage_probability.point);
        book.number("winning_rate", Some(found.winning_rate));
        book.estimate("advantage_probability", &Ok(found.advantage_probability));
        book.count("alt_test_items", found.items as u64);
    }
    Some(facts)
}

fn read(verdict: Verdict) -> Option<f64> {
    match verdict {
        Verdict::Read(value) => Some(value),
        Verdict::Unreadable | Verdict::Absent => None,
    }
}

/// The lowest value and the number of classes, where labels are classes or whole grades.
fn coding(sheet: &Sheet) -> Option<(f64, usize)> {
    match sheet.scale {
        Scale::Grades { low, high } => {
            let classes = usize::try_from(high - low + 1).ok()?;
            let whole = sheet
                .items
                .iter()
                .flat_map(|item| item.labels.iter().flatten())
                .all(|label| place(*label, low as f64, classes).is_some());
            whole.then_some((low as f64, classes))
        }
        Scale::Number => None,
        _ => Some((0.0, sheet.scale.classes()?)),
    }
}

/// People among themselves, all annotators at once.
fn among(
    sheet: &Sheet,
    ratings: Ratings<'_>,
    low: f64,
    classes: usize,
    levels: Levels,
    chance: &Chance,
    book: &mut Book,
) {
    let grades: Vec<f64> = (0..classes).map(|at| low + at as f64).collect();
    let wanted: &[(&str, Level<'_>)] = match sheet.scale {
        Scale::Grades { .. } => &[
            ("people_krippendorff_alpha_ordinal", Level::Ordinal),
            (
                "people_krippendorff_alpha_interval",
                Level::Interval(&grades),
            ),
        ],
        _ => &[("people_krippendorff_alpha_nominal", Level::Nominal)],
    };
    let groups = sheet.groups();
    for (name, level) in wanted {
        let found =
            super::agreement::alpha_of(ratings, *level, groups.as_deref(), name, levels, chance);
        book.estimate(name, &found);
    }
}

/// Each annotator against the majority or the mean of the others; with intervals where labels are classes.
fn reached(
    sheet: &Sheet,
    cells: &[Option<u32>],
    coding: Option<(f64, usize)>,
    kind: Agreement,
    levels: Levels,
    chance: &Chance,
    book: &mut Book,
) -> Option<Ceiling> {
    let annotators = sheet.annotators.len();
    let weights = match kind {
        Agreement::Kappa(_) => Some(Weights::Identity),
        Agreement::Weighted(_) => Some(Weights::Quadratic),
        Agreement::Concordance => None,
    };
    let mut found = match (weights, coding) {
        (Some(weights), Some((low, classes))) => {
            let judge: Vec<Option<u32>> = sheet
                .items
                .iter()
                .map(|item| place(read(item.verdict)?, low, classes))
                .collect();
            let ratings = Ratings::new(cells, annotators, classes).ok()?;
            let mut found = ceiling(&ratings, &judge, weights, levels.shown).ok()?;
            if let Some(groups) = sheet.groups() {
                let units = Units::of(&groups);
                let drawn = |name: &str, side| {
                    let statistic =
                        CeilingStatistic::new(ratings, &judge, weights, &units, side).ok()?;
                    bca(
                        &statistic,
                        &chance.plan(&["calibration", name]),
                        levels.shown,
                    )
                    .ok()
                };
                let (people, judge) = (
                    drawn("human_ceiling", CeilingSide::People),
                    drawn("judge_at_ceiling", CeilingSide::Judge),
                );
                found.people = people.unwrap_or(found.people);
                found.judge = judge.unwrap_or(found.judge);
            }
            found
        }
        _ => {
            let labels: Vec<Option<f64>> = sheet
                .items
                .iter()
                .flat_map(|item| item.labels.iter().copied())
                .collect();
            let judge: Vec<Option<f64>> =
                sheet.items.iter().map(|item| read(item.verdict)).collect();
            let mut found = ceiling_of_numbers(&labels, annotators, &judge, levels.shown).ok()?;
            if sheet.groups().is_some() {
                // Its closed form takes items for independent.
                found.people.interval = Err(Undefined::NoClosedForm);
                found.judge.interval = Err(Undefined::NoClosedForm);
            }
            found
        }
    };
    if sheet.groups().is_some() {
        for one in &mut found.annotators {
            one.person.interval = Err(Undefined::NoClosedForm);
            one.judge.interval = Err(Undefined::NoClosedForm);
        }
    }
    book.estimate("human_ceiling", &Ok(found.people.clone()));
    book.estimate("judge_at_ceiling", &Ok(found.judge.clone()));
    Some(found)
}
