//! What a call may use, reserved before it is made.

use serde_json::Value as Json;

use super::TargetSlot;
use crate::domain::message::Usage;
use crate::domain::port::Request;

/// Tokens that a reply is taken to have at most where nothing bounds it (`max_tokens`).
pub const DEFAULT_OUTPUT: u64 = 2_048;
/// Bytes of text that make a token, near enough.
const BYTES_A_TOKEN: usize = 4;
/// Tokens around each message.
const A_MESSAGE: usize = 4;

/// What a call may use at most, near enough: its prompt by its length, its reply by its bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reserve {
    /// Tokens read.
    pub(crate) input: u64,
    /// Tokens written.
    pub(crate) output: u64,
    /// USD; 0 where no price is known.
    pub(crate) usd: f64,
    /// Whether something says how much the reply may have.
    pub(crate) is_bounded: bool,
}

impl Reserve {
    pub(crate) fn of(slot: &TargetSlot, request: &Request) -> Self {
        let texts: usize = request
            .messages
            .iter()
            .map(|message| message.content.len().div_ceil(BYTES_A_TOKEN) + A_MESSAGE)
            .sum();
        let tools: usize = request
            .tools
            .iter()
            .map(|tool| size(tool) / BYTES_A_TOKEN)
            .sum();
        let input = (texts + tools) as u64;
        // What the request itself bounds wins over the model's own bound.
        let asked = ["max_completion_tokens", "max_tokens"]
            .iter()
            .find_map(|key| request.params.get(*key)?.as_u64());
        let bound = asked.or(slot.bounds.most_output);
        let output = bound.unwrap_or(DEFAULT_OUTPUT);
        let usage = Usage {
            input,
            output,
            ..Usage::default()
        };
        Self {
            input,
            output,
            usd: slot.price.map_or(0.0, |price| price.cost(usage)),
            is_bounded: bound.is_some(),
        }
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.input + self.output
    }
}

/// About how many bytes a value takes when written.
fn size(json: &Json) -> usize {
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => 4,
        Json::String(text) => text.len() + 2,
        Json::Array(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 2,
        Json::Object(map) => {
            map.iter()
                .map(|(key, item)| key.len() + size(item) + 4)
                .sum::<usize>()
                + 2
        }
    }
}
