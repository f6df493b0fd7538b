//! Hostile text in every field at once, through every sink.

use unicode_width::UnicodeWidthStr;

use super::examples::{self, rendered};
use super::{Frame, NextStep};
use crate::analysis::findings::{
    CertificateSummary, Correction, Figure, Findings, RowHead, ScoreCell, TrialRow,
};

/// What some sink would take for an instruction.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;t\u{7}\r\n::error::x\n##[group]g\u{9b}1m\u{202e}</details>--><script>![i](http://127.0.0.1/i)@octocat `|` =1+1 \u{fffe}\0]]>&\"'";

/// Every text field of the findings, of the rows and of the frame replaced.
fn hostile() -> (Findings, RowHead, Vec<TrialRow>, Frame) {
    let (mut head, mut rows) = examples::rows();
    let bad = || HOSTILE.to_owned();
    let mut findings = examples::not_evaluated();
    findings.comparisons = examples::support().comparisons;
    findings.gates.extend(examples::support().gates);
    findings
        .targets
        .push(examples::quickstart().targets.remove(0));
    let run = &mut findings.run;
    for field in [
        &mut run.id,
        &mut run.suite,
        &mut run.started,
        &mut run.directory,
    ] {
        *field = bad();
    }
    run.source = Some(bad());
    run.digests = [("dataset".to_owned(), bad()), (bad(), bad())].into();
    findings.design.success = Some(bad());
    findings.design.primary = bad();
    findings.design.baseline = Some(bad());
    for target in &mut findings.targets {
        target.id = bad();
        target.errors = [(bad(), 3)].into();
        target.agent_failures = [(bad(), 3)].into();
        for (name, _) in &mut target.metrics {
            *name = format!("{HOSTILE}{name}");
        }
        for (_, one) in target.metrics.iter_mut().take(1) {
            one.calibration = Some(bad());
            one.correction = Some(Correction {
                method: bad(),
                why: Some(bad()),
                assumes: Some(bad()),
                warnings: vec![bad()],
                ..Correction::default()
            });
            one.figure = Figure::Undefined {
                undefined: bad(),
                n: 0,
            };
        }
        let slices = std::mem::take(&mut target.slices);
        let slices = slices.into_iter().map(|(tag, mut slice)| {
            slice.metrics[0].0 = bad();
            (format!("{HOSTILE}{tag}"), slice)
        });
        target.slices = slices.collect();
    }
    for comparison in &mut findings.comparisons {
        comparison.candidate = bad();
        comparison.baseline = bad();
        comparison.metric = bad();
        comparison.sentence = bad();
        comparison.why = Some(bad());
        comparison.left_out = [(bad(), 2)].into();
        comparison.flipped.gained = vec![bad(), bad()];
        comparison.flipped.lost = vec![bad()];
    }
    for judge in &mut findings.judges {
        judge.scorer = bad();
        judge.target = bad();
        judge.model = bad();
        judge.digest = bad();
        judge.calibration = bad();
        judge.unscored = [(bad(), 1)].into();
        judge.why = Some(bad());
        judge.conclusion = Some(bad());
        judge.certificate = Some(CertificateSummary {
            agreement: bad(),
            point: Some(0.5),
            low: None,
            high: None,
            labels: 1,
            made: bad(),
            rule: bad(),
            words: bad(),
        });
    }
    for gate in &mut findings.gates {
        gate.gate = bad();
        gate.target = bad();
        gate.why = bad();
        gate.metric = bad();
    }
    findings.warnings = vec![bad()];
    head.suite = bad();
    head.file = Some(bad());
    head.scorers[0] = bad();
    for row in &mut rows {
        row.case = format!("{HOSTILE}{}", row.case);
        row.target = bad();
        row.kind = Some(bad());
        row.scores[2] = Some(ScoreCell::Label(bad()));
        row.scores[1] = Some(ScoreCell::Unscored(bad()));
    }
    let frame = Frame {
        run: bad(),
        reports: vec![bad()],
        next: vec![NextStep {
            command: bad(),
            why: bad(),
        }],
        exit: Some((6, bad())),
        ..Frame::default()
    };
    (findings, head, rows, frame)
}

#[test]
fn no_text_steers_the_terminal() {
    let (findings, head, rows, frame) = hostile();
    for width in [60, 80, 100] {
        let frame = Frame {
            width,
            ..frame.clone()
        };
        let screen = rendered("terminal", &findings, &head, &rows, &frame);
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!screen.contains(steers), "{screen:?}");
        assert!(
            !screen.contains("evenhand show"),
            "no command may hold such an id"
        );
        let whole = |line: &&str| line.trim_start().starts_with("␛[2J");
        let wide = screen
            .lines()
            .filter(|line| line.width() > width && !whole(line));
        assert_eq!(wide.count(), 0, "{screen}");
    }
}

#[test]
fn no_text_marks_up_a_comment() {
    let (findings, head, rows, frame) = hostile();
    let page = rendered("markdown", &findings, &head, &rows, &frame);
    let unescaped = page.replace("\\[", "").replace("\\]", "");
    for live in [
        "<script", "[i", "i]", "@octocat", "\r", "\u{202e}", "\u{1b}", "\n::",
    ] {
        assert!(!unescaped.contains(live), "{live:?} in {page}");
    }
    assert_eq!(
        page.matches("<details>").count(),
        page.matches("</details>").count()
    );
    assert_eq!(page.matches("-->").count(), 1);
    for row in page.lines().filter(|line| line.starts_with('|')) {
        let cells = row.matches('|').count();
        assert!((5..=6).contains(&cells), "{cells} in {row}");
    }
}

#[test]
fn every_text_comes_back_from_json() {
    let (findings, head, rows, frame) = hostile();
    let report = rendered("json", &findings, &head, &rows, &frame);
    let report: serde_json::Value = serde_json::from_str(&report).expect("a report is JSON");
    assert_eq!(report["gates"][0]["why"], HOSTILE);
    assert_eq!(report["comparisons"][0]["flipped"]["gained"][1], HOSTILE);
}

#[test]
fn no_text_breaks_a_table_or_a_document() {
    let (findings, head, rows, frame) = hostile();
    let table = rendered("csv", &findings, &head, &rows, &frame);
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let read: Vec<_> = reader
        .records()
        .map(|record| record.expect("a report is CSV"))
        .collect();
    assert_eq!(read.len(), rows.len());
    for (record, row) in read.iter().zip(&rows) {
        assert_eq!(crate::funnel::csv_text(&record[0]), row.case);
    }
    let document = rendered("junit", &findings, &head, &rows, &frame);
    let report = quick_junit::Report::deserialize_from_str(&document).expect("a report is JUnit");
    assert_eq!(report.tests, 4, "one target, four cases: {document}");
    assert!(!document.contains(['\u{fffe}', '\0', '\u{1b}', '\u{202e}']));
}

#[test]
fn no_text_marks_up_a_summary() {
    let (findings, head, rows, frame) = hostile();
    let page = rendered("github-summary", &findings, &head, &rows, &frame);
    let unescaped = page.replace("\\[", "").replace("\\]", "");
    for live in [
        "<script", "[i", "i]", "@octocat", "\r", "\u{202e}", "\u{1b}", "\n::", "-->",
    ] {
        assert!(!unescaped.contains(live), "{live:?} in {page}");
    }
    let count = |of: &str| page.matches(of).count();
    assert_eq!(count("<details>"), count("</details>"));
    assert!(page.contains("trials without success"), "{page}");
}

#[test]
fn no_text_commands_a_ci_system() {
    let (findings, head, rows, frame) = hostile();
    let lines = rendered("github-annotations", &findings, &head, &rows, &frame);
    for line in lines.lines() {
        let body = line
            .strip_prefix("::error title=")
            .or_else(|| line.strip_prefix("::warning title="))
            .or_else(|| line.strip_prefix("::notice title="));
        let (title, _) = body
            .and_then(|body| body.split_once("::"))
            .unwrap_or_else(|| panic!("{line:?}"));
        assert!(!title.contains([':', ',']), "{line:?}");
        assert!(!line.contains(['\r', '\u{1b}', '\u{202e}']), "{line:?}");
    }
    let report = rendered("json", &findings, &head, &rows, &frame);
    let printed = super::kind("json").expect("a kind").in_log(&report);
    assert_ne!(printed, report, "something in it had to change");
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    assert_eq!(read(&printed), read(&report));
    for kind in super::KINDS {
        if kind.name == "github-annotations" {
            continue;
        }
        let report = rendered(kind.name, &findings, &head, &rows, &frame);
        let printed = kind.in_log(&report);
        for line in printed.split(['\n', '\r']) {
            assert!(
                !line.trim_start().starts_with("::"),
                "{}: {line:?}",
                kind.name
            );
            assert!(!line.contains("##["), "{}: {line:?}", kind.name);
        }
    }
}

#[test]
fn no_text_becomes_another_output() {
    let (findings, head, rows, frame) = hostile();
    let file = rendered("github-output", &findings, &head, &rows, &frame);
    let mut keys = 0;
    let mut lines = file.split('\n').filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        keys += 1;
        let (key, rest) = line
            .split_once(['=', '<'])
            .unwrap_or_else(|| panic!("{line:?}"));
        assert!(
            key.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
            "{line:?}"
        );
        if let Some(delimiter) = rest.strip_prefix('<') {
            assert!(lines.any(|line| line == delimiter), "{file}");
        }
    }
    assert_eq!(keys, 20, "{file}");
}

/// Every text of the cases replaced.
fn hostile_book() -> examples::Book {
    let mut book = examples::book();
    let bad = || HOSTILE.to_owned();
    book.sides = vec![bad(), format!("{HOSTILE}2")];
    book.making = vec![("made by", bad())];
    for (outline, detail) in &mut book.cases {
        outline.id = format!("{HOSTILE}{}", outline.id);
        outline.tags = vec![bad()];
        outline.asks = bad();
        for row in outline.rows.iter_mut().flatten() {
            row.target = bad();
            row.scores[1] = Some(ScoreCell::Unscored(bad()));
        }
        let case = &mut detail.case;
        case.id.clone_from(&outline.id);
        case.input = crate::domain::case::Input::Text(bad());
        case.expected = Some(HOSTILE.into());
        (case.tags, case.choices, case.context) = (vec![bad()], vec![bad()], vec![bad()]);
        case.metadata = [(bad(), HOSTILE.into())].into_iter().collect();
        for trial in detail.trials.iter_mut().flatten() {
            let human = crate::analysis::held::Human {
                value: crate::analysis::held::HumanValue::Class(bad()),
                probability: None,
                critiques: vec![bad()],
            };
            trial.people = vec![(bad(), human)];
            for score in &mut trial.scores {
                score.scorer = bad();
                score.reason = Some(bad());
                if let Some(asked) = &mut score.asked {
                    asked.replies = vec![bad(), bad()];
                    asked.model_returned = Some(bad());
                }
            }
            let Some(finished) = &mut trial.finished else {
                continue;
            };
            if let crate::domain::transcript::Outcome::Failed { message, .. } =
                &mut finished.outcome
            {
                *message = bad();
            }
            for fault in finished
                .attempts
                .iter_mut()
                .filter_map(|one| one.fault.as_mut())
            {
                fault.message = bad();
            }
            finished.reused = Some(bad());
            let transcript = &mut finished.transcript;
            transcript.output = bad();
            transcript.reasoning = Some(bad());
            transcript.model_returned = Some(bad());
            let turns = transcript
                .sessions
                .iter_mut()
                .flat_map(|one| &mut one.turns);
            for step in turns.flat_map(|turn| &mut turn.steps) {
                step.text = Some(bad());
                step.name = Some(bad());
            }
        }
    }
    book
}

#[test]
fn no_text_marks_up_a_page_or_leaves_its_island() {
    let (findings, head, rows, frame) = hostile();
    let mut book = hostile_book();
    let all = (&findings, &head, rows.as_slice(), &frame);
    let page = examples::rendered_with("html", all, &mut book);
    let count = |of: &str| page.matches(of).count();
    assert_eq!((count("<script"), count("</script>")), (2, 2));
    assert_eq!(count("<details>"), count("</details>"));
    assert_eq!(count("<svg"), count("</svg>"));
    for live in ["-->", "<!--", "<img", "{{", "\0", "\r", "<script>!"] {
        assert!(!page.contains(live), "{live:?}");
    }
    let (_, island) = page.split_once("id=\"data\">").expect("an island");
    let (island, _) = island.split_once("</script>").expect("its end");
    assert!(!island.contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
    let data: serde_json::Value = serde_json::from_str(island).expect("the island is JSON");
    assert_eq!(data["index"]["tags"][0], HOSTILE);
    assert_eq!(data["index"]["sides"][0], HOSTILE);
    let case = &data["details"][0];
    let asked = case["asked"].as_array().expect("what is asked");
    assert!(asked.iter().all(|one| {
        one["text"]
            .as_str()
            .is_some_and(|text| text.contains(HOSTILE))
    }));
    let scores = &case["sides"][0][0]["scores"];
    assert_eq!(
        (&scores[0]["scorer"], &scores[0]["reason"]["text"]),
        (&HOSTILE.into(), &HOSTILE.into())
    );
    assert_eq!(scores[0]["people"], HOSTILE);
    assert_eq!(scores[0]["critiques"][0]["text"], HOSTILE);
    assert_eq!(case.get("command"), None, "no command may hold such an id");
    // The text between the tags is what was given, escaped and whole.
    let shown = crate::funnel::html(HOSTILE);
    assert!(
        page.matches(&*shown).count() > 40,
        "{}",
        page.matches(&*shown).count()
    );
}

#[test]
fn no_text_leaves_its_label() {
    let (findings, head, rows, frame) = hostile();
    let written = rendered("openmetrics", &findings, &head, &rows, &frame);
    let series = regex::Regex::new(
        r#"^evenhand_[a-z_]+\{[a-z]+="(?:[^"\\]|\\["\\])*"(?:,[a-z]+="(?:[^"\\]|\\["\\])*")*\} -?[0-9.e-]+$"#,
    )
    .expect("a pattern");
    for line in written.lines() {
        let fits = line.starts_with("# TYPE evenhand_")
            || line.starts_with("# HELP evenhand_")
            || line == "# EOF"
            || series.is_match(line);
        assert!(fits && !line.contains(char::is_control), "{line:?}");
    }
    assert!(written.matches('\n').count() > 10, "{written}");
}
