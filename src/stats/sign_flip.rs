//! Permutation of signs: is the mean difference zero, with no assumption but symmetry?

use super::estimate::{Test, TestMethod};
use super::random::Seed;
use super::sample::Sample;
use super::undefined::Undefined;

/// Top units up to which every one of the 2^N flips is looked at.
pub const EXACT_UNITS: usize = 16;
/// Random flips beyond that.
pub const FLIPS: u32 = 10_000;

/// Two-sided sign-flip permutation test of the mean of paired differences (Fisher 1935; Good, "Permutation tests").
///
/// If there is no difference, every d_i is as likely to have the other sign; p is the share of sign patterns whose sum
/// is at least as far from zero as the one seen. Clusters flip whole. Exact to [`EXACT_UNITS`] units, else [`FLIPS`]
/// seeded flips and p = (1 + hits)/(1 + B) (Phipson and Smyth 2010), never 0. Assumes differences that are symmetric
/// about zero under no difference, and independent top units. All zero: p = 1.
///
/// # Errors
/// Those of [`Sample::moments`].
pub fn sign_flip(differences: &Sample<'_>, seed: &Seed) -> Result<Test, Undefined> {
    let moments = differences.moments()?;
    let sums = differences
        .units()?
        .sums(differences.values().iter().copied());
    let seen = sums.iter().sum::<f64>().abs();
    // Sums that are equal but for rounding are equal: one that ties with the one seen must count.
    let bar = seen - 1e-12 * sums.iter().map(|s| s.abs()).sum::<f64>();
    if moments.size.units <= EXACT_UNITS {
        let patterns = 1_u32 << sums.len();
        let hits = (0..patterns)
            .filter(|pattern| {
                let flipped = |(place, sum): (usize, &f64)| {
                    if pattern >> place & 1 == 1 {
                        -sum
                    } else {
                        *sum
                    }
                };
                sums.iter().enumerate().map(flipped).sum::<f64>().abs() >= bar
            })
            .count();
        let p = hits as f64 / f64::from(patterns);
        return Ok(Test::new(TestMethod::SignFlipExact, p).with_statistic(moments.mean));
    }
    let mut hits = 0_u32;
    for flip in 0..FLIPS {
        let mut stream = seed.stream(u64::from(flip));
        let mut total = 0.0;
        for block in sums.chunks(64) {
            let coins = stream.coins();
            for (place, sum) in block.iter().enumerate() {
                total += if coins >> place & 1 == 1 { -sum } else { *sum };
            }
        }
        hits += u32::from(total.abs() >= bar);
    }
    let p = f64::from(1 + hits) / f64::from(1 + FLIPS);
    Ok(Test::new(TestMethod::SignFlip, p).with_statistic(moments.mean))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_samples_are_counted_out() {
        let seed = Seed::derive(1, &[]);
        // |sum| >= 6 only for +++ and ---.
        let three = sign_flip(&Sample::new(&[1.0, 2.0, 3.0]), &seed).unwrap();
        assert_eq!((three.p, three.method), (0.25, TestMethod::SignFlipExact));
        // A constant difference: only the two patterns of one sign.
        let constant = sign_flip(&Sample::new(&[0.1; 10]), &seed).unwrap();
        assert_eq!(constant.p, 2.0 / 1024.0);
    }

    #[test]
    fn no_difference_is_p_one() {
        let seed = Seed::derive(1, &[]);
        assert_eq!(sign_flip(&Sample::new(&[0.0; 5]), &seed).unwrap().p, 1.0);
        assert_eq!(sign_flip(&Sample::new(&[0.0; 50]), &seed).unwrap().p, 1.0);
    }

    #[test]
    fn random_flips_never_reach_zero_and_repeat_by_seed() {
        let seed = Seed::derive(1, &["a"]);
        let sample = [0.5; 40];
        let test = sign_flip(&Sample::new(&sample), &seed).unwrap();
        assert_eq!(test.method, TestMethod::SignFlip);
        assert_eq!(test.p, 1.0 / 10_001.0);
        let mixed: Vec<f64> = (0..40).map(|i| f64::from(i % 7) - 2.5).collect();
        let first = sign_flip(&Sample::new(&mixed), &seed).unwrap();
        assert_eq!(first, sign_flip(&Sample::new(&mixed), &seed).unwrap());
    }

    #[test]
    fn clusters_flip_whole() {
        let values = [1.0, 1.0, 1.0, 1.0];
        let pairs = sign_flip(
            &Sample::new(&values).with_groups(&[0, 0, 1, 1]),
            &Seed::derive(1, &[]),
        )
        .unwrap();
        assert_eq!(pairs.p, 0.5);
    }
}
