//! Server-sent events: bytes in, the data of each event out. Line ends may be LF, CRLF or CR, and anything may be split anywhere.
//!
//! Grammar: WHATWG HTML, "Interpreting an event stream". Only `data` and `event` matter here; comments, ids and retry times are
//! skipped. An event that the end of the stream cuts off is not reported, as the standard asks.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name; empty for the ordinary kind.
    pub name: String,
    /// Its data: the lines joined with `\n`, bad UTF-8 replaced.
    pub data: String,
}

/// Collects a stream's bytes into events. Whoever feeds it bounds the bytes.
#[derive(Debug, Default)]
pub struct Events {
    line: Vec<u8>,
    /// The last byte ended a line by CR: a LF right after belongs to it.
    after_cr: bool,
    begun: bool,
    name: String,
    data: Vec<u8>,
    has_data: bool,
}

impl Events {
    /// A stream at its beginning.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and hands each event that they complete to `take`.
    pub fn feed(&mut self, bytes: &[u8], mut take: impl FnMut(Event)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.line.extend_from_slice(rest);
                return;
            };
            self.after_cr = rest[end] == b'\r';
            let line = if self.line.is_empty() {
                &rest[..end]
            } else {
                self.line.extend_from_slice(&rest[..end]);
                &std::mem::take(&mut self.line)
            };
            rest = &rest[end + 1..];
            if let Some(event) = self.line_ended(line) {
                take(event);
            }
        }
    }

    fn line_ended(&mut self, line: &[u8]) -> Option<Event> {
        let line = if std::mem::replace(&mut self.begun, true) {
            line
        } else {
            line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line)
        };
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            let data = std::mem::take(&mut self.data);
            return std::mem::take(&mut self.has_data).then(|| Event {
                name,
                data: String::from_utf8(data)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
            });
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            _ => {}
        }
        None
    }
}

/// The events of a whole body.
#[must_use]
pub fn events(body: &[u8]) -> Vec<Event> {
    let mut list = Vec::new();
    let mut events = Events::new();
    events.feed(body, |event| list.push(event));
    // Servers are met that leave out the last empty line; a whole line of data is there all the same.
    events.feed(b"\n\n", |event| list.push(event));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(list: &[Event]) -> Vec<&str> {
        list.iter().map(|event| event.data.as_str()).collect()
    }

    const STREAM: &str = "\u{feff}: comment\n\ndata: {\"a\":1}\n\nevent: error\ndata: zwölf\ndata:  b\n\nid: 4\nretry: 9\n\ndata\n\ndata: [DONE]\n\n";

    #[test]
    fn every_line_end_and_every_split_yields_the_same_events() {
        let wanted = events(STREAM.as_bytes());
        assert_eq!(data(&wanted), ["{\"a\":1}", "zwölf\n b", "", "[DONE]"]);
        assert_eq!(wanted[1].name, "error");
        for ending in ["\n", "\r\n", "\r"] {
            let stream = STREAM.replace('\n', ending);
            for size in 1..stream.len() {
                let mut got = Vec::new();
                let mut reader = Events::new();
                for piece in stream.as_bytes().chunks(size) {
                    reader.feed(piece, |event| got.push(event));
                }
                assert_eq!(got, wanted, "{ending:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_last_event_without_its_empty_line_is_read_from_a_whole_body() {
        assert_eq!(data(&events(b"data: x\n\ndata: [DONE]")), ["x", "[DONE]"]);
        assert_eq!(data(&events(b"data: \xff\n\n")), ["\u{fffd}"]);
        assert!(events(b"no stream at all").is_empty());
    }
}
