//! Files in: suites, datasets, judges, tables.
//!
//! Everything that a user wrote is read here and nowhere else, and every fault in it is a [`Problem`](crate::domain::decode::Problem)
//! with its place. The kinds of targets are handed in as a table: this floor knows none of them.

pub mod agree;
pub mod benchmarks;
pub mod dataset;
pub mod judge_file;
pub mod labels;
pub mod schema;
pub mod starter;
pub mod suite;
pub mod table;
#[cfg(test)]
mod testing;
mod text;
pub mod yaml;
