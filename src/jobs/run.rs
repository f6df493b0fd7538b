//! Runs a suite: everything that can be wrong is found first, then the run exists on the disk, then the first call is made.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::JobError;
use super::plan::{Left, Plan, Retry};
use super::reading::{open_run, read_with_offsets};
use super::suite::{Selection, open_suite, secrets, speakers};
use super::wiring::wire;
use crate::domain::case::Case;
use crate::domain::decode::Problem;
use crate::domain::digest::Digest;
use crate::domain::event::{Event, Spent};
use crate::domain::port::{Clock, Exchange, Sink};
use crate::domain::secret::Secrets;
use crate::domain::suite::{CassetteMode, Suite};
use crate::domain::tree::Span;
use crate::engine::{Dispatcher, Ending, EngineError, Job, Stop};
use crate::load::agree::agree;
use crate::load::dataset::{PlanError, Selected, plan_cases};
use crate::load::suite::Loaded;
use crate::score::success::Expression;
use crate::store::cassette::Cassette;
use crate::store::journal::Journal;
use crate::store::manifest::{CassetteNote, DatasetNote, FORMAT, Manifest, Named};
use crate::store::new_run::NewRun;
use crate::store::recover::Recovered;
use crate::store::run::{RunDir, Status};
use crate::store::runs;
use crate::wire::files::calls_that_fit;
use crate::wire::launch::launcher;
use crate::wire::{Outside, Settings};

/// How often the journal notes what was spent.
const SPENT_EVERY: Duration = Duration::from_secs(1);

/// What is to be run, and how.
#[derive(Debug, Clone)]
pub struct Order {
    /// The suite file, or the bare name of a built-in pack.
    pub suite: PathBuf,
    /// What is meant of it.
    pub selection: Selection,
    /// Go on with this run (`latest`: the latest of this suite's name).
    pub resume: Option<String>,
    /// What is tried again.
    pub retry: Retry,
    /// Resume although something has changed.
    pub allow_drift: bool,
    /// Failed trials after which nothing more is launched.
    pub max_fail: Option<u64>,
    /// Recorded replies.
    pub cassette: CassetteChoice,
    /// Where runs are kept.
    pub runs_dir: PathBuf,
    /// Further certificates to trust.
    pub ca_bundle: Option<PathBuf>,
}

/// Which cassette is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CassetteChoice {
    /// The suite's own, if it has one.
    Suite,
    /// None.
    Live,
    /// This one; the path stands in the working directory.
    Use(CassetteMode, PathBuf),
}

/// A run that is ready to go: it exists on the disk, and no call was made yet.
pub struct Prepared {
    loaded: Loaded,
    run: RunDir,
    journal: Option<Journal>,
    left: Left,
    resumed: bool,
    spent: Spent,
    /// How long earlier processes took.
    took: Duration,
    max_fail: Option<u64>,
    cassette: Option<(CassetteMode, PathBuf)>,
    secrets: Secrets,
    ca_bundle: Option<PathBuf>,
    has_checks: bool,
    drift: Vec<String>,
    /// What the user should know before it begins.
    pub notes: Vec<String>,
}

/// A run that ended.
pub struct Ran {
    /// Its directory.
    pub run: RunDir,
    /// How the engine ended; `None`: there was nothing left to do.
    pub ending: Option<Ending>,
    /// What listeners complained of.
    pub warnings: Vec<String>,
}

/// Finds everything that can be wrong, and makes the run (or takes it up again). Calls nothing.
pub fn prepare(order: &Order, clock: &dyn Clock) -> Result<Prepared, JobError> {
    let loaded = open_suite(&order.suite, &order.selection, &order.runs_dir)?;
    let cassette = cassette(order, &loaded);
    let replays = matches!(cassette, Some((CassetteMode::Replay, _)));
    if !replays {
        unset_variables(&loaded)?;
    }
    let secrets = secrets(&loaded.suite);
    let mut prepared = if order.resume.is_some() || order.retry != Retry::default() {
        take_up(order, loaded, secrets)?
    } else {
        begin(order, loaded, &cassette, secrets, clock)?
    };
    prepared.cassette = cassette;
    prepared.max_fail = order.max_fail;
    prepared.ca_bundle.clone_from(&order.ca_bundle);
    prepared
        .notes
        .extend(prepared.loaded.warnings.iter().map(ToString::to_string));
    prepared.fit_open_files();
    Ok(prepared)
}

fn cassette(order: &Order, loaded: &Loaded) -> Option<(CassetteMode, PathBuf)> {
    match &order.cassette {
        CassetteChoice::Live => None,
        CassetteChoice::Use(mode, path) => Some((*mode, path.clone())),
        CassetteChoice::Suite => loaded
            .suite
            .cassette
            .as_ref()
            .map(|cassette| (cassette.mode, loaded.folder.join(&cassette.file))),
    }
}

/// Variables that a call would need and that are not set.
fn unset_variables(loaded: &Loaded) -> Result<(), JobError> {
    let mut problems = Vec::new();
    for spec in speakers(&loaded.suite) {
        for name in spec
            .plan
            .environment()
            .into_iter()
            .flat_map(|text| text.names())
        {
            if std::env::var_os(name).is_none() {
                problems.push(Problem {
                    file: loaded.path.display().to_string(),
                    span: Span::default(),
                    message: format!(
                        "`{}` needs ${{{name}}}, which is not set; export it, or replay a cassette",
                        spec.id
                    ),
                });
            }
        }
    }
    problems.sort();
    problems.dedup();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(JobError::Invalid(problems))
    }
}

/// A new run.
fn begin(
    order: &Order,
    loaded: Loaded,
    cassette: &Option<(CassetteMode, PathBuf)>,
    secrets: Secrets,
    clock: &dyn Clock,
) -> Result<Prepared, JobError> {
    let now = clock.unix_ms();
    let salt = Digest::of(format!("{now} {}", std::process::id()).as_bytes()).word();
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let mut new = NewRun::create(
        &order.runs_dir,
        &loaded.suite.name,
        now,
        salt,
        secrets.clone(),
    )
    .map_err(|error| store(&error))?;
    let selected = select(&loaded, &mut |case| {
        new.add_case(&case).map_err(std::io::Error::other)
    })?;
    let warnings = agreed(&loaded, &selected)?;
    new.add_suite(&loaded.text).map_err(|error| store(&error))?;
    for judge in loaded
        .suite
        .scorers
        .iter()
        .filter_map(|scorer| scorer.judge.as_ref())
    {
        new.add_judge(&judge.named, &judge.text)
            .map_err(|error| store(&error))?;
    }
    let manifest = manifest(order, &loaded, &selected, cassette, now);
    let committed = new.commit(manifest).map_err(|error| store(&error))?;
    let mut notes: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    if committed.masked_cases > 0 {
        notes.push(format!(
            "{} cases held the value of a secret: its name stands in its place",
            committed.masked_cases
        ));
    }
    Ok(Prepared {
        loaded,
        run: committed.run,
        journal: Some(committed.journal),
        left: Left::default(),
        resumed: false,
        spent: Spent::default(),
        took: Duration::ZERO,
        max_fail: None,
        cassette: None,
        secrets,
        ca_bundle: None,
        has_checks: selected.with_checks > 0,
        drift: Vec::new(),
        notes,
    })
}

/// Hands the suite's selected cases on; an empty selection is an error of its own.
pub(crate) fn select(
    loaded: &Loaded,
    take: &mut dyn FnMut(Case) -> std::io::Result<()>,
) -> Result<Selected, JobError> {
    let file = loaded.path.display().to_string();
    let selected =
        plan_cases(&loaded.suite, &file, &loaded.folder, take).map_err(|error| match error {
            PlanError::Faulty(problems) => JobError::faulty(problems),
            PlanError::Receiver(error) => JobError::Store(error.to_string()),
        })?;
    if selected.count == 0 {
        return Err(nothing(loaded, &selected));
    }
    Ok(selected)
}

/// Holds the suite against its cases; answers what is only worth saying.
pub(crate) fn agreed(loaded: &Loaded, selected: &Selected) -> Result<Vec<Problem>, JobError> {
    let file = loaded.path.display().to_string();
    let agreement = agree(&loaded.suite, &file, &loaded.inlined, selected);
    if agreement.problems.is_empty() {
        Ok(agreement.warnings)
    } else {
        Err(JobError::Invalid(agreement.problems))
    }
}

fn nothing(loaded: &Loaded, selected: &Selected) -> JobError {
    let path = loaded.path.display();
    JobError::NothingToRun(match selected.total {
        0 => format!("{path}: the dataset has no cases; nothing to run"),
        total => format!(
            "{path}: the selection takes none of {total} cases; loosen --limit, --case, --tag or `dataset.select`"
        ),
    })
}

fn manifest(
    order: &Order,
    loaded: &Loaded,
    selected: &Selected,
    cassette: &Option<(CassetteMode, PathBuf)>,
    now: u64,
) -> Manifest {
    let suite = &loaded.suite;
    let named = |id: &str, digest: Digest| Named {
        id: id.to_owned(),
        digest,
    };
    let judged = suite.scorers.iter().filter(|scorer| scorer.judge.is_some());
    Manifest {
        format: FORMAT,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        id: String::new(),
        parent: None,
        created_ms: now,
        suite_name: suite.name.clone(),
        seed: suite.seed,
        extent: crate::analysis::record::Shape::of(suite, selected.count).extent,
        dataset: DatasetNote {
            digest: selected.digest,
            total: selected.total,
            selected: selected.count,
        },
        cases: Digest::of(b""),
        suite_digest: Digest::of_json(&loaded.resolved),
        targets: suite
            .targets
            .iter()
            .map(|target| named(&target.id, target.digest))
            .collect(),
        scorers: suite
            .scorers
            .iter()
            .map(|scorer| named(&scorer.id, scorer.digest))
            .collect(),
        judges: judged
            .map(|scorer| named(&scorer.id, scorer.digest))
            .collect(),
        flags: order.selection.flags(),
        partial: order.selection.narrows(),
        folder: loaded.folder.display().to_string(),
        cassette: cassette.as_ref().map(|(mode, path)| CassetteNote {
            file: path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            mode: *mode,
        }),
        suite: loaded.resolved.clone(),
    }
}

/// A run that goes on.
fn take_up(order: &Order, loaded: Loaded, secrets: Secrets) -> Result<Prepared, JobError> {
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
    let left = Left::of(&reading, &offsets, order.retry);
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
    let now = manifest(order, loaded, selected, &None, then.created_ms);
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

/// Where calls go, and the cassette in between, if there is one.
type WayOut = (Rc<dyn Exchange>, Option<Rc<Cassette>>);

impl Prepared {
    /// Lowers the concurrency to what the limit of open files allows, and says so.
    fn fit_open_files(&mut self) {
        let fit = calls_that_fit();
        let limits = &mut self.loaded.suite.limits;
        if limits.concurrency > fit {
            self.notes.push(format!(
                "concurrency lowered from {} to {fit}: the limit of open files allows no more (ulimit -n)",
                limits.concurrency
            ));
            limits.concurrency = fit;
        }
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.run.id()
    }

    /// The suite.
    #[must_use]
    pub fn suite(&self) -> &Suite {
        &self.loaded.suite
    }

    /// Whether any case brings checks of its own.
    #[must_use]
    pub fn has_checks(&self) -> bool {
        self.has_checks
    }

    /// The secrets to be masked in whatever is said.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The way out, with its cassette.
    fn exchange(&self) -> Result<WayOut, JobError> {
        let outside = || -> Result<Rc<dyn Exchange>, JobError> {
            let ca_bundle = match &self.ca_bundle {
                None => None,
                Some(path) => Some(std::fs::read(path).map_err(|error| {
                    JobError::Usage(format!(
                        "--ca-bundle: cannot read {}: {error}",
                        path.display()
                    ))
                })?),
            };
            let settings = Settings {
                ca_bundle,
                secrets: self.secrets.clone(),
                launcher: launcher(),
                ..Settings::default()
            };
            let outside = Outside::new(settings)
                .map_err(|error| JobError::Usage(format!("--ca-bundle: {error}")))?;
            Ok(Rc::new(outside))
        };
        let Some((mode, path)) = &self.cassette else {
            return Ok((outside()?, None));
        };
        let (id, secrets) = (self.run.id(), self.secrets.clone());
        let cassette = match mode {
            CassetteMode::Replay => Cassette::replay(path, secrets),
            CassetteMode::Record => Cassette::record(path, id, secrets, outside()?),
            CassetteMode::Fill => Cassette::fill(path, id, secrets, outside()?),
        };
        let cassette = Rc::new(cassette.map_err(|error| JobError::Store(error.to_string()))?);
        Ok((Rc::clone(&cassette) as Rc<dyn Exchange>, Some(cassette)))
    }

    /// Runs what is left, and closes the journal. Must be called within a [`tokio::task::LocalSet`].
    pub async fn go(
        mut self,
        listeners: Vec<Box<dyn Sink>>,
        clock: &dyn Clock,
        stop: Stop,
    ) -> Result<Ran, JobError> {
        let Some(journal) = self.journal.take() else {
            return Ok(Ran {
                run: self.run,
                ending: None,
                warnings: Vec::new(),
            });
        };
        let planned = self.run.manifest().extent.trials();
        let settled = self.left.count;
        let (exchange, cassette) = self.exchange()?;
        let wired = wire(&self.loaded.suite, &exchange, &self.loaded.folder)?;
        let job = Job {
            targets: wired.targets,
            scorers: wired.scorers,
            checks: self.has_checks.then_some(crate::score::checks),
            limits: self.loaded.suite.limits.clone(),
            max_fail: self.max_fail,
            success: Expression::of_suite(&self.loaded.suite, self.has_checks),
            seed: self.loaded.suite.seed,
            planned,
            settled,
            resumed: self.resumed,
            drift: std::mem::take(&mut self.drift),
            secrets: self.secrets.clone(),
            spent: self.spent,
            took: self.took,
            spent_every: Some(SPENT_EVERY),
        };
        let plan = Plan::new(self.run.clone(), std::mem::take(&mut self.left))
            .map_err(|error| JobError::Store(error.to_string()))?;
        let journal = Rc::new(RefCell::new(Some(journal)));
        let lines = Lines {
            journal: Rc::clone(&journal),
            cassette: cassette.clone(),
        };
        let dispatcher = Dispatcher::new(Box::new(lines), listeners);
        let (ending, dispatcher) =
            crate::engine::run(job, Box::new(plan), dispatcher, clock, stop).await;
        let warnings = dispatcher.warnings().to_vec();
        let journal = journal.borrow_mut().take();
        let written = journal.map_or(Ok(()), |journal| journal.finish().map(|_| ()));
        let recorded = cassette.map_or(Ok(()), |cassette| cassette.finish().map(|_| ()));
        let ending = match (ending, written, recorded) {
            (_, Err(error), _) => return Err(self.stopped_writing(&error)),
            (_, Ok(()), Err(error)) => return Err(self.stopped_writing(&error)),
            (Err(EngineError::Journal(message) | EngineError::Plan(message)), Ok(()), Ok(())) => {
                return Err(JobError::Store(message));
            }
            (Ok(ending), Ok(()), Ok(())) => ending,
        };
        Ok(Ran {
            run: self.run,
            ending: Some(ending),
            warnings,
        })
    }

    fn stopped_writing(&self, error: &dyn std::fmt::Display) -> JobError {
        let path = self.loaded.path.display();
        JobError::Store(format!(
            "{error}; the run was stopped at once and what was written is kept: make room, then evenhand run {path} --resume={}",
            self.run.id()
        ))
    }
}

/// The journal as a listener that can be taken back.
struct Lines {
    journal: Rc<RefCell<Option<Journal>>>,
    /// One that cannot be written ends the run as well: whatever is paid for after that would be lost to it.
    cassette: Option<Rc<Cassette>>,
}

impl Sink for Lines {
    fn take(&mut self, event: &Event) -> Result<(), String> {
        if let Some(error) = self
            .cassette
            .as_ref()
            .and_then(|cassette| cassette.failure())
        {
            return Err(error.to_string());
        }
        match self.journal.borrow_mut().as_mut() {
            Some(journal) => journal.append(event).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}
