//! Units that may stand for one another are drawn together: the same resamples in distribution, for a fraction of the draws.
//!
//! A resample is a multinomial count over units. Where a statistic cannot tell some units apart, only how many of them were drawn
//! matters, and that number is binomial. For a percentile these are all units well below and all well above it: of 50,000 values
//! some 900 around the median are drawn one by one, the rest by a handful of coin counts. In the rare resample whose percentile
//! lies outside that stretch the counts are spread over their units, which is the plain bootstrap again: nothing is approximated.
//!
//! Binomial counts come from fair coins compared with the binary digits of the share, exactly and without a logarithm, so that they
//! are the same on every machine (Knuth and Yao 1976: two coins for each trial on average, 64 of them a word).

use super::random::Stream;

/// Fewest units for which it pays; with fewer, units are drawn one by one.
pub(super) const FROM: usize = 1_000;
/// Units alike from which on they are counted with coins; smaller groups are drawn unit by unit.
const LARGE: usize = 32;

/// The resample's value lies where units were not told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beyond;

/// A statistic on one unit of each group of units alike.
pub trait Reduced: Sync {
    /// The figure when group g was drawn `weights[g]` times.
    ///
    /// # Errors
    /// [`Beyond`] where that cannot be known without knowing which units they were.
    fn weighted(&self, weights: &[u32]) -> Result<Option<f64>, Beyond>;

    /// The same for several resamples at once, which may look at each group once for all of them.
    fn weighted_each(&self, resamples: &[Vec<u32>]) -> Vec<Result<Option<f64>, Beyond>> {
        let each = resamples.iter();
        each.map(|weights| self.weighted(weights)).collect()
    }
}

/// Which units are alike, and how they are drawn.
#[derive(Debug)]
pub(super) struct Alike {
    /// One unit of each group, the large groups first.
    pub(super) representatives: Vec<u32>,
    /// Units sorted by group.
    members: Vec<u32>,
    /// Where each group's members begin, and one more for the end.
    starts: Vec<usize>,
    /// How many groups are large.
    large: usize,
    /// The group of each member of a small group.
    small: Vec<u32>,
}

impl Alike {
    /// Groups units by equal keys; `None` where too few are alike for it to pay.
    pub(super) fn of(keys: &[u64]) -> Option<Self> {
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        let key = |unit: &u32| keys[*unit as usize];
        order.sort_unstable_by_key(|unit| (key(unit), *unit));
        let mut groups: Vec<&[u32]> = order.chunk_by(|a, b| key(a) == key(b)).collect();
        if groups.len() > keys.len() / 2 {
            return None;
        }
        // Large ones first, larger before smaller; stable, so that equal sizes stay in the order of their keys.
        groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
        let large = groups.partition_point(|group| group.len() >= LARGE);
        let mut alike = Self {
            representatives: groups.iter().map(|group| group[0]).collect(),
            members: Vec::with_capacity(keys.len()),
            starts: vec![0],
            large,
            small: Vec::new(),
        };
        for (number, group) in groups.iter().enumerate() {
            alike.members.extend_from_slice(group);
            alike.starts.push(alike.members.len());
            if number >= large {
                alike.small.extend(group.iter().map(|_| number as u32));
            }
        }
        Some(alike)
    }

    /// Draws as many units as there are, with replacement, and counts them by group.
    pub(super) fn count_draws(&self, stream: &mut Stream, weights: &mut [u32]) {
        weights.fill(0);
        let all = self.members.len();
        let large = self.starts[self.large];
        let small = stream.binomial(all, all - large, all);
        self.split(stream, 0, self.large, all - small, weights);
        stream.draw(small, self.small.len(), |at| {
            weights[self.small[at] as usize] += 1;
        });
    }

    /// Shares `drawn` among the large groups from `first` to before `end`: half by half.
    fn split(
        &self,
        stream: &mut Stream,
        first: usize,
        end: usize,
        drawn: usize,
        weights: &mut [u32],
    ) {
        if drawn == 0 || first == end {
            return;
        }
        if end - first == 1 {
            weights[first] = drawn as u32;
            return;
        }
        let (from, to) = (self.starts[first], self.starts[end]);
        let half = from + (to - from) / 2;
        let middle = (first + self.starts[first..end].partition_point(|start| *start <= half))
            .clamp(first + 1, end - 1);
        let left = stream.binomial(drawn, self.starts[middle] - from, to - from);
        self.split(stream, first, middle, left, weights);
        self.split(stream, middle, end, drawn - left, weights);
    }

    /// Spreads the counts of groups over their units: which of them it was is as likely for each.
    pub(super) fn spread(&self, stream: &mut Stream, groups: &[u32], units: &mut [u32]) {
        units.fill(0);
        for (range, &drawn) in self.starts.windows(2).zip(groups) {
            let members = &self.members[range[0]..range[1]];
            stream.draw(drawn as usize, members.len(), |at| {
                units[members[at] as usize] += 1;
            });
        }
    }
}

/// One key for two: units are alike where both statistics hold them alike.
pub(super) fn joined(one: &[u64], other: &[u64]) -> Option<Vec<u64>> {
    if one.len() != other.len() {
        return None;
    }
    let pair = |unit: &u32| (one[*unit as usize], other[*unit as usize]);
    let mut order: Vec<u32> = (0..one.len() as u32).collect();
    order.sort_unstable_by_key(pair);
    let mut keys = vec![0; one.len()];
    for (number, group) in order.chunk_by(|a, b| pair(a) == pair(b)).enumerate() {
        for unit in group {
            keys[*unit as usize] = number as u64;
        }
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use super::super::random::Seed;
    use super::*;

    #[test]
    fn groups_are_drawn_as_often_as_their_units_would_be() {
        // Groups of 900, 60, 30 and ten of 1.
        let keys: Vec<u64> = (0..1_000_u64)
            .map(|unit| match unit {
                0..900 => 3,
                900..960 => 1,
                960..990 => 2,
                _ => unit,
            })
            .collect();
        let alike = Alike::of(&keys).unwrap();
        assert_eq!(alike.representatives[..3], [0, 900, 960]);
        assert_eq!((alike.large, alike.representatives.len()), (2, 13));
        let seed = Seed::derive(5, &[]);
        let (mut sums, mut squares) = ([0.0; 13], [0.0; 13]);
        let mut weights = [0; 13];
        let rounds = 4_000;
        for index in 0..rounds {
            alike.count_draws(&mut seed.stream(index), &mut weights);
            assert_eq!(weights.iter().sum::<u32>(), 1_000);
            for ((sum, square), weight) in sums.iter_mut().zip(&mut squares).zip(weights) {
                *sum += f64::from(weight);
                *square += f64::from(weight) * f64::from(weight);
            }
        }
        let sizes = [900.0, 60.0, 30.0].into_iter().chain([1.0; 10]);
        for ((sum, square), size) in sums.iter().zip(squares).zip(sizes) {
            let n = rounds as f64;
            let (mean, variance) = (sum / n, square / n - (sum / n) * (sum / n));
            let expected = size * (1.0 - size / 1_000.0);
            assert!(
                (mean - size).abs() < 5.0 * (expected / n).sqrt(),
                "{size}: {mean}"
            );
            assert!(
                (variance / expected - 1.0).abs() < 0.15,
                "{size}: {variance}"
            );
        }
    }

    #[test]
    fn spreading_keeps_every_groups_count() {
        let keys: Vec<u64> = (0..100).map(|unit| unit / 40).collect();
        let alike = Alike::of(&keys).unwrap();
        let mut stream = Seed::derive(5, &[]).stream(0);
        let (mut groups, mut units) = (vec![0; 3], vec![0; 100]);
        alike.count_draws(&mut stream, &mut groups);
        alike.spread(&mut stream, &groups, &mut units);
        let counted = |range: std::ops::Range<usize>| units[range].iter().sum::<u32>();
        assert_eq!(groups, [counted(0..40), counted(40..80), counted(80..100)]);
    }

    #[test]
    fn units_that_all_differ_are_not_grouped() {
        let keys: Vec<u64> = (0..50).collect();
        assert!(Alike::of(&keys).is_none());
    }

    #[test]
    fn two_keys_make_one() {
        assert_eq!(joined(&[1, 1, 2, 2], &[7, 8, 7, 7]), Some(vec![0, 1, 2, 2]));
        assert_eq!(joined(&[1], &[]), None);
    }
}
