//! `tool-calls`: which tools the agent called, how often, in which order and with what.
//!
//! Looked at is what the reply reports: the calls among its steps, and those that its last answer asks for, in the order in which they
//! stand. A call that an agent reports in both places counts once. What an agent does not report is not seen, and an agent that reports
//! nothing has called nothing. All options given must hold, and the reason names the first that does not.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Found, Rule, Words, quoted, render, ruled};
use crate::domain::decode::{Fields, List, OneOrMany, Truth, Whole};
use crate::domain::kind::Kind;
use crate::domain::port::{Scorer, Seen};
use crate::domain::template::Template;
use crate::domain::transcript::{StepKind, Transcript};
use arguments::{Arguments, ArgumentsShape};

mod arguments;

pub(super) const fn kind<W: Words>() -> Kind<Arc<dyn Scorer>> {
    Kind {
        name: "tool-calls",
        summary: "which tools the agent called, how often, in which order and with what",
        example: "{called: [search], not_called: [delete], arguments: [{tool: search, includes: {limit: 5}}]}",
        decode: decode::<W>,
    }
}

#[derive(Debug)]
struct ToolCalls {
    called: Vec<Template>,
    not_called: Vec<Template>,
    order: Vec<Template>,
    exact: bool,
    arguments: Vec<Arguments>,
    count: Option<u64>,
    max_count: Option<u64>,
}

const KEYS: [&str; 6] = [
    "called",
    "not_called",
    "order",
    "arguments",
    "count",
    "max_count",
];

fn decode<W: Words>(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let mut names = |key, doc| {
        fields
            .optional(key, doc, OneOrMany(W::SHAPE))
            .unwrap_or_default()
    };
    let called = names("called", "tools that are called at least once each");
    let not_called = names("not_called", "tools that are not called");
    let order = names(
        "order",
        "tools that are called in this order; others may be called in between unless `exact`",
    );
    let exact = fields.or(
        "exact",
        "the calls are those of `order` and no others",
        Truth,
        false,
    );
    let arguments = fields
        .optional(
            "arguments",
            "what tools are called with, in any order",
            List(ArgumentsShape(W::SHAPE)),
        )
        .unwrap_or_default();
    let whole = || Whole(0..=1_000_000);
    let count = fields.optional("count", "exactly so many calls in all", whole());
    let max_count = fields.optional("max_count", "at most so many calls in all", whole());
    let none_given = fields
        .node()
        .is_some_and(|node| KEYS.iter().all(|key| node.get(key).is_none()));
    if none_given {
        fields.problem(
            "",
            format!("one of these must be given: {}", KEYS.join(", ")),
        );
    }
    if exact && order.is_empty() {
        fields.problem(
            "exact",
            "`exact` is about `order`; name the calls there, or say `count: 0` for none",
        );
    }
    ruled(ToolCalls {
        called,
        not_called,
        order,
        exact,
        arguments,
        count,
        max_count,
    })
}

/// One call as it was reported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Called<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: &'a Json,
}

/// All calls in their order.
pub(super) fn calls(transcript: &Transcript) -> Vec<Called<'_>> {
    let steps = transcript
        .sessions
        .iter()
        .flat_map(|session| &session.turns)
        .flat_map(|turn| &turn.steps);
    let mut calls: Vec<Called<'_>> = steps
        .filter(|step| step.kind == StepKind::ToolCall)
        .map(|step| Called {
            name: step.name.as_deref().unwrap_or_default(),
            arguments: step.arguments.as_ref().unwrap_or(&Json::Null),
        })
        .collect();
    let asked: Vec<Called<'_>> = transcript
        .tool_calls
        .iter()
        .map(|call| Called {
            name: &call.name,
            arguments: &call.arguments,
        })
        .collect();
    // The calls of the last answer stand at the end of the steps. A reply that also reports them as steps of its own has them twice.
    if !calls.ends_with(&asked) {
        calls.extend(&asked);
    } else if !asked.is_empty() && calls[..calls.len() - asked.len()].ends_with(&asked) {
        calls.truncate(calls.len() - asked.len());
    }
    calls
}

/// The names of the calls, for a reason.
fn listed(calls: &[Called<'_>]) -> String {
    const MOST: usize = 8;
    let mut names: Vec<String> = calls
        .iter()
        .take(MOST)
        .map(|call| quoted(call.name))
        .collect();
    if calls.len() > MOST {
        names.push(format!("{} more", calls.len() - MOST));
    }
    match names.is_empty() {
        true => "no tool was called".to_owned(),
        false => format!("called were {}", names.join(", ")),
    }
}

impl ToolCalls {
    /// Why the calls are not those wanted; `None` if they are.
    fn differ(&self, calls: &[Called<'_>], seen: &Seen) -> Result<Option<String>, String> {
        let is_called = |name: &str| calls.iter().any(|call| call.name == name);
        for name in rendered("called", &self.called, seen)? {
            if !is_called(&name) {
                let why = format!("{} is not called; {}", quoted(&name), listed(calls));
                return Ok(Some(why));
            }
        }
        for name in rendered("not_called", &self.not_called, seen)? {
            if is_called(&name) {
                return Ok(Some(format!(
                    "{} is called, which it must not be",
                    quoted(&name)
                )));
            }
        }
        let order = rendered("order", &self.order, seen)?;
        if let Some(why) = out_of_order(calls, &order, self.exact) {
            return Ok(Some(why));
        }
        let count = calls.len() as u64;
        if let Some(wanted) = self.count.filter(|wanted| *wanted != count) {
            return Ok(Some(format!(
                "{count} calls, {wanted} wanted; {}",
                listed(calls)
            )));
        }
        if let Some(most) = self.max_count.filter(|most| *most < count) {
            return Ok(Some(format!(
                "{count} calls, at most {most} wanted; {}",
                listed(calls)
            )));
        }
        for arguments in &self.arguments {
            if let Some(why) = arguments.differ(calls, seen)? {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }
}

fn rendered(option: &str, names: &[Template], seen: &Seen) -> Result<Vec<String>, String> {
    names
        .iter()
        .map(|name| render(option, name, seen))
        .collect()
}

/// Where the calls leave the wanted order; `None` if they keep it.
fn out_of_order(calls: &[Called<'_>], order: &[String], exact: bool) -> Option<String> {
    let mut rest = calls.iter().enumerate();
    for (at, name) in order.iter().enumerate() {
        if exact {
            match calls.get(at) {
                Some(call) if call.name == *name => continue,
                Some(call) => {
                    let (found, at) = (quoted(call.name), at + 1);
                    return Some(format!("call {at} is {found}, wanted {}", quoted(name)));
                }
                None => {
                    return Some(format!(
                        "{} of {} calls; {} is missing",
                        calls.len(),
                        order.len(),
                        quoted(name)
                    ));
                }
            }
        }
        if !rest.any(|(_, call)| call.name == *name) {
            let after = match at {
                0 => String::new(),
                at => format!(" after {}", quoted(&order[at - 1])),
            };
            return Some(format!(
                "{} is not called{after}; {}",
                quoted(name),
                listed(calls)
            ));
        }
    }
    let more = calls
        .get(order.len())
        .filter(|_| exact && !order.is_empty())?;
    Some(format!(
        "{} is called beyond the {} wanted",
        quoted(more.name),
        order.len()
    ))
}

impl Rule for ToolCalls {
    fn look(&self, seen: &Seen) -> Result<Found, String> {
        let calls = calls(&seen.transcript);
        Ok(match self.differ(&calls, seen)? {
            Some(why) => Found::new(false, why),
            None => Found::new(true, listed(&calls)),
        })
    }

    fn templates(&self) -> Vec<&Template> {
        let lists = [&self.called, &self.not_called, &self.order];
        let names = lists.into_iter().flatten();
        let arguments = self.arguments.iter().flat_map(Arguments::templates);
        names.chain(arguments).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::domain::message::ToolCall;
    use crate::domain::score::{Score, Value};
    use crate::domain::transcript::{Session, Step, Turn};
    use crate::score::testing::{case, decode as decoded};

    fn call(name: &str, arguments: &Json) -> ToolCall {
        ToolCall {
            id: None,
            name: name.into(),
            arguments: arguments.clone(),
        }
    }

    /// A transcript as the engine writes it: steps of the agent's own report, then those of the last answer.
    fn transcript(steps: &[(&str, Json)], asked: &[(&str, Json)]) -> Transcript {
        let step = |(name, arguments): &(&str, Json)| Step {
            kind: StepKind::ToolCall,
            name: Some((*name).to_owned()),
            arguments: Some(arguments.clone()),
            ..Step::default()
        };
        let turn = Turn {
            steps: steps.iter().chain(asked).map(step).collect(),
        };
        Transcript {
            sessions: vec![Session {
                id: "1".into(),
                turns: vec![turn],
            }],
            tool_calls: asked
                .iter()
                .map(|(name, arguments)| call(name, arguments))
                .collect(),
            ..Transcript::default()
        }
    }

    fn score(rule: &Json, transcript: Transcript) -> Score {
        let mut case = case(Some(json!("search")));
        case.metadata.insert("city".into(), json!("Bern"));
        let seen = Seen {
            case: Arc::new(case),
            transcript: Arc::new(transcript),
        };
        decoded("tool-calls", rule)
            .unwrap()
            .score("s", &seen)
            .unwrap()
    }

    fn trip() -> Transcript {
        transcript(
            &[
                (
                    "search",
                    json!({"city": "Bern", "limit": 5, "filter": {"stars": 4, "pool": true}}),
                ),
                ("search", json!({"city": "Basel"})),
                ("book", json!({"price": 99.99, "date": "2026-11-22"})),
            ],
            &[],
        )
    }

    fn why(rule: Json) -> Option<String> {
        let score = score(&rule, trip());
        match score.value {
            Value::Pass(true) => None,
            Value::Pass(false) => score.reason,
            other => panic!("{rule}: {other:?} {:?}", score.reason),
        }
    }

    #[test]
    fn the_first_difference_is_named() {
        for (rule, wanted) in [
            (json!({"called": ["book", "{{ expected }}"]}), None),
            (
                json!({"called": "pay"}),
                Some("\"pay\" is not called; called were \"search\", \"search\", \"book\""),
            ),
            (json!({"not_called": ["pay", "delete"]}), None),
            (
                json!({"not_called": ["book"]}),
                Some("\"book\" is called, which it must not be"),
            ),
            (json!({"order": ["search", "book"]}), None),
            (
                json!({"order": ["book", "search"]}),
                Some(
                    "\"search\" is not called after \"book\"; called were \"search\", \"search\", \"book\"",
                ),
            ),
            (
                json!({"order": ["search", "search", "book"], "exact": true}),
                None,
            ),
            (
                json!({"order": ["search", "book"], "exact": true}),
                Some("call 2 is \"search\", wanted \"book\""),
            ),
            (
                json!({"order": ["search", "search"], "exact": true}),
                Some("\"book\" is called beyond the 2 wanted"),
            ),
            (
                json!({"order": ["search", "search", "book", "pay"], "exact": true}),
                Some("3 of 4 calls; \"pay\" is missing"),
            ),
            (json!({"count": 3, "max_count": 3}), None),
            (
                json!({"count": 0}),
                Some("3 calls, 0 wanted; called were \"search\", \"search\", \"book\""),
            ),
            (
                json!({"max_count": 2}),
                Some("3 calls, at most 2 wanted; called were \"search\", \"search\", \"book\""),
            ),
        ] {
            assert_eq!(why(rule.clone()).as_deref(), wanted, "{rule}");
        }
    }

    #[test]
    fn arguments_are_equal_include_or_match() {
        let with = |rule: Json| why(json!({"arguments": [rule]}));
        assert_eq!(
            with(
                json!({"tool": "search", "equals": {"/city": "{{ metadata.city }}", "/limit": 5.0}})
            ),
            None
        );
        assert_eq!(
            with(json!({"tool": "search", "equals": {"": {"city": "Basel"}}})),
            None
        );
        assert!(
            with(json!({"tool": "search", "which": "first", "equals": {"": {"city": "Basel"}}}))
                .unwrap()
                .contains("the whole is")
        );
        assert_eq!(
            with(json!({"tool": "search", "includes": {"filter": {"stars": 4}}})),
            None
        );
        assert_eq!(
            with(json!({"tool": "search", "which": "every", "includes": {"limit": 5}})).unwrap(),
            "\"search\" with \"{\"city\":\"Basel\"}\": /limit is nothing, wanted \"5\""
        );
        assert_eq!(
            with(json!({"tool": "book", "equals": {"/price": 100}, "tolerance": 0.01})),
            None
        );
        assert!(
            with(json!({"tool": "book", "equals": {"/price": 100}, "tolerance": 0.009})).is_some()
        );
        assert_eq!(
            with(json!({"tool": "book", "matches": {"/date": "^2026-11", "/price": "99"}})),
            None
        );
        assert!(
            with(json!({"tool": "book", "which": "last", "matches": {"/date": "^2025"}}))
                .unwrap()
                .contains("does not match")
        );
        assert!(
            with(json!({"tool": "pay"}))
                .unwrap()
                .starts_with("\"pay\" is not called")
        );
    }

    #[test]
    fn a_call_that_is_reported_twice_counts_once() {
        let one = [("search", json!({"q": 1}))];
        let once = json!({"count": 1});
        for reported in [
            transcript(&one, &[]),
            transcript(&[], &one),
            transcript(&one, &one),
            Transcript {
                tool_calls: vec![call("search", &json!({"q": 1}))],
                ..Transcript::default()
            },
        ] {
            assert_eq!(score(&once, reported).value, Value::Pass(true));
        }
        let two = transcript(&one, &[("search", json!({"q": 2}))]);
        assert_eq!(score(&json!({"count": 2}), two).value, Value::Pass(true));
        assert_eq!(
            score(&json!({"count": 0}), Transcript::default())
                .reason
                .unwrap(),
            "no tool was called"
        );
    }

    #[test]
    fn a_rule_says_what_it_is_about() {
        for wrong in [
            json!({}),
            json!({"exact": true, "count": 1}),
            json!({"arguments": [{"equals": {"/a": 1}}]}),
            json!({"arguments": [{"tool": "a", "equals": {"a": 1}}]}),
            json!({"arguments": [{"tool": "a", "matches": {"/a": "("}}]}),
            json!({"called": ["a"], "calld": ["b"]}),
        ] {
            assert!(decoded("tool-calls", &wrong).is_err(), "{wrong}");
        }
    }
}
