//! Whether a text follows an instruction.

use std::sync::LazyLock;

use ::regex::Regex;
use serde::de::IgnoredAny;

use super::super::python;
use super::instruction::{Bound, Instruction};
use super::{keywords, language, sentences, words};

static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[.*?\]"));
static STAR_BULLET: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^\s*\*[^\*].*$"));
static DASH_BULLET: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^\s*-.*$"));
static HIGHLIGHT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\*[^\n\*]*\*"));
static DOUBLE_HIGHLIGHT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\*\*[^\n\*]*\*\*"));
static DIVIDER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\s?\*\*\*\s?"));
static TITLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"<<[^\n]+>>"));
static PS: LazyLock<Regex> = LazyLock::new(|| pattern(r"p\.\s?s\."));
static PPS: LazyLock<Regex> = LazyLock::new(|| pattern(r"p\.\s?p\.\s?s"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant")
}

fn is_blank(text: &str) -> bool {
    python::strip(text).is_empty()
}

impl Instruction {
    /// Whether a text follows the instruction.
    ///
    /// # Errors
    /// A keyword that is no pattern.
    pub(super) fn is_followed(&self, text: &str) -> Result<bool, String> {
        Ok(match self {
            Self::Keywords(wanted) => {
                for keyword in wanted {
                    if !keywords::occurs(keyword, text)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::KeywordFrequency(keyword, bound) => {
                bound.holds(keywords::occurrences(python::strip(keyword), text)?)
            }
            Self::ForbiddenWords(forbidden) => {
                for word in forbidden {
                    if keywords::occurs_as_word(word, text)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::LetterFrequency(letter, bound) => letter_frequency(*letter, *bound, text),
            Self::Language(wanted) => language::detect(text).is_none_or(|found| found == wanted),
            Self::Sentences(bound) => bound.holds(sentences::count(text)),
            Self::Paragraphs(wanted) => paragraphs(text) == Some(*wanted),
            Self::Words(bound) => bound.holds(
                text.split(|letter| !python::is_word(letter))
                    .filter(|word| !word.is_empty())
                    .count(),
            ),
            Self::NthParagraphFirstWord {
                paragraphs,
                nth,
                first_word,
            } => nth_paragraph(text, *paragraphs, *nth, first_word),
            Self::Placeholders(least) => PLACEHOLDER.find_iter(text).count() as u64 >= *least,
            Self::Postscript(marker) => return postscript(text, marker),
            Self::Bullets(wanted) => {
                let stars = STAR_BULLET.find_iter(text).count();
                (stars + DASH_BULLET.find_iter(text).count()) as u64 == *wanted
            }
            Self::ConstrainedResponse => ["yes", "no", "maybe"]
                .iter()
                .any(|word| text.contains(&format!("My answer is {word}."))),
            Self::Highlights(least) => highlights(text) as u64 >= *least,
            Self::Sections(mark, least) => keywords::numbered(mark, text)? as u64 >= *least,
            Self::Json => is_json(text),
            Self::Title => TITLE.find_iter(text).any(|title| {
                let inner = title.as_str().trim_start_matches('<');
                !is_blank(inner.trim_end_matches('>'))
            }),
            Self::TwoResponses => two_responses(text),
            Self::RepeatPrompt(prompt) => python::strip(text)
                .to_lowercase()
                .starts_with(&python::strip(prompt).to_lowercase()),
            Self::EndPhrase(phrase) => python::strip(text)
                .trim_matches('"')
                .to_lowercase()
                .ends_with(&python::strip(phrase).to_lowercase()),
            Self::CapitalWords(bound) => bound.holds(words::in_capitals(text)),
            Self::EnglishCapital => python::is_upper(text) && is_english(text),
            Self::EnglishLowercase => python::is_lower(text) && is_english(text),
            Self::NoComma => !text.contains(','),
            Self::Quotation => {
                let text = python::strip(text);
                text.len() > 1 && text.starts_with('"') && text.ends_with('"')
            }
        })
    }
}

/// A text whose language cannot be told counts as English.
fn is_english(text: &str) -> bool {
    language::detect(text).is_none_or(|found| found == "en")
}

fn letter_frequency(letter: char, bound: Bound, text: &str) -> bool {
    let small: String = letter.to_lowercase().collect();
    let mut letters = small.chars();
    let count = match (letters.next(), letters.next()) {
        (Some(letter), None) => text
            .to_lowercase()
            .chars()
            .filter(|found| *found == letter)
            .count(),
        // A letter that grows when it is made small is counted letter by letter, and never found.
        _ => 0,
    };
    bound.holds(count)
}

/// Paragraphs between `***`; `None` where one in the middle is empty.
fn paragraphs(text: &str) -> Option<u64> {
    let parts: Vec<&str> = DIVIDER.split(text).collect();
    let mut count = parts.len() as u64;
    for (place, part) in parts.iter().enumerate() {
        if is_blank(part) {
            if place != 0 && place != parts.len() - 1 {
                return None;
            }
            count -= 1;
        }
    }
    Some(count)
}

fn nth_paragraph(text: &str, wanted: u64, nth: usize, first_word: &str) -> bool {
    let parts: Vec<&str> = text.split("\n\n").collect();
    let count = parts.iter().filter(|part| !is_blank(part)).count();
    if nth > count {
        return false;
    }
    // The place counts blank parts too, as in the benchmark's scorer.
    let Some(word) = parts
        .get(nth.wrapping_sub(1))
        .and_then(|part| python::split(part).next())
    else {
        return false;
    };
    let word = word.trim_start_matches('\'').trim_start_matches('"');
    let word: String = word
        .chars()
        .take_while(|letter| !".,?!'\"".contains(*letter))
        .flat_map(char::to_lowercase)
        .collect();
    count as u64 == wanted && word == first_word
}

fn postscript(text: &str, marker: &str) -> Result<bool, String> {
    let text = text.to_lowercase();
    match python::strip(marker) {
        "P.P.S" => Ok(PPS.is_match(&text)),
        "P.S." => Ok(PS.is_match(&text)),
        other => Regex::new(&other.to_lowercase())
            .map(|marker| marker.is_match(&text))
            .map_err(|_| format!("the marker `{other}` is no pattern that is understood here")),
    }
}

fn highlights(text: &str) -> usize {
    let single = HIGHLIGHT
        .find_iter(text)
        .filter(|found| !is_blank(found.as_str().trim_matches('*')))
        .count();
    let double = DOUBLE_HIGHLIGHT
        .find_iter(text)
        .filter(|found| {
            let inner = found.as_str();
            let inner = inner.strip_prefix("**").unwrap_or(inner);
            !is_blank(inner.strip_suffix("**").unwrap_or(inner))
        })
        .count();
    single + double
}

/// JSON, in a fence or not. Python's `NaN` and `Infinity`, and values nested over 128 deep, are no JSON here.
fn is_json(text: &str) -> bool {
    let mut text = python::strip(text);
    for fence in ["```json", "```Json", "```JSON", "```"] {
        text = text.strip_prefix(fence).unwrap_or(text);
    }
    let text = python::strip(text.strip_suffix("```").unwrap_or(text));
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn two_responses(text: &str) -> bool {
    let parts: Vec<&str> = text.split("******").collect();
    let last = parts.len() - 1;
    let blank_within = parts
        .iter()
        .enumerate()
        .any(|(place, part)| is_blank(part) && place != 0 && place != last);
    let responses: Vec<&str> = parts
        .into_iter()
        .map(python::strip)
        .filter(|part| !part.is_empty())
        .collect();
    !blank_within && responses.len() == 2 && responses[0] != responses[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(id: &str, options: &str, text: &str) -> bool {
        let options = serde_json::from_str(options).unwrap();
        Instruction::decode(id, &options)
            .and_then(|instruction| instruction.is_followed(text))
            .unwrap()
    }

    #[test]
    fn each_instruction_is_followed_and_broken() {
        for (id, options, good, bad) in [
            (
                "keywords:existence",
                r#"{"keywords": ["mom", "dad"]}"#,
                "MOM and daddy",
                "mom",
            ),
            (
                "keywords:frequency",
                r#"{"keyword": "so", "frequency": 2, "relation": "at least"}"#,
                "also so",
                "so",
            ),
            (
                "keywords:forbidden_words",
                r#"{"forbidden_words": ["rock"]}"#,
                "rocky",
                "a Rock.",
            ),
            (
                "keywords:letter_frequency",
                r#"{"letter": "Q", "let_frequency": 2, "let_relation": "less than"}"#,
                "quit",
                "q q",
            ),
            (
                "language:response_language",
                r#"{"language": "de"}"#,
                "Das ist nicht wahr.",
                "That is not true.",
            ),
            (
                "length_constraints:number_sentences",
                r#"{"num_sentences": 2, "relation": "at least"}"#,
                "A dog. A cat.",
                "A dog.",
            ),
            (
                "length_constraints:number_paragraphs",
                r#"{"num_paragraphs": 2}"#,
                "***\na\n***\nb",
                "a\n***\n \n***\nb",
            ),
            (
                "length_constraints:number_words",
                r#"{"num_words": 3, "relation": "less than"}"#,
                "it's",
                "it's so",
            ),
            (
                "length_constraints:nth_paragraph_first_word",
                r#"{"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Then"}"#,
                "a\n\n\"then, b",
                "a\n\n\n\nthen b",
            ),
            (
                "detectable_content:number_placeholders",
                r#"{"num_placeholders": 2}"#,
                "[a] [b]",
                "[a\n] [b]",
            ),
            (
                "detectable_content:postscript",
                r#"{"postscript_marker": "P.S."}"#,
                "x\np. s. y",
                "P.S y",
            ),
            (
                "detectable_content:postscript",
                r#"{"postscript_marker": "P.P.S"}"#,
                "P.P.S y",
                "P.S. y",
            ),
            (
                "detectable_format:number_bullet_lists",
                r#"{"num_bullets": 2}"#,
                "* a\n - b",
                "** a\n- b",
            ),
            (
                "detectable_format:constrained_response",
                "{}",
                "So: My answer is no.",
                "no.",
            ),
            (
                "detectable_format:number_highlighted_sections",
                r#"{"num_highlights": 2}"#,
                "*a* **b**",
                "*a* ** **",
            ),
            (
                "detectable_format:multiple_sections",
                r#"{"section_spliter": "PART", "num_sections": 2}"#,
                "PART 1 a PART2 b",
                "PART A PART 2",
            ),
            (
                "detectable_format:json_format",
                "{}",
                "```json\n{\"a\": [1]}\n```",
                "{'a': 1}",
            ),
            ("detectable_format:title", "{}", "<<a>>", "<< >>"),
            (
                "combination:two_responses",
                "{}",
                "a\n******\nb",
                "a******a",
            ),
            (
                "combination:repeat_prompt",
                r#"{"prompt_to_repeat": "Say it. "}"#,
                " say it. It.",
                "It. Say it.",
            ),
            (
                "startend:end_checker",
                r#"{"end_phrase": "Done?"}"#,
                "It is.\"done?\" ",
                "Done? yes",
            ),
            (
                "change_case:capital_word_frequency",
                r#"{"capital_frequency": 1, "capital_relation": "less than"}"#,
                "Usa",
                "USA",
            ),
            (
                "change_case:english_capital",
                "{}",
                "THIS IS IT",
                "This is it",
            ),
            (
                "change_case:english_lowercase",
                "{}",
                "this is it",
                "das ist nicht wahr",
            ),
            ("punctuation:no_comma", "{}", "a; b", "a, b"),
            ("startend:quotation", "{}", " \"a\" ", "\""),
        ] {
            assert!(followed(id, options, good), "{id}: {good}");
            assert!(!followed(id, options, bad), "{id}: {bad}");
        }
    }

    #[test]
    fn a_hostile_text_takes_no_longer_than_its_length() {
        for unit in ["*", "[", "<<", "\n", "* \n", "Aa. ", "a-B,"] {
            let text = unit.repeat(60_000 / unit.len());
            for (id, options) in [
                (
                    "detectable_content:number_placeholders",
                    r#"{"num_placeholders": 9}"#,
                ),
                (
                    "detectable_format:number_bullet_lists",
                    r#"{"num_bullets": 9}"#,
                ),
                (
                    "detectable_format:number_highlighted_sections",
                    r#"{"num_highlights": 999999}"#,
                ),
                ("detectable_format:title", "{}"),
                ("change_case:english_capital", "{}"),
            ] {
                assert!(!followed(id, options, &text), "{id}: {unit}");
            }
        }
    }
}
