//! The first route: people labelled a part of this run's outputs (PPI++).

use std::collections::{BTreeMap, BTreeSet};

use crate::stats::{
    self, Confidence, Estimate, Labelled, Sample, Scale, Unlabelled, mean, paired_t, ppi_plus_plus,
    rate,
};

use super::super::bench::Bench;
use super::super::calibration::LEAST_LABELS;
use super::super::calibration::rates::{Columns, apart};
use super::super::findings::Unit;
use super::super::held::HumanValue;
use super::super::metric::{Metric, Of};
use super::super::record::State;
use super::super::side::View;
use super::{ASSUMES_RANDOM, Corrected, Route};

/// One output, or the difference of a pair of outputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Item {
    pub(super) case: u32,
    /// The top unit it stands in.
    pub(super) group: u32,
    pub(super) judge: f64,
    /// `None`: only the judge read it.
    pub(super) human: Option<f64>,
    /// With which it was drawn for labelling.
    pub(super) probability: Option<f64>,
    /// Known without any label: the agent failed by its own doing, and no success can come of that.
    pub(super) is_certain: bool,
}

/// What is averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mean {
    /// Passes.
    Rate,
    /// Grades.
    Score,
    /// Candidate less baseline.
    Difference,
}

/// A mean corrected by labels.
pub(super) struct ByLabels {
    pub(super) corrected: Corrected,
    /// Two-sided test against 0, of a difference.
    pub(super) test: Result<stats::Test, stats::Undefined>,
    /// The labelled outputs do not look drawn from all.
    pub(super) unlike: Option<String>,
}

/// The correction by labels, or why there is none.
pub(super) fn by_labels(
    bench: &Bench<'_>,
    metric: &Metric,
    target: usize,
    cases: Option<&[u32]>,
) -> Result<ByLabels, String> {
    named(bench, metric)?;
    let record = bench.record;
    if let Of::Value(scorer) = metric.of
        && let Some(people) = record.held().people(&bench.scorers()[scorer].id)
        && people
            .said
            .values()
            .any(|human| matches!(human.value, HumanValue::Pass(_)))
    {
        return Err("its labels say pass or fail, and no grade".to_owned());
    }
    let (judge, people) = (bench.view(), by_people(bench));
    let mut items = Vec::new();
    let mut add = |case: usize| -> Result<(), String> {
        for repeat in 0..record.shape().extent.repeats as usize {
            let at = record.at(case, repeat, target);
            let Some(value) = judge.value(metric, case, at) else {
                continue;
            };
            items.push(Item {
                case: case as u32,
                group: group(bench, case),
                judge: value,
                human: people.value(metric, case, at),
                probability: probability(bench, metric, at)?,
                is_certain: is_certain(bench, at),
            });
        }
        Ok(())
    };
    match cases {
        Some(cases) => {
            for &case in cases
                .iter()
                .filter(|case| !record.is_quarantined(**case as usize))
            {
                add(case as usize)?;
            }
        }
        None => {
            for case in record.counted() {
                add(case)?;
            }
        }
    }
    let of = match metric.unit {
        Unit::Rate => Mean::Rate,
        _ => Mean::Score,
    };
    let scale = metric.scale.and_then(|(low, high)| Scale::new(low, high));
    mean_of(&items, record.clusters().is_some(), of, scale)
}

/// Whether the suite names labels for every judge in a metric.
pub(super) fn named(bench: &Bench<'_>, metric: &Metric) -> Result<(), String> {
    let judges = bench.judges_of(metric);
    let has = |&scorer: &usize| {
        let id = &bench.scorers()[scorer].id;
        bench.record.held().people(id).is_some()
    };
    match judges.iter().find(|scorer| !has(scorer)) {
        None => Ok(()),
        Some(&scorer) => Err(format!(
            "the suite names no `labels` of this run's outputs for {}",
            bench.scorers()[scorer].id
        )),
    }
}

/// The record with people's word in the place of the judges'.
pub(super) fn by_people<'a>(bench: &'a Bench<'_>) -> View<'a> {
    View {
        by_people: true,
        ..bench.view()
    }
}

/// The top unit of a case.
pub(super) fn group(bench: &Bench<'_>, case: usize) -> u32 {
    let clusters = bench.record.clusters();
    clusters.map_or(case as u32, |clusters| clusters[case])
}

/// Whether a trial's success is known without any label.
pub(super) fn is_certain(bench: &Bench<'_>, at: usize) -> bool {
    matches!(bench.record.state(at), State::Failed(_))
}

/// With which probability an output was drawn for labelling; several judges' labels must agree on it.
pub(super) fn probability(
    bench: &Bench<'_>,
    metric: &Metric,
    at: usize,
) -> Result<Option<f64>, String> {
    let held = bench.record.held();
    let mut found: Option<Option<f64>> = None;
    for scorer in bench.judges_of(metric) {
        let people = held.people(&bench.scorers()[scorer].id);
        let Some(human) = people.and_then(|people| people.said.get(&(at as u64))) else {
            continue;
        };
        match found {
            None => found = Some(human.probability),
            Some(before) if before == human.probability => {}
            Some(_) => {
                return Err(
                    "the labels of its judges were drawn with different probabilities".to_owned(),
                );
            }
        }
    }
    Ok(found.flatten())
}

/// The corrected mean of case means. Items of one case or cluster hang together; cases with more items weigh no more than others.
pub(super) fn mean_of(
    items: &[Item],
    is_clustered: bool,
    of: Mean,
    scale: Option<Scale>,
) -> Result<ByLabels, String> {
    let mut of_case: BTreeMap<u32, u32> = BTreeMap::new();
    for item in items {
        *of_case.entry(item.case).or_default() += 1;
    }
    let labels = items
        .iter()
        .filter(|item| item.human.is_some() && !item.is_certain)
        .count();
    if labels < LEAST_LABELS {
        let what = match of {
            Mean::Difference => "pairs of this comparison are labelled on both sides",
            Mean::Rate | Mean::Score => "of this run's outputs are labelled",
        };
        return Err(format!(
            "{labels} {what}, at least {LEAST_LABELS} are needed"
        ));
    }
    let columns = columns(items, &of_case, is_clustered)?;
    let at = |confidence| estimate(&columns, &of_case, of, scale, confidence);
    let (at_95, at_90) = (at(Confidence::NINETY_FIVE)?, at(Confidence::NINETY)?);
    let is_recorded = items
        .iter()
        .any(|item| item.human.is_some() && item.probability.is_some());
    // Known failures are no draw from the answers.
    let drawn: Vec<Item> = items
        .iter()
        .filter(|item| !item.is_certain)
        .copied()
        .collect();
    let unlike = match of {
        Mean::Difference => None,
        Mean::Rate | Mean::Score => {
            let columns = self::columns(&drawn, &of_case, is_clustered)?;
            let binary =
                of == Mean::Rate && drawn.iter().all(|item| [0.0, 1.0].contains(&item.judge));
            apart(&columns, binary)
        }
    };
    Ok(ByLabels {
        corrected: Corrected {
            route: Route::PpiPlusPlus,
            at_95: at_95.estimate,
            at_90: at_90.estimate,
            labels: labels as u64,
            lambda: Some(at_95.lambda),
            youden_j: None,
            assumes: (!is_recorded && !columns.judged.is_empty()).then_some(ASSUMES_RANDOM),
        },
        test: at_95.test,
        unlike,
    })
}

/// Labelled and judged-only values. Cases with another number of items are brought to one weight: the mean over items is then that of
/// case means.
fn columns(
    items: &[Item],
    of_case: &BTreeMap<u32, u32>,
    is_clustered: bool,
) -> Result<Columns, String> {
    let counts: BTreeSet<u32> = of_case.values().copied().collect();
    let is_grouped = is_clustered || counts.iter().any(|count| *count > 1);
    let even = items.len() as f64 / of_case.len() as f64;
    let weigh = |item: &Item, value: f64| match counts.len() > 1 {
        true => value * even / f64::from(of_case[&item.case]),
        false => value,
    };
    let drawn = items.iter().filter(|item| !item.is_certain);
    let (all, labelled) = drawn.fold((0_u64, 0_u64), |(all, labelled), item| {
        (all + 1, labelled + u64::from(item.human.is_some()))
    });
    let has_certain = items.iter().any(|item| item.is_certain);
    let recorded = items
        .iter()
        .filter(|item| item.human.is_some() && !item.is_certain);
    let recorded: Vec<bool> = recorded.map(|item| item.probability.is_some()).collect();
    let is_recorded = recorded.contains(&true);
    if is_recorded && recorded.contains(&false) {
        return Err("only some of the labels have a `probability`".to_owned());
    }
    let mut found = Columns {
        human: Vec::new(),
        judge: Vec::new(),
        weights: (is_recorded || has_certain).then(Vec::new),
        groups: is_grouped.then(Vec::new),
        judged: Vec::new(),
        judged_groups: is_grouped.then(Vec::new),
    };
    for item in items {
        let human = match item.is_certain {
            true => Some(item.judge),
            false => item.human,
        };
        let Some(human) = human else {
            found.judged.push(weigh(item, item.judge));
            if let Some(groups) = &mut found.judged_groups {
                groups.push(item.group);
            }
            continue;
        };
        found.human.push(weigh(item, human));
        found.judge.push(weigh(item, item.judge));
        if let Some(weights) = &mut found.weights {
            weights.push(match (item.is_certain, item.probability) {
                (true, _) => 1.0,
                (false, Some(probability)) => 1.0 / probability,
                (false, None) => all as f64 / labelled as f64,
            });
        }
        if let Some(groups) = &mut found.groups {
            groups.push(item.group);
        }
    }
    Ok(found)
}

struct At {
    estimate: Estimate,
    lambda: f64,
    test: Result<stats::Test, stats::Undefined>,
}

fn estimate(
    columns: &Columns,
    of_case: &BTreeMap<u32, u32>,
    of: Mean,
    scale: Option<Scale>,
    confidence: Confidence,
) -> Result<At, String> {
    let people = Sample::new(&columns.human);
    let people = match &columns.groups {
        Some(groups) => people.with_groups(groups),
        None => people,
    };
    let alone = || -> Result<At, stats::Undefined> {
        let found = match of {
            // All alike or all labelled: the pairs' own interval, which knows what no difference at all can hide.
            Mean::Difference => {
                let unit = Scale::new(0.0, scale.map_or(1.0, |scale| scale.range() / 2.0));
                let found = paired_t(&people, confidence, unit)?;
                return Ok(At {
                    estimate: found.estimate,
                    lambda: 0.0,
                    test: found.test,
                });
            }
            Mean::Rate => {
                rate(&people, confidence).or_else(|_| mean(&people, confidence, scale))?
            }
            Mean::Score => mean(&people, confidence, scale)?,
        };
        Ok(At {
            estimate: found,
            lambda: 0.0,
            test: Err(stats::Undefined::NoVariation),
        })
    };
    let joined = || -> Result<At, stats::Undefined> {
        let labelled = Labelled {
            human: &columns.human,
            judge: &columns.judge,
            weights: columns.weights.as_deref(),
            groups: columns.groups.as_deref(),
        };
        let unlabelled = Unlabelled {
            judge: &columns.judged,
            groups: columns.judged_groups.as_deref(),
        };
        let found = ppi_plus_plus(&labelled, &unlabelled, confidence, scale)?;
        if of == Mean::Difference && found.df.is_none() && found.estimate.interval.is_ok() {
            return alone();
        }
        Ok(At {
            test: found.against_zero(),
            estimate: found.estimate,
            lambda: found.lambda,
        })
    };
    let found = match columns.judged.is_empty() {
        true => alone(),
        false => joined(),
    };
    let mut found = found.map_err(|reason| reason.to_string())?;
    // Cases are what a reader counts; items are their trials.
    found.estimate.n = of_case.len();
    found.estimate.trials = columns.human.len() + columns.judged.len();
    Ok(found)
}
