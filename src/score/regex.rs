//! `regex`: a pattern that the answer must match.
//!
//! The syntax is that of Rust's `regex` crate: no look-around and no back-references, and so no pattern that takes forever. `full` wants
//! the whole answer to match (white space at its ends does not count), else a match anywhere will do. What a template inserts into a
//! pattern becomes pattern: a `.` in it matches any character. A pattern that inserts nothing is compiled once, when the suite is read.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use ::regex::{Regex, RegexBuilder};

use super::{Found, Rule, Words, quoted, render, ruled};
use crate::domain::decode::{Fields, Truth};
use crate::domain::kind::Kind;
use crate::domain::port::{Scorer, Seen};
use crate::domain::template::Template;

/// The most a compiled pattern may take, in bytes; patterns may come from data.
const MOST: usize = 1 << 20;

pub(super) const fn kind<W: Words>() -> Kind<Arc<dyn Scorer>> {
    Kind {
        name: "regex",
        summary: "a pattern that the answer must match",
        example: "{pattern: \"^[A-Z]{3}-[0-9]+$\", full: true}",
        decode: decode::<W>,
    }
}

#[derive(Debug)]
struct Pattern {
    source: Template,
    /// Compiled beforehand, where the pattern inserts nothing.
    constant: Option<Regex>,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    full: bool,
    ignore_case: bool,
}

fn decode<W: Words>(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let source = fields.required(
        "pattern",
        "what the answer must match, in the syntax of Rust's regex crate",
        W::SHAPE,
    );
    let full = fields.or("full", "the whole answer must match", Truth, false);
    let ignore_case = fields.or(
        "ignore_case",
        "capital and small letters are equal",
        Truth,
        false,
    );
    let (source, form) = (source?, Form { full, ignore_case });
    let mut constant = None;
    if source.variables().is_empty() {
        match form.compile(source.source()) {
            Ok(regex) => constant = Some(regex),
            Err(why) => fields.problem("pattern", why),
        }
    }
    ruled(Pattern {
        source,
        constant,
        form,
    })
}

/// A pattern of which a match anywhere will do.
pub(super) fn anywhere(pattern: &str) -> Result<Regex, String> {
    let form = Form {
        full: false,
        ignore_case: false,
    };
    form.compile(pattern)
}

/// Patterns whose compiled form is kept: those of the cases' own checks are read once to be checked and then for every trial.
const KEPT: usize = 64;

type Compiled = (Form, String, Regex);

thread_local! {
    /// The patterns compiled last, the latest first. It changes how long a pattern takes and nothing else.
    static LATEST: RefCell<VecDeque<Compiled>> = const { RefCell::new(VecDeque::new()) };
}

impl Form {
    fn compile(self, pattern: &str) -> Result<Regex, String> {
        LATEST.with_borrow_mut(|latest| {
            let known = |(form, text, _): &Compiled| *form == self && text == pattern;
            let found = match latest.iter().position(known) {
                Some(at) => latest.remove(at),
                None => None,
            };
            let compiled = match found {
                Some(compiled) => compiled,
                None => (self, pattern.to_owned(), self.build(pattern)?),
            };
            let regex = compiled.2.clone();
            latest.push_front(compiled);
            latest.truncate(KEPT);
            Ok(regex)
        })
    }

    fn build(self, pattern: &str) -> Result<Regex, String> {
        let compiled = |pattern: &str| {
            RegexBuilder::new(pattern)
                .case_insensitive(self.ignore_case)
                .size_limit(MOST)
                .dfa_size_limit(MOST)
                .build()
                .map_err(|error| explain(&error))
        };
        if self.full {
            // As written first, so that an unbalanced parenthesis cannot be balanced by the frame around it. Its syntax is enough.
            if regex_syntax::parse(pattern).is_err() {
                compiled(pattern)?;
            }
            // A pattern in `x` mode may end with a comment, which would swallow the frame's end: a line break ends it.
            compiled(&format!(r"\A(?:{pattern})\z"))
                .or_else(|_| compiled(&format!("\\A(?:{pattern}\n)\\z")))
        } else {
            compiled(pattern)
        }
    }
}

/// The last line of a syntax error says what is wrong; the lines before it draw the pattern.
fn explain(error: &::regex::Error) -> String {
    match error {
        ::regex::Error::CompiledTooBig(_) => "the pattern is too large once compiled".into(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            let last = last.strip_prefix("error: ").unwrap_or(last);
            format!("the pattern cannot be read: {last}")
        }
    }
}

impl Rule for Pattern {
    fn look(&self, seen: &Seen) -> Result<Found, String> {
        let rendered;
        let regex = match &self.constant {
            Some(regex) => regex,
            None => {
                rendered = self.form.compile(&render("pattern", &self.source, seen)?)?;
                &rendered
            }
        };
        let output = &seen.transcript.output;
        let text = if self.form.full {
            output.trim()
        } else {
            output
        };
        Ok(match regex.find(text) {
            Some(found) => Found::new(true, format!("matches with {}", quoted(found.as_str()))),
            None => Found::new(
                false,
                format!("does not match {}", quoted(self.source.source())),
            ),
        })
    }

    fn templates(&self) -> Vec<&Template> {
        vec![&self.source]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode as decoded, passes, value};
    use super::{Form, KEPT, LATEST};
    use crate::domain::score::{Unscored, Value};
    use serde_json::json;
    use std::collections::VecDeque;

    #[test]
    fn a_pattern_met_again_is_compiled_once() {
        let form = |full| Form {
            full,
            ignore_case: false,
        };
        let held = || LATEST.with_borrow(VecDeque::len);
        let before = held();
        assert!(form(false).compile("once").unwrap().is_match("at once"));
        assert!(form(false).compile("once").unwrap().is_match("at once"));
        assert_eq!(held(), before + 1);
        // The same text in another form is another pattern.
        assert!(!form(true).compile("once").unwrap().is_match("at once"));
        assert_eq!(held(), before + 2);
        for number in 0..2 * KEPT {
            form(false).compile(&format!("x{number}")).unwrap();
        }
        assert_eq!(held(), KEPT);
        assert!(form(false).compile("(").is_err());
        assert_eq!(held(), KEPT);
    }

    #[test]
    fn a_match_anywhere_will_do_unless_the_whole_is_wanted() {
        let anywhere = json!({"pattern": "[A-Z]{3}-\\d+"});
        let full = json!({"pattern": "[A-Z]{3}-\\d+|none", "full": true});
        assert!(passes("regex", &anywhere, None, "ticket ABC-12."));
        assert!(!passes("regex", &full, None, "ticket ABC-12."));
        assert!(passes("regex", &full, None, " ABC-12\n"));
        assert!(passes("regex", &full, None, "none"));
        assert!(!passes("regex", &full, None, "none at all"));
        assert!(passes(
            "regex",
            &json!({"pattern": "^yes", "ignore_case": true}),
            None,
            "YES"
        ));
    }

    #[test]
    fn a_commented_pattern_can_be_wanted_in_full() {
        let rule = json!({"pattern": "(?x) \\d+ # digits", "full": true});
        assert!(passes("regex", &rule, None, "12"));
        assert!(!passes("regex", &rule, None, "12 or so"));
    }

    #[test]
    fn a_faulty_pattern_is_a_problem_of_the_suite() {
        for pattern in ["(", "a)(b", "(?=look)", "(?:\\w{1000}){1000}"] {
            let problems =
                decoded("regex", &json!({"pattern": pattern, "full": true})).unwrap_err();
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with("the pattern "), "{problems:?}");
        }
    }

    #[test]
    fn a_pattern_with_the_case_in_it_is_compiled_for_each_case() {
        let rule = json!({"pattern": "\\b{{ expected }}\\b"});
        assert!(passes("regex", &rule, Some(json!("cat")), "a cat"));
        assert!(!passes("regex", &rule, Some(json!("cat")), "a category"));
        assert_eq!(
            value("regex", &rule, Some(json!("(")), "a cat"),
            Value::Unscored(Unscored::Broken)
        );
    }
}
