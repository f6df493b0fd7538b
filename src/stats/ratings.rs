//! Labels of any number of annotators, with gaps: what is there, and what agreement can be seen on.

use super::confusion::Confusion;
use super::undefined::Undefined;

/// Labels of many annotators: one row an item, one cell an annotator, `None` where there is no label.
///
/// Labels are numbers from 0 in the order of the declared scale or class list.
#[derive(Clone, Copy, Debug)]
pub struct Ratings<'a> {
    cells: &'a [Option<u32>],
    annotators: usize,
    classes: usize,
}

impl<'a> Ratings<'a> {
    /// Cells row by row.
    ///
    /// # Errors
    /// [`Undefined::Mismatched`] for cells that do not fill rows; [`Undefined::OutOfRange`] for a label that is not below
    /// `classes`.
    pub fn new(
        cells: &'a [Option<u32>],
        annotators: usize,
        classes: usize,
    ) -> Result<Self, Undefined> {
        if annotators == 0 || !cells.len().is_multiple_of(annotators) {
            return Err(Undefined::Mismatched);
        }
        if cells
            .iter()
            .flatten()
            .any(|&label| label as usize >= classes)
        {
            return Err(Undefined::OutOfRange);
        }
        Ok(Self {
            cells,
            annotators,
            classes,
        })
    }

    /// Rows.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.cells.len() / self.annotators
    }

    /// Columns.
    #[must_use]
    pub const fn annotators(&self) -> usize {
        self.annotators
    }

    /// Number of classes.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.classes
    }

    pub(super) const fn cells(&self) -> &'a [Option<u32>] {
        self.cells
    }

    /// Labels of one item, annotator by annotator.
    ///
    /// # Panics
    /// Never for an item below [`Ratings::items`].
    #[must_use]
    pub fn item(&self, item: usize) -> &'a [Option<u32>] {
        &self.cells[item * self.annotators..(item + 1) * self.annotators]
    }

    /// Labels there are.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.cells.iter().flatten().count()
    }

    /// Items of at least two labels, the only ones that agreement can be seen on.
    #[must_use]
    pub fn pairable_items(&self) -> usize {
        self.rows()
            .filter(|row| row.iter().flatten().count() >= 2)
            .count()
    }

    /// Items that every annotator labelled.
    #[must_use]
    pub fn complete_items(&self) -> usize {
        self.rows()
            .filter(|row| row.iter().all(Option::is_some))
            .count()
    }

    pub(super) fn rows(&self) -> std::slice::Chunks<'a, Option<u32>> {
        self.cells.chunks(self.annotators)
    }

    /// Table of two annotators over the items that both labelled.
    ///
    /// # Errors
    /// [`Undefined::OutOfRange`] for an annotator that does not exist.
    pub fn pair(&self, first: usize, second: usize) -> Result<Confusion, Undefined> {
        if first >= self.annotators || second >= self.annotators {
            return Err(Undefined::OutOfRange);
        }
        let (a, b): (Vec<u32>, Vec<u32>) = self
            .rows()
            .filter_map(|row| row[first].zip(row[second]))
            .unzip();
        Confusion::of(&a, &b, self.classes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_counted_by_what_can_be_compared() {
        let cells = [Some(0), Some(0), Some(1), None, Some(1), Some(1)];
        let ratings = Ratings::new(&cells, 2, 2).unwrap();
        assert_eq!(
            (
                ratings.items(),
                ratings.labels(),
                ratings.pairable_items(),
                ratings.complete_items()
            ),
            (3, 5, 2, 2)
        );
        assert_eq!(ratings.pair(0, 1).unwrap().items(), 2);
        assert_eq!(ratings.pair(0, 2).err(), Some(Undefined::OutOfRange));
    }

    #[test]
    fn cells_that_fill_no_rows_or_hold_no_class_are_refused() {
        let cells = [Some(0), None, None, Some(1)];
        assert_eq!(
            Ratings::new(&cells, 3, 2).err(),
            Some(Undefined::Mismatched)
        );
        assert_eq!(
            Ratings::new(&cells, 2, 1).err(),
            Some(Undefined::OutOfRange)
        );
    }
}
