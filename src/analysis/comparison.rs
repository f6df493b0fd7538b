//! Comparisons: a candidate against a baseline, metric by metric, each ending in a finding (STATISTICS 3).

use crate::domain::suite::Noise;
use crate::stats::{
    Confidence, Count, Goal, NeedsN, Undefined, benjamini_hochberg, equivalent, holm, newcombe,
    welch,
};

use super::contrast::{Contrast, Kind, contrast, fill_difference};
use super::correction::CorrectedPairs;
use super::figure::{Chance, ratio, sample_of, shown};
use super::findings::{Comparison, Figure, Finding, Flipped, Unit};
use super::metric::Metric;
use super::pairing::Pairing;
use super::side::{Fill, Side};
use super::{format, sentence};

/// The level of every test.
const LEVEL: f64 = 0.05;
/// What is added where a difference is real but inside the threshold.
pub const SMALL: &str = "a real difference, smaller than the threshold";
/// What is said where more cases cannot promise an answer.
pub const NEAR: &str = "near the threshold: no number of cases can promise an answer";
/// What is said where no case of one side is a case of the other.
pub const UNPAIRED: &str = "no pairs: the sides share no case, so they are compared unpaired";

/// What one comparison is made from.
pub(crate) struct Sides<'a> {
    pub(crate) metric: &'a Metric,
    pub(crate) baseline: &'a Side,
    pub(crate) candidate: &'a Side,
    pub(crate) pairing: &'a Pairing,
    pub(crate) names: (&'a str, &'a str),
    /// The tag of a slice.
    pub(crate) tag: Option<&'a str>,
    pub(crate) noise: Option<Noise>,
    pub(crate) max_error_rate: f64,
    /// Corrects the difference for the error of the metric's judges; `None` from it: no judge has a say.
    pub(crate) correct: &'a dyn Fn(&Contrast) -> Option<CorrectedPairs>,
    /// What speaks against leaning on these judges, as in [`Comparison::judge`].
    pub(crate) judge: Option<&'static str>,
}

/// A comparison before its p is adjusted and its finding is known.
pub(crate) struct Draft {
    shown: Comparison,
    contrast: Contrast,
    /// Candidate less baseline on the fills; infinite where a percentile falls on a missing trial.
    fills: Option<(f64, f64)>,
    /// Why rule 1 leaves it unclear.
    barred: Option<String>,
}

/// Computes a comparison of one metric.
pub(crate) fn draft(sides: &Sides<'_>, chance: &Chance) -> Draft {
    let metric = sides.metric;
    let (old, new) = sides.pairing.align(sides.baseline, sides.candidate);
    let (baseline, candidate) = sides.names;
    let tag = sides.tag.unwrap_or("");
    let seeds = [baseline, candidate, metric.name.as_str(), tag];
    let mut contrast = contrast(metric, &old, &new, Kind::Difference, chance, &seeds);
    let worst = fill_difference(metric, &old, &new, Fill::Worst);
    let best = fill_difference(metric, &old, &new, Fill::Best);
    let is_unpaired = sides.pairing.pairs.is_empty() && unpaired(sides, &mut contrast);
    let (raw_95, raw_90) = (contrast.at_95.clone(), contrast.at_90.clone());
    let corrected = match is_unpaired {
        true => None,
        false => (sides.correct)(&contrast),
    };
    let moved = corrected
        .as_ref()
        .and_then(|corrected| corrected.moved(&contrast));
    if let Some(corrected) = &corrected {
        if let (Ok(_), Ok(test)) = (&corrected.first, contrast.test) {
            contrast.checks.insert("raw_p".to_owned(), test.p);
        }
        corrected.put_into(&mut contrast);
    }
    let mut barred = barred(sides, &contrast);
    if is_unpaired {
        barred = Some(UNPAIRED.to_owned());
    }
    let mut left_out = sides.pairing.left_out.clone();
    if contrast.missing_pairs > 0 {
        left_out.insert("missing".to_owned(), contrast.missing_pairs);
    }
    let figure = |found: &Result<crate::stats::Estimate, Undefined>| match found {
        Err(reason) => Figure::Undefined {
            undefined: reason.to_string(),
            n: contrast.pairs,
        },
        Ok(found) => {
            let mut estimate = shown(found);
            estimate.trials = contrast.trials;
            estimate.coverage = ratio(contrast.scored, contrast.planned);
            estimate.worst = worst.filter(|worst| worst.is_finite());
            estimate.best = best.filter(|best| best.is_finite());
            Figure::Estimate(estimate)
        }
    };
    let noise = match sides.noise {
        Some(Noise::Absolute(noise)) => Some(noise),
        Some(Noise::Relative(share)) => contrast.baseline.map(|value| share * value.abs()),
        None => None,
    };
    let ratio = match (metric.unit, contrast.baseline, contrast.candidate) {
        (Unit::Milliseconds | Unit::Usd, Some(old), Some(new)) if old > 0.0 => Some(new / old),
        _ => None,
    };
    let flips = metric.unit == Unit::Rate;
    let test = contrast.test.ok();
    let shown = Comparison {
        baseline: baseline.to_owned(),
        candidate: candidate.to_owned(),
        metric: metric.name.clone(),
        unit: metric.unit,
        more_is_better: metric.more_is_better,
        role: String::new(),
        tag: sides.tag.map(str::to_owned),
        pairs: contrast.pairs,
        left_out,
        difference: figure(&raw_95),
        difference_90: figure(&raw_90),
        judge: match corrected.as_ref().is_some_and(|one| one.first.is_ok()) {
            true => None,
            false => sides.judge,
        },
        corrected: corrected.map(|corrected| corrected.findings()),
        ratio,
        test: test.map_or_else(String::new, |test| test.method.name().to_owned()),
        p: test.map(|test| test.p),
        p_adjusted: test.map(|test| test.p),
        adjustment: "none".to_owned(),
        tests: 1,
        finding: None,
        why: None,
        noise: noise.filter(|noise| *noise > 0.0),
        needs_n: None,
        flipped: Flipped {
            gained_at: if flips {
                contrast.risen.clone()
            } else {
                Vec::new()
            },
            lost_at: if flips {
                contrast.fallen.clone()
            } else {
                Vec::new()
            },
            ..Flipped::default()
        },
        sentence: String::new(),
        checks: contrast.checks.clone(),
    };
    Draft {
        shown,
        contrast,
        fills: worst.zip(best).map(|(worst, best)| match moved {
            Some(moved) => (moved.point(worst), moved.point(best)),
            None => (worst, best),
        }),
        barred,
    }
}

/// Rule 1: what leaves a comparison unclear before its numbers are looked at.
fn barred(sides: &Sides<'_>, contrast: &Contrast) -> Option<String> {
    for (name, side) in [
        (sides.names.0, sides.baseline),
        (sides.names.1, sides.candidate),
    ] {
        let rate = side.missing_rate();
        if rate > sides.max_error_rate {
            return Some(format!(
                "missing: {} of the trials of {name}, allowed {}",
                format::share(rate, sides.max_error_rate),
                format::bar(Unit::Rate, sides.max_error_rate)
            ));
        }
    }
    if contrast.pairs < 2 {
        return Some("fewer than 2 pairs".to_owned());
    }
    match &contrast.at_95 {
        Ok(found) if found.interval.is_ok() || contrast.constant => None,
        Ok(found) => found.interval.err().map(|reason| reason.to_string()),
        Err(reason) => Some(reason.to_string()),
    }
}

/// Without any pair: Newcombe's or Welch's unpaired difference, to be looked at and never to be decided by.
fn unpaired(sides: &Sides<'_>, contrast: &mut Contrast) -> bool {
    let (old, new) = (sides.baseline, sides.candidate);
    if sides.metric.quantile().is_some() || sides.metric.of == super::metric::Of::CostPerSuccess {
        return false;
    }
    let (Ok(old_values), Ok(new_values)) =
        (old.case_values(sides.metric), new.case_values(sides.metric))
    else {
        return false;
    };
    let single = !old.is_grouped() && !new.is_grouped();
    let at = |confidence| {
        if sides.metric.is_binary() && single {
            let count = |side: &Side| Count {
                successes: side.passed(),
                n: side.scored(),
            };
            newcombe(count(old), count(new), confidence)
        } else {
            let old = sample_of(
                &old_values.values,
                old_values.trials,
                old_values.groups.as_deref(),
            );
            let new = sample_of(
                &new_values.values,
                new_values.trials,
                new_values.groups.as_deref(),
            );
            welch(&old, &new, confidence)
        }
    };
    let (wide, narrow) = (at(Confidence::NINETY_FIVE), at(Confidence::NINETY));
    contrast.test = wide.clone().and_then(|found| found.test);
    contrast.at_95 = wide.map(|found| found.estimate);
    contrast.at_90 = narrow.map(|found| found.estimate);
    contrast.trials = old.scored() + new.scored();
    contrast.scored = contrast.trials;
    contrast.planned = old.planned() + new.planned();
    contrast.baseline = super::figure::point(sides.metric, old).ok();
    contrast.candidate = super::figure::point(sides.metric, new).ok();
    true
}

/// How the p-values of a family are adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Candidates of the primary metric, or the secondary metrics of one candidate.
    Holm,
    /// Slices, as exploration.
    BenjaminiHochberg,
}

/// Adjusts the p-values of a family. One test alone is not adjusted.
pub(crate) fn adjust(drafts: &mut [&mut Draft], family: Family) {
    let p: Vec<f64> = drafts.iter().filter_map(|draft| draft.shown.p).collect();
    if p.len() < 2 {
        return;
    }
    let adjusted = match family {
        Family::Holm => holm(&p),
        Family::BenjaminiHochberg => benjamini_hochberg(&p),
    };
    let Ok(adjusted) = adjusted else { return };
    let tests = u32::try_from(p.len()).unwrap_or(u32::MAX);
    let tested = drafts.iter_mut().filter(|draft| draft.shown.p.is_some());
    for (draft, p) in tested.zip(adjusted) {
        draft.shown.p_adjusted = Some(p);
        draft.shown.tests = tests;
        draft.shown.adjustment = match family {
            Family::Holm => "holm".to_owned(),
            Family::BenjaminiHochberg => "benjamini-hochberg".to_owned(),
        };
    }
}

impl Draft {
    /// The comparison with its finding and sentence, as `primary` or `secondary`.
    pub(crate) fn decided(mut self, role: &str) -> Comparison {
        let (finding, why) = self.finding();
        self.shown.role = role.to_owned();
        self.shown.finding = Some(finding);
        self.shown.why = why;
        if finding == Finding::Unclear && self.barred.is_none() {
            match self.contrast.needs(Goal::difference(), self.shown.noise) {
                Some(NeedsN::Pairs(pairs)) => self.shown.needs_n = Some(pairs),
                Some(NeedsN::NearThreshold) => {
                    self.shown.why.get_or_insert_with(|| NEAR.to_owned());
                }
                None => {}
            }
        }
        self.shown.sentence = sentence::finding(&self.shown);
        if let Some(words) = self.shown.corrected.as_ref().and_then(sentence::correction) {
            self.shown.sentence.push_str(&words);
        }
        if let Some(words) = sentence::opinion(&self.shown) {
            self.shown.sentence.push_str(&words);
        }
        self.shown
    }

    /// The comparison of a slice: interval and adjusted p as exploration, no finding.
    pub(crate) fn explored(mut self) -> Comparison {
        self.shown.role = "slice".to_owned();
        self.shown.why = self.barred.take();
        self.shown.sentence = sentence::slice(&self.shown);
        self.shown
    }

    /// The rules of STATISTICS 3 in their order.
    fn finding(&self) -> (Finding, Option<String>) {
        if let Some(why) = &self.barred {
            return (Finding::Unclear, Some(why.clone()));
        }
        let interval = |found: &Result<crate::stats::Estimate, Undefined>| {
            found.as_ref().map_err(|reason| *reason)?.interval
        };
        let at = |level: f64| self.shown.p.is_some_and(|p| p < level);
        let inside = |noise| equivalent(interval(&self.contrast.at_90), noise);
        if self.shown.noise.is_some_and(inside) {
            return (Finding::Same, at(LEVEL).then(|| SMALL.to_owned()));
        }
        let Ok(point) = self.contrast.at_95.as_ref().map(|found| found.point) else {
            return (Finding::Unclear, None);
        };
        let significant = self.shown.p_adjusted.is_some_and(|p| p < LEVEL);
        let excludes = interval(&self.contrast.at_95)
            .map_or(self.contrast.constant, |interval| interval.excludes_zero());
        if !significant || !excludes {
            return (Finding::Unclear, None);
        }
        let keeps = |fill: f64| fill * point > 0.0;
        if !self
            .fills
            .is_none_or(|(worst, best)| keeps(worst) && keeps(best))
        {
            let why = "missing trials could turn the sign".to_owned();
            return (Finding::Unclear, Some(why));
        }
        let better = (point > 0.0) == self.shown.more_is_better;
        let finding = if better {
            Finding::Better
        } else {
            Finding::Worse
        };
        (finding, None)
    }
}
