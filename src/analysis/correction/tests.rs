use crate::domain::certificate::{Certificate, Counts};
use crate::domain::digest::Digest;
use crate::domain::score::{Measure, Score, Value};
use crate::domain::suite::{Rule, Suite};
use crate::domain::transcript::Failure;
use crate::stats::{Confidence, Labelled, Sample, Scale, Unlabelled, ppi_plus_plus, rogan_gladen};

use super::super::analyse::findings;
use super::super::calibration::rates::DIFFER;
use super::super::findings::Correction as Shown;
use super::super::findings::{Finding, Findings, GateFindings, GateOutcome};
use super::super::fixture::{
    Trial, answered, cases, context, entry, failed, gate, judge, record, suite,
};
use super::super::held::{Held, Human, HumanValue, Instrument, People};
use super::super::record::Record;

const JUDGE: &str = "kind";

/// A suite whose only scorer is a judge that says pass or fail.
fn judged(targets: &[&str], repeats: u32) -> Suite {
    let mut suite = suite(targets, repeats);
    suite.scorers = vec![judge(JUDGE, Measure::PassFail)];
    suite
}

fn said(pass: bool) -> Trial {
    answered(vec![Score::new(JUDGE, Value::Pass(pass))])
}

/// Every third output fails, as people see it; the judge passes one in four of those and fails one in nine of the others.
fn truth(at: usize) -> bool {
    !at.is_multiple_of(3)
}

fn opinion(at: usize) -> bool {
    match truth(at) {
        true => at % 9 != 1,
        false => at.is_multiple_of(4),
    }
}

fn people(said: impl IntoIterator<Item = (u64, bool)>) -> People {
    let human = |pass| Human {
        value: HumanValue::Pass(pass),
        probability: None,
        critiques: Vec::new(),
    };
    let said = said.into_iter().map(|(at, pass)| (at, human(pass)));
    People {
        file: "labels.csv".into(),
        said: said.collect(),
        ..People::default()
    }
}

fn hold(record: &mut Record, certificate: Option<Certificate>, people: Option<People>) {
    let mut held = Held::default();
    held.put(
        JUDGE,
        Instrument {
            certificate,
            people,
        },
    );
    record.hold(held);
}

fn certificate(digest: Digest, conclusion: &str) -> Certificate {
    let mut certificate = Certificate::new(JUDGE);
    certificate.put(entry(digest, conclusion));
    certificate
}

fn own_digest() -> Digest {
    Digest::of(JUDGE.as_bytes())
}

/// What a run of 100 cases says with this certificate, and labels for its first outputs.
fn run(suite: &Suite, certificate: Option<Certificate>, labels: u64) -> Findings {
    let mut record = record(suite, &cases(100), |case, _, _| Some(said(opinion(case))));
    let labelled = people((0..labels).map(|at| (at, truth(at as usize))));
    hold(&mut record, certificate, (labels > 0).then_some(labelled));
    findings(suite, &record, context())
}

fn correction<'a>(found: &'a Findings, metric: &str) -> &'a Shown {
    let metrics = &found.targets[0].metrics;
    let (_, figure) = metrics.iter().find(|(name, _)| name == metric).unwrap();
    figure.correction.as_ref().unwrap()
}

fn bits(pass: impl Fn(usize) -> bool, range: std::ops::Range<usize>) -> Vec<f64> {
    range.map(|at| f64::from(u8::from(pass(at)))).collect()
}

#[test]
fn labels_of_the_runs_outputs_correct_by_ppi_whatever_the_judge() {
    let suite = judged(&["one"], 1);
    let found = run(&suite, None, 40);
    let (human, heard) = (bits(truth, 0..40), bits(opinion, 0..40));
    let rest = bits(opinion, 40..100);
    let labelled = Labelled {
        human: &human,
        judge: &heard,
        weights: None,
        groups: None,
    };
    let unlabelled = Unlabelled {
        judge: &rest,
        groups: None,
    };
    let unit = Some(Scale::UNIT);
    let wanted = ppi_plus_plus(&labelled, &unlabelled, Confidence::NINETY_FIVE, unit).unwrap();
    for metric in [JUDGE, "success_rate"] {
        let shown = correction(&found, metric);
        assert_eq!((shown.method.as_str(), shown.labels), ("ppi++", Some(40)));
        let estimate = shown.estimate.as_ref().unwrap();
        assert_eq!(estimate.point, wanted.estimate.point);
        assert_eq!(estimate.low, wanted.estimate.low());
        assert_eq!(shown.lambda, Some(wanted.lambda));
        assert_eq!((estimate.n, estimate.trials), (100, 100));
        assert!(shown.second.is_none());
    }
    let assumes = correction(&found, JUDGE).assumes.clone().unwrap();
    assert!(assumes.contains("drawn at random"), "{assumes}");
    let one = &found.judges[0];
    assert_eq!(one.calibration, "uncalibrated");
    assert_eq!(one.method, "ppi++");
    assert_eq!(
        one.corrected.as_ref().unwrap().estimate().unwrap().point,
        wanted.estimate.point
    );
    assert!(one.raw.estimate().unwrap().point < 0.7);
}

#[test]
fn without_enough_labels_the_certificate_corrects_and_without_either_nothing_does() {
    let suite = judged(&["one"], 1);
    let found = run(&suite, Some(certificate(own_digest(), "usable")), 19);
    let judged = bits(opinion, 0..100);
    let counts = crate::stats::Detection {
        true_positive: 54,
        false_negative: 6,
        false_positive: 12,
        true_negative: 48,
    };
    let wanted = rogan_gladen(&counts, &Sample::new(&judged), Confidence::NINETY_FIVE).unwrap();
    for metric in [JUDGE, "success_rate"] {
        let shown = correction(&found, metric);
        assert_eq!(shown.method, "rogan-gladen");
        let estimate = shown.estimate.as_ref().unwrap();
        assert_eq!(estimate.point, wanted.unclipped);
        assert_eq!(estimate.low, wanted.estimate.as_ref().unwrap().low());
        assert_eq!(shown.labels, Some(120));
        assert!(shown.assumes.as_deref().unwrap().contains("as it did"));
        assert!((shown.youden_j.unwrap() - 0.7).abs() < 1e-12);
    }
    let one = &found.judges[0];
    assert_eq!(
        (one.calibration.as_str(), one.conclusion.as_deref()),
        ("calibrated", Some("usable"))
    );
    assert_eq!(
        one.certificate.as_ref().unwrap().words,
        "kappa 0.71 [0.62, 0.79], 120 labels"
    );
    for (certificate, words) in [
        (
            None,
            "19 of this run's outputs are labelled, at least 20 are needed; it has no certificate",
        ),
        (
            Some(self::certificate(Digest::of(b"other"), "usable")),
            "its certificate is of another prompt or model",
        ),
    ] {
        let found = run(&suite, certificate, 19);
        let shown = correction(&found, JUDGE);
        assert_eq!(shown.method, "none");
        assert!(shown.why.as_ref().unwrap().contains(words), "{shown:?}");
        assert!(found.judges[0].corrected.is_none());
    }
}

#[test]
fn where_both_corrections_hold_labels_lead_and_a_gap_between_them_is_said() {
    let suite = judged(&["one"], 1);
    let found = run(&suite, Some(certificate(own_digest(), "usable")), 60);
    let shown = correction(&found, JUDGE);
    assert_eq!(shown.method, "ppi++");
    let second = shown.second.as_ref().unwrap();
    assert_eq!(second.method, "rogan-gladen");
    assert!(shown.warnings.is_empty(), "{shown:?}");
    // A certificate from another world: nearly everything that the judge passes there is wrong.
    let mut odd = certificate(own_digest(), "usable");
    odd.entries[0].counts = Some(Counts {
        tp: 400,
        missed: 0,
        fp: 240,
        tn: 160,
    });
    let found = run(&suite, Some(odd), 60);
    let shown = correction(&found, JUDGE);
    assert_eq!(shown.method, "ppi++");
    assert_eq!(shown.warnings, [DIFFER]);
    assert!(
        found
            .warnings
            .iter()
            .any(|said| said == &format!("one: kind: {DIFFER}"))
    );
}

#[test]
fn a_certificate_corrects_by_the_targets_own_counts_where_they_suffice() {
    let suite = judged(&["one"], 1);
    let mut own = certificate(own_digest(), "usable");
    let few = Counts {
        tp: 10,
        missed: 9,
        fp: 0,
        tn: 20,
    };
    let many = Counts {
        tp: 30,
        missed: 10,
        fp: 10,
        tn: 30,
    };
    for (counts, labels) in [(few, 120), (many, 80)] {
        own.entries[0].targets.insert("one".into(), counts);
        let found = run(&suite, Some(own.clone()), 0);
        assert_eq!(correction(&found, JUDGE).labels, Some(labels));
    }
    for (counts, words) in [
        (few, "19 labels of pass and 20 of fail"),
        (
            Counts {
                tp: 12,
                missed: 13,
                fp: 10,
                tn: 15,
            },
            "J = 0.08",
        ),
        (
            Counts {
                tp: 20,
                missed: 20,
                fp: 0,
                tn: 40,
            },
            "would be 1.",
        ),
    ] {
        let mut bad = certificate(own_digest(), "usable");
        bad.entries[0].counts = Some(counts);
        let found = run(&suite, Some(bad), 0);
        let why = correction(&found, JUDGE).why.clone().unwrap();
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn an_agents_failures_are_known_and_no_draw_from_its_answers() {
    let suite = judged(&["one"], 1);
    // 20 of 100 never answered; the judge is right about all the others, of which half pass.
    let mut record = record(&suite, &cases(100), |case, _, _| {
        Some(match case < 20 {
            true => failed(Failure::Deadline),
            false => said(case % 2 == 0),
        })
    });
    let labelled = people((20..60).map(|at| (at, at % 2 == 0)));
    hold(&mut record, None, Some(labelled));
    let found = findings(&suite, &record, context());
    let success = correction(&found, "success_rate").estimate.clone().unwrap();
    assert!((success.point - 0.4).abs() < 1e-12, "{success:?}");
    assert_eq!(correction(&found, "success_rate").labels, Some(40));
    // Of the answers alone it is a half.
    let kind = correction(&found, JUDGE).estimate.clone().unwrap();
    assert!((kind.point - 0.5).abs() < 1e-12, "{kind:?}");
    // A certificate knows nothing of trials without an answer.
    hold(&mut record, Some(certificate(own_digest(), "usable")), None);
    let found = findings(&suite, &record, context());
    let why = correction(&found, "success_rate").why.clone().unwrap();
    assert!(
        why.contains("knows nothing of trials that the agent failed"),
        "{why}"
    );
    assert_eq!(correction(&found, JUDGE).method, "rogan-gladen");
}

#[test]
fn people_stand_in_for_the_judge_inside_success_and_for_nothing_else() {
    let mut suite = suite(&["one"], 1);
    suite.scorers.push(judge(JUDGE, Measure::PassFail));
    // The rule fails every second output; the judge passes all, people none.
    let mut record = record(&suite, &cases(80), |case, _, _| {
        Some(answered(vec![
            Score::new("right", Value::Pass(case % 2 == 0)),
            Score::new(JUDGE, Value::Pass(true)),
        ]))
    });
    hold(
        &mut record,
        None,
        Some(people((0..40).map(|at| (at, false)))),
    );
    let found = findings(&suite, &record, context());
    let success = correction(&found, "success_rate").estimate.clone().unwrap();
    assert_eq!(success.point, 0.0, "{success:?}");
    assert!(
        success.high.unwrap() < 0.15,
        "nobody's label is no proof of 0: {success:?}"
    );
    let metrics = &found.targets[0].metrics;
    let (_, right) = metrics.iter().find(|(name, _)| name == "right").unwrap();
    assert_eq!((&right.correction, &right.calibration), (&None, &None));
}

#[test]
fn repeats_and_clusters_hang_together_and_uneven_cases_weigh_alike() {
    let suite = judged(&["one"], 3);
    // Cases 0..40 have three trials and pass, cases 40..80 have one and fail; the judge is always right.
    let trial = |case: usize, repeat: u32, _: usize| {
        let there = case < 40 || repeat == 0;
        Some(match there {
            true => said(case < 40),
            false => super::super::fixture::errored(),
        })
    };
    let mut record = record(&suite, &cases(80), trial);
    // Every second trial, whatever its case.
    let trials = (0..120_u64).chain((40..80).map(|case| 3 * case));
    let labelled = trials.step_by(2).map(|at| (at, at < 120));
    hold(&mut record, None, Some(people(labelled)));
    let found = findings(&suite, &record, context());
    let shown = correction(&found, JUDGE);
    let estimate = shown.estimate.clone().unwrap();
    assert!((estimate.point - 0.5).abs() < 1e-9, "{shown:?}");
    assert_eq!((estimate.n, estimate.trials), (80, 160));
    assert!(estimate.clusters <= 80);
    // A third of the trials are missing: 1/3 of each second case stays, the rest may have gone either way.
    let (worst, best) = (estimate.worst.unwrap(), estimate.best.unwrap());
    let share = 0.5 + 0.5 / 3.0;
    assert!((worst - share * estimate.point).abs() < 1e-12);
    assert!((best - worst - (1.0 - share)).abs() < 1e-12);
}

#[test]
fn outputs_that_were_drawn_more_often_weigh_less() {
    let suite = judged(&["one"], 1);
    let mut record = record(&suite, &cases(100), |case, _, _| Some(said(opinion(case))));
    // What the judge failed was labelled four times as often.
    let drawn = |at: usize| if opinion(at) { 0.2 } else { 0.8 };
    let chosen: Vec<usize> = (0..100)
        .filter(|at| {
            if opinion(*at) {
                at % 5 == 2
            } else {
                at % 5 != 0
            }
        })
        .collect();
    let mut labelled = people(chosen.iter().map(|at| (*at as u64, truth(*at))));
    for (at, human) in &mut labelled.said {
        human.probability = Some(drawn(*at as usize));
    }
    hold(&mut record, None, Some(labelled.clone()));
    let found = findings(&suite, &record, context());
    let of = |pass: fn(usize) -> bool, at: &[usize]| -> Vec<f64> {
        at.iter().map(|at| f64::from(u8::from(pass(*at)))).collect()
    };
    let rest: Vec<usize> = (0..100).filter(|at| !chosen.contains(at)).collect();
    let (human, heard, others) = (of(truth, &chosen), of(opinion, &chosen), of(opinion, &rest));
    let weights: Vec<f64> = chosen.iter().map(|at| 1.0 / drawn(*at)).collect();
    let weighed = Labelled {
        human: &human,
        judge: &heard,
        weights: Some(&weights),
        groups: None,
    };
    let others = Unlabelled {
        judge: &others,
        groups: None,
    };
    let unit = Some(Scale::UNIT);
    let wanted = ppi_plus_plus(&weighed, &others, Confidence::NINETY_FIVE, unit).unwrap();
    let shown = correction(&found, JUDGE);
    let estimate = shown.estimate.as_ref().unwrap();
    assert_eq!(
        (estimate.point, estimate.low),
        (wanted.estimate.point, wanted.estimate.low())
    );
    assert_eq!(shown.assumes, None, "the probabilities are known");
    assert!(
        shown.warnings.is_empty(),
        "they look unlike the others on purpose"
    );
    // Drawn as if at random they would be unlike the others, and that is said.
    for human in labelled.said.values_mut() {
        human.probability = None;
    }
    hold(&mut record, None, Some(labelled));
    let found = findings(&suite, &record, context());
    let shown = correction(&found, JUDGE);
    assert!(
        shown.warnings[0].contains("were the labels drawn at random?"),
        "{shown:?}"
    );
}

#[test]
fn people_may_say_pass_where_the_judge_grades() {
    let mut suite = judged(&["one"], 1);
    let measure = Measure::Number {
        scale: Some((1.0, 5.0)),
        pass: Some(">= 4".into()),
    };
    suite.scorers = vec![judge(JUDGE, measure)];
    suite.gates = vec![gate("kind >= 3", Rule::Min(0.1))];
    let score = |case: usize, _: u32, _: usize| {
        let grade = Value::Number(if opinion(case) { 5.0 } else { 1.0 });
        Some(answered(vec![Score::new(JUDGE, grade)]))
    };
    let mut record = record(&suite, &cases(100), score);
    hold(
        &mut record,
        None,
        Some(people((0..40).map(|at| (at, truth(at as usize))))),
    );
    let found = findings(&suite, &record, context());
    let by_rule = correction(&found, "kind >= 4").estimate.clone().unwrap();
    let passes = run(&judged(&["one"], 1), None, 40);
    assert_eq!(
        by_rule.point,
        correction(&passes, JUDGE).estimate.as_ref().unwrap().point
    );
    let why = |metric: &str| correction(&found, metric).why.clone().unwrap();
    assert!(
        why(JUDGE).contains("say pass or fail, and no grade"),
        "{}",
        why(JUDGE)
    );
    // Another bar than the judge's own is another question.
    assert!(
        why("kind >= 3").starts_with("0 of this run's outputs"),
        "{}",
        why("kind >= 3")
    );
}

#[test]
fn grades_are_corrected_as_means_and_by_their_rule() {
    let mut suite = judged(&["one"], 1);
    let measure = Measure::Number {
        scale: Some((1.0, 5.0)),
        pass: Some(">= 4".into()),
    };
    suite.scorers = vec![judge(JUDGE, measure)];
    // The judge says a grade too much.
    let grade = |case: usize| 1.0 + (case % 4) as f64;
    let score = |case: usize, _: u32, _: usize| {
        let said = Value::Number(grade(case) + 1.0);
        Some(answered(vec![Score::new(JUDGE, said)]))
    };
    let mut record = record(&suite, &cases(100), score);
    let said = (0..40_u64).map(|at| {
        let value = HumanValue::Rating(grade(at as usize));
        let human = Human {
            value,
            probability: None,
            critiques: Vec::new(),
        };
        (at, human)
    });
    let people = People {
        said: said.collect(),
        ..People::default()
    };
    hold(
        &mut record,
        Some(certificate(own_digest(), "usable")),
        Some(people),
    );
    let found = findings(&suite, &record, context());
    let mean = correction(&found, JUDGE).estimate.clone().unwrap();
    assert!((mean.point - 2.5).abs() < 1e-12, "{mean:?}");
    let rule = correction(&found, "kind >= 4");
    assert!(
        (rule.estimate.as_ref().unwrap().point - 0.25).abs() < 0.05,
        "{rule:?}"
    );
    let second = |shown: &Shown| shown.second.as_ref().map(|one| one.method.clone());
    assert_eq!(second(rule).as_deref(), Some("rogan-gladen"));
    assert_eq!(
        second(correction(&found, JUDGE)),
        None,
        "grades are no passes"
    );
}

// --- gates -------------------------------------------------------------------------------------------------------------------------

fn gated(
    metric: &str,
    rule: Rule,
    allow: bool,
    certificate: Option<Certificate>,
    labels: u64,
) -> GateFindings {
    let mut suite = judged(&["one"], 1);
    suite.gates = vec![gate(metric, rule)];
    suite.allow_uncalibrated = allow;
    run(&suite, certificate, labels).gates.remove(0)
}

#[test]
fn a_gate_leans_on_a_judge_only_as_far_as_it_may() {
    let own = |conclusion| Some(certificate(own_digest(), conclusion));
    let other = || Some(certificate(Digest::of(b"other"), "usable"));
    for metric in [JUDGE, "success_rate"] {
        let cause = |allow, certificate, labels| {
            let gate = gated(metric, Rule::Min(0.2), allow, certificate, labels);
            let wanted = match gate.cause {
                Some(_) => (GateOutcome::Undecided, 6),
                None => (GateOutcome::Passed, 0),
            };
            assert_eq!((gate.outcome, gate.effect), wanted, "{gate:?}");
            gate.cause.unwrap_or_default()
        };
        for (allow, certificate, wanted) in [
            (false, None, "uncalibrated"),
            (true, None, ""),
            (false, other(), "stale"),
            (true, other(), "stale"),
            (false, own("not_shown_usable"), "not_usable"),
            (true, own("not_shown_usable"), "not_usable"),
            (false, own("too_few_labels"), "not_usable"),
            (true, own("too_few_labels"), ""),
            (false, own("usable"), ""),
        ] {
            assert_eq!(
                cause(allow, certificate.clone(), 0),
                wanted,
                "{metric} {allow}"
            );
            // With people's labels of this very run no judge needs to be believed.
            assert_eq!(cause(allow, certificate, 40), "", "{metric} {allow}");
        }
    }
    // What labels do not correct they do not lift.
    let tried = gated("pass^1", Rule::Min(0.2), false, None, 40);
    assert_eq!(tried.cause.as_deref(), Some("uncalibrated"));
}

#[test]
fn a_gate_decides_on_the_corrected_figure() {
    let suite = judged(&["one"], 1);
    let found = run(&suite, None, 40);
    let raw = found.judges[0].raw.estimate().unwrap().point;
    let corrected = correction(&found, JUDGE).estimate.as_ref().unwrap().point;
    assert!((corrected - raw).abs() > 0.01, "{raw} {corrected}");
    let between = f64::midpoint(raw, corrected);
    let gate = gated(JUDGE, Rule::Min(between), false, None, 40);
    let wanted = match corrected > between {
        true => GateOutcome::Passed,
        false => GateOutcome::Failed,
    };
    assert_eq!(gate.outcome, wanted, "{gate:?}");
    assert!(
        gate.why.contains("corrected by ppi++ (judge: "),
        "{}",
        gate.why
    );
    assert_eq!(gate.observed.unwrap().estimate().unwrap().point, corrected);
    // The same by certificate.
    let own = Some(certificate(own_digest(), "usable"));
    let by_certificate = run(&suite, own.clone(), 0);
    let corrected = correction(&by_certificate, JUDGE)
        .estimate
        .as_ref()
        .unwrap()
        .point;
    let gate = gated(JUDGE, Rule::Min(corrected), false, own, 0);
    assert_eq!(gate.outcome, GateOutcome::Passed);
    assert!(
        gate.why.contains("corrected by rogan-gladen"),
        "{}",
        gate.why
    );
}

// --- differences -------------------------------------------------------------------------------------------------------------------

/// Two targets of 120 cases; the judge is in love with the second, people are not.
fn two(labels: Option<u64>, certificate: Option<Certificate>, gates: Vec<Rule>) -> Findings {
    let mut suite = judged(&["prod", "next"], 1);
    suite.gates = gates
        .into_iter()
        .map(|rule| gate("success_rate", rule))
        .collect();
    let trial = |case: usize, _: u32, target: usize| {
        Some(said(match target {
            0 => case.is_multiple_of(2),
            _ => case.is_multiple_of(2) || case % 4 == 1,
        }))
    };
    let mut record = record(&suite, &cases(120), trial);
    let people = labels.map(|labels| {
        // People see no difference.
        people((0..2 * labels).map(|at| (at, at / 2 % 2 == 0)))
    });
    hold(&mut record, certificate, people);
    findings(&suite, &record, context())
}

#[test]
fn a_difference_that_people_do_not_see_is_no_finding() {
    let plain = two(None, None, Vec::new());
    let primary = &plain.comparisons[0];
    assert_eq!(primary.finding, Some(Finding::Better), "{primary:?}");
    let corrected = primary.corrected.as_ref().unwrap();
    assert_eq!(corrected.method, "none");
    assert!(
        corrected
            .why
            .as_ref()
            .unwrap()
            .contains("names no `labels`"),
        "{corrected:?}"
    );

    let labelled = two(Some(60), None, vec![Rule::MaxDrop(0.2)]);
    let primary = &labelled.comparisons[0];
    let corrected = primary.corrected.as_ref().unwrap();
    assert_eq!(
        (corrected.method.as_str(), corrected.labels),
        ("ppi++", Some(60))
    );
    assert_ne!(primary.finding, Some(Finding::Better), "{primary:?}");
    assert_eq!(
        primary.difference.estimate().unwrap().point,
        0.25,
        "the judge's opinion stays"
    );
    assert!(
        corrected
            .difference
            .as_ref()
            .unwrap()
            .estimate()
            .unwrap()
            .point
            .abs()
            < 0.1
    );
    assert_eq!(primary.p, corrected.p);
    assert!(primary.checks["raw_p"] < 0.001);
    assert!(
        primary
            .sentence
            .ends_with("Corrected by 60 labelled pairs."),
        "{}",
        primary.sentence
    );
    let gate = &labelled.gates[0];
    assert_eq!(gate.cause, None, "{gate:?}");
    assert!(
        gate.why.contains("corrected by ppi++ (judge: +25.0 points"),
        "{}",
        gate.why
    );
    assert!(
        two(None, None, vec![Rule::MaxDrop(0.2)]).gates[0]
            .cause
            .is_some()
    );
}

#[test]
fn missing_trials_are_held_against_a_corrected_difference_as_against_a_raw_one() {
    let mut suite = judged(&["prod", "next"], 1);
    suite.limits.max_error_rate = 0.5;
    suite.gates = [0.2, 0.5]
        .map(|margin| gate(JUDGE, Rule::MaxDrop(margin)))
        .into();
    // Both sides alike, and a quarter of the candidate's trials never came.
    let trial = |case: usize, _: u32, target: usize| {
        Some(match target == 1 && case >= 90 {
            true => super::super::fixture::errored(),
            false => said(opinion(case)),
        })
    };
    let mut record = record(&suite, &cases(120), trial);
    let labelled = people((0..120).map(|at| (at, truth(at as usize / 2))));
    hold(&mut record, None, Some(labelled));
    let found = findings(&suite, &record, context());
    assert_eq!(found.comparisons[1].metric, JUDGE);
    let corrected = found.comparisons[1].corrected.as_ref().unwrap();
    assert_eq!(corrected.method, "ppi++");
    let ends = |at: usize| (found.gates[at].outcome, found.gates[at].cause.clone());
    // At worst a quarter of what passed on the other side is lost: more than 20 points are not ruled out, 50 are.
    assert_eq!(
        ends(0),
        (GateOutcome::Undecided, Some("missing".to_owned()))
    );
    assert_eq!(ends(1), (GateOutcome::Passed, None));
}

#[test]
fn a_certificate_widens_a_difference_and_leaves_its_test() {
    let plain = two(None, None, Vec::new());
    let own = certificate(own_digest(), "usable");
    let found = two(Some(19), Some(own), Vec::new());
    let (raw, primary) = (&plain.comparisons[0], &found.comparisons[0]);
    let corrected = primary.corrected.as_ref().unwrap();
    assert_eq!(corrected.method, "rogan-gladen");
    let estimate = corrected.difference.as_ref().unwrap().estimate().unwrap();
    assert!((estimate.point - 0.25 / 0.7).abs() < 1e-12);
    assert_eq!((primary.p, primary.finding), (raw.p, raw.finding));
    assert!(
        primary
            .sentence
            .contains("assumes the judge errs alike on both sides"),
        "{}",
        primary.sentence
    );
    // Both routes.
    let own = certificate(own_digest(), "usable");
    let both = two(Some(60), Some(own), Vec::new());
    let corrected = both.comparisons[0].corrected.as_ref().unwrap();
    assert_eq!(corrected.method, "ppi++");
    assert_eq!(corrected.second.as_ref().unwrap().method, "rogan-gladen");
}

#[test]
fn pairs_that_people_labelled_on_one_side_only_do_not_count() {
    let mut suite = judged(&["prod", "next"], 1);
    suite.gates = Vec::new();
    let mut record = record(&suite, &cases(60), |case, _, _| Some(said(opinion(case))));
    // Only the candidate's outputs.
    let labelled = people((0..60).map(|case| (2 * case + 1, true)));
    hold(&mut record, None, Some(labelled));
    let found = findings(&suite, &record, context());
    let corrected = found.comparisons[0].corrected.as_ref().unwrap();
    let why = corrected.why.as_ref().unwrap();
    assert!(
        why.contains("0 pairs of this comparison are labelled on both sides"),
        "{why}"
    );
    assert_eq!(correction(&found, JUDGE).method, "none");
    let next = &found.targets[1].metrics;
    let (_, figure) = next.iter().find(|(name, _)| name == JUDGE).unwrap();
    let estimate = figure
        .correction
        .as_ref()
        .unwrap()
        .estimate
        .as_ref()
        .unwrap();
    assert_eq!(
        estimate.point, 1.0,
        "every output is labelled: labels alone"
    );
}
