//! Labels that are there and do not fit what is asked now: nothing is mixed, nothing passes for a label of something else.

use serde_json::json;

use crate::cli::Desk;
use crate::files::label;
use crate::{outputs, rows};

#[test]
fn labels_of_other_texts_under_the_same_names_are_refused() {
    let other = outputs(3).replace("reply", "another reply");
    let desk = Desk::new(&[("one.jsonl", &outputs(3)), ("other.jsonl", &other)]);
    let asked = |file, name| [file, "--annotator", name, "--labels", "l.jsonl"];
    label(&desk, &asked("one.jsonl", "ann"), "1").ends(0);
    let before = desk.read("l.jsonl");
    for name in ["ann", "bob"] {
        let said = label(&desk, &asked("other.jsonl", name), "2").ends(2);
        assert!(
            said.stderr.contains("l.jsonl:1: `item-") && said.stderr.contains("another text"),
            "{}",
            said.stderr
        );
    }
    assert_eq!(desk.read("l.jsonl"), before);
    // Where the labels file is gone its log says the same.
    std::fs::remove_file(desk.path().join("l.jsonl")).expect("it goes");
    let said = label(&desk, &asked("other.jsonl", "ann"), "2").ends(2);
    assert!(
        said.stderr.contains("l.jsonl.log.jsonl: `item-"),
        "{}",
        said.stderr
    );
    label(&desk, &asked("one.jsonl", "ann"), "2").ends(0);
    assert_eq!(
        desk.read("l.jsonl"),
        before,
        "it is made again from the log"
    );
}

#[test]
fn ends_of_lines_that_a_spreadsheet_changed_are_no_other_text() {
    let output = |text: &str| json!({"item": "a", "output": text}).to_string();
    let desk = Desk::new(&[
        ("o.jsonl", &output("one\ntwo")),
        (
            "l.csv",
            "item,annotator,pass,output\r\na,bob,pass,\"one\r\ntwo\r\n\"\r\n",
        ),
    ]);
    label(
        &desk,
        &["o.jsonl", "--annotator", "ann", "--labels", "l.csv"],
        "1",
    )
    .ends(0);
    assert!(desk.read("l.csv").contains("\"ann\""));
}

#[test]
fn a_log_of_another_question_is_refused_also_where_its_labels_file_is_gone() {
    let desk = Desk::new(&[("o.jsonl", &outputs(3))]);
    let asked = ["o.jsonl", "--annotator", "ann"];
    label(&desk, &asked, "1").ends(0);
    std::fs::remove_file(desk.path().join("o.labels.jsonl")).expect("it goes");
    let graded = [&asked[..], &["--scale", "1..5"]].concat();
    let said = label(&desk, &graded, "3").ends(3);
    assert!(
        said.stderr.contains(
            "o.labels.jsonl.log.jsonl: this label is a `pass`, and a `rating` is asked for"
        ),
        "{}",
        said.stderr
    );
    assert!(!desk.path().join("o.labels.jsonl").exists());
}

#[test]
fn of_a_file_that_is_labelled_in_part_only_labels_of_drawn_outputs_are_taken_along() {
    let mut sheet = "item,annotator,pass,output\n".to_owned();
    for at in 0..20 {
        let filled = if at < 10 { "bob,pass" } else { "," };
        sheet += &format!("i{at},{filled},reply {at}\n");
    }
    let desk = Desk::new(&[("sheet.csv", &sheet)]);
    let asked = ["sheet.csv", "--annotator", "ann", "-n", "6"];
    let said = label(&desk, &asked, "2").ends(0);
    let labels = rows(&desk, "sheet.labels.jsonl");
    let by = |name: &str| labels.iter().filter(|row| row["annotator"] == name).count();
    assert_eq!(by("ann"), 6);
    assert!((1..=5).contains(&by("bob")), "{} of the six", by("bob"));
    assert!(
        labels.iter().all(|row| row["probability"] == 0.3),
        "{labels:?}"
    );
    let left = format!("not drawn this time: {}", 10 - by("bob"));
    assert!(said.stderr.contains(&left), "{}", said.stderr);
    // It can be gone on with, which mixed probabilities would not allow.
    label(&desk, &asked, "2").ends(0);
}

#[test]
fn an_output_that_no_table_can_hold_does_not_make_the_labels_unreadable() {
    let output = |item: &str, text: &str| format!("{}\n", json!({"item": item, "output": text}));
    let hostile = output("a", "x\u{0}y") + &output("b", "\u{0}") + &output("c", "\u{feff}\r\n ");
    let desk = Desk::new(&[
        ("o.jsonl", &hostile),
        ("named.jsonl", &output("a\u{0}b", "x")),
    ]);
    for file in ["l.csv", "l.jsonl"] {
        for name in ["ann", "bob", "ann"] {
            let asked = ["o.jsonl", "--annotator", name, "--labels", file];
            label(&desk, &asked, "1").ends(0);
        }
        let stats = desk.evenhand(&["labels", "stats", file]).ends(0);
        assert!(
            stats.stdout.contains("6 labels as `pass` of 3 outputs"),
            "{}",
            stats.stdout
        );
    }
    let named = label(&desk, &["named.jsonl", "--annotator", "ann"], "1").ends(3);
    assert!(
        named.stderr.contains("named.jsonl:1: the name holds a NUL"),
        "{}",
        named.stderr
    );
}
