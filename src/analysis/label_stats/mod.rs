//! What a labels file says about the people who filled it in: how much each gave and how, whether they agree with each other and with
//! themselves, how long it took them, and whether they changed their ways.

mod drift;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use drift::Drift;
use drift::drift;
use table::Table;

use super::figure::shown;
use super::findings::{Estimate as Shown, Figure};
use crate::domain::label::{Label, Preference, Said, Subject};
use crate::stats::{Confidence, Estimate, Sample, Scale, Undefined, mean, quantile, rate, wilson};

/// The version of the shape of [`LabelStats`].
pub const SCHEMA_VERSION: u32 = 1;

const CONFIDENCE: Confidence = Confidence::NINETY_FIVE;

/// A label and when it was given.
#[derive(Debug, Clone, Copy)]
pub struct Timed<'a> {
    /// The label.
    pub label: &'a Label,
    /// Milliseconds since 1970; `None`: nobody knows.
    pub at_ms: Option<i64>,
}

/// What a labels file says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelStats {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What was said: `pass`, `rating`, `preference`, `class`.
    pub column: String,
    /// The file.
    pub counts: Counts,
    /// Labels by value, where they are no ratings.
    pub values: BTreeMap<String, u64>,
    /// Each annotator, by name.
    pub annotators: BTreeMap<String, Annotator>,
    /// Krippendorff's alpha among all annotators: nominal, of ratings interval.
    pub alpha: Figure,
    /// Every two annotators who labelled outputs in common: kappa, of ratings Lin's concordance.
    pub pairs: Vec<Pair>,
    /// Each rubric version, by name; labels without one are in none.
    pub rubrics: BTreeMap<String, Rubric>,
    /// Outputs labelled under two versions: how often two labels of different versions are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub across_rubrics: Option<Figure>,
    /// What must be known before the figures.
    pub notes: Vec<String>,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Labels, without repeats.
    pub labels: u64,
    /// Outputs that have one.
    pub outputs: u64,
    /// Outputs with one label.
    pub one: u64,
    /// With two.
    pub two: u64,
    /// With more.
    pub more: u64,
    /// Outputs with several labels of which none is said most often; of ratings 0, for a mean never ties.
    pub ties: u64,
    /// Rows in which annotators repeat a label of their own.
    pub repeats: u64,
}

/// One annotator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Annotator {
    /// Labels.
    pub labels: u64,
    /// The share that passes; of preferences the share of `a` among those that are no tie; of ratings the mean. Classes have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<Figure>,
    /// Labels by value, where they are no ratings.
    pub values: BTreeMap<String, u64>,
    /// Of the labels said a second time, how many are said again alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consistency: Option<Figure>,
    /// The median of the seconds that a label took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<Figure>,
    /// The second half of the labels by time against the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
}

/// Two annotators.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// Their names.
    pub annotators: [String; 2],
    /// Outputs that both labelled.
    pub outputs: u64,
    /// How far they agree.
    pub agreement: Figure,
}

/// One version of the rubric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rubric {
    /// Labels given under it.
    pub labels: u64,
    /// Krippendorff's alpha among them.
    pub alpha: Figure,
    /// Of the outputs with several such labels: how often two of them are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same: Option<Figure>,
}

/// What a labels file says about the people who filled it in. Outputs are taken as independent. `scale`: the lowest and the highest
/// grade, off which no interval runs.
#[must_use]
pub fn label_stats(labels: &[Timed<'_>], scale: Option<(i64, i64)>) -> LabelStats {
    let scale = scale.and_then(|(low, high)| Scale::new(low as f64, high as f64));
    let given: Vec<Timed<'_>> = labels
        .iter()
        .filter(|one| one.label.repeat_of.is_none())
        .copied()
        .collect();
    let repeats: Vec<&Label> = labels
        .iter()
        .map(|one| one.label)
        .filter(|label| label.repeat_of.is_some())
        .collect();
    let table = Table::of(given.iter().map(|one| one.label));
    let column = given
        .iter()
        .find_map(|one| Some(one.label.said.as_ref()?.column()))
        .unwrap_or_default();
    let names: BTreeSet<&str> = given.iter().map(|one| one.label.by.as_str()).collect();
    let annotators = names.iter().map(|name| {
        let own: Vec<Timed<'_>> = given
            .iter()
            .filter(|one| one.label.by == *name)
            .copied()
            .collect();
        let one = annotator(&own, &repeats, &given, scale);
        ((*name).to_owned(), one)
    });
    let versions: BTreeSet<&str> = given
        .iter()
        .filter_map(|one| one.label.rubric_version.as_deref())
        .collect();
    let rubrics = versions.iter().map(|version| {
        let under = || {
            given
                .iter()
                .map(|one| one.label)
                .filter(|label| label.rubric_version.as_deref() == Some(version))
        };
        let rubric = Rubric {
            labels: under().count() as u64,
            alpha: Table::of(under()).alpha(),
            same: same(under(), |_, _| true),
        };
        ((*version).to_owned(), rubric)
    });
    let rubrics: BTreeMap<String, Rubric> = rubrics.collect();
    let across = (rubrics.len() > 1).then(|| {
        same(given.iter().map(|one| one.label), |one, other| {
            match (&one.rubric_version, &other.rubric_version) {
                (Some(one), Some(other)) => one != other,
                _ => false,
            }
        })
    });
    let annotators: BTreeMap<String, Annotator> = annotators.collect();
    let mut notes = Vec::new();
    if scale.is_none() && annotators.values().any(|one| runs_off(one, &given)) {
        notes.push(
            "no scale is declared, so that intervals of means may run off it: give it with --scale LOW..HIGH"
                .to_owned(),
        );
    }
    if annotators.values().any(|one| one.drift.is_some()) {
        notes
            .push("the two halves are of different outputs: a drift may be theirs, too".to_owned());
    }
    if given
        .iter()
        .any(|one| one.label.probability.is_some_and(|p| p < 1.0))
    {
        notes.push("the outputs were drawn with recorded probabilities; the figures here are of the labels as they are, unweighted".to_owned());
    }
    if given.iter().any(|one| one.label.cluster.is_some()) {
        notes.push("there are clusters: the intervals take outputs as independent, and are too narrow where clusters agree within themselves".to_owned());
    }
    LabelStats {
        schema_version: SCHEMA_VERSION,
        column: column.to_owned(),
        counts: table.counts(repeats.len() as u64),
        values: values(given.iter().map(|one| one.label)),
        annotators,
        alpha: table.alpha(),
        pairs: table.pairs(),
        rubrics,
        across_rubrics: across.flatten(),
        notes,
    }
}

/// A value in a word; ratings have none.
fn word(said: &Said) -> Option<String> {
    Some(match said {
        Said::Rating(_) => return None,
        Said::Pass(true) => "pass".to_owned(),
        Said::Pass(false) => "fail".to_owned(),
        Said::Preference(Preference::A) => "a".to_owned(),
        Said::Preference(Preference::B) => "b".to_owned(),
        Said::Preference(Preference::Tie) => "tie".to_owned(),
        Said::Class(class) => class.clone(),
    })
}

fn values<'a>(labels: impl Iterator<Item = &'a Label>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for label in labels {
        if let Some(word) = label.said.as_ref().and_then(word) {
            *counts.entry(word).or_default() += 1;
        }
    }
    counts
}

fn rating(label: &Label) -> Option<f64> {
    match label.said {
        Some(Said::Rating(rating)) => Some(rating),
        _ => None,
    }
}

fn figure(found: Result<Estimate, Undefined>, n: usize) -> Figure {
    match found {
        Ok(found) => Figure::Estimate(shown(&found)),
        Err(reason) => Figure::Undefined {
            undefined: reason.to_string(),
            n: n as u64,
        },
    }
}

/// How often two labels of an output that are comparable say the same, averaged over outputs; `None` where there are no two.
fn same<'a>(
    labels: impl Iterator<Item = &'a Label>,
    comparable: impl Fn(&Label, &Label) -> bool,
) -> Option<Figure> {
    let mut outputs: BTreeMap<&Subject, Vec<&Label>> = BTreeMap::new();
    for label in labels {
        outputs.entry(&label.subject).or_default().push(label);
    }
    let shares: Vec<f64> = outputs
        .values()
        .filter_map(|labels| {
            let (mut alike, mut pairs) = (0_u32, 0_u32);
            for (at, one) in labels.iter().enumerate() {
                for other in &labels[at + 1..] {
                    if comparable(one, other) {
                        pairs += 1;
                        alike += u32::from(one.said == other.said);
                    }
                }
            }
            (pairs > 0).then(|| f64::from(alike) / f64::from(pairs))
        })
        .collect();
    (!shares.is_empty()).then(|| figure(rate(&Sample::new(&shares), CONFIDENCE), shares.len()))
}

/// Whether the interval of an annotator's mean holds grades beyond all that were given.
fn runs_off(one: &Annotator, given: &[Timed<'_>]) -> bool {
    let grades = || given.iter().filter_map(|one| rating(one.label));
    let (least, most) = (
        grades().fold(f64::INFINITY, f64::min),
        grades().fold(f64::NEG_INFINITY, f64::max),
    );
    let mean = one.mean.as_ref().and_then(Figure::estimate);
    let beyond = |mean: &Shown| {
        mean.low.is_some_and(|low| low < least) || mean.high.is_some_and(|high| high > most)
    };
    least <= most && mean.is_some_and(beyond)
}

fn annotator(
    own: &[Timed<'_>],
    repeats: &[&Label],
    given: &[Timed<'_>],
    scale: Option<Scale>,
) -> Annotator {
    let labels: Vec<&Label> = own.iter().map(|one| one.label).collect();
    let seconds: Vec<f64> = labels.iter().filter_map(|label| label.seconds).collect();
    let median = quantile(&*seconds, 0.5, CONFIDENCE);
    Annotator {
        labels: labels.len() as u64,
        mean: average(&labels, scale),
        values: values(labels.iter().copied()),
        consistency: consistency(&labels, repeats),
        seconds: (!seconds.is_empty()).then(|| figure(median, seconds.len())),
        drift: drift(own, given, scale),
    }
}

fn average(labels: &[&Label], scale: Option<Scale>) -> Option<Figure> {
    let ratings: Vec<f64> = labels.iter().filter_map(|label| rating(label)).collect();
    if !ratings.is_empty() {
        return Some(figure(
            mean(&Sample::new(&ratings), CONFIDENCE, scale),
            ratings.len(),
        ));
    }
    let yes: Vec<bool> = labels
        .iter()
        .filter_map(|label| match label.said.as_ref()? {
            Said::Pass(pass) => Some(*pass),
            Said::Preference(Preference::A) => Some(true),
            Said::Preference(Preference::B) => Some(false),
            _ => None,
        })
        .collect();
    let passed = yes.iter().filter(|yes| **yes).count() as u64;
    let found = wilson(passed, yes.len() as u64, CONFIDENCE);
    (!yes.is_empty()).then(|| figure(found, yes.len()))
}

/// How often an annotator says again what they said.
fn consistency(labels: &[&Label], repeats: &[&Label]) -> Option<Figure> {
    let first: BTreeMap<String, &Label> = labels
        .iter()
        .map(|label| (label.subject.name(), *label))
        .collect();
    let by = &labels.first()?.by;
    let again: Vec<bool> = repeats
        .iter()
        .filter(|label| label.by == *by)
        .filter_map(|label| Some(first.get(label.repeat_of.as_ref()?)?.said == label.said))
        .collect();
    let alike = again.iter().filter(|alike| **alike).count() as u64;
    let found = wilson(alike, again.len() as u64, CONFIDENCE);
    (!again.is_empty()).then(|| figure(found, again.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(item: usize, by: &str, said: Said) -> Label {
        Label {
            subject: Subject::Item(format!("i{item:03}")),
            by: by.to_owned(),
            said: Some(said),
            critique: None,
            rubric_version: None,
            at: None,
            seconds: None,
            side: None,
            probability: None,
            repeat_of: None,
            cluster: None,
            stated: None,
            texts: crate::domain::label::Texts::default(),
            line: item as u64,
        }
    }

    fn stats_on(labels: &[Label], scale: Option<(i64, i64)>) -> LabelStats {
        let timed: Vec<Timed<'_>> = labels
            .iter()
            .map(|label| Timed {
                label,
                at_ms: label.at.as_ref().and_then(|at| at.parse().ok()),
            })
            .collect();
        label_stats(&timed, scale)
    }

    fn stats(labels: &[Label]) -> LabelStats {
        stats_on(labels, None)
    }

    fn point(figure: &Figure) -> f64 {
        figure.estimate().expect("a figure").point
    }

    #[test]
    fn outputs_are_counted_by_their_labels_and_ties_among_them() {
        let pass = |item, by, pass| label(item, by, Said::Pass(pass));
        let found = stats(&[
            pass(1, "ann", true),
            pass(2, "ann", true),
            pass(2, "bob", false),
            pass(3, "ann", true),
            pass(3, "bob", true),
            pass(3, "cy", false),
            Label {
                repeat_of: Some("i001".into()),
                ..pass(9, "ann", false)
            },
        ]);
        let wanted = Counts {
            labels: 6,
            outputs: 3,
            one: 1,
            two: 1,
            more: 1,
            ties: 1,
            repeats: 1,
        };
        assert_eq!(found.counts, wanted);
        assert_eq!(found.values["pass"], 4);
        assert_eq!(found.column, "pass");
        let ann = &found.annotators["ann"];
        assert_eq!((ann.labels, point(ann.mean.as_ref().unwrap())), (3, 1.0));
        assert_eq!(point(ann.consistency.as_ref().unwrap()), 0.0);
        assert_eq!(found.annotators["bob"].consistency, None);
        let both: Vec<([String; 2], u64)> = found
            .pairs
            .iter()
            .map(|pair| (pair.annotators.clone(), pair.outputs))
            .collect();
        let names = |one: &str, other: &str| [one.to_owned(), other.to_owned()];
        assert_eq!(
            both,
            [
                (names("ann", "bob"), 2),
                (names("ann", "cy"), 1),
                (names("bob", "cy"), 1)
            ]
        );
    }

    #[test]
    fn people_who_agree_have_an_alpha_of_one_and_ratings_are_numbers() {
        let mut labels = Vec::new();
        for item in 0..20 {
            let grade = f64::from(u32::try_from(item % 5).unwrap());
            labels.push(label(item, "ann", Said::Rating(grade)));
            labels.push(label(item, "bob", Said::Rating(grade)));
        }
        let found = stats(&labels);
        assert_eq!(
            (point(&found.alpha), point(&found.pairs[0].agreement)),
            (1.0, 1.0)
        );
        assert_eq!(point(found.annotators["ann"].mean.as_ref().unwrap()), 2.0);
        assert!(found.values.is_empty());
        // A constant shift costs numbers their agreement.
        for label in labels.iter_mut().filter(|label| label.by == "bob") {
            if let Some(Said::Rating(grade)) = &mut label.said {
                *grade += 1.0;
            }
        }
        let found = stats(&labels);
        assert!(point(&found.alpha) < 0.9 && point(&found.pairs[0].agreement) < 0.9);
    }

    #[test]
    fn no_interval_of_grades_runs_off_their_scale() {
        let rated = |grades: &[f64]| -> Vec<Label> {
            let grades = grades.iter().enumerate();
            let one = |(item, grade): (usize, &f64)| Label {
                at: Some(item.to_string()),
                ..label(item, "ann", Said::Rating(*grade))
            };
            grades.map(one).collect()
        };
        let ends = |figure: &Figure| {
            let found = figure.estimate().expect("a figure");
            (
                found.low.expect("a low end"),
                found.high.expect("a high end"),
            )
        };
        let labels = rated(&[1.0, 5.0]);
        let found = stats_on(&labels, Some((1, 5)));
        let mean = found.annotators["ann"].mean.as_ref().unwrap();
        assert_eq!(ends(mean), (1.0, 5.0), "cut to the scale");
        assert_eq!(found.notes, [] as [&str; 0]);
        let found = stats(&labels);
        let mean = found.annotators["ann"].mean.as_ref().unwrap();
        assert!(ends(mean).0 < -20.0, "nobody knows the scale");
        assert!(found.notes[0].contains("--scale"), "{:?}", found.notes);
        let labels = rated(&[1.0, 5.0, 1.0, 5.0]);
        let found = stats_on(&labels, Some((1, 5)));
        let drift = found.annotators["ann"].drift.as_ref().unwrap();
        assert_eq!(ends(&drift.difference), (-4.0, 4.0));
    }

    #[test]
    fn a_change_of_ways_shows_between_the_halves() {
        let at = |item: usize, said: Said| Label {
            at: Some((1_000 - item).to_string()),
            ..label(item, "ann", said)
        };
        // The later rows were labelled first.
        let turned: Vec<Label> = (0..40)
            .map(|item| at(item, Said::Pass(item < 20)))
            .collect();
        let drift = stats(&turned).annotators["ann"].drift.clone().unwrap();
        assert_eq!(
            (drift.of.as_str(), drift.test.as_str()),
            ("pass", "fisher-exact")
        );
        assert_eq!(point(&drift.difference), 1.0);
        assert!(drift.p.unwrap() < 1e-6);
        let steady: Vec<Label> = (0..40)
            .map(|item| at(item, Said::Class(["x", "y", "z"][item % 3].into())))
            .collect();
        let drift = stats(&steady).annotators["ann"].drift.clone().unwrap();
        assert!(drift.p.unwrap() > 0.5);
        let graded: Vec<Label> = (0..40)
            .map(|item| at(item, Said::Rating(((item % 2) + item / 20) as f64)))
            .collect();
        let drift = stats(&graded).annotators["ann"].drift.clone().unwrap();
        assert_eq!(
            (drift.test.as_str(), point(&drift.difference)),
            ("welch", -1.0)
        );
        assert!(stats(&turned[..3]).annotators["ann"].drift.is_none());
    }

    #[test]
    fn versions_of_the_rubric_are_held_against_each_other() {
        let under = |item, by, pass, version: &str| Label {
            rubric_version: Some(version.to_owned()),
            ..label(item, by, Said::Pass(pass))
        };
        let mut labels = Vec::new();
        for item in 0..10 {
            labels.push(under(item, "ann", item % 2 == 0, "1"));
            labels.push(under(item, "bob", item % 2 == 0, "1"));
            labels.push(under(item, "cy", item % 2 != 0, "2"));
        }
        let found = stats(&labels);
        assert_eq!(found.rubrics["1"].labels, 20);
        assert_eq!(point(found.rubrics["1"].same.as_ref().unwrap()), 1.0);
        assert_eq!(found.rubrics["2"].same, None);
        assert_eq!(point(found.across_rubrics.as_ref().unwrap()), 0.0);
    }
}
