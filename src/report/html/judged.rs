//! What the pages of a judge share: the head with what it comes to, lines under labels, rows of charts.

use serde::Serialize;

use super::template::{Html, fill};
use crate::report::said::Said;
use crate::report::screen::Ink;

/// The class of an emphasis; empty for none.
pub(super) fn tone(ink: Ink) -> &'static str {
    match ink {
        Ink::Plain | Ink::Bold => "",
        Ink::Dim => "muted",
        Ink::Good => "good",
        Ink::Bad => "bad",
        Ink::Warn => "warn",
    }
}

/// The head of a page.
#[derive(Debug)]
pub(super) struct Head<'a> {
    /// What the page is about.
    pub(super) what: String,
    /// What it rests on.
    pub(super) facts: String,
    /// What it comes to: its word, emphasis and rule.
    pub(super) concluded: (&'a str, Ink, String),
    /// What must be known first, and what to do next.
    pub(super) notes: Vec<Said>,
    /// How the process ended.
    pub(super) exit: String,
}

impl Head<'_> {
    /// As markup.
    pub(super) fn html(self) -> Html {
        #[derive(Serialize)]
        struct Values<'a> {
            what: &'a str,
            facts: &'a str,
            word: &'a str,
            tone: &'a str,
            rule: &'a str,
            notes: Html,
            exit: &'a str,
        }
        let (word, ink, rule) = &self.concluded;
        fill(
            include_str!("../../../reports/judge/head.html"),
            Values {
                what: &self.what,
                facts: &self.facts,
                word,
                tone: tone(*ink),
                rule,
                notes: entries(&self.notes),
                exit: &self.exit,
            },
        )
    }
}

/// Lines under their labels; nothing where there are none.
pub(super) fn entries(said: &[Said]) -> Html {
    #[derive(Serialize)]
    struct Line<'a> {
        text: &'a str,
        tone: &'static str,
    }
    #[derive(Serialize)]
    struct Entry<'a> {
        label: &'static str,
        lines: Vec<Line<'a>>,
    }
    #[derive(Serialize)]
    struct Values<'a> {
        entries: Vec<Entry<'a>>,
    }
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for one in said {
        let line = Line {
            text: &one.text,
            tone: tone(one.ink),
        };
        match entries.last_mut().filter(|_| one.label.is_empty()) {
            Some(entry) => entry.lines.push(line),
            None => entries.push(Entry {
                label: one.label,
                lines: vec![line],
            }),
        }
    }
    match entries.is_empty() {
        true => Html::default(),
        false => fill(
            include_str!("../../../reports/judge/entries.html"),
            Values { entries },
        ),
    }
}

/// A chart under its title.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    /// The title.
    pub(super) title: String,
    /// The drawing.
    pub(super) drawn: Html,
}

/// Charts beside one another as far as there is room; nothing where there are none.
pub(super) fn charts(charts: &[Chart]) -> Html {
    #[derive(Serialize)]
    struct Values<'a> {
        charts: &'a [Chart],
    }
    match charts.is_empty() {
        true => Html::default(),
        false => fill(
            include_str!("../../../reports/judge/charts.html"),
            Values { charts },
        ),
    }
}

/// Which look at the labels it was, and what that means for its intervals.
pub(super) fn look(look: u32, alpha: f64) -> String {
    format!(
        "{look} at these labels; its intervals and tests may err in {alpha:.4} of such looks (two-sided)"
    )
}

/// One after the other.
pub(super) fn joined(parts: &[Html]) -> Html {
    let all: Vec<&str> = parts.iter().map(Html::as_str).collect();
    Html::drawn(all.concat())
}
