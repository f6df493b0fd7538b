//! Text for the name of a file or directory: one component, the same on every system, different for different texts.

use std::borrow::Cow;

/// The longest component made here, in bytes; leaves room for extensions under the 255 that file systems take.
const LONGEST: usize = 80;

/// Hexadecimal digits of the digest that tells changed names apart.
const DIGITS: usize = 16;

/// Stands for a text of which no character may be kept.
const NAMELESS: &str = "text";

/// Names that some systems give to devices, whatever extension follows.
const RESERVED: &[&str] = &[
    "con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7",
    "com8", "com9", "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Turns a name into one path component.
///
/// A name of up to 80 bytes in lower-case ASCII letters, digits, `-`, `_` and `.` stays as it is, unless it begins or ends
/// badly, is reserved on some system or looks like a changed one. Every other name becomes what can be kept of it, `-` and
/// 16 hexadecimal digits of its BLAKE3 digest, so that two names never share a component: not on a file system that ignores
/// case or normalises Unicode, and not by imitating a changed name.
pub fn path_component(name: &str) -> Cow<'_, str> {
    if stands(name) {
        return Cow::Borrowed(name);
    }
    let mut slug = String::new();
    for c in name.chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '_') => slug.push(c),
            '.' if !slug.ends_with('.') => slug.push('.'),
            _ if !slug.ends_with(['-', '.']) => slug.push('-'),
            _ => {}
        }
        if slug.len() > LONGEST {
            break;
        }
    }
    slug.truncate(LONGEST - DIGITS - "_-".len());
    let slug = match slug.trim_matches(['-', '.']) {
        "" => NAMELESS,
        kept => kept,
    };
    let guard = if is_reserved(slug) { "_" } else { "" };
    let digest = blake3::hash(name.as_bytes()).to_hex();
    Cow::Owned(format!("{guard}{slug}-{}", &digest[..DIGITS]))
}

fn stands(name: &str) -> bool {
    let kept = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    !name.is_empty()
        && name.len() <= LONGEST
        && name.bytes().all(kept)
        && !name.starts_with(['-', '.'])
        && !name.ends_with('.')
        && !is_reserved(name)
        && !looks_changed(name)
}

fn is_reserved(name: &str) -> bool {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    RESERVED.contains(&stem)
}

fn looks_changed(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(_, tail)| {
        tail.len() == DIGITS && tail.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;
    use crate::funnel::hostile::hostile_text;

    fn changed(name: &str) -> String {
        let component = path_component(name);
        assert!(matches!(component, Cow::Owned(_)), "{name:?} stayed");
        let (slug, digest) = component.rsplit_once('-').unwrap();
        assert_eq!(digest.len(), DIGITS);
        slug.to_string()
    }

    #[test]
    fn a_good_name_stays() {
        for name in ["c017", "gsm8k-0042", "v1.2_final", "_x", "a..b", "console"] {
            assert!(matches!(path_component(name), Cow::Borrowed(_)), "{name}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_directory() {
        assert_eq!(changed("../../x"), "x");
        assert_eq!(changed("/etc/passwd"), "etc-passwd");
        assert_eq!(changed("..\\x"), "x");
        assert_eq!(changed("C:\\x"), "c-x");
        assert_eq!(changed("a\0b"), "a-b");
        for name in ["", ".", "..", "...", "/", "漢字", "-"] {
            assert_eq!(changed(name), NAMELESS, "{name:?}");
        }
    }

    #[test]
    fn reserved_names_are_changed_with_any_extension_and_case() {
        assert_eq!(changed("con"), "_con");
        assert_eq!(changed("NUL"), "_nul");
        assert_eq!(changed("aux.txt"), "_aux.txt");
        assert_eq!(changed("Com1.tar.gz"), "_com1.tar.gz");
    }

    #[test]
    fn a_long_name_is_cut_and_still_its_own() {
        let one = "x".repeat(300);
        let two = "x".repeat(301);
        assert!(path_component(&one).len() <= LONGEST);
        assert_ne!(path_component(&one), path_component(&two));
    }

    #[test]
    fn names_that_differ_in_case_get_different_components() {
        assert_ne!(path_component("Case"), path_component("case"));
        assert_ne!(path_component("CASE"), path_component("Case"));
    }

    #[test]
    fn a_changed_name_cannot_be_imitated() {
        let theirs = path_component("Case").into_owned();
        assert_ne!(path_component(&theirs), theirs);
    }

    #[test]
    fn the_component_of_a_name_never_changes_between_versions() {
        assert_eq!(path_component("Größe 1"), "gr-e-1-59291c6229cb1c7f");
    }

    proptest! {
        #[test]
        fn every_name_is_one_normal_component(name in hostile_text()) {
            let component = path_component(&name);
            let parts: Vec<_> = Path::new(component.as_ref()).components().collect();
            prop_assert_eq!(parts, [Component::Normal(component.as_ref().as_ref())]);
            prop_assert!(component.len() <= LONGEST);
            prop_assert!(component.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.')));
            prop_assert!(!component.starts_with(['.', '-']) && !component.ends_with('.'));
            prop_assert!(!is_reserved(&component));
        }

        #[test]
        fn different_names_have_different_components(one in "[aA./-]{0,4}", two in "[aA./-]{0,4}") {
            prop_assert_eq!(one == two, path_component(&one) == path_component(&two));
        }
    }
}
