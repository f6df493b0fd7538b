//! A million cases: gone through in memory that does not grow with their texts.

use std::io::{BufWriter, Write};

use crate::cli::Desk;

/// Bytes that a case may hold, and what the program has without any.
const PER_CASE: u64 = 64;
const BASE_KIB: u64 = 64 << 10;

/// Goes through so many cases and answers the most memory it took, in KiB; `None` where the system does not say.
fn peak(count: u64) -> Option<u64> {
    let desk = Desk::new(&[]);
    let path = desk.path().join("cases.jsonl");
    let mut out = BufWriter::new(std::fs::File::create(&path).expect("a file"));
    let long = "and so on ".repeat(80);
    for nth in 0..count {
        writeln!(out, "{{\"id\": \"case-{nth}\", \"input\": \"Question {nth}: {long}\", \"expected\": \"{nth}\", \"tags\": [\"t{}\"]}}", nth % 7).expect("a row");
    }
    out.flush().expect("rows");
    drop(out);
    let mut child = desk
        .command(&["dataset", "stats", "cases.jsonl", "--format", "json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait().expect("it can be waited for").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mark: Option<u64> = mark.and_then(|text| text.split_whitespace().next()?.parse().ok());
        peak = peak.max(mark);
        std::thread::park_timeout(std::time::Duration::from_millis(1));
    }
    let said = child.wait_with_output().expect("its output");
    let found: serde_json::Value = serde_json::from_slice(&said.stdout).expect("JSON");
    assert_eq!(found["cases"], serde_json::json!(count));
    peak
}

/// Checks the bound and says what was measured.
fn holds(count: u64) -> String {
    let Some(peak) = peak(count) else {
        return "skipped: the system does not say how much memory a process has".to_owned();
    };
    let most = BASE_KIB + count * PER_CASE / 1_024;
    assert!(peak <= most, "{count} cases took {peak} KiB");
    format!("{count} cases: at most {peak} KiB of {most} KiB")
}

#[test]
fn a_file_is_gone_through_without_its_texts() {
    eprintln!("{}", holds(20_000));
}

#[test]
#[ignore = "a file of a gigabyte: run it by hand, in a release build"]
fn a_million_cases_are_gone_through_without_their_texts() {
    eprintln!("{}", holds(1_000_000));
}
