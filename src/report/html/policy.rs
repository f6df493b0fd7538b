//! What a page may do: nothing but show itself, by the one style and the one script that stand in it.

use ring::digest::{SHA256, digest};

/// The content-security policy of a page with these inline texts. A page that is served may also fetch from where it came.
pub(super) fn policy(style: &str, script: Option<&str>, is_served: bool) -> String {
    let script = match script {
        Some(script) => format!("'{}'", source_hash(script)),
        None => "'none'".to_owned(),
    };
    let connect = match is_served {
        true => " connect-src 'self';",
        false => "",
    };
    format!(
        "default-src 'none'; script-src {script}; style-src '{}'; img-src data:;{connect} base-uri 'none'; form-action 'none'",
        source_hash(style)
    )
}

/// `sha256-` and the digest in base64, as policies name an inline text.
fn source_hash(text: &str) -> String {
    format!(
        "sha256-{}",
        base64(digest(&SHA256, text.as_bytes()).as_ref())
    )
}

/// Bytes in the standard base64 alphabet, padded.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut bits = 0_u32;
        for nth in 0..3 {
            bits = bits << 8 | u32::from(group.get(nth).copied().unwrap_or(0));
        }
        for nth in 0..4 {
            let digit = (bits >> (18 - 6 * nth)) as usize & 0x3f;
            text.push(match nth <= group.len() {
                true => char::from(ALPHABET[digit]),
                false => '=',
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_what_everybody_writes() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    #[test]
    fn the_hash_is_that_of_the_text_between_the_tags() {
        // The digest of the empty text and of `abc` as FIPS 180-4 gives them, in base64.
        assert_eq!(
            source_hash(""),
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
        assert_eq!(
            source_hash("abc"),
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
        );
    }

    #[test]
    fn a_page_may_do_nothing_that_it_does_not_need() {
        let alone = policy("a{}", None, false);
        assert!(alone.starts_with("default-src 'none'; script-src 'none'; style-src 'sha256-"));
        assert!(alone.ends_with("; img-src data:; base-uri 'none'; form-action 'none'"));
        let served = policy("a{}", Some("1"), true);
        assert!(served.contains(" connect-src 'self'; base-uri"), "{served}");
        assert!(!served.contains("unsafe"), "{served}");
    }
}
