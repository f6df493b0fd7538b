//! What is said of a scorer that names classes: the share of each, and what gates and comparisons make of it.

use super::findings::{Figure, Findings, GateOutcome};
use super::fixture::{answered, cases, found, gate, judge, suite};
use crate::domain::score::{Measure, Score, Unscored, Value};
use crate::domain::suite::Rule;

fn tone(pass: &[&str]) -> Measure {
    Measure::Label {
        classes: ["kind", "cool", "rude"].map(str::to_owned).to_vec(),
        pass: pass.iter().map(|class| (*class).to_owned()).collect(),
    }
}

/// 40 cases: 20 kind, 10 cool, 8 rude, 2 that could not be read.
fn run(pass: &[&str], gates: &[(&str, Rule)]) -> Findings {
    let mut suite = suite(&["prod", "next"], 1);
    suite.scorers = vec![judge("tone", tone(pass))];
    suite.gates = gates.iter().map(|(name, rule)| gate(name, *rule)).collect();
    suite.allow_uncalibrated = true;
    suite.limits.max_error_rate = 0.10;
    found(&suite, &cases(40), |case, _, _| {
        let value = match case {
            0..20 => Value::Label("kind".into()),
            20..30 => Value::Label("cool".into()),
            30..38 => Value::Label("rude".into()),
            _ => Value::Unscored(Unscored::Unreadable),
        };
        Some(answered(vec![Score::new("tone", value)]))
    })
}

fn shown<'a>(findings: &'a Findings, metric: &str) -> Option<&'a super::findings::Estimate> {
    let metrics = &findings.targets[0].metrics;
    let (_, figure) = metrics.iter().find(|(name, _)| name == metric)?;
    match &figure.figure {
        Figure::Estimate(estimate) => Some(estimate),
        Figure::Undefined { .. } => None,
    }
}

#[test]
fn each_class_has_its_share_with_interval_and_coverage() {
    let findings = run(&[], &[]);
    for (metric, count) in [
        ("tone == kind", 20.0),
        ("tone == cool", 10.0),
        ("tone == rude", 8.0),
    ] {
        let share = shown(&findings, metric).unwrap();
        assert!((share.point - count / 38.0).abs() < 1e-12, "{metric}");
        assert_eq!((share.n, share.method.as_str()), (38, "wilson"));
        assert!(share.low.unwrap() < share.point && share.point < share.high.unwrap());
        assert!((share.coverage - 38.0 / 40.0).abs() < 1e-12);
    }
    assert!(
        shown(&findings, "tone").is_none(),
        "no class is said to pass"
    );
    let opinion = &findings.judges[0];
    assert!(
        matches!(&opinion.raw, Figure::Undefined { undefined, .. } if undefined.contains("no pass"))
    );
    assert_eq!(opinion.unscored["verdict unreadable"], 2);
    let compared = |findings: &Findings, metric: &str| {
        findings.comparisons.iter().any(|one| one.metric == metric)
    };
    assert!(
        !compared(&findings, "tone == rude"),
        "nobody says which is better"
    );
    assert!(compared(&run(&["kind"], &[]), "tone == rude"));
}

#[test]
fn classes_that_pass_decide_success_and_gates() {
    let gates = [
        ("tone", Rule::Min(0.5)),
        ("tone == rude", Rule::Max(0.30)),
        ("tone == rude", Rule::Max(0.22)),
        ("tone == rude", Rule::Max(0.20)),
    ];
    let findings = run(&["kind", "cool"], &gates);
    let pass = shown(&findings, "tone").unwrap();
    assert!((pass.point - 30.0 / 38.0).abs() < 1e-12);
    assert_eq!(shown(&findings, "success_rate").unwrap().point, pass.point);
    assert_eq!(findings.design.success.as_deref(), Some("tone"));
    let next: Vec<_> = findings
        .gates
        .iter()
        .filter(|gate| gate.target == "next")
        .collect();
    assert_eq!(next[0].outcome, GateOutcome::Passed);
    assert_eq!(
        next[1].outcome,
        GateOutcome::Passed,
        "8 of 38 is below 30 %, so are 10 of 40"
    );
    assert_eq!(
        next[2].outcome,
        GateOutcome::Undecided,
        "8 of 38 is below 22 %, 10 of 40 are not"
    );
    assert_eq!(next[2].cause.as_deref(), Some("missing"));
    assert_eq!(
        next[3].outcome,
        GateOutcome::Undecided,
        "8 of 40 would still be 20 %"
    );
}
