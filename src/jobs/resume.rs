//! A run that goes on: what is settled stays, and what has changed since is named.

use std::time::Duration;

use super::JobError;
use super::begin::{Draft, manifest, select};
use super::only::keep;
use super::plan::Left;
use super::reading::{open_run, read_with_offsets};
use super::run::{Order, Prepared};
use crate::domain::secret::Secrets;
use crate::load::dataset::Selected;
use crate::load::suite::Loaded;
use crate::store::manifest::Named;
use crate::store::recover::Recovered;
use crate::store::run::{RunDir, Status};
use crate::store::runs;

/// A run that goes on.
pub(super) fn take_up(
    order: &Order,
    mut loaded: Loaded,
    secrets: Secrets,
) -> Result<Prepared, JobError> {
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let address = order.resume.as_deref().unwrap_or("latest");
    let run = if address == "latest" {
        runs::latest_of(&order.runs_dir, &loaded.suite.name)
            .map_err(|error| store(&error))?
            .ok_or_else(|| {
                let (name, dir) = (&loaded.suite.name, order.runs_dir.display());
                JobError::Usage(format!(
                    "no run of `{name}` in {dir} to resume; start one without --resume"
                ))
            })?
    } else {
        open_run(address, &order.runs_dir)?
    };
    let then = run.manifest();
    if then.rescored {
        return Err(JobError::Usage(format!(
            "{id} was made by `score` and calls no target; what is left of it is done by `evenhand score {id}`",
            id = run.id()
        )));
    }
    if then.only.is_some() {
        // Its cases were chosen by how they stood then; by now they may stand otherwise.
        let cases = run.cases().map_err(|error| store(&error))?;
        let ids: Result<_, _> = cases.map(|case| case.map(|case| case.id)).collect();
        keep(&mut loaded, ids.map_err(|error| store(&error))?);
    }
    let selected = select(&loaded, &mut |_| Ok(()))?;
    let drift = drift(order, &loaded, &selected, &run)?;
    let status = run.status().map_err(|error| store(&error))?;
    if status == Status::Running {
        let path = run.path().display();
        return Err(JobError::Store(format!(
            "{path} is in use by another process; wait for it to end"
        )));
    }
    // Its lock first: what another process writes between reading and locking would be done twice.
    let (journal, recovered) = run.resume(secrets.clone()).map_err(|error| store(&error))?;
    let (reading, offsets) = read_with_offsets(run.clone(), true)?;
    let left = Left::of(&reading, &offsets, order.retry, true);
    let trials = run.manifest().extent.trials();
    let mut notes = vec![match status {
        _ if left.count == trials => format!("{} is already complete: nothing is called", run.id()),
        _ => format!(
            "going on with {}: {} of {trials} trials are settled",
            run.id(),
            left.count
        ),
    }];
    if reading.bad_lines > 0 {
        notes.push(format!(
            "{} damaged lines in its journal are passed over; their trials are done again",
            reading.bad_lines
        ));
    }
    notes.extend(
        drift
            .iter()
            .map(|change| format!("changed since it began: {change}")),
    );
    notes.extend(torn(&recovered));
    let life = reading.record.life();
    let most = u64::from(loaded.suite.limits.concurrency).min(trials - left.count);
    if !life.finished && life.interrupted.is_none() && most > 0 {
        notes.push(format!(
            "it was killed: at most {most} calls that were under way may be paid for a second time"
        ));
    }
    let journal = (left.count < trials || status != Status::Complete).then_some(journal);
    Ok(Prepared {
        has_checks: reading.record.has_checks(),
        spent: reading.record.spent(),
        took: Duration::from_millis(reading.record.life().took_ms),
        max_fail: None,
        loaded,
        run,
        journal,
        left,
        resumed: true,
        cassette: None,
        secrets,
        ca_bundle: None,
        no_exec: false,
        sandbox: None,
        drift,
        notes,
    })
}

fn torn(recovered: &Recovered) -> Option<String> {
    let cut = recovered.cut?;
    Some(format!(
        "its journal ended in half a line ({} bytes at {}): cut off, that trial is done again",
        cut.bytes, cut.offset
    ))
}

/// What has changed since the run began; refused unless allowed, and refused anyway where the plan itself would be another.
fn drift(
    order: &Order,
    loaded: &Loaded,
    selected: &Selected,
    run: &RunDir,
) -> Result<Vec<String>, JobError> {
    let then = run.manifest();
    let now = manifest(
        &Draft::new(order.selection.flags(), false),
        loaded,
        selected,
        &None,
        then.created_ms,
    );
    let changes = then.drift(&now);
    if changes.is_empty() {
        return Ok(changes);
    }
    let list = changes.join(", ");
    let id = run.id();
    let ids = |list: &[Named]| list.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let same_plan = then.extent == now.extent
        && ids(&then.targets) == ids(&now.targets)
        && ids(&then.scorers) == ids(&now.scorers);
    if !same_plan {
        let begun = match then.flags == now.flags || then.flags.is_empty() {
            true => String::new(),
            false => format!(" (it was begun with {})", then.flags.join(" ")),
        };
        return Err(JobError::problem(
            loaded.path.display().to_string(),
            format!("{id} cannot go on, its plan would be another: {list}; start a new run{begun}"),
        ));
    }
    if !order.allow_drift {
        return Err(JobError::problem(
            loaded.path.display().to_string(),
            format!(
                "changed since {id} began: {list}; start a new run, or mix old and new with --allow-drift"
            ),
        ));
    }
    Ok(changes)
}
