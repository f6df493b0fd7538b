//! The suite's top level: which keys there are, in which order they are read, and what may be left out.

use std::cell::RefCell;

use serde_json::{Value as Json, json};

use crate::domain::decode::{Fields, List, OneOf, Problems, Shape, Text, Truth, Whole, object};
use crate::domain::suite::{Baseline, OnUnclear, Suite};
use crate::domain::tree::Node;
use crate::score::benchmark::rule;

use super::gates::GateRule;
use super::names::Title;
use super::quarantine::Quarantine;
use super::references::{BaselineName, MetricName, NoiseBy, References, SuccessTerm};
use super::scorers::{JudgeTexts, Scorers};
use super::targets::{Named, Targets};
use super::{Kinds, dataset, limits};

/// What a suite is decoded with.
pub(super) struct Context<'a> {
    /// The tables of kinds that are handed down.
    pub(super) kinds: &'a Kinds,
    /// Where the texts of judges come from.
    pub(super) judges: &'a JudgeTexts<'a>,
    /// Whether a flag cut the list of targets down.
    pub(super) reduced: bool,
    /// Problems of other files (judges), found on the way.
    pub(super) elsewhere: &'a RefCell<Vec<crate::domain::decode::Problem>>,
}

/// The version of the suite format that this program reads.
const VERSION: u64 = 1;

/// Reads the top level.
pub(super) fn decode(fields: &mut Fields<'_>, context: &Context<'_>) -> Option<Suite> {
    fields.required("version", "the version of the format: 1", Version);
    let name = fields.required("suite", "the suite's name", Title);
    let seed = fields.or(
        "seed",
        "seeds every random choice; default: 0",
        Whole(0..=u64::MAX),
        0,
    );
    let dataset = fields.required(
        "dataset",
        "where the cases come from",
        object(dataset::decode),
    );
    let targets = fields.required(
        "targets",
        "the agents and models under test",
        Targets(context.kinds.targets),
    );
    let scorers = fields.optional(
        "scorers",
        "what turns a transcript into scores; default: only the checks of the cases",
        Scorers(context),
    );
    let repeats = fields.optional(
        "repeats",
        "how often each case is put to each target; default: 1",
        Whole(1..=1_000),
    );
    let limits = fields.optional("limits", "bounds of the run", object(limits::decode));
    let graded = dataset
        .as_ref()
        .and_then(|dataset| rule(dataset.benchmark.as_deref()?))
        .is_some_and(|rule| rule.reads_a_grader);
    if graded && !is_written(fields, "scorers") {
        fields.problem(
            "dataset.benchmark",
            "this benchmark is graded by a model; name a scorer of `kind: judge` under `scorers`",
        );
    }
    let whole_scorers = scorers.is_some() || !is_written(fields, "scorers");
    let scorers = scorers.unwrap_or(Named {
        good: Vec::new(),
        ids: Vec::new(),
    });
    let named_targets = targets
        .as_ref()
        .map(|named| named.ids.clone())
        .unwrap_or_default();
    let references = References::new(
        named_targets,
        &scorers.good,
        scorers.ids.clone(),
        context.reduced,
    );
    let success = fields.optional(
        "success",
        "what makes a trial a success: all of these; default: every pass/fail scorer but budget and length",
        List(SuccessTerm(&references)),
    );
    let baseline = fields.optional(
        "baseline",
        "a target's id or a baseline file; default with several targets: the first",
        BaselineName(&references),
    );
    let primary = fields.optional(
        "primary",
        "the metric whose finding leads; default: success_rate",
        MetricName(&references),
    );
    let noise = fields.optional(
        "noise",
        "by metric, the difference inside which two sides are the same",
        NoiseBy(&references),
    );
    let baseline_given = is_written(fields, "baseline");
    let baseline = baseline.unwrap_or(if references.targets.len() > 1 {
        Baseline::Target(0)
    } else {
        Baseline::None
    });
    let gate = GateRule {
        references: &references,
        repeats: repeats.and_then(|n| u32::try_from(n).ok()).unwrap_or(
            // A faulty `repeats` has its own problem; gates are not judged by it.
            if is_written(fields, "repeats") {
                u32::MAX
            } else {
                1
            },
        ),
        has_baseline: baseline_given || baseline != Baseline::None,
    };
    let gates = fields.optional("gates", "rules that decide the exit code", List(gate));
    let on_unclear = fields.or(
        "on_unclear",
        "what a gate without enough precision does: point (its best estimate decides), fail, pass; default: point",
        OneOf(UNCLEAR),
        OnUnclear::Point,
    );
    let allow_uncalibrated = fields.or(
        "allow_uncalibrated",
        "let a judge that was never held against labels decide gates; default: false",
        Truth,
        false,
    );
    let cassette = fields.optional("cassette", "recorded replies", object(limits::cassette));
    let quarantine = fields.optional(
        "quarantine",
        "cases known to be flaky: until their day they are run and shown apart, and count nowhere",
        Quarantine,
    );
    if fields.describing() {
        fields.optional(
            "profiles",
            "by name, keys laid over the suite by --profile: maps merge, all else replaces",
            Profiles,
        );
    }
    fields.not_yet(&["variants", "stop_early"]);
    let targets = targets?;
    let whole = whole_scorers
        && targets.good.len() == targets.ids.len()
        && scorers.good.len() == scorers.ids.len();
    let suite = Suite {
        name: name?,
        seed,
        dataset: dataset?,
        targets: targets.good,
        scorers: scorers.good,
        repeats: u32::try_from(repeats.unwrap_or(1)).unwrap_or(u32::MAX),
        limits: limits.unwrap_or_default(),
        success,
        baseline,
        primary: primary.unwrap_or_else(|| "success_rate".to_owned()),
        noise: noise.unwrap_or_default(),
        gates: gates.unwrap_or_default(),
        on_unclear,
        allow_uncalibrated,
        cassette,
        quarantine: quarantine.unwrap_or_default(),
    };
    limits::priced(fields, &suite);
    whole.then_some(suite)
}

const UNCLEAR: &[(&str, OnUnclear)] = &[
    ("point", OnUnclear::Point),
    ("fail", OnUnclear::Fail),
    ("pass", OnUnclear::Pass),
];

fn is_written(fields: &Fields<'_>, key: &str) -> bool {
    fields.node().is_some_and(|node| node.get(key).is_some())
}

struct Version;

impl Shape for Version {
    type Output = ();
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<()> {
        let written = Text.read(node, problems)?;
        if written != VERSION.to_string() {
            problems.note(
                node.span,
                format!("version `{written}` is not known; this program reads version {VERSION}"),
            );
            return None;
        }
        Some(())
    }
    fn schema(&self) -> Json {
        json!({"const": VERSION})
    }
}

struct Profiles;

impl Shape for Profiles {
    type Output = ();
    fn read(&self, _: &Node, _: &mut Problems) -> Option<()> {
        None
    }
    fn schema(&self) -> Json {
        json!({"type": "object", "additionalProperties": {"type": "object"}})
    }
}
