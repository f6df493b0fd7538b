//! `exact`: the answer is one of the accepted texts.
//!
//! White space at the ends never counts, and two spellings of one Unicode text (`é` as one character or two) are equal: both sides are
//! brought to NFC. Everything else counts unless an option says otherwise. All four options together are the normalisation under which
//! question-answering benchmarks count an "exact match".

use std::sync::{Arc, LazyLock};

use ::regex::Regex;
use unicode_normalization::UnicodeNormalization;

use super::{Found, Rule, Words, quoted, quoted_list, ruled, wanted};
use crate::domain::decode::{Fields, OneOrMany, Truth};
use crate::domain::kind::Kind;
use crate::domain::port::{Scorer, Seen};
use crate::domain::template::Template;

pub(super) const fn kind<W: Words>() -> Kind<Arc<dyn Scorer>> {
    Kind {
        name: "exact",
        summary: "the answer is one of the accepted texts",
        example: "{ignore_case: true, ignore_punctuation: true}",
        decode: decode::<W>,
    }
}

#[derive(Debug)]
struct Exact {
    expected: Option<Vec<Template>>,
    folding: Folding,
}

/// What does not count when two texts are compared.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent switches of the user's"
)]
struct Folding {
    case: bool,
    space: bool,
    punctuation: bool,
    articles: bool,
}

fn decode<W: Words>(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let expected = fields.optional(
        "expected",
        "the accepted text or texts; default: the case's `expected`",
        OneOrMany(W::SHAPE),
    );
    let mut switch = |key, doc| fields.or(key, doc, Truth, false);
    let folding = Folding {
        case: switch("ignore_case", "capital and small letters are equal"),
        space: switch("ignore_space", "any run of white space counts as one space"),
        punctuation: switch("ignore_punctuation", "punctuation does not count"),
        articles: switch(
            "ignore_articles",
            "the English words a, an and the do not count; white space as with `ignore_space`",
        ),
    };
    if expected.as_ref().is_some_and(Vec::is_empty) {
        fields.problem("expected", "no text is accepted here; name at least one");
    }
    ruled(Exact { expected, folding })
}

impl Folding {
    fn fold(self, text: &str) -> String {
        static PUNCTUATION: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"[\p{P}$+<=>^`|~]").expect("a constant pattern that the tests compile")
        });
        static ARTICLES: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?i)\b(?:a|an|the)\b").expect("a constant pattern that the tests compile")
        });
        let mut text: String = text.trim().nfc().collect();
        if self.case {
            text = text.to_lowercase();
        }
        if self.punctuation {
            text = PUNCTUATION.replace_all(&text, "").into_owned();
        }
        if self.articles {
            text = ARTICLES.replace_all(&text, " ").into_owned();
        }
        if self.space || self.articles {
            text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        text.trim().to_owned()
    }
}

impl Rule for Exact {
    fn look(&self, seen: &Seen) -> Result<Found, String> {
        let wanted = wanted(self.expected.as_deref(), seen)?;
        let given = self.folding.fold(&seen.transcript.output);
        let met = wanted.iter().find(|text| self.folding.fold(text) == given);
        Ok(match met {
            Some(text) => Found::new(true, format!("is {}", quoted(text))),
            None => Found::new(
                false,
                format!(
                    "is {}, wanted {}",
                    quoted(&seen.transcript.output),
                    quoted_list(&wanted)
                ),
            ),
        })
    }

    fn templates(&self) -> Vec<&Template> {
        self.expected.iter().flatten().collect()
    }

    fn needs_expected(&self) -> bool {
        self.expected.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{case, decode as decoded, passes, seen, value};
    use crate::domain::score::{Unscored, Value};
    use serde_json::json;

    #[test]
    fn only_ends_and_unicode_spelling_are_forgiven_by_default() {
        let bern = Some(json!("Bern"));
        assert!(passes("exact", &json!({}), bern.clone(), " Bern\n"));
        assert!(!passes("exact", &json!({}), bern.clone(), "bern"));
        assert!(!passes("exact", &json!({}), bern, "Bern."));
        assert!(passes(
            "exact",
            &json!({}),
            Some(json!("caf\u{e9}")),
            "cafe\u{301}"
        ));
    }

    #[test]
    fn each_option_forgives_one_thing() {
        for (option, wanted, given) in [
            ("ignore_case", "New York", "NEW YORK"),
            ("ignore_space", "New York", "New \n York"),
            (
                "ignore_punctuation",
                "New York",
                "\u{201c}New York!\u{201d}",
            ),
            ("ignore_articles", "the New York", "New York"),
        ] {
            let expected = Some(json!(wanted));
            assert!(passes(
                "exact",
                &json!({option: true}),
                expected.clone(),
                given
            ));
            assert!(!passes("exact", &json!({}), expected, given), "{option}");
        }
        let all = json!({"ignore_case": true, "ignore_space": true, "ignore_punctuation": true, "ignore_articles": true});
        assert!(passes("exact", &all, Some(json!("Theatre!")), "a  theatre"));
    }

    #[test]
    fn any_accepted_answer_will_do_and_the_option_wins_over_the_case() {
        let several = Some(json!(["ten", 10]));
        assert!(passes("exact", &json!({}), several.clone(), "10"));
        assert!(!passes(
            "exact",
            &json!({"expected": "nine"}),
            several,
            "10"
        ));
        assert!(passes(
            "exact",
            &json!({"expected": ["nine", 10]}),
            None,
            "10"
        ));
        assert!(passes(
            "exact",
            &json!({"expected": "{{ input }}!"}),
            None,
            "a question!"
        ));
    }

    #[test]
    fn a_case_without_an_accepted_answer_is_unscored() {
        assert_eq!(
            value("exact", &json!({}), None, "x"),
            Value::Unscored(Unscored::Broken)
        );
        assert_eq!(
            value("exact", &json!({}), Some(json!([])), "x"),
            Value::Unscored(Unscored::Broken)
        );
        let scorer = decoded("exact", &json!({"expected": "{{ nothing }}"})).unwrap();
        let score = scorer.score("s", &seen(case(None), "x")).unwrap();
        assert!(
            score
                .reason
                .unwrap()
                .contains("`expected` cannot be rendered")
        );
        assert!(decoded("exact", &json!({"expected": []})).is_err());
    }

    #[test]
    fn whether_the_case_must_have_an_answer_is_known_beforehand() {
        let needs = |options| decoded("exact", &options).unwrap().needs_expected();
        assert!(needs(json!({})));
        assert!(!needs(json!({"expected": "x"})));
        assert!(needs(json!({"expected": "{{ expected }}."})));
    }
}
