//! Random streams: one per resample, so that the number of threads changes nothing.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Random words taken at a time.
const BLOCK: usize = 64;

/// What a bootstrap's or permutation's randomness derives from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// blake3 over the run's seed and the names of what is estimated (target, metric, slice): adding a metric moves no
    /// other. Every name is preceded by its length, so that no two lists of names read the same.
    #[must_use]
    pub fn derive(run_seed: u64, names: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&run_seed.to_le_bytes());
        for name in names {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The stream of one resample.
    pub(crate) fn stream(&self, index: u64) -> Stream {
        let mut rng = ChaCha8Rng::from_seed(self.0);
        rng.set_stream(index);
        Stream(rng)
    }
}

/// An endless sequence of random numbers, fixed by its seed and index on every machine.
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    /// Draws as many units as there are weights, with replacement, all equally likely, and counts each draw.
    ///
    /// Lemire's method (2019, "Fast random integer generation in an interval"), written out here so that no release of
    /// a library can move a recorded interval. Random words are taken a block at a time, which halves the cost.
    pub(crate) fn count_draws(&mut self, weights: &mut [u32]) {
        weights.fill(0);
        let units = weights.len() as u32;
        if units == 0 {
            return;
        }
        let threshold = units.wrapping_neg() % units;
        let mut bytes = [0_u8; 4 * BLOCK];
        let mut left = weights.len();
        while left > 0 {
            self.0.fill_bytes(&mut bytes);
            for word in bytes.as_chunks::<4>().0 {
                let product = u64::from(u32::from_le_bytes(*word)) * u64::from(units);
                // A word from the short last stretch of the range would favour some units; the next one is taken.
                if (product as u32) >= threshold {
                    weights[(product >> 32) as usize] += 1;
                    left -= 1;
                    if left == 0 {
                        break;
                    }
                }
            }
        }
    }

    /// 64 fair coins.
    #[inline]
    pub(crate) fn coins(&mut self) -> u64 {
        self.0.next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(seed: &Seed, index: u64, units: usize) -> Vec<u32> {
        let mut weights = vec![7; units];
        seed.stream(index).count_draws(&mut weights);
        weights
    }

    #[test]
    fn streams_differ_by_index_and_repeat_by_seed() {
        let seed = Seed::derive(7, &["prod", "success_rate"]);
        assert_eq!(draw(&seed, 3, 50), draw(&seed, 3, 50));
        assert_ne!(draw(&seed, 3, 50), draw(&seed, 4, 50));
    }

    #[test]
    fn as_many_are_drawn_as_there_are_units() {
        let seed = Seed::derive(7, &[]);
        for units in [0, 1, 3, 255, 256, 257, 1000] {
            let drawn: u32 = draw(&seed, 0, units).iter().sum();
            assert_eq!(drawn as usize, units);
        }
    }

    #[test]
    fn names_do_not_run_into_each_other() {
        assert_ne!(Seed::derive(7, &["ab", "c"]), Seed::derive(7, &["a", "bc"]));
        assert_ne!(Seed::derive(7, &["a"]), Seed::derive(8, &["a"]));
    }

    #[test]
    fn all_units_are_equally_likely() {
        let seed = Seed::derive(1, &[]);
        let mut counts = [0_u32; 3];
        for index in 0..10_000 {
            for (count, drawn) in counts.iter_mut().zip(draw(&seed, index, 3)) {
                *count += drawn;
            }
        }
        // Five standard deviations.
        assert!(
            counts.iter().all(|&c| c.abs_diff(10_000) < 410),
            "{counts:?}"
        );
    }
}
