//! Signed ranks and signs: checks beside a mean difference that decide nothing.

use super::distribution::{binomial_two_sided_half, normal_two_sided};
use super::estimate::{Test, TestMethod};
use super::undefined::Undefined;

/// What becomes of zero differences in [`wilcoxon`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zeros {
    /// Left out before ranking (Wilcoxon 1945).
    LeftOut,
    /// Ranked with the rest, their ranks then left out (Pratt 1959).
    Pratt,
}

/// Mid-ranks, from 1, of a series, and the sum of t^3 - t over its ties of size t.
pub(crate) fn mid_ranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
    let mut ranks = vec![0.0; values.len()];
    let mut ties = 0.0;
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start] as usize];
        let end = start
            + order[start..]
                .iter()
                .take_while(|&&i| values[i as usize] == value)
                .count();
        let size = (end - start) as f64;
        let rank = f64::midpoint(start as f64 + 1.0, end as f64);
        for &index in &order[start..end] {
            ranks[index as usize] = rank;
        }
        ties += size * size * size - size;
        start = end;
    }
    (ranks, ties)
}

/// Mid-rank, from 1, of each class when class c holds `counts[c]` values in class order.
pub(crate) fn mid_rank_of_counts(counts: &[u64]) -> Vec<f64> {
    let mut below = 0;
    counts
        .iter()
        .map(|&count| {
            let rank = below as f64 + (count as f64 + 1.0) / 2.0;
            below += count;
            rank
        })
        .collect()
}

/// Wilcoxon's signed-rank test of paired differences, two-sided, with mid-ranks for ties.
///
/// Statistic: the smaller of the rank sums of positive and negative differences. p: normal approximation with tie
/// correction and without continuity correction; assumes independent pairs and differences symmetric about zero.
/// All differences 0: p = 1, without a statistic.
///
/// # Errors
/// [`Undefined::NoCases`]; [`Undefined::NotFinite`].
pub fn wilcoxon(differences: &[f64], zeros: Zeros) -> Result<Test, Undefined> {
    if differences.is_empty() {
        return Err(Undefined::NoCases);
    }
    if differences.iter().any(|d| !d.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    let nonzero: Vec<f64> = differences.iter().copied().filter(|&d| d != 0.0).collect();
    let method = match zeros {
        Zeros::LeftOut => TestMethod::Wilcoxon,
        Zeros::Pratt => TestMethod::WilcoxonPratt,
    };
    if nonzero.is_empty() {
        return Ok(Test::new(method, 1.0));
    }
    // Zeros are the smallest sizes, so Pratt's ranks are the others' ranks moved up by their number.
    let shift = match zeros {
        Zeros::LeftOut => 0.0,
        Zeros::Pratt => (differences.len() - nonzero.len()) as f64,
    };
    let sizes: Vec<f64> = nonzero.iter().map(|d| d.abs()).collect();
    let (ranks, ties) = mid_ranks(&sizes);
    let (mut positive, mut negative) = (0.0, 0.0);
    for (d, rank) in nonzero.iter().zip(&ranks) {
        *(if *d > 0.0 {
            &mut positive
        } else {
            &mut negative
        }) += rank + shift;
    }
    let n = nonzero.len() as f64 + shift;
    let mean = (n * (n + 1.0) - shift * (shift + 1.0)) / 4.0;
    let squares = n * (n + 1.0) * (2.0 * n + 1.0) - shift * (shift + 1.0) * (2.0 * shift + 1.0);
    let variance = (squares - ties / 2.0) / 24.0;
    let statistic = f64::min(positive, negative);
    let p = if variance > 0.0 {
        normal_two_sided((statistic - mean) / variance.sqrt())
    } else {
        1.0
    };
    Ok(Test::new(method, p).with_statistic(statistic))
}

/// Sign test of paired differences, two-sided and exact; zeros say nothing and are left out. All zero: p = 1.
///
/// # Errors
/// [`Undefined::NoCases`]; [`Undefined::NotFinite`].
pub fn sign_test(differences: &[f64]) -> Result<Test, Undefined> {
    if differences.is_empty() {
        return Err(Undefined::NoCases);
    }
    if differences.iter().any(|d| !d.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    let wins = differences.iter().filter(|&&d| d > 0.0).count() as u64;
    let losses = differences.iter().filter(|&&d| d < 0.0).count() as u64;
    let p = binomial_two_sided_half(wins, wins + losses);
    Ok(Test::new(TestMethod::Sign, p).with_statistic(wins.min(losses) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_rank() {
        let (ranks, ties) = mid_ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]);
        assert_eq!(ranks, [4.0, 1.0, 4.0, 2.0, 4.0]);
        assert_eq!(ties, 24.0);
    }

    #[test]
    fn the_two_zero_rules_rank_differently() {
        let d = [0.0, 0.0, 1.0, -2.0, 3.0];
        assert_eq!(wilcoxon(&d, Zeros::LeftOut).unwrap().statistic, Some(2.0));
        assert_eq!(wilcoxon(&d, Zeros::Pratt).unwrap().statistic, Some(4.0));
    }

    #[test]
    fn all_zero_has_no_ranks_but_a_sign_test() {
        let none = wilcoxon(&[0.0; 4], Zeros::Pratt).unwrap();
        assert_eq!((none.p, none.statistic), (1.0, None));
        assert_eq!(sign_test(&[0.0; 4]).unwrap().p, 1.0);
        assert_eq!(sign_test(&[]), Err(Undefined::NoCases));
    }

    #[test]
    fn signs_are_counted_against_a_fair_coin() {
        let test = sign_test(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]).unwrap();
        assert!((test.p - 2.0 / 64.0).abs() < 1e-14);
        assert_eq!(test.statistic, Some(0.0));
    }
}
