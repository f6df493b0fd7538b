//! What a baseline file holds: per case the counts that pairing needs, never a text of an answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::suite::Suite;

use super::bench::Bench;
use super::figure::{Chance, point};
use super::findings::{Finding, Findings};
use super::metric::{Metric, Of};
use super::pairing::{Pairing, Quarantine};
use super::record::Record;
use super::roster::case_id;
use super::side::{Side, Tally};

/// The version of the file's shape.
pub const BASELINE_FORMAT: u32 = 1;

/// The first line of a baseline file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineHead {
    /// [`BASELINE_FORMAT`].
    pub format: u32,
    /// The suite's name.
    pub suite: String,
    /// The blessed target's id.
    pub target: String,
    /// The blessed run's id.
    pub run: String,
    /// Fault kinds that counted as the agent's failure.
    pub counts_as_failure: Vec<String>,
    /// The primary and each gated metric.
    pub metrics: BTreeMap<String, Blessed>,
    /// The identities of the judges that had a say, by their scorers; absent where none had, and in files of older versions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub judges: BTreeMap<String, String>,
}

/// A blessed value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Blessed {
    /// The value now blessed; absent where it was undefined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The first value ever blessed: small allowed drops add up against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<f64>,
    /// The run of the first value.
    pub first_run: String,
}

/// A case's line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineCase {
    /// The case's id.
    pub id: String,
    /// Its question and answer, 16 hex digits.
    pub digest: String,
    /// What each kept metric needs; a metric that does not apply to the case is absent.
    pub metrics: BTreeMap<String, Counts>,
}

/// What a metric needs of one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Trials planned.
    pub planned: u32,
    /// Trials with a value.
    pub scored: u32,
    /// Missing trials that could only have gone badly.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bad: u32,
    /// Sum of the values; of cost per success: the successes.
    pub sum: f64,
    /// Of cost per success: the costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Of a percentile: the values themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f64>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if wants a reference"
)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A baseline file, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// As the suite or the user names it.
    pub name: String,
    /// Its first line.
    pub head: BaselineHead,
    /// Its other lines, in the file's order.
    pub cases: Vec<BaselineCase>,
}

/// A run about to become a baseline: made once, then asked for its lines in the order of the plan.
#[derive(Debug, Clone)]
pub struct Blessing {
    head: BaselineHead,
    digests: Vec<u64>,
    sides: Vec<Kept>,
}

/// A metric as it goes into the file.
#[derive(Debug, Clone)]
struct Kept {
    name: String,
    of: Of,
    side: Side,
    /// Where the values of each of the side's cases begin; empty for a metric that keeps none.
    starts: Vec<usize>,
}

impl Kept {
    fn new(metric: &Metric, side: Side) -> Self {
        let mut starts = Vec::new();
        if metric.quantile().is_some() {
            starts.extend(side.cases.iter().scan(0, |next, case| {
                let start = *next;
                *next += case.scored as usize;
                Some(start)
            }));
        }
        Self {
            name: metric.name.clone(),
            of: metric.of,
            side,
            starts,
        }
    }

    /// The part of one of the side's cases.
    fn counts(&self, at: usize) -> Counts {
        let tally = self.side.cases[at];
        let values = self.starts.get(at).map_or(&[][..], |&from| {
            &self.side.values[from..from + tally.scored as usize]
        });
        Counts {
            planned: tally.planned,
            scored: tally.scored,
            bad: tally.bad,
            sum: tally.sum,
            cost: (self.of == Of::CostPerSuccess).then(|| self.side.costs[at]),
            values: values.to_vec(),
        }
    }
}

impl Blessing {
    /// Prepares the blessing of one target of a run; `previous`: the head of the file that it replaces.
    #[must_use]
    pub fn new(
        suite: &Suite,
        record: &Record,
        target: usize,
        run: &str,
        chance: Chance,
        previous: Option<&BaselineHead>,
    ) -> Self {
        let bench = Bench::new(suite, record, chance);
        let sides: Vec<(Metric, Side)> = bench
            .kept()
            .into_iter()
            .map(|metric| {
                let side = bench.side(&metric, target, None);
                (metric, side)
            })
            .collect();
        let metrics = sides.iter().map(|(metric, side)| {
            let value = point(metric, side).ok();
            let before = previous.and_then(|head| head.metrics.get(&metric.name));
            let blessed = match before {
                Some(before) if before.first.is_some() => Blessed {
                    value,
                    ..before.clone()
                },
                _ => Blessed {
                    value,
                    first: value,
                    first_run: run.to_owned(),
                },
            };
            (metric.name.clone(), blessed)
        });
        Self {
            head: BaselineHead {
                format: BASELINE_FORMAT,
                suite: suite.name.clone(),
                target: record.shape().targets[target].clone(),
                run: run.to_owned(),
                counts_as_failure: failures(suite, target),
                metrics: metrics.collect(),
                judges: judges(suite),
            },
            digests: (0..record.cases())
                .map(|case| record.case_digests(case).1)
                .collect(),
            sides: sides
                .into_iter()
                .map(|(metric, side)| Kept::new(&metric, side))
                .collect(),
        }
    }

    /// The file's first line.
    #[must_use]
    pub fn head(&self) -> &BaselineHead {
        &self.head
    }

    /// The line of the case with this index in the plan, whose id the caller reads from the run's cases.
    #[must_use]
    pub fn case(&self, index: usize, id: &str) -> BaselineCase {
        let metrics = self.sides.iter().filter_map(|kept| {
            let cases = &kept.side.cases;
            let at = cases
                .binary_search_by_key(&(index as u32), |case| case.case)
                .ok()?;
            Some((kept.name.clone(), kept.counts(at)))
        });
        BaselineCase {
            id: id.to_owned(),
            digest: format!("{:016x}", self.digests.get(index).copied().unwrap_or(0)),
            metrics: metrics.collect(),
        }
    }
}

/// Fault kinds that count as a target's own failure, by name, in order.
pub(crate) fn failures(suite: &Suite, target: usize) -> Vec<String> {
    let mut names: Vec<String> = suite.targets.get(target).map_or_else(Vec::new, |spec| {
        spec.counts_as_failure
            .iter()
            .map(|kind| kind.name().to_owned())
            .collect()
    });
    names.sort();
    names.dedup();
    names
}

/// The identities of a suite's judges, by their scorers.
fn judges(suite: &Suite) -> BTreeMap<String, String> {
    let judged = suite.scorers.iter().filter(|spec| spec.judge.is_some());
    judged
        .map(|spec| (spec.id.clone(), spec.digest.to_string()))
        .collect()
}

impl Baseline {
    /// The file's side of a metric; `None`: the file does not keep it.
    pub(crate) fn side(&self, metric: &Metric) -> Option<Side> {
        self.head.metrics.get(&metric.name)?;
        let mut side = Side::default();
        for (index, case) in (0_u32..).zip(&self.cases) {
            let Some(counts) = case.metrics.get(&metric.name) else {
                continue;
            };
            let mut scored = counts.scored;
            if metric.quantile().is_some() {
                // A trial whose value the file does not keep is missing.
                scored = counts.values.len() as u32;
                side.values.extend(&counts.values);
            }
            side.cases.push(Tally {
                case: index,
                planned: counts.planned,
                scored,
                bad: counts.bad,
                sum: counts.sum,
            });
            if metric.of == Of::CostPerSuccess {
                side.costs.push(counts.cost.unwrap_or(0.0));
            }
        }
        Some(side)
    }

    /// The pairing of a run's cases with the file's.
    pub(crate) fn pairing(&self, record: &Record) -> Pairing {
        let own: Vec<(u64, u64)> = self
            .cases
            .iter()
            .map(|case| {
                let digest = u64::from_str_radix(&case.digest, 16).unwrap_or(0);
                (case_id(&case.id), digest)
            })
            .collect();
        let other: Vec<(u64, u64)> = (0..record.cases())
            .map(|case| record.case_digests(case))
            .collect();
        let quarantine = Quarantine {
            baseline: &|_| false,
            candidate: &|case| record.is_quarantined(case as usize),
        };
        Pairing::across(&own, &other, quarantine)
    }
}

/// Whether a comparison with the old baseline found the run worse in its primary metric: then `bless` wants `--force`.
#[must_use]
pub fn is_worse(findings: &Findings) -> bool {
    findings.comparisons.iter().any(|comparison| {
        comparison.role == "primary" && comparison.finding == Some(Finding::Worse)
    })
}
