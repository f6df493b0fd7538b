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
        summary: "Label Studio's JSON and JSON_MIN: choices, ratings, numbers, pairs, critiques",
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn import(text: &str, options: &Options) -> Result<Imported, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ann.json");
        std::fs::write(&path, text).unwrap();
        let short = |problem: Problem| {
            let text = problem.to_string();
            let folder = format!("{}/", folder.path().display());
            text.replace(&folder, "")
        };
        read(&path, options).map_err(|all| all.into_iter().map(short).collect())
    }

    #[test]
    fn records_of_another_tool_in_between_are_counted() {
        let found = import(
            "{\"answer\": \"accept\", \"id\": 1}\n{\"event\": \"begin\"}\n",
            &Options::default(),
        )
        .unwrap();
        assert_eq!(found.kind, "prodigy");
        assert_eq!(found.labels[0].by, "ann");
        assert_eq!(
            found.left_out,
            [("record that is not prodigy's".to_owned(), 1)]
        );
    }

    #[test]
    fn records_that_could_be_of_two_tools_are_asked_about() {
        let text = r#"[{"fields": {}, "responses": {}, "gradingResult": {}}]"#;
        let said = import(text, &Options::default()).unwrap_err();
        assert_eq!(
            said,
            ["--from: the records could be of argilla or of promptfoo; say which"]
        );
    }

    #[test]
    fn data_that_calls_two_outputs_alike_does_not_name_them() {
        let task = |id: u64| {
            json!({
                "id": id, "data": {"item": "pizza"},
                "annotations": [{"completed_by": 1, "result": [
                    {"type": "rating", "from_name": "r", "value": {"rating": 4}},
                ]}],
            })
        };
        let twice = json!([task(1), task(2)]).to_string();
        let said = import(&twice, &Options::default()).unwrap_err();
        assert_eq!(
            said,
            [
                "ann.json:1: the data of `1` (line 1) and of `2` both name the output `pizza`; rename that key, or name outputs by it"
            ]
        );
        let once = json!([task(1)]).to_string();
        let labels = import(&once, &Options::default()).unwrap().labels;
        assert_eq!(labels[0].subject.name(), "pizza");
    }

    #[test]
    fn texts_that_no_file_can_hold_are_made_visible() {
        let text =
            json!([{"answer": "accept", "id": " 1\u{0}", "text": "a\u{0}b", "user_input": ""}])
                .to_string();
        let labels = import(&text, &Options::default()).unwrap().labels;
        assert_eq!(labels[0].subject.name(), "1\u{fffd}");
        assert_eq!(labels[0].texts.output.as_deref(), Some("a\u{fffd}b"));
        assert_eq!(labels[0].critique, None);
    }

    /// Keys that the tools know, so that made-up records get past the door.
    const KEYS: &[&str] = &[
        "id",
        "data",
        "annotations",
        "annotation_id",
        "result",
        "type",
        "value",
        "from_name",
        "choices",
        "rating",
        "fields",
        "responses",
        "suggestions",
        "values",
        "status",
        "user_id",
        "answer",
        "accept",
        "label",
        "text",
        "name",
        "source",
        "dataType",
        "traceId",
        "key",
        "feedback_source",
        "score",
        "gradingResult",
        "componentResults",
        "assertion",
        "pass",
        "item",
        "case",
        "target",
        "repeat",
        "completed_by",
    ];
    const WORDS: &[&str] = &[
        "accept",
        "reject",
        "ignore",
        "ANNOTATION",
        "BOOLEAN",
        "CATEGORICAL",
        "app",
        "human",
        "submitted",
        "choices",
        "rating",
        "pairwise",
        "textarea",
        "left",
        "yes",
        "",
        " ",
        "4",
        "\u{0}",
    ];

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            proptest::sample::select(WORDS).prop_map(Json::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                proptest::collection::btree_map(proptest::sample::select(KEYS), inner, 0..7)
                    .prop_map(|map| Json::Object(
                        map.into_iter()
                            .map(|(key, value)| (key.to_owned(), value))
                            .collect()
                    )),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_a_record_holds_it_is_read_or_refused(
            records in proptest::collection::vec(any_json(), 1..4),
            kind in 0..KINDS.len(),
        ) {
            let text = Json::from(records).to_string();
            let options = Options {
                from: Some(KINDS[kind].name.to_owned()),
                annotator: Some("ann".into()),
                ..Options::default()
            };
            match import(&text, &options) {
                Ok(found) => {
                    prop_assert!(!found.labels.is_empty());
                    prop_assert!(found.labels.iter().all(|label| label.said.is_some()));
                }
                Err(said) => prop_assert!(!said.is_empty()),
            }
        }
    }
}
