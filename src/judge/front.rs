//! A judge's file read: YAML front matter and body, with every problem at its place.

use crate::domain::decode::{
    Anything, Fields, List, MapOf, OneOf, OneOrMany, Text, Truth, object, unknown,
};
use crate::domain::suite::Comparison;
use crate::domain::template::Template;
use crate::domain::tree::Span;

use super::file::{Example, FORMS, Form, Input, JudgeFile, MODES, Mode};
use super::scale::{ClassesShape, Pass, PassRule, Scale, ScaleShape, as_f64};
use super::usable;

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
        "pointwise: judges by the criteria alone; reference: also sees the case's `expected`; classify: names one of `classes`; pairwise: says which of two outputs is better, asked in both orders",
        OneOf(MODES),
    );
    let verdict = fields.required(
        "verdict",
        "how it answers: json-schema, text (a fenced block) or logprob (one token, yes or no)",
        OneOf(FORMS),
    );
    let graded = fields.optional(
        "scale",
        "the grades: `pass/fail`, or whole numbers such as `1..5`; for pointwise and reference",
        ScaleShape,
    );
    let classes = fields.optional(
        "classes",
        "for classify: each class with what it means, in the order in which they are offered",
        ClassesShape,
    );
    let ties = fields.optional(
        "ties",
        "for pairwise: whether it may answer that neither is better; default: true",
        Truth,
    );
    let scale = scale_of(fields, mode, graded, classes, ties.unwrap_or(true));
    let pass = fields.optional(
        "pass",
        "which grades pass, such as `>= 4`; for logprob the least P(yes), default `>= 0.5`; for classify a list of classes; for pairwise by 1, 0.5 (tie) and 0",
        OneOrMany(Text),
    );
    let inputs = fields.optional(
        "inputs",
        "the texts it is given, each used in the body: input, output, expected, context, transcript (what was said and done, tool calls and results included); for pairwise output_a and output_b in place of output",
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
    let pass = pass.map(|texts| pass_of(fields, &scale, texts));
    let inputs = inputs.unwrap_or_else(|| match mode {
        Mode::Pointwise | Mode::Classify => vec![Input::Question, Input::Output],
        Mode::Reference => vec![Input::Question, Input::Output, Input::Expected],
        Mode::Pairwise => vec![Input::Question, Input::OutputA, Input::OutputB],
    });
    let file = JudgeFile {
        name: name?,
        version: version?,
        model,
        mode,
        verdict,
        pass: pass.flatten(),
        inputs,
        examples,
        params: params.into_iter().collect(),
        question: question.unwrap_or_else(|| scale.question().to_owned()),
        scale,
        body: body?,
        usable,
        listed: None,
    };
    check(fields, &file);
    Some(file)
}

/// The verdicts offered: a scale, classes or two letters, as the mode wants.
fn scale_of(
    fields: &mut Fields<'_>,
    mode: Option<Mode>,
    graded: Option<Scale>,
    classes: Option<Scale>,
    ties: bool,
) -> Option<Scale> {
    let of_graded = (
        "scale",
        "modes `pointwise` and `reference`",
        "the grades: `pass/fail`, or whole numbers such as `1..5`",
    );
    let of_classes = (
        "classes",
        "mode `classify`",
        "each class with what it means, such as `{kind: .., rude: ..}`",
    );
    let of_pairs = ("ties", "mode `pairwise`", "");
    let (wanted, scale) = match mode? {
        Mode::Pointwise | Mode::Reference => (of_graded, graded),
        Mode::Classify => (of_classes, classes),
        Mode::Pairwise => (of_pairs, Some(Scale::Pair { ties })),
    };
    for (key, modes, doc) in [of_graded, of_classes, of_pairs] {
        let written = is_written(fields, key);
        if key != wanted.0 && written {
            fields.problem(key, format!("`{key}` is about {modes}; remove it"));
        } else if key == wanted.0 && !written && !doc.is_empty() && !fields.describing() {
            fields.problem(key, format!("`{key}` is missing: {doc}"));
        }
    }
    scale
}

fn is_written(fields: &Fields<'_>, key: &str) -> bool {
    fields.node().is_some_and(|node| node.get(key).is_some())
}

/// What passes, as the scale wants it.
fn pass_of(fields: &mut Fields<'_>, scale: &Scale, texts: Vec<String>) -> Option<Pass> {
    if let Scale::Classes(_) = scale {
        let known = scale.grades();
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        for (at, text) in texts.iter().enumerate() {
            if !known.contains(text) {
                fields.problem("pass", unknown("class", text, &names));
            } else if texts[..at].contains(text) {
                fields.problem("pass", format!("class `{text}` is given twice; keep one"));
            }
        }
        if texts.is_empty() || known.iter().all(|name| texts.contains(name)) {
            fields.problem("pass", "`pass` tells no class from another; leave it out");
        }
        return Some(Pass::Classes(texts));
    }
    let rule = match texts.as_slice() {
        [text] => PassRule::parse(text),
        _ => None,
    };
    if rule.is_none() {
        let written = texts.join(", ");
        fields.problem(
            "pass",
            format!("`{written}` is no rule; write one such as `>= 4`"),
        );
    }
    rule.map(Pass::Rule)
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
    if let Some(rule) = file.pass_rule() {
        let (low, high) = match file.scale {
            Scale::PassFail | Scale::Classes(_) | Scale::Pair { .. } => (0.0, 1.0),
            Scale::Range(low, high) => (as_f64(low), as_f64(high)),
        };
        if rule.holds(low) == rule.holds(high) && rule.rule.comparison != Comparison::Equal {
            let words = file.scale.words();
            fields.problem(
                "pass",
                format!("`{}` tells no grade of {words} from another", rule.text),
            );
        }
    }
    let has = |input: Input| file.inputs.contains(&input);
    let judged: &[Input] = match file.mode {
        Mode::Pairwise => &[Input::OutputA, Input::OutputB],
        Mode::Pointwise | Mode::Reference | Mode::Classify => &[Input::Output],
    };
    for input in judged.iter().filter(|input| !has(**input)) {
        let name = input.name();
        fields.problem(
            "inputs",
            format!("a judge of this mode is given `{name}`: add it"),
        );
    }
    for input in &file.inputs {
        if input.is_output() && !judged.contains(input) {
            let name = input.name();
            let names: Vec<&str> = judged.iter().map(|input| input.name()).collect();
            let wanted = names.join(" and ");
            fields.problem(
                "inputs",
                format!("a judge of this mode is given {wanted}, not `{name}`"),
            );
        }
    }
    match file.mode {
        Mode::Pairwise if has(Input::Transcript) => {
            fields.problem(
                "inputs",
                "a transcript would tell which of the two outputs is under test; remove it",
            );
        }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

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
    fn a_judge_that_classifies_has_classes_and_no_scale() {
        let body = "{{ input }} {{ output }}";
        let mut front = front();
        front.as_object_mut().unwrap().remove("scale");
        front["mode"] = json!("classify");
        front["classes"] = json!({"kind": "warm words", "rude": "an insult"});
        let with = |key: &str, value: Json| {
            let mut front = front.clone();
            match value {
                Json::Null => front.as_object_mut().unwrap().remove(key),
                value => front.as_object_mut().unwrap().insert(key.into(), value),
            };
            decode_with(&front, body).map(|_| ()).unwrap_err()
        };
        assert!(decode_with(&front, body).is_ok());
        for (key, value, wanted) in [
            ("classes", Json::Null, "`classes` is missing"),
            (
                "scale",
                json!("1..5"),
                "`scale` is about modes `pointwise` and `reference`; remove it",
            ),
            (
                "mode",
                json!("pointwise"),
                "`classes` is about mode `classify`; remove it",
            ),
            ("mode", json!("clasify"), "did you mean `classify`?"),
            (
                "verdict",
                json!("logprob"),
                "cannot name a class; use json-schema or text",
            ),
            (
                "pass",
                json!(["kid"]),
                "unknown class `kid`; did you mean `kind`?",
            ),
            (
                "pass",
                json!(["kind", "kind"]),
                "class `kind` is given twice",
            ),
            (
                "pass",
                json!(["kind", "rude"]),
                "tells no class from another",
            ),
            ("pass", json!([]), "tells no class from another"),
            ("pass", json!(">= 4"), "unknown class `>= 4`"),
            (
                "inputs",
                json!(["output", "expected", "input"]),
                "does not use `{{ expected }}`",
            ),
            (
                "examples",
                json!([{"input": "i", "output": "o", "verdict": "cool"}]),
                "`cool` is not one of kind, rude",
            ),
        ] {
            let said = with(key, value.clone());
            let found = said.iter().any(|line| line.contains(wanted));
            assert!(found, "{key} {value}: {said:?}");
        }
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
    fn a_pairwise_judge_sees_two_outputs_and_has_no_scale() {
        let body = "{{ input }} {{ output_a }} {{ output_b }}";
        let mut front = front();
        front.as_object_mut().unwrap().remove("scale");
        front["mode"] = json!("pairwise");
        assert!(decode_with(&front, body).is_ok());
        for (key, value, body, wanted) in [
            (
                "scale",
                json!("1..5"),
                body,
                "`scale` is about modes `pointwise` and `reference`",
            ),
            (
                "classes",
                json!({"x": "y", "z": "w"}),
                body,
                "`classes` is about mode `classify`",
            ),
            (
                "verdict",
                json!("logprob"),
                body,
                "cannot say which of two is better",
            ),
            ("ties", json!("maybe"), body, "is wanted here"),
            (
                "pass",
                json!(">= 2"),
                body,
                "tells no grade of a, b, tie from another",
            ),
            (
                "inputs",
                json!(["output_a"]),
                "{{ output_a }}",
                "is given `output_b`: add it",
            ),
            (
                "inputs",
                json!(["output", "output_a", "output_b"]),
                "{{ output }} {{ output_a }} {{ output_b }}",
                "is given output_a and output_b, not `output`",
            ),
            (
                "inputs",
                json!(["output_a", "output_b", "transcript"]),
                "{{ output_a }} {{ output_b }} {{ transcript }}",
                "would tell which of the two outputs is under test",
            ),
            (
                "version",
                json!(2),
                "{{ input }} {{ output_a }}",
                "does not use `{{ output_b }}`",
            ),
        ] {
            let mut front = front.clone();
            front[key] = value.clone();
            let said = decode_with(&front, body).map(|_| ()).unwrap_err();
            assert!(
                said.iter().any(|line| line.contains(wanted)),
                "{key} {value}: {said:?}"
            );
        }
        assert!(
            problems(&json!({"ties": true}), "{{ input }} {{ output }}")[0]
                .contains("`ties` is about mode `pairwise`; remove it")
        );
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
