//! Writes a suite to start from.

use std::path::{Path, PathBuf};

use super::{JobError, pack};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The files.
    pub files: Vec<PathBuf>,
    /// The suite among them.
    pub suite: PathBuf,
}

/// Writes the starter suite, or a pack, into a folder. Files that are there and differ are not touched.
pub fn init(folder: &Path, name: Option<&str>) -> Result<Written, JobError> {
    let pack = match name {
        Some(name) => pack::find(name)?,
        None => &pack::STARTER,
    };
    // In the present folder files are named as one would type them.
    let folder = if folder == Path::new(".") {
        Path::new("")
    } else {
        folder
    };
    Ok(Written {
        files: pack::write(pack, folder)?,
        suite: folder.join("suite.yaml"),
    })
}
