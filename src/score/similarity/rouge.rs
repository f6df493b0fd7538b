//! `rouge_1`, `rouge_2`, `rouge_l`: the F measure over words, pairs of words, and the longest common sequence of words.
//!
//! Lin (2004), "ROUGE: A Package for Automatic Evaluation of Summaries", as the `rouge-score` package computes it without its stemmer:
//! words are runs of the letters a to z (in small letters) and digits, and nothing else is seen, so that an accepted text without any is
//! no text to compare with. `rouge_l` takes the text as one sentence.

use super::align::{Numbered, common};
use super::grams::{f1, shared};

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The words of answer and accepted text.
fn both(answer: &str, wanted: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let (a, b) = (words(answer), words(wanted));
    if b.is_empty() {
        return Err("the accepted text has no word of a-z and 0-9, and ROUGE sees no other; use chrf or levenshtein".to_owned());
    }
    Ok((a, b))
}

fn of_runs(answer: &str, wanted: &str, n: usize) -> Result<f64, String> {
    let (a, b) = both(answer, wanted)?;
    let (a, b, shared) = shared(&a, &b, n);
    Ok(f1(a, b, shared))
}

pub(super) fn rouge_1(answer: &str, wanted: &str) -> Result<f64, String> {
    of_runs(answer, wanted, 1)
}

pub(super) fn rouge_2(answer: &str, wanted: &str) -> Result<f64, String> {
    of_runs(answer, wanted, 2)
}

pub(super) fn rouge_l(answer: &str, wanted: &str) -> Result<f64, String> {
    let (a, b) = both(answer, wanted)?;
    let mut numbered = Numbered::default();
    let (a, b) = (numbered.of(a), numbered.of(b));
    Ok(f1(a.len(), b.len(), common(&a, &b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_the_paper() {
        // Lin 2004, section 3.1: S1 against S2 and S3, where beta = 1.
        let wanted = "police killed the gunman";
        let rouge = |answer: &str| rouge_l(answer, wanted).unwrap();
        assert!((rouge("police kill the gunman") - 0.75).abs() < 1e-12);
        assert!((rouge("the gunman kill police") - 0.5).abs() < 1e-12);
        assert!((rouge_2("the gunman kill police", wanted).unwrap() - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn letters_that_rouge_does_not_see_are_no_text_to_compare_with() {
        assert!(rouge_1("東京", "東京").is_err());
        assert_eq!(rouge_1("東京", "Tokyo"), Ok(0.0));
        assert_eq!(rouge_1("U.S.-made", "u s made"), Ok(1.0));
    }
}
