//! A corrected difference: candidate less baseline over the same cases (STATISTICS 6).

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::suite::Suite;
use crate::stats::{Confidence, Estimate, Interval, Scale, Test, Undefined, corrected_difference};

use super::super::bench::Bench;
use super::super::contrast::Contrast;
use super::super::figure::{ratio, shown};
use super::super::findings::{self, Figure};
use super::super::metric::{Metric, Of};
use super::super::pairing::Pairing;
use super::certificate::{enough, entry_of, judge_of};
use super::labels::{Item, Mean, by_people, group, is_certain, mean_of, named, probability};
use super::{ASSUMES_ALIKE, Route, correctable};

/// The baseline's side.
#[derive(Clone, Copy)]
pub(crate) enum Base<'a> {
    /// A target of a run.
    Run {
        /// The run.
        bench: &'a Bench<'a>,
        /// The metric there.
        metric: &'a Metric,
        /// The target.
        target: usize,
    },
    /// A file, with the digests of the judges that it was made with, by scorer.
    File(&'a BTreeMap<String, String>),
}

/// What is compared.
pub(crate) struct Pairs<'a> {
    pub(crate) bench: &'a Bench<'a>,
    pub(crate) metric: &'a Metric,
    pub(crate) target: usize,
    pub(crate) base: Base<'a>,
    pub(crate) pairing: &'a Pairing,
    /// Only these cases of the candidate.
    pub(crate) cases: Option<&'a [u32]>,
}

/// A difference corrected by one route.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CorrectedDifference {
    pub(crate) route: Route,
    pub(crate) at_95: Estimate,
    pub(crate) at_90: Estimate,
    pub(crate) test: Result<Test, Undefined>,
    /// Labels, or pairs labelled on both sides.
    pub(crate) labels: u64,
    pub(crate) lambda: Option<f64>,
    pub(crate) youden_j: Option<f64>,
    /// What it assumes.
    pub(crate) assumes: Option<&'static str>,
}

/// What became of a difference's correction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CorrectedPairs {
    /// The corrected difference, or why there is none.
    pub(crate) first: Result<CorrectedDifference, String>,
    /// The other route's, where both hold.
    pub(crate) second: Option<CorrectedDifference>,
}

/// Corrects a difference. `None`: no judge has a say in the metric.
pub(crate) fn correct_pairs(pairs: &Pairs<'_>, raw: &Contrast) -> Option<CorrectedPairs> {
    if pairs.bench.judges_of(pairs.metric).is_empty() {
        return None;
    }
    if let Err(why) = correctable(pairs.metric) {
        return Some(CorrectedPairs {
            first: Err(why),
            second: None,
        });
    }
    Some(match (by_labels(pairs), by_certificate(pairs, raw)) {
        (Ok(first), second) => CorrectedPairs {
            first: Ok(first),
            second: second.ok(),
        },
        (Err(_), Ok(first)) => CorrectedPairs {
            first: Ok(first),
            second: None,
        },
        (Err(no_labels), Err(no_certificate)) => CorrectedPairs {
            first: Err(format!("{no_labels}; {no_certificate}")),
            second: None,
        },
    })
}

fn by_labels(pairs: &Pairs<'_>) -> Result<CorrectedDifference, String> {
    let Base::Run {
        bench: base,
        metric: old_metric,
        target: old_target,
    } = pairs.base
    else {
        return Err("a baseline file holds no outputs that people could have labelled".to_owned());
    };
    let (bench, metric) = (pairs.bench, pairs.metric);
    named(bench, metric)?;
    named(base, old_metric)?;
    let wanted: Option<BTreeSet<u32>> = pairs.cases.map(|cases| cases.iter().copied().collect());
    let repeats = |bench: &Bench<'_>| bench.record.shape().extent.repeats as usize;
    let (judge, people) = (bench.view(), by_people(bench));
    let (old_judge, old_people) = (base.view(), by_people(base));
    let mut items = Vec::new();
    for &(old_case, case) in &pairs.pairing.pairs {
        if wanted
            .as_ref()
            .is_some_and(|wanted| !wanted.contains(&case))
        {
            continue;
        }
        let (old_case, new_case) = (old_case as usize, case as usize);
        // Repeats are draws of one kind: the first stands against the first.
        for repeat in 0..repeats(bench).min(repeats(base)) {
            let at = bench.record.at(new_case, repeat, pairs.target);
            let old_at = base.record.at(old_case, repeat, old_target);
            let (Some(new), Some(old)) = (
                judge.value(metric, new_case, at),
                old_judge.value(old_metric, old_case, old_at),
            ) else {
                continue;
            };
            let human = people
                .value(metric, new_case, at)
                .zip(old_people.value(old_metric, old_case, old_at));
            let (failed, old_failed) = (is_certain(bench, at), is_certain(base, old_at));
            let drawn = (
                probability(bench, metric, at)?,
                probability(base, old_metric, old_at)?,
            );
            let probability = match drawn {
                (new, _) if old_failed => new,
                (_, old) if failed => old,
                (new, old) if new == old || human.is_none() => new,
                _ => {
                    return Err(
                        "the two outputs of a case were drawn with different probabilities"
                            .to_owned(),
                    );
                }
            };
            items.push(Item {
                case,
                group: group(bench, new_case),
                judge: new - old,
                human: human.map(|(new, old)| new - old),
                probability,
                is_certain: failed && old_failed,
            });
        }
    }
    let range = metric.scale.map(|(low, high)| high - low);
    let scale = range.and_then(|range| Scale::new(-range, range));
    let found = mean_of(
        &items,
        bench.record.clusters().is_some(),
        Mean::Difference,
        scale,
    )?;
    Ok(CorrectedDifference {
        route: Route::PpiPlusPlus,
        at_95: found.corrected.at_95,
        at_90: found.corrected.at_90,
        test: found.test,
        labels: found.corrected.labels,
        lambda: found.corrected.lambda,
        youden_j: None,
        assumes: found.corrected.assumes,
    })
}

fn by_certificate(pairs: &Pairs<'_>, raw: &Contrast) -> Result<CorrectedDifference, String> {
    let bench = pairs.bench;
    let scorer = judge_of(bench, pairs.metric)?;
    let entry = entry_of(bench, scorer)?;
    let other = || "the baseline was judged by another prompt or model".to_owned();
    match pairs.base {
        Base::Run {
            bench: base,
            metric,
            ..
        } => {
            let theirs = judge_of(base, metric)?;
            if digest(base.suite, theirs) != Some(entry.digest.clone()) {
                return Err(other());
            }
        }
        Base::File(digests) => match digests.get(&bench.scorers()[scorer].id) {
            Some(digest) if *digest == entry.digest => {}
            Some(_) => return Err(other()),
            None => return Err("the baseline file does not say which judge it rests on".to_owned()),
        },
    }
    if pairs.metric.of == Of::Success {
        if matches!(pairs.base, Base::File(_)) {
            return Err("the baseline file does not say which trials the agent failed".to_owned());
        }
        if any_failed(pairs) {
            return Err("the certificate knows nothing of trials that the agent failed".to_owned());
        }
    }
    // Equal errors on both sides are assumed, so that the counts over all outputs speak for both.
    let Some(counts) = &entry.counts else {
        return Err("its certificate counts no passes and fails".to_owned());
    };
    let labels = enough(counts)?;
    let at = |raw: &Result<Estimate, Undefined>, confidence| -> Result<Estimate, String> {
        let raw = raw.as_ref().map_err(ToString::to_string)?;
        corrected_difference(raw, &labels, confidence).map_err(|reason| reason.to_string())
    };
    Ok(CorrectedDifference {
        route: Route::RoganGladen,
        at_95: at(&raw.at_95, Confidence::NINETY_FIVE)?,
        at_90: at(&raw.at_90, Confidence::NINETY)?,
        test: raw.test,
        labels: labels.items(),
        lambda: None,
        youden_j: labels.j().ok(),
        assumes: Some(ASSUMES_ALIKE),
    })
}

fn digest(suite: &Suite, scorer: usize) -> Option<String> {
    suite
        .scorers
        .get(scorer)
        .map(|spec| spec.digest.to_string())
}

fn any_failed(pairs: &Pairs<'_>) -> bool {
    let failed = |bench: &Bench<'_>, case: u32, target: usize| {
        let repeats = bench.record.shape().extent.repeats as usize;
        (0..repeats).any(|repeat| is_certain(bench, bench.record.at(case as usize, repeat, target)))
    };
    pairs.pairing.pairs.iter().any(|&(old, new)| {
        let old = match pairs.base {
            Base::Run { bench, target, .. } => failed(bench, old, target),
            Base::File(_) => false,
        };
        old || failed(pairs.bench, new, pairs.target)
    })
}

impl CorrectedDifference {
    /// `corrected by ppi++`.
    pub(crate) fn words(&self) -> String {
        format!("corrected by {}", self.route.name())
    }

    fn findings(&self) -> findings::CorrectedDifference {
        let figure = |estimate: &Estimate| Some(Figure::Estimate(shown(estimate)));
        findings::CorrectedDifference {
            method: self.route.name().to_owned(),
            difference: figure(&self.at_95),
            difference_90: figure(&self.at_90),
            test: self.test.map(|test| test.method.name().to_owned()).ok(),
            p: self.test.map(|test| test.p).ok(),
            labels: Some(self.labels),
            lambda: self.lambda,
            youden_j: self.youden_j,
            assumes: self.assumes.map(str::to_owned),
            why: None,
            second: None,
        }
    }
}

/// How a correction moves a difference on the worst and best fill: of the pairs that were judged on both sides by what it moves
/// their difference, of the filled ones not at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moved {
    /// Of all pairs those with a value on both sides.
    share: f64,
    raw: f64,
    corrected: f64,
}

impl Moved {
    /// The corrected difference where the raw one, filled, is this.
    pub(crate) fn point(self, filled: f64) -> f64 {
        filled + self.share * (self.corrected - self.raw)
    }

    /// An interval of the corrected difference, filled likewise.
    pub(crate) fn interval(self, filled: f64, interval: Interval) -> Interval {
        let end = |end: f64| self.share * end + filled - self.share * self.raw;
        Interval {
            low: interval.low.map(end),
            high: interval.high.map(end),
        }
    }
}

impl CorrectedPairs {
    /// As reports have it.
    pub(crate) fn findings(&self) -> findings::CorrectedDifference {
        let second = self.second.as_ref();
        let second = second.map(|second| Box::new(second.findings()));
        match &self.first {
            Ok(first) => findings::CorrectedDifference {
                second,
                ..first.findings()
            },
            Err(why) => findings::CorrectedDifference {
                method: "none".to_owned(),
                why: Some(why.clone()),
                ..findings::CorrectedDifference::default()
            },
        }
    }

    /// Whether people's labels carry it: then it is right whatever the judge.
    pub(crate) fn by_people(&self) -> bool {
        matches!(&self.first, Ok(first) if first.route == Route::PpiPlusPlus && first.at_95.interval.is_ok())
    }

    /// How the correction moves a difference; `None`: there is none.
    pub(crate) fn moved(&self, raw: &Contrast) -> Option<Moved> {
        let corrected = self.first.as_ref().ok()?.at_95.point;
        let raw_point = raw.at_95.as_ref().ok()?.point;
        Some(Moved {
            share: ratio(raw.pairs, raw.pairs + raw.missing_pairs),
            raw: raw_point,
            corrected,
        })
    }

    /// Puts the corrected difference in the place of the judge's in a contrast: what is found, decided and planned rests on it.
    pub(crate) fn put_into(&self, contrast: &mut Contrast) {
        let Ok(first) = &self.first else {
            return;
        };
        contrast.at_95 = Ok(first.at_95.clone());
        contrast.at_90 = Ok(first.at_90.clone());
        contrast.test = first.test;
        contrast.constant = false;
        let se = first.at_95.std_error;
        contrast.variance = se.map(|se| se * se * contrast.pairs as f64);
    }
}
