//! What a correction needs of a calibration: how often people and the judge said pass.

use std::collections::BTreeMap;

use super::sheet::{Scale, Sheet};
use crate::domain::certificate::Counts;
use crate::domain::instrument::LabelScale;

/// Outputs by what people and the judge said, and the same by target where outputs name theirs; `None` where nothing passes or fails.
/// Grades and classes pass by the judge's own rule, people's as the judge's.
#[must_use]
pub fn counts(
    sheet: &Sheet,
    judge: &LabelScale,
    targets: &mut BTreeMap<String, Counts>,
) -> Option<Counts> {
    let passes = |value: f64| match sheet.scale {
        Scale::PassFail => Some(value == 1.0),
        Scale::Preference | Scale::Number => None,
        Scale::Grades { .. } | Scale::Classes(_) => judge.passes(value),
    };
    let pairs = sheet.pairs();
    let mut all = Counts::default();
    for ((at, human), verdict) in pairs.at.iter().zip(&pairs.human).zip(&pairs.judge) {
        let (human, judge) = passes(*human).zip(passes(*verdict))?;
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
    use crate::analysis::calibration::{Item, Reference, Verdict};
    use crate::domain::instrument::Rule;
    use crate::domain::suite::Comparison;

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
        let at_least = |bar| Rule {
            comparison: Comparison::AtLeast,
            bar,
        };
        let speaks = LabelScale::PassFail {
            pass: at_least(0.5),
        };
        let all = counts(&sheet, &speaks, &mut targets).unwrap();
        assert_eq!((all.tp, all.missed, all.fp, all.tn), (1, 1, 1, 1));
        assert_eq!((targets["a"].tp, targets["a"].missed), (1, 1));
        assert_eq!(targets["b"].fp, 1);
        sheet.scale = Scale::Number;
        assert_eq!(counts(&sheet, &speaks, &mut targets), None);
        sheet.scale = Scale::Grades { low: 1, high: 5 };
        sheet.items = vec![item(3.5, 4.0, None), item(4.5, 5.0, None)];
        let grades = |pass| LabelScale::Grades {
            low: 1,
            high: 5,
            pass,
        };
        let of = |speaks| counts(&sheet, &speaks, &mut BTreeMap::new());
        assert_eq!(of(grades(None)), None, "no grade is said to pass");
        let all = of(grades(Some(at_least(4.0)))).unwrap();
        assert_eq!((all.tp, all.fp), (1, 1));
    }
}
