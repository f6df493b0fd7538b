//! The list of cases as compact JSON: what a script filters by, without a text of any transcript.
//!
//! An entry is `[id, tags, asks, outcomes, marks, flip, place]`: its tags by their place in `tags`; the first words of what is asked;
//! for each side a letter a repeat ([`outcome`]); for each side and repeat a letter a scorer ([`mark`]); who changed sides
//! ([`Flip`]); its place in the plan.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::analysis::findings::{Findings, RowHead, ScoreCell, TrialRow};
use crate::report::casebook::Outline;
use crate::report::content::succeeded;

/// A list of cases, and what its letters and numbers refer to.
#[derive(Debug, Serialize)]
pub(super) struct Index {
    /// Whose trials they are.
    pub(super) sides: Vec<String>,
    /// The place of the baseline among them: what the others' answers are held against.
    pub(super) base: usize,
    /// The scorers, in the order of the marks.
    pub(super) scorers: Vec<String>,
    /// All tags, sorted.
    pub(super) tags: Vec<String>,
    /// Repeats of each case.
    pub(super) repeats: u32,
    /// Cases in all, listed or not.
    pub(super) total: u64,
    /// The cases that are listed, the most telling first.
    pub(super) cases: Vec<Entry>,
}

/// A case in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Entry(
    pub(super) String,
    pub(super) Vec<usize>,
    pub(super) String,
    pub(super) Vec<String>,
    pub(super) String,
    pub(super) Flip,
    pub(super) u64,
);

/// Who changed sides between the baseline and a candidate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(into = "u8")]
pub(super) enum Flip {
    /// Nobody.
    #[default]
    None,
    /// A candidate gained the case.
    Gained,
    /// A candidate lost it.
    Lost,
    /// One gained it and another lost it.
    Both,
}

impl From<Flip> for u8 {
    fn from(flip: Flip) -> Self {
        flip as Self
    }
}

/// How telling a case is: what the list and the file's room go to first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Lost,
    Gained,
    Failed,
    Errored,
    Unscored,
    Stopped,
    Plain,
}

/// Makes entries.
pub(super) struct Lister<'a> {
    has_success: bool,
    gained: BTreeSet<&'a str>,
    lost: BTreeSet<&'a str>,
    /// Every tag so far, in order of first appearance.
    tags: BTreeMap<String, usize>,
}

impl<'a> Lister<'a> {
    pub(super) fn new(findings: &'a Findings) -> Self {
        let primary = || {
            let comparisons = findings.comparisons.iter();
            comparisons.filter(|one| one.role == "primary")
        };
        let ids = |ids: &'a [String]| ids.iter().map(String::as_str);
        Self {
            has_success: findings.design.success.is_some(),
            gained: primary().flat_map(|one| ids(&one.flipped.gained)).collect(),
            lost: primary().flat_map(|one| ids(&one.flipped.lost)).collect(),
            tags: BTreeMap::new(),
        }
    }

    /// The entry of a case.
    pub(super) fn entry(&mut self, place: u64, case: Outline) -> (Class, Entry) {
        let flip = match (
            self.gained.contains(case.id.as_str()),
            self.lost.contains(case.id.as_str()),
        ) {
            (false, false) => Flip::None,
            (true, false) => Flip::Gained,
            (false, true) => Flip::Lost,
            (true, true) => Flip::Both,
        };
        let outcomes: Vec<String> = case
            .rows
            .iter()
            .map(|rows| {
                rows.iter()
                    .map(|row| outcome(row, self.has_success))
                    .collect()
            })
            .collect();
        let marks = case.rows.iter().flatten().flat_map(|row| &row.scores);
        let marks = marks.map(|score| mark(score.as_ref())).collect();
        let class = class(flip, &outcomes);
        let tags = case.tags.into_iter().map(|tag| {
            let next = self.tags.len();
            *self.tags.entry(tag).or_insert(next)
        });
        let tags = tags.collect();
        let entry = Entry(case.id, tags, case.asks, outcomes, marks, flip, place);
        (class, entry)
    }

    /// The list of these entries.
    pub(super) fn index(
        self,
        (sides, head): (Vec<String>, &RowHead),
        findings: &Findings,
        total: u64,
        mut cases: Vec<Entry>,
    ) -> Index {
        // Tags were numbered as they came; the list has them sorted.
        let mut sorted = vec![0; self.tags.len()];
        for (nth, at) in self.tags.values().enumerate() {
            sorted[*at] = nth;
        }
        for entry in &mut cases {
            for tag in &mut entry.1 {
                *tag = sorted[*tag];
            }
        }
        let baseline = findings.design.baseline.as_ref();
        let base = sides.iter().position(|side| Some(side) == baseline);
        Index {
            base: base.unwrap_or(0),
            sides,
            scorers: head.scorers.clone(),
            tags: self.tags.into_keys().collect(),
            repeats: findings.design.repeats,
            total,
            cases,
        }
    }
}

/// How a trial ended, as a letter: `s`uccess, `n`o success, the agent `f`ailed, `e`rrored, `u`nscored, `a`nswered without a rule that
/// decides, `x` not run.
fn outcome(row: &TrialRow, has_success: bool) -> char {
    let unscored = || {
        let mut scores = row.scores.iter().flatten();
        scores.any(|score| matches!(score, ScoreCell::Unscored(_)))
    };
    match row.state {
        "failed" => 'f',
        "errored" => 'e',
        "stopped" => 'x',
        _ => match succeeded(row, has_success) {
            Some(true) => 's',
            Some(false) => 'n',
            None if unscored() => 'u',
            None => 'a',
        },
    }
}

/// What a scorer says, as a letter: `p`ass, `f`ail, a `v`alue without a rule that decides, `u`nscored, `-` nothing.
fn mark(score: Option<&ScoreCell>) -> char {
    match score {
        Some(ScoreCell::Pass(true) | ScoreCell::Number(_, Some(true))) => 'p',
        Some(ScoreCell::Pass(false) | ScoreCell::Number(_, Some(false))) => 'f',
        Some(ScoreCell::Number(_, None) | ScoreCell::Label(_)) => 'v',
        Some(ScoreCell::Unscored(_)) => 'u',
        None => '-',
    }
}

fn class(flip: Flip, outcomes: &[String]) -> Class {
    let has = |letters: &[char]| outcomes.iter().any(|side| side.contains(letters));
    match flip {
        Flip::Lost | Flip::Both => Class::Lost,
        Flip::Gained => Class::Gained,
        Flip::None if has(&['n', 'f']) => Class::Failed,
        Flip::None if has(&['e']) => Class::Errored,
        Flip::None if has(&['u']) => Class::Unscored,
        Flip::None if has(&['x']) => Class::Stopped,
        Flip::None => Class::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::examples;

    #[test]
    fn every_state_and_every_score_has_its_letter() {
        let (_, rows) = examples::rows();
        let letters: String = rows.iter().map(|row| outcome(row, true)).collect();
        assert_eq!(letters, "sssnsfsxeuss".to_owned() + "xxxs");
        let marks: String = rows[9]
            .scores
            .iter()
            .map(|one| mark(one.as_ref()))
            .collect();
        assert_eq!(marks, "puv");
    }

    #[test]
    fn what_changed_goes_before_what_failed_and_that_before_the_rest() {
        let one = |flip, side: &str| class(flip, &["s".to_owned(), side.to_owned()]);
        let order = [
            one(Flip::Both, "n"),
            one(Flip::Gained, "s"),
            one(Flip::None, "sf"),
            one(Flip::None, "e"),
            one(Flip::None, "u"),
            one(Flip::None, "x"),
            one(Flip::None, "a"),
        ];
        assert!(order.is_sorted_by(|a, b| a < b), "{order:?}");
    }
}
