//! Checks a suite without calling anything: its faults, what would be called and how often, the most it can cost, and what so many
//! cases can show.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::JobError;
use super::begin::{agreed, select};
use super::held;
use super::programs::{self, Started};
use super::reading::{open_run, read_run};
use super::report::threads;
use super::suite::{Selection, open_suite, speakers};
use super::wiring::{Account, Calls as Callees, account, paces};
use crate::analysis::figure::Chance;
use crate::analysis::power::{Pilot, Plan, Power, power};
use crate::analysis::quarantine::ended;
use crate::analysis::record::Shape;
use crate::domain::port::Clock;
use crate::domain::suite::{Budget, CassetteMode, Pace, Suite, TargetSpec};
use crate::score::success::Expression;

/// What is to be checked.
#[derive(Debug, Clone)]
pub struct Check {
    /// The suite file, or the bare name of a built-in pack.
    pub suite: PathBuf,
    /// What is meant of it.
    pub selection: Selection,
    /// Earlier runs to take the variance from.
    pub pilots: Vec<String>,
    /// Refuse a suite that starts programs.
    pub no_exec: bool,
}

/// What a suite would do.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The suite's name.
    pub suite: String,
    /// Selected cases, of how many.
    pub cases: (u64, u64),
    /// Selected cases in quarantine.
    pub quarantined: u64,
    /// Repeats of each.
    pub repeats: u32,
    /// The success expression; `None`: undefined.
    pub success: Option<String>,
    /// What would be called.
    pub calls: Vec<Calls>,
    /// The programs that would be started.
    pub programs: Vec<Started>,
    /// The most that all calls together can cost in USD; `None`: unbounded or unknown.
    pub most_usd: Option<f64>,
    /// What the run may spend in all.
    pub budget: Budget,
    /// Whether a cassette would answer instead.
    pub replays: Option<String>,
    /// Gates in the suite.
    pub gates: usize,
    /// What so many cases can show.
    pub power: Power,
    /// What is only worth saying.
    pub warnings: Vec<String>,
}

/// Calls to one target, or of one scorer that asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Calls {
    /// `target prod`, `judge helpful`, `scorer style`.
    pub who: String,
    /// Where they go.
    pub endpoint: String,
    /// The model.
    pub model: Option<String>,
    /// How many at least: a failed attempt is retried, up to the suite's attempts.
    pub count: u64,
    /// The most tokens that one reply may have.
    pub most_tokens: Option<u64>,
    /// The most that the replies can cost in USD, without what is read; `None`: unbounded, or no price is known.
    pub most_usd: Option<f64>,
    /// Why there is no bound: `no price known`, `max_tokens is not set`.
    pub unbounded: Option<&'static str>,
    /// Calls and tokens a minute of its model, with all in this suite who ask it.
    pub pace: Pace,
    /// Calls of all who ask its model.
    pub sharing: u64,
}

/// Checks a suite. Calls nothing, writes nothing.
pub fn check(order: &Check, runs_dir: &Path, clock: &dyn Clock) -> Result<Checked, JobError> {
    let loaded = open_suite(&order.suite, &order.selection, runs_dir)?;
    held::check(&loaded)?;
    let suite = &loaded.suite;
    let replays = suite
        .cassette
        .as_ref()
        .filter(|cassette| cassette.mode == CassetteMode::Replay)
        .map(|cassette| cassette.file.clone());
    if order.no_exec && replays.is_none() {
        programs::refuse(&loaded, Callees::Everybody)?;
    }
    let mut input_bytes = 0_u64;
    let held = Shape::of(suite, 0).at(suite, clock.unix_ms()).quarantine;
    let mut quarantined = 0_u64;
    let selected = select(&loaded, &mut |case| {
        input_bytes += case.input.text().len() as u64;
        quarantined += u64::from(held.contains_key(&case.id));
        Ok(())
    })?;
    let mut warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    warnings.extend(ended(suite, &held));
    warnings.extend(agreed(&loaded, &selected)?.iter().map(ToString::to_string));
    let per_target = selected.count * u64::from(suite.repeats);
    let mut calls: Vec<Calls> = suite
        .targets
        .iter()
        .map(|target| calls_of(format!("target {}", target.id), target, per_target))
        .collect();
    for scorer in &suite.scorers {
        for (at, model) in scorer.models().enumerate() {
            let asks = u64::from(scorer.scorer.asks(at));
            let count = per_target * suite.targets.len() as u64 * asks;
            let what = if scorer.scorer.is_judge() {
                "judge"
            } else {
                "scorer"
            };
            calls.push(calls_of(format!("{what} {}", model.id), model, count));
        }
    }
    share(suite, &mut calls);
    let most_usd = calls.iter().map(|calls| calls.most_usd).sum();
    let pilot = pilot(&order.pilots, runs_dir)?;
    let plan = Plan {
        cases: selected.count - quarantined,
        repeats: suite.repeats,
        clusters: selected.clusters,
    };
    let power = power(suite, plan, pilot.as_ref());
    warnings.extend(power.warnings.iter().cloned());
    Ok(Checked {
        suite: suite.name.clone(),
        cases: (selected.count, selected.total),
        quarantined,
        repeats: suite.repeats,
        success: Expression::of_suite(suite, selected.with_checks > 0)
            .map(|success| success.to_string()),
        calls,
        programs: programs::programs(suite, Callees::Everybody),
        most_usd,
        budget: suite.limits.budget,
        replays,
        gates: suite.gates.len(),
        power,
        warnings,
    })
}

/// Puts in what those who ask one model share: `calls` stand in the order of the suite's speakers.
fn share(suite: &Suite, calls: &mut [Calls]) {
    let paces = paces(suite);
    let mut counts: BTreeMap<Account, u64> = BTreeMap::new();
    for (spec, calls) in speakers(suite).zip(calls.iter()) {
        *counts.entry(account(spec)).or_default() += calls.count;
    }
    for (spec, calls) in speakers(suite).zip(calls) {
        let account = account(spec);
        calls.pace = paces.get(&account).copied().unwrap_or_default();
        calls.sharing = counts.get(&account).copied().unwrap_or(calls.count);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of calls and tokens are far below 2^53"
)]
fn calls_of(who: String, spec: &TargetSpec, count: u64) -> Calls {
    let most_tokens = spec.plan.most_output_tokens();
    let live = spec.plan.is_live();
    let (most_usd, unbounded) = match (live, spec.price, most_tokens) {
        (false, ..) => (Some(0.0), None),
        (true, None, _) => (None, Some("no price known")),
        (true, Some(_), None) => (None, Some(spec.plan.why_unbounded())),
        (true, Some(price), Some(tokens)) => (
            Some(count as f64 * tokens as f64 * price.output / 1e6),
            None,
        ),
    };
    Calls {
        who,
        endpoint: spec.plan.endpoint(),
        model: spec.plan.model().map(str::to_owned),
        count,
        most_tokens,
        most_usd,
        unbounded,
        pace: Pace::default(),
        sharing: count,
    }
}

/// The variance of earlier runs; of several the first that has one.
fn pilot(addresses: &[String], runs_dir: &Path) -> Result<Option<Pilot>, JobError> {
    let mut refused = None;
    for address in addresses {
        let reading = read_run(open_run(address, runs_dir)?)?;
        let chance = Chance {
            seed: reading.suite.seed,
            threads: threads(),
        };
        match Pilot::of(&reading.suite, &reading.record, chance) {
            Ok(pilot) => return Ok(Some(pilot)),
            Err(why) => refused = Some(format!("--pilot {address}: {why}")),
        }
    }
    refused.map_or(Ok(None), |why| Err(JobError::Usage(why)))
}
