//! Files of benchmarks as they arrive: with marks and line ends of other systems, cut, compressed, in another form.

use crate::cli::Desk;

const GOOD: &str = "{\"question\": \"One?\", \"answer\": \"#### 1\"}";

#[test]
fn marks_and_line_ends_of_other_systems_are_no_fault() {
    for text in [
        format!("\u{feff}{GOOD}\r\n\r\n{GOOD}"),
        format!("{GOOD}\r\n{GOOD}\r\n"),
    ] {
        let desk = Desk::new(&[("test.jsonl", text.as_str())]);
        let said = desk
            .evenhand(&["dataset", "stats", "test.jsonl", "--benchmark", "gsm8k"])
            .ends(0);
        assert!(said.stdout.contains("cases       2"), "{}", said.stdout);
    }
    let desk = Desk::new(&[(
        "goals.csv",
        "\u{feff}goal,target\r\n\"Do, \"\"it\"\"\r\nnow\",Sure\r\n",
    )]);
    let said = desk
        .evenhand(&["dataset", "stats", "goals.csv", "--benchmark", "advbench"])
        .ends(0);
    assert!(said.stdout.contains("cases       1"), "{}", said.stdout);
}

#[test]
fn what_is_broken_is_said_with_file_line_and_next_step() {
    let rows: [(&str, Vec<u8>, &str); 9] = [
        (
            "missing.jsonl",
            format!("{GOOD}\n{{\"question\": \"q\"}}\n").into(),
            "missing.jsonl:2: `answer` is missing; a row of gsm8k has: question, answer",
        ),
        (
            "wrong.jsonl",
            b"{\"question\": [1], \"answer\": \"#### 1\"}\n".into(),
            "wrong.jsonl:1: `question` must be text, this is a list",
        ),
        (
            "cut.jsonl",
            format!("{GOOD}\n{}", &GOOD[..20]).into(),
            "cut.jsonl:2: not a JSON object",
        ),
        (
            "cut.json",
            format!("[{GOOD},\n{GOOD}").into(),
            "cut.json:2: the file ends inside",
        ),
        (
            "twice.jsonl",
            b"{\"question\": \"q\", \"question\": \"q\", \"answer\": \"#### 1\"}\n".into(),
            "twice.jsonl:1: ",
        ),
        (
            "bytes.jsonl",
            b"{\"question\": \"\xff\"}\n".into(),
            "bytes.jsonl:1: byte 14 of the file (0xff) is not UTF-8; save the file as UTF-8",
        ),
        (
            "packed.jsonl",
            b"\x1f\x8b\x08\0\0\0".into(),
            "packed.jsonl: the file is compressed; unpack it first: gunzip FILE",
        ),
        (
            "wide.jsonl",
            b"\xff\xfe{\0".into(),
            "iconv -f UTF-16 -t UTF-8",
        ),
        (
            "columns.jsonl",
            b"PAR1\x15\x04".into(),
            "columns.jsonl: the file is Parquet; name it .parquet",
        ),
    ];
    for (name, bytes, words) in rows {
        let desk = Desk::new(&[]);
        desk.write(name, bytes);
        let said = desk
            .evenhand(&["dataset", "stats", name, "--benchmark", "gsm8k"])
            .ends(3);
        assert!(said.stderr.contains(words), "{name}: {}", said.stderr);
    }
}

#[test]
fn a_quote_that_is_not_doubled_is_refused_and_makes_no_other_text() {
    let desk = Desk::new(&[(
        "c.csv",
        "id,input\n1,fine\n2,\"He said \\\"hi\\\" to me\"\n3,\"a \"\"b\"\"\"\n",
    )]);
    for verb in [
        &["stats", "c.csv"][..],
        &["show", "c.csv"],
        &["convert", "c.csv", "--to", "jsonl"],
    ] {
        let said = desk.evenhand(&[&["dataset"], verb].concat()).ends(3);
        assert!(
            said.stderr.contains(
                "c.csv:3: cell 2 goes on behind its closing quote, with `hi\\\" to me\"`"
            ),
            "{}",
            said.stderr
        );
    }
}

#[expect(clippy::print_stdout, reason = "the notice is what is looked for")]
fn say(line: &str) {
    println!("{line}");
}

#[test]
fn nobody_waits_for_whoever_would_write_into_a_pipe() {
    let desk = Desk::new(&[(
        "s.yaml",
        "version: 1\nsuite: s\ndataset: {path: p.jsonl}\ntargets: [{id: t, kind: scripted}]\n",
    )]);
    let made = std::process::Command::new("mkfifo")
        .args(["p.jsonl", "p.json"])
        .current_dir(desk.path())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return say("no mkfifo: nothing was tried");
    }
    for words in [
        &["dataset", "convert", "p.jsonl", "--to", "csv"][..],
        &["dataset", "convert", "p.json", "--to", "csv"],
        &[
            "dataset",
            "pull",
            "gsm8k",
            "--from",
            "p.jsonl",
            "--cache-dir",
            "c",
        ],
        &[
            "score",
            "--benchmark",
            "jailbreakbench",
            "--outputs",
            "p.json",
        ],
        &["check", "s.yaml"],
        &["dataset", "show", "p.jsonl"],
        &["dataset", "stats", "."],
    ] {
        let said = desk.evenhand(words).ends(3);
        assert!(said.stderr.contains("regular file"), "{}", said.stderr);
    }
}

#[test]
fn one_object_over_many_lines_is_no_file_of_rows_and_that_is_said_once() {
    let desk = Desk::new(&[("o.json", "{\n \"cases\": [\n  {\"id\": 1}\n ]\n}\n")]);
    let said = desk.evenhand(&["dataset", "show", "o.json"]).ends(3);
    assert!(
        said.stderr
            .contains("a .json file holds an array of rows, or one object a line")
            && said.stderr.contains("error: 1 problem"),
        "{}",
        said.stderr
    );
}

#[test]
fn where_so_much_is_wrong_that_reading_ends_that_is_said() {
    let desk = Desk::new(&[("b.jsonl", &"{\n".repeat(50))]);
    for verb in ["show", "stats"] {
        let said = desk.evenhand(&["dataset", verb, "b.jsonl"]).ends(3);
        assert!(
            said.stderr
                .contains("b.jsonl: reading was ended here: 20 problems are enough"),
            "{}",
            said.stderr
        );
    }
}

#[test]
fn parquet_is_read_or_refused_with_what_to_do() {
    let desk = Desk::new(&[("cases.parquet", "PAR1")]);
    let said = desk
        .evenhand(&["dataset", "stats", "cases.parquet"])
        .ends(3);
    let words = match cfg!(feature = "parquet") {
        true => "cases.parquet: the file is damaged",
        false => "cargo install evenhand --features parquet",
    };
    assert!(said.stderr.contains(words), "{}", said.stderr);
}
