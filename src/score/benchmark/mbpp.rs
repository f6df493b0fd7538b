//! MBPP: a function is written from a sentence, and its assertions are executed (Austin et al. 2021, "Program Synthesis with Large
//! Language Models").
//!
//! The program is the code, what the tests need first, and the three assertions of `test_list`, as that paper counts them; it is right
//! where it comes to its end within 3 seconds. The challenge tests are not used. The full file has `text` and `test_setup_code`, the
//! sanitized one `prompt` and `test_imports`.

use serde::Deserialize;

use super::code::fenced;
use super::execution::Execution;
use super::{Marking, Verdict};

/// A row of `mbpp.jsonl` or `sanitized-mbpp.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// Assertions, at least one: without any, whatever comes to its end would be right.
    #[serde(deserialize_with = "some")]
    pub test_list: Vec<String>,
    /// What the assertions need, in the full file.
    #[serde(default)]
    pub test_setup_code: Option<String>,
    /// Imports that the assertions need, in the sanitized file.
    #[serde(default)]
    pub test_imports: Vec<String>,
}

fn some<'de, D: serde::Deserializer<'de>>(list: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::deserialize(list)?;
    match list.is_empty() {
        true => Err(serde::de::Error::custom(
            "`test_list` is empty: nothing is asserted",
        )),
        false => Ok(list),
    }
}

/// How a reply becomes a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// The code of a chat model's reply: the first fenced block that defines something, else the last block; without any, all of it.
    Chat,
    /// What the model wrote, as it is, up to the mark `[DONE]` of the few-shot prompt.
    Raw,
}

impl Marking for Convention {
    type Row = Row;

    fn verdict(&self, _: &Row, _: &str) -> Verdict {
        Verdict::unscored("its program was not executed")
    }

    fn program(&self, row: &Row, output: &str) -> Option<Execution> {
        let found = match self {
            Self::Chat => fenced(output, |block| {
                block
                    .lines()
                    .any(|line| line.starts_with("def ") || line.starts_with("class "))
            }),
            Self::Raw => output.split_once("[DONE]").map(|(code, _)| code.to_owned()),
        };
        let code = found.as_deref().unwrap_or(output);
        let setup = row.test_setup_code.iter().map(String::as_str);
        let imports = row.test_imports.iter().map(String::as_str);
        let tests = row.test_list.iter().map(String::as_str);
        let parts: Vec<&str> = setup.chain(imports).chain([code]).chain(tests).collect();
        let mut execution = Execution::of(parts.join("\n"));
        execution.extracted = found;
        Some(execution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(by: Convention, row: &str, output: &str) -> String {
        let row: Row = serde_json::from_str(row).unwrap();
        by.program(&row, output).unwrap().program
    }

    const FULL: &str = r#"{"task_id": 11, "text": "Say 1.", "code": "", "test_setup_code": "n = 1", "test_list": ["assert f() == n", "assert f()"], "challenge_test_list": ["assert 0"]}"#;
    const SANITIZED: &str = r#"{"source_file": "x", "task_id": 2, "prompt": "Say 1.", "code": "", "test_imports": ["import math"], "test_list": ["assert f() == math.floor(1)"]}"#;

    #[test]
    fn a_row_that_asserts_nothing_is_none() {
        let row = r#"{"task_id": 1, "text": "Say 1.", "test_list": []}"#;
        let said = serde_json::from_str::<Row>(row).unwrap_err().to_string();
        assert!(said.contains("nothing is asserted"), "{said}");
    }

    #[test]
    fn what_the_tests_need_stands_before_the_code_and_the_tests_after() {
        assert_eq!(
            program(Convention::Raw, FULL, "def f(): return 1\n[DONE]\nmore"),
            "n = 1\ndef f(): return 1\n\nassert f() == n\nassert f()"
        );
        assert_eq!(
            program(
                Convention::Chat,
                SANITIZED,
                "Here:\n```python\ndef f():\n    return 1\n```\nand use it:\n```\nf()\n```"
            ),
            "import math\ndef f():\n    return 1\n\nassert f() == math.floor(1)"
        );
        assert!(
            program(Convention::Chat, SANITIZED, "def f(): return 1")
                .contains("\ndef f(): return 1\nassert")
        );
    }
}
