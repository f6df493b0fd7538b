//! Which reports were asked for, and writing them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::args::Reports;
use super::screen::Screen;
use crate::jobs::{Cases, JobError, Told, rows};
use crate::report::{Frame, Kind, Material, kind};

/// What was typed of reports: each kind with its file, and the kind for stdout.
pub(super) struct Typed<K> {
    pub(super) files: Vec<(K, PathBuf)>,
    pub(super) stdout: Option<K>,
}

impl<K: Copy> Typed<K> {
    /// Reads `--format KIND` and `--report KIND=FILE`, before anything is called.
    pub(super) fn of(
        format: Option<&str>,
        reports: &[String],
        kind: impl Fn(&str) -> Result<K, JobError>,
        name_of: fn(K) -> &'static str,
    ) -> Result<Self, JobError> {
        let mut files: Vec<(K, PathBuf)> = Vec::new();
        let mut stdout = None;
        let mut to_stdout = |kind: K| match stdout.replace(kind) {
            None => Ok(()),
            Some(_) => Err(JobError::Usage(
                "only one report can go to stdout; give the others a file".to_owned(),
            )),
        };
        if let Some(name) = format {
            to_stdout(kind(name)?)?;
        }
        for text in reports {
            let Some((name, file)) = text.split_once('=') else {
                return Err(JobError::Usage(format!(
                    "--report wants KIND=FILE, this is `{text}`; for example json=report.json"
                )));
            };
            let kind = kind(name)?;
            match file {
                "" => {
                    return Err(JobError::Usage(format!(
                        "--report {name}= names no file; `-` is stdout"
                    )));
                }
                "-" => to_stdout(kind)?,
                _ => files.push((kind, writable(name_of(kind), file)?)),
            }
        }
        for (at, (kind, path)) in files.iter().enumerate() {
            let mut before = files[..at].iter();
            if let Some((first, _)) = before.find(|(_, one)| one == path) {
                let (first, name, path) = (name_of(*first), name_of(*kind), path.display());
                return Err(JobError::Usage(format!(
                    "{first} and {name} reports cannot both be written to {path}"
                )));
            }
        }
        Ok(Self { files, stdout })
    }
}

/// The reports that were asked for.
pub(crate) struct Wanted {
    files: Vec<(&'static Kind, PathBuf)>,
    /// What goes to stdout.
    stdout: &'static Kind,
}

impl Wanted {
    /// Reads `KIND=FILE` and `--format`.
    pub(crate) fn of(asked: &Reports) -> Result<Self, JobError> {
        let usage = |error: &dyn std::fmt::Display| JobError::Usage(error.to_string());
        let named = |name: &str| kind(name).map_err(|error| usage(&error));
        let typed = Typed::of(asked.format.as_deref(), &asked.reports, named, |kind| {
            kind.name
        })?;
        let terminal = kind("terminal").map_err(|error| usage(&error))?;
        Ok(Self {
            files: typed.files,
            stdout: typed.stdout.unwrap_or(terminal),
        })
    }

    /// Writes every report, hands to CI what is its, and the report for stdout last. `kept` are further files that the verb writes by itself.
    pub(crate) fn write(
        &self,
        told: &Told,
        kept: &[(&'static Kind, PathBuf)],
        mut frame: Frame,
        screen: &Screen,
    ) -> Result<(), JobError> {
        let asked = self.files.iter().map(|file| (file, false));
        for ((kind, path), is_private) in asked.chain(kept.iter().map(|file| (file, true))) {
            let fail = |error: &dyn std::fmt::Display| {
                JobError::Store(format!("{}: {error}", path.display()))
            };
            let file = create(path, is_private).map_err(|error| fail(&error))?;
            let mut out = BufWriter::new(file);
            let mut shown = on_file(&frame);
            // A page is what one goes on from, long after the screen is gone.
            if kind.name == "html" {
                shown.next.clone_from(&frame.next);
            }
            render(kind, told, &shown, &mut out).map_err(|error| fail(&error))?;
            out.flush().map_err(|error| fail(&error))?;
            frame.reports.push(path.display().to_string());
        }
        screen
            .ci
            .hand_over(told, !kept.is_empty(), &mut frame, screen);
        frame.width = screen.width;
        frame.color = screen.color;
        let mut bytes = Vec::new();
        render(self.stdout, told, &frame, &mut bytes)?;
        super::print_report(screen, self.stdout, &bytes)
    }
}

/// A report's file, if there is a folder for it: a typing error must not show only after the whole run was paid for.
fn writable(kind: &str, file: &str) -> Result<PathBuf, JobError> {
    let path = PathBuf::from(file);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let why = match folder {
        _ if path.is_dir() => "it is a folder; name a file in it".to_owned(),
        Some(folder) if !folder.is_dir() => {
            format!("there is no folder {}; make it first", folder.display())
        }
        _ => return Ok(path),
    };
    Err(JobError::Store(format!(
        "cannot write the {kind} report to {file}: {why}"
    )))
}

/// A report's file. One that was asked for is made as the user's own files are; one that is kept in a run is, like all of it, for its
/// owner alone: reports quote what agents said. Nor is it written through a link that stands in its place: a run's folder may have come
/// from somebody else.
pub(crate) fn create(path: &Path, is_private: bool) -> std::io::Result<File> {
    if is_private && path.is_symlink() {
        std::fs::remove_file(path)?;
    }
    let mode = if is_private { 0o600 } else { 0o666 };
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)
}

/// The frame of a report in a file: the same whatever terminal it was asked for at, and without the paths of other reports.
pub(crate) fn on_file(frame: &Frame) -> Frame {
    Frame {
        run: frame.run.clone(),
        exit: frame.exit.clone(),
        ..Frame::default()
    }
}

/// A report of the kind of this name, as text.
pub(crate) fn rendered(name: &str, told: &Told, frame: &Frame) -> Result<String, JobError> {
    let unexpected = |error: &dyn std::fmt::Display| JobError::Unexpected(error.to_string());
    let kind = kind(name).map_err(|error| unexpected(&error))?;
    let mut bytes = Vec::new();
    render(kind, told, frame, &mut bytes)?;
    String::from_utf8(bytes).map_err(|error| unexpected(&error))
}

fn render(kind: &Kind, told: &Told, frame: &Frame, out: &mut dyn Write) -> Result<(), JobError> {
    let mut rows = rows(told)?;
    let material = Material {
        findings: &told.findings,
        head: &told.head,
        rows: &mut rows,
        cases: &mut Cases::new(told),
        frame,
    };
    kind.render(material, out)
        .map_err(|error| JobError::Store(error.to_string()))
}
