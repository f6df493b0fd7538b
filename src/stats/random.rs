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

/// More than the counts that a byte can decide of a mean below 1: five, since more than four come once in 270 times.
const CLASSES: usize = 8;
/// Bytes looked at together: comparing all of them with all bounds takes less time than looking up each.
const BYTES: usize = 4 * BLOCK;

/// Poisson counts of one mean, by inversion: the first byte of a random number decides in most cases, else 64 bits do.
pub(crate) struct PoissonCounts {
    /// The count of a byte that decides is how many of these it reaches. What is not needed is 255, which decides nothing.
    reached: [u8; CLASSES],
    /// The bytes that do not decide; what is not needed is 255.
    unsure: [u8; CLASSES],
    /// P(count <= k) in units of 2^-64.
    up_to: Vec<u64>,
}

impl PoissonCounts {
    /// Counts for so many units, of a mean five standard deviations of their sum below 1.
    pub(crate) fn for_units(units: usize) -> Self {
        let mean = 1.0 - 5.0 / (units as f64).sqrt().max(6.0);
        // e^-mean by its series: sums, products and quotients are the same on every machine, logarithms and exponentials are not.
        let mut term = 1.0;
        let mut exponential = 1.0;
        for k in 1..40 {
            term *= mean / f64::from(k);
            exponential += term;
        }
        let mut share = 1.0 / exponential;
        let mut sum = 0.0;
        let mut up_to = Vec::new();
        for k in 1..=20 {
            sum += share;
            up_to.push((sum * 2.0_f64.powi(64)) as u64);
            share *= mean / f64::from(k);
        }
        let mut counts = Self {
            reached: [u8::MAX; CLASSES],
            unsure: [u8::MAX; CLASSES],
            up_to,
        };
        for (k, up_to) in counts.up_to.iter().enumerate().take(CLASSES) {
            // The first byte all of whose numbers lie beyond the bound, and the one within which the bound lies.
            let (byte, within) = ((up_to >> 56) as u8, up_to << 8 != 0);
            counts.reached[k] = byte.saturating_add(u8::from(within));
            counts.unsure[k] = if within { byte } else { u8::MAX };
        }
        counts
    }

    /// The counts of bytes, those of bytes that do not decide at their least, and which bytes these are, a bit each.
    #[inline]
    fn of_bytes(&self, bytes: &[u8; BYTES]) -> ([u8; BYTES], [u64; BYTES / 64]) {
        let (mut counts, mut unsure) = ([0; BYTES], [0; BYTES]);
        for ((byte, count), unsure) in bytes.iter().zip(&mut counts).zip(&mut unsure) {
            let (mut reached, mut open) = (0, *byte == u8::MAX);
            for class in 0..CLASSES {
                reached += u8::from(*byte >= self.reached[class]);
                open |= *byte == self.unsure[class];
            }
            *count = reached;
            *unsure = u8::from(open);
        }
        let mut bits = [0; BYTES / 64];
        for (bits, unsure) in bits.iter_mut().zip(unsure.as_chunks::<64>().0) {
            for (eight, unsure) in unsure.as_chunks::<8>().0.iter().enumerate() {
                // Eight bytes of 0 or 1 as eight bits: the product moves the n-th to bit 56 + n, and no two meet.
                let word = u64::from_le_bytes(*unsure).wrapping_mul(0x0102_0408_1020_4080);
                *bits |= (word >> 56) << (8 * eight);
            }
        }
        (counts, bits)
    }

    /// The count of a number whose byte does not decide, and leaves it at least at `least`.
    #[inline]
    fn of_unsure(&self, least: u8, word: u64) -> u32 {
        let bounds = self.up_to.get(usize::from(least)..);
        match bounds {
            // One bound lies within a byte, but for the last.
            Some([bound, next, ..]) if word < *next && word >> 56 < 255 => {
                u32::from(least) + u32::from(word >= *bound)
            }
            _ => self.of_word(word),
        }
    }

    fn of_word(&self, word: u64) -> u32 {
        self.up_to
            .iter()
            .take_while(|up_to| word >= **up_to)
            .count() as u32
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
        self.draw(weights.len(), weights.len(), |unit| weights[unit] += 1);
    }

    /// The same, faster for many units: most draws come as independent Poisson counts, unit after unit, and the rest one by one.
    ///
    /// Given their sum, independent Poisson counts of equal mean are such draws, that many of them; adding the draws still missing
    /// completes them. The mean lies so far below 1 that the sum is too large once in millions, and then they are drawn again.
    pub(crate) fn count_many(&mut self, counts: &PoissonCounts, weights: &mut [u32]) {
        let mut bytes = [0_u8; BYTES];
        let missing = loop {
            let mut total = 0_usize;
            for weights in weights.chunks_mut(BYTES) {
                self.0.fill_bytes(&mut bytes);
                let (sure, unsure) = counts.of_bytes(&bytes);
                let mut sum = 0;
                for (weight, count) in weights.iter_mut().zip(sure) {
                    *weight = u32::from(count);
                    sum += *weight;
                }
                for (from, mut bits) in (0..).step_by(64).zip(unsure) {
                    while bits != 0 {
                        let at = from + bits.trailing_zeros() as usize;
                        bits &= bits - 1;
                        if let Some(weight) = weights.get_mut(at) {
                            let word = u64::from(bytes[at]) << 56 | self.0.next_u64() >> 8;
                            sum -= *weight;
                            *weight = counts.of_unsure(sure[at], word);
                            sum += *weight;
                        }
                    }
                }
                total += sum as usize;
            }
            if let Some(missing) = weights.len().checked_sub(total) {
                break missing;
            }
        };
        self.draw(missing, weights.len(), |unit| weights[unit] += 1);
    }

    /// Draws `count` times one of so many units, all equally likely, and tells which. None where there are no units.
    #[inline]
    pub(crate) fn draw(&mut self, count: usize, units: usize, mut tell: impl FnMut(usize)) {
        let units = units as u32;
        if units == 0 {
            return;
        }
        let threshold = units.wrapping_neg() % units;
        let mut bytes = [0_u8; 4 * BLOCK];
        let mut left = count;
        while left > 0 {
            self.0.fill_bytes(&mut bytes);
            for word in bytes.as_chunks::<4>().0 {
                let product = u64::from(u32::from_le_bytes(*word)) * u64::from(units);
                // A word from the short last stretch of the range would favour some units; the next one is taken.
                if (product as u32) >= threshold {
                    tell((product >> 32) as usize);
                    left -= 1;
                    if left == 0 {
                        break;
                    }
                }
            }
        }
    }

    /// How many of `trials` succeed that each do so with probability `part / whole`.
    ///
    /// Each trial is a uniform number, drawn digit by digit, that succeeds if it lies below the share: at the first binary digit in
    /// which the two differ it is decided. All trials that are still open are tossed together, so that a digit costs one count of
    /// coins, and half of them are decided by it.
    pub(crate) fn binomial(&mut self, trials: usize, part: usize, whole: usize) -> usize {
        let (mut open, mut hits) = (trials, 0);
        let (mut rest, whole) = (part as u64, whole as u64);
        if rest >= whole {
            return trials;
        }
        while open > 0 && rest > 0 {
            rest *= 2;
            let zeros = open - self.heads(open);
            if rest >= whole {
                rest -= whole;
                hits += zeros;
                open -= zeros;
            } else {
                open = zeros;
            }
        }
        hits
    }

    /// How many of so many fair coins show heads.
    fn heads(&mut self, coins: usize) -> usize {
        let mut bytes = [0_u8; 4 * BLOCK];
        let mut left = coins.div_ceil(64);
        let mut heads = 0;
        while left > 0 {
            let words = left.min(BLOCK / 2);
            self.0.fill_bytes(&mut bytes[..8 * words]);
            for word in bytes[..8 * words].as_chunks::<8>().0 {
                heads += u64::from_le_bytes(*word).count_ones();
            }
            left -= words;
            if left == 0 && !coins.is_multiple_of(64) {
                // Of the last word only so many coins were asked for.
                let last = bytes[..8 * words].as_chunks::<8>().0[words - 1];
                heads -= (u64::from_le_bytes(last) >> (coins % 64)).count_ones();
            }
        }
        heads as usize
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
    fn a_byte_decides_a_count_where_every_number_that_begins_with_it_has_it() {
        for units in [1, 36, 1_000, 50_000, 1_000_000_000] {
            let counts = PoissonCounts::for_units(units);
            for byte in 0..=u8::MAX {
                let first = u64::from(byte) << 56;
                let (low, high) = (counts.of_word(first), counts.of_word(first | u64::MAX >> 8));
                let (least, unsure) = counts.of_bytes(&[byte; BYTES]);
                let every = if low == high { 0 } else { u64::MAX };
                assert_eq!(unsure, [every; BYTES / 64], "{units}: {byte}");
                if byte < u8::MAX {
                    assert_eq!(least, [low as u8; BYTES], "{units}: {byte}");
                }
                for word in [
                    first,
                    first | 1 << 40,
                    first | 1 << 55,
                    first | u64::MAX >> 8,
                ] {
                    let count = counts.of_word(word);
                    assert_eq!(counts.of_unsure(least[0], word), count, "{units}: {word}");
                }
            }
        }
    }

    #[test]
    fn which_bytes_do_not_decide_is_told_place_by_place() {
        let counts = PoissonCounts::for_units(50_000);
        let bytes: [u8; BYTES] = std::array::from_fn(|at| (at * 89 % 256) as u8);
        let (_, unsure) = counts.of_bytes(&bytes);
        for (at, byte) in bytes.iter().enumerate() {
            let (_, alone) = counts.of_bytes(&[*byte; BYTES]);
            assert_eq!(unsure[at / 64] >> (at % 64) & 1, alone[0] & 1, "{at}");
        }
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
    fn a_binomial_count_has_its_mean_and_spread() {
        let seed = Seed::derive(3, &[]);
        for (trials, part, whole) in [(1_000, 1, 3), (64, 1, 2), (200, 999, 1_000), (5, 3, 4)] {
            let rounds = 4_000;
            let counts: Vec<f64> = (0..rounds)
                .map(|index| seed.stream(index).binomial(trials, part, whole) as f64)
                .collect();
            let p = part as f64 / whole as f64;
            let variance = trials as f64 * p * (1.0 - p);
            let mean = counts.iter().sum::<f64>() / rounds as f64;
            let spread = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / rounds as f64;
            let bound = 5.0 * (variance / rounds as f64).sqrt();
            assert!(
                (mean - trials as f64 * p).abs() < bound,
                "{trials} {part}/{whole}: {mean}"
            );
            assert!(
                (spread / variance - 1.0).abs() < 0.2,
                "{trials} {part}/{whole}: {spread}"
            );
        }
        let mut stream = seed.stream(0);
        assert_eq!(stream.binomial(10, 0, 3), 0);
        assert_eq!(stream.binomial(10, 3, 3), 10);
        assert_eq!(stream.binomial(0, 1, 3), 0);
    }

    #[test]
    fn many_draws_are_as_many_and_spread_as_single_ones() {
        let units = 2_000;
        let counts = PoissonCounts::for_units(units);
        let seed = Seed::derive(11, &[]);
        let mut weights = vec![9; units];
        // How often a unit was drawn 0, 1, 2 ... times, over all units and rounds.
        let mut often = [0.0; 12];
        let rounds = 200;
        for index in 0..rounds {
            seed.stream(index).count_many(&counts, &mut weights);
            assert_eq!(weights.iter().sum::<u32>() as usize, units);
            for weight in &weights {
                often[*weight as usize] += 1.0;
            }
        }
        let all = units as f64 * rounds as f64;
        let p = 1.0 / units as f64;
        let mut expected = (1.0 - p).powi(units as i32);
        for (drawn, often) in often.into_iter().enumerate().take(6) {
            let bound = 5.0 * (expected / all).sqrt();
            assert!((often / all - expected).abs() < bound, "{drawn}: {often}");
            expected *= (units - drawn) as f64 / (drawn + 1) as f64 * p / (1.0 - p);
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
