//! The one look at the test part: the chosen judge beside the present one, on items that chose nothing.

use serde::Serialize;

use super::super::calibration::{
    CalibrateOptions, Conclusion, Item, Scale, Sheet, Statistic, calibrate,
};
use super::super::figure::{Chance, shown};
use super::super::findings::Figure;
use super::super::format;
use super::choice::{Scored, right, score};
use crate::domain::usable::Usable;
use crate::stats::{
    self, Confidence, Estimate, PairedTable, Sample, Test, Undefined, differences, paired_t,
    sign_flip,
};

/// Pairs from which a mean of differences is taken as normal.
const NORMAL_FROM: usize = 30;

/// Both judges on the test part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldOut {
    /// The chosen one.
    pub chosen: Scored,
    /// The present one.
    pub present: Scored,
    /// The chosen one's figure of agreement, with its interval at the error of this look.
    pub chosen_agreement: Figure,
    /// The present one's.
    pub present_agreement: Figure,
    /// Whether the chosen one may be used, by what the test part shows of it.
    pub conclusion: Conclusion,
    /// How much more often the chosen one is right; for grades and numbers how much nearer it is. Paired, item by item.
    pub difference: Figure,
    /// The test of that: `mcnemar-exact`, `paired-t`, `sign-flip`; empty where there is none.
    pub test: String,
    /// Its p, two-sided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Which look at these labels it is, from 1.
    pub look: u32,
    /// The error that this look may make, two-sided.
    pub alpha: f64,
    /// Whether the interval lies above 0 and p below the error.
    pub improved: bool,
}

/// The error of the k-th look: 0.1/(k(k + 1)), so that all looks together stay below 0.1.
fn error_of(look: u32) -> f64 {
    let k = f64::from(look.max(1));
    0.1 / (k * (k + 1.0))
}

/// Looks: both sheets hold the test items, in the same order. `usable`: the bars that the judge's file sets.
#[must_use]
pub fn hold_out(
    chosen: &Sheet,
    present: &Sheet,
    usable: Option<Usable>,
    look: u32,
    chance: &Chance,
) -> HeldOut {
    let calibrated = |sheet: &Sheet| {
        let options = CalibrateOptions {
            usable: usable.unwrap_or_default(),
            set_by_judge_file: usable.is_some(),
            look,
            chance: *chance,
        };
        let found = calibrate(sheet, &options);
        let figure = match found.statistics.get(&found.agreement) {
            Some(Statistic::Figure(figure)) => figure.clone(),
            _ => Figure::Undefined {
                undefined: "there is nothing to compare".to_owned(),
                n: 0,
            },
        };
        (figure, found.conclusion)
    };
    let (chosen_agreement, conclusion) = calibrated(chosen);
    let (present_agreement, _) = calibrated(present);
    let alpha = error_of(look);
    let level = Confidence::new(1.0 - alpha).unwrap_or(Confidence::NINETY_FIVE);
    let (estimate, test) = paired(chosen, present, level, chance);
    let p = test.as_ref().ok().map(|test| test.p);
    let low = estimate.as_ref().ok().and_then(Estimate::low);
    HeldOut {
        chosen: score(chosen),
        present: score(present),
        chosen_agreement,
        present_agreement,
        conclusion,
        difference: match &estimate {
            Ok(estimate) => Figure::Estimate(shown(estimate)),
            Err(reason) => Figure::Undefined {
                undefined: reason.to_string(),
                n: present.items.len() as u64,
            },
        },
        test: test.map_or_else(|_| String::new(), |test| test.method.name().to_owned()),
        improved: low.is_some_and(|low| low > 0.0) && p.is_some_and(|p| p < alpha),
        p,
        look,
        alpha,
    }
}

type Found<T> = Result<T, Undefined>;

fn paired(
    chosen: &Sheet,
    present: &Sheet,
    level: Confidence,
    chance: &Chance,
) -> (Found<Estimate>, Found<Test>) {
    let units = present.groups();
    let (mut old, mut new, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    let both = present.items.iter().zip(&chosen.items);
    for (at, (before, after)) in both.enumerate() {
        let pair = |one: &Item, two: &Item| Some((right(present, one)?, right(chosen, two)?));
        if let Some((before, after)) = pair(before, after) {
            old.push(before);
            new.push(after);
            groups.push(units.as_ref().map_or(at as u32, |units| units[at]));
        }
    }
    let is_number = matches!(present.scale, Scale::Grades { .. } | Scale::Number);
    if !is_number
        && units.is_none()
        && let Ok(table) = PairedTable::of(&old, &new)
    {
        return (table.difference(level), Ok(table.mcnemar_exact()));
    }
    let d = match differences(&old, &new) {
        Ok(d) => d,
        Err(reason) => return (Err(reason), Err(reason)),
    };
    let sample = Sample::new(&d);
    let sample = match &units {
        Some(_) => sample.with_groups(&groups),
        None => sample,
    };
    let scale = match present.scale {
        Scale::Grades { low, high } => stats::Scale::new(low as f64, high as f64),
        Scale::Number => None,
        _ => Some(stats::Scale::UNIT),
    };
    match paired_t(&sample, level, scale) {
        Err(reason) => (Err(reason), Err(reason)),
        Ok(found) => {
            let varies = d.iter().any(|d| *d != 0.0);
            let few = d.len() < NORMAL_FROM && units.is_none();
            let test = match few && varies {
                true => sign_flip(&sample, &chance.stream(&["tuning", "held-out"])),
                false => found.test,
            };
            (Ok(found.estimate), test)
        }
    }
}

impl HeldOut {
    /// The difference and its test in words.
    #[must_use]
    pub fn words(&self, is_number: bool) -> String {
        let unit = super::unit(is_number);
        let difference = match &self.difference {
            Figure::Estimate(estimate) => format::difference(unit, estimate),
            Figure::Undefined { undefined, .. } => format!("undefined: {undefined}"),
        };
        match self.p {
            Some(p) => format!("{difference}, {} ({})", format::p_equals(p), self.test),
            None => difference,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::calibration::{Reference, Verdict};
    use std::num::NonZeroUsize;

    const CHANCE: Chance = Chance {
        seed: 1,
        threads: NonZeroUsize::MIN,
    };

    /// 60 items; the judge errs on the first `wrong`.
    fn sheet(scale: Scale, wrong: usize) -> Sheet {
        Sheet {
            scale,
            of: Reference::Majority,
            annotators: vec!["ann".into()],
            items: (0..60)
                .map(|at| {
                    let human = (at % 2) as f64;
                    let judge = if at < wrong { 1.0 - human } else { human };
                    Item::new(at.to_string(), vec![Some(human)], Verdict::Read(judge))
                })
                .collect(),
            positive: None,
        }
    }

    #[test]
    fn a_clear_gain_is_an_improvement_and_a_later_look_asks_for_more() {
        let (new, old) = (sheet(Scale::PassFail, 2), sheet(Scale::PassFail, 11));
        let found = hold_out(&new, &old, None, 1, &CHANCE);
        assert!(found.improved, "{found:?}");
        assert_eq!(found.test, "mcnemar-exact");
        // Nine gained, none lost.
        assert!((found.p.unwrap() - 2.0 / 512.0).abs() < 1e-12);
        assert!((found.alpha - 0.05).abs() < 1e-12);
        let fifth = hold_out(&new, &old, None, 5, &CHANCE);
        assert!((fifth.alpha - 0.1 / 30.0).abs() < 1e-12);
        assert!(
            !fifth.improved,
            "p = 0.0039 is above the error of the fifth look"
        );
        let worse = hold_out(&old, &new, None, 1, &CHANCE);
        assert!(!worse.improved);
    }

    #[test]
    fn the_same_verdicts_are_no_improvement() {
        let one = sheet(Scale::PassFail, 5);
        let found = hold_out(&one, &one, None, 1, &CHANCE);
        assert!(!found.improved);
        assert_eq!(found.p, Some(1.0));
    }

    #[test]
    fn clusters_and_grades_are_compared_by_their_means() {
        let clustered = |wrong| {
            let mut sheet = sheet(Scale::PassFail, wrong);
            for (at, item) in sheet.items.iter_mut().enumerate() {
                item.cluster = Some(format!("c{}", at % 20));
            }
            sheet
        };
        let found = hold_out(&clustered(0), &clustered(15), None, 1, &CHANCE);
        assert_eq!(found.test, "paired-t");
        assert_eq!(
            found.difference.estimate().map(|one| one.clusters),
            Some(20)
        );
        let grades = Scale::Grades { low: 0, high: 4 };
        let found = hold_out(
            &sheet(grades.clone(), 0),
            &sheet(grades, 12),
            None,
            1,
            &CHANCE,
        );
        assert!(found.improved);
        assert_eq!(found.test, "paired-t");
        assert!((found.difference.estimate().unwrap().point - 0.2).abs() < 1e-12);
    }

    #[test]
    fn an_unreadable_verdict_counts_as_wrong() {
        let mut new = sheet(Scale::PassFail, 0);
        let old = sheet(Scale::PassFail, 9);
        for item in new.items.iter_mut().skip(20).take(30) {
            item.verdict = Verdict::Unreadable;
        }
        let found = hold_out(&new, &old, None, 1, &CHANCE);
        assert!(!found.improved, "it reads nothing on half of the items");
    }
}
