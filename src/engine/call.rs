//! One call, with its attempts: at the endpoint's pace, within its time, retried where that may help.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::{self, Next};
use super::budget::{Entry, may_have_cost};
use super::lane::Permit;
use super::pace::Taken;
use super::reserve::Reserve;
use super::{Shared, TargetSlot};
use crate::domain::event::{AttemptFailed, Event};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::plan::TrialId;
use crate::domain::port::{Reply, Request, Session};
use crate::domain::secret::Secrets;
use crate::domain::transcript::{Attempt, Failure};
use crate::domain::units::millis;

/// How much later than the target itself the engine ends an attempt: the target's own message says more.
const SLACK: Duration = Duration::from_millis(250);

/// How long an endpoint is left alone that complains and does not say for how long.
const UNASKED: Duration = Duration::from_secs(1);
/// The same where calls keep to the numbers that the suite gives: it was at most a little too fast.
const UNASKED_PACED: Duration = Duration::from_millis(250);

/// What became of a call.
pub(crate) struct Called {
    /// The reply, or how it ended without one.
    pub(crate) result: Result<Reply, End>,
    /// All attempts, the last one included.
    pub(crate) attempts: Vec<Attempt>,
    /// Queue, pauses and back-off, in milliseconds; for a reply that carries its own times what it says and the back-off.
    pub(crate) waited_ms: f64,
    /// USD of the reply; `None` where no price is known.
    pub(crate) cost_usd: Option<f64>,
}

/// How a call ended without a reply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    /// The agent's own failure.
    Failed(Failure, String),
    /// A fault of harness or endpoint.
    Errored(Fault),
    /// We were asked to stop before it could end.
    Stopped,
}

/// On whose behalf a call is made.
pub(crate) struct Who<'a> {
    pub(crate) trial: &'a TrialId,
    pub(crate) scorer: Option<&'a str>,
}

/// Makes one call. `deadline` is what is left of the agent's own time in this trial.
pub(crate) async fn call(
    shared: &Shared,
    slot: &TargetSlot,
    mut request: Request,
    session: &mut Session,
    who: &Who<'_>,
    deadline: Option<Duration>,
) -> Called {
    let limits = &shared.job.limits;
    let ordinal = request.call.ordinal;
    let limit = deadline.map_or(limits.timeout, |left| left.min(limits.timeout));
    let past_deadline = deadline.is_some_and(|left| left <= limits.timeout);
    request.timeout = limit;
    let mut called = Called {
        result: Err(End::Stopped),
        attempts: Vec::new(),
        waited_ms: 0.0,
        cost_usd: None,
    };
    // Of the waiting, what is the same whenever the run is done: not the queue, and not the pauses that others' calls bring about.
    let mut backed_off_ms = 0.0;
    let reserve = Reserve::of(slot, &request);
    for attempt in 1..=limits.attempts.max(1) {
        let jitter = backoff::jitter(shared.job.seed, ordinal, attempt);
        let queued = Instant::now();
        let Some(launched) = launch(shared, slot, reserve, jitter).await else {
            return called;
        };
        let started = Instant::now();
        called.waited_ms += millis(started - queued);
        let result = {
            let _in_flight = InFlight::new(shared);
            tokio::time::timeout(limit + SLACK, slot.target.attempt(&request, session)).await
        };
        let result = result.unwrap_or_else(|_| {
            let message = format!("no answer within {:.3} s", limit.as_secs_f64());
            Err(Fault::new(FaultKind::TimedOut, message))
        });
        let fault = match result {
            Ok(mut reply) => {
                mask(&shared.job.secrets, &mut reply);
                called.attempts.push(Attempt {
                    fault: None,
                    took_ms: reply.timing.total_ms,
                    waited_ms: 0.0,
                });
                called.cost_usd = cost(slot, &reply);
                if reply.replayed || !slot.is_live {
                    // It carries its own times, and next to them this process's queue would be of another world.
                    called.waited_ms = reply.timing.waited_ms + backed_off_ms;
                }
                launched.answered(slot, &reply, called.cost_usd);
                called.result = Ok(reply);
                return called;
            }
            Err(fault) => fault,
        };
        let next = backoff::after(&fault, attempt, limits.attempts, jitter);
        launched.failed(slot, &fault, started, next);
        let took_ms = millis(started.elapsed());
        if let Some(end) = agents_own(slot, &fault, who, past_deadline) {
            called.attempts.push(Attempt {
                fault: Some(fault),
                took_ms,
                waited_ms: 0.0,
            });
            called.result = Err(end);
            return called;
        }
        let wait = match next {
            Next::Retry(wait) => Some(wait),
            Next::GiveUp => None,
        };
        if slot.bounds.breaker.failed(&fault) {
            shared.broke(slot, who.scorer, &fault);
        }
        shared.tell(&Event::AttemptFailed(AttemptFailed {
            ordinal,
            trial: who.trial.clone(),
            scorer: who.scorer.map(str::to_owned),
            attempt,
            fault: fault.clone(),
            retry_in_ms: wait.map(millis),
        }));
        called.attempts.push(Attempt {
            fault: Some(fault.clone()),
            took_ms,
            waited_ms: wait.map_or(0.0, millis),
        });
        let Some(wait) = wait else {
            called.result = Err(End::Errored(fault));
            return called;
        };
        called.waited_ms += millis(wait);
        backed_off_ms += millis(wait);
        tokio::select! {
            biased;
            () = shared.stop.wait() => return called,
            () = slot.lane.back_off(wait) => {}
        }
    }
    called
}

/// Whether a fault is the agent's own doing (STATISTICS 1): such a failure is final, since a second chance would raise the rate.
fn agents_own(slot: &TargetSlot, fault: &Fault, who: &Who<'_>, past_deadline: bool) -> Option<End> {
    if who.scorer.is_some() {
        return None;
    }
    if fault.kind == FaultKind::TimedOut && past_deadline {
        return Some(End::Failed(Failure::Deadline, fault.message.clone()));
    }
    slot.counts_as_failure
        .contains(&fault.kind)
        .then(|| End::Failed(Failure::Fault(fault.kind), fault.message.clone()))
}

/// Puts names in place of the values of secrets. A stream may bring a value in pieces: only the whole text shows it.
fn mask(secrets: &Secrets, reply: &mut Reply) {
    for text in std::iter::once(&mut reply.text).chain(&mut reply.reasoning) {
        if let Cow::Owned(masked) = secrets.mask(text) {
            *text = masked;
        }
    }
}

/// USD of a reply: what it says itself, else its tokens by the price.
fn cost(slot: &TargetSlot, reply: &Reply) -> Option<f64> {
    reply
        .cost_usd
        .or_else(|| Some(slot.price?.cost(reply.usage?)))
}

/// A call that may be made, with all that it holds while it is under way.
struct Launched<'a> {
    permit: Permit<'a>,
    entry: Entry<'a>,
    taken: Option<Taken>,
}

/// Waits until a call may be made: for its turn among those a minute, for a slot, for its endpoint, and for room in the budget. `None`
/// if it may not be made any more.
async fn launch<'a>(
    shared: &'a Shared,
    slot: &'a TargetSlot,
    reserve: Reserve,
    jitter: f64,
) -> Option<Launched<'a>> {
    if shared.stop.is_over() || slot.bounds.breaker.is_open() {
        return None;
    }
    if slot.bounds.pace.is_none()
        && let Some(permit) = slot.lane.try_enter()
        && let Ok(entry) = shared.ledger.try_reserve(reserve)
    {
        // The usual case, in which nothing is in the way.
        return Some(Launched {
            permit,
            entry,
            taken: None,
        });
    }
    let way = async {
        let turn = match &slot.bounds.pace {
            Some(pace) => Some(pace.turn().await),
            None => None,
        };
        let permit = slot.lane.enter(jitter).await;
        if slot.bounds.breaker.is_open() {
            return None;
        }
        match shared.ledger.reserve(reserve).await {
            Ok(entry) => Some(Launched {
                permit,
                entry,
                taken: turn.map(|turn| turn.start(&reserve)),
            }),
            Err(limit) => {
                shared.limit(limit);
                None
            }
        }
    };
    tokio::select! {
        biased;
        () = shared.stop.wait() => None,
        launched = way => launched,
    }
}

impl Launched<'_> {
    fn answered(self, slot: &TargetSlot, reply: &Reply, cost_usd: Option<f64>) {
        slot.lane.answered();
        slot.bounds.breaker.answered();
        if let (Some(pace), Some(taken)) = (&slot.bounds.pace, self.taken) {
            if reply.replayed {
                pace.untouched(taken);
            } else {
                pace.used(taken, reply.usage.map(|usage| usage.total()));
            }
        }
        self.entry.answered(reply, cost_usd);
        drop(self.permit);
    }

    fn failed(self, slot: &TargetSlot, fault: &Fault, began: Instant, next: Next) {
        if let (Some(pace), Some(taken)) = (&slot.bounds.pace, self.taken) {
            match fault.kind {
                FaultKind::CassetteMiss => pace.untouched(taken),
                kind if may_have_cost(kind) => {}
                _ => pace.refused(taken),
            }
            if fault.kind == FaultKind::RateLimited {
                pace.complained();
            }
        }
        let is_limited = fault.kind == FaultKind::RateLimited;
        if is_limited || matches!(fault.status, Some(503 | 529)) {
            let unasked = match slot.bounds.pace {
                Some(_) => UNASKED_PACED,
                None => UNASKED,
            };
            let asked = fault.retry_after().or(is_limited.then_some(unasked));
            slot.lane
                .complained(began, asked.filter(|_| next != Next::GiveUp));
        }
        self.entry.failed(fault);
        drop(self.permit);
    }
}

/// One more call under way, until dropped.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.in_flight.set(shared.in_flight.get() + 1);
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0
            .in_flight
            .set(self.0.in_flight.get().saturating_sub(1));
    }
}
