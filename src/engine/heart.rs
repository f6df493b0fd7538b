//! Notices that this process did not run for a while: it was stopped (Ctrl-Z, a debugger, a frozen container) and goes on now. Clocks
//! went on meanwhile, so that what was measured across such a gap is no time of the agent's, and what ran out of time was given none.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// Beats this far apart are a gap. A busy machine delays a beat as well, but not by so much, and if it does, no time measured
/// meanwhile is worth keeping either.
const GAP: Duration = Duration::from_secs(2);

/// Beats while the process runs.
#[derive(Debug, Default)]
pub(crate) struct Heart {
    last: Cell<Option<Instant>>,
    gaps: Cell<u64>,
}

impl Heart {
    /// To be called again and again, many times within [`GAP`].
    pub(super) fn beat(&self) {
        self.look();
        self.last.set(Some(Instant::now()));
    }

    /// How many gaps there have been, one that ends right now included.
    pub(super) fn gaps(&self) -> u64 {
        self.look();
        self.gaps.get()
    }

    fn look(&self) {
        let now = Instant::now();
        if self.last.get().is_some_and(|last| now - last > GAP) {
            self.gaps.set(self.gaps.get() + 1);
            self.last.set(Some(now));
            tracing::warn!(
                "this process was stopped for a while: times measured across it are left out"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_gap_is_counted_once_whoever_looks_first() {
        let heart = Heart::default();
        tokio::time::advance(GAP * 2).await;
        assert_eq!(heart.gaps(), 0, "it had not begun to beat");
        for _ in 0..20 {
            heart.beat();
            tokio::time::advance(GAP / 10).await;
        }
        assert_eq!(heart.gaps(), 0);
        tokio::time::advance(GAP * 2).await;
        assert_eq!((heart.gaps(), heart.gaps()), (1, 1));
        heart.beat();
        assert_eq!(heart.gaps(), 1);
        tokio::time::advance(GAP * 2).await;
        heart.beat();
        assert_eq!(heart.gaps(), 2);
    }
}
