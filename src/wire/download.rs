//! A file from a public place: asked for whole or from where a former try was cut, under a bound of bytes and of silence, and handed on
//! as it comes.
//!
//! Nothing but the address is sent: no cookie, no credential, no referrer. A redirect is followed to the same host; to another one only
//! over TLS and only where the caller has named it, since whoever can answer for one address could else have any other called.
//! `http://` goes on to another port of this machine alone, and nothing goes from `https://` back to `http://`.

use std::io;
use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName,
    HeaderValue, IF_RANGE, LAST_MODIFIED, LOCATION, RANGE, TRANSFER_ENCODING,
};
use reqwest::{Response, StatusCode, Url, Version};
use secrecy::SecretString;

use super::clients::{Clients, is_loopback};

/// The most redirects of one file.
const MOST_HOPS: usize = 5;
/// How long nothing may come: of the answer's head, and between two pieces of the body.
const SILENCE: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The address, `http://` or `https://`.
    pub address: String,
    /// Bytes that are there from a former try; 0: none.
    pub from: u64,
    /// What the server called the version that those bytes are of: without it they are of no use.
    pub validator: Option<String>,
    /// The most bytes of the whole file.
    pub most: u64,
    /// Hosts to which a redirect may lead, besides the address's own.
    pub hosts: Vec<String>,
}

/// How an answer begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Began {
    /// The bytes that come are those after [`Wanted::from`]; else they are the file's first, and what was there is void.
    pub resumed: bool,
    /// Bytes of the whole file, where the server says.
    pub total: Option<u64>,
    /// Nothing says where the file ends but the end of the connection: a cut looks the same.
    pub is_open_ended: bool,
    /// What the server calls this version: a strong `ETag`, else `Last-Modified`.
    pub validator: Option<String>,
    /// Hosts that redirects led to.
    pub hops: Vec<String>,
}

/// What a file is handed to.
pub trait Taker {
    /// The answer begins: make ready for the rest, or for the whole.
    ///
    /// # Errors
    /// What cannot be made ready ends the download.
    fn begin(&mut self, began: &Began) -> io::Result<()>;
    /// The next bytes.
    ///
    /// # Errors
    /// What cannot be kept ends the download.
    fn take(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// Why there is no whole file. Messages name hosts and paths, never what stands behind a `?`.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The address is none that is called.
    #[error("{0}")]
    Address(String),
    /// A redirect is not followed.
    #[error("{0}")]
    Redirect(String),
    /// The server refuses.
    #[error("{at} answered {status}")]
    Status {
        /// The status.
        status: u16,
        /// Host and path that were asked.
        at: String,
    },
    /// The file is larger than the bound.
    #[error("{at} is over {most} bytes")]
    TooLarge {
        /// Host and path.
        at: String,
        /// The bound.
        most: u64,
    },
    /// Nobody answers, or the connection ended before the file did.
    #[error("{at}: {why}")]
    Cut {
        /// Host and path.
        at: String,
        /// What happened, with its causes.
        why: String,
    },
    /// The bytes could not be kept.
    #[error(transparent)]
    Kept(io::Error),
}

/// The way out for files. Nothing is connected before the first download.
pub struct Downloads {
    clients: Clients,
}

impl Downloads {
    /// Opens the way out; `ca_bundle`: certificates in PEM that are trusted besides the system's.
    ///
    /// # Errors
    /// The certificates cannot be used.
    pub fn new(ca_bundle: Option<&[u8]>) -> Result<Self, super::WireError> {
        let clients = Clients::for_files(ca_bundle).map_err(super::WireError::CaBundle)?;
        Ok(Self { clients })
    }

    /// Fetches a file, once: a connection that ends early is an error, and what came was handed on.
    ///
    /// # Errors
    /// [`DownloadError`].
    pub async fn fetch(&self, wanted: &Wanted, taker: &mut dyn Taker) -> Result<(), DownloadError> {
        let start = self.address(&wanted.address)?;
        let mut from = match wanted.validator {
            Some(_) => wanted.from,
            None => 0,
        };
        loop {
            let (response, at, hops) = self.follow(&start, wanted, from).await?;
            let status = response.status();
            let validator = validator(response.headers());
            let resumes = status == StatusCode::PARTIAL_CONTENT;
            let fits = resumes
                && first_byte(response.headers()) == Some(from)
                && validator
                    .as_ref()
                    .is_none_or(|now| Some(now) == wanted.validator.as_ref());
            // What is there fits nothing any more: from the beginning.
            if from > 0 && (status == StatusCode::RANGE_NOT_SATISFIABLE || (resumes && !fits)) {
                from = 0;
                continue;
            }
            if !(status == StatusCode::OK || (fits && from > 0)) {
                return Err(DownloadError::Status {
                    status: status.as_u16(),
                    at,
                });
            }
            let total = total(response.headers(), resumes);
            let began = Began {
                resumed: resumes,
                is_open_ended: total.is_none() && !says_its_end(&response),
                total,
                validator,
                hops,
            };
            return body(response, &began, from, wanted.most, at, taker).await;
        }
    }

    fn address(&self, text: &str) -> Result<Url, DownloadError> {
        let url = self
            .clients
            .address(&SecretString::from(text.to_owned()))
            .map_err(DownloadError::Address)?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(DownloadError::Address(
                "the address names no host".to_owned(),
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(DownloadError::Address(format!(
                "the address of {} holds a name or a password; nothing secret is sent",
                host(&url)
            )));
        }
        Ok(url)
    }

    /// Asks, and asks again where a redirect leads.
    async fn follow(
        &self,
        start: &Url,
        wanted: &Wanted,
        from: u64,
    ) -> Result<(Response, String, Vec<String>), DownloadError> {
        let mut url = start.clone();
        let mut hops = Vec::new();
        for _ in 0..=MOST_HOPS {
            let response = self.ask(&url, wanted, from).await?;
            let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            let Some(location) = header(response.headers(), LOCATION).filter(|_| is_redirect)
            else {
                return Ok((response, shown(&url), hops));
            };
            let next = url.join(&location).map_err(|_| {
                DownloadError::Redirect(format!("{} leads to no address", shown(&url)))
            })?;
            allowed(&url, &next, &wanted.hosts).map_err(DownloadError::Redirect)?;
            if host(&next) != host(&url) {
                hops.push(host(&next));
            }
            url = next;
        }
        Err(DownloadError::Redirect(format!(
            "{} leads on more than {MOST_HOPS} times",
            shown(start)
        )))
    }

    async fn ask(&self, url: &Url, wanted: &Wanted, from: u64) -> Result<Response, DownloadError> {
        let client = self.clients.get(url).map_err(DownloadError::Address)?;
        // A length of packed bytes would be none of the file's.
        let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(validator) = wanted.validator.as_deref().filter(|_| from > 0) {
            let validator = HeaderValue::from_str(validator).map_err(|_| {
                DownloadError::Address("what the server called its version is no header".to_owned())
            })?;
            request = request
                .header(RANGE, format!("bytes={from}-"))
                .header(IF_RANGE, validator);
        }
        let cut = |why: String| DownloadError::Cut {
            at: shown(url),
            why,
        };
        let answered = tokio::time::timeout(SILENCE, request.send()).await;
        answered
            .map_err(|_| cut(format!("no answer within {SILENCE:?}")))?
            .map_err(|error| cut(causes(error)))
    }
}

async fn body(
    mut response: Response,
    began: &Began,
    from: u64,
    most: u64,
    at: String,
    taker: &mut dyn Taker,
) -> Result<(), DownloadError> {
    let too_large = |at: &str| DownloadError::TooLarge {
        at: at.to_owned(),
        most,
    };
    if header(response.headers(), CONTENT_ENCODING).is_some_and(|how| how != "identity") {
        return Err(DownloadError::Cut {
            at,
            why: "the server packs what was asked for as it is".to_owned(),
        });
    }
    if began.total.is_some_and(|total| total > most) {
        return Err(too_large(&at));
    }
    let mut there = if began.resumed { from } else { 0 };
    taker.begin(began).map_err(DownloadError::Kept)?;
    loop {
        let cut = |why: String| DownloadError::Cut {
            at: at.clone(),
            why,
        };
        let piece = tokio::time::timeout(SILENCE, response.chunk())
            .await
            .map_err(|_| cut(format!("nothing came for {SILENCE:?}")))?
            .map_err(|error| cut(causes(error)))?;
        let Some(piece) = piece else {
            break;
        };
        there += piece.len() as u64;
        if there > most {
            return Err(too_large(&at));
        }
        taker.take(&piece).map_err(DownloadError::Kept)?;
    }
    match began.total {
        Some(total) if there < total => Err(DownloadError::Cut {
            at,
            why: format!("{there} of {total} bytes came"),
        }),
        _ => Ok(()),
    }
}

/// Whether a redirect is followed; why not, with what to do.
fn allowed(from: &Url, to: &Url, hosts: &[String]) -> Result<(), String> {
    let (here, there) = (host(from), host(to));
    let say = |why: &str| format!("{} leads to {there}{why}", shown(from));
    if !matches!(to.scheme(), "http" | "https") {
        return Err(say(&format!(" by `{}`, which is not called", to.scheme())));
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err(say(
            " with a name or a password in the address; it is not followed",
        ));
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err(say(" without TLS; it is not followed"));
    }
    if here == there && from.scheme() == to.scheme() {
        return Ok(());
    }
    let name = to.host_str().unwrap_or_default();
    if from.host_str() == to.host_str() && from.scheme() != to.scheme() && is_usual(to) {
        // The same host, now with TLS.
        return Ok(());
    }
    let stays = |url: &Url| is_loopback(url.host_str().unwrap_or_default());
    if to.scheme() == "http" && !(stays(from) && stays(to)) {
        return Err(say(", another host, without TLS; it is not followed"));
    }
    match hosts.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        true => Ok(()),
        false => Err(say(&format!(
            ", another host; if you trust it: --allow-redirect {name}"
        ))),
    }
}

fn is_usual(url: &Url) -> bool {
    url.port().is_none()
}

/// Host and, where it is not the usual one, port.
fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

/// An address for people: without what may be a secret.
fn shown(url: &Url) -> String {
    let path: String = url.path().chars().take(200).collect();
    format!("{}://{}{path}", url.scheme(), host(url))
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.trim().to_owned())
}

/// What names this version so surely that ranges of it fit together.
fn validator(headers: &HeaderMap) -> Option<String> {
    header(headers, ETAG)
        .filter(|tag| tag.starts_with('"'))
        .or_else(|| header(headers, LAST_MODIFIED))
}

/// The place of the first byte of a part.
fn first_byte(headers: &HeaderMap) -> Option<u64> {
    let range = header(headers, CONTENT_RANGE)?;
    let (first, _) = range.strip_prefix("bytes ")?.split_once('-')?;
    first.trim().parse().ok()
}

/// Whether an answer without a length has an end of its own: its last piece, or from version 2 on a mark.
fn says_its_end(response: &Response) -> bool {
    response.version() > Version::HTTP_11
        || header(response.headers(), TRANSFER_ENCODING).is_some_and(|how| how.contains("chunked"))
}

fn total(headers: &HeaderMap, is_part: bool) -> Option<u64> {
    if is_part {
        return header(headers, CONTENT_RANGE)?
            .rsplit_once('/')?
            .1
            .parse()
            .ok();
    }
    header(headers, CONTENT_LENGTH)?.parse().ok()
}

/// An error with its causes; without the address, whose query may hold anything.
fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follows(from: &str, to: &str, hosts: &[&str]) -> Result<(), String> {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        allowed(&Url::parse(from).unwrap(), &Url::parse(to).unwrap(), &hosts)
    }

    #[test]
    fn a_redirect_goes_to_hosts_that_were_named_and_never_loses_tls() {
        for (from, to, hosts) in [
            ("https://a.example/x", "https://a.example/y?sig=1", vec![]),
            ("http://a.example/x", "https://a.example/x", vec![]),
            (
                "https://a.example/x",
                "https://cdn.example/y",
                vec!["CDN.example"],
            ),
            (
                "http://127.0.0.1:1/x",
                "http://127.0.0.1:2/x",
                vec!["127.0.0.1"],
            ),
        ] {
            assert_eq!(follows(from, to, &hosts), Ok(()), "{from} to {to}");
        }
        for (from, to, hosts, why) in [
            (
                "https://a.example/x",
                "http://a.example/x",
                vec![],
                "without TLS",
            ),
            (
                "https://a.example/x",
                "https://b.example/?k=s",
                vec![],
                "--allow-redirect b.example",
            ),
            (
                "https://a.example/",
                "https://a.example.evil.example/",
                vec!["a.example"],
                "another host",
            ),
            (
                "https://a.example/",
                "https://a.example:8443/",
                vec![],
                "another host",
            ),
            (
                "http://a.example/",
                "http://b.example/",
                vec!["b.example"],
                "without TLS",
            ),
            (
                "http://a.example/",
                "http://127.0.0.1/",
                vec!["127.0.0.1"],
                "without TLS",
            ),
            (
                "https://a.example/",
                "https://127.0.0.1/",
                vec![],
                "another host",
            ),
            (
                "https://a.example/",
                "https://u:p@a.example/",
                vec![],
                "password",
            ),
            (
                "https://a.example/",
                "file:///etc/passwd",
                vec![],
                "not called",
            ),
        ] {
            let said = follows(from, to, &hosts).unwrap_err();
            assert!(said.contains(why), "{said}");
            assert!(!said.contains("k=s"), "{said}");
        }
    }

    #[test]
    fn a_part_says_where_it_begins_and_a_weak_tag_names_no_version() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in pairs {
                map.insert(*name, HeaderValue::from_static(value));
            }
            map
        };
        let part = headers(&[("content-range", "bytes 7-9/10"), ("etag", "\"a\"")]);
        assert_eq!(first_byte(&part), Some(7));
        assert_eq!(total(&part, true), Some(10));
        assert_eq!(validator(&part), Some("\"a\"".to_owned()));
        let weak = headers(&[
            ("etag", "W/\"a\""),
            ("last-modified", "Mon"),
            ("content-length", "5"),
        ]);
        assert_eq!(validator(&weak), Some("Mon".to_owned()));
        assert_eq!(total(&weak, false), Some(5));
        assert_eq!(
            first_byte(&headers(&[("content-range", "bytes */10")])),
            None
        );
        assert_eq!(validator(&headers(&[("etag", "W/\"a\"")])), None);
    }
}
