//! A judge's file: YAML front matter that says what it sees and how it speaks, and a Markdown body with its criteria.

use serde_json::{Map, Value as Json, json};

use crate::domain::decode::{Anything, Fields, List, MapOf, OneOf, Problems, Shape, Text, object};
use crate::domain::instrument::{Instrument, LabelScale, Rule};
use crate::domain::suite::Comparison;
use crate::domain::template::Template;
use crate::domain::tree::{Node, Span};
use crate::domain::usable::Usable;

use super::usable;

/// The most grades a scale may have.
const MOST_GRADES: i64 = 101;

/// A judge as its file describes it.
#[derive(Debug, Clone)]
pub struct JudgeFile {
    /// Its name.
    pub name: String,
    /// Its version, as written.
    pub version: String,
    /// The model it asks where the suite names none: a target's options, not yet decoded.
    pub model: Option<Node>,
    pub(super) mode: Mode,
    pub(super) verdict: Form,
    pub(super) scale: Scale,
    pub(super) pass: Option<PassRule>,
    pub(super) inputs: Vec<Input>,
    pub(super) examples: Vec<Example>,
    pub(super) params: Map<String, Json>,
    /// What is asked at the end, after the texts.
    pub(super) question: String,
    pub(super) body: Template,
    pub(super) usable: Option<Usable>,
}

/// What a judge compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The criteria alone.
    Pointwise,
    /// The criteria and the case's `expected`.
    Reference,
}

/// How a judge says its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object: reasoning, then the verdict.
    JsonSchema,
    /// Reasoning in words, then the verdict in a fenced block.
    Text,
    /// One token, yes or no, read by its log-probability.
    Logprob,
}

/// The words for the forms of verdicts.
pub(super) const FORMS: &[(&str, Form)] = &[
    ("json-schema", Form::JsonSchema),
    ("text", Form::Text),
    ("logprob", Form::Logprob),
];

/// The grades offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Pass or fail.
    PassFail,
    /// Whole numbers from the lowest to the highest.
    Range(i64, i64),
}

/// The rule by which a number passes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PassRule {
    /// As written, with single spaces.
    pub(super) text: String,
    pub(super) comparison: Comparison,
    pub(super) bar: f64,
}

/// A text that the judge is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Input {
    Question,
    Output,
    Expected,
    Context,
}

impl Input {
    pub(super) const ALL: &'static [(&'static str, Self)] = &[
        ("input", Self::Question),
        ("output", Self::Output),
        ("expected", Self::Expected),
        ("context", Self::Context),
    ];

    /// The name in the file and in the prompt.
    pub(super) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, input)| *input == self)
            .map_or("input", |(name, _)| name)
    }
}

/// An example of a judgement, shown before the question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Example {
    pub(super) texts: Vec<(Input, String)>,
    pub(super) reasoning: String,
    /// One of the grades offered.
    pub(super) verdict: String,
}

impl JudgeFile {
    /// What a judge compares with.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What it says of an output, and which values pass.
    #[must_use]
    pub fn label_scale(&self) -> LabelScale {
        let rule = |rule: &PassRule| Rule {
            comparison: rule.comparison,
            bar: rule.bar,
        };
        match self.scale {
            Scale::PassFail => LabelScale::PassFail {
                pass: rule(self.pass.as_ref().unwrap_or(&PassRule::even())),
            },
            Scale::Range(low, high) => LabelScale::Grades {
                low,
                high,
                pass: self.pass.as_ref().map(rule),
            },
        }
    }

    /// Whether a value of its scale passes; `None` where the file does not say.
    #[must_use]
    pub fn passes(&self, value: f64) -> Option<bool> {
        self.label_scale().passes(value)
    }

    /// The bars that the file sets for its use; `None`: none.
    #[must_use]
    pub fn usable(&self) -> Option<Usable> {
        self.usable
    }

    /// All of these in one.
    #[must_use]
    pub fn instrument(&self) -> Instrument {
        Instrument {
            name: self.name.clone(),
            version: self.version.clone(),
            scale: self.label_scale(),
            usable: self.usable,
        }
    }
}

impl Scale {
    /// The grades, as a verdict spells them.
    pub(super) fn grades(self) -> Vec<String> {
        match self {
            Self::PassFail => vec!["pass".into(), "fail".into()],
            Self::Range(low, high) => (low..=high).map(|grade| grade.to_string()).collect(),
        }
    }

    /// What is asked where the file asks nothing of its own.
    fn question(self) -> &'static str {
        match self {
            Self::PassFail => "Does the output pass by the criteria?",
            Self::Range(..) => "Which grade does the output deserve by the criteria?",
        }
    }

    /// The scale as a file spells it.
    pub(super) fn words(self) -> String {
        match self {
            Self::PassFail => "pass/fail".into(),
            Self::Range(low, high) => format!("{low}..{high}"),
        }
    }
}

impl PassRule {
    fn parse(text: &str) -> Option<Self> {
        let (comparison, bar) = Comparison::parse(text)?;
        let sign = Comparison::ALL
            .iter()
            .find(|(_, known)| *known == comparison)
            .map(|(sign, _)| *sign)?;
        Some(Self {
            text: format!("{sign} {bar}"),
            comparison,
            bar,
        })
    }

    /// What decides a log-probability where the file says nothing: rather yes than no.
    pub(super) fn even() -> Self {
        Self {
            text: ">= 0.5".into(),
            comparison: Comparison::AtLeast,
            bar: 0.5,
        }
    }

    pub(super) fn holds(&self, value: f64) -> bool {
        self.comparison.holds(value, self.bar)
    }
}

/// The file's text as front matter and body, with the number of the body's first line; `None` if it does not begin with `---` or the
/// front matter has no end.
#[must_use]
pub fn split(text: &str) -> Option<(&str, &str, u32)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let is_rule = line.trim_end() == "---";
        match index {
            0 if !is_rule => return None,
            0 => {}
            _ if is_rule => {
                let open = text.find('\n')? + 1;
                let body = &text[at + line.len()..];
                return Some((&text[open..at], body, u32::try_from(index).ok()? + 2));
            }
            _ => {}
        }
        at += line.len();
    }
    None
}

/// Reads a judge from its front matter and its body, whose first line is the file's `line`.
pub fn decode(fields: &mut Fields<'_>, body: &str, line: u32) -> Option<JudgeFile> {
    let name = fields.required("name", "the judge's name", Text);
    let version = fields.required("version", "its version; raise it with every change", Text);
    let mode = fields.required(
        "mode",
        "pointwise: judges by the criteria alone; reference: also sees the case's `expected`",
        ModeShape,
    );
    let verdict = fields.required(
        "verdict",
        "how it answers: json-schema, text (a fenced block) or logprob (one token, yes or no)",
        OneOf(FORMS),
    );
    let scale = fields.required(
        "scale",
        "the grades: `pass/fail`, or whole numbers such as `1..5`",
        ScaleShape,
    );
    let pass = fields.optional(
        "pass",
        "which grades pass, such as `>= 4`; for logprob the least P(yes), default `>= 0.5`",
        PassShape,
    );
    let inputs = fields.optional(
        "inputs",
        "the texts it is given, each used in the body: input, output, expected, context",
        List(OneOf(Input::ALL)),
    );
    let question = fields.optional(
        "question",
        "what is asked at the end; for pass/fail a question to which yes means pass",
        Text,
    );
    let examples = fields
        .optional(
            "examples",
            "judgements to learn from: the inputs, `verdict` and `reasoning`",
            List(object(example)),
        )
        .unwrap_or_default();
    let params = fields
        .optional(
            "params",
            "parameters for the model; default {temperature: 0}",
            MapOf(Anything),
        )
        .unwrap_or_default();
    fields.optional(
        "model",
        "the model it asks where the suite names none, as a target's options",
        Anything,
    );
    let model = fields.node().and_then(|node| node.get("model")).cloned();
    let usable = fields.optional(
        "usable",
        "bars of its own for `judge calibrate`; default: those of every judge",
        object(usable::decode),
    );
    let body = read_body(fields, body, line);
    let (mode, verdict, scale) = (mode?, verdict?, scale?);
    let inputs = inputs.unwrap_or_else(|| match mode {
        Mode::Pointwise => vec![Input::Question, Input::Output],
        Mode::Reference => vec![Input::Question, Input::Output, Input::Expected],
    });
    let file = JudgeFile {
        name: name?,
        version: version?,
        model,
        mode,
        verdict,
        scale,
        pass,
        inputs,
        examples,
        params: params.into_iter().collect(),
        question: question.unwrap_or_else(|| scale.question().to_owned()),
        body: body?,
        usable,
    };
    check(fields, &file);
    Some(file)
}

fn read_body(fields: &mut Fields<'_>, body: &str, line: u32) -> Option<Template> {
    if body.trim().is_empty() && !fields.describing() {
        fields.problem(
            "",
            "the body is empty: below the front matter stand the criteria and `{{ output }}`",
        );
        return None;
    }
    match Template::parse(body.trim(), Span { line, column: 0 }) {
        Ok(template) => Some(template),
        Err(error) => {
            fields.problem("", format!("template in the body: {error}"));
            None
        }
    }
}

/// The rules between the keys.
fn check(fields: &mut Fields<'_>, file: &JudgeFile) {
    if file.verdict == Form::Logprob
        && let Some(why) = file.scale.no_logprob()
    {
        fields.problem("verdict", why);
    }
    if let Some(rule) = &file.pass {
        let (low, high) = match file.scale {
            Scale::PassFail => (0.0, 1.0),
            Scale::Range(low, high) => (as_f64(low), as_f64(high)),
        };
        if rule.holds(low) == rule.holds(high) && rule.comparison != Comparison::Equal {
            let words = file.scale.words();
            fields.problem(
                "pass",
                format!("`{}` tells no grade of {words} from another", rule.text),
            );
        }
    }
    let has = |input: Input| file.inputs.contains(&input);
    if !has(Input::Output) {
        fields.problem("inputs", "a judge is given `output`: add it");
    }
    match file.mode {
        Mode::Reference if !has(Input::Expected) => {
            fields.problem("inputs", "mode `reference` is given `expected`: add it");
        }
        Mode::Pointwise if has(Input::Expected) => {
            fields.problem(
                "mode",
                "a judge that is given `expected` has mode `reference`",
            );
        }
        _ => {}
    }
    let used = file.body.variables();
    for input in &file.inputs {
        if !used.contains(input.name()) {
            let name = input.name();
            fields.problem(
                "inputs",
                format!("the body does not use `{{{{ {name} }}}}`"),
            );
        }
    }
    for name in &used {
        let is_given = name == "rubric" || file.inputs.iter().any(|input| input.name() == name);
        if !is_given {
            fields.problem(
                "inputs",
                format!("the body uses `{name}`, which is not among the inputs (and no `rubric`)"),
            );
        }
    }
    let grades = file.scale.grades();
    for example in &file.examples {
        if !grades.contains(&example.verdict) {
            let message = format!("`{}` is not one of {}", example.verdict, grades.join(", "));
            fields.problem("examples", format!("an example's verdict {message}"));
        }
        for input in &file.inputs {
            if !example.texts.iter().any(|(given, _)| given == input) {
                fields.problem("examples", format!("an example has no `{}`", input.name()));
            }
        }
    }
}

impl Scale {
    /// Why this scale cannot be read from the log-probability of yes.
    pub(super) fn no_logprob(self) -> Option<String> {
        match self {
            Self::PassFail => None,
            Self::Range(..) => Some(format!(
                "`verdict: logprob` answers yes or no and cannot grade {}; use json-schema or text, or `scale: pass/fail`",
                self.words()
            )),
        }
    }
}

fn example(fields: &mut Fields<'_>) -> Option<Example> {
    let mut texts = Vec::new();
    for (name, input) in Input::ALL {
        if let Some(text) = fields.optional(name, "the example's text", Text) {
            texts.push((*input, text));
        }
    }
    let reasoning = fields.or("reasoning", "why, before the verdict", Text, String::new());
    let verdict = fields.required("verdict", "one of the grades", Text);
    Some(Example {
        texts,
        reasoning,
        verdict: verdict?,
    })
}

struct ModeShape;

impl Shape for ModeShape {
    type Output = Mode;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Mode> {
        if let Json::String(text) = node.to_json()
            && matches!(text.as_str(), "pairwise" | "classify")
        {
            problems.note(
                node.span,
                format!(
                    "mode `{text}` is not supported by this version yet; use pointwise or reference"
                ),
            );
            return None;
        }
        OneOf(&[
            ("pointwise", Mode::Pointwise),
            ("reference", Mode::Reference),
        ])
        .read(node, problems)
    }
    fn schema(&self) -> Json {
        json!({"enum": ["pointwise", "reference"]})
    }
}

struct ScaleShape;

impl Shape for ScaleShape {
    type Output = Scale;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Scale> {
        let text = Text.read(node, problems)?;
        if text == "pass/fail" {
            return Some(Scale::PassFail);
        }
        let range = text
            .split_once("..")
            .and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
        match range {
            Some((low, high))
                if low < high
                    && i64::abs(high).max(i64::abs(low)) < 1_000_000
                    && high - low < MOST_GRADES =>
            {
                Some(Scale::Range(low, high))
            }
            _ => {
                problems.note(
                    node.span,
                    format!("`{text}` is no scale; write `pass/fail`, or whole numbers such as `1..5` (at most {MOST_GRADES} grades)"),
                );
                None
            }
        }
    }
    fn schema(&self) -> Json {
        json!({"type": "string", "pattern": "^(pass/fail|-?[0-9]+ *\\.\\. *-?[0-9]+)$"})
    }
}

struct PassShape;

impl Shape for PassShape {
    type Output = PassRule;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<PassRule> {
        let text = Text.read(node, problems)?;
        let rule = PassRule::parse(&text);
        if rule.is_none() {
            problems.note(
                node.span,
                format!("`{text}` is no rule; write one such as `>= 4`"),
            );
        }
        rule
    }
    fn schema(&self) -> Json {
        json!({"type": "string", "pattern": "^(>=|>|<=|<|==) *-?[0-9.]+$"})
    }
}

/// Grades are below a million (see [`ScaleShape`]).
#[expect(clippy::cast_precision_loss, reason = "grades are below a million")]
pub(super) fn as_f64(grade: i64) -> f64 {
    grade as f64
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode_with, front};
    use super::*;

    fn problems(change: &Json, body: &str) -> Vec<String> {
        let mut merged = front();
        for (key, value) in change.as_object().unwrap() {
            merged[key] = value.clone();
        }
        decode_with(&merged, body).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_file_is_split_into_front_matter_and_body() {
        assert_eq!(
            split("---\na: 1\n---\nbody\n---\n"),
            Some(("a: 1\n", "body\n---\n", 4))
        );
        assert_eq!(
            split("---\r\na: 1\r\n---\r\nbody"),
            Some(("a: 1\r\n", "body", 4))
        );
        assert_eq!(split("a: 1\n---\nbody"), None);
        assert_eq!(split("---\na: 1\n"), None);
    }

    #[test]
    fn the_keys_of_later_versions_are_refused_by_name() {
        let body = "{{ input }} {{ output }}";
        assert!(
            problems(&json!({"mode": "pairwise"}), body)[0]
                .contains("mode `pairwise` is not supported by this version yet")
        );
    }

    #[test]
    fn scale_pass_and_verdict_must_fit_together() {
        let body = "{{ input }} {{ output }}";
        for (change, wanted) in [
            (json!({"scale": "5..1"}), "is no scale"),
            (json!({"scale": "0..1000"}), "is no scale"),
            (json!({"scale": "1-5"}), "is no scale"),
            (json!({"verdict": "logprob"}), "cannot grade 1..5"),
            (json!({"pass": ">= 0"}), "tells no grade"),
            (json!({"pass": "4"}), "is no rule"),
            (
                json!({"scale": "pass/fail", "pass": ">= 4"}),
                "tells no grade",
            ),
        ] {
            let problems = problems(&change, body);
            assert!(
                problems.iter().any(|p| p.contains(wanted)),
                "{change}: {problems:?}"
            );
        }
    }

    #[test]
    fn the_body_uses_its_inputs_and_nothing_else() {
        assert_eq!(
            problems(&json!({}), "{{ output }} {{ id }}"),
            [
                "the body does not use `{{ input }}`",
                "the body uses `id`, which is not among the inputs (and no `rubric`)"
            ]
        );
        assert!(
            problems(&json!({"mode": "reference"}), "{{ input }} {{ output }}")[0]
                .contains("does not use `{{ expected }}`")
        );
        assert!(
            problems(
                &json!({"inputs": ["output", "expected"]}),
                "{{ output }} {{ expected }}"
            )[0]
            .contains("mode `reference`")
        );
        assert!(problems(&json!({}), " \n")[0].contains("the body is empty"));
        assert!(problems(&json!({}), "{{ open")[0].contains("template in the body"));
    }

    #[test]
    fn examples_have_every_input_and_an_offered_verdict() {
        let change = json!({"examples": [{"output": "x", "verdict": 9}]});
        assert_eq!(problems(&change, "{{ input }} {{ output }}").len(), 2);
    }
}
