//! Names that a suite gives to its parts.

use serde_json::{Value as Json, json};

use crate::domain::decode::{Problems, Shape, Text};
use crate::domain::tree::Node;

/// The longest name in characters.
const LONGEST: usize = 100;

/// The name of a target or scorer: letters, digits and `_ - . : / @ +`, so that it can stand in a success expression, on a command
/// line and in a table's head.
pub(super) struct Id;

impl Shape for Id {
    type Output = String;

    fn read(&self, node: &Node, problems: &mut Problems) -> Option<String> {
        let text = Text.read(node, problems)?;
        let sound = |c: char| c.is_alphanumeric() || "_-.:/@+".contains(c);
        let length = text.chars().count();
        if length == 0 || length > LONGEST || !text.chars().all(sound) {
            problems.note(
                node.span,
                format!(
                    "a name has 1 to {LONGEST} letters, digits and `_ - . : / @ +`, without spaces"
                ),
            );
            return None;
        }
        Some(text)
    }

    fn schema(&self) -> Json {
        json!({"type": ["string", "number"], "minLength": 1, "maxLength": LONGEST})
    }
}

/// The suite's own name: one line.
pub(super) struct Title;

impl Shape for Title {
    type Output = String;

    fn read(&self, node: &Node, problems: &mut Problems) -> Option<String> {
        let text = Text.read(node, problems)?;
        let length = text.chars().count();
        if length == 0 || length > LONGEST || text.chars().any(char::is_control) {
            problems.note(
                node.span,
                format!("a name is one line of 1 to {LONGEST} characters"),
            );
            return None;
        }
        Some(text)
    }

    fn schema(&self) -> Json {
        json!({"type": ["string", "number"], "minLength": 1, "maxLength": LONGEST})
    }
}
