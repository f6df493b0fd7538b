//! The ledger of looks at a labels file: `<labels>.ledger.jsonl` beside it, one sealed line a look, each naming the one before.
//!
//! It is committed with the labels, so that everybody who calibrates on them counts together. A line that was changed breaks its own
//! seal; one that was taken out or put elsewhere breaks the chain; lines cut off the end are missed by the certificate, which keeps the
//! seal of its own line. None of this stops anybody, and all of it is said.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::certificate::Look;

use super::{durable, line};

/// The largest file that is read, in bytes: a look takes about 400.
const LARGEST: u64 = 64 << 20;

/// Why a ledger cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It cannot be read.
    #[error("cannot read ledger {path}: {reason}; take the file from version control", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It cannot be written.
    #[error("cannot write ledger {path}: {reason}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// A ledger, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The looks, the first first; those whose line can be read.
    pub looks: Vec<Look>,
    /// The seal of each.
    pub seals: Vec<String>,
    /// What is wrong with it, in words.
    pub faults: Vec<String>,
}

/// A line as it stands in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    look: Look,
    /// The seal of the line before; empty for the first.
    before: String,
    #[serde(default, skip_serializing)]
    sum: String,
}

/// Where the ledger of a labels file stands.
#[must_use]
pub fn path_of(labels: &Path) -> PathBuf {
    let mut name = labels.file_name().unwrap_or_default().to_os_string();
    name.push(".ledger.jsonl");
    labels.with_file_name(name)
}

/// Reads a ledger; one that is not there holds nothing.
pub fn read(path: &Path) -> Result<Ledger, LedgerError> {
    let wrong = |reason: String| LedgerError::Read {
        path: path.to_owned(),
        reason,
    };
    let mut bytes = Vec::new();
    match std::fs::File::open(path) {
        Ok(file) => file
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| wrong(error.to_string()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Ledger::default()),
        Err(error) => return Err(wrong(error.to_string())),
    };
    if bytes.len() as u64 > LARGEST {
        return Err(wrong(format!("it is larger than {LARGEST} bytes")));
    }
    let mut ledger = Ledger::default();
    let mut before = String::new();
    for (number, text) in (1_u64..).zip(bytes.split(|byte| *byte == b'\n')) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        let sealed = line::check(text);
        let text = match sealed {
            Some(text) => text,
            None => {
                ledger.faults.push(format!(
                    "line {number} was changed after it was written: its seal does not hold"
                ));
                &String::from_utf8_lossy(text)
            }
        };
        let Ok(line) = serde_json::from_str::<Line>(text) else {
            if sealed.is_some() {
                ledger
                    .faults
                    .push(format!("line {number} is not a look at labels"));
            }
            // Whatever it was, somebody looked.
            before.clear();
            continue;
        };
        if line.before != before && sealed.is_some() {
            ledger.faults.push(format!(
                "line {number} does not follow the line before it: lines were taken out, or put in from elsewhere"
            ));
        }
        before.clone_from(&line.sum);
        ledger.looks.push(line.look);
        ledger.seals.push(line.sum);
    }
    Ok(ledger)
}

/// Writes one look more behind those of a ledger that was just read, and answers its seal. It is on the disk when this returns.
pub fn append(path: &Path, ledger: &Ledger, look: &Look) -> Result<String, LedgerError> {
    let wrong = |reason: String| LedgerError::Write {
        path: path.to_owned(),
        reason,
    };
    let line = Line {
        look: look.clone(),
        before: ledger.seals.last().cloned().unwrap_or_default(),
        sum: String::new(),
    };
    let mut bytes = serde_json::to_vec(&line).map_err(|error| wrong(error.to_string()))?;
    line::seal(&mut bytes);
    let sealed: Line = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let io = |error: io::Error| wrong(error.to_string());
    let is_new = !path.exists();
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .map_err(io)?;
    // An editor may have taken the last line's end away.
    let length = file.metadata().map_err(io)?.len();
    if length > 0 && !ends_its_line(&mut file, length).map_err(io)? {
        bytes.insert(0, b'\n');
    }
    file.write_all(&bytes).map_err(io)?;
    file.sync_all().map_err(io)?;
    if is_new {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        durable::sync_dir(folder.unwrap_or(Path::new("."))).map_err(io)?;
    }
    Ok(sealed.sum)
}

fn ends_its_line(file: &mut std::fs::File, length: u64) -> io::Result<bool> {
    use std::io::{Seek, SeekFrom};
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last[0] == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(digest: &str) -> Look {
        Look {
            at: "2026-01-01T00:00:00Z".into(),
            judge: "tone".into(),
            digest: digest.into(),
            why: "calibrate".into(),
            rows: "all".into(),
            tuned: false,
            seed: None,
            labels: "l".into(),
            decided: true,
        }
    }

    fn three() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(&folder.path().join("labels.csv"));
        for digest in ["a", "b", "c"] {
            let ledger = read(&path).unwrap();
            let seal = append(&path, &ledger, &look(digest)).unwrap();
            assert_eq!(read(&path).unwrap().seals.last(), Some(&seal));
        }
        (folder, path)
    }

    fn faults(path: &Path) -> Vec<String> {
        read(path).unwrap().faults
    }

    #[test]
    fn looks_are_read_as_they_were_written() {
        let (folder, path) = three();
        assert_eq!(path, folder.path().join("labels.csv.ledger.jsonl"));
        let ledger = read(&path).unwrap();
        let digests: Vec<&str> = ledger.looks.iter().map(|l| l.digest.as_str()).collect();
        assert_eq!(digests, ["a", "b", "c"]);
        assert!(ledger.faults.is_empty());
        assert_eq!(
            read(&folder.path().join("none")).unwrap(),
            Ledger::default()
        );
    }

    #[test]
    fn what_was_changed_taken_out_or_put_in_is_noticed() {
        let (_folder, path) = three();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let write = |lines: &[&str]| std::fs::write(&path, lines.join("\n")).unwrap();
        let edited = lines[1].replace("\"b\"", "\"x\"");
        write(&[lines[0], &edited, lines[2]]);
        assert_eq!(
            faults(&path),
            ["line 2 was changed after it was written: its seal does not hold"]
        );
        assert_eq!(read(&path).unwrap().looks.len(), 3, "it still is a look");
        write(&[lines[0], lines[2]]);
        assert!(faults(&path)[0].starts_with("line 2 does not follow"));
        write(&[lines[1], lines[2]]);
        assert!(faults(&path)[0].starts_with("line 1 does not follow"));
        write(&["nonsense", lines[0]]);
        assert!(faults(&path)[0].starts_with("line 1 was changed"));
        // A checkout with other line ends, and an editor that took the last one away, change nothing.
        std::fs::write(&path, text.replace('\n', "\r\n")).unwrap();
        assert_eq!(faults(&path), Vec::<String>::new());
        std::fs::write(&path, text.trim_end()).unwrap();
        append(&path, &read(&path).unwrap(), &look("d")).unwrap();
        assert_eq!(faults(&path), Vec::<String>::new());
        assert_eq!(read(&path).unwrap().looks.len(), 4);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let said = read(folder.path()).unwrap_err().to_string();
        assert!(said.contains("cannot read ledger"), "{said}");
        let said = append(folder.path(), &Ledger::default(), &look("a")).unwrap_err();
        assert!(said.to_string().contains("cannot write ledger"), "{said}");
    }
}
