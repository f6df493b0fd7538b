//! Text for an XML 1.0 document, which cannot hold every character even when it is escaped.

use std::borrow::Cow;

use super::rewrite::Rewrite;
use super::visible::{is_noncharacter, shown};

/// Replaces what XML 1.0 forbids (section 2.2 of its specification) or discourages: C0 controls other than tab and line
/// breaks by their pictures, DEL and C1 controls by picture and name, noncharacters (U+FFFE, U+FFFF and their kind) by
/// U+FFFD.
///
/// Markup is left to the writer of the document, which escapes all it is given; a text escaped here would be escaped twice.
pub fn xml(text: &str) -> Cow<'_, str> {
    let mut rewrite = Rewrite::new(text);
    for (at, c) in text.char_indices() {
        let range = at..at + c.len_utf8();
        match c {
            '\t' | '\n' | '\r' => {}
            _ if is_noncharacter(c) => rewrite.replace(range, "\u{fffd}"),
            _ if c.is_control() => {
                if let Some(name) = shown(c) {
                    rewrite.replace(range, &name);
                }
            }
            _ => {}
        }
    }
    rewrite.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::funnel::hostile::hostile_text;

    #[test]
    fn text_that_a_document_can_hold_is_borrowed() {
        assert!(matches!(
            xml("a <b> & ]]>\r\n\tgrößer \u{202e}"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn what_no_document_can_hold_is_shown() {
        assert_eq!(
            xml("\u{1b}[31m\0\u{8}\u{fffe}\u{ffff}\u{9b}\u{7f}"),
            "␛[31m␀␈\u{fffd}\u{fffd}<U+009B>␡"
        );
    }

    proptest! {
        #[test]
        fn only_characters_of_xml_come_through(text in hostile_text()) {
            let out = xml(&text);
            prop_assert!(
                out.chars().all(|c| matches!(c,
                    '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')),
                "{out:?}"
            );
            prop_assert!(matches!(xml(&out), Cow::Borrowed(_)));
        }
    }
}
