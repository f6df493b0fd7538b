//! Builds what a suite declares: targets, judges' models and the pace of their endpoints.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::JobError;
use super::suite::speakers;
use crate::domain::case::Case;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::message::Message;
use crate::domain::port::{Exchange, Local, Parts, Reply, Request, Session, Target};
use crate::domain::suite::{Suite, TargetSpec};
use crate::engine::{Bounds, Breaker, Lane, Pace, ScorerSlot, TargetSlot};

/// The targets and scorers of a suite, ready to run.
pub(crate) struct Wired {
    pub(crate) targets: Vec<TargetSlot>,
    pub(crate) scorers: Vec<ScorerSlot>,
}

/// Who is called in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    /// Targets and judges.
    Everybody,
    /// Judges alone: transcripts are there already.
    JudgesOnly,
}

/// A target that is not called: what it once needed (a program, a file, a key) need not be there.
struct NotCalled;

impl Target for NotCalled {
    fn opening(&self, _: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        Err(not_called())
    }

    fn attempt<'a>(
        &'a self,
        _: &'a Request,
        _: &'a mut Session,
    ) -> Local<'a, Result<Reply, Fault>> {
        Box::pin(async { Err(not_called()) })
    }
}

fn not_called() -> Fault {
    Fault::new(FaultKind::Rejected, "no target is called in this run")
}

/// Builds everything; targets and judges that call one endpoint share its lane.
pub(crate) fn wire(
    suite: &Suite,
    exchange: &Rc<dyn Exchange>,
    folder: &Path,
    calls: Calls,
) -> Result<Wired, JobError> {
    let parts = Parts {
        exchange: Rc::clone(exchange),
        folder: folder.to_path_buf(),
        seed: suite.seed,
    };
    let mut lanes = Lanes::new(suite);
    let paces = Paces::new(suite);
    let mut slot = |spec: &TargetSpec, is_called: bool| -> Result<TargetSlot, JobError> {
        let built = match is_called {
            true => spec.plan.build(&parts),
            false => Ok(Rc::new(NotCalled) as Rc<dyn Target>),
        };
        Ok(TargetSlot {
            id: spec.id.clone(),
            target: built.map_err(|message| {
                JobError::problem(
                    suite.name.clone(),
                    format!("target `{}`: {message}", spec.id),
                )
            })?,
            lane: lanes.of(spec),
            price: spec.price,
            counts_as_failure: spec.counts_as_failure.clone(),
            is_live: spec.plan.is_live(),
            bounds: Bounds {
                pace: paces.of(spec),
                most_output: spec.plan.most_output_tokens(),
                variables: variables(spec),
                breaker: Breaker::default(),
            },
        })
    };
    let targets = suite
        .targets
        .iter()
        .map(|spec| slot(spec, calls == Calls::Everybody))
        .collect::<Result<_, _>>()?;
    let mut scorers = Vec::new();
    for spec in &suite.scorers {
        scorers.push(ScorerSlot {
            id: spec.id.clone(),
            scorer: spec.scorer.clone(),
            models: spec
                .models()
                .map(|model| slot(model, true))
                .collect::<Result<_, _>>()?,
            digest: spec.digest.to_string(),
        });
    }
    Ok(Wired { targets, scorers })
}

/// One lane an endpoint, with the smallest concurrency that anybody who calls there asks for.
struct Lanes {
    bounds: BTreeMap<String, Option<u32>>,
    built: BTreeMap<String, Rc<Lane>>,
}

impl Lanes {
    fn new(suite: &Suite) -> Self {
        let mut bounds: BTreeMap<String, Option<u32>> = BTreeMap::new();
        for spec in speakers(suite) {
            let bound = bounds.entry(spec.plan.endpoint()).or_default();
            *bound = least(*bound, spec.concurrency);
        }
        Self {
            bounds,
            built: BTreeMap::new(),
        }
    }

    fn of(&mut self, spec: &TargetSpec) -> Rc<Lane> {
        let endpoint = spec.plan.endpoint();
        let bound = self.bounds.get(&endpoint).copied().flatten();
        Rc::clone(
            self.built
                .entry(endpoint)
                .or_insert_with(|| Rc::new(Lane::new(bound))),
        )
    }
}

/// The environment variables that a target uses, each once.
fn variables(spec: &TargetSpec) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in spec
        .plan
        .environment()
        .into_iter()
        .flat_map(|text| text.names())
    {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Endpoint, model and variables.
pub(crate) type Account = (String, String, Vec<String>);

/// What an endpoint counts together: one model, asked with the same keys. Where no model is named, each target is its own.
pub(crate) fn account(spec: &TargetSpec) -> Account {
    let model = match spec.plan.model() {
        Some(model) => format!("model {model}"),
        None => format!("target {}", spec.id),
    };
    (spec.plan.endpoint(), model, variables(spec))
}

/// The pace of each account: the smallest numbers that anybody who uses it gives, since providers count by model, whoever asks.
pub(crate) fn paces(suite: &Suite) -> BTreeMap<Account, crate::domain::suite::Pace> {
    let mut bounds: BTreeMap<_, crate::domain::suite::Pace> = BTreeMap::new();
    for spec in speakers(suite) {
        let bound = bounds.entry(account(spec)).or_default();
        bound.rpm = least(bound.rpm, spec.pace.rpm);
        bound.tpm = least(bound.tpm, spec.pace.tpm);
    }
    bounds
}

/// One pace an account, built.
struct Paces(BTreeMap<Account, Rc<Pace>>);

impl Paces {
    fn new(suite: &Suite) -> Self {
        let paced = |(account, bound): (_, crate::domain::suite::Pace)| {
            Some((account, Rc::new(Pace::new(bound.rpm, bound.tpm)?)))
        };
        Self(paces(suite).into_iter().filter_map(paced).collect())
    }

    fn of(&self, spec: &TargetSpec) -> Option<Rc<Pace>> {
        self.0.get(&account(spec)).cloned()
    }
}

fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
