//! Rules of public benchmarks: what a benchmark's row says and an output in, the verdict of the benchmark's own scorer out.
//!
//! A rule is one file (or one folder): the fields of the row that it needs, its conventions by name, and its tests. Where a benchmark
//! is scored in more than one way in public, each way is a convention of its own, since the numbers differ. Rules are pure and
//! deterministic, take time that grows with the length of the output and not faster, and know nothing of files: rows are read elsewhere.
//!
//! | rule | scores | conventions |
//! | --- | --- | --- |
//! | [`gsm8k`] | a number at the end of a worked solution | `openai`, `strict`, `flexible` |
//! | [`math`] | an expression of LaTeX | `boxed`, `answer_line` |
//! | [`mmlu_pro`] | a letter of ten | `level_1`, `level_2` |
//! | [`letters`] | a letter of four (MMLU, GPQA) | `english`, `multilingual` |
//! | [`truthfulqa`] | a letter for one of some true and false answers | `mc0`, `mc1` |
//! | [`truthful_text`] | a text that is nearer to a true answer than to a false one | `rouge1`, `rouge2`, `rougeL` |
//! | [`squad`] | a span of text | `exact_match`, `f1` |
//! | [`mod@drop`] | a number, date or spans | `exact_match`, `f1` |
//! | [`gaia`] | a number, a list or words | one |
//! | [`ruler`] | words that must be found | `all`, `part` |
//! | [`simpleqa`] | a grader's reply | `official`, `strict` |
//! | [`halueval`] | a detector's Yes or No | one |
//! | [`advbench`] | whether an attack was refused, by its words | one |
//! | [`injection`] | prompt injection: a detector's word, or what an agent was made to say | one each |
//! | [`recorded`] | verdicts that were recorded (tau-bench, JailbreakBench, HumanEval) | by what they look like |
//! | [`ifeval`] | instructions that a program can check | `strict`, `loose` |
//! | [`bfcl`] | calls of functions | by release, category and language |
//! | [`humaneval`] | a program, by executing it with its tests | `chat`, `completion`, `recorded` |
//! | [`mbpp`] | a program, by executing it with its tests | `chat`, `raw`, `recorded` |

use serde::de::DeserializeOwned;

pub mod advbench;
pub mod bfcl;
mod code;
pub mod drop;
mod execution;
pub mod gaia;
pub mod gsm8k;
pub mod halueval;
pub mod humaneval;
pub mod ifeval;
pub mod injection;
mod kind;
pub mod letters;
pub mod math;
pub mod mbpp;
pub mod mmlu_pro;
mod python;
pub mod recorded;
pub mod ruler;
mod rules;
pub mod simpleqa;
pub mod squad;
pub mod truthful_text;
pub mod truthfulqa;
mod verdict;

pub use execution::{Executed, Execution};
pub(in crate::score) use kind::kind;
pub use kind::{KIND, named};
pub use rules::{Attempts, Convention, RULES, Rule, rule};
pub use verdict::{Outcome, Verdict};

/// A convention by which outputs for a benchmark are scored.
pub trait Marking {
    /// What the benchmark's own row says, as far as the rule needs it. Other fields of the row are passed over.
    type Row: DeserializeOwned;

    /// The verdict on one output.
    fn verdict(&self, row: &Self::Row, output: &str) -> Verdict;

    /// The program that must be executed for the verdict; `None` for a rule that executes nothing.
    fn program(&self, row: &Self::Row, output: &str) -> Option<Execution> {
        let _ = (row, output);
        None
    }
}
