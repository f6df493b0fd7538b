//! Small figures for the tests of drawings.

use crate::analysis::findings::{Estimate, Figure};

/// A figure with these ends.
pub(super) fn open(point: f64, low: Option<f64>, high: Option<f64>) -> Figure {
    Figure::Estimate(Estimate {
        point,
        low,
        high,
        confidence: 0.95,
        n: 160,
        trials: 160,
        clusters: 160,
        coverage: 1.0,
        worst: None,
        best: None,
        method: "wilson".into(),
        flags: Vec::new(),
        passed: None,
        no_interval: None,
    })
}

/// A figure with its interval.
pub(super) fn estimate(point: f64, low: f64, high: f64) -> Figure {
    open(point, Some(low), Some(high))
}

/// No figure.
pub(super) fn undefined(why: &str) -> Figure {
    Figure::Undefined {
        undefined: why.into(),
        n: 0,
    }
}
