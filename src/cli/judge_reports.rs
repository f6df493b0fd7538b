//! Where the result of a judge's verb goes: the screen, JSON, a page.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::reports::{Typed, create};
use super::screen::Screen;
use super::{print, print_report};
use crate::domain::decode::unknown;
use crate::funnel::terminal;
use crate::jobs::JobError;
use crate::report::{Frame, KINDS, kind};

/// Where results go.
#[derive(Debug, Args, Default)]
pub(super) struct Results {
    /// Write the result as a KIND too: `terminal`, `json` or `html`, a page for a browser; FILE `-` is stdout. Repeatable.
    #[arg(long = "report", value_name = "KIND=FILE")]
    reports: Vec<String>,
    /// Print the result as `json` (or `html`) instead of the screen: short for --report KIND=-.
    #[arg(long, value_name = "KIND")]
    format: Option<String>,
}

/// A kind of result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Terminal,
    Json,
    Html,
}

impl Form {
    const ALL: [Self; 3] = [Self::Terminal, Self::Json, Self::Html];

    fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Html => "html",
        }
    }

    fn named(name: &str) -> Result<Self, JobError> {
        if let Some(form) = Self::ALL.into_iter().find(|form| form.name() == name) {
            return Ok(form);
        }
        Err(JobError::Usage(
            match KINDS.iter().any(|kind| kind.name == name) {
                true => format!(
                    "`{name}` is a report of runs and comparisons; what is said of a judge is written as terminal, json or html"
                ),
                false => unknown("report", name, &Self::ALL.map(Self::name)),
            },
        ))
    }
}

/// A result in every form that it can take.
pub(super) trait Told: Serialize {
    /// The screen, so wide, with or without our own styling.
    fn screen(&self, width: usize, color: bool) -> String;
    /// The page.
    fn page(&self) -> String;
}

/// The results that were asked for.
pub(super) struct Wanted(Typed<Form>);

impl Results {
    /// Reads what was typed, before anything is called.
    pub(super) fn wanted(&self) -> Result<Wanted, JobError> {
        let format = self.format.as_deref();
        Typed::of(format, &self.reports, Form::named, Form::name).map(Wanted)
    }
}

impl Wanted {
    /// Writes every file, then what goes to stdout.
    pub(super) fn write(&self, told: &impl Told, screen: &Screen) -> Result<(), JobError> {
        let narrow = Frame::default().width;
        for (form, path) in &self.0.files {
            let fail = |error: &dyn std::fmt::Display| {
                JobError::Store(format!("{}: {error}", path.display()))
            };
            let text = text(*form, told, narrow, false)?;
            let mut file = create(path, false).map_err(|error| fail(&error))?;
            file.write_all(text.as_bytes())
                .map_err(|error| fail(&error))?;
            let said = format!("report: {}", path.display());
            screen.note(&terminal(&said));
        }
        let form = self.0.stdout.unwrap_or(Form::Terminal);
        let text = text(form, told, screen.width, screen.color)?;
        match kind(form.name()) {
            Ok(kind) => print_report(screen, kind, text.as_bytes()),
            Err(_) => print(screen, text.as_bytes()),
        }
    }
}

fn text(form: Form, told: &impl Told, width: usize, color: bool) -> Result<String, JobError> {
    match form {
        Form::Terminal => Ok(told.screen(width, color)),
        Form::Html => Ok(told.page()),
        Form::Json => serde_json::to_string_pretty(told)
            .map(|json| json + "\n")
            .map_err(|error| JobError::Unexpected(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(format: Option<&str>, reports: &[&str]) -> String {
        let results = Results {
            reports: reports.iter().map(ToString::to_string).collect(),
            format: format.map(str::to_owned),
        };
        match results.wanted() {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn kinds_of_other_verbs_and_of_none_are_refused_by_name() {
        assert_eq!(
            refused(None, &["junit=x.xml"]),
            "`junit` is a report of runs and comparisons; what is said of a judge is written as terminal, json or html"
        );
        assert_eq!(
            refused(Some("htlm"), &[]),
            "unknown report `htlm`; did you mean `html`?"
        );
        assert!(refused(Some("json"), &["html=-"]).starts_with("only one report can go to stdout"));
        assert_eq!(refused(Some("json"), &["html=a", "terminal=b"]), "");
    }
}
