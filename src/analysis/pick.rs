//! Which outputs people should label next: a design with known probabilities, so that what is corrected by the labels stays unbiased.
//!
//! Every output has a number of its own, between 0 and 1, that a seed, its name and its text decide (a *permanent random number*:
//! Brewer, Early and Joyce 1972; Ohlsson 1995). A design says which numbers are low enough. So the same seed picks the same outputs, and
//! a larger sample holds every smaller one of the same design, with a new probability for each.

use std::collections::BTreeMap;

use serde_json::json;

use super::label_worth::Worth;
use crate::domain::digest::Digest;

/// The part of all draws that does not care about doubt: no output's weight 1/probability is above that of a random draw divided by
/// this (unless all are drawn), however sure a judge claims to be.
pub const FLOOR: f64 = 0.5;

/// How far a recorded probability may be from the computed one: files that went through a spreadsheet have 15 digits.
const ROUNDED: f64 = 1e-9;

/// How outputs are picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Simple random sampling: n of N, all alike.
    Random,
    /// In proportion to the judge's own doubt.
    Uncertain,
    /// In proportion to how far judges, votes and rules differ.
    Disagreement,
    /// The same number from each stratum, as far as it goes.
    Stratified,
}

impl Strategy {
    /// Its word on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Uncertain => "uncertain",
            Self::Disagreement => "disagreement",
            Self::Stratified => "stratified",
        }
    }

    /// The design behind it, in words.
    #[must_use]
    pub fn design(self) -> &'static str {
        match self {
            Self::Random => "simple random sampling",
            Self::Uncertain | Self::Disagreement => {
                "Poisson sampling: each output by itself, so that about as many are drawn as were asked for"
            }
            Self::Stratified => {
                "the same number at random from each stratum, until it is exhausted"
            }
        }
    }

    /// Whether every output of the population is drawn with the same probability.
    #[must_use]
    pub fn is_even(self) -> bool {
        self == Self::Random
    }
}

/// An output that may be picked.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its name: `c017/next`.
    pub name: String,
    /// What was answered: another answer under the same name is another output.
    pub output: String,
    /// How doubtful its verdict is, from 0; only relations count.
    pub doubt: f64,
    /// Its stratum.
    pub stratum: String,
}

impl Candidate {
    /// Its number, from 0 and below 1.
    fn number(&self, seed: u64) -> f64 {
        number(&json!(["pick", seed, self.name, self.output]))
    }
}

/// 53 bits of a digest as a number from 0 and below 1.
pub(super) fn number(of: &serde_json::Value) -> f64 {
    (Digest::of_json(of).word() >> 11) as f64 / (1_u64 << 53) as f64
}

/// What a design answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// With which probability each candidate is drawn, above 0 and at most 1, in the candidates' order.
    pub probabilities: Vec<f64>,
    /// Which are drawn, by their places, in order.
    pub taken: Vec<usize>,
}

/// Draws about `n` of the candidates (exactly so many by [`Strategy::Random`] and [`Strategy::Stratified`]); all of them, with
/// probability 1, where there are no more.
///
/// - random: the n lowest numbers; n/N.
/// - uncertain, disagreement: those whose number is below their probability min(1, c s), s = [`FLOOR`]/N + (1 - [`FLOOR`]) doubt/sum of
///   doubts, c such that the probabilities add up to n (Poisson sampling in proportion to size: Hajek 1964; the part that does not care
///   about doubt as in Zrnic and Candes 2024, "Active statistical inference"). No doubt anywhere: all alike.
/// - stratified: strata take turns, in an order of their own random numbers, each giving its lowest number that is left; an output's
///   probability is its stratum's expected count over all such orders, divided by the stratum's size.
#[must_use]
pub fn draw(strategy: Strategy, candidates: &[Candidate], n: usize, seed: u64) -> Drawn {
    let numbers: Vec<f64> = candidates.iter().map(|one| one.number(seed)).collect();
    if n >= candidates.len() {
        return Drawn {
            probabilities: vec![1.0; candidates.len()],
            taken: (0..candidates.len()).collect(),
        };
    }
    match strategy {
        Strategy::Random => {
            let share = n as f64 / candidates.len() as f64;
            let all: Vec<usize> = (0..candidates.len()).collect();
            let mut taken = lowest(&all, &numbers);
            taken.truncate(n);
            taken.sort_unstable();
            Drawn {
                probabilities: vec![share; candidates.len()],
                taken,
            }
        }
        Strategy::Uncertain | Strategy::Disagreement => {
            let probabilities = capped(&sizes(candidates), n);
            let below = |at: &usize| numbers[*at] < probabilities[*at];
            let taken = (0..candidates.len()).filter(below).collect();
            Drawn {
                probabilities,
                taken,
            }
        }
        Strategy::Stratified => stratified(candidates, n, seed, &numbers),
    }
}

/// Places by their numbers, the lowest first.
fn lowest(places: &[usize], numbers: &[f64]) -> Vec<usize> {
    let mut sorted = places.to_vec();
    sorted.sort_by(|one, other| {
        numbers[*one]
            .total_cmp(&numbers[*other])
            .then(one.cmp(other))
    });
    sorted
}

/// What probabilities are in proportion to.
fn sizes(candidates: &[Candidate]) -> Vec<f64> {
    let even = 1.0 / candidates.len() as f64;
    let total: f64 = candidates.iter().map(|one| one.doubt).sum();
    let size = |one: &Candidate| match total > 0.0 {
        true => FLOOR * even + (1.0 - FLOOR) * one.doubt / total,
        false => even,
    };
    candidates.iter().map(size).collect()
}

/// min(1, c size) with the c for which they add up to `n`, which is below their number. Sizes are above 0.
fn capped(sizes: &[f64], n: usize) -> Vec<f64> {
    let mut sorted = sizes.to_vec();
    sorted.sort_unstable_by(|one, other| other.total_cmp(one));
    // The sum of what is left is built up from its end: differences of large sums would lose the small ones.
    let mut rest = vec![0.0; sorted.len() + 1];
    for at in (0..sorted.len()).rev() {
        rest[at] = rest[at + 1] + sorted[at];
    }
    let certain = (0..n).find(|&sure| sorted[sure] * (n - sure) as f64 <= rest[sure]);
    let certain = certain.unwrap_or(n);
    let factor = (n - certain) as f64 / rest[certain];
    sizes.iter().map(|size| (factor * size).min(1.0)).collect()
}

fn stratified(candidates: &[Candidate], n: usize, seed: u64, numbers: &[f64]) -> Drawn {
    let mut strata: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, one) in candidates.iter().enumerate() {
        strata.entry(&one.stratum).or_default().push(at);
    }
    let mut turns: Vec<(f64, Vec<usize>)> = strata
        .iter()
        .map(|(name, places)| {
            let turn = number(&json!(["stratum", seed, name]));
            (turn, lowest(places, numbers))
        })
        .collect();
    turns.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut left, mut level) = (n, 0_usize);
    let mut expected = vec![0.0; turns.len()];
    let mut taken = Vec::with_capacity(n);
    while left > 0 {
        let open: Vec<usize> = (0..turns.len())
            .filter(|&at| turns[at].1.len() > level)
            .collect();
        let given = left.min(open.len());
        for (nth, &at) in open.iter().enumerate() {
            expected[at] += given as f64 / open.len() as f64;
            if nth < given {
                taken.push(turns[at].1[level]);
            }
        }
        left -= given;
        level += 1;
        if open.is_empty() {
            break;
        }
    }
    let mut probabilities = vec![1.0; candidates.len()];
    for ((_, places), count) in turns.iter().zip(&expected) {
        for &at in places {
            probabilities[at] = (count / places.len() as f64).min(1.0);
        }
    }
    taken.sort_unstable();
    Drawn {
        probabilities,
        taken,
    }
}

/// How many were asked for when `earlier` (places and recorded probabilities) was drawn of these candidates by this design and seed;
/// `None` where it was not.
///
/// Outputs that were drawn and not labelled may be missing from `earlier`; none may be there that the design does not draw.
#[must_use]
pub fn drawn_before(
    strategy: Strategy,
    candidates: &[Candidate],
    earlier: &[(usize, f64)],
    seed: u64,
) -> Option<usize> {
    let (place, recorded) = *earlier.iter().find(|(_, recorded)| *recorded < 1.0)?;
    let near = |one: f64, other: f64| (one - other).abs() <= ROUNDED * other;
    // An output's probability never falls with n.
    let (mut low, mut high) = (1, candidates.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let found = draw(strategy, candidates, middle, seed).probabilities[place];
        if found < recorded && !near(found, recorded) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let drawn = draw(strategy, candidates, low, seed);
    let fits = |(at, recorded): &(usize, f64)| {
        near(drawn.probabilities[*at], *recorded) && drawn.taken.binary_search(at).is_ok()
    };
    earlier.iter().all(fits).then_some(low)
}

/// What the labels that are there mean for a new draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// There are none.
    None,
    /// They were drawn by this design and seed, when so many were asked for: the sample grows, and every label gets the probability of
    /// the larger one.
    Grown(usize),
    /// They were drawn in another way: each stands for itself alone, with probability 1, and the new ones for all others.
    Apart,
}

/// The draw of a growing sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// What became of the earlier labels.
    pub earlier: Earlier,
    /// With which probability each candidate is drawn.
    pub probabilities: Vec<f64>,
    /// Which candidates without a label are to be labelled, by their places, in order.
    pub taken: Vec<usize>,
}

/// Draws about `n` candidates more than are labelled already. `labelled`: their places, with the probabilities that are recorded for
/// them, if any are.
///
/// Where a design cannot be known again, the labelled outputs become a stratum of their own that was taken whole. Whatever way they
/// were found, each then stands for itself, and the corrected mean stays unbiased: only chance of the new draw enters. The price is
/// precision, for the others are known by the new labels alone.
#[must_use]
pub fn grow(
    strategy: Strategy,
    candidates: &[Candidate],
    labelled: &[(usize, Option<f64>)],
    n: usize,
    seed: u64,
) -> Growth {
    if labelled.is_empty() {
        let drawn = draw(strategy, candidates, n, seed);
        return Growth {
            earlier: Earlier::None,
            probabilities: drawn.probabilities,
            taken: drawn.taken,
        };
    }
    let known: Option<Vec<(usize, f64)>> = labelled
        .iter()
        .map(|(at, recorded)| Some((*at, (*recorded)?)))
        .collect();
    let is_sure = |recorded: f64| recorded >= 1.0;
    let all = || (0..candidates.len()).collect::<Vec<_>>();
    // A certain label belongs to the design (capped at 1), or is one that stands for itself since an earlier growth.
    let among = known.iter().flat_map(|known| {
        let sure: Vec<usize> = known
            .iter()
            .filter(|(_, recorded)| is_sure(*recorded))
            .map(|(at, _)| *at)
            .collect();
        let rest = all().into_iter().filter(move |at| !sure.contains(at));
        [all(), rest.collect()]
    });
    for places in among {
        let within: Vec<Candidate> = places.iter().map(|&at| candidates[at].clone()).collect();
        let earlier: Vec<(usize, f64)> = known
            .iter()
            .flatten()
            .filter_map(|(at, recorded)| Some((places.binary_search(at).ok()?, *recorded)))
            .collect();
        if let Some(before) = drawn_before(strategy, &within, &earlier, seed) {
            let drawn = draw(strategy, &within, before + n, seed);
            return placed(
                Earlier::Grown(before),
                candidates,
                labelled,
                &places,
                &drawn,
            );
        }
    }
    let is_labelled = |at: &usize| labelled.iter().any(|(other, _)| other == at);
    let places: Vec<usize> = all().into_iter().filter(|at| !is_labelled(at)).collect();
    let within: Vec<Candidate> = places.iter().map(|&at| candidates[at].clone()).collect();
    let drawn = draw(strategy, &within, n, seed);
    placed(Earlier::Apart, candidates, labelled, &places, &drawn)
}

/// A draw among some of the candidates; the others stand for themselves.
fn placed(
    earlier: Earlier,
    candidates: &[Candidate],
    labelled: &[(usize, Option<f64>)],
    places: &[usize],
    drawn: &Drawn,
) -> Growth {
    let mut probabilities = vec![1.0; candidates.len()];
    for (&at, &probability) in places.iter().zip(&drawn.probabilities) {
        probabilities[at] = probability;
    }
    let taken = drawn.taken.iter().map(|&at| places[at]);
    let is_new = |at: &usize| labelled.iter().all(|(other, _)| other != at);
    Growth {
        earlier,
        probabilities,
        taken: taken.filter(is_new).collect(),
    }
}

/// An output that was picked.
#[derive(Debug, Clone, PartialEq)]
pub struct Picked {
    /// Its name.
    pub name: String,
    /// With which probability.
    pub probability: f64,
    /// What spoke for it: its doubt, or its stratum.
    pub why: String,
}

/// What was picked, and what it is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// The run.
    pub run: String,
    /// How.
    pub strategy: Strategy,
    /// By which seed.
    pub seed: u64,
    /// How many were asked for.
    pub wanted: usize,
    /// What doubts, or strata, are read from, in words.
    pub by: Option<String>,
    /// Outputs that may be picked, those with labels among them.
    pub population: usize,
    /// Of those, how many have labels.
    pub labelled: usize,
    /// What the labels that are there mean.
    pub earlier: Earlier,
    /// The outputs to be labelled.
    pub picked: Vec<Picked>,
    /// The least and the greatest probability of all outputs.
    pub range: (f64, f64),
    /// What is to be known besides.
    pub notes: Vec<String>,
    /// What the labels will be worth; `None` where they are no pass and fail.
    pub worth: Option<Worth>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Strategy; 4] = [
        Strategy::Random,
        Strategy::Uncertain,
        Strategy::Disagreement,
        Strategy::Stratified,
    ];

    fn candidates(count: usize) -> Vec<Candidate> {
        (0..count)
            .map(|at| Candidate {
                name: format!("c{at}/next"),
                output: format!("answer {at}"),
                doubt: match at % 10 {
                    0 => 1.0,
                    1 => 30.0,
                    _ => 0.0,
                },
                stratum: match at % 10 {
                    0 => "fail".to_owned(),
                    1 if at == 1 => "unreadable".to_owned(),
                    _ => "pass".to_owned(),
                },
            })
            .collect()
    }

    #[test]
    fn probabilities_add_up_to_what_was_asked_for_and_none_is_zero() {
        let all = candidates(60);
        for strategy in ALL {
            for n in [1, 2, 7, 31, 59] {
                let drawn = draw(strategy, &all, n, 3);
                let sum: f64 = drawn.probabilities.iter().sum();
                assert!((sum - n as f64).abs() < 1e-9, "{strategy:?} {n}: {sum}");
                assert!(drawn.probabilities.iter().all(|p| *p > 0.0 && *p <= 1.0));
            }
            let whole = draw(strategy, &all, 60, 3);
            assert_eq!((whole.taken.len(), whole.probabilities[5]), (60, 1.0));
        }
        assert_eq!(draw(Strategy::Random, &all, 7, 3).taken.len(), 7);
        assert_eq!(draw(Strategy::Stratified, &all, 7, 3).taken.len(), 7);
    }

    #[test]
    fn a_larger_sample_holds_every_smaller_one_of_the_same_seed() {
        let all = candidates(60);
        for strategy in ALL {
            for seed in 0..5 {
                let mut before = Vec::new();
                for n in 1..=60 {
                    let now = draw(strategy, &all, n, seed).taken;
                    assert!(
                        before.iter().all(|at| now.binary_search(at).is_ok()),
                        "{strategy:?} {seed} {n}"
                    );
                    before = now;
                }
            }
            assert_ne!(
                draw(strategy, &all, 20, 1).taken,
                draw(strategy, &all, 20, 2).taken
            );
        }
    }

    #[test]
    fn outputs_are_drawn_as_often_as_their_probability_says() {
        let all = candidates(30);
        for strategy in ALL {
            for n in [2, 9] {
                let probabilities = draw(strategy, &all, n, 0).probabilities;
                let mut counts = vec![0.0; all.len()];
                let draws = 4_000;
                for seed in 0..draws {
                    for at in draw(strategy, &all, n, seed).taken {
                        counts[at] += 1.0;
                    }
                }
                for (count, p) in counts.iter().zip(&probabilities) {
                    let share = count / draws as f64;
                    let error = (p * (1.0 - p) / draws as f64).sqrt();
                    assert!(
                        (share - p).abs() <= 4.5 * error,
                        "{strategy:?}: {share} {p}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_doubt_makes_a_weight_larger_than_the_floor_allows() {
        let all = candidates(60);
        let drawn = draw(Strategy::Uncertain, &all, 12, 0);
        let least = drawn.probabilities.iter().copied().fold(1.0, f64::min);
        assert!(least >= FLOOR * 12.0 / 60.0 - 1e-12, "{least}");
        assert!(drawn.probabilities[1] > drawn.probabilities[0]);
        let sure: Vec<Candidate> = candidates(60)
            .into_iter()
            .map(|one| Candidate { doubt: 0.0, ..one })
            .collect();
        let drawn = draw(Strategy::Uncertain, &sure, 12, 0);
        assert!(drawn.probabilities.iter().all(|p| (p - 0.2).abs() < 1e-12));
    }

    #[test]
    fn each_stratum_gives_alike_until_it_is_exhausted() {
        let all = candidates(60);
        let drawn = draw(Strategy::Stratified, &all, 11, 4);
        let count = |name: &str| {
            let of = |at: &&usize| all[**at].stratum == name;
            drawn.taken.iter().filter(of).count()
        };
        assert_eq!(
            (count("unreadable"), count("fail"), count("pass")),
            (1, 5, 5)
        );
        assert!((drawn.probabilities[0] - 5.0 / 6.0).abs() < 1e-12);
        assert_eq!(drawn.probabilities[1], 1.0);
    }

    #[test]
    fn an_earlier_draw_is_known_again_by_its_probabilities() {
        let all = candidates(60);
        for strategy in ALL {
            let drawn = draw(strategy, &all, 13, 8);
            let earlier: Vec<(usize, f64)> = drawn
                .taken
                .iter()
                .skip(1)
                .map(|&at| {
                    let text = format!("{:.14e}", drawn.probabilities[at]);
                    (at, text.parse().unwrap())
                })
                .collect();
            assert_eq!(drawn_before(strategy, &all, &earlier, 8), Some(13));
            assert_eq!(drawn_before(strategy, &all, &earlier, 9), None);
            let other = match strategy {
                Strategy::Random => Strategy::Uncertain,
                _ => Strategy::Random,
            };
            assert_eq!(drawn_before(other, &all, &earlier, 8), None);
        }
        assert_eq!(
            drawn_before(Strategy::Random, &all, &[(0, 1.0), (3, 1.0)], 8),
            None
        );
    }

    #[test]
    fn a_sample_grows_and_what_was_drawn_otherwise_stands_for_itself() {
        let all = candidates(60);
        for strategy in ALL {
            let first = grow(strategy, &all, &[], 10, 5);
            assert_eq!(first.earlier, Earlier::None);
            let labelled: Vec<(usize, Option<f64>)> = first
                .taken
                .iter()
                .map(|&at| (at, Some(first.probabilities[at])))
                .collect();
            let second = grow(strategy, &all, &labelled, 15, 5);
            assert_eq!(second.earlier, Earlier::Grown(10), "{strategy:?}");
            let whole = draw(strategy, &all, 25, 5);
            assert_eq!(second.probabilities, whole.probabilities);
            let mut joined = [first.taken.clone(), second.taken.clone()].concat();
            joined.sort_unstable();
            assert_eq!(joined, whole.taken);

            let found: Vec<(usize, Option<f64>)> = [3, 4, 50].map(|at| (at, None)).to_vec();
            let apart = grow(strategy, &all, &found, 8, 5);
            assert_eq!(apart.earlier, Earlier::Apart);
            assert!([3, 4, 50].iter().all(|&at| apart.probabilities[at] == 1.0));
            assert!([3, 4, 50].iter().all(|at| !apart.taken.contains(at)));
            let sum: f64 = apart.probabilities.iter().sum();
            assert!((sum - 11.0).abs() < 1e-9);
            // And grows from there.
            let labelled: Vec<(usize, Option<f64>)> = apart
                .taken
                .iter()
                .chain(&[3, 4, 50])
                .map(|&at| (at, Some(apart.probabilities[at])))
                .collect();
            let grown = grow(strategy, &all, &labelled, 5, 5);
            // A stratum of one that is always drawn stands for itself already.
            let before = if strategy == Strategy::Stratified {
                7
            } else {
                8
            };
            assert_eq!(grown.earlier, Earlier::Grown(before), "{strategy:?}");
            assert_eq!(grown.probabilities[3], 1.0);
        }
    }
}
