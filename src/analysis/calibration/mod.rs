//! A judge held against people: how well it agrees with them, what it gets wrong, what its rates are worth, and whether it may be used.
//!
//! [`calibrate`] takes a [`Sheet`] (labels and verdicts on one scale) and answers with a [`Calibration`], which reports render and
//! from which the exit code follows. Agreement rests on items that both read; an unreadable verdict is left out of it, shown, and
//! counted a second time as wrong. Everything is a pure function of sheet, rule and seed; every statistic is [`crate::stats`]'.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::usable::Usable;
use crate::stats::{position_bias, wilson};

mod agreement;
mod book;
mod conclusion;
mod counts;
mod curve;
mod people;
pub(super) mod rates;
mod sheet;
mod shift;
mod worst;

pub use book::Statistic;
pub use conclusion::{Conclusion, Outcome};
pub use counts::counts;
pub use curve::StatedBin;
pub use people::{OneAgainstOthers, PeopleFacts};
pub use rates::{LEAST_LABELS, Rates};
pub(super) use sheet::People;
pub use sheet::{Item, Reference, Scale, Sheet, TIE, Verdict, Words};
pub use shift::{Measure, Shift};
pub use worst::{Disagreement, Listed};

use super::figure::{Chance, shown};
use super::findings::Figure;
use agreement::{Levels, passes, rates_of};
use book::Book;
use conclusion::{Evidence, Rate, conclude};

/// The version of the shape of [`Calibration`].
pub const SCHEMA_VERSION: u32 = 1;

/// How a calibration is computed.
#[derive(Debug, Clone, Copy)]
pub struct CalibrateOptions {
    /// The bars of the conclusion.
    pub usable: Usable,
    /// Whether the judge's file set them.
    pub set_by_judge_file: bool,
    /// Which look at these labels this is, from 1: later looks are held to a smaller error.
    pub look: u32,
    /// The seed, and threads for bootstraps.
    pub chance: Chance,
}

/// What a judge held against people comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The judge, where one is named: without, nothing is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeFacts>,
    /// The scale: `pass/fail`, `1..5`, the classes.
    pub scale: String,
    /// The classes in their order, where the scale is made of some.
    #[serde(skip)]
    pub class_names: Vec<String>,
    /// What stands for several annotators: `majority`, `mean`.
    pub of: String,
    /// The labels.
    pub labels: LabelFacts,
    /// The name of the statistic that decides.
    pub agreement: String,
    /// The error that this look may make, two-sided.
    pub alpha: f64,
    /// People among themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<PeopleFacts>,
    /// Rates, raw and corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rates: Option<Rates>,
    /// Where it leans, by target, class and length.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shifts: Vec<Shift>,
    /// Its stated probabilities against people, for a judge that states them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<StatedBin>,
    /// May it be used?
    pub conclusion: Conclusion,
    /// What to do next, in numbers.
    pub advice: Vec<String>,
    /// The worst disagreements.
    pub disagreements: Vec<Disagreement>,
    /// More of them, for reports with room for a list.
    #[serde(skip)]
    pub listed: Listed,
    /// What a reader must know before the numbers.
    pub warnings: Vec<String>,
    /// Statistics by the names of the field, each once.
    #[serde(flatten)]
    pub statistics: BTreeMap<String, Statistic>,
}

/// Which judge was held against people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JudgeFacts {
    /// Its name.
    pub name: String,
    /// Its identity: prompt, model and parameters.
    pub digest: String,
    /// The model.
    pub model: String,
}

/// The labels that a calibration rests on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LabelFacts {
    /// Items in all.
    pub items: u64,
    /// Items with a reference and a readable verdict: what agreement rests on.
    pub compared: u64,
    /// Items with a reference.
    pub labelled: u64,
    /// Items whose labels tie: they have no reference.
    pub ties: u64,
    /// Items that only the judge read.
    pub judged_only: u64,
    /// Labelled items whose verdict could not be read.
    pub unreadable: u64,
    /// Labelled items that the judge was not asked about, or could not be.
    pub unjudged: u64,
    /// Independent clusters among the compared; `None` where none are declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters: Option<u64>,
    /// Labels by annotator.
    pub annotators: BTreeMap<String, u64>,
    /// References by class; for grades by grade, where all are whole.
    pub classes: BTreeMap<String, u64>,
    /// Which look at these labels this is.
    pub look: u32,
    /// Rows in which an annotator repeats an earlier label: they are no second labels.
    pub repeats: u64,
    /// How the outputs were drawn for labelling: `recorded` (with probabilities), `unstated`; `None` for a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn: Option<&'static str>,
    /// The digest of the labels: outputs, annotators, values and probabilities; `None` for a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// Holds a judge against people.
#[must_use]
pub fn calibrate(sheet: &Sheet, options: &CalibrateOptions) -> Calibration {
    let levels = Levels::of_look(options.look);
    let chance = &options.chance;
    let pairs = sheet.pairs();
    let labels = facts(sheet, &pairs, options.look);
    let asked = labels.compared + labels.unreadable;
    let mut book = Book::new(pairs.len(), usize::try_from(asked).unwrap_or(usize::MAX));
    book.count("n", pairs.len() as u64);
    book.count("unreadable", labels.unreadable);
    let agreed = agreement::agreed(sheet, &pairs, levels, chance);
    agreement::figures(sheet, &pairs, &agreed, levels, chance, &mut book);
    if labels.unreadable > 0 && sheet.scale != Scale::Number {
        let right = pairs.human.iter().zip(&pairs.judge).filter(|(h, j)| h == j);
        let found = wilson(right.count() as u64, asked, levels.shown);
        book.estimate("accuracy_unreadable_as_wrong", &found);
    }
    let orders = orders(sheet, levels, &mut book);
    let people = people::people(
        sheet,
        agreed.kind,
        &options.usable,
        levels,
        chance,
        &mut book,
    );
    let rates = rates::rates(sheet, levels.shown, &mut book);
    let bounds = passes(sheet, &pairs).filter(|_| sheet.scale == Scale::PassFail);
    let evidence = Evidence {
        n: usize::try_from(asked).unwrap_or(usize::MAX),
        fewest: fewest(sheet),
        units: pairs.units().count(),
        unreadable: (
            usize::try_from(labels.unreadable).unwrap_or(usize::MAX),
            usize::try_from(asked).unwrap_or(usize::MAX),
        ),
        orders,
        agreement: agreed.estimate.as_ref().ok().map(|estimate| {
            let name = agreed.kind.words().to_owned();
            (name, estimate.point, agreed.bound)
        }),
        rates: bounds.and_then(|columns| {
            let [tpr, tnr] = rates_of(&columns, &pairs, levels.bound);
            let rate = |name, estimate: crate::stats::Estimate| Rate {
                name,
                right: (estimate.point * estimate.n as f64).round() as u64,
                of: estimate.n as u64,
                estimate,
            };
            Some([rate("TPR", tpr.ok()?), rate("TNR", tnr.ok()?)])
        }),
        winning_rate: people.as_ref().and_then(|people| people.winning_rate),
    };
    let conclusion = conclude(
        &evidence,
        &options.usable,
        options.set_by_judge_file,
        levels.bound,
    );
    let mut warnings = Vec::new();
    if labels.look > 1 {
        warnings.push(format!(
            "these labels are used {} times: intervals and bounds allow an error of {:.4} in place of 0.05",
            labels.look,
            levels.shown.alpha()
        ));
    }
    if labels.ties > 0 {
        warnings.push(format!(
            "{} items are left out: the annotators' labels tie",
            labels.ties
        ));
    }
    if labels.unjudged > 0 {
        warnings.push(format!(
            "{} labelled items have no verdict at all: the judge was not asked, or could not be reached",
            labels.unjudged
        ));
    }
    if let Some(rates) = &rates {
        warnings.extend(rates.warnings.iter().cloned());
    }
    let listed = worst::listed(sheet);
    let advice = advice(sheet, &conclusion, &labels, &agreed, people.is_some());
    Calibration {
        schema_version: SCHEMA_VERSION,
        judge: None,
        scale: sheet.scale.name(),
        class_names: match &sheet.scale {
            Scale::Classes(names) => names.clone(),
            _ => Vec::new(),
        },
        of: match sheet.reference() {
            Reference::Majority => "majority",
            Reference::Mean => "mean",
        }
        .to_owned(),
        labels,
        agreement: agreed.kind.key().to_owned(),
        alpha: levels.shown.alpha(),
        people,
        rates,
        conclusion,
        advice,
        shifts: shift::shifts(sheet, &pairs, levels.shown),
        curve: curve::curve(sheet, &pairs, levels.shown),
        disagreements: listed.worst(),
        listed,
        warnings,
        statistics: book.into_statistics(),
    }
}

/// The figure of agreement that decides, as a point; `None` where it is undefined.
#[must_use]
pub fn agreement_point(sheet: &Sheet) -> Option<f64> {
    agreement::point(sheet, &sheet.pairs())
}

/// The figure of agreement that decides, under its name, as a first look at these labels shows it.
#[must_use]
pub fn agreement_figure(sheet: &Sheet, chance: &Chance) -> (&'static str, Figure) {
    let pairs = sheet.pairs();
    let agreed = agreement::agreed(sheet, &pairs, Levels::of_look(1), chance);
    let figure = match &agreed.estimate {
        Ok(estimate) => Figure::Estimate(shown(estimate)),
        Err(reason) => Figure::Undefined {
            undefined: reason.to_string(),
            n: pairs.len() as u64,
        },
    };
    (agreed.kind.key(), figure)
}

/// The name of that figure: `cohen_kappa`, `weighted_kappa_quadratic`, `lin_ccc`.
#[must_use]
pub fn agreement_name(sheet: &Sheet) -> &'static str {
    agreement::Agreement::of(sheet, &sheet.pairs()).key()
}

fn facts(sheet: &Sheet, pairs: &sheet::Pairs, look: u32) -> LabelFacts {
    let mut facts = LabelFacts {
        items: sheet.items.len() as u64,
        compared: pairs.len() as u64,
        clusters: pairs.groups.as_ref().map(|_| pairs.units().count() as u64),
        look,
        ..LabelFacts::default()
    };
    for (at, name) in sheet.annotators.iter().enumerate() {
        let given = sheet.items.iter().filter(|item| item.labels[at].is_some());
        facts.annotators.insert(name.clone(), given.count() as u64);
    }
    for item in &sheet.items {
        match (sheet.people(item), item.verdict) {
            (People::Say(value), verdict) => {
                facts.labelled += 1;
                *facts.classes.entry(sheet.scale.words(value)).or_default() += 1;
                match verdict {
                    Verdict::Unreadable => facts.unreadable += 1,
                    Verdict::Absent => facts.unjudged += 1,
                    Verdict::Read(_) => {}
                }
            }
            (People::Tie, _) => facts.ties += 1,
            (People::Nobody, Verdict::Read(_)) => facts.judged_only += 1,
            (People::Nobody, _) => {}
        }
    }
    if sheet.scale == Scale::Number {
        facts.classes.clear();
    }
    facts
}

/// The least labelled class that a conclusion must know: pass and fail, each end-half of a scale, each class that people used,
/// both sides of a preference.
fn fewest(sheet: &Sheet) -> Option<(String, usize)> {
    let said: Vec<f64> = sheet
        .items
        .iter()
        .filter(|item| item.verdict != Verdict::Absent)
        .filter_map(|item| match sheet.people(item) {
            People::Say(value) => Some(value),
            People::Tie | People::Nobody => None,
        })
        .collect();
    let count = |class: f64| said.iter().filter(|value| **value == class).count();
    let mut classes: Vec<(String, usize)> = match &sheet.scale {
        Scale::PassFail => vec![("fail".into(), count(0.0)), ("pass".into(), count(1.0))],
        Scale::Preference => vec![("a".into(), count(0.0)), ("b".into(), count(1.0))],
        Scale::Classes(names) => (0..names.len())
            .map(|class| (names[class].clone(), count(class as f64)))
            .filter(|(_, count)| *count > 0)
            .collect(),
        Scale::Grades { low, high } => {
            let middle = (*low + *high) as f64 / 2.0;
            let below = said.iter().filter(|value| **value < middle).count();
            let above = said.iter().filter(|value| **value > middle).count();
            vec![
                ("worse than the middle of the scale".into(), below),
                ("better than the middle of the scale".into(), above),
            ]
        }
        Scale::Number => Vec::new(),
    };
    classes.sort_by_key(|(_, count)| *count);
    classes.into_iter().next()
}

/// A pairwise judge's two orders: how often they agree, of the pairs read in both.
fn orders(sheet: &Sheet, levels: Levels, book: &mut Book) -> Option<f64> {
    let both: Vec<_> = sheet.items.iter().filter_map(|item| item.orders).collect();
    let found = position_bias(&both, levels.shown).ok()?;
    book.estimate("position_agreement_rate", &Ok(found.agreement));
    book.estimate("position_consistent_of_parsed", &found.consistency);
    book.estimate("first_shown_preference_rate", &found.first_shown);
    book.count("flips_to_first", found.flips_to_first);
    book.count("flips_to_second", found.flips_to_second);
    book.number("flip_sign_test_p", Some(found.flip_p));
    found.consistency.ok().map(|share| share.point)
}

/// What to do next, in numbers.
fn advice(
    sheet: &Sheet,
    conclusion: &Conclusion,
    labels: &LabelFacts,
    agreed: &agreement::Agreed,
    has_ceiling: bool,
) -> Vec<String> {
    let mut advice = Vec::new();
    let n = labels.compared + labels.unreadable;
    if let (Outcome::TooFewLabels, Some(needed)) = (conclusion.outcome, conclusion.needs_n) {
        advice.push(format!(
            "about {needed} labels in all would decide, if the judge keeps agreeing as it does now ({} more, drawn at random)",
            needed.saturating_sub(n)
        ));
    } else if conclusion.outcome == Outcome::TooFewLabels && n < 100 {
        advice.push(format!(
            "label about {} more, drawn at random: at 100 labels kappa is known to within about 0.14, at 50 0.20, at 20 0.33",
            100_u64.saturating_sub(n).max(1)
        ));
    }
    if let (Outcome::TooFewLabels, Ok(estimate)) = (conclusion.outcome, &agreed.estimate)
        && let (Some(low), Some(high)) = (estimate.low(), estimate.high())
    {
        advice.push(format!(
            "these labels cannot tell a judge that agrees at {low:.2} from one at {high:.2}; they can show where the rubric is misread: see the disagreements"
        ));
    }
    if !has_ceiling && sheet.annotators.len() < 2 {
        advice.push(
            "let a second person label at least 30 of these items: without it nobody knows how far people agree themselves"
                .to_owned(),
        );
    }
    if conclusion.outcome == Outcome::NotShownUsable {
        advice.push("read the disagreements, mend rubric and anchors, and calibrate again; compare the two judges on the same labels".to_owned());
    }
    advice
}

#[cfg(test)]
mod tests;
