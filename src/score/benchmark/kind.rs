//! `benchmark`: a public benchmark's own rule, over the fields of the benchmark's row.
//!
//! The row's fields are the case's columns: `benchmark:` in a dataset puts them there, and so does any file that has them. Where an agent
//! made calls and said nothing, the calls are the output, as JSON.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::rules::{Convention, RULES, Rule};
use super::{Executed, Execution, Outcome, Verdict};
use crate::domain::decode::{Fields, Text, unknown};
use crate::domain::fault::Fault;
use crate::domain::kind::Kind;
use crate::domain::port::{Question, Reply, Scorer, Seen};
use crate::domain::score::{Measure, Score, Unscored, Value};
use crate::domain::transcript::Transcript;
use crate::score::Words;

/// The word in `kind:`.
pub const KIND: &str = "benchmark";

pub(in crate::score) const fn kind<W: Words>() -> Kind<Arc<dyn Scorer>> {
    Kind {
        name: KIND,
        summary: "a public benchmark's own rule, by the fields of its row (`list benchmarks`)",
        example: "{name: gsm8k, convention: strict}",
        decode: decode::<W>,
    }
}

#[derive(Debug)]
struct Benchmark {
    convention: &'static Convention,
}

/// Reads a name into a row of a table, with a suggestion where there is none.
fn decode<W: Words>(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let name = fields.required("name", "the benchmark: `evenhand list benchmarks`", Text);
    let convention = fields.optional(
        "convention",
        "which public way of scoring it; default: the benchmark's first",
        Text,
    );
    let name = name?;
    let known: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
        fields.problem("name", unknown("benchmark", &name, &known));
        return None;
    };
    if rule.reads_a_grader {
        fields.problem(
            "name",
            format!(
                "`{name}` is graded by a model: its rule reads the grader's reply, not the agent's; use a scorer of `kind: judge`, or `evenhand score --benchmark {name}` on replies of a grader"
            ),
        );
        return None;
    }
    let convention = match convention {
        None => &rule.conventions[0],
        Some(wanted) => match named(rule, &wanted) {
            Ok(convention) => convention,
            Err(message) => {
                fields.problem("convention", message);
                return None;
            }
        },
    };
    if W::IN_A_CHECK && convention.executes {
        fields.problem(
            "name",
            format!("`{name}` executes what the agent wrote, and data starts nothing; use it as a scorer of the suite"),
        );
        return None;
    }
    if convention.field.is_some() {
        fields.problem(
            "convention",
            format!(
                "`{}` of {name} reads verdicts that were recorded: `evenhand score --benchmark {name} --outputs FILE`",
                convention.name
            ),
        );
        return None;
    }
    if W::IN_A_CHECK && convention.is_number {
        fields.problem(
            "convention",
            format!(
                "`{}` yields a number, and a check says pass or fail; use it as a scorer",
                convention.name
            ),
        );
        return None;
    }
    Some(Arc::new(Benchmark { convention }))
}

/// The convention of a rule by its name.
///
/// # Errors
/// That there is none, with those there are.
pub fn named(rule: &'static Rule, name: &str) -> Result<&'static Convention, String> {
    let known: Vec<&str> = rule.conventions.iter().map(|one| one.name).collect();
    rule.conventions
        .iter()
        .find(|convention| convention.name == name)
        .ok_or_else(|| {
            let hint = unknown(&format!("convention of {}", rule.name), name, &known);
            format!("{hint} (it has: {})", known.join(", "))
        })
}

/// The calls of a transcript as a rule reads them: `[{name: arguments}, ..]`.
fn calls(transcript: &Transcript) -> Option<String> {
    let calls: Vec<Json> = crate::score::tool_calls::calls(transcript)
        .into_iter()
        .map(|call| {
            let one: Map<String, Json> = [(call.name.to_owned(), call.arguments.clone())]
                .into_iter()
                .collect();
            Json::Object(one)
        })
        .collect();
    (!calls.is_empty()).then(|| Json::Array(calls).to_string())
}

impl Scorer for Benchmark {
    fn measure(&self) -> Measure {
        if self.convention.is_number {
            Measure::Number {
                scale: Some((0.0, 1.0)),
                pass: None,
            }
        } else {
            Measure::PassFail
        }
    }

    fn executes(&self) -> bool {
        self.convention.executes
    }

    fn votes(&self) -> u32 {
        u32::from(self.convention.executes)
    }

    fn score(&self, id: &str, seen: &Seen) -> Option<Score> {
        if self.convention.executes {
            return None;
        }
        let row = Json::Object(seen.case.columns.clone());
        let said = &seen.transcript.output;
        let called = match said.trim().is_empty() {
            true => calls(&seen.transcript),
            false => None,
        };
        let verdict = self
            .convention
            .verdict(&row, called.as_deref().unwrap_or(said));
        Some(score(id, verdict))
    }

    fn ask(&self, seen: &Seen) -> Result<Vec<Question>, String> {
        let execution = self.execution(seen)?;
        let text = serde_json::to_string(&execution).map_err(|error| error.to_string())?;
        Ok(vec![crate::score::question(text, 0)])
    }

    fn read(&self, id: &str, seen: &Seen, replies: &[Result<Reply, Fault>]) -> Score {
        let reply = match replies {
            [Ok(reply)] => reply,
            [Err(fault)] => {
                return Score::unscored(id, crate::score::unscored_by(fault), fault.to_string());
            }
            _ => return Score::unscored(id, Unscored::Broken, "it was not executed once"),
        };
        let verdict = self.execution(seen).and_then(|execution| {
            let executed = Executed::read(&reply.text)?;
            Ok(execution.verdict(&executed))
        });
        match verdict {
            Ok(verdict) => score(id, verdict),
            Err(why) => Score::unscored(id, Unscored::Broken, why),
        }
    }
}

impl Benchmark {
    /// The program for what the agent said.
    fn execution(&self, seen: &Seen) -> Result<Execution, String> {
        let row = Json::Object(seen.case.columns.clone());
        self.convention.program(&row, &seen.transcript.output)
    }
}

fn score(id: &str, verdict: Verdict) -> Score {
    let reason = reason(&verdict);
    match verdict.outcome {
        Outcome::Pass(right) => Score::pass(id, right, reason),
        Outcome::Number(value) => Score::new(id, Value::Number(value)).because(reason),
        Outcome::Unscored(why) => Score::unscored(id, Unscored::Broken, why),
    }
}

/// What was found and what decided, in one line.
fn reason(verdict: &Verdict) -> String {
    let found = verdict
        .extracted
        .as_deref()
        .map(|answer| format!("found {}", crate::score::quoted(answer)));
    let parts: Vec<String> = found.into_iter().chain(verdict.detail.clone()).collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::case::Case;
    use crate::score::testing::{decode, seen};

    fn of(options: &Json, columns: Json, output: &str) -> Score {
        let mut case = Case::new("c", "q");
        case.columns = columns.as_object().unwrap().clone();
        let scorer = decode(KIND, options).unwrap();
        scorer.score("s", &seen(case, output)).unwrap()
    }

    #[test]
    fn the_columns_of_a_case_are_the_row() {
        let columns = json!({"answer": "It is.\n#### 1,018"});
        let score = of(&json!({"name": "gsm8k"}), columns.clone(), "#### 1018");
        assert_eq!(score.value, Value::Pass(true));
        assert_eq!(score.reason.as_deref(), Some("found \"1018\""));
        let score = of(&json!({"name": "gsm8k"}), columns, "1018");
        assert_eq!(score.value, Value::Pass(false));
        assert_eq!(score.reason.as_deref(), Some("no number found"));
        let score = of(&json!({"name": "gsm8k"}), json!({}), "1018");
        assert!(score.is_unscored(), "{score:?}");
    }

    #[test]
    fn a_number_is_one() {
        let columns = json!({"answers": {"text": ["the red fox"]}});
        let options = json!({"name": "squad", "convention": "f1"});
        let score = of(&options, columns, "a red dog");
        assert_eq!(score.value, Value::Number(0.5));
    }

    #[test]
    fn what_there_is_not_is_refused_with_what_there_is() {
        let said = |options: Json| decode(KIND, &options).unwrap_err();
        assert_eq!(
            said(json!({"name": "gsm8"})),
            ["unknown benchmark `gsm8`; did you mean `gsm8k`?"]
        );
        assert_eq!(
            said(json!({"name": "gsm8k", "convention": "strikt"})),
            [
                "unknown convention of gsm8k `strikt`; did you mean `strict`? (it has: openai, strict, flexible)"
            ]
        );
        assert!(said(json!({"name": "simpleqa"}))[0].contains("kind: judge"));
    }
}
