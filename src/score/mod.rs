//! Rules: a transcript in, a score out.
//!
//! A rule is one file: its options, its decoder, its logic and its tests; and one row in [`KINDS`]. Rules say pass or fail; `similarity`
//! without a bar yields a number.
//!
//! A text option is a template. In a suite it may insert the case's values and `output`; in a case's own `checks` it is data and stands
//! for itself, whatever it looks like. So every decoder is written once over `Words`, and the two tables differ in nothing else. An
//! option that cannot be rendered for a case leaves the trial unscored ([`Unscored::Broken`]): that is no fault of the agent's.

use std::fmt::Debug;
use std::sync::Arc;

use crate::domain::decode::{Shape, Templated};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::kind::Kind;
use crate::domain::message::{Message, Role};
use crate::domain::port::{Question, Scorer, Seen};
use crate::domain::score::{Measure, Score, Unscored, Value};
use crate::domain::template::{Scope, Template};

pub mod benchmark;
mod budget;
mod checks;
mod choice;
mod command;
mod contains;
mod cosine;
mod exact;
mod json;
mod length;
mod number;
mod refusal;
mod regex;
mod similarity;
pub mod success;
mod tool_calls;

pub use checks::{CHECKS, check_schemas, checks, checks_of_failure, decode_check};
pub use similarity::alike;

/// Every rule.
pub static KINDS: &[Kind<Arc<dyn Scorer>>] = &[
    exact::kind::<Templated>(),
    contains::kind::<Templated>(),
    regex::kind::<Templated>(),
    number::kind::<Templated>(),
    choice::kind::<Templated>(),
    json::kind::<Templated>(),
    similarity::kind::<Templated>(),
    refusal::kind::<Templated>(),
    tool_calls::kind::<Templated>(),
    length::kind(),
    budget::kind(),
    benchmark::kind::<Templated>(),
];

/// Every rule as it reads the `checks` of a case: its texts are data.
static LITERAL_KINDS: &[Kind<Arc<dyn Scorer>>] = &[
    exact::kind::<Literal>(),
    contains::kind::<Literal>(),
    regex::kind::<Literal>(),
    number::kind::<Literal>(),
    choice::kind::<Literal>(),
    json::kind::<Literal>(),
    similarity::kind::<Literal>(),
    refusal::kind::<Literal>(),
    tool_calls::kind::<Literal>(),
    length::kind(),
    budget::kind(),
    benchmark::kind::<Literal>(),
];

/// A scorer that asks something outside: pure itself, it says what to ask and reads the reply.
#[derive(Debug)]
pub struct Asking {
    /// Its row: name, summary, example, and the decoder of its own options (not of what it asks).
    pub kind: Kind<Arc<dyn Scorer>>,
    /// What it asks.
    pub whom: Whom,
}

/// What a scorer asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// A program of the user's, whose options stand among the scorer's own.
    Program,
    /// A model that turns texts into vectors, under `model`.
    Embedder,
}

/// Every scorer that asks something outside, but judges. None of them can be a check of a case: data starts nothing.
pub static ASKING: &[Asking] = &[command::ASKING, cosine::ASKING];

/// Why a question without a reply leaves a trial unscored.
fn unscored_by(fault: &Fault) -> Unscored {
    match fault.kind {
        FaultKind::Garbled => Unscored::Unreadable,
        FaultKind::Crashed | FaultKind::Internal => Unscored::Broken,
        FaultKind::RateLimited
        | FaultKind::Unavailable
        | FaultKind::TimedOut
        | FaultKind::Rejected
        | FaultKind::Unauthorized
        | FaultKind::CassetteMiss => Unscored::Unavailable,
    }
}

/// A question that is one text and nothing else.
fn question(text: String, vote: u32) -> Question {
    Question {
        messages: vec![Message::new(Role::User, text)],
        format: None,
        logprobs: None,
        params: serde_json::Map::new(),
        vote,
        model: 0,
    }
}

/// What a trial without an answer gets from a scorer: a fail of every pass/fail rule, whatever it asks for (no answer passes no
/// check); numbers, labels and whatever a judge says do not apply (STATISTICS 1). `judged`: the scorer asks a model.
#[must_use]
pub fn of_failure(measure: &Measure, judged: bool) -> Value {
    match measure {
        Measure::PassFail if !judged => Value::Pass(false),
        _ => Value::NotApplicable,
    }
}

/// How a text option is read.
trait Words: Shape<Output = Template> + Copy + 'static {
    /// The shape.
    const SHAPE: Self;
    /// Whether the rule stands in a case's `checks`, where it must say pass or fail.
    const IN_A_CHECK: bool;
}

impl Words for Templated {
    const SHAPE: Self = Self;
    const IN_A_CHECK: bool = false;
}

/// Text that inserts nothing, whatever it holds.
#[derive(Debug, Clone, Copy)]
struct Literal;

impl Shape for Literal {
    type Output = Template;
    fn read(
        &self,
        node: &crate::domain::tree::Node,
        problems: &mut crate::domain::decode::Problems,
    ) -> Option<Template> {
        crate::domain::decode::Text
            .read(node, problems)
            .map(|text| Template::literal(&text))
    }
    fn schema(&self) -> serde_json::Value {
        crate::domain::decode::Text.schema()
    }
}

impl Words for Literal {
    const SHAPE: Self = Self;
    const IN_A_CHECK: bool = true;
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    pass: bool,
    reason: String,
}

impl Found {
    fn new(pass: bool, reason: impl Into<String>) -> Self {
        Self {
            pass,
            reason: reason.into(),
        }
    }
}

/// A pass/fail rule; [`Ruled`] makes a scorer of it.
trait Rule: Debug + Send + Sync {
    /// Looks at a trial's answer; an error says why the rule itself cannot tell.
    fn look(&self, seen: &Seen) -> Result<Found, String>;

    /// Its text options.
    fn templates(&self) -> Vec<&Template> {
        Vec::new()
    }

    /// Whether it needs the case's `expected`.
    fn needs_expected(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct Ruled<R>(R);

impl<R: Rule> Scorer for Ruled<R> {
    fn measure(&self) -> Measure {
        Measure::PassFail
    }

    fn templates(&self) -> Vec<&Template> {
        self.0.templates()
    }

    fn needs_expected(&self) -> bool {
        self.0.needs_expected()
            || self
                .templates()
                .iter()
                .any(|template| template.variables().contains("expected"))
    }

    fn score(&self, id: &str, seen: &Seen) -> Option<Score> {
        Some(match self.0.look(seen) {
            Ok(found) => Score::pass(id, found.pass, found.reason),
            Err(why) => Score::unscored(id, Unscored::Broken, why),
        })
    }
}

/// A rule as a decoder's result.
fn ruled(rule: impl Rule + 'static) -> Option<Arc<dyn Scorer>> {
    Some(Arc::new(Ruled(rule)))
}

/// A text option with the case's values and the output in it.
fn render(option: &str, template: &Template, seen: &Seen) -> Result<String, String> {
    template
        .render(&Scope::of(&seen.case).with("output", &seen.transcript.output))
        .map_err(|error| format!("`{option}` cannot be rendered for this case: {error}"))
}

/// The wanted texts: those of the option, else the case's accepted answers. Never empty.
fn wanted(option: Option<&[Template]>, seen: &Seen) -> Result<Vec<String>, String> {
    let texts = match option {
        Some(templates) => templates
            .iter()
            .map(|template| render("expected", template, seen))
            .collect::<Result<_, _>>()?,
        None => seen.case.accepted(),
    };
    if texts.is_empty() {
        return Err("the case has no `expected`; give it one, or the scorer an `expected`".into());
    }
    Ok(texts)
}

/// The text in quotes, cut to what a reason may hold.
fn quoted(text: &str) -> String {
    const MOST: usize = 80;
    let text = text.trim();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("\"{}...\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

/// Several texts in quotes: the first few, and how many more.
fn quoted_list(texts: &[String]) -> String {
    const MOST: usize = 3;
    let shown: Vec<String> = texts.iter().take(MOST).map(|text| quoted(text)).collect();
    match texts.len().saturating_sub(MOST) {
        0 => shown.join(" or "),
        more => format!("{} or {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod testing {
    //! What the tests of all rules share: a rule from its options, and what it says of an answer.

    use serde_json::Value as Json;

    use super::*;
    use crate::domain::case::Case;
    use crate::domain::decode::{Problems, read_with};
    use crate::domain::kind::find;
    use crate::domain::transcript::Transcript;
    use crate::domain::tree::Node;

    pub(super) fn seen(case: Case, output: &str) -> Seen {
        Seen {
            case: Arc::new(case),
            transcript: Arc::new(Transcript {
                output: output.into(),
                ..Transcript::default()
            }),
        }
    }

    pub(super) fn case(expected: Option<Json>) -> Case {
        let mut case = Case::new("c1", "a question");
        case.expected = expected;
        case
    }

    pub(super) fn decode(kind: &str, options: &Json) -> Result<Arc<dyn Scorer>, Vec<String>> {
        let mut problems = Problems::new("suite.yaml");
        let row = find(KINDS, "kind", kind).map_err(|error| vec![error])?;
        let scorer = read_with(&Node::from_json(options), &mut problems, &mut |fields| {
            (row.decode)(fields)
        });
        match (scorer, problems.count()) {
            (Some(scorer), 0) => Ok(scorer),
            _ => Err(problems.sorted().into_iter().map(|p| p.message).collect()),
        }
    }

    pub(super) fn value(kind: &str, options: &Json, expected: Option<Json>, output: &str) -> Value {
        let scorer = decode(kind, options).unwrap();
        scorer
            .score("s", &seen(case(expected), output))
            .unwrap()
            .value
    }

    pub(super) fn passes(kind: &str, options: &Json, expected: Option<Json>, output: &str) -> bool {
        match value(kind, options, expected, output) {
            Value::Pass(pass) => pass,
            other => panic!("{kind} {options} on {output:?} is {other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kind::schemas;

    #[test]
    fn every_rule_has_its_row_in_both_tables() {
        let names = |table: &[Kind<Arc<dyn Scorer>>]| -> Vec<&str> {
            table.iter().map(|row| row.name).collect()
        };
        assert_eq!(names(KINDS), names(LITERAL_KINDS));
        assert_eq!(schemas(KINDS), schemas(LITERAL_KINDS));
    }

    #[test]
    fn no_answer_passes_no_check_and_gets_no_number() {
        assert_eq!(of_failure(&Measure::PassFail, false), Value::Pass(false));
        assert_eq!(of_failure(&Measure::PassFail, true), Value::NotApplicable);
        let number = Measure::Number {
            scale: Some((1.0, 5.0)),
            pass: Some(">= 4".into()),
        };
        assert_eq!(of_failure(&number, true), Value::NotApplicable);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(quoted("short"), "\"short\"");
        let cut = quoted(&"é".repeat(200));
        assert_eq!(cut.chars().count(), 80 + 5);
    }
}
