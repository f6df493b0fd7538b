//! Several tries of one case: pass@k, where one success is enough, and pass^k, where all must succeed.

use super::undefined::Undefined;

/// Scored trials of one case and the successes among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// Scored trials.
    pub trials: u64,
    /// Successes among them.
    pub successes: u64,
}

/// C(misses, k) / C(n, k): the chance that k of n trials, drawn without replacement, all come from `kind`.
fn all_of(kind: u64, n: u64, k: u64) -> f64 {
    (0..k)
        .map(|i| (kind.saturating_sub(i)) as f64 / (n - i) as f64)
        .product()
}

fn checked(tries: Tries, k: u64) -> Result<(), Undefined> {
    if k > tries.trials {
        Err(Undefined::MoreTriesThanTrials { k, n: tries.trials })
    } else if k == 0 || tries.successes > tries.trials {
        Err(Undefined::OutOfRange)
    } else {
        Ok(())
    }
}

/// Chance that at least one of k tries succeeds, without bias: 1 - C(n-c, k)/C(n, k) (Chen et al. 2021, "Evaluating
/// large language models trained on code"). The plug-in 1 - (1 - c/n)^k is biased and not used.
///
/// Assumes exchangeable trials of the case.
///
/// # Errors
/// [`Undefined::MoreTriesThanTrials`] for k > n, never 0 or 1; [`Undefined::OutOfRange`] for k = 0 or c > n.
pub fn pass_at_k(tries: Tries, k: u64) -> Result<f64, Undefined> {
    checked(tries, k)?;
    Ok(1.0 - all_of(tries.trials - tries.successes, tries.trials, k))
}

/// Chance that all of k tries succeed, without bias: C(c, k)/C(n, k) (Yao et al. 2024, "tau-bench").
///
/// Assumes exchangeable trials of the case.
///
/// # Errors
/// As [`pass_at_k`].
pub fn pass_hat_k(tries: Tries, k: u64) -> Result<f64, Undefined> {
    checked(tries, k)?;
    Ok(all_of(tries.successes, tries.trials, k))
}

/// One value a case, with the indices of the cases that it belongs to: what [`super::rate`] turns into an estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct PerCase {
    /// The value of each kept case.
    pub values: Vec<f64>,
    /// Index of each kept case among the cases given.
    pub kept: Vec<usize>,
    /// Scored trials of the kept cases.
    pub trials: usize,
}

/// [`pass_at_k`] of every case with at least k scored trials; cases with fewer are left out.
///
/// # Errors
/// [`Undefined::NoCases`] if none has so many; else as [`pass_at_k`].
pub fn pass_at_k_per_case(cases: &[Tries], k: u64) -> Result<PerCase, Undefined> {
    per_case(cases, k, pass_at_k)
}

/// [`pass_hat_k`] of every case with at least k scored trials; cases with fewer are left out.
///
/// # Errors
/// As [`pass_at_k_per_case`].
pub fn pass_hat_k_per_case(cases: &[Tries], k: u64) -> Result<PerCase, Undefined> {
    per_case(cases, k, pass_hat_k)
}

pub(super) fn per_case(
    cases: &[Tries],
    k: u64,
    value: fn(Tries, u64) -> Result<f64, Undefined>,
) -> Result<PerCase, Undefined> {
    let mut found = PerCase {
        values: Vec::new(),
        kept: Vec::new(),
        trials: 0,
    };
    for (index, &tries) in cases.iter().enumerate() {
        if tries.trials < k {
            continue;
        }
        found.values.push(value(tries, k)?);
        found.kept.push(index);
        found.trials += usize::try_from(tries.trials).unwrap_or(usize::MAX);
    }
    if found.values.is_empty() {
        return Err(Undefined::NoCases);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Confidence, Method, Sample, rate};

    #[test]
    fn worked_example_pass_hat_3() {
        let cases: Vec<Tries> = [5, 5, 4, 3, 0]
            .map(|successes| Tries {
                trials: 5,
                successes,
            })
            .to_vec();
        let per_case = pass_hat_k_per_case(&cases, 3).unwrap();
        for (got, want) in per_case.values.iter().zip([1.0, 1.0, 0.4, 0.1, 0.0]) {
            assert!((got - want).abs() < 1e-15);
        }
        let sample = Sample::new(&per_case.values).with_trials(per_case.trials);
        let estimate = rate(&sample, Confidence::NINETY_FIVE).unwrap();
        assert_eq!(estimate.method, Method::WilsonClustered);
        assert!((estimate.point - 0.5).abs() < 5e-7);
        assert!((estimate.std_error.unwrap() - 0.214_476).abs() < 5e-7);
        assert!((estimate.low().unwrap() - 0.117_083).abs() < 5e-7);
        assert!((estimate.high().unwrap() - 0.882_917).abs() < 5e-7);
    }

    #[test]
    fn more_tries_than_trials_is_an_error_and_never_a_number() {
        let tries = Tries {
            trials: 3,
            successes: 3,
        };
        let refused = Err(Undefined::MoreTriesThanTrials { k: 4, n: 3 });
        assert_eq!(pass_at_k(tries, 4), refused);
        assert_eq!(pass_hat_k(tries, 4), refused);
        assert_eq!(pass_hat_k(tries, 0), Err(Undefined::OutOfRange));
    }

    #[test]
    fn cases_with_too_few_trials_are_left_out_and_counted() {
        let cases = [
            Tries {
                trials: 2,
                successes: 2,
            },
            Tries {
                trials: 3,
                successes: 3,
            },
            Tries {
                trials: 0,
                successes: 0,
            },
        ];
        let found = pass_at_k_per_case(&cases, 3).unwrap();
        assert_eq!(
            (found.values, found.kept, found.trials),
            (vec![1.0], vec![1], 3)
        );
        assert_eq!(pass_at_k_per_case(&cases, 4), Err(Undefined::NoCases));
    }

    #[test]
    fn one_try_is_the_rate() {
        let tries = Tries {
            trials: 7,
            successes: 3,
        };
        assert_eq!(
            pass_at_k(tries, 1),
            pass_hat_k(tries, 1).map(|p| 1.0 - (1.0 - p))
        );
    }
}
