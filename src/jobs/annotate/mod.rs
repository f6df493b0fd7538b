//! People label outputs: in a browser ([`annotation_pages`](pages::annotation_pages)) or at prompts, by one and the same [`Session`].
//!
//! What an annotator does is on the disk, as a line of the log, before it counts as saved ([`crate::store::label_log`]); the labels file
//! is made again from that log and from what it held before, whole or not at all. What is shown before the answer holds no target's name,
//! no score, nobody else's label and nothing by which the order of the outputs could be known.

mod ending;
mod export;
mod files;
mod fitting;
mod material;
#[cfg(feature = "serve")]
mod pages;
mod rubric;
mod session;

pub use ending::Annotated;
pub use export::{Export, ExportKind, export};
pub use files::default_labels;
#[cfg(feature = "serve")]
pub use pages::{AnnotationPage, annotation_pages};
pub use session::{Session, SessionError, View};

use std::path::PathBuf;

use crate::analysis::annotation::question::Question;
use crate::analysis::pick::Strategy;

/// What is to be labelled, by whom and how.
#[derive(Debug, Clone)]
pub struct Annotate {
    /// A file of outputs, or a run's address.
    pub source: String,
    /// Where runs are.
    pub runs_dir: PathBuf,
    /// What is asked.
    pub ask: Ask,
    /// Who labels.
    pub annotator: String,
    /// The labels file; `None`: [`default_labels`].
    pub labels: Option<PathBuf>,
    /// About how many outputs; `None`: all of a file, about 20 of a run.
    pub count: Option<usize>,
    /// How they are drawn.
    pub strategy: Strategy,
    /// By whose verdicts.
    pub scorers: Vec<String>,
    /// Of which targets; empty: of all. Of a comparison: the two, `a` first.
    pub targets: Vec<String>,
    /// The seed of the draw and of the order; `None`: the run's, for a file 0.
    pub seed: Option<u64>,
    /// Which share of the outputs is shown twice, from 0 to 1.
    pub repeats: f64,
    /// Only what annotators differ on, to be decided.
    pub adjudicate: bool,
    /// What tokens are made with: known to nobody outside the process.
    pub key: String,
}

/// What is asked of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// What a judge is asked, by its rubric: a built-in judge, a judge's file, or a scorer of the run.
    Judge(String),
    /// This, by no rubric.
    Question(Question),
}
