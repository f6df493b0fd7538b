//! Findings in, bytes out: terminal, markdown, json, csv, junit and what CI systems read; and the screens of `show` and `runs`.
//!
//! A report computes nothing: its figures come from [`analysis::findings`](crate::analysis::findings), their looks from
//! [`analysis::format`](crate::analysis::format), and every text that a dataset, a model or a suite's author wrote passes the
//! funnel of the report's sink. The same findings give the same bytes.
//!
//! To add a kind of report: one file and one row of [`KINDS`].

mod audit;
mod calibration;
mod casebook;
pub mod chart;
mod confusion;
mod content;
mod csv;
mod facts;
mod github_annotations;
mod github_output;
mod github_summary;
mod html;
mod json;
mod junit;
mod label_stats;
mod labels;
mod markdown;
mod openmetrics;
mod outputs;
mod pick;
mod runs;
mod said;
mod scores;
mod screen;
mod show;
mod terminal;
mod tuning;
mod tuning_steps;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod hostile;

use std::borrow::Cow;
use std::io::Write;

pub use audit::audit_screen;
pub use calibration::{JudgeTitle, calibration_screen};
pub use casebook::{Casebook, Detail, Outline, Trial};
pub use confusion::confusion_table;
pub use content::{origin, shell_word, show_command, summary};
pub use facts::{Fact, facts};
pub use github_annotations::{Fault, annotated};
pub use github_output::failed_output;
pub use html::{ServedPage, case_list, case_page, served_page};
pub use html::{audit_page, calibration_page, tuning_page};
pub use json::schema;
pub use label_stats::label_stats_screen;
pub use labels::{labels_csv, labels_jsonl, labels_to_fill};
pub use outputs::{Heading, outputs};
pub use pick::pick_screen;
pub use runs::{RunLine, runs_table};
pub use scores::table_screen;
pub use screen::labelled;
pub use show::{ShowFrame, Shown, show};
pub use tuning::tuning_screen;
pub use tuning_steps::{tuning_stage, tuning_tried, tuning_written};

use crate::analysis::findings::{Findings, RowHead, TrialRow};
use crate::funnel::{ci_document, ci_lines};

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// There is no such kind.
    #[error("{0}")]
    UnknownKind(String),
    /// It could not be written.
    #[error("the {kind} report could not be written: {source}")]
    Write {
        /// The kind of report.
        kind: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
}

/// What a report is made from.
pub struct Material<'a> {
    /// What the run or the comparison says.
    pub findings: &'a Findings,
    /// The columns that rows share.
    pub head: &'a RowHead,
    /// Every planned trial in ordinal order; taken once, and only by reports of single trials.
    pub rows: &'a mut dyn Iterator<Item = TrialRow>,
    /// The cases with all that was said in them; read only by reports that show single cases in full.
    pub cases: &'a mut dyn Casebook,
    /// What the findings do not know.
    pub frame: &'a Frame,
}

/// What a report for people says besides the findings, and how wide it may be.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether our own styling is put in.
    pub color: bool,
    /// How commands on the screen name the run: `latest`, or a prefix of its id.
    pub run: String,
    /// Reports that were written, as paths the user can open.
    pub reports: Vec<String>,
    /// What to do next, the most urgent first.
    pub next: Vec<NextStep>,
    /// How the process ends: the exit code and why; `None` for what only shows.
    pub exit: Option<(u8, String)>,
}

impl Default for Frame {
    /// 100 columns, no styling, nothing to add.
    fn default() -> Self {
        Self {
            width: 100,
            color: false,
            run: "latest".to_owned(),
            reports: Vec::new(),
            next: Vec::new(),
            exit: None,
        }
    }
}

/// A command to run next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// The command, ready to be copied.
    pub command: String,
    /// What it is for; may be empty.
    pub why: String,
}

/// One row of the table of reports.
#[derive(Debug)]
pub struct Kind {
    /// The word in `--report KIND=FILE`.
    pub name: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    syntax: Syntax,
    render: Renderer,
}

/// What a report is written in: how it is kept from commanding the CI system in whose log it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syntax {
    /// Lines: a `\` before what would be a command.
    Lines,
    /// JSON, which can say the same without it.
    Json,
    /// XML, which can too.
    Xml,
    /// Commands of our own: they are meant.
    Commands,
}

type Renderer = fn(&mut Material<'_>, &mut dyn Write) -> std::io::Result<()>;

/// Every kind of report.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "terminal",
        summary: "the screen: gates, figures with intervals, the finding, what is missing, what to do next",
        syntax: Syntax::Lines,
        render: terminal::render,
    },
    Kind {
        name: "markdown",
        summary: "a pull-request comment: finding first, changed cases only, under 65,536 characters",
        syntax: Syntax::Lines,
        render: markdown::render,
    },
    Kind {
        name: "html",
        summary: "a page in one file: figures, findings, judges and every case with its transcripts; opens without a network",
        syntax: Syntax::Lines,
        render: html::render,
    },
    Kind {
        name: "json",
        summary: "everything, by a published schema, for other programs",
        syntax: Syntax::Json,
        render: json::render,
    },
    Kind {
        name: "csv",
        summary: "one row a trial, safe to open in a spreadsheet",
        syntax: Syntax::Lines,
        render: csv::render,
    },
    Kind {
        name: "junit",
        summary: "JUnit XML, one test case for each case and target, for CI systems",
        syntax: Syntax::Xml,
        render: junit::render,
    },
    Kind {
        name: "github-summary",
        summary: "markdown for a GitHub job's summary: as markdown, and every trial without success; under a million bytes",
        syntax: Syntax::Lines,
        render: github_summary::render,
    },
    Kind {
        name: "github-annotations",
        summary: "workflow commands for a GitHub job's log: gates that did not pass, at most ten of a kind",
        syntax: Syntax::Commands,
        render: github_annotations::render,
    },
    Kind {
        name: "github-output",
        summary: "key=value lines for later steps of a GitHub job: exit code, verdict, figures, paths",
        syntax: Syntax::Lines,
        render: github_output::render,
    },
    Kind {
        name: "openmetrics",
        summary: "figures with intervals as gauges, for GitLab's metrics report and Prometheus",
        syntax: Syntax::Lines,
        render: openmetrics::render,
    },
];

/// The kind of a name.
///
/// # Errors
/// [`ReportError::UnknownKind`], with a suggestion where one is near.
pub fn kind(name: &str) -> Result<&'static Kind, ReportError> {
    KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        ReportError::UnknownKind(crate::domain::decode::unknown("report", name, &known))
    })
}

impl Kind {
    /// Writes the report. Rows are taken one at a time and only as far as the kind needs them.
    ///
    /// # Errors
    /// [`ReportError::Write`] when `out` fails.
    pub fn render(
        &self,
        mut material: Material<'_>,
        out: &mut dyn Write,
    ) -> Result<(), ReportError> {
        (self.render)(&mut material, out).map_err(|source| ReportError::Write {
            kind: self.name,
            source,
        })
    }

    /// A report of this kind as it may stand in the log of a CI system: no text in it is taken for a command.
    #[must_use]
    pub fn in_log<'a>(&self, report: &'a str) -> Cow<'a, str> {
        match self.syntax {
            Syntax::Lines => ci_lines(report),
            Syntax::Json => ci_document(report, r"\u0023"),
            Syntax::Xml => ci_document(report, "&#35;"),
            Syntax::Commands => Cow::Borrowed(report),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_kind_is_answered_with_the_nearest() {
        let err = kind("jnit").unwrap_err();
        assert_eq!(
            err.to_string(),
            "unknown report `jnit`; did you mean `junit`?"
        );
    }

    #[test]
    fn the_same_findings_give_the_same_bytes() {
        let (head, rows) = examples::rows();
        for (name, findings) in examples::all() {
            for kind in KINDS {
                let frame = examples::support_frame();
                let once = examples::rendered(kind.name, &findings, &head, &rows, &frame);
                let again = examples::rendered(kind.name, &findings.clone(), &head, &rows, &frame);
                assert_eq!(once, again, "{name} as {}", kind.name);
            }
        }
    }
}
