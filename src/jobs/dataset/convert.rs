//! A file of rows in another format, losing nothing: where the other format cannot say what a row says, it is refused with its place.
//!
//! JSON into JSON keeps the very text of every row, numbers of any length included. Into CSV goes what comes back as it was: texts; of
//! our own fields also what the reader of cases turns back from a cell (lists of texts, checks, metadata), which is tried on every row.
//! A file of our cases without ids gets them written out, since the ones derived from rows would change with the rows' form.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::jobs::JobError;
use crate::load::dataset::look::{FIELDS, Row, Rows, case_of};

/// The most columns of a CSV file that is written.
const MOST_COLUMNS: usize = 10_000;

/// A format that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// A JSON object a line.
    Jsonl,
    /// Columns with a head.
    Csv,
    /// A JSON array.
    Json,
}

/// What is to be converted.
#[derive(Debug, Clone)]
pub struct Convert {
    /// The file.
    pub file: PathBuf,
    /// The format.
    pub to: Written,
    /// Where it goes; `None`: to `write`.
    pub out: Option<PathBuf>,
    /// Replace a file that is there.
    pub force: bool,
}

/// What was converted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Converted {
    /// Rows.
    pub rows: u64,
    /// Cells of CSV that a spreadsheet would take for formulas: they are written as they are, since another text would be another case.
    pub formulas: u64,
}

/// Converts. Without a file it is `write` that gets the bytes.
pub fn convert(order: &Convert, write: &mut dyn Write) -> Result<Converted, JobError> {
    let head = match order.to {
        Written::Csv => Some(head(&order.file)?),
        Written::Jsonl | Written::Json => None,
    };
    let Some(out) = &order.out else {
        return rows(order, head.as_deref(), write, Path::new("stdout"));
    };
    if out.exists() && !order.force {
        return Err(JobError::Usage(format!(
            "{}: there is such a file; name another, or replace it with --force",
            out.display()
        )));
    }
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let lost =
        |error: &io::Error| JobError::Store(format!("cannot write {}: {error}", out.display()));
    let made = File::create(&partial)
        .map_err(|error| lost(&error))
        .and_then(|file| {
            let mut file = BufWriter::new(file);
            let converted = rows(order, head.as_deref(), &mut file, out)?;
            file.flush().map_err(|error| lost(&error))?;
            std::fs::rename(&partial, out).map_err(|error| lost(&error))?;
            Ok(converted)
        });
    if made.is_err() {
        // What is there of it is of no use.
        let _ = std::fs::remove_file(&partial);
    }
    made
}

/// Whether rows are cases of ours, and whether they lack ids.
#[derive(Clone, Copy)]
struct Kind {
    ours: bool,
    no_ids: bool,
}

impl Kind {
    fn of(first: &Row) -> Self {
        let ours = first.fields.contains_key("input");
        Self {
            ours,
            no_ids: ours && !first.fields.contains_key("id"),
        }
    }

    /// Holds that a row has an id where the first one has, as every reader of cases will.
    fn check(self, row: &Row) -> Result<(), String> {
        match (self.no_ids, row.fields.contains_key("id")) {
            _ if !self.ours => Ok(()),
            (false, false) => {
                Err("`id` is missing, and earlier rows have one; give every row its own".to_owned())
            }
            (true, true) => Err(
                "this row has an `id`, and earlier rows have none; give every row its own"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }
}

/// The columns of all rows, in the order in which they are met.
fn head(file: &Path) -> Result<Vec<String>, JobError> {
    let mut rows = Rows::open(file).map_err(JobError::Invalid)?;
    let mut head: Vec<String> = rows.head().to_vec();
    let mut no_ids = false;
    while let Some(row) = rows.next_row() {
        let row = row.map_err(JobError::Invalid)?;
        no_ids |= Kind::of(&row).no_ids;
        for name in row.fields.keys() {
            if !head.contains(name) {
                if name.trim().is_empty() || name.contains('\0') {
                    return Err(JobError::Invalid(vec![rows.problem(
                        row.line,
                        "a key is empty or holds a NUL character, and no column of CSV is called so; keep .jsonl",
                    )]));
                }
                if head.len() == MOST_COLUMNS {
                    return Err(JobError::Invalid(vec![rows.problem(
                        row.line,
                        format!("over {MOST_COLUMNS} columns; keep .jsonl"),
                    )]));
                }
                head.push(name.clone());
            }
        }
    }
    if no_ids && !head.iter().any(|name| name == "id") {
        head.insert(0, "id".to_owned());
    }
    Ok(head)
}

fn rows(
    order: &Convert,
    head: Option<&[String]>,
    write: &mut dyn Write,
    out: &Path,
) -> Result<Converted, JobError> {
    let mut rows = Rows::open(&order.file).map_err(JobError::Invalid)?;
    let lost =
        |error: io::Error| JobError::Store(format!("cannot write {}: {error}", out.display()));
    let (mut converted, mut kind) = (Converted::default(), None);
    if let Some(head) = head.filter(|head| !head.is_empty()) {
        write.write_all(csv_row(head).as_bytes()).map_err(lost)?;
    }
    while let Some(row) = rows.next_row() {
        let row = row.map_err(JobError::Invalid)?;
        let kind = *kind.get_or_insert_with(|| Kind::of(&row));
        let text = kind
            .check(&row)
            .and_then(|()| text_of(&rows, &row, kind, head, &mut converted.formulas))
            .map_err(|message| JobError::Invalid(vec![rows.problem(row.line, message)]))?;
        let before = match (order.to, converted.rows) {
            (Written::Json, 0) => "[\n",
            (Written::Json, _) => ",\n",
            (_, _) => "",
        };
        let after = if order.to == Written::Jsonl { "\n" } else { "" };
        for part in [before, &text, after] {
            write.write_all(part.as_bytes()).map_err(lost)?;
        }
        converted.rows += 1;
    }
    let end = match (order.to, converted.rows) {
        (Written::Json, 0) => "[]\n",
        (Written::Json, _) => "\n]\n",
        (_, _) => "",
    };
    write.write_all(end.as_bytes()).map_err(lost)?;
    Ok(converted)
}

/// A row in its new form; cells that look like formulas are counted.
fn text_of(
    rows: &Rows,
    row: &Row,
    kind: Kind,
    head: Option<&[String]>,
    formulas: &mut u64,
) -> Result<String, String> {
    let is_csv = rows.is_csv();
    let case = match kind.ours {
        true => Some(case_of(&row.fields, is_csv).map_err(|wrong| wrong.join("; "))?),
        false => None,
    };
    let id = case
        .as_ref()
        .filter(|_| kind.no_ids)
        .map(|case| case.id.clone());
    let Some(head) = head else {
        if let (Some(text), None) = (rows.text(), &id) {
            // A line end stands between values only: inside of a text it would be written `\n`.
            return Ok(text.replace(['\n', '\r'], " "));
        }
        let mut fields = row.fields.clone();
        if let (true, Some(case)) = (is_csv, &case) {
            fields = as_json(&row.fields, case);
        }
        if let Some(id) = id {
            fields.shift_insert(0, "id".to_owned(), Json::String(id));
        }
        return serde_json::to_string(&Json::Object(fields)).map_err(|error| error.to_string());
    };
    let mut cells: Vec<String> = Vec::with_capacity(head.len());
    for name in head {
        let cell = match (row.fields.get(name), &id) {
            (None, Some(id)) if name == "id" => id.clone(),
            (found, _) => cell(name, found, kind.ours && !is_csv)?,
        };
        *formulas += u64::from(is_formula(&cell));
        cells.push(cell);
    }
    if let Some(case) = &case {
        let named = head
            .iter()
            .cloned()
            .zip(cells.iter().cloned().map(Json::String));
        let again = case_of(&named.collect(), true).map_err(|wrong| wrong.join("; "))?;
        if again != *case {
            return Err("as a CSV row it would make another case (a text that begins like a list, an answer that is no text, messages?); keep .jsonl".to_owned());
        }
    }
    Ok(csv_row(&cells))
}

/// What a CSV cell says of a value, if it comes back as it was.
fn cell(name: &str, value: Option<&Json>, ours: bool) -> Result<String, String> {
    let is_field = ours && FIELDS.contains(&name);
    match value {
        None | Some(Json::Null) if is_field => Ok(String::new()),
        Some(Json::String(text)) if text.is_empty() && is_field => Err(format!(
            "`{name}` is an empty text, which a CSV cell cannot tell from none; remove the field, or keep .jsonl"
        )),
        Some(Json::String(text)) if text.contains('\0') => Err(format!(
            "`{name}` holds a NUL character, which no text file may; keep .jsonl"
        )),
        Some(Json::String(text)) => Ok(text.clone()),
        Some(Json::Array(_))
            if is_field && ["choices", "context", "tags", "checks"].contains(&name) =>
        {
            Ok(value.map(Json::to_string).unwrap_or_default())
        }
        Some(Json::Object(_)) if is_field && name == "metadata" => {
            Ok(value.map(Json::to_string).unwrap_or_default())
        }
        // Both are read as text in JSON too.
        Some(Json::Number(number)) if is_field && ["id", "cluster"].contains(&name) => {
            Ok(number.to_string())
        }
        None => Err(format!(
            "`{name}` is missing here and there elsewhere: a CSV cell cannot tell that from an empty text; give every row the column, or keep .jsonl"
        )),
        Some(other) => Err(format!(
            "`{name}` is {}: a CSV cell is text and would come back as text; keep .jsonl",
            match other {
                Json::Null => "null",
                Json::Bool(_) => "a truth value",
                Json::Number(_) => "a number",
                Json::Array(_) => "a list",
                Json::Object(_) => "an object",
                Json::String(_) => "text",
            }
        )),
    }
}

/// The cells of a case of ours as the values that they mean.
fn as_json(cells: &Map<String, Json>, case: &crate::domain::case::Case) -> Map<String, Json> {
    let texts = |list: &[String]| Json::from(list.to_vec());
    let value = |name: &str, cell: &Json| match name {
        "choices" => texts(&case.choices),
        "context" => texts(&case.context),
        "tags" => texts(&case.tags),
        "checks" => Json::from(case.checks.clone()),
        "metadata" => Json::Object(case.metadata.clone()),
        _ => cell.clone(),
    };
    let kept = cells
        .iter()
        .filter(|(name, cell)| !(FIELDS.contains(&name.as_str()) && cell.as_str() == Some("")));
    kept.map(|(name, cell)| (name.clone(), value(name, cell)))
        .collect()
}

/// A CSV row with its line end; cells are quoted where they must be.
fn csv_row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    cells.join(",") + "\r\n"
}

/// Whether a spreadsheet would take a cell for a formula.
fn is_formula(cell: &str) -> bool {
    let begins = cell.trim_start().starts_with(['=', '+', '-', '@']);
    begins && cell.trim().parse::<f64>().is_err()
}

fn quoted(cell: &str) -> String {
    // A mark of byte order at a file's beginning would be dropped.
    let plain = !cell.contains(['"', ',', '\n', '\r', '\u{feff}'])
        && !cell.is_empty()
        && cell.trim() == cell;
    match plain {
        true => cell.to_owned(),
        false => format!("\"{}\"", cell.replace('"', "\"\"")),
    }
}
