//! Does the same case end the same way twice, and is it the agent or the judge that wavers?

use super::bootstrap::{Plan, Statistic, bca};
use super::estimate::{Confidence, Estimate, Size};
use super::resampled::Sums;
use super::sample::Units;
use super::tries::{PerCase, Tries, per_case};
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

/// [`pair_agreement`] of every case with at least two scored trials, which [`super::rate`] turns into an estimate; cases
/// with fewer are left out.
///
/// # Errors
/// [`Undefined::NoCases`] where no case has two trials; [`Undefined::OutOfRange`].
pub fn pair_agreement_per_case(cases: &[Tries]) -> Result<PerCase, Undefined> {
    per_case(cases, 2, |tries, _| pair_agreement(tries))
}

/// Where the spread of judged scores comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct SpreadSplit {
    /// Variance between the cases' true means: easy and hard cases.
    pub cases: Estimate,
    /// Variance between trials of one case: the agent's.
    pub agent: Estimate,
    /// Variance between verdicts on one trial: the judge's.
    pub judge: Estimate,
    /// Share of the spread within a case that is the judge's; undefined where nothing varies within cases.
    pub judge_share: Result<Estimate, Undefined>,
}

/// One of the figures of [`SpreadSplit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpreadPart {
    /// Variance between cases.
    Cases,
    /// Variance between trials of a case.
    Agent,
    /// Variance between verdicts on a trial.
    Judge,
    /// The judge's share of the spread within cases.
    JudgeShare,
}

/// What a case adds to the sums that all components are functions of.
mod sum {
    /// Squares of verdicts around their trial's mean, and their degrees of freedom.
    pub(super) const VERDICTS: usize = 0;
    pub(super) const VERDICT_DF: usize = 1;
    /// Squares of trial means around their case's mean, and their degrees of freedom.
    pub(super) const TRIALS: usize = 2;
    pub(super) const TRIAL_DF: usize = 3;
    /// How much of the judge's variance is in the squares of the trial means.
    pub(super) const JUDGED: usize = 4;
    /// How much of the agent's and the judge's variance is in the case's mean.
    pub(super) const AGENT: usize = 5;
    pub(super) const JUDGE: usize = 6;
    /// The case's mean around that of all cases, and its square.
    pub(super) const MEAN: usize = 7;
    pub(super) const SQUARE: usize = 8;
    /// Cases.
    pub(super) const CASES: usize = 9;
    pub(super) const COUNT: usize = 10;
}

/// One row a case; all zero for a case without a verdict.
fn rows(cases: &[Vec<Vec<f64>>]) -> Result<Vec<[f64; sum::COUNT]>, Undefined> {
    if cases.iter().flatten().flatten().any(|v| !v.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    let average = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let mut rows: Vec<[f64; sum::COUNT]> = cases
        .iter()
        .map(|case| {
            let mut row = [0.0; sum::COUNT];
            let trials: Vec<&Vec<f64>> = case.iter().filter(|trial| !trial.is_empty()).collect();
            if trials.is_empty() {
                return row;
            }
            let means: Vec<f64> = trials.iter().map(|verdicts| average(verdicts)).collect();
            for (verdicts, mean) in trials.iter().zip(&means) {
                row[sum::VERDICTS] += verdicts.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
                row[sum::VERDICT_DF] += verdicts.len() as f64 - 1.0;
            }
            let (r, mean) = (trials.len() as f64, average(&means));
            let each = trials.iter().map(|verdicts| 1.0 / verdicts.len() as f64);
            let per_trial = each.sum::<f64>() / r;
            row[sum::TRIALS] = means.iter().map(|m| (m - mean).powi(2)).sum();
            row[sum::TRIAL_DF] = r - 1.0;
            // E sum (trial mean - case mean)^2 = (r - 1)(agent + judge x mean of 1/verdicts).
            row[sum::JUDGED] = (r - 1.0) * per_trial;
            row[sum::AGENT] = 1.0 / r;
            row[sum::JUDGE] = per_trial / r;
            row[sum::MEAN] = mean;
            row[sum::CASES] = 1.0;
            row
        })
        .collect();
    let n: f64 = rows.iter().map(|row| row[sum::CASES]).sum();
    if n == 0.0 {
        return Err(Undefined::NoCases);
    }
    // Around the mean of all cases the sum of squares keeps its digits.
    let centre = rows.iter().map(|row| row[sum::MEAN]).sum::<f64>() / n;
    for row in rows.iter_mut().filter(|row| row[sum::CASES] > 0.0) {
        row[sum::MEAN] -= centre;
        row[sum::SQUARE] = row[sum::MEAN].powi(2);
    }
    Ok(rows)
}

fn component(sums: &[f64; sum::COUNT], part: SpreadPart) -> Result<f64, Undefined> {
    let n = sums[sum::CASES];
    if sums[sum::VERDICT_DF] <= 0.0 || sums[sum::TRIAL_DF] <= 0.0 || n < 2.0 {
        return Err(Undefined::OneCase);
    }
    let judge = (sums[sum::VERDICTS] / sums[sum::VERDICT_DF]).max(0.0);
    let agent = ((sums[sum::TRIALS] - judge * sums[sum::JUDGED]) / sums[sum::TRIAL_DF]).max(0.0);
    match part {
        SpreadPart::Judge => Ok(judge),
        SpreadPart::Agent => Ok(agent),
        SpreadPart::JudgeShare if agent + judge > 0.0 => Ok(judge / (agent + judge)),
        SpreadPart::JudgeShare => Err(Undefined::NoVariation),
        SpreadPart::Cases => {
            let between = (sums[sum::SQUARE] - sums[sum::MEAN].powi(2) / n) / (n - 1.0);
            let within = (agent * sums[sum::AGENT] + judge * sums[sum::JUDGE]) / n;
            Ok((between - within).max(0.0))
        }
    }
}

/// One figure of [`spread_split`] as a statistic over top units, cases drawn with their unit.
///
/// # Errors
/// As [`spread_split`]; for [`SpreadPart::JudgeShare`] [`Undefined::NoVariation`] where nothing varies within cases.
pub fn spread_statistic(
    cases: &[Vec<Vec<f64>>],
    units: &Units,
    part: SpreadPart,
) -> Result<impl Statistic + use<>, Undefined> {
    if units.of_cases().len() != cases.len() {
        return Err(Undefined::Mismatched);
    }
    let each = rows(cases)?;
    let mut rows = vec![[0.0; sum::COUNT]; units.count()];
    let mut sums = [0.0; sum::COUNT];
    for (case, &unit) in each.iter().zip(units.of_cases()) {
        for (place, value) in case.iter().enumerate() {
            rows[unit as usize][place] += value;
            sums[place] += value;
        }
    }
    component(&sums, part)?;
    let size = Size {
        cases: sums[sum::CASES] as usize,
        trials: cases
            .iter()
            .flatten()
            .filter(|trial| !trial.is_empty())
            .count(),
        units: units.count(),
    };
    Ok(Sums::new(rows, size, move |sums: &[f64; sum::COUNT], _| {
        component(sums, part).ok()
    }))
}

/// Variance components of scores by case, trial and verdict: a nested analysis of variance with unequal numbers
/// (Searle, Casella and McCulloch 1992, by the method of moments); a component that comes out below 0 is 0. BCa
/// intervals over top units, which need no normal scores; `units` holds the unit of each case.
///
/// `cases[i][j]` holds the verdicts on trial j of case i. Trials without a verdict and cases without a trial are left
/// out. Assumes independent units and verdicts that err alike. A resample costs the units.
///
/// # Errors
/// [`Undefined::NoCases`]; [`Undefined::OneCase`] where no trial has two verdicts, no case two trials, or there is one
/// case only; [`Undefined::NotFinite`]; [`Undefined::Mismatched`] for units that are not parallel to the cases.
pub fn spread_split(
    cases: &[Vec<Vec<f64>>],
    units: &Units,
    plan: &Plan,
    confidence: Confidence,
) -> Result<SpreadSplit, Undefined> {
    let figure = |part| bca(&spread_statistic(cases, units, part)?, plan, confidence);
    Ok(SpreadSplit {
        cases: figure(SpreadPart::Cases)?,
        agent: figure(SpreadPart::Agent)?,
        judge: figure(SpreadPart::Judge)?,
        judge_share: figure(SpreadPart::JudgeShare),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Seed;

    fn split(cases: &[Vec<Vec<f64>>]) -> Result<SpreadSplit, Undefined> {
        let plan = Plan {
            resamples: 1_000,
            ..Plan::new(Seed::derive(3, &["spread"]))
        };
        let units = Units::singles(cases.len());
        spread_split(cases, &units, &plan, Confidence::NINETY_FIVE)
    }

    fn points(cases: &[Vec<Vec<f64>>]) -> [f64; 4] {
        let found = split(cases).unwrap();
        [
            found.cases.point,
            found.agent.point,
            found.judge.point,
            found.judge_share.unwrap().point,
        ]
    }

    #[test]
    fn pairs_of_trials_that_end_alike() {
        let of = |trials, successes| pair_agreement(Tries { trials, successes });
        assert_eq!(
            (of(4, 4), of(4, 0), of(4, 2)),
            (Ok(1.0), Ok(1.0), Ok(1.0 / 3.0))
        );
        assert_eq!(of(1, 1), Err(Undefined::MoreTriesThanTrials { k: 2, n: 1 }));
        assert_eq!(of(2, 3), Err(Undefined::OutOfRange));
        let tries = [(4, 2), (1, 1), (3, 3)].map(|(trials, successes)| Tries { trials, successes });
        let each = pair_agreement_per_case(&tries).unwrap();
        assert_eq!((each.values, each.kept), (vec![1.0 / 3.0, 1.0], vec![0, 2]));
    }

    #[test]
    fn a_judge_that_repeats_itself_adds_no_spread() {
        let cases = vec![
            vec![vec![1.0, 1.0], vec![3.0, 3.0]],
            vec![vec![5.0, 5.0], vec![7.0, 7.0]],
        ];
        // Case means 2 and 6: variance 8, less the agent's 2/2.
        assert_eq!(points(&cases), [7.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn an_agent_that_repeats_itself_leaves_the_judge() {
        let cases = vec![
            vec![vec![0.0, 2.0], vec![0.0, 2.0]],
            vec![vec![0.0, 2.0], vec![0.0, 2.0]],
        ];
        assert_eq!(points(&cases), [0.0, 0.0, 2.0, 1.0]);
    }

    #[test]
    fn every_component_has_its_interval_over_cases() {
        let cases: Vec<Vec<Vec<f64>>> = (0..60_u32)
            .map(|case| {
                let trial = |t: u32| {
                    let verdict = move |v: u32| {
                        f64::from(case % 7 + (case * 5 + t * 3) % 4 + (t * 7 + v * case) % 3)
                    };
                    (0..2).map(verdict).collect()
                };
                (0..3).map(trial).collect()
            })
            .collect();
        let found = split(&cases).unwrap();
        for figure in [
            found.cases,
            found.agent,
            found.judge,
            found.judge_share.unwrap(),
        ] {
            assert!(figure.low().unwrap() < figure.point && figure.point < figure.high().unwrap());
            assert_eq!((figure.n, figure.trials, figure.clusters), (60, 180, 60));
        }
        let few = split(&cases[..9]).unwrap();
        assert!(matches!(
            few.judge.interval,
            Err(Undefined::FewUnits { have: 9, .. })
        ));
    }

    #[test]
    fn without_repeats_nothing_can_be_split() {
        assert_eq!(split(&[]).err(), Some(Undefined::NoCases));
        let single = vec![vec![vec![1.0]], vec![vec![2.0]]];
        assert_eq!(split(&single).err(), Some(Undefined::OneCase));
        let constant = vec![vec![vec![1.0; 2]; 2]; 2];
        assert_eq!(
            split(&constant).unwrap().judge_share,
            Err(Undefined::NoVariation)
        );
    }
}
