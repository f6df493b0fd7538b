//! A plain table of scores for people who run elsewhere: a row is a case, a column a side of a comparison.

use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::domain::decode::{Problem, unknown};

use super::dataset::cells::Cells;
use super::dataset::cut::Format;
use super::dataset::records::Records;
use super::dataset::row::{MOST_COLUMNS, format_of};
use super::dataset::sources::json_row;

/// How many problems are told; the others are counted.
const MOST_PROBLEMS: usize = 20;

/// The columns that were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Per asked column, in the order asked, one value a row; `None`: the cell is empty.
    pub columns: Vec<Vec<Option<f64>>>,
    /// Per row, the cluster; `None` where no cluster column was asked for.
    pub clusters: Option<Vec<String>>,
    /// How many rows there are.
    pub rows: usize,
}

/// Reads `columns` (and the column `cluster` as text) of a CSV, JSONL or JSON file. An empty cell, or a JSON null or absent key, is
/// missing; anything else must be a finite number.
///
/// # Errors
/// Every problem with its row, at most 20 and the count of the rest.
pub fn read(path: &Path, columns: &[&str], cluster: Option<&str>) -> Result<Table, Vec<Problem>> {
    let named = path.display().to_string();
    let whole = |message: String| {
        vec![super::text::problem(
            &named,
            crate::domain::tree::Span::default(),
            message,
        )]
    };
    let format = format_of(&named).map_err(whole)?;
    let records = Records::open(path, &named, format).map_err(|problem| vec![problem])?;
    let mut reader = Reader {
        records,
        format,
        head: Vec::new(),
        cells: Cells::new(),
        columns,
        cluster,
        table: Table {
            columns: vec![Vec::new(); columns.len()],
            clusters: cluster.map(|_| Vec::new()),
            rows: 0,
        },
        found: vec![false; columns.len()],
        seen: Vec::new(),
        problems: Vec::new(),
        more: 0,
    };
    reader.read();
    reader.finish()
}

struct Reader<'a> {
    records: Records,
    format: Format,
    head: Vec<String>,
    cells: Cells,
    columns: &'a [&'a str],
    cluster: Option<&'a str>,
    table: Table,
    /// Per asked column, whether any row has it.
    found: Vec<bool>,
    /// The columns of the first rows, for suggestions.
    seen: Vec<String>,
    problems: Vec<Problem>,
    more: u64,
}

impl Reader<'_> {
    fn note(&mut self, line: u64, message: impl Into<String>) {
        let problem = self.records.problem(line, message);
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.more += 1;
        }
    }

    fn read(&mut self) {
        while let Some(record) = self.records.next() {
            let line = match record {
                Ok(place) => place.line,
                Err(problem) => {
                    self.problems.push(problem);
                    continue;
                }
            };
            if self.format == Format::Csv && self.head.is_empty() {
                if !self.read_head(line) {
                    return;
                }
                continue;
            }
            match self.row() {
                Ok(row) => self.take(line, &row),
                Err(message) => self.note(line, message),
            }
        }
    }

    /// The head names each column once, and those asked for among them.
    fn read_head(&mut self, line: u64) -> bool {
        match self.cells.split(self.records.text()) {
            Ok(head) => self.head = head,
            Err(message) => {
                self.note(line, message);
                return false;
            }
        }
        for name in self.columns.iter().copied().chain(self.cluster) {
            match self.head.iter().filter(|column| *column == name).count() {
                0 => {
                    let known: Vec<&str> = self.head.iter().take(200).map(String::as_str).collect();
                    let message = unknown("column", name, &known);
                    self.note(line, message);
                }
                1 => {}
                _ => self.note(
                    line,
                    format!("the column `{name}` is named twice in the head; rename one"),
                ),
            }
        }
        self.problems.is_empty()
    }

    fn row(&mut self) -> Result<Map<String, Json>, String> {
        let text = self.records.text();
        if self.format != Format::Csv {
            return json_row(text);
        }
        let cells = self.cells.split(text)?;
        if cells.len() != self.head.len() || cells.len() > MOST_COLUMNS {
            return Err(format!(
                "this row has {} cells, the head names {} columns; quote cells that hold a comma",
                cells.len(),
                self.head.len()
            ));
        }
        let named = self.head.iter().cloned();
        Ok(named.zip(cells.into_iter().map(Json::String)).collect())
    }

    fn take(&mut self, line: u64, row: &Map<String, Json>) {
        if self.seen.len() < 200 {
            let new: Vec<String> = row
                .keys()
                .filter(|key| !self.seen.contains(key))
                .cloned()
                .collect();
            self.seen.extend(new);
        }
        for (at, name) in self.columns.iter().enumerate() {
            let cell = row.get(*name);
            self.found[at] |= cell.is_some();
            let value = match cell.map_or(Ok(None), number) {
                Ok(value) => value,
                Err(written) => {
                    let problem = self.records.problem(
                        line,
                        format!("column `{name}`: `{written}` is not a finite number; leave the cell empty where there is none"),
                    );
                    if self.problems.len() < MOST_PROBLEMS {
                        self.problems.push(problem);
                    } else {
                        self.more += 1;
                    }
                    None
                }
            };
            self.table.columns[at].push(value);
        }
        if let Some(name) = self.cluster {
            let text = match row.get(name) {
                Some(Json::String(text)) => text.trim().to_owned(),
                Some(Json::Number(number)) => number.to_string(),
                _ => String::new(),
            };
            if text.is_empty() {
                self.note(
                    line,
                    format!("column `{name}`: the cluster is missing; name it in every row"),
                );
            }
            if let Some(clusters) = &mut self.table.clusters {
                clusters.push(text);
            }
        }
        self.table.rows += 1;
    }

    fn finish(mut self) -> Result<Table, Vec<Problem>> {
        if self.problems.is_empty() && self.table.rows == 0 {
            self.note(0, "the table has no rows");
        }
        if self.problems.is_empty() {
            let missing: Vec<&str> = self
                .columns
                .iter()
                .zip(&self.found)
                .filter_map(|(name, found)| (!found).then_some(*name))
                .collect();
            for name in missing {
                let known: Vec<&str> = self.seen.iter().map(String::as_str).collect();
                let message = unknown("column", name, &known);
                self.note(0, message);
            }
        }
        if self.problems.is_empty() {
            return Ok(self.table);
        }
        self.problems.sort();
        if self.more > 0 {
            let message = format!("and {} more problems in the table", self.more);
            self.problems.push(self.records.problem(0, message));
        }
        Err(self.problems)
    }
}

/// The number of a cell; what is written there if it is none.
fn number(cell: &Json) -> Result<Option<f64>, String> {
    let value = match cell {
        Json::Null => return Ok(None),
        Json::String(text) if text.trim().is_empty() => return Ok(None),
        Json::String(text) => text.trim().parse().ok(),
        Json::Number(number) => number.as_f64(),
        Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    };
    match value {
        Some(value) if value.is_finite() => Ok(Some(value)),
        _ => {
            let written = match cell {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            Err(written.chars().take(40).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(
        name: &str,
        text: &str,
        columns: &[&str],
        cluster: Option<&str>,
    ) -> Result<Table, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let short = |problem: Problem| {
            let (_, said) = problem
                .to_string()
                .split_once(name)
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .unwrap();
            said
        };
        read(&path, columns, cluster).map_err(|all| all.into_iter().map(short).collect())
    }

    #[test]
    fn columns_are_numbers_and_an_empty_cell_is_missing() {
        let expected = Table {
            columns: vec![vec![Some(0.5), None], vec![Some(1.0), Some(-2e3)]],
            clusters: Some(vec!["x".into(), "y".into()]),
            rows: 2,
        };
        let csv = "id,new,old,group\n1, 1 ,0.5,x\n2,-2e3,,y\n";
        assert_eq!(
            table("t.csv", csv, &["old", "new"], Some("group")).unwrap(),
            expected
        );
        let lines =
            "{\"old\": 0.5, \"new\": 1, \"group\": \"x\"}\n{\"new\": -2000, \"group\": \"y\"}\n";
        assert_eq!(
            table("t.jsonl", lines, &["old", "new"], Some("group")).unwrap(),
            expected
        );
    }

    #[test]
    fn what_is_no_number_is_named_by_row_and_column() {
        let said = table("t.csv", "a,b\n1,yes\nNaN,2\n1\n", &["a", "b"], None).unwrap_err();
        assert_eq!(
            said,
            [
                ":2: column `b`: `yes` is not a finite number; leave the cell empty where there is none",
                ":3: column `a`: `NaN` is not a finite number; leave the cell empty where there is none",
                ":4: this row has 1 cells, the head names 2 columns; quote cells that hold a comma",
            ]
        );
    }

    #[test]
    fn unknown_columns_are_answered_with_a_suggestion() {
        let said = table("t.csv", "prod,next\n1,2\n", &["prd"], Some("gruop")).unwrap_err();
        assert!(said[0].contains("known here: next, prod"), "{said:?}");
        assert!(said[1].contains("did you mean `prod`?"), "{said:?}");
        let said = table("t.jsonl", "{\"prod\": 1}", &["prd"], None).unwrap_err();
        assert!(said[0].contains("did you mean `prod`?"), "{said:?}");
        assert!(table("t.csv", "prod\n", &["prod"], None).unwrap_err()[0].contains("no rows"));
        assert!(table("t.csv", "", &["prod"], None).unwrap_err()[0].contains("no rows"));
    }
}
