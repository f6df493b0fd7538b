//! All runs of a folder: listed, and found by what people type.
//!
//! An address is a path, an id, the shortest prefix of an id that only one run has, `latest`, or a suite's name for its latest run;
//! `~N` behind `latest` or a suite's name goes N runs further back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::decode::unknown;

use super::run::{MANIFEST, RunDir, RunError};

/// How many candidates an error names.
const NAMED: usize = 5;

/// Why no run is found.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// The folder cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// There are no runs at all.
    #[error("there are no runs in {path}: `evenhand run SUITE` makes one, `--runs-dir` names another folder", path = path.display())]
    None {
        /// The folder.
        path: PathBuf,
    },
    /// No run has this address.
    #[error("no run `{address}` in {path}; {candidates}", path = path.display())]
    Unknown {
        /// As typed.
        address: String,
        /// The folder.
        path: PathBuf,
        /// What was meant, or the latest runs.
        candidates: String,
    },
    /// Several runs have this prefix.
    #[error("`{address}` could be {candidates}: type more of it")]
    Ambiguous {
        /// As typed.
        address: String,
        /// These runs.
        candidates: String,
    },
    /// There are not so many runs.
    #[error("`{address}` goes back further than there are runs: {runs}")]
    TooFarBack {
        /// As typed.
        address: String,
        /// How many there are.
        runs: usize,
    },
    /// The run is there and cannot be opened.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A run of a folder.
#[derive(Debug)]
pub struct Listed {
    /// Its directory's name.
    pub id: String,
    /// Its directory.
    pub path: PathBuf,
    /// The run, or why it cannot be opened.
    pub run: Result<RunDir, RunError>,
}

/// Every run of a folder, the latest first; runs that cannot be opened stand among the others by their name. A folder that is not there
/// has none.
pub fn list(runs: &Path) -> Result<Vec<Listed>, RunsError> {
    let failed = |source| RunsError::Read {
        path: runs.to_owned(),
        source,
    };
    let entries = match fs::read_dir(runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut listed = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        // A directory without a manifest is a run in the making, or was never to be one.
        if !path.join(MANIFEST).is_file() {
            continue;
        }
        let Some(id) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        listed.push(Listed {
            id: id.to_owned(),
            run: RunDir::open(&path),
            path,
        });
    }
    // Names begin with the second; within one, the manifest knows the millisecond.
    let key = |one: &Listed| {
        let second = one.id.get(..15).unwrap_or(&one.id).to_owned();
        let created = one.run.as_ref().map_or(0, |run| run.manifest().created_ms);
        (second, created, one.id.clone())
    };
    listed.sort_by_cached_key(|one| std::cmp::Reverse(key(one)));
    Ok(listed)
}

/// The run that an address means.
pub fn find(runs: &Path, address: &str) -> Result<RunDir, RunsError> {
    let path = Path::new(address);
    let is_path = address.contains(std::path::MAIN_SEPARATOR) || path.join(MANIFEST).is_file();
    if is_path && !address.is_empty() {
        return Ok(RunDir::open(path)?);
    }
    let mut listed = list(runs)?;
    if listed.is_empty() {
        return Err(RunsError::None {
            path: runs.to_owned(),
        });
    }
    let at = position(&listed, address, runs)?;
    Ok(listed.swap_remove(at).run?)
}

/// The latest run of a suite, if there is one.
pub fn latest_of(runs: &Path, suite_name: &str) -> Result<Option<RunDir>, RunsError> {
    let of_suite = |run: &RunDir| run.manifest().suite_name == suite_name;
    Ok(list(runs)?
        .into_iter()
        .filter_map(|one| one.run.ok())
        .find(of_suite))
}

/// The latest run of the whole of a suite: one without `--limit` and the like. Where there is none, the latest of all.
pub fn latest_whole_of(runs: &Path, suite_name: &str) -> Result<Option<RunDir>, RunsError> {
    let of_suite = |run: &RunDir| run.manifest().suite_name == suite_name;
    let mut latest = None;
    for run in list(runs)?.into_iter().filter_map(|one| one.run.ok()) {
        if of_suite(&run) {
            if !run.manifest().partial {
                return Ok(Some(run));
            }
            latest.get_or_insert(run);
        }
    }
    Ok(latest)
}

fn position(listed: &[Listed], address: &str, runs: &Path) -> Result<usize, RunsError> {
    if let Some(at) = listed.iter().position(|one| one.id == address) {
        return Ok(at);
    }
    let prefixed: Vec<usize> = (0..listed.len())
        .filter(|at| !address.is_empty() && listed[*at].id.starts_with(address))
        .collect();
    if let [at] = prefixed[..] {
        return Ok(at);
    }
    let (name, back) = match address.rsplit_once('~') {
        Some((name, back)) => (name, back.parse().ok()),
        None => (address, Some(0)),
    };
    let named: Vec<usize> = (0..listed.len())
        .filter(|at| {
            let run = listed[*at].run.as_ref();
            name == "latest" || run.is_ok_and(|run| run.manifest().suite_name == name)
        })
        .collect();
    if let (Some(back), false) = (back, named.is_empty()) {
        return named
            .get(back)
            .copied()
            .ok_or_else(|| RunsError::TooFarBack {
                address: address.to_owned(),
                runs: named.len(),
            });
    }
    if prefixed.is_empty() {
        Err(RunsError::Unknown {
            address: address.to_owned(),
            path: runs.to_owned(),
            candidates: meant(listed, address),
        })
    } else {
        Err(RunsError::Ambiguous {
            address: address.to_owned(),
            candidates: candidates(listed, &prefixed),
        })
    }
}

/// What an address that is none could have been.
fn meant(listed: &[Listed], address: &str) -> String {
    let suites = listed
        .iter()
        .filter_map(|one| Some(one.run.as_ref().ok()?.manifest().suite_name.as_str()));
    let words: Vec<&str> = std::iter::once("latest").chain(suites).collect();
    match unknown("run", address, &words).split_once("; did") {
        Some((_, near)) => format!("did{near}"),
        None => format!(
            "there are {}",
            candidates(listed, &(0..listed.len()).collect::<Vec<_>>())
        ),
    }
}

fn candidates(listed: &[Listed], which: &[usize]) -> String {
    let mut names: Vec<&str> = which
        .iter()
        .take(NAMED)
        .map(|at| listed[*at].id.as_str())
        .collect();
    let more = match which.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("{more} more"),
    };
    if !more.is_empty() {
        names.push(&more);
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::Case;
    use crate::domain::secret::Secrets;
    use crate::store::manifest::tests::manifest;
    use crate::store::new_run::NewRun;
    use crate::store::new_run::tests::NOW;

    fn make(runs: &Path, suite: &str, at_ms: u64) -> String {
        let mut new = NewRun::create(runs, suite, at_ms, at_ms, Secrets::default()).unwrap();
        new.add_case(&Case::new("a", "x")).unwrap();
        let mut manifest = manifest();
        manifest.extent.cases = 1;
        manifest.suite_name = suite.into();
        manifest.created_ms = at_ms;
        new.commit(manifest).unwrap().run.id().to_owned()
    }

    #[test]
    fn runs_are_found_by_what_people_type() {
        let directory = tempfile::tempdir().unwrap();
        let runs = directory.path();
        // Two in one second: only the manifest knows their order.
        let old = make(runs, "alpha", NOW);
        let middle = make(runs, "beta", NOW + 1_500);
        let new = make(runs, "alpha", NOW + 1_700);
        let day = make(runs, "beta", NOW + 86_400_000);
        let order: Vec<String> = list(runs).unwrap().into_iter().map(|one| one.id).collect();
        assert_eq!(
            order,
            [day.clone(), new.clone(), middle.clone(), old.clone()]
        );
        let by_path = runs.join(&old).to_str().unwrap().to_owned();
        for (address, id) in [
            ("latest", &day),
            ("latest~0", &day),
            ("latest~3", &old),
            ("20261123", &day),
            ("20261122-095842-b", &middle),
            ("alpha", &new),
            ("alpha~1", &old),
            ("beta~1", &middle),
            (middle.as_str(), &middle),
            (by_path.as_str(), &old),
        ] {
            assert_eq!(find(runs, address).unwrap().id(), id, "{address}");
        }
        assert_eq!(latest_of(runs, "alpha").unwrap().unwrap().id(), new);
        assert!(latest_of(runs, "gamma").unwrap().is_none());
        let ambiguous = find(runs, "20261122-095842").unwrap_err().to_string();
        assert_eq!(
            ambiguous,
            format!("`20261122-095842` could be {new}, {middle}: type more of it")
        );
        let unknown = find(runs, "gamma").unwrap_err().to_string();
        assert!(
            unknown.contains("no run `gamma`") && unknown.contains(&day),
            "{unknown}"
        );
        assert!(matches!(
            find(runs, "latest~4"),
            Err(RunsError::TooFarBack { runs: 4, .. })
        ));
        for wrong in ["", "latest~x", "latest~-1"] {
            assert!(find(runs, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_run_is_not_listed_and_a_damaged_one_is() {
        let directory = tempfile::tempdir().unwrap();
        let runs = directory.path().join("runs");
        assert!(matches!(find(&runs, "latest"), Err(RunsError::None { .. })));
        let id = make(&runs, "alpha", NOW);
        fs::create_dir(runs.join("20991231-000000-half-0000")).unwrap();
        fs::write(runs.join("notes.txt"), "").unwrap();
        fs::write(runs.join(&id).join(MANIFEST), "{}").unwrap();
        let listed = list(&runs).unwrap();
        assert_eq!(listed.len(), 1);
        assert!(listed[0].run.is_err());
        assert!(matches!(find(&runs, "latest"), Err(RunsError::Run(_))));
    }
}
