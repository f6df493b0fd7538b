//! What a request is: the key of its recorded reply, and its name in a line.

use serde_json::{Value as Json, json};

use crate::domain::digest::Digest;
use crate::domain::port::Call;
use crate::domain::secret::Secrets;

/// Characters of a message that a request is named by.
const NAMED: usize = 80;

/// The key of a call's reply. Two calls have the same key exactly when they are the same request.
#[must_use]
pub fn key(call: &Call) -> Digest {
    Digest::of_json(&json!([
        call.kind,
        call.endpoint,
        call.content,
        call.id.repeat,
        call.id.vote,
        call.id.occurrence
    ]))
}

/// The request in one line.
pub(super) fn describe(call: &Call, secrets: &Secrets) -> String {
    let id = &call.id;
    let mut text = format!("{} {}", call.kind, call.endpoint);
    if let Some(model) = call.content.get("model").and_then(Json::as_str) {
        text.push_str(&format!(", model {model}"));
    }
    text.push_str(&format!(", {:?}", said(&call.content)));
    text.push_str(&format!(" (trial {}, target {}", id.ordinal, id.target));
    if let Some(scorer) = &id.scorer {
        text.push_str(&format!(", scorer {scorer}"));
    }
    text.push_str(&format!(", repeat {}", id.repeat));
    for (name, number) in [("vote", id.vote), ("occurrence", id.occurrence)] {
        if number > 0 {
            text.push_str(&format!(", {name} {number}"));
        }
    }
    text.push(')');
    secrets.mask(&text).into_owned()
}

/// The beginning of the last thing said in a request.
fn said(content: &Json) -> String {
    let last = content
        .get("messages")
        .and_then(Json::as_array)
        .and_then(|messages| messages.last())
        .and_then(|message| message.get("content"))
        .or_else(|| content.get("input"))
        .unwrap_or(content);
    let text = last
        .as_str()
        .map_or_else(|| last.to_string(), str::to_owned);
    match text.char_indices().nth(NAMED) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::cassette::tests::call;

    proptest! {
        #[test]
        fn the_key_changes_with_every_part_of_a_request_and_with_nothing_else(
            which in 0_usize..9, by in 1_u32..1000, model in "[a-z]{1,8}", text in ".{0,20}"
        ) {
            let base = || {
                let mut base = call(3, &text);
                base.content["model"] = json!(model);
                base.content["params"] = json!({"temperature": 0, "max_tokens": 5});
                base
            };
            let mut changed = base();
            match which {
                0 => changed.kind = "command",
                1 => changed.endpoint.push('/'),
                2 => changed.content["model"] = json!(format!("{model}{by}")),
                3 => changed.content["messages"][0]["content"] = json!(format!("{text}{by}")),
                4 => changed.content["params"]["temperature"] = json!(by),
                5 => changed.content["tools"] = json!([by]),
                6 => changed.id.repeat = by,
                7 => changed.id.vote = by,
                _ => changed.id.occurrence = by,
            }
            prop_assert_ne!(key(&base()), key(&changed));
            let mut same = base();
            same.id.ordinal += u64::from(by);
            same.id.target = "other".into();
            same.id.scorer = Some("judge".into());
            same.endpoint_filled = None;
            same.content = json!({
                "params": {"max_tokens": 5, "temperature": 0},
                "messages": same.content["messages"],
                "model": model,
            });
            prop_assert_eq!(key(&base()), key(&same));
        }
    }
}
