//! A pairwise judge asked in both orders: does the place decide?

use super::distribution::binomial_two_sided_half;
use super::estimate::{Confidence, Estimate, Size};
use super::linearised::linearised;
use super::proportion::{rate, wilson};
use super::sample::Sample;
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
#[derive(Clone, Debug, PartialEq)]
pub struct PositionBias {
    /// Items.
    pub items: usize,
    /// Verdicts of the original order that could not be read.
    pub unread_original: usize,
    /// Verdicts of the swapped order that could not be read.
    pub unread_swapped: usize,
    /// Share of items with equal verdicts, one that could not be read being a verdict of its own.
    pub agreement: Estimate,
    /// Share of equal verdicts among the items read in both orders.
    pub consistency: Result<Estimate, Undefined>,
    /// Share of verdicts for the output shown first, among those that are no tie, over the items read in both orders
    /// (so that both outputs stood first equally often); 0.5 without a bias. Undefined where all verdicts are ties.
    pub first_shown: Result<Estimate, Undefined>,
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
/// Agreement and consistency have Wilson's interval. The share of verdicts for the output shown first is a ratio over
/// items of up to two verdicts: Student's interval by the delta method, and none where every item shows the same share,
/// as without flips.
///
/// # Errors
/// [`Undefined::NoCases`] without items.
pub fn position_bias(
    items: &[BothOrders],
    confidence: Confidence,
) -> Result<PositionBias, Undefined> {
    if items.is_empty() {
        return Err(Undefined::NoCases);
    }
    let share = |part: usize, whole: usize| wilson(part as u64, whole as u64, confidence);
    let count = |test: &dyn Fn(&BothOrders) -> bool| items.iter().filter(|item| test(item)).count();
    let pair = |a, b| move |item: &BothOrders| item.original == Some(a) && item.swapped == Some(b);
    let to_first = count(&pair(Choice::First, Choice::Second));
    let to_second = count(&pair(Choice::Second, Choice::First));
    let read = |item: &BothOrders| item.original.is_some() && item.swapped.is_some();
    Ok(PositionBias {
        items: items.len(),
        unread_original: count(&|item| item.original.is_none()),
        unread_swapped: count(&|item| item.swapped.is_none()),
        agreement: share(count(&|item| item.original == item.swapped), items.len())?,
        consistency: share(
            count(&|item| read(item) && item.original == item.swapped),
            count(&read),
        ),
        first_shown: first_shown(items, confidence),
        flips_to_first: to_first as u64,
        flips_to_second: to_second as u64,
        flip_p: binomial_two_sided_half(to_first as u64, (to_first + to_second) as u64),
    })
}

/// Verdicts for the output shown first among those for either, over the items read in both orders.
fn first_shown(items: &[BothOrders], confidence: Confidence) -> Result<Estimate, Undefined> {
    let each: Vec<(f64, f64)> = items
        .iter()
        .filter_map(|item| item.original.zip(item.swapped))
        .map(|(original, swapped)| {
            let is = |verdict, choice| f64::from(u8::from(verdict == choice));
            let first = is(original, Choice::First) + is(swapped, Choice::Second);
            (
                first,
                first + is(original, Choice::Second) + is(swapped, Choice::First),
            )
        })
        .collect();
    let (first, all) = each
        .iter()
        .fold((0.0, 0.0), |sums, item| (sums.0 + item.0, sums.1 + item.1));
    if all == 0.0 {
        return Err(Undefined::NoCases);
    }
    let (share, n) = (first / all, each.len() as f64);
    let parts: Vec<(f64, u64)> = each
        .iter()
        .map(|(first, both)| (n * (first - share * both) / all, 1))
        .collect();
    let size = Size {
        cases: each.len(),
        trials: all as usize,
        units: each.len(),
    };
    Ok(linearised(share, &parts, 0.0, confidence, size))
}

/// Shares of items that a judge asked in both orders got right; a verdict that could not be read is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderAccuracy {
    /// In the original order.
    pub original: Estimate,
    /// In the swapped order.
    pub swapped: Estimate,
    /// Mean of both.
    pub average: Estimate,
    /// Right in both orders: what a judge whose ties count as such can claim.
    pub both: Estimate,
}

/// Accuracy by order against people's choices, with Wilson's interval; the mean of both orders has two verdicts an item
/// and the interval of [`rate`] with repeats. Assumes independent items.
///
/// # Errors
/// [`Undefined::NoCases`] without items; [`Undefined::Mismatched`].
pub fn order_accuracy(
    items: &[BothOrders],
    human: &[Choice],
    confidence: Confidence,
) -> Result<OrderAccuracy, Undefined> {
    if items.len() != human.len() {
        return Err(Undefined::Mismatched);
    }
    let right =
        |verdict: Option<Choice>, truth: &Choice| f64::from(u8::from(verdict == Some(*truth)));
    let each: Vec<(f64, f64)> = items
        .iter()
        .zip(human)
        .map(|(item, truth)| (right(item.original, truth), right(item.swapped, truth)))
        .collect();
    let share = |of: fn(&(f64, f64)) -> f64, trials: usize| {
        let values: Vec<f64> = each.iter().map(of).collect();
        rate(&Sample::new(&values).with_trials(trials), confidence)
    };
    let n = items.len();
    Ok(OrderAccuracy {
        original: share(|item| item.0, n)?,
        swapped: share(|item| item.1, n)?,
        average: share(|item| f64::midpoint(item.0, item.1), 2 * n)?,
        both: share(|item| item.0 * item.1, n)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: Confidence = Confidence::NINETY_FIVE;

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
        let found = position_bias(&items, CONF).unwrap();
        assert_eq!(
            (found.flips_to_first, found.flips_to_second, found.flip_p),
            (2, 1, 1.0)
        );
        assert_eq!((found.unread_original, found.unread_swapped), (1, 0));
        let consistency = found.consistency.unwrap();
        assert_eq!((consistency.point, consistency.n), (2.0 / 5.0, 5));
        assert_eq!((found.agreement.point, found.agreement.n), (2.0 / 6.0, 6));
        let first = found.first_shown.unwrap();
        assert_eq!((first.point, first.n, first.trials), (5.0 / 8.0, 5, 8));
        assert!(first.low().unwrap() < 0.5 && first.high() == Some(1.0));
        let ties = [item(Some(Choice::Tie), Some(Choice::Tie)); 3];
        let found = position_bias(&ties, CONF).unwrap();
        assert_eq!(found.first_shown, Err(Undefined::NoCases));
        let firm = [item(Some(Choice::First), Some(Choice::First)); 12];
        let found = position_bias(&firm, CONF).unwrap().first_shown.unwrap();
        assert_eq!(
            (found.point, found.interval),
            (0.5, Err(Undefined::NoVariation))
        );
        assert_eq!(position_bias(&[], CONF).err(), Some(Undefined::NoCases));
    }

    #[test]
    fn what_could_not_be_read_is_wrong() {
        let items = [
            item(Some(Choice::First), None),
            item(Some(Choice::First), Some(Choice::First)),
        ];
        let found = order_accuracy(&items, &[Choice::First, Choice::First], CONF).unwrap();
        assert_eq!(
            (
                found.original.point,
                found.swapped.point,
                found.average.point,
                found.both.point
            ),
            (1.0, 0.5, 0.75, 0.5)
        );
        assert_eq!((found.average.n, found.average.trials), (2, 4));
        assert_eq!((found.both.n, found.both.trials), (2, 2));
        assert_eq!(
            order_accuracy(&items, &[], CONF).err(),
            Some(Undefined::Mismatched)
        );
    }
}
