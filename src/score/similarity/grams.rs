//! Counts of runs of neighbours (n-grams), and what two texts share of them.

/// All runs of `n` neighbours, sorted, so that equal ones stand together.
fn runs<T: Ord>(items: &[T], n: usize) -> Vec<&[T]> {
    let mut runs: Vec<&[T]> = items.windows(n).collect();
    runs.sort_unstable();
    runs
}

/// How many runs of `n` neighbours two sequences have, and how many they share, each counted as often as both have it.
pub(super) fn shared<T: Ord>(a: &[T], b: &[T], n: usize) -> (usize, usize, usize) {
    let (a, b) = (runs(a, n), runs(b, n));
    let (mut i, mut j, mut both) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                (i, j) = (i + 1, j + 1);
                both += 1;
            }
        }
    }
    (a.len(), b.len(), both)
}

/// The harmonic mean of `shared / answer` and `shared / wanted`; 0 where nothing is shared.
pub(super) fn f1(answer: usize, wanted: usize, shared: usize) -> f64 {
    if shared == 0 {
        return 0.0;
    }
    let precision = share(shared, answer);
    let recall = share(shared, wanted);
    2.0 * precision * recall / (precision + recall)
}

/// One count as a share of another, which is not 0. Counts are bounded by the length of the texts.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^20")]
pub(super) fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_shared_as_often_as_both_have_it() {
        assert_eq!(shared(b"aab", b"aaa", 1), (3, 3, 2));
        assert_eq!(shared(b"abab", b"bab", 2), (3, 2, 2));
        assert_eq!(shared(b"a", b"abc", 2), (0, 2, 0));
    }

    #[test]
    fn f1_is_the_harmonic_mean() {
        assert!((f1(4, 6, 3) - 0.6).abs() < 1e-12);
        assert!(f1(0, 0, 0).abs() < 1e-12);
    }
}
