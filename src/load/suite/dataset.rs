//! The `dataset` part of a suite: where the cases come from and which are taken.

use crate::domain::decode::{
    Fields, List, MapOf, OneOf, OneOrMany, Problems, Shape, Text, Truth, Whole, object, unknown,
};
use crate::domain::suite::{Dataset, Examples, Format, Select, Source, Style};
use crate::domain::tree::{Node, Span, Value};
use crate::load::benchmarks::{self, needle};
use crate::load::dataset::{asking, row};
use serde_json::{Value as Json, json};

/// Reads `dataset`.
pub(super) fn decode(fields: &mut Fields<'_>) -> Option<Dataset> {
    let paths = fields.optional(
        "path",
        "file of cases, or a list of them, relative to the suite's folder (.jsonl, .csv, .json)",
        OneOrMany(Path),
    );
    let inline = fields.optional("cases", "cases written into the suite itself", Inline);
    let mapped = fields.optional(
        "fields",
        "our field from the column that holds it: {input: question, expected: answer}",
        Mapped,
    );
    let select = fields.optional(
        "select",
        "which cases are taken; default: all",
        object(select),
    );
    let cluster = fields.optional(
        "cluster",
        "column by which cases hang together and are not independent",
        Text,
    );
    let benchmark = fields.optional(
        "benchmark",
        "the public benchmark whose own file `path` is (`evenhand list benchmarks`); without `path`: the one that `evenhand dataset pull` fetched",
        BenchmarkName,
    );
    let generate = fields.optional(
        "generate",
        "for `benchmark: ruler`: texts made here in place of a file",
        object(needle::decode),
    );
    let format = fields.optional(
        "format",
        "how questions are put: a style, and examples before them",
        object(format),
    );
    let written = |key: &str| fields.node().is_some_and(|node| node.get(key).is_some());
    let of_benchmark = written("benchmark");
    let pulled = fields
        .node()
        .and_then(|node| node.get("benchmark"))
        .filter(|_| !written("path") && !written("generate"))
        .map(|node| Source::Pulled { span: node.span });
    if !of_benchmark && !written("path") && !written("cases") && !written("generate") {
        fields.problem(
            "path",
            "a dataset needs `path` (a file of cases) or `cases` (cases written here)",
        );
    }
    if let Some(format) = &format
        && let Err(message) = asking::check(benchmark.as_deref(), format.style)
    {
        fields.problem("format", message);
    }
    for key in ["cases", "fields"] {
        if of_benchmark && fields.node().is_some_and(|node| node.get(key).is_some()) {
            fields.problem(
                key,
                format!("a benchmark's rows are read as its authors write them; remove `{key}`, or `benchmark`"),
            );
        }
    }
    let makes = fields
        .node()
        .is_some_and(|node| node.get("generate").is_some());
    if makes && benchmark.as_deref() != Some("ruler") {
        fields.problem(
            "generate",
            "only texts of `benchmark: ruler` are made here; name it, or remove `generate`",
        );
    } else if makes && fields.node().is_some_and(|node| node.get("path").is_some()) {
        fields.problem(
            "generate",
            "texts are made or come from a file; remove `path` or `generate`",
        );
    }
    let place = fields
        .node()
        .and_then(|node| node.get("generate"))
        .map_or(Span::default(), |node| node.span);
    let made = generate.map(|wanted| {
        let rows = needle::rows(&wanted).into_iter();
        Source::Inline(rows.map(|row| (place, row)).collect())
    });
    let files = paths
        .into_iter()
        .flatten()
        .map(|(path, span)| Source::File { path, span });
    let sources: Vec<Source> = files
        .chain(pulled)
        .chain(inline.map(Source::Inline))
        .chain(made)
        .collect();
    Some(Dataset {
        sources,
        select: select.unwrap_or_default(),
        fields: mapped.unwrap_or_default(),
        cluster,
        benchmark,
        format,
    })
}

/// Reads `dataset.format`.
fn format(fields: &mut Fields<'_>) -> Option<Format> {
    let span = fields.span();
    let style = fields.optional(
        "style",
        "what is asked for behind the question; default: the benchmark's own, nothing for other cases",
        OneOf(Style::NAMES),
    );
    let shots = fields.optional(
        "shots",
        "how many examples stand before the question; default: all that are given",
        Whole(1..=1_000),
    );
    let examples = fields.optional(
        "examples",
        "file of rows like the dataset's own that are asked nobody, or a list of {question: ..., answer: ...}; default: those that `evenhand dataset pull` fetched",
        Shown,
    );
    Some(Format {
        style,
        shots,
        examples: examples.unwrap_or(Examples::None),
        span,
    })
}

/// Examples: a path, or a list.
struct Shown;

impl Shape for Shown {
    type Output = Examples;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Examples> {
        if !matches!(node.value, Value::Sequence(_)) {
            return Path
                .read(node, problems)
                .map(|(path, _)| Examples::File(path));
        }
        let given = List(object(example)).read(node, problems)?;
        Some(Examples::Given(given))
    }
    fn schema(&self) -> Json {
        json!({"anyOf": [{"type": "string"}, List(object(example)).schema()]})
    }
}

fn example(fields: &mut Fields<'_>) -> Option<(String, String)> {
    let question = fields.required("question", "what is asked", Text);
    let answer = fields.required("answer", "the answer as it is to be given", Text);
    Some((question?, answer?))
}

fn select(fields: &mut Fields<'_>) -> Option<Select> {
    let place = |key: &str| {
        let node = fields.node().and_then(|node| node.get(key));
        node.map_or(Span::default(), |node| node.span)
    };
    let places = [place("tags"), place("ids")];
    Some(Select {
        places,
        limit: fields.optional("limit", "at most this many cases, after all else", Whole(1..=u64::MAX)),
        shuffle: fields.or(
            "shuffle",
            "in random order by the suite's seed, which also decides what `limit` takes; default: false",
            Truth,
            false,
        ),
        tags: fields.or("tags", "only cases with one of these tags", OneOrMany(Text), Vec::new()),
        ids: fields.or("ids", "only the cases with these ids", List(Text), Vec::new()),
    })
}

/// The name of a benchmark.
struct BenchmarkName;

impl Shape for BenchmarkName {
    type Output = String;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<String> {
        let name = Text.read(node, problems)?;
        match benchmarks::find(&name) {
            Ok(_) => Some(name),
            Err(message) => {
                problems.note(node.span, message);
                None
            }
        }
    }
    fn schema(&self) -> Json {
        let names: Vec<&str> = benchmarks::BENCHMARKS.iter().map(|row| row.name).collect();
        json!({"enum": names})
    }
}

/// A path and where it stands.
struct Path;

impl Shape for Path {
    type Output = (String, Span);
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Self::Output> {
        let path = Text.read(node, problems)?;
        if let Err(message) = row::format_of(&path) {
            problems.note(node.span, message);
            return None;
        }
        Some((path, node.span))
    }
    fn schema(&self) -> Json {
        json!({"type": "string"})
    }
}

/// Cases in the suite itself. What is in them is checked where all cases are.
struct Inline;

impl Shape for Inline {
    type Output = Vec<(Span, Json)>;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Self::Output> {
        let Value::Sequence(items) = &node.value else {
            problems.note(
                node.span,
                format!(
                    "a list of cases is wanted here, this is {}",
                    node.describe()
                ),
            );
            return None;
        };
        Some(
            items
                .iter()
                .map(|item| (item.span, item.to_json()))
                .collect(),
        )
    }
    fn schema(&self) -> Json {
        json!({"type": "array", "items": row::schema()})
    }
}

/// Which column holds which of our fields.
struct Mapped;

impl Shape for Mapped {
    type Output = Vec<(String, String)>;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Self::Output> {
        let pairs = MapOf(Text).read(node, problems)?;
        if let Value::Mapping(entries) = &node.value {
            for (key, _) in entries {
                if !row::NAMES.contains(&key.name.as_str()) {
                    problems.note(key.span, unknown("field of a case", &key.name, row::NAMES));
                }
            }
        }
        Some(pairs)
    }
    fn schema(&self) -> Json {
        let properties: serde_json::Map<String, Json> = row::NAMES
            .iter()
            .map(|name| ((*name).to_owned(), json!({"type": "string"})))
            .collect();
        json!({"type": "object", "properties": properties, "additionalProperties": false})
    }
}
