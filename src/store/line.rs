//! Sealed lines: JSON objects, one a line, each with its own checksum.
//!
//! The checksum is the last member, `"sum"`: the first 16 hex digits of blake3 over the bytes before `,"sum":`. So a line is checked
//! without being parsed, and the file stays plain JSONL. A reader meets three kinds of lines: whole ones, bad ones (their checksum does
//! not hold) and, at the end of a file whose writer died, a torn one without its line end.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// The longest line that is written or read, in bytes: far above any reply that is let in, and a bound for the reader's memory.
pub const LONGEST: usize = 256 << 20;

/// `,"sum":"` before the 16 digits, `"}` behind them.
const MARK: &[u8] = br#","sum":""#;
const DIGITS: usize = 16;
const TAIL: usize = MARK.len() + DIGITS + 2;

/// How much is read from the file at once.
const BUFFER: usize = 1 << 20;

/// Seals one serialised JSON object that has at least one member: puts its checksum in as the last member and ends the line.
pub fn seal(object: &mut Vec<u8>) {
    debug_assert!(object.len() > 2 && object.ends_with(b"}"), "a JSON object");
    object.pop();
    let sum = sum(object);
    object.extend_from_slice(MARK);
    object.extend_from_slice(&sum);
    object.extend_from_slice(b"\"}\n");
}

/// The same for an object that lies elsewhere: its sealed line is put behind what `out` holds already.
pub fn seal_into(out: &mut Vec<u8>, object: &[u8]) {
    debug_assert!(object.len() > 2 && object.ends_with(b"}"), "a JSON object");
    let body = &object[..object.len().saturating_sub(1)];
    out.extend_from_slice(body);
    out.extend_from_slice(MARK);
    out.extend_from_slice(&sum(body));
    out.extend_from_slice(b"\"}\n");
}

/// The line as text, if its checksum holds; with or without its line end.
#[must_use]
pub fn check(line: &[u8]) -> Option<&str> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    // A checkout may have put in carriage returns; none stands in sealed JSON.
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let body = line.len().checked_sub(TAIL)?;
    let (body, tail) = line.split_at(body);
    let digits = tail.strip_prefix(MARK)?.strip_suffix(b"\"}")?;
    if digits != sum(body) {
        return None;
    }
    std::str::from_utf8(line).ok()
}

fn sum(body: &[u8]) -> [u8; DIGITS] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let hash = blake3::hash(body);
    let mut digits = [0; DIGITS];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash.as_bytes()) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
    digits
}

/// A line of a file and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Bytes before it in the file.
    pub offset: u64,
    /// Its number, from 1.
    pub number: u64,
    /// Its length in bytes, line end included.
    pub bytes: u64,
    /// What it holds.
    pub content: Content<'a>,
}

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// A whole line whose checksum holds: the JSON object, checksum included, without the line end.
    Whole(&'a str),
    /// A line whose checksum does not hold, or one longer than [`LONGEST`].
    Bad,
    /// The end of the file, without a line end: its writer died within it, or is still writing.
    Torn,
}

/// Reads a file of sealed lines, in memory that grows only with the longest line.
#[derive(Debug)]
pub struct Lines<R = File> {
    reader: BufReader<R>,
    line: Vec<u8>,
    offset: u64,
    number: u64,
}

impl Lines {
    /// Opens a file.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self::new(File::open(path)?))
    }
}

impl<R: Read> Lines<R> {
    /// Reads from where `source` stands.
    pub fn new(source: R) -> Self {
        Self::with_buffer(source, BUFFER)
    }

    /// The same, so many bytes at once.
    pub(super) fn with_buffer(source: R, bytes: usize) -> Self {
        Self {
            reader: BufReader::with_capacity(bytes, source),
            line: Vec::new(),
            offset: 0,
            number: 0,
        }
    }

    /// The next line; `None` at the end.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let limit = LONGEST as u64 + 1;
        let mut bytes = (&mut self.reader)
            .take(limit)
            .read_until(b'\n', &mut self.line)? as u64;
        if bytes == 0 {
            return Ok(None);
        }
        let ended = if bytes == limit && !self.line.ends_with(b"\n") {
            self.line = Vec::new();
            let (rest, ended) = self.skip()?;
            bytes += rest;
            ended
        } else {
            self.line.ends_with(b"\n")
        };
        let content = match check(&self.line) {
            // Only the line end is missing: nothing is lost.
            Some(json) => Content::Whole(json),
            None if ended => Content::Bad,
            None => Content::Torn,
        };
        let offset = self.offset;
        self.offset += bytes;
        self.number += 1;
        Ok(Some(Line {
            offset,
            number: self.number,
            bytes,
            content,
        }))
    }

    /// Passes over the rest of a line; how many bytes that were, and whether it has an end.
    fn skip(&mut self) -> io::Result<(u64, bool)> {
        let mut skipped = 0;
        loop {
            let held = self.reader.fill_buf()?;
            if held.is_empty() {
                return Ok((skipped, false));
            }
            let (taken, ended) = held
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or((held.len(), false), |end| (end + 1, true));
            self.reader.consume(taken);
            skipped += taken as u64;
            if ended {
                return Ok((skipped, true));
            }
        }
    }
}

impl<R: Read + Seek> Lines<R> {
    /// Goes on with the first line that begins at `offset` or behind it. Their numbers are counted on from where this stood.
    pub(super) fn jump(&mut self, offset: u64) -> io::Result<()> {
        // One byte back: a line that begins at `offset` has the end of another before it.
        let before = offset.saturating_sub(1);
        self.reader.seek(SeekFrom::Start(before))?;
        self.offset = before;
        if offset > 0 {
            let (skipped, _) = self.skip()?;
            self.offset += skipped;
        }
        Ok(())
    }

    /// Where the next line begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }
}

/// Reads the line that begins at `offset`; `None` when its checksum does not hold.
pub fn read_at(file: &mut File, offset: u64) -> io::Result<Option<String>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut line = Vec::new();
    BufReader::with_capacity(16 << 10, file)
        .take(LONGEST as u64)
        .read_until(b'\n', &mut line)?;
    Ok(check(&line).map(str::to_owned))
}

/// Reads the last line of a file from its end; `None` when there is none, when it is torn, or when its checksum does not hold.
pub fn read_last(file: &mut File) -> io::Result<Option<String>> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut window = 64 << 10;
    loop {
        let from = length.saturating_sub(window);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.by_ref().take(window).read_to_end(&mut bytes)?;
        let body = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let begin = body.iter().rposition(|byte| *byte == b'\n');
        if begin.is_some() || from == 0 {
            let line = &bytes[begin.map_or(0, |newline| newline + 1)..];
            return Ok(check(line).map(str::to_owned));
        }
        if window > LONGEST as u64 {
            return Ok(None);
        }
        window *= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(json: &str) -> Vec<u8> {
        let mut line = json.as_bytes().to_vec();
        seal(&mut line);
        line
    }

    fn kinds(bytes: &[u8]) -> Vec<(u64, char)> {
        let mut lines = Lines::new(bytes);
        let mut out = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            let kind = match line.content {
                Content::Whole(_) => 'w',
                Content::Bad => 'b',
                Content::Torn => 't',
            };
            out.push((line.offset, kind));
        }
        out
    }

    #[test]
    fn a_sealed_line_is_plain_json_with_its_sum_last() {
        let line = sealed(r#"{"event":"x","n":1}"#);
        let text = std::str::from_utf8(&line).unwrap();
        // The value is fixed: lines of every version must go on being readable.
        assert_eq!(
            text,
            "{\"event\":\"x\",\"n\":1,\"sum\":\"SUM\"}\n".replace(
                "SUM",
                &blake3::hash(br#"{"event":"x","n":1"#).to_hex().as_str()[..16]
            )
        );
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(json["n"], 1);
        assert_eq!(check(&line), Some(text.trim_end()));
        assert_eq!(
            check(text.replace('\n', "\r\n").as_bytes()),
            Some(text.trim_end())
        );
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let line = sealed(r#"{"event":"x","text":"häßlich"}"#);
        for at in 0..line.len() - 1 {
            for flip in [1_u8, 0x20, 0x80] {
                let mut wrong = line.clone();
                wrong[at] ^= flip;
                assert_eq!(check(&wrong), None, "byte {at} ^ {flip}");
            }
        }
    }

    #[test]
    fn whole_bad_and_torn_lines_are_told_apart() {
        let one = sealed(r#"{"event":"a"}"#);
        let two = sealed(r#"{"event":"b"}"#);
        let mut bytes = one.clone();
        bytes.extend_from_slice(b"rubbish\n");
        bytes.extend_from_slice(&two);
        let whole = bytes.clone();
        bytes.extend_from_slice(&one[..10]);
        let (a, b) = (one.len() as u64, one.len() as u64 + 8);
        assert_eq!(
            kinds(&bytes),
            [(0, 'w'), (a, 'b'), (b, 'w'), (whole.len() as u64, 't')]
        );
        assert_eq!(kinds(b""), []);
        assert_eq!(kinds(b"\n"), [(0, 'b')]);
        // A last line that lacks only its end is whole.
        assert_eq!(kinds(&one[..one.len() - 1]), [(0, 'w')]);
    }

    #[test]
    fn the_last_line_is_found_from_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lines");
        let long = sealed(&format!(
            r#"{{"event":"long","text":"{}"}}"#,
            "x".repeat(300_000)
        ));
        let short = sealed(r#"{"event":"short"}"#);
        let last = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read_last(&mut File::open(&path).unwrap()).unwrap()
        };
        assert_eq!(last(b""), None);
        assert_eq!(last(&short).as_deref(), check(&short));
        assert_eq!(last(&[&short[..], &long].concat()).as_deref(), check(&long));
        assert_eq!(
            last(&[&long[..], &short].concat()).as_deref(),
            check(&short)
        );
        assert_eq!(last(&[&long[..], &short[..9]].concat()), None);
    }

    #[test]
    fn a_line_is_read_again_by_its_offset() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lines");
        let (one, two) = (sealed(r#"{"event":"a"}"#), sealed(r#"{"event":"b"}"#));
        std::fs::write(&path, [&one[..], &two].concat()).unwrap();
        let mut file = File::open(&path).unwrap();
        let at = |file: &mut File, offset| read_at(file, offset).unwrap();
        assert_eq!(at(&mut file, one.len() as u64).as_deref(), check(&two));
        assert_eq!(at(&mut file, 0).as_deref(), check(&one));
        assert_eq!(at(&mut file, 3), None);
    }
}
