//! One calibration whole: what is said of a sheet.

use std::num::NonZeroUsize;

use super::*;
use crate::stats::{BothOrders, Choice};

fn options() -> CalibrateOptions {
    CalibrateOptions {
        usable: Usable::default(),
        set_by_judge_file: false,
        look: 1,
        chance: Chance {
            seed: 7,
            threads: NonZeroUsize::MIN,
        },
    }
}

/// Items by (people, judge, how many), in that order, one annotator.
fn sheet(scale: Scale, counts: &[(f64, Verdict, usize)]) -> Sheet {
    let items = counts.iter().flat_map(|&(human, verdict, count)| {
        std::iter::repeat_n(Item::new("", vec![Some(human)], verdict), count)
    });
    let mut items: Vec<Item> = items.collect();
    for (at, item) in items.iter_mut().enumerate() {
        item.id = format!("i{at}");
    }
    Sheet {
        scale,
        of: Reference::Majority,
        annotators: vec!["ann".into()],
        items,
        positive: None,
    }
}

const PASS: Verdict = Verdict::Read(1.0);
const FAIL: Verdict = Verdict::Read(0.0);

fn point(found: &Calibration, name: &str) -> f64 {
    found.statistics[name].point().unwrap()
}

#[test]
fn a_good_judge_with_enough_labels_is_usable_by_agreement() {
    let counts = [
        (1.0, PASS, 90),
        (1.0, FAIL, 10),
        (0.0, FAIL, 90),
        (0.0, PASS, 10),
    ];
    let found = calibrate(&sheet(Scale::PassFail, &counts), &options());
    assert_eq!(found.conclusion.outcome, Outcome::Usable);
    assert_eq!(found.conclusion.route, Some("A"));
    assert!((point(&found, "cohen_kappa") - 0.8).abs() < 1e-12);
    assert!((point(&found, "tpr") - 0.9).abs() < 1e-12);
    assert_eq!(found.agreement, "cohen_kappa");
    assert_eq!(found.labels.classes["pass"], 100);
    assert_eq!(found.disagreements.len(), 10);
    // Nothing was left for the judge alone, so nothing is corrected; the reason is said.
    let rates = found.rates.unwrap();
    assert!(
        matches!(rates.ppi, crate::analysis::findings::Figure::Undefined { ref undefined, .. } if undefined.contains("only the judge read"))
    );
}

#[test]
fn twenty_labels_conclude_nothing_and_say_what_they_can() {
    let counts = [
        (1.0, PASS, 9),
        (1.0, FAIL, 1),
        (0.0, FAIL, 9),
        (0.0, PASS, 1),
    ];
    let found = calibrate(&sheet(Scale::PassFail, &counts), &options());
    assert_eq!(found.conclusion.outcome, Outcome::TooFewLabels);
    assert_eq!(
        found.conclusion.rule,
        "20 labelled items, at least 50 are needed"
    );
    assert!(
        found
            .advice
            .iter()
            .any(|line| line.contains("cannot tell a judge that agrees at")),
        "{:?}",
        found.advice
    );
    assert!(
        found
            .advice
            .iter()
            .any(|line| line.contains("second person"))
    );
}

#[test]
fn an_unreadable_verdict_leaves_agreement_and_counts_as_wrong_beside_it() {
    let counts = [
        (1.0, PASS, 50),
        (0.0, FAIL, 46),
        (0.0, Verdict::Unreadable, 4),
        (0.0, Verdict::Absent, 3),
    ];
    let found = calibrate(&sheet(Scale::PassFail, &counts), &options());
    assert!((point(&found, "accuracy") - 1.0).abs() < 1e-12);
    assert!((point(&found, "accuracy_unreadable_as_wrong") - 0.96).abs() < 1e-12);
    assert_eq!((found.labels.unreadable, found.labels.unjudged), (4, 3));
    // Perfect on what was read: no asymptotic error, and yet no proof of 1.
    assert_eq!(found.conclusion.route, Some("A"));
    assert!(
        found.conclusion.rule.contains("surely at least 0.9"),
        "{}",
        found.conclusion.rule
    );
}

#[test]
fn grades_are_held_by_weighted_kappa_and_means_of_them_by_concordance() {
    let counts: Vec<(f64, Verdict, usize)> = (1..=5)
        .flat_map(|grade| {
            let said = f64::from(grade);
            let near = f64::from((grade + 1).min(5));
            [
                (said, Verdict::Read(said), 15),
                (said, Verdict::Read(near), 5),
            ]
        })
        .collect();
    let mut grades = sheet(Scale::Grades { low: 1, high: 5 }, &counts);
    let found = calibrate(&grades, &options());
    assert_eq!(found.agreement, "weighted_kappa_quadratic");
    for name in [
        "weighted_kappa_linear",
        "gwet_ac2_quadratic",
        "within_1",
        "mae",
        "pearson_r",
        "lin_ccc",
    ] {
        assert!(found.statistics.contains_key(name), "{name}");
    }
    assert_eq!(
        found.conclusion.outcome,
        Outcome::Usable,
        "{}",
        found.conclusion.rule
    );
    grades.of = Reference::Mean;
    grades.annotators.push("second".into());
    for item in &mut grades.items {
        let first = item.labels[0].unwrap();
        item.labels.push(Some((first + 1.0).min(5.0)));
    }
    let found = calibrate(&grades, &options());
    assert_eq!(
        (found.agreement.as_str(), found.of.as_str()),
        ("lin_ccc", "mean")
    );
    assert!(found.people.unwrap().winning_rate.is_some());
    assert!(found.statistics.contains_key("human_ceiling"));
}

#[test]
fn clusters_widen_and_few_of_them_conclude_nothing() {
    let counts = [
        (1.0, PASS, 45),
        (1.0, FAIL, 5),
        (0.0, FAIL, 45),
        (0.0, PASS, 5),
    ];
    let mut clustered = sheet(Scale::PassFail, &counts);
    for (at, item) in clustered.items.iter_mut().enumerate() {
        item.cluster = Some(format!("t{}", at % 15));
    }
    let found = calibrate(&clustered, &options());
    assert_eq!(found.labels.clusters, Some(15));
    assert_eq!(found.conclusion.outcome, Outcome::TooFewLabels);
    assert!(
        found.conclusion.rule.contains("15 independent clusters"),
        "{}",
        found.conclusion.rule
    );
}

#[test]
fn labels_and_judged_only_items_correct_the_rate() {
    let mut counts = sheet(
        Scale::PassFail,
        &[
            (1.0, PASS, 40),
            (1.0, FAIL, 5),
            (0.0, FAIL, 40),
            (0.0, PASS, 15),
        ],
    );
    for at in 0..300 {
        let verdict = if at % 5 < 3 { PASS } else { FAIL };
        counts
            .items
            .push(Item::new(format!("j{at}"), vec![None], verdict));
    }
    let found = calibrate(&counts, &options());
    assert_eq!(found.labels.judged_only, 300);
    let rates = found.rates.as_ref().unwrap();
    let (ppi, gladen) = (
        rates.ppi.estimate().unwrap(),
        rates.rogan_gladen.estimate().unwrap(),
    );
    assert_eq!(
        (ppi.method.as_str(), gladen.method.as_str()),
        ("ppi++", "rogan-gladen")
    );
    // The judge passes 60 %; it lets too much through, and both corrections lower that.
    assert!(ppi.point < 0.6 && gladen.point < 0.6, "{ppi:?} {gladen:?}");
    assert!(found.statistics.contains_key("rogan_gladen_unclipped"));
}

#[test]
fn orders_that_disagree_make_a_pairwise_judge_not_shown_usable() {
    let mut pairs = sheet(
        Scale::Preference,
        &[
            (0.0, Verdict::Read(0.0), 40),
            (1.0, Verdict::Read(1.0), 50),
            (1.0, Verdict::Read(2.0), 10),
        ],
    );
    for (at, item) in pairs.items.iter_mut().enumerate() {
        let first = if at < 40 {
            Choice::First
        } else {
            Choice::Second
        };
        let swapped = if at < 90 { first } else { Choice::First };
        item.orders = Some(BothOrders {
            original: Some(first),
            swapped: Some(swapped),
        });
    }
    let found = calibrate(&pairs, &options());
    assert_eq!(
        found.conclusion.outcome,
        Outcome::Usable,
        "{}",
        found.conclusion.rule
    );
    for item in &mut pairs.items[60..90] {
        item.orders = Some(BothOrders {
            original: Some(Choice::First),
            swapped: Some(Choice::Second),
        });
    }
    let found = calibrate(&pairs, &options());
    assert_eq!(found.conclusion.outcome, Outcome::NotShownUsable);
    assert!(
        found.conclusion.rule.contains("two orders"),
        "{}",
        found.conclusion.rule
    );
}

#[test]
fn a_later_look_is_held_to_a_smaller_error() {
    let counts = [
        (1.0, PASS, 42),
        (1.0, FAIL, 8),
        (0.0, FAIL, 42),
        (0.0, PASS, 8),
    ];
    let sheet = sheet(Scale::PassFail, &counts);
    let first = calibrate(&sheet, &options());
    let third = calibrate(
        &sheet,
        &CalibrateOptions {
            look: 3,
            ..options()
        },
    );
    assert!((first.alpha - 0.05).abs() < 1e-12);
    assert!((third.alpha - 0.1 / 12.0).abs() < 1e-12);
    let width = |found: &Calibration| match &found.statistics["cohen_kappa"] {
        Statistic::Figure(figure) => {
            let estimate = figure.estimate().unwrap();
            estimate.high.unwrap() - estimate.low.unwrap()
        }
        other => panic!("{other:?}"),
    };
    assert!(width(&third) > width(&first));
    assert!(third.warnings[0].contains("used 3 times"));
}

#[test]
fn a_judge_or_people_without_variation_get_reasons_and_no_figure_made_up() {
    let constant = sheet(Scale::PassFail, &[(1.0, PASS, 60)]);
    let found = calibrate(&constant, &options());
    assert_eq!(found.conclusion.outcome, Outcome::TooFewLabels);
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["cohen_kappa"]["undefined"], "no variation");
    let empty = calibrate(&sheet(Scale::PassFail, &[]), &options());
    assert_eq!(empty.conclusion.outcome, Outcome::TooFewLabels);
    assert!(!serde_json::to_string(&empty).unwrap().contains("NaN"));
}
