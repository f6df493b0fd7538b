//! Odd surroundings: no home, no terminal worth the name, arguments that are no text, clocks and zones, outputs that are closed or full.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::OsStringExt;
use std::process::Stdio;

use super::binary::{Bench, EVENHAND, Running};
use super::cases;

fn scripted() -> Bench {
    let bench = Bench::new(
        "version: 1\nsuite: odd\nseed: 7\ndataset: {path: cases.jsonl}\n\
         targets:\n  - {id: agent, kind: scripted, answer: word, latency_ms: 5}\n\
         scorers:\n  - {id: says, kind: contains, any: [word]}\ngates:\n  - {metric: success_rate, min: 0.5}\n",
    );
    bench.write("cases.jsonl", &cases(5));
    bench
}

/// No panic and no trace of one.
fn is_calm(text: &str) -> bool {
    !["panicked", "RUST_BACKTRACE", "unwrap", "a bug in evenhand"]
        .iter()
        .any(|word| text.contains(word))
}

#[test]
fn without_a_home_a_locale_or_a_terminal_it_works_as_ever() {
    let expected = scripted()
        .evenhand(&["run", "suite.yaml", "-q", "--report", "csv=-"])
        .expect(0)
        .stdout;
    let surroundings: &[&[(&str, &str)]] = &[
        &[("HOME", "/nonexistent")],
        &[("HOME", "")],
        &[("TERM", "dumb")],
        &[("TERM", "")],
        &[("COLUMNS", "1"), ("LINES", "0")],
        &[("LANG", "C"), ("LC_ALL", "C")],
        &[("LANG", "tr_TR.UTF-8"), ("LC_ALL", "de_DE.UTF-8")],
        &[("TZ", "Asia/Kathmandu")],
        &[("TZ", "nonsense/zone")],
        &[("PATH", "")],
    ];
    for variables in surroundings {
        let mut bench = scripted();
        for (name, value) in *variables {
            bench.set(name, value);
        }
        let ended = bench
            .evenhand(&["run", "suite.yaml", "-q", "--report", "csv=-"])
            .expect(0);
        assert_eq!(ended.stdout, expected, "{variables:?}");
        assert!(is_calm(&ended.stderr), "{variables:?}: {}", ended.stderr);
        for arguments in [
            &["show", "latest", "c000"][..],
            &["runs"],
            &["report", "latest"],
            &["--help"],
            &["list", "targets"],
        ] {
            let ended = bench.evenhand(arguments).expect(0);
            assert!(
                is_calm(&ended.stderr),
                "{variables:?} {arguments:?}: {}",
                ended.stderr
            );
        }
    }
}

#[test]
fn a_terminal_of_any_size_is_no_reason_to_fail() {
    let bench = scripted();
    let probe = bench
        .command("script", &["-qec", "stty rows 0 cols 1", "/dev/null"])
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        println!("skipped: `script` makes no terminal here");
        return;
    }
    for size in [
        "rows 0 cols 1",
        "rows 1 cols 1",
        "rows 0 cols 0",
        "rows 5 cols 39",
        "rows 24 cols 80",
        "rows 1000 cols 5000",
    ] {
        for term in ["dumb", "xterm-256color", ""] {
            std::fs::remove_dir_all(bench.at("runs")).unwrap_or_default();
            let command = format!(
                "stty {size}; TERM='{term}' '{EVENHAND}' run suite.yaml; echo \"exit $?\"; '{EVENHAND}' show latest c000; '{EVENHAND}' report latest"
            );
            let ended = Running::new(bench.command("script", &["-qec", &command, "/dev/null"]))
                .end()
                .expect(0);
            assert!(ended.stdout.contains("exit 0"), "{size}: {}", ended.stdout);
            assert!(is_calm(&ended.stdout), "{size}: {}", ended.stdout);
            // Whatever was hidden is shown again.
            let (hidden, shown) = (
                ended.stdout.rfind("\u{1b}[?25l"),
                ended.stdout.rfind("\u{1b}[?25h"),
            );
            assert!(hidden <= shown, "{size}, {term}: the cursor stays hidden");
        }
    }
}

#[test]
fn arguments_and_paths_that_are_no_text_are_used_or_refused_in_words() {
    let bench = scripted();
    let odd = || OsString::from_vec(b"od\xff\xfed.yaml".to_vec());
    let copied = std::fs::copy(bench.at("suite.yaml"), bench.path().join(odd()));
    if copied.is_err() {
        println!("skipped: this file system takes no such names");
        return;
    }
    let run = |arguments: &[OsString]| {
        let mut command = bench.command(EVENHAND, &[]);
        command.args(arguments);
        Running::new(command).end()
    };
    let ended = run(&["run".into(), odd()]).expect(0);
    assert!(is_calm(&ended.stderr), "{}", ended.stderr);
    for (arguments, code) in [
        (vec!["check".into(), odd()], 0),
        (
            vec![
                "run".into(),
                "suite.yaml".into(),
                "--runs-dir".into(),
                OsString::from_vec(b"r\xffuns".to_vec()),
            ],
            0,
        ),
        (
            vec!["run".into(), "suite.yaml".into(), "--case".into(), odd()],
            2,
        ),
        (vec![odd()], 2),
        (vec!["show".into(), odd()], 2),
        (
            vec!["check".into(), OsString::from_vec(b"\xff".to_vec())],
            2,
        ),
    ] {
        let ended = run(&arguments);
        assert_eq!(ended.code(), code, "{arguments:?}: {}", ended.stderr);
        assert!(is_calm(&ended.stderr), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn times_are_utc_whatever_zone_is_set_and_stand_at_the_ends_alone() {
    let mut bench = scripted();
    bench.set("TZ", "Pacific/Kiritimati");
    bench.evenhand(&["run", "suite.yaml"]).expect(0);
    let started = bench.report()["run"]["started"]
        .as_str()
        .expect("a time")
        .to_owned();
    assert!(started.ends_with('Z'), "{started}");
    let id = bench
        .run()
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let named = jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", &id[..15]).expect("a time");
    let named = named.to_zoned(jiff::tz::TimeZone::UTC).expect("a time");
    let started: jiff::Timestamp = started.parse().expect("a time");
    let apart = named.timestamp().duration_until(started).as_secs();
    // The zone is 14 hours ahead.
    assert!((0..3_600).contains(&apart), "{id} began at {started}");
    // Nothing that is measured is a difference of two of these.
    let journal = std::fs::read_to_string(bench.journal()).expect("the journal reads");
    assert_eq!(
        journal.matches("\"at_ms\"").count(),
        2,
        "times of day stand where a process begins and ends, nowhere else"
    );
}

#[test]
fn a_closed_or_full_output_ends_in_words_and_the_run_is_kept() {
    // Nobody reads.
    let bench = scripted();
    let mut command = bench.command(EVENHAND, &["run", "suite.yaml", "--format", "json"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    command.stdout(writer);
    let ended = Running::new(command).end().expect(0);
    assert!(is_calm(&ended.stderr), "{}", ended.stderr);
    assert_eq!(bench.report()["run"]["status"], "complete");
    // All at once: stdin, stdout and stderr closed.
    let bench = scripted();
    let script = format!("exec '{EVENHAND}' run suite.yaml <&- >&- 2>&-");
    Running::new(bench.command("sh", &["-c", &script]))
        .end()
        .expect(0);
    assert_eq!(bench.report()["targets"][0]["completed"], 5);
    // A device that is always full, for the result, for the talk and for both.
    if !std::path::Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full here");
        return;
    }
    let full = || {
        Stdio::from(
            File::options()
                .write(true)
                .open("/dev/full")
                .expect("it opens"),
        )
    };
    for (out, err, code) in [(true, false, 7), (false, true, 0), (true, true, 7)] {
        let bench = scripted();
        let mut command = bench.command(EVENHAND, &["run", "suite.yaml"]);
        if out {
            command.stdout(full());
        }
        if err {
            command.stderr(full());
        }
        let ended = Running::new(command).end().expect(code);
        assert!(is_calm(&ended.stderr), "{}", ended.stderr);
        assert_eq!(bench.report()["targets"][0]["completed"], 5);
    }
}
