//! `levenshtein`: 1 - (letters inserted, deleted or replaced) / (letters of the longer text).
//!
//! A letter is one Unicode character (scalar value) after NFC, so that both spellings of `é` are one letter; capitals, space and
//! punctuation count. Two empty texts are the same.

use unicode_normalization::UnicodeNormalization;

use super::align::{Numbered, distance};
use super::grams::share;

#[expect(clippy::unnecessary_wraps, reason = "a row of the table of measures")]
pub(super) fn similarity(answer: &str, wanted: &str) -> Result<f64, String> {
    let mut letters = Numbered::default();
    let (a, b) = (letters.of(answer.nfc()), letters.of(wanted.nfc()));
    let longer = a.len().max(b.len());
    Ok(match longer {
        0 => 1.0,
        longer => 1.0 - share(distance(&a, &b), longer),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_shares_of_the_longer_text() {
        for (a, b, wanted) in [
            ("kitten", "sitting", 1.0 - 3.0 / 7.0),
            ("", "", 1.0),
            ("", "abc", 0.0),
            ("caf\u{e9}", "cafe\u{301}", 1.0),
            ("Bern", "bern", 0.75),
            ("日本", "日本語", 1.0 - 1.0 / 3.0),
        ] {
            let found = similarity(a, b).unwrap();
            assert!((found - wanted).abs() < 1e-12, "{a} {b}: {found}");
        }
    }
}
