//! A verdict for which a program must be executed, in two pure halves: the program and its bounds out, how it ended in.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Verdict;

/// A program to be executed, in Python: it comes to its end exactly where the output is right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// The program, its tests included.
    pub program: String,
    /// How long it may run, in seconds.
    pub seconds: f64,
    /// What was taken for the answer; `None`: the whole output.
    #[serde(skip)]
    pub extracted: Option<String>,
}

/// How long a program may run, as the benchmarks' own checkers have it.
pub(super) const SECONDS: f64 = 3.0;

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Executed {
    verdict: End,
    #[serde(default)]
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    Passed,
    Failed,
    TimedOut,
}

impl Execution {
    /// A program with the usual time.
    pub(super) fn of(program: String) -> Self {
        Self {
            program,
            seconds: SECONDS,
            extracted: None,
        }
    }

    /// How long it may run.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::try_from_secs_f64(self.seconds).unwrap_or(Duration::from_secs(3))
    }

    /// The verdict by what whoever executed it says.
    #[must_use]
    pub fn verdict(&self, executed: &Executed) -> Verdict {
        let verdict = match executed.verdict {
            End::Passed => Verdict::pass(true).because("passed"),
            End::Failed => Verdict::pass(false).because(format!("failed: {}", executed.detail)),
            End::TimedOut => {
                Verdict::pass(false).because(format!("timed out after {} s", self.seconds))
            }
        };
        verdict.from_answer(self.extracted.as_deref())
    }
}

impl Executed {
    /// What whoever executed a program says, one JSON object.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(text: &str) -> Result<Self, String> {
        serde_json::from_str(text)
            .map_err(|error| format!("how the program ended cannot be read: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_that_came_to_its_end_is_right() {
        let execution = Execution::of("x = 1".to_owned());
        let verdict = |said: &str| execution.verdict(&Executed::read(said).unwrap());
        let passed = verdict(r#"{"verdict": "passed", "detail": "", "calls": true}"#);
        assert_eq!(passed.passed(), Some(true));
        let failed = verdict(r#"{"verdict": "failed", "detail": "AssertionError: "}"#);
        assert_eq!(
            (failed.passed(), failed.detail.as_deref()),
            (Some(false), Some("failed: AssertionError: "))
        );
        let late = verdict(r#"{"verdict": "timed_out"}"#);
        assert_eq!(
            (late.passed(), late.detail.as_deref()),
            (Some(false), Some("timed out after 3 s"))
        );
        for wrong in ["", "passed", "{}", r#"{"verdict": "right"}"#] {
            assert!(Executed::read(wrong).is_err(), "{wrong}");
        }
    }
}
