//! Holds a judge against people: verdicts recorded elsewhere, in a table.

use std::path::Path;

use super::JobError;
use super::report::threads;
use crate::analysis::calibration::{CalibrateOptions, Calibration, calibrate};
use crate::analysis::figure::Chance;
use crate::domain::usable::Usable;
use crate::load::labels::wide::{self, Columns};

/// What a table of labels and verdicts says. No judge is named, so no certificate and no ledger: each call is a first look.
///
/// # Errors
/// [`JobError::Invalid`] with every problem of the table.
pub fn calibrate_table(path: &Path, columns: &Columns) -> Result<Calibration, JobError> {
    let sheet = wide::read(path, columns).map_err(JobError::Invalid)?;
    let options = CalibrateOptions {
        usable: Usable::default(),
        set_by_judge_file: false,
        look: 1,
        chance: Chance {
            seed: 0,
            threads: threads(),
        },
    };
    Ok(calibrate(&sheet, &options))
}
