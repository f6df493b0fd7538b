//! When a judge may be used: the bars that a calibration is held against.

use serde::{Deserialize, Serialize};

/// The bars of a conclusion; a judge's file may set its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usable {
    /// Route A: the least that agreement beyond chance must surely reach.
    pub kappa: f64,
    /// Route B: the least that both rates of being right must surely reach.
    pub rates: f64,
    /// Route C: where people disagree themselves.
    pub ceiling: Ceiling,
    /// Fewest labelled items.
    pub min_labels: usize,
    /// Fewest labels of each class.
    pub min_class: usize,
    /// Pairwise: least share of pairs on which both orders agree.
    pub orders: f64,
    /// Largest share of verdicts that could not be read.
    pub unreadable: f64,
}

/// Route C: the judge holds its own against the annotators, and agrees surely more than so much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ceiling {
    /// Least share of annotators against whom it holds its own.
    pub omega: f64,
    /// The advantage granted to the judge: 0.2 for experts, 0.15 for skilled, 0.1 for crowd annotators.
    pub epsilon: f64,
    /// Least agreement beyond chance.
    pub kappa: f64,
}

impl Default for Usable {
    fn default() -> Self {
        Self {
            kappa: 0.60,
            rates: 0.80,
            ceiling: Ceiling::default(),
            min_labels: 50,
            min_class: 20,
            orders: 0.70,
            unreadable: 0.05,
        }
    }
}

impl Default for Ceiling {
    fn default() -> Self {
        Self {
            omega: 0.5,
            epsilon: 0.2,
            kappa: 0.40,
        }
    }
}
