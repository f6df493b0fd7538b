//! Every rule of a public benchmark, item by item against the verdicts of the benchmark's own scorer.
//!
//! The files lie beside the repository (or where `EVENHAND_SHARED` points); where they are absent each test says so and passes. `cargo test
//! --test benchmarks -- --nocapture --test-threads 1` prints a table of items, equal and different ones, and why they differ.

mod answers;
mod calls;
#[expect(dead_code, reason = "no screen is compared here")]
#[path = "../support/cli.rs"]
mod cli;
mod executed;
mod formats;
mod hostile;
mod hostile_programs;
mod instructions;
mod page;
mod recorded;
mod rows;
mod scorer_cases;
mod tally;
mod verbs;
