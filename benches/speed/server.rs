//! A chat endpoint that costs as little as one can: fixed replies over connections that stay open, after a fixed latency.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PLAIN: &str = r#"{"id":"c-1","object":"chat.completion","created":1,"model":"fixed-1","choices":[{"index":0,"message":{"role":"assistant","content":"The answer is 42, as everybody knows who has read the book."},"finish_reason":"stop"}],"usage":{"prompt_tokens":21,"completion_tokens":14,"total_tokens":35}}"#;
const JUDGED: &str = r#"{"id":"c-2","object":"chat.completion","created":1,"model":"fixed-1","choices":[{"index":0,"message":{"role":"assistant","content":"Yes"},"logprobs":{"content":[{"token":"Yes","logprob":-0.02,"top_logprobs":[{"token":"Yes","logprob":-0.02},{"token":"No","logprob":-3.9}]}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":210,"completion_tokens":1,"total_tokens":211}}"#;

/// How many requests are being answered, and how many were at most.
#[derive(Default)]
struct Busy {
    now: Cell<u64>,
    most: Cell<u64>,
}

/// Serves until its standard input ends. Its address is the first line it prints.
pub(crate) fn serve(latency_ms: u64) {
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        // Whoever started this process is gone.
        #[expect(
            clippy::exit,
            clippy::disallowed_methods,
            reason = "there is nothing to be put in order"
        )]
        std::process::exit(0);
    });
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket
            .bind("127.0.0.1:0".parse().expect("an address"))
            .expect("a free port");
        let listener = socket.listen(4_096).expect("a listener");
        println!("http://{}", listener.local_addr().expect("its address"));
        let busy = Rc::new(Busy::default());
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let latency = Duration::from_millis(latency_ms);
                tokio::task::spawn_local(connection(stream, latency, Rc::clone(&busy)));
            }
        }
    });
}

async fn connection(mut stream: tokio::net::TcpStream, latency: Duration, busy: Rc<Busy>) {
    let mut held: Vec<u8> = Vec::with_capacity(8 << 10);
    loop {
        let (head, whole) = loop {
            if let Some(found) = request(&held) {
                break found;
            }
            match stream.read_buf(&mut held).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return,
            }
        };
        let reply = if held.starts_with(b"GET /stats") {
            let stats = format!(r#"{{"peak_inflight":{}}}"#, busy.most.replace(0));
            written(&stats)
        } else {
            busy.now.set(busy.now.get() + 1);
            busy.most.set(busy.most.get().max(busy.now.get()));
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            busy.now.set(busy.now.get() - 1);
            let asks_for_logprobs = find(&held[head..whole], b"\"top_logprobs\"").is_some();
            written(if asks_for_logprobs { JUDGED } else { PLAIN })
        };
        held.drain(..whole);
        if stream.write_all(&reply).await.is_err() {
            return;
        }
    }
}

fn written(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Where the head of a request that is there in full ends, and where its body.
fn request(held: &[u8]) -> Option<(usize, usize)> {
    let head = find(held, b"\r\n\r\n")? + 4;
    let length = held[..head]
        .split(|byte| *byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok()?.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    (held.len() >= head + length).then_some((head, head + length))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
}

/// A server that calls are made to: one of ours, ended when dropped, or one that is there already.
pub(crate) struct Server {
    pub(crate) url: String,
    child: Option<Child>,
}

impl Server {
    /// Starts one of ours.
    pub(crate) fn start(latency_ms: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program's own path"))
            .args(["--as-server", &latency_ms.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut url = String::new();
        BufReader::new(child.stdout.take().expect("its output"))
            .read_line(&mut url)
            .expect("its address");
        Self {
            url: url.trim().to_owned(),
            child: Some(child),
        }
    }

    /// One that is there already.
    pub(crate) fn at(url: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            child: None,
        }
    }

    /// The most requests that it had at once since this was last asked, where it says so.
    pub(crate) fn most_at_once(&self) -> Option<u64> {
        let address = self.url.strip_prefix("http://")?;
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        write!(stream, "GET /stats HTTP/1.1\r\nhost: {address}\r\n\r\n").ok()?;
        let mut said = [0_u8; 4_096];
        let count = stream.read(&mut said).ok()?;
        let said = String::from_utf8_lossy(&said[..count]);
        let (_, rest) = said.split_once("\"peak_inflight\":")?;
        let digits: String = rest
            .trim_start()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
