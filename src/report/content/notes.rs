//! What stands below the figures: what is missing, what failed, and what the figures rest on.

use std::collections::BTreeMap;

use super::figures::{Cell, metric, value};
use super::{counted, short};
use crate::analysis::findings::{Figure, Findings, JudgeFindings, TargetFindings, Unit};
use crate::analysis::format::figure;
use crate::domain::fault::FaultKind;
use crate::domain::transcript::Failure;

/// What else a reader must know, each with its label, in order: what is missing, what failed, what it rests on.
pub(in crate::report) fn notes(findings: &Findings) -> Vec<(&'static str, String)> {
    let mut notes = Vec::new();
    for target in &findings.targets {
        if !target.not_evaluated {
            notes.extend(missing(findings, target).map(|text| ("missing", text)));
        }
    }
    for target in findings
        .targets
        .iter()
        .filter(|one| !one.agent_failures.is_empty())
    {
        let kinds = kinds(&target.agent_failures, |name| {
            Failure::from_name(name).map(Failure::words)
        });
        let text = format!(
            "{}: {kinds}: the agent's own doing, counted against it",
            target.id
        );
        notes.push(("failures", text));
    }
    let per_target = |count: fn(&TargetFindings) -> u64, words: &str| {
        let some = findings.targets.iter().filter(|target| count(target) > 0);
        let parts: Vec<String> = some
            .map(|target| format!("{} {}", target.id, counted(count(target), words)))
            .collect();
        parts.join(", ")
    };
    let retried = retried(findings);
    if !retried.is_empty() {
        notes.push(("retried", format!("{retried}, after errors")));
    }
    let cut = per_target(|target| target.cut_by_length, "answer");
    if !cut.is_empty() {
        notes.push(("cut", format!("{cut}, by the token limit")));
    }
    notes.extend(judges(findings).into_iter().map(|text| ("judge", text)));
    for one in &findings.quarantine {
        notes.push(("apart", super::origin::kept_apart(one)));
    }
    notes.extend(super::origin::taken(findings));
    if let Some(source) = &findings.run.source {
        let text = format!("{source}: latency and cost are the recorded ones");
        notes.push(("source", text));
    }
    notes.extend(spent(findings).map(|text| ("spent", text)));
    if let Some(limit) = &findings.run.limit {
        notes.push(("stopped", limit.message.clone()));
    }
    notes
}

/// `prod 3 trials (success without them 88.9 % [84.6, 92.0])`: those were drawn anew, and the others were not.
fn retried(findings: &Findings) -> String {
    let some = findings.targets.iter().filter(|target| target.retried > 0);
    let parts: Vec<String> = some
        .map(|target| {
            let count = format!("{} {}", target.id, counted(target.retried, "trial"));
            match &target.success_without_retried {
                Some(figure @ Figure::Estimate(_)) => {
                    let shown = Cell::of(Unit::Rate, figure, findings.design.repeats);
                    format!(
                        "{count} (success without them {} {})",
                        shown.point, shown.interval
                    )
                }
                _ => count,
            }
        })
        .collect();
    parts.join(", ")
}

fn missing(findings: &Findings, target: &TargetFindings) -> Option<String> {
    let kinds = missing_kinds(findings, target);
    if kinds.is_empty() {
        return None;
    }
    let gone = target.errors.values().sum::<u64>() + target.stopped + target.unscored;
    let mut text = format!("{}: {gone} of {} trials: {kinds}", target.id, target.trials);
    let primary = metric(target, "success_rate");
    if let Some(estimate) = primary.and_then(|one| one.figure.estimate())
        && let (Some(worst), Some(best)) = (estimate.worst, estimate.best)
    {
        let shown = |rate| value(Unit::Rate, rate, estimate.n, None);
        text += &format!(
            "; success at worst {}, at best {}",
            shown(worst),
            shown(best)
        );
    }
    Some(text)
}

/// `2 timed out, 3 stopped, 1 unscored (helpful: verdict unreadable)`.
fn missing_kinds(findings: &Findings, target: &TargetFindings) -> String {
    let mut parts = Vec::new();
    if !target.errors.is_empty() {
        parts.push(kinds(&target.errors, |name| {
            let mut all = FaultKind::ALL.iter();
            all.find(|(known, _)| *known == name)
                .map(|(_, kind)| kind.words())
        }));
    }
    if target.stopped > 0 {
        parts.push(format!("{} stopped", target.stopped));
    }
    if target.unscored > 0 {
        let judges = findings.judges.iter().filter(|one| one.target == target.id);
        let why: Vec<String> = judges
            .filter(|judge| !judge.unscored.is_empty())
            .map(|judge| {
                let kinds = kinds(&judge.unscored, |_| None);
                // "2 unscored (helpful: verdict unreadable)" says it once.
                let one = format!("{} ", target.unscored);
                let kinds = kinds
                    .strip_prefix(&one)
                    .filter(|_| judge.unscored.len() == 1)
                    .unwrap_or(&kinds);
                format!("{}: {kinds}", judge.scorer)
            })
            .collect();
        let why = match why.is_empty() {
            true => String::new(),
            false => format!(" ({})", why.join("; ")),
        };
        parts.push(format!("{} unscored{why}", target.unscored));
    }
    parts.join(", ")
}

/// `2 timed out, 1 unavailable`, the most frequent first.
pub(in crate::report) fn kinds(
    counts: &BTreeMap<String, u64>,
    words: impl Fn(&str) -> Option<&'static str>,
) -> String {
    let mut counts: Vec<(&String, u64)> =
        counts.iter().map(|(name, count)| (name, *count)).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let parts = counts
        .into_iter()
        .map(|(name, count)| format!("{count} {}", words(name).unwrap_or(name)));
    parts.collect::<Vec<_>>().join(", ")
}

/// What every judge is worth: how it stands, and how what it says was corrected or why it was not.
fn judges(findings: &Findings) -> Vec<String> {
    let mut seen: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    for judge in &findings.judges {
        if !seen.contains(&judge.scorer.as_str()) {
            seen.push(&judge.scorer);
            let by = match judge.model.as_str() {
                "" => String::new(),
                model => format!(" by {model}"),
            };
            lines.push(format!(
                "{}{by} ({}) is {}",
                judge.scorer,
                short(&judge.digest),
                standing(judge)
            ));
            lines.extend(corrections(findings, &judge.scorer));
            lines.extend(orders(findings, &judge.scorer));
        }
    }
    lines
}

/// `calibrated and usable: kappa 0.71 [0.62, 0.79], 120 labels`.
fn standing(judge: &JudgeFindings) -> String {
    let doubt = "its own error is not in the interval";
    let words = judge.certificate.as_ref().map(|one| one.words.as_str());
    match (
        judge.calibration.as_str(),
        judge.conclusion.as_deref(),
        words,
    ) {
        ("calibrated", Some(conclusion), Some(words)) => {
            let conclusion = match conclusion {
                "usable" => "and usable",
                "too_few_labels" => "with too few labels to be called usable",
                _ => "and not shown usable",
            };
            format!("calibrated {conclusion}: {words}; what is not corrected is its opinion")
        }
        ("stale", ..) => format!("stale: calibrated with another prompt or model; {doubt}"),
        (state, ..) => format!("{state}: {doubt}"),
    }
}

/// What stands behind the corrected figures of a judge, and why there are none: each said once for all its targets.
fn corrections(findings: &Findings, scorer: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for judge in findings.judges.iter().filter(|one| one.scorer == scorer) {
        let target = findings.targets.iter().find(|one| one.id == judge.target);
        let shown = target.zip(judge.metric.as_ref());
        let shown = shown.and_then(|(target, name)| metric(target, name));
        let correction = shown.and_then(|shown| shown.correction.as_ref());
        let mut add = |line: String| {
            if !lines.contains(&line) {
                lines.push(line);
            }
        };
        // Without certificate and labels there is nothing that could have corrected.
        let bare = judge.calibration == "uncalibrated"
            && judge
                .why
                .as_ref()
                .is_some_and(|why| why.contains("names no `labels`"));
        if let Some(why) = judge.why.as_ref().filter(|_| !bare) {
            let mut others = findings.judges.iter().filter(|one| one.scorer == scorer);
            let of = match others.all(|one| one.why.as_ref() == Some(why)) {
                true => String::new(),
                false => format!(" of {}", judge.target),
            };
            add(format!("{scorer}{of} is not corrected: {why}"));
        }
        if let Some((one, assumes)) =
            correction.and_then(|one| one.assumes.as_ref().map(|assumes| (one, assumes)))
        {
            let by = match one.method.as_str() {
                "ppi++" => "labels of this run",
                _ => "its certificate",
            };
            add(format!("{scorer} corrected by {by}: {assumes}"));
        }
        if let Some(second) = correction.and_then(|one| one.second.as_ref())
            && let (Some(estimate), Some(shown)) = (&second.estimate, shown)
        {
            let figure = Figure::Estimate(estimate.clone());
            let cell = Cell::of(shown.unit, &figure, findings.design.repeats);
            add(format!(
                "{scorer} of {} by {}: {} {}",
                judge.target, second.method, cell.point, cell.interval
            ));
        }
    }
    lines
}

/// How often the place decided what a pairwise judge said, target by target.
fn orders(findings: &Findings, scorer: &str) -> Option<String> {
    let parts: Vec<String> = findings
        .judges
        .iter()
        .filter(|judge| judge.scorer == scorer)
        .filter_map(|judge| {
            let orders = judge.orders.as_ref()?;
            Some(format!(
                "{} of {} ({}), shown first won {}",
                figure(Unit::Rate, &orders.flip_rate, None),
                counted(orders.pairs, "pair"),
                judge.target,
                figure(Unit::Rate, &orders.first_shown, None)
            ))
        })
        .collect();
    (!parts.is_empty()).then(|| format!("{scorer}'s two orders disagree on {}", parts.join("; ")))
}

fn spent(findings: &Findings) -> Option<String> {
    let (run, spent) = (&findings.run, &findings.run.spent);
    if spent.calls == 0 {
        return None;
    }
    let budget = &run.budget;
    let dollars = |usd| value(Unit::Usd, usd, 0, None);
    let mut text = match budget.calls {
        Some(most) => format!("{} of {}", spent.calls, counted(most, "call")),
        None => counted(spent.calls, "call"),
    };
    // A process that was killed could not say how long it took.
    if run.took_s > 0.0 {
        let took = value(Unit::Milliseconds, run.took_s * 1_000.0, 0, None);
        text = format!("{text} in {took}");
    }
    if let Some(most) = budget.usd {
        text = format!("{} of {}, {text}", dollars(spent.usd), dollars(most));
    } else if spent.usd > 0.0 {
        text = format!("{}, {text}", dollars(spent.usd));
    }
    if spent.tokens.total() > 0 {
        let tokens = &spent.tokens;
        text += &format!(", {} tokens in, {} out", tokens.input, tokens.output);
    }
    if let Some(most) = budget.tokens {
        text += &format!(" of {most}");
    }
    if let Some(most) = budget.time {
        let most = value(Unit::Milliseconds, most.as_secs_f64() * 1_000.0, 0, None);
        text += &format!(", {most} allowed");
    }
    if spent.reserved.usd > 0.0 {
        let more = dollars(spent.reserved.usd);
        text += &format!("; up to {more} more by calls that never said what they cost");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::findings::OrderFindings;
    use crate::report::examples;

    #[test]
    fn the_orders_of_a_pairwise_judge_stand_below_it() {
        let mut findings = examples::support();
        assert_eq!(judges(&findings).len(), 1);
        let undefined = || Figure::Undefined {
            undefined: "no cases".into(),
            n: 0,
        };
        findings.judges[1].orders = Some(OrderFindings {
            pairs: 160,
            flip_rate: findings.judges[1].raw.clone(),
            first_shown: undefined(),
        });
        assert_eq!(
            judges(&findings)[1],
            "helpful's two orders disagree on 91.2 % [87.4, 94.0] of 160 pairs (next), shown first won undefined: no cases"
        );
    }
}
