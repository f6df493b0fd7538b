//! What is known of a run's judges besides the run itself: their certificates, and what people said of the run's outputs.
//!
//! Both may come after the run: one calibrates when there are outputs to look at. Jobs read the files and hand them in as values.

use std::collections::BTreeMap;

use crate::domain::certificate::{Certificate, Entry};
use crate::domain::digest::Digest;
use crate::domain::label::Said;

/// What is known of each judge, by its scorer's id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Held {
    judges: BTreeMap<String, Instrument>,
    remarks: Vec<String>,
}

/// What is known of one judge.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Instrument {
    /// Its certificate; `None`: it was never held against people.
    pub certificate: Option<Certificate>,
    /// What people said of this run's outputs; `None`: the suite names no labels for it.
    pub people: Option<People>,
}

impl Held {
    /// Adds what is known of a scorer's judge.
    pub fn put(&mut self, scorer: impl Into<String>, instrument: Instrument) {
        self.judges.insert(scorer.into(), instrument);
    }

    /// Adds what else a reader of the run must know.
    pub fn remark(&mut self, warning: String) {
        self.remarks.push(warning);
    }

    /// What people said, for a scorer's judge.
    #[must_use]
    pub fn people(&self, scorer: &str) -> Option<&People> {
        self.judges.get(scorer)?.people.as_ref()
    }

    /// How a scorer's judge stands.
    #[must_use]
    pub fn standing(&self, scorer: &str, digest: Digest) -> Standing<'_> {
        let known = self.judges.get(scorer);
        match known.and_then(|known| known.certificate.as_ref()) {
            None => Standing::Uncalibrated,
            Some(certificate) => match certificate.entry(&digest.to_string()) {
                Some(entry) => Standing::Calibrated(entry),
                // A certificate without any calibration says nothing about anything.
                None if certificate.entries.is_empty() => Standing::Uncalibrated,
                None => Standing::Stale,
            },
        }
    }

    /// What a reader must know: the remarks, and of the labels those that could not be used.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let people = self.judges.iter();
        let people = people.filter_map(|(scorer, known)| known.people.as_ref()?.warning(scorer));
        self.remarks.iter().cloned().chain(people).collect()
    }
}

/// How a judge stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing<'a> {
    /// This identity (prompt, model, parameters) was held against people.
    Calibrated(&'a Entry),
    /// Another identity was.
    Stale,
    /// None was.
    Uncalibrated,
}

impl Standing<'_> {
    /// The word for it: `calibrated`, `stale`, `uncalibrated`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Calibrated(_) => "calibrated",
            Self::Stale => "stale",
            Self::Uncalibrated => "uncalibrated",
        }
    }
}

/// What people said of one run's outputs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct People {
    /// The labels file as the suite names it.
    pub file: String,
    /// The reference for each labelled output, by the trial's ordinal.
    pub said: BTreeMap<u64, Human>,
    /// Outputs that the file labels.
    pub labelled: u64,
    /// Of them: of this run by name, and the text is another one.
    pub other_text: u64,
    /// Of them: named like no output of this run.
    pub unknown: u64,
    /// Of them: without the text that was labelled.
    pub without_text: u64,
    /// Of them: as many annotators say one thing as another.
    pub ties: u64,
}

/// What people say of one output: the majority of them, or their mean on a scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Human {
    /// What they say.
    pub value: HumanValue,
    /// With which probability the output was drawn for labelling; `None`: drawn at random.
    pub probability: Option<f64>,
    /// Their reasons in words, in the order of their labels.
    pub critiques: Vec<String>,
}

/// A human reference.
#[derive(Debug, Clone, PartialEq)]
pub enum HumanValue {
    /// Pass or fail.
    Pass(bool),
    /// A grade.
    Rating(f64),
    /// A class.
    Class(String),
}

impl HumanValue {
    /// What several annotators say together: the majority of words, the mean of grades. `None`: a tie, or nothing that is of one kind.
    #[must_use]
    pub fn of(said: &[&Said]) -> Option<Self> {
        let words: Option<Vec<String>> = said
            .iter()
            .map(|one| match one {
                Said::Pass(pass) => Some(pass.to_string()),
                Said::Class(class) => Some(class.clone()),
                Said::Rating(_) | Said::Preference(_) => None,
            })
            .collect();
        let Some(words) = words else {
            let grades: Option<Vec<f64>> = said
                .iter()
                .map(|one| match one {
                    Said::Rating(rating) => Some(*rating),
                    _ => None,
                })
                .collect();
            let grades = grades?;
            return Some(Self::Rating(
                grades.iter().sum::<f64>() / grades.len() as f64,
            ));
        };
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for word in &words {
            *counts.entry(word).or_default() += 1;
        }
        let most = *counts.values().max()?;
        let mut leading = counts.iter().filter(|(_, count)| **count == most);
        let (word, _) = leading.next()?;
        if leading.next().is_some() {
            return None;
        }
        match said.first()? {
            Said::Pass(_) => Some(Self::Pass(*word == "true")),
            _ => Some(Self::Class((*word).to_owned())),
        }
    }
}

impl People {
    /// Labels that could not be used, and why.
    fn warning(&self, scorer: &str) -> Option<String> {
        let parts: Vec<String> = [
            (self.other_text, "of another text than this run's"),
            (self.unknown, "of no output of this run"),
            (
                self.without_text,
                "without the text that was labelled (column `output`)",
            ),
            (self.ties, "on which people are divided"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{count} {why}"))
        .collect();
        let left: u64 = self.other_text + self.unknown + self.without_text + self.ties;
        (!parts.is_empty()).then(|| {
            format!(
                "{}: {left} of {} labelled outputs are not used for {scorer}: {}",
                self.file,
                self.labelled,
                parts.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn a_judge_is_calibrated_by_its_own_digest_alone() {
        let digest = Digest::of(b"one");
        let mut held = Held::default();
        assert_eq!(held.standing("j", digest).word(), "uncalibrated");
        let mut certificate = Certificate::new("j");
        let mut put = |certificate: &Certificate| {
            held.put(
                "j",
                Instrument {
                    certificate: Some(certificate.clone()),
                    people: None,
                },
            );
            held.standing("j", digest).word()
        };
        assert_eq!(put(&certificate), "uncalibrated");
        certificate.put(fixture::entry(Digest::of(b"other"), "usable"));
        assert_eq!(put(&certificate), "stale");
        certificate.put(fixture::entry(digest, "usable"));
        assert_eq!(put(&certificate), "calibrated");
    }

    #[test]
    fn several_people_say_what_most_of_them_say_or_their_mean() {
        let of = |said: &[Said]| HumanValue::of(&said.iter().collect::<Vec<_>>());
        let (yes, no) = (Said::Pass(true), Said::Pass(false));
        assert_eq!(of(std::slice::from_ref(&no)), Some(HumanValue::Pass(false)));
        assert_eq!(
            of(&[yes.clone(), no.clone(), yes.clone()]),
            Some(HumanValue::Pass(true))
        );
        assert_eq!(of(&[yes.clone(), no]), None);
        let grades = [Said::Rating(3.0), Said::Rating(4.0)];
        assert_eq!(of(&grades), Some(HumanValue::Rating(3.5)));
        let classes = ["a", "b", "b"].map(|class| Said::Class(class.into()));
        assert_eq!(of(&classes), Some(HumanValue::Class("b".into())));
        assert_eq!(of(&[yes, Said::Rating(1.0)]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn labels_that_are_not_used_are_counted() {
        let people = People {
            file: "labels.csv".into(),
            labelled: 9,
            other_text: 2,
            ties: 1,
            ..People::default()
        };
        assert_eq!(
            people.warning("tone").unwrap(),
            "labels.csv: 3 of 9 labelled outputs are not used for tone: 2 of another text than this run's, 1 on which people are divided"
        );
        assert_eq!(People::default().warning("tone"), None);
    }
}
