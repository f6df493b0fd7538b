//! Examples to learn from: of the train part alone, and nothing that stands, in the same or nearly the same words, in dev or test.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

/// Most examples that a judge is given.
const MOST: usize = 4;
/// The share of common words from which two texts are nearly the same.
const NEARLY: f64 = 0.8;

/// A labelled output that may become an example.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// The texts that the judge is given, by their names in its file.
    pub(super) texts: BTreeMap<&'static str, String>,
    /// What people say, as the judge would.
    pub(super) verdict: String,
    /// Their reasons.
    pub(super) critique: Option<String>,
    /// The present judge says something else.
    pub(super) is_wrong: bool,
}

/// The words of a text, in small letters, without what stands between them.
fn words(texts: &BTreeMap<&'static str, String>) -> BTreeSet<String> {
    let split = |text: &String| -> Vec<String> {
        text.split(|one: char| !one.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    // What was asked may be the same everywhere; it is the outputs that must not be known.
    let outputs = texts.iter().filter(|(name, _)| name.starts_with("output"));
    outputs.flat_map(|(_, text)| split(text)).collect()
}

fn are_alike(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let common = one.intersection(other).count() as f64;
    let all = one.union(other).count() as f64;
    all == 0.0 || common / all >= NEARLY
}

/// The examples as the judge's file holds them, and how many were left out for being too like an output of dev or test.
pub(super) fn choose(
    train: &[Known],
    held: &[BTreeMap<&'static str, String>],
) -> (Vec<Json>, usize) {
    let held: Vec<BTreeSet<String>> = held.iter().map(words).collect();
    let (mut clean, mut leaking) = (Vec::new(), 0);
    for one in train {
        let own = words(&one.texts);
        if held.iter().any(|other| are_alike(&own, other)) {
            leaking += 1;
        } else {
            clean.push(one);
        }
    }
    // What the judge gets wrong teaches most, and what people explained more than what they did not.
    clean.sort_by_key(|one| (!one.is_wrong, one.critique.is_none()));
    let mut by_verdict: BTreeMap<&str, Vec<&Known>> = BTreeMap::new();
    for one in clean {
        by_verdict.entry(&one.verdict).or_default().push(one);
    }
    let mut chosen = Vec::new();
    for nth in 0..MOST {
        let rest = by_verdict.values().filter_map(|all| all.get(nth).copied());
        chosen.extend(rest);
    }
    chosen.truncate(MOST);
    let example = |one: &Known| {
        let mut example = json!(one.texts);
        if let Some(critique) = &one.critique {
            example["reasoning"] = json!(critique);
        }
        example["verdict"] = json!(one.verdict);
        example
    };
    (chosen.into_iter().map(example).collect(), leaking)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(output: &str, verdict: &str, is_wrong: bool) -> Known {
        Known {
            texts: BTreeMap::from([("input", "ask".to_owned()), ("output", output.to_owned())]),
            verdict: verdict.into(),
            critique: is_wrong.then(|| "because".into()),
            is_wrong,
        }
    }

    #[test]
    fn what_dev_or_test_knows_is_no_example() {
        let train = [
            known("The town is Paris, of course.", "pass", false),
            known("It rains in Oslo most days", "fail", true),
            known("Nothing alike at all here", "pass", false),
        ];
        let held = [
            BTreeMap::from([("output", "the TOWN is: Paris of course".to_owned())]),
            BTreeMap::from([("output", "It rains in Oslo most of days".to_owned())]),
        ];
        let (found, leaking) = choose(&train, &held);
        assert_eq!(leaking, 2);
        assert_eq!(
            found,
            [json!({"input": "ask", "output": "Nothing alike at all here", "verdict": "pass"})]
        );
    }

    #[test]
    fn each_verdict_is_shown_and_errors_come_first() {
        let train: Vec<Known> = (0..6)
            .map(|at| known(&format!("pass words {at} {at}{at}"), "pass", at == 5))
            .chain([known("something bad", "fail", false)])
            .collect();
        let (found, _) = choose(&train, &[]);
        assert_eq!(found.len(), 4);
        let verdicts: Vec<&Json> = found.iter().map(|one| &one["verdict"]).collect();
        assert!(verdicts.contains(&&json!("fail")));
        assert!(found.iter().any(|one| one["reasoning"] == "because"));
    }
}
