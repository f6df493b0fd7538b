//! Where annotators differ, and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::analysis::pick::number;
use crate::domain::label::{Label, Preference, Said, Subject};

/// Who is said to have given what stands in the end: everyone, or whoever decided.
pub const SETTLED: &str = "adjudicated";

/// What one annotator said, without their name.
#[derive(Debug, Clone, PartialEq)]
pub struct Voice {
    /// What they said.
    pub said: Said,
    /// Why.
    pub critique: Option<String>,
}

/// The labels of each output, repeats left out, in the order of the outputs' names.
fn by_output(labels: &[Label]) -> BTreeMap<&Subject, Vec<&Label>> {
    let mut outputs: BTreeMap<&Subject, Vec<&Label>> = BTreeMap::new();
    let given = labels
        .iter()
        .filter(|label| label.repeat_of.is_none() && label.said.is_some());
    for label in given {
        outputs.entry(&label.subject).or_default().push(label);
    }
    outputs
}

fn differ(labels: &[&Label]) -> bool {
    labels.windows(2).any(|pair| pair[0].said != pair[1].said)
}

/// The outputs of which annotators say different things, with what they say, in an order of chance that says nothing of who they are.
#[must_use]
pub fn disputed(labels: &[Label], seed: u64) -> BTreeMap<Subject, Vec<Voice>> {
    let outputs = by_output(labels).into_iter();
    outputs
        .filter(|(_, labels)| differ(labels))
        .map(|(subject, mut labels)| {
            let chance = |label: &Label| number(&json!(["voice", seed, subject, label.by]));
            labels.sort_by(|one, other| chance(one).total_cmp(&chance(other)));
            let voices = labels.into_iter().filter_map(|label| {
                Some(Voice {
                    said: label.said.clone()?,
                    critique: label.critique.clone(),
                })
            });
            (subject.clone(), voices.collect())
        })
        .collect()
}

/// One row for each output: what everyone says of it, or what was decided where they differ. What is not decided yet is left out.
#[must_use]
pub fn settled(labels: &[Label], decided: &[Label]) -> Vec<Label> {
    let decided: BTreeMap<&Subject, &Label> = decided
        .iter()
        .filter(|label| label.repeat_of.is_none())
        .map(|label| (&label.subject, label))
        .collect();
    let outputs = by_output(labels).into_iter();
    outputs
        .filter_map(|(subject, labels)| match differ(&labels) {
            true => {
                let decided = *decided.get(subject)?;
                let first = labels.first()?;
                // Who decides draws nothing: what an output stands for is what its labels say.
                Some(Label {
                    by: SETTLED.to_owned(),
                    probability: first.probability,
                    cluster: first.cluster.clone().or_else(|| decided.cluster.clone()),
                    ..decided.clone()
                })
            }
            false => {
                let first = labels.first()?;
                Some(Label {
                    by: SETTLED.to_owned(),
                    seconds: None,
                    side: None,
                    ..(*first).clone()
                })
            }
        })
        .collect()
}

/// How often two annotators said what of the same outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// The annotators: rows, columns.
    pub annotators: [String; 2],
    /// The values, in order.
    pub values: Vec<String>,
    /// Outputs by what the first said (rows) and the second (columns).
    pub table: Vec<Vec<u64>>,
}

/// The tables of every two annotators who labelled outputs in common; nothing of ratings that are no whole grades.
#[must_use]
pub fn confusions(labels: &[Label]) -> Vec<Confusion> {
    let outputs = by_output(labels);
    let names: BTreeSet<&str> = labels.iter().map(|label| label.by.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let mut found = Vec::new();
    for (at, one) in names.iter().enumerate() {
        for other in &names[at + 1..] {
            let pairs = outputs.values().filter_map(|labels| {
                let of = |name: &str| labels.iter().find(|label| label.by == name)?.said.as_ref();
                Some((Rank::of(of(one)?)?, Rank::of(of(other)?)?))
            });
            let pairs: Vec<(Rank, Rank)> = pairs.collect();
            let values: BTreeSet<&Rank> =
                pairs.iter().flat_map(|(one, other)| [one, other]).collect();
            let values: Vec<&Rank> = values.into_iter().collect();
            if values.is_empty() {
                continue;
            }
            let mut table = vec![vec![0; values.len()]; values.len()];
            for (one, other) in &pairs {
                let place = |rank| values.binary_search(&rank).unwrap_or(0);
                table[place(one)][place(other)] += 1;
            }
            found.push(Confusion {
                annotators: [(*one).to_owned(), (*other).to_owned()],
                values: values.iter().map(|rank| rank.word()).collect(),
                table,
            });
        }
    }
    found
}

/// A value in its order among others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Grade(i64),
    Word(u8, String),
}

impl Rank {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number of this size fits"
    )]
    fn of(said: &Said) -> Option<Self> {
        let word = |place, word: &str| Some(Self::Word(place, word.to_owned()));
        match said {
            Said::Rating(grade) if grade.fract() == 0.0 && grade.abs() < 1e6 => {
                Some(Self::Grade(*grade as i64))
            }
            Said::Rating(_) => None,
            Said::Pass(true) => word(0, "pass"),
            Said::Pass(false) => word(1, "fail"),
            Said::Preference(Preference::A) => word(0, "a"),
            Said::Preference(Preference::B) => word(1, "b"),
            Said::Preference(Preference::Tie) => word(2, "tie"),
            Said::Class(class) => word(0, class),
        }
    }

    fn word(&self) -> String {
        match self {
            Self::Grade(grade) => grade.to_string(),
            Self::Word(_, word) => word.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::label::Texts;

    fn label(item: &str, by: &str, pass: bool) -> Label {
        Label {
            subject: Subject::Item(item.into()),
            by: by.into(),
            said: Some(Said::Pass(pass)),
            critique: Some(format!("{by} on {item}")),
            rubric_version: None,
            at: None,
            seconds: Some(1.0),
            side: None,
            probability: Some(0.5),
            repeat_of: None,
            cluster: None,
            stated: None,
            texts: Texts::default(),
            line: 0,
        }
    }

    fn labels() -> Vec<Label> {
        let mut repeat = label("same", "ann", false);
        repeat.repeat_of = Some("same".into());
        vec![
            label("same", "ann", true),
            label("same", "bob", true),
            label("differ", "ann", true),
            label("differ", "bob", false),
            label("alone", "ann", false),
            repeat,
        ]
    }

    #[test]
    fn only_what_people_differ_on_is_disputed_and_nobody_is_named() {
        let found = disputed(&labels(), 1);
        let subjects: Vec<String> = found.keys().map(Subject::name).collect();
        assert_eq!(subjects, ["differ"], "a repeat is no second annotator");
        let voices = &found[&Subject::Item("differ".into())];
        assert_eq!(voices.len(), 2);
        // Over several seeds either comes first: the order does not tell who it is.
        let firsts: BTreeSet<bool> = (0..20)
            .map(|seed| {
                let found = disputed(&labels(), seed);
                found[&Subject::Item("differ".into())][0].said == Said::Pass(true)
            })
            .collect();
        assert_eq!(firsts.len(), 2);
    }

    #[test]
    fn what_stands_in_the_end_is_what_all_say_or_what_was_decided() {
        let rows = |decided: &[Label]| -> Vec<(String, Option<Said>)> {
            let rows = settled(&labels(), decided);
            assert!(rows.iter().all(|row| row.by == SETTLED));
            assert!(rows.iter().all(|row| row.probability == Some(0.5)));
            rows.into_iter()
                .map(|row| (row.subject.name(), row.said))
                .collect()
        };
        let said = |name: &str, pass| (name.to_owned(), Some(Said::Pass(pass)));
        assert_eq!(rows(&[]), [said("alone", false), said("same", true)]);
        let drawn_otherwise = |item: &str| Label {
            probability: Some(1.0),
            ..label(item, "eve", false)
        };
        assert_eq!(
            rows(&[drawn_otherwise("differ"), drawn_otherwise("same")]),
            [
                said("alone", false),
                said("differ", false),
                said("same", true)
            ],
            "where all agree nothing is to be decided"
        );
    }

    #[test]
    fn a_confusion_counts_outputs_in_common() {
        let found = confusions(&labels());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].annotators, ["ann", "bob"]);
        assert_eq!(found[0].values, ["pass", "fail"]);
        assert_eq!(found[0].table, [[1, 1], [0, 0]]);
        let graded = |item: &str, by: &str, grade: f64| Label {
            said: Some(Said::Rating(grade)),
            ..label(item, by, true)
        };
        let found = confusions(&[
            graded("x", "ann", 10.0),
            graded("x", "bob", 9.0),
            graded("y", "ann", 9.5),
            graded("y", "bob", 9.0),
        ]);
        assert_eq!(found[0].values, ["9", "10"]);
        assert_eq!(found[0].table, [[0, 0], [1, 0]]);
    }
}
