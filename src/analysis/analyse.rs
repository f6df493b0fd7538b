//! From records to findings: the one entry for a run, and the one for a comparison across runs.

use std::num::NonZeroUsize;

use crate::domain::fault::FaultKind;
use crate::domain::suite::{Baseline as Declared, Gate, Rule, Suite};

use super::baseline::{Baseline, failures};
use super::bench::Bench;
use super::comparison::{Draft, Family, Sides, UNPAIRED, adjust, draft};
use super::contrast::Contrast;
use super::correction::{Base, CorrectedPairs, Pairs, correct, correct_pairs};
use super::figure::Chance;
use super::findings::{
    Comparison, Design, Findings, GateFindings, GateOutcome, RunFacts, SCHEMA_VERSION,
    TargetFindings, Unit,
};
use super::format;
use super::gate::{self, Evidence};
use super::metric::Metric;
use super::pairing::Pairing;
use super::quarantine;
use super::record::Record;
use super::side::Side;
use super::summary;

/// What findings need besides suite and record.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// About the run; for two runs about the candidate's.
    pub run: RunFacts,
    /// Threads for bootstraps: they change the time, never a byte.
    pub threads: NonZeroUsize,
    /// The file that the suite's `baseline` names, where it is there already.
    pub baseline_file: Option<&'a Baseline>,
}

/// A run as one side of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct RunSide<'a> {
    /// Its suite.
    pub suite: &'a Suite,
    /// Its record.
    pub record: &'a Record,
    /// Its target, by index.
    pub target: usize,
    /// How it is called in sentences: the target's id or, where both sides' are the same, the run's.
    pub name: &'a str,
}

/// The baseline's side of a comparison.
#[derive(Debug, Clone, Copy)]
pub enum Against<'a> {
    /// A target of a run.
    Run(RunSide<'a>),
    /// A baseline file.
    File(&'a Baseline),
}

/// The baseline as comparisons see it.
enum Reference<'a> {
    /// A target of the run itself.
    Own(usize),
    /// A target of another run.
    Other {
        bench: Box<Bench<'a>>,
        target: usize,
        name: &'a str,
    },
    /// A file.
    File(&'a Baseline),
}

impl Reference<'_> {
    fn name(&self, bench: &Bench<'_>) -> String {
        match self {
            Self::Own(target) => bench.record.shape().targets[*target].clone(),
            Self::Other { name, .. } => (*name).to_owned(),
            Self::File(file) => file.head.target.clone(),
        }
    }

    /// Its side of a metric over the candidate's cases of a tag; `None`: it does not know the metric.
    fn side(&self, bench: &Bench<'_>, metric: &Metric, cases: Option<&[u32]>) -> Option<Side> {
        match self {
            Self::Own(target) => Some(bench.side(metric, *target, cases)),
            Self::Other {
                bench: other,
                target,
                ..
            } => {
                // Scorers may stand in another order there.
                let theirs = other.metric(&metric.name)?;
                Some(other.side(&theirs, *target, None))
            }
            Self::File(file) => file.side(metric),
        }
    }

    /// Corrects a metric's difference for the error of its judges.
    fn correct(
        &self,
        bench: &Bench<'_>,
        metric: &Metric,
        target: usize,
        (pairing, cases): (&Pairing, Option<&[u32]>),
        raw: &Contrast,
    ) -> Option<CorrectedPairs> {
        let theirs = match self {
            Self::Other { bench: other, .. } => Some(other.metric(&metric.name)?),
            Self::Own(_) | Self::File(_) => None,
        };
        let base = match (self, &theirs) {
            (Self::File(file), _) => Base::File(&file.head.judges),
            (
                Self::Other {
                    bench: other,
                    target,
                    ..
                },
                Some(metric),
            ) => Base::Run {
                bench: other,
                metric,
                target: *target,
            },
            (Self::Own(target) | Self::Other { target, .. }, _) => Base::Run {
                bench,
                metric,
                target: *target,
            },
        };
        let pairs = Pairs {
            bench,
            metric,
            target,
            base,
            pairing,
            cases,
        };
        correct_pairs(&pairs, raw)
    }

    fn pairing(&self, bench: &Bench<'_>) -> Pairing {
        match self {
            Self::Own(_) => Pairing::within(bench.record.counted()),
            Self::Other { bench: other, .. } => Pairing::of_records(other.record, bench.record),
            Self::File(file) => file.pairing(bench.record),
        }
    }

    /// Fault kinds that count as its own failure.
    fn failures(&self, bench: &Bench<'_>) -> Vec<String> {
        match self {
            Self::Own(target) => failures(bench.suite, *target),
            Self::Other {
                bench: other,
                target,
                ..
            } => failures(other.suite, *target),
            Self::File(file) => file.head.counts_as_failure.clone(),
        }
    }
}

/// The candidate's side in a comparison: its target and its name.
struct Candidate<'a> {
    target: usize,
    name: &'a str,
}

/// What a run says.
#[must_use]
pub fn findings(suite: &Suite, record: &Record, context: Context<'_>) -> Findings {
    let bench = Bench::new(suite, record, chance(suite, context.threads));
    let reference = match (&suite.baseline, context.baseline_file) {
        (Declared::Target(index), _) => Some(Reference::Own(*index)),
        (Declared::File(_), Some(file)) => Some(Reference::File(file)),
        (Declared::File(_) | Declared::None, _) => None,
    };
    let all: Vec<usize> = (0..record.shape().targets.len()).collect();
    let own = match reference {
        Some(Reference::Own(index)) => Some(index),
        _ => None,
    };
    let candidates: Vec<Candidate<'_>> = all
        .iter()
        .filter(|target| Some(**target) != own)
        .map(|&target| Candidate {
            target,
            name: &record.shape().targets[target],
        })
        .collect();
    let targets: Vec<TargetFindings> = all
        .iter()
        .map(|&target| summary::target(&bench, target))
        .collect();
    let gates: Vec<&Gate> = suite.gates.iter().collect();
    assemble(
        &bench,
        reference.as_ref(),
        &candidates,
        &gates,
        targets,
        context.run,
    )
}

/// What a comparison across runs, or of two chosen targets of one, says. Only the candidate suite's gates against the baseline
/// are decided.
#[must_use]
pub fn compare(
    baseline: Against<'_>,
    candidate: RunSide<'_>,
    run: RunFacts,
    threads: NonZeroUsize,
) -> Findings {
    let chance = chance(candidate.suite, threads);
    let bench = Bench::new(candidate.suite, candidate.record, chance);
    let mut targets = Vec::new();
    let reference = match baseline {
        Against::File(file) => Reference::File(file),
        Against::Run(side) => {
            let other = Bench::new(side.suite, side.record, chance);
            let mut shown = summary::target(&other, side.target);
            shown.id = side.name.to_owned();
            targets.push(shown);
            Reference::Other {
                bench: Box::new(other),
                target: side.target,
                name: side.name,
            }
        }
    };
    let mut shown = summary::target(&bench, candidate.target);
    shown.id = candidate.name.to_owned();
    targets.push(shown);
    let own_id = &candidate.record.shape().targets[candidate.target];
    let gates: Vec<&Gate> = candidate
        .suite
        .gates
        .iter()
        .filter(|gate| !matches!(gate.rule, Rule::Min(_) | Rule::Max(_)))
        .filter(|gate| gate.target.as_ref().is_none_or(|id| id == own_id))
        .collect();
    let candidates = [Candidate {
        target: candidate.target,
        name: candidate.name,
    }];
    assemble(&bench, Some(&reference), &candidates, &gates, targets, run)
}

fn chance(suite: &Suite, threads: NonZeroUsize) -> Chance {
    Chance {
        seed: suite.seed,
        threads,
    }
}

fn assemble(
    bench: &Bench<'_>,
    reference: Option<&Reference<'_>>,
    candidates: &[Candidate<'_>],
    gates: &[&Gate],
    targets: Vec<TargetFindings>,
    run: RunFacts,
) -> Findings {
    let suite = bench.suite;
    let pairing = reference.map(|reference| reference.pairing(bench));
    let joined = reference.zip(pairing.as_ref());
    let comparisons = joined.map_or_else(Vec::new, |(reference, pairing)| {
        comparisons(bench, reference, pairing, candidates)
    });
    let gates: Vec<GateFindings> = gates
        .iter()
        .flat_map(|gate| decided(bench, joined, candidates, gate, &targets))
        .collect();
    let judged: Vec<usize> = match reference {
        Some(Reference::Own(own)) => std::iter::once(*own)
            .chain(candidates.iter().map(|candidate| candidate.target))
            .collect(),
        _ => candidates
            .iter()
            .map(|candidate| candidate.target)
            .collect(),
    };
    let baseline = match (reference, &suite.baseline) {
        (Some(reference @ Reference::File(file)), _) => {
            Some(format!("{} ({})", reference.name(bench), file.name))
        }
        (Some(reference), _) => Some(reference.name(bench)),
        (None, Declared::File(name)) => Some(name.clone()),
        (None, _) => None,
    };
    let design = Design {
        cases: bench.record.counted().count() as u64,
        repeats: suite.repeats,
        clusters: bench.record.cluster_count(),
        success: bench.success.as_ref().map(|rule| rule.text()),
        primary: suite.primary.clone(),
        baseline,
        max_error_rate: suite.limits.max_error_rate,
    };
    let mut sorted = judged;
    sorted.sort_unstable();
    let mut warnings = warnings(
        bench,
        joined,
        candidates,
        &targets,
        &comparisons,
        &gates,
        run.only().is_some(),
    );
    warnings.extend(quarantine::ended(suite, &bench.record.shape().quarantine));
    warnings.extend(changed_models(bench, &sorted));
    Findings {
        schema_version: SCHEMA_VERSION,
        warnings,
        judges: summary::judges(bench, &sorted),
        quarantine: quarantine::findings(bench, &sorted),
        differences: Vec::new(),
        design,
        targets,
        comparisons,
        gates: match run.only() {
            Some(_) => gates.into_iter().map(shown_only).collect(),
            None => gates,
        },
        run,
    }
}

/// A gate of a run of only some cases: it is shown and asks for nothing.
fn shown_only(gate: GateFindings) -> GateFindings {
    GateFindings { effect: 0, ..gate }
}

/// Endpoints that answered as another model than in the trials that were taken over.
fn changed_models(bench: &Bench<'_>, targets: &[usize]) -> Vec<String> {
    let taken = bench.record.taken();
    let mut said = Vec::new();
    for &target in targets {
        let then: Vec<&str> = taken.models(target, true).collect();
        let now: Vec<&str> = taken.models(target, false).collect();
        if !then.is_empty() && !now.is_empty() && then != now {
            said.push(format!(
                "{} answered as {} in the trials taken over, as {} in those of this run: the model behind it has changed",
                bench.record.shape().targets[target],
                then.join(", "),
                now.join(", ")
            ));
        }
    }
    said
}

// --- comparisons ---------------------------------------------------------------------------------------------------------------

fn comparisons(
    bench: &Bench<'_>,
    reference: &Reference<'_>,
    pairing: &Pairing,
    candidates: &[Candidate<'_>],
) -> Vec<Comparison> {
    let name = reference.name(bench);
    let make = |metric: &Metric, candidate: &Candidate<'_>, tag: Option<&str>| -> Option<Draft> {
        let cases = tag.map(|tag| bench.record.cases_with(&[tag.to_owned()]));
        let side = bench.side(metric, candidate.target, cases.as_deref());
        let base = reference.side(bench, metric, cases.as_deref())?;
        // Nothing to compare: no cost is known, no reply was streamed.
        if side.scored() == 0 && base.scored() == 0 {
            return None;
        }
        let sides = Sides {
            metric,
            baseline: &base,
            candidate: &side,
            pairing,
            names: (&name, candidate.name),
            tag,
            noise: metric.noise(&bench.suite.noise, &bench.suite.gates),
            max_error_rate: bench.suite.limits.max_error_rate,
            correct: &|raw| match tag {
                // Slices are exploration: few of their cases are labelled.
                Some(_) => None,
                None => reference.correct(bench, metric, candidate.target, (pairing, None), raw),
            },
            judge: bench.caveat(metric),
        };
        Some(draft(&sides, &bench.chance))
    };
    let Some(primary) = bench.primary() else {
        return Vec::new();
    };
    let mut found: Vec<Comparison> = Vec::new();
    let mut leading: Vec<Draft> = candidates
        .iter()
        .filter_map(|candidate| make(&primary, candidate, None))
        .collect();
    adjust(&mut leading.iter_mut().collect::<Vec<_>>(), Family::Holm);
    found.extend(leading.into_iter().map(|draft| draft.decided("primary")));
    for candidate in candidates {
        let mut family: Vec<Draft> = bench
            .compared()
            .iter()
            .filter(|metric| metric.name != primary.name)
            .filter_map(|metric| make(metric, candidate, None))
            .collect();
        adjust(&mut family.iter_mut().collect::<Vec<_>>(), Family::Holm);
        found.extend(family.into_iter().map(|draft| draft.decided("secondary")));
    }
    for candidate in candidates {
        let mut slices: Vec<Draft> = bench
            .record
            .tags()
            .iter()
            .filter_map(|tag| make(&primary, candidate, Some(tag)))
            .collect();
        let mut family: Vec<&mut Draft> = slices.iter_mut().collect();
        adjust(&mut family, Family::BenjaminiHochberg);
        found.extend(slices.into_iter().map(Draft::explored));
    }
    found
}

// --- gates -----------------------------------------------------------------------------------------------------------------------

fn decided(
    bench: &Bench<'_>,
    joined: Option<(&Reference<'_>, &Pairing)>,
    candidates: &[Candidate<'_>],
    gate: &Gate,
    targets: &[TargetFindings],
) -> Vec<GateFindings> {
    let Some(metric) = bench.metric_of(gate) else {
        return Vec::new();
    };
    let ids = &bench.record.shape().targets;
    let about: Vec<Candidate<'_>> = match &gate.target {
        None => candidates
            .iter()
            .map(|candidate| Candidate {
                target: candidate.target,
                name: candidate.name,
            })
            .collect(),
        Some(id) => ids
            .iter()
            .enumerate()
            .filter(|(_, known)| *known == id)
            .map(|(target, known)| {
                let named = candidates.iter().find(|c| c.target == target);
                Candidate {
                    target,
                    name: named.map_or(known.as_str(), |candidate| candidate.name),
                }
            })
            .collect(),
    };
    let cases = (!gate.tags.is_empty()).then(|| bench.record.cases_with(&gate.tags));
    let needs_baseline = !matches!(gate.rule, Rule::Min(_) | Rule::Max(_));
    let decide = |candidate: &Candidate<'_>| {
        let side = bench.side(&metric, candidate.target, cases.as_deref());
        let base = joined
            .filter(|_| needs_baseline)
            .and_then(|(reference, pairing)| {
                let side = reference.side(bench, &metric, cases.as_deref())?;
                Some((reference.name(bench), side, pairing))
            });
        // Every rate of a target that never replied would be a statement about nothing.
        let silent = targets
            .iter()
            .any(|target| target.id == candidate.name && target.not_evaluated);
        let nothing = Side::default();
        let evidence = Evidence {
            gate,
            metric: &metric,
            target: candidate.name,
            side: if silent { &nothing } else { &side },
            baseline: base
                .as_ref()
                .map(|(name, side, pairing)| (name.as_str(), side, *pairing)),
            doubt: bench.doubt(&metric),
            caveat: bench.caveat(&metric),
            correction: match needs_baseline {
                true => None,
                false => correct(bench, &metric, candidate.target, cases.as_deref()),
            },
            correct: &|raw| {
                let (reference, pairing) = joined?;
                reference.correct(
                    bench,
                    &metric,
                    candidate.target,
                    (pairing, cases.as_deref()),
                    raw,
                )
            },
            on_unclear: bench.suite.on_unclear,
            max_error_rate: bench.suite.limits.max_error_rate,
        };
        quarantine::on_line(gate::decide(&evidence, &bench.chance), gate, bench.record)
    };
    about.iter().map(decide).collect()
}

// --- warnings --------------------------------------------------------------------------------------------------------------------

fn warnings(
    bench: &Bench<'_>,
    joined: Option<(&Reference<'_>, &Pairing)>,
    candidates: &[Candidate<'_>],
    targets: &[TargetFindings],
    comparisons: &[Comparison],
    gates: &[GateFindings],
    shown_only: bool,
) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    if let Some((reference, pairing)) = joined {
        let old = reference.failures(bench);
        for candidate in candidates {
            let new = failures(bench.suite, candidate.target);
            if new != old {
                said.push(format!(
                    "faults count differently: {} takes [{}] as its own failures, {} [{}]; set `counts_as_failure` alike before comparing",
                    candidate.name,
                    new.join(", "),
                    reference.name(bench),
                    old.join(", ")
                ));
            }
        }
        if pairing.pairs.is_empty() && bench.record.cases() > 0 {
            said.push(UNPAIRED.to_owned());
        }
    }
    let limit = bench.suite.limits.max_error_rate;
    for target in targets {
        if target.not_evaluated {
            said.push(format!(
                "{} was not evaluated: not one complete reply{}",
                target.id,
                commonest(target)
            ));
        } else if target.missing_rate > limit {
            said.push(format!(
                "{}: {} of the trials are missing, allowed {}{}",
                target.id,
                format::share(target.missing_rate, limit),
                format::bar(Unit::Rate, limit),
                commonest(target)
            ));
        }
    }
    // Where no gate decides anything, that is said once and not of each.
    for gate in gates.iter().filter(|_| !shown_only) {
        if gate.outcome == GateOutcome::Undecided && gate.effect == 0 {
            said.push(format!("undecided: {}: {}", gate.gate, gate.why));
        }
    }
    said.extend(bench.record.held().warnings());
    for target in targets {
        for (name, metric) in &target.metrics {
            let warnings = metric.correction.iter().flat_map(|one| &one.warnings);
            said.extend(warnings.map(|text| format!("{}: {name}: {text}", target.id)));
        }
    }
    if bench.success.is_none() {
        said.push("no scorer decides success, so there is no success rate".to_owned());
    }
    if let Some((Reference::File(file), _)) = joined {
        said.extend(drifts(bench, file, comparisons));
    }
    said
}

/// `: 40 unavailable`: what most of a target's errors were.
fn commonest(target: &TargetFindings) -> String {
    let most = target.errors.iter().max_by_key(|(_, count)| **count);
    most.map_or_else(String::new, |(kind, count)| {
        let known = FaultKind::ALL.iter().find(|(name, _)| name == kind);
        let words = known.map_or(kind.as_str(), |(_, kind)| kind.words());
        format!(" ({count} {words})")
    })
}

/// Small allowed drops add up: what the candidate is now below the first value that was ever blessed.
fn drifts(bench: &Bench<'_>, file: &Baseline, comparisons: &[Comparison]) -> Vec<String> {
    let mut said = Vec::new();
    for comparison in comparisons.iter().filter(|found| found.tag.is_none()) {
        let (Some(metric), Some(blessed)) = (
            bench.metric(&comparison.metric),
            file.head.metrics.get(&comparison.metric),
        ) else {
            continue;
        };
        let (Some(first), Some(now)) = (blessed.first, blessed.value) else {
            continue;
        };
        let Some(estimate) = comparison.difference.estimate() else {
            continue;
        };
        let since = now + estimate.point - first;
        let worse = if metric.more_is_better {
            since < 0.0
        } else {
            since > 0.0
        };
        if worse && blessed.first_run != file.head.run {
            let word = if since < 0.0 { "below" } else { "above" };
            said.push(format!(
                "{}: {} {} {word} what was first blessed ({})",
                comparison.candidate,
                comparison.metric,
                format::margin(metric.unit, rounded(since.abs())),
                blessed.first_run
            ));
        }
    }
    said
}

/// To four digits: a sum of differences is no more certain than that.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
