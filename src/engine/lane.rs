//! The pace of one endpoint: how many calls at once, and pauses that it asks for.

use std::cell::Cell;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::backoff::spread;

/// One endpoint's pace, shared by all that call there (targets and judges).
#[derive(Debug)]
pub struct Lane {
    slots: Option<Semaphore>,
    paused_until: Cell<Option<Instant>>,
    waiting: Cell<u32>,
}

/// The right to make one call.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    _slot: Option<SemaphorePermit<'a>>,
}

impl Lane {
    /// A lane for `concurrency` calls at once; `None`: as many as come.
    #[must_use]
    pub fn new(concurrency: Option<u32>) -> Self {
        Self {
            slots: concurrency.map(|slots| Semaphore::new(slots.max(1) as usize)),
            paused_until: Cell::new(None),
            waiting: Cell::new(0),
        }
    }

    /// Waits for a slot and for the end of any pause. Those that waited for a pause go on spread by their jitter.
    pub(crate) async fn enter(&self, jitter: f64) -> Permit<'_> {
        let slot = match &self.slots {
            // The semaphore is never closed.
            Some(slots) => slots.acquire().await.ok(),
            None => None,
        };
        while let Some(until) = self
            .paused_until
            .get()
            .filter(|until| *until > Instant::now())
        {
            let wait = until - Instant::now();
            self.count(1);
            let guard = Waiting(self);
            tokio::time::sleep(wait + spread(wait).mul_f64(jitter)).await;
            drop(guard);
        }
        Permit { _slot: slot }
    }

    /// The endpoint asks to be left alone for so long: every caller heeds it.
    pub(crate) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        if self.paused_until.get().is_none_or(|known| known < until) {
            self.paused_until.set(Some(until));
        }
    }

    /// How many wait for a pause or a back-off to end, and how long the pause still lasts.
    #[must_use]
    pub fn waiting(&self) -> (u32, Duration) {
        let left = self.paused_until.get().map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        });
        (self.waiting.get(), left)
    }

    /// Waits out a back-off, counted as waiting.
    pub(crate) async fn back_off(&self, wait: Duration) {
        self.count(1);
        let _guard = Waiting(self);
        tokio::time::sleep(wait).await;
    }

    fn count(&self, more: u32) {
        self.waiting.set(self.waiting.get() + more);
    }
}

/// Counts one less when dropped, also when the wait is cut short.
struct Waiting<'a>(&'a Lane);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.set(self.0.waiting.get().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_every_caller_and_ends() {
        let lane = Lane::new(None);
        let start = Instant::now();
        lane.pause(Duration::from_secs(4));
        lane.pause(Duration::from_secs(1));
        let _permit = lane.enter(0.5).await;
        let waited = start.elapsed();
        assert!(
            waited >= Duration::from_secs(4) && waited < Duration::from_secs(6),
            "{waited:?}"
        );
        assert_eq!(lane.waiting().0, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn slots_bound_the_calls_under_way() {
        let lane = Lane::new(Some(1));
        let first = lane.enter(0.0).await;
        let second = tokio::time::timeout(Duration::from_secs(1), lane.enter(0.0)).await;
        assert!(second.is_err());
        drop(first);
        let _third = lane.enter(0.0).await;
    }
}
