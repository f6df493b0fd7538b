//! What the browser is sent before the answer tells nothing but the texts: looked for in every byte.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::cli::Desk;
use crate::page::Page;
use crate::rows;

const SUITE: &str = "\
version: 1
suite: hidden-suite-name
dataset: {path: cases.jsonl}
targets:
  - {id: target-omega, kind: scripted, accuracy: 0.9, wrong: no idea}
  - {id: target-sigma, kind: scripted, accuracy: 0.1, wrong: no idea}
scorers:
  - {id: scorer-upsilon, kind: contains, any: ['{{ expected }}']}
";

fn cases() -> String {
    let line = |at: usize| {
        let case = json!({"id": format!("case-{at:04}"), "input": crate::words(at), "expected": format!("right: {}", crate::words(at)), "tags": ["tag-kappa"], "cluster": format!("cluster-{}", at / 2)});
        format!("{case}\n")
    };
    (0..40).map(line).collect()
}

/// Goes through all cards, and answers them with the texts of each in the order in which they came.
fn walk(page: &Page) -> Vec<String> {
    let mut state = page.state();
    let mut seen = Vec::new();
    while let Some(card) = state["cards"].get(0) {
        seen.push(card["texts"].to_string());
        state = page.answer(&state, if seen.len() % 3 == 0 { "fail" } else { "pass" });
    }
    seen
}

#[test]
fn no_byte_before_the_answer_names_target_score_case_or_annotator() {
    let desk = Desk::new(&[("suite.yaml", SUITE), ("cases.jsonl", &cases())]);
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    let asked = |name| {
        let flags = ["--repeats", "20%", "-n", "30"];
        [&["latest", "--annotator", name][..], &flags].concat()
    };
    let page = Page::start(&desk, &asked("annotator-rho"));
    let token = page.state()["cards"][0]["token"].clone();
    let critique = "critique-of-rho";
    let first = json!({"token": token, "answer": "pass", "critique": critique, "seconds": 1});
    assert_eq!(page.post("answer", &first).0, 200);
    let order_of_rho = walk(&page);
    drop(page.quit().ends(0));

    let page = Page::start(&desk, &asked("annotator-phi"));
    page.get("");
    let order_of_phi = walk(&page);
    let received = String::from_utf8_lossy(&page.received.borrow()).into_owned();
    let run = desk.runs().pop().expect("a run");
    let run = run
        .file_name()
        .and_then(|name| name.to_str())
        .expect("its name");
    for hidden in [
        "target-omega",
        "target-sigma",
        "scorer-upsilon",
        "hidden-suite-name",
        "case-0",
        "tag-kappa",
        "cluster-",
        "annotator-rho",
        critique,
        "probability",
        "repeat_of",
        run,
    ] {
        assert!(!received.contains(hidden), "`{hidden}` was sent");
    }
    assert!(received.contains("annotator-phi"), "the own name is shown");
    assert_ne!(
        order_of_rho[..],
        order_of_phi[1..],
        "each has an order of their own"
    );
    drop(page.quit().ends(0));

    // 30 outputs and 6 repeats of each annotator: the same outputs, and what one said twice is no second label.
    let labels = rows(&desk, "hidden-suite-name.labels.jsonl");
    let of = |name: &str, repeats: bool| -> BTreeSet<String> {
        let own = labels.iter().filter(|row| row["annotator"] == name);
        own.filter(|row| (row["repeat_of"] != "") == repeats)
            .map(|row| format!("{} {}", row["case"], row["target"]))
            .collect()
    };
    assert_eq!(labels.len(), 72);
    assert_eq!(of("annotator-rho", false).len(), 30);
    assert_eq!(of("annotator-rho", false), of("annotator-phi", false));
    assert_eq!(of("annotator-phi", true).len(), 6);
    assert!(labels.iter().all(|row| row["probability"] == json!(0.375)));
    let stats = desk
        .evenhand(&["labels", "stats", "hidden-suite-name.labels.jsonl"])
        .ends(0);
    assert!(
        stats.stdout.contains("says the same again"),
        "{}",
        stats.stdout
    );
}

#[test]
fn neither_order_nor_tokens_follow_the_source() {
    let desk = Desk::new(&[("o.jsonl", &crate::outputs(300))]);
    let page = Page::start(&desk, &["o.jsonl", "--annotator", "ann"]);
    let place = |card: &Json| -> usize {
        let input = card["texts"][0]["text"].as_str().expect("a text");
        (0..300)
            .find(|at| input == format!("question {}", crate::words(*at)))
            .expect("one of the outputs")
    };
    let mut state = page.state();
    let mut dealt = Vec::new();
    while dealt.len() < 60 {
        let card = &state["cards"][0];
        dealt.push((card["token"].to_string(), place(card)));
        state = page.answer(&state, "pass");
    }
    // Of pairs of cards, how many come in the source's order: half of them if that is hidden. 60 cards have 1,770 pairs, and by chance
    // 885 +- 79 of them are in order.
    let in_order = |places: &[usize]| -> usize {
        let pairs = places
            .iter()
            .enumerate()
            .flat_map(|(at, one)| places[at + 1..].iter().map(move |other| (one, other)));
        pairs.filter(|(one, other)| one < other).count()
    };
    let by_order: Vec<usize> = dealt.iter().map(|(_, place)| *place).collect();
    dealt.sort();
    let by_token: Vec<usize> = dealt.iter().map(|(_, place)| *place).collect();
    // The order is that of seed 0 and always the same; tokens are new at every start.
    assert!((600..1_170).contains(&in_order(&by_order)), "{by_order:?}");
    assert!((450..1_320).contains(&in_order(&by_token)), "{by_token:?}");
    drop(page.quit().ends(0));
    let again = Page::start(&desk, &["o.jsonl", "--annotator", "ann"]);
    let token = again.state()["cards"][0]["token"].to_string();
    assert!(dealt.iter().all(|(one, _)| *one != token));
}

#[test]
fn of_a_pair_neither_side_nor_answer_tells_which_is_which() {
    let pairs: String = (0..20)
        .map(|at| {
            let pair = json!({"item": format!("p{at}"), "input": crate::words(at), "output_a": format!("left of {at}"), "output_b": format!("right of {at}")});
            format!("{pair}\n")
        })
        .collect();
    let desk = Desk::new(&[("pairs.jsonl", &pairs)]);
    let page = Page::start(
        &desk,
        &["pairs.jsonl", "--annotator", "ann", "--judge", "preference"],
    );
    let mut state = page.state();
    let mut lefts_first = 0;
    while let Some(card) = state["cards"].get(0) {
        let texts = card["texts"].as_array().expect("texts");
        let names: Vec<&str> = texts
            .iter()
            .filter_map(|text| text["name"].as_str())
            .collect();
        assert_eq!(names, ["input", "first", "second"]);
        let first = texts[1]["text"].as_str().expect("a text");
        lefts_first += usize::from(first.starts_with("left"));
        // Always the left one, wherever it stands.
        let answer = if first.starts_with("left") { "a" } else { "b" };
        state = page.answer(&state, answer);
    }
    assert!((4..=16).contains(&lefts_first), "{lefts_first}");
    let received = String::from_utf8_lossy(&page.received.borrow()).into_owned();
    assert!(!received.contains("output_a") && !received.contains("output_b"));
    let labels = rows(&desk, "pairs.labels.jsonl");
    assert!(labels.iter().all(|row| row["preference"] == "a"));
    let sides = labels.iter().filter(|row| row["side"] == "a").count();
    assert_eq!(sides, lefts_first);
    assert!(
        labels
            .iter()
            .all(|row| row["rubric_version"] == "preference@1")
    );
}
