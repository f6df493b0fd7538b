//! Labels as a table of outputs by annotators, and the agreement that it shows.

use std::collections::{BTreeMap, BTreeSet};

use super::{CONFIDENCE, Counts, Pair, figure, rating, word};
use crate::analysis::findings::Figure;
use crate::domain::label::{Label, Said, Subject};
use crate::stats::{Confusion, Level, Ratings, Weights, cohen_kappa, lin_ccc, majority};

/// Labels as outputs by annotators.
pub(super) struct Table<'a> {
    names: Vec<&'a str>,
    /// Each output's labels, by annotator.
    rows: Vec<Vec<Option<u32>>>,
    /// The values of the classes, where they are ratings.
    ratings: Option<Vec<f64>>,
    classes: usize,
}

impl<'a> Table<'a> {
    pub(super) fn of(labels: impl Iterator<Item = &'a Label>) -> Self {
        let labels: Vec<&Label> = labels.collect();
        let names: BTreeSet<&str> = labels.iter().map(|label| label.by.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let mut ratings: Vec<f64> = labels.iter().filter_map(|label| rating(label)).collect();
        ratings.sort_unstable_by(f64::total_cmp);
        ratings.dedup();
        let words: BTreeSet<String> = labels
            .iter()
            .filter_map(|label| word(label.said.as_ref()?))
            .collect();
        let words: Vec<String> = words.into_iter().collect();
        let class = |label: &Label| -> Option<u32> {
            let place = match label.said.as_ref()? {
                Said::Rating(value) => ratings.iter().position(|one| one == value),
                said => words
                    .iter()
                    .position(|one| Some(one) == word(said).as_ref()),
            };
            u32::try_from(place?).ok()
        };
        let mut rows: BTreeMap<&Subject, Vec<Option<u32>>> = BTreeMap::new();
        for label in &labels {
            let row = rows
                .entry(&label.subject)
                .or_insert_with(|| vec![None; names.len()]);
            if let Ok(place) = names.binary_search(&label.by.as_str()) {
                row[place] = class(label);
            }
        }
        Self {
            names,
            rows: rows.into_values().collect(),
            classes: ratings.len().max(words.len()),
            ratings: (!ratings.is_empty()).then_some(ratings),
        }
    }

    pub(super) fn counts(&self, repeats: u64) -> Counts {
        let mut counts = Counts {
            outputs: self.rows.len() as u64,
            repeats,
            ..Counts::default()
        };
        for row in &self.rows {
            let said: Vec<u32> = row.iter().flatten().copied().collect();
            counts.labels += said.len() as u64;
            match said.len() {
                0 | 1 => counts.one += 1,
                2 => counts.two += 1,
                _ => counts.more += 1,
            }
            counts.ties += u64::from(self.ratings.is_none() && majority(said).is_none());
        }
        counts
    }

    pub(super) fn alpha(&self) -> Figure {
        let cells: Vec<Option<u32>> = self.rows.iter().flatten().copied().collect();
        let level = match &self.ratings {
            Some(values) => Level::Interval(values),
            None => Level::Nominal,
        };
        let found = Ratings::new(&cells, self.names.len(), self.classes)
            .and_then(|ratings| ratings.alpha(level, CONFIDENCE));
        figure(found, self.rows.len())
    }

    pub(super) fn pairs(&self) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (one, first) in self.names.iter().enumerate() {
            for (other, second) in self.names.iter().enumerate().skip(one + 1) {
                let both: Vec<(u32, u32)> = self
                    .rows
                    .iter()
                    .filter_map(|row| row[one].zip(row[other]))
                    .collect();
                if both.is_empty() {
                    continue;
                }
                let (left, right): (Vec<u32>, Vec<u32>) = both.iter().copied().unzip();
                let found = match &self.ratings {
                    Some(values) => {
                        let of = |side: &[u32]| {
                            let each = side.iter().map(|&class| values[class as usize]);
                            each.collect::<Vec<f64>>()
                        };
                        lin_ccc(&of(&left), &of(&right), CONFIDENCE)
                    }
                    None => Confusion::of(&left, &right, self.classes)
                        .and_then(|table| cohen_kappa(&table, Weights::Identity, CONFIDENCE)),
                };
                pairs.push(Pair {
                    annotators: [(*first).to_owned(), (*second).to_owned()],
                    outputs: both.len() as u64,
                    agreement: figure(found, both.len()),
                });
            }
        }
        pairs
    }
}
