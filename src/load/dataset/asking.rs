//! How questions are put: in which style, and after which examples.
//!
//! A style is an instruction behind the question, and the form in which an example shows its answer. Examples stand before the question,
//! always the same ones in the same order: given in the suite, or the first rows of a file that is asked nobody. A case that is itself
//! one of the examples is refused. Style and examples are part of the dataset's identity, and every case holds its whole prompt.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::domain::case::{Case, Input};
use crate::domain::decode::Problem;
use crate::domain::suite::{Examples, Format, Style};
use crate::load::benchmarks::places::Role;
use crate::load::benchmarks::pulled::Cache;
use crate::load::benchmarks::shown_letter;
use crate::load::text::problem;

use super::row::Mapping;
use super::sources::FileSource;

/// A style of a benchmark, or of cases of ours.
struct Way {
    style: Style,
    /// What stands behind the question; empty: nothing.
    instruction: &'static str,
    /// An example's answer as an agent is to give it.
    shown: fn(&Case) -> Result<String, String>,
}

/// The styles of a benchmark, its default first.
struct Ways {
    benchmark: &'static str,
    ways: &'static [Way],
}

const NO_REASONING: &str = "the row shows no reasoning, which an example of this style needs; take `style: direct`, or give examples in the suite";

fn none(_: &Case) -> Result<String, String> {
    Err(NO_REASONING.to_owned())
}

/// The first accepted answer.
fn gold(case: &Case) -> Result<String, String> {
    let accepted = case.accepted().into_iter();
    let mut accepted = accepted.filter(|text| !text.trim().is_empty());
    accepted
        .next()
        .ok_or_else(|| "the row has no expected answer to show".to_owned())
}

/// A text that the row has.
fn column(case: &Case, name: &str) -> Result<String, String> {
    match case.columns.get(name) {
        Some(Json::String(text)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        _ => Err(NO_REASONING.to_owned()),
    }
}

fn marked(case: &Case) -> Result<String, String> {
    gold(case).map(|gold| format!("Answer: {gold}"))
}

/// GSM8K writes calculations down twice: `48/2 = <<48/2=24>>24`.
fn without_calculations(case: &Case) -> Result<String, String> {
    let whole = column(case, "answer")?;
    let mut parts = whole.split("<<");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once(">>").map_or(part, |(_, rest)| rest));
    }
    Ok(text)
}

/// The letter of the expected answer among the choices.
fn letter(case: &Case) -> Result<String, String> {
    let accepted = case.accepted();
    let place = case
        .choices
        .iter()
        .position(|choice| accepted.contains(choice));
    let is_letter = |text: &String| {
        (0..case.choices.len())
            .any(|at| shown_letter(at).is_some_and(|letter| *text == letter.to_string()))
    };
    place
        .and_then(shown_letter)
        .map(String::from)
        .or_else(|| accepted.into_iter().find(is_letter))
        .map(|letter| format!("Answer: {letter}"))
        .ok_or_else(|| "`expected` is none of `choices`, and no letter of one".to_owned())
}

const LETTER: &str = "Think step by step. The last line of your reply is \"Answer: X\", where X is one of A, B, C and D.";
const LETTER_ALONE: &str =
    "Reply with \"Answer: X\" and nothing else, where X is one of A, B, C and D.";

const OF_FOUR: &[Way] = &[
    Way {
        style: Style::StepByStep,
        instruction: LETTER,
        shown: none,
    },
    Way {
        style: Style::Direct,
        instruction: LETTER_ALONE,
        shown: marked,
    },
];

/// The styles of benchmarks; others are asked in one way alone.
const WAYS: &[Ways] = &[
    Ways {
        benchmark: "gsm8k",
        ways: &[
            Way {
                style: Style::StepByStep,
                instruction: "Solve it step by step. End with a line of four number signs, a space and the answer as a bare number: #### 42",
                shown: without_calculations,
            },
            Way {
                style: Style::Direct,
                instruction: "Reply with four number signs, a space and the answer as a bare number, and nothing else: #### 42",
                shown: |case| gold(case).map(|gold| format!("#### {gold}")),
            },
        ],
    },
    Ways {
        benchmark: "math",
        ways: &[
            Way {
                style: Style::StepByStep,
                instruction: "Solve it step by step. Put the final answer, and nothing else, in \\boxed{}.",
                shown: |case| column(case, "solution"),
            },
            Way {
                style: Style::Direct,
                instruction: "Reply with the final answer in \\boxed{} and nothing else.",
                shown: |case| gold(case).map(|gold| format!("\\boxed{{{gold}}}")),
            },
        ],
    },
    Ways {
        benchmark: "mmlu_pro",
        ways: &[
            Way {
                style: Style::StepByStep,
                instruction: "Think step by step, then finish with \"the answer is (X)\", where X is the letter of the right option.",
                shown: |case| {
                    let text = column(case, "cot_content")?;
                    Ok(text.strip_prefix("A: ").unwrap_or(&text).to_owned())
                },
            },
            Way {
                style: Style::Direct,
                instruction: "Reply with \"the answer is (X)\" and nothing else, where X is the letter of the right option.",
                shown: |case| gold(case).map(|gold| format!("the answer is ({gold})")),
            },
        ],
    },
    Ways {
        benchmark: "mmlu",
        ways: OF_FOUR,
    },
    Ways {
        benchmark: "gpqa",
        ways: OF_FOUR,
    },
    Ways {
        benchmark: "truthfulqa",
        ways: &[
            Way {
                style: Style::Direct,
                instruction: "Which answer is true? Reply with \"Answer: X\", where X is its letter.",
                shown: marked,
            },
            Way {
                style: Style::StepByStep,
                instruction: "Which answer is true? Think step by step. The last line of your reply is \"Answer: X\", where X is its letter.",
                shown: none,
            },
        ],
    },
    Ways {
        benchmark: "squad",
        ways: &[Way {
            style: Style::Direct,
            instruction: "Answer with the shortest span of the paragraph that answers the question and nothing else. If the paragraph does not answer it, reply with nothing.",
            shown: gold,
        }],
    },
    Ways {
        benchmark: "drop",
        ways: &[
            Way {
                style: Style::StepByStep,
                instruction: "Think step by step. The last line of your reply is \"Answer: \" and the answer.",
                shown: none,
            },
            Way {
                style: Style::Direct,
                instruction: "Reply with \"Answer: \" and the answer, and nothing else.",
                shown: marked,
            },
        ],
    },
];

/// The styles of cases of ours; without one nothing is put behind the question.
const OURS: &[Way] = &[
    Way {
        style: Style::Plain,
        instruction: "",
        shown: gold,
    },
    Way {
        style: Style::StepByStep,
        instruction: "Think step by step. The last line of your reply is \"Answer: \" and the answer.",
        shown: none,
    },
    Way {
        style: Style::Direct,
        instruction: "Reply with the answer and nothing else.",
        shown: gold,
    },
    Way {
        style: Style::Letter,
        instruction: "Reply with \"Answer: X\" and nothing else, where X is the letter of the right choice.",
        shown: letter,
    },
];

fn ways(benchmark: Option<&str>) -> Option<&'static [Way]> {
    match benchmark {
        None => Some(OURS),
        Some(name) => WAYS
            .iter()
            .find(|ways| ways.benchmark == name)
            .map(|ways| ways.ways),
    }
}

/// The styles of a benchmark (of cases of ours without one), the default first; none: it is asked in one way alone.
#[must_use]
pub fn styles(benchmark: Option<&str>) -> Vec<Style> {
    let ways = ways(benchmark).unwrap_or_default().iter();
    ways.map(|way| way.style).collect()
}

/// A format with its examples read.
#[derive(Debug)]
pub(crate) struct Asking {
    style: Style,
    benchmark: Option<String>,
    /// What stands before each question.
    before: String,
    /// The questions of the examples, none of which may be asked.
    questions: Vec<String>,
}

impl Asking {
    /// Reads what a format needs. `named` and `folder` are the suite's.
    pub(crate) fn read(
        format: &Format,
        mapping: &Mapping,
        (named, folder): (&str, &Path),
    ) -> Result<Arc<Self>, Vec<Problem>> {
        let here = |message: String| vec![problem(named, format.span, message)];
        let benchmark = mapping.benchmark.map(|benchmark| benchmark.name);
        let way = way(benchmark, format.style).map_err(here)?;
        let mut asking = Self {
            style: way.style,
            benchmark: benchmark.map(str::to_owned),
            before: String::new(),
            questions: Vec::new(),
        };
        let examples = match &format.examples {
            Examples::None if format.shots.is_none() => return Ok(Arc::new(asking)),
            Examples::Given(given) => given.clone(),
            Examples::File(path) => {
                let path = folder.join(path);
                asking
                    .of_file(&path, format, mapping, way)
                    .map_err(|faults| {
                        faults
                            .into_iter()
                            .map(|mut fault| {
                                if fault.file.is_empty() {
                                    fault = problem(named, format.span, fault.message);
                                }
                                fault
                            })
                            .collect::<Vec<_>>()
                    })?
            }
            Examples::None => {
                let Some(benchmark) = benchmark else {
                    return Err(here("`shots` wants `examples`: a file of cases that are asked nobody, or a list".to_owned()));
                };
                let pulled = Cache::of_environment()
                    .and_then(|cache| cache.files(benchmark, Role::Examples, folder))
                    .map_err(here)?;
                let Some(path) = pulled.first() else {
                    return Err(here(format!(
                        "no examples of {benchmark} were pulled; name a file of rows that are asked nobody as `examples`, or give a list"
                    )));
                };
                asking.of_file(path, format, mapping, way)?
            }
        };
        let wanted = format.shots.map_or(examples.len(), |shots| {
            usize::try_from(shots).unwrap_or(usize::MAX)
        });
        if examples.len() < wanted {
            return Err(here(format!(
                "`shots` is {wanted}, and there are {} examples",
                examples.len()
            )));
        }
        for (nth, (question, answer)) in examples.iter().take(wanted).enumerate() {
            asking.before.push_str(&format!(
                "Example {}:\n\n{}\n\n{}\n\n",
                nth + 1,
                question.trim(),
                answer.trim()
            ));
            asking.questions.push(question.trim().to_owned());
        }
        asking.before.push_str("The question:\n\n");
        Ok(Arc::new(asking))
    }

    /// The first rows of a file as examples.
    fn of_file(
        &self,
        path: &Path,
        format: &Format,
        mapping: &Mapping,
        way: &Way,
    ) -> Result<Vec<(String, String)>, Vec<Problem>> {
        let Some(shots) = format.shots else {
            return Err(vec![problem(
                "",
                format.span,
                "say how many examples of the file: `shots`",
            )]);
        };
        let named = path.display().to_string();
        let plain = Mapping {
            asking: None,
            cluster: None,
            ..mapping.clone()
        };
        let kind = super::row::format_of(&named)
            .map_err(|message| vec![problem("", format.span, message)])?;
        let mut source = FileSource::open(path, &named, kind, &plain)?;
        let mut examples = Vec::new();
        for nth in 1..=shots {
            let Some(found) = source.next(&plain) else {
                break;
            };
            let case = found?.case;
            let example = self
                .question(&case)
                .and_then(|question| Ok((question, (way.shown)(&case)?)));
            examples.push(example.map_err(|why| {
                vec![problem(
                    &named,
                    Default::default(),
                    format!("example {nth}: {why}"),
                )]
            })?);
        }
        Ok(examples)
    }

    fn way(&self) -> Result<&'static Way, String> {
        way(self.benchmark.as_deref(), Some(self.style))
    }

    /// A case's question without what stands behind it.
    fn question(&self, case: &Case) -> Result<String, String> {
        let Input::Text(text) = &case.input else {
            return Err("`input` is a list of messages, and `format` wants a text".to_owned());
        };
        let first = ways(self.benchmark.as_deref()).and_then(|ways| ways.first());
        let instruction = first.map_or("", |way| way.instruction);
        let mut question = match text.strip_suffix(instruction) {
            Some(question) => question.trim_end().to_owned(),
            None => {
                return Err(format!(
                    "the prompt of {} does not end as its format says",
                    case.id
                ));
            }
        };
        if self.style == Style::Letter {
            if case.choices.is_empty() {
                return Err("`style: letter` wants `choices`".to_owned());
            }
            question.push('\n');
            for (at, choice) in case.choices.iter().enumerate() {
                let letter = shown_letter(at)
                    .ok_or_else(|| "there are more choices than letters".to_owned())?;
                question.push_str(&format!("\n{letter}) {choice}"));
            }
        }
        Ok(question)
    }

    /// Puts a case's question in this format.
    pub(crate) fn put(&self, case: &mut Case) -> Result<(), String> {
        let question = self.question(case)?;
        if let Some(nth) = self
            .questions
            .iter()
            .position(|one| *one == question.trim())
        {
            return Err(format!(
                "this case is example {} of the format: examples never come from the questions that are asked",
                nth + 1
            ));
        }
        let behind = match self.way()?.instruction {
            "" => String::new(),
            instruction => format!("\n\n{instruction}"),
        };
        case.input = Input::Text(format!("{}{question}{behind}", self.before));
        Ok(())
    }

    /// What is part of the dataset's identity.
    pub(crate) fn identity(&self) -> Json {
        json!([self.style.name(), self.before])
    }
}

fn way(benchmark: Option<&str>, style: Option<Style>) -> Result<&'static Way, String> {
    let ways = ways(benchmark).unwrap_or_default();
    let found = match style {
        None => ways.first(),
        Some(style) => ways.iter().find(|way| way.style == style),
    };
    found.ok_or_else(|| {
        let names: Vec<&str> = ways.iter().map(|way| way.style.name()).collect();
        let of = benchmark.unwrap_or("cases of your own");
        match style.filter(|_| !names.is_empty()) {
            Some(style) => format!(
                "{of} has no style `{}`; it has: {}",
                style.name(),
                names.join(", ")
            ),
            None => format!("{of} is asked in one way alone; remove `format`"),
        }
    })
}

/// Whether a style goes with a benchmark, or with cases of ours.
pub(crate) fn check(benchmark: Option<&str>, style: Option<Style>) -> Result<(), String> {
    way(benchmark, style).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::benchmarks::{BENCHMARKS, find};

    #[test]
    fn the_first_style_is_what_the_benchmark_asks_by_itself() {
        for ways in WAYS {
            let benchmark = find(ways.benchmark).unwrap();
            // That of GPQA refers to MMLU's.
            if ways.benchmark != "gpqa" {
                let asked = benchmark.prompt;
                assert!(
                    asked.contains(ways.ways[0].instruction),
                    "{}",
                    ways.benchmark
                );
            }
            let mut seen: Vec<&str> = ways.ways.iter().map(|way| way.style.name()).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), ways.ways.len(), "{}", ways.benchmark);
        }
        assert!(
            BENCHMARKS
                .iter()
                .any(|benchmark| styles(Some(benchmark.name)).is_empty())
        );
        assert_eq!(styles(None)[0], Style::Plain);
    }

    #[test]
    fn an_example_shows_its_answer_as_the_style_wants_it() {
        let mut case = Case::new("a", "q");
        case.expected = Some(json!("C"));
        case.choices = vec!["x".into(), "y".into(), "z".into()];
        case.columns.insert(
            "answer".into(),
            json!("48/2 = <<48/2=24>>24 and <<24+1=25>>25\n#### 25"),
        );
        assert_eq!(
            without_calculations(&case).unwrap(),
            "48/2 = 24 and 25\n#### 25"
        );
        assert_eq!(letter(&case).unwrap(), "Answer: C");
        case.expected = Some(json!(["w", "y"]));
        assert_eq!(letter(&case).unwrap(), "Answer: B");
        case.expected = Some(json!("w"));
        assert!(letter(&case).unwrap_err().contains("none of `choices`"));
        case.expected = None;
        assert!(gold(&case).unwrap_err().contains("no expected answer"));
        assert!(none(&case).unwrap_err().contains("style: direct"));
    }
}
