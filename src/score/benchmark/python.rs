//! What Python makes of texts, where a verdict hangs on it: most public scorers are Python programs, and its notions of a space, a word, a
//! capital and a number are not Rust's.

use std::sync::LazyLock;

use ::regex::Regex;

/// `str.isspace`: Unicode's white space, and the four separators of ASCII.
pub(super) fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter)
}

/// `str.strip()`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.split()`.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|part| !part.is_empty())
}

/// A capital letter within one sign, like the first of the Croatian alphabet's digraphs.
fn is_title(letter: char) -> bool {
    !letter.is_uppercase()
        && !letter.is_lowercase()
        && !letter.to_lowercase().eq(std::iter::once(letter))
        && !letter.to_uppercase().eq(std::iter::once(letter))
}

/// `str.isupper`: it has a capital, and no letter of another case.
pub(super) fn is_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
        && !text
            .chars()
            .any(|letter| letter.is_lowercase() || is_title(letter))
}

/// `str.islower`: it has a small letter, and no letter of another case.
pub(super) fn is_lower(text: &str) -> bool {
    text.chars().any(char::is_lowercase)
        && !text
            .chars()
            .any(|letter| letter.is_uppercase() || is_title(letter))
}

/// `\w` of `re`: letters, digits and the underscore, but no marks that stand on a letter (which Rust's `\w` has).
pub(super) fn is_word(letter: char) -> bool {
    static WORD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{N}_]$").expect("the pattern is a constant"));
    if letter.is_ascii() {
        return letter.is_ascii_alphanumeric() || letter == '_';
    }
    letter.is_alphanumeric() && WORD.is_match(letter.encode_utf8(&mut [0; 4]))
}

/// `float(text)`: white space around it, one sign, one underscore between digits, `inf`, `infinity` and `nan` in any case; `None` where
/// Python raises. Digits beyond ASCII, which Python takes too, are none here.
pub(super) fn float(text: &str) -> Option<f64> {
    let text = strip(text);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let words = ["inf", "infinity", "nan"];
    if words.iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
        return text.to_ascii_lowercase().parse().ok();
    }
    // Rust reads further words and forms that Python does not; what is left here has digits, a point and an exponent only.
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        || !unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"._+-eE".contains(&byte))
    {
        return None;
    }
    if !text.contains('_') {
        return text.parse().ok();
    }
    let bytes = text.as_bytes();
    let between_digits = |at: usize| {
        let digit = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at))
                .is_some_and(u8::is_ascii_digit)
        };
        digit(at.checked_sub(1)) && digit(at.checked_add(1))
    };
    let fits = (0..bytes.len()).all(|at| bytes[at] != b'_' || between_digits(at));
    fits.then(|| text.replace('_', "").parse().ok()).flatten()
}

/// `str(number)` of a float: the shortest digits that read back the same, an exponent from 1e16 on and below 1e-4.
pub(super) fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific
        .split_once('e')
        .unwrap_or((scientific.as_str(), "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
    let plain = format!("{number}");
    if plain.contains('.') {
        plain
    } else {
        format!("{plain}.0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_cases_are_pythons() {
        assert_eq!(strip("\u{1c} a\u{a0}\u{3000}"), "a");
        assert_eq!(
            split(" a\u{1f}b\n\nc ").collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
        assert!(is_upper("A1 B!") && !is_upper("123") && !is_upper("AbC") && !is_upper("ǅ"));
        assert!(is_lower("a1 b!") && !is_lower("123") && !is_lower("aBc"));
        assert!(is_word('é') && is_word('漢') && is_word('२') && is_word('_'));
        // The vowel sign of Devanagari is a mark, which Python's `\w` passes over.
        assert!(!is_word('\u{93f}') && !is_word('-') && !is_word('’'));
    }

    #[test]
    fn numbers_are_read_as_float_does() {
        for (text, wanted) in [
            (" 42 ", Some(42.0)),
            ("-3.5e2", Some(-350.0)),
            ("1_000", Some(1000.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("+Infinity", Some(f64::INFINITY)),
            ("1__0", None),
            ("_1", None),
            ("1,000", None),
            ("", None),
            ("0x10", None),
            ("five", None),
            ("e5", None),
            ("--5", None),
        ] {
            assert_eq!(float(text), wanted, "{text}");
        }
        assert!(float("NaN").is_some_and(f64::is_nan));
    }

    #[test]
    fn numbers_are_written_as_str_does() {
        for (number, wanted) in [
            (5.0, "5.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (123_456_789.0, "123456789.0"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1.5e300, "1.5e+300"),
            (-0.0, "-0.0"),
            (1e15, "1000000000000000.0"),
        ] {
            assert_eq!(float_text(number), wanted);
        }
    }
}
