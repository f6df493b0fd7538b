//! Bytes of a file as text: byte-order marks, UTF-16, bad UTF-8 and sheer size are settled here, with the place in the problem.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::domain::decode::Problem;
use crate::domain::tree::Span;

/// The most bytes of a suite, a judge or a prompt's file.
pub(crate) const MOST: u64 = 4 << 20;

/// Reads a whole small file (at most [`MOST`] bytes) as text. `named` is how messages call it.
pub(crate) fn read(path: &Path, named: &str) -> Result<String, Problem> {
    let cannot = |error: &std::io::Error| problem(named, Span::default(), cannot_read(error));
    let file = File::open(path).map_err(|error| cannot(&error))?;
    let kind = file.metadata().map_err(|error| cannot(&error))?;
    if kind.is_dir() {
        let message = "this is a folder, a file is wanted";
        return Err(problem(named, Span::default(), message));
    }
    let mut bytes = Vec::new();
    file.take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| cannot(&error))?;
    if bytes.len() as u64 > MOST {
        let message = format!(
            "the file is over {} MiB; put cases into a dataset file and name it in `dataset.path`",
            MOST >> 20
        );
        return Err(problem(named, Span::default(), message));
    }
    decode(&bytes, named)
}

/// Why a file cannot be opened or read, with what to do.
pub(crate) fn cannot_read(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file; check the path".to_owned(),
        std::io::ErrorKind::PermissionDenied => {
            "the file may not be read; check its permissions".to_owned()
        }
        _ => format!("the file cannot be read: {error}"),
    }
}

/// UTF-8, or UTF-16 with a byte-order mark; the mark is dropped.
pub(crate) fn decode(bytes: &[u8], named: &str) -> Result<String, Problem> {
    let text = match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            let message = "the file is UTF-32; save it as UTF-8";
            return Err(problem(named, Span::default(), message));
        }
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes, named)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes, named)?,
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest, 3, named)?,
        _ => utf8(bytes, 0, named)?,
    };
    if let Some(at) = text.find('\0') {
        let message = "there is a NUL byte here; save the file as UTF-8 text (UTF-16 needs a byte-order mark)";
        return Err(problem(named, place(&text[..at]), message));
    }
    Ok(text)
}

fn utf8(bytes: &[u8], skipped: usize, named: &str) -> Result<String, Problem> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let sound = error.valid_up_to();
            let before = std::str::from_utf8(&bytes[..sound]).unwrap_or_default();
            let message = format!(
                "byte {} (0x{:02x}) is not UTF-8; save the file as UTF-8",
                sound + skipped,
                bytes[sound]
            );
            Err(problem(named, place(before), message))
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, named: &str) -> Result<String, Problem> {
    let units = bytes.chunks(2).map(|pair| match pair {
        [first, second] => unit([*first, *second]),
        // Half a unit at the end: a lone surrogate, so that it is reported as broken.
        _ => 0xd800,
    });
    let mut text = String::with_capacity(bytes.len() / 2);
    for (index, character) in char::decode_utf16(units).enumerate() {
        match character {
            Ok(character) => text.push(character),
            Err(_) => {
                let message = format!(
                    "the UTF-16 text is broken after {index} characters; save the file as UTF-8"
                );
                return Err(problem(named, place(&text), message));
            }
        }
    }
    Ok(text)
}

/// The place just after `before`.
pub(crate) fn place(before: &str) -> Span {
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Span {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
    }
}

/// One problem.
pub(crate) fn problem(named: &str, span: Span, message: impl Into<String>) -> Problem {
    Problem {
        file: named.to_owned(),
        span,
        message: message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_are_dropped_and_utf16_is_read() {
        assert_eq!(decode(b"\xef\xbb\xbfa: 1", "f").unwrap(), "a: 1");
        let mut little = vec![0xff, 0xfe];
        little.extend("é: 😀".encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(decode(&little, "f").unwrap(), "é: 😀");
        let mut big = vec![0xfe, 0xff];
        big.extend("a".encode_utf16().flat_map(u16::to_be_bytes));
        assert_eq!(decode(&big, "f").unwrap(), "a");
        big.push(0);
        assert!(decode(&big, "f").unwrap_err().message.contains("UTF-16"));
    }

    #[test]
    fn a_bad_byte_is_reported_with_its_place_and_offset() {
        let found = decode(b"a: 1\nb: \xff\n", "s.yaml").unwrap_err();
        assert_eq!(
            found.to_string(),
            "s.yaml:2:4: byte 8 (0xff) is not UTF-8; save the file as UTF-8"
        );
        let found = decode(b"a: \0", "s.yaml").unwrap_err();
        assert_eq!((found.span.line, found.span.column), (1, 4));
        assert!(found.message.contains("NUL"), "{found}");
    }

    #[test]
    fn a_missing_file_and_a_folder_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = read(&folder.path().join("no.yaml"), "no.yaml").unwrap_err();
        assert_eq!(
            missing.to_string(),
            "no.yaml: there is no such file; check the path"
        );
        assert!(
            read(folder.path(), "here")
                .unwrap_err()
                .message
                .contains("folder")
        );
    }

    #[test]
    fn a_file_beyond_the_cap_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big.yaml");
        // Sparse: a gibibyte that takes no room.
        File::create(&path).unwrap().set_len(1 << 30).unwrap();
        assert!(
            read(&path, "big.yaml")
                .unwrap_err()
                .message
                .contains("over 4 MiB")
        );
    }
}
