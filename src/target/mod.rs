//! Agents and models, spoken to.

mod anthropic;
mod chat;
mod command;
mod endpoint;
mod envelope;
mod http;
mod model;
mod prompt;
mod protocol;
mod recorded;
mod refusal;
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
