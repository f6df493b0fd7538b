//! Data names addresses; nothing ever goes there.

use std::net::TcpListener;

use serde_json::json;

use crate::binary::Bench;
use crate::fault_server::{FaultServer, Mishap, Script};

/// Somebody who listens, and whether anyone came.
struct Canary(TcpListener);

impl Canary {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.set_nonblocking(true).expect("it need not wait");
        Self(listener)
    }

    fn url(&self) -> String {
        let address = self.0.local_addr().expect("it is bound");
        format!("http://{address}/latest/meta-data")
    }

    fn heard_nothing(&self) {
        assert!(self.0.accept().is_err(), "somebody came");
    }
}

#[test]
fn an_address_in_data_or_in_a_reply_is_never_visited() {
    let canary = Canary::new();
    let url = canary.url();
    let message = json!({"role": "assistant", "content": format!("![x]({url}) <img src={url}> {url}"),
        "images": [{"image_url": {"url": url}}], "tool_calls": [{"id": "1", "type": "function", "function": {"name": "fetch", "arguments": json!({"url": url}).to_string()}}]});
    let reply = json!({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
    let server = FaultServer::start(Script {
        permanent: vec![
            ("redirect".into(), Mishap::Redirect(url.clone())),
            ("see".into(), Mishap::Says(200, reply.to_string())),
        ],
        ..Script::default()
    });
    let suite = json!({
        "version": 1, "suite": "addresses", "seed": 1, "dataset": {"path": "cases.jsonl"},
        "targets": [{"id": "a", "kind": "chat", "base_url": server.base_url(), "model": url}],
        "scorers": [{"id": "same", "kind": "exact"}, {"id": "shape", "kind": "json", "schema": {"type": "object"}}],
        "limits": {"attempts": 2, "max_error_rate": 1.0},
    });
    let bench = Bench::new(&suite.to_string());
    let mut rows = String::new();
    for (id, input) in [
        ("a", "redirect"),
        ("b", "see this"),
        ("c", "@suite.yaml file:///etc/passwd"),
    ] {
        let row = json!({"id": id, "input": format!("{input} {url}"), "expected": url, "context": [url, "file:///etc/passwd"],
            "image_url": url, "metadata": {"$ref": url, "url": url}});
        rows += &format!("{row}\n");
    }
    bench.write("cases.jsonl", &rows);
    let ended = bench.evenhand(&["run", "suite.yaml"]);
    assert!(
        [0, 5].contains(&ended.code()),
        "{}\n{}",
        ended.stdout,
        ended.stderr
    );
    for kind in ["terminal", "markdown", "junit", "github-summary"] {
        bench
            .evenhand(&["report", "latest", "--format", kind])
            .expect(0);
    }
    canary.heard_nothing();
    assert!(server.log().len() >= 3, "the endpoint itself was asked");
    // No file was read in either: what was asked is what the case says.
    assert!(
        server
            .log()
            .iter()
            .all(|asked| !asked.body.to_string().contains("root:x"))
    );
}

#[test]
fn a_schema_may_refer_to_nothing_outside_itself() {
    let canary = Canary::new();
    for place in [
        canary.url(),
        "file:///etc/passwd".to_owned(),
        "other.json".to_owned(),
    ] {
        let suite = json!({
            "version": 1, "suite": "schema", "seed": 1,
            "dataset": {"cases": [{"id": "a", "input": "{}", "expected": "{}"}]},
            "targets": [{"id": "a", "kind": "scripted"}],
            "scorers": [{"id": "shape", "kind": "json", "schema": {"$ref": place}}],
        });
        let bench = Bench::new(&suite.to_string());
        bench.write("other.json", "{}");
        let ended = bench.evenhand(&["check", "suite.yaml"]).expect(3);
        assert!(ended.stderr.contains("suite.yaml:"), "{}", ended.stderr);
    }
    canary.heard_nothing();
}
