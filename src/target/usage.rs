//! Token counts as endpoints report them, normalised: cached tokens inside the input, reasoning inside the output.

use serde_json::Value as Json;

use crate::domain::message::Usage;

/// The counts of any of the forms met: chat completions (`prompt_tokens`), the messages API and the like (`input_tokens`), our own
/// (`input`). Both numbers or none, since a forgotten one would count as 0.
pub(super) fn read(json: &Json) -> Option<Usage> {
    let count = |names: &[&str]| names.iter().find_map(|name| json.get(name)?.as_u64());
    let inner = |map: &str, name: &str| json.get(map)?.get(name)?.as_u64();
    let input = count(&["prompt_tokens", "input_tokens", "input"])?;
    let output = count(&["completion_tokens", "output_tokens", "output"])?;
    let cached = inner("prompt_tokens_details", "cached_tokens")
        .or_else(|| inner("input_tokens_details", "cached_tokens"))
        .or_else(|| {
            count(&[
                "prompt_cache_hit_tokens",
                "cache_read_input_tokens",
                "cached",
            ])
        })
        .unwrap_or(0);
    let reasoning = inner("completion_tokens_details", "reasoning_tokens")
        .or_else(|| inner("output_tokens_details", "reasoning_tokens"))
        .or_else(|| count(&["reasoning"]))
        .unwrap_or(0);
    // The messages API counts what its cache read and wrote apart from the input. Gateways that translate it into chat completions
    // repeat those counts beside a sum that holds them already.
    let apart = if json.get("prompt_tokens").is_some() {
        [0, 0]
    } else {
        ["cache_read_input_tokens", "cache_creation_input_tokens"]
            .map(|name| count(&[name]).unwrap_or(0))
    };
    let input = apart.into_iter().fold(input, u64::saturating_add);
    Some(Usage {
        input,
        cached: cached.min(input),
        output,
        reasoning: reasoning.min(output),
    })
}

/// An amount in USD, if it is one.
pub(super) fn cost(json: &Json) -> Option<f64> {
    json.as_f64()
        .filter(|cost| cost.is_finite() && *cost >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_is_read_with_the_cache_inside_the_input() {
        let usage = |input, cached, output, reasoning| {
            Some(Usage {
                input,
                cached,
                output,
                reasoning,
            })
        };
        let chat = json!({"prompt_tokens": 10, "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 3}});
        assert_eq!(read(&chat), usage(10, 4, 5, 3));
        let messages = json!({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20});
        assert_eq!(read(&messages), usage(130, 100, 5, 0));
        let translated = json!({"prompt_tokens": 130, "completion_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20});
        assert_eq!(read(&translated), usage(130, 100, 5, 0));
        let nulls =
            json!({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": null});
        assert_eq!(read(&nulls), usage(10, 0, 5, 0));
        let responses = json!({"input_tokens": 10, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 4}});
        assert_eq!(read(&responses), usage(10, 4, 5, 0));
        let ours = json!({"input": 10, "cached": 99, "output": 5, "reasoning": 99});
        assert_eq!(read(&ours), usage(10, 10, 5, 5));
        assert_eq!(read(&json!({"input_tokens": 10})), None);
        assert_eq!(read(&json!("many")), None);
        assert_eq!(cost(&json!(-1)), None);
        assert_eq!(cost(&json!(0.5)), Some(0.5));
    }
}
