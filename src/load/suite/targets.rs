//! `targets`, and the models of judges: what all kinds share, and the kind's own keys by its row of the table.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::domain::decode::{
    Fields, List, OneOf, Problems, Real, Shape, Text, Whole, describe_with, object, read_with,
    unknown,
};
use crate::domain::digest::Digest;
use crate::domain::fault::FaultKind;
use crate::domain::kind::Kind;
use crate::domain::port::TargetPlan;
use crate::domain::price::Price;
use crate::domain::suite::{Pace, TargetSpec};
use crate::domain::tree::{Node, Value};

use super::layers::FROM_FILE;
use super::names::Id;

/// The table of target kinds.
pub(super) type Table = &'static [Kind<Arc<dyn TargetPlan>>];

/// Keys that every kind has.
const SHARED: &[&str] = &["id", "kind", "price", "limits", "counts_as_failure"];

/// What does not decide a target's answers.
const OUTSIDE_DIGEST: &[&str] = &["id", "price", "limits"];

/// A target, or the model of a judge (which has no name of its own and no agent failures).
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) table: Table,
    /// The id of the judge whose model this is.
    pub(super) model: bool,
}

impl Target {
    fn decode(
        &self,
        fields: &mut Fields<'_>,
        row: Option<&'static Kind<Arc<dyn TargetPlan>>>,
    ) -> Option<TargetSpec> {
        let id = if self.model {
            Some(String::new())
        } else {
            fields.required("id", "the target's name in this suite", Id)
        };
        fields.required("kind", "what the target is", Text);
        let price = fields.optional(
            "price",
            "USD per million tokens; default: the built-in list price where one is known",
            object(price),
        );
        let own = fields
            .optional("limits", "bounds of this target alone", object(limits))
            .unwrap_or_default();
        let failures = if self.model {
            None
        } else {
            fields.optional(
                "counts_as_failure",
                "kinds of fault that are the agent's own failure; default: by kind of target",
                List(OneOf(FaultKind::ALL)),
            )
        };
        let row = row?;
        let plan = (row.decode)(fields)?;
        Some(TargetSpec {
            id: id?,
            kind: row.name,
            price: price.or_else(|| plan.listed_price()),
            concurrency: own.concurrency,
            pace: own.pace,
            counts_as_failure: failures.unwrap_or_else(|| plan.failures().to_vec()),
            digest: digest(fields.node()?),
            plan,
        })
    }
}

impl Shape for Target {
    type Output = TargetSpec;

    fn read(&self, node: &Node, problems: &mut Problems) -> Option<TargetSpec> {
        let row = row_of(self.table, &[], "kind of target", node, problems);
        match row {
            Some(row) => read_with(node, problems, &mut |fields| self.decode(fields, Some(row))),
            // Without its kind the other keys mean nothing: only the shared ones are looked at.
            None => {
                let shared = only(node, SHARED);
                read_with(&shared, problems, &mut |fields| self.decode(fields, None))
            }
        }
    }

    fn schema(&self) -> Json {
        let kinds: Vec<Json> = self
            .table
            .iter()
            .map(|row| {
                let mut schema = describe_with(&mut |fields| {
                    self.decode(fields, Some(row));
                });
                schema["properties"]["kind"] =
                    json!({"const": row.name, "description": row.summary});
                for key in FROM_FILE {
                    from_file(&mut schema["properties"], key);
                }
                schema
            })
            .collect();
        json!({"anyOf": kinds})
    }
}

/// The row that `kind` names. An unknown kind is noted, with a suggestion from the table and from `more`; a missing one is left to
/// the decoder.
pub(super) fn row_of<T>(
    table: &'static [Kind<T>],
    more: &[&str],
    what: &str,
    node: &Node,
    problems: &mut Problems,
) -> Option<&'static Kind<T>> {
    let kind = node.get("kind")?;
    let Value::Scalar { text, .. } = &kind.value else {
        return None;
    };
    let found = table.iter().find(|row| row.name == text);
    if found.is_none() {
        let mut known: Vec<&str> = table.iter().map(|row| row.name).collect();
        known.extend(more);
        problems.note(kind.span, unknown(what, text, &known));
    }
    found
}

/// The map with only some of its keys; anything else as it is.
pub(super) fn only(node: &Node, keys: &[&str]) -> Node {
    let mut node = node.clone();
    if let Value::Mapping(entries) = &mut node.value {
        entries.retain(|(key, _)| keys.contains(&key.name.as_str()));
    }
    node
}

/// The identity of everything that decides the answers.
fn digest(node: &Node) -> Digest {
    let mut json = node.to_json();
    if let Json::Object(map) = &mut json {
        map.retain(|key, _| !OUTSIDE_DIGEST.contains(&key.as_str()));
    }
    Digest::of_json(&json)
}

fn price(fields: &mut Fields<'_>) -> Option<Price> {
    let dollars = || Real(0.0..=1e6);
    let input = fields.required("input", "USD per million tokens read", dollars());
    let output = fields.required("output", "USD per million tokens written", dollars());
    let cached = fields.optional(
        "cached",
        "USD per million tokens read from the endpoint's cache; default: as input",
        dollars(),
    );
    Some(Price {
        input: input?,
        output: output?,
        cached,
    })
}

/// What bounds the calls to one target.
#[derive(Default)]
struct Own {
    concurrency: Option<u32>,
    pace: Pace,
}

fn limits(fields: &mut Fields<'_>) -> Option<Own> {
    let concurrency = fields.optional(
        "concurrency",
        "calls under way at once to this target; default: as many as the run allows",
        Whole(1..=100_000),
    );
    let rpm = fields.optional(
        "rpm",
        "calls a minute; default: any number",
        Whole(1..=100_000_000),
    );
    let tpm = fields.optional(
        "tpm",
        "tokens a minute, read and written; default: any number",
        Whole(1..=1_000_000_000_000),
    );
    Some(Own {
        concurrency: concurrency.and_then(|n| u32::try_from(n).ok()),
        pace: Pace { rpm, tpm },
    })
}

/// A text may also stand in a file of its own: the schema of the suite says so, while decoders see the text only.
fn from_file(properties: &mut Json, key: &str) {
    let Some(schema) = properties.get_mut(key) else {
        return;
    };
    let description = schema
        .as_object_mut()
        .and_then(|map| map.remove("description"));
    let file = json!({
        "type": "object",
        "properties": {"file": {"type": "string", "description": "file that holds the text, relative to the suite's folder"}},
        "required": ["file"],
        "additionalProperties": false,
    });
    let mut either = json!({"anyOf": [schema.take(), file]});
    if let Some(description) = description {
        either["description"] = description;
    }
    *schema = either;
}

/// The list of targets: each on its own, so that a faulty one does not hide what is wrong with the others or with those who name it.
pub(super) struct Targets(pub(super) Table);

/// What could be read of a list of named things.
pub(super) struct Named<T> {
    /// Those without fault.
    pub(super) good: Vec<T>,
    /// The ids of all, faulty ones too.
    pub(super) ids: Vec<String>,
}

impl Shape for Targets {
    type Output = Named<TargetSpec>;

    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Self::Output> {
        let shape = Target {
            table: self.0,
            model: false,
        };
        let named = read_named(node, &shape, "target", problems)?;
        if named.ids.is_empty() && named.good.is_empty() && is_empty_list(node) {
            problems.note(node.span, "at least one target is wanted here");
        }
        Some(named)
    }

    fn schema(&self) -> Json {
        let shape = Target {
            table: self.0,
            model: false,
        };
        json!({"type": "array", "items": shape.schema(), "minItems": 1})
    }
}

fn is_empty_list(node: &Node) -> bool {
    matches!(&node.value, Value::Sequence(items) if items.is_empty())
}

/// Reads each item of a list with `shape` and notes ids given twice.
pub(super) fn read_named<S: Shape>(
    node: &Node,
    shape: &S,
    what: &str,
    problems: &mut Problems,
) -> Option<Named<S::Output>> {
    let Value::Sequence(items) = &node.value else {
        problems.note(
            node.span,
            format!(
                "a list of {what}s is wanted here, this is {}",
                node.describe()
            ),
        );
        return None;
    };
    let mut named = Named {
        good: Vec::new(),
        ids: Vec::new(),
    };
    for item in items {
        if let Some(id) = item.get("id")
            && let Value::Scalar { text, .. } = &id.value
        {
            if named.ids.contains(text) {
                problems.note(
                    id.span,
                    format!("the {what} `{text}` is declared twice; give each its own id"),
                );
            }
            named.ids.push(text.clone());
        }
        named.good.extend(shape.read(item, problems));
    }
    Some(named)
}
