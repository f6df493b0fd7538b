//! What labelling tools export, as labels.
//!
//! A tool is one file and one row of [`KINDS`]: how its records are told from others, and what each holds. Suggestions, scores that a
//! model made, and what its author cancelled are no labels; they are counted and said. Only shapes that the tools document are read.

mod argilla;
mod collect;
mod doccano;
mod foreign;
mod label_studio;
mod langfuse;
mod langsmith;
mod prodigy;
mod promptfoo;
mod settle;

use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::domain::decode::{Problem, unknown};
use crate::domain::label::Label;

pub use settle::Column;

use super::rows::{Found, at, whole};
use collect::Collect;

/// A record of a foreign file.
type Record = Map<String, Json>;

/// How many records are looked at to tell the tool.
const LOOKED_AT: usize = 20;

/// One tool whose exports are read.
#[derive(Debug)]
pub struct Kind {
    /// The word in `--from KIND`.
    pub name: &'static str,
    /// What is read of it, in one line.
    pub summary: &'static str,
    /// Whether a record is one of this tool's.
    detect: fn(&Record) -> bool,
    /// Takes the labels out of a record.
    read: fn(&Record, &mut Collect<'_>),
}

/// Every tool whose exports are read.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "label-studio",
        summary: "Label Studio's JSON and JSON_MIN: choices, ratings, numbers, pairs; text areas as critiques",
        detect: label_studio::detect,
        read: label_studio::read,
    },
    Kind {
        name: "argilla",
        summary: "Argilla's records as JSON: submitted responses, one field a question",
        detect: argilla::detect,
        read: argilla::read,
    },
    Kind {
        name: "prodigy",
        summary: "Prodigy's JSONL: accept and reject, or the one choice that was accepted",
        detect: prodigy::detect,
        read: prodigy::read,
    },
    Kind {
        name: "doccano",
        summary: "doccano's JSONL of classified texts, one file an annotator",
        detect: doccano::detect,
        read: doccano::read,
    },
    Kind {
        name: "langfuse",
        summary: "Langfuse's scores whose source is ANNOTATION, one field a score name",
        detect: langfuse::detect,
        read: langfuse::read,
    },
    Kind {
        name: "langsmith",
        summary: "LangSmith's feedback that people gave in the app, one field a key",
        detect: langsmith::detect,
        read: langsmith::read,
    },
    Kind {
        name: "promptfoo",
        summary: "promptfoo's results: the ratings that a person gave in the viewer",
        detect: promptfoo::detect,
        read: promptfoo::read,
    },
];

/// What is wanted of a file.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The tool; `None`: by the records' shape.
    pub from: Option<String>,
    /// The control, question, score name or key; `None`: the only one.
    pub field: Option<String>,
    /// The annotator of records that name none.
    pub annotator: Option<String>,
    /// What the values are; `None`: as they look.
    pub column: Option<Column>,
}

/// What a file held.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The tool.
    pub kind: &'static str,
    /// The field that was taken.
    pub field: String,
    /// The labels, in the file's order.
    pub labels: Vec<Label>,
    /// What is no label, by why, and how often.
    pub left_out: Vec<(String, u64)>,
}

/// Reads a foreign file.
///
/// # Errors
/// Every problem with its line (in a list that is one line: 1); problems of `--from`, `--field`, `--annotator` and `--as` under those
/// names.
pub fn read(path: &Path, options: &Options) -> Result<Imported, Vec<Problem>> {
    let named = path.display().to_string();
    let text = whole(path, &named).map_err(|problem| vec![problem])?;
    let mut found = Found::default();
    let records = foreign::records(&named, &text, &mut found);
    if !found.is_empty() {
        return Err(found.unless(&named, ()).err().unwrap_or_default());
    }
    if records.is_empty() {
        return Err(vec![at(&named, 0, "there are no records")]);
    }
    let kind = chosen(options.from.as_deref(), &records)
        .map_err(|message| vec![at("--from", 0, message)])?;
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let mut collect = Collect::new(&named, stem, options.annotator.as_deref());
    let mut ours = 0_u64;
    for (line, raw) in records {
        match foreign::record(raw) {
            Err(message) => collect.problem_at(line, message),
            Ok(record) => {
                collect.line = line;
                if (kind.detect)(&record) {
                    ours += 1;
                    (kind.read)(&record, &mut collect);
                } else {
                    collect.leave_out(format!("record that is not {}'s", kind.name));
                }
            }
        }
    }
    if ours == 0 && !collect.has_problems() {
        let message = format!(
            "no record of {named} looks like {}'s; {}",
            kind.name,
            known()
        );
        return Err(vec![at("--from", 0, message)]);
    }
    collect.finish(kind.name, options)
}

/// The tool that was named, or whose shape the records have.
fn chosen(
    named: Option<&str>,
    records: &[(u64, &serde_json::value::RawValue)],
) -> Result<&'static Kind, String> {
    if let Some(name) = named {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        let kind = KINDS.iter().find(|kind| kind.name == name);
        return kind.ok_or_else(|| unknown("tool", name, &names));
    }
    let looked_at: Vec<Record> = records
        .iter()
        .take(LOOKED_AT)
        .filter_map(|(_, raw)| foreign::record(raw).ok())
        .collect();
    let fit: Vec<&Kind> = KINDS
        .iter()
        .filter(|kind| looked_at.iter().any(|record| (kind.detect)(record)))
        .collect();
    match fit[..] {
        [kind] => Ok(kind),
        [] => Err(format!(
            "the records have no shape that is known; {}",
            known()
        )),
        _ => {
            let names: Vec<&str> = fit.iter().map(|kind| kind.name).collect();
            Err(format!(
                "the records could be of {}; say which",
                names.join(" or of ")
            ))
        }
    }
}

fn known() -> String {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    format!("read are exports of {}", names.join(", "))
}
