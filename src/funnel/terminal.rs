//! Text for a terminal: it can neither steer it, nor reorder or overprint what stands beside it.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::visible::{Layout, visible};

/// What stands where a text was cut; one column wide.
const ELLIPSIS: &str = "\u{2026}";

/// Makes a text of several lines safe for a terminal.
///
/// `\n` and `\t` stay. Every other control (an escape sequence loses its ESC), every bidirectional, format and invisible
/// character and every separator of lines or paragraphs becomes visible; more than a few marks on one character are counted
/// instead of drawn. A carriage return before `\n` is shown too: it may be what made two answers differ.
pub fn terminal(text: &str) -> Cow<'_, str> {
    visible(text, Layout::Block)
}

/// Makes a text safe for one cell of a table or one line of progress, at most `columns` wide.
///
/// As [`terminal`], but a line break is shown as `↵` and a tab as `␉`. A longer text is cut between characters as a reader
/// sees them (grapheme clusters), never inside one, and ends in `…`. Widths are those of Unicode's annex 11; pass
/// `usize::MAX` for a text that is not to be cut.
pub fn terminal_line(text: &str, columns: usize) -> Cow<'_, str> {
    let line = visible(text, Layout::Line);
    // No character of a line is wider than its bytes are many, so that short lines need no measuring.
    if line.len() <= columns || line.width() <= columns {
        return line;
    }
    let Some(room) = columns.checked_sub(ELLIPSIS.width()) else {
        return Cow::Borrowed("");
    };
    let mut used = 0;
    let mut end = 0;
    for (at, cluster) in line.grapheme_indices(true) {
        used += cluster.width();
        if used > room {
            break;
        }
        end = at + cluster.len();
    }
    Cow::Owned(format!("{}{ELLIPSIS}", &line[..end]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthChar;

    use super::*;
    use crate::funnel::hostile::hostile_text;

    /// Written out a second time, from the property and not from the table under test.
    fn steers(c: char) -> bool {
        matches!(c,
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
            | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
    }

    fn longest_run_of_marks(text: &str) -> usize {
        let (longest, last) =
            text.chars()
                .fold((0, 0), |(longest, run): (usize, usize), c| {
                    match c.width() {
                        Some(0) => (longest.max(run), run + 1),
                        _ => (longest.max(run), 0),
                    }
                });
        longest.max(last)
    }

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(terminal("two\nlines\tof größe"), Cow::Borrowed(_)));
        assert!(matches!(terminal_line("one line", 8), Cow::Borrowed(_)));
    }

    #[test]
    fn escape_sequences_lose_their_escape() {
        assert_eq!(terminal("\u{1b}[31mred\u{1b}[0m"), "␛[31mred␛[0m");
        assert_eq!(
            terminal("\u{1b}]0;title\u{7}\u{1b}]52;c;eA==\u{1b}\\"),
            "␛]0;title␇␛]52;c;eA==␛\\"
        );
        assert_eq!(
            terminal("\u{9b}2J\u{90}q\u{9c}"),
            "<U+009B>2J<U+0090>q<U+009C>"
        );
    }

    #[test]
    fn a_carriage_return_cannot_overwrite_the_line() {
        assert_eq!(terminal("failed\rpassed\r\n"), "failed␍passed␍\n");
        assert_eq!(terminal("ab\u{8}c"), "ab␈c");
    }

    #[test]
    fn reordering_and_invisible_characters_are_named() {
        assert_eq!(
            terminal("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{2028}f"),
            "a<U+202E>b<U+2066>c<U+200B>d<U+FEFF>e<U+2028>f"
        );
    }

    #[test]
    fn a_cell_shows_its_line_breaks_and_tabs() {
        assert_eq!(terminal_line("a\nb\tc\r\n", 80), "a↵b␉c␍↵");
    }

    #[test]
    fn a_long_cell_is_cut_with_an_ellipsis_that_fits() {
        assert_eq!(terminal_line("refund refused", 8), "refund …");
        assert_eq!(terminal_line("refund", 6), "refund");
        assert_eq!(terminal_line("refund", 1), "…");
        assert_eq!(terminal_line("refund", 0), "");
        assert_eq!(terminal_line("", 0), "");
    }

    #[test]
    fn wide_characters_count_two_columns_and_are_not_halved() {
        assert_eq!(terminal_line("漢字漢字", 8), "漢字漢字");
        assert_eq!(terminal_line("漢字漢字", 6), "漢字…");
        assert_eq!(terminal_line("漢字漢字", 5), "漢字…");
    }

    #[test]
    fn a_character_of_several_code_points_is_not_torn() {
        let family = "e\u{301}e\u{301}e\u{301}";
        assert_eq!(terminal_line(family, 2), "e\u{301}…");
        assert_eq!(terminal_line("👍🏽👍🏽", 3), "👍🏽…");
    }

    proptest! {
        #[test]
        fn nothing_that_steers_a_terminal_comes_through(text in hostile_text()) {
            let out = terminal(&text);
            prop_assert!(!out.chars().any(|c| steers(c) && !matches!(c, '\n' | '\t')), "{out:?}");
            prop_assert!(longest_run_of_marks(&out) <= 6, "{out:?}");
            prop_assert_eq!(text.matches('\n').count(), out.matches('\n').count());
        }

        #[test]
        fn a_safe_text_is_left_alone(text in hostile_text()) {
            let once = terminal(&text);
            prop_assert!(matches!(terminal(&once), Cow::Borrowed(_)), "{once:?}");
        }

        #[test]
        fn a_cell_is_one_line_and_fits_its_column(text in hostile_text(), columns in 0usize..40) {
            let out = terminal_line(&text, columns);
            prop_assert!(!out.chars().any(steers), "{out:?}");
            prop_assert!(out.width() <= columns, "{} > {columns}: {out:?}", out.width());
        }

        #[test]
        fn a_cell_that_fits_is_not_cut(text in hostile_text()) {
            let whole = terminal_line(&text, usize::MAX).into_owned();
            prop_assert_eq!(terminal_line(&text, whole.width()), whole.as_str());
        }
    }
}
