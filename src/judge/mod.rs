//! Scorers that ask a model: prompts out, verdict in. Pure: the engine makes the calls.
//!
//! For whoever loads a suite, in this order:
//!
//! 1. [`builtin`] or a file gives a judge's text; [`split`] parts it into front matter (YAML, read into a tree by the loader) and body;
//! 2. [`decode`] reads both into a [`JudgeFile`], noting every problem at its place;
//! 3. [`options`] reads what the suite's scorer says (`votes`, `verdict`, `params`, `rubric`; `judge`, `model` and `labels` are the
//!    loader's own);
//! 4. [`Judge::new`] joins the two and is the scorer; the model it asks and its parameters are the loader's to put beside it.
//!
//! A judge's identity ([`Scorer::prompt_digest`]) is the digest of all that it is asked with: body, examples, rubric, form, scale, pass
//! rule and the wording around them; name and version are for people and no part of it. With the digests of model and [`Judge::params`] it
//! makes the digest to which a calibration belongs.
//!
//! The promise of [`read`](Scorer::read): a verdict that is not exactly one of the grades offered is *unreadable* and stays unscored; a
//! judge that refuses or cannot be reached is said to; no path leads from any of these to 0, to a fail or to NaN.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::domain::decode::{Anything, Fields, MapOf, OneOf, Problems, Shape, Templated, Whole};
use crate::domain::digest::Digest;
use crate::domain::fault::Fault;
use crate::domain::instrument::{Instrument, LabelScale, Listing};
use crate::domain::message::{Message, Usage};
use crate::domain::port::{Question, Reply, Scorer, Seen};
use crate::domain::score::{Asked, Measure, Score};
use crate::domain::template::{Scope, Template};
use crate::domain::tree::Node;
use crate::domain::usable::Usable;

mod ask;
mod attacks;
mod builtin;
mod fence;
mod file;
mod front;
mod listing;
mod pair;
mod panel;
mod read;
mod scale;
mod usable;
mod votes;

pub use ask::done;
pub use attacks::{Attack, attacks, wanted_verdict};
pub use builtin::{BUILTIN, Builtin, builtin};
pub use file::{Form, JudgeFile, Mode};
pub use front::{decode, split};
pub use pair::orders;
pub use panel::{Panel, PanelError};

use ask::Fencing;
use fence::Nonce;
use file::{FORMS, Input};
use pair::{ORDERS, Order};
use scale::{Pass, PassRule, Scale};
use votes::{Count, Passes};

/// The most votes one judgement may take.
const MOST_VOTES: u64 = 99;

/// How several votes, or several judges, become one verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    /// Pass or fail as most of them say; of classes the one with the most votes.
    Majority,
    /// The mean of their numbers.
    Mean,
    /// Fail where any says fail.
    AnyFail,
}

impl Combine {
    /// The words for them.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("majority", Self::Majority),
        ("mean", Self::Mean),
        ("any-fail", Self::AnyFail),
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Majority => "majority",
            Self::Mean => "mean",
            Self::AnyFail => "any-fail",
        }
    }
}

/// What a suite's scorer says about its judge.
#[derive(Debug, Clone)]
pub struct Options {
    combine: Option<Combine>,
    votes: u32,
    verdict: Option<Form>,
    params: Map<String, Json>,
    rubric: Option<Template>,
    against: Option<Template>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            combine: None,
            votes: 1,
            verdict: None,
            params: Map::new(),
            rubric: None,
            against: None,
        }
    }
}

/// Reads what a suite's scorer says about its judge, besides `judge`, `model` and `labels`.
pub fn options(fields: &mut Fields<'_>) -> Option<Options> {
    let votes = fields.or(
        "votes",
        "how often it is asked about one output; more than half must be readable",
        Whole(1..=MOST_VOTES),
        1,
    );
    let combine = fields.optional(
        "combine",
        "how its votes become one: majority, mean or any-fail; default: majority of pass/fail and classes, mean of numbers",
        OneOf(Combine::WORDS),
    );
    let verdict = fields.optional(
        "verdict",
        "how it answers: json-schema, text or logprob; default: as its file says",
        OneOf(FORMS),
    );
    let params = fields
        .optional(
            "params",
            "parameters that win over the judge file's and the model's; null takes one away",
            MapOf(Anything),
        )
        .unwrap_or_default();
    let rubric = fields.optional(
        "rubric",
        "further criteria, where the judge's body has a place for them",
        Templated,
    );
    let against = fields.optional(
        "against",
        "for a pairwise judge: the other output, such as `{{ last_release }}`; default: the case's expected answer",
        Against,
    );
    Some(Options {
        combine,
        votes: u32::try_from(votes).ok()?,
        verdict,
        params: params.into_iter().collect(),
        rubric,
        against,
    })
}

/// A template for the other output of a pair.
struct Against;

impl Shape for Against {
    type Output = Template;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Template> {
        if let Some(target) = node.get("target") {
            problems.note(
                target.span,
                "holding one target against another is not supported by this version yet; give a text, such as `{{ last_release }}` with the other's answers in that column",
            );
            return None;
        }
        Templated.read(node, problems)
    }
    fn schema(&self) -> Json {
        Templated.schema()
    }
}

/// Why a judge cannot be used as the suite wants it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// The form does not fit the scale.
    #[error("{0}")]
    Form(String),
    /// There is nowhere to put the suite's rubric.
    #[error("judge `{0}` has no place for a `rubric`; its body would need `{{{{ rubric }}}}`")]
    NoRubric(String),
    /// Its votes cannot be combined so.
    #[error("{0}")]
    Combine(String),
    /// It looks at one output alone.
    #[error(
        "`against` is about judges of mode `pairwise`, and `{0}` looks at one output alone; remove it"
    )]
    NotPairwise(String),
}

impl JudgeError {
    /// The scorer's key at fault.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Form(_) => "verdict",
            Self::NoRubric(_) => "rubric",
            Self::NotPairwise(_) => "against",
            Self::Combine(_) => "combine",
        }
    }
}

/// A judge as a suite uses it.
#[derive(Debug, Clone)]
pub struct Judge {
    file: JudgeFile,
    /// As it is shown to the model, where its verdicts are listed otherwise than they are written.
    shown: Option<JudgeFile>,
    form: Form,
    votes: u32,
    combine: Option<Combine>,
    params: Map<String, Json>,
    rubric: Option<Template>,
    against: Option<Template>,
    identity: Digest,
}

impl Judge {
    /// The judge of a file as the suite's options want it.
    pub fn new(file: JudgeFile, options: Options) -> Result<Arc<Self>, JudgeError> {
        let form = options.verdict.unwrap_or(file.verdict);
        if form == Form::Logprob
            && let Some(why) = file.scale.no_logprob()
        {
            return Err(JudgeError::Form(why));
        }
        if options.rubric.is_some() && !file.body.variables().contains("rubric") {
            return Err(JudgeError::NoRubric(file.name));
        }
        if options.against.is_some() && file.mode != Mode::Pairwise {
            return Err(JudgeError::NotPairwise(file.name));
        }
        if let Some(combine) = options.combine {
            combinable(&file, combine)?;
        }
        let params = ask::params(form, &[&file.params, &options.params]);
        let identity = identity(&file, form, &options);
        Ok(Arc::new(Self {
            file,
            shown: None,
            form,
            votes: options.votes,
            combine: options.combine,
            params,
            rubric: options.rubric,
            against: options.against,
            identity,
        }))
    }

    /// Its name, as its file says.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// What it compares with.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.file.mode
    }

    /// What it says of an output, and which values pass.
    #[must_use]
    pub fn label_scale(&self) -> LabelScale {
        match self.combine {
            Some(Combine::Majority | Combine::AnyFail) if self.measure() == Measure::PassFail => {
                LabelScale::PassFail {
                    pass: PassRule::even().rule,
                }
            }
            _ => self.file.label_scale(),
        }
    }

    /// Whether a value of its scale passes; `None` where its file does not say.
    #[must_use]
    pub fn passes(&self, value: f64) -> Option<bool> {
        self.label_scale().passes(value)
    }

    /// The bars that its file sets for its use; `None`: none.
    #[must_use]
    pub fn usable(&self) -> Option<Usable> {
        self.file.usable()
    }

    /// The parameters it asks with; they are part of its identity beside the prompt.
    #[must_use]
    pub fn params(&self) -> &Map<String, Json> {
        &self.params
    }

    /// Whether its verdict is read from the probabilities of tokens, which not every model tells.
    #[must_use]
    pub fn wants_logprobs(&self) -> bool {
        self.form == Form::Logprob
    }

    fn count(&self) -> Count {
        let passes = || match (&self.file.scale, self.form) {
            (Scale::PassFail, Form::JsonSchema | Form::Text) => Passes::Half,
            _ => Passes::By(self.file.label_scale()),
        };
        match (self.combine, &self.file.scale) {
            (Some(Combine::AnyFail), _) => return Count::AnyFail(passes()),
            (Some(Combine::Majority), Scale::Classes(_)) => {}
            (Some(Combine::Majority), _) => return Count::Majority(passes()),
            (Some(Combine::Mean), Scale::PassFail) if self.form != Form::Logprob => {
                return Count::Mean(Some(PassRule::more_than_half()));
            }
            (Some(Combine::Mean) | None, _) => {}
        }
        match (&self.file.scale, self.form) {
            (Scale::PassFail, Form::Logprob) => Count::Mean(Some(self.file.threshold())),
            (Scale::PassFail, _) => Count::Majority(Passes::Half),
            (Scale::Range(..) | Scale::Pair { .. }, _) => {
                Count::Mean(self.file.pass_rule().cloned())
            }
            (Scale::Classes(_), _) => Count::Class(self.file.pass_classes().to_vec()),
        }
    }

    /// The same judge, its verdicts listed otherwise.
    fn otherwise(&self, how: Listing) -> Result<Self, String> {
        Ok(Self {
            shown: Some(self.file.listed(how)?),
            ..self.clone()
        })
    }

    /// What the model is shown.
    fn shown(&self) -> &JudgeFile {
        self.shown.as_ref().unwrap_or(&self.file)
    }

    fn is_pairwise(&self) -> bool {
        self.file.mode == Mode::Pairwise
    }

    /// The output that the one under test is held against.
    fn other(&self, seen: &Seen) -> Result<String, String> {
        let Some(against) = &self.against else {
            let accepted = seen.case.accepted();
            return accepted.into_iter().next().ok_or_else(|| {
                "the case has no `expected` to be held against; name another text with `against`"
                    .to_owned()
            });
        };
        let other = against
            .render(&Scope::of(&seen.case).with("output", &seen.transcript.output))
            .map_err(|error| format!("`against` cannot be rendered for this case: {error}"))?;
        if other.trim().is_empty() {
            return Err(
                "`against` is empty for this case: there is nothing to be held against".into(),
            );
        }
        Ok(other)
    }

    /// The messages of each question that one vote asks.
    fn prompts(&self, seen: &Seen) -> Result<Vec<Vec<Message>>, String> {
        self.prompts_by(seen, Nonce::fence)
    }

    fn prompts_by(&self, seen: &Seen, fencing: Fencing) -> Result<Vec<Vec<Message>>, String> {
        let rubric = self.rubric(seen)?;
        let by = (self.form, self.identity);
        let with = |pair| ask::messages(self.shown(), by, &rubric, seen, pair, fencing);
        if !self.is_pairwise() {
            return Ok(vec![with(None)?]);
        }
        let (ours, other) = (seen.transcript.output.as_str(), self.other(seen)?);
        let shown = Order::BOTH.map(|order| match order {
            Order::Original => [ours, &other],
            Order::Swapped => [&other, ours],
        });
        shown.into_iter().map(|pair| with(Some(pair))).collect()
    }

    fn rubric(&self, seen: &Seen) -> Result<String, String> {
        self.rubric.as_ref().map_or(Ok(String::new()), |rubric| {
            let scope = Scope::of(&seen.case).with("output", &seen.transcript.output);
            rubric
                .render(&scope)
                .map_err(|error| format!("`rubric` cannot be rendered for this case: {error}"))
        })
    }
}

/// Whether votes of this judge can be combined so.
fn combinable(file: &JudgeFile, combine: Combine) -> Result<(), JudgeError> {
    let name = &file.name;
    let is_class = matches!(file.scale, Scale::Classes(_));
    let decides = match file.scale {
        Scale::PassFail => true,
        Scale::Range(..) | Scale::Classes(_) | Scale::Pair { .. } => file.pass.is_some(),
    };
    let why = match combine {
        Combine::Mean if is_class => {
            format!("`{name}` names classes, which have no mean; use `combine: majority`")
        }
        Combine::Majority if is_class => return Ok(()),
        Combine::Majority | Combine::AnyFail if !decides => format!(
            "`{name}` says neither pass nor fail, which `combine: {}` counts; declare `pass` in its file",
            combine.word()
        ),
        Combine::Majority | Combine::Mean | Combine::AnyFail => return Ok(()),
    };
    Err(JudgeError::Combine(why))
}

fn identity(file: &JudgeFile, form: Form, options: &Options) -> Digest {
    let form = FORMS
        .iter()
        .find(|(_, known)| *known == form)
        .map(|(name, _)| *name);
    let inputs: Vec<&str> = file.inputs.iter().map(|input| input.name()).collect();
    let examples: Vec<Json> = file
        .examples
        .iter()
        .map(|example| {
            let texts: Vec<Json> = example
                .texts
                .iter()
                .map(|(input, text)| json!([input.name(), text]))
                .collect();
            json!([texts, example.reasoning, example.verdict])
        })
        .collect();
    let mut asked = json!({
        "wording": ask::WORDING,
        "verdict": form,
        "scale": file.scale.words(),
        "pass": file.pass.as_ref().map(Pass::written),
        "inputs": inputs,
        "examples": examples,
        "question": file.question,
        "body": file.body.source(),
        "rubric": options.rubric.as_ref().map(Template::source),
    });
    // What only some judges have is a key of only those, so that the others stay who they are.
    if let Scale::Classes(classes) = &file.scale {
        let pairs = classes.iter().map(|class| [&class.name, &class.meaning]);
        asked["classes"] = json!(pairs.collect::<Vec<_>>());
    }
    if file.mode == Mode::Pairwise {
        asked["against"] = json!(options.against.as_ref().map(Template::source));
    }
    if let Some(combine) = options.combine {
        asked["combine"] = json!(combine.word());
    }
    Digest::of_json(&asked)
}

impl Scorer for Judge {
    fn votes(&self) -> u32 {
        self.votes * if self.is_pairwise() { ORDERS } else { 1 }
    }

    fn measure(&self) -> Measure {
        match (self.combine, &self.file.scale) {
            (Some(Combine::AnyFail), _) => return Measure::PassFail,
            (Some(Combine::Majority), Scale::Classes(_)) => {}
            (Some(Combine::Majority), _) => return Measure::PassFail,
            (Some(Combine::Mean), Scale::PassFail) if self.form != Form::Logprob => {
                return Measure::Number {
                    scale: Some((0.0, 1.0)),
                    pass: Some(PassRule::more_than_half().text),
                };
            }
            (Some(Combine::Mean) | None, _) => {}
        }
        match (&self.file.scale, self.form) {
            (Scale::PassFail, Form::Logprob) => Measure::Number {
                scale: Some((0.0, 1.0)),
                pass: Some(self.file.threshold().text),
            },
            (Scale::PassFail, _) => Measure::PassFail,
            (Scale::Range(low, high), _) => Measure::Number {
                scale: Some((scale::as_f64(*low), scale::as_f64(*high))),
                pass: self.file.pass_rule().map(|rule| rule.text.clone()),
            },
            (Scale::Pair { .. }, _) => Measure::Number {
                scale: Some((0.0, 1.0)),
                pass: self.file.pass_rule().map(|rule| rule.text.clone()),
            },
            (Scale::Classes(_), _) => Measure::Label {
                classes: self.file.scale.grades(),
                pass: self.file.pass_classes().to_vec(),
            },
        }
    }

    fn templates(&self) -> Vec<&Template> {
        self.rubric.iter().chain(&self.against).collect()
    }

    fn needs_expected(&self) -> bool {
        self.file.inputs.contains(&Input::Expected)
            || (self.is_pairwise() && self.against.is_none())
            || self
                .templates()
                .iter()
                .any(|template| template.variables().contains("expected"))
    }

    fn score(&self, _: &str, _: &Seen) -> Option<Score> {
        None
    }

    fn ask(&self, seen: &Seen) -> Result<Vec<Question>, String> {
        let prompts = self.prompts(seen)?;
        let format = ask::format(self.form, self.shown());
        let asked = (0..self.votes).flat_map(|_| &prompts);
        Ok((0..)
            .zip(asked)
            .map(|(vote, messages)| Question {
                messages: messages.clone(),
                format: format.clone(),
                logprobs: (self.form == Form::Logprob).then_some(ask::ALTERNATIVES),
                params: self.params.clone(),
                vote,
                model: 0,
            })
            .collect())
    }

    fn read(&self, id: &str, _: &Seen, replies: &[Result<Reply, Fault>]) -> Score {
        let shown = self.shown();
        let mut readings = replies.iter().map(|reply| {
            let reading = read::reply(self.form, &shown.scale, reply)?;
            Ok(listing::read_back(shown, reading))
        });
        let votes: Vec<_> = if self.is_pairwise() {
            let pair = || Some(pair::join(readings.next()?, readings.next()?));
            std::iter::from_fn(pair).collect()
        } else {
            readings.collect()
        };
        let mut score = votes::combine(id, &self.file.scale, &self.count(), &votes);
        score.asked = Some(Asked {
            details: votes::details(&self.file.scale, &votes),
            ..asked(replies)
        });
        score
    }

    fn prompt_digest(&self) -> Option<Digest> {
        Some(self.identity)
    }

    fn instrument(&self) -> Option<Instrument> {
        Some(Instrument {
            scale: self.label_scale(),
            ..self.file.instrument()
        })
    }

    fn listed(&self, how: Listing) -> Result<Arc<dyn Scorer>, String> {
        Ok(Arc::new(self.otherwise(how)?))
    }
}

/// What the replies themselves tell of their asking; the judge's whole identity and the attempts are the engine's to fill in.
fn asked(replies: &[Result<Reply, Fault>]) -> Asked {
    let mut asked = Asked::default();
    let mut cost = Some(0.0);
    for reply in replies {
        let Ok(reply) = reply else {
            asked.replies.push(String::new());
            continue;
        };
        asked.replies.push(reply.text.clone());
        asked.usage += reply.usage.unwrap_or_else(Usage::default);
        asked.took_ms += reply.timing.total_ms;
        // One vote of unknown price, and the sum is unknown.
        cost = cost.zip(reply.cost_usd).map(|(sum, one)| sum + one);
        if asked.model_returned.is_none() {
            asked.model_returned.clone_from(&reply.model);
        }
    }
    asked.cost_usd = cost.filter(|_| replies.iter().any(Result::is_ok));
    asked
}

#[cfg(test)]
mod testing {
    //! A judge from its front matter and body, for the tests of this module.

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::domain::decode::{Problems, read_with};
    use crate::domain::tree::Node;

    pub(super) fn front() -> Json {
        json!({"name": "test", "version": 1, "mode": "pointwise", "verdict": "json-schema", "scale": "1..5"})
    }

    pub(super) fn decode_with(front: &Json, body: &str) -> Result<JudgeFile, Vec<String>> {
        let mut problems = Problems::new("judge.md");
        let file = read_with(&Node::from_json(front), &mut problems, &mut |fields| {
            decode(fields, body, 9)
        });
        match (file, problems.count()) {
            (Some(file), 0) => Ok(file),
            _ => Err(problems.sorted().into_iter().map(|p| p.message).collect()),
        }
    }
}

#[cfg(test)]
mod obedient;
#[cfg(test)]
mod tests;
