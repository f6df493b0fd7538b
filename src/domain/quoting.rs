//! Quotes in CSV: where a quoted cell ends, and where it goes on behind its closing quote. Of such a cell (`"He said \"hi\""`) every reader
//! makes some text, most of them another one than was meant, so that nobody here reads it.

/// Where in a row of CSV we are: a quote opens a cell only at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// At the beginning of a cell.
    Begins,
    /// In a cell without quotes around it.
    Plain,
    /// In a cell with quotes around it.
    Quoted,
    /// Behind a quote inside a quoted cell: its end, or the first of two.
    Quote,
}

impl Cell {
    /// Where the next byte leads.
    #[must_use]
    pub fn after(self, byte: u8, separator: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Quoted, _) | (Self::Begins | Self::Quote, b'"') => Self::Quoted,
            (_, b'\n' | b'\r') => Self::Begins,
            (_, byte) if byte == separator => Self::Begins,
            _ => Self::Plain,
        }
    }

    /// Whether the next byte lets a quoted cell go on behind its closing quote.
    #[must_use]
    pub fn goes_on(self, byte: u8, separator: u8) -> bool {
        self == Self::Quote && !matches!(byte, b'"' | b'\n' | b'\r') && byte != separator
    }
}

/// Holds that every quoted cell of a row ends with its quote.
///
/// # Errors
/// Which cell does not, with what follows, and what to do.
pub fn check(row: &str, separator: u8) -> Result<(), String> {
    if !row.contains('"') {
        return Ok(());
    }
    let (mut cell, mut nth) = (Cell::Begins, 1);
    for (at, byte) in row.bytes().enumerate() {
        if cell.goes_on(byte, separator) {
            // A quote is one byte, so that a letter begins behind it.
            let rest: String = row[at..].chars().take(12).collect();
            let rest = rest.replace(['\n', '\r'], " ");
            return Err(format!(
                "cell {nth} goes on behind its closing quote, with `{rest}`; {REMEDY}"
            ));
        }
        cell = cell.after(byte, separator);
        nth += u32::from(cell == Cell::Begins);
    }
    Ok(())
}

/// What to do about it.
pub const REMEDY: &str = "write a quote inside of a quoted cell twice (\"\")";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_cell_that_goes_on_is_named_with_what_follows() {
        for (row, why) in [
            (
                "1,\"He said \\\"hi\\\" to me\"",
                "cell 2 goes on behind its closing quote, with `hi\\\" to me\"`",
            ),
            ("\"a\" ,b", "cell 1 goes on"),
            ("x,\"a\"é", "with `é`"),
        ] {
            let said = check(row, b',').unwrap_err();
            assert!(said.contains(why), "{row}: {said}");
        }
        for row in [
            "\"a\"\"b\",\"\"\"\"",
            "\"a,b\",c",
            "say \"a\" b,c",
            "\"é\",\"\"\r\n",
            "\"a\nb\"\n\"c\"",
            "",
        ] {
            assert_eq!(check(row, b','), Ok(()), "{row}");
        }
        assert_eq!(check("\"a\";\"b\"", b';'), Ok(()));
        assert!(check("\"a\";\"b\"", b',').is_err());
    }
}
