//! The rows of one source of cases, each parsed and turned into a case.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::domain::case::Case;
use crate::domain::decode::{Problem, unknown};
use crate::domain::digest::Digest;
use crate::domain::strict_json;
use crate::domain::tree::Span;
use crate::load::benchmarks::Answers;

use super::cells::Cells;
use super::columnar;
use super::cut::Format;
use super::records::{Place, Records};
use super::row::{self, MOST_COLUMNS, Mapping};
use super::unfolded;

/// A source that is open.
pub(crate) enum Source<'a> {
    /// A file.
    File(Box<FileSource>),
    /// Cases in the suite itself.
    Inline(Inline<'a>),
}

/// One case as it was found.
pub(crate) struct Found {
    /// The case.
    pub(crate) case: Case,
    /// Where to find it again.
    pub(crate) offset: u64,
}

/// What is wrong with one row.
pub(crate) type Faults = Vec<Problem>;

impl Source<'_> {
    /// The next case, or what is wrong with the next row.
    pub(crate) fn next(&mut self, mapping: &Mapping) -> Option<Result<Found, Faults>> {
        match self {
            Self::File(file) => file.next(mapping),
            Self::Inline(inline) => inline.next(mapping),
        }
    }

    /// The case at an offset found before.
    pub(crate) fn at(&mut self, offset: u64, mapping: &Mapping) -> Result<Case, Faults> {
        match self {
            Self::File(file) => file.at(offset, mapping),
            Self::Inline(inline) => {
                inline.next = usize::try_from(offset).unwrap_or(usize::MAX);
                match inline.next(mapping) {
                    Some(found) => found.map(|found| found.case),
                    None => Err(vec![changed(inline.named)]),
                }
            }
        }
    }

    /// The line of an offset found before, from 1; 0 where that cannot be told.
    pub(crate) fn line_at(&mut self, offset: u64) -> u64 {
        match self {
            Self::File(file) => file.line_at(offset),
            Self::Inline(inline) => {
                let at = usize::try_from(offset).ok();
                let item = at.and_then(|at| inline.items.get(at));
                item.map_or(0, |(span, _)| u64::from(span.line))
            }
        }
    }

    /// The file is not what it was a moment ago.
    pub(crate) fn changed(&self) -> Problem {
        let named = match self {
            Self::File(file) => file.records.named(),
            Self::Inline(inline) => inline.named,
        };
        changed(named)
    }

    /// The identity of everything that was read.
    pub(crate) fn digest(&self) -> Digest {
        match self {
            Self::File(file) => file.digest(),
            Self::Inline(inline) => {
                Digest::of_json(&inline.items.iter().map(|(_, json)| json.clone()).collect())
            }
        }
    }
}

fn changed(named: &str) -> Problem {
    crate::load::text::problem(
        named,
        Span::default(),
        "the file was changed while it was read; start again",
    )
}

/// Whether what a file holds begins with `{`: then it is no array. What cannot be read is told where it is opened.
pub(crate) fn begins_with_an_object(path: &Path) -> bool {
    // A pipe would keep us waiting, and would have lost its beginning afterwards.
    if !path.is_file() {
        return false;
    }
    let mut head = [0; 256];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut head));
    let head = &head[..read.unwrap_or(0)];
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    head.trim_ascii_start().starts_with(b"{")
}

/// A file of cases.
pub(crate) struct FileSource {
    records: Records,
    format: Format,
    /// It is called `.json` and was taken for JSON lines by its first letter.
    is_guess: bool,
    /// The columns of a CSV file.
    head: Vec<String>,
    cells: Cells,
    derive_id: Option<bool>,
    /// What is right, where it stands in a file of its own.
    answers: Option<Answers>,
}

/// A row of a benchmark's own file, and where it stands.
type Native = (Place, Map<String, Json>);

impl FileSource {
    /// Opens a file; a CSV file's head is read and held against the mapping.
    pub(crate) fn open(
        path: &Path,
        named: &str,
        format: Format,
        mapping: &Mapping,
    ) -> Result<Self, Faults> {
        if let Some(benchmark) = mapping.benchmark {
            if let Some(unfold) = benchmark.unfold()
                && let Some(rows) = unfolded::as_lines(path, named, unfold)?
            {
                return Self::over(Records::of(rows, named, Format::Lines), Format::Lines);
            }
            let mut source = Self::open_native(path, named)?;
            if benchmark.has_answers_beside() {
                source.answers = Answers::beside(path)?;
            }
            return Ok(source);
        }
        let mut source = Self::of(path, named, format)?;
        if format == Format::Csv {
            source.read_head(mapping, true)?;
        }
        Ok(source)
    }

    /// Opens a file of rows that are no cases of ours. A `.json` file may hold JSON lines: many publishers call them so.
    pub(crate) fn open_native(path: &Path, named: &str) -> Result<Self, Faults> {
        let whole =
            |message: String| vec![crate::load::text::problem(named, Span::default(), message)];
        let written = row::format_of(named).map_err(whole)?;
        let is_guess = written == Format::Array && begins_with_an_object(path);
        let format = if is_guess { Format::Lines } else { written };
        let mut source = Self::of(path, named, format)?;
        source.is_guess = is_guess;
        if format == Format::Csv {
            source.read_head(&Mapping::default(), false)?;
        }
        Ok(source)
    }

    fn of(path: &Path, named: &str, format: Format) -> Result<Self, Faults> {
        let records = if columnar::is_parquet(named) {
            columnar::as_lines(path, named).and_then(|rows| Records::of(rows, named, format))
        } else {
            Records::open(path, named, format)
        };
        Self::over(records, format)
    }

    fn over(records: Result<Records, Problem>, format: Format) -> Result<Self, Faults> {
        Ok(Self {
            records: records.map_err(|problem| vec![problem])?,
            format,
            is_guess: false,
            head: Vec::new(),
            cells: Cells::new(),
            derive_id: None,
            answers: None,
        })
    }

    fn read_head(&mut self, mapping: &Mapping, wants_input: bool) -> Result<(), Faults> {
        let place = match self.records.next() {
            Some(Ok(place)) => place,
            Some(Err(problem)) => return Err(vec![problem]),
            None => {
                return Err(vec![
                    self.records
                        .problem(0, "the file is empty; its first row names the columns"),
                ]);
            }
        };
        let fail = |message: String| vec![self.records.problem(place.line, message)];
        let commas = self.records.text().matches(',').count();
        if commas > MOST_COLUMNS {
            return Err(fail(format!(
                "over {MOST_COLUMNS} columns; is this the right file?"
            )));
        }
        let head = self.cells.split(self.records.text()).map_err(&fail)?;
        let mut wrong = Vec::new();
        for (at, name) in head.iter().enumerate() {
            if name.trim().is_empty() {
                wrong.push(format!(
                    "column {} has no name in the head; name it",
                    at + 1
                ));
            } else if head[..at].contains(name) {
                wrong.push(format!(
                    "the column `{name}` is named twice in the head; rename one"
                ));
            }
        }
        let known: Vec<&str> = head.iter().map(String::as_str).take(200).collect();
        for column in mapping.named() {
            if !head.iter().any(|name| name == column) {
                wrong.push(unknown("column", column, &known));
            }
        }
        let mapped = mapping.fields.iter().any(|(field, _)| field == "input");
        if wants_input && !mapped && !head.iter().any(|name| name == "input") {
            let shown: Vec<&str> = known.into_iter().take(12).collect();
            wrong.push(format!(
                "there is no column `input`; name the one that holds it: `dataset.fields: {{input: COLUMN}}` (columns here: {})",
                shown.join(", ")
            ));
        }
        if !wrong.is_empty() {
            return Err(wrong.into_iter().flat_map(fail).collect());
        }
        self.head = head;
        Ok(())
    }

    /// The next case, or what is wrong with the next row.
    pub(crate) fn next(&mut self, mapping: &Mapping) -> Option<Result<Found, Faults>> {
        let (Place { offset, line }, row) = match self.next_row()? {
            Ok(found) => found,
            Err(faults) => return Some(Err(faults)),
        };
        let derives = match mapping.benchmark {
            Some(_) => Ok(true),
            None => self.derives(&row, mapping),
        };
        let case =
            derives.and_then(|derive| row::case(row, mapping, self.format == Format::Csv, derive));
        Some(match case {
            Ok(case) => Ok(Found { case, offset }),
            Err(wrong) => {
                let problem = |message| self.records.problem(line, message);
                Err(wrong.into_iter().map(problem).collect())
            }
        })
    }

    /// The next row as named values, or what is wrong with it.
    pub(crate) fn next_row(&mut self) -> Option<Result<Native, Faults>> {
        let place = match self.records.next()? {
            Ok(place) => place,
            Err(problem) => return Some(Err(vec![problem])),
        };
        Some(match self.row() {
            Ok(mut row) => {
                if let Some(answers) = &self.answers {
                    answers.complete(&mut row);
                }
                Ok((place, row))
            }
            Err(mut wrong) => {
                if self.is_guess && place.line == 1 {
                    // Of one object over many lines nothing is a row.
                    self.records.end();
                    wrong = wrong.into_iter().map(no_lines).collect();
                }
                let problem = |message| self.records.problem(place.line, message);
                Err(wrong.into_iter().map(problem).collect())
            }
        })
    }

    /// The case at an offset found before.
    pub(crate) fn at(&mut self, offset: u64, mapping: &Mapping) -> Result<Case, Faults> {
        let jumped = self.records.jump(offset);
        jumped.map_err(|error| {
            vec![
                self.records
                    .problem(0, format!("cannot be read again: {error}")),
            ]
        })?;
        match self.next(mapping) {
            Some(found) => found.map(|found| found.case),
            None => Err(vec![changed(self.records.named())]),
        }
    }

    /// The line of an offset found before.
    pub(crate) fn line_at(&mut self, offset: u64) -> u64 {
        self.records.line_at(offset)
    }

    /// How it is cut into rows.
    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    /// The columns of a CSV file.
    pub(crate) fn head(&self) -> &[String] {
        &self.head
    }

    /// The text of the row that was found last.
    pub(crate) fn text(&self) -> &str {
        self.records.text()
    }

    /// A problem of a row.
    pub(crate) fn problem(&self, line: u64, message: impl Into<String>) -> Problem {
        self.records.problem(line, message)
    }

    /// The identity of everything that was read.
    pub(crate) fn digest(&self) -> Digest {
        let rows = self.records.digest();
        match &self.answers {
            Some(answers) => answers.digest_with(&rows),
            None => rows,
        }
    }

    /// Whether ids are derived in this source: the first row decides, and all must be alike.
    fn derives(&mut self, row: &Map<String, Json>, mapping: &Mapping) -> Result<bool, Vec<String>> {
        match (self.derive_id, !mapping.has_id(row)) {
            (None, derive) => {
                self.derive_id = Some(derive);
                Ok(derive)
            }
            (Some(false), true) => Err(vec![
                "`id` is missing, and earlier rows have one; give every row its own".to_owned(),
            ]),
            (Some(true), false) => Err(vec![
                "this row has an `id`, and earlier rows have none; give every row its own"
                    .to_owned(),
            ]),
            (Some(derive), _) => Ok(derive),
        }
    }

    /// The record as named values.
    fn row(&mut self) -> Result<Map<String, Json>, Vec<String>> {
        let text = self.records.text();
        match self.format {
            Format::Csv => {
                let cells = self.cells.split(text).map_err(|message| vec![message])?;
                if cells.len() != self.head.len() {
                    return Err(vec![format!(
                        "this row has {} cells, the head names {} columns; quote cells that hold a comma",
                        cells.len(),
                        self.head.len()
                    )]);
                }
                let named = self.head.iter().cloned();
                Ok(named.zip(cells.into_iter().map(Json::String)).collect())
            }
            Format::Lines | Format::Array => json_row(text).map_err(|message| vec![message]),
        }
    }
}

/// What is said of a file that begins with an object and whose first line is none.
fn no_lines(message: String) -> String {
    format!("{message}; a .json file holds an array of rows, or one object a line")
}

/// The keys of one JSON row; no key may be given twice.
pub(crate) fn json_row(text: &str) -> Result<Map<String, Json>, String> {
    match strict_json::parse(text.trim()) {
        Ok(Json::Object(map)) if map.len() > MOST_COLUMNS => {
            Err(format!("this row has over {MOST_COLUMNS} keys"))
        }
        Ok(Json::Object(map)) => Ok(map),
        Ok(_) => Err("a row is a JSON object: {\"id\": ..., \"input\": ...}".to_owned()),
        Err(error) => Err(format!("not a JSON object: {}", error.in_one_line())),
    }
}

/// Cases in the suite itself.
pub(crate) struct Inline<'a> {
    /// The suite's file, as named.
    pub(crate) named: &'a str,
    /// The cases with their places.
    pub(crate) items: &'a [(Span, Json)],
    /// The next one.
    pub(crate) next: usize,
}

impl Inline<'_> {
    fn next(&mut self, mapping: &Mapping) -> Option<Result<Found, Faults>> {
        let (span, item) = self.items.get(self.next)?;
        let offset = self.next as u64;
        self.next += 1;
        let derive = |row: &Map<String, Json>| {
            let first = self.items.first().and_then(|(_, item)| item.as_object());
            !mapping.has_id(row) && first.is_none_or(|first| !mapping.has_id(first))
        };
        let case = match item {
            Json::Object(row) => row::case(row.clone(), mapping, false, derive(row)),
            _ => Err(vec!["a case is a map: {id: ..., input: ...}".to_owned()]),
        };
        let problem = |message| crate::load::text::problem(self.named, *span, message);
        Some(match case {
            Ok(case) => Ok(Found { case, offset }),
            Err(wrong) => Err(wrong.into_iter().map(problem).collect()),
        })
    }
}
