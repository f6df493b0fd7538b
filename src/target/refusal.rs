//! What an endpoint says when it does not answer: an error status, or an error in the body of a status 200. The same for every kind
//! of target that speaks HTTP; only the advice differs.

use serde_json::Value as Json;

use crate::domain::fault::{Fault, FaultKind};

/// The most characters of an endpoint's own words that a fault quotes.
const QUOTED: usize = 300;

/// Codes by which providers say that their content filter replaced the answer: an answer, not an error (STATISTICS 1).
const BLOCKED: &[&str] = &[
    "content_filter",
    "content_policy_violation",
    "responsibleaipolicyviolation",
];

/// Codes by which they say that the quota is used up: waiting does not help.
const SPENT: &[&str] = &[
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "credit_balance_too_low",
    "billing_error",
    "enforced_spend_limit_reached",
];

/// Codes by which they say that they will not take this key, or this request: words that stand for a status where there is none.
const DENIED: &[&str] = &["authentication_error", "permission_error"];
const REJECTED: &[&str] = &[
    "invalid_request_error",
    "not_found_error",
    "request_too_large",
];

/// What to check, in the words of the kind of target.
pub(super) struct Advice {
    /// For a status that asks who we are.
    pub(super) key: &'static str,
    /// For an address that is not there.
    pub(super) place: &'static str,
    /// For one that has moved.
    pub(super) moved: &'static str,
}

/// The advice for an API of models.
pub(super) const MODEL: Advice = Advice {
    key: "check `api_key`",
    place: "check `base_url` and `model`",
    moved: "give `base_url` its final address",
};

/// An endpoint's words about an error.
struct Said {
    message: String,
    codes: Vec<String>,
}

impl Said {
    fn read(body: &str) -> Self {
        serde_json::from_str::<Json>(body).map_or_else(
            |_| Self {
                message: clip(body.trim()),
                codes: Vec::new(),
            },
            |json| Self::of(&json),
        )
    }

    /// From `{"error": {"message", "code", "type"}}`, `{"error": "words"}`, or the same without the outer map.
    fn of(json: &Json) -> Self {
        let error = json.get("error").unwrap_or(json);
        let message = [
            error,
            &error["message"],
            &error["detail"],
            &json["message"],
            &json["detail"],
        ]
        .into_iter()
        .find_map(Json::as_str)
        .map_or_else(|| clip(&error.to_string()), clip);
        let codes = [
            &error["code"],
            &error["type"],
            &error["status"],
            &error["innererror"]["code"],
            &error["details"]["error_code"],
            &json["code"],
        ]
        .into_iter()
        .filter_map(|code| match code {
            Json::String(word) => Some(word.to_lowercase()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
        Self { message, codes }
    }

    fn has(&self, known: &[&str]) -> bool {
        self.codes.iter().any(|code| known.contains(&code.as_str()))
    }

    fn is_rate_limit(&self) -> bool {
        self.codes
            .iter()
            .any(|code| code == "429" || code.contains("rate_limit"))
    }
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text.to_owned(),
    }
}

/// A status other than 2xx as a fault, by the table of STATISTICS 1.
pub(super) fn refused(status: u16, body: &str, advice: &Advice) -> Fault {
    let said = Said::read(body);
    let redirected = format!("redirected, which is not followed; {}", advice.moved);
    let (kind, hint) = match status {
        _ if said.has(SPENT) => (FaultKind::Unauthorized, "the quota is used up"),
        429 => (FaultKind::RateLimited, ""),
        401 | 403 => (FaultKind::Unauthorized, advice.key),
        402 => (FaultKind::Unauthorized, "the account has no credit"),
        408 | 409 | 425 | 500.. => (FaultKind::Unavailable, ""),
        300..=399 => (FaultKind::Rejected, redirected.as_str()),
        404 => (FaultKind::Rejected, advice.place),
        _ => (FaultKind::Rejected, ""),
    };
    let message = [hint, said.message.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .fold(format!("status {status}"), |text, part| {
            format!("{text}: {part}")
        });
    Fault {
        status: Some(status),
        ..Fault::new(kind, message)
    }
}

/// Whether a refusal is the provider's content filter speaking.
pub(super) fn is_blocked(status: u16, body: &[u8]) -> bool {
    (400..500).contains(&status)
        && serde_json::from_slice::<Json>(body).is_ok_and(|json| Said::of(&json).has(BLOCKED))
}

/// The fault that a body of status 200 holds in place of an answer.
pub(super) fn disguised(error: &Json) -> Fault {
    let said = Said::of(error);
    let kind = if said.has(SPENT) || said.has(DENIED) {
        FaultKind::Unauthorized
    } else if said.is_rate_limit() {
        FaultKind::RateLimited
    } else if said.has(REJECTED) {
        FaultKind::Rejected
    } else {
        FaultKind::Unavailable
    };
    Fault::new(
        kind,
        format!("an error in place of an answer: {}", said.message),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(status: u16, body: &str) -> Fault {
        super::refused(status, body, &MODEL)
    }

    #[test]
    fn each_status_has_its_kind() {
        let kind = |status| refused(status, r#"{"error":{"message":"m"}}"#).kind;
        for (status, wanted) in [
            (429, FaultKind::RateLimited),
            (401, FaultKind::Unauthorized),
            (403, FaultKind::Unauthorized),
            (400, FaultKind::Rejected),
            (404, FaultKind::Rejected),
            (302, FaultKind::Rejected),
            (500, FaultKind::Unavailable),
            (503, FaultKind::Unavailable),
            (529, FaultKind::Unavailable),
        ] {
            assert_eq!(kind(status), wanted, "{status}");
        }
        for status in [408, 409, 425, 429, 500, 529] {
            assert!(refused(status, "").worth_retrying(), "{status}");
        }
        for status in [302, 400, 401, 404, 422] {
            assert!(!refused(status, "").worth_retrying(), "{status}");
        }
    }

    #[test]
    fn a_used_up_quota_is_not_a_rate_limit() {
        let body = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota"}}"#;
        assert_eq!(refused(429, body).kind, FaultKind::Unauthorized);
        let capped = r#"{"type":"error","error":{"type":"rate_limit_error","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
        assert_eq!(refused(429, capped).kind, FaultKind::Unauthorized);
    }

    #[test]
    fn the_endpoints_words_are_quoted_and_clipped() {
        assert_eq!(
            refused(404, r#"{"error":{"message":"no model x"}}"#).message,
            "status 404: check `base_url` and `model`: no model x"
        );
        assert_eq!(refused(500, "<html>oops").message, "status 500: <html>oops");
        assert_eq!(
            refused(500, r#"{"detail":"down"}"#).message,
            "status 500: down"
        );
        assert!(refused(500, &"ü".repeat(9_999)).message.len() < 700);
    }

    #[test]
    fn a_content_filters_refusal_is_known_by_its_code() {
        let filter = br#"{"error":{"message":"m","code":"content_filter"}}"#;
        assert!(is_blocked(400, filter));
        assert!(!is_blocked(500, filter));
        assert!(is_blocked(
            400,
            br#"{"error":{"code":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#
        ));
        assert!(!is_blocked(
            400,
            br#"{"error":{"message":"content_filter"}}"#
        ));
        assert!(!is_blocked(400, b"content_filter"));
    }

    #[test]
    fn an_error_in_disguise_is_retried_by_what_it_says() {
        let kind = |json: Json| disguised(&json).kind;
        assert_eq!(
            kind(json!({"error": {"code": 429, "message": "slow down"}})),
            FaultKind::RateLimited
        );
        assert_eq!(kind(json!({"error": "overloaded"})), FaultKind::Unavailable);
        assert_eq!(
            kind(json!({"error": {"type": "insufficient_quota"}})),
            FaultKind::Unauthorized
        );
        for (word, wanted) in [
            ("overloaded_error", FaultKind::Unavailable),
            ("api_error", FaultKind::Unavailable),
            ("rate_limit_error", FaultKind::RateLimited),
            ("authentication_error", FaultKind::Unauthorized),
            ("billing_error", FaultKind::Unauthorized),
            ("invalid_request_error", FaultKind::Rejected),
            ("not_found_error", FaultKind::Rejected),
        ] {
            let error = json!({"type": "error", "error": {"type": word, "message": "m"}});
            assert_eq!(kind(error), wanted, "{word}");
        }
    }
}
