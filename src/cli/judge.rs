//! `judge`: a judge held against people.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::args::{Answers, Place, Trust};
use super::judge_reports::{Results, Told, Wanted};
use super::run::{Talk, cassette, go};
use super::screen::Screen;
use super::{Done, audit};
use crate::analysis::calibration::{Calibration, Reference};
use crate::funnel::terminal;
use crate::jobs::{self, Asking, CalibrateOrder, Files, JobError, Selection, SystemClock};
use crate::load::labels::wide::Columns;
use crate::report::{JudgeTitle, calibration_page, calibration_screen};

/// Hold a judge against people.
#[derive(Debug, Args)]
pub(crate) struct Judge {
    #[command(subcommand)]
    verb: JudgeVerb,
}

#[derive(Debug, Subcommand)]
enum JudgeVerb {
    /// Measure a judge against people's labels: agreement, errors, what its rates are worth, and whether it may be used.
    Calibrate(Box<Calibrate>),
    /// Try what a judge leans on besides merit: attacks in outputs, place, length, chance, its own model; and what it leaves unread.
    Audit(Box<audit::Audit>),
    /// Look for a better judge on a part of people's labels, and hold it against the present one on another part.
    Tune(Box<super::tune::Tune>),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenhand judge calibrate --table labels.csv --human ann --human bob --judge verdict
  evenhand judge calibrate --table scores.csv --human expert --judge gpt --scale 1..5 --cluster text
  evenhand judge calibrate --labels labels.csv --verdicts verdicts.csv
  evenhand judge calibrate helpfulness --suite suite.yaml --outputs latest --labels labels.csv
Exits: 0 usable · 6 too few labels · 100 not shown usable · 3 a file is broken
       5 the judge could not be asked about too many outputs")]
struct Calibrate {
    /// The judge, to be asked: a built-in one, a judge's file, or a suite's scorer. Its certificate and the labels' ledger are kept.
    #[arg(value_name = "JUDGE", requires = "asking", conflicts_with_all = ["table", "human", "scale", "cluster", "item", "only", "rows"])]
    named: Option<String>,
    /// A CSV or JSONL file in which a row is an item: people's labels and the judge's verdicts in columns.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["labels", "named"], requires_all = ["human", "judge"])]
    table: Option<PathBuf>,
    /// A labels file, held against JUDGE or the verdicts of --verdicts; default: the one that the suite's scorer names.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["table", "human", "cluster", "item", "only", "rows"])]
    labels: Option<PathBuf>,
    /// Where the labelled outputs are, if not in the labels' rows: a run, or a file.
    #[arg(
        long,
        value_name = "RUN|FILE",
        requires = "named",
        conflicts_with = "verdicts"
    )]
    outputs: Option<String>,
    /// The suite that uses JUDGE: its model, limits and prices are taken.
    #[arg(
        long,
        value_name = "FILE",
        group = "asking",
        requires = "named",
        conflicts_with = "table"
    )]
    suite: Option<PathBuf>,
    /// The model that JUDGE asks, as a target's options in JSON.
    #[arg(
        long,
        value_name = "JSON",
        group = "asking",
        requires = "named",
        conflicts_with = "table"
    )]
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
    #[arg(long, value_name = "N", requires = "named", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    concurrency: Option<u32>,
    /// Ask anew about outputs on which the same judge has given its verdict before.
    #[arg(long, requires = "named")]
    fresh: bool,
    /// A file of a judge's verdicts, recorded elsewhere.
    #[arg(
        long,
        value_name = "FILE",
        requires = "labels",
        conflicts_with = "table"
    )]
    verdicts: Option<PathBuf>,
    /// The table's column of one annotator; repeatable. An empty cell: this annotator did not label the item.
    #[arg(long, value_name = "COLUMN")]
    human: Vec<String>,
    /// The table's column of the judge (an empty cell: its verdict could not be read), or one of several judges in --verdicts.
    #[arg(long, value_name = "COLUMN|NAME")]
    judge: Option<String>,
    /// The scale of grades: its lowest and highest whole number.
    #[arg(long, value_name = "LOW..HIGH", value_parser = grades)]
    scale: Option<(i64, i64)>,
    /// The column by which rows hang together.
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// The column that names the items.
    #[arg(long, value_name = "COLUMN")]
    item: Option<String>,
    /// Only rows with this text in this column; repeatable, all of them.
    #[arg(long = "where", value_name = "COLUMN=TEXT", value_parser = pair)]
    only: Vec<(String, String)>,
    /// Of those, only these, counted from 1.
    #[arg(long, value_name = "FIRST..LAST", value_parser = places)]
    rows: Option<(usize, usize)>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OfWhat {
    Majority,
    Mean,
}

impl OfWhat {
    pub(super) fn reference(self) -> Reference {
        match self {
            Self::Majority => Reference::Majority,
            Self::Mean => Reference::Mean,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Terminal,
    Json,
}

/// `1..5` as two numbers.
fn range<T: std::str::FromStr + PartialOrd>(text: &str) -> Option<(T, T)> {
    let (low, high) = text.split_once("..")?;
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low <= high).then_some((low, high))
}

pub(super) fn grades(text: &str) -> Result<(i64, i64), String> {
    range(text)
        .filter(|(low, high)| low < high && high - low <= 100)
        .ok_or_else(|| "whole numbers such as 1..5 are wanted, at most 101 grades".to_owned())
}

fn places(text: &str) -> Result<(usize, usize), String> {
    range(text)
        .filter(|(first, _)| *first > 0)
        .ok_or_else(|| "the first and the last row are wanted, such as 1..20".to_owned())
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(column, wanted)| (column.to_owned(), wanted.to_owned()))
        .ok_or_else(|| "COLUMN=TEXT is wanted, such as aspect=coherence".to_owned())
}

pub(crate) fn run(judge: Judge, screen: &Screen) -> Done {
    match judge.verb {
        JudgeVerb::Calibrate(verb) => calibrate(*verb, screen),
        JudgeVerb::Audit(verb) => audit::run(*verb, screen),
        JudgeVerb::Tune(verb) => super::tune::run(*verb, screen),
    }
}

fn calibrate(mut verb: Calibrate, screen: &Screen) -> Done {
    let wanted = verb.results.wanted()?;
    if let Some(judge) = verb.named.take() {
        return ask(judge, verb, &wanted, screen);
    }
    let answers = &verb.answers;
    let cassette = [
        &answers.record,
        &answers.replay,
        &answers.fill,
        &answers.ca_bundle,
    ];
    if answers.live || verb.trust.no_exec || cassette.iter().any(|file| file.is_some()) {
        let message = "no judge is asked here: cassettes, --live, --ca-bundle and --no-exec are for a JUDGE that is named";
        return Err(JobError::Usage(message.to_owned()));
    }
    let of = verb.of.map(OfWhat::reference);
    let (title, found) = match (verb.table, verb.labels, verb.verdicts) {
        (Some(table), None, _) => {
            let judge = verb.judge.unwrap_or_default();
            let title = JudgeTitle {
                name: judge.clone(),
                labels: chosen(&table, &verb.only, verb.rows),
            };
            let columns = Columns {
                human: verb.human,
                judge,
                scale: verb.scale,
                cluster: verb.cluster,
                item: verb.item,
                only: verb.only,
                rows: verb.rows,
                positive: verb.positive,
                of,
            };
            (title, jobs::calibrate_table(&table, &columns)?)
        }
        (_, Some(labels), Some(verdicts)) => {
            let (name, found) = jobs::calibrate_files(&Files {
                labels: &labels,
                verdicts: &verdicts,
                judge: verb.judge.as_deref(),
                scale: verb.scale,
                of,
                positive: verb.positive.as_deref(),
            })?;
            let labels = labels.display().to_string();
            (JudgeTitle { name, labels }, found)
        }
        _ => {
            let message = "name --table FILE, or --labels FILE and --verdicts FILE";
            return Err(JobError::Usage(message.to_owned()));
        }
    };
    show(&title, &found, &wanted, screen)
}

/// A table's name with the rows that were taken of it: figures of some rows must not pass for those of the file.
fn chosen(table: &Path, only: &[(String, String)], rows: Option<(usize, usize)>) -> String {
    let mut words = vec![table.display().to_string()];
    words.extend(
        only.iter()
            .map(|(column, text)| format!("{column} = {text}")),
    );
    words.extend(rows.map(|(first, last)| format!("rows {first} to {last}")));
    words.join(", ")
}

/// A calibration with what is known of its judge.
#[derive(Serialize)]
#[serde(transparent)]
struct Shown<'a> {
    found: &'a Calibration,
    #[serde(skip)]
    title: &'a JudgeTitle,
}

impl Told for Shown<'_> {
    fn screen(&self, width: usize, color: bool) -> String {
        calibration_screen(self.title, self.found, width, color)
    }

    fn page(&self) -> String {
        calibration_page(self.title, self.found)
    }
}

/// Shows a calibration, and answers its exit code.
fn show(title: &JudgeTitle, found: &Calibration, wanted: &Wanted, screen: &Screen) -> Done {
    wanted.write(&Shown { found, title }, screen)?;
    Ok(found.conclusion.outcome.exit_code())
}

/// Asks a judge that is named, and holds it against people.
fn ask(judge: String, verb: Calibrate, wanted: &Wanted, screen: &Screen) -> Done {
    if verb.judge.is_some() && verb.verdicts.is_none() {
        let message = "--judge names one of several judges in --verdicts; the judge that is asked is named alone";
        return Err(JobError::Usage(message.to_owned()));
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
        (None, Some(model)) => Asking::Model {
            model,
            concurrency: verb.concurrency,
        },
        (None, None) => {
            let message =
                "name the suite that uses the judge with --suite, or its model with --model";
            return Err(JobError::Usage(message.to_owned()));
        }
    };
    let order = CalibrateOrder {
        judge,
        asking,
        labels: verb.labels,
        outputs: verb.outputs,
        verdicts: verb.verdicts.map(|file| (file, verb.judge)),
        fresh: verb.fresh,
        of: verb.of.map(OfWhat::reference),
        positive: verb.positive,
        ca_bundle: verb.answers.ca_bundle.clone(),
        cassette: cassette(verb.answers),
        runs_dir: verb.place.runs_dir,
        no_exec: verb.trust.no_exec,
    };
    let (prepared, rest) = {
        let ready = jobs::prepare_calibration(&order, &SystemClock)?;
        for note in &ready.notes {
            screen.note(&terminal(note));
        }
        ready.split()
    };
    let ran = match prepared {
        None => None,
        Some(prepared) => {
            let folder = prepared.path().display().to_string();
            let ran = go(prepared, &folder, Talk::Counts, screen)?;
            for warning in &ran.warnings {
                screen.note(&terminal(&format!("warning: {warning}")));
            }
            if let Some(asked) = ran.ending.and_then(|ending| ending.interrupted) {
                screen
                    .say("what was judged is kept: the same command again asks only for the rest");
                return Ok(asked.exit_code());
            }
            Some(ran)
        }
    };
    let done = jobs::finish_calibration(rest, ran.as_ref(), &SystemClock)?;
    let title = JudgeTitle {
        name: done.name,
        labels: done.labels.display().to_string(),
    };
    let code = show(&title, &done.found, wanted, screen)?;
    screen.note(&terminal(&format!(
        "kept: {}, and the look in {}",
        done.certificate.display(),
        done.ledger.display()
    )));
    if let Some(run) = &done.run {
        screen.note(&terminal(&format!("verdicts: {}", run.display())));
    }
    Ok(code)
}
