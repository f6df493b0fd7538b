//! One reply, read: a grade among those offered, or the reason why there is none. Nothing is guessed, rounded or clamped into the scale.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value as Json, json};

use super::file::Form;
use super::scale::{Scale, as_f64};
use crate::domain::fault::Fault;
use crate::domain::message::{Finish, TokenLogprob};
use crate::domain::port::Reply;
use crate::domain::score::Unscored;
use crate::domain::strict_json;

/// Below this much probability on yes and no together, the model wanted to say something else.
const LEAST_MASS: f64 = 0.01;
/// With only one of the two among the alternatives, it must hold at least this much.
const LEAST_ALONE: f64 = 0.5;

/// A reply as read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// The grade: 1 for pass and 0 for fail, the number of a scale, the place of a class, `A` and its like of a pair, or P(yes); of a pair's vote 1, 0.5
    /// or 0. Always finite.
    pub(super) grade: f64,
    /// The judge's reasons, where it gave any.
    pub(super) rationale: String,
    /// What else was seen: the probabilities behind a P(yes).
    pub(super) details: Json,
}

/// Why a reply has no grade.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unread {
    pub(super) cause: Unscored,
    pub(super) why: String,
    /// What was seen all the same: of a pair the order that could be read.
    pub(super) details: Json,
}

fn unreadable(why: impl Into<String>) -> Unread {
    Unread {
        cause: Unscored::Unreadable,
        why: why.into(),
        details: Json::Null,
    }
}

/// Reads one reply to a question of this form and scale.
pub(super) fn reply(
    form: Form,
    scale: &Scale,
    reply: &Result<Reply, Fault>,
) -> Result<Reading, Unread> {
    let reply = reply.as_ref().map_err(|fault| Unread {
        cause: Unscored::Unavailable,
        why: fault.to_string(),
        details: Json::Null,
    })?;
    let refused = |why: &str| Unread {
        cause: Unscored::Refused,
        why: why.into(),
        details: Json::Null,
    };
    if reply.finish == Finish::Blocked {
        return Err(refused("the endpoint's content filter stopped the judge"));
    }
    if form == Form::Logprob {
        return logprob(&reply.logprobs);
    }
    if reply.text.trim().is_empty() {
        return Err(refused("the judge said nothing"));
    }
    match form {
        Form::JsonSchema => object(scale, &reply.text),
        _ => fenced(scale, reply),
    }
}

/// One JSON object that is the whole reply: `reasoning` and `verdict`, nothing else, each once.
fn object(scale: &Scale, text: &str) -> Result<Reading, Unread> {
    let text = text.trim();
    if text.starts_with("```") {
        return Err(unreadable(
            "the reply is fenced JSON, not JSON: the endpoint does not hold the model to the schema; use `verdict: text`",
        ));
    }
    let parsed = strict_json::parse(text)
        .map_err(|error| unreadable(format!("the reply is not one JSON object: {error}")))?;
    let Json::Object(map) = parsed else {
        return Err(unreadable("the reply is JSON, but no object"));
    };
    if let Some(other) = map
        .keys()
        .find(|key| !matches!(key.as_str(), "reasoning" | "verdict"))
    {
        return Err(unreadable(format!(
            "the reply has a key that was not asked for: `{}`",
            shorten(other)
        )));
    }
    let Some(Json::String(rationale)) = map.get("reasoning") else {
        return Err(unreadable("the reply has no text under `reasoning`"));
    };
    let grade = match (scale, map.get("verdict")) {
        (_, None) => return Err(unreadable("the reply has no `verdict`")),
        (Scale::PassFail | Scale::Classes(_) | Scale::Pair { .. }, Some(Json::String(word))) => {
            scale.read(word)
        }
        (Scale::Range(low, high), Some(Json::Number(number))) => number
            .as_f64()
            .filter(|value| value.fract() == 0.0 && (as_f64(*low)..=as_f64(*high)).contains(value)),
        _ => None,
    };
    match grade {
        Some(grade) => Ok(Reading {
            grade,
            rationale: rationale.clone(),
            details: Json::Null,
        }),
        None => {
            let given = map
                .get("verdict")
                .map(ToString::to_string)
                .unwrap_or_default();
            Err(not_offered(scale, &given))
        }
    }
}

/// The last fenced verdict, with which the reply must end.
fn fenced(scale: &Scale, reply: &Reply) -> Result<Reading, Unread> {
    // Nothing may follow the block: a verdict quoted on the way to another is none.
    static LAST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)```[ \t]*verdict\b\s*([^`]*?)\s*```\s*\z")
            .expect("a constant pattern that the tests compile")
    });
    if reply.finish == Finish::Length {
        return Err(unreadable(
            "the reply was cut by its token limit; raise `max_tokens`",
        ));
    }
    let Some(found) = LAST.captures(&reply.text) else {
        return Err(unreadable("the reply does not end with a fenced verdict"));
    };
    let (start, said) = (found.get(0).map_or(0, |all| all.start()), &found[1]);
    match scale.read(said) {
        Some(grade) => Ok(Reading {
            grade,
            rationale: reply.text[..start].trim().to_owned(),
            details: Json::Null,
        }),
        None => Err(not_offered(scale, said)),
    }
}

fn not_offered(scale: &Scale, said: &str) -> Unread {
    unreadable(format!(
        "the verdict `{}` is not one of {}",
        shorten(said),
        scale.words()
    ))
}

fn shorten(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &flat[..end]),
        None => flat,
    }
}

/// P(yes) / (P(yes) + P(no)) at the reply's first token, over every spelling of the two words that is a token of its own.
///
/// With one of them missing among the alternatives, it is taken to be as likely as the least of those listed: it cannot be likelier, and
/// so the result is never surer than what was seen.
fn logprob(tokens: &[TokenLogprob]) -> Result<Reading, Unread> {
    let Some(first) = tokens.first() else {
        return Err(unreadable(
            "the endpoint gave no log-probabilities; use `verdict: json-schema` or `text`",
        ));
    };
    let (mut yes, mut no, mut least) = (0.0_f64, 0.0_f64, f64::INFINITY);
    let own = [(first.token.clone(), first.logprob)];
    let own = own
        .iter()
        .filter(|(token, _)| !first.top.iter().any(|(listed, _)| listed == token));
    for (token, logprob) in first.top.iter().chain(own) {
        if logprob.is_nan() {
            continue;
        }
        // Some endpoints round a certainty to just above 0.
        let probability = logprob.min(0.0).exp();
        least = least.min(probability);
        match word(token).as_str() {
            "yes" => yes += probability,
            "no" => no += probability,
            _ => {}
        }
    }
    let mass = yes + no;
    let wanted = if yes > 0.0 && no > 0.0 {
        LEAST_MASS
    } else {
        LEAST_ALONE
    };
    if mass < wanted {
        return Err(unreadable(format!(
            "yes and no have {mass:.2} of the probability together; the judge began with `{}`",
            shorten(&first.token)
        )));
    }
    let other = if yes > 0.0 && no > 0.0 { 0.0 } else { least };
    let grade = if no > 0.0 {
        let yes = if yes > 0.0 { yes } else { other };
        yes / (yes + no)
    } else {
        yes / (yes + other)
    };
    if !grade.is_finite() {
        return Err(unreadable("the log-probabilities are no numbers"));
    }
    Ok(Reading {
        grade,
        rationale: String::new(),
        details: json!({"p_yes": yes, "p_no": no}),
    })
}

/// A token as a word: without the space before it (also as tokenisers mark it), in small letters.
fn word(token: &str) -> String {
    token
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{2581}' | '\u{120}'))
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fault::FaultKind;
    use proptest::prelude::*;

    fn said(text: &str) -> Result<Reply, Fault> {
        Ok(Reply {
            text: text.into(),
            ..Reply::default()
        })
    }

    fn tokens(top: &[(&str, f64)]) -> Result<Reply, Fault> {
        let top: Vec<(String, f64)> = top.iter().map(|(t, p)| ((*t).to_owned(), p.ln())).collect();
        Ok(Reply {
            text: top[0].0.clone(),
            logprobs: vec![TokenLogprob {
                token: top[0].0.clone(),
                logprob: top[0].1,
                top,
            }],
            ..Reply::default()
        })
    }

    const FIVE: Scale = Scale::Range(1, 5);

    #[test]
    fn one_strict_object_is_a_verdict() {
        let read = |text: &str| reply(Form::JsonSchema, &FIVE, &said(text)).map(|r| r.grade);
        assert_eq!(read(r#" {"reasoning": "good", "verdict": 4} "#), Ok(4.0));
        assert_eq!(read(r#"{"verdict": 4.0, "reasoning": ""}"#), Ok(4.0));
        let read =
            |text: &str| reply(Form::JsonSchema, &Scale::PassFail, &said(text)).map(|r| r.grade);
        assert_eq!(read(r#"{"reasoning": "good", "verdict": "pass"}"#), Ok(1.0));
        assert_eq!(read(r#"{"reasoning": "bad", "verdict": "fail"}"#), Ok(0.0));
    }

    /// Everything a broken or hostile judge may say, for the structured form.
    fn hostile() -> Vec<String> {
        let mut all: Vec<String> = [
            "The answer is good, I give it a 4.",
            r#"{"reasoning": "x", "verdict": 4, "verdict": 5}"#,
            r#"{"reasoning": "x", "verdict": 4} {"reasoning": "x", "verdict": 5}"#,
            r#"{"reasoning": "x", "verdict": 6}"#,
            r#"{"reasoning": "x", "verdict": 0}"#,
            r#"{"reasoning": "x", "verdict": -1e308}"#,
            r#"{"reasoning": "x", "verdict": 4.5}"#,
            r#"{"reasoning": "x", "verdict": "4"}"#,
            r#"{"reasoning": "x", "verdict": [4]}"#,
            r#"{"reasoning": "x", "verdict": null}"#,
            r#"{"reasoning": "x", "verdict": NaN}"#,
            r#"{"reasoning": "x", "verdict": 1e999}"#,
            r#"{"reasoning": "x", "verdict": 4, "confidence": 1}"#,
            r#"{"reasoning": "x", "verd"#,
            r#"{"reasoning": "x"}"#,
            r#"{"verdict": 4}"#,
            "```json\n{\"reasoning\": \"x\", \"verdict\": 4}\n```",
            "4",
            "[4]",
            "null",
        ]
        .map(str::to_owned)
        .to_vec();
        all.push("x".repeat(1 << 20));
        all.push(format!(
            r#"{{"reasoning": "{}", "verdict": 4"#,
            "y".repeat(1 << 20)
        ));
        all.push("[".repeat(1 << 20));
        all
    }

    #[test]
    fn whatever_is_not_one_verdict_is_unreadable() {
        for text in hostile() {
            for form in [Form::JsonSchema, Form::Text, Form::Logprob] {
                let read = reply(form, &FIVE, &said(&text)).map(|r| r.grade);
                let cause = read.map_err(|unread| unread.cause);
                assert_eq!(
                    cause,
                    Err(Unscored::Unreadable),
                    "{form:?} {}",
                    shorten(&text)
                );
            }
        }
        let long = format!(
            r#"{{"reasoning": "{}", "verdict": 4}}"#,
            "y".repeat(1 << 20)
        );
        assert_eq!(
            reply(Form::JsonSchema, &FIVE, &said(&long)).unwrap().grade,
            4.0
        );
    }

    #[test]
    fn refusals_and_faults_have_names_of_their_own() {
        let blocked = Ok(Reply {
            text: r#"{"reasoning": "x", "verdict": 4}"#.into(),
            finish: Finish::Blocked,
            ..Reply::default()
        });
        let fault = Err(Fault::new(FaultKind::TimedOut, "60 s"));
        for form in [Form::JsonSchema, Form::Text] {
            assert_eq!(
                reply(form, &FIVE, &blocked).unwrap_err().cause,
                Unscored::Refused
            );
            assert_eq!(
                reply(form, &FIVE, &said(" \n")).unwrap_err().cause,
                Unscored::Refused
            );
            assert_eq!(
                reply(form, &FIVE, &fault).unwrap_err().cause,
                Unscored::Unavailable
            );
        }
    }

    #[test]
    fn the_last_fenced_verdict_counts_if_the_reply_ends_with_it() {
        let read = |text: &str| reply(Form::Text, &FIVE, &said(text)).map(|r| r.grade).ok();
        assert_eq!(read("Good.\n\n```verdict\n4\n```\n"), Some(4.0));
        assert_eq!(
            read("It says\n```verdict\n5\n```\nwhich is a trick.\n```Verdict\n 1 ```"),
            Some(1.0)
        );
        for wrong in [
            "```verdict\n4\n```\nor rather 5",
            "```verdict\n4 5\n```",
            "```verdict\n4\n5\n```",
            "```verdict\n```",
            "```verdict\n9\n```",
            "```verdict\n4.5\n```",
            "```verdict\n+4\n```",
            "```verdict\nNaN\n```",
            "```verdict\n4",
            "```\n4\n```",
            "```verdict\n5\n``` ```verdict\n```",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let rationale = reply(Form::Text, &FIVE, &said("Why.\n```verdict\n4\n```"))
            .unwrap()
            .rationale;
        assert_eq!(rationale, "Why.");
        let cut = Ok(Reply {
            text: "It says ```verdict\n5\n```".into(),
            finish: Finish::Length,
            ..Reply::default()
        });
        assert!(reply(Form::Text, &FIVE, &cut).is_err());
    }

    fn p_yes(top: &[(&str, f64)]) -> Option<f64> {
        reply(Form::Logprob, &Scale::PassFail, &tokens(top))
            .map(|r| r.grade)
            .ok()
    }

    #[test]
    fn every_spelling_of_yes_and_no_counts() {
        let near = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() < 1e-12, "{a:?} {b}");
        near(p_yes(&[("Yes", 0.6), ("No", 0.2)]), 0.75);
        near(
            p_yes(&[
                (" yes", 0.2),
                ("YES", 0.1),
                ("\u{2581}Yes", 0.1),
                ("\u{120}no", 0.1),
                ("maybe", 0.5),
            ]),
            0.8,
        );
    }

    #[test]
    fn a_word_that_is_not_listed_is_at_most_as_likely_as_the_least_that_is() {
        let sure = p_yes(&[("yes", 0.98), ("sure", 0.01)]).unwrap();
        assert!((sure - 0.98 / 0.99).abs() < 1e-12);
        let sure = p_yes(&[("no", 0.98), ("never", 0.01)]).unwrap();
        assert!((sure - 0.01 / 0.99).abs() < 1e-12);
    }

    #[test]
    fn a_judge_that_wants_to_say_something_else_is_unreadable() {
        assert_eq!(p_yes(&[("The", 0.9), ("yes", 0.004), ("no", 0.002)]), None);
        assert_eq!(p_yes(&[("The", 0.9), ("yes", 0.08)]), None);
        assert_eq!(
            p_yes(&[("The", 0.9), ("yesterday", 0.05), ("nothing", 0.05)]),
            None
        );
        let none = reply(Form::Logprob, &Scale::PassFail, &said("yes")).unwrap_err();
        assert_eq!(none.cause, Unscored::Unreadable);
        assert!(none.why.contains("no log-probabilities"));
    }

    #[test]
    fn log_probabilities_that_are_no_numbers_say_nothing() {
        let reply_of = |top: Vec<(String, f64)>| {
            Ok(Reply {
                logprobs: vec![TokenLogprob {
                    token: "yes".into(),
                    logprob: f64::NAN,
                    top,
                }],
                ..Reply::default()
            })
        };
        for top in [
            vec![],
            vec![("yes".into(), f64::NAN)],
            vec![("no".into(), f64::NEG_INFINITY)],
        ] {
            assert!(reply(Form::Logprob, &Scale::PassFail, &reply_of(top)).is_err());
        }
        let rounded = reply_of(vec![("yes".into(), 1e-6), ("no".into(), -20.0)]);
        assert!(
            reply(Form::Logprob, &Scale::PassFail, &rounded)
                .unwrap()
                .grade
                < 1.0
        );
    }

    proptest! {
        #[test]
        fn a_reading_is_always_a_grade_that_was_offered(text in any::<String>(), tail in "[0-9a-z {}\":,`\n]{0,40}") {
            for text in [text.clone(), format!("{text}```verdict\n{tail}\n```"), format!("{{\"reasoning\": \"\", \"verdict\": {tail}}}")] {
                for form in [Form::JsonSchema, Form::Text] {
                    if let Ok(read) = reply(form, &FIVE, &said(&text)) {
                        prop_assert!([1.0, 2.0, 3.0, 4.0, 5.0].contains(&read.grade));
                    }
                }
            }
        }

        #[test]
        fn a_probability_is_between_0_and_1(logprobs in prop::collection::vec(any::<f64>(), 1..6)) {
            let words = ["yes", " no", "Yes", "NO", "x", "the"];
            let top = words.iter().zip(&logprobs).map(|(w, p)| ((*w).to_owned(), *p)).collect();
            let answer = Ok(Reply {
                logprobs: vec![TokenLogprob { token: "x".into(), logprob: logprobs[0], top }],
                ..Reply::default()
            });
            if let Ok(read) = reply(Form::Logprob, &Scale::PassFail, &answer) {
                prop_assert!((0.0..=1.0).contains(&read.grade));
            }
        }
    }
}
