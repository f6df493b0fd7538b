//! Text for Markdown as GitHub and its relatives read it: it shows, it neither marks up, links nor calls anybody.
//!
//! Escaping alone is not enough there: mentions, references, emoji codes and bare addresses are looked for in the rendered
//! text, where an escaped character is itself again. They are broken by a zero-width space, written as an entity.

use std::borrow::Cow;

use super::rewrite::Rewrite;
use super::visible::{Layout, visible};

/// Breaks what would be recognised in the rendered text.
const BREAK: &str = "&#8203;";

/// The longest emoji code looked for; none that exists comes near.
const LONGEST_EMOJI_CODE: usize = 64;

/// Makes a text safe for one table cell, or for any other place inside a line.
///
/// Line breaks and controls become visible as in [`terminal_line`](super::terminal_line); markup, HTML, links, images,
/// mentions, references, emoji codes, formulas and bare addresses are shown as they were written.
pub fn markdown(text: &str) -> Cow<'_, str> {
    match visible(text, Layout::Line) {
        Cow::Borrowed(line) => escaped(line),
        Cow::Owned(line) => Cow::Owned(escaped(&line).into_owned()),
    }
}

/// A text of several lines as a fenced code block, its fence longer than any run of backticks in it.
///
/// `language` comes from the program and may be empty. The block ends in a line break; within a list or quotation it must be
/// indented by whoever puts it there.
pub fn markdown_block(language: &'static str, text: &str) -> String {
    let text = visible(text, Layout::Block);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

/// `line` has no control, format or invisible character any more.
fn escaped(line: &str) -> Cow<'_, str> {
    let mut rewrite = Rewrite::new(line);
    if let Some(marker) = block_marker(line) {
        rewrite.replace(marker..marker, "\\");
    }
    for (at, c) in line.char_indices() {
        let behind = at + c.len_utf8();
        let rest = &line[behind..];
        match c {
            '&' => rewrite.replace(at..behind, "&amp;"),
            '<' => rewrite.replace(at..behind, "&lt;"),
            '>' => rewrite.replace(at..behind, "&gt;"),
            // Entities, because tables and formulas are found before escapes are read.
            '|' => rewrite.replace(at..behind, "&#124;"),
            '$' => rewrite.replace(at..behind, "&#36;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '{' | '}' | '~' | '^' => {
                rewrite.replace(at..at, "\\");
            }
            '@' => rewrite.replace(behind..behind, BREAK),
            '#' | '!' if rest.starts_with(|c: char| c.is_alphanumeric()) => {
                rewrite.replace(behind..behind, BREAK);
            }
            ':' if rest.starts_with("//") || ends_emoji_code(rest) => {
                rewrite.replace(behind..behind, BREAK);
            }
            '.' if ends_with_letters(&line[..at], "www") => rewrite.replace(at..at, BREAK),
            '-' if rest.starts_with(|c: char| c.is_ascii_digit())
                && ends_with_letters(&line[..at], "gh") =>
            {
                rewrite.replace(behind..behind, BREAK);
            }
            _ => {}
        }
    }
    rewrite.finish()
}

/// Where a character stands that would make the line a heading, list, rule or underline if it began a paragraph.
fn block_marker(line: &str) -> Option<usize> {
    let start = line.len() - line.trim_start().len();
    let text = &line.as_bytes()[start..];
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let marker = *text.get(digits)?;
    let marks = match marker {
        b'#' | b'-' | b'+' | b'=' => digits == 0,
        b'.' | b')' => digits > 0,
        _ => false,
    };
    let behind = text.get(digits + 1).copied().unwrap_or(b' ');
    (marks && (behind == b' ' || behind == marker)).then_some(start + digits)
}

/// Whether a text that follows a colon is the rest of an emoji code. Of codes in digits alone there are two; the rest are
/// times of day.
fn ends_emoji_code(rest: &str) -> bool {
    let code = rest
        .bytes()
        .take(LONGEST_EMOJI_CODE)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-'))
        .count();
    let (code, behind) = rest.split_at(code);
    let digits = code.bytes().all(|b| b.is_ascii_digit());
    behind.starts_with(':') && (!digits || matches!(code, "100" | "1234"))
}

fn ends_with_letters(text: &str, letters: &str) -> bool {
    text.len()
        .checked_sub(letters.len())
        .and_then(|start| text.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(letters))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::funnel::hostile::hostile_text;

    /// The characters that a reader of Markdown sees, and the text without whatever was escaped.
    fn rendered(markdown: &str) -> (String, String) {
        let (mut seen, mut active) = (String::new(), String::new());
        let mut rest = markdown;
        while let Some(c) = rest.chars().next() {
            let mut length = c.len_utf8();
            let mut show = c;
            let mut escaped = false;
            for (entity, of) in [
                ("&amp;", '&'),
                ("&lt;", '<'),
                ("&gt;", '>'),
                ("&#124;", '|'),
                ("&#36;", '$'),
                ("&#8203;", '\u{200b}'),
            ] {
                if rest.starts_with(entity) {
                    (length, show, escaped) = (entity.len(), of, true);
                }
            }
            if c == '\\' && rest[1..].starts_with(|c: char| c.is_ascii_punctuation()) {
                (length, show, escaped) = (2, char::from(rest.as_bytes()[1]), true);
            }
            seen.push(show);
            active.push(if escaped { '\u{200b}' } else { show });
            rest = &rest[length..];
        }
        (seen, active)
    }

    #[test]
    fn plain_words_and_numbers_are_borrowed() {
        for text in ["", "c-001", "88.1 % (n = 160), größer", "12:30:45", "a/b.c"] {
            assert!(matches!(markdown(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn a_cell_cannot_be_left() {
        assert_eq!(markdown("a|b\nc\\|d"), "a&#124;b↵c\\\\&#124;d");
        assert_eq!(markdown("`a|b`"), "\\`a&#124;b\\`");
    }

    #[test]
    fn html_and_entities_are_shown() {
        assert_eq!(markdown("</details>&lt;"), "&lt;/details&gt;&amp;lt;");
    }

    #[test]
    fn links_and_images_are_shown() {
        assert_eq!(
            markdown("![x](http://a.b/?q=1)"),
            "!\\[x\\](http:&#8203;//a.b/?q=1)"
        );
        assert_eq!(markdown("www.a.b WWW.a"), "www&#8203;.a.b WWW&#8203;.a");
    }

    #[test]
    fn nobody_is_called_and_nothing_referred_to() {
        assert_eq!(markdown("@team a@b.c"), "@&#8203;team a@&#8203;b.c");
        assert_eq!(
            markdown("see #12, o/r#1, GH-7, !5"),
            "see #&#8203;12, o/r#&#8203;1, GH-&#8203;7, !&#8203;5"
        );
        assert_eq!(markdown(":tada: 1:100:2"), ":&#8203;tada: 1:&#8203;100:2");
    }

    #[test]
    fn a_line_does_not_become_a_block() {
        assert_eq!(markdown("# a"), "\\# a");
        assert_eq!(markdown(" - a"), " \\- a");
        assert_eq!(markdown("1. a"), "1\\. a");
        assert_eq!(markdown("2) a"), "2\\) a");
        assert_eq!(markdown("==="), "\\===");
    }

    #[test]
    fn a_fence_is_longer_than_any_run_of_backticks() {
        assert_eq!(markdown_block("", "a"), "```\na\n```\n");
        assert_eq!(markdown_block("json", "a\n"), "```json\na\n```\n");
        assert_eq!(markdown_block("", ""), "```\n```\n");
        assert_eq!(
            markdown_block("", "```\nx\n````"),
            "`````\n```\nx\n````\n`````\n"
        );
    }

    proptest! {
        #[test]
        fn the_reader_sees_the_text(text in hostile_text()) {
            let (seen, _) = rendered(&markdown(&text));
            prop_assert_eq!(seen.replace('\u{200b}', ""), visible(&text, Layout::Line));
        }

        #[test]
        fn nothing_active_is_left(text in hostile_text()) {
            let out = markdown(&text);
            let (seen, active) = rendered(&out);
            prop_assert!(!active.contains(['|', '<', '>', '`', '*', '_', '[', ']', '$', '\n', '\r']), "{out:?}");
            for address in ["://", "www."] {
                prop_assert!(!seen.to_lowercase().contains(address), "{out:?}");
            }
            let mut after_at = seen.split('@');
            after_at.next();
            prop_assert!(after_at.all(|rest| rest.starts_with('\u{200b}')), "{out:?}");
        }

        #[test]
        fn a_block_is_left_only_by_its_own_fence(text in hostile_text()) {
            let block = markdown_block("", &text);
            let fence = block.lines().next().unwrap();
            prop_assert!(fence.len() >= 3);
            let inside = block.strip_prefix(fence).unwrap().strip_suffix('\n').unwrap().strip_suffix(fence).unwrap();
            prop_assert!(!inside.contains(fence), "{block:?}");
            prop_assert!(inside.ends_with('\n'));
        }
    }
}
