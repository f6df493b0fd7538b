//! Rows that are not written one by one where they come from, as JSON lines in a file without a name: on the disk and not in memory, and
//! gone with its last handle, whatever ends the process. So every bound on rows holds, and cases can be found again.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file of lines that is being written.
pub(super) struct Unnamed(BufWriter<File>);

impl Unnamed {
    /// An empty one.
    pub(super) fn new() -> Result<Self, String> {
        unnamed()
            .map(|file| Self(BufWriter::with_capacity(1 << 16, file)))
            .map_err(|error| no_room(&error))
    }

    /// Writes one row, which must have no line end in it.
    pub(super) fn line(&mut self, row: &[u8]) -> Result<(), String> {
        let written = self.0.write_all(row).and_then(|()| self.0.write_all(b"\n"));
        written.map_err(|error| no_room(&error))
    }

    /// The file, to be read from its beginning.
    pub(super) fn finish(self) -> Result<File, String> {
        let mut file = self
            .0
            .into_inner()
            .map_err(|error| no_room(error.error()))?;
        file.rewind().map_err(|error| no_room(&error))?;
        Ok(file)
    }
}

fn no_room(error: &io::Error) -> String {
    format!("its rows cannot be unpacked: {error}; set TMPDIR to a folder with room")
}

/// A file that has lost its name already.
fn unnamed() -> io::Result<File> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nth = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("evenhand-{}-{nth}.rows", std::process::id());
    let path = folder().join(name);
    let mut options = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// A folder on the disk: `/tmp` is memory on many systems.
fn folder() -> PathBuf {
    match std::env::var_os("TMPDIR") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ if Path::new("/var/tmp").is_dir() => PathBuf::from("/var/tmp"),
        _ => std::env::temp_dir(),
    }
}
