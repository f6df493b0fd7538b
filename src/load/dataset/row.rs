//! One row into one case: which of our fields a row may have, how each is read, and what its other columns become.
//!
//! In JSON each field has its own type, and another type is a problem. In CSV every cell is text: `choices`, `context` and `tags` are
//! split at `|` (or are a JSON array, where a text holds a `|` itself), `checks` is JSON, `metadata` is a JSON object or becomes
//! `metadata.text`, and an empty cell is absent.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::domain::case::{Case, Input};
use crate::domain::decode::{Problems, unknown};
use crate::domain::digest::Digest;
use crate::domain::message::{Message, Role};
use crate::domain::tree::Span;
use crate::load::benchmarks::Benchmark;
use crate::score::{check_schemas, decode_check};

use super::asking::Asking;
use super::columnar;
use super::cut::Format;

/// The fields of a case, in the order of its schema.
pub(crate) const NAMES: &[&str] = &[
    "id", "input", "expected", "choices", "context", "checks", "tags", "cluster", "metadata",
];

/// Fields of later versions: refused by name in JSON; in CSV they are columns like any other.
const NOT_YET: &[&str] = &["turns", "sessions", "user", "tools"];

/// The longest id in bytes.
const LONGEST_ID: usize = 512;
/// The most columns of a row.
pub(crate) const MOST_COLUMNS: usize = 10_000;

/// The format of a file by its name's ending.
pub(crate) fn format_of(path: &str) -> Result<Format, String> {
    if columnar::is_parquet(path) {
        // Its rows are made lines when it is opened.
        return columnar::refusal(path).map_or(Ok(Format::Lines), Err);
    }
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" => Ok(Format::Lines),
        "csv" => Ok(Format::Csv),
        "json" => Ok(Format::Array),
        "gz" | "zst" | "zip" => Err(format!("`{path}` is compressed; unpack it first")),
        _ => Err(format!(
            "the format of `{path}` is not known by its ending; known: .jsonl (one case a line), .csv (with a head), .json (an array)"
        )),
    }
}

/// Which column holds which field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping {
    /// Our field from the column.
    pub(crate) fields: Vec<(String, String)>,
    /// The column by which cases hang together.
    pub(crate) cluster: Option<String>,
    /// The benchmark whose own rows these are.
    pub(crate) benchmark: Option<&'static Benchmark>,
    /// How questions are put.
    pub(crate) asking: Option<Arc<Asking>>,
}

impl Mapping {
    fn column<'a>(&'a self, field: &'a str) -> &'a str {
        if field == "cluster"
            && let Some(column) = &self.cluster
        {
            return column;
        }
        self.fields
            .iter()
            .find(|(ours, _)| ours == field)
            .map_or(field, |(_, column)| column)
    }

    fn is_mapped(&self, field: &str) -> bool {
        self.column(field) != field || self.fields.iter().any(|(ours, _)| ours == field)
    }

    /// The columns that are named and must therefore be there.
    pub(crate) fn named(&self) -> impl Iterator<Item = &str> {
        let mapped = self.fields.iter().map(|(_, column)| column.as_str());
        mapped.chain(self.cluster.as_deref())
    }

    /// Whether a row of these columns brings its own id.
    pub(crate) fn has_id(&self, row: &Map<String, Json>) -> bool {
        self.is_mapped("id") || row.contains_key("id")
    }
}

/// A row into a case, its question put as the format says, or everything that is wrong with it. `derive_id`: no row of this source has
/// an id.
pub(crate) fn case(
    row: Map<String, Json>,
    mapping: &Mapping,
    from_csv: bool,
    derive_id: bool,
) -> Result<Case, Vec<String>> {
    let mut case = as_it_stands(row, mapping, from_csv, derive_id)?;
    if let Some(asking) = &mapping.asking {
        asking.put(&mut case).map_err(|message| vec![message])?;
    }
    Ok(case)
}

fn as_it_stands(
    row: Map<String, Json>,
    mapping: &Mapping,
    from_csv: bool,
    derive_id: bool,
) -> Result<Case, Vec<String>> {
    if let Some(benchmark) = mapping.benchmark {
        return of_benchmark(row, benchmark, mapping);
    }
    let whole = Json::Object(row);
    let derived = derive_id.then(|| digest_id(&whole));
    let Json::Object(row) = whole else {
        return Err(Vec::new());
    };
    let mut reader = Reader {
        row: &row,
        mapping,
        from_csv,
        wrong: Vec::new(),
    };
    let id = derived.or_else(|| reader.id());
    let input = reader.input();
    let expected = reader.take("expected").cloned();
    let choices = reader.texts("choices");
    let context = reader.texts("context");
    let tags = reader.texts("tags");
    let checks = reader.checks();
    let cluster = reader.cluster();
    let metadata = reader.metadata();
    reader.not_yet();
    let wrong = reader.wrong;
    let (Some(id), Some(input), true) = (id, input, wrong.is_empty()) else {
        return Err(wrong);
    };
    let columns = columns(row, mapping);
    Ok(Case {
        id,
        input,
        expected,
        choices,
        context,
        checks,
        tags,
        cluster,
        metadata,
        columns,
    })
}

/// A row of a benchmark's own file into a case.
fn of_benchmark(
    row: Map<String, Json>,
    benchmark: &'static Benchmark,
    mapping: &Mapping,
) -> Result<Case, Vec<String>> {
    let whole = Json::Object(row);
    let derived = digest_id(&whole);
    let Json::Object(row) = whole else {
        return Err(Vec::new());
    };
    let mut case = benchmark.case(row, || derived)?;
    if let Some(column) = &mapping.cluster {
        case.cluster = match case.columns.get(column) {
            Some(Json::String(text)) => Some(text.clone()),
            Some(Json::Number(number)) => Some(number.to_string()),
            Some(other) => {
                return Err(vec![format!(
                    "`cluster` (column `{column}`) must be text or a number, this is {}",
                    what(other)
                )]);
            }
            None => {
                let columns: Vec<&str> = case.columns.keys().map(String::as_str).collect();
                return Err(vec![unknown("column", column, &columns)]);
            }
        };
    }
    Ok(case)
}

/// An id from what the row says: the same wherever the row stands.
fn digest_id(row: &Json) -> String {
    let digest = Digest::of_json(row).to_string();
    digest[..12].to_owned()
}

/// The row's columns that are not our fields; a mapped column keeps its own name for templates as well.
fn columns(row: Map<String, Json>, mapping: &Mapping) -> Map<String, Json> {
    row.into_iter()
        .filter(|(name, _)| {
            !NAMES.contains(&name.as_str())
                || (mapping.is_mapped(name) && mapping.column(name) != name)
        })
        .collect()
}

/// A column of a row. Most rows have so few that looking at each is faster than hashing the name.
fn find<'a>(row: &'a Map<String, Json>, column: &str) -> Option<&'a Json> {
    const FEW: usize = 16;
    if row.len() > FEW {
        return row.get(column);
    }
    row.iter()
        .find(|(name, _)| *name == column)
        .map(|(_, value)| value)
}

struct Reader<'a> {
    row: &'a Map<String, Json>,
    mapping: &'a Mapping,
    from_csv: bool,
    wrong: Vec<String>,
}

impl<'a> Reader<'a> {
    /// The value of a field, if it is there: null and an empty CSV cell are not.
    fn take(&self, field: &str) -> Option<&'a Json> {
        match find(self.row, self.mapping.column(field)) {
            Some(Json::Null) => None,
            Some(Json::String(text)) if self.from_csv && text.is_empty() => None,
            found => found,
        }
    }

    /// The field as messages call it.
    fn called(&self, field: &str) -> String {
        match self.mapping.column(field) {
            column if column == field => format!("`{field}`"),
            column => format!("`{field}` (column `{column}`)"),
        }
    }

    fn note(&mut self, field: &str, message: impl AsRef<str>) {
        let called = self.called(field);
        self.wrong.push(format!("{called} {}", message.as_ref()));
    }

    fn missing(&mut self, field: &str) {
        let column = self.mapping.column(field);
        if self.row.contains_key(column) {
            return self.note(field, "is empty");
        }
        let columns: Vec<&str> = self.row.keys().map(String::as_str).take(50).collect();
        let message = if self.mapping.is_mapped(field) {
            unknown("column", column, &columns)
        } else {
            let shown: Vec<&str> = columns.into_iter().take(12).collect();
            format!(
                "`{field}` is missing; name its column: `dataset.fields: {{{field}: COLUMN}}` (columns here: {})",
                shown.join(", ")
            )
        };
        self.wrong.push(message);
    }

    fn id(&mut self) -> Option<String> {
        let Some(value) = self.take("id") else {
            self.missing("id");
            return None;
        };
        let text = match value {
            Json::String(text) => text.clone(),
            Json::Number(number) if !number.is_f64() => number.to_string(),
            other => {
                self.note(
                    "id",
                    format!("must be text or a whole number, this is {}", what(other)),
                );
                return None;
            }
        };
        if text.trim().is_empty() || text.len() > LONGEST_ID || text.chars().any(char::is_control) {
            self.note(
                "id",
                format!("must be one line of 1 to {LONGEST_ID} bytes without control characters"),
            );
            return None;
        }
        Some(text)
    }

    fn input(&mut self) -> Option<Input> {
        let Some(value) = self.take("input") else {
            self.missing("input");
            return None;
        };
        match value {
            Json::String(text) => Some(Input::Text(text.clone())),
            Json::Array(items) => self.messages(items).map(Input::Messages),
            other => {
                self.note(
                    "input",
                    format!(
                        "must be text or a list of messages, this is {}",
                        what(other)
                    ),
                );
                None
            }
        }
    }

    fn messages(&mut self, items: &[Json]) -> Option<Vec<Message>> {
        let mut messages = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match message(item) {
                Ok(message) => messages.push(message),
                Err(why) => {
                    self.note("input", format!("message {}: {why}", index + 1));
                    return None;
                }
            }
        }
        if !messages.iter().any(|message| message.role == Role::User) {
            self.note(
                "input",
                "holds no message of the role `user`: there is no question",
            );
            return None;
        }
        Some(messages)
    }

    /// A list of texts; one text is a list of one.
    fn texts(&mut self, field: &str) -> Vec<String> {
        let Some(value) = self.take(field) else {
            return Vec::new();
        };
        let parsed;
        let value = match value {
            Json::String(text) if self.from_csv && text.trim_start().starts_with('[') => {
                match serde_json::from_str(text) {
                    Ok(list) => {
                        parsed = list;
                        &parsed
                    }
                    Err(error) => {
                        self.note(
                            field,
                            format!("begins like a JSON list and is none: {error}"),
                        );
                        return Vec::new();
                    }
                }
            }
            Json::String(text) if self.from_csv => {
                return text.split('|').map(|part| part.trim().to_owned()).collect();
            }
            other => other,
        };
        match value {
            Json::String(text) => vec![text.clone()],
            Json::Array(items) => {
                let mut texts = Vec::new();
                for item in items {
                    match item {
                        Json::String(text) => texts.push(text.clone()),
                        Json::Number(number) => texts.push(number.to_string()),
                        other => {
                            self.note(
                                field,
                                format!("must be a list of texts, it holds {}", what(other)),
                            );
                            return Vec::new();
                        }
                    }
                }
                texts
            }
            other => {
                self.note(
                    field,
                    format!("must be a list of texts, this is {}", what(other)),
                );
                Vec::new()
            }
        }
    }

    fn checks(&mut self) -> Vec<Json> {
        let parsed = match self.take("checks") {
            Some(Json::String(text)) if self.from_csv => match serde_json::from_str(text) {
                Ok(value) => Some(value),
                Err(error) => {
                    self.note("checks", format!("must be JSON in a CSV file: {error}"));
                    None
                }
            },
            other => other.cloned(),
        };
        match parsed {
            None => Vec::new(),
            Some(Json::Array(items)) => {
                for item in &items {
                    let mut problems = Problems::new("");
                    decode_check(item, Span::default(), &mut problems);
                    let said = problems.sorted().into_iter();
                    self.wrong.extend(said.map(|problem| problem.message));
                }
                items
            }
            Some(other) => {
                self.note(
                    "checks",
                    format!("must be a list such as [{{\"kind\": \"contains\", \"any\": [\"x\"]}}], this is {}", what(&other)),
                );
                Vec::new()
            }
        }
    }

    fn cluster(&mut self) -> Option<String> {
        match self.take("cluster") {
            Some(Json::String(text)) => Some(text.clone()),
            Some(Json::Number(number)) => Some(number.to_string()),
            Some(other) => {
                self.note(
                    "cluster",
                    format!("must be text or a number, this is {}", what(other)),
                );
                None
            }
            None if self.mapping.cluster.is_some() => {
                self.missing("cluster");
                None
            }
            None => None,
        }
    }

    fn metadata(&mut self) -> Map<String, Json> {
        match self.take("metadata") {
            None => Map::new(),
            Some(Json::Object(map)) => map.clone(),
            // Published tables have such a column with anything in it.
            Some(Json::String(text)) if self.from_csv => match serde_json::from_str(text) {
                Ok(Json::Object(map)) => map,
                _ => [("text".to_owned(), Json::String(text.clone()))]
                    .into_iter()
                    .collect(),
            },
            Some(other) => {
                self.note(
                    "metadata",
                    format!("must be an object, this is {}", what(other)),
                );
                Map::new()
            }
        }
    }

    fn not_yet(&mut self) {
        for field in NOT_YET {
            let is_column = self.mapping.named().any(|column| column == *field);
            if !self.from_csv && !is_column && self.row.contains_key(*field) {
                self.wrong.push(format!(
                    "`{field}` is not supported by this version yet; remove it, or rename the column"
                ));
            }
        }
    }
}

/// One message of an input.
fn message(item: &Json) -> Result<Message, String> {
    const KEYS: &[&str] = &["role", "content", "tool_calls", "tool_call_id"];
    const ROLES: &[&str] = &["system", "user", "assistant", "tool"];
    let Json::Object(map) = item else {
        return Err(format!(
            "must be an object with `role` and `content`, this is {}",
            what(item)
        ));
    };
    if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(unknown("key", key, KEYS));
    }
    match map.get("role") {
        Some(Json::String(role)) if ROLES.contains(&role.as_str()) => {}
        Some(Json::String(role)) => return Err(unknown("role", role, ROLES)),
        _ => return Err("`role` is missing: system, user, assistant or tool".to_owned()),
    }
    if !matches!(map.get("content"), Some(Json::String(_))) {
        return Err("`content` must be text".to_owned());
    }
    serde_json::from_value(item.clone()).map_err(|error| error.to_string())
}

/// What a value is, in words.
pub(crate) fn what(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "a truth value",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// The JSON Schema of a case as a row of JSONL.
pub(crate) fn schema() -> Json {
    let texts = |description: &str| json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": ["string", "number"]}}], "description": description});
    let mut properties = Map::new();
    for name in NAMES {
        let schema = match *name {
            "id" => {
                json!({"type": ["string", "integer"], "description": "stable and unique within the dataset; where no row has one, it is derived from what the row says"})
            }
            "input" => json!({
                "anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": {
                    "type": "object",
                    "properties": {
                        "role": {"enum": ["system", "user", "assistant", "tool"]},
                        "content": {"type": "string"},
                        "tool_calls": {"type": "array", "items": {"type": "object", "required": ["name", "arguments"]}},
                        "tool_call_id": {"type": "string"},
                    },
                    "required": ["role", "content"],
                    "additionalProperties": false,
                }}],
                "description": "what the agent is asked: text, or the messages so far",
            }),
            "expected" => {
                json!({"description": "the right answer: text, a list of accepted texts, or any JSON"})
            }
            "choices" => texts("the answers offered, for multiple choice"),
            "context" => texts("documents that belong to the question"),
            "checks" => {
                json!({"type": "array", "items": {"anyOf": check_schemas()}, "description": "rule scorers for this case alone, together the pass/fail scorer `checks`"})
            }
            "tags" => texts("slices that the case belongs to"),
            "cluster" => {
                json!({"type": ["string", "number"], "description": "cases that share it are not independent"})
            }
            _ => {
                json!({"type": "object", "description": "anything else that belongs to the case, kept and shown"})
            }
        };
        properties.insert((*name).to_owned(), schema);
    }
    for name in NOT_YET {
        properties.insert((*name).to_owned(), Json::Bool(false));
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": ["input"],
        "additionalProperties": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(row: Json, fields: &[(&str, &str)], from_csv: bool) -> Result<Case, Vec<String>> {
        let mapping = Mapping {
            fields: fields
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect(),
            cluster: None,
            ..Mapping::default()
        };
        let Json::Object(row) = row else { panic!() };
        let derive = !mapping.has_id(&row);
        case(row, &mapping, from_csv, derive)
    }

    #[test]
    fn a_plain_row_is_a_case_and_its_other_keys_are_columns() {
        let found = read(
            json!({"id": 7, "input": "q", "expected": ["a", 2], "tags": ["t"], "city": "Bern", "n": null}),
            &[],
            false,
        )
        .unwrap();
        assert_eq!(found.id, "7");
        assert_eq!(found.accepted(), ["a", "2"]);
        assert_eq!(
            Json::Object(found.columns),
            json!({"city": "Bern", "n": null})
        );
    }

    #[test]
    fn mapped_columns_keep_their_own_names_for_templates() {
        let found = read(
            json!({"question": "q", "answer": "a"}),
            &[("input", "question"), ("expected", "answer")],
            false,
        )
        .unwrap();
        assert_eq!(found.input.text(), "q");
        assert_eq!(found.expected, Some(json!("a")));
        assert_eq!(
            Json::Object(found.columns),
            json!({"question": "q", "answer": "a"})
        );
        assert_eq!(found.id.len(), 12);
    }

    #[test]
    fn a_derived_id_depends_on_what_the_row_says_alone() {
        let id = |row: Json| read(row, &[], false).unwrap().id;
        assert_eq!(
            id(json!({"input": "q", "k": 1})),
            id(json!({"k": 1, "input": "q"}))
        );
        assert_ne!(id(json!({"input": "q"})), id(json!({"input": "Q"})));
    }

    #[test]
    fn csv_cells_are_text_with_lists_split_at_bars() {
        let found = read(
            json!({"id": "1", "input": "q", "choices": "a | b", "tags": "[\"x|y\"]", "expected": "",
                   "metadata": "{\"k\": 1}", "user": "u1"}),
            &[],
            true,
        )
        .unwrap();
        assert_eq!(found.choices, ["a", "b"]);
        assert_eq!(found.tags, ["x|y"]);
        assert_eq!(found.expected, None);
        assert_eq!(Json::Object(found.metadata), json!({"k": 1}));
        assert_eq!(Json::Object(found.columns), json!({"user": "u1"}));
    }

    #[test]
    fn everything_wrong_with_a_row_is_said() {
        assert_eq!(
            read(
                json!({"id": 1.5, "input": 3, "tags": "t", "choices": [true], "turns": [], "metadata": 1}),
                &[],
                false
            )
            .unwrap_err(),
            [
                "`id` must be text or a whole number, this is a number",
                "`input` must be text or a list of messages, this is a number",
                "`choices` must be a list of texts, it holds a truth value",
                "`metadata` must be an object, this is a number",
                "`turns` is not supported by this version yet; remove it, or rename the column",
            ]
        );
        assert_eq!(
            read(json!({"id": "a", "question": "q"}), &[], false).unwrap_err(),
            [
                "`input` is missing; name its column: `dataset.fields: {input: COLUMN}` (columns here: id, question)"
            ]
        );
        assert_eq!(
            read(
                json!({"id": "a", "question": "q"}),
                &[("input", "qestion")],
                false
            )
            .unwrap_err(),
            ["unknown column `qestion`; did you mean `question`?"]
        );
    }

    #[test]
    fn messages_are_read_strictly() {
        let input = |messages: Json| read(json!({"id": "a", "input": messages}), &[], false);
        assert!(
            input(json!([{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]))
                .is_ok()
        );
        for (messages, why) in [
            (
                json!([{"role": "usr", "content": "u"}]),
                "did you mean `user`",
            ),
            (json!([{"role": "user"}]), "`content` must be text"),
            (
                json!([{"role": "user", "content": "u", "name": "x"}]),
                "unknown key `name`",
            ),
            (
                json!([{"role": "assistant", "content": "u"}]),
                "there is no question",
            ),
            (json!(["u"]), "must be an object"),
        ] {
            let said = input(messages).unwrap_err();
            assert!(said[0].contains(why), "{said:?}");
        }
    }
}
