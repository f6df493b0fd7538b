//! What goes in and out: sources, labels that are there, exports, and what is refused.

use serde_json::{Value as Json, json};

use crate::cli::{Desk, Said};
use crate::{outputs, rows};

/// Labels all cards with one answer, at prompts.
pub(crate) fn label(desk: &Desk, arguments: &[&str], answer: &str) -> Said {
    let mut command = desk.command(&[&["annotate", "--terminal"], arguments].concat());
    let lines = format!("{answer}\n").repeat(500);
    desk.write("typed", lines);
    let typed = std::fs::File::open(desk.path().join("typed")).expect("what is typed");
    Said::of(command.stdin(typed).output().expect("the binary starts"))
}

#[test]
fn what_pick_drew_is_labelled_with_its_probabilities_and_calibrate_reads_it() {
    let desk = Desk::new(&[]);
    desk.evenhand(&["init", "."]).ends(0);
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    desk.evenhand(&["labels", "pick", "latest", "-n", "8"])
        .ends(0);
    label(&desk, &["to-label.csv", "--annotator", "ann"], "pass").ends(0);
    let labels = rows(&desk, "to-label.labels.jsonl");
    assert_eq!(labels.len(), 8);
    assert!(
        labels
            .iter()
            .all(|row| row["probability"].as_f64().is_some_and(|p| p < 1.0))
    );
    assert!(labels.iter().all(|row| row["target"] != ""));
    // The same draw of the run itself knows these labels again, and a larger one goes on.
    let grown = label(
        &desk,
        &[
            "latest",
            "-n",
            "12",
            "--annotator",
            "ann",
            "--labels",
            "to-label.labels.jsonl",
        ],
        "fail",
    )
    .ends(0);
    assert!(
        grown.stderr.contains("12 to label, 8 done already"),
        "{}",
        grown.stderr
    );
    let grown = rows(&desk, "to-label.labels.jsonl");
    assert_eq!(grown.len(), 12);
    let probabilities: std::collections::BTreeSet<String> = grown
        .iter()
        .map(|row| row["probability"].to_string())
        .collect();
    assert_eq!(probabilities.len(), 1, "all have that of the larger draw");
    let smaller = label(
        &desk,
        &[
            "latest",
            "-n",
            "4",
            "--annotator",
            "bob",
            "--labels",
            "to-label.labels.jsonl",
        ],
        "fail",
    )
    .ends(2);
    assert!(
        smaller.stderr.contains("was not drawn this time"),
        "{}",
        smaller.stderr
    );
    let verdicts: String = grown
        .iter()
        .map(|row| {
            let verdict =
                json!({"case": row["case"], "target": row["target"], "judge": "j", "pass": "pass"});
            format!("{verdict}\n")
        })
        .collect();
    desk.write("verdicts.jsonl", verdicts);
    // Twelve labels are too few to say more than that; what counts is that they are read.
    let calibrated = desk.evenhand(&[
        "judge",
        "calibrate",
        "--labels",
        "to-label.labels.jsonl",
        "--verdicts",
        "verdicts.jsonl",
    ]);
    calibrated.ends(6);
}

#[test]
fn labels_that_are_there_stay_and_those_of_another_kind_are_refused() {
    let there = "item,annotator,pass,critique\nitem-001,zoe,fail,\"so, so\"\nelsewhere,zoe,pass,\n";
    let desk = Desk::new(&[("o.jsonl", &outputs(3)), ("l.csv", there)]);
    let asked = ["o.jsonl", "--annotator", "ann", "--labels", "l.csv"];
    label(&desk, &asked, "1").ends(0);
    let csv = desk.read("l.csv");
    assert!(csv.contains("\"zoe\",\"fail\",\"so, so\""), "{csv}");
    assert!(csv.contains("elsewhere"), "{csv}");
    assert_eq!(csv.matches("\"ann\"").count(), 3, "{csv}");
    let other = label(&desk, &[&asked[..], &["--scale", "1..5"]].concat(), "1").ends(3);
    assert!(
        other.stderr.contains("a `rating` is asked for"),
        "{}",
        other.stderr
    );
    let zoe = ["o.jsonl", "--annotator", "zoe", "--labels", "l.csv"];
    let said = label(&desk, &zoe, "1").ends(0);
    assert!(
        said.stderr.contains("1 done already"),
        "what zoe said by hand counts: {}",
        said.stderr
    );
    assert!(desk.read("l.csv").contains("\"zoe\",\"fail\",\"so, so\""));
}

#[test]
fn two_targets_of_a_run_make_pairs() {
    let desk = Desk::new(&[]);
    desk.evenhand(&["init", "."]).ends(0);
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    let said = label(
        &desk,
        &["latest", "-n", "5", "--annotator", "ann", "--pairwise"],
        "=",
    )
    .ends(0);
    assert!(
        said.stderr.contains("`a` is current and `b` is next"),
        "{}",
        said.stderr
    );
    let labels = rows(&desk, "starter.labels.jsonl");
    assert_eq!(labels.len(), 5);
    assert!(
        labels
            .iter()
            .all(|row| row["preference"] == "tie" && row["output_a"] != "")
    );
}

#[test]
fn a_tool_of_ones_own_gets_tasks_and_a_table() {
    let desk = Desk::new(&[("o.jsonl", &outputs(4))]);
    let said = desk
        .evenhand(&[
            "annotate",
            "o.jsonl",
            "--judge",
            "helpfulness",
            "--export",
            "label-studio=tasks.json",
        ])
        .ends(0);
    assert!(
        said.stdout.contains("4 Label Studio tasks"),
        "{}",
        said.stdout
    );
    let tasks: Vec<Json> = serde_json::from_str(&desk.read("tasks.json")).expect("tasks");
    let config = desk.read("tasks.xml");
    for part in [
        "<Text name=\"output\" value=\"$output\"/>",
        "<Choice value=\"5\" hotkey=\"5\"/>",
    ] {
        assert!(config.contains(part), "{config}");
    }
    assert!(!config.contains("$item"), "names are not shown");
    // What the tool gives back finds its way to the outputs.
    let done: Vec<Json> = tasks
        .iter()
        .enumerate()
        .map(|(at, task)| {
            json!({"id": at, "data": task["data"], "annotations": [{"completed_by": {"email": "ann"}, "result": [
                {"from_name": "label", "to_name": "output", "type": "choices", "value": {"choices": ["4"]}}]}]})
        })
        .collect();
    desk.write("done.json", json!(done).to_string());
    desk.evenhand(&[
        "labels",
        "import",
        "done.json",
        "--field",
        "label",
        "--to",
        "back.csv",
    ])
    .ends(0);
    let back = desk.read("back.csv");
    assert!(back.contains("\"item-003\",\"ann\",4"), "{back}");
    let again = ["annotate", "o.jsonl", "--export", "label-studio=tasks.json"];
    assert!(desk.evenhand(&again).ends(2).stderr.contains("--force"));
    let none = ["annotate", "o.jsonl", "--export", "csv=labels.csv"];
    assert!(
        desk.evenhand(&none)
            .ends(4)
            .stderr
            .contains("no labels yet")
    );
    label(&desk, &["o.jsonl", "--annotator", "ann"], "2").ends(0);
    desk.evenhand(&none).ends(0);
    assert_eq!(desk.read("labels.csv").matches("\"fail\"").count(), 4);
}

#[test]
fn the_sides_of_exported_pairs_are_mixed_and_found_again() {
    let pair = |at: usize| json!({"item": format!("p{at:02}"), "output_a": format!("left {at}"), "output_b": format!("right {at}"), "probability": 0.5});
    let pairs: String = (0..40).map(|at| format!("{}\n", pair(at))).collect();
    let desk = Desk::new(&[("p.jsonl", &pairs)]);
    desk.evenhand(&[
        "annotate",
        "p.jsonl",
        "--pairwise",
        "--export",
        "label-studio=tasks.json",
    ])
    .ends(0);
    let tasks: Vec<Json> = serde_json::from_str(&desk.read("tasks.json")).expect("tasks");
    let config = desk.read("tasks.xml");
    assert!(config.contains("value=\"$first\""), "{config}");
    assert!(!config.contains("$side"), "{config}");
    let starts = |task: &Json, with: &str| {
        let first = task["data"]["first"].as_str();
        first.is_some_and(|text| text.starts_with(with))
    };
    let swapped = tasks.iter().filter(|task| starts(task, "right")).count();
    assert!((8..=32).contains(&swapped), "{swapped} of 40");
    // Somebody who finds whatever stands left the better one, in both of the tool's forms.
    let answered = |(at, task): (usize, &Json)| {
        json!({"id": at, "data": task["data"], "annotations": [{"completed_by": 7, "result": [
            {"from_name": "label", "to_name": "first", "type": "choices", "value": {"choices": [if starts(task, "left") { "first" } else { "second" }]}}]}]})
    };
    let row = |(at, task): (usize, &Json)| {
        let mut row = task["data"].clone();
        row["id"] = json!(at);
        row["annotation_id"] = json!(at);
        row["annotator"] = json!(7);
        row["label"] = json!(if starts(task, "left") {
            "first"
        } else {
            "second"
        });
        row
    };
    let full: Vec<Json> = tasks.iter().enumerate().map(answered).collect();
    let flat: Vec<Json> = tasks.iter().enumerate().map(row).collect();
    for (name, done) in [("full", full), ("flat", flat)] {
        let (from, to) = (format!("{name}.json"), format!("{name}.jsonl"));
        desk.write(&from, json!(done).to_string());
        desk.evenhand(&["labels", "import", &from, "--to", &to])
            .ends(0);
        let labels = rows(&desk, &to);
        assert_eq!(labels.len(), 40);
        for label in &labels {
            assert_eq!(label["preference"], "a", "{label}");
            assert_eq!(label["probability"], 0.5);
            let a = label["output_a"].as_str();
            assert!(a.is_some_and(|text| text.starts_with("left")), "{label}");
        }
        let on_the_right = labels.iter().filter(|label| label["side"] == "b").count();
        assert_eq!(on_the_right, swapped);
    }
}

#[test]
fn what_cannot_be_labelled_is_refused_with_what_to_do() {
    let desk = Desk::new(&[
        ("o.jsonl", &outputs(2)),
        (
            "pairs.jsonl",
            "{\"item\":\"p\",\"output_a\":\"x\",\"output_b\":\"y\"}\n",
        ),
        ("no.csv", "item,answer\n1,x\n"),
    ]);
    for (arguments, code, words) in [
        (&["o.jsonl"][..], 2, "--annotator NAME"),
        (&["o.jsonl", "--annotator", " "], 2, "a name or a code"),
        (&["nowhere", "--annotator", "a"], 2, "nowhere"),
        (
            &["no.csv", "--annotator", "a"],
            3,
            "the outputs are missing",
        ),
        (&["pairs.jsonl", "--annotator", "a"], 2, "--pairwise"),
        (
            &["o.jsonl", "--annotator", "a", "--pairwise"],
            2,
            "is no pair",
        ),
        (
            &["o.jsonl", "--annotator", "a", "--judge", "helpfullness"],
            2,
            "did you mean",
        ),
        (
            &["o.jsonl", "--annotator", "a", "--classes", "x"],
            2,
            "two classes",
        ),
        (
            &["o.jsonl", "--annotator", "a", "--classes", "x,X"],
            2,
            "named twice",
        ),
        (
            &["o.jsonl", "--annotator", "a", "--strategy", "uncertain"],
            2,
            "draw from a run",
        ),
        (
            &["o.jsonl", "--annotator", "a", "--labels", "l.json"],
            2,
            ".jsonl or .csv",
        ),
        (
            &[
                "o.jsonl",
                "--annotator",
                "a",
                "--scale",
                "1..5",
                "--pairwise",
            ],
            2,
            "cannot be used with",
        ),
        (
            &["o.jsonl", "--annotator", "a", "--repeats", "200%"],
            2,
            "no share",
        ),
        (&["o.jsonl", "--export", "xml=x"], 2, "label-studio=FILE"),
        (
            &["o.jsonl", "--export", "csv=x", "--repeats", "10%"],
            2,
            "cannot be used with",
        ),
        (
            &["o.jsonl", "--annotator", "a", "--labels", "no/l.jsonl"],
            2,
            "there is no folder no",
        ),
        (
            &["o.jsonl", "--annotator", "a", "--labels", "o.jsonl"],
            2,
            "here stand the outputs",
        ),
    ] {
        let said = desk
            .evenhand(&[&["annotate", "--terminal"], arguments].concat())
            .ends(code);
        assert!(
            said.stderr.contains(words),
            "{arguments:?}: {}",
            said.stderr
        );
    }
}
