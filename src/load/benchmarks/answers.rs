//! What is right, where a benchmark keeps it in a file of its own beside the questions: `possible_answer/NAME`, in the folder of the
//! questions or in the one above.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use crate::domain::decode::Problem;
use crate::domain::digest::Digest;
use crate::load::dataset::sources::FileSource;

/// Problems that are told; more end the reading.
const MOST_PROBLEMS: usize = 20;
/// The folder's name.
const FOLDER: &str = "possible_answer";

/// The answers of a file, by id.
pub(crate) struct Answers {
    by_id: BTreeMap<String, Json>,
    digest: Digest,
}

impl Answers {
    /// The answers beside a file of questions; `None` where there are none.
    ///
    /// # Errors
    /// What is wrong with the file of answers.
    pub(crate) fn beside(path: &Path) -> Result<Option<Self>, Vec<Problem>> {
        let Some(file) = path_of(path) else {
            return Ok(None);
        };
        let named = file.display().to_string();
        let mut source = FileSource::open_native(&file, &named)?;
        let (mut by_id, mut problems) = (BTreeMap::new(), Vec::new());
        while let Some(row) = source.next_row() {
            if problems.len() >= MOST_PROBLEMS {
                break;
            }
            let (place, row) = match row {
                Ok(found) => found,
                Err(faults) => {
                    problems.extend(faults);
                    continue;
                }
            };
            let id = row.get("id").and_then(Json::as_str);
            match (id, row.get("ground_truth")) {
                (Some(id), Some(truth)) => {
                    if by_id.insert(id.to_owned(), truth.clone()).is_some() {
                        let twice = format!("there is an accepted answer for `{id}` already");
                        problems.push(source.problem(place.line, twice));
                    }
                }
                _ => problems.push(
                    source.problem(place.line, "an accepted answer has `id` and `ground_truth`"),
                ),
            }
        }
        if problems.is_empty() {
            let digest = source.digest();
            Ok(Some(Self { by_id, digest }))
        } else {
            Err(problems)
        }
    }

    /// Puts what is right into a row that does not say it.
    pub(crate) fn complete(&self, row: &mut Map<String, Json>) {
        let truth = row
            .get("id")
            .and_then(Json::as_str)
            .and_then(|id| self.by_id.get(id));
        if let Some(truth) = truth
            && !row.contains_key("ground_truth")
        {
            row.insert("ground_truth".to_owned(), truth.clone());
        }
    }

    /// The identity of questions and answers together.
    pub(crate) fn digest_with(&self, questions: &Digest) -> Digest {
        Digest::of_json(&json!([questions.to_string(), self.digest.to_string()]))
    }
}

fn path_of(questions: &Path) -> Option<PathBuf> {
    let name = questions.file_name()?;
    let folder = questions.parent()?;
    [folder.join(FOLDER), folder.join("..").join(FOLDER)]
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
