//! `dataset pull`, and where pulled files are found again.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use evenhand::jobs::{self, Pull};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::cli::{Desk, Said};
use crate::published::{Published, Ways};

const ROWS: &str = "{\"goal\": \"Do one thing\", \"target\": \"Sure\"}\n";
const CSV: &str = "goal,target\nDo one thing,Sure\nDo another,Sure\n";

fn command(desk: &Desk, arguments: &[&str]) -> Command {
    let mut command = desk.command(arguments);
    command.env("EVENHAND_CACHE_DIR", desk.path().join("cache"));
    command
}

fn evenhand(desk: &Desk, arguments: &[&str]) -> Said {
    Said::of(
        command(desk, arguments)
            .output()
            .expect("the binary starts"),
    )
}

fn pull(desk: &Desk, arguments: &[&str]) -> Said {
    evenhand(desk, &[&["dataset", "pull"], arguments].concat())
}

/// A file in the cache.
fn kept(desk: &Desk, name: &str) -> PathBuf {
    desk.path().join("cache/datasets").join(name)
}

fn lock(desk: &Desk) -> Value {
    serde_json::from_str(&desk.read("evenhand-datasets.lock")).expect("a lock file of JSON")
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("memory takes bytes");
    encoder.finish().expect("memory takes bytes")
}

/// Rows that are long enough to be cut.
fn many(count: usize) -> String {
    let rows = (0..count).map(|nth| format!("Do thing number {nth},Sure\n"));
    format!("goal,target\n{}", rows.collect::<String>())
}

#[test]
fn a_file_is_pulled_shown_with_its_licence_and_recorded_on_first_use() {
    let desk = Desk::new(&[]);
    let place = Published::new(Ways::of(CSV));
    let from = format!("{}?key=secret", place.at("harmful_behaviors.csv"));
    let said = pull(&desk, &["advbench", "--from", &from]).ends(0);
    assert_eq!(
        std::fs::read_to_string(kept(&desk, "advbench/harmful_behaviors.csv")).expect("the file"),
        CSV
    );
    for words in ["advbench · MIT", "unpinned, first use", "commit it"] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    assert!(
        said.stdout.lines().all(|line| line.chars().count() <= 100),
        "{}",
        said.stdout
    );
    let everything = [
        said.stdout,
        said.stderr,
        desk.read("evenhand-datasets.lock"),
    ]
    .concat();
    assert!(!everything.contains("secret"), "{everything}");
    let entry = &lock(&desk)["files"]["advbench/harmful_behaviors.csv"];
    assert_eq!(entry["pin"], json!("first_use"));
    assert_eq!(entry["from"], json!(place.at("harmful_behaviors.csv")));
    let asked = &place.asked()[0];
    for name in ["authorization", "cookie", "referer"] {
        assert_eq!(asked.header(name), None, "{name}");
    }
    assert_eq!(asked.header("accept-encoding"), Some("identity"));
    // Nothing but the file and what says where it is from stays behind.
    let mut left: Vec<String> = std::fs::read_dir(kept(&desk, "advbench"))
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    left.sort();
    assert_eq!(left, ["harmful_behaviors.csv", "pulled.json"]);
}

#[test]
fn a_cut_download_goes_on_within_one_pull() {
    let desk = Desk::new(&[]);
    let text = many(400);
    let mut ways = Ways::of(text.clone());
    ways.cut = Some(3_000);
    let place = Published::new(ways);
    let said = pull(&desk, &["advbench", "--from", &place.at("rows.csv")]).ends(0);
    assert!(
        said.stderr.contains("going on at byte 3000 of"),
        "{}",
        said.stderr
    );
    assert_eq!(
        std::fs::read_to_string(kept(&desk, "advbench/rows.csv")).expect("the file"),
        text
    );
    let ranges: Vec<Option<String>> = place
        .asked()
        .iter()
        .map(|asked| asked.header("range").map(str::to_owned))
        .collect();
    assert_eq!(ranges[0], None);
    assert_eq!(ranges[1].as_deref(), Some("bytes=3000-"));
    assert_eq!(ranges[2].as_deref(), Some("bytes=6000-"));
}

#[test]
fn a_pull_that_could_not_go_on_is_taken_up_by_the_next() {
    let desk = Desk::new(&[]);
    let text = many(400);
    let mut ways = Ways::of(text.clone());
    ways.cut = Some(5_000);
    ways.ranges = false;
    let place = Published::new(ways);
    let from = place.at("rows.csv");
    // A server that always cuts and knows no ranges gives up its first bytes again and again.
    place.change(|ways| ways.cut = Some(0));
    pull(&desk, &["advbench", "--from", &from]).ends(5);
    place.change(|ways| {
        ways.ranges = true;
        ways.cut = Some(5_000);
    });
    // One answer of 5,000 bytes, then a server that is broken.
    let (first, rest) = text.as_bytes().split_at(5_000);
    std::fs::write(kept(&desk, "advbench/rows.csv.partial"), first).expect("a partial file");
    let about = json!({"address": from, "validator": "\"v1\""}).to_string();
    std::fs::write(kept(&desk, "advbench/rows.csv.partial.json"), about).expect("its version");
    place.change(|ways| ways.status = Some(503));
    let said = pull(&desk, &["advbench", "--from", &from]).ends(5);
    assert!(
        said.stderr.contains("answered 503; try again later"),
        "{}",
        said.stderr
    );
    assert!(!kept(&desk, "advbench/rows.csv").exists());
    place.change(|ways| {
        ways.status = None;
        ways.cut = None;
    });
    let before = place.asked().len();
    pull(&desk, &["advbench", "--from", &from]).ends(0);
    let asked = &place.asked()[before];
    assert_eq!(asked.header("range"), Some("bytes=5000-"));
    assert_eq!(asked.header("if-range"), Some("\"v1\""));
    assert_eq!(
        place.asked().len(),
        before + 1,
        "{} bytes in one answer",
        rest.len()
    );
    assert_eq!(
        std::fs::read_to_string(kept(&desk, "advbench/rows.csv")).expect("the file"),
        text
    );
}

#[test]
fn a_file_that_changed_meanwhile_and_a_server_without_ranges_begin_anew() {
    for (etag, ranges) in [
        (Some("\"v2\""), true),
        (Some("\"v1\""), false),
        (None, true),
    ] {
        let desk = Desk::new(&[]);
        let text = many(50);
        let mut ways = Ways::of(text.clone());
        (ways.etag, ways.ranges) = (etag, ranges);
        let place = Published::new(ways);
        let from = place.at("rows.csv");
        std::fs::create_dir_all(kept(&desk, "advbench")).expect("a folder");
        std::fs::write(
            kept(&desk, "advbench/rows.csv.partial"),
            "of another version",
        )
        .expect("a file");
        let about = json!({"address": from, "validator": "\"v1\""}).to_string();
        std::fs::write(kept(&desk, "advbench/rows.csv.partial.json"), about).expect("its version");
        let said = pull(&desk, &["advbench", "--from", &from]).ends(0);
        assert!(
            said.stderr.contains("from the beginning"),
            "{etag:?}: {}",
            said.stderr
        );
        assert_eq!(
            std::fs::read_to_string(kept(&desk, "advbench/rows.csv")).expect("the file"),
            text
        );
    }
}

#[test]
fn a_file_of_which_nobody_says_where_it_ends_is_pulled_with_a_word_on_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let answered = std::thread::spawn(move || {
        for head in ["", "Transfer-Encoding: chunked\r\n"] {
            let (mut stream, _) = listener.accept().expect("somebody asks");
            let mut asked = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut asked).expect("a question");
            let body = match head {
                "" => CSV.to_owned(),
                _ => format!("{:x}\r\n{CSV}\r\n0\r\n\r\n", CSV.len()),
            };
            write!(
                stream,
                "HTTP/1.1 200 OK\r\n{head}Connection: close\r\n\r\n{body}"
            )
            .expect("an answer");
        }
    });
    let desk = Desk::new(&[]);
    let from = format!("http://127.0.0.1:{port}/harmful_behaviors.csv");
    let words = "whether all of it came cannot be told";
    let said = pull(&desk, &["advbench", "--from", &from]).ends(0);
    assert!(said.stderr.contains(words), "{}", said.stderr);
    let said = pull(&desk, &["advbench", "--from", &from]).ends(0);
    assert!(!said.stderr.contains(words), "{}", said.stderr);
    answered.join().expect("both were answered");
}

#[test]
fn a_partial_file_that_is_longer_than_the_file_begins_anew() {
    let desk = Desk::new(&[]);
    let place = Published::new(Ways::of(CSV));
    let from = place.at("rows.csv");
    std::fs::create_dir_all(kept(&desk, "advbench")).expect("a folder");
    std::fs::write(kept(&desk, "advbench/rows.csv.partial"), CSV.repeat(2)).expect("a file");
    let about = json!({"address": from, "validator": "\"v1\""}).to_string();
    std::fs::write(kept(&desk, "advbench/rows.csv.partial.json"), about).expect("its version");
    pull(&desk, &["advbench", "--from", &from]).ends(0);
    assert_eq!(
        std::fs::read_to_string(kept(&desk, "advbench/rows.csv")).expect("the file"),
        CSV
    );
}

#[test]
fn another_digest_than_the_recorded_one_is_refused_and_nothing_is_kept() {
    let desk = Desk::new(&[]);
    let place = Published::new(Ways::of(CSV));
    let from = place.at("rows.csv");
    pull(&desk, &["advbench", "--from", &from]).ends(0);
    let recorded = desk.read("evenhand-datasets.lock");
    place.change(|ways| {
        ways.body = many(3).into_bytes();
        ways.etag = Some("\"v2\"");
    });
    let said = pull(&desk, &["advbench", "--from", &from]).ends(3);
    for words in [
        "is not the file that is meant",
        "evenhand-datasets.lock says",
        "--relock",
    ] {
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
    assert_eq!(
        std::fs::read_to_string(kept(&desk, "advbench/rows.csv")).expect("the file"),
        CSV
    );
    assert!(!kept(&desk, "advbench/rows.csv.partial").exists());
    assert_eq!(desk.read("evenhand-datasets.lock"), recorded);
    pull(&desk, &["advbench", "--from", &from, "--relock"]).ends(0);
    assert_ne!(desk.read("evenhand-datasets.lock"), recorded);
}

#[test]
fn the_digest_of_the_table_is_held_against_a_mirror_too() {
    let desk = Desk::new(&[]);
    let place = Published::new(Ways::of("{\"question\": \"q\", \"answer\": \"#### 1\"}\n"));
    let said = pull(&desk, &["gsm8k", "--from", &place.at("test.jsonl")]).ends(3);
    assert!(
        said.stderr
            .contains("the table of benchmarks says 3730d312"),
        "{}",
        said.stderr
    );
    assert!(!kept(&desk, "gsm8k/test.jsonl").exists());
    assert!(!desk.path().join("evenhand-datasets.lock").exists());
}

#[test]
fn what_cannot_be_fetched_says_why_and_what_to_do() {
    let desk = Desk::new(&[("binary.exe", "x"), ("empty/x", "")]);
    let place = Published::new(Ways::of(CSV));
    let from = place.at("rows.csv");
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let closed = format!(
        "http://{}/rows.csv",
        port.local_addr().expect("its address")
    );
    drop(port);
    for (status, words) in [
        (404, "it is not there (any more): --from FILE|DIR|URL"),
        (
            403,
            "it is behind a gate: fetch it by hand, then --from FILE",
        ),
        (500, "try again later"),
    ] {
        place.change(|ways| ways.status = Some(status));
        let said = pull(&desk, &["advbench", "--from", &from]).ends(5);
        assert!(said.stderr.contains(words), "{status}: {}", said.stderr);
    }
    place.change(|ways| ways.status = None);
    for (arguments, code, words) in [
        (
            vec!["advbench", "--from", &closed],
            5,
            "offline? Take a copy that you have: --from",
        ),
        (
            vec!["advbench", "--from", &from, "--max-size", "20"],
            5,
            "is over 20 bytes; nothing was kept",
        ),
        (vec!["advbnch"], 2, "did you mean `advbench`"),
        (vec!["gaia"], 2, "no public place of gaia is known"),
        (
            vec!["advbench", "--from", "ftp://h/rows.csv"],
            2,
            "no address that is called",
        ),
        (
            vec!["advbench", "--from", "http://u:p@127.0.0.1:1/rows.csv"],
            5,
            "nothing secret is sent",
        ),
        (
            vec!["advbench", "--from", "none.csv"],
            3,
            "none.csv: cannot be read",
        ),
        (
            vec!["advbench", "--from", "binary.exe"],
            2,
            "the format of `binary.exe` is not known",
        ),
        (
            vec!["advbench", "--from", "empty"],
            3,
            "empty/harmful_behaviors.csv: there is no such file",
        ),
        (
            vec!["gaia", "--from", "empty"],
            2,
            "name one file: --from FILE|URL",
        ),
    ] {
        let said = pull(&desk, &arguments).ends(code);
        assert!(
            said.stderr.contains(words),
            "{arguments:?}: {}",
            said.stderr
        );
        assert!(!kept(&desk, "advbench/rows.csv").exists(), "{arguments:?}");
        assert!(
            !kept(&desk, "advbench/rows.csv.partial").exists(),
            "{arguments:?}"
        );
    }
}

#[test]
fn another_host_is_asked_only_where_it_was_named() {
    let desk = Desk::new(&[]);
    let other = Published::new(Ways::of(CSV));
    let mut ways = Ways::of("");
    ways.to = Some(other.at("signed.csv?token=secret"));
    let place = Published::new(ways);
    let from = place.at("rows.csv");
    let said = pull(&desk, &["advbench", "--from", &from]).ends(5);
    assert!(
        said.stderr
            .contains("another host; if you trust it: --allow-redirect 127.0.0.1"),
        "{}",
        said.stderr
    );
    assert!(!said.stderr.contains("secret"), "{}", said.stderr);
    assert_eq!(other.asked().len(), 0);
    let said = pull(
        &desk,
        &["advbench", "--from", &from, "--allow-redirect", "127.0.0.1"],
    )
    .ends(0);
    assert!(
        said.stderr.contains("redirected to 127.0.0.1:"),
        "{}",
        said.stderr
    );
    assert_eq!(
        std::fs::read_to_string(kept(&desk, "advbench/rows.csv")).expect("the file"),
        CSV
    );
    place.change(|ways| ways.to = Some("http://metadata.example/latest".to_owned()));
    let said = pull(
        &desk,
        &[
            "advbench",
            "--from",
            &from,
            "--allow-redirect",
            "metadata.example",
        ],
    )
    .ends(5);
    assert!(
        said.stderr.contains("without TLS; it is not followed"),
        "{}",
        said.stderr
    );
    place.change(|ways| ways.to = Some("rows.csv".to_owned()));
    let said = pull(&desk, &["advbench", "--from", &from]).ends(5);
    assert!(
        said.stderr.contains("leads on more than 5 times"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_packed_file_is_unpacked_under_the_bound() {
    let desk = Desk::new(&[]);
    let place = Published::new(Ways::of(packed(CSV.as_bytes())));
    pull(&desk, &["advbench", "--from", &place.at("rows.csv.gz")]).ends(0);
    assert_eq!(
        std::fs::read_to_string(kept(&desk, "advbench/rows.csv")).expect("the file"),
        CSV
    );
    for (body, words) in [
        // A mebibyte of blanks in a kibibyte.
        (
            packed(&vec![b' '; 1 << 20]),
            "unpacks to over 100000 bytes; nothing was kept",
        ),
        (b"\x1f\x8bno".to_vec(), "cannot be unpacked"),
        (packed(CSV.as_bytes())[..20].to_vec(), "cannot be unpacked"),
    ] {
        place.change(|ways| ways.body = body);
        let from = place.at("other.csv.gz");
        let said = pull(&desk, &["advbench", "--from", &from, "--max-size", "100k"]).ends(3);
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
        for left in ["other.csv", "other.csv.unpacked", "other.csv.partial"] {
            assert!(!kept(&desk, "advbench").join(left).exists(), "{left}");
        }
    }
}

#[test]
fn two_pulls_of_one_benchmark_do_not_meet() {
    let desk = Desk::new(&[("rows.csv", CSV)]);
    let folder = kept(&desk, "advbench");
    std::fs::create_dir_all(&folder).expect("a folder");
    let held = std::fs::File::open(&folder).expect("a folder opens");
    held.lock().expect("nobody else has it");
    let said = pull(&desk, &["advbench", "--from", "rows.csv"]).ends(7);
    assert!(
        said.stderr
            .contains("another pull of advbench is under way"),
        "{}",
        said.stderr
    );
    drop(held);
    pull(&desk, &["advbench", "--from", "rows.csv"]).ends(0);
}

#[test]
fn what_another_pull_recorded_in_the_meantime_stays_in_the_lock_file() {
    let desk = Desk::new(&[("rows.csv", CSV)]);
    let order = |benchmark: &str, more: &str| Pull {
        benchmark: benchmark.to_owned(),
        from: Some(desk.path().join(more).display().to_string()),
        cache: Some(desk.path().join("cache")),
        lock: desk.path().join("evenhand-datasets.lock"),
        relock: false,
        hosts: Vec::new(),
        most: 1 << 20,
        ca_bundle: None,
    };
    desk.write("test.jsonl", ROWS);
    let mut others = 0;
    jobs::pull(&order("advbench", "rows.csv"), &mut |_| {
        others += 1;
        if others == 1 {
            jobs::pull(&order("math", "test.jsonl"), &mut |_| ()).expect("another benchmark");
        }
    })
    .expect("a benchmark");
    let files = &lock(&desk)["files"];
    assert!(
        files["math/test.jsonl"].is_object() && files["advbench/rows.csv"].is_object(),
        "{files}"
    );
}

#[test]
fn a_folder_of_copies_stands_for_the_place_and_nothing_is_fetched_twice() {
    let questions = "{\"id\": \"simple_python_0\", \"question\": \"q\", \"function\": []}\n";
    let names = [
        "simple_python",
        "multiple",
        "parallel",
        "parallel_multiple",
        "irrelevance",
        "simple_java",
        "simple_javascript",
    ];
    let desk = Desk::new(&[]);
    for name in names {
        desk.write(&format!("copies/BFCL_v4_{name}.json"), questions);
        if name != "irrelevance" {
            desk.write(
                &format!("copies/possible_answer/BFCL_v4_{name}.json"),
                "{\"id\": \"simple_python_0\", \"ground_truth\": []}\n",
            );
        }
    }
    let said = pull(&desk, &["bfcl", "--from", "copies", "--format", "json"]).ends(0);
    let found: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(found["files"].as_array().map(Vec::len), Some(13));
    assert!(kept(&desk, "bfcl/possible_answer/BFCL_v4_multiple.json").is_file());
    let answers = "copies/possible_answer/BFCL_v4_multiple.json";
    std::fs::remove_file(desk.path().join(answers)).expect("a file");
    let said = pull(&desk, &["bfcl", "--from", "copies"]).ends(3);
    assert!(said.stderr.contains(answers), "{}", said.stderr);
    // All is there and whole: its own place is not asked.
    let said = pull(&desk, &["bfcl", "--format", "json"]).ends(0);
    let again: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert!(
        again["files"]
            .as_array()
            .expect("files")
            .iter()
            .all(|file| file["was_there"] == json!(true))
    );
}

#[test]
fn of_a_benchmark_in_parts_a_folder_may_hold_some() {
    let questions = "{\"id\": \"multiple_0\", \"question\": \"q\", \"function\": []}\n";
    let answers = "{\"id\": \"multiple_0\", \"ground_truth\": []}\n";
    let desk = Desk::new(&[]);
    desk.write("copies/BFCL_v4_multiple.json", questions);
    desk.write("copies/possible_answer/BFCL_v4_multiple.json", answers);
    let said = pull(&desk, &["bfcl", "--from", "copies", "--format", "json"]).ends(0);
    let found: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(found["files"].as_array().map(Vec::len), Some(2));
    let left_out = "left out: BFCL_v4_simple_java.json is not in copies";
    assert!(said.stderr.contains(left_out), "{}", said.stderr);

    desk.write("nothing/README.md", "");
    let said = pull(&desk, &["bfcl", "--from", "nothing"]).ends(3);
    assert!(
        said.stderr.contains("there is no such file"),
        "{}",
        said.stderr
    );
}

const SUITE: &str = "version: 1
suite: s
dataset: {benchmark: advbench}
targets:
  - {id: t, kind: scripted}
";

#[test]
fn a_suite_finds_what_was_pulled_and_only_while_it_is_that() {
    let desk = Desk::new(&[("suite.yaml", SUITE), ("rows.csv", CSV)]);
    let said = evenhand(&desk, &["check", "suite.yaml"]).ends(3);
    assert!(
        said.stderr.contains("suite.yaml:3:22: the files of advbench are not here yet; pull them: evenhand dataset pull advbench"),
        "{}",
        said.stderr
    );
    pull(&desk, &["advbench", "--from", "rows.csv"]).ends(0);
    let said = evenhand(&desk, &["check", "suite.yaml"]).ends(0);
    assert!(said.stdout.contains("2 cases"), "{}", said.stdout);
    evenhand(&desk, &["run", "-q", "suite.yaml"]).ends(0);
    // The run reads its cases from its own directory.
    std::fs::write(kept(&desk, "advbench/rows.csv"), "goal,target\nx,y\n").expect("a file");
    evenhand(&desk, &["report", "latest"]).ends(0);
    let said = evenhand(&desk, &["check", "suite.yaml"]).ends(3);
    assert!(
        said.stderr
            .contains("is not the file that was pulled any more"),
        "{}",
        said.stderr
    );
    pull(&desk, &["advbench", "--from", "rows.csv"]).ends(0);
    let other = desk
        .read("evenhand-datasets.lock")
        .replace("\"sha256\": \"", "\"sha256\": \"0");
    desk.write("evenhand-datasets.lock", other);
    let said = evenhand(&desk, &["check", "suite.yaml"]).ends(3);
    assert!(
        said.stderr.contains("evenhand-datasets.lock says sha256 0"),
        "{}",
        said.stderr
    );
}

#[test]
fn outputs_are_scored_against_what_was_pulled() {
    let desk = Desk::new(&[
        (
            "rows.jsonl",
            "{\"question\": \"One and one?\", \"answer\": \"#### 2\"}\n{\"question\": \"Two?\", \"answer\": \"#### 2\"}\n",
        ),
        (
            "outputs.jsonl",
            "{\"question\": \"One and one?\", \"output\": \"#### 2\"}\n",
        ),
        (
            "own.jsonl",
            "{\"question\": \"x\", \"answer\": \"#### 3\", \"output\": \"#### 3\"}\n",
        ),
        ("goals.jsonl", ROWS),
    ]);
    let score = |outputs: &str| {
        evenhand(
            &desk,
            &["score", "--benchmark", "gsm8k", "--outputs", outputs],
        )
    };
    let said = score("outputs.jsonl").ends(3);
    assert!(
        said.stderr
            .contains("or pull it: evenhand dataset pull gsm8k"),
        "{}",
        said.stderr
    );
    pull(&desk, &["gsm8k", "--from", "rows.jsonl"]).ends(0);
    let said = score("outputs.jsonl").ends(0);
    assert!(
        said.stdout.contains("1 of 2 cases have no output"),
        "{}",
        said.stdout
    );
    let said = score("own.jsonl").ends(0);
    assert!(
        said.stdout.contains("each row with its own gold"),
        "{}",
        said.stdout
    );
}
