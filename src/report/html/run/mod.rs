//! The page of a run or a comparison, in the order in which one reads it: the finding and the gates, the targets, the difference,
//! slices, judges, latency and cost, errors, cases, how it was made.

mod charts;
mod columns;
mod difference;
mod head;
mod judges;
mod link;
mod making;
mod missing;
mod table;

use std::io::{self, Write};

use serde_json::json;

use self::columns::Columns;
use super::cases::{self, Chosen, MOST_LISTED};
use super::document::{Data, Document, Section};
use super::template::{Html, fill};
use crate::analysis::findings::{Findings, RowHead};
use crate::report::casebook::Casebook;
use crate::report::content::{self, shell_word};
use crate::report::{Frame, Material};

/// The script of the page.
pub(super) const SCRIPT: &str = include_str!("../../../../reports/page.js");

/// Labels of notes that stand with the judges, and with what is missing; the others stand with what the run took.
const OF_JUDGES: &[&str] = &["judge"];
const OF_MISSING: &[&str] = &["missing", "failures", "retried", "cut", "stopped", "apart"];

/// Writes the page as one file.
pub(in crate::report) fn render(
    material: &mut Material<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (findings, head, frame) = (material.findings, material.head, material.frame);
    let baseline = findings.design.baseline.as_deref();
    let mut columns = Columns::new(material.cases.sides(), head.scorers.len(), baseline);
    let chosen = cases::choose(material.cases, (findings, head, frame), &mut |rows| {
        columns.take_case(rows);
    })?;
    let said = said(findings, frame, &chosen);
    let drawn = (head.scorers.as_slice(), &columns);
    let sections = sections(findings, frame, drawn, (material.cases, said));
    let (title, head) = head::head(findings);
    let page = Document {
        title: &title,
        head,
        sections,
        script: Some(SCRIPT),
        data: Data::Embedded(&chosen.json),
    };
    out.write_all(page.render().as_bytes())
}

/// A page that is served, and the content-security policy that it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedPage {
    /// The page.
    pub html: String,
    /// Its policy.
    pub policy: String,
}

/// The same page without its cases, for whoever serves these beside it: the list as `cases.json`, each case as `case/PLACE.json`.
///
/// `stamp`: of a run that is still going on, which state of it the page shows. The page then asks for `state.json`,
/// `{"stamp", "running"}`, and is loaded again when the stamp has become another.
///
/// # Errors
/// What the system says when the run cannot be read.
pub fn served_page(
    (findings, head, frame): (&Findings, &RowHead, &Frame),
    book: &mut dyn Casebook,
    stamp: Option<&str>,
) -> io::Result<ServedPage> {
    let baseline = findings.design.baseline.as_deref();
    let mut columns = Columns::new(book.sides(), head.scorers.len(), baseline);
    book.outlines(&mut |case| columns.take_case(&case.rows))?;
    let drawn = (head.scorers.as_slice(), &columns);
    let said =
        json!({"said": content::counted(book.count(), "case"), "left_out": "", "commands": []});
    let (title, head) = head::head(findings);
    let data = json!({"served": true, "stamp": stamp}).to_string();
    let page = Document {
        title: &title,
        head,
        sections: sections(findings, frame, drawn, (book, said)),
        script: Some(SCRIPT),
        data: Data::Served(&data),
    };
    Ok(ServedPage {
        html: page.render(),
        policy: page.policy(),
    })
}

/// The list of all cases of a run of any size, as the script of [`served_page`] reads it.
///
/// # Errors
/// What the system says when the run cannot be read.
pub fn case_list(
    (findings, head): (&Findings, &RowHead),
    book: &mut dyn Casebook,
) -> io::Result<String> {
    cases::list_all(book, (findings, head))
}

/// One case in full, as the script of [`served_page`] reads it, by its place in the plan; `None` beyond the last.
///
/// # Errors
/// What the system says when the case cannot be read.
pub fn case_page(
    (findings, frame): (&Findings, &Frame),
    book: &mut dyn Casebook,
    place: u64,
) -> io::Result<Option<String>> {
    cases::one(book, (findings, frame), place)
}

fn sections(
    findings: &Findings,
    frame: &Frame,
    (scorers, columns): (&[String], &Columns),
    (book, said): (&mut dyn Casebook, serde_json::Value),
) -> Vec<Section> {
    let mut notes = content::notes(findings);
    let mut taken = |labels: &[&str]| -> Vec<(&'static str, String)> {
        let (some, rest) = std::mem::take(&mut notes)
            .into_iter()
            .partition(|(label, _)| labels.contains(label));
        notes = rest;
        some
    };
    let of_judges = taken(OF_JUDGES);
    let of_missing = taken(OF_MISSING);
    let mut sections = Vec::new();
    let mut add = |id, title, body: Html| {
        if !body.as_str().is_empty() {
            sections.push(Section { id, title, body });
        }
    };
    add("gates", "Gates", head::gates(findings, frame));
    add("targets", "Targets", targets(findings, scorers, columns));
    add(
        "difference",
        "The difference",
        joined([
            difference::differences(findings),
            charts::of_turns(findings, columns),
        ]),
    );
    add("slices", "By tag", slices(findings));
    add("judges", "Judges", judges::judges(findings, of_judges));
    add(
        "resources",
        "Latency, tokens, cost",
        resources(findings, columns, notes),
    );
    add(
        "errors",
        "Errors and coverage",
        missing::missing(findings, of_missing),
    );
    let cases = fill(include_str!("../../../../reports/run/cases.html"), said);
    if book.count() > 0 {
        add("cases", "Cases", cases);
    }
    add(
        "making",
        "How it was made",
        making::making(findings, frame, book.making()),
    );
    sections
}

fn targets(findings: &Findings, scorers: &[String], columns: &Columns) -> Html {
    // Targets that were not evaluated are named above; a table of nothing else says nothing.
    if findings.targets.iter().all(|target| target.not_evaluated) {
        return Html::drawn("<p>No target could be evaluated.</p>".to_owned());
    }
    let (mut rows, without) = content::figures(findings);
    rows.push(content::coverage(findings));
    let below: Vec<String> = match without.is_empty() {
        true => Vec::new(),
        false => vec![format!("no figure for {}", without.join("; "))],
    };
    let caption = "Each figure with its 95 % interval and the cases that it rests on.";
    let mut drawn = charts::of_targets(findings);
    drawn.extend(charts::of_scores(findings, scorers, columns));
    joined([
        table::figures(findings, (caption, "metric"), rows, &below),
        charts::framed(drawn),
    ])
}

fn joined(parts: impl IntoIterator<Item = Html>) -> Html {
    let parts = parts.into_iter();
    Html::drawn(parts.map(|part| part.as_str().to_owned()).collect())
}

fn slices(findings: &Findings) -> Html {
    let (metric, rows) = content::slices(findings);
    let caption = format!("{metric} by tag, each with its 95 % interval.");
    let figures = table::figures(findings, (&caption, "tag"), rows, &[]);
    joined([
        figures,
        charts::of_slices(findings),
        difference::by_tag(findings),
    ])
}

fn resources(findings: &Findings, columns: &Columns, notes: Vec<(&'static str, String)>) -> Html {
    let caption = "What a trial takes: the agent's own time, tokens, money.";
    let figures = table::figures(
        findings,
        (caption, "metric"),
        content::resources(findings),
        &[],
    );
    let notes = notes.into_iter().map(|(label, text)| (label, text, false));
    joined([
        figures,
        charts::of_resources(columns),
        table::entries(notes),
    ])
}

/// What is said of the cases that the file holds and of those it does not.
fn said(findings: &Findings, frame: &Frame, chosen: &Chosen) -> serde_json::Value {
    let all = content::counted(chosen.total, "case");
    let mut left_out = String::new();
    let said = match chosen.listed == chosen.total {
        true => format!("{all}, those that changed or failed first."),
        false => {
            left_out = match chosen.total > MOST_LISTED {
                true => format!(
                    "Of {all} this file lists {} that changed, failed or are missing; {} more are left out.",
                    chosen.listed,
                    chosen.total - chosen.listed
                ),
                false => format!("{} are listed.", chosen.listed),
            };
            format!("{} of {all}.", chosen.listed)
        }
    };
    if chosen.whole < chosen.listed {
        left_out += &format!(
            " The texts of {} did not fit into this file.",
            content::counted(chosen.listed - chosen.whole, "case")
        );
    }
    let mut commands = Vec::new();
    if !left_out.is_empty()
        && let Some(run) = shell_word(&cases::run_of(findings, frame))
    {
        left_out += " These commands open the rest:";
        commands.push(format!("evenhand view {run}"));
        commands.push(format!("evenhand show {run} CASE"));
    }
    json!({"said": said, "left_out": left_out.trim(), "commands": commands})
}

#[cfg(test)]
mod tests;
