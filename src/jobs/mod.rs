//! What a verb does, without a terminal; wires the ports.
//!
//! A job takes plain values and answers plain values: the command line in `cli` is one caller, a test another. Everything a run says is
//! computed from a run read back from the disk, also right after it ran.

mod annotate;
mod begin;
mod benchmark;
mod bless;
mod calibrate;
mod casebook;
mod check;
mod clock;
mod compare;
mod dataset;
mod failure;
mod held;
mod init;
mod label_file;
mod label_stats;
mod labels;
mod list;
mod only;
mod pack;
mod pick;
mod plan;
mod programs;
mod reading;
mod report;
mod resume;
mod run;
mod runs;
mod same;
mod score;
mod show;
mod suite;
mod takeover;
mod tune;
#[cfg(feature = "serve")]
mod view;
mod wiring;

pub use crate::engine::DEFAULT_OUTPUT;
pub use crate::load::benchmarks::pulled::LOCK as DATASETS_LOCK;
pub use annotate::{
    Annotate, Annotated, Ask, Export, ExportKind, Session, SessionError, View, default_labels,
    export,
};
#[cfg(feature = "serve")]
pub use annotate::{AnnotationPage, annotation_pages};
pub use benchmark::{ScoreOutputs, ScoredOutputs, score_outputs};
pub use bless::{Bless, Blessed, bless};
pub use calibrate::{
    Asking, AuditFinishing, AuditOrder, AuditReady, Audited, Calibrated, Files, Finishing,
    Order as CalibrateOrder, Ready, calibrate_files, calibrate_table, finish_audit,
    finish_calibration, prepare_audit, prepare_calibration,
};
pub use casebook::Cases;
pub use check::{Calls, Check, Checked, check};
pub use clock::SystemClock;
pub use compare::{Compare, compare, compare_columns};
pub use dataset::{
    BenchmarkShown, ColumnShown, Convert, Converted, DatasetShown, FileShown, Format as ConvertTo,
    PlaceShown, Pull, Pulled, PulledOne, ShowDataset, StatsFound, StatsOf, convert, dataset_stats,
    pull, show_dataset,
};
pub use failure::JobError;
pub use init::{Written, init};
pub use label_stats::label_statistics;
pub use labels::{ImportLabels, ImportedLabels, import_labels};
pub use list::{Listing, Row, list, schema};
pub use only::{Only, Which};
pub use pack::PACKS;
pub use pick::{PickLabels, PickedLabels, pick_labels};
pub use plan::Retry;
pub use programs::Started;
pub use reading::{Reading, open_run, read_run};
pub use report::{Told, rows, tell};
pub use run::{CassetteChoice, Order, Prepared, Ran, prepare};
pub use runs::runs;
pub use score::{Rescore, rescore};
pub use show::{Show, Shown, ShownTrial, show};
pub use suite::{Selection, open_suite};
pub use tune::{
    TuneFiles, TuneHost, TuneOrder, TuneStep, TuneTried, Tuned, tune_files, tune_judge,
};
#[cfg(feature = "serve")]
pub use view::{RunPages, run_pages};
