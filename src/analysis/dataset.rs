//! What a dataset holds, from its cases one by one: how many, how long, how often the same, what is missing.
//!
//! Of each case about 30 bytes are held: lengths, digests of its input, of its input without case, punctuation and spaces, and of its
//! cluster.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::case::Case;
use crate::domain::digest::Digest;
use crate::stats::quantile_of_sorted;

/// Letters that a token is taken to have: what tokenisers of English text come near to.
pub const LETTERS_PER_TOKEN: f64 = 4.0;
/// Tags and columns that are counted; more have no count.
const MOST_NAMES: usize = 10_000;

/// Lengths of texts, in characters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lengths {
    /// Texts.
    pub count: u64,
    /// The shortest.
    pub least: f64,
    /// The median (type 7).
    pub median: f64,
    /// The 90th percentile (type 7).
    pub p90: f64,
    /// The longest.
    pub most: f64,
    /// All together.
    pub sum: f64,
}

/// What is known of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetStats {
    /// Cases.
    pub cases: u64,
    /// Lengths of inputs; `None` without cases.
    pub input: Option<Lengths>,
    /// Lengths of the right answers, all accepted ones of a case together; `None` where none has any.
    pub expected: Option<Lengths>,
    /// Tokens of all inputs, estimated from their letters alone.
    pub estimated_input_tokens: u64,
    /// Cases whose input another case before them has too, letter by letter.
    pub duplicates: u64,
    /// The same, leaving out upper and lower case, punctuation and spaces; duplicates are among them.
    pub near_duplicates: u64,
    /// Distinct clusters; `None` where no case names one.
    pub clusters: Option<u64>,
    /// Cases by tag.
    pub tags: BTreeMap<String, u64>,
    /// Cases without an expected answer, without tags, and with an empty input.
    pub missing: BTreeMap<&'static str, u64>,
    /// Cases by column that is no field of ours; an empty text or null is absence.
    pub columns: BTreeMap<String, u64>,
}

/// Takes cases in, one by one.
#[derive(Debug, Default)]
pub struct DatasetTally {
    input: Vec<u32>,
    expected: Vec<u32>,
    exact: Vec<u64>,
    near: Vec<u64>,
    clusters: Vec<u64>,
    tags: BTreeMap<String, u64>,
    columns: BTreeMap<String, u64>,
    no_expected: u64,
    no_tags: u64,
    no_input: u64,
}

impl DatasetTally {
    /// Takes in a case.
    pub fn add(&mut self, case: &Case) {
        let messages = case.input.messages();
        let texts: Vec<&str> = messages.iter().map(|one| one.content.as_str()).collect();
        let text = texts.join("\n");
        self.input.push(letters(&text));
        self.no_input += u64::from(text.trim().is_empty());
        self.exact.push(Digest::of(text.as_bytes()).word());
        let bare: String = text
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        // Of signs alone nothing would be left to compare.
        let bare = if bare.is_empty() { &text } else { &bare };
        self.near.push(Digest::of(bare.as_bytes()).word());
        match case.accepted().as_slice() {
            [] => self.no_expected += 1,
            accepted => {
                let sum = accepted.iter().map(|one| letters(one));
                self.expected.push(sum.fold(0, u32::saturating_add));
            }
        }
        self.no_tags += u64::from(case.tags.is_empty());
        for tag in &case.tags {
            count(&mut self.tags, tag);
        }
        if let Some(cluster) = &case.cluster {
            self.clusters.push(Digest::of(cluster.as_bytes()).word());
        }
        for (name, value) in &case.columns {
            if !value.is_null() && value.as_str() != Some("") {
                count(&mut self.columns, name);
            }
        }
    }

    /// What they say together.
    #[must_use]
    pub fn finish(self) -> DatasetStats {
        let input = lengths(self.input);
        let tokens = input.as_ref().map_or(0.0, |input| input.sum) / LETTERS_PER_TOKEN;
        let missing = [
            ("input", self.no_input),
            ("expected", self.no_expected),
            ("tags", self.no_tags),
        ];
        DatasetStats {
            cases: self.exact.len() as u64,
            estimated_input_tokens: tokens.round() as u64,
            input,
            expected: lengths(self.expected),
            duplicates: repeated(self.exact),
            near_duplicates: repeated(self.near),
            clusters: match self.clusters.is_empty() {
                true => None,
                false => {
                    let all = self.clusters.len() as u64;
                    Some(all - repeated(self.clusters))
                }
            },
            tags: self.tags,
            missing: missing
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .collect(),
            columns: self.columns,
        }
    }
}

fn letters(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

fn count(names: &mut BTreeMap<String, u64>, name: &str) {
    if let Some(count) = names.get_mut(name) {
        *count += 1;
    } else if names.len() < MOST_NAMES {
        names.insert(name.to_owned(), 1);
    }
}

/// How many stand there that stood there before.
fn repeated(mut words: Vec<u64>) -> u64 {
    let all = words.len();
    words.sort_unstable();
    words.dedup();
    (all - words.len()) as u64
}

fn lengths(mut of: Vec<u32>) -> Option<Lengths> {
    // Quantiles of whole numbers lie on tenths; what stands behind is the machine's.
    let tenths = |value: f64| (value * 10.0).round() / 10.0;
    of.sort_unstable();
    let sorted: Vec<f64> = of.into_iter().map(f64::from).collect();
    Some(Lengths {
        count: sorted.len() as u64,
        least: *sorted.first()?,
        median: tenths(quantile_of_sorted(&sorted, 0.5).ok()?),
        p90: tenths(quantile_of_sorted(&sorted, 0.9).ok()?),
        most: *sorted.last()?,
        sum: sorted.iter().sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stats(cases: &[Case]) -> DatasetStats {
        let mut tally = DatasetTally::default();
        cases.iter().for_each(|case| tally.add(case));
        tally.finish()
    }

    #[test]
    fn cases_are_counted_measured_and_compared() {
        let case = |id: &str, input: &str, expected: Option<&str>| Case {
            expected: expected.map(|text| json!(text)),
            ..Case::new(id, input)
        };
        let mut cases = vec![
            case("a", "What is it?", Some("tea")),
            case("b", "What is it?", Some("green tea")),
            case("c", "what IS it", None),
            case("d", "Über allen", None),
            case("e", "?!", None),
        ];
        cases[0].tags = vec!["t".into()];
        cases[0].cluster = Some("one".into());
        cases[1].cluster = Some("one".into());
        cases[2].columns = json!({"k": 1, "none": null, "empty": ""})
            .as_object()
            .unwrap()
            .clone();
        let found = stats(&cases);
        assert_eq!(found.cases, 5);
        assert_eq!((found.duplicates, found.near_duplicates), (1, 2));
        let input = found.input.unwrap();
        assert_eq!(
            (input.least, input.median, input.most, input.sum),
            (2.0, 10.0, 11.0, 44.0)
        );
        assert_eq!(found.estimated_input_tokens, 11);
        assert_eq!(found.expected.unwrap().count, 2);
        assert_eq!(found.clusters, Some(1));
        assert_eq!(found.tags, [("t".to_owned(), 1)].into());
        assert_eq!(found.missing, [("expected", 3), ("tags", 4)].into());
        assert_eq!(found.columns, [("k".to_owned(), 1)].into());
    }

    #[test]
    fn lengths_are_told_to_the_tenths_that_they_have() {
        let of: Vec<u32> = (1..=40).map(|nth| nth * nth + 7).collect();
        let found = lengths(of).unwrap();
        assert_eq!((found.median, found.p90), (427.5, 1310.3));
        assert_eq!(found.p90.to_string().len(), 6);
    }

    #[test]
    fn without_cases_there_are_no_lengths() {
        let found = stats(&[]);
        assert_eq!((found.cases, found.input, found.clusters), (0, None, None));
    }
}
