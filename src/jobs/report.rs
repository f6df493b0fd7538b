//! What a run says: its findings, its rows, and how its process should end.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::JobError;
use super::casebook::Side;
use super::reading::{Reading, read_run};
use crate::analysis::analyse::{Context, findings};
use crate::analysis::baseline::Baseline;
use crate::analysis::findings::{Findings, ParentFacts, RowHead, RunFacts, TrialRow};
use crate::analysis::rows::Rows;
use crate::analysis::verdict::verdict;
use crate::domain::suite::{Baseline as BaselineSpec, CassetteMode, Source};
use crate::store::baseline;
use crate::store::run::RunDir;

/// What a run, or a comparison, says, with all that reports need.
#[derive(Debug)]
pub struct Told {
    /// What it says.
    pub findings: Findings,
    /// The columns of its rows.
    pub head: RowHead,
    /// The exit code that it asks for, and why.
    pub exit: (u8, String),
    /// The run whose trials are the rows; `None` for a table.
    pub(super) reading: Option<Reading>,
    /// The other run of a comparison of two.
    pub(super) base: Option<Reading>,
    /// Whose trials a report of single cases shows.
    pub(super) sides: Vec<Side>,
}

impl Told {
    /// What a comparison says; its rows are those of `reading`.
    pub(crate) fn new(findings: Findings, reading: Option<Reading>) -> Self {
        let limit = reading
            .as_ref()
            .and_then(|reading| reading.record.life().limit.clone());
        let verdict = verdict(
            &findings,
            limit.as_ref().map(|limit| limit.message.as_str()),
        );
        let head = match &reading {
            Some(reading) => RowHead {
                file: dataset_file(reading),
                ..Rows::new(&reading.suite, &reading.record).head()
            },
            None => RowHead {
                suite: findings.run.suite.clone(),
                scorers: Vec::new(),
                file: None,
            },
        };
        let targets = reading.iter().flat_map(|reading| &reading.suite.targets);
        let sides = targets.enumerate().map(|(at, target)| Side {
            name: target.id.clone(),
            is_of_base: false,
            target: at,
        });
        Self {
            findings,
            head,
            exit: (verdict.code, verdict.why),
            sides: sides.collect(),
            reading,
            base: None,
        }
    }

    /// The same, where a report of single cases shows only these sides; `base` is the run of those that are not of this one.
    pub(crate) fn showing(self, sides: Vec<Side>, base: Option<Reading>) -> Self {
        Self {
            sides,
            base,
            ..self
        }
    }

    /// The folder in the run's directory where its reports are kept.
    pub fn reports_folder(&self) -> Result<PathBuf, JobError> {
        match &self.reading {
            Some(reading) => reading
                .run
                .reports()
                .map_err(|error| JobError::Store(error.to_string())),
            None => Err(JobError::Unexpected("a table keeps no reports".to_owned())),
        }
    }
}

/// The dataset's file as one would name it from where the run was started: to a CI system a path of one machine says nothing.
fn dataset_file(reading: &Reading) -> Option<String> {
    let [Source::File { path, .. }] = reading.suite.dataset.sources.as_slice() else {
        return None;
    };
    let folder = &reading.run.manifest().folder;
    let file = match folder.as_str() {
        "" | "." => PathBuf::from(path),
        _ => PathBuf::from(folder).join(path),
    };
    let file = file.strip_prefix(".").unwrap_or(&file);
    let inside = file
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    inside.then(|| file.display().to_string())
}

/// What a run on the disk says.
pub fn tell(run: RunDir) -> Result<Told, JobError> {
    let reading = read_run(run)?;
    let file = baseline_file(&reading)?;
    let context = Context {
        run: facts(&reading)?,
        threads: threads(),
        baseline_file: file.as_ref(),
    };
    let mut found = findings(&reading.suite, &reading.record, context);
    warn(&mut found, &reading);
    name_flips(&mut found, &reading)?;
    Ok(Told::new(found, Some(reading)))
}

/// Threads for bootstraps; they change the time, never a byte.
pub(crate) fn threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The baseline file that the suite names, where it is there already: in the folder that the suite stood in.
fn baseline_file(reading: &Reading) -> Result<Option<Baseline>, JobError> {
    let BaselineSpec::File(named) = &reading.suite.baseline else {
        return Ok(None);
    };
    let path = PathBuf::from(&reading.run.manifest().folder).join(named);
    if !path.exists() {
        return Ok(None);
    }
    baseline::read(&path, named)
        .map(|read| Some(read.baseline))
        .map_err(|error| JobError::Store(error.to_string()))
}

/// About the run itself.
pub(crate) fn facts(reading: &Reading) -> Result<RunFacts, JobError> {
    let (run, record) = (&reading.run, &reading.record);
    let manifest = run.manifest();
    let life = record.life();
    let mut digests = BTreeMap::from([
        ("dataset".to_owned(), manifest.dataset.digest.to_string()),
        ("suite".to_owned(), manifest.suite_digest.to_string()),
    ]);
    digests.extend(
        manifest
            .targets
            .iter()
            .map(|one| (format!("target:{}", one.id), one.digest.to_string())),
    );
    digests.extend(
        manifest
            .judges
            .iter()
            .map(|one| (format!("judge:{}", one.id), one.digest.to_string())),
    );
    let started = life.started_ms.unwrap_or(manifest.created_ms);
    let replay = manifest
        .cassette
        .as_ref()
        .filter(|cassette| cassette.mode == CassetteMode::Replay);
    let source = match (replay, life.replayed) {
        (Some(cassette), _) => Some(format!("replayed from {}", cassette.file)),
        (None, true) => Some("recorded replies".to_owned()),
        (None, false) => None,
    };
    Ok(RunFacts {
        id: run.id().to_owned(),
        suite: manifest.suite_name.clone(),
        status: run
            .status()
            .map_err(|error| JobError::Store(error.to_string()))?
            .word()
            .to_owned(),
        resumed: life.resumed,
        started: timestamp(started),
        took_s: std::time::Duration::from_millis(life.took_ms).as_secs_f64(),
        seed: manifest.seed,
        digests,
        spent: record.spent(),
        budget: life.budget,
        limit: life.limit.clone(),
        source,
        directory: run.path().display().to_string(),
        parent: manifest.parent.as_ref().map(|id| ParentFacts {
            id: id.clone(),
            reused_trials: record.taken().trials(),
            trials: manifest.extent.trials(),
            reused_scores: record.taken().scores,
            rescored: manifest.rescored,
            only: manifest.only.as_ref().map(|only| only.which.clone()),
        }),
    })
}

/// Milliseconds since 1970 as RFC 3339 in UTC, to the second.
pub(crate) fn timestamp(unix_ms: u64) -> String {
    let seconds = i64::try_from(unix_ms / 1_000).ok();
    seconds
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map(|time| time.to_string())
        .unwrap_or_default()
}

/// What the reading itself has to say before the numbers.
fn warn(found: &mut Findings, reading: &Reading) {
    if reading.bad_lines > 0 {
        found.warnings.insert(
            0,
            format!("{} damaged lines of the journal are passed over: a trial of which they were all that was known counts as not done", reading.bad_lines),
        );
    }
    for change in &reading.record.life().drift {
        found
            .warnings
            .push(format!("resumed although it had changed: {change}"));
    }
    let manifest = reading.run.manifest();
    if let Some(only) = &manifest.only {
        let what = match only.which.as_str() {
            "changed" => "have changed since",
            "errored" => "errored or are unscored in",
            _ => "failed in",
        };
        found.warnings.push(format!(
            "only cases that {what} {}: gates are shown and decide nothing",
            only.run
        ));
    } else if manifest.partial {
        found.warnings.push(format!(
            "only a part of the suite: {}",
            manifest.flags.join(" ")
        ));
    }
}

/// Puts ids in place of the indices of cases that changed sides.
pub(crate) fn name_flips(found: &mut Findings, reading: &Reading) -> Result<(), JobError> {
    let flipped = || {
        found
            .comparisons
            .iter()
            .map(|comparison| &comparison.flipped)
    };
    let mut wanted: BTreeMap<u64, String> = flipped()
        .flat_map(|flipped| flipped.gained_at.iter().chain(&flipped.lost_at))
        .map(|index| (*index, String::new()))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let store = |error: crate::store::cases::CasesError| JobError::Store(error.to_string());
    for (index, case) in (0_u64..).zip(reading.run.cases().map_err(store)?) {
        let case = case.map_err(store)?;
        if let Some(name) = wanted.get_mut(&index) {
            *name = case.id;
        }
    }
    for comparison in &mut found.comparisons {
        let flipped = &mut comparison.flipped;
        let name = |at: &Vec<u64>| {
            at.iter()
                .filter_map(|index| wanted.get(index).cloned())
                .collect()
        };
        flipped.gained = name(&flipped.gained_at);
        flipped.lost = name(&flipped.lost_at);
    }
    Ok(())
}

/// The trials as rows in ordinal order, read as they are asked for. Cases that can no longer be read end them.
pub fn rows(told: &Told) -> Result<Box<dyn Iterator<Item = TrialRow> + '_>, JobError> {
    let Some(reading) = &told.reading else {
        return Ok(Box::new(std::iter::empty()));
    };
    let cases = reading
        .run
        .cases()
        .map_err(|error| JobError::Store(error.to_string()))?;
    let rows = Rows::new(&reading.suite, &reading.record);
    let of_case = move |(index, case): (usize, Result<crate::domain::case::Case, _>)| {
        case.map(|case| rows.of_case(index, &case.id))
            .unwrap_or_default()
    };
    Ok(Box::new(cases.enumerate().flat_map(of_case)))
}
