//! The bounds of a run, and its recorded replies.

use std::time::Duration;

use crate::domain::decode::{Fields, OneOf, Problems, Real, Shape, Text, Time, Whole};
use crate::domain::suite::{Budget, CassetteMode, CassetteSpec, Limits, Suite};
use crate::domain::tree::Node;
use serde_json::{Value as Json, json};

/// Reads `limits`.
pub(super) fn decode(fields: &mut Fields<'_>) -> Option<Limits> {
    let default = Limits::default();
    let concurrency = fields.or(
        "concurrency",
        "calls under way at once; default: 64",
        Whole(1..=100_000),
        u64::from(default.concurrency),
    );
    let timeout = fields.or(
        "timeout",
        "the longest one attempt may take; default: 60s",
        Lasting,
        default.timeout,
    );
    let deadline = fields.optional(
        "deadline",
        "the agent's own time in one trial, without queue and back-off; default: none",
        Lasting,
    );
    let attempts = fields.or(
        "attempts",
        "tries of a call, the first included; default: 5",
        Whole(1..=100),
        u64::from(default.attempts),
    );
    let max_error_rate = fields.or(
        "max_error_rate",
        "share of planned trials that may be missing; default: 0.05",
        Real(0.0..=1.0),
        default.max_error_rate,
    );
    let budget = Budget {
        usd: fields.optional(
            "budget_usd",
            "the most that the run may cost in USD, judges included; needs a known price of all that is called; default: none",
            Dollars,
        ),
        tokens: fields.optional(
            "budget_tokens",
            "the most tokens that the run may read and write, judges included; default: none",
            Whole(1..=u64::MAX),
        ),
        calls: fields.optional(
            "budget_calls",
            "the most calls that the run may make, judges and failed attempts included; default: none",
            Whole(1..=u64::MAX),
        ),
        time: fields.optional(
            "budget_time",
            "wall time after which the run launches nothing more; default: none",
            Lasting,
        ),
    };
    for key in ["rpm", "tpm"] {
        fields.belongs_elsewhere(key, "the `limits` of a target or of a judge's model");
    }
    Some(Limits {
        concurrency: u32::try_from(concurrency).unwrap_or(u32::MAX),
        timeout,
        deadline,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        max_error_rate,
        budget,
    })
}

/// An amount of USD above zero.
struct Dollars;

impl Shape for Dollars {
    type Output = f64;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<f64> {
        let usd = Real(0.0..=1e9).read(node, problems)?;
        if usd == 0.0 {
            problems.note(node.span, "an amount above zero is wanted here");
            return None;
        }
        Some(usd)
    }
    fn schema(&self) -> Json {
        json!({"type": "number", "exclusiveMinimum": 0})
    }
}

/// A duration above zero.
struct Lasting;

impl Shape for Lasting {
    type Output = Duration;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Duration> {
        let duration = Time.read(node, problems)?;
        if duration.is_zero() {
            problems.note(node.span, "a duration above zero is wanted here");
            return None;
        }
        Some(duration)
    }
    fn schema(&self) -> Json {
        Time.schema()
    }
}

/// Reads `cassette`.
pub(super) fn cassette(fields: &mut Fields<'_>) -> Option<CassetteSpec> {
    const MODES: &[(&str, CassetteMode)] = &[
        ("replay", CassetteMode::Replay),
        ("record", CassetteMode::Record),
        ("fill", CassetteMode::Fill),
    ];
    let file = fields.required("file", "file of recorded replies", Text);
    let mode = fields.or(
        "mode",
        "replay (answer from it, never call), record (call and write), fill (call what is missing); default: replay",
        OneOf(MODES),
        CassetteMode::Replay,
    );
    Some(CassetteSpec { file: file?, mode })
}

/// Everything that would be called must have a price where money is capped: what is unknown cannot be held below anything.
pub(super) fn priced(fields: &mut Fields<'_>, suite: &Suite) {
    if suite.limits.budget.usd.is_none() {
        return;
    }
    let models = suite
        .scorers
        .iter()
        // What a program of the user's own costs is not ours to count; no price could be given.
        .filter(|scorer| scorer.kind != "command")
        .flat_map(|scorer| scorer.models().map(|model| ("the model of", model)));
    let targets = suite.targets.iter().map(|target| ("target", target));
    for (what, spec) in targets.chain(models) {
        if spec.price.is_none() && spec.plan.is_live() {
            fields.problem(
                "limits.budget_usd",
                format!(
                    "money cannot be capped while the price of {what} `{}` is unknown; give it a `price: {{input: .., output: ..}}` (0 for one that costs nothing), or cap `budget_tokens` or `budget_calls`",
                    spec.id
                ),
            );
        }
    }
}
