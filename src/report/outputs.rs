//! Outputs scored by a benchmark's rule, for people.

use crate::analysis::findings::{Figure, Unit};
use crate::analysis::format;
use crate::analysis::outputs::Summary;
use crate::funnel::terminal_line;

/// What stands above the figures.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Heading {
    /// The benchmark.
    pub benchmark: String,
    /// The convention.
    pub convention: String,
    /// What the convention does.
    pub scored_by: String,
    /// What the figure is called.
    pub metric: String,
    /// Against what the rule was held; `None`: against no official verdicts.
    pub verified: Option<String>,
    /// How outputs were put to cases.
    pub joined_by: String,
    /// The field of the outputs' rows that holds the output.
    pub output_field: String,
    /// How many cases the file has; `None` without one.
    pub cases: Option<u64>,
    /// Cases without an output: in no figure.
    pub without_output: u64,
    /// What held the programs, where outputs were executed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executed: Option<String>,
    /// What a reader must know before the figures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The lines for a screen. `unit` is the metric's.
#[must_use]
pub fn outputs(heading: &Heading, summary: &Summary, unit: Unit) -> String {
    let mut text = format!(
        "{}, convention {}: {}\n",
        heading.benchmark, heading.convention, heading.scored_by
    );
    text.push_str(&format!(
        "{}: {}",
        heading.metric,
        shown(unit, &summary.figure)
    ));
    match summary.passed {
        Some(passed) => text.push_str(&format!(", {passed} of {}\n", summary.scored)),
        None => text.push_str(&format!(", mean of {}\n", summary.scored)),
    }
    let mut further: Vec<_> = summary.further.iter().collect();
    further.sort_by_key(|(name, _)| attempts(name));
    for (name, figure) in further {
        text.push_str(&format!("{name}: {}\n", shown(Unit::Rate, figure)));
    }
    let joined = terminal_line(&heading.joined_by, 200);
    let field = terminal_line(&heading.output_field, 80);
    text.push_str(&format!(
        "{} outputs in `{field}`, {joined}\n",
        summary.outputs
    ));
    if summary.without_answer > 0 {
        text.push_str(&format!(
            "{} outputs in which no answer was found count as wrong\n",
            summary.without_answer
        ));
    }
    for (why, count) in &summary.unscored {
        let why = terminal_line(why, 200);
        text.push_str(&format!("{count} outputs have no value: {why}\n"));
    }
    if let Some(cases) = heading.cases
        && heading.without_output > 0
    {
        text.push_str(&format!(
            "{} of {cases} cases have no output and are in no figure\n",
            heading.without_output
        ));
    }
    if let Some(held_by) = &heading.executed {
        text.push_str(&format!("executed here, held by {held_by}\n"));
    }
    for warning in &heading.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    if heading.verified.is_none() {
        text.push_str("this rule was not held against verdicts of the official scorer\n");
    }
    if summary.by_tag.len() > 1 {
        let shown_tags: Vec<_> = summary
            .by_tag
            .iter()
            .map(|(tag, figure)| (terminal_line(tag, 40), figure))
            .collect();
        let width = shown_tags.iter().map(|(tag, _)| tag.chars().count());
        let width = width.max().unwrap_or(0);
        text.push_str("\nby tag\n");
        for (tag, figure) in shown_tags {
            let n = figure.estimate().map_or(0, |found| found.n);
            text.push_str(&format!(
                "  {tag:width$}  {} (n {n})\n",
                shown(unit, figure)
            ));
        }
        if summary.beyond_tags > 0 {
            text.push_str(&format!(
                "  {} outputs have tags beyond these, which have no figure\n",
                summary.beyond_tags
            ));
        }
    }
    text
}

/// The k of pass@k or pass^k, by which such figures are in order; 0 for others, which are by name.
fn attempts(name: &str) -> u64 {
    let k = name.rsplit(['@', '^']).next();
    k.and_then(|k| k.parse().ok()).unwrap_or(0)
}

/// A figure with its interval's method.
fn shown(unit: Unit, figure: &Figure) -> String {
    let text = format::whole(unit, figure);
    match figure.estimate() {
        Some(found) if found.low.is_some() => format!("{text} ({})", found.method),
        _ => text,
    }
}
