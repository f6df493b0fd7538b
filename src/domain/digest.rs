//! Identities by content: short blake3 digests of canonical JSON.

use serde_json::Value as Json;

/// The first 16 bytes of a blake3 hash: the identity of a file, a prompt, a case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_hash(&blake3::hash(bytes))
    }

    /// The digest of a finished hash, for texts that were hashed piece by piece.
    #[must_use]
    pub fn from_hash(hash: &blake3::Hash) -> Self {
        let mut short = [0; 16];
        short.copy_from_slice(&hash.as_bytes()[..16]);
        Self(short)
    }

    /// The digest of a JSON value whose object keys are put in order first, so that the order in a file does not matter.
    #[must_use]
    pub fn of_json(value: &Json) -> Self {
        let mut hasher = blake3::Hasher::new();
        feed(&mut hasher, value);
        Self::from_hash(&hasher.finalize())
    }

    /// Reads the 32 hex digits that [`std::fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The first six hex digits, for the eye.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..6].to_owned()
    }

    /// The first eight bytes as a number, where 64 bits are enough.
    #[must_use]
    pub fn word(&self) -> u64 {
        u64::from_le_bytes(self.0[..8].try_into().unwrap_or([0; 8]))
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a digest is 32 hex digits"))
    }
}

/// Feeds one value with a tag and a length before each part, so that no two values feed the same bytes.
fn feed(hasher: &mut blake3::Hasher, value: &Json) {
    let mut part = |tag: u8, bytes: &[u8]| {
        hasher.update(&[tag]);
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    match value {
        Json::Null => part(b'n', b""),
        Json::Bool(truth) => part(b'b', &[u8::from(*truth)]),
        Json::Number(number) => part(b'd', number.to_string().as_bytes()),
        Json::String(text) => part(b's', text.as_bytes()),
        Json::Array(items) => {
            part(b'a', &(items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| feed(hasher, item));
        }
        Json::Object(map) => {
            part(b'o', &(map.len() as u64).to_le_bytes());
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            for key in keys {
                feed(hasher, &Json::String(key.clone()));
                feed(hasher, &map[key]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn key_order_does_not_matter_and_everything_else_does() {
        assert_eq!(
            Digest::of_json(&json!({"a": 1, "b": 2})),
            Digest::of_json(&json!({"b": 2, "a": 1}))
        );
        assert_ne!(
            Digest::of_json(&json!(["ab", "c"])),
            Digest::of_json(&json!(["a", "bc"]))
        );
        assert_ne!(Digest::of_json(&json!("1")), Digest::of_json(&json!(1)));
    }

    #[test]
    fn a_digest_reads_what_it_writes() {
        let digest = Digest::of(b"x");
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        assert_eq!(Digest::parse("é".repeat(16).as_str()), None);
    }
}
