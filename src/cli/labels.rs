//! `labels`: people's labels, from where they were given.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::args::Place;
use super::failure::exit;
use super::judge::{Format, grades};
use super::screen::Screen;
use super::{Done, print};
use crate::analysis::pick::Strategy;
use crate::funnel::{terminal, terminal_line};
use crate::jobs::{self, ImportLabels, ImportedLabels, JobError, PickLabels};
use crate::load::labels::import::{Column, KINDS};
use crate::report::{label_stats_screen, labelled, pick_screen};

/// People's labels: taken over, looked at, and which to ask for next.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = "Verbs")]
pub(crate) struct Labels {
    #[command(subcommand)]
    verb: LabelsVerb,
}

#[derive(Debug, Subcommand)]
enum LabelsVerb {
    /// Write a labels file from what a labelling tool exports.
    #[command(after_help = tools())]
    Import(Import),
    /// Choose which outputs of a run people label next, as a labels file to be filled in.
    Pick(Pick),
    /// Look at the people behind a labels file: how each labels, whether they agree, repeat themselves, or drift.
    Stats(Stats),
}

#[derive(Debug, Args)]
struct Stats {
    /// The labels file.
    file: PathBuf,
    /// The scale of grades that the judge has: its lowest and highest whole number; a rating off it is refused.
    #[arg(long, alias = "judge-scale", value_name = "LOW..HIGH", value_parser = grades)]
    scale: Option<(i64, i64)>,
    /// Print the result as `json` instead of the screen.
    #[arg(long, value_name = "KIND", default_value = "terminal")]
    format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Strategies:
  random        all outputs alike: the draw that certifies a judge
  uncertain     more often where the judge is in doubt: P near one half, split votes, a grade near the bar
  disagreement  more often where judges, votes or rules differ
  stratified    the same number of each target, verdict and tag

Every row holds the probability with which it was drawn; `judge calibrate` weighs by it.
Exits: 0 written · 2 no such run, target or scorer · 3 the labels are broken · 4 nothing left to label")]
struct Pick {
    /// The run: a path, latest, latest~1, or the beginning of its id.
    run: String,
    /// How many outputs.
    #[arg(short = 'n', long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// How they are drawn.
    #[arg(long, value_name = "HOW", default_value = "random")]
    strategy: How,
    /// The seed of the draw; without it the run's. The same seed and a larger number go on from a smaller draw.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// By whose verdicts; default: the only judge, and for a disagreement all scorers (then repeatable).
    #[arg(long, value_name = "ID")]
    scorer: Vec<String>,
    /// Only outputs of this target; repeatable.
    #[arg(long, value_name = "ID")]
    target: Vec<String>,
    /// Labels that are there: their outputs are not picked again, and the new file holds them too.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// The labels file to write: JSON lines where it ends in .jsonl, else CSV.
    #[arg(long, value_name = "FILE", default_value = "to-label.csv")]
    out: PathBuf,
    /// Replace a file that is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
}

/// How outputs are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum How {
    Random,
    Uncertain,
    Disagreement,
    Stratified,
}

impl From<How> for Strategy {
    fn from(how: How) -> Self {
        match how {
            How::Random => Self::Random,
            How::Uncertain => Self::Uncertain,
            How::Disagreement => Self::Disagreement,
            How::Stratified => Self::Stratified,
        }
    }
}

#[derive(Debug, Args)]
struct Import {
    /// The tool's export: JSON or JSONL.
    file: PathBuf,
    /// The tool; without it the records' shape tells.
    #[arg(long, value_name = "TOOL")]
    from: Option<String>,
    /// Which control, question, score name or key to take; needed where there are several.
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// Who gave the labels that name nobody.
    #[arg(long, value_name = "NAME")]
    annotator: Option<String>,
    /// What the values are; without it as they look.
    #[arg(long = "as", value_name = "COLUMN")]
    column: Option<As>,
    /// The labels file to write: JSON lines where it ends in .jsonl, else CSV.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Replace a file that is there.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum As {
    Rating,
    Pass,
    Preference,
    Class,
}

impl From<As> for Column {
    fn from(column: As) -> Self {
        match column {
            As::Rating => Self::Rating,
            As::Pass => Self::Pass,
            As::Preference => Self::Preference,
            As::Class => Self::Class,
        }
    }
}

/// The tools, for the end of the help.
fn tools() -> String {
    let lines: Vec<String> = KINDS
        .iter()
        .map(|kind| format!("  {:12}  {}", kind.name, kind.summary))
        .collect();
    format!("Tools:\n{}", lines.join("\n"))
}

pub(crate) fn run(labels: Labels, screen: &Screen) -> Done {
    match labels.verb {
        LabelsVerb::Import(verb) => import(verb, screen),
        LabelsVerb::Pick(verb) => pick(verb, screen),
        LabelsVerb::Stats(verb) => stats(&verb, screen),
    }
}

fn stats(verb: &Stats, screen: &Screen) -> Done {
    let found = jobs::label_statistics(&verb.file, verb.scale)?;
    let text = match verb.format {
        Format::Terminal => {
            let file = verb.file.display().to_string();
            label_stats_screen(&file, &found, screen.width, screen.color)
        }
        Format::Json => {
            serde_json::to_string_pretty(&found)
                .map_err(|error| JobError::Unexpected(error.to_string()))?
                + "\n"
        }
    };
    print(screen, text.as_bytes())?;
    Ok(exit::DONE)
}

fn pick(verb: Pick, screen: &Screen) -> Done {
    let order = PickLabels {
        run: verb.run,
        count: usize::try_from(verb.count).unwrap_or(usize::MAX),
        strategy: verb.strategy.into(),
        seed: verb.seed,
        scorers: verb.scorer,
        targets: verb.target,
        labels: verb.labels,
        out: verb.out,
        force: verb.force,
    };
    let found = jobs::pick_labels(&order, &verb.place.runs_dir)?;
    let to = order.out.display().to_string();
    let text = pick_screen(
        &found.pick,
        &to,
        found.column,
        found.kept,
        screen.width,
        screen.color,
    );
    print(screen, text.as_bytes())?;
    Ok(exit::DONE)
}

fn import(verb: Import, screen: &Screen) -> Done {
    let order = ImportLabels {
        file: verb.file,
        from: verb.from,
        field: verb.field,
        annotator: verb.annotator,
        column: verb.column.map(Column::from),
        to: verb.to,
        force: verb.force,
    };
    let imported = jobs::import_labels(&order)?;
    let to = order.to.display().to_string();
    print(screen, page(&to, &imported, screen.width).as_bytes())?;
    Ok(exit::DONE)
}

/// How many annotators are named.
const NAMED: usize = 5;

fn page(to: &str, imported: &ImportedLabels, width: usize) -> String {
    let count = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    };
    let mut names: Vec<String> = imported
        .annotators
        .iter()
        .take(NAMED)
        .map(|name| terminal_line(name, 40).into_owned())
        .collect();
    if imported.annotators.len() > NAMED {
        names.push("..".to_owned());
    }
    let said = format!(
        "{}: {} of {} by {} ({}); `{}` of {} as `{}`",
        terminal(to),
        count(imported.labels, "label"),
        count(imported.outputs, "output"),
        count(imported.annotators.len(), "annotator"),
        names.join(", "),
        terminal_line(&imported.field, 40),
        imported.kind,
        imported.column,
    );
    let mut text = labelled("wrote     ", &said, width);
    for (what, count) in &imported.left_out {
        text += &labelled(
            "left out  ",
            &format!("{count} x {}", terminal_line(what, 80)),
            width,
        );
    }
    text
}
