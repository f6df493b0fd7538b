//! Text for an HTML page: it shows, it never marks up.

use std::borrow::Cow;

use super::rewrite::each_char;

/// Escapes a text for the content of an element or for an attribute in quotes.
///
/// The DOM then holds the text as it was, carriage returns and bidirectional characters included (give the element
/// `unicode-bidi: isolate`); only NUL, which no page can hold, becomes U+FFFD. Not for the content of `<script>` or `<style>`,
/// where entities are not read ([`json_island`] is), and not for a URL, whose scheme must be checked first. An element that
/// drops a leading line break (`<pre>`, `<textarea>`) needs one of its own before the text.
pub fn html(text: &str) -> Cow<'_, str> {
    each_char(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        '\r' => Some("&#13;"),
        '\0' => Some("\u{fffd}"),
        _ => None,
    })
}

/// Escapes a JSON document for `<script type="application/json">`.
///
/// `json` must be well-formed JSON: the characters `<`, `>`, `&`, U+2028 and U+2029 then stand inside strings only, and their
/// escapes leave the value as it was while nothing in it can end the element or open a comment.
pub fn json_island(json: &str) -> Cow<'_, str> {
    each_char(json, |c| match c {
        '<' => Some("\\u003c"),
        '>' => Some("\\u003e"),
        '&' => Some("\\u0026"),
        '\u{2028}' => Some("\\u2028"),
        '\u{2029}' => Some("\\u2029"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::funnel::hostile::hostile_text;

    /// What a browser makes of an escaped text.
    fn parsed(escaped: &str) -> String {
        escaped
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&#13;", "\r")
            .replace("&amp;", "&")
    }

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(html("12 of 13, größer"), Cow::Borrowed(_)));
        assert!(matches!(json_island("{\"a\":[1,2]}"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_element_cannot_be_opened() {
        assert_eq!(
            html("<img src=x onerror=alert(1)>"),
            "&lt;img src=x onerror=alert(1)&gt;"
        );
    }

    #[test]
    fn an_attribute_cannot_be_left() {
        assert_eq!(html("\" onclick='x' &"), "&quot; onclick=&#39;x&#39; &amp;");
    }

    #[test]
    fn a_json_island_cannot_be_left() {
        assert_eq!(
            json_island("[\"</script><!--&\u{2028}\"]"),
            "[\"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\"]"
        );
    }

    proptest! {
        #[test]
        fn no_markup_comes_through_and_the_page_shows_the_text(text in hostile_text()) {
            let out = html(&text);
            prop_assert!(!out.contains(['<', '>', '"', '\'', '\r', '\0']), "{out:?}");
            prop_assert_eq!(parsed(&out), text.replace('\0', "\u{fffd}"));
        }

        #[test]
        fn a_json_island_is_the_same_value(text in hostile_text()) {
            let json = serde_json::to_string(&text).unwrap();
            let out = json_island(&json);
            prop_assert!(!out.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{out:?}");
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
