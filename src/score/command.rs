//! `command`: a user's own scorer, a program in any language.
//!
//! The program gets one JSON line, `{"v":1,"case":{...},"output":"...","transcript":{...}}`, and answers one JSON object with exactly one
//! of `pass` (true or false), `score` (a number) and `label` (a text), and a `reason` if it likes. The suite declares which of them it
//! measures, since a metric must be known before it runs; anything else leaves the trial unscored: another kind of value, two values,
//! a number outside the declared scale, a label that is none of those declared, a crash, silence, garbage. None of these is ever a score.
//!
//! What the program is told is the same in a run and its replay: of the transcript, the time spent waiting and whether the reply was
//! replayed are left out.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Asking, Whom, question, quoted, unscored_by};
use crate::domain::decode::{Fields, List, OneOf, OneOrMany, Problems, Shape, Text, unknown};
use crate::domain::fault::Fault;
use crate::domain::kind::Kind;
use crate::domain::port::{Question, Reply, Scorer, Seen};
use crate::domain::score::{Measure, Score, Unscored, Value};
use crate::domain::strict_json;
use crate::domain::suite::Comparison;
use crate::domain::tree::Node;

pub(super) const ASKING: Asking = Asking {
    kind: Kind {
        name: "command",
        summary: "a scorer of your own, a program in any language: one JSON line in, one out",
        example: "{command: [python3, score.py], measure: number, scale: 0..10, pass: \">= 7\", workers: 2}",
        decode,
    },
    whom: Whom::Program,
};

/// The most characters of a program's reason that are kept.
const MOST_REASON: usize = 2_000;

#[derive(Debug)]
struct Command {
    measure: Measure,
    more_is_better: bool,
    /// The rule by which a number passes.
    rule: Option<(Comparison, f64)>,
}

/// What a program measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinds {
    Pass,
    Number,
    Label,
}

const KINDS: &[(&str, Kinds)] = &[
    ("pass", Kinds::Pass),
    ("number", Kinds::Number),
    ("label", Kinds::Label),
];

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let kind = fields.required(
        "measure",
        "what it answers: pass (true or false), number (a score), label (one of `labels`)",
        OneOf(KINDS),
    );
    let scale = fields.optional(
        "scale",
        "of a number, its lowest and highest value, such as `0..1`; without it any number counts and has no bounds",
        ScaleShape,
    );
    let more_is_better = fields.optional(
        "better",
        "of a number, which is better: higher or lower; default higher",
        OneOf(&[("higher", true), ("lower", false)]),
    );
    let labels = fields.optional("labels", "of a label, those it may answer", List(Text));
    let pass = fields.optional(
        "pass",
        "which numbers pass, such as `>= 7`; which labels pass, as a list; default: neither passes nor fails",
        OneOrMany(Text),
    );
    let kind = kind?;
    for (key, about, name) in [
        ("scale", Kinds::Number, "number"),
        ("better", Kinds::Number, "number"),
        ("labels", Kinds::Label, "label"),
    ] {
        let is_written = fields.node().is_some_and(|node| node.get(key).is_some());
        if is_written && kind != about {
            fields.problem(
                key,
                format!("`{key}` is about `measure: {name}`; remove it"),
            );
        }
    }
    let pass_is_written = fields.node().is_some_and(|node| node.get("pass").is_some());
    let mut rule = None;
    let measure = match kind {
        Kinds::Pass => {
            if pass_is_written {
                fields.problem("pass", "what measures `pass` says so itself; remove it");
            }
            Measure::PassFail
        }
        Kinds::Number => {
            let mut text = None;
            if pass_is_written {
                (text, rule) = rule_of(fields, pass.as_deref().unwrap_or_default()).unzip();
            }
            Measure::Number { scale, pass: text }
        }
        Kinds::Label => {
            let (classes, pass) = (labels.unwrap_or_default(), pass.unwrap_or_default());
            check_labels(fields, &classes, &pass);
            Measure::Label { classes, pass }
        }
    };
    Some(Arc::new(Command {
        measure,
        more_is_better: more_is_better.unwrap_or(true),
        rule,
    }))
}

/// The rule as a file spells it, and read.
fn rule_of(fields: &mut Fields<'_>, texts: &[String]) -> Option<(String, (Comparison, f64))> {
    let read = match texts {
        [text] => Comparison::parse(text),
        _ => None,
    };
    let sign = read.and_then(|(comparison, _)| {
        let found = Comparison::ALL
            .iter()
            .find(|(_, known)| *known == comparison);
        found.map(|(sign, _)| *sign)
    });
    match (read, sign) {
        (Some((comparison, bar)), Some(sign)) => Some((format!("{sign} {bar}"), (comparison, bar))),
        _ => {
            fields.problem("pass", "of a number, `pass` is one rule such as `>= 7`");
            None
        }
    }
}

fn check_labels(fields: &mut Fields<'_>, classes: &[String], pass: &[String]) {
    if fields.node().is_some() && classes.len() < 2 {
        fields.problem(
            "labels",
            "`labels` names the labels that it may answer, at least two",
        );
    }
    for (at, label) in classes.iter().enumerate() {
        if classes[..at].contains(label) {
            fields.problem("labels", format!("`{label}` is given twice; keep one"));
        }
    }
    let known: Vec<&str> = classes.iter().map(String::as_str).collect();
    for label in pass.iter().filter(|label| !classes.contains(label)) {
        fields.problem("pass", unknown("label", label, &known));
    }
}

/// `0..1`, `-1..1`, `0..99.5`.
struct ScaleShape;

impl Shape for ScaleShape {
    type Output = (f64, f64);
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<(f64, f64)> {
        let text = Text.read(node, problems)?;
        let number = |text: &str| {
            let number = text.trim().parse::<f64>().ok();
            number.filter(|number| number.is_finite())
        };
        let ends = text
            .split_once("..")
            .and_then(|(low, high)| number(low).zip(number(high)))
            .filter(|(low, high)| low < high);
        if ends.is_none() {
            let message =
                format!("`{text}` is no scale; write its lowest and highest value, such as `0..1`");
            problems.note(node.span, message);
        }
        ends
    }
    fn schema(&self) -> Json {
        json!({"type": "string", "pattern": "^ *-?[0-9.]+ *\\.\\. *-?[0-9.]+ *$"})
    }
}

impl Scorer for Command {
    fn measure(&self) -> Measure {
        self.measure.clone()
    }

    fn more_is_better(&self) -> bool {
        self.more_is_better
    }

    fn score(&self, _: &str, _: &Seen) -> Option<Score> {
        None
    }

    fn votes(&self) -> u32 {
        1
    }

    fn ask(&self, seen: &Seen) -> Result<Vec<Question>, String> {
        let said =
            |error: serde_json::Error| format!("the trial cannot be written as JSON: {error}");
        let mut transcript = serde_json::to_value(&*seen.transcript).map_err(said)?;
        if let Json::Object(transcript) = &mut transcript {
            transcript.remove("replayed");
            if let Some(Json::Object(timing)) = transcript.get_mut("timing") {
                timing.remove("waited_ms");
            }
        }
        let line = json!({
            "case": serde_json::to_value(&*seen.case).map_err(said)?,
            "output": seen.transcript.output,
            "transcript": transcript,
        });
        Ok(vec![question(line.to_string(), 0)])
    }

    fn read(&self, id: &str, _: &Seen, replies: &[Result<Reply, Fault>]) -> Score {
        let reply = match replies {
            [Ok(reply)] => reply,
            [Err(fault)] => return Score::unscored(id, unscored_by(fault), fault.to_string()),
            _ => return Score::unscored(id, Unscored::Broken, "it was not asked once"),
        };
        let answer = match Answer::of(&reply.text) {
            Ok(answer) => answer,
            Err(why) => return Score::unscored(id, Unscored::Unreadable, why),
        };
        match self.value(&answer.value) {
            Err(why) => Score::unscored(id, Unscored::Unreadable, why),
            Ok((value, pass)) => Score {
                pass,
                reason: answer.reason,
                ..Score::new(id, value)
            },
        }
    }
}

/// What a program answered: the one key with a value, and its reason.
struct Answer {
    value: (&'static str, Json),
    reason: Option<String>,
}

impl Answer {
    fn of(text: &str) -> Result<Self, String> {
        let json =
            strict_json::parse(text).map_err(|error| format!("its answer is no JSON: {error}"))?;
        let mut given = ["pass", "score", "label"]
            .into_iter()
            .filter_map(|key| Some((key, json.get(key).filter(|value| !value.is_null())?.clone())));
        let value = given.next().ok_or_else(|| {
            format!(
                "its answer has none of `pass`, `score` and `label`: {}",
                quoted(text)
            )
        })?;
        if let Some((second, _)) = given.next() {
            return Err(format!(
                "its answer has both `{}` and `{second}`; one value is wanted",
                value.0
            ));
        }
        let reason = match json.get("reason") {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) => Some(text.chars().take(MOST_REASON).collect()),
            Some(_) => return Err("its `reason` is no text".to_owned()),
        };
        Ok(Self { value, reason })
    }
}

impl Command {
    /// The value as declared and whether it passes, or why it is none.
    fn value(&self, (key, value): &(&str, Json)) -> Result<(Value, Option<bool>), String> {
        let shown = quoted(&value.to_string());
        match (&self.measure, *key) {
            (Measure::PassFail, "pass") => match value {
                Json::Bool(pass) => Ok((Value::Pass(*pass), None)),
                _ => Err(format!("`pass` is {shown}, true or false is wanted")),
            },
            (Measure::Number { scale, .. }, "score") => {
                let number = value.as_f64().filter(|number| number.is_finite());
                let number =
                    number.ok_or_else(|| format!("`score` is {shown}, a number is wanted"))?;
                match scale {
                    Some((low, high)) if number < *low || number > *high => Err(format!(
                        "`score` is {number}, outside the declared {low}..{high}"
                    )),
                    _ => {
                        let pass = self
                            .rule
                            .map(|(comparison, bar)| comparison.holds(number, bar));
                        Ok((Value::Number(number), pass))
                    }
                }
            }
            (Measure::Label { classes, pass }, "label") => match value {
                Json::String(label) if classes.contains(label) => {
                    let passes = (!pass.is_empty()).then(|| pass.contains(label));
                    Ok((Value::Label(label.clone()), passes))
                }
                _ => Err(format!(
                    "`label` is {shown}, none of {}",
                    classes.join(", ")
                )),
            },
            (measure, key) => {
                let wanted = match measure {
                    Measure::PassFail => "pass",
                    Measure::Number { .. } => "score",
                    Measure::Label { .. } => "label",
                };
                Err(format!(
                    "its answer has `{key}`, and the suite declares that it measures `{wanted}`"
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{case, seen};
    use super::*;
    use crate::domain::decode::read;
    use crate::domain::fault::FaultKind;
    use crate::domain::transcript::{Timing, Transcript};

    fn decoded(options: &Json) -> Result<Arc<dyn Scorer>, Vec<String>> {
        let mut problems = Problems::new("suite.yaml");
        let scorer = read(&Node::from_json(options), &mut problems, ASKING.kind.decode);
        match (scorer, problems.count()) {
            (Some(scorer), 0) => Ok(scorer),
            _ => Err(problems.sorted().into_iter().map(|p| p.message).collect()),
        }
    }

    fn read_reply(options: &Json, reply: Result<&str, Fault>) -> Score {
        let reply = reply.map(|text| Reply {
            text: text.to_owned(),
            ..Reply::default()
        });
        let scorer = decoded(options).unwrap();
        scorer.read("s", &seen(case(None), "x"), &[reply])
    }

    fn number() -> Json {
        json!({"measure": "number", "scale": "0..10", "pass": ">= 7"})
    }

    fn label() -> Json {
        json!({"measure": "label", "labels": ["kind", "rude"], "pass": ["kind"]})
    }

    #[test]
    fn the_declared_value_is_read_with_its_reason() {
        let score = read_reply(
            &json!({"measure": "pass"}),
            Ok(r#"{"pass": false, "reason": "no greeting", "score": null}"#),
        );
        assert_eq!(
            (score.value, score.reason.as_deref()),
            (Value::Pass(false), Some("no greeting"))
        );
        let score = read_reply(&number(), Ok(r#"{"score": 7, "later": 1}"#));
        assert_eq!((score.value, score.pass), (Value::Number(7.0), Some(true)));
        let score = read_reply(&label(), Ok(r#"{"label": "rude"}"#));
        assert_eq!(
            (score.value, score.pass),
            (Value::Label("rude".into()), Some(false))
        );
        let open = json!({"measure": "number", "better": "lower"});
        let score = read_reply(&open, Ok(r#"{"score": -1e9}"#));
        assert_eq!((score.value, score.pass), (Value::Number(-1e9), None));
        assert!(!decoded(&open).unwrap().more_is_better());
    }

    #[test]
    fn what_is_no_such_value_is_never_a_score() {
        for (options, answer, why) in [
            (
                json!({"measure": "pass"}),
                r#"{"pass": "yes"}"#,
                "true or false is wanted",
            ),
            (
                json!({"measure": "pass"}),
                r#"{"pass": 1}"#,
                "true or false is wanted",
            ),
            (
                json!({"measure": "pass"}),
                r#"{"score": 1}"#,
                "the suite declares that it measures `pass`",
            ),
            (
                json!({"measure": "pass"}),
                r#"{"pass": true, "score": 1}"#,
                "one value is wanted",
            ),
            (
                json!({"measure": "pass"}),
                r#"{"reason": "x"}"#,
                "none of `pass`, `score` and `label`",
            ),
            (
                json!({"measure": "pass"}),
                r#"{"pass": true, "pass": false}"#,
                "no JSON",
            ),
            (
                json!({"measure": "pass"}),
                r#"{"pass": true, "reason": 3}"#,
                "`reason` is no text",
            ),
            (number(), r#"{"score": 10.1}"#, "outside the declared 0..10"),
            (number(), r#"{"score": "8"}"#, "a number is wanted"),
            (number(), r#"{"score": NaN}"#, "no JSON"),
            (number(), r#"{"score": 1e999}"#, "no JSON"),
            (label(), r#"{"label": "Kind"}"#, "none of kind, rude"),
        ] {
            let score = read_reply(&options, Ok(answer));
            assert_eq!(
                score.value,
                Value::Unscored(Unscored::Unreadable),
                "{answer}"
            );
            assert!(
                score.reason.as_deref().unwrap_or_default().contains(why),
                "{answer}: {:?}",
                score.reason
            );
        }
    }

    #[test]
    fn a_program_without_an_answer_leaves_the_trial_unscored() {
        for (kind, why) in [
            (FaultKind::Crashed, Unscored::Broken),
            (FaultKind::Internal, Unscored::Broken),
            (FaultKind::TimedOut, Unscored::Unavailable),
            (FaultKind::Garbled, Unscored::Unreadable),
        ] {
            let score = read_reply(&number(), Err(Fault::new(kind, "as it was")));
            assert_eq!(score.value, Value::Unscored(why));
            assert!(score.reason.unwrap().ends_with("as it was"));
        }
    }

    #[test]
    fn it_is_told_the_same_in_a_run_and_its_replay() {
        let told = |waited_ms: f64, replayed: bool| {
            let seen = Seen {
                case: Arc::new(case(Some(json!("Bern")))),
                transcript: Arc::new(Transcript {
                    output: "Bern".into(),
                    timing: Timing {
                        waited_ms,
                        total_ms: 12.5,
                        ..Timing::default()
                    },
                    replayed,
                    ..Transcript::default()
                }),
            };
            let questions = decoded(&number()).unwrap().ask(&seen).unwrap();
            questions[0].messages[0].content.clone()
        };
        assert_eq!(told(3.0, false), told(0.0, true));
        let told: Json = serde_json::from_str(&told(0.0, false)).unwrap();
        assert_eq!(told["case"]["expected"], "Bern");
        assert_eq!(
            (&told["output"], &told["transcript"]["timing"]["total_ms"]),
            (&json!("Bern"), &json!(12.5))
        );
    }

    #[test]
    fn options_that_do_not_go_together_are_refused() {
        for (options, why) in [
            (json!({}), "`measure` is missing"),
            (
                json!({"measure": "pass", "scale": "0..1"}),
                "`scale` is about `measure: number`",
            ),
            (json!({"measure": "pass", "pass": ">= 1"}), "says so itself"),
            (json!({"measure": "number", "scale": "1..0"}), "is no scale"),
            (
                json!({"measure": "number", "scale": "0..NaN"}),
                "is no scale",
            ),
            (
                json!({"measure": "number", "pass": "seven"}),
                "one rule such as",
            ),
            (
                json!({"measure": "number", "pass": [">= 1", "<= 2"]}),
                "one rule such as",
            ),
            (json!({"measure": "label"}), "at least two"),
            (
                json!({"measure": "label", "labels": ["a", "a"]}),
                "given twice",
            ),
            (
                json!({"measure": "label", "labels": ["kind", "rude"], "pass": ["knd"]}),
                "did you mean `kind`",
            ),
        ] {
            let problems = decoded(&options).map(drop).unwrap_err();
            assert!(
                problems.iter().any(|problem| problem.contains(why)),
                "{options}: {problems:?}"
            );
        }
    }
}
