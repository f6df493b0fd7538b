//! Recorded outputs as a CSV table.

use std::io::{self, Read};

use crate::domain::message::Usage;
use crate::domain::quoting::{Cell, REMEDY};
use crate::domain::transcript::{Timing, Transcript};

use super::found::amount;

/// The columns of a CSV file.
pub(super) struct Columns {
    pub(super) headers: csv::ByteRecord,
}

/// A reader of rows; the header is a row like any other.
pub(super) fn reader<R: Read>(source: R) -> csv::Reader<Quotes<R>> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(Quotes {
            source,
            cell: Cell::Begins,
            line: 1,
        })
}

/// A quoted cell does not end with its quote.
#[derive(Debug, thiserror::Error)]
#[error("a cell goes on behind its closing quote; {REMEDY}")]
pub(super) struct GoesOn {
    /// The line, from where reading began.
    pub(super) line: u64,
}

/// Bytes of CSV as they are read, as long as every quoted cell ends with its quote.
pub(super) struct Quotes<R> {
    source: R,
    cell: Cell,
    /// The line of the next byte, from where reading began.
    line: u64,
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(into)?;
        for byte in &into[..count] {
            if self.cell.goes_on(*byte, b',') {
                let found = GoesOn { line: self.line };
                return Err(io::Error::new(io::ErrorKind::InvalidData, found));
            }
            self.cell = self.cell.after(*byte, b',');
            self.line += u64::from(*byte == b'\n');
        }
        Ok(count)
    }
}

impl Columns {
    /// The columns that there are, for a message.
    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self
            .headers
            .iter()
            .map(|name| String::from_utf8_lossy(name))
            .collect();
        names.join(", ")
    }

    /// Which column it is.
    pub(super) fn place(&self, column: &str) -> Option<usize> {
        self.headers.iter().position(|name| {
            let name = name.strip_prefix("\u{feff}".as_bytes()).unwrap_or(name);
            name.trim_ascii() == column.as_bytes()
        })
    }

    /// A cell's text; an empty one is absent.
    pub(super) fn cell<'a>(&self, record: &'a csv::ByteRecord, column: &str) -> Option<&'a [u8]> {
        record
            .get(self.place(column)?)
            .filter(|cell| !cell.is_empty())
    }

    fn text(&self, record: &csv::ByteRecord, column: &str) -> Result<String, String> {
        let cell = self.cell(record, column).unwrap_or_default();
        String::from_utf8(cell.to_vec()).map_err(|_| format!("`{column}` is not UTF-8"))
    }

    fn number<T: std::str::FromStr>(
        &self,
        record: &csv::ByteRecord,
        column: &str,
    ) -> Result<Option<T>, String> {
        let text = self.text(record, column)?;
        match text.trim() {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| format!("`{column}` is no number of its kind: `{text}`")),
        }
    }

    /// A row as a transcript.
    pub(super) fn transcript(&self, record: &csv::ByteRecord) -> Result<Transcript, String> {
        let case = self.text(record, "case")?;
        if case.is_empty() {
            return Err("`case` is empty".to_owned());
        }
        let tokens = (
            self.number(record, "input_tokens")?,
            self.number(record, "output_tokens")?,
        );
        let usage = match tokens {
            (Some(input), Some(output)) => Some(Usage {
                input,
                output,
                ..Usage::default()
            }),
            _ => None,
        };
        Ok(Transcript {
            case,
            target: self.text(record, "target")?,
            repeat: self.number(record, "repeat")?.unwrap_or_default(),
            output: self.text(record, "output")?,
            cost_usd: amount("cost_usd", self.number(record, "cost_usd")?)?,
            timing: Timing {
                total_ms: amount("latency_ms", self.number(record, "latency_ms")?)?
                    .unwrap_or_default(),
                ..Timing::default()
            },
            usage,
            ..Transcript::default()
        })
    }
}
