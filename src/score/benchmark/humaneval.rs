//! HumanEval: a function is completed, and its tests are executed (Chen et al. 2021, "Evaluating Large Language Models Trained on Code").
//!
//! The program is put together as the benchmark's own checker does: prompt, completion, tests, and a call of `check` with the function. It
//! is right where it comes to its end within 3 seconds. That checker gives a completion as the model wrote it; chat models reply with
//! talk around a block of code and repeat the head of the function, for which `chat` looks.
//!
//! The tests stand in the same interpreter as the completion, here as there: an answer that equals everything passes them.

use serde::Deserialize;

use super::code::{defines, fenced};
use super::execution::Execution;
use super::{Marking, Verdict};

/// A row of `HumanEval.jsonl`.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The task, as `HumanEval/0`.
    pub task_id: String,
    /// The head of the function with its description.
    pub prompt: String,
    /// The function's name.
    pub entry_point: String,
    /// A function `check` that takes the function and asserts.
    pub test: String,
}

/// How a reply becomes a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// The code of a chat model's reply; a reply without a block of code is a completion.
    Chat,
    /// The benchmark's own: what the model wrote stands after the prompt, as it is.
    Completion,
}

impl Row {
    /// The program that the benchmark's checker runs for a completion.
    #[must_use]
    pub fn program(&self, completion: &str) -> String {
        let Self {
            prompt,
            test,
            entry_point,
            ..
        } = self;
        format!("{prompt}{completion}\n{test}\ncheck({entry_point})")
    }
}

impl Marking for Convention {
    type Row = Row;

    fn verdict(&self, _: &Row, _: &str) -> Verdict {
        Verdict::unscored("its program was not executed")
    }

    fn program(&self, row: &Row, output: &str) -> Option<Execution> {
        let found = match self {
            Self::Chat => fenced(output, |block| defines(block, &row.entry_point)),
            Self::Completion => None,
        };
        let code = found.as_deref().unwrap_or(output);
        // A whole function stands after the prompt too, whose imports and helpers it needs; the prompt alone is a function already.
        let whole = *self == Self::Chat && defines(code, &row.entry_point);
        let mut execution = Execution::of(match whole {
            true => row.program(&format!("\n{code}")),
            false => row.program(code),
        });
        execution.extracted = found;
        Some(execution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        serde_json::from_str(
            r#"{"task_id": "HumanEval/0", "prompt": "import math\ndef f():\n    'Says 1.'\n", "entry_point": "f", "canonical_solution": "", "test": "def check(g):\n    assert g()"}"#,
        )
        .unwrap()
    }

    fn program(by: Convention, output: &str) -> String {
        by.program(&row(), output).unwrap().program
    }

    #[test]
    fn the_program_calls_the_check_with_the_function() {
        assert_eq!(
            program(Convention::Completion, "    return 1"),
            "import math\ndef f():\n    'Says 1.'\n    return 1\ndef check(g):\n    assert g()\ncheck(f)"
        );
        let talk = "```python\n    return 1\n```";
        assert!(program(Convention::Completion, talk).contains("```"));
    }

    #[test]
    fn the_code_of_a_reply_stands_after_the_prompt_whether_it_is_a_body_or_a_function() {
        for (reply, code) in [
            ("    return 1", "'Says 1.'\n    return 1\ndef check"),
            (
                "Sure:\n```python\n    return 1\n```\nDone.",
                "'Says 1.'\n    return 1\n\ndef check",
            ),
            (
                "```\ndef f():\n    return 1\n```",
                "'Says 1.'\n\ndef f():\n    return 1\n\ndef check",
            ),
            (
                "def f():\n    return 1",
                "'Says 1.'\n\ndef f():\n    return 1\ndef check",
            ),
        ] {
            let program = program(Convention::Chat, reply);
            assert!(program.contains(code), "{reply}: {program}");
        }
        let execution = Convention::Chat.program(&row(), "```\nx\n```").unwrap();
        assert_eq!(execution.extracted.as_deref(), Some("x\n"));
    }
}
