//! What more labels would buy: how wide the intervals of a corrected rate and of kappa would be, by a table of people against judge that is
//! assumed or, from [`LEAST_LABELS`] labels on, seen.

use super::calibration::LEAST_LABELS;
use crate::stats::{
    Confidence, Confusion, Estimate, Labelled, Sample, Undefined, Unlabelled, Weights, cohen_kappa,
    mean, ppi_plus_plus, wilson,
};

/// The kappa that is assumed while too few labels can tell: the bar from which on a judge is usable.
pub const ASSUMED_KAPPA: f64 = 0.6;

/// Labels whose verdict is known, by what people and judge say: `[[both fail, people fail and judge passes], [people pass and judge fails,
/// both pass]]`.
pub type Table = [[u64; 2]; 2];

/// How well rates would be known.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Labels.
    pub labels: u64,
    /// Labels of a random draw that know a rate as well: (sum of weights)^2 / (sum of squared weights), Kish 1965.
    pub effective: f64,
    /// Half the width of the 95 % interval of the share that passes (of grades: of their mean), by the labels alone.
    pub labels_only: Option<f64>,
    /// The same, corrected by the judge's verdicts of the other outputs (PPI++).
    pub corrected: Option<f64>,
    /// Half the width of kappa's 95 % interval; `None` also where outputs are not drawn alike: it would be that of harder outputs.
    pub kappa: Option<f64>,
}

/// What was taken for granted.
#[derive(Debug, Clone, PartialEq)]
pub enum Assumed {
    /// People and judge differ as on these labels.
    Seen(Table),
    /// Both pass this share, with this kappa.
    Kappa {
        /// Share of the judge's verdicts that pass.
        passes: f64,
        /// Their agreement.
        kappa: f64,
    },
    /// People's grades lie as far apart as the judge's.
    Spread,
    /// Nothing of a judge: half of the outputs pass, the case of the widest interval.
    Half,
}

/// What labels are worth, now and later.
#[derive(Debug, Clone, PartialEq)]
pub struct Worth {
    /// Under which assumption.
    pub assumed: Assumed,
    /// With the labels that are there.
    pub now: Option<Known>,
    /// With those that were picked, too.
    pub then: Known,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The judge's verdicts of all outputs that pass or fail.
    pub verdicts: &'a [bool],
    /// The judge's grades of all outputs, where people give grades: then means are asked for.
    pub grades: &'a [f64],
    /// The labels that are there.
    pub table: Table,
    /// 1/probability of each label that is there; empty: none are.
    pub now: &'a [f64],
    /// 1/probability of each label that there will be.
    pub then: &'a [f64],
    /// Whether labels and picks are drawn alike.
    pub is_even: bool,
}

/// How well rates are known now, and would be then.
#[must_use]
pub fn worth(question: &Question<'_>) -> Worth {
    let assumed = assumed(question);
    let known = |weights: &[f64]| known(question, &assumed, weights);
    let (now, then) = (
        (!question.now.is_empty()).then(|| known(question.now)),
        known(question.then),
    );
    Worth { assumed, now, then }
}

fn assumed(question: &Question<'_>) -> Assumed {
    if !question.grades.is_empty() {
        return Assumed::Spread;
    }
    let seen: u64 = question.table.iter().flatten().sum();
    if seen >= LEAST_LABELS as u64 {
        return Assumed::Seen(question.table);
    }
    let passes = question.verdicts.iter().filter(|pass| **pass).count();
    match question.verdicts.len() {
        0 => Assumed::Half,
        count => Assumed::Kappa {
            passes: passes as f64 / count as f64,
            kappa: ASSUMED_KAPPA,
        },
    }
}

/// The parts of labels in each cell of the table.
fn shares(assumed: &Assumed) -> [[f64; 2]; 2] {
    match assumed {
        Assumed::Seen(table) => {
            let all = table.iter().flatten().sum::<u64>() as f64;
            table.map(|row| row.map(|count| count as f64 / all))
        }
        Assumed::Kappa { passes, kappa } => {
            let (p, q) = (*passes, 1.0 - passes);
            let apart = p * q * (1.0 - kappa);
            [[q - apart, apart], [apart, p - apart]]
        }
        Assumed::Half | Assumed::Spread => [[0.5, 0.0], [0.0, 0.5]],
    }
}

/// So many labels in the parts of the table: whole numbers by the largest remainders.
fn labels(shares: [[f64; 2]; 2], n: usize) -> (Vec<f64>, Vec<f64>) {
    let cells = [(0, 0), (0, 1), (1, 0), (1, 1)];
    let wanted = cells.map(|(human, judge)| shares[human][judge] * n as f64);
    let mut counts = wanted.map(|wanted| wanted.max(0.0).floor() as usize);
    let mut order = [0, 1, 2, 3];
    order.sort_by(|&one, &other| {
        let rest = |at: usize| wanted[at] - wanted[at].floor();
        rest(other).total_cmp(&rest(one))
    });
    let missing = n.saturating_sub(counts.iter().sum());
    for at in order.into_iter().cycle().take(missing) {
        counts[at] += 1;
    }
    let (mut human, mut judge) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for ((h, j), count) in cells.into_iter().zip(counts) {
        human.extend(std::iter::repeat_n(h as f64, count));
        judge.extend(std::iter::repeat_n(j as f64, count));
    }
    (human, judge)
}

fn half(found: Result<Estimate, Undefined>) -> Option<f64> {
    let found = found.ok()?;
    Some((found.high()? - found.low()?) / 2.0)
}

/// Half the width of the interval of the mean of `n` grades that lie as these do.
fn mean_of(grades: &[f64], n: usize) -> Option<f64> {
    let mut sorted = grades.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let like: Vec<f64> = (0..n)
        .map(|at| sorted[(2 * at + 1) * sorted.len() / (2 * n)])
        .collect();
    half(mean(&Sample::new(&like), Confidence::NINETY_FIVE, None))
}

fn known(question: &Question<'_>, assumed: &Assumed, weights: &[f64]) -> Known {
    let confidence = Confidence::NINETY_FIVE;
    let (sum, squares) = weights
        .iter()
        .fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    let effective = match squares > 0.0 {
        true => sum * sum / squares,
        false => 0.0,
    };
    let n = effective.round().max(0.0) as usize;
    if *assumed == Assumed::Spread {
        return Known {
            labels: weights.len() as u64,
            effective,
            labels_only: mean_of(question.grades, n),
            corrected: None,
            kappa: None,
        };
    }
    let (human, judge) = labels(shares(assumed), n);
    let passes = human.iter().filter(|label| **label == 1.0).count();
    let rest = question.verdicts.len().saturating_sub(weights.len());
    // The others pass as all do.
    let passing = question.verdicts.iter().filter(|pass| **pass).count();
    let share = passing as f64 / question.verdicts.len().max(1) as f64;
    let others: Vec<f64> = (0..rest)
        .map(|at| f64::from(u8::from((at as f64 + 0.5) < share * rest as f64)))
        .collect();
    let corrected = (n >= LEAST_LABELS && *assumed != Assumed::Half).then(|| {
        let labelled = Labelled {
            human: &human,
            judge: &judge,
            weights: None,
            groups: None,
        };
        let unlabelled = Unlabelled {
            judge: &others,
            groups: None,
        };
        let unit = Some(crate::stats::Scale::UNIT);
        half(ppi_plus_plus(&labelled, &unlabelled, confidence, unit).map(|found| found.estimate))
    });
    let whole = |values: &[f64]| values.iter().map(|value| *value as u32).collect::<Vec<_>>();
    let kappa = (question.is_even && *assumed != Assumed::Half).then(|| {
        let table = Confusion::of(&whole(&human), &whole(&judge), 2);
        half(table.and_then(|table| cohen_kappa(&table, Weights::Identity, confidence)))
    });
    Known {
        labels: weights.len() as u64,
        effective,
        labels_only: half(wilson(passes as u64, n as u64, confidence)),
        corrected: corrected.flatten(),
        kappa: kappa.flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(pass: usize, fail: usize) -> Vec<bool> {
        let mut all = vec![true; pass];
        all.extend(vec![false; fail]);
        all
    }

    #[test]
    fn four_times_the_labels_halve_the_intervals() {
        let judge = verdicts(5_000, 5_000);
        let question = Question {
            verdicts: &judge,
            grades: &[],
            table: [[0, 0], [0, 0]],
            now: &[50.0; 100],
            then: &[12.5; 400],
            is_even: true,
        };
        let found = worth(&question);
        let now = found.now.unwrap();
        assert_eq!(
            found.assumed,
            Assumed::Kappa {
                passes: 0.5,
                kappa: 0.6
            }
        );
        for (now, then) in [
            (now.labels_only, found.then.labels_only),
            (now.corrected, found.then.corrected),
            (now.kappa, found.then.kappa),
        ] {
            let ratio = now.unwrap() / then.unwrap();
            assert!((1.85..2.05).contains(&ratio), "{ratio}");
        }
        // kappa 0.6 of a balanced table: sqrt((1 - 0.6^2)/n) by 1.96.
        let wanted = 1.959_964 * (0.64_f64 / 100.0).sqrt();
        assert!((now.kappa.unwrap() - wanted).abs() < 1e-6);
        assert!(now.corrected.unwrap() < now.labels_only.unwrap());
    }

    #[test]
    fn unequal_weights_are_worth_fewer_labels_and_promise_no_kappa() {
        let judge = verdicts(300, 100);
        let weights: Vec<f64> = (0..40)
            .map(|at| if at % 2 == 0 { 1.0 } else { 9.0 })
            .collect();
        let question = Question {
            verdicts: &judge,
            grades: &[],
            table: [[10, 4], [2, 24]],
            now: &[],
            then: &weights,
            is_even: false,
        };
        let found = worth(&question);
        assert_eq!(found.assumed, Assumed::Seen([[10, 4], [2, 24]]));
        assert_eq!((found.now.clone(), found.then.kappa), (None, None));
        assert!((found.then.effective - 40.0 * 25.0 / 41.0).abs() < 1e-9);
        let even = worth(&Question {
            then: &[1.0; 40],
            is_even: true,
            ..question
        });
        assert!(even.then.corrected.unwrap() < found.then.corrected.unwrap());
        assert!(even.then.kappa.is_some());
    }

    #[test]
    fn without_a_judge_the_widest_case_is_taken() {
        let question = Question {
            verdicts: &[],
            grades: &[],
            table: [[0, 0], [0, 0]],
            now: &[],
            then: &[5.0; 20],
            is_even: true,
        };
        let found = worth(&question);
        assert_eq!(found.assumed, Assumed::Half);
        assert!((found.then.labels_only.unwrap() - 0.2007).abs() < 1e-3);
        assert_eq!((found.then.corrected, found.then.kappa), (None, None));
    }

    #[test]
    fn of_grades_the_mean_is_promised_by_the_spread_of_the_judges() {
        let grades: Vec<f64> = (0..100).map(|at| f64::from(1 + at % 5)).collect();
        let question = Question {
            verdicts: &[],
            grades: &grades,
            table: [[0, 0], [0, 0]],
            now: &[],
            then: &[2.0; 50],
            is_even: true,
        };
        let found = worth(&question);
        assert_eq!(found.assumed, Assumed::Spread);
        // t(49) by sqrt(2 (50/49) / 50).
        let wanted = 2.009_575 * (2.0_f64 / 49.0).sqrt();
        assert!((found.then.labels_only.unwrap() - wanted).abs() < 1e-5);
        assert_eq!((found.then.corrected, found.then.kappa), (None, None));
    }
}
