//! Names become names of files: never a way out of the folder, never one another's.

use serde_json::json;

use crate::binary::Bench;

fn rows(ids: &[&str]) -> String {
    let row =
        |id: &&str| json!({"id": id, "input": format!("is {id}"), "expected": format!("is {id}")});
    ids.iter().map(|id| format!("{}\n", row(id))).collect()
}

fn suite(name: &str, target: &str) -> Bench {
    let suite = json!({
        "version": 1, "suite": name, "seed": 1, "dataset": {"path": "cases.jsonl"},
        "targets": [{"id": target, "kind": "scripted"}],
        "scorers": [{"id": "same", "kind": "exact"}],
    });
    let bench = Bench::new(&suite.to_string());
    bench.write("cases.jsonl", &rows(&["a"]));
    bench
}

#[test]
fn ids_that_climb_or_collide_are_cases_like_any_other() {
    let ids = [
        "../../x",
        "..\\..\\x",
        "/etc/passwd",
        "C:\\x",
        "CON",
        "con",
        "Con",
        "NUL.txt",
        ".",
        "..",
        "a",
        "A",
        "ä",
        "a\u{308}",
        "-rf",
        "--help",
    ];
    let long = "y".repeat(300);
    let all: Vec<&str> = ids.iter().copied().chain([long.as_str()]).collect();
    let bench = suite("ids", "../../target");
    bench.write("cases.jsonl", &rows(&all));
    bench
        .evenhand(&["run", "suite.yaml", "--runs-dir", "deep/er/runs"])
        .expect(0);
    for id in &all {
        let arguments = [
            "show",
            "latest",
            "--runs-dir",
            "deep/er/runs",
            "--full",
            "--",
            id,
        ];
        let shown = bench.evenhand(&arguments).expect(0);
        let words = shown.stdout.split_whitespace().collect::<String>();
        assert!(words.contains(&format!("is{id}")), "{id}: {}", shown.stdout);
    }
    let mut found: Vec<String> = std::fs::read_dir(bench.path())
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    found.sort();
    assert_eq!(found, ["cases.jsonl", "deep", "suite.yaml"]);
}

#[test]
fn suites_named_like_ways_out_and_devices_stay_in_the_folder_of_runs() {
    let names = [
        "../../x",
        "/etc/x",
        "..",
        "C:\\x",
        "CON",
        "con",
        "nul.txt",
        "A",
        "a",
        "\u{202e}x",
        "a/b",
    ];
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        let bench = suite(name, "t");
        bench.evenhand(&["run", "suite.yaml"]).expect(0);
        let run = bench.run();
        let folder = run
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let sober = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
        assert!(folder.bytes().all(sober), "{folder}");
        // Date and time before it, digits behind it: what is between belongs to the suite.
        let own = folder
            .splitn(3, '-')
            .nth(2)
            .and_then(|rest| rest.rsplit_once('-'))
            .expect("a slug");
        assert!(seen.insert(own.0.to_owned()), "{name:?} shares {folder}");
    }
}

#[test]
fn a_link_in_the_place_of_a_file_of_the_run_is_not_written_through() {
    let bench = suite("links", "t");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let run = bench.run();
    bench.write("precious.txt", "mine");
    let link = |name: &str| {
        let place = run.join(name);
        drop(std::fs::remove_file(&place));
        std::os::unix::fs::symlink(bench.at("precious.txt"), place).expect("a link");
    };
    // Reports are renamed into place: the link goes, what it led to stays.
    link("reports/report.json");
    link("reports/report.md");
    bench.evenhand(&["run", "suite.yaml", "--resume"]);
    let precious = std::fs::read_to_string(bench.at("precious.txt")).expect("it is there");
    assert_eq!(precious, "mine");
    // A journal that is a link to somewhere else is no journal of this run.
    link("events.jsonl");
    let ended = bench.evenhand(&["run", "suite.yaml", "--resume", "--retry", "errors"]);
    let precious = std::fs::read_to_string(bench.at("precious.txt")).expect("it is there");
    assert_eq!(precious, "mine", "{}\n{}", ended.stdout, ended.stderr);
}

#[test]
fn a_case_may_name_any_file_and_none_is_read() {
    let bench = suite("names", "t");
    bench.write("precious.txt", "root:x");
    let row = json!({"id": "a", "input": {"file": "precious.txt"}, "expected": "x"});
    bench.write("cases.jsonl", &format!("{row}\n"));
    let ended = bench.evenhand(&["run", "suite.yaml"]);
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("root:x"));
    let row = json!({"id": "a", "input": "{file: precious.txt} @precious.txt", "expected": {"file": "precious.txt"}});
    bench.write("cases.jsonl", &format!("{row}\n"));
    bench.evenhand(&["run", "suite.yaml"]);
    for run in bench.runs() {
        let journal = std::fs::read_to_string(run.join("events.jsonl")).expect("a journal");
        assert!(!journal.contains("root:x"), "{journal}");
    }
}
