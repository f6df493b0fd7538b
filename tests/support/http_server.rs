//! A server on loopback that answers whatever a function says, byte for byte, and keeps a log of what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value as Json;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Method and target: `POST /ask?q=1`.
    pub(crate) line: String,
    /// Headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Only so much of the body is sent, then the connection is closed.
    pub(crate) cut: Option<usize>,
    /// The body is sent in pieces of so many bytes.
    pub(crate) pieces: Option<usize>,
    /// Nothing is sent for so long.
    pub(crate) silent: Duration,
}

impl Said {
    pub(crate) fn json(json: &Json) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/json".into())],
            body: json.to_string().into_bytes(),
            cut: None,
            pieces: None,
            silent: Duration::ZERO,
        }
    }

    pub(crate) fn stream(body: &str) -> Self {
        Self {
            headers: vec![("content-type", "text/event-stream; charset=utf-8".into())],
            body: body.into(),
            ..Self::json(&Json::Null)
        }
    }

    pub(crate) fn status(status: u16, json: &Json) -> Self {
        Self {
            status,
            ..Self::json(json)
        }
    }
}

type Answer = Box<dyn FnMut(&Asked) -> Said + Send>;

struct Shared {
    answer: Mutex<Answer>,
    log: Mutex<Vec<Asked>>,
    stop: AtomicBool,
}

/// The server. It ends when it is dropped.
pub(crate) struct HttpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl HttpServer {
    /// Starts one on a free port.
    pub(crate) fn start(answer: impl FnMut(&Asked) -> Said + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            answer: Mutex::new(Box::new(answer)),
            log: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        let for_acceptor = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if for_acceptor.stop.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&for_acceptor);
                std::thread::spawn(move || serve(&shared, &stream));
            }
        });
        Self {
            address,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub(crate) fn log(&self) -> Vec<Asked> {
        self.shared
            .log
            .lock()
            .expect("no thread panics with the lock held")
            .clone()
    }

    /// Their first lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.log().into_iter().map(|asked| asked.line).collect()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the acceptor.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

fn serve(shared: &Shared, stream: &TcpStream) {
    let patience = Some(Duration::from_secs(30));
    if stream.set_read_timeout(patience).is_err() || stream.set_nodelay(true).is_err() {
        return;
    }
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(asked) = read(&mut reader) {
        shared
            .log
            .lock()
            .expect("no thread panics with the lock held")
            .push(asked.clone());
        let said = (shared.answer.lock().expect("no answer panics"))(&asked);
        std::thread::park_timeout(said.silent);
        let mut head = format!(
            "HTTP/1.1 {} Scripted\r\ncontent-length: {}\r\n",
            said.status,
            said.body.len()
        );
        for (name, value) in &said.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        let body = &said.body[..said.cut.unwrap_or(said.body.len())];
        let size = said.pieces.unwrap_or(body.len()).max(1);
        let sent = writer.write_all(head.as_bytes()).and_then(|()| {
            body.chunks(size)
                .try_for_each(|piece| writer.write_all(piece).and_then(|()| writer.flush()))
        });
        if sent.is_err() || said.cut.is_some() {
            drop(stream.shutdown(Shutdown::Both));
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|count| *count > 0)?;
    let first = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    let mut headers: Vec<(String, String)> = Vec::new();
    loop {
        line.clear();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|count| *count > 0)?;
        match line.trim().split_once(':') {
            Some((name, value)) => headers.push((name.to_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, length)| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        line: first,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
