//! Suites and records for tests, made as a run makes them: cases in order, journal lines as they are written.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::case::Case;
use crate::domain::certificate::{Counts as LabelCounts, Entry, LabelsNote};
use crate::domain::digest::Digest;
use crate::domain::event::{Event, Scored, Spent, TrialFinished};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::message::{Finish, Usage};
use crate::domain::plan::{Coordinates, ORIGINAL, TrialId};
use crate::domain::port::{Parts, Scorer, Seen, Target, TargetPlan};
use crate::domain::score::{Measure, Score, Unscored, Value};
use crate::domain::suite::{
    Baseline, Dataset, DecideOn, Gate, JudgeSource, Limits, OnUnclear, Rule, ScorerSpec, Suite,
    TargetSpec,
};
use crate::domain::transcript::{Attempt, Failure, Outcome, Timing, Transcript};
use crate::domain::tree::Span;

use super::analyse::{Context, findings};
use super::findings::{Findings, RunFacts};
use super::record::{Record, Shape};

#[derive(Debug)]
struct Silent;

impl TargetPlan for Silent {
    fn endpoint(&self) -> String {
        "nowhere".into()
    }
    fn build(&self, _: &Parts) -> Result<Rc<dyn Target>, String> {
        Err("never built".into())
    }
}

#[derive(Debug)]
struct Fixed(Measure);

impl Scorer for Fixed {
    fn measure(&self) -> Measure {
        self.0.clone()
    }
    fn score(&self, _: &str, _: &Seen) -> Option<Score> {
        None
    }
}

pub(crate) fn target(id: &str) -> TargetSpec {
    TargetSpec {
        id: id.into(),
        kind: "scripted",
        plan: Arc::new(Silent),
        price: None,
        concurrency: None,
        pace: Default::default(),
        counts_as_failure: Vec::new(),
        digest: Digest::of(id.as_bytes()),
    }
}

pub(crate) fn scorer(id: &str, measure: Measure) -> ScorerSpec {
    ScorerSpec {
        id: id.into(),
        kind: "exact",
        scorer: Arc::new(Fixed(measure)),
        model: None,
        digest: Digest::of(id.as_bytes()),
        judge: None,
        others: Vec::new(),
    }
}

pub(crate) fn judge(id: &str, measure: Measure) -> ScorerSpec {
    ScorerSpec {
        kind: "judge",
        model: Some(target("judge-model")),
        judge: Some(JudgeSource {
            named: id.into(),
            text: String::new(),
            labels: None,
        }),
        ..scorer(id, measure)
    }
}

/// A certificate's entry for an identity, with good counts.
pub(crate) fn entry(digest: Digest, conclusion: &str) -> Entry {
    Entry {
        digest: digest.to_string(),
        model: "m".into(),
        made: "2026-01-01T00:00:00Z".into(),
        evenhand: "0".into(),
        labels: LabelsNote {
            file: "labels.csv".into(),
            digest: "d".into(),
            n: 120,
            annotators: 1,
            drawn: "unstated".into(),
        },
        split: "all".into(),
        look: 1,
        scale: "pass/fail".into(),
        agreement: "cohen_kappa".into(),
        point: Some(0.71),
        low: Some(0.62),
        high: Some(0.79),
        ceiling: None,
        bias: None,
        conclusion: conclusion.into(),
        rule: "A: kappa 0.71".into(),
        counts: Some(LabelCounts {
            tp: 54,
            missed: 6,
            fp: 12,
            tn: 48,
        }),
        targets: BTreeMap::new(),
        ledger: None,
        threshold: None,
    }
}

pub(crate) fn gate(metric: &str, rule: Rule) -> Gate {
    Gate {
        metric: metric.into(),
        target: None,
        tags: Vec::new(),
        rule,
        decide_on: DecideOn::Point,
        span: Span::default(),
    }
}

/// One pass/fail scorer `right`, targets as named, the first one the baseline where there are several.
pub(crate) fn suite(targets: &[&str], repeats: u32) -> Suite {
    Suite {
        name: "test".into(),
        seed: 7,
        dataset: Dataset::default(),
        targets: targets.iter().map(|id| target(id)).collect(),
        scorers: vec![scorer("right", Measure::PassFail)],
        repeats,
        limits: Limits::default(),
        success: None,
        baseline: if targets.len() > 1 {
            Baseline::Target(0)
        } else {
            Baseline::None
        },
        primary: "success_rate".into(),
        noise: Vec::new(),
        gates: Vec::new(),
        on_unclear: OnUnclear::Point,
        allow_uncalibrated: false,
        cassette: None,
        quarantine: Vec::new(),
    }
}

pub(crate) fn facts() -> RunFacts {
    RunFacts {
        id: "r1".into(),
        suite: "test".into(),
        status: "complete".into(),
        resumed: false,
        started: "2026-01-01T00:00:00Z".into(),
        took_s: 1.0,
        seed: 7,
        digests: BTreeMap::new(),
        spent: Spent::default(),
        budget: Default::default(),
        limit: None,
        source: None,
        directory: "runs/r1".into(),
        parent: None,
    }
}

pub(crate) fn context() -> Context<'static> {
    Context {
        run: facts(),
        threads: NonZeroUsize::MIN,
        baseline_file: None,
    }
}

/// What happened in one trial.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    pub(crate) outcome: Outcome,
    pub(crate) scores: Vec<Score>,
    pub(crate) latency_ms: f64,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) usage: Option<Usage>,
    pub(crate) attempts: usize,
    pub(crate) finish: Finish,
}

/// Answered, with these scores; its time was not measured.
pub(crate) fn answered(scores: Vec<Score>) -> Trial {
    Trial {
        outcome: Outcome::Answered,
        scores,
        latency_ms: 0.0,
        cost_usd: None,
        usage: None,
        attempts: 1,
        finish: Finish::Stop,
    }
}

/// Answered, and right or wrong.
pub(crate) fn pass(right: bool) -> Trial {
    answered(vec![Score::new("right", Value::Pass(right))])
}

/// Answered, with the one scorer `right` unable to say.
pub(crate) fn unscored() -> Trial {
    answered(vec![Score::unscored(
        "right",
        Unscored::Unreadable,
        "prose",
    )])
}

/// Failed by the agent's own doing.
pub(crate) fn failed(kind: Failure) -> Trial {
    Trial {
        outcome: Outcome::Failed {
            kind,
            message: String::new(),
        },
        ..answered(Vec::new())
    }
}

/// Ended by a fault.
pub(crate) fn errored() -> Trial {
    Trial {
        outcome: Outcome::Errored {
            fault: Fault::new(FaultKind::Unavailable, "reset"),
        },
        attempts: 5,
        ..answered(Vec::new())
    }
}

/// Ended by us.
pub(crate) fn stopped() -> Trial {
    Trial {
        outcome: Outcome::Stopped {
            why: "interrupted".into(),
        },
        ..answered(Vec::new())
    }
}

impl Trial {
    pub(crate) fn took(mut self, latency_ms: f64) -> Self {
        self.latency_ms = latency_ms;
        self
    }

    pub(crate) fn cost(mut self, cost_usd: f64) -> Self {
        self.cost_usd = Some(cost_usd);
        self
    }
}

/// The cases c0, c1 ... without tags or clusters.
pub(crate) fn cases(count: usize) -> Vec<Case> {
    (0..count)
        .map(|at| Case::new(format!("c{at}"), format!("question {at}")))
        .collect()
}

/// The journal lines of a trial, as they are written.
pub(crate) fn lines(
    ordinal: u64,
    case: &str,
    target: &str,
    trial: &Trial,
) -> Vec<(&'static str, String)> {
    let id = TrialId {
        target: target.into(),
        case: case.into(),
        variant: ORIGINAL.into(),
        repeat: 0,
    };
    let attempt = Attempt {
        fault: None,
        took_ms: trial.latency_ms,
        waited_ms: 0.0,
    };
    let finished = Event::TrialFinished(Box::new(TrialFinished {
        ordinal,
        trial: id.clone(),
        outcome: trial.outcome.clone(),
        attempts: vec![attempt; trial.attempts],
        transcript: Transcript {
            case: case.into(),
            target: target.into(),
            output: "an \"answer\" with \\ and \n".into(),
            finish: Some(trial.finish),
            usage: trial.usage,
            cost_usd: trial.cost_usd,
            timing: Timing {
                total_ms: trial.latency_ms,
                ..Timing::default()
            },
            ..Transcript::default()
        },
        reused: None,
    }));
    let mut events = vec![finished];
    if !trial.scores.is_empty() {
        events.push(Event::Scored(Scored {
            ordinal,
            trial: id,
            scores: trial.scores.clone(),
            reused: None,
        }));
    }
    let line = |event: &Event| (event.name(), serde_json::to_string(event).unwrap());
    events.iter().map(line).collect()
}

/// A record of all trials: `trial(case, repeat, target)`; `None`: never heard of.
pub(crate) fn record(
    suite: &Suite,
    cases: &[Case],
    trial: impl Fn(usize, u32, usize) -> Option<Trial>,
) -> Record {
    let shape = Shape::of(suite, cases.len() as u64);
    let extent = shape.extent;
    let mut record = Record::new(shape);
    for case in cases {
        record.add_case(case);
    }
    for ordinal in 0..extent.trials() {
        let Coordinates {
            case,
            repeat,
            target,
            ..
        } = extent.at(ordinal).unwrap();
        let (case, target) = (case as usize, target as usize);
        if let Some(trial) = trial(case, repeat, target) {
            let id = &suite.targets[target].id;
            for (event, line) in lines(ordinal, &cases[case].id, id, &trial) {
                record.apply(event, &line).unwrap();
            }
        }
    }
    record
}

/// Two targets `prod` and `next`, one trial a side, by McNemar's counts.
pub(crate) fn pairs(
    both: usize,
    gained: usize,
    lost: usize,
    neither: usize,
) -> (Vec<Case>, impl Fn(usize, u32, usize) -> Option<Trial>) {
    let n = both + gained + lost + neither;
    let trial = move |case: usize, _: u32, target: usize| {
        let right = match case {
            at if at < both => true,
            at if at < both + gained => target == 1,
            at if at < both + gained + lost => target == 0,
            _ => false,
        };
        Some(pass(right))
    };
    (cases(n), trial)
}

/// The findings of a suite over these cases and trials.
pub(crate) fn found(
    suite: &Suite,
    cases: &[Case],
    trial: impl Fn(usize, u32, usize) -> Option<Trial>,
) -> Findings {
    findings(suite, &record(suite, cases, trial), context())
}

pub(crate) fn with_deadline(mut suite: Suite, deadline: Duration) -> Suite {
    suite.limits.deadline = Some(deadline);
    suite
}

/// To six digits, as the worked examples are given.
pub(crate) fn near(got: Option<f64>, want: f64) {
    let got = got.expect("a number");
    assert!((got - want).abs() < 6e-7, "{got}, not {want}");
}
