//! A file of rows, cut into records under bounds: lines, CSV rows, elements of a JSON array.
//!
//! A record is found before it is parsed, so that a quote that is never closed, a line of a gibibyte or a file that is no text at all
//! ends in a message and not in memory. Each record knows its offset: it can be read again on its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use crate::domain::decode::Problem;
use crate::domain::digest::Digest;
use crate::domain::tree::Span;
use crate::load::text::{cannot_read, problem};

use super::cut::{Cut, Format, Step};

/// What is said of a folder, a pipe or a device.
pub(super) const NO_FILE: &str = "a dataset must be a regular file: it is read twice";
/// The largest record in bytes.
pub(super) const MOST: usize = 16 << 20;
/// The most commas and brackets of a record: each may become a value, and a value is larger than its text.
const MOST_PARTS: usize = 1 << 19;

/// Where a record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Byte offset in the file.
    pub(crate) offset: u64,
    /// Line, from 1; 0 after a jump.
    pub(crate) line: u64,
}

/// The records of one file, in order.
pub(crate) struct Records {
    input: BufReader<File>,
    named: String,
    cut: Cut,
    offset: u64,
    line: u64,
    buffer: Vec<u8>,
    hasher: blake3::Hasher,
    over: bool,
}

impl Records {
    /// Opens a file and looks at its first bytes.
    pub(crate) fn open(path: &Path, named: &str, format: Format) -> Result<Self, Problem> {
        let whole = |message: String| problem(named, Span::default(), message);
        // A pipe would keep us waiting for whoever writes into it, at its opening already.
        let kind = std::fs::metadata(path).map_err(|error| whole(cannot_read(&error)))?;
        if !kind.is_file() {
            return Err(whole(NO_FILE.to_owned()));
        }
        let file = File::open(path).map_err(|error| whole(cannot_read(&error)))?;
        Self::of(file, named, format)
    }

    /// The records of a file that is open already.
    pub(crate) fn of(file: File, named: &str, format: Format) -> Result<Self, Problem> {
        let whole = |message: String| problem(named, Span::default(), message);
        let kind = file
            .metadata()
            .map_err(|error| whole(cannot_read(&error)))?
            .file_type();
        if !kind.is_file() {
            return Err(whole(NO_FILE.to_owned()));
        }
        let mut input = BufReader::with_capacity(1 << 16, file);
        let head = input
            .fill_buf()
            .map_err(|error| whole(cannot_read(&error)))?;
        if let Some(message) = no_text(head) {
            return Err(whole(message.to_owned()));
        }
        let mut records = Self {
            named: named.to_owned(),
            cut: Cut::new(format),
            offset: 0,
            line: 1,
            buffer: Vec::new(),
            hasher: blake3::Hasher::new(),
            over: false,
            input,
        };
        if records.input.buffer().starts_with(b"\xef\xbb\xbf") {
            records.pass(3, 0, false);
        }
        Ok(records)
    }

    /// The next record that is not blank: its place, and its text in [`Self::text`].
    ///
    /// A record that is not UTF-8 is a problem, and the next one can be asked for; after a problem of the file as a whole (too long a
    /// record, an end inside one) there is none.
    pub(crate) fn next(&mut self) -> Option<Result<Place, Problem>> {
        loop {
            if self.over {
                return None;
            }
            match self.collect() {
                Ok(Some(place)) if self.buffer.iter().all(u8::is_ascii_whitespace) => {
                    let _ = place;
                }
                Ok(Some(place)) => return Some(self.check(place)),
                Ok(None) => {
                    self.over = true;
                    return None;
                }
                Err(problem) => {
                    self.over = true;
                    return Some(Err(problem));
                }
            }
        }
    }

    /// The text of the record that [`Self::next`] found.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.buffer).unwrap_or_default()
    }

    /// Jumps to a record found before.
    pub(crate) fn jump(&mut self, offset: u64) -> std::io::Result<()> {
        match i64::try_from(i128::from(offset) - i128::from(self.offset)) {
            Ok(by) => self.input.seek_relative(by)?,
            Err(_) => {
                self.input.seek(SeekFrom::Start(offset))?;
            }
        }
        self.offset = offset;
        self.line = 0;
        self.cut.restart();
        self.over = false;
        Ok(())
    }

    /// The line of an offset found before; 0 where the file cannot be read any more.
    pub(crate) fn line_at(&mut self, offset: u64) -> u64 {
        if self.input.seek(SeekFrom::Start(0)).is_err() {
            return 0;
        }
        (self.offset, self.line) = (0, 0);
        let mut line = 1;
        while self.offset < offset {
            let Ok(chunk) = self.input.fill_buf() else {
                return 0;
            };
            let left = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
            let bytes = chunk.len().min(left);
            if bytes == 0 {
                break;
            }
            line += chunk[..bytes].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.input.consume(bytes);
            self.offset += bytes as u64;
        }
        line
    }

    /// Reads nothing more.
    pub(crate) fn end(&mut self) {
        self.over = true;
    }

    /// The digest of the bytes read so far: of the whole file once there is no record left.
    pub(crate) fn digest(&self) -> Digest {
        Digest::from_hash(&self.hasher.finalize())
    }

    /// How messages call the file.
    pub(crate) fn named(&self) -> &str {
        &self.named
    }

    /// A problem in a record.
    pub(crate) fn problem(&self, line: u64, message: impl Into<String>) -> Problem {
        let span = Span {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: 0,
        };
        problem(&self.named, span, message)
    }

    /// Collects the bytes of the next record.
    fn collect(&mut self) -> Result<Option<Place>, Problem> {
        self.buffer.clear();
        let mut start: Option<Place> = None;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) => return Err(self.problem(self.line, cannot_read(&error))),
            };
            if chunk.is_empty() {
                return match self.cut.at_end() {
                    Ok(()) if self.buffer.is_empty() => Ok(None),
                    Ok(()) => Ok(start),
                    Err(message) => {
                        let line = start.map_or(self.line, |place| place.line);
                        Err(self.problem(line, message))
                    }
                };
            }
            let Step {
                bytes,
                keep,
                ends,
                lines,
                wrong,
            } = self.cut.step(chunk);
            if let Some(message) = wrong {
                return Err(self.problem(self.line, message));
            }
            if keep && start.is_none() {
                start = Some(Place {
                    offset: self.offset,
                    line: self.line,
                });
            }
            self.pass(bytes, lines, keep);
            if self.buffer.len() > MOST {
                let line = start.map_or(self.line, |place| place.line);
                return Err(self.problem(line, self.cut.too_long()));
            }
            if ends {
                return Ok(start);
            }
        }
    }

    /// Moves over bytes, keeping them if they belong to a record.
    fn pass(&mut self, bytes: usize, lines: u64, keep: bool) {
        let passed = &self.input.buffer()[..bytes];
        self.hasher.update(passed);
        if self.line > 0 {
            self.line += lines;
        }
        if keep {
            self.buffer.extend_from_slice(passed);
        }
        self.offset += bytes as u64;
        self.input.consume(bytes);
    }

    fn check(&self, place: Place) -> Result<Place, Problem> {
        let line_of = |at: usize| {
            let before = self.buffer[..at].iter().filter(|b| **b == b'\n').count();
            place.line + before as u64
        };
        if let Some(at) = self.buffer.iter().position(|byte| *byte == 0) {
            let message = "there is a NUL byte in this row; save the file as UTF-8 text";
            return Err(self.problem(line_of(at), message));
        }
        let parts = self.buffer.iter().filter(|b| b",[{".contains(b)).count();
        if parts > MOST_PARTS {
            let message = format!("this row has over {MOST_PARTS} values; split it");
            return Err(self.problem(place.line, message));
        }
        match std::str::from_utf8(&self.buffer) {
            Ok(_) => Ok(place),
            Err(error) => {
                let at = error.valid_up_to();
                let message = format!(
                    "byte {} of the file (0x{:02x}) is not UTF-8; save the file as UTF-8",
                    place.offset + at as u64,
                    self.buffer[at]
                );
                Err(self.problem(line_of(at), message))
            }
        }
    }
}

/// Why the first bytes are no text that can be read.
fn no_text(head: &[u8]) -> Option<&'static str> {
    match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => {
            Some("the file is not UTF-8 (UTF-16?); convert it: iconv -f UTF-16 -t UTF-8 IN > OUT")
        }
        [0x1f, 0x8b, ..] => Some("the file is compressed; unpack it first: gunzip FILE"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Some("the file is compressed; unpack it first: unzstd FILE")
        }
        [b'P', b'A', b'R', b'1', ..] => Some(
            "the file is Parquet; name it .parquet (a build with `--features parquet` reads it), or write it as .jsonl or .csv",
        ),
        [b'P', b'K', 3, 4, ..] => {
            Some("the file is a zip archive or a spreadsheet; save it as .csv or .jsonl")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(format: Format, bytes: &[u8]) -> Vec<Result<(u64, String), String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, bytes).unwrap();
        let mut records = match Records::open(&path, "f", format) {
            Ok(records) => records,
            Err(problem) => return vec![Err(problem.to_string())],
        };
        let mut found = Vec::new();
        while let Some(place) = records.next() {
            found.push(match place {
                Ok(place) => {
                    let text = records.text().trim().to_owned();
                    let mut again = Records::open(&path, "f", format).unwrap();
                    again.jump(place.offset).unwrap();
                    again.next().unwrap().unwrap();
                    assert_eq!(again.text().trim(), text, "a jump finds the same record");
                    assert_eq!(again.line_at(place.offset), place.line);
                    again.jump(place.offset).unwrap();
                    again.next().unwrap().unwrap();
                    assert_eq!(again.text().trim(), text, "also after looking for its line");
                    Ok((place.line, text))
                }
                Err(problem) => Err(problem.to_string()),
            });
        }
        found
    }

    fn good(found: Vec<Result<(u64, String), String>>) -> Vec<(u64, String)> {
        found.into_iter().map(Result::unwrap).collect()
    }

    fn last(mut found: Vec<Result<(u64, String), String>>) -> String {
        found.pop().unwrap().unwrap_err()
    }

    #[test]
    fn lines_keep_their_numbers_over_blank_ones_and_any_line_end() {
        assert_eq!(
            good(cut(Format::Lines, b"\xef\xbb\xbf{1}\r\n\n  \n{2}\n{3}")),
            [(1, "{1}".into()), (4, "{2}".into()), (5, "{3}".into())]
        );
        assert_eq!(good(cut(Format::Lines, b"")), []);
    }

    #[test]
    fn a_csv_row_ends_outside_of_quotes_only() {
        let text = b"a,b\r\n\"x\ny\",\"say \"\"hi\"\"\"\n5\" pipe,z\nlast,\"q\"";
        assert_eq!(
            good(cut(Format::Csv, text)),
            [
                (1, "a,b".into()),
                (2, "\"x\ny\",\"say \"\"hi\"\"\"".into()),
                (4, "5\" pipe,z".into()),
                (5, "last,\"q\"".into()),
            ]
        );
    }

    #[test]
    fn the_elements_of_an_array_are_found_one_by_one() {
        let text = br#" [ {"a": "]},{"},
  {"b": [1, {"c": "\""}]}, 7 , "x"
] "#;
        assert_eq!(
            good(cut(Format::Array, text)),
            [
                (1, r#"{"a": "]},{"}"#.into()),
                (2, r#"{"b": [1, {"c": "\""}]}"#.into()),
                (2, "7".into()),
                (2, "\"x\"".into()),
            ]
        );
        assert_eq!(good(cut(Format::Array, b"[]")), []);
    }

    #[test]
    fn files_that_end_too_early_or_too_late_say_so() {
        assert!(
            last(cut(Format::Array, b"[{\"a\": 1}, {\"b\"")).contains("f:1: the file ends inside")
        );
        assert!(last(cut(Format::Array, b"[{\"a\": 1}\n")).contains("f:2: the file ends inside"));
        assert!(last(cut(Format::Array, b"[1] 2")).contains("behind the array's end"));
        assert!(last(cut(Format::Array, b"{\"a\": 1}")).contains(".jsonl"));
        assert!(last(cut(Format::Array, b"")).contains("empty"));
        let open = last(cut(Format::Csv, b"a,b\n1,\"open\n2,3\n"));
        assert!(open.starts_with("f:2: a quote is opened"), "{open}");
    }

    #[test]
    fn bytes_that_are_no_text_are_named_with_their_place() {
        let found = cut(Format::Lines, b"{1}\n{\xff}\n{3}\n");
        assert_eq!(
            found[1].as_ref().unwrap_err(),
            "f:2: byte 5 of the file (0xff) is not UTF-8; save the file as UTF-8"
        );
        assert_eq!(found[2], Ok((3, "{3}".into())));
        assert!(last(cut(Format::Lines, b"{1}\n{\0}\n")).contains("f:2: there is a NUL"));
        for head in [
            &b"\xff\xfe{\0"[..],
            b"{\0}\0",
            b"\x1f\x8b\x08",
            b"PK\x03\x04",
            b"PAR1",
        ] {
            let said = last(cut(Format::Lines, head));
            assert!(said.starts_with("f: the file is"), "{said}");
        }
    }

    #[test]
    fn a_record_without_end_is_given_up_at_the_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        for (format, begin, why) in [
            (Format::Lines, "{\"a\": \"", "f:1: this line is over 16 MiB"),
            (Format::Csv, "a,b\n1,\"", "f:2: a quote opened in this row"),
            (
                Format::Array,
                "[{\"a\": \"",
                "f:1: this element is over 16 MiB",
            ),
        ] {
            let mut bytes = begin.as_bytes().to_vec();
            bytes.resize(20 << 20, b'x');
            std::fs::write(&path, &bytes).unwrap();
            // The rest is sparse: a gibibyte that takes no room.
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(1 << 30)
                .unwrap();
            let mut records = Records::open(&path, "f", format).unwrap();
            let mut said = String::new();
            while let Some(found) = records.next() {
                if let Err(problem) = found {
                    said = problem.to_string();
                }
            }
            assert!(said.starts_with(why), "{said}");
        }
    }

    #[test]
    fn a_row_of_endless_values_is_refused() {
        let mut row = b"[[".to_vec();
        row.extend(b"[],".repeat(1 << 20));
        let said = last(cut(Format::Lines, &row));
        assert!(said.contains("over 524288 values"), "{said}");
    }
}
