//! A server of chat completions and embeddings on loopback that errs on purpose: by a seed, by rule, or in a given order. It keeps a log of what it was
//! asked, and ends with the value that stands for it.
//!
//! Which mishap a request meets is a function of the seed, the request's last user message and how often that came before, so that it
//! does not depend on the order in which requests arrive.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value as Json, json};

/// What may go wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mishap {
    /// 429 with this `retry-after`.
    Limited(String),
    /// This status with an error body.
    Status(u16),
    /// Status and body as given.
    Says(u16, String),
    /// The connection is reset before a byte is sent.
    ResetBefore,
    /// It is reset in the middle of the reply.
    ResetInside,
    /// Status 200 and no JSON.
    Garbage,
    /// A reply (or stream) that ends properly for HTTP, and too early for JSON (or without its end).
    Truncated,
    /// Headers, then silence.
    Hang,
    /// The reply after a while.
    Slow(Duration),
    /// Status 200 with an error in the body.
    ErrorBody,
    /// A redirect to this address.
    Redirect(String),
    /// A body of this many bytes.
    Flood(usize),
    /// These bytes, head and all, a piece at a time; then the connection ends.
    Pieces(Vec<Vec<u8>>),
    /// Headers, then a byte each time this long is over, without end.
    Drip(Duration),
}

/// What is answered to a prompt.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The last user message contains this.
    pub(crate) contains: String,
    /// The text.
    pub(crate) text: String,
    /// Probabilities of the first token.
    pub(crate) tokens: Vec<(String, f64)>,
}

/// How the server behaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    /// Seeds the mishaps.
    pub(crate) seed: u64,
    /// Shares of requests that meet a mishap.
    pub(crate) shares: Vec<(f64, Mishap)>,
    /// Prompts (by a part of them) that always meet one.
    pub(crate) permanent: Vec<(String, Mishap)>,
    /// Mishaps of the first requests, in order; `None` goes well.
    pub(crate) first: Vec<Option<Mishap>>,
    /// Answers by prompt, the first that fits; without one the prompt comes back.
    pub(crate) answers: Vec<Answer>,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    /// Its last user message.
    pub(crate) prompt: String,
    /// Its body.
    pub(crate) body: Json,
    /// Its headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// What went wrong with it.
    pub(crate) mishap: Option<Mishap>,
}

#[derive(Default)]
struct State {
    log: Vec<Logged>,
    seen: BTreeMap<String, u64>,
    first: VecDeque<Option<Mishap>>,
    in_flight: usize,
    peak: usize,
}

struct Shared {
    script: Script,
    state: Mutex<State>,
    stop: AtomicBool,
    stopped: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no thread panics with the lock held")
    }

    /// Waits until the server ends or the time is over.
    fn wait(&self, time: Duration) {
        let state = self.state();
        let running = |_: &mut State| !self.stop.load(Ordering::SeqCst);
        drop(self.stopped.wait_timeout_while(state, time, running));
    }
}

/// The server. It ends when it is dropped.
pub(crate) struct FaultServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl FaultServer {
    /// Starts one on a free port.
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                first: script.first.iter().cloned().collect(),
                ..State::default()
            }),
            script,
            stop: AtomicBool::new(false),
            stopped: Condvar::new(),
        });
        let for_acceptor = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if for_acceptor.stop.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&for_acceptor);
                std::thread::spawn(move || serve(&shared, stream));
            }
        });
        Self {
            address,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// The base address for `chat`.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// All requests so far.
    pub(crate) fn log(&self) -> Vec<Logged> {
        self.shared.state().log.clone()
    }

    /// How often each prompt was asked.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.shared.state().seen.clone()
    }

    /// The most requests under way at once so far.
    pub(crate) fn peak(&self) -> usize {
        self.shared.state().peak
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        {
            let _state = self.shared.state();
            self.shared.stop.store(true, Ordering::SeqCst);
        }
        self.shared.stopped.notify_all();
        // Wakes the acceptor.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

fn serve(shared: &Shared, stream: TcpStream) {
    let patience = Some(Duration::from_secs(30));
    if stream.set_read_timeout(patience).is_err() || stream.set_nodelay(true).is_err() {
        return;
    }
    let Ok(mut writer) = stream.try_clone() else {
        return;
    };
    // One byte at a time from the system would be slow, a large buffer would read what must stay unread (see `Request::read`).
    let mut reader = BufReader::with_capacity(1, stream);
    while let Some(request) = Request::read(&mut reader) {
        if shared.stop.load(Ordering::SeqCst) {
            return;
        }
        let mishap = note(shared, &request);
        let reply = Reply::to(&request, &shared.script);
        let goes_on = answer(shared, &mut writer, &mut reader, &request, &reply, mishap);
        shared.state().in_flight -= 1;
        if !goes_on {
            return;
        }
    }
}

/// A request of which the last byte is still unread: a socket that is closed with unread bytes resets its connection.
struct Request {
    headers: Vec<(String, String)>,
    body: Json,
    prompt: String,
}

impl Request {
    fn read(reader: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut headers = Vec::new();
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|count| *count > 0)?;
        loop {
            line.clear();
            reader
                .read_line(&mut line)
                .ok()
                .filter(|count| *count > 0)?;
            match line.trim().split_once(':') {
                Some((name, value)) => {
                    headers.push((name.to_lowercase(), value.trim().to_owned()));
                }
                None => break,
            }
        }
        let length: usize = headers
            .iter()
            .find(|(name, _)| name == "content-length")?
            .1
            .parse()
            .ok()?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body[..length - 1]).ok()?;
        body[length - 1] = b'}';
        let body: Json = serde_json::from_slice(&body).ok()?;
        let prompt = body["messages"]
            .as_array()
            .and_then(|messages| {
                messages
                    .iter()
                    .rev()
                    .find(|message| message["role"] == "user")
            })
            .and_then(|message| message["content"].as_str())
            .map_or_else(|| inputs(&body).join("\n"), str::to_owned);
        Some(Self {
            headers,
            body,
            prompt,
        })
    }
}

/// The texts of a request for embeddings; none where it is no such request.
pub(crate) fn inputs(body: &Json) -> Vec<String> {
    let texts = body["input"].as_array().into_iter().flatten();
    texts
        .map(|text| text.as_str().unwrap_or_default().to_owned())
        .collect()
}

/// A text's vector: how often it has each of eight groups of letters. One that says `zero` has none.
fn vector(text: &str) -> Vec<u32> {
    let mut counts = vec![0; 8];
    if text.contains("zero") {
        return counts;
    }
    for byte in text.bytes() {
        counts[usize::from(byte % 8)] += 1;
    }
    counts
}

/// Logs the request and decides what goes wrong with it.
fn note(shared: &Shared, request: &Request) -> Option<Mishap> {
    let mut state = shared.state();
    state.in_flight += 1;
    state.peak = state.peak.max(state.in_flight);
    let count = state.seen.entry(request.prompt.clone()).or_default();
    let before = *count;
    *count += 1;
    let script = &shared.script;
    let permanent = script
        .permanent
        .iter()
        .find(|(part, _)| request.prompt.contains(part.as_str()))
        .map(|(_, mishap)| mishap.clone());
    let mishap = permanent.or_else(|| match state.first.pop_front() {
        Some(given) => given,
        None => drawn(script, &request.prompt, before),
    });
    state.log.push(Logged {
        prompt: request.prompt.clone(),
        body: request.body.clone(),
        headers: request.headers.clone(),
        mishap: mishap.clone(),
    });
    mishap
}

fn drawn(script: &Script, prompt: &str, before: u64) -> Option<Mishap> {
    let mut hash = script.seed ^ before.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in prompt.bytes() {
        hash = mixed(hash ^ u64::from(byte));
    }
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
    let mut left = (mixed(hash) >> 11) as f64 / (1_u64 << 53) as f64;
    script
        .shares
        .iter()
        .find(|(share, _)| {
            left -= share;
            left < 0.0
        })
        .map(|(_, mishap)| mishap.clone())
}

/// The finaliser of splitmix64 (Steele, Lea and Flood 2014).
fn mixed(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A good reply.
struct Reply {
    body: Vec<u8>,
    is_stream: bool,
}

impl Reply {
    fn to(request: &Request, script: &Script) -> Self {
        let found = script
            .answers
            .iter()
            .find(|answer| request.prompt.contains(&answer.contains));
        let text = found.map_or(request.prompt.as_str(), |answer| &answer.text);
        let usage = json!({
            "prompt_tokens": request.prompt.split_whitespace().count(),
            "completion_tokens": text.split_whitespace().count(),
        });
        let logprobs = match (found, &request.body["logprobs"]) {
            (Some(answer), Json::Bool(true)) if !answer.tokens.is_empty() => logprobs(answer),
            _ => Json::Null,
        };
        let model = &request.body["model"];
        let texts = inputs(&request.body);
        if !texts.is_empty() {
            let vectors = texts.iter().enumerate();
            let data: Vec<Json> = vectors
                .map(|(index, text)| json!({"index": index, "embedding": vector(text)}))
                .collect();
            let tokens = request.prompt.split_whitespace().count();
            let body = json!({
                "model": model,
                "data": data,
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            });
            return Self {
                body: body.to_string().into_bytes(),
                is_stream: false,
            };
        }
        if request.body["stream"] != true {
            let body = json!({
                "model": model,
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", "logprobs": logprobs}],
                "usage": usage,
            });
            return Self {
                body: body.to_string().into_bytes(),
                is_stream: false,
            };
        }
        let chunk =
            |choices: Json| format!("data: {}\n\n", json!({"model": model, "choices": choices}));
        let mut body = chunk(json!([{"index": 0, "delta": {"role": "assistant", "content": ""}}]));
        for word in text.split_inclusive(' ') {
            body += &chunk(json!([{"index": 0, "delta": {"content": word}}]));
        }
        body += &chunk(
            json!([{"index": 0, "delta": {}, "finish_reason": "stop", "logprobs": logprobs}]),
        );
        if request.body["stream_options"]["include_usage"] == true {
            body += &format!("data: {}\n\n", json!({"choices": [], "usage": usage}));
        }
        body += "data: [DONE]\n\n";
        Self {
            body: body.into_bytes(),
            is_stream: true,
        }
    }

    fn head(&self, length: usize) -> String {
        let kind = if self.is_stream {
            "text/event-stream"
        } else {
            "application/json"
        };
        format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n")
    }
}

fn logprobs(answer: &Answer) -> Json {
    let mut top: Vec<(&str, f64)> = answer
        .tokens
        .iter()
        .map(|(token, probability)| (token.as_str(), probability.ln()))
        .collect();
    top.sort_by(|a, b| b.1.total_cmp(&a.1));
    let list: Vec<Json> = top
        .iter()
        .map(|(token, logprob)| json!({"token": token, "logprob": logprob}))
        .collect();
    json!({"content": [{"token": top[0].0, "logprob": top[0].1, "top_logprobs": list}]})
}

/// Answers, well or with the mishap. True if the connection goes on.
fn answer(
    shared: &Shared,
    writer: &mut TcpStream,
    reader: &mut BufReader<TcpStream>,
    request: &Request,
    reply: &Reply,
    mishap: Option<Mishap>,
) -> bool {
    let mut whole = |status: &str, more: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{more}\r\n",
            body.len()
        );
        writer.write_all(&[head.as_bytes(), body].concat()).is_ok()
    };
    let error =
        |message: &str| json!({"error": {"message": message, "type": "server_error"}}).to_string();
    if matches!(mishap, Some(Mishap::ResetBefore)) {
        return false;
    }
    if matches!(mishap, Some(Mishap::ResetInside)) {
        let half = &reply.body[..reply.body.len() / 2];
        drop(writer.write_all(&[reply.head(reply.body.len()).as_bytes(), half].concat()));
        return false;
    }
    if reader.read_exact(&mut [0]).is_err() {
        return false;
    }
    match mishap {
        None => {}
        Some(Mishap::Limited(wait)) => {
            let more = format!("retry-after: {wait}\r\n");
            return whole(
                "429 Too Many Requests",
                &more,
                error("slow down").as_bytes(),
            );
        }
        Some(Mishap::Status(status)) => {
            // Some services repeat the key that they refuse.
            let key = request
                .headers
                .iter()
                .find(|(name, _)| name == "authorization")
                .map_or("", |(_, value)| value);
            let body = error(&format!("status {status} for {key}"));
            return whole(&format!("{status} Scripted"), "", body.as_bytes());
        }
        Some(Mishap::Says(status, body)) => {
            return whole(&format!("{status} Scripted"), "", body.as_bytes());
        }
        Some(Mishap::Garbage) => return whole("200 OK", "", b"<html>\xff\xfe not JSON"),
        Some(Mishap::ErrorBody) => return whole("200 OK", "", error("overloaded").as_bytes()),
        Some(Mishap::Redirect(to)) => {
            return whole(
                "307 Temporary Redirect",
                &format!("location: {to}\r\n"),
                b"{}",
            );
        }
        Some(Mishap::Flood(bytes)) => return whole("200 OK", "", &vec![b' '; bytes]),
        Some(Mishap::Pieces(pieces)) => {
            for piece in pieces {
                if writer.write_all(&piece).is_err() {
                    break;
                }
                shared.wait(Duration::from_millis(5));
            }
            return false;
        }
        Some(Mishap::Drip(pause)) => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
            let mut more = writer.write_all(head.as_bytes());
            while more.is_ok() && !shared.stop.load(Ordering::SeqCst) {
                shared.wait(pause);
                more = writer.write_all(b" ");
            }
            return false;
        }
        Some(Mishap::Hang) => {
            drop(writer.write_all(reply.head(reply.body.len()).as_bytes()));
            shared.wait(Duration::from_secs(600));
            return false;
        }
        Some(Mishap::Slow(time)) => shared.wait(time),
        Some(Mishap::Truncated) => {
            let half = &reply.body[..reply.body.len() / 2];
            let head = reply.head(half.len());
            return writer.write_all(&[head.as_bytes(), half].concat()).is_ok();
        }
        Some(Mishap::ResetBefore | Mishap::ResetInside) => return false,
    }
    let head = reply.head(reply.body.len());
    writer
        .write_all(&[head.as_bytes(), &reply.body].concat())
        .is_ok()
}
