//! The run directory, its journal, the cassette and the baseline file.
//!
//! Everything that evenhand keeps between two processes is written and read here, and nothing is computed from it: a run is read back
//! line by line and folded by `analysis`. Every byte passes the secret filter on its way out, and every file is written so that
//! a crash leaves either its old or its new state, or whole lines with at most a torn last one.

pub mod baseline;
pub mod cases;
pub mod cassette;
pub mod certificate;
pub mod durable;
pub mod entries;
pub mod journal;
pub mod label_log;
pub mod ledger;
pub mod line;
mod lock;
pub mod manifest;
pub mod mask;
pub mod new_run;
mod recording;
pub mod recover;
pub mod request;
pub mod run;
pub mod runs;
pub mod scan;
mod tape;
mod tray;
pub mod trial_lines;
