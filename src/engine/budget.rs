//! What a run may spend: money, tokens, calls and time, of targets, judges and every other scorer that asks.
//!
//! A call reserves what it may use before it is made and settles what it did use when it has ended. One that does not fit beside
//! what others have reserved waits for these to settle; where nothing is under way any more and it still does not fit, the run stops
//! launching. So a cap is passed only by what calls use beyond their reserve.
//!
//! A call that ended without saying what it used (silence after it was accepted, a reply that cannot be read, a program that
//! crashed, a process of ours that was killed) keeps its reserve: it may well have been paid for.

use std::cell::Cell;

use tokio::sync::Notify;

use super::reserve::Reserve;
use crate::analysis::findings::Unit;
use crate::analysis::format::{Rounding, Scale};
use crate::domain::event::{LimitReached, Spent};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::Reply;
use crate::domain::suite::Budget;

/// What was spent and what is reserved, held against the caps.
#[derive(Debug)]
pub(crate) struct Ledger {
    caps: Budget,
    spent: Cell<Spent>,
    /// Reserves of calls under way.
    open: Cell<u32>,
    waiting: Cell<u32>,
    settled: Notify,
}

/// A reserve, to be settled. Dropped without that (its call was cut short) it stands.
#[derive(Debug)]
#[must_use]
pub(crate) struct Entry<'a> {
    ledger: &'a Ledger,
    reserve: Reserve,
    is_settled: bool,
}

impl Ledger {
    /// Caps for a run that has spent so much already.
    pub(crate) fn new(caps: Budget, spent: Spent) -> Self {
        Self {
            caps,
            spent: Cell::new(spent),
            open: Cell::new(0),
            waiting: Cell::new(0),
            settled: Notify::new(),
        }
    }

    /// What was spent and reserved so far.
    pub(crate) fn spent(&self) -> Spent {
        self.spent.get()
    }

    /// Calls that wait until others have settled.
    pub(crate) fn waiting(&self) -> u32 {
        self.waiting.get()
    }

    /// Reserves for a call, or answers the limit that forbids it for now.
    pub(crate) fn try_reserve(&self, reserve: Reserve) -> Result<Entry<'_>, &'static str> {
        let mut spent = self.spent.get();
        spent.reserved.usd += reserve.usd;
        spent.reserved.tokens += reserve.tokens();
        spent.reserved.calls += 1;
        if let Some(limit) = self.passed(&spent) {
            return Err(limit);
        }
        self.spent.set(spent);
        self.open.set(self.open.get() + 1);
        Ok(Entry {
            ledger: self,
            reserve,
            is_settled: false,
        })
    }

    /// Reserves for a call as soon as it fits; the limit that was reached where it never will.
    pub(crate) async fn reserve(&self, reserve: Reserve) -> Result<Entry<'_>, LimitReached> {
        self.waiting.set(self.waiting.get() + 1);
        let _waiting = Waiting(self);
        loop {
            let settled = self.settled.notified();
            match self.try_reserve(reserve) {
                Ok(entry) => return Ok(entry),
                Err(limit) if self.open.get() == 0 => return Err(self.reached(limit, reserve)),
                Err(_) => settled.await,
            }
        }
    }

    /// The cap that so much would pass.
    fn passed(&self, spent: &Spent) -> Option<&'static str> {
        // A billionth of slack: sums of prices do not come out even.
        let over = |cap: Option<f64>, usd: f64| cap.is_some_and(|cap| usd > cap * (1.0 + 1e-9));
        let more = |cap: Option<u64>, count: u64| cap.is_some_and(|cap| count > cap);
        if over(self.caps.usd, spent.usd + spent.reserved.usd) {
            Some("budget_usd")
        } else if more(
            self.caps.tokens,
            spent.tokens.total() + spent.reserved.tokens,
        ) {
            Some("budget_tokens")
        } else if more(self.caps.calls, spent.calls + spent.reserved.calls) {
            Some("budget_calls")
        } else {
            None
        }
    }

    fn reached(&self, limit: &'static str, next: Reserve) -> LimitReached {
        let spent = self.spent.get();
        let (cap, used, kept, wants) = match limit {
            "budget_usd" => (
                usd(self.caps.usd.unwrap_or(0.0)),
                usd(spent.usd),
                (spent.reserved.usd > 0.0).then(|| usd(spent.reserved.usd)),
                format!("the next call may cost {}", usd(next.usd)),
            ),
            "budget_tokens" => (
                format!("{} tokens", self.caps.tokens.unwrap_or(0)),
                spent.tokens.total().to_string(),
                (spent.reserved.tokens > 0).then(|| spent.reserved.tokens.to_string()),
                format!("the next call may take {}", next.tokens()),
            ),
            _ => (
                format!("{} calls", self.caps.calls.unwrap_or(0)),
                spent.calls.to_string(),
                (spent.reserved.calls > 0).then(|| spent.reserved.calls.to_string()),
                "another is to be made".to_owned(),
            ),
        };
        let kept = kept.map_or(String::new(), |kept| {
            format!(" and {kept} reserved by calls that never said")
        });
        LimitReached {
            limit: limit.to_owned(),
            message: format!("{limit} is reached: of {cap}, {used} spent{kept}, and {wants}"),
        }
    }

    /// One entry ends: its reserve is taken back, save what of it stands, and what was used is added.
    fn settle(&self, reserve: Reserve, stands: Stands, add: impl FnOnce(&mut Spent)) {
        let mut spent = self.spent.get();
        let reserved = &mut spent.reserved;
        reserved.calls = reserved.calls.saturating_sub(1);
        if !stands.usd {
            reserved.usd = (reserved.usd - reserve.usd).max(0.0);
            if reserved.usd < 1e-12 {
                // What rounding left.
                reserved.usd = 0.0;
            }
        }
        if !stands.tokens {
            reserved.tokens = reserved.tokens.saturating_sub(reserve.tokens());
        }
        add(&mut spent);
        self.open.set(self.open.get().saturating_sub(1));
        self.spent.set(spent);
        self.settled.notify_waiters();
    }
}

/// What of a reserve stands after its call has ended.
#[derive(Debug, Clone, Copy)]
struct Stands {
    usd: bool,
    tokens: bool,
}

impl Stands {
    const NOTHING: Self = Self::both(false);

    const fn both(stands: bool) -> Self {
        Self {
            usd: stands,
            tokens: stands,
        }
    }
}

impl Entry<'_> {
    /// The call was answered, at this cost.
    pub(crate) fn answered(mut self, reply: &Reply, cost_usd: Option<f64>) {
        self.is_settled = true;
        if reply.replayed {
            return self.ledger.settle(self.reserve, Stands::NOTHING, |_| {});
        }
        // What a reply does not say may have been as much as was reserved. Tokens are missed only where they are capped: agents
        // that never tell theirs are no less known for that.
        let stands = Stands {
            usd: cost_usd.is_none(),
            tokens: reply.usage.is_none() && self.ledger.caps.tokens.is_some(),
        };
        self.ledger.settle(self.reserve, stands, |spent| {
            spent.calls += 1;
            spent.usd += cost_usd.unwrap_or(0.0);
            spent.tokens += reply.usage.unwrap_or_default();
        });
    }

    /// The call failed.
    pub(crate) fn failed(mut self, fault: &Fault) {
        self.is_settled = true;
        let stands = Stands::both(may_have_cost(fault.kind));
        self.ledger
            .settle(self.reserve, stands, |spent| spent.calls += 1);
    }
}

impl Drop for Entry<'_> {
    /// Cut short: the call went out, and what it used nobody will hear.
    fn drop(&mut self) {
        if !self.is_settled {
            self.ledger
                .settle(self.reserve, Stands::both(true), |spent| spent.calls += 1);
        }
    }
}

/// Whether a failed call may have been paid for: it was accepted, and then silent, cut or unreadable. What is refused costs nothing.
pub(crate) fn may_have_cost(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::TimedOut | FaultKind::Garbled | FaultKind::Crashed
    )
}

/// USD for a message.
pub(crate) fn usd(usd: f64) -> String {
    Scale::of(Unit::Usd, usd, 0).with_unit(usd, Rounding::Up, None)
}

/// Counts one less that waits when dropped, also when the wait is cut short.
struct Waiting<'a>(&'a Ledger);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.set(self.0.waiting.get().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::Usage;

    const DIME: Reserve = Reserve {
        input: 100,
        output: 900,
        usd: 0.1,
        is_bounded: true,
    };

    fn reply(tokens: u64) -> Reply {
        Reply {
            usage: Some(Usage {
                output: tokens,
                ..Usage::default()
            }),
            ..Reply::default()
        }
    }

    fn capped(caps: Budget) -> Ledger {
        Ledger::new(caps, Spent::default())
    }

    #[tokio::test]
    async fn what_does_not_fit_waits_for_others_to_settle_and_then_ends_the_run() {
        let ledger = capped(Budget {
            usd: Some(0.25),
            ..Budget::default()
        });
        let first = ledger.try_reserve(DIME).unwrap();
        let second = ledger.try_reserve(DIME).unwrap();
        assert_eq!(ledger.try_reserve(DIME).unwrap_err(), "budget_usd");
        let settle = async {
            tokio::task::yield_now().await;
            assert_eq!(ledger.waiting(), 1);
            first.answered(&reply(10), Some(0.02));
        };
        let (third, ()) = tokio::join!(ledger.reserve(DIME), settle);
        let third = third.unwrap();
        second.answered(&reply(10), Some(0.1));
        third.answered(&reply(10), Some(0.1));
        let spent = ledger.spent();
        assert!((spent.usd - 0.22).abs() < 1e-12, "{spent:?}");
        assert_eq!((spent.calls, spent.reserved), (3, Default::default()));
        let reached = ledger.reserve(DIME).await.unwrap_err();
        assert_eq!(reached.limit, "budget_usd");
        assert_eq!(
            reached.message,
            "budget_usd is reached: of $0.250, $0.220 spent, and the next call may cost $0.100"
        );
        assert_eq!(ledger.waiting(), 0);
    }

    #[tokio::test]
    async fn tokens_and_calls_are_capped_too() {
        let ledger = capped(Budget {
            tokens: Some(1_500),
            calls: Some(2),
            ..Budget::default()
        });
        ledger
            .try_reserve(DIME)
            .unwrap()
            .answered(&reply(600), None);
        assert_eq!(ledger.try_reserve(DIME).unwrap_err(), "budget_tokens");
        let small = Reserve {
            input: 1,
            output: 1,
            usd: 0.0,
            is_bounded: true,
        };
        let fault = Fault::new(FaultKind::RateLimited, "429");
        ledger.try_reserve(small).unwrap().failed(&fault);
        let reached = ledger.reserve(small).await.unwrap_err();
        assert_eq!(
            reached.message,
            "budget_calls is reached: of 2 calls, 2 spent, and another is to be made"
        );
    }

    #[tokio::test]
    async fn what_never_said_its_cost_keeps_its_reserve() {
        let ledger = capped(Budget {
            usd: Some(0.35),
            ..Budget::default()
        });
        let fail = |kind| {
            ledger
                .try_reserve(DIME)
                .unwrap()
                .failed(&Fault::new(kind, "x"))
        };
        fail(FaultKind::Unavailable);
        fail(FaultKind::TimedOut);
        // A call that is cut short.
        drop(ledger.try_reserve(DIME).unwrap());
        let spent = ledger.spent();
        assert!((spent.reserved.usd - 0.2).abs() < 1e-12);
        assert_eq!((spent.reserved.tokens, spent.reserved.calls), (2_000, 0));
        assert_eq!((spent.usd, spent.calls), (0.0, 3));
        // After a resume it counts as before.
        let again = Ledger::new(
            Budget {
                usd: Some(0.29),
                ..Budget::default()
            },
            spent,
        );
        let reached = again.reserve(DIME).await.unwrap_err();
        assert!(
            reached
                .message
                .contains("$0.200 reserved by calls that never said"),
            "{}",
            reached.message
        );
        assert!(ledger.try_reserve(DIME).is_ok());
    }

    #[tokio::test]
    async fn a_recorded_reply_costs_nothing() {
        let ledger = capped(Budget::default());
        let recorded = Reply {
            replayed: true,
            ..reply(10)
        };
        ledger
            .try_reserve(DIME)
            .unwrap()
            .answered(&recorded, Some(1.0));
        assert_eq!(ledger.spent(), Spent::default());
    }
}
