//! A run's directory in the making.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::case::Case;
use crate::domain::digest::Digest;
use crate::domain::secret::Secrets;
use crate::funnel::path_component;

use super::cases::CasesWriter;
use super::journal::{Journal, JournalError};
use super::manifest::Manifest;
use super::run::{
    JOURNAL, JUDGES, LABELS, MANIFEST, RunDir, RunError, SUITE, certificate_file, judge_file,
    labels_file,
};
use super::{durable, mask};

/// A run's directory in the making. Until [`NewRun::commit`] it is no run, and dropping it removes it.
#[derive(Debug)]
pub struct NewRun {
    path: PathBuf,
    id: String,
    secrets: Secrets,
    cases: Option<CasesWriter>,
    is_committed: bool,
}

/// A run that was just made, open for writing.
#[derive(Debug)]
pub struct Committed {
    /// The run.
    pub run: RunDir,
    /// Its journal, locked.
    pub journal: Journal,
    /// Cases in which the value of a secret stood and was masked: the agent is asked with the variable's name in its place.
    pub masked_cases: u64,
}

/// Writes what a run takes over from an earlier one into its journal.
pub type TakeOver<'a> = &'a mut dyn FnMut(&mut Journal) -> Result<(), JournalError>;

impl NewRun {
    /// Makes the directory `<time>-<suite>-<four hex digits>` in `runs`, which is made when it is not there. `salt` decides the digits.
    pub fn create(
        runs: &Path,
        suite_name: &str,
        now_unix_ms: u64,
        salt: u64,
        secrets: Secrets,
    ) -> Result<Self, RunError> {
        let time = i64::try_from(now_unix_ms)
            .ok()
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
            .ok_or(RunError::Time(now_unix_ms))?
            .strftime("%Y%m%d-%H%M%S")
            .to_string();
        let name = secrets.mask(suite_name);
        let name = path_component(&name);
        if !runs.exists() {
            durable::create_dirs(runs).map_err(write_error(runs))?;
            // Transcripts do not belong into version control by accident. Another process may have been quicker.
            let ignore = runs.join(".gitignore");
            match durable::write_new(&ignore, b"*\n") {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(write_error(&ignore)(error));
                }
                _ => {}
            }
        }
        // Another process may have taken the name in the same second with the same salt.
        let mut attempt: u64 = 0;
        let (id, path) = loop {
            let digits = Digest::of(&[salt.to_le_bytes(), attempt.to_le_bytes()].concat());
            let id = format!("{time}-{name}-{}", &digits.to_string()[..4]);
            let path = runs.join(&id);
            match durable::create_dir(&path) {
                Ok(()) => break (id, path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 1_000 => {
                    attempt += 1;
                }
                Err(source) => return Err(RunError::Write { path, source }),
            }
        };
        let mut run = Self {
            path,
            id,
            secrets,
            cases: None,
            is_committed: false,
        };
        run.cases = Some(CasesWriter::create(&run.path)?);
        Ok(run)
    }

    /// The run's id: its directory's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the next case of the plan.
    pub fn add_case(&mut self, case: &Case) -> Result<(), RunError> {
        if let Some(cases) = &mut self.cases {
            cases.add(case, &self.secrets)?;
        }
        Ok(())
    }

    /// Keeps the suite's file as it was read.
    pub fn add_suite(&mut self, text: &str) -> Result<(), RunError> {
        self.keep(self.path.join(SUITE), text)
    }

    /// Keeps a judge's file as it was read; `named` as the suite names it. Naming one judge twice keeps it once.
    pub fn add_judge(&mut self, named: &str, text: &str) -> Result<(), RunError> {
        self.keep_once(JUDGES, &judge_file(&self.secrets.mask(named)), text)
    }

    /// Keeps the certificate of a judge as it stands; `named` as the suite names the judge.
    pub fn add_certificate(&mut self, named: &str, text: &str) -> Result<(), RunError> {
        self.keep_once(JUDGES, &certificate_file(&self.secrets.mask(named)), text)
    }

    /// Keeps a labels file as it stands; `named` as the suite names it.
    pub fn add_labels(&mut self, named: &str, text: &str) -> Result<(), RunError> {
        self.keep_once(LABELS, &labels_file(&self.secrets.mask(named)), text)
    }

    fn keep_once(&self, folder: &str, file: &Path, text: &str) -> Result<(), RunError> {
        let folder = self.path.join(folder);
        if !folder.is_dir() {
            durable::create_dir(&folder).map_err(write_error(&folder))?;
        }
        let path = self.path.join(file);
        if path.exists() {
            return Ok(());
        }
        self.keep(path, text)
    }

    fn keep(&self, path: PathBuf, text: &str) -> Result<(), RunError> {
        durable::write_new(&path, self.secrets.mask(text).as_bytes())
            .map_err(|source| RunError::Write { path, source })
    }

    /// Makes it a run: all it holds is on the disk, its journal is begun and locked, and only then the manifest appears, whole.
    /// Puts the id and the digest of the cases into the manifest.
    pub fn commit(self, manifest: Manifest) -> Result<Committed, RunError> {
        self.commit_with(manifest, None)
    }

    /// The same, with a journal that holds something already: what `take_over` writes is on the disk before the manifest appears, so
    /// that a run never begins with half of what it was to take over.
    pub fn commit_with(
        mut self,
        mut manifest: Manifest,
        take_over: Option<TakeOver<'_>>,
    ) -> Result<Committed, RunError> {
        let written = match self.cases.take() {
            Some(cases) => cases.finish()?,
            None => CasesWriter::create(&self.path)?.finish()?,
        };
        if written.count != manifest.extent.cases {
            return Err(RunError::Count {
                path: self.path.clone(),
                written: written.count,
                planned: manifest.extent.cases,
            });
        }
        manifest.id.clone_from(&self.id);
        manifest.cases = written.digest;
        for folder in [JUDGES, LABELS] {
            let folder = self.path.join(folder);
            if folder.is_dir() {
                durable::sync_dir(&folder).map_err(write_error(&folder))?;
            }
        }
        let at = self.path.join(JOURNAL);
        let mut journal = Journal::create(&at, self.secrets.clone())?;
        if let Some(take_over) = take_over {
            take_over(&mut journal)?;
            journal.finish()?;
            (journal, _) = Journal::resume(&at, self.secrets.clone())?;
        }
        let path = self.path.join(MANIFEST);
        let damaged = |error: serde_json::Error| RunError::Manifest {
            path: path.clone(),
            reason: error.to_string(),
        };
        let json = serde_json::to_string(&manifest).map_err(damaged)?;
        let json = mask::masked(&json, &self.secrets);
        // For the eye, and because what is masked must still be a manifest.
        let manifest: Manifest = serde_json::from_str(&json).map_err(damaged)?;
        let mut pretty = serde_json::to_string_pretty(&manifest).map_err(damaged)?;
        pretty.push('\n');
        durable::replace(&path, pretty.as_bytes()).map_err(write_error(&path))?;
        if let Some(runs) = self.path.parent() {
            durable::sync_dir(runs).map_err(write_error(runs))?;
        }
        self.is_committed = true;
        Ok(Committed {
            run: RunDir::made(self.path.clone(), manifest),
            journal,
            masked_cases: written.masked,
        })
    }
}

impl Drop for NewRun {
    fn drop(&mut self) {
        if !self.is_committed {
            // It is no run and this process made it; what cannot be removed is never taken for one.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn write_error(path: &Path) -> impl Fn(io::Error) -> RunError {
    move |source| RunError::Write {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::store::manifest::tests::manifest;

    /// A moment: 2026-11-22, 09:58:41.
    pub(in crate::store) const NOW: u64 = 1_795_341_521_000;

    /// A run of two cases in the making.
    pub(in crate::store) fn new_run(runs: &Path) -> NewRun {
        let mut run = NewRun::create(runs, "quickstart", NOW, 7, Secrets::default()).unwrap();
        run.add_case(&Case::new("a", "one")).unwrap();
        run.add_case(&Case::new("b", "two")).unwrap();
        run
    }

    fn files(path: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_run_is_named_by_time_suite_and_salt_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let runs = directory.path().join("runs");
        let mut new = new_run(&runs);
        new.add_suite("suite: quickstart\n").unwrap();
        new.add_judge("helpfulness", "text").unwrap();
        new.add_judge("../judges/Own.md", "text").unwrap();
        new.add_judge("helpfulness", "text").unwrap();
        new.add_certificate("helpfulness", "{}").unwrap();
        new.add_labels("../People/labels.v2.jsonl", "{}").unwrap();
        new.add_labels("labels", "{}").unwrap();
        let Committed { run, journal, .. } = new.commit(manifest()).unwrap();
        drop(journal);
        assert_eq!(files(&runs), [".gitignore", run.id()]);
        let digits = &run.id()[run.id().len() - 4..];
        assert_eq!(run.id(), format!("20261122-095841-quickstart-{digits}"));
        assert_eq!(
            files(run.path()),
            [
                "cases.jsonl",
                "events.jsonl",
                "judges",
                "labels",
                "run.json",
                "suite.yaml"
            ]
        );
        let judges = files(&run.path().join(JUDGES));
        assert_eq!(judges.len(), 3, "{judges:?}");
        assert!(judges.contains(&"helpfulness.md".to_owned()));
        assert!(judges.contains(&"helpfulness.calibration.json".to_owned()));
        let labels = files(&run.path().join(LABELS));
        assert_eq!(labels[0], "labels.csv");
        assert!(
            labels[1].starts_with("people-labels.v2") && labels[1].ends_with(".jsonl"),
            "{labels:?}"
        );
        run.reports().unwrap();
        assert!(run.reports().unwrap().is_dir());
        for (folder, name, mode) in [
            (runs.as_path(), run.id(), 0o700),
            (run.path(), "judges", 0o700),
            (run.path(), "reports", 0o700),
            (run.path(), "cases.jsonl", 0o600),
            (run.path(), "run.json", 0o600),
            (run.path(), "events.jsonl", 0o600),
            (run.path(), "suite.yaml", 0o600),
        ] {
            let found = fs::metadata(folder.join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(found & 0o777, mode, "{name}");
        }
        let opened = RunDir::open(run.path()).unwrap();
        assert_eq!(opened.manifest(), run.manifest());
        assert_eq!(
            opened.suite_text().unwrap().as_deref(),
            Some("suite: quickstart\n")
        );
        assert_eq!(opened.cases().unwrap().count(), 2);
        assert_eq!(opened.case_index().unwrap().case_at(1).unwrap().id, "b");
    }

    #[test]
    fn two_runs_of_one_moment_get_two_directories() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (new_run(directory.path()), new_run(directory.path()));
        assert_ne!(one.id(), two.id());
    }

    #[test]
    fn a_suite_name_cannot_leave_the_runs_directory() {
        let directory = tempfile::tempdir().unwrap();
        let runs = directory.path().join("runs");
        for name in ["../../x", "/etc", "", "a/b\n\u{1b}[2J"] {
            let run = NewRun::create(&runs, name, NOW, 1, Secrets::default()).unwrap();
            assert_eq!(run.path().parent(), Some(runs.as_path()));
            assert!(files(&runs).contains(&run.id().to_owned()));
        }
    }

    #[test]
    fn without_its_manifest_it_is_no_run_and_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let run = new_run(directory.path());
        assert!(matches!(
            RunDir::open(run.path()),
            Err(RunError::NoRun { .. })
        ));
        let mut wrong = manifest();
        wrong.extent.cases = 3;
        assert!(matches!(
            run.commit(wrong),
            Err(RunError::Count {
                written: 2,
                planned: 3,
                ..
            })
        ));
        assert_eq!(files(directory.path()), Vec::<String>::new());
    }

    #[test]
    fn a_manifest_that_cannot_be_written_leaves_no_run() {
        let directory = tempfile::tempdir().unwrap();
        let run = new_run(directory.path());
        // Something stands where the manifest is to be renamed to: the last step fails.
        fs::create_dir(run.path().join(MANIFEST)).unwrap();
        fs::write(run.path().join(MANIFEST).join("x"), "").unwrap();
        assert!(matches!(
            run.commit(manifest()),
            Err(RunError::Write { .. })
        ));
        assert_eq!(files(directory.path()), Vec::<String>::new());
    }

    #[test]
    fn no_secret_stands_in_any_file_or_name() {
        let directory = tempfile::tempdir().unwrap();
        let mut secrets = Secrets::default();
        secrets.add("KEY", "canary-1");
        let mut new = NewRun::create(directory.path(), "my canary-1", NOW, 7, secrets).unwrap();
        new.add_case(&Case::new("canary-1", "canary-1")).unwrap();
        new.add_suite("api_key: canary-1").unwrap();
        new.add_judge("canary-1.md", "canary-1").unwrap();
        let mut note = manifest();
        note.extent.cases = 1;
        note.suite = serde_json::json!({"base_url": "http://canary-1/"});
        let committed = new.commit(note).unwrap();
        assert_eq!(committed.masked_cases, 1);
        drop(committed.journal);
        let mut folders = vec![directory.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                assert!(
                    !path
                        .file_name()
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .contains("canary")
                );
                if path.is_dir() {
                    folders.push(path);
                } else {
                    assert!(
                        !fs::read_to_string(&path).unwrap().contains("canary"),
                        "{path:?}"
                    );
                }
            }
        }
    }
}
