//! The server: takes connections, as many as it may, and none of them for ever.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::body::{Unread, Whole, read};
use super::door::{Door, Entry};
use super::{Pages, Request, Response, ServeError};

/// The most bytes of a request's line and headers.
const MOST_HEAD: usize = 32 << 10;
/// How long is waited after a connection could not be taken: the system lacks something, usually open files.
const RECOVER: Duration = Duration::from_millis(50);

/// What a client may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a request's line and headers may take; also how long a connection may be idle.
    pub head: Duration,
    /// How long its body may take.
    pub body: Duration,
    /// How long a connection may be used.
    pub connection: Duration,
    /// How long an answer under way may take when a connection ends, or all of them do.
    pub last: Duration,
    /// Connections at once.
    pub connections: usize,
    /// Bytes of a body.
    pub body_bytes: usize,
}

impl Default for Limits {
    /// For pages that are sent small texts.
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            connection: Duration::from_mins(10),
            last: Duration::from_secs(2),
            connections: 64,
            body_bytes: 1 << 20,
        }
    }
}

/// A server that listens and has answered nobody yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    door: Door,
}

/// What all connections share.
struct Shared {
    door: Door,
    pages: Arc<dyn Pages>,
    limits: Limits,
}

impl Server {
    /// Listens on 127.0.0.1. `port` 0: any that is free.
    ///
    /// # Errors
    /// The port is taken or may not be used; the system has no random numbers.
    pub fn bind(port: u16) -> Result<Self, ServeError> {
        let fail = |source| ServeError::Listen { port, source };
        let listener =
            TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).map_err(fail)?;
        listener.set_nonblocking(true).map_err(fail)?;
        let port = listener.local_addr().map_err(fail)?.port();
        Ok(Self {
            listener,
            door: Door::new(port)?,
        })
    }

    /// The address to be opened in a browser. It works once.
    #[must_use]
    pub fn url(&self) -> String {
        self.door.url()
    }

    /// Answers until `stop` is ready, then ends within [`Limits::last`].
    ///
    /// # Errors
    /// The runtime cannot take the listener.
    pub async fn run(
        self,
        pages: Arc<dyn Pages>,
        limits: Limits,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let listener = tokio::net::TcpListener::from_std(self.listener)
            .map_err(|source| ServeError::Listen { port: 0, source })?;
        let shared = Arc::new(Shared {
            door: self.door,
            pages,
            limits,
        });
        let (closing, closed) = watch::channel(false);
        let mut open = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = open.join_next(), if !open.is_empty() => {}
                taken = listener.accept(), if open.len() < limits.connections => match taken {
                    Ok((stream, _)) => {
                        open.spawn(connection(stream, Arc::clone(&shared), closed.clone()));
                    }
                    // The client is gone already, or the system lacks something for a while.
                    Err(_) => tokio::time::sleep(RECOVER).await,
                },
            }
        }
        drop(listener);
        // Whoever listens has ended already, or ends now.
        let _ = closing.send(true);
        let all_ended = async { while open.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(limits.last, all_ended).await;
        open.shutdown().await;
        Ok(())
    }
}

/// One connection, to its end.
async fn connection(stream: TcpStream, shared: Arc<Shared>, mut closed: watch::Receiver<bool>) {
    let limits = shared.limits;
    let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(MOST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // What a client does wrong is its own affair.
        _ = connection.as_mut() => return,
        _ = closed.changed() => {}
        () = tokio::time::sleep(limits.connection) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(limits.last, connection).await;
}

async fn answer(
    request: hyper::Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<hyper::Response<Whole>, Infallible> {
    let (parts, body) = request.into_parts();
    let response = match shared.door.entry(&parts) {
        Err(refused) => closing(built(refused)),
        Ok(Entry::Opened { to, cookie }) => opened(&to, &cookie),
        Ok(Entry::Inside(request)) => inside(request, body, &shared).await,
    };
    Ok(response)
}

async fn inside(request: Request, body: Incoming, shared: &Shared) -> hyper::Response<Whole> {
    let limits = shared.limits;
    let body = match tokio::time::timeout(limits.body, read(body, limits.body_bytes)).await {
        Ok(Ok(body)) => body,
        Ok(Err(Unread::TooLong)) => {
            return closing(built(Response::words(413, "the body is too long")));
        }
        Ok(Err(Unread::Broken)) => {
            return closing(built(Response::words(400, "the body is broken")));
        }
        Err(_) => return closing(built(Response::words(408, "the body took too long"))),
    };
    let pages = Arc::clone(&shared.pages);
    let request = Request { body, ..request };
    let answered = tokio::task::spawn_blocking(move || pages.answer(request)).await;
    built(answered.unwrap_or_else(|_| Response::words(500, "a bug in evenhand")))
}

/// The answer with the headers that every answer has.
fn built(response: Response) -> hyper::Response<Whole> {
    const NOTHING: &str = "default-src 'none'";
    let policy = response.policy.as_deref().unwrap_or(NOTHING);
    let policy = format!("{policy}; frame-ancestors 'none'");
    let mut built = hyper::Response::new(Whole(Some(Bytes::from(response.body))));
    *built.status_mut() = hyper::StatusCode::from_u16(response.status)
        .unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = built.headers_mut();
    for (name, value) in [
        ("content-type", response.kind),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(NOTHING)),
    );
    if response.status == 405 {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
    }
    built
}

/// Ends the connection behind the answer: what of the request was not read is not wanted.
fn closing(mut response: hyper::Response<Whole>) -> hyper::Response<Whole> {
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Sends a browser on to the page, with the cookie.
fn opened(to: &str, cookie: &str) -> hyper::Response<Whole> {
    let mut response = built(Response::words(303, "see the page"));
    for (name, value) in [(header::LOCATION, to), (header::SET_COOKIE, cookie)] {
        // Both are made of hex digits and words of ours.
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
