//! What tokens cost.

use serde::{Deserialize, Serialize};

use super::message::Usage;

/// USD per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Tokens read.
    pub input: f64,
    /// Tokens written.
    pub output: f64,
    /// Tokens read from the endpoint's cache; `None`: as any input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
}

impl Price {
    /// USD of some tokens.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "token counts are far below 2^53"
    )]
    pub fn cost(&self, usage: Usage) -> f64 {
        let cached = usage.cached.min(usage.input);
        let fresh = (usage.input - cached) as f64 * self.input;
        let cached = cached as f64 * self.cached.unwrap_or(self.input);
        (fresh + cached + usage.output as f64 * self.output) / 1e6
    }
}

/// List prices by host and model, as noted in November 2025, those of Anthropic in November 2026. Other hosts may charge anything for
/// the same model, so they have none here. Writing to a cache costs a quarter more than reading afresh, which is not told apart.
const LIST: &[(&str, &str, Price)] = &[
    (
        "api.anthropic.com",
        "claude-haiku-4-5",
        price(1.0, 5.0, 0.1),
    ),
    (
        "api.anthropic.com",
        "claude-sonnet-4-5",
        price(3.0, 15.0, 0.3),
    ),
    (
        "api.anthropic.com",
        "claude-sonnet-4-6",
        price(3.0, 15.0, 0.3),
    ),
    (
        "api.anthropic.com",
        "claude-opus-4-5",
        price(5.0, 25.0, 0.5),
    ),
    (
        "api.anthropic.com",
        "claude-opus-4-6",
        price(5.0, 25.0, 0.5),
    ),
    (
        "api.anthropic.com",
        "claude-opus-4-7",
        price(5.0, 25.0, 0.5),
    ),
    (
        "api.anthropic.com",
        "claude-opus-4-8",
        price(5.0, 25.0, 0.5),
    ),
    ("api.openai.com", "gpt-4o", price(2.5, 10.0, 1.25)),
    ("api.openai.com", "gpt-4o-mini", price(0.15, 0.6, 0.075)),
    ("api.openai.com", "gpt-4.1", price(2.0, 8.0, 0.5)),
    ("api.openai.com", "gpt-4.1-mini", price(0.4, 1.6, 0.1)),
    ("api.openai.com", "gpt-4.1-nano", price(0.1, 0.4, 0.025)),
    ("api.openai.com", "gpt-5", price(1.25, 10.0, 0.125)),
    ("api.openai.com", "gpt-5-mini", price(0.25, 2.0, 0.025)),
    ("api.openai.com", "gpt-5-nano", price(0.05, 0.4, 0.005)),
];

const fn price(input: f64, output: f64, cached: f64) -> Price {
    Price {
        input,
        output,
        cached: Some(cached),
    }
}

/// The list price of a model at a host, if it is known: the name itself, or the name with a date behind it.
#[must_use]
pub fn listed(host: &str, model: &str) -> Option<Price> {
    LIST.iter()
        .find(|(known, name, _)| {
            let dated = model
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("-20"));
            *known == host && dated
        })
        .map(|(_, _, price)| *price)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_cost_their_own_price() {
        let usage = Usage {
            input: 1_000_000,
            cached: 400_000,
            output: 100_000,
            reasoning: 0,
        };
        let cost = price(2.5, 10.0, 1.25).cost(usage);
        assert!((cost - (1.5 + 0.5 + 1.0)).abs() < 1e-12, "{cost}");
    }

    #[test]
    fn only_known_models_at_known_hosts_have_a_price() {
        assert_eq!(
            listed("api.openai.com", "gpt-4o-mini-2024-07-18").map(|p| p.input),
            Some(0.15)
        );
        assert_eq!(
            listed("api.openai.com", "gpt-4o-2024-08-06").map(|p| p.input),
            Some(2.5)
        );
        assert_eq!(listed("api.openai.com", "gpt-4o-audio-preview"), None);
        assert_eq!(
            listed("api.anthropic.com", "claude-haiku-4-5-20251001").map(|p| p.cached),
            Some(Some(0.1))
        );
        assert_eq!(listed("127.0.0.1", "gpt-4o"), None);
    }
}
