//! A page for the summary of a GitHub job: as the comment below a pull request, with room for more, and with every case that did
//! not succeed.
//!
//! GitHub takes a mebibyte from a step and throws away the whole page when it is larger, so that it stays below a million bytes;
//! what does not fit is left out, whole lines at a time, and said so.

use std::io::{self, Write};

use super::markdown::{Page, details, inline, lead};
use super::{Material, content};
use crate::analysis::findings::TrialRow;

/// Bytes of the page, with everything that follows from it.
pub(super) const MOST_BYTES: usize = 990_000;

/// Ids shown of the cases that changed sides, each way.
const MOST_IDS: usize = 200;

/// Trials without success that are listed.
const MOST_TRIALS: usize = 200;

/// The widest name or id, and the longest reason.
const MOST_COLUMNS: usize = 80;
const MOST_REASON: usize = 300;

pub(super) fn render(material: &mut Material<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(MOST_BYTES, MOST_IDS);
    lead(&mut page, material.findings);
    failing(&mut page, material);
    details(&mut page, material.findings);
    out.write_all(page.close(material.frame).as_bytes())
}

/// Trials that did not succeed, or of which that is not known, with what was wrong.
fn failing(page: &mut Page, material: &mut Material<'_>) {
    let has_success = material.findings.design.success.is_some();
    let wrong = |row: &TrialRow| {
        row.state != "stopped" && content::succeeded(row, has_success) != Some(true)
    };
    let mut rows = material.rows.filter(wrong).peekable();
    if rows.peek().is_none() {
        return;
    }
    let names_repeat = material.findings.design.repeats > 1;
    let opened = page.unfold("trials without success");
    let (mut head, mut rule) = ("| case | target |".to_owned(), "| --- | --- |".to_owned());
    if names_repeat {
        head += " repeat |";
        rule += " --- |";
    }
    page.put(&format!("{head} what is wrong |\n{rule} --- |\n"));
    for row in rows.by_ref().take(MOST_TRIALS) {
        let repeat = match names_repeat {
            true => format!(" {} |", row.repeat),
            false => String::new(),
        };
        page.put(&format!(
            "| {} | {} |{repeat} {} |\n",
            inline(&row.case, MOST_COLUMNS),
            inline(&row.target, MOST_COLUMNS),
            inline(
                &content::objection(&row, &material.head.scorers),
                MOST_REASON
            )
        ));
    }
    match rows.count() {
        0 => {}
        more => page.put(&format!(
            "\n... and {more} more: the csv report has them all\n"
        )),
    }
    page.fold(opened);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::examples;

    #[test]
    fn a_summary_lists_what_did_not_succeed() {
        let (head, rows) = examples::rows();
        let frame = examples::support_frame();
        let page = examples::rendered("github-summary", &examples::support(), &head, &rows, &frame);
        insta::assert_snapshot!(page);
    }

    #[test]
    fn a_summary_without_failures_has_no_list_of_them() {
        let (head, rows) = examples::rows();
        let frame = examples::support_frame();
        let page = examples::rendered(
            "github-summary",
            &examples::support(),
            &head,
            &rows[..2],
            &frame,
        );
        assert!(!page.contains("trials without success"), "{page}");
    }

    #[test]
    fn a_summary_stays_below_what_a_step_may_write_and_is_never_left_open() {
        let (head, rows) = examples::rows();
        let failing = rows
            .iter()
            .find(|row| row.success == Some(false))
            .expect("a failing row");
        let long = "<&@|".repeat(200_000);
        let rows: Vec<TrialRow> = (0..3_000)
            .map(|n| TrialRow {
                case: format!("{n}{}", "漢".repeat(90)),
                kind: Some(long.clone()),
                ..failing.clone()
            })
            .collect();
        for gates in [0, 700, 50_000] {
            let mut findings = examples::crowd();
            let gate = findings.gates[1].clone();
            findings.gates.extend(std::iter::repeat_n(gate, gates));
            let page = examples::rendered(
                "github-summary",
                &findings,
                &head,
                &rows,
                &examples::support_frame(),
            );
            assert!(page.len() <= MOST_BYTES, "{}", page.len());
            assert_eq!(
                page.matches("<details>").count(),
                page.matches("</details>").count()
            );
            assert_eq!(page.contains("does not fit"), gates == 50_000);
            assert_eq!(page.contains("and 2800 more"), gates < 50_000);
            assert!(page.ends_with("\nexit 100: a gate failed\n"));
        }
    }
}
