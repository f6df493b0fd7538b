//! A row of a benchmark's own file, read field by field; a message names the field, what it is, and what a row has.

use serde_json::{Map, Value as Json};

use crate::load::dataset::row::what;

/// A row with what its benchmark says of rows.
pub(super) struct Native<'a> {
    benchmark: &'static str,
    file: &'static str,
    row: &'a Map<String, Json>,
}

impl<'a> Native<'a> {
    pub(super) fn new(
        benchmark: &'static str,
        file: &'static str,
        row: &'a Map<String, Json>,
    ) -> Self {
        Self {
            benchmark,
            file,
            row,
        }
    }

    /// A field that may be absent; null is absence.
    pub(super) fn find(&self, name: &str) -> Option<&'a Json> {
        self.row.get(name).filter(|value| !value.is_null())
    }

    fn missing(&self, name: &str) -> String {
        format!(
            "`{name}` is missing; a row of {} has: {}",
            self.benchmark, self.file
        )
    }

    fn wrong(&self, name: &str, wanted: &str, found: &Json) -> String {
        format!(
            "`{name}` must be {wanted}, this is {}; a row of {} has: {}",
            what(found),
            self.benchmark,
            self.file
        )
    }

    /// Any value that must be there.
    pub(super) fn value(&self, name: &str) -> Result<&'a Json, String> {
        self.find(name).ok_or_else(|| self.missing(name))
    }

    /// A text with something in it.
    pub(super) fn text(&self, name: &str) -> Result<&'a str, String> {
        match self.value(name)? {
            Json::String(text) if text.trim().is_empty() => Err(format!("`{name}` is empty")),
            Json::String(text) => Ok(text),
            other => Err(self.wrong(name, "text", other)),
        }
    }

    /// The text of the first of these fields that is there.
    pub(super) fn text_of(&self, names: &[&'static str]) -> Result<&'a str, String> {
        let name = names.iter().find(|name| self.find(name).is_some());
        match name.or(names.first()) {
            Some(name) => self.text(name),
            None => Err(String::new()),
        }
    }

    /// A text or a number, as text; absent where it is not there.
    pub(super) fn plain(&self, name: &str) -> Result<Option<String>, String> {
        match self.find(name) {
            None => Ok(None),
            Some(Json::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(Json::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(self.wrong(name, "text or a number", other)),
        }
    }

    /// A list of texts: as JSON, or as JSON in a text (a CSV cell).
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let found = self.value(name)?;
        let parsed;
        let list = match found {
            Json::String(text) => match serde_json::from_str(text) {
                Ok(list) => {
                    parsed = list;
                    &parsed
                }
                Err(_) => {
                    return Err(format!(
                        "`{name}` must be a list of texts, this is a text that is no JSON list; write the file as .jsonl with a real list"
                    ));
                }
            },
            other => other,
        };
        let Json::Array(items) = list else {
            return Err(self.wrong(name, "a list of texts", list));
        };
        items
            .iter()
            .map(|item| match item {
                Json::String(text) => Ok(text.clone()),
                other => Err(format!(
                    "`{name}` must be a list of texts, it holds {}",
                    what(other)
                )),
            })
            .collect()
    }
}
