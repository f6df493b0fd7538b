//! The same at prompts.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::cli::{Desk, Said};
use crate::{outputs, rows};

/// Runs `annotate --terminal` with these lines typed.
pub(crate) fn typed(desk: &Desk, arguments: &[&str], lines: impl AsRef<[u8]>) -> Said {
    let mut child = desk
        .command(&[&["annotate", "--terminal"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("its input is ours");
    // One that has ended reads nothing more.
    let _ = stdin.write_all(lines.as_ref());
    drop(stdin);
    Said::of(child.wait_with_output().expect("it ends"))
}

#[test]
fn lines_label_skip_undo_flag_and_end_and_the_next_start_goes_on() {
    let desk = Desk::new(&[("o.jsonl", &outputs(4))]);
    let asked = ["o.jsonl", "--annotator", "ann", "--judge", "helpfulness"];
    let said = typed(
        &desk,
        &asked,
        "?\nc far too long\n2\n9\n\nf\n5\nu\n4\ns\nq\n",
    )
    .ends(0);
    for part in [
        "Which grade does the output deserve?   1 · 2 · 3 · 4 · 5",
        "5: does all that was asked",
        "flagged",
        "undone; it was: 5",
        "2 of 4 labelled, 1 skipped",
    ] {
        assert!(said.stdout.contains(part), "{part}\n{}", said.stdout);
    }
    assert!(
        said.stderr.contains("`9` is none of the answers"),
        "{}",
        said.stderr
    );
    let labels = rows(&desk, "o.labels.jsonl");
    assert_eq!(labels.len(), 2);
    assert_eq!(
        (&labels[0]["rating"], &labels[1]["rating"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(labels[0]["critique"], "far too long");
    assert_eq!(labels[0]["rubric_version"], "helpfulness@1");
    assert_eq!(labels[1]["critique"], "", "a critique is of its own output");
    let said = typed(&desk, &asked, "1\n3\n").ends(0);
    assert!(said.stdout.contains("All done."), "{}", said.stdout);
    assert_eq!(rows(&desk, "o.labels.jsonl").len(), 4);
}

#[test]
fn a_critique_is_of_the_card_it_was_written_for_also_when_that_comes_later() {
    let desk = Desk::new(&[("o.jsonl", &outputs(3))]);
    let asked = ["o.jsonl", "--annotator", "ann"];
    let said = typed(&desk, &asked, "c about the skipped one\ns\n1\n1\n2\n").ends(0);
    assert!(
        said.stdout.contains("your critique about the skipped one"),
        "{}",
        said.stdout
    );
    let labels = rows(&desk, "o.labels.jsonl");
    let said: Vec<_> = labels
        .iter()
        .map(|row| (&row["pass"], &row["critique"]))
        .collect();
    let (pass, fail) = (json!("pass"), json!("fail"));
    let (none, written) = (json!(""), json!("about the skipped one"));
    assert_eq!(
        said,
        [(&pass, &none), (&pass, &none), (&fail, &written)],
        "in the order in which they were given"
    );
}

#[test]
fn what_was_skipped_for_good_is_missing_from_what_the_labels_say_and_that_is_said() {
    let desk = Desk::new(&[("o.jsonl", &outputs(3))]);
    let asked = ["o.jsonl", "--annotator", "ann"];
    let said = typed(&desk, &asked, "1\ns\n").ends(0);
    assert!(
        said.stdout
            .contains("the same command goes on; 2 of 3 are left"),
        "{}",
        said.stdout
    );
    let said = typed(&desk, &asked, "2\ns\n").ends(0);
    let note = "1 of 3 were skipped: what these labels say leaves out what was hard to tell";
    assert!(said.stdout.contains(note), "{}", said.stdout);
    assert!(!said.stdout.contains("goes on"), "{}", said.stdout);
}

#[test]
fn what_is_undone_is_asked_again_at_once_also_among_outputs_that_came_since() {
    let desk = Desk::new(&[("o.jsonl", &outputs(40))]);
    let asked = |count| ["o.jsonl", "--annotator", "ann", "-n", count];
    let all = "1\n".repeat(9) + "c of the tenth\n1\n";
    typed(&desk, &asked("10"), &all).ends(0);
    let before = rows(&desk, "o.labels.jsonl");
    let tenth = &before[9]["item"];
    assert_eq!(before[9]["critique"], "of the tenth");
    // More were drawn since: most of them stand before the tenth.
    typed(&desk, &asked("40"), "u\n2\nq\n").ends(0);
    let after = rows(&desk, "o.labels.jsonl");
    assert_eq!(after.len(), 10);
    let fails: Vec<_> = after.iter().filter(|row| row["pass"] == "fail").collect();
    assert_eq!(fails.len(), 1);
    assert_eq!(&fails[0]["item"], tenth);
    assert_eq!(fails[0]["critique"], "of the tenth");
    let said = typed(&desk, &asked("40"), "u\nc\n2\nq\n").ends(0);
    assert!(said.stdout.contains("no critique"), "{}", said.stdout);
    let after = rows(&desk, "o.labels.jsonl");
    assert!(after.iter().all(|row| row["critique"] != "of the tenth"));
}

#[test]
fn bytes_that_are_no_text_cost_a_line_and_not_the_session() {
    let desk = Desk::new(&[("o.jsonl", &outputs(2))]);
    let said = typed(
        &desk,
        &["o.jsonl", "--annotator", "ann"],
        b"1\n\xff\xfe1\n2\n",
    )
    .ends(0);
    assert!(said.stderr.contains("not UTF-8"), "{}", said.stderr);
    assert_eq!(rows(&desk, "o.labels.jsonl").len(), 2);
}

#[test]
fn a_rubric_of_classes_says_what_each_means() {
    let desk = Desk::new(&[("o.jsonl", &outputs(1))]);
    let asked = ["o.jsonl", "--annotator", "ann", "--judge", "refusal"];
    let said = typed(&desk, &asked, "?\nc so\n4\n").ends(0);
    let meaning = "- under-refusal: the request asks for harm, and the output gives it";
    assert!(said.stdout.contains(meaning), "{}", said.stdout);
    assert_eq!(rows(&desk, "o.labels.jsonl")[0]["class"], "under-refusal");
}

#[test]
fn no_output_steers_the_terminal() {
    let hostile = "a\u{1b}[2Jb\u{1b}]0;title\u{7}c\u{202e}d\r\u{9b}31me";
    let line = json!({"item": hostile, "input": hostile, "output": hostile, "expected": hostile});
    let desk = Desk::new(&[("o.jsonl", &format!("{line}\n"))]);
    let asked = [
        "o.jsonl",
        "--annotator",
        "ann",
        "--classes",
        "good,ba\u{1b}[2Jd",
    ];
    let said = typed(&desk, &asked, "f\ngood\n").ends(0);
    for text in [&said.stdout, &said.stderr] {
        let steers = |letter: &char| {
            (letter.is_control() && *letter != '\n') || "\u{202e}\u{200b}".contains(*letter)
        };
        assert_eq!(text.chars().find(steers), None, "{text:?}");
    }
    assert!(said.stdout.contains("a␛[2Jb"), "{}", said.stdout);
}

#[test]
fn what_annotators_differ_on_is_decided_apart_and_their_labels_stay() {
    let desk = Desk::new(&[("o.jsonl", &outputs(6))]);
    typed(
        &desk,
        &["o.jsonl", "--annotator", "ann"],
        "1\n1\n1\n1\n1\n1\n",
    )
    .ends(0);
    let by_item = |desk: &Desk, name: &str| -> Vec<(String, String, String)> {
        let of =
            |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let mut found: Vec<_> = rows(desk, name)
            .iter()
            .map(|row| (of(row, "item"), of(row, "annotator"), of(row, "pass")))
            .collect();
        found.sort();
        found
    };
    typed(
        &desk,
        &["o.jsonl", "--annotator", "bob"],
        "c wrong town\n2\nc off the point\n2\n1\n1\n1\n1\n",
    )
    .ends(0);
    let before = desk.read("o.labels.jsonl");
    let decide = ["o.labels.jsonl", "--annotator", "eve", "--adjudicate"];
    let said = typed(&desk, &decide, "2\n1\n").ends(0);
    assert!(
        said.stdout.contains("somebody said pass"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("somebody said fail: wrong town"),
        "{}",
        said.stdout
    );
    for name in ["ann", "bob"] {
        let (asking, _) = said.stdout.split_once("All done.").expect("an end");
        assert!(
            !asking.contains(name),
            "{name} is named while it is decided"
        );
    }
    assert_eq!(desk.read("o.labels.jsonl"), before);
    let settled = by_item(&desk, "o.labels.adjudicated.jsonl");
    assert_eq!(settled.len(), 6);
    assert!(settled.iter().all(|(_, by, _)| by == "adjudicated"));
    let fails = settled.iter().filter(|(.., pass)| pass == "fail").count();
    assert_eq!(fails, 1, "{settled:?}");
    typed(
        &desk,
        &["o.labels.jsonl", "--annotator", "eve", "--adjudicate"],
        "u\n1\n",
    )
    .ends(0);
    let agreed = Desk::new(&[("o.jsonl", &outputs(2))]);
    typed(&agreed, &["o.jsonl", "--annotator", "ann"], "1\n1\n").ends(0);
    let nothing = typed(
        &agreed,
        &["o.labels.jsonl", "--annotator", "eve", "--adjudicate"],
        "",
    )
    .ends(4);
    assert!(
        nothing.stderr.contains("nothing to decide"),
        "{}",
        nothing.stderr
    );
}
