//! What share passes, or which grade outputs get: as the judge says, as people say, and as people would say of all.

use serde::Serialize;

use crate::stats::{
    Confidence, Count, Detection, Estimate, Labelled, Sample, Scale as Range, Undefined,
    Unlabelled, fisher_exact, kolmogorov_smirnov, mean, ppi_plus_plus, rate, rogan_gladen,
};

use super::super::figure::shown;
use super::super::findings::Figure;
use super::book::Book;
use super::sheet::{People, Scale, Sheet, TIE, Verdict};

/// Labels below which no correction is offered.
pub const LEAST_LABELS: usize = 20;
/// J below which Rogan-Gladen is not offered.
pub(in crate::analysis) const LEAST_J: f64 = 0.3;
/// What is said of two corrections further apart than two of their standard errors.
pub(in crate::analysis) const DIFFER: &str = "the two corrections differ by more than their errors allow: the labelled items may not look like the others";
/// p below which the labelled items do not look drawn from all.
const UNLIKE: f64 = 0.01;

/// The mean of what is judged, four ways.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rates {
    /// What is averaged: `pass`, a class, `grade`, `b wins (a tie counts half)`.
    pub of: String,
    /// The judge's opinion of all it read: its interval does not contain the judge's own error.
    pub raw: Figure,
    /// People's labels alone.
    pub labels_only: Figure,
    /// Both joined: right whatever the judge, if the labelled items were drawn at random or with recorded probabilities.
    pub ppi: Figure,
    /// The judge's rate corrected by its two rates of being right; pass and fail only.
    pub rogan_gladen: Figure,
    /// What must be known of them.
    pub warnings: Vec<String>,
}

/// What people and the judge said of labelled outputs, and the judge of the others.
pub(in crate::analysis) struct Columns {
    pub(in crate::analysis) human: Vec<f64>,
    pub(in crate::analysis) judge: Vec<f64>,
    pub(in crate::analysis) weights: Option<Vec<f64>>,
    pub(in crate::analysis) groups: Option<Vec<u32>>,
    pub(in crate::analysis) judged: Vec<f64>,
    pub(in crate::analysis) judged_groups: Option<Vec<u32>>,
}

/// The rates of a sheet; `None` where its values have no mean (classes of which none was named as success).
pub(super) fn rates(sheet: &Sheet, confidence: Confidence, book: &mut Book) -> Option<Rates> {
    let value = valued(sheet)?;
    let binary = match sheet.scale {
        Scale::Grades { .. } | Scale::Number => false,
        Scale::Preference => sheet.positive.is_some(),
        Scale::PassFail | Scale::Classes(_) => true,
    };
    let range = match sheet.scale {
        Scale::Grades { low, high } => Range::new(low as f64, high as f64),
        Scale::Number => None,
        _ => Some(Range::UNIT),
    };
    let columns = columns(sheet, &value);
    let mut warnings = Vec::new();
    let whole: Vec<f64> = columns
        .judge
        .iter()
        .chain(&columns.judged)
        .copied()
        .collect();
    let whole_groups: Option<Vec<u32>> = columns
        .groups
        .as_ref()
        .zip(columns.judged_groups.as_ref())
        .map(|(one, other)| one.iter().chain(other).copied().collect());
    let average = |values: &[f64], groups: Option<&[u32]>| -> Result<Estimate, Undefined> {
        let sample = Sample::new(values);
        let sample = groups.map_or(sample, |groups| sample.with_groups(groups));
        if range == Some(Range::UNIT) {
            rate(&sample, confidence)
        } else {
            mean(&sample, confidence, range)
        }
    };
    let raw = average(&whole, whole_groups.as_deref());
    let labels = average(&columns.human, columns.groups.as_deref());
    let ppi = ppi(&columns, confidence, range);
    let gladen = gladen(&columns, binary, confidence);
    book.estimate("raw_judge_rate", &raw);
    book.estimate("labels_only", &labels);
    if let Ok((estimate, lambda)) = &ppi {
        book.number("ppi_plus_lambda", Some(*lambda));
        book.estimate("ppi_plus_mean", &Ok(estimate.clone()));
        if let Some(warning) = apart(&columns, binary) {
            warnings.push(warning);
        }
    }
    if let Some(found) = &gladen.shown {
        book.number("rogan_gladen_unclipped", Some(found.unclipped));
        book.estimate("raw_judge_rate_unlabelled", &Ok(found.raw.clone()));
        book.number("rogan_gladen_delta_se", Some(found.std_error));
    }
    if let Ok(estimate) = &gladen.claimed {
        book.estimate("rogan_gladen", &Ok(estimate.clone()));
    }
    if let (Ok((one, _)), Ok(other)) = (&ppi, &gladen.claimed)
        && let (Some(a), Some(b)) = (one.std_error, other.std_error)
        && (one.point - other.point).abs() > 2.0 * a.hypot(b)
    {
        warnings.push(DIFFER.to_owned());
    }
    let n = columns.human.len() as u64;
    let figure = |found: Result<Estimate, String>| match found {
        Ok(estimate) => Figure::Estimate(shown(&estimate)),
        Err(reason) => Figure::Undefined {
            undefined: reason,
            n,
        },
    };
    let plain = |found: Result<Estimate, Undefined>| found.map_err(|reason| reason.to_string());
    Some(Rates {
        of: words(sheet),
        raw: figure(plain(raw)),
        labels_only: figure(plain(labels)),
        ppi: figure(ppi.map(|found| found.0)),
        rogan_gladen: figure(gladen.claimed),
        warnings,
    })
}

fn words(sheet: &Sheet) -> String {
    match (&sheet.scale, sheet.positive) {
        (Scale::PassFail, _) => "pass".to_owned(),
        (Scale::Classes(_) | Scale::Preference, Some(class)) => sheet.scale.words(class as f64),
        (Scale::Preference, None) => "b wins (a tie counts half)".to_owned(),
        _ => "mean".to_owned(),
    }
}

/// How a value counts in the mean.
fn valued(sheet: &Sheet) -> Option<impl Fn(f64) -> f64 + use<>> {
    let (is_preference, positive) = match (&sheet.scale, sheet.positive) {
        (Scale::Classes(_), None) => return None,
        (Scale::Classes(_) | Scale::Preference, Some(class)) => (false, Some(class as f64)),
        (Scale::Preference, None) => (true, None),
        _ => (false, None),
    };
    Some(move |value: f64| match positive {
        Some(class) => f64::from(u8::from(value == class)),
        None if is_preference && value == TIE as f64 => 0.5,
        None => value,
    })
}

fn columns(sheet: &Sheet, value: &impl Fn(f64) -> f64) -> Columns {
    let groups = sheet.groups();
    let mut found = Columns {
        human: Vec::new(),
        judge: Vec::new(),
        weights: Some(Vec::new()),
        groups: groups.as_ref().map(|_| Vec::new()),
        judged: Vec::new(),
        judged_groups: groups.as_ref().map(|_| Vec::new()),
    };
    for (at, item) in sheet.items.iter().enumerate() {
        let Verdict::Read(judge) = item.verdict else {
            continue;
        };
        let group = groups.as_ref().map(|groups| groups[at]);
        match sheet.people(item) {
            People::Say(human) => {
                found.human.push(value(human));
                found.judge.push(value(judge));
                // A probability that only some items have cannot weigh any.
                found.weights = found
                    .weights
                    .take()
                    .zip(item.probability)
                    .map(|(mut all, p)| {
                        all.push(1.0 / p);
                        all
                    });
                if let (Some(all), Some(group)) = (&mut found.groups, group) {
                    all.push(group);
                }
            }
            People::Nobody => {
                found.judged.push(value(judge));
                if let (Some(all), Some(group)) = (&mut found.judged_groups, group) {
                    all.push(group);
                }
            }
            People::Tie => {}
        }
    }
    found
}

fn ppi(
    columns: &Columns,
    confidence: Confidence,
    range: Option<Range>,
) -> Result<(Estimate, f64), String> {
    if columns.judged.is_empty() {
        return Err("no items that only the judge read".to_owned());
    }
    if columns.human.len() < LEAST_LABELS {
        return Err(format!(
            "{} labels, at least {LEAST_LABELS} are needed",
            columns.human.len()
        ));
    }
    let labelled = Labelled {
        human: &columns.human,
        judge: &columns.judge,
        weights: columns.weights.as_deref(),
        groups: columns.groups.as_deref(),
    };
    let unlabelled = Unlabelled {
        judge: &columns.judged,
        groups: columns.judged_groups.as_deref(),
    };
    ppi_plus_plus(&labelled, &unlabelled, confidence, range)
        .map(|found| (found.estimate, found.lambda))
        .map_err(|reason| reason.to_string())
}

struct Gladen {
    shown: Option<crate::stats::RoganGladen>,
    claimed: Result<Estimate, String>,
}

fn gladen(columns: &Columns, binary: bool, confidence: Confidence) -> Gladen {
    let none = |why: &str| Gladen {
        shown: None,
        claimed: Err(why.to_owned()),
    };
    if !binary {
        return none("only for pass and fail");
    }
    if columns.judged.is_empty() {
        return none("no items that only the judge read");
    }
    let passes = |column: &[f64]| column.iter().map(|value| *value == 1.0).collect::<Vec<_>>();
    let Ok(labels) = Detection::of(&passes(&columns.human), &passes(&columns.judge)) else {
        return none("no labels");
    };
    let sample = Sample::new(&columns.judged);
    let sample = match &columns.judged_groups {
        Some(groups) => sample.with_groups(groups),
        None => sample,
    };
    let found = match rogan_gladen(&labels, &sample, confidence) {
        Ok(found) => found,
        Err(reason) => return none(&reason.to_string()),
    };
    let least = LEAST_LABELS as u64;
    let claimed = if labels.positives() < least || labels.negatives() < least {
        Err(format!(
            "{} labels of pass and {} of fail, at least {least} of each are needed",
            labels.positives(),
            labels.negatives()
        ))
    } else if found.youden_j.point < LEAST_J {
        Err(format!(
            "the judge tells pass from fail too badly: J = {:.2}, at least {LEAST_J} is needed",
            found.youden_j.point
        ))
    } else {
        found
            .estimate
            .clone()
            .map_err(|reason| format!("{reason}: {:.3} before it would be cut", found.unclipped))
    };
    Gladen {
        shown: Some(found),
        claimed,
    }
}

/// Whether the judge's verdicts of the labelled and of the other items look like draws from different populations.
pub(in crate::analysis) fn apart(columns: &Columns, binary: bool) -> Option<String> {
    if columns.weights.is_some() {
        // Drawn with unequal probabilities on purpose.
        return None;
    }
    let p = if binary {
        let count = |column: &[f64]| {
            let passes = column.iter().filter(|value| **value == 1.0).count() as u64;
            Count {
                successes: passes,
                n: column.len() as u64,
            }
        };
        let (one, other) = (count(&columns.judge), count(&columns.judged));
        fisher_exact([
            [one.successes, one.n - one.successes],
            [other.successes, other.n - other.successes],
        ])
    } else {
        kolmogorov_smirnov(&columns.judge, &columns.judged)
    };
    let p = p.ok()?.p;
    (p < UNLIKE).then(|| {
        "the judge's verdicts of the labelled items differ from those of the others (p < 0.01): were the labels drawn at random?".to_owned()
    })
}
