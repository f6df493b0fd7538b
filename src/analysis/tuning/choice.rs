//! Which candidate agrees best with people, and how well a choice like that holds up where it was not made.

use serde::Serialize;

use super::super::calibration::{Item, People, Scale, Sheet, Verdict, agreement_point};
use super::parts::{FOLDS, folds, only};

/// Repeats of the cross-validation, each with other folds.
const REPEATS: u64 = 5;
/// Two figures of agreement that differ by no more are alike.
const ALIKE: f64 = 1e-12;

/// How well a judge agrees with people on some labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Scored {
    /// The figure of agreement; `None`: undefined, as for a judge that always says the same.
    pub agreement: Option<f64>,
    /// The share of items on which it says what people say, unreadable verdicts taken as wrong; for grades and numbers less the mean
    /// absolute error, 0 where there is none. `None`: without items.
    pub right: Option<f64>,
    /// Items that people and the judge read.
    pub n: u64,
    /// Verdicts that could not be read.
    pub unreadable: u64,
    /// Items without any verdict.
    pub unjudged: u64,
}

/// How right the judge is about an item: 1 or 0; for grades and numbers less the distance. `None` where that cannot be said.
pub(super) fn right(sheet: &Sheet, item: &Item) -> Option<f64> {
    let People::Say(human) = sheet.people(item) else {
        return None;
    };
    let is_number = matches!(sheet.scale, Scale::Grades { .. } | Scale::Number);
    match item.verdict {
        Verdict::Read(judge) if is_number => Some(-(human - judge).abs()),
        Verdict::Read(judge) => Some(f64::from(u8::from(human == judge))),
        Verdict::Unreadable if !is_number => Some(0.0),
        Verdict::Unreadable | Verdict::Absent => None,
    }
}

/// Scores a judge on the items of a sheet.
#[must_use]
pub fn score(sheet: &Sheet) -> Scored {
    let mut scored = Scored {
        agreement: agreement_point(sheet),
        ..Scored::default()
    };
    let (mut sum, mut count) = (0.0, 0_u64);
    for item in &sheet.items {
        if !matches!(sheet.people(item), People::Say(_)) {
            continue;
        }
        match item.verdict {
            Verdict::Read(_) => scored.n += 1,
            Verdict::Unreadable => scored.unreadable += 1,
            Verdict::Absent => scored.unjudged += 1,
        }
        if let Some(one) = right(sheet, item) {
            sum += one;
            count += 1;
        }
    }
    scored.right = (count > 0).then(|| sum / count as f64);
    scored
}

/// The highest figure of agreement; a tie goes to the present judge, then to the shorter one, then to the earlier.
///
/// Each candidate is its figure and its length (of its prompt, or of its name where no prompt is known).
#[must_use]
pub fn choose(candidates: &[(Option<f64>, usize)], present: usize) -> usize {
    let mut best = present;
    for (at, (figure, length)) in candidates.iter().enumerate() {
        let (leading, shortest) = candidates[best];
        let is_better = match (figure, leading) {
            (Some(one), Some(other)) if (one - other).abs() <= ALIKE => {
                best != present && *length < shortest
            }
            (Some(one), Some(other)) => *one > other,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_better {
            best = at;
        }
    }
    best
}

/// What choosing the best of several would reach on labels that did not choose: the mean of repeated cross-validations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CrossValidated {
    /// Folds, by cluster.
    pub folds: u64,
    /// Repeats with other folds.
    pub repeats: u64,
    /// The figure of agreement of what was chosen on the other folds.
    pub chosen: Scored,
    /// That of the present judge on the same items.
    pub present: Scored,
}

/// Cross-validates the choice among sheets of the same items.
#[must_use]
pub fn cross_validate(
    sheets: &[&Sheet],
    lengths: &[usize],
    present: usize,
    seed: u64,
) -> CrossValidated {
    let base = sheets[present];
    let mut agreements = Vec::new();
    let mut rights = Vec::new();
    let mut pooled = Scored::default();
    for repeat in 0..REPEATS {
        let fold_of = folds(base, seed, repeat);
        let ids: std::collections::BTreeMap<&str, usize> = base
            .items
            .iter()
            .zip(&fold_of)
            .map(|(item, fold)| (item.id.as_str(), *fold))
            .collect();
        let fold = |item: &Item| ids.get(item.id.as_str()).copied();
        let mut out = only(base, |_| false);
        for held in 0..FOLDS {
            let others: Vec<(Option<f64>, usize)> = sheets
                .iter()
                .zip(lengths)
                .map(|(sheet, length)| {
                    let seen = only(sheet, |item| fold(item).is_some_and(|one| one != held));
                    (agreement_point(&seen), *length)
                })
                .collect();
            let chosen = choose(&others, present);
            let held = only(sheets[chosen], |item| fold(item) == Some(held));
            out.items.extend(held.items);
        }
        let found = score(&out);
        agreements.extend(found.agreement);
        rights.extend(found.right);
        // Each repeat holds every item once: of counts that differ with the choice the last is shown.
        pooled = found;
    }
    let mean = |values: &[f64]| {
        let all = values.len() as u64 == REPEATS;
        all.then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    CrossValidated {
        folds: FOLDS as u64,
        repeats: REPEATS,
        chosen: Scored {
            agreement: mean(&agreements),
            right: mean(&rights),
            ..pooled
        },
        present: score(base),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::calibration::Reference;

    /// People say pass of every other item; the judge errs where `errs` says so.
    fn sheet(count: usize, errs: impl Fn(usize) -> bool) -> Sheet {
        Sheet {
            scale: Scale::PassFail,
            of: Reference::Majority,
            annotators: vec!["ann".into()],
            items: (0..count)
                .map(|at| {
                    let human = (at % 2) as f64;
                    let judge = if errs(at) { 1.0 - human } else { human };
                    Item::new(format!("i{at}"), vec![Some(human)], Verdict::Read(judge))
                })
                .collect(),
            positive: None,
        }
    }

    #[test]
    fn a_tie_goes_to_the_present_judge_then_to_the_shorter() {
        let k = |value: f64, length| (Some(value), length);
        assert_eq!(choose(&[k(0.5, 9), k(0.5, 1)], 0), 0);
        assert_eq!(choose(&[k(0.5, 9), k(0.6, 8), k(0.6, 7), k(0.6, 7)], 0), 2);
        assert_eq!(choose(&[k(0.6, 1), k(0.5, 9), k(0.6, 9)], 2), 2);
        assert_eq!(choose(&[(None, 1), k(-0.2, 9)], 0), 1);
        assert_eq!(choose(&[(None, 9), (None, 1)], 0), 0);
        assert_eq!(choose(&[k(0.5, 1), (None, 0)], 0), 0);
    }

    #[test]
    fn an_unreadable_verdict_is_wrong_and_no_agreement() {
        let mut sheet = sheet(4, |at| at == 0);
        sheet.items[1].verdict = Verdict::Unreadable;
        sheet.items[2].verdict = Verdict::Absent;
        let found = score(&sheet);
        assert_eq!((found.n, found.unreadable, found.unjudged), (2, 1, 1));
        assert_eq!(found.right, Some(1.0 / 3.0));
    }

    #[test]
    fn grades_are_scored_by_their_distance() {
        let mut sheet = sheet(4, |at| at < 2);
        sheet.scale = Scale::Grades { low: 0, high: 5 };
        sheet.items[2].verdict = Verdict::Unreadable;
        assert_eq!(score(&sheet).right, Some(-2.0 / 3.0));
    }

    #[test]
    fn cross_validation_sees_through_the_best_of_many_equal_judges() {
        // Twenty judges that are right by chance: the best of them on 30 labels looks far better than it is.
        let sheets: Vec<Sheet> = (0..20_u64)
            .map(|judge| {
                sheet(30, |at| {
                    let bytes = [judge.to_le_bytes(), (at as u64).to_le_bytes()].concat();
                    crate::domain::digest::Digest::of(&bytes)
                        .word()
                        .is_multiple_of(2)
                })
            })
            .collect();
        let refs: Vec<&Sheet> = sheets.iter().collect();
        let lengths = vec![1; 20];
        let best = sheets
            .iter()
            .filter_map(|sheet| score(sheet).agreement)
            .fold(f64::MIN, f64::max);
        let found = cross_validate(&refs, &lengths, 0, 7);
        let honest = found.chosen.agreement.unwrap();
        assert!(best > 0.3, "{best}");
        assert!(honest < best - 0.2, "{honest} {best}");
        assert_eq!((found.folds, found.repeats), (5, 5));
        assert_eq!(found.present, score(&sheets[0]));
        assert_eq!(found, cross_validate(&refs, &lengths, 0, 7));
    }

    #[test]
    fn folds_keep_clusters_together_and_are_of_a_size() {
        let mut sheet = sheet(40, |_| false);
        for (at, item) in sheet.items.iter_mut().enumerate() {
            item.cluster = Some(format!("c{}", at / 4));
        }
        let found = folds(&sheet, 1, 0);
        for four in found.chunks(4) {
            assert!(four.iter().all(|fold| *fold == four[0]));
        }
        for fold in 0..FOLDS {
            assert_eq!(found.iter().filter(|one| **one == fold).count(), 8);
        }
        assert_ne!(found, folds(&sheet, 1, 1));
    }
}
