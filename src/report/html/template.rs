//! The templates of `reports/`, filled in: every value passes the funnel for HTML unless the template itself says that it is markup.
//!
//! `|safe` stands in a template only beside what was made here: a template's own output, a chart, the style, the script, the island.

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use crate::funnel::html;

/// Markup that was made by a template or a chart, its texts escaped: it may stand in a page as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(in crate::report) struct Html(String);

impl Html {
    /// Takes markup over from whoever drew it; its texts must have passed the funnel already.
    pub(in crate::report) fn drawn(markup: String) -> Self {
        Self(markup)
    }

    /// The markup.
    pub(in crate::report) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Fills a template in; `source` is one of the files in `reports/`.
pub(in crate::report) fn fill(source: &'static str, values: impl Serialize) -> Html {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(|out, _, value| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let written = match value.is_safe() {
            true => out.write_str(&text),
            false => out.write_str(&html(&text)),
        };
        written.map_err(|_| ErrorKind::WriteFailure.into())
    });
    let filled = environment.render_str(source, Value::from(Serde(values)));
    Html(filled.expect("the templates are our own, and tests fill each of them in"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_text_unless_the_template_calls_it_markup() {
        let source = "<p title=\"{{ text }}\">{{ text }}{{ made|safe }}{{ 7 * 7 }}</p>";
        let values = json!({"text": "\"><script>{{ 7 * 7 }}&'", "made": "<b>x</b>"});
        assert_eq!(
            fill(source, values).as_str(),
            "<p title=\"&quot;&gt;&lt;script&gt;{{ 7 * 7 }}&amp;&#39;\">&quot;&gt;&lt;script&gt;{{ 7 * 7 }}&amp;&#39;<b>x</b>49</p>"
        );
    }
}
