//! HaluEval: whether a detector sees that an answer is made up.

use serde_json::json;

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "halueval",
    summary: "a detector says of an answer whether it is made up",
    cases: "4,507 (general)",
    licence: "MIT",
    metric: "accuracy",
    file: "ID, user_query, chatgpt_response, hallucination (yes or no), as JSON lines (general_data)",
    prompt: "Question: USER_QUERY\n\nAnswer: CHATGPT_RESPONSE\n\nDoes the answer hold anything that is made up or cannot be verified? Reply with Yes or No.",
    verified: None,
    keys: &["user_query"],
    list_of_outputs: None,
    answers_beside: false,
    unfold: None,
    read,
};

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let made_up = row.text("hallucination")?;
    if !matches!(made_up, "yes" | "no") {
        return Err(format!(
            "`hallucination` must be yes or no, not `{made_up}`"
        ));
    }
    Ok(Asked {
        prompt: format!(
            "Question: {}\n\nAnswer: {}\n\nDoes the answer hold anything that is made up or cannot be verified? Reply with Yes or No.",
            row.text("user_query")?,
            row.text("chatgpt_response")?
        ),
        expected: Some(json!(made_up)),
        ..Asked::default()
    })
}
