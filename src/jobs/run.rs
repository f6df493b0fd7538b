//! Runs a suite: everything that can be wrong is found first, then the run exists on the disk, then the first call is made.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::JobError;
use super::begin::begin;
use super::only::Only;
use super::plan::{Left, Plan, Retry};
use super::programs;
use super::resume::take_up;
use super::suite::{Selection, open_suite, secrets, speakers};
use super::wiring::{Calls, wire};
use crate::domain::decode::Problem;
use crate::domain::event::{Event, Spent};
use crate::domain::port::{Clock, Exchange, Sink};
use crate::domain::secret::Secrets;
use crate::domain::suite::{CassetteMode, Suite};
use crate::domain::tree::Span;
use crate::engine::{Dispatcher, Ending, EngineError, Job, Stop};
use crate::load::suite::Loaded;
use crate::score::success::Expression;
use crate::store::cassette::Cassette;
use crate::store::journal::Journal;
use crate::store::run::RunDir;
use crate::wire::files::{Ends, calls_that_fit};
use crate::wire::launch::launcher;
use crate::wire::sandbox::Sandbox;
use crate::wire::{Outside, Settings};

/// Calls under way at once from which on their connections get a thread of their own: below, handing each call over and back costs as
/// much as it wins.
const MANY_CALLS: u32 = 256;
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
    /// A new run that takes over what is unchanged since this one (`latest`: the latest of the whole suite).
    pub reuse: Option<String>,
    /// Only some cases, by how they stood in an earlier run.
    pub only: Option<Only>,
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
    /// Refuse a suite that starts programs.
    pub no_exec: bool,
    /// Execute code that models wrote, where a scorer needs it.
    pub allow_exec: bool,
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
    pub(super) loaded: Loaded,
    pub(super) run: RunDir,
    pub(super) journal: Option<Journal>,
    pub(super) left: Left,
    pub(super) resumed: bool,
    pub(super) spent: Spent,
    /// How long earlier processes took.
    pub(super) took: Duration,
    pub(super) max_fail: Option<u64>,
    pub(super) cassette: Option<(CassetteMode, PathBuf)>,
    pub(super) secrets: Secrets,
    pub(super) ca_bundle: Option<PathBuf>,
    pub(super) no_exec: bool,
    /// Where code that models wrote is executed; `None`: it is not.
    pub(super) sandbox: Option<Sandbox>,
    pub(super) has_checks: bool,
    pub(super) drift: Vec<String>,
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
    let cassette = cassette(&order.cassette, &loaded);
    let replays = matches!(cassette, Some((CassetteMode::Replay, _)));
    // What is replayed starts nothing and needs no key.
    let mut notes = Vec::new();
    let mut sandbox = None;
    if !replays {
        if order.no_exec {
            programs::refuse(&loaded, Calls::Everybody)?;
        }
        unset_variables(&loaded, Calls::Everybody)?;
        sandbox = programs::walls(&loaded.suite, order.allow_exec)?;
        notes = programs::notes(&loaded.suite, Calls::Everybody, &order.runs_dir);
        notes.extend(sandbox.iter().flat_map(programs::said_of));
    }
    let secrets = secrets(&loaded.suite);
    let mut prepared = if order.resume.is_some() || order.retry != Retry::default() {
        take_up(order, loaded, secrets)?
    } else {
        begin(order, loaded, &cassette, sandbox.as_ref(), secrets, clock)?
    };
    prepared.max_fail = order.max_fail;
    prepared.no_exec = order.no_exec;
    prepared.sandbox = sandbox;
    prepared.notes.extend(notes);
    Ok(prepared.ready(cassette, order.ca_bundle.clone()))
}

/// The cassette in use: the one that was asked for, else the suite's.
pub(super) fn cassette(
    choice: &CassetteChoice,
    loaded: &Loaded,
) -> Option<(CassetteMode, PathBuf)> {
    match choice {
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
pub(super) fn unset_variables(loaded: &Loaded, calls: Calls) -> Result<(), JobError> {
    let mut problems = Vec::new();
    let silent = match calls {
        Calls::Everybody => 0,
        Calls::JudgesOnly => loaded.suite.targets.len(),
    };
    for spec in speakers(&loaded.suite).skip(silent) {
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

/// What the calls of a suite are made to.
fn ends(suite: &Suite) -> Ends {
    let live = || speakers(suite).filter(|spec| spec.plan.is_live());
    let servers: BTreeSet<String> = live()
        .filter(|spec| spec.plan.program().is_none())
        .map(|spec| spec.plan.endpoint())
        .collect();
    Ends {
        servers: u32::try_from(servers.len()).unwrap_or(u32::MAX),
        programs: live().any(|spec| spec.plan.program().is_some()),
    }
}

/// Where calls go, and the cassette in between, if there is one.
type WayOut = (Rc<dyn Exchange>, Option<Rc<Cassette>>);

impl Prepared {
    /// A run that was just made.
    pub(super) fn new(
        loaded: Loaded,
        (run, journal): (RunDir, Option<Journal>),
        left: Left,
        secrets: Secrets,
        has_checks: bool,
        notes: Vec<String>,
    ) -> Self {
        Self {
            loaded,
            run,
            journal,
            left,
            resumed: false,
            spent: Spent::default(),
            took: Duration::ZERO,
            max_fail: None,
            cassette: None,
            secrets,
            ca_bundle: None,
            no_exec: false,
            sandbox: None,
            has_checks,
            drift: Vec::new(),
            notes,
        }
    }

    /// With all that decides how it calls.
    pub(super) fn ready(
        mut self,
        cassette: Option<(CassetteMode, PathBuf)>,
        ca_bundle: Option<PathBuf>,
    ) -> Self {
        self.cassette = cassette;
        self.ca_bundle = ca_bundle;
        let warnings = self.loaded.warnings.iter().map(ToString::to_string);
        self.notes.extend(warnings);
        self.fit_open_files();
        self
    }

    /// Whom it calls.
    fn calls(&self) -> Calls {
        match self.run.manifest().rescored {
            true => Calls::JudgesOnly,
            false => Calls::Everybody,
        }
    }

    /// Lowers the concurrency to what the limit of open files allows, and says so.
    fn fit_open_files(&mut self) {
        let fit = calls_that_fit(ends(&self.loaded.suite));
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

    /// The run's directory.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        self.run.path()
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

    /// The cases in quarantine, by id.
    #[must_use]
    pub fn quarantined(&self) -> BTreeSet<String> {
        let made = self.run.manifest().created_ms;
        let list = self.loaded.suite.quarantine.iter();
        list.filter(|one| one.holds(made))
            .map(|one| one.case.clone())
            .collect()
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
                no_programs: self.no_exec,
                network_apart: self.loaded.suite.limits.concurrency > MANY_CALLS,
                sandbox: self.sandbox.clone(),
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
        let folder = &self.loaded.folder;
        let wired = wire(&self.loaded.suite, &exchange, folder, self.calls())?;
        let job = Job {
            targets: wired.targets,
            scorers: wired.scorers,
            checks: self.has_checks.then_some(crate::score::checks),
            limits: self.loaded.suite.limits.clone(),
            max_fail: self.max_fail,
            uncounted: self.quarantined(),
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
        let (path, id) = (self.loaded.path.display(), self.run.id());
        let go_on = match self.calls() {
            Calls::Everybody => format!("run {path} --resume={id}"),
            Calls::JudgesOnly => format!("score {id}"),
        };
        JobError::Store(format!(
            "{error}; the run was stopped at once and what was written is kept: make room, then evenhand {go_on}"
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
