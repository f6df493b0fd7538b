//! One line of a cassette: a request with its reply.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::digest::Digest;
use crate::domain::transcript::Timing;

/// The version of a line.
pub(super) const VERSION: u32 = 1;

/// Read before all else: what a newer line holds may not be readable at all.
#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) v: u32,
}

/// A line as it is written.
#[derive(Debug, Serialize)]
pub(super) struct Record<'a> {
    pub(super) v: u32,
    pub(super) key: Digest,
    pub(super) ordinal: u64,
    pub(super) run: &'a str,
    pub(super) kind: &'a str,
    pub(super) endpoint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) endpoint_digest: Option<Digest>,
    pub(super) repeat: u32,
    pub(super) vote: u32,
    pub(super) occurrence: u32,
    pub(super) request: &'a RawValue,
    pub(super) response: Response,
}

/// A recorded reply.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Response {
    /// The HTTP status; 0 for a process.
    pub(super) status: u16,
    /// Whether the body is an event stream.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) stream: bool,
    /// A body that is JSON on one line, byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) json: Option<Box<RawValue>>,
    /// Any other body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    /// Times.
    pub(super) timing: Timing,
}

/// What the index takes from a line.
#[derive(Deserialize)]
pub(super) struct Head<'a> {
    pub(super) key: Digest,
    pub(super) ordinal: u64,
    #[serde(borrow, default)]
    pub(super) run: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) endpoint: Cow<'a, str>,
    #[serde(default)]
    pub(super) endpoint_digest: Option<Digest>,
}

/// The part of a line that answers.
#[derive(Deserialize)]
pub(super) struct Recorded {
    pub(super) key: Digest,
    pub(super) response: Response,
}
