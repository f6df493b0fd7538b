//! JUnit XML for CI systems: one test suite for each target, in it one test case for each case, its repeats taken together.
//!
//! | repeats of the case | test case |
//! | --- | --- |
//! | the case is in quarantine | `skipped`, with what came of it |
//! | one that was scored is no success, or failed by the agent's own doing | `failure`: quality |
//! | else one that errored or is unscored | `error`: could not be evaluated |
//! | else one that was stopped | `skipped` |
//! | else | passed |
//!
//! So with repeats a case passes only when all of them succeed; how many did stands in the message. Where the suite defines no
//! success, an answer passes. The class name is `suite.target`, because some CI systems show nothing else of the suite; the file is
//! the dataset's, where it is one file below the folder evenhand was started in, so that such a system can link to it.
//!
//! The format has its counts in front, so that its test cases are held in memory: at most [`MOST_CASES`] a target, and what
//! lies beyond is counted in a last test case that fails if one of them does.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Material, content};
use crate::analysis::findings::TrialRow;
use crate::funnel::{terminal_line, xml};

/// Test cases written for a target. CI systems refuse files far smaller than what could be written.
const MOST_CASES: usize = 50_000;

/// The widest name or message, and the most characters of a description.
const MOST_COLUMNS: usize = 300;
const MOST_DESCRIPTION: usize = 4_000;

pub(super) fn render(material: &mut Material<'_>, out: &mut dyn Write) -> io::Result<()> {
    let findings = material.findings;
    let suite_name = &material.head.suite;
    let mut suites: Vec<Target> = Vec::new();
    let file = material.head.file.as_deref();
    for target in &findings.targets {
        suites.push(Target::new(suite_name, &target.id, file));
    }
    let has_success = findings.design.success.is_some();
    let scorers = &material.head.scorers;
    let mut case: Option<String> = None;
    for row in &mut *material.rows {
        if case.as_ref() != Some(&row.case) {
            suites.iter_mut().for_each(Target::close);
            case = Some(row.case.clone());
        }
        let nth = suites.iter().position(|suite| suite.id == row.target);
        let nth = nth.unwrap_or_else(|| {
            suites.push(Target::new(suite_name, &row.target, file));
            suites.len() - 1
        });
        suites[nth].take(&row, has_success, scorers);
    }
    let mut report = Report::new(text(&format!("evenhand: {suite_name}")));
    for mut target in suites {
        target.close();
        let mut suite = target.finish();
        if let Ok(started) = findings.run.started.parse::<jiff::Timestamp>() {
            let started = started.to_string().into();
            suite.extra.insert("timestamp".into(), started);
        }
        report.add_test_suite(suite);
    }
    report.serialize(out).map_err(io::Error::other)
}

/// A text that a document can hold, on one line and not too long.
fn text(text: &str) -> String {
    xml(&terminal_line(text, MOST_COLUMNS)).into_owned()
}

/// One target's test suite, and the case whose repeats are being taken.
struct Target {
    id: String,
    class: String,
    file: Option<String>,
    suite: TestSuite,
    open: Option<Repeats>,
    /// Cases beyond the limit: all, and those that failed or could not be evaluated.
    beyond: (u64, u64),
}

/// The repeats of one case.
#[derive(Default)]
struct Repeats {
    case: String,
    succeeded: u64,
    failed: u64,
    missing: u64,
    stopped: u64,
    quarantined: bool,
    seconds: f64,
    /// What was wrong, one line a repeat.
    faults: Vec<String>,
}

impl Target {
    fn new(suite: &str, id: &str, file: Option<&str>) -> Self {
        let class = text(&format!("{suite}.{id}"));
        Self {
            id: id.to_owned(),
            suite: TestSuite::new(class.clone()),
            class,
            file: file.map(text),
            open: None,
            beyond: (0, 0),
        }
    }

    fn take(&mut self, row: &TrialRow, has_success: bool, scorers: &[String]) {
        let repeats = self.open.get_or_insert_with(|| Repeats {
            case: row.case.clone(),
            ..Repeats::default()
        });
        repeats.quarantined |= row.quarantined;
        repeats.seconds += row.latency_ms.unwrap_or(0.0) / 1_000.0;
        let success = content::succeeded(row, has_success);
        match (success, row.state) {
            (Some(true), _) => repeats.succeeded += 1,
            (Some(false), _) => repeats.failed += 1,
            (None, "stopped") => repeats.stopped += 1,
            (None, _) => repeats.missing += 1,
        }
        if success != Some(true) {
            let why = content::objection(row, scorers);
            repeats.faults.push(format!("repeat {}: {why}", row.repeat));
        }
    }

    fn close(&mut self) {
        let Some(repeats) = self.open.take() else {
            return;
        };
        if self.suite.test_cases.len() >= MOST_CASES {
            self.beyond.0 += 1;
            let bad = !repeats.quarantined && repeats.failed + repeats.missing > 0;
            self.beyond.1 += u64::from(bad);
            return;
        }
        let mut case = TestCase::new(text(&repeats.case), repeats.status());
        case.set_classname(self.class.clone());
        if let Some(file) = &self.file {
            case.extra.insert("file".into(), file.as_str().into());
        }
        if let Ok(time) = Duration::try_from_secs_f64(repeats.seconds) {
            case.set_time(time);
        }
        self.suite.add_test_case(case);
    }

    fn finish(mut self) -> TestSuite {
        let (all, bad) = self.beyond;
        if all > 0 {
            let mut status = match bad {
                0 => TestCaseStatus::skipped(),
                _ => TestCaseStatus::non_success(NonSuccessKind::Failure),
            };
            status.set_message(format!(
                "{all} more cases are left out here, {bad} of them failed or not evaluated: the csv report has them all"
            ));
            let mut case = TestCase::new("(further cases)", status);
            case.set_classname(self.class.clone());
            self.suite.add_test_case(case);
        }
        let seconds = self
            .suite
            .test_cases
            .iter()
            .filter_map(|case| case.time)
            .sum();
        self.suite.set_time(seconds);
        self.suite
    }
}

impl Repeats {
    fn status(&self) -> TestCaseStatus {
        let (mut status, kind) = match self {
            Self {
                quarantined: true, ..
            } => (TestCaseStatus::skipped(), "quarantine"),
            Self { failed: 1.., .. } => (
                TestCaseStatus::non_success(NonSuccessKind::Failure),
                "quality",
            ),
            Self { missing: 1.., .. } => (
                TestCaseStatus::non_success(NonSuccessKind::Error),
                "not evaluated",
            ),
            Self { stopped: 1.., .. } => (TestCaseStatus::skipped(), "stopped"),
            _ => return TestCaseStatus::success(),
        };
        let all = self.succeeded + self.failed + self.missing + self.stopped;
        let first = self.faults.first().map_or("", String::as_str);
        let message = match all {
            1 => first
                .split_once(": ")
                .map_or(first, |(_, why)| why)
                .to_owned(),
            _ => format!(
                "{} of {} succeed; {first}",
                self.succeeded,
                content::counted(all, "repeat")
            ),
        };
        let message = match self.quarantined {
            false => message,
            true if self.faults.is_empty() => "in quarantine; succeeded".to_owned(),
            true => format!("in quarantine; {message}"),
        };
        status.set_message(text(&message)).set_type(kind);
        if self.faults.len() > 1 {
            let lines: Vec<String> = self.faults.iter().map(|line| text(line)).collect();
            let description: String = lines.join("\n").chars().take(MOST_DESCRIPTION).collect();
            status.set_description(description);
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Frame, examples, kind};

    fn rendered(rows: Vec<TrialRow>) -> String {
        let (head, _) = examples::rows();
        let mut out = Vec::new();
        let material = Material {
            findings: &examples::support(),
            head: &head,
            rows: &mut rows.into_iter(),
            cases: &mut examples::Book::default(),
            frame: &Frame::default(),
        };
        kind("junit").unwrap().render(material, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn failures_errors_and_skips_are_told_apart() {
        insta::assert_snapshot!(rendered(examples::rows().1));
    }

    #[test]
    fn characters_that_no_document_may_hold_do_not_reach_it() {
        let mut rows = examples::rows().1;
        rows.truncate(1);
        rows[0].case = "a\u{fffe}\u{0}]]><&\"\u{1b}[31m\u{202e}".into();
        let written = rendered(rows);
        let allowed = |c: char| {
            c == '\n' || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{7f}'..='\u{9f}'))
        };
        assert!(written.chars().all(allowed), "{written}");
        let again = Report::deserialize_from_str(&written).unwrap();
        let name = again.test_suites[0].test_cases[0].name.as_str();
        assert_eq!(name, "a<U+FFFE>␀]]><&\"␛[31m<U+202E>");
    }

    #[test]
    fn a_huge_run_ends_in_a_count_of_what_is_left_out() {
        let (_, rows) = examples::rows();
        let many = |n: usize| -> Vec<TrialRow> {
            let row = |nth: usize| TrialRow {
                case: format!("c{nth}"),
                success: Some(nth != n - 1),
                ..rows[0].clone()
            };
            (0..n).map(row).collect()
        };
        let report = Report::deserialize_from_str(&rendered(many(MOST_CASES + 7))).unwrap();
        let suite = &report.test_suites[0];
        assert_eq!((suite.tests, suite.failures), (MOST_CASES + 1, 1));
        let last = suite.test_cases.last().unwrap();
        let TestCaseStatus::NonSuccess { message, .. } = &last.status else {
            panic!("{last:?}");
        };
        let message = message.as_ref().unwrap().as_str();
        assert!(
            message.starts_with("7 more cases are left out here, 1 of them"),
            "{message}"
        );
    }
}
