//! Agents behind HTTP and models behind the Messages API, against a server that says what they should survive.

mod support {
    #[expect(dead_code, reason = "these tests let runs end by themselves")]
    pub(crate) mod binary;
    pub(crate) mod http_server;
}

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use evenhand::domain::case::Case;
use evenhand::domain::decode::{self, Problems};
use evenhand::domain::fault::{Fault, FaultKind};
use evenhand::domain::kind;
use evenhand::domain::message::Finish;
use evenhand::domain::port::{CallId, Exchange, Parts, Reply, Request, Session, Target};
use evenhand::domain::secret::Secrets;
use evenhand::domain::tree::Node;
use evenhand::store::cassette::Cassette;
use evenhand::target::KINDS;
use evenhand::wire::{Outside, Settings};
use serde_json::{Map, Value as Json, json};
use support::binary::Bench;
use support::http_server::{Asked, HttpServer, Said};

fn outside() -> Rc<dyn Exchange> {
    Rc::new(Outside::new(Settings::default()).expect("the way out opens"))
}

fn by_way_of(exchange: Rc<dyn Exchange>, name: &str, options: &Json) -> Rc<dyn Target> {
    let row = kind::find(KINDS, "kind", name).expect("the kind is known");
    let mut problems = Problems::new("suite.yaml");
    let plan = decode::read(&Node::from_json(options), &mut problems, row.decode);
    assert_eq!(problems.sorted(), []);
    let parts = Parts {
        exchange,
        folder: Path::new(".").to_owned(),
        seed: 7,
    };
    let plan = plan.expect("no problem, so a plan");
    plan.build(&parts).expect("it can be built")
}

fn target(name: &str, options: &Json) -> Rc<dyn Target> {
    by_way_of(outside(), name, options)
}

fn request(target: &Rc<dyn Target>, id: &str, input: &str) -> Request {
    let case = Arc::new(Case::new(id, input));
    Request {
        call: CallId {
            ordinal: 0,
            target: "t".into(),
            repeat: 0,
            vote: 0,
            occurrence: 0,
            scorer: None,
        },
        messages: target.opening(&case).expect("an opening"),
        case,
        session: "1".into(),
        turn: 0,
        tools: Vec::new(),
        format: None,
        logprobs: None,
        params: Map::new(),
        timeout: Duration::from_secs(20),
    }
}

/// A trial of so many attempts at most, as the engine makes them.
async fn trial(
    target: &Rc<dyn Target>,
    request: &Request,
    attempts: usize,
) -> (Result<Reply, Fault>, usize) {
    let mut session = Session::default();
    let mut made = 0;
    let result = loop {
        made += 1;
        match target.attempt(request, &mut session).await {
            Err(fault) if fault.worth_retrying() && made < attempts => {}
            result => break result,
        }
    };
    target.end(session).await;
    (result, made)
}

async fn ask(target: &Rc<dyn Target>, input: &str) -> Result<Reply, Fault> {
    trial(target, &request(target, "c1", input), 1).await.0
}

// --- anthropic -------------------------------------------------------------------------------------------------------------------

fn events(text: &str) -> String {
    let mut events = vec![
        json!({"type": "message_start", "message": {"model": "m-1", "content": [], "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "ping"}),
    ];
    for word in text.split_inclusive(' ') {
        events.push(json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}));
    }
    events.push(json!({"type": "content_block_stop", "index": 0}));
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}));
    events.push(json!({"type": "message_stop"}));
    let line = |event: &Json| {
        let name = event["type"].as_str().expect("an event has a type");
        format!("event: {name}\ndata: {event}\n\n")
    };
    events.iter().map(line).collect()
}

fn message(text: &str) -> Json {
    json!({"type": "message", "model": "m-1", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 9}})
}

fn said_by(asked: &Asked, text: &str) -> Said {
    match asked.json()["stream"] == true {
        true => Said::stream(&events(text)),
        false => Said::json(&message(text)),
    }
}

fn claude(server: &HttpServer, more: &Json) -> Json {
    let mut options = json!({"base_url": server.url(), "model": "m", "api_key": "key-0123456789"});
    for (key, value) in more.as_object().expect("options are a map") {
        options[key] = value.clone();
    }
    options
}

#[tokio::test]
async fn a_message_and_its_stream_say_the_same_and_are_asked_for_as_documented() {
    let server = HttpServer::start(|asked| said_by(asked, "grüße, es ist so"));
    let said = json!({"system": "Be brief.", "params": {"temperature": 0}});
    let whole = ask(&target("anthropic", &claude(&server, &said)), "why?")
        .await
        .unwrap();
    let mut said = said;
    said["stream"] = json!(true);
    let stream = ask(&target("anthropic", &claude(&server, &said)), "why?")
        .await
        .unwrap();
    assert_eq!(
        (whole.text.as_str(), stream.text.as_str()),
        ("grüße, es ist so", "grüße, es ist so")
    );
    assert_eq!((whole.usage, &whole.model), (stream.usage, &stream.model));
    let usage = whole.usage.expect("it is counted");
    assert_eq!((usage.input, usage.cached, usage.output), (7, 4, 9));
    assert!(stream.timing.first_token_ms.is_some() && whole.timing.first_token_ms.is_none());
    let asked = &server.log()[0];
    assert_eq!(asked.line, "POST /v1/messages");
    assert_eq!(asked.header("x-api-key"), Some("key-0123456789"));
    assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(
        asked.json(),
        json!({"model": "m", "system": "Be brief.", "messages": [{"role": "user", "content": "why?"}], "temperature": 0, "max_tokens": 4096})
    );
}

#[tokio::test]
async fn characters_split_between_packets_come_back_whole() {
    for size in [1, 2, 3, 7] {
        let server = HttpServer::start(move |asked| Said {
            pieces: Some(size),
            ..said_by(asked, "zwölf €uro 🦀")
        });
        let options = claude(&server, &json!({"stream": true}));
        let reply = ask(&target("anthropic", &options), "q").await.unwrap();
        assert_eq!(reply.text, "zwölf €uro 🦀");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_is_never_an_answer() {
    let whole = events("it is so");
    let middle = whole.find("message_delta").expect("it is there");
    let second = whole.find("content_block_start").expect("it is there");
    for at in [second, middle / 2, middle] {
        // Cut by the network, and ended properly too early by the server.
        for cut in [Some(at), None] {
            let sent = whole.clone();
            let server = HttpServer::start(move |_| match cut {
                Some(_) => Said {
                    cut,
                    ..Said::stream(&sent)
                },
                None => Said::stream(&sent[..at]),
            });
            let options = claude(&server, &json!({"stream": true}));
            let fault = ask(&target("anthropic", &options), "q").await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::Unavailable, "{at} {cut:?}: {fault}");
        }
    }
}

#[tokio::test]
async fn every_refusal_is_a_fault_of_its_kind() {
    for (status, word, wanted) in [
        (529, "overloaded_error", FaultKind::Unavailable),
        (500, "api_error", FaultKind::Unavailable),
        (429, "rate_limit_error", FaultKind::RateLimited),
        (401, "authentication_error", FaultKind::Unauthorized),
        (403, "permission_error", FaultKind::Unauthorized),
        (402, "billing_error", FaultKind::Unauthorized),
        (404, "not_found_error", FaultKind::Rejected),
        (400, "invalid_request_error", FaultKind::Rejected),
        (413, "request_too_large", FaultKind::Rejected),
    ] {
        let error = json!({"type": "error", "error": {"type": word, "message": "as planned"}});
        let body = error.clone();
        let server = HttpServer::start(move |_| Said {
            headers: vec![("retry-after", "2".into())],
            ..Said::status(status, &body)
        });
        let fault = ask(&target("anthropic", &claude(&server, &json!({}))), "q")
            .await
            .unwrap_err();
        assert_eq!(
            (fault.kind, fault.status),
            (wanted, Some(status)),
            "{fault}"
        );
        assert_eq!(fault.retry_after_s, Some(2.0));
        assert!(fault.message.contains("as planned"), "{fault}");
        // The same in the middle of a stream.
        let begun = events("it is so").replace("event: content_block_stop", "event: x");
        let stream = begun
            .split("event: x")
            .next()
            .expect("a beginning")
            .to_owned()
            + &format!("event: error\ndata: {error}\n\n");
        let server = HttpServer::start(move |_| Said::stream(&stream));
        let options = claude(&server, &json!({"stream": true}));
        let fault = ask(&target("anthropic", &options), "q").await.unwrap_err();
        assert_eq!(fault.kind, wanted, "in a stream: {fault}");
    }
}

#[tokio::test]
async fn a_judges_schema_and_tools_go_out_and_come_back() {
    let server = HttpServer::start(|asked| {
        let json = asked.json();
        assert_eq!(json["tools"][0]["input_schema"]["type"], "object");
        Said::json(
            &json!({"content": [{"type": "tool_use", "id": "a", "name": "look", "input": {"at": json["output_config"]["format"]["type"]}}],
            "stop_reason": "tool_use"}),
        )
    });
    let tools = json!({"tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]});
    let target = target("anthropic", &claude(&server, &tools));
    let mut question = request(&target, "c", "q");
    question.format = Some(("verdict".into(), json!({"type": "object"})));
    let reply = trial(&target, &question, 1).await.0.unwrap();
    assert_eq!((reply.finish, reply.text.as_str()), (Finish::ToolCalls, ""));
    assert_eq!(reply.tool_calls[0].arguments, json!({"at": "json_schema"}));
}

// --- http ------------------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn templates_fill_the_request_and_pointers_read_the_reply() {
    let server = HttpServer::start(|asked| {
        Said::json(
            &json!({"out": [{"text": format!("{} {}", asked.line, asked.header("x-case").unwrap_or("-"))}],
            "echo": asked.json(), "usage": {"prompt_tokens": 4, "completion_tokens": 2}, "usd": 0.5, "calls": [{"name": "f", "arguments": {"a": 1}}]}),
        )
    });
    let options = json!({
        "url": format!("{}/ask/{{{{ id }}}}?q={{{{ input }}}}", server.url()), "method": "PUT",
        "headers": {"x-case": "is {{ id }}"}, "body": {"all": "{{ messages }}", "n": [1, "{{ turn }}", "{{ session }}{{ session_id }}"]},
        "answer": "/out/0/text", "usage": "/usage", "cost": "/usd", "tools": "/calls",
    });
    let reply = ask(&target("http", &options), "a b/../&?#").await.unwrap();
    assert_eq!(reply.text, "PUT /ask/c1?q=a%20b%2F..%2F%26%3F%23 is c1");
    assert_eq!(
        (
            reply.usage.map(|usage| usage.total()),
            reply.cost_usd,
            reply.finish
        ),
        (Some(6), Some(0.5), Finish::ToolCalls)
    );
    assert_eq!(
        server.log()[0].json(),
        json!({"all": [{"role": "user", "content": "a b/../&?#"}], "n": [1, 0, "1"]})
    );
}

#[tokio::test]
async fn without_a_body_it_is_asked_as_a_program_and_plain_text_is_an_answer() {
    let server = HttpServer::start(|asked| Said {
        body: asked.body.clone().into_bytes(),
        ..Said::json(&Json::Null)
    });
    let options = json!({"url": server.url(), "reply": "text"});
    let reply = ask(&target("http", &options), "why?").await.unwrap();
    let line: Json = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(
        (&line["v"], &line["trial"], &line["input"]),
        (&json!(1), &json!("t/c1/0"), &json!("why?"))
    );
}

#[tokio::test]
async fn no_case_widens_what_is_contacted() {
    let thief = HttpServer::start(|_| Said::json(&json!({"a": "stolen"})));
    let server = HttpServer::start(|_| Said::json(&json!({"a": "fine"})));
    let place = thief.url();
    let bare = place.trim_start_matches("http:");
    for (url, value) in [
        ("/x/{{ input }}", bare.to_owned()),
        ("/{{ input }}", bare.to_owned()),
        (
            "/{{ input }}",
            format!("@{}", bare.trim_start_matches("//")),
        ),
        ("/{{ input }}", "\\\\evil.example".to_owned()),
        ("?next={{ input }}", place.clone()),
        ("/x/{{ input }}/y", "${HOME}".to_owned()),
    ] {
        let options = json!({"url": format!("{}{url}", server.url()), "answer": "/a"});
        assert_eq!(
            ask(&target("http", &options), &value).await.unwrap().text,
            "fine"
        );
    }
    let climbing = json!({"url": format!("{}/x/{{{{ input }}}}/y", server.url()), "answer": "/a"});
    let fault = ask(&target("http", &climbing), "..").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Internal);
    // A redirect is data, too.
    let to = place.clone();
    let server = HttpServer::start(move |_| Said {
        headers: vec![("location", to.clone())],
        ..Said::status(307, &Json::Null)
    });
    let options = json!({"url": server.url(), "answer": "/a"});
    assert_eq!(
        ask(&target("http", &options), "q").await.unwrap_err().kind,
        FaultKind::Rejected
    );
    assert_eq!(thief.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_no_reply_names_the_pointer_and_what_is_there() {
    let fault = |said: Said, more: Json| async move {
        let server = HttpServer::start(move |_| said.clone());
        let mut options = json!({"url": server.url(), "answer": "/answer/text"});
        for (key, value) in more.as_object().expect("a map") {
            options[key] = value.clone();
        }
        let target = target("http", &options);
        let mut question = request(&target, "c1", "q");
        question.timeout = Duration::from_millis(400);
        trial(&target, &question, 1).await.0.unwrap_err()
    };
    let missing = fault(Said::json(&json!({"answer": {"texts": 1}})), json!({})).await;
    assert_eq!(missing.kind, FaultKind::Garbled);
    assert!(
        missing
            .message
            .contains("nothing at `/answer/text`: `/answer` has `texts`"),
        "{missing}"
    );
    let lost = fault(
        Said::json(&json!({"answer": {"text": "x"}})),
        json!({"capture": {"k": "/id"}}),
    )
    .await;
    assert!(
        lost.message
            .contains("`capture` of `k`: there is nothing at `/id`: the reply has `answer`"),
        "{lost}"
    );
    let html = Said {
        body: b"<html>".to_vec(),
        ..Said::json(&Json::Null)
    };
    assert_eq!(fault(html, json!({})).await.kind, FaultKind::Garbled);
    let cut = Said {
        cut: Some(9),
        ..Said::json(&json!({"answer": {"text": "x"}}))
    };
    assert_eq!(fault(cut, json!({})).await.kind, FaultKind::Unavailable);
    let sorry = Said::json(&json!({"answer": {"text": ""}, "error": {"message": "no tools"}}));
    let sorry = fault(sorry, json!({"error": "/error"})).await;
    assert_eq!(sorry.kind, FaultKind::Crashed);
    let silent = Said {
        silent: Duration::from_secs(2),
        ..Said::json(&Json::Null)
    };
    assert_eq!(fault(silent, json!({})).await.kind, FaultKind::TimedOut);
    for (status, wanted) in [
        (401, FaultKind::Unauthorized),
        (404, FaultKind::Rejected),
        (429, FaultKind::RateLimited),
        (503, FaultKind::Unavailable),
    ] {
        assert_eq!(
            fault(
                Said::status(status, &json!({"answer": {"text": "x"}})),
                json!({})
            )
            .await
            .kind,
            wanted,
            "{status}"
        );
    }
}

/// An agent that wants to be set up, thinks for a while, and is put away. Counts what it was asked by path.
fn remembering(mut mishap: impl FnMut(&str, usize) -> Option<Said> + Send + 'static) -> HttpServer {
    let mut seen: Vec<String> = Vec::new();
    HttpServer::start(move |asked| {
        let path = asked
            .line
            .split(['?', ' '])
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        let kind = path.split('/').nth(1).unwrap_or_default().to_owned();
        let count = seen.iter().filter(|known| **known == kind).count();
        seen.push(kind.clone());
        if let Some(said) = mishap(&kind, count) {
            return said;
        }
        Said::json(&match kind.as_str() {
            "login" => json!({"token": format!("t{count}")}),
            "open" => json!({"id": format!("s{count}")}),
            "ask" => json!({"job": format!("j{count}")}),
            "job" => {
                json!({"status": if count % 3 == 2 { "done" } else { "running" }, "answer": format!("{path} for {}", asked.header("x-token").unwrap_or("-"))})
            }
            _ => json!({"gone": true}),
        })
    })
}

fn conversation(server: &HttpServer) -> Json {
    let url = server.url();
    let token = json!({"x-token": "{{ token }}"});
    json!({
        "setup": [{"url": format!("{url}/login"), "capture": {"token": "/token"}},
                  {"url": format!("{url}/open"), "headers": token, "body": {"case": "{{ id }}"}, "capture": {"sid": "/id"}}],
        "url": format!("{url}/ask/{{{{ sid }}}}"), "headers": token, "body": {"q": "{{ input }}"}, "capture": {"job": "/job"}, "answer": "/answer",
        "poll": {"url": format!("{url}/job/{{{{ job }}}}"), "headers": token, "every": "5ms", "at_most": "200ms",
            "until": {"pointer": "/status", "equals": "done"}, "failed": {"pointer": "/status", "in": ["failed", "cancelled"]}},
        "teardown": [{"method": "DELETE", "url": format!("{url}/close/{{{{ sid }}}}")}, {"method": "DELETE", "url": format!("{url}/logout")}],
    })
}

#[tokio::test]
async fn a_conversation_is_set_up_waited_for_and_torn_down() {
    let server = remembering(|_, _| None);
    let reply = ask(&target("http", &conversation(&server)), "q")
        .await
        .unwrap();
    assert_eq!(reply.text, "/job/j0 for t0");
    assert!(
        reply.timing.total_ms >= 15.0,
        "three pauses count as its time"
    );
    assert_eq!(
        server.lines(),
        [
            "POST /login",
            "POST /open",
            "POST /ask/s0",
            "GET /job/j0",
            "GET /job/j0",
            "GET /job/j0",
            "DELETE /close/s0",
            "DELETE /logout"
        ]
    );
}

#[tokio::test]
async fn each_attempt_has_a_conversation_of_its_own_and_each_is_torn_down() {
    let server = remembering(|kind, count| {
        (kind == "ask" && count == 0).then(|| Said::status(503, &Json::Null))
    });
    let target = target("http", &conversation(&server));
    let (result, attempts) = trial(&target, &request(&target, "c", "q"), 3).await;
    assert_eq!(
        (result.unwrap().text.as_str(), attempts),
        ("/job/j1 for t1", 2)
    );
    let lines = server.lines();
    assert_eq!(lines[3..5], ["DELETE /close/s0", "DELETE /logout"]);
    assert_eq!(
        lines[lines.len() - 2..],
        ["DELETE /close/s1", "DELETE /logout"]
    );
}

#[tokio::test]
async fn a_teardown_follows_whatever_happened() {
    let torn = |mishap: fn(&str, usize) -> Option<Said>| async move {
        let server = remembering(mishap);
        let target = target("http", &conversation(&server));
        let mut question = request(&target, "c", "q");
        question.timeout = Duration::from_millis(600);
        let fault = trial(&target, &question, 1).await.0.unwrap_err();
        let lines = server.lines();
        (fault, lines[lines.len() - 2..].to_vec())
    };
    let both = ["DELETE /close/s0", "DELETE /logout"];
    let (fault, last) =
        torn(|kind, _| (kind == "ask").then(|| Said::json(&json!({"jb": 1})))).await;
    assert!(fault.message.contains("`capture` of `job`"), "{fault}");
    assert_eq!(last, both);
    let (fault, last) =
        torn(|kind, _| (kind == "job").then(|| Said::json(&json!({"status": "failed"})))).await;
    assert_eq!(fault.kind, FaultKind::Crashed);
    assert!(
        fault.message.contains("gave up: `/status` is `failed`"),
        "{fault}"
    );
    assert_eq!(last, both);
    let (fault, last) =
        torn(|kind, _| (kind == "job").then(|| Said::json(&json!({"status": "running"})))).await;
    assert_eq!(fault.kind, FaultKind::TimedOut);
    assert!(
        fault
            .message
            .contains("the last time `/status` is `running`"),
        "{fault}"
    );
    assert_eq!(last, both);
    // What needs a value that never came is left out, the rest is not.
    let (_, last) = torn(|kind, _| (kind == "open").then(|| Said::status(500, &Json::Null))).await;
    assert_eq!(last, ["POST /open", "DELETE /logout"]);
    let (_, last) = torn(|kind, _| {
        (kind == "close")
            .then(|| Said::status(500, &Json::Null))
            .or((kind == "ask").then(|| Said::status(404, &Json::Null)))
    })
    .await;
    assert_eq!(last, both);
}

// --- cassettes -------------------------------------------------------------------------------------------------------------------

/// Runs a trial of each case live into a cassette, then from it with the server gone; both must say the same.
async fn same_again(
    server: HttpServer,
    name: &str,
    options: &Json,
    cases: &[&str],
) -> Vec<(Result<Reply, Fault>, usize)> {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = folder.path().join("tape.jsonl");
    let record = Cassette::record(&tape, "r", Secrets::default(), outside()).expect("a cassette");
    let record = Rc::new(record);
    let live_target = by_way_of(record.clone(), name, options);
    let mut live = Vec::new();
    for case in cases {
        let request = request(&live_target, case, "q");
        live.push(trial(&live_target, &request, 3).await);
    }
    record.finish().expect("it is written");
    drop(server);
    let replay = Rc::new(Cassette::replay(&tape, Secrets::default()).expect("a cassette"));
    let target = by_way_of(replay, name, options);
    for (case, (live, _)) in cases.iter().zip(&live) {
        let (again, _) = trial(&target, &request(&target, case, "q"), 3).await;
        let expected = live.clone().map(|reply| Reply {
            replayed: true,
            ..reply
        });
        assert_eq!(again, expected, "{case}");
    }
    live
}

#[tokio::test]
async fn a_replay_says_what_the_live_run_said() {
    for stream in [false, true] {
        let server = HttpServer::start(|asked| said_by(asked, "it is so"));
        let options = claude(&server, &json!({"stream": stream}));
        let said = same_again(server, "anthropic", &options, &["a", "b"]).await;
        assert!(said.iter().all(|(reply, _)| reply.is_ok()));
    }
    let server = HttpServer::start(|_| Said::json(&json!({"a": "x"})));
    let options = json!({"url": server.url(), "answer": "/a", "body": {"q": "{{ id }}"}});
    same_again(server, "http", &options, &["a", "b"]).await;
    let server = remembering(|_, _| None);
    let options = conversation(&server);
    let said = same_again(server, "http", &options, &["a", "b", "c"]).await;
    let texts: Vec<String> = said
        .into_iter()
        .map(|(reply, _)| reply.unwrap().text)
        .collect();
    assert_eq!(
        texts,
        ["/job/j0 for t0", "/job/j1 for t1", "/job/j2 for t2"],
        "no two cases share a conversation"
    );
}

#[tokio::test]
async fn a_replay_goes_the_way_of_a_run_that_met_failures() {
    // Refused once in the middle, once at the very beginning; a job that gives up once; one that always does.
    type Mishap = fn(&str, usize) -> Option<Said>;
    let mishaps: [(Mishap, bool); 4] = [
        (
            |kind, count| (kind == "ask" && count == 0).then(|| Said::status(503, &Json::Null)),
            true,
        ),
        (
            |kind, count| (kind == "login" && count == 0).then(|| Said::status(503, &Json::Null)),
            true,
        ),
        (
            |kind, count| {
                (kind == "job" && count == 1).then(|| Said::json(&json!({"status": "failed"})))
            },
            true,
        ),
        (
            |kind, _| (kind == "job").then(|| Said::json(&json!({"status": "failed"}))),
            false,
        ),
    ];
    for (mishap, is_answered) in mishaps {
        let server = remembering(mishap);
        let options = conversation(&server);
        let said = same_again(server, "http", &options, &["a"]).await;
        assert_eq!(said[0].0.is_ok(), is_answered);
        assert_eq!(said[0].1, if is_answered { 2 } else { 3 });
    }
}

#[tokio::test]
async fn filling_gaps_does_not_speak_into_a_conversation_that_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = folder.path().join("tape.jsonl");
    // The agent forgets a conversation that was closed.
    let server = remembering(|kind, count| {
        (kind == "ask" && count < 2)
            .then(|| Said::status(404, &json!({"message": "no such session"})))
    });
    let options = conversation(&server);
    for is_answered in [false, true] {
        let fill = Cassette::fill(&tape, "r", Secrets::default(), outside()).expect("a cassette");
        let fill = Rc::new(fill);
        let target = by_way_of(fill.clone(), "http", &options);
        let (result, attempts) = trial(&target, &request(&target, "c", "q"), 1).await;
        assert_eq!((result.is_ok(), attempts), (is_answered, 1), "{result:?}");
        fill.finish().expect("it is written");
    }
    // The second time: the recorded session is asked in vain, then a new one is opened.
    assert!(
        server.lines().contains(&"POST /ask/s1".to_owned()),
        "{:?}",
        server.lines()
    );
}

// --- the whole program -----------------------------------------------------------------------------------------------------------

const CANARY: &str = "kanarie-4Rt/y+Q2=w";

/// Everything below the folder that holds a part of the canary.
fn leaks(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            leaks(&path, found);
        } else {
            let text = std::fs::read(&path).expect("a file reads");
            let text = String::from_utf8_lossy(&text).into_owned();
            if ["kanarie-", "4Rt/y+Q2", "4Rt%2Fy"]
                .iter()
                .any(|part| text.contains(part))
            {
                found.push(path.display().to_string());
            }
        }
    }
}

#[test]
fn a_key_goes_out_and_stays_in_no_file() {
    let server = HttpServer::start(|asked| {
        let key = asked
            .header("x-api-key")
            .or(asked.header("x-key"))
            .unwrap_or("-")
            .to_owned();
        let echo = format!("{} {} {}", key, asked.line, asked.body);
        if asked.line.contains("messages") {
            return said_by(asked, &echo);
        }
        match asked.body.contains("denied") {
            true => Said::status(401, &json!({"error": {"message": echo}})),
            false => Said::json(&json!({"a": echo, "sid": key})),
        }
    });
    let url = server.url();
    let suite = json!({
        "version": 1, "suite": "canary", "limits": {"attempts": 1, "max_error_rate": 1},
        "dataset": {"cases": [{"id": "fine", "input": "fine"}, {"id": "bad", "input": "denied"}]},
        "targets": [
            {"id": "model", "kind": "anthropic", "base_url": url, "model": "m", "api_key": "${AGENT_KEY}", "stream": true},
            {"id": "agent", "kind": "http", "url": format!("{url}/a?k=${{AGENT_KEY}}&q={{{{ input }}}}"), "headers": {"x-key": "${AGENT_KEY}"},
                "answer": "/a", "session_id": "/sid", "setup": [{"url": format!("{url}/s"), "headers": {"x-key": "${AGENT_KEY}"}, "capture": {"s": "/sid"}}],
                "teardown": [{"url": format!("{url}/t"), "body": {"s": "{{ s }}"}}]},
        ],
        "scorers": [{"id": "long", "kind": "length", "max_chars": 100_000}],
    });
    let mut bench = Bench::new(&suite.to_string());
    bench
        .evenhand(&["check", "suite.yaml"])
        .expect(0)
        .printed("http");
    bench
        .evenhand(&["run", "suite.yaml", "--record", "unset.jsonl"])
        .expect(3)
        .said("`agent` needs ${AGENT_KEY}, which is not set");
    bench.set("AGENT_KEY", CANARY);
    let ended = bench.evenhand(&["-vvv", "run", "suite.yaml", "--record", "tape.jsonl"]);
    let shown = bench.evenhand(&["show", "latest", "bad", "--full"]);
    let sent = server.log();
    assert!(
        sent.iter()
            .any(|asked| asked.header("x-api-key") == Some(CANARY))
    );
    assert!(
        sent.iter()
            .any(|asked| asked.line.starts_with("POST /a?k=")
                && asked.header("x-key") == Some(CANARY))
    );
    for said in [&ended, &shown] {
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(!all.contains("kanarie-"), "{all}");
    }
    assert!(
        shown
            .stdout
            .contains("the key is the value of ${AGENT_KEY}"),
        "{}",
        shown.stdout
    );
    let mut found = Vec::new();
    leaks(bench.path(), &mut found);
    assert_eq!(found, Vec::<String>::new());
}
