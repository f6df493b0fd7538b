//! Where connections are driven: on the caller's thread, or on one of their own.
//!
//! A run with few calls under way has a thread's time to spare. With thousands, most of the time of one goes into sockets and HTTP, and
//! the engine waits for it: there a second thread carries the connections, and the first has its time for cases, scores and the
//! journal. Which it is changes nothing in what is sent and answered.

use std::cell::OnceCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The way to the thread that connections are driven on.
pub(crate) struct Network {
    apart: bool,
    thread: OnceCell<Option<Thread>>,
}

/// A thread of its own. It ends, with whatever still runs on it, when this is dropped.
struct Thread {
    handle: Handle,
    _until: oneshot::Sender<()>,
}

impl Network {
    /// `apart`: on a thread of its own, which is started by the first call.
    pub(crate) fn new(apart: bool) -> Self {
        Self {
            apart,
            thread: OnceCell::new(),
        }
    }

    /// Does a piece of work there. Dropped, it ends the work.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Work<T> {
        match self.thread.get_or_init(|| self.start()) {
            Some(thread) => Work::Apart(thread.handle.spawn(work)),
            None => Work::Here(Box::pin(work)),
        }
    }

    /// Where no thread can be had the caller's does it.
    fn start(&self) -> Option<Thread> {
        if !self.apart {
            return None;
        }
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let handle = runtime.handle().clone();
        let (until, over) = oneshot::channel();
        let drive = move || {
            // It is never sent: its sender is dropped.
            let _ = runtime.block_on(over);
            // A name that is still looked up would be waited for.
            runtime.shutdown_background();
        };
        let started = std::thread::Builder::new()
            .name("network".to_owned())
            .spawn(drive);
        started.ok().map(|_| Thread {
            handle,
            _until: until,
        })
    }
}

/// Work under way.
pub(crate) enum Work<T> {
    Apart(JoinHandle<T>),
    Here(Pin<Box<dyn Future<Output = T> + Send>>),
}

impl<T> Future for Work<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match self.get_mut() {
            Self::Here(work) => work.as_mut().poll(context),
            Self::Apart(work) => match Pin::new(work).poll(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Ok(done)) => Poll::Ready(done),
                Poll::Ready(Err(ended)) if ended.is_panic() => {
                    std::panic::resume_unwind(ended.into_panic())
                }
                // Its thread is ending, and we with it.
                Poll::Ready(Err(_)) => Poll::Pending,
            },
        }
    }
}

impl<T> Drop for Work<T> {
    fn drop(&mut self) {
        if let Self::Apart(work) = self {
            work.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn name() -> Option<String> {
        std::thread::current().name().map(str::to_owned)
    }

    #[tokio::test]
    async fn work_is_done_here_or_on_a_thread_of_its_own() {
        let here = name();
        assert_eq!(Network::new(false).run(async { name() }).await, here);
        let apart = Network::new(true);
        for _ in 0..2 {
            let there = apart.run(async { name() }).await;
            assert_eq!(there.as_deref(), Some("network"));
        }
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_ends() {
        struct Says(Arc<AtomicBool>, Option<oneshot::Sender<()>>);
        impl Drop for Says {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
                let _ = self.1.take().map(|sender| sender.send(()));
            }
        }
        for apart in [false, true] {
            let network = Network::new(apart);
            let ended = Arc::new(AtomicBool::new(false));
            let (sender, over) = oneshot::channel();
            let says = Says(Arc::clone(&ended), Some(sender));
            let (begun, begins) = oneshot::channel();
            let mut work = network.run(async move {
                let _says = says;
                let _ = begun.send(());
                std::future::pending::<()>().await;
            });
            tokio::select! {
                () = &mut work => {}
                _ = begins => {}
            }
            assert!(!ended.load(Ordering::SeqCst));
            drop(work);
            let _ = over.await;
            assert!(ended.load(Ordering::SeqCst), "apart: {apart}");
        }
    }

    #[tokio::test]
    async fn a_thread_that_is_let_go_ends_what_runs_on_it() {
        let network = Network::new(true);
        let (sender, over) = oneshot::channel::<()>();
        let work = network.run(async move {
            let _sender = sender;
            std::future::pending::<()>().await;
        });
        drop(network);
        assert!(over.await.is_err());
        drop(work);
    }

    #[tokio::test]
    #[should_panic(expected = "as it was")]
    async fn a_panic_is_the_callers() {
        Network::new(true).run(async { panic!("as it was") }).await
    }
}
