//! The CI system around the process: what is handed to it unasked, and how its log is kept from taking data for commands.
//!
//! | system | found by | what it gets from a verb with findings |
//! | --- | --- | --- |
//! | GitHub | `GITHUB_ACTIONS=true` | a page in `GITHUB_STEP_SUMMARY`, annotations on stderr, outputs in `GITHUB_OUTPUT` |
//! | GitLab | `GITLAB_CI=true` | `junit.xml` and `metrics.txt` beside the run's other reports; `compare` writes `compare.md` there |
//!
//! `--ci` names a system or none. A verb that only shows (`report`) hands out nothing unless a system is named. What cannot be
//! written is a warning: no run fails because of it.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::CiWhen;
use super::reports::{create, on_file, rendered};
use super::screen::Screen;
use crate::funnel::terminal;
use crate::jobs::{JobError, Told};
use crate::report::{Fault, Frame, annotated, failed_output};

/// Bytes that all pages of a step may have together: GitHub throws away whatever is larger than a mebibyte.
const MOST_SUMMARY: u64 = 1_000_000;

/// A CI system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Github,
    Gitlab,
}

/// What is known of the CI system around the process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ci {
    system: Option<System>,
    /// Whether the user named it.
    named: bool,
    /// Whether the log is read for commands, whatever was named.
    reads_commands: bool,
    summary: Option<PathBuf>,
    output: Option<PathBuf>,
}

impl Ci {
    /// Looks at the flag and the environment.
    pub(crate) fn new(when: CiWhen, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let is_true = |name: &str| variable(name).is_some_and(|value| value == "true");
        let github = is_true("GITHUB_ACTIONS");
        let system = match when {
            CiWhen::Github => Some(System::Github),
            CiWhen::Gitlab => Some(System::Gitlab),
            CiWhen::None => None,
            CiWhen::Auto if github => Some(System::Github),
            CiWhen::Auto => is_true("GITLAB_CI").then_some(System::Gitlab),
        };
        let file = |name: &str| {
            let path = variable(name).filter(|path| !path.is_empty())?;
            (system == Some(System::Github)).then(|| PathBuf::from(path))
        };
        Self {
            system,
            named: when != CiWhen::Auto,
            reads_commands: github || system == Some(System::Github),
            summary: file("GITHUB_STEP_SUMMARY"),
            output: file("GITHUB_OUTPUT"),
        }
    }

    /// Whether lines of the log may be taken for commands.
    pub(crate) fn reads_commands(&self) -> bool {
        self.reads_commands
    }

    /// Hands over what a verb found. `keeps` says whether the run keeps reports of its own; files that are written are added to the
    /// frame's.
    pub(crate) fn hand_over(&self, told: &Told, keeps: bool, frame: &mut Frame, screen: &Screen) {
        if frame.exit.is_none() && !self.named {
            return;
        }
        match self.system {
            Some(System::Github) => self.tell_github(told, frame, screen),
            Some(System::Gitlab) => {
                let compares = frame.exit.is_some() && !keeps;
                tell_gitlab(told, compares, frame, screen);
            }
            None => {}
        }
    }

    fn tell_github(&self, told: &Told, frame: &Frame, screen: &Screen) {
        let frame = Frame {
            reports: frame.reports.clone(),
            ..on_file(frame)
        };
        let missing = |name: &str| {
            if self.named {
                screen.note(&format!(
                    "warning: {name} is not set: nothing is written to it"
                ));
            }
        };
        match rendered("github-annotations", told, &frame) {
            Ok(lines) => screen.command(&lines),
            Err(error) => warn(screen, &error),
        }
        match &self.summary {
            None => missing("GITHUB_STEP_SUMMARY"),
            Some(path) => {
                if let Err(error) = add_summary(path, told, &frame) {
                    warn(screen, &error);
                }
            }
        }
        match &self.output {
            None => missing("GITHUB_OUTPUT"),
            Some(path) => {
                let written = rendered("github-output", told, &frame).and_then(|outputs| {
                    append(path, outputs.as_bytes()).map_err(|error| failed(path, &error))
                });
                if let Err(error) = written {
                    warn(screen, &error);
                }
            }
        }
    }

    /// Hands over that a verb could not be done: where the faults are, and the exit code.
    pub(crate) fn hand_over_failure(&self, error: &JobError, code: u8, screen: &Screen) {
        if self.system != Some(System::Github) {
            return;
        }
        screen.command(&match error {
            JobError::Invalid(problems) => {
                let faults: Vec<Fault<'_>> = problems
                    .iter()
                    .map(|problem| Fault {
                        file: &problem.file,
                        place: (problem.span.line, problem.span.column),
                        message: &problem.message,
                    })
                    .collect();
                annotated(&faults)
            }
            other => annotated(&[Fault {
                file: "",
                place: (0, 0),
                message: &other.to_string(),
            }]),
        });
        if let Some(path) = &self.output
            && let Err(error) = append(path, failed_output(code).as_bytes())
        {
            warn(screen, &failed(path, &error));
        }
    }
}

/// Adds a page to the step's summary: the long one, where there is no room for it the short one, else none.
fn add_summary(path: &Path, told: &Told, frame: &Frame) -> Result<(), JobError> {
    let there = std::fs::metadata(path).map_or(0, |file| file.len());
    for kind in ["github-summary", "markdown"] {
        let page = rendered(kind, told, frame)?;
        if there.saturating_add(page.len() as u64 + 1) <= MOST_SUMMARY {
            // The page before may end anywhere: a blank line ends whatever paragraph or table it is in.
            let page = if there > 0 { format!("\n{page}") } else { page };
            return append(path, page.as_bytes()).map_err(|error| failed(path, &error));
        }
    }
    Err(JobError::Store(format!(
        "{}: this step's summary has {there} bytes already; another page does not fit",
        path.display()
    )))
}

/// Keeps what GitLab takes as artifacts with the run's other reports.
fn tell_gitlab(told: &Told, compares: bool, frame: &mut Frame, screen: &Screen) {
    let files: &[(&str, &str)] = match compares {
        // No metrics: the sides of a comparison are named by their runs, and GitLab would find every series new.
        true => &[("markdown", "compare.md")],
        false => &[("junit", "junit.xml"), ("openmetrics", "metrics.txt")],
    };
    let folder = match told.reports_folder() {
        Ok(folder) => folder,
        Err(error) => return warn(screen, &error),
    };
    for (kind, name) in files {
        let path = folder.join(name);
        let written = rendered(kind, told, &on_file(frame)).and_then(|report| {
            create(&path, true)
                .and_then(|mut file| file.write_all(report.as_bytes()))
                .map_err(|error| failed(&path, &error))
        });
        match written {
            Ok(()) => frame.reports.push(path.display().to_string()),
            Err(error) => warn(screen, &error),
        }
    }
}

fn append(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    File::options()
        .append(true)
        .create(true)
        .open(path)?
        .write_all(bytes)
}

fn failed(path: &Path, error: &std::io::Error) -> JobError {
    JobError::Store(format!("{}: {error}", path.display()))
}

fn warn(screen: &Screen, error: &JobError) {
    screen.say(&terminal(&format!("warning: not handed to CI: {error}")));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(when: CiWhen, variables: &[(&str, &str)]) -> (Option<System>, bool, bool) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let ci = Ci::new(when, variable);
        (ci.system, ci.reads_commands(), ci.summary.is_some())
    }

    #[test]
    fn the_system_is_found_by_its_variable_unless_one_is_named() {
        let github = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_STEP_SUMMARY", "/summary"),
        ];
        let gitlab = [("GITLAB_CI", "true")];
        assert_eq!(
            found(CiWhen::Auto, &github),
            (Some(System::Github), true, true)
        );
        assert_eq!(
            found(CiWhen::Auto, &gitlab),
            (Some(System::Gitlab), false, false)
        );
        assert_eq!(found(CiWhen::Auto, &[("CI", "true")]), (None, false, false));
        assert_eq!(
            found(CiWhen::Auto, &[("GITHUB_ACTIONS", "")]),
            (None, false, false)
        );
        assert_eq!(
            found(CiWhen::Github, &gitlab),
            (Some(System::Github), true, false)
        );
        assert_eq!(
            found(CiWhen::Gitlab, &[]),
            (Some(System::Gitlab), false, false)
        );
    }

    #[test]
    fn a_log_that_is_read_for_commands_is_guarded_whatever_is_named() {
        let github = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_STEP_SUMMARY", "/summary"),
        ];
        assert_eq!(found(CiWhen::None, &github), (None, true, false));
        assert_eq!(
            found(CiWhen::Gitlab, &github),
            (Some(System::Gitlab), true, false)
        );
    }
}
