//! Reports as pages for a browser: one file each, with nothing in it that came from elsewhere and nothing that asks for it.

mod cases;
mod document;
mod policy;
mod run;
mod template;

pub use run::{ServedPage, case_list, case_page, served_page};

pub(in crate::report) use run::render;
