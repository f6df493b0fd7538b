//! Runs held against baseline files and other runs, and what a record tells of its own state.

use std::num::NonZeroUsize;

use crate::domain::case::Case;
use crate::domain::fault::FaultKind;
use crate::domain::score::{Measure, Score, Unscored, Value};
use crate::domain::suite::{Baseline as Base, Rule, Suite};
use crate::domain::transcript::Failure;

use super::analyse::{Against, Context, RunSide, compare, findings};
use super::baseline::{Baseline, BaselineCase, Blessing, is_worse};
use super::figure::Chance;
use super::findings::{Figure, Finding};
use super::fixture::{
    Trial, answered, cases, context, errored, facts, failed, found, gate, judge, lines, pairs,
    pass, record, scorer, stopped, suite, unscored,
};
use super::record::{Record, Settled, Shape};
use super::rows::Rows;

const CRASHED: Failure = Failure::Fault(FaultKind::Crashed);

fn chance() -> Chance {
    Chance {
        seed: 7,
        threads: NonZeroUsize::MIN,
    }
}

fn blessed(suite: &Suite, run: &Record, name: &str, previous: Option<&Baseline>) -> Baseline {
    let blessing = Blessing::new(
        suite,
        run,
        0,
        name,
        chance(),
        previous.map(|file| &file.head),
    );
    let lines = (0..run.cases()).map(|case| {
        let line = serde_json::to_string(&blessing.case(case, &format!("c{case}"))).unwrap();
        serde_json::from_str::<BaselineCase>(&line).unwrap()
    });
    Baseline {
        name: "baseline.jsonl".into(),
        cases: lines.collect(),
        head: blessing.head().clone(),
    }
}

#[test]
fn a_run_compares_with_a_baseline_file_as_with_the_run_it_was_made_from() {
    let mut suite = suite(&["prod"], 2);
    suite.gates = vec![
        gate("success_rate", Rule::MaxDrop(0.05)),
        gate("latency_p50_ms", Rule::MaxRiseShare(0.10)),
        gate("cost_per_success", Rule::MaxRise(0.01)),
    ];
    let make = |shift: usize| {
        record(&suite, &cases(60), |case, repeat, _| {
            let right = !(case + shift + repeat as usize).is_multiple_of(6);
            Some(
                pass(right)
                    .took(90.0 + ((case * 7 + shift * case) % 11) as f64)
                    .cost(0.01),
            )
        })
    };
    let (old, new) = (make(0), make(1));
    let file = blessed(&suite, &old, "r0", None);
    let side = |record| RunSide {
        suite: &suite,
        record,
        target: 0,
        name: "prod",
    };
    let one = NonZeroUsize::MIN;
    let by_file = compare(Against::File(&file), side(&new), facts(), one);
    let by_run = compare(Against::Run(side(&old)), side(&new), facts(), one);
    // The file keeps fewer metrics, so the family of tests is smaller; nothing else differs.
    assert_eq!(by_file.comparisons.len(), 3);
    for comparison in &by_file.comparisons {
        let other = by_run
            .comparisons
            .iter()
            .find(|other| other.metric == comparison.metric)
            .unwrap();
        assert_eq!(comparison.difference, other.difference);
        assert_eq!(comparison.difference_90, other.difference_90);
        assert_eq!((comparison.p, comparison.pairs), (other.p, other.pairs));
    }
    assert_eq!(by_file.gates, by_run.gates);
    assert_eq!(by_file.gates.len(), 3);
    suite.baseline = Base::File("baseline.jsonl".into());
    let context = Context {
        baseline_file: Some(&file),
        ..context()
    };
    let within = findings(&suite, &new, context);
    assert_eq!(within.gates, by_file.gates);
    assert_eq!(
        within.design.baseline.as_deref(),
        Some("prod (baseline.jsonl)")
    );
}

#[test]
fn the_first_blessed_value_stays_and_drops_since_then_are_said() {
    let suite = suite(&["prod"], 1);
    let make =
        |passing: usize| record(&suite, &cases(100), |case, _, _| Some(pass(case < passing)));
    let first = blessed(&suite, &make(90), "r0", None);
    let second = blessed(&suite, &make(88), "r1", Some(&first));
    assert_eq!(second.head.metrics["success_rate"].first, Some(0.90));
    assert_eq!(second.head.metrics["success_rate"].value, Some(0.88));
    let third = make(86);
    let side = RunSide {
        suite: &suite,
        record: &third,
        target: 0,
        name: "prod",
    };
    let said = compare(Against::File(&second), side, facts(), NonZeroUsize::MIN);
    assert_eq!(
        said.warnings,
        ["prod: success_rate 4 points below what was first blessed (r0)"]
    );
    assert!(!is_worse(&said));
    let far = make(40);
    let side = RunSide {
        record: &far,
        ..side
    };
    let worse = compare(Against::File(&second), side, facts(), NonZeroUsize::MIN);
    assert!(is_worse(&worse));
}

#[test]
fn two_runs_pair_by_id_and_content() {
    let suite = suite(&["prod"], 1);
    let old = record(&suite, &cases(40), |_, _, _| Some(pass(true)));
    let mut changed = cases(45);
    changed.remove(0);
    changed[0] = Case::new("c1", "another question");
    let new = record(&suite, &changed, |_, _, _| Some(pass(true)));
    let side = |record, name| RunSide {
        suite: &suite,
        record,
        target: 0,
        name,
    };
    let found = compare(
        Against::Run(side(&old, "r0")),
        side(&new, "r1"),
        facts(),
        NonZeroUsize::MIN,
    );
    let first = &found.comparisons[0];
    assert_eq!((first.pairs, first.baseline.as_str()), (38, "r0"));
    let left: Vec<_> = first
        .left_out
        .iter()
        .map(|(why, n)| (why.as_str(), *n))
        .collect();
    assert_eq!(
        left,
        [("changed", 1), ("only_baseline", 1), ("only_candidate", 5)]
    );
    let strangers: Vec<_> = (0..30)
        .map(|at| Case::new(format!("x{at}"), "other"))
        .collect();
    let other = record(&suite, &strangers, |_, _, _| Some(pass(false)));
    let apart = compare(
        Against::Run(side(&old, "r0")),
        side(&other, "r1"),
        facts(),
        NonZeroUsize::MIN,
    );
    let first = &apart.comparisons[0];
    assert_eq!((first.pairs, first.finding), (0, Some(Finding::Unclear)));
    assert_eq!(first.difference.estimate().unwrap().method, "newcombe");
    assert!(apart.warnings[0].starts_with("no pairs"));
}

#[test]
fn unequal_lists_of_own_failures_head_the_report() {
    let mut suite = suite(&["prod", "next"], 1);
    suite.targets[1].counts_as_failure = vec![FaultKind::TimedOut];
    let (some, trial) = pairs(30, 0, 0, 0);
    let findings = found(&suite, &some, trial);
    assert!(findings.warnings[0].starts_with("faults count differently"));
}

#[test]
fn what_is_left_to_do_is_known_of_every_trial() {
    let mut suite = suite(&["prod"], 1);
    suite.scorers.push(judge("kind", Measure::PassFail));
    let kind = |value| Score::new("kind", value);
    let record = record(&suite, &cases(7), |case, _, _| {
        let right = Score::new("right", Value::Pass(true));
        match case {
            0 => None,
            1 => Some(stopped()),
            2 => Some(errored()),
            3 => Some(failed(CRASHED)),
            4 => Some(answered(vec![right])),
            5 => Some(answered(vec![
                right,
                kind(Value::Unscored(Unscored::Refused)),
            ])),
            _ => Some(answered(vec![right, kind(Value::Pass(true))])),
        }
    });
    let kind = || vec!["kind".to_owned()];
    let want = [
        Settled::Unsettled,
        Settled::Unsettled,
        Settled::Errored,
        Settled::Settled,
        Settled::NeedsScores(kind()),
        Settled::Unscored(kind()),
        Settled::Settled,
    ];
    for (ordinal, want) in (0..).zip(want) {
        assert_eq!(record.settled(ordinal), want, "{ordinal}");
    }
    assert_eq!(record.settled(7), Settled::Unsettled);
}

#[test]
fn a_trial_done_again_forgets_its_scores_and_arrival_order_leaves_no_trace() {
    let suite = suite(&["prod"], 1);
    let all = cases(6);
    let plain = record(&suite, &all, |case, _, _| {
        Some(pass(case % 2 == 0).cost(0.1))
    });
    let mut again = record(&suite, &all[..0], |_, _, _| None);
    again = Record::new(Shape {
        extent: plain.shape().extent,
        ..again.shape().clone()
    });
    for case in &all {
        again.add_case(case);
    }
    let apply = |again: &mut Record, ordinal: usize, trial: &Trial| {
        for (event, line) in lines(ordinal as u64, &all[ordinal].id, "prod", trial) {
            again.apply(event, &line).unwrap();
        }
    };
    for ordinal in (0..6).rev() {
        apply(&mut again, ordinal, &errored());
        apply(&mut again, ordinal, &unscored());
        apply(&mut again, ordinal, &pass(ordinal % 2 == 0).cost(0.1));
    }
    let (one, other) = (
        findings(&suite, &plain, context()),
        findings(&suite, &again, context()),
    );
    assert_eq!(one, other);
    apply(&mut again, 0, &answered(Vec::new()));
    assert_eq!(again.settled(0), Settled::NeedsScores(vec!["right".into()]));
}

#[test]
fn rows_stand_in_the_order_of_ordinals() {
    let suite = suite(&["prod", "next"], 2);
    let record = record(&suite, &cases(2), |case, _, target| {
        Some(match (case, target) {
            (0, _) => pass(true),
            (_, 0) => failed(CRASHED),
            _ => errored(),
        })
    });
    let rows = Rows::new(&suite, &record);
    assert_eq!(rows.head().scorers, ["right"]);
    let second = rows.of_case(1, "c1");
    let shown: Vec<_> = second
        .iter()
        .map(|row| (row.repeat, row.target.as_str(), row.state, row.success))
        .collect();
    assert_eq!(
        shown,
        [
            (0, "prod", "failed", Some(false)),
            (0, "next", "errored", None),
            (1, "prod", "failed", Some(false)),
            (1, "next", "errored", None),
        ]
    );
    assert_eq!(second[1].attempts, 5);
    assert_eq!(second[1].kind.as_deref(), Some("unavailable"));
}

#[test]
fn a_value_of_another_kind_than_its_scorers_is_unscored_and_never_a_number() {
    let mut suite = suite(&["prod"], 1);
    let scale = Some((0.0, 1.0));
    suite.scorers = vec![scorer("style", Measure::Number { scale, pass: None })];
    let findings = found(&suite, &cases(40), |case, _, _| {
        let value = if case == 0 {
            Value::Pass(true)
        } else {
            Value::Number(0.5)
        };
        Some(answered(vec![Score::new("style", value)]))
    });
    assert_eq!(findings.targets[0].unscored, 1);
    let style = &findings.targets[0].metrics[1];
    assert_eq!(style.0, "style");
    assert!(matches!(&style.1.figure, Figure::Estimate(estimate) if estimate.n == 39));
}
