//! YAML (and JSON, which is YAML) into the spanned tree: the only place that knows the parser's crate.
//!
//! The event parser that serde-saphyr stands on is used directly: a deserializer hands over values, whereas a suite needs the place
//! of every *key*, whether a scalar was quoted, and duplicate keys passed on to the decoder, which reports them.
//!
//! What could hide a surprise is refused: merge keys, tags, several documents, keys that are not text. Aliases are resolved, and every
//! node they yield counts, so that a small file cannot grow into a large tree.

use std::collections::BTreeMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle};

use crate::domain::decode::Problems;
use crate::domain::tree::{Key, Node, Span, Value};

/// The most nodes of one file, aliases resolved.
pub const MOST_NODES: usize = 50_000;
/// The most text of one file in bytes, aliases resolved.
const MOST_TEXT: usize = 16 << 20;
/// The deepest nesting.
const MOST_DEPTH: usize = 64;
/// The most keys of one map: the decoder compares keys with one another.
const MOST_KEYS: usize = 2_000;

/// Reads one document. `first_line` is the line of the file on which `text` begins (1, save for a part of a file).
///
/// Text that is not well-formed ends at its first fault, which is noted; so does a file beyond the bounds. Whatever else is refused
/// is noted too and left out of the tree, so that the rest can still be checked.
pub fn parse(text: &str, first_line: u32, problems: &mut Problems) -> Option<Node> {
    let mut reader = Reader {
        shift: first_line.saturating_sub(1),
        problems,
        open: Vec::new(),
        root: None,
        anchors: BTreeMap::new(),
        nodes: 0,
        text: 0,
    };
    let options = granit_parser::options! { emit_comments: false };
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, place) = match event {
            Ok((event, place)) => (event, place),
            Err(error) => {
                let span = reader.span(*error.marker());
                let message = match error.kind() {
                    ErrorKind::RecursionLimitExceeded => too_deep(),
                    _ => format!("not well-formed YAML: {}", error.info()),
                };
                reader.problems.note(span, message);
                return None;
            }
        };
        let span = reader.span(place.start);
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                reader.problems.note(
                    span,
                    "a second document begins here; keep one document in a file",
                );
                return None;
            }
        }
        if let Err(message) = reader.take(event, span) {
            reader.problems.note(span, message);
            return None;
        }
    }
    if reader.root.is_none() {
        let span = Span {
            line: first_line,
            column: 1,
        };
        reader.problems.note(span, "there is nothing here");
    }
    reader.root
}

struct Reader<'p> {
    shift: u32,
    problems: &'p mut Problems,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    text: usize,
}

/// A list or map that has begun.
struct Open {
    span: Span,
    anchor: usize,
    held: Held,
}

enum Held {
    List(Vec<Node>),
    Map {
        entries: Vec<(Key, Node)>,
        key: Waiting,
    },
}

/// The key whose value comes next.
enum Waiting {
    /// None: a key comes next.
    Nothing,
    /// This one.
    Key(Key),
    /// One that was refused: its value is dropped.
    Refused,
}

impl Reader<'_> {
    fn span(&self, marker: granit_parser::Marker) -> Span {
        let low = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Span {
            line: low(marker.line()).saturating_add(self.shift),
            column: low(marker.col()).saturating_add(1),
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                self.grow(1, text.len())?;
                let value = Value::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                };
                self.put(Node { span, value }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                self.begin(span, anchor, Held::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), span);
                let held = Held::Map {
                    entries: Vec::new(),
                    key: Waiting::Nothing,
                };
                self.begin(span, anchor, held)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return Err("this alias refers to a value that contains it".to_owned());
                };
                let (nodes, text) = weigh(node);
                let node = node.clone();
                self.grow(nodes, text)?;
                self.put(node, 0)
            }
            _ => Ok(()),
        }
    }

    fn refuse_tag(&mut self, tagged: bool, span: Span) {
        if tagged {
            self.problems.note(
                span,
                "tags (`!name`) are not supported; remove it, and quote the value if it is text",
            );
        }
    }

    fn grow(&mut self, nodes: usize, text: usize) -> Result<(), String> {
        self.nodes += nodes;
        self.text += text;
        if self.nodes > MOST_NODES {
            return Err(format!(
                "the file has more than {MOST_NODES} values, aliases resolved; put cases into a dataset file"
            ));
        }
        if self.text > MOST_TEXT {
            return Err(format!(
                "the file has more than {} MiB of text, aliases resolved",
                MOST_TEXT >> 20
            ));
        }
        Ok(())
    }

    fn begin(&mut self, span: Span, anchor: usize, held: Held) -> Result<(), String> {
        self.grow(1, 0)?;
        if self.open.len() >= MOST_DEPTH {
            return Err(too_deep());
        }
        self.open.push(Open { span, anchor, held });
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(Open { span, anchor, held }) = self.open.pop() else {
            return Ok(());
        };
        let value = match held {
            Held::List(items) => Value::Sequence(items),
            Held::Map { entries, .. } => Value::Mapping(entries),
        };
        self.put(Node { span, value }, anchor)
    }

    /// A finished node goes into what is open, or becomes the root.
    fn put(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        if anchor != 0 {
            // The copy kept for aliases counts as well: anchors nested in one another would multiply it.
            let (nodes, text) = weigh(&node);
            self.grow(nodes, text)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.held) {
            None => self.root = Some(node),
            Some(Held::List(items)) => items.push(node),
            Some(Held::Map { entries, key }) => {
                *key = match std::mem::replace(key, Waiting::Nothing) {
                    Waiting::Nothing => waiting(node, self.problems),
                    Waiting::Key(name) => {
                        if entries.len() >= MOST_KEYS {
                            return Err(format!("this map has more than {MOST_KEYS} keys"));
                        }
                        entries.push((name, node));
                        Waiting::Nothing
                    }
                    Waiting::Refused => Waiting::Nothing,
                };
            }
        }
        Ok(())
    }
}

fn too_deep() -> String {
    format!("lists and maps are nested over {MOST_DEPTH} deep")
}

/// A node in the place of a key.
fn waiting(node: Node, problems: &mut Problems) -> Waiting {
    let span = node.span;
    match node.value {
        Value::Scalar { text, plain: true } if text == "<<" => {
            problems.note(
                span,
                "merge keys (`<<`) are not supported; write the keys out, or use a profile",
            );
            Waiting::Refused
        }
        Value::Scalar { text, .. } => Waiting::Key(Key { span, name: text }),
        _ => {
            problems.note(
                span,
                "a key must be text; if this is a template, quote it: \"{{ ... }}\"",
            );
            Waiting::Refused
        }
    }
}

/// Nodes and bytes of text below and at `node`.
fn weigh(node: &Node) -> (usize, usize) {
    let add = |(nodes, text): (usize, usize), (n, t): (usize, usize)| (nodes + n, text + t);
    match &node.value {
        Value::Scalar { text, .. } => (1, text.len()),
        Value::Sequence(items) => items.iter().map(weigh).fold((1, 0), add),
        Value::Mapping(entries) => entries
            .iter()
            .map(|(key, item)| add((1, key.name.len()), weigh(item)))
            .fold((1, 0), add),
    }
}

/// Reports keys given twice in one map, anywhere below `node`.
pub(crate) fn note_duplicates(node: &Node, problems: &mut Problems) {
    match &node.value {
        Value::Scalar { .. } => {}
        Value::Sequence(items) => items
            .iter()
            .for_each(|item| note_duplicates(item, problems)),
        Value::Mapping(entries) => {
            let mut seen = std::collections::BTreeSet::new();
            for (key, item) in entries {
                if !seen.insert(key.name.as_str()) {
                    problems.note(key.span, format!("`{}` is given twice; keep one", key.name));
                }
                note_duplicates(item, problems);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> (Option<Node>, Vec<String>) {
        let mut problems = Problems::new("f");
        let node = parse(text, 1, &mut problems);
        let said = problems.sorted().iter().map(ToString::to_string).collect();
        (node, said)
    }

    fn good(text: &str) -> Node {
        let (node, problems) = read(text);
        assert_eq!(problems, Vec::<String>::new(), "{text}");
        node.unwrap()
    }

    fn at(span: Span) -> (u32, u32) {
        (span.line, span.column)
    }

    #[test]
    fn keys_and_values_know_their_place() {
        let node = good("a: 1\nlist:\n  - é: \"x\"\n    b: |\n      long\n  - {c: [d, 2]}\n");
        assert_eq!(
            node.to_json(),
            json!({"a": 1, "list": [{"é": "x", "b": "long\n"}, {"c": ["d", 2]}]})
        );
        let Value::Mapping(entries) = &node.value else {
            panic!()
        };
        assert_eq!(at(entries[0].0.span), (1, 1));
        assert_eq!(at(entries[0].1.span), (1, 4));
        assert_eq!(at(entries[1].0.span), (2, 1));
        let Value::Sequence(items) = &entries[1].1.value else {
            panic!()
        };
        assert_eq!(at(items[0].span), (3, 5));
        assert_eq!(at(items[0].get("é").unwrap().span), (3, 8));
        assert_eq!(at(items[1].get("c").unwrap().span), (6, 9));
    }

    #[test]
    fn a_part_of_a_file_keeps_the_files_lines() {
        let mut problems = Problems::new("f");
        let node = parse("a: 1\n", 7, &mut problems).unwrap();
        assert_eq!(at(node.get("a").unwrap().span), (7, 4));
    }

    #[test]
    fn quoted_scalars_stay_text_and_plain_ones_keep_their_spelling() {
        let node = good("[no, 012, 1_000, \"5\", '5', 5, ~]");
        assert_eq!(
            node.to_json(),
            json!(["no", "012", "1_000", "5", "5", 5, null])
        );
    }

    #[test]
    fn json_is_read_by_the_same_reader() {
        let node = good("{\n\t\"a\": [1, true, null, \"\\ud83d\\ude00 \\/\"],\"b\":{}}");
        assert_eq!(
            node.to_json(),
            json!({"a": [1, true, null, "😀 /"], "b": {}})
        );
    }

    #[test]
    fn duplicate_keys_are_passed_on() {
        let node = good("a: 1\na: 2\n");
        let mut problems = Problems::new("f");
        note_duplicates(&node, &mut problems);
        assert_eq!(
            problems.sorted()[0].to_string(),
            "f:2:1: `a` is given twice; keep one"
        );
    }

    #[test]
    fn aliases_are_resolved() {
        assert_eq!(
            good("a: &x {k: [1, 2]}\nb: *x\n").to_json(),
            json!({"a": {"k": [1, 2]}, "b": {"k": [1, 2]}})
        );
        let (node, problems) = read("a: &x [*x]\n");
        assert!(node.is_none());
        assert!(problems[0].contains("contains it"), "{problems:?}");
    }

    #[test]
    fn merge_keys_tags_and_odd_keys_are_refused_and_the_rest_is_kept() {
        let (node, problems) = read(
            "base: &b {x: 1}\nuse:\n  <<: *b\n  y: 2\nt: !!python/object:os.system ls\np: {{ input }}\n",
        );
        assert_eq!(
            node.unwrap().to_json(),
            json!({"base": {"x": 1}, "use": {"y": 2}, "t": "ls", "p": {}})
        );
        assert!(problems[0].starts_with("f:3:3: merge keys"), "{problems:?}");
        assert!(problems[1].starts_with("f:5:"), "{problems:?}");
        assert!(problems[1].contains("tags"), "{problems:?}");
        assert!(problems[2].contains("quote it"), "{problems:?}");
    }

    #[test]
    fn a_fault_of_syntax_is_one_problem_with_its_place() {
        for text in ["a: [1, 2\nb: 3\n", "a: \"open\n", "a: 1\n b: 2\n"] {
            let (node, problems) = read(text);
            assert!(node.is_none(), "{text:?}");
            assert_eq!(problems.len(), 1, "{text:?}");
            assert!(problems[0].starts_with("f:"), "{problems:?}");
            assert!(!problems[0].starts_with("f: "), "{problems:?}");
        }
    }

    #[test]
    fn nothing_and_a_second_document_are_problems() {
        assert_eq!(
            read("# only a comment\n").1,
            ["f:1:1: there is nothing here"]
        );
        let (node, problems) = read("a: 1\n---\nb: 2\n");
        assert!(node.is_none());
        assert!(problems[0].contains("second document"), "{problems:?}");
    }

    #[test]
    fn bombs_are_refused() {
        let mut laughs = String::from("a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n");
        for pair in ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"] {
            let (old, new) = pair.split_at(1);
            let again = vec![format!("*{old}"); 9].join(", ");
            laughs.push_str(&format!("{new}: &{new} [{again}]\n"));
        }
        let wide = format!(
            "a: &a \"{}\"\nb: [{}*a]\n",
            "x".repeat(1 << 20),
            "*a, ".repeat(100)
        );
        let keys: String = (0..100_000).map(|n| format!("k{n}: 1\n")).collect();
        let anchors = format!("{}{}{}", "&a [", "&b [".repeat(60), "1,".repeat(2000));
        for (bomb, why) in [
            (laughs, "more than 50000 values"),
            (wide, "16 MiB of text"),
            ("[".repeat(100_000), "nested"),
            ("- ".repeat(100_000), "nested"),
            (keys, "more than 2000 keys"),
            (
                format!("[{}]", "[],".repeat(100_000)),
                "more than 50000 values",
            ),
        ] {
            let (node, problems) = read(&bomb);
            assert!(node.is_none());
            assert!(problems[0].contains(why), "{why}: {problems:?}");
        }
        let deep = format!("{anchors}{}]", "]".repeat(60));
        let (node, problems) = read(&deep);
        assert!(
            node.is_none() && problems[0].contains("values"),
            "{problems:?}"
        );
    }
}
