//! Texts of a request in which both a case's values and environment values may stand: headers, and the address.
//!
//! The two never meet: a text is cut at its `${NAME}` places when it is read, and what lies between is a template of its own. So a case
//! that holds `${NAME}` inserts those characters and not the variable's value.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value as Json, json};

use crate::domain::decode::{Problems, Shape, Text};
use crate::domain::secret::EnvText;
use crate::domain::template::{Scope, Template};
use crate::domain::tree::{Node, Span};
use crate::wire::environment;

use super::super::endpoint::{authority, may_carry};

/// What begins a template's own words.
const MARKS: &[&str] = &["{{", "{%", "{#"];

/// A text with templates and environment values.
#[derive(Debug, Clone)]
pub(super) struct Mixed {
    written: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Value(EnvText),
    Said(Box<Template>),
}

/// A text with its values in it.
pub(super) struct Rendered {
    /// With the names of environment values: what may be shown and kept.
    pub(super) shown: String,
    /// With the values: what is sent.
    pub(super) sent: SecretString,
}

impl Mixed {
    fn parse(text: &str, span: Span, for_address: bool) -> Result<Self, String> {
        EnvText::parse(text)?;
        let template = |text: &str| {
            let parsed = if for_address {
                Template::parse_for_address(text, span)
            } else {
                Template::parse(text, span)
            };
            parsed
                .map(|template| Part::Said(Box::new(template)))
                .map_err(|error| format!("template: {error}"))
        };
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let end = rest[start..]
                .find('}')
                .map_or(rest.len(), |end| start + end + 1);
            if start > 0 {
                parts.push(template(&rest[..start])?);
            }
            parts.push(Part::Value(EnvText::parse(&rest[start..end])?));
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            parts.push(template(rest)?);
        }
        Ok(Self {
            written: text.to_owned(),
            parts,
        })
    }

    /// As the suite has it.
    pub(super) fn written(&self) -> &str {
        &self.written
    }

    /// The templates in it.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.parts.iter().filter_map(|part| match part {
            Part::Said(template) => Some(&**template),
            Part::Value(_) => None,
        })
    }

    /// The environment values in it.
    pub(super) fn values(&self) -> impl Iterator<Item = &EnvText> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value(value) => Some(value),
            Part::Said(_) => None,
        })
    }

    /// The text for a scope. A variable that is not set is marked in what is sent, and found where it goes out.
    pub(super) fn render(&self, scope: &Scope) -> Result<Rendered, String> {
        let (mut shown, mut sent) = (String::new(), String::new());
        for part in &self.parts {
            match part {
                Part::Value(value) => {
                    shown.push_str(value.written());
                    sent.push_str(environment::fill(value).expose_secret());
                }
                Part::Said(template) => {
                    let text = template.render(scope).map_err(|error| error.to_string())?;
                    shown.push_str(&text);
                    sent.push_str(&text);
                }
            }
        }
        Ok(Rendered {
            shown,
            sent: sent.into(),
        })
    }
}

/// A header's value.
#[derive(Debug, Clone, Copy)]
pub(super) struct MixedShape;

impl Shape for MixedShape {
    type Output = Mixed;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Mixed> {
        let text = Text.read(node, problems)?;
        Mixed::parse(&text, node.span, false)
            .map_err(|message| problems.note(node.span, message))
            .ok()
    }
    fn schema(&self) -> Json {
        json!({"type": "string"})
    }
}

/// An address. What a case inserts reaches its path and its query, encoded; whom it leads to stands in the suite alone.
#[derive(Debug, Clone)]
pub(super) struct Address {
    text: Mixed,
    /// What stands before the first template: scheme, host and port are in it.
    fixed: EnvText,
}

/// How an address is written in the suite.
#[derive(Debug, Clone, Copy)]
pub(super) struct AddressShape;

impl Shape for AddressShape {
    type Output = Address;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Address> {
        let text = Text.read(node, problems)?;
        Address::parse(&text, node.span)
            .map_err(|message| problems.note(node.span, message))
            .ok()
    }
    fn schema(&self) -> Json {
        json!({"type": "string"})
    }
}

impl Address {
    fn parse(text: &str, span: Span) -> Result<Self, String> {
        let at = MARKS.iter().filter_map(|mark| text.find(mark)).min();
        let before = &text[..at.unwrap_or(text.len())];
        // Behind the scheme, or behind a variable that may hold it.
        let behind = match before.split_once("://") {
            Some((_, behind)) => Some(behind),
            None => before.starts_with("${").then_some(before),
        };
        let closed = behind.is_some_and(|behind| behind.contains(['/', '?', '#']));
        if at.is_some() && !closed {
            return Err(
                "a template may stand in the path and the query only, so that no case decides whom the address leads to: write scheme, host and port out, and a `/` behind them"
                    .to_owned(),
            );
        }
        let fixed = EnvText::parse(before)?;
        if fixed.names().next().is_none() {
            may_carry(before, false)?;
        }
        Ok(Self {
            text: Mixed::parse(text, span, true)?,
            fixed,
        })
    }

    pub(super) fn text(&self) -> &Mixed {
        &self.text
    }

    /// Whether a call may go there with what it carries; an address with variables is looked at when they are filled in.
    pub(super) fn check(&self, guarded: bool) -> Result<(), String> {
        match self.fixed.names().next() {
            Some(_) => Ok(()),
            None => may_carry(self.fixed.written(), guarded),
        }
    }

    /// The part before any template with its variables' values; `None` where it names none.
    pub(super) fn filled(&self) -> Option<SecretString> {
        self.fixed
            .names()
            .next()
            .map(|_| environment::fill(&self.fixed))
    }

    /// The address for a scope. `guarded`: the call carries a key that may not travel in the clear.
    pub(super) fn render(&self, scope: &Scope, guarded: bool) -> Result<Rendered, String> {
        let rendered = self.text.render(scope)?;
        let sent = rendered.sent.expose_secret();
        if environment::unset(&rendered.sent).is_some() {
            return Ok(rendered);
        }
        let fixed = environment::fill(&self.fixed);
        // Held once more against what is sent: nothing inserted has changed whom it goes to.
        if authority(sent).is_none() || authority(sent) != authority(fixed.expose_secret()) {
            return Err("the address leads to another host with this case's values in it".into());
        }
        let path = sent.split(['?', '#']).next().unwrap_or_default();
        if path.split(['/', '\\']).any(is_dots) {
            return Err(
                "a value would climb in the path of the address: `.` and `..` are no names".into(),
            );
        }
        may_carry(sent, guarded)?;
        Ok(rendered)
    }
}

/// Whether a segment of a path is a step and no name, also where it is encoded (WHATWG URL, "double-dot path segment").
fn is_dots(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::Case;
    use std::sync::Arc;

    fn scope(value: &str) -> Scope {
        Scope::of(&Arc::new(Case::new("c", value)))
    }

    fn address(text: &str) -> Result<Address, String> {
        Address::parse(text, Span::default())
    }

    #[test]
    fn a_template_has_no_say_in_whom_an_address_leads_to() {
        for text in [
            "{{ input }}",
            "{{ input }}/x",
            "http:{{ input }}",
            "http://{{ input }}/x",
            "http://h{{ input }}/x",
            "http://h:{{ input }}/x",
            "http://h{% if input %}.evil{% endif %}/x",
            "http://u:{{ input }}@h/x",
            "http://${HOST}{{ input }}/x",
            "${URL}{{ input }}",
            "h/{{ input }}",
        ] {
            let error = address(text).unwrap_err();
            assert!(error.contains("no case decides"), "{text}: {error}");
        }
        for text in [
            "http://h/{{ input }}",
            "http://h?q={{ input }}",
            "${URL}/x/{{ input }}",
            "http://${HOST}:1/{{ input }}",
            "http://h/x",
            "${URL}",
        ] {
            assert!(address(text).is_ok(), "{text}");
        }
        for text in ["h/x", "ftp://h/x", "http:///x", "http://h/${"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_case_inserts_stays_in_its_place() {
        let render = |text: &str, value: &str| {
            address(text)
                .unwrap()
                .render(&scope(value), false)
                .map(|rendered| rendered.shown)
        };
        for value in [
            "@evil.example/",
            "\\\\evil.example",
            "//evil.example",
            "?a#b",
            "a/../../b",
        ] {
            let sent = render("http://h:1/a/{{ input }}/b", value).unwrap();
            assert!(sent.starts_with("http://h:1/a/"), "{sent}");
            assert_eq!(sent.matches('/').count(), 5, "{sent}");
            assert!(!sent.contains(['?', '#', '@', '\\']), "{sent}");
        }
        for value in [".", ".."] {
            let error = render("http://h/a/{{ input }}/b", value).unwrap_err();
            assert!(error.contains("climb"), "{error}");
            assert!(render("http://h/a?q={{ input }}", value).is_ok());
        }
    }

    #[test]
    fn a_case_that_names_a_variable_does_not_get_its_value() {
        let text = Mixed::parse("Bearer ${PATH} {{ input }}", Span::default(), false).unwrap();
        let rendered = text.render(&scope("${PATH} ${HOME}")).unwrap();
        assert_eq!(rendered.shown, "Bearer ${PATH} ${PATH} ${HOME}");
        let path = std::env::var("PATH").unwrap();
        assert_eq!(
            rendered.sent.expose_secret(),
            format!("Bearer {path} ${{PATH}} ${{HOME}}")
        );
        assert!(Mixed::parse("a ${{ input }}", Span::default(), false).is_err());
        assert!(Mixed::parse("{% if input %}${A}{% endif %}", Span::default(), false).is_err());
    }

    #[test]
    fn keys_do_not_travel_in_the_clear() {
        assert!(address("http://10.0.0.5/x").unwrap().check(true).is_err());
        assert!(address("http://127.0.0.1/x").unwrap().check(true).is_ok());
        assert!(
            address("https://10.0.0.5/{{ input }}")
                .unwrap()
                .check(true)
                .is_ok()
        );
    }
}
