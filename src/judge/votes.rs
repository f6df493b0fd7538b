//! Several readings of one question, as one score.
//!
//! More than half of the votes must be readable. Pass or fail goes by the majority of those, a class by the most votes, and a tie is none; a
//! grade or a probability is their mean. The spread stays with the score.

use serde_json::{Map, Value as Json, json};

use super::read::{Reading, Unread};
use super::scale::{PassRule, Scale};
use crate::domain::instrument::LabelScale;
use crate::domain::score::{Score, Unscored, Value};

/// The most of a judge's reasons that a score's reason takes over, in characters; the whole reply is kept beside it.
const MOST_REASON: usize = 1_000;

/// How votes become a value.
#[derive(Debug, Clone)]
pub(super) enum Count {
    /// By majority of those that pass and fail.
    Majority(Passes),
    /// By the first that fails: one decides, and a pass needs all.
    AnyFail(Passes),
    /// By mean; the rule says which means pass.
    Mean(Option<PassRule>),
    /// By the most votes for one class; these classes pass.
    Class(Vec<String>),
}

/// Which grades are a pass.
#[derive(Debug, Clone)]
pub(super) enum Passes {
    /// 1 of 0 and 1.
    Half,
    /// By the scale's own rule.
    By(LabelScale),
}

impl Passes {
    fn holds(&self, grade: f64) -> bool {
        match self {
            Self::Half => grade > 0.5,
            Self::By(scale) => scale.passes(grade).unwrap_or(false),
        }
    }
}

/// The score of the votes, without what was asked.
pub(super) fn combine(
    id: &str,
    scale: &Scale,
    count: &Count,
    votes: &[Result<Reading, Unread>],
) -> Score {
    let readings: Vec<&Reading> = votes.iter().flatten().collect();
    if let Count::AnyFail(passes) = count {
        return any_fail(id, passes, votes, &readings);
    }
    if readings.len() * 2 <= votes.len() {
        return without_value(id, votes, readings.len());
    }
    match count {
        Count::Majority(passes) | Count::AnyFail(passes) => majority(id, passes, &readings),
        Count::Mean(rule) => mean(id, rule.as_ref(), &readings),
        Count::Class(pass) => class(id, scale, pass, &readings),
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

fn any_fail(
    id: &str,
    passes: &Passes,
    votes: &[Result<Reading, Unread>],
    readings: &[&Reading],
) -> Score {
    let failed = readings.iter().find(|one| !passes.holds(one.grade));
    if failed.is_none() && (votes.is_empty() || readings.len() < votes.len()) {
        return without_value(id, votes, readings.len());
    }
    let mut score = Score::new(id, Value::Pass(failed.is_none()));
    score.reason = rationale(failed.or(readings.first()));
    score
}

fn majority(id: &str, passes: &Passes, readings: &[&Reading]) -> Score {
    let passed = readings
        .iter()
        .filter(|reading| passes.holds(reading.grade))
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
            .find(|reading| passes.holds(reading.grade) == pass),
    );
    score
}

fn class(id: &str, scale: &Scale, pass: &[String], readings: &[&Reading]) -> Score {
    let counts = counts(scale, readings);
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let first: Vec<&str> = counts
        .iter()
        .filter(|(_, count)| *count == most)
        .map(|(name, _)| name.as_str())
        .collect();
    let &[name] = first.as_slice() else {
        return Score::unscored(
            id,
            Unscored::NoMajority,
            format!(
                "{} have {most} vote{} each",
                first.join(" and "),
                if most == 1 { "" } else { "s" }
            ),
        );
    };
    let mut score = Score::new(id, Value::Label(name.to_owned()));
    score.pass = (!pass.is_empty()).then(|| pass.iter().any(|one| one == name));
    score.reason = rationale(
        readings
            .iter()
            .find(|reading| scale.class(reading.grade) == Some(name)),
    );
    score
}

/// How many votes each class has, in the file's order; a class without any is left out.
fn counts(scale: &Scale, readings: &[&Reading]) -> Vec<(String, usize)> {
    let of = |name: &str| {
        readings
            .iter()
            .filter(|reading| scale.class(reading.grade) == Some(name))
            .count()
    };
    let counts = scale.grades().into_iter().map(|name| (of(&name), name));
    counts
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| (name, count))
        .collect()
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

/// What is kept of the votes: each grade or class (`null` where unread, with its cause), the spread (lowest and highest grade, or the
/// votes of each class), the probabilities behind a P(yes), and what a pairwise judge said in either order.
pub(super) fn details(scale: &Scale, votes: &[Result<Reading, Unread>]) -> Json {
    let is_class = matches!(scale, Scale::Classes(_));
    let key = if is_class { "class" } else { "grade" };
    let list: Vec<Json> = votes
        .iter()
        .map(|vote| match vote {
            Ok(reading) => {
                let mut entry = Map::new();
                let said = match scale.class(reading.grade) {
                    Some(class) => json!(class),
                    None => json!(reading.grade),
                };
                entry.insert(key.into(), said);
                with(entry, &reading.details)
            }
            Err(unread) => {
                let mut entry = Map::new();
                entry.insert(key.into(), Json::Null);
                entry.insert("cause".into(), json!(unread.cause));
                entry.insert("why".into(), json!(unread.why));
                with(entry, &unread.details)
            }
        })
        .collect();
    let mut details = json!({"votes": list});
    let readings: Vec<&Reading> = votes.iter().flatten().collect();
    let grades = || readings.iter().map(|reading| reading.grade);
    if is_class {
        let counts = counts(scale, &readings).into_iter();
        details["spread"] = counts.map(|(name, count)| (name, json!(count))).collect();
    } else if let (Some(low), Some(high)) = (grades().reduce(f64::min), grades().reduce(f64::max)) {
        details["spread"] = json!([low, high]);
    }
    details
}

/// An entry with what else was seen.
fn with(mut entry: Map<String, Json>, more: &Json) -> Json {
    if let Some(more) = more.as_object() {
        entry.extend(more.clone());
    }
    Json::Object(entry)
}

#[cfg(test)]
mod tests {
    use super::super::scale::Class;
    use super::*;

    fn read(grade: f64) -> Result<Reading, Unread> {
        Ok(Reading {
            grade,
            rationale: format!("because {grade}"),
            details: Json::Null,
        })
    }

    const FIVE: Scale = Scale::Range(1, 5);

    fn unread(cause: Unscored) -> Result<Reading, Unread> {
        Err(Unread {
            cause,
            why: "prose".into(),
            details: Json::Null,
        })
    }

    #[test]
    fn the_majority_of_the_readable_votes_decides() {
        let value = |votes: &[Result<Reading, Unread>]| {
            combine("j", &FIVE, &Count::Majority(Passes::Half), votes).value
        };
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
        let value = |votes: &[Result<Reading, Unread>]| {
            combine("j", &FIVE, &Count::Mean(None), votes).value
        };
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
    fn one_readable_fail_decides_and_a_pass_needs_them_all() {
        let value = |votes: &[Result<Reading, Unread>]| {
            combine("j", &Scale::PassFail, &Count::AnyFail(Passes::Half), votes).value
        };
        let lost = || unread(Unscored::Unreadable);
        assert_eq!(value(&[read(1.0), read(1.0)]), Value::Pass(true));
        assert_eq!(
            value(&[read(1.0), read(0.0), read(1.0)]),
            Value::Pass(false)
        );
        assert_eq!(value(&[lost(), lost(), read(0.0)]), Value::Pass(false));
        let open = Value::Unscored(Unscored::NoMajority);
        assert_eq!(value(&[read(1.0), read(1.0), lost()]), open);
        assert_eq!(
            value(&[lost(), lost()]),
            Value::Unscored(Unscored::Unreadable)
        );
        assert_eq!(value(&[]), Value::Unscored(Unscored::Unavailable));
    }

    #[test]
    fn a_mean_keeps_its_spread_and_the_reason_nearest_to_it() {
        let votes = [read(1.0), read(5.0), read(4.0)];
        let rule = PassRule::even();
        let score = combine("j", &FIVE, &Count::Mean(Some(rule)), &votes);
        assert_eq!(score.value, Value::Number(10.0 / 3.0));
        assert_eq!(score.pass, Some(true));
        assert_eq!(score.reason.unwrap(), "because 4");
        assert_eq!(details(&FIVE, &votes)["spread"], json!([1.0, 5.0]));
    }

    #[test]
    fn the_class_with_the_most_votes_is_the_label_and_a_tie_is_none() {
        let scale = Scale::Classes(
            ["kind", "cool", "rude"]
                .map(|name| Class {
                    name: name.into(),
                    meaning: "m".into(),
                })
                .to_vec(),
        );
        let score = |votes: &[Result<Reading, Unread>]| {
            combine("j", &scale, &Count::Class(vec!["kind".into()]), votes)
        };
        let kind = score(&[read(2.0), read(0.0), read(0.0)]);
        assert_eq!(kind.value, Value::Label("kind".into()));
        assert_eq!((kind.pass, kind.passes()), (Some(true), Some(true)));
        assert_eq!(kind.reason.unwrap(), "because 0");
        // Two of five votes are the most, though not more than half.
        let rude = score(&[
            read(2.0),
            read(0.0),
            read(1.0),
            read(2.0),
            unread(Unscored::Refused),
        ]);
        assert_eq!(
            (rude.value, rude.pass),
            (Value::Label("rude".into()), Some(false))
        );
        let tied = score(&[read(0.0), read(1.0), read(2.0)]);
        assert_eq!(tied.value, Value::Unscored(Unscored::NoMajority));
        assert_eq!(
            tied.reason.unwrap(),
            "kind and cool and rude have 1 vote each"
        );
        let lost = score(&[read(0.0), unread(Unscored::Unreadable)]);
        assert_eq!(lost.value, Value::Unscored(Unscored::NoMajority));
        let none = combine("j", &scale, &Count::Class(Vec::new()), &[read(1.0)]);
        assert_eq!((none.value, none.pass), (Value::Label("cool".into()), None));
        let kept = details(&scale, &[read(2.0), read(2.0), unread(Unscored::Refused)]);
        assert_eq!(kept["votes"][0], json!({"class": "rude"}));
        assert_eq!(kept["votes"][2]["class"], Json::Null);
        assert_eq!(kept["spread"], json!({"rude": 2}));
    }
}
