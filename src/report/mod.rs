//! Findings in, bytes out: terminal, markdown, json, csv, junit; and the screens of `show` and `runs`.
//!
//! A report computes nothing: its figures come from [`analysis::findings`](crate::analysis::findings), their looks from
//! [`analysis::format`](crate::analysis::format), and every text that a dataset, a model or a suite's author wrote passes the
//! funnel of the report's sink. The same findings give the same bytes.
//!
//! To add a kind of report: one file and one row of [`KINDS`].

mod calibration;
mod content;
mod csv;
mod json;
mod junit;
mod markdown;
mod runs;
mod scores;
mod screen;
mod show;
mod terminal;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod hostile;

use std::io::Write;

pub use calibration::{JudgeTitle, calibration_screen};
pub use content::{shell_word, show_command, summary};
pub use json::schema;
pub use runs::{RunLine, runs_table};
pub use scores::table_screen;
pub use screen::labelled;
pub use show::{ShowFrame, Shown, show};

use crate::analysis::findings::{Findings, RowHead, TrialRow};

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
    render: Renderer,
}

type Renderer = fn(&mut Material<'_>, &mut dyn Write) -> std::io::Result<()>;

/// Every kind of report.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "terminal",
        summary: "the screen: gates, figures with intervals, the finding, what is missing, what to do next",
        render: terminal::render,
    },
    Kind {
        name: "markdown",
        summary: "a pull-request comment: finding first, changed cases only, under 65,536 characters",
        render: markdown::render,
    },
    Kind {
        name: "json",
        summary: "everything, by a published schema, for other programs",
        render: json::render,
    },
    Kind {
        name: "csv",
        summary: "one row a trial, safe to open in a spreadsheet",
        render: csv::render,
    },
    Kind {
        name: "junit",
        summary: "JUnit XML, one test case for each case and target, for CI systems",
        render: junit::render,
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
