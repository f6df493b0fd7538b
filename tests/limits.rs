//! What bounds a run: calls and tokens a minute, endpoints that complain, budgets, breakers, failures, open files.

mod support {
    #[expect(dead_code, reason = "these tests let most runs end by themselves")]
    pub(crate) mod binary;
    #[expect(dead_code, reason = "these tests read counts")]
    pub(crate) mod fault_server;
}

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use support::binary::{Bench, Ended, Running};
use support::fault_server::{FaultServer, Mishap, Script};

fn cases(count: usize) -> String {
    (0..count)
        .map(|index| {
            format!("{{\"id\":\"c{index:04}\",\"input\":\"word {index} end\",\"expected\":\"word {index} end\"}}\n")
        })
        .collect()
}

/// A suite over one `chat` target; `target` are further keys of it, `more` further lines of the suite.
fn calling(url: &str, count: usize, target: &str, more: &str) -> Bench {
    let bench = Bench::new(&suite(url, target, more));
    bench.write("cases.jsonl", &cases(count));
    bench
}

fn suite(url: &str, target: &str, more: &str) -> String {
    format!(
        "version: 1\nsuite: limited\nseed: 7\ndataset: {{path: cases.jsonl}}\n\
         targets:\n  - {{id: agent, kind: chat, base_url: \"{url}\", model: m{target}}}\n\
         scorers:\n  - {{id: same, kind: exact}}\n{more}"
    )
}

/// The counts of the first target: trials, completed, errors, stopped.
fn counts(bench: &Bench) -> (u64, u64, u64, u64) {
    let target = &bench.report()["targets"][0];
    let count = |key: &str| target[key].as_u64().expect("a count");
    let errors = target["errors"].as_object().expect("errors");
    let errors = errors.values().filter_map(Json::as_u64).sum();
    (
        count("trials"),
        count("completed"),
        errors,
        count("stopped"),
    )
}

// --- a server that enforces ----------------------------------------------------------------------------------------------------

/// What a server allows within any second, by its own clock.
#[derive(Debug, Clone, Copy, Default)]
struct Allowed {
    calls: Option<usize>,
    tokens: Option<u64>,
}

/// Tokens that each of its replies says it used.
const USED: u64 = 40;

#[derive(Default)]
struct Log {
    /// When each allowed call came, since the server began.
    served: Vec<f64>,
    refused: usize,
}

/// A chat completions server that answers 429 to whatever passes its allowance in a sliding second.
struct Enforcer {
    address: SocketAddr,
    log: Arc<Mutex<Log>>,
    stop: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Enforcer {
    fn start(allowed: Allowed, takes: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let log = Arc::new(Mutex::new(Log::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped) = (Arc::clone(&log), Arc::clone(&stop));
        let acceptor = std::thread::spawn(move || {
            let began = Instant::now();
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let log = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, &log, began, allowed, takes));
            }
        });
        Self {
            address,
            log,
            stop,
            acceptor: Some(acceptor),
        }
    }

    fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Calls served, calls refused, and the seconds between the first and the last that was served.
    fn told(&self) -> (usize, usize, f64) {
        let log = self.log.lock().expect("no thread panics");
        let span = log.served.last().unwrap_or(&0.0) - log.served.first().unwrap_or(&0.0);
        (log.served.len(), log.refused, span)
    }
}

impl Drop for Enforcer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

fn serve(stream: &TcpStream, log: &Mutex<Log>, began: Instant, allowed: Allowed, takes: Duration) {
    let mut writer = stream;
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let head = line.to_lowercase();
            if let Some(value) = head.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let is_allowed = {
            let mut log = log.lock().expect("no thread panics");
            let now = began.elapsed().as_secs_f64();
            let within = log.served.iter().rev().take_while(|at| **at > now - 1.0);
            let within = within.count();
            let tokens = (within as u64 + 1) * USED;
            let fits = allowed.calls.is_none_or(|most| within < most)
                && allowed.tokens.is_none_or(|most| tokens <= most);
            if fits {
                log.served.push(now);
            } else {
                log.refused += 1;
            }
            fits
        };
        std::thread::park_timeout(takes);
        let body: Json = serde_json::from_slice(&body).unwrap_or_default();
        let said = body["messages"][0]["content"].clone();
        let reply = serde_json::json!({
            "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": USED - 10, "completion_tokens": 10},
        })
        .to_string();
        let (status, reply) = if is_allowed {
            ("200 OK", reply)
        } else {
            (
                "429 Too Many Requests",
                "{\"error\":{\"message\":\"slow down\"}}".to_owned(),
            )
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
            reply.len()
        );
        if writer
            .write_all(&[head.as_bytes(), reply.as_bytes()].concat())
            .is_err()
        {
            return;
        }
    }
}

/// A few refusals are let pass on a machine that is busy with other things: what is tested is that there is no storm.
fn no_storm(refused: usize, calls: usize) {
    assert!(
        refused * 50 <= calls,
        "{refused} of {calls} calls were refused"
    );
}

#[test]
fn calls_a_minute_are_kept_against_a_server_that_enforces_them() {
    let allowed = Allowed {
        calls: Some(100),
        ..Allowed::default()
    };
    let server = Enforcer::start(allowed, Duration::from_millis(30));
    let bench = calling(&server.url(), 200, ", limits: {rpm: 6000}", "");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let (served, refused, span) = server.told();
    assert_eq!((served, counts(&bench)), (200, (200, 200, 0, 0)));
    no_storm(refused, served);
    println!(
        "rpm: {served} calls in {span:.2} s of {:.2} s, {refused} refused",
        199.0 / 100.0
    );
    assert!(span > 1.9, "{span}: faster than it may be");
}

#[test]
fn tokens_a_minute_are_kept_and_used_though_more_is_reserved() {
    let allowed = Allowed {
        tokens: Some(100 * USED),
        ..Allowed::default()
    };
    let server = Enforcer::start(allowed, Duration::from_millis(30));
    // 100 calls a second of 40 tokens each are 240,000 tokens a minute.
    let bench = calling(&server.url(), 200, ", limits: {tpm: 240000}", "");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let (served, refused, span) = server.told();
    assert_eq!((served, counts(&bench)), (200, (200, 200, 0, 0)));
    no_storm(refused, served);
    println!(
        "tpm: {served} calls in {span:.2} s of {:.2} s, {refused} refused",
        199.0 / 100.0
    );
    assert!(span > 1.9, "{span}: faster than it may be");
}

#[test]
fn an_endpoint_that_bears_less_is_found_out_without_a_failed_case() {
    let allowed = Allowed {
        calls: Some(10),
        ..Allowed::default()
    };
    let server = Enforcer::start(allowed, Duration::from_millis(5));
    let bench = calling(&server.url(), 60, "", "limits: {concurrency: 40}\n");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let (served, refused, span) = server.told();
    assert_eq!((served, counts(&bench)), (60, (60, 60, 0, 0)));
    println!(
        "slope: {served} calls in {span:.2} s of {:.2} s, {refused} refused",
        59.0 / 10.0
    );
    assert!(
        refused < 2 * served,
        "{refused} of {served} calls were refused"
    );
}

#[test]
fn two_targets_that_ask_one_model_share_its_allowance() {
    let allowed = Allowed {
        calls: Some(100),
        ..Allowed::default()
    };
    let server = Enforcer::start(allowed, Duration::from_millis(10));
    let url = server.url();
    // The second target says nothing of the limit, which is the model's.
    let second = format!(
        ", limits: {{rpm: 6000}}}}\n  - {{id: next, kind: chat, base_url: \"{url}\", model: m, system: Again."
    );
    let text = suite(&url, &second, "");
    let bench = Bench::new(&text);
    bench.write("cases.jsonl", &cases(60));
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let (served, refused, span) = server.told();
    assert_eq!(served, 120);
    no_storm(refused, served);
    assert!(span > 1.1, "{span}: faster than it may be");
}

#[test]
fn waits_are_said_and_end_at_once_when_asked() {
    let server = FaultServer::start(Script::default());
    let bench = calling(&server.base_url(), 20, ", limits: {rpm: 1}", "");
    let mut run = bench.start(&["run", "suite.yaml"]);
    assert!(run.until(|| server.log().len() == 1));
    run.signal("INT");
    let ended = run.end().expect(130);
    ended.said("stopping").printed("--resume");
    assert_eq!(server.log().len(), 1);
}

// --- budgets -------------------------------------------------------------------------------------------------------------------

const PRICED: &str =
    ", params: {max_tokens: 100}, price: {input: 1000, output: 1000}, limits: {concurrency: 4}";

/// What the run has spent, by its report.
fn spent(bench: &Bench) -> Json {
    bench.report()["run"]["spent"].clone()
}

#[test]
fn money_is_capped_with_what_judges_cost_and_the_run_goes_on_when_there_is_more() {
    let server = FaultServer::start(Script::default());
    let url = server.base_url();
    let judge = format!(
        "  - id: kind\n    kind: judge\n    judge: helpfulness\n    model: {{kind: chat, base_url: \"{url}\", model: j{PRICED}}}\n"
    );
    let more = |budget: &str| {
        format!("{judge}success: [same]\nlimits: {{concurrency: 8, budget_usd: {budget}}}\n")
    };
    let bench = calling(&url, 40, PRICED, &more("6.00"));
    let checked = bench.evenhand(&["check", "suite.yaml"]).expect(0);
    checked
        .printed("$6.00 in all, judges included")
        .printed("2048 where that is not set");
    assert!(server.log().is_empty());
    let ended = bench.evenhand(&["run", "suite.yaml"]).expect(5);
    ended
        .printed("could not evaluate: budget_usd is reached")
        .printed("of $6.00")
        .printed("--resume")
        .printed("raised in the suite");
    let spent_usd = |bench: &Bench| spent(bench)["usd"].as_f64().expect("USD");
    // The reply's own tokens stay below what was reserved: the cap holds to the cent.
    assert!(spent_usd(&bench) <= 6.0, "{}", spent(&bench));
    assert!(spent_usd(&bench) > 3.0, "{}", spent(&bench));
    assert_eq!(spent(&bench)["calls"], server.log().len());
    let (trials, completed, errors, stopped) = counts(&bench);
    assert_eq!((trials, errors), (40, 0));
    assert!(completed > 0 && stopped > 0, "{completed} {stopped}");
    let judged = server
        .log()
        .iter()
        .filter(|call| call.body["model"] == "j")
        .count();
    assert!(judged > 0, "judges are called and paid for");
    assert_eq!(bench.report()["run"]["limit"]["limit"], "budget_usd");
    // Without more money nothing more is called.
    let calls = server.log().len();
    bench.evenhand(&["run", "suite.yaml", "--resume"]).expect(5);
    assert_eq!(server.log().len(), calls);
    bench.write("suite.yaml", &suite(&url, PRICED, &more("600.00")));
    bench.evenhand(&["run", "suite.yaml", "--resume"]);
    assert_eq!(counts(&bench), (40, 40, 0, 0));
    assert_eq!(server.log().len(), 80, "nothing was paid for twice");
    assert_eq!(spent(&bench)["calls"], 80);
    assert!(bench.report()["run"]["limit"].is_null());
}

#[test]
fn calls_and_tokens_are_capped_and_failed_attempts_count() {
    let server = FaultServer::start(Script {
        first: vec![Some(Mishap::Status(500)); 3],
        ..Script::default()
    });
    let bench = calling(&server.base_url(), 40, "", "limits: {budget_calls: 10}\n");
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(5)
        .printed("budget_calls is reached: of 10 calls, 10 spent");
    assert_eq!(server.log().len(), 10);
    assert_eq!(counts(&bench).1, 7);

    let server = FaultServer::start(Script::default());
    // Each reply uses 6 tokens, and reserves 10 and its prompt of some 8.
    let target = ", params: {max_tokens: 10}";
    let bench = calling(
        &server.base_url(),
        100,
        target,
        "limits: {budget_tokens: 200}\n",
    );
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(5)
        .printed("budget_tokens is reached: of 200 tokens");
    let tokens = &spent(&bench)["tokens"];
    let total =
        tokens["input"].as_u64().expect("a count") + tokens["output"].as_u64().expect("a count");
    assert!((180..=200).contains(&total), "{tokens}");
}

#[test]
fn a_run_that_is_killed_counts_what_it_had_reserved() {
    let server = FaultServer::start(Script {
        permanent: vec![("word".to_owned(), Mishap::Hang)],
        ..Script::default()
    });
    let bench = calling(
        &server.base_url(),
        40,
        PRICED,
        "limits: {budget_usd: 0.50, attempts: 1}\n",
    );
    let mut run = bench.start(&["run", "suite.yaml"]);
    assert!(run.until(|| bench.runs().len() == 1 && !bench.events("spent").is_empty()));
    run.kill();
    let reserved = bench.events("spent")[0]["reserved"].clone();
    assert!(reserved["usd"].as_f64().expect("USD") > 0.3, "{reserved}");
    let calls = server.log().len();
    bench.evenhand(&["run", "suite.yaml", "--resume"]).expect(5);
    assert_eq!(
        server.log().len(),
        calls,
        "what was reserved counts as spent"
    );
    let limit = bench.report()["run"]["limit"]["message"].clone();
    let said = limit.as_str().expect("a limit stopped it");
    assert!(said.contains("reserved by calls that never said"), "{said}");
}

#[test]
fn time_is_capped_and_what_is_under_way_may_end() {
    let server = FaultServer::start(Script {
        permanent: vec![("word".to_owned(), Mishap::Slow(Duration::from_millis(400)))],
        ..Script::default()
    });
    let bench = calling(
        &server.base_url(),
        20,
        "",
        "limits: {budget_time: 1s, concurrency: 2}\n",
    );
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(5)
        .printed("budget_time is reached: 1 s");
    let (_, completed, errors, stopped) = counts(&bench);
    assert_eq!(errors, 0);
    assert_eq!(
        completed as usize,
        server.log().len(),
        "what was started was heard out"
    );
    assert!(stopped > 0);
}

// --- breakers and failures -----------------------------------------------------------------------------------------------------

#[test]
fn a_key_that_is_refused_is_not_tried_forever_and_its_variable_is_named() {
    let denied = FaultServer::start(Script {
        shares: vec![(1.0, Mishap::Status(401))],
        ..Script::default()
    });
    let good = FaultServer::start(Script::default());
    let text = suite(
        &denied.base_url(),
        &format!(
            ", api_key: \"${{CANARY_KEY}}\"}}\n  - {{id: other, kind: chat, base_url: \"{}\", model: m",
            good.base_url()
        ),
        "limits: {concurrency: 4}\n",
    );
    let mut bench = Bench::new(&text);
    bench.set("CANARY_KEY", "sk-kanarie-0123456789");
    bench.write("cases.jsonl", &cases(200));
    let ended = bench.evenhand(&["run", "suite.yaml"]).expect(5);
    let Ended { stdout, stderr, .. } = &ended;
    assert!(
        !format!("{stdout}{stderr}").contains("kanarie-0123"),
        "{stdout}{stderr}"
    );
    let ended = ended
        .printed("target `agent` is called no more after 5 equal refusals in a row")
        .printed("${CANARY_KEY}")
        .printed("--retry errors");
    ended.said("stopping: ");
    let calls = denied.log().len();
    assert!(
        (5..=9).contains(&calls),
        "{calls}: five, and what was under way"
    );
    assert_eq!(good.log().len(), 200, "the other target goes on");
    let (trials, completed, errors, stopped) = counts(&bench);
    assert_eq!((trials, completed), (200, 0));
    assert_eq!((errors as usize, stopped as usize), (calls, 200 - calls));
}

#[test]
fn a_program_that_cannot_be_started_is_not_started_forever() {
    let bench = Bench::new(
        "version: 1\nsuite: gone\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: command, command: [./no-such-agent]}\n\
         scorers:\n  - {id: same, kind: exact}\nlimits: {concurrency: 1}\n",
    );
    bench.write("cases.jsonl", &cases(50));
    bench
        .evenhand(&["run", "suite.yaml"])
        .expect(5)
        .printed("cannot be started")
        .printed("called no more");
    assert_eq!(counts(&bench), (50, 0, 5, 45));
}

#[test]
fn enough_failed_trials_stop_the_run_which_goes_on_when_told_to() {
    let bench = Bench::new(
        "version: 1\nsuite: wrong\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: scripted, answer: no}\n\
         scorers:\n  - {id: same, kind: exact}\nlimits: {concurrency: 1}\n",
    );
    bench.write("cases.jsonl", &cases(30));
    bench
        .evenhand(&["run", "suite.yaml", "--max-fail", "3"])
        .expect(5)
        .printed("3 trials failed, as many as --max-fail allows")
        .printed("--resume");
    assert_eq!(counts(&bench), (30, 3, 0, 27));
    // It counts anew; without it the run goes on to its end.
    bench
        .evenhand(&["run", "suite.yaml", "--resume", "--max-fail", "4"])
        .expect(5);
    assert_eq!(counts(&bench), (30, 7, 0, 23));
    bench.evenhand(&["run", "suite.yaml", "--resume"]).expect(0);
    assert_eq!(counts(&bench), (30, 30, 0, 0));
    // Reached with the last trial it has stopped nothing.
    bench.write("cases.jsonl", &cases(3));
    bench
        .evenhand(&["run", "suite.yaml", "--max-fail", "3"])
        .expect(0);
    bench
        .evenhand(&["run", "suite.yaml", "--max-fail", "0"])
        .expect(2);
}

// --- files ---------------------------------------------------------------------------------------------------------------------

#[test]
fn more_calls_than_files_may_be_open_are_lowered_and_said() {
    let server = FaultServer::start(Script::default());
    let bench = calling(&server.base_url(), 400, "", "");
    let run = format!(
        "ulimit -n 256 && exec {} run suite.yaml --concurrency 2000",
        support::binary::EVENHAND
    );
    let ended = Running::new(bench.command("sh", &["-c", &run]))
        .end()
        .expect(0);
    ended.said("concurrency lowered from 2000 to 32: the limit of open files allows no more");
    assert_eq!(counts(&bench), (400, 400, 0, 0));
    assert!(server.peak() <= 32, "{}", server.peak());
}
