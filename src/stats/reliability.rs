//! Does the same case end the same way twice, and is it the agent or the judge that wavers?

use super::tries::Tries;
use super::undefined::Undefined;

/// Share of pairs of a case's trials that end alike, without bias: (C(c,2) + C(n-c,2))/C(n,2).
///
/// # Errors
/// [`Undefined::MoreTriesThanTrials`] for fewer than two trials; [`Undefined::OutOfRange`] for more successes than
/// trials.
pub fn pair_agreement(tries: Tries) -> Result<f64, Undefined> {
    let Tries { trials, successes } = tries;
    if trials < 2 {
        return Err(Undefined::MoreTriesThanTrials { k: 2, n: trials });
    }
    if successes > trials {
        return Err(Undefined::OutOfRange);
    }
    let (n, c) = (trials as f64, successes as f64);
    let pairs = |m: f64| m * (m - 1.0);
    Ok((pairs(c) + pairs(n - c)) / pairs(n))
}

/// Where the spread of judged scores comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpreadSplit {
    /// Variance between the cases' true means: easy and hard cases.
    pub cases: f64,
    /// Variance between trials of one case: the agent's.
    pub agent: f64,
    /// Variance between verdicts on one trial: the judge's.
    pub judge: f64,
    /// Share of the spread within a case that is the judge's; undefined where nothing varies within cases.
    pub judge_share: Result<f64, Undefined>,
}

/// Variance components of scores by case, trial and verdict: a nested analysis of variance with unequal numbers
/// (Searle, Casella and McCulloch 1992, by the method of moments); a component that comes out below 0 is 0.
///
/// `cases[i][j]` holds the verdicts on trial j of case i. Trials without a verdict and cases without a trial are left
/// out. Assumes independent cases and verdicts that err alike.
///
/// # Errors
/// [`Undefined::NoCases`]; [`Undefined::OneCase`] where no trial has two verdicts, no case two trials, or there is one
/// case only; [`Undefined::NotFinite`].
pub fn spread_split(cases: &[Vec<Vec<f64>>]) -> Result<SpreadSplit, Undefined> {
    if cases.iter().flatten().flatten().any(|v| !v.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    let average = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mut verdict_squares, mut verdict_df) = (0.0, 0.0);
    let (mut trial_squares, mut trial_df, mut trial_judges) = (0.0, 0.0, 0.0);
    let mut means = Vec::new();
    let (mut agents, mut judges) = (0.0, 0.0);
    for case in cases {
        let trials: Vec<&Vec<f64>> = case
            .iter()
            .filter(|verdicts| !verdicts.is_empty())
            .collect();
        if trials.is_empty() {
            continue;
        }
        let trial_means: Vec<f64> = trials.iter().map(|verdicts| average(verdicts)).collect();
        for (verdicts, mean) in trials.iter().zip(&trial_means) {
            verdict_squares += verdicts.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
            verdict_df += verdicts.len() as f64 - 1.0;
        }
        let (r, mean) = (trials.len() as f64, average(&trial_means));
        let per_trial = trials
            .iter()
            .map(|verdicts| 1.0 / verdicts.len() as f64)
            .sum::<f64>()
            / r;
        trial_squares += trial_means.iter().map(|m| (m - mean).powi(2)).sum::<f64>();
        trial_df += r - 1.0;
        // E sum (trial mean - case mean)^2 = (r - 1)(agent + judge x mean of 1/verdicts).
        trial_judges += (r - 1.0) * per_trial;
        agents += 1.0 / r;
        judges += per_trial / r;
        means.push(mean);
    }
    if means.is_empty() {
        return Err(Undefined::NoCases);
    }
    let n = means.len() as f64;
    if verdict_df == 0.0 || trial_df == 0.0 || means.len() < 2 {
        return Err(Undefined::OneCase);
    }
    let judge = verdict_squares / verdict_df;
    let agent = ((trial_squares - judge * trial_judges) / trial_df).max(0.0);
    let centre = average(&means);
    let between = means.iter().map(|m| (m - centre).powi(2)).sum::<f64>() / (n - 1.0);
    let within = agent + judge;
    Ok(SpreadSplit {
        cases: (between - agent * agents / n - judge * judges / n).max(0.0),
        agent,
        judge,
        judge_share: if within > 0.0 {
            Ok(judge / within)
        } else {
            Err(Undefined::NoVariation)
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_trials_that_end_alike() {
        let of = |trials, successes| pair_agreement(Tries { trials, successes });
        assert_eq!(
            (of(4, 4), of(4, 0), of(4, 2)),
            (Ok(1.0), Ok(1.0), Ok(1.0 / 3.0))
        );
        assert_eq!(of(1, 1), Err(Undefined::MoreTriesThanTrials { k: 2, n: 1 }));
        assert_eq!(of(2, 3), Err(Undefined::OutOfRange));
    }

    #[test]
    fn a_judge_that_repeats_itself_adds_no_spread() {
        let cases = vec![
            vec![vec![1.0, 1.0], vec![3.0, 3.0]],
            vec![vec![5.0, 5.0], vec![7.0, 7.0]],
        ];
        let split = spread_split(&cases).unwrap();
        assert_eq!(
            (split.judge, split.agent, split.judge_share),
            (0.0, 2.0, Ok(0.0))
        );
        // Case means 2 and 6: variance 8, less the agent's 2/2.
        assert_eq!(split.cases, 7.0);
    }

    #[test]
    fn an_agent_that_repeats_itself_leaves_the_judge() {
        let cases = vec![
            vec![vec![0.0, 2.0], vec![0.0, 2.0]],
            vec![vec![0.0, 2.0], vec![0.0, 2.0]],
        ];
        let split = spread_split(&cases).unwrap();
        assert_eq!((split.judge, split.agent, split.cases), (2.0, 0.0, 0.0));
        assert_eq!(split.judge_share, Ok(1.0));
    }

    #[test]
    fn without_repeats_nothing_can_be_split() {
        assert_eq!(spread_split(&[]).err(), Some(Undefined::NoCases));
        let single = vec![vec![vec![1.0]], vec![vec![2.0]]];
        assert_eq!(spread_split(&single).err(), Some(Undefined::OneCase));
        let constant = vec![vec![vec![1.0; 2]; 2]; 2];
        assert_eq!(
            spread_split(&constant).unwrap().judge_share,
            Err(Undefined::NoVariation)
        );
    }
}
