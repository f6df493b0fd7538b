//! Which candidates are worth going on from: those that no other beats everywhere. The best on the whole may be worst at what people
//! care about, and a rewrite of it alone would stay there.

use std::collections::BTreeMap;

use super::super::calibration::{People, Sheet};
use super::choice::right;

/// How right a judge is in each slice: among the items of each human class, and of each target where labels name one.
pub type Slices = BTreeMap<String, f64>;

/// The slices of a sheet.
#[must_use]
pub fn slices(sheet: &Sheet) -> Slices {
    let mut sums: BTreeMap<String, (f64, u64)> = BTreeMap::new();
    for item in &sheet.items {
        let (People::Say(human), Some(one)) = (sheet.people(item), right(sheet, item)) else {
            continue;
        };
        let class = format!("class {}", sheet.scale.words(human));
        let target = item.target.as_ref().map(|name| format!("target {name}"));
        for name in [Some(class), target].into_iter().flatten() {
            let (sum, count) = sums.entry(name).or_default();
            *sum += one;
            *count += 1;
        }
    }
    sums.into_iter()
        .map(|(name, (sum, count))| (name, sum / count as f64))
        .collect()
}

/// The Pareto front: the places of candidates that no other is at least as right as in every slice, and more in one. Of several that
/// are alike the first.
#[must_use]
pub fn front(candidates: &[Slices]) -> Vec<usize> {
    let beats = |one: usize, other: usize| {
        let (better, worse) = (&candidates[one], &candidates[other]);
        let pairs = || {
            worse
                .iter()
                .map(|(name, value)| (better.get(name).copied().unwrap_or(f64::MIN), *value))
        };
        let nowhere_worse = pairs().all(|(one, other)| one >= other);
        let somewhere_better = pairs().any(|(one, other)| one > other);
        nowhere_worse && (somewhere_better || one < other)
    };
    (0..candidates.len())
        .filter(|at| !candidates[*at].is_empty())
        .filter(|at| (0..candidates.len()).all(|other| other == *at || !beats(other, *at)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pass: f64, fail: f64) -> Slices {
        BTreeMap::from([("class pass".into(), pass), ("class fail".into(), fail)])
    }

    #[test]
    fn whoever_is_best_at_something_stays() {
        let all = [
            of(0.9, 0.2),
            of(0.5, 0.5),
            of(0.2, 0.9),
            of(0.4, 0.5),
            of(0.5, 0.5),
        ];
        assert_eq!(front(&all), [0, 1, 2]);
        assert_eq!(front(&[of(0.5, 0.5)]), [0]);
        assert_eq!(front(&[Slices::new(), of(0.1, 0.1)]), [1]);
    }
}
