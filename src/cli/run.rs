//! `run`: a suite from its file to its exit code.

use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use super::args::{Answers, RetryWhat, Run};
use super::failure::exit;
use super::next::{Again, address, latest, steps};
use super::progress::{Progress, ShowLine};
use super::reports::Wanted;
use super::screen::Screen;
use super::{Done, bug};
use crate::domain::port::Sink;
use crate::domain::suite::CassetteMode;
use crate::engine::{Asked, GRACE, Stop};
use crate::funnel::terminal;
use crate::jobs::{
    CassetteChoice, JobError, Only, Order, Prepared, Ran, Retry, Selection, SystemClock, Told,
    prepare, tell,
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
    // A run that goes on need not be the latest one.
    let address = match order.resume.is_some() || order.retry != Retry::default() {
        true => address(prepared.id(), &runs_dir),
        false => latest(prepared.id(), &runs_dir),
    };
    carry_out(prepared, (address, &again), &wanted, screen)
}

/// Does what was prepared, shows what came of it, and answers its exit code. `address` is how commands name the run.
pub(super) fn carry_out(
    prepared: Prepared,
    (address, again): (String, &Again),
    wanted: &Wanted,
    screen: &Screen,
) -> Done {
    let id = prepared.id().to_owned();
    let ran = go(prepared, &address, Talk::Failures, screen)?;
    for warning in &ran.warnings {
        screen.note(&terminal(&format!("warning: {warning}")));
    }
    let asked = ran.ending.and_then(|ending| ending.interrupted);
    let told = tell(ran.run)?;
    let bugs = ran.ending.map_or(0, |ending| ending.bugs);
    if bugs > 0 {
        screen.say(&bug::hint(bugs));
    }
    let (code, words) = exit_of(asked, bugs, told.exit.clone());
    let kept = kept(&told)?;
    let frame = Frame {
        next: steps(&told.findings, again, &address, &id, asked.is_some()),
        run: address,
        exit: Some((code, words)),
        ..Frame::default()
    };
    wanted.write(&told, &kept, frame, screen)?;
    Ok(code)
}

fn order(verb: Run) -> Order {
    let ca_bundle = verb.answers.ca_bundle.clone();
    Order {
        suite: verb.suite,
        selection: selection(verb.selection),
        resume: verb.resume,
        retry: Retry {
            errors: verb.retry.contains(&RetryWhat::Errors),
            unscored: verb.retry.contains(&RetryWhat::Unscored),
        },
        reuse: verb.reuse,
        only: verb.only.map(|(which, run)| Only { which, run }),
        allow_drift: verb.allow_drift,
        max_fail: verb.max_fail,
        cassette: cassette(verb.answers),
        runs_dir: verb.place.runs_dir,
        ca_bundle,
        no_exec: verb.trust.no_exec,
        allow_exec: verb.execution.allow_exec,
    }
}

/// Which cassette was asked for.
pub(super) fn cassette(answers: Answers) -> CassetteChoice {
    match (answers.record, answers.replay, answers.fill, answers.live) {
        (Some(file), ..) => CassetteChoice::Use(CassetteMode::Record, file),
        (_, Some(file), ..) => CassetteChoice::Use(CassetteMode::Replay, file),
        (_, _, Some(file), _) => CassetteChoice::Use(CassetteMode::Fill, file),
        (.., true) => CassetteChoice::Live,
        _ => CassetteChoice::Suite,
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

/// What is said of trials while they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Talk {
    /// Each that does not succeed.
    Failures,
    /// How many there are: what a judge says of an output is neither success nor failure.
    Counts,
}

/// Runs it on one thread, heeding signals.
pub(super) fn go(
    prepared: Prepared,
    address: &str,
    talk: Talk,
    screen: &Screen,
) -> Result<Ran, JobError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| JobError::Unexpected(format!("the runtime cannot start: {error}")))?;
    let suite = prepared.suite();
    let success = Expression::of_suite(suite, prepared.has_checks());
    let success = success.filter(|_| talk == Talk::Failures);
    let scorers = suite.scorers.len() + usize::from(prepared.has_checks());
    let show = ShowLine {
        run: address.to_owned(),
        names_target: suite.targets.len() > 1,
    };
    let secrets = prepared.secrets().clone();
    let quarantined = prepared.quarantined();
    let progress = Progress::new(screen, success, scorers, secrets, show, quarantined);
    let stop = Stop::default();
    let local = LocalSet::new();
    local.spawn_local(heed(stop.clone(), screen.clone()));
    let listeners: Vec<Box<dyn Sink>> = vec![Box::new(progress)];
    runtime.block_on(local.run_until(prepared.go(listeners, &SystemClock, stop)))
}

/// Waits for the first signal that ends a process politely.
#[cfg(feature = "serve")]
pub(super) async fn signalled() -> Asked {
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = signals else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Asked::Interrupt,
        _ = terminate.recv() => Asked::Terminate,
        _ = hangup.recv() => Asked::Terminate,
    }
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

/// The exit code and its words: who stopped the run goes before what went wrong in it, and that before what came of it.
fn exit_of(asked: Option<Asked>, bugs: u64, told: (u8, String)) -> (u8, String) {
    match (asked, bugs) {
        (Some(asked @ Asked::Interrupt), _) => (asked.exit_code(), "interrupted".to_owned()),
        (Some(asked @ Asked::Terminate), _) => (asked.exit_code(), "terminated".to_owned()),
        (None, 1..) => (
            exit::UNEXPECTED,
            "a bug in evenhand left something out".to_owned(),
        ),
        (None, 0) => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_goes_before_a_bug_and_a_bug_before_the_gates() {
        let told = || (100, "a gate failed".to_owned());
        let code = |asked, bugs| exit_of(asked, bugs, told()).0;
        assert_eq!(code(None, 0), 100);
        assert_eq!(code(None, 2), 1);
        assert_eq!(code(Some(Asked::Interrupt), 2), 130);
        assert_eq!(code(Some(Asked::Terminate), 0), 143);
    }
}
