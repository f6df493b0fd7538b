//! The headers of a Parquet file's pages, before anything is unpacked: the reader makes room for as much as they say, and a few bytes may
//! say gibibytes.
//!
//! A header is a structure of Thrift's compact protocol (parquet-format, `parquet.thrift`, `PageHeader`). Of it are wanted: how many bytes
//! the page has, packed and unpacked, and how many values a dictionary has.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// So many times its packed size a page may be. Snappy says at most 64 bytes by three.
const MOST_TIMES: u64 = 64;
/// So much it may be in any case.
const LEAST: u64 = 1 << 10;
/// The most bytes of a header, which may hold the least and the greatest value of the page.
const MOST_HEADER: u64 = 16 << 20;
/// How deep structures may be in one another.
const DEEPEST: u32 = 8;

/// Holds what the headers of the pages between two offsets say against what is there.
///
/// # Errors
/// What a header says that cannot be.
pub(super) fn check(file: &File, start: u64, end: u64) -> Result<(), String> {
    let cannot = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => "a page ends before it should".to_owned(),
        _ => error.to_string(),
    };
    let mut input = BufReader::new(file);
    input.seek(SeekFrom::Start(start)).map_err(cannot)?;
    let mut at = start;
    while at < end {
        let mut reader = Reader {
            input: input.by_ref().take(MOST_HEADER),
            page: Page::default(),
        };
        reader.structure(0, Within::Header).map_err(cannot)?;
        let page = reader.page;
        at += MOST_HEADER - reader.input.limit();
        let packed = u64::try_from(page.packed).map_err(|_| impossible("packed", page.packed))?;
        let plain = u64::try_from(page.plain).map_err(|_| impossible("unpacked", page.plain))?;
        if packed > end.saturating_sub(at) {
            return Err(impossible("packed", page.packed));
        }
        if plain > (packed * MOST_TIMES).max(LEAST) {
            return Err(format!(
                "a page of {packed} bytes says that it unpacks to {plain}, which it cannot"
            ));
        }
        if u64::try_from(page.values).is_ok_and(|values| values > plain) {
            return Err(format!(
                "a dictionary of {plain} bytes says that it has {} values, which it cannot",
                page.values
            ));
        }
        let skip = i64::try_from(packed).map_err(|_| impossible("packed", page.packed))?;
        input.seek_relative(skip).map_err(cannot)?;
        at += packed;
    }
    Ok(())
}

fn impossible(how: &str, bytes: i64) -> String {
    format!("a page says that it has {bytes} bytes {how}, which it cannot")
}

/// What a header says.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Page {
    plain: i64,
    packed: i64,
    /// Of a dictionary.
    values: i64,
}

/// Which structure is read.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    Header,
    Dictionary,
    Other,
}

struct Reader<R> {
    input: R,
    page: Page,
}

impl<R: BufRead> Reader<R> {
    fn byte(&mut self) -> io::Result<u8> {
        let mut one = [0];
        self.input.read_exact(&mut one)?;
        Ok(one[0])
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(damaged())
    }

    /// A number that may be below 0.
    fn number(&mut self) -> io::Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.input.by_ref().take(bytes), &mut io::sink())?;
        match skipped == bytes {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn structure(&mut self, depth: u32, within: Within) -> io::Result<()> {
        let mut id = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            id = match head >> 4 {
                0 => self.number()?,
                more => id.saturating_add(i64::from(more)),
            };
            match (within, id, head & 0xf) {
                (Within::Header, 2, 5) => self.page.plain = self.number()?,
                (Within::Header, 3, 5) => self.page.packed = self.number()?,
                (Within::Header, 7, 12) => self.structure(depth + 1, Within::Dictionary)?,
                (Within::Dictionary, 1, 5) => self.page.values = self.number()?,
                // A truth value is all in its head.
                (_, _, 1 | 2) => {}
                (_, _, kind) => self.value(depth, kind)?,
            }
        }
    }

    /// Passes over a value.
    fn value(&mut self, depth: u32, kind: u8) -> io::Result<()> {
        if depth > DEEPEST {
            return Err(damaged());
        }
        match kind {
            1..=3 => self.skip(1),
            4..=6 => self.varint().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = match head >> 4 {
                    15 => self.varint()?,
                    few => u64::from(few),
                };
                (0..count).try_for_each(|_| self.value(depth + 1, head & 0xf))
            }
            11 => {
                let count = self.varint()?;
                let kinds = if count > 0 { self.byte()? } else { 0 };
                (0..count).try_for_each(|_| {
                    self.value(depth + 1, kinds >> 4)?;
                    self.value(depth + 1, kinds & 0xf)
                })
            }
            12 => self.structure(depth + 1, Within::Other),
            _ => Err(damaged()),
        }
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a page's header is damaged")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with these fields, and what else such a header has.
    fn header(plain: i64, packed: i64, values: Option<i64>) -> Vec<u8> {
        let number = |value: i64| {
            let mut value = (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned();
            let mut bytes = Vec::new();
            while value > 0x7f {
                bytes.push(0x80 | (value & 0x7f) as u8);
                value >>= 7;
            }
            bytes.push(value as u8);
            bytes
        };
        let kind = if values.is_some() { 2 } else { 0 };
        let mut bytes = vec![0x15];
        bytes.extend(number(kind));
        bytes.push(0x15);
        bytes.extend(number(plain));
        bytes.push(0x15);
        bytes.extend(number(packed));
        match values {
            Some(values) => {
                bytes.extend([0x4c, 0x15]);
                bytes.extend(number(values));
                // Its encoding, and that it is in order.
                bytes.extend([0x15, 0x00, 0x11, 0x00]);
            }
            None => {
                // Values and encodings, and statistics with a text.
                bytes.extend([0x2c, 0x15, 0x06, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06]);
                bytes.extend([0x1c, 0x18, 0x03, b'a', b'b', b'c', 0x00, 0x00]);
            }
        }
        bytes.push(0);
        bytes
    }

    fn said(pages: &[(Vec<u8>, usize)]) -> Result<(), String> {
        use std::io::Write;
        let mut file = tempfile::tempfile().unwrap();
        let mut end = 4;
        file.write_all(b"PAR1").unwrap();
        for (header, body) in pages {
            file.write_all(header).unwrap();
            file.write_all(&vec![7; *body]).unwrap();
            end += (header.len() + body) as u64;
        }
        check(&file, 4, end)
    }

    #[test]
    fn pages_that_say_what_they_are_are_passed() {
        let dictionary = (header(400, 90, Some(100)), 90);
        let data = (header(2_000, 100, None), 100);
        assert_eq!(said(&[dictionary, data.clone(), data]), Ok(()));
        assert_eq!(said(&[(header(300, 0, None), 0)]), Ok(()));
        assert_eq!(said(&[]), Ok(()));
    }

    #[test]
    fn a_page_that_says_more_than_can_be_is_refused() {
        let most = i64::from(i32::MAX);
        for (page, why) in [
            (
                (header(most, 90, None), 90),
                "a page of 90 bytes says that it unpacks to 2147483647",
            ),
            (
                (header(400, 91, None), 90),
                "a page says that it has 91 bytes packed",
            ),
            (
                (header(400, -1, None), 0),
                "a page says that it has -1 bytes packed",
            ),
            (
                (header(-7, 9, None), 9),
                "a page says that it has -7 bytes unpacked",
            ),
            (
                (header(400, 90, Some(most)), 90),
                "a dictionary of 400 bytes says that it has 2147483647 values",
            ),
            ((vec![0x15], 0), "a page ends before it should"),
            ((vec![0x1e, 0x00], 0), "a page's header is damaged"),
            ((vec![0xff; 40], 0), "a page's header is damaged"),
            // Lists of lists without end, and a list of more entries than there are bytes.
            (([0x19, 0x19].repeat(30), 0), "damaged"),
            (
                (vec![0x19, 0xf3, 0xff, 0xff, 0xff, 0xff, 0x0f], 0),
                "a page ends before it should",
            ),
        ] {
            let said = said(std::slice::from_ref(&page)).unwrap_err();
            assert!(said.contains(why), "{page:?}: {said}");
        }
    }
}
