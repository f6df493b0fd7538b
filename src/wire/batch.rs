//! Calls that travel together: those under way at the same time share a request, and a call that was made lately is not made again.
//!
//! The first call of a group waits a moment for others ([`WAIT`], or until the request is full), then one request goes out for all. Each
//! call has an answer of its own. A request that the endpoint rejects is halved until only the calls that are at fault are rejected:
//! one text that is too long must not cost the others theirs. Any other fault is the fault of each.
//!
//! Answers are kept in memory up to [`MOST_KEPT`]; the longest unused go first. An answer that was there already, or was waited for
//! together with another call for the same, is marked as replayed: it is paid for once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared, WeakShared};
use tokio::sync::Notify;

use crate::domain::digest::Digest;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::{Accept, Answer, BatchedCall, Call, HttpCall};
use crate::domain::secret::Secrets;

use super::clients::Clients;
use super::http;

/// How long the first call waits for others.
const WAIT: Duration = Duration::from_millis(2);
/// The most bytes of answers that are kept.
const MOST_KEPT: usize = 16 << 20;

/// What became of a request: an answer or a fault for each of its calls.
type Outcome = Rc<Vec<Result<Answer, Fault>>>;
/// A request, driven by whoever waits for it; given up when nobody does any more.
type Trip = Shared<LocalBoxFuture<'static, Outcome>>;

/// The requests of all groups.
pub(crate) struct Batches {
    clients: Rc<Clients>,
    secrets: Secrets,
    /// Requests that still take calls, by group.
    open: Rc<RefCell<BTreeMap<Digest, Open>>>,
    /// Calls under way, by what they ask: their request and their place in it.
    seats: RefCell<BTreeMap<Digest, Seat>>,
    kept: RefCell<Kept>,
    number: Cell<u64>,
}

/// A request that still takes calls.
struct Open {
    number: u64,
    bodies: Rc<RefCell<Vec<Bytes>>>,
    full: Rc<Notify>,
    trip: Option<WeakShared<LocalBoxFuture<'static, Outcome>>>,
}

struct Seat {
    number: u64,
    at: usize,
    trip: Option<WeakShared<LocalBoxFuture<'static, Outcome>>>,
}

impl Batches {
    pub(crate) fn new(clients: Rc<Clients>, secrets: Secrets) -> Self {
        Self {
            clients,
            secrets,
            open: Rc::default(),
            seats: RefCell::default(),
            kept: RefCell::default(),
            number: Cell::new(0),
        }
    }

    /// One call's answer.
    pub(crate) async fn exchange(
        &self,
        call: &Call,
        batched: &BatchedCall,
    ) -> Result<Answer, Fault> {
        let body = Digest::of(&batched.http.body).to_string();
        let key = Digest::of(format!("{} {body}", batched.group).as_bytes());
        if let Some(mut answer) = self.kept.borrow_mut().get(key) {
            answer.replayed = true;
            return Ok(answer);
        }
        let known = self.seats.borrow().get(&key).and_then(|seat| {
            let trip = seat.trip.as_ref()?.upgrade()?;
            Some((trip, seat.number, seat.at))
        });
        let shares = known.is_some();
        let (trip, number, at) = known.unwrap_or_else(|| self.board(key, call, batched));
        let outcome = trip.await;
        let mut seats = self.seats.borrow_mut();
        if seats.get(&key).is_some_and(|seat| seat.number == number) {
            seats.remove(&key);
        }
        let mut answer = outcome.get(at).cloned().unwrap_or_else(|| {
            Err(Fault::new(
                FaultKind::Internal,
                "a call was left behind by its request",
            ))
        })?;
        self.kept.borrow_mut().put(key, &answer);
        answer.replayed = shares;
        Ok(answer)
    }

    /// Puts the call on its group's open request, or opens one.
    fn board(&self, key: Digest, call: &Call, batched: &BatchedCall) -> (Trip, u64, usize) {
        let mut open = self.open.borrow_mut();
        let known = open
            .get(&batched.group)
            .and_then(|open| Some((open.trip.as_ref()?.upgrade()?, open)));
        let (trip, number, at) = match known {
            Some((trip, known)) => {
                let mut bodies = known.bodies.borrow_mut();
                bodies.push(batched.http.body.clone());
                (trip, known.number, bodies.len() - 1)
            }
            None => {
                let (trip, fresh) = self.depart(call, batched);
                let number = fresh.number;
                open.insert(batched.group, fresh);
                (trip, number, 0)
            }
        };
        if at + 1 >= batched.most
            && let Some(full) = open.remove(&batched.group)
        {
            full.full.notify_one();
        }
        let seat = Seat {
            number,
            at,
            trip: trip.downgrade(),
        };
        self.seats.borrow_mut().insert(key, seat);
        (trip, number, at)
    }

    /// A request that waits for more calls and then goes out.
    fn depart(&self, call: &Call, batched: &BatchedCall) -> (Trip, Open) {
        let number = self.number.get() + 1;
        self.number.set(number);
        let bodies = Rc::new(RefCell::new(vec![batched.http.body.clone()]));
        let full = Rc::new(Notify::new());
        let carrier = Rc::new(Carrier {
            clients: Rc::clone(&self.clients),
            secrets: self.secrets.clone(),
            call: Call {
                accept: Accept::new(never),
                ..call.clone()
            },
            batched: batched.clone(),
        });
        let (group, open) = (batched.group, Rc::clone(&self.open));
        let (gathered, is_full) = (Rc::clone(&bodies), Rc::clone(&full));
        let trip = async move {
            tokio::select! {
                () = is_full.notified() => {}
                () = tokio::time::sleep(WAIT) => {}
            }
            {
                let mut open_now = open.borrow_mut();
                if open_now
                    .get(&group)
                    .is_some_and(|open| open.number == number)
                {
                    open_now.remove(&group);
                }
            }
            let bodies = gathered.take();
            Rc::new(carry(carrier, bodies).await)
        };
        let trip = trip.boxed_local().shared();
        let open = Open {
            number,
            bodies,
            full,
            trip: trip.downgrade(),
        };
        (trip, open)
    }
}

/// An answer with a status that says error is none.
fn never(_: &Answer) -> Result<(), Fault> {
    Err(Fault::new(FaultKind::Rejected, "refused"))
}

/// What every part of a request needs.
struct Carrier {
    clients: Rc<Clients>,
    secrets: Secrets,
    call: Call,
    batched: BatchedCall,
}

impl Carrier {
    /// One request for all these bodies.
    async fn send(&self, bodies: &[Bytes]) -> Result<Vec<Answer>, Fault> {
        let http = HttpCall {
            body: (self.batched.join)(bodies)?,
            ..self.batched.http.clone()
        };
        let answer = http::exchange(&self.clients, &self.secrets, &self.call, &http).await?;
        let answers = (self.batched.split)(bodies, &answer)?;
        if answers.len() != bodies.len() {
            let message = format!("{} calls got {} answers", bodies.len(), answers.len());
            return Err(Fault::new(FaultKind::Internal, message));
        }
        let each = answers.into_iter().map(|body| Answer {
            body,
            ..answer.clone()
        });
        Ok(each.collect())
    }
}

/// Sends these bodies; what the endpoint rejects is sent again in halves, down to the calls that are at fault.
fn carry(
    carrier: Rc<Carrier>,
    bodies: Vec<Bytes>,
) -> LocalBoxFuture<'static, Vec<Result<Answer, Fault>>> {
    let sent = async move {
        match carrier.send(&bodies).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(fault) if fault.kind == FaultKind::Rejected && bodies.len() > 1 => {
                let (one, two) = bodies.split_at(bodies.len() / 2);
                let (mut all, more) = futures_util::future::join(
                    carry(Rc::clone(&carrier), one.to_vec()),
                    carry(carrier, two.to_vec()),
                )
                .await;
                all.extend(more);
                all
            }
            Err(fault) => vec![Err(fault); bodies.len()],
        }
    };
    sent.boxed_local()
}

/// Answers by what was asked, up to so many bytes.
#[derive(Default)]
struct Kept {
    answers: BTreeMap<Digest, (u64, Answer)>,
    /// When each was last used, the longest unused first.
    used: BTreeMap<u64, Digest>,
    clock: u64,
    bytes: usize,
}

/// What an answer takes: its body, and about as much as its places in two trees.
fn weight(answer: &Answer) -> usize {
    answer.body.len() + 256
}

impl Kept {
    fn get(&mut self, key: Digest) -> Option<Answer> {
        let (used, answer) = self.answers.get_mut(&key)?;
        self.used.remove(used);
        self.clock += 1;
        *used = self.clock;
        self.used.insert(self.clock, key);
        Some(answer.clone())
    }

    fn put(&mut self, key: Digest, answer: &Answer) {
        if self.get(key).is_some() || weight(answer) > MOST_KEPT {
            return;
        }
        self.clock += 1;
        self.bytes += weight(answer);
        self.used.insert(self.clock, key);
        self.answers.insert(key, (self.clock, answer.clone()));
        while self.bytes > MOST_KEPT
            && let Some((_, oldest)) = self.used.pop_first()
        {
            let gone = self.answers.remove(&oldest);
            self.bytes -= gone.map_or(0, |(_, answer)| weight(&answer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: usize) -> Answer {
        Answer {
            body: vec![b'x'; bytes].into(),
            ..Answer::default()
        }
    }

    fn key(number: usize) -> Digest {
        Digest::of(number.to_string().as_bytes())
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_longest_unused_goes_first() {
        let mut kept = Kept::default();
        let quarter = answer(MOST_KEPT / 4 - 256);
        for number in 0..4 {
            kept.put(key(number), &quarter);
        }
        assert_eq!(kept.bytes, MOST_KEPT);
        assert!(kept.get(key(0)).is_some());
        kept.put(key(0), &quarter);
        kept.put(key(4), &quarter);
        assert_eq!(kept.bytes, MOST_KEPT);
        assert!(kept.get(key(1)).is_none());
        for number in [0, 2, 3, 4] {
            assert!(kept.get(key(number)).is_some(), "{number}");
        }
        kept.put(key(9), &answer(MOST_KEPT));
        assert!(kept.get(key(9)).is_none() && kept.answers.len() == 4);
        assert_eq!(kept.answers.len(), kept.used.len());
    }
}
