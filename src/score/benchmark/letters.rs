//! MMLU and GPQA: one letter of four, as the `simple-evals` programs of OpenAI find it (Hendrycks et al. 2021, "Measuring Massive Multitask
//! Language Understanding"; Rein et al. 2023, "GPQA: A Graduate-Level Google-Proof Q&A Benchmark").
//!
//! The letter is the first after `Answer:`, in capitals or not, and must then be the gold letter in the very case it was written in: `answer:
//! c` is wrong where the gold is C. `multilingual` first takes marks of Markdown and LaTeX out, knows `Answer` in some twenty languages, and
//! takes Arabic, Bengali and full-width letters for A to D.

use std::sync::LazyLock;

use ::regex::Regex;
use serde::Deserialize;

use super::{Marking, Verdict, python};

/// A row of the benchmark's file.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The letter of the right option.
    #[serde(alias = "Answer")]
    pub answer: String,
}

/// How the letter is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// After the English `Answer:`, a dollar sign allowed around it.
    English,
    /// After `Answer:` in any of the languages of the translated sets.
    Multilingual,
}

impl Convention {
    /// Each by the name that a suite gives it.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("english", Self::English),
        ("multilingual", Self::Multilingual),
    ];
}

static ENGLISH: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)Answer[ \t]*:[ \t]*\$?([A-D])\$?"));

static LINE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)Answer[\s\x1c-\x1f]*:[\s\x1c-\x1f]*([^\n]+)"));

/// What stands for `Answer:`, in the order in which they are tried.
const HEADINGS: &[&str] = &[
    r"Answer\s*:",
    r"Answer\s*:\x{200b}",
    r"উত্তর\s*:",
    r"उत्तर\s*:",
    r"উত্তরঃ",
    r"Antwort\s*:",
    r"답변\s*:",
    r"정답\s*:",
    r"답\s*:",
    r"答案\s*：",
    r"答案\s*:",
    r"答\s*：",
    r"答\s*:",
    r"答复\s*：",
    r"答曰\s*：",
    r"الإجابة:",
    r"الجواب:",
    r"إجابة:",
    r"الإجابة النهائية:",
    r"الإجابة الصحيحة:",
    r"الإجابة الصحيحة هي:",
    r"الإجابة هي:",
    r"الجواب النهائي:",
    r"Respuesta\s*:",
    r"Risposta\s*:",
    r"答え\s*:",
    r"答え\s*：",
    r"回答\s*:",
    r"回答\s*：",
    r"解答\s*:",
    r"Jawaban\s*:",
    r"Réponse\s*:",
    r"Resposta\s*:",
    r"Jibu\s*:",
    r"Idahun\s*:",
    r"Ìdáhùn\s*:",
    r"Idáhùn\s*:",
    r"Àmọ̀nà\s*:",
    r"Àdáhùn\s*:",
    r"Ànúgọ\s*:",
    r"Àṣàyàn\s*:",
];

static HEADED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    HEADINGS
        .iter()
        .map(|heading| {
            pattern(&format!(
                r"(?i){heading}[ \t]*([A-D]|[أ-د]|[অবডঢ]|[ＡＢＣＤ])"
            ))
        })
        .collect()
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant")
}

/// What follows the first `Answer:`, up to the end of that line (`Answer` in capitals or not; white space may stand around the colon).
#[must_use]
pub fn answer_line(output: &str) -> Option<&str> {
    Some(LINE.captures(output)?.get(1)?.as_str())
}

/// A text without the marks of Markdown and LaTeX that stand around letters.
fn unmarked(text: &str) -> String {
    let mut text = text.to_owned();
    for mark in [
        "**",
        "$\\boxed{",
        "}$",
        "\\$",
        "$\\text{",
        "$",
        "\\mathrm{",
        "\\{",
        "\\text",
        "\\(",
        "\\mathbf{",
        "{",
        "\\boxed",
    ] {
        if text.contains(mark) {
            text = text.replace(mark, "");
        }
    }
    text
}

/// The Latin letter for one of another script.
fn latin(letter: &str) -> &str {
    match letter {
        "أ" | "অ" | "Ａ" => "A",
        "ب" | "ব" | "Ｂ" => "B",
        "ج" | "ড" | "Ｃ" => "C",
        "د" | "ঢ" | "Ｄ" => "D",
        other => other,
    }
}

impl Convention {
    /// The letter in an output, as it was written; letters of other scripts as A to D.
    #[must_use]
    pub fn extract(self, output: &str) -> Option<String> {
        let group =
            |pattern: &Regex, text: &str| Some(pattern.captures(text)?.get(1)?.as_str().to_owned());
        match self {
            Self::English => group(&ENGLISH, output),
            Self::Multilingual => {
                let text = unmarked(output);
                let found = HEADED.iter().find_map(|pattern| group(pattern, &text))?;
                Some(python::strip(latin(&found)).to_owned())
            }
        }
    }
}

impl Marking for Convention {
    type Row = Row;

    fn verdict(&self, row: &Row, output: &str) -> Verdict {
        match self.extract(output) {
            None => Verdict::pass(false).because("no letter found"),
            Some(found) => Verdict::pass(found == row.answer).from_answer(Some(&found)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(convention: Convention, output: &str) -> Option<bool> {
        let row: Row = serde_json::from_str(r#"{"Question": "?", "Answer": "C"}"#).unwrap();
        convention.verdict(&row, output).passed()
    }

    #[test]
    fn a_letter_counts_in_the_case_of_the_gold_only() {
        assert_eq!(right(Convention::English, "Answer: C"), Some(true));
        assert_eq!(right(Convention::English, "ANSWER: $C$"), Some(true));
        assert_eq!(right(Convention::English, "answer : c"), Some(false));
        assert_eq!(
            right(Convention::English, "Answer: A\nAnswer: C"),
            Some(false)
        );
        assert_eq!(right(Convention::English, "**Answer:** C"), Some(false));
    }

    #[test]
    fn other_languages_and_marks_are_known_by_name_only() {
        for output in [
            "**Answer:** C",
            "Antwort: $\\boxed{C}$",
            "답: C",
            "الإجابة: ج",
            "উত্তর: ড",
            "答案：Ｃ",
            "Réponse : C",
        ] {
            assert_eq!(
                right(Convention::Multilingual, output),
                Some(true),
                "{output}"
            );
            assert_eq!(right(Convention::English, output), Some(false), "{output}");
        }
    }

    #[test]
    fn the_answer_line_may_follow_its_heading() {
        assert_eq!(answer_line("x\nAnswer :\n 12 \nmore"), Some("12 "));
        assert_eq!(answer_line("no idea"), None);
    }
}
