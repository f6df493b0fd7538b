//! Hands every event to the listeners in order: the journal first, then the rest.

use crate::domain::event::Event;
use crate::domain::port::Sink;

/// The listeners of a run.
#[derive(Default)]
pub struct Dispatcher {
    journal: Option<Box<dyn Sink>>,
    listeners: Vec<Listener>,
    warnings: Vec<String>,
}

struct Listener {
    sink: Box<dyn Sink>,
    /// A listener that failed once is not called again: its warning has been noted.
    failed: bool,
}

impl Dispatcher {
    /// Listeners behind a journal.
    #[must_use]
    pub fn new(journal: Box<dyn Sink>, listeners: Vec<Box<dyn Sink>>) -> Self {
        Self {
            journal: Some(journal),
            listeners: listeners
                .into_iter()
                .map(|sink| Listener {
                    sink,
                    failed: false,
                })
                .collect(),
            warnings: Vec::new(),
        }
    }

    /// Sends an event. An error is the journal's, and the run must stop; others' errors become warnings.
    pub fn send(&mut self, event: &Event) -> Result<(), String> {
        if event.is_journaled()
            && let Some(journal) = &mut self.journal
        {
            journal.take(event)?;
        }
        for listener in &mut self.listeners {
            if !listener.failed
                && let Err(message) = listener.sink.take(event)
            {
                listener.failed = true;
                self.warnings.push(message);
            }
        }
        Ok(())
    }

    /// What listeners other than the journal complained of.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;
    use crate::domain::event::{Interrupted, TrialStarted};

    struct Log(Rc<RefCell<Vec<String>>>, &'static str, bool);

    impl Sink for Log {
        fn take(&mut self, event: &Event) -> Result<(), String> {
            self.0
                .borrow_mut()
                .push(format!("{} {}", self.1, event.name()));
            if self.2 {
                Err(format!("{} is full", self.1))
            } else {
                Ok(())
            }
        }
    }

    #[test]
    fn the_journal_comes_first_and_only_its_error_stops() {
        let log = Rc::new(RefCell::new(Vec::new()));
        let sink = |name, fails| Box::new(Log(Rc::clone(&log), name, fails)) as Box<dyn Sink>;
        let mut dispatcher = Dispatcher::new(
            sink("journal", false),
            vec![sink("screen", true), sink("other", false)],
        );
        let event = Event::Interrupted(Interrupted {
            signal: "INT".into(),
            at_ms: 9,
        });
        assert_eq!(dispatcher.send(&event), Ok(()));
        dispatcher
            .send(&Event::TrialStarted(TrialStarted { ordinal: 0 }))
            .unwrap();
        assert_eq!(
            *log.borrow(),
            [
                "journal interrupted",
                "screen interrupted",
                "other interrupted",
                "other trial_started"
            ]
        );
        assert_eq!(dispatcher.warnings(), ["screen is full"]);

        let mut broken = Dispatcher::new(sink("journal", true), vec![]);
        assert_eq!(broken.send(&event), Err("journal is full".to_owned()));
    }
}
