//! A judge that says pass or fail, held against people who do: its two kinds of error.

use super::estimate::{Confidence, Estimate, Interval, Test};
use super::independent::{Count, newcombe};
use super::proportion::wilson;
use super::two_by_two::PairedTable;
use super::undefined::Undefined;

/// Items by what people and the judge said; positive means pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detection {
    /// Both said pass.
    pub true_positive: u64,
    /// People said pass, the judge fail.
    pub false_negative: u64,
    /// People said fail, the judge pass.
    pub false_positive: u64,
    /// Both said fail.
    pub true_negative: u64,
}

fn share(part: u64, whole: u64) -> Result<f64, Undefined> {
    if whole == 0 {
        Err(Undefined::NoCases)
    } else {
        Ok(part as f64 / whole as f64)
    }
}

impl Detection {
    /// Counts pairs of verdicts.
    ///
    /// # Errors
    /// [`Undefined::Mismatched`] for sides of different length.
    pub fn of(human: &[bool], judge: &[bool]) -> Result<Self, Undefined> {
        if human.len() != judge.len() {
            return Err(Undefined::Mismatched);
        }
        let mut counts = Self::default();
        for pair in human.iter().zip(judge) {
            *match pair {
                (true, true) => &mut counts.true_positive,
                (true, false) => &mut counts.false_negative,
                (false, true) => &mut counts.false_positive,
                (false, false) => &mut counts.true_negative,
            } += 1;
        }
        Ok(counts)
    }

    /// Items that people passed.
    #[must_use]
    pub const fn positives(&self) -> u64 {
        self.true_positive + self.false_negative
    }

    /// Items that people failed.
    #[must_use]
    pub const fn negatives(&self) -> u64 {
        self.true_negative + self.false_positive
    }

    /// Items.
    #[must_use]
    pub const fn items(&self) -> u64 {
        self.positives() + self.negatives()
    }

    /// Share of people's passes that the judge passes (TPR, sensitivity), with Wilson's interval.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] where people passed nothing.
    pub fn true_positive_rate(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        wilson(self.true_positive, self.positives(), confidence)
    }

    /// Share of people's fails that the judge fails (TNR, specificity), with Wilson's interval.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] where people failed nothing.
    pub fn true_negative_rate(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        wilson(self.true_negative, self.negatives(), confidence)
    }

    /// Share of the judge's passes that people pass too, with Wilson's interval.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] where the judge passed nothing.
    pub fn precision(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        let passed = self.true_positive + self.false_positive;
        wilson(self.true_positive, passed, confidence)
    }

    /// Harmonic mean of precision and TPR, 2 TP/(2 TP + FP + FN).
    ///
    /// With x = TP/(TP + FP + FN), the share of both among the items that either passed, F1 = 2x/(1 + x), which rises
    /// with x: the interval is Wilson's of x, mapped (n is TP + FP + FN). All or none right: a proper interval.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] where nobody passed anything.
    pub fn f1(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        let either = self.true_positive + self.false_positive + self.false_negative;
        let mut found = wilson(self.true_positive, either, confidence)?;
        let f1 = |x: f64| 2.0 * x / (1.0 + x);
        let slope = 2.0 / (1.0 + found.point).powi(2);
        found.std_error = found.std_error.map(|se| se * slope);
        found.interval = found.interval.map(|ends| Interval {
            low: ends.low.map(f1),
            high: ends.high.map(f1),
        });
        found.point = f1(found.point);
        Ok(found)
    }

    /// Youden's J, TPR + TNR - 1 (Youden 1950): 0 for a judge that knows nothing, below 0 for one that looks inverted;
    /// with Newcombe's interval, since J is TPR less the share of people's fails that the judge passes. Its standard
    /// error is the root of [`Detection::youden_j_variance`].
    ///
    /// # Errors
    /// [`Undefined::NoCases`] where people used one class only.
    pub fn youden_j(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        let of = |successes, n| Count { successes, n };
        let fails = of(self.false_positive, self.negatives());
        let passes = of(self.true_positive, self.positives());
        Ok(newcombe(fails, passes, confidence)?.estimate)
    }

    /// J itself.
    pub(crate) fn j(&self) -> Result<f64, Undefined> {
        Ok(share(self.true_positive, self.positives())?
            + share(self.true_negative, self.negatives())?
            - 1.0)
    }

    /// Delta-method variance of J: TPR(1-TPR)/n1 + TNR(1-TNR)/n0.
    ///
    /// # Errors
    /// As [`Detection::youden_j`].
    pub fn youden_j_variance(&self) -> Result<f64, Undefined> {
        let tpr = share(self.true_positive, self.positives())?;
        let tnr = share(self.true_negative, self.negatives())?;
        Ok(tpr * (1.0 - tpr) / self.positives() as f64
            + tnr * (1.0 - tnr) / self.negatives() as f64)
    }

    /// Whether the judge passes as often as people do: McNemar's exact test of the two margins.
    #[must_use]
    pub fn same_rate(&self) -> Test {
        PairedTable {
            both: self.true_positive,
            gained: self.false_positive,
            lost: self.false_negative,
            neither: self.true_negative,
        }
        .mcnemar_exact()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: Confidence = Confidence::NINETY_FIVE;

    #[test]
    fn one_class_only_leaves_the_other_rate_undefined() {
        let passes = Detection::of(&[true; 3], &[true, false, true]).unwrap();
        assert_eq!(passes.true_positive_rate(Confidence::NINETY).unwrap().n, 3);
        assert_eq!(
            passes.true_negative_rate(Confidence::NINETY),
            Err(Undefined::NoCases)
        );
        assert_eq!(passes.youden_j(CONF), Err(Undefined::NoCases));
        assert_eq!(passes.j(), Err(Undefined::NoCases));
        assert_eq!(Detection::default().f1(CONF), Err(Undefined::NoCases));
        assert_eq!(
            Detection::default().precision(CONF),
            Err(Undefined::NoCases)
        );
        assert_eq!(Detection::of(&[true], &[]), Err(Undefined::Mismatched));
    }

    #[test]
    fn a_judge_that_knows_nothing_has_j_zero() {
        let coin = Detection::of(&[true, true, false, false], &[true, false, true, false]).unwrap();
        let j = coin.youden_j(CONF).unwrap();
        assert_eq!((j.point, j.n, j.std_error), (0.0, 4, Some(0.5)));
        assert_eq!((coin.j(), coin.youden_j_variance()), (Ok(0.0), Ok(0.25)));
        assert_eq!(coin.precision(CONF).unwrap().point, 0.5);
        assert_eq!(coin.same_rate().p, 1.0);
    }

    #[test]
    fn f1_has_the_interval_of_the_share_that_it_rises_with() {
        let labels = Detection {
            true_positive: 17,
            false_negative: 1,
            false_positive: 2,
            true_negative: 80,
        };
        let found = labels.f1(CONF).unwrap();
        assert!((found.point - 34.0 / 37.0).abs() < 1e-15);
        // Wilson's interval of 17/20.
        let x = [0.639_581, 0.947_631].map(|x| 2.0 * x / (1.0 + x));
        assert!((found.low().unwrap() - x[0]).abs() < 1e-6);
        assert!((found.high().unwrap() - x[1]).abs() < 1e-6);
        assert_eq!(found.n, 20);
        let perfect = Detection {
            true_positive: 20,
            ..Detection::default()
        };
        let found = perfect.f1(CONF).unwrap();
        assert_eq!((found.point, found.high()), (1.0, Some(1.0)));
        assert!(found.low().unwrap() < 0.92);
    }
}
