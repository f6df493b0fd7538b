//! What becomes of every state of a trial, and every degenerate case, from journal lines to findings and exit code.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::fault::FaultKind;
use crate::domain::score::{Measure, Score, Unscored, Value};
use crate::domain::suite::{Baseline as Base, Comparison as Sign, DecideOn, Rule, Suite, Term};
use crate::domain::transcript::Failure;

use super::findings::{Finding, Findings, GateFindings, GateOutcome, MetricFigure};
use super::fixture::{
    Trial, answered, cases, errored, failed, found, gate, judge, pairs, pass, scorer, stopped,
    suite, unscored, with_deadline,
};
use super::verdict::verdict;

fn figure<'a>(findings: &'a Findings, target: usize, name: &str) -> Option<&'a MetricFigure> {
    findings.targets[target]
        .metrics
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, figure)| figure)
}

fn point(findings: &Findings, name: &str) -> Option<f64> {
    let estimate = figure(findings, 0, name)?.figure.estimate()?;
    Some(estimate.point)
}

fn one(trial: impl Fn(usize) -> Trial, n: usize) -> Findings {
    found(&suite(&["prod"], 1), &cases(n), |case, _, _| {
        Some(trial(case))
    })
}

const CRASHED: Failure = Failure::Fault(FaultKind::Crashed);

#[test]
fn errors_never_enter_the_point_and_stay_in_sight() {
    let findings = one(
        |case| if case < 4 { errored() } else { pass(case < 84) },
        100,
    );
    let target = &findings.targets[0];
    assert_eq!(
        (target.trials, target.completed, target.stopped),
        (100, 96, 0)
    );
    assert_eq!(target.errors.get("unavailable"), Some(&4));
    assert_eq!(target.retried, 4);
    let rate = figure(&findings, 0, "success_rate")
        .unwrap()
        .figure
        .estimate()
        .unwrap();
    assert!((rate.point - 80.0 / 96.0).abs() < 1e-12);
    assert!((rate.coverage - 0.96).abs() < 1e-12);
    assert_eq!((rate.worst, rate.best), (Some(0.80), Some(0.84)));
    assert_eq!(verdict(&findings, None).code, 0);
}

#[test]
fn a_rate_that_is_its_bar_by_counting_meets_it_however_sums_are_rounded() {
    let mut suite = suite(&["prod"], 3);
    suite.gates.push(gate("success_rate", Rule::Min(0.85)));
    // 51 of 60 trials in several orders: the mean of the cases' thirds misses 0.85 in some of them.
    for stride in [1, 7, 11, 13, 17, 19, 23] {
        let findings = found(&suite, &cases(20), |case, repeat, _| {
            Some(pass((case * 3 + repeat as usize) * stride % 60 >= 9))
        });
        let gate = &findings.gates[0];
        assert_eq!(gate.outcome, GateOutcome::Passed, "{stride}: {}", gate.why);
        assert!(gate.why.starts_with("85 %"), "{stride}: {}", gate.why);
    }
}

#[test]
fn a_best_case_that_is_the_bar_leaves_a_gate_open() {
    let mut suite = suite(&["prod"], 3);
    suite.limits.max_error_rate = 0.2;
    suite.gates.push(gate("success_rate", Rule::Min(0.85)));
    for stride in [1, 7, 11, 13, 17, 19, 23] {
        let findings = found(&suite, &cases(20), |case, repeat, _| {
            Some(match (case * 3 + repeat as usize) * stride % 60 {
                0..9 => pass(false),
                9..15 => errored(),
                _ => pass(true),
            })
        });
        let gate = &findings.gates[0];
        assert_eq!(
            gate.outcome,
            GateOutcome::Undecided,
            "{stride}: {}",
            gate.why
        );
        assert!(gate.why.ends_with("at best 85 %"), "{stride}: {}", gate.why);
    }
}

#[test]
fn a_finding_and_a_gate_that_rest_on_an_uncalibrated_judge_say_so() {
    let mut suite = suite(&["prod", "next"], 1);
    suite.scorers = vec![judge("right", Measure::PassFail)];
    suite.allow_uncalibrated = true;
    suite.gates.push(gate("success_rate", Rule::Min(0.5)));
    let findings = found(&suite, &cases(100), |case, _, target| {
        Some(pass(case % 10 < 5 + 4 * target))
    });
    let found = &findings.comparisons[0];
    assert_eq!(found.judge, Some("uncalibrated"));
    let behind = ". By an uncalibrated judge: its own error is not in this.";
    assert!(found.sentence.ends_with(behind), "{}", found.sentence);
    let gate = &findings.gates[0];
    assert!(gate.why.ends_with(", judge: uncalibrated"), "{}", gate.why);
}

#[test]
fn agent_failures_count_as_no_success_and_as_fails() {
    let findings = one(
        |case| {
            if case < 2 {
                failed(CRASHED)
            } else {
                pass(true)
            }
        },
        10,
    );
    let target = &findings.targets[0];
    assert_eq!(target.completed, 10);
    assert_eq!(
        target.agent_failures,
        BTreeMap::from([("crashed".to_owned(), 2)])
    );
    assert_eq!(target.missing_rate, 0.0);
    assert_eq!(point(&findings, "success_rate"), Some(0.8));
    assert_eq!(point(&findings, "right"), Some(0.8));
}

#[test]
fn numeric_and_judged_scores_of_a_failure_do_not_apply() {
    let mut suite = suite(&["prod"], 1);
    let number = |pass: Option<&str>| Measure::Number {
        scale: Some((1.0, 5.0)),
        pass: pass.map(str::to_owned),
    };
    suite.scorers = vec![
        scorer("right", Measure::PassFail),
        scorer("style", number(None)),
        judge("kind", Measure::PassFail),
    ];
    let findings = found(&suite, &cases(10), |case, _, _| {
        Some(if case == 0 {
            failed(CRASHED)
        } else {
            answered(vec![
                Score::new("right", Value::Pass(true)),
                Score::new("style", Value::Number(if case < 5 { 4.0 } else { 2.0 })),
                Score::new("kind", Value::Pass(true)),
            ])
        })
    });
    let style = figure(&findings, 0, "style")
        .unwrap()
        .figure
        .estimate()
        .unwrap();
    assert_eq!((style.n, style.coverage), (9, 1.0));
    let kind = figure(&findings, 0, "kind").unwrap();
    assert_eq!(kind.calibration.as_deref(), Some("uncalibrated"));
    assert_eq!(
        kind.figure
            .estimate()
            .map(|estimate| (estimate.n, estimate.point)),
        Some((9, 1.0))
    );
    assert_eq!(point(&findings, "success_rate"), Some(0.9));
    assert_eq!(findings.judges[0].scorer, "kind");
}

#[test]
fn an_unscored_term_leaves_the_success_missing_and_a_failing_one_bounds_it() {
    let mut suite = suite(&["prod"], 1);
    suite.scorers.push(judge("kind", Measure::PassFail));
    let findings = found(&suite, &cases(100), |case, _, _| {
        let kind = match case {
            0 | 1 => Score::unscored("kind", Unscored::Unreadable, "prose"),
            _ => Score::new("kind", Value::Pass(true)),
        };
        Some(answered(vec![
            Score::new("right", Value::Pass(case != 0)),
            kind,
        ]))
    });
    let rate = figure(&findings, 0, "success_rate")
        .unwrap()
        .figure
        .estimate()
        .unwrap();
    // Case 0 fails whatever the judge would have said; case 1 could have gone either way.
    assert_eq!((rate.point, rate.n), (1.0, 98));
    assert_eq!((rate.worst, rate.best), (Some(0.98), Some(0.99)));
    assert_eq!(findings.targets[0].unscored, 2);
    assert_eq!(
        findings.judges[0].unscored.get("verdict unreadable"),
        Some(&2)
    );
}

#[test]
fn a_target_without_one_complete_reply_was_not_evaluated() {
    for trial in [errored(), failed(CRASHED), stopped()] {
        let mut suite = suite(&["prod"], 1);
        suite.gates.push(gate("success_rate", Rule::Min(0.0)));
        let findings = found(&suite, &cases(3), |_, _, _| Some(trial.clone()));
        assert!(findings.targets[0].not_evaluated);
        assert!(point(&findings, "success_rate").is_none());
        assert_eq!(findings.gates[0].outcome, GateOutcome::Undecided);
        assert_eq!(verdict(&findings, None).code, 5);
    }
}

#[test]
fn more_missing_than_allowed_is_five_whatever_the_gates_say() {
    let mut suite = suite(&["prod"], 1);
    suite.gates.push(gate("success_rate", Rule::Min(0.1)));
    let with = |missing: usize, trial: fn() -> Trial| {
        found(&suite, &cases(100), move |case, _, _| {
            Some(if case < missing { trial() } else { pass(true) })
        })
    };
    for trial in [errored, stopped, unscored] {
        let at_limit = with(5, trial);
        assert_eq!(at_limit.gates[0].outcome, GateOutcome::Passed);
        assert_eq!(verdict(&at_limit, None).code, 0);
        let above = with(6, trial);
        assert_eq!(above.gates[0].effect, 5);
        assert_eq!(verdict(&above, None).code, 5);
        assert!((above.targets[0].missing_rate - 0.06).abs() < 1e-12);
    }
    let unheard = found(&suite, &cases(100), |case, _, _| {
        (case > 5).then(|| pass(true))
    });
    assert_eq!(unheard.targets[0].stopped, 6);
    assert_eq!(verdict(&unheard, None).code, 5);
}

#[test]
fn five_comes_before_a_hundred_before_six_before_none() {
    let mut suite = suite(&["prod", "next"], 1);
    suite.gates = vec![gate("success_rate", Rule::Min(0.99))];
    let (cases, trial) = pairs(60, 10, 10, 20);
    let failed = found(&suite, &cases, &trial);
    assert_eq!(verdict(&failed, None).code, 100);
    assert_eq!(verdict(&failed, Some("the budget is spent")).code, 5);
    suite.gates = vec![
        gate("success_rate", Rule::MaxDrop(0.001)),
        gate("success_rate", Rule::Min(0.99)),
    ];
    let both = found(&suite, &cases, &trial);
    assert_eq!(both.gates[0].outcome, GateOutcome::Undecided);
    assert_eq!(verdict(&both, None).code, 100);
}

fn first_gate(findings: &Findings) -> &GateFindings {
    &findings.gates[0]
}

#[test]
fn a_gate_that_missing_trials_could_turn_is_undecided_and_six() {
    let mut suite = suite(&["prod"], 1);
    suite.gates.push(gate("success_rate", Rule::Min(0.80)));
    let with = |passing: usize| {
        found(&suite, &cases(100), move |case, _, _| {
            Some(match case {
                0..=3 => errored(),
                at => pass(at < 4 + passing),
            })
        })
    };
    // 78 of 96 = 81.25 %, at worst 78 %.
    let findings = with(78);
    let gate = first_gate(&findings);
    assert_eq!(gate.outcome, GateOutcome::Undecided);
    assert_eq!((gate.cause.as_deref(), gate.effect), (Some("missing"), 6));
    assert!(
        gate.why
            .contains("4 of 100 trials missing: at worst 78.0 %, at best 82.0 %"),
        "{}",
        gate.why
    );
    assert_eq!(first_gate(&with(80)).outcome, GateOutcome::Passed);
    assert_eq!(first_gate(&with(75)).outcome, GateOutcome::Failed);
}

#[test]
fn a_bar_is_inclusive_and_shown_on_its_true_side() {
    let mut suite = suite(&["prod"], 1);
    suite.gates.push(gate("success_rate", Rule::Min(0.85)));
    let with = |passing: usize| {
        found(&suite, &cases(200), move |case, _, _| {
            Some(pass(case < passing))
        })
    };
    assert_eq!(first_gate(&with(170)).outcome, GateOutcome::Passed);
    assert_eq!(first_gate(&with(170)).gate, "success_rate >= 85 %");
    let below = with(169);
    assert_eq!(first_gate(&below).outcome, GateOutcome::Failed);
    assert!(first_gate(&below).why.starts_with("84.5 % ["));
}

#[test]
fn a_gate_that_asks_for_proof_looks_at_the_bound() {
    let mut suite = suite(&["prod"], 1);
    suite.gates.push(gate("success_rate", Rule::Min(0.80)));
    suite.gates[0].decide_on = DecideOn::Bound;
    let with = |passing: usize| {
        found(&suite, &cases(100), move |case, _, _| {
            Some(pass(case < passing))
        })
    };
    assert_eq!(first_gate(&with(95)).outcome, GateOutcome::Passed);
    let open = with(82);
    assert_eq!(first_gate(&open).cause.as_deref(), Some("precision"));
    assert_eq!(first_gate(&open).effect, 0);
    assert_eq!(first_gate(&with(78)).effect, 6);
    assert_eq!(first_gate(&with(60)).outcome, GateOutcome::Failed);
}

#[test]
fn few_units_and_few_cases_leave_a_bound_undecided() {
    let mut repeated = suite(&["prod"], 3);
    repeated.gates.push(gate("success_rate", Rule::Min(0.5)));
    repeated.gates[0].decide_on = DecideOn::Bound;
    let findings = found(&repeated, &cases(4), |_, _, _| Some(pass(true)));
    assert_eq!(first_gate(&findings).cause.as_deref(), Some("few_units"));
    assert_eq!(first_gate(&findings).effect, 6);
    let mut tagged = suite(&["prod"], 1);
    tagged.gates.push(gate("success_rate", Rule::Min(0.1)));
    tagged.gates[0].decide_on = DecideOn::Bound;
    tagged.gates[0].tags = vec!["refunds".into()];
    let mut some = cases(40);
    for case in &mut some[..9] {
        case.tags = vec!["refunds".into()];
    }
    let findings = found(&tagged, &some, |_, _, _| Some(pass(true)));
    assert_eq!(first_gate(&findings).cause.as_deref(), Some("few_cases"));
    let slice = &findings.targets[0].slices["refunds"];
    assert_eq!(slice.cases, 9);
    let flags = &slice.metrics[0].1.figure.estimate().unwrap().flags;
    assert_eq!(flags, &["few-cases"]);
    // A tag of which nothing was selected cannot be evaluated.
    tagged.gates[0].tags = vec!["nothing".into()];
    let findings = found(&tagged, &some, |_, _, _| Some(pass(true)));
    assert_eq!(verdict(&findings, None).code, 5);
}

#[test]
fn fewer_than_twenty_pairs_never_decide_a_drop() {
    let mut suite = suite(&["prod", "next"], 1);
    suite.gates.push(gate("success_rate", Rule::MaxDrop(0.5)));
    let (nineteen, trial) = pairs(19, 0, 0, 0);
    let findings = found(&suite, &nineteen, trial);
    assert_eq!(first_gate(&findings).cause.as_deref(), Some("few_pairs"));
    assert_eq!(verdict(&findings, None).code, 6);
    let (twenty, trial) = pairs(20, 0, 0, 0);
    let findings = found(&suite, &twenty, trial);
    assert_eq!(first_gate(&findings).outcome, GateOutcome::Passed);
}

#[test]
fn a_judge_without_a_certificate_decides_nothing_unless_allowed() {
    let mut suite = suite(&["prod"], 1);
    suite.scorers = vec![judge("kind", Measure::PassFail)];
    suite.gates = vec![
        gate("kind", Rule::Min(0.5)),
        gate("success_rate", Rule::Min(0.5)),
        gate("latency_p50_ms", Rule::Max(5_000.0)),
    ];
    let run = |suite: &Suite| {
        found(suite, &cases(30), |_, _, _| {
            Some(answered(vec![Score::new("kind", Value::Pass(true))]).took(100.0))
        })
    };
    let strict = run(&suite);
    for gate in &strict.gates[..2] {
        assert_eq!(
            (gate.cause.as_deref(), gate.effect),
            (Some("uncalibrated"), 6)
        );
    }
    assert_eq!(strict.gates[2].outcome, GateOutcome::Passed);
    suite.allow_uncalibrated = true;
    assert!(
        run(&suite)
            .gates
            .iter()
            .all(|gate| gate.outcome == GateOutcome::Passed)
    );
}

#[test]
fn a_baseline_that_is_not_there_yet_is_no_baseline() {
    let mut suite = suite(&["prod"], 1);
    suite.baseline = Base::File("baseline.jsonl".into());
    suite.gates.push(gate("success_rate", Rule::MaxDrop(0.03)));
    let findings = found(&suite, &cases(30), |_, _, _| Some(pass(true)));
    assert_eq!(first_gate(&findings).cause.as_deref(), Some("no_baseline"));
    assert_eq!(first_gate(&findings).effect, 6);
    assert!(findings.comparisons.is_empty());
}

#[test]
fn a_trial_past_its_deadline_is_censored_there() {
    let mut suite = with_deadline(suite(&["prod"], 1), Duration::from_secs(60));
    suite.gates = vec![
        gate("latency_p95_ms", Rule::Max(30_000.0)),
        gate("latency_p95_ms", Rule::Max(90_000.0)),
        gate("latency_p50_ms", Rule::Max(4_000.0)),
    ];
    let findings = found(&suite, &cases(100), |case, _, _| {
        Some(if case < 10 {
            failed(Failure::Deadline).took(60_000.0)
        } else {
            pass(true).took(1_000.0 + case as f64)
        })
    });
    let p95 = figure(&findings, 0, "latency_p95_ms")
        .unwrap()
        .figure
        .estimate()
        .unwrap();
    assert_eq!((p95.point, p95.high), (60_000.0, None));
    assert_eq!(p95.flags, ["censored"]);
    assert_eq!(findings.gates[0].outcome, GateOutcome::Failed);
    assert!(
        findings.gates[0].why.starts_with(">= 60.0 s"),
        "{}",
        findings.gates[0].why
    );
    assert_eq!(findings.gates[1].outcome, GateOutcome::Undecided);
    assert_eq!(findings.gates[2].outcome, GateOutcome::Passed);
}

#[test]
fn a_percentile_that_could_fall_on_a_missing_trial_is_not_passed() {
    let mut suite = suite(&["prod"], 1);
    suite.gates.push(gate("latency_p99_ms", Rule::Max(4_000.0)));
    let findings = found(&suite, &cases(100), |case, _, _| {
        Some(if case < 3 {
            errored()
        } else {
            pass(true).took(100.0)
        })
    });
    let gate = first_gate(&findings);
    assert_eq!((gate.cause.as_deref(), gate.effect), (Some("missing"), 6));
    let p99 = figure(&findings, 0, "latency_p99_ms")
        .unwrap()
        .figure
        .estimate()
        .unwrap();
    assert_eq!((p99.worst, p99.best), (None, Some(100.0)));
}

#[test]
fn missing_above_the_limit_leaves_a_comparison_unclear() {
    let suite = suite(&["prod", "next"], 1);
    let findings = found(&suite, &cases(100), |case, _, target| {
        Some(if target == 1 && case < 6 {
            errored()
        } else {
            pass(target == 0)
        })
    });
    let first = &findings.comparisons[0];
    assert_eq!(first.finding, Some(Finding::Unclear));
    assert!(
        first
            .why
            .as_deref()
            .unwrap()
            .starts_with("missing: 6.0 % of the trials of next, allowed 5 %"),
        "{:?}",
        first.why
    );
    assert_eq!(first.left_out.get("missing"), Some(&6));
}

#[test]
fn missing_trials_that_could_turn_the_sign_leave_it_unclear() {
    let suite = suite(&["prod", "next"], 1);
    // Ten gained and none lost of 96 pairs; four missing of the candidate and four of the baseline.
    let findings = found(&suite, &cases(200), |case, _, target| {
        Some(match (case, target) {
            (0..=9, 1) | (10..=19, 0) => errored(),
            (20..=26, _) => pass(target == 1),
            _ => pass(true),
        })
    });
    let first = &findings.comparisons[0];
    assert!(first.p.unwrap() < 0.05);
    assert_eq!(first.finding, Some(Finding::Unclear));
    assert_eq!(
        first.why.as_deref(),
        Some("missing trials could turn the sign")
    );
}

#[test]
fn no_discordant_pair_can_be_the_same() {
    let suite = suite(&["prod", "next"], 1);
    let (many, trial) = pairs(380, 0, 0, 20);
    let findings = found(&suite, &many, trial);
    let first = &findings.comparisons[0];
    assert_eq!((first.finding, first.p), (Some(Finding::Same), Some(1.0)));
    assert!(
        first
            .sentence
            .starts_with("NEXT and PROD are the same within 3 points: +0.0 ["),
        "{}",
        first.sentence
    );
    assert!(
        first.sentence.ends_with("(90 %), 400 cases."),
        "{}",
        first.sentence
    );
}

#[test]
fn all_zero_differences_with_repeats_have_an_interval_by_the_scale() {
    let suite = suite(&["prod", "next"], 3);
    let findings = found(&suite, &cases(100), |case, _, _| Some(pass(case < 80)));
    let first = &findings.comparisons[0];
    let narrow = first.difference_90.estimate().unwrap();
    assert!((narrow.high.unwrap() - 0.029_513).abs() < 6e-7);
    assert_eq!(first.finding, Some(Finding::Same));
}

#[test]
fn a_constant_difference_is_decided_by_the_sign_flip_alone() {
    let mut suite = suite(&["prod", "next"], 1);
    suite.primary = "style".into();
    let scale = Some((0.0, 10.0));
    suite.scorers = vec![scorer("style", Measure::Number { scale, pass: None })];
    let run = |n: usize| {
        found(&suite, &cases(n), |_, _, target| {
            let value = if target == 0 { 4.0 } else { 6.0 };
            Some(answered(vec![Score::new("style", Value::Number(value))]))
        })
    };
    let many = run(40);
    let first = &many.comparisons[0];
    assert_eq!(first.finding, Some(Finding::Better));
    assert_eq!(first.test, "sign-flip");
    let estimate = first.difference.estimate().unwrap();
    assert_eq!(estimate.no_interval.as_deref(), Some("no variation"));
    let few = run(4);
    assert_eq!(few.comparisons[0].finding, Some(Finding::Unclear));
}

#[test]
fn one_pair_is_unclear_and_says_why() {
    let suite = suite(&["prod", "next"], 1);
    let findings = found(&suite, &cases(1), |_, _, target| Some(pass(target == 1)));
    let first = &findings.comparisons[0];
    assert_eq!(first.why.as_deref(), Some("fewer than 2 pairs"));
}

#[test]
fn candidates_share_a_holm_family_and_secondaries_have_their_own() {
    let suite = suite(&["prod", "next", "third"], 1);
    let findings = found(&suite, &cases(60), |case, _, target| {
        Some(pass(target == 1 || case % 4 != 0).took(100.0))
    });
    let primary: Vec<_> = findings
        .comparisons
        .iter()
        .filter(|c| c.role == "primary")
        .collect();
    assert_eq!(primary.len(), 2);
    assert_eq!(
        (primary[0].adjustment.as_str(), primary[0].tests),
        ("holm", 2)
    );
    assert_eq!(primary[0].p_adjusted, Some(2.0 * primary[0].p.unwrap()));
    assert_eq!(findings.comparisons[0].candidate, "next");
    assert!(
        findings.comparisons[2..]
            .iter()
            .all(|c| c.role == "secondary")
    );
    let latency = findings
        .comparisons
        .iter()
        .find(|c| c.metric == "latency_p50_ms")
        .unwrap();
    assert_eq!(latency.ratio, Some(1.0));
}

#[test]
fn checks_apply_only_to_cases_that_have_some() {
    let mut some = cases(10);
    for case in &mut some[..4] {
        case.checks = vec![serde_json::json!({"kind": "contains"})];
    }
    let suite = suite(&["prod"], 1);
    let findings = found(&suite, &some, |case, _, _| {
        Some(if case == 9 {
            errored()
        } else {
            let mut scores = vec![Score::new("right", Value::Pass(true))];
            if case < 4 {
                scores.push(Score::new("checks", Value::Pass(case != 0)));
            }
            answered(scores)
        })
    });
    let checks = figure(&findings, 0, "checks")
        .unwrap()
        .figure
        .estimate()
        .unwrap();
    assert_eq!((checks.n, checks.point, checks.coverage), (4, 0.75, 1.0));
    assert_eq!(findings.design.success.as_deref(), Some("checks and right"));
    assert_eq!(findings.targets[0].unscored, 0);
}

#[test]
fn a_declared_expression_decides_success() {
    let mut suite = suite(&["prod"], 1);
    let scale = Some((1.0, 5.0));
    suite
        .scorers
        .push(scorer("style", Measure::Number { scale, pass: None }));
    suite.success = Some(vec![Term {
        text: "style >= 4".into(),
        scorer: "style".into(),
        rule: Some((Sign::AtLeast, 4.0)),
    }]);
    suite.gates.push(gate("style >= 4", Rule::Min(0.5)));
    let findings = found(&suite, &cases(20), |case, _, _| {
        Some(answered(vec![
            Score::new("right", Value::Pass(false)),
            Score::new("style", Value::Number(if case < 12 { 4.0 } else { 3.9 })),
        ]))
    });
    assert_eq!(point(&findings, "success_rate"), Some(0.6));
    assert_eq!(findings.gates[0].outcome, GateOutcome::Passed);
}
