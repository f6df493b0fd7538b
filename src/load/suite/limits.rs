//! The bounds of a run, and its recorded replies.

use std::time::Duration;

use crate::domain::decode::{Fields, OneOf, Problems, Real, Shape, Text, Time, Whole};
use crate::domain::suite::{CassetteMode, CassetteSpec, Limits};
use crate::domain::tree::Node;
use serde_json::Value as Json;

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
    fields.not_yet(&[
        "rpm",
        "tpm",
        "budget_usd",
        "budget_tokens",
        "budget_calls",
        "budget_time",
    ]);
    Some(Limits {
        concurrency: u32::try_from(concurrency).unwrap_or(u32::MAX),
        timeout,
        deadline,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        max_error_rate,
    })
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
