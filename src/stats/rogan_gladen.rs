//! A judged rate corrected by the judge's two error rates.

use super::detection::Detection;
use super::distribution::normal_quantile;
use super::estimate::{Confidence, Estimate, Flag, Interval, Method, Scale, Size};
use super::proportion::rate;
use super::sample::Sample;
use super::undefined::Undefined;

/// Youden's J below which the correction is flagged: it divides by J.
pub const WEAK_J: f64 = 0.3;

/// The corrected rate and what it came from. `unclipped` is always to be shown where the rate itself is not.
#[derive(Clone, Debug, PartialEq)]
pub struct RoganGladen {
    /// The judge's own rate, whose interval knows nothing of the judge's error.
    pub raw: Estimate,
    /// The corrected rate as it came out, which may lie outside 0..1.
    pub unclipped: f64,
    /// Standard error of the unclipped rate.
    pub std_error: f64,
    /// Youden's J of the judge.
    pub youden_j: Estimate,
    /// The corrected rate, or why it may not be claimed.
    pub estimate: Result<Estimate, Undefined>,
}

/// theta = (p + TNR - 1)/(TPR + TNR - 1) (Rogan and Gladen 1978), with the delta variance of all three sources:
/// [p(1-p)/N + (1-theta)^2 TNR(1-TNR)/n0 + theta^2 TPR(1-TPR)/n1]/J^2.
///
/// `labels` are the items that people and judge both read, `judged` the judge's verdicts (0..1, case means) on the
/// others; with repeats or clusters the first source is their CR1 variance. Assumes that the judge errs on `judged` as
/// it did on `labels`; survives a change of the base rate between them.
///
/// A value outside 0..1 is no rate: [`Undefined::OutsideScale`] in place of the estimate (the two sets do not look alike,
/// or TPR is badly known). J below [`WEAK_J`]: flagged. The interval is cut to 0..1.
///
/// # Errors
/// [`Undefined::NoInformation`] for J <= 0: the judge carries no information; [`Undefined::FewLabels`] where a class has
/// no label; those of [`Sample::moments`]; [`Undefined::OutOfRange`] for verdicts outside 0..1.
pub fn rogan_gladen(
    labels: &Detection,
    judged: &Sample<'_>,
    confidence: Confidence,
) -> Result<RoganGladen, Undefined> {
    let moments = judged.moments()?;
    if moments.low < 0.0 || moments.high > 1.0 {
        return Err(Undefined::OutOfRange);
    }
    if labels.positives() == 0 || labels.negatives() == 0 {
        return Err(Undefined::FewLabels { have: 0, need: 1 });
    }
    let j = labels.j()?;
    if j <= 0.0 {
        return Err(Undefined::NoInformation);
    }
    let (n1, n0) = (labels.positives() as f64, labels.negatives() as f64);
    let (tpr, tnr) = (
        labels.true_positive as f64 / n1,
        labels.true_negative as f64 / n0,
    );
    let raw = moments.mean;
    let raw_variance = match moments.cr1() {
        Some(se) if moments.grouped => se * se,
        _ => raw * (1.0 - raw) / moments.size.cases as f64,
    };
    let theta = (raw + tnr - 1.0) / j;
    let variance = raw_variance
        + (1.0 - theta).powi(2) * tnr * (1.0 - tnr) / n0
        + theta.powi(2) * tpr * (1.0 - tpr) / n1;
    let se = variance.sqrt() / j;
    let labelled = usize::try_from(labels.items()).unwrap_or(usize::MAX);
    let estimate = if (0.0..=1.0).contains(&theta) {
        let interval = if se > 0.0 {
            let half = normal_quantile(confidence.upper()) * se;
            moments
                .enough_units()
                .map(|()| Interval::new(theta - half, theta + half).cut(Scale::UNIT))
        } else {
            Err(Undefined::NoVariation)
        };
        let size = Size {
            cases: moments.size.cases + labelled,
            trials: moments.size.trials + labelled,
            units: moments.size.units + labelled,
        };
        Ok(
            Estimate::new(theta, interval, confidence, size, Method::RoganGladen)
                .with_std_error(se)
                .flag_if(j < WEAK_J, Flag::WeakJudge)
                .flag_if(moments.few_clusters(), Flag::FewClusters),
        )
    } else {
        Err(Undefined::OutsideScale)
    };
    Ok(RoganGladen {
        raw: rate(judged, confidence)?,
        unclipped: theta,
        std_error: se,
        youden_j: labels.youden_j(confidence)?,
        estimate,
    })
}

/// Difference of two judged rates, corrected by the judge's J: D = raw / J,
/// var D = (var raw + D^2 var J)/J^2 (delta method).
///
/// Assumes, and a report must say so, that the judge errs alike on both sides; then the false positives cancel and
/// dividing by J cannot change who is ahead: the test remains that of the raw difference. Cut to -1..1.
///
/// # Errors
/// [`Undefined::NoInformation`] for J <= 0; [`Undefined::NoCases`] where a class has no label.
pub fn corrected_difference(
    raw: &Estimate,
    labels: &Detection,
    confidence: Confidence,
) -> Result<Estimate, Undefined> {
    let (j, j_variance) = (labels.j()?, labels.youden_j_variance()?);
    if j <= 0.0 {
        return Err(Undefined::NoInformation);
    }
    let difference = raw.point / j;
    let interval = raw.interval.and_then(|_| {
        let raw_se = raw.std_error.ok_or(Undefined::NoVariation)?;
        let se = (raw_se * raw_se + difference * difference * j_variance).sqrt() / j;
        if se <= 0.0 {
            return Err(Undefined::NoVariation);
        }
        let half = normal_quantile(confidence.upper()) * se;
        let scale = Scale::new(-1.0, 1.0).ok_or(Undefined::OutOfRange)?;
        // The point may leave -1..1 where J is small; the interval still has to hold it.
        let cut = Interval::new(difference - half, difference + half).cut(scale);
        Ok((cut, se))
    });
    let size = Size {
        cases: raw.n,
        trials: raw.trials,
        units: raw.clusters,
    };
    let scaled = difference.clamp(-1.0, 1.0);
    let mut estimate = Estimate::new(
        scaled,
        interval.map(|(interval, _)| interval),
        confidence,
        size,
        Method::CorrectedDifference,
    )
    .flag_if(j < WEAK_J, Flag::WeakJudge)
    .flag_if(scaled != difference, Flag::OutsideScale);
    for &flag in &raw.flags {
        estimate = estimate.with_flag(flag);
    }
    Ok(match interval {
        Ok((_, se)) => estimate.with_std_error(se),
        Err(_) => estimate,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: Detection = Detection {
        true_positive: 5,
        false_negative: 1,
        false_positive: 1,
        true_negative: 3,
    };

    fn judged(passes: usize, n: usize) -> Vec<f64> {
        (0..n).map(|i| f64::from(u8::from(i < passes))).collect()
    }

    #[test]
    fn worked_example_rogan_gladen() {
        let found = rogan_gladen(
            &LABELS,
            &Sample::new(&judged(14, 20)),
            Confidence::NINETY_FIVE,
        )
        .unwrap();
        assert!((found.unclipped - 0.771_429).abs() < 5e-7);
        assert!((found.youden_j.point - 0.583_333).abs() < 5e-7);
        assert!((found.std_error - 0.280_245).abs() < 5e-7);
        assert_eq!(found.raw.point, 0.7);
    }

    #[test]
    fn a_judge_without_information_corrects_nothing() {
        let coin = Detection {
            true_positive: 1,
            false_negative: 1,
            false_positive: 1,
            true_negative: 1,
        };
        let refused = rogan_gladen(&coin, &Sample::new(&judged(2, 3)), Confidence::NINETY_FIVE);
        assert_eq!(refused.err(), Some(Undefined::NoInformation));
    }

    #[test]
    fn one_class_of_labels_corrects_nothing() {
        let passes = Detection {
            true_positive: 2,
            false_negative: 1,
            ..Detection::default()
        };
        let refused = rogan_gladen(
            &passes,
            &Sample::new(&judged(1, 2)),
            Confidence::NINETY_FIVE,
        );
        assert_eq!(
            refused.err(),
            Some(Undefined::FewLabels { have: 0, need: 1 })
        );
    }

    #[test]
    fn a_value_outside_the_scale_is_shown_and_not_claimed() {
        let labels = Detection {
            true_positive: 7,
            false_negative: 3,
            false_positive: 1,
            true_negative: 9,
        };
        let found = rogan_gladen(
            &labels,
            &Sample::new(&judged(19, 20)),
            Confidence::NINETY_FIVE,
        )
        .unwrap();
        assert!((found.unclipped - 1.416_667).abs() < 5e-7);
        assert_eq!(found.estimate, Err(Undefined::OutsideScale));
    }

    #[test]
    fn a_corrected_difference_keeps_its_sign_and_grows() {
        let table = super::super::two_by_two::PairedTable {
            both: 50,
            gained: 20,
            lost: 10,
            neither: 20,
        };
        let raw = table.difference(Confidence::NINETY_FIVE).unwrap();
        let labels = Detection {
            true_positive: 45,
            false_negative: 5,
            false_positive: 5,
            true_negative: 45,
        };
        let corrected = corrected_difference(&raw, &labels, Confidence::NINETY_FIVE).unwrap();
        assert!((corrected.point - 0.1 / 0.8).abs() < 1e-12);
        assert!(corrected.std_error.unwrap() > raw.std_error.unwrap() / 0.8);
        assert_eq!(corrected.method.name(), "corrected-difference");
    }
}
