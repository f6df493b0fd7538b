//! Why a job could not be done, by what the user can do about it. The kind decides the exit code (in `cli`).

use crate::domain::decode::Problem;
use crate::domain::tree::Span;
use crate::engine::Asked;

/// Problems of files that are told; more end the reading.
pub(crate) const MOST_PROBLEMS: usize = 20;

/// Why a job could not be done.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// What was asked for does not make sense: an unknown target, two flags that exclude each other.
    #[error("{0}")]
    Usage(String),
    /// The user's files are faulty: all problems, each with its place.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
    /// A file that came is not the one that is meant.
    #[error("{0}")]
    Refused(String),
    /// The dataset is empty, or the filters select nothing.
    #[error("{0}")]
    NothingToRun(String),
    /// It could not be evaluated: an endpoint cannot be used at all.
    #[error("{0}")]
    NotEvaluated(String),
    /// A run directory or an output cannot be written, is in use or damaged.
    #[error("{0}")]
    Store(String),
    /// A signal ended it, and nothing was kept.
    #[error("interrupted; nothing was written")]
    Stopped(Asked),
    /// What should not happen.
    #[error("{0}")]
    Unexpected(String),
}

impl JobError {
    /// Problems of files; where all of them are about what flags ask for, of the arguments.
    pub(crate) fn faulty(problems: Vec<Problem>) -> Self {
        let of_flags = problems
            .iter()
            .all(|problem| problem.file.starts_with("--"));
        if of_flags && !problems.is_empty() {
            Self::Usage(lines(&problems))
        } else {
            Self::Invalid(problems)
        }
    }

    /// Problems of a file that was gone through; where there are so many that reading was ended by them, that is said.
    pub(crate) fn of_rows(mut problems: Vec<Problem>) -> Self {
        if problems.len() >= MOST_PROBLEMS
            && let Some(last) = problems.last()
        {
            let enough = Problem {
                file: last.file.clone(),
                span: Span::default(),
                message: format!(
                    "reading was ended here: {} problems are enough",
                    problems.len()
                ),
            };
            problems.push(enough);
        }
        Self::Invalid(problems)
    }

    /// One problem that stands nowhere in particular in a file.
    #[must_use]
    pub fn problem(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem {
            file: file.into(),
            span: Span::default(),
            message: message.into(),
        }])
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
