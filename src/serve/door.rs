//! Who is let in: decided by method, path and headers alone, before a byte of a body is read.

use std::sync::atomic::{AtomicBool, Ordering};

use hyper::header::{self, HeaderMap, HeaderName};
use hyper::http::request::Parts;

use super::page::{Method, Response};
use super::secret::{is_same, secret};
use super::{Request, ServeError};

/// Who is let in.
#[derive(Debug)]
pub(super) struct Door {
    /// The only host that may be asked for: `127.0.0.1:4711`.
    host: String,
    /// The only origin that may ask for changes.
    origin: String,
    /// Works once.
    token: String,
    is_used: AtomicBool,
    /// The cookie. Cookies know no ports: its name does.
    cookie: String,
    key: String,
    /// The folder that everything stands in: `/3f..`. The cookie is sent there only.
    room: String,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Entry {
    /// It is let in; its body is still to be read.
    Inside(Request),
    /// The token was right: to be sent on to the page, with the cookie.
    Opened {
        /// The page.
        to: String,
        /// The cookie, as the header has it.
        cookie: String,
    },
}

impl Door {
    pub(super) fn new(port: u16) -> Result<Self, ServeError> {
        let host = match port {
            // A browser does not name the port that it takes by itself.
            80 => "127.0.0.1".to_owned(),
            port => format!("127.0.0.1:{port}"),
        };
        Ok(Self {
            origin: format!("http://{host}"),
            host,
            token: secret()?,
            is_used: AtomicBool::new(false),
            cookie: format!("evenhand-{port}"),
            key: secret()?,
            room: format!("/{}", secret()?),
        })
    }

    /// The address that is opened in a browser, once.
    pub(super) fn url(&self) -> String {
        format!("{}/open/{}", self.origin, self.token)
    }

    /// Whether a request is let in, or what is answered instead.
    pub(super) fn entry(&self, parts: &Parts) -> Result<Entry, Response> {
        let refuse = |status, words| Err(Response::words(status, words));
        let headers = &parts.headers;
        // A name that some other site made point to this machine is no name of this server.
        if only(headers, &header::HOST) != Some(self.host.as_str()) {
            return refuse(421, "this server has another name");
        }
        if let Some(authority) = parts.uri.authority()
            && authority.as_str() != self.host
        {
            return refuse(421, "this server has another name");
        }
        let method = match parts.method {
            hyper::Method::GET => Method::Get,
            hyper::Method::POST => Method::Post,
            _ => return refuse(405, "GET or POST is wanted"),
        };
        self.not_from_elsewhere(headers, method)?;
        if let Some(token) = parts.uri.path().strip_prefix("/open/") {
            return self.open(token, method, headers);
        }
        if !self.has_key(headers) {
            return refuse(
                403,
                "open the address that evenhand printed; it works once, start again for another",
            );
        }
        let path = match parts.uri.path().strip_prefix(&self.room) {
            Some(path) => path.strip_prefix('/').filter(|path| is_plain(path)),
            None => None,
        };
        let Some(path) = path else {
            return Err(Response::missing());
        };
        if method == Method::Post && !is_json(headers) {
            return refuse(415, "a body of type application/json is wanted");
        }
        Ok(Entry::Inside(Request {
            method,
            path: path.to_owned(),
            query: parts.uri.query().map(str::to_owned),
            body: Vec::new(),
        }))
    }

    /// Refuses what another site makes a browser send.
    fn not_from_elsewhere(&self, headers: &HeaderMap, method: Method) -> Result<(), Response> {
        let refuse = |words| Err(Response::words(403, words));
        let site = all(headers, &HeaderName::from_static("sec-fetch-site"));
        let may =
            |site: &&str| *site == "same-origin" || (*site == "none" && method == Method::Get);
        if !site.iter().all(may) {
            return refuse("this is not for other sites");
        }
        let origin = all(headers, &header::ORIGIN);
        let is_own = origin.iter().all(|origin| *origin == self.origin);
        match (method, origin.len(), is_own) {
            (_, _, false) => refuse("this is not for other sites"),
            (Method::Post, 1, true) | (Method::Get, 0 | 1, true) => Ok(()),
            _ => refuse("a request that changes something must say from where it comes"),
        }
    }

    fn open(&self, token: &str, method: Method, headers: &HeaderMap) -> Result<Entry, Response> {
        if method != Method::Get {
            return Err(Response::wrong_method());
        }
        // A page that is fetched in case somebody wants it is not opened yet.
        let is_guess = ["sec-purpose", "purpose", "x-moz"]
            .into_iter()
            .any(|name| headers.contains_key(HeaderName::from_static(name)));
        let is_right = is_same(token, &self.token);
        if is_guess || !is_right || self.is_used.swap(true, Ordering::SeqCst) {
            return Err(Response::words(
                403,
                "this address does not work, or was used before; start evenhand again for another",
            ));
        }
        Ok(Entry::Opened {
            to: format!("{}/", self.room),
            cookie: format!(
                "{}={}; HttpOnly; SameSite=Strict; Path={}/",
                self.cookie, self.key, self.room
            ),
        })
    }

    fn has_key(&self, headers: &HeaderMap) -> bool {
        let cookies = all(headers, &header::COOKIE);
        let mut pairs = cookies
            .iter()
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == self.cookie && is_same(value, &self.key))
    }
}

/// The values of a header; what is no text is one that fits nothing.
fn all<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let values = headers.get_all(name).iter();
    values
        .map(|value| value.to_str().unwrap_or("\u{fffd}"))
        .collect()
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    match all(headers, name)[..] {
        [value] => Some(value),
        _ => None,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = only(headers, &header::CONTENT_TYPE).unwrap_or_default();
    let (kind, parameter) = kind.split_once(';').unwrap_or((kind, ""));
    let parameter = parameter.trim();
    kind.trim().eq_ignore_ascii_case("application/json")
        && (parameter.is_empty() || parameter.eq_ignore_ascii_case("charset=utf-8"))
}

/// Whether a path leads nowhere but down: no escapes, no dots by themselves, nothing empty between slashes.
fn is_plain(path: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let is_part = |part: &str| !part.is_empty() && part.bytes().any(|byte| byte != b'.');
    path.is_empty() || (path.bytes().all(is_letter) && path.split('/').all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: (&str, &str) = ("origin", "http://127.0.0.1:4711");
    const JSON: (&str, &str) = ("content-type", "application/json");

    fn parts(line: &str, headers: &[(&str, &str)]) -> Parts {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = hyper::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn status(door: &Door, line: &str, headers: &[(&str, &str)]) -> u16 {
        let line = line.replace("ROOM", &door.room);
        let cookie = format!("x=1; {}={}", door.cookie, door.key);
        let own = [("host", door.host.as_str()), ("cookie", cookie.as_str())];
        let headers: Vec<_> = own.iter().chain(headers).copied().collect();
        match door.entry(&parts(&line, &headers)) {
            Ok(_) => 200,
            Err(response) => response.status,
        }
    }

    #[test]
    fn what_is_plain_and_from_the_own_page_is_let_in_and_nothing_else() {
        let door = Door::new(4711).unwrap();
        for (line, headers, wanted) in [
            ("GET ROOM/", &[][..], 200),
            (
                "GET ROOM/cards?n=2",
                &[("sec-fetch-site", "same-origin")],
                200,
            ),
            ("GET ROOM/case/7.json", &[("sec-fetch-site", "none")], 200),
            ("GET http://127.0.0.1:4711ROOM/", &[], 200),
            ("POST ROOM/answer", &[ORIGIN, JSON], 200),
            (
                "POST ROOM/answer",
                &[ORIGIN, ("content-type", "Application/JSON; charset=UTF-8")],
                200,
            ),
            ("GET http://evil.test/ROOM/", &[], 421),
            ("GET ROOM/", &[("host", "evil.test")], 421),
            ("HEAD ROOM/", &[], 405),
            ("PUT ROOM/answer", &[ORIGIN, JSON], 405),
            ("OPTIONS ROOM/answer", &[ORIGIN], 405),
            ("GET ROOM/", &[("sec-fetch-site", "cross-site")], 403),
            ("GET ROOM/", &[("sec-fetch-site", "same-site")], 403),
            ("GET ROOM/", &[("origin", "http://evil.test")], 403),
            ("POST ROOM/answer", &[JSON], 403),
            ("POST ROOM/answer", &[("origin", "null"), JSON], 403),
            (
                "POST ROOM/answer",
                &[("origin", "http://127.0.0.1:4712"), JSON],
                403,
            ),
            ("POST ROOM/answer", &[ORIGIN, ORIGIN, JSON], 403),
            (
                "POST ROOM/answer",
                &[ORIGIN, JSON, ("sec-fetch-site", "none")],
                403,
            ),
            (
                "POST ROOM/answer",
                &[ORIGIN, JSON, ("sec-fetch-site", "cross-site")],
                403,
            ),
            ("POST ROOM/answer", &[ORIGIN], 415),
            (
                "POST ROOM/answer",
                &[ORIGIN, ("content-type", "text/plain")],
                415,
            ),
            (
                "POST ROOM/answer",
                &[
                    ORIGIN,
                    ("content-type", "application/x-www-form-urlencoded"),
                ],
                415,
            ),
            (
                "POST ROOM/answer",
                &[ORIGIN, ("content-type", "application/json; charset=utf-7")],
                415,
            ),
            ("GET /", &[], 404),
            ("GET ROOM", &[], 404),
            ("GET ROOM/../x", &[], 404),
            ("GET ROOM/%2e%2e/x", &[], 404),
            ("GET ROOM/a//b", &[], 404),
            ("GET ROOM/a/", &[], 404),
            ("GET ROOM/.../a", &[], 404),
        ] {
            assert_eq!(status(&door, line, headers), wanted, "{line} {headers:?}");
        }
    }

    #[test]
    fn only_this_very_host_is_answered() {
        let door = Door::new(4711).unwrap();
        for host in [
            "evil.test",
            "localhost:4711",
            "127.0.0.1",
            "127.0.0.1:4712",
            "127.0.0.1.evil.test:4711",
            "[::1]:4711",
            "0x7f.1:4711",
            "",
        ] {
            let refused = door.entry(&parts("GET /", &[("host", host)]));
            assert_eq!(refused.unwrap_err().status, 421, "{host}");
        }
        assert_eq!(door.entry(&parts("GET /", &[])).unwrap_err().status, 421);
    }

    #[test]
    fn on_the_port_that_browsers_take_by_themselves_the_host_has_none() {
        let door = Door::new(80).unwrap();
        assert!(door.url().starts_with("http://127.0.0.1/open/"));
        let origin = ("origin", "http://127.0.0.1");
        assert_eq!(status(&door, "POST ROOM/answer", &[origin, JSON]), 200);
        let named = [("host", "127.0.0.1:80")];
        assert_eq!(status(&door, "GET ROOM/", &named), 421);
    }

    #[test]
    fn the_token_works_once_and_the_cookie_is_for_one_folder_alone() {
        let door = Door::new(4711).unwrap();
        let host = ("host", "127.0.0.1:4711");
        let token = format!("GET /open/{}", door.token);
        let entry = |line: &str, headers: &[(&str, &str)]| door.entry(&parts(line, headers));
        let refused =
            |line: &str, headers: &[(&str, &str)]| entry(line, headers).unwrap_err().status;
        assert_eq!(refused("GET /open/00", &[host]), 403);
        assert_eq!(refused(&format!("{token}x"), &[host]), 403);
        assert_eq!(refused(&token, &[host, ("sec-purpose", "prefetch")]), 403);
        assert_eq!(
            refused(&token, &[host, ("sec-fetch-site", "cross-site")]),
            403
        );
        match entry(&token, &[host, ("sec-fetch-site", "none")]).unwrap() {
            Entry::Opened { to, cookie } => {
                assert_eq!(to, format!("{}/", door.room));
                assert!(
                    cookie.ends_with(&format!("; HttpOnly; SameSite=Strict; Path={}/", door.room))
                );
            }
            Entry::Inside(request) => panic!("{request:?}"),
        }
        assert_eq!(refused(&token, &[host]), 403);
        let page = format!("GET {}/", door.room);
        assert_eq!(refused(&page, &[host]), 403);
        let wrong = format!("{}=0", door.cookie);
        assert_eq!(refused(&page, &[host, ("cookie", &wrong)]), 403);
    }
}
