//! `budget`: what one trial may use.
//!
//! Tokens are those of the whole trial as the target reports them, cost is that of the trial (attempts that failed and were billed
//! included), latency is the agent's own time, without queue and back-off. What the target does not report is not known to be within
//! any bound: the trial is unscored, and the reason says what is missing. Not part of the default `success`: a dear answer may be right.

use std::sync::Arc;

use super::{Found, Rule, ruled};
use crate::domain::decode::{Fields, Real, Time, Whole};
use crate::domain::kind::Kind;
use crate::domain::port::{Scorer, Seen};
use crate::domain::transcript::Transcript;
use crate::domain::units::millis;

pub(super) const fn kind() -> Kind<Arc<dyn Scorer>> {
    Kind {
        name: "budget",
        summary: "what one trial may use: tokens, cost, time",
        example: "{max_output_tokens: 300, max_latency: 5s}",
        decode,
    }
}

#[derive(Debug)]
struct Budget {
    output_tokens: Option<u64>,
    total_tokens: Option<u64>,
    cost_usd: Option<f64>,
    latency_ms: Option<f64>,
}

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let tokens = || Whole(0..=u64::MAX);
    let output_tokens = fields.optional(
        "max_output_tokens",
        "most tokens the agent may write in one trial, reasoning included",
        tokens(),
    );
    let total_tokens = fields.optional(
        "max_total_tokens",
        "most tokens the agent may read and write in one trial",
        tokens(),
    );
    let cost_usd = fields.optional(
        "max_cost_usd",
        "most one trial may cost, in USD",
        Real(0.0..=f64::MAX),
    );
    let latency_ms = fields
        .optional(
            "max_latency",
            "most time the agent may take for one trial",
            Time,
        )
        .map(millis);
    const KEYS: [&str; 4] = [
        "max_output_tokens",
        "max_total_tokens",
        "max_cost_usd",
        "max_latency",
    ];
    if fields
        .node()
        .is_some_and(|node| KEYS.iter().all(|key| node.get(key).is_none()))
    {
        fields.problem("", format!("one bound must be given: {}", KEYS.join(", ")));
    }
    ruled(Budget {
        output_tokens,
        total_tokens,
        cost_usd,
        latency_ms,
    })
}

/// The agent's own time in milliseconds; `None` for a transcript from a file that tells none.
fn latency(transcript: &Transcript) -> Option<f64> {
    let total = transcript.timing.total_ms;
    (total > 0.0 || !transcript.replayed).then_some(total)
}

impl Rule for Budget {
    fn look(&self, seen: &Seen) -> Result<Found, String> {
        let transcript = &seen.transcript;
        let usage = transcript.usage;
        let mut unknown = None;
        let mut within = Vec::new();
        let mut over = None;
        let mut check = |what: &str,
                         used: Option<f64>,
                         most: Option<f64>,
                         show: fn(f64) -> String| {
            let Some(most) = most else { return };
            match used {
                None => unknown = Some(format!("the target reports no {what}")),
                Some(used) if used > most => {
                    over.get_or_insert(format!("{what}: {}, at most {}", show(used), show(most)));
                }
                Some(used) => within.push(format!("{what}: {}", show(used))),
            }
        };
        let count: fn(f64) -> String = |n| format!("{n:.0}");
        check(
            "output tokens",
            usage.map(|u| as_f64(u.output)),
            self.output_tokens.map(as_f64),
            count,
        );
        check(
            "tokens",
            usage.map(|u| as_f64(u.total())),
            self.total_tokens.map(as_f64),
            count,
        );
        check("cost", transcript.cost_usd, self.cost_usd, |usd| {
            format!("${usd:.6}")
        });
        check("latency", latency(transcript), self.latency_ms, |ms| {
            format!("{ms:.0} ms")
        });
        match (over, unknown) {
            // One bound broken is enough, whatever is not known of the others.
            (Some(over), _) => Ok(Found::new(false, over)),
            (None, Some(unknown)) => Err(unknown),
            (None, None) => Ok(Found::new(true, within.join(", "))),
        }
    }
}

/// Token counts are far below 2^53, where every whole number is exact.
#[expect(
    clippy::cast_precision_loss,
    reason = "token counts are far below 2^53"
)]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::{case, decode as decoded};
    use crate::domain::message::Usage;
    use crate::domain::port::Seen;
    use crate::domain::score::{Score, Unscored, Value};
    use crate::domain::transcript::{Timing, Transcript};
    use serde_json::{Value as Json, json};

    fn score(options: &Json, transcript: Transcript) -> Score {
        let seen = Seen {
            case: Arc::new(case(None)),
            transcript: Arc::new(transcript),
        };
        decoded("budget", options)
            .unwrap()
            .score("s", &seen)
            .unwrap()
    }

    fn used() -> Transcript {
        Transcript {
            usage: Some(Usage {
                input: 100,
                output: 50,
                ..Usage::default()
            }),
            cost_usd: Some(0.002),
            timing: Timing {
                total_ms: 1_500.0,
                ..Timing::default()
            },
            ..Transcript::default()
        }
    }

    #[test]
    fn a_bound_itself_is_within_the_budget() {
        let bounds = json!({"max_output_tokens": 50, "max_total_tokens": 150, "max_cost_usd": 0.002, "max_latency": "1.5s"});
        assert_eq!(score(&bounds, used()).value, Value::Pass(true));
        for tight in [
            json!({"max_output_tokens": 49}),
            json!({"max_total_tokens": 149}),
            json!({"max_cost_usd": 0.0019}),
            json!({"max_latency": "1499ms"}),
        ] {
            assert_eq!(score(&tight, used()).value, Value::Pass(false), "{tight}");
        }
    }

    #[test]
    fn what_is_not_reported_is_not_within_any_bound() {
        let mut silent = used();
        silent.usage = None;
        silent.cost_usd = None;
        for bound in [
            json!({"max_output_tokens": 9999}),
            json!({"max_cost_usd": 1}),
        ] {
            let score = score(&bound, silent.clone());
            assert_eq!(score.value, Value::Unscored(Unscored::Broken));
            assert!(score.reason.unwrap().starts_with("the target reports no "));
        }
        let broken = json!({"max_cost_usd": 1, "max_latency": "1s"});
        assert_eq!(score(&broken, silent).value, Value::Pass(false));
        let file = Transcript {
            replayed: true,
            ..Transcript::default()
        };
        assert!(score(&json!({"max_latency": "1s"}), file).is_unscored());
    }

    #[test]
    fn a_budget_names_a_bound() {
        assert!(decoded("budget", &json!({})).is_err());
        assert!(decoded("budget", &json!({"max_latency": 5})).is_err());
    }
}
