//! `bleu`: sentence BLEU by a hundredth, so that it runs from 0 to 1.
//!
//! Papineni et al. (2002), "BLEU: a Method for Automatic Evaluation of Machine Translation", as sacrebleu 2 computes `sentence_bleu`
//! (Post 2018, "A Call for Clarity in Reporting BLEU Scores"): tokens of `13a`, capitals kept, runs of up to 4 tokens but no longer than
//! the answer (effective order), exponential smoothing of orders without a match (Chen and Cherry 2014, method 3), brevity penalty. A
//! single sentence is little for BLEU, which was made for a whole test set: use it to rank, not as a grade.

use std::sync::LazyLock;

use ::regex::Regex;

use super::grams::{share, shared};

const ORDER: usize = 4;

/// The steps of the `13a` tokeniser (mteval-v13a of NIST) for languages with Latin letters, in order.
static STEPS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // Every ASCII sign but the apostrophe, comma, full stop and hyphen stands alone.
        (r"([{-~\[-` -&(-+:-@/])", " $1 "),
        // Full stop and comma stand alone unless between digits.
        (r"([^0-9])([.,])", "$1 $2 "),
        (r"([.,])([^0-9])", " $1 $2"),
        // A hyphen after a digit stands alone.
        (r"([0-9])(-)", "$1 $2 "),
    ]
    .into_iter()
    .map(|(pattern, with)| {
        (
            Regex::new(pattern).expect("the pattern is a constant"),
            with,
        )
    })
    .collect()
});

fn tokens(text: &str) -> Vec<String> {
    let mut line = text
        .replace("<skipped>", "")
        .replace("-\n", "")
        .replace('\n', " ");
    for (entity, sign) in [
        ("&quot;", "\""),
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ] {
        line = line.replace(entity, sign);
    }
    line = format!(" {line} ");
    for (pattern, with) in STEPS.iter() {
        line = pattern.replace_all(&line, *with).into_owned();
    }
    line.split_whitespace().map(str::to_owned).collect()
}

pub(super) fn bleu(answer: &str, wanted: &str) -> Result<f64, String> {
    let (a, b) = (tokens(answer), tokens(wanted));
    if b.is_empty() {
        return Err("the accepted text is empty: there is nothing to compare with".to_owned());
    }
    let counts: Vec<(usize, usize)> = (1..=ORDER)
        .map(|n| shared(&a, &b, n))
        .map(|(all, _, shared)| (all, shared))
        .take_while(|(all, _)| *all > 0)
        .collect();
    if counts.iter().all(|(_, shared)| *shared == 0) {
        return Ok(0.0);
    }
    let mut smooth = 1.0;
    let logs: f64 = counts
        .iter()
        .map(|(all, shared)| match shared {
            0 => {
                smooth *= 2.0;
                (share(1, *all) / smooth).ln()
            }
            shared => share(*shared, *all).ln(),
        })
        .sum();
    let brevity = if a.len() < b.len() {
        (1.0 - share(b.len(), a.len())).exp()
    } else {
        1.0
    };
    let mean = logs / share(counts.len(), 1);
    Ok((brevity * mean.exp()).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_13a() {
        for (text, wanted) in [
            ("Hello, world!", "Hello , world !"),
            ("It's 3.5 or 1,000.", "It's 3.5 or 1,000 ."),
            ("a 3-inch well-known hole", "a 3 - inch well-known hole"),
            ("R&amp;D &lt;x&gt;", "R & D < x >"),
            ("50%/day (max)", "50 % / day ( max )"),
            ("end-\nof line\nnext", "endof line next"),
        ] {
            assert_eq!(tokens(text).join(" "), wanted, "{text}");
        }
    }

    #[test]
    fn short_and_smoothed_sentences() {
        // Computed with sacrebleu 2: by a hundredth.
        for (a, b, wanted) in [
            (
                "the cat sat",
                "the cat sat on the mat",
                0.367_879_441_171_442_2,
            ),
            ("Paris", "Paris", 1.0),
            ("a", "b", 0.0),
            (
                "Hello, world! It's 3.5-inch.",
                "Hello world: it is 3.5 inch",
                0.067_425_559_297_517_83,
            ),
        ] {
            let found = bleu(a, b).unwrap();
            assert!((found - wanted).abs() < 1e-12, "{a} / {b}: {found}");
        }
        assert_eq!(bleu("", "Paris"), Ok(0.0));
        assert!(bleu("Paris", " ").is_err());
    }
}
