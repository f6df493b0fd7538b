//! How a call can fail, and whether to try again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why an attempt yielded no reply. A fault is data: the run goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// What happened.
    pub kind: FaultKind,
    /// In words, with the whole chain of causes; secrets masked.
    pub message: String,
    /// The HTTP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long the endpoint asks to be left alone, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<f64>,
    /// Whether trying again may help, where the kind alone does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<bool>,
}

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 429: too many requests.
    RateLimited,
    /// Refused connection, DNS, TLS, reset, cut stream, 5xx.
    Unavailable,
    /// Accepted, then silent for `limits.timeout`.
    TimedOut,
    /// 4xx: the endpoint will not take this request.
    Rejected,
    /// 401 or 403, or a quota that is used up.
    Unauthorized,
    /// The reply's envelope cannot be read.
    Garbled,
    /// A program ended with a code other than 0, by a signal, or without a reply.
    Crashed,
    /// The cassette holds no answer to this request.
    CassetteMiss,
    /// The harness itself could not make the call: a template that fails, a program that cannot be started.
    Internal,
}

impl FaultKind {
    /// Every kind, with the word used in files.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("rate_limited", Self::RateLimited),
        ("unavailable", Self::Unavailable),
        ("timed_out", Self::TimedOut),
        ("rejected", Self::Rejected),
        ("unauthorized", Self::Unauthorized),
        ("garbled", Self::Garbled),
        ("crashed", Self::Crashed),
        ("cassette_miss", Self::CassetteMiss),
        ("internal", Self::Internal),
    ];

    /// The word used in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("internal", |(name, _)| name)
    }

    /// The words used on the screen.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::RateLimited => "rate limited",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed out",
            Self::Rejected => "rejected",
            Self::Unauthorized => "unauthorized",
            Self::Garbled => "garbled",
            Self::Crashed => "crashed",
            Self::CassetteMiss => "not in the cassette",
            Self::Internal => "internal",
        }
    }
}

impl Fault {
    /// A fault without further particulars.
    #[must_use]
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: None,
            retry_after_s: None,
            retry: None,
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn worth_retrying(&self) -> bool {
        self.retry.unwrap_or(match self.kind {
            FaultKind::RateLimited
            | FaultKind::Unavailable
            | FaultKind::TimedOut
            | FaultKind::Garbled
            | FaultKind::Crashed => true,
            FaultKind::Rejected
            | FaultKind::Unauthorized
            | FaultKind::CassetteMiss
            | FaultKind::Internal => false,
        })
    }

    /// How long the endpoint asks to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after_s
            .and_then(|s| Duration::try_from_secs_f64(s).ok())
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.words(), self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_one_word_each_in_files() {
        for (name, kind) in FaultKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), *name);
            assert_eq!(kind.name(), *name);
        }
    }

    #[test]
    fn what_cannot_help_is_not_tried_again() {
        assert!(!Fault::new(FaultKind::Unauthorized, "401").worth_retrying());
        let mut fault = Fault::new(FaultKind::Unavailable, "reset");
        assert!(fault.worth_retrying());
        fault.retry = Some(false);
        assert!(!fault.worth_retrying());
    }
}
