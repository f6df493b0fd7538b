//! Deciding what annotators differ on: of the whole run, whatever was drawn of it, and with the probabilities of that draw.

use crate::cli::Desk;
use crate::files::label;
use crate::rows;

#[test]
fn all_that_annotators_differ_on_is_decided_and_keeps_the_probability_of_its_draw() {
    let desk = Desk::new(&[]);
    desk.evenhand(&["init", "."]).ends(0);
    desk.evenhand(&["run", "suite.yaml", "-q"]).ends(0);
    let drawn = |name, count| ["latest", "-n", count, "--annotator", name];
    label(&desk, &drawn("ann", "30"), "1").ends(0);
    let said = label(&desk, &drawn("bob", "30"), "2").ends(0);
    assert!(
        said.stdout
            .contains("annotators differ on 30 of the outputs"),
        "{}",
        said.stdout
    );
    let decide = ["latest", "--annotator", "eve", "--adjudicate"];
    let said = label(&desk, &decide, "1").ends(0);
    assert!(said.stderr.contains("30 to decide"), "{}", said.stderr);
    let decided = rows(&desk, "starter.labels.adjudicated.jsonl");
    assert_eq!(decided.len(), 30);
    assert!(
        decided.iter().all(|row| row["probability"] == 0.75),
        "of 40"
    );
    let drawn_anew = [&decide[..], &["-n", "5"]].concat();
    label(&desk, &drawn_anew, "1").ends(2);
}

#[test]
fn what_is_decided_of_a_sheet_are_the_labels_beside_it() {
    let sheet = "item,annotator,pass,output\na,,,x\nb,,,y\n";
    let desk = Desk::new(&[("sheet.csv", sheet)]);
    for (name, answer) in [("ann", "1"), ("bob", "2")] {
        label(&desk, &["sheet.csv", "--annotator", name], answer).ends(0);
    }
    let decide = ["sheet.csv", "--annotator", "eve", "--adjudicate"];
    label(&desk, &decide, "1").ends(0);
    assert_eq!(rows(&desk, "sheet.labels.adjudicated.jsonl").len(), 2);
    // A source that holds only some of them says so.
    desk.write("part.csv", "item,output\na,x\n");
    let part = [
        "part.csv",
        "--annotator",
        "eve",
        "--adjudicate",
        "--labels",
        "sheet.labels.jsonl",
    ];
    let said = label(&desk, &part, "1").ends(0);
    assert!(
        said.stderr
            .contains("of 2 outputs that annotators differ on, 1 cannot be decided here"),
        "{}",
        said.stderr
    );
}
