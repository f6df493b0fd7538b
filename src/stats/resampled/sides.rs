//! Two sides of a comparison, resampled together.

use crate::stats::alike::{Beyond, Reduced, joined};
use crate::stats::bootstrap::Statistic;
use crate::stats::estimate::Size;
use crate::stats::undefined::Undefined;

/// How two sides are set against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrast {
    /// candidate - baseline.
    Difference,
    /// candidate / baseline - 1, zero where nothing changed; no value for a baseline that is not positive.
    RelativeChange,
}

/// Two statistics over the same top units, drawn together and set against each other.
pub struct TwoSides<A, B> {
    baseline: A,
    candidate: B,
    contrast: Contrast,
}

impl<A: Statistic, B: Statistic> TwoSides<A, B> {
    /// Sets the candidate against the baseline.
    ///
    /// # Errors
    /// [`Undefined::Mismatched`] for sides that do not stand on equally many units.
    pub fn new(baseline: A, candidate: B, contrast: Contrast) -> Result<Self, Undefined> {
        if baseline.size().units != candidate.size().units {
            return Err(Undefined::Mismatched);
        }
        Ok(Self {
            baseline,
            candidate,
            contrast,
        })
    }

    fn set(&self, baseline: Option<f64>, candidate: Option<f64>) -> Option<f64> {
        self.contrast.of(baseline?, candidate?)
    }
}

impl Contrast {
    fn of(self, old: f64, new: f64) -> Option<f64> {
        match self {
            Self::Difference => Some(new - old),
            Self::RelativeChange => (old > 0.0).then(|| new / old - 1.0),
        }
    }
}

/// Two reduced statistics, over the same groups.
struct ReducedSides<'a> {
    baseline: Box<dyn Reduced + 'a>,
    candidate: Box<dyn Reduced + 'a>,
    contrast: Contrast,
}

impl ReducedSides<'_> {
    fn set(
        &self,
        old: Result<Option<f64>, Beyond>,
        new: Result<Option<f64>, Beyond>,
    ) -> Result<Option<f64>, Beyond> {
        let both = old?.zip(new?);
        Ok(both.and_then(|(old, new)| self.contrast.of(old, new)))
    }
}

impl Reduced for ReducedSides<'_> {
    fn weighted(&self, weights: &[u32]) -> Result<Option<f64>, Beyond> {
        self.set(
            self.baseline.weighted(weights),
            self.candidate.weighted(weights),
        )
    }

    fn weighted_each(&self, resamples: &[Vec<u32>]) -> Vec<Result<Option<f64>, Beyond>> {
        let old = self.baseline.weighted_each(resamples);
        let both = old.into_iter().zip(self.candidate.weighted_each(resamples));
        both.map(|(old, new)| self.set(old, new)).collect()
    }
}

impl<A: Statistic, B: Statistic> Statistic for TwoSides<A, B> {
    fn size(&self) -> Size {
        let (old, new) = (self.baseline.size(), self.candidate.size());
        Size {
            cases: old.cases.min(new.cases),
            trials: old.trials + new.trials,
            units: old.units,
        }
    }

    fn weighted(&self, weights: &[u32]) -> Option<f64> {
        self.set(
            self.baseline.weighted(weights),
            self.candidate.weighted(weights),
        )
    }

    /// Alike on both sides.
    fn likeness(&self) -> Option<Vec<u64>> {
        joined(&self.baseline.likeness()?, &self.candidate.likeness()?)
    }

    fn reduced(&self, representatives: &[u32]) -> Option<Box<dyn Reduced + '_>> {
        Some(Box::new(ReducedSides {
            baseline: self.baseline.reduced(representatives)?,
            candidate: self.candidate.reduced(representatives)?,
            contrast: self.contrast,
        }))
    }

    fn leave_one_out(&self) -> Vec<Option<f64>> {
        let pairs = self
            .baseline
            .leave_one_out()
            .into_iter()
            .zip(self.candidate.leave_one_out());
        pairs.map(|(old, new)| self.set(old, new)).collect()
    }
}
