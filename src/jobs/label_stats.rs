//! What a labels file says about the people who filled it in.

use std::path::Path;

use super::JobError;
use crate::analysis::label_stats::{LabelStats, Timed, label_stats};
use crate::load::labels::file;

/// Reads a labels file and looks at it. `scale`: the declared scale of whole grades, which ratings must lie on.
///
/// # Errors
/// [`JobError::Invalid`] with every problem of the file.
pub fn label_statistics(path: &Path, scale: Option<(i64, i64)>) -> Result<LabelStats, JobError> {
    let labels = file::read(path, scale).map_err(JobError::Invalid)?;
    let timed: Vec<Timed<'_>> = labels
        .iter()
        .map(|label| Timed {
            label,
            at_ms: label
                .at
                .as_ref()
                .and_then(|at| at.parse::<jiff::Timestamp>().ok())
                .map(jiff::Timestamp::as_millisecond),
        })
        .collect();
    let mut found = label_stats(&timed, scale);
    let unknown = timed
        .iter()
        .filter(|one| one.label.at.is_some() && one.at_ms.is_none())
        .count();
    if unknown > 0 {
        found.notes.push(format!(
            "{unknown} times in `ts` are not RFC 3339 with an offset, such as 2026-02-03T10:00:00Z: those labels are in no half"
        ));
    }
    let columns: std::collections::BTreeSet<&str> = labels
        .iter()
        .filter_map(|label| Some(label.said.as_ref()?.column()))
        .collect();
    if columns.len() > 1 {
        let columns: Vec<&str> = columns.into_iter().collect();
        return Err(JobError::problem(
            path.display().to_string(),
            format!(
                "the rows say different things ({}); make a file of each",
                columns.join(", ")
            ),
        ));
    }
    Ok(found)
}
