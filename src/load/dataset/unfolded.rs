//! A benchmark's file that is one object with its rows deep inside: read as a whole, under a bound, and written row by row as JSON lines
//! ([`super::unnamed`]), from where it is read like any other dataset. Lines in messages are rows then.

use std::fs::File;
use std::path::Path;

use super::cut::Format;
use super::row;
use super::sources::{Faults, begins_with_an_object};
use super::unnamed::Unnamed;
use crate::domain::tree::Span;
use crate::load::text::{cannot_read, problem};

/// The most bytes of such a file.
const MOST: u64 = 256 << 20;

/// Hands on the rows of a text, each as the text of a JSON object. `false`: the text is of another form.
///
/// # Errors
/// What is wrong with the text, or with whoever takes the rows.
pub(crate) type Unfold =
    fn(text: &str, take: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<bool, String>;

/// The rows of a file in such a form, in a file that is gone when it is closed; `None` for any other form.
///
/// # Errors
/// What is wrong with the file, or that there is no room for its rows.
pub(super) fn as_lines(path: &Path, named: &str, unfold: Unfold) -> Result<Option<File>, Faults> {
    if row::format_of(named) != Ok(Format::Array) || !begins_with_an_object(path) {
        return Ok(None);
    }
    let whole = |message: String| vec![problem(named, Span::default(), message)];
    let about = std::fs::metadata(path).map_err(|error| whole(cannot_read(&error)))?;
    if about.len() > MOST {
        return Err(whole(format!(
            "the file is over {} MiB; write a row a line, as .jsonl",
            MOST >> 20
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| whole(cannot_read(&error)))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        // The reader of rows says which byte it is.
        return Ok(None);
    };
    let mut out = Unnamed::new().map_err(whole)?;
    let mut take = |row: &str| {
        // A line end stands between values only: inside of a text it would be written `\n`.
        out.line(row.replace(['\n', '\r'], " ").as_bytes())
    };
    match unfold(text, &mut take).map_err(whole)? {
        true => out.finish().map(Some).map_err(whole),
        false => Ok(None),
    }
}
