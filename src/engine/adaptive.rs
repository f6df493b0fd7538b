//! How far an endpoint that complains is spared: additive increase, multiplicative decrease.
//!
//! As long as nobody complains everything is allowed at once: there is no slow start, which would cost time with every endpoint that
//! bears the load. The first 429 (or 503, 529) halves the calls under way, at most once per round trip: a call that had begun before
//! the last cut says nothing new. Every round trip without complaint then allows a sixteenth of the former number more.
//!
//! That bounds how many calls are under way; an endpoint that counts how many *begin* in a second would refuse them however few they
//! are, if it answers fast. So after a complaint calls also begin no faster than 0.85 times the rate at which answers came since the
//! last one, which grows by a twentieth of that a second. Where too few answers tell that rate it begins at one a second and doubles
//! every second.

use std::time::Duration;

use tokio::time::Instant;

/// What a cut leaves of the calls under way.
const CUT: f64 = 0.5;
/// Of the calls that were under way, what a round trip adds.
const STEP: f64 = 1.0 / 16.0;
/// What a cut leaves of the rate of answers.
const SLOWER: f64 = 0.85;
/// The growth of the pace in a second, of what the cut left.
const GROWTH: f64 = 0.05;
/// Fewer answers than these tell no rate.
const TELLING: u32 = 10;
/// A pace above this bounds nothing any more.
const FREE: f64 = 20_000.0;

/// What an endpoint has been seen to bear.
#[derive(Debug)]
pub(crate) struct Adaptive {
    /// The most calls under way that the suite allows.
    most: usize,
    cut: Option<Cut>,
    /// Answers since the last cut, or since the beginning.
    answers: u32,
    since: Instant,
}

/// The last cut and what has grown since.
#[derive(Debug, Clone, Copy)]
struct Cut {
    at: Instant,
    /// When calls go on after the pause.
    resumed: Instant,
    /// Calls under way that are allowed, with fractions.
    limit: f64,
    /// The most that were ever under way at a cut.
    peak: f64,
    /// Beginnings a second at first.
    base: f64,
    /// Up to here the pace doubles every second.
    knee: f64,
}

impl Adaptive {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            cut: None,
            answers: 0,
            since: Instant::now(),
        }
    }

    /// Whether the endpoint has not complained, or its complaint is forgotten.
    pub(crate) fn is_calm(&self) -> bool {
        self.cut.is_none()
    }

    /// Calls that may be under way.
    pub(crate) fn limit(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1, and no more than calls were under way"
        )]
        let limit = self.cut.map(|cut| cut.limit as usize);
        limit.map_or(self.most, |limit| limit.clamp(1, self.most))
    }

    /// A reply came while all was calm.
    pub(crate) fn count_answer(&mut self) {
        self.answers = self.answers.saturating_add(1);
    }

    /// A reply came.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.count_answer();
        if let Some(cut) = &mut self.cut {
            cut.limit += (cut.peak * STEP).max(1.0) / cut.limit;
            if cut.limit >= cut.peak && cut.pace(now).is_none() {
                self.cut = None;
            }
        }
    }

    /// The endpoint complained of a call that began at `began`, when so many were `under_way` (it among them); calls go on at
    /// `resumed`. Answers whether this is news.
    pub(crate) fn complained(
        &mut self,
        began: Instant,
        under_way: usize,
        now: Instant,
        resumed: Instant,
    ) -> bool {
        if self.cut.is_some_and(|cut| began < cut.at) {
            return false;
        }
        #[expect(clippy::cast_precision_loss, reason = "calls under way")]
        let under_way = under_way.max(1) as f64;
        let seconds = (now - self.since).as_secs_f64().max(0.001);
        let rate = SLOWER * f64::from(self.answers) / seconds;
        let limit = self.cut.map_or(under_way, |cut| cut.limit.min(under_way));
        self.cut = Some(Cut {
            at: now,
            resumed,
            limit: (limit * CUT).max(1.0),
            peak: self.cut.map_or(under_way, |cut| cut.peak.max(under_way)),
            base: rate.max(1.0),
            knee: if self.answers < TELLING {
                f64::INFINITY
            } else {
                rate
            },
        });
        self.answers = 0;
        self.since = now;
        true
    }

    /// Calls that may begin in a second; `None`: any number.
    pub(crate) fn pace(&self, now: Instant) -> Option<f64> {
        self.cut.and_then(|cut| cut.pace(now))
    }
}

impl Cut {
    fn pace(&self, now: Instant) -> Option<f64> {
        let seconds = now.saturating_duration_since(self.resumed).as_secs_f64();
        let pace = if self.base < self.knee {
            (self.base * seconds.min(60.0).exp2()).min(self.knee)
        } else {
            self.base * (1.0 + GROWTH * seconds)
        };
        (pace < FREE).then_some(pace)
    }
}

/// When calls begin that may begin only so often.
#[derive(Debug, Default)]
pub(crate) struct Spacing {
    due: std::cell::Cell<Option<Instant>>,
}

impl Spacing {
    /// A call may begin now (and is counted), or must wait so long.
    pub(crate) fn begin(&self, pace: f64, now: Instant) -> Result<(), Duration> {
        const AHEAD: Duration = Duration::from_millis(5);
        let due = self.due.get().map_or(now, |due| due.max(now));
        if due > now + AHEAD {
            return Err(due - now - AHEAD);
        }
        self.due
            .set(Some(due + Duration::from_secs_f64(1.0 / pace)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, seconds: f64) -> Instant {
        start + Duration::from_secs_f64(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_complaint_halves_once_per_round_trip_and_patience_gives_back() {
        let start = Instant::now();
        let mut adaptive = Adaptive::new(1_000);
        assert_eq!((adaptive.limit(), adaptive.pace(start)), (1_000, None));
        let now = after(start, 1.0);
        assert!(adaptive.complained(start, 64, now, now));
        assert_eq!(adaptive.limit(), 32);
        for _ in 0..63 {
            assert!(
                !adaptive.complained(start, 64, now, now),
                "it began before the cut"
            );
        }
        assert_eq!(adaptive.limit(), 32);
        let next = after(start, 2.0);
        assert!(adaptive.complained(now, 32, next, next));
        assert_eq!(adaptive.limit(), 16);
        // A round trip of 16 answers adds a sixteenth of 64.
        for _ in 0..16 {
            adaptive.answered(next);
        }
        assert!(
            (19..=20).contains(&adaptive.limit()),
            "{}",
            adaptive.limit()
        );
        for _ in 0..2_000 {
            adaptive.answered(after(start, 60.0));
        }
        assert!(adaptive.is_calm());
        assert_eq!(adaptive.limit(), 1_000);
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_follows_the_answers_that_came() {
        let start = Instant::now();
        let mut adaptive = Adaptive::new(64);
        for _ in 0..100 {
            adaptive.answered(start);
        }
        let now = after(start, 10.0);
        adaptive.complained(now, 8, now, after(start, 12.0));
        let pace = |seconds| adaptive.pace(after(start, seconds)).unwrap();
        assert!((pace(10.0) - 8.5).abs() < 1e-9);
        assert!((pace(12.0) - 8.5).abs() < 1e-9);
        assert!((pace(32.0) - 17.0).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn without_answers_the_pace_starts_slow_and_doubles() {
        let start = Instant::now();
        let mut adaptive = Adaptive::new(64);
        adaptive.complained(start, 64, start, start);
        assert_eq!(adaptive.pace(start), Some(1.0));
        assert_eq!(adaptive.pace(after(start, 4.0)), Some(16.0));
        assert_eq!(adaptive.pace(after(start, 15.0)), None);
    }
}
