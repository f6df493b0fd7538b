//! A public place on loopback: one file under a path, with or without ranges, versions and cuts.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::http_server::{Asked, HttpServer, Said};

/// How the place behaves from now on.
#[derive(Debug, Clone)]
pub(crate) struct Ways {
    /// The file.
    pub(crate) body: Vec<u8>,
    /// What the server calls its version.
    pub(crate) etag: Option<&'static str>,
    /// Whether it knows ranges.
    pub(crate) ranges: bool,
    /// After so many bytes of each answer the connection is cut.
    pub(crate) cut: Option<usize>,
    /// A status in place of the file.
    pub(crate) status: Option<u16>,
    /// Where it sends everybody.
    pub(crate) to: Option<String>,
}

impl Ways {
    pub(crate) fn of(body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            etag: Some("\"v1\""),
            ranges: true,
            cut: None,
            status: None,
            to: None,
        }
    }
}

/// The place.
pub(crate) struct Published {
    server: HttpServer,
    ways: Arc<Mutex<Ways>>,
}

impl Published {
    pub(crate) fn new(ways: Ways) -> Self {
        let ways = Arc::new(Mutex::new(ways));
        let held = Arc::clone(&ways);
        let server =
            HttpServer::start(move |asked| answer(asked, &held.lock().expect("no answer panics")));
        Self { server, ways }
    }

    /// The address of a file.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.server.url())
    }

    pub(crate) fn change(&self, how: impl FnOnce(&mut Ways)) {
        how(&mut self.ways.lock().expect("no answer panics"));
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.server.log()
    }
}

fn answer(asked: &Asked, ways: &Ways) -> Said {
    let mut said = Said::json(&Value::Null);
    said.headers.clear();
    said.body.clear();
    if let Some(status) = ways.status {
        said.status = status;
        return said;
    }
    if let Some(to) = &ways.to {
        said.status = 302;
        said.headers.push(("location", to.clone()));
        return said;
    }
    if let Some(etag) = ways.etag {
        said.headers.push(("etag", etag.to_owned()));
    }
    let from: Option<usize> = asked
        .header("range")
        .and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse()
                .ok()
        })
        .filter(|_| ways.ranges && asked.header("if-range") == ways.etag);
    said.body.clone_from(&ways.body);
    if let Some(from) = from {
        let total = ways.body.len();
        if from >= total {
            said.status = 416;
            said.body.clear();
            return said;
        }
        said.status = 206;
        said.body.drain(..from);
        let range = format!("bytes {from}-{}/{total}", total - 1);
        said.headers.push(("content-range", range));
    }
    said.cut = ways.cut.filter(|cut| *cut < said.body.len());
    said
}
