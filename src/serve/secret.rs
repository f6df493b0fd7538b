//! Secrets of one start of the server.

use ring::rand::{SecureRandom, SystemRandom};

use super::ServeError;

/// 128 bits by chance, in 32 hex digits.
///
/// # Errors
/// The system has no random numbers.
pub fn secret() -> Result<String, ServeError> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| ServeError::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether two texts are the same, in a time that does not tell how much of them is.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let differing = one
        .bytes()
        .zip(other.bytes())
        .fold(0, |seen, (one, other)| seen | (one ^ other));
    one.len() == other.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_secrets_are_alike_and_only_the_whole_secret_fits() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert_eq!((one.len(), other.len()), (32, 32));
        assert_ne!(one, other);
        assert!(is_same(&one, &one.clone()));
        assert!(!is_same(&one, &other));
        assert!(!is_same(&one, &one[..31]));
        assert!(!is_same("", &one));
    }
}
