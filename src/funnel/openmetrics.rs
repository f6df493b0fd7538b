//! Text for the value of a label in the OpenMetrics format.

use std::borrow::Cow;

use super::rewrite::each_char;
use super::visible::{Layout, visible};

/// Makes a text safe between the quotes of a label's value: backslashes and quotes are escaped, line breaks, controls and
/// invisible characters are shown as [`terminal_line`](super::terminal_line) shows them.
pub fn openmetrics_label(text: &str) -> Cow<'_, str> {
    let escape = |c| match c {
        '\\' => Some("\\\\"),
        '"' => Some("\\\""),
        _ => None,
    };
    match visible(text, Layout::Line) {
        Cow::Borrowed(line) => each_char(line, escape),
        Cow::Owned(line) => Cow::Owned(each_char(&line, escape).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::funnel::hostile::hostile_text;

    #[test]
    fn plain_text_is_borrowed_and_markup_is_escaped() {
        assert!(matches!(
            openmetrics_label("helpful >= 4, {a}"),
            Cow::Borrowed(_)
        ));
        assert_eq!(openmetrics_label("a\"} 1\nb \\"), "a\\\"} 1↵b \\\\");
    }

    proptest! {
        #[test]
        fn a_value_stays_between_its_quotes(text in hostile_text()) {
            let label = openmetrics_label(&text);
            prop_assert!(!label.contains(char::is_control), "{label:?}");
            let mut chars = label.chars();
            while let Some(c) = chars.next() {
                prop_assert!(c != '"', "{label:?}");
                if c == '\\' {
                    prop_assert!(matches!(chars.next(), Some('\\' | '"')), "{label:?}");
                }
            }
        }
    }
}
