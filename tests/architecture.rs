//! The house's rules, held against every source file: imports go down, crates stay in their rooms, the lower floors are pure,
//! text leaves by one door. `planted` holds each rule against breaches that it must find.

#[path = "architecture/planted.rs"]
mod planted;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rules::File;

/// Every top module and its floor; rooms that are not built yet have theirs already. Imports go to a lower floor or stay in
/// the room.
const FLOORS: &[(&str, u8)] = &[
    ("cli", 6),
    ("jobs", 5),
    ("engine", 4),
    ("load", 4),
    ("target", 4),
    ("store", 4),
    ("report", 4),
    ("serve", 4),
    ("export", 4),
    ("wire", 3),
    ("analysis", 2),
    ("score", 1),
    ("judge", 1),
    ("play", 1),
    ("vary", 1),
    ("domain", 0),
    ("stats", 0),
    ("funnel", 0),
];

/// The highest floor whose code is pure.
const HIGHEST_PURE: u8 = 2;

/// Crates and the rooms that may name them outside tests, with the reason where it does not speak for itself.
const CRATES: &[(&str, &[&str])] = &[
    ("anstream", &["cli"]),
    // Digests of cases and suites; seeds from names; the keys of requests; file names from names that cannot be one.
    (
        "blake3",
        &[
            "domain", "stats", "funnel", "engine", "load", "store", "jobs",
        ],
    ),
    ("boon", &["score"]),
    // Bytes of calls and answers, shared without copies between who asks, who sends and who records.
    ("bytes", &["domain", "target", "store", "wire"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    // Tables of cases and of recorded answers in; rows of trials out.
    ("csv", &["load", "target", "report"]),
    // Files of benchmarks are published packed; `pull` unpacks them once, under a bound.
    ("flate2", &["jobs"]),
    ("futures_util", &["wire"]),
    ("granit_parser", &["load"]),
    ("hyper", &["serve"]),
    ("hyper_util", &["serve"]),
    ("indicatif", &["cli"]),
    (
        "jiff",
        &["cli", "jobs", "store", "wire", "report", "load", "domain"],
    ),
    // The allocator of the binary, which counts as `cli`.
    ("mimalloc", &["cli"]),
    ("minijinja", &["domain", "report"]),
    // Behind the feature of the same name.
    ("parquet", &["load"]),
    ("quick_junit", &["report"]),
    ("rand", &["stats"]),
    // The engine seeds its own for the jitter of its pauses; all other randomness is drawn in `stats`.
    ("rand_chacha", &["stats", "engine"]),
    ("regex", &["score", "judge"]),
    ("regex_syntax", &["score"]),
    ("reqwest", &["wire"]),
    // SHA-256: by which a page's policy names its own script, and publishers their files; secrets of the local server.
    ("ring", &["funnel", "load", "serve"]),
    // Signals and process groups; locks; the terminal's width.
    ("rustix", &["wire", "store", "cli"]),
    ("rustls", &["wire"]),
    // Values of the environment: filled in by `domain`, sent by `wire`, put into a call by `target`, kept out of records by `store`.
    ("secrecy", &["domain", "target", "store", "wire"]),
    ("statrs", &["stats"]),
    ("strsim", &["domain"]),
    ("tabled", &["report", "cli"]),
    (
        "tokio",
        &[
            "wire", "engine", "load", "target", "store", "serve", "export", "jobs", "cli",
        ],
    ),
    // The timing of connections is a layer around the client's connector.
    ("tower_layer", &["wire"]),
    ("tower_service", &["wire"]),
    (
        "tracing",
        &["wire", "engine", "store", "jobs", "cli", "target"],
    ),
    ("tracing_subscriber", &["cli"]),
    ("unicode_normalization", &["score"]),
    // Texts are measured where they are scored and where they are laid out.
    ("unicode_segmentation", &["score", "funnel", "report"]),
    ("unicode_width", &["funnel", "report"]),
    ("webpki_root_certs", &["wire"]),
];

/// Crates that any room may name: values as text, and errors.
const CRATES_FOR_ALL: &[&str] = &["serde", "serde_json", "thiserror"];

/// A crate whose every mention stands in one file or folder, because its majors are frequent.
const BEHIND_ONE_MODULE: (&str, &[&str]) = ("granit_parser", &["load", "yaml"]);

/// The room that may start threads though its floor is pure, and what it may name of [`std::thread`]. Bootstraps are spread over
/// scoped threads: they end before the function returns, touch nothing outside, and any number of them yields the same bytes. How
/// many there are is said by the caller.
const SCOPED_THREADS: (&str, &[&str]) = ("stats", &["scope", "Scope", "ScopedJoinHandle"]);

/// Where the outside begins: what pure code may not name, nor anything below.
const IMPURE_PATHS: &[&[&str]] = &[
    &["std", "env"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "process"],
    &["std", "thread"],
    &["Timestamp", "now"],
    &["Zoned", "now"],
];

/// Names that pure code may not use at all: clocks, and collections whose order is random.
const IMPURE_NAMES: &[&str] = &[
    "HashMap",
    "HashSet",
    "Instant",
    "SystemTime",
    "async",
    "await",
    "available_parallelism",
];

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files under a folder, without what cargo and git keep there.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|err| panic!("{}: {err}", folder.display()));
    for entry in entries {
        let entry = entry.expect("an entry of a folder that can be read");
        let kind = entry.file_type().expect("the kind of an entry");
        let name = entry.file_name();
        if kind.is_dir() && !["target", "runs", ".git"].iter().any(|skip| name == *skip) {
            walk(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

fn sources() -> Vec<File> {
    let mut paths = Vec::new();
    walk(&package().join("src"), &mut paths);
    paths.sort();
    let mut files: Vec<File> = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|ext| ext == "rs"))
        .map(|path| {
            let inner = path
                .strip_prefix(package())
                .expect("a path below the package");
            let inner = inner.to_str().expect("a path in UTF-8").replace('\\', "/");
            File::new(
                &inner,
                &fs::read_to_string(path).expect("a source in UTF-8"),
            )
        })
        .collect();
    assert!(files.len() > 10, "the sources were not found");
    rules::mark_test_files(&mut files);
    files
}

fn assert_none(breaches: Vec<String>) {
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn imports_go_down_only() {
    assert_none(sources().iter().flat_map(rules::import_breaches).collect());
}

#[test]
fn every_crate_stays_in_its_rooms() {
    let files = sources();
    assert_none(files.iter().flat_map(rules::crate_breaches).collect());
    assert_none(rules::scattered(&files));
}

#[test]
fn every_dependency_has_its_rooms() {
    let manifest = package().join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("the manifest in UTF-8");
    assert_none(rules::homeless(&manifest));
}

#[test]
fn the_lower_floors_are_pure() {
    assert_none(sources().iter().flat_map(rules::purity_breaches).collect());
}

#[test]
fn nothing_unwraps_or_is_unfinished() {
    assert_none(sources().iter().flat_map(rules::panic_breaches).collect());
}

#[test]
fn text_leaves_by_one_writer() {
    assert_none(rules::writer_breaches(&sources()));
}

/// The files that git knows or would take in; all files where git does not answer.
fn committed() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .current_dir(package())
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output();
    if let Ok(output) = listed
        && output.status.success()
        && !output.stdout.is_empty()
    {
        let names = output.stdout.split(|byte| *byte == 0);
        return names
            .filter_map(|name| std::str::from_utf8(name).ok())
            .filter(|name| !name.is_empty())
            .map(|name| package().join(name))
            .filter(|path| path.is_file())
            .collect();
    }
    let mut found = Vec::new();
    walk(package(), &mut found);
    found
}

/// What only one machine or one mirror has. Put together here, so that this file does not name them.
fn machine_names() -> Vec<String> {
    let mut names: Vec<String> = ["work", "root", "farm"]
        .iter()
        .map(|folder| format!("/{folder}/"))
        .collect();
    for (host, path) in [
        ("crates.io", "/api"),
        ("index.", "crates.io"),
        ("static.", "crates.io"),
        ("pypi.org", "/simple"),
        ("files.", "pythonhosted.org"),
        ("registry.", "npmjs.org"),
        ("proxy.", "golang.org"),
    ] {
        names.push(format!("{host}{path}"));
    }
    names
}

fn names_in(bytes: &[u8], names: &[String]) -> Vec<String> {
    let named = |name: &&String| {
        bytes
            .windows(name.len())
            .any(|part| part == name.as_bytes())
    };
    names.iter().filter(named).cloned().collect()
}

#[test]
fn no_committed_file_names_a_machine_or_a_registry() {
    let names = machine_names();
    let files = committed();
    assert!(files.len() > 10, "the files were not found");
    let mut breaches = Vec::new();
    for path in files {
        for name in names_in(&fs::read(&path).unwrap(), &names) {
            breaches.push(format!("{} names {name}", path.display()));
        }
    }
    assert_none(breaches);
}

#[test]
fn the_table_names_every_module_that_is_there() {
    let root = sources()
        .into_iter()
        .find(|file| file.path == "src/lib.rs")
        .unwrap();
    let declared: Vec<_> = root
        .tokens
        .windows(2)
        .filter(|pair| pair[0].ident() == Some("mod"))
        .filter_map(|pair| pair[1].ident())
        .collect();
    assert!(declared.len() > 10, "{declared:?}");
    for module in declared {
        assert!(
            rules::floor(module).is_some(),
            "`{module}` stands on no floor"
        );
    }
}
