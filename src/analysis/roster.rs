//! What is kept of cases: digests, tags and clusters, never a text.

use std::collections::BTreeMap;

use crate::domain::case::Case;
use crate::domain::digest::Digest;

/// What is kept of cases, in the plan's order.
#[derive(Debug, Clone, Default)]
pub struct Cases {
    pub(crate) ids: Vec<u64>,
    pub(crate) contents: Vec<u64>,
    /// Index into `tag_sets`; the top bits say that the case has checks of its own, and that it is in quarantine.
    pub(crate) tags: Vec<u32>,
    /// Indices of the cases in quarantine, each with the entry of the suite's list.
    pub(crate) quarantined: Vec<(u32, usize)>,
    /// Empty while no case has a cluster.
    pub(crate) clusters: Vec<u32>,
    pub(crate) cluster_of: BTreeMap<u64, u32>,
    pub(crate) next_cluster: u32,
    pub(crate) tag_names: Vec<String>,
    pub(crate) tag_of: BTreeMap<String, u32>,
    pub(crate) tag_sets: Vec<Vec<u32>>,
    pub(crate) tag_set_of: BTreeMap<Vec<u32>, u32>,
}

pub(crate) const HAS_CHECKS: u32 = 1 << 31;
pub(crate) const QUARANTINED: u32 = 1 << 30;
/// What is left of an entry of `tags` is its tag set.
pub(crate) const TAG_SET: u32 = QUARANTINED - 1;

/// The 64-bit digest of a case's id: two different ids of a million meet in one once in forty million datasets.
pub(crate) fn case_id(id: &str) -> u64 {
    Digest::of(id.as_bytes()).word()
}

impl Cases {
    /// No case yet, and room for so many.
    #[must_use]
    pub fn for_many(cases: u64) -> Self {
        let cases = usize::try_from(cases).unwrap_or(usize::MAX);
        Self {
            ids: Vec::with_capacity(cases),
            contents: Vec::with_capacity(cases),
            tags: Vec::with_capacity(cases),
            ..Self::default()
        }
    }

    /// Takes in the next case, in the plan's order (that of `cases.jsonl`); `quarantine` as [`Shape`](super::record::Shape) has it.
    pub fn add(&mut self, case: &Case, quarantine: &BTreeMap<String, usize>) {
        let mut set: Vec<u32> = case.tags.iter().map(|tag| self.tag(tag)).collect();
        set.sort_unstable();
        set.dedup();
        let mut tags = self.tag_set(set);
        if !case.checks.is_empty() {
            tags |= HAS_CHECKS;
        }
        if let Some(entry) = quarantine.get(&case.id) {
            tags |= QUARANTINED;
            self.quarantined.push((self.ids.len() as u32, *entry));
        }
        self.cluster(case.cluster.as_deref());
        self.ids.push(case_id(&case.id));
        self.contents.push(case.digest().word());
        self.tags.push(tags);
    }

    pub(crate) fn tag(&mut self, tag: &str) -> u32 {
        if let Some(known) = self.tag_of.get(tag) {
            return *known;
        }
        let id = self.tag_names.len() as u32;
        self.tag_names.push(tag.to_owned());
        self.tag_of.insert(tag.to_owned(), id);
        id
    }

    pub(crate) fn tag_set(&mut self, set: Vec<u32>) -> u32 {
        if let Some(known) = self.tag_set_of.get(&set) {
            return *known;
        }
        let id = self.tag_sets.len() as u32;
        self.tag_sets.push(set.clone());
        self.tag_set_of.insert(set, id);
        id
    }

    /// Bytes held a case.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        8 * (self.ids.capacity() + self.contents.capacity())
            + 4 * (self.tags.capacity() + self.clusters.capacity())
    }

    /// The cluster of the next case; a case without one among cases with is its own.
    pub(crate) fn cluster(&mut self, name: Option<&str>) {
        if self.clusters.is_empty() {
            if name.is_none() {
                return;
            }
            // The cases before this one were each their own.
            self.clusters = (0..self.ids.len() as u32).collect();
            self.next_cluster = self.ids.len() as u32;
        }
        let fresh = self.next_cluster;
        let id = match name {
            Some(name) => *self
                .cluster_of
                .entry(Digest::of(name.as_bytes()).word())
                .or_insert(fresh),
            None => fresh,
        };
        if id == fresh {
            self.next_cluster += 1;
        }
        self.clusters.push(id);
    }
}
