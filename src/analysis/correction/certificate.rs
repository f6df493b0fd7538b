//! The second route: the judge's two rates of being right, from its certificate (Rogan and Gladen).

use crate::domain::certificate::{Counts, Entry};
use crate::domain::score::Measure;
use crate::domain::suite::Comparison;
use crate::stats::{Confidence, Detection, rogan_gladen};

use super::super::bench::Bench;
use super::super::calibration::LEAST_LABELS;
use super::super::calibration::rates::LEAST_J;
use super::super::figure::sample_of;
use super::super::held::Standing;
use super::super::metric::{Metric, Of};
use super::super::record::State;
use super::super::side::Side;
use super::{ASSUMES, Corrected, Route};

/// The correction by certificate, or why there is none.
pub(super) fn by_certificate(
    bench: &Bench<'_>,
    metric: &Metric,
    target: usize,
    cases: Option<&[u32]>,
) -> Result<Corrected, String> {
    let scorer = judge_of(bench, metric)?;
    let entry = entry_of(bench, scorer)?;
    let record = bench.record;
    let side = bench.side(metric, target, cases);
    if metric.of == Of::Success {
        let repeats = record.shape().extent.repeats as usize;
        let mut trials = side.cases.iter().flat_map(|case| {
            (0..repeats).map(|repeat| record.at(case.case as usize, repeat, target))
        });
        if trials.any(|at| matches!(record.state(at), State::Failed(_))) {
            return Err("the certificate knows nothing of trials that the agent failed".to_owned());
        }
    }
    let own = entry.targets.get(&record.shape().targets[target]);
    let by = |counts: &Counts| -> Result<Corrected, String> {
        let labels = enough(counts)?;
        let at = |confidence| corrected(metric, &side, &labels, confidence);
        Ok(Corrected {
            route: Route::RoganGladen,
            at_95: at(Confidence::NINETY_FIVE)?,
            at_90: at(Confidence::NINETY)?,
            labels: labels.items(),
            lambda: None,
            youden_j: labels.j().ok(),
            assumes: Some(ASSUMES),
        })
    };
    match (own.map(by), &entry.counts) {
        (Some(Ok(own)), _) => Ok(own),
        (_, Some(all)) => by(all),
        (Some(Err(why)), None) => Err(why),
        (None, None) => Err("its certificate counts no passes and fails".to_owned()),
    }
}

/// The judge whose pass alone a metric is.
pub(super) fn judge_of(bench: &Bench<'_>, metric: &Metric) -> Result<usize, String> {
    let declared = |scorer: usize| match &bench.scorers()[scorer].measure {
        Measure::Number { pass, .. } => Comparison::parse(pass.as_deref()?),
        Measure::PassFail | Measure::Label { .. } => None,
    };
    let only_declared =
        || Err("its certificate knows only the rule by which the judge itself passes".to_owned());
    match metric.of {
        Of::Passes(scorer) => Ok(scorer),
        Of::Keeps(scorer, comparison, bar) => match declared(scorer) == Some((comparison, bar)) {
            true => Ok(scorer),
            false => only_declared(),
        },
        Of::Success => {
            let only = bench.success.as_ref();
            match only.and_then(|rule| rule.only_judge(bench.record)) {
                Some((scorer, rule)) if rule.is_none() || rule == declared(scorer) => Ok(scorer),
                Some(_) => only_declared(),
                None => {
                    Err("a certificate corrects one judge, and success has more terms".to_owned())
                }
            }
        }
        _ => Err("a certificate corrects passes and fails only".to_owned()),
    }
}

/// The certificate's entry of a scorer's judge.
pub(super) fn entry_of<'a>(bench: &'a Bench<'_>, scorer: usize) -> Result<&'a Entry, String> {
    match bench.standing(scorer) {
        Standing::Calibrated(entry) => Ok(entry),
        Standing::Stale => Err("its certificate is of another prompt or model".to_owned()),
        Standing::Uncalibrated => Err("it has no certificate".to_owned()),
    }
}

/// Counts that are enough to correct by.
pub(super) fn enough(counts: &Counts) -> Result<Detection, String> {
    let labels = Detection {
        true_positive: counts.tp,
        false_negative: counts.missed,
        false_positive: counts.fp,
        true_negative: counts.tn,
    };
    let (passes, fails, least) = (labels.positives(), labels.negatives(), LEAST_LABELS as u64);
    if passes < least || fails < least {
        return Err(format!(
            "its certificate has {passes} labels of pass and {fails} of fail, at least {least} of each are needed"
        ));
    }
    let j = labels.j().map_err(|reason| reason.to_string())?;
    if j < LEAST_J {
        return Err(format!(
            "it tells pass from fail too badly: J = {j:.2}, at least {LEAST_J} is needed"
        ));
    }
    Ok(labels)
}

fn corrected(
    metric: &Metric,
    side: &Side,
    labels: &Detection,
    confidence: Confidence,
) -> Result<crate::stats::Estimate, String> {
    let cases = side
        .case_values(metric)
        .map_err(|reason| reason.to_string())?;
    let sample = sample_of(&cases.values, cases.trials, cases.groups.as_deref());
    let found = rogan_gladen(labels, &sample, confidence).map_err(|reason| reason.to_string())?;
    let mut estimate = found.estimate.map_err(|_| {
        format!(
            "by its certificate the rate would be {:.3}: the outputs are unlike the labelled ones, or its rates are badly known",
            found.unclipped
        )
    })?;
    // A reader counts what was corrected; what it was corrected by stands beside it.
    estimate.n = cases.values.len();
    estimate.trials = cases.trials;
    estimate.clusters = side.units();
    Ok(estimate)
}
