//! What a run starts and what is done to it: signals, agents and what they leave behind, odd terminals and environments.

#[path = "../support/binary.rs"]
#[expect(dead_code, reason = "these tests name no variables")]
mod binary;

mod signals;
