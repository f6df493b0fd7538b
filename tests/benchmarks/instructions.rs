//! IFEval: recorded responses, each instruction by itself.
//!
//! Where the two differ, it is over the language of a response that is no sentence; the benchmark's detector and ours guess differently.

use std::collections::BTreeMap;

use evenhand::score::benchmark::ifeval;
use serde::Deserialize;

use crate::cli::Desk;
use crate::tally::{Tally, json, lines, shared};

#[derive(Deserialize)]
struct Prompt {
    key: u64,
    prompt: String,
    #[serde(flatten)]
    row: ifeval::Row,
}

#[derive(Deserialize)]
struct Response {
    prompt: String,
    response: String,
}

#[derive(Deserialize)]
struct Expected {
    per_prompt: BTreeMap<u64, Followed>,
}

#[derive(Deserialize)]
struct Followed {
    ids: Vec<String>,
    strict: Vec<bool>,
    loose: Vec<bool>,
}

#[test]
fn ifeval_responses_of_one_model() {
    let (Some(prompts), Some(responses), Some(expected)) = (
        lines::<Prompt>("ifeval/input_data.jsonl"),
        lines::<Response>("ifeval/responses_gpt4_even.jsonl"),
        json::<Expected>("ifeval/expected_even.json"),
    ) else {
        return;
    };
    let responses: BTreeMap<&str, &str> = responses
        .iter()
        .map(|line| (line.prompt.as_str(), line.response.as_str()))
        .collect();
    let mut strict = Tally::new("ifeval strict, instructions of 271 responses");
    let mut loose = Tally::new("ifeval loose, instructions of 271 responses");
    let mut prompts_strict = Tally::new("ifeval strict, prompts");
    let mut prompts_loose = Tally::new("ifeval loose, prompts");
    // Three responses without a sentence, whose language the benchmark's detector guesses to be another than English.
    for (key, id, why) in [
        (202, "change_case:english_lowercase", "one word, `etchings`"),
        (2341, "change_case:english_capital", "one word, `YES`"),
        (3456, "change_case:english_capital", "a list of names"),
    ] {
        for each in [&mut strict, &mut loose] {
            each.may_differ(format!("{key} {id}"), why);
        }
        for whole in [&mut prompts_strict, &mut prompts_loose] {
            whole.may_differ(key.to_string(), why);
        }
    }
    for prompt in &prompts {
        let Some(response) = responses.get(prompt.prompt.as_str()) else {
            continue;
        };
        let official = &expected.per_prompt[&prompt.key];
        assert_eq!(official.ids, prompt.row.instruction_id_list);
        for (by, official, each, whole) in [
            (
                ifeval::Convention::Strict,
                &official.strict,
                &mut strict,
                &mut prompts_strict,
            ),
            (
                ifeval::Convention::Loose,
                &official.loose,
                &mut loose,
                &mut prompts_loose,
            ),
        ] {
            let ours = by.followed(&prompt.row, response);
            for ((id, ours), official) in prompt
                .row
                .instruction_id_list
                .iter()
                .zip(&ours)
                .zip(official)
            {
                each.item(format!("{} {id}", prompt.key), ours, &Ok(*official));
            }
            whole.item(
                prompt.key.to_string(),
                &ours.iter().all(|followed| *followed == Ok(true)),
                &official.iter().all(|followed| *followed),
            );
        }
    }
    strict.finish(427);
    loose.finish(427);
    prompts_strict.finish(271);
    prompts_loose.finish(271);
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "some hundred instructions")]
fn the_share_of_instructions_stands_beside_the_share_of_prompts() {
    let (Some(folder), Some(expected)) = (shared(), json::<Expected>("ifeval/expected_even.json"))
    else {
        return;
    };
    let desk = Desk::new(&[]);
    let file = |name: &str| folder.join("ifeval").join(name).display().to_string();
    let (cases, outputs) = (file("input_data.jsonl"), file("responses_gpt4_even.jsonl"));
    for (convention, of) in [
        (
            "strict",
            (|followed| &followed.strict) as fn(&Followed) -> &Vec<bool>,
        ),
        ("loose", |followed| &followed.loose),
    ] {
        let said = desk.evenhand(&[
            "score",
            "--benchmark",
            "ifeval",
            "--convention",
            convention,
            "--cases",
            &cases,
            "--outputs",
            &outputs,
            "--format",
            "json",
        ]);
        let said: serde_json::Value = serde_json::from_str(&said.ends(0).stdout).expect("a report");
        let all: Vec<bool> = expected.per_prompt.values().flat_map(of).copied().collect();
        assert_eq!(all.len(), 427);
        let official = all.iter().filter(|followed| **followed).count() as f64 / all.len() as f64;
        let figure = &said["further"]["instruction-level accuracy"];
        let ours = figure["point"].as_f64().expect("a point");
        // The three languages above.
        assert!(
            (ours - official).abs() <= 3.0 / 427.0 + 1e-9,
            "{convention}: {ours}, {official}"
        );
        assert_eq!(figure["method"], "fieller");
        let prompts = said["figure"]["point"].as_f64().expect("a point");
        assert!(
            ours > prompts,
            "an instruction is followed more often than all of a prompt's"
        );
    }
}
