//! A bug of ours costs one trial or one score, never the run: where a target or a scorer panics, that is an error of this trial, the
//! others go on, and the run says at its end that something happened that should not.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use super::Shared;

/// Does something that must not panic; where it does, answers what to say of it.
///
/// What it shares with others are cells that are whole between any two of its steps: nothing that a panic could leave half done.
pub(super) fn caught<T>(shared: &Shared, work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| count(shared, &*panic))
}

/// The same for what takes its time. It is pinned by the caller, so that it lies in memory once: thousands are under way.
pub(super) async fn caught_in<T>(
    shared: &Shared,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> Result<T, String> {
    let step = poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    });
    step.await.map_err(|panic| count(shared, &*panic))
}

fn count(shared: &Shared, panic: &(dyn Any + Send)) -> String {
    shared.bugs.set(shared.bugs.get() + 1);
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no words");
    format!("a bug in evenhand: {}", shared.job.secrets.mask(words))
}
