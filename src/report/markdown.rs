//! A comment below a pull request, made to be updated in place: the finding first, changed cases only, the rest folded away.
//!
//! The first line is a hidden marker by which a CI step finds its earlier comment. No text of a dataset or a model can mark up,
//! link, mention or show an image, and the whole stays below the size that such comments may have: what does not fit is left
//! out, whole lines at a time, and said so.

use std::io::{self, Write};

use super::content::{self, Cell, Row};
use super::{Frame, Material};
use crate::analysis::findings::{Findings, GateOutcome};
use crate::funnel::{markdown, path_component, terminal_line};

/// Bytes of a comment: code hosts take 65,536 characters, and no character is smaller than a byte.
const MOST_BYTES: usize = 65_000;

/// Bytes kept for what must stand at the end.
const CLOSING_BYTES: usize = 1_000;

/// Ids shown of the cases that changed sides, each way.
const MOST_IDS: usize = 50;

/// Candidates whose findings stand in the title.
const MOST_IN_TITLE: usize = 8;

/// The widest name or id, and the longest sentence.
const MOST_COLUMNS: usize = 80;
const MOST_SENTENCE: usize = 600;

pub(super) fn render(material: &mut Material<'_>, out: &mut dyn Write) -> io::Result<()> {
    let page = written(material.findings, material.frame);
    out.write_all(page.as_bytes())
}

/// A page that takes lines as long as there is room.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    full: bool,
    most_bytes: usize,
    most_ids: usize,
}

impl Page {
    /// An empty page for so many bytes, which shows so many ids of the cases that changed sides, each way.
    pub(super) fn new(most_bytes: usize, most_ids: usize) -> Self {
        Self {
            text: String::new(),
            full: false,
            most_bytes,
            most_ids,
        }
    }

    /// Adds some lines whole, or nothing from here on.
    pub(super) fn put(&mut self, lines: &str) {
        self.full |= self.text.len() + lines.len() > self.most_bytes - CLOSING_BYTES;
        if !self.full {
            self.text.push_str(lines);
        }
    }

    /// Opens a part that is folded away; `fold` ends it, whatever had room between. The title stands in HTML, where Markdown's
    /// escapes are not read: it is never a text of somebody else.
    pub(super) fn unfold(&mut self, title: &'static str) -> bool {
        self.put(&format!("\n<details>\n<summary>{title}</summary>\n\n"));
        !self.full
    }

    pub(super) fn fold(&mut self, opened: bool) {
        if opened {
            // Room for it is in what is kept for the end.
            self.text.push_str("\n</details>\n");
        }
    }

    /// The finished page: what did not fit, where the whole report stands, and how the run ended.
    pub(super) fn close(mut self, frame: &Frame) -> String {
        if self.full {
            let all = "The rest does not fit in here; it stands in the other reports.";
            self.text.push_str(&format!("\n_{all}_\n"));
        }
        if let Some(report) = frame.reports.first() {
            self.text
                .push_str(&format!("\nFull report: {}\n", inline(report, 200)));
        }
        if let Some((code, why)) = &frame.exit {
            self.text
                .push_str(&format!("\nexit {code}: {}\n", inline(why, 200)));
        }
        self.text
    }
}

/// A text of somebody else inside a line.
pub(super) fn inline(text: &str, columns: usize) -> String {
    markdown(&terminal_line(text, columns)).into_owned()
}

fn written(findings: &Findings, frame: &Frame) -> String {
    let mut page = Page::new(MOST_BYTES, MOST_IDS);
    page.put(&format!(
        "<!-- evenhand:{} -->\n",
        path_component(&findings.run.suite)
    ));
    lead(&mut page, findings);
    details(&mut page, findings);
    page.close(frame)
}

/// What comes first on every page: how it ended, the finding with the cases that changed sides, gates, figures.
pub(super) fn lead(page: &mut Page, findings: &Findings) {
    let suite = inline(&findings.run.suite, MOST_COLUMNS);
    let mut ends: Vec<String> = content::verdicts(findings)
        .iter()
        .filter_map(|verdict| {
            let word = content::finding_word(verdict.primary.finding?);
            let name = inline(&verdict.primary.candidate, MOST_COLUMNS);
            Some(format!("{name} is {word}"))
        })
        .take(MOST_IN_TITLE)
        .collect();
    for (outcome, word) in [
        (GateOutcome::Failed, "failed"),
        (GateOutcome::Undecided, "undecided"),
    ] {
        let gates = findings.gates.iter().filter(|gate| gate.outcome == outcome);
        match gates.count() as u64 {
            0 => {}
            count => ends.push(format!("{} {word}", content::counted(count, "gate"))),
        }
    }
    let title = match ends.is_empty() {
        true => suite,
        false => format!("{suite}: {}", ends.join(", ")),
    };
    page.put(&format!("### {title}\n\n"));
    for (word, text) in content::alarms(findings) {
        page.put(&format!("**{word}** {}\n\n", inline(&text, MOST_SENTENCE)));
    }
    if !findings.differences.is_empty() {
        let all = findings.differences.join("; ");
        page.put(&format!("changed: {}\n\n", inline(&all, MOST_SENTENCE)));
    }
    verdicts(page, findings);
    gates(page, findings);
    figures(page, findings);
}

fn verdicts(page: &mut Page, findings: &Findings) {
    for verdict in content::verdicts(findings) {
        let primary = verdict.primary;
        page.put(&format!(
            "**{}**\n\n",
            inline(&content::sentence(primary), MOST_SENTENCE)
        ));
        let flipped = &primary.flipped;
        for (word, ids) in [("lost", &flipped.lost), ("gained", &flipped.gained)] {
            if !ids.is_empty() {
                page.put(&format!("- {word} {}\n", listed(ids, page.most_ids)));
            }
        }
        if let Some(said) = content::judged(primary) {
            page.put(&format!("- the judge {}\n", inline(&said, MOST_SENTENCE)));
        }
        if let Some(pairs) = content::footing(primary) {
            page.put(&format!("- {}\n", inline(&pairs, MOST_SENTENCE)));
        }
        for other in &verdict.notable {
            page.put(&format!(
                "- {}\n",
                inline(&content::adjusted(other), MOST_SENTENCE)
            ));
        }
        if let Some(quiet) = content::quiet(&verdict) {
            page.put(&format!(
                "- other metrics: {}\n",
                inline(&quiet, MOST_SENTENCE)
            ));
        }
        page.put("\n");
    }
}

/// `11 cases: c017, c044 and 9 more`.
fn listed(ids: &[String], most: usize) -> String {
    let shown: Vec<String> = ids
        .iter()
        .take(most)
        .map(|id| inline(id, MOST_COLUMNS))
        .collect();
    let more = match ids.len().saturating_sub(most) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let count = content::counted(ids.len() as u64, "case");
    format!("{count}: {}{more}", shown.join(", "))
}

fn gates(page: &mut Page, findings: &Findings) {
    if findings.gates.is_empty() {
        return;
    }
    page.put("| gate | target | | |\n| --- | --- | --- | --- |\n");
    for gate in &findings.gates {
        let word = content::outcome_word(gate.outcome);
        let word = match gate.outcome {
            GateOutcome::Passed => word.to_owned(),
            GateOutcome::Failed | GateOutcome::Undecided => format!("**{word}**"),
        };
        page.put(&format!(
            "| {} | {} | {word} | {} |\n",
            inline(&gate.gate, MOST_COLUMNS),
            inline(&gate.target, MOST_COLUMNS),
            inline(&gate.why, MOST_SENTENCE)
        ));
    }
    page.put("\n");
}

fn figures(page: &mut Page, findings: &Findings) {
    if findings.targets.iter().all(|target| target.not_evaluated) {
        return;
    }
    let (rows, without) = content::figures(findings);
    table(page, findings, "", rows);
    if !without.is_empty() {
        let text = format!("no figure for {}", without.join("; "));
        page.put(&format!("\n{}\n", inline(&text, MOST_SENTENCE)));
    }
}

fn table(page: &mut Page, findings: &Findings, title: &str, mut rows: Vec<Row>) {
    if rows.is_empty() {
        return;
    }
    let noted = rows.iter().any(|row| !row.note.is_empty());
    let mut head = format!("| {title} |");
    let mut rule = "| --- |".to_owned();
    for (nth, target) in findings.targets.iter().enumerate() {
        let (name, mark) = content::column(findings, target);
        let count = content::shared_count(&mut rows, nth, findings.design.repeats);
        let comma = if count.is_empty() { "" } else { ", " };
        head += &format!(" {}{mark}{comma}{count} |", inline(&name, MOST_COLUMNS));
        rule += " --- |";
    }
    if noted {
        head += " |";
        rule += " --- |";
    }
    page.put(&format!("{head}\n{rule}\n"));
    for row in rows {
        let indent = if row.is_term { "&nbsp;&nbsp;" } else { "" };
        let mut line = format!("| {indent}{} |", inline(&row.label, MOST_COLUMNS));
        for cell in &row.cells {
            line += &format!(" {} |", figure(cell));
        }
        if noted {
            line += &format!(" {} |", inline(&row.note, MOST_COLUMNS));
        }
        page.put(&format!("{line}\n"));
    }
}

fn figure(cell: &Cell) -> String {
    let parts = [&cell.point, &cell.interval, &cell.count];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(|part| inline(part, MOST_COLUMNS))
        .collect();
    parts.join(" ")
}

/// What is folded away: the figures by tag, what is missing, what all rests on.
pub(super) fn details(page: &mut Page, findings: &Findings) {
    let (metric, tags) = content::slices(findings);
    if !tags.is_empty() {
        let opened = page.unfold("by tag");
        table(page, findings, &inline(&metric, MOST_COLUMNS), tags);
        page.fold(opened);
    }
    let opened = page.unfold("what is missing, what it rests on");
    for (label, text) in content::notes(findings) {
        page.put(&format!("- {label}: {}\n", inline(&text, MOST_SENTENCE)));
    }
    let design = content::headline(findings).join(" · ");
    page.put(&format!("- {}\n", inline(&design, MOST_SENTENCE)));
    if let Some(success) = &findings.design.success {
        page.put(&format!("- success = {}\n", inline(success, MOST_SENTENCE)));
    }
    if !findings.run.id.is_empty() {
        page.put(&format!(
            "- run {}\n",
            inline(&findings.run.id, MOST_COLUMNS)
        ));
    }
    page.fold(opened);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::examples;

    #[test]
    fn every_page_says_how_a_judge_stands_and_what_was_corrected() {
        let page = |name: &str| {
            let examples = examples::all();
            let (_, findings) = examples.iter().find(|(known, _)| *known == name).unwrap();
            written(findings, &examples::frame(name))
        };
        let calibrated = page("calibrated");
        for said in [
            "| judge: calibrated |",
            "| &nbsp;&nbsp;corrected |",
            "ppi++ / rogan-gladen |",
            "- the judge said +18.3 points",
            "is calibrated and usable: kappa 0.71",
            "assumes the judge errs here as it did",
        ] {
            assert!(calibrated.contains(said), "{said}:\n{calibrated}");
        }
        let stale = page("stale");
        assert!(stale.contains("| judge: stale |"), "{stale}");
        assert!(
            stale.contains("calibrated with another prompt or model"),
            "{stale}"
        );
        assert!(!stale.contains("corrected |"), "{stale}");
    }

    #[test]
    fn a_comment_leads_with_the_finding_and_folds_the_rest() {
        let support = written(&examples::support(), &examples::support_frame());
        let quickstart = written(&examples::quickstart(), &Frame::default());
        let nothing = written(&examples::nothing_at_all(), &Frame::default());
        insta::assert_snapshot!([support, quickstart, nothing].join("\n=====\n"));
    }

    #[test]
    fn a_comment_is_never_too_long_and_never_left_open() {
        let mut findings = examples::crowd();
        let ids: Vec<String> = (0..100_000)
            .map(|n| format!("@case-{n}-{}", "&".repeat(90)))
            .collect();
        for comparison in &mut findings.comparisons {
            comparison.flipped.gained = ids.clone();
            comparison.flipped.lost = ids.clone();
        }
        for gates in [0, 20, 60, 5_000] {
            let mut findings = findings.clone();
            let more = std::iter::repeat_n(findings.gates[1].clone(), gates);
            findings.gates.extend(more);
            let page = written(&findings, &examples::support_frame());
            assert!(page.len() < 65_536, "{}", page.len());
            assert_eq!(
                page.matches("<details>").count(),
                page.matches("</details>").count()
            );
            assert!(page.contains("does not fit"), "{page}");
            assert!(page.ends_with("\nexit 100: a gate failed\n"));
        }
    }

    #[test]
    fn the_marker_cannot_be_left() {
        let mut findings = examples::alone();
        findings.run.suite = "a --> ![x](http://127.0.0.1) <script>".into();
        let page = written(&findings, &Frame::default());
        let marker = page.lines().next().unwrap();
        assert_eq!(marker.matches("-->").count(), 1, "{marker}");
        assert!(
            marker.ends_with(" -->") && !marker.contains(['(', '[']),
            "{marker}"
        );
    }
}
