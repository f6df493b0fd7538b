//! Text for the log of a CI system, which reads some of its lines as commands.

use std::borrow::Cow;

use super::rewrite::Rewrite;
use super::visible::shown;

/// One GitHub workflow command, such as `::error file=suite.yaml,line=3::what is wrong`, on one line and without a line end.
///
/// Names come from the program, values and `data` from anywhere: `%` and line breaks are escaped, in values also `:` and
/// `,`; controls and invisible characters are shown as [`terminal`](super::terminal) shows them.
pub fn ci_command(
    command: &'static str,
    properties: &[(&'static str, &str)],
    data: &str,
) -> String {
    let mut line = format!("::{command}");
    for (nth, (name, value)) in properties.iter().enumerate() {
        line.push_str(if nth == 0 { " " } else { "," });
        line.push_str(name);
        line.push('=');
        for c in value.chars() {
            match c {
                ':' => line.push_str("%3A"),
                ',' => line.push_str("%2C"),
                _ => push_data(&mut line, c),
            }
        }
    }
    line.push_str("::");
    for c in data.chars() {
        push_data(&mut line, c);
    }
    // A runner of the older kind looks for `##[` before it looks at the beginning of the line.
    match ci_document(&line, "\\#") {
        Cow::Borrowed(_) => line,
        Cow::Owned(safe) => safe,
    }
}

fn push_data(line: &mut String, c: char) {
    match c {
        '%' => line.push_str("%25"),
        '\r' => line.push_str("%0D"),
        '\n' => line.push_str("%0A"),
        '\t' => line.push(c),
        _ => match shown(c) {
            Some(name) => line.push_str(&name),
            None => line.push(c),
        },
    }
}

/// Makes lines that are about to be printed safe for the log of a CI system.
///
/// No line of the result begins with `::` behind blanks, controls, invisible characters and styling sequences (a `\` is put
/// before it), and nowhere stands `##[`, `##vso[` or the like (a `\` is put between the two `#`): runners look for these
/// anywhere in a line. For whole lines with their styling, as the last step; not for a [`ci_command`] of our own.
pub fn ci_lines(lines: &str) -> Cow<'_, str> {
    let mut rewrite = Rewrite::new(lines);
    let mut line_starts = true;
    let mut at = 0;
    while let Some(c) = lines[at..].chars().next() {
        let rest = &lines[at..];
        if let Some(length) = styling(rest) {
            at += length;
            continue;
        }
        if line_starts && rest.starts_with("::") {
            rewrite.replace(at..at, "\\");
        } else if opens_command(rest) {
            rewrite.replace(at + 1..at + 1, "\\");
        }
        if ends_line(c) {
            line_starts = true;
        } else if !c.is_whitespace() && shown(c).is_none() {
            line_starts = false;
        }
        at += c.len_utf8();
    }
    rewrite.finish()
}

/// Makes a document safe for the log of a CI system in which a `#` stands nowhere but in texts, such as JSON and XML: the second
/// `#` of what [`ci_lines`] would stop is written as `mark`, by which the format itself spells it, so that the document says
/// what it said.
pub fn ci_document<'a>(document: &'a str, mark: &'static str) -> Cow<'a, str> {
    let mut rewrite = Rewrite::new(document);
    for (at, _) in document.match_indices('#') {
        if opens_command(&document[at..]) {
            rewrite.replace(at + 1..at + 2, mark);
        }
    }
    rewrite.finish()
}

/// Whether the text begins with `##`, letters and `[`, a command of GitHub's older form or of its relatives.
fn opens_command(text: &str) -> bool {
    text.strip_prefix("##").is_some_and(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_alphabetic())
            .starts_with('[')
    })
}

/// How many bytes the terminal's styling sequence (CSI) takes with which the text begins.
fn styling(text: &str) -> Option<usize> {
    let body = text.strip_prefix("\u{1b}[")?;
    let last = body.find(|c| !matches!(c, ' '..='?'))?;
    matches!(body.as_bytes()[last], b'@'..=b'~').then_some("\u{1b}[".len() + last + 1)
}

/// Whether some reader of logs takes the character for the end of a line.
fn ends_line(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::funnel::hostile::hostile_text;

    #[test]
    fn a_command_carries_its_properties_and_data() {
        assert_eq!(
            ci_command("error", &[], "gate failed"),
            "::error::gate failed"
        );
        assert_eq!(
            ci_command("error", &[("file", "suite.yaml"), ("line", "3")], "x"),
            "::error file=suite.yaml,line=3::x"
        );
    }

    #[test]
    fn data_cannot_start_a_second_command_or_property() {
        assert_eq!(
            ci_command(
                "error",
                &[("title", "a,line=1::b%")],
                "50%\r\n::stop-commands::x"
            ),
            "::error title=a%2Cline=1%3A%3Ab%25::50%25%0D%0A::stop-commands::x"
        );
        assert_eq!(
            ci_command("error", &[], "##[group]x"),
            "::error::#\\#[group]x"
        );
    }

    #[test]
    fn ordinary_lines_are_borrowed() {
        assert!(matches!(
            ci_lines("gates\n  PASSED  std::fmt # 1 ## 2 [3]\n"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn a_line_cannot_begin_with_a_command() {
        assert_eq!(ci_lines("::error::x"), "\\::error::x");
        assert_eq!(ci_lines("a\r\n \t::add-mask::x"), "a\r\n \t\\::add-mask::x");
        assert_eq!(ci_lines("a\r::x\u{2028}::y"), "a\r\\::x\u{2028}\\::y");
    }

    #[test]
    fn styling_does_not_hide_the_beginning_of_a_line() {
        assert_eq!(
            ci_lines("\u{1b}[1m\u{1b}[0m::error::x"),
            "\u{1b}[1m\u{1b}[0m\\::error::x"
        );
    }

    #[test]
    fn bracketed_commands_are_stopped_anywhere() {
        assert_eq!(ci_lines("##[group]x"), "#\\#[group]x");
        assert_eq!(ci_lines("a ##vso[task] b"), "a #\\#vso[task] b");
        assert_eq!(ci_lines("###[x"), "##\\#[x");
    }

    #[test]
    fn a_document_says_the_same_without_the_command() {
        assert_eq!(
            ci_document(r####"{"a": "##[group] ###vso[x #1 ## 2"}"####, r"\u0023"),
            r####"{"a": "#\u0023[group] ##\u0023vso[x #1 ## 2"}"####
        );
        assert!(matches!(
            ci_document("{\"a\": 1}", r"\u0023"),
            Cow::Borrowed(_)
        ));
    }

    /// What a runner that is more lenient than any known one would look at.
    fn trimmed(line: &str) -> &str {
        let mut line = line;
        loop {
            let next = line.trim_start_matches(|c: char| c.is_whitespace() || shown(c).is_some());
            let next = next
                .strip_prefix("\u{1b}[")
                .map_or(next, |rest| rest.trim_start_matches(['0', '1', 'm']));
            if next == line {
                return line;
            }
            line = next;
        }
    }

    proptest! {
        #[test]
        fn no_printed_line_is_a_command(text in hostile_text(), styled in any::<bool>()) {
            let text = if styled { format!("\u{1b}[1m{text}\u{1b}[0m::error::") } else { text };
            let out = ci_lines(&text);
            for line in out.split(ends_line) {
                prop_assert!(!trimmed(line).starts_with("::"), "{out:?}");
                prop_assert!(!line.contains("##[") && !line.contains("##vso["), "{out:?}");
            }
        }

        #[test]
        fn a_printed_document_holds_no_command_and_every_text(text in hostile_text()) {
            let document = serde_json::to_string(&text).unwrap();
            let out = ci_document(&document, r"\u0023");
            prop_assert!(!out.contains("##[") && !out.contains("##vso["), "{out:?}");
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }

        #[test]
        fn a_command_is_one_line_whose_data_reads_back(value in hostile_text(), data in hostile_text()) {
            let line = ci_command("notice", &[("title", &value)], &data);
            prop_assert!(!line.contains(ends_line), "{line:?}");
            prop_assert!(!line.contains("##[") && !line.contains("##vso["), "{line:?}");
            let body = line.strip_prefix("::notice title=").unwrap();
            let (title, message) = body.split_once("::").unwrap();
            prop_assert!(!title.contains([':', ',']), "{title:?}");
            let percent = |text: &str| text.matches('%').count();
            prop_assert_eq!(percent(message), message.matches("%25").count()
                + message.matches("%0D").count() + message.matches("%0A").count());
            prop_assert_eq!(message.matches("%0A").count(), data.matches('\n').count());
        }
    }
}
