//! What CI systems are handed, with hostile text wherever a dataset, an agent or a suite can put it: nothing of it commands, marks up
//! or leaves its place, and nothing that cannot be handed over fails a run.

mod support {
    #[expect(dead_code, reason = "these tests let runs end by themselves")]
    pub(crate) mod binary;
}

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use support::binary::{Bench, Ended};

/// What a log, a page or a document would take for something else than text; each begins a line somewhere.
const HOSTILE: &[&str] = &[
    "::error::x",
    "x\r\n::error::y",
    "\n::add-mask::pass",
    "\u{1b}[0m::set-output name=a::b",
    "  ::stop-commands::t",
    "##[group]g",
    "a ##vso[task.setvariable]b",
    "</details><script>alert(1)</script>",
    "![i](http://127.0.0.1:9/i) @octocat #1",
    "`|`|\"]]>&'<!-- -->",
    "=1+1,\u{202e}\u{0}\u{fffe}",
    "a\nb=c\nEVENHAND_\nexit_code<<d",
    "\"} 1\nevenhand_metric{a=\"",
    "${{ secrets.KEY }} $(id) `id`",
    "漢字\u{1f469}\u{200d}\u{1f4bb}",
];

/// A suite in which every text that may be anything is hostile: ids of cases and targets, tags, answers, names, failures.
fn hostile() -> Bench {
    let mut cases = String::new();
    let mut outputs = String::new();
    for (n, text) in HOSTILE.iter().enumerate() {
        let id = case_id(n, text);
        let case = json!({"id": id, "input": text, "expected": text, "tags": [text]});
        cases += &format!("{case}\n");
        let output = if n % 3 == 0 {
            "other\n::error::z"
        } else {
            text
        };
        outputs += &format!("{}\n", json!({"case": id, "output": output}));
    }
    let cannot_start = json!(["./::error::there is none\n::error::here"]);
    let suite = json!({
        "version": 1,
        "suite": "::error::s ##[group]s",
        "seed": 1,
        "dataset": {"path": "cases.jsonl"},
        "targets": [
            {"id": "::error::a", "kind": "recorded", "path": "outputs.jsonl"},
            {"id": "::error::b", "kind": "command", "command": cannot_start},
        ],
        "scorers": [{"id": "right", "kind": "exact"}, {"id": "::error::short", "kind": "length", "max_chars": 5}],
        "success": ["right"],
        "limits": {"attempts": 1, "max_error_rate": 1.0},
        "gates": [
            {"metric": "success_rate", "min": 0.99},
            {"metric": "::error::short", "min": 0.99},
        ],
    });
    let bench = Bench::new(&suite.to_string());
    bench.write("cases.jsonl", &cases);
    bench.write("outputs.jsonl", &outputs);
    bench
}

/// An id as hostile as the text: it may hold all but controls.
fn case_id(n: usize, text: &str) -> String {
    let id: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("{id}{n}")
}

/// The files that GitHub hands to a step, with its variables set.
fn github(bench: &mut Bench) -> [PathBuf; 2] {
    bench.set("GITHUB_ACTIONS", "true");
    let files = [bench.at("summary.md"), bench.at("output.txt")];
    for (name, file) in ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"].iter().zip(&files) {
        bench.set(name, &file.display().to_string());
    }
    files
}

/// No line commands the runner that reads this, however leniently; those that are ours are answered.
fn commands(text: &str) -> Vec<String> {
    let mut ours = Vec::new();
    for line in text.split([
        '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
    ]) {
        let begins = line.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        if begins.starts_with("::") {
            let kinds = [
                "::error title=evenhand",
                "::warning title=evenhand",
                "::notice title=evenhand",
            ];
            let is_ours = kinds.iter().any(|kind| line.starts_with(kind))
                || line.starts_with("::error file=");
            assert!(is_ours, "{line:?}");
            ours.push(line.to_owned());
        }
        assert!(
            !line.contains("##[") && !line.contains("##vso["),
            "{line:?}"
        );
    }
    ours
}

fn silent(ended: &Ended) {
    let said = commands(&format!("{}\n{}", ended.stdout, ended.stderr));
    assert!(said.is_empty(), "{said:?}");
}

/// The outputs as GitHub reads them.
fn outputs(file: &str) -> Vec<(String, String)> {
    let mut read = Vec::new();
    let mut lines = file.split_terminator('\n');
    while let Some(line) = lines.next() {
        let equals = line.find('=').unwrap_or(usize::MAX);
        match line.find("<<") {
            Some(at) if at < equals => {
                let value: Vec<&str> = lines
                    .by_ref()
                    .take_while(|next| *next != &line[at + 2..])
                    .collect();
                read.push((line[..at].to_owned(), value.join("\n")));
            }
            _ => {
                let (key, value) = line.split_once('=').expect("a key");
                read.push((key.to_owned(), value.to_owned()));
            }
        }
    }
    read
}

#[test]
fn hostile_text_commands_no_runner_by_any_verb_or_report() {
    let mut bench = hostile();
    github(&mut bench);
    let check = bench.evenhand(&["check", "suite.yaml", "-vvv"]);
    assert_eq!(check.code(), 0, "{}", check.stderr);
    silent(&check);
    let run = bench.evenhand(&["run", "suite.yaml", "-vvv"]);
    assert!([5, 6, 100].contains(&run.code()), "{}", run.stderr);
    assert!(commands(&run.stdout).is_empty());
    let annotations = commands(&run.stderr);
    assert!(
        !annotations.is_empty() && annotations.len() <= 11,
        "{annotations:?}"
    );
    for line in &annotations {
        let (properties, _) = line[2..].split_once("::").expect("properties");
        let (_, title) = properties.split_once("title=").expect("a title");
        assert!(!title.contains([':', ',']), "{line}");
    }
    for (n, text) in HOSTILE.iter().enumerate() {
        let case = case_id(n, text);
        for flags in [&[][..], &["--full"]] {
            let show = bench.evenhand(&[&["show", "latest"], flags, &["--", &case]].concat());
            assert_eq!(show.code(), 0, "{case:?}: {}", show.stderr);
            silent(&show);
        }
        // A mistyped argument comes back in a message.
        let wrong = bench.evenhand(&["show", "latest", "--nope", &case]);
        assert_eq!(wrong.code(), 2);
        silent(&wrong);
    }
    for verb in [&["runs"][..], &["report", "latest"]] {
        silent(&bench.evenhand(verb));
    }
    let kinds = bench.evenhand(&["list", "reports"]).stdout;
    for kind in kinds.lines().filter_map(|line| line.split(' ').next()) {
        let report = bench.evenhand(&["report", "latest", "--format", kind]);
        assert_eq!(report.code(), 0, "{kind}: {}", report.stderr);
        assert!(report.stderr.is_empty(), "{kind}: {}", report.stderr);
        match kind {
            "github-annotations" => assert!(!commands(&report.stdout).is_empty()),
            _ => silent(&report),
        }
        if kind == "json" {
            let printed: Json = serde_json::from_str(&report.stdout).expect("JSON all the same");
            assert_eq!(printed["run"]["suite"], "::error::s ##[group]s");
        }
    }
}

#[test]
fn hostile_text_stays_text_in_what_a_runner_reads() {
    let mut bench = hostile();
    let [summary, output] = github(&mut bench);
    bench.evenhand(&[
        "run",
        "suite.yaml",
        "-q",
        "--report",
        "junit=junit.xml",
        "--report",
        "openmetrics=metrics.txt",
    ]);
    let page = std::fs::read_to_string(summary).expect("a summary");
    let unescaped = page.replace("\\[", "").replace("\\]", "");
    for live in [
        "<script", "[i]", "](", "@octocat", "\u{1b}", "\u{202e}", "\r", "\0",
    ] {
        assert!(!unescaped.contains(live), "{live:?} in {page}");
    }
    assert_eq!(
        page.matches("<details>").count(),
        page.matches("</details>").count()
    );
    assert!(
        page.lines()
            .all(|line| !line.trim_start().starts_with("::"))
    );

    let output = outputs(&std::fs::read_to_string(output).expect("outputs"));
    let keys: Vec<&str> = output.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys.len(), 20, "{keys:?}");
    assert_eq!(keys.iter().filter(|key| **key == "exit_code").count(), 1);
    let of = |key: &str| {
        let found = output.iter().find(|(known, _)| known == key);
        found.unwrap_or_else(|| panic!("no {key}")).1.as_str()
    };
    assert!(["5", "6", "100"].contains(&of("exit_code")));
    assert_eq!(of("cases"), HOSTILE.len().to_string());
    assert_eq!(of("run_dir"), format!("runs/{}", of("run_id")));
    for report in of("reports").lines() {
        assert!(bench.at(report).is_file(), "{report}");
    }

    let junit = std::fs::read_to_string(bench.at("junit.xml")).expect("a report");
    let parsed = quick_junit::Report::deserialize_from_str(&junit).expect("JUnit");
    assert_eq!(parsed.tests, 2 * HOSTILE.len());
    assert!(!junit.contains(['\u{fffe}', '\0', '\u{1b}']));
    let metrics = std::fs::read_to_string(bench.at("metrics.txt")).expect("metrics");
    let series =
        regex::Regex::new(r#"^evenhand_[a-z_]+\{([a-z]+="(\\["\\]|[^"\\])*",?)+\} [-0-9.e]+$"#)
            .expect("a pattern");
    for line in metrics.lines() {
        assert!(line.starts_with("# ") || series.is_match(line), "{line:?}");
    }
}

#[test]
fn what_cannot_be_handed_over_is_a_warning_and_never_a_failure() {
    let mut bench = Bench::new("");
    bench.write(
        "cases.jsonl",
        "{\"id\": \"c\", \"input\": \"q\", \"expected\": \"q\"}\n",
    );
    bench.write(
        "suite.yaml",
        "version: 1\nsuite: s\ndataset: {path: cases.jsonl}\ntargets:\n  - {id: a, kind: scripted}\nscorers:\n  - {id: r, kind: exact}\n",
    );
    bench.set("GITHUB_ACTIONS", "true");
    bench.set("GITHUB_STEP_SUMMARY", "none/summary.md");
    bench.set("GITHUB_OUTPUT", "none/output.txt");
    let said = bench.evenhand(&["run", "suite.yaml", "-q"]);
    assert_eq!(said.code(), 0, "{}", said.stderr);
    for file in ["none/summary.md", "none/output.txt"] {
        let warning = format!("warning: not handed to CI: {file}: ");
        assert!(said.stderr.contains(&warning), "{}", said.stderr);
    }
    // Nothing is handed over where that is not wanted, nor by a verb that only shows.
    let [summary, output] = github(&mut bench);
    for arguments in [
        &["run", "suite.yaml", "-q", "--ci", "none"][..],
        &["report", "latest"],
    ] {
        let said = bench.evenhand(arguments);
        assert_eq!(
            (said.code(), said.stderr.as_str()),
            (0, ""),
            "{arguments:?}"
        );
        assert!(!summary.exists() && !output.exists(), "{arguments:?}");
    }
    // Unless it is told to.
    assert_eq!(
        bench
            .evenhand(&["--ci", "github", "report", "latest"])
            .code(),
        0
    );
    let shown = std::fs::read_to_string(&output).expect("outputs");
    assert!(shown.starts_with("exit_code=\nverdict=\n"), "{shown}");
    // A second page is added behind the first.
    let first = std::fs::read_to_string(&summary).expect("a page");
    assert_eq!(bench.evenhand(&["run", "suite.yaml", "-q"]).code(), 0);
    let both = std::fs::read_to_string(&summary).expect("two pages");
    assert!(
        both.starts_with(&first) && both.matches("### s").count() == 2,
        "{both}"
    );
    // Beyond what a step may write nothing is added, and that is said.
    std::fs::write(&summary, vec![b' '; 999_999]).expect("a full page");
    let said = bench.evenhand(&["run", "suite.yaml", "-q"]);
    assert_eq!(said.code(), 0);
    assert!(
        said.stderr.contains("another page does not fit"),
        "{}",
        said.stderr
    );
    assert_eq!(std::fs::metadata(&summary).expect("a page").len(), 999_999);
}

#[test]
fn many_faults_of_a_suite_are_ten_annotations_and_a_count() {
    let mut bench = Bench::new("");
    let faults: String = (0..14).map(|n| format!("kee{n}: 1\n")).collect();
    bench.write("suite.yaml", &format!("version: 1\n{faults}"));
    github(&mut bench);
    let said = bench.evenhand(&["check", "suite.yaml"]);
    assert_eq!(said.code(), 3);
    let annotations = commands(&said.stderr);
    assert_eq!(annotations.len(), 11, "{annotations:?}");
    assert!(
        annotations[..10]
            .iter()
            .all(|line| line.starts_with("::error file=suite.yaml,line="))
    );
    assert!(
        annotations[10].starts_with("::notice title=evenhand::"),
        "{annotations:?}"
    );
}

#[test]
fn a_document_that_goes_to_a_file_is_what_it_is_everywhere_else() {
    let mut bench = hostile();
    bench.evenhand(&["run", "suite.yaml", "-q"]);
    let plain = bench
        .evenhand(&["report", "latest", "--format", "csv"])
        .stdout;
    github(&mut bench);
    let file = std::fs::File::create(bench.at("trials.csv")).expect("a file");
    let mut command = bench.command(
        support::binary::EVENHAND,
        &["report", "latest", "--format", "csv"],
    );
    let status = command.stdout(file).status().expect("it starts");
    assert!(status.success());
    let written = std::fs::read_to_string(bench.at("trials.csv")).expect("a table");
    assert_eq!(written, plain);
    assert!(written.contains("##[group]"), "{written}");
}
