//! Decides what runs when: workers pull trials from a lazy plan, make their calls at each endpoint's pace, retry what is worth
//! retrying, and have every answer scored. What happens leaves as events; the first listener is the journal.
//!
//! The engine knows traits and tables, no kind of target, scorer or report. It runs on one thread: as many local tasks as slots
//! (`limits.concurrency`), each with one call under way at a time, so that the number of workers bounds the calls.

mod adaptive;
mod backoff;
mod breaker;
mod budget;
mod bug;
mod call;
mod dispatch;
mod heart;
mod lane;
mod pace;
mod reserve;
mod stop;
mod trial;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

pub use breaker::{Breaker, IN_A_ROW};
pub use dispatch::Dispatcher;
pub use lane::Lane;
pub use pace::Pace;
pub use reserve::DEFAULT_OUTPUT;
pub use stop::{Asked, Stop};

use crate::domain::case::Case;
use crate::domain::event::{
    Event, Interrupted, LimitReached, RunFinished, RunStarted, Spent, Tick,
};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::{Clock, Scorer, Target};
use crate::domain::price::Price;
use crate::domain::secret::Secrets;
use crate::domain::suite::Limits;
use crate::domain::transcript::{Outcome, Transcript};
use crate::score::success::Expression;

use budget::Ledger;
use pace::Held;

/// How long trials under way may go on after a first interrupt.
pub const GRACE: Duration = Duration::from_secs(10);
/// How often [`Event::Tick`] is sent.
const TICK: Duration = Duration::from_millis(200);

/// What a run needs.
pub struct Job {
    /// The targets in the suite's order: a trial's target index points here.
    pub targets: Vec<TargetSlot>,
    /// The scorers in the suite's order.
    pub scorers: Vec<ScorerSlot>,
    /// The pass/fail scorer of a case's own checks, called for each case.
    pub checks: Option<CaseChecks>,
    /// Bounds.
    pub limits: Limits,
    /// Failed trials of this process after which nothing more is launched.
    pub max_fail: Option<u64>,
    /// Cases whose failures `max_fail` does not count: those in quarantine.
    pub uncounted: BTreeSet<String>,
    /// What makes a trial a success, for `max_fail`.
    pub success: Option<Expression>,
    /// Seeds the jitter of waits.
    pub seed: u64,
    /// Trials in the whole plan.
    pub planned: u64,
    /// Those settled before this process began.
    pub settled: u64,
    /// Whether an earlier process of this run left something.
    pub resumed: bool,
    /// What has changed since the run began.
    pub drift: Vec<String>,
    /// Values that no text of a reply may show: what is scored is what is kept.
    pub secrets: Secrets,
    /// What earlier processes spent, and reserved without saying what they used.
    pub spent: Spent,
    /// How long earlier processes took.
    pub took: Duration,
    /// Where [`Spent`] lines come from once a second; `None` in tests that freeze everything.
    pub spent_every: Option<Duration>,
}

/// Scores a case's own checks (see [`crate::score`]); not applicable for a case without any.
pub type CaseChecks = fn(&crate::domain::port::Seen) -> crate::domain::score::Score;

/// A target, built.
pub struct TargetSlot {
    /// Its id.
    pub id: String,
    /// The target.
    pub target: Rc<dyn Target>,
    /// The pace of its endpoint, shared with all that call there.
    pub lane: Rc<Lane>,
    /// What its tokens cost.
    pub price: Option<Price>,
    /// Fault kinds that are its own failure.
    pub counts_as_failure: Vec<FaultKind>,
    /// Whether its times are measured here; one that is scripted or recorded states its own.
    pub is_live: bool,
    /// What bounds its calls besides its lane.
    pub bounds: Bounds,
}

/// What bounds the calls to a target besides the lane of its endpoint.
#[derive(Debug, Default)]
pub struct Bounds {
    /// Calls and tokens a minute, shared with all that call the same model with the same keys; `None`: any number.
    pub pace: Option<Rc<Pace>>,
    /// The most tokens one reply may have; `None`: [`DEFAULT_OUTPUT`] are reserved.
    pub most_output: Option<u64>,
    /// The environment variables it uses, by name: what is said when it is refused.
    pub variables: Vec<String>,
    /// Ends calls that can only fail.
    pub breaker: Breaker,
}

/// A scorer, and for a judge its model, built.
pub struct ScorerSlot {
    /// Its id.
    pub id: String,
    /// The scorer.
    pub scorer: Arc<dyn Scorer>,
    /// For one that asks: its models; a panel has several.
    pub models: Vec<TargetSlot>,
    /// The identity of a judge: prompt, model and parameters.
    pub digest: String,
}

/// One trial to be done.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its ordinal.
    pub ordinal: u64,
    /// The index of its target.
    pub target: usize,
    /// The repeat, from 0.
    pub repeat: u32,
    /// The variant's name.
    pub variant: String,
    /// The case.
    pub case: Arc<Case>,
    /// What is left to do.
    pub todo: Todo,
}

/// What is left to do of a trial.
#[derive(Debug, Clone)]
pub enum Todo {
    /// Everything.
    Whole,
    /// It has its outcome; these scorers (by id) are still to come.
    Scores {
        /// How it ended.
        outcome: Outcome,
        /// What happened.
        transcript: Arc<Transcript>,
        /// Scorers without a value; `checks` and rules among them by id.
        missing: Vec<String>,
    },
}

/// The lazy plan: yields what is left to do, in ordinal order.
pub trait Source {
    /// The next trial; `None` at the end. An error stops the run.
    fn next(&mut self) -> Result<Option<Item>, String>;
}

/// How the engine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Trials that have an outcome and all their scores (or an error), of this process.
    pub done: u64,
    /// The signal that interrupted it, if one did.
    pub interrupted: Option<Asked>,
    /// How often this program panicked, each time at the cost of one trial or one score.
    pub bugs: u64,
}

/// Why the engine cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal could not take an event: nothing that is not written may be done.
    #[error("{0}")]
    Journal(String),
    /// The plan could not be read on.
    #[error("{0}")]
    Plan(String),
}

/// What workers share.
pub(crate) struct Shared {
    pub(crate) job: Job,
    pub(crate) dispatcher: RefCell<Dispatcher>,
    pub(crate) stop: Stop,
    pub(crate) in_flight: Cell<u32>,
    pub(crate) ledger: Ledger,
    /// Failed trials of this process.
    pub(crate) failed: Cell<u64>,
    /// Whether a limit has stopped the run already.
    limited: Cell<bool>,
    /// The first error that ends the run.
    pub(crate) fatal: RefCell<Option<EngineError>>,
    pub(crate) done: Cell<u64>,
    pub(crate) bugs: Cell<u64>,
    pub(crate) heart: heart::Heart,
}

impl Shared {
    /// Sends an event; an error of the journal ends the run.
    pub(crate) fn tell(&self, event: &Event) {
        if let Err(message) = self.dispatcher.borrow_mut().send(event) {
            self.fail(EngineError::Journal(message));
        }
    }

    pub(crate) fn fail(&self, error: EngineError) {
        self.fatal.borrow_mut().get_or_insert(error);
        self.stop.now();
    }

    /// A limit was reached: nothing more is launched. Only the first one is told.
    pub(crate) fn limit(&self, limit: LimitReached) {
        if !self.limited.replace(true) {
            self.tell(&Event::LimitReached(limit));
        }
        self.stop.limit();
    }

    /// The breaker of a target, or of a scorer's model, has opened.
    pub(crate) fn broke(&self, slot: &TargetSlot, scorer: Option<&str>, fault: &Fault) {
        let who = match scorer {
            Some(scorer) => format!("the model of `{scorer}`"),
            None => format!("target `{}`", slot.id),
        };
        self.tell(&Event::LimitReached(LimitReached {
            limit: "breaker".to_owned(),
            message: breaker::words(&who, fault, &slot.bounds.variables),
        }));
        let targets = &self.job.targets;
        if targets.iter().all(|slot| slot.bounds.breaker.is_open()) {
            self.limited.set(true);
            self.stop.limit();
        }
    }

    /// A trial has failed.
    pub(crate) fn trial_failed(&self, case: &str) {
        if self.job.uncounted.contains(case) {
            return;
        }
        self.failed.set(self.failed.get() + 1);
        let Some(most) = self.job.max_fail else {
            return;
        };
        if self.failed.get() >= most {
            self.limit(LimitReached {
                limit: "max_fail".to_owned(),
                message: format!(
                    "{} trials failed, as many as --max-fail allows",
                    self.failed.get()
                ),
            });
        }
    }

    fn tick(&self) -> Tick {
        let mut tick = Tick {
            in_flight: self.in_flight.get(),
            on_budget: self.ledger.waiting(),
            ..Tick::default()
        };
        let mut paces: Vec<*const Pace> = Vec::new();
        let judges = self.job.scorers.iter().flat_map(|scorer| &scorer.models);
        let mut seen: Vec<*const Lane> = Vec::new();
        for slot in self.job.targets.iter().chain(judges) {
            if let Some(pace) = &slot.bounds.pace
                && !paces.contains(&Rc::as_ptr(pace))
            {
                paces.push(Rc::as_ptr(pace));
                let (waiting, held) = pace.waiting();
                match held {
                    Held::Calls => tick.on_rpm += waiting,
                    Held::Tokens => tick.on_tpm += waiting,
                }
            }
            let lane = Rc::as_ptr(&slot.lane);
            if !seen.contains(&lane) {
                seen.push(lane);
                if let Some(slots) = slot.lane.slowed_to() {
                    let slots = u32::try_from(slots).unwrap_or(u32::MAX);
                    tick.slowed_to = match tick.slowed_to {
                        0 => slots,
                        other => other.min(slots),
                    };
                }
                let (waiting, next) = slot.lane.waiting();
                if waiting > 0 {
                    let next = next.as_secs_f64();
                    tick.next_s = if tick.waiting == 0 {
                        next
                    } else {
                        tick.next_s.min(next)
                    };
                    tick.waiting += waiting;
                }
            }
        }
        tick
    }
}

/// Runs everything that the source yields. Must be called within a [`tokio::task::LocalSet`].
pub async fn run(
    job: Job,
    source: Box<dyn Source>,
    dispatcher: Dispatcher,
    clock: &dyn Clock,
    stop: Stop,
) -> (Result<Ending, EngineError>, Dispatcher) {
    let workers = job.limits.concurrency.max(1);
    let shared = Rc::new(Shared {
        ledger: Ledger::new(job.limits.budget, job.spent),
        failed: Cell::new(0),
        limited: Cell::new(false),
        dispatcher: RefCell::new(dispatcher),
        stop,
        in_flight: Cell::new(0),
        fatal: RefCell::new(None),
        done: Cell::new(0),
        bugs: Cell::new(0),
        heart: heart::Heart::default(),
        job,
    });
    shared.tell(&Event::RunStarted(RunStarted {
        planned: shared.job.planned,
        settled: shared.job.settled,
        resumed: shared.job.resumed,
        budget: shared.job.limits.budget,
        drift: shared.job.drift.clone(),
        at_ms: clock.unix_ms(),
    }));
    let source = Rc::new(RefCell::new(source));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..workers {
        tasks.spawn_local(work(Rc::clone(&shared), Rc::clone(&source)));
    }
    let listener = tokio::task::spawn_local(report_often(Rc::clone(&shared)));
    join(&shared, &mut tasks).await;
    listener.abort();
    // An aborted task is dropped only when it is polled again; the dispatcher is taken back through the shared state meanwhile.
    let _ = listener.await;
    finish(&shared, clock);
    let ending = match shared.fatal.borrow_mut().take() {
        Some(error) => Err(error),
        None => Ok(Ending {
            done: shared.done.get(),
            interrupted: shared.stop.asked(),
            bugs: shared.bugs.get(),
        }),
    };
    let dispatcher = shared.dispatcher.replace(Dispatcher::default());
    (ending, dispatcher)
}

/// Waits for the workers; after a first interrupt for [`GRACE`], after a second not at all.
async fn join(shared: &Shared, tasks: &mut tokio::task::JoinSet<()>) {
    let all = async {
        while let Some(result) = tasks.join_next().await {
            if let Err(error) = result
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    };
    tokio::select! {
        () = all => {}
        () = shared.stop.over(GRACE) => {}
        () = time_is_up(shared) => {}
    }
    tasks.shutdown().await;
}

/// Stops launching when the run has taken as long as it may. Never ends: what is under way has its own time.
async fn time_is_up(shared: &Shared) {
    if let Some(most) = shared.job.limits.budget.time {
        tokio::time::sleep(most.saturating_sub(shared.job.took)).await;
        shared.limit(LimitReached {
            limit: "budget_time".to_owned(),
            message: format!("budget_time is reached: {:.0} s", most.as_secs_f64()),
        });
    }
    std::future::pending().await
}

async fn work(shared: Rc<Shared>, source: Rc<RefCell<Box<dyn Source>>>) {
    while !shared.stop.is_over() {
        let next = source.borrow_mut().next();
        match next {
            Ok(Some(item)) => {
                if trial::run(&shared, item).await {
                    shared.done.set(shared.done.get() + 1);
                }
            }
            Ok(None) => return,
            Err(message) => return shared.fail(EngineError::Plan(message)),
        }
    }
}

/// Ticks, and once a second what was spent.
async fn report_often(shared: Rc<Shared>) {
    let Some(every) = shared.job.spent_every else {
        return;
    };
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    // Not what is spent by now: workers that began before this task have reserved already.
    let mut last = (tokio::time::Instant::now(), shared.job.spent);
    loop {
        ticks.tick().await;
        shared.heart.beat();
        shared.tell(&Event::Tick(shared.tick()));
        let spent = shared.ledger.spent();
        if last.0.elapsed() >= every && spent != last.1 {
            shared.tell(&Event::Spent(spent));
            last = (tokio::time::Instant::now(), spent);
        }
    }
}

fn finish(shared: &Shared, clock: &dyn Clock) {
    if shared.fatal.borrow().is_some() {
        return;
    }
    if shared.ledger.spent() != shared.job.spent {
        shared.tell(&Event::Spent(shared.ledger.spent()));
    }
    if let Some(asked) = shared.stop.asked() {
        shared.tell(&Event::Interrupted(Interrupted {
            signal: asked.name().to_owned(),
            at_ms: clock.unix_ms(),
        }));
        return;
    }
    let settled = shared.job.settled + shared.done.get();
    shared.tell(&Event::RunFinished(RunFinished {
        settled,
        stopped: shared.job.planned.saturating_sub(settled),
        at_ms: clock.unix_ms(),
    }));
}
