//! What is shown: a request that was let in, and what is answered.

/// How something is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// To be shown; changes nothing.
    Get,
    /// To be done. Its body is JSON.
    Post,
}

/// A request that was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// How it is asked for.
    pub method: Method,
    /// What is asked for, below the server's own path and without a slash before it: `""`, `cards`, `case/7.json`. Only letters, digits
    /// and `-_./`, and no part of it is `.`, `..` or empty.
    pub path: String,
    /// What stands behind the `?`, as it was sent.
    pub query: Option<String>,
    /// The body; of a GET empty.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The content type.
    pub kind: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// The content-security policy of a page; `None`: nothing may be run or loaded. `frame-ancestors 'none'` is added to both.
    pub policy: Option<String>,
}

impl Response {
    /// An HTML page under a policy of its own.
    #[must_use]
    pub fn html(body: Vec<u8>, policy: String) -> Self {
        Self {
            status: 200,
            kind: "text/html; charset=utf-8",
            body,
            policy: Some(policy),
        }
    }

    /// JSON.
    #[must_use]
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self {
            status,
            kind: "application/json",
            body: value.to_string().into_bytes(),
            policy: None,
        }
    }

    /// A line of words.
    #[must_use]
    pub fn words(status: u16, words: &str) -> Self {
        Self {
            status,
            kind: "text/plain; charset=utf-8",
            body: format!("{words}\n").into_bytes(),
            policy: None,
        }
    }

    /// There is no such thing: 404.
    #[must_use]
    pub fn missing() -> Self {
        Self::words(404, "there is no such page")
    }

    /// It is there and not to be asked for like this: 405.
    #[must_use]
    pub fn wrong_method() -> Self {
        Self::words(405, "this cannot be asked for in this way")
    }
}

/// What is shown and done behind the door. Asked on a thread where waiting for a disk disturbs nobody; several at once.
pub trait Pages: Send + Sync + 'static {
    /// Answers a request: 404 by [`Response::missing`] where there is nothing, 405 by [`Response::wrong_method`]. A GET changes nothing.
    fn answer(&self, request: Request) -> Response;
}
