//! `docs/reliability.md` cannot rot: every row of the matrix is in it once, and every test that it names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Rust files under a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names of the test functions of a file: those below a `#[test]`, `#[tokio::test]` or within `proptest!`.
fn tests_of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
            continue;
        }
        let name = line
            .strip_prefix("async ")
            .unwrap_or(line)
            .strip_prefix("fn ");
        if let Some(name) = name {
            if is_test {
                found.extend(name.split(['(', '<']).next().map(str::to_owned));
            }
            is_test = false;
        }
    }
    found
}

/// All tests by crate: `evenhand` is the library, the others are those of `tests/`.
fn all_tests() -> BTreeMap<String, BTreeSet<String>> {
    let mut crates: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for folder in ["src", "tests"] {
        let top = root().join(folder);
        let mut files = Vec::new();
        sources(&top, &mut files);
        for file in files {
            let below = file.strip_prefix(&top).expect("a file of this folder");
            let first = Path::new(below.components().next().expect("a name").as_os_str());
            let name = match folder {
                "src" => "evenhand".to_owned(),
                _ => first.with_extension("").to_string_lossy().into_owned(),
            };
            let text = std::fs::read_to_string(&file).expect("a source reads");
            crates.entry(name).or_default().extend(tests_of(&text));
        }
    }
    crates
}

/// The rows of all tables: number, tests, result.
fn rows(text: &str) -> Vec<(u32, Vec<String>, String)> {
    let row = |line: &str| {
        let line = line.strip_prefix('|')?.strip_suffix('|')?;
        // A bar inside of a cell is written `\|`.
        let line = line.replace("\\|", "/");
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number = cells.first()?.strip_prefix('T')?.parse().ok()?;
        assert_eq!(cells.len(), 5, "five cells: {line}");
        let names = cells[3].split('`').filter(|name| name.contains("::"));
        Some((
            number,
            names.map(str::to_owned).collect(),
            cells[4].to_owned(),
        ))
    };
    text.lines().filter_map(row).collect()
}

/// What is wrong with the tables.
fn faults(text: &str, tests: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    let rows = rows(text);
    for wanted in 1..=69 {
        let count = rows.iter().filter(|(number, ..)| *number == wanted).count();
        if count != 1 {
            faults.push(format!("T{wanted:02} is there {count} times"));
        }
    }
    for (number, names, result) in &rows {
        for name in names {
            let (home, test) = name.split_once("::").unwrap_or(("", name));
            if !tests.get(home).is_some_and(|known| known.contains(test)) {
                faults.push(format!("T{number:02}: there is no test `{name}`"));
            }
        }
        let known = [
            "passes",
            "not yet possible: ",
            "pending",
            "the arithmetic passes",
        ];
        if !known.iter().any(|word| result.starts_with(word)) {
            faults.push(format!("T{number:02}: `{result}` is no result"));
        }
        if result.contains("passes") == names.is_empty() {
            faults.push(format!(
                "T{number:02}: `{result}`, and its tests are {names:?}"
            ));
        }
    }
    faults
}

#[test]
fn every_row_is_in_the_tables_and_every_test_they_name_is_there() {
    let text =
        std::fs::read_to_string(root().join("docs/reliability.md")).expect("the tables read");
    assert_eq!(faults(&text, &all_tests()), Vec::<String>::new());
}

#[test]
fn planted_faults_are_found() {
    let text =
        std::fs::read_to_string(root().join("docs/reliability.md")).expect("the tables read");
    let tests = all_tests();
    let without: String = text
        .lines()
        .filter(|line| !line.starts_with("| T10 "))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(faults(&without, &tests), ["T10 is there 0 times"]);
    let renamed = text.replacen("`durability::twenty_kills", "`durability::thirty_kills", 1);
    let found = faults(&renamed, &tests);
    assert!(
        found.len() == 1 && found[0].contains("thirty_kills"),
        "{found:?}"
    );
    let elsewhere = text.replacen("`verdicts::a_verdict_that", "`faults::a_verdict_that", 1);
    assert_eq!(
        faults(&elsewhere, &tests).len(),
        1,
        "a test of another crate"
    );
    let boasted = text.replacen(
        "| not yet possible: runs cannot be sharded |",
        "| passes |",
        1,
    );
    assert_eq!(faults(&boasted, &tests).len(), 1, "a result without a test");
}
