//! Lines under a label, the same on every sink: what is said of a judge on the screen and on the page alike.

use super::screen::{Ink, Screen};

/// A line; without a label it belongs to the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// Its label.
    pub(super) label: &'static str,
    /// The text.
    pub(super) text: String,
    /// How it is emphasised.
    pub(super) ink: Ink,
}

impl Said {
    pub(super) fn new(label: &'static str, text: impl Into<String>, ink: Ink) -> Self {
        Self {
            label,
            text: text.into(),
            ink,
        }
    }

    /// Lines below one label.
    pub(super) fn list(label: &'static str, lines: &[String]) -> Vec<Self> {
        let lines = lines.iter().enumerate();
        lines
            .map(|(at, text)| Self::new(if at == 0 { label } else { "" }, text, Ink::Plain))
            .collect()
    }

    /// Puts it on a screen whose texts begin at this column.
    pub(super) fn put(&self, screen: &mut Screen, hang: usize) {
        screen.beside(hang, self.label, &self.text, self.ink);
    }
}
