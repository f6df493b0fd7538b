//! `judge`: a judge held against people.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::screen::Screen;
use super::{Done, print};
use crate::analysis::calibration::Reference;
use crate::jobs::{self, Files, JobError};
use crate::load::labels::wide::Columns;
use crate::report::{JudgeTitle, calibration_screen};

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
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenhand judge calibrate --table labels.csv --human ann --human bob --judge verdict
  evenhand judge calibrate --table scores.csv --human expert --judge gpt --scale 1..5 --cluster text
  evenhand judge calibrate --labels labels.csv --verdicts verdicts.csv
Exits: 0 usable · 6 too few labels · 100 not shown usable · 3 a file is broken")]
struct Calibrate {
    /// A CSV or JSONL file in which a row is an item: people's labels and the judge's verdicts in columns.
    #[arg(long, value_name = "FILE", required_unless_present = "labels", requires_all = ["human", "judge"])]
    table: Option<PathBuf>,
    /// A labels file, held against the verdicts of --verdicts.
    #[arg(long, value_name = "FILE", requires = "verdicts", conflicts_with_all = ["table", "human", "cluster", "item", "only", "rows"])]
    labels: Option<PathBuf>,
    /// A file of a judge's verdicts, recorded elsewhere.
    #[arg(long, value_name = "FILE", requires = "labels")]
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
    /// Print the result as `json` instead of the screen.
    #[arg(long, value_name = "KIND", default_value = "terminal")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OfWhat {
    Majority,
    Mean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Terminal,
    Json,
}

/// `1..5` as two numbers.
fn range<T: std::str::FromStr + PartialOrd>(text: &str) -> Option<(T, T)> {
    let (low, high) = text.split_once("..")?;
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low <= high).then_some((low, high))
}

fn grades(text: &str) -> Result<(i64, i64), String> {
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
    }
}

fn calibrate(verb: Calibrate, screen: &Screen) -> Done {
    let of = verb.of.map(|of| match of {
        OfWhat::Majority => Reference::Majority,
        OfWhat::Mean => Reference::Mean,
    });
    let (title, found) = match (verb.table, verb.labels, verb.verdicts) {
        (Some(table), None, _) => {
            let judge = verb.judge.unwrap_or_default();
            let title = JudgeTitle {
                name: judge.clone(),
                labels: table.display().to_string(),
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
    let text = match verb.format {
        Format::Terminal => calibration_screen(&title, &found, screen.width, screen.color),
        Format::Json => {
            serde_json::to_string_pretty(&found)
                .map_err(|error| JobError::Unexpected(error.to_string()))?
                + "\n"
        }
    };
    print(screen, text.as_bytes())?;
    Ok(found.conclusion.outcome.exit_code())
}
