//! `token_f1`: the harmonic mean of precision and recall over words, as SQuAD counts it.
//!
//! Words are what is left after small letters, without ASCII punctuation, without the English articles a, an and the, split at white
//! space (Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text", and its evaluation program). Where one of
//! two texts has no words the likeness is 1 if both have none, else 0, as in SQuAD 2.0.

use std::borrow::Cow;
use std::sync::LazyLock;

use ::regex::Regex;

use super::grams::{f1 as harmonic, shared};

static ARTICLES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(a|an|the)\b").expect("the pattern is a constant"));

/// A text in small letters with a space in place of each English article.
pub(in crate::score) fn without_articles(small: &str) -> Cow<'_, str> {
    ARTICLES.replace_all(small, " ")
}

/// The words that are compared.
pub(in crate::score) fn words(text: &str) -> Vec<String> {
    let small: String = text
        .to_lowercase()
        .chars()
        .filter(|letter| !letter.is_ascii_punctuation())
        .collect();
    without_articles(&small)
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

#[expect(clippy::unnecessary_wraps, reason = "a row of the table of measures")]
pub(in crate::score) fn f1(answer: &str, wanted: &str) -> Result<f64, String> {
    let (a, b) = (words(answer), words(wanted));
    if a.is_empty() && b.is_empty() {
        return Ok(1.0);
    }
    let (a, b, both) = shared(&a, &b, 1);
    Ok(harmonic(a, b, both))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_as_squad_does() {
        for (a, b, wanted) in [
            ("The capital is Bern!", "bern", 0.5),
            ("the", "a", 1.0),
            ("", "Bern", 0.0),
            // 2 of 3 words here, 2 of 2 there.
            ("big red dog", "the red dog", 0.8),
            ("red red dog", "red dog dog", 2.0 / 3.0),
        ] {
            let found = f1(a, b).unwrap();
            assert!((found - wanted).abs() < 1e-12, "{a} / {b}: {found}");
        }
    }
}
