//! Readers of what endpoints, programs and judges answer: a target is asked, and its way out answers with the bytes.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evenhand::domain::case::Case;
use evenhand::domain::fault::Fault;
use evenhand::domain::message::Finish;
use evenhand::domain::port::{
    Answer, Call, CallId, Exchange, Local, Parts, Reply, Request, Seen, Session,
};
use evenhand::domain::score::Value;
use evenhand::domain::transcript::Transcript;
use evenhand::load::suite::Loaded;
use futures_util::FutureExt;

use crate::files::suite;

const CHAT: &str = "version: 1\nsuite: s\ndataset: {cases: [{id: a, input: q}]}\ntargets:\n  - {id: a, kind: chat, base_url: 'http://127.0.0.1:9/v1', model: m}\nscorers:\n  - {id: r, kind: exact}\n";
const COMMAND: &str = "version: 1\nsuite: s\ndataset: {cases: [{id: a, input: q}]}\ntargets:\n  - {id: a, kind: command, command: [agent]}\nscorers:\n  - {id: r, kind: exact}\n";
const JUDGE: &str = "version: 1\nsuite: s\ndataset: {cases: [{id: a, input: q}]}\ntargets:\n  - {id: a, kind: scripted}\nscorers:\n  - {id: r, kind: judge, judge: helpfulness, model: {kind: scripted}}\n";

/// A way out that knows one answer.
struct Fixed(Answer);

impl Exchange for Fixed {
    fn exchange<'a>(&'a self, call: &'a Call) -> Local<'a, Result<Answer, Fault>> {
        let answer = self.0.clone();
        let accepted = call.accept.of(&answer);
        let answer = match answer.status {
            0 | 200..300 => Ok(answer),
            status => match accepted {
                Ok(()) => Ok(answer),
                Err(_) => Err((call.refused)(
                    status,
                    &String::from_utf8_lossy(&self.0.body),
                )),
            },
        };
        Box::pin(std::future::ready(answer))
    }
}

fn case() -> Arc<Case> {
    let case: Case = serde_json::from_str(r#"{"id":"a","input":"q"}"#).expect("a case");
    Arc::new(case)
}

/// Puts the case to the suite's first target, whose way out answers this.
pub(crate) fn put(loaded: &Loaded, answer: Answer) -> Option<Result<Reply, Fault>> {
    let parts = Parts {
        exchange: Rc::new(Fixed(answer)),
        folder: loaded.folder.clone(),
        seed: 1,
    };
    let target = loaded.suite.targets[0].plan.build(&parts).ok()?;
    let case = case();
    let messages = target.opening(&case).ok()?;
    let request = Request {
        call: CallId {
            ordinal: 0,
            target: "a".to_owned(),
            repeat: 0,
            vote: 0,
            occurrence: 0,
            scorer: None,
        },
        case,
        session: "1".to_owned(),
        turn: 0,
        messages,
        tools: Vec::new(),
        format: None,
        logprobs: None,
        params: serde_json::Map::new(),
        timeout: Duration::from_secs(1),
    };
    let mut session = Session::default();
    target.attempt(&request, &mut session).now_or_never()
}

fn sound(reply: Option<Result<Reply, Fault>>) {
    match reply {
        Some(Ok(reply)) => {
            assert!(
                reply
                    .cost_usd
                    .is_none_or(|cost| cost.is_finite() && cost >= 0.0),
                "{reply:?}"
            );
        }
        Some(Err(fault)) => assert!(!fault.to_string().is_empty()),
        None => {}
    }
}

/// A reply of a chat endpoint. The first byte, if it is small, says how it came: as a stream, as a refusal.
pub fn chat(data: &[u8]) {
    thread_local!(static SUITE: Loaded = suite("chat.yaml", CHAT));
    let (how, body) = match data.split_first() {
        Some((how @ 0..8, body)) => (*how, body),
        _ => (0, data),
    };
    let answer = Answer {
        status: if how & 2 == 0 { 200 } else { 400 },
        is_stream: how & 1 == 1,
        body: Bytes::copy_from_slice(body),
        ..Answer::default()
    };
    SUITE.with(|suite| sound(put(suite, answer)));
}

/// A line of a program.
pub fn command(data: &[u8]) {
    thread_local!(static SUITE: Loaded = suite("command.yaml", COMMAND));
    let answer = Answer {
        body: Bytes::copy_from_slice(data),
        ..Answer::default()
    };
    SUITE.with(|suite| sound(put(suite, answer)));
}

/// A judge's words: a grade that the scale has, or none.
pub fn judge(data: &[u8]) {
    thread_local!(static SUITE: Loaded = suite("judge.yaml", JUDGE));
    let reply = Reply {
        text: String::from_utf8_lossy(data).into_owned(),
        finish: Finish::Stop,
        ..Reply::default()
    };
    let seen = Seen {
        case: case(),
        transcript: Arc::new(Transcript::default()),
    };
    SUITE.with(|suite| {
        let score = suite.suite.scorers[0].scorer.read("r", &seen, &[Ok(reply)]);
        if let Value::Number(grade) = score.value {
            assert!((1.0..=5.0).contains(&grade), "{grade}");
        }
    });
}
