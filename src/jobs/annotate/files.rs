//! The labels file of a session: where it stands, what it holds, and how it is written again.

use std::path::{Path, PathBuf};

use crate::domain::decode::Problem;
use crate::domain::label::Label;
use crate::domain::tree::Span;
use crate::funnel::path_component;
use crate::jobs::{JobError, label_file};
use crate::load::labels::file;
use crate::store::durable;

/// Where labels go unless somebody says otherwise: for a file beside it (`x.csv`: `x.labels.jsonl`), for a run into the working directory
/// under its suite's name.
#[must_use]
pub fn default_labels(source: &Path, suite: Option<&str>) -> PathBuf {
    if let Some(suite) = suite {
        return PathBuf::from(format!("{}.labels.jsonl", path_component(suite)));
    }
    let name = source.file_name().unwrap_or_default().to_string_lossy();
    match name.ends_with(".labels.jsonl") {
        true => source.to_owned(),
        false => source.with_extension("labels.jsonl"),
    }
}

/// Where what was decided stands: `x.jsonl`: `x.adjudicated.jsonl`.
pub(super) fn adjudicated(labels: &Path) -> PathBuf {
    let ending = labels.extension().and_then(|ending| ending.to_str());
    labels.with_extension(format!("adjudicated.{}", ending.unwrap_or("jsonl")))
}

/// The rows of a labels file; a file that is not there, or is empty, has none.
pub(super) fn rows(path: &Path) -> Result<Vec<Label>, JobError> {
    match std::fs::metadata(path) {
        Ok(about) if about.len() > 0 => file::read(path, None).map_err(JobError::Invalid),
        Ok(_) => Ok(Vec::new()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(JobError::Store(format!("{}: {error}", path.display()))),
    }
}

/// Refuses a name that is no labels file which could be written.
pub(super) fn may_be_written(path: &Path) -> Result<(), JobError> {
    let folder = path.parent().filter(|one| !one.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(JobError::Usage(format!(
            "{}: there is no folder {}; make it, or name another file with --labels",
            path.display(),
            folder.display()
        )));
    }
    match ending(path).as_deref() {
        Some("jsonl" | "ndjson" | "csv") => Ok(()),
        _ => Err(JobError::Usage(format!(
            "{}: labels are written to a file that ends in .jsonl or .csv; name one with --labels",
            path.display()
        ))),
    }
}

fn ending(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// Puts rows in the place of what a labels file held: readers and crashes see the old file or the new one.
pub(super) fn write(path: &Path, labels: &[Label]) -> Result<(), JobError> {
    let bytes = match labels.is_empty() {
        true => Vec::new(),
        false => label_file::bytes(path, labels, &[])?,
    };
    durable::replace(path, &bytes).map_err(|error| label_file::cannot(path, &error))
}

/// A problem of a labels file that stands in no row of its own.
pub(super) fn problem(path: &Path, line: u64, message: String) -> JobError {
    JobError::Invalid(vec![Problem {
        file: path.display().to_string(),
        span: Span {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: 0,
        },
        message,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_beside_what_they_are_about() {
        let of = |source: &str, suite| {
            let path = default_labels(Path::new(source), suite);
            path.display().to_string()
        };
        assert_eq!(of("d/to-label.csv", None), "d/to-label.labels.jsonl");
        assert_eq!(of("d/x.labels.jsonl", None), "d/x.labels.jsonl");
        assert_eq!(of("latest", Some("quickstart")), "quickstart.labels.jsonl");
        let decided = adjudicated(Path::new("d/x.labels.jsonl"));
        assert_eq!(decided, Path::new("d/x.labels.adjudicated.jsonl"));
        let nowhere = may_be_written(Path::new("no-such-folder/x.jsonl")).unwrap_err();
        assert!(
            nowhere
                .to_string()
                .contains("no folder no-such-folder; make it"),
            "{nowhere}"
        );
        assert!(may_be_written(Path::new("x.json")).is_err());
        assert!(may_be_written(Path::new("x")).is_err());
        assert!(may_be_written(Path::new("x.CSV")).is_ok());
    }
}
