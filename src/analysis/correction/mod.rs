//! Judged figures corrected for the judge's error, by the rule of STATISTICS 6.
//!
//! Two routes. `ppi++` ([`labels`]): people labelled a part of this run's outputs, drawn at random or with recorded probabilities;
//! right whatever the judge. `rogan-gladen` ([`certificate`]): the judge's two rates of being right from its certificate, for pass and
//! fail; right where the judge errs here as it did there. The first whose conditions hold is the figure, never the kinder one; where
//! both hold both are shown. Differences between two sides ([`pairs`]) follow the same rule.
//!
//! Where trials are missing, the corrected figure speaks of those that were judged. Its worst and best fill take the missing share of
//! each case's trials as gone badly or well, as those of the raw figure do.

mod certificate;
mod labels;
mod pairs;

use crate::stats::{Confidence, Estimate, Interval, Undefined};

use super::bench::Bench;
use super::calibration::rates::DIFFER;
use super::figure::{ratio, shown};
use super::findings;
use super::metric::{Metric, Of};
use super::side::{Fill, Side};

pub(crate) use pairs::{Base, CorrectedPairs, Pairs, correct_pairs};

/// What is assumed by a correction from a certificate.
const ASSUMES: &str = "assumes the judge errs here as it did on the labelled outputs";
/// What is assumed by labels without recorded probabilities.
const ASSUMES_RANDOM: &str = "assumes the labelled outputs were drawn at random";
/// What is assumed by a corrected difference from a certificate.
const ASSUMES_ALIKE: &str = "assumes the judge errs alike on both sides";

/// A way to correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// By labels of this run's outputs.
    PpiPlusPlus,
    /// By the certificate.
    RoganGladen,
}

impl Route {
    /// The name in files and on the screen.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PpiPlusPlus => "ppi++",
            Self::RoganGladen => "rogan-gladen",
        }
    }
}

/// A figure corrected by one route.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Corrected {
    pub(crate) route: Route,
    /// With its interval at 95 %.
    pub(crate) at_95: Estimate,
    /// At 90 %: one-sided bounds of 95 %.
    pub(crate) at_90: Estimate,
    /// Labels that it rests on.
    pub(crate) labels: u64,
    /// How much the judge was listened to.
    pub(crate) lambda: Option<f64>,
    /// How well the judge tells pass from fail.
    pub(crate) youden_j: Option<f64>,
    /// What it assumes.
    pub(crate) assumes: Option<&'static str>,
}

/// What became of a metric's correction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Correction {
    /// The corrected figure, or why there is none.
    pub(crate) first: Result<Corrected, String>,
    /// The other route's, where both hold.
    pub(crate) second: Option<Corrected>,
    pub(crate) warnings: Vec<String>,
}

/// Corrects a metric of a target over some cases (`None`: all). `None`: no judge has a say in it.
pub(crate) fn correct(
    bench: &Bench<'_>,
    metric: &Metric,
    target: usize,
    cases: Option<&[u32]>,
) -> Option<Correction> {
    if bench.judges_of(metric).is_empty() {
        return None;
    }
    if let Err(why) = correctable(metric) {
        return Some(Correction {
            first: Err(why),
            second: None,
            warnings: Vec::new(),
        });
    }
    let by_labels = labels::by_labels(bench, metric, target, cases);
    let by_certificate = certificate::by_certificate(bench, metric, target, cases);
    let mut warnings = Vec::new();
    Some(match (by_labels, by_certificate) {
        (Ok(by_labels), by_certificate) => {
            warnings.extend(by_labels.unlike);
            let (first, second) = (by_labels.corrected, by_certificate.ok());
            if let Some(second) = &second
                && let (Some(a), Some(b)) = (first.at_95.std_error, second.at_95.std_error)
                && (first.at_95.point - second.at_95.point).abs() > 2.0 * a.hypot(b)
            {
                warnings.push(DIFFER.to_owned());
            }
            Correction {
                first: Ok(first),
                second,
                warnings,
            }
        }
        (Err(_), Ok(first)) => Correction {
            first: Ok(first),
            second: None,
            warnings,
        },
        (Err(no_labels), Err(no_certificate)) => Correction {
            first: Err(format!("{no_labels}; {no_certificate}")),
            second: None,
            warnings,
        },
    })
}

/// Whether a metric is of a kind that can be corrected.
fn correctable(metric: &Metric) -> Result<(), String> {
    match metric.of {
        Of::Success | Of::Passes(_) | Of::Keeps(..) | Of::Value(_) => Ok(()),
        _ => Err(format!("there is no correction for {}", metric.name)),
    }
}

impl Corrected {
    /// The estimate at a level.
    pub(crate) fn at(&self, confidence: Confidence) -> &Estimate {
        match confidence == Confidence::NINETY {
            true => &self.at_90,
            false => &self.at_95,
        }
    }

    /// `corrected by ppi++`.
    pub(crate) fn words(&self) -> String {
        format!("corrected by {}", self.route.name())
    }

    fn findings(&self, metric: &Metric, side: &Side) -> findings::Correction {
        let mut estimate = shown(&self.at_95);
        estimate.coverage = ratio(side.scored(), side.planned());
        let fill = |fill| fill_of(metric, side, fill).map(|fill| fill.point(self.at_95.point));
        estimate.worst = fill(Fill::Worst);
        estimate.best = fill(Fill::Best);
        findings::Correction {
            method: self.route.name().to_owned(),
            estimate: Some(estimate),
            labels: Some(self.labels),
            lambda: self.lambda,
            youden_j: self.youden_j,
            assumes: self.assumes.map(str::to_owned),
            ..findings::Correction::default()
        }
    }
}

impl Correction {
    /// As reports have it.
    pub(crate) fn findings(&self, metric: &Metric, side: &Side) -> findings::Correction {
        let second = self.second.as_ref();
        let second = second.map(|second| Box::new(second.findings(metric, side)));
        let first = match &self.first {
            Ok(first) => first.findings(metric, side),
            Err(why) => findings::Correction {
                method: "none".to_owned(),
                why: Some(why.clone()),
                ..findings::Correction::default()
            },
        };
        findings::Correction {
            second,
            warnings: self.warnings.clone(),
            ..first
        }
    }

    /// Whether people's labels carry it: then it is right whatever the judge. A point without an interval proves nothing.
    pub(crate) fn by_people(&self) -> bool {
        matches!(&self.first, Ok(first) if first.route == Route::PpiPlusPlus && first.at_95.interval.is_ok())
    }
}

/// How missing trials move a figure: `share` of it stays, the rest is filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Filled {
    share: f64,
    added: f64,
}

impl Filled {
    /// A point, filled.
    pub(crate) fn point(self, point: f64) -> f64 {
        self.share * point + self.added
    }

    /// An interval, filled.
    pub(crate) fn interval(
        self,
        interval: Result<Interval, Undefined>,
    ) -> Result<Interval, Undefined> {
        interval.map(|interval| Interval {
            low: interval.low.map(|end| self.point(end)),
            high: interval.high.map(|end| self.point(end)),
        })
    }
}

/// The interval of a corrected figure on a fill: its own half-width, scaled, joined with that of the judge's figure on the same fill as
/// if both were independent. Which cases have missing trials is chance too; counting what both share twice errs on the wide side.
pub(crate) fn filled_interval(point: f64, own: Interval, raw: (f64, Interval)) -> Interval {
    let joined = |own: Option<f64>, raw_end: Option<f64>| {
        let (own, raw_end) = own.zip(raw_end)?;
        Some((own - point).hypot(raw_end - raw.0))
    };
    Interval {
        low: joined(own.low, raw.1.low).map(|half| point - half),
        high: joined(own.high, raw.1.high).map(|half| point + half),
    }
}

/// The fill of a side's missing trials; `None` for a metric without a worst and a best value, or where nothing was planned.
pub(crate) fn fill_of(metric: &Metric, side: &Side, fill: Fill) -> Option<Filled> {
    let (low, high) = metric.scale?;
    let (bad, good) = match metric.more_is_better {
        true => (low, high),
        false => (high, low),
    };
    let open = if fill == Fill::Worst { bad } else { good };
    let planned = side.cases.iter().filter(|case| case.planned > 0);
    let (mut cases, mut share, mut added) = (0.0, 0.0, 0.0);
    for case in planned {
        let of = |part: u32| f64::from(part) / f64::from(case.planned);
        cases += 1.0;
        share += of(case.scored);
        added += of(case.bad) * bad + of(case.planned - case.scored - case.bad) * open;
    }
    (cases > 0.0).then(|| Filled {
        share: share / cases,
        added: added / cases,
    })
}

#[cfg(test)]
mod tests;
