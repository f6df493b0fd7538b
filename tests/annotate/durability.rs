//! What is called saved is on the disk, whatever dies; two tabs, two annotators and an undo lose nothing.

use serde_json::json;

use crate::cli::Desk;
use crate::page::Page;
use crate::{outputs, rows};

const ASKED: [&str; 3] = ["o.jsonl", "--annotator", "ann"];

#[test]
fn killed_after_each_answer_no_label_is_lost_and_the_next_card_is_the_next() {
    let desk = Desk::new(&[("o.jsonl", &outputs(6))]);
    let mut shown = Vec::new();
    for nth in 0..6 {
        let page = Page::start(&desk, &ASKED);
        let state = page.state();
        assert_eq!(state["done"], nth);
        let card = &state["cards"][0];
        shown.push(card["texts"][0]["text"].clone());
        let answer = if nth % 2 == 0 { "pass" } else { "2" };
        let next = page.answer(&state, answer);
        assert_eq!(next["done"], nth + 1);
        page.kill();
        let labels = rows(&desk, "o.labels.jsonl");
        assert_eq!(labels.len(), nth + 1);
        let last = labels.last().expect("a label");
        assert_eq!(last["pass"], if nth % 2 == 0 { "pass" } else { "fail" });
        assert_eq!(last["annotator"], "ann");
        assert_eq!(last["seconds"], 2.5);
        assert_eq!(last["input"], shown[nth], "the label is of what was shown");
    }
    let mut distinct: Vec<String> = shown.iter().map(ToString::to_string).collect();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 6);
    let page = Page::start(&desk, &ASKED);
    assert_eq!(page.state()["cards"], json!([]));
    assert!(page.quit().ends(0).stdout.contains("6 of 6 labelled"));
    let stats = desk
        .evenhand(&["labels", "stats", "o.labels.jsonl"])
        .ends(0);
    assert!(stats.stdout.contains("fail 3, pass 3"), "{}", stats.stdout);
}

#[test]
fn a_torn_line_is_cut_off_and_the_labels_file_is_made_again_from_the_log() {
    let desk = Desk::new(&[("o.jsonl", &outputs(4))]);
    let page = Page::start(&desk, &ASKED);
    let mut state = page.state();
    for answer in ["pass", "fail", "pass"] {
        state = page.answer(&state, answer);
    }
    page.kill();
    let log = desk.read("o.labels.jsonl.log.jsonl");
    let whole = desk.read("o.labels.jsonl");
    // Killed within a line, with the labels file of before, or without any.
    for (torn, labels, wanted) in [
        (log.len() - 1, Some(whole.as_str()), 3),
        (log.len() - 9, Some(whole.as_str()), 2),
        (log.len(), None, 3),
        (log.len(), whole.lines().next(), 3),
    ] {
        desk.write("o.labels.jsonl.log.jsonl", &log[..torn]);
        match labels {
            Some(labels) => desk.write("o.labels.jsonl", labels),
            None => {
                std::fs::remove_file(desk.path().join("o.labels.jsonl")).expect("it is removed")
            }
        }
        let page = Page::start(&desk, &ASKED);
        let done = page.state()["done"].clone();
        page.kill();
        // A label that only the labels file knows any more is there, too.
        let found = rows(&desk, "o.labels.jsonl").len();
        assert!(done == wanted || (torn < log.len() && done == 3), "{done}");
        assert!(found >= wanted, "{found}");
    }
}

#[test]
fn undo_takes_back_also_what_was_said_before_a_restart_and_nothing_at_the_start() {
    let desk = Desk::new(&[("o.jsonl", &outputs(3))]);
    let page = Page::start(&desk, &ASKED);
    let state = page.state();
    let (status, undone) = page.post("undo", &json!({}));
    assert_eq!((status, &undone["previous"]), (200, &json!(null)));
    assert_eq!(undone["done"], 0);
    let token = &state["cards"][0]["token"];
    let asked = json!({"token": token, "answer": "1", "critique": "because", "seconds": 1.0});
    assert_eq!(page.post("answer", &asked).0, 200);
    let first = state["cards"][0]["texts"].clone();
    page.kill();
    let page = Page::start(&desk, &ASKED);
    let (status, undone) = page.post("undo", &json!({}));
    assert_eq!(status, 200);
    assert_eq!(
        undone["previous"],
        json!({"word": "pass", "critique": "because"})
    );
    assert_eq!(undone["cards"][0]["texts"], first);
    assert_eq!(desk.read("o.labels.jsonl"), "");
    page.kill();
    assert_eq!(desk.read("o.labels.jsonl"), "");
    let page = Page::start(&desk, &ASKED);
    let state = page.state();
    assert_eq!(state["cards"][0]["texts"], first);
    // A card that is put aside comes back by undo, and again at the end.
    let (_, skipped) = page.post("skip", &json!({"token": state["cards"][0]["token"]}));
    assert_eq!(
        (&skipped["done"], &skipped["skipped"]),
        (&json!(0), &json!(1))
    );
    assert_ne!(skipped["cards"][0]["texts"], first);
    let (_, undone) = page.post("undo", &json!({}));
    assert_eq!(undone["cards"][0]["texts"], first);
    assert_eq!(undone["skipped"], 0);
}

#[test]
fn of_two_tabs_the_later_answer_counts_and_neither_is_lost() {
    let desk = Desk::new(&[("o.jsonl", &outputs(3))]);
    let page = Page::start(&desk, &ASKED);
    let (one, other) = (page.state(), page.state());
    page.answer(&one, "pass");
    let after = page.answer(&other, "fail");
    assert_eq!(after["done"], 1);
    let labels = rows(&desk, "o.labels.jsonl");
    assert_eq!(labels.len(), 1);
    assert_eq!(labels[0]["pass"], "fail");
    let lines = desk.read("o.labels.jsonl.log.jsonl").lines().count();
    assert_eq!(lines, 2, "what was said first stays in the log");
}

#[test]
fn two_annotators_write_one_file_at_once() {
    let desk = Desk::new(&[("o.jsonl", &outputs(5))]);
    let pages = ["ann", "bob"].map(|name| Page::start(&desk, &["o.jsonl", "--annotator", name]));
    let mut states = [pages[0].state(), pages[1].state()];
    for nth in 0..5 {
        for at in [nth % 2, 1 - nth % 2] {
            states[at] = pages[at].answer(&states[at], ["1", "2"][at]);
        }
    }
    let labels = rows(&desk, "o.labels.jsonl");
    let by = |name: &str| labels.iter().filter(|row| row["annotator"] == name).count();
    assert_eq!((labels.len(), by("ann"), by("bob")), (10, 5, 5));
    let [ann, bob] = pages;
    drop(ann.quit().ends(0));
    let said = bob.quit().ends(0).stdout;
    assert!(said.contains("alpha"), "{said}");
    assert!(said.contains("ann \\ bob"), "{said}");
}

#[test]
fn an_answer_that_cannot_be_taken_changes_nothing() {
    let desk = Desk::new(&[("o.jsonl", &outputs(2))]);
    let page = Page::start(&desk, &ASKED);
    let token = page.state()["cards"][0]["token"].clone();
    for (path, body, wanted) in [
        ("answer", json!({"token": token, "answer": "maybe"}), 400),
        ("answer", json!({"token": "0", "answer": "pass"}), 409),
        (
            "answer",
            json!({"token": token, "answer": "pass", "extra": 1}),
            400,
        ),
        ("answer", json!("pass"), 400),
        (
            "answer",
            json!({"token": token, "answer": "pass", "critique": "x".repeat(70_000)}),
            400,
        ),
        ("skip", json!({"token": ""}), 409),
        ("nothing", json!({}), 404),
        ("state", json!({}), 405),
    ] {
        assert_eq!(page.post(path, &body).0, wanted, "{path}");
    }
    for path in ["answer", "undo", "quit", "skip", "flag"] {
        assert_eq!(page.get(path).0, 405, "{path}");
    }
    assert_eq!(page.state()["done"], 0);
    assert_eq!(desk.read("o.labels.jsonl.log.jsonl"), "");
}

#[test]
fn a_signal_ends_it_with_what_was_saved_and_its_own_code() {
    let desk = Desk::new(&[("o.jsonl", &outputs(2))]);
    for (name, code, done) in [("INT", 130, 1), ("TERM", 143, 2)] {
        let page = Page::start(&desk, &ASKED);
        let state = page.state();
        page.answer(&state, "pass");
        let said = page.signal(name).ends(code);
        let wanted = format!("{done} of 2 labelled");
        assert!(said.stdout.contains(&wanted), "{}", said.stdout);
    }
}
