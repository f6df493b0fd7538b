//! The worked examples of STATISTICS 10, from journal lines to findings.

use crate::domain::score::{Measure, Score, Value};
use crate::domain::suite::{OnUnclear, Rule, Suite};

use super::findings::{Estimate, Figure, Finding, Findings, GateOutcome};
use super::fixture::{
    answered, cases, facts, found, gate, near, pairs, pass, record, scorer, suite,
};
use super::verdict::verdict;

fn metric<'a>(findings: &'a Findings, target: usize, name: &str) -> &'a Estimate {
    let figure = findings.targets[target]
        .metrics
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, figure)| &figure.figure);
    match figure {
        Some(Figure::Estimate(estimate)) => estimate,
        other => panic!("{name}: {other:?}"),
    }
}

fn shows(estimate: &Estimate, point: f64, low: f64, high: f64) {
    near(Some(estimate.point), point);
    near(estimate.low, low);
    near(estimate.high, high);
}

fn passed_of(passed: usize, n: usize) -> Findings {
    found(&suite(&["prod"], 1), &cases(n), |case, _, _| {
        Some(pass(case < passed))
    })
}

#[test]
fn one_wilson() {
    for (passed, n, low, high) in [
        (17, 20, 0.639_581, 0.947_631),
        (126, 150, 0.772_960, 0.890_060),
        (20, 20, 0.838_875, 1.0),
    ] {
        let findings = passed_of(passed, n);
        let rate = metric(&findings, 0, "success_rate");
        shows(rate, passed as f64 / n as f64, low, high);
        assert_eq!(rate.method, "wilson");
        assert_eq!(rate.passed, Some(passed as u64));
        assert_eq!(
            (rate.worst, rate.best),
            (Some(rate.point), Some(rate.point))
        );
    }
}

const OF_THREE: [u32; 8] = [3, 3, 2, 3, 0, 1, 3, 2];

#[test]
fn two_repeats_clusters_and_all_pass() {
    let suite = suite(&["prod"], 3);
    let plain = found(&suite, &cases(8), |case, repeat, _| {
        Some(pass(repeat < OF_THREE[case]))
    });
    let rate = metric(&plain, 0, "success_rate");
    shows(rate, 0.708_333, 0.374_253, 0.907_930);
    assert_eq!((rate.n, rate.trials, rate.clusters), (8, 24, 8));
    assert_eq!(rate.method, "wilson-clustered");
    let mut clustered = cases(8);
    for (case, cluster) in clustered.iter_mut().zip([1, 1, 2, 2, 3, 3, 4, 5]) {
        case.cluster = Some(format!("k{cluster}"));
    }
    let clustered = found(&suite, &clustered, |case, repeat, _| {
        Some(pass(repeat < OF_THREE[case]))
    });
    let rate = metric(&clustered, 0, "success_rate");
    shows(rate, 0.708_333, 0.238_888, 0.949_473);
    assert_eq!(rate.flags, ["few-clusters"]);
    assert_eq!(clustered.design.clusters, Some(5));
    let all = found(&suite, &cases(8), |_, _, _| Some(pass(true)));
    let rate = metric(&all, 0, "success_rate");
    shows(rate, 1.0, 0.588_605, 1.0);
}

fn compared(suite: &Suite, table: (usize, usize, usize, usize)) -> Findings {
    let (cases, trial) = pairs(table.0, table.1, table.2, table.3);
    found(suite, &cases, trial)
}

#[test]
fn three_interval_and_test_disagree() {
    let findings = compared(&suite(&["prod", "next"], 1), (24, 9, 2, 5));
    let first = &findings.comparisons[0];
    assert_eq!(
        (first.role.as_str(), first.test.as_str()),
        ("primary", "mcnemar-exact")
    );
    near(first.p, 0.065_430);
    shows(
        first.difference.estimate().unwrap(),
        0.175,
        0.010_933,
        0.329_917,
    );
    shows(
        first.difference_90.estimate().unwrap(),
        0.175,
        0.037_528,
        0.306_043,
    );
    assert_eq!(first.finding, Some(Finding::Unclear));
    assert_eq!(first.flipped.gained_at, (24..33).collect::<Vec<u64>>());
    assert_eq!(first.flipped.lost_at, [33, 34]);
}

fn with_drop(on_unclear: OnUnclear) -> Suite {
    let mut suite = suite(&["prod", "next"], 1);
    suite.gates.push(gate("success_rate", Rule::MaxDrop(0.03)));
    suite.on_unclear = on_unclear;
    suite
}

#[test]
fn four_non_inferiority_passes_stays_open_and_fails() {
    let point = with_drop(OnUnclear::Point);
    let held = compared(&point, (170, 6, 3, 21));
    let gate = &held.gates[0];
    let observed = gate.observed.as_ref().and_then(Figure::estimate).unwrap();
    shows(observed, 0.015, -0.012_076, 0.043_163);
    assert_eq!((gate.outcome, gate.effect), (GateOutcome::Passed, 0));
    assert_eq!(
        gate.why,
        "at worst 1.3 points lower (95 % sure), allowed 3.0"
    );
    assert_eq!(verdict(&held, None).code, 0);

    let open = compared(&point, (166, 5, 9, 20));
    let gate = &open.gates[0];
    let observed = gate.observed.as_ref().and_then(Figure::estimate).unwrap();
    shows(observed, -0.02, -0.053_517, 0.012_521);
    assert_eq!((gate.outcome, gate.effect), (GateOutcome::Undecided, 0));
    assert_eq!(gate.cause.as_deref(), Some("precision"));
    assert_eq!(verdict(&open, None).code, 0);
    assert!(open.warnings[0].starts_with("undecided: success_rate drop <= 3 points"));
    let strict = compared(&with_drop(OnUnclear::Fail), (166, 5, 9, 20));
    assert_eq!(strict.gates[0].effect, 6);
    assert_eq!(verdict(&strict, None).code, 6);

    let lost = compared(&point, (150, 6, 26, 18));
    let gate = &lost.gates[0];
    let observed = gate.observed.as_ref().and_then(Figure::estimate).unwrap();
    shows(observed, -0.10, -0.147_038, -0.054_409);
    assert_eq!((gate.outcome, gate.effect), (GateOutcome::Failed, 100));
    assert_eq!(verdict(&lost, None).code, 100);
    let comparison = &lost.comparisons[0];
    shows(
        comparison.difference.estimate().unwrap(),
        -0.10,
        -0.156_432,
        -0.045_561,
    );
    near(comparison.p, 0.000_535);
    assert_eq!(comparison.finding, Some(Finding::Worse));
    assert_eq!(
        comparison.sentence,
        "NEXT is worse than PROD: success -10.0 points [-15.7, -4.5], 200 cases, p = 0.00054."
    );
}

#[test]
fn five_needs_n_of_difference_and_gate() {
    let open = compared(&with_drop(OnUnclear::Point), (166, 5, 9, 20));
    assert_eq!(open.comparisons[0].finding, Some(Finding::Unclear));
    assert_eq!(open.comparisons[0].needs_n, Some(645));
    assert_eq!(
        open.comparisons[0].sentence,
        "Unclear: -2.0 points [-6.1, +2.0], 200 cases; to see 3 points takes about 645 cases (445 more)."
    );
    assert_eq!(open.gates[0].needs_n, Some(508));
    assert_eq!(
        open.gates[0].why,
        "at worst 5.4 points lower (95 % sure), allowed 3.0; about 508 cases would tell"
    );
}

#[test]
fn six_pass_hat_three_of_five() {
    let mut suite = suite(&["prod"], 5);
    suite.gates.push(gate("pass^3", Rule::Min(0.5)));
    let of_five = [5, 5, 4, 3, 0];
    let findings = found(&suite, &cases(5), |case, repeat, _| {
        Some(pass(repeat < of_five[case]))
    });
    shows(metric(&findings, 0, "pass^3"), 0.5, 0.117_083, 0.882_917);
    assert_eq!(findings.gates[0].outcome, GateOutcome::Passed);
}

const COSTS: [f64; 8] = [0.020, 0.030, 0.025, 0.040, 0.010, 0.025, 0.020, 0.030];

#[test]
fn eight_cost_per_success() {
    let suite = suite(&["prod"], 1);
    let eight = [true, true, false, true, true, true, true, true];
    let all = found(&suite, &cases(8), |case, _, _| {
        Some(pass(eight[case]).cost(COSTS[case]))
    });
    let cost = metric(&all, 0, "cost_per_success");
    shows(cost, 0.028_571, 0.018_122, 0.046_382);
    assert_eq!(cost.method, "fieller");
    let six = [true, true, false, true, true, false];
    let fewer = found(&suite, &cases(6), |case, _, _| {
        Some(pass(six[case]).cost(COSTS[case]))
    });
    let cost = metric(&fewer, 0, "cost_per_success");
    shows(cost, 0.037_500, 0.016_709, 0.204_393);
}

#[test]
fn nine_order_statistics() {
    let suite = suite(&["prod"], 1);
    // The latency of the r-th fastest case is r milliseconds, so that an interval's ends are ranks.
    let timed = |n: usize| {
        found(&suite, &cases(n), |case, _, _| {
            Some(pass(true).took(1.0 + ((case * 37) % n) as f64))
        })
    };
    let hundred = timed(100);
    let p50 = metric(&hundred, 0, "latency_p50_ms");
    assert_eq!((p50.low, p50.high), (Some(40.0), Some(61.0)));
    let p95 = metric(&hundred, 0, "latency_p95_ms");
    assert_eq!((p95.low, p95.high), (Some(90.0), Some(100.0)));
    assert_eq!(p95.method, "order-statistic");
    let fifty = timed(50);
    let p95 = metric(&fifty, 0, "latency_p95_ms");
    assert_eq!((p95.low, p95.high), (Some(44.0), None));
}

#[test]
fn a_numeric_score_has_a_t_interval_cut_to_its_scale() {
    let mut suite = suite(&["prod"], 1);
    let scale = Some((1.0, 5.0));
    suite.scorers = vec![scorer("style", Measure::Number { scale, pass: None })];
    let values = [5.0, 5.0, 5.0, 1.0];
    let findings = found(&suite, &cases(4), |case, _, _| {
        Some(answered(vec![Score::new(
            "style",
            Value::Number(values[case]),
        )]))
    });
    let style = metric(&findings, 0, "style");
    assert_eq!(
        (style.point, style.high, style.method.as_str()),
        (4.0, Some(5.0), "t")
    );
    assert!(style.low.unwrap() < 4.0);
    // No scorer decides success here.
    assert_eq!(findings.design.success, None);
    assert!(matches!(
        &findings.targets[0].metrics[0].1.figure,
        Figure::Undefined { undefined, .. } if undefined == "no scorer decides success"
    ));
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let suite = suite(&["prod", "next"], 2);
    let trial = |case: usize, repeat: u32, target: usize| {
        let right = !(case * 7 + repeat as usize * 3 + target).is_multiple_of(5);
        Some(pass(right).took(50.0 + (case * 13 % 29) as f64).cost(0.01))
    };
    let record = record(&suite, &cases(24), trial);
    let json = |threads: usize| {
        let context = super::analyse::Context {
            run: facts(),
            threads: std::num::NonZeroUsize::new(threads).unwrap(),
            baseline_file: None,
        };
        let findings = super::analyse::findings(&suite, &record, context);
        serde_json::to_string(&findings).unwrap()
    };
    assert_eq!(json(1), json(1));
    assert_eq!(json(1), json(3));
}
