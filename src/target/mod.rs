//! Agents and models, spoken to.

mod chat;
mod command;
mod embeddings;
mod recorded;
mod scorer_program;
mod scripted;

use std::sync::Arc;

use crate::domain::kind::Kind;
use crate::domain::port::TargetPlan;

/// Every kind of target.
pub static KINDS: &[Kind<Arc<dyn TargetPlan>>] =
    &[chat::KIND, command::KIND, recorded::KIND, scripted::KIND];

/// How a scorer that is the user's own program is started, and what is said to it.
pub static SCORER_PROGRAM: Kind<Arc<dyn TargetPlan>> = scorer_program::KIND;

/// Every kind of model that turns texts into vectors.
pub static EMBEDDERS: &[Kind<Arc<dyn TargetPlan>>] = &[embeddings::KIND];
