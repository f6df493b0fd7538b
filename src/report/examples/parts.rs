//! What examples are put together from.

use std::collections::BTreeMap;

use crate::analysis::findings::{
    Comparison, Design, Estimate, Figure, Finding, Flipped, GateFindings, GateOutcome,
    MetricFigure, RunFacts, TargetFindings, Unit,
};
use crate::domain::event::Spent;
use crate::domain::message::Usage;

/// A rate with its Wilson-like ends, given as percents.
pub(super) fn rate(point: f64, low: f64, high: f64, n: u64) -> Estimate {
    Estimate {
        point: point / 100.0,
        low: Some(low / 100.0),
        high: Some(high / 100.0),
        confidence: 0.95,
        n,
        trials: n,
        clusters: n,
        coverage: 1.0,
        worst: Some(point / 100.0),
        best: Some(point / 100.0),
        method: "wilson".into(),
        flags: Vec::new(),
        passed: None,
        no_interval: None,
    }
}

/// A mean or percentile in its own unit, without bounds.
pub(super) fn mean(point: f64, low: f64, high: f64, n: u64) -> Estimate {
    Estimate {
        point,
        low: Some(low),
        high: Some(high),
        worst: None,
        best: None,
        method: "t".into(),
        ..rate(0.0, 0.0, 0.0, n)
    }
}

pub(super) fn passed(passed: u64, n: u64, low: f64, high: f64) -> Estimate {
    Estimate {
        passed: Some(passed),
        ..rate(passed as f64 / n as f64 * 100.0, low, high, n)
    }
}

pub(super) fn of(unit: Unit, estimate: Estimate) -> MetricFigure {
    MetricFigure {
        unit,
        figure: Figure::Estimate(estimate),
        calibration: None,
        correction: None,
    }
}

pub(super) fn undefined(unit: Unit, why: &str) -> MetricFigure {
    MetricFigure {
        unit,
        figure: Figure::Undefined {
            undefined: why.into(),
            n: 0,
        },
        calibration: None,
        correction: None,
    }
}

pub(super) fn judged(estimate: Estimate) -> MetricFigure {
    MetricFigure {
        calibration: Some("uncalibrated".into()),
        ..of(Unit::Rate, estimate)
    }
}

pub(super) fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

pub(super) fn named(metrics: Vec<(&str, MetricFigure)>) -> Vec<(String, MetricFigure)> {
    metrics
        .into_iter()
        .map(|(name, one)| (name.to_owned(), one))
        .collect()
}

pub(super) fn target(id: &str, trials: u64, metrics: Vec<(&str, MetricFigure)>) -> TargetFindings {
    TargetFindings {
        id: id.into(),
        trials,
        completed: trials,
        errors: BTreeMap::new(),
        stopped: 0,
        unscored: 0,
        agent_failures: BTreeMap::new(),
        reused: 0,
        retried: 0,
        success_without_retried: None,
        cut_by_length: 0,
        not_evaluated: false,
        missing_rate: 0.0,
        metrics: named(metrics),
        slices: BTreeMap::new(),
    }
}

pub(super) fn run(suite: &str, id: &str) -> RunFacts {
    RunFacts {
        id: id.into(),
        suite: suite.into(),
        status: "complete".into(),
        resumed: false,
        started: "2026-11-22T09:58:41Z".into(),
        took_s: 251.4,
        seed: 7,
        digests: [
            ("dataset", "7f3a9c41d0e2b6a87f3a9c41d0e2b6a8"),
            ("suite", "02b7e61c55aa90f102b7e61c55aa90f1"),
            ("target:prod", "9d11f0e2a7c3b4559d11f0e2a7c3b455"),
            ("target:next", "c2a45b7708e1d3f6c2a45b7708e1d3f6"),
        ]
        .map(|(name, digest)| (name.to_owned(), digest.to_owned()))
        .into(),
        spent: Spent {
            usd: 0.964,
            tokens: Usage {
                input: 412_300,
                output: 96_120,
                ..Usage::default()
            },
            calls: 966,
            ..Spent::default()
        },
        budget: Default::default(),
        limit: None,
        source: None,
        directory: format!("runs/{id}"),
        parent: None,
    }
}

pub(super) fn design(cases: u64, repeats: u32) -> Design {
    Design {
        cases,
        repeats,
        clusters: None,
        success: Some("cites-policy and helpful >= 4".into()),
        primary: "success_rate".into(),
        baseline: Some("prod".into()),
        max_error_rate: 0.05,
    }
}

pub(super) fn comparison(metric: &str, difference: Estimate, sentence: &str) -> Comparison {
    Comparison {
        baseline: "prod".into(),
        candidate: "next".into(),
        metric: metric.into(),
        unit: Unit::Rate,
        more_is_better: true,
        role: "primary".into(),
        tag: None,
        pairs: difference.n,
        left_out: BTreeMap::new(),
        difference_90: Figure::Estimate(Estimate {
            confidence: 0.9,
            ..difference.clone()
        }),
        difference: Figure::Estimate(difference),
        corrected: None,
        judge: None,
        ratio: None,
        test: "paired-t".into(),
        p: Some(0.78),
        p_adjusted: Some(0.78),
        adjustment: "none".into(),
        tests: 1,
        finding: Some(Finding::Unclear),
        why: None,
        noise: Some(0.03),
        needs_n: Some(640),
        flipped: Flipped::default(),
        sentence: sentence.into(),
        checks: BTreeMap::new(),
    }
}

pub(super) fn gate(
    rule: &str,
    metric: &str,
    outcome: GateOutcome,
    effect: u8,
    why: &str,
) -> GateFindings {
    GateFindings {
        gate: rule.into(),
        metric: metric.into(),
        target: "next".into(),
        observed: Some(Figure::Estimate(rate(88.1, 83.9, 91.4, 160))),
        unit: Unit::Rate,
        outcome,
        cause: None,
        effect,
        needs_n: None,
        quarantined: 0,
        why: why.into(),
    }
}

pub(super) fn ids(numbers: &[u32]) -> Vec<String> {
    numbers
        .iter()
        .map(|number| format!("c{number:03}"))
        .collect()
}
