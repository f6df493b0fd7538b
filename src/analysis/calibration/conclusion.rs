//! May this judge be used? The rule that decides, in one place, with the numbers it decided on.

use serde::Serialize;

use crate::domain::usable::Usable;
use crate::stats::{Confidence, Estimate, wilson};

/// What a calibration concludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The judge may be used.
    Usable,
    /// The evidence speaks against it, or for no route.
    NotShownUsable,
    /// There are too few labels to say.
    TooFewLabels,
}

impl Outcome {
    /// The words of the screen.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::NotShownUsable => "not shown usable",
            Self::TooFewLabels => "too few labels",
        }
    }

    /// The exit code that it leads to.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usable => 0,
            Self::NotShownUsable => 100,
            Self::TooFewLabels => 6,
        }
    }
}

/// A conclusion with the rule that led to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conclusion {
    /// What is concluded.
    pub outcome: Outcome,
    /// The route to *usable* that held, or whose point held: `A` (agreement), `B` (error rates), `C` (people's own ceiling).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<&'static str>,
    /// The rule that decided, with its numbers.
    pub rule: String,
    /// Labels in all that would decide, where a number can be promised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_n: Option<u64>,
    /// Whether the judge's own file set the rule.
    pub set_by_judge_file: bool,
    /// There were so few labels that nothing else was looked at.
    #[serde(skip)]
    pub by_count: bool,
}

/// What the rule looks at.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// Items with a reference that the judge was asked about.
    pub(super) n: usize,
    /// The least labelled human class that must be known, by name.
    pub(super) fewest: Option<(String, usize)>,
    /// Independent top units.
    pub(super) units: usize,
    /// Verdicts that could not be read, of those asked.
    pub(super) unreadable: (usize, usize),
    /// For a pairwise judge: share of pairs on which the two orders agree.
    pub(super) orders: Option<f64>,
    /// The figure of agreement that decides: its name, point and one-sided lower bound.
    pub(super) agreement: Option<(String, f64, Option<f64>)>,
    /// For pass and fail: the two rates, each as counts and with its one-sided lower bound.
    pub(super) rates: Option<[Rate; 2]>,
    /// Where a ceiling can be had: the share of annotators against whom the judge holds its own.
    pub(super) winning_rate: Option<f64>,
}

/// One of the judge's two rates of being right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rate {
    pub(super) name: &'static str,
    pub(super) right: u64,
    pub(super) of: u64,
    pub(super) estimate: Estimate,
}

impl Rate {
    fn point(&self) -> f64 {
        self.estimate.point
    }

    fn bound(&self) -> Option<f64> {
        self.estimate.low()
    }
}

/// The first rule that applies. `confidence` is the two-sided level whose lower end is the one-sided bound.
pub(super) fn conclude(
    evidence: &Evidence,
    rule: &Usable,
    set_by_judge_file: bool,
    confidence: Confidence,
) -> Conclusion {
    let done = |outcome, route, rule: String, needs_n| Conclusion {
        outcome,
        route,
        rule,
        needs_n,
        set_by_judge_file,
        by_count: false,
    };
    if let Some(why) = too_few(evidence, rule) {
        return Conclusion {
            by_count: true,
            ..done(Outcome::TooFewLabels, None, why, None)
        };
    }
    let (unread, asked) = evidence.unreadable;
    if asked > 0 && unread as f64 > rule.unreadable * asked as f64 {
        let why = format!(
            "{unread} of {asked} verdicts could not be read ({:.1} %), more than {} %",
            100.0 * unread as f64 / asked as f64,
            percent(rule.unreadable)
        );
        return done(Outcome::NotShownUsable, None, why, None);
    }
    if let Some(orders) = evidence.orders
        && orders < rule.orders
    {
        let why = format!(
            "the two orders of a pair agree on {:.1} % of the pairs, less than {} %",
            100.0 * orders,
            percent(rule.orders)
        );
        return done(Outcome::NotShownUsable, None, why, None);
    }
    let routes = routes(evidence, rule, confidence);
    if let Some(route) = routes.iter().find(|route| route.holds) {
        return done(Outcome::Usable, Some(route.name), route.words.clone(), None);
    }
    match routes.iter().find(|route| route.point_holds) {
        Some(route) => done(
            Outcome::TooFewLabels,
            Some(route.name),
            format!(
                "{}: the best estimate is enough, its bound is not",
                route.words
            ),
            route.needs_n,
        ),
        None => {
            let tried: Vec<&str> = routes.iter().map(|route| route.words.as_str()).collect();
            let why = if tried.is_empty() {
                "no figure of agreement exists for these labels and verdicts".to_owned()
            } else {
                format!("no route holds: {}", tried.join("; "))
            };
            done(Outcome::NotShownUsable, None, why, None)
        }
    }
}

fn items(count: usize) -> &'static str {
    if count == 1 { "item" } else { "items" }
}

fn too_few(evidence: &Evidence, rule: &Usable) -> Option<String> {
    if evidence.n < rule.min_labels {
        return Some(format!(
            "{} labelled {}, at least {} are needed",
            evidence.n,
            items(evidence.n),
            rule.min_labels
        ));
    }
    if let Some((class, count)) = &evidence.fewest
        && *count < rule.min_class
    {
        return Some(format!(
            "{count} {} labelled {class}, at least {} are needed",
            items(*count),
            rule.min_class
        ));
    }
    (evidence.units < MIN_UNITS).then(|| {
        format!(
            "{} independent clusters, at least {MIN_UNITS} are needed",
            evidence.units
        )
    })
}

/// Fewest independent clusters that a conclusion may rest on.
const MIN_UNITS: usize = 20;

struct Route {
    name: &'static str,
    words: String,
    holds: bool,
    point_holds: bool,
    needs_n: Option<u64>,
}

fn routes(evidence: &Evidence, rule: &Usable, confidence: Confidence) -> Vec<Route> {
    let mut routes = Vec::new();
    let agreement = evidence.agreement.as_ref();
    if let Some((name, point, bound)) = agreement {
        routes.push(Route {
            name: "A",
            words: format!(
                "A: {name} {}, {:.2} is needed",
                at_least(*point, *bound),
                rule.kappa
            ),
            holds: bound.is_some_and(|bound| bound >= rule.kappa),
            point_holds: *point >= rule.kappa,
            needs_n: for_agreement(evidence.n, *point, *bound, rule.kappa),
        });
    }
    if let Some(rates) = &evidence.rates {
        let words: Vec<String> = rates
            .iter()
            .map(|rate| format!("{} {}", rate.name, at_least(rate.point(), rate.bound())))
            .collect();
        routes.push(Route {
            name: "B",
            words: format!("B: {}, {:.2} is needed", words.join(" and "), rule.rates),
            holds: rates
                .iter()
                .all(|rate| rate.bound().is_some_and(|bound| bound >= rule.rates)),
            point_holds: rates.iter().all(|rate| rate.point() >= rule.rates),
            needs_n: for_rates(rates, evidence.n, rule.rates, confidence),
        });
    }
    if let (Some(omega), Some((name, point, bound))) = (evidence.winning_rate, agreement) {
        let bar = &rule.ceiling;
        routes.push(Route {
            name: "C",
            words: format!(
                "C: holds its own against {:.0} % of the annotators, {:.0} % is needed, and {name} {}, {:.2} is needed",
                100.0 * omega,
                100.0 * bar.omega,
                at_least(*point, *bound),
                bar.kappa
            ),
            holds: omega >= bar.omega && bound.is_some_and(|bound| bound >= bar.kappa),
            point_holds: omega >= bar.omega && *point >= bar.kappa,
            needs_n: for_agreement(evidence.n, *point, *bound, bar.kappa),
        });
    }
    routes
}

/// A point with its one-sided bound, towards the side that cannot flatter.
fn at_least(point: f64, bound: Option<f64>) -> String {
    match bound {
        Some(bound) => format!(
            "{point:.2} (surely at least {:.2})",
            (bound * 100.0).floor() / 100.0
        ),
        None => format!("{point:.2} (no bound)"),
    }
}

/// Labels at which the bound of an unchanged agreement reaches the bar: its distance shrinks with the root of their number.
fn for_agreement(n: usize, point: f64, bound: Option<f64>, bar: f64) -> Option<u64> {
    let (above, below) = (point - bar, point - bound?);
    if above <= 0.0 || below <= 0.0 {
        return None;
    }
    // What is a whole number but for its last binary digits is not one more.
    Some((n as f64 * (below / above).powi(2) - 1e-9).ceil() as u64)
}

/// Labels at which both classes are so large that the bounds of unchanged rates reach the bar; classes keep their shares.
fn for_rates(rates: &[Rate; 2], n: usize, bar: f64, confidence: Confidence) -> Option<u64> {
    const MOST: u64 = 1_000_000;
    let mut needed: u64 = 0;
    for rate in rates {
        let share = rate.point();
        if share <= bar || rate.of == 0 {
            return None;
        }
        let reaches = |size: u64| {
            let right = (share * size as f64).round() as u64;
            wilson(right.min(size), size, confidence)
                .ok()
                .and_then(|found| found.low())
                .is_some_and(|low| low >= bar)
        };
        let mut size = rate.of;
        while !reaches(size) {
            // One in fifty more each time: no promise hangs on the last digit.
            size += size / 50 + 1;
            if size > MOST {
                return None;
            }
        }
        let in_all = size as f64 * n as f64 / rate.of as f64;
        needed = needed.max(in_all.ceil() as u64);
    }
    Some(needed)
}

fn percent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::wilson;

    const BOUND: Confidence = Confidence::NINETY;

    fn rate(name: &'static str, right: u64, of: u64) -> Rate {
        Rate {
            name,
            right,
            of,
            estimate: wilson(right, of, BOUND).unwrap(),
        }
    }

    fn evidence(n: usize, kappa: f64, bound: f64) -> Evidence {
        Evidence {
            n,
            fewest: Some(("fail".into(), n / 2)),
            units: n,
            unreadable: (0, n),
            agreement: Some(("kappa".into(), kappa, Some(bound))),
            ..Evidence::default()
        }
    }

    fn outcome(evidence: &Evidence) -> (Outcome, Option<&'static str>) {
        let found = conclude(evidence, &Usable::default(), false, BOUND);
        (found.outcome, found.route)
    }

    #[test]
    fn too_few_labels_classes_or_clusters_come_first_whatever_the_agreement() {
        assert_eq!(
            outcome(&evidence(49, 1.0, 0.9)),
            (Outcome::TooFewLabels, None)
        );
        let mut few = evidence(60, 1.0, 0.9);
        few.fewest = Some(("fail".into(), 19));
        few.unreadable = (60, 60);
        assert_eq!(outcome(&few), (Outcome::TooFewLabels, None));
        let mut clustered = evidence(200, 1.0, 0.9);
        clustered.units = 19;
        assert_eq!(outcome(&clustered), (Outcome::TooFewLabels, None));
    }

    #[test]
    fn unreadable_verdicts_and_wavering_orders_speak_against_it() {
        let mut unread = evidence(100, 0.9, 0.8);
        unread.unreadable = (5, 100);
        assert_eq!(outcome(&unread).0, Outcome::Usable);
        unread.unreadable = (6, 100);
        assert_eq!(outcome(&unread).0, Outcome::NotShownUsable);
        let mut wavers = evidence(100, 0.9, 0.8);
        wavers.orders = Some(0.69);
        assert_eq!(outcome(&wavers).0, Outcome::NotShownUsable);
    }

    #[test]
    fn each_route_leads_to_usable_by_its_bound_alone() {
        assert_eq!(
            outcome(&evidence(100, 0.75, 0.60)),
            (Outcome::Usable, Some("A"))
        );
        assert_eq!(
            outcome(&evidence(100, 0.75, 0.59)),
            (Outcome::TooFewLabels, Some("A"))
        );
        let mut rates = evidence(200, 0.5, 0.3);
        rates.rates = Some([rate("TPR", 92, 100), rate("TNR", 92, 100)]);
        assert_eq!(outcome(&rates), (Outcome::Usable, Some("B")));
        rates.rates = Some([rate("TPR", 92, 100), rate("TNR", 17, 20)]);
        assert_eq!(outcome(&rates), (Outcome::TooFewLabels, Some("B")));
        rates.rates = Some([rate("TPR", 92, 100), rate("TNR", 79, 100)]);
        assert_eq!(outcome(&rates), (Outcome::NotShownUsable, None));
        let mut people = evidence(100, 0.5, 0.41);
        people.winning_rate = Some(0.5);
        assert_eq!(outcome(&people), (Outcome::Usable, Some("C")));
        people.winning_rate = Some(0.4);
        assert_eq!(outcome(&people), (Outcome::NotShownUsable, None));
    }

    #[test]
    fn advice_is_in_numbers_and_promises_nothing_at_the_bar() {
        let found = conclude(&evidence(80, 0.70, 0.55), &Usable::default(), false, BOUND);
        // 80 (0.15 / 0.10)^2
        assert_eq!(found.needs_n, Some(180));
        let at_bar = conclude(&evidence(80, 0.60, 0.45), &Usable::default(), false, BOUND);
        assert_eq!(
            (at_bar.outcome, at_bar.needs_n),
            (Outcome::TooFewLabels, None)
        );
        let rates = [rate("TPR", 27, 30), rate("TNR", 45, 50)];
        let needed = for_rates(&rates, 80, 0.8, BOUND).unwrap();
        // The smaller class decides: 35 of it, as there are 30 among 80.
        assert!((90..=100).contains(&needed), "{needed}");
    }

    #[test]
    fn nothing_to_go_by_is_said_so() {
        let mut none = evidence(100, 0.0, 0.0);
        none.agreement = None;
        let found = conclude(&none, &Usable::default(), true, BOUND);
        assert_eq!(found.outcome, Outcome::NotShownUsable);
        assert!(found.rule.contains("no figure"), "{}", found.rule);
        assert!(found.set_by_judge_file);
    }
}
