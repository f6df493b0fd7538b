//! `labels`: people's labels, from where they were given.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::failure::exit;
use super::screen::Screen;
use super::{Done, print};
use crate::funnel::{terminal, terminal_line};
use crate::jobs::{self, ImportLabels, ImportedLabels};
use crate::load::labels::import::{Column, KINDS};
use crate::report::labelled;

/// Take over people's labels.
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
    /// The labels file to write.
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
    }
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
