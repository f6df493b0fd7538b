//! The pace of one endpoint: how many calls at once, pauses that it asks for, and how far it is spared after it has complained.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::adaptive::{Adaptive, Spacing};
use super::backoff::spread;

/// The slots of a lane that nothing bounds: as many as a run may have workers.
const UNBOUNDED: usize = 100_000;

/// One endpoint's pace, shared by all that call there (targets and judges).
#[derive(Debug)]
pub struct Lane {
    slots: Semaphore,
    /// Slots that there are, those to be taken away when they come back included.
    size: Cell<usize>,
    /// Slots under way that do not come back: the limit was lowered meanwhile.
    owed: Cell<usize>,
    under_way: Cell<usize>,
    adaptive: RefCell<Adaptive>,
    /// One at a time decides when to begin; the others stand in line behind it.
    turn: Semaphore,
    spacing: Spacing,
    paused_until: Cell<Option<Instant>>,
    waiting: Cell<u32>,
}

/// The right to make one call.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    _slot: Slot<'a>,
    lane: &'a Lane,
}

/// A place among the calls under way.
#[derive(Debug)]
struct Slot<'a> {
    lane: &'a Lane,
    held: Option<SemaphorePermit<'a>>,
}

impl Lane {
    /// A lane for `concurrency` calls at once; `None`: as many as come.
    #[must_use]
    pub fn new(concurrency: Option<u32>) -> Self {
        let size = concurrency.map_or(UNBOUNDED, |slots| slots.max(1) as usize);
        Self {
            slots: Semaphore::new(size),
            size: Cell::new(size),
            owed: Cell::new(0),
            under_way: Cell::new(0),
            adaptive: RefCell::new(Adaptive::new(size)),
            turn: Semaphore::new(1),
            spacing: Spacing::default(),
            paused_until: Cell::new(None),
            waiting: Cell::new(0),
        }
    }

    /// A permit where nothing is in the way.
    pub(crate) fn try_enter(&self) -> Option<Permit<'_>> {
        if self.paused_until.get().is_some() || !self.adaptive.borrow().is_calm() {
            return None;
        }
        let held = self.slots.try_acquire().ok()?;
        Some(self.permit(self.slot(held)))
    }

    /// Waits for a slot, for the end of any pause, and where the endpoint has complained for its turn. Those that waited for a
    /// pause go on spread by their jitter.
    pub(crate) async fn enter(&self, jitter: f64) -> Permit<'_> {
        let held = loop {
            // The semaphore is never closed.
            if let Ok(held) = self.slots.acquire().await {
                break held;
            }
        };
        let slot = self.slot(held);
        while let Some(until) = self.paused_until.get() {
            let wait = until.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                self.paused_until.set(None);
                break;
            }
            self.waited(wait + spread(wait).mul_f64(jitter)).await;
        }
        if !self.adaptive.borrow().is_calm() {
            self.spaced().await;
        }
        self.permit(slot)
    }

    /// Waits for its turn after a complaint.
    async fn spaced(&self) {
        /// The pace grows meanwhile.
        const LOOK_AGAIN: Duration = Duration::from_millis(100);
        self.count(1);
        let _guard = Waiting(self);
        let _turn = self.turn.acquire().await;
        loop {
            let now = Instant::now();
            let Some(pace) = self.adaptive.borrow().pace(now) else {
                return;
            };
            match self.spacing.begin(pace, now) {
                Ok(()) => return,
                Err(wait) => tokio::time::sleep(wait.min(LOOK_AGAIN)).await,
            }
        }
    }

    fn slot<'a>(&'a self, held: SemaphorePermit<'a>) -> Slot<'a> {
        Slot {
            lane: self,
            held: Some(held),
        }
    }

    fn permit<'a>(&'a self, slot: Slot<'a>) -> Permit<'a> {
        self.under_way.set(self.under_way.get() + 1);
        Permit {
            _slot: slot,
            lane: self,
        }
    }

    /// A call that began at some time was answered.
    pub(crate) fn answered(&self) {
        let mut adaptive = self.adaptive.borrow_mut();
        if adaptive.is_calm() {
            // No clock is needed where nothing grows.
            adaptive.count_answer();
            return;
        }
        adaptive.answered(Instant::now());
        let limit = adaptive.limit();
        drop(adaptive);
        self.resize(limit);
    }

    /// The endpoint complained of a call that began at `began` and is still counted as under way; it wants to be left alone for
    /// `pause`, if it says so.
    pub(crate) fn complained(&self, began: Instant, pause: Option<Duration>) {
        let now = Instant::now();
        if let Some(pause) = pause {
            self.pause(pause);
        }
        let resumed = self.paused_until.get().unwrap_or(now);
        let mut adaptive = self.adaptive.borrow_mut();
        if adaptive.complained(began, self.under_way.get(), now, resumed) {
            let limit = adaptive.limit();
            drop(adaptive);
            self.resize(limit);
        }
    }

    /// Gives the lane so many slots; what is under way goes on.
    fn resize(&self, size: usize) {
        let before = self.size.replace(size);
        if size < before {
            let fewer = before - size;
            let gone = self.slots.forget_permits(fewer);
            self.owed.set(self.owed.get() + fewer - gone);
        } else {
            let more = size - before;
            let paid = self.owed.get().min(more);
            self.owed.set(self.owed.get() - paid);
            self.slots.add_permits(more - paid);
        }
    }

    /// The endpoint asks to be left alone for so long: every caller heeds it.
    pub(crate) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        if self.paused_until.get().is_none_or(|known| known < until) {
            self.paused_until.set(Some(until));
        }
    }

    /// How many wait for a pause, a back-off or their turn after a complaint to end, and how long the pause still lasts.
    #[must_use]
    pub fn waiting(&self) -> (u32, Duration) {
        let left = self.paused_until.get().map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        });
        (self.waiting.get(), left)
    }

    /// Calls at once that are left since the endpoint complained; `None`: as many as the suite allows.
    #[must_use]
    pub(crate) fn slowed_to(&self) -> Option<usize> {
        let adaptive = self.adaptive.borrow();
        (!adaptive.is_calm()).then(|| adaptive.limit())
    }

    /// Waits out a back-off, counted as waiting.
    pub(crate) async fn back_off(&self, wait: Duration) {
        self.waited(wait).await;
    }

    async fn waited(&self, wait: Duration) {
        self.count(1);
        let _guard = Waiting(self);
        tokio::time::sleep(wait).await;
    }

    fn count(&self, more: u32) {
        self.waiting.set(self.waiting.get() + more);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let under_way = &self.lane.under_way;
        under_way.set(under_way.get().saturating_sub(1));
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let owed = &self.lane.owed;
        if owed.get() > 0
            && let Some(held) = self.held.take()
        {
            owed.set(owed.get() - 1);
            held.forget();
        }
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
        assert!(lane.try_enter().is_none());
        let _permit = lane.enter(0.5).await;
        let waited = start.elapsed();
        assert!(
            waited >= Duration::from_secs(4) && waited < Duration::from_secs(6),
            "{waited:?}"
        );
        assert_eq!(lane.waiting().0, 0);
        assert!(
            lane.try_enter().is_some(),
            "a pause that is over is forgotten"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn slots_bound_the_calls_under_way() {
        let lane = Lane::new(Some(1));
        let first = lane.enter(0.0).await;
        assert!(lane.try_enter().is_none());
        let second = tokio::time::timeout(Duration::from_secs(1), lane.enter(0.0)).await;
        assert!(second.is_err());
        drop(first);
        let _third = lane.enter(0.0).await;
    }

    #[tokio::test(start_paused = true)]
    async fn slots_that_are_cut_away_do_not_come_back_until_they_are_given_back() {
        let lane = Lane::new(Some(8));
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(lane.try_enter().expect("a slot is free"));
        }
        let began = Instant::now();
        lane.complained(began, None);
        assert_eq!(lane.slowed_to(), Some(4));
        held.truncate(4);
        assert_eq!(lane.slots.available_permits(), 0, "four were owed");
        drop(held);
        assert_eq!(lane.slots.available_permits(), 4);
        lane.resize(8);
        assert_eq!(lane.slots.available_permits(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_stands_in_the_way_of_any_number_while_nobody_complains() {
        let lane = Lane::new(None);
        let held: Vec<_> = (0..5_000).map_while(|_| lane.try_enter()).collect();
        assert_eq!(held.len(), 5_000);
        assert_eq!(lane.slowed_to(), None);
    }
}
