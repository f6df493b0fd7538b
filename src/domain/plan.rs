//! Which trials there are, and their order.

use serde::{Deserialize, Serialize};

/// The variant that is the case as written.
pub const ORIGINAL: &str = "original";

/// The extent of a plan. A trial's ordinal is `((case x variants + variant) x repeats + repeat) x targets + target`: target innermost,
/// so that both sides of a pair meet the same conditions and an interrupted run is balanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Selected cases.
    pub cases: u64,
    /// Variants of each, the original included.
    pub variants: u32,
    /// Repeats of each variant.
    pub repeats: u32,
    /// Targets.
    pub targets: u32,
}

/// A trial by its indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coordinates {
    /// Index of the case in `cases.jsonl`.
    pub case: u64,
    /// Index of the variant; 0 is the original.
    pub variant: u32,
    /// The repeat, from 0.
    pub repeat: u32,
    /// Index of the target in the suite.
    pub target: u32,
}

impl Extent {
    /// Trials in all.
    #[must_use]
    pub fn trials(&self) -> u64 {
        self.cases * self.per_case()
    }

    /// Trials of one case.
    #[must_use]
    pub fn per_case(&self) -> u64 {
        u64::from(self.variants) * u64::from(self.repeats) * u64::from(self.targets)
    }

    /// The ordinal of a trial.
    #[must_use]
    pub fn ordinal(&self, at: Coordinates) -> u64 {
        ((at.case * u64::from(self.variants) + u64::from(at.variant)) * u64::from(self.repeats)
            + u64::from(at.repeat))
            * u64::from(self.targets)
            + u64::from(at.target)
    }

    /// The trial of an ordinal; `None` beyond the end.
    #[must_use]
    pub fn at(&self, ordinal: u64) -> Option<Coordinates> {
        if ordinal >= self.trials() {
            return None;
        }
        let low = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let (rest, target) = (
            ordinal / u64::from(self.targets),
            ordinal % u64::from(self.targets),
        );
        let (rest, repeat) = (
            rest / u64::from(self.repeats),
            rest % u64::from(self.repeats),
        );
        let (case, variant) = (
            rest / u64::from(self.variants),
            rest % u64::from(self.variants),
        );
        Some(Coordinates {
            case,
            variant: low(variant),
            repeat: low(repeat),
            target: low(target),
        })
    }
}

/// A trial by its names: stable across runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrialId {
    /// The target's id.
    pub target: String,
    /// The case's id.
    pub case: String,
    /// The variant's name.
    pub variant: String,
    /// The repeat, from 0.
    pub repeat: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_and_coordinates_are_each_others_inverse() {
        let extent = Extent {
            cases: 3,
            variants: 2,
            repeats: 4,
            targets: 5,
        };
        for ordinal in 0..extent.trials() {
            assert_eq!(extent.ordinal(extent.at(ordinal).unwrap()), ordinal);
        }
        assert_eq!(extent.at(extent.trials()), None);
        assert_eq!(extent.at(1).unwrap().target, 1);
    }
}
