//! Keywords, which are patterns to the benchmark's scorer: matched anywhere, in any case.

use std::ops::Range;

use ::regex::Regex;

use super::super::python;

/// A keyword, ready to be looked for.
enum Keyword<'a> {
    /// ASCII without a sign of patterns, as nearly all are: no pattern need be built for it.
    Plain(&'a [u8]),
    Pattern(Regex),
}

impl<'a> Keyword<'a> {
    fn new(keyword: &'a str) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii() && !b".^$*+?{}[]\\|()".contains(&byte);
        if !keyword.is_empty() && keyword.bytes().all(plain) {
            return Ok(Self::Plain(keyword.as_bytes()));
        }
        Regex::new(&format!("(?i:{keyword})"))
            .map(Self::Pattern)
            .map_err(|_| format!("the keyword `{keyword}` is no pattern that is understood here"))
    }

    /// The first match from a place on.
    fn find_at(&self, text: &str, from: usize) -> Option<Range<usize>> {
        match self {
            Self::Plain(keyword) => text.as_bytes()[from..]
                .windows(keyword.len())
                .position(|window| window.eq_ignore_ascii_case(keyword))
                .map(|at| from + at..from + at + keyword.len()),
            Self::Pattern(pattern) => pattern.find_at(text, from).map(|found| found.range()),
        }
    }
}

/// Whether a keyword occurs.
pub(super) fn occurs(keyword: &str, text: &str) -> Result<bool, String> {
    Ok(Keyword::new(keyword)?.find_at(text, 0).is_some())
}

/// How often a keyword occurs.
pub(super) fn occurrences(keyword: &str, text: &str) -> Result<usize, String> {
    let keyword = match Keyword::new(keyword)? {
        Keyword::Pattern(pattern) => return Ok(pattern.find_iter(text).count()),
        plain @ Keyword::Plain(_) => plain,
    };
    let (mut from, mut count) = (0, 0);
    while let Some(found) = keyword.find_at(text, from) {
        from = found.end;
        count += 1;
    }
    Ok(count)
}

/// Whether a keyword occurs as a word: a word character of Python's on one side only, at both of its ends.
pub(super) fn occurs_as_word(keyword: &str, text: &str) -> Result<bool, String> {
    let keyword = Keyword::new(keyword)?;
    let is_word = |letter: Option<char>| letter.is_some_and(python::is_word);
    let edge =
        |at: usize| is_word(text[..at].chars().next_back()) != is_word(text[at..].chars().next());
    let mut from = 0;
    while let Some(found) = keyword.find_at(text, from) {
        if edge(found.start) && edge(found.end) {
            return Ok(true);
        }
        // A match that overlaps this one may have the edges that it lacks.
        let Some(next) = text[found.start..].chars().next() else {
            break;
        };
        from = found.start + next.len_utf8();
    }
    Ok(false)
}

/// How often `keyword` and a number stand together, a space allowed around both: the marks of sections.
pub(super) fn numbered(keyword: &str, text: &str) -> Result<usize, String> {
    let keyword = python::strip(keyword);
    let pattern = Regex::new(&format!(r"{keyword}\s?\d+"))
        .map_err(|_| format!("`{keyword}` is no pattern that is understood here"))?;
    Ok(pattern.find_iter(text).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_patterns_in_any_case() {
        assert_eq!(occurs("colou?r", "The COLOR"), Ok(true));
        assert_eq!(occurrences("an", "Anna ran"), Ok(2));
        assert!(occurs("(", "(").is_err());
    }

    #[test]
    fn a_forbidden_word_is_a_whole_one() {
        assert_eq!(occurs_as_word("rock", "Rocks and a rocket"), Ok(false));
        assert_eq!(occurs_as_word("rock", "rocks? Rock!"), Ok(true));
        assert_eq!(occurs_as_word("état", "l'État"), Ok(true));
        // A word that begins with a sign has no edge after a space.
        assert_eq!(occurs_as_word("-x", "a -x b"), Ok(false));
        assert_eq!(occurs_as_word("-x", "a-x b"), Ok(true));
    }

    #[test]
    fn sections_are_marked_by_a_word_and_a_number() {
        assert_eq!(
            numbered(" SECTION ", "SECTION 1 a\nSECTION2 b\nSECTION c"),
            Ok(2)
        );
    }
}
