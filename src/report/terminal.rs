//! The screen at the end of a run: gates first, the thing to do next last.
//!
//! Words carry the state and styling only helps; figures line up; nothing is wider than the screen except what is to be
//! copied, and no line is there that says nothing.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::content::{self, Row};
use super::screen::{Ink, Place, Screen};
use super::{Frame, Material};
use crate::analysis::findings::{Comparison, Findings, GateFindings, GateOutcome, Unit};
use crate::funnel::terminal_line;

mod table;

/// A line with a label: `missing   2 of 960 ...`.
const LABELLED: Place = Place {
    indent: 0,
    hang: 10,
    below: 2,
};

/// A line below a finding.
const BELOW_FINDING: Place = Place {
    indent: 2,
    hang: 10,
    below: 4,
};

/// How many case ids stand beside a count.
const FEW_IDS: usize = 5;

/// The widest id on a line with others.
const ID_COLUMNS: usize = 24;

/// Where a gate's rule begins, behind the word for its outcome.
const RULE_AT: usize = 13;

/// The widest rule before the number that decided it goes below.
const RULE_COLUMNS: usize = 40;

/// How many tags are shown.
const MOST_TAGS: usize = 12;

pub(super) fn render(material: &mut Material<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (findings, frame) = (material.findings, material.frame);
    let mut screen = Screen::new(frame.width, frame.color);
    head(&mut screen, findings);
    gates(&mut screen, findings);
    tables(&mut screen, findings);
    verdicts(&mut screen, findings, frame);
    notes(&mut screen, findings);
    closing(&mut screen, frame);
    out.write_all(screen.finish().as_bytes())
}

fn head(screen: &mut Screen, findings: &Findings) {
    screen.paragraph(Ink::Bold, &content::headline(findings).join(" · "));
    if let Some(success) = &findings.design.success {
        screen.paragraph(Ink::Dim, &format!("success = {success}"));
    }
    let alarms = content::alarms(findings);
    if !alarms.is_empty() || !findings.differences.is_empty() {
        screen.gap();
    }
    // Before any number: what a difference can come from.
    for (nth, text) in findings.differences.iter().enumerate() {
        let label = if nth == 0 { "changed" } else { "" };
        screen.entry(LABELLED, &[(label, Ink::Dim)], (text, Ink::Plain));
    }
    let widest = alarms.iter().map(|(word, _)| word.len()).max().unwrap_or(0);
    for (word, text) in alarms {
        let at = Place {
            hang: widest + 2,
            ..LABELLED
        };
        screen.entry(at, &[(word, Ink::Warn)], (&text, Ink::Plain));
    }
}

fn gates(screen: &mut Screen, findings: &Findings) {
    if findings.gates.is_empty() {
        return;
    }
    let several = findings.targets.len() > 1;
    let target = |gate: &GateFindings| terminal_line(&gate.target, ID_COLUMNS).into_owned();
    let widths = findings.gates.iter().map(|gate| gate.gate.width());
    let rules = widths
        .filter(|width| *width <= RULE_COLUMNS)
        .max()
        .unwrap_or(0);
    let targets = findings.gates.iter().map(|gate| target(gate).width()).max();
    let targets = targets.filter(|_| several).map_or(0, |width| width + 2);
    let at = Place {
        indent: 2,
        hang: RULE_AT + rules + targets + 3,
        below: RULE_AT,
    };
    screen.gap();
    screen.paragraph(Ink::Bold, "gates");
    for gate in &findings.gates {
        let word = content::outcome_word(gate.outcome);
        let ink = match gate.outcome {
            GateOutcome::Passed => Ink::Good,
            GateOutcome::Failed => Ink::Bad,
            GateOutcome::Undecided => Ink::Warn,
        };
        let space = " ".repeat(RULE_AT - at.indent - word.len());
        let rule = match several {
            true => format!("{:<rules$}  {}", gate.gate, target(gate)),
            false => gate.gate.clone(),
        };
        let label = [(word, ink), (&space, Ink::Plain), (&rule, Ink::Plain)];
        screen.entry(at, &label, (&gate.why, Ink::Plain));
    }
}

fn tables(screen: &mut Screen, findings: &Findings) {
    // Targets that were not evaluated are named above; a table of nothing else says nothing.
    if findings.targets.iter().all(|target| target.not_evaluated) {
        return;
    }
    let (mut rows, without) = content::figures(findings);
    let whole = rows.clone();
    let (metric, mut tags) = content::slices(findings);
    let more = tags.len().saturating_sub(MOST_TAGS);
    tags.truncate(MOST_TAGS);
    let title = format!("{metric} by tag");
    let label_width = table::label_width(&rows).max(table::label_width(&tags));
    let headings = |rows: &mut [Row], share: bool| -> Vec<table::Heading> {
        let targets = findings.targets.iter().enumerate();
        targets
            .map(|(nth, target)| {
                let (name, mark) = content::column(findings, target);
                let count = match share {
                    true => content::shared_count(rows, nth, findings.design.repeats),
                    false => String::new(),
                };
                table::Heading { name, mark, count }
            })
            .collect()
    };
    let mut put = |title: &str, headings: &[table::Heading], rows: &[Row], whole: &[Row]| {
        if rows.is_empty() {
            return;
        }
        let figures = table::Figures {
            title,
            headings,
            rows,
            whole,
            label_width,
        };
        let (lines, head) = table::lay_out(&figures, screen.width());
        screen.gap();
        screen.laid_out(&lines, head);
    };
    let shared = headings(&mut rows, true);
    put("", &shared, &rows, &whole);
    put(&title, &headings(&mut tags, false), &tags, &tags);
    if more > 0 {
        let more = content::counted(more as u64, "more tag");
        screen.paragraph(
            Ink::Dim,
            &format!("{more}: --report json=FILE has them all"),
        );
    }
    if !without.is_empty() {
        screen.gap();
        screen.paragraph(Ink::Dim, &format!("no figure for {}", without.join("; ")));
    }
}

fn verdicts(screen: &mut Screen, findings: &Findings, frame: &Frame) {
    for verdict in content::verdicts(findings) {
        screen.gap();
        screen.paragraph(Ink::Bold, &content::sentence(verdict.primary));
        flips(screen, verdict.primary, Some(&frame.run));
        let mut line = |label: &str, text: &str| {
            screen.entry(BELOW_FINDING, &[(label, Ink::Dim)], (text, Ink::Plain));
        };
        if let Some(said) = content::judged(verdict.primary) {
            line("judge", &said);
        }
        if let Some(pairs) = content::footing(verdict.primary) {
            line("pairs", &pairs);
        }
        for other in &verdict.notable {
            line("also", &content::adjusted(other));
        }
        if let Some(quiet) = content::quiet(&verdict) {
            line("others", &quiet);
        }
    }
}

/// Who changed sides, for a pass/fail metric; `run` is how the command that shows one names its run, where there is one.
pub(super) fn flips(screen: &mut Screen, comparison: &Comparison, run: Option<&str>) {
    let mut line = |label: &str, text: &str| {
        screen.entry(BELOW_FINDING, &[(label, Ink::Dim)], (text, Ink::Plain));
    };
    let flipped = &comparison.flipped;
    let (gained, lost) = (&flipped.gained, &flipped.lost);
    if gained.is_empty() && lost.is_empty() {
        if comparison.unit == Unit::Rate
            && comparison.pairs > 0
            && flipped.gained_at.is_empty()
            && flipped.lost_at.is_empty()
        {
            line("flipped", "no case changed sides");
        }
        return;
    }
    let digits = gained.len().max(lost.len()).to_string().len();
    line("gained", &few_ids(gained, digits));
    line("lost", &few_ids(lost, digits));
    if let Some(one) = lost.first().or(gained.first())
        && let Some(command) = run.and_then(|run| content::show_command(run, one, None))
    {
        line("see", &command);
    }
}

/// `9 cases: c003, c012 ...`.
fn few_ids(ids: &[String], digits: usize) -> String {
    let count = content::counted(ids.len() as u64, "case");
    let mut text = format!(
        "{:>width$}",
        count,
        width = count.len().max(digits + " cases".len())
    );
    for (nth, id) in ids.iter().take(FEW_IDS).enumerate() {
        text.push_str(if nth == 0 { ": " } else { ", " });
        text.push_str(&terminal_line(id, ID_COLUMNS));
    }
    if ids.len() > FEW_IDS {
        text.push_str(" ...");
    }
    text
}

fn notes(screen: &mut Screen, findings: &Findings) {
    let notes = content::notes(findings);
    if !notes.is_empty() {
        screen.gap();
    }
    let mut last = "";
    for (label, text) in notes {
        // A label stands once for all its lines.
        let shown = if label == last { "" } else { label };
        screen.entry(LABELLED, &[(shown, Ink::Dim)], (&text, Ink::Plain));
        last = label;
    }
}

fn closing(screen: &mut Screen, frame: &Frame) {
    if frame.reports.is_empty() && frame.next.is_empty() && frame.exit.is_none() {
        return;
    }
    screen.gap();
    for (nth, path) in frame.reports.iter().enumerate() {
        screen.whole(
            if nth == 0 { "report" } else { "" },
            LABELLED.hang,
            path,
            "",
        );
    }
    for (nth, step) in frame.next.iter().enumerate() {
        screen.whole(
            if nth == 0 { "next" } else { "" },
            LABELLED.hang,
            &step.command,
            &step.why,
        );
    }
    if let Some((code, why)) = &frame.exit {
        let ink = if *code == 0 { Ink::Good } else { Ink::Bad };
        screen.paragraph(ink, &format!("exit {code}: {why}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{examples, kind};

    fn screen(findings: &Findings, frame: &Frame) -> String {
        let (head, rows) = examples::rows();
        let mut out = Vec::new();
        let material = Material {
            findings,
            head: &head,
            rows: &mut rows.into_iter(),
            cases: &mut examples::Book::default(),
            frame,
        };
        kind("terminal")
            .unwrap()
            .render(material, &mut out)
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Each example's screen at a width, with the closing lines that fit it.
    fn shown(name: &str, width: usize) -> String {
        let examples = examples::all();
        let (_, findings) = examples.iter().find(|(known, _)| *known == name).unwrap();
        let frame = Frame {
            width,
            ..examples::frame(name)
        };
        screen(findings, &frame)
    }

    macro_rules! screens {
        ($($test:ident: $name:literal),* $(,)?) => {$(
            #[test]
            fn $test() {
                insta::assert_snapshot!(shown($name, 100));
            }
        )*};
    }

    screens! {
        a_run_with_gates_of_every_outcome: "support",
        the_quickstart_with_its_tags: "quickstart",
        a_run_of_one_target: "alone",
        an_interrupted_run: "interrupted",
        a_run_that_could_not_be_evaluated: "not_evaluated",
        a_run_without_a_single_answer: "nothing_at_all",
        more_targets_than_columns: "crowd",
        a_judge_held_against_people: "calibrated",
        a_judge_that_was_changed_since: "stale",
    }

    #[test]
    fn narrow_and_wide_screens_use_what_they_have() {
        let screens = [80, 60, 140].map(|width| shown("support", width));
        insta::assert_snapshot!(screens.join("\n=====\n"));
    }

    #[test]
    fn nothing_but_what_is_to_be_copied_is_wider_than_the_screen() {
        for (name, findings) in examples::all() {
            for width in 60..=140 {
                let frame = Frame {
                    width,
                    ..examples::frame(name)
                };
                let whole = |line: &str| {
                    let mut kept = frame
                        .reports
                        .iter()
                        .chain(frame.next.iter().map(|one| &one.command));
                    kept.any(|kept| line.ends_with(kept))
                };
                for line in screen(&findings, &frame).lines() {
                    assert!(
                        line.width() <= width || whole(line),
                        "{name} at {width}: {line}"
                    );
                    assert_eq!(line.trim_end(), line, "{name} at {width}");
                }
            }
        }
    }

    #[test]
    fn colour_adds_nothing_but_styling() {
        for (name, findings) in examples::all() {
            let frame = examples::frame(name);
            let plain = screen(&findings, &frame);
            let frame = Frame {
                color: true,
                ..frame
            };
            let mut colored = screen(&findings, &frame);
            assert_ne!(colored, plain);
            for code in ["0", "1", "2", "1;31", "1;32", "1;33"] {
                colored = colored.replace(&format!("\u{1b}[{code}m"), "");
            }
            assert_eq!(colored, plain, "{name}");
        }
    }
}
