//! Forty hostile texts in every field that a suite, a dataset, an agent, an endpoint or a judge can fill, through every place where text
//! leaves: none of them steers, marks up, calculates, commands, names a file, is fetched, is evaluated or is started.

#[path = "../support/binary.rs"]
#[expect(dead_code, reason = "these tests let runs end by themselves")]
mod binary;
#[path = "../support/fault_server.rs"]
#[expect(dead_code, reason = "these tests want one kind of reply only")]
mod fault_server;

mod corpus;
mod evaluated;
mod fetched;
mod paths;
mod sinks;
mod sources;
mod started;
mod texts;
