//! Endpoints that keep one waiting: every wait has an end, and what it may have cost is counted.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::json;

use super::binary::Bench;
use super::fault_server::{FaultServer, Mishap, Script};
use super::{adds_up, calling, cases};

#[test]
fn a_reply_that_trickles_for_ever_ends_at_the_time_out() {
    let server = FaultServer::start(Script {
        permanent: vec![("word 1 end".into(), Mishap::Drip(Duration::from_millis(20)))],
        ..Script::default()
    });
    let bench = calling(
        &server,
        4,
        "limits: {timeout: 1s, attempts: 2, max_error_rate: 0.5}\n",
    );
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(0)
        .said("no complete reply within 1s");
    assert_eq!(adds_up(&bench)["errors"], json!({"timed_out": 1}));
    assert_eq!(server.counts()["word 1 end"], 2);
}

#[test]
fn a_call_that_ran_out_of_time_after_it_was_accepted_is_tried_again_within_bounds_and_counted() {
    let server = FaultServer::start(Script {
        first: vec![Some(Mishap::Slow(Duration::from_secs(30)))],
        ..Script::default()
    });
    let bench = calling(&server, 3, "limits: {timeout: 2s, concurrency: 1}\n");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let log = server.log();
    let same: Vec<_> = log
        .iter()
        .filter(|request| request.prompt == "word 0 end")
        .collect();
    assert_eq!(same.len(), 2, "once in vain, once more");
    assert_eq!(same[0].body, same[1].body);
    let names = |at: usize| {
        let mut names: Vec<&str> = same[at]
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(0), names(1));
    let target = adds_up(&bench);
    assert_eq!(
        (&target["completed"], &target["retried"]),
        (&3.into(), &1.into())
    );
    // The service may have charged for the one that was given up: it counts as a call.
    assert_eq!(bench.report()["run"]["spent"]["calls"], 4);
    let failed = bench.events("attempt_failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (&failed[0]["fault"]["kind"], &failed[0]["trial"]["case"]),
        (&json!("timed_out"), &json!("c000"))
    );
}

/// A port at which connections are taken up to a point and then neither taken nor refused; with what keeps it so.
fn full_port() -> Option<(SocketAddr, tokio::net::TcpListener, Vec<TcpStream>)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let listener = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind("127.0.0.1:0".parse().expect("an address"))?;
        socket.listen(1)
    });
    let listener = listener.ok()?;
    let address = listener.local_addr().ok()?;
    let mut held = Vec::new();
    while held.len() < 64 {
        match TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            Ok(stream) => held.push(stream),
            Err(_) => return Some((address, listener, held)),
        }
    }
    None
}

#[test]
fn a_connection_that_never_comes_about_is_no_time_out_of_the_agent() {
    let Some((address, _listener, _held)) = full_port() else {
        println!("skipped: no port can be filled here");
        return;
    };
    let bench = Bench::new(&format!(
        "version: 1\nsuite: full\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: chat, base_url: \"http://{address}/v1\", model: m, counts_as_failure: [timed_out]}}\n\
         scorers:\n  - {{id: same, kind: exact}}\nlimits: {{timeout: 600ms, attempts: 2}}\n"
    ));
    bench.write("cases.jsonl", &cases(2));
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(5)
        .said("no connection within");
    let target = adds_up(&bench);
    assert_eq!(target["errors"], json!({"unavailable": 2}));
    assert_eq!(target["agent_failures"], json!({}));
}

#[test]
fn what_an_endpoint_asks_for_in_other_than_numbers_is_no_reason_to_wait_for_ever() {
    for wish in [
        "soon",
        "-5",
        "NaN",
        "99999999999999999999999",
        "Sun, 06 Nov 1994 08:49:37 GMT",
    ] {
        let server = FaultServer::start(Script {
            first: vec![Some(Mishap::Limited(wish.into()))],
            ..Script::default()
        });
        let bench = calling(
            &server,
            2,
            "limits: {concurrency: 1, max_error_rate: 0.5}\n",
        );
        let ended = bench.evenhand(&["run", "suite.yaml"]).expect(0);
        let target = adds_up(&bench);
        // Either it was waited out in its own time, or, asked to wait for ages, it is an error of its kind.
        let errors = &target["errors"];
        assert!(
            *errors == json!({}) || *errors == json!({"rate_limited": 1}),
            "{wish}: {}",
            ended.stdout
        );
        assert_eq!(
            *errors == json!({}),
            !wish.starts_with('9'),
            "{wish}: {errors}"
        );
    }
}
