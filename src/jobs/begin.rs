//! A new run: its cases, what it takes over from an earlier one, and its manifest, all on the disk before the first call.

use std::path::{Path, PathBuf};

use super::JobError;
use super::held;
use super::only::{earlier, narrow};
use super::plan::{Left, Retry};
use super::programs;
use super::reading::{open_run, read_with_offsets};
use super::run::{Order, Prepared};
use super::same::files;
use super::takeover::{Earlier, Given, Rule, TakeOver};
use crate::domain::case::Case;
use crate::domain::decode::Problem;
use crate::domain::digest::Digest;
use crate::domain::port::Clock;
use crate::domain::secret::Secrets;
use crate::domain::suite::CassetteMode;
use crate::load::agree::agree;
use crate::load::dataset::{PlanError, Selected, plan_cases};
use crate::load::suite::Loaded;
use crate::store::manifest::{
    CassetteNote, DatasetNote, ExecutedNote, FORMAT, Manifest, Named, OnlyNote,
};
use crate::store::new_run::{NewRun, TakeOver as Write};
use crate::wire::sandbox::Sandbox;

/// What is known of a new run besides its suite and its cases.
pub(super) struct Draft {
    /// Flags that changed what is run, as typed.
    flags: Vec<String>,
    /// Only a part of the suite.
    partial: bool,
    pub(super) parent: Option<String>,
    pub(super) only: Option<OnlyNote>,
    pub(super) rescored: bool,
    /// The targets and their files, where they are not the suite's own.
    pub(super) targets: Option<(Vec<Named>, Vec<Named>)>,
    pub(super) take_over: Option<Box<dyn Given>>,
    /// The run whose copies of certificates and labels stand in for files that are not there.
    pub(super) copies: Option<PathBuf>,
    /// What holds code that models wrote, where some is executed.
    pub(super) executed: Option<ExecutedNote>,
    pub(super) notes: Vec<String>,
}

impl Draft {
    pub(super) fn new(flags: Vec<String>, partial: bool) -> Self {
        Self {
            flags,
            partial,
            parent: None,
            only: None,
            rescored: false,
            targets: None,
            take_over: None,
            copies: None,
            executed: None,
            notes: Vec::new(),
        }
    }
}

/// Where a suite's cases come from: hands each to the receiver, in the plan's order.
pub(super) type Cases<'a> = &'a mut dyn FnMut(&Loaded, Receiver<'_>) -> Result<Selected, JobError>;
pub(super) type Receiver<'a> = &'a mut dyn FnMut(Case) -> std::io::Result<()>;

/// A new run of a suite.
pub(super) fn begin(
    order: &Order,
    mut loaded: Loaded,
    cassette: &Option<(CassetteMode, PathBuf)>,
    sandbox: Option<&Sandbox>,
    secrets: Secrets,
    clock: &dyn Clock,
) -> Result<Prepared, JobError> {
    held::check(&loaded)?;
    let now = clock.unix_ms();
    let mut draft = Draft::new(order.selection.flags(), order.selection.narrows());
    draft.executed = sandbox.map(programs::note_of);
    if let Some(only) = &order.only {
        let note = narrow(only, &mut loaded, &order.runs_dir, now)?;
        draft
            .flags
            .push(format!("--only {}={}", note.which, note.run));
        draft.partial = true;
        draft.parent = Some(note.run.clone());
        draft.only = Some(note);
    }
    if let Some(address) = &order.reuse
        && let Some(earlier) = reused(address, &loaded, &order.runs_dir, &mut draft.notes)?
    {
        draft.parent = Some(earlier.reading.run.id().to_owned());
        let files = files(&loaded.suite, &loaded.folder);
        let take_over = TakeOver::new(earlier, &loaded.suite, &files, Rule::Unchanged);
        draft.take_over = Some(Box::new(take_over));
    }
    make(
        draft,
        loaded,
        (&order.runs_dir, now),
        cassette,
        secrets,
        &mut |loaded, take| select(loaded, take),
    )
}

/// The run to take over from. To have none by default is no error: then everything is called, as it would be anyway.
fn reused(
    address: &str,
    loaded: &Loaded,
    runs_dir: &Path,
    notes: &mut Vec<String>,
) -> Result<Option<Earlier>, JobError> {
    let run = match address {
        "latest" => match earlier(loaded, runs_dir, true) {
            Ok(run) => run,
            Err(JobError::Usage(none)) => {
                notes.push(format!("nothing is taken over: {none}"));
                return Ok(None);
            }
            Err(error) => return Err(error),
        },
        _ => open_run(address, runs_dir)?,
    };
    Earlier::read(run).map(Some)
}

/// Makes the run's directory.
pub(super) fn make(
    mut draft: Draft,
    loaded: Loaded,
    (runs_dir, now): (&Path, u64),
    cassette: &Option<(CassetteMode, PathBuf)>,
    secrets: Secrets,
    cases: Cases<'_>,
) -> Result<Prepared, JobError> {
    let salt = Digest::of(format!("{now} {}", std::process::id()).as_bytes()).word();
    let store = |error: &dyn std::fmt::Display| JobError::Store(error.to_string());
    let mut new = NewRun::create(runs_dir, &loaded.suite.name, now, salt, secrets.clone())
        .map_err(|error| store(&error))?;
    let mut take_over = draft.take_over.take();
    let mut counted = 0_u64;
    let selected = cases(&loaded, &mut |case| {
        if let Some(take_over) = &mut take_over {
            take_over.case(&case);
        }
        let mut entries = loaded.suite.quarantine.iter();
        counted += u64::from(!entries.any(|one| one.case == case.id && one.holds(now)));
        new.add_case(&case).map_err(std::io::Error::other)
    })?;
    if counted == 0 {
        return Err(JobError::NothingToRun(format!(
            "{}: every selected case is in quarantine: nothing to run",
            loaded.path.display()
        )));
    }
    let warnings = agreed(&loaded, &selected)?;
    new.add_suite(&loaded.text).map_err(|error| store(&error))?;
    for judge in loaded
        .suite
        .scorers
        .iter()
        .flat_map(|scorer| scorer.judges())
    {
        new.add_judge(&judge.named, &judge.text)
            .map_err(|error| store(&error))?;
    }
    held::keep(
        &loaded.suite,
        &loaded.folder,
        draft.copies.as_deref(),
        &mut new,
    )?;
    let manifest = manifest(&draft, &loaded, &selected, cassette, now);
    let extent = manifest.extent;
    let committed = match &take_over {
        None => new.commit(manifest),
        Some(take_over) => {
            let write: Write<'_> = &mut |journal| take_over.write(extent, journal);
            new.commit_with(manifest, Some(write))
        }
    };
    let committed = committed.map_err(|error| store(&error))?;
    let mut notes = draft.notes;
    notes.extend(warnings.iter().map(ToString::to_string));
    if committed.masked_cases > 0 {
        notes.push(format!(
            "{} cases held the value of a secret: its name stands in its place",
            committed.masked_cases
        ));
    }
    let mut left = Left::default();
    if let Some(take_over) = take_over {
        // What was written is read back: the journal is the only truth from the first line on.
        let (reading, offsets) = read_with_offsets(committed.run.clone(), true)?;
        left = Left::of(&reading, &offsets, Retry::default(), !draft.rescored);
        let taken = reading.record.taken().trials();
        notes.extend(take_over.note(taken, extent.trials()));
    }
    Ok(Prepared::new(
        loaded,
        (committed.run, Some(committed.journal)),
        left,
        secrets,
        selected.with_checks > 0,
        notes,
    ))
}

/// Hands the suite's selected cases on; an empty selection is an error of its own.
pub(crate) fn select(loaded: &Loaded, take: Receiver<'_>) -> Result<Selected, JobError> {
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

/// What a run of a suite over these cases would keep of itself.
pub(super) fn manifest(
    draft: &Draft,
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
    let (targets, files) = draft.targets.clone().unwrap_or_else(|| {
        let own = suite.targets.iter();
        let own = own.map(|target| named(&target.id, target.digest)).collect();
        (own, files(suite, &loaded.folder))
    });
    Manifest {
        format: FORMAT,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        id: String::new(),
        parent: draft.parent.clone(),
        only: draft.only.clone(),
        rescored: draft.rescored,
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
        targets,
        files,
        scorers: suite
            .scorers
            .iter()
            .map(|scorer| named(&scorer.id, scorer.digest))
            .collect(),
        judges: judged
            .map(|scorer| named(&scorer.id, scorer.digest))
            .collect(),
        flags: draft.flags.clone(),
        partial: draft.partial,
        folder: loaded.folder.display().to_string(),
        cassette: cassette.as_ref().map(|(mode, path)| CassetteNote {
            file: path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            mode: *mode,
        }),
        executed: draft.executed.clone(),
        suite: loaded.resolved.clone(),
    }
}
