//! HumanEval: programs and recorded verdicts on them (Chen et al. 2021, "Evaluating Large Language Models Trained on Code").
//!
//! This rule puts the program together as the benchmark's own checker does, and counts recorded verdicts for pass@k by
//! [`crate::stats::pass_at_k_per_case`]. It starts nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::stats::Tries;

/// A row of `HumanEval.jsonl`.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The task, as `HumanEval/0`.
    pub task_id: String,
    /// The head of the function with its description.
    pub prompt: String,
    /// The function's name.
    pub entry_point: String,
    /// A function `check` that takes the function and asserts.
    pub test: String,
}

/// The recorded verdict on one completion.
#[derive(Debug, Clone, Deserialize)]
pub struct Recorded {
    /// The task.
    pub task_id: String,
    /// Whether the program ran to its end without an error, in time.
    pub passed: bool,
}

impl Row {
    /// The program that the benchmark's checker runs for a completion.
    #[must_use]
    pub fn program(&self, completion: &str) -> String {
        format!(
            "{}{completion}\n{}\ncheck({})",
            self.prompt, self.test, self.entry_point
        )
    }
}

/// Completions and passed ones of each task, in the order of their names.
#[must_use]
pub fn tries(verdicts: &[Recorded]) -> Vec<Tries> {
    let mut tasks: BTreeMap<&str, Tries> = BTreeMap::new();
    for verdict in verdicts {
        let tries = tasks.entry(&verdict.task_id).or_insert(Tries {
            trials: 0,
            successes: 0,
        });
        tries.trials += 1;
        tries.successes += u64::from(verdict.passed);
    }
    tasks.into_values().collect()
}

/// The largest k for which pass@k speaks of all tasks; `None` without any.
#[must_use]
pub fn fewest_samples(tries: &[Tries]) -> Option<u64> {
    tries.iter().map(|tries| tries.trials).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_calls_the_check_with_the_function() {
        let row: Row = serde_json::from_str(
            r#"{"task_id": "HumanEval/0", "prompt": "def f():\n", "entry_point": "f", "canonical_solution": "", "test": "def check(g):\n    assert g()"}"#,
        )
        .unwrap();
        assert_eq!(
            row.program("    return 1"),
            "def f():\n    return 1\ndef check(g):\n    assert g()\ncheck(f)"
        );
    }

    #[test]
    fn verdicts_are_counted_by_task() {
        let recorded = |task_id: &str, passed| Recorded {
            task_id: task_id.to_owned(),
            passed,
        };
        let found = tries(&[
            recorded("b", true),
            recorded("a", false),
            recorded("b", false),
        ]);
        let of = |trials, successes| Tries { trials, successes };
        assert_eq!(found, [of(1, 0), of(2, 1)]);
        assert_eq!(fewest_samples(&found), Some(1));
    }
}
