//! One HTTP request out, one reply in, within its bounds: time in all, bytes of the body.

use std::error::Error;
use std::time::Duration;

use bytes::BytesMut;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, Response, Url};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::{Answer, Call, HttpCall};
use crate::domain::secret::Secrets;
use crate::domain::transcript::Timing;
use crate::domain::units::millis;

use super::clients::Clients;
use super::connect::Connecting;
use super::environment;
use super::{retry_after, sse};

/// The most bytes of a body, decompressed.
const MOST: usize = 32 << 20;
/// The most of a refusal's body that is looked at.
const MOST_REFUSAL: usize = 64 << 10;
/// How long the end of a body is waited for after a stream has said `[DONE]`: then the connection can serve again.
const AFTER_DONE: Duration = Duration::from_millis(250);

/// Makes the call. A status other than 2xx is a fault, unless the target accepts it as an answer (a content filter's refusal).
pub(crate) async fn exchange(
    clients: &Clients,
    secrets: &Secrets,
    call: &Call,
    http: &HttpCall,
) -> Result<Answer, Fault> {
    let trip = Trip::of(clients, call, http)
        .map_err(|message| Fault::new(FaultKind::Internal, message))?;
    let arrived = clients.network.run(trip.travel()).await?;
    let (answer, mut refusal) = arrived;
    if (200..300).contains(&answer.status) || call.accept.of(&answer).is_ok() {
        return Ok(answer);
    }
    refusal.location = refusal
        .location
        .map(|place| secrets.mask(&place).chars().take(200).collect());
    // Masked before anything is cut: of half a secret nobody would know any more that it is one.
    let text = String::from_utf8_lossy(&answer.body);
    let text = secrets.mask(&text);
    let most = text.floor_char_boundary(MOST_REFUSAL);
    Err(refusal.fill((call.refused)(answer.status, &text[..most])))
}

/// A request with all that it needs on its way, on whichever thread.
struct Trip {
    request: reqwest::RequestBuilder,
    first_token: Option<fn(&str) -> bool>,
    timeout: Duration,
}

impl Trip {
    fn of(clients: &Clients, call: &Call, http: &HttpCall) -> Result<Self, String> {
        let url = url(clients, http)?;
        let headers = headers(http)?;
        let client = clients.get(&url)?;
        let method = Method::from_bytes(http.method.as_bytes())
            .map_err(|_| format!("`{}` is no HTTP method", http.method))?;
        let request = client
            .request(method, url)
            .headers(headers)
            .body(http.body.clone());
        Ok(Self {
            request,
            first_token: http.first_token,
            timeout: call.timeout,
        })
    }

    /// There and back within its time.
    async fn travel(self) -> Result<(Answer, Refusal), Fault> {
        let connecting = Connecting::default();
        let timeout = self.timeout;
        // Not named before it is awaited: it would lie twice in the memory of thousands of calls under way.
        let made =
            tokio::time::timeout(timeout, connecting.watch(make(self, connecting.clone()))).await;
        match made {
            Ok(answer) => answer,
            Err(_) if connecting.is_pending() => Err(Fault::new(
                FaultKind::Unavailable,
                format!("no connection within {timeout:?}"),
            )),
            Err(_) => Err(Fault::new(
                FaultKind::TimedOut,
                format!("no complete reply within {timeout:?}"),
            )),
        }
    }
}

async fn make(trip: Trip, connecting: Connecting) -> Result<(Answer, Refusal), Fault> {
    let start = Instant::now();
    let response = trip.request.send().await.map_err(failed)?;
    let first_byte = start.elapsed();
    let status = response.status();
    let about = Refusal::of(&response);
    let is_stream = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.trim_start().starts_with("text/event-stream"));
    let body = Body::read(response, start, trip.first_token.filter(|_| is_stream)).await?;
    let answer = Answer {
        status: status.as_u16(),
        is_stream,
        timing: Timing {
            connect_ms: connecting.took().map(millis),
            first_byte_ms: Some(millis(first_byte)),
            first_token_ms: body.first_token.map(millis),
            total_ms: millis(body.total),
            waited_ms: 0.0,
        },
        body: body.bytes.freeze(),
        replayed: false,
    };
    Ok((answer, about))
}

fn url(clients: &Clients, http: &HttpCall) -> Result<Url, String> {
    match environment::unset(&http.url) {
        Some(name) => Err(environment::explain_unset(name)),
        None => clients.address(&http.url),
    }
}

fn headers(http: &HttpCall) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in &http.headers {
        if let Some(variable) = environment::unset(value) {
            return Err(environment::explain_unset(variable));
        }
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("`{name}` is not a header name"))?;
        let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| {
            format!("the value of header `{name}` holds characters that no header can")
        })?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(headers)
}

/// What a refusal's headers say.
struct Refusal {
    wait: Option<Duration>,
    location: Option<String>,
}

impl Refusal {
    fn of(response: &Response) -> Self {
        let text = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let now_ms = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0);
        Self {
            wait: retry_after::wait(text("retry-after"), text("retry-after-ms"), now_ms),
            // Without its query, which may hold anything.
            location: text(LOCATION.as_str())
                .and_then(|place| place.split(['?', '#']).next())
                .map(str::to_owned),
        }
    }

    fn fill(self, mut fault: Fault) -> Fault {
        fault.retry_after_s = fault
            .retry_after_s
            .or(self.wait.map(|wait| wait.as_secs_f64()));
        if let Some(location) = self.location {
            fault.message.push_str(&format!(" (to {location})"));
        }
        fault
    }
}

/// A body as it was read.
struct Body {
    bytes: BytesMut,
    first_token: Option<Duration>,
    total: Duration,
}

impl Body {
    async fn read(
        mut response: Response,
        start: Instant,
        is_token: Option<fn(&str) -> bool>,
    ) -> Result<Self, Fault> {
        let mut body = Self {
            bytes: BytesMut::new(),
            first_token: None,
            total: Duration::ZERO,
        };
        let mut events = sse::Events::new();
        let mut done = false;
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.bytes.len() + chunk.len() > MOST {
                return Err(Fault::new(
                    FaultKind::Garbled,
                    format!("the reply is over {} MiB", MOST >> 20),
                ));
            }
            body.bytes.extend_from_slice(&chunk);
            if let Some(is_token) = is_token {
                events.feed(&chunk, |event| {
                    done |= event.data.trim() == "[DONE]";
                    if body.first_token.is_none() && is_token(&event.data) {
                        body.first_token = Some(start.elapsed());
                    }
                });
            }
            if done {
                break;
            }
        }
        body.total = start.elapsed();
        if done {
            // The reply is complete whatever comes of this.
            let _ = tokio::time::timeout(AFTER_DONE, response.chunk()).await;
        }
        Ok(body)
    }
}

/// A failure of the client as a fault: by what went wrong, with the whole chain of causes and without the address, which may hold a
/// key in its query.
fn failed(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let kind = if error.is_builder() {
        FaultKind::Internal
    } else if error.is_decode() && is_corrupt(&error) {
        FaultKind::Garbled
    } else {
        FaultKind::Unavailable
    };
    Fault::new(kind, chain(&error))
}

/// Whether compressed bytes made no sense, as against a connection that broke while they came: the client calls both decoding errors.
fn is_corrupt(error: &dyn Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    let mut cause = error.source();
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| matches!(io.kind(), InvalidData | InvalidInput)) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// An error with all its causes; a cause that the text before it already ends with is left out.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}
