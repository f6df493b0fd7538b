//! What a plan can show before anything is called: the smallest differences and margins (STATISTICS 5).

use crate::domain::suite::{Gate, Rule, Suite};
use crate::stats::{
    ASSUMED_BETWEEN, CHANCE_FLIPS, CLUSTER_CORRELATION, FlipPlan, Goal, VarianceSplit,
    pairs_needed, smallest_difference, within_case_variance,
};

use super::analyse::RunSide;
use super::bench::Bench;
use super::contrast::{Kind, contrast};
use super::figure::Chance;
use super::findings::Unit;
use super::format;
use super::metric::{Metric, known, parse};
use super::pairing::Pairing;
use super::record::Record;
use super::side::Side;

/// Shares of cases that flip: a wording tweak, a prompt change, another model.
pub const FLIPS: [(f64, &str); 3] = [
    (0.05, "a wording tweak"),
    (0.10, "a prompt change"),
    (0.30, "another model"),
];

/// What a plan can show.
#[derive(Debug, Clone, PartialEq)]
pub struct Power {
    /// One row a share of flips.
    pub rows: Vec<PowerRow>,
    /// Half the width of a rate's 95 % interval at 0.5 and 0.9; `None` without cases.
    pub half_widths: [Option<f64>; 2],
    /// From earlier runs: the smallest difference with 80 % power, and the smallest margin.
    pub pilot: Option<PilotPower>,
    /// Gates that this plan seldom passes when nothing changed, each with what it needs.
    pub warnings: Vec<String>,
    /// What the figures take for granted, to be said with them.
    pub assumptions: Vec<String>,
}

/// What a plan can show if so many cases flip.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerRow {
    /// Share of cases that flip.
    pub flips: f64,
    /// What flips so many: `a prompt change`.
    pub like: &'static str,
    /// Smallest difference seen with 80 % power; `None`: cannot be shown.
    pub difference: Option<f64>,
    /// Smallest `max_drop` that passes with 80 % when nothing changed.
    pub margin: Option<f64>,
}

/// What a plan can show by the variance of earlier runs.
#[derive(Debug, Clone, PartialEq)]
pub struct PilotPower {
    /// Variance of one pair's difference in this plan.
    pub variance: f64,
    /// Smallest difference seen with 80 % power.
    pub difference: f64,
    /// Smallest margin that passes with 80 % when nothing changed.
    pub margin: f64,
    /// Where the variance comes from, and what was assumed.
    pub said: String,
}

/// The extent of a plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Cases.
    pub cases: u64,
    /// Repeats of each.
    pub repeats: u32,
    /// Clusters, where the suite declares them.
    pub clusters: Option<u64>,
}

/// The variance of earlier runs, split into what cases and what repeats contribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Pilot {
    split: VarianceSplit,
    said: String,
}

impl Pilot {
    /// From a run of two targets or more (its first two), or of one target with repeats.
    ///
    /// # Errors
    /// Why this run says nothing of the variance.
    pub fn of(suite: &Suite, record: &Record, chance: Chance) -> Result<Self, String> {
        let bench = Bench::new(suite, record, chance);
        let metric = success_of(&bench)?;
        let side = |target| bench.side(&metric, target, None);
        if record.shape().targets.len() > 1 {
            let pairing = Pairing::within(record.counted());
            return Self::split(&metric, (&side(0), &side(1)), &pairing, &chance);
        }
        let within = within(&side(0)).ok_or("a pilot of one target needs repeats")?;
        Ok(Self {
            split: VarianceSplit::from_one_target(within),
            said: format!(
                "from one target with repeats; assumed: the other side alike, variance between cases {ASSUMED_BETWEEN}"
            ),
        })
    }

    /// From two runs, paired case by case.
    ///
    /// # Errors
    /// Why these runs say nothing of the variance.
    pub fn between(
        baseline: RunSide<'_>,
        candidate: RunSide<'_>,
        chance: Chance,
    ) -> Result<Self, String> {
        let old = Bench::new(baseline.suite, baseline.record, chance);
        let new = Bench::new(candidate.suite, candidate.record, chance);
        let pairing = Pairing::of_records(baseline.record, candidate.record);
        let (metric, other) = (success_of(&new)?, success_of(&old)?);
        let sides = (
            &old.side(&other, baseline.target, None),
            &new.side(&metric, candidate.target, None),
        );
        Self::split(&metric, sides, &pairing, &chance)
    }

    fn split(
        metric: &Metric,
        (old, new): (&Side, &Side),
        pairing: &Pairing,
        chance: &Chance,
    ) -> Result<Self, String> {
        let (old, new) = pairing.align(old, new);
        let found = contrast(metric, &old, &new, Kind::Difference, chance, &["pilot"]);
        let variance = found
            .variance
            .ok_or("the pilot has too few pairs to tell a variance")?;
        // One trial a side says nothing of chance inside a case; then all of the variance counts as between cases.
        let trials = new.cases.iter().map(|case| case.scored).max().unwrap_or(1);
        let (a, b) = (within(&old).unwrap_or(0.0), within(&new).unwrap_or(0.0));
        let split = VarianceSplit::from_comparison(variance, a, b, f64::from(trials.max(1)))
            .map_err(|reason| format!("the pilot's variance: {reason}"))?;
        Ok(Self {
            split,
            said: format!("from {} pairs of an earlier comparison", found.pairs),
        })
    }

    fn power(&self, plan: Plan) -> Option<PilotPower> {
        let repeats = f64::from(plan.repeats);
        let variance = self.split.variance(repeats, repeats);
        let n = plan.cases as f64;
        Some(PilotPower {
            variance,
            difference: smallest_difference(Goal::difference(), variance, n).ok()?,
            margin: smallest_difference(Goal::gate(), variance, n).ok()?,
            said: self.said.clone(),
        })
    }
}

fn success_of(bench: &Bench<'_>) -> Result<Metric, String> {
    bench
        .metric("success_rate")
        .filter(|_| bench.success.is_some())
        .ok_or_else(|| "the pilot has no success rate".to_owned())
}

/// Variance of one trial within its case; `None` without repeats.
fn within(side: &Side) -> Option<f64> {
    let scored = side.cases.iter().filter(|case| case.scored > 0);
    let cases: Vec<(f64, u64)> = scored
        .map(|case| (case.sum / f64::from(case.scored), u64::from(case.scored)))
        .collect();
    within_case_variance(&cases).ok()
}

impl Plan {
    fn flips(&self) -> FlipPlan {
        let clusters = self.clusters.filter(|clusters| *clusters > 0);
        FlipPlan {
            cases: self.cases as f64,
            repeats: f64::from(self.repeats),
            cluster_size: clusters.map_or(1.0, |clusters| self.cases as f64 / clusters as f64),
        }
    }
}

/// What a plan can show.
#[must_use]
pub fn power(suite: &Suite, plan: Plan, pilot: Option<&Pilot>) -> Power {
    let flips = plan.flips();
    let pilot = pilot.and_then(|pilot| Some((pilot, pilot.power(plan)?)));
    let mut assumptions = vec![format!(
        "half of the flips are chance, which repeats average away ({} of them)",
        format::plain(CHANCE_FLIPS)
    )];
    if plan.clusters.is_some() {
        assumptions.push(format!(
            "cases of one cluster are alike to {}",
            format::plain(CLUSTER_CORRELATION)
        ));
    }
    let warnings = suite
        .gates
        .iter()
        .filter_map(|gate| warning(suite, gate, plan, pilot.as_ref().map(|(pilot, _)| *pilot)))
        .collect();
    Power {
        rows: FLIPS
            .iter()
            .map(|&(share, like)| PowerRow {
                flips: share,
                like,
                difference: flips.smallest_difference(share),
                margin: flips.smallest_margin(share),
            })
            .collect(),
        half_widths: [flips.half_width(0.5), flips.half_width(0.9)],
        pilot: pilot.map(|(_, power)| power),
        warnings,
        assumptions,
    }
}

/// A `max_drop` of a rate below what the plan passes 4 times in 5 when nothing changed and a prompt's worth of cases flips.
fn warning(suite: &Suite, gate: &Gate, plan: Plan, pilot: Option<&Pilot>) -> Option<String> {
    let Rule::MaxDrop(margin) = gate.rule else {
        return None;
    };
    let metric: Metric = parse(&gate.metric, &known(&suite.scorers)).ok()?;
    if metric.unit != Unit::Rate {
        return None;
    }
    let (smallest, needed, by) = match pilot {
        Some(pilot) => {
            let power = pilot.power(plan)?;
            let needed = pairs_needed(Goal::gate(), power.variance, margin)
                .ok()?
                .ceil();
            (power.margin, needed as u64, "by the pilot's variance")
        }
        None => {
            let (share, flips) = (FLIPS[1].0, plan.flips());
            let needed = flips.cases_for_margin(share, margin).ok()?;
            (
                flips.smallest_margin(share)?,
                needed,
                "if 10 % of the cases flip",
            )
        }
    };
    (margin < smallest).then(|| {
        format!(
            "gate {}: with {} cases it is often undecided though nothing changed; {by} it needs about {needed} cases, or a margin of {}",
            super::gate::words(gate, metric.unit),
            plan.cases,
            format::Scale::of_difference(Unit::Rate, smallest).with_unit(
                smallest,
                format::Rounding::Up,
                None
            )
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{cases, gate, pairs, pass, record, suite};

    fn plan(cases: u64) -> Plan {
        Plan {
            cases,
            repeats: 1,
            clusters: None,
        }
    }

    #[test]
    fn worked_example_power() {
        let flips = plan(200).flips();
        assert!((flips.smallest_difference(0.10).unwrap() - 0.061_451).abs() < 5e-7);
        assert!((flips.smallest_margin(0.10).unwrap() - 0.055_599).abs() < 5e-7);
        assert_eq!(flips.cases_for_margin(0.10, 0.03), Ok(687));
    }

    #[test]
    fn clusters_count_for_less_than_their_cases() {
        let clustered = Plan {
            clusters: Some(50),
            ..plan(200)
        };
        let effective = clustered.flips().effective_cases();
        assert!((effective - 200.0 / 1.6).abs() < 1e-9);
    }

    fn chance() -> Chance {
        Chance {
            seed: 7,
            threads: std::num::NonZeroUsize::MIN,
        }
    }

    #[test]
    fn a_gate_below_what_the_plan_can_pass_is_warned_of_with_what_it_needs() {
        let mut suite = suite(&["prod", "next"], 1);
        suite.gates.push(gate("success_rate", Rule::MaxDrop(0.03)));
        let found = power(&suite, plan(200), None);
        assert_eq!(
            found.warnings,
            [
                "gate success_rate drop <= 3 points: with 200 cases it is often undecided though nothing changed; if 10 % of the cases flip it needs about 687 cases, or a margin of 5.6 points"
            ]
        );
        assert!(power(&suite, plan(700), None).warnings.is_empty());
        // Six flips, all one way, are the fewest that show anything.
        assert_eq!(power(&suite, plan(50), None).rows[0].difference, None);
    }

    #[test]
    fn a_pilot_of_two_targets_gives_the_variance_of_its_pairs() {
        let suite = suite(&["prod", "next"], 1);
        let (cases, trial) = pairs(166, 5, 9, 20);
        let record = record(&suite, &cases, trial);
        let pilot = Pilot::of(&suite, &record, chance()).unwrap();
        let found = power(&suite, plan(645), Some(&pilot)).pilot.unwrap();
        assert!((found.variance - 0.073_857).abs() < 5e-7);
        // 645 cases are what a difference of 3 points takes by this variance.
        assert!(found.difference <= 0.03 && found.difference > 0.0299);
    }

    #[test]
    fn a_pilot_of_one_target_needs_repeats() {
        let one = suite(&["prod"], 1);
        let single = record(&one, &cases(30), |_, _, _| Some(pass(true)));
        assert!(Pilot::of(&one, &single, chance()).is_err());
        let twice = suite(&["prod"], 2);
        let repeated = record(&twice, &cases(30), |_, repeat, _| Some(pass(repeat == 0)));
        let pilot = Pilot::of(&twice, &repeated, chance()).unwrap();
        let found = pilot.power(Plan {
            repeats: 2,
            ..plan(30)
        });
        // v = 0.25 x 2 on either side, halved by two repeats, and 0.05 between cases.
        assert!((found.unwrap().variance - 0.55).abs() < 1e-12);
    }
}
