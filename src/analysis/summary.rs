//! One target by itself: its states counted, its metrics, its slices, its judges (STATISTICS 1 and 2).

use std::collections::BTreeMap;

use crate::domain::certificate::Entry;
use crate::stats::Confidence;

use super::bench::{Bench, always_shown};
use super::correction::correct;
use super::figure::{FEW_CASES, Measured, measure, ratio};
use super::findings::{
    CertificateSummary, Figure, JudgeFindings, MetricFigure, Slice, TargetFindings,
};
use super::held::Standing;
use super::metric::{Metric, decisive};
use super::record::{Found, State};
use super::side::{Side, View};
use super::standing;

/// What stands in place of a figure where not one reply was complete.
const NO_REPLY: &str = "not evaluated: not one complete reply";
/// What stands in place of success where no scorer decides it.
const NO_SUCCESS: &str = "no scorer decides success";
/// Fewest cases of a slice without a flag.
const FEW: usize = 10;

/// States of a target's trials, counted.
#[derive(Debug, Default)]
struct Counts {
    trials: u64,
    answered: u64,
    stopped: u64,
    unscored: u64,
    reused: u64,
    retried: u64,
    cut: u64,
    errors: BTreeMap<String, u64>,
    failures: BTreeMap<String, u64>,
}

fn count(bench: &Bench<'_>, target: usize) -> Counts {
    let record = bench.record;
    let mut counts = Counts::default();
    for case in record.counted() {
        for repeat in 0..record.shape().extent.repeats as usize {
            let at = record.at(case, repeat, target);
            counts.trials += 1;
            counts.reused += u64::from(record.taken().is_taken(at));
            counts.retried += u64::from(record.attempts(at) > 1);
            match record.state(at) {
                State::Unknown | State::Stopped => counts.stopped += 1,
                State::Errored(kind) => {
                    *counts.errors.entry(kind.name().to_owned()).or_default() += 1;
                }
                State::Failed(kind) => {
                    *counts.failures.entry(kind.name().to_owned()).or_default() += 1;
                }
                State::Answered => {
                    counts.answered += 1;
                    counts.cut += u64::from(record.is_cut(at));
                    let open = (0..bench.scorers().len()).any(|scorer| {
                        matches!(
                            record.found(at, case, scorer),
                            Found::Nothing | Found::Unscored(_)
                        )
                    });
                    counts.unscored += u64::from(open);
                }
            }
        }
    }
    counts
}

/// A target's findings.
pub(crate) fn target(bench: &Bench<'_>, target: usize) -> TargetFindings {
    let counts = count(bench, target);
    let failed: u64 = counts.failures.values().sum();
    let errored: u64 = counts.errors.values().sum();
    let not_evaluated = counts.answered == 0;
    let id = bench.record.shape().targets[target].clone();
    let figures = |metrics: &[Metric], cases: Option<&[u32]>, tag: &str| {
        let mut shown = Vec::new();
        for metric in metrics {
            if let Some(figure) = figure(bench, metric, (target, &id), cases, tag, not_evaluated) {
                shown.push((metric.name.clone(), figure));
            }
        }
        shown
    };
    let sliced = bench.sliced();
    let slices = bench.record.tags().iter().filter_map(|tag| {
        let cases = bench.record.cases_with(std::slice::from_ref(tag));
        let slice = Slice {
            cases: cases.len() as u64,
            metrics: figures(&sliced, Some(&cases), tag),
        };
        // All cases with the tag may be in quarantine.
        (slice.cases > 0).then(|| (tag.clone(), slice))
    });
    TargetFindings {
        slices: slices.collect(),
        metrics: figures(&bench.shown(), None, ""),
        trials: counts.trials,
        completed: counts.answered + failed,
        stopped: counts.stopped,
        unscored: counts.unscored,
        reused: counts.reused,
        retried: counts.retried,
        success_without_retried: (counts.retried > 0 && !not_evaluated)
            .then(|| without_retried(bench, target, &id))
            .flatten(),
        cut_by_length: counts.cut,
        not_evaluated,
        missing_rate: match (&bench.success, bench.metric("success_rate")) {
            (Some(_), Some(success)) => bench.side(&success, target, None).missing_rate(),
            _ => ratio(errored + counts.stopped, counts.trials),
        },
        errors: counts.errors,
        agent_failures: counts.failures,
        id,
    }
}

/// Success over the trials that took one attempt; `None` where nothing decides success.
fn without_retried(bench: &Bench<'_>, target: usize, id: &str) -> Option<Figure> {
    bench.success.as_ref()?;
    let metric = bench.metric("success_rate")?;
    let view = View {
        first_try_only: true,
        ..bench.view()
    };
    let side = view.side(&metric, target, None);
    Some(measured(bench, &metric, &side, &[id, &metric.name, "first try"]).figure())
}

/// One metric of one target; `None`: nothing to say.
fn figure(
    bench: &Bench<'_>,
    metric: &Metric,
    (target, id): (usize, &str),
    cases: Option<&[u32]>,
    tag: &str,
    not_evaluated: bool,
) -> Option<MetricFigure> {
    let side = bench.side(metric, target, cases);
    if metric.is_of_success() && bench.success.is_none() {
        return (always_shown(metric)).then(|| undefined(metric, NO_SUCCESS, bench));
    }
    if side.cases.is_empty() || (side.scored() == 0 && !always_shown(metric)) {
        return None;
    }
    if not_evaluated {
        return always_shown(metric).then(|| undefined(metric, NO_REPLY, bench));
    }
    let mut figure = measured(bench, metric, &side, &[id, &metric.name, tag]).figure();
    if let Figure::Estimate(estimate) = &mut figure
        && cases.is_some_and(|cases| cases.len() < FEW)
    {
        estimate.flags.push(FEW_CASES.to_owned());
    }
    Some(MetricFigure {
        unit: metric.unit,
        figure,
        calibration: bench.state(metric).map(str::to_owned),
        // A tag's few labels would seldom be enough; gates on tags look for themselves.
        correction: match cases {
            None => correct(bench, metric, target, None).map(|found| found.findings(metric, &side)),
            Some(_) => None,
        },
    })
}

pub(crate) fn measured(
    bench: &Bench<'_>,
    metric: &Metric,
    side: &Side,
    names: &[&str],
) -> Measured {
    let plan = bench.chance.plan(names);
    measure(metric, side, Confidence::NINETY_FIVE, &plan)
}

fn undefined(metric: &Metric, why: &str, bench: &Bench<'_>) -> MetricFigure {
    MetricFigure {
        unit: metric.unit,
        figure: Figure::Undefined {
            undefined: why.to_owned(),
            n: 0,
        },
        calibration: bench.state(metric).map(str::to_owned),
        correction: None,
    }
}

/// Every judge's opinion of every target.
pub(crate) fn judges(bench: &Bench<'_>, targets: &[usize]) -> Vec<JudgeFindings> {
    let mut found = Vec::new();
    for (at, spec) in bench.suite.scorers.iter().enumerate() {
        if !bench.scorers().get(at).is_some_and(|known| known.judged) {
            continue;
        }
        // Of a numeric judge that declares a pass the rate is what gates and success look at.
        let metric = decisive(at, bench.scorers());
        for &target in targets {
            let id = bench.record.shape().targets[target].clone();
            let without = "its classes have no pass";
            let (raw, correction) = match &metric {
                Some(metric) => {
                    let side = bench.side(metric, target, None);
                    let raw = measured(bench, metric, &side, &[&id, &metric.name, ""]).figure();
                    let found = correct(bench, metric, target, None);
                    (raw, found.map(|found| found.findings(metric, &side)))
                }
                None => {
                    let undefined = without.to_owned();
                    (Figure::Undefined { undefined, n: 0 }, None)
                }
            };
            let correction = correction.unwrap_or_else(|| super::findings::Correction {
                method: "none".to_owned(),
                why: Some(without.to_owned()),
                ..Default::default()
            });
            let state = bench.standing(at);
            let entry = match state {
                Standing::Calibrated(entry) => Some(entry),
                Standing::Stale | Standing::Uncalibrated => None,
            };
            found.push(JudgeFindings {
                scorer: spec.id.clone(),
                target: id,
                digest: spec.digest.to_string(),
                model: spec.model_names(),
                calibration: state.word().to_owned(),
                conclusion: entry.map(|entry| entry.conclusion.clone()),
                certificate: entry.map(certificate),
                metric: metric.as_ref().map(|metric| metric.name.clone()),
                raw,
                corrected: correction.estimate.map(Figure::Estimate),
                method: correction.method,
                why: correction.why,
                unscored: unscored(bench, at, target),
                orders: super::flips::orders(bench, at, target),
            });
        }
    }
    found
}

fn certificate(entry: &Entry) -> CertificateSummary {
    let (agreement, labels) = (standing::agreement(entry), standing::labels(entry));
    CertificateSummary {
        agreement: entry.agreement.clone(),
        point: entry.point,
        low: entry.low,
        high: entry.high,
        labels: entry.labels.n,
        made: entry.made.clone(),
        rule: entry.rule.clone(),
        words: format!("{agreement}, {labels}"),
    }
}

/// Trials that a scorer left without a value, by why.
fn unscored(bench: &Bench<'_>, scorer: usize, target: usize) -> BTreeMap<String, u64> {
    let record = bench.record;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for case in record.counted() {
        for repeat in 0..record.shape().extent.repeats as usize {
            let at = record.at(case, repeat, target);
            if record.state(at) != State::Answered {
                continue;
            }
            if let Found::Unscored(why) = record.found(at, case, scorer) {
                *counts.entry(why.words().to_owned()).or_default() += 1;
            }
        }
    }
    counts
}
