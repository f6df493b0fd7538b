//! Small files of rows, read whole: CSV with commas, semicolons or tabs, JSON lines, or one JSON array.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::domain::decode::Problem;
use crate::domain::quoting;
use crate::domain::tree::Span;
use crate::funnel::csv_text;
use crate::load::text::{cannot_read, decode, problem};

/// The most bytes of a labels file: people cannot have given more labels than fit.
const MOST: u64 = 512 << 20;
/// The most columns.
const MOST_COLUMNS: usize = 10_000;
/// How many problems are told; the others are counted.
pub(crate) const MOST_PROBLEMS: usize = 20;

/// A file of rows.
#[derive(Debug)]
pub(crate) struct Rows {
    /// The file as the user named it.
    pub(crate) named: String,
    /// The columns in the order of the head; for JSON in the order in which keys first appear.
    pub(crate) columns: Vec<String>,
    /// The rows.
    pub(crate) rows: Vec<Row>,
    /// Cells are separated by semicolons: a number may have a decimal comma.
    pub(crate) decimal_comma: bool,
    /// The rows are JSON objects, in which nothing and an empty text are different.
    pub(crate) is_json: bool,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Its line in the file, from 1; in a JSON array its place.
    pub(crate) line: u64,
    /// Its cells as they are written, in the order of the columns; empty where there is nothing.
    pub(crate) cells: Vec<String>,
    /// Of JSON the columns that it does not have, by their places; a row of a table has all.
    pub(crate) absent: Vec<usize>,
}

impl Rows {
    /// Reads a file by the ending of its name: `.jsonl`, `.json`, else CSV.
    pub(crate) fn read(path: &Path) -> Result<Self, Vec<Problem>> {
        let named = path.display().to_string();
        let text = whole(path, &named).map_err(|problem| vec![problem])?;
        let ending = path.extension().and_then(|ending| ending.to_str());
        match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("jsonl" | "ndjson") => lines(named, &text),
            Some("json") => array(named, &text),
            _ => table(named, &text),
        }
    }

    /// The place of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// A problem of this file at a line (0: the whole file).
    pub(crate) fn problem(&self, line: u64, message: impl Into<String>) -> Problem {
        at(&self.named, line, message)
    }
}

impl Row {
    /// A cell without the spaces around it; `None` where it is empty or there is no such column.
    pub(crate) fn cell(&self, column: Option<usize>) -> Option<&str> {
        let cell = self.cells.get(column?)?.trim();
        (!cell.is_empty()).then_some(cell)
    }

    /// Whether it has this cell, and nothing in it.
    pub(crate) fn is_blank(&self, column: usize) -> bool {
        self.cells.get(column).is_some_and(String::is_empty) && !self.absent.contains(&column)
    }

    /// A text, every space of which counts; `None` where it is empty or there is no such column.
    pub(crate) fn text(&self, column: Option<usize>) -> Option<&str> {
        let cell = self.cells.get(column?)?;
        (!cell.is_empty()).then_some(cell)
    }
}

/// The problems of a file as they are found, at most [`MOST_PROBLEMS`] of them told.
#[derive(Debug, Default)]
pub(crate) struct Found {
    list: Vec<Problem>,
    more: u64,
}

impl Found {
    pub(crate) fn note(&mut self, problem: Problem) {
        if self.list.len() < MOST_PROBLEMS {
            self.list.push(problem);
        } else {
            self.more += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The value, if nothing was found.
    pub(crate) fn unless<T>(mut self, named: &str, value: T) -> Result<T, Vec<Problem>> {
        if self.list.is_empty() {
            return Ok(value);
        }
        if self.more > 0 {
            self.list
                .push(at(named, 0, format!("and {} more problems", self.more)));
        }
        Err(self.list)
    }
}

/// A problem of a file at a line (0: the whole file).
pub(crate) fn at(named: &str, line: u64, message: impl Into<String>) -> Problem {
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    problem(named, Span { line, column: 0 }, message.into())
}

/// A file of labels as text.
pub(crate) fn whole(path: &Path, named: &str) -> Result<String, Problem> {
    let cannot = |error: &std::io::Error| at(named, 0, cannot_read(error));
    let file = File::open(path).map_err(|error| cannot(&error))?;
    let kind = file.metadata().map_err(|error| cannot(&error))?;
    if !kind.is_file() {
        return Err(at(named, 0, "this is no regular file"));
    }
    if kind.len() > MOST {
        return Err(at(
            named,
            0,
            format!("the file is over {} MiB; split it", MOST >> 20),
        ));
    }
    let mut bytes = Vec::new();
    file.take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| cannot(&error))?;
    decode(&bytes, named)
}

/// The separator of the first line: of comma, semicolon and tab the one that it holds most often outside quotes.
fn separator(text: &str) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            byte if !quoted => {
                for (known, count) in &mut counts {
                    *count += usize::from(*known == byte);
                }
            }
            _ => {}
        }
    }
    // Of equals the first listed: a comma.
    counts
        .iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(known, _)| *known)
}

fn table(named: String, text: &str) -> Result<Rows, Vec<Problem>> {
    let separator = separator(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut found = Found::default();
    let mut rows = Rows {
        named,
        columns: Vec::new(),
        rows: Vec::new(),
        decimal_comma: separator == b';',
        is_json: false,
    };
    let mut record = csv::StringRecord::new();
    let mut lines = Lines::of(text);
    loop {
        let start = reader.position().byte();
        let line = lines.line(start);
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Err(error) => {
                found.note(rows.problem(line, format!("not a CSV row: {error}")));
                break;
            }
            Ok(true) => {}
        }
        let place = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX);
        let written = text.get(place(start)..place(reader.position().byte()));
        let written = written.unwrap_or_default().trim_matches(['\r', '\n']);
        if let Err(message) = quoting::check(written, separator) {
            found.note(rows.problem(line, message));
            continue;
        }
        let cells: Vec<String> = record
            .iter()
            .map(|cell| csv_text(cell).to_owned())
            .collect();
        if rows.columns.is_empty() {
            let cells: Vec<String> = cells.iter().map(|name| name.trim().to_owned()).collect();
            head(&mut found, &rows.named, line, &cells);
            rows.columns = cells;
        } else if cells.len() == rows.columns.len() {
            rows.rows.push(Row {
                line,
                cells,
                absent: Vec::new(),
            });
        } else {
            let message = format!(
                "this row has {} cells, the head names {} columns; quote cells that hold a `{}`",
                cells.len(),
                rows.columns.len(),
                separator as char
            );
            found.note(rows.problem(line, message));
        }
    }
    if rows.rows.is_empty() && found.is_empty() {
        found.note(rows.problem(0, "there are no rows"));
    }
    let named = rows.named.clone();
    found.unless(&named, rows)
}

/// Which line a byte stands on, asked for in the order of the bytes: the CSV reader's own count is off where lines end in both `\r`
/// and `\n`, and where empty lines stand between rows.
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    /// The line, from 1, of the first byte from here on that ends no line.
    pub(crate) fn line(&mut self, byte: u64) -> u64 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(next) = self.bytes.get(self.at) {
            if self.at >= byte && !matches!(next, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*next == b'\n');
            self.at += 1;
        }
        self.line
    }
}

fn head(found: &mut Found, named: &str, line: u64, names: &[String]) {
    if names.len() > MOST_COLUMNS {
        let message = format!(
            "the head names {} columns, at most {MOST_COLUMNS} are read",
            names.len()
        );
        found.note(at(named, line, message));
        return;
    }
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    for pair in sorted.windows(2) {
        if pair[0] == pair[1] && !pair[0].is_empty() {
            let message = format!(
                "the column `{}` is named twice in the head; rename one",
                pair[0]
            );
            found.note(at(named, line, message));
        }
    }
}

fn lines(named: String, text: &str) -> Result<Rows, Vec<Problem>> {
    let mut objects = Vec::new();
    let mut found = Found::default();
    for (line, text) in (1_u64..).zip(text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Map<String, Json>>(text) {
            Ok(object) => objects.push((line, object)),
            Err(error) => found.note(at(&named, line, format!("not a JSON object: {error}"))),
        }
    }
    objects_as_rows(named, objects, found)
}

fn array(named: String, text: &str) -> Result<Rows, Vec<Problem>> {
    match serde_json::from_str::<Vec<Map<String, Json>>>(text) {
        Ok(list) => objects_as_rows(named, (1_u64..).zip(list).collect(), Found::default()),
        Err(error) => Err(vec![at(
            &named,
            error.line() as u64,
            format!("a JSON array of objects is wanted: {error}"),
        )]),
    }
}

fn objects_as_rows(
    named: String,
    objects: Vec<(u64, Map<String, Json>)>,
    mut found: Found,
) -> Result<Rows, Vec<Problem>> {
    let mut columns: Vec<String> = Vec::new();
    for (_, object) in &objects {
        for key in object.keys() {
            if columns.len() < MOST_COLUMNS && !columns.contains(key) {
                columns.push(key.clone());
            }
        }
    }
    let mut rows = Vec::with_capacity(objects.len());
    for (line, object) in objects {
        let mut cells = Vec::with_capacity(columns.len());
        for column in &columns {
            cells.push(match object.get(column) {
                None | Some(Json::Null) => String::new(),
                Some(Json::String(text)) => text.clone(),
                Some(Json::Bool(yes)) => yes.to_string(),
                Some(Json::Number(number)) => number.to_string(),
                Some(other @ (Json::Array(_) | Json::Object(_))) => other.to_string(),
            });
        }
        let is_absent = |column: &String| matches!(object.get(column), None | Some(Json::Null));
        let places = columns.iter().enumerate();
        let absent = places
            .filter(|(_, column)| is_absent(column))
            .map(|(place, _)| place)
            .collect();
        rows.push(Row {
            line,
            cells,
            absent,
        });
    }
    if rows.is_empty() && found.is_empty() {
        found.note(at(&named, 0, "there are no rows"));
    }
    let rows = Rows {
        named: named.clone(),
        columns,
        rows,
        decimal_comma: false,
        is_json: true,
    };
    found.unless(&named, rows)
}

/// A finite number as it is written in a cell; `decimal_comma`: `4,5` is one too.
pub(crate) fn number(cell: &str, decimal_comma: bool) -> Option<f64> {
    let plain = cell.trim().trim_start_matches('\'');
    let swapped;
    let text = if decimal_comma && plain.matches(',').count() == 1 && !plain.contains('.') {
        swapped = plain.replace(',', ".");
        &swapped
    } else {
        plain
    };
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, bytes: &[u8]) -> Result<Rows, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let short = |problem: Problem| {
            let text = problem.to_string();
            text.split_once(name)
                .map(|(_, said)| said.to_owned())
                .unwrap()
        };
        Rows::read(&path).map_err(|all| all.into_iter().map(short).collect())
    }

    fn cells(rows: &Rows) -> Vec<(u64, Vec<&str>)> {
        rows.rows
            .iter()
            .map(|row| (row.line, row.cells.iter().map(|cell| cell.trim()).collect()))
            .collect()
    }

    #[test]
    fn a_quote_that_is_not_doubled_is_refused_with_its_line() {
        let said = read(
            "l.csv",
            b"item;why\n1;fine\n\n2;\"so \\\"it\\\" is\"\n3;\"a \"\"b\"\"\"\n",
        )
        .unwrap_err();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with(":4: cell 2 goes on behind its closing quote, with `it\\\" is\"`"),
            "{said:?}"
        );
    }

    #[test]
    fn commas_semicolons_tabs_and_json_give_the_same_rows() {
        let wanted = vec![(2, vec!["1", "pass"]), (3, vec!["2", ""])];
        for (name, text, is_semicolon) in [
            ("l.csv", "item,label\n1, pass\n2,\n", false),
            ("l.csv", "\u{feff}item;label\r\n1;pass\r\n2;\r\n", true),
            ("l.tsv", "item\tlabel\n1\tpass\n2\t\n", false),
        ] {
            let rows = read(name, text.as_bytes()).unwrap();
            assert_eq!(cells(&rows), wanted, "{text:?}");
            assert_eq!(rows.decimal_comma, is_semicolon);
        }
        let lines = read(
            "l.jsonl",
            b"{\"item\": 1, \"label\": \"pass\"}\n\n{\"item\": \"2\", \"label\": null}\n",
        )
        .unwrap();
        assert_eq!(cells(&lines), [(1, vec!["1", "pass"]), (3, vec!["2", ""])]);
        let array = read("l.json", b"[{\"item\": 1, \"label\": true}]").unwrap();
        assert_eq!(cells(&array), [(1, vec!["1", "true"])]);
    }

    #[test]
    fn a_line_is_counted_whatever_ends_it_and_texts_keep_what_they_hold() {
        let rows = read("l.csv", b"a,b\r\n\r\n1,\" x\r\ny \"\r\n\r\n2,'=1+1\r\n").unwrap();
        let lines: Vec<u64> = rows.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [3, 6]);
        assert_eq!(rows.rows[0].text(Some(1)), Some(" x\r\ny "));
        assert_eq!(rows.rows[0].cell(Some(1)), Some("x\r\ny"));
        assert_eq!(rows.rows[1].text(Some(1)), Some("=1+1"));
    }

    #[test]
    fn what_is_broken_is_named_by_its_line() {
        for (name, bytes, wanted) in [
            (
                "l.csv",
                &b"a,b\n1\n"[..],
                ":2: this row has 1 cells, the head names 2 columns",
            ),
            ("l.csv", b"a,a\n1,2\n", ":1: the column `a` is named twice"),
            ("l.jsonl", b"{\"a\": 1}\n[1]\n", ":2: not a JSON object"),
            (
                "l.json",
                b"{\"a\": 1}",
                ":1: a JSON array of objects is wanted",
            ),
            ("l.json", b"[]", ": there are no rows"),
            ("l.csv", b"a,b\n", ": there are no rows"),
            ("l.csv", b"", ": there are no rows"),
            ("l.csv", b"a\n\xff\n", ":2:1: byte 2 (0xff) is not UTF-8"),
        ] {
            let said = read(name, bytes).unwrap_err();
            assert!(said[0].starts_with(wanted), "{wanted}: {said:?}");
        }
        let many: String = std::iter::once("a,b\n".to_owned())
            .chain((0..30).map(|_| "1\n".to_owned()))
            .collect();
        let said = read("l.csv", many.as_bytes()).unwrap_err();
        assert_eq!(
            (said.len(), said[20].as_str()),
            (21, ": and 10 more problems")
        );
    }

    #[test]
    fn a_number_has_a_point_or_where_cells_end_in_semicolons_a_comma() {
        assert_eq!(number("4.5", false), Some(4.5));
        assert_eq!(number("'-1", false), Some(-1.0));
        assert_eq!(number("4,5", true), Some(4.5));
        for (text, comma) in [
            ("4,5", false),
            ("1,234,5", true),
            ("NaN", false),
            ("inf", true),
            ("", false),
        ] {
            assert_eq!(number(text, comma), None, "{text}");
        }
    }
}
