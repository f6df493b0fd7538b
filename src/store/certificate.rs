//! The certificate of a judge: a small JSON file that is committed beside the judge's own.
//!
//! `<judge>.calibration.json` stands beside the judge's file; a built-in judge has none, so its certificate stands beside the suite.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::domain::certificate::{Certificate, FORMAT};

use super::durable;

/// The largest file that is read, in bytes: an entry takes about 1 KB.
const LARGEST: u64 = 16 << 20;

/// Why a certificate cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It cannot be read, or is none.
    #[error("cannot read certificate {path}: {reason}; take the file from version control, or delete it and calibrate again", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It cannot be written.
    #[error("cannot write certificate {path}: {reason}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Where the certificate of a judge stands, by the judge's name in the suite and the suite's folder.
#[must_use]
pub fn path_of(named: &str, folder: &Path) -> PathBuf {
    let beside = Path::new(named).with_extension("calibration.json");
    match folder == Path::new(".") {
        true => beside,
        false => folder.join(beside),
    }
}

/// Reads a certificate; `None` where there is none.
pub fn read(path: &Path) -> Result<Option<Certificate>, CertificateError> {
    let wrong = |reason: String| CertificateError::Read {
        path: path.to_owned(),
        reason,
    };
    let mut text = String::new();
    match fs::File::open(path) {
        Ok(file) => file
            .take(LARGEST + 1)
            .read_to_string(&mut text)
            .map_err(|error| wrong(error.to_string()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    if text.len() as u64 > LARGEST {
        return Err(wrong(format!("it is larger than {LARGEST} bytes")));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let certificate: Certificate =
        serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if certificate.format > FORMAT {
        return Err(wrong(format!(
            "it has format {}, and this evenhand reads up to {FORMAT}; use a newer evenhand",
            certificate.format
        )));
    }
    Ok(Some(certificate))
}

/// Writes a certificate: readers see the old one or the new one, never half.
pub fn write(path: &Path, certificate: &Certificate) -> Result<(), CertificateError> {
    let wrong = |reason: String| CertificateError::Write {
        path: path.to_owned(),
        reason,
    };
    let mut bytes =
        serde_json::to_vec_pretty(certificate).map_err(|error| wrong(error.to_string()))?;
    bytes.push(b'\n');
    durable::replace(path, &bytes).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_beside_the_judges_file_and_a_built_in_ones_beside_the_suite() {
        let folder = Path::new("evals");
        let at = |named| path_of(named, folder);
        assert_eq!(
            at("judges/tone.md"),
            Path::new("evals/judges/tone.calibration.json")
        );
        assert_eq!(
            at("helpfulness"),
            Path::new("evals/helpfulness.calibration.json")
        );
    }

    #[test]
    fn what_is_written_is_read_and_none_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.calibration.json");
        assert_eq!(read(&path).unwrap(), None);
        let certificate = Certificate::new("j");
        write(&path, &certificate).unwrap();
        assert_eq!(read(&path).unwrap(), Some(certificate));
    }

    #[test]
    fn a_broken_file_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.calibration.json");
        for (text, said) in [
            ("", "EOF"),
            ("{\"format\":1}", "missing field"),
            (
                "{\"format\":9,\"judge\":\"j\",\"entries\":[]}",
                "it has format 9",
            ),
            ("\u{0}", "expected value"),
        ] {
            fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            assert!(error.contains("j.calibration.json"), "{error}");
            assert!(error.contains("calibrate again"), "{error}");
        }
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read(&path).is_err());
    }
}
