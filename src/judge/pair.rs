//! A judge that sees two outputs of one case, asked in both orders: the joined verdict, and what is kept of either order.
//!
//! Many models prefer a place, whatever stands there. Where the two orders disagree the place has decided and not the output: that is a
//! tie, marked `order-dependent`. Where one order could not be read there is no verdict at all.

use serde_json::{Value as Json, json};

use super::read::{Reading, Unread};
use super::scale::{A, B};
use crate::domain::score::Score;
use crate::stats::{BothOrders, Choice};

/// How often one vote asks.
pub(super) const ORDERS: u32 = 2;

/// Which of the two stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The output under test.
    Original,
    /// The one that it is held against.
    Swapped,
}

impl Order {
    pub(super) const BOTH: [Self; 2] = [Self::Original, Self::Swapped];

    /// The output that a verdict names, whatever its place: [`Choice::First`] is the one under test.
    fn choice(self, grade: f64) -> Choice {
        let (first, second) = match self {
            Self::Original => (Choice::First, Choice::Second),
            Self::Swapped => (Choice::Second, Choice::First),
        };
        match grade {
            A => first,
            B => second,
            _ => Choice::Tie,
        }
    }
}

/// One vote of two readings: 1 where both prefer the output under test, 0 where both prefer the other, else 0.5.
pub(super) fn join(
    original: Result<Reading, Unread>,
    swapped: Result<Reading, Unread>,
) -> Result<Reading, Unread> {
    let said = BothOrders {
        original: choice(Order::Original, &original),
        swapped: choice(Order::Swapped, &swapped),
    };
    let details = json!({
        "orders": [word(said.original), word(said.swapped)],
        "order_dependent": said.depends_on_order(),
    });
    let (first, second) = match (original, swapped) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(unread), _) => return Err(lost(unread, "shown first", details)),
        (_, Err(unread)) => return Err(lost(unread, "shown second", details)),
    };
    let rationale = if said.depends_on_order() {
        format!(
            "order-dependent. Shown first: {} Shown second: {}",
            first.rationale.trim(),
            second.rationale.trim()
        )
    } else {
        first.rationale
    };
    Ok(Reading {
        grade: match said.joined() {
            Some(Choice::First) => 1.0,
            Some(Choice::Second) => 0.0,
            Some(Choice::Tie) | None => 0.5,
        },
        rationale,
        details,
    })
}

fn choice(order: Order, reading: &Result<Reading, Unread>) -> Option<Choice> {
    let reading = reading.as_ref().ok()?;
    Some(order.choice(reading.grade))
}

fn lost(unread: Unread, place: &str, details: Json) -> Unread {
    Unread {
        why: format!("asked with the output {place}: {}", unread.why),
        details,
        ..unread
    }
}

/// A choice in what is kept: `a` is the output under test.
fn word(choice: Option<Choice>) -> Option<&'static str> {
    choice.map(|choice| match choice {
        Choice::First => "a",
        Choice::Second => "b",
        Choice::Tie => "tie",
    })
}

/// What a pairwise judge said in either order, one entry a vote; `None` for the score of any other scorer. [`Choice::First`] is the
/// output under test, in both orders.
#[must_use]
pub fn orders(score: &Score) -> Option<Vec<BothOrders>> {
    let votes = score.asked.as_ref()?.details.get("votes")?.as_array()?;
    let read = |said: &Json| {
        Some(match said.as_str()? {
            "a" => Choice::First,
            "b" => Choice::Second,
            "tie" => Choice::Tie,
            _ => return None,
        })
    };
    votes
        .iter()
        .map(|vote| match vote.get("orders")?.as_array()?.as_slice() {
            [original, swapped] => Some(BothOrders {
                original: read(original),
                swapped: read(swapped),
            }),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::scale::TIE;
    use super::*;
    use crate::domain::score::{Asked, Unscored, Value};

    fn read(grade: f64) -> Result<Reading, Unread> {
        Ok(Reading {
            grade,
            rationale: format!("because {grade}."),
            details: Json::Null,
        })
    }

    fn unread() -> Result<Reading, Unread> {
        Err(Unread {
            cause: Unscored::Unreadable,
            why: "prose".into(),
            details: Json::Null,
        })
    }

    #[test]
    fn only_what_both_orders_agree_on_is_a_preference() {
        // In the swapped order the output under test is b.
        for (original, swapped, grade, depends) in [
            (A, B, 1.0, false),
            (B, A, 0.0, false),
            (TIE, TIE, 0.5, false),
            (A, A, 0.5, true),
            (B, B, 0.5, true),
            (A, TIE, 0.5, true),
            (TIE, A, 0.5, true),
        ] {
            let vote = join(read(original), read(swapped)).unwrap();
            assert_eq!(vote.grade, grade, "{original} {swapped}");
            assert_eq!(vote.details["order_dependent"], depends);
            assert_eq!(vote.rationale.starts_with("order-dependent"), depends);
        }
    }

    #[test]
    fn one_order_that_could_not_be_read_leaves_no_vote_and_the_other_is_kept() {
        for (original, swapped, kept) in [
            (unread(), read(A), json!([null, "b"])),
            (read(A), unread(), json!(["a", null])),
            (unread(), unread(), json!([null, null])),
        ] {
            let lost = join(original, swapped).unwrap_err();
            assert_eq!(lost.cause, Unscored::Unreadable);
            assert!(
                lost.why.starts_with("asked with the output shown "),
                "{}",
                lost.why
            );
            assert_eq!(lost.details["orders"], kept);
            assert_eq!(lost.details["order_dependent"], false);
        }
    }

    #[test]
    fn orders_are_read_back_from_a_score_and_from_no_other() {
        let with = |details: Json| {
            let mut score = Score::new("j", Value::Number(0.5));
            score.asked = Some(Asked {
                details,
                ..Asked::default()
            });
            orders(&score)
        };
        let votes = json!({"votes": [{"grade": 0.5, "orders": ["a", "b"]}, {"grade": null, "orders": [null, "tie"]}]});
        let both = |original, swapped| BothOrders { original, swapped };
        assert_eq!(
            with(votes),
            Some(vec![
                both(Some(Choice::First), Some(Choice::Second)),
                both(None, Some(Choice::Tie)),
            ])
        );
        assert_eq!(with(json!({"votes": [{"grade": 4.0}]})), None);
        assert_eq!(with(json!({"votes": [{"orders": ["a"]}]})), None);
        assert_eq!(with(json!("votes")), None);
        assert_eq!(orders(&Score::new("j", Value::Pass(true))), None);
    }
}
