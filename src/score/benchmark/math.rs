//! MATH: two expressions of LaTeX, the same after the rewriting of the benchmark's own program (Hendrycks et al. 2021, "Measuring
//! Mathematical Problem Solving With the MATH Dataset").
//!
//! The rewriting knows no mathematics: `b+a` is not `a+b`, `1,000` not `1000`, `1.50` not `1.5`. Where that program stumbles (a text that
//! ends with `\frac` or `\sqrt`, or names units twice) both texts are compared as they stand.

use serde::Deserialize;

use super::{Marking, Verdict, python};

/// A row of the benchmark's file.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The worked solution; its last `\boxed{}` is the answer.
    pub solution: String,
}

/// Where an output says its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// In its last `\boxed{}` (or `\fbox{}`), as the benchmark's own program reads a solution.
    Boxed,
    /// After the first `Answer:`, up to the end of the line. Compared by the rewriting; the program that asks for such a line has a model compare.
    AnswerLine,
}

impl Convention {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("boxed", Self::Boxed), ("answer_line", Self::AnswerLine)];
}

/// The content of the last `\boxed{}`, or of the last `\fbox{}` where there is none; `\boxed 5` has all that follows up to a dollar sign.
#[must_use]
pub fn last_boxed(text: &str) -> Option<&str> {
    if let Some(at) = text.rfind("\\boxed") {
        let rest = &text[at + "\\boxed".len()..];
        if let Some(plain) = rest.strip_prefix(' ') {
            return plain.split('$').next();
        }
        if let Some(inner) = braced(rest) {
            return Some(inner);
        }
        return None;
    }
    let at = text.rfind("\\fbox")?;
    braced(&text[at + "\\fbox".len()..])
}

/// What stands between the brace at the start and the one that closes it.
fn braced(text: &str) -> Option<&str> {
    let mut open = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => open += 1,
            '}' if open == 1 => return Some(&text[1..at]),
            '}' => open = open.checked_sub(1)?,
            _ if open == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Where the benchmark's program raises an error.
struct Stumbled;

/// The parts of a text after each `command`, of which none may be empty.
fn after_each<'a>(text: &'a str, command: &str) -> Result<(&'a str, Vec<&'a str>), Stumbled> {
    let mut parts = text.split(command);
    let head = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    if rest.iter().any(|part| part.is_empty()) {
        return Err(Stumbled);
    }
    Ok((head, rest))
}

/// `\sqrt3` as `\sqrt{3}`.
fn with_braced_roots(text: &str) -> Result<String, Stumbled> {
    let (head, parts) = after_each(text, "\\sqrt")?;
    let mut whole = head.to_owned();
    for part in parts {
        whole.push_str("\\sqrt");
        let mut letters = part.chars();
        match letters.next() {
            Some('{') | None => whole.push_str(part),
            Some(first) => {
                whole.push_str(&format!("{{{first}}}"));
                whole.push_str(letters.as_str());
            }
        }
    }
    Ok(whole)
}

/// `\frac12` as `\frac{1}{2}` and `\frac1{72}` as `\frac{1}{72}`, but not `\frac{72}1`.
fn with_braced_fractions(text: &str) -> Result<String, Stumbled> {
    let mut parts = text.split("\\frac");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        let Some(first) = letters.next() else {
            return Err(Stumbled);
        };
        whole.push_str("\\frac");
        if first == '{' {
            whole.push_str(part);
            continue;
        }
        match letters.next() {
            // Too short for a fraction: the program leaves the whole text as it was.
            None => return Ok(text.to_owned()),
            Some('{') => whole.push_str(&format!("{{{first}}}{{")),
            Some(second) => whole.push_str(&format!("{{{first}}}{{{second}}}")),
        }
        whole.push_str(letters.as_str());
    }
    Ok(whole)
}

/// `3/4` of whole numbers as a fraction.
fn with_slash_as_fraction(text: String) -> String {
    let whole_number = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let canonical = digits == "0" && !text.starts_with('-')
            || digits.starts_with(|first: char| ('1'..='9').contains(&first));
        canonical && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    match text.split_once('/') {
        Some((above, below)) if whole_number(above) && whole_number(below) => {
            format!("\\frac{{{above}}}{{{below}}}")
        }
        _ => text,
    }
}

fn rewritten(text: &str) -> Result<String, Stumbled> {
    let mut text = text.to_owned();
    for (gone, with) in [
        ("\n", ""),
        ("\\!", ""),
        ("\\\\", "\\"),
        ("tfrac", "frac"),
        ("dfrac", "frac"),
        ("\\left", ""),
        ("\\right", ""),
        ("^{\\circ}", ""),
        ("^\\circ", ""),
        ("\\$", ""),
    ] {
        text = text.replace(gone, with);
    }
    // A unit stands at the right, as `\text{ cm}`, and once.
    if let Some((quantity, unit)) = text.split_once("\\text{ ") {
        if unit.contains("\\text{ ") {
            return Err(Stumbled);
        }
        text = quantity.to_owned();
    }
    for (gone, with) in [("\\%", ""), ("%", ""), (" .", " 0."), ("{.", "{0.")] {
        text = text.replace(gone, with);
    }
    if text.is_empty() {
        return Ok(text);
    }
    if text.starts_with('.') {
        text.insert(0, '0');
    }
    // `x = 5` says 5, if nothing but one or two letters stand on the left.
    if let Some((left, right)) = text.split_once('=')
        && !right.contains('=')
        && left.chars().nth(2).is_none()
    {
        text = right.to_owned();
    }
    text = with_braced_roots(&text)?.replace(' ', "");
    text = with_braced_fractions(&text)?;
    if text == "0.5" {
        text = "\\frac{1}{2}".to_owned();
    }
    Ok(with_slash_as_fraction(text))
}

/// A text after the rewriting; `None` where the benchmark's program raises an error.
#[must_use]
pub fn normal_form(text: &str) -> Option<String> {
    rewritten(text).ok()
}

/// Whether two expressions are the same after the rewriting, or as they stand where it stumbles.
#[must_use]
pub fn equivalent(a: &str, b: &str) -> bool {
    match (rewritten(a), rewritten(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

impl Convention {
    /// The answer in an output, as this convention finds it.
    #[must_use]
    pub fn extract(self, output: &str) -> Option<&str> {
        match self {
            Self::Boxed => last_boxed(output),
            Self::AnswerLine => super::letters::answer_line(output).map(python::strip),
        }
    }
}

impl Marking for Convention {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        let Some(gold) = last_boxed(&row.solution) else {
            return Verdict::unscored("the row's solution has no \\boxed{} answer");
        };
        match self.extract(output) {
            None => Verdict::pass(false).because("no answer found"),
            Some(found) => Verdict::pass(equivalent(found, gold)).from_answer(Some(found)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_box_counts_with_its_braces() {
        for (text, wanted) in [
            (
                r"so \boxed{1} or \boxed{\frac{1}{2}}.",
                Some(r"\frac{1}{2}"),
            ),
            (r"so \boxed 5$ is it", Some("5")),
            (r"so \fbox{7}", Some("7")),
            (r"so \boxed{7", None),
            (r"so \boxed7", None),
            ("so 7", None),
            (r"\boxed{}", Some("")),
        ] {
            assert_eq!(last_boxed(text), wanted, "{text}");
        }
    }

    #[test]
    fn where_the_program_stumbles_texts_are_compared_as_they_stand() {
        assert_eq!(normal_form(r"1\frac"), None);
        assert_eq!(normal_form(r"\sqrt"), None);
        assert_eq!(normal_form(r"3\text{ a}\text{ b}"), None);
        assert!(equivalent(r"1\frac", r"1\frac"));
        assert!(!equivalent(r"1\frac ", r"1\frac"));
        assert_eq!(normal_form(r"\frac1").as_deref(), Some(r"\frac1"));
    }

    #[test]
    fn an_output_is_read_by_box_or_by_line() {
        let row = Row {
            solution: r"Thus \boxed{\dfrac{1}{2}}".to_owned(),
        };
        let right = |by: Convention, output: &str| by.verdict(&row, output).passed();
        assert_eq!(right(Convention::Boxed, r"It is \boxed{0.5}"), Some(true));
        assert_eq!(right(Convention::Boxed, "Answer: 0.5"), Some(false));
        assert_eq!(right(Convention::AnswerLine, "Answer: 1/2\n"), Some(true));
    }

    #[test]
    fn a_hostile_output_takes_no_longer_than_its_length() {
        let row = Row {
            solution: r"\boxed{1}".to_owned(),
        };
        for unit in ["\\boxed{", "{", "\\frac", "\\sqrt1", "Answer:"] {
            let output = format!("\\boxed{{{}}}", unit.repeat(200_000 / unit.len()));
            assert_eq!(
                Convention::Boxed.verdict(&row, &output).passed(),
                Some(false)
            );
        }
    }
}
