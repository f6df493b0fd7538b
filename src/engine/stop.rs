//! The wish to stop: once means launch nothing more, twice means now. A limit that was reached launches nothing more, either, and
//! leaves what is under way its own time.

use std::time::Duration;

use tokio::sync::watch;

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Ctrl-C.
    Interrupt,
    /// The polite signal of a supervisor.
    Terminate,
}

impl Asked {
    /// The signal's name as the journal has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
        }
    }

    /// The exit code that it leads to.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    asked: Option<Asked>,
    now: bool,
    /// A limit was reached.
    limited: bool,
}

impl State {
    fn is_over(self) -> bool {
        self.asked.is_some() || self.now || self.limited
    }
}

/// A handle that many hold: some ask, the engine looks.
#[derive(Debug, Clone)]
pub struct Stop {
    sender: watch::Sender<State>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            sender: watch::Sender::new(State::default()),
        }
    }
}

impl Stop {
    /// Asks once; asking again means now.
    pub fn ask(&self, asked: Asked) {
        self.sender.send_modify(|state| {
            state.now = state.asked.is_some();
            state.asked.get_or_insert(asked);
        });
    }

    /// Stops at once, without anybody having asked: the run cannot go on.
    pub(crate) fn now(&self) {
        self.sender.send_modify(|state| state.now = true);
    }

    /// A limit was reached: nothing more is launched.
    pub(crate) fn limit(&self) {
        self.sender.send_modify(|state| state.limited = true);
    }

    /// Whether somebody has asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        let state = *self.sender.borrow();
        state.asked.is_some() || state.now
    }

    /// Whether nothing more may be launched.
    #[must_use]
    pub(crate) fn is_over(&self) -> bool {
        self.sender.borrow().is_over()
    }

    /// Who asked.
    #[must_use]
    pub fn asked(&self) -> Option<Asked> {
        self.sender.borrow().asked
    }

    /// Ends as soon as nothing more may be launched.
    pub(crate) async fn wait(&self) {
        let mut receiver = self.sender.subscribe();
        // The sender lives as long as `self`: waiting cannot fail.
        let _ = receiver.wait_for(|state| state.is_over()).await;
    }

    /// Ends when trials under way may go on no longer: at once after a second wish, else `grace` after the first.
    pub(crate) async fn over(&self, grace: Duration) {
        let mut receiver = self.sender.subscribe();
        let _ = receiver
            .wait_for(|state| state.asked.is_some() || state.now)
            .await;
        tokio::select! {
            _ = receiver.wait_for(|state| state.now) => {}
            () = tokio::time::sleep(grace) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn once_gives_grace_and_twice_none() {
        let stop = Stop::default();
        stop.ask(Asked::Interrupt);
        let start = tokio::time::Instant::now();
        stop.over(Duration::from_secs(10)).await;
        assert_eq!(start.elapsed().as_secs(), 10);
        stop.ask(Asked::Terminate);
        stop.over(Duration::from_secs(10)).await;
        assert_eq!(start.elapsed().as_secs(), 10);
        assert_eq!(stop.asked(), Some(Asked::Interrupt));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_launches_nothing_more_and_hurries_nobody() {
        let stop = Stop::default();
        stop.limit();
        stop.wait().await;
        assert!(stop.is_over() && !stop.is_asked());
        let over = tokio::time::timeout(Duration::from_secs(3_600), stop.over(Duration::ZERO));
        assert!(over.await.is_err());
    }
}
