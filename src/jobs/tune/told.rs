//! What a tuning tells while it goes on, and who runs what it asks.

use crate::analysis::findings::Figure;
use crate::analysis::tuning::{Cost, Tried};
use crate::jobs::JobError;
use crate::jobs::run::{Prepared, Ran};

/// What a tuning tells.
#[derive(Debug, Clone, PartialEq)]
pub enum TuneStep {
    /// A stage begins, in words.
    Stage(String),
    /// The optimiser replied.
    Written {
        /// The optimiser.
        by: String,
        /// Replies that were known from an earlier tuning.
        known: u64,
        /// What the others cost.
        cost: Cost,
    },
    /// A candidate was tried.
    Tried(Box<TuneTried>),
}

/// A candidate that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct TuneTried {
    /// What came of it.
    pub tried: Tried,
    /// The figure by which it is chosen: its name, and what it is on the part that chooses.
    pub agreement: Option<(String, Figure)>,
    /// What asking it cost.
    pub cost: Cost,
}

/// Who tunes.
pub trait TuneHost {
    /// Runs what was prepared.
    ///
    /// # Errors
    /// Those of a run.
    fn run(&mut self, prepared: Prepared) -> Result<Ran, JobError>;

    /// Is told how it goes.
    fn tell(&mut self, step: &TuneStep);
}
