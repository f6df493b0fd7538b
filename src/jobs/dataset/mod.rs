//! Files of cases: a benchmark's own from its public place, what is in one, and another format of it.

mod fetch;
mod pull;

pub use pull::{Pull, Pulled, PulledOne, pull};
