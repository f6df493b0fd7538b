//! GSM8K: a number at the end of a worked solution (Cobbe et al. 2021, "Training Verifiers to Solve Math Word Problems").
//!
//! Three programs score it, and they differ. The benchmark's own takes the first `#### number`, drops commas and compares as text, so that
//! `18.0` and `18.` are not 18. The harness of EleutherAI has two filters, `strict` (the same pattern) and `flexible` (the last thing that
//! looks like a number), then drops commas, dollar signs and a full stop at the end on both sides.

use serde::Deserialize;

use super::{Marking, Verdict, python};

/// A row of the benchmark's file.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The worked solution, which ends with `#### ` and the answer.
    pub answer: String,
}

/// Whose way of finding and comparing the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// The benchmark's own program: the first `#### number`, commas dropped, the same text.
    OpenAi,
    /// `strict-match` of the EleutherAI harness: the first `#### number`, freed of `,`, `$` and a full stop at the end.
    Strict,
    /// `flexible-extract` of the EleutherAI harness: the last number anywhere, freed in the same way.
    Flexible,
}

impl Convention {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("openai", Self::OpenAi),
        ("strict", Self::Strict),
        ("flexible", Self::Flexible),
    ];
}

const MARK: &str = "#### ";

/// The first `#### ` that a number follows, and that number: an optional minus, then digits, full stops and commas, at least one.
fn marked(text: &str) -> Option<&str> {
    text.match_indices(MARK).find_map(|(at, _)| {
        let rest = &text[at + MARK.len()..];
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..]
            .bytes()
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
            .count();
        (digits > 0).then(|| &rest[..sign + digits])
    })
}

/// The last stretch that `(-?[$0-9.,]{2,})|(-?[0-9]+)` finds. Stretches of these signs are found whole, so that they can be looked for from
/// the end.
fn last_number(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let is_sign = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'$' | b'.' | b',');
    let mut end = bytes.len();
    loop {
        end = bytes[..end].iter().rposition(is_sign)? + 1;
        let others = bytes[..end].iter().rposition(|byte| !is_sign(byte));
        let start = others.map_or(0, |at| at + 1);
        if end - start > 1 || bytes[start].is_ascii_digit() {
            let minus = others.is_some_and(|at| bytes[at] == b'-');
            return Some(&text[start - usize::from(minus)..end]);
        }
        end = start;
    }
}

/// A text without what the harness of EleutherAI passes over: commas, dollar signs, all up to the last `#### `, a full stop at the end.
fn freed(text: &str) -> String {
    // Where no sign of a mark follows the last mark, what stands before it cannot matter.
    let text = match text.rfind(MARK) {
        Some(at) if !text[at + MARK.len()..].contains('#') => &text[at..],
        _ => text,
    };
    let text: String = text.replace([',', '$'], "");
    let text = text
        .rfind(MARK)
        .map_or(text.as_str(), |at| &text[at + MARK.len()..]);
    // `\.$` also sees the end before a last line feed.
    let text = match (text.strip_suffix('.'), text.strip_suffix(".\n")) {
        (Some(text), _) => text.to_owned(),
        (None, Some(text)) => format!("{text}\n"),
        (None, None) => text.to_owned(),
    };
    text.to_lowercase()
}

impl Convention {
    /// The answer in an output, as this convention finds it.
    #[must_use]
    pub fn extract(self, output: &str) -> Option<String> {
        match self {
            Self::OpenAi => marked(output).map(|number| number.replace(',', "")),
            Self::Strict => marked(output).map(|number| python::strip(number).to_owned()),
            Self::Flexible => last_number(output).map(|number| python::strip(number).to_owned()),
        }
    }
}

impl Marking for Convention {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        let Some(found) = self.extract(output) else {
            return Verdict::pass(false).because("no number found");
        };
        let right = match self {
            Self::OpenAi => match Self::OpenAi.extract(&row.answer) {
                Some(gold) => found == gold,
                None => return Verdict::unscored("the row's answer has no `#### number`"),
            },
            Self::Strict | Self::Flexible => freed(&found) == freed(&row.answer),
        };
        Verdict::pass(right).from_answer(Some(&found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(convention: Convention, output: &str, gold: &str) -> bool {
        let row = Row {
            answer: format!("2 x 3 = <<2*3=6>>6\n#### {gold}"),
        };
        convention.verdict(&row, output).passed().unwrap()
    }

    #[test]
    fn the_conventions_part_where_the_programs_do() {
        use Convention::{Flexible, OpenAi, Strict};
        // Output, gold, then openai, strict, flexible.
        for (output, gold, wanted) in [
            ("so\n#### 18", "18", [true, true, true]),
            ("so\n#### 1,800", "1800", [true, true, true]),
            ("#### 18.", "18", [false, true, true]),
            ("#### 18.0", "18", [false, false, false]),
            ("#### $18", "18", [false, false, true]),
            ("The answer is 18.", "18", [false, false, true]),
            ("#### 17\n#### 18", "17", [true, true, false]),
            ("#### 18\nThat took 2 steps", "18", [true, true, false]),
            ("#### -5", "-5", [true, true, true]),
            ("####18", "18", [false, false, true]),
            ("#### #### 18", "18", [true, true, true]),
            ("none", "18", [false, false, false]),
        ] {
            let found =
                [OpenAi, Strict, Flexible].map(|convention| right(convention, output, gold));
            assert_eq!(found, wanted, "{output}");
        }
    }

    #[test]
    fn a_lone_sign_is_no_number_but_two_are() {
        assert_eq!(last_number("a - b . $"), None);
        assert_eq!(last_number("3 then ..."), Some("..."));
        assert_eq!(last_number("-7-8"), Some("-8"));
        assert_eq!(last_number("9/14-20"), Some("-20"));
    }

    #[test]
    fn a_row_without_an_answer_is_unscored() {
        let row = Row {
            answer: "none".to_owned(),
        };
        let verdict = Convention::OpenAi.verdict(&row, "#### 1");
        assert_eq!(verdict.passed(), None);
    }

    #[test]
    fn a_hostile_output_takes_no_longer_than_its_length() {
        for unit in ["#### ", "-", "#### -", "1,", "$.-", "9"] {
            let output = unit.repeat(300_000 / unit.len());
            for convention in [Convention::OpenAi, Convention::Strict, Convention::Flexible] {
                assert!(!right(convention, &output, "3"), "{unit}");
            }
        }
    }
}
