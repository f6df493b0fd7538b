//! What it takes to make the same run again: what was run, with what, from where.

use super::table;
use crate::analysis::findings::Findings;
use crate::report::Frame;
use crate::report::content::{origin, shell_word};
use crate::report::html::cases::run_of;
use crate::report::html::template::Html;

/// The section's body; `more` is what only the run itself knows.
pub(super) fn making(
    findings: &Findings,
    frame: &Frame,
    more: Vec<(&'static str, String)>,
) -> Html {
    let run = &findings.run;
    let mut entries: Vec<(String, String, bool)> = Vec::new();
    let mut add = |label: &str, text: String, is_code: bool| {
        if !text.is_empty() {
            entries.push((label.to_owned(), text, is_code));
        }
    };
    add("run", run.id.clone(), true);
    let resumed = if run.resumed { ", resumed" } else { "" };
    add("status", format!("{}{resumed}", run.status), false);
    add("from", origin(run), false);
    add("directory", run.directory.clone(), true);
    add("seed", run.seed.to_string(), true);
    add("primary metric", findings.design.primary.clone(), false);
    for (name, digest) in &run.digests {
        add(&format!("digest of {name}"), digest.clone(), true);
    }
    for (label, text) in more {
        add(label, text, false);
    }
    add(
        "page by",
        format!("evenhand {}", env!("CARGO_PKG_VERSION")),
        false,
    );
    let address = run_of(findings, frame);
    if let Some(word) = shell_word(&address) {
        add(
            "the run's page",
            format!("evenhand report {word} --report html=report.html"),
            true,
        );
    }
    table::entries(
        entries
            .iter()
            .map(|(label, text, is_code)| (label.as_str(), text.clone(), *is_code)),
    )
}
