//! A run's directory: made whole before the first call, then only its journal grows.
//!
//! ```text
//! runs/20261122-095841-quickstart-7f3a/
//!   cases.jsonl     the plan's order, complete and on the disk before run.json appears
//!   run.json        the manifest; a directory without it is no run
//!   suite.yaml      the suite as it was read
//!   judges/         the judges' files as they were read, and their certificates as they stood then
//!   labels/         the labels files that the suite names, as they stood then
//!   events.jsonl    the journal; what was taken over from an earlier run stands in it first
//!   reports/        derived; may be deleted and made again
//! ```

use std::fs::{self, File};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::domain::event::{RunFinished, TrialFinished};
use crate::domain::secret::Secrets;
use crate::funnel::path_component;

use super::cases::{CaseIndex, Cases, CasesError};
use super::entries::{self, Entries};
use super::journal::{Journal, JournalError};
use super::manifest::{FORMAT, Format, Manifest};
use super::recover::Recovered;
use super::trial_lines::TrialLines;
use super::{durable, line, lock};

/// The manifest's name.
pub const MANIFEST: &str = "run.json";
/// The journal's name.
pub const JOURNAL: &str = "events.jsonl";
/// The name of the suite's copy.
pub const SUITE: &str = "suite.yaml";
/// The folder of the judges' copies.
pub const JUDGES: &str = "judges";
/// The folder of derived reports.
pub const REPORTS: &str = "reports";

/// Why a run's directory cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Something of it cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Something of it cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// There is no manifest.
    #[error("{path} is not a run: it has no {MANIFEST}", path = path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// The manifest is of another format.
    #[error("cannot read {path}: {reason}", path = path.display())]
    Format {
        /// The manifest.
        path: PathBuf,
        /// Which format, and what to do.
        reason: String,
    },
    /// The manifest cannot be understood.
    #[error("{path} is damaged: {reason}; restore it, or run the suite anew", path = path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The plan and the cases written do not agree.
    #[error("{written} cases were written to {path} where the plan has {planned}", path = path.display())]
    Count {
        /// The folder.
        path: PathBuf,
        /// Cases written.
        written: u64,
        /// Cases planned.
        planned: u64,
    },
    /// The time given is none.
    #[error("{0} ms since 1970 is not a time: set the clock")]
    Time(u64),
    /// About its cases.
    #[error(transparent)]
    Cases(#[from] CasesError),
    /// About its journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The folder of the copies of labels files.
pub const LABELS: &str = "labels";

/// Where the copy of a judge's certificate stands in a run: `judges/<name>.calibration.json`.
#[must_use]
pub fn certificate_file(named: &str) -> PathBuf {
    judge_file(named).with_extension("calibration.json")
}

/// Where the copy of a labels file stands in a run: `labels/<name>`. Its ending stays, since that says how it is read.
#[must_use]
pub fn labels_file(named: &str) -> PathBuf {
    let ending = Path::new(named)
        .extension()
        .and_then(|ending| ending.to_str());
    let ending = ending.map(str::to_ascii_lowercase);
    let known = ["jsonl", "ndjson", "json"];
    let ending = known.into_iter().find(|one| ending.as_deref() == Some(one));
    let stem = path_component(named);
    Path::new(LABELS).join(format!("{stem}.{}", ending.unwrap_or("csv")))
}

/// Where a judge's copy stands in a run: `judges/<name>.md`.
#[must_use]
pub fn judge_file(named: &str) -> PathBuf {
    let stem = named.strip_suffix(".md").unwrap_or(named);
    Path::new(JUDGES).join(format!("{}.md", path_component(stem)))
}

/// A run on the disk.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
    manifest: Manifest,
}

/// How a run stands. It is derived, never written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A process is writing its journal.
    Running,
    /// Its journal does not end with `run_finished`: resume it.
    Interrupted,
    /// It ended with trials that were stopped or never started.
    Incomplete {
        /// How many.
        stopped: u64,
    },
    /// Every planned trial is settled.
    Complete,
}

impl Status {
    /// The word used in files and on the screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Incomplete { .. } => "incomplete",
            Self::Complete => "complete",
        }
    }
}

impl RunDir {
    /// A run that was just made.
    pub(super) fn made(path: PathBuf, manifest: Manifest) -> Self {
        Self { path, manifest }
    }

    /// Opens a run by its directory.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        #[derive(serde::Deserialize)]
        struct Head {
            format: Format,
        }
        let file = path.join(MANIFEST);
        let text = fs::read_to_string(&file).map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                RunError::NoRun {
                    path: path.to_owned(),
                }
            } else {
                RunError::Read {
                    path: file.clone(),
                    source,
                }
            }
        })?;
        let damaged = |error: serde_json::Error| RunError::Manifest {
            path: file.clone(),
            reason: error.to_string(),
        };
        // The format first: what a newer one holds may not be readable at all.
        let head: Head = serde_json::from_str(&text).map_err(damaged)?;
        head.format
            .check(FORMAT)
            .map_err(|reason| RunError::Format {
                path: file.clone(),
                reason,
            })?;
        Ok(Self {
            path: path.to_owned(),
            manifest: serde_json::from_str(&text).map_err(damaged)?,
        })
    }

    /// Its directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its id: the name that its directory was made with.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.manifest.id
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its journal's file.
    #[must_use]
    pub fn journal_path(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// Reads its journal from the beginning.
    pub fn entries(&self) -> Result<Entries, JournalError> {
        entries::read(&self.journal_path())
    }

    /// Takes up its journal again, to go on with the run.
    pub fn resume(&self, secrets: Secrets) -> Result<(Journal, Recovered), JournalError> {
        Journal::resume(&self.journal_path(), secrets)
    }

    /// How it stands.
    pub fn status(&self) -> Result<Status, JournalError> {
        let path = self.journal_path();
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Status::Interrupted);
            }
            Err(error) => {
                return Err(JournalError::Open {
                    path,
                    reason: error.to_string(),
                });
            }
        };
        if lock::is_locked(&file) {
            return Ok(Status::Running);
        }
        let last = line::read_last(&mut file).map_err(|error| JournalError::Read {
            path,
            reason: error.to_string(),
        })?;
        let finished = last
            .filter(|json| entries::event_name(json) == Some("run_finished"))
            .and_then(|json| serde_json::from_str::<RunFinished>(&json).ok());
        Ok(match finished {
            None => Status::Interrupted,
            Some(RunFinished { stopped: 0, .. }) => Status::Complete,
            Some(RunFinished { stopped, .. }) => Status::Incomplete { stopped },
        })
    }

    /// Its cases in the plan's order, one at a time.
    pub fn cases(&self) -> Result<Cases, CasesError> {
        Cases::open(&self.path, self.manifest.cases)
    }

    /// Its cases by index, without holding them.
    pub fn case_index(&self) -> Result<CaseIndex, CasesError> {
        CaseIndex::build(&self.path, self.manifest.cases)
    }

    /// The journal's lines about each trial, to be read again.
    pub fn trial_lines(&self, threads: NonZeroUsize) -> Result<TrialLines, JournalError> {
        TrialLines::of(&self.journal_path(), threads)
    }

    /// One `trial_finished` line again, by the offset at which [`RunDir::entries`] met it.
    pub fn trial_line(&self, offset: u64) -> Result<TrialFinished, JournalError> {
        let path = self.journal_path();
        let json = entries::line_at(&path, offset)?;
        let is_trial = entries::event_name(&json) == Some("trial_finished");
        is_trial
            .then(|| serde_json::from_str(&json).ok())
            .flatten()
            .ok_or(JournalError::Damaged { path, offset })
    }

    /// The suite's file as it was read; `None` when the run was made without one.
    pub fn suite_text(&self) -> Result<Option<String>, RunError> {
        let path = self.path.join(SUITE);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(RunError::Read { path, source }),
        }
    }

    /// The folder of its reports, made when it is not there.
    pub fn reports(&self) -> Result<PathBuf, RunError> {
        let path = self.path.join(REPORTS);
        match durable::create_dir(&path) {
            Ok(()) => Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(path),
            Err(source) => Err(RunError::Write { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Event, Spent};
    use crate::store::manifest::tests::manifest;
    use crate::store::new_run::Committed;
    use crate::store::new_run::tests::{NOW, new_run};

    fn finished(stopped: u64) -> Event {
        Event::RunFinished(RunFinished {
            settled: 4 - stopped,
            stopped,
            at_ms: NOW,
        })
    }

    #[test]
    fn status_is_read_from_the_lock_and_the_last_line() {
        let directory = tempfile::tempdir().unwrap();
        let Committed {
            run, mut journal, ..
        } = new_run(directory.path()).commit(manifest()).unwrap();
        assert_eq!(run.status().unwrap(), Status::Running);
        journal.append(&finished(3)).unwrap();
        journal.finish().unwrap();
        assert_eq!(run.status().unwrap(), Status::Incomplete { stopped: 3 });
        let (mut journal, _) = run.resume(Secrets::default()).unwrap();
        assert_eq!(run.status().unwrap(), Status::Running);
        assert!(matches!(
            run.resume(Secrets::default()),
            Err(JournalError::InUse { .. })
        ));
        journal.append(&Event::Spent(Spent::default())).unwrap();
        journal.finish().unwrap();
        assert_eq!(run.status().unwrap(), Status::Interrupted);
        let (mut journal, _) = run.resume(Secrets::default()).unwrap();
        journal.append(&finished(0)).unwrap();
        journal.finish().unwrap();
        assert_eq!(run.status().unwrap(), Status::Complete);
        fs::remove_file(run.journal_path()).unwrap();
        assert_eq!(run.status().unwrap(), Status::Interrupted);
    }

    #[test]
    fn a_newer_format_says_what_to_do_before_anything_else_is_read() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(
            directory.path().join(MANIFEST),
            r#"{"format":{"major":2,"minor":0},"all":"different"}"#,
        )
        .unwrap();
        let error = RunDir::open(directory.path()).unwrap_err().to_string();
        assert!(
            error.ends_with(
                "format 2.0 where 1.0 is read; it is newer than this evenhand: update evenhand"
            ),
            "{error}"
        );
        fs::write(directory.path().join(MANIFEST), "{\"format\"").unwrap();
        assert!(matches!(
            RunDir::open(directory.path()),
            Err(RunError::Manifest { .. })
        ));
    }
}
