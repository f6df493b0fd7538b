//! BFCL: calls of functions, compared with what is accepted for each argument (Patil et al. 2024, "Berkeley Function-Calling Leaderboard").
//!
//! The output is a JSON array with one object a call: the function's name, and its arguments as an object or as JSON in a text. Anything
//! else is no call. Arguments are compared as values of Python, so that `true` is 1 and 1 is 1.0; for Java and JavaScript they must be texts,
//! which are read as literals of that language first. A `detail` carries the leaderboard's own name of what is wrong.
//!
//! | | first release (2024) | version 4 |
//! | --- | --- | --- |
//! | accepted calls | an object, its names numbered where one function is called twice | a list of objects |
//! | `multiple` | as `parallel`: in any order | the one function must be called |
//! | which function an accepted call means | the first whose name is part of its name | the one of its name |
//!
//! Two quirks are kept: a whole number passes for a float argument, but not within a list of floats; and calls are matched with accepted
//! ones greedily, in the order of the latter.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{Marking, Verdict};

mod arguments;
mod java;
mod javascript;
mod of_row;
mod value;

pub use of_row::OfRow;
use value::Value;

/// A question with what is accepted: a row of the questions' file, and of the answers' file under the same id.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The functions offered.
    pub function: Functions,
    /// The accepted calls; nothing where no function fits the question.
    #[serde(default)]
    pub ground_truth: Accepted,
}

/// The functions offered, one or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Functions {
    /// Several.
    Several(Vec<Function>),
    /// One.
    One(Box<Function>),
}

/// A function offered.
#[derive(Debug, Clone, Deserialize)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its parameters.
    pub parameters: Parameters,
}

/// The parameters of a function.
#[derive(Debug, Clone, Deserialize)]
pub struct Parameters {
    /// The type of each.
    pub properties: BTreeMap<String, Parameter>,
    /// Those that must be given.
    #[serde(default)]
    pub required: Vec<String>,
}

/// The type of a parameter, by the benchmark's names.
#[derive(Debug, Clone, Deserialize)]
pub struct Parameter {
    /// The name of the type.
    #[serde(rename = "type")]
    pub kind: String,
    /// For a list: the type of what it holds.
    #[serde(default)]
    pub items: Option<Items>,
}

/// The type of what a list holds.
#[derive(Debug, Clone, Deserialize)]
pub struct Items {
    /// The name of the type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Accepted calls: function name, then parameter, then the list of accepted values. An empty text in that list says that the
/// parameter may be left out.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Accepted {
    /// Version 4.
    List(Vec<Map<String, Json>>),
    /// The first release.
    Object(Map<String, Json>),
}

impl Default for Accepted {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// The benchmark's release, whose checker is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Of August 2024.
    First,
    /// Version 4.
    Fourth,
}

impl Version {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("2024", Self::First), ("4", Self::Fourth)];
}

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// One call of the one function offered.
    Simple,
    /// One call of one of several functions.
    Multiple,
    /// Several calls of the one function offered.
    Parallel,
    /// Several calls of several functions.
    ParallelMultiple,
    /// No call: no function offered fits.
    Relevance,
}

impl Category {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("simple", Self::Simple),
        ("multiple", Self::Multiple),
        ("parallel", Self::Parallel),
        ("parallel_multiple", Self::ParallelMultiple),
        ("relevance", Self::Relevance),
    ];
}

/// In which language's literals arguments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// JSON, compared as Python's values.
    Python,
    /// Texts of Java.
    Java,
    /// Texts of JavaScript.
    JavaScript,
}

impl Language {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("python", Self::Python),
        ("java", Self::Java),
        ("javascript", Self::JavaScript),
    ];
}

/// A way of checking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convention {
    /// The release.
    pub version: Version,
    /// What is asked for.
    pub category: Category,
    /// The language of the arguments.
    pub language: Language,
    /// Whether the model was offered names with `_` in place of `.`, which most providers forbid.
    pub dots_as_underscores: bool,
}

/// A call of the output.
struct Call {
    name: String,
    arguments: Vec<(String, Value)>,
}

/// What is wrong with an output, by the leaderboard's name; or why the row cannot be scored.
#[derive(Debug)]
enum Wrong {
    /// A name of the leaderboard.
    Error(&'static str),
    /// The row itself is at fault.
    Row(String),
}

impl From<&'static str> for Wrong {
    fn from(name: &'static str) -> Self {
        Self::Error(name)
    }
}

/// The calls of an output; `None` where it has none that can be read.
fn calls(output: &Json) -> Option<Vec<Call>> {
    let items = match output {
        Json::Array(items) => items.as_slice(),
        // To the leaderboard's program an empty text is an empty list of calls.
        Json::String(text) if text.is_empty() => &[],
        _ => return None,
    };
    items
        .iter()
        .map(|item| {
            let (name, arguments) = item.as_object()?.iter().next()?;
            let parsed: Json;
            let arguments = match arguments {
                Json::String(text) => {
                    parsed = serde_json::from_str(text).ok()?;
                    &parsed
                }
                other => other,
            };
            let arguments = arguments.as_object()?.iter();
            Some(Call {
                name: name.clone(),
                arguments: arguments
                    .map(|(name, value)| (name.clone(), Value::of(value)))
                    .collect(),
            })
        })
        .collect()
}

impl Functions {
    /// The function that an accepted call means.
    fn meant(&self, name: &str, version: Version) -> Option<&Function> {
        match self {
            Self::One(function) => Some(function),
            Self::Several(functions) => functions.iter().find(|function| match version {
                Version::First => name.contains(&function.name),
                Version::Fourth => function.name == name,
            }),
        }
    }

    fn first(&self) -> Option<&Function> {
        match self {
            Self::One(function) => Some(function),
            Self::Several(functions) => functions.first(),
        }
    }
}

impl Accepted {
    /// Each accepted call: the function's name and what is accepted for its parameters.
    fn calls(&self) -> Vec<(&str, &Json)> {
        let pairs: Vec<(&String, &Json)> = match self {
            Self::Object(calls) => calls.iter().collect(),
            Self::List(calls) => calls.iter().filter_map(|call| call.iter().next()).collect(),
        };
        pairs
            .into_iter()
            .map(|(name, accepted)| (name.as_str(), accepted))
            .collect()
    }
}

impl Convention {
    fn check(self, row: &Row, output: &Json) -> Result<(), Wrong> {
        let calls = calls(output);
        if self.category == Category::Relevance {
            return match calls {
                Some(calls) if !calls.is_empty() => Err("relevance_error:decoder_success".into()),
                _ => Ok(()),
            };
        }
        let calls = calls.ok_or("ast_decoder:decoder_failed")?;
        let accepted = row.ground_truth.calls();
        let in_any_order = match self.category {
            Category::Parallel | Category::ParallelMultiple => true,
            Category::Multiple => self.version == Version::First,
            Category::Simple | Category::Relevance => false,
        };
        if in_any_order {
            return self.each_met(row, &calls, &accepted);
        }
        let single = self.category == Category::Simple;
        let (Some((name, arguments)), [call]) = (accepted.first(), calls.as_slice()) else {
            if accepted.is_empty() {
                return Err(Wrong::Row("`ground_truth` accepts no call".to_owned()));
            }
            return Err(match single {
                true => "simple_function_checker:wrong_count",
                false => "multiple_function_checker:wrong_count",
            }
            .into());
        };
        let function = match single {
            true => row.function.first(),
            false => row.function.meant(name, self.version),
        };
        self.matches(function.ok_or_else(|| not_offered(name))?, call, arguments)
    }

    /// Every accepted call is met by a call of its own.
    fn each_met(self, row: &Row, calls: &[Call], accepted: &[(&str, &Json)]) -> Result<(), Wrong> {
        if calls.len() != accepted.len() {
            return Err("parallel_function_checker_no_order:wrong_count".into());
        }
        let mut taken = vec![false; calls.len()];
        for (name, arguments) in accepted {
            let function =
                row.function
                    .meant(name, self.version)
                    .ok_or_else(|| match self.version {
                        Version::First => {
                            "parallel_function_checker_no_order:cannot_find_description".into()
                        }
                        Version::Fourth => not_offered(name),
                    })?;
            let mut met = false;
            for (place, call) in calls.iter().enumerate() {
                if taken[place] {
                    continue;
                }
                match self.matches(function, call, arguments) {
                    Ok(()) => {
                        taken[place] = true;
                        met = true;
                        break;
                    }
                    Err(Wrong::Error(_)) => {}
                    Err(row) => return Err(row),
                }
            }
            if !met {
                return Err("parallel_function_checker_no_order:cannot_find_match".into());
            }
        }
        Ok(())
    }

    /// Whether a call is an accepted call of a function.
    fn matches(self, function: &Function, call: &Call, accepted: &Json) -> Result<(), Wrong> {
        let name = match self.dots_as_underscores {
            true => function.name.replace('.', "_"),
            false => function.name.clone(),
        };
        if call.name != name {
            return Err("simple_function_checker:wrong_func_name".into());
        }
        let accepted = accepted.as_object().ok_or_else(|| {
            Wrong::Row(format!(
                "`ground_truth` does not say what `{}` takes",
                function.name
            ))
        })?;
        let given = |wanted: &String| call.arguments.iter().any(|(name, _)| name == wanted);
        if !function.parameters.required.iter().all(given) {
            return Err("simple_function_checker:missing_required".into());
        }
        for (name, value) in &call.arguments {
            let (Some(parameter), Some(accepted)) =
                (function.parameters.properties.get(name), accepted.get(name))
            else {
                return Err("simple_function_checker:unexpected_param".into());
            };
            arguments::check(self.language, parameter, value, &listed(name, accepted)?)?;
        }
        for (name, values) in accepted {
            if !given(name) && !listed(name, values)?.iter().any(Value::is_empty_text) {
                return Err("simple_function_checker:missing_optional".into());
            }
        }
        Ok(())
    }
}

fn not_offered(name: &str) -> Wrong {
    Wrong::Row(format!(
        "`ground_truth` calls `{name}`, which is not offered"
    ))
}

/// The accepted values of a parameter.
fn listed(name: &str, accepted: &Json) -> Result<Vec<Value>, Wrong> {
    let values = accepted.as_array().ok_or_else(|| {
        Wrong::Row(format!(
            "`ground_truth` accepts no list of values for `{name}`"
        ))
    })?;
    Ok(values.iter().map(Value::of).collect())
}

impl Marking for Convention {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        // What is no JSON is a plain reply, which calls nothing.
        let output = serde_json::from_str(output).unwrap_or_else(|_| Json::String(output.into()));
        match self.check(row, &output) {
            Ok(()) => Verdict::pass(true),
            Err(Wrong::Error(name)) => Verdict::pass(false).because(name),
            Err(Wrong::Row(why)) => Verdict::unscored(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn by(version: Version, category: Category) -> Convention {
        Convention {
            version,
            category,
            language: Language::Python,
            dots_as_underscores: true,
        }
    }

    fn row(function: &str, accepted: &str) -> Row {
        serde_json::from_str(&format!(
            r#"{{"id": "x_0", "question": "?", "function": {function}, "ground_truth": {accepted}}}"#
        ))
        .unwrap()
    }

    const AREA: &str = r#"{"name": "geo.area", "parameters": {"type": "dict", "properties": {
        "base": {"type": "float"}, "unit": {"type": "string"}, "sides": {"type": "array", "items": {"type": "float"}}},
        "required": ["base"]}}"#;

    fn detail(by: Convention, row: &Row, output: &str) -> String {
        let verdict = by.verdict(row, output);
        verdict
            .detail
            .unwrap_or_else(|| format!("{:?}", verdict.outcome))
    }

    #[test]
    fn one_call_is_held_against_what_is_accepted() {
        let row = row(
            AREA,
            r#"{"geo.area": {"base": [10], "unit": ["", "square metres"], "sides": ["", [1.0, 2.0]]}}"#,
        );
        for (output, wanted) in [
            (r#"[{"geo_area": "{\"base\": 10}"}]"#, "Pass(true)"),
            (
                r#"[{"geo_area": {"base": 10.0, "unit": "Square-Metres."}}]"#,
                "Pass(true)",
            ),
            (
                r#"[{"geo_area": {"base": 10, "sides": [1.0, 2.0]}}]"#,
                "Pass(true)",
            ),
            (
                r#"[{"geo_area": {"base": 10, "sides": [2.0, 1.0]}}]"#,
                "value_error:list/tuple",
            ),
            (r#"[{"geo_area": {"base": 11}}]"#, "value_error:others"),
            (r#"[{"geo_area": {"base": "10"}}]"#, "type_error:simple"),
            (
                r#"[{"geo_area": {"unit": "m"}}]"#,
                "simple_function_checker:missing_required",
            ),
            (
                r#"[{"geo_area": {"base": 10, "x": 1}}]"#,
                "simple_function_checker:unexpected_param",
            ),
            (
                r#"[{"geo.area": {"base": 10}}]"#,
                "simple_function_checker:wrong_func_name",
            ),
            ("[]", "simple_function_checker:wrong_count"),
            ("The area is 25.", "ast_decoder:decoder_failed"),
            (
                r#"[{"geo_area": "{base: 10}"}]"#,
                "ast_decoder:decoder_failed",
            ),
            (
                r#"{"geo_area": {"base": 10}}"#,
                "ast_decoder:decoder_failed",
            ),
        ] {
            let found = detail(by(Version::First, Category::Simple), &row, output);
            assert_eq!(found, wanted, "{output}");
        }
    }

    #[test]
    fn several_calls_are_matched_in_any_order_and_releases_differ() {
        let functions = format!(
            r#"[{AREA}, {{"name": "geo.area_of", "parameters": {{"type": "dict", "properties": {{"n": {{"type": "integer"}}}}}}}}]"#
        );
        let first = row(
            AREA,
            r#"{"geo.area_1": {"base": [1]}, "geo.area_2": {"base": [2]}}"#,
        );
        let output = r#"[{"geo_area": {"base": 2}}, {"geo_area": {"base": 1}}]"#;
        let parallel = by(Version::First, Category::Parallel);
        assert_eq!(detail(parallel, &first, output), "Pass(true)");
        assert_eq!(
            detail(parallel, &first, r#"[{"geo_area": {"base": 2}}]"#),
            "parallel_function_checker_no_order:wrong_count"
        );
        let fourth = row(&functions, r#"[{"geo.area_of": {"n": [3]}}]"#);
        let output = r#"[{"geo_area_of": {"n": 3}}]"#;
        assert_eq!(
            detail(by(Version::Fourth, Category::Multiple), &fourth, output),
            "Pass(true)"
        );
        // In the first release the name of the function before it is part of its name.
        assert_eq!(
            detail(by(Version::First, Category::Multiple), &fourth, output),
            "parallel_function_checker_no_order:cannot_find_match"
        );
    }

    #[test]
    fn no_call_is_right_where_no_function_fits() {
        let row: Row = serde_json::from_str(&format!(r#"{{"function": {AREA}}}"#)).unwrap();
        let relevance = by(Version::First, Category::Relevance);
        for output in ["I have no such function.", "[]", "", "[{}]"] {
            assert_eq!(detail(relevance, &row, output), "Pass(true)", "{output}");
        }
        assert_eq!(
            detail(relevance, &row, r#"[{"geo_area": {}}]"#),
            "relevance_error:decoder_success"
        );
    }

    #[test]
    fn a_row_at_fault_is_unscored_and_a_hostile_output_is_read_in_bounds() {
        let simple = by(Version::Fourth, Category::Simple);
        let faulty = row(AREA, r#"[{"geo.area": {"base": 1}}]"#);
        let output = r#"[{"geo_area": {"base": 1}}]"#;
        assert_eq!(simple.verdict(&faulty, output).passed(), None);
        let deep = "[".repeat(500_000);
        assert_eq!(simple.verdict(&faulty, &deep).passed(), Some(false));
    }
}
