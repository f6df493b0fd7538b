//! `contains`: texts that the answer must, or must not, hold.
//!
//! `any`, `all` and `none` may stand together; every one given must hold. Capital and small letters differ unless `ignore_case` says
//! otherwise: what is written is what is looked for. Both sides are brought to NFC. An empty text would be found in every answer and is
//! refused.

use std::borrow::Cow;
use std::sync::Arc;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{Found, Rule, Words, quoted, quoted_list, render, ruled};
use crate::domain::decode::{Fields, OneOrMany, Truth};
use crate::domain::kind::Kind;
use crate::domain::port::{Scorer, Seen};
use crate::domain::template::Template;

pub(super) const fn kind<W: Words>() -> Kind<Arc<dyn Scorer>> {
    Kind {
        name: "contains",
        summary: "texts that the answer must, or must not, hold",
        example: "{any: [\"30 days\", \"{{ expected }}\"], ignore_case: true}",
        decode: decode::<W>,
    }
}

#[derive(Debug)]
struct Contains {
    any: Vec<Template>,
    all: Vec<Template>,
    none: Vec<Template>,
    ignore_case: bool,
}

fn decode<W: Words>(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let any = texts::<W>(
        fields,
        "any",
        "at least one of these texts is in the answer",
    );
    let all = texts::<W>(fields, "all", "each of these texts is in the answer");
    let none = texts::<W>(fields, "none", "none of these texts is in the answer");
    let ignore_case = fields.or(
        "ignore_case",
        "capital and small letters are equal",
        Truth,
        false,
    );
    let (any, all, none) = (any?, all?, none?);
    if any.len() + all.len() + none.len() == 0 {
        fields.problem("", "one of `any`, `all`, `none` must name a text");
    }
    ruled(Contains {
        any,
        all,
        none,
        ignore_case,
    })
}

/// The texts of one option, none where it is absent; `None` where it is faulty.
fn texts<W: Words>(fields: &mut Fields<'_>, key: &'static str, doc: &str) -> Option<Vec<Template>> {
    let read = fields.optional(key, doc, OneOrMany(W::SHAPE));
    let absent = fields.node().is_none_or(|node| node.get(key).is_none());
    let texts = read.or_else(|| absent.then(Vec::new))?;
    if texts.iter().any(|text| text.source().is_empty()) {
        fields.problem(key, "an empty text is held by every answer; remove it");
    }
    Some(texts)
}

impl Contains {
    fn fold<'a>(&self, text: &'a str) -> Cow<'a, str> {
        // Most texts are in NFC already, and the quick check that says so costs a tenth.
        let text = if text.is_ascii() || is_nfc(text) {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(text.nfc().collect())
        };
        if self.ignore_case {
            Cow::Owned(text.to_lowercase())
        } else {
            text
        }
    }

    /// The texts of one option, each with whether the answer holds it.
    fn search(
        &self,
        option: &str,
        texts: &[Template],
        answer: &str,
        seen: &Seen,
    ) -> Result<Vec<(String, bool)>, String> {
        texts
            .iter()
            .map(|template| {
                let text = render(option, template, seen)?;
                if text.is_empty() {
                    return Err(format!("`{option}` holds an empty text for this case"));
                }
                let held = answer.contains(self.fold(&text).as_ref());
                Ok((text, held))
            })
            .collect()
    }
}

impl Rule for Contains {
    fn look(&self, seen: &Seen) -> Result<Found, String> {
        let answer = self.fold(&seen.transcript.output);
        let any = self.search("any", &self.any, &answer, seen)?;
        let all = self.search("all", &self.all, &answer, seen)?;
        let none = self.search("none", &self.none, &answer, seen)?;
        if let Some((text, _)) = all.iter().find(|(_, held)| !held) {
            return Ok(Found::new(false, format!("{} is missing", quoted(text))));
        }
        if let Some((text, _)) = none.iter().find(|(_, held)| *held) {
            return Ok(Found::new(
                false,
                format!("holds {}, which it must not", quoted(text)),
            ));
        }
        if any.is_empty() {
            return Ok(Found::new(true, "holds what it must"));
        }
        Ok(match any.iter().find(|(_, held)| *held) {
            Some((text, _)) => Found::new(true, format!("holds {}", quoted(text))),
            None => {
                let texts: Vec<String> = any.into_iter().map(|(text, _)| text).collect();
                Found::new(false, format!("does not hold {}", quoted_list(&texts)))
            }
        })
    }

    fn templates(&self) -> Vec<&Template> {
        self.any.iter().chain(&self.all).chain(&self.none).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode as decoded, passes, value};
    use crate::domain::score::{Unscored, Value};
    use serde_json::json;

    #[test]
    fn any_all_and_none_must_each_hold() {
        let rule = json!({"any": ["30 days", "a month"], "all": "refund", "none": ["never"]});
        assert!(passes("contains", &rule, None, "a refund within 30 days"));
        assert!(!passes("contains", &rule, None, "a refund within a week"));
        assert!(!passes("contains", &rule, None, "30 days"));
        assert!(!passes(
            "contains",
            &rule,
            None,
            "a refund in 30 days or never"
        ));
    }

    #[test]
    fn case_counts_unless_told_otherwise() {
        assert!(!passes("contains", &json!({"any": "bern"}), None, "Bern"));
        assert!(passes(
            "contains",
            &json!({"any": "STRASSE", "ignore_case": true}),
            None,
            "the strasse"
        ));
        assert!(passes(
            "contains",
            &json!({"all": "caf\u{e9}"}),
            None,
            "un cafe\u{301}"
        ));
    }

    #[test]
    fn the_case_is_inserted_as_data() {
        let rule = json!({"any": "{{ expected }}"});
        assert!(passes(
            "contains",
            &rule,
            Some(json!("{{ x }}")),
            "say {{ x }}"
        ));
        assert_eq!(
            value("contains", &rule, Some(json!("")), "anything"),
            Value::Unscored(Unscored::Broken)
        );
        assert_eq!(
            value("contains", &rule, None, "anything"),
            Value::Unscored(Unscored::Broken)
        );
    }

    #[test]
    fn a_rule_that_every_answer_passes_is_refused() {
        for options in [json!({}), json!({"any": []}), json!({"none": ""})] {
            assert_eq!(
                decoded("contains", &options).unwrap_err().len(),
                1,
                "{options}"
            );
        }
        assert_eq!(
            decoded("contains", &json!({"any": {"a": 1}})).unwrap_err(),
            ["text is wanted here, this is a map"]
        );
    }
}
