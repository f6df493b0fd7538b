//! `similarity`: how alike the answer and an accepted text are, from 0 (nothing in common) to 1 (the same by this measure).
//!
//! A measure is one row of the table of `by`. Each accepted text is compared on its own, and the best one counts, also where a paper's
//! own program would pool several references. With `at_least` the score says pass or fail, else it is a number. Texts beyond the
//! measure's bound are not compared: the trial is unscored, since some of the measures take time that grows with the product of both
//! lengths.
//!
//! The measures see words and letters, not meaning: "30 days" and "a month" are as unlike as "30 days" and "never".

use std::sync::Arc;

use super::{Words, quoted, wanted};
use crate::domain::decode::{Fields, OneOf, OneOrMany, Real};
use crate::domain::kind::Kind;
use crate::domain::port::{Scorer, Seen};
use crate::domain::score::{Measure, Score, Unscored, Value};
use crate::domain::template::Template;

mod align;
mod bleu;
mod chrf;
mod grams;
mod levenshtein;
mod rouge;
pub(in crate::score) mod token_f1;

pub(super) const fn kind<W: Words>() -> Kind<Arc<dyn Scorer>> {
    Kind {
        name: "similarity",
        summary: "how alike the answer and an accepted text are, by letters or words",
        example: "{by: token_f1, at_least: 0.5}",
        decode: decode::<W>,
    }
}

/// The most characters of a text, for measures whose time grows with the length.
const LONG: usize = 65_536;
/// The same for comparing letter by letter, whose time grows with the product of both lengths.
const SHORT: usize = 16_384;

/// A measure of likeness.
#[derive(Debug, Clone, Copy)]
struct By {
    name: &'static str,
    /// The most characters that either text may have.
    most: usize,
    /// The answer and an accepted text; the likeness from 0 to 1, or why this measure has none for such texts.
    of: fn(&str, &str) -> Result<f64, String>,
}

const fn row(
    name: &'static str,
    most: usize,
    of: fn(&str, &str) -> Result<f64, String>,
) -> (&'static str, By) {
    (name, By { name, most, of })
}

static MEASURES: &[(&str, By)] = &[
    row("levenshtein", SHORT, levenshtein::similarity),
    row("token_f1", LONG, token_f1::f1),
    row("rouge_1", LONG, rouge::rouge_1),
    row("rouge_2", LONG, rouge::rouge_2),
    row("rouge_l", LONG, rouge::rouge_l),
    row("bleu", LONG, bleu::bleu),
    row("chrf", LONG, chrf::chrf),
];

/// How alike two texts are, from 0 to 1, by the name of a measure: what `similarity` finds for an answer and one accepted text.
///
/// # Errors
/// In words: there is no such measure, a text is beyond the measure's bound, or the measure has no value for such texts.
pub fn alike(by: &str, answer: &str, wanted: &str) -> Result<f64, String> {
    let by = MEASURES
        .iter()
        .find(|(name, _)| *name == by)
        .map(|(_, by)| *by)
        .ok_or_else(|| format!("there is no measure `{by}`"))?;
    by.compare(answer, wanted)
}

impl By {
    fn compare(&self, answer: &str, wanted: &str) -> Result<f64, String> {
        for (what, text) in [("the answer", answer), ("the accepted text", wanted)] {
            if text.chars().nth(self.most).is_some() {
                return Err(format!(
                    "{what} is over {} characters, the most that `{}` compares",
                    self.most, self.name
                ));
            }
        }
        (self.of)(answer, wanted)
    }
}

#[derive(Debug)]
struct Similarity {
    by: By,
    expected: Option<Vec<Template>>,
    at_least: Option<f64>,
}

fn decode<W: Words>(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let by = fields.required(
        "by",
        "the measure: levenshtein (letters changed), token_f1 (words, as SQuAD), rouge_1, rouge_2, rouge_l (words, pairs, sequence), bleu, chrf (runs of letters)",
        OneOf(MEASURES),
    );
    let expected = fields.optional(
        "expected",
        "the accepted text or texts, the most alike counts; default: the case's `expected`",
        OneOrMany(W::SHAPE),
    );
    let at_least = fields.optional(
        "at_least",
        "pass from this likeness on, 0 to 1; without it the score is the number",
        Real(0.0..=1.0),
    );
    if expected.as_ref().is_some_and(Vec::is_empty) {
        fields.problem("expected", "no text is accepted here; name at least one");
    }
    let missing = fields
        .node()
        .is_some_and(|node| node.get("at_least").is_none());
    if W::IN_A_CHECK && missing {
        fields.problem("", "a check says pass or fail: give it `at_least`");
    }
    Some(Arc::new(Similarity {
        by: by?,
        expected,
        at_least,
    }))
}

impl Similarity {
    /// The likeness to the accepted text that is most alike, and that text.
    fn best(&self, seen: &Seen) -> Result<(f64, String), String> {
        let output = &seen.transcript.output;
        let mut best: Option<(f64, String)> = None;
        for text in wanted(self.expected.as_deref(), seen)? {
            let alike = self.by.compare(output, &text)?;
            if best.as_ref().is_none_or(|(most, _)| alike > *most) {
                best = Some((alike, text));
            }
        }
        best.ok_or_else(|| "no text is accepted here".to_owned())
    }
}

impl Scorer for Similarity {
    fn measure(&self) -> Measure {
        match self.at_least {
            Some(_) => Measure::PassFail,
            None => Measure::Number {
                scale: Some((0.0, 1.0)),
                pass: None,
            },
        }
    }

    fn templates(&self) -> Vec<&Template> {
        self.expected.iter().flatten().collect()
    }

    fn needs_expected(&self) -> bool {
        self.expected.is_none()
            || self
                .templates()
                .iter()
                .any(|template| template.variables().contains("expected"))
    }

    fn score(&self, id: &str, seen: &Seen) -> Option<Score> {
        Some(match self.best(seen) {
            Err(why) => Score::unscored(id, Unscored::Broken, why),
            Ok((alike, text)) => alike_or_not(id, self.by.name, alike, self.at_least, &text),
        })
    }
}

/// The score of a likeness: pass or fail where there is a bar, else the number.
pub(super) fn alike_or_not(
    id: &str,
    by: &str,
    alike: f64,
    at_least: Option<f64>,
    text: &str,
) -> Score {
    let found = format!("{by} {} to {}", shown(alike, at_least), quoted(text));
    match at_least {
        Some(bar) => Score::pass(id, alike >= bar, format!("{found}, at least {bar} wanted")),
        None => Score::new(id, Value::Number(alike)).because(found),
    }
}

/// Three decimals, or as many as it takes to tell the number from the bar it stands against.
fn shown(number: f64, bar: Option<f64>) -> String {
    let short = format!("{number:.3}");
    let misleads = |text: &str, bar: f64| {
        text.parse::<f64>()
            .is_ok_and(|read| (read >= bar) != (number >= bar))
    };
    match bar {
        Some(bar) if misleads(&short, bar) => number.to_string(),
        _ => short,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::testing::{case, decode as decoded, passes, seen, value};
    use super::*;

    fn number(by: &str, expected: Json, output: &str) -> f64 {
        match value("similarity", &json!({"by": by}), Some(expected), output) {
            Value::Number(number) => number,
            other => panic!("{by} of {output:?} is {other:?}"),
        }
    }

    #[test]
    fn every_measure_is_1_for_equal_texts_and_0_for_texts_with_nothing_in_common() {
        for (by, _) in MEASURES {
            let same = number(
                by,
                json!("the cat sat on the mat"),
                "the cat sat on the mat",
            );
            assert!((same - 1.0).abs() < 1e-12, "{by}: {same}");
            let other = number(by, json!("xyzzy"), "quell bjork");
            assert!(other < 1e-12, "{by}: {other}");
        }
    }

    #[test]
    fn of_several_accepted_texts_the_most_alike_counts() {
        let several = json!(["a month", "30 days", "thirty days"]);
        assert!((number("levenshtein", several.clone(), "30 days") - 1.0).abs() < 1e-12);
        let rule = json!({"by": "token_f1", "expected": ["{{ id }} and more", "nothing"], "at_least": 0.5});
        assert!(passes("similarity", &rule, None, "c1"));
        assert!(!passes("similarity", &rule, None, "c2"));
    }

    #[test]
    fn the_bar_itself_passes_and_the_reason_never_contradicts_it() {
        let rule = |bar: f64| json!({"by": "levenshtein", "at_least": bar});
        // 1 - 1/4.
        assert!(passes(
            "similarity",
            &rule(0.75),
            Some(json!("abcd")),
            "abcx"
        ));
        assert!(!passes(
            "similarity",
            &rule(0.750_001),
            Some(json!("abcd")),
            "abcx"
        ));
        assert_eq!(shown(0.749_96, Some(0.75)), "0.74996");
        assert_eq!(shown(0.749_96, Some(0.5)), "0.750");
    }

    #[test]
    fn what_is_too_long_is_unscored_and_takes_no_time() {
        let long = "ab ".repeat(1 << 19);
        for (by, row) in MEASURES {
            let scorer = decoded("similarity", &json!({"by": by})).unwrap();
            let score = scorer
                .score("s", &seen(case(Some(json!(long))), &long))
                .unwrap();
            assert_eq!(score.value, Value::Unscored(Unscored::Broken), "{by}");
            let reason = score.reason.unwrap();
            assert!(reason.contains(&row.most.to_string()), "{reason}");
        }
    }

    #[test]
    fn texts_at_the_bound_are_compared() {
        for (by, row) in MEASURES {
            let pattern: String = "abcdefg hij klmno pq. "
                .chars()
                .cycle()
                .take(row.most)
                .collect();
            let other: String = pattern.chars().rev().collect();
            let alike = number(by, json!(pattern), &other);
            assert!((0.0..=1.0).contains(&alike), "{by}: {alike}");
        }
    }

    #[test]
    fn the_measure_is_named_and_a_bar_lies_between_0_and_1() {
        for wrong in [
            json!({}),
            json!({"by": "rouge"}),
            json!({"by": "bleu", "at_least": 30}),
            json!({"by": "bleu", "expected": []}),
        ] {
            assert!(decoded("similarity", &wrong).is_err(), "{wrong}");
        }
        let scorer = decoded("similarity", &json!({"by": "chrf"})).unwrap();
        assert!(scorer.needs_expected() && !scorer.measure().decides());
        let empty = scorer.score("s", &seen(case(None), "x")).unwrap();
        assert!(empty.is_unscored());
    }
}
