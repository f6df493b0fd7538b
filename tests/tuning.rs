//! A judge that is tuned: what is chosen on one part of the labels is told on another, and every look at that is counted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use evenhand::analysis::calibration::{Item, Reference, Scale, Sheet, Verdict};
use evenhand::analysis::tuning::{choose, score};
use serde_json::Value as Json;

#[expect(dead_code, reason = "no screen is compared here")]
#[path = "support/cli.rs"]
mod cli;

use cli::{Desk, Said};

fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("EVENHAND_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    folder.join("oracles").is_dir().then_some(folder)
}

fn notice(text: &str) {
    use std::io::Write;
    // Nobody to tell is no fault of the test.
    let _ = writeln!(std::io::stderr(), "notice: {text}");
}

/// What 24 recorded set-ups said of the pairs of LLMBar, in the file's order.
struct Recorded {
    /// The better output by item, `a` or `b`.
    people: BTreeMap<String, &'static str>,
    /// Set-ups with what each said by item; empty: it could not be read.
    judges: Vec<(String, BTreeMap<String, &'static str>)>,
}

fn llmbar() -> Option<(Recorded, Json)> {
    let Some(folder) = shared() else {
        notice("no folder of recorded judges here; nothing was compared");
        return None;
    };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a shared file");
    let text = read("data/calibration/llmbar/judgments.csv");
    let place = |cell: &str| match cell {
        "1" => "a",
        "2" => "b",
        _ => "",
    };
    let mut found = Recorded {
        people: BTreeMap::new(),
        judges: Vec::new(),
    };
    for row in text.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        // Not every set-up was recorded on the last subset.
        if cells[1] == "faireval" {
            continue;
        }
        let (item, name) = (cells[0].to_owned(), format!("{} {}", cells[2], cells[3]));
        found.people.insert(item.clone(), place(cells[4]));
        let at = found.judges.iter().position(|(known, _)| *known == name);
        let at = at.unwrap_or_else(|| {
            found.judges.push((name, BTreeMap::new()));
            found.judges.len() - 1
        });
        found.judges[at].1.insert(item, place(cells[5]));
    }
    let oracle = serde_json::from_str(&read("oracles/simulations.json")).expect("an oracle");
    Some((found, oracle))
}

impl Recorded {
    fn sheets(&self) -> Vec<Sheet> {
        let value = |said: &str| match said {
            "a" => Some(0.0),
            "b" => Some(1.0),
            _ => None,
        };
        let sheet = |said: &BTreeMap<String, &'static str>| Sheet {
            scale: Scale::Preference,
            of: Reference::Majority,
            annotators: vec!["people".into()],
            items: self
                .people
                .iter()
                .map(|(item, human)| {
                    let verdict = value(said[item]).map_or(Verdict::Unreadable, Verdict::Read);
                    Item::new(item, vec![value(human)], verdict)
                })
                .collect(),
            positive: None,
        };
        self.judges.iter().map(|(_, said)| sheet(said)).collect()
    }
}

/// Numbers that look random and never change.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }
}

#[test]
fn the_gap_between_dev_and_test_is_that_of_the_simulations() {
    let Some((recorded, oracle)) = llmbar() else {
        return;
    };
    let sheets = recorded.sheets();
    assert_eq!((sheets.len(), sheets[0].items.len()), (24, 280));
    let names: Vec<usize> = recorded.judges.iter().map(|(name, _)| name.len()).collect();
    let rows = &oracle["winners_curse"]["rows"];
    let rows = rows.as_array().expect("rows");
    let mut draw = Draw(7);
    for labels in [20, 200] {
        let row = rows
            .iter()
            .find(|row| row["labels"] == labels && row["candidates"] == "all set-ups: 24")
            .expect("the row of this size");
        let known = |key: &str| row[key].as_f64().expect("a number");
        let mut gaps = Vec::new();
        for _ in 0..300 {
            let mut order: Vec<usize> = (0..280).collect();
            for at in 0..labels {
                let other = at + draw.below(280 - at);
                order.swap(at, other);
            }
            let part = |sheet: &Sheet, places: &[usize]| Sheet {
                items: places.iter().map(|at| sheet.items[*at].clone()).collect(),
                ..sheet.clone()
            };
            let (dev, test) = order.split_at(labels);
            let on_dev: Vec<_> = sheets
                .iter()
                .map(|sheet| score(&part(sheet, dev)))
                .collect();
            let figures: Vec<(Option<f64>, usize)> = on_dev
                .iter()
                .zip(&names)
                .map(|(scored, length)| (scored.agreement, *length))
                .collect();
            let chosen = choose(&figures, 0);
            let held_out = score(&part(&sheets[chosen], test));
            let right = |scored: &evenhand::analysis::tuning::Scored| scored.right.expect("items");
            gaps.push(right(&on_dev[chosen]) - right(&held_out));
        }
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let over = gaps.iter().filter(|gap| **gap > 0.05).count() as f64 / gaps.len() as f64;
        // Chosen by kappa, not by accuracy, and from other draws: within a point and a half, and within eight in a hundred draws.
        let wanted = known("mean_optimism_of_winner");
        assert!(
            (mean - wanted).abs() < 0.015,
            "{labels}: {mean} against {wanted}"
        );
        let wanted = known("share_of_runs_flattering_by_over_5_points");
        assert!(
            (over - wanted).abs() < 0.08,
            "{labels}: {over} against {wanted}"
        );
    }
}

/// Writes labels and verdicts of the recorded set-ups; of the labels only the first `count`.
fn recorded_desk(recorded: &Recorded, count: usize) -> Desk {
    let mut labels = "item,annotator,preference\n".to_owned();
    for (item, said) in recorded.people.iter().take(count) {
        labels += &format!("{item},people,{said}\n");
    }
    let mut verdicts = "item,judge,preference\n".to_owned();
    for (name, said) in &recorded.judges {
        for (item, said) in said {
            verdicts += &format!("{item},{name},{said}\n");
        }
    }
    Desk::new(&[("labels.csv", &labels), ("verdicts.csv", &verdicts)])
}

fn tune(desk: &Desk, more: &[&str]) -> Said {
    let fixed = [
        "judge",
        "tune",
        "--labels",
        "labels.csv",
        "--verdicts",
        "verdicts.csv",
    ];
    desk.evenhand(&[&fixed[..2], more, &fixed[2..]].concat())
}

fn json_of(said: &Said) -> Json {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

fn number(value: &Json) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn recorded_candidates_are_chosen_on_dev_and_told_on_test() {
    let Some((recorded, _)) = llmbar() else {
        return;
    };
    let desk = recorded_desk(&recorded, 280);
    let present = ["--judge", "PaLM2 CoT", "--format", "json"];
    let found = json_of(&tune(&desk, &present).ends(0));
    assert_eq!(found["outcome"], "improved");
    assert_eq!(found["present"], "PaLM2 CoT");
    assert_eq!(found["candidates"].as_array().map(Vec::len), Some(24));
    for one in found["candidates"].as_array().expect("candidates") {
        assert_eq!(one["dev"]["optimistic"], true);
    }
    let held_out = &found["held_out"];
    assert_eq!(held_out["test"], "mcnemar-exact");
    assert!(number(&held_out["difference"]["low"]) > 0.0);
    assert!(number(&held_out["p"]) < 0.05);
    let parts = &found["labels"]["parts"];
    let count = |part: &str| -> f64 {
        let classes = parts[part].as_object().expect("classes");
        classes.values().map(number).sum()
    };
    assert!((0.12..0.28).contains(&(count("train") / 280.0)));
    assert!((0.32..0.48).contains(&(count("dev") / 280.0)));
    assert_eq!(count("train") + count("dev") + count("test"), 280.0);
    assert_eq!(number(&held_out["difference"]["n"]), count("test"));
    let names: Vec<String> = std::fs::read_dir(desk.path())
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(
        names.len(),
        2,
        "without a named judge nothing is written: {names:?}"
    );
}

#[test]
fn a_figure_of_the_labels_that_chose_is_never_shown_without_its_word() {
    let Some((recorded, _)) = llmbar() else {
        return;
    };
    for count in [30, 60, 280] {
        let desk = recorded_desk(&recorded, count);
        let said = tune(&desk, &["--judge", "ChatGPT CoT"]);
        let found = json_of(&tune(
            &desk,
            &["--judge", "ChatGPT CoT", "--format", "json"],
        ));
        let dev = found["candidates"].as_array().expect("candidates");
        let chosen = dev
            .iter()
            .find(|one| one["name"] == found["chosen"])
            .expect("the chosen");
        let reached = format!("{:.2}", number(&chosen["dev"]["agreement"]));
        let honest: Vec<String> = [
            &found["held_out"]["chosen_agreement"]["point"],
            &found["cross_validated"]["chosen"]["agreement"],
        ]
        .into_iter()
        .filter_map(Json::as_f64)
        .map(|figure| format!("{figure:.2}"))
        .collect();
        assert_eq!(honest.len(), 1, "one honest figure: {honest:?}");
        for line in said
            .stdout
            .lines()
            .filter(|line| line.contains(&format!("kappa {reached}")))
        {
            let is_honest = honest.contains(&reached);
            assert!(line.contains("optimistic") || is_honest, "{count}: {line}");
        }
        assert!(said.stdout.contains("optimistic"), "{said:?}");
    }
}

#[test]
fn few_labels_are_cross_validated_and_nothing_is_claimed() {
    let Some((recorded, _)) = llmbar() else {
        return;
    };
    let desk = recorded_desk(&recorded, 49);
    let found = json_of(&tune(&desk, &["--format", "json"]).ends(6));
    assert_eq!(found["outcome"], "too_few_labels");
    assert!(found.get("held_out").is_none());
    let validated = &found["cross_validated"];
    assert_eq!(
        (&validated["folds"], &validated["repeats"]),
        (&5.into(), &5.into())
    );
    let best = found["candidates"]
        .as_array()
        .expect("candidates")
        .iter()
        .filter_map(|one| one["dev"]["agreement"].as_f64())
        .fold(f64::MIN, f64::max);
    assert!(number(&validated["chosen"]["agreement"]) < best, "{found}");
}

const TONE: &str = "---\nname: tone\nversion: 1\nmode: pointwise\nverdict: text\nscale: pass/fail\ninputs: [output]\n---\nBe fair.\n\n{{ output }}\n";

/// 160 labelled items and three judges: `good` is right about most, `old` about seven in ten, `noise` about half.
fn three_judges() -> Desk {
    let mut labels = "item,annotator,pass\n".to_owned();
    let mut verdicts = "item,judge,pass\n".to_owned();
    for at in 0..160_usize {
        let human = at % 2 == 0;
        let says = |is_right: bool| if human == is_right { "pass" } else { "fail" };
        labels += &format!("i{at},ann,{}\n", says(true));
        verdicts += &format!("i{at},old,{}\n", says(at % 10 < 7));
        verdicts += &format!("i{at},good,{}\n", says(at % 19 != 3));
        verdicts += &format!("i{at},noise,{}\n", says(at / 2 % 2 == 0));
    }
    Desk::new(&[
        ("labels.csv", &labels),
        ("verdicts.csv", &verdicts),
        ("tone.md", TONE),
    ])
}

const LEDGER: &str = "labels.csv.ledger.jsonl";

fn looks(desk: &Desk) -> Vec<Json> {
    let text = desk.read(LEDGER);
    let lines = text.lines().map(serde_json::from_str);
    lines
        .collect::<Result<_, _>>()
        .expect("a ledger is JSON lines")
}

fn tuned(desk: &Desk) -> Json {
    json_of(&tune(desk, &["tone.md", "--format", "json"]).ends(0))
}

#[test]
fn with_a_named_judge_the_look_is_counted_once() {
    let desk = three_judges();
    let first = tuned(&desk);
    assert_eq!(
        (&first["outcome"], &first["chosen"]),
        (&"improved".into(), &"good".into())
    );
    assert_eq!(first["present"], "old", "the first of the file");
    let lines = looks(&desk);
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (
            &lines[0]["why"],
            &lines[0]["tuned"],
            &lines[0]["seed"],
            &lines[0]["rows"]
        ),
        (&"tune".into(), &true.into(), &0.into(), &"test".into())
    );
    assert_eq!(tuned(&desk), first, "the same again is no look");
    assert_eq!(looks(&desk).len(), 1);
    // Another split would put into test what was chosen on.
    let refused = tune(&desk, &["tone.md", "--seed", "3"]).ends(2);
    assert!(
        refused.stderr.contains("parted with seed 0 before"),
        "{refused:?}"
    );
}

#[test]
fn later_looks_are_held_to_a_smaller_error() {
    let desk = three_judges();
    tuned(&desk);
    // Another candidate that wins on dev: a second identity on the same labels.
    let text = desk.read("verdicts.csv");
    let better: String = desk
        .read("labels.csv")
        .lines()
        .skip(1)
        .map(|line| line.replace(",ann,", ",perfect,") + "\n")
        .collect();
    desk.write("verdicts.csv", text + &better);
    let found = tuned(&desk);
    assert_eq!(found["chosen"], "perfect");
    assert_eq!(found["held_out"]["look"], 2);
    assert!((number(&found["held_out"]["alpha"]) - 0.1 / 6.0).abs() < 1e-12);
    let confidence = number(&found["held_out"]["difference"]["confidence"]);
    assert!((confidence - (1.0 - 0.1 / 6.0)).abs() < 1e-12);
    let screen = tune(&desk, &["tone.md"]).ends(0).stdout;
    assert!(screen.contains("test part used 2 times"), "{screen}");
    assert_eq!(looks(&desk).len(), 2);
}

#[test]
fn nothing_better_is_no_look() {
    let desk = three_judges();
    let said = tune(&desk, &["tone.md", "--judge", "good", "--format", "json"]).ends(0);
    let found = json_of(&said);
    assert_eq!(found["outcome"], "not_shown_better");
    assert_eq!(found["chosen"], "good");
    assert!(found.get("held_out").is_none());
    assert!(!desk.path().join(LEDGER).exists());
}

#[test]
fn a_ledger_that_was_edited_or_comes_from_elsewhere_is_noticed_and_counts() {
    let desk = three_judges();
    tuned(&desk);
    let text = desk.read(LEDGER);
    let warnings = |desk: &Desk| tuned(desk)["warnings"].to_string();
    desk.write(LEDGER, text.replacen("\"tune\"", "\"other\"", 1));
    let said = warnings(&desk);
    assert!(
        said.contains("line 1 was changed after it was written"),
        "{said}"
    );
    // The ledger of another labels file: its looks are at no labels that are here.
    let other = three_judges();
    other.write(
        "labels.csv",
        other.read("labels.csv").replacen("ann,pass", "ann,fail", 1),
    );
    tuned(&other);
    desk.write(LEDGER, other.read(LEDGER));
    let found = tuned(&desk);
    let said = found["warnings"].to_string();
    assert!(
        said.contains("is at these labels as they are now"),
        "{said}"
    );
    // It is the same identity there: both looks decided, and both count.
    assert_eq!(found["held_out"]["look"], 2);
}

#[test]
fn looks_of_other_judges_count_and_what_a_certificate_knows_is_missed() {
    let desk = three_judges();
    desk.write("kind.md", TONE.replace("Be fair.", "Be kind."));
    json_of(&tune(&desk, &["kind.md", "--format", "json", "--judge", "noise"]).ends(0));
    let by_other = looks(&desk);
    assert_eq!(by_other[0]["judge"], "kind.md");
    // The winner is the same recorded judge, which was looked at: it is shown again, and is the first look still.
    assert_eq!(tuned(&desk)["held_out"]["look"], 1);
    // Calibrating a judge writes a certificate that knows its look; cutting the ledger is then missed.
    let model = r#"{"kind":"scripted","model":"m","answer":"```verdict\npass\n```"}"#;
    let texts: String = desk
        .read("labels.csv")
        .lines()
        .enumerate()
        .map(|(at, line)| {
            format!(
                "{line},{}\n",
                if at == 0 {
                    "output".to_owned()
                } else {
                    format!("text {at}")
                }
            )
        })
        .collect();
    desk.write("labels.csv", texts);
    desk.evenhand(&[
        "judge",
        "calibrate",
        "tone.md",
        "--labels",
        "labels.csv",
        "--model",
        model,
    ]);
    assert_eq!(looks(&desk).len(), 2);
    std::fs::remove_file(desk.path().join(LEDGER)).expect("a file is removed");
    let said = tuned(&desk)["warnings"].to_string();
    assert!(
        said.contains("lacks 1 looks that the certificate knows of"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_chosen_from_is_refused() {
    let desk = three_judges();
    let said = tune(&desk, &["--judge", "goood"]).ends(2);
    assert!(said.stderr.contains("did you mean `good`?"), "{said:?}");
    let said = tune(&desk, &["tone.mdd"]).ends(2);
    assert!(said.stderr.contains("tone.mdd"), "{said:?}");
    desk.write("verdicts.csv", "item,judge,pass\ni1,only,pass\n");
    let said = tune(&desk, &[]).ends(2);
    assert!(said.stderr.contains("holds one judge"), "{said:?}");
}
