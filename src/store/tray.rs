//! The tray between the engine and the thread that writes: lines are put in at one end and taken out by the batch at the other.
//!
//! The writer is woken for the first line of a batch and for a full one, not for each: at tens of thousands of lines a second waking
//! it costs more than writing. Lines lie in one buffer, which changes hands whole.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a batch may gather.
const GATHER: Duration = Duration::from_millis(1);
/// How large a batch may get before it is taken, in bytes.
const BATCH: usize = 64 << 10;
/// How many bytes may lie in the tray before whoever brings more has to wait.
const FULL: usize = 1 << 20;

/// Objects one behind the other.
#[derive(Debug, Default)]
pub(super) struct Load {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Load {
    /// Each object, in the order in which they came.
    pub(super) fn objects(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.bytes[start..*end])
    }

    /// The bytes of the only object; `None`: there are none or several.
    pub(super) fn only(&mut self) -> Option<&mut Vec<u8>> {
        (self.ends.len() == 1).then_some(&mut self.bytes)
    }

    /// Makes room for the next; what one long line has taken is given back.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(2 * FULL);
        self.ends.clear();
    }
}

/// Both ends hold one.
#[derive(Debug, Clone, Default)]
pub(super) struct Tray(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    held: Mutex<Held>,
    filled: Condvar,
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    load: Load,
    /// Nothing more will be put in.
    closed: bool,
    /// Nothing more will be taken out.
    abandoned: bool,
}

/// What the writer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Lines, or none within the time given; more may come.
    More,
    /// The last lines.
    Last,
}

impl Tray {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a line in, of which nothing is promised to be left; waits while the tray is full. `false`: nobody takes lines out any more.
    pub(super) fn put(&self, object: &mut Vec<u8>) -> bool {
        let held = self.held();
        let mut held = self
            .0
            .emptied
            .wait_while(held, |held| {
                held.load.bytes.len() >= FULL && !held.abandoned
            })
            .unwrap_or_else(PoisonError::into_inner);
        if held.abandoned {
            return false;
        }
        let load = &mut held.load;
        let before = load.bytes.len();
        if before == 0 && object.len() >= FULL {
            // A copy of a line of many megabytes would take its room once more.
            std::mem::swap(&mut load.bytes, object);
        } else {
            load.bytes.extend_from_slice(object);
        }
        load.ends.push(load.bytes.len());
        let wakes = load.ends.len() == 1 || (before < BATCH && load.bytes.len() >= BATCH);
        drop(held);
        if wakes {
            self.0.filled.notify_one();
        }
        true
    }

    /// Says that nothing more will be put in.
    pub(super) fn close(&self) {
        self.held().closed = true;
        self.0.filled.notify_one();
    }

    /// Says that nothing more will be taken out.
    pub(super) fn abandon(&self) {
        self.held().abandoned = true;
        self.0.emptied.notify_all();
    }

    /// Takes out a batch, in exchange for an empty load. Waits for its first line until `due`, without end where that is `None`.
    pub(super) fn take(&self, load: &mut Load, due: Option<Instant>) -> Taken {
        let waits = |held: &mut Held| held.load.ends.is_empty() && !held.closed;
        let held = self.held();
        let filled = &self.0.filled;
        let held = match due {
            None => filled
                .wait_while(held, waits)
                .unwrap_or_else(PoisonError::into_inner),
            Some(due) => {
                let left = due.saturating_duration_since(Instant::now());
                let waited = filled.wait_timeout_while(held, left, waits);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        let mut held = if held.load.ends.is_empty() {
            held
        } else {
            let gathers = |held: &mut Held| held.load.bytes.len() < BATCH && !held.closed;
            let waited = filled.wait_timeout_while(held, GATHER, gathers);
            waited.unwrap_or_else(PoisonError::into_inner).0
        };
        std::mem::swap(&mut held.load, load);
        let closed = held.closed;
        drop(held);
        self.0.emptied.notify_all();
        if closed { Taken::Last } else { Taken::More }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(tray: &Tray, object: &[u8]) -> bool {
        tray.put(&mut object.to_vec())
    }

    #[test]
    fn lines_come_out_in_order_and_the_last_is_known() {
        let tray = Tray::default();
        assert!(put(&tray, b"one") && put(&tray, b"two"));
        let mut load = Load::default();
        assert_eq!(tray.take(&mut load, None), Taken::More);
        assert_eq!(load.objects().collect::<Vec<_>>(), [b"one", b"two"]);
        load.clear();
        assert_eq!(tray.take(&mut load, Some(Instant::now())), Taken::More);
        assert_eq!(load.objects().count(), 0);
        assert!(put(&tray, b"three"));
        tray.close();
        assert_eq!(tray.take(&mut load, None), Taken::Last);
        assert_eq!(load.objects().collect::<Vec<_>>(), [b"three"]);
    }

    #[test]
    fn whoever_waits_for_room_is_let_go_when_nobody_makes_any() {
        let tray = Tray::default();
        assert!(put(&tray, &vec![b'x'; FULL]));
        let other = tray.clone();
        let waits = std::thread::spawn(move || put(&other, b"y"));
        tray.abandon();
        assert!(!waits.join().unwrap());
        assert!(!put(&tray, b"z"));
    }

    #[test]
    fn a_full_tray_waits_until_it_is_taken() {
        let tray = Tray::default();
        assert!(put(&tray, &vec![b'x'; FULL]));
        let other = tray.clone();
        let waits = std::thread::spawn(move || put(&other, b"y"));
        let mut load = Load::default();
        tray.take(&mut load, None);
        assert!(waits.join().unwrap());
        load.clear();
        tray.take(&mut load, None);
        assert_eq!(load.objects().collect::<Vec<_>>(), [b"y"]);
    }
}
