//! A judge that is tuned: what is chosen on one part of the labels is told on another, and every look at that is counted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use evenhand::analysis::calibration::{Item, Reference, Scale, Sheet, Verdict};
use evenhand::analysis::tuning::{choose, score};
use serde_json::{Value as Json, json};

#[expect(dead_code, reason = "a tuning's runs are no suite's")]
#[path = "support/cli.rs"]
mod cli;
#[expect(dead_code, reason = "this server's answers are plain")]
#[path = "support/http_server.rs"]
mod http_server;

use cli::{Desk, Said};
use http_server::{Asked, HttpServer, Said as Reply};

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

/// What the right rubric says; a judge whose prompt holds it grades as people do, and no other does.
const KEY: &str = "Grade by the manners alone.";

/// The suite's judge as it stands: it grades by something else.
const PRESENT: &str = "---\nname: tone\n# kept as it stands\nversion: 1\nmode: pointwise\nverdict: text\nscale: pass/fail\ninputs: [input, output]\nquestion: Is it polite?\n---\nBe fair.\n\n{{ input }}\n\n{{ output }}\n";

/// A target that proposes a body; nothing else is known of it.
fn writer(body: &str) -> Json {
    let answer = format!(
        "Here it is.\n=== body ===\n{body}\n\n{{% raw %}}{{{{ input }}}}\n\n{{{{ output }}}}{{% endraw %}}\n=== question ===\nAre its manners good?\n=== end ===\n"
    );
    json!({"id": "writer", "kind": "scripted", "answer": answer})
}

/// 160 labelled outputs. People pass every other one. The model says what people say where the prompt holds the key (save of one in
/// `errs`), and else passes two thirds of all, whatever they are. `is_noise`: people's labels follow nothing at all.
fn live(is_noise: bool, writer: &Json, limits: &Json) -> Desk {
    let (mut labels, mut by_key, mut plain) = (
        "item,annotator,pass,critique,input,output\n".to_owned(),
        Vec::new(),
        Vec::new(),
    );
    let mut draw = Draw(11);
    for at in 0..160_usize {
        let polite = at % 2 == 0;
        let passes = if is_noise { draw.below(2) == 0 } else { polite };
        let (said, why) = match passes {
            true => ("pass", ""),
            false => ("fail", "bad manners"),
        };
        labels += &format!(
            "i{at},ann,{said},{why},Ask {at},Words {at} of {} kind\n",
            at * at
        );
        // Two in forty are wrong even by the right rubric.
        if polite != (at % 40 == 9) {
            by_key.push(format!("i{at}"));
        }
        if draw.below(3) > 0 {
            plain.push(format!("i{at}"));
        }
    }
    let verdict = |word: &str| format!("because\n```verdict\n{word}\n```");
    let suite = json!({
        "version": 1, "suite": "s", "dataset": {"path": "cases.jsonl"}, "targets": [writer],
        "scorers": [{"id": "polite", "kind": "judge", "judge": "tone.md", "model": {
            "kind": "scripted", "model": "m", "answer": verdict("fail"), "answers": [
                {"contains": KEY, "case": by_key, "answer": verdict("pass")},
                {"contains": KEY, "answer": verdict("fail")},
                {"case": plain, "answer": verdict("pass")},
            ]
        }}],
        "limits": limits,
        "allow_uncalibrated": true,
    });
    Desk::new(&[
        ("labels.csv", &labels),
        ("tone.md", PRESENT),
        ("cases.jsonl", "{\"id\":\"c\",\"input\":\"q\"}\n"),
        ("suite.yaml", &suite.to_string()),
    ])
}

fn tune_live(desk: &Desk, more: &[&str]) -> Said {
    let fixed = [
        "judge",
        "tune",
        "tone.md",
        "--labels",
        "labels.csv",
        "--suite",
        "suite.yaml",
        "--optimizer",
        "writer",
        "--format",
        "json",
    ];
    desk.evenhand(&[&fixed, more].concat())
}

#[test]
fn the_right_rubric_is_found_on_dev_and_its_gain_is_told_on_test() {
    let desk = live(false, &writer(KEY), &json!({}));
    let said = tune_live(&desk, &[]).ends(0);
    let found = json_of(&said);
    assert_eq!(found["outcome"], "improved", "{found:#}");
    let chosen = found["chosen"].as_str().expect("a name");
    assert!(chosen.starts_with("rewrite 1."), "{chosen}");
    let held_out = &found["held_out"];
    assert!(number(&held_out["chosen_agreement"]["point"]) > 0.85);
    assert!(number(&held_out["present_agreement"]["point"]) < 0.4);
    assert!(number(&held_out["difference"]["low"]) > 0.0);
    assert!(number(&held_out["difference"]["point"]) > 0.3, "{held_out}");
    assert!(number(&found["spent"]["calls"]) > 160.0);
    // The new judge stands beside the old, with all of its front matter that was not tuned.
    assert_eq!(desk.read("tone.md"), PRESENT);
    let new = desk.read("tone.tuned.md");
    assert!(
        new.contains("# kept as it stands") && new.contains(KEY),
        "{new}"
    );
    assert!(new.contains("question: \"Are its manners good?\""), "{new}");
    let diff = found["diff"].as_str().expect("a diff");
    assert!(
        diff.starts_with("--- tone.md\n+++ tone.tuned.md\n@@"),
        "{diff}"
    );
    assert!(
        diff.contains("-Be fair.\n") && diff.contains(&format!("+{KEY}\n")),
        "{diff}"
    );
    let looks = looks(&desk);
    assert_eq!(looks.len(), 1);
    assert_eq!(
        (&looks[0]["why"], &looks[0]["tuned"], &looks[0]["judge"]),
        (&"tune".into(), &true.into(), &"tone".into())
    );
    let winner = found["candidates"].as_array().expect("candidates");
    let winner = winner
        .iter()
        .find(|one| one["name"] == chosen)
        .expect("the chosen");
    assert_eq!(looks[0]["digest"], winner["digest"]);
}

#[test]
fn a_tuned_judge_is_calibrated_on_its_test_part_without_a_further_look() {
    let desk = live(false, &writer(KEY), &json!({}));
    let tuned = json_of(&tune_live(&desk, &[]).ends(0));
    desk.write(
        "suite2.yaml",
        desk.read("suite.yaml").replace("tone.md", "tone.tuned.md"),
    );
    let arguments = [
        "judge",
        "calibrate",
        "tone.tuned.md",
        "--labels",
        "labels.csv",
        "--suite",
        "suite2.yaml",
        "--format",
        "json",
    ];
    let found = json_of(&desk.evenhand(&arguments));
    assert_eq!(looks(&desk).len(), 1, "the same figures are shown again");
    assert_eq!(found["labels"]["look"], 1);
    assert_eq!(
        found["cohen_kappa"]["point"],
        tuned["held_out"]["chosen_agreement"]["point"]
    );
    assert!(
        found["warnings"]
            .to_string()
            .contains("train and dev are left out")
    );
}

#[test]
fn on_noise_nothing_is_shown_better() {
    let mut looked = 0;
    for seed in ["0", "1", "2"] {
        let desk = live(true, &writer(KEY), &json!({}));
        let found = json_of(&tune_live(&desk, &["--seed", seed]).ends(0));
        assert_eq!(found["outcome"], "not_shown_better", "{seed}: {found:#}");
        looked += usize::from(found.get("held_out").is_some());
        assert!(number(&found["candidates"].as_array().map(Vec::len).into()) >= 3.0);
    }
    assert!(looked > 0, "at least once something looked better on dev");
}

#[test]
fn the_same_again_asks_nobody_and_is_no_look() {
    let desk = live(false, &writer(KEY), &json!({}));
    let first = json_of(&tune_live(&desk, &[]).ends(0));
    let again = json_of(&tune_live(&desk, &[]).ends(0));
    assert_eq!(first["held_out"], again["held_out"]);
    assert_eq!(looks(&desk).len(), 1);
    assert_eq!(again["spent"]["calls"], 0, "nor is the optimiser");
    assert_eq!(first["candidates"], again["candidates"]);
    assert!(
        !desk.path().join("tone.tuned-2.md").exists(),
        "the same file stands there"
    );
}

#[test]
fn a_file_that_stands_there_is_never_overwritten() {
    let desk = live(false, &writer(KEY), &json!({}));
    desk.write("tone.tuned.md", "mine");
    let found = json_of(&tune_live(&desk, &[]).ends(0));
    assert_eq!(desk.read("tone.tuned.md"), "mine");
    assert!(desk.read("tone.tuned-2.md").contains(KEY));
    assert!(
        found["written"]
            .as_str()
            .expect("a path")
            .ends_with("tone.tuned-2.md")
    );
}

#[test]
fn what_the_optimiser_says_wrong_is_a_failed_candidate() {
    for (answer, why) in [
        ("I would rather not.", "no line `=== body ===`"),
        (
            "=== body ===\nBe kind.\n=== end ===",
            "the body does not use `{{ input }}`",
        ),
        (
            "=== body ===\nBe fair.\n\n{% raw %}{{ input }}\n\n{{ output }}{% endraw %}\n=== end ===",
            "it is the same judge as `tone`",
        ),
    ] {
        let writer = json!({"id": "writer", "kind": "scripted", "answer": answer});
        let desk = live(false, &writer, &json!({}));
        let found = json_of(&tune_live(&desk, &["--rounds", "1"]).ends(0));
        let all = found["candidates"].as_array().expect("candidates");
        let rewrites: Vec<&Json> = all
            .iter()
            .filter(|one| one["origin"] == "rewrite")
            .collect();
        assert_eq!(rewrites.len(), 2);
        for one in rewrites {
            let said = one["failed"].as_str().expect("a reason");
            assert!(said.contains(why), "{why}: {said}");
        }
    }
}

#[test]
fn the_budget_holds_over_all_candidates_together() {
    let desk = live(false, &writer(KEY), &json!({"budget_calls": 330}));
    let found = json_of(&tune_live(&desk, &[]));
    assert!(
        number(&found["spent"]["calls"]) <= 330.0,
        "{}",
        found["spent"]
    );
    let warnings = found["warnings"].to_string();
    assert!(warnings.contains("budget ended the search"), "{warnings}");
    let desk = live(false, &writer(KEY), &json!({"budget_calls": 20}));
    let said = tune_live(&desk, &[]).ends(5);
    assert!(said.stderr.contains("have no verdict"), "{said:?}");
    assert!(!desk.path().join(LEDGER).exists(), "nobody looked");
}

#[test]
fn few_labels_are_tuned_without_a_claim() {
    let desk = live(false, &writer(KEY), &json!({}));
    let few: String = desk
        .read("labels.csv")
        .lines()
        .take(31)
        .map(|line| format!("{line}\n"))
        .collect();
    desk.write("labels.csv", few);
    let found = json_of(&tune_live(&desk, &["--rounds", "1"]).ends(6));
    assert_eq!(found["outcome"], "too_few_labels");
    assert!(found.get("held_out").is_none());
    assert!(found["cross_validated"]["chosen"]["agreement"].is_number());
    assert!(
        found["warnings"].to_string().contains("in view"),
        "{found:#}"
    );
    assert!(!desk.path().join(LEDGER).exists());
    let all = found["candidates"].as_array().expect("candidates");
    assert!(
        all.iter().all(|one| one["origin"] != "examples"),
        "there is no train to take them from"
    );
}

#[test]
fn examples_come_from_train_alone() {
    // A writer that helps nothing, so that the present judge with examples is what is left.
    let desk = live(false, &writer("Be fair indeed."), &json!({}));
    let found = json_of(&tune_live(&desk, &["--rounds", "1"]).ends(0));
    let all = found["candidates"].as_array().expect("candidates");
    let tried = all
        .iter()
        .find(|one| one["origin"] == "examples")
        .expect("examples were tried");
    let digest = tried["digest"].as_str().expect("an identity");
    let text = judge_of(&desk, digest);
    let seed = 0;
    let mut shown = 0;
    for at in 0..160_usize {
        if text.contains(&format!("Words {at} of {} kind", at * at)) {
            shown += 1;
            let part = evenhand::analysis::split::part_of(seed, &format!("i{at}"), 160);
            assert_eq!(part, Some(evenhand::analysis::split::Part::Train), "i{at}");
        }
    }
    assert!((1..=4).contains(&shown), "{text}");
}

/// The text of the judge of this identity, as one of the runs keeps it.
fn judge_of(desk: &Desk, digest: &str) -> String {
    let folder = desk.path().join("runs/calibrations");
    for entry in std::fs::read_dir(folder).expect("runs") {
        let run = entry.expect("an entry").path();
        let manifest = std::fs::read_to_string(run.join("run.json")).unwrap_or_default();
        if !manifest.contains(digest) {
            continue;
        }
        let judges = std::fs::read_dir(run.join("judges")).expect("a run keeps its judges");
        let mut judges = judges.map(|entry| entry.expect("an entry").path());
        return std::fs::read_to_string(judges.next().expect("a judge")).expect("a text");
    }
    panic!("no run asked {digest}");
}

#[test]
fn a_threshold_is_fitted_on_what_was_stated() {
    let logprob = PRESENT.replace("verdict: text", "verdict: logprob");
    let mut labels = "item,annotator,pass,input,output\n".to_owned();
    let (mut rules, mut draw) = (Vec::new(), Draw(5));
    for at in 0..160_usize {
        let passes = draw.below(2) == 0;
        let said = if passes { "pass" } else { "fail" };
        labels += &format!("i{at},ann,{said},Ask {at},Words {at}\n");
        // It orders outputs as people do, and is sure of nothing: every P(yes) lies below one half.
        let yes = if passes { 0.3 } else { 0.1 } + draw.below(100) as f64 / 1e4;
        rules.push(json!({"case": format!("i{at}"), "answer": "no", "logprobs": {"yes": yes, "no": 0.999 - yes}}));
    }
    let suite = json!({
        "version": 1, "suite": "s", "dataset": {"path": "cases.jsonl"}, "targets": [writer("Be fair indeed.")],
        "scorers": [{"id": "polite", "kind": "judge", "judge": "tone.md",
            "model": {"kind": "scripted", "model": "m", "answer": "no", "answers": rules}}],
        "allow_uncalibrated": true,
    });
    let desk = Desk::new(&[
        ("labels.csv", &labels),
        ("tone.md", &logprob),
        ("cases.jsonl", "{\"id\":\"c\",\"input\":\"q\"}\n"),
        ("suite.yaml", &suite.to_string()),
    ]);
    let found = json_of(&tune_live(&desk, &["--rounds", "0"]).ends(0));
    assert_eq!(found["outcome"], "improved", "{found:#}");
    assert!(
        found["chosen"]
            .as_str()
            .expect("a name")
            .starts_with("threshold 0.2"),
        "{found:#}"
    );
    assert_eq!(found["held_out"]["chosen"]["right"], 1.0);
    assert!(
        desk.read("tone.tuned.md").contains("pass: \">= 0.2"),
        "{}",
        desk.read("tone.tuned.md")
    );
}

#[test]
fn what_cannot_be_tuned_is_refused_before_any_call() {
    let desk = live(false, &writer(KEY), &json!({}));
    let fixed = [
        "judge",
        "tune",
        "tone.md",
        "--labels",
        "labels.csv",
        "--suite",
        "suite.yaml",
    ];
    let said = desk
        .evenhand(&[&fixed[..], &["--optimizer", "writr"]].concat())
        .ends(2);
    assert!(said.stderr.contains("did you mean `writer`?"), "{said:?}");
    desk.evenhand(&fixed).ends(2);
    desk.evenhand(&["judge", "tune", "--labels", "labels.csv"])
        .ends(2);
    assert!(desk.runs().is_empty());
}

/// The last message of a request.
fn question(asked: &Asked) -> String {
    let body = asked.json();
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let last = messages.last().map(|message| message["content"].clone());
    let text = last.as_ref().and_then(Json::as_str);
    text.unwrap_or_default().to_owned()
}

fn said_by_model(content: &str) -> Reply {
    Reply::json(&json!({
        "model": "m",
        "choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5}
    }))
}

/// A writer whose proposals follow from what it is asked alone, and are all different.
fn proposes(asked: &Asked) -> String {
    let digest = evenhand::domain::digest::Digest::of(question(asked).as_bytes()).to_string();
    format!(
        "=== body ===\nBe fair, {digest}.\n\n{{{{ input }}}}\n\n{{{{ output }}}}\n=== question ===\nIs it polite?\n=== end ===\n"
    )
}

#[test]
fn a_tuning_that_was_killed_asks_its_optimiser_for_nothing_twice() {
    let target = |server: &HttpServer| json!({"id": "writer", "kind": "chat", "base_url": server.url(), "model": "m"});
    let whole = HttpServer::start(|asked| said_by_model(&proposes(asked)));
    let desk = live(false, &target(&whole), &json!({}));
    let uninterrupted = json_of(&tune_live(&desk, &[]).ends(0));
    assert_eq!(whole.log().len(), 6);

    // The third request hangs until the process that made it is dead.
    let (reached, is_reached) = std::sync::mpsc::channel();
    let (release, is_released) = std::sync::mpsc::channel::<()>();
    let mut count = 0;
    let server = HttpServer::start(move |asked| {
        count += 1;
        if count == 3 {
            let _ = reached.send(());
            let _ = is_released.recv();
        }
        said_by_model(&proposes(asked))
    });
    let desk = live(false, &target(&server), &json!({}));
    let arguments = [
        "judge",
        "tune",
        "tone.md",
        "--labels",
        "labels.csv",
        "--suite",
        "suite.yaml",
        "--optimizer",
        "writer",
    ];
    let mut killed = desk
        .command(&arguments)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary starts");
    is_reached
        .recv_timeout(std::time::Duration::from_secs(120))
        .expect("the second round began");
    let before: Vec<String> = server.log().iter().take(2).map(question).collect();
    killed.kill().expect("it is killed");
    killed.wait().expect("it is gone");
    release.send(()).expect("the server goes on");

    let resumed = desk
        .evenhand(&[&arguments[..], &["--format", "json"]].concat())
        .ends(0);
    assert!(
        resumed.stderr.contains("2 proposals known from earlier"),
        "{resumed:?}"
    );
    let resumed = json_of(&resumed);
    for key in ["outcome", "candidates", "chosen"] {
        assert_eq!(uninterrupted[key], resumed[key], "{key}");
    }
    let asked: Vec<String> = server.log().iter().map(question).collect();
    for prompt in &before {
        let times = asked.iter().filter(|one| *one == prompt).count();
        assert_eq!(times, 1, "paid twice: {prompt}");
    }
    // Two of round one, at most two that were under way, two of round two, two of round three.
    assert!((7..=8).contains(&asked.len()), "{}", asked.len());
    let again = json_of(
        &desk
            .evenhand(&[&arguments[..], &["--format", "json"]].concat())
            .ends(0),
    );
    assert_eq!(again["spent"]["calls"], 0);
    let fresh = json_of(&tune_live(&desk, &["--fresh", "--rounds", "1"]).ends(0));
    assert!(number(&fresh["spent"]["calls"]) > 0.0);
}

#[test]
fn a_tuning_tells_a_line_a_candidate_and_no_more() {
    let desk = live(false, &writer(KEY), &json!({}));
    let arguments = [
        "judge",
        "tune",
        "tone.md",
        "--labels",
        "labels.csv",
        "--suite",
        "suite.yaml",
        "--optimizer",
        "writer",
    ];
    insta::assert_snapshot!("tune", desk.evenhand(&arguments).ends(0).screen());
    insta::assert_snapshot!("tune_again", desk.evenhand(&arguments).ends(0).screen());
    let quiet = desk.evenhand(&[&arguments[..], &["-q"]].concat()).ends(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn grades_are_tuned_by_their_distance_to_people() {
    let graded = PRESENT
        .replace("scale: pass/fail", "scale: 1..5")
        .replace("Is it polite?", "How polite is it?");
    let (mut labels, mut by_grade, mut draw) = (
        "item,annotator,rating,critique,input,output\n".to_owned(),
        BTreeMap::<usize, Vec<String>>::new(),
        Draw(3),
    );
    for at in 0..160_usize {
        let grade = 1 + draw.below(5);
        let off = if at % 20 == 9 { 2 } else { grade };
        labels += &format!(
            "i{at},ann,{grade},manners,Ask {at},Words {at} of {} kind\n",
            at * at
        );
        by_grade.entry(off).or_default().push(format!("i{at}"));
    }
    let verdict = |word: &str| format!("because\n```verdict\n{word}\n```");
    let mut rules: Vec<Json> = by_grade
        .iter()
        .map(|(grade, cases)| json!({"contains": KEY, "case": cases, "answer": verdict(&grade.to_string())}))
        .collect();
    rules.push(json!({"case": (0..160).filter(|at| at % 3 == 0).map(|at| format!("i{at}")).collect::<Vec<_>>(), "answer": verdict("5")}));
    let suite = json!({
        "version": 1, "suite": "s", "dataset": {"path": "cases.jsonl"}, "targets": [writer(KEY)],
        "scorers": [{"id": "polite", "kind": "judge", "judge": "tone.md",
            "model": {"kind": "scripted", "model": "m", "answer": verdict("3"), "answers": rules}}],
        "allow_uncalibrated": true,
    });
    let desk = Desk::new(&[
        ("labels.csv", &labels),
        ("tone.md", &graded),
        ("cases.jsonl", "{\"id\":\"c\",\"input\":\"q\"}\n"),
        ("suite.yaml", &suite.to_string()),
    ]);
    let found = json_of(&tune_live(&desk, &[]).ends(0));
    assert_eq!(found["outcome"], "improved", "{found:#}");
    assert_eq!(found["agreement"], "weighted_kappa_quadratic");
    assert_eq!(found["held_out"]["test"], "paired-t");
    assert!(
        number(&found["held_out"]["chosen"]["right"]) > -0.3,
        "{found:#}"
    );
    assert!(number(&found["held_out"]["present"]["right"]) < -0.8);
    let all = found["candidates"].as_array().expect("candidates");
    assert!(
        all.iter()
            .all(|one| one["origin"] != "threshold" && one["name"] != "form logprob")
    );
    let screen = desk
        .evenhand(&[
            "judge",
            "tune",
            "tone.md",
            "--labels",
            "labels.csv",
            "--suite",
            "suite.yaml",
            "--optimizer",
            "writer",
            "-q",
        ])
        .ends(0);
    assert!(
        screen.stdout.contains("nearer to people by"),
        "{}",
        screen.stdout
    );
    assert!(desk.read("tone.tuned.md").contains("scale: 1..5"));
}

#[test]
fn a_pairwise_judge_is_tuned_in_both_orders() {
    let pairwise = "---\nname: better\nversion: 1\nmode: pairwise\nverdict: text\ninputs: [input, output_a, output_b]\n---\nBe fair.\n\n{{ input }}\n\n{{ output_a }}\n\n{{ output_b }}\n";
    let (mut labels, mut draw) = (
        "item,annotator,preference,critique,input,output_a,output_b\n".to_owned(),
        Draw(3),
    );
    for at in 0..120_usize {
        let is_a = draw.below(2) == 0;
        let (said, a, b) = match is_a {
            true => ("a", "Kindly", "Rudely"),
            false => ("b", "Rudely", "Kindly"),
        };
        labels += &format!("i{at},ann,{said},manners,Ask {at},{a} said {at},{b} said {at}\n");
    }
    // With the right rubric it prefers what is kind, else what is shown first.
    let judge = HttpServer::start(|asked| {
        let text = question(asked);
        let kind_first = text.find("Kindly said") < text.find("Rudely said");
        let word = if !text.contains(KEY) || kind_first {
            "a"
        } else {
            "b"
        };
        said_by_model(&format!("because\n```verdict\n{word}\n```"))
    });
    let answer = format!(
        "=== body ===\n{KEY}\n\n{{% raw %}}{{{{ input }}}}\n\n{{{{ output_a }}}}\n\n{{{{ output_b }}}}{{% endraw %}}\n=== question ===\nWhich has the better manners, a or b?\n=== end ===\n"
    );
    let suite = json!({
        "version": 1, "suite": "s", "dataset": {"path": "cases.jsonl"},
        "targets": [{"id": "writer", "kind": "scripted", "answer": answer}],
        "scorers": [{"id": "better", "kind": "judge", "judge": "better.md",
            "model": {"kind": "chat", "base_url": judge.url(), "model": "m"}}],
        "allow_uncalibrated": true,
    });
    let desk = Desk::new(&[
        ("labels.csv", &labels),
        ("better.md", pairwise),
        (
            "cases.jsonl",
            "{\"id\":\"c\",\"input\":\"q\",\"expected\":\"e\"}\n",
        ),
        ("suite.yaml", &suite.to_string()),
    ]);
    let arguments = [
        "judge",
        "tune",
        "better.md",
        "--labels",
        "labels.csv",
        "--suite",
        "suite.yaml",
        "--optimizer",
        "writer",
        "--format",
        "json",
    ];
    let found = json_of(&desk.evenhand(&arguments).ends(0));
    assert_eq!(found["outcome"], "improved", "{found:#}");
    assert_eq!(found["scale"], "preference a/b/tie");
    assert_eq!(found["held_out"]["chosen"]["right"], 1.0);
    assert_eq!(
        found["held_out"]["present"]["right"], 0.0,
        "a judge of places says ties"
    );
    assert!(desk.read("better.tuned.md").contains("mode: pairwise"));
    assert_eq!(desk.read("better.md"), pairwise);
}

#[test]
fn a_panel_is_refused_with_what_to_do_instead() {
    let model = json!({"kind": "scripted", "model": "m", "answer": "x"});
    let desk = live(false, &writer(KEY), &json!({}));
    let mut suite: Json = serde_json::from_str(&desk.read("suite.yaml")).expect("JSON");
    suite["scorers"] = json!([{"id": "polite", "kind": "judge", "combine": "majority", "panel": [
        {"judge": "tone.md", "model": model}, {"judge": "helpfulness", "model": model},
    ]}]);
    desk.write("suite.yaml", suite.to_string());
    let said = desk
        .evenhand(&[
            "judge",
            "tune",
            "polite",
            "--labels",
            "labels.csv",
            "--suite",
            "suite.yaml",
            "--optimizer",
            "writer",
        ])
        .ends(2);
    assert!(
        said.stderr.contains("is a panel of several judges"),
        "{said:?}"
    );
    assert!(desk.runs().is_empty());
}
