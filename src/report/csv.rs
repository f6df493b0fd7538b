//! One row a trial, for spreadsheets and data frames.
//!
//! Numbers are written with all their digits and unquoted, every text is quoted and can never be a formula. Pass and fail are
//! 1 and 0, and what is missing is an empty cell, so that a column can be averaged as it stands; why a score is missing stands
//! in the column `unscored`. Rows of cases in quarantine, which no figure counts, say so. Repeats count from 0, as in the journal.

use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, WriterBuilder};

use super::Material;
use crate::analysis::findings::{ScoreCell, TrialRow};
use crate::funnel::csv_cell;

/// The columns before the scorers'.
const BEFORE: &[&str] = &["case", "target", "repeat", "state", "kind", "success"];

/// The columns behind the scorers'.
const BEHIND: &[&str] = &[
    "latency_ms",
    "cost_usd",
    "tokens_in",
    "tokens_out",
    "attempts",
    "unscored",
    "quarantined",
];

pub(super) fn render(material: &mut Material<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = WriterBuilder::new()
        .quote_style(QuoteStyle::NonNumeric)
        .terminator(Terminator::Any(b'\n'))
        .from_writer(out);
    let scorers = &material.head.scorers;
    let columns = scorers.iter().map(|id| column(id));
    let head = BEFORE.iter().map(|name| (*name).to_owned()).chain(columns);
    table.write_record(head.chain(BEHIND.iter().map(|name| (*name).to_owned())))?;
    let mut cells = Vec::new();
    for row in &mut *material.rows {
        cells.clear();
        fill(&mut cells, &row, scorers);
        table.write_record(&cells)?;
    }
    table.flush()
}

/// A scorer's column: its id, unless another column has that name.
fn column(id: &str) -> String {
    match BEFORE.contains(&id) || BEHIND.contains(&id) {
        true => format!("scorer:{id}"),
        false => csv_cell(id).into_owned(),
    }
}

fn fill(cells: &mut Vec<String>, row: &TrialRow, scorers: &[String]) {
    let text = |text: &str| csv_cell(text).into_owned();
    let bit = |truth: bool| u8::from(truth).to_string();
    let number = |number: Option<f64>| number.map_or(String::new(), |number| number.to_string());
    cells.extend([
        text(&row.case),
        text(&row.target),
        row.repeat.to_string(),
        row.state.to_owned(),
        text(row.kind.as_deref().unwrap_or("")),
        row.success.map_or(String::new(), bit),
    ]);
    let mut unscored = Vec::new();
    for (scorer, score) in scorers.iter().zip(&row.scores) {
        cells.push(match score {
            None => String::new(),
            Some(ScoreCell::Pass(pass)) => bit(*pass),
            Some(ScoreCell::Number(value, _)) => number(Some(*value)),
            Some(ScoreCell::Label(label)) => text(label),
            Some(ScoreCell::Unscored(why)) => {
                unscored.push(format!("{scorer}: {why}"));
                String::new()
            }
        });
    }
    cells.extend([
        number(row.latency_ms),
        number(row.cost_usd),
        row.tokens
            .map_or(String::new(), |(input, _)| input.to_string()),
        row.tokens
            .map_or(String::new(), |(_, output)| output.to_string()),
        row.attempts.to_string(),
        text(&unscored.join("; ")),
        bit(row.quarantined),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::findings::RowHead;
    use crate::funnel::csv_text;
    use crate::report::{Frame, examples, kind};

    fn rendered(head: &RowHead, rows: Vec<TrialRow>) -> String {
        let mut out = Vec::new();
        let material = Material {
            findings: &examples::support(),
            head,
            rows: &mut rows.into_iter(),
            cases: &mut examples::Book::default(),
            frame: &Frame::default(),
        };
        kind("csv").unwrap().render(material, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_state_has_its_row() {
        let (head, rows) = examples::rows();
        insta::assert_snapshot!(rendered(&head, rows));
    }

    #[test]
    fn no_text_is_a_formula_and_every_text_comes_back() {
        let (head, mut rows) = examples::rows();
        let hostile = "=HYPERLINK(\"http://127.0.0.1\")\r\n,;";
        rows.truncate(1);
        rows[0].case = hostile.into();
        rows[0].kind = Some("@SUM(A1)".into());
        rows[0].scores[2] = Some(ScoreCell::Label("+1".into()));
        rows[0].scores[1] = Some(ScoreCell::Number(-0.5, None));
        let written = rendered(&head, rows);
        let mut reader = csv::Reader::from_reader(written.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        assert!(record[0].starts_with('\''), "{written}");
        assert_eq!(csv_text(&record[0]), hostile);
        assert_eq!(&record[4], "'@SUM(A1)");
        assert_eq!(&record[7], "-0.5");
        assert_eq!(&record[8], "+1", "a plain number is no formula");
    }

    #[test]
    fn rows_are_written_as_they_come() {
        // A row that is taken after the writer failed would mean that rows pile up somewhere.
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 += bytes.len();
                match self.0 > 100_000 {
                    true => Err(io::Error::other("full")),
                    false => Ok(bytes.len()),
                }
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (head, rows) = examples::rows();
        let mut taken = 0;
        let mut endless = std::iter::repeat(rows[0].clone()).inspect(|_| taken += 1);
        let material = Material {
            findings: &examples::support(),
            head: &head,
            rows: &mut endless,
            cases: &mut examples::Book::default(),
            frame: &Frame::default(),
        };
        let err = kind("csv")
            .unwrap()
            .render(material, &mut Full(0))
            .unwrap_err();
        assert_eq!(err.to_string(), "the csv report could not be written: full");
        assert!(taken < 10_000, "{taken}");
    }
}
