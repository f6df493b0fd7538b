//! What a verb does, without a terminal; wires the ports.
//!
//! A job takes plain values and answers plain values: the command line in `cli` is one caller, a test another. Everything a run says is
//! computed from a run read back from the disk, also right after it ran.

mod bless;
mod check;
mod clock;
mod calibrate;
mod compare;
mod failure;
mod init;
mod labels;
mod list;
mod pack;
mod plan;
mod reading;
mod report;
mod run;
mod runs;
mod show;
mod suite;
mod wiring;

pub use crate::engine::DEFAULT_OUTPUT;
pub use bless::{Bless, Blessed, bless};
pub use check::{Calls, Check, Checked, check};
pub use clock::SystemClock;
pub use calibrate::calibrate_table;
pub use compare::{Compare, compare, compare_columns};
pub use failure::JobError;
pub use init::{Written, init};
pub use labels::{ImportLabels, ImportedLabels, import_labels};
pub use list::{Listing, Row, list, schema};
pub use pack::PACKS;
pub use plan::Retry;
pub use reading::{Reading, open_run, read_run};
pub use report::{Told, rows, tell};
pub use run::{CassetteChoice, Order, Prepared, Ran, prepare};
pub use runs::runs;
pub use show::{Show, Shown, ShownTrial, show};
pub use suite::{Selection, open_suite};
