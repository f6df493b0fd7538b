//! How a judge's verdicts are listed, and whether that moves it: the same list turned round, or under other letters.
//!
//! A judge that is unsteady anyway would change its mind under any listing. So what counts is the agreement with itself that is lost
//! against asking the very same again, output by output.

use super::probes::{CONFIDENCE, groups};
use super::{FEWEST, Judged, Keeps, MOST_LISTED, Probe, Row, Seen, Standing, Verdict};
use crate::analysis::calibration::Statistic;
use crate::analysis::format::p_equals;
use crate::domain::instrument::Listing;
use crate::stats::{
    BothOrders, Choice, Estimate, PairedTable, Sample, Scale, Seed, Undefined, paired_t, sign_flip,
    sign_test,
};

/// From which p on a loss that is the same everywhere, and so has no interval, is a matter of chance.
const CHANCE: f64 = 0.05;

/// An output that was judged three times.
struct Thrice<'a> {
    judged: &'a Judged,
    /// The same when asked again.
    again: bool,
    /// The same with the verdicts listed otherwise.
    listed: bool,
    /// For each answer that moved: towards what then stood first (1), or last (-1).
    moves: Vec<f64>,
    /// What was said as written and otherwise, by its place among what is offered.
    said: Vec<(usize, usize)>,
}

/// The row of a listing.
pub(super) fn row(seen: &Seen, probe: Probe, how: Listing) -> Row {
    let mut row = Row::none(probe, MOST_LISTED, "");
    if let Some(why) = seen.no_listing.get(&how) {
        row.found = format!("does not apply: {why}");
        return row;
    }
    let judged = seen.judged.iter();
    let all: Vec<Thrice<'_>> = judged
        .filter_map(|one| match seen.pairwise {
            true => pair(one, how),
            false => single(seen, one, how),
        })
        .collect();
    if all.len() < FEWEST {
        row.found = format!(
            "{} outputs have three verdicts, {FEWEST} are needed",
            all.len()
        );
        return row;
    }
    let asked = seen.judged.iter().filter_map(|one| one.listed.get(&how));
    let unread = asked.filter(|one| one.verdict == Verdict::Unread).count();
    let count = |test: fn(&Thrice<'_>) -> bool| all.iter().filter(|one| test(one)).count();
    let (listed, again) = (count(|one| one.listed), count(|one| one.again));
    row.count("same_relisted", listed);
    row.count("same_again", again);
    row.count("unread_relisted", unread);
    let moves: Vec<f64> = all.iter().flat_map(|one| one.moves.clone()).collect();
    let first = moves.iter().filter(|one| **one > 0.0).count();
    row.count("moved_to_first", first);
    row.count("moved_to_last", moves.len() - first);
    let p = sign_test(&moves).map_or(1.0, |test| test.p);
    row.statistics
        .insert("move_sign_test_p".to_owned(), Statistic::Number(p));
    for (place, (name, _)) in seen.offered.iter().enumerate() {
        let said = || all.iter().flat_map(|one| &one.said);
        let as_written = said().filter(|one| one.0 == place).count();
        let otherwise = said().filter(|one| one.1 == place).count();
        row.count(&format!("said {name}"), as_written);
        row.count(&format!("said {name} relisted"), otherwise);
    }
    let (lost, is_shown) = lost(&all, seen.seed, probe);
    let mut row = row.with(&lost, Keeps::ShownAtMost);
    let breaks = lost.as_ref().is_ok_and(|lost| lost.point > MOST_LISTED);
    if row.standing == Standing::Unclear && breaks && is_shown {
        row.standing = Standing::Fails;
    }
    let (otherwise, place) = match how {
        Listing::Reversed => ("with the list turned round", "what then stood first"),
        Listing::Relettered => ("under other letters", "the earlier letter"),
    };
    row.found = format!(
        "{listed} of {} verdicts are the same {otherwise}, {again} when asked again",
        all.len()
    );
    if !moves.is_empty() {
        row.found.push_str(&format!(
            "; of {} that moved {first} went to {place} ({})",
            moves.len(),
            p_equals(p)
        ));
    }
    if unread > 0 {
        row.found
            .push_str(&format!("; {unread} could not be read then"));
    }
    if row.standing == Standing::Fails {
        row.advice = Some(advice(how, seen.pairwise).to_owned());
    }
    row
}

fn advice(how: Listing, is_pair: bool) -> &'static str {
    match (how, is_pair) {
        (Listing::Reversed, _) => {
            "say in the body what each verdict means and when it holds, or take a stronger model: now the place in the list decides"
        }
        (Listing::Relettered, false) => {
            "call the classes by what they mean: now the letter decides"
        }
        (Listing::Relettered, true) => {
            "a stronger model, or a pointwise judge: now the letter decides, which both orders turn into ties"
        }
    }
}

/// Agreement with itself that is lost by listing otherwise; and whether it is shown where it has no interval.
fn lost(all: &[Thrice<'_>], seed: u64, probe: Probe) -> (Result<Estimate, Undefined>, bool) {
    let values = |of: fn(&Thrice<'_>) -> bool| -> Vec<f64> {
        let each = all.iter().map(|one| f64::from(u8::from(of(one))));
        each.collect()
    };
    let (listed, again) = (values(|one| one.listed), values(|one| one.again));
    let Some(groups) = groups(all.iter().map(|one| one.judged)) else {
        let table = PairedTable::of(&listed, &again);
        return (table.and_then(|table| table.difference(CONFIDENCE)), false);
    };
    let differences: Vec<f64> = again.iter().zip(&listed).map(|(a, b)| a - b).collect();
    let sample = Sample::new(&differences).with_groups(&groups);
    let found = paired_t(&sample, CONFIDENCE, Some(Scale::UNIT)).map(|found| found.estimate);
    let seed = Seed::derive(seed, &["audit", probe.name()]);
    let p = sign_flip(&sample, &seed).map_or(1.0, |test| test.p);
    let has_none = found.as_ref().is_ok_and(|found| found.interval.is_err());
    (found, has_none && p < CHANCE)
}

/// One output, by the verdict's value.
fn single<'a>(seen: &Seen, judged: &'a Judged, how: Listing) -> Option<Thrice<'a>> {
    let before = judged.verdict.value()?;
    let again = judged.again.as_ref()?.value()?;
    let after = judged.listed.get(&how)?.verdict.value()?;
    let (first, last) = (seen.offered.first()?.1, seen.offered.last()?.1);
    // What stood last stands first, or has the first letter.
    let towards = (after - before) * (last - first);
    let place = |value: f64| {
        let distance = |at: &usize| (seen.offered[*at].1 - value).abs();
        (0..seen.offered.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    };
    let (at, then) = (place(before)?, place(after)?);
    let then = match how {
        Listing::Reversed => then,
        Listing::Relettered => seen.offered.len() - 1 - then,
    };
    #[expect(clippy::float_cmp, reason = "the same verdict is the same number")]
    Some(Thrice {
        judged,
        again: before == again,
        listed: before == after,
        moves: if before == after {
            Vec::new()
        } else {
            vec![towards.signum()]
        },
        said: vec![(at, then)],
    })
}

/// One pair, by the outputs that its first vote names in both orders.
fn pair(judged: &Judged, how: Listing) -> Option<Thrice<'_>> {
    let whole = |orders: &[BothOrders]| {
        let first = orders.first()?;
        Some([first.original?, first.swapped?])
    };
    let before = whole(&judged.orders)?;
    let again = whole(&judged.orders_again)?;
    let after = whole(&judged.listed.get(&how)?.orders)?;
    // The letter of what is shown first is `a` as written, and `b` otherwise.
    let shown_first = [Choice::First, Choice::Second];
    let letter = |choice: Choice, first: Choice, otherwise: bool| match choice {
        Choice::Tie => 2,
        choice => usize::from((choice == first) == otherwise),
    };
    let each = || (0..2).map(|at| (before[at], after[at], shown_first[at]));
    let said: Vec<(usize, usize)> = each()
        .map(|(before, after, first)| (letter(before, first, false), letter(after, first, true)))
        .collect();
    let moves = each()
        .zip(&said)
        .filter(|((before, after, _), _)| {
            before != after && *before != Choice::Tie && *after != Choice::Tie
        })
        .map(|(_, (_, letter))| if *letter == 0 { 1.0 } else { -1.0 });
    Some(Thrice {
        judged,
        again: before == again,
        listed: before == after,
        moves: moves.collect(),
        said,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Listed;
    use super::super::tests::{judged, read, seen};
    use super::*;

    /// Outputs judged as `plain` says, the same when asked again, and otherwise as `listed` says.
    fn graded(n: usize, plain: fn(usize) -> f64, listed: fn(usize) -> f64) -> Seen {
        let all = (0..n).map(|at| Judged {
            listed: BTreeMap::from([(
                Listing::Reversed,
                Listed {
                    verdict: read(listed(at)),
                    orders: Vec::new(),
                },
            )]),
            ..judged(at, plain(at), 1.0)
        });
        Seen {
            offered: vec![("pass".into(), 1.0), ("fail".into(), 0.0)],
            ..seen(Probe::Order, all.collect())
        }
    }

    #[test]
    fn a_judge_that_takes_the_first_of_the_list_fails_and_a_steady_one_is_ok() {
        let fond = row(
            &graded(40, |_| 1.0, |_| 0.0),
            Probe::Order,
            Listing::Reversed,
        );
        assert_eq!((fond.standing, fond.n), (Standing::Fails, 40));
        assert_eq!(fond.statistics["moved_to_first"].point(), Some(40.0));
        assert_eq!(fond.statistics["said pass"].point(), Some(40.0));
        assert_eq!(fond.statistics["said fail relisted"].point(), Some(40.0));
        assert!(fond.statistics["move_sign_test_p"].point().unwrap() < 1e-6);
        let alternating = |at: usize| f64::from(u8::from(at.is_multiple_of(2)));
        let steady = row(
            &graded(40, alternating, alternating),
            Probe::Order,
            Listing::Reversed,
        );
        assert_eq!(steady.standing, Standing::Ok, "{steady:?}");
        let few = row(
            &graded(9, |_| 1.0, |_| 0.0),
            Probe::Order,
            Listing::Reversed,
        );
        assert_eq!(few.standing, Standing::NotMeasured);
    }

    #[test]
    fn a_judge_that_changes_its_mind_anyway_loses_nothing_by_the_list() {
        let mut unsteady = graded(40, |at| f64::from(u8::from(at.is_multiple_of(2))), |_| 1.0);
        for one in &mut unsteady.judged {
            one.again = Some(read(1.0));
        }
        let row = row(&unsteady, Probe::Order, Listing::Reversed);
        assert_eq!(row.figure.unwrap().estimate().unwrap().point, 0.0);
        assert_ne!(row.standing, Standing::Fails);
    }

    #[test]
    fn a_loss_that_is_the_same_in_every_case_is_shown_without_an_interval() {
        let mut fond = graded(40, |_| 1.0, |_| 0.0);
        for (at, one) in fond.judged.iter_mut().enumerate() {
            one.cluster = format!("c{}", at / 2);
        }
        let found = row(&fond, Probe::Order, Listing::Reversed);
        assert_eq!(found.standing, Standing::Fails, "{found:?}");
        assert_eq!(found.figure.unwrap().estimate().unwrap().clusters, 20);
    }

    #[test]
    fn of_a_pair_the_letter_is_told_from_the_place() {
        let of = |otherwise: [Choice; 2]| {
            let orders = |said: [Choice; 2]| {
                vec![BothOrders {
                    original: Some(said[0]),
                    swapped: Some(said[1]),
                }]
            };
            let always_a = [Choice::First, Choice::Second];
            let pairs = (0..40).map(|at| Judged {
                orders: orders(always_a),
                orders_again: orders(always_a),
                listed: BTreeMap::from([(
                    Listing::Relettered,
                    Listed {
                        verdict: read(1.0),
                        orders: orders(otherwise),
                    },
                )]),
                ..judged(at, 1.0, 0.0)
            });
            let seen = Seen {
                pairwise: true,
                offered: ["a", "b", "tie"].map(|name| (name.into(), 0.0)).into(),
                ..seen(Probe::Letters, pairs.collect())
            };
            row(&seen, Probe::Letters, Listing::Relettered)
        };
        // What is shown first won as `a`. Called `b` it loses: the letter won.
        let letter = of([Choice::Second, Choice::First]);
        assert_eq!(letter.standing, Standing::Fails);
        assert_eq!(letter.statistics["moved_to_first"].point(), Some(80.0));
        assert_eq!(letter.statistics["said a relisted"].point(), Some(80.0));
        // It wins as `b` too: the place wins, which is another probe's.
        let place = of([Choice::First, Choice::Second]);
        assert_eq!(place.standing, Standing::Ok);
        assert_eq!(place.statistics["said b relisted"].point(), Some(80.0));
    }

    #[test]
    fn a_judge_without_a_list_says_why() {
        let mut none = seen(Probe::Order, Vec::new());
        none.no_listing
            .insert(Listing::Reversed, "it has a range".into());
        let row = row(&none, Probe::Order, Listing::Reversed);
        assert_eq!(row.standing, Standing::NotMeasured);
        assert_eq!(row.found, "does not apply: it has a range");
    }
}
