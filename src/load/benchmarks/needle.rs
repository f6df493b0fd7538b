//! Long texts with numbers to be found, made here at any length: the rows that RULER's retrieval tasks have ("needle in a haystack"; Hsieh et
//! al. 2024, "RULER: What's the Real Context Size of Your Long-Context Language Models?").
//!
//! Sentence after sentence says nothing of importance; between them stand sentences that each give a number to a thing, and some of these
//! numbers are asked for. The texts are of our own making, so that figures are comparable between models here and not with published ones.
//! The same options make the same texts on every machine. Lengths are counted in words: tokens are counted differently by every model.

use serde_json::{Value as Json, json};

use crate::domain::decode::{Fields, Whole};

/// The most words of all texts together.
const MOST_WORDS: u64 = 5_000_000;

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needle {
    /// Words of each text, up to the length of a sentence.
    pub words: u64,
    /// Texts.
    pub cases: u64,
    /// Numbers asked for.
    pub needles: u64,
    /// Numbers of other things, which are not asked for.
    pub others: u64,
    /// Decides the texts.
    pub seed: u64,
}

/// Reads the options.
pub(crate) fn decode(fields: &mut Fields<'_>) -> Option<Needle> {
    let words = fields.required("words", "words of each text", Whole(50..=2_000_000));
    let cases = fields.or(
        "cases",
        "how many texts; default: 20",
        Whole(1..=10_000),
        20,
    );
    let needles = fields.or(
        "needles",
        "numbers that are asked for in each text; default: 1",
        Whole(1..=20),
        1,
    );
    let others = fields.or(
        "others",
        "numbers of other things in each text, not asked for; default: 0",
        Whole(0..=200),
        0,
    );
    let seed = fields.or(
        "seed",
        "decides the texts; default: 0",
        Whole(0..=u64::MAX),
        0,
    );
    let words = words?;
    if words.saturating_mul(cases) > MOST_WORDS {
        fields.problem(
            "words",
            format!("{words} words in {cases} texts are more than {MOST_WORDS} words in all; ask for fewer of either"),
        );
        return None;
    }
    Some(Needle {
        words,
        cases,
        needles,
        others,
        seed,
    })
}

const QUALITIES: &[&str] = &[
    "amber", "brass", "cedar", "cobalt", "copper", "coral", "crimson", "ebony", "golden",
    "granite", "ivory", "jade", "linen", "marble", "olive", "pearl", "ruby", "scarlet", "silver",
    "velvet",
];
const THINGS: &[&str] = &[
    "anchor", "basket", "candle", "drum", "engine", "feather", "garden", "hammer", "island",
    "jacket", "kettle", "ladder", "mirror", "needle", "orchard", "pillow", "quill", "ribbon",
    "saddle", "teapot",
];
const WHO: &[&str] = &[
    "A neighbour",
    "The baker",
    "Her cousin",
    "The clerk",
    "A gardener",
    "The old captain",
    "Our teacher",
    "A quiet child",
    "The postman",
    "His sister",
    "The printer",
    "A traveller",
];
const DID: &[&str] = &[
    "walked past",
    "painted",
    "talked about",
    "waited beside",
    "remembered",
    "drew",
    "looked for",
    "cleaned",
    "admired",
    "asked about",
    "wrote home about",
    "slept near",
];
const WHAT: &[&str] = &[
    "the bridge",
    "a row of houses",
    "the river bank",
    "the empty station",
    "a field of barley",
    "the market square",
    "an open window",
    "the library steps",
    "a broken fence",
    "the harbour wall",
    "the mill",
    "a wooden bench",
];
const WHEN: &[&str] = &[
    "before breakfast",
    "on a rainy day",
    "late in the summer",
    "every other week",
    "after the concert",
    "while it snowed",
    "in the early evening",
    "without a word",
    "for most of an hour",
    "as usual",
];

/// SplitMix64 (Steele, Lea and Flood 2014): a sequence that its seed decides.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number below `most`, which is not 0.
    fn below(&mut self, most: usize) -> usize {
        // The surplus of some values over others is below one in a trillion for the few that are asked for here.
        usize::try_from(self.next() % most as u64).unwrap_or(0)
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// Rows as RULER's own program writes them: `index`, `input`, `outputs`, and the `depth` of the first needle in tenths of the text.
/// The depths of the first needle are spread evenly over the texts, all other needles lie anywhere.
#[must_use]
pub fn rows(wanted: &Needle) -> Vec<Json> {
    (0..wanted.cases).map(|at| row(wanted, at)).collect()
}

fn row(wanted: &Needle, at: u64) -> Json {
    // Of its own, so that more texts leave the first ones as they are.
    let mut dice = Dice(wanted.seed ^ at.wrapping_mul(0xd134_2543_de82_ef95));
    let mut sentences = Vec::new();
    let mut words = 0;
    while words < wanted.words {
        let parts = [
            dice.one_of(WHO),
            dice.one_of(DID),
            dice.one_of(WHAT),
            dice.one_of(WHEN),
        ];
        let sentence = format!("{}.", parts.join(" "));
        words += sentence.split(' ').count() as u64;
        sentences.push(sentence);
    }
    let count = usize::try_from(wanted.needles + wanted.others).unwrap_or(0);
    let asked = usize::try_from(wanted.needles).unwrap_or(0);
    let mut things: Vec<String> = Vec::new();
    while things.len() < count {
        let thing = format!("{} {}", dice.one_of(QUALITIES), dice.one_of(THINGS));
        if !things.contains(&thing) {
            things.push(thing);
        }
    }
    let numbers: Vec<u64> = things
        .iter()
        .map(|_| 1_000_000 + dice.next() % 9_000_000)
        .collect();
    // In tenths, from the first to the last.
    let depth = if wanted.cases > 1 {
        at * 10 / (wanted.cases - 1)
    } else {
        5
    };
    let first = sentences.len() * usize::try_from(depth).unwrap_or(0) / 10;
    // From the back, so that the place of the first stays right.
    let mut placed: Vec<(usize, String)> = things
        .iter()
        .zip(&numbers)
        .enumerate()
        .map(|(which, (thing, number))| {
            let place = if which == 0 {
                first
            } else {
                dice.below(sentences.len() + 1)
            };
            (place, format!("The number of the {thing} is {number}."))
        })
        .collect();
    placed.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    for (place, sentence) in placed {
        sentences.insert(place, sentence);
    }
    let names: Vec<String> = things[..asked]
        .iter()
        .map(|thing| format!("the {thing}"))
        .collect();
    let question = match names.split_last() {
        Some((last, [])) => format!("What is the number of {last}? Reply with the number alone."),
        Some((last, rest)) => format!(
            "What are the numbers of {} and {last}? Reply with these numbers alone.",
            rest.join(", ")
        ),
        None => String::new(),
    };
    let outputs: Vec<String> = numbers[..asked].iter().map(u64::to_string).collect();
    json!({
        "index": at,
        "input": format!("Read this text. Some of its sentences give a thing its number.\n\n{}\n\n{question}", sentences.join(" ")),
        "outputs": outputs,
        "depth": depth,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Needle = Needle {
        words: 400,
        cases: 11,
        needles: 2,
        others: 3,
        seed: 7,
    };

    fn text(row: &Json) -> &str {
        row["input"].as_str().unwrap()
    }

    #[test]
    fn each_text_is_as_long_as_asked_and_holds_what_is_asked_for() {
        let made = rows(&SMALL);
        assert_eq!(made.len(), 11);
        for row in &made {
            let words = text(row).split_whitespace().count();
            assert!((400..520).contains(&words), "{words}");
            assert_eq!(text(row).matches("The number of the ").count(), 5);
            let outputs = row["outputs"].as_array().unwrap();
            assert_eq!(outputs.len(), 2);
            for output in outputs {
                let sentence = format!(" is {}.", output.as_str().unwrap());
                assert_eq!(text(row).matches(&sentence).count(), 1);
            }
        }
    }

    #[test]
    fn the_first_needle_lies_at_depths_from_the_beginning_to_the_end() {
        let one = Needle {
            needles: 1,
            others: 0,
            ..SMALL
        };
        for (at, row) in rows(&one).iter().enumerate() {
            assert_eq!(row["depth"], json!(at));
            let found = text(row).find("The number of the ").unwrap();
            let share = found as f64 / text(row).len() as f64;
            assert!((share - at as f64 / 10.0).abs() < 0.12, "{at}: {share}");
        }
    }

    #[test]
    fn options_decide_the_texts_and_more_of_them_change_none() {
        assert_eq!(rows(&SMALL), rows(&SMALL));
        assert_ne!(rows(&SMALL)[0], rows(&Needle { seed: 8, ..SMALL })[0]);
        let inputs = |cases| -> Vec<Json> {
            let made = rows(&Needle {
                cases,
                needles: 1,
                others: 0,
                ..SMALL
            });
            made.into_iter().map(|row| row["outputs"].clone()).collect()
        };
        assert_eq!(inputs(3)[..], inputs(30)[..3]);
    }
}
