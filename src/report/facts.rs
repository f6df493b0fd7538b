//! A title and facts under it, each with its name: what verbs say that look at files and not at runs.

use super::screen::{Ink, Place, Screen};
use crate::funnel::terminal_line;

/// Columns before the texts.
const HANG: usize = 12;
/// The most letters of a fact.
const MOST: usize = 2_000;

/// A named fact; further ones of the same name have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its name, a word; empty: as the one before.
    pub name: String,
    /// What is so, in one line.
    pub text: String,
    /// The text is a command or a path: it is not broken.
    pub whole: bool,
}

impl Fact {
    /// A fact in words.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
            whole: false,
        }
    }

    /// A fact that is to be copied.
    #[must_use]
    pub fn whole(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            whole: true,
            ..Self::new(name, text)
        }
    }
}

/// The screen.
#[must_use]
pub fn facts(title: &str, facts: &[Fact], width: usize, color: bool) -> String {
    let mut screen = Screen::new(width, color);
    screen.paragraph(Ink::Bold, &terminal_line(title, MOST));
    screen.gap();
    let at = Place {
        indent: 0,
        hang: HANG,
        below: 4,
    };
    for fact in facts {
        let (name, text) = (
            terminal_line(&fact.name, HANG),
            terminal_line(&fact.text, MOST),
        );
        if fact.whole {
            screen.whole(&name, HANG, &text, "");
        } else if name.is_empty() {
            screen.entry(Place { below: HANG, ..at }, &[], (&text, Ink::Plain));
        } else {
            screen.entry(at, &[(&name, Ink::Dim)], (&text, Ink::Plain));
        }
    }
    screen.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_stand_beside_their_names_and_hostile_ones_stay_text() {
        let text = facts(
            "gsm8k",
            &[
                Fact::new("rows", "3"),
                Fact::new("", "a \u{1b}[31mred\r\nline"),
                Fact::whole("next", "evenhand run"),
            ],
            100,
            false,
        );
        assert!(
            text.starts_with("gsm8k\n\nrows        3\n            a "),
            "{text}"
        );
        assert!(text.ends_with("next        evenhand run\n"), "{text}");
        assert!(!text.contains(['\u{1b}', '\r']), "{text}");
        assert_eq!(text.lines().count(), 5, "{text}");
    }
}
