//! Reports as pages for a browser: one file each, with nothing in it that came from elsewhere and nothing that asks for it.

mod document;
mod policy;
mod template;

pub(in crate::report) use document::{Data, Document, Section};
pub(in crate::report) use template::{Html, fill};
