//! What a correction needs of a calibration: how often people and the judge said pass.

use std::collections::BTreeMap;

use super::agreement::passes;
use super::sheet::Sheet;
use crate::domain::certificate::Counts;

/// Outputs by what people and the judge said, and the same by target where outputs name theirs; `None` where nothing passes or fails.
#[must_use]
pub fn counts(sheet: &Sheet, targets: &mut BTreeMap<String, Counts>) -> Option<Counts> {
    let pairs = sheet.pairs();
    let (human, judge) = passes(sheet, &pairs)?;
    let mut all = Counts::default();
    for ((at, human), judge) in pairs.at.iter().zip(human).zip(judge) {
        all.add(human, judge);
        if let Some(target) = &sheet.items[*at].target {
            targets.entry(target.clone()).or_default().add(human, judge);
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::calibration::{Item, Reference, Scale, Verdict};

    #[test]
    fn outputs_are_counted_over_all_and_by_target() {
        let item = |human: f64, judge: f64, target: Option<&str>| Item {
            target: target.map(str::to_owned),
            ..Item::new("x", vec![Some(human)], Verdict::Read(judge))
        };
        let mut sheet = Sheet {
            scale: Scale::PassFail,
            of: Reference::Majority,
            annotators: vec!["ann".into()],
            items: vec![
                item(1.0, 1.0, Some("a")),
                item(1.0, 0.0, Some("a")),
                item(0.0, 1.0, Some("b")),
                item(0.0, 0.0, None),
                Item::new("unread", vec![Some(1.0)], Verdict::Unreadable),
            ],
            positive: None,
        };
        let mut targets = BTreeMap::new();
        let all = counts(&sheet, &mut targets).unwrap();
        assert_eq!((all.tp, all.missed, all.fp, all.tn), (1, 1, 1, 1));
        assert_eq!((targets["a"].tp, targets["a"].missed), (1, 1));
        assert_eq!(targets["b"].fp, 1);
        sheet.scale = Scale::Number;
        assert_eq!(counts(&sheet, &mut targets), None);
    }
}
