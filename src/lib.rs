//! evenhand: an offline evaluation harness for AI agents that says how sure you may be.
//!
//! The modules are floors of one house and import downwards only; `tests/architecture.rs` holds them to it.
//!
//! ```text
//! floor 6   cli
//! floor 5   jobs
//! floor 4   engine   load   target   store   report   serve
//! floor 3   wire
//! floor 2   analysis
//! floor 1   score   judge
//! floor 0   domain   stats   funnel
//! ```

pub mod analysis;
pub mod cli;
pub mod domain;
pub mod engine;
pub mod funnel;
pub mod jobs;
pub mod judge;
pub mod load;
pub mod report;
pub mod score;
#[cfg(feature = "serve")]
pub mod serve;
pub mod stats;
pub mod store;
pub mod target;
pub mod wire;
