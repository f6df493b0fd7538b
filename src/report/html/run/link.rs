//! The fragment that opens a case, whatever its id holds.

use std::fmt::Write;

/// `case=ID`, behind a `#`: percent-encoded as the page's script reads it.
pub(super) fn case_link(id: &str) -> String {
    let mut link = "case=".to_owned();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            link.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(link, "%{byte:02X}");
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_id_is_a_fragment() {
        assert_eq!(case_link("c-017"), "case=c-017");
        assert_eq!(case_link("a b&+\"ä"), "case=a%20b%26%2B%22%C3%A4");
    }
}
