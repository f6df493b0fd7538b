//! Faulty and hostile files: everything wrong with them is said at once, with its place and the next step, and nothing is called.

use std::fs::File;
use std::process::Stdio;

use crate::cli::{Desk, Said};

const CASES: &str =
    "{\"id\": \"a\", \"input\": \"q\", \"expected\": \"yes\", \"tags\": [\"refunds\"]}\n";

/// Eight faults of eight kinds: misspelt key, wrong type, duplicate key, missing key, unknown kind, broken reference, undefined
/// variable, out of range.
const EIGHT: &str = "\
version: 1
suite: support
dataset: {path: cases.jsonl}
targets:
  - id: prod
    kind: command
    command: [touch, called]
    workrs: 2
  - id: next
    kind: chatt
scorers:
  - {id: right, kind: exact, ignore_case: maybe}
  - {id: policy, kind: contains, any: [\"{{ expcted }}\"]}
  - {id: form, kind: regex}
repeats: 0
repeats: 2
success: [wright]
limits: {concurency: 8}
gates:
  - {metric: sucess_rate, min: 0.9}
";

#[test]
fn eight_planted_faults_are_all_reported_at_once_and_nothing_is_called() {
    let desk = Desk::new(&[("cases.jsonl", CASES), ("suite.yaml", EIGHT)]);
    let run = desk.evenhand(&["run", "suite.yaml"]).ends(3);
    insta::assert_snapshot!("eight_faults", run.screen());
    let check = desk.evenhand(&["check", "suite.yaml"]).ends(3);
    assert_eq!(run.stderr, check.stderr, "check finds what run finds");
    assert!(!desk.path().join("called").exists() && desk.runs().is_empty());
    let places: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("suite.yaml:"))
        .collect();
    assert!(places.len() >= 8, "{}", run.stderr);
    for place in &places {
        let mut numbers = place.split(':').skip(1);
        for _ in ["line", "column"] {
            assert!(
                numbers
                    .next()
                    .is_some_and(|number| number.parse::<u32>().is_ok_and(|number| number > 0)),
                "{place}"
            );
        }
    }
    for meant in [
        "`workers`",
        "`chat`",
        "`expected`",
        "`right`",
        "`concurrency`",
        "`success_rate`",
    ] {
        assert!(
            run.stderr.contains(&format!("did you mean {meant}?")),
            "{meant}: {}",
            run.stderr
        );
    }
}

#[test]
fn what_suite_and_cases_disagree_on_is_found_before_anything_is_called() {
    let suite = "version: 1\nsuite: s\ndataset: {path: cases.jsonl, select: {tags: [refund]}}\ntargets:\n\
                 \x20 - {id: prod, kind: command, command: [touch, called]}\n\
                 scorers:\n  - {id: right, kind: exact}\n\
                 gates:\n  - {metric: success_rate, min: 0.9, tags: [refnds]}\n";
    let desk = Desk::new(&[("cases.jsonl", CASES), ("suite.yaml", suite)]);
    let said = desk.evenhand(&["run", "suite.yaml"]).ends(3);
    assert_eq!(
        said.stderr,
        "suite.yaml:3:45: unknown tag `refund`; did you mean `refunds`?\nerror: 1 problem; nothing was called\n"
    );
    desk.write("suite.yaml", suite.replace("[refund]", "[refunds]"));
    let said = desk.evenhand(&["run", "suite.yaml"]).ends(3);
    assert!(
        said.stderr.starts_with("suite.yaml:9:5: ") && said.stderr.contains("`refunds`"),
        "{}",
        said.stderr
    );
    assert!(!desk.path().join("called").exists());
}

/// Runs `check` to its end and answers what it said and the most memory that it held at once, in KiB; 0 where that is not known.
fn measured(desk: &Desk, arguments: &[&str]) -> (Said, u64) {
    let mut child = desk
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    // The high-water mark only grows: the last look before the end is the one that counts.
    while child.try_wait().expect("a child").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mark = mark.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
        most = most.max(mark.unwrap_or(0));
        std::thread::yield_now();
    }
    (Said::of(child.wait_with_output().expect("it ended")), most)
}

#[track_caller]
fn refused(desk: &Desk, said: &[&str]) {
    let (failed, kib) = measured(desk, &["check", "suite.yaml"]);
    assert_eq!(failed.code, 3, "{}", failed.stderr);
    assert!(
        failed.stderr.len() < 10_000,
        "no text of the file is poured out: {} bytes",
        failed.stderr.len()
    );
    for part in said {
        assert!(failed.stderr.contains(part), "{part}: {}", failed.stderr);
    }
    assert!(kib < 100 * 1024, "{kib} KiB");
}

const SUITE: &str = "version: 1\nsuite: s\ndataset: {path: FILE}\ntargets:\n  - {id: a, kind: scripted}\nscorers:\n  - {id: right, kind: exact}\n";

fn with_dataset(file: &str, bytes: impl AsRef<[u8]>) -> Desk {
    let desk = Desk::new(&[("suite.yaml", &SUITE.replace("FILE", file))]);
    desk.write(file, bytes);
    desk
}

#[test]
fn a_yaml_bomb_is_refused_within_bounds() {
    let mut bomb = "version: 1\nsuite: s\na: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (one, before) in ('b'..='j').zip('a'..) {
        let ten = vec![format!("*{before}"); 10].join(",");
        bomb += &format!("{one}: &{one} [{ten}]\n");
    }
    let desk = Desk::new(&[("suite.yaml", &bomb)]);
    refused(
        &desk,
        &["suite.yaml:", "more than 50000 values, aliases resolved"],
    );
    let deep = format!("version: 1\nsuite: {}\n", "[".repeat(100_000));
    let desk = Desk::new(&[("suite.yaml", &deep)]);
    refused(&desk, &["suite.yaml:"]);
}

#[test]
fn a_line_of_a_gigabyte_is_refused_within_bounds() {
    for file in ["cases.jsonl", "cases.csv", "cases.json", "suite.yaml"] {
        let desk = with_dataset(
            if file == "suite.yaml" {
                "cases.jsonl"
            } else {
                file
            },
            "",
        );
        // Sparse: it takes no room on the disk, and is a gigabyte to whoever reads it.
        let sparse = File::create(desk.path().join(file)).expect("a file");
        sparse.set_len(1 << 30).expect("a sparse file");
        refused(&desk, &[file]);
    }
}

#[test]
fn bytes_that_are_no_text_are_named_with_their_place() {
    let desk = with_dataset(
        "cases.jsonl",
        b"{\"id\": \"a\", \"input\": \"q\"}\n{\"id\": \"b\", \"input\": \"\xff\xfe\"}\n",
    );
    refused(&desk, &["cases.jsonl:2", "UTF-8"]);
    let desk = Desk::new(&[]);
    desk.write("suite.yaml", b"version: 1\nsuite: \xc3\x28\n");
    refused(&desk, &["suite.yaml:2", "UTF-8"]);
}

#[test]
fn missing_columns_are_named_with_what_there_is() {
    let desk = with_dataset("cases.csv", "question,answer\nWhat is 1 + 1?,2\n");
    let said = desk.evenhand(&["check", "suite.yaml"]).ends(3);
    insta::assert_snapshot!("missing_columns", said.screen());
    desk.write(
        "suite.yaml",
        SUITE.replace(
            "{path: FILE}",
            "{path: cases.csv, fields: {input: question, expected: answr}}",
        ),
    );
    let said = desk.evenhand(&["check", "suite.yaml"]).ends(3);
    assert!(
        said.stderr.contains("did you mean `answer`?"),
        "{}",
        said.stderr
    );
    desk.write(
        "suite.yaml",
        SUITE.replace(
            "{path: FILE}",
            "{path: cases.csv, fields: {input: question, expected: answer}}",
        ),
    );
    desk.evenhand(&["check", "suite.yaml"]).ends(0);
}

#[test]
fn faulty_rows_are_named_by_their_lines_and_not_without_end() {
    let desk = with_dataset(
        "cases.jsonl",
        "{\"id\": \"a\", \"input\": \"q\", \"expected\": \"x\"}\nnot json\n[1]\n{\"id\": \"a\", \"input\": \"q\"}\n{\"inptu\": \"q\", \"id\": \"c\"}\n",
    );
    let said = desk.evenhand(&["run", "suite.yaml"]).ends(3);
    insta::assert_snapshot!("faulty_rows", said.screen());
    desk.write("cases.jsonl", "nothing\n".repeat(5_000));
    let said = desk.evenhand(&["run", "suite.yaml"]).ends(3);
    assert!(said.stderr.lines().count() < 30, "{}", said.stderr);
    assert!(
        said.stderr.contains("more problems in the dataset"),
        "{}",
        said.stderr
    );
}
