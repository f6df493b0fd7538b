//! What the figures rest on: trials that are done, missing, failed or tried again, by kind.

use super::table::{self, Column};
use crate::analysis::findings::{Findings, TargetFindings};
use crate::domain::fault::FaultKind;
use crate::domain::transcript::Failure;
use crate::report::html::template::Html;

/// The section's body; `notes` are the lines about what is missing.
pub(super) fn missing(findings: &Findings, notes: Vec<(&'static str, String)>) -> Html {
    type Count = Box<dyn Fn(&TargetFindings) -> u64>;
    type Plain = (&'static str, fn(&TargetFindings) -> u64);
    let mut counts: Vec<(String, Count)> = vec![
        ("planned trials".to_owned(), Box::new(|one| one.trials)),
        ("completed".to_owned(), Box::new(|one| one.completed)),
    ];
    for name in names(findings, |one| &one.errors) {
        let kind = FaultKind::ALL.iter().find(|(known, _)| *known == name);
        let words = kind.map_or(name.as_str(), |(_, kind)| kind.words());
        counts.push((
            format!("errored: {words}"),
            Box::new(move |one| one.errors.get(&name).copied().unwrap_or(0)),
        ));
    }
    for name in names(findings, |one| &one.agent_failures) {
        let words = Failure::from_name(&name).map(Failure::words);
        counts.push((
            format!("the agent failed: {}", words.unwrap_or(&name)),
            Box::new(move |one| one.agent_failures.get(&name).copied().unwrap_or(0)),
        ));
    }
    let optional: [Plain; 5] = [
        ("stopped", |one| one.stopped),
        ("unscored", |one| one.unscored),
        ("cut by the token limit", |one| one.cut_by_length),
        ("took more than one attempt", |one| one.retried),
        ("reused from an earlier run", |one| one.reused),
    ];
    for (label, count) in optional {
        if findings.targets.iter().any(|one| count(one) > 0) {
            counts.push((label.to_owned(), Box::new(count)));
        }
    }
    let rows: Vec<Vec<String>> = counts
        .into_iter()
        .map(|(label, count)| {
            let targets = findings.targets.iter().map(|one| count(one).to_string());
            std::iter::once(label).chain(targets).collect()
        })
        .collect();
    let mut columns = vec![Column::words("trials")];
    columns.extend(findings.targets.iter().map(|one| Column::counts(&one.id)));
    let caption = "An error of endpoint or harness is never a score; the agent's own failures count against it.";
    let mut body = table::rows(caption, &columns, &rows, false)
        .as_str()
        .to_owned();
    let notes = notes.into_iter().map(|(label, text)| (label, text, false));
    body.push_str(table::entries(notes).as_str());
    Html::drawn(body)
}

/// The names in a count of any target, sorted.
fn names(
    findings: &Findings,
    of: fn(&TargetFindings) -> &std::collections::BTreeMap<String, u64>,
) -> Vec<String> {
    let names = findings.targets.iter().flat_map(|one| of(one).keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
    names.into_iter().cloned().collect()
}
