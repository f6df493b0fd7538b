//! Where a report of single cases finds them: their rows from memory, what was said in them from the disk, one case at a time.
//!
//! Whoever has opened the run stands behind it; a report asks for what it shows and holds no more than that.

use std::io;

use crate::analysis::findings::TrialRow;
use crate::analysis::held::Human;
use crate::domain::case::Case;
use crate::domain::event::TrialFinished;
use crate::domain::score::Score;

/// The cases of a run, or of a comparison.
pub trait Casebook {
    /// Whose trials are shown, by name; the sides of a comparison with the baseline first.
    fn sides(&self) -> Vec<String>;

    /// How many cases there are, those in quarantine included.
    fn count(&self) -> u64;

    /// Hands over every case in the plan's order, without its texts.
    ///
    /// # Errors
    /// What the system says when a case cannot be read.
    fn outlines(&mut self, take: &mut dyn FnMut(Outline)) -> io::Result<()>;

    /// Reads a case and its trials, by the place that [`Casebook::outlines`] had it in, from 0; `None` beyond the end.
    ///
    /// # Errors
    /// What the system says when it cannot be read, or is no longer what was written.
    fn detail(&mut self, place: u64) -> io::Result<Option<Detail>>;

    /// What is known of how the run was made besides the findings, each fact with its label.
    fn making(&self) -> Vec<(&'static str, String)>;
}

/// A case without its texts.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Its id.
    pub id: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The first words of what is asked.
    pub asks: String,
    /// Its trials: for each side, in the order of [`Casebook::sides`], its repeats.
    pub rows: Vec<Vec<TrialRow>>,
}

/// A case in full.
#[derive(Debug, Clone)]
pub struct Detail {
    /// The case.
    pub case: Case,
    /// Its trials, as in [`Outline::rows`].
    pub trials: Vec<Vec<Trial>>,
}

/// A trial in full.
#[derive(Debug, Clone)]
pub struct Trial {
    /// How it ended; `None`: it has not run.
    pub finished: Option<TrialFinished>,
    /// Its scores, in the order in which they came.
    pub scores: Vec<Score>,
    /// Whether it is a success; `None`: missing or not defined.
    pub success: Option<bool>,
    /// What people say of it: the scorer that is held against them, and the majority or the mean of their labels with their reasons.
    pub people: Vec<(String, Human)>,
}
