//! Reports as pages for a browser: one file each, with nothing in it that came from elsewhere and nothing that asks for it.

mod audit;
mod calibration;
mod cases;
mod document;
mod judged;
mod policy;
mod run;
mod template;
mod tuning;

#[cfg(test)]
mod judged_tests;

pub use audit::audit_page;
pub use calibration::calibration_page;
pub use run::{ServedPage, case_list, case_page, served_page};
pub use tuning::tuning_page;

pub(in crate::report) use run::render;
