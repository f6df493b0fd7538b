//! Errors on their way out: what is said, and the exit code. The one place where a kind of error becomes a number.

use super::screen::Screen;
use crate::funnel::terminal;
use crate::jobs::JobError;

/// The exit codes: an API, documented in the README and held by tests.
pub(crate) mod exit {
    /// Done, gates passed.
    pub(crate) const DONE: u8 = 0;
    /// Unexpected.
    pub(crate) const UNEXPECTED: u8 = 1;
    /// Wrong arguments.
    pub(crate) const USAGE: u8 = 2;
    /// Invalid suite, dataset, judge or labels.
    pub(crate) const INVALID: u8 = 3;
    /// Nothing to run.
    pub(crate) const NOTHING: u8 = 4;
    /// Could not evaluate.
    pub(crate) const NOT_EVALUATED: u8 = 5;
    /// The run directory or an output could not be written, is in use or damaged.
    pub(crate) const STORE: u8 = 7;
}

/// The exit code of an error.
pub(crate) fn code(error: &JobError) -> u8 {
    match error {
        JobError::Usage(_) => exit::USAGE,
        JobError::Invalid(_) | JobError::Refused(_) => exit::INVALID,
        JobError::NothingToRun(_) => exit::NOTHING,
        JobError::NotEvaluated(_) => exit::NOT_EVALUATED,
        JobError::Store(_) => exit::STORE,
        JobError::Stopped(asked) => asked.exit_code(),
        JobError::Unexpected(_) => exit::UNEXPECTED,
    }
}

/// Says what went wrong and what to do, and answers the exit code.
pub(crate) fn tell(screen: &Screen, error: &JobError) -> u8 {
    match error {
        JobError::Invalid(problems) => {
            for problem in problems {
                screen.say(&terminal(&problem.to_string()));
            }
            let count = problems.len();
            let noun = if count == 1 { "problem" } else { "problems" };
            screen.say(&format!("error: {count} {noun}; nothing was called"));
        }
        other => other
            .to_string()
            .lines()
            .for_each(|line| screen.say(&format!("error: {}", terminal(line)))),
    }
    let code = code(error);
    screen.ci.hand_over_failure(error, code, screen);
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Asked;

    #[test]
    fn every_kind_of_error_has_its_code() {
        let codes = [
            (JobError::Unexpected(String::new()), 1),
            (JobError::Usage(String::new()), 2),
            (JobError::Invalid(Vec::new()), 3),
            (JobError::Refused(String::new()), 3),
            (JobError::NothingToRun(String::new()), 4),
            (JobError::NotEvaluated(String::new()), 5),
            (JobError::Store(String::new()), 7),
            (JobError::Stopped(Asked::Interrupt), 130),
            (JobError::Stopped(Asked::Terminate), 143),
        ];
        for (error, expected) in codes {
            assert_eq!(code(&error), expected, "{error:?}");
        }
    }
}
