//! Annotations for a GitHub job: workflow commands, one a line, for its log.
//!
//! Only gates are annotated, and an end that none of them explains: GitHub shows ten annotations of a kind for each step, so that
//! one a case would hide everything. What is beyond ten is counted in one notice.
//!
//! | gate | annotation |
//! | --- | --- |
//! | failed, or undecided in a way that decides the exit code | error |
//! | undecided, without effect on the exit code | warning |
//! | passed | none |

use std::io::{self, Write};

use super::{Material, content};
use crate::analysis::findings::{GateFindings, GateOutcome};
use crate::funnel::{ci_command, terminal_line};

/// Annotations of a kind that GitHub shows.
const MOST_OF_A_KIND: usize = 10;

/// The widest title, and the longest message.
const MOST_TITLE: usize = 120;
const MOST_MESSAGE: usize = 1_000;

/// Annotations on their way, counted.
#[derive(Debug, Default)]
struct Annotations {
    lines: String,
    errors: usize,
    warnings: usize,
}

impl Annotations {
    fn add(&mut self, is_error: bool, properties: &[(&'static str, &str)], message: &str) {
        let (kind, count) = match is_error {
            true => ("error", &mut self.errors),
            false => ("warning", &mut self.warnings),
        };
        *count += 1;
        if *count <= MOST_OF_A_KIND {
            let message = terminal_line(message, MOST_MESSAGE);
            self.lines.push_str(&ci_command(kind, properties, &message));
            self.lines.push('\n');
        }
    }

    /// The lines; what is beyond the limit as one notice, which says where the rest stands.
    fn finish(mut self, rest: &str) -> String {
        let beyond = |count: usize| count.saturating_sub(MOST_OF_A_KIND);
        let more = beyond(self.errors) + beyond(self.warnings);
        if more > 0 {
            let notice = format!("{more} more: {rest}");
            self.lines
                .push_str(&ci_command("notice", &[("title", "evenhand")], &notice));
            self.lines.push('\n');
        }
        self.lines
    }
}

pub(super) fn render(material: &mut Material<'_>, out: &mut dyn Write) -> io::Result<()> {
    let findings = material.findings;
    let mut annotations = Annotations::default();
    for gate in &findings.gates {
        if gate.outcome == GateOutcome::Passed {
            continue;
        }
        let title = title(&findings.run.suite, gate);
        let message = format!("{} ({}): {}", gate.gate, gate.target, gate.why);
        annotations.add(gate.effect != 0, &[("title", &title)], &message);
    }
    if annotations.errors == 0
        && let Some((code @ 1.., why)) = &material.frame.exit
    {
        let title = format!("evenhand: {}, exit {code}", findings.run.suite);
        let title = terminal_line(&title, MOST_TITLE);
        annotations.add(true, &[("title", &title)], why);
    }
    let lines = annotations.finish("the summary and the reports have them all");
    out.write_all(lines.as_bytes())
}

fn title(suite: &str, gate: &GateFindings) -> String {
    let word = content::outcome_word(gate.outcome).to_lowercase();
    terminal_line(&format!("evenhand: {suite}, gate {word}"), MOST_TITLE).into_owned()
}

/// A fault of a user's file, as an annotation has it.
#[derive(Debug, Clone, Copy)]
pub struct Fault<'a> {
    /// The file as the user named it; empty for what is no fault of a file.
    pub file: &'a str,
    /// Line and column from 1; 0: not known.
    pub place: (u32, u32),
    /// What is wrong.
    pub message: &'a str,
}

/// Annotations of faults at their places, one a line: at most ten, and one notice that counts the rest.
#[must_use]
pub fn annotated(faults: &[Fault<'_>]) -> String {
    let mut annotations = Annotations::default();
    for fault in faults {
        let (line, column) = (fault.place.0.to_string(), fault.place.1.to_string());
        let all = [("file", fault.file), ("line", &line), ("col", &column)];
        let known = match fault.place {
            _ if fault.file.is_empty() => 0,
            (0, _) => 1,
            (_, 0) => 2,
            _ => 3,
        };
        annotations.add(true, &all[..known], fault.message);
    }
    annotations.finish("the log has them all")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Frame, examples};

    fn rendered(
        change: impl Fn(&mut crate::analysis::findings::Findings),
        frame: &Frame,
    ) -> String {
        let (head, rows) = examples::rows();
        let mut findings = examples::support();
        change(&mut findings);
        examples::rendered("github-annotations", &findings, &head, &rows, frame)
    }

    #[test]
    fn gates_that_did_not_pass_are_annotated() {
        insta::assert_snapshot!(rendered(|_| {}, &examples::support_frame()));
    }

    #[test]
    fn more_than_ten_of_a_kind_are_counted() {
        let many = rendered(
            |findings| {
                let failed = findings
                    .gates
                    .iter()
                    .find(|gate| gate.outcome == GateOutcome::Failed)
                    .expect("a failed gate")
                    .clone();
                let harmless = GateFindings {
                    outcome: GateOutcome::Undecided,
                    effect: 0,
                    ..failed.clone()
                };
                findings.gates = vec![failed; 13];
                findings.gates.extend(vec![harmless; 11]);
            },
            &Frame::default(),
        );
        assert_eq!(many.matches("::error ").count(), 10);
        assert_eq!(many.matches("::warning ").count(), 10);
        assert!(
            many.ends_with(
                "::notice title=evenhand::4 more: the summary and the reports have them all\n"
            ),
            "{many}"
        );
    }

    #[test]
    fn an_end_that_no_gate_explains_is_annotated_and_a_good_one_is_not() {
        let frame = |code, why: &str| Frame {
            exit: Some((code, why.to_owned())),
            ..Frame::default()
        };
        let none = |findings: &mut crate::analysis::findings::Findings| findings.gates.clear();
        assert_eq!(
            rendered(none, &frame(5, "could not evaluate: a, b\n::x")),
            "::error title=evenhand%3A support-agent%2C exit 5::could not evaluate: a, b↵::x\n"
        );
        assert_eq!(rendered(none, &frame(0, "done")), "");
        assert_eq!(rendered(none, &Frame::default()), "");
    }

    #[test]
    fn faults_are_annotated_where_they_stand() {
        let fault = |file, line, column| Fault {
            file,
            place: (line, column),
            message: "unknown key `a,b`: 50%",
        };
        assert_eq!(
            annotated(&[
                fault("a,b:c.yaml", 3, 7),
                fault("d.csv", 2, 0),
                fault("e", 0, 0),
                fault("", 0, 0)
            ]),
            "::error file=a%2Cb%3Ac.yaml,line=3,col=7::unknown key `a,b`: 50%25\n\
             ::error file=d.csv,line=2::unknown key `a,b`: 50%25\n\
             ::error file=e::unknown key `a,b`: 50%25\n\
             ::error::unknown key `a,b`: 50%25\n"
        );
        let many = annotated(&[fault("s.yaml", 1, 1); 12]);
        assert_eq!(many.lines().count(), 11);
        assert!(
            many.ends_with("::notice title=evenhand::2 more: the log has them all\n"),
            "{many}"
        );
    }
}
