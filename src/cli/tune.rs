//! `judge tune`: another judge beside the present one.

use std::path::PathBuf;

use clap::Args;

use super::judge::{Format, OfWhat, grades};
use super::screen::Screen;
use super::{Done, print};
use crate::analysis::tuning::Tuning;
use crate::funnel::terminal;
use crate::jobs::{self, JobError, SystemClock, TuneFiles};
use crate::report::tuning_screen;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenhand judge tune --labels labels.csv --verdicts verdicts.csv
  evenhand judge tune tone.md --labels labels.csv --verdicts verdicts.csv --judge gpt
Exits: 0 improved, or not shown better · 6 too few labels · 3 a file is broken")]
pub(super) struct Tune {
    /// The judge to tune: a built-in one, or a judge's file. The labels' ledger counts the look; without one nothing is written.
    #[arg(value_name = "JUDGE")]
    named: Option<String>,
    /// The labels file: a part of it chooses, another part tells.
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,
    /// A file of verdicts, recorded elsewhere: each judge in it is a candidate.
    #[arg(long, value_name = "FILE")]
    verdicts: PathBuf,
    /// The present judge among those of --verdicts; default: the first of the file.
    #[arg(long, value_name = "NAME")]
    judge: Option<String>,
    /// The seed by which labels fall into train, dev and test; default: that of earlier tunings of these labels, else 0.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The scale of grades: its lowest and highest whole number.
    #[arg(long, value_name = "LOW..HIGH", value_parser = grades)]
    scale: Option<(i64, i64)>,
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

pub(super) fn run(verb: Tune, screen: &Screen) -> Done {
    let (tuning, ledger) = jobs::tune_files(
        &TuneFiles {
            named: verb.named.as_deref(),
            labels: &verb.labels,
            verdicts: &verb.verdicts,
            present: verb.judge.as_deref(),
            scale: verb.scale,
            of: verb.of.map(OfWhat::reference),
            positive: verb.positive.as_deref(),
            seed: verb.seed,
        },
        &SystemClock,
    )?;
    let code = show(
        &tuning,
        &verb.labels.display().to_string(),
        verb.format,
        screen,
    )?;
    if let Some(ledger) = ledger {
        let kept = format!("kept: the look in {}", ledger.display());
        screen.note(&terminal(&kept));
    }
    Ok(code)
}

/// Shows a tuning, and answers its exit code.
fn show(tuning: &Tuning, labels: &str, format: Format, screen: &Screen) -> Done {
    let text = match format {
        Format::Terminal => tuning_screen(tuning, labels, screen.width, screen.color),
        Format::Json => {
            serde_json::to_string_pretty(tuning)
                .map_err(|error| JobError::Unexpected(error.to_string()))?
                + "\n"
        }
    };
    print(screen, text.as_bytes())?;
    Ok(tuning.outcome.exit_code())
}
