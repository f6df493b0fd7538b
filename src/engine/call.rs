//! One call, with its attempts: at the endpoint's pace, within its time, retried where that may help.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;

use super::backoff::{self, Next};
use super::{Shared, TargetSlot};
use crate::domain::event::{AttemptFailed, Event};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::plan::TrialId;
use crate::domain::port::{Reply, Request, Session};
use crate::domain::secret::Secrets;
use crate::domain::transcript::{Attempt, Failure, Timing};
use crate::domain::units::millis;

/// How much later than the target itself the engine ends an attempt: the target's own message says more.
const SLACK: Duration = Duration::from_millis(250);

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
    let mut attempt = 0;
    while attempt < limits.attempts.max(1) {
        attempt += 1;
        let jitter = backoff::jitter(shared.job.seed, ordinal, attempt);
        let queued = Instant::now();
        let permit = tokio::select! {
            biased;
            () = shared.stop.wait() => return called,
            permit = slot.lane.enter(jitter) => permit,
        };
        called.waited_ms += millis(queued.elapsed());
        let started = Instant::now();
        let gaps = shared.heart.gaps();
        let result = {
            let _in_flight = InFlight::new(shared);
            tokio::time::timeout(limit + SLACK, slot.target.attempt(&request, session)).await
        };
        drop(permit);
        let was_stopped = shared.heart.gaps() > gaps;
        let result = result.unwrap_or_else(|_| {
            let message = format!("no answer within {:.3} s", limit.as_secs_f64());
            Err(Fault::new(FaultKind::TimedOut, message))
        });
        let fault = match result {
            Ok(mut reply) => {
                mask(&shared.job.secrets, &mut reply);
                if was_stopped && slot.is_live && !reply.replayed {
                    reply.timing = Timing::default();
                }
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
                spend(shared, &reply, called.cost_usd);
                called.result = Ok(reply);
                return called;
            }
            Err(fault) => fault,
        };
        count_call(shared);
        let took_ms = millis(started.elapsed());
        if was_stopped && matches!(fault.kind, FaultKind::TimedOut | FaultKind::Unavailable) {
            // Nobody's failure, and no attempt of those it has: each of these takes a stop of its own.
            let message = format!(
                "{}; evenhand was stopped meanwhile: made again",
                fault.message
            );
            let fault = Fault { message, ..fault };
            tell_failed(shared, ordinal, who, attempt, &fault, Some(Duration::ZERO));
            called.attempts.push(Attempt {
                fault: Some(fault),
                took_ms,
                waited_ms: 0.0,
            });
            attempt -= 1;
            continue;
        }
        if let Some(end) = agents_own(slot, &fault, who, past_deadline) {
            called.attempts.push(Attempt {
                fault: Some(fault),
                took_ms,
                waited_ms: 0.0,
            });
            called.result = Err(end);
            return called;
        }
        let next = backoff::after(&fault, attempt, limits.attempts, jitter);
        if fault.kind == FaultKind::RateLimited
            && let Next::Retry(_) = next
        {
            slot.lane
                .pause(fault.retry_after().unwrap_or(Duration::from_secs(1)));
        }
        let wait = match next {
            Next::Retry(wait) => Some(wait),
            Next::GiveUp => None,
        };
        tell_failed(shared, ordinal, who, attempt, &fault, wait);
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

fn tell_failed(
    shared: &Shared,
    ordinal: u64,
    who: &Who<'_>,
    attempt: u32,
    fault: &Fault,
    wait: Option<Duration>,
) {
    shared.tell(&Event::AttemptFailed(AttemptFailed {
        ordinal,
        trial: who.trial.clone(),
        scorer: who.scorer.map(str::to_owned),
        attempt,
        fault: fault.clone(),
        retry_in_ms: wait.map(millis),
    }));
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

fn spend(shared: &Shared, reply: &Reply, cost: Option<f64>) {
    if reply.replayed {
        return;
    }
    let mut spent = shared.spent.get();
    spent.calls += 1;
    spent.usd += cost.unwrap_or(0.0);
    spent.tokens += reply.usage.unwrap_or_default();
    shared.spent.set(spent);
}

fn count_call(shared: &Shared) {
    let mut spent = shared.spent.get();
    spent.calls += 1;
    shared.spent.set(spent);
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
