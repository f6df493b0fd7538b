//! The suites that are measured, written into a folder of their own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with a suite, in which the program runs.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    program: PathBuf,
}

impl Desk {
    /// An empty folder.
    pub(crate) fn new(program: &Path) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            program: program.to_owned(),
        }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("a file in our own folder");
    }

    /// So many cases, each with a question of one sentence.
    pub(crate) fn cases(&self, count: u64) {
        let mut text = String::new();
        for number in 0..count {
            let _ = writeln!(
                text,
                r#"{{"id":"case-{number:07}","input":"What is the answer to question number {number}, in one short sentence?","expected":"42","tags":["t{}"]}}"#,
                number % 4
            );
        }
        self.write("cases.jsonl", &text);
    }

    /// A suite of one chat model with one rule, and a gate that every case must pass; with a judge where wanted.
    pub(crate) fn chat(&self, cases: u64, url: &str, concurrency: u64, judge: bool) {
        self.cases(cases);
        let judged = if judge {
            format!(
                "  - id: agrees\n    kind: judge\n    judge: correctness\n    model: {{kind: chat, base_url: \"{url}/v1\", model: fixed}}\n"
            )
        } else {
            String::new()
        };
        self.write(
            "suite.yaml",
            &format!(
                "version: 1\nsuite: speed\ndataset: {{path: cases.jsonl}}\ntargets:\n  - {{id: model, kind: chat, base_url: \"{url}/v1\", model: fixed}}\nscorers:\n  - {{id: right, kind: contains, any: [\"{{{{ expected }}}}\"]}}\n{judged}success: [right]\ngates:\n  - {{metric: success_rate, min: 1.0}}\nlimits: {{concurrency: {concurrency}, timeout: 60s}}\nallow_uncalibrated: true\n"
            ),
        );
    }

    /// A suite of two targets whose answers are there already, every latency and cost another: what findings are computed from.
    pub(crate) fn recorded(&self, cases: u64, repeats: u32) {
        self.cases(cases);
        // Numbers that look random and are always the same.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for (target, right, median) in [("prod", 0.80, 400.0), ("next", 0.81, 420.0)] {
            let mut text = String::new();
            for number in 0..cases {
                for repeat in 0..repeats {
                    let answer = if next() < right {
                        "It is 42."
                    } else {
                        "I do not know."
                    };
                    let latency = median * (0.5 + 2.0 * next() * next());
                    let cost = 0.000_1 * (0.5 + next());
                    let _ = writeln!(
                        text,
                        r#"{{"case":"case-{number:07}","repeat":{repeat},"output":"{answer}","latency_ms":{latency:.3},"cost_usd":{cost:.9}}}"#
                    );
                }
            }
            self.write(&format!("{target}.jsonl"), &text);
        }
        self.write(
            "suite.yaml",
            &format!(
                "version: 1\nsuite: speed\ndataset: {{path: cases.jsonl}}\ntargets:\n  - {{id: prod, kind: recorded, path: prod.jsonl}}\n  - {{id: next, kind: recorded, path: next.jsonl}}\nscorers:\n  - {{id: right, kind: contains, any: [\"{{{{ expected }}}}\"]}}\nrepeats: {repeats}\nlimits: {{concurrency: 8}}\ngates:\n  - {{metric: success_rate, min: 0.5, target: next}}\n  - {{metric: success_rate, against: baseline, max_drop: 0.05, target: next}}\n  - {{metric: latency_p95_ms, max: 4s, target: next}}\n"
            ),
        );
    }

    /// Questions of a benchmark in its own form, and an output for each, as long as models make them; every third is wrong.
    pub(crate) fn outputs(&self, benchmark: &str, count: u64) {
        let (mut rows, mut outputs) = (String::new(), String::new());
        for number in 0..count {
            let said = if number % 3 == 0 { number + 1 } else { number };
            let reasons =
                "First I look at what is given, then I work through it one step after the other. "
                    .repeat(4);
            let (row, output) = match benchmark {
                "gsm8k" => (
                    format!(
                        r#"{{"question":"What is {number} and nothing?","answer":"It stays as it is.\n#### {number}"}}"#
                    ),
                    format!("{reasons}So there are {said}.\\n#### {said}"),
                ),
                "mmlu_pro" => (
                    format!(
                        r#"{{"question_id":{number},"question":"Which one is it?","options":["a","b","c","d","e","f","g","h","i","j"],"answer":"{}","category":"field {}"}}"#,
                        letter(number),
                        number % 14
                    ),
                    format!("{reasons}The answer is ({}).", letter(said)),
                ),
                _ => (
                    format!(
                        r#"{{"key":{number},"prompt":"Say it as asked, number {number}.","instruction_id_list":["length_constraints:number_words","detectable_format:number_bullet_lists","punctuation:no_comma"],"kwargs":[{{"relation":"at least","num_words":40}},{{"num_bullets":2}},{{}}]}}"#
                    ),
                    format!("{}\\n* one\\n* two", reasons.replace(',', "")),
                ),
            };
            rows += &row;
            rows.push('\n');
            let _ = writeln!(outputs, r#"{{"output":"{output}"}}"#);
        }
        self.write("rows.jsonl", &rows);
        self.write("outputs.jsonl", &outputs);
    }

    /// The bytes of a file here.
    pub(crate) fn size(&self, name: &str) -> u64 {
        let file = std::fs::metadata(self.folder.path().join(name));
        file.expect("a file that was written").len()
    }

    /// The program, about to be run here.
    pub(crate) fn evenhand(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(self.folder.path())
            .env_remove("EVENHAND_RUNS_DIR")
            .args(arguments);
        command
    }
}

fn letter(number: u64) -> char {
    char::from(b'A' + (number % 10) as u8)
}
