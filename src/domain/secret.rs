//! Values from the environment, and how they are kept out of everything that is written.
//!
//! A suite names secrets as `${NAME}` in the fields meant for them. [`EnvText`] keeps the name; the value is put in where a call goes
//! out. [`Secrets`] knows the values that were put in and masks them, also when base64- or percent-encoded, in any text on its way out.

use std::borrow::Cow;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// Text with `${NAME}` places for environment values.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvText {
    written: String,
}

impl EnvText {
    /// Reads the text; an unclosed `${` or an odd name is an error in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let tail = &rest[start + 2..];
            let Some(end) = tail.find('}') else {
                return Err("`${` without `}`; write ${NAME}".to_owned());
            };
            let name = &tail[..end];
            let sound = !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !sound {
                return Err(format!(
                    "`${{{name}}}` is not a variable name: letters, digits and `_`"
                ));
            }
            rest = &tail[end + 1..];
        }
        Ok(Self {
            written: text.to_owned(),
        })
    }

    /// The text as the suite has it, with names in place of values: what may be shown and stored.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The variables it names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.written
            .split("${")
            .skip(1)
            .filter_map(|part| part.split_once('}').map(|(name, _)| name))
    }

    /// The text with the values put in. `lookup` answers a variable's value; the first unset name is the error.
    pub fn fill(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<SecretString, String> {
        let mut out = String::new();
        let mut parts = self.written.split("${");
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap_or((part, ""));
            out.push_str(&lookup(name).ok_or_else(|| name.to_owned())?);
            out.push_str(rest);
        }
        Ok(out.into())
    }
}

impl fmt::Debug for EnvText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.written)
    }
}

/// Every secret value of a run, in the forms in which it could leak.
#[derive(Clone, Default)]
pub struct Secrets {
    forms: Vec<(SecretString, String)>,
}

/// Values shorter than this are not masked: they would turn up by chance in ordinary text.
const SHORTEST: usize = 6;

impl Secrets {
    /// Remembers the value of `name`: as it is, JSON-escaped, percent-encoded and in base64 (also as a part of a longer base64 text).
    pub fn add(&mut self, name: &str, value: &str) {
        if value.len() < SHORTEST {
            return;
        }
        let mask = format!("${{{name}}}");
        let json = serde_json::to_string(value).unwrap_or_default();
        let mut forms = vec![
            value.to_owned(),
            json.trim_matches('"').to_owned(),
            percent(value),
            percent_lower(value),
        ];
        forms.extend((0..3).map(|offset| base64_inner(value.as_bytes(), offset)));
        for form in forms {
            if form.len() >= SHORTEST
                && !self
                    .forms
                    .iter()
                    .any(|(known, _)| known.expose_secret() == form)
            {
                self.forms.push((form.into(), mask.clone()));
            }
        }
        // Longest first, so that no form leaves the rest of a longer one behind.
        self.forms
            .sort_by_key(|(form, _)| std::cmp::Reverse(form.expose_secret().len()));
    }

    /// The text with every secret replaced by its variable's name.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for (form, mask) in &self.forms {
            if text.contains(form.expose_secret()) {
                text = Cow::Owned(text.replace(form.expose_secret(), mask));
            }
        }
        text
    }

    /// Whether there is nothing to mask.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} forms)", self.forms.len())
    }
}

/// The same with small letters, as some write it.
fn percent_lower(value: &str) -> String {
    let mut out = String::new();
    for (index, part) in percent(value).split('%').enumerate() {
        match part.split_at_checked(2).filter(|_| index > 0) {
            Some((hex, rest)) => {
                out.push('%');
                out.push_str(&hex.to_lowercase());
                out.push_str(rest);
            }
            None => out.push_str(part),
        }
    }
    out
}

fn percent(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The base64 characters that depend on `bytes` alone when they stand `offset` bytes into a group of three.
fn base64_inner(bytes: &[u8], offset: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut padded = vec![0_u8; offset];
    padded.extend_from_slice(bytes);
    let bits = padded.len() * 8;
    let first = (offset * 8).div_ceil(6);
    let last = bits / 6;
    (first..last)
        .map(|index| {
            let start = index * 6;
            let pair = u16::from_be_bytes([
                padded[start / 8],
                padded.get(start / 8 + 1).copied().unwrap_or(0),
            ]);
            let sextet = (pair >> (10 - start % 8)) & 0x3f;
            char::from(ALPHABET[usize::from(sextet)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_and_values_put_in() {
        let text = EnvText::parse("https://${HOST}/v1?key=${KEY}").unwrap();
        assert_eq!(text.names().collect::<Vec<_>>(), ["HOST", "KEY"]);
        let full = text.fill(&|name| Some(name.to_lowercase())).unwrap();
        assert_eq!(full.expose_secret(), "https://host/v1?key=key");
        assert_eq!(text.fill(&|_| None).unwrap_err(), "HOST");
        assert!(EnvText::parse("${OPEN").is_err());
        assert!(EnvText::parse("${a-b}").is_err());
    }

    #[test]
    fn a_secret_is_masked_in_every_form() {
        let mut secrets = Secrets::default();
        secrets.add("KEY", "canary/123+\"x");
        for leak in [
            "a canary/123+\"x b",
            "canary%2F123%2B%22x",
            "canary%2f123%2b%22x",
            r#"canary/123+\"x"#,
        ] {
            assert!(!secrets.mask(leak).contains("canary"), "{leak}");
        }
        // "user:canary..." in base64, as basic authentication sends it: the value begins two bytes into a group.
        let secret = base64_inner(b"user:canary/123+\"x", 0);
        assert!(
            secrets.mask(&secret).contains("${KEY}"),
            "{}",
            secrets.mask(&secret)
        );
        assert_eq!(secrets.mask("nothing here"), "nothing here");
    }
}
