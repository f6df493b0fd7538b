//! A file of sealed lines whose writer died, made fit to be appended to.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::line::{Content, Lines};

/// What was found when a journal was taken up again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Whole lines.
    pub whole: u64,
    /// Bad lines, left where they are: their trials are to be done again.
    pub bad: u64,
    /// The torn last line that was cut off.
    pub cut: Option<Cut>,
}

/// A torn last line that was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Where it began.
    pub offset: u64,
    /// How long it was, in bytes.
    pub bytes: u64,
}

/// Makes the file end with a whole line. `file` is open for appending and reading.
pub(super) fn recover(file: &mut File) -> io::Result<Recovered> {
    file.seek(SeekFrom::Start(0))?;
    let mut recovered = Recovered::default();
    let mut end = 0;
    let mut lines = Lines::new(&mut *file);
    while let Some(line) = lines.next_line()? {
        end = line.offset + line.bytes;
        match line.content {
            Content::Whole(_) => recovered.whole += 1,
            Content::Bad => recovered.bad += 1,
            Content::Torn => {
                recovered.cut = Some(Cut {
                    offset: line.offset,
                    bytes: line.bytes,
                });
            }
        }
    }
    drop(lines);
    if let Some(cut) = recovered.cut {
        file.set_len(cut.offset)?;
        file.sync_all()?;
    } else if end > 0 && !ends_line(file, end)? {
        file.write_all(b"\n")?;
        file.sync_all()?;
    }
    Ok(recovered)
}

fn ends_line(file: &mut File, length: u64) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secrets;
    use crate::store::entries::tests::survey;
    use crate::store::journal::Journal;
    use crate::store::journal::tests::{finished, three};

    #[test]
    fn a_tail_torn_at_any_byte_is_cut_off_and_the_next_line_is_intact() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        let bytes = three(&path);
        let ends: Vec<usize> = (0..bytes.len())
            .filter(|at| bytes[*at] == b'\n')
            .map(|at| at + 1)
            .collect();
        for length in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            // A line that lacks nothing but its end is whole.
            let whole = ends.iter().filter(|end| **end <= length + 1).count() as u64;
            let begin = ends.iter().rev().find(|end| **end <= length + 1).copied();
            let torn = length > begin.unwrap_or(0);
            let (mut journal, recovered) = Journal::resume(&path, Secrets::default()).unwrap();
            assert_eq!(recovered.whole, whole, "{length}");
            assert_eq!(recovered.bad, 0);
            let cut = torn.then(|| Cut {
                offset: begin.unwrap_or(0) as u64,
                bytes: (length - begin.unwrap_or(0)) as u64,
            });
            assert_eq!(recovered.cut, cut, "{length}");
            journal.append(&finished(9, "next")).unwrap();
            journal.finish().unwrap();
            let expected: Vec<u64> = (0..whole).chain([9]).collect();
            assert_eq!(survey(&path), (expected, 0, 0), "{length}");
        }
    }

    #[test]
    fn a_byte_flipped_anywhere_costs_no_more_than_the_lines_it_touches() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("events.jsonl");
        let bytes = three(&path);
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 0x41;
            std::fs::write(&path, &wrong).unwrap();
            let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
            let (whole, bad, torn) = survey(&path);
            let joins = bytes[at] == b'\n';
            if joins && line == 2 {
                // The last line end is gone: what stands there now cannot be told from a torn line.
                assert_eq!((whole, bad, torn), (vec![0, 1], 0, 1));
                continue;
            }
            let expected: Vec<u64> = (0..3)
                .filter(|ordinal| *ordinal != line && !(joins && *ordinal == line + 1))
                .collect();
            assert_eq!(whole, expected, "byte {at}");
            assert!(bad > 0, "byte {at}");
            let (journal, recovered) = Journal::resume(&path, Secrets::default()).unwrap();
            assert_eq!((recovered.whole, recovered.bad), (whole.len() as u64, bad));
            journal.finish().unwrap();
            assert!(
                std::fs::read(&path)
                    .unwrap()
                    .starts_with(&wrong[..wrong.len() - 1])
            );
        }
    }
}
