//! Calls and tokens a minute, as numbers that the suite gives: every call waits for its turn.
//!
//! The pace is smooth (a generic cell rate algorithm): one call after the other, as far apart as the allowance asks for, and no
//! burst but what 10 ms of it amount to, which makes up for timers that wake late. It keeps to 97.5 % of the allowance, so that no
//! minute, wherever the endpoint lets it begin, holds more. Those who wait stand in one line, the first come first.
//!
//! Tokens are reserved before a call starts and corrected when its reply says what it used. What will be used is a guess: the
//! prompt by its length, and for the reply what replies took so far (before the first one, all that it may have). Some endpoints
//! count all that a reply may have: after one has complained that is what counts, for a minute, then for two, four and so on.

use std::cell::Cell;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::reserve::Reserve;

/// How much of its allowance a pace uses.
const SHARE: f64 = 0.975;
/// How far ahead of its pace a call may start, in seconds.
const AHEAD: f64 = 0.010;
/// Less than this is no wait, in seconds: it is lost in rounding.
const LEAST: f64 = 1e-6;
/// How long an endpoint's first complaint makes the pace count all that a reply may have; doubled with each further one.
const CAREFUL: Duration = Duration::from_secs(60);
/// What is counted meanwhile of what replies take, where nothing says how much one may have.
const MARGIN: f64 = 1.5;
/// The weight of the latest reply in what replies take.
const LATEST: f64 = 0.1;

/// The calls and tokens a minute of one model at one endpoint, shared by all that call it with the same keys.
#[derive(Debug)]
pub struct Pace {
    calls: Option<Meter>,
    tokens: Option<Meter>,
    epoch: Instant,
    /// One at a time decides when to start; the others stand in line behind it.
    turn: Semaphore,
    line: Cell<u32>,
    holds: Cell<Held>,
    corrected: Notify,
    /// Tokens that replies took beyond the prompt's guess; `None` before the first one.
    learned: Cell<Option<f64>>,
    careful_until: Cell<Option<Instant>>,
    careful_for: Cell<Duration>,
}

/// What a call that waits is held by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Calls,
    Tokens,
}

/// So many units a minute: when the next call may start.
#[derive(Debug)]
struct Meter {
    /// Seconds that one unit takes.
    seconds: f64,
    /// When all that was taken is paid for, in seconds since the epoch.
    due: Cell<f64>,
}

impl Meter {
    fn new(a_minute: u64) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a rate: the lost digits mean nothing"
        )]
        let a_minute = a_minute.max(1) as f64;
        Self {
            seconds: 60.0 / (a_minute * SHARE),
            due: Cell::new(0.0),
        }
    }

    fn wait(&self, now: f64) -> f64 {
        (self.due.get() - AHEAD - now).max(0.0)
    }

    fn take(&self, now: f64, units: f64) {
        self.due.set(self.due.get().max(now) + units * self.seconds);
    }

    /// So many units more (or fewer) than were taken.
    fn correct(&self, units: f64) {
        self.due.set(self.due.get() + units * self.seconds);
    }
}

/// The right to be the next that starts.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pace: &'a Pace,
    _place: SemaphorePermit<'a>,
}

/// What a call has taken of a pace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    tokens: f64,
    prompt: f64,
    /// The endpoint counts what was taken, whatever the reply uses.
    is_final: bool,
}

impl Pace {
    /// So many calls and tokens a minute; `None` where neither is bounded.
    #[must_use]
    pub fn new(rpm: Option<u64>, tpm: Option<u64>) -> Option<Self> {
        (rpm.is_some() || tpm.is_some()).then(|| Self {
            calls: rpm.map(Meter::new),
            tokens: tpm.map(Meter::new),
            epoch: Instant::now(),
            turn: Semaphore::new(1),
            line: Cell::new(0),
            holds: Cell::new(Held::Calls),
            corrected: Notify::new(),
            learned: Cell::new(None),
            careful_until: Cell::new(None),
            careful_for: Cell::new(CAREFUL),
        })
    }

    fn now(&self) -> f64 {
        self.epoch.elapsed().as_secs_f64()
    }

    /// How long the next call must wait.
    fn wait(&self) -> f64 {
        let now = self.now();
        let of = |meter: &Option<Meter>| meter.as_ref().map_or(0.0, |meter| meter.wait(now));
        let (calls, tokens) = (of(&self.calls), of(&self.tokens));
        self.holds.set(if tokens > calls {
            Held::Tokens
        } else {
            Held::Calls
        });
        calls.max(tokens)
    }

    /// Waits in line, and then until the next call may start.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        self.line.set(self.line.get() + 1);
        let _in_line = InLine(self);
        let place = loop {
            // The semaphore is never closed.
            if let Ok(place) = self.turn.acquire().await {
                break place;
            }
        };
        loop {
            let wait = self.wait();
            if wait < LEAST {
                break;
            }
            // What a reply gives back may end the wait early.
            let wait = Duration::from_secs_f64(wait.min(3_600.0));
            let _ = tokio::time::timeout(wait, self.corrected.notified()).await;
        }
        Turn {
            pace: self,
            _place: place,
        }
    }

    /// How many wait, and what the first of them is held by.
    #[must_use]
    pub(crate) fn waiting(&self) -> (u32, Held) {
        (self.line.get(), self.holds.get())
    }

    /// The endpoint complained all the same.
    pub(crate) fn complained(&self) {
        if !self.is_careful() {
            let time = self.careful_for.get();
            self.careful_until.set(Some(Instant::now() + time));
            self.careful_for
                .set(time.saturating_mul(2).min(CAREFUL * 1_024));
        }
    }

    fn is_careful(&self) -> bool {
        let until = self.careful_until.get();
        until.is_some_and(|until| Instant::now() < until)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "token counts are far below 2^53"
    )]
    fn guess(&self, reserve: &Reserve) -> Taken {
        let (prompt, output) = (reserve.input as f64, reserve.output as f64);
        let careful = self.is_careful();
        let output = match self.learned.get() {
            Some(learned) if !careful => learned.min(output),
            Some(learned) if !reserve.is_bounded => (MARGIN * learned).min(output),
            _ => output,
        };
        Taken {
            tokens: (prompt + output).max(1.0),
            prompt,
            is_final: careful,
        }
    }

    /// A reply came, with what it used; `None`: it does not say, and the guess stands.
    #[expect(
        clippy::cast_precision_loss,
        reason = "token counts are far below 2^53"
    )]
    pub(crate) fn used(&self, taken: Taken, tokens: Option<u64>) {
        let Some(tokens) = tokens.map(|tokens| tokens as f64) else {
            return;
        };
        let beyond = tokens - taken.prompt;
        let learned = self
            .learned
            .get()
            .map_or(beyond, |learned| learned + LATEST * (beyond - learned));
        self.learned.set(Some(learned));
        if !taken.is_final {
            self.correct(0.0, tokens - taken.tokens);
        }
    }

    /// Nothing went out (a recorded reply): all is given back.
    pub(crate) fn untouched(&self, taken: Taken) {
        self.correct(-1.0, -taken.tokens);
    }

    /// The endpoint refused the call: it counts as a call, and its tokens do not.
    pub(crate) fn refused(&self, taken: Taken) {
        self.correct(0.0, -taken.tokens);
    }

    fn correct(&self, calls: f64, tokens: f64) {
        if let Some(meter) = &self.calls {
            meter.correct(calls);
        }
        if let Some(meter) = &self.tokens {
            meter.correct(tokens);
        }
        self.corrected.notify_waiters();
    }
}

impl Turn<'_> {
    /// The call starts now.
    pub(crate) fn start(self, reserve: &Reserve) -> Taken {
        let (pace, now) = (self.pace, self.pace.now());
        let taken = pace.guess(reserve);
        if let Some(meter) = &pace.calls {
            meter.take(now, 1.0);
        }
        if let Some(meter) = &pace.tokens {
            meter.take(now, taken.tokens);
        }
        taken
    }
}

/// Counts one less in line when dropped, also when the wait is cut short.
struct InLine<'a>(&'a Pace);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.line.set(self.0.line.get().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    const ASKED: Reserve = Reserve {
        input: 20,
        output: 2_048,
        usd: 0.0,
        is_bounded: true,
    };

    /// Starts of `calls` calls by `workers`, each of which takes so long and uses so many tokens, in seconds.
    async fn starts(pace: Pace, workers: u32, calls: u32, took: f64, used: u64) -> Vec<f64> {
        let pace = Rc::new(pace);
        let begun = Instant::now();
        let left = Rc::new(Cell::new(calls));
        let starts = Rc::new(std::cell::RefCell::new(Vec::new()));
        let local = tokio::task::LocalSet::new();
        for _ in 0..workers {
            let (pace, left, starts) = (Rc::clone(&pace), Rc::clone(&left), Rc::clone(&starts));
            local.spawn_local(async move {
                while left.get() > 0 {
                    left.set(left.get() - 1);
                    let taken = pace.turn().await.start(&ASKED);
                    starts.borrow_mut().push(begun.elapsed().as_secs_f64());
                    tokio::time::sleep(Duration::from_secs_f64(took)).await;
                    pace.used(taken, Some(used));
                }
            });
        }
        local.await;
        assert_eq!(pace.waiting().0, 0);
        starts.take()
    }

    /// The most that fall into any window of so many seconds.
    fn most_within(starts: &[f64], window: f64) -> usize {
        (0..starts.len())
            .map(|first| {
                starts[first..]
                    .iter()
                    .take_while(|start| **start < starts[first] + window)
                    .count()
            })
            .max()
            .unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn calls_a_minute_are_kept_in_every_window_and_used_up() {
        for (rpm, calls, most) in [
            (500, 1_500, 500),
            (6_000, 9_000, 6_000),
            (10, 25, 10),
            (1, 3, 1),
        ] {
            let starts = starts(Pace::new(Some(rpm), None).unwrap(), 64, calls, 0.2, 0).await;
            assert!(most_within(&starts, 60.0) <= most, "{rpm}");
            let rate = 60.0 * f64::from(calls - 1) / starts.last().unwrap();
            assert!(rate >= 0.97 * rpm as f64, "{rpm}: {rate}");
            // The beginning is no burst: not more than 10 ms of the allowance, and one.
            let burst = most_within(&starts, 0.001);
            assert!(burst as f64 <= 1.0 + 0.011 * rpm as f64 / 60.0, "{burst}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_a_minute_are_used_up_though_far_more_is_reserved() {
        // 200 tokens each where 2,068 are reserved at first.
        let starts = starts(Pace::new(None, Some(60_000)).unwrap(), 64, 900, 3.0, 200).await;
        assert!(
            most_within(&starts, 60.0) <= 300,
            "{}",
            most_within(&starts, 60.0)
        );
        let rate = 899.0 * 200.0 / (starts.last().unwrap() - starts[1]) * 60.0;
        assert!((0.95..=0.99).contains(&(rate / 60_000.0)), "{rate}");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_complaint_all_that_a_reply_may_have_is_counted_for_a_minute() {
        let pace = Pace::new(None, Some(1_000_000)).unwrap();
        let taken = pace.turn().await.start(&ASKED);
        pace.used(taken, Some(30));
        assert_eq!(pace.guess(&ASKED).tokens, 30.0);
        pace.complained();
        assert_eq!(pace.guess(&ASKED).tokens, 2_068.0);
        let unbounded = Reserve {
            is_bounded: false,
            ..ASKED
        };
        assert_eq!(pace.guess(&unbounded).tokens, 35.0);
        // What is counted then stays counted.
        let due = || pace.tokens.as_ref().map(|meter| meter.due.get());
        let taken = pace.turn().await.start(&ASKED);
        let before = due();
        pace.used(taken, Some(30));
        assert_eq!(due(), before);
        pace.complained();
        tokio::time::advance(CAREFUL).await;
        assert_eq!(pace.guess(&ASKED).tokens, 30.0);
        pace.complained();
        tokio::time::advance(CAREFUL).await;
        assert_eq!(
            pace.guess(&ASKED).tokens,
            2_068.0,
            "a second time for longer"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_sent_takes_nothing() {
        let pace = Pace::new(Some(1), Some(1)).unwrap();
        let began = Instant::now();
        for _ in 0..100 {
            let taken = pace.turn().await.start(&ASKED);
            pace.untouched(taken);
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        // A call that is refused counts, its tokens do not.
        let taken = pace.turn().await.start(&ASKED);
        pace.refused(taken);
        drop(pace.turn().await);
        let waited = began.elapsed().as_secs_f64();
        assert!((61.0..62.0).contains(&waited), "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_are_counted_with_what_holds_them_and_may_leave() {
        let pace = Pace::new(Some(60), Some(60)).unwrap();
        pace.turn().await.start(&ASKED);
        let given_up = tokio::time::timeout(Duration::from_millis(10), pace.turn());
        let watch = async {
            tokio::task::yield_now().await;
            pace.waiting()
        };
        let (ended, waiting) = tokio::join!(given_up, watch);
        assert!(ended.is_err());
        assert_eq!(waiting, (1, Held::Tokens));
        assert_eq!(pace.waiting().0, 0);
    }
}
