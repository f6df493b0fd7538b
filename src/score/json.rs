//! `json`: the answer is JSON, and holds what it must.
//!
//! The answer is the JSON text itself, or has it in its one fenced block. Without options it need only be readable. A key given twice is
//! refused (which of the two is meant cannot be known), numbers are equal by value. `schema` is JSON Schema, 2020-12 where it does not say,
//! `format` included; it is compiled when the suite is read, and a `$ref` that leads out of it is refused: nothing is ever fetched.

use std::sync::Arc;

use boon::{Compiler, Draft, SchemaIndex, Schemas, UrlLoader, ValidationError};
use serde_json::Value as Json;

use super::{Found, Rule, Words, quoted, render, ruled};
use crate::domain::decode::{Anything, Fields, MapOf, Problems, Shape, Truth};
use crate::domain::kind::Kind;
use crate::domain::port::{Scorer, Seen};
use crate::domain::strict_json;
use crate::domain::template::Template;
use crate::domain::tree::{Node, Value};

pub(super) const fn kind<W: Words>() -> Kind<Arc<dyn Scorer>> {
    Kind {
        name: "json",
        summary: "the answer is JSON: readable, equal at some places, valid by a schema",
        example: "{equals: {/city: Bern, /total: \"{{ expected }}\"}}",
        decode: decode::<W>,
    }
}

#[derive(Debug)]
struct JsonRule {
    equals: Vec<(String, Wanted)>,
    equals_expected: bool,
    schema: Option<Schema>,
}

/// What must stand at a place.
#[derive(Debug)]
pub(super) enum Wanted {
    /// This text, with the case's values in it.
    Text(Template),
    /// This value.
    Value(Json),
}

/// A value; a text may insert the case's values.
#[derive(Clone, Copy)]
pub(super) struct WantedShape<W>(pub(super) W);

impl<W: Words> Shape for WantedShape<W> {
    type Output = Wanted;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Wanted> {
        match (&node.value, node.to_json()) {
            (Value::Scalar { .. }, Json::String(_)) => {
                self.0.read(node, problems).map(Wanted::Text)
            }
            (_, value) => Some(Wanted::Value(value)),
        }
    }
    fn schema(&self) -> Json {
        serde_json::json!({})
    }
}

fn decode<W: Words>(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let equals = fields
        .optional(
            "equals",
            "what must stand where: JSON pointers (`/a/0/b`; an empty one is the whole) and values",
            MapOf(WantedShape(W::SHAPE)),
        )
        .unwrap_or_default();
    let equals_expected = fields.or(
        "equals_expected",
        "the whole answer equals the case's `expected`",
        Truth,
        false,
    );
    let source = fields.optional(
        "schema",
        "a JSON Schema that the answer is valid by",
        Anything,
    );
    for (pointer, _) in &equals {
        check_pointer(fields, "equals", pointer);
    }
    let schema = match source.map(|source| Schema::compile(&source)) {
        None => None,
        Some(Ok(schema)) => Some(schema),
        Some(Err(why)) => {
            fields.problem("schema", why);
            None
        }
    };
    ruled(JsonRule {
        equals,
        equals_expected,
        schema,
    })
}

/// Notes a text that is no JSON pointer.
pub(super) fn check_pointer(fields: &mut Fields<'_>, key: &str, pointer: &str) {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        fields.problem(
            key,
            format!("`{pointer}` is no JSON pointer; one begins with `/`"),
        );
    }
}

impl Wanted {
    /// Its text option, where it is one.
    pub(super) fn template(&self) -> Option<&Template> {
        match self {
            Self::Text(template) => Some(template),
            Self::Value(_) => None,
        }
    }
}

impl Rule for JsonRule {
    fn look(&self, seen: &Seen) -> Result<Found, String> {
        let expected = match (&seen.case.expected, self.equals_expected) {
            (None | Some(Json::Null), true) => {
                return Err("the case has no `expected` to be equal to".into());
            }
            (Some(Json::String(text)), true) => {
                Some(strict_json::parse(text).unwrap_or_else(|_| Json::String(text.clone())))
            }
            (expected, true) => expected.clone(),
            (_, false) => None,
        };
        let given = match read_answer(&seen.transcript.output) {
            Ok(given) => given,
            Err(why) => return Ok(Found::new(false, why)),
        };
        if let Some(schema) = &self.schema
            && let Err(why) = schema.check(&given)
        {
            return Ok(Found::new(false, why));
        }
        if expected.is_some_and(|expected| !strict_json::equal(&given, &expected)) {
            return Ok(Found::new(false, "is not the expected JSON"));
        }
        for (pointer, wanted) in &self.equals {
            if let Some(why) = differs(&given, pointer, wanted, seen, &strict_json::equal)? {
                return Ok(Found::new(false, why));
            }
        }
        Ok(Found::new(true, "JSON as wanted"))
    }

    fn templates(&self) -> Vec<&Template> {
        self.equals
            .iter()
            .filter_map(|(_, wanted)| wanted.template())
            .collect()
    }

    fn needs_expected(&self) -> bool {
        self.equals_expected
    }
}

/// Why the value at a place is not the wanted one; `None` if it is.
pub(super) fn differs(
    given: &Json,
    pointer: &str,
    wanted: &Wanted,
    seen: &Seen,
    equal: &dyn Fn(&Json, &Json) -> bool,
) -> Result<Option<String>, String> {
    let place = if pointer.is_empty() {
        "the whole"
    } else {
        pointer
    };
    let wanted = match wanted {
        Wanted::Value(value) => value.clone(),
        Wanted::Text(template) => {
            let text = render("equals", template, seen)?;
            let is_inserted = !template.variables().is_empty();
            match given.pointer(pointer) {
                // `{{ expected }}` is a text, whatever it holds: where the answer has a number, the text is read as one.
                Some(found) if is_inserted && !found.is_string() => {
                    strict_json::parse(&text).unwrap_or(Json::String(text))
                }
                _ => Json::String(text),
            }
        }
    };
    Ok(match given.pointer(pointer) {
        None => Some(format!("nothing stands at {place}")),
        Some(found) if equal(found, &wanted) => None,
        Some(found) => Some(format!(
            "{place} is {}, wanted {}",
            quoted(&found.to_string()),
            quoted(&wanted.to_string())
        )),
    })
}

/// The answer's JSON: the whole text, or the content of its one fenced block.
fn read_answer(output: &str) -> Result<Json, String> {
    let whole = output.trim();
    if whole.is_empty() {
        return Err("the answer is empty".into());
    }
    let blocks = fenced_blocks(whole);
    let text = match blocks.as_slice() {
        [one] => *one,
        [] => whole,
        // A JSON text may hold fences inside its strings.
        several => match strict_json::parse(whole) {
            Ok(given) => return Ok(given),
            Err(_) => return Err(format!("{} fenced blocks, one wanted", several.len())),
        },
    };
    strict_json::parse(text)
        .or_else(|why| strict_json::parse(whole).map_err(|_| why))
        .map_err(|why| format!("not JSON: {why}"))
}

/// The contents of the blocks between lines that begin with three back-ticks.
fn fenced_blocks(text: &str) -> Vec<&str> {
    let mut blocks = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            match open.take() {
                Some(start) => blocks.push(&text[start..at]),
                None => open = Some(at + line.len()),
            }
        }
        at += line.len();
    }
    blocks
}

/// A compiled schema.
struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Schema")
    }
}

/// Where the schema stands for its own references; nothing is there.
const PLACE: &str = "https://schema.invalid/";

struct Nowhere;

impl UrlLoader for Nowhere {
    fn load(&self, url: &str) -> Result<Json, Box<dyn std::error::Error>> {
        Err(
            format!("`$ref` to {url} leads out of the schema; put what it means under `$defs`")
                .into(),
        )
    }
}

impl Schema {
    fn compile(source: &Json) -> Result<Self, String> {
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(Nowhere));
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        let mut schemas = Schemas::new();
        let added = compiler.add_resource(PLACE, source.clone());
        added.map_err(|error| explain(&error))?;
        let compiled = compiler.compile(PLACE, &mut schemas);
        let index = compiled.map_err(|error| explain(&error))?;
        Ok(Self { schemas, index })
    }

    fn check(&self, given: &Json) -> Result<(), String> {
        self.schemas
            .validate(given, self.index)
            .map_err(|error| first_fault(&error))
    }
}

fn explain(error: &boon::CompileError) -> String {
    match error {
        boon::CompileError::LoadUrlError { src, .. } => src.to_string(),
        boon::CompileError::ValidationError { src, .. } => {
            format!("not a JSON Schema: {}", first_fault(src))
        }
        other => format!("not a JSON Schema: {other}").replace(PLACE, ""),
    }
}

/// The first of a validation's faults, by place and then by text: the validator's own order is not always the same.
fn first_fault(error: &ValidationError<'_, '_>) -> String {
    fn leaves(error: &ValidationError<'_, '_>, into: &mut Vec<(String, String)>) {
        if error.causes.is_empty() {
            let what = match &error.kind {
                boon::ErrorKind::AdditionalProperties { got } => {
                    let mut names: Vec<&str> = got.iter().map(AsRef::as_ref).collect();
                    names.sort_unstable();
                    format!("unknown keys: {}", names.join(", "))
                }
                other => other.to_string(),
            };
            into.push((error.instance_location.to_string(), what));
        }
        for cause in &error.causes {
            leaves(cause, into);
        }
    }
    let mut faults = Vec::new();
    leaves(error, &mut faults);
    let more = faults.len().saturating_sub(1);
    match faults.into_iter().min() {
        None => "not valid by the schema".into(),
        Some((place, what)) => {
            let place = if place.is_empty() {
                "the whole".to_owned()
            } else {
                place
            };
            let more = if more == 0 {
                String::new()
            } else {
                format!(" (and {more} more)")
            };
            format!("by the schema, at {place}: {what}{more}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode as decoded, passes, value};
    use crate::domain::score::{Unscored, Value};
    use serde_json::json;

    #[test]
    fn the_answer_is_json_or_has_it_in_its_one_fence() {
        let ok = |output: &str| passes("json", &json!({}), None, output);
        assert!(ok(" {\"a\": 1}\n"));
        assert!(ok("```json\n{\"a\": 1}\n```"));
        assert!(ok("Here it is:\n```\n[1]\n```\nAnything else?"));
        assert!(ok("{\"code\": \"a\\n```\\nb\\n```\"}"));
        assert!(ok("7"));
        for wrong in [
            "",
            "Here it is: {\"a\": 1}",
            "{\"a\": 1} {\"a\": 2}",
            "{\"a\": 1, \"a\": 2}",
            "{\"a\": NaN}",
            "{\"a\": 1",
            "```json\n1\n```\n```json\n2\n```",
            "```json\n{\"a\": 1}",
        ] {
            assert!(!ok(wrong), "{wrong}");
        }
    }

    #[test]
    fn values_are_compared_at_their_places() {
        let rule = json!({"equals": {"/city": "Bern", "/n": 2, "/list/0": "{{ expected }}", "/deep": {"x": [1, null]}}});
        let good = r#"{"city": "Bern", "n": 2.0, "list": ["y"], "deep": {"x": [1, null]}}"#;
        assert!(passes("json", &rule, Some(json!("y")), good));
        assert!(!passes("json", &rule, Some(json!("z")), good));
        assert!(!passes(
            "json",
            &rule,
            Some(json!("y")),
            &good.replace("2.0", "\"2\"")
        ));
        assert!(!passes(
            "json",
            &rule,
            Some(json!("y")),
            &good.replace("\"city\"", "\"town\"")
        ));
        let inserted = json!({"equals": {"/n": "{{ expected }}"}});
        assert!(passes("json", &inserted, Some(json!(7)), r#"{"n": 7}"#));
        assert!(passes("json", &inserted, Some(json!(7)), r#"{"n": "7"}"#));
        assert!(!passes("json", &inserted, Some(json!(8)), r#"{"n": 7}"#));
    }

    #[test]
    fn the_whole_can_be_wanted() {
        let rule = json!({"equals_expected": true});
        let expected = Some(json!({"a": 1, "b": [true]}));
        assert!(passes(
            "json",
            &rule,
            expected.clone(),
            r#"{"b": [true], "a": 1.0}"#
        ));
        assert!(!passes(
            "json",
            &rule,
            expected,
            r#"{"b": [true], "a": 1, "c": 0}"#
        ));
        assert!(passes(
            "json",
            &rule,
            Some(json!("{\"a\": 1}")),
            "{\"a\": 1}"
        ));
        assert_eq!(
            value("json", &rule, None, "{}"),
            Value::Unscored(Unscored::Broken)
        );
        assert!(decoded("json", &rule).unwrap().needs_expected());
    }

    #[test]
    fn a_schema_is_checked_with_its_formats() {
        let rule = json!({"schema": {
            "type": "object", "required": ["day"], "additionalProperties": false,
            "properties": {"day": {"type": "string", "format": "date"}, "n": {"$ref": "#/$defs/n"}},
            "$defs": {"n": {"type": "integer", "minimum": 1}}
        }});
        assert!(passes(
            "json",
            &rule,
            None,
            r#"{"day": "2024-05-06", "n": 1}"#
        ));
        for wrong in [
            r#"{"day": "6 May"}"#,
            r#"{"day": "2024-05-06", "n": 0}"#,
            r#"{"n": 1}"#,
            r#"{"day": "2024-05-06", "x": 1}"#,
        ] {
            assert!(!passes("json", &rule, None, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_schema_fetches_nothing() {
        for reference in [
            "https://example.com/s.json",
            "file:///etc/hostname",
            "http://169.254.169.254/x",
            "other.json",
        ] {
            let problems = decoded("json", &json!({"schema": {"$ref": reference}})).unwrap_err();
            assert_eq!(problems.len(), 1);
            assert!(
                problems[0].contains("leads out of the schema"),
                "{problems:?}"
            );
        }
        let meta = json!({"schema": {"$schema": "https://example.com/meta"}});
        assert!(decoded("json", &meta).is_err());
    }

    #[test]
    fn faulty_options_are_problems() {
        assert!(
            decoded("json", &json!({"schema": {"type": "objekt"}})).unwrap_err()[0]
                .starts_with("not a JSON Schema")
        );
        assert!(
            decoded("json", &json!({"equals": {"city": 1}})).unwrap_err()[0]
                .contains("begins with `/`")
        );
    }
}
