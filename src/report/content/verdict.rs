//! What is said of each candidate against the baseline.

use super::counted;
use super::figures::label;
use crate::analysis::findings::{Comparison, Figure, Finding, Findings, Unit};
use crate::analysis::format::{self, Rounding, Scale};
use crate::analysis::sentence::sides;

/// How many metrics are named of those that are the same, and of those that are unclear.
const MOST_QUIET: usize = 8;

/// What is said of one candidate against the baseline.
#[derive(Debug)]
pub(in crate::report) struct Verdict<'a> {
    /// The primary metric's comparison, whose finding leads.
    pub(in crate::report) primary: &'a Comparison,
    /// Other metrics that came out better or worse.
    pub(in crate::report) notable: Vec<&'a Comparison>,
    /// Other metrics that are the same, and those that are unclear.
    pub(in crate::report) quiet: [Vec<&'a str>; 2],
}

/// One verdict for each candidate, in order.
pub(in crate::report) fn verdicts(findings: &Findings) -> Vec<Verdict<'_>> {
    let primaries = findings
        .comparisons
        .iter()
        .filter(|one| one.role == "primary");
    primaries
        .map(|primary| {
            let others = || {
                findings.comparisons.iter().filter(|one| {
                    one.role == "secondary"
                        && one.candidate == primary.candidate
                        && one.baseline == primary.baseline
                })
            };
            let ended = |finding| {
                let ended = others().filter(|one| one.finding == Some(finding));
                ended.map(|one| label(&one.metric)).collect()
            };
            Verdict {
                primary,
                notable: others()
                    .filter(|one| matches!(one.finding, Some(Finding::Better | Finding::Worse)))
                    .collect(),
                quiet: [ended(Finding::Same), ended(Finding::Unclear)],
            }
        })
        .collect()
}

/// How the other metrics ended: `same: cites-policy; unclear: pass^3`; nothing where there are none.
pub(in crate::report) fn quiet(verdict: &Verdict<'_>) -> Option<String> {
    let parts: Vec<String> = ["same", "unclear"]
        .iter()
        .zip(&verdict.quiet)
        .filter(|(_, metrics)| !metrics.is_empty())
        .map(|(word, metrics)| {
            let shown: Vec<&str> = metrics.iter().take(MOST_QUIET).copied().collect();
            let more = match metrics.len().saturating_sub(MOST_QUIET) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{word}: {}{more}", shown.join(", "))
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// A finding as a sentence that names both sides: with several candidates "Unclear" alone would not say who.
pub(in crate::report) fn sentence(comparison: &Comparison) -> String {
    match comparison.sentence.strip_prefix("Unclear") {
        Some(rest) => {
            let (new, old) = sides(comparison);
            format!("{new} against {old}: unclear{rest}")
        }
        None => comparison.sentence.clone(),
    }
}

/// The sentence of a metric besides the primary, with what its p was adjusted for.
pub(in crate::report) fn adjusted(comparison: &Comparison) -> String {
    match tests(comparison) {
        Some(tests) => format!("{} ({tests})", comparison.sentence.trim_end_matches('.')),
        None => comparison.sentence.clone(),
    }
}

fn tests(comparison: &Comparison) -> Option<String> {
    let method = match comparison.adjustment.as_str() {
        "none" => return None,
        "holm" => "Holm",
        "benjamini-hochberg" => "Benjamini-Hochberg",
        other => other,
    };
    (comparison.tests > 1).then(|| format!("{} tests, {method}", comparison.tests))
}

/// What a finding rests on where that is not all there is: `157 pairs, left out: 3 changed; coverage 98.1 %; 2 tests, Holm`.
pub(in crate::report) fn footing(comparison: &Comparison) -> Option<String> {
    let mut parts: Vec<String> = comparison
        .left_out
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(why, count)| {
            let words = match why.as_str() {
                "only_baseline" => "only in the baseline",
                "only_candidate" => "only in the candidate",
                "quarantined" => "in quarantine",
                other => other,
            };
            format!("{count} {words}")
        })
        .collect();
    if !parts.is_empty() {
        let pairs = counted(comparison.pairs, "pair");
        parts = vec![format!("{pairs}, left out: {}", parts.join(", "))];
    }
    if let Some(estimate) = comparison.difference.estimate()
        && estimate.coverage < 1.0
    {
        let scale = Scale::of(Unit::Rate, estimate.coverage, u64::MAX);
        let coverage = scale.with_unit(estimate.coverage, Rounding::Down, Some(1.0));
        parts.push(format!("coverage {coverage}"));
    }
    parts.extend(tests(comparison));
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// What the judge said where the finding rests on a corrected difference, and what the other correction says.
pub(in crate::report) fn judged(comparison: &Comparison) -> Option<String> {
    let corrected = comparison.corrected.as_ref()?;
    corrected.difference.as_ref()?;
    let shown = |figure: &Figure| match figure {
        Figure::Estimate(estimate) => format::difference(comparison.unit, estimate),
        Figure::Undefined { undefined, .. } => undefined.clone(),
    };
    let mut text = format!("said {}", shown(&comparison.difference));
    let second = corrected.second.as_ref();
    if let Some((second, figure)) = second.and_then(|one| one.difference.as_ref().map(|d| (one, d)))
    {
        text += &format!("; {} {}", second.method, shown(figure));
    }
    Some(text)
}

/// `next unclear, -0.6 points [-4.9, +3.6]`.
pub(in crate::report) fn finding_words(comparison: &Comparison) -> String {
    let word = comparison.finding.map_or("", finding_word);
    let judge = comparison.judge;
    let judge = judge.map_or(String::new(), |word| format!(", judge: {word}"));
    match comparison.decisive().estimate() {
        Some(estimate) => format!(
            "{} {word}, {}{judge}",
            comparison.candidate,
            format::difference(comparison.unit, estimate)
        ),
        None => format!("{} {word}", comparison.candidate),
    }
}

/// A finding as a word.
pub(in crate::report) fn finding_word(finding: Finding) -> &'static str {
    match finding {
        Finding::Better => "better",
        Finding::Worse => "worse",
        Finding::Same => "same",
        Finding::Unclear => "unclear",
    }
}
