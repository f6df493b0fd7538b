//! A terminal screen being written: labels, hanging indents, emphasis; nothing wider than the screen but what must stay whole.
//!
//! Every text handed in passes [`terminal_line`] here, so that no caller can forget it; styling is ours alone and put on last.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::funnel::terminal_line;

/// The narrowest screen that is laid out; on a narrower one the terminal itself wraps.
const NARROWEST: usize = 60;

/// Room below which a text stands on a line of its own rather than beside its label.
const CRAMPED: usize = 28;

/// The most bytes that are kept together on a line.
const MOST_HELD: usize = 40;

/// How a piece of text is emphasised. Words carry the state; this only helps the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Bold,
    Dim,
    Good,
    Bad,
    Warn,
}

impl Ink {
    /// The styling sequence that begins it.
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\u{1b}[1m",
            Self::Dim => "\u{1b}[2m",
            Self::Good => "\u{1b}[1;32m",
            Self::Bad => "\u{1b}[1;31m",
            Self::Warn => "\u{1b}[1;33m",
        }
    }
}

/// Where the parts of an entry stand, in columns from the left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The label.
    pub(super) indent: usize,
    /// The text beside the label.
    pub(super) hang: usize,
    /// The text where it has to stand below.
    pub(super) below: usize,
}

/// A label and its text beside it, over as many lines as it takes: for the few lines that a verb says by itself.
#[must_use]
pub fn labelled(label: &str, text: &str, width: usize) -> String {
    let mut screen = Screen::new(width, false);
    if label.is_empty() {
        screen.paragraph(Ink::Plain, text);
        return screen.finish();
    }
    let at = Place {
        indent: 0,
        hang: label.width(),
        below: 4,
    };
    // The label ends in its own blanks: they are the gap to the text.
    let shown = label.trim_end();
    screen.entry(at, &[(shown, Ink::Plain)], (text, Ink::Plain));
    screen.finish()
}

/// A screen being written.
#[derive(Debug)]
pub(super) struct Screen {
    width: usize,
    color: bool,
    text: String,
}

impl Screen {
    pub(super) fn new(width: usize, color: bool) -> Self {
        Self {
            width: width.max(NARROWEST),
            color,
            text: String::new(),
        }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The text, without blanks at the ends of its lines and without an empty line at its own.
    pub(super) fn finish(self) -> String {
        let lines: Vec<&str> = self.text.lines().map(str::trim_end).collect();
        let mut text = lines.join("\n");
        text.truncate(text.trim_end_matches('\n').len());
        text.push('\n');
        text
    }

    /// An empty line, unless one is there already or nothing is.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A text over as many lines as it takes, indented from the second on.
    pub(super) fn paragraph(&mut self, ink: Ink, text: &str) {
        let text = terminal_line(text, usize::MAX);
        for (nth, line) in wrapped(&text, self.width - 2).into_iter().enumerate() {
            self.text.push_str(if nth == 0 { "" } else { "  " });
            self.paint(ink, line);
            self.text.push('\n');
        }
    }

    /// A short line in pieces, cut at the width.
    pub(super) fn line(&mut self, pieces: &[(&str, Ink)]) {
        let mut column = 0;
        for (piece, ink) in pieces {
            let piece = terminal_line(piece, self.width - column);
            column += piece.width();
            self.paint(*ink, &piece);
        }
        self.text.push('\n');
    }

    /// One line of a longer text, broken where it must be, all of it at the same indent.
    pub(super) fn block(&mut self, indent: usize, line: &str) {
        // A tab has no width of its own; as blanks it keeps code readable.
        let line = line.replace('\t', "    ");
        let safe = terminal_line(&line, usize::MAX);
        for line in wrapped(&safe, self.width - indent) {
            if !line.is_empty() {
                self.text.push_str(&" ".repeat(indent));
                self.text.push_str(line);
            }
            self.text.push('\n');
        }
    }

    /// A label, in pieces, and its text beside it: `missing   2 of 960 trials ...`. Where the label is too long or the screen
    /// too narrow for that, the text stands below.
    pub(super) fn entry(&mut self, at: Place, label: &[(&str, Ink)], text: (&str, Ink)) {
        let mut column = 0;
        if !label.is_empty() {
            column = at.indent;
            self.text.push_str(&" ".repeat(at.indent));
        }
        for (piece, ink) in label {
            let piece = terminal_line(piece, self.width - column);
            column += piece.width();
            self.paint(*ink, &piece);
        }
        let beside = column < at.hang && self.width >= at.hang + CRAMPED;
        let start = if beside { at.hang } else { at.below };
        if !beside && column > 0 {
            self.text.push('\n');
            column = 0;
        }
        let safe = terminal_line(text.0, usize::MAX);
        for line in wrapped(&safe, self.width - start) {
            self.text.push_str(&" ".repeat(start - column));
            self.paint(text.1, line);
            self.text.push('\n');
            column = 0;
        }
    }

    /// A dim label and its text so many columns from the left; without a label the text goes on where the one above stood.
    pub(super) fn beside(&mut self, hang: usize, label: &str, text: &str, ink: Ink) {
        let at = Place {
            indent: 0,
            hang,
            below: if label.is_empty() { hang } else { 4 },
        };
        let named = [(label, Ink::Dim)];
        let pieces = if label.is_empty() {
            &named[1..]
        } else {
            &named[..]
        };
        self.entry(at, pieces, (text, ink));
    }

    /// A label and a text that is never broken because it is to be copied, a command or a path; what it is for stands behind
    /// it or, where there is no room, below.
    pub(super) fn whole(&mut self, label: &str, hang: usize, text: &str, why: &str) {
        let (text, why) = (
            terminal_line(text, usize::MAX),
            terminal_line(why, usize::MAX),
        );
        self.paint(Ink::Dim, label);
        if hang + text.width() <= self.width {
            self.text
                .push_str(&" ".repeat(hang.saturating_sub(label.width())));
        } else if label.is_empty() {
            self.text.push_str("  ");
        } else {
            self.text.push_str("\n  ");
        }
        self.text.push_str(&text);
        if why.is_empty() {
            self.text.push('\n');
        } else if hang + text.width() + 5 + why.width() <= self.width {
            self.text.push_str("   (");
            self.text.push_str(&why);
            self.text.push_str(")\n");
        } else {
            self.text.push('\n');
            let at = Place {
                indent: 0,
                hang,
                below: hang,
            };
            self.entry(at, &[], (&format!("({why})"), Ink::Plain));
        }
    }

    /// Lines that were laid out elsewhere, their cells made safe there; the first `head` of them stand out.
    pub(super) fn laid_out(&mut self, lines: &str, head: usize) {
        for (nth, line) in lines.lines().enumerate() {
            let ink = if nth < head { Ink::Bold } else { Ink::Plain };
            self.paint(ink, line.trim_end());
            self.text.push('\n');
        }
    }

    fn paint(&mut self, ink: Ink, text: &str) {
        if !self.color || ink == Ink::Plain || text.is_empty() {
            self.text.push_str(text);
            return;
        }
        self.text.push_str(ink.code());
        self.text.push_str(text);
        self.text.push_str("\u{1b}[0m");
    }
}

/// Whether the blank between two words is no place to break a line: inside `[83.9, 91.4]`, `95 %`, `p = 0.012`, `>= 4`.
fn holds(word: &str, next: &str) -> bool {
    next == "%"
        || (word.starts_with('[') && !word.contains(']'))
        || ["<", ">", "=", ">=", "<=", "x", "p", "about", "allowed"].contains(&word)
        || ["<", "=", ">=", "<="].contains(&next)
}

/// The words of a text with what must stay together in one piece.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let all = rest?;
        let mut end = 0;
        loop {
            let word = &all[end..];
            let Some(blank) = word.find(' ') else {
                rest = None;
                return Some(all);
            };
            let behind = end + blank + 1;
            let next = all[behind..].split(' ').next().unwrap_or("");
            if !holds(&word[..blank], next) || behind > MOST_HELD {
                rest = Some(&all[behind..]);
                return Some(&all[..behind - 1]);
            }
            end = behind;
        }
    })
}

/// Lines of at most `room` columns, broken at blanks, and inside a word only where the word is wider than a line.
fn wrapped(text: &str, room: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    // Where the line starts, where its last word ends, how wide it is; where the next word begins.
    let (mut start, mut end, mut used, mut behind) = (0, 0, 0, 0);
    for word in words(text) {
        let at = behind;
        behind += word.len() + 1;
        let wide = word.width();
        if used > 0 && used + wide > room {
            lines.push(text[start..end].trim_end());
            (start, used) = (at, 0);
        }
        if wide > room {
            for (offset, cluster) in word.grapheme_indices(true) {
                if used + cluster.width() > room {
                    lines.push(&text[start..at + offset]);
                    (start, used) = (at + offset, 0);
                }
                used += cluster.width();
            }
        } else {
            used += wide;
        }
        end = at + word.len();
        // The blank behind a word may hang over the edge.
        used += usize::from(text[end..].starts_with(' '));
    }
    lines.push(text[start..].trim_end());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks_and_never_grow_wider_than_the_room() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 80), ["one two three"]);
        assert_eq!(wrapped("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(
            wrapped("at [83.9, 91.4] x", 8),
            ["at", "[83.9, 9", "1.4] x"]
        );
        assert_eq!(wrapped("so p = 0.012.", 11), ["so", "p = 0.012."]);
        assert_eq!(wrapped("a 漢漢漢 b", 5), ["a", "漢漢", "漢 b"]);
    }

    #[test]
    fn a_text_goes_on_below_where_it_began() {
        let mut screen = Screen::new(60, false);
        let text = "2 of 960 trials timed out after five attempts, all in next";
        let at = Place {
            indent: 2,
            hang: 11,
            below: 4,
        };
        screen.entry(at, &[("missing", Ink::Bold)], (text, Ink::Plain));
        assert_eq!(
            screen.finish(),
            "  missing  2 of 960 trials timed out after five attempts,\n           all in next\n"
        );
    }

    #[test]
    fn styling_is_there_only_when_asked_for_and_never_from_the_text() {
        for (color, want) in [
            (true, "\u{1b}[1;31mFAILED\u{1b}[0m  a␛[0mb\n"),
            (false, "FAILED  a␛[0mb\n"),
        ] {
            let mut screen = Screen::new(80, color);
            let at = Place {
                indent: 0,
                hang: 8,
                below: 2,
            };
            screen.entry(at, &[("FAILED", Ink::Bad)], ("a\u{1b}[0mb", Ink::Plain));
            assert_eq!(screen.finish(), want);
        }
    }

    #[test]
    fn a_command_is_never_broken() {
        let mut screen = Screen::new(60, false);
        screen.whole("next", 8, &"x".repeat(70), "");
        assert_eq!(screen.finish(), format!("next\n  {}\n", "x".repeat(70)));
    }
}
