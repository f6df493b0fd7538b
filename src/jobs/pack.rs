//! The built-in packs: folders of dataset and suite that are in the binary.

use std::fs;
use std::path::{Path, PathBuf};

use super::JobError;
use crate::domain::decode::unknown;
use crate::domain::digest::Digest;

/// A folder in the binary.
#[derive(Debug)]
pub struct Pack {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// Every pack.
pub static PACKS: &[Pack] = &[Pack {
    name: "quickstart",
    summary: "150 short cases over six skills, two small models and a judge recorded: runs anywhere in seconds",
    files: &[
        (
            "suite.yaml",
            include_str!("../../datasets/quickstart/suite.yaml"),
        ),
        (
            "cases.jsonl",
            include_str!("../../datasets/quickstart/cases.jsonl"),
        ),
        (
            "cassette.jsonl",
            include_str!("../../datasets/quickstart/cassette.jsonl"),
        ),
        (
            "labels.csv",
            include_str!("../../datasets/quickstart/labels.csv"),
        ),
        (
            "README.md",
            include_str!("../../datasets/quickstart/README.md"),
        ),
    ],
}];

/// The pack of a name.
pub(crate) fn find(name: &str) -> Result<&'static Pack, JobError> {
    PACKS.iter().find(|pack| pack.name == name).ok_or_else(|| {
        let known: Vec<&str> = PACKS.iter().map(|pack| pack.name).collect();
        JobError::Usage(unknown("pack", name, &known))
    })
}

/// The pack that a suite's argument names; there was no such file either.
fn named(name: &str) -> Result<&'static Pack, JobError> {
    find(name).map_err(|error| {
        JobError::Usage(format!(
            "there is no file `{name}`, and it names no built-in pack: {error}"
        ))
    })
}

/// Writes a pack's files into a folder; files that are there already and differ are not touched, and named.
pub(crate) fn write(pack: &Pack, folder: &Path) -> Result<Vec<PathBuf>, JobError> {
    for (name, text) in pack.files {
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|there| there != text.as_bytes()) {
            let path = path.display();
            return Err(JobError::Store(format!(
                "{path} is there already and differs; move it away or name another folder"
            )));
        }
    }
    let fail = |path: &Path, error: std::io::Error| {
        JobError::Store(format!("cannot write {}: {error}", path.display()))
    };
    if folder != Path::new("") {
        fs::create_dir_all(folder).map_err(|error| fail(folder, error))?;
    }
    let mut written = Vec::new();
    for (name, text) in pack.files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| fail(&path, error))?;
        written.push(path);
    }
    Ok(written)
}

/// A suite named by a pack: the pack's folder, written out beneath the runs' once for each of its versions.
pub(crate) fn unfold(name: &str, runs_dir: &Path) -> Result<PathBuf, JobError> {
    let pack = named(name)?;
    let mut hasher = blake3::Hasher::new();
    for (_, text) in pack.files {
        hasher.update(text.as_bytes());
    }
    let version = Digest::from_hash(&hasher.finalize()).short();
    let folder = runs_dir.join(".packs").join(format!("{name}-{version}"));
    write(pack, &folder)?;
    Ok(folder.join("suite.yaml"))
}

/// Whether a suite argument is a bare name rather than a path.
pub(crate) fn is_name(path: &Path) -> bool {
    let bare = path.components().count() == 1 && path.extension().is_none();
    bare && !path.exists()
}

/// The suite that `init` writes: it runs at once, offline, and explains itself.
pub(crate) static STARTER: Pack = Pack {
    name: "starter",
    summary: "a suite that runs at once, to start from",
    files: &[
        ("suite.yaml", crate::load::starter::SUITE),
        ("cases.jsonl", crate::load::starter::CASES),
    ],
};
