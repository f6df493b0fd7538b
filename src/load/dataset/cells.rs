//! The cells of CSV rows that were cut out before.

use std::io::Read;

use crate::domain::quoting;

/// Splits one row after another. One reader serves them all: making one costs more than splitting a row.
pub(crate) struct Cells {
    reader: csv::Reader<Feed>,
}

/// What the reader is given: one row at a time.
#[derive(Default)]
struct Feed {
    row: Vec<u8>,
    at: usize,
}

impl Read for Feed {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.row[self.at..];
        let bytes = rest.len().min(into.len());
        into[..bytes].copy_from_slice(&rest[..bytes]);
        self.at += bytes;
        Ok(bytes)
    }
}

impl Cells {
    /// Ready for the first row.
    pub(crate) fn new() -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(Feed::default());
        Self { reader }
    }

    /// The cells of a row, quotes resolved.
    ///
    /// # Errors
    /// A quoted cell goes on behind its closing quote: what was meant cannot be told, and most readers would make another text of it.
    pub(crate) fn split(&mut self, row: &str) -> Result<Vec<String>, String> {
        let row = row.trim_end_matches(['\r', '\n']);
        quoting::check(row, b',')?;
        let feed = self.reader.get_mut();
        feed.row.clear();
        feed.row.extend_from_slice(row.as_bytes());
        // The line end makes the reader give the row out without looking for more.
        feed.row.push(b'\n');
        feed.at = 0;
        let mut record = csv::StringRecord::new();
        match self.reader.read_record(&mut record) {
            Ok(true) => Ok(record.iter().map(str::to_owned).collect()),
            Ok(false) => {
                // It ran out of input and believes the file to be over.
                *self = Self::new();
                Err("not a CSV row: a quote is not closed".to_owned())
            }
            Err(error) => {
                *self = Self::new();
                Err(format!("not a CSV row: {error}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_cell_that_goes_on_is_refused_and_not_made_into_another_text() {
        let mut cells = Cells::new();
        let said = cells.split("1,\"a \\\"b\\\"\"").unwrap_err();
        assert!(said.starts_with("cell 2 goes on"), "{said}");
        assert_eq!(cells.split("1,\"a \"\"b\"\"\"").unwrap(), ["1", "a \"b\""]);
    }

    #[test]
    fn rows_are_split_one_after_another() {
        let mut cells = Cells::new();
        for (row, wanted) in [
            ("a,b", vec!["a", "b"]),
            (
                "\"x\ny\",\"say \"\"hi\"\"\"\r\n",
                vec!["x\ny", "say \"hi\""],
            ),
            ("5\" pipe,\n", vec!["5\" pipe", ""]),
            ("\"\"", vec![""]),
            (" a , b ", vec![" a ", " b "]),
        ] {
            assert_eq!(cells.split(row).unwrap(), wanted, "{row:?}");
        }
        let wide = "c,".repeat(20_000);
        assert_eq!(cells.split(&wide).unwrap().len(), 20_001);
        assert_eq!(cells.split("a,b").unwrap(), ["a", "b"]);
    }
}
