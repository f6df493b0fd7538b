//! The nouns of the field and the ports between the floors; knows nobody.
//!
//! A noun lives here when more than one floor speaks of it: cases, trials, transcripts, scores, events, faults, prices, the suite's
//! own parts. Ports ([`port`]) are the traits by which upper floors are plugged into one another. The spanned tree ([`tree`]), its
//! decoder ([`decode`]) and the template renderer ([`template`]) stand here too, because every kind of target and scorer decodes its
//! own options with them. Nothing here touches a file, the network, a clock, the environment or the terminal.

pub mod case;
pub mod certificate;
pub mod decode;
pub mod digest;
pub mod event;
pub mod fault;
pub mod instrument;
pub mod kind;
pub mod label;
pub mod message;
pub mod plan;
pub mod port;
pub mod price;
pub mod quoting;
pub mod score;
pub mod secret;
pub mod shape;
pub mod strict_json;
pub mod suite;
pub mod template;
pub mod transcript;
pub mod tree;
pub mod units;
pub mod usable;
