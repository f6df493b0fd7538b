//! Targets against what the world does to them: a server that errs on purpose, programs that misbehave.

mod support {
    #[expect(
        dead_code,
        reason = "bodies as given are put to the whole program, in tests/faults"
    )]
    pub(crate) mod fault_server;
}

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use evenhand::domain::case::Case;
use evenhand::domain::decode::{self, Problems};
use evenhand::domain::fault::{Fault, FaultKind};
use evenhand::domain::kind;
use evenhand::domain::message::Finish;
use evenhand::domain::port::{
    Accept, Call, CallId, Exchange, LineCall, Parts, Program, Reply, Request, Session, Target,
    Transport,
};
use evenhand::domain::secret::Secrets;
use evenhand::domain::tree::Node;
use evenhand::target::KINDS;
use evenhand::wire::{Outside, Patience, Settings};
use serde_json::{Map, Value as Json, json};
use support::fault_server::{Answer, FaultServer, Mishap, Script};

fn outside(settings: Settings) -> Rc<Outside> {
    Rc::new(Outside::new(settings).expect("the way out opens"))
}

fn target_in(folder: &Path, exchange: Rc<Outside>, options: Json) -> Rc<dyn Target> {
    let mut options = options;
    let name = options["kind"].as_str().unwrap_or("chat").to_owned();
    options
        .as_object_mut()
        .expect("options are a map")
        .remove("kind");
    let row = kind::find(KINDS, "kind", &name).expect("the kind is known");
    let mut problems = Problems::new("suite.yaml");
    let plan = decode::read(&Node::from_json(&options), &mut problems, row.decode);
    assert_eq!(problems.sorted(), []);
    let parts = Parts {
        exchange,
        folder: folder.to_owned(),
        seed: 7,
    };
    plan.expect("no problem, so a plan")
        .build(&parts)
        .expect("it can be built")
}

fn chat(server: &FaultServer, more: Json) -> Rc<dyn Target> {
    let mut options = json!({"kind": "chat", "base_url": server.base_url(), "model": "m"});
    for (key, value) in more.as_object().expect("options are a map") {
        options[key] = value.clone();
    }
    target_in(Path::new("."), outside(Settings::default()), options)
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
        session: "s1".into(),
        turn: 0,
        tools: Vec::new(),
        format: None,
        logprobs: None,
        params: Map::new(),
        timeout: Duration::from_secs(20),
    }
}

async fn put(target: &Rc<dyn Target>, request: &Request) -> Result<Reply, Fault> {
    let mut session = Session::default();
    let reply = target.attempt(request, &mut session).await;
    target.end(session).await;
    reply
}

async fn ask(target: &Rc<dyn Target>, input: &str) -> Result<Reply, Fault> {
    put(target, &request(target, "c1", input)).await
}

fn one(mishap: Mishap) -> Script {
    Script {
        first: vec![Some(mishap)],
        ..Script::default()
    }
}

// --- chat ------------------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_reply_and_a_stream_say_the_same() {
    let server = FaultServer::start(Script {
        answers: vec![Answer {
            contains: "why".into(),
            text: "because it is so".into(),
            tokens: Vec::new(),
        }],
        ..Script::default()
    });
    let whole = ask(&chat(&server, json!({})), "why?").await.unwrap();
    let stream = ask(&chat(&server, json!({"stream": true})), "why?")
        .await
        .unwrap();
    assert_eq!(
        (whole.text.as_str(), stream.text.as_str()),
        ("because it is so", "because it is so")
    );
    assert_eq!(whole.usage, stream.usage);
    assert_eq!(
        whole.usage.map(|usage| (usage.input, usage.output)),
        Some((1, 4))
    );
    assert_eq!(
        (whole.timing.first_token_ms, whole.model.as_deref()),
        (None, Some("m"))
    );
    let timing = stream.timing;
    assert!(timing.connect_ms.is_some());
    assert!(timing.first_byte_ms <= timing.first_token_ms);
    assert!(timing.first_token_ms <= Some(timing.total_ms));
}

#[tokio::test]
async fn a_judge_gets_its_probabilities_and_its_schema_is_sent() {
    let server = FaultServer::start(Script {
        answers: vec![Answer {
            contains: "correct".into(),
            text: "yes".into(),
            tokens: vec![("no".into(), 0.25), ("yes".into(), 0.75)],
        }],
        ..Script::default()
    });
    let target = chat(&server, json!({"params": {"temperature": 1}}));
    let mut question = request(&target, "c1", "Is it correct?");
    question.logprobs = Some(5);
    question.format = Some(("verdict".into(), json!({"type": "object"})));
    question.params.insert("temperature".into(), json!(0));
    let reply = put(&target, &question).await.unwrap();
    assert_eq!(reply.logprobs[0].token, "yes");
    assert!((reply.logprobs[0].top[1].1.exp() - 0.25).abs() < 1e-9);
    let logged = &server.log()[0];
    assert_eq!(logged.prompt, "Is it correct?");
    let body = &logged.body;
    assert_eq!(
        (&body["temperature"], &body["top_logprobs"]),
        (&json!(0), &json!(5))
    );
    assert_eq!(body["response_format"]["json_schema"]["name"], "verdict");
}

#[tokio::test]
async fn every_mishap_is_a_fault_of_its_kind_and_passes() {
    for stream in [false, true] {
        for (mishap, kind) in [
            (Mishap::Limited("2".into()), FaultKind::RateLimited),
            (Mishap::Status(500), FaultKind::Unavailable),
            (Mishap::Status(529), FaultKind::Unavailable),
            (Mishap::Status(401), FaultKind::Unauthorized),
            (Mishap::Status(404), FaultKind::Rejected),
            (Mishap::ResetBefore, FaultKind::Unavailable),
            (Mishap::ResetInside, FaultKind::Unavailable),
            (Mishap::Truncated, FaultKind::Unavailable),
            (Mishap::Garbage, FaultKind::Garbled),
            (Mishap::ErrorBody, FaultKind::Unavailable),
            (Mishap::Flood(40 << 20), FaultKind::Garbled),
        ] {
            let server = FaultServer::start(one(mishap.clone()));
            let target = chat(&server, json!({"stream": stream}));
            let input = "a prompt of several words, so that its half is no whole";
            let fault = ask(&target, input).await.unwrap_err();
            assert_eq!(fault.kind, kind, "{mishap:?}, stream {stream}: {fault}");
            assert_eq!(ask(&target, input).await.unwrap().text, input, "{mishap:?}");
            assert_eq!(server.counts()[input], 2, "nothing was retried by itself");
        }
    }
}

#[tokio::test]
async fn a_rate_limit_says_how_long_in_seconds_or_by_date() {
    for (header, wanted) in [
        ("2", Some(2.0)),
        ("soon", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0.0)),
    ] {
        let server = FaultServer::start(one(Mishap::Limited(header.into())));
        let fault = ask(&chat(&server, json!({})), "q").await.unwrap_err();
        assert_eq!(
            (fault.status, fault.retry_after_s),
            (Some(429), wanted),
            "{header}"
        );
    }
}

#[tokio::test]
async fn silence_is_a_time_out() {
    let server = FaultServer::start(one(Mishap::Hang));
    let target = chat(&server, json!({}));
    let mut question = request(&target, "c1", "q");
    question.timeout = Duration::from_millis(150);
    assert_eq!(
        put(&target, &question).await.unwrap_err().kind,
        FaultKind::TimedOut
    );
}

#[tokio::test]
async fn a_slow_reply_is_a_reply() {
    let server = FaultServer::start(one(Mishap::Slow(Duration::from_millis(60))));
    let reply = ask(&chat(&server, json!({})), "q").await.unwrap();
    assert!(reply.timing.total_ms >= 60.0);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_no_key_goes_with_it() {
    let thief = FaultServer::start(Script::default());
    let server = FaultServer::start(one(Mishap::Redirect(format!(
        "{}/chat/completions?k=secret",
        thief.base_url()
    ))));
    let fault = ask(&chat(&server, json!({"api_key": "abcdefgh"})), "q")
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Rejected);
    assert!(
        fault.message.contains(&thief.base_url()) && !fault.message.contains("secret"),
        "{fault}"
    );
    assert!(thief.log().is_empty());
}

#[tokio::test]
async fn nobody_there_is_unavailable_with_the_whole_chain_of_causes() {
    // Bound but not listening: nobody answers there, and no other test's server can come to stand there.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = held.local_addr().unwrap();
    let options = json!({"kind": "chat", "base_url": format!("http://{address}/v1"), "model": "m"});
    let target = target_in(Path::new("."), outside(Settings::default()), options);
    let fault = ask(&target, "q").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unavailable);
    assert!(fault.message.contains("refused"), "{fault}");
}

#[tokio::test]
async fn a_content_filters_refusal_is_an_answer() {
    let body = json!({"error": {"code": "content_filter", "message": "no"}}).to_string();
    let server = FaultServer::start(one(Mishap::Says(400, body)));
    let reply = ask(&chat(&server, json!({})), "q").await.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish), ("", Finish::Blocked));
}

#[tokio::test]
async fn a_prompt_that_always_fails_does_not_disturb_the_others() {
    let server = FaultServer::start(Script {
        permanent: vec![("poison".into(), Mishap::Status(500))],
        shares: vec![(0.2, Mishap::Status(503)), (0.1, Mishap::ResetBefore)],
        seed: 3,
        ..Script::default()
    });
    let target = chat(&server, json!({}));
    let mut failed = BTreeMap::new();
    for index in 0..60 {
        let input = format!("question {index}");
        failed.insert(index, ask(&target, &input).await.is_err());
        assert!(ask(&target, "poison").await.is_err());
    }
    let count = failed.values().filter(|failed| **failed).count();
    assert!((6..=32).contains(&count), "{count}");
    // The same seed fails the same questions, in any order.
    let again = FaultServer::start(Script {
        permanent: Vec::new(),
        shares: vec![(0.2, Mishap::Status(503)), (0.1, Mishap::ResetBefore)],
        seed: 3,
        ..Script::default()
    });
    let target = chat(&again, json!({}));
    for index in (0..60).rev() {
        let input = format!("question {index}");
        assert_eq!(
            ask(&target, &input).await.is_err(),
            failed[&index],
            "{input}"
        );
    }
    assert!(
        again
            .log()
            .iter()
            .filter(|logged| logged.mishap.is_some())
            .count()
            == count
    );
}

#[tokio::test]
async fn calls_go_out_side_by_side() {
    let server = FaultServer::start(Script {
        permanent: vec![("".into(), Mishap::Slow(Duration::from_millis(300)))],
        ..Script::default()
    });
    let target = chat(&server, json!({}));
    let asked = (0..40).map(|_| ask(&target, "q"));
    for reply in futures_util::future::join_all(asked).await {
        reply.unwrap();
    }
    assert!(server.peak() > 1, "{}", server.peak());
}

#[tokio::test]
async fn a_key_is_in_the_header_and_in_no_message() {
    let canary = "canary-0123456789";
    let mut secrets = Secrets::default();
    secrets.add("KEY", canary);
    let exchange = outside(Settings {
        secrets,
        ..Settings::default()
    });
    let server = FaultServer::start(Script {
        permanent: vec![
            ("echo".into(), Mishap::Status(401)),
            ("reset".into(), Mishap::ResetBefore),
        ],
        ..Script::default()
    });
    let options = json!({"base_url": format!("{}?key={canary}", server.base_url()), "model": "m", "api_key": canary, "headers": {"x-key": canary}});
    let target = target_in(Path::new("."), exchange, options);
    for input in ["echo", "reset"] {
        let fault = ask(&target, input).await.unwrap_err();
        assert!(!fault.message.contains("canary"), "{fault}");
    }
    let sent = &server.log()[0].headers;
    assert!(sent.contains(&("authorization".into(), format!("Bearer {canary}"))));
    drop(server);
    let fault = ask(&target, "gone").await.unwrap_err();
    assert!(!fault.message.contains("canary"), "{fault}");
}

#[tokio::test]
async fn an_unset_variable_is_named_where_the_call_would_go_out() {
    let options = json!({"base_url": "http://127.0.0.1:1/v1", "model": "m", "api_key": "${EVENHAND_TEST_NOT_SET}"});
    let target = target_in(Path::new("."), outside(Settings::default()), options);
    let fault = ask(&target, "q").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Internal);
    assert!(fault.message.contains("EVENHAND_TEST_NOT_SET"), "{fault}");
}

// --- command ---------------------------------------------------------------------------------------------------------------------

/// A folder with an agent in it: a shell script.
struct Agent {
    folder: tempfile::TempDir,
}

impl Agent {
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("agent.sh"), script).expect("the script is written");
        Self { folder }
    }

    fn target(&self, more: Json) -> Rc<dyn Target> {
        self.by_way_of(None, more)
    }

    fn by_way_of(&self, launcher: Option<PathBuf>, more: Json) -> Rc<dyn Target> {
        let settings = Settings {
            launcher,
            patience: Patience {
                grace: Duration::from_millis(200),
                leak: Duration::from_millis(100),
                linger: Duration::from_millis(300),
            },
            ..Settings::default()
        };
        let mut options = json!({"kind": "command", "command": ["sh", "agent.sh"]});
        for (key, value) in more.as_object().expect("options are a map") {
            options[key] = value.clone();
        }
        target_in(self.folder.path(), outside(settings), options)
    }

    /// The process ids that the script wrote to `pids`.
    fn pids(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(self.folder.path().join("pids")).unwrap_or_default();
        text.split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect()
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

/// Whether a process runs: a zombie does not.
fn runs(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('Z'))
    })
}

/// Dead children of this process that nobody has waited for.
fn zombies() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux lists threads");
    let children: String = tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .collect();
    let pids = children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok());
    pids.filter(|pid| !runs(*pid)).count()
}

/// Waits for what another process is about to do.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let done = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done)
        .await
        .unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

/// Waits until none of them runs; killing is asynchronous by nature.
async fn all_gone(pids: &[u32]) {
    until("the processes are gone", || {
        pids.iter().all(|pid| !runs(*pid))
    })
    .await;
}

const SAYS_42: &str = r#"read line; echo "$line" > got; echo '{"output": "42"}'"#;

#[tokio::test]
async fn a_program_gets_one_line_and_gives_one() {
    let agent = Agent::new(SAYS_42);
    let target = agent.target(json!({}));
    let reply = ask(&target, "6 x 7?").await.unwrap();
    assert_eq!(reply.text, "42");
    let line: Json = serde_json::from_str(&agent.file("got")).unwrap();
    assert_eq!(
        (&line["v"], &line["case"], &line["input"]),
        (&json!(1), &json!("c1"), &json!("6 x 7?"))
    );
    assert_eq!(
        (&line["turn"], &line["messages"][0]["role"]),
        (&json!(0), &json!("user"))
    );
    assert_eq!(line["trial"], "t/c1/0");
}

#[tokio::test]
async fn how_a_program_fails_decides_whose_failure_it_is() {
    for (script, kind, words) in [
        ("echo oops >&2; exit 3", FaultKind::Crashed, "oops"),
        (
            "echo '{\"output\": \"a\"}'; exit 3",
            FaultKind::Crashed,
            "exit code 3",
        ),
        ("kill -9 $$", FaultKind::Crashed, "signal 9"),
        ("exit 0", FaultKind::Crashed, "without a reply"),
        ("echo hello", FaultKind::Garbled, "hello"),
        (
            "echo '{\"output\": \"a\"}'; echo '{\"output\": \"b\"}'",
            FaultKind::Garbled,
            "one JSON value",
        ),
        ("exec ./not-there", FaultKind::Internal, "127"),
        (
            "head -c 3000000 /dev/zero; echo '{\"output\": \"a\"}'",
            FaultKind::Garbled,
            "output_cap",
        ),
    ] {
        let agent = Agent::new(script);
        let fault = ask(&agent.target(json!({"output_cap": 1_000_000})), "q")
            .await
            .unwrap_err();
        assert_eq!(fault.kind, kind, "{script}: {fault}");
        assert!(fault.message.contains(words), "{script}: {fault}");
    }
    let agent = Agent::new("");
    let fault = ask(&agent.target(json!({"command": ["./not-there"]})), "q")
        .await
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Internal);
    assert!(fault.message.contains("not-there"), "{fault}");
}

#[tokio::test]
async fn a_silent_program_and_all_that_it_started_are_ended() {
    // Children in the group, one that ignores SIGTERM, one in a session of its own, one forked twice.
    let agent = Agent::new(
        "sleep 300 & echo $! >> pids\n(trap '' TERM; sleep 300 & echo $! >> pids; wait) &\nsetsid sleep 301 & echo $! >> pids\n(setsid sh -c 'sleep 302 & echo $! >> pids; echo $$ >> pids; wait' &)\nwhile [ $(wc -l < pids) -lt 5 ]; do sleep 0.01; done\nsleep 300",
    );
    let target = agent.target(json!({}));
    let mut question = request(&target, "c1", "q");
    question.timeout = Duration::from_millis(1_500);
    assert_eq!(
        put(&target, &question).await.unwrap_err().kind,
        FaultKind::TimedOut
    );
    assert_eq!(agent.pids().len(), 5);
    all_gone(&agent.pids()).await;
}

#[tokio::test]
async fn a_child_that_holds_the_output_does_not_hold_the_run() {
    let agent = Agent::new("sleep 300 & echo $! > pids; echo '{\"output\": \"42\"}'");
    assert_eq!(ask(&agent.target(json!({})), "q").await.unwrap().text, "42");
    all_gone(&agent.pids()).await;
}

#[tokio::test]
async fn a_program_that_has_answered_and_dawdles_is_not_waited_for() {
    let agent = Agent::new("echo $$ > pids; echo '{\"output\": \"42\"}'; exec sleep 300");
    assert_eq!(ask(&agent.target(json!({})), "q").await.unwrap().text, "42");
    all_gone(&agent.pids()).await;
}

#[tokio::test]
async fn a_call_that_is_dropped_takes_its_program_with_it() {
    let agent = Agent::new("echo $$ > pids; sleep 300");
    let target = agent.target(json!({}));
    let started = until("it runs", || !agent.pids().is_empty());
    tokio::select! {
        _ = ask(&target, "q") => panic!("it cannot have answered"),
        () = started => {}
    }
    all_gone(&agent.pids()).await;
}

#[tokio::test]
async fn a_program_sees_only_the_environment_it_is_allowed() {
    let agent = Agent::new("env > got; echo '{\"output\": \"\"}'");
    ask(&agent.target(json!({"env": {"MINE": "declared"}})), "q")
        .await
        .unwrap();
    let seen = agent.file("got");
    assert!(
        seen.contains("MINE=declared") && seen.contains("PATH="),
        "{seen}"
    );
    let allowed = [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "TMP",
        "TEMP",
        "MINE",
        "EVENHAND_CHILD",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
    ];
    for line in seen.lines() {
        let name = line.split('=').next().unwrap_or_default();
        assert!(allowed.contains(&name) || name.starts_with("LC_"), "{line}");
    }
}

const WORKER: &str = r#"
echo $$ >> pids
while read line; do
  echo "$line" >> got
  case "$line" in
    *'"end_'*) continue ;;
  esac
  if [ "$late" ]; then echo '{"output": "b", "trial": "t/c1/0"}'; late=; fi
  case "$line" in
    *crash*) exit 3 ;;
    *silent*) sleep 300 ;;
    *chatty*) printf '{"output": "a"}\n{"output": "b"}\n' ;;
    *late*) echo '{"output": "a"}'; late=yes ;;
    *) echo "{\"output\": \"$$\"}" ;;
  esac
done
"#;

#[tokio::test]
async fn workers_live_on_and_share_the_load() {
    let agent = Agent::new(WORKER);
    let target = agent.target(json!({"workers": 2}));
    let asked = (0..30).map(|index| {
        let target = Rc::clone(&target);
        async move { ask(&target, &format!("q{index}")).await }
    });
    for reply in futures_util::future::join_all(asked).await {
        reply.unwrap();
    }
    let pids = agent.pids();
    assert_eq!(pids.len(), 2);
    let told = |what: &str| {
        agent
            .file("got")
            .matches(&format!("\"{what}\":true"))
            .count()
    };
    until("the workers are told", || {
        (told("end_session"), told("end_trial")) == (30, 30)
    })
    .await;
    drop(target);
    all_gone(&pids).await;
}

#[tokio::test]
async fn a_worker_that_fails_is_replaced() {
    let agent = Agent::new(WORKER);
    let target = agent.target(json!({"workers": 1}));
    ask(&target, "q").await.unwrap();
    assert_eq!(
        ask(&target, "crash").await.unwrap_err().kind,
        FaultKind::Crashed
    );
    ask(&target, "q").await.unwrap();
    let mut question = request(&target, "c1", "silent");
    question.timeout = Duration::from_millis(300);
    assert_eq!(
        put(&target, &question).await.unwrap_err().kind,
        FaultKind::TimedOut
    );
    ask(&target, "q").await.unwrap();
    assert_eq!(agent.pids().len(), 3);
}

#[tokio::test]
async fn a_worker_that_says_too_much_never_answers_the_next_question() {
    let agent = Agent::new(WORKER);
    let target = agent.target(json!({"workers": 1}));
    assert_eq!(ask(&target, "chatty").await.unwrap().text, "a");
    assert_ne!(ask(&target, "q").await.unwrap().text, "b");
    // One that is late is known by the trial it names.
    ask(&target, "late").await.unwrap();
    let other = request(&target, "c2", "q");
    let fault = put(&target, &other).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Garbled);
    assert!(fault.message.contains("t/c1/0"), "{fault}");
}

#[tokio::test]
async fn many_short_programs_leave_no_files_and_no_zombies() {
    let agent = Agent::new("setsid sleep 300 & echo '{\"output\": \"a\"}'");
    let target = agent.target(json!({}));
    let files = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    ask(&target, "q").await.unwrap();
    let before = files();
    for _ in 0..4 {
        let asked = (0..25).map(|_| ask(&target, "q"));
        for reply in futures_util::future::join_all(asked).await {
            reply.unwrap();
        }
    }
    ask(&target, "q").await.unwrap();
    // Other tests of this process open files and start programs too: a leak would be some 300 and 100.
    assert!(files() < before + 100, "{before} before, {} after", files());
    until("the zombies are gone", || zombies() < 20).await;
}

#[tokio::test]
async fn a_session_of_several_turns_has_a_program_of_its_own() {
    let agent = Agent::new(WORKER);
    let outside = outside(Settings::default());
    let program = Arc::new(Program {
        command: vec!["sh".into(), "agent.sh".into()],
        folder: agent.folder.path().to_owned(),
        environment: Vec::new(),
        output_cap: 1 << 20,
        workers: None,
        told_of_ends: true,
    });
    let call = |session: u64| Call {
        id: CallId {
            ordinal: 0,
            target: "t".into(),
            repeat: 0,
            vote: 0,
            occurrence: 0,
            scorer: None,
        },
        kind: "command",
        endpoint: "agent.sh".into(),
        endpoint_filled: None,
        content: Json::Null,
        transport: Transport::Line(Box::new(LineCall {
            program: Arc::clone(&program),
            session,
            line: "{}".into(),
        })),
        timeout: Duration::from_secs(20),
        accept: Accept::new(|_| Ok(())),
        refused: |_, body| Fault::new(FaultKind::Internal, body),
    };
    let mut said = Vec::new();
    for session in [5, 6, 5, 6] {
        said.push(outside.exchange(&call(session)).await.unwrap().body);
    }
    assert_eq!((&said[0], &said[1]), (&said[2], &said[3]));
    assert_ne!(said[0], said[1]);
    outside.close(5).await;
    assert!(!runs(agent.pids()[0]) && runs(agent.pids()[1]));
    assert!(agent.file("got").contains("end_trial"));
    drop(outside);
    all_gone(&agent.pids()).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_launcher_becomes_the_program() {
    let launcher = || Some(PathBuf::from(env!("CARGO_BIN_EXE_evenhand")));
    let agent = Agent::new(SAYS_42);
    let target = agent.by_way_of(launcher(), json!({}));
    assert_eq!(ask(&target, "q").await.unwrap().text, "42");
    let missing = agent.by_way_of(launcher(), json!({"command": ["./not-there"]}));
    let fault = ask(&missing, "q").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Internal);
    assert!(fault.message.contains("not-there"), "{fault}");
}
