//! Scores that average over classes, and the correlation of two labellings.

use super::confusion::Confusion;
use super::estimate::{Confidence, Estimate, Size};
use super::linearised::linearised;
use super::undefined::Undefined;

/// Averages over classes of equal weight.
#[derive(Clone, Debug, PartialEq)]
pub struct MacroScores {
    /// Share of the judge's label that the human gave too.
    pub precision: Estimate,
    /// Share of the human's label that the judge gave too.
    pub recall: Estimate,
    /// Harmonic mean of both, class by class.
    pub f1: Estimate,
}

/// a/b, 0 where nothing is divided.
fn share(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

impl Confusion {
    /// Counts and derivatives of every cell.
    fn parts(&self, derivative: impl Fn(usize, usize) -> f64) -> Vec<(f64, u64)> {
        let q = self.classes();
        (0..q)
            .flat_map(|h| (0..q).map(move |j| (h, j)))
            .filter(|&(h, j)| self.count(h, j) > 0)
            .map(|(h, j)| (derivative(h, j), self.count(h, j)))
            .collect()
    }

    fn size(&self) -> Size {
        Size::cases(usize::try_from(self.items()).unwrap_or(usize::MAX))
    }

    /// Precision, recall and F1 of each class, averaged with equal weight over the *declared* classes, with Student's
    /// interval by the delta method (F1: Takahashi, Yamamoto, Kuchiba and Koyama 2022). A figure that would divide by
    /// zero counts 0, also for a class that nobody used, so unused classes lower all three.
    ///
    /// Assumes independent items; with clusters take [`super::TableStatistic`] to [`super::bca`]. A class that is rare
    /// and hardly seen in the sample is beyond what the interval knows: it then holds the truth less often than it says. Every class perfect, or all wrong: a point without
    /// interval. Fewer than 10 items: flagged.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items.
    pub fn macro_scores(&self, confidence: Confidence) -> Result<MacroScores, Undefined> {
        let n = self.checked()?;
        let q = self.classes();
        let classes = q as f64;
        let shares = |totals: Vec<u64>| totals.iter().map(|&t| t as f64 / n).collect::<Vec<f64>>();
        let (human, judge) = (shares(self.human_totals()), shares(self.judge_totals()));
        let hits: Vec<f64> = (0..q).map(|c| self.count(c, c) as f64 / n).collect();
        let both: Vec<f64> = human.iter().zip(&judge).map(|(h, j)| h + j).collect();
        let scores = |of: &[f64], times: f64| -> Vec<f64> {
            let each = hits.iter().zip(of);
            each.map(|(&hit, &all)| share(times * hit, all)).collect()
        };
        let [precision, recall, f1] =
            [scores(&judge, 1.0), scores(&human, 1.0), scores(&both, 2.0)];
        let hit = |h: usize, j: usize| f64::from(u8::from(h == j));
        let estimate = |scores: &[f64], parts: Vec<(f64, u64)>| {
            let point = (scores.iter().sum::<f64>() / classes).min(1.0);
            linearised(point, &parts, 0.0, confidence, self.size())
        };
        Ok(MacroScores {
            precision: estimate(
                &precision,
                self.parts(|h, j| (hit(h, j) - precision[j]) / judge[j] / classes),
            ),
            recall: estimate(
                &recall,
                self.parts(|h, j| (hit(h, j) - recall[h]) / human[h] / classes),
            ),
            f1: estimate(
                &f1,
                // An item belongs to the human's class and to the judge's, which are one where both agree.
                self.parts(|h, j| {
                    let one = |class: usize| (hit(h, j) - f1[class]) / both[class] / classes;
                    one(h) + one(j)
                }),
            ),
        })
    }

    /// Recall averaged with equal weight over the classes that the human used, with Student's interval by the delta
    /// method. Assumptions and degenerate cases as [`Confusion::macro_scores`].
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items.
    pub fn balanced_accuracy(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        let n = self.checked()?;
        let human = self.human_totals();
        let used = human.iter().filter(|&&total| total > 0).count() as f64;
        let recall: Vec<f64> = (0..self.classes())
            .map(|class| share(self.count(class, class) as f64, human[class] as f64))
            .collect();
        let parts = self
            .parts(|h, j| (f64::from(u8::from(h == j)) - recall[h]) * n / human[h] as f64 / used);
        let point = (recall.iter().sum::<f64>() / used).min(1.0);
        Ok(linearised(point, &parts, 0.0, confidence, self.size()))
    }

    /// Matthews' correlation, for any number of classes (Gorodkin 2004): the covariance of the two labellings over the
    /// root of their variances; with Student's interval by the delta method.
    ///
    /// Assumes independent items; with clusters take [`super::TableStatistic`] to [`super::bca`]. Perfect agreement or
    /// its opposite: a point without interval. Fewer than 10 items: flagged.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items; [`Undefined::NoVariation`] where a side used one class only (libraries
    /// print 0 there, as if measured).
    pub fn mcc(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        let n = self.checked()?;
        let shares =
            |totals: Vec<u64>| totals.into_iter().map(|t| t as f64 / n).collect::<Vec<_>>();
        let (human, judge) = (shares(self.human_totals()), shares(self.judge_totals()));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let one_class = |totals: &[f64]| totals.contains(&1.0);
        if one_class(&human) || one_class(&judge) {
            return Err(Undefined::NoVariation);
        }
        let covariance = self.agreeing() as f64 / n - dot(&human, &judge);
        let (a, b) = (1.0 - dot(&human, &human), 1.0 - dot(&judge, &judge));
        let spread = (a * b).sqrt();
        let mcc = (covariance / spread).clamp(-1.0, 1.0);
        let parts = self.parts(|h, j| {
            let by_covariance = f64::from(u8::from(h == j)) - judge[h] - human[j];
            by_covariance / spread + mcc * (human[h] / a + judge[j] / b)
        });
        Ok(linearised(mcc, &parts, -1.0, confidence, self.size()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Plan, Seed, Statistic, TableStatistic, Units, bca};

    const CONF: Confidence = Confidence::NINETY_FIVE;

    #[test]
    fn an_unused_class_lowers_the_averages() {
        let table = Confusion::of(&[0, 0, 2], &[0, 2, 2], 4).unwrap();
        let scores = table.macro_scores(CONF).unwrap();
        assert_eq!(
            (scores.precision.point, scores.recall.point),
            (0.375, 0.375)
        );
        let balanced = table.balanced_accuracy(CONF).unwrap();
        assert_eq!((balanced.point, balanced.n), (0.75, 3));
    }

    #[test]
    fn mcc_of_one_class_is_undefined_and_not_zero() {
        let constant = Confusion::of(&[1, 0, 1], &[1, 1, 1], 2).unwrap();
        assert_eq!(constant.mcc(CONF), Err(Undefined::NoVariation));
        let inverted = Confusion::of(&[0, 1, 0, 1], &[1, 0, 1, 0], 2).unwrap();
        let found = inverted.mcc(CONF).unwrap();
        assert_eq!(
            (found.point, found.interval),
            (-1.0, Err(Undefined::NoVariation))
        );
    }

    #[test]
    fn perfect_agreement_has_points_and_no_intervals() {
        let perfect = Confusion::of(&[0, 1, 2, 0], &[0, 1, 2, 0], 3).unwrap();
        let scores = perfect.macro_scores(CONF).unwrap();
        for found in [
            perfect.mcc(CONF).unwrap(),
            perfect.balanced_accuracy(CONF).unwrap(),
            scores.precision,
            scores.recall,
            scores.f1,
        ] {
            assert_eq!(
                (found.point, found.interval),
                (1.0, Err(Undefined::NoVariation))
            );
        }
    }

    #[test]
    fn nothing_labelled_is_no_score() {
        let empty = Confusion::of(&[], &[], 2).unwrap();
        assert_eq!(empty.mcc(CONF), Err(Undefined::NoCases));
        assert_eq!(empty.macro_scores(CONF), Err(Undefined::NoCases));
        assert_eq!(empty.balanced_accuracy(CONF), Err(Undefined::NoCases));
    }

    #[test]
    fn mcc_of_two_classes_is_pearsons_r_and_has_its_error() {
        // The distribution-free error of r is that of the linearised products.
        let (human, judge): (Vec<u32>, Vec<u32>) = (0..80_u32)
            .map(|i| (u32::from(i % 3 == 0), u32::from(i % 3 == 0 && i % 4 != 0)))
            .unzip();
        let found = Confusion::of(&human, &judge, 2).unwrap().mcc(CONF).unwrap();
        let number = |side: &[u32]| side.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
        let (x, y) = (number(&human), number(&judge));
        let r = crate::stats::pearson(&x, &y, CONF).unwrap().estimate.point;
        assert!((found.point - r).abs() < 1e-14);
        let mean = |v: &[f64]| v.iter().sum::<f64>() / 80.0;
        let standard = |v: &[f64]| -> Vec<f64> {
            let m = mean(v);
            let sd = mean(&v.iter().map(|x| (x - m).powi(2)).collect::<Vec<_>>()).sqrt();
            v.iter().map(|x| (x - m) / sd).collect()
        };
        let pairs = standard(&x).into_iter().zip(standard(&y));
        let parts: Vec<(f64, u64)> = pairs
            .map(|(u, v)| (u * v - r / 2.0 * (u * u + v * v), 1))
            .collect();
        let other = linearised(r, &parts, -1.0, CONF, Size::cases(80));
        let (a, b) = (found.std_error.unwrap(), other.std_error.unwrap());
        assert!((a - b).abs() < 1e-13, "{a} {b}");
    }

    #[test]
    fn delta_errors_are_those_of_the_bootstrap() {
        type Figure = fn(&Confusion) -> Result<Estimate, Undefined>;
        let human: Vec<u32> = (0..400_u32).map(|i| i * 7 % 10 % 4 % 3).collect();
        let judge: Vec<u32> = (0..400_u32)
            .map(|i| (i * 7 % 10 % 4 % 3 + u32::from(i * 11 % 13 < 4)) % 3)
            .collect();
        let table = Confusion::of(&human, &judge, 3).unwrap();
        let plan = Plan {
            resamples: 2_000,
            ..Plan::new(Seed::derive(5, &["classes"]))
        };
        let figures: [Figure; 5] = [
            |t| t.mcc(CONF),
            |t| t.balanced_accuracy(CONF),
            |t| t.macro_scores(CONF).map(|s| s.precision),
            |t| t.macro_scores(CONF).map(|s| s.recall),
            |t| t.macro_scores(CONF).map(|s| s.f1),
        ];
        for (place, figure) in figures.into_iter().enumerate() {
            let found = figure(&table).unwrap();
            let point = move |t: &Confusion| figure(t).ok().map(|e| e.point);
            let units = Units::singles(400);
            let statistic = TableStatistic::new(&human, &judge, 3, units, point).unwrap();
            assert_eq!(statistic.point(), Some(found.point));
            let drawn = bca(&statistic, &plan, CONF).unwrap();
            let ratio = drawn.std_error.unwrap() / found.std_error.unwrap();
            assert!((ratio - 1.0).abs() < 0.08, "{place}: {ratio}");
        }
    }
}
