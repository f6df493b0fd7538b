//! `judge audit`: what a judge leans on besides the output's merit.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Done;
use super::args::{Answers, Place, Trust};
use super::judge_reports::{Results, Told};
use super::run::{Talk, cassette, go};
use super::screen::Screen;
use crate::analysis::audit::{Audit as Found, Probe};
use crate::funnel::terminal;
use crate::jobs::{self, Asking, AuditOrder, JobError, Selection, SystemClock};
use crate::report::{audit_page, audit_screen};

/// What to ask of a judge.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenhand judge audit helpfulness --suite suite.yaml
  evenhand judge audit helpfulness --suite suite.yaml --outputs latest --labels labels.csv
  evenhand judge audit tone.md --suite suite.yaml --probe injection --fail-on injection
Exits: 0 audited · 100 a probe of --fail-on fails · 6 one of them was not measured
       5 the judge could not be asked often enough · 3 a file is broken")]
pub(crate) struct Audit {
    /// The judge: a built-in one, a judge's file, or a suite's scorer.
    #[arg(value_name = "JUDGE", requires = "asking")]
    judge: String,
    /// The suite that uses JUDGE: its model, limits and prices are taken.
    #[arg(long, value_name = "FILE", group = "asking")]
    suite: Option<PathBuf>,
    /// The model that JUDGE asks, as a target's options in JSON.
    #[arg(long, value_name = "JSON", group = "asking")]
    model: Option<String>,
    /// The suite's scorer, where several use JUDGE.
    #[arg(long, value_name = "ID", requires = "suite", conflicts_with = "model")]
    scorer: Option<String>,
    /// Apply a profile of the suite.
    #[arg(
        long,
        value_name = "NAME",
        requires = "suite",
        conflicts_with = "model"
    )]
    profile: Option<String>,
    /// Calls under way at once.
    #[arg(long, value_name = "N", requires = "suite", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    concurrency: Option<u32>,
    /// Outputs of yours to ask about: a run, or a file. Without it the audit has answers of its own.
    #[arg(long, value_name = "RUN|FILE")]
    outputs: Option<String>,
    /// Most outputs that are asked about, labelled ones first.
    #[arg(long, value_name = "N", requires = "outputs", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    /// What people say of these outputs.
    #[arg(long, value_name = "FILE", requires = "outputs")]
    labels: Option<PathBuf>,
    /// Only this probe; repeatable.
    #[arg(long, value_name = "NAME")]
    probe: Vec<Named>,
    /// Exit 100 if this probe fails, 6 if it could not be measured; repeatable.
    #[arg(long, value_name = "PROBE")]
    fail_on: Vec<Named>,
    /// Ask anew what the same judge was asked in an earlier audit.
    #[arg(long)]
    fresh: bool,
    #[command(flatten)]
    results: Results,
    #[command(flatten)]
    answers: Answers,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Named {
    Injection,
    Position,
    Length,
    Repeat,
    Order,
    Letters,
    Unparsed,
    SelfPreference,
}

impl Named {
    fn probe(self) -> Probe {
        match self {
            Self::Injection => Probe::Injection,
            Self::Position => Probe::Position,
            Self::Length => Probe::Length,
            Self::Repeat => Probe::Repeat,
            Self::Order => Probe::Order,
            Self::Letters => Probe::Letters,
            Self::Unparsed => Probe::Unparsed,
            Self::SelfPreference => Probe::SelfPreference,
        }
    }
}

/// An audit with the exit code that it leads to.
#[derive(Serialize)]
#[serde(transparent)]
struct Shown<'a> {
    found: &'a Found,
    #[serde(skip)]
    code: u8,
}

impl Told for Shown<'_> {
    fn screen(&self, width: usize, color: bool) -> String {
        audit_screen(self.found, self.code, width, color)
    }

    fn page(&self) -> String {
        audit_page(self.found, self.code)
    }
}

pub(crate) fn run(verb: Audit, screen: &Screen) -> Done {
    let wanted = verb.results.wanted()?;
    let probes: Vec<Probe> = verb.probe.iter().map(|named| named.probe()).collect();
    let fail_on: Vec<Probe> = verb.fail_on.iter().map(|named| named.probe()).collect();
    if let Some(probe) = fail_on
        .iter()
        .find(|probe| !probes.is_empty() && !probes.contains(probe))
    {
        return Err(JobError::Usage(format!(
            "--fail-on {0} is not among the probes asked for; add --probe {0}",
            probe.name()
        )));
    }
    let asking = match (verb.suite, verb.model) {
        (Some(suite), _) => Asking::Suite {
            suite,
            scorer: verb.scorer,
            selection: Selection {
                profile: verb.profile,
                concurrency: verb.concurrency,
                ..Selection::default()
            },
        },
        (None, model) => Asking::Model {
            model: model.unwrap_or_default(),
            concurrency: verb.concurrency,
        },
    };
    let order = AuditOrder {
        judge: verb.judge,
        asking,
        probes,
        outputs: verb.outputs,
        most: verb.limit as usize,
        labels: verb.labels,
        fresh: verb.fresh,
        ca_bundle: verb.answers.ca_bundle.clone(),
        cassette: cassette(verb.answers),
        runs_dir: verb.place.runs_dir,
        no_exec: verb.trust.no_exec,
    };
    let ready = jobs::prepare_audit(&order, &SystemClock)?;
    for note in &ready.notes {
        screen.note(&terminal(note));
    }
    let (prepared, rest) = ready.split();
    let mut ran = None;
    if let Some(prepared) = prepared {
        let folder = prepared.path().display().to_string();
        let done = go(prepared, &folder, Talk::Counts, screen)?;
        for warning in &done.warnings {
            screen.note(&terminal(&format!("warning: {warning}")));
        }
        let interrupted = done.ending.as_ref().and_then(|ending| ending.interrupted);
        if let Some(asked) = interrupted {
            screen.say("what was judged is kept: the same command again asks only for the rest");
            return Ok(asked.exit_code());
        }
        ran = Some(done);
    }
    let done = jobs::finish_audit(rest, ran.as_ref())?;
    let code = done.found.exit_code(&fail_on);
    let found = &done.found;
    wanted.write(&Shown { found, code }, screen)?;
    if let Some(run) = &done.run {
        screen.note(&terminal(&format!("verdicts: {}", run.display())));
    }
    Ok(code)
}
