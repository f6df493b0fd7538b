//! People's labels in: the labels file, verdicts recorded elsewhere, wide tables, and what other tools export.

mod blank;
mod digest;
mod entry;
pub mod file;
pub mod import;
pub mod outputs;
mod rows;
mod scale;
pub mod sheet;
pub mod to_label;
pub mod verdicts;
pub mod wide;

pub use digest::digest;
