//! The 25 kinds of instructions, read from a row.

use serde_json::{Map, Value};

/// A bound on a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// Fewer than so many.
    LessThan(u64),
    /// So many or more.
    AtLeast(u64),
}

impl Bound {
    pub(super) fn holds(self, count: usize) -> bool {
        let count = count as u64;
        match self {
            Self::LessThan(most) => count < most,
            Self::AtLeast(least) => count >= least,
        }
    }
}

/// An instruction with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Instruction {
    Keywords(Vec<String>),
    KeywordFrequency(String, Bound),
    ForbiddenWords(Vec<String>),
    LetterFrequency(char, Bound),
    Language(String),
    Sentences(Bound),
    Paragraphs(u64),
    Words(Bound),
    NthParagraphFirstWord {
        paragraphs: u64,
        nth: usize,
        first_word: String,
    },
    Placeholders(u64),
    Postscript(String),
    Bullets(u64),
    ConstrainedResponse,
    Highlights(u64),
    Sections(String, u64),
    Json,
    Title,
    TwoResponses,
    RepeatPrompt(String),
    EndPhrase(String),
    CapitalWords(Bound),
    EnglishCapital,
    EnglishLowercase,
    NoComma,
    Quotation,
}

/// The options of one instruction. What is null is missing, as in the copies of the data that have every option in every row.
struct Options<'a>(&'a Map<String, Value>);

impl Options<'_> {
    fn value(&self, name: &str) -> Result<&Value, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Err(format!(
                "`{name}` is missing, and the benchmark's scorer would draw it at random"
            )),
            Some(value) => Ok(value),
        }
    }

    fn text(&self, name: &str) -> Result<String, String> {
        let value = self.value(name)?;
        let text = value.as_str().filter(|text| !text.is_empty());
        Ok(text
            .ok_or_else(|| format!("`{name}` is {value}, not a text"))?
            .to_owned())
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let value = self.value(name)?;
        let texts: Option<Vec<String>> = value.as_array().and_then(|texts| {
            texts
                .iter()
                .map(|text| text.as_str().map(str::to_owned))
                .collect()
        });
        texts
            .filter(|texts| !texts.is_empty())
            .ok_or_else(|| format!("`{name}` is {value}, not a list of texts"))
    }

    /// Some copies of the data have whole numbers as `3.0`.
    fn count(&self, name: &str) -> Result<u64, String> {
        let value = self.value(name)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to 2^53"
        )]
        let whole = |number: f64| {
            let fits = number.fract() == 0.0 && (0.0..=9e15).contains(&number);
            fits.then_some(number as u64)
        };
        value
            .as_u64()
            .or_else(|| value.as_f64().and_then(whole))
            .ok_or_else(|| format!("`{name}` is {value}, not a whole number from 0 on"))
    }

    fn bound(&self, relation: &str, count: &str) -> Result<Bound, String> {
        let count = self.count(count)?;
        match self.text(relation)?.as_str() {
            "less than" => Ok(Bound::LessThan(count)),
            "at least" => Ok(Bound::AtLeast(count)),
            other => Err(format!(
                "`{relation}` is `{other}`, neither `less than` nor `at least`"
            )),
        }
    }
}

impl Instruction {
    /// The instruction of an id.
    ///
    /// # Errors
    /// What is missing or wrong in the row, by the option's name.
    pub(super) fn decode(id: &str, options: &Map<String, Value>) -> Result<Self, String> {
        let options = Options(options);
        Ok(match id {
            "keywords:existence" => Self::Keywords(options.texts("keywords")?),
            "keywords:frequency" => Self::KeywordFrequency(
                options.text("keyword")?,
                options.bound("relation", "frequency")?,
            ),
            "keywords:forbidden_words" => Self::ForbiddenWords(options.texts("forbidden_words")?),
            "keywords:letter_frequency" => {
                let text = options.text("letter")?;
                let mut letters = text.chars();
                let (Some(letter), None) = (letters.next(), letters.next()) else {
                    return Err(format!(
                        "`letter` is `{text}`, and the benchmark's scorer draws one at random where it is not one letter"
                    ));
                };
                Self::LetterFrequency(letter, options.bound("let_relation", "let_frequency")?)
            }
            "language:response_language" => Self::Language(options.text("language")?),
            "length_constraints:number_sentences" => {
                Self::Sentences(options.bound("relation", "num_sentences")?)
            }
            "length_constraints:number_paragraphs" => {
                Self::Paragraphs(options.count("num_paragraphs")?)
            }
            "length_constraints:number_words" => {
                Self::Words(options.bound("relation", "num_words")?)
            }
            "length_constraints:nth_paragraph_first_word" => {
                let paragraphs = options.count("num_paragraphs")?;
                let nth = options.count("nth_paragraph")?;
                if nth == 0 || nth > paragraphs {
                    return Err(format!(
                        "`nth_paragraph` is {nth} of {paragraphs}, and the benchmark's scorer would draw one at random"
                    ));
                }
                Self::NthParagraphFirstWord {
                    paragraphs,
                    nth: usize::try_from(nth).map_err(|_| "`nth_paragraph` is too large")?,
                    first_word: options.text("first_word")?.to_lowercase(),
                }
            }
            "detectable_content:number_placeholders" => {
                Self::Placeholders(options.count("num_placeholders")?)
            }
            "detectable_content:postscript" => Self::Postscript(options.text("postscript_marker")?),
            "detectable_format:number_bullet_lists" => Self::Bullets(options.count("num_bullets")?),
            "detectable_format:constrained_response" => Self::ConstrainedResponse,
            "detectable_format:number_highlighted_sections" => {
                Self::Highlights(options.count("num_highlights")?)
            }
            "detectable_format:multiple_sections" => Self::Sections(
                options.text("section_spliter")?,
                options.count("num_sections")?,
            ),
            "detectable_format:json_format" => Self::Json,
            "detectable_format:title" => Self::Title,
            "combination:two_responses" => Self::TwoResponses,
            "combination:repeat_prompt" => Self::RepeatPrompt(options.text("prompt_to_repeat")?),
            "startend:end_checker" => Self::EndPhrase(options.text("end_phrase")?),
            "change_case:capital_word_frequency" => {
                Self::CapitalWords(options.bound("capital_relation", "capital_frequency")?)
            }
            "change_case:english_capital" => Self::EnglishCapital,
            "change_case:english_lowercase" => Self::EnglishLowercase,
            "punctuation:no_comma" => Self::NoComma,
            "startend:quotation" => Self::Quotation,
            other => return Err(format!("there is no instruction `{other}`")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(id: &str, options: &str) -> Result<Instruction, String> {
        Instruction::decode(id, &serde_json::from_str(options).unwrap())
    }

    #[test]
    fn options_are_read_by_name_and_null_is_missing() {
        assert_eq!(
            decode(
                "keywords:frequency",
                r#"{"keyword": "so", "frequency": 2.0, "relation": "less than", "letter": null}"#
            ),
            Ok(Instruction::KeywordFrequency(
                "so".to_owned(),
                Bound::LessThan(2)
            ))
        );
        for (id, options) in [
            (
                "keywords:frequency",
                r#"{"keyword": "so", "frequency": null, "relation": "at least"}"#,
            ),
            (
                "keywords:frequency",
                r#"{"keyword": "so", "frequency": 2, "relation": "at most"}"#,
            ),
            (
                "keywords:letter_frequency",
                r#"{"letter": "ab", "let_frequency": 2, "let_relation": "at least"}"#,
            ),
            (
                "length_constraints:nth_paragraph_first_word",
                r#"{"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"}"#,
            ),
            (
                "detectable_format:number_bullet_lists",
                r#"{"num_bullets": -1}"#,
            ),
            (
                "detectable_format:number_bullet_lists",
                r#"{"num_bullets": 1.5}"#,
            ),
        ] {
            assert!(decode(id, options).is_err(), "{id} {options}");
        }
    }
}
