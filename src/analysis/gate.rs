//! Gates: rules that decide the exit code, evaluated on what was scored and on the worst and best fill (STATISTICS 4).

use crate::domain::suite::{DecideOn, Gate, OnUnclear, Rule};
use crate::stats::{
    self, Confidence, Goal, Interval, MIN_UNITS, NeedsN, NonInferiority, Undefined, non_inferiority,
};

use super::comparison::NEAR;
use super::contrast::{Contrast, Kind, contrast, filled};
use super::correction::{CorrectedPairs, Correction, fill_of, filled_interval};
use super::figure::{Bound, Chance, Measured, estimate, measure, point, ratio, shown};
use super::findings::{Figure, GateFindings, GateOutcome, Unit};
use super::format::{self, Rounding, Scale};
use super::metric::Metric;
use super::pairing::Pairing;
use super::side::{Fill, Side};
use super::standing::Doubt;

/// Fewest pairs that decide a gate against the baseline.
const FEWEST_PAIRS: u64 = 20;
/// Fewest cases of a tag that decide a gate that asks for proof.
const FEWEST_CASES: usize = 10;
/// The exit code of a failed gate.
pub const FAILED: u8 = 100;
/// The exit code of a gate that lacks evidence.
pub const UNDECIDED: u8 = 6;
/// The exit code of a gate that could not be evaluated.
pub const NOT_EVALUATED: u8 = 5;

/// What a gate of one target is decided from.
pub(crate) struct Evidence<'a> {
    pub(crate) gate: &'a Gate,
    pub(crate) metric: &'a Metric,
    pub(crate) target: &'a str,
    /// The target's side, over the gate's tags.
    pub(crate) side: &'a Side,
    /// The baseline's side with its name and the pairing, where there is a baseline.
    pub(crate) baseline: Option<(&'a str, &'a Side, &'a Pairing)>,
    /// What speaks against leaning on the metric's judges, where no labels of this run's outputs make up for it.
    pub(crate) doubt: Option<Doubt>,
    /// The same in a word, also where the suite lets such a judge decide: then the line says so.
    pub(crate) caveat: Option<&'static str>,
    /// The metric corrected for its judges' error; `None`: no judge has a say in it.
    pub(crate) correction: Option<Correction>,
    /// Corrects its difference from the baseline.
    pub(crate) correct: &'a dyn Fn(&Contrast) -> Option<CorrectedPairs>,
    pub(crate) on_unclear: OnUnclear,
    pub(crate) max_error_rate: f64,
}

/// How a rule stands on one set of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    Passes,
    Fails,
    Open,
}

/// How a gate ended, before it is put into words.
struct Decision {
    outcome: GateOutcome,
    cause: Option<&'static str>,
    effect: u8,
}

impl Decision {
    fn undecided(cause: &'static str, effect: u8) -> Self {
        Self {
            outcome: GateOutcome::Undecided,
            cause: Some(cause),
            effect,
        }
    }
}

/// The gate's rule in words: `success_rate >= 85 %`, `cost_usd rise <= 10 %`.
#[must_use]
pub fn words(gate: &Gate, unit: Unit) -> String {
    let metric = &gate.metric;
    let mut words = match gate.rule {
        Rule::Min(bar) => format!("{metric} >= {}", format::bar(unit, bar)),
        Rule::Max(bar) => format!("{metric} <= {}", format::bar(unit, bar)),
        Rule::MaxDrop(most) => format!("{metric} drop <= {}", format::margin(unit, most)),
        Rule::MaxRise(most) => format!("{metric} rise <= {}", format::margin(unit, most)),
        Rule::MaxRiseShare(most) => {
            format!("{metric} rise <= {} %", format::plain(100.0 * most))
        }
    };
    if !gate.tags.is_empty() {
        words.push_str(&format!(" on {}", gate.tags.join(", ")));
    }
    let bar = matches!(gate.rule, Rule::Min(_) | Rule::Max(_));
    if bar && gate.decide_on == DecideOn::Bound {
        words.push_str(" (proven)");
    }
    words
}

/// Decides a gate for one target.
pub(crate) fn decide(evidence: &Evidence<'_>, chance: &Chance) -> GateFindings {
    match evidence.gate.rule {
        Rule::Min(bar) => against_bar(evidence, bar, true, chance),
        Rule::Max(bar) => against_bar(evidence, bar, false, chance),
        Rule::MaxDrop(margin) => against_baseline(evidence, margin, Change::Drop, chance),
        Rule::MaxRise(margin) => against_baseline(evidence, margin, Change::Rise, chance),
        Rule::MaxRiseShare(margin) => against_baseline(evidence, margin, Change::RiseShare, chance),
    }
}

impl Evidence<'_> {
    fn findings(
        &self,
        decision: Decision,
        observed: Option<Figure>,
        unit: Unit,
        needs: Option<NeedsN>,
        why: String,
    ) -> GateFindings {
        GateFindings {
            gate: words(self.gate, self.metric.unit),
            metric: self.metric.name.clone(),
            target: self.target.to_owned(),
            observed,
            unit,
            outcome: decision.outcome,
            cause: decision.cause.map(str::to_owned),
            effect: decision.effect,
            needs_n: match needs {
                Some(NeedsN::Pairs(pairs)) => Some(pairs),
                Some(NeedsN::NearThreshold) | None => None,
            },
            quarantined: 0,
            why,
        }
    }

    /// What no number can outweigh: nothing scored, too much missing, a judge that may not decide. People's labels of this run's
    /// outputs make up for any judge.
    fn barred(&self, by_people: bool) -> Option<Decision> {
        let too_much = |side: &Side| side.missing_rate() > self.max_error_rate;
        if self.side.scored() == 0 || too_much(self.side) {
            return Some(Decision::undecided("missing", NOT_EVALUATED));
        }
        let doubt = self.doubt.as_ref().filter(|_| !by_people)?;
        Some(Decision::undecided(doubt.cause, UNDECIDED))
    }

    /// That a judge decides who may not be leant on: `, judge: uncalibrated`. Nothing where the cause says it already.
    fn caveat_words(&self, decision: &Decision) -> String {
        match (self.caveat, decision.cause) {
            (None, _) | (_, Some("uncalibrated" | "stale" | "not_usable")) => String::new(),
            (Some(word), _) => format!(", judge: {word}"),
        }
    }

    /// The decision of the three evaluations.
    fn joined(&self, scored: Stands, worst: Stands, best: Stands, breaks: bool) -> Decision {
        match (scored, worst, best) {
            (Stands::Passes, Stands::Passes, _) => Decision {
                outcome: GateOutcome::Passed,
                cause: None,
                effect: 0,
            },
            (Stands::Fails, _, Stands::Fails) => Decision {
                outcome: GateOutcome::Failed,
                cause: None,
                effect: FAILED,
            },
            (Stands::Open, ..) => {
                let effect = match self.on_unclear {
                    OnUnclear::Pass => 0,
                    OnUnclear::Point if !breaks => 0,
                    OnUnclear::Point | OnUnclear::Fail => UNDECIDED,
                };
                Decision::undecided("precision", effect)
            }
            (Stands::Passes | Stands::Fails, ..) => Decision::undecided("missing", UNDECIDED),
        }
    }
}

// --- against a bar -----------------------------------------------------------------------------------------------------------

fn against_bar(evidence: &Evidence<'_>, bar: f64, at_least: bool, chance: &Chance) -> GateFindings {
    let (metric, side) = (evidence.metric, evidence.side);
    let proof = evidence.gate.decide_on == DecideOn::Bound;
    let confidence = if proof {
        Confidence::NINETY
    } else {
        Confidence::NINETY_FIVE
    };
    let tags = evidence.gate.tags.join(",");
    let plan = chance.plan(&[evidence.target, &metric.name, &tags]);
    let mut measured = measure(metric, side, confidence, &plan);
    let correction = evidence.correction.as_ref();
    let corrected = correction.and_then(|correction| correction.first.as_ref().ok());
    let said = corrected.map(|corrected| {
        let judged = format::figure(metric.unit, &measured.figure(), None);
        let point = judged.split(" [").next().unwrap_or(&judged);
        format!(", {} (judge: {point})", corrected.words())
    });
    if let Some(corrected) = corrected {
        // The corrected figure is the figure: the judge's own may be off by more than its interval says.
        measured.estimate = Ok(corrected.at(confidence).clone());
        measured.passed = None;
        let bound = |fill| {
            fill_of(metric, side, fill).map_or(Bound::None, |fill| {
                Bound::At(fill.point(corrected.at_95.point))
            })
        };
        measured.worst = bound(Fill::Worst);
        measured.best = bound(Fill::Best);
    }
    let point = measured.estimate.as_ref().ok().map(|found| found.point);
    let meets = |value: f64| {
        let beyond = if at_least { value > bar } else { value < bar };
        beyond || format::is_at(value, bar)
    };
    let stands = |meets: bool| if meets { Stands::Passes } else { Stands::Fails };
    let by_interval = |interval: Result<Interval, Undefined>| {
        let Ok(interval) = interval else {
            return Stands::Open;
        };
        let (bound, other) = if at_least {
            (interval.low, interval.high)
        } else {
            (interval.high, interval.low)
        };
        match (bound.map(meets), other.map(meets)) {
            (Some(true), _) => Stands::Passes,
            (_, Some(false)) => Stands::Fails,
            _ => Stands::Open,
        }
    };
    let scored = match (&measured.estimate, proof) {
        (Err(_), _) => Stands::Open,
        (Ok(found), true) => by_interval(found.interval),
        // "At least 60 s" breaks a smaller bar, and says nothing of a larger one.
        (Ok(found), false) if measured.censored => match (at_least, found.point > bar) {
            (true, _) if meets(found.point) => Stands::Passes,
            (false, true) => Stands::Fails,
            _ => Stands::Open,
        },
        (Ok(found), false) => stands(meets(found.point)),
    };
    let on = |fill: Fill| match side.filled(metric, fill) {
        _ if side.scored() == side.planned() => scored,
        None => scored,
        Some(filled) if corrected.is_some() => {
            match (fill_of(metric, side, fill), &measured.estimate) {
                (Some(fill), Ok(found)) if proof => {
                    let raw = estimate(metric, &filled, confidence, &plan);
                    by_interval(raw.and_then(|raw| {
                        let own = fill.interval(found.interval)?;
                        let point = fill.point(found.point);
                        Ok(filled_interval(point, own, (raw.point, raw.interval?)))
                    }))
                }
                (Some(fill), Ok(found)) => stands(meets(fill.point(found.point))),
                _ => scored,
            }
        }
        Some(filled) if proof => {
            let found = estimate(metric, &filled, confidence, &plan);
            by_interval(found.and_then(|found| found.interval))
        }
        Some(filled) => match self::point(metric, &filled) {
            Ok(point) => stands(meets(point)),
            Err(Undefined::Unbounded) => stands(meets(f64::INFINITY)),
            Err(_) => Stands::Open,
        },
    };
    let few_units = proof && side.is_grouped() && side.units() < MIN_UNITS;
    let few_cases = proof && !evidence.gate.tags.is_empty() && side.cases.len() < FEWEST_CASES;
    let by_people = correction.is_some_and(Correction::by_people);
    let decision = evidence.barred(by_people).unwrap_or_else(|| {
        if few_units {
            Decision::undecided("few_units", UNDECIDED)
        } else if few_cases {
            Decision::undecided("few_cases", UNDECIDED)
        } else {
            let breaks = point.is_none_or(|point| !meets(point));
            evidence.joined(scored, on(Fill::Worst), on(Fill::Best), breaks)
        }
    });
    let mut figure = measured.figure();
    if let Figure::Estimate(shown) = &mut figure
        && !evidence.gate.tags.is_empty()
        && side.cases.len() < FEWEST_CASES
    {
        shown.flags.push(super::figure::FEW_CASES.to_owned());
    }
    let mut why = format::figure(metric.unit, &figure, Some(bar));
    if proof {
        why.push_str(" (90 %)");
    }
    why.push_str(&said.unwrap_or_else(|| evidence.caveat_words(&decision)));
    why.push_str(&missing_words(metric, side, &measured, Some(bar)));
    why.push_str(&cause_words(&decision, evidence, side));
    evidence.findings(decision, Some(figure), metric.unit, None, why)
}

/// `; 2 of 960 trials missing: at worst 87.9 %, at best 88.1 %`.
fn missing_words(metric: &Metric, side: &Side, measured: &Measured, bar: Option<f64>) -> String {
    let (planned, scored) = (measured.planned, measured.scored);
    if planned == scored {
        return String::new();
    }
    let head = format!("; {} of {planned} trials missing", planned - scored);
    let scale = |value| Scale::of(metric.unit, value, side.cases.len() as u64);
    let shown = |bound| match bound {
        super::figure::Bound::At(value) => {
            Some(scale(value).with_unit(value, Rounding::Nearest, bar))
        }
        super::figure::Bound::Infinite => Some("beyond any value".to_owned()),
        super::figure::Bound::None => None,
    };
    match (shown(measured.worst), shown(measured.best)) {
        (Some(worst), Some(best)) => format!("{head}: at worst {worst}, at best {best}"),
        _ => format!("{head}, which have no worst or best value"),
    }
}

/// Missing of planned; all of nothing is missing.
fn missing_share(side: &Side) -> f64 {
    1.0 - ratio(side.scored(), side.planned())
}

fn cause_words(decision: &Decision, evidence: &Evidence<'_>, side: &Side) -> String {
    match decision.cause {
        Some("uncalibrated" | "stale" | "not_usable") => {
            let words = evidence.doubt.as_ref().map(|doubt| doubt.words.as_str());
            format!("; {}", words.unwrap_or_default())
        }
        Some("few_units") => format!(
            "; {} independent units, at least {MIN_UNITS} needed",
            side.units()
        ),
        Some("few_cases") => format!(
            "; {} cases with the tag, at least {FEWEST_CASES} needed for proof",
            side.cases.len()
        ),
        Some("missing") if decision.effect == NOT_EVALUATED => format!(
            "; could not be evaluated: {} missing, allowed {}",
            format::share(missing_share(side), evidence.max_error_rate),
            format::bar(Unit::Rate, evidence.max_error_rate)
        ),
        _ => String::new(),
    }
}

// --- against the baseline ------------------------------------------------------------------------------------------------------

/// The direction that is bounded, and in what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Lower, in the metric's unit.
    Drop,
    /// Higher, in the metric's unit.
    Rise,
    /// Higher, as a share of the baseline's value.
    RiseShare,
}

impl Change {
    fn kind(self) -> Kind {
        match self {
            Self::Drop | Self::Rise => Kind::Difference,
            Self::RiseShare => Kind::RelativeChange,
        }
    }

    /// The difference seen so that a loss is negative.
    fn loss(self, contrast: &Contrast) -> Option<(f64, Result<Interval, Undefined>)> {
        let found = contrast.at_90.as_ref().ok()?;
        Some(match self {
            Self::Drop => (found.point, found.interval),
            Self::Rise | Self::RiseShare => (
                -found.point,
                found.interval.map(|interval| Interval {
                    low: interval.high.map(|end| -end),
                    high: interval.low.map(|end| -end),
                }),
            ),
        })
    }
}

fn against_baseline(
    evidence: &Evidence<'_>,
    margin: f64,
    change: Change,
    chance: &Chance,
) -> GateFindings {
    let metric = evidence.metric;
    let unit = match change {
        Change::Drop | Change::Rise => metric.unit,
        Change::RiseShare => Unit::Rate,
    };
    let Some((name, baseline, pairing)) = evidence.baseline else {
        let decision = evidence
            .barred(false)
            .unwrap_or_else(|| Decision::undecided("no_baseline", UNDECIDED));
        let why = "there is no baseline yet: `evenhand bless RUN` writes one".to_owned();
        return evidence.findings(decision, None, unit, None, why);
    };
    let (old, new) = pairing.align(baseline, evidence.side);
    let tags = evidence.gate.tags.join(",");
    let seeds = [name, evidence.target, metric.name.as_str(), tags.as_str()];
    let set = |old: &Side, new: &Side| contrast(metric, old, new, change.kind(), chance, &seeds);
    let mut found = set(&old, &new);
    let raw = found.at_90.clone();
    let corrected = match change {
        Change::Drop | Change::Rise => (evidence.correct)(&found),
        Change::RiseShare => None,
    };
    let corrected = corrected.filter(|corrected| corrected.first.is_ok());
    let moved = corrected.as_ref().and_then(|one| one.moved(&found));
    if let Some(corrected) = &corrected {
        corrected.put_into(&mut found);
    }
    let stands = |contrast: &Contrast| match change.loss(contrast) {
        None => Stands::Open,
        Some((point, interval)) => match non_inferiority(point, interval, margin) {
            NonInferiority::Passed => Stands::Passes,
            NonInferiority::Failed => Stands::Fails,
            NonInferiority::Undecided => Stands::Open,
        },
    };
    let scored = stands(&found);
    let whole = found.scored == found.planned;
    let on = |fill: Fill| match filled(metric, &old, &new, fill) {
        Some((old, new)) if !whole => {
            let mut filled = set(&old, &new);
            if let (Some(moved), Ok(raw), Ok(corrected)) = (moved, &filled.at_90, &found.at_90) {
                let point = moved.point(raw.point);
                let interval = corrected.interval.and_then(|ends| {
                    let own = moved.interval(raw.point, ends);
                    Ok(filled_interval(point, own, (raw.point, raw.interval?)))
                });
                filled.at_90 = Ok(stats::Estimate {
                    point,
                    interval,
                    ..corrected.clone()
                });
            }
            stands(&filled)
        }
        _ => scored,
    };
    let loss = change.loss(&found);
    let too_much = baseline.missing_rate() > evidence.max_error_rate;
    let few_units = new.is_grouped() && new.units() < MIN_UNITS;
    let by_people = corrected.as_ref().is_some_and(CorrectedPairs::by_people);
    let decision = evidence.barred(by_people).unwrap_or_else(|| {
        if too_much {
            Decision::undecided("missing", NOT_EVALUATED)
        } else if found.pairs < FEWEST_PAIRS {
            Decision::undecided("few_pairs", UNDECIDED)
        } else if few_units {
            Decision::undecided("few_units", UNDECIDED)
        } else {
            let breaks = loss.is_none_or(|(point, _)| point <= -margin);
            evidence.joined(scored, on(Fill::Worst), on(Fill::Best), breaks)
        }
    });
    // Without an interval no number of cases says anything, and the reason stands in the interval's place.
    let needs = match (decision.cause, loss) {
        (Some("precision"), Some((_, Ok(_)))) => found.needs(Goal::gate(), Some(margin)),
        _ => None,
    };
    let mut why = match loss {
        Some((point, interval)) => {
            change_words(change, metric.unit, (point, interval), margin, &decision)
        }
        None => match &found.at_90 {
            Err(reason) => reason.to_string(),
            Ok(_) => String::new(),
        },
    };
    if let (Some(Ok(first)), Ok(raw)) = (corrected.as_ref().map(|one| &one.first), &raw) {
        let judged = format::difference(unit, &shown(raw));
        let point = judged.split(" [").next().unwrap_or(&judged);
        why.push_str(&format!(", {} (judge: {point})", first.words()));
    } else {
        why.push_str(&evidence.caveat_words(&decision));
    }
    if decision.cause == Some("few_pairs") {
        why.push_str(&format!(
            "; {} pairs, at least {FEWEST_PAIRS} needed",
            found.pairs
        ));
    } else if too_much && decision.effect == NOT_EVALUATED {
        why.push_str(&format!("; too much missing in {name}"));
    } else if decision.cause == Some("missing") && decision.effect == UNDECIDED {
        let missing = found.planned - found.scored;
        why.push_str(&format!("; the {missing} missing trials could decide it"));
    } else {
        why.push_str(&cause_words(&decision, evidence, &new));
    }
    match needs {
        Some(NeedsN::Pairs(pairs)) => why.push_str(&format!("; about {pairs} cases would tell")),
        Some(NeedsN::NearThreshold) => why.push_str(&format!("; {NEAR}")),
        None => {}
    }
    let observed = match &found.at_90 {
        Err(reason) => Figure::Undefined {
            undefined: reason.to_string(),
            n: found.pairs,
        },
        Ok(estimate) => {
            let mut shown = shown(estimate);
            shown.trials = found.trials;
            shown.coverage = ratio(found.scored, found.planned);
            Figure::Estimate(shown)
        }
    };
    evidence.findings(decision, Some(observed), unit, needs, why)
}

/// `at worst 4.1 points lower (95 % sure), allowed 3.0`.
fn change_words(
    change: Change,
    unit: Unit,
    (point, interval): (f64, Result<Interval, Undefined>),
    margin: f64,
    decision: &Decision,
) -> String {
    let (worse, better) = match change {
        Change::Drop => ("lower", "higher"),
        Change::Rise | Change::RiseShare => ("higher", "lower"),
    };
    let scale = match change {
        Change::RiseShare => Scale::of(Unit::Rate, margin, u64::MAX),
        Change::Drop | Change::Rise => Scale::of_difference(unit, margin),
    };
    let allowed = scale.number(margin, Rounding::Nearest, None);
    let by = |value: f64, rounding| scale.with_unit(value, rounding, Some(margin));
    let side = |loss: f64, rounding| {
        let word = if loss < 0.0 { better } else { worse };
        format!("{} {word}", by(loss.abs(), rounding))
    };
    match (decision.outcome, interval) {
        (GateOutcome::Failed, Ok(interval)) => {
            let least = interval.high.map_or_else(String::new, |high| {
                format!(
                    ", at least {} (95 % sure)",
                    scale.number(-high, Rounding::Down, Some(0.0))
                )
            });
            format!(
                "{}{least}, allowed {allowed}",
                side(-point, Rounding::Nearest)
            )
        }
        (_, Ok(Interval { low: Some(low), .. })) if low < 0.0 => format!(
            "at worst {} (95 % sure), allowed {allowed}",
            side(-low, Rounding::Up)
        ),
        (_, Ok(Interval { low: Some(low), .. })) => format!(
            "at least {} (95 % sure), allowed {allowed} {worse}",
            side(-low, Rounding::Down)
        ),
        (_, Ok(_)) => format!(
            "{}, its bound is open, allowed {allowed}",
            side(-point, Rounding::Nearest)
        ),
        (_, Err(reason)) => format!(
            "{}, interval undefined ({reason}), allowed {allowed}",
            side(-point, Rounding::Nearest)
        ),
    }
}
