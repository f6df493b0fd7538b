//! Which case of the candidate belongs to which of the baseline.

use std::collections::BTreeMap;

use super::record::Record;
use super::side::Side;

/// Cases of two sides, joined by the digest of their id and held to that of their question and answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pairing {
    /// (index in the baseline, index in the candidate), in the candidate's order.
    pub(crate) pairs: Vec<(u32, u32)>,
    /// Cases left out by why: `only_baseline`, `only_candidate`, `changed`, `quarantined`.
    pub(crate) left_out: BTreeMap<String, u64>,
}

/// Which cases of the sides are in quarantine, by index.
pub(crate) struct Quarantine<'a> {
    pub(crate) baseline: &'a dyn Fn(u32) -> bool,
    pub(crate) candidate: &'a dyn Fn(u32) -> bool,
}

impl Pairing {
    /// Every case that counts with itself: two targets of one run.
    pub(crate) fn within(cases: impl Iterator<Item = usize>) -> Self {
        Self {
            pairs: cases.map(|case| (case as u32, case as u32)).collect(),
            left_out: BTreeMap::new(),
        }
    }

    /// The cases of two runs.
    pub(crate) fn of_records(baseline: &Record, candidate: &Record) -> Self {
        let digests = |record: &Record| -> Vec<(u64, u64)> {
            (0..record.cases())
                .map(|case| record.case_digests(case))
                .collect()
        };
        let quarantine = Quarantine {
            baseline: &|case| baseline.is_quarantined(case as usize),
            candidate: &|case| candidate.is_quarantined(case as usize),
        };
        Self::across(&digests(baseline), &digests(candidate), quarantine)
    }

    /// By digests of id and content. A case that is in quarantine on one of the sides is left out as that, whatever else it is.
    pub(crate) fn across(
        baseline: &[(u64, u64)],
        candidate: &[(u64, u64)],
        quarantine: Quarantine<'_>,
    ) -> Self {
        let mut by_id: Vec<(u64, u32)> = (0_u32..)
            .zip(baseline)
            .map(|(at, (id, _))| (*id, at))
            .collect();
        by_id.sort_unstable();
        // What of the baseline is in quarantine there and not met by any of the candidate's.
        let apart = (0..baseline.len() as u32).filter(|at| (quarantine.baseline)(*at));
        let mut apart = apart.count() as u64;
        let (mut changed, mut only_candidate, mut quarantined) = (0_u64, 0_u64, 0_u64);
        let mut met = 0_u64;
        let mut pairs = Vec::with_capacity(candidate.len().min(baseline.len()));
        for (at, (id, content)) in (0_u32..).zip(candidate) {
            let place = by_id.partition_point(|(other, _)| other < id);
            let base = by_id.get(place).filter(|(other, _)| other == id);
            let base = base.map(|(_, base)| *base);
            met += u64::from(base.is_some());
            let there = base.is_some_and(|base| (quarantine.baseline)(base));
            apart -= u64::from(there);
            match base {
                _ if there || (quarantine.candidate)(at) => quarantined += 1,
                Some(base) if baseline[base as usize].1 == *content => pairs.push((base, at)),
                Some(_) => changed += 1,
                None => only_candidate += 1,
            }
        }
        let only_baseline = (baseline.len() as u64).saturating_sub(met + apart);
        let counts = [
            ("only_baseline", only_baseline),
            ("only_candidate", only_candidate),
            ("changed", changed),
            ("quarantined", quarantined + apart),
        ];
        Self {
            pairs,
            left_out: counts
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(why, count)| (why.to_owned(), count))
                .collect(),
        }
    }

    /// Both sides over the same cases in the same order: the pairs to which the metric applies on both sides. Clusters are
    /// the candidate's.
    pub(crate) fn align(&self, baseline: &Side, candidate: &Side) -> (Side, Side) {
        let place = |side: &Side| {
            let cases = side.cases.iter().map(|case| case.case as usize + 1).max();
            let mut place = vec![u32::MAX; cases.unwrap_or(0)];
            for (at, case) in (0_u32..).zip(&side.cases) {
                place[case.case as usize] = at;
            }
            place
        };
        let (old, new) = (place(baseline), place(candidate));
        let at = |place: &[u32], case: u32| {
            let found = place.get(case as usize).copied();
            found.filter(|at| *at != u32::MAX).map(|at| at as usize)
        };
        let (kept_old, kept_new): (Vec<usize>, Vec<usize>) = self
            .pairs
            .iter()
            .filter_map(|(base, case)| at(&old, *base).zip(at(&new, *case)))
            .unzip();
        let (mut old, new) = (baseline.only(&kept_old), candidate.only(&kept_new));
        old.clustered = new.clustered;
        old.groups.clone_from(&new.groups);
        (old, new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_left_out_are_counted_by_why() {
        let baseline = [(1, 10), (2, 20), (3, 30), (4, 40)];
        let candidate = [(4, 40), (2, 21), (5, 50), (1, 10)];
        let nobody = |_| false;
        let none = Quarantine {
            baseline: &nobody,
            candidate: &nobody,
        };
        let found = Pairing::across(&baseline, &candidate, none);
        assert_eq!(found.pairs, [(3, 0), (0, 3)]);
        let left: Vec<(&str, u64)> = found
            .left_out
            .iter()
            .map(|(why, count)| (why.as_str(), *count))
            .collect();
        assert_eq!(
            left,
            [("changed", 1), ("only_baseline", 1), ("only_candidate", 1)]
        );
    }

    #[test]
    fn a_case_in_quarantine_on_either_side_is_left_out_as_that() {
        let baseline = [(1, 10), (2, 20), (3, 30), (4, 40), (5, 50)];
        let candidate = [(1, 10), (2, 20), (3, 31), (6, 60)];
        // 1 is in quarantine there, 2 and 6 here, 5 there and gone.
        let quarantine = Quarantine {
            baseline: &|at| at == 0 || at == 4,
            candidate: &|at| at == 1 || at == 3,
        };
        let found = Pairing::across(&baseline, &candidate, quarantine);
        assert!(found.pairs.is_empty());
        let left: Vec<(&str, u64)> = found
            .left_out
            .iter()
            .map(|(why, count)| (why.as_str(), *count))
            .collect();
        assert_eq!(
            left,
            [("changed", 1), ("only_baseline", 1), ("quarantined", 4)]
        );
    }

    #[test]
    fn a_run_pairs_every_case_with_itself() {
        let found = Pairing::within(0..2);
        assert_eq!(found.pairs, [(0, 0), (1, 1)]);
        assert!(found.left_out.is_empty());
    }
}
