//! BFCL: calls of functions. Questions and accepted answers are two files; the id of a question says its category and language.

use serde_json::{Value as Json, json};

use super::{Asked, Benchmark, Native};

pub(super) const BENCHMARK: Benchmark = Benchmark {
    name: "bfcl",
    summary: "calls of functions, compared argument by argument",
    cases: "by category; 2,000 in version 1, single turn",
    licence: "Apache-2.0",
    metric: "accuracy",
    file: "id, question, function, and ground_truth (in the row, or in `possible_answer/` beside the questions), as JSON lines",
    prompt: "QUESTION\n\nThese functions can be called, as JSON: FUNCTIONS\n\nReply with the calls that answer the question and nothing else, as a JSON array with one object a call: [{\"NAME\": {\"PARAMETER\": VALUE}}]. If no function fits, reply with [].\n(Java and JavaScript: each value is a string that holds a literal of that language)",
    verified: Some(
        "questions of 7 categories (2024) and 4 (version 4); results of 3 models with the published failures",
    ),
    keys: &["id"],
    list_of_outputs: None,
    answers_beside: true,
    unfold: None,
    read,
};

/// The category and language of a question by its id, as both releases write them.
fn kind_of(id: &str) -> Option<(&'static str, &'static str)> {
    let name = id.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '-');
    let name = name.strip_suffix('_')?;
    let name = name.strip_prefix("live_").unwrap_or(name);
    Some(match name {
        "simple" | "simple_python" => ("simple", "python"),
        "java" | "simple_java" => ("simple", "java"),
        "javascript" | "simple_javascript" => ("simple", "javascript"),
        "multiple" | "multiple_function" => ("multiple", "python"),
        "parallel" | "parallel_function" => ("parallel", "python"),
        "parallel_multiple" | "parallel_multiple_function" => ("parallel_multiple", "python"),
        "relevance" | "irrelevance" => ("relevance", "python"),
        _ => return None,
    })
}

/// The question as one text: it is one, or turns of messages.
fn question(value: &Json) -> Result<String, String> {
    match value {
        Json::String(text) => Ok(text.clone()),
        Json::Array(turns) if turns.len() == 1 => {
            let messages = match &turns[0] {
                Json::Array(messages) => messages.as_slice(),
                _ => turns.as_slice(),
            };
            let said: Option<Vec<&str>> = messages
                .iter()
                .map(|message| message.get("content")?.as_str())
                .collect();
            let said = said.ok_or("`question` must be messages with a `content` each")?;
            Ok(said.join("\n\n"))
        }
        Json::Array(_) => Err(
            "`question` has several turns; categories of several turns are not supported, only single-turn ones"
                .to_owned(),
        ),
        _ => Err("`question` must be text or one turn of messages".to_owned()),
    }
}

fn read(row: &Native<'_>) -> Result<Asked, String> {
    let id = row.text("id")?;
    let (category, language) = kind_of(id).ok_or_else(|| {
        format!(
            "the id `{id}` names no category that can be checked; known: simple, multiple, parallel, parallel_multiple, relevance or irrelevance, java, javascript"
        )
    })?;
    let said = question(row.value("question")?)?;
    let functions = row.value("function")?;
    if category != "relevance" && row.find("ground_truth").is_none() {
        return Err(format!(
            "there is no accepted answer for `{id}`: put `ground_truth` into the row, or the benchmark's file of answers of the same name into `possible_answer/` beside the questions"
        ));
    }
    let written = match language {
        "python" => "",
        "java" => " Each value is a string that holds a literal of Java.",
        _ => " Each value is a string that holds a literal of JavaScript.",
    };
    let prompt = format!(
        "{said}\n\nThese functions can be called, as JSON: {functions}\n\nReply with the calls that answer the question and nothing else, as a JSON array with one object a call: [{{\"NAME\": {{\"PARAMETER\": VALUE}}}}].{written} If no function fits, reply with []."
    );
    let category_tag = match language {
        "python" => category.to_owned(),
        other => other.to_owned(),
    };
    Ok(Asked {
        id: Some(id.to_owned()),
        prompt,
        expected: row.find("ground_truth").cloned(),
        tags: vec![category_tag],
        more: vec![("category", json!(category)), ("language", json!(language))],
        ..Asked::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::benchmark::bfcl::{Category, Language};

    #[test]
    fn an_id_says_category_and_language() {
        for (id, kind) in [
            ("simple_0", ("simple", "python")),
            ("simple_python_12", ("simple", "python")),
            ("live_simple_3-1-0", ("simple", "python")),
            ("java_7", ("simple", "java")),
            ("simple_javascript_7", ("simple", "javascript")),
            ("multiple_function_0", ("multiple", "python")),
            ("parallel_multiple_9", ("parallel_multiple", "python")),
            ("irrelevance_1", ("relevance", "python")),
        ] {
            assert_eq!(kind_of(id), Some(kind), "{id}");
            assert!(Category::NAMES.iter().any(|(name, _)| *name == kind.0));
            assert!(Language::NAMES.iter().any(|(name, _)| *name == kind.1));
        }
        assert_eq!(kind_of("multi_turn_base_0"), None);
        assert_eq!(kind_of("17"), None);
    }
}
