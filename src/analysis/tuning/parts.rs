//! The labels in their three parts, and the folds of labels that are too few to be parted.

use std::collections::BTreeMap;

use super::super::calibration::{Item, People, Sheet};
use super::super::split::{Part, part_of};
use crate::domain::digest::Digest;

/// Folds of a cross-validation.
pub(super) const FOLDS: usize = 5;

/// What an item hangs together with: its cluster, else itself.
fn cluster(item: &Item) -> &str {
    item.cluster.as_deref().unwrap_or(&item.id)
}

fn is_labelled(item: &Item) -> bool {
    item.labels.iter().any(Option::is_some)
}

/// Which part each labelled item belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts(BTreeMap<String, Part>);

impl Parts {
    /// Parts the labelled items of a sheet; `None` where they are so few that they are not parted.
    #[must_use]
    pub fn of(sheet: &Sheet, seed: u64) -> Option<Self> {
        let labelled: Vec<&Item> = sheet
            .items
            .iter()
            .filter(|item| is_labelled(item))
            .collect();
        let part = |item: &&Item| {
            Some((
                item.id.clone(),
                part_of(seed, cluster(item), labelled.len())?,
            ))
        };
        labelled.iter().map(part).collect::<Option<_>>().map(Self)
    }

    /// The part of an item; `None` where nobody labelled it.
    #[must_use]
    pub fn part(&self, item: &str) -> Option<Part> {
        self.0.get(item).copied()
    }

    /// A sheet with only the items of these parts.
    #[must_use]
    pub fn only(&self, sheet: &Sheet, parts: &[Part]) -> Sheet {
        only(sheet, |item| {
            self.part(&item.id)
                .is_some_and(|part| parts.contains(&part))
        })
    }
}

/// A sheet with only its labelled items.
#[must_use]
pub fn labelled(sheet: &Sheet) -> Sheet {
    only(sheet, is_labelled)
}

/// A sheet with only some of its items.
pub(super) fn only(sheet: &Sheet, keep: impl Fn(&Item) -> bool) -> Sheet {
    Sheet {
        scale: sheet.scale.clone(),
        of: sheet.of,
        annotators: sheet.annotators.clone(),
        items: sheet
            .items
            .iter()
            .filter(|item| keep(item))
            .cloned()
            .collect(),
        positive: sheet.positive,
    }
}

/// How many items people say each thing of.
#[must_use]
pub fn classes(sheet: &Sheet) -> BTreeMap<String, u64> {
    let mut classes = BTreeMap::new();
    for item in &sheet.items {
        if let People::Say(value) = sheet.people(item) {
            *classes.entry(sheet.scale.words(value)).or_default() += 1;
        }
    }
    classes
}

/// The fold of each item: clusters in the order of their hashes are dealt out, so that folds are of a size.
pub(super) fn folds(sheet: &Sheet, seed: u64, repeat: u64) -> Vec<usize> {
    let place = |name: &str| {
        let bytes = [
            &seed.to_le_bytes()[..],
            &repeat.to_le_bytes(),
            name.as_bytes(),
        ]
        .concat();
        Digest::of(&bytes)
    };
    let mut names: Vec<&str> = sheet.items.iter().map(cluster).collect();
    names.sort_unstable_by_key(|name| (place(name), *name));
    names.dedup();
    let fold: BTreeMap<&str, usize> = names
        .into_iter()
        .enumerate()
        .map(|(at, name)| (name, at % FOLDS))
        .collect();
    sheet.items.iter().map(|item| fold[cluster(item)]).collect()
}
