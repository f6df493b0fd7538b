//! Compares a baseline with a candidate: two targets of a run, two runs, a run and a baseline file, or two columns of a table.

use std::path::{Path, PathBuf};

use super::JobError;
use super::casebook::Side;
use super::reading::{Reading, open_run, read_run};
use super::report::{Told, facts, name_flips, threads};
use crate::analysis::analyse::{Against, RunSide, compare as compare_runs};
use crate::analysis::findings::Findings;
use crate::analysis::table::{Row, Table, TableFindings, TableOptions, compare_table};
use crate::domain::decode::unknown;
use crate::domain::suite::Baseline as BaselineSpec;
use crate::load::table;
use crate::store::baseline;

/// What is compared.
#[derive(Debug, Clone)]
pub enum Compare {
    /// Two targets of one run.
    Targets {
        /// The run.
        run: String,
        /// The baseline; `None`: the suite's, else the first.
        baseline: Option<String>,
        /// The candidate; `None`: the only other one.
        candidate: Option<String>,
    },
    /// A run or a baseline file, and a run.
    Runs {
        /// A run's address, or a baseline file's path.
        base: String,
        /// A run's address.
        candidate: String,
        /// The target of each side where a run has several: the baseline's and the candidate's.
        targets: (Option<String>, Option<String>),
    },
}

/// The length of an id's date and time: `20261122-095841`.
const DATE_AND_TIME: usize = 15;

/// What a comparison of runs says.
pub fn compare(order: &Compare, runs_dir: &Path) -> Result<Told, JobError> {
    match order {
        Compare::Targets {
            run,
            baseline,
            candidate,
        } => targets(run, baseline.as_deref(), candidate.as_deref(), runs_dir),
        Compare::Runs {
            base,
            candidate,
            targets: (theirs, ours),
        } => across(
            base,
            candidate,
            theirs.as_deref(),
            ours.as_deref(),
            runs_dir,
        ),
    }
}

fn targets(
    run: &str,
    baseline: Option<&str>,
    candidate: Option<&str>,
    runs_dir: &Path,
) -> Result<Told, JobError> {
    let reading = read_run(open_run(run, runs_dir)?)?;
    let base = match (baseline, &reading.suite.baseline) {
        (Some(id), _) => target(&reading, id)?,
        (None, BaselineSpec::Target(index)) => *index,
        (None, _) => 0,
    };
    let others: Vec<usize> = (0..reading.suite.targets.len())
        .filter(|at| *at != base)
        .collect();
    let ours = match (candidate, others.as_slice()) {
        (Some(id), _) => target(&reading, id)?,
        (None, [only]) => *only,
        (None, []) => {
            return Err(JobError::Usage(format!(
                "{} has one target; name a second run: evenhand compare BASE CAND",
                reading.run.id()
            )));
        }
        (None, _) => {
            return Err(JobError::Usage(format!(
                "several candidates; name one with --candidate: {}",
                ids(&reading)
            )));
        }
    };
    if ours == base {
        return Err(JobError::Usage(
            "baseline and candidate are the same target".to_owned(),
        ));
    }
    let side = |at: usize| RunSide {
        suite: &reading.suite,
        record: &reading.record,
        target: at,
        name: &reading.suite.targets[at].id,
    };
    let mut found = compare_runs(
        Against::Run(side(base)),
        side(ours),
        facts(&reading)?,
        threads(),
    );
    name_flips(&mut found, &reading)?;
    let sides = [base, ours].map(|at| shown(at, &reading.suite.targets[at].id, false));
    Ok(Told::new(found, Some(reading)).showing(sides.into(), None))
}

/// A side whose trials a report of single cases shows.
fn shown(target: usize, name: &str, is_of_base: bool) -> Side {
    Side {
        name: name.to_owned(),
        is_of_base,
        target,
    }
}

fn across(
    base: &str,
    candidate: &str,
    theirs: Option<&str>,
    ours: Option<&str>,
    runs_dir: &Path,
) -> Result<Told, JobError> {
    let reading = read_run(open_run(candidate, runs_dir)?)?;
    let path = PathBuf::from(base);
    if path.is_file() {
        let file = baseline::read(&path, base)
            .map_err(|error| JobError::Store(error.to_string()))?
            .baseline;
        let at = chosen(
            &reading,
            ours.or(Some(&file.head.target))
                .filter(|id| ours.is_some() || has(&reading, id)),
            "--candidate",
        )?;
        let name = reading.suite.targets[at].id.clone();
        let side = RunSide {
            suite: &reading.suite,
            record: &reading.record,
            target: at,
            name: &name,
        };
        let mut found = compare_runs(Against::File(&file), side, facts(&reading)?, threads());
        name_flips(&mut found, &reading)?;
        let side = shown(at, &name, false);
        return Ok(Told::new(found, Some(reading)).showing(vec![side], None));
    }
    let other = open_run(base, runs_dir).map_err(|error| match error {
        JobError::Usage(message) => JobError::Usage(format!(
            "{message}; and there is no baseline file of this name"
        )),
        other => other,
    })?;
    let other = read_run(other)?;
    let ours = chosen(&reading, ours.or(theirs), "--candidate")?;
    let same = reading.suite.targets[ours].id.clone();
    let theirs = chosen(
        &other,
        theirs
            .or(Some(&same))
            .filter(|id| theirs.is_some() || has(&other, id)),
        "--baseline",
    )?;
    let names = names(&other, theirs, &reading, ours);
    let base = RunSide {
        suite: &other.suite,
        record: &other.record,
        target: theirs,
        name: &names.0,
    };
    let side = RunSide {
        suite: &reading.suite,
        record: &reading.record,
        target: ours,
        name: &names.1,
    };
    let mut found: Findings = compare_runs(Against::Run(base), side, facts(&reading)?, threads());
    found.differences = differences((&other, theirs), (&reading, ours));
    name_flips(&mut found, &reading)?;
    let sides = vec![shown(theirs, &names.0, true), shown(ours, &names.1, false)];
    Ok(Told::new(found, Some(reading)).showing(sides, Some(other)))
}

/// What else than the answers differs between two runs: what their manifests say, and the models that answered.
fn differences(
    (other, theirs): (&Reading, usize),
    (reading, ours): (&Reading, usize),
) -> Vec<String> {
    let (then, now) = (other.run.manifest(), reading.run.manifest());
    let mut found = then.drift(now);
    if then.tool_version != now.tool_version {
        let (then, now) = (&then.tool_version, &now.tool_version);
        found.push(format!("evenhand ({then} then, {now} now)"));
    }
    let models = |reading: &Reading, target: usize| -> Vec<String> {
        let taken = reading.record.taken();
        let all = taken
            .models(target, true)
            .chain(taken.models(target, false));
        let all: std::collections::BTreeSet<&str> = all.collect();
        all.into_iter().map(str::to_owned).collect()
    };
    let (old, new) = (models(other, theirs), models(reading, ours));
    if old != new && !old.is_empty() && !new.is_empty() {
        let (old, new) = (old.join(", "), new.join(", "));
        found.push(format!(
            "the model as its endpoint names it ({old} then, {new} now)"
        ));
    }
    found
}

/// How the sides are called: by their targets or, where these have one name, by their runs.
fn names(base: &Reading, theirs: usize, candidate: &Reading, ours: usize) -> (String, String) {
    let (old, new) = (
        &base.suite.targets[theirs].id,
        &candidate.suite.targets[ours].id,
    );
    if old == new {
        apart(base.run.id(), candidate.run.id())
    } else {
        (old.clone(), new.clone())
    }
}

/// The beginnings of two ids, as short as tells them apart and no shorter than date and time: each finds its run.
fn apart(one: &str, other: &str) -> (String, String) {
    let common = one
        .bytes()
        .zip(other.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let begin = |id: &str| {
        // What follows the time is words that both may share: then the whole id.
        let end = if common < DATE_AND_TIME {
            DATE_AND_TIME
        } else {
            id.len()
        };
        id.get(..end).unwrap_or(id).to_owned()
    };
    (begin(one), begin(other))
}

fn has(reading: &Reading, id: &str) -> bool {
    reading.suite.targets.iter().any(|target| target.id == id)
}

/// The target of an id, else the only one; `flag` is the one that names it.
pub(crate) fn chosen(reading: &Reading, id: Option<&str>, flag: &str) -> Result<usize, JobError> {
    match (id, reading.suite.targets.len()) {
        (Some(id), _) => target(reading, id),
        (None, 1) => Ok(0),
        (None, _) => Err(JobError::Usage(format!(
            "{} has several targets; name one with {flag}: {}",
            reading.run.id(),
            ids(reading)
        ))),
    }
}

fn target(reading: &Reading, id: &str) -> Result<usize, JobError> {
    let known: Vec<&str> = reading
        .suite
        .targets
        .iter()
        .map(|target| target.id.as_str())
        .collect();
    known
        .iter()
        .position(|known| *known == id)
        .ok_or_else(|| JobError::Usage(unknown("target", id, &known)))
}

fn ids(reading: &Reading) -> String {
    let ids: Vec<&str> = reading
        .suite
        .targets
        .iter()
        .map(|target| target.id.as_str())
        .collect();
    ids.join(", ")
}

/// What the comparison of two columns of a table says.
pub fn compare_columns(
    path: &Path,
    baseline: &str,
    candidate: &str,
    cluster: Option<&str>,
) -> Result<TableFindings, JobError> {
    let read = table::read(path, &[baseline, candidate], cluster).map_err(JobError::Invalid)?;
    if read.rows == 0 {
        return Err(JobError::NothingToRun(format!(
            "{}: the table has no rows",
            path.display()
        )));
    }
    let cell = |column: usize, row: usize| read.columns[column][row];
    let rows = (0..read.rows)
        .map(|row| Row {
            baseline: cell(0, row),
            candidate: cell(1, row),
            cluster: read.clusters.as_ref().map(|clusters| clusters[row].clone()),
        })
        .collect();
    let table = Table {
        baseline: baseline.to_owned(),
        candidate: candidate.to_owned(),
        rows,
    };
    let options = TableOptions {
        noise: None,
        max_error_rate: crate::domain::suite::Limits::default().max_error_rate,
        seed: 0,
        threads: threads(),
    };
    Ok(compare_table(&table, &options))
}
