//! Environment values put in where a call goes out, and what of our environment a started program sees.

use secrecy::{ExposeSecret, SecretString};

use crate::domain::secret::EnvText;

/// Stands around the name of an unset variable: no environment value can hold it, so that a filled text that still has one is
/// certain to lack a value.
const MARK: char = '\0';

/// Variables of ours that a started program sees without being named by the suite: where things are and how text is written.
const ALLOWED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "TMP",
    "TEMP",
    "SystemRoot",
    "PATHEXT",
];

/// The text with environment values put in. A variable that is not set does not fail here, because under replay nothing goes out:
/// its place is marked, and [`unset`] finds it where the call is made.
#[must_use]
pub fn fill(text: &EnvText) -> SecretString {
    let look_up =
        |name: &str| std::env::var(name).unwrap_or_else(|_| format!("{MARK}{name}{MARK}"));
    text.fill(&|name| Some(look_up(name)))
        .unwrap_or_else(|name| format!("{MARK}{name}{MARK}").into())
}

/// The first variable whose value is missing in a filled text.
#[must_use]
pub fn unset(text: &SecretString) -> Option<&str> {
    text.expose_secret().split(MARK).nth(1)
}

/// What to tell about it.
pub(crate) fn explain_unset(name: &str) -> String {
    format!("the environment variable {name} is not set; set it, or replay a cassette")
}

/// The variables of ours that a started program sees: by allow-list, so that no key of a judge or of another target reaches an agent.
pub(crate) fn inherited() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| is_allowed(name))
        .collect()
}

fn is_allowed(name: &str) -> bool {
    ALLOWED.contains(&name) || name.starts_with("LC_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_is_found_where_the_call_is_made() {
        let text = EnvText::parse("a ${EVENHAND_SURELY_NOT_SET} b").unwrap();
        assert_eq!(unset(&fill(&text)), Some("EVENHAND_SURELY_NOT_SET"));
        let text = EnvText::parse("https://host/${PATH}").unwrap();
        let filled = fill(&text);
        assert_eq!(unset(&filled), None);
        assert!(filled.expose_secret().len() > "https://host/".len());
    }

    #[test]
    fn only_harmless_variables_are_passed_on() {
        for name in ["PATH", "LC_ALL", "HOME"] {
            assert!(is_allowed(name), "{name}");
        }
        for name in [
            "OPENAI_API_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "LD_PRELOAD",
            "HTTP_PROXY",
            "LCX",
        ] {
            assert!(!is_allowed(name), "{name}");
        }
    }
}
