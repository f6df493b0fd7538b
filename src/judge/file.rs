//! A judge's file: what it sees, how it speaks and what passes, with a Markdown body of its criteria. How it is read is `front`'s.

use serde_json::{Map, Value as Json};

use crate::domain::instrument::{Instrument, LabelScale, Listing};
use crate::domain::template::Template;
use crate::domain::tree::Node;
use crate::domain::usable::Usable;

use super::scale::{Pass, PassRule, Scale};

/// A judge as its file describes it.
#[derive(Debug, Clone)]
pub struct JudgeFile {
    /// Its name.
    pub name: String,
    /// Its version, as written.
    pub version: String,
    /// The model it asks where the suite names none: a target's options, not yet decoded.
    pub model: Option<Node>,
    pub(super) mode: Mode,
    pub(super) verdict: Form,
    pub(super) scale: Scale,
    pub(super) pass: Option<Pass>,
    pub(super) inputs: Vec<Input>,
    pub(super) examples: Vec<Example>,
    pub(super) params: Map<String, Json>,
    /// What is asked at the end, after the texts.
    pub(super) question: String,
    pub(super) body: Template,
    pub(super) usable: Option<Usable>,
    /// How its verdicts are listed, if otherwise than they are written.
    pub(super) listed: Option<Listing>,
}

impl JudgeFile {
    /// Whether it is given this text: `input`, `output`, `expected`, `context`.
    #[must_use]
    pub fn sees(&self, input: &str) -> bool {
        self.inputs.iter().any(|known| known.name() == input)
    }
}

/// What a judge compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The criteria alone.
    Pointwise,
    /// The criteria and the case's `expected`.
    Reference,
    /// The criteria and some classes, of which it names one.
    Classify,
    /// Two outputs with one another, in both orders.
    Pairwise,
}

/// The words for the modes.
pub(super) const MODES: &[(&str, Mode)] = &[
    ("pointwise", Mode::Pointwise),
    ("reference", Mode::Reference),
    ("classify", Mode::Classify),
    ("pairwise", Mode::Pairwise),
];

/// How a judge says its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object: reasoning, then the verdict.
    JsonSchema,
    /// Reasoning in words, then the verdict in a fenced block.
    Text,
    /// One token, yes or no, read by its log-probability.
    Logprob,
}

/// The words for the forms of verdicts.
pub(super) const FORMS: &[(&str, Form)] = &[
    ("json-schema", Form::JsonSchema),
    ("text", Form::Text),
    ("logprob", Form::Logprob),
];

/// A text that the judge is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Input {
    Question,
    Output,
    Expected,
    Context,
    /// Everything said and done, tools included.
    Transcript,
    /// Of a pair the one shown first.
    OutputA,
    /// Of a pair the one shown second.
    OutputB,
}

impl Input {
    pub(super) const ALL: &'static [(&'static str, Self)] = &[
        ("input", Self::Question),
        ("output", Self::Output),
        ("expected", Self::Expected),
        ("context", Self::Context),
        ("transcript", Self::Transcript),
        ("output_a", Self::OutputA),
        ("output_b", Self::OutputB),
    ];

    /// Whether it is an output that is judged.
    pub(super) fn is_output(self) -> bool {
        matches!(self, Self::Output | Self::OutputA | Self::OutputB)
    }

    /// The name in the file and in the prompt.
    pub(super) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, input)| *input == self)
            .map_or("input", |(name, _)| name)
    }
}

/// An example of a judgement, shown before the question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Example {
    pub(super) texts: Vec<(Input, String)>,
    pub(super) reasoning: String,
    /// One of the grades offered.
    pub(super) verdict: String,
}

impl JudgeFile {
    /// What is asked at the end, after the texts.
    #[must_use]
    pub fn question(&self) -> &str {
        &self.question
    }

    /// The classes that it offers, each with what it means; none where it names none.
    pub fn classes(&self) -> impl Iterator<Item = (&str, &str)> {
        let classes = match &self.scale {
            Scale::Classes(classes) => classes.as_slice(),
            _ => &[],
        };
        let named = classes.iter();
        named.map(|class| (class.name.as_str(), class.meaning.as_str()))
    }

    /// Of two outputs, whether neither may be the better one.
    #[must_use]
    pub fn has_ties(&self) -> bool {
        matches!(self.scale, Scale::Pair { ties: true })
    }

    /// How it says its verdict.
    #[must_use]
    pub fn form(&self) -> Form {
        self.verdict
    }

    /// What a judge compares with.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What it says of an output, and which values pass.
    #[must_use]
    pub fn label_scale(&self) -> LabelScale {
        match &self.scale {
            Scale::PassFail => LabelScale::PassFail {
                pass: self.threshold().rule,
            },
            Scale::Range(low, high) => LabelScale::Grades {
                low: *low,
                high: *high,
                pass: self.pass_rule().map(|rule| rule.rule),
            },
            Scale::Classes(classes) => {
                let passes = |name: &String| self.pass_classes().contains(name);
                let names: Vec<String> = classes.iter().map(|class| class.name.clone()).collect();
                let pass = (0..names.len()).filter(|at| passes(&names[*at])).collect();
                LabelScale::Classes { names, pass }
            }
            Scale::Pair { .. } => LabelScale::Preference {
                pass: self.pass_rule().map(|rule| rule.rule),
            },
        }
    }

    /// The rule by which its numbers pass.
    pub(super) fn pass_rule(&self) -> Option<&PassRule> {
        self.pass.as_ref()?.rule()
    }

    /// The rule by which a P(yes) passes.
    pub(super) fn threshold(&self) -> PassRule {
        self.pass_rule().cloned().unwrap_or_else(PassRule::even)
    }

    /// The classes that pass.
    pub(super) fn pass_classes(&self) -> &[String] {
        self.pass.as_ref().map_or(&[], Pass::classes)
    }

    /// Whether a value of its scale passes; `None` where the file does not say.
    #[must_use]
    pub fn passes(&self, value: f64) -> Option<bool> {
        self.label_scale().passes(value)
    }

    /// The bars that the file sets for its use; `None`: none.
    #[must_use]
    pub fn usable(&self) -> Option<Usable> {
        self.usable
    }

    /// All of these in one.
    #[must_use]
    pub fn instrument(&self) -> Instrument {
        Instrument {
            name: self.name.clone(),
            version: self.version.clone(),
            scale: self.label_scale(),
            usable: self.usable,
        }
    }
}
