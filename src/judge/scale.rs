//! What a judge may say, and which of it passes: the verdicts offered, as a file declares them.

use serde_json::{Value as Json, json};

use crate::domain::decode::{MapOf, Problems, Shape, Text};
use crate::domain::instrument::Rule;
use crate::domain::suite::Comparison;
use crate::domain::tree::Node;

/// The most grades a scale may have.
const MOST_GRADES: i64 = 101;
/// The most classes: beyond that they are texts, not classes.
const MOST_CLASSES: usize = 50;
/// The longest name of a class, in characters.
const LONGEST_CLASS: usize = 60;

/// The verdicts offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scale {
    /// Pass or fail.
    PassFail,
    /// Whole numbers from the lowest to the highest.
    Range(i64, i64),
    /// One of these classes.
    Classes(Vec<Class>),
    /// Which of two outputs is better, by their places.
    Pair {
        /// Whether neither may be.
        ties: bool,
    },
}

/// What stands for a preference for the output shown as `a`.
pub(super) const A: f64 = 0.0;
/// For the one shown as `b`.
pub(super) const B: f64 = 1.0;
/// For neither.
pub(super) const TIE: f64 = 2.0;

/// A class with what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) meaning: String,
}

/// What passes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pass {
    /// Numbers that keep a rule.
    Rule(PassRule),
    /// These classes.
    Classes(Vec<String>),
}

/// The rule by which a number passes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PassRule {
    /// As written, with single spaces.
    pub(super) text: String,
    pub(super) rule: Rule,
}

impl Scale {
    /// The verdicts, as they are spelt.
    pub(super) fn grades(&self) -> Vec<String> {
        match self {
            Self::PassFail => vec!["pass".into(), "fail".into()],
            Self::Range(low, high) => (*low..=*high).map(|grade| grade.to_string()).collect(),
            Self::Classes(classes) => classes.iter().map(|class| class.name.clone()).collect(),
            Self::Pair { ties } => {
                let words: &[&str] = if *ties {
                    &["a", "b", "tie"]
                } else {
                    &["a", "b"]
                };
                words.iter().map(|word| (*word).to_owned()).collect()
            }
        }
    }

    /// What is asked where the file asks nothing of its own.
    pub(super) fn question(&self) -> &'static str {
        match self {
            Self::PassFail => "Does the output pass by the criteria?",
            Self::Range(..) => "Which grade does the output deserve by the criteria?",
            Self::Classes(_) => "Which class does the output belong to by the criteria?",
            Self::Pair { .. } => "Which output is better by the criteria, a or b?",
        }
    }

    /// The scale as a message spells it.
    pub(super) fn words(&self) -> String {
        match self {
            Self::PassFail => "pass/fail".into(),
            Self::Range(low, high) => format!("{low}..{high}"),
            Self::Classes(_) | Self::Pair { .. } => self.grades().join(", "),
        }
    }

    /// The number that a verdict stands for: exactly one of those offered, its place among the classes, [`A`] and its like of a pair.
    pub(super) fn read(&self, said: &str) -> Option<f64> {
        let said = said.trim();
        match self {
            Self::PassFail if said.eq_ignore_ascii_case("pass") => Some(1.0),
            Self::PassFail if said.eq_ignore_ascii_case("fail") => Some(0.0),
            Self::PassFail => None,
            Self::Range(low, high) => {
                let is_plain = said
                    .trim_start_matches('-')
                    .bytes()
                    .all(|b| b.is_ascii_digit());
                let number: i64 = said.parse().ok().filter(|_| is_plain)?;
                (*low..=*high).contains(&number).then(|| as_f64(number))
            }
            Self::Classes(classes) => {
                let at = classes
                    .iter()
                    .position(|class| class.name.eq_ignore_ascii_case(said))?;
                Some(as_f64(i64::try_from(at).ok()?))
            }
            Self::Pair { ties } => match said {
                "a" | "A" => Some(A),
                "b" | "B" => Some(B),
                _ if *ties && said.eq_ignore_ascii_case("tie") => Some(TIE),
                _ => None,
            },
        }
    }

    /// The class of a number that [`Scale::read`] gave; `None` for a scale without classes.
    pub(super) fn class(&self, grade: f64) -> Option<&str> {
        let Self::Classes(classes) = self else {
            return None;
        };
        let found = (0_u32..)
            .zip(classes)
            .find(|(at, _)| (f64::from(*at) - grade).abs() < 0.5)?;
        Some(&found.1.name)
    }

    /// Why this scale cannot be read from the log-probability of yes.
    pub(super) fn no_logprob(&self) -> Option<String> {
        let why = match self {
            Self::PassFail => return None,
            Self::Range(..) => format!("grade {}", self.words()),
            Self::Classes(_) => "name a class".to_owned(),
            Self::Pair { .. } => "say which of two is better".to_owned(),
        };
        let or = match self {
            Self::Range(..) => ", or `scale: pass/fail`",
            _ => "",
        };
        Some(format!(
            "`verdict: logprob` answers yes or no and cannot {why}; use json-schema or text{or}"
        ))
    }
}

impl Pass {
    /// As an identity keeps it: a rule's text, a list of classes.
    pub(super) fn written(&self) -> Json {
        match self {
            Self::Rule(rule) => json!(rule.text),
            Self::Classes(names) => json!(names),
        }
    }

    /// The rule, where numbers pass by one.
    pub(super) fn rule(&self) -> Option<&PassRule> {
        match self {
            Self::Rule(rule) => Some(rule),
            Self::Classes(_) => None,
        }
    }

    /// The classes that pass.
    pub(super) fn classes(&self) -> &[String] {
        match self {
            Self::Rule(_) => &[],
            Self::Classes(names) => names,
        }
    }
}

impl PassRule {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (comparison, bar) = Comparison::parse(text)?;
        let sign = Comparison::ALL
            .iter()
            .find(|(_, known)| *known == comparison)
            .map(|(sign, _)| *sign)?;
        Some(Self {
            text: format!("{sign} {bar}"),
            rule: Rule { comparison, bar },
        })
    }

    /// What decides a log-probability where the file says nothing: rather yes than no.
    pub(super) fn even() -> Self {
        Self {
            text: ">= 0.5".into(),
            rule: Rule {
                comparison: Comparison::AtLeast,
                bar: 0.5,
            },
        }
    }

    /// What decides a share of passes: more than half.
    pub(super) fn more_than_half() -> Self {
        Self {
            text: "> 0.5".into(),
            rule: Rule {
                comparison: Comparison::Above,
                bar: 0.5,
            },
        }
    }

    pub(super) fn holds(&self, value: f64) -> bool {
        self.rule.holds(value)
    }
}

/// `scale`: pass/fail, or a range of whole numbers.
pub(super) struct ScaleShape;

impl Shape for ScaleShape {
    type Output = Scale;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Scale> {
        let text = Text.read(node, problems)?;
        if text == "pass/fail" {
            return Some(Scale::PassFail);
        }
        let range = text
            .split_once("..")
            .and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
        match range {
            Some((low, high))
                if low < high
                    && i64::abs(high).max(i64::abs(low)) < 1_000_000
                    && high - low < MOST_GRADES =>
            {
                Some(Scale::Range(low, high))
            }
            _ => {
                problems.note(
                    node.span,
                    format!("`{text}` is no scale; write `pass/fail`, or whole numbers such as `1..5` (at most {MOST_GRADES} grades)"),
                );
                None
            }
        }
    }
    fn schema(&self) -> Json {
        json!({"type": "string", "pattern": "^(pass/fail|-?[0-9]+ *\\.\\. *-?[0-9]+)$"})
    }
}

/// `classes`: each name with its meaning.
pub(super) struct ClassesShape;

impl Shape for ClassesShape {
    type Output = Scale;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Scale> {
        let classes: Vec<Class> = MapOf(Text)
            .read(node, problems)?
            .into_iter()
            .map(|(name, meaning)| Class { name, meaning })
            .collect();
        let before = problems.count();
        if !(2..=MOST_CLASSES).contains(&classes.len()) {
            let count = classes.len();
            problems.note(
                node.span,
                format!("a judge tells 2 to {MOST_CLASSES} classes apart, these are {count}"),
            );
        }
        for (at, class) in classes.iter().enumerate() {
            let Class { name, meaning } = class;
            let span = node.get(name).map_or(node.span, |node| node.span);
            let is_plain = |c: char| c.is_alphanumeric() || " -_./+".contains(c);
            if name.trim() != name
                || name.is_empty()
                || name.chars().count() > LONGEST_CLASS
                || !name.chars().all(is_plain)
            {
                let shown = name.escape_debug();
                problems.note(
                    span,
                    format!("`{shown}` is no name of a class; use letters, digits, spaces and - _ . / +, at most {LONGEST_CLASS}"),
                );
            }
            if meaning.trim().is_empty() {
                problems.note(
                    span,
                    format!("class `{name}` has no meaning; say when an output belongs to it"),
                );
            }
            let twin = classes[..at]
                .iter()
                .find(|other| other.name != *name && other.name.eq_ignore_ascii_case(name));
            if let Some(other) = twin {
                problems.note(
                    span,
                    format!("`{name}` and `{}` differ only in capitals", other.name),
                );
            }
        }
        (problems.count() == before).then_some(Scale::Classes(classes))
    }
    fn schema(&self) -> Json {
        let mut schema = MapOf(Text).schema();
        schema["minProperties"] = json!(2);
        schema["maxProperties"] = json!(MOST_CLASSES);
        schema
    }
}

/// Grades are below a million (see [`ScaleShape`]), and there are few classes.
#[expect(clippy::cast_precision_loss, reason = "grades are below a million")]
pub(super) fn as_f64(grade: i64) -> f64 {
    grade as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(node: &Json) -> Result<Scale, Vec<String>> {
        let mut problems = Problems::new("j.md");
        let scale = ClassesShape.read(&Node::from_json(node), &mut problems);
        let said = problems.sorted().into_iter().map(|p| p.message).collect();
        scale.ok_or(said)
    }

    #[test]
    fn a_verdict_is_exactly_one_of_the_classes() {
        let scale = classes(&json!({"over-refusal": "a", "None of these": "b"})).unwrap();
        assert_eq!(scale.read(" over-refusal\n"), Some(0.0));
        assert_eq!(scale.read("none of these"), Some(1.0));
        for wrong in [
            "",
            "over",
            "over-refusal.",
            "over-refusal, None of these",
            "0",
            "1",
        ] {
            assert_eq!(scale.read(wrong), None, "{wrong}");
        }
        assert_eq!(scale.class(1.0), Some("None of these"));
        assert_eq!(scale.class(2.0), None);
        assert_eq!(scale.words(), "over-refusal, None of these");
    }

    #[test]
    fn a_preference_is_one_letter_or_a_tie_where_ties_are_offered() {
        let with = Scale::Pair { ties: true };
        let without = Scale::Pair { ties: false };
        for (said, tied, decided) in [
            ("a", Some(A), Some(A)),
            (" B\n", Some(B), Some(B)),
            ("tie", Some(TIE), None),
            ("Tie", Some(TIE), None),
            ("a or b", None, None),
            ("output_a", None, None),
            ("c", None, None),
            ("", None, None),
        ] {
            assert_eq!(
                (with.read(said), without.read(said)),
                (tied, decided),
                "{said}"
            );
        }
    }

    #[test]
    fn classes_that_could_be_taken_for_something_else_are_refused() {
        let many: serde_json::Map<String, Json> =
            (0..51).map(|at| (format!("c{at}"), json!("x"))).collect();
        for (node, wanted) in [
            (json!({"one": "x"}), "these are 1"),
            (Json::Object(many), "these are 51"),
            (
                json!({"a": "x", "A": "y"}),
                "`A` and `a` differ only in capitals",
            ),
            (json!({"a": "x", "b": " "}), "class `b` has no meaning"),
            (json!({"a": "x", "``` b": "y"}), "is no name of a class"),
            (
                json!({"a": "x", "b\nc": "y"}),
                "`b\\nc` is no name of a class",
            ),
            (json!({"a": "x", " b": "y"}), "is no name of a class"),
            (json!(["a", "b"]), "a map is wanted here"),
        ] {
            let said = classes(&node).unwrap_err();
            assert!(
                said.len() == 1 && said[0].contains(wanted),
                "{node}: {said:?}"
            );
        }
    }
}
