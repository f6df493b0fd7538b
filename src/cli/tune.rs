//! `judge tune`: another judge beside the present one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Done;
use super::args::{Answers, Place, Trust};
use super::judge::{OfWhat, grades};
use super::judge_reports::{Results, Told, Wanted};
use super::run::{Talk, cassette, go};
use super::screen::Screen;
use crate::analysis::tuning::Tuning;
use crate::funnel::terminal;
use crate::jobs::{
    self, JobError, Prepared, Ran, Selection, SystemClock, TuneFiles, TuneHost, TuneOrder,
    TuneStep, Tuned,
};
use crate::report::{tuning_page, tuning_screen, tuning_stage, tuning_tried, tuning_written};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenhand judge tune --labels labels.csv --verdicts verdicts.csv
  evenhand judge tune tone.md --labels labels.csv --verdicts verdicts.csv --judge gpt
  evenhand judge tune tone.md --labels labels.csv --suite suite.yaml --optimizer writer
Exits: 0 improved, or not shown better · 6 too few labels · 3 a file is broken
       5 the judge could not be asked about too many outputs, or the budget is spent")]
pub(super) struct Tune {
    /// The judge to tune: a built-in one, or a judge's file. The labels' ledger counts the look; without one nothing is written.
    #[arg(value_name = "JUDGE")]
    named: Option<String>,
    /// The labels file: a part of it chooses, another part tells.
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,
    /// A file of verdicts, recorded elsewhere: each judge in it is a candidate.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "suite",
        conflicts_with = "suite"
    )]
    verdicts: Option<PathBuf>,
    /// The suite that uses JUDGE: its model, limits and prices are taken, and its budget holds for the whole tuning.
    #[arg(long, value_name = "FILE", requires_all = ["named", "optimizer"])]
    suite: Option<PathBuf>,
    /// The suite's target that rewrites the judge: it reads where people and the judge differ on the train part.
    #[arg(long, value_name = "TARGET", requires = "suite")]
    optimizer: Option<String>,
    /// Rounds of rewriting.
    #[arg(long, value_name = "N", default_value_t = 3, requires = "suite", value_parser = clap::value_parser!(u32).range(0..=100))]
    rounds: u32,
    /// Rewrites a round.
    #[arg(long, value_name = "N", default_value_t = 2, requires = "suite", value_parser = clap::value_parser!(u32).range(1..=100))]
    candidates: u32,
    /// Where the labelled outputs are, if not in the labels' rows: a run, or a file.
    #[arg(long, value_name = "RUN|FILE", requires = "suite")]
    outputs: Option<String>,
    /// The suite's scorer, where several use JUDGE.
    #[arg(long, value_name = "ID", requires = "suite")]
    scorer: Option<String>,
    /// Apply a profile of the suite.
    #[arg(long, value_name = "NAME", requires = "suite")]
    profile: Option<String>,
    /// Calls under way at once.
    #[arg(long, value_name = "N", requires = "suite", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    concurrency: Option<u32>,
    /// Ask anew what judges and the optimizer were asked before.
    #[arg(long, requires = "suite")]
    fresh: bool,
    /// The present judge among those of --verdicts; default: the first of the file.
    #[arg(long, value_name = "NAME", requires = "verdicts")]
    judge: Option<String>,
    /// The seed by which labels fall into train, dev and test; default: that of earlier tunings of these labels, else 0.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The scale of grades in --verdicts: its lowest and highest whole number.
    #[arg(long, value_name = "LOW..HIGH", requires = "verdicts", value_parser = grades)]
    scale: Option<(i64, i64)>,
    /// The class that counts as success in rates.
    #[arg(long, value_name = "CLASS")]
    positive: Option<String>,
    /// What stands for several annotators; default: the majority of classes, the mean of numbers.
    #[arg(long, value_name = "WHAT")]
    of: Option<OfWhat>,
    #[command(flatten)]
    results: Results,
    #[command(flatten)]
    answers: Answers,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(mut verb: Tune, screen: &Screen) -> Done {
    let wanted = verb.results.wanted()?;
    match (verb.suite.take(), verb.named.take(), verb.optimizer.take()) {
        (Some(suite), Some(judge), Some(optimizer)) => {
            ask(suite, (judge, optimizer), verb, &wanted, screen)
        }
        (_, named, _) => choose(named, verb, &wanted, screen),
    }
}

/// Chooses among recorded judges.
fn choose(named: Option<String>, verb: Tune, wanted: &Wanted, screen: &Screen) -> Done {
    let Some(verdicts) = verb.verdicts else {
        let message = "name --verdicts FILE, or JUDGE with --suite FILE and --optimizer TARGET";
        return Err(JobError::Usage(message.to_owned()));
    };
    let (tuning, ledger) = jobs::tune_files(
        &TuneFiles {
            named: named.as_deref(),
            labels: &verb.labels,
            verdicts: &verdicts,
            present: verb.judge.as_deref(),
            scale: verb.scale,
            of: verb.of.map(OfWhat::reference),
            positive: verb.positive.as_deref(),
            seed: verb.seed,
        },
        &SystemClock,
    )?;
    let code = show(&tuning, &verb.labels.display().to_string(), wanted, screen)?;
    kept(ledger, screen);
    Ok(code)
}

fn kept(ledger: Option<PathBuf>, screen: &Screen) {
    if let Some(ledger) = ledger {
        let kept = format!("kept: the look in {}", ledger.display());
        screen.note(&terminal(&kept));
    }
}

/// Asks a suite's judge in other ways, and holds the best of them against people.
fn ask(
    suite: PathBuf,
    (judge, optimizer): (String, String),
    verb: Tune,
    wanted: &Wanted,
    screen: &Screen,
) -> Done {
    let labels = verb.labels.display().to_string();
    let order = TuneOrder {
        judge,
        suite,
        scorer: verb.scorer,
        selection: Selection {
            profile: verb.profile,
            concurrency: verb.concurrency,
            ..Selection::default()
        },
        labels: verb.labels,
        outputs: verb.outputs,
        optimizer,
        rounds: verb.rounds,
        candidates: verb.candidates,
        seed: verb.seed,
        fresh: verb.fresh,
        of: verb.of.map(OfWhat::reference),
        positive: verb.positive,
        ca_bundle: verb.answers.ca_bundle.clone(),
        cassette: cassette(verb.answers),
        runs_dir: verb.place.runs_dir,
        no_exec: verb.trust.no_exec,
    };
    let mut host = Host {
        screen,
        said: BTreeSet::new(),
        has_run: false,
    };
    let tuned = jobs::tune_judge(&order, &SystemClock, &mut host)?;
    match tuned {
        Tuned::Interrupted(code) => {
            screen.say("what was judged is kept: the same command again asks only for the rest");
            Ok(code)
        }
        Tuned::Done(tuning, ledger) => {
            let code = show(&tuning, &labels, wanted, screen)?;
            kept(ledger, screen);
            Ok(code)
        }
    }
}

/// A tuning with the labels that it rests on.
#[derive(Serialize)]
#[serde(transparent)]
struct Shown<'a> {
    tuning: &'a Tuning,
    #[serde(skip)]
    labels: &'a str,
}

impl Told for Shown<'_> {
    fn screen(&self, width: usize, color: bool) -> String {
        tuning_screen(self.tuning, self.labels, width, color)
    }

    fn page(&self) -> String {
        tuning_page(self.tuning, self.labels)
    }
}

/// Runs what a tuning asks, and tells what it tells: a line a candidate, and of its runs only what -v wants to know.
struct Host<'a> {
    screen: &'a Screen,
    said: BTreeSet<String>,
    has_run: bool,
}

impl Host<'_> {
    /// What holds for all of its runs is said once.
    fn once(&mut self, note: &str) {
        if self.said.insert(note.to_owned()) {
            self.screen.note(&terminal(note));
        }
    }
}

impl TuneHost for Host<'_> {
    fn run(&mut self, prepared: Prepared) -> Result<Ran, JobError> {
        // What holds for the first holds for the others, but for how much of it is known already.
        if self.screen.verbose || !self.has_run {
            for note in &prepared.notes {
                self.once(note);
            }
        }
        self.has_run = true;
        let folder = prepared.path().display().to_string();
        let ran = match self.screen.verbose {
            true => go(prepared, &folder, Talk::Counts, self.screen)?,
            false => go(prepared, &folder, Talk::Counts, &self.screen.hushed())?,
        };
        for warning in &ran.warnings {
            self.once(&format!("warning: {warning}"));
        }
        Ok(ran)
    }

    fn tell(&mut self, step: &TuneStep) {
        let width = self.screen.width;
        let told = match step {
            TuneStep::Stage(text) => tuning_stage(text, width),
            TuneStep::Written { by, known, cost } => tuning_written(by, *known, cost, width),
            TuneStep::Tried(one) => {
                let agreement = one.agreement.as_ref();
                let agreement = agreement.map(|(name, figure)| (name.as_str(), figure));
                tuning_tried(&one.tried, agreement, &one.cost, width)
            }
        };
        self.screen.note(&told);
    }
}

/// Shows a tuning, and answers its exit code.
fn show(tuning: &Tuning, labels: &str, wanted: &Wanted, screen: &Screen) -> Done {
    wanted.write(&Shown { tuning, labels }, screen)?;
    Ok(tuning.outcome.exit_code())
}
