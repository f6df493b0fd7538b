//! HaluEval: a detector says whether an answer is made up (Li et al. 2023, "HaluEval: A Large-Scale Hallucination Evaluation Benchmark for
//! Large Language Models").
//!
//! The reply is freed of full stops, and must hold one of `Yes` and `No`: the word `Not` or `None` holds `No`, as in the benchmark's program. A
//! reply with both or neither failed and counts as wrong.

use serde::Deserialize;

use super::{Marking, Verdict};

/// A row of the benchmark's files.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// Whether the answer shown is made up: `yes` or `no`. The file of general questions has it for each row; for the files of pairs whoever
    /// asks picks one answer of the two and says which.
    pub hallucination: String,
}

/// The one convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HaluEval;

impl Marking for HaluEval {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        let made_up = match row.hallucination.as_str() {
            "yes" => true,
            "no" => false,
            other => {
                return Verdict::unscored(format!(
                    "the row's `hallucination` is `{other}`, neither yes nor no"
                ));
            }
        };
        let reply = output.replace('.', "");
        match (reply.contains("Yes"), reply.contains("No")) {
            (true, false) => Verdict::pass(made_up).from_answer(Some("Yes")),
            (false, true) => Verdict::pass(!made_up).from_answer(Some("No")),
            _ => Verdict::pass(false).because("the reply holds not one of Yes and No"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_says_one_of_two_words() {
        for (label, reply, wanted) in [
            ("yes", "Yes.", Some(true)),
            ("yes", "#Your Judgement#: Yes", Some(true)),
            ("yes", "Y.e.s", Some(true)),
            ("no", "No", Some(true)),
            ("no", "Not at all", Some(true)),
            ("yes", "No", Some(false)),
            ("yes", "yes", Some(false)),
            ("yes", "Yes. Nothing supports it", Some(false)),
            ("maybe", "Yes", None),
        ] {
            let row = Row {
                hallucination: label.to_owned(),
            };
            assert_eq!(
                HaluEval.verdict(&row, reply).passed(),
                wanted,
                "{label} {reply}"
            );
        }
    }
}
