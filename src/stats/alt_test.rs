//! May the judge replace people? The alternative annotator test.

use super::distribution::t_sf;
use super::estimate::{Confidence, Estimate, Scale, Size};
use super::linearised::linearised;
use super::mean::mean;
use super::multiplicity::benjamini_yekutieli;
use super::proportion::wilson;
use super::sample::Sample;
use super::undefined::Undefined;

/// Fewest items of one annotator that the test is meant for (its authors advise 50 to 100).
pub const MIN_ITEMS: usize = 30;

/// How two labels of one item are held together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// Share of the other annotators with the same label; labels are class numbers.
    Same,
    /// Minus the root mean squared distance to the other annotators' numbers.
    Near,
}

/// How one annotator fared against the judge.
#[derive(Clone, Debug, PartialEq)]
pub struct AgainstAnnotator {
    /// Column of the annotator.
    pub annotator: usize,
    /// Items that this annotator and at least one other labelled and the judge read.
    pub items: usize,
    /// Share of items on which the judge is at least as close to the others as the annotator, with Wilson's
    /// interval.
    pub judge_at_least: Estimate,
    /// Share of items on which the annotator is at least as close as the judge, likewise.
    pub annotator_at_least: Estimate,
    /// Mean of annotator less judge, item by item, with Student's interval.
    pub difference: Estimate,
    /// t statistic of the difference against epsilon; `None` where all items ended alike.
    pub t: Option<f64>,
    /// One-sided p-value: is the annotator ahead by less than epsilon?
    pub p: f64,
    /// Whether the null hypothesis falls, after Benjamini and Yekutieli over the annotators.
    pub rejected: bool,
}

/// The test over all annotators.
#[derive(Clone, Debug, PartialEq)]
pub struct AltTest {
    /// Annotator by annotator; those without an item are left out.
    pub annotators: Vec<AgainstAnnotator>,
    /// Items that the judge and at least two annotators read.
    pub items: usize,
    /// omega: share of annotators against whom the judge holds its own. It counts decisions about these annotators and
    /// claims nothing of others, so it has no interval.
    pub winning_rate: f64,
    /// Mean over annotators of the share of items on which the judge is at least as close, with
    /// Student's interval over the items (delta method): an item's annotators stand or fall together.
    pub advantage_probability: Estimate,
}

impl AltTest {
    /// Whether the judge passes: omega >= 1/2.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.winning_rate >= 0.5
    }

    /// Fewest items that any annotator was tested on; below [`MIN_ITEMS`] the test says little.
    #[must_use]
    pub fn fewest_items(&self) -> usize {
        self.annotators.iter().map(|a| a.items).min().unwrap_or(0)
    }
}

fn closeness(alignment: Alignment, value: f64, others: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for other in others {
        sum += match alignment {
            Alignment::Same => f64::from(u8::from(value == other)),
            Alignment::Near => (value - other).powi(2),
        };
        n += 1.0;
    }
    match alignment {
        Alignment::Same => sum / n,
        Alignment::Near => -(sum / n).sqrt(),
    }
}

/// The alternative annotator test (Calderon, Reichart and Dror, ACL 2025).
///
/// Each annotator in turn is left out: on every item, is the judge at least as close to the remaining people as the one
/// left out? d = annotator's indicator less judge's; a one-sided t test of mean d < `epsilon` (0.2 for experts, 0.15
/// for skilled, 0.1 for crowd annotators, the cost advantage granted to the judge); Benjamini and Yekutieli at `q` over
/// the annotators. `cells` holds one row an item, one column an annotator, `None` where there is no label.
///
/// All items alike for an annotator: the t statistic does not exist; d = 0 or less on all n then has probability at most
/// (1 - epsilon)^n under the null hypothesis, which is taken for p, and d = 1 on all has p = 1. One item: p = 1.
///
/// # Errors
/// [`Undefined::Mismatched`] for cells that do not fill a row an item; [`Undefined::NoCases`] where no item has the
/// judge and two people; [`Undefined::NotFinite`]; [`Undefined::OutOfRange`] unless 0 <= epsilon < 1 and 0 < q < 1.
pub fn alt_test(
    cells: &[Option<f64>],
    annotators: usize,
    judge: &[Option<f64>],
    alignment: Alignment,
    epsilon: f64,
    q: f64,
    confidence: Confidence,
) -> Result<AltTest, Undefined> {
    if annotators == 0 || cells.len() != judge.len() * annotators {
        return Err(Undefined::Mismatched);
    }
    if cells.iter().chain(judge).flatten().any(|v| !v.is_finite()) {
        return Err(Undefined::NotFinite);
    }
    if !((0.0..1.0).contains(&epsilon) && q > 0.0 && q < 1.0) {
        return Err(Undefined::OutOfRange);
    }
    let mut scores: Vec<Vec<Score>> = vec![Vec::new(); annotators];
    let mut items = 0;
    for (row, verdict) in cells.chunks(annotators).zip(judge) {
        let (Some(verdict), true) = (*verdict, row.iter().flatten().count() >= 2) else {
            continue;
        };
        for (place, label) in row.iter().enumerate() {
            let Some(label) = *label else { continue };
            let others = || {
                row.iter()
                    .enumerate()
                    .filter(move |(other, _)| *other != place)
                    .filter_map(|(_, v)| *v)
            };
            let (person, machine) = (
                closeness(alignment, label, others()),
                closeness(alignment, verdict, others()),
            );
            scores[place].push(Score {
                item: items,
                person: person >= machine,
                judge: machine >= person,
            });
        }
        items += 1;
    }
    if items == 0 {
        return Err(Undefined::NoCases);
    }
    let mut found: Vec<AgainstAnnotator> = scores
        .iter()
        .enumerate()
        .filter(|(_, scores)| !scores.is_empty())
        .map(|(annotator, scores)| against(annotator, scores, epsilon, confidence))
        .collect::<Result<_, _>>()?;
    let adjusted = benjamini_yekutieli(&found.iter().map(|a| a.p).collect::<Vec<_>>())?;
    for (one, p) in found.iter_mut().zip(adjusted) {
        one.rejected = p <= q;
    }
    let n = found.len() as f64;
    Ok(AltTest {
        winning_rate: found.iter().filter(|a| a.rejected).count() as f64 / n,
        advantage_probability: advantage(&scores, &found, items, confidence),
        annotators: found,
        items,
    })
}

/// Who was at least as close on one item.
#[derive(Clone, Copy)]
struct Score {
    item: usize,
    person: bool,
    judge: bool,
}

fn number(is: bool) -> f64 {
    f64::from(u8::from(is))
}

/// Mean over the annotators of the judge's shares, each item adding to the shares of all who labelled it.
fn advantage(
    scores: &[Vec<Score>],
    found: &[AgainstAnnotator],
    items: usize,
    confidence: Confidence,
) -> Estimate {
    let annotators = found.len() as f64;
    let mut parts = vec![(0.0, 1); items];
    for one in found {
        let scores = &scores[one.annotator];
        for score in scores {
            let off = number(score.judge) - one.judge_at_least.point;
            parts[score.item].0 += off * items as f64 / scores.len() as f64 / annotators;
        }
    }
    let shares = found.iter().map(|a| a.judge_at_least.point).sum::<f64>();
    let size = Size {
        cases: items,
        trials: scores.iter().map(Vec::len).sum(),
        units: items,
    };
    let point = (shares / annotators).min(1.0);
    linearised(point, &parts, 0.0, confidence, size)
}

fn against(
    annotator: usize,
    scores: &[Score],
    epsilon: f64,
    confidence: Confidence,
) -> Result<AgainstAnnotator, Undefined> {
    let n = scores.len() as f64;
    let share = |pick: fn(&Score) -> bool| {
        let count = scores.iter().filter(|s| pick(s)).count();
        wilson(count as u64, scores.len() as u64, confidence)
    };
    let d = |s: &Score| number(s.person) - number(s.judge);
    let differences: Vec<f64> = scores.iter().map(d).collect();
    let difference = mean(
        &Sample::new(&differences),
        confidence,
        Scale::new(-1.0, 1.0),
    )?;
    let mean = difference.point;
    let spread: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
    let (t, p) = if scores.len() < 2 {
        (None, 1.0)
    } else if spread > 0.0 {
        let t = (mean - epsilon) / (spread / (n - 1.0) / n).sqrt();
        (Some(t), t_sf(-t, n - 1.0))
    } else if mean > epsilon {
        (None, 1.0)
    } else {
        (None, (1.0 - epsilon).powf(n))
    };
    Ok(AgainstAnnotator {
        annotator,
        items: scores.len(),
        judge_at_least: share(|s| s.judge)?,
        annotator_at_least: share(|s| s.person)?,
        difference,
        t,
        p,
        rejected: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: Confidence = Confidence::NINETY_FIVE;

    fn cells(rows: usize, row: [Option<f64>; 3]) -> Vec<Option<f64>> {
        std::iter::repeat_n(row, rows).flatten().collect()
    }

    #[test]
    fn a_judge_that_always_says_what_all_say_passes_from_thirty_items() {
        let people = cells(40, [Some(1.0); 3]);
        let judge = vec![Some(1.0); 40];
        let found = alt_test(&people, 3, &judge, Alignment::Same, 0.2, 0.05, CONF).unwrap();
        assert!(found.passes());
        assert_eq!(
            (
                found.winning_rate,
                found.advantage_probability.point,
                found.items
            ),
            (1.0, 1.0, 40)
        );
        assert!((found.annotators[0].p - 0.8_f64.powi(40)).abs() < 1e-15);
        let few = alt_test(
            &cells(5, [Some(1.0); 3]),
            3,
            &judge[..5],
            Alignment::Same,
            0.2,
            0.05,
            CONF,
        )
        .unwrap();
        assert!(!few.passes());
        assert_eq!(few.fewest_items(), 5);
    }

    #[test]
    fn a_judge_that_nobody_agrees_with_fails() {
        let people = cells(40, [Some(1.0); 3]);
        let found = alt_test(
            &people,
            3,
            &[Some(2.0); 40],
            Alignment::Near,
            0.2,
            0.05,
            CONF,
        )
        .unwrap();
        assert_eq!(
            (
                found.winning_rate,
                found.annotators[0].p,
                found.annotators[0].t
            ),
            (0.0, 1.0, None)
        );
    }

    #[test]
    fn items_need_the_judge_and_two_people() {
        let mut people = cells(3, [Some(1.0), Some(1.0), None]);
        people[0] = None;
        let judge = [Some(1.0), None, Some(1.0)];
        let found = alt_test(&people, 3, &judge, Alignment::Same, 0.2, 0.05, CONF).unwrap();
        assert_eq!((found.items, found.annotators.len()), (1, 2));
        let none = alt_test(&people, 3, &[None; 3], Alignment::Same, 0.2, 0.05, CONF);
        assert_eq!(none.err(), Some(Undefined::NoCases));
        let short = alt_test(&people, 3, &judge[..2], Alignment::Same, 0.2, 0.05, CONF);
        assert_eq!(short.err(), Some(Undefined::Mismatched));
        let odd = alt_test(&people, 3, &judge, Alignment::Same, 1.0, 0.05, CONF);
        assert_eq!(odd.err(), Some(Undefined::OutOfRange));
    }

    #[test]
    fn annotators_who_always_end_alike_are_one_witness_and_not_three() {
        let rows: Vec<Option<f64>> = (0..60).flat_map(|i| [Some(f64::from(i % 2)); 3]).collect();
        let judge: Vec<Option<f64>> = (0..60)
            .map(|i| Some(f64::from(u8::from((i % 2 == 1) != (i % 5 == 0)))))
            .collect();
        let found = alt_test(&rows, 3, &judge, Alignment::Same, 0.2, 0.05, CONF).unwrap();
        let (one, all) = (&found.annotators[0], &found.advantage_probability);
        assert_eq!((one.judge_at_least.point, one.judge_at_least.n), (0.8, 60));
        assert!((one.difference.point - 0.2).abs() < 1e-15);
        assert!((all.point - 0.8).abs() < 1e-15);
        assert_eq!((all.n, all.trials), (60, 180));
        let se = (0.8_f64 * 0.2 / 59.0).sqrt();
        assert!((all.std_error.unwrap() - se).abs() < 1e-14);
    }
}
