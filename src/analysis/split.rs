//! Which labels a judge may be tuned on, and which must tell how good it has become.
//!
//! A cluster's place is a hash of its name, so that it stays where it is when labels are added: growth moves items only out of the test
//! part (the two thresholds fall together at sizes at which train and dev grow, never back).

use crate::domain::digest::Digest;

/// Fewest labels that are split at all.
pub const LEAST: usize = 50;
/// Labels from which train and dev take more.
const LARGE: usize = 200;

/// A part of the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Examples and critiques come from here.
    Train,
    /// Candidates are chosen here.
    Dev,
    /// Only the winner is ever held against these.
    Test,
}

impl Part {
    /// The part's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Test => "test",
        }
    }
}

/// A cluster's part among `labels` labelled items; `None` below [`LEAST`]: so few are not split.
#[must_use]
pub fn part_of(seed: u64, cluster: &str, labels: usize) -> Option<Part> {
    let (train, dev) = match labels {
        0..LEAST => return None,
        LEAST..LARGE => (0.1, 0.5),
        _ => (0.2, 0.6),
    };
    let u = place(seed, cluster);
    Some(match u {
        _ if u < train => Part::Train,
        _ if u < dev => Part::Dev,
        _ => Part::Test,
    })
}

/// u = blake3(seed, cluster) / 2^64, in [0, 1).
fn place(seed: u64, cluster: &str) -> f64 {
    let bytes = [&seed.to_le_bytes()[..], cluster.as_bytes()].concat();
    Digest::of(&bytes).word() as f64 / 2_f64.powi(64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(labels: usize) -> Vec<Option<Part>> {
        (0..1_000)
            .map(|at| part_of(7, &format!("c{at}"), labels))
            .collect()
    }

    #[test]
    fn the_shares_are_those_of_the_rule() {
        assert!(parts(49).iter().all(Option::is_none));
        for (labels, train, dev) in [(50, 0.1, 0.4), (199, 0.1, 0.4), (200, 0.2, 0.4)] {
            let parts = parts(labels);
            let share = |part| parts.iter().filter(|one| **one == Some(part)).count() as f64 / 1e3;
            assert!((share(Part::Train) - train).abs() < 0.04, "{labels}");
            assert!((share(Part::Dev) - dev).abs() < 0.05, "{labels}");
        }
    }

    #[test]
    fn growth_moves_items_only_out_of_test() {
        let (few, many) = (parts(50), parts(200));
        for (before, after) in few.iter().zip(&many) {
            assert!(after <= before, "{before:?} {after:?}");
        }
        assert_ne!(few, many);
    }

    #[test]
    fn another_seed_is_another_split() {
        let of = |seed| -> Vec<_> {
            (0..100)
                .map(|at| part_of(seed, &at.to_string(), 100))
                .collect()
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
