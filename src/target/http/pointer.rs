//! A place in an agent's reply: a JSON pointer (RFC 6901).

use serde_json::{Value as Json, json};

use crate::domain::decode::{Problems, Shape, Text};
use crate::domain::tree::Node;

/// The most keys, and characters of a key, that a message shows.
const KEYS: usize = 12;
const LETTERS: usize = 40;

/// Where in a reply something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer(String);

/// How one is written in the suite.
#[derive(Debug, Clone, Copy)]
pub(super) struct PointerShape;

impl Shape for PointerShape {
    type Output = Pointer;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Pointer> {
        let text = Text.read(node, problems)?;
        let begins = text.is_empty() || text.starts_with('/');
        let escapes = text
            .split('~')
            .skip(1)
            .all(|rest| rest.starts_with(['0', '1']));
        if begins && escapes {
            return Some(Pointer(text));
        }
        problems.note(
            node.span,
            format!("`{text}` is no JSON pointer: `/answer/0/text`, or `\"\"` for the whole reply"),
        );
        None
    }
    fn schema(&self) -> Json {
        json!({"type": "string", "pattern": "^(/([^~]|~[01])*)?$"})
    }
}

impl Pointer {
    /// What stands there.
    pub(super) fn get<'a>(&self, json: &'a Json) -> Option<&'a Json> {
        json.pointer(&self.0)
    }

    /// What stands there, or what stands there instead: the nearest place above with its keys.
    pub(super) fn find<'a>(&self, json: &'a Json) -> Result<&'a Json, String> {
        self.get(json)
            .ok_or_else(|| format!("there is nothing at `{}`: {}", self.0, self.above(json)))
    }

    fn above(&self, json: &Json) -> String {
        let nearest = self
            .0
            .match_indices('/')
            .map(|(at, _)| &self.0[..at])
            .rev()
            .find_map(|place| Some((place, json.pointer(place)?)));
        let (place, found) = nearest.unwrap_or(("", json));
        let place = match place {
            "" => "the reply".to_owned(),
            place => format!("`{place}`"),
        };
        match found {
            Json::Object(map) if map.is_empty() => format!("{place} is an empty map"),
            Json::Object(map) => {
                let keys: Vec<String> = map
                    .keys()
                    .take(KEYS)
                    .map(|key| format!("`{}`", key.chars().take(LETTERS).collect::<String>()))
                    .collect();
                let more = if map.len() > KEYS { " ..." } else { "" };
                format!("{place} has {}{more}", keys.join(", "))
            }
            Json::Array(list) => format!("{place} is a list of {}", list.len()),
            Json::String(_) => format!("{place} is a text"),
            other => format!("{place} is `{other}`"),
        }
    }
}

impl std::fmt::Display for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Pointer> {
        PointerShape.read(&Node::scalar(text, false), &mut Problems::new("s"))
    }

    #[test]
    fn a_missing_place_is_told_with_what_is_there() {
        let json = json!({"result": {"text": "a", "id": 1}, "list": [1, 2]});
        let miss = |text: &str| read(text).unwrap().find(&json).unwrap_err();
        assert_eq!(read("/list/1").unwrap().find(&json), Ok(&json!(2)));
        assert_eq!(read("").unwrap().find(&json), Ok(&json));
        assert_eq!(
            miss("/result/answer"),
            "there is nothing at `/result/answer`: `/result` has `text`, `id`"
        );
        assert_eq!(
            miss("/answer"),
            "there is nothing at `/answer`: the reply has `result`, `list`"
        );
        assert!(miss("/list/9").ends_with("`/list` is a list of 2"));
        assert!(miss("/result/text/x").ends_with("`/result/text` is a text"));
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for wrong in ["answer", "$.answer", "/a~2", "/a~"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert!(read("/a~1b/~0").is_some());
    }
}
