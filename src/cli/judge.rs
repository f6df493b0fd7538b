//! `judge`: a judge held against people.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::screen::Screen;
use super::{Done, print};
use crate::analysis::calibration::Reference;
use crate::jobs::{self, JobError};
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
Exits: 0 usable · 6 too few labels · 100 not shown usable · 3 the labels file is broken")]
struct Calibrate {
    /// A CSV or JSONL file in which a row is an item: people's labels and the judge's verdicts in columns.
    #[arg(long, value_name = "FILE")]
    table: PathBuf,
    /// The table's column of one annotator; repeatable. An empty cell: this annotator did not label the item.
    #[arg(long, value_name = "COLUMN", required = true)]
    human: Vec<String>,
    /// The table's column of the judge. An empty cell: its verdict could not be read.
    #[arg(long, value_name = "COLUMN")]
    judge: String,
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
    let title = JudgeTitle {
        name: verb.judge.clone(),
        labels: verb.table.display().to_string(),
    };
    let columns = Columns {
        human: verb.human,
        judge: verb.judge,
        scale: verb.scale,
        cluster: verb.cluster,
        item: verb.item,
        only: verb.only,
        rows: verb.rows,
        positive: verb.positive,
        of: verb.of.map(|of| match of {
            OfWhat::Majority => Reference::Majority,
            OfWhat::Mean => Reference::Mean,
        }),
    };
    let found = jobs::calibrate_table(&verb.table, &columns)?;
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
