//! Outputs that somebody has: any file of rows, each with an output in one field and perhaps with a name in another.

use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::domain::decode::{Problem, unknown};
use crate::domain::strict_json;
use crate::domain::tree::Span;
use crate::load::dataset::cut::Format;
use crate::load::dataset::row::{self, what};
use crate::load::dataset::sources::{FileSource, begins_with_an_object};
use crate::load::text;

/// Fields that hold the output, where none is named: the first of these that the first row has.
const USUAL: &[&str] = &[
    "output",
    "response",
    "completion",
    "model_outputs",
    "model_output",
    "generated_text",
    "prediction",
    "result",
];

/// The most bytes of a file that is one object.
const MOST_BYTES: u64 = 256 << 20;

/// A file of outputs, open.
pub struct Outputs {
    source: Source,
    named: String,
    field: Option<String>,
    /// Whether the field holds verdicts, true or false, in place of texts.
    reads_verdicts: bool,
    /// Whether a row was met that has no such field.
    lacks_field: bool,
    first: Option<Result<OutputRow, Vec<Problem>>>,
}

/// What is wanted of a file of outputs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The field that holds the output, a JSON pointer where it begins with `/`; `None`: the first usual one that the first row has.
    pub field: Option<&'a str>,
    /// The key under which a `.json` file that is one object has its rows.
    pub list: Option<&'a str>,
    /// The field holds recorded verdicts, which may be true or false in place of a text.
    pub verdicts: bool,
}

/// Where the rows come from.
enum Source {
    /// A file of rows.
    File(Box<FileSource>),
    /// A list in a file that is one object, each row with its place from 1.
    List(std::iter::Enumerate<std::vec::IntoIter<Json>>),
}

/// A row and its line.
type Row = (u64, Map<String, Json>);

/// A row with an output.
#[derive(Debug)]
pub struct OutputRow {
    /// Its line, from 1.
    pub line: u64,
    /// What the agent said: a text as it is, anything else as JSON; null is an empty text.
    pub output: String,
    /// All fields of the row.
    pub row: Map<String, Json>,
}

impl Outputs {
    /// Opens a file of outputs (.jsonl, .csv with a head, or .json).
    ///
    /// # Errors
    /// Why it cannot be read, or that its first row lacks the field that holds outputs.
    pub fn open(path: &Path, wanted: Wanted<'_>) -> Result<Self, Vec<Problem>> {
        let named = path.display().to_string();
        let inside = match wanted.list {
            Some(key) => list_in(path, &named, key)?,
            None => None,
        };
        let mut outputs = Self {
            source: match inside {
                Some(rows) => Source::List(rows.into_iter().enumerate()),
                None => Source::File(Box::new(FileSource::open_native(path, &named)?)),
            },
            named,
            field: wanted.field.map(str::to_owned),
            reads_verdicts: wanted.verdicts,
            lacks_field: false,
            first: None,
        };
        match outputs.read() {
            // All others would say the same.
            Some(Err(faults)) if outputs.lacks_field => Err(faults),
            first => {
                outputs.first = first;
                Ok(outputs)
            }
        }
    }

    /// The field that holds the output, once a row was read.
    #[must_use]
    pub fn field(&self) -> &str {
        self.field.as_deref().unwrap_or_default()
    }

    /// The first row, which tells how the others are named.
    #[must_use]
    pub fn first(&self) -> Option<&Map<String, Json>> {
        self.first.as_ref()?.as_ref().ok().map(|first| &first.row)
    }

    /// Whether there is no row at all; true only before the first was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The next row, or what is wrong with it.
    pub fn next_row(&mut self) -> Option<Result<OutputRow, Vec<Problem>>> {
        self.first.take().or_else(|| self.read())
    }

    /// A problem of a row.
    #[must_use]
    pub fn problem(&self, line: u64, message: impl Into<String>) -> Problem {
        match &self.source {
            Source::File(source) => source.problem(line, message),
            Source::List(_) => text::problem(
                &self.named,
                Span::default(),
                format!("row {line}: {}", message.into()),
            ),
        }
    }

    /// The next row and its line.
    fn row(&mut self) -> Option<Result<Row, Vec<Problem>>> {
        match &mut self.source {
            Source::File(source) => {
                let found = source.next_row()?;
                Some(found.map(|(place, row)| (place.line, row)))
            }
            Source::List(rows) => {
                let (at, row) = rows.next()?;
                let line = at as u64 + 1;
                Some(match row {
                    Json::Object(row) => Ok((line, row)),
                    other => Err(vec![self.problem(
                        line,
                        format!("an object is wanted, this is {}", what(&other)),
                    )]),
                })
            }
        }
    }

    fn read(&mut self) -> Option<Result<OutputRow, Vec<Problem>>> {
        let (line, row) = match self.row()? {
            Ok(found) => found,
            Err(faults) => return Some(Err(faults)),
        };
        let output = self.output(&row);
        Some(match output {
            Ok(output) => Ok(OutputRow { line, output, row }),
            Err(message) => Err(vec![self.problem(line, message)]),
        })
    }

    fn output(&mut self, row: &Map<String, Json>) -> Result<String, String> {
        let columns = || row.keys().map(String::as_str).take(50).collect::<Vec<_>>();
        let field = match &self.field {
            Some(field) => field,
            None => {
                let Some(usual) = USUAL.iter().find(|name| row.contains_key(**name)) else {
                    self.lacks_field = true;
                    return Err(format!(
                        "no field of this row is known to hold outputs; name it: --output FIELD (fields here: {})",
                        columns().join(", ")
                    ));
                };
                self.field.insert((*usual).to_owned())
            }
        };
        let found = field_of(row, field);
        self.lacks_field |= found.is_none();
        match found {
            None if field.starts_with('/') => Err(format!("there is nothing at `{field}`")),
            None => Err(unknown("field", field, &columns())),
            Some(Json::String(text)) => Ok(text.clone()),
            Some(Json::Null) => Ok(String::new()),
            Some(Json::Bool(said)) if self.reads_verdicts => Ok(said.to_string()),
            Some(value @ Json::Bool(_)) => Err(format!(
                "`{field}` must hold an output, this is {}; name another field: --output FIELD",
                what(value)
            )),
            Some(other) => Ok(other.to_string()),
        }
    }
}

/// The rows under a key of a file that is one object; nothing for any other file.
fn list_in(path: &Path, named: &str, key: &str) -> Result<Option<Vec<Json>>, Vec<Problem>> {
    let whole = |message: String| vec![text::problem(named, Span::default(), message)];
    if row::format_of(named).map_err(whole)? != Format::Array || !begins_with_an_object(path) {
        return Ok(None);
    }
    let cannot = |error: &dyn std::fmt::Display| whole(format!("cannot be read: {error}"));
    let size = std::fs::metadata(path)
        .map_err(|error| cannot(&error))?
        .len();
    if size > MOST_BYTES {
        return Err(whole(format!(
            "is larger than {MOST_BYTES} bytes; write a row a line, as .jsonl"
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| cannot(&error))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let parsed = std::str::from_utf8(bytes).map(strict_json::parse);
    let Ok(Ok(Json::Object(mut object))) = parsed else {
        // Lines, or nothing at all: the reader of rows says what is wrong.
        return Ok(None);
    };
    match object.remove(key) {
        Some(Json::Array(rows)) => Ok(Some(rows)),
        Some(other) => Err(whole(format!(
            "`{key}` must be a list, this is {}",
            what(&other)
        ))),
        None => Ok(None),
    }
}

/// A field of a row by its name, or by a JSON pointer into it.
fn field_of<'a>(row: &'a Map<String, Json>, field: &str) -> Option<&'a Json> {
    if let Some(found) = row.get(field) {
        return Some(found);
    }
    let (first, rest) = match field.strip_prefix('/')?.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (field.strip_prefix('/')?, None),
    };
    let found = row.get(&first.replace("~1", "/").replace("~0", "~"))?;
    match rest {
        Some(rest) => found.pointer(&format!("/{rest}")),
        None => Some(found),
    }
}
