//! What a pairwise judge's two orders show: how often the place decides, and whether the first place is preferred.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::bench::Bench;
use super::figure::measure;
use super::findings::{Figure, OrderFindings};
use super::metric::{Metric, Of};
use super::record::State;
use super::side::{Side, Tally};
use crate::stats::Confidence;

/// What the orders of one trial's votes say, each count up to 255 (a trial has at most 99 votes).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Orders {
    /// Pairs read in both orders.
    pairs: u8,
    /// Those of them whose orders disagree.
    flips: u8,
    /// Verdicts for one of the two outputs, over both orders of these pairs.
    decided: u8,
    /// Those of them for the output shown first.
    first: u8,
}

/// The part of a score's details that is about orders; whatever else stands there is skipped.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum DetailsLine {
    /// A judge's votes.
    Votes {
        /// One entry a vote.
        votes: Vec<VoteLine>,
    },
    /// Anything else.
    Other(IgnoredAny),
}

/// One vote.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum VoteLine {
    /// Of a pair, in both orders: which output won.
    Pair {
        /// `a` is the output under test, which the first order shows first and the second order second.
        orders: [Option<Word>; 2],
    },
    /// Anything else.
    Other(IgnoredAny),
}

/// The words for an output that won.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    A,
    B,
    Tie,
}

impl Orders {
    /// The orders in a score's details; `None` where it has none.
    pub(crate) fn of(details: &DetailsLine) -> Option<Self> {
        let DetailsLine::Votes { votes } = details else {
            return None;
        };
        let mut found = None;
        for vote in votes {
            let VoteLine::Pair { orders } = vote else {
                continue;
            };
            let orders_of = found.get_or_insert_with(Self::default);
            if let [Some(original), Some(swapped)] = orders {
                orders_of.add(*original, *swapped);
            }
        }
        found
    }

    fn add(&mut self, original: Word, swapped: Word) {
        let count = |counter: &mut u8, by: bool| *counter = counter.saturating_add(u8::from(by));
        count(&mut self.pairs, true);
        count(&mut self.flips, original != swapped);
        count(&mut self.decided, original != Word::Tie);
        count(&mut self.decided, swapped != Word::Tie);
        count(&mut self.first, original == Word::A);
        count(&mut self.first, swapped == Word::B);
    }

    /// As one number, to be kept in a column.
    pub(crate) fn pack(self) -> u32 {
        u32::from_be_bytes([self.pairs, self.flips, self.decided, self.first])
    }

    pub(crate) fn unpack(packed: u32) -> Self {
        let [pairs, flips, decided, first] = packed.to_be_bytes();
        Self {
            pairs,
            flips,
            decided,
            first,
        }
    }
}

/// What both orders show of one target's answers; `None` for a judge that compares no pairs.
///
/// Both are rates over cases: each pair (each decided verdict) counts as a trial of its case.
pub(crate) fn orders(bench: &Bench<'_>, scorer: usize, target: usize) -> Option<OrderFindings> {
    let record = bench.record;
    let (mut flips, mut first) = (side(bench), side(bench));
    let mut is_pairwise = false;
    for case in record.counted() {
        let (mut flipped, mut shown) = (tally(case), tally(case));
        for repeat in 0..record.shape().extent.repeats as usize {
            let at = record.at(case, repeat, target);
            if record.state(at) != State::Answered {
                continue;
            }
            if let Some(orders) = record.orders(at, scorer) {
                is_pairwise = true;
                flipped.add(orders.pairs, orders.flips);
                shown.add(orders.decided, orders.first);
            }
        }
        flips.cases.push(flipped);
        first.cases.push(shown);
        if let Some(groups) = record.clusters() {
            flips.groups.push(groups[case]);
            first.groups.push(groups[case]);
        }
    }
    is_pairwise.then(|| {
        let id = &record.shape().targets[target];
        let known = &bench.scorers()[scorer].id;
        let of = |name: &str, side: &Side| -> Figure {
            let metric = Metric::rate(format!("{known} {name}"), Of::Passes(scorer));
            let plan = bench.chance.plan(&[id, &metric.name, ""]);
            measure(&metric, side, Confidence::NINETY_FIVE, &plan).figure()
        };
        OrderFindings {
            pairs: flips.scored(),
            flip_rate: of("flips", &flips),
            first_shown: of("first shown", &first),
        }
    })
}

fn side(bench: &Bench<'_>) -> Side {
    Side {
        clustered: bench.record.clusters().is_some(),
        ..Side::default()
    }
}

fn tally(case: usize) -> Tally {
    // Cases are counted in 32 bits everywhere.
    let index = case as u32;
    Tally {
        case: index,
        planned: 0,
        scored: 0,
        bad: 0,
        sum: 0.0,
    }
}

impl Tally {
    fn add(&mut self, of: u8, count: u8) {
        self.planned += u32::from(of);
        self.scored += u32::from(of);
        self.sum += f64::from(count);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::analysis::fixture::{answered, cases, found, judge, scorer, suite};
    use crate::domain::score::{Asked, Measure, Score, Unscored, Value};

    fn read(details: &Json) -> Option<Orders> {
        Orders::of(&serde_json::from_str(&details.to_string()).unwrap())
    }

    #[test]
    fn orders_are_counted_and_anything_else_is_skipped() {
        let votes = json!({"votes": [
            {"grade": 0.5, "orders": ["a", "b"], "order_dependent": true},
            {"grade": 1.0, "orders": ["a", "a"]},
            {"grade": 0.5, "orders": ["tie", "b"]},
            {"grade": null, "orders": ["a", null], "cause": "unreadable"},
        ]});
        let orders = read(&votes).unwrap();
        let wanted = Orders {
            pairs: 3,
            flips: 2,
            decided: 5,
            first: 4,
        };
        assert_eq!(orders, wanted);
        assert_eq!(Orders::unpack(orders.pack()), wanted);
        for other in [
            json!({"votes": [{"grade": 4.0}], "spread": [4.0, 4.0]}),
            json!({"votes": 3}),
            json!({"votes": [{"orders": ["a"]}]}),
            json!({"votes": [{"orders": ["c", "a"]}]}),
            json!("votes"),
            json!([1]),
            Json::Null,
        ] {
            assert_eq!(read(&other), None, "{other}");
        }
    }

    fn compared(original: Option<&str>, swapped: Option<&str>) -> Score {
        let mut score = match (original, swapped) {
            (Some(_), Some(_)) => Score::new("better", Value::Number(0.5)),
            _ => Score::unscored("better", Unscored::Unreadable, "prose"),
        };
        score.asked = Some(Asked {
            details: json!({"votes": [{"orders": [original, swapped]}]}),
            ..Asked::default()
        });
        score
    }

    #[test]
    fn a_run_says_how_often_the_place_decides() {
        let mut suite = suite(&["prod"], 1);
        let scale = Some((0.0, 1.0));
        suite
            .scorers
            .push(judge("better", Measure::Number { scale, pass: None }));
        // 40 pairs: 20 consistent, 16 for whichever is first, 2 for the second, 2 not read in one order.
        let findings = found(&suite, &cases(40), |case, _, _| {
            let score = match case {
                0..20 => compared(Some("a"), Some("a")),
                20..36 => compared(Some("a"), Some("b")),
                36..38 => compared(Some("b"), Some("a")),
                _ => compared(Some("a"), None),
            };
            Some(answered(vec![
                Score::new("right", Value::Pass(true)),
                score,
            ]))
        });
        let orders = findings.judges[0].orders.as_ref().unwrap();
        assert_eq!(orders.pairs, 38);
        let Figure::Estimate(flips) = &orders.flip_rate else {
            panic!("{orders:?}");
        };
        assert!((flips.point - 18.0 / 38.0).abs() < 1e-12);
        assert_eq!((flips.n, flips.method.as_str()), (38, "wilson"));
        let Figure::Estimate(first) = &orders.first_shown else {
            panic!("{orders:?}");
        };
        assert!((first.point - (20.0 * 0.5 + 16.0) / 38.0).abs() < 1e-12);
        assert!(
            first.low.unwrap() > 0.5,
            "the first place is preferred: {first:?}"
        );
    }

    #[test]
    fn other_judges_say_nothing_of_orders_and_ties_alone_prefer_no_place() {
        let mut suite = suite(&["prod"], 1);
        suite.scorers = vec![
            judge("better", Measure::PassFail),
            scorer("right", Measure::PassFail),
        ];
        let findings = found(&suite, &cases(4), |_, _, _| {
            let score = Score::new("better", Value::Pass(true));
            Some(answered(vec![
                score,
                Score::new("right", Value::Pass(true)),
            ]))
        });
        assert_eq!(findings.judges[0].orders, None);
        let scale = Some((0.0, 1.0));
        suite.scorers = vec![judge("better", Measure::Number { scale, pass: None })];
        let findings = found(&suite, &cases(4), |_, _, _| {
            Some(answered(vec![compared(Some("tie"), Some("tie"))]))
        });
        let orders = findings.judges[0].orders.as_ref().unwrap();
        assert_eq!(orders.pairs, 4);
        assert!(matches!(orders.first_shown, Figure::Undefined { .. }));
    }
}
