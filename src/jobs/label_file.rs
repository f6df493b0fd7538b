//! A labels file on the disk: the form that its ending says, in a new file or in the place of one.

use std::path::Path;

use super::JobError;
use crate::domain::label::Label;
use crate::report::{labels_jsonl, labels_to_fill};
use crate::store::durable;

/// Labels as the file of this name holds them: JSON lines in `.jsonl` and `.ndjson`, else CSV; with empty columns of the names `to_fill`,
/// for people to fill in.
///
/// # Errors
/// [`JobError::Usage`] for `.json`, which readers take for something else.
pub(super) fn bytes(path: &Path, labels: &[Label], to_fill: &[&str]) -> Result<Vec<u8>, JobError> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("jsonl" | "ndjson") => Ok(labels_jsonl(labels, to_fill)),
        Some("json") => Err(JobError::Usage(format!(
            "{}: labels are written as CSV or as JSON lines; end the name in .csv or .jsonl",
            path.display()
        ))),
        _ => labels_to_fill(labels, to_fill).map_err(|error| cannot(path, &error)),
    }
}

/// Writes a file that nobody else writes. `named_by`: the flag that names it, with a blank before it, as ` with --out`; may be empty.
///
/// # Errors
/// [`JobError::Usage`] where there is such a file and it is not to be replaced, [`JobError::Store`] where it cannot be written.
pub(super) fn put(
    path: &Path,
    bytes: &[u8],
    replace: bool,
    named_by: &str,
) -> Result<(), JobError> {
    let written = match replace {
        true => durable::replace(path, bytes),
        false => durable::write_new(path, bytes),
    };
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => JobError::Usage(format!(
            "{}: there is such a file; name another{named_by}, or replace it with --force",
            path.display()
        )),
        _ => cannot(path, &error),
    })
}

/// Why a file was not written.
pub(super) fn cannot(path: &Path, error: &std::io::Error) -> JobError {
    JobError::Store(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::label::{Said, Subject, Texts};
    use crate::load::labels::file;

    #[test]
    fn a_file_is_read_again_whatever_its_ending_and_a_label_without_a_text_stays_without_one() {
        let label = |item: &str, output: Option<&str>| Label {
            by: "ann".to_owned(),
            said: Some(Said::Pass(true)),
            texts: Texts {
                output: output.map(str::to_owned),
                ..Texts::default()
            },
            ..Label::unsaid(Subject::Item(item.to_owned()))
        };
        let labels = [
            label("told", Some("Paris")),
            label("untold", None),
            label("empty", Some("")),
        ];
        let folder = tempfile::tempdir().unwrap();
        for (name, wanted) in [
            ("l.jsonl", [Some("Paris"), None, Some("")]),
            // An empty cell cannot say which of both it is.
            ("l.csv", [Some("Paris"), Some(""), Some("")]),
        ] {
            let path = folder.path().join(name);
            put(&path, &bytes(&path, &labels, &[]).unwrap(), false, "").unwrap();
            let found = file::read(&path, None).unwrap();
            let outputs: Vec<Option<&str>> = found
                .iter()
                .map(|label| label.texts.output.as_deref())
                .collect();
            assert_eq!(outputs, wanted, "{name}");
            let again = put(&path, b"", false, " with --out")
                .unwrap_err()
                .to_string();
            assert!(again.contains("name another with --out, or"), "{again}");
        }
        let refused = bytes(Path::new("l.json"), &labels, &[]).unwrap_err();
        assert!(refused.to_string().contains(".jsonl"), "{refused}");
    }
}
