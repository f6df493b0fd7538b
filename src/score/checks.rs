//! `checks`: the rules of one case alone, together one pass/fail score.
//!
//! They come from the dataset, so they are data: their texts stand for themselves, and only rules are taken (what asks a model or starts
//! a program is the suite's to name). All must pass; a case without any has no such score.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{ASKING, Found, LITERAL_KINDS, of_failure};
use crate::domain::case::Case;
use crate::domain::decode::{Problems, Text, read_with};
use crate::domain::kind::{Kind, find, schemas};
use crate::domain::port::{Scorer, Seen};
use crate::domain::score::{Measure, Score, Unscored, Value};
use crate::domain::tree::{Node, Span};

/// The id of the score, and its name in `success`.
pub const CHECKS: &str = "checks";

/// Reads one entry of a case's `checks`: a rule's options with its `kind`. Problems are noted at `place`, the case's own.
pub fn decode_check(check: &Json, place: Span, problems: &mut Problems) -> Option<Arc<dyn Scorer>> {
    match rule(check) {
        Ok(scorer) => Some(scorer),
        Err(messages) => {
            for message in messages {
                problems.note(place, format!("in `checks`: {message}"));
            }
            None
        }
    }
}

/// The JSON Schemas of what an entry of `checks` may be.
#[must_use]
pub fn check_schemas() -> Vec<Json> {
    let mut schemas = schemas(LITERAL_KINDS);
    for schema in &mut schemas {
        if let Some(Json::Array(required)) = schema.get_mut("required") {
            required.insert(0, json!("kind"));
        }
    }
    schemas
}

/// The score `checks` of a trial that was answered.
#[must_use]
pub fn checks(seen: &Seen) -> Score {
    let all = &seen.case.checks;
    if all.is_empty() {
        return Score::new(CHECKS, Value::NotApplicable);
    }
    let total = all.len();
    let (mut failed, mut broken) = (Vec::new(), None);
    for (index, check) in all.iter().enumerate() {
        let name = format!("{} ({})", index + 1, kind_of(check).unwrap_or("?"));
        match look(check, seen) {
            Ok(Found { pass: true, .. }) => {}
            Ok(Found { reason, .. }) => failed.push(format!("{name}: {reason}")),
            Err(why) => {
                broken.get_or_insert(format!("check {name} cannot tell: {why}"));
            }
        }
    }
    match (failed.first(), broken) {
        // One that fails decides, whatever another might have said.
        (Some(first), _) => {
            let count = failed.len();
            let verb = if count == 1 { "fails" } else { "fail" };
            Score::pass(
                CHECKS,
                false,
                format!("{count} of {total} {verb}; check {first}"),
            )
        }
        (None, Some(why)) => Score::unscored(CHECKS, Unscored::Broken, why),
        (None, None) => Score::pass(CHECKS, true, format!("all {total} pass")),
    }
}

/// The value of `checks` for a trial without an answer.
#[must_use]
pub fn checks_of_failure(case: &Case) -> Value {
    if case.checks.is_empty() {
        Value::NotApplicable
    } else {
        of_failure(&Measure::PassFail, false)
    }
}

fn look(check: &Json, seen: &Seen) -> Result<Found, String> {
    let scorer = rule(check).map_err(|messages| messages.join("; "))?;
    let score = scorer
        .score(CHECKS, seen)
        .ok_or_else(|| "not a rule".to_owned())?;
    let reason = score.reason.unwrap_or_default();
    match score.value {
        Value::Pass(pass) => Ok(Found::new(pass, reason)),
        _ => Err(reason),
    }
}

fn kind_of(check: &Json) -> Option<&str> {
    check.get("kind")?.as_str()
}

fn rule(check: &Json) -> Result<Arc<dyn Scorer>, Vec<String>> {
    let row = row(check).map_err(|message| vec![message])?;
    let mut problems = Problems::new("");
    let scorer = read_with(&Node::from_json(check), &mut problems, &mut |fields| {
        fields.required("kind", "the kind of rule", Text);
        (row.decode)(fields)
    });
    match (scorer, problems.count()) {
        (Some(scorer), 0) => Ok(scorer),
        _ => Err(problems
            .sorted()
            .into_iter()
            .map(|problem| format!("`{}`: {}", row.name, problem.message))
            .collect()),
    }
}

fn row(check: &Json) -> Result<&'static Kind<Arc<dyn Scorer>>, String> {
    if !check.is_object() {
        return Err("a check is a map with a `kind`, such as {\"kind\": \"contains\", \"any\": [\"30 days\"]}".into());
    }
    let kind = kind_of(check).ok_or("`kind` is missing: the kind of rule")?;
    if kind == "judge" || ASKING.iter().any(|asking| asking.kind.name == kind) {
        return Err(format!(
            "`{kind}` cannot be a check of a case; declare it under the suite's `scorers`"
        ));
    }
    find(LITERAL_KINDS, "kind of check", kind)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{case, seen};
    use super::*;

    fn score(checks_of_case: Json, output: &str) -> Score {
        let mut case = case(Some(json!("Bern")));
        case.checks = serde_json::from_value(checks_of_case).unwrap();
        checks(&seen(case, output))
    }

    fn problems_of(check: &Json) -> Vec<String> {
        let mut problems = Problems::new("cases.jsonl");
        assert!(decode_check(check, Span { line: 3, column: 0 }, &mut problems).is_none());
        problems.sorted().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_checks_must_pass_and_the_first_that_fails_is_named() {
        let all = json!([{"kind": "contains", "any": "Bern"}, {"kind": "length", "max_words": 3}, {"kind": "exact"}]);
        assert_eq!(score(all.clone(), "Bern").value, Value::Pass(true));
        assert_eq!(score(all.clone(), "Bern").reason.unwrap(), "all 3 pass");
        let failed = score(all, "It is Bern, of course");
        assert_eq!(failed.value, Value::Pass(false));
        assert_eq!(
            failed.reason.unwrap(),
            "2 of 3 fail; check 2 (length): 5 words, at most 3 wanted"
        );
        assert_eq!(score(json!([]), "x").value, Value::NotApplicable);
    }

    #[test]
    fn the_texts_of_a_check_stand_for_themselves() {
        let check = json!([{"kind": "contains", "any": "{{ open"}, {"kind": "regex", "pattern": "\\{\\{ open"}]);
        assert_eq!(score(check, "a {{ open b").value, Value::Pass(true));
        let inserted = json!([{"kind": "contains", "any": "{{ expected }}"}]);
        assert_eq!(score(inserted, "Bern").value, Value::Pass(false));
    }

    #[test]
    fn a_check_that_cannot_tell_leaves_the_score_open_unless_another_fails() {
        let broken = json!({"kind": "budget", "max_cost_usd": 1});
        let open = score(json!([broken, {"kind": "exact"}]), "Bern");
        assert_eq!(open.value, Value::Unscored(Unscored::Broken));
        assert_eq!(
            score(json!([broken, {"kind": "exact"}]), "Basel").value,
            Value::Pass(false)
        );
    }

    #[test]
    fn only_rules_are_taken_and_every_fault_is_named_with_its_place() {
        assert_eq!(
            problems_of(&json!({"kind": "judge", "judge": "helpfulness"})),
            [
                "cases.jsonl:3: in `checks`: `judge` cannot be a check of a case; declare it under the suite's `scorers`"
            ]
        );
        for kind in ["command", "cosine"] {
            let said = problems_of(&json!({"kind": kind, "at_least": 0.5}));
            assert!(
                said[0].contains("declare it under the suite's `scorers`"),
                "{said:?}"
            );
        }
        assert_eq!(
            problems_of(&json!({"kind": "similarity", "by": "chrf"})),
            [
                "cases.jsonl:3: in `checks`: `similarity`: a check says pass or fail: give it `at_least`"
            ]
        );
        assert_eq!(
            problems_of(&json!({"kind": "contain", "any": "x"})),
            [
                "cases.jsonl:3: in `checks`: unknown kind of check `contain`; did you mean `contains`?"
            ]
        );
        assert_eq!(
            problems_of(&json!({"kind": "length", "max_wrds": 3, "min_chars": "x"})).len(),
            2
        );
        assert_eq!(problems_of(&json!("exact")).len(), 1);
        assert_eq!(problems_of(&json!({"any": "x"})).len(), 1);
    }

    #[test]
    fn no_answer_fails_the_checks_of_a_case_that_has_some() {
        let mut case = case(None);
        assert_eq!(checks_of_failure(&case), Value::NotApplicable);
        case.checks = vec![json!({"kind": "contains", "none": "x"})];
        assert_eq!(checks_of_failure(&case), Value::Pass(false));
    }

    #[test]
    fn the_schema_of_a_check_wants_its_kind() {
        assert!(
            check_schemas()
                .iter()
                .all(|schema| schema["required"][0] == "kind")
        );
    }
}
