//! The local server, spoken to byte by byte: whoever is not the page that it was opened for gets nothing.
#![cfg(feature = "serve")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use evenhand::serve::{Limits, Method, Pages, Request, Response, Server};

/// Nothing that a test waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Counts what is done.
#[derive(Default)]
struct Counter {
    done: AtomicUsize,
    shown: AtomicUsize,
}

impl Pages for Counter {
    fn answer(&self, request: Request) -> Response {
        match (request.method, request.path.as_str()) {
            (Method::Get, "") => {
                self.shown.fetch_add(1, Ordering::SeqCst);
                Response::html(b"<p>page".to_vec(), "default-src 'none'".to_owned())
            }
            (Method::Post, "do") => {
                self.done.fetch_add(1, Ordering::SeqCst);
                Response::words(200, &format!("{} bytes", request.body.len()))
            }
            (Method::Get, "do") => Response::wrong_method(),
            _ => Response::missing(),
        }
    }
}

/// A server under way, opened by its token.
struct Open {
    port: u16,
    room: String,
    cookie: String,
    pages: Arc<Counter>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl Open {
    fn new(limits: Limits) -> Self {
        let server = Server::bind(0).expect("a free port");
        let url = server.url();
        let (_, rest) = url.split_once("127.0.0.1:").expect("loopback");
        let (port, token) = rest.split_once('/').expect("a token");
        let pages = Arc::new(Counter::default());
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let shown = Arc::clone(&pages);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let until = async {
                let _ = stopped.await;
            };
            runtime
                .block_on(server.run(shown, limits, until))
                .expect("the server ends well");
        });
        let mut open = Self {
            port: port.parse().expect("a port"),
            room: String::new(),
            cookie: String::new(),
            pages,
            stop: Some(stop),
            server: Some(thread),
        };
        let answer = open.raw(&format!(
            "GET /{token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        ));
        assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
        open.room = header(&answer, "location").expect("a page");
        let cookie = header(&answer, "set-cookie").expect("a cookie");
        for part in ["; HttpOnly", "; SameSite=Strict"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        open.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let again = open.raw(&format!(
            "GET /{token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        ));
        assert_eq!(status(&again), 403, "the token works once");
        open
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a bound for reading");
        stream
    }

    /// Sends bytes and reads until the server hangs up.
    fn raw(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).expect("it is sent");
        heard(&mut stream)
    }

    /// A request with these headers besides host and cookie.
    fn ask(&self, line: &str, headers: &str, body: &str) -> String {
        let line = line.replace("ROOM/", &self.room);
        self.raw(&format!(
            "{line} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\nConnection: close\r\n{headers}\r\n{body}",
            self.port, self.cookie
        ))
    }

    /// The headers of the page's own request with a body of this length.
    fn own(&self, length: usize) -> String {
        format!(
            "Origin: http://127.0.0.1:{}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n",
            self.port
        )
    }

    fn done(&self) -> usize {
        self.pages.done.load(Ordering::SeqCst)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let ended = server.join();
            assert!(ended.is_ok() || std::thread::panicking());
        }
    }
}

/// All that comes until the other side hangs up.
fn heard(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            // It hung up on what it had not read.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error}"),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    code.unwrap_or_else(|| panic!("no answer: {answer}"))
}

fn header(answer: &str, name: &str) -> Option<String> {
    let (head, _) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

#[test]
fn only_loopback_is_listened_on_and_every_start_has_a_port_and_a_token_of_its_own() {
    let one = Open::new(Limits::default());
    let other = Open::new(Limits::default());
    assert_ne!(one.port, other.port);
    assert_ne!(one.room, other.room);
    // Another address of this very machine, which a server on all addresses would answer on.
    let elsewhere = std::net::SocketAddr::from(([127, 0, 0, 2], one.port));
    assert!(TcpStream::connect_timeout(&elsewhere, Duration::from_secs(5)).is_err());
    let taken = Server::bind(one.port).expect_err("the port is taken");
    assert!(taken.to_string().contains(&one.port.to_string()), "{taken}");
    assert_eq!(status(&one.ask("GET ROOM/", "", "")), 200);
}

#[test]
fn a_name_that_leads_here_is_not_this_server() {
    let open = Open::new(Limits::default());
    let port = open.port;
    for host in [
        "Host: evil.test\r\n".to_owned(),
        format!("Host: localhost.attacker.test:{port}\r\n"),
        format!("Host: 127.0.0.1.attacker.test:{port}\r\n"),
        format!("Host: localhost:{port}\r\n"),
        "Host: 127.0.0.1\r\n".to_owned(),
        format!("Host: 127.0.0.1:{port}\r\nHost: evil.test\r\n"),
        String::new(),
    ] {
        let answer = open.raw(&format!(
            "GET {} HTTP/1.1\r\n{host}Cookie: {}\r\nConnection: close\r\n\r\n",
            open.room, open.cookie
        ));
        assert!([400, 421].contains(&status(&answer)), "{host}: {answer}");
        assert!(!answer.contains("<p>page"), "{host}");
    }
    let absolute = format!(
        "GET http://evil.test{} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {}\r\nConnection: close\r\n\r\n",
        open.room, open.cookie
    );
    assert_eq!(status(&open.raw(&absolute)), 421);
    assert_eq!(open.pages.shown.load(Ordering::SeqCst), 0);
}

#[test]
fn another_site_changes_nothing_and_a_get_never_does() {
    let open = Open::new(Limits::default());
    let port = open.port;
    let own = format!("Origin: http://127.0.0.1:{port}\r\n");
    let json = "Content-Type: application/json\r\n";
    let length = "Content-Length: 2\r\n";
    for (headers, wanted) in [
        (format!("{own}Content-Type: text/plain\r\n{length}"), 415),
        (
            format!("{own}Content-Type: application/x-www-form-urlencoded\r\n{length}"),
            415,
        ),
        (
            format!("{own}Content-Type: multipart/form-data; boundary=x\r\n{length}"),
            415,
        ),
        (format!("{own}{length}"), 415),
        (format!("{json}{length}Sec-Fetch-Site: cross-site\r\n"), 403),
        (format!("{json}{length}"), 403),
        (format!("Origin: null\r\n{json}{length}"), 403),
        (format!("Origin: http://evil.test\r\n{json}{length}"), 403),
        (format!("Origin: http://127.0.0.1:1\r\n{json}{length}"), 403),
        (
            format!("Origin: http://localhost:{port}\r\n{json}{length}"),
            403,
        ),
        (
            format!("{own}{json}{length}Sec-Fetch-Site: same-site\r\n"),
            403,
        ),
    ] {
        let answer = open.ask("POST ROOM/do", &headers, "{}");
        assert_eq!(status(&answer), wanted, "{headers}{answer}");
        assert_eq!(header(&answer, "access-control-allow-origin"), None);
    }
    let socket = open.ask(
        "GET ROOM/do",
        "Origin: http://evil.test\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
        "",
    );
    assert_eq!(status(&socket), 403);
    let preflight = open.ask(
        "OPTIONS ROOM/do",
        "Origin: http://evil.test\r\nAccess-Control-Request-Method: POST\r\n",
        "",
    );
    assert_eq!(status(&preflight), 405);
    assert_eq!(header(&preflight, "access-control-allow-methods"), None);
    assert_eq!(status(&open.ask("GET ROOM/do", "", "")), 405);
    let without = format!(
        "POST {}do HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{}\r\n{{}}",
        open.room,
        open.own(2)
    );
    assert_eq!(status(&open.raw(&without)), 403, "no cookie");
    assert_eq!(open.done(), 0);
    assert_eq!(status(&open.ask("POST ROOM/do", &open.own(2), "{}")), 200);
    assert_eq!(open.done(), 1);
}

#[test]
fn every_answer_forbids_frames_guesses_and_traces() {
    let open = Open::new(Limits::default());
    for (line, headers, wanted) in [
        ("GET ROOM/", String::new(), 200),
        ("GET ROOM/nothing", String::new(), 404),
        ("GET /", String::new(), 404),
        ("DELETE ROOM/", String::new(), 405),
        ("POST ROOM/do", String::new(), 403),
        ("POST ROOM/do", open.own(0), 200),
    ] {
        let answer = open.ask(line, &headers, "");
        assert_eq!(status(&answer), wanted, "{line}");
        let has = |name: &str, value: &str| {
            let found = header(&answer, name).unwrap_or_default();
            assert!(found.contains(value), "{line}: {name}: {found}");
        };
        has("content-security-policy", "frame-ancestors 'none'");
        has("content-security-policy", "default-src 'none'");
        has("x-content-type-options", "nosniff");
        has("referrer-policy", "no-referrer");
        has("cross-origin-opener-policy", "same-origin");
        has("cross-origin-resource-policy", "same-origin");
        has("cache-control", "no-store");
        for name in [
            "access-control-allow-origin",
            "access-control-allow-credentials",
            "server",
        ] {
            assert_eq!(header(&answer, name), None, "{line}");
        }
    }
}

#[test]
fn a_path_leads_to_no_file_and_a_long_body_is_refused_unread() {
    let limits = Limits {
        body_bytes: 1_000,
        ..Limits::default()
    };
    let open = Open::new(limits);
    for path in [
        "ROOM/../../etc/passwd",
        "ROOM/%2e%2e/%2e%2e/etc/passwd",
        "ROOM/..%2fetc",
        "ROOM//etc/passwd",
        "ROOM/.",
        "/etc/passwd",
    ] {
        let answer = open.ask(&format!("GET {path}"), "", "");
        assert_eq!(status(&answer), 404, "{path}");
    }
    let announced = open.ask("POST ROOM/do", &open.own(1 << 30), "{");
    assert_eq!(status(&announced), 413);
    let chunked = open
        .own(0)
        .replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let piece = format!("400\r\n{}\r\n", "x".repeat(0x400));
    let answer = open.ask("POST ROOM/do", &chunked, &piece.repeat(8));
    assert_eq!(status(&answer), 413);
    let fits = open.ask("POST ROOM/do", &open.own(1_000), &"x".repeat(1_000));
    assert!(fits.ends_with("1000 bytes\n"), "{fits}");
    let head = format!("X-Long: {}\r\n", "x".repeat(64 << 10));
    assert_eq!(status(&open.ask("GET ROOM/", &head, "")), 431);
    assert_eq!(open.done(), 1);
}

#[test]
fn slow_clients_are_hung_up_on_and_keep_nobody_out() {
    let short = Duration::from_millis(200);
    let open = Open::new(Limits {
        head: short,
        body: short,
        connections: 3,
        ..Limits::default()
    });
    // More than may be connected at once: one says nothing, one half a line, one half its headers, again and again.
    let slow: Vec<TcpStream> = (0..9)
        .map(|nth| {
            let mut stream = open.connect();
            let part = ["", "GET /", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"][nth % 3];
            stream.write_all(part.as_bytes()).expect("it is sent");
            stream
        })
        .collect();
    assert_eq!(status(&open.ask("GET ROOM/", "", "")), 200);
    for mut stream in slow {
        assert!(!heard(&mut stream).contains("<p>page"));
    }
    let body = open.ask("POST ROOM/do", &open.own(100), "{\"half");
    assert_eq!(status(&body), 408);
    assert_eq!(open.done(), 0);
}

#[test]
fn a_connection_has_an_end_even_if_it_is_used() {
    let open = Open::new(Limits {
        connection: Duration::from_millis(100),
        ..Limits::default()
    });
    let mut stream = open.connect();
    // It is idle when its time is over, and closed although it could be used again.
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\n\r\n",
        open.room, open.port, open.cookie
    );
    stream.write_all(request.as_bytes()).expect("it is sent");
    assert_eq!(status(&heard(&mut stream)), 200);
}

#[test]
fn a_stop_ends_the_server_with_whoever_is_connected() {
    let open = Open::new(Limits::default());
    let mut idle = open.connect();
    let port = open.port;
    drop(open);
    assert_eq!(heard(&mut idle), "");
    let _ = idle.shutdown(Shutdown::Both);
    assert!(Server::bind(port).is_ok(), "the port is free again");
}
