//! A verb that serves a page under way, and a client of its page that keeps every byte that it is sent.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::cli::{Desk, Said};

/// Nothing that a test waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The page of a process.
pub(crate) struct Page {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// The address that was printed; used up by [`Page::start`].
    pub(crate) port: u16,
    room: String,
    cookie: String,
    /// All that the client was sent.
    pub(crate) received: RefCell<Vec<u8>>,
}

/// Starts `annotate` and answers it with the address that it prints.
pub(crate) fn start(desk: &Desk, arguments: &[&str]) -> (Child, BufReader<ChildStdout>, String) {
    opened(desk, &[&["annotate"], arguments].concat())
}

/// Starts a verb that serves a page, and answers it with the address that it prints.
pub(crate) fn opened(desk: &Desk, arguments: &[&str]) -> (Child, BufReader<ChildStdout>, String) {
    let mut child = desk
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("its output is ours"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("its output can be read");
    let Some(url) = line.strip_prefix("open ") else {
        let mut said = String::new();
        let mut stderr = child.stderr.take().expect("its talk is ours");
        let _ = stderr.read_to_string(&mut said);
        panic!("no page: {line}{said}");
    };
    (child, stdout, url.trim().to_owned())
}

impl Page {
    /// Starts `annotate` with these arguments and opens its page.
    pub(crate) fn start(desk: &Desk, arguments: &[&str]) -> Self {
        Self::open(desk, &[&["annotate"], arguments].concat())
    }

    /// Starts a verb that serves a page, and opens it.
    pub(crate) fn open(desk: &Desk, arguments: &[&str]) -> Self {
        let (child, stdout, url) = opened(desk, arguments);
        let (_, rest) = url.split_once("http://127.0.0.1:").expect("loopback");
        let (port, token) = rest.split_once('/').expect("a token");
        let mut page = Self {
            child,
            stdout,
            port: port.parse().expect("a port"),
            room: String::new(),
            cookie: String::new(),
            received: RefCell::default(),
        };
        let answer = page.raw(&format!(
            "GET /{token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        ));
        let header = |name: &str| {
            let found = answer.lines().find_map(|line| line.strip_prefix(name));
            found.expect("a header").trim().to_owned()
        };
        page.room = header("location:");
        let cookie = header("set-cookie:");
        page.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        page
    }

    fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a bound for reading");
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("it is answered");
        self.received.borrow_mut().extend_from_slice(&bytes);
        String::from_utf8(bytes).expect("answers are UTF-8")
    }

    /// The status and the body of what is shown.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        parted(&self.raw(&format!(
            "GET {}{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\r\n",
            self.room, self.port, self.cookie
        )))
    }

    /// Does something.
    pub(crate) fn post(&self, path: &str, body: &Json) -> (u16, Json) {
        let body = body.to_string();
        let (status, answer) = parted(&self.raw(&format!(
            "POST {}{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {}\r\nOrigin: http://127.0.0.1:{port}\r\n\
             Sec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.room,
            self.cookie,
            body.len(),
            port = self.port,
        )));
        (status, serde_json::from_str(&answer).unwrap_or_default())
    }

    /// What the page begins with.
    pub(crate) fn state(&self) -> Json {
        let (status, body) = self.get("state");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// Answers the first card of a state, and gives the next state.
    pub(crate) fn answer(&self, state: &Json, answer: &str) -> Json {
        let asked = json!({"token": state["cards"][0]["token"], "answer": answer, "seconds": 2.5});
        let (status, next) = self.post("answer", &asked);
        assert_eq!(status, 200, "{next}");
        next
    }

    /// Kills the process at once.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it has ended");
    }

    /// Ends it as the page does, and answers what it said.
    pub(crate) fn quit(mut self) -> Said {
        assert_eq!(self.post("quit", &json!({})).0, 200);
        self.rest()
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn signal(mut self, name: &str) -> Said {
        let id = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &id])
            .status();
        assert!(sent.expect("kill starts").success());
        self.rest()
    }

    fn rest(&mut self) -> Said {
        let mut said = Said {
            stdout: String::new(),
            stderr: String::new(),
            code: 0,
        };
        self.stdout
            .read_to_string(&mut said.stdout)
            .expect("its output can be read");
        let mut stderr = self.child.stderr.take().expect("its talk is ours");
        stderr
            .read_to_string(&mut said.stderr)
            .expect("its talk can be read");
        let status = self.child.wait().expect("it ends");
        said.code = status.code().expect("by itself");
        said
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // It has ended already, save where a test failed half-way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn parted(answer: &str) -> (u16, String) {
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    (status.expect("a status"), body.to_owned())
}
