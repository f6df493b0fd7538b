//! What is kept of a calibration: the certificate that later runs read, and the ledger of looks at a labels file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the certificate's shape.
pub const FORMAT: u32 = 1;

/// A judge's calibrations: one entry for each identity (prompt, model, parameters) that was ever held against labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// [`FORMAT`].
    pub format: u32,
    /// The judge's name.
    pub judge: String,
    /// One per identity, in the order of their first calibration.
    pub entries: Vec<Entry>,
}

impl Certificate {
    /// A certificate without entries.
    #[must_use]
    pub fn new(judge: impl Into<String>) -> Self {
        Self {
            format: FORMAT,
            judge: judge.into(),
            entries: Vec::new(),
        }
    }

    /// The entry of an identity.
    #[must_use]
    pub fn entry(&self, digest: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.digest == digest)
    }

    /// Puts an entry in the place of the one with the same identity, or behind the others.
    pub fn put(&mut self, entry: Entry) {
        match self
            .entries
            .iter_mut()
            .find(|known| known.digest == entry.digest)
        {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
    }
}

/// One calibration of one identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The identity: digest of prompt, model and parameters.
    pub digest: String,
    /// The model that judged, for people.
    pub model: String,
    /// When, RFC 3339 in UTC.
    pub made: String,
    /// The version of evenhand.
    pub evenhand: String,
    /// The labels.
    pub labels: LabelsNote,
    /// The rows used: `all`, `test`.
    pub split: String,
    /// Which look at these labels it was, from 1.
    pub look: u32,
    /// The scale: `pass/fail`, `1..5`.
    pub scale: String,
    /// The name of the figure of agreement.
    pub agreement: String,
    /// Its value; `None` where it is undefined.
    pub point: Option<f64>,
    /// Its interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// What people reach among themselves, in the same figure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ceiling: Option<f64>,
    /// Mean of judge - people, for grades and numbers; for pass and fail the difference of the two rates.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bias: Option<f64>,
    /// `usable`, `not_shown_usable`, `too_few_labels`.
    pub conclusion: String,
    /// The rule that decided, with its numbers.
    pub rule: String,
    /// What a correction needs: how often judge and people said pass, over all outputs; pass and fail only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counts: Option<Counts>,
    /// The same by target, where labels name their target.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub targets: BTreeMap<String, Counts>,
    /// The seal of the ledger's line about this look.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ledger: Option<String>,
    /// A fitted threshold on P(pass), where one was fitted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub threshold: Option<f64>,
}

/// The labels of a calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelsNote {
    /// The file's name.
    pub file: String,
    /// Digest of its rows.
    pub digest: String,
    /// Labelled items used.
    pub n: u64,
    /// Annotators.
    pub annotators: u64,
    /// How they were drawn: `recorded` (with probabilities), `unstated`.
    pub drawn: String,
}

/// Outputs by what people and the judge said; positive means pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Both said pass.
    pub tp: u64,
    /// People said pass, the judge fail.
    #[serde(rename = "fn")]
    pub missed: u64,
    /// People said fail, the judge pass.
    pub fp: u64,
    /// Both said fail.
    pub tn: u64,
}

impl Counts {
    /// Counts one output.
    pub fn add(&mut self, human: bool, judge: bool) {
        match (human, judge) {
            (true, true) => self.tp += 1,
            (true, false) => self.missed += 1,
            (false, true) => self.fp += 1,
            (false, false) => self.tn += 1,
        }
    }
}

/// One look: the figures of a judge's identity on a labels file's test (or unsplit) rows were computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// The judge's name.
    pub judge: String,
    /// The judge's identity.
    pub digest: String,
    /// Why: `calibrate`, `tune`.
    pub why: String,
    /// The rows looked at: `all`, `test`.
    pub rows: String,
    /// The identity was tuned on these labels' train and dev rows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tuned: bool,
    /// The split's seed, where there is a split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Digest of the labels then.
    pub labels: String,
    /// There were labels enough to decide. A look that could only end in *too few labels* could not have found the judge usable, so it
    /// takes nothing from the error that later looks of the same identity may make.
    pub decided: bool,
}

impl Look {
    /// Whether it shows what that one showed: the same identity on the same rows of the same labels.
    #[must_use]
    pub fn shows_the_same(&self, other: &Self) -> bool {
        (&self.digest, &self.rows, &self.labels) == (&other.digest, &other.rows, &other.labels)
    }
}

/// Which look at the labels this is, from 1, and whether it is a new one: showing the same again is none.
#[must_use]
pub fn place_of(look: &Look, earlier: &[Look]) -> (u32, bool) {
    let shown = earlier.iter().position(|known| known.shows_the_same(look));
    let before = &earlier[..shown.unwrap_or(earlier.len())];
    let counted = before
        .iter()
        .filter(|known| known.decided || known.digest != look.digest)
        .count();
    let place = u32::try_from(counted).unwrap_or(u32::MAX).saturating_add(1);
    (place, shown.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_identity_gets_an_entry_of_its_own() {
        let entry = |digest: &str, look| Entry {
            digest: digest.into(),
            model: "m".into(),
            made: "2026-01-01T00:00:00Z".into(),
            evenhand: "0".into(),
            labels: LabelsNote {
                file: "l.csv".into(),
                digest: "d".into(),
                n: 60,
                annotators: 1,
                drawn: "unstated".into(),
            },
            split: "all".into(),
            look,
            scale: "pass/fail".into(),
            agreement: "cohen_kappa".into(),
            point: Some(0.7),
            low: Some(0.5),
            high: Some(0.9),
            ceiling: None,
            bias: None,
            conclusion: "usable".into(),
            rule: "r".into(),
            counts: Some(Counts::default()),
            targets: BTreeMap::new(),
            ledger: None,
            threshold: None,
        };
        let mut certificate = Certificate::new("j");
        certificate.put(entry("one", 1));
        certificate.put(entry("two", 1));
        certificate.put(entry("one", 2));
        let digests: Vec<&str> = certificate
            .entries
            .iter()
            .map(|e| e.digest.as_str())
            .collect();
        assert_eq!(digests, ["one", "two"]);
        assert_eq!(certificate.entry("one").map(|entry| entry.look), Some(2));
        let text = serde_json::to_string(&certificate).unwrap();
        assert_eq!(
            serde_json::from_str::<Certificate>(&text).unwrap(),
            certificate
        );
        assert!(text.contains("\"fn\":0"));
    }

    #[test]
    fn what_is_shown_again_is_no_look_and_what_could_not_decide_takes_nothing() {
        let look = |digest: &str, labels: &str, decided| Look {
            at: String::new(),
            judge: "j".into(),
            digest: digest.into(),
            why: "calibrate".into(),
            rows: "all".into(),
            tuned: false,
            seed: None,
            labels: labels.into(),
            decided,
        };
        let mut looks = Vec::new();
        let mut place = |one: Look| {
            let found = place_of(&one, &looks);
            if found.1 {
                looks.push(one);
            }
            found
        };
        assert_eq!(place(look("a", "20 labels", false)), (1, true));
        assert_eq!(place(look("a", "20 labels", false)), (1, false));
        // More labels for the same judge: the first look could not have found it usable.
        assert_eq!(place(look("a", "100 labels", true)), (1, true));
        // A prompt that was mended after a look is chosen on these labels.
        assert_eq!(place(look("b", "100 labels", true)), (3, true));
        assert_eq!(place(look("a", "100 labels", true)), (1, false));
        assert_eq!(place(look("a", "200 labels", true)), (3, true));
    }
}
