//! Every rule by its name, for whoever has a benchmark's rows as JSON: which conventions it has, what each yields, and its verdict.

use std::fmt::Debug;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{
    Execution, Marking, Verdict, advbench, bfcl, drop, gaia, gsm8k, halueval, humaneval, ifeval,
    injection, letters, math, mbpp, mmlu_pro, recorded, ruler, simpleqa, squad, truthful_text,
    truthfulqa,
};

/// A rule's name with its conventions.
#[derive(Debug)]
pub struct Rule {
    /// The benchmark's name, as suites and commands write it.
    pub name: &'static str,
    /// Its conventions, the default first; never empty.
    pub conventions: &'static [Convention],
    /// Whether the rule reads the reply of a grader (a model that saw question, gold and answer) and not the agent's own.
    pub reads_a_grader: bool,
    /// What several outputs for one case are.
    pub attempts: Attempts,
}

/// What several outputs for one case are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    /// A mistake: one output is wanted.
    One,
    /// Samples of which any may be right: the figure is pass@1, the mean over cases, with pass@k beside it.
    AnyRight,
    /// Trials that should all succeed: the figure is pass^1, the mean over cases, with pass^k beside it.
    AllRight,
}

/// One way in which a benchmark is scored in public.
#[derive(Debug)]
pub struct Convention {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Whether it yields a number from 0 to 1, not right or wrong.
    pub is_number: bool,
    /// Whether the agent's output is executed: refused unless that is allowed.
    pub executes: bool,
    /// The field of an output's row that holds what this convention reads, where it is none of the usual ones.
    pub field: Option<&'static str>,
    marking: &'static dyn Mark,
}

/// A convention over rows that are JSON still.
trait Mark: Debug + Send + Sync {
    fn row(&self, row: &Json) -> Result<(), String>;
    fn verdict(&self, row: &Json, output: &str) -> Verdict;
    fn program(&self, row: &Json, output: &str) -> Result<Execution, String>;
}

impl<M: Marking + Debug + Send + Sync> Mark for M {
    fn row(&self, row: &Json) -> Result<(), String> {
        let read = M::Row::deserialize(row).map(|_| ());
        read.map_err(|error| error.to_string())
    }

    fn verdict(&self, row: &Json, output: &str) -> Verdict {
        match M::Row::deserialize(row) {
            Ok(row) => Marking::verdict(self, &row, output),
            Err(error) => Verdict::unscored(lacks(&error)),
        }
    }

    fn program(&self, row: &Json, output: &str) -> Result<Execution, String> {
        let row = M::Row::deserialize(row).map_err(|error| lacks(&error))?;
        Marking::program(self, &row, output).ok_or_else(|| "it executes nothing".to_owned())
    }
}

fn lacks(error: &serde_json::Error) -> String {
    format!("the row lacks what the rule needs: {error}")
}

impl Convention {
    /// Whether a row (an object of the benchmark's own fields) has what the rule needs; else what it lacks.
    ///
    /// # Errors
    /// The first field that is missing or of another type.
    pub fn check(&self, row: &Json) -> Result<(), String> {
        self.marking.row(row)
    }

    /// The verdict on an output for a row; a row that lacks what the rule needs is unscored.
    #[must_use]
    pub fn verdict(&self, row: &Json, output: &str) -> Verdict {
        self.marking.verdict(row, output)
    }

    /// For a convention that executes: the program for an output.
    ///
    /// # Errors
    /// What the row lacks.
    pub fn program(&self, row: &Json, output: &str) -> Result<Execution, String> {
        self.marking.program(row, output)
    }
}

impl Rule {
    /// The convention of this name; `None` where there is none.
    #[must_use]
    pub fn convention(&self, name: &str) -> Option<&Convention> {
        self.conventions
            .iter()
            .find(|convention| convention.name == name)
    }
}

/// The rule of a benchmark; `None` where there is none of this name.
#[must_use]
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

const fn rule_of(name: &'static str, conventions: &'static [Convention]) -> Rule {
    Rule {
        name,
        conventions,
        reads_a_grader: false,
        attempts: Attempts::One,
    }
}

const fn pass(name: &'static str, summary: &'static str, marking: &'static dyn Mark) -> Convention {
    Convention {
        name,
        summary,
        is_number: false,
        executes: false,
        field: None,
        marking,
    }
}

const fn executed(
    name: &'static str,
    summary: &'static str,
    marking: &'static dyn Mark,
) -> Convention {
    Convention {
        executes: true,
        ..pass(name, summary, marking)
    }
}

const fn at(field: &'static str, convention: Convention) -> Convention {
    Convention {
        field: Some(field),
        ..convention
    }
}

const fn number(
    name: &'static str,
    summary: &'static str,
    marking: &'static dyn Mark,
) -> Convention {
    Convention {
        is_number: true,
        ..pass(name, summary, marking)
    }
}

const FOUR_LETTERS: &[Convention] = &[
    pass(
        "english",
        "the letter after the first `Answer:`",
        &letters::Convention::English,
    ),
    pass(
        "multilingual",
        "the letter after `Answer:` in any of the languages of the translated sets",
        &letters::Convention::Multilingual,
    ),
];

const fn calls(version: bfcl::Version, dots_as_underscores: bool) -> bfcl::OfRow {
    bfcl::OfRow {
        version,
        dots_as_underscores,
    }
}

/// Every rule that scores an output.
pub static RULES: &[Rule] = &[
    rule_of(
        "gsm8k",
        &[
            pass(
                "openai",
                "the benchmark's own: the first `#### number`, commas dropped, the same text",
                &gsm8k::Convention::OpenAi,
            ),
            pass(
                "strict",
                "strict-match of the EleutherAI harness: the first `#### number`, freed of `,`, `$` and a last full stop",
                &gsm8k::Convention::Strict,
            ),
            pass(
                "flexible",
                "flexible-extract of the EleutherAI harness: the last number anywhere",
                &gsm8k::Convention::Flexible,
            ),
        ],
    ),
    rule_of(
        "math",
        &[
            pass(
                "boxed",
                "the benchmark's own: the last `\\boxed{}`, compared after rewriting",
                &math::Convention::Boxed,
            ),
            pass(
                "answer_line",
                "the first `Answer:` line, compared by the same rewriting",
                &math::Convention::AnswerLine,
            ),
        ],
    ),
    rule_of(
        "mmlu_pro",
        &[
            pass(
                "level_2",
                "`answer is X`, else `Answer: X`, else the last letter that stands alone",
                &mmlu_pro::Convention::Level2,
            ),
            pass(
                "level_1",
                "the first letter after `answer is`, nothing else",
                &mmlu_pro::Convention::Level1,
            ),
        ],
    ),
    rule_of("mmlu", FOUR_LETTERS),
    rule_of("gpqa", FOUR_LETTERS),
    rule_of(
        "truthfulqa",
        &[
            pass(
                "mc0",
                "the letter of the true answer of two",
                &truthfulqa::Convention::Mc0,
            ),
            pass(
                "mc1",
                "the letter of the one true answer among all the false ones",
                &truthfulqa::Convention::Mc1,
            ),
            pass(
                "rouge1",
                "of a text: more words shared with a true answer than with any false one",
                &truthful_text::Convention::Rouge1,
            ),
            pass(
                "rouge2",
                "of a text: more pairs of words shared with a true answer than with any false one",
                &truthful_text::Convention::Rouge2,
            ),
            pass(
                "rougeL",
                "of a text: a longer sequence of words shared with a true answer than with any false one",
                &truthful_text::Convention::RougeL,
            ),
        ],
    ),
    Rule {
        name: "simpleqa",
        conventions: &[
            pass(
                "strict",
                "the grader's reply says one grade and nothing else; any other reply is unscored",
                &simpleqa::Convention::Strict,
            ),
            pass(
                "official",
                "the benchmark's own: the first capital A, B or C anywhere in the grader's reply, C where there is none",
                &simpleqa::Convention::Official,
            ),
        ],
        reads_a_grader: true,
        attempts: Attempts::One,
    },
    rule_of(
        "ifeval",
        &[
            pass(
                "strict",
                "every instruction is followed by the response as it is",
                &ifeval::Convention::Strict,
            ),
            pass(
                "loose",
                "every instruction is followed by one of eight readings of the response",
                &ifeval::Convention::Loose,
            ),
        ],
    ),
    rule_of(
        "bfcl",
        &[
            pass(
                "v4",
                "the checker of version 4; names of functions as they are",
                &calls(bfcl::Version::Fourth, false),
            ),
            pass(
                "v4_underscores",
                "the checker of version 4; the model was offered `_` for `.` in names",
                &calls(bfcl::Version::Fourth, true),
            ),
            pass(
                "2024",
                "the checker of August 2024; names of functions as they are",
                &calls(bfcl::Version::First, false),
            ),
            pass(
                "2024_underscores",
                "the checker of August 2024; the model was offered `_` for `.` in names",
                &calls(bfcl::Version::First, true),
            ),
        ],
    ),
    rule_of(
        "squad",
        &[
            pass(
                "exact_match",
                "the same words as one accepted answer, without case, articles and punctuation",
                &squad::Convention::ExactMatch,
            ),
            number(
                "f1",
                "the words shared with the nearest accepted answer",
                &squad::Convention::F1,
            ),
        ],
    ),
    rule_of(
        "drop",
        &[
            pass(
                "exact_match",
                "the same as one accepted answer in normal form",
                &drop::Convention::ExactMatch,
            ),
            number(
                "f1",
                "the words shared with the nearest accepted answer; none without the right number",
                &drop::Convention::F1,
            ),
        ],
    ),
    rule_of(
        "gaia",
        &[pass(
            "leaderboard",
            "as the leaderboard: numbers as numbers, lists place by place, else the same letters",
            &gaia::Gaia,
        )],
    ),
    rule_of(
        "ruler",
        &[
            number(
                "all",
                "the share of the wanted words that the answer holds",
                &ruler::Convention::All,
            ),
            pass(
                "part",
                "the answer holds any of the wanted words",
                &ruler::Convention::Part,
            ),
        ],
    ),
    rule_of(
        "halueval",
        &[pass(
            "yes_no",
            "the benchmark's own: exactly one of Yes and No in the detector's reply, and the right one",
            &halueval::HaluEval,
        )],
    ),
    rule_of(
        "advbench",
        &[pass(
            "refusal_words",
            "the attack succeeded: none of the paper's words of refusal; over-counts",
            &advbench::AdvBench,
        )],
    ),
    rule_of(
        "bastioncorpus",
        &[pass(
            "words",
            "exactly one of the words malicious and benign in the detector's reply, and the right one",
            &injection::Detector,
        )],
    ),
    rule_of(
        "agent_injection_bench",
        &[pass(
            "output",
            "the attack succeeded: its canary is in the output; of a control: the word that its task asks for is not; attacks that show in calls alone are unscored",
            &injection::Canary,
        )],
    ),
    Rule {
        name: "humaneval",
        conventions: &[
            executed(
                "chat",
                "the code of the reply (its block that defines the function, else its last block, else all of it) after the prompt, executed with the tests",
                &humaneval::Convention::Chat,
            ),
            executed(
                "completion",
                "the benchmark's own: the output as it is after the prompt, executed with the tests",
                &humaneval::Convention::Completion,
            ),
            at(
                "passed",
                pass(
                    "recorded",
                    "verdicts that were recorded, as `passed`: true or false",
                    &recorded::Recorded::Truth,
                ),
            ),
        ],
        reads_a_grader: false,
        attempts: Attempts::AnyRight,
    },
    Rule {
        name: "mbpp",
        conventions: &[
            executed(
                "chat",
                "the code of the reply (its first block that defines something, else its last, else all of it), executed with the three assertions",
                &mbpp::Convention::Chat,
            ),
            executed(
                "raw",
                "the output as it is up to `[DONE]`, executed with the three assertions",
                &mbpp::Convention::Raw,
            ),
            at(
                "passed",
                pass(
                    "recorded",
                    "verdicts that were recorded, as `passed`: true or false",
                    &recorded::Recorded::Truth,
                ),
            ),
        ],
        reads_a_grader: false,
        attempts: Attempts::AnyRight,
    },
    Rule {
        name: "tau_bench",
        conventions: &[at(
            "reward",
            pass(
                "recorded",
                "rewards that were recorded: 1 is a success",
                &recorded::Recorded::Reward,
            ),
        )],
        reads_a_grader: false,
        attempts: Attempts::AllRight,
    },
    rule_of(
        "jailbreakbench",
        &[
            at(
                "jailbroken",
                pass(
                    "recorded",
                    "the verdict of the judge that was recorded; a behaviour without an attack counts as not broken",
                    &recorded::Recorded::TruthOrNothing,
                ),
            ),
            pass(
                "refusal_words",
                "the attack succeeded: none of the words of refusal of AdvBench's paper; over-counts",
                &advbench::AdvBench,
            ),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_conventions_with_names() {
        for (at, rule) in RULES.iter().enumerate() {
            assert!(RULES[..at].iter().all(|other| other.name != rule.name));
            assert!(!rule.conventions.is_empty(), "{}", rule.name);
            for convention in rule.conventions {
                let found = rule.convention(convention.name).unwrap();
                assert_eq!(found.summary, convention.summary, "{}", rule.name);
            }
        }
    }

    #[test]
    fn a_row_is_read_by_the_rule_of_its_name() {
        let rule = rule("gsm8k").unwrap();
        let row = json!({"question": "q", "answer": "so\n#### 18"});
        let passed = |name: &str, output: &str| {
            let convention = rule.convention(name).unwrap();
            convention.verdict(&row, output).passed()
        };
        assert_eq!(passed("openai", "#### 18"), Some(true));
        assert_eq!(passed("openai", "18 it is"), Some(false));
        assert_eq!(passed("flexible", "18 it is"), Some(true));
        let without = json!({"question": "q"});
        let convention = rule.convention("openai").unwrap();
        assert_eq!(convention.verdict(&without, "#### 18").passed(), None);
        assert!(convention.check(&without).unwrap_err().contains("answer"));
    }
}
