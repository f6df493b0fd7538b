//! `scripted`: a deterministic stand-in for an agent or a judge, for demos and tests.
//!
//! Every choice (right or wrong, latency, fault) is drawn from the run's seed and the names of what is asked: target, case, repeat,
//! session, turn, scorer, vote. So a run is the same in any order, interrupted or not. Faults also depend on the number of the
//! attempt, counted in the trial's [`Session`]: a second attempt may get through. Only if a process dies between two attempts of one
//! trial does the count begin again.
//!
//! Its latency is a number that it makes up, never a measurement; with `sleep: true` it also passes that time.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::domain::case::Case;
use crate::domain::decode::{
    Fields, List, MapOf, OneOf, OneOrMany, Problems, Real, Shape, Templated, Text, Time, Truth,
    Whole, object,
};
use crate::domain::digest::Digest;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::kind::Kind;
use crate::domain::message::{Finish, Message, Role, TokenLogprob, Usage};
use crate::domain::port::{Local, Parts, Reply, Request, Session, Target, TargetPlan};
use crate::domain::template::{Scope, Template};
use crate::domain::transcript::Timing;
use crate::domain::tree::{Node, Value};
use crate::domain::units::millis;

/// The row of the table.
pub(super) const KIND: Kind<Arc<dyn TargetPlan>> = Kind {
    name: "scripted",
    summary: "a deterministic stand-in with seeded answers, latency and faults; calls nothing",
    example: "{accuracy: 0.8, wrong: \"I do not know.\", latency_ms: {median: 400, spread: 0.5}}",
    decode,
};

/// What the suite says about the target.
#[derive(Debug, Clone)]
struct Scripted {
    model: Option<String>,
    rules: Vec<Rule>,
    /// `None`: the first accepted answer of the case, else its question.
    answer: Option<Template>,
    accuracy: f64,
    wrong: Template,
    latency: Latency,
    sleep: bool,
    tokens: Option<Usage>,
    faults: Faults,
}

/// What is answered when something is asked.
#[derive(Debug, Clone)]
struct Rule {
    contains: Option<String>,
    cases: Vec<String>,
    answer: Template,
    logprobs: Vec<(String, f64)>,
    finish: Finish,
}

/// How long an answer takes in milliseconds: log-normal, `spread` the standard deviation of its logarithm.
#[derive(Debug, Clone, Copy)]
struct Latency {
    median: f64,
    spread: f64,
}

/// How often an attempt fails, by kind, and how.
#[derive(Debug, Clone, Default)]
struct Faults {
    shares: Vec<(FaultKind, f64)>,
    sticky: bool,
    retry_after: Option<Duration>,
}

const FINISHES: &[(&str, Finish)] = &[
    ("stop", Finish::Stop),
    ("length", Finish::Length),
    ("blocked", Finish::Blocked),
];

struct LatencyShape;

impl Shape for LatencyShape {
    type Output = Latency;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Latency> {
        match node.value {
            Value::Mapping(_) => object(latency).read(node, problems),
            _ => Some(Latency {
                median: Real(0.0..=86_400_000.0).read(node, problems)?,
                spread: 0.0,
            }),
        }
    }
    fn schema(&self) -> Json {
        json!({"anyOf": [Real(0.0..=86_400_000.0).schema(), object(latency).schema()]})
    }
}

fn latency(fields: &mut Fields<'_>) -> Option<Latency> {
    let median = fields.required("median", "milliseconds", Real(0.0..=86_400_000.0));
    let spread = fields.or(
        "spread",
        "standard deviation of the logarithm; 0.5 puts the slowest 5 % at 2.3 times the median",
        Real(0.0..=5.0),
        0.0,
    );
    Some(Latency {
        median: median?,
        spread,
    })
}

fn rule(fields: &mut Fields<'_>) -> Option<Rule> {
    let contains = fields.optional("contains", "the last user message contains this", Text);
    let cases = fields.or(
        "case",
        "the case's id, or a list of ids",
        OneOrMany(Text),
        Vec::new(),
    );
    let answer = fields.required("answer", "what is answered; a template", Templated);
    let logprobs = fields.or(
        "logprobs",
        "probabilities of the first token, by token, given when log-probabilities are asked for",
        MapOf(Real(0.0..=1.0)),
        Vec::new(),
    );
    let finish = fields.or(
        "finish",
        "why the answer ends",
        OneOf(FINISHES),
        Finish::Stop,
    );
    if logprobs.iter().any(|(_, probability)| *probability == 0.0)
        || logprobs
            .iter()
            .map(|(_, probability)| probability)
            .sum::<f64>()
            > 1.0 + 1e-9
    {
        fields.problem("logprobs", "probabilities lie above 0 and sum to at most 1");
    }
    Some(Rule {
        contains,
        cases,
        answer: answer?,
        logprobs,
        finish,
    })
}

fn faults(fields: &mut Fields<'_>) -> Option<Faults> {
    let mut shares = Vec::new();
    for &(name, kind) in FaultKind::ALL {
        // What only the harness itself can bring about is not scripted.
        if matches!(kind, FaultKind::CassetteMiss | FaultKind::Internal) {
            continue;
        }
        if let Some(share) = fields.optional(name, "share of attempts, 0 to 1", Real(0.0..=1.0)) {
            shares.push((kind, share));
        }
    }
    let sticky = fields.or(
        "sticky",
        "a fault stays through all attempts of its trial; default false",
        Truth,
        false,
    );
    let retry_after = fields.optional("retry_after", "what a rate limit asks to wait", Time);
    if shares.iter().map(|(_, share)| share).sum::<f64>() > 1.0 + 1e-9 {
        fields.problem("", "shares sum to more than 1");
    }
    Some(Faults {
        shares,
        sticky,
        retry_after,
    })
}

fn tokens(fields: &mut Fields<'_>) -> Option<Usage> {
    let count = || Whole(0..=1_000_000_000);
    let input = fields.required("input", "tokens read", count());
    let output = fields.required("output", "tokens written", count());
    let cached = fields.or("cached", "of those read, from the cache", count(), 0);
    let usage = Usage {
        input: input?,
        cached,
        output: output?,
        reasoning: 0,
    };
    if usage.cached > usage.input {
        fields.problem("cached", "more cached tokens than were read");
    }
    Some(usage)
}

fn decode(fields: &mut Fields<'_>) -> Option<Arc<dyn TargetPlan>> {
    Some(Arc::new(options(fields)?))
}

fn options(fields: &mut Fields<'_>) -> Option<Scripted> {
    let model = fields.optional("model", "the model's name that it pretends", Text);
    let rules = fields.or(
        "answers",
        "rules, the first that fits decides; a fitting rule ignores `accuracy`",
        List(object(rule)),
        Vec::new(),
    );
    let answer = fields.optional(
        "answer",
        "a right answer; a template; default: the first accepted answer of the case, else its question",
        Templated,
    );
    let accuracy = fields.or(
        "accuracy",
        "share of trials answered right",
        Real(0.0..=1.0),
        1.0,
    );
    let wrong = fields.or(
        "wrong",
        "a wrong answer; a template",
        Templated,
        Template::literal("(a wrong answer)"),
    );
    let latency = fields.or(
        "latency_ms",
        "milliseconds an answer takes: a number, or {median, spread}",
        LatencyShape,
        Latency {
            median: 0.0,
            spread: 0.0,
        },
    );
    let sleep = fields.or(
        "sleep",
        "really let that time pass; default false",
        Truth,
        false,
    );
    let tokens = fields.optional("tokens", "tokens reported for each answer", object(tokens));
    let faults = fields.or(
        "faults",
        "how often attempts fail",
        object(faults),
        Faults::default(),
    );
    Some(Scripted {
        model,
        rules,
        answer,
        accuracy,
        wrong,
        latency,
        sleep,
        tokens,
        faults,
    })
}

impl TargetPlan for Scripted {
    fn endpoint(&self) -> String {
        KIND.name.to_owned()
    }

    fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    fn templates(&self) -> Vec<&Template> {
        self.rules
            .iter()
            .map(|rule| &rule.answer)
            .chain(&self.answer)
            .chain([&self.wrong])
            .collect()
    }

    fn most_output_tokens(&self) -> Option<u64> {
        Some(self.tokens.map_or(0, |usage| usage.output))
    }

    fn offers_logprobs(&self) -> bool {
        true
    }

    fn is_live(&self) -> bool {
        false
    }

    fn build(&self, parts: &Parts) -> Result<Rc<dyn Target>, String> {
        Ok(Rc::new(Built {
            script: self.clone(),
            seed: parts.seed,
        }))
    }
}

struct Built {
    script: Scripted,
    seed: u64,
}

/// The attempts of the trial so far, by what was asked.
#[derive(Default)]
struct Attempts {
    asked: Vec<(Json, u32)>,
}

/// Seeded numbers for one question.
struct Draw {
    seed: u64,
    of: Json,
}

impl Draw {
    fn new(seed: u64, request: &Request) -> Self {
        let call = &request.call;
        let of = json!([
            call.target,
            call.scorer,
            call.repeat,
            call.vote,
            request.case.id,
            request.session,
            request.turn
        ]);
        Self { seed, of }
    }

    /// A number in [0, 1) for one purpose, always the same one.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
    fn unit(&self, purpose: &str, attempt: u32) -> f64 {
        let word = Digest::of_json(&json!([self.seed, self.of, purpose, attempt])).word();
        (word >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A standard normal number (Box and Muller 1958).
    fn normal(&self, purpose: &str, attempt: u32) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit(purpose, attempt)).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit(&format!("{purpose} angle"), attempt)).cos()
    }
}

impl Built {
    fn latency(&self, draw: &Draw, attempt: u32) -> f64 {
        let Latency { median, spread } = self.script.latency;
        if spread == 0.0 {
            return median;
        }
        median * (spread * draw.normal("latency", attempt)).exp()
    }

    fn fault(&self, draw: &Draw, attempt: u32) -> Option<Fault> {
        let faults = &self.script.faults;
        let mut left = draw.unit("fault", if faults.sticky { 0 } else { attempt });
        let (kind, _) = faults.shares.iter().find(|(_, share)| {
            left -= share;
            left < 0.0
        })?;
        Some(Fault {
            retry_after_s: faults
                .retry_after
                .filter(|_| *kind == FaultKind::RateLimited)
                .map(|wait| wait.as_secs_f64()),
            ..Fault::new(*kind, "as scripted")
        })
    }

    fn answer(&self, draw: &Draw, request: &Request) -> Result<Reply, Fault> {
        let script = &self.script;
        let scope = Scope::of(&request.case);
        let render = |template: &Template| {
            template.render(&scope).map_err(|error| {
                Fault::new(FaultKind::Internal, format!("the scripted answer: {error}"))
            })
        };
        let asked = request
            .messages
            .iter()
            .rev()
            .find(|message| message.role == Role::User)
            .map_or("", |message| message.content.as_str());
        let mut reply = Reply::default();
        if let Some(rule) = script
            .rules
            .iter()
            .find(|rule| rule.fits(asked, &request.case))
        {
            reply.text = render(&rule.answer)?;
            reply.finish = rule.finish;
            reply.logprobs = request
                .logprobs
                .map_or_else(Vec::new, |most| rule.logprobs(most));
        } else if draw.unit("right", 0) < script.accuracy {
            reply.text = match &script.answer {
                Some(template) => render(template)?,
                None => request
                    .case
                    .accepted()
                    .into_iter()
                    .next()
                    .unwrap_or_else(|| asked.to_owned()),
            };
        } else {
            reply.text = render(&script.wrong)?;
        }
        reply.usage = script.tokens;
        reply.model.clone_from(&script.model);
        Ok(reply)
    }
}

impl Rule {
    fn fits(&self, asked: &str, case: &Case) -> bool {
        self.contains
            .as_ref()
            .is_none_or(|part| asked.contains(part.as_str()))
            && (self.cases.is_empty() || self.cases.contains(&case.id))
    }

    /// One token: the likeliest, with the likeliest of the others.
    fn logprobs(&self, most: u8) -> Vec<TokenLogprob> {
        let mut top: Vec<(String, f64)> = self
            .logprobs
            .iter()
            .map(|(token, probability)| (token.clone(), probability.ln()))
            .collect();
        top.sort_by(|a, b| b.1.total_cmp(&a.1));
        let Some((token, logprob)) = top.first().cloned() else {
            return Vec::new();
        };
        top.truncate(usize::from(most));
        vec![TokenLogprob {
            token,
            logprob,
            top,
        }]
    }
}

impl Target for Built {
    fn opening(&self, case: &Arc<Case>) -> Result<Vec<Message>, Fault> {
        Ok(case.input.messages())
    }

    fn attempt<'a>(
        &'a self,
        request: &'a Request,
        session: &'a mut Session,
    ) -> Local<'a, Result<Reply, Fault>> {
        let draw = Draw::new(self.seed, request);
        let attempt = count(session, &draw.of);
        Box::pin(async move {
            let mut took_ms = self.latency(&draw, attempt);
            let fault = self.fault(&draw, attempt);
            if fault
                .as_ref()
                .is_some_and(|fault| fault.kind == FaultKind::TimedOut)
            {
                took_ms = millis(request.timeout);
            }
            if self.script.sleep {
                tokio::time::sleep(Duration::from_secs_f64(took_ms / 1_000.0)).await;
            }
            if let Some(fault) = fault {
                return Err(fault);
            }
            let mut reply = self.answer(&draw, request)?;
            reply.timing = Timing {
                total_ms: took_ms,
                ..Timing::default()
            };
            Ok(reply)
        })
    }
}

/// Which attempt at a question this is, from 0.
fn count(session: &mut Session, of: &Json) -> u32 {
    let held = session
        .held
        .get_or_insert_with(|| Box::new(Attempts::default()));
    let Some(attempts) = held.downcast_mut::<Attempts>() else {
        return 0;
    };
    if let Some((_, count)) = attempts.asked.iter_mut().find(|(known, _)| known == of) {
        *count += 1;
        return *count;
    }
    attempts.asked.push((of.clone(), 0));
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decode::read;
    use crate::domain::port::CallId;

    fn script(json: &Json) -> Result<Scripted, Vec<String>> {
        let mut problems = Problems::new("suite.yaml");
        let script = read(&Node::from_json(json), &mut problems, options);
        let problems: Vec<String> = problems.sorted().into_iter().map(|p| p.message).collect();
        script.filter(|_| problems.is_empty()).ok_or(problems)
    }

    fn built(json: &Json) -> Built {
        Built {
            script: script(json).unwrap(),
            seed: 7,
        }
    }

    fn request(case: &str, repeat: u32) -> Request {
        let mut case = Case::new(case, "Capital of France?");
        case.expected = Some(json!("Paris"));
        Request {
            call: CallId {
                ordinal: 0,
                target: "t".into(),
                repeat,
                vote: 0,
                occurrence: 0,
                scorer: None,
            },
            messages: vec![Message::new(Role::User, "Capital of France?")],
            case: Arc::new(case),
            session: "s1".into(),
            turn: 0,
            tools: Vec::new(),
            format: None,
            logprobs: None,
            params: serde_json::Map::new(),
            timeout: Duration::from_secs(60),
        }
    }

    async fn ask(target: &Built, request: &Request) -> Result<Reply, Fault> {
        target.attempt(request, &mut Session::default()).await
    }

    #[tokio::test]
    async fn without_options_it_is_right() {
        let target = built(&json!({}));
        assert_eq!(ask(&target, &request("a", 0)).await.unwrap().text, "Paris");
        let mut unlabelled = request("a", 0);
        unlabelled.case = Arc::new(Case::new("a", "q"));
        assert_eq!(
            ask(&target, &unlabelled).await.unwrap().text,
            "Capital of France?"
        );
    }

    #[tokio::test]
    async fn answers_latency_and_faults_do_not_depend_on_the_order_of_asking() {
        let options = json!({"accuracy": 0.5, "wrong": "no", "latency_ms": {"median": 100, "spread": 0.5}, "faults": {"unavailable": 0.2, "rate_limited": 0.1, "retry_after": "2s"}});
        let (one, two) = (built(&options), built(&options));
        let mut forward = Vec::new();
        for n in 0..200 {
            forward.push(ask(&one, &request(&format!("c{n}"), 0)).await);
        }
        let mut backward = Vec::new();
        for n in (0..200).rev() {
            backward.push(ask(&two, &request(&format!("c{n}"), 0)).await);
        }
        backward.reverse();
        assert_eq!(forward, backward);
        let right = forward
            .iter()
            .flatten()
            .filter(|reply| reply.text == "Paris")
            .count();
        let faults = forward.iter().filter(|reply| reply.is_err()).count();
        assert!((45..=95).contains(&right), "{right}");
        assert!((40..=80).contains(&faults), "{faults}");
        assert!(
            forward
                .iter()
                .filter_map(|reply| reply.as_ref().err())
                .all(|fault| {
                    (fault.kind == FaultKind::RateLimited) == (fault.retry_after_s == Some(2.0))
                })
        );
        let mut other = built(&options);
        other.seed = 8;
        assert_ne!(
            ask(&other, &request("c0", 0)).await.map(|r| r.timing),
            forward[0].clone().map(|r| r.timing)
        );
    }

    #[tokio::test]
    async fn a_second_attempt_may_get_through_and_a_sticky_fault_never() {
        for (sticky, freed) in [(false, true), (true, false)] {
            let target = built(&json!({"faults": {"garbled": 0.5, "sticky": sticky}}));
            let mut got_through = false;
            for n in 0..50 {
                let request = request(&format!("c{n}"), 0);
                let mut session = Session::default();
                if target.attempt(&request, &mut session).await.is_err() {
                    got_through |= target.attempt(&request, &mut session).await.is_ok();
                }
            }
            assert_eq!(got_through, freed);
        }
    }

    #[tokio::test]
    async fn rules_answer_for_judges_too() {
        let target = built(&json!({"answers": [
            {"contains": "France", "case": ["x", "y"], "answer": "yes", "logprobs": {"no": 0.2, "yes": 0.8}},
            {"contains": "France", "answer": "cut at {{ id }}", "finish": "length"},
        ]}));
        let mut judged = request("y", 0);
        assert!(ask(&target, &judged).await.unwrap().logprobs.is_empty());
        judged.logprobs = Some(5);
        let reply = ask(&target, &judged).await.unwrap();
        assert_eq!(
            (reply.text.as_str(), reply.logprobs[0].token.as_str()),
            ("yes", "yes")
        );
        assert!((reply.logprobs[0].top[1].1 - 0.2_f64.ln()).abs() < 1e-12);
        let other = ask(&target, &request("z", 0)).await.unwrap();
        assert_eq!(
            (other.text.as_str(), other.finish),
            ("cut at z", Finish::Length)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn sleeping_passes_the_time_that_it_reports() {
        let target =
            built(&json!({"latency_ms": 1500, "sleep": true, "tokens": {"input": 3, "output": 4}}));
        let start = tokio::time::Instant::now();
        let reply = ask(&target, &request("a", 0)).await.unwrap();
        assert_eq!(reply.timing.total_ms, 1_500.0);
        assert!(start.elapsed() >= Duration::from_millis(1_500));
        assert_eq!(reply.usage.map(|usage| usage.total()), Some(7));
    }

    #[test]
    fn impossible_shares_are_refused() {
        let all = script(&json!({
            "faults": {"crashed": 0.7, "garbled": 0.7},
            "answers": [{"answer": "a", "logprobs": {"x": 0.0}}],
            "latency_ms": -1, "tokens": {"input": 1, "output": 1, "cached": 2},
        }))
        .unwrap_err()
        .join("\n");
        for part in ["more than 1", "above 0", "out of range", "more cached"] {
            assert!(all.contains(part), "{part} in {all}");
        }
    }
}
