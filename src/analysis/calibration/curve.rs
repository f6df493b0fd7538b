//! A judge's stated probabilities in bins, against how often people passed what is in them.

use serde::Serialize;

use super::super::figure::shown;
use super::super::findings::Figure;
use super::agreement::stated_of;
use super::sheet::{Pairs, Sheet};
use crate::stats::{Confidence, Sample, rate, reliability};

/// One bin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatedBin {
    /// Items in it.
    pub n: u64,
    /// Mean of what the judge stated.
    pub stated: f64,
    /// Share that people passed.
    pub passed: Figure,
}

/// The bins that hold something, ascending; none for a judge that states no probability.
pub(super) fn curve(sheet: &Sheet, pairs: &Pairs, confidence: Confidence) -> Vec<StatedBin> {
    let Some((stated, human)) = stated_of(sheet, pairs) else {
        return Vec::new();
    };
    let bins = reliability(&stated, &human, confidence).unwrap_or_default();
    let count = bins.len() as f64;
    let bins = bins.into_iter().enumerate();
    let held = bins.filter(|(_, bin)| bin.n > 0);
    held.map(|(place, bin)| {
        let n = bin.n as u64;
        let passed = match &pairs.groups {
            None => bin.passed,
            Some(groups) => {
                // Equal bins, each open on the right, 1 in the last.
                let (low, high) = (place as f64 / count, (place + 1) as f64 / count);
                let is_in = |p: f64| p >= low && (p < high || high >= 1.0);
                let inside = || (0..stated.len()).filter(|at| is_in(stated[*at]));
                let values: Vec<f64> = inside().map(|at| f64::from(u8::from(human[at]))).collect();
                let groups: Vec<u32> = inside().map(|at| groups[at]).collect();
                rate(&Sample::new(&values).with_groups(&groups), confidence)
            }
        };
        StatedBin {
            n,
            stated: bin.stated,
            passed: match passed {
                Ok(estimate) => Figure::Estimate(shown(&estimate)),
                Err(reason) => Figure::Undefined {
                    undefined: reason.to_string(),
                    n,
                },
            },
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::sheet::{Item, Reference, Scale, Verdict};
    use super::*;

    #[test]
    fn bins_hold_what_was_stated_and_what_people_passed() {
        let item = |at: u32| {
            let stated = if at < 6 { 0.12 } else { 0.9 };
            let human = f64::from(u8::from(at == 0 || at >= 6));
            let mut item = Item::new(
                at.to_string(),
                vec![Some(human)],
                Verdict::Read(f64::from(u8::from(at >= 6))),
            );
            item.stated = Some(stated);
            item
        };
        let mut sheet = Sheet {
            scale: Scale::PassFail,
            of: Reference::Majority,
            annotators: vec!["ann".into()],
            items: (0..10).map(item).collect(),
            positive: None,
        };
        let found = curve(&sheet, &sheet.pairs(), Confidence::NINETY_FIVE);
        let counts: Vec<u64> = found.iter().map(|bin| bin.n).collect();
        assert_eq!(counts, [6, 4]);
        let passed = found[0].passed.estimate().expect("a share");
        assert!((passed.point - 1.0 / 6.0).abs() < 1e-12 && passed.high.is_some());
        for (at, item) in sheet.items.iter_mut().enumerate() {
            item.cluster = Some(format!("c{}", at / 2));
        }
        let clustered = curve(&sheet, &sheet.pairs(), Confidence::NINETY_FIVE);
        let shares = |bins: &[StatedBin]| -> Vec<(u64, f64)> {
            let share =
                |bin: &StatedBin| (bin.n, bin.passed.estimate().map_or(-1.0, |one| one.point));
            bins.iter().map(share).collect()
        };
        assert_eq!(shares(&clustered), shares(&found));
        let clusters = clustered[0].passed.estimate().map(|one| one.clusters);
        assert_eq!(clusters, Some(3), "the interval rests on clusters");
        sheet.items[0].stated = None;
        assert_eq!(curve(&sheet, &sheet.pairs(), Confidence::NINETY_FIVE), []);
    }
}
