//! The runs there are.

use std::path::Path;

use super::JobError;
use super::report::{tell, timestamp};
use crate::report::{RunLine, origin, summary};
use crate::store::run::Status;
use crate::store::runs::list;

/// The runs of a folder, newest first, at most `limit`. One that cannot be read has a line that says why.
pub fn runs(runs_dir: &Path, limit: usize) -> Result<Vec<RunLine>, JobError> {
    let listed = list(runs_dir).map_err(|error| JobError::Store(error.to_string()))?;
    let mut lines = Vec::new();
    for one in listed.into_iter().take(limit) {
        lines.push(match one.run {
            Err(error) => RunLine {
                started: String::new(),
                id: one.id,
                suite: String::new(),
                status: "damaged".to_owned(),
                origin: String::new(),
                headline: error.to_string(),
            },
            Ok(run) => {
                let created = run.manifest().created_ms;
                let suite = run.manifest().suite_name.clone();
                let status = run.status().map_or("damaged", Status::word);
                let (origin, said) = match tell(run) {
                    Ok(told) => (origin(&told.findings.run), summary(&told.findings)),
                    Err(error) => (String::new(), error.to_string()),
                };
                RunLine {
                    started: timestamp(created),
                    id: one.id,
                    suite,
                    status: status.to_owned(),
                    origin,
                    headline: said,
                }
            }
        });
    }
    Ok(lines)
}
