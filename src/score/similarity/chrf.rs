//! `chrf`: the F measure over runs of 1 to 6 letters, recall counted twice as much as precision, by a hundredth.
//!
//! Popovic (2015), "chrF: character n-gram F-score for automatic MT evaluation", as sacrebleu 2 computes it by default (chrF2, no words):
//! white space is taken out, capitals count, orders longer than one of the texts are left out. It needs no notion of a word, and so
//! serves every script.

use super::grams::{share, shared};

const ORDER: usize = 6;
/// The square of beta = 2.
const FACTOR: f64 = 4.0;

pub(super) fn chrf(answer: &str, wanted: &str) -> Result<f64, String> {
    let letters = |text: &str| -> Vec<char> {
        text.chars()
            .filter(|letter| !letter.is_whitespace())
            .collect()
    };
    let (a, b) = (letters(answer), letters(wanted));
    if b.is_empty() {
        return Err("the accepted text is empty: there is nothing to compare with".to_owned());
    }
    let counts: Vec<(usize, usize, usize)> = (1..=ORDER)
        .map(|n| shared(&a, &b, n))
        .filter(|(all, wanted, _)| *all > 0 && *wanted > 0)
        .collect();
    if counts.is_empty() {
        return Ok(0.0);
    }
    let mean = |of: fn(&(usize, usize, usize)) -> f64| {
        counts.iter().map(of).sum::<f64>() / share(counts.len(), 1)
    };
    let precision = mean(|(all, _, shared)| share(*shared, *all));
    let recall = mean(|(_, wanted, shared)| share(*shared, *wanted));
    if precision + recall == 0.0 {
        return Ok(0.0);
    }
    Ok((1.0 + FACTOR) * precision * recall / (FACTOR * precision + recall))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_letters_in_any_script() {
        // Computed with sacrebleu 2: by a hundredth.
        for (a, b, wanted) in [
            (
                "the cat sat",
                "the cat sat on the mat",
                0.495_934_840_996_600_8,
            ),
            ("abc", "abd", 0.388_888_888_888_888_9),
            (
                "Zürich liegt",
                "Zürich liegt am See",
                0.674_303_347_040_195_4,
            ),
            ("東京です", "東京", 0.781_249_999_999_999_9),
            ("x y z", "xyz", 1.0),
            ("a", "b", 0.0),
        ] {
            let found = chrf(a, b).unwrap();
            assert!((found - wanted).abs() < 1e-12, "{a} / {b}: {found}");
        }
        assert_eq!(chrf("", "x"), Ok(0.0));
        assert!(chrf("x", "").is_err());
    }
}
