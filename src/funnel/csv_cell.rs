//! Text for a cell that a spreadsheet will open: it is never a formula.

use std::borrow::Cow;

/// Puts a `'` before a text that a spreadsheet would calculate; all other texts, plain numbers among them, stay.
///
/// A text counts as a formula when its first character behind spaces, quotes and invisible characters is one of `= + - @`, in
/// any of their widths, and whenever a tab or a line break stands before its first visible character. [`csv_text`] gives the
/// text back. Quoting is the CSV writer's: let it quote every text, so that a spreadsheet that separates cells elsewhere
/// (`;`) does not find one inside.
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text from which [`csv_cell`] made this cell.
pub fn csv_text(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula(text) => text,
        _ => cell,
    }
}

/// Whether a spreadsheet may calculate the text. Quotes in front never change the answer: `csv_text` relies on it.
fn is_formula(text: &str) -> bool {
    if is_plain_number(text) {
        return false;
    }
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\r' => return true,
            '=' | '+' | '-' | '@' => return true,
            // Minus sign, then the small and the full-width forms.
            '\u{2212}' | '\u{fe62}' | '\u{fe63}' | '\u{fe66}' | '\u{fe6b}' => return true,
            '\u{ff0b}' | '\u{ff0d}' | '\u{ff1d}' | '\u{ff20}' => return true,
            '\'' | '"' | '`' | '\u{2018}'..='\u{201f}' | '\u{ff02}' | '\u{ff07}' => {}
            _ if c.is_whitespace() || super::visible::shown(c).is_some() => {}
            _ => return false,
        }
    }
    false
}

/// Whether the text is a number as programs write it: sign, digits, a fraction, an exponent, and nothing else.
fn is_plain_number(text: &str) -> bool {
    text.bytes()
        .all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::funnel::hostile::hostile_text;

    #[test]
    fn formulas_are_turned_into_text() {
        for text in [
            "=1+1",
            "+1+1",
            "-1+1",
            "@SUM(A1)",
            "-",
            "\t=1",
            "\r=1",
            "\n1",
            "＝1+1",
            "＋1",
            "－1",
            "＠x",
            " =1+1",
            "\u{a0}\u{200b}=1",
            "\"=1+1",
            "'=1+1",
            "\u{201c}=1",
            "=HYPERLINK(\"http://127.0.0.1\")",
            " -0.5",
            "-inf",
            "+-1",
        ] {
            assert_eq!(csv_cell(text), format!("'{text}"));
        }
    }

    #[test]
    fn numbers_and_words_stay() {
        for text in [
            "", "-0.5", "+3", "1e-9", "-1E+05", ".5", "42", "a=b", "it's", "'quoted'", "c-001", " ",
        ] {
            assert!(matches!(csv_cell(text), Cow::Borrowed(_)), "{text:?}");
        }
    }

    #[test]
    fn a_cell_that_was_not_prefixed_here_is_read_as_it_stands() {
        assert_eq!(csv_text("'tis"), "'tis");
        assert_eq!(csv_text("'-0.5"), "'-0.5");
        assert_eq!(csv_text("''=1"), "'=1");
        assert_eq!(csv_text("=1"), "=1");
    }

    proptest! {
        #[test]
        fn every_text_comes_back_from_its_cell(text in hostile_text()) {
            let cell = csv_cell(&text);
            prop_assert_eq!(csv_text(&cell), text.as_str());
        }

        #[test]
        fn every_text_comes_back_from_a_csv_file(text in hostile_text(), other in hostile_text()) {
            let mut writer = csv::WriterBuilder::new()
                .quote_style(csv::QuoteStyle::Always)
                .from_writer(Vec::new());
            writer.write_record([csv_cell(&text).as_ref(), csv_cell(&other).as_ref()]).unwrap();
            let bytes = writer.into_inner().unwrap();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[..]);
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(csv_text(&record[0]), text);
            prop_assert_eq!(csv_text(&record[1]), other);
        }

        #[test]
        fn no_cell_begins_like_a_formula(text in hostile_text()) {
            let cell = csv_cell(&text);
            let begins = cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
            prop_assert!(!begins || cell.parse::<f64>().is_ok(), "{cell:?}");
            prop_assert!(!cell.starts_with(['\t', '\r', '\n']), "{cell:?}");
        }
    }
}
