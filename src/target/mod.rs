//! Agents and models, spoken to.

mod anthropic;
mod chat;
mod command;
mod embeddings;
mod endpoint;
mod envelope;
pub mod executor;
mod http;
mod model;
mod prompt;
mod protocol;
mod recorded;
mod refusal;
mod scorer_program;
mod scripted;
mod usage;

use std::sync::Arc;

use crate::domain::kind::Kind;
use crate::domain::port::TargetPlan;

/// Every kind of target.
pub static KINDS: &[Kind<Arc<dyn TargetPlan>>] = &[
    anthropic::KIND,
    chat::KIND,
    command::KIND,
    http::KIND,
    recorded::KIND,
    scripted::KIND,
];

/// How a scorer that is the user's own program is started, and what is said to it.
pub static SCORER_PROGRAM: Kind<Arc<dyn TargetPlan>> = scorer_program::KIND;

/// How code that the agent wrote is executed for a scorer.
pub static EXECUTOR: Kind<Arc<dyn TargetPlan>> = executor::KIND;

/// Every kind of model that turns texts into vectors.
pub static EMBEDDERS: &[Kind<Arc<dyn TargetPlan>>] = &[embeddings::KIND];
