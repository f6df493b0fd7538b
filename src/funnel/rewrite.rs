//! A text that is copied only once something in it has to change.

use std::borrow::Cow;
use std::ops::Range;

/// Replaces ranges of a text from left to right; whatever is not replaced stands as it was.
pub(super) struct Rewrite<'a> {
    text: &'a str,
    out: String,
    /// How many bytes of `text` are settled: copied to `out` or replaced in it.
    settled: usize,
}

impl<'a> Rewrite<'a> {
    /// Nothing replaced yet.
    pub(super) fn new(text: &'a str) -> Self {
        Rewrite {
            text,
            out: String::new(),
            settled: 0,
        }
    }

    /// Puts `with` in place of the bytes `range`, which must lie on character boundaries and behind all earlier ranges. An
    /// empty range inserts.
    pub(super) fn replace(&mut self, range: Range<usize>, with: &str) {
        self.out.push_str(&self.text[self.settled..range.start]);
        self.out.push_str(with);
        self.settled = range.end;
    }

    /// The text with its replacements: borrowed when there were none.
    pub(super) fn finish(mut self) -> Cow<'a, str> {
        if self.settled == 0 && self.out.is_empty() {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(&self.text[self.settled..]);
        Cow::Owned(self.out)
    }
}

/// Replaces every character for which `substitute` has something else.
pub(super) fn each_char(
    text: &str,
    substitute: impl Fn(char) -> Option<&'static str>,
) -> Cow<'_, str> {
    let mut rewrite = Rewrite::new(text);
    for (at, c) in text.char_indices() {
        if let Some(with) = substitute(c) {
            rewrite.replace(at..at + c.len_utf8(), with);
        }
    }
    rewrite.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_replacements_is_borrowed() {
        assert!(matches!(
            Rewrite::new("as it was").finish(),
            Cow::Borrowed("as it was")
        ));
        assert!(matches!(Rewrite::new("").finish(), Cow::Borrowed("")));
    }

    #[test]
    fn ranges_are_replaced_inserted_and_removed_in_place() {
        let mut rewrite = Rewrite::new("one two three");
        rewrite.replace(0..0, "<");
        rewrite.replace(4..7, "2");
        rewrite.replace(7..13, "");
        assert_eq!(rewrite.finish(), "<one 2");
    }

    #[test]
    fn removing_all_of_a_text_leaves_nothing() {
        let mut rewrite = Rewrite::new("gone");
        rewrite.replace(0..4, "");
        assert_eq!(rewrite.finish(), "");
    }

    #[test]
    fn single_characters_are_substituted() {
        assert_eq!(each_char("aßa", |c| (c == 'ß').then_some("ss")), "assa");
    }
}
