//! `labels pick`: outputs drawn for labelling with recorded probabilities, and a corrected rate that stays right whatever was picked.

use std::io::Write;
use std::path::PathBuf;

use evenhand::analysis::pick::{Candidate, Earlier, Strategy, draw, grow};
use evenhand::load::labels::file;
use evenhand::stats::{Confidence, Labelled, Scale, Unlabelled, ppi_plus_plus};

#[expect(dead_code, reason = "no report is read here")]
#[path = "support/cli.rs"]
mod cli;

use cli::Desk;

/// A line for whoever runs the tests.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Pairs that people and two judges compared: whether people, the judge and its stand-in say yes to a question, and how far the judges differ.
struct Pairs {
    human: Vec<f64>,
    judge: Vec<f64>,
    candidates: Vec<Candidate>,
}

impl Pairs {
    fn truth(&self) -> f64 {
        self.human.iter().sum::<f64>() / self.human.len() as f64
    }
}

type Question = fn(&Row) -> (bool, bool);

/// People's majority and what two judges said.
struct Row {
    people: String,
    one: String,
    other: String,
}

fn rows() -> Option<Vec<Row>> {
    let folder = std::env::var_os("EVENHAND_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = folder.join("data/calibration/pandalm/labels.csv");
    if !path.is_file() {
        say("no folder of real labels here; nothing was drawn");
        return None;
    }
    let mut table = csv::Reader::from_path(path).expect("a table");
    let columns = table.headers().expect("a head").clone();
    let place = |name: &str| {
        let at = columns.iter().position(|column| column == name);
        at.expect("a column")
    };
    let places = ["human_majority", "judge_gpt35", "judge_pandalm7b"].map(place);
    let rows = table.records().map(|record| {
        let record = record.expect("a row");
        let [people, one, other] = places.map(|at| record[at].to_owned());
        Row { people, one, other }
    });
    Some(rows.filter(|row| !row.one.is_empty()).collect())
}

fn pairs(rows: &[Row], question: Question) -> Pairs {
    let yes = |said: bool| f64::from(u8::from(said));
    let said: Vec<(bool, bool)> = rows.iter().map(question).collect();
    let candidate = |(at, row): (usize, &Row)| Candidate {
        name: format!("p{at}"),
        output: String::new(),
        doubt: yes(row.one != row.other),
        stratum: row.one.clone(),
    };
    Pairs {
        human: said.iter().map(|said| yes(said.0)).collect(),
        judge: said.iter().map(|said| yes(said.1)).collect(),
        candidates: rows.iter().enumerate().map(candidate).collect(),
    }
}

/// The corrected mean of a sample, and whether its interval holds the truth.
fn corrected(pairs: &Pairs, taken: &[usize], weights: Option<&[f64]>) -> (f64, bool) {
    let of = |values: &[f64]| taken.iter().map(|&at| values[at]).collect::<Vec<_>>();
    let (human, judge) = (of(&pairs.human), of(&pairs.judge));
    let rest: Vec<f64> = (0..pairs.judge.len())
        .filter(|at| taken.binary_search(at).is_err())
        .map(|at| pairs.judge[at])
        .collect();
    let labelled = Labelled {
        human: &human,
        judge: &judge,
        weights,
        groups: None,
    };
    let unlabelled = Unlabelled {
        judge: &rest,
        groups: None,
    };
    let unit = Some(Scale::UNIT);
    let found = ppi_plus_plus(&labelled, &unlabelled, Confidence::NINETY_FIVE, unit)
        .expect("a corrected mean")
        .estimate;
    let (low, high) = (found.low().expect("an end"), found.high().expect("an end"));
    (found.point, (low..=high).contains(&pairs.truth()))
}

const DRAWS: u64 = 500;

/// Mean error over many draws, its standard error, and how often the interval held the truth.
fn simulated(
    pairs: &Pairs,
    name: &str,
    sample: impl Fn(u64) -> (Vec<usize>, Option<Vec<f64>>),
) -> [f64; 3] {
    let (mut errors, mut held) = (Vec::new(), 0.0);
    for seed in 0..DRAWS {
        let (taken, weights) = sample(seed);
        let (point, holds) = corrected(pairs, &taken, weights.as_deref());
        errors.push(point - pairs.truth());
        held += f64::from(u8::from(holds)) / DRAWS as f64;
    }
    let mean = errors.iter().sum::<f64>() / DRAWS as f64;
    let squares: f64 = errors.iter().map(|error| (error - mean).powi(2)).sum();
    let sd = (squares / (DRAWS - 1) as f64).sqrt();
    let error = sd / (DRAWS as f64).sqrt();
    say(&format!(
        "  {name:44} mean error {:+.2} points (standard error {:.2}), spread {:.1}, 95 % interval held {:.1} %",
        100.0 * mean,
        100.0 * error,
        100.0 * sd,
        100.0 * held
    ));
    [mean, error, held]
}

#[test]
fn labels_picked_by_doubt_correct_a_rate_without_bias_and_only_with_their_probabilities() {
    let Some(rows) = rows() else {
        return;
    };
    let questions: [(&str, Question); 2] = [
        ("the first response is better", |row| {
            (row.people == "1", row.one == "1")
        }),
        // What stands in for people's opinion of the judge's verdict is another judge's.
        ("people agree with the judge", |row| {
            (row.people == row.one, row.other == row.one)
        }),
    ];
    for (question, of) in questions {
        let pairs = pairs(&rows, of);
        say(&format!(
            "{question}: {:.1} % of {} pairs; 200 labels by doubt, {DRAWS} draws",
            100.0 * pairs.truth(),
            rows.len()
        ));
        let by_doubt = |seed| draw(Strategy::Uncertain, &pairs.candidates, 200, seed);
        let weights = |taken: &[usize], probabilities: &[f64]| {
            let each = taken.iter().map(|&at| 1.0 / probabilities[at]);
            Some(each.collect::<Vec<f64>>())
        };
        let [bias, error, held] = simulated(&pairs, "with the recorded probabilities", |seed| {
            let drawn = by_doubt(seed);
            let weights = weights(&drawn.taken, &drawn.probabilities);
            (drawn.taken, weights)
        });
        assert!(bias.abs() <= 2.0 * error, "{question}: {bias} of {error}");
        assert!(held >= 0.92, "{question}: {held}");
        let [bias, error, _] = simulated(&pairs, "the same labels as if drawn alike", |seed| {
            (by_doubt(seed).taken, None)
        });
        assert!(bias.abs() > 2.0 * error, "{question}: {bias} of {error}");
        // What was found somehow stands for itself: here pairs of which the judges differ most, 60 of them, and 140 drawn besides.
        let found: Vec<usize> = (0..rows.len())
            .filter(|&at| pairs.candidates[at].doubt > 0.0)
            .take(60)
            .collect();
        let known: Vec<(usize, Option<f64>)> = found.iter().map(|&at| (at, None)).collect();
        let [bias, error, held] =
            simulated(&pairs, "60 found by hand, 140 drawn by doubt", |seed| {
                let grown = grow(Strategy::Uncertain, &pairs.candidates, &known, 140, seed);
                assert_eq!(grown.earlier, Earlier::Apart);
                let mut taken = [found.clone(), grown.taken].concat();
                taken.sort_unstable();
                let weights = weights(&taken, &grown.probabilities);
                (taken, weights)
            });
        assert!(bias.abs() <= 2.0 * error, "{question}: {bias} of {error}");
        assert!(held >= 0.92, "{question}: {held}");
        let alone: f64 = (0..DRAWS)
            .map(|seed| {
                let taken = by_doubt(seed).taken;
                let sum: f64 = taken.iter().map(|&at| pairs.human[at]).sum();
                (sum / taken.len() as f64 - pairs.truth()) / DRAWS as f64
            })
            .sum();
        say(&format!(
            "  {:44} mean error {:+.2} points",
            "their plain mean",
            100.0 * alone
        ));
        simulated(&pairs, "200 labels drawn alike", |seed| {
            (
                draw(Strategy::Random, &pairs.candidates, 200, seed).taken,
                None,
            )
        });
    }
}

const TONE: &str = "---
name: tone
version: 1
mode: pointwise
verdict: text
scale: 1..5
pass: \">= 4\"
inputs: [input, output]
---
Grade how polite it is.

{{ input }}

{{ output }}
";

/// 40 cases: a tenth of the outputs are near the bar, one in four is rude and the rule likes every polite one.
fn desk() -> Desk {
    let grade = |word: &str, grade: u32| {
        format!("{{contains: {word}, answer: \"```verdict\\n{grade}\\n```\"}}")
    };
    let suite = format!(
        "version: 1\nsuite: s\ndataset: {{path: cases.jsonl}}\nallow_uncalibrated: true\n\
         targets: [{{id: bot, kind: scripted, answers: [{{case: [c3, c13, c23, c33], answer: hm well}}, {{case: [c0, c4, c8, c12, c16], answer: go away}}], answer: yes please}}]\n\
         scorers:\n- {{id: tone, kind: judge, judge: tone.md, model: {{kind: scripted, model: m, answers: [{}, {}], answer: \"```verdict\\n5\\n```\"}}}}\n\
         - {{id: kind, kind: contains, any: [e]}}\n",
        grade("hm well", 4),
        grade("go away", 1),
    );
    let cases: String = (0..40)
        .map(|at| {
            format!("{{\"id\":\"c{at}\",\"input\":\"Ask, \\\"{at}\\\"\",\"expected\":\"=1+1\"}}\n")
        })
        .collect();
    let desk = Desk::new(&[
        ("tone.md", TONE),
        ("cases.jsonl", &cases),
        ("suite.yaml", &suite),
    ]);
    desk.evenhand(&["run", "-q", "suite.yaml"]);
    assert_eq!(desk.runs().len(), 1);
    desk
}

/// What was said, without the breaks of its lines.
fn flat(said: &cli::Said) -> String {
    let words: Vec<&str> = said.stdout.split_whitespace().collect();
    words.join(" ")
}

fn pick(desk: &Desk, more: &[&str]) -> cli::Said {
    desk.evenhand(&[&["labels", "pick", "latest"], more].concat())
}

/// Fills in what people would: the first row's head tells where.
fn filled(desk: &Desk, name: &str, to: &str) {
    let text = desk.read(name);
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let head = table.headers().expect("a head").clone();
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(&head).expect("a head");
    for record in table.records() {
        let record = record.expect("a row");
        let cells = head
            .iter()
            .zip(record.iter())
            .map(|(name, cell)| match name {
                "annotator" if cell.is_empty() => "ann",
                "rating" if cell.is_empty() => "4",
                _ => cell,
            });
        out.write_record(cells.collect::<Vec<_>>()).expect("a row");
    }
    desk.write(to, out.into_inner().expect("a table"));
}

#[test]
fn a_filled_in_file_is_a_labels_file_and_every_row_has_its_probability() {
    let desk = desk();
    for (strategy, out) in [
        ("random", "a.csv"),
        ("uncertain", "b.csv"),
        ("disagreement", "c.csv"),
        ("stratified", "d.csv"),
    ] {
        let arguments = [
            "-n",
            "12",
            "--strategy",
            strategy,
            "--seed",
            "3",
            "--scorer",
            "tone",
            "--out",
            out,
        ];
        let arguments: Vec<&str> = match strategy {
            "disagreement" => arguments
                .iter()
                .copied()
                .filter(|word| !["--scorer", "tone"].contains(word))
                .collect(),
            _ => arguments.to_vec(),
        };
        let said = pick(&desk, &arguments).ends(0);
        assert!(said.stdout.starts_with("wrote"), "{}", said.stdout);
        let problems =
            file::read(&desk.path().join(out), None).expect_err("nobody has labelled yet");
        assert!(
            problems[0].to_string().contains("`annotator` is empty"),
            "{problems:?}"
        );
        let column = if strategy == "disagreement" {
            "pass"
        } else {
            "rating"
        };
        let head = desk.read(out).lines().next().expect("a head").to_owned();
        assert!(head.contains(&format!("\"{column}\"")), "{head}");
        if column == "rating" {
            filled(&desk, out, "filled.csv");
            let labels = file::read(&desk.path().join("filled.csv"), None).expect("labels");
            assert!(
                labels
                    .iter()
                    .all(|label| label.probability.is_some_and(|p| p > 0.0))
            );
            assert_eq!(labels[0].texts.expected.as_deref(), Some("=1+1"));
            assert!(
                labels[0]
                    .texts
                    .input
                    .as_deref()
                    .expect("an input")
                    .starts_with("Ask, \"")
            );
        }
        // The same seed, the same bytes.
        let again = [arguments.as_slice(), &["--force"]].concat();
        let before = desk.read(out);
        pick(&desk, &again).ends(0);
        assert_eq!(desk.read(out), before);
    }
    let jsonl = pick(&desk, &["-n", "3", "--out", "a.jsonl"]).ends(0);
    let next = "next       evenhand annotate a.jsonl --annotator NAME --judge JUDGE";
    assert!(jsonl.stdout.contains(next), "{}", jsonl.stdout);
    let first = desk.read("a.jsonl");
    let first: serde_json::Value =
        serde_json::from_str(first.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["probability"], 0.075);
    assert_eq!(
        (&first["annotator"], &first["rating"]),
        (&"".into(), &"".into())
    );
    assert_eq!(first["expected"], "=1+1");
}

#[test]
fn a_sample_goes_on_where_the_last_one_ended() {
    let desk = desk();
    let by = ["--strategy", "uncertain", "--scorer", "tone", "--seed", "5"];
    pick(
        &desk,
        &[&by[..], &["-n", "10", "--out", "one.csv"]].concat(),
    )
    .ends(0);
    filled(&desk, "one.csv", "labels.csv");
    let more = ["-n", "8", "--labels", "labels.csv", "--out", "two.csv"];
    let said = pick(&desk, &[&by[..], &more].concat()).ends(0);
    assert!(
        flat(&said).contains("this draw goes on from there"),
        "{}",
        said.stdout
    );
    filled(&desk, "two.csv", "more.csv");
    let read = |name: &str| file::read(&desk.path().join(name), None).expect("labels");
    let (old, new) = (read("labels.csv"), read("more.csv"));
    assert!(new.len() > old.len());
    // The whole of one draw of 18.
    pick(
        &desk,
        &[&by[..], &["-n", "18", "--out", "whole.csv"]].concat(),
    )
    .ends(0);
    filled(&desk, "whole.csv", "whole-filled.csv");
    let rows = |name: &str| {
        let mut rows: Vec<(String, f64)> = read(name)
            .into_iter()
            .map(|label| (label.subject.name(), label.probability.expect("one")))
            .collect();
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        rows
    };
    assert_eq!(rows("more.csv"), rows("whole-filled.csv"));
    // Labels without probabilities stand for themselves.
    desk.write(
        "found.csv",
        "case,target,annotator,rating\nc1,bot,ann,5\nc3,bot,ann,3\nc99,bot,ann,3\n",
    );
    let said = pick(
        &desk,
        &["-n", "8", "--labels", "found.csv", "--out", "three.csv"],
    )
    .ends(0);
    assert!(
        flat(&said).contains("stand for themselves alone"),
        "{}",
        said.stdout
    );
    assert!(
        flat(&said).contains("1 labelled outputs of found.csv are not taken along"),
        "{}",
        said.stdout
    );
    filled(&desk, "three.csv", "three-filled.csv");
    let rows = rows("three-filled.csv");
    assert_eq!(rows.len(), 10);
    assert_eq!(rows.iter().filter(|row| row.1 == 1.0).count(), 2);
    // And a mixed file is refused, as a calibration would.
    desk.write(
        "mixed.csv",
        "case,target,annotator,rating,probability\nc1,bot,ann,5,0.5\nc3,bot,ann,3,\n",
    );
    let said = pick(&desk, &["--labels", "mixed.csv", "--out", "four.csv"]).ends(3);
    assert!(
        said.stderr.contains("fill it in everywhere or nowhere"),
        "{}",
        said.stderr
    );
}

#[test]
fn what_cannot_be_picked_says_why() {
    let desk = desk();
    for (arguments, code, words) in [
        (&["--target", "bt"][..], 2, "did you mean `bot`?"),
        (&["--scorer", "tine"], 2, "did you mean `tone`?"),
        (
            &["--strategy", "uncertain", "--scorer", "kind"],
            2,
            "nothing that `kind` records says how sure it is",
        ),
        (
            &["--strategy", "disagreement", "--scorer", "kind"],
            2,
            "one verdict of each output",
        ),
        (&["--labels", "none.csv"], 3, "none.csv"),
        (&["--out", "suite.yaml"], 2, "there is such a file"),
        (&["--out", "x.json"], 2, "end the name in .csv or .jsonl"),
    ] {
        let said = pick(&desk, arguments).ends(code);
        assert!(
            said.stderr.contains(words),
            "{arguments:?}: {}",
            said.stderr
        );
    }
    let said = pick(&desk, &["-n", "100", "--out", "all.csv"]).ends(0);
    assert!(
        flat(&said).contains("100 were asked for and 40 are there"),
        "{}",
        said.stdout
    );
    filled(&desk, "all.csv", "labels.csv");
    let said = pick(&desk, &["--labels", "labels.csv", "--out", "no.csv"]).ends(4);
    assert!(
        said.stderr.contains("nothing left to pick"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_labels_file_is_looked_at_as_a_screen_and_as_json() {
    let mut text = "case,target,annotator,pass,ts,seconds,rubric_version,repeat_of\n".to_owned();
    for at in 0..24 {
        let (ann, bob) = (["pass", "fail"][at / 12], ["pass", "fail"][at % 2]);
        let version = 1 + at / 12;
        text += &format!("c{at},bot,ann,{ann},2026-02-03T10:{at:02}:00Z,{at},{version},\n");
        text += &format!("c{at},bot,bob,{bob},2026-02-03T12:{at:02}:00+02:00,3,1,\n");
    }
    text += "again,bot,ann,pass,,,2,c0/bot\n";
    let desk = Desk::new(&[("labels.csv", &text)]);
    let screen = desk.evenhand(&["labels", "stats", "labels.csv"]).ends(0);
    insta::assert_snapshot!("stats", screen.screen());
    let json = desk
        .evenhand(&["labels", "stats", "labels.csv", "--format", "json"])
        .ends(0);
    let found: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(found["counts"]["labels"], 48);
    assert_eq!(found["counts"]["ties"], 12);
    assert_eq!(found["annotators"]["ann"]["consistency"]["point"], 1.0);
    assert_eq!(
        found["annotators"]["ann"]["drift"]["difference"]["point"],
        -1.0
    );
    assert_eq!(
        found["annotators"]["bob"]["drift"]["difference"]["point"],
        0.0
    );
    assert_eq!(found["rubrics"]["2"]["labels"], 12);
    desk.write("rated.csv", "item,annotator,rating\n1,ann,6\n");
    let said = desk
        .evenhand(&["labels", "stats", "rated.csv", "--scale", "1..5"])
        .ends(3);
    assert!(
        said.stderr.contains("6 is off the scale 1..5"),
        "{}",
        said.stderr
    );
}
