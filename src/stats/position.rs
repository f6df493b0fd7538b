//! A pairwise judge asked in both orders: does the place decide?

use super::distribution::binomial_two_sided_half;
use super::undefined::Undefined;

/// Which of two outputs won. Ties and verdicts nobody could read are not choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// Output 1, shown first in the original order.
    First,
    /// Output 2, shown first in the swapped order.
    Second,
    /// Neither is better.
    Tie,
}

/// One item's two verdicts, each naming the *output* that won, whatever its place; `None` could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BothOrders {
    /// Output 1 shown first.
    pub original: Option<Choice>,
    /// Output 2 shown first.
    pub swapped: Option<Choice>,
}

impl BothOrders {
    /// What counts: the choice that both orders agree on, else a tie. `None` where an order could not be read.
    #[must_use]
    pub fn joined(self) -> Option<Choice> {
        let (original, swapped) = (self.original?, self.swapped?);
        Some(if original == swapped {
            original
        } else {
            Choice::Tie
        })
    }

    /// Whether the two orders were read and disagree.
    #[must_use]
    pub fn depends_on_order(self) -> bool {
        self.original.zip(self.swapped).is_some_and(|(a, b)| a != b)
    }
}

/// What both orders of many items show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PositionBias {
    /// Items.
    pub items: usize,
    /// Verdicts of the original order that could not be read.
    pub unread_original: usize,
    /// Verdicts of the swapped order that could not be read.
    pub unread_swapped: usize,
    /// Share of items with equal verdicts, one that could not be read being a verdict of its own.
    pub agreement: f64,
    /// Share of equal verdicts among the items read in both orders.
    pub consistency: Result<f64, Undefined>,
    /// Share of verdicts for the output shown first, among those that are no tie, over the items read in both orders
    /// (so that both outputs stood first equally often); 0.5 without a bias.
    pub first_shown: Result<f64, Undefined>,
    /// Items on which whichever was shown first won.
    pub flips_to_first: u64,
    /// Items on which whichever was shown second won.
    pub flips_to_second: u64,
    /// Two-sided exact sign test of the flips.
    pub flip_p: f64,
}

/// Position statistics of a judge asked in both orders. The flips are the evidence: the same two outputs, only the
/// place exchanged; exact sign test of one way against the other. Assumes independent items. No flips: p = 1.
///
/// # Errors
/// [`Undefined::NoCases`] without items.
pub fn position_bias(items: &[BothOrders]) -> Result<PositionBias, Undefined> {
    if items.is_empty() {
        return Err(Undefined::NoCases);
    }
    let share = |part: usize, whole: usize| {
        if whole == 0 {
            Err(Undefined::NoCases)
        } else {
            Ok(part as f64 / whole as f64)
        }
    };
    let count = |test: &dyn Fn(&BothOrders) -> bool| items.iter().filter(|item| test(item)).count();
    let pair = |a, b| move |item: &BothOrders| item.original == Some(a) && item.swapped == Some(b);
    let to_first = count(&pair(Choice::First, Choice::Second));
    let to_second = count(&pair(Choice::Second, Choice::First));
    let read = |item: &BothOrders| item.original.is_some() && item.swapped.is_some();
    let said = |choice: Choice, swapped: bool| {
        let verdict = move |item: &BothOrders| if swapped { item.swapped } else { item.original };
        count(&move |item| read(item) && verdict(item) == Some(choice))
    };
    let first = said(Choice::First, false) + said(Choice::Second, true);
    let second = said(Choice::Second, false) + said(Choice::First, true);
    Ok(PositionBias {
        items: items.len(),
        unread_original: count(&|item| item.original.is_none()),
        unread_swapped: count(&|item| item.swapped.is_none()),
        agreement: count(&|item| item.original == item.swapped) as f64 / items.len() as f64,
        consistency: share(
            count(&|item| read(item) && item.original == item.swapped),
            count(&read),
        ),
        first_shown: share(first, first + second),
        flips_to_first: to_first as u64,
        flips_to_second: to_second as u64,
        flip_p: binomial_two_sided_half(to_first as u64, (to_first + to_second) as u64),
    })
}

/// Shares of items that a judge asked in both orders got right; a verdict that could not be read is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrderAccuracy {
    /// In the original order.
    pub original: f64,
    /// In the swapped order.
    pub swapped: f64,
    /// Mean of both.
    pub average: f64,
    /// Right in both orders: what a judge whose ties count as such can claim.
    pub both: f64,
}

/// Accuracy by order against people's choices.
///
/// # Errors
/// [`Undefined::NoCases`] without items; [`Undefined::Mismatched`].
pub fn order_accuracy(items: &[BothOrders], human: &[Choice]) -> Result<OrderAccuracy, Undefined> {
    if items.len() != human.len() {
        return Err(Undefined::Mismatched);
    }
    if items.is_empty() {
        return Err(Undefined::NoCases);
    }
    let n = items.len() as f64;
    let share = |test: &dyn Fn(&BothOrders, Choice) -> bool| {
        items
            .iter()
            .zip(human)
            .filter(|(item, truth)| test(item, **truth))
            .count() as f64
            / n
    };
    let original = share(&|item, truth| item.original == Some(truth));
    let swapped = share(&|item, truth| item.swapped == Some(truth));
    Ok(OrderAccuracy {
        original,
        swapped,
        average: f64::midpoint(original, swapped),
        both: share(&|item, truth| item.original == Some(truth) && item.swapped == Some(truth)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn item(original: Option<Choice>, swapped: Option<Choice>) -> BothOrders {
        BothOrders { original, swapped }
    }

    #[test]
    fn an_order_dependent_verdict_is_a_tie() {
        let flip = item(Some(Choice::First), Some(Choice::Second));
        assert_eq!(
            (flip.joined(), flip.depends_on_order()),
            (Some(Choice::Tie), true)
        );
        let firm = item(Some(Choice::Second), Some(Choice::Second));
        assert_eq!(
            (firm.joined(), firm.depends_on_order()),
            (Some(Choice::Second), false)
        );
        assert_eq!(item(Some(Choice::First), None).joined(), None);
    }

    #[test]
    fn flips_to_the_first_shown_are_counted_apart() {
        let items = [
            item(Some(Choice::First), Some(Choice::Second)),
            item(Some(Choice::First), Some(Choice::Second)),
            item(Some(Choice::Second), Some(Choice::First)),
            item(Some(Choice::First), Some(Choice::First)),
            item(None, Some(Choice::First)),
            item(Some(Choice::Tie), Some(Choice::Tie)),
        ];
        let found = position_bias(&items).unwrap();
        assert_eq!(
            (found.flips_to_first, found.flips_to_second, found.flip_p),
            (2, 1, 1.0)
        );
        assert_eq!((found.unread_original, found.unread_swapped), (1, 0));
        assert_eq!(found.consistency, Ok(2.0 / 5.0));
        assert_eq!(found.agreement, 2.0 / 6.0);
        assert_eq!(found.first_shown, Ok(5.0 / 8.0));
        assert_eq!(position_bias(&[]).err(), Some(Undefined::NoCases));
    }

    #[test]
    fn what_could_not_be_read_is_wrong() {
        let items = [
            item(Some(Choice::First), None),
            item(Some(Choice::First), Some(Choice::First)),
        ];
        let found = order_accuracy(&items, &[Choice::First, Choice::First]).unwrap();
        assert_eq!(
            (found.original, found.swapped, found.average, found.both),
            (1.0, 0.5, 0.75, 0.5)
        );
        assert_eq!(
            order_accuracy(&items, &[]).err(),
            Some(Undefined::Mismatched)
        );
    }
}
