//! The rule where a row itself says what it asks for: its category and the language of its arguments.

use serde::Deserialize;

use super::super::{Marking, Verdict};
use super::{Category, Convention, Language, Version};

/// A way of checking whose category and language are the row's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfRow {
    /// The release.
    pub version: Version,
    /// Whether the model was offered names with `_` in place of `.`.
    pub dots_as_underscores: bool,
}

/// A question that says what it asks for.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// A name of [`Category::NAMES`].
    pub category: String,
    /// A name of [`Language::NAMES`].
    pub language: String,
    /// The question with what is accepted.
    #[serde(flatten)]
    pub question: super::Row,
}

fn named<T: Copy>(names: &[(&str, T)], name: &str) -> Option<T> {
    let found = names.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value)
}

impl Marking for OfRow {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        let Some(category) = named(Category::NAMES, &row.category) else {
            return Verdict::unscored(format!("there is no category `{}`", row.category));
        };
        let Some(language) = named(Language::NAMES, &row.language) else {
            return Verdict::unscored(format!("there is no language `{}`", row.language));
        };
        let by = Convention {
            version: self.version,
            category,
            language,
            dots_as_underscores: self.dots_as_underscores,
        };
        by.verdict(&row.question, output)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(category: &str) -> Row {
        serde_json::from_value(json!({
            "category": category,
            "language": "python",
            "function": {"name": "area", "parameters": {"type": "dict", "properties": {"side": {"type": "integer"}}, "required": ["side"]}},
            "ground_truth": {"area": {"side": [3]}},
        }))
        .unwrap()
    }

    #[test]
    fn the_row_decides_what_is_asked_for() {
        let by = OfRow {
            version: Version::Fourth,
            dots_as_underscores: false,
        };
        let call = r#"[{"area": {"side": 3}}]"#;
        let passed = |category: &str| by.verdict(&row(category), call).passed();
        assert_eq!(passed("simple"), Some(true));
        assert_eq!(passed("relevance"), Some(false));
        assert_eq!(passed("no such"), None);
    }
}
