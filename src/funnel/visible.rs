//! Characters that show nothing, or that steer whatever shows them, made visible.
//!
//! Written from the Unicode character database (general categories Cc, Cf, Zl, Zp; property
//! `Default_Ignorable_Code_Point`), version 17. The joiners U+200C and U+200D are among them, though Persian and some emoji
//! use them well: terminals disagree about their width, and a name that shows is better than a table that breaks.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use super::rewrite::Rewrite;

/// How many marks without a width of their own may sit on one character. Pointed Hebrew and Tibetan stacks stay below it;
/// text that climbs over its neighbours does not.
const MOST_MARKS: usize = 6;

/// What a mark without a character below it is put on, so that it does not land on somebody else's text.
const MARK_HOLDER: &str = "\u{25cc}";

/// Which line breaks may stay.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// `\n` and `\t` stand as they are.
    Block,
    /// `\n` becomes `↵` and `\t` becomes `␉`: the text stays on one line.
    Line,
}

/// The text with every control, format and invisible character replaced by its picture or its name, and with no more than
/// a few marks on one character.
pub(super) fn visible(text: &str, layout: Layout) -> Cow<'_, str> {
    let mut rewrite = Rewrite::new(text);
    // Marks on the last character, and whether there is a character for them to sit on.
    let mut marks = 0;
    let mut base = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if layout == Layout::Block && matches!(c, '\n' | '\t') {
            (marks, base) = (0, false);
        } else if let Some(name) = shown(c) {
            rewrite.replace(at..at + c.len_utf8(), &name);
            (marks, base) = (0, false);
        } else if !is_mark(c) {
            (marks, base) = (0, true);
        } else if marks < MOST_MARKS {
            if !base {
                rewrite.replace(at..at, MARK_HOLDER);
                base = true;
            }
            marks += 1;
        } else {
            let mut end = at + c.len_utf8();
            let mut more = 1;
            while let Some((next, c)) = chars.next_if(|&(_, c)| is_mark(c) && shown(c).is_none()) {
                end = next + c.len_utf8();
                more += 1;
            }
            rewrite.replace(at..end, &format!("<+{more} marks>"));
            (marks, base) = (0, false);
        }
    }
    rewrite.finish()
}

/// What stands in for a character that shows nothing or steers the display; nothing for all others.
///
/// The C0 controls and DEL have pictures (`␛`), `\n` is shown as `↵`; everything else is named (`<U+202E>`).
pub(super) fn shown(c: char) -> Option<String> {
    match c {
        ' '..='~' => None,
        '\n' => Some('\u{21b5}'.to_string()),
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).map(String::from),
        '\u{7f}' => Some('\u{2421}'.to_string()),
        _ if is_unseen(c) => Some(format!("<U+{:04X}>", u32::from(c))),
        _ => None,
    }
}

/// Whether a code point is one that no text may hold for interchange (U+FFFE, U+FFFF and their kind).
pub(super) fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

/// Combining marks and whatever else takes no column of its own.
fn is_mark(c: char) -> bool {
    c.width() == Some(0)
}

/// C1 controls, format characters, separators of lines and paragraphs, fillers, tags and noncharacters.
fn is_unseen(c: char) -> bool {
    is_noncharacter(c)
        || matches!(c,
            '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            // Tags; the variation selectors between the two ranges count as marks.
            | '\u{e0000}'..='\u{e00ff}'
            | '\u{e01f0}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_have_pictures_and_the_rest_has_names() {
        assert_eq!(shown('\u{1b}').as_deref(), Some("␛"));
        assert_eq!(shown('\0').as_deref(), Some("␀"));
        assert_eq!(shown('\u{7f}').as_deref(), Some("␡"));
        assert_eq!(shown('\n').as_deref(), Some("↵"));
        assert_eq!(shown('\u{9b}').as_deref(), Some("<U+009B>"));
        assert_eq!(shown('\u{202e}').as_deref(), Some("<U+202E>"));
        assert_eq!(shown('\u{e0041}').as_deref(), Some("<U+E0041>"));
    }

    #[test]
    fn letters_of_any_script_and_plain_emoji_stand() {
        for c in "aé ßЖعक한漢👩🏽é~".chars() {
            assert_eq!(shown(c), None, "{c:?}");
        }
    }

    #[test]
    fn noncharacters_are_found_on_every_plane() {
        for c in [
            '\u{fffe}',
            '\u{ffff}',
            '\u{1fffe}',
            '\u{10ffff}',
            '\u{fdd0}',
        ] {
            assert!(is_noncharacter(c), "{c:?}");
        }
        assert!(!is_noncharacter('\u{fffd}'));
    }

    #[test]
    fn a_few_marks_stay_and_a_tower_of_them_is_counted() {
        let few = format!("e{}", "\u{301}".repeat(MOST_MARKS));
        assert!(matches!(visible(&few, Layout::Line), Cow::Borrowed(_)));
        let tower = format!("e{}x", "\u{301}".repeat(100_000));
        assert_eq!(
            visible(&tower, Layout::Line),
            format!("{few}<+{} marks>x", 100_000 - MOST_MARKS)
        );
    }

    #[test]
    fn a_mark_without_a_character_gets_one() {
        assert_eq!(visible("\u{301}a", Layout::Line), "◌\u{301}a");
        assert_eq!(visible("a\n\u{301}", Layout::Block), "a\n◌\u{301}");
        assert_eq!(visible("\u{202e}\u{301}", Layout::Line), "<U+202E>◌\u{301}");
    }
}
