//! A judge that was held against people, with labels of the run's own outputs: everything that a corrected figure brings along.

use super::parts::*;
use super::quickstart;
use crate::analysis::findings::{
    CertificateSummary, CorrectedDifference, Correction, Estimate, Figure, Findings, JudgeFindings,
};

fn corrected(estimate: Estimate, labels: u64) -> Correction {
    Correction {
        method: "ppi++".into(),
        estimate: Some(Estimate {
            method: "ppi++".into(),
            ..estimate
        }),
        labels: Some(labels),
        lambda: Some(0.62),
        assumes: Some("assumes the labelled outputs were drawn at random".into()),
        ..Correction::default()
    }
}

/// Two targets: of the first 48 outputs are labelled, of the second none, so that only the certificate corrects it.
pub(in crate::report) fn calibrated() -> Findings {
    let mut findings = quickstart();
    let by_certificate = |point: f64| Correction {
        method: "rogan-gladen".into(),
        estimate: Some(Estimate {
            method: "rogan-gladen".into(),
            ..rate(point, point - 9.1, point + 9.1, 180)
        }),
        labels: Some(120),
        youden_j: Some(0.7),
        assumes: Some("assumes the judge errs here as it did on the labelled outputs".into()),
        ..Correction::default()
    };
    let mut by_labels = corrected(rate(58.9, 47.2, 70.6, 180), 48);
    by_labels.second = Some(Box::new(by_certificate(57.1)));
    let corrections = [by_labels, by_certificate(76.4)];
    for (target, correction) in findings.targets.iter_mut().zip(&corrections) {
        for (name, figure) in &mut target.metrics {
            match name.as_str() {
                "correct" => figure.correction = Some(correction.clone()),
                "success_rate" => {
                    figure.correction = Some(match correction.second.is_some() {
                        true => corrected(rate(55.2, 43.9, 66.5, 180), 48),
                        false => Correction {
                            method: "none".into(),
                            why: Some(
                                "a certificate corrects one judge, and success has more terms"
                                    .into(),
                            ),
                            ..Correction::default()
                        },
                    });
                }
                _ => continue,
            }
            figure.calibration = Some("calibrated".into());
        }
    }
    findings.judges = findings
        .judges
        .into_iter()
        .zip(&corrections)
        .map(|(judge, correction)| JudgeFindings {
            calibration: "calibrated".into(),
            conclusion: Some("usable".into()),
            certificate: Some(CertificateSummary {
                agreement: "cohen_kappa".into(),
                point: Some(0.71),
                low: Some(0.62),
                high: Some(0.79),
                labels: 120,
                made: "2026-11-20T08:00:00Z".into(),
                rule: "A: kappa at least 0.63 with 95 % confidence, 0.60 is asked for".into(),
                words: "kappa 0.71 [0.62, 0.79], 120 labels".into(),
            }),
            metric: Some("correct".into()),
            corrected: correction.estimate.clone().map(Figure::Estimate),
            method: correction.method.clone(),
            why: None,
            ..judge
        })
        .collect();
    let primary = &mut findings.comparisons[0];
    let difference = |point, low, high| Some(Figure::Estimate(rate(point, low, high, 180)));
    primary.corrected = Some(CorrectedDifference {
        method: "ppi++".into(),
        difference: difference(14.2, 4.1, 24.3),
        difference_90: difference(14.2, 5.8, 22.6),
        test: Some("ppi++".into()),
        p: Some(0.007),
        labels: Some(41),
        lambda: Some(0.55),
        second: Some(Box::new(CorrectedDifference {
            method: "rogan-gladen".into(),
            difference: difference(26.1, 12.0, 40.2),
            labels: Some(120),
            ..CorrectedDifference::default()
        })),
        ..CorrectedDifference::default()
    });
    primary.sentence = "LARGE is better than SMALL: success +14.2 points [+4.1, +24.3], 180 cases, p = 0.007. Corrected by 41 labelled pairs.".into();
    findings
}

/// The judge of [`quickstart`] after one byte of its prompt was changed, with a gate that leans on it.
pub(in crate::report) fn stale() -> Findings {
    let mut findings = quickstart();
    for target in &mut findings.targets {
        for (_, figure) in &mut target.metrics {
            if figure.calibration.is_some() {
                figure.calibration = Some("stale".into());
            }
        }
    }
    for judge in &mut findings.judges {
        judge.calibration = "stale".into();
        judge.why = Some(
            "12 of this run's outputs are labelled, at least 20 are needed; its certificate is of another prompt or model".into(),
        );
    }
    let gate = &mut findings.gates[0];
    gate.outcome = crate::analysis::findings::GateOutcome::Undecided;
    gate.cause = Some("stale".into());
    gate.effect = 6;
    gate.why = "76.1 % [69.3, 81.8]; correct is stale: calibrated with another prompt or model (calibrate it again)".into();
    findings
}
