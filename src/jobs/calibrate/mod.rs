//! `judge calibrate`: a judge held against people.
//!
//! By verdicts recorded elsewhere, in a table or in a file of verdicts beside one of labels (here: no judge is named, so nothing is kept);
//! or by asking a judge that is named, which leaves a run, a line in the labels' ledger and a certificate (in `live`).

mod asks;
mod audit;
mod judge;
mod kept;
mod known;
mod listed;
mod live;
mod material;
mod outputs;
mod variants;
pub(super) mod walk;
mod writer;

pub use audit::{
    AuditFinishing, Audited, Order as AuditOrder, Ready as AuditReady, finish_audit, prepare_audit,
};
pub use judge::Asking;
pub(super) use kept::doubts;
pub use live::{Calibrated, Finishing, Order, Ready, finish_calibration, prepare_calibration};
pub(super) use variants::{Variant, Variants, spent};

use std::collections::BTreeMap;
use std::path::Path;

use super::JobError;
use super::report::threads;
use crate::analysis::calibration::{
    CalibrateOptions, Calibration, Reference, Scale, Sheet, calibrate,
};
use crate::analysis::figure::Chance;
use crate::domain::decode::unknown;
use crate::domain::usable::Usable;
use crate::load::labels::sheet::{Join, join};
use crate::load::labels::verdicts::Verdicts;
use crate::load::labels::wide::{self, Columns};
use crate::load::labels::{digest, file, verdicts};

/// Labels and verdicts in files of their own.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// People's labels.
    pub labels: &'a Path,
    /// The judge's verdicts.
    pub verdicts: &'a Path,
    /// The judge, where the file holds several.
    pub judge: Option<&'a str>,
    /// The declared scale of whole grades.
    pub scale: Option<(i64, i64)>,
    /// What stands for several annotators.
    pub of: Option<Reference>,
    /// The class that counts as success.
    pub positive: Option<&'a str>,
}

/// What a table of labels and verdicts says. No judge is named, so each call is a first look.
///
/// # Errors
/// [`JobError::Invalid`] with every problem of the table.
pub fn calibrate_table(path: &Path, columns: &Columns) -> Result<Calibration, JobError> {
    let sheet = wide::read(path, columns).map_err(JobError::Invalid)?;
    Ok(first_look(&sheet))
}

/// What a file of labels and one of verdicts say, and the name of the judge.
///
/// # Errors
/// [`JobError::Invalid`] with every problem of the files; [`JobError::Usage`] where the judge must be named, or is not in the file.
pub fn calibrate_files(files: &Files<'_>) -> Result<(String, Calibration), JobError> {
    let labels = file::read(files.labels, files.scale).map_err(JobError::Invalid)?;
    let judges = verdicts::read(files.verdicts, files.scale).map_err(JobError::Invalid)?;
    let (name, said) = one_of(judges, files.judge)?;
    let scale = files.scale.map(|(low, high)| Scale::Grades { low, high });
    let joined = join(&Join {
        labels: &labels,
        file: &files.labels.display().to_string(),
        verdicts: &said,
        verdicts_file: &files.verdicts.display().to_string(),
        scale: scale.as_ref(),
        of: files.of,
        positive: files.positive,
        clusters: &BTreeMap::new(),
        outputs: &BTreeMap::new(),
    })
    .map_err(JobError::Invalid)?;
    let mut found = first_look(&joined.sheet);
    found.labels.digest = Some(digest(&labels).to_string());
    found.labels.drawn = Some(joined.drawn);
    found.labels.repeats = joined.repeats;
    Ok((name, found))
}

/// The verdicts of the judge that is named, or of the only one.
fn one_of(
    mut judges: BTreeMap<String, Verdicts>,
    named: Option<&str>,
) -> Result<(String, Verdicts), JobError> {
    let names: Vec<String> = judges.keys().cloned().collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let name = match (named, known.as_slice()) {
        (Some(wanted), _) => wanted,
        (None, [only]) => only,
        (None, _) => {
            let list = known.join(", ");
            return Err(JobError::Usage(format!(
                "several judges; name one with --judge: {list}"
            )));
        }
    };
    judges
        .remove_entry(name)
        .ok_or_else(|| JobError::Usage(unknown("judge", name, &known)))
}

fn first_look(sheet: &Sheet) -> Calibration {
    let options = CalibrateOptions {
        usable: Usable::default(),
        set_by_judge_file: false,
        look: 1,
        chance: Chance {
            seed: 0,
            threads: threads(),
        },
    };
    calibrate(sheet, &options)
}
