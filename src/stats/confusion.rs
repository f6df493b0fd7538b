//! Two annotators of the same items, by class: the table and what is read off it.

use super::estimate::{Confidence, Estimate};
use super::proportion::wilson;
use super::undefined::Undefined;

/// How often one side said a class and the other another. Rows: human; columns: judge.
///
/// Classes are numbers from 0 in the order of the declared scale or class list; a class that nobody used stays in the
/// table. Whether two texts are one class is the caller's knowledge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    counts: Vec<u64>,
    n: u64,
}

impl Confusion {
    /// Counts pairs of labels.
    ///
    /// # Errors
    /// [`Undefined::Mismatched`] for sides of different length; [`Undefined::OutOfRange`] for a label that is not below
    /// `classes`.
    pub fn of(human: &[u32], judge: &[u32], classes: usize) -> Result<Self, Undefined> {
        if human.len() != judge.len() {
            return Err(Undefined::Mismatched);
        }
        let mut table = Self::empty(classes);
        for (&h, &j) in human.iter().zip(judge) {
            let (h, j) = (h as usize, j as usize);
            if h >= classes || j >= classes {
                return Err(Undefined::OutOfRange);
            }
            table.counts[h * classes + j] += 1;
        }
        table.n = human.len() as u64;
        Ok(table)
    }

    fn empty(classes: usize) -> Self {
        Self {
            classes,
            counts: vec![0; classes * classes],
            n: 0,
        }
    }

    /// A table from cells that are numbered row by row, each counted so often.
    pub(crate) fn weighted(
        classes: usize,
        cells: &[u32],
        times: impl Iterator<Item = u32>,
    ) -> Self {
        let mut table = Self::empty(classes);
        for (&cell, times) in cells.iter().zip(times) {
            table.counts[cell as usize] += u64::from(times);
            table.n += u64::from(times);
        }
        table
    }

    /// Number of classes.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Items that both sides labelled.
    #[must_use]
    pub const fn items(&self) -> u64 {
        self.n
    }

    /// Items that the human gave `human` and the judge `judge`; 0 for classes that are not in the table.
    #[must_use]
    pub fn count(&self, human: usize, judge: usize) -> u64 {
        if human >= self.classes || judge >= self.classes {
            return 0;
        }
        self.counts[human * self.classes + judge]
    }

    /// Items of each class by the human.
    #[must_use]
    pub fn human_totals(&self) -> Vec<u64> {
        self.counts
            .chunks(self.classes.max(1))
            .map(|row| row.iter().sum())
            .collect()
    }

    /// Items of each class by the judge.
    #[must_use]
    pub fn judge_totals(&self) -> Vec<u64> {
        let mut totals = vec![0; self.classes];
        for row in self.counts.chunks(self.classes.max(1)) {
            for (total, count) in totals.iter_mut().zip(row) {
                *total += count;
            }
        }
        totals
    }

    /// Items on which both sides agree.
    #[must_use]
    pub fn agreeing(&self) -> u64 {
        (0..self.classes)
            .map(|class| self.count(class, class))
            .sum()
    }

    pub(crate) fn checked(&self) -> Result<f64, Undefined> {
        if self.n == 0 {
            Err(Undefined::NoCases)
        } else {
            Ok(self.n as f64)
        }
    }

    /// Share of items on which both sides agree, with Wilson's interval. Always to be read beside the share of the
    /// largest class, which a judge reaches that never looks.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items.
    pub fn accuracy(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        wilson(self.agreeing(), self.n, confidence)
    }

    /// Share of the human's largest class: the accuracy of always saying it.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items.
    pub fn base_rate(&self) -> Result<f64, Undefined> {
        let n = self.checked()?;
        Ok(self.human_totals().into_iter().max().unwrap_or(0) as f64 / n)
    }

    /// Share of items within one step on the declared scale.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items.
    pub fn within_one(&self) -> Result<f64, Undefined> {
        let n = self.checked()?;
        let near: u64 = (0..self.classes)
            .flat_map(|h| (h.saturating_sub(1)..=h + 1).map(move |j| (h, j)))
            .map(|(h, j)| self.count(h, j))
            .sum();
        Ok(near as f64 / n)
    }

    /// Judge's share of each class less the human's: what the judge says too often (above 0) or too seldom.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items.
    pub fn marginal_bias(&self) -> Result<Vec<f64>, Undefined> {
        let n = self.checked()?;
        let totals = self.judge_totals().into_iter().zip(self.human_totals());
        Ok(totals
            .map(|(judge, human)| (judge as f64 - human as f64) / n)
            .collect())
    }

    /// Precision, recall and F1 of each class, averaged with equal weight over the *declared* classes. A figure that
    /// would divide by zero counts 0, also for a class that nobody used, so unused classes lower all three.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items.
    pub fn macro_scores(&self) -> Result<MacroScores, Undefined> {
        self.checked()?;
        let (human, judge) = (self.human_totals(), self.judge_totals());
        let mut sums = MacroScores {
            precision: 0.0,
            recall: 0.0,
            f1: 0.0,
        };
        for class in 0..self.classes {
            let hit = self.count(class, class) as f64;
            let share = |of: u64| if of == 0 { 0.0 } else { hit / of as f64 };
            sums.precision += share(judge[class]);
            sums.recall += share(human[class]);
            sums.f1 += 2.0 * share(human[class] + judge[class]);
        }
        let classes = self.classes as f64;
        Ok(MacroScores {
            precision: sums.precision / classes,
            recall: sums.recall / classes,
            f1: sums.f1 / classes,
        })
    }

    /// Recall averaged with equal weight over the classes that the human used.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items.
    pub fn balanced_accuracy(&self) -> Result<f64, Undefined> {
        self.checked()?;
        let human = self.human_totals();
        let used: Vec<usize> = (0..self.classes)
            .filter(|&class| human[class] > 0)
            .collect();
        let sum: f64 = used
            .iter()
            .map(|&class| self.count(class, class) as f64 / human[class] as f64)
            .sum();
        Ok(sum / used.len() as f64)
    }

    /// Matthews' correlation, for any number of classes (Gorodkin 2004): the covariance of the two labellings over the
    /// root of their variances.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items; [`Undefined::NoVariation`] where a side used one class only (libraries
    /// print 0 there, as if measured).
    pub fn mcc(&self) -> Result<f64, Undefined> {
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
        let spread = ((1.0 - dot(&human, &human)) * (1.0 - dot(&judge, &judge))).sqrt();
        Ok((covariance / spread).clamp(-1.0, 1.0))
    }

    /// Whether no class is used by both sides, which is most likely a mistake in how labels were mapped.
    #[must_use]
    pub fn classes_are_disjoint(&self) -> bool {
        self.n > 0
            && self
                .human_totals()
                .iter()
                .zip(self.judge_totals())
                .all(|(&h, j)| h == 0 || j == 0)
    }
}

/// Averages over classes of equal weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MacroScores {
    /// Share of the judge's label that the human gave too.
    pub precision: f64,
    /// Share of the human's label that the judge gave too.
    pub recall: f64,
    /// Harmonic mean of both, class by class.
    pub f1: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unused_class_stays_in_the_table_and_lowers_the_averages() {
        let table = Confusion::of(&[0, 0, 2], &[0, 2, 2], 4).unwrap();
        assert_eq!(
            (table.classes(), table.items(), table.agreeing()),
            (4, 3, 2)
        );
        assert_eq!(table.human_totals(), [2, 0, 1, 0]);
        assert_eq!(table.judge_totals(), [1, 0, 2, 0]);
        let scores = table.macro_scores().unwrap();
        assert_eq!((scores.precision, scores.recall), (0.375, 0.375));
        assert_eq!(table.balanced_accuracy(), Ok(0.75));
        assert_eq!(table.within_one(), Ok(2.0 / 3.0));
    }

    #[test]
    fn mcc_of_one_class_is_undefined_and_not_zero() {
        let constant = Confusion::of(&[1, 0, 1], &[1, 1, 1], 2).unwrap();
        assert_eq!(constant.mcc(), Err(Undefined::NoVariation));
        let inverted = Confusion::of(&[0, 1, 0, 1], &[1, 0, 1, 0], 2).unwrap();
        assert_eq!(inverted.mcc(), Ok(-1.0));
    }

    #[test]
    fn label_sets_that_do_not_overlap_are_noticed() {
        assert!(
            Confusion::of(&[0, 1, 0, 1], &[2, 2, 3, 3], 4)
                .unwrap()
                .classes_are_disjoint()
        );
        assert!(
            !Confusion::of(&[0, 1], &[1, 2], 3)
                .unwrap()
                .classes_are_disjoint()
        );
    }

    #[test]
    fn nothing_labelled_is_no_figure() {
        let empty = Confusion::of(&[], &[], 2).unwrap();
        assert_eq!(empty.accuracy(Confidence::NINETY), Err(Undefined::NoCases));
        assert_eq!(empty.mcc(), Err(Undefined::NoCases));
        assert_eq!(empty.macro_scores().err(), Some(Undefined::NoCases));
        assert!(!empty.classes_are_disjoint());
        assert_eq!(Confusion::of(&[2], &[0], 2), Err(Undefined::OutOfRange));
        assert_eq!(Confusion::of(&[1], &[], 2), Err(Undefined::Mismatched));
    }
}
