//! The threshold on a judge's P(pass) by which it agrees best with people.

use super::super::calibration::{Scale, Sheet, Verdict};
use super::choice::score;

/// Digits after the point that a threshold is written with.
const DIGITS: f64 = 1e4;
/// Two figures of agreement that differ by no more are alike.
const ALIKE: f64 = 1e-12;

/// The sheet as it would be with this threshold: whoever stated P(pass) passes from it on.
#[must_use]
pub fn at_threshold(sheet: &Sheet, threshold: f64) -> Sheet {
    let mut sheet = sheet.clone();
    for item in &mut sheet.items {
        if let Some(stated) = item.stated {
            item.verdict = Verdict::Read(f64::from(u8::from(stated >= threshold)));
        }
    }
    sheet
}

/// The threshold with the highest figure of agreement, of those that part the stated probabilities; of several that are alike the one
/// nearest to one half. `None` for a judge that states none, or always the same.
#[must_use]
pub fn threshold(sheet: &Sheet) -> Option<f64> {
    if sheet.scale != Scale::PassFail {
        return None;
    }
    let mut stated: Vec<f64> = sheet.items.iter().filter_map(|item| item.stated).collect();
    stated.sort_unstable_by(f64::total_cmp);
    stated.dedup();
    let mut best: Option<(f64, f64)> = None;
    for pair in stated.windows(2) {
        let middle = ((pair[0] + pair[1]) / 2.0 * DIGITS).round() / DIGITS;
        if !(pair[0]..=pair[1]).contains(&middle) || middle <= 0.0 {
            continue;
        }
        let Some(figure) = score(&at_threshold(sheet, middle)).agreement else {
            continue;
        };
        let is_better = best.is_none_or(|(leading, at)| {
            figure > leading + ALIKE
                || ((figure - leading).abs() <= ALIKE && (middle - 0.5).abs() < (at - 0.5).abs())
        });
        if is_better {
            best = Some((figure, middle));
        }
    }
    best.map(|(_, threshold)| threshold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::calibration::{Item, Reference};

    #[test]
    fn the_threshold_parts_what_people_part() {
        let items = (0..20).map(|at| {
            let p = f64::from(at) / 100.0;
            let human = f64::from(u8::from(at >= 12));
            let mut item = Item::new(at.to_string(), vec![Some(human)], Verdict::Read(0.0));
            item.stated = Some(p);
            item
        });
        let mut sheet = Sheet {
            scale: Scale::PassFail,
            of: Reference::Majority,
            annotators: vec!["ann".into()],
            items: items.collect(),
            positive: None,
        };
        assert_eq!(threshold(&sheet), Some(0.115));
        assert_eq!(score(&at_threshold(&sheet, 0.115)).agreement, Some(1.0));
        for item in &mut sheet.items {
            item.stated = Some(0.7);
        }
        assert_eq!(threshold(&sheet), None, "nothing to part");
    }
}
