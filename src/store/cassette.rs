//! Recorded requests with their replies, stacked on the way out.
//!
//! A cassette answers a call when it holds the reply to the same request: kind, endpoint as written, content (model, parameters,
//! messages, tools), repeat, vote and occurrence within the trial. Which case, target or scorer asked does not matter: identical
//! requests share one reply, so that a run and its replay say the same. That is the reply recorded first, kept under the lowest ordinal
//! that was waiting for it; calls for a reply that is under way wait for it instead of paying twice. When it does not come (a fault, a
//! reply that is not accepted, a call that was given up), the next one in line makes the call itself.
//!
//! - *replay* answers from the file and never calls: what is missing is a fault naming the request.
//! - *record* begins a file. It never adds to what another run recorded; the run that began it goes on with it when it is resumed.
//! - *fill* answers from the file, calls what is missing and appends it.
//!
//! Only answers that the call accepts are kept. Request headers are not. Values of secrets are masked, and what is handed on is
//! what was kept, so that recording and replaying run on the same bytes.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use secrecy::ExposeSecret;
use serde_json::value::RawValue;
use tokio::sync::Notify;

use crate::domain::digest::Digest;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::{Answer, Call, Exchange, Local};
use crate::domain::secret::Secrets;
use crate::domain::suite::CassetteMode;

use super::mask;
use super::recording::{Record, Response, VERSION};
use super::request::{describe, key};
use super::tape::{Access, Tape};

pub use super::tape::CassetteError;

/// A cassette on the way out.
pub struct Cassette {
    path: PathBuf,
    mode: CassetteMode,
    run: String,
    secrets: Secrets,
    /// `None`: nothing is ever called.
    inner: Option<Rc<dyn Exchange>>,
    tape: RefCell<Tape>,
    /// Requests under way; only looked up, never walked.
    flights: RefCell<HashMap<Digest, Flight>>,
}

/// A request under way.
struct Flight {
    /// The lowest ordinal that waits for it.
    lowest: u64,
    landed: Rc<Notify>,
}

impl Cassette {
    /// Opens a cassette that only answers.
    pub fn replay(path: &Path, secrets: Secrets) -> Result<Self, CassetteError> {
        Self::open(path, CassetteMode::Replay, "", secrets, None, Access::Read)
    }

    /// Begins a cassette for a run, or goes on with the one that this run began.
    pub fn record(
        path: &Path,
        run: &str,
        secrets: Secrets,
        inner: Rc<dyn Exchange>,
    ) -> Result<Self, CassetteError> {
        let mode = CassetteMode::Record;
        Self::open(path, mode, run, secrets, Some(inner), Access::Begin { run })
    }

    /// Opens a cassette that answers what it can, and calls and keeps the rest. Begins one that is not there.
    pub fn fill(
        path: &Path,
        run: &str,
        secrets: Secrets,
        inner: Rc<dyn Exchange>,
    ) -> Result<Self, CassetteError> {
        let mode = CassetteMode::Fill;
        Self::open(path, mode, run, secrets, Some(inner), Access::Append)
    }

    fn open(
        path: &Path,
        mode: CassetteMode,
        run: &str,
        secrets: Secrets,
        inner: Option<Rc<dyn Exchange>>,
        access: Access<'_>,
    ) -> Result<Self, CassetteError> {
        Ok(Self {
            path: path.to_owned(),
            mode,
            run: run.to_owned(),
            secrets,
            inner,
            tape: RefCell::new(Tape::open(path, access)?),
            flights: RefCell::default(),
        })
    }

    /// What is done with it.
    #[must_use]
    pub fn mode(&self) -> CassetteMode {
        self.mode
    }

    /// How many replies it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tape.borrow().len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first error of writing, if there was one: nothing was kept after it, and every further call that needs it is a fault.
    #[must_use]
    pub fn failure(&self) -> Option<CassetteError> {
        self.tape.borrow().failure()
    }

    /// Waits until all is on the disk and ends the recording; how many replies were added.
    pub fn finish(&self) -> Result<u64, CassetteError> {
        self.tape.borrow_mut().finish()
    }

    async fn answer(&self, call: &Call) -> Result<Answer, Fault> {
        let key = key(call);
        let inner = match &self.inner {
            None => return self.play(key).unwrap_or_else(|| Err(self.miss(call))),
            Some(inner) => inner,
        };
        self.check_endpoint(call)?;
        loop {
            if let Some(played) = self.play(key) {
                return played;
            }
            let Some(landed) = self.board(key, call.id.ordinal) else {
                break;
            };
            landed.await;
        }
        let flight = Landing {
            cassette: self,
            key,
        };
        let answer = inner.exchange(call).await?;
        if call.accept.of(&answer).is_err() {
            // Whoever reads the answer says what is wrong with it.
            return Ok(answer);
        }
        let lowest = self.flights.borrow().get(&key).map(|flight| flight.lowest);
        let ordinal = lowest.unwrap_or(call.id.ordinal);
        let kept = self.keep(call, key, ordinal, answer);
        drop(flight);
        kept
    }

    /// Waits for a request that is under way, or becomes the one to make it (`None`).
    fn board(&self, key: Digest, ordinal: u64) -> Option<impl Future<Output = ()> + use<>> {
        let mut flights = self.flights.borrow_mut();
        if let Some(flight) = flights.get_mut(&key) {
            flight.lowest = flight.lowest.min(ordinal);
            let landed = Rc::clone(&flight.landed);
            return Some(async move { landed.notified().await });
        }
        flights.insert(
            key,
            Flight {
                lowest: ordinal,
                landed: Rc::default(),
            },
        );
        None
    }

    fn play(&self, key: Digest) -> Option<Result<Answer, Fault>> {
        let played = self.tape.borrow_mut().play(key)?;
        Some(
            played
                .map(|response| Answer {
                    status: response.status,
                    is_stream: response.stream,
                    timing: response.timing,
                    replayed: true,
                    body: match (response.json, response.text) {
                        (Some(json), _) => Bytes::from(String::from(Box::<str>::from(json))),
                        (None, text) => Bytes::from(text.unwrap_or_default()),
                    },
                })
                .map_err(|error| Fault::new(FaultKind::Internal, error.to_string())),
        )
    }

    /// Writes an accepted answer down; hands on what was written.
    fn keep(
        &self,
        call: &Call,
        key: Digest,
        ordinal: u64,
        mut answer: Answer,
    ) -> Result<Answer, Fault> {
        let internal = |message: String| Fault::new(FaultKind::Internal, message);
        let body = String::from_utf8_lossy(&answer.body);
        let masked = self.secrets.mask(&body);
        let is_line = !answer.is_stream && !masked.contains(['\n', '\r']);
        // A body in which something was masked may not be JSON any more.
        let json = match &masked {
            Cow::Borrowed(body) if is_line => serde_json::from_str::<Box<RawValue>>(body)
                .ok()
                // Blanks around the value are not part of it.
                .filter(|json| json.get() == *body),
            _ => None,
        };
        let request = call.content.to_string();
        let request = mask::masked_content(&request, &self.secrets);
        let endpoint = self.secrets.mask(&call.endpoint);
        for (what, text) in [
            ("reply", &masked),
            ("request", &request),
            ("endpoint", &endpoint),
        ] {
            if matches!(self.secrets.mask(text), Cow::Owned(_)) {
                return Err(internal(format!(
                    "the {what} still holds a secret after masking and is not recorded: {}",
                    describe(call, &self.secrets)
                )));
            }
        }
        let request = RawValue::from_string(request.into_owned())
            .map_err(|error| internal(error.to_string()))?;
        let text = json.is_none().then(|| masked.clone().into_owned());
        let kept = self.tape.borrow_mut().append(&Record {
            v: VERSION,
            key,
            ordinal,
            run: &self.run,
            kind: call.kind,
            endpoint: &endpoint,
            endpoint_digest: call.endpoint_filled.as_ref().map(digest_filled),
            repeat: call.id.repeat,
            vote: call.id.vote,
            occurrence: call.id.occurrence,
            request: &request,
            response: Response {
                status: answer.status,
                stream: answer.is_stream,
                json,
                text,
                timing: answer.timing,
            },
        });
        kept.map_err(|error| internal(error.to_string()))?;
        if masked.as_bytes() != answer.body.as_ref() {
            answer.body = Bytes::from(masked.into_owned());
        }
        Ok(answer)
    }

    /// Replies of another place must not mix with those of this one.
    fn check_endpoint(&self, call: &Call) -> Result<(), Fault> {
        let recorded = self.tape.borrow().endpoint_digest(&call.endpoint);
        let now = call.endpoint_filled.as_ref().map(digest_filled);
        match (recorded, now) {
            (Some(recorded), Some(now)) if recorded != now => Err(Fault::new(
                FaultKind::Internal,
                format!(
                    "cassette {} was recorded with another value of `{}`: set the variable as it was then, or record into another file",
                    self.path.display(),
                    call.endpoint
                ),
            )),
            _ => Ok(()),
        }
    }

    fn miss(&self, call: &Call) -> Fault {
        Fault::new(
            FaultKind::CassetteMiss,
            format!(
                "cassette {} holds no reply to {}; add it with `--fill {}`",
                self.path.display(),
                describe(call, &self.secrets),
                self.path.display()
            ),
        )
    }
}

impl Exchange for Cassette {
    fn exchange<'a>(&'a self, call: &'a Call) -> Local<'a, Result<Answer, Fault>> {
        Box::pin(self.answer(call))
    }

    fn close<'a>(&'a self, session: u64) -> Local<'a, ()> {
        match &self.inner {
            Some(inner) => inner.close(session),
            None => Box::pin(std::future::ready(())),
        }
    }
}

impl std::fmt::Debug for Cassette {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cassette")
            .field("path", &self.path)
            .field("mode", &self.mode)
            .field("replies", &self.len())
            .finish_non_exhaustive()
    }
}

/// Wakes those who wait when a request has ended, however it ended.
struct Landing<'a> {
    cassette: &'a Cassette,
    key: Digest,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        if let Some(flight) = self.cassette.flights.borrow_mut().remove(&self.key) {
            flight.landed.notify_waiters();
        }
    }
}

fn digest_filled(filled: &secrecy::SecretString) -> Digest {
    Digest::of(filled.expose_secret().as_bytes())
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;
    use std::future::Future;
    use std::time::Duration;

    use serde_json::json;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::domain::port::{Accept, CallId, HttpCall, Transport};
    use crate::domain::transcript::Timing;

    const ENDPOINT: &str = "http://${HOST}/v1";

    /// A question to a chat model.
    pub(in crate::store) fn call(ordinal: u64, question: &str) -> Call {
        Call {
            id: CallId {
                ordinal,
                target: "prod".into(),
                repeat: 0,
                vote: 0,
                occurrence: 0,
                scorer: None,
            },
            kind: "chat",
            endpoint: ENDPOINT.into(),
            endpoint_filled: Some("http://here/v1".into()),
            content: json!({"model": "m", "messages": [{"role": "user", "content": question}]}),
            transport: Transport::Http(Box::new(HttpCall {
                method: "POST",
                url: "http://here/v1?key=canary-url".into(),
                headers: vec![("authorization".into(), "Bearer canary-header".into())],
                body: Bytes::from_static(b"canary-body"),
                first_token: None,
            })),
            timeout: Duration::from_secs(1),
            accept: Accept::new(|answer| {
                if answer.body.starts_with(b"{") {
                    Ok(())
                } else {
                    Err(Fault::new(FaultKind::Garbled, "not JSON"))
                }
            }),
            refused: |status, _| Fault::new(FaultKind::Unavailable, status.to_string()),
        }
    }

    /// An endpoint that answers with a script, each answer when it is let through.
    struct Endpoint {
        answers: RefCell<std::collections::VecDeque<Result<String, FaultKind>>>,
        gate: Semaphore,
        called: RefCell<Vec<u64>>,
        closed: Cell<u64>,
    }

    impl Endpoint {
        fn new(answers: &[Result<&str, FaultKind>], open: usize) -> Rc<Self> {
            Rc::new(Self {
                answers: RefCell::new(answers.iter().map(|one| one.map(str::to_owned)).collect()),
                gate: Semaphore::new(open),
                called: RefCell::default(),
                closed: Cell::new(0),
            })
        }

        fn called(&self) -> Vec<u64> {
            self.called.borrow().clone()
        }
    }

    impl Exchange for Endpoint {
        fn exchange<'a>(&'a self, call: &'a Call) -> Local<'a, Result<Answer, Fault>> {
            self.called.borrow_mut().push(call.id.ordinal);
            Box::pin(async {
                self.gate.acquire().await.unwrap().forget();
                let next = self.answers.borrow_mut().pop_front().unwrap();
                match next {
                    Ok(body) => Ok(Answer {
                        status: 200,
                        body: Bytes::from(body),
                        timing: Timing {
                            total_ms: 0.1 + 0.2,
                            ..Timing::default()
                        },
                        ..Answer::default()
                    }),
                    Err(kind) => Err(Fault::new(kind, "no")),
                }
            })
        }

        fn close<'a>(&'a self, session: u64) -> Local<'a, ()> {
            self.closed.set(session);
            Box::pin(std::future::ready(()))
        }
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    }

    fn body(answer: &Result<Answer, Fault>) -> &str {
        std::str::from_utf8(&answer.as_ref().unwrap().body).unwrap()
    }

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }
        fn tape(&self) -> PathBuf {
            self.0.path().join("tape.jsonl")
        }
        fn record(&self, run: &str, inner: &Rc<Endpoint>) -> Cassette {
            Cassette::record(&self.tape(), run, secrets(), inner.clone()).unwrap()
        }
        fn fill(&self, inner: &Rc<Endpoint>) -> Cassette {
            Cassette::fill(&self.tape(), "filled", secrets(), inner.clone()).unwrap()
        }
        fn replay(&self) -> Cassette {
            Cassette::replay(&self.tape(), secrets()).unwrap()
        }
    }

    fn secrets() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.add("KEY", "canary-key");
        secrets
    }

    #[test]
    fn what_was_recorded_is_replayed_with_its_bytes_and_times() {
        let folder = Folder::new();
        // Blanks, a number of many digits, a stream's line ends: all must come back as they were.
        let bodies = [
            r#"{"a": 1.10, "big": 123456789012345678901}"#,
            "{\"b\":\n2}\n",
        ];
        let inner = Endpoint::new(&[Ok(bodies[0]), Ok(bodies[1])], 2);
        let cassette = folder.record("r", &inner);
        let live: Vec<_> = ["one", "two"]
            .into_iter()
            .map(|text| run(cassette.exchange(&call(0, text))))
            .collect();
        assert!(live.iter().all(|answer| !answer.as_ref().unwrap().replayed));
        assert_eq!(cassette.finish().unwrap(), 2);
        drop(cassette);
        let replay = folder.replay();
        for (text, live) in ["one", "two"].into_iter().zip(&live) {
            let again = run(replay.exchange(&call(9, text)));
            let expected = Answer {
                replayed: true,
                ..live.clone().unwrap()
            };
            assert_eq!(again.unwrap(), expected);
        }
        assert_eq!(inner.called(), [0, 0]);
    }

    #[test]
    fn a_missing_request_is_named_and_nothing_is_called() {
        let folder = Folder::new();
        folder.record("r", &Endpoint::new(&[], 0)).finish().unwrap();
        let mut asked = call(7, &format!("why? canary-key {}", "x".repeat(100)));
        asked.id.scorer = Some("helpful".into());
        asked.id.vote = 2;
        let fault = run(folder.replay().exchange(&asked)).unwrap_err();
        assert_eq!(fault.kind, FaultKind::CassetteMiss);
        assert!(!fault.worth_retrying());
        for part in [
            "chat http://${HOST}/v1, model m, \"why? ${KEY} xxx",
            "...\" (trial 7, target prod, scorer helpful, repeat 0, vote 2)",
            "--fill",
        ] {
            assert!(fault.message.contains(part), "{}", fault.message);
        }
    }

    #[test]
    fn identical_requests_share_one_reply_under_the_lowest_ordinal() {
        let folder = Folder::new();
        let inner = Endpoint::new(&[Ok(r#"{"n":1}"#)], 0);
        let cassette = folder.record("r", &inner);
        let (five, two, nine) = (call(5, "same"), call(2, "same"), call(9, "same"));
        let (one, other, third) = run(async {
            let open = async { inner.gate.add_permits(1) };
            let (one, other, third, ()) = tokio::join!(
                cassette.exchange(&five),
                cassette.exchange(&two),
                cassette.exchange(&nine),
                open
            );
            (one, other, third)
        });
        assert_eq!(inner.called(), [5]);
        assert_eq!(
            (body(&one), body(&other), body(&third)),
            (r#"{"n":1}"#, r#"{"n":1}"#, r#"{"n":1}"#)
        );
        assert!(!one.unwrap().replayed && other.unwrap().replayed);
        cassette.finish().unwrap();
        let line = std::fs::read_to_string(folder.tape()).unwrap();
        assert!(line.contains(r#""ordinal":2,"#), "{line}");
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn errors_and_answers_that_are_not_accepted_are_never_kept() {
        let folder = Folder::new();
        let inner = Endpoint::new(
            &[Err(FaultKind::RateLimited), Ok("garbage"), Ok(r#"{"n":3}"#)],
            3,
        );
        let cassette = folder.record("r", &inner);
        let (a, b, c) = (call(0, "same"), call(1, "same"), call(2, "same"));
        let (a, b, c) = run(async {
            tokio::join!(
                cassette.exchange(&a),
                cassette.exchange(&b),
                cassette.exchange(&c)
            )
        });
        assert_eq!(a.unwrap_err().kind, FaultKind::RateLimited);
        assert_eq!((body(&b), body(&c)), ("garbage", r#"{"n":3}"#));
        assert_eq!(inner.called(), [0, 1, 2]);
        assert_eq!(cassette.finish().unwrap(), 1);
    }

    #[test]
    fn a_call_that_was_given_up_lets_the_next_one_go() {
        let folder = Folder::new();
        let inner = Endpoint::new(&[Ok(r#"{"n":1}"#)], 0);
        let cassette = folder.record("r", &inner);
        let (a, b) = (call(0, "same"), call(1, "same"));
        let answer = run(async {
            let mut leader = Box::pin(cassette.exchange(&a));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(leader.as_mut().poll(&mut context).is_pending());
            let mut waiter = Box::pin(cassette.exchange(&b));
            assert!(waiter.as_mut().poll(&mut context).is_pending());
            drop(leader);
            inner.gate.add_permits(1);
            waiter.await
        });
        assert_eq!(body(&answer), r#"{"n":1}"#);
        assert_eq!(inner.called(), [0, 1]);
    }

    #[test]
    fn filling_calls_only_what_is_missing() {
        let folder = Folder::new();
        let inner = Endpoint::new(&[Ok(r#"{"n":1}"#), Ok(r#"{"n":2}"#)], 2);
        for (times, question) in [(1, "one"), (1, "one"), (2, "two")] {
            let cassette = folder.fill(&inner);
            run(cassette.exchange(&call(0, question))).unwrap();
            cassette.finish().unwrap();
            assert_eq!(inner.called().len(), times);
        }
        run(folder.fill(&inner).close(4));
        assert_eq!(inner.closed.get(), 4);
        let replay = folder.replay();
        assert_eq!((replay.len(), replay.is_empty()), (2, false));
        assert_eq!(body(&run(replay.exchange(&call(0, "two")))), r#"{"n":2}"#);
    }

    #[test]
    fn a_recording_goes_on_in_the_run_that_began_it() {
        let folder = Folder::new();
        let inner = Endpoint::new(&[Ok(r#"{"n":1}"#), Ok(r#"{"n":2}"#)], 2);
        for question in ["one", "two"] {
            let cassette = folder.record("r", &inner);
            run(cassette.exchange(&call(0, "one"))).unwrap();
            run(cassette.exchange(&call(1, question))).unwrap();
            cassette.finish().unwrap();
        }
        assert_eq!(inner.called(), [0, 1]);
        let error = Cassette::record(&folder.tape(), "other", secrets(), inner).unwrap_err();
        assert!(matches!(error, CassetteError::Taken { .. }), "{error}");
    }

    #[test]
    fn another_value_of_the_endpoints_variable_is_refused_when_filling() {
        let folder = Folder::new();
        let inner = Endpoint::new(&[Ok(r#"{"n":1}"#)], 2);
        run(folder.record("r", &inner).exchange(&call(0, "one"))).unwrap();
        let mut elsewhere = call(0, "one");
        elsewhere.endpoint_filled = Some("http://there/v1".into());
        let fault = run(folder.fill(&inner).exchange(&elsewhere)).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Internal);
        assert!(
            fault
                .message
                .contains("another value of `http://${HOST}/v1`"),
            "{}",
            fault.message
        );
        // Replaying calls nobody: the value may be anything, or unset.
        elsewhere.endpoint_filled = None;
        run(folder.replay().exchange(&elsewhere)).unwrap();
        let text = std::fs::read_to_string(folder.tape()).unwrap();
        assert!(!text.contains("here/v1"), "{text}");
    }

    #[test]
    fn no_secret_is_kept_and_the_run_sees_what_was_kept() {
        let folder = Folder::new();
        let echo = r#"{"echo":"canary-key","header":"Bearer canary-key"}"#;
        let inner = Endpoint::new(&[Ok(echo)], 1);
        let cassette = folder.record("r", &inner);
        let asked = call(0, "my key is canary-key");
        let live = run(cassette.exchange(&asked));
        assert_eq!(body(&live), r#"{"echo":"${KEY}","header":"Bearer ${KEY}"}"#);
        drop(cassette);
        assert_eq!(body(&run(folder.replay().exchange(&asked))), body(&live));
        let text = std::fs::read_to_string(folder.tape()).unwrap();
        assert!(!text.contains("canary"), "{text}");
    }

    #[test]
    fn a_line_that_would_still_hold_a_secret_is_not_written() {
        let folder = Folder::new();
        let mut secrets = Secrets::default();
        // It stands across the ends of two strings, where no string holds it.
        secrets.add("ODD", r#"","content":""#);
        let inner = Endpoint::new(&[Ok(r#"{"n":1}"#)], 1);
        let cassette = Cassette::record(&folder.tape(), "r", secrets, inner).unwrap();
        let fault = run(cassette.exchange(&call(0, ""))).unwrap_err();
        assert!(
            fault.message.contains("request still holds a secret"),
            "{}",
            fault.message
        );
        assert_eq!(cassette.finish().unwrap(), 0);
        assert_eq!(std::fs::read(folder.tape()).unwrap(), b"");
    }
}
