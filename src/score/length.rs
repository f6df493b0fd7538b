//! `length`: how long the answer may be.
//!
//! Words and sentences are those of Unicode's text segmentation (a word holds a letter or digit), characters are what a reader counts as
//! one, lines are those with something on them; white space at the ends does not count. Not part of the default `success`: a rule about
//! form seldom decides whether an answer was right.

use std::fmt::Write as _;
use std::sync::Arc;

use unicode_segmentation::UnicodeSegmentation;

use super::{Found, Rule, ruled};
use crate::domain::decode::{Fields, Whole};
use crate::domain::kind::Kind;
use crate::domain::port::{Scorer, Seen};

pub(super) const fn kind() -> Kind<Arc<dyn Scorer>> {
    Kind {
        name: "length",
        summary: "how long the answer may be, in words, characters, sentences or lines",
        example: "{max_words: 120, min_sentences: 2}",
        decode,
    }
}

#[derive(Debug)]
struct Length {
    bounds: Vec<Bound>,
}

#[derive(Debug, Clone, Copy)]
struct Bound {
    unit: Unit,
    min: Option<u64>,
    max: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Words,
    Chars,
    Sentences,
    Lines,
}

/// Each unit with its keys.
const UNITS: [(Unit, &str, &str); 4] = [
    (Unit::Words, "min_words", "max_words"),
    (Unit::Chars, "min_chars", "max_chars"),
    (Unit::Sentences, "min_sentences", "max_sentences"),
    (Unit::Lines, "min_lines", "max_lines"),
];

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let mut bounds = Vec::new();
    let mut given = false;
    for (unit, least, most) in UNITS {
        let name = unit.name();
        let any = || Whole(0..=u64::MAX);
        let min = fields.optional(least, &format!("at least this many {name}"), any());
        let max = fields.optional(most, &format!("at most this many {name}"), any());
        given |= fields
            .node()
            .is_some_and(|node| node.get(least).is_some() || node.get(most).is_some());
        if let (Some(low), Some(high)) = (min, max)
            && low > high
        {
            fields.problem(
                least,
                format!("`{least}` is above `{most}`: nothing passes"),
            );
        }
        if min.is_some() || max.is_some() {
            bounds.push(Bound { unit, min, max });
        }
    }
    if !given {
        fields.problem("", "one bound must be given, such as `max_words`");
    }
    ruled(Length { bounds })
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Chars => "characters",
            Self::Sentences => "sentences",
            Self::Lines => "lines",
        }
    }

    fn count(self, text: &str) -> u64 {
        let text = text.trim();
        let count = match self {
            Self::Words => text.unicode_words().count(),
            Self::Chars => text.graphemes(true).count(),
            Self::Sentences => text.unicode_sentences().count(),
            Self::Lines => text.lines().filter(|line| !line.trim().is_empty()).count(),
        };
        count as u64
    }
}

impl Rule for Length {
    fn look(&self, seen: &Seen) -> Result<Found, String> {
        let mut counted = String::new();
        for bound in &self.bounds {
            let (name, count) = (bound.unit.name(), bound.unit.count(&seen.transcript.output));
            if let Some(most) = bound.max.filter(|most| count > *most) {
                return Ok(Found::new(
                    false,
                    format!("{count} {name}, at most {most} wanted"),
                ));
            }
            if let Some(least) = bound.min.filter(|least| count < *least) {
                return Ok(Found::new(
                    false,
                    format!("{count} {name}, at least {least} wanted"),
                ));
            }
            let comma = if counted.is_empty() { "" } else { ", " };
            write!(counted, "{comma}{count} {name}").map_err(|error| error.to_string())?;
        }
        Ok(Found::new(true, counted))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode as decoded, passes};
    use serde_json::json;

    #[test]
    fn each_unit_counts_what_a_reader_counts() {
        let text =
            "  It's 3.5 km, isn't it?  Yes.\n\nGo \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}!\n";
        for (unit, count) in [("words", 7), ("sentences", 3), ("lines", 2)] {
            let (min, max) = (format!("min_{unit}"), format!("max_{unit}"));
            assert!(
                passes("length", &json!({&min: count, &max: count}), None, text),
                "{unit}"
            );
            assert!(
                !passes("length", &json!({min: count + 1}), None, text),
                "{unit}"
            );
            assert!(
                !passes("length", &json!({max: count - 1}), None, text),
                "{unit}"
            );
        }
        assert!(passes(
            "length",
            &json!({"max_chars": 1, "min_chars": 1}),
            None,
            "e\u{301} "
        ));
    }

    #[test]
    fn an_empty_answer_has_no_length() {
        assert!(passes(
            "length",
            &json!({"max_words": 0, "max_lines": 0, "max_sentences": 0}),
            None,
            " \n"
        ));
        assert!(!passes("length", &json!({"min_chars": 1}), None, ""));
    }

    #[test]
    fn bounds_that_nothing_or_everything_passes_are_refused() {
        assert!(decoded("length", &json!({"min_words": 5, "max_words": 4})).is_err());
        assert!(decoded("length", &json!({})).is_err());
        assert_eq!(
            decoded("length", &json!({"max_words": "few"}))
                .unwrap_err()
                .len(),
            1
        );
    }
}
