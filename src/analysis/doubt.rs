//! How doubtful a verdict is, by what was recorded with it: a stated probability, the votes, the distance to the bar; and how far several
//! verdicts differ. From 0 (no doubt) to about 1; only relations count.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::domain::score::{Measure, Score, Value};
use crate::domain::suite::Comparison;

/// A scorer, as far as doubts go.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// What it yields.
    pub measure: Measure,
    /// A judge's number from 0 to 1 is its P(pass).
    pub is_judge: bool,
    /// How often it is asked about an output; 0 for a rule.
    pub votes: u32,
    /// The least and the greatest number that it gave, where no scale is declared.
    pub seen: Option<(f64, f64)>,
}

impl Source {
    /// Whether its number is the P(pass) that a judge states.
    #[must_use]
    pub fn states_probability(&self) -> bool {
        let unit = Some((0.0, 1.0));
        self.is_judge
            && matches!(&self.measure, Measure::Number { scale, pass: Some(_) } if *scale == unit)
    }

    /// Lowest and highest number, if they differ.
    fn range(&self) -> Option<(f64, f64)> {
        let declared = match &self.measure {
            Measure::Number { scale, .. } => *scale,
            _ => None,
        };
        declared.or(self.seen).filter(|(low, high)| high > low)
    }

    /// What its doubts are read from, in words; `None`: nothing that it records says how sure it is.
    #[must_use]
    pub fn doubts_by(&self) -> Option<&'static str> {
        let has_bar = matches!(&self.measure, Measure::Number { pass: Some(_), .. });
        match (self.states_probability(), has_bar, self.votes > 1) {
            (true, ..) => Some("its stated P(pass)"),
            (_, true, true) => {
                Some("the distance of its grade to the bar, and the spread of its votes")
            }
            (_, true, false) => Some("the distance of its grade to the bar"),
            (_, false, true) => Some("the spread of its votes"),
            (_, false, false) => None,
        }
    }
}

/// Twice the standard deviation of a yes-or-no with this share: 1 at one half, 0 at the ends.
///
/// Sampling in proportion to the expected error's root mean square, sqrt(p (1 - p)) where a verdict is wrong with the probability that it
/// states, gives the corrected mean its least variance (Zrnic and Candes 2024).
fn two_ways(share: f64) -> f64 {
    let share = share.clamp(0.0, 1.0);
    2.0 * (share * (1.0 - share)).sqrt()
}

/// The same for shares of several classes: the root of twice the probability that two votes differ.
fn many_ways(shares: &BTreeMap<String, f64>) -> f64 {
    let alike: f64 = shares.values().map(|share| share * share).sum();
    (2.0 * (1.0 - alike)).max(0.0).sqrt()
}

/// What each vote said; `None`: it could not be read. Empty where no votes were recorded.
fn votes(score: &Score) -> Vec<Option<&Json>> {
    let details = score.asked.as_ref().map(|asked| &asked.details);
    let list = details.and_then(|details| details.get("votes")?.as_array());
    let said = |vote| {
        let vote: &Json = vote;
        let value = vote.get("grade").or_else(|| vote.get("class"));
        value.filter(|value| !value.is_null())
    };
    list.into_iter().flatten().map(said).collect()
}

/// The share of the votes that pass; a vote that could not be read counts half. `None` without votes.
fn passing(votes: &[Option<&Json>], passes: impl Fn(&Json) -> bool) -> Option<f64> {
    let each = votes.iter().map(|vote| match vote {
        None => 0.5,
        Some(vote) => f64::from(u8::from(passes(vote))),
    });
    let count = votes.len() as f64;
    (!votes.is_empty()).then(|| each.sum::<f64>() / count)
}

/// The classes that were voted for, with their shares of the votes; those that could not be read are a class of their own.
fn classes(score: &Score) -> BTreeMap<String, f64> {
    let votes = votes(score);
    let mut shares = BTreeMap::new();
    for vote in &votes {
        let name = vote.and_then(Json::as_str).unwrap_or_default();
        *shares.entry(name.to_owned()).or_insert(0.0) += 1.0 / votes.len() as f64;
    }
    if let (true, Value::Label(name)) = (shares.is_empty(), &score.value) {
        shares.insert(name.clone(), 1.0);
    }
    shares
}

/// How far the votes for a grade lie apart, as a part of the scale.
fn apart(score: &Score, range: Option<(f64, f64)>) -> f64 {
    let grades: Vec<f64> = votes(score)
        .into_iter()
        .flatten()
        .filter_map(Json::as_f64)
        .collect();
    let ends = (
        grades.iter().copied().reduce(f64::min),
        grades.iter().copied().reduce(f64::max),
    );
    match (ends, range) {
        ((Some(low), Some(high)), Some((from, to))) => ((high - low) / (to - from)).clamp(0.0, 1.0),
        _ => 0.0,
    }
}

/// How near a value is to its bar: 1 at it, 0 at the end of the scale that is farther away.
fn near(value: f64, rule: &str, range: Option<(f64, f64)>) -> f64 {
    let (Some((_, bar)), Some((low, high))) = (Comparison::parse(rule), range) else {
        return 0.0;
    };
    let reach = (bar - low).max(high - bar);
    match reach > 0.0 {
        true => (1.0 - (value - bar).abs() / reach).clamp(0.0, 1.0),
        false => 0.0,
    }
}

fn votes_pass(score: &Score, source: &Source) -> Option<f64> {
    let votes = votes(score);
    match &source.measure {
        Measure::PassFail => passing(&votes, |vote| {
            vote.as_f64().is_some_and(|grade| grade > 0.5)
        }),
        Measure::Label { pass, .. } if !pass.is_empty() => passing(&votes, |vote| {
            vote.as_str()
                .is_some_and(|name| pass.iter().any(|one| one == name))
        }),
        _ => None,
    }
}

/// How doubtful one scorer's verdict is. One that could not be given is as doubtful as can be.
#[must_use]
pub fn doubt(score: Option<&Score>, source: &Source) -> f64 {
    let Some(score) = score else {
        return 1.0;
    };
    match (&score.value, &source.measure) {
        (Value::Unscored(_), _) => 1.0,
        (Value::NotApplicable, _) => 0.0,
        (Value::Number(p), _) if source.states_probability() => two_ways(*p),
        (Value::Number(value), Measure::Number { pass, .. }) => {
            let range = source.range();
            let near = pass
                .as_deref()
                .map_or(0.0, |rule| near(*value, rule, range));
            near.max(apart(score, range))
        }
        (Value::Label(_), _) => many_ways(&classes(score)),
        _ => votes_pass(score, source).map_or(0.0, two_ways),
    }
}

/// How far the verdicts of several scorers differ, and the votes within each: between scorers by pass and fail, each scorer's votes
/// counting as one verdict in parts; within one whose verdicts do not pass or fail by its votes alone.
#[must_use]
pub fn disagreement(verdicts: &[(&Score, &Source)]) -> f64 {
    let mut shares = Vec::new();
    let mut within = 0.0_f64;
    for (score, source) in verdicts {
        let passes = score.passes().map(|pass| f64::from(u8::from(pass)));
        match votes_pass(score, source).or(passes) {
            Some(share) => shares.push(share),
            None if matches!(score.value, Value::Label(_)) => {
                within = within.max(many_ways(&classes(score)));
            }
            None => within = within.max(apart(score, source.range())),
        }
    }
    let mean = shares.iter().sum::<f64>() / (shares.len().max(1) as f64);
    two_ways(mean).max(within)
}

/// A verdict in a word, to group outputs by: `pass`, `fail`, a class, a grade to the nearest whole one, `unreadable`.
#[must_use]
pub fn verdict(score: Option<&Score>) -> String {
    let Some(score) = score else {
        return "unscored".to_owned();
    };
    match (&score.value, score.passes()) {
        (Value::Label(name), _) => name.clone(),
        (_, Some(true)) => "pass".to_owned(),
        (_, Some(false)) => "fail".to_owned(),
        (Value::Number(value), None) => format!("{:.0}", value.round() + 0.0),
        (Value::Unscored(why), _) => why.words().to_owned(),
        _ => "does not apply".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::score::{Asked, Unscored};

    fn source(measure: Measure, votes: u32) -> Source {
        Source {
            measure,
            is_judge: votes > 0,
            votes,
            seen: None,
        }
    }

    fn score(value: Value, votes: Json) -> Score {
        let mut score = Score::new("s", value);
        score.asked = Some(Asked {
            details: json!({ "votes": votes }),
            ..Asked::default()
        });
        score
    }

    fn grades(scale: Option<(f64, f64)>, pass: Option<&str>) -> Measure {
        Measure::Number {
            scale,
            pass: pass.map(str::to_owned),
        }
    }

    #[test]
    fn a_stated_probability_is_most_doubtful_at_one_half() {
        let judge = source(grades(Some((0.0, 1.0)), Some(">= 0.5")), 1);
        let doubts: Vec<f64> = [0.5, 0.8, 0.99, 1.0]
            .iter()
            .map(|p| doubt(Some(&Score::new("s", Value::Number(*p))), &judge))
            .collect();
        assert_eq!(doubts[0], 1.0);
        assert!((doubts[1] - 0.8).abs() < 1e-12, "{doubts:?}");
        assert!(doubts[2] > doubts[3] && doubts[3] == 0.0);
        // A rule's number from 0 to 1 is no probability: its bar counts.
        let rule = Source {
            is_judge: false,
            ..judge
        };
        let near = doubt(Some(&Score::new("s", Value::Number(0.75))), &rule);
        assert!((near - 0.5).abs() < 1e-12);
    }

    #[test]
    fn votes_that_differ_and_verdicts_that_cannot_be_read_are_doubtful() {
        let judge = source(Measure::PassFail, 3);
        let of = |votes: Json| doubt(Some(&score(Value::Pass(true), votes)), &judge);
        let vote = |grade: Json| json!({ "grade": grade });
        assert_eq!(
            of(json!([vote(json!(1)), vote(json!(1)), vote(json!(1))])),
            0.0
        );
        let split = of(json!([vote(json!(1)), vote(json!(1)), vote(json!(0))]));
        let unread = of(json!([vote(json!(1)), vote(json!(1)), vote(Json::Null)]));
        assert!(split > unread && unread > 0.0, "{split} {unread}");
        assert_eq!(doubt(None, &judge), 1.0);
        let unreadable = Score::unscored("s", Unscored::Unreadable, "");
        assert_eq!(doubt(Some(&unreadable), &judge), 1.0);
        let classes = Measure::Label {
            classes: vec!["a".into(), "b".into()],
            pass: Vec::new(),
        };
        let split = json!([{"class": "a"}, {"class": "b"}]);
        let found = doubt(
            Some(&score(Value::Label("a".into()), split)),
            &source(classes, 2),
        );
        assert!((found - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_grade_is_doubtful_near_its_bar_or_where_votes_lie_apart() {
        let judge = source(grades(Some((1.0, 5.0)), Some(">= 4")), 1);
        let of = |grade: f64| doubt(Some(&Score::new("s", Value::Number(grade))), &judge);
        assert_eq!(of(4.0), 1.0);
        assert!(of(3.0) > of(2.0) && of(1.0) == 0.0);
        let open = source(grades(Some((1.0, 5.0)), None), 2);
        let votes = json!([{"grade": 2}, {"grade": 4}]);
        let found = doubt(Some(&score(Value::Number(3.0), votes)), &open);
        assert!((found - 0.5).abs() < 1e-12);
        assert_eq!(source(grades(None, None), 1).doubts_by(), None);
    }

    #[test]
    fn judges_and_rules_that_differ_disagree() {
        let judge = source(Measure::PassFail, 1);
        let rule = source(Measure::PassFail, 0);
        let (yes, no) = (Score::pass("j", true, ""), Score::pass("r", false, ""));
        assert_eq!(disagreement(&[(&yes, &judge), (&no, &rule)]), 1.0);
        assert_eq!(disagreement(&[(&yes, &judge), (&yes, &rule)]), 0.0);
        assert_eq!(disagreement(&[]), 0.0);
        // What a judge could not say is no second opinion.
        let unread = Score::unscored("j", Unscored::Unreadable, "");
        assert_eq!(disagreement(&[(&unread, &judge), (&yes, &rule)]), 0.0);
        let apart = score(Value::Number(3.0), json!([{"grade": 1}, {"grade": 5}]));
        let open = source(grades(Some((1.0, 5.0)), None), 2);
        assert_eq!(disagreement(&[(&apart, &open), (&yes, &rule)]), 1.0);
    }
}
