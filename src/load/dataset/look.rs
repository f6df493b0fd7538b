//! Any file of rows, gone through for its own sake: as rows, or as the cases that they make.

use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::domain::case::Case;
use crate::domain::decode::Problem;
use crate::load::benchmarks::Benchmark;

use super::cut::Format;
use super::row::{self, Mapping};
use super::sources::FileSource;

/// The rows of a file, each with its place and its own text.
pub struct Rows {
    source: FileSource,
}

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its line, from 1.
    pub line: u64,
    /// Its fields in their order.
    pub fields: Map<String, Json>,
}

impl Rows {
    /// Opens a file.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn open(path: &Path) -> Result<Self, Vec<Problem>> {
        let named = path.display().to_string();
        Ok(Self {
            source: FileSource::open_native(path, &named)?,
        })
    }

    /// The next row, or what is wrong with it.
    pub fn next_row(&mut self) -> Option<Result<Row, Vec<Problem>>> {
        let found = self.source.next_row()?;
        Some(found.map(|(place, fields)| Row {
            line: place.line,
            fields,
        }))
    }

    /// The text of the row that was found last, as it stands in the file; `None` where rows are not JSON there.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self.source.format() {
            Format::Csv => None,
            Format::Lines | Format::Array => Some(self.source.text().trim()),
        }
    }

    /// Whether every value is text.
    #[must_use]
    pub fn is_csv(&self) -> bool {
        self.source.format() == Format::Csv
    }

    /// The columns of a CSV file; empty for others.
    #[must_use]
    pub fn head(&self) -> &[String] {
        self.source.head()
    }

    /// A problem of a row.
    #[must_use]
    pub fn problem(&self, line: u64, message: impl Into<String>) -> Problem {
        self.source.problem(line, message)
    }
}

/// A row as the case that it makes; where no row has an id, it is derived.
///
/// # Errors
/// Everything that is wrong with it.
pub fn case_of(fields: &Map<String, Json>, from_csv: bool) -> Result<Case, Vec<String>> {
    let mapping = Mapping::default();
    let derive = !mapping.has_id(fields);
    row::case(fields.clone(), &mapping, from_csv, derive)
}

/// Our own fields of a row.
pub const FIELDS: &[&str] = row::NAMES;

/// The cases of a file, in order.
pub struct FileCases {
    source: FileSource,
    mapping: Mapping,
}

impl FileCases {
    /// Opens a file of cases: of a benchmark's own rows, or of ours with `fields` (our field from the column).
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn open(
        path: &Path,
        benchmark: Option<&'static Benchmark>,
        fields: &[(String, String)],
    ) -> Result<Self, Vec<Problem>> {
        let named = path.display().to_string();
        let whole = |message| {
            vec![crate::load::text::problem(
                &named,
                Default::default(),
                message,
            )]
        };
        let format = row::format_of(&named).map_err(whole)?;
        let mapping = Mapping {
            fields: fields.to_vec(),
            benchmark,
            ..Mapping::default()
        };
        let source = FileSource::open(path, &named, format, &mapping)?;
        Ok(Self { source, mapping })
    }

    /// The next case, or what is wrong with the next row.
    pub fn next_case(&mut self) -> Option<Result<Case, Vec<Problem>>> {
        let found = self.source.next(&self.mapping)?;
        Some(found.map(|found| found.case))
    }
}
