//! `choice`: the answer picks the right one of the options.
//!
//! The options are lettered A, B, C ... in their order. What was picked is looked for in this order, and the first that says anything
//! decides:
//!
//! 1. the whole answer is a letter (`B`, `(b)`, `**B.**`), an option's text, or both (`B) Paris`);
//! 2. it is declared: `Answer: B`, `the answer is (B)`, `the correct option is Paris`; a `final answer` counts before other declarations;
//! 3. letters set apart (`(B)`, `B)`, a lone capital other than A and I, which are words unless `or` joins them to another), or options named by their text.
//!
//! Two different picks at the place that decides are ambiguous, and an ambiguous answer fails, with both named: an agent that hedges
//! has not chosen. Nothing is ever guessed.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use ::regex::Regex;
use unicode_normalization::UnicodeNormalization;

use super::{Found, Rule, Words, quoted, render, ruled};
use crate::domain::decode::{Fields, List};
use crate::domain::kind::Kind;
use crate::domain::port::{Scorer, Seen};
use crate::domain::template::Template;

/// As many options as there are letters.
const MOST: usize = 26;

pub(super) const fn kind<W: Words>() -> Kind<Arc<dyn Scorer>> {
    Kind {
        name: "choice",
        summary: "the answer picks the right one of the options",
        example: "{of: [\"yes\", \"no\", \"unclear\"]}",
        decode: decode::<W>,
    }
}

#[derive(Debug)]
struct Choice {
    of: Option<Vec<Template>>,
    expected: Option<Template>,
}

fn decode<W: Words>(fields: &mut Fields<'_>) -> Option<Arc<dyn Scorer>> {
    let of = fields.optional(
        "of",
        "the options, lettered A, B, C ... in this order; default: the case's `choices`",
        List(W::SHAPE),
    );
    let expected = fields.optional(
        "expected",
        "the right option's letter or text; default: the case's `expected`",
        W::SHAPE,
    );
    if of
        .as_ref()
        .is_some_and(|of| !(2..=MOST).contains(&of.len()))
    {
        fields.problem("of", format!("2 to {MOST} options are wanted"));
    }
    ruled(Choice { of, expected })
}

impl Rule for Choice {
    fn look(&self, seen: &Seen) -> Result<Found, String> {
        let options = Options::new(match &self.of {
            Some(of) => of
                .iter()
                .map(|template| render("of", template, seen))
                .collect::<Result<_, _>>()?,
            None => seen.case.choices.clone(),
        })?;
        let right = match &self.expected {
            Some(template) => vec![render("expected", template, seen)?],
            None => super::wanted(None, seen)?,
        };
        let right = right
            .iter()
            .map(|text| {
                options.named(text).ok_or_else(|| {
                    format!("`expected` names none of the options: {}", quoted(text))
                })
            })
            .collect::<Result<BTreeSet<usize>, String>>()?;
        let wanted = options.list(&right);
        Ok(match options.picked(&seen.transcript.output) {
            Pick::None => Found::new(
                false,
                format!("no choice in {}", quoted(&seen.transcript.output)),
            ),
            Pick::One(index) => Found::new(
                right.contains(&index),
                format!(
                    "picks {}, wanted {wanted}",
                    options.list(&BTreeSet::from([index]))
                ),
            ),
            Pick::Several(picks) => {
                Found::new(false, format!("ambiguous: picks {}", options.list(&picks)))
            }
        })
    }

    fn templates(&self) -> Vec<&Template> {
        self.of.iter().flatten().chain(&self.expected).collect()
    }

    fn needs_expected(&self) -> bool {
        self.expected.is_none()
    }
}

/// What an answer picks.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pick {
    None,
    One(usize),
    Several(BTreeSet<usize>),
}

impl Pick {
    fn of(picks: BTreeSet<usize>) -> Self {
        match (picks.len(), picks.first()) {
            (0, _) | (_, None) => Self::None,
            (1, Some(one)) => Self::One(*one),
            _ => Self::Several(picks),
        }
    }
}

/// The options, with their texts as they are compared.
struct Options {
    texts: Vec<String>,
    folded: Vec<String>,
    /// Two options differ in nothing but capital letters (`Aa`, `AA`): then these count.
    is_cased: bool,
}

impl Options {
    fn new(texts: Vec<String>) -> Result<Self, String> {
        if !(2..=MOST).contains(&texts.len()) {
            return Err(format!(
                "the case offers {} options, 2 to {MOST} are wanted: give it `choices`, or the scorer `of`",
                texts.len()
            ));
        }
        let fold_all =
            |is_cased| -> Vec<String> { texts.iter().map(|text| fold(text, is_cased)).collect() };
        let distinct = |folded: &[String]| folded.iter().collect::<BTreeSet<_>>().len();
        let (loose, strict) = (fold_all(false), fold_all(true));
        let is_cased = distinct(&loose) < distinct(&strict);
        let mut folded = if is_cased { strict } else { loose };
        // Options that are the same even so, or empty, can be picked by their letters only.
        let all = folded.clone();
        for text in &mut folded {
            if text.is_empty() || all.iter().filter(|other| *other == text).count() > 1 {
                *text = UNNAMED.to_string();
            }
        }
        Ok(Self {
            texts,
            folded,
            is_cased,
        })
    }

    fn fold(&self, text: &str) -> String {
        fold(text, self.is_cased)
    }

    fn list(&self, picks: &BTreeSet<usize>) -> String {
        let shown: Vec<String> = picks
            .iter()
            .map(|i| format!("{} {}", letter(*i), quoted(&self.texts[*i])))
            .collect();
        shown.join(" and ")
    }

    /// The option with this letter.
    fn lettered(&self, text: &str) -> Option<usize> {
        let mut chars = text.chars();
        let (one, None) = (chars.next()?.to_ascii_uppercase(), chars.next()) else {
            return None;
        };
        let index = (one as usize).checked_sub('A' as usize)?;
        (index < self.folded.len()).then_some(index)
    }

    /// The option with this text.
    fn texted(&self, text: &str) -> Option<usize> {
        let folded = self.fold(text);
        self.folded.iter().position(|option| *option == folded)
    }

    /// An option by its text or letter.
    fn named(&self, text: &str) -> Option<usize> {
        self.texted(text).or_else(|| self.lettered(text.trim()))
    }

    fn picked(&self, output: &str) -> Pick {
        let plain = unmarked(output);
        let found = self.whole(&plain);
        if found != Pick::None {
            return found;
        }
        for declared in [&*FINAL, &*DECLARED] {
            let found = Pick::of(self.declared(declared, &plain));
            if found != Pick::None {
                return found;
            }
        }
        let mut picks = self.set_apart(&plain);
        picks.extend(self.mentioned(&plain));
        Pick::of(picks)
    }

    /// The whole answer is a letter, an option's text, or a letter with its text.
    fn whole(&self, plain: &str) -> Pick {
        let text = plain.trim();
        if let Some(index) = self.texted(text) {
            return Pick::One(index);
        }
        let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
        if let Some(index) = self.lettered(bare) {
            return Pick::One(index);
        }
        static LED: LazyLock<Regex> =
            LazyLock::new(|| constant(r"(?s)^[(\[]?([A-Za-z])\s*[)\].:,-]+\s+(.+)$"));
        let Some(led) = LED.captures(text) else {
            return Pick::None;
        };
        match (self.lettered(&led[1]), self.texted(&led[2])) {
            (Some(letter), Some(text)) => Pick::of(BTreeSet::from([letter, text])),
            _ => Pick::None,
        }
    }

    /// What stands after each declaration: an option's text, or a letter; with `or` and its like between, each of them.
    fn declared(&self, declaration: &Regex, plain: &str) -> BTreeSet<usize> {
        declaration
            .find_iter(plain)
            .flat_map(|found| {
                let rest = plain[found.end()..].trim_start();
                if found.as_str().trim_end_matches(' ').ends_with('\n') && is_list(rest) {
                    return BTreeSet::new();
                }
                let line = rest.lines().next().unwrap_or_default();
                match self.texted(line) {
                    Some(index) => BTreeSet::from([index]),
                    // Letters before texts: `B. Paris` begins with no option's text.
                    None => match self.leading_letters(rest) {
                        letters if letters.is_empty() => self.leading_texts(&self.fold(line)),
                        letters => letters,
                    },
                }
            })
            .collect()
    }

    /// The letter with which a declaration goes on, or the letters.
    fn leading_letters(&self, rest: &str) -> BTreeSet<usize> {
        static LETTER: LazyLock<Regex> =
            LazyLock::new(|| constant(r"^[(\[]?([A-Za-z])(?:[)\].:,;!]|\s*$|\s*\n|\s+-|(\s))"));
        if let Some(pair) = PAIR
            .captures(rest)
            .filter(|pair| pair.get(0).map(|m| m.start()) == Some(0))
        {
            return self.pair(&pair);
        }
        let Some(found) = LETTER.captures(rest) else {
            return BTreeSet::new();
        };
        // Before another word, a small letter is none of the options, and A and I may be words themselves.
        let one = &found[1];
        let is_word = found.get(2).is_some_and(|space| {
            let is_small = one.starts_with(|c: char| c.is_ascii_lowercase());
            is_small
                || (matches!(one, "A" | "I")
                    && rest[space.end()..].starts_with(char::is_alphabetic))
        });
        let letter = if is_word { None } else { self.lettered(one) };
        letter.into_iter().collect()
    }

    fn leading_texts(&self, said: &str) -> BTreeSet<usize> {
        let mut picks = BTreeSet::new();
        let mut said = said;
        while let Some(index) = (0..self.folded.len())
            .filter(|i| starts_with_words(said, &self.folded[*i]))
            .max_by_key(|i| self.folded[*i].len())
        {
            picks.insert(index);
            let rest = said[self.folded[index].len()..].trim_start();
            let Some(next) = ["or ", "and ", "/", "& "]
                .iter()
                .find_map(|and| rest.strip_prefix(and))
            else {
                break;
            };
            said = next.trim_start();
        }
        picks
    }

    fn pair(&self, pair: &::regex::Captures<'_>) -> BTreeSet<usize> {
        [1, 2]
            .iter()
            .filter_map(|group| self.lettered(&pair[*group]))
            .collect()
    }

    /// Letters that cannot be words: in brackets, before one, or lone capitals other than A and I.
    fn set_apart(&self, plain: &str) -> BTreeSet<usize> {
        static APART: LazyLock<Regex> = LazyLock::new(|| {
            constant(
                r"[(\[]([A-Z])[)\]]|(?:^|\s)([A-Z])[)\]]|(?m:^)\s*([A-Z])[.:]\s|\b(?i:option|choice)\s+([A-Z])\b|\b([B-HJ-Z])\b",
            )
        });
        APART
            .captures_iter(plain)
            .filter_map(|found| (1..=5).find_map(|group| found.get(group)))
            // An apostrophe or hyphen after it makes it part of a word: `B's`, `T-shirt`.
            .filter(|letter| !plain[letter.end()..].starts_with(['\'', '\u{2019}', '-', '+', '/']))
            .filter_map(|letter| self.lettered(letter.as_str()))
            .chain(PAIR.captures_iter(plain).flat_map(|pair| self.pair(&pair)))
            .collect()
    }

    /// Options named by their text; one that only occurs inside a longer one that is named too does not count.
    fn mentioned(&self, plain: &str) -> BTreeSet<usize> {
        let mut said = self.fold(plain);
        let mut by_length: Vec<usize> = (0..self.folded.len()).collect();
        by_length.sort_by_key(|i| std::cmp::Reverse(self.folded[*i].len()));
        let mut found = BTreeSet::new();
        for index in by_length {
            let option = &self.folded[index];
            // A text of one character is a letter or digit like any other.
            if option.chars().nth(1).is_none() {
                continue;
            }
            while let Some(at) = find_words(&said, option) {
                found.insert(index);
                said.replace_range(at..at + option.len(), &"\u{0}".repeat(option.len()));
            }
        }
        found
    }
}

/// Two letters with an `or` between them.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    constant(r"(?:^|[^\w'])\(?([A-Z])\)?\s*(?:or|and|,|/|&)\s*\(?([A-Z])(?:[^\w']|$)")
});

fn letter(index: usize) -> char {
    char::from(b'A' + u8::try_from(index).unwrap_or(25))
}

static FINAL: LazyLock<Regex> =
    LazyLock::new(|| constant(r"(?i)\bfinal\s+answer\b\s*(?:is\s*:?|:|=)\s*"));
static DECLARED: LazyLock<Regex> = LazyLock::new(|| {
    let is = r"(?:is|would\s+be|should\s+be|must\s+be)\s*:?";
    let named = r"(?:(?:option|choice|letter|answer)\s+)?";
    constant(&format!(
        r"(?i)(?:\banswer\b\s*(?:{is}|:|=)|\b(?:option|choice)\b\s*{is}|(?:^|\n|\b(?:correct|right|best|my)\s+)(?:option|choice)\s*[:=]|\bI\s+(?:choose|pick|select)\b)\s*{named}"
    ))
});

/// Whether the text goes through several lettered lines, as one that looks at each option in turn.
fn is_list(text: &str) -> bool {
    static ITEM: LazyLock<Regex> = LazyLock::new(|| constant(r"(?m)^\s*[(\[]?([A-Z])[)\].:]\s"));
    let letters: BTreeSet<&str> = ITEM
        .captures_iter(text)
        .filter_map(|found| found.get(1).map(|letter| letter.as_str()))
        .collect();
    letters.len() > 1
}

fn constant(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern that the tests compile")
}

/// The text without the marks of Markdown and LaTeX around words.
fn unmarked(text: &str) -> String {
    static MARKS: LazyLock<Regex> =
        LazyLock::new(|| constant(r"\\(?:boxed|text|mathbf|mathrm|textbf)\{([^{}]*)\}"));
    let text = MARKS.replace_all(text, "$1");
    let text = MARKS.replace_all(&text, "$1");
    text.nfc()
        .filter(|c| !matches!(*c, '*' | '`' | '$' | '#' | UNNAMED))
        .map(|c| if c == '_' { ' ' } else { c })
        .collect()
}

/// What stands for the text of an option that no text names; no answer holds it, as [`unmarked`] takes it away.
const UNNAMED: char = '\u{0}';

/// A text as options are compared: NFC, small letters unless they count, single spaces, no marks or punctuation at the ends.
fn fold(text: &str, is_cased: bool) -> String {
    let mut text = unmarked(text);
    if !is_cased {
        text = text.to_lowercase();
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let trimmed =
        text.trim_matches(|c: char| c.is_ascii_punctuation() && !matches!(c, '+' | '-' | '%'));
    let kept = if trimmed.is_empty() {
        text.trim()
    } else {
        trimmed
    };
    kept.trim().to_owned()
}

/// Where `words` stand in `text` as whole words.
fn find_words(text: &str, words: &str) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '\u{0}';
    text.match_indices(words)
        .find(|(at, found)| {
            !text[..*at].ends_with(is_part) && !text[at + found.len()..].starts_with(is_part)
        })
        .map(|(at, _)| at)
}

fn starts_with_words(text: &str, words: &str) -> bool {
    text.strip_prefix(words)
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode as decoded, passes, seen, value};
    use super::*;
    use crate::domain::case::Case;
    use crate::domain::score::{Unscored, Value};
    use proptest::prelude::*;
    use serde_json::json;

    fn cities() -> Options {
        Options::new(
            ["Bern", "Paris", "New York", "York"]
                .map(String::from)
                .to_vec(),
        )
        .unwrap()
    }

    #[test]
    fn a_choice_is_read_however_it_is_dressed() {
        for output in [
            "B",
            "b",
            "(B)",
            "B.",
            "**B**",
            "\\boxed{B}",
            "$\\boxed{\\text{B}}$",
            "B) Paris",
            "(B) Paris.",
            "Paris",
            "paris.",
            "Answer: B",
            "answer: b",
            "**Answer:** B",
            "The answer is B.",
            "The answer is (B) Paris, since A is in Switzerland.",
            "The correct option is: B",
            "The correct answer is Paris, not Bern.",
            "I choose B because it is the capital.",
            "Let me think. A) is wrong. C) too.\n\nFinal answer: B",
            "It must be (B).",
            "Therefore option B is the right one.",
            "Answer:\nB. Paris",
            "It has to be Paris",
        ] {
            assert_eq!(cities().picked(output), Pick::One(1), "{output}");
        }
    }

    #[test]
    fn a_hedge_is_ambiguous() {
        for output in [
            "A or B",
            "The answer is B or C",
            "The answer is A or B, I think",
            "Answer: Paris or Bern",
            "A/B",
            "Let us look at each option:\nA. Bern: no\nB. Paris: yes",
            "The answer is:\nA. Bern: no\nB. Paris: yes",
            "Either (A) or (B)",
            "The answer is A. The answer is B.",
            "B) Bern",
            "Bern or Paris",
            "A) Bern B) Paris C) New York D) York",
            "It is Paris (A)",
        ] {
            let picked = cities().picked(output);
            assert!(!matches!(picked, Pick::One(_)), "{output}: {picked:?}");
        }
    }

    #[test]
    fn words_are_no_letters_and_silence_is_no_choice() {
        for output in [
            "",
            "A good question, I think",
            "The answer is a matter of taste",
            "I do not know",
            "E",
            "Parisian",
        ] {
            assert_eq!(cities().picked(output), Pick::None, "{output}");
        }
    }

    #[test]
    fn the_longer_option_wins_over_the_one_inside_it() {
        assert_eq!(cities().picked("I would say New York"), Pick::One(2));
        assert_eq!(cities().picked("I would say York"), Pick::One(3));
        assert_eq!(cities().picked("The answer is New York"), Pick::One(2));
    }

    #[test]
    fn the_right_option_is_named_by_letter_or_text() {
        let options = json!({"of": ["yes", "no"]});
        assert!(passes("choice", &options, Some(json!("no")), "No."));
        assert!(passes("choice", &options, Some(json!("B")), "no"));
        assert!(!passes("choice", &options, Some(json!("A")), "no"));
        let mut case = Case::new("c", "q");
        case.choices = vec!["3".into(), "4".into()];
        case.expected = Some(json!(4));
        let scorer = decoded("choice", &json!({})).unwrap();
        assert_eq!(
            scorer.score("s", &seen(case.clone(), "B")).unwrap().value,
            Value::Pass(true)
        );
        assert_eq!(
            scorer.score("s", &seen(case, "4")).unwrap().value,
            Value::Pass(true)
        );
    }

    #[test]
    fn options_that_differ_in_capitals_or_not_at_all_are_told_apart_where_they_can_be() {
        let genes = json!({"of": ["AA", "Aa", "aa", "aa"]});
        assert!(passes(
            "choice",
            &genes,
            Some(json!("B")),
            "The answer is Aa."
        ));
        assert!(!passes(
            "choice",
            &genes,
            Some(json!("B")),
            "The answer is AA."
        ));
        assert!(passes(
            "choice",
            &genes,
            Some(json!("D")),
            "The answer is (D)"
        ));
        assert!(!passes("choice", &genes, Some(json!("D")), "aa"));
    }

    #[test]
    fn options_or_an_answer_that_are_missing_are_nobodys_fail() {
        let broken = Value::Unscored(Unscored::Broken);
        assert_eq!(value("choice", &json!({}), Some(json!("A")), "A"), broken);
        let options = json!({"of": ["yes", "no"]});
        assert_eq!(value("choice", &options, None, "yes"), broken);
        assert_eq!(
            value("choice", &options, Some(json!("maybe")), "yes"),
            broken
        );
        assert!(decoded("choice", &json!({"of": ["one"]})).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in any::<String>()) {
            cities().picked(&text);
        }
    }
}
