//! Files of cases through the binary: pulled from a server on loopback, looked at, converted, asked in formats, and what is wrong with
//! them said.

#[expect(dead_code, reason = "no screen is compared here")]
#[path = "../support/cli.rs"]
mod cli;
mod formats;
#[expect(dead_code, reason = "answers are files here, not JSON")]
#[path = "../support/http_server.rs"]
mod http_server;
mod large;
mod looked_at;
mod malformed;
mod published;
mod pulled;
