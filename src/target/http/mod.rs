//! `http`: any agent behind HTTP. What is sent is written as templates, what comes back is found by JSON pointers.
//!
//! A trial may have requests of its own before and after (`setup`, `teardown`), and an answer may be waited for (`poll`): what one
//! reply says (`capture`, `session_id`) stands in the later requests. Data never widens what is contacted: see [`text`].

mod asking;
mod body;
mod pointer;
mod reading;
mod talk;
mod text;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use crate::domain::decode::{Fields, List, Time, Truth, object};
use crate::domain::digest::Digest;
use crate::domain::fault::FaultKind;
use crate::domain::kind::Kind;
use crate::domain::port::{Parts, Target, TargetPlan};
use crate::domain::secret::EnvText;
use crate::domain::template::{NAMES, Template};

use asking::Asking;
use pointer::{Pointer, PointerShape};
use reading::{Condition, Reading, condition};
use talk::Built;

/// The row of the table.
pub(super) const KIND: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "http",
    summary: "any agent behind HTTP: requests as templates, replies by JSON pointers",
    example: "{url: \"http://127.0.0.1:8000/ask\", body: {question: \"{{ input }}\"}, answer: /answer, usage: /usage}",
    decode,
};

/// Names that templates may use besides the case's own and what is captured.
const MORE: &[&str] = &[
    "messages",
    "message",
    "session",
    "turn",
    "trial",
    "session_id",
];

/// Keys of a target that do not decide what the agent is asked.
const OUTSIDE: &[&str] = &["id", "kind", "price", "limits", "counts_as_failure"];

/// What the suite says about the target.
#[derive(Debug, Clone)]
struct Http {
    setup: Vec<Asking>,
    turn: Asking,
    reading: Reading,
    session_id: Option<Pointer>,
    poll: Option<Poll>,
    teardown: Vec<Asking>,
    insecure: bool,
    /// All of this as it was written: whose conversation a recorded one is.
    identity: Digest,
}

/// How an answer is waited for.
#[derive(Debug, Clone)]
struct Poll {
    asking: Asking,
    until: Condition,
    failed: Option<Condition>,
    every: Duration,
    at_most: Duration,
}

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    Some(Arc::new(options(fields)?))
}

fn options(fields: &mut Fields<'_>) -> Option<Http> {
    let turn = Asking::read(fields, "POST", true);
    let reading = Reading::read(fields);
    let session_id = fields.optional(
        "session_id",
        "where the agent names the conversation: later requests use it as {{ session_id }}, which is empty before",
        PointerShape,
    );
    let poll = fields.optional(
        "poll",
        "for an agent that answers later: the request that is repeated until the answer is there; `answer` and the like are read from its last reply",
        object(poll),
    );
    let steps = || List(object(|fields| Asking::read(fields, "POST", false)));
    let setup = fields.or(
        "setup",
        "requests before each trial, in order",
        steps(),
        Vec::new(),
    );
    let teardown = fields.or(
        "teardown",
        "requests after each trial, however it ended; 10 s for all of them",
        steps(),
        Vec::new(),
    );
    let insecure = fields.or(
        "insecure",
        "send environment values over plain http to another machine; default false",
        Truth,
        false,
    );
    let identity = fields.node().map(|node| {
        let mut json = node.to_json();
        if let Json::Object(map) = &mut json {
            map.retain(|key, _| !OUTSIDE.contains(&key.as_str()));
        }
        Digest::of_json(&json)
    });
    let http = Http {
        setup,
        turn: turn?,
        reading: reading?,
        session_id,
        poll,
        teardown,
        insecure,
        identity: identity?,
    };
    http.check(fields);
    Some(http)
}

fn poll(fields: &mut Fields<'_>) -> Option<Poll> {
    let asking = Asking::read(fields, "GET", false);
    let until = fields.required("until", "when the answer is there", object(condition));
    let failed = fields.optional("failed", "when there will be none", object(condition));
    let every = fields.or(
        "every",
        "the pause before each; default 1s",
        Time,
        Duration::from_secs(1),
    );
    let at_most = fields.or(
        "at_most",
        "how long it is waited for, within `limits.timeout`; default 5m",
        Time,
        Duration::from_secs(300),
    );
    if every.is_zero() {
        fields.problem("every", "a pause is longer than nothing");
    }
    Some(Poll {
        asking: asking?,
        until: until?,
        failed,
        every,
        at_most,
    })
}

impl Http {
    /// Every request with the key that it stands under, in the order in which they are made.
    fn askings(&self) -> Vec<(&'static str, &Asking)> {
        let setup = self.setup.iter().map(|asking| ("setup", asking));
        let poll = self.poll.iter().map(|poll| ("poll", &poll.asking));
        let teardown = self.teardown.iter().map(|asking| ("teardown", asking));
        setup
            .chain([("url", &self.turn)])
            .chain(poll)
            .chain(teardown)
            .collect()
    }

    /// What the requests say of one another.
    fn check(&self, fields: &mut Fields<'_>) {
        let all: BTreeSet<&str> = self.captured().collect();
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for (key, asking) in self.askings() {
            if let Err(message) = asking.check(self.insecure) {
                fields.problem(key, message);
            }
            let used: BTreeSet<String> = asking
                .templates()
                .iter()
                .flat_map(|template| template.variables())
                .collect();
            for name in used {
                if all.contains(name.as_str()) && !known.contains(name.as_str()) {
                    fields.problem(
                        key,
                        format!("`{name}` is used here before any request has captured it"),
                    );
                }
            }
            known.extend(asking.capture.iter().map(|(name, _)| name.as_str()));
        }
        for name in &all {
            if NAMES.contains(name) || MORE.contains(name) {
                fields.problem(
                    "capture",
                    format!("`{name}` has a meaning already: capture under another name"),
                );
            }
        }
        let pointed = self.session_id.is_some() || self.poll.is_some();
        if !self.reading.is_json() && (pointed || !self.turn.capture.is_empty()) {
            fields.problem(
                "reply",
                "`reply: text` has no places to point at: take `session_id`, `capture` and `poll` out",
            );
        }
    }

    fn captured(&self) -> impl Iterator<Item = &str> {
        self.askings()
            .into_iter()
            .flat_map(|(_, asking)| asking.capture.iter())
            .map(|(name, _)| name.as_str())
    }

    /// Whether the agent remembers something between requests: then no two trials share what was recorded.
    fn remembers(&self) -> bool {
        self.session_id.is_some()
            || self.poll.is_some()
            || !self.setup.is_empty()
            || !self.teardown.is_empty()
            || !self.turn.capture.is_empty()
    }
}

impl TargetPlan for Http {
    fn endpoint(&self) -> String {
        self.turn.place().to_owned()
    }

    fn templates(&self) -> Vec<&Template> {
        self.askings()
            .into_iter()
            .flat_map(|(_, asking)| asking.templates())
            .collect()
    }

    fn names(&self) -> Vec<&str> {
        MORE.iter().copied().chain(self.captured()).collect()
    }

    fn environment(&self) -> Vec<&EnvText> {
        self.askings()
            .into_iter()
            .flat_map(|(_, asking)| asking.environment())
            .collect()
    }

    fn failures(&self) -> &'static [FaultKind] {
        &[FaultKind::TimedOut]
    }

    fn build(&self, parts: &Parts) -> Result<Rc<dyn Target>, String> {
        Ok(Rc::new(Built::new(
            Rc::new(self.clone()),
            Rc::clone(&parts.exchange),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decode::{Problems, read};
    use crate::domain::tree::Node;
    use serde_json::json;

    fn decoded(json: &Json) -> Result<Http, Vec<String>> {
        let mut problems = Problems::new("suite.yaml");
        let plan = read(&Node::from_json(json), &mut problems, options);
        let problems: Vec<String> = problems.sorted().into_iter().map(|p| p.message).collect();
        plan.filter(|_| problems.is_empty()).ok_or(problems)
    }

    fn whole() -> Json {
        json!({
            "url": "http://127.0.0.1:1/{{ session }}?c={{ job }}", "headers": {"x-token": "{{ token }}", "authorization": "Bearer ${KEY}"},
            "body": {"q": "{{ input }}", "of": "{{ city }}"}, "answer": "/a", "capture": {"task": "/task"},
            "setup": [{"url": "http://127.0.0.1:1/a", "capture": {"token": "/t"}}, {"url": "http://127.0.0.1:1/b/{{ token }}", "capture": {"job": "/j"}}],
            "poll": {"url": "http://127.0.0.1:1/p/{{ task }}", "until": {"pointer": "/s", "equals": "done"}, "every": "50ms"},
            "teardown": [{"method": "DELETE", "url": "http://127.0.0.1:1/b/{{ job }}"}],
        })
    }

    #[test]
    fn a_whole_conversation_is_read() {
        let plan = decoded(&whole()).unwrap();
        assert!(plan.remembers());
        assert_eq!(plan.failures(), [FaultKind::TimedOut]);
        let names: Vec<&str> = plan
            .environment()
            .iter()
            .flat_map(|text| text.names())
            .collect();
        assert_eq!(names, ["KEY"]);
        for name in ["token", "job", "task", "messages", "session_id"] {
            assert!(plan.names().contains(&name), "{name}");
        }
        let used: BTreeSet<String> = plan
            .templates()
            .iter()
            .flat_map(|t| t.variables())
            .collect();
        assert!(used.contains("city"), "{used:?}");
        let plain = json!({"url": "http://127.0.0.1:1/", "answer": ""});
        assert!(!decoded(&plain).unwrap().remembers());
    }

    #[test]
    fn every_fault_of_the_options_is_named() {
        let mut options = whole();
        options["setup"][0]["url"] = json!("http://127.0.0.1:1/{{ job }}");
        options["teardown"][0]["capture"] = json!({"input": "/x"});
        options["headers"]["a b"] = json!("c");
        options["poll"]["untill"] = json!(1);
        options["method"] = json!("FETCH");
        let all = decoded(&options).unwrap_err().join("\n");
        for part in [
            "`job` is used here before any request has captured it",
            "`input` has a meaning already",
            "`a b` is not a header name",
            "did you mean `until`?",
            "unknown value `FETCH`",
        ] {
            assert!(all.contains(part), "{part} in {all}");
        }
        let clear = json!({"url": "http://10.0.0.5/", "answer": "/a", "teardown": [{"url": "http://10.0.0.5/x", "headers": {"k": "${KEY}"}}]});
        assert!(decoded(&clear).unwrap_err()[0].contains("insecure: true"));
        let text = json!({"url": "http://127.0.0.1:1/", "reply": "text", "session_id": "/s"});
        assert!(decoded(&text).unwrap_err()[0].contains("reply: text"));
        assert!(
            decoded(&json!({"url": "http://{{ id }}/", "answer": "/a"})).unwrap_err()[0]
                .contains("no case decides")
        );
    }
}
