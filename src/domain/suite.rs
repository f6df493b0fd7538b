//! A suite, decoded: what to run and what passes.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::fault::FaultKind;
use super::port::{Scorer, TargetPlan};
use super::price::Price;
use super::tree::Span;

/// One config file: what to run and what passes.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// Seeds every random choice.
    pub seed: u64,
    /// Where the cases come from.
    pub dataset: Dataset,
    /// The agents and models under test, in order.
    pub targets: Vec<TargetSpec>,
    /// The scorers, in order; the per-case `checks` are one of their own and not listed here.
    pub scorers: Vec<ScorerSpec>,
    /// How often each case is put to each target.
    pub repeats: u32,
    /// Bounds of the run.
    pub limits: Limits,
    /// What makes a trial a success; `None`: the default expression.
    pub success: Option<Vec<Term>>,
    /// The side that candidates are compared with.
    pub baseline: Baseline,
    /// The metric whose finding leads.
    pub primary: String,
    /// Noise thresholds by metric: a difference inside is "same". A rate's in points of 1, others as [`Noise`] says.
    pub noise: Vec<(String, Noise)>,
    /// The rules that decide the exit code.
    pub gates: Vec<Gate>,
    /// What an undecided gate without precision does.
    pub on_unclear: OnUnclear,
    /// Whether an uncalibrated judge may decide a gate.
    pub allow_uncalibrated: bool,
    /// Recorded replies.
    pub cassette: Option<CassetteSpec>,
    /// Cases that are known to be flaky: shown apart until their day.
    pub quarantine: Vec<Quarantined>,
}

/// A case that is known to be flaky: until its day it is run and shown apart, and no figure, gate or comparison counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The case's id.
    pub case: String,
    /// The last day of it, `2027-01-31`.
    pub until: String,
    /// The first moment at which the case counts again: the end of that day in UTC, in milliseconds since 1970.
    pub ends_ms: u64,
    /// Why, in words.
    pub why: String,
    /// Where the suite says so.
    pub span: Span,
}

impl Quarantined {
    /// Whether it holds at a moment, in milliseconds since 1970.
    #[must_use]
    pub fn holds(&self, unix_ms: u64) -> bool {
        unix_ms < self.ends_ms
    }
}

/// Where the cases come from.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// Files (as written, relative to the suite's folder) and inline cases, in order.
    pub sources: Vec<Source>,
    /// Which cases are taken.
    pub select: Select,
    /// Our field from the column that holds it: `("input", "question")`.
    pub fields: Vec<(String, String)>,
    /// The column by which cases hang together.
    pub cluster: Option<String>,
    /// The public benchmark whose own files these are, by its name in the table.
    pub benchmark: Option<String>,
    /// How questions are put; `None`: as they stand.
    pub format: Option<Format>,
}

/// How questions are put.
#[derive(Debug, Clone, PartialEq)]
pub struct Format {
    /// What is asked for behind the question; `None`: as the benchmark does by default, nothing for cases of ours.
    pub style: Option<Style>,
    /// How many examples stand before the question; `None`: all that are given.
    pub shots: Option<u64>,
    /// Where they come from.
    pub examples: Examples,
    /// Where the suite says so.
    pub span: Span,
}

/// What is asked for behind a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Nothing: the question alone.
    Plain,
    /// Reasoning before the answer.
    StepByStep,
    /// The answer alone.
    Direct,
    /// The letter of a choice, which are listed with letters.
    Letter,
}

impl Style {
    /// Every style, by its word in a suite.
    pub const NAMES: &[(&str, Self)] = &[
        ("plain", Self::Plain),
        ("step_by_step", Self::StepByStep),
        ("direct", Self::Direct),
        ("letter", Self::Letter),
    ];

    /// Its word in a suite.
    #[must_use]
    pub fn name(self) -> &'static str {
        let mut names = Self::NAMES.iter();
        names
            .find(|(_, style)| *style == self)
            .map_or("", |(name, _)| name)
    }
}

/// Where the examples before a question come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Examples {
    /// There are none, or those of the benchmark that were pulled.
    None,
    /// A file of rows like the dataset's own, relative to the suite's folder.
    File(String),
    /// Questions and answers in the suite itself.
    Given(Vec<(String, String)>),
}

/// One source of cases.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file of cases.
    File {
        /// As written.
        path: String,
        /// Where the suite names it.
        span: Span,
    },
    /// The benchmark's own files, as they were pulled.
    Pulled {
        /// Where the suite names the benchmark.
        span: Span,
    },
    /// Cases in the suite itself, each with its place.
    Inline(Vec<(Span, serde_json::Value)>),
}

/// Which cases are taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Select {
    /// At most this many, after all else.
    pub limit: Option<u64>,
    /// In seeded random order (also decides which ones a limit takes).
    pub shuffle: bool,
    /// Only cases with one of these tags.
    pub tags: Vec<String>,
    /// Only these ids.
    pub ids: Vec<String>,
    /// Where the suite says so: `tags` and `ids`; nowhere in a file where a flag does.
    pub places: [Span; 2],
}

/// An agent or model under test (or a judge's model).
#[derive(Debug, Clone)]
pub struct TargetSpec {
    /// Its name in the suite.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// Its decoded options.
    pub plan: Arc<dyn TargetPlan>,
    /// What its tokens cost; `None`: unknown, and said so.
    pub price: Option<Price>,
    /// Calls under way at once; `None`: as many as the run allows.
    pub concurrency: Option<u32>,
    /// Calls and tokens a minute.
    pub pace: Pace,
    /// Fault kinds that are the agent's own failure.
    pub counts_as_failure: Vec<FaultKind>,
    /// The identity of everything that decides its answers.
    pub digest: Digest,
}

/// A scorer of the suite.
#[derive(Debug, Clone)]
pub struct ScorerSpec {
    /// Its name in the suite.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// Decoded.
    pub scorer: Arc<dyn Scorer>,
    /// For a judge: the model it asks; for a panel that of its first member. Its price and pace are its own.
    pub model: Option<TargetSpec>,
    /// The identity of everything that decides its scores (for a judge: prompt, model and parameters).
    pub digest: Digest,
    /// The judge as named in the suite (built-in name or path), and its file's text.
    pub judge: Option<JudgeSource>,
    /// For a panel: its further members, in order.
    pub others: Vec<Member>,
}

/// A member of a panel of judges.
#[derive(Debug, Clone)]
pub struct Member {
    /// The model it asks.
    pub model: TargetSpec,
    /// Its judge.
    pub judge: JudgeSource,
}

impl ScorerSpec {
    /// The models it asks: none for a rule, one for each member of a panel.
    pub fn models(&self) -> impl Iterator<Item = &TargetSpec> {
        let others = self.others.iter().map(|member| &member.model);
        self.model.iter().chain(others)
    }

    /// Its judges: none for a rule, one for each member of a panel.
    pub fn judges(&self) -> impl Iterator<Item = &JudgeSource> {
        let others = self.others.iter().map(|member| &member.judge);
        self.judge.iter().chain(others)
    }

    /// The names of its models, as a report shows them.
    #[must_use]
    pub fn model_names(&self) -> String {
        let names = self.models().filter_map(|model| model.plan.model());
        names.collect::<Vec<_>>().join(" + ")
    }
}

/// Where a judge came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgeSource {
    /// As named in the suite.
    pub named: String,
    /// The file's text, kept with the run.
    pub text: String,
    /// People's labels of the run's outputs, by which what it says is corrected.
    pub labels: Option<LabelsSource>,
}

/// A labels file as a suite names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelsSource {
    /// As written, relative to the suite's folder.
    pub path: String,
    /// Where the suite names it.
    pub span: Span,
}

/// Calls and tokens a minute that a target (or a judge's model) may make; `None`: any number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// Calls a minute.
    pub rpm: Option<u64>,
    /// Tokens a minute, read and written.
    pub tpm: Option<u64>,
}

/// What a run may spend in all, judges and other scorers that ask included; `None`: any amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// USD.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Tokens, read and written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Calls, failed attempts included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Wall time of all processes of the run; in files in seconds.
    #[serde(
        rename = "time_s",
        with = "seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub time: Option<Duration>,
}

/// A duration in files: a number of seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(|time| time.as_secs_f64()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let seconds = Option::<f64>::deserialize(deserializer)?;
        Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
    }
}

impl Budget {
    /// Whether nothing is capped.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Bounds of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Calls under way at once.
    pub concurrency: u32,
    /// Per attempt.
    pub timeout: Duration,
    /// The agent's own time in one trial.
    pub deadline: Option<Duration>,
    /// Tries of a call, the first included.
    pub attempts: u32,
    /// Missing of planned that a target may have.
    pub max_error_rate: f64,
    /// What the run may spend.
    pub budget: Budget,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 64,
            timeout: Duration::from_secs(60),
            deadline: None,
            attempts: 5,
            max_error_rate: 0.05,
            budget: Budget::default(),
        }
    }
}

/// One term of a success expression: a scorer that must pass, or a comparison of its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// As written, with single spaces: `helpful >= 4`.
    pub text: String,
    /// The scorer's id, or `checks`.
    pub scorer: String,
    /// The comparison; `None`: the scorer's own pass.
    pub rule: Option<(Comparison, f64)>,
}

/// Comparisons in success expressions and pass rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `==`
    Equal,
}

impl Comparison {
    /// Every comparison with its sign; longer signs first, so that a prefix match finds the right one.
    pub const ALL: &'static [(&'static str, Self)] = &[
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        ("==", Self::Equal),
        (">", Self::Above),
        ("<", Self::Below),
    ];

    /// Whether `value` stands so to `bar`.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "the user asks for equality")]
    pub fn holds(self, value: f64, bar: f64) -> bool {
        match self {
            Self::AtLeast => value >= bar,
            Self::Above => value > bar,
            Self::AtMost => value <= bar,
            Self::Below => value < bar,
            Self::Equal => value == bar,
        }
    }

    /// Reads a rule such as `>= 4`.
    #[must_use]
    pub fn parse(text: &str) -> Option<(Self, f64)> {
        let text = text.trim();
        let (sign, comparison) = Self::ALL.iter().find(|(sign, _)| text.starts_with(sign))?;
        let bar: f64 = text[sign.len()..].trim().parse().ok()?;
        bar.is_finite().then_some((*comparison, bar))
    }
}

/// The side that candidates are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Baseline {
    /// A target of this suite, by its index.
    Target(usize),
    /// A baseline file, as written.
    File(String),
    /// There is one target and no file: nothing to compare with.
    None,
}

/// A noise threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// In the metric's own unit (rates: of 1).
    Absolute(f64),
    /// A share of the baseline's value.
    Relative(f64),
}

/// A rule that decides the exit code.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// The metric's name.
    pub metric: String,
    /// Its target; `None`: every one that is not the baseline.
    pub target: Option<String>,
    /// Only cases with one of these tags.
    pub tags: Vec<String>,
    /// The rule.
    pub rule: Rule,
    /// Whether the point or a bound decides, for `min` and `max`.
    pub decide_on: DecideOn,
    /// Where it stands in the suite.
    pub span: Span,
}

/// What a gate asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// At least this.
    Min(f64),
    /// At most this.
    Max(f64),
    /// Against the baseline: lower by no more than this.
    MaxDrop(f64),
    /// Against the baseline: higher by no more than this, in the metric's unit.
    MaxRise(f64),
    /// Against the baseline: higher by no more than this share of the baseline's value.
    MaxRiseShare(f64),
}

/// What a `min` or `max` gate looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecideOn {
    /// The point: reproducible by counting.
    Point,
    /// The one-sided 95 % bound: proof.
    Bound,
}

/// What a gate undecided for lack of precision does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnUnclear {
    /// Exit 6 if the best estimate breaks the rule.
    Point,
    /// Exit 6.
    Fail,
    /// Exit 0.
    Pass,
}

/// Recorded replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CassetteSpec {
    /// The file as written.
    pub file: String,
    /// What is done with it.
    pub mode: CassetteMode,
}

/// What is done with a cassette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CassetteMode {
    /// Answer from it; never touch the network.
    Replay,
    /// Call, and write everything into it.
    Record,
    /// Answer from it; call and append what is missing.
    Fill,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_written_and_read_back() {
        let budget = Budget {
            usd: Some(0.5),
            time: Some(Duration::from_millis(1_500)),
            ..Budget::default()
        };
        let json = serde_json::to_value(budget).unwrap();
        assert_eq!(json, serde_json::json!({"usd": 0.5, "time_s": 1.5}));
        assert_eq!(serde_json::from_value::<Budget>(json).unwrap(), budget);
    }

    #[test]
    fn pass_rules_are_read() {
        assert_eq!(Comparison::parse(">= 4"), Some((Comparison::AtLeast, 4.0)));
        assert_eq!(Comparison::parse("<0.5"), Some((Comparison::Below, 0.5)));
        assert_eq!(Comparison::parse(">= many"), None);
        assert_eq!(Comparison::parse("4"), None);
        assert_eq!(Comparison::parse("> inf"), None);
    }
}
