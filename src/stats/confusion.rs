//! Two annotators of the same items, by class: the table and what is read off it.

use super::estimate::{Confidence, Estimate};
use super::proportion::wilson;
use super::two_by_two::PairedTable;
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

    /// Takes one item off a cell.
    pub(crate) fn take(&mut self, cell: u32) {
        self.counts[cell as usize] -= 1;
        self.n -= 1;
    }

    /// Puts one item on a cell.
    pub(crate) fn put(&mut self, cell: u32) {
        self.counts[cell as usize] += 1;
        self.n += 1;
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

    /// Share of the human's largest class, the accuracy of always saying it, with Wilson's interval of that class.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items.
    pub fn base_rate(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        let largest = self.human_totals().into_iter().max().unwrap_or(0);
        wilson(largest, self.n, confidence)
    }

    /// Share of items within one step on the declared scale, with Wilson's interval.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items.
    pub fn within_one(&self, confidence: Confidence) -> Result<Estimate, Undefined> {
        let near: u64 = (0..self.classes)
            .flat_map(|h| (h.saturating_sub(1)..=h + 1).map(move |j| (h, j)))
            .map(|(h, j)| self.count(h, j))
            .sum();
        wilson(near, self.n, confidence)
    }

    /// Judge's share of each class less the human's: what the judge says too often (above 0) or too seldom, with
    /// Newcombe's paired interval, class by class.
    ///
    /// # Errors
    /// [`Undefined::NoCases`] without items.
    pub fn marginal_bias(&self, confidence: Confidence) -> Result<Vec<Estimate>, Undefined> {
        self.checked()?;
        let totals = self.human_totals().into_iter().zip(self.judge_totals());
        totals
            .enumerate()
            .map(|(class, (human, judge))| {
                let both = self.count(class, class);
                let (gained, lost) = (judge - both, human - both);
                PairedTable {
                    both,
                    gained,
                    lost,
                    neither: self.n - both - gained - lost,
                }
                .difference(confidence)
            })
            .collect()
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
        let near = table.within_one(Confidence::NINETY).unwrap();
        assert_eq!((near.point, near.n), (2.0 / 3.0, 3));
        assert_eq!(
            table.base_rate(Confidence::NINETY).unwrap().point,
            2.0 / 3.0
        );
        let bias = table.marginal_bias(Confidence::NINETY).unwrap();
        let points: Vec<f64> = bias.iter().map(|b| b.point).collect();
        assert_eq!(points, [-1.0 / 3.0, 0.0, 1.0 / 3.0, 0.0]);
        assert!(bias.iter().all(|b| b.interval.is_ok() && b.n == 3));
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
        assert_eq!(
            empty.within_one(Confidence::NINETY),
            Err(Undefined::NoCases)
        );
        assert_eq!(empty.base_rate(Confidence::NINETY), Err(Undefined::NoCases));
        assert_eq!(
            empty.marginal_bias(Confidence::NINETY),
            Err(Undefined::NoCases)
        );
        assert!(!empty.classes_are_disjoint());
        assert_eq!(Confusion::of(&[2], &[0], 2), Err(Undefined::OutOfRange));
        assert_eq!(Confusion::of(&[1], &[], 2), Err(Undefined::Mismatched));
    }
}
