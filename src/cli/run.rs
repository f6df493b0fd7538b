//! `run`: a suite from its file to its exit code.

use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use super::Done;
use super::args::{RetryWhat, Run};
use super::next::{Again, address, latest, steps};
use super::progress::{Progress, ShowLine};
use super::reports::Wanted;
use super::screen::Screen;
use crate::domain::port::Sink;
use crate::domain::suite::CassetteMode;
use crate::engine::{Asked, GRACE, Stop};
use crate::funnel::terminal;
use crate::jobs::{
    CassetteChoice, JobError, Order, Prepared, Ran, Retry, Selection, SystemClock, Told, prepare,
    tell,
};
use crate::report::Frame;
use crate::score::success::Expression;

pub(crate) fn run(verb: Run, screen: &Screen) -> Done {
    let wanted = Wanted::of(&verb.reports)?;
    let again = Again::of(&verb);
    let runs_dir = verb.place.runs_dir.clone();
    let order = order(verb);
    let prepared = prepare(&order, &SystemClock)?;
    for note in &prepared.notes {
        screen.note(&terminal(note));
    }
    let id = prepared.id().to_owned();
    // A run that goes on need not be the latest one.
    let address = match order.resume.is_some() || order.retry != Retry::default() {
        true => address(&id, &runs_dir),
        false => latest(&id, &runs_dir),
    };
    let ran = go(prepared, &address, screen)?;
    for warning in &ran.warnings {
        screen.note(&terminal(&format!("warning: {warning}")));
    }
    let asked = ran.ending.and_then(|ending| ending.interrupted);
    let told = tell(ran.run)?;
    let code = asked.map_or(told.exit.0, Asked::exit_code);
    let kept = kept(&told)?;
    let frame = Frame {
        next: steps(&told.findings, &again, &address, &id, asked.is_some()),
        run: address,
        exit: Some((code, exit_words(&told, asked))),
        ..Frame::default()
    };
    wanted.write(&told, &kept, frame, screen)?;
    Ok(code)
}

fn order(verb: Run) -> Order {
    let cassette = match (verb.record, verb.replay, verb.fill, verb.live) {
        (Some(file), ..) => CassetteChoice::Use(CassetteMode::Record, file),
        (_, Some(file), ..) => CassetteChoice::Use(CassetteMode::Replay, file),
        (_, _, Some(file), _) => CassetteChoice::Use(CassetteMode::Fill, file),
        (.., true) => CassetteChoice::Live,
        _ => CassetteChoice::Suite,
    };
    Order {
        suite: verb.suite,
        selection: selection(verb.selection),
        resume: verb.resume,
        retry: Retry {
            errors: verb.retry.contains(&RetryWhat::Errors),
            unscored: verb.retry.contains(&RetryWhat::Unscored),
        },
        allow_drift: verb.allow_drift,
        max_fail: verb.max_fail,
        cassette,
        runs_dir: verb.place.runs_dir,
        ca_bundle: verb.ca_bundle,
    }
}

/// What was typed of a selection, for the jobs.
pub(crate) fn selection(typed: super::args::Selection) -> Selection {
    Selection {
        profile: typed.profile,
        limit: typed.limit,
        cases: typed.cases,
        tags: typed.tags,
        targets: typed.targets,
        repeats: typed.repeats,
        seed: typed.seed,
        concurrency: typed.concurrency,
    }
}

/// Runs it on one thread, heeding signals.
fn go(prepared: Prepared, address: &str, screen: &Screen) -> Result<Ran, JobError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| JobError::Unexpected(format!("the runtime cannot start: {error}")))?;
    let suite = prepared.suite();
    let success = Expression::of_suite(suite, prepared.has_checks());
    let scorers = suite.scorers.len() + usize::from(prepared.has_checks());
    let show = ShowLine {
        run: address.to_owned(),
        names_target: suite.targets.len() > 1,
    };
    let progress = Progress::new(screen, success, scorers, prepared.secrets().clone(), show);
    let stop = Stop::default();
    let local = LocalSet::new();
    local.spawn_local(heed(stop.clone(), screen.clone()));
    let listeners: Vec<Box<dyn Sink>> = vec![Box::new(progress)];
    runtime.block_on(local.run_until(prepared.go(listeners, &SystemClock, stop)))
}

/// Turns signals into wishes to stop, and says what each does.
async fn heed(stop: Stop, screen: Screen) {
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = signals else {
        return;
    };
    loop {
        let asked = tokio::select! {
            _ = interrupt.recv() => Asked::Interrupt,
            _ = terminate.recv() => Asked::Terminate,
            _ = hangup.recv() => Asked::Terminate,
        };
        if stop.is_asked() {
            screen.say("stopping now");
        } else {
            let grace = GRACE.as_secs();
            screen.say(&format!("stopping: nothing more is started, calls under way have {grace} s; once more stops at once"));
        }
        stop.ask(asked);
    }
}

/// The reports that every run keeps in its own directory.
fn kept(told: &Told) -> Result<Vec<(&'static crate::report::Kind, PathBuf)>, JobError> {
    let folder = told.reports_folder()?;
    [("json", "report.json"), ("markdown", "report.md")]
        .into_iter()
        .map(|(name, file)| {
            let kind = crate::report::kind(name)
                .map_err(|error| JobError::Unexpected(error.to_string()))?;
            Ok((kind, folder.join(file)))
        })
        .collect()
}

fn exit_words(told: &Told, asked: Option<Asked>) -> String {
    match asked {
        Some(Asked::Interrupt) => "interrupted".to_owned(),
        Some(Asked::Terminate) => "terminated".to_owned(),
        None => told.exit.1.clone(),
    }
}
