//! The traits by which upper floors are plugged into one another. Everything runs on one thread: futures need not be `Send`.

use std::any::Any;
use std::fmt::Debug;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::{Map, Value as Json};

use super::case::Case;
use super::digest::Digest;
use super::event::Event;
use super::fault::{Fault, FaultKind};
use super::instrument::{Instrument, Listing};
use super::message::{Finish, Message, TokenLogprob, ToolCall, Usage};
use super::price::Price;
use super::score::{Measure, Score};
use super::secret::EnvText;
use super::template::Template;
use super::transcript::{Step, Timing, Transcript};

/// A future of this thread.
pub type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

// --- targets -------------------------------------------------------------------------------------------------------------------

/// An agent or model, ready to be spoken to.
pub trait Target {
    /// The messages with which a case is put to it: its system text and its prompt with the case's values in them.
    fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, Fault>;

    /// One try of one turn. The request carries the new turn and all before it.
    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        session: &'a mut Session,
    ) -> Local<'a, Result<Reply, Fault>>;

    /// The session is over: let go of whatever it holds (a process, a connection).
    fn end<'a>(&'a self, session: Session) -> Local<'a, ()> {
        drop(session);
        Box::pin(std::future::ready(()))
    }
}

/// What a target keeps between the turns of one trial.
#[derive(Default)]
pub struct Session {
    /// The target's own state.
    pub held: Option<Box<dyn Any>>,
}

/// One turn to be answered.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which call this is.
    pub call: CallId,
    /// The case.
    pub case: Arc<Case>,
    /// The conversation's name within the case.
    pub session: String,
    /// The turn, from 0.
    pub turn: u32,
    /// All messages so far, the new turn last.
    pub messages: Vec<Message>,
    /// Schemas of the tools offered.
    pub tools: Vec<Json>,
    /// The form that the reply must have, as JSON Schema with a name.
    pub format: Option<(String, Json)>,
    /// Ask for log-probabilities with this many alternatives a token.
    pub logprobs: Option<u8>,
    /// Parameters that win over the target's own.
    pub params: Map<String, Json>,
    /// How long one attempt may take.
    pub timeout: Duration,
}

/// Which call of a run this is: together with the request's content it is the key of a recorded reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallId {
    /// The trial's ordinal.
    pub ordinal: u64,
    /// Names the trial: the target's id.
    pub target: String,
    /// The repeat, from 0.
    pub repeat: u32,
    /// The vote of a judge, from 0.
    pub vote: u32,
    /// How many equal calls the trial made before.
    pub occurrence: u32,
    /// The scorer that asks; `None` for the target's own call.
    pub scorer: Option<String>,
}

/// A complete reply.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// The text, without reasoning.
    pub text: String,
    /// Hidden reasoning.
    pub reasoning: Option<String>,
    /// Tools asked for.
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens, where the endpoint says.
    pub usage: Option<Usage>,
    /// USD, where the reply itself says.
    pub cost_usd: Option<f64>,
    /// Log-probabilities of the reply's tokens, where asked for and given.
    pub logprobs: Vec<TokenLogprob>,
    /// Times.
    pub timing: Timing,
    /// The model as the endpoint named it.
    pub model: Option<String>,
    /// What the agent reports of its own steps.
    pub steps: Vec<Step>,
    /// For a model that embeds: the text's vector.
    pub vector: Vec<f32>,
    /// From a cassette or a file: times and cost are the recorded ones.
    pub replayed: bool,
}

/// A target as the suite declares it: decoded, not yet built.
pub trait TargetPlan: Debug + Send + Sync {
    /// Where its calls go, as written: `http://127.0.0.1:11434/v1`, a program's name, a file. Calls to one endpoint share its pace.
    fn endpoint(&self) -> String;
    /// The model's name, where there is one.
    fn model(&self) -> Option<&str> {
        None
    }
    /// Templates to be checked against the dataset's columns.
    fn templates(&self) -> Vec<&Template> {
        Vec::new()
    }
    /// Names that its templates may use besides the case's own: what it captures itself, and what it knows of the conversation.
    fn names(&self) -> Vec<&str> {
        Vec::new()
    }
    /// Whether it can answer with log-probabilities of its tokens.
    fn offers_logprobs(&self) -> bool {
        false
    }
    /// Environment values it needs where a call goes out.
    fn environment(&self) -> Vec<&EnvText> {
        Vec::new()
    }
    /// The most tokens one reply may have, where bounded.
    fn most_output_tokens(&self) -> Option<u64> {
        None
    }
    /// Why the cost of a reply has no bound where [`TargetPlan::most_output_tokens`] says none.
    fn why_unbounded(&self) -> &'static str {
        "max_tokens is not set"
    }
    /// Fault kinds that are the agent's own failure unless the suite says otherwise (STATISTICS 1).
    fn failures(&self) -> &'static [FaultKind] {
        &[]
    }
    /// Whether a run talks to something outside (network, process) to use it.
    fn is_live(&self) -> bool {
        true
    }
    /// Words of its options that may name files which decide its answers, relative to the suite's folder.
    fn files(&self) -> Vec<&str> {
        Vec::new()
    }
    /// Whether its answers follow from the suite's seed.
    fn follows_seed(&self) -> bool {
        false
    }
    /// The program that it starts, with its arguments; `None`: it starts none. One that starts a program must say so here: people look
    /// at this list before they trust a suite.
    fn program(&self) -> Option<&[String]> {
        None
    }
    /// Whether it executes code that a model wrote: refused unless whoever runs the suite allows it.
    fn executes(&self) -> bool {
        false
    }
    /// The built-in list price, where one is known.
    fn listed_price(&self) -> Option<Price> {
        None
    }
    /// Builds the target.
    fn build(&self, parts: &Parts) -> Result<Rc<dyn Target>, String>;
}

/// What a target is built from.
#[derive(Clone)]
pub struct Parts {
    /// The way out, with its cassette.
    pub exchange: Rc<dyn Exchange>,
    /// The suite's folder: relative paths and started programs stand there.
    pub folder: PathBuf,
    /// The run's seed.
    pub seed: u64,
}

// --- the way out ---------------------------------------------------------------------------------------------------------------

/// One request out, one reply in: the network and processes (`wire`), a cassette, or one stacked on the other.
pub trait Exchange {
    /// Makes the call. An HTTP status other than 2xx is a fault, made by [`Call::refused`].
    fn exchange<'a>(&'a self, call: &'a Call) -> Local<'a, Result<Answer, Fault>>;

    /// Ends a conversation with a process: it is told, and waited for.
    fn close<'a>(&'a self, session: u64) -> Local<'a, ()> {
        let _ = session;
        Box::pin(std::future::ready(()))
    }
}

/// A call: how it is made, and what identifies it.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which call of the run this is.
    pub id: CallId,
    /// The kind of target: `chat`, `command`.
    pub kind: &'static str,
    /// The endpoint as written in the suite: names, not values, of secrets.
    pub endpoint: String,
    /// Environment values that the endpoint holds, for `--fill` to notice a change: the filled text.
    pub endpoint_filled: Option<SecretString>,
    /// All that decides the answer, in one value: model, parameters, messages, tools (for a process: the conversation so far).
    pub content: Json,
    /// How it is made.
    pub transport: Transport,
    /// How long it may take in all.
    pub timeout: Duration,
    /// Whether an answer is complete and no error in disguise: only such answers are recorded.
    pub accept: Accept,
    /// Turns a refusal (status, headers of interest, beginning of the body) into a fault.
    pub refused: fn(u16, &str) -> Fault,
}

/// Says whether an answer is complete and no error in disguise.
#[derive(Clone)]
pub struct Accept(Rc<Accepts>);

type Accepts = dyn Fn(&Answer) -> Result<(), Fault>;

impl Accept {
    /// By this function.
    #[must_use]
    pub fn new(by: impl Fn(&Answer) -> Result<(), Fault> + 'static) -> Self {
        Self(Rc::new(by))
    }

    /// What it says of an answer.
    pub fn of(&self, answer: &Answer) -> Result<(), Fault> {
        (self.0)(answer)
    }
}

impl Debug for Accept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accept")
    }
}

/// How a call is made.
#[derive(Debug, Clone)]
pub enum Transport {
    /// An HTTP request.
    Http(Box<HttpCall>),
    /// An HTTP request that may travel together with others of its kind.
    Batched(Box<BatchedCall>),
    /// One line to a process, one line back.
    Line(Box<LineCall>),
    /// A program that a model wrote, executed behind walls.
    Code(Box<CodeCall>),
}

/// A program that a model wrote, to be executed behind walls.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeCall {
    /// The program, in Python.
    pub program: String,
    /// How long it may run.
    pub time: Duration,
    /// The most bytes of memory it may have.
    pub memory: u64,
    /// The most bytes of one file that it writes.
    pub file: u64,
}

/// An HTTP request that may travel together with others of its kind. Each call is recorded, paid and answered on its own; who travelled
/// with whom shows in nothing but the number of requests.
#[derive(Debug, Clone)]
pub struct BatchedCall {
    /// The request, with this call's own body.
    pub http: HttpCall,
    /// Calls of one group may share a request.
    pub group: Digest,
    /// The most calls in one request.
    pub most: usize,
    /// One body for several.
    pub join: fn(&[Bytes]) -> Result<Bytes, Fault>,
    /// From the bodies and the answer to all of them the body of each one's answer, in their order.
    pub split: fn(&[Bytes], &Answer) -> Result<Vec<Bytes>, Fault>,
}

/// An HTTP request.
#[derive(Debug, Clone)]
pub struct HttpCall {
    /// `POST`, `GET`.
    pub method: &'static str,
    /// The whole address, secrets put in.
    pub url: SecretString,
    /// Headers, secrets put in.
    pub headers: Vec<(String, SecretString)>,
    /// The body.
    pub body: Bytes,
    /// For a server-sent event stream: whether an event's data holds the first token.
    pub first_token: Option<fn(&str) -> bool>,
}

/// One line to a process, one line back.
#[derive(Debug, Clone)]
pub struct LineCall {
    /// The program.
    pub program: Arc<Program>,
    /// The conversation: calls of one session go to one process. 0: this line is the whole conversation, and the process ends after it.
    pub session: u64,
    /// The line, without its end.
    pub line: Bytes,
}

/// A program to be started.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Program and arguments.
    pub command: Vec<String>,
    /// The folder it starts in.
    pub folder: PathBuf,
    /// Variables it gets besides the allowed ones of ours, as the suite names them.
    pub environment: Vec<(String, EnvText)>,
    /// The most bytes of output that are read.
    pub output_cap: u64,
    /// Long-lived workers to keep; `None`: one process a trial.
    pub workers: Option<u32>,
    /// Whether workers are told when a session and a trial are over, in lines that they do not answer.
    pub told_of_ends: bool,
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The HTTP status; 0 for a process.
    pub status: u16,
    /// The body: JSON, an event stream, a line.
    pub body: Bytes,
    /// The body is a server-sent event stream.
    pub is_stream: bool,
    /// Times.
    pub timing: Timing,
    /// From a cassette: times are the recorded ones.
    pub replayed: bool,
}

// --- scorers -------------------------------------------------------------------------------------------------------------------

/// What a scorer looks at.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The case.
    pub case: Arc<Case>,
    /// What happened.
    pub transcript: Arc<Transcript>,
}

/// A scorer: pure. One that needs a model says what to ask, and reads the replies; the engine makes the calls.
pub trait Scorer: Debug + Send + Sync {
    /// What kind of value it yields.
    fn measure(&self) -> Measure;

    /// Whether more of a numeric scorer's value is better.
    fn more_is_better(&self) -> bool {
        true
    }

    /// Whether what it yields is a model's opinion: such a score is calibrated against people, and does not apply to a trial without an
    /// answer.
    fn is_judge(&self) -> bool {
        self.prompt_digest().is_some()
    }

    /// Templates to be checked against the dataset's columns; they may also use `output` and the names in [`Scorer::more_names`].
    fn templates(&self) -> Vec<&Template> {
        Vec::new()
    }

    /// Names that its templates may use besides the case's own and `output`.
    fn more_names(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a template or rule of it needs `expected`, so that `check` can name cases without one.
    fn needs_expected(&self) -> bool {
        false
    }

    /// The score, for a rule; `None` for one that must ask.
    fn score(&self, id: &str, seen: &Seen) -> Option<Score>;

    /// Whether it has code executed that the agent wrote: it asks whoever does that, which the suite does not name.
    fn executes(&self) -> bool {
        false
    }

    /// How many questions it asks about a trial: 0 for a rule.
    fn votes(&self) -> u32 {
        0
    }

    /// How many of its questions go to one of its models.
    fn asks(&self, model: usize) -> u32 {
        if model == 0 { self.votes() } else { 0 }
    }

    /// What to ask, one entry a vote; an error leaves the trial unscored with that reason.
    fn ask(&self, seen: &Seen) -> Result<Vec<Question>, String> {
        let _ = seen;
        Ok(Vec::new())
    }

    /// Reads the replies, in the order of the questions.
    fn read(&self, id: &str, seen: &Seen, replies: &[Result<Reply, Fault>]) -> Score {
        let _ = (seen, replies);
        Score::new(id, super::score::Value::NotApplicable)
    }

    /// The identity of a judge's prompt (without model and parameters).
    fn prompt_digest(&self) -> Option<Digest> {
        None
    }

    /// For a judge: what whoever holds it against people must know of it.
    fn instrument(&self) -> Option<Instrument> {
        None
    }

    /// For a judge: itself with the verdicts that it is offered listed otherwise; what it reads back is on its own scale.
    ///
    /// # Errors
    /// Why it has no such listing, in words.
    fn listed(&self, how: Listing) -> Result<Arc<dyn Scorer>, String> {
        let _ = how;
        Err("it offers no verdicts".to_owned())
    }
}

/// One question to a judge's model.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The messages.
    pub messages: Vec<Message>,
    /// The form that the reply must have.
    pub format: Option<(String, Json)>,
    /// Ask for log-probabilities with this many alternatives a token.
    pub logprobs: Option<u8>,
    /// Parameters that win over the model's own (temperature, `max_tokens`).
    pub params: Map<String, Json>,
    /// The vote, from 0.
    pub vote: u32,
    /// Which of the scorer's models it goes to, from 0: a panel has several.
    pub model: usize,
}

// --- listeners and time ----------------------------------------------------------------------------------------------------------

/// A listener to events.
pub trait Sink {
    /// Takes an event. An error of the journal stops the run; any other listener's is a warning.
    fn take(&mut self, event: &Event) -> Result<(), String>;
}

/// The time of day; durations come from the runtime's own clock.
pub trait Clock {
    /// Milliseconds since 1970 (UTC).
    fn unix_ms(&self) -> u64;
}
