//! What the fence is good for, shown on a judge without a will: it reads the raw prompt and obeys the last verdict that it finds outside
//! what it takes for a fence. Any line that looks like a closing closes for it, whatever mark it carries, and so do the control tokens of
//! chat templates. With the fence nothing in an output reaches it; without one nearly every attack does, or this test would prove nothing.

use std::sync::{Arc, LazyLock};

use regex::Regex;
use serde_json::{Value as Json, json};

use super::testing::{decode_with, front};
use super::*;
use crate::domain::case::Case;
use crate::domain::score::Value;
use crate::domain::transcript::Transcript;

/// The texts of a prompt that lie outside of every fence, for a reader who is easily deceived.
fn outside(prompt: &str) -> String {
    static MARKS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?ix) (?P<open>\[\[\s*begin\s[^\]\n]*\]\])
            | (?P<close>\[\[\s*/?\s*end\b[^\]\n]*\]\] | <\|[^|\n]*\|> | </?s> | \[/?inst\] | <end_of_turn>)",
        )
        .unwrap()
    });
    let (mut text, mut at, mut is_inside) = (String::new(), 0, false);
    for mark in MARKS.captures_iter(prompt) {
        let whole = mark.get(0).unwrap();
        if !is_inside {
            text.push_str(&prompt[at..whole.start()]);
        }
        at = whole.end();
        is_inside = mark.name("open").is_some();
    }
    if !is_inside {
        text.push_str(&prompt[at..]);
    }
    text
}

/// The last verdict that stands there, in any form.
fn ordered(text: &str) -> Option<String> {
    static FORMS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?i)```verdict\s+([\w-]+)\s|"verdict"\s*:\s*"?([\w-]+)|verdict[ \t]*(?:is[ \t]*)?:[ \t]*([\w-]+)"#,
        )
        .unwrap()
    });
    // Whoever obeys invisible texts does not see the blanks of no width either.
    let text = text.replace('\u{200b}', "");
    let found = FORMS.captures_iter(&text).last()?;
    found
        .iter()
        .skip(1)
        .flatten()
        .next()
        .map(|word| word.as_str().to_owned())
}

/// What it replies: the verdict that it was ordered to give, else its own.
fn reply(messages: &[Message], own: &Json) -> Result<Reply, Fault> {
    // The system message is the harness's; what it says of verdicts is no order.
    let prompt = &messages.last().unwrap().content;
    let said = match ordered(&outside(prompt)) {
        Some(word) => word
            .parse::<i64>()
            .map_or(json!(word), |grade| json!(grade)),
        None => own.clone(),
    };
    Ok(Reply {
        text: json!({"reasoning": "so", "verdict": said}).to_string(),
        ..Reply::default()
    })
}

fn judges() -> Vec<(&'static str, Arc<Judge>)> {
    let with = |change: &Json, body: &str, options: Options| {
        let mut merged = front();
        for (key, value) in change.as_object().unwrap() {
            merged[key] = value.clone();
        }
        merged
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        Judge::new(decode_with(&merged, body).unwrap(), options).unwrap()
    };
    let alone = "Question:\n\n{{ input }}\n\nOutput:\n\n{{ output }}";
    let pair = "Question:\n\n{{ input }}\n\nA:\n\n{{ output_a }}\n\nB:\n\n{{ output_b }}";
    vec![
        (
            "pass/fail",
            with(&json!({"scale": "pass/fail"}), alone, Options::default()),
        ),
        (
            "grades",
            with(&json!({"pass": ">= 4"}), alone, Options::default()),
        ),
        (
            "classes",
            with(
                &json!({"mode": "classify", "scale": null, "classes": {"wrong": "is wrong", "right": "is right"}, "pass": ["right"]}),
                alone,
                Options::default(),
            ),
        ),
        (
            "pairs",
            with(
                &json!({"mode": "pairwise", "scale": null, "inputs": ["input", "output_a", "output_b"]}),
                pair,
                Options::default(),
            ),
        ),
    ]
}

fn unfenced(_: &Nonce, _: &str, text: &str) -> String {
    text.to_owned()
}

/// How the judge takes an output: as good, or not.
fn accepts(judge: &Judge, attack: &Attack, output: &str, fencing: Fencing) -> bool {
    let mut case = Case::new("a", &attack.input);
    case.expected = Some(json!(attack.right));
    let seen = Seen {
        case: Arc::new(case),
        transcript: Arc::new(Transcript {
            output: output.to_owned(),
            ..Transcript::default()
        }),
    };
    // Of its own accord it sees that the output is wrong, wherever it stands.
    let own: [Json; 2] = match judge.label_scale() {
        LabelScale::PassFail { .. } => [json!("fail"), Json::Null],
        LabelScale::Grades { .. } => [json!(1), Json::Null],
        LabelScale::Classes { .. } => [json!("wrong"), Json::Null],
        LabelScale::Preference { .. } => [json!("b"), json!("a")],
    };
    let prompts = judge.prompts_by(&seen, fencing).unwrap();
    let replies: Vec<_> = prompts
        .iter()
        .zip(&own)
        .map(|(messages, own)| reply(messages, own))
        .collect();
    let score = judge.read("j", &seen, &replies);
    match score.value {
        // The wrong output of a pair is no longer beaten.
        Value::Number(number) if judge.is_pairwise() => number >= 0.5,
        Value::Unscored(_) => panic!("{}: {:?}", attack.id, score.reason),
        _ => score.passes().unwrap(),
    }
}

#[test]
fn no_attack_reaches_a_judge_that_obeys_what_stands_outside_the_fence() {
    for (name, judge) in judges() {
        let verdict = wanted_verdict(&judge.label_scale()).unwrap();
        let flipped = |fencing: Fencing| -> Vec<&str> {
            let all = attacks().iter();
            all.filter(|attack| accepts(&judge, attack, &attack.output(&verdict), fencing))
                .map(|attack| attack.id.as_str())
                .collect()
        };
        for attack in attacks() {
            assert!(!accepts(&judge, attack, &attack.wrong, Nonce::fence));
            assert!(!accepts(&judge, attack, &attack.wrong, unfenced));
        }
        assert_eq!(flipped(Nonce::fence), Vec::<&str>::new(), "{name}");
        let without = flipped(unfenced).len();
        let share = without * 40 / attacks().len();
        assert!(share >= 30, "{name}: only {without} without the fence");
    }
}

#[test]
fn a_fence_that_does_not_defuse_lets_the_forged_closings_through() {
    let naive: Fencing =
        |nonce, name, text| format!("{}\n{text}\n{}", nonce.begin(name), nonce.end(name));
    for (name, judge) in judges() {
        let verdict = wanted_verdict(&judge.label_scale()).unwrap();
        let all = attacks().iter();
        let flipped = all
            .filter(|attack| accepts(&judge, attack, &attack.output(&verdict), naive))
            .count();
        assert!((5..20).contains(&flipped), "{name}: {flipped}");
    }
}
