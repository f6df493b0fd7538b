//! A page as one file: head, sections, style, script and data, under a policy that lets it do nothing else.

use serde::Serialize;

use super::policy::policy;
use super::template::{Html, fill};
use crate::funnel::json_island;

/// The style of every page.
const STYLE: &str = concat!(
    include_str!("../../../reports/page.css"),
    include_str!("../../../reports/chart.css"),
);

/// The shell of every page.
const BASE: &str = include_str!("../../../reports/base.html");

/// A page.
#[derive(Debug, Clone)]
pub(in crate::report) struct Document<'a> {
    /// What the browser's tab says.
    pub(in crate::report) title: &'a str,
    /// What stands before all sections: the page's `h1` and what leads.
    pub(in crate::report) head: Html,
    /// The sections, in order.
    pub(in crate::report) sections: Vec<Section>,
    /// The script, a file of `reports/`; `None`: a page without one.
    pub(in crate::report) script: Option<&'static str>,
    /// What the script works on.
    pub(in crate::report) data: Data<'a>,
}

/// What a page's script works on.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) enum Data<'a> {
    /// Nothing.
    None,
    /// A JSON document that stands in the page.
    Embedded(&'a str),
    /// A JSON document that stands in the page, and more that the script fetches from where the page came.
    Served(&'a str),
}

/// A part of a page under a heading of its own.
#[derive(Debug, Clone, Serialize)]
pub(in crate::report) struct Section {
    /// Its anchor.
    pub(in crate::report) id: &'static str,
    /// Its heading.
    pub(in crate::report) title: &'static str,
    /// What stands below.
    pub(in crate::report) body: Html,
}

impl Document<'_> {
    /// The content-security policy that stands in it.
    pub(in crate::report) fn policy(&self) -> String {
        policy(STYLE, self.script, matches!(self.data, Data::Served(_)))
    }

    /// The page as one text. The same document gives the same bytes.
    pub(in crate::report) fn render(&self) -> String {
        #[derive(Serialize)]
        struct Values<'a> {
            policy: String,
            version: &'a str,
            title: &'a str,
            style: &'a str,
            head: &'a Html,
            sections: &'a [Section],
            island: String,
            script: &'a str,
        }
        let island = match self.data {
            Data::None => String::new(),
            Data::Embedded(json) | Data::Served(json) => json_island(json).into_owned(),
        };
        let values = Values {
            policy: self.policy(),
            version: env!("CARGO_PKG_VERSION"),
            title: self.title,
            style: STYLE,
            head: &self.head,
            sections: &self.sections,
            island,
            script: self.script.unwrap_or(""),
        };
        fill(BASE, values).as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(data: Data<'_>) -> String {
        Document {
            title: "a <title> & more",
            head: Html::drawn("<h1>head</h1>".to_owned()),
            sections: ["one", "two", "three"]
                .map(|id| Section {
                    id,
                    title: id,
                    body: Html::drawn(format!("<p>{id}</p>")),
                })
                .into(),
            script: Some("'use strict';"),
            data,
        }
        .render()
    }

    #[test]
    fn a_page_holds_its_parts_in_order() {
        let page = document(Data::Embedded(r#"{"a":"</script><!--&"}"#));
        let mut at = 0;
        for part in [
            "<!doctype html>\n<html lang=\"en\">",
            "default-src 'none'; script-src 'sha256-",
            "<title>a &lt;title&gt; &amp; more</title>",
            "<h1>head</h1>",
            "<li><a href=\"#one\">one</a></li>",
            "<h2 id=\"two-title\">two</h2>\n<p>two</p>",
            r#"<script type="application/json" id="data">{"a":"\u003c/script\u003e\u003c!--\u0026"}</script>"#,
            "<script>'use strict';</script>\n</body>\n</html>",
        ] {
            let found = page[at..]
                .find(part)
                .unwrap_or_else(|| panic!("{part}\n{page}"));
            at += found;
        }
        assert!(!page.contains("connect-src"), "{page}");
        assert!(document(Data::Served("{}")).contains("connect-src 'self'"));
    }

    #[test]
    fn style_and_shell_ask_for_nothing_from_elsewhere() {
        for text in [STYLE, BASE] {
            for ask in ["http:", "https:", "//", "@import", "url("] {
                assert!(!text.contains(ask), "{ask} in {text}");
            }
        }
        assert!(!STYLE.contains("</style"), "a style cannot end itself");
    }
}
