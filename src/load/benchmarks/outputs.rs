//! Outputs that somebody has: any file of rows, each with an output in one field and perhaps with a name in another.

use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::domain::decode::{Problem, unknown};
use crate::load::dataset::row::what;
use crate::load::dataset::sources::FileSource;

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

/// A file of outputs, open.
pub struct Outputs {
    source: FileSource,
    field: Option<String>,
    first: Option<Result<OutputRow, Vec<Problem>>>,
}

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
    /// Opens a file of outputs (.jsonl, .csv with a head, or .json); `field` holds the output, a JSON pointer where it begins with `/`.
    ///
    /// # Errors
    /// Why it cannot be read, or that no field of its first row holds outputs by its name.
    pub fn open(path: &Path, field: Option<&str>) -> Result<Self, Vec<Problem>> {
        let named = path.display().to_string();
        let mut outputs = Self {
            source: FileSource::open_native(path, &named)?,
            field: field.map(str::to_owned),
            first: None,
        };
        outputs.first = outputs.read();
        Ok(outputs)
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
        self.source.problem(line, message)
    }

    fn read(&mut self) -> Option<Result<OutputRow, Vec<Problem>>> {
        let (place, row) = match self.source.next_row()? {
            Ok(found) => found,
            Err(faults) => return Some(Err(faults)),
        };
        let output = self.output(&row);
        Some(match output {
            Ok(output) => Ok(OutputRow {
                line: place.line,
                output,
                row,
            }),
            Err(message) => Err(vec![self.source.problem(place.line, message)]),
        })
    }

    fn output(&mut self, row: &Map<String, Json>) -> Result<String, String> {
        let columns = || row.keys().map(String::as_str).take(50).collect::<Vec<_>>();
        let field = match &self.field {
            Some(field) => field,
            None => {
                let Some(usual) = USUAL.iter().find(|name| row.contains_key(**name)) else {
                    return Err(format!(
                        "no field of this row is known to hold outputs; name it: --output FIELD (fields here: {})",
                        columns().join(", ")
                    ));
                };
                self.field.insert((*usual).to_owned())
            }
        };
        let found = field_of(row, field);
        match found {
            None if field.starts_with('/') => Err(format!("there is nothing at `{field}`")),
            None => Err(unknown("field", field, &columns())),
            Some(Json::String(text)) => Ok(text.clone()),
            Some(Json::Null) => Ok(String::new()),
            Some(value @ Json::Bool(_)) => Err(format!(
                "`{field}` must hold an output, this is {}; name another field: --output FIELD",
                what(value)
            )),
            Some(other) => Ok(other.to_string()),
        }
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
