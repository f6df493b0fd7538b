//! The power goes: what was not confirmed by the disk is gone. Which bytes and names that is at each moment is read from the system
//! calls of a real run, by the strictest reading of what a file system owes: bytes last from the `fsync` of their file on, names from
//! that of their folder on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::binary::{Bench, EVENHAND, Running};
use super::{can, cases, report_without_run};

const SUITE: &str = "version: 1
suite: cut
seed: 7
dataset: {path: cases.jsonl}
targets:
  - {id: agent, kind: scripted, accuracy: 0.7, sleep: true, latency_ms: 60}
scorers:
  - {id: same, kind: exact}
gates:
  - {metric: success_rate, min: 0.1}
limits: {concurrency: 1}
";
const CASES: usize = 40;

/// What of a run's folder the disk has.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Disk {
    /// Confirmed bytes of each file, by the name that it was opened with.
    bytes: BTreeMap<PathBuf, u64>,
    /// Names that are confirmed, and the name under which the file's bytes were written.
    names: BTreeMap<PathBuf, PathBuf>,
}

/// A disk with what it has not confirmed yet.
#[derive(Default)]
struct Volatile {
    disk: Disk,
    bytes: BTreeMap<PathBuf, u64>,
    /// Names made since the last `fsync` of their folder, and what stands behind them.
    names: BTreeMap<PathBuf, PathBuf>,
    /// What stands behind each name by now.
    now: BTreeMap<PathBuf, PathBuf>,
}

impl Volatile {
    fn make(&mut self, name: &Path) {
        if !self.now.contains_key(name) {
            self.names.insert(name.to_owned(), name.to_owned());
            self.now.insert(name.to_owned(), name.to_owned());
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) {
        if let Some(file) = self.now.remove(from) {
            self.names.remove(from);
            self.names.insert(to.to_owned(), file.clone());
            self.now.insert(to.to_owned(), file);
        }
    }

    fn sync(&mut self, path: &Path) {
        if let Some(bytes) = self.bytes.get(path) {
            self.disk.bytes.insert(path.to_owned(), *bytes);
        }
        // Of a folder: the names in it.
        let inside = |name: &PathBuf| name.parent() == Some(path);
        let names: Vec<PathBuf> = self
            .names
            .keys()
            .filter(|name| inside(name))
            .cloned()
            .collect();
        for name in names {
            if let Some(file) = self.names.remove(&name) {
                self.disk.names.insert(name, file);
            }
        }
    }
}

impl Disk {
    /// Whether a name and all folders above it are there.
    fn has(&self, name: &Path, root: &Path) -> bool {
        name.ancestors()
            .take_while(|above| *above != root)
            .all(|above| self.names.contains_key(above))
    }
}

/// The calls of a trace, each in one line: strace cuts those in two during which another thread's call ended.
fn calls(log: &str) -> Vec<String> {
    let mut open: BTreeMap<&str, String> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        let Some((process, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        if let Some(begin) = rest.strip_suffix("<unfinished ...>") {
            open.insert(process, begin.trim_end().to_owned());
        } else if let Some((_, end)) = rest.split_once("resumed>") {
            calls.push(open.remove(process).unwrap_or_default() + end);
        } else {
            calls.push(rest.to_owned());
        }
    }
    calls
}

/// The text between two marks.
fn between<'a>(text: &'a str, before: &str, after: char) -> Option<&'a str> {
    let begin = text.find(before)? + before.len();
    let end = text[begin..].find(after)?;
    Some(&text[begin..begin + end])
}

/// Every state of the disk that a power cut could have left, in order.
fn disks(log: &str, root: &Path) -> Vec<Disk> {
    let absolute = |name: &str| root.join(name);
    let ours = |path: &Path| path.starts_with(root.join("runs"));
    let mut volatile = Volatile::default();
    let mut seen = BTreeSet::new();
    let mut disks = Vec::new();
    for call in calls(log) {
        let Some((name, arguments)) = call.split_once('(') else {
            continue;
        };
        let result = call.rsplit_once(" = ").map_or("", |(_, result)| result);
        if result.starts_with('-') {
            continue;
        }
        let described = between(arguments, "<", '>').map(PathBuf::from);
        match name {
            "mkdir" => volatile.make(&absolute(between(arguments, "\"", '"').expect("a name"))),
            "openat" if arguments.contains("O_CREAT") => {
                let path = PathBuf::from(between(result, "<", '>').expect("a path"));
                if ours(&path) {
                    volatile.make(&path);
                    volatile.bytes.entry(path).or_default();
                }
            }
            "write" => {
                let path = described.expect("strace names the file");
                if ours(&path) {
                    *volatile.bytes.entry(path).or_default() +=
                        result.trim().parse::<u64>().expect("a count");
                }
            }
            "rename" => {
                let (from, to) = arguments.split_once(", ").expect("two names");
                let name = |text| absolute(between(text, "\"", '"').expect("a name"));
                volatile.rename(&name(from), &name(to));
            }
            "fsync" | "fdatasync" => volatile.sync(&described.expect("strace names the file")),
            _ => {}
        }
        if seen.insert(volatile.disk.clone()) {
            disks.push(volatile.disk.clone());
        }
    }
    disks
}

/// A folder as this disk has it. `full` are the files as they were in the end; they only ever grew.
fn after_the_cut(full: &Bench, disk: &Disk, zeros: usize) -> Bench {
    let root = full.path();
    let bench = Bench::new(SUITE);
    bench.write("cases.jsonl", &cases(CASES, 5));
    for (name, file) in &disk.names {
        if !disk.has(name, root) {
            continue;
        }
        let to = bench.at(&name
            .strip_prefix(root)
            .expect("a name of the run")
            .to_string_lossy());
        if name.is_dir() {
            std::fs::create_dir_all(to).expect("a folder can be made");
            continue;
        }
        let mut bytes = std::fs::read(name).expect("a file of the run");
        let kept = disk.bytes.get(file).copied().unwrap_or_default();
        bytes.truncate(usize::try_from(kept).expect("a small file"));
        if name.ends_with("events.jsonl") {
            // Some file systems give a file its new length before its new bytes.
            bytes.resize(bytes.len() + zeros, 0);
        }
        std::fs::create_dir_all(to.parent().expect("it stands in a folder"))
            .expect("a folder can be made");
        std::fs::write(to, bytes).expect("a file can be written");
    }
    bench
}

#[test]
fn after_a_power_cut_all_that_the_disk_had_confirmed_is_used() {
    let bench = Bench::new(SUITE);
    bench.write("cases.jsonl", &cases(CASES, 5));
    let strace = [
        "-f",
        "-y",
        "-o",
        "strace.log",
        "-e",
        "signal=none",
        "-e",
        "trace=mkdir,openat,write,rename,fsync,fdatasync",
    ];
    if !can(&bench, "strace", &[&strace[..], &["true"]].concat()) {
        return;
    }
    Running::new(bench.command(
        "strace",
        &[&strace[..], &[EVENHAND, "run", "suite.yaml"]].concat(),
    ))
    .end()
    .expect(0);
    let log = std::fs::read_to_string(bench.at("strace.log")).expect("strace has written");
    let root = bench.path().canonicalize().expect("the folder is there");
    assert_eq!(root, bench.path(), "strace says paths as they are");
    let expected = report_without_run(&bench);
    let disks = disks(&log, &root);
    let mut with_run = 0;
    let mut kept = Vec::new();
    for (at, disk) in disks.iter().enumerate() {
        for zeros in [0, 700] {
            let cut = after_the_cut(&bench, disk, zeros);
            if cut.runs().is_empty() {
                // What there is of a run without its manifest is in nobody's way. Nobody needs to wait for this one.
                cut.write("suite.yaml", &SUITE.replace("sleep: true", "sleep: false"));
                cut.evenhand(&["run", "suite.yaml"]).expect(0);
                break;
            }
            with_run += 1;
            kept.push(cut.events("trial_finished").len());
            let ended = cut.evenhand(&["run", "suite.yaml", "--resume"]);
            assert_eq!(
                ended.code(),
                0,
                "cut {at}: {disk:#?}\n{}\n{}",
                ended.stdout,
                ended.stderr
            );
            assert_eq!(report_without_run(&cut), expected, "cut {at}");
        }
    }
    println!(
        "{} states of the disk; trials on it where it had the run: {kept:?}",
        disks.len()
    );
    assert!(
        with_run >= 6,
        "the run was on the disk in {with_run} states: before its first answer, after a second, at its end"
    );
    assert_eq!(
        kept.iter().max(),
        Some(&CASES),
        "a run that says it is done is on the disk"
    );
    assert!(
        kept.iter().any(|count| (1..CASES).contains(count)),
        "it is confirmed on the way, too: {kept:?}"
    );
}
