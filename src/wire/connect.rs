//! Connections: at most so many are being made at once, and each tells how long it took.
//!
//! The layer sits around the client's own connector (DNS, TCP and TLS together). Thousands of calls that start at once would else
//! overrun the listen queue of a small server, whose refusals would look like its failure.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

/// Connections that are made at once.
pub(super) const AT_ONCE: usize = 128;

tokio::task_local! {
    /// The call that asks for a connection.
    static CALL: Connecting;
}

/// How far a call is with its connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connecting(Arc<State>);

#[derive(Debug, Default)]
struct State {
    begun: AtomicU64,
    /// Microseconds plus one; 0 while there is none.
    took: AtomicU64,
}

impl Connecting {
    /// Runs a call whose connection, if it makes one, reports here.
    ///
    /// Not an `async fn`, which would hold the call twice: before its first step, and after.
    pub(crate) fn watch<F: Future>(&self, call: F) -> impl Future<Output = F::Output> + use<F> {
        CALL.scope(self.clone(), call)
    }

    /// How long it took; `None` where an open connection served.
    pub(crate) fn took(&self) -> Option<Duration> {
        match self.0.took.load(Ordering::Relaxed) {
            0 => None,
            micros => Some(Duration::from_micros(micros - 1)),
        }
    }

    /// Whether the call still waits for its connection.
    pub(crate) fn is_pending(&self) -> bool {
        self.0.begun.load(Ordering::Relaxed) != 0 && self.took().is_none()
    }
}

/// Bounds and times the connections of every client it is given to.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated {
            inner,
            places: Arc::clone(&self.0),
        }
    }
}

/// A connector behind the gate.
#[derive(Clone)]
pub(crate) struct Gated<S> {
    inner: S,
    places: Arc<Semaphore>,
}

impl<S, R> Service<R> for Gated<S>
where
    S: Service<R> + Clone + Send + 'static,
    S::Future: Send + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // The clone takes the place of the service that was polled ready.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let places = Arc::clone(&self.places);
        let call = CALL.try_with(Connecting::clone).unwrap_or_default();
        call.0.begun.store(1, Ordering::Relaxed);
        Box::pin(async move {
            // Never closed, so the only failure there is cannot happen; without a place the connection is merely not counted.
            let _place = places.acquire_owned().await.ok();
            let start = Instant::now();
            let connection = inner.call(request).await?;
            let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX - 1);
            call.0.took.store(micros + 1, Ordering::Relaxed);
            Ok(connection)
        })
    }
}
