//! The report as a page, in a real browser: what one clicks and presses, what hostile texts come to, how large runs feel.

#[path = "../support/binary.rs"]
#[expect(dead_code, reason = "these tests let runs end by themselves")]
mod binary;
#[path = "../support/browser.rs"]
#[expect(dead_code, reason = "these tests want a part of what a browser can")]
mod browser;
#[path = "../hostile/corpus.rs"]
mod corpus;
#[path = "../support/fault_server.rs"]
#[expect(dead_code, reason = "these tests want one kind of reply only")]
mod fault_server;
#[path = "../hostile/sources.rs"]
mod sources;

mod hostile;
mod large;
mod reading;
