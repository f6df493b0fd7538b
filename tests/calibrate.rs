//! `judge calibrate` on tables of real labels: every figure it prints equals the reference libraries'.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// A line for whoever runs the tests.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The folder of real labels and reference figures, if there is one.
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("EVENHAND_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    if folder.join("oracles").is_dir() {
        return Some(folder);
    }
    say("no folder of real labels here; nothing was compared");
    None
}

/// The figures of one table; and the exit code.
fn calibrated(arguments: &[&str]) -> (Value, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .args(["judge", "calibrate", "--format", "json"])
        .args(arguments)
        .env_clear()
        .output()
        .expect("the binary starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let found = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!(
            "{error}\n{text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (found, output.status.code().expect("it ended by itself"))
}

/// What the library calls a figure, where our name is another.
const NAMES: &[(&str, &str)] = &[
    ("agree", ""),
    ("lin_ccc_population_variance", "lin_ccc"),
    ("bland_altman_limits95", "bland_altman_limits95"),
];

/// Compares every key that the reference has and we print; answers how many those were.
fn compare(case: &str, expected: &Value, found: &Value) -> usize {
    let mut compared = 0;
    for (key, wanted) in expected.as_object().expect("figures") {
        let name = NAMES
            .iter()
            .find(|(theirs, _)| theirs == key)
            .map_or(key.as_str(), |(_, ours)| *ours);
        let Some(ours) = found.get(name) else {
            continue;
        };
        let ours = ours.get("point").unwrap_or(ours);
        let pairs: Vec<(f64, f64)> = match (ours, wanted) {
            (Value::Array(ours), Value::Array(wanted)) => flat(ours).zip(flat(wanted)).collect(),
            (ours, wanted) => ours.as_f64().zip(wanted.as_f64()).into_iter().collect(),
        };
        for (ours, wanted) in pairs {
            let near = (ours - wanted).abs() <= 1e-9 * wanted.abs().max(1e-3);
            assert!(near, "{case}: {key} is {ours}, the reference says {wanted}");
            compared += 1;
        }
    }
    compared
}

fn flat(list: &[Value]) -> impl Iterator<Item = f64> {
    list.iter().flat_map(|one| match one {
        Value::Array(row) => row.iter().filter_map(Value::as_f64).collect::<Vec<_>>(),
        one => one.as_f64().into_iter().collect(),
    })
}

/// The flags for a case's filter; `None` for one that a table cannot have.
fn filtered(filter: &str) -> Option<Vec<String>> {
    let mut flags = Vec::new();
    for part in filter.split(", ") {
        if part == "all rows" {
        } else if let Some(count) = part.strip_prefix("first ") {
            let count = count.trim_end_matches(" rows");
            flags.extend(["--rows".to_owned(), format!("1..{count}")]);
        } else if part.contains('=') {
            flags.extend(["--where".to_owned(), part.to_owned()]);
        } else {
            return None;
        }
    }
    Some(flags)
}

/// Every case of a reference file that a table can put; answers cases and keys compared.
fn walk(file: &str, more: &dyn Fn(&Value, &str) -> Option<Vec<String>>) -> Option<(usize, usize)> {
    let folder = shared()?;
    let text =
        std::fs::read_to_string(folder.join(format!("oracles/{file}.json"))).expect("a file");
    let all: Value = serde_json::from_str(&text).expect("figures");
    let (mut cases, mut keys) = (0, 0);
    for case in all["cases"].as_array().expect("cases") {
        let filter = case["filter"].as_str().unwrap_or("all rows");
        let path = folder
            .join("data/calibration")
            .join(case["file"].as_str().expect("a file"));
        let path = path.to_str().expect("a path").to_owned();
        let (Some(filter), Some(columns)) = (filtered(filter), more(case, &path)) else {
            continue;
        };
        let mut arguments = vec!["--table".to_owned(), path];
        arguments.extend(filter);
        arguments.extend(columns);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (found, _) = calibrated(&arguments);
        keys += compare(&arguments.join(" "), &case["expect"], &found);
        cases += 1;
    }
    say(&format!("{file}: {cases} cases, {keys} figures equal"));
    Some((cases, keys))
}

fn flag(name: &str, value: &str) -> [String; 2] {
    [name.to_owned(), value.to_owned()]
}

fn one_of_each(case: &Value) -> Option<Vec<String>> {
    let human = flag("--human", case["human"].as_str()?);
    let judge = flag("--judge", case["judge"].as_str()?);
    Some([human, judge].concat())
}

#[test]
fn agreement_by_class_equals_the_reference() {
    let Some((cases, keys)) = walk("agreement_nominal", &|case, _| one_of_each(case)) else {
        return;
    };
    assert!(
        cases == 44 && keys > 44 * 15,
        "{cases} cases, {keys} figures"
    );
}

#[test]
fn agreement_by_grade_equals_the_reference() {
    let found = walk("agreement_ordinal", &|case, _| {
        let grades = case["expect"]["categories"].as_array()?;
        let scale = format!("{}..{}", grades.first()?, grades.last()?);
        Some([one_of_each(case)?, flag("--scale", &scale).to_vec()].concat())
    });
    let Some((cases, keys)) = found else {
        return;
    };
    assert!(
        cases == 24 && keys > 24 * 9,
        "{cases} cases, {keys} figures"
    );
}

#[test]
fn figures_of_numbers_against_the_mean_of_people_equal_the_reference() {
    let found = walk("correlation", &|case, path| {
        // Of the texts one aspect: the others are the same columns once more.
        let is_one = ["aspect=coherence", "all rows"].contains(&case["filter"].as_str()?);
        if case["x"] != "mean of the human_* present"
            || !is_one
            || case["rows_used"].as_u64()? > 2_000
        {
            return None;
        }
        let head = std::fs::read_to_string(path)
            .ok()?
            .lines()
            .next()?
            .to_owned();
        let people = head.split(',').filter(|name| name.starts_with("human_"));
        let mut flags: Vec<String> = people.flat_map(|name| flag("--human", name)).collect();
        flags.extend(flag("--judge", case["y"].as_str()?));
        Some(flags)
    });
    let Some((cases, keys)) = found else {
        return;
    };
    assert!(
        cases == 12 && keys > 12 * 9,
        "{cases} cases, {keys} figures"
    );
}

#[test]
fn three_annotators_their_majority_and_what_is_concluded() {
    let Some(folder) = shared() else {
        return;
    };
    let path = folder.join("data/calibration/pandalm/labels.csv");
    let table = [
        "--table",
        path.to_str().expect("a path"),
        "--judge",
        "judge_gpt35",
    ];
    let people = [
        "--human", "human_1", "--human", "human_2", "--human", "human_3",
    ];
    let (found, code) = calibrated(&[&table[..], &people[..]].concat());
    assert_eq!((found["n"].as_u64(), code), (Some(974), 100));
    assert!(
        (found["cohen_kappa"]["point"].as_f64().expect("kappa") - 0.492_864_715_302_892_44).abs()
            < 1e-12
    );
    assert_eq!(found["labels"]["unreadable"], 25);
    assert_eq!(found["winning_rate"], 0.0);
    let (found, code) = calibrated(
        &[
            &table[..],
            &["--human", "human_majority", "--rows", "1..20"],
        ]
        .concat(),
    );
    assert!((found["cohen_kappa"]["point"].as_f64().expect("kappa") - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(
        (found["conclusion"]["outcome"].as_str(), code),
        (Some("too_few_labels"), 6)
    );
}

#[test]
fn every_key_of_the_result_is_documented() {
    let guide = include_str!("../docs/calibration.md");
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a table");
        path.to_str().expect("a path").to_owned()
    };
    let mut grades = "a,b,j,pass,said\n".to_owned();
    let mut pairs = "item,judge,preference,order\n".to_owned();
    let mut preferences = "item,annotator,preference\n".to_owned();
    let mut stated = "item,judge,pass,score\n".to_owned();
    let mut passes = "item,annotator,pass\n".to_owned();
    for at in 0..60 {
        let (a, j) = (1 + at % 5, 1 + (at * at + at / 7) % 5);
        let human = if at < 40 {
            (at % 2).to_string()
        } else {
            String::new()
        };
        grades += &format!(
            "{a},{},{j},{human},{}\n",
            1 + (at + at / 9) % 5,
            (at / 2) % 2
        );
        let order = ["ab", "ba"];
        for order in order {
            pairs += &format!("{at},j,{},{order}\n", ["a", "b", "tie"][at % 3]);
        }
        preferences += &format!("{at},ann,{}\n", ["a", "b"][at % 2]);
        stated += &format!("{at},j,{},0.{at:02}\n", u8::from(at >= 50));
        passes += &format!("{at},ann,{}\n", at % 2);
    }
    let (grades, pairs, preferences, stated, passes) = (
        path("g.csv", grades),
        path("v.csv", pairs),
        path("p.csv", preferences),
        path("s.csv", stated),
        path("l.csv", passes),
    );
    let calls: [&[&str]; 5] = [
        &[
            "--table", &grades, "--human", "a", "--human", "b", "--judge", "j", "--scale", "1..5",
        ],
        &["--table", &grades, "--human", "a", "--judge", "j"],
        &["--table", &grades, "--human", "pass", "--judge", "said"],
        &["--labels", &preferences, "--verdicts", &pairs],
        &["--labels", &passes, "--verdicts", &stated],
    ];
    let mut keys = std::collections::BTreeSet::new();
    for call in calls {
        let (found, _) = calibrated(call);
        keys.extend(found.as_object().expect("an object").keys().cloned());
    }
    assert!(keys.len() > 50, "{keys:?}");
    let missing: Vec<&String> = keys
        .iter()
        .filter(|key| !guide.contains(&format!("`{key}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/calibration.md does not know {missing:?}"
    );
}
