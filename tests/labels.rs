//! `labels import`: what labelling tools export becomes a labels file; what is broken is told by its place.

use std::collections::BTreeMap;
use std::path::Path;

use evenhand::domain::decode::Problem;
use evenhand::domain::label::Said;
use evenhand::load::labels::import::KINDS;
use evenhand::load::labels::{file, verdicts};

#[expect(dead_code, reason = "nothing here runs a suite")]
#[path = "support/cli.rs"]
mod cli;

use cli::{Desk, Said as Told};

/// A desk with every fixture on it.
fn desk() -> Desk {
    let desk = Desk::new(&[]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/labels");
    for entry in std::fs::read_dir(folder).expect("a folder of fixtures") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        desk.write(name, std::fs::read(&path).expect("a fixture"));
    }
    desk
}

fn import(desk: &Desk, arguments: &[&str]) -> Told {
    desk.evenhand(&[&["labels", "import"], arguments].concat())
}

/// What labels say: output, annotator, value.
fn said(desk: &Desk, name: &str) -> Vec<(String, String, String)> {
    let labels = file::read(&desk.path().join(name), None).expect("a sound labels file");
    labels
        .into_iter()
        .map(|label| {
            let value = match label.said.expect("people say something") {
                Said::Rating(rating) => format!("rating {rating}"),
                Said::Pass(pass) => format!("pass {pass}"),
                Said::Preference(preference) => format!("preference {preference:?}"),
                Said::Class(class) => format!("class {class}"),
            };
            (label.subject.name(), label.by, value)
        })
        .collect()
}

/// Export, flags, labels, what is left out.
type Case = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str, &'static str)],
    &'static [&'static str],
);

const CASES: &[Case] = &[
    (
        "label_studio.json",
        &["--field", "quality"],
        &[
            ("c1/next", "ann@example.org", "class Good"),
            ("12", "4", "class Bad"),
        ],
        &[
            "1 x cancelled annotation",
            "1 x prediction of a model",
            "1 x result of the type `labels`",
            "1 x task without an annotation",
        ],
    ),
    (
        "label_studio.json",
        &["--field", "tone"],
        &[("c1/next", "ann@example.org", "rating 4")],
        &["1 x cancelled annotation"],
    ),
    (
        "label_studio_pairs.json",
        &[],
        &[("1", "7", "preference A"), ("2", "7", "preference B")],
        &[],
    ),
    (
        "label_studio_min.json",
        &["--field", "quality"],
        &[("11", "3", "pass true"), ("12", "3", "pass false")],
        &[],
    ),
    (
        "label_studio_min.json",
        &["--field", "stars"],
        &[("11", "3", "rating 4"), ("12", "3", "rating 1")],
        &[],
    ),
    (
        "argilla.json",
        &[],
        &[
            ("5f1c", "u-ann", "pass true"),
            ("5f1d", "u-bob", "pass false"),
        ],
        &[
            "1 x response that is discarded",
            "1 x response that is draft",
            "1 x suggestion of a model",
        ],
    ),
    (
        "argilla.json",
        &["--as", "class"],
        &[
            ("5f1c", "u-ann", "class yes"),
            ("5f1d", "u-bob", "class no"),
        ],
        &[],
    ),
    (
        "argilla_older.json",
        &[],
        &[("case-7", "u1", "rating 4")],
        &[
            "1 x response that is discarded",
            "1 x suggestion of a model",
        ],
    ),
    (
        "prodigy.jsonl",
        &[],
        &[
            ("101", "q-ann", "class good"),
            ("-102", "q-bob", "class bad"),
        ],
        &[
            "1 x ignored task",
            "1 x rejected task with choices",
            "1 x task with several choices at once",
        ],
    ),
    (
        "prodigy_binary.jsonl",
        &["--annotator", "ann"],
        &[("i1", "ann", "pass true"), ("i2", "ann", "pass false")],
        &[],
    ),
    (
        "doccano-ann.jsonl",
        &[],
        &[
            ("1", "doccano-ann", "class good"),
            ("2", "doccano-ann", "class bad"),
        ],
        &[
            "1 x text with several classes at once",
            "1 x text with spans",
            "1 x text without a class",
        ],
    ),
    (
        "langfuse.json",
        &["--field", "helpful"],
        &[
            ("o1", "user-ann", "pass false"),
            ("c2/next", "user-bob", "pass true"),
        ],
        &[
            "1 x older label of the same annotator for the same output",
            "1 x score whose source is API",
            "1 x score whose source is EVAL",
        ],
    ),
    (
        "langsmith.json",
        &[],
        &[("r1", "ann", "rating 4"), ("r2", "u2", "rating 2.5")],
        &[
            "1 x feedback whose source is api",
            "1 x feedback whose source is model",
            "1 x feedback without a score or a value",
        ],
    ),
    (
        "promptfoo.json",
        &["--annotator", "ann"],
        &[("0-0", "ann", "pass true"), ("mine", "ann", "pass false")],
        &["2 x result that no person rated"],
    ),
];

#[test]
fn every_tools_export_becomes_labels_and_what_is_none_is_counted() {
    let desk = desk();
    for (name, flags, wanted, left_out) in CASES {
        let arguments = [&[*name, "--to", "labels.csv", "--force"], *flags].concat();
        let told = import(&desk, &arguments).ends(0);
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(output, by, value)| {
                ((*output).to_owned(), (*by).to_owned(), (*value).to_owned())
            })
            .collect();
        assert_eq!(said(&desk, "labels.csv"), wanted, "{name} {flags:?}");
        let lines: Vec<&str> = told
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("left out  "))
            .collect();
        for what in *left_out {
            assert!(lines.contains(what), "{name}: {what} is not in {lines:?}");
        }
        if flags.is_empty() {
            assert_eq!(lines.len(), left_out.len(), "{name}: {lines:?}");
        }
    }
}

#[test]
fn the_tool_that_is_told_by_its_shape_is_the_one_that_can_be_named() {
    let desk = desk();
    for (name, tool) in [
        ("label_studio_pairs.json", "label-studio"),
        ("argilla.json", "argilla"),
        ("prodigy.jsonl", "prodigy"),
        ("doccano-ann.jsonl", "doccano"),
        ("langsmith.json", "langsmith"),
    ] {
        let found = import(&desk, &[name, "--to", "found.csv", "--force"]).ends(0);
        let told = import(
            &desk,
            &[name, "--from", tool, "--to", "told.csv", "--force"],
        )
        .ends(0);
        assert_eq!(desk.read("found.csv"), desk.read("told.csv"));
        assert_eq!(found.stdout.replace("found.csv", "told.csv"), told.stdout);
        assert!(
            told.stdout.contains(&format!("of {tool} as")),
            "{}",
            told.stdout
        );
    }
}

#[test]
fn texts_critiques_times_and_clusters_come_along() {
    let desk = desk();
    let first = |arguments: &[&str]| {
        import(&desk, &[arguments, &["--to", "l.csv", "--force"]].concat()).ends(0);
        let labels = file::read(&desk.path().join("l.csv"), None).expect("a sound labels file");
        labels.into_iter().next().expect("a label")
    };
    let label = first(&["label_studio.json", "--field", "quality"]);
    assert_eq!(label.texts.input.as_deref(), Some("Where is my parcel?"));
    assert_eq!(label.texts.output.as_deref(), Some("=In Turin."));
    assert_eq!(label.critique.as_deref(), Some("names the town\npolite"));
    assert_eq!(
        (label.seconds, label.at.as_deref()),
        (Some(12.5), Some("2026-03-01T09:01:00.000000Z"))
    );
    assert!(desk.read("l.csv").contains("\"'=In Turin.\""));
    let label = first(&["label_studio_pairs.json"]);
    assert_eq!(label.texts.output_b.as_deref(), Some("two"));
    let label = first(&["argilla.json"]);
    assert_eq!(
        (label.critique.as_deref(), label.cluster.as_deref()),
        (Some("names the town"), Some("parcels"))
    );
    let label = first(&["prodigy.jsonl"]);
    assert_eq!(
        (label.critique.as_deref(), label.at.as_deref()),
        (Some("names it"), Some("2026-01-01T00:00:00Z"))
    );
    let label = first(&["doccano-ann.jsonl"]);
    assert_eq!(
        (label.critique.as_deref(), label.texts.output.as_deref()),
        (Some("names it"), Some("In Turin."))
    );
    let label = first(&["promptfoo.json", "--annotator", "ann"]);
    assert_eq!(
        (label.critique.as_deref(), label.texts.input.as_deref()),
        (Some("names it"), Some("Where is it?"))
    );
}

#[test]
fn what_has_to_be_said_is_asked_for_with_what_there_is() {
    let desk = desk();
    desk.write("mixed.json", r#"[{"feedback_source": {"type": "app", "user_id": "u"}, "key": "k", "run_id": "1", "score": 1},
        {"feedback_source": {"type": "app", "user_id": "u"}, "key": "k", "run_id": "2", "value": "good"}]"#);
    desk.write("other.json", r#"[{"id": 1, "label": "good"}]"#);
    for (arguments, wanted) in [
        (
            &["label_studio.json"][..],
            "--field: the file has several fields, name one: quality (2), tone (1)",
        ),
        (
            &["label_studio.json", "--field", "qualty"],
            "unknown field `qualty`; did you mean `quality`?; there are quality (2), tone (1)",
        ),
        (
            &["langfuse.json"],
            "--field: the file has several fields, name one: helpful (3), tone (1)",
        ),
        (
            &["promptfoo.json"],
            "--annotator: 2 labels of promptfoo.json name nobody; say who gave them",
        ),
        (
            &["prodigy.jsonl", "--from", "prodgy"],
            "--from: unknown tool `prodgy`; did you mean `prodigy`?",
        ),
        (
            &["prodigy.jsonl", "--from", "argilla"],
            "--from: no record of prodigy.jsonl looks like argilla's",
        ),
        (
            &["other.json"],
            "--from: the records have no shape that is known; read are exports of label-studio, argilla",
        ),
        (
            &["mixed.json"],
            "--as: `k` holds values of different kinds; say which: rating, pass, preference, class",
        ),
    ] {
        let told = import(&desk, &[arguments, &["--to", "l.csv"]].concat()).ends(2);
        assert!(told.stderr.contains(wanted), "{wanted}\n{}", told.stderr);
    }
    assert!(!desk.path().join("l.csv").exists());
}

#[test]
fn a_broken_export_is_told_by_file_and_line() {
    let desk = desk();
    let files: BTreeMap<&str, &str> = BTreeMap::from([
        ("csv.json", "id,label\n1,good\n"),
        ("torn.json", "[\n{\"id\": 1,\n"),
        (
            "torn.jsonl",
            "{\"answer\": \"accept\", \"id\": 1}\n{\"answer\": \n",
        ),
        (
            "twice.jsonl",
            "{\"answer\": \"accept\", \"id\": 1}\n{\"answer\": \"accept\", \"answer\": \"reject\", \"id\": 2}\n",
        ),
        (
            "no_id.jsonl",
            "{\"answer\": \"accept\", \"id\": 1}\n\n{\"answer\": \"accept\"}\n",
        ),
        (
            "no_value.json",
            "[{\"id\": 1, \"data\": {}, \"annotations\": [{\"completed_by\": 1,\n\"result\": [{\"type\": \"rating\", \"from_name\": \"r\"}]}]}]",
        ),
        ("nothing.jsonl", "{\"answer\": \"ignore\", \"id\": 1}\n"),
        ("empty.json", "[]"),
    ]);
    for (name, text) in &files {
        desk.write(name, text);
    }
    for (name, wanted) in [
        (
            "csv.json",
            "csv.json:1: neither a JSON array nor an object begins here",
        ),
        ("torn.json", "torn.json:3: not a JSON array"),
        ("torn.jsonl", "torn.jsonl:2: not a JSON value"),
        (
            "twice.jsonl",
            "twice.jsonl:2: not a record: the key `answer` is given twice",
        ),
        ("no_id.jsonl", "no_id.jsonl:3: the record has no id"),
        (
            "no_value.json",
            "no_value.json:1: a result of the type `rating` has no value",
        ),
        (
            "nothing.jsonl",
            "nothing.jsonl: there is no label in it: left out were 1 x ignored task",
        ),
        ("empty.json", "empty.json: there are no records"),
        ("absent.json", "absent.json: there is no such file"),
    ] {
        let told = import(&desk, &[name, "--to", "l.csv"]).ends(3);
        assert!(told.stderr.contains(wanted), "{wanted}\n{}", told.stderr);
    }
    assert!(!desk.path().join("l.csv").exists());
}

#[test]
fn a_labels_file_that_is_there_is_replaced_only_on_demand() {
    let desk = desk();
    desk.write("l.csv", "precious");
    let told = import(&desk, &["prodigy.jsonl", "--to", "l.csv"]).ends(2);
    assert!(
        told.stderr
            .contains("l.csv: there is such a file; name another, or replace it with --force")
    );
    assert_eq!(desk.read("l.csv"), "precious");
    import(&desk, &["prodigy.jsonl", "--to", "l.csv", "--force"]).ends(0);
    assert_eq!(said(&desk, "l.csv").len(), 2);
    import(&desk, &["prodigy.jsonl", "--to", "no/l.csv"]).ends(7);
}

#[test]
fn the_screen_says_what_was_taken_and_what_was_not() {
    let desk = desk();
    let told = import(
        &desk,
        &["label_studio.json", "--field", "quality", "--to", "l.csv"],
    )
    .ends(0);
    assert_eq!(
        told.stdout,
        "wrote     l.csv: 2 labels of 2 outputs by 2 annotators (4, ann@example.org); `quality` of\n\
         \x20         label-studio as `class`\n\
         left out  1 x cancelled annotation\n\
         left out  1 x prediction of a model\n\
         left out  1 x result of the type `labels`\n\
         left out  1 x task without an annotation\n"
    );
}

/// The fenced blocks of a language in the page on labels.
fn blocks(language: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/labels.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let fence = format!("```{language}\n");
    page.split(&fence)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0.to_owned()))
        .collect()
}

#[test]
fn the_files_in_the_documentation_are_read() {
    let desk = Desk::new(&[]);
    let [labels, verdicts] = &blocks("csv")[..] else {
        panic!("a labels file and a file of verdicts");
    };
    desk.write("l.csv", labels);
    desk.write("v.csv", verdicts);
    assert_eq!(said(&desk, "l.csv").len(), 3);
    let judges = verdicts::read(&desk.path().join("v.csv"), None).expect("sound verdicts");
    let pair = judges["gpt"].values().next().expect("a pair");
    assert!(pair.orders.expect("both orders").depends_on_order());
}

#[test]
fn every_column_and_every_tool_stands_in_the_documentation() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/labels.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let desk = Desk::new(&[
        ("l.csv", "zzzzzzzzzzzzzz\n1\n"),
        ("v.csv", "zzzzzzzzzzzzzz\n1\n"),
    ]);
    let said = |problems: Vec<Problem>| {
        let known = problems[0]
            .message
            .split_once("known here: ")
            .expect("the columns")
            .1
            .to_owned();
        known.split(", ").map(str::to_owned).collect::<Vec<_>>()
    };
    let mut words =
        said(file::read(&desk.path().join("l.csv"), None).expect_err("an unknown column"));
    words.extend(said(
        verdicts::read(&desk.path().join("v.csv"), None).expect_err("an unknown column"),
    ));
    assert!(words.len() > 40, "{words:?}");
    words.extend(KINDS.iter().map(|kind| kind.name.to_owned()));
    for word in words {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
}

/// Sixty outputs: `ann` passes the even ones; `good` agrees with her on all but six, `bad` on none. Six more are only judged.
fn labels_and_verdicts() -> (String, String) {
    let mut labels = "item,annotator,pass,critique\n".to_owned();
    let mut verdicts = "item,judge,pass,reason\n".to_owned();
    let word = |pass: bool| if pass { "pass" } else { "fail" };
    for at in 0..66 {
        let pass = at % 2 == 0;
        if at < 60 {
            labels += &format!("i{at},ann,{},because {at}\n", word(pass));
        }
        verdicts += &format!("i{at},good,{},\n", word(pass != (at % 10 == 0)));
        verdicts += &format!("i{at},bad,{},\n", word(!pass));
    }
    (labels, verdicts)
}

#[test]
fn labels_and_recorded_verdicts_are_held_against_each_other() {
    let (labels, verdicts) = labels_and_verdicts();
    let desk = Desk::new(&[("labels.csv", &labels), ("verdicts.csv", &verdicts)]);
    let files = ["--labels", "labels.csv", "--verdicts", "verdicts.csv"];
    let of = |more: &[&str]| desk.evenhand(&[&["judge", "calibrate"], &files[..], more].concat());
    let said = of(&[]).ends(2);
    assert!(
        said.stderr
            .contains("several judges; name one with --judge: bad, good"),
        "{}",
        said.stderr
    );
    assert!(
        of(&["--judge", "god"])
            .ends(2)
            .stderr
            .contains("did you mean `good`?")
    );
    let good = of(&["--judge", "good", "--format", "json"]).ends(0);
    let good: serde_json::Value = serde_json::from_str(&good.stdout).expect("JSON");
    assert!((good["accuracy"]["point"].as_f64().expect("a share") - 0.9).abs() < 1e-12);
    assert_eq!(good["labels"]["judged_only"], 6);
    assert_eq!(good["labels"]["drawn"], "unstated");
    assert!(good["labels"]["digest"].is_string());
    let bad = of(&["--judge", "bad"]).ends(100);
    assert!(bad.stdout.contains("NOT SHOWN USABLE"), "{}", bad.stdout);
    assert!(bad.stdout.contains("because 0"), "{}", bad.stdout);
    // What is broken is named by file and line, in both files.
    desk.write(
        "labels.csv",
        labels.replace("i3,ann,fail", "i3,ann,perhaps"),
    );
    let said = of(&["--judge", "good"]).ends(3);
    assert!(said.stderr.contains("labels.csv:5: "), "{}", said.stderr);
    desk.write("labels.csv", &labels);
    desk.write(
        "verdicts.csv",
        verdicts.replace("i3,good,fail,", "i3,good,perhaps,"),
    );
    let said = of(&["--judge", "good"]).ends(3);
    assert!(said.stderr.contains("verdicts.csv:8: "), "{}", said.stderr);
    desk.evenhand(&["judge", "calibrate", "--labels", "labels.csv"])
        .ends(2);
    desk.evenhand(&["judge", "calibrate"]).ends(2);
    desk.evenhand(&["judge", "calibrate", "--table", "labels.csv"])
        .ends(2);
}
