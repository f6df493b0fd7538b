//! A trial with an agent: set up, asked, waited for, torn down.
//!
//! An attempt that failed leaves the agent in a state that nobody knows: it may have taken the message to heart and lost only its
//! reply. So each attempt begins a conversation of its own, its *generation*, with a new setup, and tears the former one down.
//!
//! The generation is the occurrence under which the calls are recorded. Of one that failed half-way a cassette holds the calls before
//! the failure: whoever is answered from it meets a gap there, or an agent that has forgotten the conversation, and goes on with
//! the next generation as the recorded run did.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::domain::case::Case;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::message::Message;
use crate::domain::port::{Accept, Answer, Exchange, Local, Reply, Request, Session, Target};
use crate::domain::template::Scope;
use crate::domain::units::millis;

use super::super::protocol;
use super::asking::{About, Asking};
use super::{Http, Poll};

/// How long the requests of a teardown may take in all.
const TEARDOWN: Duration = Duration::from_secs(10);

/// An agent behind HTTP, ready to be spoken to.
pub(super) struct Built {
    plan: Rc<Http>,
    exchange: Rc<dyn Exchange>,
}

/// What is known of a conversation.
struct State {
    request: Request,
    generation: u32,
    /// How many conversations this trial had before. Each is really torn down, also one that a cassette knows nothing of.
    conversation: u32,
    /// Something was sent.
    begun: bool,
    /// The setup is done.
    ready: bool,
    captured: BTreeMap<String, Json>,
    /// Some answer of this generation was such as cassettes keep.
    kept: bool,
    /// Some answer of this generation came from a cassette.
    replayed: bool,
    /// The last answer did.
    last_replayed: bool,
}

impl State {
    fn new(request: &Request, generation: u32) -> Self {
        Self {
            request: request.clone(),
            generation,
            conversation: 0,
            begun: false,
            ready: false,
            captured: BTreeMap::new(),
            kept: false,
            replayed: false,
            last_replayed: false,
        }
    }

    /// What the session holds, for a new request.
    fn held<'a>(request: &Request, session: &'a mut Session) -> Result<&'a mut Self, Fault> {
        let held = session
            .held
            .get_or_insert_with(|| Box::new(Self::new(request, 0)));
        let state = held.downcast_mut::<Self>().ok_or_else(|| {
            Fault::new(FaultKind::Internal, "the session is that of another target")
        })?;
        state.request = request.clone();
        Ok(state)
    }

    fn scope(&self) -> Scope {
        let request = &self.request;
        let mut scope = Scope::of(&request.case)
            .with_value("messages", &json!(request.messages))
            .with("message", protocol::message(request))
            .with("session", &request.session)
            .with_value("turn", &json!(request.turn))
            .with("trial", &protocol::trial(request));
        if !self.captured.contains_key("session_id") {
            scope = scope.with("session_id", "");
        }
        for (name, value) in &self.captured {
            scope = scope.with_value(name.clone(), value);
        }
        scope
    }
}

impl Built {
    pub(super) fn new(plan: Rc<Http>, exchange: Rc<dyn Exchange>) -> Self {
        Self { plan, exchange }
    }

    /// One request of a conversation.
    async fn ask(
        &self,
        asking: &Asking,
        step: String,
        state: &mut State,
        left: Duration,
        accept: Accept,
    ) -> Result<Answer, Fault> {
        if left.is_zero() {
            let message = format!("no time was left for the request `{step}`");
            return Err(Fault::new(FaultKind::TimedOut, message));
        }
        let request = &state.request;
        let of = self.plan.remembers().then(|| {
            json!({
                "agent": self.plan.identity,
                "case": request.case.id,
                "session": request.session,
                "turn": request.turn,
            })
        });
        let about = About {
            request,
            scope: &state.scope(),
            step,
            of,
            occurrence: state.generation,
            left,
            insecure: self.plan.insecure,
        };
        let call = asking.call(about, accept)?;
        state.begun = true;
        state.last_replayed = false;
        let answer = self.exchange.exchange(&call).await;
        let answer = answer.map_err(|fault| asking.explain(fault))?;
        state.kept |= call.accept.of(&answer).is_ok();
        state.replayed |= answer.replayed;
        state.last_replayed = answer.replayed;
        Ok(answer)
    }

    /// A whole turn: the setup where it is still to come, the request, and the answer.
    async fn take_turn(&self, state: &mut State, until: Instant) -> Result<Reply, Fault> {
        let left = || until.saturating_duration_since(Instant::now());
        if !state.ready {
            for (index, asking) in self.plan.setup.iter().enumerate() {
                let accept = self
                    .accept(move |plan, answer| plan.taken(&plan.setup[index], answer).map(drop));
                let step = format!("setup {index}");
                let answer = self.ask(asking, step, state, left(), accept).await?;
                state.captured.extend(self.plan.taken(asking, &answer)?);
            }
            state.ready = true;
        }
        let turn = &self.plan.turn;
        let accept = self.accept(|plan, answer| plan.turned(answer).map(drop));
        let answer = self
            .ask(turn, "turn".to_owned(), state, left(), accept)
            .await?;
        state.captured.extend(self.plan.turned(&answer)?);
        let mut timing = answer.timing;
        let mut replayed = answer.replayed;
        let last = match &self.plan.poll {
            None => answer,
            Some(poll) => {
                let waited = self.wait_for(poll, state, until).await?;
                timing.total_ms += waited.took_ms;
                replayed &= waited.replayed;
                waited.answer
            }
        };
        let reply = self.plan.reading.reply(&last)?;
        Ok(Reply {
            timing,
            replayed,
            ..reply
        })
    }

    /// Asks again and again whether the answer is there.
    async fn wait_for(
        &self,
        poll: &Poll,
        state: &mut State,
        until: Instant,
    ) -> Result<Waited, Fault> {
        let mut took_ms = 0.0;
        let mut replayed = true;
        let mut paused = Duration::ZERO;
        let mut seen = String::new();
        for count in 0_u64.. {
            paused = paused.saturating_add(poll.every);
            let left = until.saturating_duration_since(Instant::now());
            if paused > poll.at_most || left <= poll.every {
                break;
            }
            // What was recorded is there at once; its pause is counted as it was.
            if !state.last_replayed {
                tokio::time::sleep(poll.every).await;
            }
            took_ms += millis(poll.every);
            let accept = self.accept(|plan, answer| match &plan.poll {
                Some(poll) => plan.polled(poll, answer).map(drop),
                None => Ok(()),
            });
            let left = until.saturating_duration_since(Instant::now());
            let answer = self
                .ask(&poll.asking, format!("poll {count}"), state, left, accept)
                .await?;
            took_ms += answer.timing.total_ms;
            replayed &= answer.replayed;
            match self.plan.polled(poll, &answer)? {
                Progress::Done(taken) => {
                    state.captured.extend(taken);
                    return Ok(Waited {
                        answer,
                        took_ms,
                        replayed,
                    });
                }
                Progress::Failed(why) => {
                    let message = format!("the agent gave up: {why}");
                    return Err(Fault::new(FaultKind::Crashed, message));
                }
                Progress::Pending(why) => seen = format!("; the last time {why}"),
            }
        }
        let message = format!(
            "no answer within `poll.at_most` ({:?}) and the time that an attempt may take{seen}",
            poll.at_most
        );
        Err(Fault::new(FaultKind::TimedOut, message))
    }

    fn accept(&self, by: impl Fn(&Http, &Answer) -> Result<(), Fault> + 'static) -> Accept {
        let plan = Rc::clone(&self.plan);
        Accept::new(move |answer| by(&plan, answer))
    }

    /// Gives up a conversation and is ready for another. One of which nothing was kept leaves its number to the next, so that a
    /// replay, which knows nothing of it, counts the same.
    async fn begin_again(&self, state: &mut State) {
        let more = u32::from(state.kept && self.plan.remembers());
        self.tear_down(state).await;
        *state = State {
            conversation: state.conversation + 1,
            ..State::new(&state.request, state.generation + more)
        };
    }

    /// Puts the agent back as it was. What goes wrong here changes no answer, and is told at `-v`.
    async fn tear_down(&self, state: &mut State) {
        if !std::mem::take(&mut state.begun) {
            return;
        }
        let until = Instant::now() + TEARDOWN;
        for (index, asking) in self.plan.teardown.iter().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            let accept = self.accept(|_, answer| succeeded(answer));
            let step = format!("teardown {index} of {}", state.conversation);
            let asked = self.ask(asking, step, state, left, accept).await;
            match asked {
                Ok(answer) => {
                    if let Ok(taken) = self.plan.taken(asking, &answer) {
                        state.captured.extend(taken);
                    }
                }
                Err(fault) if fault.kind == FaultKind::CassetteMiss => {}
                Err(fault) => tracing::warn!(
                    "request {} of the teardown of {} did not go well: {fault}",
                    index + 1,
                    protocol::trial(&state.request)
                ),
            }
        }
        state.begun = false;
    }
}

/// An answer that was waited for.
struct Waited {
    answer: Answer,
    /// Pauses and requests, in milliseconds.
    took_ms: f64,
    replayed: bool,
}

/// How far an answer is.
enum Progress {
    Done(Taken),
    Failed(String),
    Pending(String),
}

type Taken = Vec<(String, Json)>;

fn garbled(message: String) -> Fault {
    Fault::new(FaultKind::Garbled, message)
}

/// A status that is none of success never was an answer.
fn succeeded(answer: &Answer) -> Result<(), Fault> {
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    let message = format!("status {}", answer.status);
    Err(Fault::new(FaultKind::Rejected, message))
}

impl Http {
    /// What a request yields for those after it.
    fn taken(&self, asking: &Asking, answer: &Answer) -> Result<Taken, Fault> {
        succeeded(answer)?;
        if asking.capture.is_empty() {
            return Ok(Vec::new());
        }
        asking.take(&self.reading.open(answer)?).map_err(garbled)
    }

    /// The same for the turn's own request. Where no answer is waited for, it must hold one.
    fn turned(&self, answer: &Answer) -> Result<Taken, Fault> {
        if self.poll.is_none() {
            self.reading.reply(answer)?;
        } else {
            self.reading.open(answer)?;
        }
        let mut taken = self.taken(&self.turn, answer)?;
        if let Some(pointer) = &self.session_id {
            let json = self.reading.open(answer)?;
            let id = pointer
                .find(&json)
                .map_err(|error| garbled(format!("`session_id`: {error}")))?;
            taken.push(("session_id".to_owned(), id.clone()));
        }
        Ok(taken)
    }

    /// How far the answer is by this reply. That the agent gave up is kept like any other reply, and so comes back in a replay.
    fn polled(&self, poll: &Poll, answer: &Answer) -> Result<Progress, Fault> {
        let json = self.reading.open(answer)?;
        if let Some(failed) = poll.failed.as_ref().filter(|failed| failed.holds(&json)) {
            return Ok(Progress::Failed(failed.shown(&json)));
        }
        if poll.until.holds(&json) {
            self.reading.reply(answer)?;
            return Ok(Progress::Done(self.taken(&poll.asking, answer)?));
        }
        Ok(Progress::Pending(poll.until.shown(&json)))
    }
}

impl Target for Built {
    fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        Ok(case.input.messages())
    }

    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        session: &'a mut Session,
    ) -> Local<'a, Result<Reply, Fault>> {
        Box::pin(async move {
            let until = Instant::now() + request.timeout;
            let state = State::held(request, session)?;
            let is_first_turn = request.turn == 0;
            if is_first_turn && state.begun {
                self.begin_again(state).await;
            }
            let mut first = None;
            loop {
                let fault = match self.take_turn(state, until).await {
                    Ok(reply) => return Ok(reply),
                    Err(fault) => fault,
                };
                // Answered from a cassette so far, and now a gap.
                let is_gap = is_first_turn && state.replayed && !state.last_replayed;
                if !is_gap {
                    let miss = fault.kind == FaultKind::CassetteMiss;
                    return Err(first.filter(|_| miss).unwrap_or(fault));
                }
                first.get_or_insert(fault);
                self.begin_again(state).await;
            }
        })
    }

    fn end<'a>(&'a self, mut session: Session) -> Local<'a, ()> {
        Box::pin(async move {
            let held = session.held.as_mut();
            if let Some(state) = held.and_then(|held| held.downcast_mut::<State>()) {
                self.tear_down(state).await;
            }
        })
    }
}
