//! What a dataset is called by: a file, or a benchmark whose files were pulled.

use std::path::{Path, PathBuf};

use crate::jobs::JobError;
use crate::load::benchmarks::places::Role;
use crate::load::benchmarks::pulled::Cache;
use crate::load::benchmarks::{Benchmark, find};

/// Files of cases, and the benchmark whose own they are.
pub(super) struct Named {
    pub(super) files: Vec<PathBuf>,
    pub(super) benchmark: Option<&'static Benchmark>,
}

/// A cache at a folder, or where the environment says.
pub(super) fn cache(root: Option<&PathBuf>) -> Result<Cache, JobError> {
    match root {
        Some(root) => Ok(Cache::at(root)),
        None => Cache::of_environment().map_err(JobError::Usage),
    }
}

/// Holds that a name is not that of something else than a file.
pub(super) fn no_other(name: &str) -> Result<(), JobError> {
    match Path::new(name).exists() && find(name).is_err() {
        false => Ok(()),
        true => Err(JobError::problem(
            name,
            "this is no regular file; name a file of rows, or a benchmark",
        )),
    }
}

/// The files of a name; `benchmark` says whose rows a file holds.
pub(super) fn named(
    name: &str,
    benchmark: Option<&str>,
    root: Option<&PathBuf>,
) -> Result<Named, JobError> {
    if Path::new(name).is_file() {
        let benchmark = benchmark.map(find).transpose().map_err(JobError::Usage)?;
        return Ok(Named {
            files: vec![PathBuf::from(name)],
            benchmark,
        });
    }
    no_other(name)?;
    if let Some(benchmark) = benchmark {
        return Err(JobError::Usage(format!(
            "--benchmark {benchmark} says whose rows a file holds, and there is no file `{name}`"
        )));
    }
    let found = find(name).map_err(|why| {
        JobError::Usage(format!(
            "there is no file `{name}`, and it is no benchmark: {why}"
        ))
    })?;
    let files = cache(root)?
        .files(found.name, Role::Cases, Path::new("."))
        .map_err(JobError::Refused)?;
    Ok(Named {
        files,
        benchmark: Some(found),
    })
}
