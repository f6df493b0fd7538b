//! Whether an annotator changed their ways: the second half of their labels by time against the first.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{CONFIDENCE, Timed, figure, rating, word};
use crate::analysis::findings::Figure;
use crate::domain::label::Label;
use crate::stats::{Count, Difference, Sample, Scale, Undefined, holm, newcombe, welch};

/// The second half of an annotator's labels against the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// What is compared: `pass`, `rating`, a class: the one that differs most.
    pub of: String,
    /// Second half less first.
    pub difference: Figure,
    /// The test's p-value, by Holm where several classes are looked at; `None`: undefined.
    pub p: Option<f64>,
    /// The test: `fisher-exact`, `welch`.
    pub test: String,
}

/// The second half by time against the first. Of an odd number the one in the middle belongs to the second.
pub(super) fn drift(own: &[Timed<'_>], given: &[Timed<'_>], scale: Option<Scale>) -> Option<Drift> {
    let mut timed: Vec<(i64, &Label)> = own
        .iter()
        .filter_map(|one| Some((one.at_ms?, one.label)))
        .collect();
    if timed.len() < 4 {
        return None;
    }
    timed.sort_by_key(|(at, label)| (*at, label.line));
    let (first, second) = timed.split_at(timed.len() / 2);
    let ratings = |half: &[(i64, &Label)]| -> Vec<f64> {
        half.iter().filter_map(|(_, label)| rating(label)).collect()
    };
    let (old, new) = (ratings(first), ratings(second));
    if !old.is_empty() && !new.is_empty() {
        let mut found = welch(&Sample::new(&old), &Sample::new(&new), CONFIDENCE);
        if let (Ok(difference), Some(scale)) = (&mut found, scale)
            && let Ok(ends) = &mut difference.estimate.interval
        {
            // No two grades lie farther apart than the ends of their scale.
            ends.low = ends.low.map(|low| low.max(-scale.range()));
            ends.high = ends.high.map(|high| high.min(scale.range()));
        }
        return Some(drifted(
            "rating".to_owned(),
            found,
            None,
            old.len() + new.len(),
        ));
    }
    let words: BTreeSet<String> = given
        .iter()
        .filter_map(|one| word(one.label.said.as_ref()?))
        .collect();
    // One of two says what the other does.
    let looked_at: Vec<String> = match words.contains("pass") || words.contains("fail") {
        true => vec!["pass".to_owned()],
        false => words.into_iter().collect(),
    };
    let count = |half: &[(i64, &Label)], wanted: &str| Count {
        successes: half
            .iter()
            .filter(|(_, label)| label.said.as_ref().and_then(word).as_deref() == Some(wanted))
            .count() as u64,
        n: half.len() as u64,
    };
    let found: Vec<Result<Difference, Undefined>> = looked_at
        .iter()
        .map(|wanted| newcombe(count(first, wanted), count(second, wanted), CONFIDENCE))
        .collect();
    let p_of = |found: &Result<Difference, Undefined>| {
        let test = found.as_ref().ok()?.test.as_ref().ok()?;
        Some(test.p)
    };
    let all: Vec<f64> = found
        .iter()
        .map(|found| p_of(found).unwrap_or(1.0))
        .collect();
    let adjusted = holm(&all).unwrap_or_else(|_| vec![1.0; all.len()]);
    let least = (0..all.len()).min_by(|&one, &other| all[one].total_cmp(&all[other]))?;
    let difference = found.into_iter().nth(least)?;
    let of = looked_at.into_iter().nth(least)?;
    Some(drifted(of, difference, Some(adjusted[least]), timed.len()))
}

fn drifted(
    of: String,
    found: Result<Difference, Undefined>,
    adjusted: Option<f64>,
    n: usize,
) -> Drift {
    let test = found
        .as_ref()
        .ok()
        .and_then(|found| found.test.as_ref().ok())
        .copied();
    Drift {
        of,
        p: test.map(|test| adjusted.unwrap_or(test.p)),
        test: test.map_or_else(String::new, |test| test.method.name().to_owned()),
        difference: figure(found.map(|found| found.estimate), n),
    }
}
