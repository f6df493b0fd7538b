//! Commands on the screen: ready to be copied into a shell, whatever a case is called.

use crate::funnel::terminal_line;

/// The longest word offered in a command.
const LONGEST_WORD: usize = 200;

/// The command that shows a case, of one target or of all, safe to be pasted into a shell; nothing for an id that no command line
/// can hold.
#[must_use]
pub fn show_command(run: &str, case: &str, target: Option<&str>) -> Option<String> {
    let mut command = format!("evenhand show {}", shell_word(run)?);
    let case = shell_word(case)?;
    let target = match target {
        Some(target) => format!(" --target {}", shell_word(target)?),
        None => String::new(),
    };
    // Behind `--` an id may look like a flag; then nothing else can follow it.
    match case.starts_with('-') {
        true => command.push_str(&format!("{target} -- {case}")),
        false => command.push_str(&format!(" {case}{target}")),
    }
    Some(command)
}

/// A text as one word of a POSIX shell; nothing for one that a terminal cannot show as it is or that is too long to be copied.
#[must_use]
pub fn shell_word(text: &str) -> Option<String> {
    // What a terminal would not show as it is cannot be copied from it either.
    if terminal_line(text, usize::MAX) != text || text.len() > LONGEST_WORD {
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/:@%+=,-~".contains(c);
    Some(
        match !text.is_empty() && text.chars().all(plain) && !text.starts_with('~') {
            true => text.to_owned(),
            false => format!("'{}'", text.replace('\'', r"'\''")),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_a_shell_would_read_are_quoted_or_not_offered() {
        let command = |id: &str| show_command("latest", id, None);
        assert_eq!(command("c-017").unwrap(), "evenhand show latest c-017");
        assert_eq!(command("a b").unwrap(), "evenhand show latest 'a b'");
        let quoted = command("$(reboot)").unwrap();
        assert_eq!(quoted, "evenhand show latest '$(reboot)'");
        assert_eq!(command("it's").unwrap(), r"evenhand show latest 'it'\''s'");
        assert_eq!(command("-x").unwrap(), "evenhand show latest -- -x");
        assert_eq!(
            show_command("latest", "-x", Some("b")).unwrap(),
            "evenhand show latest --target b -- -x"
        );
        assert_eq!(command("~root").unwrap(), "evenhand show latest '~root'");
        assert_eq!(command("a\nreboot"), None);
        assert_eq!(command("\u{202e}a"), None);
        assert_eq!(command(&"x".repeat(LONGEST_WORD + 1)), None);
    }
}
