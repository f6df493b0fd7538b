//! What a tool is called with: equal at some places, including some JSON, matching patterns.

use serde_json::Value as Json;

use super::{Called, listed};
use crate::domain::decode::{
    Anything, Fields, MapOf, OneOf, Problems, Real, Shape, describe_with, read_with,
};
use crate::domain::port::Seen;
use crate::domain::strict_json;
use crate::domain::template::Template;
use crate::domain::tree::Node;
use crate::score::json::{Wanted, WantedShape, check_pointer, differs};
use crate::score::{Words, quoted, regex, render};

/// What the arguments of a tool's calls must be.
#[derive(Debug)]
pub(super) struct Arguments {
    tool: Template,
    which: Which,
    equals: Vec<(String, Wanted)>,
    includes: Option<Json>,
    matches: Vec<(String, Template)>,
    tolerance: f64,
}

/// Which of a tool's calls is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Any,
    Every,
    First,
    Last,
}

const WHICH: &[(&str, Which)] = &[
    ("any", Which::Any),
    ("every", Which::Every),
    ("first", Which::First),
    ("last", Which::Last),
];

/// One entry of `arguments`.
pub(super) struct ArgumentsShape<W>(pub(super) W);

impl<W: Words> ArgumentsShape<W> {
    fn decode(fields: &mut Fields<'_>) -> Option<Arguments> {
        let tool = fields.required("tool", "the tool's name", W::SHAPE);
        let which = fields.or(
            "which",
            "which of its calls: any, every, first or last; default any",
            OneOf(WHICH),
            Which::Any,
        );
        let equals = fields
            .optional(
                "equals",
                "what must stand where: JSON pointers (`/a/0/b`; an empty one is the whole) and values",
                MapOf(WantedShape(W::SHAPE)),
            )
            .unwrap_or_default();
        let includes = fields.optional(
            "includes",
            "JSON that the arguments hold: its keys with these values, whatever else they have",
            Anything,
        );
        let matches = fields
            .optional(
                "matches",
                "what must match where: JSON pointers and patterns in the syntax of Rust's regex crate",
                MapOf(W::SHAPE),
            )
            .unwrap_or_default();
        let tolerance = fields.or(
            "tolerance",
            "how far numbers may be off; default 0",
            Real(0.0..=f64::MAX),
            0.0,
        );
        let pointers = equals.iter().map(|(pointer, _)| ("equals", pointer));
        for (key, pointer) in
            pointers.chain(matches.iter().map(|(pointer, _)| ("matches", pointer)))
        {
            check_pointer(fields, key, pointer);
        }
        for (_, pattern) in matches
            .iter()
            .filter(|(_, text)| text.variables().is_empty())
        {
            if let Err(why) = regex::anywhere(pattern.source()) {
                fields.problem("matches", why);
            }
        }
        Some(Arguments {
            tool: tool?,
            which,
            equals,
            includes,
            matches,
            tolerance,
        })
    }
}

impl<W: Words> Shape for ArgumentsShape<W> {
    type Output = Arguments;
    fn read(&self, node: &Node, problems: &mut Problems) -> Option<Arguments> {
        read_with(node, problems, &mut Self::decode)
    }
    fn schema(&self) -> Json {
        describe_with(&mut |fields| {
            Self::decode(fields);
        })
    }
}

impl Arguments {
    /// Its text options.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        let equals = self
            .equals
            .iter()
            .filter_map(|(_, wanted)| wanted.template());
        let matches = self.matches.iter().map(|(_, pattern)| pattern);
        std::iter::once(&self.tool).chain(equals).chain(matches)
    }

    /// Why no call, or not every call, has them; `None` if it is as wanted.
    pub(super) fn differ(
        &self,
        calls: &[Called<'_>],
        seen: &Seen,
    ) -> Result<Option<String>, String> {
        let tool = render("tool", &self.tool, seen)?;
        let own: Vec<&Called<'_>> = calls.iter().filter(|call| call.name == tool).collect();
        let (Some(first), Some(last)) = (own.first(), own.last()) else {
            return Ok(Some(format!(
                "{} is not called; {}",
                quoted(&tool),
                listed(calls)
            )));
        };
        let looked: &[&Called<'_>] = match self.which {
            Which::Any | Which::Every => &own,
            Which::First => &[first],
            Which::Last => &[last],
        };
        let mut first_why = None;
        for call in looked {
            match self.wrong(call.arguments, seen)? {
                None if self.which == Which::Any => return Ok(None),
                None => {}
                Some(why) => {
                    first_why.get_or_insert(format!(
                        "{} with {}: {why}",
                        quoted(&tool),
                        quoted(&call.arguments.to_string())
                    ));
                }
            }
        }
        Ok(first_why)
    }

    /// What is wrong with one call's arguments.
    fn wrong(&self, given: &Json, seen: &Seen) -> Result<Option<String>, String> {
        let equal = |one: &Json, two: &Json| self.equal(one, two);
        for (pointer, wanted) in &self.equals {
            if let Some(why) = differs(given, pointer, wanted, seen, &equal)? {
                return Ok(Some(why));
            }
        }
        if let Some(wanted) = &self.includes
            && let Some(place) = self.lacks(given, wanted, String::new())
        {
            let found = given
                .pointer(&place)
                .map_or("nothing".to_owned(), |found| quoted(&found.to_string()));
            let wanted = quoted(&wanted.pointer(&place).unwrap_or(wanted).to_string());
            return Ok(Some(format!(
                "{} is {found}, wanted {wanted}",
                named(&place)
            )));
        }
        for (pointer, pattern) in &self.matches {
            let pattern = regex::anywhere(&render("matches", pattern, seen)?)?;
            let text = match given.pointer(pointer) {
                None => return Ok(Some(format!("nothing stands at {}", named(pointer)))),
                Some(Json::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            if !pattern.is_match(&text) {
                return Ok(Some(format!(
                    "{} is {}, which does not match {}",
                    named(pointer),
                    quoted(&text),
                    quoted(pattern.as_str())
                )));
            }
        }
        Ok(None)
    }

    fn equal(&self, one: &Json, two: &Json) -> bool {
        if self.tolerance == 0.0 {
            return strict_json::equal(one, two);
        }
        match (one, two) {
            (Json::Number(a), Json::Number(b)) => match (a.as_f64(), b.as_f64()) {
                // Decimal fractions are not exact in binary: 1.1 is to be within 0.1 of 1.0.
                (Some(a), Some(b)) => {
                    (a - b).abs() <= self.tolerance + 4.0 * f64::EPSILON * a.abs().max(b.abs())
                }
                _ => false,
            },
            (Json::Array(a), Json::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.equal(a, b))
            }
            (Json::Object(a), Json::Object(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(key, a)| b.get(key).is_some_and(|b| self.equal(a, b)))
            }
            _ => one == two,
        }
    }

    /// The place at which the given value does not hold what is wanted of it; `None` if it does.
    fn lacks(&self, given: &Json, wanted: &Json, place: String) -> Option<String> {
        let (Json::Object(given), Json::Object(wanted)) = (given, wanted) else {
            return (!self.equal(given, wanted)).then_some(place);
        };
        wanted.iter().find_map(|(key, wanted)| {
            let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
            match given.get(key) {
                None => Some(place),
                Some(given) => self.lacks(given, wanted, place),
            }
        })
    }
}

fn named(pointer: &str) -> &str {
    if pointer.is_empty() {
        "the whole"
    } else {
        pointer
    }
}
