//! The layers of a suite: the file, a profile, flags; and texts kept in files of their own, put in place.

use std::path::Path;

use crate::domain::decode::{Problems, unknown};
use crate::domain::tree::{Key, Node, Span, Value};
use crate::load::text;

/// What is laid over the suite's file.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// The profile of the suite to apply.
    pub profile: Option<String>,
    /// Flags, each as a dotted key path and its value: `("dataset.select.limit", 20)`. Maps on the way are made where they lack.
    pub overrides: Vec<(String, Node)>,
    /// Only these targets, by id; empty: all.
    pub targets: Vec<String>,
}

/// A profile of the suite.
pub(super) struct Profile {
    pub(super) name: String,
    node: Node,
}

/// Takes `profiles` out of the tree.
pub(super) fn profiles(tree: &mut Node, problems: &mut Problems) -> Vec<Profile> {
    let Value::Mapping(entries) = &mut tree.value else {
        return Vec::new();
    };
    let Some(at) = entries.iter().position(|(key, _)| key.name == "profiles") else {
        return Vec::new();
    };
    let (_, node) = entries.remove(at);
    let Value::Mapping(named) = node.value else {
        if !node.is_null() {
            problems.note(
                node.span,
                "a map from a profile's name to its keys is wanted here",
            );
        }
        return Vec::new();
    };
    let mut found = Vec::new();
    for (Key { name, span }, node) in named {
        match &node.value {
            Value::Mapping(entries) => {
                for fixed in ["version", "suite", "profiles"] {
                    if let Some((key, _)) = entries.iter().find(|(key, _)| key.name == fixed) {
                        problems.note(key.span, format!("a profile may not change `{fixed}`"));
                    }
                }
                found.push(Profile { name, node });
            }
            _ => problems.note(span, format!("profile `{name}` must be a map of keys")),
        }
    }
    found
}

/// The profile of a name, or a problem with a suggestion.
pub(super) fn chosen<'a>(
    name: &str,
    profiles: &'a [Profile],
    problems: &mut Problems,
) -> Option<&'a Profile> {
    let found = profiles.iter().find(|profile| profile.name == name);
    if found.is_none() {
        let known: Vec<&str> = profiles.iter().map(|p| p.name.as_str()).collect();
        let message = if known.is_empty() {
            format!("there is no profile `{name}`: the suite has no `profiles`")
        } else {
            unknown("profile", name, &known)
        };
        problems.extend([text::problem("--profile", Span::default(), message)]);
    }
    found
}

/// The tree with a profile on top.
pub(super) fn with_profile(tree: &Node, profile: &Profile) -> Node {
    let mut merged = tree.clone();
    merged.merge(&profile.node);
    merged
}

/// Sets `path` (`limits.concurrency`) to `value`.
pub(super) fn set(tree: &mut Node, path: &str, value: Node) {
    match path.split_once('.') {
        None => tree.set(path, value),
        Some((first, rest)) => {
            let mut inner = tree
                .get(first)
                .filter(|node| matches!(node.value, Value::Mapping(_)))
                .cloned()
                .unwrap_or(Node {
                    span: value.span,
                    value: Value::Mapping(Vec::new()),
                });
            set(&mut inner, rest, value);
            tree.set(first, inner);
        }
    }
}

/// Keeps only the named targets. The baseline, where it is one that is left out, goes with it.
pub(super) fn keep_targets(tree: &mut Node, wanted: &[String], problems: &mut Problems) {
    if wanted.is_empty() {
        return;
    }
    let id = |node: &Node| match node.get("id").map(|node| &node.value) {
        Some(Value::Scalar { text, .. }) => Some(text.clone()),
        _ => None,
    };
    let Some(Node {
        span,
        value: Value::Sequence(items),
    }) = tree.get("targets").cloned()
    else {
        return;
    };
    let ids: Vec<String> = items.iter().filter_map(id).collect();
    let known: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut all_known = true;
    for name in wanted.iter().filter(|name| !ids.contains(name)) {
        all_known = false;
        problems.extend([text::problem(
            "--target",
            Span::default(),
            unknown("target", name, &known),
        )]);
    }
    // Without the ones that were meant the rest would only be blamed for their lack.
    if !all_known {
        return;
    }
    let kept: Vec<Node> = items
        .into_iter()
        .filter(|item| id(item).is_none_or(|id| wanted.contains(&id)))
        .collect();
    let value = Value::Sequence(kept);
    tree.set("targets", Node { span, value });
    let lost = |node: &Node| matches!(&node.value, Value::Scalar { text, .. } if ids.contains(text) && !wanted.contains(text));
    if tree.get("baseline").is_some_and(lost)
        && let Value::Mapping(entries) = &mut tree.value
    {
        entries.retain(|(key, _)| key.name != "baseline");
    }
}

/// A text that stood in a file of its own: where the suite names it, and the file as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inlined {
    /// Where the suite names the file.
    pub span: Span,
    /// The file as written.
    pub path: String,
}

/// Keys whose text may be `{file: PATH}`.
pub(super) const FROM_FILE: &[&str] = &["system", "prompt", "content"];

/// Puts the texts of `{file: PATH}` in place, in `targets` and in the models of `scorers`.
pub(super) fn inline(tree: &mut Node, folder: &Path, problems: &mut Problems) -> Vec<Inlined> {
    let mut found = Vec::new();
    if let Value::Mapping(entries) = &mut tree.value {
        for (key, node) in entries {
            if key.name == "targets" || key.name == "scorers" {
                inline_in(node, folder, problems, &mut found);
            }
        }
    }
    found
}

fn inline_in(node: &mut Node, folder: &Path, problems: &mut Problems, found: &mut Vec<Inlined>) {
    match &mut node.value {
        Value::Scalar { .. } => {}
        Value::Sequence(items) => items
            .iter_mut()
            .for_each(|item| inline_in(item, folder, problems, found)),
        Value::Mapping(entries) => {
            for (key, item) in entries {
                match file_of(item).filter(|_| FROM_FILE.contains(&key.name.as_str())) {
                    Some((path, place)) => {
                        let text = text::read(&folder.join(&path), &path).unwrap_or_else(|fault| {
                            problems.note(place, format!("{}: {}", fault.file, fault.message));
                            String::new()
                        });
                        found.push(Inlined {
                            span: item.span,
                            path,
                        });
                        item.value = Value::Scalar { text, plain: false };
                    }
                    None => inline_in(item, folder, problems, found),
                }
            }
        }
    }
}

/// The path of `{file: PATH}` and where it stands.
fn file_of(node: &Node) -> Option<(String, Span)> {
    match &node.value {
        Value::Mapping(entries) => match entries.as_slice() {
            [
                (
                    key,
                    Node {
                        span,
                        value: Value::Scalar { text, .. },
                    },
                ),
            ] if key.name == "file" => Some((text.clone(), *span)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tree(json: serde_json::Value) -> Node {
        Node::from_json(&json)
    }

    #[test]
    fn a_flag_sets_its_key_and_makes_the_maps_on_the_way() {
        let mut node = tree(json!({"dataset": {"path": "a"}, "repeats": 1}));
        set(&mut node, "dataset.select.limit", Node::scalar("5", true));
        set(&mut node, "repeats", Node::scalar("3", true));
        assert_eq!(
            node.to_json(),
            json!({"dataset": {"path": "a", "select": {"limit": 5}}, "repeats": 3})
        );
    }

    #[test]
    fn an_unknown_profile_or_target_is_answered_with_a_suggestion() {
        let mut problems = Problems::new("s.yaml");
        let mut node = tree(json!({"profiles": {"ci": {"repeats": 1}, "odd": 3},
            "targets": [{"id": "prod"}, {"id": "next"}], "baseline": "prod"}));
        let found = profiles(&mut node, &mut problems);
        assert!(chosen("ci", &found, &mut problems).is_some());
        assert!(chosen("cj", &found, &mut problems).is_none());
        // What was meant is not known: nothing is taken away, so that no target is missed for that.
        keep_targets(&mut node, &["next".into(), "prid".into()], &mut problems);
        assert_eq!(
            node.get("targets")
                .unwrap()
                .to_json()
                .as_array()
                .unwrap()
                .len(),
            2
        );
        let said: Vec<String> = problems.sorted().iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "--profile: unknown profile `cj`; did you mean `ci`?",
                "--target: unknown target `prid`; did you mean `prod`?",
                "s.yaml: profile `odd` must be a map of keys",
            ]
        );
        keep_targets(&mut node, &["next".into()], &mut Problems::new("s.yaml"));
        assert_eq!(node.to_json(), json!({"targets": [{"id": "next"}]}));
    }

    #[test]
    fn a_text_in_a_file_of_its_own_is_put_in_place_or_missed_by_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("v1.md"), "Be {{ tone }}.").unwrap();
        let mut node = tree(json!({"targets": [
            {"id": "a", "system": {"file": "v1.md"}, "prompt": [{"content": {"file": "no.md"}}]},
            {"id": "b", "params": {"file": "kept"}},
        ]}));
        let mut problems = Problems::new("s.yaml");
        let found = inline(&mut node, folder.path(), &mut problems);
        assert_eq!(found.len(), 2);
        assert_eq!(
            node.to_json()["targets"],
            json!([{"id": "a", "system": "Be {{ tone }}.", "prompt": [{"content": ""}]},
                   {"id": "b", "params": {"file": "kept"}}])
        );
        let said = problems.sorted();
        assert_eq!(
            said[0].message,
            "no.md: there is no such file; check the path"
        );
    }
}
