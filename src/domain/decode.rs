//! Decodes a [`Node`] into typed options, reports *all* problems with their places, and describes itself as JSON Schema.
//!
//! A decoder is a function over [`Fields`]: it asks for each key with a [`Shape`] and builds its value at the end. The same function,
//! run by [`describe`], yields the schema of what it reads, so that the two cannot drift apart. A decoder never stops at a problem:
//! asking for a faulty key notes the problem and answers `None`.

use serde_json::{Map, Value as Json, json};

pub use super::shape::{
    Anything, List, MapOf, Object, OneOf, OneOrMany, Real, Shape, Templated, Text, Time, Truth,
    Whole, WithEnv, object,
};
use super::tree::{Key, Node, Span, Value};

/// One thing wrong in a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file as the user named it.
    pub file: String,
    /// The place; line 0 where there is none (a flag, data without lines).
    pub span: Span,
    /// What is wrong and what to do, in a lowercase fragment.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            file,
            span,
            message,
        } = self;
        match (span.line, span.column) {
            (0, _) => write!(f, "{file}: {message}"),
            (line, 0) => write!(f, "{file}:{line}: {message}"),
            (line, column) => write!(f, "{file}:{line}:{column}: {message}"),
        }
    }
}

/// The problems of one file as they are found.
#[derive(Debug, Default)]
pub struct Problems {
    file: String,
    list: Vec<Problem>,
}

impl Problems {
    /// No problems yet in `file`.
    #[must_use]
    pub fn new(file: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            list: Vec::new(),
        }
    }

    /// Notes one.
    pub fn note(&mut self, span: Span, message: impl Into<String>) {
        self.list.push(Problem {
            file: self.file.clone(),
            span,
            message: message.into(),
        });
    }

    /// Takes over the problems of another file.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Problem>) {
        self.list.extend(others);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// All of them, sorted by file and place, each once.
    #[must_use]
    pub fn sorted(mut self) -> Vec<Problem> {
        self.list.sort();
        self.list.dedup();
        self.list
    }
}

/// A decoder of a map's keys: a row of a kind's table, or a part of the suite.
pub type Decode<T> = fn(&mut Fields<'_>) -> Option<T>;

/// The keys of one map, asked for one by one.
pub struct Fields<'a> {
    source: Source<'a>,
    known: Vec<&'static str>,
}

enum Source<'a> {
    Read {
        node: &'a Node,
        problems: &'a mut Problems,
        used: Vec<&'static str>,
    },
    Describe {
        properties: Map<String, Json>,
        required: Vec<&'static str>,
    },
}

impl<'a> Fields<'a> {
    fn reading(node: &'a Node, problems: &'a mut Problems) -> Self {
        Self {
            source: Source::Read {
                node,
                problems,
                used: Vec::new(),
            },
            known: Vec::new(),
        }
    }

    /// A key that must be there. `doc` says what it means, with its unit.
    pub fn required<S: Shape>(
        &mut self,
        key: &'static str,
        doc: &str,
        shape: S,
    ) -> Option<S::Output> {
        match self.ask(key, doc, &shape, true) {
            Asked::Found(value) => value,
            Asked::Absent => {
                if let Source::Read { node, problems, .. } = &mut self.source {
                    problems.note(node.span, format!("`{key}` is missing: {doc}"));
                }
                None
            }
        }
    }

    /// A key that may be absent. A faulty value also answers `None`; its problem is noted.
    pub fn optional<S: Shape>(
        &mut self,
        key: &'static str,
        doc: &str,
        shape: S,
    ) -> Option<S::Output> {
        match self.ask(key, doc, &shape, false) {
            Asked::Found(value) => value,
            Asked::Absent => None,
        }
    }

    /// A key with a default.
    pub fn or<S: Shape>(
        &mut self,
        key: &'static str,
        doc: &str,
        shape: S,
        default: S::Output,
    ) -> S::Output {
        self.optional(key, doc, shape).unwrap_or(default)
    }

    /// Keys that a later version will know: refused by name, never accepted and ignored.
    pub fn not_yet(&mut self, keys: &[&'static str]) {
        if let Source::Read {
            node,
            problems,
            used,
        } = &mut self.source
        {
            for &key in keys {
                if let Some((place, _)) = entries(node).iter().find(|(k, _)| k.name == key) {
                    problems.note(
                        place.span,
                        format!("`{key}` is not supported by this version yet; remove it"),
                    );
                    used.push(key);
                }
            }
        }
    }

    /// A key that people look for here and that belongs elsewhere: refused with the place.
    pub fn belongs_elsewhere(&mut self, key: &'static str, place: &str) {
        if let Source::Read {
            node,
            problems,
            used,
        } = &mut self.source
            && let Some((at, _)) = entries(node).iter().find(|(k, _)| k.name == key)
        {
            problems.note(at.span, format!("`{key}` belongs in {place}"));
            used.push(key);
        }
    }

    /// Notes a problem at a key's value (`limits`, or inside of it `limits.timeout`), or at the map if the key is absent: for rules
    /// between keys.
    pub fn problem(&mut self, key: &str, message: impl Into<String>) {
        if let Source::Read { node, problems, .. } = &mut self.source {
            let mut found: Option<&Node> = Some(node);
            for name in key.split('.') {
                found = found.and_then(|node| node.get(name));
            }
            let span = found.map_or(node.span, |found| found.span);
            problems.note(span, message);
        }
    }

    /// Where the map begins.
    #[must_use]
    pub fn span(&self) -> Span {
        match &self.source {
            Source::Read { node, .. } => node.span,
            Source::Describe { .. } => Span::default(),
        }
    }

    /// The map itself, when there is one to read (for digests).
    #[must_use]
    pub fn node(&self) -> Option<&Node> {
        match &self.source {
            Source::Read { node, .. } => Some(node),
            Source::Describe { .. } => None,
        }
    }

    /// Whether this only describes: decoders that branch on a value answer every branch's keys then.
    #[must_use]
    pub fn describing(&self) -> bool {
        matches!(self.source, Source::Describe { .. })
    }

    fn ask<S: Shape>(
        &mut self,
        key: &'static str,
        doc: &str,
        shape: &S,
        must: bool,
    ) -> Asked<S::Output> {
        self.known.push(key);
        match &mut self.source {
            Source::Read {
                node,
                problems,
                used,
            } => {
                used.push(key);
                match node.get(key) {
                    Some(value) => Asked::Found(shape.read(value, problems)),
                    None => Asked::Absent,
                }
            }
            Source::Describe {
                properties,
                required,
            } => {
                let mut schema = shape.schema();
                if let Json::Object(map) = &mut schema {
                    map.insert("description".into(), Json::String(doc.to_owned()));
                }
                properties.insert(key.into(), schema);
                if must {
                    required.push(key);
                }
                Asked::Found(None)
            }
        }
    }

    /// Reports keys that nobody asked for, with a suggestion from those known at this place.
    fn end(self) {
        let known = self.known;
        if let Source::Read {
            node,
            problems,
            used,
        } = self.source
        {
            let mut seen: Vec<&str> = Vec::new();
            for (key, _) in entries(node) {
                let name = key.name.as_str();
                if seen.contains(&name) {
                    problems.note(key.span, format!("`{name}` is given twice; keep one"));
                } else if !used.contains(&name) {
                    problems.note(key.span, unknown("key", name, &known));
                }
                seen.push(name);
            }
        }
    }
}

enum Asked<T> {
    Found(Option<T>),
    Absent,
}

fn entries(node: &Node) -> &[(Key, Node)] {
    match &node.value {
        Value::Mapping(entries) => entries,
        _ => &[],
    }
}

/// "unknown WHAT `x`; did you mean `y`?", or the list of what is known there.
#[must_use]
pub fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(name.len()) / 3)
        .min();
    match nearest {
        Some((_, candidate)) => format!("unknown {what} `{name}`; did you mean `{candidate}`?"),
        None => {
            let mut sorted = known.to_vec();
            sorted.sort_unstable();
            format!("unknown {what} `{name}`; known here: {}", sorted.join(", "))
        }
    }
}

/// Reads a whole map with a decoder, reporting its unknown and duplicate keys too.
pub fn read<T>(node: &Node, problems: &mut Problems, decode: Decode<T>) -> Option<T> {
    object(decode).read(node, problems)
}

/// The JSON Schema of what a decoder reads.
#[must_use]
pub fn describe<T>(decode: Decode<T>) -> Json {
    describe_with(&mut |fields| {
        decode(fields);
    })
}

/// As [`describe`], for decoders that carry state.
#[must_use]
pub fn describe_with(decode: &mut dyn FnMut(&mut Fields<'_>)) -> Json {
    let mut fields = Fields {
        source: Source::Describe {
            properties: Map::new(),
            required: Vec::new(),
        },
        known: Vec::new(),
    };
    decode(&mut fields);
    match fields.source {
        Source::Describe {
            properties,
            required,
        } => json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        }),
        Source::Read { .. } => json!({}),
    }
}

/// Reads a map with a decoder that carries state (tables of kinds handed down from above).
pub fn read_with<T>(
    node: &Node,
    problems: &mut Problems,
    decode: &mut dyn FnMut(&mut Fields<'_>) -> Option<T>,
) -> Option<T> {
    if !matches!(node.value, Value::Mapping(_)) {
        problems.note(
            node.span,
            format!("a map of keys is wanted here, this is {}", node.describe()),
        );
        return None;
    }
    let mut fields = Fields::reading(node, problems);
    let value = decode(&mut fields);
    fields.end();
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Limits {
        attempts: u64,
    }

    fn limits(fields: &mut Fields<'_>) -> Option<Limits> {
        let attempts = fields.required("attempts", "tries a call", Whole(1..=100));
        fields.optional("timeout", "per attempt", Time);
        fields.not_yet(&["rpm"]);
        Some(Limits {
            attempts: attempts?,
        })
    }

    fn problems_of(json: Json) -> Vec<String> {
        let mut problems = Problems::new("suite.yaml");
        read(&Node::from_json(&json), &mut problems, limits);
        problems.sorted().into_iter().map(|p| p.message).collect()
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        assert_eq!(
            problems_of(json!({"attemps": 3, "timeout": "60", "rpm": 5})),
            [
                "`attempts` is missing: tries a call",
                "`rpm` is not supported by this version yet; remove it",
                "a duration with its unit (`250ms`, `60s`, `5m`) is wanted here, this is text",
                "unknown key `attemps`; did you mean `attempts`?",
            ]
        );
        assert_eq!(
            problems_of(json!({"attempts": 101})),
            ["101 is out of range: 1 to 100"]
        );
        assert_eq!(
            problems_of(json!([])),
            ["a map of keys is wanted here, this is a list"]
        );
    }

    #[test]
    fn a_good_map_is_read_and_described_by_the_same_function() {
        let mut problems = Problems::new("suite.yaml");
        let read = read(
            &Node::from_json(&json!({"attempts": 5})),
            &mut problems,
            limits,
        );
        assert_eq!(read.map(|limits| limits.attempts), Some(5));
        let schema = describe(limits);
        assert_eq!(schema["required"], json!(["attempts"]));
        assert_eq!(
            schema["properties"]["attempts"]["description"],
            "tries a call"
        );
        assert!(schema["properties"]["timeout"].is_object());
    }

    #[test]
    fn a_problem_prints_its_place() {
        let mut problem = Problem {
            file: "s.yaml".into(),
            span: Span { line: 3, column: 5 },
            message: "m".into(),
        };
        assert_eq!(problem.to_string(), "s.yaml:3:5: m");
        problem.span = Span { line: 3, column: 0 };
        assert_eq!(problem.to_string(), "s.yaml:3: m");
        problem.span = Span::default();
        assert_eq!(problem.to_string(), "s.yaml: m");
    }
}
