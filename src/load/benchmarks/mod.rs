//! Public benchmarks: the table of them, and how a row of each one's own file becomes a case.
//!
//! A benchmark is one file and one row of [`BENCHMARKS`]. Its file reads the row and writes the prompt; its rule, by which outputs are
//! scored, stands in `score` under the same name. A case's id is the row's own, else a digest of the row; its columns are the row's own
//! fields, which the rule and templates find there, and what the row's format adds to them (the order in which options were shown, the
//! category of a question).

mod advbench;
mod agent_injection_bench;
mod answers;
mod bastioncorpus;
mod bfcl;
mod cases;
mod drop;
mod gaia;
mod gpqa;
mod gsm8k;
mod halueval;
mod humaneval;
mod ifeval;
mod jailbreakbench;
mod math;
mod mbpp;
mod mmlu;
mod mmlu_pro;
mod native;
pub mod needle;
mod outputs;
pub mod places;
pub mod pulled;
mod ruler;
mod shown;
mod simpleqa;
mod squad;
mod tau_bench;
mod truthfulqa;

use serde_json::{Map, Value as Json};

use crate::domain::case::{Case, Input};
use crate::domain::decode::unknown;
use crate::load::dataset::unfolded::Unfold;
use crate::score::benchmark::{Rule, rule};

pub(crate) use answers::Answers;
pub use cases::{Cases, NativeCase};
use native::Native;
pub use outputs::{OutputRow, Outputs, Wanted};
pub(crate) use shown::letter as shown_letter;

/// A row of the table.
#[derive(Debug)]
pub struct Benchmark {
    /// The word in `benchmark:` and `--benchmark`; the rule has the same.
    pub name: &'static str,
    /// What it asks for, in one line.
    pub summary: &'static str,
    /// How many cases the published file has, and of which part.
    pub cases: &'static str,
    /// The licence of the data, as its publisher states it.
    pub licence: &'static str,
    /// What the figure is called.
    pub metric: &'static str,
    /// Which file is read, with the fields of a row.
    pub file: &'static str,
    /// What an agent is asked, word for word but for the row's own texts; always without examples (zero-shot).
    pub prompt: &'static str,
    /// Against what the rule was held: real rows and verdicts of the official scorer; `None`: tables of cases alone.
    pub verified: Option<&'static str>,
    /// Columns that name a row, the surest first: those by which outputs of others are joined.
    pub keys: &'static [&'static str],
    /// The key under which a file of outputs that is one object has its rows.
    pub list_of_outputs: Option<&'static str>,
    /// What is right stands in a file of its own beside the questions.
    answers_beside: bool,
    /// How rows are found in a `.json` file that is one object; `None`: such a file is none of this benchmark.
    unfold: Option<Unfold>,
    read: fn(&Native<'_>) -> Result<Asked, String>,
}

/// Every benchmark that is known.
pub static BENCHMARKS: &[Benchmark] = &[
    gsm8k::BENCHMARK,
    math::BENCHMARK,
    mmlu_pro::BENCHMARK,
    mmlu::BENCHMARK,
    gpqa::BENCHMARK,
    truthfulqa::BENCHMARK,
    simpleqa::BENCHMARK,
    ifeval::BENCHMARK,
    bfcl::BENCHMARK,
    squad::BENCHMARK,
    drop::BENCHMARK,
    gaia::BENCHMARK,
    ruler::BENCHMARK,
    halueval::BENCHMARK,
    advbench::BENCHMARK,
    bastioncorpus::BENCHMARK,
    agent_injection_bench::BENCHMARK,
    humaneval::BENCHMARK,
    mbpp::BENCHMARK,
    tau_bench::BENCHMARK,
    jailbreakbench::BENCHMARK,
];

/// The benchmark of a name.
///
/// # Errors
/// That there is none, with what may have been meant.
pub fn find(name: &str) -> Result<&'static Benchmark, String> {
    let known: Vec<&str> = BENCHMARKS.iter().map(|benchmark| benchmark.name).collect();
    BENCHMARKS
        .iter()
        .find(|benchmark| benchmark.name == name)
        .ok_or_else(|| {
            let hint = unknown("benchmark", name, &known);
            format!("{hint} (`evenhand list benchmarks` has them all)")
        })
}

/// What a row asks.
#[derive(Debug, Default)]
struct Asked {
    id: Option<String>,
    prompt: String,
    /// The right answer as a person would say it; the rule reads the row's own fields.
    expected: Option<Json>,
    choices: Vec<String>,
    tags: Vec<String>,
    /// Questions that share it hang together.
    cluster: Option<String>,
    /// Columns that the format adds.
    more: Vec<(&'static str, Json)>,
}

impl Benchmark {
    /// The rule that scores its outputs.
    ///
    /// # Errors
    /// That there is none: tests hold the two tables against one another.
    pub fn rule(&self) -> Result<&'static Rule, String> {
        rule(self.name).ok_or_else(|| format!("the benchmark {} has no rule", self.name))
    }

    /// Whether what is right stands in a file of its own beside the questions.
    pub(crate) const fn has_answers_beside(&self) -> bool {
        self.answers_beside
    }

    /// How rows are found in a `.json` file that is one object.
    pub(crate) const fn unfold(&self) -> Option<Unfold> {
        self.unfold
    }

    /// A row of its own file into a case; `derived` is the id of a row without one.
    pub(crate) fn case(
        &self,
        mut row: Map<String, Json>,
        derived: impl FnOnce() -> String,
    ) -> Result<Case, Vec<String>> {
        let native = Native::new(self.name, self.file, &row);
        let asked = (self.read)(&native).map_err(|message| vec![message])?;
        for (name, value) in asked.more {
            row.insert(name.to_owned(), value);
        }
        let whole = Json::Object(row);
        let rule = self.rule().map_err(|message| vec![message])?;
        rule.conventions[0].check(&whole).map_err(|error| {
            vec![format!(
                "the row lacks what the rule of {} needs: {error}; a row has: {}",
                self.name, self.file
            )]
        })?;
        let Json::Object(columns) = whole else {
            return Err(Vec::new());
        };
        Ok(Case {
            input: Input::Text(asked.prompt),
            expected: asked.expected,
            choices: asked.choices,
            tags: asked.tags,
            cluster: asked.cluster,
            columns,
            ..Case::new(asked.id.unwrap_or_else(derived), "")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::benchmark::RULES;

    #[test]
    fn every_benchmark_has_its_rule_and_every_rule_its_benchmark() {
        let names: Vec<&str> = BENCHMARKS.iter().map(|benchmark| benchmark.name).collect();
        let rules: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names, rules);
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_what_may_be_meant() {
        let said = find("mmlu-pro").unwrap_err();
        assert!(said.contains("did you mean `mmlu_pro`"), "{said}");
    }
}
