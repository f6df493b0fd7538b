//! The statistics of a calibration, each once, under the name by which the field knows it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::stats::{Confusion, Estimate, Undefined};

use super::super::figure::shown;
use super::super::findings::Figure;

/// One statistic.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Statistic {
    /// A number without an interval: a p-value, a weight.
    Number(f64),
    /// A count.
    Count(u64),
    /// Several numbers in an order that the name tells.
    Numbers(Vec<f64>),
    /// Counts by people's class (rows) and the judge's (columns).
    Table(Vec<Vec<u64>>),
    /// A figure with its interval.
    Figure(Figure),
}

impl Statistic {
    /// The number itself; the point of a figure.
    #[must_use]
    pub fn point(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Count(count) => Some(*count as f64),
            Self::Figure(figure) => figure.estimate().map(|estimate| estimate.point),
            Self::Numbers(_) | Self::Table(_) => None,
        }
    }
}

/// Statistics by name, all over the same items.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Book {
    found: BTreeMap<String, Statistic>,
    /// Items that figures rest on, and those that they should rest on.
    n: u64,
    planned: u64,
}

impl Book {
    pub(super) fn new(n: usize, planned: usize) -> Self {
        Self {
            found: BTreeMap::new(),
            n: n as u64,
            planned: planned as u64,
        }
    }

    /// A figure with its interval, or why there is none.
    pub(super) fn estimate(&mut self, name: &str, found: &Result<Estimate, Undefined>) {
        let figure = match found {
            Ok(estimate) => {
                let mut figure = shown(estimate);
                // A figure of its own sample (one class, judged items) has its own coverage.
                if figure.n == self.n && self.planned > 0 {
                    figure.coverage = self.n as f64 / self.planned as f64;
                }
                Figure::Estimate(figure)
            }
            Err(reason) => Figure::Undefined {
                undefined: reason.to_string(),
                n: self.n,
            },
        };
        self.found
            .insert(name.to_owned(), Statistic::Figure(figure));
    }

    /// A number that has no interval of its own; one that does not exist is left out.
    pub(super) fn number(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.found.insert(name.to_owned(), Statistic::Number(value));
        }
    }

    pub(super) fn count(&mut self, name: &str, count: u64) {
        self.found.insert(name.to_owned(), Statistic::Count(count));
    }

    pub(super) fn numbers(&mut self, name: &str, values: Vec<f64>) {
        self.found
            .insert(name.to_owned(), Statistic::Numbers(values));
    }

    pub(super) fn table(&mut self, name: &str, table: &Confusion) {
        let classes = table.classes();
        let row = |human| {
            (0..classes)
                .map(|judge| table.count(human, judge))
                .collect()
        };
        let rows: Vec<Vec<u64>> = (0..classes).map(row).collect();
        self.found.insert(name.to_owned(), Statistic::Table(rows));
    }

    pub(super) fn into_statistics(self) -> BTreeMap<String, Statistic> {
        self.found
    }
}
