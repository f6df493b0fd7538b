//! Text with variables of a case in it, Jinja-style: strict (an undefined variable is an error), unescaped (prompts are not HTML), and
//! without re-parsing: what a case inserts is data, whatever it looks like.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::Value as Json;

use super::case::Case;
use super::tree::Span;

/// Steps one rendering may take: far more than any prompt needs, and a bound for a runaway loop.
const FUEL: u64 = 1_000_000;
/// The most text one rendering may yield, in bytes.
const MOST: usize = 16 << 20;

/// The names that every case defines, besides the columns of its row.
pub const NAMES: &[&str] = &[
    "id", "input", "expected", "choices", "context", "tags", "metadata",
];

/// A compiled template and where it stood.
#[derive(Clone)]
pub struct Template {
    source: Arc<str>,
    span: Span,
    body: Body,
}

#[derive(Clone)]
enum Body {
    Constant,
    Compiled(Arc<Environment<'static>>),
}

/// Why a template cannot be read or rendered.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Syntax, or a value that the template cannot work with.
    #[error("{0}")]
    Jinja(String),
    /// The text grew beyond all use.
    #[error("the rendered text is over {} MiB", MOST >> 20)]
    TooLong,
}

impl Template {
    /// Compiles the text.
    pub fn parse(source: &str, span: Span) -> Result<Self, TemplateError> {
        Self::compile(source, span, false)
    }

    /// The same for a part of an address: what is inserted is percent-encoded (RFC 3986, all but the unreserved characters), and so
    /// stays within its segment of the path or its value in the query.
    pub fn parse_for_address(source: &str, span: Span) -> Result<Self, TemplateError> {
        Self::compile(source, span, true)
    }

    fn compile(source: &str, span: Span, for_address: bool) -> Result<Self, TemplateError> {
        let body = if ["{{", "{%", "{#"].iter().any(|open| source.contains(open)) {
            let syntax = SyntaxConfig::builder()
                .keep_trailing_newline(true)
                .build()
                .map_err(|error| TemplateError::Jinja(explain(&error)))?;
            let mut environment = Environment::new();
            environment.set_undefined_behavior(UndefinedBehavior::Strict);
            environment.set_auto_escape_callback(|_| AutoEscape::None);
            environment.set_syntax(syntax);
            if for_address {
                environment.set_formatter(|out, _, value| {
                    Ok(out.write_str(&percent(&value.to_string()))?)
                });
            }
            environment.set_fuel(Some(FUEL));
            environment
                .add_template_owned("text", source.to_owned())
                .map_err(|error| TemplateError::Jinja(explain(&error)))?;
            Body::Compiled(Arc::new(environment))
        } else {
            Body::Constant
        };
        Ok(Self {
            source: source.into(),
            span,
            body,
        })
    }

    /// Text that inserts nothing, whatever it holds: for values that come from data.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self {
            source: text.into(),
            span: Span::default(),
            body: Body::Constant,
        }
    }

    /// The text as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where it stood.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The variables it needs, in alphabetical order.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<String> {
        match &self.body {
            Body::Constant => BTreeSet::new(),
            Body::Compiled(environment) => environment
                .get_template("text")
                .map(|template| template.undeclared_variables(false).into_iter().collect())
                .unwrap_or_default(),
        }
    }

    /// The text with the scope's values in it.
    pub fn render(&self, scope: &Scope) -> Result<String, TemplateError> {
        let Body::Compiled(environment) = &self.body else {
            return Ok(self.source.to_string());
        };
        let text = environment
            .get_template("text")
            .and_then(|template| template.render(Value::from_object(scope.clone())))
            .map_err(|error| TemplateError::Jinja(explain(&error)))?;
        if text.len() > MOST {
            return Err(TemplateError::TooLong);
        }
        Ok(text)
    }
}

impl Template {
    /// The value of a text that is one expression and nothing else (`{{ messages }}`), with its own type; of any other its text.
    pub fn value(&self, scope: &Scope) -> Result<Json, TemplateError> {
        let (Body::Compiled(environment), Some(expression)) = (&self.body, self.alone()) else {
            return self.render(scope).map(Json::String);
        };
        let value = environment
            .compile_expression(expression)
            .and_then(|expression| expression.eval(Value::from_object(scope.clone())))
            .map_err(|error| TemplateError::Jinja(explain(&error)))?;
        if value.is_undefined() {
            let message = format!("undefined value: `{}`", expression.trim());
            return Err(TemplateError::Jinja(message));
        }
        serde_json::to_value(&value).map_err(|error| TemplateError::Jinja(error.to_string()))
    }

    /// The expression that is the whole text.
    fn alone(&self) -> Option<&str> {
        let inner = self
            .source
            .trim()
            .strip_prefix("{{")?
            .strip_suffix("}}")?
            .trim_matches('-');
        let single = ["{{", "}}", "{%", "{#"]
            .iter()
            .all(|mark| !inner.contains(mark));
        single.then_some(inner)
    }
}

/// Percent-encodes all but the unreserved characters (RFC 3986, 2.3).
fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Template({:?})", self.source)
    }
}

fn explain(error: &minijinja::Error) -> String {
    let line = error
        .line()
        .map(|line| format!(" in its line {line}"))
        .unwrap_or_default();
    match error.detail() {
        Some(detail) => format!("{}: {detail}{line}", error.kind()),
        None => format!("{}{line}", error.kind()),
    }
}

/// What a template sees: a case, for scorers also the output, for judges further names.
#[derive(Debug, Clone)]
pub struct Scope {
    case: Arc<Case>,
    more: Vec<(Cow<'static, str>, Value)>,
}

impl Scope {
    /// The case's own names and its row's columns.
    #[must_use]
    pub fn of(case: &Arc<Case>) -> Self {
        Self {
            case: Arc::clone(case),
            more: Vec::new(),
        }
    }

    /// One more name; it hides a column of the same name.
    #[must_use]
    pub fn with(mut self, name: &'static str, text: &str) -> Self {
        self.more.push((name.into(), Value::from(text)));
        self
    }

    /// The same for a value of any type and a name from the suite.
    #[must_use]
    pub fn with_value(mut self, name: impl Into<Cow<'static, str>>, value: &Json) -> Self {
        self.more.push((name.into(), Value::from(Serde(value))));
        self
    }

    fn look_up(&self, name: &str) -> Option<Value> {
        if let Some((_, value)) = self.more.iter().find(|(known, _)| *known == name) {
            return Some(value.clone());
        }
        let case = &self.case;
        Some(match name {
            "id" => Value::from(case.id.as_str()),
            "input" => Value::from(case.input.text()),
            "expected" => Value::from(Serde(case.expected.as_ref()?)),
            "choices" => Value::from(Serde(&case.choices)),
            "context" => Value::from(Serde(&case.context)),
            "tags" => Value::from(Serde(&case.tags)),
            "metadata" => Value::from(Serde(&case.metadata)),
            _ => Value::from(Serde(case.columns.get(name)?)),
        })
    }
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.look_up(key.as_str()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn case() -> Arc<Case> {
        let mut case = Case::new("c1", "What is {{ 7*7 }}?");
        case.expected = Some(json!("49"));
        case.columns.insert("city".into(), json!("Bern"));
        Arc::new(case)
    }

    fn render(source: &str) -> Result<String, String> {
        Template::parse(source, Span::default())
            .and_then(|t| t.render(&Scope::of(&case()).with("output", "an <answer>")))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn data_is_inserted_and_never_parsed_again() {
        assert_eq!(render("Q: {{ input }}").unwrap(), "Q: What is {{ 7*7 }}?");
        assert_eq!(
            render("{{ output }}, {{ city }}, {{ expected }}\n").unwrap(),
            "an <answer>, Bern, 49\n"
        );
    }

    #[test]
    fn undefined_names_files_and_endless_loops_are_errors() {
        assert!(render("{{ nothing }}").unwrap_err().contains("undefined"));
        assert!(render("{% include '/etc/passwd' %}").is_err());
        let loops =
            "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}";
        assert!(render(loops).unwrap_err().contains("fuel"));
        assert!(render("{{ open").is_err());
    }

    #[test]
    fn the_variables_of_a_template_are_known_before_it_is_rendered() {
        let template = Template::parse(
            "{{ a }} {% for x in tags %}{{ x }}{{ b.c }}{% endfor %}",
            Span::default(),
        )
        .unwrap();
        assert_eq!(
            template.variables().into_iter().collect::<Vec<_>>(),
            ["a", "b", "tags"]
        );
    }

    #[test]
    fn what_goes_into_an_address_is_encoded() {
        let render = |source: &str, value: &str| {
            Template::parse_for_address(source, Span::default())
                .and_then(|t| t.render(&Scope::of(&case()).with("x", value)))
                .map_err(|e| e.to_string())
        };
        assert_eq!(
            render("/a/{{ x }}?q={{ x | upper }}", "é/../?&#@:b c").unwrap(),
            "/a/%C3%A9%2F..%2F%3F%26%23%40%3Ab%20c?q=%C3%89%2F..%2F%3F%26%23%40%3AB%20C"
        );
        assert_eq!(render("{{ x | safe }}", "a/b").unwrap(), "a%2Fb");
        assert!(
            render("/{{ nothing }}", "")
                .unwrap_err()
                .contains("undefined")
        );
    }

    #[test]
    fn an_expression_alone_keeps_its_type() {
        let list = json!([{"role": "user", "content": "{{ 7*7 }}"}, null, 1.5, true]);
        let scope = Scope::of(&case()).with_value("list".to_owned(), &list);
        let value = |source: &str| {
            Template::parse(source, Span::default())
                .and_then(|t| t.value(&scope))
                .map_err(|e| e.to_string())
        };
        assert_eq!(value("{{ list }}").unwrap(), list);
        assert_eq!(value(" {{- list[2] -}} ").unwrap(), json!(1.5));
        assert_eq!(value("{{ input }}").unwrap(), json!("What is {{ 7*7 }}?"));
        assert_eq!(value("{{ city }}, {{ id }}").unwrap(), json!("Bern, c1"));
        assert_eq!(value("plain").unwrap(), json!("plain"));
        assert!(value("{{ nothing }}").is_err());
        assert!(value("{{ list.nothing }}").is_err());
    }

    #[test]
    fn a_literal_inserts_nothing() {
        assert_eq!(
            Template::literal("{{ x }}")
                .render(&Scope::of(&case()))
                .unwrap(),
            "{{ x }}"
        );
    }
}
