//! People's labels in: the labels file, verdicts recorded elsewhere, wide tables.

mod rows;
pub mod wide;
