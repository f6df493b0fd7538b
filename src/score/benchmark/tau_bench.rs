//! tau-bench: recorded trials of tasks, each with a reward (Yao et al. 2024, "tau-bench: A Benchmark for Tool-Agent-User Interaction in
//! Real-World Domains").
//!
//! A trial succeeds with a reward of 1 (within a millionth). Reliability is pass^k: the chance that k trials of a task all succeed, from
//! [`tries`] by [`crate::stats::pass_hat_k_per_case`]. It needs as many trials of each task; tasks with fewer than k are left out by it, so the
//! caller cuts k at [`fewest_trials`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Verdict;
use crate::stats::Tries;

/// One trial of a result file.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The task.
    pub task_id: u64,
    /// Which repetition.
    #[serde(default)]
    pub trial: u64,
    /// 1 where the database and what was told are as they should be, else 0.
    pub reward: f64,
}

/// How far a reward may be from 1.
const NEAR: f64 = 1e-6;

impl Row {
    /// Whether the trial succeeded.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if !self.reward.is_finite() {
            return Verdict::unscored("the row's `reward` is not a finite number");
        }
        Verdict::pass((1.0 - NEAR..=1.0 + NEAR).contains(&self.reward))
    }
}

/// Trials and successes of each task, in the order of their ids. Trials without a reward that can be read are left out.
#[must_use]
pub fn tries(rows: &[Row]) -> Vec<Tries> {
    let mut tasks: BTreeMap<u64, Tries> = BTreeMap::new();
    for row in rows {
        if let Some(passed) = row.verdict().passed() {
            let tries = tasks.entry(row.task_id).or_insert(Tries {
                trials: 0,
                successes: 0,
            });
            tries.trials += 1;
            tries.successes += u64::from(passed);
        }
    }
    tasks.into_values().collect()
}

/// The fewest trials that any task has: the largest k for which pass^k speaks of all tasks.
#[must_use]
pub fn fewest_trials(tries: &[Tries]) -> Option<u64> {
    tries.iter().map(|tries| tries.trials).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_are_counted_by_task() {
        let rows: Vec<Row> = serde_json::from_str(
            r#"[{"task_id": 7, "reward": 1.0, "trial": 0}, {"task_id": 2, "reward": 0.5, "trial": 0},
                {"task_id": 7, "reward": 0.9999999, "trial": 1}, {"task_id": 7, "reward": 0.0, "traj": []}]"#,
        )
        .unwrap();
        let found = tries(&rows);
        let of = |trials, successes| Tries { trials, successes };
        assert_eq!(found, [of(1, 0), of(3, 2)]);
        assert_eq!(fewest_trials(&found), Some(1));
        assert_eq!(fewest_trials(&[]), None);
    }
}
