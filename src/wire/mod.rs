//! Outbound HTTP and child processes, with their limits: the only outgoing connections and children.
//!
//! [`Outside`] is the way out: it implements [`Exchange`] and knows no kind of target. What a target says about its own protocol
//! (which answer is complete, which event holds the first token) comes with the call as plain functions.

mod batch;
mod child;
mod clients;
mod connect;
mod conversation;
pub mod download;
pub mod environment;
pub mod files;
mod group;
mod http;
pub mod launch;
mod network;
mod pool;
pub mod retry_after;
pub mod sandbox;
pub mod sse;

use std::borrow::Cow;
use std::path::PathBuf;
use std::rc::Rc;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::port::{Answer, Call, Exchange, Local, Transport};
use crate::domain::secret::Secrets;

use batch::Batches;
use child::Starter;
use clients::Clients;
use network::Network;
use pool::Pools;
use sandbox::Sandbox;

pub use child::Patience;
pub use clients::is_loopback;

/// The session of a line that is a whole conversation: the program gets it and the end of its input, its output up to its end is the
/// reply, and how it ends counts.
pub const ALONE: u64 = 0;

/// What the way out is made with.
#[derive(Debug, Default)]
pub struct Settings {
    /// Certificates in PEM that are trusted besides the system's.
    pub ca_bundle: Option<Vec<u8>>,
    /// Values that no message may show.
    pub secrets: Secrets,
    /// The binary by way of which programs are started, so that they do not outlive us: [`launch::launcher`] where `main` begins with
    /// [`launch::child_main`]; `None` starts them directly.
    pub launcher: Option<PathBuf>,
    /// How long programs are waited for.
    pub patience: Patience,
    /// Refuse to start any program, whoever asks.
    pub no_programs: bool,
    /// Drive connections on a thread of their own: worth it where very many calls are under way at once.
    pub network_apart: bool,
    /// Where programs that models wrote are executed; `None`: they are refused.
    pub sandbox: Option<Sandbox>,
}

/// Why the way out cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The certificates given cannot be used.
    #[error("{0}")]
    CaBundle(String),
}

/// The way out. Nothing is built, connected or started before the first call; dropped, it kills every program that still runs.
pub struct Outside {
    clients: Rc<Clients>,
    batches: Batches,
    starter: Starter,
    pools: Pools,
    secrets: Secrets,
    no_programs: bool,
    sandbox: Option<Sandbox>,
}

impl Outside {
    /// Opens the way out.
    pub fn new(settings: Settings) -> Result<Self, WireError> {
        let network = Network::new(settings.network_apart);
        let clients = Clients::new(settings.ca_bundle.as_deref(), network);
        let clients = clients.map_err(WireError::CaBundle)?;
        let clients = Rc::new(clients);
        Ok(Self {
            batches: Batches::new(Rc::clone(&clients), settings.secrets.clone()),
            clients,
            starter: Starter {
                launcher: settings.launcher,
                secrets: settings.secrets.clone(),
                patience: settings.patience,
                ..Starter::default()
            },
            pools: Pools::default(),
            secrets: settings.secrets,
            no_programs: settings.no_programs,
            sandbox: settings.sandbox,
        })
    }

    fn masked(&self, mut fault: Fault) -> Fault {
        fault.message = self.secrets.mask(&fault.message).into_owned();
        fault
    }

    /// The answer with the names of secrets in place of their values: whoever quotes a part of it later could cut a value in two, and
    /// half of one is not found any more.
    fn masked_answer(&self, mut answer: Answer) -> Answer {
        let masked = match std::str::from_utf8(&answer.body).map(|body| self.secrets.mask(body)) {
            Ok(Cow::Owned(masked)) => masked,
            Ok(Cow::Borrowed(_)) | Err(_) => return answer,
        };
        let is_json = |body: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
        // A secret of digits may stand in a number: better an answer whose texts are masked where they are written than none.
        if !is_json(&answer.body) || is_json(masked.as_bytes()) {
            answer.body = masked.into();
        }
        answer
    }
}

impl Exchange for Outside {
    fn exchange<'a>(&'a self, call: &'a Call) -> Local<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let answer = match &call.transport {
                Transport::Http(http) => {
                    http::exchange(&self.clients, &self.secrets, call, http).await
                }
                Transport::Batched(batched) => self.batches.exchange(call, batched).await,
                // The suite was refused before anything was called, unless something forgot to say that it starts one.
                Transport::Line(_) if self.no_programs => Err(Fault::new(
                    FaultKind::Internal,
                    "no program is started: --no-exec",
                )),
                Transport::Line(line) if line.session == ALONE => {
                    conversation::once(&self.starter, call, line).await
                }
                // The same holds here.
                Transport::Code(code) => match &self.sandbox {
                    Some(sandbox) if !self.no_programs => {
                        sandbox::execute(&self.starter, sandbox, call, code).await
                    }
                    _ => Err(Fault::new(
                        FaultKind::Internal,
                        "no code that a model wrote is executed without --allow-exec",
                    )),
                },
                Transport::Line(line) => self.pools.exchange(&self.starter, call, line).await,
            };
            answer
                .map(|answer| self.masked_answer(answer))
                .map_err(|fault| self.masked(fault))
        })
    }

    fn close<'a>(&'a self, session: u64) -> Local<'a, ()> {
        Box::pin(self.pools.close(&self.starter, session))
    }
}
