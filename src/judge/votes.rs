//! Several readings of one question, as one score.
//!
//! More than half of the votes must be readable. Pass or fail goes by the majority of those, and a tie is none; a grade or a probability is
//! their mean. The spread stays with the score.

use serde_json::{Value as Json, json};

use super::file::PassRule;
use super::read::{Reading, Unread};
use crate::domain::score::{Score, Unscored, Value};

/// The most of a judge's reasons that a score's reason takes over, in characters; the whole reply is kept beside it.
const MOST_REASON: usize = 1_000;

/// How votes become a value.
#[derive(Debug, Clone)]
pub(super) enum Count {
    /// By majority.
    Majority,
    /// By mean; the rule says which means pass.
    Mean(Option<PassRule>),
}

/// The score of the votes, without what was asked.
pub(super) fn combine(id: &str, count: &Count, votes: &[Result<Reading, Unread>]) -> Score {
    let readings: Vec<&Reading> = votes.iter().flatten().collect();
    if readings.len() * 2 <= votes.len() {
        return without_value(id, votes, readings.len());
    }
    match count {
        Count::Majority => majority(id, &readings),
        Count::Mean(rule) => mean(id, rule.as_ref(), &readings),
    }
}

fn without_value(id: &str, votes: &[Result<Reading, Unread>], readable: usize) -> Score {
    let unread: Vec<&Unread> = votes
        .iter()
        .filter_map(|vote| vote.as_ref().err())
        .collect();
    let Some(first) = unread.first() else {
        return Score::unscored(id, Unscored::Unavailable, "the judge was not asked");
    };
    let is_one_cause = unread.iter().all(|vote| vote.cause == first.cause);
    if readable == 0 && is_one_cause {
        return Score::unscored(id, first.cause, first.why.clone());
    }
    Score::unscored(
        id,
        Unscored::NoMajority,
        format!(
            "{readable} of {} votes could be read; one that could not: {}",
            votes.len(),
            first.why
        ),
    )
}

fn majority(id: &str, readings: &[&Reading]) -> Score {
    let passed = readings
        .iter()
        .filter(|reading| reading.grade > 0.5)
        .count();
    let failed = readings.len() - passed;
    if passed == failed {
        return Score::unscored(
            id,
            Unscored::NoMajority,
            format!("{passed} votes pass and {failed} fail"),
        );
    }
    let pass = passed > failed;
    let mut score = Score::new(id, Value::Pass(pass));
    score.reason = rationale(
        readings
            .iter()
            .find(|reading| (reading.grade > 0.5) == pass),
    );
    score
}

fn mean(id: &str, rule: Option<&PassRule>, readings: &[&Reading]) -> Score {
    #[expect(clippy::cast_precision_loss, reason = "there are at most 99 votes")]
    let mean = readings.iter().map(|reading| reading.grade).sum::<f64>() / readings.len() as f64;
    let nearest = readings
        .iter()
        .min_by(|a, b| (a.grade - mean).abs().total_cmp(&(b.grade - mean).abs()));
    let mut score = Score::new(id, Value::Number(mean));
    score.pass = rule.map(|rule| rule.holds(mean));
    score.reason = rationale(nearest);
    score
}

fn rationale(reading: Option<&&Reading>) -> Option<String> {
    let text = reading?.rationale.trim();
    let cut = match text.char_indices().nth(MOST_REASON) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    };
    (!cut.is_empty()).then_some(cut)
}

/// What is kept of the votes: each grade (`null` where unread, with its cause), the spread, and the probabilities behind a P(yes).
pub(super) fn details(votes: &[Result<Reading, Unread>]) -> Json {
    let list: Vec<Json> = votes
        .iter()
        .map(|vote| match vote {
            Ok(reading) if reading.details.is_null() => json!({"grade": reading.grade}),
            Ok(reading) => {
                let mut entry = json!({"grade": reading.grade});
                if let (Some(entry), Some(more)) =
                    (entry.as_object_mut(), reading.details.as_object())
                {
                    entry.extend(more.clone());
                }
                entry
            }
            Err(unread) => json!({"grade": null, "cause": unread.cause, "why": unread.why}),
        })
        .collect();
    let grades = || votes.iter().flatten().map(|reading| reading.grade);
    let mut details = json!({"votes": list});
    if let (Some(low), Some(high)) = (grades().reduce(f64::min), grades().reduce(f64::max)) {
        details["spread"] = json!([low, high]);
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(grade: f64) -> Result<Reading, Unread> {
        Ok(Reading {
            grade,
            rationale: format!("because {grade}"),
            details: Json::Null,
        })
    }

    fn unread(cause: Unscored) -> Result<Reading, Unread> {
        Err(Unread {
            cause,
            why: "prose".into(),
        })
    }

    #[test]
    fn the_majority_of_the_readable_votes_decides() {
        let value = |votes: &[Result<Reading, Unread>]| combine("j", &Count::Majority, votes).value;
        assert_eq!(value(&[read(1.0), read(0.0), read(1.0)]), Value::Pass(true));
        assert_eq!(
            value(&[read(0.0), read(0.0), read(1.0)]),
            Value::Pass(false)
        );
        assert_eq!(
            value(&[read(0.0), read(0.0), unread(Unscored::Unreadable)]),
            Value::Pass(false)
        );
        let tied = Value::Unscored(Unscored::NoMajority);
        assert_eq!(value(&[read(0.0), read(1.0)]), tied);
        assert_eq!(
            value(&[read(0.0), read(1.0), unread(Unscored::Refused)]),
            tied
        );
    }

    #[test]
    fn half_of_the_votes_is_not_enough() {
        let value =
            |votes: &[Result<Reading, Unread>]| combine("j", &Count::Mean(None), votes).value;
        let lost = || unread(Unscored::Unreadable);
        assert_eq!(
            value(&[read(4.0), lost()]),
            Value::Unscored(Unscored::NoMajority)
        );
        assert_eq!(
            value(&[read(4.0), lost(), lost()]),
            Value::Unscored(Unscored::NoMajority)
        );
        assert_eq!(value(&[read(4.0), read(5.0), lost()]), Value::Number(4.5));
        assert_eq!(value(&[lost()]), Value::Unscored(Unscored::Unreadable));
        assert_eq!(
            value(&[lost(), lost()]),
            Value::Unscored(Unscored::Unreadable)
        );
        assert_eq!(
            value(&[lost(), unread(Unscored::Refused)]),
            Value::Unscored(Unscored::NoMajority)
        );
        assert_eq!(value(&[]), Value::Unscored(Unscored::Unavailable));
    }

    #[test]
    fn a_mean_keeps_its_spread_and_the_reason_nearest_to_it() {
        let votes = [read(1.0), read(5.0), read(4.0)];
        let rule = PassRule::even();
        let score = combine("j", &Count::Mean(Some(rule)), &votes);
        assert_eq!(score.value, Value::Number(10.0 / 3.0));
        assert_eq!(score.pass, Some(true));
        assert_eq!(score.reason.unwrap(), "because 4");
        assert_eq!(details(&votes)["spread"], json!([1.0, 5.0]));
    }
}
